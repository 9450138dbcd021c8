/* encode_super.c: superblocks of 256: Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_XS. Sub-blocks are searched side by side; their scales
 * (and minimums) are then rounded to the superblock's integers, and those, with d and dmin, are improved together: each
 * sub-block tries its neighbours, least squares gives d and dmin for the levels chosen; what lowers the error stays. */
#include "quant/lanes.h"
#include "quant/quantize.h"

static const float super_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static const float super_iq4_middles[15] = {-115.5f, -93.5f, -74, -57, -42, -28.5f, -16, -4.5f, 7, 19, 31.5f, 45.5f, 61, 79, 101};
static const hr_levels super_iq4_levels = {0, 0, super_iq4_values, super_iq4_middles, 16};
static const hr_levels super_q2_levels = {0, 3, NULL, NULL, 0}, super_q3_levels = {-4, 3, NULL, NULL, 0};
static const hr_levels super_q4_levels = {0, 15, NULL, NULL, 0}, super_q5_levels = {0, 31, NULL, NULL, 0};
static const hr_levels super_q6_levels = {-32, 31, NULL, NULL, 0};

static const float super_q3_factors[] = {-4, -4.3f, -3.7f, -4.6f, -3.4f, 3, 3.3f, 2.7f, -4.9f, 3.6f, -3.1f};
static const float super_q6_factors[] = {-32, -32.4f, -31.6f, -32.8f, -31.2f, 31, 31.5f, -33.2f, 30.5f};
static const float super_iq4_factors[] = {-127, -133, -121, 113, 118, 108, -139, -115, 125, 101};
static const float super_q2_offsets[] = {0, -0.1f, 0.2f, -0.25f, 0.4f, -0.4f, 0.6f, -0.55f, 0.8f, 1};
static const float super_q4_offsets[] = {0, -0.15f, 0.15f, -0.3f, 0.3f, -0.45f, 0.45f, -0.6f, 0.6f, -0.8f, 0.8f, 1};
static const float super_q5_offsets[] = {0, -0.25f, 0.25f, -0.5f, 0.5f, 0.8f};

/* groups of 8 sub-blocks of n elements: 2 x 16 or 1 x 32 */
typedef struct super_state {
    hr_lane_f x[2][32], w[2][32];
    hr_lane_f s[2], m[2];     /* integers: scales; minimums of the affine formats */
    hr_lane_f err[2];
    float d, dmin;            /* as stored */
    int groups, n;
    float s_lo, s_hi;         /* of the integers */
    const hr_levels *levels;
    bool affine;
} super_state;

HR_INLINE float half_round(float v) { return hr_f32_of_f16(hr_f16_of_f32(v)); }

HR_INLINE void clamp_lanes(hr_lane_f *v, float lo, float hi) {
    hr_lane_f a = HR_LANE_ZERO + lo, b = HR_LANE_ZERO + hi;
    *v = HR_LANE_MIN(*v, b);
    *v = HR_LANE_MAX(*v, a);
}

/* error of group g with integers s, m */
HR_INLINE void super_error(const super_state *p, int g, const hr_lane_f *s, const hr_lane_f *m, hr_lane_f *err) {
    hr_lane_f scale = *s * p->d, shift = p->affine ? *m * p->dmin : HR_LANE_ZERO;
    hr_lanes_error(p->x[g], p->w[g], p->n, p->levels, &scale, &shift, err);
}

HR_INLINE void try_integers(super_state *p, int g, const hr_lane_f *s, const hr_lane_f *m) {
    hr_lane_f err;
    super_error(p, g, s, m, &err);
    hr_lane_i better = err < p->err[g];
    p->s[g] = HR_LANE_SELECT(better, *s, p->s[g]);
    p->m[g] = HR_LANE_SELECT(better, *m, p->m[g]);
    p->err[g] = HR_LANE_SELECT(better, err, p->err[g]);
}

