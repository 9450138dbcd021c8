/* encode_block.c: formats of 32 elements with one scale (and one minimum) of their own: Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL
 * MXFP4. Eight blocks of a row are searched side by side: candidates in closed form, then the scale as it will be stored
 * (f16) against the exact error, and least squares again from the levels chosen, while that helps. */
#include "quant/lanes.h"
#include "quant/quantize.h"

static const float block_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static const float block_iq4_middles[15] = {-115.5f, -93.5f, -74, -57, -42, -28.5f, -16, -4.5f, 7, 19, 31.5f, 45.5f, 61, 79, 101};
static const float block_fp4_values[15] = {-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12}; /* 2 * E2M1 */
static const float block_fp4_middles[14] = {-10, -7, -5, -3.5f, -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f, 3.5f, 5, 7, 10};
static const hr_levels block_q4_levels = {-8, 7, NULL, NULL, 0}, block_q5_levels = {-16, 15, NULL, NULL, 0};
static const hr_levels block_q8_levels = {-127, 127, NULL, NULL, 0};
static const hr_levels block_q41_levels = {0, 15, NULL, NULL, 0}, block_q51_levels = {0, 31, NULL, NULL, 0};
static const hr_levels block_iq4_levels = {0, 0, block_iq4_values, block_iq4_middles, 16};
static const hr_levels block_fp4_levels = {0, 0, block_fp4_values, block_fp4_middles, 15};

/* where the value of largest magnitude goes: the first is what quantizers without search do */
static const float block_q4_factors[] = {-8, -8.45f, -7.55f, 7, 7.45f, -9, 6.6f, -7.1f};
static const float block_q5_factors[] = {-16, -16.5f, -15.5f, 15, 15.5f, -17, 14.5f};
static const float block_q8_factors[] = {127, 126.6f, 127.4f};
static const float block_iq4_factors[] = {-127, -133, -121, 113, 118, 108, -139, -115, 125, 101};
static const float block_affine_offsets[] = {0, -0.12f, -0.24f, -0.36f, -0.48f, -0.6f, -0.75f, -0.9f, -1.1f, 0.15f, 0.3f, 0.45f,
                                             0.6f, 0.8f, 1};

typedef struct block_state {
    hr_lane_f x[32], w[32];
    hr_lane_f d, m, err; /* as stored */
} block_state;

/* takes d (and m) over in the lanes where they are better once they are halves */
HR_INLINE void try_halves(block_state *s, const hr_levels *v, hr_lane_f *d, hr_lane_f *m, bool affine) {
    hr_lane_f err, shift = HR_LANE_ZERO;
    hr_lanes_to_half(d);
    if (affine) {
        hr_lanes_to_half(m);
        shift = -*m;
    }
    hr_lanes_error(s->x, s->w, 32, v, d, &shift, &err);
    hr_lane_i better = err < s->err;
    s->d = HR_LANE_SELECT(better, *d, s->d);
    if (affine) s->m = HR_LANE_SELECT(better, *m, s->m);
    s->err = HR_LANE_SELECT(better, err, s->err);
}

/* least squares for the levels that the present d and m give */
HR_INLINE void fit_again(const block_state *s, const hr_levels *v, hr_lane_f *d, hr_lane_f *m, bool affine) {
    hr_lane_i some = s->d != HR_LANE_ZERO;
    hr_lane_f inv = (hr_lane_f)(some & (hr_lane_i)(1.0f / s->d)), low = affine ? s->m : HR_LANE_ZERO;
    hr_lane_f sw = HR_LANE_ZERO, sx = sw, sq = sw, sqq = sw, sxq = sw;
    for (int e = 0; e < 32; e++) {
        hr_lane_f u = (s->x[e] - low) * inv, q;
        hr_lanes_level(v, &u, &q);
        hr_lane_f wq = s->w[e] * q;
        sqq += wq * q;
        sxq += wq * s->x[e];
        if (affine) {
            sq += wq;
            sw += s->w[e];
            sx += s->w[e] * s->x[e];
        }
    }
    hr_lane_f det = affine ? sw * sqq - sq * sq : sqq, r = 1.0f / det;
    hr_lane_i ok = det > 0.0f;
    hr_lane_f fit = affine ? (sw * sxq - sx * sq) * r : sxq * r;
    *d = HR_LANE_SELECT(ok, fit, s->d);
    if (affine) {
        hr_lane_f fit_m = (sqq * sx - sq * sxq) * r;
        *m = HR_LANE_SELECT(ok, fit_m, s->m);
    }
}

