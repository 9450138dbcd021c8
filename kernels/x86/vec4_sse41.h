/* vec4_sse41.h: what vec4.h needs from SSE4.1. There is no fused multiply-add: hr_v4_fma is hr_fma of fmath.h, two doubles
 * at a time: the product is exact, the sum is rounded to odd with the error of a two-sum, the last rounding is the only
 * one that counts (Boldo & Melquiond 2008). */
#ifndef HR_VEC4_SSE41_H
#define HR_VEC4_SSE41_H
#include "kernels/vec4_types.h"
#if defined(HR_HAS_VEC4) && defined(__x86_64__)
#include <smmintrin.h>

HR_V4_INLINE __m128d v4_fma_pair(__m128d a, __m128d b, __m128d c) {
    __m128d p = _mm_mul_pd(a, b), s = _mm_add_pd(p, c), t = _mm_sub_pd(s, p), zero = _mm_setzero_pd();
    __m128d e = _mm_add_pd(_mm_sub_pd(p, _mm_sub_pd(s, t)), _mm_sub_pd(c, t));
    __m128i inexact = _mm_castpd_si128(_mm_or_pd(_mm_cmplt_pd(e, zero), _mm_cmpgt_pd(e, zero))); /* and not NaN */
    __m128i u = _mm_castpd_si128(s), one = _mm_set1_epi64x(1);
    __m128i even = _mm_cmpeq_epi64(_mm_and_si128(u, one), _mm_setzero_si128());
    __m128i sign = _mm_shuffle_epi32(_mm_castpd_si128(_mm_xor_pd(e, s)), 0xf5);
    __m128i step = _mm_or_si128(_mm_srai_epi32(sign, 31), one); /* away from zero when e and s agree */
    return _mm_castsi128_pd(_mm_add_epi64(u, _mm_and_si128(step, _mm_and_si128(inexact, even))));
}
/* Not inlined: some 50 instructions, wanted in a hundred places; inlined they were 60 KB of the drop. */
HR_T_SSE41 static __attribute__((noinline, unused)) hr_v4f hr_v4_fma(hr_v4f a, hr_v4f b, hr_v4f c) {
    __m128 x = (__m128)a, y = (__m128)b, z = (__m128)c;
    __m128d low = v4_fma_pair(_mm_cvtps_pd(x), _mm_cvtps_pd(y), _mm_cvtps_pd(z));
    __m128d high = v4_fma_pair(_mm_cvtps_pd(_mm_movehl_ps(x, x)), _mm_cvtps_pd(_mm_movehl_ps(y, y)),
                               _mm_cvtps_pd(_mm_movehl_ps(z, z)));
    return (hr_v4f)_mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
}
/* table[index], index below 16 */
HR_V4_INLINE hr_v16u8 hr_v16_look_up(hr_v16u8 table, hr_v16u8 index) {
    return (hr_v16u8)_mm_shuffle_epi8((__m128i)table, (__m128i)index);
}
/* four halves */
HR_V4_INLINE hr_v4f hr_v4_load_halves(const uint8_t *p) {
    __m128i h = _mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
    __m128i mag = _mm_slli_epi32(_mm_and_si128(h, _mm_set1_epi32(0x7fff)), 13);
    __m128i sign = _mm_slli_epi32(_mm_and_si128(h, _mm_set1_epi32(0x8000)), 16);
    __m128i top = _mm_cmpgt_epi32(mag, _mm_set1_epi32(0x0f7fffff)); /* Inf, NaN */
    __m128 v = _mm_mul_ps(_mm_castsi128_ps(mag), _mm_set1_ps(0x1p112f)); /* exact, denormals too */
    __m128i odd = _mm_or_si128(mag, _mm_set1_epi32(0x7f800000));
    v = _mm_blendv_ps(v, _mm_castsi128_ps(odd), _mm_castsi128_ps(top));
    return (hr_v4f)_mm_or_ps(v, _mm_castsi128_ps(sign));
}
/* acc + 4 products a lane. |a| x (b with a's sign): a pair is at most 2 * 128 * 127 = 32512; b is never -128 */
HR_V4_INLINE hr_v4i hr_v4_dot(hr_v4i acc, hr_v16i8 a, hr_v16i8 b) {
    __m128i pairs = _mm_maddubs_epi16(_mm_abs_epi8((__m128i)a), _mm_sign_epi8((__m128i)b, (__m128i)a));
    return (hr_v4i)_mm_add_epi32((__m128i)acc, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
}
#endif
#endif
