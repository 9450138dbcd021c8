/* scan_avx512.c: int8 dots of rows with one query, AVX512-VNNI. Exact: the row is taken as unsigned (+128), and 128 times
 * the query's sum is given back. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX512)
#include "kernels/kernel.h"
#include <immintrin.h>

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
            _mm_prefetch((const char *)((uintptr_t)rows + 8 * stride + i), _MM_HINT_T0);
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
#else
typedef int hr_no_scan_avx512; /* a file may not be empty */
#endif
