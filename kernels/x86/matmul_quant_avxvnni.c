/* matmul_quant_avxvnni.c: quantized weights in packs times int8 activations, AVX-VNNI (256 bit, VEX: cores without AVX-512).
 *
 * A lane is a row. A slice (32 elements of 16 rows) is unpacked once to 512 unsigned bytes that stay in the first cache,
 * then tiles of 16 rows x 6 tokens run over it: 12 accumulators, two vectors of weights, one token's 4 bytes broadcast
 * from memory. A step of vpdpbusd (unsigned x signed, 4 products added to int32) cannot saturate: 32 * 255 * 127 < 2^21.
 * The zero point enters as the accumulator's first value, -zero * sum(q): one vpmaddwd of the sums in s16.
 * Sub-scales (Q2_K, Q3_K, Q6_K): t = sc0 * isum0 + sc1 * isum1 is made of f32 fma: every term and the sum are integers
 * below 2^24, so exact; the added +0 keeps a zero positive as an integer's is. The float chain is kernel.h's. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2) && !defined(HR_NO_AVXVNNI)
#include "kernels/kernel.h"
#include "kernels/x86/unpack_avx2.h"
#include <immintrin.h>

#define AVXV_T __attribute__((target("avxvnni,avx2,fma,f16c")))
#if defined(__OPTIMIZE__)
#define AVXV_INLINE static inline __attribute__((always_inline, unused)) AVXV_T
#else /* as in unpack_avx2.h */
#define AVXV_INLINE static __attribute__((unused)) AVXV_T
#endif
#define AVXV_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5)
enum { AVXV_TILE = 6, AVXV_PASS = 24 }; /* tokens of a tile; tokens that share one unpacking */
enum { AVXV_PLAIN, AVXV_MIN, AVXV_SUB, AVXV_SUB_MIN };

/* acc + 4 products a lane. gcc 12 copies the accumulators of the intrinsic to and fro until they spill: it gets the
 * instruction itself. */
AVXV_INLINE __m256i add_dots_avxv(__m256i acc, __m256i w, __m256i q) {
#if defined(__clang__)
    return _mm256_dpbusd_avx_epi32(acc, w, q);
#else
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(w), "x"(q));
    return acc;
#endif
}

/* 32 elements of 16 rows */
typedef struct avxv_slice {
    _Alignas(64) uint8_t w[8][64]; /* [4 elements][row][4] */
    float d[16], m[16], sc[2][16], mn[2][16];
    int32_t zero[2]; /* minus the zero point, as pairs of int16 beside the sums of 16; plain formats use the first */
} avxv_slice;

AVXV_INLINE bool is_signed_avxv(const uint32_t type) {
    return type == HR_TYPE_Q8_0 || type == HR_TYPE_IQ4_NL || type == HR_TYPE_IQ4_XS;
}
AVXV_INLINE int kind_of_avxv(const uint32_t type) {
    return type == HR_TYPE_Q2_K ? AVXV_SUB_MIN : type == HR_TYPE_Q3_K || type == HR_TYPE_Q6_K ? AVXV_SUB
         : has_min(type) ? AVXV_MIN : AVXV_PLAIN;
}

/* the two int16 of each lane as floats */
AVXV_INLINE __m256 low_words_avxv(__m256i v) { return _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(v, 16), 16)); }
AVXV_INLINE __m256 high_words_avxv(__m256i v) { return _mm256_cvtepi32_ps(_mm256_srai_epi32(v, 16)); }
AVXV_INLINE void store_pair_avxv(__m256i v, float *low, float *high) {
    _mm256_store_ps(low, low_words_avxv(v));
    _mm256_store_ps(high, high_words_avxv(v));
}

