/* rows4.h: everything over one row on vectors of four floats (SSE4.1, NEON): activation quantization, norms, rope, gated
 * activations, attention; float weights at the end. rows_sse41.c and rows_neon.c make the kernels of it.
 *
 * Equal bit for bit to kernels/ref: the same operations lane by lane. The reference's 16 virtual lanes are four vectors
 * here. Tails are filled with +0, which changes no sum of the reference (no lane is ever -0). */
#ifndef HR_ROWS4_H
#define HR_ROWS4_H
#include "engine/base/fmath.h"
#include "kernels/vec4.h"
#if defined(HR_HAS_VEC4)

HR_V4_INLINE float rows4_tree(hr_v4f a, hr_v4f b, hr_v4f c, hr_v4f d) {
    hr_v4f v = (a + c) + (b + d);
    return (v[0] + v[2]) + (v[1] + v[3]);
}

/* --- fmath.h, lane by lane -------------------------------------------------------------------------------------------------- */
HR_V4_INLINE hr_v4f rows4_keep_nan(hr_v4f x, hr_v4f y) { return hr_v4_pick(x != x, (hr_v4f)hr_v4_splat_u(HR_NAN_BITS), y); }
HR_V4_INLINE hr_v4f rows4_magnitude(hr_v4f x) { return (hr_v4f)((hr_v4u)x & 0x7fffffffu); }
HR_V4_INLINE hr_v4f rows4_with_sign(hr_v4f y, hr_v4f x) { return (hr_v4f)((hr_v4u)y | ((hr_v4u)x & 0x80000000u)); }
/* one step of Horner's rule: p * x + c */
HR_V4_INLINE hr_v4f rows4_horner(hr_v4f p, hr_v4f x, float c) { return hr_v4_fma(p, x, hr_v4_splat(c)); }

HR_V4_INLINE hr_v4f rows4_exp(hr_v4f x) {
    const hr_v4f high = hr_v4_splat(89.0f), low = hr_v4_splat(-104.0f), magic = hr_v4_splat(12582912.0f);
    hr_v4f c = hr_v4_pick(x > high, high, x);
    c = hr_v4_pick(c < low, low, c);
    hr_v4f kf = hr_v4_fma(c, hr_v4_splat(1.44269504f), magic), nf = kf - magic;
    hr_v4i n = (hr_v4i)((hr_v4u)kf - 0x4b400000u), half = n >> 1;
    hr_v4f r = hr_v4_fma(nf, hr_v4_splat(-0.693145752f), c);
    r = hr_v4_fma(nf, hr_v4_splat(-1.42860677e-6f), r);
    hr_v4f p = hr_v4_splat(1.9875691500e-4f);
    p = rows4_horner(p, r, 1.3981999507e-3f);
    p = rows4_horner(p, r, 8.3334519073e-3f);
    p = rows4_horner(p, r, 4.1665795894e-2f);
    p = rows4_horner(p, r, 1.6666665459e-1f);
    p = rows4_horner(p, r, 5.0000001201e-1f);
    p = hr_v4_fma(p, r * r, r) + hr_v4_splat(1.0f);
    hr_v4f a = (hr_v4f)(((hr_v4u)half + 127u) << 23), b = (hr_v4f)(((hr_v4u)n - (hr_v4u)half + 127u) << 23);
    return rows4_keep_nan(x, p * a * b);
}

HR_V4_INLINE hr_v4f rows4_sigmoid(hr_v4f x) { return hr_v4_splat(1.0f) / (hr_v4_splat(1.0f) + rows4_exp(-x)); }

HR_V4_INLINE hr_v4f rows4_tanh(hr_v4f x) {
    hr_v4f a = rows4_magnitude(x), z = x * x, one = hr_v4_splat(1.0f), two = hr_v4_splat(2.0f);
    hr_v4f p = hr_v4_splat(-5.70498872745e-3f);
    p = rows4_horner(p, z, 2.06390887954e-2f);
    p = rows4_horner(p, z, -5.37397155531e-2f);
    p = rows4_horner(p, z, 1.33314422036e-1f);
    p = rows4_horner(p, z, -3.33332819422e-1f);
    p = hr_v4_fma(p * z, x, x);
    hr_v4f q = rows4_with_sign(one - two / (rows4_exp(two * a) + one), x);
    return rows4_keep_nan(x, hr_v4_pick(a < hr_v4_splat(0.625f), p, q));
}

