/* vector.c: the specification of everything over one row: activation quantization, norms, rope, gated activations. */
#include "engine/base/fmath.h"
#include "kernels/kernel.h"

/* --- quant_a8 --------------------------------------------------------------------------------------------------------------- */
static float sum_lanes(float *lane /* [16], used up */) {
    for (size_t half = 8; half >= 1; half /= 2) {
        for (size_t j = 0; j < half; j++) lane[j] += lane[j + half];
    }
    return lane[0];
}

/* Of HR_A8_TRIES scales the one that loses least: steps of a/127, a/126.4, ... differ in how the elements fall between
 * their marks. */
static float pick_levels(const float *x, size_t n, float amax) {
    float best = 127.0f, least = 0.0f;
    for (int i = 0; i < HR_A8_TRIES; i++) {
        float levels = 127.0f - 0.6f * (float)i, id = levels / amax, lane[16] = {0};
        for (size_t k = 0; k < n; k++) {
            float y = x[k] * id, r = y - hr_rintf(y);
            lane[k % 16] = hr_fma(r, r, lane[k % 16]);
        }
        float e = sum_lanes(lane) * (1.0f / (levels * levels));
        if (i == 0 || e < least) least = e, best = levels;
    }
    return best;
}

static void quant_block(const float *x, size_t n, int8_t *q, float *d, float *ds, int16_t *s16) {
    uint32_t top = 0;
    int32_t sum[2] = {0, 0}, qq = 0;
    float lane[16] = {0};
    for (size_t i = 0; i < n; i++) {
        uint32_t a = hr_f32_bits(x[i]) & 0x7fffffffu;
        if (a > top) top = a;
    }
    bool finite = top < 0x7f800000u, some = finite && top >= 0x0d800000u; /* 2^-100 */
    float amax = hr_f32_from_bits(top), id = some ? pick_levels(x, n, amax) / amax : 0.0f;
    for (size_t i = 0; i < 32; i++) {
        int32_t v = i < n && some ? (int32_t)hr_rintf(x[i] * id) : 0;
        q[i] = (int8_t)v;
        sum[i / 16] += v;
        qq += v * v;
        if (i < n && some) lane[i % 16] = hr_fma(x[i], (float)v, lane[i % 16]);
    }
    s16[0] = (int16_t)sum[0];
    s16[1] = (int16_t)sum[1];
    *d = !finite ? hr_f32_from_bits(HR_NAN_BITS) : some ? sum_lanes(lane) / (float)qq : 0.0f;
    *ds = *d * (float)(sum[0] + sum[1]);
}

static void quant_a8_c(const float *x, size_t k, int8_t *q, float *d, float *ds, int16_t *s16) {
    for (size_t j = 0; j * 32 < k; j++) {
        quant_block(x + 32 * j, hr_min_size(k - 32 * j, 32), q + 32 * j, d + j, ds + j, s16 + 2 * j);
    }
}

HR_KERNEL(quant_a8, quant_a8_c, HR_ISA_C, 0, 1, 1)

/* --- norms ------------------------------------------------------------------------------------------------------------------- */
static void rmsnorm_c(const float *x, const float *w, const float *b, float eps, size_t n, float *y) {
    float lane[16] = {0};
    for (size_t i = 0; i < n; i++) lane[i % 16] = hr_fma(x[i], x[i], lane[i % 16]);
    float r = 1.0f / hr_sqrtf(sum_lanes(lane) / (float)n + eps);
    for (size_t i = 0; i < n; i++) {
        float v = x[i] * r;
        if (w != NULL && b != NULL) v = hr_fma(v, w[i], b[i]);
        else if (w != NULL) v *= w[i];
        y[i] = v;
    }
}

static void layernorm_c(const float *x, const float *w, const float *b, float eps, size_t n, float *y) {
    float lane[16] = {0}, square[16] = {0};
    for (size_t i = 0; i < n; i++) lane[i % 16] += x[i];
    float mean = sum_lanes(lane) / (float)n;
    for (size_t i = 0; i < n; i++) {
        float c = x[i] - mean;
        square[i % 16] = hr_fma(c, c, square[i % 16]);
    }
    float r = 1.0f / hr_sqrtf(sum_lanes(square) / (float)n + eps);
    for (size_t i = 0; i < n; i++) {
        float v = (x[i] - mean) * r;
        if (w != NULL && b != NULL) v = hr_fma(v, w[i], b[i]);
        else if (w != NULL) v *= w[i];
        y[i] = v;
    }
}

