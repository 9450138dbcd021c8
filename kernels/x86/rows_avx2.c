/* rows_avx2.c: everything over one row in AVX2: activation quantization, norms, rope, gated activations, attention.
 *
 * Equal bit for bit to kernels/ref: the same operations lane by lane. Where the reference sums, its 16 virtual lanes are
 * two vectors here. Tails are masked: a masked load gives +0, which changes no sum of the reference (no lane is ever -0)
 * and is never stored. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include "engine/base/fmath.h"
#include "kernels/kernel.h"
#include <immintrin.h>

#define ROW_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX2

ROW_INLINE __m256 splat(float x) { return _mm256_set1_ps(x); }
ROW_INLINE __m256i first_lanes(size_t n) { /* all ones in lanes below n */
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < 8 ? (int)n : 8), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
ROW_INLINE __m256 load_lanes(const float *p, size_t n) { /* reads min(n, 8) floats; +0 elsewhere */
    return n >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_lanes(n));
}
ROW_INLINE void store_lanes(float *p, size_t n, __m256 v) {
    if (n >= 8) _mm256_storeu_ps(p, v);
    else _mm256_maskstore_ps(p, first_lanes(n), v);
}
ROW_INLINE __m256 negate_lanes(__m256 v) { return _mm256_xor_ps(v, splat(-0.0f)); }
/* the reference's tree over lanes 0-7 (lower) and 8-15 (upper) */
ROW_INLINE float add_tree(__m256 lower, __m256 upper) {
    __m256 v = _mm256_add_ps(lower, upper);
    __m128 a = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    a = _mm_add_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_add_ss(a, _mm_movehdup_ps(a)));
}

/* --- fmath.h, lane by lane ----------------------------------------------------------------------------------------------- */
ROW_INLINE __m256 keep_nan(__m256 x, __m256 y) {
    return _mm256_blendv_ps(y, _mm256_castsi256_ps(_mm256_set1_epi32(HR_NAN_BITS)), _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

ROW_INLINE __m256 exp_lanes(__m256 x) {
    __m256 c = _mm256_max_ps(splat(-104.0f), _mm256_min_ps(splat(89.0f), x));
    __m256 kf = _mm256_fmadd_ps(c, splat(1.44269504f), splat(12582912.0f));
    __m256i n = _mm256_sub_epi32(_mm256_castps_si256(kf), _mm256_set1_epi32(0x4b400000));
    __m256 nf = _mm256_sub_ps(kf, splat(12582912.0f));
    __m256 r = _mm256_fmadd_ps(nf, splat(-0.693145752f), c);
    r = _mm256_fmadd_ps(nf, splat(-1.42860677e-6f), r);
    __m256 p = splat(1.9875691500e-4f);
    p = _mm256_fmadd_ps(p, r, splat(1.3981999507e-3f));
    p = _mm256_fmadd_ps(p, r, splat(8.3334519073e-3f));
    p = _mm256_fmadd_ps(p, r, splat(4.1665795894e-2f));
    p = _mm256_fmadd_ps(p, r, splat(1.6666665459e-1f));
    p = _mm256_fmadd_ps(p, r, splat(5.0000001201e-1f));
    p = _mm256_add_ps(_mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r), splat(1.0f));
    __m256i half = _mm256_srai_epi32(n, 1), bias = _mm256_set1_epi32(127);
    __m256 a = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
    __m256 b = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(n, half), bias), 23));
    return keep_nan(x, _mm256_mul_ps(_mm256_mul_ps(p, a), b));
}

ROW_INLINE __m256 sigmoid_lanes(__m256 x) {
    return _mm256_div_ps(splat(1.0f), _mm256_add_ps(splat(1.0f), exp_lanes(negate_lanes(x))));
}

ROW_INLINE __m256 with_sign(__m256 y, __m256 x) { return _mm256_or_ps(y, _mm256_and_ps(x, splat(-0.0f))); }

