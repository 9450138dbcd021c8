/* rows_sse41.c: rows and float weights for x86 without AVX2: kernels/rows4.h with the fused multiply-add emulated. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_SSE41)
#include "kernels/rows4.h"

#define ROWS_SSE41_GATE(op) \
    HR_T_SSE41 static void op##_sse41(const float *gate, const float *up, size_t n, float *y) { \
        rows4_gate(HR_OP_##op, gate, up, n, y); \
    }
ROWS_SSE41_GATE(silu)
ROWS_SSE41_GATE(gelu_tanh)
ROWS_SSE41_GATE(gelu_erf)
ROWS_SSE41_GATE(relu2)
ROWS_SSE41_GATE(swiglu_oai)
#undef ROWS_SSE41_GATE

HR_T_SSE41 static void quant_a8_sse41(const float *x, size_t k, int8_t *q, float *d, float *ds, int16_t *s16) {
    rows4_quant(x, k, q, d, ds, s16);
}
HR_T_SSE41 static void rmsnorm_sse41(const float *x, const float *w, const float *b, float eps, size_t n, float *y) {
    rows4_norm(x, w, b, eps, n, false, y);
}
HR_T_SSE41 static void layernorm_sse41(const float *x, const float *w, const float *b, float eps, size_t n, float *y) {
    rows4_norm(x, w, b, eps, n, true, y);
}
HR_T_SSE41 static void rope_norm_sse41(float *x, size_t heads, size_t stride, size_t n_rot, const float *cosv,
                                       const float *sinv) {
    rows4_rope_norm(x, heads, stride, n_rot, cosv, sinv);
}
HR_T_SSE41 static void rope_neox_sse41(float *x, size_t heads, size_t stride, size_t n_rot, const float *cosv,
                                       const float *sinv) {
    rows4_rope_neox(x, heads, stride, n_rot, cosv, sinv);
}
HR_T_SSE41 static void attn_page_f32_sse41(const hr_attn_args *a) { rows4_page_f32(a); }
HR_T_SSE41 static void attn_page_i8_sse41(const hr_attn_args *a) { rows4_page_i8(a); }
HR_T_SSE41 static void kv_f16_sse41(const uint16_t *h, size_t n, float *x) { rows4_kv_f16(h, n, x); }
HR_T_SSE41 static void kv_q4_sse41(const uint8_t *b, size_t rows, size_t half, size_t stride, int8_t *q) {
    rows4_kv_q4(b, rows, half, stride, q);
}
HR_T_SSE41 static void attn_merge_sse41(float *m, float *l, float *o, float pm, float pl, const float *po, size_t dv) {
    rows4_merge(m, l, o, pm, pl, po, dv);
}
HR_T_SSE41 static void matmul_f32_sse41(const hr_matmul_args *a, size_t g0, size_t g1) {
    rows4_float_matmul(HR_TYPE_F32, a, g0, g1);
}
HR_T_SSE41 static void matmul_f16_sse41(const hr_matmul_args *a, size_t g0, size_t g1) {
    rows4_float_matmul(HR_TYPE_F16, a, g0, g1);
}
HR_T_SSE41 static void matmul_bf16_sse41(const hr_matmul_args *a, size_t g0, size_t g1) {
    rows4_float_matmul(HR_TYPE_BF16, a, g0, g1);
}

HR_KERNEL(quant_a8, quant_a8_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(rmsnorm, rmsnorm_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(layernorm, layernorm_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(rope_norm, rope_norm_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(rope_neox, rope_neox_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(silu, silu_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(gelu_tanh, gelu_tanh_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(gelu_erf, gelu_erf_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(relu2, relu2_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(swiglu_oai, swiglu_oai_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(attn_page_f32, attn_page_f32_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(attn_page_i8, attn_page_i8_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(kv_f16, kv_f16_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(kv_q4, kv_q4_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(attn_merge, attn_merge_sse41, HR_ISA_SSE41, 5, 1, 1)
HR_KERNEL(matmul_f32, matmul_f32_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_f16, matmul_f16_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_bf16, matmul_bf16_sse41, HR_ISA_SSE41, 5, 16, 4)
#else
typedef int hr_no_rows_sse41; /* a file may not be empty */
#endif
