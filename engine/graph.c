/* graph.c: one forward pass over a batch of tokens. One builder for every architecture: what differs is which tensors and
 * numbers the model holds (model.h). A layer is a few runs over the pool: rows of tokens, or units of matrix products. */
#include "engine/base/fmath.h"
#include "engine/session.h"

enum { GRAPH_LOGITS_PART = 4096 };

typedef struct graph_run {
    hr_session *s;
    const hr_batch *b;
    const hr_layer *layer; /* at hand */
    size_t index;          /* of the layer */
    size_t t0;             /* tokens [t0, m) are still carried */
    bool last;
    bool fast;             /* products at hand by the fast kernels */
    hr_fast_act tiles;     /* what they read */
} graph_run;

/* --- activations ------------------------------------------------------------------------------------------------------------- */
void hr_a8_init(hr_a8 *a, hr_arena *arena, size_t rows, size_t k) {
    size_t kq = hr_act_kq(k);
    a->q = (int8_t *)hr_arena_alloc(arena, rows * kq, 1, HR_ARENA_ALIGN);
    a->d = (float *)hr_arena_alloc(arena, rows * (kq / 32), sizeof(float), HR_ARENA_ALIGN);
    a->ds = (float *)hr_arena_alloc(arena, rows * (kq / 32), sizeof(float), HR_ARENA_ALIGN);
    a->s16 = (int16_t *)hr_arena_alloc(arena, rows * (kq / 16), sizeof(int16_t), HR_ARENA_ALIGN);
}

void hr_a8_row(const hr_kernels *ks, hr_a8 *a, size_t t, const float *x, size_t k) {
    size_t kq = hr_act_kq(k);
    ks->quant_a8(x, k, a->q + t * kq, a->d + t * (kq / 32), a->ds + t * (kq / 32), a->s16 + t * (kq / 16));
}

void hr_a8_fast_row(const hr_kernels *ks, hr_a8 *a, size_t t, const float *x, size_t k) {
    size_t tile = t / HR_FAST_TILE, lane = t % HR_FAST_TILE, at = tile * HR_FAST_TILE * hr_div_up(k, HR_FAST_BLOCK) + lane;
    ks->quant_fast(x, k, a->q + tile * HR_FAST_TILE * k + 4 * lane, a->d + at, (int32_t *)(void *)a->ds + at);
}

hr_act hr_act_of(const float *f, size_t f_stride, const hr_a8 *a, size_t m, size_t k) {
    hr_act x = {m, k, f, f_stride, a->q, a->d, a->ds, a->s16};
    return x;
}

/* row t of the input of the next products: the last layer's ends, whose rows depend on what the caller wants to see, and
 * experts are exact in the fast mode too */
static void quant_row(graph_run *r, size_t t, const float *x, size_t k) {
    if (r->fast && k % 32 == 0) hr_a8_fast_row(&r->s->model->kernels, &r->s->a8, t, x, k);
    else hr_a8_row(&r->s->model->kernels, &r->s->a8, t, x, k);
}

static hr_job job_on(graph_run *r, const hr_matrix *w, const hr_act *x, float *y, size_t y_stride) {
    hr_job j = hr_job_of(w, *x, y, y_stride);
    const hr_a8 *a = &r->s->a8;
    if (r->fast && x->k % 32 == 0) {
        hr_fast_act tiles = {x->m, x->k, a->q, a->d, (const int32_t *)(const void *)a->ds};
        r->tiles = tiles;
        j.fast = &r->tiles;
    }
    return j;
}

void hr_ffn_activate(const hr_model *m, const float *gate, const float *up, size_t n, float *out) {
    const hr_kernels *ks = &m->kernels;
    switch (m->hp.act) {
    case HR_FFN_SILU: ks->silu(gate, up, n, out); break;
    case HR_FFN_GELU_TANH: ks->gelu_tanh(gate, up, n, out); break;
    case HR_FFN_GELU_ERF: ks->gelu_erf(gate, up, n, out); break;
    case HR_FFN_RELU2: ks->relu2(gate, up, n, out); break;
    case HR_FFN_SWIGLU_OAI: ks->swiglu_oai(gate, up, n, out); break;
    }
}

static void norm_rows(const hr_model *m, const hr_norm *w, const float *x, size_t n, float *y) {
    hr_norm_fn *norm = m->hp.layer_norm ? m->kernels.layernorm : m->kernels.rmsnorm;
    norm(x, w->weight, w->bias, m->hp.norm_eps, n, y);
}

