/* vectors.c: exact search. Every vector is kept as an int8 row with its scale and the length of what rounding took away. The
 * scan of the rows bounds every cosine from both sides; whatever may still be among the best k is read and computed in f64.
 * So the result is that of a full f64 scan, at the price of an int8 one. */
#include "memory/cache.h"
#include "memory/store_internal.h"
#include "memory/vectors.h"

static hr_status columns_update(hr_store *s, hr_error *err);

enum { SCAN_ROWS = 512, PICK_ROWS = 64, VEC_RECORD_HEAD = 24 };

static void columns_empty(hr_store *s) {
    const hr_allocator *m = s->memory;
    for (int i = 0; i < HR_STORE_SPACES; i++) {
        hr_vec_column *c = &s->columns->space[i];
        if (c->rows != NULL) m->free(m->ctx, c->rows, (size_t)c->cap_rows * c->stride);
        if (c->norm != NULL) m->free(m->ctx, c->norm, c->cap_norm * sizeof *c->norm);
        hr_signs_free(m, c);
        if (c->entry != NULL) m->free(m->ctx, c->entry, c->cap_entry * sizeof(uint32_t));
        memset(c, 0, sizeof *c);
    }
    s->columns->n_done = 0;
}

void hr_columns_free(hr_store *s) {
    const hr_allocator *m = s->memory;
    if (s->columns == NULL) return;
    columns_empty(s);
    m->free(m->ctx, s->columns, sizeof *s->columns);
    s->columns = NULL;
}

enum { COLUMN_LANES = 8 };
/* x to length 1, then to int8; zero vectors give zero rows, and so do too large ones, which are always read. Returns 0 when x is
 * not finite, too large or has no length. */
static bool vec_quantize(const float *x, uint32_t dim, uint32_t stride, int8_t *q, hr_vec_norm *norm) {
    double ss[COLUMN_LANES] = {0}, missed[COLUMN_LANES] = {0}, sum = 0, lack = 0;
    uint32_t most = 0;
    memset(q, 0, stride);
    memset(norm, 0, sizeof *norm);
    for (uint32_t i = 0; i < dim; i++) {
        uint32_t a = hr_f32_bits(x[i]) & 0x7fffffffu; /* ordered as the magnitudes are */
        ss[i % COLUMN_LANES] += (double)x[i] * x[i];
        if (a > most) most = a;
    }
    for (int k = 0; k < COLUMN_LANES; k++) sum += ss[k];
    if (!(sum > 0)) return false;
    if (!(hr_f32_from_bits(most) < 1e30f)) return norm->lost = 3, norm->length = 1e36f, false;
    double length = __builtin_sqrt(sum), step = (double)hr_f32_from_bits(most) / 127.0, inverse = 1.0 / step;
    for (uint32_t i = 0; i < dim; i++) {
        double t = x[i] * inverse;
        int v = (int)(t + 128.5) - 128; /* within -127 ... 127: |t| <= 127 (1 + 2^-51) */
        double r = x[i] - v * step;
        missed[i % COLUMN_LANES] += r * r;
        q[i] = (int8_t)v;
    }
    for (int k = 0; k < COLUMN_LANES; k++) lack += missed[k];
    norm->scale = (float)(step / length);
    norm->length = (float)length;
    norm->lost = (float)(__builtin_sqrt(lack) / length * 1.00001 + 1e-6);
    return true;
}

static hr_status column_add(hr_store *s, uint32_t index, const float *x, hr_error *err) {
    const hr_entry *e = &s->entries[index];
    const hr_allocator *m = s->memory;
    uint32_t dim = s->spaces[e->vec_space - 1].dim;
    hr_vec_column *c = &s->columns->space[e->vec_space - 1];
    c->stride = (dim + 63) / 64 * 64;
    uint32_t room = c->n < c->want ? c->want : c->n + 1;
    void *rows = hr_store_grow(m, c->rows, c->n, c->stride, &c->cap_rows, room);
    if (rows != NULL) c->rows = (int8_t *)rows;
    void *norm = rows == NULL ? NULL : hr_store_grow(m, c->norm, c->n, sizeof *c->norm, &c->cap_norm, room);
    if (norm != NULL) c->norm = (hr_vec_norm *)norm;
    void *entry = norm == NULL ? NULL : hr_store_grow(m, c->entry, c->n, sizeof(uint32_t), &c->cap_entry, room);
    if (entry == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "vectors", "out of memory");
    c->entry = (uint32_t *)entry;
    vec_quantize(x, dim, c->stride, c->rows + (size_t)c->n * c->stride, &c->norm[c->n]);
    c->entry[c->n++] = index;
    return HR_OK;
}

