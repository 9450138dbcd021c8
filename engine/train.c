/* train.c: a trainer's one block of memory, its parameters, steps and evaluations. */
#if !defined(HR_NO_TRAIN)
#include "engine/train.h"
#include "engine/base/crypto.h"
#include "engine/base/fmath.h"

enum { TRAIN_BLOCK = 4096, TRAIN_PIECE = 1 << 21, TRAIN_ROWS = 64 };

HR_SMALL_BEGIN
void hr_train_defaults(hr_train_config *c, bool adapter) {
    const hr_train_config d = {.ctx = 256, .batch = adapter ? 4 : 16, .steps = adapter ? 100 : 1000, .warmup = adapter ? 5 : 50,
        .schedule = HR_TRAIN_COSINE, .rate = adapter ? 1e-3f : 2e-3f, .floor = 0.1f, .beta1 = 0.9f, .beta2 = 0.95f, .eps = 1e-8f,
        .decay = adapter ? 0.0f : 0.1f, .clip = 1.0f, .seed = 1, .rank = 8, .alpha = 16.0f, .targets = 127, .isa = UINT32_MAX};
    *c = d;
}

/* --- layout: one pass over a counting arena, one over the block ---------------------------------------------------------- */
typedef struct train_layout {
    hr_train *t;
    hr_arena *arena;
    float *param, *grad; /* cursors */
    size_t n;            /* parameters so far */
    size_t k_max, rows_max;
} train_layout;

static float *take_param(train_layout *l, size_t n, float **grad) {
    float *p = l->param;
    *grad = NULL;
    if (p != NULL) {
        l->param += n;
        if (l->grad != NULL) *grad = l->grad, l->grad += n;
    }
    l->n += n;
    return p;
}
static float *take_floats(train_layout *l, size_t rows, size_t width) {
    size_t n = 0;
    if (!hr_mul_size(rows, width, &n)) l->arena->failed = true;
    return (float *)hr_arena_alloc(l->arena, n, sizeof(float), HR_ARENA_ALIGN);
}

static void linear_shape(const hr_train_shape *s, int i, size_t *rows, size_t *k) {
    size_t q = s->n_head * s->head_dim, kv = s->n_head_kv * s->head_dim;
    const size_t all[HR_TRAIN_LINEARS][2] = {{q, s->n_embd}, {kv, s->n_embd}, {kv, s->n_embd}, {s->n_embd, q}, {s->n_ff,
        s->n_embd},
                                             {s->n_ff, s->n_embd}, {s->n_embd, s->n_ff}};
    *rows = all[i][0], *k = all[i][1];
}

/* every parameter that decays, then the norms; pointers are set when there is memory */
static void lay_params(train_layout *l) {
    hr_train *t = l->t;
    bool whole = t->model == NULL;
    const hr_train_shape *s = &t->shape;
    l->n = 0;
    if (whole) {
        t->embd.w = take_param(l, s->n_vocab * s->n_embd, &t->embd.gw);
        t->head = t->embd;
        if (!s->tied) t->head.w = take_param(l, s->n_vocab * s->n_embd, &t->head.gw);
    }
    for (size_t i = 0; i < s->n_layer; i++) {
        for (int j = 0; j < HR_TRAIN_LINEARS; j++) {
            size_t rows, k, rank = t->config.rank;
            hr_train_linear none = {0}, *x = t->layers != NULL ? &t->layers[i].lin[j] : &none;
            linear_shape(s, j, &rows, &k);
            l->k_max = hr_max_size(l->k_max, k), l->rows_max = hr_max_size(l->rows_max, rows);
            x->rows = rows, x->k = k;
            if (whole) x->w = take_param(l, rows * k, &x->gw);
            if (whole || !(t->config.targets >> j & 1)) continue;
            x->a = take_param(l, rank * k, &x->ga);
            x->b = take_param(l, rows * rank, &x->gb);
        }
    }
    if (!whole) l->rows_max = hr_max_size(l->rows_max, t->config.rank);
    t->n_decayed = l->n;
    for (size_t i = 0; whole && i < 2 * s->n_layer + 1; i++) {
        hr_train_norm none = {0}, *x = i == 2 * s->n_layer ? &t->out_norm : t->layers == NULL ? &none
                                       : i % 2 ? &t->layers[i / 2].ffn : &t->layers[i / 2].attn;
        x->w = take_param(l, s->n_embd, &x->gw);
    }
    t->n_params = l->n;
}