/* --- embedding ------------------------------------------------------------------------------------------------------------------ */
static void embed_token(void *ctx, size_t t, int thread) {
    graph_run *r = (graph_run *)ctx;
    hr_session *s = r->s;
    const hr_model *m = s->model;
    size_t d = m->hp.n_embd, position = hr_batch_position(r->b, t);
    float *x = s->x + t * d;
    hr_model_embed_row(m, (size_t)r->b->tokens[t], x, s->row_scratch + (size_t)thread * s->row_scratch_bytes);
    if (m->hp.embedding_scale != 1.0f) {
        for (size_t i = 0; i < d; i++) x[i] *= m->hp.embedding_scale;
    }
    if (m->type_embd != NULL) {
        for (size_t i = 0; i < d; i++) x[i] += m->type_embd[i];
    }
    if (m->pos_embd != NULL) {
        for (size_t i = 0; i < d; i++) x[i] += m->pos_embd[position * d + i];
    }
    if (m->embd_norm.weight != NULL) norm_rows(m, &m->embd_norm, x, d, x);
    for (size_t i = 0; i < HR_COUNT(s->rope); i++) hr_rope_fill(&s->rope[i], t, position);
}

/* --- attention ------------------------------------------------------------------------------------------------------------------- */
static void norm_attention_input(void *ctx, size_t t, int thread) {
    graph_run *r = (graph_run *)ctx;
    hr_session *s = r->s;
    size_t d = s->model->hp.n_embd;
    float *x = s->x + t * d, *h = s->h + t * d;
    (void)thread;
    if (r->layer->attn_norm.weight != NULL) norm_rows(s->model, &r->layer->attn_norm, x, d, h);
    else memcpy(h, x, d * sizeof(float));
    quant_row(r, t, h, d);
}

static void norm_heads(const hr_model *m, const hr_norm *w, float *x, size_t heads, size_t width) {
    if (w->weight == NULL) return;
    if (w->n == heads * width && w->heads <= 1 && w->n != width) { /* the whole row at once (olmo2) */
        norm_rows(m, w, x, w->n, x);
        return;
    }
    for (size_t h = 0; h < heads; h++, x += width) {
        hr_norm one = *w;
        if (w->heads > 1) {
            one.weight += h * w->n;
            if (one.bias != NULL) one.bias += h * w->n;
        }
        norm_rows(m, &one, x, width, x);
    }
}

/* q and k normed and turned, k and v into the cache */
static void place_keys(void *ctx, size_t t, int thread) {
    graph_run *r = (graph_run *)ctx;
    hr_session *s = r->s;
    const hr_model *m = s->model;
    const hr_layer *l = r->layer;
    (void)thread;
    size_t dk = m->hp.head_dim_k;
    float *q = s->qkv + t * s->qkv_width, *k = q + l->n_head * dk, *v = k + l->n_head_kv * dk;
    norm_heads(m, &l->q_norm, q, l->n_head, dk);
    norm_heads(m, &l->k_norm, k, l->n_head_kv, dk);
    const hr_rope_config *c = &m->hp.rope[l->sliding ? 1 : 0];
    const hr_rope_table *table = &s->rope[l->sliding ? 1 : 0];
    if (l->rope && c->kind != HR_ROPE_NONE) {
        hr_rope_fn *rope = c->kind == HR_ROPE_NORM ? m->kernels.rope_norm : m->kernels.rope_neox;
        const float *cosv = table->cosv + t * table->half, *sinv = table->sinv + t * table->half;
        rope(q, l->n_head, dk, c->n_rot, cosv, sinv);
        rope(k, l->n_head_kv, dk, c->n_rot, cosv, sinv);
    }
    hr_kv_write(hr_batch_owner(r->b, s, t), r->index, hr_batch_position(r->b, t), k, v);
}

static void quant_attention_output(void *ctx, size_t i, int thread) {
    graph_run *r = (graph_run *)ctx;
    hr_session *s = r->s;
    size_t t = r->t0 + i, n = r->layer->o.k;
    float *a = s->attn + t * s->attn_width;
    (void)thread;
    if (r->layer->attn_sub_norm.weight != NULL) norm_rows(s->model, &r->layer->attn_sub_norm, a, n, a);
    quant_row(r, i, a, n);
}

