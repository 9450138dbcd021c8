/* api_redact.c: the redaction half of hearth.h; the work is in policy/. */
#include "engine/hearth.h"
#include "policy/policy.h"

HR_SMALL_BEGIN

struct hearth_redactor {
    hearth_redact_config config;
    hr_redactor *inside;
    size_t bytes;
};

static bool pass_emitted(void *ctx, const void *text, size_t n) {
    const hearth_redactor *r = (const hearth_redactor *)ctx;
    return r->config.emit(r->config.ctx, (const char *)text, n) == 0;
}
static void pass_finding(void *ctx, const hr_finding *f, const char *text, size_t n, const char *put, size_t n_put) {
    const hearth_redactor *r = (const hearth_redactor *)ctx;
    const hearth_finding out = {f->offset, f->length, hr_entity_name(f->entity), hr_entity_scheme_name(f->entity, f->scheme),
                                hr_check_name(f->check), f->score};
    r->config.found(r->config.ctx, &out, text, n, put, n_put);
}

/* "*=label,CARD=mask" */
static hr_status read_operators(const char *text, uint8_t *op, hr_error *err) {
    static const char *const names[] = {"keep", "drop", "mask", "label", "pseudonym", "format", "shift", "bucket"};
    for (const char *p = text; *p;) {
        size_t name = 0, n;
        int which = -1;
        while (p[name] && p[name] != '=' && p[name] != ',') name++;
        const char *word = p + name + 1;
        if (p[name] != '=') return hr_fail(err, HR_E_ARG, (uint64_t)(p - text), "operators", "ENTITY=operator is expected");
        for (n = 0; word[n] && word[n] != ',';) n++;
        for (int i = 0; i < (int)HR_COUNT(names); i++) {
            if (hr_str_is((hr_str){word, n}, names[i])) which = i;
        }
        if (which < 0)
            return hr_fail(err, HR_E_ARG, (uint64_t)(word - text), "operators", "'%.*s' is no operator",
                           (int)hr_min_size(n, 40), word);
        bool known = false;
        for (int e = 1; e < HR_N_ENTITIES; e++) {
            bool all = name == 1 && *p == '*' && e != HR_ENTITY_URL;
            if (all || hr_str_is((hr_str){p, name}, hr_entity_name(e))) op[e] = (uint8_t)which, known = true;
        }
        if (!known)
            return hr_fail(err, HR_E_ARG, (uint64_t)(p - text), "operators", "'%.*s' is no entity", (int)hr_min_size(name, 40),
                           p);
        p = word + n + (word[n] == ',');
    }
    return HR_OK;
}

/* everything but who receives the text */
static hr_status read_config(const hearth_redact_config *c, hr_arena *a, hr_redact_config *out, hr_error *err) {
    hr_redact_config in;
    hr_str *lists = HR_NEW(a, hr_str, c->n_people + c->n_words + 1);
    hr_redact_config_init(&in);
    if (c->operators != NULL) HR_TRY(read_operators(c->operators, in.op, err));
    if (c->threshold < 0 || c->threshold > 100) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "threshold", "0 to 100 is expected");
    if (c->threshold > 0) in.threshold = (uint8_t)c->threshold;
    for (size_t i = 0; i < c->n_people + c->n_words; i++) {
        const char *text = i < c->n_people ? c->people[i] : c->words[i - c->n_people];
        if (text == NULL) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "people", "must not be NULL");
        if (lists != NULL) lists[i] = hr_str_of(text);
    }
    in.key = c->key;
    in.people = lists, in.n_people = lists != NULL ? c->n_people : 0;
    in.words = lists != NULL ? lists + c->n_people : NULL, in.n_words = lists != NULL ? c->n_words : 0;
    *out = in;
    return HR_OK;
}

static hr_status lay_out_redactor(const hearth_redact_config *c, hr_arena *a, hearth_redactor **out, hr_error *err) {
    hr_redact_config in;
    hearth_redactor *r = HR_NEW(a, hearth_redactor, 1);
    HR_TRY(read_config(c, a, &in, err));
    in.emit = pass_emitted;
    in.found = c->found != NULL ? pass_finding : NULL;
    in.ctx = r;
    hr_redactor *inside;
    HR_TRY(hr_redactor_init(&in, a, &inside, err));
    if (r == NULL) return HR_OK;
    r->config = *c;
    r->inside = inside;
    *out = r;
    return HR_OK;
}

static bool is_config(const hearth_redact_config *c) {
    return c != NULL && c->struct_bytes == sizeof *c && !(c->n_people > 0 && c->people == NULL) &&
           !(c->n_words > 0 && c->words == NULL) && c->n_people <= 1 << 20 && c->n_words <= 1 << 20;
}

