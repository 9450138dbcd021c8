/* unpack_avx2.h: blocks of packs to vectors of 8 rows x 4 bytes, for the kernels on 256-bit vectors. Weights come unsigned
 * with their zero point left in (Q4_0: 8, Q5_0: 16, Q6_K: 32, Q3_K: 4, MXFP4: 12, ternary: 1), or as signed bytes (Q8_0,
 * IQ4_NL, IQ4_XS). A field at byte F of a row's block is at 16 F of the pack's block. */
#ifndef HR_UNPACK_AVX2_H
#define HR_UNPACK_AVX2_H
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include "kernels/kernel.h"
#include <immintrin.h>

#if defined(__OPTIMIZE__)
#define UNPACK_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX2
#else /* without optimisation every format's branches would stay in every copy: 20 MB of code, half a minute to compile */
#define UNPACK_INLINE static __attribute__((unused)) HR_T_AVX2
#endif
#define UNPACK_AHEAD 8192 /* bytes from the weights in use to those fetched */
#define UNPACK_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

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

UNPACK_INLINE __m256i load_quant(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
UNPACK_INLINE __m256 load_halves(const uint8_t *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}
UNPACK_INLINE __m256i broadcast_quad(const void *p) {
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm256_set1_epi32(v);
}
UNPACK_INLINE __m256i shift_bits(__m256i v, size_t n) { return _mm256_srl_epi32(v, _mm_cvtsi32_si128((int)n)); }
UNPACK_INLINE bool has_min(const uint32_t type) {
    return type == HR_TYPE_Q4_1 || type == HR_TYPE_Q5_1 || type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K || type == HR_TYPE_Q2_K;
}
UNPACK_INLINE __m256i and_byte(__m256i v, int mask) { return _mm256_and_si256(v, _mm256_set1_epi8((char)mask)); }
/* (byte >> shift & mask) << up, for every byte */
UNPACK_INLINE __m256i byte_bits(const uint8_t *p, __m128i shift, int mask, int up) {
    return _mm256_slli_epi16(and_byte(_mm256_srl_epi16(load_quant(p), shift), mask), up);
}

/* --- heads ---------------------------------------------------------------------------------------------------------------- */
/* 12 bytes of six-bit pairs (formats.md 4) */
UNPACK_INLINE void head_six_bits(const uint8_t *p, quant_head_avx2 *h) {
    __m256i a = load_quant(p), b = load_quant(p + 64), c = load_quant(p + 128);
    h->u[0] = and_byte(a, 63);
    h->u[1] = _mm256_or_si256(and_byte(c, 15), and_byte(_mm256_srli_epi16(a, 2), 48));
    h->u[2] = and_byte(b, 63);
    h->u[3] = _mm256_or_si256(and_byte(_mm256_srli_epi16(c, 4), 15), and_byte(_mm256_srli_epi16(b, 2), 48));
}

UNPACK_INLINE void head_q3_k(const uint8_t *p, quant_head_avx2 *h) {
    __m256i a = load_quant(p), b = load_quant(p + 64), c = load_quant(p + 128), bias = _mm256_set1_epi8(32);
    h->u[0] = _mm256_or_si256(and_byte(a, 15), and_byte(_mm256_slli_epi16(c, 4), 48));
    h->u[1] = _mm256_or_si256(and_byte(b, 15), and_byte(_mm256_slli_epi16(c, 2), 48));
    h->u[2] = _mm256_or_si256(and_byte(_mm256_srli_epi16(a, 4), 15), and_byte(c, 48));
    h->u[3] = _mm256_or_si256(and_byte(_mm256_srli_epi16(b, 4), 15), and_byte(_mm256_srli_epi16(c, 2), 48));
    for (int i = 0; i < 4; i++) h->u[i] = _mm256_sub_epi8(h->u[i], bias);
}

UNPACK_INLINE __m256 head_mxfp4(const uint8_t *p) { /* 2^(e - 128): see decode_mxfp4 */
    __m256i e = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
    __m256i one = _mm256_set1_epi32(1), normal = _mm256_slli_epi32(_mm256_sub_epi32(e, one), 23);
    __m256i tiny = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
    return _mm256_castsi256_ps(_mm256_blendv_epi8(tiny, normal, _mm256_cmpgt_epi32(e, one)));
}

/* block: a block of the pack; half: rows 0-7 or 8-15. A field at byte F of a row's block is at 16 F here. */
UNPACK_INLINE void load_head(const uint32_t type, const uint8_t *block, size_t half, quant_head_avx2 *h) {
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
UNPACK_INLINE __m256i widen_bytes(__m256i v, int i, int j) {
    const int at = i << 8 | j << 24 | 0x00800080, up = 0x04000400;
    __m128i order = _mm_setr_epi32(at, at + up, at + 2 * up, at + 3 * up);
    return _mm256_srai_epi16(_mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(order)), 8);
}

UNPACK_INLINE void load_scales(const uint32_t type, const quant_head_avx2 *h, size_t j, quant_slice_avx2 *s) {
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
UNPACK_INLINE void load_split_nibbles(const uint8_t *p, quant_slice_avx2 *s) {
    __m256i a = load_quant(p), b = load_quant(p + 64), c = load_quant(p + 128), d = load_quant(p + 192);
    s->w0 = and_byte(a, 15), s->w4 = and_byte(_mm256_srli_epi16(a, 4), 15);
    s->w1 = and_byte(b, 15), s->w5 = and_byte(_mm256_srli_epi16(b, 4), 15);
    s->w2 = and_byte(c, 15), s->w6 = and_byte(_mm256_srli_epi16(c, 4), 15);
    s->w3 = and_byte(d, 15), s->w7 = and_byte(_mm256_srli_epi16(d, 4), 15);
}

/* bits 4g .. 4g+3 of each lane as 0 or 16 in its four bytes */
UNPACK_INLINE __m256i expand_fifth_bits(__m256i qh, int g) {
    __m256i lanes = _mm256_broadcastsi128_si256(_mm_set_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0));
    __m256i bytes = _mm256_shuffle_epi8(qh, _mm256_add_epi8(lanes, _mm256_set1_epi8((char)(g / 2))));
    __m256i bit = _mm256_set1_epi32(g % 2 ? (int)0x80402010u : 0x08040201);
    return and_byte(_mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit), 16);
}