HR_V4_INLINE hr_v4f rows4_erf(hr_v4f x) {
    hr_v4f a = rows4_magnitude(x), s = x * x, four = hr_v4_splat(4.0f);
    hr_v4f t = hr_v4_pick(a > four, four, a), s2 = t * t;
    hr_v4f r = rows4_horner(hr_v4_splat(-1.72853470e-5f), t, 3.83197126e-4f);
    hr_v4f u = rows4_horner(hr_v4_splat(-3.88396438e-3f), t, 2.42546219e-2f);
    r = hr_v4_fma(r, s2, u);
    r = rows4_horner(r, t, -1.06777877e-1f);
    r = rows4_horner(r, t, -6.34846687e-1f);
    r = rows4_horner(r, t, -1.28717512e-1f);
    r = hr_v4_fma(r, t, -t);
    hr_v4f q = rows4_with_sign(hr_v4_splat(1.0f) - rows4_exp(r), x);
    hr_v4f p = hr_v4_splat(-5.96761703e-4f);
    p = rows4_horner(p, s, 4.99119423e-3f);
    p = rows4_horner(p, s, -2.67681349e-2f);
    p = rows4_horner(p, s, 1.12819925e-1f);
    p = rows4_horner(p, s, -3.76125336e-1f);
    p = rows4_horner(p, s, 1.28379166e-1f);
    p = hr_v4_fma(p, x, x);
    return rows4_keep_nan(x, hr_v4_pick(a > hr_v4_splat(0.927734375f), q, p));
}

/* --- quant_a8 --------------------------------------------------------------------------------------------------------------- */
/* of y = x * id: y - rint(y) */
HR_V4_INLINE hr_v4f rows4_loss(hr_v4f x, hr_v4f id) {
    hr_v4f y = x * id, magic = hr_v4_splat(12582912.0f);
    return y - ((y + magic) - magic);
}

/* lanes of fma(a, b, .) over 32 elements: the first 16 make plain products */
HR_V4_INLINE float rows4_dot32(const hr_v4f *a, const hr_v4f *b) {
    return rows4_tree(hr_v4_fma(a[4], b[4], a[0] * b[0]), hr_v4_fma(a[5], b[5], a[1] * b[1]),
                      hr_v4_fma(a[6], b[6], a[2] * b[2]), hr_v4_fma(a[7], b[7], a[3] * b[3]));
}

HR_V4_INLINE float rows4_pick_levels(const hr_v4f *x, float amax) {
    float best = 127.0f, least = 0.0f;
    for (int i = 0; i < HR_A8_TRIES; i++) {
        float levels = 127.0f - 0.6f * (float)i;
        hr_v4f id = hr_v4_splat(levels / amax), r[8];
        for (size_t v = 0; v < 8; v++) r[v] = rows4_loss(x[v], id);
        float e = rows4_dot32(r, r) * (1.0f / (levels * levels));
        if (i == 0 || e < least) least = e, best = levels;
    }
    return best;
}

HR_V4_INLINE void rows4_quant_block(const float *from, size_t n, int8_t *q, float *d, float *ds, int16_t *s16) {
    hr_v4f x[8], y[8], magic = hr_v4_splat(12582912.0f);
    hr_v4u top = {0}, a;
    hr_v4i sum[2] = {{0}, {0}}, qq = {0};
    for (size_t v = 0; v < 8; v++) {
        x[v] = 4 * v < n ? hr_v4_load_n(from + 4 * v, n - 4 * v) : hr_v4_splat(0.0f);
        a = (hr_v4u)rows4_magnitude(x[v]);
        top = (hr_v4u)hr_v4_pick((hr_v4i)(a > top), (hr_v4f)a, (hr_v4f)top);
    }
    uint32_t t = top[0] > top[1] ? top[0] : top[1], u = top[2] > top[3] ? top[2] : top[3];
    if (u > t) t = u;
    if (t >= 0x7f800000u || t < 0x0d800000u) { /* not finite, or below 2^-100 */
        *d = t >= 0x7f800000u ? hr_f32_from_bits(HR_NAN_BITS) : 0.0f;
        memset(q, 0, 32);
        s16[0] = s16[1] = 0;
        *ds = *d * 0.0f;
        return;
    }
    float amax = hr_f32_from_bits(t);
    hr_v4f id = hr_v4_splat(rows4_pick_levels(x, amax) / amax);
    for (size_t v = 0; v < 8; v++) {
        y[v] = (x[v] * id + magic) - magic;
        hr_v4i i = __builtin_convertvector(y[v], hr_v4i);
        y[v] = hr_v4_of_ints(i); /* no -0 */
        sum[v / 4] += i;
        qq += i * i;
        for (size_t e = 0; e < 4; e++) q[4 * v + e] = (int8_t)i[e];
    }
    int32_t s0 = sum[0][0] + sum[0][1] + sum[0][2] + sum[0][3], s1 = sum[1][0] + sum[1][1] + sum[1][2] + sum[1][3];
    *d = rows4_dot32(x, y) / (float)(qq[0] + qq[1] + qq[2] + qq[3]);
    s16[0] = (int16_t)s0;
    s16[1] = (int16_t)s1;
    *ds = *d * (float)(s0 + s1);
}

