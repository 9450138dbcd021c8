/* run.c: sharing a batch's work among threads. What is computed never depends on who computes it: a unit is a range of
 * rows times a range of tokens of one product, and every output belongs to one unit. */
#include "engine/adapter.h"

/* Between two looks at the cancel flag: at most so many multiply-adds, 1 to 2 ms of work at the slowest. The portable
 * kernels do some 0.2 G a second where fma is computed, vector kernels 20 G and more. A unit has at most so many tokens,
 * whose activations then stay in the second cache while 32 rows after 32 pass by. */
enum { RUN_UNIT_MACS = 1 << 24, RUN_UNIT_MACS_REF = 1 << 18, RUN_UNIT_TOKENS = 128, RUN_UNIT_ROWS = 128,
       RUN_SHARE_TOKENS = 16 };

/* A stop seen once stays for the whole call, also when the caller takes the cancel back meanwhile: from then on parts of
 * the batch may be missing. */
bool hr_run_stopped(hr_session *s) {
    if (hr_atomic_load_u32(&s->failed) != 0 || hr_atomic_load_u32(&s->stopped) != 0) return true;
    if (hr_atomic_load_u32(&s->cancel) == 0) return false;
    hr_atomic_store_u32(&s->stopped, 1);
    return true;
}

/* --- guard --------------------------------------------------------------------------------------------------------------- */
typedef struct guarded_task {
    hr_session *s;
    hr_task_fn *task;
    void *arg;
} guarded_task;

typedef struct guarded_call {
    const guarded_task *g;
    int index, count;
} guarded_call;

static hr_status call_task(void *arg) {
    guarded_call *c = (guarded_call *)arg;
    c->g->task(c->g->arg, c->index, c->count);
    return HR_OK;
}

static void run_guarded(void *arg, int index, int count) {
    guarded_task *g = (guarded_task *)arg;
    guarded_call call = {g, index, count};
    size_t bytes = (size_t)(g->s->map_end - g->s->map_begin);
    if (hr_guard_run(g->s->map_begin, bytes, call_task, &call, NULL) != HR_OK) hr_atomic_store_u32(&g->s->failed, 1);
}

void hr_run_task(hr_session *s, hr_task_fn *task, void *arg) {
    guarded_task g = {s, task, arg};
    if (s->model->guard && s->map_begin != NULL) hr_pool_run(s->model->pool, run_guarded, &g);
    else hr_pool_run(s->model->pool, task, arg);
}

/* --- tokens --------------------------------------------------------------------------------------------------------------- */
typedef struct tokens_run {
    hr_session *s;
    size_t m;
    hr_token_fn *fn;
    void *ctx;
} tokens_run;

static void run_token_share(void *arg, int index, int count) {
    tokens_run *r = (tokens_run *)arg;
    size_t begin, end;
    hr_pool_share(r->m, 1, index, count, &begin, &end);
    for (size_t t = begin; t < end && !hr_run_stopped(r->s); t++) r->fn(r->ctx, t, index);
}

void hr_run_tokens(hr_session *s, size_t m, hr_token_fn *fn, void *ctx) {
    tokens_run r = {s, m, fn, ctx};
    if (hr_run_stopped(s)) return;
    if (m > 1 || (s->model->guard && s->map_begin != NULL)) hr_run_task(s, run_token_share, &r);
    else if (m == 1) fn(ctx, 0, 0); /* not worth waking anybody */
}

/* --- matrix products ---------------------------------------------------------------------------------------------------------- */
hr_act hr_act_rows(const hr_act *x, size_t first, size_t n) {
    hr_act r = *x;
    size_t kq = hr_act_kq(x->k);
    r.m = n;
    if (r.f != NULL) r.f += first * x->f_stride;
    if (r.q != NULL) {
        r.q += first * kq;
        r.d += first * (kq / 32);
        r.ds += first * (kq / 32);
        r.s16 += first * (kq / 16);
    }
    return r;
}

/* tokens from t0, a multiple of HR_FAST_TILE, on */
static hr_fast_act fast_rows(const hr_fast_act *x, size_t t0, size_t n) {
    size_t blocks = hr_div_up(x->k, HR_FAST_BLOCK);
    hr_fast_act r = {n, x->k, x->q + t0 * x->k, x->d + t0 * blocks, x->sum + t0 * blocks};
    return r;
}

static bool is_fast(const hr_job *j) { return j->fast != NULL && j->w->format->quantized; }

/* Weights lie in rows although the chosen kernel reads packs when the exact one failed its self-check: the reference reads
 * both. */
static const hr_kernel *fast_kernel(const hr_kernels *ks, const hr_matrix *w) {
    const hr_kernel *k = ks->chosen[HR_OP_matmul_fast];
    for (size_t i = 0; w->nr == 1 && k->rank > 0 && i < hr_kernel_count(); i++) {
        if (hr_kernel_at(i)->op == HR_OP_matmul_fast && hr_kernel_at(i)->rank == 0) return hr_kernel_at(i);
    }
    return k;
}

static void run_product(const hr_kernels *ks, const hr_job *j, size_t r0, size_t r1, size_t t0, size_t t1) {
    const hr_matrix *w = j->w;
    size_t nr = (size_t)w->nr;
    const uint8_t *data = w->data + j->mat * w->mat_bytes;
    float *y = j->y + t0 * j->y_stride;
    if (is_fast(j)) {
        hr_fast_act x = fast_rows(j->fast, t0, t1 - t0);
        hr_fast_args args = {data, w->format->id, w->nr, w->rows, w->k, &x, y, j->y_stride};
        ((hr_fast_fn *)fast_kernel(ks, w)->fn)(&args, r0 / nr, hr_div_up(r1, nr));
    } else {
        hr_act x = hr_act_rows(&j->x, t0, t1 - t0);
        hr_matmul_args args = {data, w->rows, w->k, &x, y, j->y_stride};
        hr_kernels_matmul(ks, w->op)(&args, r0 / nr, hr_div_up(r1, nr));
    }
}

