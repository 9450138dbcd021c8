/* train_ref.h: the loss of a llama-shaped model in plain double loops, from the published formulas (RMS norm, rotary pairs,
 * grouped causal attention, SiLU gate, softmax cross-entropy) and none of the library's code: what gradients are checked
 * against by central differences. */
#ifndef HEARTH_TRAIN_REF_H
#define HEARTH_TRAIN_REF_H
#include "t.h"

enum { REF_LAYERS = 2, REF_LINEARS = 7, REF_TOKENS = 80, REF_WIDTH = 512 };
typedef struct ref_model {
    size_t d, layers, heads, kv_heads, hd, ff, vocab, rank;
    double eps, base, scale; /* scale: of B A */
    bool neox;
    const double *embd, *head, *out_norm;
    const double *attn[REF_LAYERS], *ffn[REF_LAYERS], *attn_sub[REF_LAYERS], *ffn_sub[REF_LAYERS];
    const double *w[REF_LAYERS][REF_LINEARS], *a[REF_LAYERS][REF_LINEARS], *b[REF_LAYERS][REF_LINEARS];
} ref_model;

static inline void ref_norm(const ref_model *m, const double *x, const double *w, size_t n, double *y) {
    double ss = 0;
    for (size_t i = 0; i < n; i++) ss += x[i] * x[i];
    double r = 1.0 / sqrt(ss / (double)n + m->eps);
    for (size_t i = 0; i < n; i++) y[i] = x[i] * r * w[i];
}
static inline void ref_linear(const ref_model *m, size_t layer, int j, const double *x, size_t k, size_t rows, double *y) {
    double u[64];
    const double *w = m->w[layer][j], *a = m->a[layer][j], *b = m->b[layer][j];
    for (size_t r = 0; r < rows; r++) {
        y[r] = 0;
        for (size_t i = 0; i < k; i++) y[r] += w[r * k + i] * x[i];
    }
    for (size_t q = 0; a && q < m->rank; q++) {
        u[q] = 0;
        for (size_t i = 0; i < k; i++) u[q] += a[q * k + i] * x[i];
    }
    for (size_t r = 0; a && r < rows; r++)
        for (size_t q = 0; q < m->rank; q++) y[r] += m->scale * b[r * m->rank + q] * u[q];
}
static inline void ref_turn(const ref_model *m, double *x, size_t heads, size_t position) {
    for (size_t h = 0; h < heads; h++, x += m->hd)
        for (size_t i = 0; i < m->hd / 2; i++) {
            double angle = (double)position * pow(m->base, -2.0 * (double)i / (double)m->hd), c = cos(angle), s = sin(angle);
            double *p = m->neox ? x + i : x + 2 * i, *q = m->neox ? x + i + m->hd / 2 : x + 2 * i + 1, p0 = *p, q0 = *q;
            *p = p0 * c - q0 * s;
            *q = p0 * s + q0 * c;
        }
}
/* keys and values of each layer: [layer][token][kv width] */
static double ref_k[REF_LAYERS][REF_TOKENS][REF_WIDTH], ref_v[REF_LAYERS][REF_TOKENS][REF_WIDTH];

static inline void ref_attend(const ref_model *m, size_t layer, const double *q, size_t begin, size_t t, double *out) {
    for (size_t h = 0; h < m->heads; h++) {
        size_t kv = h / (m->heads / m->kv_heads) * m->hd;
        double p[REF_TOKENS], sum = 0;
        for (size_t j = begin; j <= t; j++) {
            double dot = 0;
            for (size_t i = 0; i < m->hd; i++) dot += q[h * m->hd + i] * ref_k[layer][j][kv + i];
            sum += p[j] = exp(dot / sqrt((double)m->hd));
        }
        for (size_t i = 0; i < m->hd; i++) {
            out[h * m->hd + i] = 0;
            for (size_t j = begin; j <= t; j++) out[h * m->hd + i] += p[j] / sum * ref_v[layer][j][kv + i];
        }
    }
}
/* sum of -log p over learned tokens (flags: 1 learn, 2 a document begins) */
static inline double ref_loss(const ref_model *m, const int32_t *ids, const uint8_t *flags, size_t n) {
    double x[REF_WIDTH], h[REF_WIDTH], q[REF_WIDTH], o[REF_WIDTH], g[REF_WIDTH], u[REF_WIDTH], loss = 0;
    size_t qd = m->heads * m->hd, kd = m->kv_heads * m->hd, begin = 0;
    for (size_t t = 0; t < n; t++) {
        if (flags[t] & 2) begin = t;
        for (size_t i = 0; i < m->d; i++) x[i] = m->embd[(size_t)ids[t] * m->d + i];
        for (size_t l = 0; l < m->layers; l++) {
            ref_norm(m, x, m->attn[l], m->d, h);
            ref_linear(m, l, 0, h, m->d, qd, q);
            ref_linear(m, l, 1, h, m->d, kd, ref_k[l][t]);
            ref_linear(m, l, 2, h, m->d, kd, ref_v[l][t]);
            ref_turn(m, q, m->heads, t - begin);
            ref_turn(m, ref_k[l][t], m->kv_heads, t - begin);
            ref_attend(m, l, q, begin, t, o);
            if (m->attn_sub[l]) ref_norm(m, o, m->attn_sub[l], qd, o);
            ref_linear(m, l, 3, o, qd, m->d, h);
            for (size_t i = 0; i < m->d; i++) x[i] += h[i];
            ref_norm(m, x, m->ffn[l], m->d, h);
            ref_linear(m, l, 4, h, m->d, m->ff, g);
            ref_linear(m, l, 5, h, m->d, m->ff, u);
            for (size_t i = 0; i < m->ff; i++) g[i] = g[i] / (1.0 + exp(-g[i])) * u[i];
            if (m->ffn_sub[l]) ref_norm(m, g, m->ffn_sub[l], m->ff, g);
            ref_linear(m, l, 6, g, m->ff, m->d, h);
            for (size_t i = 0; i < m->d; i++) x[i] += h[i];
        }
        if (t + 1 == n || (flags[t + 1] & 2) || !(flags[t + 1] & 1)) continue;
        ref_norm(m, x, m->out_norm, m->d, h);
        double sum = 0, want = 0;
        for (size_t v = 0; v < m->vocab; v++) {
            double y = 0;
            for (size_t i = 0; i < m->d; i++) y += m->head[v * m->d + i] * h[i];
            sum += exp(y);
            if (v == (size_t)ids[t + 1]) want = y;
        }
        loss += log(sum) - want;
    }
    return loss;
}
#endif
