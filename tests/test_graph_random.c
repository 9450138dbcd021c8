/* The graph on small random models of every kind of layer, hyper-parameters drawn by a seed (odd head widths, windows across
 * pages, few kv heads), against a plain forward pass in double written here straight from the formulas. The models are
 * filled in by hand, so the loader has no part in it. */
#include "t.h"
#include "engine/base/fmath.h"
#include "engine/session.h"

enum { N = 150, VOCAB = 40, LAYERS = 3, MAX_D = 128, MAX_W = 1280 }; /* 9 query heads, 3 of keys and 3 of values, of 80 */

static uint64_t state;
static uint32_t next_random(uint32_t n) { /* splitmix64 */
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) >> 33) % n;
}
static float next_value(double size) { return (float)(((double)next_random(1u << 20) / (1 << 19) - 1.0) * size); }
static bool coin(void) { return next_random(2) == 0; }

/* --- filling a model ----------------------------------------------------------------------------------------------------- */
static void *blocks[4096];
static size_t n_blocks;
static void *keep(size_t bytes) {
    void *p = NULL;
    if (n_blocks == 4096 || posix_memalign(&p, 64, bytes + 64) != 0) abort();
    memset(p, 0, bytes + 64);
    return blocks[n_blocks++] = p;
}
static const float *vector_of(size_t n, double middle, double size) {
    float *v = (float *)keep(n * sizeof(float));
    for (size_t i = 0; i < n; i++) v[i] = (float)middle + next_value(size);
    return v;
}
/* the plain weights stand behind the kernel's own layout, found again by weights_of */
typedef struct plain { const uint8_t *data; const float *w; } plain;
static plain plains[512];
static size_t n_plains;
static const float *weights_of(const hr_matrix *m) {
    for (size_t i = 0; i < n_plains; i++)
        if (plains[i].data == m->data) return plains[i].w;
    abort();
}
static hr_matrix matrix_of(const hr_model *m, size_t rows, size_t k, size_t n_mats, bool bias) {
    hr_matrix x;
    memset(&x, 0, sizeof x);
    const float *w = vector_of(rows * k * n_mats, 0, 1.7 / sqrt((double)k));
    uint64_t bytes = rows * k * 4;
    x.format = hr_format_of(HR_TYPE_F32);
    x.op = HR_OP_matmul_f32;
    x.rows = rows, x.k = k, x.n_mats = n_mats, x.nr = m->kernels.chosen[x.op]->nr;
    x.scale = next_random(4) ? 1.0f : 0.5f + next_value(0.25);
    x.bias = bias ? vector_of(rows * n_mats, 0, 0.3) : NULL;
    if (x.nr != 1) hr_pack_bytes(x.format, rows, k, &bytes);
    x.mat_bytes = bytes;
    uint8_t *data = (uint8_t *)keep(bytes * n_mats);
    for (size_t e = 0; e < n_mats; e++) {
        if (x.nr == 1) memcpy(data + e * bytes, w + e * rows * k, bytes);
        else hr_pack_rows(x.format, w + e * rows * k, 0, rows, k, data + e * bytes);
    }
    x.data = data;
    plains[n_plains].data = data;
    plains[n_plains++].w = w;
    return x;
}
static hr_norm norm_of(const hr_model *m, size_t n, size_t heads) {
    hr_norm x = {vector_of(n * heads, 1, 0.4), m->hp.layer_norm && coin() ? vector_of(n * heads, 0, 0.2) : NULL, n, heads};
    return x;
}

