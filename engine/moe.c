/* moe.c: mixture of experts. Rows of the batch are sorted by expert, so that each expert's matrices are read once; the
 * outputs are then summed per token in the router's order: the sum does not know who else was in the batch. */
#include "engine/base/fmath.h"
#include "engine/session.h"

void hr_moe_init(hr_moe_work *w, hr_arena *arena, const hr_model *m, size_t batch) {
    const hr_hparams *hp = &m->hp;
    if (hp->n_expert == 0) return;
    size_t slots = batch * hp->n_expert_used;
    w->router = HR_NEW(arena, float, batch * hp->n_expert);
    w->chosen = HR_NEW(arena, int32_t, slots);
    w->weight = HR_NEW(arena, float, slots);
    w->slot_of = HR_NEW(arena, uint32_t, slots);
    w->first = HR_NEW(arena, uint32_t, hp->n_expert + 1);
    w->in = HR_NEW(arena, float, slots * hp->n_embd);
    w->mid = HR_NEW(arena, float, slots * 2 * hp->n_ff_expert);
    hr_a8_init(&w->a8, arena, slots, hr_max_size(hp->n_embd, hp->n_ff_expert));
    w->jobs = HR_NEW(arena, hr_job, 2 * hp->n_expert);
}

/* --- routing, one token -------------------------------------------------------------------------------------------------------- */
typedef struct moe_run {
    hr_session *s;
    const hr_layer *layer;
    const float *x;
    size_t n;
    float *out;
} moe_run;

static void softmax_row(float *x, size_t n) {
    float top = x[0], sum = 0.0f;
    for (size_t i = 1; i < n; i++) top = x[i] > top ? x[i] : top;
    for (size_t i = 0; i < n; i++) sum += x[i] = hr_expf(x[i] - top);
    for (size_t i = 0; i < n; i++) x[i] /= sum;
}

/* the n_used largest, best first; ties and NaN go to the lower id */
static void choose_experts(const float *p, size_t n, size_t n_used, int32_t *chosen) {
    for (size_t u = 0; u < n_used; u++) {
        int32_t best = -1;
        for (size_t e = 0; e < n; e++) {
            bool taken = false;
            for (size_t i = 0; i < u; i++) taken = taken || chosen[i] == (int32_t)e;
            if (!taken && (best < 0 || p[e] > p[best])) best = (int32_t)e;
        }
        chosen[u] = best;
    }
}

static void route_token(void *ctx, size_t t, int thread) {
    moe_run *r = (moe_run *)ctx;
    const hr_hparams *hp = &r->s->model->hp;
    hr_moe_work *w = &r->s->moe;
    float *p = w->router + t * hp->n_expert, *weight = w->weight + t * hp->n_expert_used;
    int32_t *chosen = w->chosen + t * hp->n_expert_used;
    (void)thread;
    if (hp->gating == HR_GATE_SOFTMAX) softmax_row(p, hp->n_expert);
    if (hp->gating == HR_GATE_SIGMOID) {
        for (size_t e = 0; e < hp->n_expert; e++) p[e] = hr_sigmoidf(p[e]);
    }
    choose_experts(p, hp->n_expert, hp->n_expert_used, chosen);
    float sum = 0.0f;
    for (size_t u = 0; u < hp->n_expert_used; u++) weight[u] = p[chosen[u]];
    if (hp->gating == HR_GATE_SOFTMAX_CHOSEN) softmax_row(weight, hp->n_expert_used);
    for (size_t u = 0; u < hp->n_expert_used; u++) sum += weight[u];
    for (size_t u = 0; u < hp->n_expert_used; u++) {
        if (hp->expert_renorm && hp->gating != HR_GATE_SOFTMAX_CHOSEN) weight[u] /= sum;
        weight[u] *= hp->expert_scale;
    }
}

/* counting sort of (token, slot) by expert */
static void sort_slots(hr_session *s, size_t n) {
    const hr_hparams *hp = &s->model->hp;
    hr_moe_work *w = &s->moe;
    size_t slots = n * hp->n_expert_used;
    memset(w->first, 0, (hp->n_expert + 1) * sizeof *w->first);
    for (size_t i = 0; i < slots; i++) w->first[w->chosen[i] + 1]++;
    for (size_t e = 0; e < hp->n_expert; e++) w->first[e + 1] += w->first[e];
    for (size_t i = 0; i < slots; i++) w->slot_of[w->first[w->chosen[i]]++] = (uint32_t)i;
    for (size_t e = hp->n_expert; e > 0; e--) w->first[e] = w->first[e - 1];
    w->first[0] = 0;
}

/* --- the experts ------------------------------------------------------------------------------------------------------------------- */
static void gather_row(void *ctx, size_t i, int thread) {
    moe_run *r = (moe_run *)ctx;
    hr_moe_work *w = &r->s->moe;
    size_t d = r->s->model->hp.n_embd, token = w->slot_of[i] / r->s->model->hp.n_expert_used;
    (void)thread;
    memcpy(w->in + i * d, r->x + token * d, d * sizeof(float));
    hr_a8_row(&r->s->model->kernels, &w->a8, i, w->in + i * d, d);
}

static void activate_row(void *ctx, size_t i, int thread) {
    moe_run *r = (moe_run *)ctx;
    const hr_model *m = r->s->model;
    size_t ff = m->hp.n_ff_expert;
    float *mid = r->s->moe.mid + i * 2 * ff;
    (void)thread;
    hr_ffn_activate(m, mid, r->layer->gate_exps.data != NULL ? mid + ff : NULL, ff, mid);
    hr_a8_row(&m->kernels, &r->s->moe.a8, i, mid, ff);
}

