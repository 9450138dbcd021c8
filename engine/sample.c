/* sample.c: bias, penalties, temperature, cuts, draw; in the order that hearth.h gives.
 *
 * Every cut keeps the front of some order (by logit, typicality or probability), so one structure serves all: a heap
 * of 64-bit keys (value, then lower id first), from which only as many are taken as the cut needs. Worst case
 * O(n log n), usually O(n) with a small factor; no allocation, no recursion.
 *
 * Rounding, which makes the answer the same everywhere: logits and probabilities are f32, exp (fmath's, in f64: without
 * an fma it is faster than the f32 one) and sums are f64, in the order of the candidates. A token less likely than e^-87
 * of the best counts as impossible, so no result is subnormal.
 *
 * Sources: top-p Holtzman et al. 2020 (arXiv:1904.09751); typical Meister et al. 2023 (arXiv:2202.00666); min-p Nguyen
 * et al. 2024 (arXiv:2407.01082); repetition penalty Keskar et al. 2019 (arXiv:1909.05858); splitmix64 Steele, Lea,
 * Flood 2014. */
#include "engine/base/base.h"
#include "engine/base/fmath.h"
#include "engine/hearth.h"
#include "engine/sample.h"
#include "engine/session.h"

#define SAMPLE_CUTOFF (-87.0f)
#define SAMPLE_INF 0x7f800000u

typedef struct sample_set {
    float *value;  /* [n_vocab] by token id: adjusted logit, later unnormalised probability */
    uint64_t *key; /* [n] the candidates */
    size_t n, n_vocab;
} sample_set;

HR_PRIVATE size_t hr_sample_work_bytes(size_t n_vocab, size_t ctx) {
    (void)ctx;
    return n_vocab * sizeof(uint64_t) + (n_vocab * sizeof(float) + 7) / 8 * 8;
}
static sample_set split_sample_work(void *work, size_t n_vocab) {
    sample_set s = {NULL, (uint64_t *)work, 0, n_vocab};
    s.value = (float *)(void *)(s.key + n_vocab);
    return s;
}
static bool is_finite_float(float x) { return (hr_f32_bits(x) & 0x7fffffffu) < SAMPLE_INF; }
static bool is_minus_inf(float x) { return hr_f32_bits(x) == (SAMPLE_INF | 0x80000000u); }