static void fill_ffn(const hr_model *m, hr_layer *l, size_t d, bool bias) {
    const hr_hparams *hp = &m->hp;
    bool gate = hp->ffn_fused ? false : coin();
    if (hp->n_expert > 0 && coin()) {
        size_t ff = hp->n_ff_expert;
        l->router = matrix_of(m, hp->n_expert, d, 1, bias);
        if (gate) l->gate_exps = matrix_of(m, ff, d, hp->n_expert, bias);
        l->up_exps = matrix_of(m, ff, d, hp->n_expert, bias);
        l->down_exps = matrix_of(m, d, ff, hp->n_expert, bias);
        if (hp->n_ff_shexp > 0) {
            l->gate_shexp = matrix_of(m, hp->n_ff_shexp, d, 1, false);
            l->up_shexp = matrix_of(m, hp->n_ff_shexp, d, 1, false);
            l->down_shexp = matrix_of(m, d, hp->n_ff_shexp, 1, false);
            l->shexp_gate = coin() ? vector_of(d, 0, 0.3) : NULL;
        }
        return;
    }
    if (gate) l->gate = matrix_of(m, l->n_ff, d, 1, bias);
    l->up = matrix_of(m, hp->ffn_fused ? 2 * l->n_ff : l->n_ff, d, 1, bias);
    l->down = matrix_of(m, d, l->n_ff, 1, bias);
    if (coin()) l->ffn_sub_norm = norm_of(m, l->n_ff, 1);
}

static void fill_layer(const hr_model *m, hr_layer *l, size_t per_head) {
    const hr_hparams *hp = &m->hp;
    size_t d = hp->n_embd, dk = hp->head_dim_k, dv = hp->head_dim_v;
    bool bias = coin();
    l->n_head_kv = hp->n_head_kv, l->n_head = per_head * l->n_head_kv, l->n_ff = hp->n_ff;
    l->sliding = hp->window > 0 && coin();
    l->rope = next_random(4) > 0;
    if (!hp->post_norm && next_random(4)) l->attn_norm = norm_of(m, d, 1);
    size_t q = l->n_head * dk, k = l->n_head_kv * dk, v = l->n_head_kv * dv;
    if (coin()) l->qkv = matrix_of(m, q + k + v, d, 1, bias);
    else l->q = matrix_of(m, q, d, 1, bias), l->k = matrix_of(m, k, d, 1, false), l->v = matrix_of(m, v, d, 1, bias);
    l->o = matrix_of(m, d, l->n_head * dv, 1, bias);
    switch (next_random(4)) {
    case 0: l->q_norm = norm_of(m, dk, 1), l->k_norm = norm_of(m, dk, 1); break;
    case 1: l->q_norm = norm_of(m, q, 1), l->k_norm = norm_of(m, k, 1); break;
    case 2: l->q_norm = norm_of(m, dk, l->n_head), l->k_norm = norm_of(m, dk, l->n_head_kv); break;
    default: break;
    }
    if (coin()) l->attn_sub_norm = norm_of(m, l->n_head * dv, 1);
    if (coin()) l->sinks = vector_of(l->n_head, 0, 2);
    if (hp->post_norm || coin()) l->attn_post_norm = norm_of(m, d, 1);
    if (!hp->post_norm && coin()) l->ffn_norm = norm_of(m, d, 1);
    if (hp->post_norm || coin()) l->ffn_post_norm = norm_of(m, d, 1);
    fill_ffn(m, l, d, bias);
}

static void fill_rope(hr_rope_config *c, size_t dk) {
    memset(c, 0, sizeof *c);
    c->kind = coin() ? HR_ROPE_NORM : HR_ROPE_NEOX;
    c->n_rot = coin() ? dk : dk / 4 * 2;
    c->base = 1000.0 + next_random(50000);
    c->factor = coin() ? 1 : 4;
    c->scaling = c->factor > 1 && coin() ? HR_SCALING_YARN : HR_SCALING_LINEAR;
    c->attn_factor = coin() ? 1 : 1.2;
    c->orig_ctx = 64, c->ext_factor = 1, c->beta_fast = 32, c->beta_slow = 1;
    if (coin()) c->factors = vector_of(c->n_rot / 2, 2, 0.9);
}