typedef struct column_pass {
    hr_store *s;
    float *x;                /* [HR_STORE_DIM_MAX] */
    uint64_t n;              /* vectors taken */
} column_pass;

static hr_status column_visit(void *ctx, const hr_log_rec *r, hr_error *err) {
    column_pass *p = (column_pass *)ctx;
    if (r->type != HR_REC_VECTOR || r->n < VEC_RECORD_HEAD) return HR_OK;
    const uint8_t *raw = (const uint8_t *)r->data;
    const hr_entry *e = hr_store_find(p->s, hr_le64(raw));
    if (e == NULL || e->vec_space == 0 || e->vec_lsn != r->lsn) return HR_OK;
    uint32_t dim = p->s->spaces[e->vec_space - 1].dim;
    if (hr_vector_decode(r, dim, p->x, NULL) != HR_OK) return HR_OK;
    p->n++;
    return column_add(p->s, (uint32_t)(e - p->s->entries), p->x, err);
}

/* All of them: the log from front to back. A few new ones: a read for each. */
static hr_status columns_fill(hr_store *s, float *x, hr_error *err) {
    column_pass p = {s, x, 0};
    hr_columns *c = s->columns;
    if (c->n_done == 0) {
        uint64_t want = 0;
        for (uint32_t i = 0; i < s->n; i++) {
            if (s->entries[i].live && s->entries[i].vec_space != 0) c->space[s->entries[i].vec_space - 1].want++, want++;
        }
        for (uint32_t i = 0; i < s->log.n_segs; i++) {
            if (s->log.segs[i].seq != 0) HR_TRY(hr_log_visit_segment(&s->log, i, column_visit, &p, err));
        }
        if (p.n != want) return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "vectors", "some can no longer be read");
        c->n_done = s->n;
    }
    for (; c->n_done < s->n; c->n_done++) {
        const hr_entry *e = &s->entries[c->n_done];
        if (!e->live || e->vec_space == 0) continue;
        HR_TRY(hr_store_vector(s, e, x, HR_STORE_DIM_MAX, err));
        HR_TRY(column_add(s, c->n_done, x, err));
    }
    return HR_OK;
}

/* --- the side cache --------------------------------------------------------------------------------------------------------- */
static bool column_load(hr_store *s, uint32_t i, uint32_t reach) {
    hr_vec_column *c = &s->columns->space[i];
    c->stride = (s->spaces[i].dim + 63) / 64 * 64;
    c->rows = (int8_t *)hr_cache_load(s, HR_CACHE_ROWS, i, c->stride, &c->cap_rows);
    if (c->rows == NULL) return false;
    c->norm = (hr_vec_norm *)hr_cache_load(s, HR_CACHE_NORM, i, sizeof *c->norm, &c->cap_norm);
    c->entry = (uint32_t *)hr_cache_load(s, HR_CACHE_ENTRY, i, sizeof *c->entry, &c->cap_entry);
    if (c->cap_norm != c->cap_rows || c->cap_entry != c->cap_rows) return false;
    for (c->n = 0; c->n < c->cap_rows; c->n++) {
        uint32_t e = c->entry[c->n];
        if (e >= reach || (s->entries[e].live && s->entries[e].vec_space != i + 1)) return false;
    }
    return true;
}

/* Every living vector of the first `reach` entries must be in it, else the columns are empty again: the log will do. */
static void columns_load(hr_store *s) {
    hr_columns *c = s->columns;
    uint32_t reach = hr_cache_reach(s, HR_CACHE_ROWS), want[HR_STORE_SPACES] = {0}, have[HR_STORE_SPACES] = {0};
    for (uint32_t i = 0; i < reach; i++) {
        if (s->entries[i].live && s->entries[i].vec_space != 0) want[s->entries[i].vec_space - 1]++;
    }
    bool ok = reach != 0;
    for (uint32_t i = 0; i < s->n_spaces && ok; i++) {
        if (want[i] == 0) continue;
        ok = column_load(s, i, reach);
        for (uint32_t k = 0; k < c->space[i].n; k++) have[i] += s->entries[c->space[i].entry[k]].live;
        ok = ok && have[i] == want[i];
    }
    if (ok) c->n_done = reach;
    else columns_empty(s);
}

