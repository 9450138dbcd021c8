/* signs.c: the rows of a large column are narrowed down by one bit a dimension before int8 looks at them. With r a row less the
 * centre of all rows, x . r is estimated by |r|^2 / |r|_1 * (sum of x under the signs of r), as RaBitQ does (Gao and Long
 * 2024) without its rotation. Integer sums, and floats in a fixed order: the same rows everywhere. */
#include "memory/vectors.h"

enum { SIGN_BLOCKS = 16, SIGN_TOP = 15, SIGN_SAMPLE = 4096, SIGN_LANES = 64, SIGN_SKIP = 8 };

typedef struct sign_best {
    uint32_t key, row;       /* keys are ordered as the estimates are */
} sign_best;

typedef struct sign_work {
    uint8_t *table;          /* [stride / 8][32] */
    sign_best *best;         /* [2 * want] */
    float step, offset;      /* estimate = step * factor * sum + offset */
    int32_t zero;            /* what the sums are too large by */
    uint32_t n, want;
    float floor;             /* who is not above it is not among the best */
} sign_work;

void hr_signs_free(const hr_allocator *m, hr_vec_column *c) {
    if (c->signs != NULL) m->free(m->ctx, c->signs, (size_t)c->cap_blocks * c->stride * 8);
    if (c->factor != NULL) m->free(m->ctx, c->factor, c->cap_factor * 64 * sizeof(float));
    if (c->centre != NULL) m->free(m->ctx, c->centre, c->stride * sizeof(float));
    c->signs = NULL;
    c->factor = c->centre = NULL;
    c->n_signed = c->cap_blocks = c->cap_factor = 0;
}

static bool signs_centre(const hr_allocator *m, hr_vec_column *c) {
    uint32_t step = c->n / SIGN_SAMPLE + 1;
    c->centre = (float *)m->alloc(m->ctx, c->stride * sizeof(float), 64);
    if (c->centre == NULL) return false;
    memset(c->centre, 0, c->stride * sizeof(float));
    for (uint32_t r = 0; r < c->n; r += step) {
        const int8_t *row = c->rows + (size_t)r * c->stride;
        for (uint32_t i = 0; i < c->stride; i++) {
            float x = c->norm[r].scale * (float)row[i]; /* its own statement: never fused */
            c->centre[i] += x;
        }
    }
    float share = 1.0f / (float)((c->n + step - 1) / step);
    for (uint32_t i = 0; i < c->stride; i++) c->centre[i] *= share;
    return true;
}

static void signs_add(hr_vec_column *c, uint32_t r) {
    const int8_t *row = c->rows + (size_t)r * c->stride;
    uint8_t *to = c->signs + (size_t)(r / 64) * c->stride * 8 + r % 64;
    float size[SIGN_LANES] = {0}, square[SIGN_LANES] = {0}, all = 0, squares = 0, d[SIGN_LANES], scale = c->norm[r].scale;
    uint8_t above[SIGN_LANES];
    for (uint32_t i = 0; i < c->stride; i += SIGN_LANES) { /* short loops of a constant count: compilers make vectors of them */
        for (uint32_t k = 0; k < SIGN_LANES; k++) d[k] = scale * (float)row[i + k];
        for (uint32_t k = 0; k < SIGN_LANES; k++) d[k] -= c->centre[i + k];
        for (uint32_t k = 0; k < SIGN_LANES; k++) above[k] = d[k] > 0;
        for (uint32_t k = 0; k < SIGN_LANES; k++) size[k] += __builtin_fabsf(d[k]);
        for (uint32_t k = 0; k < SIGN_LANES; k++) d[k] *= d[k];
        for (uint32_t k = 0; k < SIGN_LANES; k++) square[k] += d[k];
        for (uint32_t k = 0; k < SIGN_LANES; k += 8, to += 64) {
            *to = (uint8_t)(hr_le64(above + k) * 0x0102040810204080u >> 56); /* bit i: byte i */
        }
    }
    for (uint32_t k = 0; k < SIGN_LANES; k++) all += size[k], squares += square[k];
    c->factor[r] = all > 0 ? squares / all : 0;
}

