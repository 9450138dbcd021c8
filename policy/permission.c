/* permission.c: the decision. Rules are bit sets, so that one pass judges all scopes of a label at once. A second pass
 * finds the line to name. */
#include "policy/permission.h"

/* The request without its confirmation and time, as a number: what a confirmation is bound to. */
static uint64_t request_token(const hr_policy *p, const hr_request *r) {
    const uint64_t word[8] = {p->version, (uint64_t)(int64_t)r->subject, (uint64_t)(int64_t)r->purpose,
        (uint64_t)(int64_t)r->sink,
                              r->label.scopes, (uint64_t)r->label.trust << 32 | r->label.sources,
                                  (uint64_t)(int64_t)r->use,
                              r->binding};
    uint8_t bytes[sizeof word];
    for (size_t i = 0; i < sizeof word; i++) bytes[i] = (uint8_t)(word[i / 8] >> i % 8 * 8);
    const uint64_t h = hr_hash64(bytes, sizeof bytes, 0x6865617274686f6bu);
    return h ? h : 1;
}

/* The record of the scope or of the nearest scope above it that has one decides. scope -1: the record of the whole. */
static int judge_scope_consent(const hr_policy *p, const hr_rule *rule, const hr_request *r, int scope,
    hr_consent_find *find,
                               void *ctx) {
    hr_consent c;
    const hr_str subject = hr_policy_name(p, HR_NAME_SUBJECT, r->subject);
    if (find == NULL) return HR_CONSENT_MISSING;
    for (;; scope = p->parent[scope]) {
        const hr_str name = scope < 0 ? hr_str_of("") : hr_policy_name(p, HR_NAME_SCOPE, scope);
        memset(&c, 0, sizeof c);
        if (find(ctx, subject, name, r->purpose, &c)) return hr_consent_judge(&c, rule->consent, r->now_ms);
        if (scope < 0) return HR_CONSENT_MISSING;
    }
}

/* The next rule behind i (-1: the first) for the request's subject, purpose and sink,
    and for a scope when that is not NULL;
 * -1 when there is none. */
static int next_rule(const hr_policy *p, const hr_request *r, const uint64_t *scope, int i) {
    for (int w = (i + 1) / 64; w < HR_POLICY_RULES / 64; w++) {
        uint64_t m = p->rules_of[HR_NAME_SUBJECT][r->subject][w] & p->rules_of[HR_NAME_PURPOSE][r->purpose][w] &
                     p->rules_of[HR_NAME_SINK][r->sink][w];
        if (scope != NULL) m &= scope[w];
        if (w == (i + 1) / 64) m &= UINT64_MAX << (i + 1) % 64;
        if (m == 0) continue;
        int bit = 0;
        for (int half = 32; half > 0; half /= 2) {
            if (m & (((uint64_t)1 << half) - 1)) continue;
            m >>= half;
            bit += half;
        }
        return w * 64 + bit;
    }
    return -1;
}
/* What one allowing rule gives one scope. */
static hr_why judge_rule(const hr_policy *p, const hr_rule *rule, const hr_request *r, int scope, bool confirmed,
                         hr_consent_find *find, void *ctx, int *consent) {
    *consent = HR_CONSENT_OK;
    if (rule->ask & HR_IF_TRUSTED && r->label.trust == HR_TRUST_NONE) return HR_WHY_TRUST;
    if (rule->ask & HR_IF_CONSENT) {
        *consent = judge_scope_consent(p, rule, r, scope, find, ctx);
        if (*consent != HR_CONSENT_OK) return HR_WHY_CONSENT;
    }
    return rule->ask & HR_IF_CONFIRM && !confirmed ? HR_WHY_CONFIRM : HR_WHY_ALLOWED;
}
/* The verdict on one scope (-1: text without one): a deny, else the best that a rule gives, the first of equals. */
static hr_decision judge_scope(const hr_policy *p, const hr_request *r, int scope, bool confirmed, hr_consent_find *find,
                               void *ctx) {
    hr_decision d = {HR_DENY, HR_WHY_NO_RULE, HR_CONSENT_OK, scope, 0, 0, 0};
    const uint64_t *of_scope = p->rules_of[HR_NAME_SCOPE][scope < 0 ? HR_POLICY_NAMES : scope];
    for (int i = -1; (i = next_rule(p, r, of_scope, i)) >= 0;) {
        const hr_rule *rule = &p->rules[i];
        if (rule->deny) {
            d.why = HR_WHY_DENIED, d.line = rule->line, d.consent = HR_CONSENT_OK;
            return d;
        }
        if (d.why == HR_WHY_ALLOWED) continue;
        int consent;
        const hr_why why = judge_rule(p, rule, r, scope, confirmed, find, ctx, &consent);
        if (why > d.why) d.why = why, d.line = rule->line, d.consent = consent;
    }
    return d;
}
/* One pass for the common case: are all scopes allowed by rules that ask for nothing the request lacks, and none denied?
 * The slow way names the line when a consent that is first in line for the lowest scope might be the reason. */