static void fill_model(hr_model *m, hr_layer *layers) {
    static const size_t widths[] = {8, 16, 20, 24, 40, 80};
    hr_hparams *hp = &m->hp;
    hp->n_layer = LAYERS, hp->n_vocab = VOCAB, hp->n_ctx_train = N;
    hp->n_embd = 24 + 4 * next_random(20);
    hp->n_head_kv = 1 + next_random(3);
    size_t per_head = 1 + next_random(3);
    hp->n_head = per_head * hp->n_head_kv;
    hp->head_dim_k = widths[next_random(6)];
    hp->head_dim_v = coin() ? hp->head_dim_k : widths[next_random(6)];
    hp->n_ff = 20 + next_random(60);
    hp->layer_norm = coin();
    hp->norm_eps = 1e-5f;
    hp->attn_scale = 1.0f / sqrtf((float)hp->head_dim_k);
    hp->attn_softcap = next_random(3) ? 0 : 3, hp->final_softcap = next_random(3) ? 0 : 5;
    hp->embedding_scale = coin() ? 1 : 1.5f, hp->residual_scale = coin() ? 1 : 0.7f, hp->logit_scale = coin() ? 1 : 0.8f;
    hp->expert_scale = coin() ? 1 : 1.3f;
    hp->n_expert = coin() ? 5 : 0, hp->n_expert_used = hp->n_expert ? 1 + next_random(4) : 0;
    hp->n_ff_expert = hp->n_expert ? 12 + next_random(40) : 0, hp->n_ff_shexp = hp->n_expert && coin() ? 28 : 0;
    hp->gating = (hr_expert_gating)next_random(3), hp->expert_renorm = coin();
    hp->act = (hr_ffn_act)next_random(4);
    hp->ffn_fused = next_random(4) == 0;
    hp->parallel_residual = next_random(4) == 0;
    hp->post_norm = !hp->parallel_residual && next_random(4) == 0;
    hp->causal = true;
    hp->window = coin() ? 5 + next_random(120) : 0;
    for (int i = 0; i < 2; i++) fill_rope(&hp->rope[i], hp->head_dim_k);
    m->layers = layers;
    m->token_embd = matrix_of(m, VOCAB, hp->n_embd, 1, false);
    m->token_embd.nr = 1;
    m->token_embd.data = (const uint8_t *)vector_of(VOCAB * hp->n_embd, 0, 1);
    if (coin()) m->pos_embd = vector_of(N * hp->n_embd, 0, 0.5);
    if (coin()) m->type_embd = vector_of(hp->n_embd, 0, 0.5);
    if (coin()) m->embd_norm = norm_of(m, hp->n_embd, 1);
    m->output_norm = norm_of(m, hp->n_embd, 1);
    m->output = matrix_of(m, VOCAB, hp->n_embd, 1, coin());
    for (size_t i = 0; i < LAYERS; i++) fill_layer(m, &layers[i], per_head);
}

/* --- the forward pass in double ------------------------------------------------------------------------------------------------ */
static double keys[LAYERS][N][MAX_W], values[LAYERS][N][MAX_W];

