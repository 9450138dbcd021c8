/* matmul_fast_avx512.c: the fast mode's products, AVX512-VNNI.
 *
 * 32 rows x 1024 elements are requantized into a panel in the first-level cache: unsigned bytes (q + 128), a scale for
 * every row and 256 elements. Tiles of 32 rows x 12 tokens run over it: 24 accumulators, which start at -128 * sum(q) of the
 * activations, and 64 dots each before the first float operation. Scales and the rare formats' bits are slice16.h's, as for
 * SSE4.1: a panel is made once for all tokens, so 16 bytes at a time are fast enough for them.
 *
 * The largest |v| of a slice is at its largest or smallest integer, because rounding is monotone: bytes find it. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX512) && !defined(HR_NO_SSE41)
#include "kernels/slice16.h"
#include <immintrin.h>

#if defined(__OPTIMIZE__)
#define FAST_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX512
#else
#define FAST_INLINE static __attribute__((unused)) HR_T_AVX512
#endif
#define FAST_MAGIC 0x4b400000 /* the bits of 1.5 * 2^23: an integer below 2^22 added to them is that float plus the integer */
enum { FAST_SPAN = 4, FAST_STEPS = HR_FAST_BLOCK / 4, FAST_SLICES = HR_FAST_BLOCK / 32 };

typedef struct fast_panel {
    uint8_t w[FAST_SPAN][FAST_STEPS][2][64]; /* [block][k / 4][group][row][4] */
    float d[FAST_SPAN][2][16];
} fast_panel;

/* --- weights ----------------------------------------------------------------------------------------------------------- */
/* ((bytes >> shift) & mask) << up, of 64 bytes */
FAST_INLINE __m512i fast_bits(const uint8_t *p, size_t shift, int mask, const unsigned up) {
    __m512i v = _mm512_srl_epi16(_mm512_loadu_si512(p), _mm_cvtsi32_si128((int)shift));
    return _mm512_slli_epi16(_mm512_and_si512(v, _mm512_set1_epi8((char)mask)), up);
}
/* the common formats, 64 bytes at a time: slice j of the block at p */
FAST_INLINE void fast_unpack_common(const uint32_t type, const uint8_t *p, size_t j, hr_slice16 *s) {
    for (size_t g = 0; g < 8; g++) {
        __m512i w;
        if (type == HR_TYPE_Q4_0) {
            w = _mm512_sub_epi8(fast_bits(p + 16 * 2 + 64 * (g % 4), g / 4 * 4, 15, 0), _mm512_set1_epi8(8));
        } else if (type == HR_TYPE_Q8_0) {
            w = _mm512_loadu_si512(p + 16 * 2 + 64 * g);
        } else if (type == HR_TYPE_Q4_K) {
            w = fast_bits(p + 16 * 16 + 512 * (j / 2) + 64 * g, 4 * (j % 2), 15, 0);
        } else {
            w = _mm512_or_si512(fast_bits(p + 1024 * (j / 4) + 512 * (j % 2) + 64 * g, j / 2 % 2 * 4, 15, 0),
                                fast_bits(p + 16 * 128 + 512 * (j / 4) + 64 * g, 2 * (j % 4), 3, 4));
            w = _mm512_sub_epi8(w, _mm512_set1_epi8(32));
        }
        _mm512_store_si512(s->w[g], w);
    }
    slice16_unpack_scales(type, p, j, s);
}
/* the others: one body that looks at the type as it goes */
HR_T_AVX512 static __attribute__((noinline)) void fast_unpack_any(uint32_t type, const uint8_t *p, size_t j, hr_slice16 *s) {
    slice16_unpack_scales(type, p, j, s);
    slice16_unpack_weights(type, p, j, s);
}