ROW_INLINE __m256 tanh_lanes(__m256 x) {
    __m256 a = _mm256_andnot_ps(splat(-0.0f), x), z = _mm256_mul_ps(x, x);
    __m256 p = splat(-5.70498872745e-3f);
    p = _mm256_fmadd_ps(p, z, splat(2.06390887954e-2f));
    p = _mm256_fmadd_ps(p, z, splat(-5.37397155531e-2f));
    p = _mm256_fmadd_ps(p, z, splat(1.33314422036e-1f));
    p = _mm256_fmadd_ps(p, z, splat(-3.33332819422e-1f));
    p = _mm256_fmadd_ps(_mm256_mul_ps(p, z), x, x);
    __m256 e = _mm256_add_ps(exp_lanes(_mm256_mul_ps(splat(2.0f), a)), splat(1.0f));
    __m256 q = with_sign(_mm256_sub_ps(splat(1.0f), _mm256_div_ps(splat(2.0f), e)), x);
    return keep_nan(x, _mm256_blendv_ps(q, p, _mm256_cmp_ps(a, splat(0.625f), _CMP_LT_OQ)));
}

ROW_INLINE __m256 erf_lanes(__m256 x) {
    __m256 a = _mm256_andnot_ps(splat(-0.0f), x), s = _mm256_mul_ps(x, x);
    __m256 t = _mm256_min_ps(splat(4.0f), a), s2 = _mm256_mul_ps(t, t);
    __m256 r = _mm256_fmadd_ps(splat(-1.72853470e-5f), t, splat(3.83197126e-4f));
    __m256 u = _mm256_fmadd_ps(splat(-3.88396438e-3f), t, splat(2.42546219e-2f));
    r = _mm256_fmadd_ps(r, s2, u);
    r = _mm256_fmadd_ps(r, t, splat(-1.06777877e-1f));
    r = _mm256_fmadd_ps(r, t, splat(-6.34846687e-1f));
    r = _mm256_fmadd_ps(r, t, splat(-1.28717512e-1f));
    r = _mm256_fmadd_ps(r, t, negate_lanes(t));
    __m256 q = with_sign(_mm256_sub_ps(splat(1.0f), exp_lanes(r)), x);
    __m256 p = splat(-5.96761703e-4f);
    p = _mm256_fmadd_ps(p, s, splat(4.99119423e-3f));
    p = _mm256_fmadd_ps(p, s, splat(-2.67681349e-2f));
    p = _mm256_fmadd_ps(p, s, splat(1.12819925e-1f));
    p = _mm256_fmadd_ps(p, s, splat(-3.76125336e-1f));
    p = _mm256_fmadd_ps(p, s, splat(1.28379166e-1f));
    p = _mm256_fmadd_ps(p, x, x);
    return keep_nan(x, _mm256_blendv_ps(p, q, _mm256_cmp_ps(a, splat(0.927734375f), _CMP_GT_OQ)));
}

/* --- quant_a8 --------------------------------------------------------------------------------------------------------------- */
ROW_INLINE int32_t add_ints(__m256i v) {
    __m128i a = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(a, _mm_shuffle_epi32(a, 0xb1)));
}

ROW_INLINE __m256i magnitude_bits(__m256 x) { return _mm256_castps_si256(_mm256_andnot_ps(splat(-0.0f), x)); }

/* y - rint(y) of y = x * id */
ROW_INLINE __m256 rounding_loss(__m256 x, __m256 id) {
    __m256 y = _mm256_mul_ps(x, id), magic = splat(12582912.0f);
    return _mm256_sub_ps(y, _mm256_sub_ps(_mm256_add_ps(y, magic), magic));
}

