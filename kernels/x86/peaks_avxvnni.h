/* peaks_avxvnni.h: vpdpbusd of 256 bits (VEX) alone, in independent chains. For benches only. */
#ifndef HR_PEAKS_AVXVNNI_H
#define HR_PEAKS_AVXVNNI_H
#include "kernels/kernel.h"
#if defined(HR_T_AVX2) && defined(__x86_64__)
#include <immintrin.h>

enum { PEAK_INT8_AVXVNNI_OPS = 384 }; /* twelve chains of 32 products a turn */
#define PEAK_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#if defined(__clang__) /* as in matmul_quant_avxvnni.c */
#define PEAK_DOT(acc, w, q) acc = _mm256_dpbusd_avx_epi32(acc, w, q)
#else
#define PEAK_DOT(acc, w, q) __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(w), "x"(q))
#endif

__attribute__((target("avxvnni,avx2,fma,f16c"))) static uint64_t peak_int8_avxvnni(size_t turns) {
    __m256i u = _mm256_set1_epi8(3), all = u;
#define PEAK_DEFINE(i) __m256i n##i = _mm256_set1_epi32(i);
    PEAK_EACH(PEAK_DEFINE)
    for (size_t t = 0; t < turns; t++) {
#define PEAK_STEP(i) PEAK_DOT(n##i, u, u);
        PEAK_EACH(PEAK_STEP)
        __asm__ volatile("" : "+x"(u));
    }
#define PEAK_SUM(i) all = _mm256_add_epi32(all, n##i);
    PEAK_EACH(PEAK_SUM)
    return (uint64_t)_mm256_extract_epi64(all, 0);
}
#undef PEAK_DEFINE
#undef PEAK_STEP
#undef PEAK_SUM
#undef PEAK_DOT
#undef PEAK_EACH
#endif
#endif
