/* matmul_quant_neon.c: quantized weights in packs times int8 activations, NEON alone (ARMv8.0: Cortex-A53, A72).
 *
 * A lane is a row, 4 rows x 4 tokens a tile over slices of 32 elements (kernels/slice16.h). smlal adds one product to each
 * int16 lane, sadalp widens: after all 8 steps when |w| <= 32 (8 * 32 * 127 = 32512), after 2 for int8 weights
 * (2 * 128 * 127 = 32512). Inner loop: 21 instructions for 64 multiply-adds (0.33 each, gcc 12). */
#if defined(__GNUC__) && defined(__aarch64__) && !defined(HR_NO_NEON)
#include "kernels/slice16.h"
#include <arm_neon.h>

#define NEON_Q_T
#if defined(__OPTIMIZE__)
#define NEON_Q_INLINE static inline __attribute__((always_inline, unused)) NEON_Q_T
#else
#define NEON_Q_INLINE static __attribute__((unused)) NEON_Q_T
#endif

/* the bytes of one token against four rows */
NEON_Q_INLINE void neon_add_products(int16x8_t *low, int16x8_t *high, int8x16_t w, const int8_t *q) {
    int32_t four;
    memcpy(&four, q, sizeof four);
    int8x16_t v = vreinterpretq_s8_s32(vdupq_n_s32(four));
    *low = vmlal_s8(*low, vget_low_s8(w), vget_low_s8(v));
    *high = vmlal_high_s8(*high, w, v);
}

/* lanes: products of a row in 4 neighbours */
NEON_Q_INLINE int32x4_t neon_widen(int32x4_t sum, int16x8_t low, int16x8_t high) {
    return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}

NEON_Q_INLINE void neon_run_quad(const int kind, const int nt, const int step, const hr_slice16 *s, const hr_act *x, size_t at,
                                 size_t n, size_t row, float *acc, float *part) {
    const int run = kind == HR_S16_WIDE ? 2 : kind >= HR_S16_SUB ? 4 : 8, runs = kind == HR_S16_WIDE ? 4 : 1;
    const int8_t *q0 = x->q + 32 * at + 16 * step, *q1 = q0 + (nt > 1 ? 32 * n : 0), *q2 = q1 + (nt > 2 ? 32 * n : 0);
    const int8_t *q3 = q2 + (nt > 3 ? 32 * n : 0), *w = s->w[4 * step] + 4 * row;
    int32x4_t i0 = vdupq_n_s32(0), i1 = i0, i2 = i0, i3 = i0;
    for (int r = 0; r < runs; r++) {
        int16x8_t l0 = vdupq_n_s16(0), l1 = l0, l2 = l0, l3 = l0, h0 = l0, h1 = l0, h2 = l0, h3 = l0;
        for (int g = 0; g < run; g++, w += 64, q0 += 4, q1 += 4, q2 += 4, q3 += 4) {
            int8x16_t v = vld1q_s8(w);
            neon_add_products(&l0, &h0, v, q0);
            if (nt > 1) neon_add_products(&l1, &h1, v, q1);
            if (nt > 2) neon_add_products(&l2, &h2, v, q2);
            if (nt > 3) neon_add_products(&l3, &h3, v, q3);
        }
        i0 = neon_widen(i0, l0, h0);
        if (nt > 1) i1 = neon_widen(i1, l1, h1);
        if (nt > 2) i2 = neon_widen(i2, l2, h2);
        if (nt > 3) i3 = neon_widen(i3, l3, h3);
    }
    hr_slice16_end(kind, step, s, x, at, row, (hr_v4i)i0, acc, part);
    if (nt > 1) hr_slice16_end(kind, step, s, x, at + n, row, (hr_v4i)i1, acc + 16, part + 16);
    if (nt > 2) hr_slice16_end(kind, step, s, x, at + 2 * n, row, (hr_v4i)i2, acc + 32, part + 32);
    if (nt > 3) hr_slice16_end(kind, step, s, x, at + 3 * n, row, (hr_v4i)i3, acc + 48, part + 48);
}

NEON_Q_INLINE void neon_run_tile(const int kind, const int nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n,
                                 float *acc) {
    float part[16 * HR_S16_TILE];
    for (size_t row = 0; row < 16; row += 4) {
        neon_run_quad(kind, nt, 0, s, x, at, n, row, acc, part);
        if (kind >= HR_S16_SUB) neon_run_quad(kind, nt, 1, s, x, at, n, row, acc, part);
    }
}

#define NEON_Q_TILES(name, kind) \
    NEON_Q_T static __attribute__((noinline)) void name(size_t nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n, \
                                                   float *acc) { \
        switch (nt) { \
        case 1: neon_run_tile(kind, 1, s, x, at, n, acc); break; \
        case 2: neon_run_tile(kind, 2, s, x, at, n, acc); break; \
        case 3: neon_run_tile(kind, 3, s, x, at, n, acc); break; \
        default: neon_run_tile(kind, 4, s, x, at, n, acc); break; \
        } \
    }
NEON_Q_TILES(neon_tiles_plain, HR_S16_PLAIN)
NEON_Q_TILES(neon_tiles_wide, HR_S16_WIDE)
NEON_Q_TILES(neon_tiles_min, HR_S16_MIN)
NEON_Q_TILES(neon_tiles_sub, HR_S16_SUB)
NEON_Q_TILES(neon_tiles_sub_min, HR_S16_SUB_MIN)
static hr_tile16_fn *const neon_tiles[HR_S16_KINDS] = {neon_tiles_plain, neon_tiles_wide, neon_tiles_min,
                                                       neon_tiles_sub, neon_tiles_sub_min};

#define NEON_Q_KERNEL(op, type, block, bytes) \
    NEON_Q_T static void matmul_##op##_neon(const hr_matmul_args *a, size_t g0, size_t g1) { \
        hr_slice16_matmul(HR_TYPE_##type, block / 32, bytes, NULL, neon_tiles, a, g0, g1); \
    }
HR_S16_FORMATS(NEON_Q_KERNEL)
#undef NEON_Q_KERNEL
#undef NEON_Q_TILES
#undef NEON_Q_INLINE
#undef NEON_Q_T

HR_KERNEL(matmul_q4_0, matmul_q4_0_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q4_1, matmul_q4_1_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q5_0, matmul_q5_0_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q5_1, matmul_q5_1_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q8_0, matmul_q8_0_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q2_k, matmul_q2_k_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q3_k, matmul_q3_k_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q4_k, matmul_q4_k_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q5_k, matmul_q5_k_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_q6_k, matmul_q6_k_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_iq4_nl, matmul_iq4_nl_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_iq4_xs, matmul_iq4_xs_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_mxfp4, matmul_mxfp4_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_tq1_0, matmul_tq1_0_neon, HR_ISA_NEON, 5, 16, 4)
HR_KERNEL(matmul_tq2_0, matmul_tq2_0_neon, HR_ISA_NEON, 5, 16, 4)
#else
typedef int hr_no_matmul_quant_neon; /* a file may not be empty */
#endif