hr_status hr_columns_save(hr_store *s, hr_cache_out *o, uint32_t *reach, hr_error *err) {
    if (s->columns == NULL && hr_cache_reach(s, HR_CACHE_ROWS) == 0) return HR_OK; /* nobody searched by vector */
    HR_TRY(columns_update(s, err));
    for (uint32_t i = 0; i < s->n_spaces; i++) {
        const hr_vec_column *c = &s->columns->space[i];
        HR_TRY(hr_cache_put(o, HR_CACHE_ROWS, i, c->rows, c->stride, c->n));
        HR_TRY(hr_cache_put(o, HR_CACHE_NORM, i, c->norm, sizeof *c->norm, c->n));
        HR_TRY(hr_cache_put(o, HR_CACHE_ENTRY, i, c->entry, sizeof *c->entry, c->n));
    }
    *reach = s->columns->n_done;
    return HR_OK;
}

static hr_status columns_update(hr_store *s, hr_error *err) {
    const hr_allocator *m = s->memory;
    if (s->columns == NULL) {
        s->columns = (hr_columns *)m->alloc(m->ctx, sizeof *s->columns, 16);
        void *scratch = m->alloc(m->ctx, hr_kernels_scratch_bytes(), 64);
        hr_status status = HR_E_MEMORY;
        if (s->columns != NULL) memset(s->columns, 0, sizeof *s->columns);
        if (s->columns != NULL && scratch != NULL) {
            status = hr_kernels_choose(&s->columns->kernels, HR_ISA_ALL, true, scratch, NULL, NULL, err);
        } else {
            hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "vectors", "out of memory");
        }
        if (scratch != NULL) m->free(m->ctx, scratch, hr_kernels_scratch_bytes());
        if (status != HR_OK) {
            hr_columns_free(s);
            return status;
        }
        columns_load(s);
    }
    if (s->columns->n_done == s->n) return HR_OK;
    float *x = (float *)m->alloc(m->ctx, HR_STORE_DIM_MAX * sizeof *x, 16);
    if (x == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "vectors", "out of memory");
    bool first = s->columns->n_done == 0;
    hr_status status = hr_cache_distrust(s, columns_fill(s, x, err));
    hr_wipe(x, HR_STORE_DIM_MAX * sizeof *x);
    m->free(m->ctx, x, HR_STORE_DIM_MAX * sizeof *x);
    if (status != HR_OK && first) hr_columns_free(s); /* half of it would be scanned twice */
    return status;
}

hr_status hr_columns_verify(hr_store *s, uint32_t *entry, hr_error *err) {
    const hr_allocator *m = s->memory;
    size_t bytes = HR_STORE_DIM_MAX * (sizeof(float) + 1) + s->n;
    *entry = UINT32_MAX;
    HR_TRY(columns_update(s, err));
    float *x = (float *)m->alloc(m->ctx, bytes, 64);
    if (x == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "vectors", "out of memory");
    int8_t *q = (int8_t *)(x + HR_STORE_DIM_MAX);
    uint8_t *seen = (uint8_t *)q + HR_STORE_DIM_MAX;
    memset(seen, 0, s->n);
    hr_status status = HR_OK;
    for (uint32_t i = 0; i < s->n_spaces && status == HR_OK; i++) {
        const hr_vec_column *c = &s->columns->space[i];
        for (uint32_t r = 0; r < c->n && status == HR_OK; r++) {
            const hr_entry *e = &s->entries[c->entry[r]];
            hr_vec_norm norm;
            if (!e->live) continue;
            if (hr_store_vector(s, e, x, HR_STORE_DIM_MAX, NULL) != HR_OK) continue; /* said elsewhere */
            vec_quantize(x, s->spaces[i].dim, c->stride, q, &norm);
            if (seen[c->entry[r]]++ != 0 || e->vec_space != i + 1 || memcmp(&norm, &c->norm[r], sizeof norm) != 0 ||
                memcmp(q, c->rows + (size_t)r * c->stride, c->stride) != 0) *entry = c->entry[r];
        }
    }
    for (uint32_t k = 0; k < s->n; k++) {
        if (s->entries[k].live && s->entries[k].vec_space != 0 && seen[k] == 0 &&
            hr_store_vector(s, &s->entries[k], x, HR_STORE_DIM_MAX, NULL) == HR_OK) *entry = k;
    }
    hr_wipe(x, HR_STORE_DIM_MAX * (sizeof(float) + 1));
    m->free(m->ctx, x, bytes);
    return status;
}