static void times(const hr_matrix *m, size_t e, const double *x, double *y) {
    const float *w = weights_of(m) + e * m->rows * m->k;
    for (size_t r = 0; r < m->rows; r++) {
        double s = 0;
        for (size_t i = 0; i < m->k; i++) s += (double)w[r * m->k + i] * x[i];
        y[r] = s * (double)m->scale + (m->bias ? (double)m->bias[e * m->rows + r] : 0);
    }
}
static void norm(const hr_hparams *hp, const hr_norm *w, size_t head, double *x, size_t n) {
    double mean = 0, ss = 0;
    if (!w->weight) return;
    for (size_t i = 0; i < n && hp->layer_norm; i++) mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) ss += (x[i] - mean) * (x[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++) {
        x[i] = (x[i] - mean) / sqrt(ss + (double)hp->norm_eps) * (double)w->weight[head * n + i];
        if (w->bias) x[i] += (double)w->bias[head * n + i];
    }
}
static void norm_each(const hr_hparams *hp, const hr_norm *w, double *x, size_t heads, size_t dk) {
    if (w->n == heads * dk && w->heads == 1) norm(hp, w, 0, x, w->n);
    else for (size_t h = 0; h < heads; h++) norm(hp, w, w->heads > 1 ? h : 0, x + h * dk, dk);
}
static double activate(hr_ffn_act act, double g) {
    if (act == HR_FFN_SILU) return g / (1 + exp(-g));
    if (act == HR_FFN_GELU_TANH) return 0.5 * g * (1 + tanh(sqrt(2 / M_PI) * (g + 0.044715 * g * g * g)));
    if (act == HR_FFN_GELU_ERF) return 0.5 * g * (1 + erf(g / sqrt(2)));
    return g > 0 ? g * g : 0;
}
static void turn(const hr_rope_config *c, double *x, size_t position) {
    double n = (double)c->n_rot, scale = c->attn_factor;
    bool yarn = c->scaling == HR_SCALING_YARN;
    if (yarn) scale *= 1 + 0.1 * log(c->factor);
    for (size_t i = 0; i < c->n_rot / 2; i++) {
        double f = pow(c->base, -2.0 * (double)i / n) / (c->factors ? (double)c->factors[i] : 1), mix = 0;
        if (yarn) {
            double lo = floor(n * log(c->orig_ctx / (32 * 2 * M_PI)) / (2 * log(c->base)));
            double hi = ceil(n * log(c->orig_ctx / (2 * M_PI)) / (2 * log(c->base)));
            lo = fmax(lo, 0), hi = fmin(hi, n - 1);
            mix = 1 - fmin(1, fmax(0, ((double)i - lo) / fmax(0.001, hi - lo)));
        }
        double a = (double)position * (f / c->factor * (1 - mix) + f * mix), cs = cos(a) * scale, sn = sin(a) * scale;
        double *p = c->kind == HR_ROPE_NORM ? &x[2 * i] : &x[i], *q = c->kind == HR_ROPE_NORM ? p + 1 : &x[i + c->n_rot / 2];
        double p0 = *p, q0 = *q;
        *p = p0 * cs - q0 * sn;
        *q = p0 * sn + q0 * cs;
    }
}
static void attend(const hr_model *m, const hr_layer *l, size_t li, size_t t, const double *q, double *out) {
    const hr_hparams *hp = &m->hp;
    size_t dk = hp->head_dim_k, dv = hp->head_dim_v, first = l->sliding && t + 1 > hp->window ? t + 1 - hp->window : 0;
    for (size_t h = 0; h < l->n_head; h++) {
        size_t g = h / (l->n_head / l->n_head_kv);
        double p[N], sum = l->sinks ? exp((double)l->sinks[h]) : 0;
        for (size_t j = first; j <= t; j++) {
            double s = 0;
            for (size_t i = 0; i < dk; i++) s += q[h * dk + i] * keys[li][j][g * dk + i];
            s *= (double)hp->attn_scale;
            if (hp->attn_softcap > 0) s = (double)hp->attn_softcap * tanh(s / (double)hp->attn_softcap);
            sum += p[j] = exp(s);
        }
        for (size_t i = 0; i < dv; i++) {
            out[h * dv + i] = 0;
            for (size_t j = first; j <= t; j++) out[h * dv + i] += p[j] / sum * values[li][j][g * dv + i];
        }
    }
}
static void gated(const hr_model *m, const double *g, const double *u, size_t n, double *y) {
    for (size_t i = 0; i < n; i++) y[i] = activate(m->hp.act, g[i]) * (u ? u[i] : 1);
}
/* false: two experts are so near that rounding may choose either */
static bool experts(const hr_model *m, const hr_layer *l, const double *x, double *y) {
    const hr_hparams *hp = &m->hp;
    double r[8], w[8], u[MAX_W], g[MAX_W], o[MAX_D], sum = 0;
    bool taken[8] = {false}, clear = true;
    size_t chosen[8];
    times(&l->router, 0, x, r);
    for (size_t k = 0; k < hp->n_expert_used; k++) {
        size_t best = 8;
        double second = -1e9;
        for (size_t e = 0; e < hp->n_expert; e++)
            if (!taken[e] && (best == 8 || r[e] > r[best])) best = e;
        for (size_t e = 0; e < hp->n_expert; e++)
            if (!taken[e] && e != best) second = fmax(second, r[e]);
        clear = clear && r[best] - second > 1e-4;
        taken[chosen[k] = best] = true;
    }
    for (size_t e = 0; e < hp->n_expert; e++) sum += exp(r[e]);
    for (size_t k = 0; k < hp->n_expert_used; k++) {
        double v = r[chosen[k]];
        w[k] = hp->gating == HR_GATE_SIGMOID ? 1 / (1 + exp(-v)) : hp->gating == HR_GATE_SOFTMAX ? exp(v) / sum : exp(v);
    }
    sum = 0;
    for (size_t k = 0; k < hp->n_expert_used; k++) sum += w[k];
    memset(y, 0, hp->n_embd * sizeof *y);
    for (size_t k = 0; k < hp->n_expert_used; k++) {
        if (hp->gating == HR_GATE_SOFTMAX_CHOSEN || hp->expert_renorm) w[k] /= sum;
        times(&l->up_exps, chosen[k], x, u);
        if (l->gate_exps.data) times(&l->gate_exps, chosen[k], x, g);
        gated(m, l->gate_exps.data ? g : u, l->gate_exps.data ? u : NULL, hp->n_ff_expert, u);
        times(&l->down_exps, chosen[k], u, o);
        for (size_t i = 0; i < hp->n_embd; i++) y[i] += o[i] * w[k] * (double)hp->expert_scale;
    }
    if (!l->up_shexp.data) return clear;
    double scale = 0;
    for (size_t i = 0; i < hp->n_embd && l->shexp_gate; i++) scale += (double)l->shexp_gate[i] * x[i];
    times(&l->gate_shexp, 0, x, g);
    times(&l->up_shexp, 0, x, u);
    gated(m, g, u, hp->n_ff_shexp, u);
    times(&l->down_shexp, 0, u, o);
    for (size_t i = 0; i < hp->n_embd; i++) y[i] += o[i] * (l->shexp_gate ? 1 / (1 + exp(-scale)) : 1);
    return clear;
}
static bool feed_forward(const hr_model *m, const hr_layer *l, const double *x, double *y) {
    double g[MAX_W], u[MAX_W];
    if (l->router.data) return experts(m, l, x, y);
    times(&l->up, 0, x, u);
    if (l->gate.data) times(&l->gate, 0, x, g), gated(m, g, u, l->n_ff, u);
    else gated(m, u, m->hp.ffn_fused ? u + l->n_ff : NULL, l->n_ff, u);
    norm(&m->hp, &l->ffn_sub_norm, 0, u, l->n_ff);
    times(&l->down, 0, u, y);
    return true;
}
static bool layer_pass(const hr_model *m, size_t li, size_t t, double *x) {
    const hr_hparams *hp = &m->hp;
    const hr_layer *l = &m->layers[li];
    const hr_norm none = {NULL, NULL, 0, 0}, *before = hp->post_norm ? &none : &l->attn_post_norm;
    size_t d = hp->n_embd, dk = hp->head_dim_k, nq = l->n_head * dk, nk = l->n_head_kv * dk;
    double h[MAX_D], y[MAX_D], qkv[MAX_W], a[MAX_W], z[MAX_D];
    memcpy(h, x, d * sizeof *h);
    norm(hp, &l->attn_norm, 0, h, d);
    if (l->qkv.data) times(&l->qkv, 0, h, qkv);
    else times(&l->q, 0, h, qkv), times(&l->k, 0, h, qkv + nq), times(&l->v, 0, h, qkv + nq + nk);
    norm_each(hp, &l->q_norm, qkv, l->n_head, dk);
    norm_each(hp, &l->k_norm, qkv + nq, l->n_head_kv, dk);
    for (size_t i = 0; i < l->n_head + l->n_head_kv && l->rope; i++) turn(&hp->rope[l->sliding], qkv + i * dk, t);
    memcpy(keys[li][t], qkv + nq, nk * sizeof *qkv);
    memcpy(values[li][t], qkv + nq + nk, l->n_head_kv * hp->head_dim_v * sizeof *qkv);
    attend(m, l, li, t, qkv, a);
    norm(hp, &l->attn_sub_norm, 0, a, l->n_head * hp->head_dim_v);
    times(&l->o, 0, a, y);
    norm(hp, before, 0, y, d);
    memcpy(z, x, d * sizeof *z);
    for (size_t i = 0; i < d; i++) x[i] += y[i] * (double)hp->residual_scale;
    if (hp->post_norm) norm(hp, &l->attn_post_norm, 0, x, d);
    if (!hp->parallel_residual) memcpy(z, x, d * sizeof *z);
    else if (!l->ffn_norm.weight) memcpy(z, h, d * sizeof *z);
    norm(hp, &l->ffn_norm, 0, z, d);
    bool clear = feed_forward(m, l, z, y);
    norm(hp, hp->post_norm ? &none : &l->ffn_post_norm, 0, y, d);
    for (size_t i = 0; i < d; i++) x[i] += y[i] * (double)hp->residual_scale;
    if (hp->post_norm) norm(hp, &l->ffn_post_norm, 0, x, d);
    return clear;
}
static bool forward(const hr_model *m, const int32_t *ids, size_t t, double *logits) {
    const hr_hparams *hp = &m->hp;
    double x[MAX_D];
    bool clear = true;
    for (size_t i = 0; i < hp->n_embd; i++) {
        x[i] = (double)((const float *)(const void *)m->token_embd.data)[(size_t)ids[t] * hp->n_embd + i];
        x[i] *= (double)hp->embedding_scale;
        if (m->type_embd) x[i] += (double)m->type_embd[i];
        if (m->pos_embd) x[i] += (double)m->pos_embd[t * hp->n_embd + i];
    }
    norm(hp, &m->embd_norm, 0, x, hp->n_embd);
    for (size_t i = 0; i < LAYERS; i++) clear = layer_pass(m, i, t, x) && clear;
    norm(hp, &m->output_norm, 0, x, hp->n_embd);
    times(&m->output, 0, x, logits);
    for (size_t i = 0; i < VOCAB; i++) {
        logits[i] *= (double)hp->logit_scale;
        if (hp->final_softcap > 0) logits[i] = (double)hp->final_softcap * tanh(logits[i] / (double)hp->final_softcap);
    }
    return clear;
}

