/* api_redact.c: the redaction half of hearth.h; the work is in policy/. */
#include "engine/hearth.h"
#include "policy/policy.h"

struct hearth_redactor {
    hearth_redact_config config;
    hr_redactor *inside;
    size_t bytes;
    hr_str *lists;     /* people, then words */
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

static hr_status lay_out_redactor(const hearth_redact_config *c, hr_arena *a, hearth_redactor **out, hr_error *err) {
    hr_redact_config in;
    hearth_redactor *r = HR_NEW(a, hearth_redactor, 1);
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
    in.emit = pass_emitted;
    in.found = c->found != NULL ? pass_finding : NULL;
    in.ctx = r;
    hr_redactor *inside;
    HR_TRY(hr_redactor_init(&in, a, &inside, err));
    if (r == NULL) return HR_OK;
    r->config = *c;
    r->inside = inside;
    r->lists = lists;
    *out = r;
    return HR_OK;
}

hearth_status hearth_redactor_open(const hearth_redact_config *config, hearth_redactor **out, hearth_error *err) {
    hr_error *e = (hr_error *)err;
    const hr_allocator *allocator = hr_allocator_default();
    hr_arena a;
    hearth_redactor *r = NULL;
    if (e) hr_error_clear(e);
    if (out == NULL || config == NULL || config->struct_bytes != sizeof *config || config->emit == NULL ||
        (config->n_people > 0 && config->people == NULL) || (config->n_words > 0 && config->words == NULL) ||
        config->n_people > 1 << 20 || config->n_words > 1 << 20)
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