/* --- the best k ------------------------------------------------------------------------------------------------------------ */
static bool hit_better(const hr_store *s, const hr_hit *a, const hr_hit *b) {
    return a->score != b->score ? a->score > b->score : s->entries[a->entry].id < s->entries[b->entry].id;
}
void hr_hits_add(const hr_store *s, hr_hit *hits, size_t k, size_t *n, const hr_hit *h) {
    if (k == 0 || (*n == k && !hit_better(s, h, &hits[k - 1]))) return;
    size_t i = *n < k ? (*n)++ : k - 1;
    for (; i > 0 && hit_better(s, h, &hits[i - 1]); i--) hits[i] = hits[i - 1];
    hits[i] = *h;
}

/* a heap with the smallest on top, of the k largest so far */
static void keep_floor(float *heap, size_t k, size_t *n, float v) {
    size_t i;
    if (*n < k) {
        for (i = (*n)++; i > 0 && heap[(i - 1) / 2] > v; i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
        heap[i] = v;
        return;
    }
    if (v <= heap[0]) return;
    i = 0;
    for (size_t c; (c = 2 * i + 1) < k; i = c) {
        if (c + 1 < k && heap[c + 1] < heap[c]) c++;
        if (heap[c] >= v) break;
        heap[i] = heap[c];
    }
    heap[i] = v;
}

/* how far the score of row r may be from what int8 knows; what floats lose is in it */
static float vec_slack(const hr_vec_column *c, const hr_vec_query *v, uint32_t r) {
    float slack = c->norm[r].lost + v->norm.lost * 1.05f + 1e-5f;
    return v->dot ? slack * c->norm[r].length : slack;
}

static hr_status scan_rows(hr_store *s, hr_vec_column *c, hr_vec_query *v, const hr_filter *f, uint64_t now, size_t k,
                           float *least, hr_error *err) {
    size_t n_heap = 0;
    int32_t dot[SCAN_ROWS];
    for (uint32_t at = 0, n; at < v->n_rows; at += n) {
        n = v->n_rows - at < SCAN_ROWS ? v->n_rows - at : SCAN_ROWS;
        const int8_t *rows = c->rows + (size_t)at * c->stride;
        if (v->pick != NULL) {
            n = n < PICK_ROWS ? n : PICK_ROWS;
            for (uint32_t i = 0; i < n; i++) {
                memcpy(v->gathered + i * c->stride, c->rows + (size_t)v->pick[at + i] * c->stride, c->stride);
            }
            rows = v->gathered;
        }
        s->columns->kernels.scan_i8(rows, n, c->stride, v->q, dot);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t r = v->pick != NULL ? v->pick[at + i] : at + i;
            float near = (float)dot[i] * (c->norm[r].scale * v->norm.scale);
            if (v->dot) near *= c->norm[r].length;
            v->near[at + i] = near;
            near -= vec_slack(c, v, r);
            if (n_heap == k && near <= v->heap[0]) continue;
            bool yes;
            HR_TRY(hr_store_match(s, &s->entries[c->entry[r]], f, now, &yes, err));
            if (yes) keep_floor(v->heap, k, &n_heap, near);
        }
    }
    *least = n_heap == k ? v->heap[0] : -3.4e38f;
    return HR_OK;
}

