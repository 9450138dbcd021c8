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
#include <immintrin.h>

#if defined(__OPTIMIZE__)
#define QUANT_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX2
#else /* without optimisation every format's branches would stay in every copy: 20 MB of code, half a minute to compile */
#define QUANT_INLINE static __attribute__((unused)) HR_T_AVX2
#endif
#define QUANT_AHEAD 8192 /* bytes from the weights in use to those fetched */
#define QUANT_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

/* what a block holds for 8 rows beside the weights: scales as floats, sub-scales as bytes */
typedef struct quant_head_avx2 {
    __m256 d, m;  /* m: min of Q4_1 and Q5_1, dmin of the K-quants */
    __m256i u[4]; /* Q4_K, Q5_K: scales 0-3, 4-7, mins 0-3, 4-7; Q2_K, Q3_K, Q6_K: four sub-scales a vector */
} quant_head_avx2;

/* 32 elements of 8 rows */
typedef struct quant_slice_avx2 {
    __m256i w0, w1, w2, w3, w4, w5, w6, w7;
    __m256i sc0, sc1;   /* sub-scale of either half, twice in a lane as int16 */
    __m256i sc01, mn01; /* both, as one int16 pair */
    __m256 d, m;
} quant_slice_avx2;

QUANT_INLINE __m256i load_quant(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
QUANT_INLINE __m256 load_halves(const uint8_t *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}
QUANT_INLINE __m256i broadcast_quad(const void *p) {
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm256_set1_epi32(v);
}
QUANT_INLINE __m256i shift_bits(__m256i v, size_t n) { return _mm256_srl_epi32(v, _mm_cvtsi32_si128((int)n)); }
QUANT_INLINE bool has_min(const uint32_t type) {
    return type == HR_TYPE_Q4_1 || type == HR_TYPE_Q5_1 || type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K || type == HR_TYPE_Q2_K;
}
QUANT_INLINE __m256i and_byte(__m256i v, int mask) { return _mm256_and_si256(v, _mm256_set1_epi8((char)mask)); }
/* (byte >> shift & mask) << up, for every byte */
QUANT_INLINE __m256i byte_bits(const uint8_t *p, __m128i shift, int mask, int up) {
    return _mm256_slli_epi16(and_byte(_mm256_srl_epi16(load_quant(p), shift), mask), up);
}

/* --- heads ---------------------------------------------------------------------------------------------------------------- */
/* 12 bytes of six-bit pairs (formats.md 4) */
QUANT_INLINE void head_six_bits(const uint8_t *p, quant_head_avx2 *h) {
    __m256i a = load_quant(p), b = load_quant(p + 64), c = load_quant(p + 128);
    h->u[0] = and_byte(a, 63);
    h->u[1] = _mm256_or_si256(and_byte(c, 15), and_byte(_mm256_srli_epi16(a, 2), 48));
    h->u[2] = and_byte(b, 63);
    h->u[3] = _mm256_or_si256(and_byte(_mm256_srli_epi16(c, 4), 15), and_byte(_mm256_srli_epi16(b, 2), 48));
}

QUANT_INLINE void head_q3_k(const uint8_t *p, quant_head_avx2 *h) {
    __m256i a = load_quant(p), b = load_quant(p + 64), c = load_quant(p + 128), bias = _mm256_set1_epi8(32);
    h->u[0] = _mm256_or_si256(and_byte(a, 15), and_byte(_mm256_slli_epi16(c, 4), 48));
    h->u[1] = _mm256_or_si256(and_byte(b, 15), and_byte(_mm256_slli_epi16(c, 2), 48));
    h->u[2] = _mm256_or_si256(and_byte(_mm256_srli_epi16(a, 4), 15), and_byte(c, 48));
    h->u[3] = _mm256_or_si256(and_byte(_mm256_srli_epi16(b, 4), 15), and_byte(_mm256_srli_epi16(c, 2), 48));
    for (int i = 0; i < 4; i++) h->u[i] = _mm256_sub_epi8(h->u[i], bias);
}

QUANT_INLINE __m256 head_mxfp4(const uint8_t *p) { /* 2^(e - 128): see decode_mxfp4 */
    __m256i e = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
    __m256i one = _mm256_set1_epi32(1), normal = _mm256_slli_epi32(_mm256_sub_epi32(e, one), 23);
    __m256i tiny = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
    return _mm256_castsi256_ps(_mm256_blendv_epi8(tiny, normal, _mm256_cmpgt_epi32(e, one)));
}

/* block: a block of the pack; half: rows 0-7 or 8-15. A field at byte F of a row's block is at 16 F here. */
QUANT_INLINE void load_head(const uint32_t type, const uint8_t *block, size_t half, quant_head_avx2 *h) {
    const uint8_t *h16 = block + 16 * half, *h32 = block + 32 * half;
    h->d = type == HR_TYPE_MXFP4 ? head_mxfp4(block + 8 * half)
         : load_halves(h16 + 16 * (type == HR_TYPE_Q2_K ? 80 : type == HR_TYPE_Q3_K ? 108 : type == HR_TYPE_Q6_K ? 208
                                   : type == HR_TYPE_TQ1_0 ? 52 : type == HR_TYPE_TQ2_0 ? 64 : 0));
    h->m = _mm256_setzero_ps();
    if (has_min(type)) h->m = load_halves(h16 + 16 * (type == HR_TYPE_Q2_K ? 82 : 2));
    if (type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K) head_six_bits(h32 + 16 * 4, h);
    if (type == HR_TYPE_Q3_K) head_q3_k(h32 + 16 * 96, h);
    if (type == HR_TYPE_Q2_K || type == HR_TYPE_Q6_K) {
        for (size_t i = 0; i < 4; i++) h->u[i] = load_quant(h32 + 16 * (type == HR_TYPE_Q6_K ? 192 : 0) + 64 * i);
    }
    if (type == HR_TYPE_IQ4_XS) {
        h->u[0] = load_quant(h32 + 16 * 4);
        h->u[1] = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(h16 + 16 * 2)));
    }
}

