/* store.c: items: replay, put, get, delete. Forgetting and compaction are in store_clean.c. memory/FORMAT.md has the payloads. */
#include "memory/cache.h"
#include "memory/store_internal.h"
#include "engine/base/sys_block.h"

HR_SMALL_BEGIN

enum { ITEM_HEAD = 56, VECTOR_HEAD = 24, SPACE_HEAD = 16 };

void *hr_store_grow(const hr_allocator *m, void *old, size_t used, size_t size, uint32_t *cap, uint32_t want) {
    if (want <= *cap) return old;
    uint64_t next = (uint64_t)want + want / 2 + 16;
    if (next > UINT32_MAX || next > SIZE_MAX / size) return NULL;
    void *p = m->alloc(m->ctx, (size_t)next * size, 16);
    if (p == NULL) return NULL;
    if (old != NULL) {
        memcpy(p, old, used * size);
        m->free(m->ctx, old, *cap * size);
    }
    *cap = (uint32_t)next;
    return p;
}

static hr_status no_memory(hr_error *err) { return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "store", "out of memory"); }

/* --- id -> entry --------------------------------------------------------------------------------------------------------- */
static uint32_t *table_slot(const hr_store *s, uint64_t id) {
    uint32_t i = (uint32_t)hr_hash64(&id, sizeof id, 0) & (s->table_cap - 1);
    while (s->table[i] != 0 && s->entries[s->table[i] - 1].id != id) i = (i + 1) & (s->table_cap - 1);
    return &s->table[i];
}

static hr_status table_room(hr_store *s, hr_error *err) {
    if ((s->table_used + 1) * 2 <= s->table_cap) return HR_OK;
    uint32_t cap = s->table_cap == 0 ? 64 : s->table_cap * 2, old_cap = s->table_cap, *old = s->table;
    uint32_t *more = cap == 0 ? NULL : (uint32_t *)s->memory->alloc(s->memory->ctx, cap * sizeof *more, 8);
    if (more == NULL) return no_memory(err);
    memset(more, 0, cap * sizeof *more);
    s->table = more;
    s->table_cap = cap;
    for (uint32_t i = 0; i < old_cap; i++) {
        if (old[i] != 0) *table_slot(s, s->entries[old[i] - 1].id) = old[i];
    }
    if (old != NULL) s->memory->free(s->memory->ctx, old, old_cap * sizeof *old);
    return HR_OK;
}

uint32_t hr_store_index(const hr_store *s, uint64_t id) {
    uint32_t at = s->table_cap != 0 ? *table_slot(s, id) : 0;
    return at != 0 ? at - 1 : UINT32_MAX;
}

hr_entry *hr_store_find(hr_store *s, uint64_t id) {
    if (s->table_cap == 0) return NULL;
    uint32_t at = *table_slot(s, id);
    return at != 0 && s->entries[at - 1].live ? &s->entries[at - 1] : NULL;
}

/* --- key -> entries ------------------------------------------------------------------------------------------------------- */
static void keys_link(hr_store *s, uint32_t index) {
    uint32_t *head = &s->keys[s->entries[index].key_hash & (s->keys_cap - 1)];
    s->entries[index].next_key = *head;
    *head = index + 1;
}

/* room for one more: as many chains as living entries, those of dead ones are left out when the table is made again */
static hr_status keys_room(hr_store *s, hr_error *err) {
    if (s->n_keyed < s->keys_cap) return HR_OK;
    uint32_t cap = 64, living = 0;
    for (uint32_t i = 0; i < s->n; i++) living += s->entries[i].live && s->entries[i].key_hash != 0;
    while (cap != 0 && cap <= 2 * living) cap *= 2;
    uint32_t *more = cap == 0 ? NULL : (uint32_t *)s->memory->alloc(s->memory->ctx, cap * sizeof *more, 8);
    if (more == NULL) return no_memory(err);
    memset(more, 0, cap * sizeof *more);
    if (s->keys != NULL) s->memory->free(s->memory->ctx, s->keys, s->keys_cap * sizeof *more);
    s->keys = more;
    s->keys_cap = cap;
    s->n_keyed = living;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->entries[i].live && s->entries[i].key_hash != 0) keys_link(s, i);
    }
    return HR_OK;
}

