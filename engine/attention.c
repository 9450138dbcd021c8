/* attention.c: the key/value cache and attention over it. A query row walks the pages of its kv head in ascending order,
 * whole pages that it cannot see left out, and merges them one by one (Milakov & Gimelshein 2018, online softmax): what a
 * row gets depends on nothing but its position. Heads that share a kv head are rows of one call. */
#include "engine/base/fmath.h"
#include "engine/session.h"

enum { ATTN_ROWS = 64, ATTN_ROWS_REF = 8 };

/* --- the cache --------------------------------------------------------------------------------------------------------------- */
void hr_kv_init(hr_kv *kv, hr_arena *arena, const hr_model *m, size_t ctx, bool i8) {
    kv->dk = m->hp.head_dim_k;
    kv->dv = m->hp.head_dim_v;
    kv->i8 = i8;
    kv->n_pages = hr_div_up(ctx, HR_KV_PAGE);
    size_t unit = i8 ? 1 : sizeof(float), k_width = i8 ? hr_act_kq(kv->dk) : kv->dk;
    kv->v_at = k_width * HR_KV_PAGE * unit;
    kv->kd_at = kv->v_at + kv->dv * HR_KV_PAGE * unit;
    kv->vd_at = kv->kd_at + (i8 ? HR_KV_PAGE * sizeof(float) : 0);
    kv->page_bytes = kv->vd_at + (i8 ? HR_KV_PAGE * sizeof(float) : 0);
    kv->layer_at = HR_NEW(arena, size_t, m->hp.n_layer);
    kv->layer_heads = HR_NEW(arena, size_t, m->hp.n_layer);
    size_t at = 0;
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        size_t heads = m->layers[i].n_head_kv;
        if (kv->layer_at != NULL) kv->layer_at[i] = at, kv->layer_heads[i] = heads;
        at += heads * kv->n_pages * kv->page_bytes;
    }
    kv->data = (uint8_t *)hr_arena_alloc(arena, at, 1, HR_ARENA_ALIGN);
}

static uint8_t *kv_page(const hr_kv *kv, size_t layer, size_t head, size_t page) {
    return kv->data + kv->layer_at[layer] + (head * kv->n_pages + page) * kv->page_bytes;
}

/* one vector to int8 with one scale, by the rules of A8 (kernels/kernel.h) */
static float quant_vector(const float *x, size_t n, int8_t *out, size_t out_step, size_t group) {
    uint32_t top = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t a = hr_f32_bits(x[i]) & 0x7fffffffu;
        if (a > top) top = a;
    }
    bool finite = top < 0x7f800000u, some = finite && top >= 0x0d800000u;
    float id = some ? 127.0f / hr_f32_from_bits(top) : 0.0f;
    for (size_t i = 0; i < n; i++) {
        int8_t v = some ? (int8_t)(int32_t)hr_rintf(x[i] * id) : 0;
        out[i / group * out_step + i % group] = v;
    }
    return !finite ? hr_f32_from_bits(HR_NAN_BITS) : some ? hr_f32_from_bits(top) / 127.0f : 0.0f;
}

void hr_kv_write(hr_session *s, size_t layer, size_t position, const float *k, const float *v, int thread) {
    const hr_kv *kv = &s->kv;
    size_t slot = position % HR_KV_PAGE;
    (void)thread;
    for (size_t h = 0; h < kv->layer_heads[layer]; h++, k += kv->dk, v += kv->dv) {
        uint8_t *page = kv_page(kv, layer, h, position / HR_KV_PAGE);
        if (kv->i8) {
            float *kd = (float *)(void *)(page + kv->kd_at), *vd = (float *)(void *)(page + kv->vd_at);
            kd[slot] = quant_vector(k, kv->dk, (int8_t *)page + 4 * slot, 4 * HR_KV_PAGE, 4);
            vd[slot] = quant_vector(v, kv->dv, (int8_t *)page + kv->v_at + slot * kv->dv, 0, kv->dv);
            continue;
        }
        float *kp = (float *)(void *)page, *vp = (float *)(void *)(page + kv->v_at);
        for (size_t d = 0; d < kv->dk; d++) kp[d * HR_KV_PAGE + slot] = k[d];
        memcpy(vp + slot * kv->dv, v, kv->dv * sizeof(float));
    }
}