/* digit n of the five base-3 digits in each byte */
UNPACK_INLINE __m256i load_trits(const uint8_t *p, int n) {
    int power = n == 0 ? 1 : n == 1 ? 3 : n == 2 ? 9 : n == 3 ? 27 : 81;
    __m256i v = load_quant(p), low = _mm256_set1_epi16(255), by = _mm256_set1_epi16((short)power);
    __m256i even = _mm256_and_si256(_mm256_mullo_epi16(v, by), low);
    __m256i odd = _mm256_slli_epi16(_mm256_mullo_epi16(_mm256_srli_epi16(v, 8), by), 8);
    v = _mm256_or_si256(even, odd); /* b * 3 >> 8 is 1 from 86 on and 2 from 171 on */
    __m256i one = _mm256_cmpeq_epi8(_mm256_max_epu8(v, _mm256_set1_epi8(86)), v);
    __m256i two = _mm256_cmpeq_epi8(_mm256_max_epu8(v, _mm256_set1_epi8((char)171)), v);
    return _mm256_sub_epi8(_mm256_setzero_si256(), _mm256_add_epi8(one, two));
}

UNPACK_INLINE void load_tq1_0(const uint8_t *p, size_t j, quant_slice_avx2 *s) {
    int n = (int)j;
#define UNPACK_LOAD(g) s->w##g = j < 5 ? load_trits(p + 64 * g, n) \
    : j < 7 ? load_trits(p + 512 + 64 * (g % 4), 2 * (n - 5) + g / 4) \
    : g < 4 ? load_trits(p + 512 + 64 * (g % 4), 4) : load_trits(p + 768, g % 4);
    UNPACK_EACH(UNPACK_LOAD)
#undef UNPACK_LOAD
}