/* --- payloads ---------------------------------------------------------------------------------------------------------------- */
static size_t item_bytes(const hr_item *i) {
    return ITEM_HEAD + i->scope.size + i->source.size + i->tags.size + i->key.size + i->text.size;
}

static void item_encode(const hr_item *i, uint8_t *p) {
    const hr_str part[5] = {i->scope, i->source, i->tags, i->key, i->text};
    memset(p, 0, ITEM_HEAD);
    hr_put64(p, i->id);
    hr_put64(p + 8, i->time_ms);
    hr_put64(p + 16, i->expires_ms);
    hr_put32(p + 24, i->kind);
    hr_put32(p + 28, i->confidence);
    hr_put32(p + 32, i->count);
    for (int k = 0; k < 5; k++) hr_put32(p + 36 + 4 * k, (uint32_t)part[k].size);
    p += ITEM_HEAD;
    for (int k = 0; k < 5; k++) {
        if (part[k].size != 0) memcpy(p, part[k].data, part[k].size);
        p += part[k].size;
    }
}

static hr_status item_decode(const void *data, size_t n, uint64_t offset, hr_item *i, hr_error *err) {
    hr_cur c = hr_cur_make(data, n, offset, err);
    hr_str *part[5] = {&i->scope, &i->source, &i->tags, &i->key, &i->text};
    memset(i, 0, sizeof *i);
    c.field = "item";
    i->id = hr_cur_u64(&c);
    i->time_ms = hr_cur_u64(&c);
    i->expires_ms = hr_cur_u64(&c);
    i->kind = hr_cur_u32(&c);
    i->confidence = hr_cur_u32(&c);
    i->count = hr_cur_u32(&c);
    for (int k = 0; k < 5; k++) part[k]->size = hr_cur_u32(&c);
    for (int k = 0; k < 5; k++) part[k]->data = (const char *)hr_cur_bytes(&c, part[k]->size);
    if (hr_cur_ok(&c) && (i->id == 0 || i->kind >= HR_KIND_COUNT)) hr_cur_fail(&c, HR_E_FORMAT, "not an item");
    if (!hr_cur_ok(&c)) memset(i, 0, sizeof *i);
    return c.status;
}

static uint64_t key_hash(const hr_item *i) {
    uint64_t h = hr_hash64(i->scope.data, i->scope.size, i->kind + 1u);
    return hr_hash64(i->key.data, i->key.size, h);
}

/* --- replay: what a record means ------------------------------------------------------------------------------------------------ */
static hr_status apply_item(hr_store *s, const hr_log_rec *r, hr_error *err) {
    hr_item item;
    HR_TRY(item_decode(r->data, r->n, HR_NO_OFFSET, &item, err));
    HR_TRY(table_room(s, err));
    if (item.key.size != 0) HR_TRY(keys_room(s, err));
    hr_entry *more = (hr_entry *)hr_store_grow(s->memory, s->entries, s->n, sizeof *more, &s->cap, s->n + 1);
    if (more == NULL) return no_memory(err);
    s->entries = more;
    uint32_t *slot = table_slot(s, item.id);
    hr_entry *e = &s->entries[s->n], *old = *slot != 0 ? &s->entries[*slot - 1] : NULL;
    memset(e, 0, sizeof *e);
    e->id = item.id;
    e->lsn = r->lsn;
    e->time_ms = item.time_ms;
    e->expires_ms = item.expires_ms;
    e->scope_hash = hr_hash64(item.scope.data, item.scope.size, 0);
    e->source_hash = hr_hash64(item.source.data, item.source.size, 0);
    e->key_hash = item.key.size != 0 ? key_hash(&item) : 0;
    e->loc = r->loc;
    e->n = r->n;
    e->kind = (uint8_t)item.kind;
    e->live = true;
    if (old == NULL) s->table_used++;
    if (old != NULL && old->live) old->live = false;
    else s->n_live++;
    if (item.key.size != 0) keys_link(s, s->n), s->n_keyed++;
    *slot = ++s->n;
    return HR_OK;
}

