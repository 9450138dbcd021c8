/* Randomised response beside discrete Laplace: frequencies against the exact probabilities, which come from elsewhere.
 *
 * Bound: Bernstein's inequality for n independent draws of probability p: P(|c - np| >= s) <= 2 exp(-s^2 / (2 (np(1-p) + s/3))),
 * so that s = b/3 + sqrt(b^2/9 + 2 b np(1-p)) with b = ln(2 / d) is exceeded with probability at most d. d = 1e-12 for each
 * comparison; there are below 2,000: a sound sampler fails a run with fewer than one chance in 10^8. The seed is fixed. */
#include "tests/t.h"
#include "policy/policy.h"

enum { CELLS = 1 << 12, K = 160 };
static hr_metric_cell from_room[CELLS], to_room[CELLS], sorted[CELLS];
static uint64_t seed = 11;
static uint64_t rnd64(void *ctx) {
    (void)ctx;
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static bool within(double count, double n, double p) {
    const double b = log(2 / 1e-12), s = b / 3 + sqrt(b * b / 9 + 2 * b * n * p * (1 - p));
    return T_CHECK(fabs(count - n * p) <= s) || (printf("    %g of %g, p = %g, allowed %g\n", count, n, p, s), false);
}
static void fill(hr_metrics *m, int n, uint32_t route) {
    hr_metrics_init(m, from_room, CELLS);
    const hr_metric_record r = {20000, 3, route, 2, 1, 7, 250, 900, 30, 10, 20, 1, 0, 5, 1 << 20, 1};
    for (int i = 0; i < n; i++) T_EQ_I(hr_metrics_record(m, &r), HR_OK);
}
static int answer_of(uint64_t key) {
    return (int)(((hr_metric_label(key, HR_LABEL_ROUTE) * 8 + hr_metric_label(key, HR_LABEL_REASON)) * 2 +
                  hr_metric_label(key, HR_LABEL_COLD)) * 2 + hr_metric_label(key, HR_LABEL_FALLBACK));
}

/* p = 1 / (1 + 159 e^-E), q = (1 - p) / 159, by Python's decimal with 40 digits:
 * from decimal import *; getcontext().prec = 40; p = 1 / (1 + 159 * (-Decimal(E) / 1000).exp()) */
static const struct { uint32_t epsilon_milli; double p, q; } exact[] = {
    {1, 0.006256214005147207, 6.24996091820662156e-03},
    {700, 0.012506712461568790, 6.21064960715994509e-03},
    {4000, 0.255611530458818062, 4.68168848768038982e-03},
    {8000, 0.949362379797380715, 3.18475598758611840e-04},
};
T_TEST(answers_have_the_exact_probabilities) {
    hr_metrics from, to;
    const int n = 40000;
    for (size_t e = 0; e < HR_COUNT(exact); e++) {
        double count[K] = {0}, all = 0;
        fill(&from, n, 2);
        hr_metrics_init(&to, to_room, CELLS);
        T_EQ_I(hr_metrics_respond(&from, exact[e].epsilon_milli, rnd64, NULL, &to), HR_OK);
        T_CHECK(to.epsilon_milli == exact[e].epsilon_milli && to.noise == HR_NOISE_RESPONSE);
        for (size_t i = 0; i < to.cap; i++) {
            const hr_metric_cell c = to.cells[i];
            if (c.key == 0) continue;
            T_CHECK(hr_metric_of(c.key) == 1 && hr_metric_day(c.key) == 20000 && hr_metric_part(c.key) <= HR_PART_DEVICES);
            T_CHECK(hr_metric_label(c.key, HR_LABEL_CLASS) == 3 && hr_metric_label(c.key, HR_LABEL_RULESET) == 7);
            if (hr_metric_part(c.key) == HR_PART_DEVICES) T_EQ_I(c.value, 1);
            else count[answer_of(c.key)] += (double)c.value, all += (double)c.value;
        }
        T_EQ_I(all, n); /* how many there were stays true */
        const int truth = (((2 * 8) + 2) * 2 + 1) * 2 + 1;
        for (int k = 0; k < K; k++) if (!within(count[k], n, k == truth ? exact[e].p : exact[e].q)) return;
    }
}
/* what a reader does with a mixed table: (c - N q) / (p - q) */
T_TEST(the_mix_comes_back) {
    hr_metrics from, to;
    const double n = 60000, p = exact[2].p, q = exact[2].q, b = log(2 / 1e-12);
    double got[3] = {0};
    hr_metrics_init(&from, from_room, CELLS);
    for (int i = 0; i < n; i++) {
        const hr_metric_record r = {20000, 3, i % 10 < 7 ? 0 : i % 10 < 9 ? 1 : 2, 0, 0, 7, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0};
        T_EQ_I(hr_metrics_record(&from, &r), HR_OK);
    }
    hr_metrics_init(&to, to_room, CELLS);
    T_EQ_I(hr_metrics_respond(&from, exact[2].epsilon_milli, rnd64, NULL, &to), HR_OK);
    for (size_t i = 0; i < to.cap; i++)
        for (int route = 0; route < 3; route++)
            if (to.cells[i].key && hr_metric_part(to.cells[i].key) == HR_PART_EVENTS && answer_of(to.cells[i].key) == route * 32)
                got[route] = (double)to.cells[i].value;
    static const double share[3] = {0.7, 0.2, 0.1};
    for (int route = 0; route < 3; route++) {
        const double mean = share[route] * p + (1 - share[route]) * q; /* p(1-p) is concave: the mix varies most */
        const double s = b / 3 + sqrt(b * b / 9 + 2 * b * n * mean * (1 - mean));
        T_NEAR((got[route] - n * q) / (p - q), n * share[route], s / (p - q));
    }
}
/* e^E is the most that an answer can say: two tables that differ in one request, the odds of every answer */
T_TEST(epsilon_is_the_odds) {
    for (size_t e = 0; e < HR_COUNT(exact); e++) {
        T_NEAR(log(exact[e].p / exact[e].q), exact[e].epsilon_milli / 1000.0, 1e-12);
        T_NEAR(exact[e].p + (K - 1) * exact[e].q, 1, 1e-12);
    }
}
T_TEST(noise_goes_into_the_file_and_does_not_mix) {
    static uint8_t file[1 << 15], other[1 << 15];
    hr_metrics from, to;
    size_t n, n_other;
    hr_error err;
    fill(&from, 50, 1);
    hr_metrics_init(&to, to_room, CELLS);
    T_EQ_I(hr_metrics_respond(&from, 0, rnd64, NULL, &to), HR_E_ARG);
    T_EQ_I(hr_metrics_respond(&from, HR_EPSILON_MOST + 1, rnd64, NULL, &to), HR_E_ARG);
    T_EQ_I(hr_metrics_respond(&from, 1500, NULL, NULL, &to), HR_E_ARG);
    T_EQ_I(hr_metrics_respond(&from, 1500, rnd64, NULL, &to), HR_OK);
    T_EQ_I(hr_metrics_respond(&from, 1500, rnd64, NULL, &to), HR_E_ARG); /* there is something in it */
    hr_metrics_sort(&to, sorted);
    T_EQ_I(hr_metrics_encode(&to, sorted, file, sizeof file, &n), HR_OK);
    T_CHECK(hr_le32(file + 8) == (1500u | (uint32_t)HR_NOISE_RESPONSE << 24));
    hr_metrics back, second;
    hr_metrics_init(&back, from_room, CELLS);
    hr_cur c = hr_cur_make(file, n, 0, NULL);
    T_EQ_I(hr_metrics_merge(&back, &c), HR_OK);
    T_CHECK(back.noise == HR_NOISE_RESPONSE && back.epsilon_milli == 1500);
    hr_metrics_sort(&back, sorted);
    T_EQ_I(hr_metrics_encode(&back, sorted, other, sizeof other, &n_other), HR_OK);
    T_CHECK(n == n_other && memcmp(file, other, n) == 0);
    hr_metrics_init(&second, to_room, CELLS);
    T_EQ_I(hr_metrics_respond(&back, 1500, rnd64, NULL, &second), HR_E_ARG); /* noise on noise */
    const hr_metric_record r = {20000, 3, 0, 2, 1, 7, 250, 900, 30, 10, 20, 1, 0, 5, 1 << 20, 0};
    T_EQ_I(hr_metrics_record(&back, &r), HR_E_ARG); /* no exact figure among the answers */
    back.noise = HR_NOISE_LAPLACE;
    c = hr_cur_make(file, n, 0, NULL);
    T_EQ_I(hr_metrics_merge(&back, &c), HR_E_STATE);
    /* heads that nobody writes, with a right hash */
    static const uint32_t bad[] = {1500 | 2u << 24, 0 | 1u << 24, HR_EPSILON_MOST + 1, 0xffffffff};
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        memcpy(other, file, n);
        for (int k = 0; k < 4; k++) other[8 + k] = (uint8_t)(bad[i] >> 8 * k);
        const uint64_t hash = hr_hash64(other + HR_METRICS_HEAD, n - HR_METRICS_HEAD, hr_hash64(other, 24, 0));
        for (int k = 0; k < 8; k++) other[24 + k] = (uint8_t)(hash >> 8 * k);
        hr_metrics_init(&second, to_room, CELLS);
        hr_error_clear(&err);
        c = hr_cur_make(other, n, 0, &err);
        T_EQ_I(hr_metrics_merge(&second, &c), HR_E_FORMAT);
        T_CHECK(second.n == 0 && err.what[0]);
    }
    /* bodies that nobody writes: a number of eleven bytes, one above 2^64, one not in its shortest form, a cut */
    static const struct { uint8_t bytes[12]; uint8_t n; } bodies[] = {
        {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2}, 12}, {{255, 255, 255, 255, 255, 255, 255, 255, 255, 2, 2}, 11},
        {{129, 0, 2}, 3}, {{129}, 1}};
    for (size_t i = 0; i < HR_COUNT(bodies); i++) {
        memcpy(other, file, HR_METRICS_HEAD);
        memcpy(other + HR_METRICS_HEAD, bodies[i].bytes, bodies[i].n);
        memset(other + 16, 0, 8);
        other[16] = 1, other[20] = bodies[i].n;
        const uint64_t hash = hr_hash64(other + HR_METRICS_HEAD, bodies[i].n, hr_hash64(other, 24, 0));
        for (int k = 0; k < 8; k++) other[24 + k] = (uint8_t)(hash >> 8 * k);
        hr_metrics_init(&second, to_room, CELLS);
        c = hr_cur_make(other, HR_METRICS_HEAD + bodies[i].n, 0, NULL);
        T_CHECK(hr_metrics_merge(&second, &c) != HR_OK && second.n == 0);
    }
    hr_metrics_init(&second, to_room, 16); /* no room for the answers */
    fill(&from, 2000, 1);
    T_EQ_I(hr_metrics_respond(&from, 10, rnd64, NULL, &second), HR_E_FULL);
}
/* a fleet's table: how many devices gave an answer would be the true number, so it is left out */
T_TEST(many_devices_keep_their_number) {
    static uint8_t file[1 << 15];
    hr_metrics one, fleet, to;
    size_t n;
    fill(&one, 30, 0);
    hr_metrics_sort(&one, sorted);
    T_EQ_I(hr_metrics_encode(&one, sorted, file, sizeof file, &n), HR_OK);
    hr_metrics_init(&fleet, from_room, CELLS);
    for (int i = 0; i < 2; i++) {
        hr_cur c = hr_cur_make(file, n, 0, NULL);
        T_EQ_I(hr_metrics_merge(&fleet, &c), HR_OK);
    }
    hr_metrics_init(&to, to_room, CELLS);
    T_EQ_I(hr_metrics_respond(&fleet, 2000, rnd64, NULL, &to), HR_OK);
    for (size_t i = 0; i < to.cap; i++) T_CHECK(to.cells[i].key == 0 || hr_metric_part(to.cells[i].key) == HR_PART_EVENTS);
}