/* --- scales of a slice ------------------------------------------------------------------------------------------------------ */
/* bytes i and j of each lane as two int16 */
QUANT_INLINE __m256i widen_bytes(__m256i v, int i, int j) {
    const int at = i << 8 | j << 24 | 0x00800080, up = 0x04000400;
    __m128i order = _mm_setr_epi32(at, at + up, at + 2 * up, at + 3 * up);
    return _mm256_srai_epi16(_mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(order)), 8);
}

QUANT_INLINE void load_scales(const uint32_t type, const quant_head_avx2 *h, size_t j, quant_slice_avx2 *s) {
    s->d = h->d;
    s->m = h->m;
    if (type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K) {
        __m256i byte = _mm256_set1_epi32(255), zero = _mm256_castps_si256(_mm256_set1_ps(-0.0f));
        __m256i sc = _mm256_and_si256(shift_bits(h->u[j / 4], 8 * (j % 4)), byte);
        __m256i mn = _mm256_and_si256(shift_bits(h->u[2 + j / 4], 8 * (j % 4)), byte);
        s->d = _mm256_mul_ps(h->d, _mm256_cvtepi32_ps(sc));
        s->m = _mm256_xor_ps(_mm256_mul_ps(h->m, _mm256_cvtepi32_ps(mn)), _mm256_castsi256_ps(zero));
    } else if (type == HR_TYPE_IQ4_XS) {
        __m256i low = _mm256_and_si256(shift_bits(h->u[0], 4 * j), _mm256_set1_epi32(15));
        __m256i high = _mm256_slli_epi32(_mm256_and_si256(shift_bits(h->u[1], 2 * j), _mm256_set1_epi32(3)), 4);
        __m256i ls = _mm256_sub_epi32(_mm256_or_si256(low, high), _mm256_set1_epi32(32));
        s->d = _mm256_mul_ps(h->d, _mm256_cvtepi32_ps(ls));
    } else if (type == HR_TYPE_Q2_K || type == HR_TYPE_Q3_K || type == HR_TYPE_Q6_K) {
        __m256i v = shift_bits(h->u[j / 2], 16 * (j % 2));
        __m256i sc = type == HR_TYPE_Q2_K ? and_byte(v, 15) : v;
        s->sc0 = widen_bytes(sc, 0, 0);
        s->sc1 = widen_bytes(sc, 1, 1);
        s->sc01 = widen_bytes(sc, 0, 1);
        if (type == HR_TYPE_Q2_K) s->mn01 = widen_bytes(and_byte(_mm256_srli_epi16(v, 4), 15), 0, 1);
    }
}

