/* attention_avx2.c: one page of attention, AVX2. Query rows (heads that share a kv head, times tokens) are the columns of two
 * small matrix products, as in attention_avx512.c: f32 scores and values six rows x 16 at a time (12 accumulators, 16 f32
 * multiply-adds of K or V read for six rows), int8 scores four rows x 8 positions. Every chain is the reference's. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include "kernels/x86/rows_avx2.h"

#if defined(__OPTIMIZE__)
#define TILE_INLINE AVX2_INLINE
#else
#define TILE_INLINE static __attribute__((unused)) HR_T_AVX2
#endif
#define TILE_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)
enum { TILE_AVX2 = 6 };

/* --- from raw scores to weights -------------------------------------------------------------------------------------------- */
/* The first of the largest of s[lo, hi), as the reference finds it. Vectors do not tell +0 from -0 and lose NaN: then
 * (and only then) the order matters, and the plain loop decides. */
TILE_INLINE float tile_top(const float *s, size_t lo, size_t hi) {
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

/* s [64]: raw scores of positions [lo, hi), anything elsewhere -> weights, 0 where not visible; the row's m and l */
HR_T_AVX2 static void tile_weights(const hr_attn_args *a, bool i8, size_t i, float *s) {
    size_t lo = a->lo[i], hi = a->hi[i];
    __m256 lower = _mm256_setzero_ps(), upper = lower;
    for (size_t t = lo / 8 * 8; t < hi; t += 8) {
        __m256 v = _mm256_mul_ps(_mm256_loadu_ps(s + t), splat(a->scale));
        if (a->softcap > 0.0f) v = _mm256_mul_ps(splat(a->softcap), tanh_lanes(_mm256_div_ps(v, splat(a->softcap))));
        _mm256_storeu_ps(s + t, v);
    }
    float top = tile_top(s, lo, hi);
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
}

/* --- values ------------------------------------------------------------------------------------------------------------------- */
/* 8 columns of V from element `at` on as floats; n of them are left in the row */
TILE_INLINE __m256 tile_v(const bool i8, const void *values, size_t at, size_t n) {
    if (!i8) return load_lanes((const float *)values + at, n);
    int64_t bytes = 0;
    memcpy(&bytes, (const int8_t *)values + at, n >= 8 ? 8 : n);
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bytes)));
}

