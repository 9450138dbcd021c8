/* The reference kernels against f64. Bounds: u = 2^-24 is the largest relative error of one f32 operation; a chain of n
 * fused multiply-adds errs by at most n u (1 + n u) times the sum of the terms' magnitudes (Higham 2002, section 3.1). */
#include "tests/t.h"
#include "kernels/kernel.h"

static uint32_t oracle_state = 88172645u;
static float random_unit(void) {
    oracle_state ^= oracle_state << 13;
    oracle_state ^= oracle_state >> 17;
    oracle_state ^= oracle_state << 5;
    return (float)(int32_t)oracle_state * 0x1p-31f;
}
static hr_any_fn *reference_fn(hr_op op) {
    for (size_t i = 0; i < hr_kernel_count(); i++) {
        if (hr_kernel_at(i)->op == op && hr_kernel_at(i)->rank == 0) return hr_kernel_at(i)->fn;
    }
    return NULL;
}
#define REFERENCE(op, type) ((type *)reference_fn(HR_OP_##op))
static const double unit = 0x1p-24;

enum { K = 512, ROWS = 3 };
static uint8_t weight_bytes[ROWS * K * 4];
static float values[ROWS * K], x[K];

T_TEST(matmul) {
    int8_t q[K];
    float d[K / 32], ds[K / 32], y[ROWS];
    int16_t s16[K / 16];
    size_t formats = 0;
    for (uint32_t type = 0; type < 64; type++) {
        const hr_format_info *f = hr_format_of(type);
        if (f == NULL || !f->runs) continue;
        formats++;
        bool least = type == HR_TYPE_Q4_1 || type == HR_TYPE_Q5_1 || type == HR_TYPE_Q2_K
                     || type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K;
        for (size_t b = 0; b < ROWS * K / f->block; b++) { /* bytes 0x20-0x3f: any two of them are an ordinary half */
            for (size_t i = 0; i < f->bytes; i++) {
                weight_bytes[b * f->bytes + i] = (uint8_t)(0x20 + (int)(random_unit() * 15.9f + 16.0f));
            }
            if (type == HR_TYPE_MXFP4) weight_bytes[b * f->bytes] = 125;
        }
        for (size_t i = 0; i < K; i++) x[i] = random_unit();
        for (size_t r = 0; r < ROWS; r++) hr_dequant_row(f, weight_bytes + r * K / f->block * f->bytes, K,
                                                         values + r * K);
        REFERENCE(quant_a8, hr_quant_fn)(x, K, q, d, ds, s16);
        hr_act act = {1, K, x, K, q, d, ds, s16};
        hr_matmul_args a = {weight_bytes, ROWS, K, &act, y, ROWS};
        ((hr_matmul_fn *)reference_fn(hr_matmul_op(type)))(&a, 0, ROWS);
        for (size_t r = 0; r < ROWS; r++) {
            double sum = 0, size = 0;
            for (size_t i = 0; i < K; i++) {
                double v = f->quantized ? (double)q[i] * (double)d[i / 32] : (double)x[i], w = (double)values[r * K + i];
                sum += w * v;
                /* a value with a minimum is a difference: its two terms are up to |w| + 2 |min| in size, and the
                 * minimum here is below 63 * 2 */
                size += (fabs(w) + (least ? 256.0 : 0.0)) * fabs(v);
            }
            /* quantized: two fma a slice, products d * da and ds rounded, the values themselves rounded once */
            double n = f->quantized ? 2.0 * K / 32 + 6 : K;
            if (!T_NEAR((double)y[r], sum, n * unit * 1.001 * size)) printf("    %s row %zu\n", f->name, r);
        }
    }
    T_EQ_U(formats, 18);
}

/* The step s is at most amax / 120.4, so |x - q s| <= s / 2; least squares moves d from s by at most
 * (s / 2) sum|q| / sum q^2. Roundings: 127.5 steps times 4 u. And the block loses no more than plain a / 127 does, but for
 * the error that r = y - rint(y) carries from y = x * (L / a): 127 times 2 u in each of 32 elements. */
