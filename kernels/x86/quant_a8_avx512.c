/* quant_a8_avx512.c: activations to int8, AVX512. The twelve scales that are tried lie in the lanes of one vector: each
 * element is broadcast, multiplied by all of them and reduced to what rounding loses in two instructions, and the sixteen
 * sums of the contract and their tree are vertical additions. Some 150 vector instructions for 32 elements. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX512)
#include "engine/base/fmath.h"
#include "kernels/kernel.h"
#include <immintrin.h>

#if defined(__OPTIMIZE__)
#define A8_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX512
#else
#define A8_INLINE static __attribute__((unused)) HR_T_AVX512
#endif

/* what rounding x[i] * id loses, for the scales in the lanes; nearest even, as the products are below 2^22 */
A8_INLINE __m512 a8_loss(const float *x, size_t i, __m512 id) {
    return _mm512_reduce_ps(_mm512_mul_ps(_mm512_set1_ps(x[i]), id), 0);
}
/* lane j of the contract's sixteen: elements j and j + 16 */
A8_INLINE __m512 a8_lane(const float *x, size_t j, __m512 id) {
    __m512 r = a8_loss(x, j, id), s = a8_loss(x, j + 16, id);
    return _mm512_fmadd_ps(s, s, _mm512_mul_ps(r, r));
}
/* lanes j and j + 8 of the tree */
A8_INLINE __m512 a8_two(const float *x, size_t j, __m512 id) {
    return _mm512_add_ps(a8_lane(x, j, id), a8_lane(x, j + 8, id));
}
A8_INLINE __m512 a8_four(const float *x, size_t j, __m512 id) {
    return _mm512_add_ps(a8_two(x, j, id), a8_two(x, j + 4, id));
}

/* the scale among levels / amax that loses least, in every lane */
A8_INLINE __m512 a8_pick(const float *x, float amax) {
#define A8_LEVEL(i) (127.0f - 0.6f * (float)(i))
#define A8_WEIGHT(i) (1.0f / (A8_LEVEL(i) * A8_LEVEL(i)))
    const __m512 levels = _mm512_setr_ps(A8_LEVEL(0), A8_LEVEL(1), A8_LEVEL(2), A8_LEVEL(3), A8_LEVEL(4), A8_LEVEL(5),
                                         A8_LEVEL(6), A8_LEVEL(7), A8_LEVEL(8), A8_LEVEL(9), A8_LEVEL(10),
                                         A8_LEVEL(11), 0, 0, 0, 0);
    const __m512 weights = _mm512_setr_ps(A8_WEIGHT(0), A8_WEIGHT(1), A8_WEIGHT(2), A8_WEIGHT(3), A8_WEIGHT(4),
                                          A8_WEIGHT(5), A8_WEIGHT(6), A8_WEIGHT(7), A8_WEIGHT(8), A8_WEIGHT(9),
                                          A8_WEIGHT(10), A8_WEIGHT(11), 0, 0, 0, 0);
#undef A8_LEVEL
#undef A8_WEIGHT
    _Static_assert(HR_A8_TRIES == 12, "the lanes above");
    const __mmask16 tries = (1u << HR_A8_TRIES) - 1;
    __m512 id = _mm512_div_ps(levels, _mm512_set1_ps(amax));
    __m512 e = _mm512_add_ps(_mm512_add_ps(a8_four(x, 0, id), a8_four(x, 2, id)),
                             _mm512_add_ps(a8_four(x, 1, id), a8_four(x, 3, id)));
    e = _mm512_mul_ps(e, weights);
    __mmask16 least = _mm512_mask_cmp_ps_mask(tries, e, _mm512_set1_ps(_mm512_mask_reduce_min_ps(tries, e)), _CMP_EQ_OQ);
    return _mm512_permutexvar_ps(_mm512_set1_epi32(__builtin_ctz(least)), id); /* the first of equals */
}

A8_INLINE float a8_tree(__m512 v) {
    __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

/* x [32] */
A8_INLINE void a8_block(const float *x, int8_t *q, float *d, float *ds, int16_t *s16) {
    __m512 x0 = _mm512_loadu_ps(x), x1 = _mm512_loadu_ps(x + 16);
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    __m512i a = _mm512_max_epi32(_mm512_and_si512(_mm512_castps_si512(x0), magnitude),
                                 _mm512_and_si512(_mm512_castps_si512(x1), magnitude));
    uint32_t top = (uint32_t)_mm512_reduce_max_epi32(a);
    if (top >= 0x7f800000u || top < 0x0d800000u) { /* not finite, or below 2^-100 */
        *d = top >= 0x7f800000u ? hr_f32_from_bits(HR_NAN_BITS) : 0.0f;
        memset(q, 0, 32);
        s16[0] = s16[1] = 0;
        *ds = *d * 0.0f;
        return;
    }
    __m512 id = a8_pick(x, hr_f32_from_bits(top));
    __m512i i0 = _mm512_cvtps_epi32(_mm512_mul_ps(x0, id)), i1 = _mm512_cvtps_epi32(_mm512_mul_ps(x1, id));
    __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm512_cvtepi32_epi8(i0)), _mm512_cvtepi32_epi8(i1), 1);
    _mm256_storeu_si256((__m256i *)(void *)q, bytes);
    __m256i size = _mm256_abs_epi8(bytes), zero = _mm256_setzero_si256();
    __m256i sums = _mm256_dpbusd_epi32(zero, _mm256_set1_epi8(1), bytes), squares = _mm256_dpbusd_epi32(zero, size, size);
    sums = _mm256_hadd_epi32(sums, squares); /* in each half: two of the sums, two of the squares */
    sums = _mm256_hadd_epi32(sums, sums);    /* ... one of each */
    __m128i low = _mm256_castsi256_si128(sums), high = _mm256_extracti128_si256(sums, 1);
    int32_t sum0 = _mm_cvtsi128_si32(low), sum1 = _mm_cvtsi128_si32(high);
    int32_t qq = _mm_extract_epi32(low, 1) + _mm_extract_epi32(high, 1);
    __m512 xq = _mm512_fmadd_ps(x1, _mm512_cvtepi32_ps(i1), _mm512_mul_ps(x0, _mm512_cvtepi32_ps(i0)));
    *d = a8_tree(xq) / (float)qq;
    s16[0] = (int16_t)sum0;
    s16[1] = (int16_t)sum1;
    *ds = *d * (float)(sum0 + sum1);
}

HR_T_AVX512 static void quant_a8_avx512(const float *x, size_t k, int8_t *q, float *d, float *ds, int16_t *s16) {
    size_t n = k / 32, rest = k % 32;
    for (size_t j = 0; j < n; j++) a8_block(x + 32 * j, q + 32 * j, d + j, ds + j, s16 + 2 * j);
    if (rest == 0) return;
    float last[32] = {0};
    memcpy(last, x + 32 * n, rest * sizeof(float));
    a8_block(last, q + 32 * n, d + n, ds + n, s16 + 2 * n);
}
#undef A8_INLINE

HR_KERNEL(quant_a8, quant_a8_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 20, 1, 1)
#else
typedef int hr_no_quant_a8_avx512; /* a file may not be empty */
#endif
