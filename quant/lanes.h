/* lanes.h: eight sub-blocks side by side. The quantizers search scales in many (sub-)blocks at once: element e of sub-block
 * l is lane l of x[e], so that every sum over a sub-block is a sum down a column, in one order on every machine. GCC's and
 * clang's vector types make of it what the target has. No product is contracted, no libm is called: one result everywhere.
 * The functions take pointers only: vectors as arguments would depend on the target's calling convention. */
#ifndef HR_LANES_H
#define HR_LANES_H
#include "engine/base/base.h"
#include "kernels/kernel.h"
#include "engine/base/cpu.h"
#include "engine/base/fmath.h"
#include "quant/formats.h"

typedef float hr_lane_f __attribute__((vector_size(32)));
typedef int32_t hr_lane_i __attribute__((vector_size(32)));

#define HR_LANES 8
#define HR_LANE_MAGIC 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer */
#define HR_LANE_SELECT(m, a, b) ((hr_lane_f)(((m) & (hr_lane_i)(a)) | (~(m) & (hr_lane_i)(b))))
#define HR_LANE_MAX(a, b) HR_LANE_SELECT((a) > (b), a, b)
#define HR_LANE_MIN(a, b) HR_LANE_SELECT((a) < (b), a, b)
#define HR_LANE_ABS(a) ((hr_lane_f)((hr_lane_i)(a) & 0x7fffffff))
#define HR_LANE_ROUND(a) (((a) + HR_LANE_MAGIC) - HR_LANE_MAGIC)
#define HR_LANE_ZERO ((hr_lane_f){0, 0, 0, 0, 0, 0, 0, 0})

/* What a value can become: integers lo to hi, or the entries of a table of 8-bit values in ascending order. */
typedef struct hr_levels {
    float lo, hi;
    const float *table, *middle; /* [n], [n - 1]; table NULL: integers */
    int n;
} hr_levels;

/* x [8][n] in rows of `stride` -> t [n] lanes */
HR_INLINE void hr_lanes_load(const float *x, size_t stride, int n, hr_lane_f *t) {
    for (int e = 0; e < n; e++) {
        for (int l = 0; l < HR_LANES; l++) t[e][l] = x[(size_t)l * stride + (size_t)e];
    }
}

/* the level nearest to *t, as its value */
HR_INLINE void hr_lanes_level(const hr_levels *v, const hr_lane_f *t, hr_lane_f *out) {
    if (v->table == NULL) {
        hr_lane_f r = HR_LANE_ROUND(*t), lo = HR_LANE_ZERO + v->lo, hi = HR_LANE_ZERO + v->hi;
        r = HR_LANE_MIN(r, hi);
        *out = HR_LANE_MAX(r, lo);
        return;
    }
    hr_lane_f r = HR_LANE_ZERO + v->table[0];
    for (int i = 1; i < v->n; i++) {
        hr_lane_i above = *t > v->middle[i - 1];
        r += (hr_lane_f)(above & (hr_lane_i)(HR_LANE_ZERO + (v->table[i] - v->table[i - 1])));
    }
    *out = r;
}

/* sum w (scale * level - (x + shift))^2 with the best levels for this scale and shift; scale may be 0 */
HR_INLINE void hr_lanes_error(const hr_lane_f *x, const hr_lane_f *w, int n, const hr_levels *v, const hr_lane_f *scale,
                              const hr_lane_f *shift, hr_lane_f *err) {
    hr_lane_i some = *scale != HR_LANE_ZERO;
    hr_lane_f inv = (hr_lane_f)(some & (hr_lane_i)(1.0f / *scale)), sum = HR_LANE_ZERO, d = *scale, m = *shift;
    for (int e = 0; e < n; e++) {
        hr_lane_f t = x[e] + m, u = t * inv, q;
        hr_lanes_level(v, &u, &q);
        q = d * q - t;
        sum += w[e] * q * q;
    }
    *err = sum;
}

