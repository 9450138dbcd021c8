/* train_ops.c: the operations of training, forward and backward. All products run through matmul_f32; what it reads (16
 * outputs side by side, or rows) is laid out in a thread's scratch, so that one kernel serves W x, W^T dy and dy^T x. */
#if !defined(HR_NO_TRAIN)
#include "engine/base/fmath.h"
#include "engine/train.h"

enum { TRAIN_GROUP = 16, TRAIN_TILE = 64, TRAIN_BLOCK_ROWS = 128 };

/* --- shares ---------------------------------------------------------------------------------------------------------- */
typedef struct train_sharing {
    hr_train *t;
    hr_train_share_fn *fn;
    const void *arg;
    size_t n, unit;
} train_sharing;

static void run_train_share(void *arg, int index, int count) {
    const train_sharing *s = (const train_sharing *)arg;
    size_t begin, end;
    hr_pool_share(s->n, s->unit, index, count, &begin, &end);
    if (begin < end) s->fn(s->t, &s->t->work[index], s->arg, begin, end);
}
void hr_train_share(hr_train *t, size_t n, size_t unit, hr_train_share_fn *fn, const void *arg) {
    train_sharing s = {t, fn, arg, n, unit};
    hr_pool_run(t->pool, run_train_share, &s);
}

/* --- products -------------------------------------------------------------------------------------------------------- */
/* outputs [0, n) of at most 16, s[j * rs + p * ks], as matmul_f32 reads them */
static const float *lay_panel(const hr_train *t, float *panel, const float *s, size_t rs, size_t ks, size_t n, size_t k) {
    if (t->nr == 1) {
        if (ks == 1 && rs == k) return s;
        for (size_t j = 0; j < n; j++) {
            for (size_t p = 0; p < k; p++) panel[j * k + p] = s[j * rs + p * ks];
        }
        return panel;
    }
    for (size_t p = 0; p < k; p++) {
        float *to = panel + p * TRAIN_GROUP;
        const float *from = s + p * ks;
        if (rs == 1 && n == TRAIN_GROUP) {
            memcpy(to, from, TRAIN_GROUP * sizeof(float));
            continue;
        }
        for (size_t j = 0; j < n; j++) to[j] = from[j * rs];
        for (size_t j = n; j < TRAIN_GROUP; j++) to[j] = 0.0f;
    }
    return panel;
}

/* outputs [j0, j1), j0 a multiple of 16 */
static void multiply_groups(const hr_train *t, hr_train_work *w, const hr_train_product *p, size_t j0, size_t j1) {
    hr_act x = {p->m, p->k, p->x, p->xs, NULL, NULL, NULL, NULL};
    for (size_t j = j0; j < j1; j += TRAIN_GROUP) {
        size_t n = hr_min_size(TRAIN_GROUP, j1 - j), groups = t->nr == 1 ? n : 1;
        bool adds = p->add != 0.0f;
        const float *panel = lay_panel(t, w->panel, p->s + j * p->rs, p->rs, p->ks, n, p->k);
        hr_matmul_args a = {panel, n, p->k, &x, adds ? w->tmp : p->y + j, adds ? TRAIN_GROUP : p->ys};
        t->ks->matmul_f32(&a, 0, groups);
        for (size_t i = 0; adds && i < p->m; i++) {
            float *y = p->y + i * p->ys + j;
            const float *v = w->tmp + i * TRAIN_GROUP;
            for (size_t e = 0; e < n; e++) y[e] += p->add * v[e];
        }
    }
}
void hr_train_multiply(const hr_train *t, hr_train_work *w, const hr_train_product *p) { multiply_groups(t, w, p, 0, p->n); }

static void multiply_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    multiply_groups(t, w, (const hr_train_product *)arg, begin, end);
}
void hr_train_multiply_all(hr_train *t, const hr_train_product *p) { hr_train_share(t, p->n, TRAIN_GROUP, multiply_share, p); }

/* --- matrices -------------------------------------------------------------------------------------------------------- */
static void dequant_frozen_row(const hr_matrix *b, size_t row, uint8_t *raw, float *dst) {
    size_t bytes = b->k / b->format->block * b->format->bytes;
    const uint8_t *from = b->data + row * bytes;
    if (b->nr != 1) {
        hr_unpack_row(b->format, b->data, row, b->k, raw);
        from = raw;
    }
    hr_dequant_row(b->format, from, b->k, dst);
    for (size_t i = 0; b->scale != 1.0f && i < b->k; i++) dst[i] *= b->scale;
}

typedef struct frozen_job {
    const hr_matrix *base;
    hr_train_product p;
    size_t r0;
} frozen_job;

