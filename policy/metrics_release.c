/* metrics_release.c: what may leave: the policy's decision, the threshold, and noise. */
#include "policy/metrics.h"

HR_SMALL_BEGIN

/* Uniform below n, without bias. */
static uint64_t draw_below(const hr_metrics_gate *g, uint64_t n) {
    const uint64_t over = UINT64_MAX - UINT64_MAX % n;
    uint64_t x;
    do x = g->random(g->random_ctx); while (x >= over);
    return x % n;
}
/* True with probability exp(-num/den), num <= den: Canonne, Kamath, Steinke 2020, algorithm 1. */
static bool draw_exp_small(const hr_metrics_gate *g, uint64_t num, uint64_t den) {
    uint64_t k = 1;
    while (k < 1u << 20 && draw_below(g, den * k) < num) k++;
    return k & 1;
}
/* P(x) proportional to exp(-|x| epsilon), epsilon = e / 1000: algorithm 2 of the paper with t = 1000, s = e. */
static int64_t draw_laplace(const hr_metrics_gate *g) {
    const uint64_t t = 1000, s = g->epsilon_milli;
    for (;;) {
        const uint64_t u = draw_below(g, t);
        if (!draw_exp_small(g, u, t)) continue;
        uint64_t v = 0;
        while (v < 1u << 20 && draw_exp_small(g, 1, 1)) v++;
        const int64_t y = (int64_t)((u + t * v) / s);
        const bool minus = g->random(g->random_ctx) >> 63;
        if (!(minus && y == 0)) return minus ? -y : y;
    }
}
static bool metrics_allowed(const hr_metrics_gate *g, hr_decision *d) {
    const int scope = hr_policy_id(g->policy, HR_NAME_SCOPE, hr_str_of("metrics"));
    hr_request q = {g->subject, HR_FOR_TELEMETRY, HR_TO_EXPORT, {0, HR_SOURCE_APP, HR_TRUST_APP}, HR_USE_DATA, 0,
        g->now_ms, 0};
    if (scope >= 0) q.label.scopes = (uint64_t)1 << scope;
    *d = hr_decide(g->policy, &q, g->find, g->ctx);
    return d->effect == HR_ALLOW;
}
hr_status hr_metrics_release(const hr_metrics_gate *g, hr_metric_cell *cells, size_t *n, hr_error *err) {
    const int64_t least = g->threshold ? g->threshold : 20;
    const uint64_t counted = g->by_devices ? HR_PART_DEVICES : HR_PART_EVENTS;
    size_t kept = 0, end;
    hr_decision d;
    const size_t all = *n;
    *n = 0;
    if (!metrics_allowed(g, &d)) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "metrics", "may not leave: %s",
                       d.why == HR_WHY_CONSENT ? hr_consent_text(d.consent) : hr_why_text(d.why));
    }
    if (g->epsilon_milli > HR_EPSILON_MOST || (g->epsilon_milli && g->random == NULL)) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "epsilon", "at most 1000, with a source of random bits");
    }
    for (size_t i = 0; i < all; i = end) {
        int64_t count = 0;
        for (end = i; end < all && cells[end].key >> HR_PART_BITS == cells[i].key >> HR_PART_BITS; end++)
            if (hr_metric_part(cells[end].key) == counted) count = cells[end].value;
        for (size_t k = i; k < end && count >= least; k++) {
            if (g->epsilon_milli && hr_metric_part(cells[k].key) == HR_PART_SUM) continue;
            cells[kept] = cells[k];
            if (g->epsilon_milli) cells[kept].value += draw_laplace(g);
            kept++;
        }
    }
    *n = kept;
    return HR_OK;
}

/* --- randomised response ------------------------------------------------------------------------------------------- */
static const struct { int label; uint32_t n; } asked_labels[] = {{HR_LABEL_ROUTE, 5}, {HR_LABEL_REASON, 8}, {HR_LABEL_COLD, 2},
    {HR_LABEL_FALLBACK, 2}};
static bool draw_exp_milli(const hr_metrics_gate *g, uint32_t milli) {
    for (; milli >= 1000; milli -= 1000) if (!draw_exp_small(g, 1, 1)) return false;
    return draw_exp_small(g, milli, 1000);
}
/* A uniform answer is kept when it is the true one, else with probability e^-epsilon, else drawn again: weights 1 and
 * e^-epsilon, by integers only. */
static uint64_t draw_response(const hr_metrics_gate *g, uint64_t key) {
    uint64_t answer;
    do {
        answer = key;
        for (size_t i = 0; i < HR_COUNT(asked_labels); i++)
            answer = hr_metric_relabel(answer, asked_labels[i].label, (uint32_t)draw_below(g, asked_labels[i].n));
    } while (answer != key && !draw_exp_milli(g, g->epsilon_milli));
    return answer;
}
hr_status hr_metrics_respond(const hr_metrics *from, uint32_t epsilon_milli, uint64_t (*random)(void *ctx), void *random_ctx,
    hr_metrics *to) {
    const hr_metrics_gate g = {.epsilon_milli = epsilon_milli, .random = random, .random_ctx = random_ctx};
    bool one_device = true;
    if (epsilon_milli == 0 || epsilon_milli > HR_EPSILON_MOST || random == NULL) return HR_E_ARG;
    if (from->epsilon_milli || from->threshold || to->n) return HR_E_ARG;
    to->epsilon_milli = epsilon_milli;
    to->noise = HR_NOISE_RESPONSE;
    for (size_t i = 0; i < from->cap; i++) {
        const hr_metric_cell c = from->cells[i];
        if (c.key == 0 || hr_metric_of(c.key) != 1) continue; /* requests */
        if (hr_metric_part(c.key) == HR_PART_DEVICES && c.value != 1) one_device = false;
        for (int64_t k = 0; hr_metric_part(c.key) == HR_PART_EVENTS && k < c.value; k++)
            HR_TRY(hr_metrics_add(to, draw_response(&g, c.key), 1));
    }
    /* one device: that it gave an answer says no more than the answer */
    for (size_t i = 0; one_device && i < to->cap; i++)
        if (to->cells[i].key && hr_metric_part(to->cells[i].key) == HR_PART_EVENTS)
            HR_TRY(hr_metrics_add(to, to->cells[i].key | HR_PART_DEVICES, 1));
    return HR_OK;
}

HR_SMALL_END