HR_INLINE float hr_lanes_total(const hr_lane_f *a) {
    float s[HR_LANES];
    memcpy(s, a, sizeof s);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* replaces *best by *candidate in the lanes where its error is lower */
HR_INLINE void hr_lanes_keep(hr_lane_f *best_err, const hr_lane_f *err, hr_lane_f *best, const hr_lane_f *candidate) {
    hr_lane_i better = *err < *best_err;
    *best = HR_LANE_SELECT(better, *candidate, *best);
    *best_err = HR_LANE_SELECT(better, *err, *best_err);
}

/* f16 and back in every lane */
HR_INLINE void hr_lanes_to_half(hr_lane_f *a) {
    for (int l = 0; l < HR_LANES; l++) (*a)[l] = hr_f32_of_f16(hr_f16_of_f32((*a)[l]));
}

/* Scale for levels around zero: for each factor, inverse scale factor / (the value of largest magnitude); levels; the best
 * scale for them in closed form. The largest gain (sum w x q)^2 / sum w q^2 wins. */
HR_INLINE void hr_lanes_search(const hr_lane_f *x, const hr_lane_f *w, int n, const hr_levels *v, const float *factor,
                               int n_factors, hr_lane_f *scale) {
    hr_lane_f top = HR_LANE_ZERO, best_gain = HR_LANE_ZERO, best = HR_LANE_ZERO;
    for (int e = 0; e < n; e++) {
        hr_lane_i larger = HR_LANE_ABS(x[e]) > HR_LANE_ABS(top);
        top = HR_LANE_SELECT(larger, x[e], top);
    }
    hr_lane_i some = HR_LANE_ABS(top) > 1e-30f;
    hr_lane_f inv = (hr_lane_f)(some & (hr_lane_i)(1.0f / top));
    for (int c = 0; c < n_factors; c++) {
        hr_lane_f s = inv * factor[c], xq = HR_LANE_ZERO, qq = HR_LANE_ZERO;
        for (int e = 0; e < n; e++) {
            hr_lane_f u = x[e] * s, q;
            hr_lanes_level(v, &u, &q);
            hr_lane_f wq = w[e] * q;
            xq += wq * x[e];
            qq += wq * q;
        }
        hr_lane_i good = qq > 0.0f;
        hr_lane_f fit = (hr_lane_f)(good & (hr_lane_i)(xq / qq)), gain = fit * xq;
        hr_lane_i better = gain > best_gain;
        best = HR_LANE_SELECT(better, fit, best);
        best_gain = HR_LANE_SELECT(better, gain, best_gain);
    }
    *scale = best;
}

/* Scale and minimum for levels 0 to hi: x = scale * q + low. For each offset, inverse scale (hi + offset) / range; then
 * weighted least squares for both. negative: low may not be above 0 (K-quants store -low as an unsigned number). */
HR_INLINE void hr_lanes_search_affine(const hr_lane_f *x, const hr_lane_f *w, int n, float hi, const float *offset,
                                      int n_offsets, bool negative, hr_lane_f *scale, hr_lane_f *low) {
    hr_lane_f least = x[0], most = x[0], sw = HR_LANE_ZERO, sx = HR_LANE_ZERO, top = HR_LANE_ZERO + hi;
    for (int e = 0; e < n; e++) {
        least = HR_LANE_MIN(x[e], least);
        most = HR_LANE_MAX(x[e], most);
        sw += w[e];
        sx += w[e] * x[e];
    }
    if (negative) least = HR_LANE_MIN(least, HR_LANE_ZERO);
    hr_lane_f range = most - least, best_gain = HR_LANE_ZERO - 3e38f, best_s = HR_LANE_ZERO, best_m = least;
    hr_lane_i some = range > 1e-30f;
    hr_lane_f inv = (hr_lane_f)(some & (hr_lane_i)(1.0f / range));
    for (int c = 0; c < n_offsets; c++) {
        hr_lane_f s = inv * (hi + offset[c]), sq = HR_LANE_ZERO, sqq = HR_LANE_ZERO, sxq = HR_LANE_ZERO;
        for (int e = 0; e < n; e++) {
            hr_lane_f q = HR_LANE_ROUND((x[e] - least) * s);
            q = HR_LANE_MIN(q, top);
            hr_lane_f wq = w[e] * q;
            sq += wq;
            sqq += wq * q;
            sxq += wq * x[e];
        }
        hr_lane_f det = sw * sqq - sq * sq, r = 1.0f / det;
        hr_lane_f fs = (sw * sxq - sx * sq) * r, fm = (sqq * sx - sq * sxq) * r;
        hr_lane_i ok = det > 0.0f, flat = sqq > 0.0f;
        if (negative) {
            hr_lane_i above = fm > 0.0f;
            fs = HR_LANE_SELECT(above, sxq / sqq, fs);
            fm = HR_LANE_SELECT(above, HR_LANE_ZERO, fm);
        }
        hr_lane_f gain = fs * sxq + fm * sx;
        hr_lane_i better = (gain > best_gain) & ok & flat;
        best_s = HR_LANE_SELECT(better, fs, best_s);
        best_m = HR_LANE_SELECT(better, fm, best_m);
        best_gain = HR_LANE_SELECT(better, gain, best_gain);
    }
    *scale = best_s;
    *low = best_m;
}
#endif
