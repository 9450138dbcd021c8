/* attention_avx512.c: one page of attention, AVX512. Query rows (heads that share a kv head, times tokens) are the columns
 * of two small matrix products, six at a time: 64 positions x 6 rows of scores, 64 columns x 6 rows of values, 24
 * accumulators each, K and V read once for six rows. Every chain is the reference's, term by term: rows that see
 * different parts of the page share the part that all see and take the rest alone, in order. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX512)
#include "engine/base/fmath.h"
#include "kernels/kernel.h"
#include <immintrin.h>

#if defined(__OPTIMIZE__)
#define PAGE_INLINE static inline __attribute__((always_inline, unused)) HR_T_AVX512
#else
#define PAGE_INLINE static __attribute__((unused)) HR_T_AVX512
#endif
#define PAGE_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)
enum { PAGE_TILE = 6 };

PAGE_INLINE __m512 splat16(float x) { return _mm512_set1_ps(x); }
PAGE_INLINE __mmask16 lanes_below(size_t n) { return (__mmask16)(n >= 16 ? 0xffff : (1u << n) - 1); }

/* hr_expf, lane by lane */
PAGE_INLINE __m512 exp16(__m512 x) {
    __m512 c = _mm512_max_ps(splat16(-104.0f), _mm512_min_ps(splat16(89.0f), x));
    __m512 kf = _mm512_fmadd_ps(c, splat16(1.44269504f), splat16(12582912.0f));
    __m512 nf = _mm512_sub_ps(kf, splat16(12582912.0f));
    __m512 r = _mm512_fmadd_ps(nf, splat16(-0.693145752f), c);
    r = _mm512_fmadd_ps(nf, splat16(-1.42860677e-6f), r);
    __m512 p = splat16(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, r, splat16(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, r, splat16(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, splat16(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, splat16(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, splat16(5.0000001201e-1f));
    p = _mm512_add_ps(_mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r), splat16(1.0f));
    __m512 y = _mm512_scalef_ps(p, nf); /* p is normal, so that 2^n rounds once, as the reference's two factors do */
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), _mm512_castsi512_ps(_mm512_set1_epi32(HR_NAN_BITS)));
}

/* --- from raw scores to weights -------------------------------------------------------------------------------------------- */
/* the largest of s [lo, hi), NaN and the sign of zero as in the reference */
PAGE_INLINE float page_top(const float *s, size_t lo, size_t hi) {
    __m512 top = splat16(s[lo]);
    __mmask16 odd = 0;
    for (size_t t = lo; t < hi; t += 16) {
        __m512 v = _mm512_mask_loadu_ps(splat16(s[lo]), lanes_below(hi - t), s + t);
        odd |= _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
        top = _mm512_max_ps(top, v);
    }
    float best = _mm512_reduce_max_ps(top);
    if (odd == 0 && best != 0.0f) return best;
    best = s[lo];
    for (size_t t = lo + 1; t < hi; t++) {
        if (s[t] > best) best = s[t];
    }
    return best;
}

PAGE_INLINE float lanes_sum(__m512 sum) {
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps(sum, 1));
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

/* s [64]: raw scores of positions [lo, hi), anything elsewhere -> weights, 0 where not visible; the row's m and l */
HR_T_AVX512 static void page_weights_some(const hr_attn_args *a, bool i8, size_t i, float *s) {
    size_t lo = a->lo[i], hi = a->hi[i];
    if (a->softcap > 0.0f) {
        for (size_t t = lo; t < hi; t++) s[t] = a->softcap * hr_tanhf(s[t] * a->scale / a->softcap);
    } else {
        for (size_t t = 0; t < HR_KV_PAGE; t += 16) {
            _mm512_storeu_ps(s + t, _mm512_mul_ps(_mm512_loadu_ps(s + t), splat16(a->scale)));
        }
    }
    float top = page_top(s, lo, hi);
    __m512 sum = _mm512_setzero_ps();
    for (size_t t = 0; t < HR_KV_PAGE; t += 16) {
        __mmask16 seen = t < hi ? lanes_below(hi - t) : 0;
        if (t < lo) seen = (__mmask16)(seen & ~lanes_below(lo - t));
        __m512 p = _mm512_setzero_ps();
        if (seen) p = _mm512_maskz_mov_ps(seen, exp16(_mm512_sub_ps(_mm512_loadu_ps(s + t), splat16(top))));
        sum = _mm512_add_ps(sum, p);
        if (i8) p = _mm512_maskz_mul_ps(seen, p, _mm512_loadu_ps(a->vd + t));
        _mm512_storeu_ps(s + t, p);
    }
    a->m[i] = top;
    a->l[i] = lanes_sum(sum);
}

/* the same of a row that sees the whole page: most do */
PAGE_INLINE void page_weights(const hr_attn_args *a, const bool i8, size_t i, float *s) {
    __m512 by = splat16(a->scale);
    __m512 w = _mm512_mul_ps(_mm512_loadu_ps(s), by), x = _mm512_mul_ps(_mm512_loadu_ps(s + 16), by);
    __m512 y = _mm512_mul_ps(_mm512_loadu_ps(s + 32), by), z = _mm512_mul_ps(_mm512_loadu_ps(s + 48), by);
    float top = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(w, x), _mm512_max_ps(y, z)));
    __mmask16 odd = _mm512_cmp_ps_mask(w, x, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(y, z, _CMP_UNORD_Q);
    if (a->lo[i] != 0 || a->hi[i] != HR_KV_PAGE || a->softcap > 0.0f || odd != 0 || top == 0.0f) {
        page_weights_some(a, i8, i, s);
        return;
    }
    __m512 t = splat16(top);
    w = exp16(_mm512_sub_ps(w, t)), x = exp16(_mm512_sub_ps(x, t));
    y = exp16(_mm512_sub_ps(y, t)), z = exp16(_mm512_sub_ps(z, t));
    a->m[i] = top;
    a->l[i] = lanes_sum(_mm512_add_ps(_mm512_add_ps(_mm512_add_ps(w, x), y), z));
    if (i8) {
        w = _mm512_mul_ps(w, _mm512_loadu_ps(a->vd)), x = _mm512_mul_ps(x, _mm512_loadu_ps(a->vd + 16));
        y = _mm512_mul_ps(y, _mm512_loadu_ps(a->vd + 32)), z = _mm512_mul_ps(z, _mm512_loadu_ps(a->vd + 48));
    }
    _mm512_storeu_ps(s, w), _mm512_storeu_ps(s + 16, x), _mm512_storeu_ps(s + 32, y), _mm512_storeu_ps(s + 48, z);
}

