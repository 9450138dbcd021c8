/* scan_avx512.c: sums under signs, and int8 dots of rows with one query, AVX512-VNNI.
 * Exact: the row is taken as unsigned (+128), and 128 times the query's sum is given back. */
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

/* as scan_signs_avx2, a whole block at a time */
HR_T_AVX512 static void scan_signs_avx512(const uint8_t *blocks, size_t n, size_t cols, const uint8_t *table, int32_t *dot) {
    const __m512i low = _mm512_set1_epi8(15);
    for (size_t i = 0; i < n; i++, dot += 64, blocks += 64 * cols) {
        memset(dot, 0, 64 * sizeof *dot);
        for (size_t from = 0; from < cols; from += 256) {
            __m512i a = _mm512_setzero_si512(), b = a;
            for (size_t j = from; j < cols && j < from + 256; j++) {
                __m512i v = _mm512_loadu_si512(blocks + 64 * j);
                __m512i t0 = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)(table + 32 * j)));
                __m512i t1 = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)(table + 32 * j + 16)));
                _mm_prefetch((const char *)((uintptr_t)blocks + 64 * (j + 64)), _MM_HINT_T0);
                t0 = _mm512_shuffle_epi8(t0, _mm512_and_si512(v, low));
                t1 = _mm512_shuffle_epi8(t1, _mm512_and_si512(_mm512_srli_epi16(v, 4), low));
                t0 = _mm512_add_epi8(t0, t1);
                a = _mm512_add_epi16(a, t0);
                b = _mm512_add_epi16(b, _mm512_srli_epi16(t0, 8));
            }
            a = _mm512_sub_epi16(a, _mm512_slli_epi16(b, 8));
            const __m512i lo = _mm512_unpacklo_epi16(a, b), hi = _mm512_unpackhi_epi16(a, b);
            const __m128i part[8] = {_mm512_castsi512_si128(lo), _mm512_castsi512_si128(hi), _mm512_extracti32x4_epi32(lo, 1),
                                     _mm512_extracti32x4_epi32(hi, 1), _mm512_extracti32x4_epi32(lo, 2),
                                     _mm512_extracti32x4_epi32(hi, 2), _mm512_extracti32x4_epi32(lo, 3),
                                     _mm512_extracti32x4_epi32(hi, 3)};
            for (size_t k = 0; k < 8; k++) {
                __m256i *d = (__m256i *)(void *)(dot + 8 * k);
                _mm256_storeu_si256(d, _mm256_add_epi32(_mm256_loadu_si256(d), _mm256_cvtepu16_epi32(part[k])));
            }
        }
    }
}

HR_KERNEL(scan_signs, scan_signs_avx512, HR_ISA_AVX2 | HR_ISA_AVX512, 20, 1, 1)
#else
typedef int hr_no_scan_avx512; /* a file may not be empty */
#endif