/* --- one tile of query rows --------------------------------------------------------------------------------------------------- */
size_t hr_attn_rows(const hr_model *m) {
    size_t rows = ATTN_ROWS;
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        rows = hr_max_size(rows, m->layers[i].n_head / m->layers[i].n_head_kv);
    }
    return rows;
}

void hr_attn_work_init(hr_attn_work *w, hr_arena *arena, const hr_model *m, bool i8) {
    size_t rows = hr_attn_rows(m), dk = m->hp.head_dim_k, dv = m->hp.head_dim_v, kq = i8 ? hr_act_kq(dk) : 0;
    hr_attn_work none;
    if (w == NULL) w = &none; /* counting */
    w->q = HR_NEW(arena, float, rows * dk);
    w->q8 = (int8_t *)hr_arena_alloc(arena, rows * kq, 1, HR_ARENA_ALIGN);
    w->qd = HR_NEW(arena, float, rows * kq / 32);
    w->qds = HR_NEW(arena, float, rows * kq / 32);
    w->s16 = HR_NEW(arena, int16_t, rows * kq / 16);
    w->o = HR_NEW(arena, float, rows * dv);
    w->po = HR_NEW(arena, float, rows * dv);
    w->m = HR_NEW(arena, float, rows);
    w->l = HR_NEW(arena, float, rows);
    w->pm = HR_NEW(arena, float, rows);
    w->pl = HR_NEW(arena, float, rows);
    w->lo = HR_NEW(arena, uint8_t, rows);
    w->hi = HR_NEW(arena, uint8_t, rows);
}

typedef struct attn_run {
    hr_session *s;
    const hr_batch *b;
    size_t layer, t0, m;
    size_t per_head; /* query heads of a kv head */
    size_t tile;     /* tokens of a unit */
    size_t n_units;
    volatile size_t next;
} attn_run;

/* first and one-past-last position that the token at `at` sees */
static void visible_range(const attn_run *r, size_t at, size_t *first, size_t *end) {
    const hr_hparams *hp = &r->s->model->hp;
    *end = hp->causal ? at + 1 : r->b->position + r->m;
    bool sliding = r->s->model->layers[r->layer].sliding && hp->window > 0;
    *first = sliding && at + 1 > hp->window ? at + 1 - hp->window : 0;
}

static void gather_queries(const attn_run *r, hr_attn_work *w, size_t head, size_t t_begin, size_t t_end) {
    hr_session *s = r->s;
    size_t dk = s->kv.dk, kq = hr_act_kq(dk);
    hr_quant_fn *quant = s->model->kernels.quant_a8;
    for (size_t t = t_begin, i = 0; t < t_end; t++) {
        const float *q = s->qkv + t * s->qkv_width + head * r->per_head * dk;
        for (size_t g = 0; g < r->per_head; g++, i++, q += dk) {
            memcpy(w->q + i * dk, q, dk * sizeof(float));
            w->m[i] = hr_f32_from_bits(0xff800000u);
            w->l[i] = 0.0f;
            if (s->kv.i8) {
                quant(q, dk, w->q8 + i * kq, w->qd + i * (kq / 32), w->qds + i * (kq / 32), w->s16 + i * (kq / 16));
            }
        }
    }
    memset(w->o, 0, (t_end - t_begin) * r->per_head * s->kv.dv * sizeof(float));
}