static hr_status apply_space(hr_store *s, const hr_log_rec *r, hr_error *err) {
    hr_cur c = hr_cur_make(r->data, r->n, HR_NO_OFFSET, err);
    hr_space space;
    memset(&space, 0, sizeof space);
    c.field = "space";
    space.hash = hr_cur_u64(&c);
    space.dim = hr_cur_u32(&c);
    uint32_t n = hr_cur_u32(&c);
    const uint8_t *name = hr_cur_bytes(&c, n);
    if (!hr_cur_ok(&c)) return c.status;
    if (n >= sizeof space.name || space.dim == 0 || space.dim > HR_STORE_DIM_MAX) {
        return hr_cur_fail(&c, HR_E_FORMAT, "%u dimensions, a name of %u bytes", space.dim, n), c.status;
    }
    memcpy(space.name, name, n);
    space.lsn = r->lsn;
    space.loc = r->loc;
    for (uint32_t i = 0; i < s->n_spaces; i++) {
        if (s->spaces[i].hash == space.hash) { /* moved by a compaction */
            s->spaces[i] = space;
            return HR_OK;
        }
    }
    if (s->n_spaces == HR_STORE_SPACES) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "space", "more than %d", HR_STORE_SPACES);
    s->spaces[s->n_spaces++] = space;
    return HR_OK;
}

static hr_status apply_vector(hr_store *s, const hr_log_rec *r, hr_error *err) {
    hr_cur c = hr_cur_make(r->data, r->n, HR_NO_OFFSET, err);
    c.field = "vector";
    hr_entry *e = hr_store_find(s, hr_cur_u64(&c));
    uint64_t space = hr_cur_u64(&c);
    uint32_t dim = hr_cur_u32(&c);
    uint32_t form = hr_cur_u32(&c);
    hr_cur_expect(&c, dim, form != 0 ? 2 : 4);
    if (!hr_cur_ok(&c)) return c.status;
    if (e == NULL) return HR_OK;
    uint32_t i = 0;
    while (i < s->n_spaces && s->spaces[i].hash != space) i++;
    if (i == HR_STORE_SPACES) return hr_cur_fail(&c, HR_E_LIMIT, "more than %d spaces", HR_STORE_SPACES), c.status;
    if (i == s->n_spaces) { /* a compaction moved its name behind it */
        memset(&s->spaces[i], 0, sizeof s->spaces[i]);
        s->spaces[i].hash = space;
        s->spaces[i].dim = dim;
        s->n_spaces++;
    }
    if (s->spaces[i].dim != dim || dim == 0 || dim > HR_STORE_DIM_MAX) {
        return hr_cur_fail(&c, HR_E_FORMAT, "%u dimensions in a space of %u", dim, s->spaces[i].dim), c.status;
    }
    e->vec_space = (uint8_t)(i + 1);
    e->vec_lsn = r->lsn;
    e->vec_loc = r->loc;
    return HR_OK;
}

hr_status hr_store_apply(void *ctx, const hr_log_rec *r, hr_error *err) {
    hr_store *s = (hr_store *)ctx;
    switch (r->type) {
    case HR_REC_ITEM: return apply_item(s, r, err);
    case HR_REC_VECTOR: return apply_vector(s, r, err);
    case HR_REC_SPACE: return apply_space(s, r, err);
    case HR_REC_TOMB: {
        hr_cur c = hr_cur_make(r->data, r->n, HR_NO_OFFSET, err);
        c.field = "tombstone";
        hr_entry *e = hr_store_find(s, hr_cur_u64(&c));
        if (!hr_cur_ok(&c)) return c.status;
        if (e != NULL) e->live = false, s->n_live--;
        return HR_OK;
    }
    default:
        if (r->flags & HR_LOG_CRITICAL) {
            return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "record", "of a later version: type %u", r->type);
        }
        return HR_OK;
    }
}