AVXV_INLINE void unpack_half_avxv(const uint32_t type, const uint8_t *block, size_t j, size_t half, const quant_head_avx2 *h,
                                  avxv_slice *s) {
    const int kind = kind_of_avxv(type);
    quant_slice_avx2 v;
    load_scales(type, h, j, &v);
    load_weights(type, block + 32 * half, j, &v);
    __m256i flip = _mm256_set1_epi8(is_signed_avxv(type) ? -128 : 0);
#define AVXV_STORE(g) _mm256_store_si256((__m256i *)(void *)(s->w[g] + 32 * half), _mm256_xor_si256(v.w##g, flip));
    AVXV_EACH(AVXV_STORE)
    AVXV_STORE(6)
    AVXV_STORE(7)
#undef AVXV_STORE
    _mm256_store_ps(s->d + 8 * half, v.d);
    if (kind == AVXV_MIN || kind == AVXV_SUB_MIN) _mm256_store_ps(s->m + 8 * half, v.m);
    if (kind == AVXV_SUB || kind == AVXV_SUB_MIN) store_pair_avxv(v.sc01, s->sc[0] + 8 * half, s->sc[1] + 8 * half);
    if (kind == AVXV_SUB_MIN) store_pair_avxv(v.mn01, s->mn[0] + 8 * half, s->mn[1] + 8 * half);
}

/* minus the zero point as pairs of int16 beside the sums of 16; of both halves, or of half 0 and 1 apart */
AVXV_INLINE int32_t zero_pair_avxv(const uint32_t type, int half) {
    int zero = type == HR_TYPE_Q4_0 ? 8 : type == HR_TYPE_Q5_0 ? 16 : type == HR_TYPE_MXFP4 ? 12 : type == HR_TYPE_Q6_K ? 32
             : type == HR_TYPE_Q3_K ? 4 : type == HR_TYPE_TQ1_0 || type == HR_TYPE_TQ2_0 ? 1 : is_signed_avxv(type) ? 128 : 0;
    uint32_t pair = (uint32_t)-zero & 0xffffu;
    return (int32_t)(half == 0 ? pair : pair << 16);
}
AVXV_INLINE void set_zero_avxv(const uint32_t type, avxv_slice *s) {
    bool sub = kind_of_avxv(type) >= AVXV_SUB;
    s->zero[0] = zero_pair_avxv(type, 0) | (sub ? 0 : zero_pair_avxv(type, 1));
    s->zero[1] = zero_pair_avxv(type, 1);
}

/* --- one token: everything stays in registers ----------------------------------------------------------------------------- */
AVXV_INLINE __m256 add_token_avxv(const uint32_t type, const quant_slice_avx2 *s, const hr_act *x, size_t at, __m256 acc) {
    const int kind = kind_of_avxv(type);
    const int8_t *q = x->q + 32 * at;
    __m256i s16 = broadcast_quad(x->s16 + 2 * at), flip = _mm256_set1_epi8(is_signed_avxv(type) ? -128 : 0);
    __m256i a = _mm256_setzero_si256(), b = a;
    if (zero_pair_avxv(type, 0) != 0) {
        a = _mm256_madd_epi16(_mm256_set1_epi32(zero_pair_avxv(type, 0)), s16);
        b = _mm256_madd_epi16(_mm256_set1_epi32(zero_pair_avxv(type, 1)), s16);
    }
#define AVXV_DOT(acc, g) acc = add_dots_avxv(acc, _mm256_xor_si256(s->w##g, flip), broadcast_quad(q + 4 * g));
    AVXV_DOT(a, 0) AVXV_DOT(b, 4) AVXV_DOT(a, 1) AVXV_DOT(b, 5) AVXV_DOT(a, 2) AVXV_DOT(b, 6) AVXV_DOT(a, 3) AVXV_DOT(b, 7)
#undef AVXV_DOT
    __m256 t, d = _mm256_set1_ps(x->d[at]), none = _mm256_setzero_ps();
    if (kind >= AVXV_SUB) {
        t = _mm256_fmadd_ps(low_words_avxv(s->sc01), _mm256_cvtepi32_ps(a), none);
        t = _mm256_fmadd_ps(high_words_avxv(s->sc01), _mm256_cvtepi32_ps(b), t);
    } else {
        t = _mm256_cvtepi32_ps(_mm256_add_epi32(a, b));
    }
    acc = _mm256_fmadd_ps(t, _mm256_mul_ps(s->d, d), acc);
    if (kind == AVXV_MIN) acc = _mm256_fmadd_ps(s->m, _mm256_set1_ps(x->ds[at]), acc);
    if (kind == AVXV_SUB_MIN) {
        __m256 u = _mm256_cvtepi32_ps(_mm256_madd_epi16(s->mn01, s16));
        acc = _mm256_fmadd_ps(_mm256_xor_ps(u, _mm256_set1_ps(-0.0f)), _mm256_mul_ps(s->m, d), acc);
    }
    return acc;
}

