/* api_policy.c: the policy half of hearth.h; the work is in policy/. */
#include "engine/hearth.h"
#include "policy/policy.h"

HR_SMALL_BEGIN

struct hearth_policy {
    hr_policy inside;
};
HR_PRIVATE const hr_policy *hr_policy_inside(const hearth_policy *policy); /* api_redact.c */
_Static_assert(sizeof(hearth_request) == sizeof(hr_request) && offsetof(hearth_request, confirmation) ==
    offsetof(hr_request, confirmation) &&
                   offsetof(hearth_request, label.trust) == offsetof(hr_request, label.trust), "same layout");
_Static_assert(sizeof(hearth_consent) == sizeof(hr_consent) && offsetof(hearth_consent, revoked) ==
    offsetof(hr_consent, revoked), "same layout");

hearth_status hearth_policy_open(const char *text, size_t n, hearth_policy **policy, hearth_error *err) {
    hr_error *e = (hr_error *)err; /* same layout: asserted in api_model.c */
    const hr_allocator *a = hr_allocator_default();
    if (e) hr_error_clear(e);
    if (policy == NULL || text == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "policy", "must not be NULL");
    *policy = NULL;
    hearth_policy *p = (hearth_policy *)a->alloc(a->ctx, sizeof *p, 64);
    if (p == NULL) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "policy", "%zu bytes", sizeof *p);
    const hr_status status = hr_policy_parse(&p->inside, text, n, e);
    if (status != HR_OK) hearth_policy_close(p);
    else *policy = p;
    return status;
}
void hearth_policy_close(hearth_policy *policy) {
    const hr_allocator *a = hr_allocator_default();
    if (policy != NULL) a->free(a->ctx, policy, sizeof *policy);
}
const hr_policy *hr_policy_inside(const hearth_policy *policy) { return &policy->inside; }
int hearth_policy_id(const hearth_policy *policy, int kind, const char *name) {
    return policy != NULL && name != NULL ? hr_policy_id(&policy->inside, (hr_name_kind)kind, (hr_str){name,
        strlen(name)}) : -1;
}
const char *hearth_policy_name(const hearth_policy *policy, int kind, int id) {
    if (policy == NULL || kind < 0 || kind >= HR_N_NAME_KINDS || id < 0 || (uint32_t)id >=
        policy->inside.n_names[kind]) return NULL;
    return hr_policy_name(&policy->inside, (hr_name_kind)kind, id).data; /* NUL-terminated, all of them */
}

typedef struct consent_door {
    hearth_consent_find *find;
    void *ctx;
} consent_door;
static bool find_public_consent(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    const consent_door *d = (const consent_door *)ctx;
    hearth_consent c = {0, 0, 0, 0};
    const bool found = d->find(d->ctx, subject.data, scope.data, purpose, &c) != 0;
    *out = (hr_consent){c.given_ms, c.expires_ms, c.version, c.revoked};
    return found;
}
hearth_decision hearth_decide(const hearth_policy *policy, const hearth_request *q, hearth_consent_find *find,
    void *ctx) {
    hearth_decision out = {HEARTH_DENY, HR_WHY_UNKNOWN, 0, -1, 0, 0, 0};
    consent_door door = {find, ctx};
    if (policy == NULL || q == NULL) return out;
    const hr_request r = {q->subject, q->purpose, q->sink, {q->label.scopes, q->label.sources, q->label.trust},
        q->control, q->binding,
                          q->now_ms, q->confirmation};
    const hr_decision d = hr_decide(&policy->inside, &r, find != NULL ? find_public_consent : NULL, &door);
    out = (hearth_decision){(int)d.effect, (int)d.why, d.consent, d.scope, d.line, d.version, d.token};
    return out;
}
const char *hearth_decision_text(const hearth_decision *d) {
    return d == NULL ? "?" : d->why == HR_WHY_CONSENT ? hr_consent_text(d->consent) : hr_why_text((hr_why)d->why);
}
uint64_t hearth_policy_purge(const hearth_policy *policy, int scope, int purpose) {
    return policy != NULL ? hr_policy_purge(&policy->inside, scope, purpose) : 0;
}

HR_SMALL_END