/* rows of the tile that see nothing of a page sit at one end or the other: causal rows come in, windows go out */
static void attend_page(const attn_run *r, hr_attn_work *w, size_t head, size_t page, size_t t_begin, size_t t_end) {
    hr_session *s = hr_batch_owner(r->b, r->s, t_begin);
    const hr_model *model = s->model;
    const uint8_t *at = kv_page(&s->kv, r->layer, head, page);
    size_t base = page * HR_KV_PAGE, first_row = 0, n = 0, dk = s->kv.dk, dv = s->kv.dv, kq = hr_act_kq(dk);
    for (size_t t = t_begin, i = 0; t < t_end; t++) {
        size_t first, end;
        visible_range(r, hr_batch_position(r->b, t), &first, &end);
        bool sees = first < base + HR_KV_PAGE && end > base;
        if (!sees) {
            i += r->per_head;
            continue;
        }
        if (n == 0) first_row = i;
        for (size_t g = 0; g < r->per_head; g++, i++, n++) {
            w->lo[i] = (uint8_t)(first > base ? first - base : 0);
            w->hi[i] = (uint8_t)(end - base < HR_KV_PAGE ? end - base : HR_KV_PAGE);
        }
    }
    if (n == 0) return;
    size_t i0 = first_row;
    hr_attn_args a = {n, dk, dv, w->q + i0 * dk, dk, w->q8 + i0 * (s->kv.i8 ? kq : 0),
                      w->qd + i0 * (s->kv.i8 ? kq / 32 : 0), at, at + s->kv.v_at,
                      (const float *)(const void *)(at + s->kv.kd_at), (const float *)(const void *)(at + s->kv.vd_at),
                      model->hp.attn_scale, model->hp.attn_softcap, w->lo + i0, w->hi + i0, w->po, w->pm, w->pl};
    (s->kv.i8 ? model->kernels.attn_page_i8 : model->kernels.attn_page_f32)(&a);
    for (size_t i = 0; i < n; i++) {
        model->kernels.attn_merge(&w->m[i0 + i], &w->l[i0 + i], w->o + (i0 + i) * dv, w->pm[i], w->pl[i],
                                  w->po + i * dv, dv);
    }
}

/* the sink is one more logit without a value: a page with m = sink, l = 1, o = 0; then o / l */
static void finish_rows(const attn_run *r, hr_attn_work *w, size_t head, size_t t_begin, size_t t_end) {
    hr_session *s = r->s;
    const hr_layer *layer = &s->model->layers[r->layer];
    size_t dv = s->kv.dv;
    memset(w->po, 0, dv * sizeof(float));
    for (size_t t = t_begin, i = 0; t < t_end; t++) {
        for (size_t g = 0; g < r->per_head; g++, i++) {
            size_t query_head = head * r->per_head + g;
            float *o = w->o + i * dv, *out = s->attn + t * s->attn_width + query_head * dv;
            if (layer->sinks != NULL) {
                s->model->kernels.attn_merge(&w->m[i], &w->l[i], o, layer->sinks[query_head], 1.0f, w->po, dv);
            }
            float inv = 1.0f / w->l[i];
            for (size_t d = 0; d < dv; d++) out[d] = o[d] * inv;
        }
    }
}

static void attend_units(void *arg, int index, int count) {
    attn_run *r = (attn_run *)arg;
    hr_session *s = r->s;
    hr_attn_work *w = &s->attn_work[index];
    size_t heads = s->kv.layer_heads[r->layer];
    (void)count;
    for (size_t u; (u = hr_atomic_next(&r->next, 1)) < r->n_units;) {
        size_t head = u % heads, t_begin = r->t0 + u / heads * r->tile, t_end = hr_min_size(t_begin + r->tile, r->m);
        size_t first, end, unused;
        visible_range(r, hr_batch_position(r->b, t_begin), &first, &unused);
        visible_range(r, hr_batch_position(r->b, t_end - 1), &unused, &end);
        gather_queries(r, w, head, t_begin, t_end);
        for (size_t page = first / HR_KV_PAGE; page * HR_KV_PAGE < end; page++) {
            if (hr_run_stopped(s)) return;
            attend_page(r, w, head, page, t_begin, t_end);
        }
        finish_rows(r, w, head, t_begin, t_end);
    }
}

void hr_attention(hr_session *s, const hr_batch *b, size_t layer, size_t t0, size_t m) {
    const hr_layer *l = &s->model->layers[layer];
    attn_run r = {s, b, layer, t0, m, l->n_head / l->n_head_kv, 0, 0, 0};
    const hr_kernels *ks = &s->model->kernels;
    bool reference = ks->chosen[s->kv.i8 ? HR_OP_attn_page_i8 : HR_OP_attn_page_f32]->rank == 0;
    size_t rows = reference ? ATTN_ROWS_REF : s->attn_rows; /* a cancel is seen between pages */
    r.tile = b->owners != NULL ? 1 : hr_max_size(1, rows / r.per_head);
    r.n_units = l->n_head_kv * hr_div_up(m - t0, r.tile);
    if (!hr_run_stopped(s)) hr_run_task(s, attend_units, &r);
}
