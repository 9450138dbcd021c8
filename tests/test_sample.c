/* sample.c against an independent one in f64 (sorting, libm, the definitions as the papers give them), published
 * splitmix64 outputs, cases worked out by hand, and as a distribution (chi-square at fixed seeds). */
#include "tests/t.h"
#include "engine/sample.h"

enum { MAX_VOCAB = 2048 };
static uint64_t work[MAX_VOCAB * 2];
static uint64_t state;
static uint64_t textbook_next(void) { /* splitmix64 as Vigna publishes it */
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}
static double uniform(void) { return (double)(textbook_next() >> 11) / 9007199254740992.0; }
static double gauss(void) { return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform()); }

/* --- the oracle ------------------------------------------------------------------------------------------ */
typedef struct item {
    int id;
    double x, p, order;
} item;
static int by_order(const void *a, const void *b) { /* larger first, then lower id */
    const item *x = (const item *)a, *y = (const item *)b;
    if (x->order != y->order) return x->order > y->order ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}
static void sort_by_p(item *v, int n) {
    for (int i = 0; i < n; i++) v[i].order = v[i].p;
    qsort(v, (size_t)n, sizeof *v, by_order);
}
static void normalise(item *v, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += v[i].p;
    for (int i = 0; i < n; i++) v[i].p /= sum;
}
/* shortest front with mass `want`; *doubt is set when rounding could move its end */
static int front(item *v, int n, double want, bool *doubt) {
    double have = 0;
    for (int i = 0; i < n; i++) {
        have += v[i].p;
        if (fabs(have - want) < 2e-6) *doubt = true;
        if (have >= want) return i + 1;
    }
    return n;
}
/* *doubt: the answer hangs on a difference below the rounding of f32 probabilities: 2e-6 is ten times the 1.1 ulp of
 * exp plus the rounding of (x - max) / T for |x - max| / T < 20 */
static int oracle_draw(const float *logits, int n_vocab, const int32_t *history, int n_history,
                       const hearth_sampling *s, bool *doubt) {
    static item v[MAX_VOCAB];
    static double x[MAX_VOCAB];
    static int count[MAX_VOCAB];
    int n = 0;
    *doubt = false;
    memset(count, 0, sizeof count);
    for (int i = 0; i < n_vocab; i++) x[i] = logits[i];
    for (size_t i = 0; i < s->n_bias; i++) x[s->bias[i].token] += s->bias[i].bias;
    for (int i = n_history > s->penalty_last ? n_history - s->penalty_last : 0; i < n_history; i++) count[history[i]]++;
    for (int i = 0; i < n_vocab; i++) {
        if (!count[i]) continue;
        x[i] = x[i] > 0 ? x[i] / s->repetition : x[i] * s->repetition;
        x[i] -= count[i] * (double)s->frequency + s->presence;
    }
    for (int i = 0; i < n_vocab; i++)
        if (!(isinf(x[i]) && x[i] < 0)) v[n++] = (item){i, x[i], 0, x[i]};
    qsort(v, (size_t)n, sizeof *v, by_order);
    if (s->temperature == 0) {
        if (n > 1 && v[0].x - v[1].x < 1e-4 && v[0].x != v[1].x) *doubt = true;
        return v[0].id;
    }
    for (int i = 0; i < n; i++) v[i].p = exp((v[i].x - v[0].x) / s->temperature);
    normalise(v, n);
    if (s->top_k > 0 && s->top_k < n) {
        if (v[s->top_k - 1].x - v[s->top_k].x < 1e-4) *doubt = true;
        n = s->top_k;
        normalise(v, n);
    }
    if (s->typical < 1) {
        double entropy = 0;
        for (int i = 0; i < n; i++) entropy -= v[i].p > 0 ? v[i].p * log(v[i].p) : 0;
        for (int i = 0; i < n; i++) v[i].order = v[i].p > 0 ? -fabs(-log(v[i].p) - entropy) : -1e300;
        qsort(v, (size_t)n, sizeof *v, by_order);
        n = front(v, n, s->typical, doubt);
        if (v[n - 1].order != -1e300) /* a near tie across the end of the set */
            if (n < MAX_VOCAB && fabs(v[n - 1].order - v[n].order) < 1e-5) *doubt = true;
        normalise(v, n);
    }
    sort_by_p(v, n);
    if (s->top_p < 1) {
        n = front(v, n, s->top_p, doubt);
        normalise(v, n);
    }
    if (s->min_p > 0) {
        int kept = 0;
        for (int i = 0; i < n; i++) {
            if (fabs(v[i].p - s->min_p * v[0].p) < 2e-6 * v[0].p) *doubt = true;
            if (v[i].p >= s->min_p * v[0].p) kept = i + 1;
        }
        n = kept;
        normalise(v, n);
    }
    state = s->seed;
    state = textbook_next();
    for (int i = 0; i < n_history; i++) textbook_next();
    double u = uniform(), have = 0;
    for (int i = 0; i < n; i++) {
        have += v[i].p;
        if (fabs(have - u) < 4e-6) *doubt = true;
        if (have > u) return v[i].id;
    }
    return v[n - 1].id;
}
static hearth_status draw(const float *logits, size_t n_vocab, const int32_t *history, size_t n_history,
                          const hearth_sampling *s, int32_t *token, float *logprob, hr_error *err) {
    hr_sample_args a = {logits, n_vocab, history, n_history, s, work, NULL};
    return hr_sample_row(&a, token, logprob, err);
}
static double oracle_logprob(const float *logits, int n, int token) {
    double max = logits[0], sum = 0;
    for (int i = 1; i < n; i++) max = logits[i] > max ? logits[i] : max;
    for (int i = 0; i < n; i++) sum += exp(logits[i] - max);
    return logits[token] - max - log(sum);
}