/* every sub-block's neighbours: (scale, minimum) steps in the order of their use */
HR_INLINE void try_neighbours(super_state *p) {
    static const int8_t step[6][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, -1}};
    for (int g = 0; g < p->groups; g++) {
        hr_lane_f s0 = p->s[g], m0 = p->m[g];
        for (int i = 0; i < (p->affine ? 6 : 2); i++) {
            hr_lane_f s = s0 + (float)step[i][0], m = m0 + (float)step[i][1];
            clamp_lanes(&s, p->s_lo, p->s_hi);
            clamp_lanes(&m, 0, p->s_hi);
            try_integers(p, g, &s, &m);
        }
    }
}

HR_INLINE float super_total(const super_state *p) {
    float sum = 0.0f;
    for (int g = 0; g < p->groups; g++) sum += hr_lanes_total(&p->err[g]);
    return sum;
}

/* d and dmin by least squares for the levels at hand; kept when the error falls. */
HR_INLINE bool fit_super(super_state *p) {
    hr_lane_f a = HR_LANE_ZERO, b = a, c = a, u = a, v = a;
    for (int g = 0; g < p->groups; g++) {
        hr_lane_f scale = p->s[g] * p->d, shift = p->affine ? p->m[g] * p->dmin : HR_LANE_ZERO;
        hr_lane_i some = scale != HR_LANE_ZERO;
        hr_lane_f inv = (hr_lane_f)(some & (hr_lane_i)(1.0f / scale)), qq = HR_LANE_ZERO, xq = qq, q1 = qq, w1 = qq, x1 = qq;
        for (int e = 0; e < p->n; e++) {
            hr_lane_f t = (p->x[g][e] + shift) * inv, q;
            hr_lanes_level(p->levels, &t, &q);
            hr_lane_f wq = p->w[g][e] * q;
            qq += wq * q;
            xq += wq * p->x[g][e];
            if (!p->affine) continue;
            q1 += wq;
            w1 += p->w[g][e];
            x1 += p->w[g][e] * p->x[g][e];
        }
        a += p->s[g] * p->s[g] * qq; /* d^2 */
        u += p->s[g] * xq;
        b += p->s[g] * p->m[g] * q1;
        c += p->m[g] * p->m[g] * w1;
        v += p->m[g] * x1;
    }
    float A = hr_lanes_total(&a), B = hr_lanes_total(&b), C = hr_lanes_total(&c), U = hr_lanes_total(&u), V = hr_lanes_total(&v);
    float det = A * C - B * B, d = A > 0.0f ? U / A : p->d, dmin = p->dmin; /* minimise (d s q - dmin m - x)^2 */
    if (p->affine && det > 1e-6f * A * C) {
        d = (U * C - B * V) / det;
        dmin = (B * U - A * V) / det;
    }
    super_state old;
    old.d = p->d, old.dmin = p->dmin, old.err[0] = p->err[0], old.err[1] = p->err[1];
    float before = super_total(p);
    p->d = half_round(d);
    p->dmin = half_round(p->affine && dmin > 0.0f ? dmin : p->affine ? 0.0f : p->dmin);
    if (p->affine && !(p->d > 0.0f)) p->d = old.d;
    for (int g = 0; g < p->groups; g++) super_error(p, g, &p->s[g], &p->m[g], &p->err[g]);
    if (super_total(p) < before) return true;
    p->d = old.d, p->dmin = old.dmin, p->err[0] = old.err[0], p->err[1] = old.err[1];
    return false;
}

HR_INLINE float largest_lane(const hr_lane_f *a, int groups, bool magnitude) {
    float top = 0.0f;
    for (int g = 0; g < groups; g++) {
        for (int l = 0; l < HR_LANES; l++) {
            float v = a[g][l];
            if (magnitude ? hr_absf(v) > hr_absf(top) : v > top) top = v;
        }
    }
    return top;
}