HR_INLINE void search_symmetric(block_state *s, const hr_levels *v, const float *factors, int n, int rounds) {
    hr_lane_f d, top = HR_LANE_ZERO, zero = HR_LANE_ZERO;
    for (int e = 0; e < 32; e++) {
        hr_lane_i larger = HR_LANE_ABS(s->x[e]) > HR_LANE_ABS(top);
        top = HR_LANE_SELECT(larger, s->x[e], top);
    }
    s->d = s->m = zero;
    s->err = zero + 3e38f;
    d = top * (1.0f / factors[0]); /* no search: never worse than this */
    try_halves(s, v, &d, &zero, false);
    hr_lanes_search(s->x, s->w, 32, v, factors, n, &d);
    try_halves(s, v, &d, &zero, false);
    for (int i = 0; i < rounds; i++) {
        fit_again(s, v, &d, &zero, false);
        try_halves(s, v, &d, &zero, false);
    }
}

HR_INLINE void search_affine(block_state *s, const hr_levels *v) {
    hr_lane_f least = s->x[0], most = s->x[0], d, m;
    for (int e = 1; e < 32; e++) {
        least = HR_LANE_MIN(s->x[e], least);
        most = HR_LANE_MAX(s->x[e], most);
    }
    s->d = s->m = HR_LANE_ZERO;
    s->err = HR_LANE_ZERO + 3e38f;
    d = (most - least) * (1.0f / v->hi);
    m = least;
    try_halves(s, v, &d, &m, true);
    hr_lanes_search_affine(s->x, s->w, 32, v->hi, block_affine_offsets, (int)HR_COUNT(block_affine_offsets), false, &d, &m);
    try_halves(s, v, &d, &m, true);
    for (int round = 0; round < 3; round++) { /* around the best: wider steps, keeping either end or the middle */
        for (int i = 0; i < 6; i++) {
            hr_lane_f d0 = s->d, m0 = s->m;
            float step = (i % 2 == 0 ? 1.0f : -1.0f) * (round == 0 ? 0.03f : round == 1 ? 0.015f : 0.007f);
            d = d0 * (1.0f + step);
            m = m0 - d0 * (step * v->hi * 0.5f * (float)(i / 2));
            try_halves(s, v, &d, &m, true);
        }
        fit_again(s, v, &d, &m, true);
        try_halves(s, v, &d, &m, true);
    }
}

/* d = 2^(e - 128): the exponent that holds the largest magnitude, and its neighbours */
HR_INLINE void search_powers(block_state *s) {
    hr_lane_f top = HR_LANE_ZERO, err;
    const hr_lane_f zero = HR_LANE_ZERO;
    for (int e = 0; e < 32; e++) {
        hr_lane_f a = HR_LANE_ABS(s->x[e]);
        top = HR_LANE_MAX(a, top);
    }
    hr_lane_i exponent = (((hr_lane_i)top >> 23) & 255) - 2; /* floor(log2 top) - 2, biased */
    s->d = s->m = zero;
    s->err = zero + 3e38f;
    for (int step = 0; step < 3; step++) { /* 0, -1, +1; table values are doubled: d is half of 2^(e - 127) */
        hr_lane_i e = exponent + (step == 0 ? 0 : step == 1 ? -1 : 1), low = e < 2, high = e > 254;
        e = (low & 2) | (~low & e);
        e = (high & 254) | (~high & e);
        hr_lane_f d = (hr_lane_f)((e - 1) << 23);
        hr_lanes_error(s->x, s->w, 32, &block_fp4_levels, &d, &zero, &err);
        hr_lanes_keep(&s->err, &err, &s->d, &d);
    }
}

static bool block_half_ok(float d) { return hr_absf(d) <= 65504.0f; }

static void put_le16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static uint8_t level_index(const float *table, int n, int value) {
    int i = 0;
    while (i < n - 1 && (int)table[i] < value) i++;
    return (uint8_t)i;
}

