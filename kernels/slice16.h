/* slice16.h: packs of every block format as slices of 16 rows x 32 signed bytes with their scales, and the walk over a
 * matrix, for kernels on 16-byte vectors (SSE4.1, NEON, dotprod, i8mm). A slice is unpacked once for up to 24 tokens and
 * stays in the first cache (512 bytes); a kernel file brings the tiles, which know only the slice's kind.
 * A field at byte F of a row's block is at 16 F of the pack's block. */
#ifndef HR_SLICE16_H
#define HR_SLICE16_H
#include "kernels/vec4.h"
#if defined(HR_HAS_VEC4)

/* what the float chain of a format has; plain slices of weights within -32 .. 31 or as wide as int8 */
enum { HR_S16_PLAIN, HR_S16_WIDE, HR_S16_MIN, HR_S16_SUB, HR_S16_SUB_MIN, HR_S16_KINDS };
enum { HR_S16_PASS = 24, HR_S16_TILE = 4 }; /* tokens that share one unpacking; tokens of a tile */

typedef struct hr_slice16 {
    _Alignas(64) int8_t w[8][64]; /* [4 elements][row][4] */
    float d[16], m[16];           /* m: Q4_1, Q5_1 min; Q4_K, Q5_K -(dmin * mn); Q2_K dmin */
    float sc[2][16], mn[2][16];   /* of either half */
} hr_slice16;

/* nt (1 .. 4) tokens over the slice; at: the first token's slice, n: slices from token to token; acc [nt][16] */
typedef void hr_tile16_fn(size_t nt, const hr_slice16 *s, const hr_act *x, size_t at, size_t n, float *acc);

HR_V4_INLINE int hr_slice16_kind(const uint32_t type) {
    switch (type) {
    case HR_TYPE_Q8_0: case HR_TYPE_IQ4_NL: case HR_TYPE_IQ4_XS: return HR_S16_WIDE;
    case HR_TYPE_Q4_1: case HR_TYPE_Q5_1: case HR_TYPE_Q4_K: case HR_TYPE_Q5_K: return HR_S16_MIN;
    case HR_TYPE_Q3_K: case HR_TYPE_Q6_K: return HR_S16_SUB;
    case HR_TYPE_Q2_K: return HR_S16_SUB_MIN;
    default: return HR_S16_PLAIN;
    }
}

/* --- weights --------------------------------------------------------------------------------------------------------------- */
/* (byte >> shift & mask) << up, for every byte */
HR_V4_INLINE hr_v16u8 slice16_bits(const uint8_t *p, size_t shift, uint32_t mask, int up) {
    hr_v8u16 v, by, keep;
    uint16_t s = (uint16_t)shift, m = (uint16_t)(mask * 0x0101u);
    memcpy(&v, p, sizeof v);
    by = (hr_v8u16){s, s, s, s, s, s, s, s};
    keep = (hr_v8u16){m, m, m, m, m, m, m, m};
    return (hr_v16u8)(((v >> by) & keep) << up);
}

/* bits 4g .. 4g+3 of each lane as 0 or 16 in its four bytes: the product puts bit i at 8 i, among others */
HR_V4_INLINE hr_v16u8 slice16_fifth_bits(const uint8_t *p, size_t g) {
    hr_v4u v, by = hr_v4_splat_u((uint32_t)(4 * g));
    memcpy(&v, p, sizeof v);
    return (hr_v16u8)(((((v >> by) & 15u) * 0x00204081u) & 0x01010101u) << 4);
}

/* digit n of the five base-3 digits in each byte: b * 3 >> 8 is 1 from 86 on and 2 from 171 on */
HR_V4_INLINE hr_v16u8 slice16_trits(const uint8_t *p, size_t n) {
    uint8_t power = (uint8_t)(n == 0 ? 1 : n == 1 ? 3 : n == 2 ? 9 : n == 3 ? 27 : 81);
    hr_v16u8 v = (hr_v16u8)hr_v16_load(p) * power;
    return -((hr_v16u8)(v >= 86) + (hr_v16u8)(v >= 171));
}

HR_V4_INLINE const uint8_t *slice16_trit_bytes(const uint8_t *p, size_t j, size_t g, size_t *n) {
    *n = j < 5 ? j : j < 7 ? 2 * (j - 5) + g / 4 : g < 4 ? 4 : g % 4;
    return p + (j < 5 ? 64 * g : j < 7 || g < 4 ? 512 + 64 * (g % 4) : 768);
}

