/* matmul_quant_avx512.c: quantized weights in packs times int8 activations, AVX512-VNNI.
 *
 * A lane is a row: a vector holds 16 rows x 4 consecutive bytes. Weights are unsigned in the dot (Q8_0 and the tables get
 * +128), activations are signed and broadcast from memory. What the bias adds, bias * sum(q), is taken off before the first
 * product: the accumulator starts at that value, so the inner loop does not know of it.
 *
 * One token (decode) unpacks into registers, and so do up to 16 of the common formats, eight at a time. More tokens share
 * an unpacking: 32 rows x 512 elements are unpacked into a panel that stays in the first-level cache, and tiles of 32 rows
 * x 6 tokens (24 accumulators) run over it. In a tile each
 * 32 elements take 8 dots, a product of scales and a multiply-add an output: at best 8 of 10 issue slots are dots (8 of 11
 * with a minimum, 8 of 12 with sub-scales of 16 elements, whose tiles have 4 tokens). The float chain is kernel.h's. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX512)
#include "kernels/kernel.h"
#include <immintrin.h>

#if defined(__OPTIMIZE__)
#define VNNI_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX512
#else /* see matmul_quant_avx2.c */
#define VNNI_INLINE static __attribute__((unused)) HR_T_AVX512
#endif
#define VNNI_AHEAD 8192 /* bytes from the weights in use to those fetched */
#define VNNI_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

/* What a format needs of its products. */
enum { VNNI_PLAIN, VNNI_MIN, VNNI_HALVES, VNNI_HALVES_MIN };
VNNI_INLINE int vnni_kind(const uint32_t type) {
    switch (type) {
    case HR_TYPE_Q4_1: case HR_TYPE_Q5_1: case HR_TYPE_Q4_K: case HR_TYPE_Q5_K: return VNNI_MIN;
    case HR_TYPE_Q3_K: case HR_TYPE_Q6_K: return VNNI_HALVES;
    case HR_TYPE_Q2_K: return VNNI_HALVES_MIN;
    default: return VNNI_PLAIN;
    }
}
/* what the unsigned weight has too much */
VNNI_INLINE int vnni_bias(const uint32_t type) {
    switch (type) {
    case HR_TYPE_Q4_0: return 8;
    case HR_TYPE_Q5_0: return 16;
    case HR_TYPE_Q8_0: case HR_TYPE_IQ4_NL: case HR_TYPE_IQ4_XS: return 128;
    case HR_TYPE_MXFP4: return 12;
    case HR_TYPE_TQ1_0: case HR_TYPE_TQ2_0: return 1;
    case HR_TYPE_Q3_K: return 4;
    case HR_TYPE_Q6_K: return 32;
    default: return 0;
    }
}

/* Few tokens do without a panel, four or eight at once, where models have a format often; eight where they have it now and
 * then; with the others (0) code would be spent on what nobody runs. */
VNNI_INLINE int vnni_few(const uint32_t type) {
    switch (type) {
    case HR_TYPE_Q4_0: case HR_TYPE_Q8_0: case HR_TYPE_Q4_K: case HR_TYPE_Q5_K: case HR_TYPE_Q6_K: return 4;
    case HR_TYPE_Q5_0: case HR_TYPE_IQ4_NL: case HR_TYPE_IQ4_XS: case HR_TYPE_MXFP4: return 8;
    default: return 0;
    }
}

/* what a block holds for 16 rows beside the weights: scales as floats, sub-scales as bytes */
typedef struct vnni_head {
    __m512 d, m;  /* m: min of Q4_1 and Q5_1, dmin of the K-quants */
    __m512i u0, u1, u2, u3; /* Q4_K, Q5_K: scales 0-3, 4-7, mins 0-3, 4-7; Q2_K, Q3_K, Q6_K: four sub-scales a vector */
} vnni_head;

/* 32 elements of 16 rows */
typedef struct vnni_slice {
    __m512i w0, w1, w2, w3, w4, w5, w6, w7;
    __m512 d, m;     /* scale; what Q4_1, Q5_1, Q4_K, Q5_K add (times the sum), Q2_K's dmin */
    __m512 sc0, sc1; /* sub-scales of the halves */
    __m512i mn01;    /* Q2_K: both mins, an int16 pair a lane */
} vnni_slice;