typedef struct jobs_run {
    hr_session *s;
    hr_job *jobs;
    size_t n, n_units;
    volatile size_t next;
    bool by_share; /* few tokens: a unit is a group of rows, and each thread streams its own part of the weights */
} jobs_run;

/* rows [r0, r1) for tokens [t0, t1) */
static void run_part(hr_session *s, const hr_job *j, size_t r0, size_t r1, size_t t0, size_t t1) {
    const hr_matrix *w = j->w;
    run_product(&s->model->kernels, j, r0, r1, t0, t1);
    const float *bias = w->bias != NULL ? w->bias + j->mat * w->rows : NULL;
    for (size_t t = t0; t < t1 && (bias != NULL || w->scale != 1.0f); t++) {
        float *y = j->y + t * j->y_stride;
        for (size_t i = r0; i < r1; i++) {
            if (w->scale != 1.0f) y[i] *= w->scale;
            if (bias != NULL) y[i] += bias[i];
        }
    }
    if (j->n_terms > 0) hr_adapter_add(s, j, r0, r1, t0, t1);
}

/* the last job whose first unit is not beyond */
static const hr_job *job_of_unit(const jobs_run *r, size_t unit) {
    size_t lo = 0, hi = r->n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->jobs[mid].first_unit <= unit) lo = mid;
        else hi = mid;
    }
    return &r->jobs[lo];
}

static void run_share(jobs_run *r, int index, int count) {
    size_t begin, end;
    hr_pool_share(r->n_units, 1, index, count, &begin, &end);
    while (begin < end && !hr_run_stopped(r->s)) {
        const hr_job *j = job_of_unit(r, begin);
        size_t r0 = (begin - j->first_unit) * HR_PACK_ROWS, more = (end - begin) * HR_PACK_ROWS;
        size_t r1 = hr_min_size(r0 + hr_min_size(j->row_step, more), j->w->rows);
        run_part(r->s, j, r0, r1, 0, j->x.m);
        begin += hr_div_up(r1 - r0, HR_PACK_ROWS);
    }
}

static void run_units(void *arg, int index, int count) {
    jobs_run *r = (jobs_run *)arg;
    if (r->by_share) {
        run_share(r, index, count);
        return;
    }
    for (size_t u; (u = hr_atomic_next(&r->next, 1)) < r->n_units && !hr_run_stopped(r->s);) {
        const hr_job *j = job_of_unit(r, u);
        size_t token_units = hr_div_up(j->x.m, j->token_step); /* all tokens of some rows first: weights are read once */
        size_t r0 = (u - j->first_unit) / token_units * j->row_step;
        size_t t0 = (u - j->first_unit) % token_units * j->token_step;
        run_part(r->s, j, r0, hr_min_size(r0 + j->row_step, j->w->rows), t0, hr_min_size(t0 + j->token_step, j->x.m));
    }
}

void hr_run_jobs(hr_session *s, hr_job *jobs, size_t n) {
    if (hr_run_stopped(s)) return;
    if (s->observe != NULL) hr_observe_jobs(s, jobs, n);
    if (s->adapted != NULL) hr_adapter_begin(s, jobs, n);
    hr_run_products(s, jobs, n);
}

void hr_run_products(hr_session *s, hr_job *jobs, size_t n) {
    jobs_run r = {s, jobs, n, 0, 0, true};
    if (hr_run_stopped(s)) return;
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].x.m > RUN_SHARE_TOKENS) r.by_share = false;
    }
    for (size_t i = 0; i < n; i++) {
        hr_job *j = &jobs[i];
        size_t k = j->w->k, m = j->x.m;
        j->first_unit = r.n_units;
        if (m == 0) continue;
        size_t macs = s->model->kernels.chosen[j->w->op]->rank == 0 ? RUN_UNIT_MACS_REF : RUN_UNIT_MACS;
        size_t tokens = hr_min_size(hr_max_size(macs / (HR_PACK_ROWS * k), 1), RUN_UNIT_TOKENS);
        bool tiles = is_fast(j), slow = fast_kernel(&s->model->kernels, j->w)->rank == 0;
        if (tiles) { /* weights are requantized once for all tokens, or for as many as the reference can do in time */
            macs = slow ? RUN_UNIT_MACS_REF : RUN_UNIT_MACS;
            tokens = slow ? hr_max_size(macs / (HR_PACK_ROWS * k), 1) : m;
        }
        if (r.by_share) tokens = m;
        j->token_step = hr_div_up(m, hr_div_up(m, tokens)); /* even parts */
        if (tiles) j->token_step = hr_div_up(j->token_step, HR_FAST_TILE) * HR_FAST_TILE;
        size_t pairs = macs / (2 * HR_PACK_ROWS * k * j->token_step);
        j->row_step = 2 * HR_PACK_ROWS * hr_max_size(1, hr_min_size(pairs, RUN_UNIT_ROWS / (2 * HR_PACK_ROWS)));
        for (size_t least = 4 * (size_t)hr_pool_threads(s->model->pool); j->row_step > 2 * HR_PACK_ROWS && /* work for all */
             hr_div_up(j->w->rows, j->row_step) * hr_div_up(m, j->token_step) < least;) j->row_step -= 2 * HR_PACK_ROWS;
        r.n_units += r.by_share ? hr_div_up(j->w->rows, HR_PACK_ROWS)
                                : hr_div_up(j->w->rows, j->row_step) * hr_div_up(m, j->token_step);
    }
    hr_run_task(s, run_units, &r);
}
