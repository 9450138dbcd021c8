/* matmul_quant_sse41.c: quantized weights in packs times int8 activations for x86 without AVX2.
 *
 * A lane is a row, 4 rows x 4 tokens a tile over slices of 32 elements (kernels/slice16.h). A step is |w| x (q with w's
 * sign): psignb, pmaddubsw, pmaddwd, paddd; a pair is at most 2 * 128 * 127 = 32512, so nothing saturates. The fused
 * multiply-add of the float chain is emulated exactly (vec4_sse41.h), one for 32 elements. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_SSE41)
#include "kernels/slice16.h"

#define SSE_Q_T HR_T_SSE41
#if defined(__OPTIMIZE__)
#define SSE_Q_INLINE static inline __attribute__((always_inline, unused)) SSE_Q_T
#else
#define SSE_Q_INLINE static __attribute__((unused)) SSE_Q_T
#endif

SSE_Q_INLINE void sse41_run_quad(const int kind, const int nt, const int step, const hr_slice16 *s, const hr_act *x, size_t at,
                                 size_t n, size_t row, float *acc, float *part) {
    const bool sub = kind >= HR_S16_SUB;
    const int8_t *q0 = x->q + 32 * at + 16 * step, *q1 = q0 + 32 * n, *q2 = q1 + (nt > 2 ? 32 * n : 0);
    const int8_t *q3 = q2 + (nt > 3 ? 32 * n : 0), *w = s->w[4 * step] + 4 * row, *end = w + (sub ? 256 : 512);
    hr_v4i i0 = {0}, i1 = i0, i2 = i0, i3 = i0;
    for (; w < end; w += 64, q0 += 4, q1 += 4, q2 += 4, q3 += 4) {
        hr_v16i8 v = hr_v16_load(w);
        i0 = hr_v4_dot(i0, v, hr_v16_splat_quad(q0));
        if (nt > 1) i1 = hr_v4_dot(i1, v, hr_v16_splat_quad(q1));
        if (nt > 2) i2 = hr_v4_dot(i2, v, hr_v16_splat_quad(q2));
        if (nt > 3) i3 = hr_v4_dot(i3, v, hr_v16_splat_quad(q3));
    }
    hr_slice16_end(kind, step, s, x, at, row, i0, acc, part);
    if (nt > 1) hr_slice16_end(kind, step, s, x, at + n, row, i1, acc + 16, part + 16);
    if (nt > 2) hr_slice16_end(kind, step, s, x, at + 2 * n, row, i2, acc + 32, part + 32);
    if (nt > 3) hr_slice16_end(kind, step, s, x, at + 3 * n, row, i3, acc + 48, part + 48);
}

SSE_Q_INLINE void sse41_run_tile(const int kind, const int nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n,
                                 float *acc) {
    float part[16 * HR_S16_TILE];
    for (size_t row = 0; row < 16; row += 4) {
        sse41_run_quad(kind, nt, 0, s, x, at, n, row, acc, part);
        if (kind >= HR_S16_SUB) sse41_run_quad(kind, nt, 1, s, x, at, n, row, acc, part);
    }
}

#define SSE_Q_TILES(name, kind) \
    SSE_Q_T static __attribute__((noinline)) void name(size_t nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n, \
                                                   float *acc) { \
        switch (nt) { \
        case 1: sse41_run_tile(kind, 1, s, x, at, n, acc); break; \
        case 2: sse41_run_tile(kind, 2, s, x, at, n, acc); break; \
        case 3: sse41_run_tile(kind, 3, s, x, at, n, acc); break; \
        default: sse41_run_tile(kind, 4, s, x, at, n, acc); break; \
        } \
    }
SSE_Q_TILES(sse41_tiles_plain, HR_S16_PLAIN)
SSE_Q_TILES(sse41_tiles_wide, HR_S16_WIDE)
SSE_Q_TILES(sse41_tiles_min, HR_S16_MIN)
SSE_Q_TILES(sse41_tiles_sub, HR_S16_SUB)
SSE_Q_TILES(sse41_tiles_sub_min, HR_S16_SUB_MIN)
static hr_tile16_fn *const sse41_tiles[HR_S16_KINDS] = {sse41_tiles_plain, sse41_tiles_wide, sse41_tiles_min,
                                                        sse41_tiles_sub, sse41_tiles_sub_min};

#define SSE_Q_KERNEL(op, type, block, bytes) \
    SSE_Q_T static void matmul_##op##_sse41(const hr_matmul_args *a, size_t g0, size_t g1) { \
        hr_slice16_matmul(HR_TYPE_##type, block / 32, bytes, NULL, sse41_tiles, a, g0, g1); \
    }
HR_S16_FORMATS(SSE_Q_KERNEL)
#undef SSE_Q_KERNEL
#undef SSE_Q_TILES
#undef SSE_Q_INLINE
#undef SSE_Q_T

HR_KERNEL(matmul_q4_0, matmul_q4_0_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q4_1, matmul_q4_1_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q5_0, matmul_q5_0_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q5_1, matmul_q5_1_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q8_0, matmul_q8_0_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q2_k, matmul_q2_k_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q3_k, matmul_q3_k_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q4_k, matmul_q4_k_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q5_k, matmul_q5_k_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_q6_k, matmul_q6_k_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_iq4_nl, matmul_iq4_nl_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_iq4_xs, matmul_iq4_xs_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_mxfp4, matmul_mxfp4_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_tq1_0, matmul_tq1_0_sse41, HR_ISA_SSE41, 5, 16, 4)
HR_KERNEL(matmul_tq2_0, matmul_tq2_0_sse41, HR_ISA_SSE41, 5, 16, 4)
#else
typedef int hr_no_matmul_quant_sse41; /* a file may not be empty */
#endif
