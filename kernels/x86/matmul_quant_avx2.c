/* matmul_quant_avx2.c: quantized weights in packs times int8 activations, AVX2.
 *
 * A lane is a row, 8 rows a vector of 8 x 4 bytes. 512 elements of 16 rows are unpacked into a panel that stays in the first
 * cache; tiles of 8 rows x 4 or 6 tokens run over it, and one more function unpacks one more format. A token's 4 bytes are
 * broadcast from memory and multiplied by vpmaddubsw (unsigned weight x signed activation, pairs added in int16). Exact,
 * because nothing saturates:
 *     weights <= 15: 8 pairs   8 * 2 * 15 * 127 = 30480         weights <= 31: 4 pairs  31496     weights <= 63: 2 pairs  32004
 *     signed bytes: |w| x (q with w's sign), 1 pair  2 * 128 * 127 = 32512
 * The zero point (Q4_0: 8) leaves as -zero * sum(q). One token (decode) of the common formats goes straight from the pack
 * through registers. The float chain is kernel.h's. */
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

/* --- panels ------------------------------------------------------------------------------------------------------------------ */
enum { PANEL_SLICES = 16 };
/* 512 elements of 16 rows, unpacked: 14 KB, so that tiles read them from the first cache */
typedef struct panel_avx2 {
    _Alignas(64) uint8_t w[PANEL_SLICES][8][64]; /* [4 elements][row][4] */
    float d[PANEL_SLICES][16], m[PANEL_SLICES][16];
    int16_t sc[PANEL_SLICES][2][32]; /* sub-scale of either half, twice a row */
    int16_t zero[PANEL_SLICES][32];  /* minus the zero point times either sub-scale, as a pair a row */
    int16_t mn[PANEL_SLICES][32];    /* Q2_K: both mins, as a pair a row */
} panel_avx2;

typedef struct panel_tile_avx2 {
    const panel_avx2 *panel;
    const hr_act *x;
    float *y; /* [m][stride], of the panel's first row */
    size_t stride, rows, slice0, n;
    bool min, sub_min;
} panel_tile_avx2;

QUANT_INLINE int zero_point(const uint32_t type) {
    return type == HR_TYPE_Q4_0 ? 8 : type == HR_TYPE_Q5_0 ? 16 : type == HR_TYPE_MXFP4 ? 12 : type == HR_TYPE_Q6_K ? 32
         : type == HR_TYPE_Q3_K ? 4 : type == HR_TYPE_TQ1_0 || type == HR_TYPE_TQ2_0 ? 1 : 0;
}
QUANT_INLINE void store_quant(void *p, __m256i v) { _mm256_store_si256((__m256i *)p, v); }
QUANT_INLINE __m256i load_panel(const void *p) { return _mm256_load_si256((const __m256i *)p); }

QUANT_INLINE void fill_slice(const uint32_t type, const uint8_t *block, const quant_head_avx2 *h, size_t j, size_t half,
                             size_t i, panel_avx2 *p) {
    const __m256i ones = _mm256_set1_epi16(1), zero = _mm256_set1_epi16((short)-zero_point(type));
    const bool sub = type == HR_TYPE_Q2_K || type == HR_TYPE_Q3_K || type == HR_TYPE_Q6_K;
    quant_slice_avx2 s;
    load_scales(type, h, j, &s);
    load_weights(type, block + 32 * half, j, &s);
    store_quant(p->w[i][0] + 32 * half, s.w0), store_quant(p->w[i][1] + 32 * half, s.w1);
    store_quant(p->w[i][2] + 32 * half, s.w2), store_quant(p->w[i][3] + 32 * half, s.w3);
    store_quant(p->w[i][4] + 32 * half, s.w4), store_quant(p->w[i][5] + 32 * half, s.w5);
    store_quant(p->w[i][6] + 32 * half, s.w6), store_quant(p->w[i][7] + 32 * half, s.w7);
    _mm256_store_ps(p->d[i] + 8 * half, s.d);
    if (has_min(type)) _mm256_store_ps(p->m[i] + 8 * half, s.m);
    store_quant(p->sc[i][0] + 16 * half, sub ? s.sc0 : ones);
    store_quant(p->sc[i][1] + 16 * half, sub ? s.sc1 : ones);
    store_quant(p->zero[i] + 16 * half, sub ? _mm256_mullo_epi16(s.sc01, zero) : zero);
    if (type == HR_TYPE_Q2_K) store_quant(p->mn[i] + 16 * half, s.mn01);
}

/* n slices of group g from slice0 on */
QUANT_INLINE void fill_panel_avx2(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a,
                                  size_t g, size_t slice0, size_t n, panel_avx2 *panel) {
    const uint8_t *p = (const uint8_t *)a->w + (g * (a->k / 32) + slice0) / slices * 16 * bytes;
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        prefetch_weights(p, 0, 16 * bytes);
        for (size_t half = 0; half < 2; half++) {
            quant_head_avx2 h;
            load_head(type, p, half, &h);
            for (size_t j = 0; j < slices; j++) fill_slice(type, p, &h, j, half, i + j, panel);
        }
    }
}