/* --- weights of a slice ------------------------------------------------------------------------------------------------------ */
/* nibbles in split halves: four vectors of bytes are eight of nibbles */
QUANT_INLINE void load_split_nibbles(const uint8_t *p, quant_slice_avx2 *s) {
    __m256i a = load_quant(p), b = load_quant(p + 64), c = load_quant(p + 128), d = load_quant(p + 192);
    s->w0 = and_byte(a, 15), s->w4 = and_byte(_mm256_srli_epi16(a, 4), 15);
    s->w1 = and_byte(b, 15), s->w5 = and_byte(_mm256_srli_epi16(b, 4), 15);
    s->w2 = and_byte(c, 15), s->w6 = and_byte(_mm256_srli_epi16(c, 4), 15);
    s->w3 = and_byte(d, 15), s->w7 = and_byte(_mm256_srli_epi16(d, 4), 15);
}

/* bits 4g .. 4g+3 of each lane as 0 or 16 in its four bytes */
QUANT_INLINE __m256i expand_fifth_bits(__m256i qh, int g) {
    __m256i lanes = _mm256_broadcastsi128_si256(_mm_set_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0));
    __m256i bytes = _mm256_shuffle_epi8(qh, _mm256_add_epi8(lanes, _mm256_set1_epi8((char)(g / 2))));
    __m256i bit = _mm256_set1_epi32(g % 2 ? (int)0x80402010u : 0x08040201);
    return and_byte(_mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit), 16);
}

/* digit n of the five base-3 digits in each byte */
QUANT_INLINE __m256i load_trits(const uint8_t *p, int n) {
    int power = n == 0 ? 1 : n == 1 ? 3 : n == 2 ? 9 : n == 3 ? 27 : 81;
    __m256i v = load_quant(p), low = _mm256_set1_epi16(255), by = _mm256_set1_epi16((short)power);
    __m256i even = _mm256_and_si256(_mm256_mullo_epi16(v, by), low);
    __m256i odd = _mm256_slli_epi16(_mm256_mullo_epi16(_mm256_srli_epi16(v, 8), by), 8);
    v = _mm256_or_si256(even, odd); /* b * 3 >> 8 is 1 from 86 on and 2 from 171 on */
    __m256i one = _mm256_cmpeq_epi8(_mm256_max_epu8(v, _mm256_set1_epi8(86)), v);
    __m256i two = _mm256_cmpeq_epi8(_mm256_max_epu8(v, _mm256_set1_epi8((char)171)), v);
    return _mm256_sub_epi8(_mm256_setzero_si256(), _mm256_add_epi8(one, two));
}

QUANT_INLINE void load_tq1_0(const uint8_t *p, size_t j, quant_slice_avx2 *s) {
    int n = (int)j;
#define QUANT_LOAD(g) s->w##g = j < 5 ? load_trits(p + 64 * g, n) \
    : j < 7 ? load_trits(p + 512 + 64 * (g % 4), 2 * (n - 5) + g / 4) \
    : g < 4 ? load_trits(p + 512 + 64 * (g % 4), 4) : load_trits(p + 768, g % 4);
    QUANT_EACH(QUANT_LOAD)
#undef QUANT_LOAD
}

/* 16 table values by nibble */
QUANT_INLINE void look_up(const uint32_t type, quant_slice_avx2 *s) {
    __m128i iq4 = _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
    __m128i fp4 = _mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0); /* 2 * E2M1 + 12 */
    __m256i table = _mm256_broadcastsi128_si256(type == HR_TYPE_MXFP4 ? fp4 : iq4);
#define QUANT_LOAD(g) s->w##g = _mm256_shuffle_epi8(table, s->w##g);
    QUANT_EACH(QUANT_LOAD)
#undef QUANT_LOAD
}