/* 16 rows of the half of a slice: v = fma(s, w, c) */
typedef struct fast_half {
    __m512 s, c;
} fast_half;
FAST_INLINE fast_half fast_half_of(const hr_slice16 *s, const int kind, size_t h) {
    fast_half r = {_mm512_load_ps(s->d), _mm512_setzero_ps()};
    if (kind == HR_S16_MIN) r.c = _mm512_loadu_ps(s->m);
    if (kind >= HR_S16_SUB) r.s = _mm512_mul_ps(r.s, _mm512_loadu_ps(s->sc[h]));
    if (kind == HR_S16_SUB_MIN) r.c = _mm512_sub_ps(r.c, _mm512_mul_ps(_mm512_loadu_ps(s->m), _mm512_loadu_ps(s->mn[h])));
    return r;
}

/* the lane's lowest byte, with its sign */
FAST_INLINE __m512 fast_low_byte(__m512i v) {
    return _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(v, 24), 24));
}
FAST_INLINE __m512i fast_magnitude(__m512i top, fast_half h, __m512 w) {
    __m512i bits = _mm512_castps_si512(_mm512_fmadd_ps(h.s, w, h.c));
    return _mm512_max_epi32(top, _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff)));
}
FAST_INLINE __m512i fast_top(__m512i top, const hr_slice16 *s, fast_half h, size_t half) {
    const int8_t(*w)[64] = s->w + 4 * half;
    __m512i a = _mm512_load_si512(w[0]), b = _mm512_load_si512(w[1]), c = _mm512_load_si512(w[2]), d = _mm512_load_si512(w[3]);
    __m512i most = _mm512_max_epi8(_mm512_max_epi8(a, b), _mm512_max_epi8(c, d));
    __m512i least = _mm512_min_epi8(_mm512_min_epi8(a, b), _mm512_min_epi8(c, d));
    most = _mm512_max_epi8(most, _mm512_srli_epi32(most, 16));
    least = _mm512_min_epi8(least, _mm512_srli_epi32(least, 16));
    most = _mm512_max_epi8(most, _mm512_srli_epi32(most, 8));
    least = _mm512_min_epi8(least, _mm512_srli_epi32(least, 8));
    return fast_magnitude(fast_magnitude(top, h, fast_low_byte(most)), h, fast_low_byte(least));
}

/* byte e of u, unsigned, less 128 */
#define FAST_VALUE(e) _mm512_sub_ps(_mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_srli_epi32(u, 8 * e), byte, \
    exponent, 0xea)), offset)
/* its integer + 128 in the lowest byte, the magic number's bits above */
#define FAST_QUANT(e) _mm512_castps_si512(_mm512_fmadd_ps(_mm512_fmadd_ps(h.s, FAST_VALUE(e), h.c), id, magic))
/* 64 signed weights to unsigned bytes */
FAST_INLINE __m512i fast_requant16(const int8_t *w, fast_half h, __m512 id) {
    const __m512i byte = _mm512_set1_epi32(255), exponent = _mm512_set1_epi32(0x4b000000);
    const __m512 offset = _mm512_set1_ps(8388736.0f), magic = _mm512_set1_ps(12582912.0f + 128.0f); /* 2^23 + 128 */
    __m512i u = _mm512_xor_si512(_mm512_load_si512(w), _mm512_set1_epi8((char)0x80));
    __m512i q0 = FAST_QUANT(0), q1 = FAST_QUANT(1), q2 = FAST_QUANT(2), q3 = FAST_QUANT(3);
    /* the sum of all four, each a byte further up, has 0x4b400000 * 0x01010101 too much */
    const __m512i above = _mm512_set1_epi32((int)(0x4b400000u * 0x01010101u));
    __m512i low = _mm512_add_epi32(q0, _mm512_slli_epi32(q1, 8)), high = _mm512_add_epi32(q2, _mm512_slli_epi32(q3, 8));
    return _mm512_sub_epi32(_mm512_add_epi32(low, _mm512_slli_epi32(high, 16)), above);
}
#undef FAST_QUANT
#undef FAST_VALUE