/* --- tests ----------------------------------------------------------------------------------------------- */
T_TEST(random_is_splitmix64) {
    static const uint64_t published[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u};
    state = 1234567; /* the vectors of the Rosetta Code page for splitmix64 */
    for (int i = 0; i < 3; i++) T_EQ_U(textbook_next(), published[i]);
    for (uint64_t seed = 0; seed < 5; seed++) {
        state = seed * 77;
        state = textbook_next();
        for (uint64_t pos = 0; pos < 50; pos++) T_EQ_U(hr_sample_random(seed * 77, pos), textbook_next());
    }
}
T_TEST(equals_f64_oracle) {
    static float logits[MAX_VOCAB];
    static int32_t history[300];
    long compared = 0, doubtful = 0;
    for (int round = 0; round < 3000; round++) {
        hearth_sampling s = HEARTH_SAMPLING_INIT;
        hearth_bias bias[4];
        state = 1000 + (uint64_t)round;
        int n_vocab = 2 + (int)(textbook_next() % (round % 10 ? 300 : MAX_VOCAB - 2));
        int n_history = (int)(textbook_next() % 300);
        double spread = 0.2 + 4 * uniform();
        for (int i = 0; i < n_vocab; i++) logits[i] = (float)(gauss() * spread);
        for (int i = 0; i < 300; i++) history[i] = (int32_t)(textbook_next() % (uint64_t)n_vocab);
        s.temperature = uniform() < 0.1 ? 0 : (float)(0.2 + 1.5 * uniform());
        s.top_k = uniform() < 0.5 ? 0 : (int)(textbook_next() % 80);
        s.top_p = uniform() < 0.4 ? 1.0f : (float)uniform();
        s.typical = uniform() < 0.5 ? 1.0f : (float)uniform();
        s.min_p = uniform() < 0.5 ? 0 : (float)(uniform() * 0.5);
        s.repetition = uniform() < 0.5 ? 1 : (float)(0.5 + uniform());
        s.frequency = uniform() < 0.5 ? 0 : (float)(uniform() - 0.3);
        s.presence = uniform() < 0.5 ? 0 : (float)(uniform() - 0.3);
        s.penalty_last = (int)(textbook_next() % 400);
        s.seed = textbook_next();
        s.bias = bias;
        s.n_bias = textbook_next() % 5;
        for (size_t i = 0; i < 4; i++) {
            bias[i].token = (int32_t)(textbook_next() % (uint64_t)n_vocab);
            bias[i].bias = i == 0 && n_vocab > 1 ? -INFINITY : (float)gauss();
        }
        bool doubt;
        int32_t token = -1;
        float logprob = 9;
        hr_error err = {0};
        T_EQ_I(hr_sample_check(&s, (size_t)n_vocab, &err), HR_OK);
        T_EQ_I(draw(logits, (size_t)n_vocab, history, (size_t)n_history, &s, &token, &logprob, &err), HR_OK);
        int want = oracle_draw(logits, n_vocab, history, n_history, &s, &doubt);
        if (doubt) { doubtful++; continue; }
        compared++;
        if (!T_EQ_I(token, want)) printf("    round %d\n", round);
        /* exp 1.1 ulp and the rounding of x - max (|.| < 64): 2^-23 * 1.1 + 2^-24 * 64 at most per term, averaged by
         * the sum; the result is below 64, so its own rounding is 2^-19 */
        T_NEAR(logprob, oracle_logprob(logits, n_vocab, token), 8e-6);
    }
    T_CHECK(compared > 2500);
    if (doubtful > 400) printf("    %ld doubtful\n", doubtful);
}
/* ids that are ever drawn, as bits */
static unsigned reach(const float *logits, int n, const hearth_sampling *s) {
    unsigned bits = 0;
    hearth_sampling t = *s;
    for (uint64_t i = 0; i < 3000; i++) {
        int32_t token = -1;
        t.seed = i;
        hr_status status = draw(logits, (size_t)n, NULL, 0, &t, &token, NULL, NULL);
        if (status == HR_OK && token >= 0 && token < n) bits |= 1u << token;
    }
    return bits;
}
T_TEST(cuts_by_hand) {
    /* p = 1/16 1/2 1/8 1/4 1/16; entropy 1.875 bits, so the typical order is p = 1/4 (2 bits), 1/2 (1 bit),
     * 1/8 (3 bits), 1/16, 1/16 */
    float x[5] = {-4, -1, -3, -2, -4};
    for (int i = 0; i < 5; i++) x[i] *= 0.69314718f;
    hearth_sampling s = HEARTH_SAMPLING_GREEDY;
    s.temperature = 1;
    T_EQ_U(reach(x, 5, &s), 31);
    for (int k = 1; k <= 6; k++) {
        static const unsigned want[] = {0, 2, 10, 14, 15, 31, 31}; /* the tie of ids 0 and 4 goes to 0 */
        s.top_k = k;
        T_EQ_U(reach(x, 5, &s), want[k]);
    }
    s.top_k = 0;
    s.top_p = 0.0f, T_EQ_U(reach(x, 5, &s), 2);
    s.top_p = 0.49f, T_EQ_U(reach(x, 5, &s), 2);
    s.top_p = 0.51f, T_EQ_U(reach(x, 5, &s), 10);
    s.top_p = 0.76f, T_EQ_U(reach(x, 5, &s), 14);
    s.top_p = 0.9f, T_EQ_U(reach(x, 5, &s), 15);
    s.top_p = 1;
    s.min_p = 1.0f, T_EQ_U(reach(x, 5, &s), 2);
    s.min_p = 0.49f, T_EQ_U(reach(x, 5, &s), 10);
    s.min_p = 0.24f, T_EQ_U(reach(x, 5, &s), 14);
    s.min_p = 0.12f, T_EQ_U(reach(x, 5, &s), 31);
    s.min_p = 0;
    s.typical = 0.0f, T_EQ_U(reach(x, 5, &s), 8);
    s.typical = 0.24f, T_EQ_U(reach(x, 5, &s), 8);
    s.typical = 0.26f, T_EQ_U(reach(x, 5, &s), 10);
    s.typical = 0.76f, T_EQ_U(reach(x, 5, &s), 14);
    /* the order: top_k leaves 1/2 1/4 as 2/3 1/3; 0.6 of that is one token, of the whole it would be two */
    s.typical = 1, s.top_k = 2, s.top_p = 0.6f, T_EQ_U(reach(x, 5, &s), 2);
    s.top_k = 0, T_EQ_U(reach(x, 5, &s), 10);
}
T_TEST(typical_may_drop_the_best) {
    float x[9];
    /* p0 = 0.3, the others 0.0875 each: entropy 2.07 nats is nearer to 2.436 than to 1.204 */
    x[0] = logf(0.3f);
    for (int i = 1; i < 9; i++) x[i] = logf(0.0875f);
    hearth_sampling s = HEARTH_SAMPLING_GREEDY;
    s.temperature = 1;
    s.typical = 0.5f; /* 6 * 0.0875 = 0.525: ids 1 to 6 */
    T_EQ_U(reach(x, 9, &s), 0x7e);
}
T_TEST(greedy_and_ties) {
    float x[6] = {1, 3, -0.0f, 3, 2, 3};
    hearth_sampling s = HEARTH_SAMPLING_GREEDY;
    int32_t token = -1;
    T_EQ_I(draw(x, 6, NULL, 0, &s, &token, NULL, NULL), HR_OK);
    T_EQ_I(token, 1);
    x[1] = x[3] = x[4] = x[5] = -5, x[0] = -1;
    T_EQ_I(draw(x, 6, NULL, 0, &s, &token, NULL, NULL), HR_OK);
    T_EQ_I(token, 2);
    float zeros[4] = {-1, -0.0f, 0.0f, -1}; /* -0 equals +0: the lower id */
    T_EQ_I(draw(zeros, 4, NULL, 0, &s, &token, NULL, NULL), HR_OK);
    T_EQ_I(token, 1);
    s.temperature = 1, s.top_k = 1;
    T_EQ_I(draw(zeros, 4, NULL, 0, &s, &token, NULL, NULL), HR_OK);
    T_EQ_I(token, 1);
    s.top_k = 0, s.temperature = 1e-45f; /* the smallest float: as good as greedy, and no NaN */
    x[3] = 7;
    T_EQ_I(draw(x, 6, NULL, 0, &s, &token, NULL, NULL), HR_OK);
    T_EQ_I(token, 3);
}
T_TEST(one_token_vocabulary) {
    float x = -3, lp = 5;
    int32_t token = -1;
    hearth_sampling s = HEARTH_SAMPLING_INIT;
    s.typical = 0.5f;
    T_EQ_I(draw(&x, 1, NULL, 0, &s, &token, &lp, NULL), HR_OK);
    T_EQ_I(token, 0);
    T_CHECK(lp == 0.0f);
}
T_TEST(penalties_by_hand) {
    /* seen twice: 0, once: 2 and 3; out of the window: 1 */
    const int32_t history[] = {1, 0, 2, 0, 3};
    float x[5] = {4, 3, -1, 2, 0};
    hearth_sampling s = HEARTH_SAMPLING_GREEDY;
    int32_t token;
    s.penalty_last = 4;
    s.repetition = 2; /* 2 3 -2 1 0 */
    draw(x, 5, history, 5, &s, &token, NULL, NULL), T_EQ_I(token, 1);
    s.penalty_last = 5; /* 2 1.5 -2 1 0 */
    draw(x, 5, history, 5, &s, &token, NULL, NULL), T_EQ_I(token, 0);
    s.repetition = 1, s.frequency = 0.75f; /* 2.5 2.25 ... */
    draw(x, 5, history, 5, &s, &token, NULL, NULL), T_EQ_I(token, 0);
    s.frequency = 1.25f; /* 1.5 1.75 .. 0.75 0 */
    draw(x, 5, history, 5, &s, &token, NULL, NULL), T_EQ_I(token, 1);
    s.frequency = 0, s.presence = 5; /* -1 -2 -6 -3 0 */
    draw(x, 5, history, 5, &s, &token, NULL, NULL), T_EQ_I(token, 4);
    s.penalty_last = 0;
    draw(x, 5, history, 5, &s, &token, NULL, NULL), T_EQ_I(token, 0);
    s.penalty_last = 1000000, s.presence = 0, s.frequency = 3.4e38f, s.repetition = 1e6f; /* overflow stays ordered */
    draw(x, 5, history, 5, &s, &token, NULL, NULL), T_EQ_I(token, 4);
    s.frequency = -3.4e38f, s.temperature = 1;
    T_EQ_I(draw(x, 5, history, 5, &s, &token, NULL, NULL), HR_OK);
}
T_TEST(bias_adds_and_forbids) {
    float x[4] = {1, 2, 3, 4};
    hearth_bias b[] = {{3, -INFINITY}, {0, 1.5f}, {0, 1.0f}, {3, 3.0e38f}, {3, 3.0e38f}};
    hearth_sampling s = HEARTH_SAMPLING_GREEDY;
    int32_t token;
    float lp;
    s.bias = b, s.n_bias = 5;
    T_EQ_I(draw(x, 4, NULL, 0, &s, &token, &lp, NULL), HR_OK);
    T_EQ_I(token, 0);
    T_NEAR(lp, oracle_logprob(x, 4, 0), 1e-6); /* of the plain row */
    s.temperature = 5;
    T_EQ_U(reach(x, 4, &s), 7);
    hearth_bias all[] = {{0, -INFINITY}, {1, -INFINITY}, {2, -INFINITY}, {3, -INFINITY}};
    for (int greedy = 0; greedy < 2; greedy++) {
        hr_error err = {0};
        s.bias = all, s.n_bias = 4, s.temperature = greedy ? 0.0f : 1.0f;
        T_EQ_I(draw(x, 4, NULL, 0, &s, &token, NULL, &err), HR_E_ARG);
        T_EQ_STR(err.where, "sampling.bias");
    }
}
T_TEST(not_finite_is_refused) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++)
        for (int at = 0; at < 3; at++) {
            float x[3] = {1, 2, 3}, lp[3];
            int32_t token[3];
            hr_error err = {0};
            hearth_sampling s = HEARTH_SAMPLING_INIT;
            x[at] = bad[k];
            T_EQ_I(draw(x, 3, NULL, 0, &s, token, lp, &err), HR_E_NUMERIC);
            T_CHECK(strstr(err.what, at == 0 ? "token 0" : at == 1 ? "token 1" : "token 2") != NULL);
            T_EQ_I(hr_sample_top(x, 3, 3, work, token, lp, &err), HR_E_NUMERIC);
        }
}
/* chi-square with k - 1 degrees of freedom has mean k - 1 and variance 2 (k - 1); above the mean + 6 deviations is less
 * likely than 1e-6 for k > 10. The seeds are fixed, so this passes always or never. */