HR_V4_INLINE void rows4_quant(const float *x, size_t k, int8_t *q, float *d, float *ds, int16_t *s16) {
    for (size_t j = 0; j * 32 < k; j++) {
        rows4_quant_block(x + 32 * j, hr_min_size(k - 32 * j, 32), q + 32 * j, d + j, ds + j, s16 + 2 * j);
    }
}

/* --- norms ------------------------------------------------------------------------------------------------------------------- */
/* min(n, 4) of x - mean, +0 elsewhere */
HR_V4_INLINE hr_v4f rows4_centred(const float *x, size_t n, float mean) {
    hr_v4f c = hr_v4_load_n(x, n) - hr_v4_splat(mean);
    for (size_t e = n; e < 4; e++) c[e] = 0.0f;
    return c;
}

HR_V4_INLINE float rows4_sum(const float *x, size_t n) {
    hr_v4f s[4] = {{0}, {0}, {0}, {0}};
    for (size_t i = 0; i < n; i += 4) s[i / 4 % 4] += hr_v4_load_n(x + i, n - i);
    return rows4_tree(s[0], s[1], s[2], s[3]);
}

HR_V4_INLINE float rows4_squares(const float *x, size_t n, float mean, const bool centre) {
    hr_v4f s[4] = {{0}, {0}, {0}, {0}};
    for (size_t i = 0; i < n; i += 4) {
        hr_v4f c = centre ? rows4_centred(x + i, n - i, mean) : hr_v4_load_n(x + i, n - i);
        s[i / 4 % 4] = hr_v4_fma(c, c, s[i / 4 % 4]);
    }
    return rows4_tree(s[0], s[1], s[2], s[3]);
}

HR_V4_INLINE void rows4_norm(const float *x, const float *w, const float *b, float eps, size_t n, const bool centre, float *y) {
    float mean = centre ? rows4_sum(x, n) / (float)n : 0.0f;
    float r = 1.0f / hr_sqrtf(rows4_squares(x, n, mean, centre) / (float)n + eps);
    for (size_t i = 0; i < n; i += 4) {
        hr_v4f v = hr_v4_load_n(x + i, n - i);
        if (centre) v -= hr_v4_splat(mean);
        v *= hr_v4_splat(r);
        if (w != NULL && b != NULL) v = hr_v4_fma(v, hr_v4_load_n(w + i, n - i), hr_v4_load_n(b + i, n - i));
        else if (w != NULL) v *= hr_v4_load_n(w + i, n - i);
        hr_v4_store_n(y + i, n - i, v);
    }
}

/* --- rope --------------------------------------------------------------------------------------------------------------------- */
HR_V4_INLINE void rows4_rotate(hr_v4f *a, hr_v4f *b, hr_v4f c, hr_v4f s) {
    hr_v4f x = *a;
    *a = hr_v4_fma(x, c, -(*b * s));
    *b = hr_v4_fma(x, s, *b * c);
}

HR_V4_INLINE void rows4_rope_norm(float *x, size_t heads, size_t stride, size_t n_rot, const float *cosv, const float *sinv) {
    for (size_t h = 0; h < heads; h++, x += stride) {
        for (size_t i = 0; i < n_rot / 2; i += 4) {
            size_t n = hr_min_size(n_rot / 2 - i, 4);
            hr_v4f a = {0}, b = {0};
            for (size_t e = 0; e < n; e++) a[e] = x[2 * (i + e)], b[e] = x[2 * (i + e) + 1];
            rows4_rotate(&a, &b, hr_v4_load_n(cosv + i, n), hr_v4_load_n(sinv + i, n));
            for (size_t e = 0; e < n; e++) x[2 * (i + e)] = a[e], x[2 * (i + e) + 1] = b[e];
        }
    }
}