ROW_INLINE void quant_block_avx2(const float *x, size_t n, int8_t *q, float *d, float *ds, int16_t *s16) {
    __m256 x0 = load_lanes(x, n), x1 = _mm256_setzero_ps(), x2 = x1, x3 = x1;
    if (n > 8) x1 = load_lanes(x + 8, n - 8);
    if (n > 16) x2 = load_lanes(x + 16, n - 16);
    if (n > 24) x3 = load_lanes(x + 24, n - 24);
    __m256i a = _mm256_max_epi32(_mm256_max_epi32(magnitude_bits(x0), magnitude_bits(x1)),
                                 _mm256_max_epi32(magnitude_bits(x2), magnitude_bits(x3)));
    __m128i h = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    h = _mm_max_epi32(h, _mm_shuffle_epi32(h, 0x4e));
    h = _mm_max_epi32(h, _mm_shuffle_epi32(h, 0xb1));
    uint32_t top = (uint32_t)_mm_cvtsi128_si32(h);
    if (top >= 0x7f800000u || top < 0x0d800000u) { /* not finite, or below 2^-100 */
        *d = top >= 0x7f800000u ? hr_f32_from_bits(HR_NAN_BITS) : 0.0f;
        memset(q, 0, 32);
        s16[0] = s16[1] = 0;
        *ds = *d * 0.0f;
        return;
    }
    float amax = hr_f32_from_bits(top), best = 127.0f, least = 0.0f;
    for (int i = 0; i < HR_A8_TRIES; i++) {
        float levels = 127.0f - 0.6f * (float)i;
        __m256 id = splat(levels / amax);
        __m256 r0 = rounding_loss(x0, id), r1 = rounding_loss(x1, id), r2 = rounding_loss(x2, id);
        __m256 r3 = rounding_loss(x3, id);
        float e = add_tree(_mm256_fmadd_ps(r2, r2, _mm256_mul_ps(r0, r0)), _mm256_fmadd_ps(r3, r3, _mm256_mul_ps(r1, r1)));
        e *= 1.0f / (levels * levels);
        if (i == 0 || e < least) least = e, best = levels;
    }
    __m256 id = splat(best / amax);
    __m256i i0 = _mm256_cvtps_epi32(_mm256_mul_ps(x0, id)), i1 = _mm256_cvtps_epi32(_mm256_mul_ps(x1, id));
    __m256i i2 = _mm256_cvtps_epi32(_mm256_mul_ps(x2, id)), i3 = _mm256_cvtps_epi32(_mm256_mul_ps(x3, id));
    int32_t s0 = add_ints(_mm256_add_epi32(i0, i1)), s1 = add_ints(_mm256_add_epi32(i2, i3));
    __m256i words01 = _mm256_packs_epi32(i0, i1), words23 = _mm256_packs_epi32(i2, i3);
    int32_t qq = add_ints(_mm256_add_epi32(_mm256_madd_epi16(words01, words01), _mm256_madd_epi16(words23, words23)));
    __m256 lower = _mm256_fmadd_ps(x2, _mm256_cvtepi32_ps(i2), _mm256_mul_ps(x0, _mm256_cvtepi32_ps(i0)));
    __m256 upper = _mm256_fmadd_ps(x3, _mm256_cvtepi32_ps(i3), _mm256_mul_ps(x1, _mm256_cvtepi32_ps(i1)));
    *d = add_tree(lower, upper) / (float)qq;
    __m256i bytes = _mm256_packs_epi16(words01, words23);
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(void *)q, bytes);
    s16[0] = (int16_t)s0;
    s16[1] = (int16_t)s1;
    *ds = *d * (float)(s0 + s1);
}

HR_T_AVX2 static void quant_a8_avx2(const float *x, size_t k, int8_t *q, float *d, float *ds, int16_t *s16) {
    for (size_t j = 0; j * 32 < k; j++) {
        quant_block_avx2(x + 32 * j, hr_min_size(k - 32 * j, 32), q + 32 * j, d + j, ds + j, s16 + 2 * j);
    }
}

/* --- norms ------------------------------------------------------------------------------------------------------------------- */
/* y = (x - mean) * r, weighted; mean only when centre */
ROW_INLINE void scale_row(const float *x, const float *w, const float *b, float mean, const bool centre, float r, size_t n,
                          float *y) {
    for (size_t i = 0; i < n; i += 8) {
        __m256 v = load_lanes(x + i, n - i);
        if (centre) v = _mm256_sub_ps(v, splat(mean));
        v = _mm256_mul_ps(v, splat(r));
        if (w != NULL && b != NULL) v = _mm256_fmadd_ps(v, load_lanes(w + i, n - i), load_lanes(b + i, n - i));
        else if (w != NULL) v = _mm256_mul_ps(v, load_lanes(w + i, n - i));
        store_lanes(y + i, n - i, v);
    }
}

