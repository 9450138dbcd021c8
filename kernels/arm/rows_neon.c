/* rows_neon.c: rows and float weights in NEON: kernels/rows4.h. F16 weights, 16 rows x 4 tokens: 16 fmla, 4 loads and 4
 * conversions of weights, 4 loads of tokens for 64 multiply-adds (0.44 instructions each). */
#if defined(__GNUC__) && defined(__aarch64__) && !defined(HR_NO_NEON)
#include "kernels/rows4.h"

#define ROWS_NEON_GATE(op) \
    static void op##_neon(const float *gate, const float *up, size_t n, float *y) { \
        rows4_gate(HR_OP_##op, gate, up, n, y); \
    }
ROWS_NEON_GATE(silu)
ROWS_NEON_GATE(gelu_tanh)
ROWS_NEON_GATE(gelu_erf)
ROWS_NEON_GATE(relu2)
ROWS_NEON_GATE(swiglu_oai)
#undef ROWS_NEON_GATE

static void quant_a8_neon(const float *x, size_t k, int8_t *q, float *d, float *ds, int16_t *s16) {
    rows4_quant(x, k, q, d, ds, s16);
}
static void rmsnorm_neon(const float *x, const float *w, const float *b, float eps, size_t n, float *y) {
    rows4_norm(x, w, b, eps, n, false, y);
}
static void layernorm_neon(const float *x, const float *w, const float *b, float eps, size_t n, float *y) {
    rows4_norm(x, w, b, eps, n, true, y);
}
static void rope_norm_neon(float *x, size_t heads, size_t stride, size_t n_rot, const float *cosv,
                           const float *sinv) {
    rows4_rope_norm(x, heads, stride, n_rot, cosv, sinv);
}
static void rope_neox_neon(float *x, size_t heads, size_t stride, size_t n_rot, const float *cosv,
                           const float *sinv) {
    rows4_rope_neox(x, heads, stride, n_rot, cosv, sinv);
}
static void attn_page_f32_neon(const hr_attn_args *a) { rows4_page_f32(a); }
static void attn_page_i8_neon(const hr_attn_args *a) { rows4_page_i8(a); }
static void kv_f16_neon(const uint16_t *h, size_t n, float *x) { rows4_kv_f16(h, n, x); }
static void kv_q4_neon(const uint8_t *b, size_t rows, size_t half, size_t stride, int8_t *q) {
    rows4_kv_q4(b, rows, half, stride, q);
}
static void attn_merge_neon(float *m, float *l, float *o, float pm, float pl, const float *po, size_t dv) {
    rows4_merge(m, l, o, pm, pl, po, dv);
}
static void matmul_f32_neon(const hr_matmul_args *a, size_t g0, size_t g1) {
    rows4_float_matmul(HR_TYPE_F32, a, g0, g1);
}
static void matmul_f16_neon(const hr_matmul_args *a, size_t g0, size_t g1) {
    rows4_float_matmul(HR_TYPE_F16, a, g0, g1);
}
static void matmul_bf16_neon(const hr_matmul_args *a, size_t g0, size_t g1) {
    rows4_float_matmul(HR_TYPE_BF16, a, g0, g1);
}

HR_KERNEL(quant_a8, quant_a8_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(rmsnorm, rmsnorm_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(layernorm, layernorm_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(rope_norm, rope_norm_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(rope_neox, rope_neox_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(silu, silu_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(gelu_tanh, gelu_tanh_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(gelu_erf, gelu_erf_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(relu2, relu2_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(swiglu_oai, swiglu_oai_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(attn_page_f32, attn_page_f32_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(attn_page_i8, attn_page_i8_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(kv_f16, kv_f16_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(kv_q4, kv_q4_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(attn_merge, attn_merge_neon, HR_ISA_NEON, 5, 1, 1)
HR_KERNEL(matmul_f32, matmul_f32_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_f16, matmul_f16_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_bf16, matmul_bf16_neon, HR_ISA_NEON, 5, 16, 4)
#else
typedef int hr_no_rows_neon; /* a file may not be empty */
#endif
