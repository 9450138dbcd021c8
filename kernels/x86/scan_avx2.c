/* scan_avx2.c: int8 dots of rows with one query, sums under signs.
 * Exact: widened to 16 bits, pairs of products stay below 2^16. */
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

/* Sums of bytes in 16 bits: all of a pair (a), and its upper byte alone (b); what a lacks is taken from it at the end. */
HR_T_AVX2 static void scan_signs_avx2(const uint8_t *blocks, size_t n, size_t cols, const uint8_t *table, int32_t *dot) {
    const __m256i low = _mm256_set1_epi8(15);
    for (size_t i = 0; i < 2 * n; i++, dot += 32) { /* half a block */
        const uint8_t *x = blocks + (i / 2 * cols * 2 + i % 2) * 32;
        memset(dot, 0, 32 * sizeof *dot);
        for (size_t from = 0; from < cols; from += 256) { /* 256 * 254 < 2^16 */
            __m256i a = _mm256_setzero_si256(), b = a;
            for (size_t j = from; j < cols && j < from + 256; j++) {
                __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(x + 64 * j));
                __m256i t0 = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(table + 32 * j)));
                __m256i t1 = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(table + 32 * j + 16)));
                t0 = _mm256_shuffle_epi8(t0, _mm256_and_si256(v, low));
                t1 = _mm256_shuffle_epi8(t1, _mm256_and_si256(_mm256_srli_epi16(v, 4), low));
                t0 = _mm256_add_epi8(t0, t1);
                a = _mm256_add_epi16(a, t0);
                b = _mm256_add_epi16(b, _mm256_srli_epi16(t0, 8));
            }
            a = _mm256_sub_epi16(a, _mm256_slli_epi16(b, 8));
            const __m256i lo = _mm256_unpacklo_epi16(a, b), hi = _mm256_unpackhi_epi16(a, b);
            const __m128i part[4] = {_mm256_castsi256_si128(lo), _mm256_castsi256_si128(hi), _mm256_extracti128_si256(lo, 1),
                                     _mm256_extracti128_si256(hi, 1)};
            for (size_t k = 0; k < 4; k++) {
                __m256i *d = (__m256i *)(void *)(dot + 8 * k);
                _mm256_storeu_si256(d, _mm256_add_epi32(_mm256_loadu_si256(d), _mm256_cvtepu16_epi32(part[k])));
            }
        }
    }
}

HR_KERNEL(scan_signs, scan_signs_avx2, HR_ISA_AVX2, 10, 1, 1)
#else
typedef int hr_no_scan_avx2; /* a file may not be empty */
#endif
