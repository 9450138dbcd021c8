/* scan_avx2.c: int8 dots of rows with one query. Exact: widened to 16 bits, pairs of products stay below 2^16. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include "kernels/kernel.h"
#include <immintrin.h>

HR_T_AVX2 static int32_t sum_epi32_scan(__m256i v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
    return _mm_cvtsi128_si32(s);
}

HR_T_AVX2 static void scan_i8_avx2(const int8_t *rows, size_t n, size_t stride, const int8_t *q, int32_t *dot) {
    for (size_t r = 0; r < n; r++, rows += stride) {
        __m256i a = _mm256_setzero_si256(), b = a;
        for (size_t i = 0; i < stride; i += 32) {
            __m256i x0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(rows + i)));
            __m256i x1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(rows + i + 16)));
            __m256i y0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(q + i)));
            __m256i y1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(q + i + 16)));
            a = _mm256_add_epi32(a, _mm256_madd_epi16(x0, y0));
            b = _mm256_add_epi32(b, _mm256_madd_epi16(x1, y1));
        }
        dot[r] = sum_epi32_scan(_mm256_add_epi32(a, b));
    }
}

HR_KERNEL(scan_i8, scan_i8_avx2, HR_ISA_AVX2, 10, 1, 1)
#else
typedef int hr_no_scan_avx2; /* a file may not be empty */
#endif