/* p->s, p->m hold real scales and minimums: rounds them to integers under the present d and dmin */
HR_INLINE void round_integers(super_state *p, const hr_lane_f *s, const hr_lane_f *m) {
    float inv_d = p->d != 0.0f ? 1.0f / p->d : 0.0f, inv_m = p->dmin != 0.0f ? 1.0f / p->dmin : 0.0f;
    for (int g = 0; g < p->groups; g++) {
        hr_lane_f a = HR_LANE_ROUND(s[g] * inv_d), b = HR_LANE_ROUND(m[g] * inv_m);
        clamp_lanes(&a, p->s_lo, p->s_hi);
        clamp_lanes(&b, 0, p->s_hi);
        p->s[g] = a;
        p->m[g] = b;
        super_error(p, g, &p->s[g], &p->m[g], &p->err[g]);
    }
}

HR_INLINE void search_super(super_state *p, const float *steps, int n_steps, int rounds) {
    hr_lane_f s[2], m[2] = {HR_LANE_ZERO, HR_LANE_ZERO};
    for (int g = 0; g < p->groups; g++) {
        if (!p->affine) {
            hr_lanes_search(p->x[g], p->w[g], p->n, p->levels, steps, n_steps, &s[g]);
            continue;
        }
        hr_lanes_search_affine(p->x[g], p->w[g], p->n, p->levels->hi, steps, n_steps, true, &s[g], &m[g]);
        m[g] = -m[g];
    }
    p->d = half_round(largest_lane(s, p->groups, !p->affine) / (p->affine ? p->s_hi : p->s_lo));
    p->dmin = p->affine ? half_round(largest_lane(m, p->groups, false) / p->s_hi) : 0.0f;
    round_integers(p, s, m);
    for (int i = 0; i < rounds; i++) {
        try_neighbours(p);
        if (!fit_super(p)) break;
    }
}

/* --- bits ------------------------------------------------------------------------------------------------------------- */
static void store_half(uint8_t *p, float v) {
    uint16_t h = hr_f16_of_f32(v);
    p[0] = (uint8_t)h;
    p[1] = (uint8_t)(h >> 8);
}

static void write_two_bits(const uint8_t *q, uint8_t *qs) { /* [256] -> 64 bytes, the lowest two bits of each */
    for (int i = 0; i < 64; i++) {
        const uint8_t *p = q + 128 * (i / 32) + i % 32;
        qs[i] = (uint8_t)((p[0] & 3) | (p[32] & 3) << 2 | (p[64] & 3) << 4 | (p[96] & 3) << 6);
    }
}

static void write_q4_k_q5_k(const hr_format_info *f, const super_state *p, const uint8_t *q, const int *s, const int *m,
                            uint8_t *dst) {
    bool five = f->id == HR_TYPE_Q5_K;
    uint8_t *qs = dst + (five ? 48 : 16);
    store_half(dst, p->d);
    store_half(dst + 2, p->dmin);
    for (int j = 0; j < 4; j++) {
        dst[4 + j] = (uint8_t)(s[j] | (s[j + 4] >> 4) << 6);
        dst[8 + j] = (uint8_t)(m[j] | (m[j + 4] >> 4) << 6);
        dst[12 + j] = (uint8_t)((s[j + 4] & 15) | (m[j + 4] & 15) << 4);
    }
    if (five) memset(dst + 16, 0, 32);
    for (int j = 0; j < 8; j++) {
        for (int i = 0; i < 32; i++) {
            uint8_t v = q[32 * j + i], *to = &qs[32 * (j / 2) + i];
            *to = j % 2 == 0 ? (uint8_t)(v & 15) : (uint8_t)(*to | (v & 15) << 4);
            if (five) dst[16 + i] = (uint8_t)(dst[16 + i] | (v >> 4 & 1) << j);
        }
    }
}

static void write_q2_k(const super_state *p, const uint8_t *q, const int *s, const int *m, uint8_t *dst) {
    for (int j = 0; j < 16; j++) dst[j] = (uint8_t)(s[j] | m[j] << 4);
    write_two_bits(q, dst + 16);
    store_half(dst + 80, p->d);
    store_half(dst + 82, p->dmin);
}