static void project_qkv(graph_run *r) {
    hr_session *s = r->s;
    const hr_layer *l = r->layer;
    size_t d = s->model->hp.n_embd;
    hr_act x = hr_act_of(s->h, d, &s->a8, r->b->m, d);
    if (l->qkv.data != NULL) {
        hr_job job = job_on(r, &l->qkv, &x, s->qkv, s->qkv_width);
        hr_run_jobs(s, &job, 1);
        return;
    }
    hr_job jobs[3] = {job_on(r, &l->q, &x, s->qkv, s->qkv_width), job_on(r, &l->k, &x, s->qkv + l->q.rows, s->qkv_width),
                      job_on(r, &l->v, &x, s->qkv + l->q.rows + l->k.rows, s->qkv_width)};
    hr_run_jobs(s, jobs, 3);
}

static void attention_block(graph_run *r) {
    hr_session *s = r->s;
    size_t d = s->model->hp.n_embd, m = r->b->m;
    r->fast = r->b->fast;
    hr_run_tokens(s, m, norm_attention_input, r);
    project_qkv(r);
    hr_run_tokens(s, m, place_keys, r);
    if (r->last) r->fast = false;
    if (r->last) r->t0 = m - r->b->need; /* the other rows have given their keys and values: no more is needed of them */
    if (r->t0 == m) return;
    hr_attention(s, r->b, r->index, r->t0, m);
    hr_run_tokens(s, m - r->t0, quant_attention_output, r);
    const hr_matrix *o = &r->layer->o;
    hr_act x = hr_act_of(s->attn + r->t0 * s->attn_width, s->attn_width, &s->a8, m - r->t0, o->k);
    hr_job job = job_on(r, o, &x, s->branch + r->t0 * d, d);
    hr_run_jobs(s, &job, 1);
}

/* --- residual adds and the feed-forward block --------------------------------------------------------------------------------------- */
/* x += branch, with the norms that stand before or after the sum */
static void add_branch(hr_session *s, const hr_norm *post, float *x, float *branch) {
    const hr_hparams *hp = &s->model->hp;
    size_t d = hp->n_embd;
    if (post->weight != NULL && !hp->post_norm) norm_rows(s->model, post, branch, d, branch);
    for (size_t i = 0; i < d; i++) x[i] += hp->residual_scale == 1.0f ? branch[i] : branch[i] * hp->residual_scale;
    if (post->weight != NULL && hp->post_norm) norm_rows(s->model, post, x, d, x);
}

static void begin_ffn(void *ctx, size_t i, int thread) {
    graph_run *r = (graph_run *)ctx;
    hr_session *s = r->s;
    const hr_hparams *hp = &s->model->hp;
    size_t d = hp->n_embd, t = r->t0 + i;
    float *x = s->x + t * d, *h = s->h + t * d;
    (void)thread;
    if (!hp->parallel_residual) add_branch(s, &r->layer->attn_post_norm, x, s->branch + t * d);
    if (r->layer->ffn_norm.weight != NULL) norm_rows(s->model, &r->layer->ffn_norm, x, d, h);
    else if (!hp->parallel_residual) memcpy(h, x, d * sizeof(float)); /* else h is still the attention's input */
    if (hp->parallel_residual) add_branch(s, &r->layer->attn_post_norm, x, s->branch + t * d);
    quant_row(r, i, h, d);
}

static void activate_ffn(void *ctx, size_t i, int thread) {
    graph_run *r = (graph_run *)ctx;
    hr_session *s = r->s;
    const hr_layer *l = r->layer;
    size_t ff = l->down.k;
    float *g = s->ffn + (r->t0 + i) * s->ffn_width;
    bool gated = l->gate.data != NULL || s->model->hp.ffn_fused;
    (void)thread;
    hr_ffn_activate(s->model, g, gated ? g + ff : NULL, ff, g);
    if (l->ffn_sub_norm.weight != NULL) norm_rows(s->model, &l->ffn_sub_norm, g, ff, g);
    quant_row(r, i, g, ff);
}

static void end_layer(void *ctx, size_t i, int thread) {
    graph_run *r = (graph_run *)ctx;
    hr_session *s = r->s;
    size_t d = s->model->hp.n_embd, t = r->t0 + i;
    (void)thread;
    add_branch(s, &r->layer->ffn_post_norm, s->x + t * d, s->branch + t * d);
}