static void lay_work(train_layout *l) {
    hr_train *t = l->t;
    size_t ctx = t->config.ctx, panel = hr_max_size(hr_max_size(l->k_max, l->rows_max), hr_max_size(ctx, t->chunk));
    hr_train_work *w = HR_NEW(l->arena, hr_train_work, (size_t)t->threads);
    t->work = w;
    for (int i = 0; i < t->threads; i++) {
        hr_train_work one = {take_floats(l, panel, 16), take_floats(l, l->k_max, 16),
            take_floats(l, hr_max_size(hr_max_size(ctx, l->rows_max), t->chunk), 16), NULL, NULL, NULL, NULL};
        one.raw = (uint8_t *)hr_arena_alloc(l->arena, l->k_max * 4 + 256, 1, HR_ARENA_ALIGN);
        one.s = take_floats(l, ctx, TRAIN_ROWS), one.dp = take_floats(l, ctx, TRAIN_ROWS), one.st = take_floats(l, ctx,
            TRAIN_ROWS);
        if (w != NULL) w[i] = one;
    }
}

static void lay_pass(train_layout *l) {
    hr_train *t = l->t;
    const hr_train_shape *s = &t->shape;
    size_t n = t->config.ctx, d = s->n_embd, q = s->n_head * s->head_dim, kv = s->n_head_kv * s->head_dim, ff = s->n_ff;
    bool back = t->config.zeroth <= 0.0f, attn_sub = t->layers != NULL && t->layers[0].attn_sub.w != NULL;
    bool ffn_sub = t->layers != NULL && t->layers[0].ffn_sub.w != NULL, counting = t->layers == NULL;
    if (counting && t->model != NULL) {
        attn_sub = t->model->layers[0].attn_sub_norm.weight != NULL;
        ffn_sub = t->model->layers[0].ffn_sub_norm.weight != NULL;
    }
    t->ids = HR_NEW(l->arena, int32_t, n), t->flags = HR_NEW(l->arena, uint8_t, n);
    t->begin = HR_NEW(l->arena, uint32_t, n), t->chosen = HR_NEW(l->arena, uint32_t, n);
    t->x = take_floats(l, (s->n_layer + 1) * n, d);
    t->h = take_floats(l, n, d), t->x2 = take_floats(l, n, d), t->h2 = take_floats(l, n, d);
    t->q = take_floats(l, n, q), t->k = take_floats(l, n, kv), t->v = take_floats(l, n, kv);
    t->att = t->attn = take_floats(l, n, q);
    if (attn_sub) t->attn = take_floats(l, n, q);
    t->gate = take_floats(l, n, ff), t->up = take_floats(l, n, ff), t->act = t->actn = take_floats(l, n, ff);
    if (ffn_sub) t->actn = take_floats(l, n, ff);
    t->logits = take_floats(l, n, t->chunk), t->top = take_floats(l, n, 1), t->sum = take_floats(l, n, 1);
    t->hit = take_floats(l, n, 1), t->r = take_floats(l, n, 1);
    t->sin_back = take_floats(l, n, t->n_rot / 2);
    for (size_t i = 0; i < s->n_layer * HR_TRAIN_LINEARS; i++) {
        float *u = t->model != NULL ? take_floats(l, n, t->config.rank) : NULL;
        if (!counting) t->layers[i / HR_TRAIN_LINEARS].lin[i % HR_TRAIN_LINEARS].u = u;
    }
    if (!back) return;
    t->dx = take_floats(l, n, d), t->dh = take_floats(l, n, d), t->dq = take_floats(l, n, q), t->dk = take_floats(l, n, kv);
    t->dv = take_floats(l, n, kv), t->datt = take_floats(l, n, q), t->dgate = take_floats(l, n, ff);
    t->dup = take_floats(l, n, ff), t->dact = take_floats(l, n, ff);
    t->turned = take_floats(l, n, hr_max_size(hr_max_size(l->rows_max, l->k_max), t->model != NULL ? 1 : t->chunk));
    if (t->model != NULL) t->deq = take_floats(l, 128, l->k_max);
}