HR_V4_INLINE void rows4_rope_neox(float *x, size_t heads, size_t stride, size_t n_rot, const float *cosv, const float *sinv) {
    for (size_t h = 0; h < heads; h++, x += stride) {
        for (size_t i = 0; i < n_rot / 2; i += 4) {
            size_t n = hr_min_size(n_rot / 2 - i, 4);
            float *x1 = x + n_rot / 2;
            hr_v4f a = hr_v4_load_n(x + i, n), b = hr_v4_load_n(x1 + i, n);
            rows4_rotate(&a, &b, hr_v4_load_n(cosv + i, n), hr_v4_load_n(sinv + i, n));
            hr_v4_store_n(x + i, n, a);
            hr_v4_store_n(x1 + i, n, b);
        }
    }
}

/* --- gated activations ---------------------------------------------------------------------------------------------------------- */
HR_V4_INLINE hr_v4f rows4_gate_lanes(const hr_op op, hr_v4f g) {
    hr_v4f one = hr_v4_splat(1.0f), half = hr_v4_splat(0.5f), seven = hr_v4_splat(7.0f);
    if (op == HR_OP_silu) return g * rows4_sigmoid(g);
    if (op == HR_OP_gelu_tanh) {
        hr_v4f inner = hr_v4_fma(hr_v4_splat(0.044715f), g * g, one) * (g * hr_v4_splat(0.797884561f));
        return (half * g) * (one + rows4_tanh(inner));
    }
    if (op == HR_OP_gelu_erf) return (half * g) * (one + rows4_erf(g * hr_v4_splat(0.707106781f)));
    if (op == HR_OP_relu2) {
        hr_v4f zero = {0}, p = hr_v4_pick(g > zero, g, zero);
        return p * p;
    }
    g = hr_v4_pick(g < seven, g, seven); /* swiglu_oai */
    return g * rows4_sigmoid(hr_v4_splat(1.702f) * g);
}

HR_V4_INLINE void rows4_gate(const hr_op op, const float *gate, const float *up, size_t n, float *y) {
    const hr_v4f seven = hr_v4_splat(7.0f);
    for (size_t i = 0; i < n; i += 4) {
        hr_v4f v = rows4_gate_lanes(op, hr_v4_load_n(gate + i, n - i));
        if (up != NULL) {
            hr_v4f u = hr_v4_load_n(up + i, n - i);
            if (op == HR_OP_swiglu_oai) {
                u = hr_v4_pick(u < seven, u, seven);
                u = hr_v4_pick(u > -seven, u, -seven) + hr_v4_splat(1.0f);
            }
            v *= u;
        }
        hr_v4_store_n(y + i, n - i, v);
    }
}

/* --- attention -------------------------------------------------------------------------------------------------------------------- */
/* columns d .. d+3 of V's row t as floats; n of them are left in the row */
HR_V4_INLINE hr_v4f rows4_values(const hr_attn_args *a, const bool i8, size_t t, size_t d, size_t n) {
    if (!i8) return hr_v4_load_n((const float *)a->v + t * a->dv + d, n);
    const int8_t *v = (const int8_t *)a->v + t * a->dv + d;
    hr_v4i w = {v[0], n > 1 ? v[1] : 0, n > 2 ? v[2] : 0, n > 3 ? v[3] : 0};
    return hr_v4_of_ints(w);
}

/* s [64]: raw scores of positions [lo, hi), anything elsewhere. The top is found in order: the reference's way with NaN
 * and with zeros of either sign. */
