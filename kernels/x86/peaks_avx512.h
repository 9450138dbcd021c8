/* peaks_avx512.h: fused multiply-adds and vpdpbusd of 512 bits alone, in independent chains, and reads without work. For
 * benches only. */
#ifndef HR_PEAKS_AVX512_H
#define HR_PEAKS_AVX512_H
#include "kernels/kernel.h"
#if defined(HR_T_AVX512) && defined(__x86_64__)
#include <immintrin.h>

enum { PEAK_FMA_AVX512_OPS = 192, PEAK_INT8_AVX512_OPS = 768 }; /* twelve chains a turn */
#define PEAK_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

HR_T_AVX512 static uint64_t peak_fma_avx512(size_t turns) {
    __m512 w = _mm512_set1_ps(0.5f), all = w;
#define PEAK_DEFINE(i) __m512 f##i = _mm512_set1_ps((float)i);
    PEAK_EACH(PEAK_DEFINE)
    for (size_t t = 0; t < turns; t++) {
#define PEAK_STEP(i) f##i = _mm512_fmadd_ps(f##i, w, w);
        PEAK_EACH(PEAK_STEP)
        __asm__ volatile("" : "+v"(w));
    }
#define PEAK_SUM(i) all = _mm512_add_ps(all, f##i);
    PEAK_EACH(PEAK_SUM)
    return (uint64_t)_mm512_cvtss_f32(all);
}
#undef PEAK_DEFINE
#undef PEAK_STEP
#undef PEAK_SUM

HR_T_AVX512 static uint64_t peak_int8_avx512(size_t turns) {
    __m512i u = _mm512_set1_epi8(3), all = u;
#define PEAK_DEFINE(i) __m512i n##i = _mm512_set1_epi32(i);
    PEAK_EACH(PEAK_DEFINE)
    for (size_t t = 0; t < turns; t++) {
#define PEAK_STEP(i) n##i = _mm512_dpbusd_epi32(n##i, u, u);
        PEAK_EACH(PEAK_STEP)
        __asm__ volatile("" : "+v"(u));
    }
#define PEAK_SUM(i) all = _mm512_add_epi32(all, n##i);
    PEAK_EACH(PEAK_SUM)
    return (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(all));
}
#undef PEAK_DEFINE
#undef PEAK_STEP
#undef PEAK_SUM
#undef PEAK_EACH

/* as peak_read_avx2 */
HR_T_AVX512 static uint64_t peak_read_avx512(const uint8_t *p, size_t n, size_t ahead) {
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    for (size_t i = 0; i < n; i += 256) {
        if (ahead != 0) {
            for (size_t j = 0; j < 256; j += 64) _mm_prefetch((const char *)((uintptr_t)p + i + j + ahead), _MM_HINT_T0);
        }
        a = _mm512_xor_si512(a, _mm512_loadu_si512(p + i));
        b = _mm512_xor_si512(b, _mm512_loadu_si512(p + i + 64));
        c = _mm512_xor_si512(c, _mm512_loadu_si512(p + i + 128));
        d = _mm512_xor_si512(d, _mm512_loadu_si512(p + i + 192));
    }
    a = _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d));
    return (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(a));
}
#endif
#endif