/* counting when arena->base is NULL */
static void lay_trainer(hr_train *t, hr_arena *arena, const hr_rope_config *rope) {
    train_layout l = {.t = t, .arena = arena};
    lay_params(&l);
    bool back = t->config.zeroth <= 0.0f;
    size_t n = t->n_params;
    t->param = take_floats(&l, n, 1);
    t->grad = back ? take_floats(&l, n, 1) : NULL;
    t->m1 = back ? take_floats(&l, n, 1) : NULL;
    t->m2 = back ? take_floats(&l, n, 1) : NULL;
    t->blocks = HR_NEW(arena, double, hr_div_up(n, TRAIN_BLOCK) + 1);
    l.param = t->param, l.grad = t->grad;
    lay_params(&l);
    lay_work(&l);
    lay_pass(&l);
    hr_rope_init(&t->rope, arena, rope, t->config.ctx, t->config.ctx);
}

/* --- opening -------------------------------------------------------------------------------------------------------------- */
static hr_status check_train_config(const hr_train_config *c, const hr_train_shape *s, bool adapter, hr_error *err) {
    size_t n = 0;
    bool ok = c->ctx >= 2 && c->ctx <= 1u << 20 && c->batch >= 1 && c->batch <= 1u << 20 && c->rate >= 0 && c->eps > 0;
    ok = ok && c->beta1 >= 0 && c->beta1 < 1 && c->beta2 >= 0 && c->beta2 < 1 && c->clip >= 0 && c->decay >= 0;
    if (!ok) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "training", "context, batch, rate or moments out of range");
    if (adapter && (c->rank < 1 || c->rank > 1024 || (c->targets & 127) == 0 || !(c->alpha > 0))) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "rank", "1 to 1024, alpha above 0, and at least one target");
    }
    ok = s->n_layer >= 1 && s->n_layer <= HR_MAX_LAYERS && s->n_head_kv >= 1 && s->n_head % s->n_head_kv == 0 && s->n_head >= 1;
    ok = ok && s->head_dim >= 2 && s->head_dim % 2 == 0 && s->n_ff >= 1 && s->n_vocab >= 2 && s->n_embd >= 1;
    ok = ok && hr_mul_size(s->n_vocab, s->n_embd, &n) && n < 1u << 31 && hr_mul_size(s->n_ff, s->n_embd, &n) && n < 1u << 31;
    if (!ok) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "shape", "not that of a llama model");
    return HR_OK;
}

static hr_status allocate_trainer(hr_train **out, const hr_train *like, const hr_rope_config *rope, hr_error *err) {
    hr_train count = *like;
    hr_arena arena;
    *out = NULL;
    count.chunk = hr_min_size(hr_max_size(TRAIN_PIECE / count.config.ctx / 16 * 16, 256), count.shape.n_vocab);
    hr_arena_init_count(&arena);
    (void)HR_NEW(&arena, hr_train, 1);
    size_t pool = count.model != NULL ? 0 : hr_pool_bytes(count.threads);
    (void)hr_arena_alloc(&arena, pool, 1, HR_ARENA_ALIGN);
    (void)HR_NEW(&arena, hr_train_layer, count.shape.n_layer);
    lay_trainer(&count, &arena, rope);
    size_t bytes = arena.used + HR_ARENA_ALIGN;
    if (arena.failed || (count.config.budget_bytes != 0 && bytes > count.config.budget_bytes)) {
        return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "training", "%zu bytes are needed,"
                       " the budget is %zu: less context or rank",
                       bytes, count.config.budget_bytes);
    }
    void *memory = count.allocator.alloc(count.allocator.ctx, bytes, HR_ARENA_ALIGN);
    if (memory == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "training", "%zu bytes cannot be allocated", bytes);
    hr_arena_init(&arena, memory, bytes);
    hr_train *t = HR_NEW(&arena, hr_train, 1);
    *t = *like;
    t->chunk = count.chunk;
    t->bytes = bytes;
    void *threads = hr_arena_alloc(&arena, pool, 1, HR_ARENA_ALIGN);
    t->layers = HR_NEW(&arena, hr_train_layer, t->shape.n_layer);
    for (size_t i = 0; t->model != NULL && i < t->shape.n_layer; i++) {
        const hr_layer *b = &t->model->layers[i];
        const hr_matrix *base[HR_TRAIN_LINEARS] = {&b->q, &b->k, &b->v, &b->o, &b->gate, &b->up, &b->down};
        for (int j = 0; j < HR_TRAIN_LINEARS; j++) t->layers[i].lin[j].base = base[j];
        t->layers[i].attn.w = b->attn_norm.weight, t->layers[i].attn_sub.w = b->attn_sub_norm.weight;
        t->layers[i].ffn.w = b->ffn_norm.weight, t->layers[i].ffn_sub.w = b->ffn_sub_norm.weight;
    }
    lay_trainer(t, &arena, rope);
    hr_status status = arena.failed ? hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "training", "does not fit what was planned")
        : HR_OK;
    if (status == HR_OK && t->model == NULL) {
        status = hr_pool_start(threads, t->threads, NULL, NULL, &t->own_pool, err);
        t->pool = t->own_pool;
    }
    if (status != HR_OK) hr_train_close(t);
    else *out = t;
    return status;
}

