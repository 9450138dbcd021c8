/* peaks_avx2.h: the instructions that the AVX2 kernels live by, alone and in independent chains, and reads without work:
 * what a core can do at most. For benches only; a header, so that it is in no build of the library. */
#ifndef HR_PEAKS_AVX2_H
#define HR_PEAKS_AVX2_H
#include "kernels/kernel.h"
#if defined(HR_T_AVX2) && defined(__x86_64__)
#include <immintrin.h>

enum { PEAK_FMA_AVX2_OPS = 80, PEAK_INT8_AVX2_OPS = 320 }; /* multiply-adds of a turn */
#define PEAK_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9)

/* ten chains of 8 fused multiply-adds; returns something that depends on all, as do the others */
HR_T_AVX2 static uint64_t peak_fma_avx2(size_t turns) {
    __m256 w = _mm256_set1_ps(0.5f), all = w;
#define PEAK_DEFINE(i) __m256 f##i = _mm256_set1_ps((float)i);
    PEAK_EACH(PEAK_DEFINE)
    for (size_t t = 0; t < turns; t++) {
#define PEAK_STEP(i) f##i = _mm256_fmadd_ps(f##i, w, w);
        PEAK_EACH(PEAK_STEP)
        __asm__ volatile("" : "+x"(w));
    }
#define PEAK_SUM(i) all = _mm256_add_ps(all, f##i);
    PEAK_EACH(PEAK_SUM)
    return (uint64_t)_mm256_cvtss_f32(all);
}
#undef PEAK_DEFINE
#undef PEAK_STEP
#undef PEAK_SUM

/* 4-bit by 8-bit integers as the kernels use them: vpmaddubsw and a 16-bit sum for 32 products; the widening after eight
 * of them is left out */
HR_T_AVX2 static uint64_t peak_int8_avx2(size_t turns) {
    __m256i u = _mm256_set1_epi8(3), all = u;
#define PEAK_DEFINE(i) __m256i n##i = _mm256_set1_epi32(i);
    PEAK_EACH(PEAK_DEFINE)
    for (size_t t = 0; t < turns; t++) {
#define PEAK_STEP(i) n##i = _mm256_add_epi16(n##i, _mm256_maddubs_epi16(u, u)); __asm__ volatile("" : "+x"(u));
        PEAK_EACH(PEAK_STEP)
    }
#define PEAK_SUM(i) all = _mm256_add_epi32(all, n##i);
    PEAK_EACH(PEAK_SUM)
    return (uint64_t)_mm256_extract_epi64(all, 0);
}
#undef PEAK_DEFINE
#undef PEAK_STEP
#undef PEAK_SUM
#undef PEAK_EACH

/* reads n bytes (a multiple of 256) and prefetches what lies `ahead` bytes further; 0: nothing */
HR_T_AVX2 static uint64_t peak_read_avx2(const uint8_t *p, size_t n, size_t ahead) {
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
#define PEAK_READ(v, at) v = _mm256_xor_si256(v, _mm256_loadu_si256((const __m256i *)(const void *)(p + i + (at))));
    for (size_t i = 0; i < n; i += 256) {
        if (ahead != 0) {
            for (size_t j = 0; j < 256; j += 64) _mm_prefetch((const char *)((uintptr_t)p + i + j + ahead), _MM_HINT_T0);
        }
        PEAK_READ(a, 0) PEAK_READ(b, 32) PEAK_READ(c, 64) PEAK_READ(d, 96)
        PEAK_READ(a, 128) PEAK_READ(b, 160) PEAK_READ(c, 192) PEAK_READ(d, 224)
    }
#undef PEAK_READ
    a = _mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, d));
    return (uint64_t)_mm256_extract_epi64(a, 0);
}
#endif
#endif