FAST_INLINE void fast_requant_block(const int kind, const hr_slice16 *s, size_t slices, size_t part,
                                    uint8_t (*w)[2][64], float *d) {
    __m512i top = _mm512_setzero_si512();
    for (size_t j = 0; j < slices; j++) {
        for (size_t h = 0; h < 2; h++) top = fast_top(top, &s[j], fast_half_of(&s[j], kind, h), h);
    }
    __mmask16 finite = _mm512_cmplt_epi32_mask(top, _mm512_set1_epi32(0x7f800000));
    __mmask16 some = _mm512_mask_cmpge_epi32_mask(finite, top, _mm512_set1_epi32(0x0d800000)); /* 2^-100 */
    __m512 a = _mm512_castsi512_ps(top), top_level = _mm512_set1_ps(127.0f);
    __m512 id = _mm512_maskz_div_ps(some, top_level, a), nan = _mm512_castsi512_ps(_mm512_set1_epi32(0x7fc00000));
    _mm512_store_ps(d, _mm512_mask_mov_ps(nan, finite, _mm512_maskz_div_ps(some, a, top_level)));
    for (size_t j = 0; j < slices; j++) {
        for (size_t h = 0; h < 2; h++) {
            fast_half half = fast_half_of(&s[j], kind, h);
            for (size_t g = 4 * h; g < 4 * h + 4; g++) {
                _mm512_store_si512(w[8 * j + g][part], fast_requant16(s[j].w[g], half, id));
            }
        }
    }
}
HR_T_AVX512 static __attribute__((noinline)) void fast_requant_any(int kind, const hr_slice16 *s, size_t slices, size_t part,
                                                                   uint8_t (*w)[2][64], float *d) {
    fast_requant_block(kind, s, slices, part, w, d);
}

/* blocks [b0, b0 + n) of group g as half `part` of the panel */
HR_T_AVX512 static void fast_fill(const hr_fast_args *a, size_t g, size_t b0, size_t n, size_t part, fast_panel *out) {
    const hr_format_info *f = hr_format_of(a->type);
    const size_t slices = f->block / 32u, bytes = HR_PACK_ROWS * (size_t)f->bytes;
    const int kind = hr_slice16_kind(a->type);
    hr_slice16 s[FAST_SLICES];
    for (size_t b = 0; b < n; b++) {
        size_t slice0 = (b0 + b) * FAST_SLICES, count = hr_min_size(a->k / 32 - slice0, FAST_SLICES);
        for (size_t j = 0; j < count; j++) {
            const size_t at = slice0 + j;
            const uint8_t *p = (const uint8_t *)a->w + (g * (a->k / 32 / slices) + at / slices) * bytes;
            slice16_prefetch(p, at % slices * (bytes / slices), bytes / slices);
            switch (a->type) {
            case HR_TYPE_Q4_0: fast_unpack_common(HR_TYPE_Q4_0, p, 0, &s[j]); break;
            case HR_TYPE_Q8_0: fast_unpack_common(HR_TYPE_Q8_0, p, 0, &s[j]); break;
            case HR_TYPE_Q4_K: fast_unpack_common(HR_TYPE_Q4_K, p, at % slices, &s[j]); break;
            case HR_TYPE_Q6_K: fast_unpack_common(HR_TYPE_Q6_K, p, at % slices, &s[j]); break;
            default: fast_unpack_any(a->type, p, at % slices, &s[j]); break;
            }
        }
        fast_requant_any(kind, s, count, part, out->w[b], out->d[b][part]);
    }
}

/* --- tiles ------------------------------------------------------------------------------------------------------------------ */
#define FAST_TOKENS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
_Static_assert(HR_FAST_TILE == 12, "the tokens above");

typedef struct fast_tile {
    const fast_panel *panel;
    const int8_t *q;    /* the tile's, from the span on */
    const float *d;
    const int32_t *sum;
    float *y;           /* row 0, token 0 of the tile */
    size_t y_stride, k, blocks, m; /* k: elements of the span; m: tokens to store */
    __mmask16 mask_a, mask_b;
    bool first;
} fast_tile;