HR_T_AVX2 static void rmsnorm_avx2(const float *x, const float *w, const float *b, float eps, size_t n, float *y) {
    __m256 lower = _mm256_setzero_ps(), upper = lower;
    for (size_t i = 0; i < n; i += 16) {
        __m256 v = load_lanes(x + i, n - i);
        lower = _mm256_fmadd_ps(v, v, lower);
        if (n - i <= 8) break;
        v = load_lanes(x + i + 8, n - i - 8);
        upper = _mm256_fmadd_ps(v, v, upper);
    }
    float r = 1.0f / hr_sqrtf(add_tree(lower, upper) / (float)n + eps);
    scale_row(x, w, b, 0.0f, false, r, n, y);
}

/* c = x - mean in the first n lanes, 0 in the others */
ROW_INLINE __m256 centre_lanes(const float *x, size_t n, float mean) {
    __m256 c = _mm256_sub_ps(load_lanes(x, n), splat(mean));
    return n >= 8 ? c : _mm256_and_ps(c, _mm256_castsi256_ps(first_lanes(n)));
}

HR_T_AVX2 static void layernorm_avx2(const float *x, const float *w, const float *b, float eps, size_t n, float *y) {
    __m256 lower = _mm256_setzero_ps(), upper = lower;
    for (size_t i = 0; i < n; i += 16) {
        lower = _mm256_add_ps(lower, load_lanes(x + i, n - i));
        if (n - i > 8) upper = _mm256_add_ps(upper, load_lanes(x + i + 8, n - i - 8));
    }
    float mean = add_tree(lower, upper) / (float)n;
    lower = upper = _mm256_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        __m256 c = centre_lanes(x + i, n - i, mean);
        lower = _mm256_fmadd_ps(c, c, lower);
        if (n - i <= 8) break;
        c = centre_lanes(x + i + 8, n - i - 8, mean);
        upper = _mm256_fmadd_ps(c, c, upper);
    }
    float r = 1.0f / hr_sqrtf(add_tree(lower, upper) / (float)n + eps);
    scale_row(x, w, b, mean, true, r, n, y);
}

/* --- rope --------------------------------------------------------------------------------------------------------------------- */
ROW_INLINE void rotate_one(float *x0, float *x1, float c, float s) { /* as kernels/ref/vector.c */
    float a = *x0, b = *x1;
    *x0 = hr_fma(a, c, -(b * s));
    *x1 = hr_fma(a, s, b * c);
}

HR_T_AVX2 static void rope_norm_avx2(float *x, size_t heads, size_t head_stride, size_t n_rot, const float *cosv,
                                     const float *sinv) {
    const __m256 even = _mm256_castsi256_ps(_mm256_set1_epi64x(0x80000000)); /* the sign of even lanes */
    for (size_t h = 0; h < heads; h++, x += head_stride) {
        size_t i = 0;
        for (; i + 4 <= n_rot / 2; i += 4) {
            __m128 c = _mm_loadu_ps(cosv + i), s = _mm_loadu_ps(sinv + i);
            __m256 cs = _mm256_set_m128(_mm_unpackhi_ps(c, s), _mm_unpacklo_ps(c, s)); /* c0 s0 c1 s1 ... */
            __m256 sc = _mm256_permute_ps(cs, 0xb1), v = _mm256_loadu_ps(x + 2 * i);
            __m256 add = _mm256_xor_ps(_mm256_mul_ps(_mm256_movehdup_ps(v), sc), even);
            _mm256_storeu_ps(x + 2 * i, _mm256_fmadd_ps(_mm256_moveldup_ps(v), cs, add));
        }
        for (; i < n_rot / 2; i++) rotate_one(&x[2 * i], &x[2 * i + 1], cosv[i], sinv[i]);
    }
}

HR_T_AVX2 static void rope_neox_avx2(float *x, size_t heads, size_t head_stride, size_t n_rot, const float *cosv,
                                     const float *sinv) {
    size_t half = n_rot / 2;
    for (size_t h = 0; h < heads; h++, x += head_stride) {
        size_t i = 0;
        for (; i + 8 <= half; i += 8) {
            __m256 c = _mm256_loadu_ps(cosv + i), s = _mm256_loadu_ps(sinv + i);
            __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + half + i);
            _mm256_storeu_ps(x + i, _mm256_fmadd_ps(a, c, negate_lanes(_mm256_mul_ps(b, s))));
            _mm256_storeu_ps(x + half + i, _mm256_fmadd_ps(a, s, _mm256_mul_ps(b, c)));
        }
        for (; i < half; i++) rotate_one(&x[i], &x[i + half], cosv[i], sinv[i]);
    }
}

