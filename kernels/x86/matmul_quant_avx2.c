/* matmul_quant_avx2.c: quantized weights in packs times int8 activations, AVX2.
 *
 * A lane is a row (8 rows a vector, two halves a pack group). For each slice of 32 elements the weights of 8 rows are
 * unpacked into eight vectors of 8 rows x 4 bytes; each token then broadcasts its 4 bytes from memory, multiplies with
 * vpmaddubsw (unsigned weight x signed activation, pairs added in int16) and sums. Exact, because nothing saturates:
 *     weights <= 15: 8 pairs   8 * 2 * 15 * 127 = 30480         weights <= 31: 4 pairs  31496     weights <= 63: 2 pairs  32004
 *     signed bytes: |w| x (q with w's sign), 1 pair  2 * 128 * 127 = 32512
 * The zero point (Q4_0: 8) leaves as -zero * sum(q). Four tokens share one unpacking. The float chain is kernel.h's. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include "kernels/kernel.h"
#include "kernels/x86/unpack_avx2.h"
#include <immintrin.h>

#if defined(__OPTIMIZE__)
#define QUANT_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX2
#else /* without optimisation every format's branches would stay in every copy: 20 MB of code, half a minute to compile */
#define QUANT_INLINE static __attribute__((unused)) HR_T_AVX2
#endif

/* --- one token ------------------------------------------------------------------------------------------------------------------ */
#define QUANT_DOT(g) _mm256_maddubs_epi16(s->w##g, broadcast_quad(q + 4 * g))
#define QUANT_PAIR(g, h) _mm256_add_epi16(QUANT_DOT(g), QUANT_DOT(h))
#define QUANT_SIGNED(g) _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(s->w##g), \
                                          _mm256_sign_epi8(broadcast_quad(q + 4 * g), s->w##g)), ones)
/* the exact integer of the slice: isum, or t of the formats with sub-scales */
QUANT_INLINE __m256i dot_slice(const uint32_t type, const quant_slice_avx2 *s, const int8_t *q, __m256i s16) {
    const __m256i ones = _mm256_set1_epi16(1);
    if (type == HR_TYPE_Q8_0 || type == HR_TYPE_IQ4_NL || type == HR_TYPE_IQ4_XS) {
        __m256i a = _mm256_add_epi32(QUANT_SIGNED(0), QUANT_SIGNED(1)), b = _mm256_add_epi32(QUANT_SIGNED(2), QUANT_SIGNED(3));
        __m256i c = _mm256_add_epi32(QUANT_SIGNED(4), QUANT_SIGNED(5)), d = _mm256_add_epi32(QUANT_SIGNED(6), QUANT_SIGNED(7));
        return _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d));
    }
    __m256i a = QUANT_PAIR(0, 1), b = QUANT_PAIR(2, 3), c = QUANT_PAIR(4, 5), d = QUANT_PAIR(6, 7), sum;
    if (type == HR_TYPE_Q6_K) {
        a = _mm256_add_epi32(_mm256_madd_epi16(a, s->sc0), _mm256_madd_epi16(b, s->sc0));
        c = _mm256_add_epi32(_mm256_madd_epi16(c, s->sc1), _mm256_madd_epi16(d, s->sc1));
        return _mm256_sub_epi32(_mm256_add_epi32(a, c), _mm256_slli_epi32(_mm256_madd_epi16(s->sc01, s16), 5));
    }
    a = _mm256_add_epi16(a, b);
    c = _mm256_add_epi16(c, d);
    if (type == HR_TYPE_Q2_K || type == HR_TYPE_Q3_K) {
        sum = _mm256_add_epi32(_mm256_madd_epi16(a, s->sc0), _mm256_madd_epi16(c, s->sc1));
        if (type == HR_TYPE_Q2_K) return sum;
        return _mm256_sub_epi32(sum, _mm256_slli_epi32(_mm256_madd_epi16(s->sc01, s16), 2));
    }
    bool five = type == HR_TYPE_Q5_0 || type == HR_TYPE_Q5_1 || type == HR_TYPE_Q5_K || type == HR_TYPE_MXFP4;
    if (five) sum = _mm256_add_epi32(_mm256_madd_epi16(a, ones), _mm256_madd_epi16(c, ones));
    else sum = _mm256_madd_epi16(_mm256_add_epi16(a, c), ones);
    int zero = type == HR_TYPE_Q4_0 ? 8 : type == HR_TYPE_Q5_0 ? 16 : type == HR_TYPE_MXFP4 ? 12
             : type == HR_TYPE_TQ1_0 || type == HR_TYPE_TQ2_0 ? 1 : 0;
    return zero ? _mm256_add_epi32(sum, _mm256_madd_epi16(s16, _mm256_set1_epi16((short)-zero))) : sum;
}
#undef QUANT_DOT
#undef QUANT_PAIR
#undef QUANT_SIGNED

