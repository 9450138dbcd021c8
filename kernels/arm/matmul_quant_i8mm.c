/* matmul_quant_i8mm.c: quantized weights in packs times int8 activations with smmla (ARMv8.6: Neoverse V1 and N2, M2).
 *
 * smmla multiplies 2 rows x 8 elements by 2 tokens x 8 elements. Two neighbouring vectors of a slice (4 rows x 4 elements
 * each) zipped by words are rows 0, 1 and rows 2, 3 with 8 elements: done once when the slice is unpacked. A tile is 16 rows x
 * 4 tokens in 16 accumulators. Inner loop, 8 elements: 16 smmla, 8 loads of weights, 4 of tokens for 512 multiply-adds
 * (0.059 instructions each with gcc 12). An odd token counts twice and is stored once. */
#if defined(__GNUC__) && defined(__aarch64__) && !defined(HR_NO_NEON) && !defined(HR_NO_I8MM)
#include "kernels/slice16.h"
#include <arm_neon.h>

#if defined(__clang__)
#define MM_Q_T __attribute__((target("i8mm")))
#else
#define MM_Q_T __attribute__((target("arch=armv8.2-a+i8mm")))
#endif
#if defined(__OPTIMIZE__)
#define MM_Q_INLINE static inline __attribute__((always_inline, unused)) MM_Q_T
#else
#define MM_Q_INLINE static __attribute__((unused)) MM_Q_T
#endif

#define MM_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define MM_ADD(acc, w, q) __asm__("smmla %0.4s, %1.16b, %2.16b" : "+w"(acc) : "w"(w), "w"(q));

static void i8mm_zip(hr_slice16 *s) {
    for (size_t g = 0; g < 8; g += 2) {
        for (size_t v = 0; v < 64; v += 16) {
            int32x4_t a = vreinterpretq_s32_s8(vld1q_s8(s->w[g] + v)), b = vreinterpretq_s32_s8(vld1q_s8(s->w[g + 1] + v));
            vst1q_s8(s->w[g] + v, vreinterpretq_s8_s32(vzip1q_s32(a, b)));
            vst1q_s8(s->w[g + 1] + v, vreinterpretq_s8_s32(vzip2q_s32(a, b)));
        }
    }
}

/* rows row .. row+3 of tokens t and t+1 from the accumulators of rows row, row+1 and row+2, row+3 */
MM_Q_INLINE void i8mm_end_pair(const int kind, const int step, const bool two, const hr_slice16 *s, const hr_act *x, size_t at,
                               size_t n, size_t row, int32x4_t low, int32x4_t high, float *acc, float *part) {
    hr_slice16_end(kind, step, s, x, at, row, (hr_v4i)vuzp1q_s32(low, high), acc, part);
    if (two) hr_slice16_end(kind, step, s, x, at + n, row, (hr_v4i)vuzp2q_s32(low, high), acc + 16, part + 16);
}

MM_Q_INLINE void i8mm_run_step(const int kind, const int nt, const int step, const hr_slice16 *s, const hr_act *x, size_t at,
                               size_t n, float *acc, float *part) {
    const size_t k = 32 * n, last = (size_t)(nt - 1) * k;
    const int8_t *w = s->w[4 * step], *end = w + (kind >= HR_S16_SUB ? 256 : 512), *q = x->q + 32 * at + 16 * step;
#define MM_START(i) int32x4_t a##i = vdupq_n_s32(0), b##i = a##i;
    MM_EACH(MM_START)
#undef MM_START
    for (; w < end; w += 128, q += 8) {
        int8x16_t u = vcombine_s8(vld1_s8(q), vld1_s8(q + (nt > 1 ? k : 0))), v = u, r;
        if (nt > 2) v = vcombine_s8(vld1_s8(q + 2 * k), vld1_s8(q + last));
#define MM_ROWS(i) \
        r = vld1q_s8(w + 64 * (i % 2) + 16 * (i / 2)); \
        MM_ADD(a##i, r, u) \
        if (nt > 2) MM_ADD(b##i, r, v)
        MM_EACH(MM_ROWS)
#undef MM_ROWS
    }
#define MM_END(i, j) \
    i8mm_end_pair(kind, step, nt > 1, s, x, at, n, 2 * i, a##i, a##j, acc, part); \
    if (nt > 2) i8mm_end_pair(kind, step, nt > 3, s, x, at + 2 * n, n, 2 * i, b##i, b##j, acc + 32, part + 32);
    MM_END(0, 1) MM_END(2, 3) MM_END(4, 5) MM_END(6, 7)
#undef MM_END
}
#undef MM_ADD
#undef MM_EACH

MM_Q_INLINE void i8mm_run_tile(const int kind, const int nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n,
                               float *acc) {
    float part[16 * HR_S16_TILE];
    i8mm_run_step(kind, nt, 0, s, x, at, n, acc, part);
    if (kind >= HR_S16_SUB) i8mm_run_step(kind, nt, 1, s, x, at, n, acc, part);
}

#define MM_Q_TILES(name, kind) \
    MM_Q_T static __attribute__((noinline)) void name(size_t nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n, \
                                                   float *acc) { \
        switch (nt) { \
        case 1: i8mm_run_tile(kind, 1, s, x, at, n, acc); break; \
        case 2: i8mm_run_tile(kind, 2, s, x, at, n, acc); break; \
        case 3: i8mm_run_tile(kind, 3, s, x, at, n, acc); break; \
        default: i8mm_run_tile(kind, 4, s, x, at, n, acc); break; \
        } \
    }
MM_Q_TILES(i8mm_tiles_plain, HR_S16_PLAIN)
MM_Q_TILES(i8mm_tiles_wide, HR_S16_WIDE)
MM_Q_TILES(i8mm_tiles_min, HR_S16_MIN)
MM_Q_TILES(i8mm_tiles_sub, HR_S16_SUB)
MM_Q_TILES(i8mm_tiles_sub_min, HR_S16_SUB_MIN)
static hr_tile16_fn *const i8mm_tiles[HR_S16_KINDS] = {i8mm_tiles_plain, i8mm_tiles_wide, i8mm_tiles_min,
                                                       i8mm_tiles_sub, i8mm_tiles_sub_min};

#define MM_Q_KERNEL(op, type, block, bytes) \
    MM_Q_T static void matmul_##op##_i8mm(const hr_matmul_args *a, size_t g0, size_t g1) { \
        hr_slice16_matmul(HR_TYPE_##type, block / 32, bytes, i8mm_zip, i8mm_tiles, a, g0, g1); \
    }
HR_S16_FORMATS(MM_Q_KERNEL)
#undef MM_Q_KERNEL
#undef MM_Q_TILES
#undef MM_Q_INLINE
#undef MM_Q_T

HR_KERNEL(matmul_q4_0, matmul_q4_0_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q4_1, matmul_q4_1_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q5_0, matmul_q5_0_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q5_1, matmul_q5_1_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q8_0, matmul_q8_0_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q2_k, matmul_q2_k_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q3_k, matmul_q3_k_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q4_k, matmul_q4_k_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q5_k, matmul_q5_k_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_q6_k, matmul_q6_k_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_iq4_nl, matmul_iq4_nl_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_iq4_xs, matmul_iq4_xs_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_mxfp4, matmul_mxfp4_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_tq1_0, matmul_tq1_0_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
HR_KERNEL(matmul_tq2_0, matmul_tq2_0_i8mm, HR_ISA_NEON | HR_ISA_I8MM, 20, 16, 4)
#else
typedef int hr_no_matmul_quant_i8mm; /* a file may not be empty */
#endif