/* 16 table values by nibble */
UNPACK_INLINE void look_up(const uint32_t type, quant_slice_avx2 *s) {
    __m128i iq4 = _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
    __m128i fp4 = _mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0); /* 2 * E2M1 + 12 */
    __m256i table = _mm256_broadcastsi128_si256(type == HR_TYPE_MXFP4 ? fp4 : iq4);
#define UNPACK_LOAD(g) s->w##g = _mm256_shuffle_epi8(table, s->w##g);
    UNPACK_EACH(UNPACK_LOAD)
#undef UNPACK_LOAD
}

/* p: the block and half; j: which slice of it */
UNPACK_INLINE void load_weights(const uint32_t type, const uint8_t *p, size_t j, quant_slice_avx2 *s) {
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
#define UNPACK_LOAD(g) s->w##g = _mm256_or_si256(s->w##g, expand_fifth_bits(qh, g));
        UNPACK_EACH(UNPACK_LOAD)
#undef UNPACK_LOAD
    }
    if (type == HR_TYPE_IQ4_NL || type == HR_TYPE_IQ4_XS || type == HR_TYPE_MXFP4) look_up(type, s);
    if (type == HR_TYPE_Q8_0) {
#define UNPACK_LOAD(g) s->w##g = load_quant(p + 16 * 2 + 64 * g);
        UNPACK_EACH(UNPACK_LOAD)
#undef UNPACK_LOAD
    }
    if (type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K) {
        const uint8_t *qs = p + 16 * (type == HR_TYPE_Q5_K ? 48 : 16) + 512 * (j / 2), *qh = p + 16 * 16;
        __m128i nibble = _mm_cvtsi32_si128((int)(4 * (j % 2))), bit = _mm_cvtsi32_si128((int)j);
#define UNPACK_LOAD(g) s->w##g = byte_bits(qs + 64 * g, nibble, 15, 0); \
    if (type == HR_TYPE_Q5_K) s->w##g = _mm256_or_si256(s->w##g, byte_bits(qh + 64 * g, bit, 1, 4));
        UNPACK_EACH(UNPACK_LOAD)
#undef UNPACK_LOAD
    }
    if (type == HR_TYPE_Q2_K || type == HR_TYPE_Q3_K || type == HR_TYPE_TQ2_0) {
        const uint8_t *qs = p + 16 * (type == HR_TYPE_Q2_K ? 16 : type == HR_TYPE_Q3_K ? 32 : 0) + 512 * (j / 4), *mask = p;
        __m128i pair = _mm_cvtsi32_si128((int)(2 * (j % 4))), bit = _mm_cvtsi32_si128((int)j);
#define UNPACK_LOAD(g) s->w##g = byte_bits(qs + 64 * g, pair, 3, 0); \
    if (type == HR_TYPE_Q3_K) s->w##g = _mm256_or_si256(s->w##g, byte_bits(mask + 64 * g, bit, 1, 2));
        UNPACK_EACH(UNPACK_LOAD)
#undef UNPACK_LOAD
    }
    if (type == HR_TYPE_Q6_K) {
        const uint8_t *ql = p + 1024 * (j / 4) + 512 * (j % 2), *qh = p + 16 * 128 + 512 * (j / 4);
        __m128i nibble = _mm_cvtsi32_si128((int)(4 * (j / 2 % 2))), pair = _mm_cvtsi32_si128((int)(2 * (j % 4)));
#define UNPACK_LOAD(g) s->w##g = _mm256_or_si256(byte_bits(ql + 64 * g, nibble, 15, 0), byte_bits(qh + 64 * g, pair, 3, 4));
        UNPACK_EACH(UNPACK_LOAD)
#undef UNPACK_LOAD
    }
}

/* The fields of a K-quant block are streams of their own, which the hardware does not foresee. A prefetch never faults,
 * so it may point past the pack (by integers: the pointer may not). */
UNPACK_INLINE void prefetch_weights(const uint8_t *p, size_t from, size_t n) {
    for (size_t i = 0; i < n; i += 64) {
        _mm_prefetch((const char *)((uintptr_t)p + from + i + UNPACK_AHEAD), _MM_HINT_T0);
    }
}
#undef UNPACK_INLINE
#undef UNPACK_EACH
#undef UNPACK_AHEAD
#endif
#endif
