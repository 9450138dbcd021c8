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

#define VNNI_T __attribute__((target("avxvnni,avx2,fma,f16c")))
#if defined(__OPTIMIZE__)
#define VNNI_INLINE static inline __attribute__((always_inline, unused)) VNNI_T
#else /* as in unpack_avx2.h */
#define VNNI_INLINE static __attribute__((unused)) VNNI_T
#endif
#define VNNI_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5)
enum { VNNI_TILE = 6, VNNI_PASS = 24 }; /* tokens of a tile; tokens that share one unpacking */
enum { VNNI_PLAIN, VNNI_MIN, VNNI_SUB, VNNI_SUB_MIN };

/* 32 elements of 16 rows */
typedef struct vnni_slice {
    _Alignas(64) uint8_t w[8][64]; /* [4 elements][row][4] */
    float d[16], m[16], sc[2][16], mn[2][16];
    int32_t zero[2]; /* minus the zero point, as pairs of int16 beside the sums of 16; plain formats use the first */
} vnni_slice;

VNNI_INLINE int kind_of_vnni(const uint32_t type) {
    return type == HR_TYPE_Q2_K ? VNNI_SUB_MIN : type == HR_TYPE_Q3_K || type == HR_TYPE_Q6_K ? VNNI_SUB
         : has_min(type) ? VNNI_MIN : VNNI_PLAIN;
}

/* the two int16 of each lane as floats */
VNNI_INLINE void store_pair_vnni(__m256i v, float *low, float *high) {
    _mm256_store_ps(low, _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(v, 16), 16)));
    _mm256_store_ps(high, _mm256_cvtepi32_ps(_mm256_srai_epi32(v, 16)));
}

VNNI_INLINE void unpack_half_vnni(const uint32_t type, const uint8_t *block, size_t j, size_t half, const quant_head_avx2 *h,
                                  vnni_slice *s) {
    const int kind = kind_of_vnni(type);
    quant_slice_avx2 v;
    load_scales(type, h, j, &v);
    load_weights(type, block + 32 * half, j, &v);
    __m256i flip = _mm256_set1_epi8(type == HR_TYPE_Q8_0 || type == HR_TYPE_IQ4_NL || type == HR_TYPE_IQ4_XS ? -128 : 0);
#define VNNI_STORE(g) _mm256_store_si256((__m256i *)(void *)(s->w[g] + 32 * half), _mm256_xor_si256(v.w##g, flip));
    VNNI_EACH(VNNI_STORE)
    VNNI_STORE(6)
    VNNI_STORE(7)
#undef VNNI_STORE
    _mm256_store_ps(s->d + 8 * half, v.d);
    if (kind == VNNI_MIN || kind == VNNI_SUB_MIN) _mm256_store_ps(s->m + 8 * half, v.m);
    if (kind == VNNI_SUB || kind == VNNI_SUB_MIN) store_pair_vnni(v.sc01, s->sc[0] + 8 * half, s->sc[1] + 8 * half);
    if (kind == VNNI_SUB_MIN) store_pair_vnni(v.mn01, s->mn[0] + 8 * half, s->mn[1] + 8 * half);
}

VNNI_INLINE void set_zero_vnni(const uint32_t type, vnni_slice *s) {
    int zero = type == HR_TYPE_Q4_0 ? 8 : type == HR_TYPE_Q5_0 ? 16 : type == HR_TYPE_MXFP4 ? 12 : type == HR_TYPE_Q6_K ? 32
             : type == HR_TYPE_Q3_K ? 4 : type == HR_TYPE_TQ1_0 || type == HR_TYPE_TQ2_0 ? 1
             : type == HR_TYPE_Q8_0 || type == HR_TYPE_IQ4_NL || type == HR_TYPE_IQ4_XS ? 128 : 0;
    bool sub = kind_of_vnni(type) >= VNNI_SUB;
    uint32_t pair = (uint32_t)-zero & 0xffffu;
    s->zero[0] = (int32_t)(sub ? pair : pair | pair << 16);
    s->zero[1] = (int32_t)(pair << 16);
}

/* --- tiles ---------------------------------------------------------------------------------------------------------------- */
/* acc - (mn0 * s16[0] + mn1 * s16[1]) * (dmin * da), for 8 rows */
VNNI_INLINE __m256 add_mins_vnni(const vnni_slice *s, int row, const int16_t *s16, __m256 d, __m256 acc) {
    __m256 u = _mm256_fmadd_ps(_mm256_load_ps(s->mn[0] + row), _mm256_set1_ps((float)s16[0]), _mm256_setzero_ps());
    u = _mm256_fmadd_ps(_mm256_load_ps(s->mn[1] + row), _mm256_set1_ps((float)s16[1]), u);
    return _mm256_fmadd_ps(_mm256_xor_ps(u, _mm256_set1_ps(-0.0f)), d, acc);
}

