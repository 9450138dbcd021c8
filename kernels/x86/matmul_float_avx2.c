/* matmul_float_avx2.c: F32, F16 and BF16 weights in packs times f32 activations, AVX2 + FMA + F16C.
 *
 * A lane is a row, and each lane is one chain of fused multiply-adds along k, so any k and any row count fit. The chain
 * has the latency of an fma (4 cycles): eight of them run at once, 4 groups for one token or 4 tokens for one group. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include "kernels/kernel.h"
#include <immintrin.h>

#define FLOAT_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX2

/* 8 weights: rows 0-7 (half 0) or 8-15 of a pack's 16 */
FLOAT_INLINE __m256 load_float_weights(const uint32_t type, const uint8_t *p, size_t half) {
    if (type == HR_TYPE_F32) return _mm256_loadu_ps((const float *)(const void *)(p + 32 * half));
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * half));
    if (type == HR_TYPE_F16) return _mm256_cvtph_ps(v);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
}

FLOAT_INLINE void store_float_rows(float *y, size_t n, __m256 lower, __m256 upper) { /* y [n], n may be above 16 */
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    int left = n < 16 ? (int)n : 16;
    _mm256_maskstore_ps(y, _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lane), lower);
    if (left > 8) _mm256_maskstore_ps(y + 8, _mm256_cmpgt_epi32(_mm256_set1_epi32(left - 8), lane), upper);
}

/* one token, n groups: 1 or 4 */
FLOAT_INLINE void run_float_groups(const uint32_t type, const hr_matmul_args *a, size_t g, size_t t, const bool four) {
    const size_t step = type == HR_TYPE_F32 ? 64 : 32, group = a->k * step;
    const uint8_t *p = (const uint8_t *)a->w + g * group;
    const float *x = a->x->f + t * a->x->f_stride;
    __m256 l0 = _mm256_setzero_ps(), l1 = l0, l2 = l0, l3 = l0, u0 = l0, u1 = l0, u2 = l0, u3 = l0;
    for (size_t i = 0; i < a->k; i++, p += step) {
        __m256 v = _mm256_set1_ps(x[i]);
        l0 = _mm256_fmadd_ps(load_float_weights(type, p, 0), v, l0);
        u0 = _mm256_fmadd_ps(load_float_weights(type, p, 1), v, u0);
        if (!four) continue;
        l1 = _mm256_fmadd_ps(load_float_weights(type, p + group, 0), v, l1);
        u1 = _mm256_fmadd_ps(load_float_weights(type, p + group, 1), v, u1);
        l2 = _mm256_fmadd_ps(load_float_weights(type, p + 2 * group, 0), v, l2);
        u2 = _mm256_fmadd_ps(load_float_weights(type, p + 2 * group, 1), v, u2);
        l3 = _mm256_fmadd_ps(load_float_weights(type, p + 3 * group, 0), v, l3);
        u3 = _mm256_fmadd_ps(load_float_weights(type, p + 3 * group, 1), v, u3);
    }
    float *y = a->y + t * a->y_stride + 16 * g;
    size_t rows = a->rows - 16 * g;
    store_float_rows(y, rows, l0, u0);
    if (!four) return;
    store_float_rows(y + 16, rows - 16, l1, u1);
    store_float_rows(y + 32, rows - 32, l2, u2);
    store_float_rows(y + 48, rows - 48, l3, u3);
}

/* one group, four tokens */
FLOAT_INLINE void run_float_tokens(const uint32_t type, const hr_matmul_args *a, size_t g, size_t t) {
    const size_t step = type == HR_TYPE_F32 ? 64 : 32, stride = a->x->f_stride;
    const uint8_t *p = (const uint8_t *)a->w + g * a->k * step;
    const float *x = a->x->f + t * stride;
    __m256 l0 = _mm256_setzero_ps(), l1 = l0, l2 = l0, l3 = l0, u0 = l0, u1 = l0, u2 = l0, u3 = l0;
    for (size_t i = 0; i < a->k; i++, p += step) {
        __m256 l = load_float_weights(type, p, 0), u = load_float_weights(type, p, 1);
        __m256 v0 = _mm256_set1_ps(x[i]), v1 = _mm256_set1_ps(x[i + stride]);
        __m256 v2 = _mm256_set1_ps(x[i + 2 * stride]), v3 = _mm256_set1_ps(x[i + 3 * stride]);
        l0 = _mm256_fmadd_ps(l, v0, l0);
        u0 = _mm256_fmadd_ps(u, v0, u0);
        l1 = _mm256_fmadd_ps(l, v1, l1);
        u1 = _mm256_fmadd_ps(u, v1, u1);
        l2 = _mm256_fmadd_ps(l, v2, l2);
        u2 = _mm256_fmadd_ps(u, v2, u2);
        l3 = _mm256_fmadd_ps(l, v3, l3);
        u3 = _mm256_fmadd_ps(u, v3, u3);
    }
    float *y = a->y + t * a->y_stride + 16 * g;
    size_t rows = a->rows - 16 * g;
    store_float_rows(y, rows, l0, u0);
    store_float_rows(y + a->y_stride, rows, l1, u1);
    store_float_rows(y + 2 * a->y_stride, rows, l2, u2);
    store_float_rows(y + 3 * a->y_stride, rows, l3, u3);
}

FLOAT_INLINE void run_float(const uint32_t type, const hr_matmul_args *a, size_t g0, size_t g1) {
    size_t tiles = a->x->m / 4 * 4;
    for (size_t g = g0; g < g1; g++) {
        for (size_t t = 0; t < tiles; t += 4) run_float_tokens(type, a, g, t);
    }
    for (size_t t = tiles; t < a->x->m; t++) {
        size_t g = g0;
        for (; g + 4 <= g1; g += 4) run_float_groups(type, a, g, t, true);
        for (; g < g1; g++) run_float_groups(type, a, g, t, false);
    }
}

HR_T_AVX2 static void matmul_f32_avx2(const hr_matmul_args *a, size_t g0, size_t g1) { run_float(HR_TYPE_F32, a, g0, g1); }
HR_T_AVX2 static void matmul_f16_avx2(const hr_matmul_args *a, size_t g0, size_t g1) { run_float(HR_TYPE_F16, a, g0, g1); }
HR_T_AVX2 static void matmul_bf16_avx2(const hr_matmul_args *a, size_t g0, size_t g1) { run_float(HR_TYPE_BF16, a, g0, g1); }
#undef FLOAT_INLINE

HR_KERNEL(matmul_f32, matmul_f32_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_f16, matmul_f16_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_bf16, matmul_bf16_avx2, HR_ISA_AVX2, 10, 16, 4)
#else
typedef int hr_no_matmul_float_avx2; /* a file may not be empty */
#endif