void hr_train_close(hr_train *t) {
    if (t == NULL) return;
    const hr_allocator al = t->allocator;
    hr_pool_stop(t->own_pool);
    al.free(al.ctx, t, t->bytes);
}

/* --- first values --------------------------------------------------------------------------------------------------------- */
static double unit_random(uint64_t seed, uint64_t i) { /* in (0, 1) */
    uint64_t in[2] = {i, 0x7472616eu}, h;
    uint8_t bytes[16];
    hr_put64(bytes, in[0]), hr_put64(bytes + 8, in[1]);
    h = hr_hash64(bytes, sizeof bytes, seed);
    return ((double)(h >> 11) + 0.5) * (1.0 / 9007199254740992.0);
}
static float normal_random(uint64_t seed, uint64_t i) { /* Box & Muller 1958 */
    double r = hr_log(unit_random(seed, 2 * i)) * -2.0, a = unit_random(seed, 2 * i + 1) * 6.283185307179586;
    double root = (double)hr_sqrtf((float)r);
    return (float)(root * hr_cos(a));
}
static void fill_normal(hr_train *t, float *p, size_t n, float width) {
    for (size_t i = 0; i < n; i++) p[i] = width * normal_random(t->config.seed, (uint64_t)(p + i - t->param));
}
static void fill_params(hr_train *t) {
    const hr_train_shape *s = &t->shape;
    float deep = 0.02f / hr_sqrtf(2.0f * (float)s->n_layer);
    for (size_t i = 0; i < s->n_layer; i++) {
        for (int j = 0; j < HR_TRAIN_LINEARS; j++) {
            const hr_train_linear *l = &t->layers[i].lin[j];
            if (l->a != NULL) fill_normal(t, l->a, t->config.rank * l->k, 1.0f / hr_sqrtf((float)l->k)); /* b stays 0 */
            if (l->w != NULL) fill_normal(t, l->w, l->rows * l->k, j == HR_TRAIN_O || j == HR_TRAIN_DOWN ? deep : 0.02f);
        }
    }
    if (t->model != NULL) return;
    fill_normal(t, t->embd.w, s->n_vocab * s->n_embd, 0.02f);
    if (!s->tied) fill_normal(t, t->head.w, s->n_vocab * s->n_embd, 0.02f);
    for (size_t i = t->n_decayed; i < t->n_params; i++) t->param[i] = 1.0f;
}

static void make_train_key(hr_train *t, const uint8_t base[32]) {
    const hr_train_config *c = &t->config;
    const hr_train_shape *s = &t->shape;
    const uint64_t v[] = {1, c->ctx, c->batch, c->steps, c->warmup, (uint64_t)c->schedule, hr_f32_bits(c->rate),
        hr_f32_bits(c->floor),
        hr_f32_bits(c->beta1), hr_f32_bits(c->beta2), hr_f32_bits(c->eps), hr_f32_bits(c->decay), hr_f32_bits(c->clip), c->seed,
        c->rank, hr_f32_bits(c->alpha), c->targets, hr_f32_bits(c->zeroth), s->n_vocab, s->n_embd, s->n_layer, s->n_head,
        s->n_head_kv, s->head_dim, s->n_ff, hr_f32_bits(s->norm_eps), hr_f32_bits((float)s->rope_base), s->neox, s->tied};
    hr_blake2b b;
    hr_blake2b_init(&b, 32, "hearth training", 15);
    hr_blake2b_add(&b, base, 32);
    for (size_t i = 0; i < HR_COUNT(v); i++) {
        uint8_t bytes[8];
        hr_put64(bytes, v[i]);
        hr_blake2b_add(&b, bytes, 8);
    }
    hr_blake2b_end(&b, t->key);
}