/* --- gated activations ---------------------------------------------------------------------------------------------------------- */
ROW_INLINE __m256 gate_lanes(const hr_op op, __m256 g) {
    if (op == HR_OP_silu) return _mm256_mul_ps(g, sigmoid_lanes(g));
    if (op == HR_OP_gelu_tanh) {
        __m256 inner = _mm256_fmadd_ps(splat(0.044715f), _mm256_mul_ps(g, g), splat(1.0f));
        inner = _mm256_mul_ps(inner, _mm256_mul_ps(g, splat(0.797884561f)));
        return _mm256_mul_ps(_mm256_mul_ps(splat(0.5f), g), _mm256_add_ps(splat(1.0f), tanh_lanes(inner)));
    }
    if (op == HR_OP_gelu_erf) {
        __m256 e = erf_lanes(_mm256_mul_ps(g, splat(0.707106781f)));
        return _mm256_mul_ps(_mm256_mul_ps(splat(0.5f), g), _mm256_add_ps(splat(1.0f), e));
    }
    if (op == HR_OP_relu2) {
        __m256 p = _mm256_max_ps(g, _mm256_setzero_ps());
        return _mm256_mul_ps(p, p);
    }
    g = _mm256_min_ps(g, splat(7.0f)); /* swiglu_oai */
    return _mm256_mul_ps(g, sigmoid_lanes(_mm256_mul_ps(splat(1.702f), g)));
}

ROW_INLINE void gate_row(const hr_op op, const float *gate, const float *up, size_t n, float *y) {
    for (size_t i = 0; i < n; i += 8) {
        __m256 v = gate_lanes(op, load_lanes(gate + i, n - i));
        if (up != NULL) {
            __m256 u = load_lanes(up + i, n - i);
            if (op == HR_OP_swiglu_oai) {
                u = _mm256_max_ps(_mm256_min_ps(u, splat(7.0f)), splat(-7.0f));
                u = _mm256_add_ps(u, splat(1.0f));
            }
            v = _mm256_mul_ps(v, u);
        }
        store_lanes(y + i, n - i, v);
    }
}

#define ROW_GATE(op) \
    HR_T_AVX2 static void op##_avx2(const float *gate, const float *up, size_t n, float *y) { \
        gate_row(HR_OP_##op, gate, up, n, y); \
    }
ROW_GATE(silu)
ROW_GATE(gelu_tanh)
ROW_GATE(gelu_erf)
ROW_GATE(relu2)
ROW_GATE(swiglu_oai)
#undef ROW_GATE

/* --- attention -------------------------------------------------------------------------------------------------------------------- */
/* The first of the largest of s[lo, hi), as the reference finds it. Vectors do not tell +0 from -0 and lose NaN: then
 * (and only then) the order matters, and the plain loop decides. */
ROW_INLINE float top_score(const float *s, size_t lo, size_t hi) {
    __m256 top = splat(s[lo]), odd = _mm256_setzero_ps();
    for (size_t t = lo; t < hi; t += 8) {
        __m256 v = _mm256_blendv_ps(splat(s[lo]), load_lanes(s + t, hi - t), _mm256_castsi256_ps(first_lanes(hi - t)));
        odd = _mm256_or_ps(odd, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
        top = _mm256_max_ps(top, v);
    }
    __m128 a = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    a = _mm_max_ps(a, _mm_movehl_ps(a, a));
    float best = _mm_cvtss_f32(_mm_max_ss(a, _mm_movehdup_ps(a)));
    if (_mm256_movemask_ps(odd) == 0 && best != 0.0f) return best;
    best = s[lo];
    for (size_t t = lo + 1; t < hi; t++) {
        if (s[t] > best) best = s[t];
    }
    return best;
}

/* columns d .. d+7 of V's row t as floats; n of them are left in the row */
ROW_INLINE __m256 load_values(const hr_attn_args *a, const bool i8, size_t t, size_t d, size_t n) {
    if (!i8) return load_lanes((const float *)a->v + t * a->dv + d, n);
    const int8_t *v = (const int8_t *)a->v + t * a->dv + d;
    int64_t bytes = 0;
    if (n >= 8) memcpy(&bytes, v, 8);
    else memcpy(&bytes, v, n);
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bytes)));
}