/* the rows that came since the last time */
static bool signs_update(const hr_allocator *m, hr_vec_column *c) {
    if (c->centre == NULL && !signs_centre(m, c)) return false;
    size_t block = (size_t)c->stride * 8;
    void *signs = hr_store_grow(m, c->signs, (c->n_signed + 63) / 64, block, &c->cap_blocks, (c->n + 63) / 64);
    if (signs != NULL) c->signs = (uint8_t *)signs;
    void *factor = signs == NULL ? NULL
        : hr_store_grow(m, c->factor, (c->n_signed + 63) / 64, 64 * sizeof(float), &c->cap_factor, (c->n + 63) / 64);
    if (factor == NULL) return false;
    c->factor = (float *)factor;
    for (; c->n_signed < c->n; c->n_signed++) {
        if (c->n_signed % 64 == 0) {
            memset(c->signs + c->n_signed / 64 * block, 0, block);
            memset(c->factor + c->n_signed, 0, 64 * sizeof(float));
        }
        signs_add(c, c->n_signed);
    }
    return true;
}

/* --- the query: five bits a dimension, sums of four of them in a table ------------------------------------------------------ */
static void signs_query(const hr_vec_column *c, const hr_vec_query *v, sign_work *w) {
    int most = 1, q[4];
    for (uint32_t i = 0; i < c->stride; i++) most = v->q[i] > most ? v->q[i] : -v->q[i] > most ? -v->q[i] : most;
    for (uint32_t i = 0; i < c->stride; i += 4) {
        for (int k = 0; k < 4; k++) {
            int t = 2 * SIGN_TOP * v->q[i + (uint32_t)k];
            q[k] = (t + (t < 0 ? -most : most)) / (2 * most); /* rounded, away from zero */
        }
        for (int bits = 0; bits < 16; bits++) {
            int sum = 4 * SIGN_TOP;
            for (int k = 0; k < 4; k++) sum += bits >> k & 1 ? q[k] : -q[k];
            w->table[i * 4 + (uint32_t)bits] = (uint8_t)sum;
        }
    }
    w->zero = (int32_t)c->stride * SIGN_TOP;
    w->step = v->norm.scale * ((float)most / SIGN_TOP);
    w->offset = 0;
    for (uint32_t i = 0; i < c->stride; i++) {
        float t = c->centre[i] * (float)v->q[i];
        w->offset += t;
    }
    w->offset *= v->norm.scale;
}

/* --- the best `want` ----------------------------------------------------------------------------------------------------------- */
static uint32_t sign_key(float f) {
    uint32_t b = hr_f32_bits(f);
    return b >> 31 ? ~b : b | 0x80000000u;
}

/* keeps the largest `want` in their order; of equal ones the first */
static void signs_keep(sign_work *w) {
    uint32_t key = 0, mask = 0, left = w->want, n = 0;
    if (w->n <= w->want) return;
    for (int shift = 24; shift >= 0; shift -= 8) { /* the key of the last of them, byte by byte */
        uint32_t count[256] = {0}, b = 255;
        for (uint32_t i = 0; i < w->n; i++) count[w->best[i].key >> shift & 255] += (w->best[i].key & mask) == key;
        while (count[b] < left) left -= count[b--];
        key |= b << shift;
        mask |= 255u << shift;
    }
    for (uint32_t i = 0; i < w->n; i++) {
        if (w->best[i].key < key || (w->best[i].key == key && left == 0)) continue;
        left -= w->best[i].key == key;
        w->best[n++] = w->best[i];
    }
    w->n = n;
    w->floor = hr_f32_from_bits(key >> 31 ? key & 0x7fffffffu : ~key);
}

/* near [64]: the estimates of block b. dot: of SIGN_BLOCKS blocks, made when b is the first of them. */
static void signs_block(const hr_store *s, const hr_vec_column *c, const hr_vec_query *v, const sign_work *w, uint32_t b,
                        int32_t *dot, float *near) {
    const uint32_t blocks = (c->n + 63) / 64, rows = c->n - b * 64 < 64 ? c->n - b * 64 : 64;
    const float step = w->step, offset = w->offset, *factor = c->factor + b * 64;
    if (b % SIGN_BLOCKS == 0) {
        s->columns->kernels.scan_signs(c->signs + (size_t)b * c->stride * 8, blocks - b < SIGN_BLOCKS ? blocks - b : SIGN_BLOCKS,
                                       c->stride / 8, w->table, dot);
    }
    float t[64];
    const int32_t *d = dot + b % SIGN_BLOCKS * 64, zero = w->zero;
    for (uint32_t i = 0; i < 64; i++) t[i] = (float)(d[i] - zero);
    for (uint32_t i = 0; i < 64; i++) t[i] *= factor[i];
    for (uint32_t i = 0; i < 64; i++) t[i] *= step;
    for (uint32_t i = 0; i < 64; i++) t[i] += offset;
    for (uint32_t i = 0; i < rows && v->dot; i++) t[i] *= c->norm[b * 64 + i].length;
    memcpy(near, t, sizeof t);
    for (uint32_t i = rows; i < 64; i++) near[i] = -3.4e38f;
}

