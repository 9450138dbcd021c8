/* attention.c: attention over the key/value cache. A query row walks the pages of its kv head in ascending order,
 * whole pages that it cannot see left out, and merges them one by one (Milakov & Gimelshein 2018, online softmax): what a
 * row gets depends on nothing but its position. Heads that share a kv head are rows of one call. */
#include "engine/base/fmath.h"
#include "engine/session.h"

#if defined(HEARTH_MCU) /* no kernel there takes more at a time than the reference */
enum { ATTN_ROWS = 8 };
#else
enum { ATTN_ROWS = 64 };
#endif
enum { ATTN_ROWS_REF = 8, ATTN_UNITS_A_THREAD = 4, ATTN_SPLIT_PAGES = 4 };

/* --- one tile of query rows --------------------------------------------------------------------------------------------------- */
size_t hr_attn_rows(const hr_model *m) {
    size_t rows = ATTN_ROWS;
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        rows = hr_max_size(rows, m->layers[i].n_head / m->layers[i].n_head_kv);
    }
    return rows;
}

/* Units of work are kv heads; fewer than these for each thread, and one token's pages are shared out instead. */
static bool may_split(const hr_model *m, size_t layer) {
    size_t threads = (size_t)m->threads;
    return threads > 1 && m->layers[layer].n_head_kv < ATTN_UNITS_A_THREAD * threads;
}

size_t hr_attn_part_floats(const hr_model *m, const hr_kv *kv) {
    size_t most = 0;
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        size_t pages = m->layers[i].sliding ? kv->ring : kv->n_pages;
        if (may_split(m, i)) most = hr_max_size(most, m->layers[i].n_head * pages * (kv->dv + 2));
    }
    return most;
}

void hr_attn_work_init(hr_attn_work *w, hr_arena *arena, const hr_model *m, const hr_kv *kv) {
    size_t rows = hr_attn_rows(m), kq = kv->ints ? hr_act_kq(kv->dk) : 0;
    hr_attn_work none;
    if (w == NULL) w = &none; /* counting */
    w->q = HR_NEW(arena, float, rows * kv->dk);
    w->q8 = (int8_t *)hr_arena_alloc(arena, rows * kq, 1, HR_ARENA_ALIGN);
    w->qd = HR_NEW(arena, float, rows * kq / 32);
    w->qds = HR_NEW(arena, float, rows * kq / 32);
    w->s16 = HR_NEW(arena, int16_t, rows * kq / 16);
    w->o = HR_NEW(arena, float, rows * kv->dv);
    w->po = HR_NEW(arena, float, rows * kv->dv);
    w->m = HR_NEW(arena, float, rows);
    w->l = HR_NEW(arena, float, rows);
    w->pm = HR_NEW(arena, float, rows);
    w->pl = HR_NEW(arena, float, rows);
    w->lo = HR_NEW(arena, uint8_t, rows);
    w->hi = HR_NEW(arena, uint8_t, rows);
    w->page = (uint8_t *)hr_arena_alloc(arena, hr_kv_unpacked_bytes(kv), 1, HR_ARENA_ALIGN);
}

typedef struct attn_run {
    hr_session *s;
    const hr_batch *b;
    size_t layer, t0, m;
    size_t per_head; /* query heads of a kv head */
    size_t tile;     /* tokens of a unit */
    size_t n_units;
    volatile size_t next;
    size_t page0, n_pages; /* a token split over its pages: those it sees */
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
            if (s->kv.type == HEARTH_KV_Q4) hr_kv_rotate(w->q + i * dk, dk);
            w->m[i] = hr_f32_from_bits(0xff800000u);
            w->l[i] = 0.0f;
            if (s->kv.ints) {
                quant(w->q + i * dk, dk, w->q8 + i * kq, w->qd + i * (kq / 32), w->qds + i * (kq / 32),
                      w->s16 + i * (kq / 16));
            }
        }
    }
    memset(w->o, 0, (t_end - t_begin) * r->per_head * s->kv.dv * sizeof(float));
}

