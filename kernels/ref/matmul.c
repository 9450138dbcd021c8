/* matmul.c: the specification of every matrix product, over row-major blocks. Clear before fast: a slice of 32 weights is
 * decoded to integers, its dot with the activations is exact, and one chain of fused multiply-adds runs along k. */
#include "engine/base/fmath.h"
#include "kernels/dot_dsp.h"
#include "kernels/kernel.h"

/* --- float weights: one chain over every k ------------------------------------------------------------------------------- */
static float chain_f32(const uint8_t *w, const float *x, size_t k) {
    float acc = 0.0f;
    for (size_t i = 0; i < k; i++) acc = hr_fma(hr_f32_from_bits(hr_le32(w + 4 * i)), x[i], acc);
    return acc;
}
static float chain_f16(const uint8_t *w, const float *x, size_t k) {
    float acc = 0.0f;
    for (size_t i = 0; i < k; i++) acc = hr_fma(hr_f32_of_f16(hr_le16(w + 2 * i)), x[i], acc);
    return acc;
}
static float chain_bf16(const uint8_t *w, const float *x, size_t k) {
    float acc = 0.0f;
    for (size_t i = 0; i < k; i++) acc = hr_fma(hr_f32_of_bf16(hr_le16(w + 2 * i)), x[i], acc);
    return acc;
}

static void matmul_float(const hr_matmul_args *a, size_t r0, size_t r1, size_t bytes,
                         float (*chain)(const uint8_t *, const float *, size_t)) {
    for (size_t r = r0; r < r1; r++) {
        const uint8_t *w = (const uint8_t *)a->w + r * a->k * bytes;
        for (size_t t = 0; t < a->x->m; t++) {
            a->y[t * a->y_stride + r] = chain(w, a->x->f + t * a->x->f_stride, a->k);
        }
    }
}

static void matmul_f32_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_float(a, g0, g1, 4, chain_f32); }
static void matmul_f16_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_float(a, g0, g1, 2, chain_f16); }
static void matmul_bf16_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_float(a, g0, g1, 2, chain_bf16); }

HR_KERNEL(matmul_f32, matmul_f32_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_f16, matmul_f16_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_bf16, matmul_bf16_c, HR_ISA_C, 0, 1, 1)

/* --- quantized weights ---------------------------------------------------------------------------------------------------- */
static float add_slice(const hr_slice *s, const int8_t *q, float d, float ds, const int16_t *s16, float acc) {
    int32_t isum[2] = {0, 0};
#if defined(HR_DOT_DSP)
    hr_dot_dsp(s->w, q, isum);
#else
    for (int i = 0; i < 32; i++) isum[i / 16] += s->w[i] * q[i];
#endif
    int32_t t = s->sc[0] * isum[0] + s->sc[1] * isum[1];
    acc = hr_fma((float)t, s->d * d, acc);
    if (s->has_m) acc = hr_fma(s->m, ds, acc);
    if (s->has_mn) acc = hr_fma(-(float)(s->mn[0] * s16[0] + s->mn[1] * s16[1]), s->dmin * d, acc);
    return acc;
}

static void matmul_quant(const hr_matmul_args *a, size_t r0, size_t r1, uint32_t type) {
    const hr_format_info *f = hr_format_of(type);
    const hr_act *x = a->x;
    size_t slices = a->k / 32, row_bytes = a->k / f->block * f->bytes;
    hr_slice s;
    for (size_t r = r0; r < r1; r++) {
        const uint8_t *w = (const uint8_t *)a->w + r * row_bytes;
        for (size_t t = 0; t < x->m; t++) a->y[t * a->y_stride + r] = 0.0f;
        for (size_t j = 0; j < slices; j++) { /* each slice is decoded once for all tokens */
            hr_decode_slice(f, w + j * 32 / f->block * f->bytes, j * 32 % f->block / 32, &s);
            for (size_t t = 0; t < x->m; t++) {
                float *y = &a->y[t * a->y_stride + r];
                size_t at = t * slices + j;
                *y = add_slice(&s, x->q + 32 * at, x->d[at], x->ds[at], x->s16 + 2 * at, *y);
            }
        }
    }
}

static void matmul_q4_0_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q4_0); }
static void matmul_q4_1_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q4_1); }
static void matmul_q5_0_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q5_0); }
static void matmul_q5_1_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q5_1); }
static void matmul_q8_0_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q8_0); }
static void matmul_q2_k_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q2_K); }
static void matmul_q3_k_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q3_K); }
static void matmul_q4_k_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q4_K); }
static void matmul_q5_k_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q5_K); }
static void matmul_q6_k_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_Q6_K); }
static void matmul_iq4_nl_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_IQ4_NL); }
static void matmul_iq4_xs_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_IQ4_XS); }
static void matmul_mxfp4_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_MXFP4); }
static void matmul_tq1_0_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_TQ1_0); }
static void matmul_tq2_0_c(const hr_matmul_args *a, size_t g0, size_t g1) { matmul_quant(a, g0, g1, HR_TYPE_TQ2_0); }

HR_KERNEL(matmul_q4_0, matmul_q4_0_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q4_1, matmul_q4_1_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q5_0, matmul_q5_0_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q5_1, matmul_q5_1_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q8_0, matmul_q8_0_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q2_k, matmul_q2_k_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q3_k, matmul_q3_k_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q4_k, matmul_q4_k_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q5_k, matmul_q5_k_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_q6_k, matmul_q6_k_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_iq4_nl, matmul_iq4_nl_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_iq4_xs, matmul_iq4_xs_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_mxfp4, matmul_mxfp4_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_tq1_0, matmul_tq1_0_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(matmul_tq2_0, matmul_tq2_0_c, HR_ISA_C, 0, 1, 1)