/* --- open and close ---------------------------------------------------------------------------------------------------------------- */
static hr_status open_block(hr_store *s, hr_block *b, const hr_store_config *config, const char *path, bool cached,
                            hr_error *err) {
    memset(s, 0, sizeof *s);
    s->memory = config->memory != NULL ? config->memory : hr_allocator_default();
    if (path != NULL && !hr_cache_make(s, path, cached)) {
        if (b->close != NULL) b->close(b->ctx);
        return no_memory(err);
    }
    hr_log_config log = {config->segment_bytes, 0, config->repair, s->memory, config->secret};
    hr_status status = hr_log_open_from(&s->log, b, &log, hr_store_apply, cached ? hr_cache_resume : NULL, s, err);
    if (status == HR_OK) {
        s->page_bytes = s->log.seg_bytes;
        s->page = (uint8_t *)s->memory->alloc(s->memory->ctx, s->page_bytes, 16);
        if (s->page == NULL) status = no_memory(err);
    }
    for (uint32_t i = 0; i < s->log.n_segs && status == HR_OK && !s->log.read_only; i++) {
        /* debris of a torn batch may hold somebody's words, and what was given up in a repair goes, too */
        const hr_log_seg *g = &s->log.segs[i];
        if (g->seq == 0 || (!g->dirty && !g->damaged)) continue;
        if (g->damaged) status = hr_cache_erase(s, err); /* it may know what is given up */
        if (status == HR_OK) status = hr_store_clean_segment(s, i, err);
    }
    if (status != HR_OK) {
        hr_cache_free(s); /* not to be written */
        hr_store_close(s);
    }
    return status;
}

hr_status hr_store_open(hr_store *s, hr_block *b, const hr_store_config *config, hr_error *err) {
    return open_block(s, b, config, NULL, false, err);
}

static hr_status open_path(hr_store *s, const char *path, const hr_store_config *config, bool cached, hr_error *err) {
    hr_block b;
    memset(s, 0, sizeof *s);
    HR_TRY(hr_block_open_file(&b, path, config->write, err));
    return open_block(s, &b, config, path, cached, err);
}
hr_status hr_store_open_file(hr_store *s, const char *path, const hr_store_config *config, hr_error *err) {
    return open_path(s, path, config, false, err);
}
hr_status hr_store_open_cached(hr_store *s, const char *path, const hr_store_config *config, hr_error *err) {
    return open_path(s, path, config, true, err);
}

void hr_store_close(hr_store *s) {
    const hr_allocator *m = s->memory;
    if (m == NULL) return;
    hr_cache_save(s);
    hr_cache_free(s);
    hr_lexical_free(s);
    hr_columns_free(s);
    if (s->entries != NULL) m->free(m->ctx, s->entries, s->cap * sizeof *s->entries);
    if (s->table != NULL) m->free(m->ctx, s->table, s->table_cap * sizeof *s->table);
    if (s->keys != NULL) m->free(m->ctx, s->keys, s->keys_cap * sizeof *s->keys);
    if (s->page != NULL) m->free(m->ctx, s->page, s->page_bytes);
    hr_log_close(&s->log);
    memset(s, 0, sizeof *s);
}

/* --- put ------------------------------------------------------------------------------------------------------------------------------ */
static hr_status check_item(const hr_store *s, const hr_item *i, hr_error *err) {
    const hr_str part[4] = {i->scope, i->source, i->tags, i->key};
    for (int k = 0; k < 4; k++) {
        if (part[k].size > HR_STORE_NAME_MAX || !hr_utf8_valid(part[k].data, part[k].size)) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "item", "scope, source, tags and key are UTF-8 of at most %d bytes",
                           HR_STORE_NAME_MAX);
        }
    }
    if (i->text.size > s->log.seg_bytes || !hr_utf8_valid(i->text.data, i->text.size)) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "text", "%zu bytes; must be UTF-8 and fit a segment of %u", i->text.size,
                       s->log.seg_bytes);
    }
    if (i->kind >= HR_KIND_COUNT || i->confidence > HR_STORE_CERTAIN || (i->kind != HR_KIND_TEXT && i->key.size == 0)) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "item", "kind %u, confidence %u, key of %zu bytes", i->kind, i->confidence,
                       i->key.size);
    }
    if (i->vector == NULL) return HR_OK;
    bool finite = i->dim > 0 && i->dim <= HR_STORE_DIM_MAX && i->space != NULL;
    for (uint32_t k = 0; k < i->dim && finite; k++) finite = (hr_f32_bits(i->vector[k]) & 0x7f800000u) != 0x7f800000u;
    if (!finite || i->space[0] == 0 || strlen(i->space) >= sizeof s->spaces[0].name) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "vector", "%u dimensions; all finite, and with the embedder's identity",
                       i->dim);
    }
    return HR_OK;
}