static void check_a8_block(const float *block, size_t n, const int8_t *q, float d, float ds, const int16_t *s16) {
    double amax = 0, qq = 0, abs_q = 0, loss = 0, plain = 0;
    int sum = 0;
    for (size_t i = 0; i < n; i++) amax = fmax(amax, fabs((double)block[i]));
    for (size_t i = 0; i < 32; i++) sum += q[i], qq += q[i] * q[i], abs_q += abs(q[i]);
    T_EQ_I(s16[0] + s16[1], sum);
    T_CHECK(ds == d * (float)sum);
    if (amax < 0x1p-100) {
        T_CHECK(d == 0.0f && qq == 0);
        return;
    }
    double step = amax / 120.4, s127 = amax / 127;
    for (size_t i = 0; i < 32; i++) {
        double want = i < n ? (double)block[i] : 0.0, got = (double)q[i] * (double)d;
        T_NEAR(got, want, step * (0.5 + 0.5 * abs(q[i]) * abs_q / qq + 127.5 * 4 * unit));
        loss += (got - want) * (got - want);
        double p = rint(want / s127) * s127 - want;
        plain += p * p;
    }
    T_CHECK(sqrt(loss) <= sqrt(plain) + sqrt(32.0) * step * 127 * 4 * unit);
}

T_TEST(quantization_of_activations) {
    float d[4], ds[4];
    int8_t q[128];
    int16_t s16[8];
    for (int turn = 0; turn < 200; turn++) {
        float scale = ldexpf(1.0f, turn - 100);
        for (size_t i = 0; i < 100; i++) x[i] = random_unit() * scale;
        REFERENCE(quant_a8, hr_quant_fn)(x, 100, q, d, ds, s16);
        for (size_t b = 0; b < 4; b++) check_a8_block(x + 32 * b, b < 3 ? 32 : 4, q + 32 * b, d[b], ds[b], s16 + 2 * b);
    }
    x[40] = NAN;
    x[70] = INFINITY;
    REFERENCE(quant_a8, hr_quant_fn)(x, 100, q, d, ds, s16);
    T_CHECK(d[0] == d[0] && d[1] != d[1] && d[2] != d[2] && d[3] == d[3] && q[40] == 0 && s16[2] == 0);
}

/* Of a block whose largest value is a, each value is at most a / 254 from its integer's value (and two roundings of 127 steps
 * away); a product of two such sums errs by |x| dw + |w| dx + dw dx. The chain: two blocks, product of scales, conversion. */
T_TEST(fast_products) {
    int8_t q[HR_FAST_TILE * K];
    float d[HR_FAST_TILE * 2], y[ROWS];
    int32_t sum[HR_FAST_TILE * 2];
    for (uint32_t type = 0; type < 64; type++) {
        const hr_format_info *f = hr_format_of(type);
        if (f == NULL || !f->runs || !f->quantized) continue;
        for (size_t i = 0; i < ROWS * K / f->block * f->bytes; i++) {
            weight_bytes[i] = (uint8_t)(0x20 + (int)(random_unit() * 15.9f + 16.0f));
        }
        for (size_t b = 0; b < ROWS * K / f->block && type == HR_TYPE_MXFP4; b++) weight_bytes[b * f->bytes] = 125;
        for (size_t i = 0; i < K; i++) x[i] = random_unit();
        memset(q, 0, sizeof q);
        REFERENCE(quant_fast, hr_quant_fast_fn)(x, K, q, d, sum);
        hr_fast_act act = {1, K, q, d, sum};
        hr_fast_args a = {weight_bytes, type, 1, ROWS, K, &act, y, ROWS};
        REFERENCE(matmul_fast, hr_fast_fn)(&a, 0, ROWS);
        for (size_t r = 0; r < ROWS; r++) {
            double want = 0, error = 0, size = 0;
            hr_dequant_row(f, weight_bytes + r * K / f->block * f->bytes, K, values);
            for (size_t b = 0; b < K; b += HR_FAST_BLOCK) {
                double top_w = 0, top_x = 0, total = 0;
                for (size_t i = b; i < b + HR_FAST_BLOCK; i++) {
                    top_w = fmax(top_w, fabs((double)values[i])), top_x = fmax(top_x, fabs((double)x[i]));
                    total += (double)q[i / 4 * 4 * HR_FAST_TILE + i % 4];
                }
                T_EQ_I(sum[b / HR_FAST_BLOCK * HR_FAST_TILE], (int)total);
                double dw = top_w / 254 + top_w * 4 * unit, dx = top_x / 254 + top_x * 4 * unit;
                for (size_t i = b; i < b + HR_FAST_BLOCK; i++) {
                    double w = (double)values[i], v = (double)x[i];
                    want += w * v, error += fabs(v) * dw + fabs(w) * dx + dw * dx, size += (fabs(w) + dw) * (fabs(v) + dx);
                }
            }
            if (!T_NEAR((double)y[r], want, error + 6 * unit * size)) printf("    %s row %zu\n", f->name, r);
        }
    }
}