/* o += sum over t in [lo, hi) of p_t V_t for `rows` rows and 16 (wide) or at most 8 columns; o begins at 0 when first */
TILE_INLINE void tile_columns(const hr_attn_args *a, const bool i8, const int rows, const bool wide, const float *s, size_t lo,
                              size_t hi, bool first, size_t d, float *o) {
    size_t left = wide ? 8 : a->dv - d;
#define TILE_LOAD(i) \
    __m256 x##i = _mm256_setzero_ps(), y##i = x##i; \
    if (i < rows && !first) { \
        x##i = load_lanes(o + i * a->dv, left); \
        if (wide) y##i = _mm256_loadu_ps(o + i * a->dv + 8); \
    }
    TILE_ROWS(TILE_LOAD)
    for (size_t t = lo; t < hi; t++) {
        __m256 vx = tile_v(i8, a->v, t * a->dv + d, left), vy = vx;
        if (wide) vy = tile_v(i8, a->v, t * a->dv + d + 8, 8);
#define TILE_ADD(i) \
        if (i < rows) { \
            __m256 p = splat(s[i * HR_KV_PAGE + t]); \
            x##i = _mm256_fmadd_ps(p, vx, x##i); \
            if (wide) y##i = _mm256_fmadd_ps(p, vy, y##i); \
        }
        TILE_ROWS(TILE_ADD)
    }
#define TILE_SAVE(i) \
    if (i < rows) { \
        store_lanes(o + i * a->dv, left, x##i); \
        if (wide) _mm256_storeu_ps(o + i * a->dv + 8, y##i); \
    }
    TILE_ROWS(TILE_SAVE)
#undef TILE_LOAD
#undef TILE_ADD
#undef TILE_SAVE
}

TILE_INLINE void tile_values(const hr_attn_args *a, const bool i8, const int rows, const float *s, size_t lo, size_t hi,
                             bool first, float *o) {
    size_t d = 0;
    for (; d + 16 <= a->dv; d += 16) tile_columns(a, i8, rows, true, s, lo, hi, first, d, o + d);
    for (; d < a->dv; d += 8) tile_columns(a, i8, rows, false, s, lo, hi, first, d, o + d);
}
/* what one row of a tile sees alone */
HR_T_AVX2 static void tile_alone_f32(const hr_attn_args *a, const float *s, size_t lo, size_t hi, bool first, float *o) {
    tile_values(a, false, 1, s, lo, hi, first, o);
}
HR_T_AVX2 static void tile_alone_i8(const hr_attn_args *a, const float *s, size_t lo, size_t hi, bool first, float *o) {
    tile_values(a, true, 1, s, lo, hi, first, o);
}

/* weights s [rows][64] of rows i .. i + rows - 1: first what stands before the part that all see, then that, then the rest */
TILE_INLINE void tile_outputs(const hr_attn_args *a, const bool i8, const int rows, size_t i, const float *s) {
    size_t from = a->lo[i], to = a->hi[i], n = (size_t)rows;
    float *o = a->o + i * a->dv;
    for (size_t r = 1; r < n; r++) {
        from = hr_max_size(from, a->lo[i + r]);
        to = hr_min_size(to, a->hi[i + r]);
    }
    if (from >= to) from = to = HR_KV_PAGE; /* nothing in common */
    for (size_t r = 0; r < n; r++) {
        size_t lo = a->lo[i + r], hi = hr_max_size(lo, hr_min_size(a->hi[i + r], from));
        (i8 ? tile_alone_i8 : tile_alone_f32)(a, s + r * HR_KV_PAGE, lo, hi, true, o + r * a->dv);
    }
    if (from == to) return;
    tile_values(a, i8, rows, s, from, to, false, o);
    for (size_t r = 0; r < n; r++) {
        if (a->hi[i + r] <= to) continue;
        (i8 ? tile_alone_i8 : tile_alone_f32)(a, s + r * HR_KV_PAGE, to, a->hi[i + r], false, o + r * a->dv);
    }
}

/* --- scores ------------------------------------------------------------------------------------------------------------------- */
/* 16 positions from t on */
TILE_INLINE void tile_scores_f32(const hr_attn_args *a, const int rows, size_t i, size_t t, float *s) {
    const float *k = (const float *)a->k + t, *q = a->q + i * a->q_stride;
#define TILE_DEFINE(r) __m256 x##r = _mm256_setzero_ps(), y##r = x##r;
    TILE_ROWS(TILE_DEFINE)
    for (size_t d = 0; d < a->dk; d++, k += HR_KV_PAGE) {
        __m256 kx = _mm256_loadu_ps(k), ky = _mm256_loadu_ps(k + 8);
#define TILE_ADD(r) \
        if (r < rows) { \
            __m256 v = splat(q[r * a->q_stride + d]); \
            x##r = _mm256_fmadd_ps(v, kx, x##r), y##r = _mm256_fmadd_ps(v, ky, y##r); \
        }
        TILE_ROWS(TILE_ADD)
    }
#define TILE_SAVE(r) \
    if (r < rows) _mm256_storeu_ps(s + r * HR_KV_PAGE + t, x##r), _mm256_storeu_ps(s + r * HR_KV_PAGE + t + 8, y##r);
    TILE_ROWS(TILE_SAVE)
#undef TILE_DEFINE
#undef TILE_ADD
#undef TILE_SAVE
}

/* 8 positions from t on: |k| x (q with k's sign), exact as in matmul_quant_avx2.c */
TILE_INLINE void tile_scores_i8(const hr_attn_args *a, const int rows, size_t i, size_t t, float *s) {
    const size_t kq = hr_act_kq(a->dk);
    const int8_t *k = (const int8_t *)a->k + 4 * t, *q = a->q8 + i * kq;
    const float *qd = a->qd + i * (kq / 32);
    const __m256i ones = _mm256_set1_epi16(1);
#define TILE_DEFINE(r) __m256 x##r = _mm256_setzero_ps();
    TILE_ROWS(TILE_DEFINE)
    for (size_t j = 0; j < kq / 32; j++, q += 32) {
#define TILE_START(r) __m256i n##r = _mm256_setzero_si256();
        TILE_ROWS(TILE_START)
        for (size_t g = 0; g < 8; g++, k += 4 * HR_KV_PAGE) {
            __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)k), size = _mm256_abs_epi8(w);
#define TILE_ADD(r) \
            if (r < rows) { \
                int32_t four; \
                memcpy(&four, q + r * kq + 4 * g, 4); \
                __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(_mm256_set1_epi32(four), w)); \
                n##r = _mm256_add_epi32(n##r, _mm256_madd_epi16(pairs, ones)); \
            }
            TILE_ROWS(TILE_ADD)
        }
#define TILE_TURN(r) \
        if (r < rows) { \
            __m256 d = _mm256_mul_ps(splat(qd[r * (kq / 32) + j]), _mm256_loadu_ps(a->kd + t)); \
            x##r = _mm256_fmadd_ps(_mm256_cvtepi32_ps(n##r), d, x##r); \
        }
        TILE_ROWS(TILE_TURN)
    }
#define TILE_SAVE(r) if (r < rows) _mm256_storeu_ps(s + r * HR_KV_PAGE + t, x##r);
    TILE_ROWS(TILE_SAVE)
#undef TILE_DEFINE
#undef TILE_START
#undef TILE_ADD
#undef TILE_TURN
#undef TILE_SAVE
}