VNNI_INLINE __m512i load_bytes16(const uint8_t *p) { return _mm512_loadu_si512((const void *)p); }
VNNI_INLINE __m512 load_halves16(const uint8_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
VNNI_INLINE __m512i and_byte16(__m512i v, int mask) { return _mm512_and_si512(v, _mm512_set1_epi8((char)mask)); }
VNNI_INLINE __m512i or16(__m512i a, __m512i b) { return _mm512_or_si512(a, b); }
VNNI_INLINE __m512i broadcast_four(const void *p) {
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm512_set1_epi32(v);
}
/* (byte >> shift & mask) << up, for every byte */
VNNI_INLINE __m512i byte_bits16(const uint8_t *p, __m128i shift, int mask, const unsigned up) {
    __m512i v = and_byte16(_mm512_srl_epi16(load_bytes16(p), shift), mask);
    return up == 0 ? v : _mm512_slli_epi16(v, up);
}

/* --- heads: a field at byte F of a row's block is at 16 F of the pack's -------------------------------------------------- */
/* 12 bytes of six-bit pairs (formats.md 4) */
VNNI_INLINE void head_six_bits16(const uint8_t *p, vnni_head *h) {
    __m512i a = load_bytes16(p), b = load_bytes16(p + 64), c = load_bytes16(p + 128);
    h->u0 = and_byte16(a, 63);
    h->u1 = or16(and_byte16(c, 15), and_byte16(_mm512_srli_epi16(a, 2), 48));
    h->u2 = and_byte16(b, 63);
    h->u3 = or16(and_byte16(_mm512_srli_epi16(c, 4), 15), and_byte16(_mm512_srli_epi16(b, 2), 48));
}
VNNI_INLINE void head_q3_k16(const uint8_t *p, vnni_head *h) {
    __m512i a = load_bytes16(p), b = load_bytes16(p + 64), c = load_bytes16(p + 128), bias = _mm512_set1_epi8(32);
    h->u0 = _mm512_sub_epi8(or16(and_byte16(a, 15), and_byte16(_mm512_slli_epi16(c, 4), 48)), bias);
    h->u1 = _mm512_sub_epi8(or16(and_byte16(b, 15), and_byte16(_mm512_slli_epi16(c, 2), 48)), bias);
    h->u2 = _mm512_sub_epi8(or16(and_byte16(_mm512_srli_epi16(a, 4), 15), and_byte16(c, 48)), bias);
    h->u3 = _mm512_sub_epi8(
        or16(and_byte16(_mm512_srli_epi16(b, 4), 15), and_byte16(_mm512_srli_epi16(c, 2), 48)), bias);
}
VNNI_INLINE __m512 head_mxfp4_16(const uint8_t *p) { /* 2^(e - 128): see decode_mxfp4 */
    __m512i e = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
    __m512i one = _mm512_set1_epi32(1), normal = _mm512_slli_epi32(_mm512_sub_epi32(e, one), 23);
    __m512i tiny = _mm512_sllv_epi32(_mm512_set1_epi32(0x00200000), e);
    return _mm512_castsi512_ps(_mm512_mask_blend_epi32(_mm512_cmpgt_epi32_mask(e, one), tiny, normal));
}
VNNI_INLINE void load_head16(const uint32_t type, const uint8_t *p, vnni_head *h) {
    h->m = _mm512_setzero_ps();
    h->u0 = h->u1 = h->u2 = h->u3 = _mm512_setzero_si512();
    h->d = type == HR_TYPE_MXFP4 ? head_mxfp4_16(p)
         : load_halves16(p + 16 * (type == HR_TYPE_Q2_K ? 80 : type == HR_TYPE_Q3_K ? 108 : type == HR_TYPE_Q6_K ? 208
                                   : type == HR_TYPE_TQ1_0 ? 52 : type == HR_TYPE_TQ2_0 ? 64 : 0));
    if (vnni_kind(type) == VNNI_MIN || type == HR_TYPE_Q2_K) h->m = load_halves16(p + 16 * (type == HR_TYPE_Q2_K ? 82 : 2));
    if (type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K) head_six_bits16(p + 16 * 4, h);
    if (type == HR_TYPE_Q3_K) head_q3_k16(p + 16 * 96, h);
    if (type == HR_TYPE_Q2_K || type == HR_TYPE_Q6_K) {
        const uint8_t *sub = p + 16 * (type == HR_TYPE_Q6_K ? 192 : 0);
        h->u0 = load_bytes16(sub);
        h->u1 = load_bytes16(sub + 64);
        h->u2 = load_bytes16(sub + 128);
        h->u3 = load_bytes16(sub + 192);
    }
    if (type == HR_TYPE_IQ4_XS) {
        h->u0 = load_bytes16(p + 16 * 4);
        h->u1 = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(p + 16 * 2)));
    }
}