T_TEST(norms) {
    float w[K], b[K], y[K];
    for (size_t n = 1; n <= K; n = n * 2 + 3) {
        double sum = 0, square = 0, spread = 0, size = 0;
        for (size_t i = 0; i < n; i++) x[i] = random_unit() + 0.25f, w[i] = random_unit(), b[i] = random_unit();
        for (size_t i = 0; i < n; i++) sum += (double)x[i], size += fabs((double)x[i]),
            square += (double)x[i] * (double)x[i];
        double mean = sum / (double)n, r = 1 / sqrt(square / (double)n + 1e-5);
        for (size_t i = 0; i < n; i++) spread += ((double)x[i] - mean) * ((double)x[i] - mean);
        /* all terms of the sum are positive: a lane of n / 16 + 1 steps and the tree of 4; then / + sqrt / * * */
        double relative = ((double)n / 16 + 5) / 2 * unit + 6 * unit;
        REFERENCE(rmsnorm, hr_norm_fn)(x, w, NULL, 1e-5f, n, y);
        for (size_t i = 0; i < n; i++) T_NEAR((double)y[i], (double)x[i] * r * (double)w[i],
                                              relative * fabs((double)x[i] * r) * 1.01);
        REFERENCE(layernorm, hr_norm_fn)(x, w, b, 1e-5f, n, y);
        double r2 = 1 / sqrt(spread / (double)n + 1e-5), shift = ((double)n / 16 + 6) * unit * size / (double)n;
        for (size_t i = 0; i < n; i++) {
            double c = (double)x[i] - mean;
            /* the mean's own error moves every element; a second-order part of it, and its part in r, are in the 2 */
            T_NEAR((double)y[i], c * r2 * (double)w[i] + (double)b[i],
                   2 * ((shift + unit) * r2 * (1 + fabs(c) * r2) + relative * fabs(c) * r2) + unit * 4);
        }
    }
}