HR_V4_INLINE void rows4_weigh(const hr_attn_args *a, const bool i8, size_t i, float *s) {
    size_t lo = a->lo[i], hi = a->hi[i];
    hr_v4f sum[4] = {{0}, {0}, {0}, {0}}, cap = hr_v4_splat(a->softcap);
    for (size_t t = lo / 4 * 4; t < hi; t += 4) {
        hr_v4f v = hr_v4_load(s + t) * hr_v4_splat(a->scale);
        if (a->softcap > 0.0f) v = cap * rows4_tanh(v / cap);
        hr_v4_store(s + t, v);
    }
    float top = s[lo];
    for (size_t t = lo + 1; t < hi; t++) {
        if (s[t] > top) top = s[t];
    }
    for (size_t t = 0; t < HR_KV_PAGE; t += 4) {
        hr_v4f p = {0};
        if (t < hi && t + 4 > lo) {
            p = rows4_exp(hr_v4_load(s + t) - hr_v4_splat(top));
            for (size_t e = 0; e < 4; e++) p[e] = t + e >= lo && t + e < hi ? p[e] : 0.0f;
        }
        sum[t / 4 % 4] += p;
        if (i8) p *= hr_v4_load(a->vd + t);
        hr_v4_store(s + t, p);
    }
    a->m[i] = top;
    a->l[i] = rows4_tree(sum[0], sum[1], sum[2], sum[3]);
    float *o = a->o + i * a->dv;
    size_t d = 0;
    for (; d + 16 <= a->dv; d += 16) {
        hr_v4f o0 = {0}, o1 = o0, o2 = o0, o3 = o0;
        for (size_t t = lo; t < hi; t++) {
            hr_v4f w = hr_v4_splat(s[t]);
            o0 = hr_v4_fma(w, rows4_values(a, i8, t, d, 4), o0);
            o1 = hr_v4_fma(w, rows4_values(a, i8, t, d + 4, 4), o1);
            o2 = hr_v4_fma(w, rows4_values(a, i8, t, d + 8, 4), o2);
            o3 = hr_v4_fma(w, rows4_values(a, i8, t, d + 12, 4), o3);
        }
        hr_v4_store(o + d, o0), hr_v4_store(o + d + 4, o1), hr_v4_store(o + d + 8, o2), hr_v4_store(o + d + 12, o3);
    }
    for (; d < a->dv; d += 4) {
        hr_v4f v = {0};
        for (size_t t = lo; t < hi; t++) v = hr_v4_fma(hr_v4_splat(s[t]), rows4_values(a, i8, t, d, a->dv - d), v);
        hr_v4_store_n(o + d, a->dv - d, v);
    }
}

HR_V4_INLINE void rows4_page_f32(const hr_attn_args *a) {
    float s[HR_KV_PAGE] = {0};
    for (size_t i = 0; i < a->n; i++) {
        const float *q = a->q + i * a->q_stride;
        for (size_t t = a->lo[i] / 16 * 16; t < a->hi[i]; t += 16) {
            const float *k = (const float *)a->k + t;
            hr_v4f s0 = {0}, s1 = s0, s2 = s0, s3 = s0;
            for (size_t d = 0; d < a->dk; d++, k += HR_KV_PAGE) {
                hr_v4f v = hr_v4_splat(q[d]);
                s0 = hr_v4_fma(v, hr_v4_load(k), s0);
                s1 = hr_v4_fma(v, hr_v4_load(k + 4), s1);
                s2 = hr_v4_fma(v, hr_v4_load(k + 8), s2);
                s3 = hr_v4_fma(v, hr_v4_load(k + 12), s3);
            }
            hr_v4_store(s + t, s0), hr_v4_store(s + t + 4, s1), hr_v4_store(s + t + 8, s2), hr_v4_store(s + t + 12, s3);
        }
        rows4_weigh(a, false, i, s);
    }
}

HR_V4_INLINE void rows4_page_i8(const hr_attn_args *a) {
    size_t kq = hr_act_kq(a->dk);
    float s[HR_KV_PAGE] = {0};
    for (size_t i = 0; i < a->n; i++) {
        for (size_t t = a->lo[i] / 4 * 4; t < a->hi[i]; t += 4) {
            const int8_t *k = (const int8_t *)a->k + 4 * t, *q = a->q8 + i * kq;
            hr_v4f sum = {0}, kd = hr_v4_load(a->kd + t);
            for (size_t j = 0; j < kq / 32; j++) {
                hr_v4i isum = {0};
                for (size_t g = 0; g < 8; g++, k += 4 * HR_KV_PAGE, q += 4) {
                    isum = hr_v4_dot(isum, hr_v16_load(k), hr_v16_splat_quad(q));
                }
                sum = hr_v4_fma(hr_v4_of_ints(isum), hr_v4_splat(a->qd[i * (kq / 32) + j]) * kd, sum);
            }
            hr_v4_store(s + t, sum);
        }
        rows4_weigh(a, true, i, s);
    }
}

HR_V4_INLINE void rows4_kv_f16(const uint16_t *h, size_t n, float *x) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) hr_v4_store(x + i, hr_v4_load_halves((const uint8_t *)(h + i)));
    for (; i < n; i++) x[i] = hr_f32_of_f16(h[i]);
}