/* One page for the rows of the tile that see something of it: n of them from *first_row on, their m, l, o [n] as given.
 * Rows that see nothing sit at one end or the other: causal rows come in, windows go out. */
static size_t run_page(const attn_run *r, hr_attn_work *w, size_t head, size_t page, size_t t_begin, size_t t_end,
                       size_t *first_row, float *m, float *l, float *o) {
    hr_session *s = hr_batch_owner(r->b, r->s, t_begin);
    const hr_hparams *hp = &s->model->hp;
    const hr_kernels *ks = &s->model->kernels;
    const uint8_t *at = hr_kv_page(&s->kv, r->layer, head, page);
    size_t base = page * HR_KV_PAGE, n = 0, dk = s->kv.dk, kq = s->kv.ints ? hr_act_kq(dk) : 0;
    for (size_t t = t_begin, i = 0; t < t_end; t++) {
        size_t first, end;
        visible_range(r, hr_batch_position(r->b, t), &first, &end);
        bool sees = first < base + HR_KV_PAGE && end > base;
        if (!sees) {
            i += r->per_head;
            continue;
        }
        if (n == 0) *first_row = i;
        for (size_t g = 0; g < r->per_head; g++, i++, n++) {
            w->lo[i] = (uint8_t)(first > base ? first - base : 0);
            w->hi[i] = (uint8_t)(end - base < HR_KV_PAGE ? end - base : HR_KV_PAGE);
        }
    }
    if (n == 0) return 0;
    size_t i0 = *first_row;
    const void *v, *k = hr_kv_open_page(&s->kv, ks, at, w->page, &v);
    hr_attn_args a = {n, dk, s->kv.dv, w->q + i0 * dk, dk, w->q8 + i0 * kq, w->qd + i0 * (kq / 32), w->s16 + i0 * (kq / 16),
                      k, v, (const float *)(const void *)(at + s->kv.kd_at), (const float *)(const void *)(at + s->kv.vd_at),
                      hp->attn_scale, hp->attn_softcap, w->lo + i0, w->hi + i0, o, m, l,
                      k == at ? hr_kv_page(&s->kv, r->layer, head, page + 1) : NULL};
    (s->kv.ints ? ks->attn_page_i8 : ks->attn_page_f32)(&a);
    return n;
}

/* row g of a tile, of token t: the sink is one more logit without a value: a page with m = sink, l = 1, o = 0; then o / l */
static void finish_row(const attn_run *r, hr_attn_work *w, size_t query_head, size_t t, size_t i) {
    hr_session *s = r->s;
    const hr_layer *layer = &s->model->layers[r->layer];
    size_t dv = s->kv.dv;
    float *o = w->o + i * dv, *out = s->attn + t * s->attn_width + query_head * dv;
    if (layer->sinks != NULL) {
        memset(w->po, 0, dv * sizeof(float));
        s->model->kernels.attn_merge(&w->m[i], &w->l[i], o, layer->sinks[query_head], 1.0f, w->po, dv);
    }
    float inv = 1.0f / w->l[i];
    for (size_t d = 0; d < dv; d++) out[d] = o[d] * inv;
    if (s->kv.type == HEARTH_KV_Q4) hr_kv_rotate(out, dv);
}

static void attend_units(void *arg, int index, int count) {
    attn_run *r = (attn_run *)arg;
    hr_session *s = r->s;
    hr_attn_work *w = &s->attn_work[index];
    size_t heads = s->kv.layer_heads[r->layer], dv = s->kv.dv;
    (void)count;
    for (size_t u; (u = hr_atomic_next(&r->next, 1)) < r->n_units;) {
        size_t head = u % heads, t_begin = r->t0 + u / heads * r->tile, t_end = hr_min_size(t_begin + r->tile, r->m);
        size_t first, end, unused, i0 = 0;
        visible_range(r, hr_batch_position(r->b, t_begin), &first, &unused);
        visible_range(r, hr_batch_position(r->b, t_end - 1), &unused, &end);
        gather_queries(r, w, head, t_begin, t_end);
        for (size_t page = first / HR_KV_PAGE; page * HR_KV_PAGE < end; page++) {
            if (hr_run_stopped(s)) return;
            size_t n = run_page(r, w, head, page, t_begin, t_end, &i0, w->pm, w->pl, w->po);
            for (size_t i = 0; i < n; i++) {
                s->model->kernels.attn_merge(&w->m[i0 + i], &w->l[i0 + i], w->o + (i0 + i) * dv, w->pm[i], w->pl[i],
                                             w->po + i * dv, dv);
            }
        }
        for (size_t i = 0; i < (t_end - t_begin) * r->per_head; i++) {
            finish_row(r, w, head * r->per_head + i % r->per_head, t_begin + i / r->per_head, i);
        }
    }
}