static void forward_frozen(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const frozen_job *f = (const frozen_job *)arg;
    for (size_t j = begin; j < end; j += TRAIN_GROUP) {
        size_t n = hr_min_size(TRAIN_GROUP, end - j);
        for (size_t i = 0; i < n; i++) dequant_frozen_row(f->base, f->r0 + j + i, w->raw, w->rows + i * f->p.k);
        hr_train_product p = f->p;
        p.s = w->rows, p.y += j, p.n = n;
        multiply_groups(t, w, &p, 0, n);
        for (size_t i = 0; f->base->bias != NULL && i < p.m; i++) {
            for (size_t e = 0; e < n; e++) p.y[i * p.ys + e] += f->base->bias[f->r0 + j + e];
        }
    }
}

static void dequant_block(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const frozen_job *f = (const frozen_job *)arg;
    for (size_t i = begin; i < end; i++) dequant_frozen_row(f->base, f->r0 + i, w->raw, t->deq + i * f->base->k);
}

void hr_train_forward(hr_train *t, const hr_train_linear *l, const float *x, size_t xs, size_t m, size_t r0, size_t r1, float *y,
                      size_t ys) {
    hr_train_product p = {x, NULL, y, xs, ys, m, l->k, r1 - r0, l->k, 1, 0.0f};
    if (l->base != NULL) {
        frozen_job f = {l->base, p, r0};
        hr_train_share(t, p.n, TRAIN_GROUP, forward_frozen, &f);
    } else {
        p.s = l->w + r0 * l->k;
        hr_train_multiply_all(t, &p);
    }
    if (l->a == NULL) return;
    size_t rank = t->config.rank;
    hr_train_product u = {x, l->a, l->u, xs, rank, m, l->k, rank, l->k, 1, 0.0f};
    hr_train_product v = {l->u, l->b, y, rank, ys, m, rank, l->rows, rank, 1, t->config.alpha / (float)rank};
    hr_train_multiply_all(t, &u);
    hr_train_multiply_all(t, &v);
}

typedef struct turning {
    const float *x;
    size_t xs, m;
} turning;
static void turn_columns(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const turning *a = (const turning *)arg;
    (void)w;
    for (size_t i0 = 0; i0 < a->m; i0 += TRAIN_GROUP) {
        size_t i1 = hr_min_size(a->m, i0 + TRAIN_GROUP);
        for (size_t c = begin; c < end; c++) {
            for (size_t i = i0; i < i1; i++) t->turned[c * a->m + i] = a->x[i * a->xs + c];
        }
    }
}

/* g[r][c] += scale * sum over tokens ascending of dy[t][r] x[t][c] */
static void add_outer(hr_train *t, const float *dy, size_t dys, size_t rows, const float *x, size_t xs, size_t k, size_t m,
                      float scale, float *g) {
    turning a = {dy, dys, m};
    hr_train_share(t, rows, TRAIN_GROUP, turn_columns, &a);
    hr_train_product p = {t->turned, x, g, m, k, rows, m, k, 1, xs, scale};
    hr_train_multiply_all(t, &p);
}

static void backward_adapter(hr_train *t, const hr_train_linear *l, const float *x, size_t xs, const float *dy, size_t dys,
                             size_t m, float *dx) {
    size_t rank = t->config.rank;
    float scale = t->config.alpha / (float)rank;
    add_outer(t, dy, dys, l->rows, l->u, rank, rank, m, scale, l->gb);
    hr_train_product du = {dy, l->b, l->u, dys, rank, m, l->rows, rank, 1, rank, 0.0f}; /* u has been used */
    hr_train_product down = {l->u, l->a, dx, rank, l->k, m, rank, l->k, 1, l->k, scale};
    hr_train_multiply_all(t, &du);
    add_outer(t, l->u, rank, rank, x, xs, l->k, m, scale, l->ga);
    if (dx != NULL) hr_train_multiply_all(t, &down);
}

void hr_train_backward(hr_train *t, const hr_train_linear *l, const float *x, size_t xs, const float *dy, size_t dys, size_t m,
                       size_t r0, size_t r1, float *dx, bool add) {
    hr_train_product p = {dy, NULL, dx, dys, l->k, m, r1 - r0, l->k, 1, l->k, add ? 1.0f : 0.0f};
    if (l->base == NULL) {
        p.s = l->w + r0 * l->k;
        if (dx != NULL) hr_train_multiply_all(t, &p);
        add_outer(t, dy, dys, r1 - r0, x, xs, l->k, m, 1.0f, l->gw + r0 * l->k);
    }
    for (size_t r = r0; l->base != NULL && dx != NULL && r < r1; r += TRAIN_BLOCK_ROWS) {
        frozen_job f = {l->base, p, r};
        p.k = hr_min_size(TRAIN_BLOCK_ROWS, r1 - r);
        p.x = dy + (r - r0);
        p.s = t->deq;
        hr_train_share(t, p.k, 1, dequant_block, &f);
        hr_train_multiply_all(t, &p);
        p.add = 1.0f;
    }
    if (l->a != NULL) backward_adapter(t, l, x, xs, dy, dys, m, dx);
}