/* --- scales of a slice ------------------------------------------------------------------------------------------------------ */
VNNI_INLINE __m512i head_part(const vnni_head *h, size_t i) { return i == 0 ? h->u0 : i == 1 ? h->u1 : i == 2 ? h->u2 : h->u3; }
VNNI_INLINE __m512i shift_right16(__m512i v, size_t n) { return _mm512_srl_epi32(v, _mm_cvtsi32_si128((int)n)); }
/* the lane's byte `at`, with its sign */
VNNI_INLINE __m512 signed_byte16(__m512i v, size_t at) {
    __m512i top = _mm512_sll_epi32(v, _mm_cvtsi32_si128((int)(24 - 8 * at)));
    return _mm512_cvtepi32_ps(_mm512_srai_epi32(top, 24));
}
VNNI_INLINE void load_scales16(const uint32_t type, const vnni_head *h, size_t j, vnni_slice *s) {
    const __m512i byte = _mm512_set1_epi32(255);
    s->d = h->d;
    s->m = h->m;
    s->sc0 = s->sc1 = _mm512_setzero_ps();
    s->mn01 = _mm512_setzero_si512();
    if (type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K) {
        __m512i sc = _mm512_and_si512(shift_right16(j < 4 ? h->u0 : h->u1, 8 * (j % 4)), byte);
        __m512i mn = _mm512_and_si512(shift_right16(j < 4 ? h->u2 : h->u3, 8 * (j % 4)), byte);
        s->d = _mm512_mul_ps(h->d, _mm512_cvtepi32_ps(sc));
        __m512 negative = _mm512_mul_ps(h->m, _mm512_cvtepi32_ps(mn));
        s->m = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(negative), _mm512_set1_epi32((int)0x80000000u)));
    } else if (type == HR_TYPE_IQ4_XS) {
        __m512i low = _mm512_and_si512(shift_right16(h->u0, 4 * j), _mm512_set1_epi32(15));
        __m512i high = _mm512_slli_epi32(_mm512_and_si512(shift_right16(h->u1, 2 * j), _mm512_set1_epi32(3)), 4);
        s->d = _mm512_mul_ps(h->d, _mm512_cvtepi32_ps(_mm512_sub_epi32(or16(low, high), _mm512_set1_epi32(32))));
    } else if (type == HR_TYPE_Q2_K) {
        __m512i v = shift_right16(head_part(h, j / 2), 16 * (j % 2)), nibble = _mm512_set1_epi32(15);
        __m512i mn0 = _mm512_and_si512(_mm512_srli_epi32(v, 4), nibble);
        s->sc0 = _mm512_cvtepi32_ps(_mm512_and_si512(v, nibble));
        s->sc1 = _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(v, 8), nibble));
        s->mn01 = or16(mn0, _mm512_slli_epi32(_mm512_and_si512(_mm512_srli_epi32(v, 12), nibble), 16));
    } else if (type == HR_TYPE_Q3_K || type == HR_TYPE_Q6_K) {
        __m512i v = head_part(h, j / 2);
        s->sc0 = signed_byte16(v, 2 * (j % 2));
        s->sc1 = signed_byte16(v, 2 * (j % 2) + 1);
    }
}

/* --- weights of a slice ------------------------------------------------------------------------------------------------------ */
VNNI_INLINE void load_split_nibbles16(const uint8_t *p, vnni_slice *s) {
    __m512i a = load_bytes16(p), b = load_bytes16(p + 64), c = load_bytes16(p + 128), d = load_bytes16(p + 192);
    s->w0 = and_byte16(a, 15), s->w4 = and_byte16(_mm512_srli_epi16(a, 4), 15);
    s->w1 = and_byte16(b, 15), s->w5 = and_byte16(_mm512_srli_epi16(b, 4), 15);
    s->w2 = and_byte16(c, 15), s->w6 = and_byte16(_mm512_srli_epi16(c, 4), 15);
    s->w3 = and_byte16(d, 15), s->w7 = and_byte16(_mm512_srli_epi16(d, 4), 15);
}
/* w with bits 4g .. 4g+3 of each lane of qh as the 16 of its four bytes */
VNNI_INLINE __m512i add_fifth_bits16(__m512i w, __m512i qh, const int g) {
    __m512i order = _mm512_broadcast_i32x4(_mm_set_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0));
    __m512i bytes = _mm512_shuffle_epi8(qh, _mm512_add_epi8(order, _mm512_set1_epi8((char)(g / 2))));
    __mmask64 set = _mm512_test_epi8_mask(bytes, _mm512_set1_epi32(g % 2 ? (int)0x80402010u : 0x08040201));
    return _mm512_mask_add_epi8(w, set, w, _mm512_set1_epi8(16));
}
/* digit n of the five base-3 digits in each byte */
VNNI_INLINE __m512i load_trits16(const uint8_t *p, int n) {
    int power = n == 0 ? 1 : n == 1 ? 3 : n == 2 ? 9 : n == 3 ? 27 : 81;
    __m512i v = load_bytes16(p), by = _mm512_set1_epi16((short)power), one = _mm512_set1_epi8(1);
    __m512i even = _mm512_and_si512(_mm512_mullo_epi16(v, by), _mm512_set1_epi16(255));
    v = or16(even, _mm512_slli_epi16(_mm512_mullo_epi16(_mm512_srli_epi16(v, 8), by), 8));
    __mmask64 from1 = _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8(86)); /* b * 3 >> 8 is 1 from 86 on and 2 from 171 on */
    __mmask64 from2 = _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8((char)171));
    v = _mm512_maskz_mov_epi8(from1, one);
    return _mm512_mask_add_epi8(v, from2, v, one);
}
VNNI_INLINE void load_tq1_0_16(const uint8_t *p, size_t j, vnni_slice *s) {
    int n = (int)j;
#define VNNI_LOAD(g) s->w##g = j < 5 ? load_trits16(p + 64 * g, n) \
    : j < 7 ? load_trits16(p + 512 + 64 * (g % 4), 2 * (n - 5) + g / 4) \
    : g < 4 ? load_trits16(p + 512 + 64 * (g % 4), 4) : load_trits16(p + 768, g % 4);
    VNNI_EACH(VNNI_LOAD)
#undef VNNI_LOAD
}
/* 16 table values by nibble, with their bias */
VNNI_INLINE void look_up16(const uint32_t type, vnni_slice *s) {
    __m128i iq4 = _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, -127, -115, -103, -90, -75, -59, -39, -15);
    __m128i fp4 = _mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0); /* 2 * E2M1 + 12 */
    __m512i table = _mm512_broadcast_i32x4(type == HR_TYPE_MXFP4 ? fp4 : iq4);