/* --- tiles: 8 rows x nt tokens over a panel. pairs: how many vpmaddubsw an int16 holds (1: signed weights) ---------------------- */
QUANT_INLINE __m256 load_rows(const float *y, size_t n) {
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    if (n >= 8) return _mm256_loadu_ps(y);
    return _mm256_maskload_ps(y, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
}
#define TILE_TOKENS_AVX2(X) X(0) X(1) X(2) X(3) X(4) X(5)
/* sums stay as written: gcc would turn them into trees, whose leaves spill */
#define TILE_KEEP(v) __asm__ volatile("" : "+x"(v))
QUANT_INLINE void quant_tile_avx2(const int pairs, const int nt, const panel_tile_avx2 *c, size_t half, size_t t) {
    const panel_avx2 *p = c->panel;
    const hr_act *x = c->x;
    const size_t all = x->k / 32, rows = c->rows - 8 * half;
    const __m256i ones = _mm256_set1_epi16(1);
    /* a token past the last is the last once more: the same values are stored twice */
#define TILE_LOAD(i) \
    const size_t t##i = hr_min_size(t + i, x->m - 1), at##i = t##i * all + c->slice0; \
    float *y##i = c->y + t##i * c->stride + 8 * half; \
    __m256 f##i = nt > i && c->slice0 > 0 ? load_rows(y##i, rows) : _mm256_setzero_ps(); \
    const int8_t *q##i = x->q + 32 * at##i;
    TILE_TOKENS_AVX2(TILE_LOAD)
#undef TILE_LOAD
    for (size_t s = 0; s < c->n; s++) {
        const uint8_t *w = p->w[s][0] + 32 * half;
        __m256i v, u, zero = load_panel(p->zero[s] + 16 * half);
#define TILE_START(i) __m256i a##i = ones, b##i = ones; \
        if (nt > i && pairs < 8) b##i = _mm256_madd_epi16(zero, broadcast_quad(x->s16 + 2 * (at##i + s)));
        TILE_TOKENS_AVX2(TILE_START)
#undef TILE_START
#define TILE_FIRST(i) if (nt > i) a##i = _mm256_maddubs_epi16(v, broadcast_quad(q##i + 4 * g));
#define TILE_NEXT(i) if (nt > i) { \
            a##i = _mm256_add_epi16(a##i, _mm256_maddubs_epi16(v, broadcast_quad(q##i + 4 * g))); \
            TILE_KEEP(a##i); \
        }
#define TILE_WIDEN(i) if (nt > i) { \
            b##i = pairs == 8 ? _mm256_madd_epi16(a##i, u) : _mm256_add_epi32(b##i, _mm256_madd_epi16(a##i, u)); \
            TILE_KEEP(b##i); \
        }
#define TILE_SIGNED(i) if (nt > i) { \
            b##i = _mm256_add_epi32(b##i, _mm256_madd_epi16( \
                _mm256_maddubs_epi16(u, _mm256_sign_epi8(broadcast_quad(q##i + 4 * g), v)), ones)); \
            TILE_KEEP(b##i); \
        }
#define TILE_STEP(n) { \
            enum { g = n }; \
            v = load_panel(w + 64 * g); \
            if (pairs == 1) { \
                u = _mm256_abs_epi8(v); \
                TILE_TOKENS_AVX2(TILE_SIGNED) \
            } else { \
                if (g % pairs == 0) { TILE_TOKENS_AVX2(TILE_FIRST) } else { TILE_TOKENS_AVX2(TILE_NEXT) } \
                if (g % pairs == pairs - 1) { \
                    u = pairs == 8 ? ones : load_panel(p->sc[s][g / 4] + 16 * half); \
                    TILE_TOKENS_AVX2(TILE_WIDEN) \
                } \
            } \
        }
        TILE_STEP(0) TILE_STEP(1) TILE_STEP(2) TILE_STEP(3) TILE_STEP(4) TILE_STEP(5) TILE_STEP(6) TILE_STEP(7)
#undef TILE_STEP
#undef TILE_SIGNED
#undef TILE_WIDEN
#undef TILE_NEXT
#undef TILE_FIRST
#define TILE_ZERO(i) if (nt > i) \
            b##i = _mm256_add_epi32(b##i, _mm256_madd_epi16(zero, broadcast_quad(x->s16 + 2 * (at##i + s))));
        if (pairs == 8 && !c->min) { TILE_TOKENS_AVX2(TILE_ZERO) }
#undef TILE_ZERO
        __m256 d = _mm256_load_ps(p->d[s] + 8 * half);
#define TILE_ADD(i) if (nt > i) { \
            f##i = _mm256_fmadd_ps(_mm256_cvtepi32_ps(b##i), _mm256_mul_ps(d, _mm256_set1_ps(x->d[at##i + s])), f##i); \
            q##i += 32; \
        }
        TILE_TOKENS_AVX2(TILE_ADD)
#undef TILE_ADD
        if (pairs != 8 && pairs != 4) continue;
        if (c->min) {
            __m256 m = _mm256_load_ps(p->m[s] + 8 * half);
#define TILE_MIN(i) if (nt > i) f##i = _mm256_fmadd_ps(m, _mm256_set1_ps(x->ds[at##i + s]), f##i);
            TILE_TOKENS_AVX2(TILE_MIN)
#undef TILE_MIN
        }
        if (pairs == 4 && c->sub_min) {
            __m256 m = _mm256_load_ps(p->m[s] + 8 * half);
            __m256i mn = load_panel(p->mn[s] + 16 * half);
#define TILE_MIN(i) if (nt > i) f##i = _mm256_fnmadd_ps( \
                _mm256_cvtepi32_ps(_mm256_madd_epi16(mn, broadcast_quad(x->s16 + 2 * (at##i + s)))), \
                _mm256_mul_ps(m, _mm256_set1_ps(x->d[at##i + s])), f##i);
            TILE_TOKENS_AVX2(TILE_MIN)
#undef TILE_MIN
        }
    }
#define TILE_SAVE(i) if (nt > i) store_rows(y##i, rows, f##i);
    TILE_TOKENS_AVX2(TILE_SAVE)
#undef TILE_SAVE
}
#undef TILE_TOKENS_AVX2
#undef TILE_KEEP

#define QUANT_TILES(name, pairs, tokens) \
    HR_T_AVX2 static __attribute__((noinline)) void name(const panel_tile_avx2 *c) { \
        size_t t = 0, m = c->x->m, halves = c->rows > 8 ? 2 : 1; \
        for (; t + 2 < m; t += tokens) { \
            for (size_t half = 0; half < halves; half++) quant_tile_avx2(pairs, tokens, c, half, t); \
        } \
        for (; t < m; t++) { \
            for (size_t half = 0; half < halves; half++) quant_tile_avx2(pairs, 1, c, half, t); \
        } \
    }
QUANT_TILES(tiles_of_4_bits, 8, 6)
QUANT_TILES(tiles_of_5_bits, 4, 4)
QUANT_TILES(tiles_of_6_bits, 2, 4)
QUANT_TILES(tiles_signed, 1, 6)
#undef QUANT_TILES

/* unpacks a panel; the formats are told apart here and nowhere later */
typedef void panel_fill_avx2_fn(const hr_matmul_args *a, size_t g, size_t slice0, size_t n, panel_avx2 *panel);
typedef void panel_tiles_avx2_fn(const panel_tile_avx2 *c);

HR_T_AVX2 static __attribute__((noinline)) void run_panels(panel_fill_avx2_fn *fill, panel_tiles_avx2_fn *tiles, bool min,
                                                           bool sub_min, const hr_matmul_args *a, size_t g0, size_t g1) {
    panel_avx2 panel;
    panel_tile_avx2 c = {&panel, a->x, NULL, a->y_stride, 0, 0, 0, min, sub_min};
    const size_t all = a->k / 32;
    for (size_t g = g0; g < g1; g++) {
        c.y = a->y + 16 * g;
        c.rows = a->rows - 16 * g;
        for (c.slice0 = 0; c.slice0 < all; c.slice0 += c.n) {
            c.n = hr_min_size(PANEL_SLICES, all - c.slice0);
            fill(a, g, c.slice0, c.n, &panel);
            tiles(&c);
        }
    }
}

QUANT_INLINE panel_tiles_avx2_fn *tiles_for(const uint32_t type) {
    switch (type) {
    case HR_TYPE_Q8_0: case HR_TYPE_IQ4_NL: case HR_TYPE_IQ4_XS: return tiles_signed;
    case HR_TYPE_Q6_K: return tiles_of_6_bits;
    case HR_TYPE_Q5_0: case HR_TYPE_Q5_1: case HR_TYPE_Q5_K: case HR_TYPE_MXFP4: case HR_TYPE_Q2_K: case HR_TYPE_Q3_K:
        return tiles_of_5_bits;
    default: return tiles_of_4_bits;
    }
}
/* formats that have a path of their own for one token */
QUANT_INLINE bool is_common(const uint32_t type) {
    return type == HR_TYPE_Q4_0 || type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K || type == HR_TYPE_Q6_K || type == HR_TYPE_Q8_0;
}

#define QUANT_KERNEL(name, type, block, bytes) \
    HR_T_AVX2 static void fill_##name##_avx2(const hr_matmul_args *a, size_t g, size_t slice0, size_t n, panel_avx2 *panel) { \
        fill_panel_avx2(type, block / 32, bytes, a, g, slice0, n, panel); \
    } \
    HR_T_AVX2 static void matmul_##name##_avx2(const hr_matmul_args *a, size_t g0, size_t g1) { \
        if (is_common(type) && a->x->m == 1) { \
            for (size_t g = g0; g < g1; g++) run_token(type, block / 32, bytes, a, g, 0); \
            return; \
        } \
        run_panels(fill_##name##_avx2, tiles_for(type), has_min(type) && type != HR_TYPE_Q2_K, type == HR_TYPE_Q2_K, a, g0, g1); \
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