/* --- norms: y = x r w, r = 1 / sqrt(mean x^2 + eps) -------------------------------------------------------------------- */
typedef struct norm_job {
    const hr_train_norm *n;
    const float *x, *dy;
    float *y;
    size_t width;
    bool add;
} norm_job;

static void norm_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const norm_job *j = (const norm_job *)arg;
    (void)w;
    for (size_t i = begin; i < end; i++) {
        t->ks->rmsnorm(j->x + i * j->width, j->n->w, NULL, t->shape.norm_eps, j->width, j->y + i * j->width);
    }
}
void hr_train_norm_rows(hr_train *t, const hr_train_norm *n, const float *x, size_t width, float *y) {
    norm_job j = {n, x, NULL, y, width, false};
    hr_train_share(t, t->n, 1, norm_share, &j);
}

/* 16 lanes of a[i] b[i] c[i] (c NULL: 1), then the tree */
static float sum_of_products(const float *a, const float *b, const float *c, size_t n) {
    float lane[TRAIN_GROUP] = {0};
    size_t i = 0;
    for (; i + TRAIN_GROUP <= n; i += TRAIN_GROUP) {
        for (size_t e = 0; e < TRAIN_GROUP; e++) lane[e] += a[i + e] * b[i + e] * (c != NULL ? c[i + e] : 1.0f);
    }
    for (size_t e = 0; i < n; i++, e++) lane[e] += a[i] * b[i] * (c != NULL ? c[i] : 1.0f);
    for (size_t half = TRAIN_GROUP / 2; half >= 1; half /= 2) {
        for (size_t e = 0; e < half; e++) lane[e] += lane[e + half];
    }
    return lane[0];
}

static void norm_back_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const norm_job *j = (const norm_job *)arg;
    size_t n = j->width;
    (void)w;
    for (size_t i = begin; i < end; i++) {
        const float *x = j->x + i * n, *dy = j->dy + i * n, *g = j->n->w;
        float *dx = j->y + i * n;
        float r = 1.0f / hr_sqrtf(sum_of_products(x, x, NULL, n) / (float)n + t->shape.norm_eps);
        float c = sum_of_products(x, dy, g, n) * (r * r) / (float)n;
        t->r[i] = r;
        for (size_t e = 0; e < n; e++) {
            float d = r * (g[e] * dy[e] - x[e] * c);
            dx[e] = j->add ? dx[e] + d : d;
        }
    }
}
static void norm_weight_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const norm_job *j = (const norm_job *)arg;
    (void)w;
    for (size_t i = 0; i < t->n; i++) {
        for (size_t e = begin; e < end; e++) {
            j->n->gw[e] += j->dy[i * j->width + e] * (j->x[i * j->width + e] * t->r[i]);
        }
    }
}
/* dx may not be dy when the norm is trained */
void hr_train_norm_back(hr_train *t, const hr_train_norm *n, const float *x, const float *dy, size_t width, float *dx, bool add) {
    norm_job j = {n, x, dy, dx, width, add};
    hr_train_share(t, t->n, 1, norm_back_share, &j);
    if (n->gw != NULL) hr_train_share(t, width, TRAIN_GROUP, norm_weight_share, &j);
}

/* --- the gate: act = silu(gate) up -------------------------------------------------------------------------------------- */
static void gate_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    size_t at = begin * t->shape.n_ff, n = (end - begin) * t->shape.n_ff;
    (void)arg, (void)w;
    t->ks->silu(t->gate + at, t->up + at, n, t->act + at);
}
static void gate_back_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    size_t at = begin * t->shape.n_ff, n = (end - begin) * t->shape.n_ff;
    const float *gate = t->gate + at, *up = t->up + at, *da = t->dact + at;
    float *dg = t->dgate + at, *du = t->dup + at;
    (void)arg, (void)w;
    for (size_t i = 0; i < n; i++) dg[i] = -gate[i];
    (void)t->ks->exp_sum(dg, n, 0.0f, dg);
    for (size_t i = 0; i < n; i++) {
        float s = 1.0f / (1.0f + dg[i]), g = gate[i];
        du[i] = da[i] * (g * s);
        dg[i] = da[i] * up[i] * (s * (1.0f + g * (1.0f - s)));
    }
}
void hr_train_gate(hr_train *t, bool back) { hr_train_share(t, t->n, 1, back ? gate_back_share : gate_share, NULL); }

/* --- attention: one kv head at a time, 64 queries of one of its heads together ------------------------------------------ */
typedef struct attention_tile {
    size_t t0, n, lo, len; /* queries; keys that any of them may see */
    size_t head, kv_head;
} attention_tile;