static bool trainable_layer(const hr_model *m, const hr_layer *l) {
    const hr_layer *first = &m->layers[0];
    bool ok = l->qkv.data == NULL && l->q.data != NULL && l->gate.data != NULL && l->router.data == NULL && l->sinks == NULL;
    ok = ok && l->attn_norm.weight != NULL && l->ffn_norm.weight != NULL && l->attn_post_norm.weight == NULL &&
         l->ffn_post_norm.weight == NULL && l->q_norm.weight == NULL && l->k_norm.weight == NULL && !l->sliding && l->rope;
    ok = ok && l->n_head == m->hp.n_head && l->n_head_kv == m->hp.n_head_kv && l->n_ff == m->hp.n_ff && l->attn_norm.bias == NULL;
    return ok && (l->attn_sub_norm.weight != NULL) == (first->attn_sub_norm.weight != NULL) &&
           (l->ffn_sub_norm.weight != NULL) == (first->ffn_sub_norm.weight != NULL);
}

static hr_status check_trainable(const hr_model *m, hr_error *err) {
    const hr_hparams *hp = &m->hp;
    bool ok = !m->vocab_only && m->output.data != NULL && !hp->layer_norm && hp->attn_softcap <= 0 && hp->final_softcap <= 0 &&
              hp->act == HR_FFN_SILU && !hp->ffn_fused && !hp->parallel_residual && !hp->post_norm && hp->causal && hp->window
                  == 0;
    ok = ok && hp->embedding_scale == 1.0f && hp->residual_scale == 1.0f && hp->logit_scale == 1.0f && hp->n_expert == 0 &&
         hp->head_dim_k == hp->head_dim_v && m->pos_embd == NULL && m->type_embd == NULL && m->embd_norm.weight == NULL;
    ok = ok && m->output_norm.weight != NULL && m->output.bias == NULL;
    for (size_t i = 0; ok && i < hp->n_layer; i++) ok = trainable_layer(m, &m->layers[i]);
    return ok ? HR_OK : hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "general.architecture",
                                "%s: adapters are trained for llama's graph (RMS norms, SiLU gate, causal attention)",
                                    m->arch_name);
}

hr_status hr_train_open_adapter(hr_train **out, hr_model *m, const hr_train_config *c, hr_error *err) {
    const hr_hparams *hp = &m->hp;
    uint8_t base[32];
    *out = NULL;
    HR_TRY(check_trainable(m, err));
    hr_train like = {.config = *c, .model = m, .ks = &m->kernels, .pool = m->pool, .allocator = m->allocator,
        .attn_scale = hp->attn_scale, .nr = m->kernels.chosen[HR_OP_matmul_f32]->nr, .rope_kind = hp->rope[0].kind,
        .n_rot = hp->rope[0].kind == HR_ROPE_NONE ? 0 : hp->rope[0].n_rot, .threads = hr_pool_threads(m->pool)};
    const hr_train_shape s = {hp->n_vocab, hp->n_embd, hp->n_layer, hp->n_head, hp->n_head_kv, hp->head_dim_k, hp->n_ff,
        hp->norm_eps,
                              hp->rope[0].base, hp->rope[0].kind == HR_ROPE_NEOX, false};
    like.shape = s;
    like.head.base = &m->output, like.head.rows = hp->n_vocab, like.head.k = hp->n_embd;
    like.out_norm.w = m->output_norm.weight;
    HR_TRY(check_train_config(c, &s, true, err));
    HR_TRY(hr_model_base_digest(m, base, err));
    HR_TRY(allocate_trainer(out, &like, &hp->rope[0], err));
    make_train_key(*out, base);
    fill_params(*out);
    return HR_OK;
}

