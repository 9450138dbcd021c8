/* rows_avx2.h: eight floats at a time: masked ends, the reference's sum, exp and tanh. */
#ifndef HR_ROWS_AVX2_H
#define HR_ROWS_AVX2_H
#include "engine/base/fmath.h"
#include "kernels/kernel.h"
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include <immintrin.h>

#define AVX2_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX2

AVX2_INLINE __m256 splat(float x) { return _mm256_set1_ps(x); }
AVX2_INLINE __m256i first_lanes(size_t n) { /* all ones in lanes below n */
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < 8 ? (int)n : 8), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
AVX2_INLINE __m256 load_lanes(const float *p, size_t n) { /* reads min(n, 8) floats; +0 elsewhere */
    return n >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_lanes(n));
}
AVX2_INLINE void store_lanes(float *p, size_t n, __m256 v) {
    if (n >= 8) _mm256_storeu_ps(p, v);
    else _mm256_maskstore_ps(p, first_lanes(n), v);
}
AVX2_INLINE __m256 negate_lanes(__m256 v) { return _mm256_xor_ps(v, splat(-0.0f)); }
/* the reference's tree over lanes 0-7 (lower) and 8-15 (upper) */
AVX2_INLINE float add_tree(__m256 lower, __m256 upper) {
    __m256 v = _mm256_add_ps(lower, upper);
    __m128 a = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    a = _mm_add_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_add_ss(a, _mm_movehdup_ps(a)));
}

/* --- fmath.h, lane by lane ----------------------------------------------------------------------------------------------- */
AVX2_INLINE __m256 keep_nan(__m256 x, __m256 y) {
    return _mm256_blendv_ps(y, _mm256_castsi256_ps(_mm256_set1_epi32(HR_NAN_BITS)), _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

AVX2_INLINE __m256 exp_lanes(__m256 x) {
    __m256 c = _mm256_max_ps(splat(-104.0f), _mm256_min_ps(splat(89.0f), x));
    __m256 kf = _mm256_fmadd_ps(c, splat(1.44269504f), splat(12582912.0f));
    __m256i n = _mm256_sub_epi32(_mm256_castps_si256(kf), _mm256_set1_epi32(0x4b400000));
    __m256 nf = _mm256_sub_ps(kf, splat(12582912.0f));
    __m256 r = _mm256_fmadd_ps(nf, splat(-0.693145752f), c);
    r = _mm256_fmadd_ps(nf, splat(-1.42860677e-6f), r);
    __m256 p = splat(1.9875691500e-4f);
    p = _mm256_fmadd_ps(p, r, splat(1.3981999507e-3f));
    p = _mm256_fmadd_ps(p, r, splat(8.3334519073e-3f));
    p = _mm256_fmadd_ps(p, r, splat(4.1665795894e-2f));
    p = _mm256_fmadd_ps(p, r, splat(1.6666665459e-1f));
    p = _mm256_fmadd_ps(p, r, splat(5.0000001201e-1f));
    p = _mm256_add_ps(_mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r), splat(1.0f));
    __m256i half = _mm256_srai_epi32(n, 1), bias = _mm256_set1_epi32(127);
    __m256 a = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
    __m256 b = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(n, half), bias), 23));
    return keep_nan(x, _mm256_mul_ps(_mm256_mul_ps(p, a), b));
}

AVX2_INLINE __m256 with_sign(__m256 y, __m256 x) { return _mm256_or_ps(y, _mm256_and_ps(x, splat(-0.0f))); }

AVX2_INLINE __m256 tanh_lanes(__m256 x) {
    __m256 a = _mm256_andnot_ps(splat(-0.0f), x), z = _mm256_mul_ps(x, x);
    __m256 p = splat(-5.70498872745e-3f);
    p = _mm256_fmadd_ps(p, z, splat(2.06390887954e-2f));
    p = _mm256_fmadd_ps(p, z, splat(-5.37397155531e-2f));
    p = _mm256_fmadd_ps(p, z, splat(1.33314422036e-1f));
    p = _mm256_fmadd_ps(p, z, splat(-3.33332819422e-1f));
    p = _mm256_fmadd_ps(_mm256_mul_ps(p, z), x, x);
    __m256 e = _mm256_add_ps(exp_lanes(_mm256_mul_ps(splat(2.0f), a)), splat(1.0f));
    __m256 q = with_sign(_mm256_sub_ps(splat(1.0f), _mm256_div_ps(splat(2.0f), e)), x);
    return keep_nan(x, _mm256_blendv_ps(q, p, _mm256_cmp_ps(a, splat(0.625f), _CMP_LT_OQ)));
}

#endif
#endif