AVXV_INLINE void store_rows_avxv(float *y, size_t n, __m256 v) { /* y [n], n may be above 8 */
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    if (n >= 8) _mm256_storeu_ps(y, v);
    else _mm256_maskstore_ps(y, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane), v);
}

AVXV_INLINE void run_token_avxv(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g) {
    size_t n = a->k / 32, row = 16 * g, at = (a->x->m - 1) * n;
    const uint8_t *p = (const uint8_t *)a->w + g * (n / slices) * 16 * bytes;
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
            lower = add_token_avxv(type, &s, a->x, at + i + j, lower);
            load_scales(type, &h1, j, &s);
            load_weights(type, p + 32, j, &s);
            upper = add_token_avxv(type, &s, a->x, at + i + j, upper);
        }
    }
    float *y = a->y + (a->x->m - 1) * a->y_stride + row;
    store_rows_avxv(y, a->rows - row, lower);
    if (a->rows - row > 8) store_rows_avxv(y + 8, a->rows - row - 8, upper);
}

/* --- tiles ---------------------------------------------------------------------------------------------------------------- */
/* acc - (mn0 * s16[0] + mn1 * s16[1]) * (dmin * da), for 8 rows */
AVXV_INLINE __m256 add_mins_avxv(const avxv_slice *s, int row, const int16_t *s16, __m256 d, __m256 acc) {
    __m256 u = _mm256_fmadd_ps(_mm256_load_ps(s->mn[0] + row), _mm256_set1_ps((float)s16[0]), _mm256_setzero_ps());
    u = _mm256_fmadd_ps(_mm256_load_ps(s->mn[1] + row), _mm256_set1_ps((float)s16[1]), u);
    return _mm256_fmadd_ps(_mm256_xor_ps(u, _mm256_set1_ps(-0.0f)), d, acc);
}

/* 16 rows x nt tokens over one slice (step 0), or over its first and second half (steps 0 and 1 of the kinds with
 * sub-scales). at: the first token's slice, n: slices from token to token. acc [nt][16]; part [nt][16]: t so far */
AVXV_INLINE void step_tile_avxv(const int kind, const int nt, const int step, const avxv_slice *s, const hr_act *x, size_t at,
                                size_t n, float *acc, float *part) {
    const bool sub = kind == AVXV_SUB || kind == AVXV_SUB_MIN;
    const size_t k = 32 * n;
    const int8_t *q = x->q + 32 * at + 16 * step, *q3 = q + (nt > 3 ? 3 * k : 0);
    const uint8_t *w = s->w[4 * step], *end = w + (sub ? 256 : 512);
    __m256i l0, l1, l2, l3, l4, l5, u0, u1, u2, u3, u4, u5, zero = _mm256_set1_epi32(s->zero[step]);
#define AVXV_START(t) if (nt > t) l##t = u##t = _mm256_madd_epi16(zero, broadcast_quad(x->s16 + 2 * (at + t * n)));
    AVXV_EACH(AVXV_START)
#undef AVXV_START
    for (; w < end; w += 64, q += 4, q3 += 4) {
        __m256i lower = _mm256_load_si256((const __m256i *)(const void *)w), v;
        __m256i upper = _mm256_load_si256((const __m256i *)(const void *)(w + 32));
#define AVXV_DOT(t) if (nt > t) { \
        v = broadcast_quad((t < 3 ? q : q3) + t % 3 * k); \
        l##t = add_dots_avxv(l##t, lower, v); \
        u##t = add_dots_avxv(u##t, upper, v); \
    }
        AVXV_EACH(AVXV_DOT)
#undef AVXV_DOT
    }
    __asm__ volatile("" ::: "memory"); /* the scales are not loaded before the loop */
    for (int half = 0; half < 2; half++) {
        const int o = 8 * half;
        __m256 d = _mm256_load_ps(s->d + o), m = _mm256_load_ps(s->m + o), sc = _mm256_load_ps(s->sc[step] + o);
#define AVXV_END(t) if (nt > t) { \
        __m256 i = _mm256_cvtepi32_ps(half ? u##t : l##t), da = _mm256_set1_ps(x->d[at + t * n]), y; \
        float *a = acc + 16 * t + o, *p = part + 16 * t + o; \
        if (sub) i = _mm256_fmadd_ps(sc, i, step ? _mm256_load_ps(p) : _mm256_setzero_ps()); \
        if (sub && step == 0) { \
            _mm256_store_ps(p, i); \
        } else { \
            y = _mm256_fmadd_ps(i, _mm256_mul_ps(d, da), _mm256_load_ps(a)); \
            if (kind == AVXV_MIN) y = _mm256_fmadd_ps(m, _mm256_set1_ps(x->ds[at + t * n]), y); \
            if (kind == AVXV_SUB_MIN) y = add_mins_avxv(s, o, x->s16 + 2 * (at + t * n), _mm256_mul_ps(m, da), y); \
            _mm256_store_ps(a, y); \
        } \
    }
        AVXV_EACH(AVXV_END)
#undef AVXV_END
    }
}