/* --- random numbers -------------------------------------------------------------------------------------- */
static uint64_t mix_sample_bits(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
HR_PRIVATE uint64_t hr_sample_random(uint64_t seed, uint64_t position) {
    const uint64_t step = 0x9e3779b97f4a7c15u;
    return mix_sample_bits(mix_sample_bits(seed + step) + (position + 1) * step);
}

/* --- arguments ------------------------------------------------------------------------------------------- */
static hr_status check_sample_range(const char *field, float x, float low, float high, const char *range,
                                    hr_error *err) {
    if (x >= low && x <= high) return HR_OK; /* NaN is in no range */
    return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, field, "must be %s", range);
}
static hr_status check_sample_bias(const hearth_sampling *s, size_t n_vocab, hr_error *err) {
    char where[48];
    if (s->n_bias && !s->bias)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "sampling.bias", "is NULL, n_bias is not 0");
    for (size_t i = 0; i < s->n_bias; i++) {
        const hearth_bias *b = &s->bias[i];
        hr_format(where, sizeof where, "sampling.bias[%zu]", i);
        if (b->token < 0 || (size_t)b->token >= n_vocab)
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "token %d is not in the vocabulary of %zu",
                           (int)b->token, n_vocab);
        if (!is_finite_float(b->bias) && !is_minus_inf(b->bias))
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "must be a number or -infinity");
    }
    return HR_OK;
}
static hr_status check_sample_stop(const hearth_sampling *s, hr_error *err) {
    char where[48];
    if (s->n_stop > HR_MAX_STOP)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "sampling.n_stop", "%zu stop strings, at most %d are possible",
                       s->n_stop, HR_MAX_STOP);
    if (s->n_stop && !s->stop)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "sampling.stop", "is NULL, n_stop is not 0");
    for (size_t i = 0; i < s->n_stop; i++) {
        size_t n = 0;
        hr_format(where, sizeof where, "sampling.stop[%zu]", i);
        if (!s->stop[i]) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "is NULL");
        while (n <= HR_MAX_STOP_BYTES && s->stop[i][n]) n++;
        if (n == 0) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "is empty");
        if (n > HR_MAX_STOP_BYTES)
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "is longer than %d bytes", HR_MAX_STOP_BYTES);
        if (!hr_utf8_valid(s->stop[i], n)) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "is not UTF-8");
    }
    return HR_OK;
}
HR_PRIVATE hr_status hr_sample_check(const hearth_sampling *s, size_t n_vocab, hr_error *err) {
    const float huge = hr_f32_from_bits(SAMPLE_INF - 1);
    if (s->struct_bytes != sizeof *s)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "sampling.struct_bytes",
                       "is %zu, must be %zu: start from HEARTH_SAMPLING_INIT", s->struct_bytes, sizeof *s);
    HR_TRY(check_sample_range("sampling.temperature", s->temperature, 0, huge, "a number from 0 on", err));
    HR_TRY(check_sample_range("sampling.top_p", s->top_p, 0, 1, "from 0 to 1", err));
    HR_TRY(check_sample_range("sampling.min_p", s->min_p, 0, 1, "from 0 to 1", err));
    HR_TRY(check_sample_range("sampling.typical", s->typical, 0, 1, "from 0 to 1", err));
    HR_TRY(check_sample_range("sampling.repetition", s->repetition, 1e-6f, 1e6f, "from 0.000001 to 1000000", err));
    HR_TRY(check_sample_range("sampling.frequency", s->frequency, -huge, huge, "a number", err));
    HR_TRY(check_sample_range("sampling.presence", s->presence, -huge, huge, "a number", err));
    if (s->top_k < 0)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "sampling.top_k", "is %d, must not be negative", s->top_k);
    if (s->penalty_last < 0)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "sampling.penalty_last", "is %d, must not be negative",
                       s->penalty_last);
    if (s->max_tokens < 0)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "sampling.max_tokens", "is %d, must not be negative",
                       s->max_tokens);
    HR_TRY(check_sample_bias(s, n_vocab, err));
    return check_sample_stop(s, err);
}

/* --- keys and the heap ----------------------------------------------------------------------------------- */
/* Larger value first, then lower id. Both zeros are one value. */
static uint64_t make_sample_key(float value, size_t id) {
    uint32_t u = hr_f32_bits(value);
    if (u == 0x80000000u) u = 0;
    u = (u & 0x80000000u) ? ~u : (u | 0x80000000u);
    return (uint64_t)u << 32 | (0xffffffffu - (uint32_t)id);
}
static size_t get_key_id(uint64_t key) { return 0xffffffffu - (uint32_t)key; }
static float get_key_value(uint64_t key) {
    uint32_t u = (uint32_t)(key >> 32);
    return hr_f32_from_bits((u & 0x80000000u) ? (u & 0x7fffffffu) : ~u);
}
static void sift_sample_key(uint64_t *key, size_t n, size_t i) {
    uint64_t x = key[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n) break;
        if (child + 1 < n && key[child + 1] > key[child]) child++;
        if (key[child] <= x) break;
        key[i] = key[child];
        i = child;
    }
    key[i] = x;
}
static void build_sample_heap(uint64_t *key, size_t n) {
    for (size_t i = n / 2; i-- > 0;) sift_sample_key(key, n, i);
}
/* takes the best of n off the heap, parks it behind the rest, returns it */
static uint64_t pop_sample_heap(uint64_t *key, size_t n) {
    uint64_t best = key[0];
    key[0] = key[n - 1];
    key[n - 1] = best;
    if (n > 1) sift_sample_key(key, n - 1, 0);
    return best;
}
/* the `taken` popped keys, parked at the end in rising order, become the set, best first */
static void keep_sample_popped(sample_set *s, size_t taken) {
    uint64_t *tail = s->key + (s->n - taken);
    for (size_t i = 0, j = taken - 1; i < j; i++, j--) {
        uint64_t t = tail[i];
        tail[i] = tail[j];
        tail[j] = t;
    }
    memmove(s->key, tail, taken * sizeof *tail);
    s->n = taken;
}