/* 16 rows x nt tokens over one slice (step 0), or over its first and second half (steps 0 and 1 of the kinds with
 * sub-scales). at: the first token's slice, n: slices from token to token. acc [nt][16]; part [nt][16]: t so far */
VNNI_INLINE void step_tile_vnni(const int kind, const int nt, const int step, const vnni_slice *s, const hr_act *x, size_t at,
                                size_t n, float *acc, float *part) {
    const bool sub = kind == VNNI_SUB || kind == VNNI_SUB_MIN;
    const size_t k = 32 * n;
    const int8_t *q = x->q + 32 * at + 16 * step, *q3 = q + (nt > 3 ? 3 * k : 0);
    const uint8_t *w = s->w[4 * step], *end = w + (sub ? 256 : 512);
    __m256i l0, l1, l2, l3, l4, l5, u0, u1, u2, u3, u4, u5, zero = _mm256_set1_epi32(s->zero[step]);
#define VNNI_START(t) if (nt > t) l##t = u##t = _mm256_madd_epi16(zero, broadcast_quad(x->s16 + 2 * (at + t * n)));
    VNNI_EACH(VNNI_START)
#undef VNNI_START
    for (; w < end; w += 64, q += 4, q3 += 4) {
        __m256i lower = _mm256_load_si256((const __m256i *)(const void *)w), v;
        __m256i upper = _mm256_load_si256((const __m256i *)(const void *)(w + 32));
#define VNNI_DOT(t) if (nt > t) { \
        v = broadcast_quad((t < 3 ? q : q3) + t % 3 * k); \
        l##t = _mm256_dpbusd_avx_epi32(l##t, lower, v); \
        u##t = _mm256_dpbusd_avx_epi32(u##t, upper, v); \
    }
        VNNI_EACH(VNNI_DOT)
#undef VNNI_DOT
    }
    for (int half = 0; half < 2; half++) {
        const int o = 8 * half;
        __m256 d = _mm256_load_ps(s->d + o), m = _mm256_load_ps(s->m + o), sc = _mm256_load_ps(s->sc[step] + o);
#define VNNI_END(t) if (nt > t) { \
        __m256 i = _mm256_cvtepi32_ps(half ? u##t : l##t), da = _mm256_set1_ps(x->d[at + t * n]), y; \
        float *a = acc + 16 * t + o, *p = part + 16 * t + o; \
        if (sub) i = _mm256_fmadd_ps(sc, i, step ? _mm256_load_ps(p) : _mm256_setzero_ps()); \
        if (sub && step == 0) { \
            _mm256_store_ps(p, i); \
        } else { \
            y = _mm256_fmadd_ps(i, _mm256_mul_ps(d, da), _mm256_load_ps(a)); \
            if (kind == VNNI_MIN) y = _mm256_fmadd_ps(m, _mm256_set1_ps(x->ds[at + t * n]), y); \
            if (kind == VNNI_SUB_MIN) y = add_mins_vnni(s, o, x->s16 + 2 * (at + t * n), _mm256_mul_ps(m, da), y); \
            _mm256_store_ps(a, y); \
        } \
    }
        VNNI_EACH(VNNI_END)
#undef VNNI_END
    }
}

VNNI_INLINE void run_tile_vnni(const int kind, const int nt, const vnni_slice *s, const hr_act *x, size_t at, size_t n,
                               float *acc) {
    _Alignas(64) float part[16 * VNNI_TILE];
    step_tile_vnni(kind, nt, 0, s, x, at, n, acc, part);
    if (kind == VNNI_SUB || kind == VNNI_SUB_MIN) step_tile_vnni(kind, nt, 1, s, x, at, n, acc, part);
}

/* the tiles are functions of their own: formats of one kind share them */
#define VNNI_TILES(name, kind) \
    VNNI_T static __attribute__((noinline)) void name(size_t nt, const vnni_slice *s, const hr_act *x, size_t at, size_t n, \
                                                      float *acc) { \
        switch (nt) { \
        case 1: run_tile_vnni(kind, 1, s, x, at, n, acc); break; \
        case 2: run_tile_vnni(kind, 2, s, x, at, n, acc); break; \
        case 3: run_tile_vnni(kind, 3, s, x, at, n, acc); break; \
        case 4: run_tile_vnni(kind, 4, s, x, at, n, acc); break; \
        case 5: run_tile_vnni(kind, 5, s, x, at, n, acc); break; \
        default: run_tile_vnni(kind, 6, s, x, at, n, acc); break; \
        } \
    }