/* --- discrete Laplace: (1-a)/(1+a) a^|x|, a = e^-E; also above E = 1, and its tail -------------------------------------- */
static bool yes(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    (void)ctx, (void)subject, (void)scope, (void)purpose;
    *out = (hr_consent){0, 0, 1, 0};
    return true;
}
T_TEST(laplace_has_the_exact_probabilities) {
    static hr_policy p;
    static const char allowing[] = "hearth-policy 1\nversion 1\nsubject sync\nscope metrics\n"
                                   "allow sync metrics for telemetry to export if consent 1\n";
    static const uint32_t epsilons[] = {100, 1000, 2500};
    enum { N = 20000, MOST = 12 };
    T_NEED(hr_policy_parse(&p, allowing, strlen(allowing), NULL) == HR_OK);
    for (size_t e = 0; e < HR_COUNT(epsilons); e++) {
        const hr_metrics_gate g = {.policy = &p, .find = yes, .now_ms = 5, .threshold = 1, .epsilon_milli = epsilons[e],
                                   .random = rnd64};
        double count[2 * MOST + 1] = {0}, tail = 0;
        for (int i = 0; i < N; i++) {
            hr_metric_cell cell = {(uint64_t)1 << 44 | (uint64_t)1 << 38, 1000};
            size_t n = 1;
            if (!T_CHECK(hr_metrics_release(&g, &cell, &n, NULL) == HR_OK && n == 1)) return;
            const int64_t x = cell.value - 1000;
            if (x >= -MOST && x <= MOST) count[x + MOST]++;
            else tail++;
        }
        const double a = exp(-(epsilons[e] / 1000.0));
        for (int x = -MOST; x <= MOST; x++) within(count[x + MOST], N, (1 - a) / (1 + a) * pow(a, abs(x)));
        within(tail, N, 2 * pow(a, MOST + 1) / (1 + a)); /* the geometric series */
    }
}
static int put_text(void *ctx, const char *s, size_t n) { return strncat((char *)ctx, s, n), 0; }
/* With noise a counter's sum stays behind; its number of events is no sum, so only requests show one. */
T_TEST(noise_shows_no_false_sums) {
    static char text[1 << 16];
    static hr_policy p;
    static const char allowing[] = "hearth-policy 1\nversion 1\nsubject sync\nscope metrics\n"
                                   "allow sync metrics for telemetry to export if consent 1\n";
    hr_metrics m;
    T_NEED(hr_policy_parse(&p, allowing, strlen(allowing), NULL) == HR_OK);
    fill(&m, 50, 0);
    const hr_metrics_gate g = {.policy = &p, .find = yes, .now_ms = 5, .epsilon_milli = 900, .random = rnd64};
    hr_metrics_sort(&m, sorted);
    size_t n = m.n;
    T_EQ_I(hr_metrics_release(&g, sorted, &n, NULL), HR_OK);
    m.epsilon_milli = 900, m.threshold = 20;
    for (int format = 0; format < 2; format++) {
        text[0] = 0;
        T_EQ_I(hr_metrics_write(format, &m, sorted, n, put_text, text), HR_OK);
        T_CHECK(strstr(text, "discrete_laplace") && strstr(text, "requests") && strstr(text, "ttft"));
        T_CHECK(!strstr(text, "tokens_total{") && !strstr(text, "hearth.output_tokens") && !strstr(text, "peak_rss{"));
    }
}
T_MAIN(T_RUN(answers_have_the_exact_probabilities), T_RUN(the_mix_comes_back), T_RUN(epsilon_is_the_odds),
       T_RUN(noise_goes_into_the_file_and_does_not_mix), T_RUN(many_devices_keep_their_number),
       T_RUN(laplace_has_the_exact_probabilities), T_RUN(noise_shows_no_false_sums))