#define VNNI_LOAD(g) s->w##g = _mm512_shuffle_epi8(table, s->w##g);
    VNNI_EACH(VNNI_LOAD)
#undef VNNI_LOAD
}
/* p: the block; j: which slice of it */
VNNI_INLINE void load_weights16(const uint32_t type, const uint8_t *p, size_t j, vnni_slice *s) {
    switch (type) {
    case HR_TYPE_Q4_0: case HR_TYPE_IQ4_NL: load_split_nibbles16(p + 16 * 2, s); break;
    case HR_TYPE_Q4_1: load_split_nibbles16(p + 16 * 4, s); break;
    case HR_TYPE_Q5_0: load_split_nibbles16(p + 16 * 6, s); break;
    case HR_TYPE_Q5_1: load_split_nibbles16(p + 16 * 8, s); break;
    case HR_TYPE_IQ4_XS: load_split_nibbles16(p + 16 * (8 + 16 * j), s); break;
    case HR_TYPE_MXFP4: load_split_nibbles16(p + 16, s); break;
    case HR_TYPE_TQ1_0: load_tq1_0_16(p, j, s); break;
    default: break;
    }
    if (type == HR_TYPE_Q5_0 || type == HR_TYPE_Q5_1) {
        __m512i qh = load_bytes16(p + 16 * (type == HR_TYPE_Q5_0 ? 2 : 4));
#define VNNI_LOAD(g) s->w##g = add_fifth_bits16(s->w##g, qh, g);
        VNNI_EACH(VNNI_LOAD)
#undef VNNI_LOAD
    }
    if (type == HR_TYPE_IQ4_NL || type == HR_TYPE_IQ4_XS || type == HR_TYPE_MXFP4) look_up16(type, s);
    if (type == HR_TYPE_Q8_0) {
#define VNNI_LOAD(g) s->w##g = _mm512_xor_si512(load_bytes16(p + 16 * 2 + 64 * g), _mm512_set1_epi8((char)0x80));
        VNNI_EACH(VNNI_LOAD)
#undef VNNI_LOAD
    }
    if (type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K) {
        const uint8_t *qs = p + 16 * (type == HR_TYPE_Q5_K ? 48 : 16) + 512 * (j / 2), *qh = p + 16 * 16;
        __m128i nibble = _mm_cvtsi32_si128((int)(4 * (j % 2))), bit = _mm_cvtsi32_si128((int)j);
#define VNNI_LOAD(g) s->w##g = byte_bits16(qs + 64 * g, nibble, 15, 0); \
    if (type == HR_TYPE_Q5_K) s->w##g = or16(s->w##g, byte_bits16(qh + 64 * g, bit, 1, 4));
        VNNI_EACH(VNNI_LOAD)
#undef VNNI_LOAD
    }
    if (type == HR_TYPE_Q2_K || type == HR_TYPE_Q3_K || type == HR_TYPE_TQ2_0) {
        const uint8_t *qs = p + 16 * (type == HR_TYPE_Q2_K ? 16 : type == HR_TYPE_Q3_K ? 32 : 0) + 512 * (j / 4), *mask = p;
        __m128i pair = _mm_cvtsi32_si128((int)(2 * (j % 4))), bit = _mm_cvtsi32_si128((int)j);
#define VNNI_LOAD(g) s->w##g = byte_bits16(qs + 64 * g, pair, 3, 0); \
    if (type == HR_TYPE_Q3_K) s->w##g = or16(s->w##g, byte_bits16(mask + 64 * g, bit, 1, 2));
        VNNI_EACH(VNNI_LOAD)
#undef VNNI_LOAD
    }
    if (type == HR_TYPE_Q6_K) {
        const uint8_t *ql = p + 1024 * (j / 4) + 512 * (j % 2), *qh = p + 16 * 128 + 512 * (j / 4);
        __m128i nibble = _mm_cvtsi32_si128((int)(4 * (j / 2 % 2))), pair = _mm_cvtsi32_si128((int)(2 * (j % 4)));
#define VNNI_LOAD(g) s->w##g = or16(byte_bits16(ql + 64 * g, nibble, 15, 0), byte_bits16(qh + 64 * g, pair, 3, 4));
        VNNI_EACH(VNNI_LOAD)
#undef VNNI_LOAD
    }
}