/* at: the token's slice, counted over all tokens */
QUANT_INLINE __m256 add_token(const uint32_t type, const quant_slice_avx2 *s, const hr_act *x, size_t at, __m256 acc) {
    __m256i s16 = broadcast_quad(x->s16 + 2 * at);
    __m256i sum = dot_slice(type, s, x->q + 32 * at, s16);
    __m256 d = _mm256_set1_ps(x->d[at]);
    acc = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_mul_ps(s->d, d), acc);
    if (has_min(type) && type != HR_TYPE_Q2_K) {
        acc = _mm256_fmadd_ps(s->m, _mm256_set1_ps(x->ds[at]), acc);
    } else if (type == HR_TYPE_Q2_K) {
        __m256 u = _mm256_cvtepi32_ps(_mm256_madd_epi16(s->mn01, s16));
        acc = _mm256_fmadd_ps(_mm256_xor_ps(u, _mm256_set1_ps(-0.0f)), _mm256_mul_ps(s->m, d), acc);
    }
    return acc;
}

QUANT_INLINE void store_rows(float *y, size_t n, __m256 v) { /* y [n], n may be above 8 */
    if (n >= 8) {
        _mm256_storeu_ps(y, v);
        return;
    }
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(y, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane), v);
}

/* 16 rows, one token: reads the pack once from front to back */
QUANT_INLINE void run_token(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g,
                            size_t t) {
    const uint8_t *p = (const uint8_t *)a->w + g * (a->k / 32 / slices) * 16 * bytes;
    size_t n = a->k / 32, row = 16 * g;
    __m256 lower = _mm256_setzero_ps(), upper = lower;
    quant_head_avx2 h0, h1;
    quant_slice_avx2 s;
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        load_head(type, p, 0, &h0);
        load_head(type, p, 1, &h1);
        for (size_t j = 0; j < slices; j++) {
            prefetch_weights(p, j * (16 * bytes / slices), 16 * bytes / slices);
            load_scales(type, &h0, j, &s);
            load_weights(type, p, j, &s);
            lower = add_token(type, &s, a->x, t * n + i + j, lower);
            load_scales(type, &h1, j, &s);
            load_weights(type, p + 32, j, &s);
            upper = add_token(type, &s, a->x, t * n + i + j, upper);
        }
    }
    float *y = a->y + t * a->y_stride + row;
    store_rows(y, a->rows - row, lower);
    if (a->rows - row > 8) store_rows(y + 8, a->rows - row - 8, upper);
}

/* 8 rows, four tokens */
QUANT_INLINE void run_tokens(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g,
                             size_t half, size_t t, const bool four) {
    const uint8_t *p = (const uint8_t *)a->w + g * (a->k / 32 / slices) * 16 * bytes;
    size_t n = a->k / 32, row = 16 * g + 8 * half, at = t * n;
    __m256 y0 = _mm256_setzero_ps(), y1 = y0, y2 = y0, y3 = y0;
    quant_head_avx2 h;
    quant_slice_avx2 s;
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        load_head(type, p, half, &h);
        for (size_t j = 0; j < slices; j++, at++) {
            load_scales(type, &h, j, &s);
            load_weights(type, p + 32 * half, j, &s);
            y0 = add_token(type, &s, a->x, at, y0);
            y1 = add_token(type, &s, a->x, at + n, y1);
            if (four) y2 = add_token(type, &s, a->x, at + 2 * n, y2);
            if (four) y3 = add_token(type, &s, a->x, at + 3 * n, y3);
        }
    }
    float *y = a->y + t * a->y_stride + row;
    store_rows(y, a->rows - row, y0);
    store_rows(y + a->y_stride, a->rows - row, y1);
    if (four) store_rows(y + 2 * a->y_stride, a->rows - row, y2);
    if (four) store_rows(y + 3 * a->y_stride, a->rows - row, y3);
}