static void write_q3_k(const super_state *p, const uint8_t *q, const int *s, uint8_t *dst) { /* q: level + 4 */
    memset(dst, 0, 32);
    for (int e = 0; e < 256; e++) dst[e % 32] = (uint8_t)(dst[e % 32] | (q[e] >> 2 & 1) << (e / 32));
    write_two_bits(q, dst + 32);
    memset(dst + 96, 0, 12);
    for (int j = 0; j < 16; j++) {
        int v = s[j] + 32;
        dst[96 + j % 8] = (uint8_t)(dst[96 + j % 8] | (v & 15) << (4 * (j / 8)));
        dst[104 + j % 4] = (uint8_t)(dst[104 + j % 4] | (v >> 4) << (2 * (j / 4)));
    }
    store_half(dst + 108, p->d);
}

static void write_q6_k(const super_state *p, const uint8_t *q, const int *s, uint8_t *dst) { /* q: level + 32 */
    for (int h = 0; h < 2; h++) {
        for (int l = 0; l < 32; l++) {
            const uint8_t *e = q + 128 * h + l;
            dst[64 * h + l] = (uint8_t)((e[0] & 15) | (e[64] & 15) << 4);
            dst[64 * h + 32 + l] = (uint8_t)((e[32] & 15) | (e[96] & 15) << 4);
            dst[128 + 32 * h + l] = (uint8_t)(e[0] >> 4 | (e[32] >> 4) << 2 | (e[64] >> 4) << 4 | (e[96] >> 4) << 6);
        }
    }
    for (int j = 0; j < 16; j++) dst[192 + j] = (uint8_t)(s[j] & 255);
    store_half(dst + 208, p->d);
}

static void write_iq4_xs(const super_state *p, const uint8_t *q, const int *s, uint8_t *dst) { /* q: index */
    unsigned high = 0;
    memset(dst + 4, 0, 4);
    for (int j = 0; j < 8; j++) {
        int v = s[j] + 32;
        dst[4 + j / 2] = (uint8_t)(dst[4 + j / 2] | (v & 15) << (4 * (j % 2)));
        high |= (unsigned)(v >> 4) << (2 * j);
        for (int i = 0; i < 16; i++) dst[8 + 16 * j + i] = (uint8_t)(q[32 * j + i] | q[32 * j + 16 + i] << 4);
    }
    store_half(dst, p->d);
    dst[2] = (uint8_t)high;
    dst[3] = (uint8_t)(high >> 8);
}

static void write_super(const hr_format_info *f, const super_state *p, uint8_t *q, uint8_t *dst) {
    int s[16], m[16];
    for (int j = 0; j < 8 * p->groups; j++) {
        s[j] = (int)p->s[j / 8][j % 8];
        m[j] = (int)p->m[j / 8][j % 8];
    }
    switch (f->id) {
    case HR_TYPE_Q2_K: write_q2_k(p, q, s, m, dst); break;
    case HR_TYPE_Q3_K: write_q3_k(p, q, s, dst); break;
    case HR_TYPE_Q6_K: write_q6_k(p, q, s, dst); break;
    case HR_TYPE_IQ4_XS: write_iq4_xs(p, q, s, dst); break;
    default: write_q4_k_q5_k(f, p, q, s, m, dst); break;
    }
}