int hr_store_space(const hr_store *s, const char *name) {
    for (uint32_t i = 0; i < s->n_spaces; i++) {
        if (strcmp(s->spaces[i].name, name) == 0) return (int)i;
    }
    return -1;
}

hr_status hr_store_by_key(hr_store *s, const hr_item *i, hr_entry **found, hr_item *old, hr_error *err) {
    uint64_t h = key_hash(i);
    uint32_t *link = s->keys_cap != 0 ? &s->keys[h & (s->keys_cap - 1)] : NULL;
    *found = NULL;
    while (link != NULL && *link != 0) {
        hr_entry *e = &s->entries[*link - 1];
        if (!e->live) { /* out of the chain: nobody walks past it twice */
            *link = e->next_key;
            continue;
        }
        link = &e->next_key;
        if (e->key_hash != h) continue;
        HR_TRY(hr_store_read(s, e, old, err));
        bool same = old->kind == i->kind && old->key.size == i->key.size && old->scope.size == i->scope.size &&
                    memcmp(old->key.data, i->key.data, i->key.size) == 0 &&
                    (i->scope.size == 0 || memcmp(old->scope.data, i->scope.data, i->scope.size) == 0);
        if (!same) continue;
        *found = e;
        return HR_OK;
    }
    return HR_OK;
}

/* *skip: what is there under the key is certain and the new one is not */
static hr_status merge_key(hr_store *s, hr_item *i, uint64_t now, bool *skip, hr_error *err) {
    hr_item old;
    hr_entry *e;
    HR_TRY(hr_store_by_key(s, i, &e, &old, err));
    if (i->id != 0 && e != NULL && old.id != i->id) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "key", "item %llu has it", (unsigned long long)old.id);
    }
    if (e == NULL || i->id != 0) return HR_OK;
    bool expired = old.expires_ms != 0 && old.expires_ms <= now;
    *skip = old.confidence == HR_STORE_CERTAIN && i->confidence < HR_STORE_CERTAIN && !expired;
    i->id = *skip ? 0 : old.id;
    i->count = old.count + 1;
    return HR_OK;
}

typedef struct put_plan {
    hr_log_rec *recs;
    uint8_t *bytes;
    size_t n, n_bytes, cap_recs, cap_bytes;
    uint32_t *keyed;         /* [keyed_cap] hash of a key -> 1 + index of the last item of the batch with it */
    uint32_t keyed_cap, n_keyed;
} put_plan;

/* what the batch itself has under the key of items[k] is as good as there */
static hr_status plan_key(const put_plan *p, hr_item *items, size_t k, bool *skip, hr_error *err) {
    hr_item *i = &items[k];
    uint32_t at = (uint32_t)key_hash(i) & (p->keyed_cap - 1);
    for (; p->keyed[at] != 0; at = (at + 1) & (p->keyed_cap - 1)) {
        const hr_item *o = &items[p->keyed[at] - 1];
        if (o->kind != i->kind || o->key.size != i->key.size || o->scope.size != i->scope.size ||
            memcmp(o->key.data, i->key.data, i->key.size) != 0 ||
            (i->scope.size != 0 && memcmp(o->scope.data, i->scope.data, i->scope.size) != 0)) continue;
        if (i->id != 0 && i->id != o->id) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "key", "two items of the batch have it");
        *skip = i->id == 0 && o->confidence == HR_STORE_CERTAIN && i->confidence < HR_STORE_CERTAIN;
        if (i->id == 0) i->count = o->count + 1;
        i->id = *skip ? 0 : o->id;
        break;
    }
    if (!*skip) p->keyed[at] = (uint32_t)k + 1;
    return HR_OK;
}