hearth_status hearth_redactor_open(const hearth_redact_config *config, hearth_redactor **out, hearth_error *err) {
    hr_error *e = (hr_error *)err;
    const hr_allocator *allocator = hr_allocator_default();
    hr_arena a;
    hearth_redactor *r = NULL;
    if (e) hr_error_clear(e);
    if (out == NULL || !is_config(config) || config->emit == NULL)
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "config", "NULL, of another version, or without emit");
    *out = NULL;
    hr_arena_init_count(&a);
    HR_TRY(lay_out_redactor(config, &a, &r, e));
    const size_t bytes = a.used;
    void *memory = allocator->alloc(allocator->ctx, bytes, HR_ARENA_ALIGN);
    if (memory == NULL) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "redactor", "%zu bytes", bytes);
    hr_arena_init(&a, memory, bytes);
    const hr_status status = lay_out_redactor(config, &a, &r, e);
    if (status != HR_OK) {
        allocator->free(allocator->ctx, memory, bytes);
        return status;
    }
    r->bytes = bytes;
    *out = r;
    return HR_OK;
}
hearth_status hearth_redact(hearth_redactor *r, const char *text, size_t n, hearth_error *err) {
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    if (r == NULL || (text == NULL && n > 0)) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "text", "must not be NULL");
    return hr_redact_feed(r->inside, text, n, e);
}
hearth_status hearth_redact_end(hearth_redactor *r, hearth_error *err) {
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    return r != NULL ? hr_redact_finish(r->inside, e) : hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "r", "must not be NULL");
}
void hearth_redactor_close(hearth_redactor *r) {
    const hr_allocator *allocator = hr_allocator_default();
    if (r == NULL) return;
    const size_t bytes = r->bytes;
    hr_wipe(r, bytes);
    allocator->free(allocator->ctx, r, bytes);
}

#if !defined(HR_NO_POLICY)
HR_PRIVATE const hr_policy *hr_policy_inside(const hearth_policy *policy); /* api_policy.c */

/* --- uploads --------------------------------------------------------------------------------------------------------- */
struct hearth_upload {
    hearth_consent_find *find;
    void *ctx;
    hr_upload *inside;
    size_t bytes;
};

static bool find_upload_consent(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    const hearth_upload *u = (const hearth_upload *)ctx;
    hearth_consent c = {0, 0, 0, 0};
    const bool found = u->find(u->ctx, subject.data, scope.data, purpose, &c) != 0;
    *out = (hr_consent){c.given_ms, c.expires_ms, c.version, c.revoked};
    return found;
}

static hr_status lay_out_upload(const hr_upload_door *asked, const hearth_upload *door, const hearth_redact_config *c,
                                size_t capacity, hr_arena *a, hearth_upload **out, hr_error *err) {
    hr_redact_config in;
    hr_upload *inside;
    hearth_upload *u = HR_NEW(a, hearth_upload, 1);
    hr_upload_door d = *asked;
    if (u != NULL) *u = *door;
    d.find = door->find != NULL ? find_upload_consent : NULL;
    d.ctx = u != NULL ? u : (void *)(size_t)door; /* while counting the caller's copy serves */
    HR_TRY(read_config(c, a, &in, err));
    HR_TRY(hr_upload_init(&d, &in, capacity, a, &inside, err));
    if (u == NULL) return HR_OK;
    u->inside = inside;
    *out = u;
    return HR_OK;
}

hearth_status hearth_upload_open(const hearth_policy *policy, const hearth_request *q, hearth_consent_find *find, void *ctx,
                                 const hearth_redact_config *config, size_t capacity, hearth_upload **upload, hearth_error *err) {
    hr_error *e = (hr_error *)err;
    const hr_allocator *allocator = hr_allocator_default();
    hearth_upload door = {find, ctx, NULL, 0}, *u = NULL;
    hr_arena a;
    if (e) hr_error_clear(e);
    if (upload == NULL || policy == NULL || q == NULL || !is_config(config) || config->emit != NULL || config->found != NULL)
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "upload", "NULL, or a configuration with emit or found");
    *upload = NULL;
    const hr_upload_door asked = {hr_policy_inside(policy),
                                  {q->subject,
                                   q->purpose,
                                   q->sink,
                                   {q->label.scopes, q->label.sources, q->label.trust},
                                   q->control,
                                   q->binding,
                                   q->now_ms,
                                   q->confirmation},
                                  NULL,
                                  NULL};
    hr_arena_init_count(&a);
    HR_TRY(lay_out_upload(&asked, &door, config, capacity, &a, &u, e));
    const size_t bytes = a.used;
    void *memory = a.failed ? NULL : allocator->alloc(allocator->ctx, bytes, HR_ARENA_ALIGN);
    if (memory == NULL) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "upload", "%zu bytes", bytes);
    hr_arena_init(&a, memory, bytes);
    const hr_status status = lay_out_upload(&asked, &door, config, capacity, &a, &u, e);
    if (status != HR_OK) {
        allocator->free(allocator->ctx, memory, bytes);
        return status;
    }
    u->bytes = bytes;
    *upload = u;
    return HR_OK;
}
hearth_status hearth_upload_add(hearth_upload *u, uint64_t now_ms, const char *text, size_t n, hearth_error *err) {
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    if (u == NULL || (text == NULL && n > 0)) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "text", "must not be NULL");
    return hr_upload_add(u->inside, now_ms, text, n, e);
}
hearth_status hearth_upload_seal(hearth_upload *u, uint64_t now_ms, hearth_error *err) {
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    return u != NULL ? hr_upload_seal(u->inside, now_ms, e) : hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "upload", "must not be NULL");
}
const void *hearth_upload_bytes(const hearth_upload *u, size_t *n) {
    size_t none;
    if (n == NULL) n = &none;
    *n = 0;
    return u != NULL ? hr_upload_bytes(u->inside, n) : NULL;
}
void hearth_upload_close(hearth_upload *u) {
    const hr_allocator *allocator = hr_allocator_default();
    if (u == NULL) return;
    const size_t bytes = u->bytes;
    hr_wipe(u, bytes);
    allocator->free(allocator->ctx, u, bytes);
}
#endif

HR_SMALL_END