static void combine_token(void *ctx, size_t t, int thread) {
    moe_run *r = (moe_run *)ctx;
    const hr_hparams *hp = &r->s->model->hp;
    hr_moe_work *w = &r->s->moe;
    float *out = r->out + t * hp->n_embd;
    (void)thread;
    memset(out, 0, hp->n_embd * sizeof(float));
    for (size_t u = 0; u < hp->n_expert_used; u++) {
        size_t slot = t * hp->n_expert_used + u, expert = (size_t)w->chosen[slot], at = w->first[expert];
        while (w->slot_of[at] != slot) at++; /* rows of an expert keep the tokens' order */
        const float *y = w->in + at * hp->n_embd;
        for (size_t d = 0; d < hp->n_embd; d++) out[d] = hr_fma(w->weight[slot], y[d], out[d]);
    }
}

/* jobs of one kind of matrix for every expert that has rows */
static size_t add_expert_jobs(hr_session *s, hr_job *jobs, const hr_matrix *w, const hr_act *x, float *y, size_t stride) {
    size_t n = 0;
    for (size_t e = 0; e < s->model->hp.n_expert; e++) {
        size_t first = s->moe.first[e], rows = s->moe.first[e + 1] - first;
        if (rows == 0) continue;
        hr_job j = hr_job_of(w, hr_act_rows(x, first, rows), y + first * stride, stride);
        j.mat = e;
        jobs[n++] = j;
    }
    return n;
}

static void run_experts(moe_run *r) {
    hr_session *s = r->s;
    const hr_layer *l = r->layer;
    hr_moe_work *w = &s->moe;
    size_t d = s->model->hp.n_embd, ff = s->model->hp.n_ff_expert, slots = r->n * s->model->hp.n_expert_used;
    hr_run_tokens(s, slots, gather_row, r);
    hr_act x = hr_act_of(w->in, d, &w->a8, slots, d);
    bool gated = l->gate_exps.data != NULL;
    size_t n = add_expert_jobs(s, w->jobs, gated ? &l->gate_exps : &l->up_exps, &x, w->mid, 2 * ff);
    if (gated) n += add_expert_jobs(s, w->jobs + n, &l->up_exps, &x, w->mid + ff, 2 * ff);
    hr_run_jobs(s, w->jobs, n);
    hr_run_tokens(s, slots, activate_row, r);
    hr_act mid = hr_act_of(w->mid, 2 * ff, &w->a8, slots, ff);
    n = add_expert_jobs(s, w->jobs, &l->down_exps, &mid, w->in, d);
    hr_run_jobs(s, w->jobs, n);
    if (!hr_run_stopped(s)) hr_run_tokens(s, r->n, combine_token, r);
}

/* --- the shared expert: sees every token, its output scaled by sigmoid(gate . x) ---------------------------------------------------- */
static void activate_shared(void *ctx, size_t t, int thread) {
    moe_run *r = (moe_run *)ctx;
    const hr_model *m = r->s->model;
    size_t ff = m->hp.n_ff_shexp;
    float *mid = r->s->ffn + t * r->s->ffn_width;
    (void)thread;
    hr_ffn_activate(m, mid, mid + ff, ff, mid);
    hr_a8_row(&m->kernels, &r->s->a8, t, mid, ff);
}

static void add_shared(void *ctx, size_t t, int thread) {
    moe_run *r = (moe_run *)ctx;
    size_t d = r->s->model->hp.n_embd;
    const float *x = r->x + t * d, *y = r->s->moe.in + t * d;
    float gate = 1.0f, *out = r->out + t * d;
    (void)thread;
    if (r->layer->shexp_gate != NULL) {
        float dot = 0.0f;
        for (size_t i = 0; i < d; i++) dot = hr_fma(r->layer->shexp_gate[i], x[i], dot);
        gate = hr_sigmoidf(dot);
    }
    for (size_t i = 0; i < d; i++) out[i] = hr_fma(gate, y[i], out[i]);
}

static void run_shared(moe_run *r, const hr_act *act) {
    hr_session *s = r->s;
    size_t d = s->model->hp.n_embd, ff = s->model->hp.n_ff_shexp;
    hr_job up[2] = {hr_job_of(&r->layer->gate_shexp, *act, s->ffn, s->ffn_width),
                    hr_job_of(&r->layer->up_shexp, *act, s->ffn + ff, s->ffn_width)};
    hr_run_jobs(s, up, 2);
    hr_run_tokens(s, r->n, activate_shared, r);
    hr_job down = hr_job_of(&r->layer->down_shexp, hr_act_of(s->ffn, s->ffn_width, &s->a8, r->n, ff), s->moe.in, d);
    hr_run_jobs(s, &down, 1);
    hr_run_tokens(s, r->n, add_shared, r);
}

void hr_moe(hr_session *s, const hr_layer *layer, const float *x, const hr_act *act, size_t n, float *out) {
    moe_run r = {s, layer, x, n, out};
    hr_job route = hr_job_of(&layer->router, *act, s->moe.router, s->model->hp.n_expert);
    hr_run_jobs(s, &route, 1);
    hr_run_tokens(s, n, route_token, &r);
    if (hr_run_stopped(s)) return;
    sort_slots(s, n);
    run_experts(&r);
    if (layer->up_shexp.data != NULL) run_shared(&r, act);
}