T_TEST(gates) { /* fmath.h's errors in ulp of 2 u, and one u for each operation round them */
    float y[K], up[K];
    for (int turn = 0; turn < 20; turn++) {
        for (size_t i = 0; i < K; i++) x[i] = random_unit() * 8.0f, up[i] = random_unit() * 9.0f;
#define CHECK_GATE(op, exact, error) \
        REFERENCE(op, hr_act_fn)(x, up, K, y); \
        for (size_t i = 0; i < K; i++) { \
            double g = (double)x[i], u = (double)up[i], want = (exact), allowed = (error) * unit; \
            (void)u; \
            if (!T_NEAR((double)y[i], want, allowed)) { printf("    " #op " of %g, %g\n", g, u); return; } \
        }
        CHECK_GATE(silu, g / (1 + exp(-g)) * u, 8 * fabs(want) + 1e-30)
        CHECK_GATE(relu2, (g > 0 ? g * g : 0) * u, 2 * fabs(want))
        /* 1 + tanh and 1 + erf cancel below zero: absolute errors of a few u, times g u / 2; the argument's error of 4 u
         * times x f'(x) < 1 adds as much again */
        CHECK_GATE(gelu_tanh, 0.5 * g * (1 + tanh(0.79788456080286536 * (g + 0.044715 * g * g * g))) * u,
                   8 * fabs(g * u) + 1e-30)
        CHECK_GATE(gelu_erf, 0.5 * g * (1 + erf(g * 0.70710678118654752)) * u, 8 * fabs(g * u) + 1e-30)
        CHECK_GATE(swiglu_oai, fmin(g, 7) / (1 + exp(-1.702 * fmin(g, 7))) * (fmax(fmin(u, 7), -7) + 1),
                   (12 + 8 * 1.702 * fabs(g)) * fabs(want) + 1e-30)
#undef CHECK_GATE
    }
}

T_TEST(rope_turns_and_keeps_length) {
    float v[64], w[64], c[32], s[32];
    for (size_t i = 0; i < 32; i++) c[i] = (float)cos(0.1 * (double)i), s[i] = (float)sin(0.1 * (double)i);
    for (size_t i = 0; i < 64; i++) v[i] = w[i] = random_unit();
    REFERENCE(rope_norm, hr_rope_fn)(v, 1, 64, 48, c, s);
    for (size_t i = 0; i < 24; i++) { /* complex multiplication; two roundings, terms of at most 1 */
        T_NEAR((double)v[2 * i], (double)w[2 * i] * (double)c[i] - (double)w[2 * i + 1] * (double)s[i], 3 * unit);
        T_NEAR((double)v[2 * i + 1], (double)w[2 * i] * (double)s[i] + (double)w[2 * i + 1] * (double)c[i], 3 * unit);
    }
    T_EQ_MEM(v + 48, w + 48, 64);
    memcpy(v, w, sizeof v);
    REFERENCE(rope_neox, hr_rope_fn)(v, 1, 64, 48, c, s);
    for (size_t i = 0; i < 24; i++) {
        T_NEAR((double)v[i], (double)w[i] * (double)c[i] - (double)w[i + 24] * (double)s[i], 3 * unit);
        T_NEAR((double)v[i + 24], (double)w[i] * (double)s[i] + (double)w[i + 24] * (double)c[i], 3 * unit);
    }
    T_EQ_MEM(v + 48, w + 48, 64);
}

T_TEST(attention_in_two_pages) { /* pages and merge against one f64 softmax over both */
    enum { D = 32 };
    static float q[D], k[2][D * 64], v[2][64 * D], o[2][D];
    float m[2], l[2];
    uint8_t lo[2] = {5, 0}, hi[2] = {64, 23};
    for (int turn = 0; turn < 2; turn++) {
        double p[2][64], top = -1e300, sum = 0, cap = turn ? 3.0 : 0.0;
        for (size_t i = 0; i < D; i++) q[i] = 3 * random_unit();
        for (int g = 0; g < 2; g++) {
            for (size_t i = 0; i < D * 64; i++) k[g][i] = random_unit(), v[g][i] = random_unit();
            hr_attn_args a = {.n = 1, .dk = D, .dv = D, .q = q, .q_stride = D, .k = k[g], .v = v[g], .scale = 0.5f,
                              .softcap = (float)cap, .lo = &lo[g], .hi = &hi[g], .o = o[g], .m = &m[g], .l = &l[g]};
            REFERENCE(attn_page_f32, hr_attn_page_fn)(&a);
            for (size_t t = lo[g]; t < hi[g]; t++) {
                p[g][t] = 0;
                for (size_t i = 0; i < D; i++) p[g][t] += 0.5 * (double)q[i] * (double)k[g][i * 64 + t];
                if (cap > 0) p[g][t] = cap * tanh(p[g][t] / cap);
                if (p[g][t] > top) top = p[g][t];
            }
        }
        for (int g = 0; g < 2; g++) for (size_t t = lo[g]; t < hi[g]; t++) sum += p[g][t] = exp(p[g][t] - top);
        REFERENCE(attn_merge, hr_attn_merge_fn)(&m[0], &l[0], o[0], m[1], l[1], o[1], D);
        for (size_t i = 0; i < D; i++) {
            double want = 0;
            for (int g = 0; g < 2; g++) for (size_t t = lo[g]; t < hi[g]; t++) want += p[g][t] / sum * (double)v[g][t * D + i]
                ;
            /* a score errs by (D + 4) u * 48 (|q k| / 2 summed), the weights by e to that, twice (p and l); the chains
             * over 64 positions and the merge by 80 u; |v| <= 1 */
            T_NEAR((double)o[0][i] / (double)l[0], want, (2 * (D + 4) * 48 + 80) * unit);
        }
    }
}

T_MAIN(T_RUN(matmul), T_RUN(quantization_of_activations), T_RUN(fast_products), T_RUN(norms), T_RUN(gates),
       T_RUN(rope_turns_and_keeps_length),
       T_RUN(attention_in_two_pages))
