/* scan_x86.c: int8 dots of rows with one query. Exact: AVX2 widens to 16 bits, where pairs of products stay below 2^16 in
 * 32-bit sums; VNNI takes the row as unsigned (+128) and gives 128 times the query's sum back. */
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

#if !defined(HR_NO_AVX512)
HR_T_AVX512 static void scan_i8_avx512vnni(const int8_t *rows, size_t n, size_t stride, const int8_t *q, int32_t *dot) {
    const __m512i top = _mm512_set1_epi8((char)0x80);
    int32_t shift = 0;
    size_t r = 0;
    for (size_t i = 0; i < stride; i++) shift += q[i];
    shift *= 128;
    for (; r + 4 <= n; r += 4, rows += 4 * stride) {
        __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
        for (size_t i = 0; i < stride; i += 64) {
            __m512i y = _mm512_loadu_si512(q + i);
            _mm_prefetch((const char *)(rows + 8 * stride + i), _MM_HINT_T0);
            a = _mm512_dpbusd_epi32(a, _mm512_xor_si512(_mm512_loadu_si512(rows + i), top), y);
            b = _mm512_dpbusd_epi32(b, _mm512_xor_si512(_mm512_loadu_si512(rows + stride + i), top), y);
            c = _mm512_dpbusd_epi32(c, _mm512_xor_si512(_mm512_loadu_si512(rows + 2 * stride + i), top), y);
            d = _mm512_dpbusd_epi32(d, _mm512_xor_si512(_mm512_loadu_si512(rows + 3 * stride + i), top), y);
        }
        dot[r] = _mm512_reduce_add_epi32(a) - shift;
        dot[r + 1] = _mm512_reduce_add_epi32(b) - shift;
        dot[r + 2] = _mm512_reduce_add_epi32(c) - shift;
        dot[r + 3] = _mm512_reduce_add_epi32(d) - shift;
    }
    for (; r < n; r++, rows += stride) {
        __m512i a = _mm512_setzero_si512();
        for (size_t i = 0; i < stride; i += 64) {
            a = _mm512_dpbusd_epi32(a, _mm512_xor_si512(_mm512_loadu_si512(rows + i), top), _mm512_loadu_si512(q + i));
        }
        dot[r] = _mm512_reduce_add_epi32(a) - shift;
    }
}

HR_KERNEL(scan_i8, scan_i8_avx512vnni, HR_ISA_AVX2 | HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 20, 1, 1)
#endif
#else
typedef int hr_no_scan_x86; /* a file may not be empty */
#endif