/* elements 4g .. 4g+3 of slice j, four rows: p is the block and the rows' place in a unit; the zero point is still in */
HR_V4_INLINE hr_v16u8 slice16_quad(const uint32_t type, const uint8_t *p, size_t j, size_t g) {
    size_t nibbles = type == HR_TYPE_MXFP4 ? 1 : type == HR_TYPE_Q4_1 ? 4 : type == HR_TYPE_Q5_0 ? 6 : type == HR_TYPE_Q5_1 ? 8
                   : type == HR_TYPE_IQ4_XS ? 8 + 16 * j : 2;
    const hr_v16u8 fp4 = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0}; /* 2 * E2M1 + 12 */
    const hr_v16u8 iq4 = (hr_v16u8)(hr_v16i8){-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    hr_v16u8 w;
    size_t n;
    switch (type) {
    case HR_TYPE_Q8_0: return (hr_v16u8)hr_v16_load(p + 16 * 2 + 64 * g);
    case HR_TYPE_Q4_K: return slice16_bits(p + 16 * 16 + 512 * (j / 2) + 64 * g, 4 * (j % 2), 15, 0);
    case HR_TYPE_Q5_K:
        return slice16_bits(p + 16 * 48 + 512 * (j / 2) + 64 * g, 4 * (j % 2), 15, 0) |
               slice16_bits(p + 16 * 16 + 64 * g, j, 1, 4);
    case HR_TYPE_Q6_K:
        return slice16_bits(p + 1024 * (j / 4) + 512 * (j % 2) + 64 * g, 4 * (j / 2 % 2), 15, 0) |
               slice16_bits(p + 16 * 128 + 512 * (j / 4) + 64 * g, 2 * (j % 4), 3, 4);
    case HR_TYPE_Q2_K: return slice16_bits(p + 16 * 16 + 512 * (j / 4) + 64 * g, 2 * (j % 4), 3, 0);
    case HR_TYPE_TQ2_0: return slice16_bits(p + 512 * (j / 4) + 64 * g, 2 * (j % 4), 3, 0);
    case HR_TYPE_Q3_K:
        return slice16_bits(p + 16 * 32 + 512 * (j / 4) + 64 * g, 2 * (j % 4), 3, 0) | slice16_bits(p + 64 * g, j, 1, 2);
    case HR_TYPE_TQ1_0: p = slice16_trit_bytes(p, j, g, &n); return slice16_trits(p, n);
    default: w = slice16_bits(p + 16 * nibbles + 64 * (g % 4), g < 4 ? 0 : 4, 15, 0); break;
    }
    if (type == HR_TYPE_Q5_0) w |= slice16_fifth_bits(p + 16 * 2, g);
    if (type == HR_TYPE_Q5_1) w |= slice16_fifth_bits(p + 16 * 4, g);
    if (type == HR_TYPE_MXFP4) w = hr_v16_look_up(fp4, w);
    if (type == HR_TYPE_IQ4_NL || type == HR_TYPE_IQ4_XS) w = hr_v16_look_up(iq4, w);
    return w;
}

HR_V4_INLINE void slice16_unpack_weights(const uint32_t type, const uint8_t *block, size_t j, hr_slice16 *s) {
    const uint8_t zero = type == HR_TYPE_Q4_0 ? 8 : type == HR_TYPE_Q5_0 ? 16 : type == HR_TYPE_Q6_K ? 32
                       : type == HR_TYPE_Q3_K ? 4 : type == HR_TYPE_MXFP4 ? 12
                       : type == HR_TYPE_TQ1_0 || type == HR_TYPE_TQ2_0 ? 1 : 0;
    for (size_t g = 0; g < 8; g++) {
        for (size_t v = 0; v < 4; v++) {
            hr_v16u8 w = slice16_quad(type, block + 16 * v, j, g) - zero;
            memcpy(s->w[g] + 16 * v, &w, sizeof w);
        }
    }
}

/* --- scales ---------------------------------------------------------------------------------------------------------------- */
HR_V4_INLINE hr_v4u slice16_lanes(const uint8_t *p) { return (hr_v4u)hr_v16_load(p); }
/* byte i of each lane */
HR_V4_INLINE hr_v4u slice16_byte(hr_v4u v, size_t i) { return (v >> hr_v4_splat_u((uint32_t)(8 * i))) & 255u; }
HR_V4_INLINE hr_v4f slice16_float(hr_v4u v) { return hr_v4_of_ints((hr_v4i)v); }

/* six-bit scale and min j of the 12 bytes of Q4_K and Q5_K (formats.md 4); p: the field and the rows' place */
HR_V4_INLINE void slice16_six_bits(const uint8_t *p, size_t j, hr_v4u *scale, hr_v4u *min) {
    hr_v4u a = slice16_byte(slice16_lanes(p), j % 4), b = slice16_byte(slice16_lanes(p + 64), j % 4);
    hr_v4u c = slice16_byte(slice16_lanes(p + 128), j % 4);
    *scale = j < 4 ? a & 63u : (c & 15u) | (a >> 6) << 4;
    *min = j < 4 ? b & 63u : (c >> 4) | (b >> 6) << 4;
}