/* --- tiles ---------------------------------------------------------------------------------------------------------------------- */
TILE_INLINE void run_tile(const hr_attn_args *a, const bool i8, const int rows, size_t i) {
    float s[TILE_AVX2 * HR_KV_PAGE] __attribute__((aligned(32)));
    size_t lo = HR_KV_PAGE, hi = 0;
    for (size_t r = 0; r < (size_t)rows; r++) lo = hr_min_size(lo, a->lo[i + r]), hi = hr_max_size(hi, a->hi[i + r]);
    if (i8) {
        for (size_t t = lo / 8 * 8; t < hi; t += 8) {
            if (rows > 4) tile_scores_i8(a, 3, i, t, s), tile_scores_i8(a, 3, i + 3, t, s + 3 * HR_KV_PAGE);
            else tile_scores_i8(a, rows, i, t, s);
        }
    } else {
        for (size_t t = lo / 16 * 16; t < hi; t += 16) tile_scores_f32(a, rows, i, t, s);
    }
    for (size_t r = 0; r < (size_t)rows; r++) tile_weights(a, i8, i + r, s + r * HR_KV_PAGE);
    tile_outputs(a, i8, rows, i, s);
}
TILE_INLINE void run_tiles(const hr_attn_args *a, const bool i8) {
    size_t i = 0;
    for (; i + 6 <= a->n; i += 6) run_tile(a, i8, 6, i);
    for (; i + 4 <= a->n; i += 4) run_tile(a, i8, 4, i);
    for (; i + 2 <= a->n; i += 2) run_tile(a, i8, 2, i);
    for (; i < a->n; i++) run_tile(a, i8, 1, i);
}
HR_T_AVX2 static void attn_page_f32_avx2(const hr_attn_args *a) { run_tiles(a, false); }
HR_T_AVX2 static void attn_page_i8_avx2(const hr_attn_args *a) { run_tiles(a, true); }

/* --- pages to unpack, states to merge ------------------------------------------------------------------------------------------- */
HR_T_AVX2 static void kv_f16_avx2(const uint16_t *h, size_t n, float *x) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(h + i))));
    for (; i < n; i++) x[i] = hr_f32_of_f16(h[i]);
}

HR_T_AVX2 static void kv_q4_avx2(const uint8_t *b, size_t rows, size_t half, size_t stride, int8_t *q) {
    static const int8_t levels[16] = {HR_KV_LEVELS};
    const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)levels));
    const __m256i low = _mm256_set1_epi8(15);
    for (size_t r = 0; r < rows; r++, b += half, q += stride) {
        size_t i = 0;
        for (; i + 32 <= half; i += 32) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(b + i));
            __m256i h = _mm256_and_si256(_mm256_srli_epi16(v, 4), low);
            _mm256_storeu_si256((__m256i *)(void *)(q + i), _mm256_shuffle_epi8(table, _mm256_and_si256(v, low)));
            _mm256_storeu_si256((__m256i *)(void *)(q + half + i), _mm256_shuffle_epi8(table, h));
        }
        for (; i < half; i++) q[i] = levels[b[i] & 15], q[half + i] = levels[b[i] >> 4];
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
#undef TILE_ROWS
#undef TILE_INLINE

HR_KERNEL(attn_page_f32, attn_page_f32_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(attn_page_i8, attn_page_i8_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(attn_merge, attn_merge_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(kv_f16, kv_f16_avx2, HR_ISA_AVX2, 10, 1, 1)
HR_KERNEL(kv_q4, kv_q4_avx2, HR_ISA_AVX2, 10, 1, 1)
#else
typedef int hr_no_attention_avx2; /* a file may not be empty */
#endif