/* --- one token, its pages shared out: every page's state is kept, then merged in the same order as above ------------------------ */
/* m [per_head], l [per_head], o [per_head][dv] of one page of one kv head */
static float *part_of(const attn_run *r, size_t head, size_t page) {
    return r->s->attn_parts + (head * r->n_pages + page) * r->per_head * (r->s->kv.dv + 2);
}

static void attend_pages(void *arg, int index, int count) {
    attn_run *r = (attn_run *)arg;
    hr_attn_work *w = &r->s->attn_work[index];
    size_t begin, end, at = SIZE_MAX, unused, g = r->per_head;
    hr_pool_share(r->s->kv.layer_heads[r->layer] * r->n_pages, 1, index, count, &begin, &end);
    for (size_t u = begin; u < end && !hr_run_stopped(r->s); u++) {
        size_t head = u / r->n_pages, page = u % r->n_pages;
        float *part = part_of(r, head, page);
        if (head != at) gather_queries(r, w, head, r->t0, r->m);
        at = head;
        run_page(r, w, head, r->page0 + page, r->t0, r->m, &unused, part, part + g, part + 2 * g);
    }
}

static void merge_parts(void *arg, int index, int count) {
    attn_run *r = (attn_run *)arg;
    hr_session *s = r->s;
    hr_attn_work *w = &s->attn_work[index];
    size_t begin, end, g = r->per_head, dv = s->kv.dv;
    hr_pool_share(s->kv.layer_heads[r->layer] * g, 1, index, count, &begin, &end);
    for (size_t row = begin; row < end && !hr_run_stopped(s); row++) {
        w->m[0] = hr_f32_from_bits(0xff800000u);
        w->l[0] = 0.0f;
        memset(w->o, 0, dv * sizeof(float));
        for (size_t page = 0; page < r->n_pages; page++) {
            const float *part = part_of(r, row / g, page);
            s->model->kernels.attn_merge(w->m, w->l, w->o, part[row % g], part[g + row % g], part + 2 * g + row % g * dv, dv);
        }
        finish_row(r, w, row, r->t0, 0);
    }
}

void hr_attention(hr_session *s, const hr_batch *b, size_t layer, size_t t0, size_t m) {
    const hr_layer *l = &s->model->layers[layer];
    attn_run r = {s, b, layer, t0, m, l->n_head / l->n_head_kv, 0, 0, 0, 0, 0};
    bool reference = s->model->kernels.chosen[s->kv.ints ? HR_OP_attn_page_i8 : HR_OP_attn_page_f32]->rank == 0;
    size_t rows = reference ? ATTN_ROWS_REF : s->attn_rows; /* a cancel is seen between pages */
    if (hr_run_stopped(s)) return;
    if (m - t0 == 1 && b->owners == NULL && may_split(s->model, layer)) {
        size_t first, end;
        visible_range(&r, b->position + t0, &first, &end);
        r.page0 = first / HR_KV_PAGE;
        r.n_pages = hr_div_up(end, HR_KV_PAGE) - r.page0;
        if (r.n_pages >= ATTN_SPLIT_PAGES) {
            hr_run_task(s, attend_pages, &r);
            if (!hr_run_stopped(s)) hr_run_task(s, merge_parts, &r);
            return;
        }
    }
    r.tile = b->owners != NULL ? 1 : hr_max_size(1, rows / r.per_head);
    r.n_units = l->n_head_kv * hr_div_up(m - t0, r.tile);
    hr_run_task(s, attend_units, &r);
}