static bool allow_at_once(const hr_policy *p, const hr_request *r, bool confirmed, uint32_t *line) {
    uint64_t open = r->label.scopes;
    const uint32_t lacks = HR_IF_CONSENT | (confirmed ? 0u : HR_IF_CONFIRM) | (r->label.trust == HR_TRUST_NONE ?
        HR_IF_TRUSTED : 0u);
    const uint64_t lowest = r->label.scopes & (~r->label.scopes + 1);
    for (int i = -1; (i = next_rule(p, r, NULL, i)) >= 0;) {
        const hr_rule *rule = &p->rules[i];
        if (!(rule->scopes & r->label.scopes)) continue;
        if (rule->deny || (rule->ask & HR_IF_CONSENT && open & lowest & rule->scopes)) return false;
        if (rule->ask & lacks) continue;
        if (open & lowest & rule->scopes) *line = rule->line;
        open &= ~rule->scopes;
    }
    return open == 0;
}

static void judge_all(const hr_policy *p, const hr_request *r, bool confirmed, hr_consent_find *find, void *ctx,
    hr_decision *d) {
    uint64_t left = r->label.scopes;
    uint32_t line = 0;
    if (left == 0) {
        *d = judge_scope(p, r, -1, confirmed, find, ctx);
        return;
    }
    d->scope = 0;
    while (!(left >> d->scope & 1)) d->scope++;
    if (allow_at_once(p, r, confirmed, &line)) {
        d->why = HR_WHY_ALLOWED, d->line = line;
        return;
    }
    d->why = HR_N_WHYS;
    for (int s = 0; left != 0; s++, left >>= 1) {
        if (!(left & 1)) continue;
        const hr_decision one = judge_scope(p, r, s, confirmed, find, ctx);
        if (one.why < d->why) *d = one;
    }
}

hr_decision hr_decide(const hr_policy *p, const hr_request *r, hr_consent_find *find, void *ctx) {
    hr_decision d = {HR_DENY, HR_WHY_UNKNOWN, HR_CONSENT_OK, -1, 0, 0, 0};
    const uint32_t n_scopes = p->n_names[HR_NAME_SCOPE];
    const uint64_t known = n_scopes >= 64 ? UINT64_MAX : ((uint64_t)1 << n_scopes) - 1;
    const uint64_t token = request_token(p, r);
    const bool confirmed = r->confirmation == token;
    if (r->subject >= 0 && (uint32_t)r->subject < p->n_names[HR_NAME_SUBJECT] && r->sink >= 0 &&
        (uint32_t)r->sink < p->n_names[HR_NAME_SINK] && r->purpose >= 0 && r->purpose < HR_N_PURPOSES &&
        !(r->label.scopes & ~known) && !(r->label.sources & ~(uint32_t)HR_SOURCE_ALL) && r->label.trust <= HR_TRUST_APP &&
        (r->use == HR_USE_DATA || r->use == HR_USE_CONTROL)) {
        judge_all(p, r, confirmed, find, ctx, &d);
        if (d.why == HR_WHY_ALLOWED && r->use == HR_USE_CONTROL && r->label.trust == HR_TRUST_NONE &&
            !confirmed) d.why = HR_WHY_CONTROL;
    }
    d.effect = d.why == HR_WHY_ALLOWED ? HR_ALLOW : d.why == HR_WHY_CONFIRM || d.why == HR_WHY_CONTROL ?
        HR_CONFIRM : HR_DENY;
    d.version = p->version;
    d.token = token;
    return d;
}

const char *hr_why_text(hr_why why) {
    static const char *const text[HR_N_WHYS] = {
        "the policy does not know the subject, scope, purpose or sink", "a rule denies it", "no rule allows it",
        "the text has an untrusted part", "a consent is needed", "a confirmation is needed",
        "untrusted text may not choose a tool, a sink or a recipient unconfirmed", "a rule allows it"};
    return (unsigned)why < HR_N_WHYS ? text[why] : "?";
}
const char *hr_consent_text(int consent) {
    static const char *const text[] = {"the consent holds", "there is no consent", "the consent was revoked",
                                       "the consent is for older words", "the consent begins later",
                                           "the consent has expired"};
    return consent >= 0 && (size_t)consent < HR_COUNT(text) ? text[consent] : "?";
}

uint64_t hr_policy_purge(const hr_policy *p, int scope, int purpose) {
    uint64_t out = 0, scopes = 0;
    const uint32_t purposes = purpose < 0 ? 0xffu : purpose < HR_N_PURPOSES ? 1u << purpose : 0u;
    for (int s = 0; s < (int)p->n_names[HR_NAME_SCOPE]; s++)
        for (int up = s; up >= 0; up = p->parent[up]) if (scope < 0 || up == scope) scopes |= (uint64_t)1 << s;
    for (uint32_t i = 0; i < p->n_names[HR_NAME_DERIVED]; i++)
        if (p->derived[i].scopes & scopes && p->derived[i].purposes & purposes) out |= (uint64_t)1 << i;
    return out;
}