/* w->s: probabilities, 0 where nothing is seen */
static void tile_probabilities(hr_train *t, hr_train_work *w, const attention_tile *a) {
    size_t hd = t->shape.head_dim, qd = t->shape.n_head * hd, kd = t->shape.n_head_kv * hd;
    hr_train_product p = {t->q + a->t0 * qd + a->head * hd, t->k + a->lo * kd + a->kv_head * hd, w->s, qd, a->len, a->n, hd,
        a->len,
                          kd, 1, 0.0f};
    hr_train_multiply(t, w, &p);
    for (size_t i = 0; i < a->n; i++) {
        size_t lo = t->begin[a->t0 + i] - a->lo, hi = a->t0 + i + 1 - a->lo;
        float *s = w->s + i * a->len, top = s[lo] * t->attn_scale;
        for (size_t j = lo; j < hi; j++) {
            s[j] *= t->attn_scale;
            top = s[j] > top ? s[j] : top;
        }
        float inverse = 1.0f / t->ks->exp_sum(s + lo, hi - lo, top, s + lo);
        for (size_t j = lo; j < hi; j++) s[j] *= inverse;
        memset(s, 0, lo * sizeof(float));
        memset(s + hi, 0, (a->len - hi) * sizeof(float));
    }
}

/* dst[c] += sum over the tile's queries of s[i][c] y[i] */
static void add_turned(hr_train *t, hr_train_work *w, const attention_tile *a, const float *s, const float *y, float *dst) {
    size_t hd = t->shape.head_dim, qd = t->shape.n_head * hd, kd = t->shape.n_head_kv * hd;
    for (size_t c = 0; c < a->len; c++) {
        for (size_t i = 0; i < a->n; i++) w->st[c * a->n + i] = s[i * a->len + c];
    }
    hr_train_product p = {w->st, y + a->t0 * qd + a->head * hd, dst + a->lo * kd + a->kv_head * hd, a->n, kd, a->len, a->n,
        hd, 1, qd,
                          1.0f};
    hr_train_multiply(t, w, &p);
}

static void tile_back(hr_train *t, hr_train_work *w, const attention_tile *a) {
    size_t hd = t->shape.head_dim, qd = t->shape.n_head * hd, kd = t->shape.n_head_kv * hd;
    size_t at = a->t0 * qd + a->head * hd, key = a->lo * kd + a->kv_head * hd;
    add_turned(t, w, a, w->s, t->datt, t->dv);
    hr_train_product p = {t->datt + at, t->v + key, w->dp, qd, a->len, a->n, hd, a->len, kd, 1, 0.0f};
    hr_train_multiply(t, w, &p);
    for (size_t i = 0; i < a->n; i++) {
        float *s = w->s + i * a->len;
        const float *d = w->dp + i * a->len;
        float mean = sum_of_products(s, d, NULL, a->len);
        for (size_t j = 0; j < a->len; j++) s[j] = s[j] * (d[j] - mean) * t->attn_scale;
    }
    hr_train_product dq = {w->s, t->k + key, t->dq + at, a->len, qd, a->n, a->len, hd, 1, kd, 0.0f};
    hr_train_multiply(t, w, &dq);
    add_turned(t, w, a, w->s, t->q, t->dk);
}

static void attention_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const bool back = *(const bool *)arg;
    size_t hd = t->shape.head_dim, qd = t->shape.n_head * hd, kd = t->shape.n_head_kv * hd, group
        = t->shape.n_head / t->shape.n_head_kv;
    for (size_t kv = begin; kv < end; kv++) {
        for (size_t i = 0; back && i < t->n; i++) {
            memset(t->dk + i * kd + kv * hd, 0, hd * sizeof(float));
            memset(t->dv + i * kd + kv * hd, 0, hd * sizeof(float));
        }
        for (size_t t0 = 0; t0 < t->n; t0 += TRAIN_TILE) {
            size_t n = hr_min_size(TRAIN_TILE, t->n - t0), lo = t->begin[t0];
            for (size_t h = kv * group; h < (kv + 1) * group; h++) {
                attention_tile a = {t0, n, lo, t0 + n - lo, h, kv};
                tile_probabilities(t, w, &a);
                hr_train_product o = {w->s, t->v + lo * kd + kv * hd, t->att + t0 * qd + h * hd, a.len, qd, n, a.len, hd, 1,
                    kd, 0.0f};
                if (back) tile_back(t, w, &a);
                else hr_train_multiply(t, w, &o);
            }
        }
    }
}
void hr_train_attention(hr_train *t, bool back) { hr_train_share(t, t->shape.n_head_kv, 1, attention_share, &back); }
#else
typedef int hr_no_train_ops; /* a file may not be empty */
#endif