static void plan_record(put_plan *p, uint16_t type, uint16_t flags, size_t n) {
    hr_log_rec *r = &p->recs[p->n++];
    memset(r, 0, sizeof *r);
    r->type = type;
    r->flags = flags;
    r->n = (uint32_t)n;
    r->data = p->bytes + p->n_bytes;
    p->n_bytes += n;
}

static void plan_space(const hr_store *s, put_plan *p, const hr_item *i) {
    uint64_t hash = hr_hash64(i->space, strlen(i->space), i->dim);
    bool known = hr_store_space(s, i->space) >= 0;
    for (size_t k = 0; k < p->n && !known; k++) known = p->recs[k].type == HR_REC_SPACE && hr_le64(p->recs[k].data) == hash;
    if (!known) {
        uint8_t *q = p->bytes + p->n_bytes;
        size_t n = strlen(i->space);
        hr_put64(q, hash);
        hr_put32(q + 8, i->dim);
        hr_put32(q + 12, (uint32_t)n);
        memcpy(q + SPACE_HEAD, i->space, n);
        plan_record(p, HR_REC_SPACE, 0, SPACE_HEAD + n);
    }
}

/* 2^n, n within -1022 ... 1023 */
static double vector_power(int n) {
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}
/* to 16 bits, the nearest, and back; |x| below 2^16 */
static uint16_t vector_half(double x) {
    double t = x < 0 ? -x : x, m;
    uint64_t bits;
    memcpy(&bits, &t, sizeof bits);
    int e = (int)(bits >> 52) - 1023;
    if (e < -14) e = -14;
    m = t * vector_power(10 - e) + 0x1p52; /* rounds to even */
    return (uint16_t)((x < 0) << 15 | (((e + 14) << 10) + (int)(m - 0x1p52)));
}
static double vector_of_half(uint32_t h) {
    int e = (int)(h >> 10 & 31), m = (int)(h & 1023);
    double x = e == 0 ? m * 0x1p-24 : (1024 + m) * vector_power(e - 25);
    return h >> 15 ? -x : x;
}
enum { F16_FORM = 512, F16_LEAST = F16_FORM - 141, F16_MOST = F16_FORM + 96 };
/* 16 bits a number, times 2^(form - 512): the largest lies in 2^14 ... 2^15. 0: not for this one */
static uint32_t vector_form(const hr_store *s, const hr_item *i) {
    uint32_t most = 0;
    for (uint32_t k = 0; k < i->dim; k++) {
        uint32_t a = hr_f32_bits(i->vector[k]) & 0x7fffffffu;
        most = a > most ? a : most;
    }
    bool fits = (s->options & HR_STORE_F16) != 0 && most != 0 && hr_f32_from_bits(most) < 1e30f;
    return fits ? F16_FORM - 14 - 127 + (most >> 23) : 0;
}

hr_status hr_vector_decode(const hr_log_rec *r, uint32_t dim, float *out, hr_error *err) {
    const uint8_t *p = (const uint8_t *)r->data;
    uint32_t form = r->n < VECTOR_HEAD ? 1 : hr_le32(p + 20);
    if ((form != 0 && (form < F16_LEAST || form > F16_MOST)) || r->n < VECTOR_HEAD + (form != 0 ? 2 : 4) * (size_t)dim) {
        return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "vector", "too short, or of an unknown form");
    }
    p += VECTOR_HEAD;
    if (form == 0) {
        for (uint32_t k = 0; k < dim; k++) out[k] = hr_f32_from_bits(hr_le32(p + 4 * k));
        return HR_OK;
    }
    double power = vector_power((int)form - F16_FORM);
    for (uint32_t k = 0; k < dim; k++) out[k] = (float)(vector_of_half(p[2 * k] | (uint32_t)p[2 * k + 1] << 8) * power);
    return HR_OK;
}