AVXV_INLINE void run_tile_avxv(const int kind, const int nt, const avxv_slice *s, const hr_act *x, size_t at, size_t n,
                               float *acc) {
    _Alignas(64) float part[16 * AVXV_TILE];
    step_tile_avxv(kind, nt, 0, s, x, at, n, acc, part);
    if (kind == AVXV_SUB || kind == AVXV_SUB_MIN) step_tile_avxv(kind, nt, 1, s, x, at, n, acc, part);
}

/* the tiles are functions of their own: formats of one kind share them */
#define AVXV_TILES(name, kind) \
    AVXV_T static __attribute__((noinline)) void name(size_t nt, const avxv_slice *s, const hr_act *x, size_t at, size_t n, \
                                                      float *acc) { \
        switch (nt) { \
        case 1: run_tile_avxv(kind, 1, s, x, at, n, acc); break; \
        case 2: run_tile_avxv(kind, 2, s, x, at, n, acc); break; \
        case 3: run_tile_avxv(kind, 3, s, x, at, n, acc); break; \
        case 4: run_tile_avxv(kind, 4, s, x, at, n, acc); break; \
        case 5: run_tile_avxv(kind, 5, s, x, at, n, acc); break; \
        default: run_tile_avxv(kind, 6, s, x, at, n, acc); break; \
        } \
    }
AVXV_TILES(tiles_plain_avxv, AVXV_PLAIN)
AVXV_TILES(tiles_min_avxv, AVXV_MIN)
AVXV_TILES(tiles_sub_avxv, AVXV_SUB)
AVXV_TILES(tiles_sub_min_avxv, AVXV_SUB_MIN)
#undef AVXV_TILES

AVXV_INLINE void store_group_avxv(float *y, size_t n, const float *acc) { /* n rows are left, perhaps above 16 */
    store_rows_avxv(y, n, _mm256_load_ps(acc));
    if (n > 8) store_rows_avxv(y + 8, n - 8, _mm256_load_ps(acc + 8));
}

/* 16 rows, nt tokens from t on; the pack's group is read once from front to back */
AVXV_INLINE void run_pass_avxv(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g,
                               size_t t, size_t nt) {
    const int kind = kind_of_avxv(type);
    size_t n = a->k / 32;
    const uint8_t *p = (const uint8_t *)a->w + g * (n / slices) * 16 * bytes;
    _Alignas(64) float acc[16 * AVXV_PASS] = {0};
    quant_head_avx2 h0, h1;
    avxv_slice s;
    set_zero_avxv(type, &s);
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        load_head(type, p, 0, &h0);
        load_head(type, p, 1, &h1);
        for (size_t j = 0; j < slices; j++) {
            prefetch_weights(p, j * (16 * bytes / slices), 16 * bytes / slices);
            unpack_half_avxv(type, p, j, 0, &h0, &s);
            unpack_half_avxv(type, p, j, 1, &h1, &s);
            for (size_t u = 0; u < nt; u += AVXV_TILE) {
                size_t at = (t + u) * n + i + j, left = nt - u;
                if (kind == AVXV_PLAIN) tiles_plain_avxv(left, &s, a->x, at, n, acc + 16 * u);
                if (kind == AVXV_MIN) tiles_min_avxv(left, &s, a->x, at, n, acc + 16 * u);
                if (kind == AVXV_SUB) tiles_sub_avxv(left, &s, a->x, at, n, acc + 16 * u);
                if (kind == AVXV_SUB_MIN) tiles_sub_min_avxv(left, &s, a->x, at, n, acc + 16 * u);
            }
        }
    }
    for (size_t u = 0; u < nt; u++) store_group_avxv(a->y + (t + u) * a->y_stride + 16 * g, a->rows - 16 * g, acc + 16 * u);
}