/* p: the block and half; j: which slice of it */
QUANT_INLINE void load_weights(const uint32_t type, const uint8_t *p, size_t j, quant_slice_avx2 *s) {
    switch (type) {
    case HR_TYPE_Q4_0: case HR_TYPE_IQ4_NL: load_split_nibbles(p + 16 * 2, s); break;
    case HR_TYPE_Q4_1: load_split_nibbles(p + 16 * 4, s); break;
    case HR_TYPE_Q5_0: load_split_nibbles(p + 16 * 6, s); break;
    case HR_TYPE_Q5_1: load_split_nibbles(p + 16 * 8, s); break;
    case HR_TYPE_IQ4_XS: load_split_nibbles(p + 16 * (8 + 16 * j), s); break;
    case HR_TYPE_MXFP4: load_split_nibbles(p + 16, s); break;
    case HR_TYPE_TQ1_0: load_tq1_0(p, j, s); break;
    default: break;
    }
    if (type == HR_TYPE_Q5_0 || type == HR_TYPE_Q5_1) {
        __m256i qh = load_quant(p + 16 * (type == HR_TYPE_Q5_0 ? 2 : 4));
#define QUANT_LOAD(g) s->w##g = _mm256_or_si256(s->w##g, expand_fifth_bits(qh, g));
        QUANT_EACH(QUANT_LOAD)
#undef QUANT_LOAD
    }
    if (type == HR_TYPE_IQ4_NL || type == HR_TYPE_IQ4_XS || type == HR_TYPE_MXFP4) look_up(type, s);
    if (type == HR_TYPE_Q8_0) {
#define QUANT_LOAD(g) s->w##g = load_quant(p + 16 * 2 + 64 * g);
        QUANT_EACH(QUANT_LOAD)
#undef QUANT_LOAD
    }
    if (type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K) {
        const uint8_t *qs = p + 16 * (type == HR_TYPE_Q5_K ? 48 : 16) + 512 * (j / 2), *qh = p + 16 * 16;
        __m128i nibble = _mm_cvtsi32_si128((int)(4 * (j % 2))), bit = _mm_cvtsi32_si128((int)j);
#define QUANT_LOAD(g) s->w##g = byte_bits(qs + 64 * g, nibble, 15, 0); \
    if (type == HR_TYPE_Q5_K) s->w##g = _mm256_or_si256(s->w##g, byte_bits(qh + 64 * g, bit, 1, 4));
        QUANT_EACH(QUANT_LOAD)
#undef QUANT_LOAD
    }
    if (type == HR_TYPE_Q2_K || type == HR_TYPE_Q3_K || type == HR_TYPE_TQ2_0) {
        const uint8_t *qs = p + 16 * (type == HR_TYPE_Q2_K ? 16 : type == HR_TYPE_Q3_K ? 32 : 0) + 512 * (j / 4), *mask = p;
        __m128i pair = _mm_cvtsi32_si128((int)(2 * (j % 4))), bit = _mm_cvtsi32_si128((int)j);
#define QUANT_LOAD(g) s->w##g = byte_bits(qs + 64 * g, pair, 3, 0); \
    if (type == HR_TYPE_Q3_K) s->w##g = _mm256_or_si256(s->w##g, byte_bits(mask + 64 * g, bit, 1, 2));
        QUANT_EACH(QUANT_LOAD)
#undef QUANT_LOAD
    }
    if (type == HR_TYPE_Q6_K) {
        const uint8_t *ql = p + 1024 * (j / 4) + 512 * (j % 2), *qh = p + 16 * 128 + 512 * (j / 4);
        __m128i nibble = _mm_cvtsi32_si128((int)(4 * (j / 2 % 2))), pair = _mm_cvtsi32_si128((int)(2 * (j % 4)));
#define QUANT_LOAD(g) s->w##g = _mm256_or_si256(byte_bits(ql + 64 * g, nibble, 15, 0), byte_bits(qh + 64 * g, pair, 3, 4));
        QUANT_EACH(QUANT_LOAD)
#undef QUANT_LOAD
    }
}

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

/* The fields of a K-quant block are streams of their own, which the hardware does not foresee. A prefetch never faults,
 * so it may point past the pack (by integers: the pointer may not). */
QUANT_INLINE void prefetch_weights(const uint8_t *p, size_t from, size_t n) {
    for (size_t i = 0; i < n; i += 64) {
        _mm_prefetch((const char *)((uintptr_t)p + from + i + QUANT_AHEAD), _MM_HINT_T0);
    }
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
#undef QUANT_EACH
#undef QUANT_AHEAD
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