/* directly behind its item, in one batch and so in one segment for ever */
static void plan_vector(const hr_store *s, put_plan *p, const hr_item *i) {
    uint64_t hash = hr_hash64(i->space, strlen(i->space), i->dim);
    uint8_t *q = p->bytes + p->n_bytes;
    uint32_t form = vector_form(s, i);
    double power = form != 0 ? vector_power(F16_FORM - (int)form) : 0;
    hr_put64(q, i->id);
    hr_put64(q + 8, hash);
    hr_put32(q + 16, i->dim);
    hr_put32(q + 20, form);
    for (uint32_t k = 0; k < i->dim; k++) {
        if (form == 0) hr_put32(q + VECTOR_HEAD + 4 * k, hr_f32_bits(i->vector[k]));
        else hr_put16(q + VECTOR_HEAD + 2 * k, vector_half(i->vector[k] * power));
    }
    plan_record(p, HR_REC_VECTOR, 0, VECTOR_HEAD + (form != 0 ? 2 : 4) * (size_t)i->dim);
}

static hr_status plan_items(hr_store *s, hr_item *items, size_t n, put_plan *p, hr_error *err) {
    uint64_t now = hr_clock_unix_ms();
    for (size_t k = 0; k < n; k++) {
        hr_item *i = &items[k];
        bool skip = false;
        if (i->count == 0) i->count = 1; /* an import brings its own */
        if (i->time_ms == 0) i->time_ms = now;
        if (i->id != 0 && !i->exact && hr_store_find(s, i->id) == NULL) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "id", "there is no item %llu", (unsigned long long)i->id);
        }
        if (i->key.size != 0 && !i->exact) {
            HR_TRY(merge_key(s, i, now, &skip, err));
            if (!skip && p->keyed != NULL) HR_TRY(plan_key(p, items, k, &skip, err));
        }
        if (skip) continue;
        if (i->vector != NULL) plan_space(s, p, i);
        if (i->id == 0) i->id = s->log.next_lsn + p->n; /* the number of its first record: never used again */
        item_encode(i, p->bytes + p->n_bytes);
        plan_record(p, HR_REC_ITEM, 0, item_bytes(i));
        if (i->vector != NULL) plan_vector(s, p, i);
    }
    return HR_OK;
}

hr_status hr_store_put(hr_store *s, hr_item *items, size_t n, hr_error *err) {
    put_plan p;
    memset(&p, 0, sizeof p);
    if (n > 1u << 20) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "items", "%zu in one batch", n);
    for (size_t k = 0; k < n; k++) {
        HR_TRY(check_item(s, &items[k], err));
        p.cap_bytes += item_bytes(&items[k]);
        p.cap_recs++;
        p.n_keyed += items[k].key.size != 0 && !items[k].exact;
        if (items[k].vector == NULL) continue;
        int space = hr_store_space(s, items[k].space);
        if (space >= 0 && s->spaces[space].dim != items[k].dim) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "vector", "%u dimensions; this space has %u", items[k].dim,
                           s->spaces[space].dim);
        }
        if (space < 0 && s->n_spaces == HR_STORE_SPACES) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "space", "too many");
        p.cap_bytes += VECTOR_HEAD + SPACE_HEAD + strlen(items[k].space) + 4 * (size_t)items[k].dim;
        p.cap_recs += 2;
    }
    if (n == 0) return HR_OK;
    if (p.cap_bytes > 2 * (uint64_t)s->log.seg_bytes) {
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "items", "%zu bytes; a batch fits a segment of %u", p.cap_bytes,
                       s->log.seg_bytes);
    }
    p.recs = (hr_log_rec *)s->memory->alloc(s->memory->ctx, p.cap_recs * sizeof *p.recs, 8);
    p.bytes = (uint8_t *)s->memory->alloc(s->memory->ctx, p.cap_bytes, 8);
    for (p.keyed_cap = 2; p.n_keyed > 1 && p.keyed_cap < 2 * p.n_keyed;) p.keyed_cap *= 2;
    if (p.n_keyed > 1) p.keyed = (uint32_t *)s->memory->alloc(s->memory->ctx, p.keyed_cap * sizeof *p.keyed, 8);
    if (p.keyed != NULL) memset(p.keyed, 0, p.keyed_cap * sizeof *p.keyed);
    bool room = p.recs != NULL && p.bytes != NULL && (p.keyed != NULL || p.n_keyed < 2);
    hr_status status = room ? plan_items(s, items, n, &p, err) : no_memory(err);
    if (status == HR_OK) status = hr_log_commit(&s->log, p.recs, p.n, err);
    for (size_t k = 0; k < p.n && status == HR_OK; k++) status = hr_store_apply(s, &p.recs[k], err);
    if (p.recs != NULL) s->memory->free(s->memory->ctx, p.recs, p.cap_recs * sizeof *p.recs);
    if (p.bytes != NULL) s->memory->free(s->memory->ctx, p.bytes, p.cap_bytes);
    if (p.keyed != NULL) s->memory->free(s->memory->ctx, p.keyed, p.keyed_cap * sizeof *p.keyed);
    return status;
}