hr_status hr_train_open_model(hr_train **out, const hr_train_shape *s, const hr_train_config *c, const hr_allocator *allocator,
                              hr_error *err) {
    static const uint8_t none[32];
    const hr_allocator *al = allocator != NULL ? allocator : hr_allocator_default();
    hr_train like = {.config = *c, .shape = *s, .allocator = *al, .rope_kind = s->neox ? HR_ROPE_NEOX : HR_ROPE_NORM,
                     .n_rot = s->head_dim, .threads = c->threads > 0 ? c->threads : hr_cpu_count()};
    const hr_rope_config rope = {.kind = like.rope_kind, .n_rot = s->head_dim, .base = s->rope_base, .factor = 1, .attn_factor
        = 1};
    *out = NULL;
    HR_TRY(check_train_config(c, s, false, err));
    if (like.threads > HR_POOL_MAX_THREADS || c->zeroth > 0) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "threads",
        "out of range");
    void *scratch = al->alloc(al->ctx, hr_kernels_scratch_bytes(), HR_ARENA_ALIGN);
    if (scratch == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "training", "no memory to check the kernels");
    hr_status status = hr_kernels_choose(&like.own_kernels, c->isa, true, scratch, NULL, NULL, err);
    al->free(al->ctx, scratch, hr_kernels_scratch_bytes());
    HR_TRY(status);
    like.nr = like.own_kernels.chosen[HR_OP_matmul_f32]->nr;
    like.attn_scale = 1.0f / hr_sqrtf((float)s->head_dim);
    like.embd.rows = s->n_vocab, like.embd.k = s->n_embd;
    HR_TRY(allocate_trainer(out, &like, &rope, err));
    (*out)->ks = &(*out)->own_kernels;
    if (!s->tied) (*out)->head.rows = s->n_vocab, (*out)->head.k = s->n_embd;
    make_train_key(*out, none);
    fill_params(*out);
    return HR_OK;
}

uint64_t hr_train_shuffle(uint64_t seed, uint64_t epoch, uint64_t n, uint64_t i) {
    int half = 1;
    while (half < 32 && (uint64_t)1 << 2 * half < n) half++;
    uint64_t mask = ((uint64_t)1 << half) - 1;
    if (n < 2) return 0;
    do { /* four rounds; places at or above n are walked through */
        uint64_t l = i >> half & mask, r = i & mask;
        for (uint64_t round = 0; round < 4; round++) {
            uint8_t in[16];
            hr_put64(in, r), hr_put64(in + 8, epoch * 4 + round);
            uint64_t next = (l ^ hr_hash64(in, sizeof in, seed)) & mask;
            l = r, r = next;
        }
        i = l << half | r;
    } while (i >= n);
    return i;
}
HR_SMALL_END

/* --- steps ---------------------------------------------------------------------------------------------------------------- */
float hr_train_rate(const hr_train_config *c, uint64_t step) {
    if (step < c->warmup) return c->rate * (float)(step + 1) / (float)c->warmup;
    if (c->schedule == HR_TRAIN_CONSTANT || c->steps <= c->warmup) return c->rate;
    double part = (double)(step - c->warmup) / (double)(c->steps - c->warmup);
    double at = part < 1.0 ? 0.5 * (1.0 + hr_cos(3.141592653589793 * part)) : 0.0;
    return (float)((double)c->rate * ((double)c->floor + (1.0 - (double)c->floor) * at));
}

static hr_status fetch_row(hr_train *t, hr_train_row_fn *rows, void *ctx, uint64_t index, hr_error *err) {
    t->n = rows(ctx, index, t->ids, t->flags, t->config.ctx);
    if (t->n < 1 || t->n > t->config.ctx) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "rows", "%zu tokens in a row", t->n);
    for (size_t i = 0; i < t->n; i++) {
        if (t->ids[i] < 0 || (size_t)t->ids[i] >= t->shape.n_vocab) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "rows", "token %d of a vocabulary of %zu", (int)t->ids[i],
                t->shape.n_vocab);
        }
    }
    return HR_OK;
}

static hr_status run_rows(hr_train *t, hr_train_row_fn *rows, void *ctx, uint64_t first, uint64_t n, bool back, double *loss,
                          hr_error *err) {
    t->loss_sum = t->weight = 0;
    *loss = 0;
    for (uint64_t i = 0; i < n; i++) {
        HR_TRY(fetch_row(t, rows, ctx, first + i, err));
        hr_train_pass(t, back);
    }
    *loss = t->weight > 0 ? t->loss_sum / t->weight : 0;
    if (*loss - *loss != 0.0) return hr_fail(err, HR_E_NUMERIC, HR_NO_OFFSET, "loss", "is not finite");
    return HR_OK;
}

hr_status hr_train_eval(hr_train *t, hr_train_row_fn *rows, void *ctx, uint64_t n_rows, double *loss, hr_error *err) {
    return run_rows(t, rows, ctx, 0, n_rows, false, loss, err);
}