/* o = sum of p_t V_t over the visible t, one chain a column */
ROW_INLINE void add_values(const hr_attn_args *a, const bool i8, const float *p, size_t lo, size_t hi, float *o) {
    size_t d = 0;
    for (; d + 64 <= a->dv; d += 64) {
        __m256 o0 = _mm256_setzero_ps(), o1 = o0, o2 = o0, o3 = o0, o4 = o0, o5 = o0, o6 = o0, o7 = o0;
        for (size_t t = lo; t < hi; t++) {
            __m256 w = splat(p[t]);
            o0 = _mm256_fmadd_ps(w, load_values(a, i8, t, d, 8), o0);
            o1 = _mm256_fmadd_ps(w, load_values(a, i8, t, d + 8, 8), o1);
            o2 = _mm256_fmadd_ps(w, load_values(a, i8, t, d + 16, 8), o2);
            o3 = _mm256_fmadd_ps(w, load_values(a, i8, t, d + 24, 8), o3);
            o4 = _mm256_fmadd_ps(w, load_values(a, i8, t, d + 32, 8), o4);
            o5 = _mm256_fmadd_ps(w, load_values(a, i8, t, d + 40, 8), o5);
            o6 = _mm256_fmadd_ps(w, load_values(a, i8, t, d + 48, 8), o6);
            o7 = _mm256_fmadd_ps(w, load_values(a, i8, t, d + 56, 8), o7);
        }
        float *to = o + d;
        _mm256_storeu_ps(to, o0), _mm256_storeu_ps(to + 8, o1);
        _mm256_storeu_ps(to + 16, o2), _mm256_storeu_ps(to + 24, o3);
        _mm256_storeu_ps(to + 32, o4), _mm256_storeu_ps(to + 40, o5);
        _mm256_storeu_ps(to + 48, o6), _mm256_storeu_ps(to + 56, o7);
    }
    for (; d < a->dv; d += 8) {
        __m256 sum = _mm256_setzero_ps();
        for (size_t t = lo; t < hi; t++) sum = _mm256_fmadd_ps(splat(p[t]), load_values(a, i8, t, d, a->dv - d), sum);
        store_lanes(o + d, a->dv - d, sum);
    }
}

/* s [64]: raw scores of positions [lo, hi), anything elsewhere */
ROW_INLINE void weigh_scores(const hr_attn_args *a, const bool i8, size_t i, float *s) {
    size_t lo = a->lo[i], hi = a->hi[i];
    __m256 lower = _mm256_setzero_ps(), upper = lower;
    for (size_t t = lo / 8 * 8; t < hi; t += 8) {
        __m256 v = _mm256_mul_ps(_mm256_loadu_ps(s + t), splat(a->scale));
        if (a->softcap > 0.0f) v = _mm256_mul_ps(splat(a->softcap), tanh_lanes(_mm256_div_ps(v, splat(a->softcap))));
        _mm256_storeu_ps(s + t, v);
    }
    float top = top_score(s, lo, hi);
    for (size_t t = 0; t < HR_KV_PAGE; t += 8) {
        __m256 p = _mm256_setzero_ps();
        if (t < hi && t + 8 > lo) {
            p = exp_lanes(_mm256_sub_ps(_mm256_loadu_ps(s + t), splat(top)));
            if (t + 8 > hi) p = _mm256_and_ps(p, _mm256_castsi256_ps(first_lanes(hi - t)));
            if (t < lo) p = _mm256_andnot_ps(_mm256_castsi256_ps(first_lanes(lo - t)), p);
        }
        if (t % 16 == 0) lower = _mm256_add_ps(lower, p);
        else upper = _mm256_add_ps(upper, p);
        if (i8 && t < hi && t + 8 > lo) p = _mm256_mul_ps(p, _mm256_loadu_ps(a->vd + t));
        _mm256_storeu_ps(s + t, p);
    }
    a->m[i] = top;
    a->l[i] = add_tree(lower, upper);
    add_values(a, i8, s, lo, hi, a->o + i * a->dv);
}