HR_KERNEL(rmsnorm, rmsnorm_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(layernorm, layernorm_c, HR_ISA_C, 0, 1, 1)

/* --- rope --------------------------------------------------------------------------------------------------------------------- */
static void rotate_pair(float *x0, float *x1, float c, float s) {
    float a = *x0, b = *x1;
    *x0 = hr_fma(a, c, -(b * s));
    *x1 = hr_fma(a, s, b * c);
}

static void rope_norm_c(float *x, size_t heads, size_t head_stride, size_t n_rot, const float *cosv, const float *sinv) {
    for (size_t h = 0; h < heads; h++, x += head_stride) {
        for (size_t i = 0; i < n_rot / 2; i++) rotate_pair(&x[2 * i], &x[2 * i + 1], cosv[i], sinv[i]);
    }
}

static void rope_neox_c(float *x, size_t heads, size_t head_stride, size_t n_rot, const float *cosv, const float *sinv) {
    for (size_t h = 0; h < heads; h++, x += head_stride) {
        for (size_t i = 0; i < n_rot / 2; i++) rotate_pair(&x[i], &x[i + n_rot / 2], cosv[i], sinv[i]);
    }
}

HR_KERNEL(rope_norm, rope_norm_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(rope_neox, rope_neox_c, HR_ISA_C, 0, 1, 1)

/* --- training -------------------------------------------------------------------------------------------------------------------- */
static float exp_sum_c(const float *x, size_t n, float shift, float *y) {
    float lane[16] = {0};
    for (size_t i = 0; i < n; i++) {
        y[i] = hr_expf(x[i] - shift);
        lane[i % 16] += y[i];
    }
    return sum_lanes(lane);
}

HR_KERNEL(exp_sum, exp_sum_c, HR_ISA_C, 0, 1, 1)

/* --- gated activations ---------------------------------------------------------------------------------------------------------- */
static float silu_of(float g) { return g * hr_sigmoidf(g); }
/* 0.5 g (1 + tanh(sqrt(2/pi) g (1 + 0.044715 g^2))) */
static float gelu_tanh_of(float g) {
    float inner = hr_fma(0.044715f, g * g, 1.0f) * (g * 0.797884561f);
    return (0.5f * g) * (1.0f + hr_tanhf(inner));
}
static float gelu_erf_of(float g) { return (0.5f * g) * (1.0f + hr_erff(g * 0.707106781f)); }
static float relu2_of(float g) {
    float p = g > 0.0f ? g : 0.0f;
    return p * p;
}

static void apply_gate(const float *gate, const float *up, size_t n, float *y, float (*f)(float)) {
    for (size_t i = 0; i < n; i++) y[i] = up != NULL ? f(gate[i]) * up[i] : f(gate[i]);
}

static void silu_c(const float *gate, const float *up, size_t n, float *y) { apply_gate(gate, up, n, y, silu_of); }
static void gelu_tanh_c(const float *gate, const float *up, size_t n, float *y) {
    apply_gate(gate, up, n, y, gelu_tanh_of);
}
static void gelu_erf_c(const float *gate, const float *up, size_t n, float *y) {
    apply_gate(gate, up, n, y, gelu_erf_of);
}
static void relu2_c(const float *gate, const float *up, size_t n, float *y) { apply_gate(gate, up, n, y, relu2_of); }

static void swiglu_oai_c(const float *gate, const float *up, size_t n, float *y) {
    for (size_t i = 0; i < n; i++) {
        float g = gate[i] < 7.0f ? gate[i] : 7.0f, s = g * hr_sigmoidf(1.702f * g);
        if (up == NULL) {
            y[i] = s;
            continue;
        }
        float u = up[i] < 7.0f ? up[i] : 7.0f;
        u = u > -7.0f ? u : -7.0f;
        y[i] = s * (u + 1.0f);
    }
}

HR_KERNEL(silu, silu_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(gelu_tanh, gelu_tanh_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(gelu_erf, gelu_erf_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(relu2, relu2_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(swiglu_oai, swiglu_oai_c, HR_ISA_C, 0, 1, 1)