FAST_INLINE void fast_tile_run(const int tokens, const fast_tile *c) {
    const int8_t *q = c->q;
    const __m512 magic = _mm512_castsi512_ps(_mm512_set1_epi32(FAST_MAGIC));
    int32_t z[16] __attribute__((aligned(64)));
    for (size_t b = 0; b < c->blocks; b++) {
        const size_t steps = hr_min_size(c->k - b * HR_FAST_BLOCK, HR_FAST_BLOCK) / 4;
        const float *d = c->d + b * HR_FAST_TILE;
        __m512i sum = _mm512_maskz_loadu_epi32(0xfff, c->sum + b * HR_FAST_TILE);
        _mm512_store_si512(z, _mm512_sub_epi32(_mm512_set1_epi32(FAST_MAGIC), _mm512_slli_epi32(sum, 7)));
#define FAST_START(i) __m512i a##i = _mm512_set1_epi32(z[i]), b##i = a##i;
        FAST_TOKENS(FAST_START)
#undef FAST_START
        const uint8_t(*w)[2][64] = c->panel->w[b];
        for (size_t s = 0; s < steps; s++, q += 4 * HR_FAST_TILE) {
            __m512i wa = _mm512_load_si512(w[s][0]), wb = _mm512_load_si512(w[s][1]);
#define FAST_DOT(i) \
            if (i < tokens) { \
                int32_t four; \
                memcpy(&four, q + 4 * i, 4); \
                __m512i v = _mm512_set1_epi32(four); \
                a##i = _mm512_dpbusd_epi32(a##i, wa, v); \
                b##i = _mm512_dpbusd_epi32(b##i, wb, v); \
            }
            FAST_TOKENS(FAST_DOT)
#undef FAST_DOT
        }
        __m512 da = _mm512_load_ps(c->panel->d[b][0]), db = _mm512_load_ps(c->panel->d[b][1]);
        const bool fresh = c->first && b == 0;
#define FAST_ADD(i) \
        if (i < tokens && (i < tokens - 4 || (size_t)i < c->m)) { \
            float *y = c->y + i * c->y_stride; \
            __m512 v = _mm512_set1_ps(d[i]); \
            __m512 ya = _mm512_maskz_loadu_ps(fresh ? 0 : c->mask_a, y); \
            __m512 yb = _mm512_maskz_loadu_ps(fresh ? 0 : c->mask_b, y + 16); \
            ya = _mm512_fmadd_ps(_mm512_sub_ps(_mm512_castsi512_ps(a##i), magic), _mm512_mul_ps(da, v), ya); \
            yb = _mm512_fmadd_ps(_mm512_sub_ps(_mm512_castsi512_ps(b##i), magic), _mm512_mul_ps(db, v), yb); \
            _mm512_mask_storeu_ps(y, c->mask_a, ya); \
            _mm512_mask_storeu_ps(y + 16, c->mask_b, yb); \
        }
        FAST_TOKENS(FAST_ADD)
#undef FAST_ADD
    }
}
#undef FAST_TOKENS
HR_T_AVX512 static __attribute__((noinline)) void fast_tile_12(const fast_tile *c) { fast_tile_run(12, c); }
HR_T_AVX512 static __attribute__((noinline)) void fast_tile_8(const fast_tile *c) { fast_tile_run(8, c); }
HR_T_AVX512 static __attribute__((noinline)) void fast_tile_4(const fast_tile *c) { fast_tile_run(4, c); }

FAST_INLINE __mmask16 fast_rows_mask(size_t rows, size_t row) {
    return row >= rows ? 0 : (__mmask16)(rows - row >= 16 ? 0xffff : (1u << (rows - row)) - 1);
}

HR_T_AVX512 static void matmul_fast_avx512(const hr_fast_args *a, size_t g0, size_t g1) {
    fast_panel panel __attribute__((aligned(64)));
    const hr_fast_act *x = a->x;
    const size_t blocks = hr_div_up(a->k, HR_FAST_BLOCK);
    for (size_t g = g0; g < g1; g += 2) {
        const bool two = g + 1 < g1;
        for (size_t b0 = 0; b0 < blocks; b0 += FAST_SPAN) {
            const size_t n = hr_min_size(blocks - b0, FAST_SPAN);
            fast_fill(a, g, b0, n, 0, &panel);
            fast_fill(a, two ? g + 1 : g, b0, n, 1, &panel);
            fast_tile c = {.panel = &panel, .y_stride = a->y_stride, .blocks = n, .first = b0 == 0,
                           .k = a->k - b0 * HR_FAST_BLOCK, .mask_a = fast_rows_mask(a->rows, 16 * g),
                           .mask_b = two ? fast_rows_mask(a->rows, 16 * g + 16) : 0};
            for (size_t t = 0; t < x->m; t += HR_FAST_TILE) {
                const size_t at = (t / HR_FAST_TILE * blocks + b0) * HR_FAST_TILE;
                c.q = x->q + t * a->k + b0 * HR_FAST_BLOCK * HR_FAST_TILE;
                c.d = x->d + at;
                c.sum = x->sum + at;
                c.y = a->y + t * a->y_stride + 16 * g;
                c.m = x->m - t;
                if (c.m > 8) fast_tile_12(&c);
                else if (c.m > 4) fast_tile_8(&c);
                else fast_tile_4(&c);
            }
        }
    }
}

/* --- activations --------------------------------------------------------------------------------------------------------- */
HR_T_AVX512 static void quant_fast_avx512(const float *x, size_t k, int8_t *q, float *d, int32_t *sum) {
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    for (size_t b = 0; b * HR_FAST_BLOCK < k; b++, x += HR_FAST_BLOCK) {
        const size_t n = hr_min_size(k - b * HR_FAST_BLOCK, HR_FAST_BLOCK);
        __m512i top = _mm512_setzero_si512(), total = top;
        for (size_t i = 0; i < n; i += 16) {
            top = _mm512_max_epi32(top, _mm512_and_si512(_mm512_loadu_si512(x + i), magnitude));
        }
        const uint32_t most = (uint32_t)_mm512_reduce_max_epi32(top);
        const bool some = most < 0x7f800000u && most >= 0x0d800000u; /* finite, at least 2^-100 */
        const float a = hr_f32_from_bits(most);
        const __m512 id = _mm512_set1_ps(some ? 127.0f / a : 0.0f);
        for (size_t i = 0; i < n; i += 16, q += 16 * HR_FAST_TILE) {
            __m512 v = some ? _mm512_loadu_ps(x + i) : _mm512_setzero_ps();
            __m512i w = _mm512_sub_epi32(_mm512_castps_si512(_mm512_fmadd_ps(v, id, magic)), _mm512_castps_si512(magic));
            __m128i bytes = _mm512_cvtepi32_epi8(w);
            total = _mm512_add_epi32(total, w);
            _mm_storeu_si32(q, bytes);
            _mm_storeu_si32(q + 4 * HR_FAST_TILE, _mm_shuffle_epi32(bytes, 1));
            _mm_storeu_si32(q + 8 * HR_FAST_TILE, _mm_shuffle_epi32(bytes, 2));
            _mm_storeu_si32(q + 12 * HR_FAST_TILE, _mm_shuffle_epi32(bytes, 3));
        }
        d[b * HR_FAST_TILE] = most >= 0x7f800000u ? hr_f32_from_bits(0x7fc00000u) : some ? a / 127.0f : 0.0f;
        sum[b * HR_FAST_TILE] = _mm512_reduce_add_epi32(total);
    }
}
#undef FAST_INLINE
#undef FAST_MAGIC

HR_KERNEL(matmul_fast, matmul_fast_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 1, 1)
HR_KERNEL(quant_fast, quant_fast_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 1, 1)
#else
typedef int hr_no_matmul_fast_avx512; /* a file may not be empty */
#endif
