/* attention.c: the specification of attention over one page of 64 positions, and of merging pages. */
#include "engine/base/fmath.h"
#include "kernels/kernel.h"

/* scores s [64] of positions [lo, hi) to probabilities, o and the page's state */
static void weigh_page(const hr_attn_args *a, size_t i, float *s, const float *v32, const int8_t *v8) {
    size_t lo = a->lo[i], hi = a->hi[i];
    float top = 0.0f, lane[16] = {0}, *o = a->o + i * a->dv;
    for (size_t t = lo; t < hi; t++) {
        s[t] *= a->scale;
        if (a->softcap > 0.0f) s[t] = a->softcap * hr_tanhf(s[t] / a->softcap);
        if (t == lo || s[t] > top) top = s[t];
    }
    for (size_t t = 0; t < HR_KV_PAGE; t++) {
        s[t] = t >= lo && t < hi ? hr_expf(s[t] - top) : 0.0f;
        lane[t % 16] += s[t];
    }
    for (size_t half = 8; half >= 1; half /= 2) {
        for (size_t j = 0; j < half; j++) lane[j] += lane[j + half];
    }
    a->m[i] = top;
    a->l[i] = lane[0];
    for (size_t d = 0; d < a->dv; d++) o[d] = 0.0f;
    for (size_t t = lo; t < hi; t++) {
        float p = v8 != NULL ? s[t] * a->vd[t] : s[t];
        for (size_t d = 0; d < a->dv; d++) {
            o[d] = hr_fma(p, v8 != NULL ? (float)v8[t * a->dv + d] : v32[t * a->dv + d], o[d]);
        }
    }
}

static void attn_page_f32_c(const hr_attn_args *a) {
    const float *k = (const float *)a->k;
    float s[HR_KV_PAGE];
    for (size_t i = 0; i < a->n; i++) {
        const float *q = a->q + i * a->q_stride;
        for (size_t t = a->lo[i]; t < a->hi[i]; t++) {
            s[t] = 0.0f;
            for (size_t d = 0; d < a->dk; d++) s[t] = hr_fma(q[d], k[d * HR_KV_PAGE + t], s[t]);
        }
        weigh_page(a, i, s, (const float *)a->v, NULL);
    }
}

static void attn_page_i8_c(const hr_attn_args *a) {
    const int8_t *k = (const int8_t *)a->k;
    size_t kq = hr_act_kq(a->dk);
#if defined(HEARTH_MCU)
    size_t stored = (a->dk + 3) / 4 * 4; /* kv.c keeps no padding there; q is 0 behind it */
#else
    size_t stored = kq;
#endif
    float s[HR_KV_PAGE];
    for (size_t i = 0; i < a->n; i++) {
        const int8_t *q = a->q8 + i * kq;
        for (size_t t = a->lo[i]; t < a->hi[i]; t++) {
            s[t] = 0.0f;
            for (size_t j = 0; j < kq / 32; j++) {
                int32_t isum = 0;
                for (size_t d = 32 * j; d < 32 * j + 32 && d < stored; d++)
                    isum += q[d] * k[(d / 4 * HR_KV_PAGE + t) * 4 + d % 4];
                s[t] = hr_fma((float)isum, a->qd[i * (kq / 32) + j] * a->kd[t], s[t]);
            }
        }
        weigh_page(a, i, s, NULL, (const int8_t *)a->v);
    }
}

static void attn_merge_c(float *m, float *l, float *o, float pm, float pl, const float *po, size_t dv) {
    float top = pm > *m ? pm : *m;
    float a = hr_expf(*m - top), b = hr_expf(pm - top);
    *l = hr_fma(*l, a, pl * b);
    for (size_t d = 0; d < dv; d++) o[d] = hr_fma(o[d], a, po[d] * b);
    *m = top;
}

static void kv_f16_c(const uint16_t *h, size_t n, float *x) {
    for (size_t i = 0; i < n; i++) x[i] = hr_f32_of_f16(h[i]);
}

static void kv_q4_c(const uint8_t *b, size_t rows, size_t half, size_t stride, int8_t *q) {
    static const int8_t levels[16] = {HR_KV_LEVELS};
    for (size_t r = 0; r < rows; r++, b += half, q += stride) {
        for (size_t i = 0; i < half; i++) q[i] = levels[b[i] & 15], q[half + i] = levels[b[i] >> 4];
    }
}

HR_KERNEL(kv_f16, kv_f16_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(kv_q4, kv_q4_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(attn_page_f32, attn_page_f32_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(attn_page_i8, attn_page_i8_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(attn_merge, attn_merge_c, HR_ISA_C, 0, 1, 1)
