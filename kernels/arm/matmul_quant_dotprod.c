/* matmul_quant_dotprod.c: quantized weights in packs times int8 activations with sdot (ARMv8.2: Cortex-A76, Neoverse N1, M1).
 *
 * A lane is a row: 16 rows x 4 tokens in 16 accumulators over slices of 32 elements (kernels/slice16.h). A token's 16 bytes
 * are loaded once, and sdot takes its four by element. Inner loop, 16 elements: 64 sdot, 16 loads of weights, 4 of tokens
 * for 1024 multiply-adds (0.08 instructions each). The instruction is written as such: clang 14 hides the intrinsic, and
 * gcc 12 copies the accumulators of its own. */
#if defined(__GNUC__) && defined(__aarch64__) && !defined(HR_NO_NEON) && !defined(HR_NO_DOTPROD)
#include "kernels/slice16.h"
#include <arm_neon.h>

#if defined(__clang__)
#define DOT_Q_T __attribute__((target("dotprod")))
#else
#define DOT_Q_T __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#if defined(__OPTIMIZE__)
#define DOT_Q_INLINE static inline __attribute__((always_inline, unused)) DOT_Q_T
#else
#define DOT_Q_INLINE static __attribute__((unused)) DOT_Q_T
#endif

#define DOT_TOKENS(X) X(0) X(1) X(2) X(3)
#define DOT_ADD(acc, w, q, lane) __asm__("sdot %0.4s, %1.16b, %2.4b[" #lane "]" : "+w"(acc) : "w"(w), "w"(q));

DOT_Q_INLINE void dotprod_run_step(const int kind, const int nt, const int step, const hr_slice16 *s, const hr_act *x, size_t at,
                                   size_t n, float *acc, float *part) {
    const int8_t *q = x->q + 32 * at + 16 * step, *w = s->w[4 * step], *end = w + (kind >= HR_S16_SUB ? 256 : 512);
    const size_t k = 32 * n;
#define DOT_START(t) int32x4_t a##t = vdupq_n_s32(0), b##t = a##t, c##t = a##t, d##t = a##t; int8x16_t q##t = vdupq_n_s8(0);
    DOT_TOKENS(DOT_START)
#undef DOT_START
    for (; w < end; w += 256, q += 16) {
#define DOT_LOAD(t) if (nt > t) q##t = vld1q_s8(q + t * k);
        DOT_TOKENS(DOT_LOAD)
#undef DOT_LOAD
        int8x16_t v0, v1, v2, v3;
#define DOT_TOKEN(t, lane) if (nt > t) { \
        DOT_ADD(a##t, v0, q##t, lane) DOT_ADD(b##t, v1, q##t, lane) DOT_ADD(c##t, v2, q##t, lane) DOT_ADD(d##t, v3, q##t, lane) \
    }
#define DOT_QUAD(g) \
        v0 = vld1q_s8(w + 64 * g), v1 = vld1q_s8(w + 64 * g + 16), v2 = vld1q_s8(w + 64 * g + 32); \
        v3 = vld1q_s8(w + 64 * g + 48); \
        DOT_TOKEN(0, g) DOT_TOKEN(1, g) DOT_TOKEN(2, g) DOT_TOKEN(3, g) \
        __asm__ volatile("" ::: "memory"); /* gcc 12 would load all sixteen vectors first, and spill */
        DOT_QUAD(0) DOT_QUAD(1) DOT_QUAD(2) DOT_QUAD(3)
#undef DOT_QUAD
#undef DOT_TOKEN
    }
#define DOT_END(t) if (nt > t) { \
        hr_slice16_end(kind, step, s, x, at + t * n, 0, (hr_v4i)a##t, acc + 16 * t, part + 16 * t); \
        hr_slice16_end(kind, step, s, x, at + t * n, 4, (hr_v4i)b##t, acc + 16 * t, part + 16 * t); \
        hr_slice16_end(kind, step, s, x, at + t * n, 8, (hr_v4i)c##t, acc + 16 * t, part + 16 * t); \
        hr_slice16_end(kind, step, s, x, at + t * n, 12, (hr_v4i)d##t, acc + 16 * t, part + 16 * t); \
    }
    DOT_TOKENS(DOT_END)
#undef DOT_END
}
#undef DOT_ADD
#undef DOT_TOKENS

DOT_Q_INLINE void dotprod_run_tile(const int kind, const int nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n,
                                   float *acc) {
    float part[16 * HR_S16_TILE];
    dotprod_run_step(kind, nt, 0, s, x, at, n, acc, part);
    if (kind >= HR_S16_SUB) dotprod_run_step(kind, nt, 1, s, x, at, n, acc, part);
}

#define DOT_Q_TILES(name, kind) \
    DOT_Q_T static __attribute__((noinline)) void name(size_t nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n, \
                                                   float *acc) { \
        switch (nt) { \
        case 1: dotprod_run_tile(kind, 1, s, x, at, n, acc); break; \
        case 2: dotprod_run_tile(kind, 2, s, x, at, n, acc); break; \
        case 3: dotprod_run_tile(kind, 3, s, x, at, n, acc); break; \
        default: dotprod_run_tile(kind, 4, s, x, at, n, acc); break; \
        } \
    }
DOT_Q_TILES(dotprod_tiles_plain, HR_S16_PLAIN)
DOT_Q_TILES(dotprod_tiles_wide, HR_S16_WIDE)
DOT_Q_TILES(dotprod_tiles_min, HR_S16_MIN)
DOT_Q_TILES(dotprod_tiles_sub, HR_S16_SUB)
DOT_Q_TILES(dotprod_tiles_sub_min, HR_S16_SUB_MIN)
static hr_tile16_fn *const dotprod_tiles[HR_S16_KINDS] = {dotprod_tiles_plain, dotprod_tiles_wide, dotprod_tiles_min,
                                                          dotprod_tiles_sub, dotprod_tiles_sub_min};

#define DOT_Q_KERNEL(op, type, block, bytes) \
    DOT_Q_T static void matmul_##op##_dotprod(const hr_matmul_args *a, size_t g0, size_t g1) { \
        hr_slice16_matmul(HR_TYPE_##type, block / 32, bytes, NULL, dotprod_tiles, a, g0, g1); \
    }
HR_S16_FORMATS(DOT_Q_KERNEL)
#undef DOT_Q_KERNEL
#undef DOT_Q_TILES
#undef DOT_Q_INLINE
#undef DOT_Q_T

HR_KERNEL(matmul_q4_0, matmul_q4_0_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q4_1, matmul_q4_1_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q5_0, matmul_q5_0_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q5_1, matmul_q5_1_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q8_0, matmul_q8_0_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q2_k, matmul_q2_k_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q3_k, matmul_q3_k_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q4_k, matmul_q4_k_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q5_k, matmul_q5_k_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_q6_k, matmul_q6_k_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_iq4_nl, matmul_iq4_nl_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_iq4_xs, matmul_iq4_xs_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_mxfp4, matmul_mxfp4_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_tq1_0, matmul_tq1_0_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
HR_KERNEL(matmul_tq2_0, matmul_tq2_0_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 15, 16, 4)
#else
typedef int hr_no_matmul_quant_dotprod; /* a file may not be empty */
#endif