/* --- the row --------------------------------------------------------------------------------------------- */
static hr_status find_largest_logit(const float *x, size_t n, float *largest, hr_error *err) {
    float best = x[0];
    for (size_t i = 0; i < n; i++) {
        if (!is_finite_float(x[i]))
            return hr_fail(err, HR_E_NUMERIC, HR_NO_OFFSET, "logits", "the logit of token %zu is not finite", i);
        if (x[i] > best) best = x[i];
    }
    *largest = best;
    return HR_OK;
}
static float exp_below(float x) { return x < SAMPLE_CUTOFF ? 0.0f : (float)hr_exp((double)x); }
/* log of the sum of exp(x - largest): in [0, log n] */
static double find_log_sum(const float *x, size_t n, float largest) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)exp_below(x[i] - largest);
    return hr_log(sum);
}
static float get_log_prob(float x, float largest, double log_sum) {
    return (float)(((double)x - (double)largest) - log_sum);
}
/* Sums of huge biases and penalties stay numbers; only a bias of -infinity makes a token impossible. */
static float keep_sample_finite(float x) {
    const float huge = hr_f32_from_bits(SAMPLE_INF - 1);
    if (x > huge) return huge;
    return x < -huge ? -huge : x;
}
static void add_sample_bias(sample_set *s, const hearth_sampling *p) {
    for (size_t i = 0; i < p->n_bias; i++) {
        float *x = &s->value[p->bias[i].token];
        if (is_minus_inf(*x)) continue;
        *x += p->bias[i].bias;
        if (!is_minus_inf(p->bias[i].bias)) *x = keep_sample_finite(*x);
    }
}
/* counts live where the keys will be: only the entries of tokens in the window are ever set or read */
static void add_sample_penalties(sample_set *s, const hr_sample_args *a) {
    const hearth_sampling *p = a->sampling;
    size_t n = hr_min_size(a->n_history, (size_t)p->penalty_last);
    if (n == 0 || (p->repetition == 1.0f && p->frequency == 0.0f && p->presence == 0.0f)) return;
    const int32_t *window = a->history + (a->n_history - n);
    uint64_t *count = s->key;
    for (size_t i = 0; i < n; i++) {
        hr_assert(window[i] >= 0 && (size_t)window[i] < s->n_vocab);
        count[window[i]] = 0;
    }
    for (size_t i = 0; i < n; i++) count[window[i]]++;
    for (size_t i = 0; i < n; i++) {
        float *x = &s->value[window[i]];
        uint64_t times = count[window[i]];
        count[window[i]] = 0;
        if (times == 0 || is_minus_inf(*x)) continue;
        float y = *x > 0.0f ? *x / p->repetition : *x * p->repetition;
        float f = (float)times * p->frequency;
        *x = keep_sample_finite(keep_sample_finite(keep_sample_finite(y) - keep_sample_finite(f)) - p->presence);
    }
}