VNNI_TILES(tiles_plain_vnni, VNNI_PLAIN)
VNNI_TILES(tiles_min_vnni, VNNI_MIN)
VNNI_TILES(tiles_sub_vnni, VNNI_SUB)
VNNI_TILES(tiles_sub_min_vnni, VNNI_SUB_MIN)
#undef VNNI_TILES

VNNI_INLINE void store_rows_vnni(float *y, size_t n, __m256 v) { /* y [n], n may be above 8 */
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    if (n >= 8) _mm256_storeu_ps(y, v);
    else _mm256_maskstore_ps(y, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane), v);
}
VNNI_INLINE void store_group_vnni(float *y, size_t n, const float *acc) { /* n rows are left, perhaps above 16 */
    store_rows_vnni(y, n, _mm256_load_ps(acc));
    if (n > 8) store_rows_vnni(y + 8, n - 8, _mm256_load_ps(acc + 8));
}

/* 16 rows, nt tokens from t on; the pack's group is read once from front to back */
VNNI_INLINE void run_pass_vnni(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g,
                               size_t t, size_t nt) {
    const int kind = kind_of_vnni(type);
    size_t n = a->k / 32;
    const uint8_t *p = (const uint8_t *)a->w + g * (n / slices) * 16 * bytes;
    _Alignas(64) float acc[16 * VNNI_PASS] = {0};
    quant_head_avx2 h0, h1;
    vnni_slice s;
    set_zero_vnni(type, &s);
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        load_head(type, p, 0, &h0);
        load_head(type, p, 1, &h1);
        for (size_t j = 0; j < slices; j++) {
            prefetch_weights(p, j * (16 * bytes / slices), 16 * bytes / slices);
            unpack_half_vnni(type, p, j, 0, &h0, &s);
            unpack_half_vnni(type, p, j, 1, &h1, &s);
            for (size_t u = 0; u < nt; u += VNNI_TILE) {
                size_t at = (t + u) * n + i + j, left = nt - u;
                if (kind == VNNI_PLAIN) tiles_plain_vnni(left, &s, a->x, at, n, acc + 16 * u);
                if (kind == VNNI_MIN) tiles_min_vnni(left, &s, a->x, at, n, acc + 16 * u);
                if (kind == VNNI_SUB) tiles_sub_vnni(left, &s, a->x, at, n, acc + 16 * u);
                if (kind == VNNI_SUB_MIN) tiles_sub_min_vnni(left, &s, a->x, at, n, acc + 16 * u);
            }
        }
    }
    for (size_t u = 0; u < nt; u++) store_group_vnni(a->y + (t + u) * a->y_stride + 16 * g, a->rows - 16 * g, acc + 16 * u);
}

VNNI_INLINE void run_groups_vnni(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a,
                                 size_t g0, size_t g1) {
    for (size_t g = g0; g < g1; g++) {
        for (size_t t = 0; t < a->x->m; t += VNNI_PASS) {
            run_pass_vnni(type, slices, bytes, a, g, t, hr_min_size(a->x->m - t, VNNI_PASS));
        }
    }
}

#define VNNI_KERNEL(name, type, block, bytes) \
    VNNI_T static void matmul_##name##_avxvnni(const hr_matmul_args *a, size_t g0, size_t g1) { \
        run_groups_vnni(type, block / 32, bytes, a, g0, g1); \
    }
VNNI_KERNEL(q4_0, HR_TYPE_Q4_0, 32, 18)
VNNI_KERNEL(q4_1, HR_TYPE_Q4_1, 32, 20)
VNNI_KERNEL(q5_0, HR_TYPE_Q5_0, 32, 22)
VNNI_KERNEL(q5_1, HR_TYPE_Q5_1, 32, 24)
VNNI_KERNEL(q8_0, HR_TYPE_Q8_0, 32, 34)
VNNI_KERNEL(q2_k, HR_TYPE_Q2_K, 256, 84)
VNNI_KERNEL(q3_k, HR_TYPE_Q3_K, 256, 110)
VNNI_KERNEL(q4_k, HR_TYPE_Q4_K, 256, 144)
VNNI_KERNEL(q5_k, HR_TYPE_Q5_K, 256, 176)
VNNI_KERNEL(q6_k, HR_TYPE_Q6_K, 256, 210)
VNNI_KERNEL(iq4_nl, HR_TYPE_IQ4_NL, 32, 18)
VNNI_KERNEL(iq4_xs, HR_TYPE_IQ4_XS, 256, 136)
VNNI_KERNEL(mxfp4, HR_TYPE_MXFP4, 32, 17)
VNNI_KERNEL(tq1_0, HR_TYPE_TQ1_0, 256, 54)
VNNI_KERNEL(tq2_0, HR_TYPE_TQ2_0, 256, 66)
#undef VNNI_KERNEL
#undef VNNI_EACH
#undef VNNI_INLINE
#undef VNNI_T

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