QUANT_INLINE void run_groups(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g0,
                             size_t g1) {
    for (size_t g = g0; g < g1; g++) {
        size_t halves = a->rows - 16 * g > 8 ? 2 : 1, t = 0;
        for (; t + 4 <= a->x->m; t += 4) {
            for (size_t half = 0; half < halves; half++) run_tokens(type, slices, bytes, a, g, half, t, true);
        }
        if (t + 2 <= a->x->m) {
            for (size_t half = 0; half < halves; half++) run_tokens(type, slices, bytes, a, g, half, t, false);
            t += 2;
        }
        if (t < a->x->m) run_token(type, slices, bytes, a, g, t);
    }
}

#define QUANT_KERNEL(name, type, block, bytes) \
    HR_T_AVX2 static void matmul_##name##_avx2(const hr_matmul_args *a, size_t g0, size_t g1) { \
        run_groups(type, block / 32, bytes, a, g0, g1); \
    }
QUANT_KERNEL(q4_0, HR_TYPE_Q4_0, 32, 18)
QUANT_KERNEL(q4_1, HR_TYPE_Q4_1, 32, 20)
QUANT_KERNEL(q5_0, HR_TYPE_Q5_0, 32, 22)
QUANT_KERNEL(q5_1, HR_TYPE_Q5_1, 32, 24)
QUANT_KERNEL(q8_0, HR_TYPE_Q8_0, 32, 34)
QUANT_KERNEL(q2_k, HR_TYPE_Q2_K, 256, 84)
QUANT_KERNEL(q3_k, HR_TYPE_Q3_K, 256, 110)
QUANT_KERNEL(q4_k, HR_TYPE_Q4_K, 256, 144)
QUANT_KERNEL(q5_k, HR_TYPE_Q5_K, 256, 176)
QUANT_KERNEL(q6_k, HR_TYPE_Q6_K, 256, 210)
QUANT_KERNEL(iq4_nl, HR_TYPE_IQ4_NL, 32, 18)
QUANT_KERNEL(iq4_xs, HR_TYPE_IQ4_XS, 256, 136)
QUANT_KERNEL(mxfp4, HR_TYPE_MXFP4, 32, 17)
QUANT_KERNEL(tq1_0, HR_TYPE_TQ1_0, 256, 54)
QUANT_KERNEL(tq2_0, HR_TYPE_TQ2_0, 256, 66)
#undef QUANT_KERNEL
#undef QUANT_INLINE

HR_KERNEL(matmul_q4_0, matmul_q4_0_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q4_1, matmul_q4_1_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q5_0, matmul_q5_0_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q5_1, matmul_q5_1_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q8_0, matmul_q8_0_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q2_k, matmul_q2_k_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q3_k, matmul_q3_k_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q4_k, matmul_q4_k_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q5_k, matmul_q5_k_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_q6_k, matmul_q6_k_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_iq4_nl, matmul_iq4_nl_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_iq4_xs, matmul_iq4_xs_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_mxfp4, matmul_mxfp4_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_tq1_0, matmul_tq1_0_avx2, HR_ISA_AVX2, 10, 16, 4)
HR_KERNEL(matmul_tq2_0, matmul_tq2_0_avx2, HR_ISA_AVX2, 10, 16, 4)
#else
typedef int hr_no_matmul_quant_avx2; /* a file may not be empty */
#endif