/* --- one token: 16 rows straight from the pack -------------------------------------------------------------------------------- */
#define VNNI_DOT(sum, g) _mm512_dpbusd_epi32(sum, s->w##g, broadcast_four(q + 4 * g))
/* at: the token's slice, counted over all tokens */
VNNI_INLINE __m512 add_slice16(const uint32_t type, const vnni_slice *s, const hr_act *x, size_t at, __m512 acc) {
    const int8_t *q = x->q + 32 * at;
    const int bias = vnni_bias(type), kind = vnni_kind(type);
    __m512i s16 = broadcast_four(x->s16 + 2 * at), a = _mm512_setzero_si512(), b = a;
    __m512 d = _mm512_set1_ps(x->d[at]), w = _mm512_mul_ps(s->d, d);
    if (kind == VNNI_HALVES || kind == VNNI_HALVES_MIN) {
        if (bias) a = _mm512_dpwssd_epi32(a, s16, _mm512_set1_epi32(-bias & 0xffff));
        if (bias) b = _mm512_dpwssd_epi32(b, s16, _mm512_set1_epi32((int)((unsigned)-bias << 16)));
        a = VNNI_DOT(VNNI_DOT(VNNI_DOT(VNNI_DOT(a, 0), 1), 2), 3);
        b = VNNI_DOT(VNNI_DOT(VNNI_DOT(VNNI_DOT(b, 4), 5), 6), 7);
        __m512 t = _mm512_fmadd_ps(_mm512_cvtepi32_ps(b), s->sc1, _mm512_mul_ps(_mm512_cvtepi32_ps(a), s->sc0));
        acc = _mm512_fmadd_ps(t, w, acc);
        if (kind == VNNI_HALVES) return acc;
        __m512i u = _mm512_dpwssd_epi32(_mm512_setzero_si512(), s->mn01, s16);
        return _mm512_fnmadd_ps(_mm512_cvtepi32_ps(u), _mm512_mul_ps(s->m, d), acc);
    }
    if (bias) a = _mm512_dpwssd_epi32(a, s16, _mm512_set1_epi16((short)-bias));
    a = VNNI_DOT(VNNI_DOT(VNNI_DOT(VNNI_DOT(a, 0), 1), 2), 3);
    b = VNNI_DOT(VNNI_DOT(VNNI_DOT(VNNI_DOT(b, 4), 5), 6), 7);
    acc = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(a, b)), w, acc);
    return kind == VNNI_MIN ? _mm512_fmadd_ps(s->m, _mm512_set1_ps(x->ds[at]), acc) : acc;
}
#undef VNNI_DOT

/* The fields of a K-quant block are streams of their own, which the hardware does not foresee. A prefetch never faults,
 * so it may point past the pack (by integers: the pointer may not). */
VNNI_INLINE void prefetch_pack(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i += 64) _mm_prefetch((const char *)((uintptr_t)p + i + VNNI_AHEAD), _MM_HINT_T0);
}
VNNI_INLINE __mmask16 rows_mask16(size_t n) { return (__mmask16)(n >= 16 ? 0xffff : (1u << n) - 1); }

VNNI_INLINE void run_token16(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g) {
    const uint8_t *p = (const uint8_t *)a->w + g * (a->k / 32 / slices) * 16 * bytes;
    size_t n = a->k / 32;
    __m512 acc = _mm512_setzero_ps();
    vnni_head h;
    vnni_slice s;
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        load_head16(type, p, &h);
        for (size_t j = 0; j < slices; j++) {
            prefetch_pack(p + j * (16 * bytes / slices), 16 * bytes / slices);
            load_scales16(type, &h, j, &s);
            load_weights16(type, p, j, &s);
            acc = add_slice16(type, &s, a->x, i + j, acc);
        }
    }
    _mm512_mask_storeu_ps(a->y + 16 * g, rows_mask16(a->rows - 16 * g), acc);
}

/* A few tokens: 16 rows straight from the pack, each unpacked once for up to 8 tokens. Of fewer than `tokens` the last one
 * is computed again, and not stored. */
#define FEW_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
VNNI_INLINE void run_few16(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g,
                           size_t t, const size_t tokens) {
    const uint8_t *p = (const uint8_t *)a->w + g * (a->k / 32 / slices) * 16 * bytes;
    size_t n = a->k / 32, last = a->x->m - 1 - t;
    vnni_head h;
    vnni_slice s;
#define FEW_DEFINE(i) __m512 y##i = _mm512_setzero_ps(); const size_t at##i = (t + (i < last ? i : last)) * n;
    FEW_EACH(FEW_DEFINE)
#undef FEW_DEFINE
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        load_head16(type, p, &h);
        for (size_t j = 0; j < slices; j++) {
            prefetch_pack(p + j * (16 * bytes / slices), 16 * bytes / slices);
            load_scales16(type, &h, j, &s);
            load_weights16(type, p, j, &s);
#define FEW_ADD(f) if (f < tokens) y##f = add_slice16(type, &s, a->x, at##f + i + j, y##f);
            FEW_EACH(FEW_ADD)
#undef FEW_ADD
        }
    }
    float *y = a->y + t * a->y_stride + 16 * g;
    __mmask16 rows = rows_mask16(a->rows - 16 * g);
#define FEW_SAVE(i) if (i < tokens && i < last + 1) _mm512_mask_storeu_ps(y + i * a->y_stride, rows, y##i);
    FEW_EACH(FEW_SAVE)
#undef FEW_SAVE
}
#undef FEW_EACH

/* --- many tokens: a panel, then tiles over it ----------------------------------------------------------------------------------- */
enum { VNNI_SLICES = 16, VNNI_FEW = 16 }; /* of a panel; most tokens that are computed without one */
typedef struct vnni_panel {
    uint8_t w[VNNI_SLICES][2][8][64]; /* [slice][group][k / 4][row][4] */
    float d[VNNI_SLICES][2][16], m[VNNI_SLICES][2][16];
    float sc0[VNNI_SLICES][2][16], sc1[VNNI_SLICES][2][16];
    int32_t mn01[VNNI_SLICES][2][16];
} vnni_panel;