/* --- both ------------------------------------------------------------------------------------------------------------------------- */
/* f32 against double: sums of at most 300 terms round by some 300 * 2^-24 = 2e-5 of their size; five times that for what
 * layers add up. */
static bool check_model(uint64_t seed, double *worst) {
    static hr_layer layers[LAYERS];
    static hr_model m;
    int32_t ids[N];
    state = seed;
    memset(layers, 0, sizeof layers);
    memset(&m, 0, sizeof m);
    n_plains = 0;
    hr_error err;
    hearth_error herr;
    void *scratch = keep(hr_kernels_scratch_bytes());
    T_EQ_I(hr_kernels_choose(&m.kernels, HEARTH_ISA_ALL, false, scratch, NULL, NULL, &err), HR_OK);
    m.threads = 2;
    T_EQ_I(hr_pool_start(keep(hr_pool_bytes(2)), 2, NULL, NULL, &m.pool, &err), HR_OK);
    m.allocator = *hr_allocator_default();
    fill_model(&m, layers);
    hearth_session_config c = HEARTH_SESSION_CONFIG_INIT;
    hearth_session *s = NULL;
    c.ctx_tokens = N, c.logits_rows = N, c.batch_tokens = 37;
    bool clear = true, ok = T_EQ_I(hearth_session_open((hearth_model *)(void *)&m, &c, &s, &herr), HEARTH_OK);
    for (size_t i = 0; i < N; i++) ids[i] = (int32_t)next_random(VOCAB);
    ok = ok && T_EQ_I(hearth_feed(s, ids, N, N, &herr), HEARTH_OK);
    *worst = 0;
    for (size_t t = 0; ok && clear && t < N; t++) {
        double want[VOCAB];
        clear = forward(&m, ids, t, want);
        for (size_t i = 0; i < VOCAB && clear; i++) {
            double e = fabs(want[i] - (double)hearth_logits(s, t)[i]) / (1 + fabs(want[i]));
            if (!(e <= *worst)) *worst = e;
        }
    }
    hearth_session_close(s);
    hr_pool_stop(m.pool);
    while (n_blocks > 0) free(blocks[--n_blocks]);
    return clear;
}

T_TEST(random_models) {
    double largest = 0, worst;
    int judged = 0;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        judged += check_model(seed * 977, &worst); /* where rounding may choose the expert: the tokens before it */
        if (!(worst <= 1e-4)) T_FAIL("seed %d: off by %.3g", (int)seed, worst);
        largest = worst > largest ? worst : largest;
    }
    printf("    largest difference %.2e; %d of 120 models to the last token\n", largest, judged);
    T_CHECK(judged >= 60);
}

T_MAIN(T_RUN(random_models))