HR_T_AVX2 static void attn_page_f32_avx2(const hr_attn_args *a) {
    float s[HR_KV_PAGE];
    for (size_t i = 0; i < a->n; i++) {
        const float *q = a->q + i * a->q_stride;
        for (size_t t = a->lo[i] / 32 * 32; t < a->hi[i]; t += 32) {
            const float *k = (const float *)a->k + t;
            __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
            for (size_t d = 0; d < a->dk; d++, k += HR_KV_PAGE) {
                __m256 v = splat(q[d]);
                s0 = _mm256_fmadd_ps(v, _mm256_loadu_ps(k), s0);
                s1 = _mm256_fmadd_ps(v, _mm256_loadu_ps(k + 8), s1);
                s2 = _mm256_fmadd_ps(v, _mm256_loadu_ps(k + 16), s2);
                s3 = _mm256_fmadd_ps(v, _mm256_loadu_ps(k + 24), s3);
            }
            _mm256_storeu_ps(s + t, s0), _mm256_storeu_ps(s + t + 8, s1);
            _mm256_storeu_ps(s + t + 16, s2), _mm256_storeu_ps(s + t + 24, s3);
        }
        weigh_scores(a, false, i, s);
    }
}

/* 32 dimensions of 8 positions: |k| x (q with k's sign), exact as in matmul_quant_avx2.c */
ROW_INLINE __m256i dot_keys(const int8_t *k, const int8_t *q) {
    __m256i sum = _mm256_setzero_si256(), ones = _mm256_set1_epi16(1);
    for (size_t g = 0; g < 8; g++, k += 4 * HR_KV_PAGE) {
        int32_t four;
        memcpy(&four, q + 4 * g, 4);
        __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)k);
        __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(_mm256_set1_epi32(four), w));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
    }
    return sum;
}

HR_T_AVX2 static void attn_page_i8_avx2(const hr_attn_args *a) {
    size_t kq = hr_act_kq(a->dk);
    float s[HR_KV_PAGE];
    for (size_t i = 0; i < a->n; i++) {
        for (size_t t = a->lo[i] / 8 * 8; t < a->hi[i]; t += 8) {
            const int8_t *k = (const int8_t *)a->k + 4 * t;
            __m256 sum = _mm256_setzero_ps(), kd = _mm256_loadu_ps(a->kd + t);
            for (size_t j = 0; j < kq / 32; j++, k += 32 * HR_KV_PAGE) {
                __m256 d = _mm256_mul_ps(splat(a->qd[i * (kq / 32) + j]), kd);
                sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot_keys(k, a->q8 + i * kq + 32 * j)), d, sum);
            }
            _mm256_storeu_ps(s + t, sum);
        }
        weigh_scores(a, true, i, s);
    }
}

HR_T_AVX2 static void attn_merge_avx2(float *m, float *l, float *o, float pm, float pl, const float *po, size_t dv) {
    float top = pm > *m ? pm : *m;
    __m256 e = exp_lanes(_mm256_setr_ps(*m - top, pm - top, 0, 0, 0, 0, 0, 0));
    __m256 a = _mm256_broadcastss_ps(_mm256_castps256_ps128(e));
    __m256 b = _mm256_broadcastss_ps(_mm_movehdup_ps(_mm256_castps256_ps128(e)));
    *l = _mm256_cvtss_f32(_mm256_fmadd_ps(splat(*l), a, _mm256_mul_ps(splat(pl), b)));
    for (size_t d = 0; d < dv; d += 8) {
        __m256 add = _mm256_mul_ps(load_lanes(po + d, dv - d), b);
        store_lanes(o + d, dv - d, _mm256_fmadd_ps(load_lanes(o + d, dv - d), a, add));
    }
    *m = top;
}
#undef ROW_INLINE

HR_KERNEL(quant_a8, quant_a8_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(rmsnorm, rmsnorm_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(layernorm, layernorm_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(rope_norm, rope_norm_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(rope_neox, rope_neox_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(silu, silu_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(gelu_tanh, gelu_tanh_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(gelu_erf, gelu_erf_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(relu2, relu2_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(swiglu_oai, swiglu_oai_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(attn_page_f32, attn_page_f32_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(attn_page_i8, attn_page_i8_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(attn_merge, attn_merge_avx2, HR_ISA_AVX2, 10, 1, 1)
#else
typedef int hr_no_rows_avx2; /* a file may not be empty */
#endif