/* scale of half h, 0 .. 63 */
HR_V4_INLINE hr_v4u slice16_q3_k_scale(const uint8_t *p, size_t j, size_t h) {
    size_t i = j / 2, at = 2 * (j % 2) + h;
    hr_v4u low = slice16_byte(slice16_lanes(p + 64 * (i % 2)), at), high = slice16_byte(slice16_lanes(p + 128), at);
    low = (low >> hr_v4_splat_u((uint32_t)(4 * (i / 2)))) & 15u;
    return low | ((high >> hr_v4_splat_u((uint32_t)(2 * i))) & 3u) << 4;
}

HR_V4_INLINE hr_v4f slice16_mxfp4_scale(const uint8_t *p) { /* 2^(e - 128): see decode_mxfp4 */
    hr_v4u e = {p[0], p[1], p[2], p[3]}, tiny = hr_v4_splat_u(0x00200000u) << (e & 1u);
    return hr_v4_pick((hr_v4i)(e > 1u), (hr_v4f)((e - 1u) << 23), (hr_v4f)tiny);
}

/* sub-scales (and Q2_K's mins) of both halves, rows 4v .. 4v+3 */
HR_V4_INLINE void slice16_sub_scales(const uint32_t type, const uint8_t *p, size_t j, size_t v, hr_slice16 *s) {
    for (size_t h = 0; h < 2; h++) {
        hr_v4u lanes = slice16_lanes(p + (type == HR_TYPE_Q6_K ? 16 * 192 : 0) + 64 * (j / 2));
        hr_v4u byte = slice16_byte(lanes, 2 * (j % 2) + h);
        hr_v4i sc = (hr_v4i)(byte & 15u);
        if (type == HR_TYPE_Q6_K) sc = (hr_v4i)(byte ^ 128u) - 128;
        if (type == HR_TYPE_Q3_K) sc = (hr_v4i)slice16_q3_k_scale(p + 16 * 96, j, h) - 32;
        hr_v4_store(s->sc[h] + 4 * v, hr_v4_of_ints(sc));
        if (type == HR_TYPE_Q2_K) hr_v4_store(s->mn[h] + 4 * v, slice16_float(byte >> 4));
    }
}

HR_V4_INLINE void slice16_unpack_scales(const uint32_t type, const uint8_t *block, size_t j, hr_slice16 *s) {
    const size_t at = type == HR_TYPE_Q2_K ? 80 : type == HR_TYPE_Q3_K ? 108 : type == HR_TYPE_Q6_K ? 208
                    : type == HR_TYPE_TQ1_0 ? 52 : type == HR_TYPE_TQ2_0 ? 64 : 0;
    const int kind = hr_slice16_kind(type);
    for (size_t v = 0; v < 4; v++) {
        const uint8_t *p = block + 16 * v, *half = block + 8 * v;
        hr_v4f d = type == HR_TYPE_MXFP4 ? slice16_mxfp4_scale(block + 4 * v) : hr_v4_load_halves(half + 16 * at), m = d;
        if (kind == HR_S16_MIN || kind == HR_S16_SUB_MIN) m = hr_v4_load_halves(half + 16 * (type == HR_TYPE_Q2_K ? 82 : 2));
        if (type == HR_TYPE_Q4_K || type == HR_TYPE_Q5_K) {
            hr_v4u sc, mn;
            slice16_six_bits(p + 16 * 4, j, &sc, &mn);
            d *= slice16_float(sc);
            m = -(m * slice16_float(mn));
        }
        if (type == HR_TYPE_IQ4_XS) {
            uint16_t high[4];
            memcpy(high, half + 16 * 2, sizeof high);
            hr_v4u two = {high[0], high[1], high[2], high[3]};
            hr_v4u low = (slice16_lanes(p + 16 * 4) >> hr_v4_splat_u((uint32_t)(4 * j))) & 15u;
            two = (two >> hr_v4_splat_u((uint32_t)(2 * j))) & 3u;
            d *= hr_v4_of_ints((hr_v4i)(low | two << 4) - 32);
        }
        hr_v4_store(s->d + 4 * v, d);
        if (kind == HR_S16_MIN || kind == HR_S16_SUB_MIN) hr_v4_store(s->m + 4 * v, m);
        if (kind >= HR_S16_SUB) slice16_sub_scales(type, p, j, v, s);
    }
}

/* --- the float chain ------------------------------------------------------------------------------------------------------- */
/* rows row .. row+3 of one token (slice at): isum of the slice, or with sub-scales of half `step`.
 * t = sc0 * isum0 + sc1 * isum1 in f32: integers below 2^24, so exact; the added +0 keeps zero positive, as an integer's is */