AVXV_INLINE void run_groups_avxv(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a,
                                 size_t g0, size_t g1) {
    const bool common = type == HR_TYPE_Q4_0 || type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K || type == HR_TYPE_Q6_K ||
                        type == HR_TYPE_Q8_0; /* one token has a path of its own */
    for (size_t g = g0; g < g1; g++) {
        size_t t = 0, m = a->x->m, least = common ? 2 : 1;
        for (; t + least <= m; t += AVXV_PASS) run_pass_avxv(type, slices, bytes, a, g, t, hr_min_size(m - t, AVXV_PASS));
        if (common && t < m) run_token_avxv(type, slices, bytes, a, g);
    }
}

#define AVXV_KERNEL(name, type, block, bytes) \
    AVXV_T static void matmul_##name##_avxvnni(const hr_matmul_args *a, size_t g0, size_t g1) { \
        run_groups_avxv(type, block / 32, bytes, a, g0, g1); \
    }
AVXV_KERNEL(q4_0, HR_TYPE_Q4_0, 32, 18)
AVXV_KERNEL(q4_1, HR_TYPE_Q4_1, 32, 20)
AVXV_KERNEL(q5_0, HR_TYPE_Q5_0, 32, 22)
AVXV_KERNEL(q5_1, HR_TYPE_Q5_1, 32, 24)
AVXV_KERNEL(q8_0, HR_TYPE_Q8_0, 32, 34)
AVXV_KERNEL(q2_k, HR_TYPE_Q2_K, 256, 84)
AVXV_KERNEL(q3_k, HR_TYPE_Q3_K, 256, 110)
AVXV_KERNEL(q4_k, HR_TYPE_Q4_K, 256, 144)
AVXV_KERNEL(q5_k, HR_TYPE_Q5_K, 256, 176)
AVXV_KERNEL(q6_k, HR_TYPE_Q6_K, 256, 210)
AVXV_KERNEL(iq4_nl, HR_TYPE_IQ4_NL, 32, 18)
AVXV_KERNEL(iq4_xs, HR_TYPE_IQ4_XS, 256, 136)
AVXV_KERNEL(mxfp4, HR_TYPE_MXFP4, 32, 17)
AVXV_KERNEL(tq1_0, HR_TYPE_TQ1_0, 256, 54)
AVXV_KERNEL(tq2_0, HR_TYPE_TQ2_0, 256, 66)
#undef AVXV_KERNEL
#undef AVXV_EACH
#undef AVXV_INLINE
#undef AVXV_T

HR_KERNEL(matmul_q4_0, matmul_q4_0_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q4_1, matmul_q4_1_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q5_0, matmul_q5_0_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q5_1, matmul_q5_1_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q8_0, matmul_q8_0_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q2_k, matmul_q2_k_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q3_k, matmul_q3_k_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q4_k, matmul_q4_k_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q5_k, matmul_q5_k_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_q6_k, matmul_q6_k_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_iq4_nl, matmul_iq4_nl_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_iq4_xs, matmul_iq4_xs_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_mxfp4, matmul_mxfp4_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_tq1_0, matmul_tq1_0_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
HR_KERNEL(matmul_tq2_0, matmul_tq2_0_avxvnni, HR_ISA_AVX2 | HR_ISA_AVXVNNI, 15, 16, 4)
#else
typedef int hr_no_matmul_quant_avxvnni; /* a file may not be empty */
#endif