static void check_distribution(const float *x, int n, hearth_sampling s, const double *want, bool by_position) {
    enum { DRAWS = 40000 };
    static long seen[64];
    static int32_t history[DRAWS];
    memset(seen, 0, sizeof seen);
    s.penalty_last = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        int32_t token = 0;
        if (!by_position) s.seed = i;
        draw(x, (size_t)n, history, by_position ? (size_t)i : 5, &s, &token, NULL, NULL);
        seen[token]++;
    }
    double chi = 0;
    int k = 0;
    for (int i = 0; i < n; i++) {
        double e = want[i] * DRAWS;
        if (e == 0) { T_EQ_I(seen[i], 0); continue; }
        chi += (seen[i] - e) * (seen[i] - e) / e;
        k++;
    }
    double limit = k - 1 + 6 * sqrt(2.0 * (k - 1));
    if (!T_CHECK(chi < limit)) printf("    chi-square %.1f, limit %.1f\n", chi, limit);
}
T_TEST(distribution) {
    float x[40];
    double p[40], sum = 0;
    hearth_sampling s = HEARTH_SAMPLING_GREEDY;
    state = 42;
    for (int i = 0; i < 40; i++) x[i] = (float)(gauss() * 1.2);
    s.temperature = 0.7f;
    for (int i = 0; i < 40; i++) sum += p[i] = exp(x[i] / 0.7);
    for (int i = 0; i < 40; i++) p[i] /= sum;
    check_distribution(x, 40, s, p, false);
    s.seed = 7;
    check_distribution(x, 40, s, p, true);
    s.top_k = 20; /* and after a cut */
    double limit = 1e9;
    for (int k = 0; k < 20; k++) {
        double best = -1e9;
        for (int i = 0; i < 40; i++) if (x[i] < limit && x[i] > best) best = x[i];
        limit = best;
    }
    sum = 0;
    for (int i = 0; i < 40; i++) sum += p[i] = x[i] >= limit ? p[i] : 0;
    for (int i = 0; i < 40; i++) p[i] /= sum;
    check_distribution(x, 40, s, p, false);
    check_distribution(x, 40, s, p, true);
}
T_TEST(top_is_sorted) {
    static float x[MAX_VOCAB], lp[MAX_VOCAB];
    static int32_t id[MAX_VOCAB];
    state = 5;
    for (int i = 0; i < 1500; i++) x[i] = (float)((int)(gauss() * 20) / 4.0); /* many ties */
    for (size_t n = 0; n <= 1500; n += 300) {
        T_EQ_I(hr_sample_top(x, 1500, n, work, id, lp, NULL), HR_OK);
        for (size_t i = 0; i < n; i++) {
            T_NEAR(lp[i], oracle_logprob(x, 1500, id[i]), 4e-6);
            if (i) T_CHECK(x[id[i - 1]] > x[id[i]] || (x[id[i - 1]] == x[id[i]] && id[i - 1] < id[i]));
        }
        size_t above = 0; /* nothing better was left out */
        for (size_t i = 0; n && i < 1500; i++) above += x[i] > x[id[n - 1]];
        T_CHECK(n == 0 || above < n);
    }
}
T_TEST(no_order_is_slow) {
    /* every cut over the largest vocabulary in use, in orders that are bad for quicksorts: this would take minutes */
    enum { N = 262144 };
    float *x = (float *)malloc(N * sizeof *x);
    void *big = malloc(hr_sample_work_bytes(N, 0));
    T_NEED(x && big);
    for (int kind = 0; kind < 4; kind++) {
        for (int i = 0; i < N; i++)
            x[i] = kind == 0 ? 0.0f : kind == 1 ? (float)i * 1e-5f : kind == 2 ? (float)-i * 1e-5f : (float)(i & 7);
        hearth_sampling s = HEARTH_SAMPLING_INIT;
        s.top_k = N - 1, s.top_p = 0.999f, s.typical = 0.999f, s.min_p = 1e-6f;
        hr_sample_args a = {x, N, NULL, 0, &s, big, NULL};
        int32_t token = -1;
        T_EQ_I(hr_sample_row(&a, &token, NULL, NULL), HR_OK);
        T_CHECK(token >= 0 && token < N);
    }
    free(x);
    free(big);
}
T_TEST(arguments) {
    static const char *const bad_utf8[] = {"ok", "\xc3"};
    static const char *const empty[] = {""};
    static const char *const null_stop[] = {NULL};
    static char long_stop[300];
    const char *const too_long[] = {long_stop};
    const hearth_bias outside[] = {{1, 0}, {10, 0}}, negative[] = {{-1, 0}}, nan_bias[] = {{0, NAN}};
    const hearth_bias inf_bias[] = {{0, INFINITY}};
    memset(long_stop, 'a', 257);
#define REFUSED(set, field)                                        \
    do {                                                           \
        hearth_sampling s = HEARTH_SAMPLING_INIT;                  \
        hr_error err = {0};                                        \
        set;                                                       \
        T_EQ_I(hr_sample_check(&s, 10, &err), HR_E_ARG);           \
        T_EQ_STR(err.where, field);                                \
    } while (0)
    REFUSED(s.struct_bytes = 0, "sampling.struct_bytes");
    REFUSED(s.temperature = -1, "sampling.temperature");
    REFUSED(s.temperature = NAN, "sampling.temperature");
    REFUSED(s.temperature = INFINITY, "sampling.temperature");
    REFUSED(s.top_k = -1, "sampling.top_k");
    REFUSED(s.top_p = 1.1f, "sampling.top_p");
    REFUSED(s.top_p = NAN, "sampling.top_p");
    REFUSED(s.min_p = -0.1f, "sampling.min_p");
    REFUSED(s.typical = 2, "sampling.typical");
    REFUSED(s.repetition = 0, "sampling.repetition");
    REFUSED(s.repetition = NAN, "sampling.repetition");
    REFUSED(s.frequency = NAN, "sampling.frequency");
    REFUSED(s.presence = -INFINITY, "sampling.presence");
    REFUSED(s.penalty_last = -1, "sampling.penalty_last");
    REFUSED(s.max_tokens = -1, "sampling.max_tokens");
    REFUSED(s.n_bias = 1, "sampling.bias");
    REFUSED((s.bias = outside, s.n_bias = 2), "sampling.bias[1]");
    REFUSED((s.bias = negative, s.n_bias = 1), "sampling.bias[0]");
    REFUSED((s.bias = nan_bias, s.n_bias = 1), "sampling.bias[0]");
    REFUSED((s.bias = inf_bias, s.n_bias = 1), "sampling.bias[0]");
    REFUSED(s.n_stop = 1, "sampling.stop");
    REFUSED((s.stop = empty, s.n_stop = 17), "sampling.n_stop");
    REFUSED((s.stop = empty, s.n_stop = 1), "sampling.stop[0]");
    REFUSED((s.stop = null_stop, s.n_stop = 1), "sampling.stop[0]");
    REFUSED((s.stop = bad_utf8, s.n_stop = 2), "sampling.stop[1]");
    REFUSED((s.stop = too_long, s.n_stop = 1), "sampling.stop[0]");
    long_stop[256] = 0;
    hearth_sampling fine = HEARTH_SAMPLING_INIT;
    fine.stop = too_long, fine.n_stop = 1;
    T_EQ_I(hr_sample_check(&fine, 10, NULL), HR_OK);
    hearth_sampling greedy = HEARTH_SAMPLING_GREEDY;
    T_EQ_I(hr_sample_check(&greedy, 10, NULL), HR_OK);
}
/* The same seeds give the same tokens on every machine: made on x86-64, must hold on AArch64 and in every build. */
T_TEST(golden) {
    static float x[512];
    static int32_t history[512];
    uint64_t h = 0;
    state = 99;
    for (int i = 0; i < 512; i++) {
        x[i] = (float)((int64_t)(textbook_next() >> 40) - (1 << 23)) / (1 << 20);
        history[i] = (int32_t)(textbook_next() % 512);
    }
    hearth_sampling s = HEARTH_SAMPLING_INIT;
    s.repetition = 1.1f, s.frequency = 0.1f, s.typical = 0.97f, s.top_k = 100, s.temperature = 1.7f;
    for (size_t i = 0; i < 512; i++) {
        int32_t token = 0;
        float lp = 0;
        s.seed = i / 8;
        T_EQ_I(draw(x, 512, history, i, &s, &token, &lp, NULL), HR_OK);
        h = h * 1000003 + (uint64_t)token;
        h = h * 1000003 + hr_f32_bits(lp);
    }
    T_EQ_U(h, 0x1c49841ca8e4442du);
}
T_MAIN(T_RUN(random_is_splitmix64), T_RUN(equals_f64_oracle), T_RUN(cuts_by_hand), T_RUN(typical_may_drop_the_best),
       T_RUN(greedy_and_ties), T_RUN(one_token_vocabulary), T_RUN(penalties_by_hand), T_RUN(bias_adds_and_forbids),
       T_RUN(not_finite_is_refused), T_RUN(distribution), T_RUN(top_is_sorted), T_RUN(no_order_is_slow),
       T_RUN(arguments), T_RUN(golden))
