/* train_graph.c: one row forward and backward. Only the layers' inputs are kept on the way up; a layer is computed again
 * when its gradient is due. Logits exist for one piece of the vocabulary at a time, and only where something is learned. */
#if !defined(HR_NO_TRAIN)
#include "engine/base/fmath.h"
#include "engine/train.h"

static float *checkpoint_of(hr_train *t, size_t layer) { return t->x + layer * t->config.ctx * t->shape.n_embd; }

/* --- embedding and turns --------------------------------------------------------------------------------------------- */
static void embed_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    size_t d = t->shape.n_embd;
    (void)arg;
    for (size_t i = begin; i < end; i++) {
        float *x = t->x + i * d;
        if (t->model != NULL) hr_model_embed_row(t->model, (size_t)t->ids[i], x, w->raw);
        else memcpy(x, t->embd.w + (size_t)t->ids[i] * d, d * sizeof(float));
        hr_rope_fill(&t->rope, i, i - t->begin[i]);
        for (size_t e = 0; e < t->rope.half; e++) t->sin_back[i * t->rope.half + e] = -t->rope.sinv[i * t->rope.half + e];
    }
}
static void embed_back_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    size_t d = t->shape.n_embd;
    (void)arg, (void)w;
    for (size_t i = 0; i < t->n; i++) {
        float *g = t->embd.gw + (size_t)t->ids[i] * d;
        for (size_t e = begin; e < end; e++) g[e] += t->dx[i * d + e];
    }
}

typedef struct train_turn {
    float *q, *k;
    const float *sinv;
} train_turn;
static void turn_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const train_turn *a = (const train_turn *)arg;
    hr_rope_fn *turn = t->rope_kind == HR_ROPE_NORM ? t->ks->rope_norm : t->ks->rope_neox;
    size_t hd = t->shape.head_dim, half = t->rope.half;
    (void)w;
    for (size_t i = begin; i < end; i++) {
        turn(a->q + i * t->shape.n_head * hd, t->shape.n_head, hd, t->n_rot, t->rope.cosv + i * half, a->sinv + i * half);
        turn(a->k + i * t->shape.n_head_kv * hd, t->shape.n_head_kv, hd, t->n_rot, t->rope.cosv + i * half, a->sinv + i * half);
    }
}
static void turn_rows(hr_train *t, float *q, float *k, const float *sinv) {
    train_turn a = {q, k, sinv};
    if (t->rope_kind != HR_ROPE_NONE) hr_train_share(t, t->n, 1, turn_share, &a);
}

/* --- a layer ----------------------------------------------------------------------------------------------------------- */
static void linear_up(hr_train *t, const hr_train_linear *l, const float *x, float *y) {
    hr_train_forward(t, l, x, l->k, t->n, 0, l->rows, y, l->rows);
}
static void linear_down(hr_train *t, const hr_train_linear *l, const float *x, const float *dy, float *dx, bool add) {
    hr_train_backward(t, l, x, l->k, dy, l->rows, t->n, 0, l->rows, dx, add);
}
static void add_rows(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

/* everything that the layer's gradient needs; y NULL: that only, else the layer's output */
static void layer_up(hr_train *t, const hr_train_layer *l, const float *x, float *y) {
    size_t d = t->shape.n_embd, qd = t->shape.n_head * t->shape.head_dim;
    hr_train_norm_rows(t, &l->attn, x, d, t->h);
    linear_up(t, &l->lin[HR_TRAIN_Q], t->h, t->q);
    linear_up(t, &l->lin[HR_TRAIN_K], t->h, t->k);
    linear_up(t, &l->lin[HR_TRAIN_V], t->h, t->v);
    turn_rows(t, t->q, t->k, t->rope.sinv);
    hr_train_attention(t, false);
    if (l->attn_sub.w != NULL) hr_train_norm_rows(t, &l->attn_sub, t->att, qd, t->attn);
    linear_up(t, &l->lin[HR_TRAIN_O], t->attn, t->x2);
    add_rows(t->x2, x, t->n * d);
    hr_train_norm_rows(t, &l->ffn, t->x2, d, t->h2);
    linear_up(t, &l->lin[HR_TRAIN_GATE], t->h2, t->gate);
    linear_up(t, &l->lin[HR_TRAIN_UP], t->h2, t->up);
    hr_train_gate(t, false);
    if (l->ffn_sub.w != NULL) hr_train_norm_rows(t, &l->ffn_sub, t->act, t->shape.n_ff, t->actn);
    if (y == NULL) {
        const hr_train_linear *down = &l->lin[HR_TRAIN_DOWN];
        hr_train_product u = {t->actn, down->a, down->u, down->k, t->config.rank, t->n, down->k, t->config.rank, down->k, 1,
            0.0f};
        if (down->a != NULL) hr_train_multiply_all(t, &u);
        return;
    }
    linear_up(t, &l->lin[HR_TRAIN_DOWN], t->actn, y);
    add_rows(y, t->x2, t->n * d);
}

/* dx: of the layer's output on the way in, of its input on the way out */
static void layer_back(hr_train *t, const hr_train_layer *l, const float *x) {
    size_t d = t->shape.n_embd, qd = t->shape.n_head * t->shape.head_dim, ff = t->shape.n_ff;
    layer_up(t, l, x, NULL);
    linear_down(t, &l->lin[HR_TRAIN_DOWN], t->actn, t->dx, l->ffn_sub.w != NULL ? t->dgate : t->dact, false);
    if (l->ffn_sub.w != NULL) hr_train_norm_back(t, &l->ffn_sub, t->act, t->dgate, ff, t->dact, false);
    hr_train_gate(t, true);
    linear_down(t, &l->lin[HR_TRAIN_GATE], t->h2, t->dgate, t->dh, false);
    linear_down(t, &l->lin[HR_TRAIN_UP], t->h2, t->dup, t->dh, true);
    hr_train_norm_back(t, &l->ffn, t->x2, t->dh, d, t->dx, true);
    linear_down(t, &l->lin[HR_TRAIN_O], t->attn, t->dx, l->attn_sub.w != NULL ? t->dq : t->datt, false);
    if (l->attn_sub.w != NULL) hr_train_norm_back(t, &l->attn_sub, t->att, t->dq, qd, t->datt, false);
    hr_train_attention(t, true);
    turn_rows(t, t->dq, t->dk, t->sin_back);
    linear_down(t, &l->lin[HR_TRAIN_Q], t->h, t->dq, t->dh, false);
    linear_down(t, &l->lin[HR_TRAIN_K], t->h, t->dk, t->dh, true);
    linear_down(t, &l->lin[HR_TRAIN_V], t->h, t->dv, t->dh, true);
    hr_train_norm_back(t, &l->attn, x, t->dh, d, t->dx, true);
}

/* --- the loss: -log softmax of the next token --------------------------------------------------------------------------- */
typedef struct loss_piece {
    size_t r0, n; /* vocabulary */
    bool first, gradient;
} loss_piece;

static void loss_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const loss_piece *p = (const loss_piece *)arg;
    (void)w;
    for (size_t i = begin; i < end; i++) {
        float *y = t->logits + i * p->n;
        size_t want = (size_t)t->ids[t->chosen[i] + 1];
        bool here = want >= p->r0 && want - p->r0 < p->n;
        if (p->gradient) {
            float inverse = 1.0f / t->sum[i];
            (void)t->ks->exp_sum(y, p->n, t->top[i], y);
            for (size_t e = 0; e < p->n; e++) y[e] *= inverse;
            if (here) y[want - p->r0] -= 1.0f;
            continue;
        }
        if (here) t->hit[i] = y[want - p->r0];
        float top = p->first ? y[0] : t->top[i], before = p->first ? 0.0f : t->sum[i];
        for (size_t e = 0; e < p->n; e++) top = y[e] > top ? y[e] : top;
        if (!p->first) before *= hr_expf(t->top[i] - top);
        if (p->n == t->shape.n_vocab) { /* one piece: the logits stay for the gradient, the sum is taken on the side */
            t->sum[i] = t->ks->exp_sum(y, p->n, top, w->panel);
        } else {
            t->sum[i] = before + t->ks->exp_sum(y, p->n, top, y);
        }
        t->top[i] = top;
    }
}

