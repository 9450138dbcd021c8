/* upload.c: redacted text under a decision. */
#include "policy/upload.h"

HR_SMALL_BEGIN

enum { UPLOAD_OPEN, UPLOAD_SEALED, UPLOAD_VOID };
struct hr_upload {
    hr_upload_door door;
    hr_redactor *redactor;
    hr_decision decision;
    uint64_t findings;
    size_t n, capacity;
    int state;
    bool full;
    uint8_t *bytes;
};

static bool take_redacted(void *ctx, const void *text, size_t n) {
    hr_upload *u = (hr_upload *)ctx;
    if (n > u->capacity - u->n) {
        u->full = true;
        return false;
    }
    memcpy(u->bytes + u->n, text, n);
    u->n += n;
    return true;
}

static hr_status decide_upload(hr_upload_door *door, uint64_t now_ms, hr_decision *d, hr_error *err) {
    door->request.now_ms = now_ms;
    *d = hr_decide(door->policy, &door->request, door->find, door->ctx);
    if (d->effect == HR_ALLOW) return HR_OK;
    return hr_fail(err, HR_E_DENIED, HR_NO_OFFSET, "upload", "%s: %s (policy version %u, line %u)",
                   d->effect == HR_CONFIRM ? "needs the user's confirmation" : "denied", hr_why_text(d->why), d->version,
                   d->line);
}

hr_status hr_upload_init(const hr_upload_door *door, const hr_redact_config *c, size_t capacity, hr_arena *arena, hr_upload **out,
                         hr_error *err) {
    hr_redact_config redact = *c;
    hr_upload_door d = *door;
    hr_decision decision;
    *out = NULL;
    if (c->emit != NULL || d.policy == NULL || d.request.purpose != HR_FOR_UPLOAD)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "upload", "the purpose must be upload, the text has no other receiver");
    for (int i = 1; i < HR_N_ENTITIES; i++) {
        if (c->op[i] == HR_REDACT_KEEP && i != HR_ENTITY_URL)
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, hr_entity_name(i), "may not be kept in an upload");
    }
    HR_TRY(decide_upload(&d, door->request.now_ms, &decision, err));
    hr_upload *u = HR_NEW(arena, hr_upload, 1);
    uint8_t *bytes = (uint8_t *)hr_arena_alloc_raw(arena, capacity, 1, HR_ARENA_ALIGN);
    hr_redactor *redactor;
    redact.emit = take_redacted;
    redact.ctx = u;
    redact.found = NULL; /* no way round: what is replaced is shown to nobody */
    HR_TRY(hr_redactor_init(&redact, arena, &redactor, err));
    if (arena->failed) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "upload", "%zu bytes", capacity);
    if (u == NULL) return HR_OK; /* counting */
    u->door = d;
    u->decision = decision;
    u->redactor = redactor;
    u->bytes = bytes;
    u->capacity = capacity;
    *out = u;
    return HR_OK;
}

void hr_upload_void(hr_upload *u) {
    if (u->state != UPLOAD_VOID) hr_redact_reset(u->redactor, true);
    hr_wipe(u->bytes, u->n);
    u->n = 0;
    u->state = UPLOAD_VOID;
}

static hr_status fail_upload(hr_upload *u, hr_status status, hr_error *err) {
    const bool full = u->full;
    const size_t capacity = u->capacity;
    hr_upload_void(u);
    if (!full) return status;
    if (err != NULL) hr_error_clear(err);
    return hr_fail(err, HR_E_FULL, HR_NO_OFFSET, "upload", "the redacted text has more than %zu bytes", capacity);
}

hr_status hr_upload_add(hr_upload *u, uint64_t now_ms, const void *text, size_t n, hr_error *err) {
    if (u->state != UPLOAD_OPEN) return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "upload", "it is sealed or void");
    hr_status status = decide_upload(&u->door, now_ms, &u->decision, err);
    if (status == HR_OK) status = hr_redact_feed(u->redactor, text, n, err);
    return status == HR_OK ? HR_OK : fail_upload(u, status, err);
}

hr_status hr_upload_seal(hr_upload *u, uint64_t now_ms, hr_error *err) {
    if (u->state != UPLOAD_OPEN) return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "upload", "it is sealed or void");
    hr_status status = decide_upload(&u->door, now_ms, &u->decision, err);
    if (status == HR_OK) status = hr_redact_finish(u->redactor, err);
    if (status != HR_OK) return fail_upload(u, status, err);
    for (int i = 1; i < HR_N_ENTITIES; i++) u->findings += i != HR_ENTITY_URL ? hr_redact_count(u->redactor, i) : 0;
    u->state = UPLOAD_SEALED;
    return HR_OK;
}

const void *hr_upload_bytes(const hr_upload *u, size_t *n) {
    *n = u->state == UPLOAD_SEALED ? u->n : 0;
    return u->state == UPLOAD_SEALED ? u->bytes : NULL;
}
hr_decision hr_upload_decision(const hr_upload *u) { return u->decision; }
uint64_t hr_upload_findings(const hr_upload *u) { return u->findings; }

HR_SMALL_END