HR_V4_INLINE void hr_slice16_end(const int kind, const int step, const hr_slice16 *s, const hr_act *x, size_t at, size_t row,
                                 hr_v4i isum, float *acc /* [16] */, float *part /* [16] */) {
    hr_v4f t = hr_v4_of_ints(isum), da = hr_v4_splat(x->d[at]), zero = {0}, y;
    if (kind >= HR_S16_SUB) {
        t = hr_v4_load(s->sc[step] + row) * t + (step ? hr_v4_load(part + row) : zero);
        if (step == 0) {
            hr_v4_store(part + row, t);
            return;
        }
    }
    y = hr_v4_fma(t, hr_v4_load(s->d + row) * da, hr_v4_load(acc + row));
    if (kind == HR_S16_MIN) y = hr_v4_fma(hr_v4_load(s->m + row), hr_v4_splat(x->ds[at]), y);
    if (kind == HR_S16_SUB_MIN) {
        hr_v4f u = hr_v4_load(s->mn[0] + row) * hr_v4_splat((float)x->s16[2 * at]) + zero;
        u = hr_v4_load(s->mn[1] + row) * hr_v4_splat((float)x->s16[2 * at + 1]) + u;
        y = hr_v4_fma(-u, hr_v4_load(s->m + row) * da, y);
    }
    hr_v4_store(acc + row, y);
}

/* --- the walk -------------------------------------------------------------------------------------------------------------- */
/* A prefetch never faults, so it may point past the pack (by integers: the pointer may not). */
HR_V4_INLINE void slice16_prefetch(const uint8_t *p, size_t from, size_t n) {
    for (size_t i = 0; i < n; i += 64) __builtin_prefetch((const char *)((uintptr_t)p + from + i + 4096));
}

/* 16 rows, nt tokens from t on. zip: what a kernel does to a slice before its tiles read it (NULL: nothing) */
HR_V4_INLINE void slice16_run_pass(const uint32_t type, const size_t slices, const size_t bytes, void (*const zip)(hr_slice16 *),
                                   hr_tile16_fn *const *tiles, const hr_matmul_args *a, size_t g, size_t t, size_t nt) {
    size_t n = a->k / 32;
    const uint8_t *p = (const uint8_t *)a->w + g * (n / slices) * 16 * bytes;
    hr_tile16_fn *tile = tiles[hr_slice16_kind(type)];
    _Alignas(64) float acc[16 * HR_S16_PASS] = {0};
    hr_slice16 s;
    for (size_t i = 0; i < n; i += slices, p += 16 * bytes) {
        for (size_t j = 0; j < slices; j++) {
            slice16_prefetch(p, j * (16 * bytes / slices), 16 * bytes / slices);
            slice16_unpack_scales(type, p, j, &s);
            slice16_unpack_weights(type, p, j, &s);
            if (zip != NULL) zip(&s);
            for (size_t u = 0; u < nt; u += HR_S16_TILE) {
                tile(hr_min_size(nt - u, HR_S16_TILE), &s, a->x, (t + u) * n + i + j, n, acc + 16 * u);
            }
        }
    }
    for (size_t u = 0; u < nt; u++) {
        size_t left = hr_min_size(a->rows - 16 * g, 16);
        memcpy(a->y + (t + u) * a->y_stride + 16 * g, acc + 16 * u, left * sizeof(float));
    }
}

HR_V4_INLINE void hr_slice16_matmul(const uint32_t type, const size_t slices, const size_t bytes,
                                    void (*const zip)(hr_slice16 *), hr_tile16_fn *const *tiles, const hr_matmul_args *a,
                                    size_t g0, size_t g1) {
    for (size_t g = g0; g < g1; g++) {
        for (size_t t = 0; t < a->x->m; t += HR_S16_PASS) {
            slice16_run_pass(type, slices, bytes, zip, tiles, a, g, t, hr_min_size(a->x->m - t, HR_S16_PASS));
        }
    }
}

/* every quantized format: X(operation, block, bytes) */
#define HR_S16_FORMATS(X) \
    X(q4_0, Q4_0, 32, 18) X(q4_1, Q4_1, 32, 20) X(q5_0, Q5_0, 32, 22) X(q5_1, Q5_1, 32, 24) X(q8_0, Q8_0, 32, 34) \
    X(q2_k, Q2_K, 256, 84) X(q3_k, Q3_K, 256, 110) X(q4_k, Q4_K, 256, 144) X(q5_k, Q5_K, 256, 176) \
    X(q6_k, Q6_K, 256, 210) X(iq4_nl, IQ4_NL, 32, 18) X(iq4_xs, IQ4_XS, 256, 136) X(mxfp4, MXFP4, 32, 17) \
    X(tq1_0, TQ1_0, 256, 54) X(tq2_0, TQ2_0, 256, 66)
#endif
#endif