/* --- cuts ------------------------------------------------------------------------------------------------ */
static double sum_sample_set(const sample_set *s) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) sum += (double)s->value[get_key_id(s->key[i])];
    return sum;
}
static void keep_best(sample_set *s, size_t k) {
    if (k >= s->n) return;
    build_sample_heap(s->key, s->n);
    for (size_t i = 0; i < k; i++) pop_sample_heap(s->key, s->n - i);
    keep_sample_popped(s, k);
}
/* the shortest front of the order of the keys with at least `mass` of the probability */
static void keep_mass(sample_set *s, float mass) {
    double want = sum_sample_set(s) * (double)mass, have = 0;
    size_t taken = 0;
    build_sample_heap(s->key, s->n);
    do {
        have += (double)s->value[get_key_id(pop_sample_heap(s->key, s->n - taken))];
        taken++;
    } while (taken < s->n && have < want);
    keep_sample_popped(s, taken);
}
/* adjusted logits to probabilities times a constant: the most likely token has 1. Impossible tokens leave. */
static void make_probabilities(sample_set *s, float temperature) {
    float largest = get_key_value(s->key[0]);
    size_t n = 0;
    for (size_t i = 1; i < s->n; i++)
        if (get_key_value(s->key[i]) > largest) largest = get_key_value(s->key[i]);
    for (size_t i = 0; i < s->n; i++) {
        float x = get_key_value(s->key[i]);
        float e = x == largest ? 1.0f : exp_below((x - largest) / temperature);
        s->value[get_key_id(s->key[i])] = e;
        if (e > 0.0f) s->key[n++] = s->key[i];
    }
    s->n = n;
}
static void order_by_probability(sample_set *s) {
    for (size_t i = 0; i < s->n; i++) {
        size_t id = get_key_id(s->key[i]);
        s->key[i] = make_sample_key(s->value[id], id);
    }
}
/* Locally typical: tokens whose surprise is nearest to the entropy. With l = log p + c and p = e / sum, entropy minus
 * surprise is l - mean of l, so no logarithm is needed. largest is of the set before the cut: l of it is 0. */
static void keep_typical(sample_set *s, float typical, float temperature) {
    float largest = get_key_value(s->key[0]);
    double sum = 0, weighted = 0;
    for (size_t i = 1; i < s->n; i++)
        if (get_key_value(s->key[i]) > largest) largest = get_key_value(s->key[i]);
    for (size_t i = 0; i < s->n; i++) {
        float x = get_key_value(s->key[i]), e = s->value[get_key_id(s->key[i])];
        double l = x == largest ? 0.0 : (double)((x - largest) / temperature);
        double el = (double)e * l;
        sum += (double)e;
        weighted += el;
    }
    double mean = weighted / sum;
    for (size_t i = 0; i < s->n; i++) {
        float x = get_key_value(s->key[i]);
        double far = (x == largest ? 0.0 : (double)((x - largest) / temperature)) - mean;
        s->key[i] = make_sample_key((float)(far < 0 ? far : -far), get_key_id(s->key[i]));
    }
    keep_mass(s, typical);
    order_by_probability(s);
}
static void keep_likely(sample_set *s, float min_p) {
    float best = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        float e = s->value[get_key_id(s->key[i])];
        if (e > best) best = e;
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->value[get_key_id(s->key[i])] >= best * min_p) s->key[n++] = s->key[i];
    s->n = n;
}
/* walks from the most likely token on, until the sum passes the random share of the whole */
static size_t draw_sample(sample_set *s, uint64_t random) {
    double share = (double)(random >> 11) * (1.0 / 9007199254740992.0) * sum_sample_set(s), have = 0;
    size_t id = 0;
    build_sample_heap(s->key, s->n);
    for (size_t i = 0; i < s->n; i++) {
        id = get_key_id(pop_sample_heap(s->key, s->n - i));
        have += (double)s->value[id];
        if (have > share) break;
    }
    return id;
}

HR_PRIVATE hr_status hr_sample_row(const hr_sample_args *a, int32_t *token, float *logprob, hr_error *err) {
    const hearth_sampling *p = a->sampling;
    sample_set s = split_sample_work(a->work, a->n_vocab);
    float largest = 0;
    size_t id = 0;
    HR_TRY(find_largest_logit(a->logits, a->n_vocab, &largest, err));
    memcpy(s.value, a->logits, a->n_vocab * sizeof(float));
    add_sample_bias(&s, p);
    add_sample_penalties(&s, a);
    for (size_t i = 0; a->mask && i < a->n_vocab; i++)
        if (!(a->mask[i >> 5] >> (i & 31) & 1)) s.value[i] = hr_f32_from_bits(SAMPLE_INF | 0x80000000u);
    if (p->temperature == 0.0f) {
        id = a->n_vocab;
        for (size_t i = 0; i < a->n_vocab; i++)
            if (!is_minus_inf(s.value[i]) && (id == a->n_vocab || s.value[i] > s.value[id])) id = i;
        s.n = id < a->n_vocab;
    } else {
        for (size_t i = 0; i < a->n_vocab; i++)
            if (!is_minus_inf(s.value[i])) s.key[s.n++] = make_sample_key(s.value[i], i);
    }
    if (s.n == 0) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "sampling.bias", "forbids every token");
    if (p->temperature != 0.0f) {
        if (p->top_k > 0) keep_best(&s, (size_t)p->top_k);
        make_probabilities(&s, p->temperature);
        if (p->typical < 1.0f) keep_typical(&s, p->typical, p->temperature);
        else order_by_probability(&s);
        if (p->top_p < 1.0f) keep_mass(&s, p->top_p);
        if (p->min_p > 0.0f) keep_likely(&s, p->min_p);
        id = draw_sample(&s, hr_sample_random(p->seed, a->n_history));
    }
    *token = (int32_t)id;
    if (logprob)
        *logprob = get_log_prob(a->logits[id], largest, find_log_sum(a->logits, a->n_vocab, largest));
    return HR_OK;
}