static hr_status rescore_rows(hr_store *s, hr_vec_column *c, hr_vec_query *v, const hr_filter *f, uint64_t now, float least,
                              hr_hit *hits, size_t k, size_t *n, hr_error *err) {
    double qq = 0;
    for (uint32_t i = 0; i < v->dim; i++) qq += (double)v->x[i] * v->x[i];
    for (uint32_t at = 0; at < v->n_rows; at++) {
        uint32_t r = v->pick != NULL ? v->pick[at] : at;
        bool yes;
        double xy = 0, xx = 0;
        hr_hit h;
        if (v->near[at] + vec_slack(c, v, r) < least) continue;
        HR_TRY(hr_store_match(s, &s->entries[c->entry[r]], f, now, &yes, err));
        if (!yes) continue;
        HR_TRY(hr_store_vector(s, &s->entries[c->entry[r]], v->row, v->dim, err));
        for (uint32_t i = 0; i < v->dim; i++) xy += (double)v->x[i] * v->row[i], xx += (double)v->row[i] * v->row[i];
        memset(&h, 0, sizeof h);
        h.entry = c->entry[r];
        h.score = h.vec_score = v->dot ? xy : xx > 0 && qq > 0 ? xy / __builtin_sqrt(xx * qq) : 0;
        hr_hits_add(s, hits, k, n, &h);
    }
    return HR_OK;
}

/* a space that everything has left is as good as unknown */
static hr_status check_space_used(const hr_store *s, int at, hr_error *err) {
    bool others = false;
    for (uint32_t i = 0; i < s->n; i++) {
        if (!s->entries[i].live || s->entries[i].vec_space == 0) continue;
        if (s->entries[i].vec_space == at + 1) return HR_OK;
        others = true;
    }
    return others ? hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "space", "no vectors of this embedder are left: they were rebuilt")
                  : HR_OK;
}

hr_status hr_vector_find(hr_store *s, const char *space, const float *query, uint32_t dim, const hr_filter *f, uint64_t now_ms,
                         hr_hit *hits, size_t k, size_t *n, hr_error *err) {
    const hr_allocator *m = s->memory;
    *n = 0;
    int at = space != NULL ? hr_store_space(s, space) : -1;
    if (at < 0) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "space", "no vectors of this embedder are here: rebuild them");
    if (s->spaces[at].dim != dim) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "query", "%u dimensions, the space has %u", dim, s->spaces[at].dim);
    }
    HR_TRY(columns_update(s, err));
    hr_vec_column *c = &s->columns->space[at];
    if (c->n == 0 || k == 0) return check_space_used(s, at, err);
    bool signs = (s->options & HR_STORE_NEAR) != 0 && c->n >= HR_SIGNS_MIN;
    hr_vec_query v;
    memset(&v, 0, sizeof v);
    v.x = query;
    v.dim = dim;
    v.dot = (s->options & HR_STORE_DOT) != 0;
    v.n_rows = signs ? hr_signs_want(c->n, k) : c->n;
    size_t bytes = c->stride * (signs ? 1 + (size_t)PICK_ROWS : 1) + (v.n_rows * (signs ? 2 : 1) + k + dim) * sizeof(float);
    uint8_t *block = k > 1u << 20 ? NULL : (uint8_t *)m->alloc(m->ctx, bytes, 64);
    if (block == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "vectors", "out of memory");
    v.q = (int8_t *)block;
    v.gathered = (int8_t *)block + c->stride;
    v.near = (float *)(void *)(block + c->stride * (signs ? 1 + (size_t)PICK_ROWS : 1));
    v.heap = v.near + v.n_rows;
    v.row = v.heap + k;
    float least = -3.4e38f;
    hr_status status = HR_OK;
    if (!vec_quantize(query, dim, c->stride, v.q, &v.norm)) {
        status = hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "query", "has no length, is not finite, or is too large");
    }
    if (signs && status == HR_OK) {
        uint32_t *pick = (uint32_t *)(void *)(v.row + dim);
        status = hr_signs_pick(s, c, &v, f, now_ms, v.n_rows, pick, &v.n_rows, err);
        v.pick = pick;
    }
    if (status == HR_OK) status = scan_rows(s, c, &v, f, now_ms, k, &least, err);
    if (status == HR_OK) status = rescore_rows(s, c, &v, f, now_ms, least, hits, k, n, err);
    for (size_t i = 0; i < *n; i++) hits[i].vec_rank = (uint32_t)(i + 1);
    hr_wipe(v.row, dim * sizeof *v.row); /* somebody's vector, and the query's */
    hr_wipe(v.q, c->stride);
    m->free(m->ctx, block, bytes);
    return status == HR_OK && *n == 0 ? check_space_used(s, at, err) : status;
}