static void square_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    (void)w, (void)arg;
    for (size_t b = begin; b < end; b++) {
        double sum = 0;
        size_t last = hr_min_size(t->n_params, (b + 1) * TRAIN_BLOCK);
        for (size_t i = b * TRAIN_BLOCK; i < last; i++) sum += (double)t->grad[i] * (double)t->grad[i];
        t->blocks[b] = sum;
    }
}

typedef struct adam_step {
    float rate, scale, b1, b2, c1, c2, eps, decay; /* c: 1 / (1 - beta^step) */
} adam_step;
static void adam_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    const adam_step *a = (const adam_step *)arg;
    (void)w;
    for (size_t i = begin; i < end; i++) {
        float g = t->grad[i] * a->scale, p = t->param[i];
        float m = a->b1 * t->m1[i] + (1.0f - a->b1) * g, v = a->b2 * t->m2[i] + (1.0f - a->b2) * (g * g);
        t->m1[i] = m, t->m2[i] = v;
        if (i < t->n_decayed) p -= a->rate * a->decay * p;
        t->param[i] = p - a->rate * ((m * a->c1) / (hr_sqrtf(v * a->c2) + a->eps));
    }
}

/* gradients are sums over tokens until here */
static hr_status update_params(hr_train *t, hr_error *err) {
    const hr_train_config *c = &t->config;
    size_t blocks = hr_div_up(t->n_params, TRAIN_BLOCK);
    double sum = 0, n = (double)(t->step + 1);
    hr_train_share(t, blocks, 1, square_share, NULL);
    for (size_t i = 0; i < blocks; i++) sum += t->blocks[i];
    if (sum - sum != 0.0) return hr_fail(err, HR_E_NUMERIC, HR_NO_OFFSET, "gradient", "is not finite");
    double scale = 1.0 / t->weight, length = sum > 0 ? hr_exp(0.5 * hr_log(sum)) * scale : 0;
    if (c->clip > 0 && length > (double)c->clip) scale *= (double)c->clip / length;
    adam_step a = {hr_train_rate(c, t->step), (float)scale, c->beta1, c->beta2, 1, 1, c->eps, c->decay};
    if (c->beta1 > 0) a.c1 = (float)(1.0 / (1.0 - hr_pow((double)c->beta1, n)));
    if (c->beta2 > 0) a.c2 = (float)(1.0 / (1.0 - hr_pow((double)c->beta2, n)));
    hr_train_share(t, t->n_params, 64, adam_share, &a);
    return HR_OK;
}

/* param += width * z, z the step's own random direction */
static void shift_share(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end) {
    float width = *(const float *)arg;
    (void)w;
    for (size_t i = begin; i < end; i++) t->param[i] += width * normal_random(t->config.seed ^ (t->step + 1) << 20, i);
}
static void shift_params(hr_train *t, float width) { hr_train_share(t, t->n_params, 64, shift_share, &width); }

/* the slope along one direction, from two forward passes */
static hr_status zeroth_step(hr_train *t, hr_train_row_fn *rows, void *ctx, double *loss, hr_error *err) {
    const hr_train_config *c = &t->config;
    uint64_t first = t->step * c->batch;
    double up = 0, down = 0;
    shift_params(t, c->zeroth);
    hr_status status = run_rows(t, rows, ctx, first, c->batch, false, &up, err);
    shift_params(t, -2.0f * c->zeroth);
    if (status == HR_OK) status = run_rows(t, rows, ctx, first, c->batch, false, &down, err);
    shift_params(t, c->zeroth);
    HR_TRY(status);
    double slope = (up - down) / (2.0 * (double)c->zeroth);
    if (c->clip > 0 && slope > (double)c->clip) slope = (double)c->clip;
    if (c->clip > 0 && slope < -(double)c->clip) slope = -(double)c->clip;
    shift_params(t, (float)(-(double)hr_train_rate(c, t->step) * slope));
    *loss = 0.5 * (up + down);
    t->step++;
    return HR_OK;
}

hr_status hr_train_step(hr_train *t, hr_train_row_fn *rows, void *ctx, double *loss, hr_error *err) {
    if (t->config.zeroth > 0) return zeroth_step(t, rows, ctx, loss, err);
    memset(t->grad, 0, t->n_params * sizeof(float));
    HR_TRY(run_rows(t, rows, ctx, t->step * t->config.batch, t->config.batch, true, loss, err));
    if (t->weight > 0) HR_TRY(update_params(t, err));
    t->step++;
    return HR_OK;
}
#else
typedef int hr_no_train; /* a file may not be empty */
#endif