/* --- one superblock --------------------------------------------------------------------------------------------------- */
/* final levels, as unsigned codes in element order */
HR_INLINE void level_codes(const super_state *p, uint8_t *q) {
    for (int g = 0; g < p->groups; g++) {
        hr_lane_f scale = p->s[g] * p->d, shift = p->affine ? p->m[g] * p->dmin : HR_LANE_ZERO;
        hr_lane_i some = scale != HR_LANE_ZERO;
        hr_lane_f inv = (hr_lane_f)(some & (hr_lane_i)(1.0f / scale));
        for (int e = 0; e < p->n; e++) {
            hr_lane_f t = (p->x[g][e] + shift) * inv, r;
            if (p->levels->table != NULL) { /* the index: how many middles are below */
                hr_lane_i index = {0, 0, 0, 0, 0, 0, 0, 0};
                for (int i = 0; i < p->levels->n - 1; i++) index -= t > p->levels->middle[i];
                for (int l = 0; l < HR_LANES; l++) q[(8 * g + l) * p->n + e] = (uint8_t)index[l];
                continue;
            }
            hr_lanes_level(p->levels, &t, &r);
            hr_lane_i bits = (hr_lane_i)((r - p->levels->lo) + HR_LANE_MAGIC);
            for (int l = 0; l < HR_LANES; l++) q[(8 * g + l) * p->n + e] = (uint8_t)(bits[l] & 63);
        }
    }
}

HR_INLINE bool encode_super_core(const hr_format_info *f, const float *x, const float *w, uint8_t *dst) {
    super_state p;
    bool wide = f->id == HR_TYPE_Q4_K || f->id == HR_TYPE_Q5_K || f->id == HR_TYPE_IQ4_XS;
    p.groups = wide ? 1 : 2;
    p.n = wide ? 32 : 16;
    p.affine = f->id == HR_TYPE_Q4_K || f->id == HR_TYPE_Q5_K || f->id == HR_TYPE_Q2_K;
    p.s_lo = p.affine ? 0 : f->id == HR_TYPE_Q6_K ? -128 : -32;
    p.s_hi = p.affine ? (f->id == HR_TYPE_Q2_K ? 15 : 63) : f->id == HR_TYPE_Q6_K ? 127 : 31;
    p.err[0] = p.err[1] = HR_LANE_ZERO;
    for (int g = 0; g < p.groups; g++) {
        hr_lanes_load(x + 128 * g, (size_t)p.n, p.n, p.x[g]);
        hr_lanes_load(w + 128 * g, (size_t)p.n, p.n, p.w[g]);
    }
#define SUPER_SEARCH(levels_, steps, rounds) \
    p.levels = &levels_;                     \
    search_super(&p, steps, (int)HR_COUNT(steps), rounds)
    switch (f->id) {
    case HR_TYPE_Q2_K: SUPER_SEARCH(super_q2_levels, super_q2_offsets, 3); break;
    case HR_TYPE_Q3_K: SUPER_SEARCH(super_q3_levels, super_q3_factors, 3); break;
    case HR_TYPE_Q5_K: SUPER_SEARCH(super_q5_levels, super_q5_offsets, 2); break;
    case HR_TYPE_Q6_K: SUPER_SEARCH(super_q6_levels, super_q6_factors, 2); break;
    case HR_TYPE_IQ4_XS: SUPER_SEARCH(super_iq4_levels, super_iq4_factors, 3); break;
    default: SUPER_SEARCH(super_q4_levels, super_q4_offsets, 3); break;
    }
#undef SUPER_SEARCH
    if (!(hr_absf(p.d) <= 65504.0f && hr_absf(p.dmin) <= 65504.0f)) return false;
    uint8_t q[256];
    level_codes(&p, q);
    write_super(f, &p, q, dst);
    return true;
}

static bool encode_super_plain(const hr_format_info *f, const float *x, const float *w, size_t n, uint8_t *dst) {
    (void)n;
    return encode_super_core(f, x, w, dst);
}
#if defined(HR_T_AVX2)
__attribute__((target("avx2"))) static bool encode_super_avx2(const hr_format_info *f, const float *x, const float *w, size_t n,
                                                              uint8_t *dst) {
    (void)n;
    return encode_super_core(f, x, w, dst);
}
#endif

hr_encode_fn *hr_encode_super(uint32_t isa) {
#if defined(HR_T_AVX2)
    if (isa & HR_ISA_AVX2) return encode_super_avx2;
#endif
    (void)isa;
    return encode_super_plain;
}