HR_V4_INLINE void rows4_kv_q4(const uint8_t *b, size_t rows, size_t half, size_t stride, int8_t *q) {
    static const int8_t levels[16] = {HR_KV_LEVELS};
    hr_v16u8 table = (hr_v16u8)hr_v16_load(levels);
    for (size_t r = 0; r < rows; r++, b += half, q += stride) {
        size_t i = 0;
        for (; i + 16 <= half; i += 16) {
            hr_v16u8 v = (hr_v16u8)hr_v16_load(b + i), low = hr_v16_look_up(table, v & 15), high = hr_v16_look_up(table, v >> 4);
            memcpy(q + i, &low, 16);
            memcpy(q + half + i, &high, 16);
        }
        for (; i < half; i++) q[i] = levels[b[i] & 15], q[half + i] = levels[b[i] >> 4];
    }
}

HR_V4_INLINE void rows4_merge(float *m, float *l, float *o, float pm, float pl, const float *po, size_t dv) {
    float top = pm > *m ? pm : *m;
    hr_v4f e = rows4_exp((hr_v4f){*m - top, pm - top, 0.0f, 0.0f}), a = hr_v4_splat(e[0]), b = hr_v4_splat(e[1]);
    *l = hr_fma(*l, e[0], pl * e[1]);
    for (size_t d = 0; d < dv; d += 4) {
        hr_v4f v = hr_v4_fma(hr_v4_load_n(o + d, dv - d), a, hr_v4_load_n(po + d, dv - d) * b);
        hr_v4_store_n(o + d, dv - d, v);
    }
    *m = top;
}

/* --- float weights: 16 rows, nt (1 .. 4) tokens, one chain of fused multiply-adds along k a lane ------------------------------- */
HR_V4_INLINE hr_v4f rows4_weights(const uint32_t type, const uint8_t *p, size_t v) {
    if (type == HR_TYPE_F32) return (hr_v4f)hr_v16_load(p + 16 * v);
    if (type == HR_TYPE_F16) return hr_v4_load_halves(p + 8 * v);
    uint16_t b[4];
    memcpy(b, p + 8 * v, sizeof b);
    return (hr_v4f)((hr_v4u){b[0], b[1], b[2], b[3]} << 16);
}

HR_V4_INLINE void rows4_float_tile(const uint32_t type, const int nt, const hr_matmul_args *a, size_t g, size_t t) {
    const size_t step = type == HR_TYPE_F32 ? 64 : 32, stride = a->x->f_stride, left = hr_min_size(a->rows - 16 * g, 16);
    const uint8_t *p = (const uint8_t *)a->w + g * a->k * step;
    const float *x = a->x->f + t * stride;
#define ROWS4_TOKENS(X) X(0) X(1) X(2) X(3)
#define ROWS4_START(u) hr_v4f a##u = {0}, b##u = a##u, c##u = a##u, d##u = a##u;
    ROWS4_TOKENS(ROWS4_START)
    for (size_t i = 0; i < a->k; i++, p += step, x++) {
        hr_v4f w0 = rows4_weights(type, p, 0), w1 = rows4_weights(type, p, 1);
        hr_v4f w2 = rows4_weights(type, p, 2), w3 = rows4_weights(type, p, 3), v;
#define ROWS4_STEP(u) if (nt > u) { \
        v = hr_v4_splat(x[u * stride]); \
        a##u = hr_v4_fma(w0, v, a##u), b##u = hr_v4_fma(w1, v, b##u); \
        c##u = hr_v4_fma(w2, v, c##u), d##u = hr_v4_fma(w3, v, d##u); \
    }
        ROWS4_TOKENS(ROWS4_STEP)
    }
#define ROWS4_END(u) if (nt > u) { \
        float y[16]; \
        hr_v4_store(y, a##u), hr_v4_store(y + 4, b##u), hr_v4_store(y + 8, c##u), hr_v4_store(y + 12, d##u); \
        memcpy(a->y + (t + u) * a->y_stride + 16 * g, y, left * sizeof(float)); \
    }
    ROWS4_TOKENS(ROWS4_END)
#undef ROWS4_END
#undef ROWS4_STEP
#undef ROWS4_START
#undef ROWS4_TOKENS
}

HR_V4_INLINE void rows4_float_matmul(const uint32_t type, const hr_matmul_args *a, size_t g0, size_t g1) {
    for (size_t g = g0; g < g1; g++) {
        size_t t = 0, m = a->x->m;
        for (; t + 4 <= m; t += 4) rows4_float_tile(type, 4, a, g, t);
        for (; t < m; t++) rows4_float_tile(type, 1, a, g, t);
    }
}
#endif
#endif