/* A first floor from a part of the rows, a little low, whether they match or not: so that few rows need be looked up. */
static void signs_guess(const hr_store *s, const hr_vec_column *c, const hr_vec_query *v, sign_work *w) {
    int32_t dot[SIGN_BLOCKS * 64];
    float near[64];
    uint32_t want = w->want;
    w->want = want / SIGN_SKIP + want / SIGN_SKIP / 4;
    for (uint32_t b = 0; b < c->n / 64; b++) {
        if (b / SIGN_BLOCKS % SIGN_SKIP != 0) continue;
        signs_block(s, c, v, w, b, dot, near);
        for (uint32_t i = 0; i < 64; i++) {
            if (near[i] <= w->floor) continue;
            w->best[w->n++] = (sign_best){sign_key(near[i]), b * 64 + i};
            if (w->n == 2 * w->want) signs_keep(w);
        }
    }
    signs_keep(w);
    w->want = want;
    w->n = 0;
}

/* those behind `from` that do not match are taken out; the looking up was begun when they came */
static hr_status signs_match(hr_store *s, const hr_vec_column *c, const hr_filter *f, uint64_t now_ms, sign_work *w,
                             uint32_t *from, hr_error *err) {
    uint32_t n = *from;
    for (uint32_t i = n; i < w->n; i++) {
        bool yes;
        HR_TRY(hr_store_match(s, &s->entries[c->entry[w->best[i].row]], f, now_ms, &yes, err));
        if (yes) w->best[n++] = w->best[i];
    }
    w->n = n;
    signs_keep(w);
    *from = w->n;
    return HR_OK;
}

static hr_status signs_scan(hr_store *s, const hr_vec_column *c, const hr_vec_query *v, const hr_filter *f, uint64_t now_ms,
                            sign_work *w, hr_error *err) {
    int32_t dot[SIGN_BLOCKS * 64];
    float near[64];
    uint32_t matched = 0;
    w->n = 0;
    for (uint32_t b = 0; b < (c->n + 63) / 64; b++) {
        signs_block(s, c, v, w, b, dot, near);
        for (uint32_t i = 0; i < 64; i++) {
            if (near[i] <= w->floor) continue;
            __builtin_prefetch(&s->entries[c->entry[b * 64 + i]]);
            w->best[w->n++] = (sign_best){sign_key(near[i]), b * 64 + i};
            if (w->n == 2 * w->want) HR_TRY(signs_match(s, c, f, now_ms, w, &matched, err));
        }
    }
    return signs_match(s, c, f, now_ms, w, &matched, err);
}

uint32_t hr_signs_want(uint32_t n, size_t k) {
    uint64_t want = 2048 + n / 160 + 16 * (uint64_t)k;
    return want < n ? (uint32_t)want : n;
}

hr_status hr_signs_pick(hr_store *s, hr_vec_column *c, const hr_vec_query *v, const hr_filter *f, uint64_t now_ms, uint32_t want,
                        uint32_t *pick, uint32_t *n, hr_error *err) {
    const hr_allocator *m = s->memory;
    sign_work w;
    size_t bytes = (size_t)c->stride * 4 + 2 * (size_t)want * sizeof *w.best;
    memset(&w, 0, sizeof w);
    *n = 0;
    w.table = signs_update(m, c) ? (uint8_t *)m->alloc(m->ctx, bytes, 64) : NULL;
    if (w.table == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "vectors", "out of memory");
    w.best = (sign_best *)(void *)(w.table + (size_t)c->stride * 4);
    w.want = want;
    w.floor = -3e38f;
    signs_query(c, v, &w);
    signs_guess(s, c, v, &w);
    hr_status status = signs_scan(s, c, v, f, now_ms, &w, err);
    if (status == HR_OK && w.n < want) { /* the filter leaves fewer: without a guess */
        w.floor = -3e38f;
        status = signs_scan(s, c, v, f, now_ms, &w, err);
    }
    for (uint32_t i = 0; i < w.n && status == HR_OK; i++) pick[(*n)++] = w.best[i].row;
    hr_wipe(w.table, (size_t)c->stride * 4); /* the query's */
    m->free(m->ctx, w.table, bytes);
    return status;
}