/* q [32] level values to a block */
static bool write_block(const hr_format_info *f, const int8_t *q, float d, float m, uint8_t *dst) {
    uint8_t code[32], *p = dst;
    uint32_t fifth = 0;
    bool five = f->id == HR_TYPE_Q5_0 || f->id == HR_TYPE_Q5_1, affine = f->id == HR_TYPE_Q4_1 || f->id == HR_TYPE_Q5_1;
    int bias = f->id == HR_TYPE_Q4_0 ? 8 : f->id == HR_TYPE_Q5_0 ? 16 : 0;
    if (!block_half_ok(d) || !block_half_ok(m)) return false;
    if (f->id == HR_TYPE_MXFP4) {
        *p++ = (uint8_t)((hr_f32_bits(d) >> 23) + 1);
    } else {
        put_le16(p, hr_f16_of_f32(d));
        p += 2;
    }
    if (affine) {
        put_le16(p, hr_f16_of_f32(m));
        p += 2;
    }
    if (f->id == HR_TYPE_Q8_0) {
        memcpy(p, q, 32);
        return true;
    }
    for (int i = 0; i < 32; i++) {
        int v = q[i];
        if (f->id == HR_TYPE_IQ4_NL) v = level_index(block_iq4_values, 16, v);
        else if (f->id == HR_TYPE_MXFP4) v = level_index(block_fp4_values + 7, 8, v < 0 ? -v : v) + (v < 0 ? 8 : 0);
        else v += bias;
        code[i] = (uint8_t)(v & 31);
        fifth |= (uint32_t)(v >> 4 & 1) << i;
    }
    if (five) {
        put_le16(p, (uint16_t)fifth);
        put_le16(p + 2, (uint16_t)(fifth >> 16));
        p += 4;
    }
    for (int i = 0; i < 16; i++) p[i] = (uint8_t)((code[i] & 15) | (code[i + 16] & 15) << 4);
    return true;
}

HR_INLINE bool encode_block_core(const hr_format_info *f, const float *x, const float *w, size_t n, uint8_t *dst) {
    block_state s;
    const hr_levels *v = &block_q8_levels;
    bool affine = false, ok = true;
    hr_lanes_load(x, 32, 32, s.x);
    hr_lanes_load(w, 32, 32, s.w);
    switch (f->id) {
    case HR_TYPE_Q4_0:
        search_symmetric(&s, v = &block_q4_levels, block_q4_factors, (int)HR_COUNT(block_q4_factors), 2);
        break;
    case HR_TYPE_Q5_0:
        search_symmetric(&s, v = &block_q5_levels, block_q5_factors, (int)HR_COUNT(block_q5_factors), 2);
        break;
    case HR_TYPE_Q8_0: search_symmetric(&s, v, block_q8_factors, (int)HR_COUNT(block_q8_factors), 1); break;
    case HR_TYPE_IQ4_NL:
        search_symmetric(&s, v = &block_iq4_levels, block_iq4_factors, (int)HR_COUNT(block_iq4_factors), 2);
        break;
    case HR_TYPE_MXFP4: search_powers(&s); v = &block_fp4_levels; break;
    default:
        affine = true;
        search_affine(&s, v = f->id == HR_TYPE_Q4_1 ? &block_q41_levels : &block_q51_levels);
        break;
    }
    hr_lane_i some = s.d != HR_LANE_ZERO;
    hr_lane_f inv = (hr_lane_f)(some & (hr_lane_i)(1.0f / s.d)), low = affine ? s.m : HR_LANE_ZERO;
    int8_t q[HR_LANES][32];
    for (int e = 0; e < 32; e++) {
        hr_lane_f u = (s.x[e] - low) * inv, r;
        hr_lanes_level(v, &u, &r);
        hr_lane_i bits = (hr_lane_i)(r + HR_LANE_MAGIC); /* the low byte is the integer, whatever it is */
        for (int l = 0; l < HR_LANES; l++) q[l][e] = (int8_t)(uint8_t)(bits[l] & 255);
    }
    for (size_t l = 0; l < n / 32; l++) ok = write_block(f, q[l], s.d[l], low[l], dst + l * f->bytes) && ok;
    return ok;
}

static bool encode_block_plain(const hr_format_info *f, const float *x, const float *w, size_t n, uint8_t *dst) {
    return encode_block_core(f, x, w, n, dst);
}
#if defined(HR_T_AVX2)
__attribute__((target("avx2"))) static bool encode_block_avx2(const hr_format_info *f, const float *x, const float *w, size_t n,
                                                              uint8_t *dst) {
    return encode_block_core(f, x, w, n, dst);
}
#endif

hr_encode_fn *hr_encode_block32(uint32_t isa) {
#if defined(HR_T_AVX2)
    if (isa & HR_ISA_AVX2) return encode_block_avx2;
#endif
    (void)isa;
    return encode_block_plain;
}