/* once for every tile: 4 KB less */
HR_T_AVX512 static void page_weights_f32(const hr_attn_args *a, size_t i, float *s) {
    page_weights(a, false, i, s);
}

/* --- values ------------------------------------------------------------------------------------------------------------------- */
PAGE_INLINE __m512 page_values(const bool i8, const void *v, size_t at, __mmask16 some) {
    if (!i8) return _mm512_maskz_loadu_ps(some, (const float *)v + at);
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(some, (const int8_t *)v + at)));
}

/* o += sum over t in [lo, hi) of p_t V_t for `rows` rows and the 64 columns from d on; o begins at 0 when first */
#define VALUES_LOAD(i) \
    __m512 w##i = _mm512_setzero_ps(), x##i = w##i, y##i = w##i, z##i = w##i; \
    if (i < rows && !first) { \
        const float *from = o + i * a->dv; \
        w##i = _mm512_maskz_loadu_ps(mw, from), x##i = _mm512_maskz_loadu_ps(mx, from + 16); \
        y##i = _mm512_maskz_loadu_ps(my, from + 32), z##i = _mm512_maskz_loadu_ps(mz, from + 48); \
    }
#define VALUES_ADD(i) \
    if (i < rows) { \
        __m512 p = splat16(s[i * HR_KV_PAGE + t]); \
        w##i = _mm512_fmadd_ps(p, vw, w##i), x##i = _mm512_fmadd_ps(p, vx, x##i); \
        y##i = _mm512_fmadd_ps(p, vy, y##i), z##i = _mm512_fmadd_ps(p, vz, z##i); \
    }