static void dense_ffn(graph_run *r, const hr_act *x) {
    hr_session *s = r->s;
    const hr_layer *l = r->layer;
    size_t d = s->model->hp.n_embd, n = r->b->m - r->t0, ff = l->down.k;
    float *g = s->ffn + r->t0 * s->ffn_width;
    if (l->gate.data != NULL) {
        hr_job jobs[2] = {job_on(r, &l->gate, x, g, s->ffn_width), job_on(r, &l->up, x, g + ff, s->ffn_width)};
        hr_run_jobs(s, jobs, 2);
    } else {
        hr_job job = job_on(r, &l->up, x, g, s->ffn_width);
        hr_run_jobs(s, &job, 1);
    }
    hr_run_tokens(s, n, activate_ffn, r);
    hr_act mid = hr_act_of(g, s->ffn_width, &s->a8, n, ff);
    hr_job down = job_on(r, &l->down, &mid, s->branch + r->t0 * d, d);
    hr_run_jobs(s, &down, 1);
}

static void run_layer(graph_run *r) {
    hr_session *s = r->s;
    size_t d = s->model->hp.n_embd, m = r->b->m;
    attention_block(r);
    size_t n = m - r->t0;
    if (n == 0) return;
    if (r->layer->router.data != NULL) r->fast = false;
    hr_run_tokens(s, n, begin_ffn, r);
    hr_act x = hr_act_of(s->h + r->t0 * d, d, &s->a8, n, d);
    if (r->layer->router.data != NULL) {
        hr_moe(s, r->layer, s->h + r->t0 * d, &x, n, s->branch + r->t0 * d);
    } else {
        dense_ffn(r, &x);
    }
    hr_run_tokens(s, n, end_layer, r);
}

/* --- the end of the graph ------------------------------------------------------------------------------------------------------------- */
static void norm_output(void *ctx, size_t i, int thread) {
    graph_run *r = (graph_run *)ctx;
    hr_session *s = r->s;
    const hr_model *m = s->model;
    size_t d = m->hp.n_embd, t = r->t0 + i;
    float *h = s->h + t * d;
    (void)thread;
    if (m->output_norm.weight != NULL) norm_rows(m, &m->output_norm, s->x + t * d, d, h);
    else memcpy(h, s->x + t * d, d * sizeof(float));
    if (r->b->hidden != NULL) memcpy(r->b->hidden + i * d, h, d * sizeof(float));
    if (r->b->logits != NULL) hr_a8_row(&m->kernels, &s->a8, i, h, d);
}

/* part i of all logits: rows are long, and there is often only one */
static void finish_logits(void *ctx, size_t i, int thread) {
    graph_run *r = (graph_run *)ctx;
    const hr_hparams *hp = &r->s->model->hp;
    size_t begin = i * GRAPH_LOGITS_PART, end = hr_min_size(begin + GRAPH_LOGITS_PART, r->b->need * hp->n_vocab);
    float *y = r->b->logits, cap = hp->final_softcap;
    (void)thread;
    for (size_t v = begin; v < end && hp->logit_scale != 1.0f; v++) y[v] *= hp->logit_scale;
    for (size_t v = begin; v < end && cap > 0.0f; v++) y[v] = cap * hr_tanhf(y[v] / cap);
}

hr_status hr_graph_run(hr_session *s, const hr_batch *b) {
    const hr_model *m = s->model;
    graph_run r = {.s = s, .b = b};
    hr_run_tokens(s, b->m, embed_token, &r);
    for (size_t i = 0; i < m->hp.n_layer && !hr_run_stopped(s); i++) {
        r.layer = &m->layers[i];
        r.index = i;
        r.last = i + 1 == m->hp.n_layer;
        run_layer(&r);
    }
    if (b->need > 0 && (b->logits != NULL || b->hidden != NULL)) {
        hr_run_tokens(s, b->need, norm_output, &r);
        if (b->logits != NULL) {
            size_t d = m->hp.n_embd;
            hr_job head = hr_job_of(&m->output, hr_act_of(s->h + r.t0 * d, d, &s->a8, b->need, d), b->logits,
                                    m->hp.n_vocab);
            hr_run_jobs(s, &head, 1);
            size_t parts = hr_div_up(b->need * m->hp.n_vocab, GRAPH_LOGITS_PART);
            if (m->hp.logit_scale != 1.0f || m->hp.final_softcap > 0.0f) hr_run_tokens(s, parts, finish_logits, &r);
        }
    }
    bool stopped = hr_run_stopped(s); /* also when the last unit has just been done */
    if (hr_atomic_load_u32(&s->failed)) return HR_E_IO;
    return stopped ? HR_E_CANCELLED : HR_OK;
}