/* --- get ------------------------------------------------------------------------------------------------------------------------------- */
hr_status hr_store_read(hr_store *s, const hr_entry *e, hr_item *item, hr_error *err) {
    hr_log_rec r;
    memset(item, 0, sizeof *item);
    HR_TRY(hr_cache_distrust(s, hr_log_read(&s->log, e->loc, e->lsn, s->page, s->page_bytes, &r, err)));
    if (r.type != HR_REC_ITEM) return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "item", "another record is here");
    return item_decode(r.data, r.n, HR_NO_OFFSET, item, err);
}

hr_status hr_store_vector(hr_store *s, const hr_entry *e, float *out, size_t cap, hr_error *err) {
    hr_log_rec r;
    if (e->vec_space == 0) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "vector", "the item has none");
    uint32_t dim = s->spaces[e->vec_space - 1].dim;
    if (cap < dim) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "vector", "room for %zu of %u", cap, dim);
    HR_TRY(hr_cache_distrust(s, hr_log_read(&s->log, e->vec_loc, e->vec_lsn, s->page, s->page_bytes, &r, err)));
    return hr_vector_decode(&r, dim, out, err);
}

uint64_t hr_store_now(void) { return hr_clock_unix_ms(); }

bool hr_store_has_tag(hr_str tags, hr_str tag) {
    for (size_t i = 0; i <= tags.size;) {
        size_t j = i;
        while (j < tags.size && tags.data[j] != ',') j++;
        if (j - i == tag.size && memcmp(tags.data + i, tag.data, tag.size) == 0) return true;
        i = j + 1;
    }
    return false;
}

static bool text_contains(hr_str text, hr_str term) {
    if (term.size == 0) return true;
    for (size_t i = 0; i + term.size <= text.size; i++) {
        size_t k = 0;
        for (; k < term.size; k++) {
            char a = text.data[i + k], b = term.data[k];
            if (a >= 'A' && a <= 'Z') a = (char)(a + 32);
            if (b >= 'A' && b <= 'Z') b = (char)(b + 32);
            if (a != b) break;
        }
        if (k == term.size) return true;
    }
    return false;
}

hr_status hr_store_match(hr_store *s, const hr_entry *e, const hr_filter *f, uint64_t now_ms, bool *yes, hr_error *err) {
    *yes = e->live && (f->id == 0 || f->id == e->id) && (f->kind < 0 || f->kind == e->kind) && e->time_ms >= f->from_ms &&
           (f->to_ms == 0 || e->time_ms < f->to_ms) && (now_ms == 0 || e->expires_ms == 0 || e->expires_ms > now_ms) &&
           (f->scope.data == NULL || hr_hash64(f->scope.data, f->scope.size, 0) == e->scope_hash) &&
           (f->source.data == NULL || hr_hash64(f->source.data, f->source.size, 0) == e->source_hash);
    if (!*yes || (f->tag.data == NULL && f->term.data == NULL)) return HR_OK;
    hr_item item;
    HR_TRY(hr_store_read(s, e, &item, err));
    *yes = (f->tag.data == NULL || hr_store_has_tag(item.tags, f->tag)) &&
           (f->term.data == NULL || text_contains(item.text, f->term) || text_contains(item.key, f->term));
    return HR_OK;
}

HR_SMALL_END