#define VALUES_SAVE(i) \
    if (i < rows) { \
        float *to = o + i * a->dv; \
        _mm512_mask_storeu_ps(to, mw, w##i), _mm512_mask_storeu_ps(to + 16, mx, x##i); \
        _mm512_mask_storeu_ps(to + 32, my, y##i), _mm512_mask_storeu_ps(to + 48, mz, z##i); \
    }
PAGE_INLINE void add_values16(const hr_attn_args *a, const bool i8, const int rows, const float *s, size_t lo, size_t hi,
                              bool first, float *o_rows, const char *ahead) {
    for (size_t d = 0; d < a->dv; d += 64) {
        size_t left = a->dv - d;
        __mmask16 mw = lanes_below(left), mx = left > 16 ? lanes_below(left - 16) : 0;
        __mmask16 my = left > 32 ? lanes_below(left - 32) : 0, mz = left > 48 ? lanes_below(left - 48) : 0;
        float *o = o_rows + d;
        PAGE_ROWS(VALUES_LOAD)
        for (size_t t = lo; t < hi; t++) {
            size_t at = t * a->dv + d;
            if (i8 && ahead != NULL) { /* the next page's keys and scales */
                for (size_t b = 0; b < a->dk; b += 64) __builtin_prefetch(ahead + t * a->dk + b);
                if (t < 8) __builtin_prefetch(ahead + ((const char *)a->kd - (const char *)a->k) + 64 * t);
            }
            __m512 vw = page_values(i8, a->v, at, mw), vx = page_values(i8, a->v, at + 16, mx);
            __m512 vy = page_values(i8, a->v, at + 32, my), vz = page_values(i8, a->v, at + 48, mz);
            PAGE_ROWS(VALUES_ADD)
        }
        PAGE_ROWS(VALUES_SAVE)
        ahead = NULL;
    }
}
#undef VALUES_LOAD
#undef VALUES_ADD
#undef VALUES_SAVE

/* what one row of a tile sees alone */
HR_T_AVX512 static void page_alone_f32(const hr_attn_args *a, const float *s, size_t lo, size_t hi, bool first, float *o) {
    add_values16(a, false, 1, s, lo, hi, first, o, NULL);
}
HR_T_AVX512 static void page_alone_i8(const hr_attn_args *a, const float *s, size_t lo, size_t hi, bool first, float *o) {
    add_values16(a, true, 1, s, lo, hi, first, o, NULL);
}

/* weights s [rows][64] of rows i .. i + rows - 1 */
PAGE_INLINE void page_outputs(const hr_attn_args *a, const bool i8, const int rows, size_t i, const float *s) {
    size_t from = a->lo[i], to = a->hi[i];
    float *o = a->o + i * a->dv;
    bool alike = true; /* all rows begin at the same position */
    for (int r = 1; r < rows; r++) {
        alike = alike && a->lo[i + (size_t)r] == a->lo[i];
        from = hr_max_size(from, a->lo[i + (size_t)r]);
        to = hr_min_size(to, a->hi[i + (size_t)r]);
    }
    if (from >= to) from = to = HR_KV_PAGE, alike = false; /* nothing in common: each row alone */
    for (size_t r = 0; r < (size_t)rows && !alike; r++) {
        size_t lo = a->lo[i + r], hi = hr_min_size(a->hi[i + r], from);
        (i8 ? page_alone_i8 : page_alone_f32)(a, s + r * HR_KV_PAGE, lo, hr_max_size(lo, hi), true, o + r * a->dv);
    }
    if (from == to) return;
    add_values16(a, i8, rows, s, from, to, alike, o, i == 0 ? (const char *)a->ahead : NULL);
    for (size_t r = 0; r < (size_t)rows; r++) {
        if (a->hi[i + r] <= to) continue;
        (i8 ? page_alone_i8 : page_alone_f32)(a, s + r * HR_KV_PAGE, to, a->hi[i + r], false, o + r * a->dv);
    }
}

/* --- scores ------------------------------------------------------------------------------------------------------------------- */
PAGE_INLINE void page_scores_f32(const hr_attn_args *a, const int rows, size_t i, float *s) {
    const float *k = (const float *)a->k, *q = a->q + i * a->q_stride;
#define SCORES_DEFINE(r) __m512 w##r = _mm512_setzero_ps(), x##r = w##r, y##r = w##r, z##r = w##r;
    PAGE_ROWS(SCORES_DEFINE)
#undef SCORES_DEFINE
    for (size_t d = 0; d < a->dk; d++, k += HR_KV_PAGE) {
        __m512 kw = _mm512_loadu_ps(k), kx = _mm512_loadu_ps(k + 16), ky = _mm512_loadu_ps(k + 32), kz = _mm512_loadu_ps(k + 48);
#define SCORES_ADD(r) \
        if (r < rows) { \
            __m512 v = splat16(q[r * a->q_stride + d]); \
            w##r = _mm512_fmadd_ps(v, kw, w##r), x##r = _mm512_fmadd_ps(v, kx, x##r); \
            y##r = _mm512_fmadd_ps(v, ky, y##r), z##r = _mm512_fmadd_ps(v, kz, z##r); \
        }
        PAGE_ROWS(SCORES_ADD)
#undef SCORES_ADD
    }
#define SCORES_SAVE(r) \
    if (r < rows) { \
        float *to = s + r * HR_KV_PAGE; \
        _mm512_storeu_ps(to, w##r), _mm512_storeu_ps(to + 16, x##r); \
        _mm512_storeu_ps(to + 32, y##r), _mm512_storeu_ps(to + 48, z##r); \
    }
    PAGE_ROWS(SCORES_SAVE)
#undef SCORES_SAVE
}

PAGE_INLINE __m512i four_of(const int8_t *q) {
    int32_t v;
    memcpy(&v, q, sizeof v);
    return _mm512_set1_epi32(v);
}

/* 32 positions from t on: two vectors of positions, six rows */
PAGE_INLINE void page_scores_i8(const hr_attn_args *a, const int rows, size_t i, size_t t, float *s) {
    const size_t kq = hr_act_kq(a->dk);
    const int8_t *k = (const int8_t *)a->k + 4 * t, *q = a->q8 + i * kq;
    const float *qd = a->qd + i * (kq / 32);
    const int16_t *s16 = a->s16 + i * (kq / 16);
    const char *v = (const char *)a->v + t / 32 * (kq / 4) * 128;
    const __m512i sign = _mm512_set1_epi8((char)0x80);
    __m512 dw = _mm512_loadu_ps(a->kd + t), dx = _mm512_loadu_ps(a->kd + t + 16);
#define SCORES_DEFINE(r) __m512 w##r = _mm512_setzero_ps(), x##r = w##r;
    PAGE_ROWS(SCORES_DEFINE)
#undef SCORES_DEFINE
    for (size_t j = 0; j < kq / 32; j++, q += 32) { /* keys are fed plus 128: begin at that much less */
#define SCORES_START(r) \
        __m512i m##r = _mm512_setzero_si512(), n##r; \
        if (r < rows) m##r = _mm512_set1_epi32(-128 * (s16[r * (kq / 16) + 2 * j] + s16[r * (kq / 16) + 2 * j + 1])); \
        n##r = m##r;
        PAGE_ROWS(SCORES_START)
#undef SCORES_START
        for (size_t g = 0; g < 8; g++, k += 4 * HR_KV_PAGE) {
            __m512i kw = _mm512_xor_si512(_mm512_loadu_si512((const void *)k), sign);
            __m512i kx = _mm512_xor_si512(_mm512_loadu_si512((const void *)(k + 64)), sign);
            if (i == 0) { /* the values come next: memory's prefetchers begin anew with every page */
                __builtin_prefetch(v), __builtin_prefetch(v + 64);
                v += 128;
            }
#define SCORES_ADD(r) \
            if (r < rows) { \
                __m512i u = four_of(q + r * kq + 4 * g); \
                m##r = _mm512_dpbusd_epi32(m##r, kw, u), n##r = _mm512_dpbusd_epi32(n##r, kx, u); \
            }
            PAGE_ROWS(SCORES_ADD)
#undef SCORES_ADD
        }
#define SCORES_TURN(r) \
        if (r < rows) { \
            __m512 d = splat16(qd[r * (kq / 32) + j]); \
            w##r = _mm512_fmadd_ps(_mm512_cvtepi32_ps(m##r), _mm512_mul_ps(d, dw), w##r); \
            x##r = _mm512_fmadd_ps(_mm512_cvtepi32_ps(n##r), _mm512_mul_ps(d, dx), x##r); \
        }
        PAGE_ROWS(SCORES_TURN)
#undef SCORES_TURN
    }
#define SCORES_SAVE(r) \
    if (r < rows) _mm512_storeu_ps(s + r * HR_KV_PAGE + t, w##r), _mm512_storeu_ps(s + r * HR_KV_PAGE + t + 16, x##r);
    PAGE_ROWS(SCORES_SAVE)
#undef SCORES_SAVE
}

/* --- tiles ---------------------------------------------------------------------------------------------------------------------- */
PAGE_INLINE void page_tile(const hr_attn_args *a, const bool i8, const int rows, size_t i) {
    float s[PAGE_TILE * HR_KV_PAGE] __attribute__((aligned(64)));
    if (i8) {
        page_scores_i8(a, rows, i, 0, s);
        page_scores_i8(a, rows, i, 32, s);
    } else {
        page_scores_f32(a, rows, i, s);
    }
    for (size_t r = 0; r < (size_t)rows; r++) {
        if (i8) page_weights(a, true, i + r, s + r * HR_KV_PAGE);
        else page_weights_f32(a, i + r, s + r * HR_KV_PAGE);
    }
    page_outputs(a, i8, rows, i, s);
}
PAGE_INLINE void page_tiles(const hr_attn_args *a, const bool i8) {
    size_t i = 0;
    for (; i + 6 <= a->n; i += 6) page_tile(a, i8, 6, i);
    for (; i + 4 <= a->n; i += 4) page_tile(a, i8, 4, i);
    for (; i + 2 <= a->n; i += 2) page_tile(a, i8, 2, i);
    for (; i < a->n; i++) page_tile(a, i8, 1, i);
}
HR_T_AVX512 static void attn_page_f32_avx512(const hr_attn_args *a) { page_tiles(a, false); }
HR_T_AVX512 static void attn_page_i8_avx512(const hr_attn_args *a) { page_tiles(a, true); }

HR_T_AVX512 static void attn_merge_avx512(float *m, float *l, float *o, float pm, float pl, const float *po, size_t dv) {
    float top = pm > *m ? pm : *m;
    __m512 e = exp16(_mm512_castps128_ps512(_mm_setr_ps(*m - top, pm - top, 0, 0)));
    __m128 pair = _mm512_castps512_ps128(e);
    __m512 a = _mm512_broadcastss_ps(pair), b = _mm512_broadcastss_ps(_mm_movehdup_ps(pair));
    *l = _mm512_cvtss_f32(_mm512_fmadd_ps(splat16(*l), a, _mm512_mul_ps(splat16(pl), b)));
    for (size_t d = 0; d < dv; d += 16) {
        __mmask16 some = lanes_below(dv - d);
        __m512 add = _mm512_mul_ps(_mm512_maskz_loadu_ps(some, po + d), b);
        _mm512_mask_storeu_ps(o + d, some, _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, o + d), a, add));
    }
    *m = top;
}
#undef PAGE_ROWS
#undef PAGE_INLINE

HR_KERNEL(attn_page_f32, attn_page_f32_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 20, 1, 1)
HR_KERNEL(attn_page_i8, attn_page_i8_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 20, 1, 1)
HR_KERNEL(attn_merge, attn_merge_avx512, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, 20, 1, 1)
#else
typedef int hr_no_attention_avx512; /* a file may not be empty */
#endif
