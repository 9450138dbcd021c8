/* rows_avx2.c: everything over one row in AVX2: activation quantization, norms, rope, gated activations.
 *
 * Equal bit for bit to kernels/ref: the same operations lane by lane. Where the reference sums, its 16 virtual lanes are
 * two vectors here. Tails are masked: a masked load gives +0, which changes no sum of the reference (no lane is ever -0)
 * and is never stored. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include "kernels/x86/rows_avx2.h"

AVX2_INLINE __m256 sigmoid_lanes(__m256 x) {
    return _mm256_div_ps(splat(1.0f), _mm256_add_ps(splat(1.0f), exp_lanes(negate_lanes(x))));
}

AVX2_INLINE __m256 erf_lanes(__m256 x) {
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
AVX2_INLINE int32_t add_ints(__m256i v) {
    __m128i a = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(a, _mm_shuffle_epi32(a, 0xb1)));
}

AVX2_INLINE __m256i magnitude_bits(__m256 x) { return _mm256_castps_si256(_mm256_andnot_ps(splat(-0.0f), x)); }

/* y - rint(y) of y = x * id */
AVX2_INLINE __m256 rounding_loss(__m256 x, __m256 id) {
    __m256 y = _mm256_mul_ps(x, id), magic = splat(12582912.0f);
    return _mm256_sub_ps(y, _mm256_sub_ps(_mm256_add_ps(y, magic), magic));
}

AVX2_INLINE void quant_block_avx2(const float *x, size_t n, int8_t *q, float *d, float *ds, int16_t *s16) {
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
AVX2_INLINE void scale_row(const float *x, const float *w, const float *b, float mean, const bool centre, float r, size_t n,
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
AVX2_INLINE __m256 centre_lanes(const float *x, size_t n, float mean) {
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
AVX2_INLINE void rotate_one(float *x0, float *x1, float c, float s) { /* as kernels/ref/vector.c */
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
AVX2_INLINE __m256 gate_lanes(const hr_op op, __m256 g) {
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

AVX2_INLINE void gate_row(const hr_op op, const float *gate, const float *up, size_t n, float *y) {
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

HR_T_AVX2 static float exp_sum_avx2(const float *x, size_t n, float shift, float *y) {
    __m256 lower = _mm256_setzero_ps(), upper = lower, s = splat(shift);
    for (size_t i = 0; i < n; i += 8) {
        __m256 e = exp_lanes(_mm256_sub_ps(load_lanes(x + i, n - i), s));
        store_lanes(y + i, n - i, e);
        if (n - i < 8) e = _mm256_and_ps(e, _mm256_castsi256_ps(first_lanes(n - i)));
        if (i & 8) upper = _mm256_add_ps(upper, e);
        else lower = _mm256_add_ps(lower, e);
    }
    return add_tree(lower, upper);
}

HR_KERNEL(exp_sum, exp_sum_avx2, HR_ISA_AVX2, 10, 1, 1)
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
#else
typedef int hr_no_rows_avx2; /* a file may not be empty */
#endif