/* h: normed rows of what learns, gathered in t->h; gradient of them to t->dh */
static void loss_rows(hr_train *t, bool back) {
    size_t d = t->shape.n_embd, v = t->shape.n_vocab, n = t->n_chosen;
    for (size_t r = 0; r < v; r += t->chunk) {
        loss_piece p = {r, hr_min_size(t->chunk, v - r), r == 0, false};
        hr_train_forward(t, &t->head, t->h, d, n, r, r + p.n, t->logits, p.n);
        hr_train_share(t, n, 1, loss_share, &p);
    }
    for (size_t i = 0; i < n; i++) t->loss_sum += (double)t->top[i] + hr_log((double)t->sum[i]) - (double)t->hit[i];
    t->weight += (double)n;
    for (size_t r = 0; back && r < v; r += t->chunk) {
        loss_piece p = {r, hr_min_size(t->chunk, v - r), false, true};
        if (p.n < v) hr_train_forward(t, &t->head, t->h, d, n, r, r + p.n, t->logits, p.n);
        hr_train_share(t, n, 1, loss_share, &p);
        hr_train_backward(t, &t->head, t->h, d, t->logits, p.n, n, r, r + p.n, t->dh, r > 0);
    }
}

static void choose_rows(hr_train *t) {
    size_t begin = 0;
    t->n_chosen = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->flags[i] & HR_TRAIN_FIRST) begin = i;
        t->begin[i] = (uint32_t)begin;
        bool more = i + 1 < t->n && !(t->flags[i + 1] & HR_TRAIN_FIRST);
        if (more && (t->flags[i + 1] & HR_TRAIN_LEARN)) t->chosen[t->n_chosen++] = (uint32_t)i;
    }
}

void hr_train_pass(hr_train *t, bool back) {
    size_t d = t->shape.n_embd, layers = t->shape.n_layer;
    choose_rows(t);
    if (t->n_chosen == 0) return;
    hr_train_share(t, t->n, 1, embed_share, NULL);
    for (size_t i = 0; i < layers; i++) layer_up(t, &t->layers[i], checkpoint_of(t, i), checkpoint_of(t, i + 1));
    float *x = checkpoint_of(t, layers);
    hr_train_norm_rows(t, &t->out_norm, x, d, t->h2);
    for (size_t i = 0; i < t->n_chosen; i++) memcpy(t->h + i * d, t->h2 + t->chosen[i] * d, d * sizeof(float));
    loss_rows(t, back);
    if (!back) return;
    memset(t->h2, 0, t->n * d * sizeof(float));
    for (size_t i = 0; i < t->n_chosen; i++) memcpy(t->h2 + t->chosen[i] * d, t->dh + i * d, d * sizeof(float));
    hr_train_norm_back(t, &t->out_norm, x, t->h2, d, t->dx, false);
    for (size_t i = layers; i-- > 0;) layer_back(t, &t->layers[i], checkpoint_of(t, i));
    if (t->embd.gw != NULL) hr_train_share(t, d, 16, embed_back_share, NULL);
}
#else
typedef int hr_no_train_graph; /* a file may not be empty */
#endif