HR_PRIVATE hr_status hr_sample_top(const float *logits, size_t n_vocab, size_t n, void *work, int32_t *tokens,
                                   float *logprobs, hr_error *err) {
    sample_set s = split_sample_work(work, n_vocab);
    float largest = 0;
    HR_TRY(find_largest_logit(logits, n_vocab, &largest, err));
    for (size_t i = 0; i < n_vocab; i++) s.key[i] = make_sample_key(logits[i], i);
    s.n = n_vocab;
    double log_sum = logprobs ? find_log_sum(logits, n_vocab, largest) : 0.0;
    build_sample_heap(s.key, s.n);
    for (size_t i = 0; i < n; i++) {
        size_t id = get_key_id(pop_sample_heap(s.key, s.n - i));
        tokens[i] = (int32_t)id;
        if (logprobs) logprobs[i] = get_log_prob(logits[id], largest, log_sum);
    }
    return HR_OK;
}

/* --- the public calls ------------------------------------------------------------------------------------ */
static hr_status find_sample_row(const hr_session *s, size_t row, hr_error *err) {
    if (!s) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "session", "must not be NULL");
    if (row < s->rows) return HR_OK;
    return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "row", "row %zu asked for, the last feed made %zu", row, s->rows);
}
hearth_status hearth_sample(hearth_session *session, size_t row, const hearth_sampling *sampling, int32_t *token,
                            float *logprob, hearth_error *err) {
    static const hearth_sampling plain = HEARTH_SAMPLING_INIT;
    const hr_session *s = (const hr_session *)(const void *)session;
    hr_error *e = (hr_error *)err; /* same layout: asserted in api_model.c */
    const hearth_sampling *p = sampling ? sampling : &plain;
    if (e) hr_error_clear(e);
    if (token) *token = -1;
    if (logprob) *logprob = 0;
    if (!token) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "token", "must not be NULL");
    HR_TRY(find_sample_row(s, row, e));
    HR_TRY(hr_sample_check(p, s->model->hp.n_vocab, e));
    size_t after = s->rows - 1 - row, position = (size_t)s->position; /* tokens fed after that row's */
    const hr_sample_args a = {s->logits + row * s->model->hp.n_vocab, s->model->hp.n_vocab, s->history,
                              position > after ? position - after : 0, p, s->sample_work, NULL};
    return hr_sample_row(&a, token, logprob, e);
}
hearth_status hearth_top(hearth_session *session, size_t row, size_t n, int32_t *tokens, float *logprobs,
                         hearth_error *err) {
    const hr_session *s = (const hr_session *)(const void *)session;
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    HR_TRY(find_sample_row(s, row, e));
    if (n > 0 && !tokens) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "tokens", "must not be NULL");
    if (n > s->model->hp.n_vocab)
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "n", "%zu asked for, the vocabulary has %zu", n,
                       s->model->hp.n_vocab);
    return hr_sample_top(s->logits + row * s->model->hp.n_vocab, s->model->hp.n_vocab, n, s->sample_work, tokens,
                         logprobs,
                         e);
}

#undef SAMPLE_CUTOFF
#undef SAMPLE_INF