/* slices [i0, i0 + n) of group g as half `part` of the panel */
VNNI_INLINE void fill_panel(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g,
                            size_t i0, size_t n, size_t part, bool ahead, vnni_panel *out) {
    const uint8_t *p = (const uint8_t *)a->w + (g * (a->k / 32) + i0) / slices * 16 * bytes;
    const int kind = vnni_kind(type);
    vnni_head h;
    vnni_slice s;
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        load_head16(type, p, &h);
        for (size_t j = 0; j < slices; j++) {
            if (ahead) prefetch_pack(p + j * (16 * bytes / slices), 16 * bytes / slices);
            load_scales16(type, &h, j, &s);
            load_weights16(type, p, j, &s);
#define VNNI_STORE(f) _mm512_store_si512((void *)out->w[i + j][part][f], s.w##f);
            VNNI_EACH(VNNI_STORE)
#undef VNNI_STORE
            _mm512_store_ps(out->d[i + j][part], s.d);
            if (kind == VNNI_MIN || kind == VNNI_HALVES_MIN) _mm512_store_ps(out->m[i + j][part], s.m);
            if (kind == VNNI_HALVES || kind == VNNI_HALVES_MIN) {
                _mm512_store_ps(out->sc0[i + j][part], s.sc0);
                _mm512_store_ps(out->sc1[i + j][part], s.sc1);
            }
            if (kind == VNNI_HALVES_MIN) _mm512_store_si512((void *)out->mn01[i + j][part], s.mn01);
        }
    }
}

typedef struct vnni_tile {
    const vnni_panel *panel;
    const hr_act *x;
    float *y; /* row 0 of the panel, token 0 */
    size_t y_stride, slice0, n;
    __mmask16 mask_a, mask_b;
    int32_t bias;
} vnni_tile;

#define TILE_TOKENS(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define TILE_LOAD(i) \
    __m512 ya##i = _mm512_setzero_ps(), yb##i = ya##i; \
    if (i < tokens && c->slice0 > 0) { \
        ya##i = _mm512_maskz_loadu_ps(c->mask_a, y + i * c->y_stride); \
        yb##i = _mm512_maskz_loadu_ps(c->mask_b, y + i * c->y_stride + 16); \
    }
#define TILE_SAVE(i) \
    if (i < tokens) { \
        _mm512_mask_storeu_ps(y + i * c->y_stride, c->mask_a, ya##i); \
        _mm512_mask_storeu_ps(y + i * c->y_stride + 16, c->mask_b, yb##i); \
    }
#define TILE_DOT(i) \
    if (i < tokens) { \
        __m512i v = broadcast_four(q + i * kq + at); \
        a##i = _mm512_dpbusd_epi32(a##i, wa, v); \
        b##i = _mm512_dpbusd_epi32(b##i, wb, v); \
    }
#define TILE_STEP(f) { \
        const size_t at = 32 * s + 4 * f; \
        __m512i wa = _mm512_load_si512((const void *)p->w[s][0][f]), wb = _mm512_load_si512((const void *)p->w[s][1][f]); \
        TILE_TOKENS(TILE_DOT) \
    }

/* Integers become floats by an addition: counted from the bits of 1.5 * 2^23, an integer below 2^22 is the low part of a
 * float, and taking 1.5 * 2^23 off leaves it, exactly. Where additions have ports of their own (Zen 4, 5) it is free;
 * small tiles wait for results, not for ports, and convert. */
#define TILE_MAGIC 0x4b400000
#define TILE_FLOAT(v) \
    (full ? _mm512_sub_ps(_mm512_castsi512_ps(v), _mm512_castsi512_ps(magic)) : _mm512_cvtepi32_ps(v))

/* what the accumulators of `tokens` tokens begin with: -bias * sum(q), of slices or of their halves */
VNNI_INLINE void tile_starts(const bool halves, const int tokens, const vnni_tile *c, size_t t, int32_t (*z)[2 * VNNI_SLICES]) {
    size_t all = c->x->k / 32;
    __mmask16 some = rows_mask16(c->n);
    for (int i = 0; i < tokens; i++) {
        const int16_t *s16 = c->x->s16 + 2 * ((t + (size_t)i) * all + c->slice0);
        __m512i s = _mm512_maskz_loadu_epi32(some, (const void *)s16);
        __m512i from = _mm512_set1_epi32(tokens == (halves ? 4 : 6) ? TILE_MAGIC : 0);
        int both = halves ? -c->bias & 0xffff : (int)((unsigned)-c->bias << 16 | (-c->bias & 0xffff));
        _mm512_store_si512((void *)z[i], _mm512_dpwssd_epi32(from, s, _mm512_set1_epi32(both)));
        if (halves) {
            __m512i high = _mm512_dpwssd_epi32(from, s, _mm512_set1_epi32((int)((unsigned)-c->bias << 16)));
            _mm512_store_si512((void *)(z[i] + 16), high);
        }
    }
}

VNNI_INLINE void tile_whole(const bool with_min, const int tokens, const vnni_tile *c, size_t t) {
    const vnni_panel *p = c->panel;
    const bool full = tokens == 6;
    const __m512i magic = _mm512_set1_epi32(full ? TILE_MAGIC : 0);
    const size_t kq = c->x->k, all = kq / 32;
    const int8_t *q = c->x->q + t * kq + 32 * c->slice0;
    const float *d = c->x->d + t * all + c->slice0, *ds = c->x->ds + t * all + c->slice0;
    float *y = c->y + t * c->y_stride;
    int32_t z[6][2 * VNNI_SLICES] __attribute__((aligned(64)));
    if (!with_min) tile_starts(false, tokens, c, t, z);
    TILE_TOKENS(TILE_LOAD)
    for (size_t s = 0; s < c->n; s++) {
#define TILE_START(i) __m512i a##i = i < tokens && !with_min ? _mm512_set1_epi32(z[i][s]) : magic, b##i = a##i;
        TILE_TOKENS(TILE_START)
#undef TILE_START
        VNNI_EACH(TILE_STEP)
        __m512 da = _mm512_load_ps(p->d[s][0]), db = _mm512_load_ps(p->d[s][1]);
#define TILE_ADD(i) \
        if (i < tokens) { \
            __m512 v = _mm512_set1_ps(d[i * all + s]); \
            ya##i = _mm512_fmadd_ps(TILE_FLOAT(a##i), _mm512_mul_ps(da, v), ya##i); \
            yb##i = _mm512_fmadd_ps(TILE_FLOAT(b##i), _mm512_mul_ps(db, v), yb##i); \
        }
        TILE_TOKENS(TILE_ADD)
#undef TILE_ADD
        if (!with_min) continue;
        __m512 ma = _mm512_load_ps(p->m[s][0]), mb = _mm512_load_ps(p->m[s][1]);
#define TILE_ADD(i) \
        if (i < tokens) { \
            __m512 v = _mm512_set1_ps(ds[i * all + s]); \
            ya##i = _mm512_fmadd_ps(ma, v, ya##i); \
            yb##i = _mm512_fmadd_ps(mb, v, yb##i); \
        }
        TILE_TOKENS(TILE_ADD)
#undef TILE_ADD
    }
    TILE_TOKENS(TILE_SAVE)
}

VNNI_INLINE void tile_halves(const bool with_min, const int tokens, const vnni_tile *c, size_t t) {
    const vnni_panel *p = c->panel;
    const bool full = tokens == 4;
    const __m512i magic = _mm512_set1_epi32(full ? TILE_MAGIC : 0);
    const size_t kq = c->x->k, all = kq / 32;
    const int8_t *q = c->x->q + t * kq + 32 * c->slice0;
    const float *d = c->x->d + t * all + c->slice0;
    const int16_t *s16 = c->x->s16 + 2 * (t * all + c->slice0);
    float *y = c->y + t * c->y_stride;
    int32_t z[6][2 * VNNI_SLICES] __attribute__((aligned(64)));
    if (!with_min) tile_starts(true, tokens, c, t, z);
    TILE_TOKENS(TILE_LOAD)
    for (size_t s = 0; s < c->n; s++) {
        __m512 sa = _mm512_load_ps(p->sc0[s][0]), sb = _mm512_load_ps(p->sc0[s][1]);
#define TILE_START(i) __m512i a##i = i < tokens && !with_min ? _mm512_set1_epi32(z[i][s]) : magic, b##i = a##i;
        TILE_TOKENS(TILE_START)
#undef TILE_START
        TILE_STEP(0) TILE_STEP(1) TILE_STEP(2) TILE_STEP(3)
#define TILE_TURN(i) \
        __m512 ta##i = _mm512_mul_ps(TILE_FLOAT(a##i), sa), tb##i = _mm512_mul_ps(TILE_FLOAT(b##i), sb); \
        a##i = b##i = i < tokens && !with_min ? _mm512_set1_epi32(z[i][VNNI_SLICES + s]) : magic;
        TILE_TOKENS(TILE_TURN)
#undef TILE_TURN
        TILE_STEP(4) TILE_STEP(5) TILE_STEP(6) TILE_STEP(7)
        __m512 da = _mm512_load_ps(p->d[s][0]), db = _mm512_load_ps(p->d[s][1]);
        sa = _mm512_load_ps(p->sc1[s][0]), sb = _mm512_load_ps(p->sc1[s][1]);
#define TILE_ADD(i) \
        if (i < tokens) { \
            __m512 v = _mm512_set1_ps(d[i * all + s]); \
            ta##i = _mm512_fmadd_ps(TILE_FLOAT(a##i), sa, ta##i); \
            tb##i = _mm512_fmadd_ps(TILE_FLOAT(b##i), sb, tb##i); \
            ya##i = _mm512_fmadd_ps(ta##i, _mm512_mul_ps(da, v), ya##i); \
            yb##i = _mm512_fmadd_ps(tb##i, _mm512_mul_ps(db, v), yb##i); \
        }
        TILE_TOKENS(TILE_ADD)
#undef TILE_ADD
        if (!with_min) continue;
        __m512 ma = _mm512_load_ps(p->m[s][0]), mb = _mm512_load_ps(p->m[s][1]);
        __m512i na = _mm512_load_si512((const void *)p->mn01[s][0]), nb = _mm512_load_si512((const void *)p->mn01[s][1]);
#define TILE_ADD(i) \
        if (i < tokens) { \
            __m512i u = broadcast_four(s16 + 2 * (i * all + s)), zero = _mm512_setzero_si512(); \
            __m512 v = _mm512_set1_ps(d[i * all + s]); \
            ya##i = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(_mm512_dpwssd_epi32(zero, na, u)), _mm512_mul_ps(ma, v), ya##i); \
            yb##i = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(_mm512_dpwssd_epi32(zero, nb, u)), _mm512_mul_ps(mb, v), yb##i); \
        }
        TILE_TOKENS(TILE_ADD)
#undef TILE_ADD
    }
    TILE_TOKENS(TILE_SAVE)
}
#undef TILE_TOKENS
#undef TILE_MAGIC
#undef TILE_FLOAT
#undef TILE_LOAD
#undef TILE_SAVE
#undef TILE_DOT
#undef TILE_STEP

HR_T_AVX512 static void run_plain_tiles(const vnni_tile *c) {
    size_t t = 0, m = c->x->m;
    for (; t + 6 <= m && t + 8 != m; t += 6) tile_whole(false, 6, c, t);
    for (; t + 4 <= m; t += 4) tile_whole(false, 4, c, t); /* eight are better in halves */
    for (; t + 2 <= m; t += 2) tile_whole(false, 2, c, t);
    if (t < m) tile_whole(false, 1, c, t);
}
HR_T_AVX512 static void run_min_tiles(const vnni_tile *c) {
    size_t t = 0, m = c->x->m;
    for (; t + 6 <= m && t + 8 != m; t += 6) tile_whole(true, 6, c, t);
    for (; t + 4 <= m; t += 4) tile_whole(true, 4, c, t); /* eight are better in halves */
    for (; t + 2 <= m; t += 2) tile_whole(true, 2, c, t);
    if (t < m) tile_whole(true, 1, c, t);
}
HR_T_AVX512 static void run_halves_tiles(const vnni_tile *c) {
    size_t t = 0, m = c->x->m;
    for (; t + 4 <= m; t += 4) tile_halves(false, 4, c, t);
    for (; t + 2 <= m; t += 2) tile_halves(false, 2, c, t);
    for (; t < m; t++) tile_halves(false, 1, c, t);
}
HR_T_AVX512 static void run_halves_min_tiles(const vnni_tile *c) {
    size_t t = 0, m = c->x->m;
    for (; t + 4 <= m; t += 4) tile_halves(true, 4, c, t);
    for (; t + 2 <= m; t += 2) tile_halves(true, 2, c, t);
    for (; t < m; t++) tile_halves(true, 1, c, t);
}

VNNI_INLINE void run_groups16(const uint32_t type, const size_t slices, const size_t bytes, const hr_matmul_args *a, size_t g0,
                              size_t g1) {
    if (a->x->m == 1) {
        for (size_t g = g0; g < g1; g++) run_token16(type, slices, bytes, a, g);
        return;
    }
    const bool few = vnni_few(type) && a->x->m <= VNNI_FEW;
    for (size_t g = g0; g < g1 && few; g++) {
        for (size_t t = 0; t < a->x->m; t += 8) {
            if (vnni_few(type) == 8 || a->x->m - t > 4) run_few16(type, slices, bytes, a, g, t, 8);
            else run_few16(type, slices, bytes, a, g, t, 4);
        }
    }
    if (few) return;
    vnni_panel panel __attribute__((aligned(64)));
    const size_t all = a->k / 32;
    const bool ahead = a->x->m <= 32; /* else the products take longer than the memory */
    for (size_t g = g0; g < g1; g += 2) {
        size_t row = 16 * g, second = g + 1 < g1 ? g + 1 : g;
        vnni_tile c = {&panel, a->x, a->y + row, a->y_stride, 0, 0, rows_mask16(a->rows - row), 0, vnni_bias(type)};
        if (second > g) c.mask_b = rows_mask16(a->rows - row - 16);
        for (; c.slice0 < all; c.slice0 += c.n) {
            c.n = hr_min_size(VNNI_SLICES, all - c.slice0);
            for (size_t part = 0; part < 2; part++) {
                fill_panel(type, slices, bytes, a, part ? second : g, c.slice0, c.n, part, ahead, &panel);
            }
            switch (vnni_kind(type)) {
            case VNNI_MIN: run_min_tiles(&c); break;
            case VNNI_HALVES: run_halves_tiles(&c); break;
            case VNNI_HALVES_MIN: run_halves_min_tiles(&c); break;
            default: run_plain_tiles(&c); break;
            }
        }
    }
}

#define VNNI_KERNEL(name, type, block, bytes) \
    HR_T_AVX512 static void matmul_##name##_avx512(const hr_matmul_args *a, size_t g0, size_t g1) { \
        run_groups16(type, block / 32, bytes, a, g0, g1); \
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
#undef VNNI_AHEAD
#undef VNNI_INLINE

HR_KERNEL(matmul_q4_0, matmul_q4_0_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q4_1, matmul_q4_1_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q5_0, matmul_q5_0_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q5_1, matmul_q5_1_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q8_0, matmul_q8_0_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q2_k, matmul_q2_k_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q3_k, matmul_q3_k_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q4_k, matmul_q4_k_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q5_k, matmul_q5_k_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_q6_k, matmul_q6_k_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_iq4_nl, matmul_iq4_nl_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_iq4_xs, matmul_iq4_xs_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_mxfp4, matmul_mxfp4_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_tq1_0, matmul_tq1_0_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
HR_KERNEL(matmul_tq2_0, matmul_tq2_0_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 30, 16, 4)
#else
typedef int hr_no_matmul_quant_avx512; /* a file may not be empty */
#endif
