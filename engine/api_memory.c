/* api_memory.c: the memory half of hearth.h: argument checks and the names of things; the work is in memory/. */
#include "engine/api_memory.h"

HR_SMALL_BEGIN

struct hearth_memory {
    hr_store store;
    hr_allocator allocator;
};

hr_store *hr_api_store(hearth_memory *memory) { return &memory->store; }

static hr_error *memory_error(hearth_error *err) {
    hr_error *e = (hr_error *)err; /* same layout: asserted in api_model.c */
    if (e) hr_error_clear(e);
    return e;
}
static hr_str memory_str(const char *p, size_t n) { return (hr_str){p != NULL ? p : "", p != NULL ? n : 0}; }
static hr_str memory_name(const char *p) { return (hr_str){p, p != NULL ? strlen(p) : 0}; }

static hr_filter filter_inside(const hearth_filter *f) {
    hr_filter out = HR_FILTER_ANY;
    if (f == NULL) return out;
    out.scope = memory_name(f->scope);
    out.source = memory_name(f->source);
    out.tag = memory_name(f->tag);
    out.term = memory_name(f->term);
    out.id = f->id;
    out.from_ms = f->from_ms;
    out.to_ms = f->to_ms;
    out.kind = f->kind;
    return out;
}

void hr_api_item_out(const hr_item *i, hearth_item *out) {
    memset(out, 0, sizeof *out);
    out->id = i->id;
    out->time_ms = i->time_ms;
    out->expires_ms = i->expires_ms;
    out->kind = (int)i->kind;
    out->confidence = (int)i->confidence;
    out->count = i->count;
    out->text = i->text.data, out->n_text = i->text.size;
    out->scope = i->scope.data, out->n_scope = i->scope.size;
    out->source = i->source.data, out->n_source = i->source.size;
    out->tags = i->tags.data, out->n_tags = i->tags.size;
    out->key = i->key.data, out->n_key = i->key.size;
}

void hr_api_item_in(const hearth_item *o, hr_item *in) {
    memset(in, 0, sizeof *in);
    in->id = o->id;
    in->time_ms = o->time_ms;
    in->expires_ms = o->expires_ms;
    in->kind = o->kind < 0 ? UINT32_MAX : (uint32_t)o->kind;
    in->confidence = o->confidence < 0 ? UINT32_MAX : (uint32_t)o->confidence;
    in->count = o->count;
    in->text = memory_str(o->text, o->n_text);
    in->scope = memory_str(o->scope, o->n_scope);
    in->source = memory_str(o->source, o->n_source);
    in->tags = memory_str(o->tags, o->n_tags);
    in->key = memory_str(o->key, o->n_key);
    in->vector = o->vector;
    in->dim = o->dim;
    in->space = o->space;
}

hearth_status hearth_memory_open(const char *path, const hearth_memory_config *config, hearth_memory **memory,
                                 hearth_error *err) {
    hr_error *e = memory_error(err);
    hearth_memory_config c = HEARTH_MEMORY_CONFIG_INIT;
    if (memory == NULL || path == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "path", "must not be NULL");
    *memory = NULL;
    if (config != NULL && config->struct_bytes != sizeof c) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "struct_bytes", "%zu, %zu expected", config->struct_bytes, sizeof c);
    }
    if (config != NULL) c = *config;
    const hr_allocator *libc = hr_allocator_default();
    hr_allocator a = *libc;
    if (c.allocator != NULL) a = (hr_allocator){c.allocator->alloc, c.allocator->free, c.allocator->ctx};
    hearth_memory *m = (hearth_memory *)a.alloc(a.ctx, sizeof *m, 64);
    if (m == NULL) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "memory", "out of memory");
    memset(m, 0, sizeof *m);
    m->allocator = a;
    hr_store_config inside = {c.segment_bytes, (c.flags & HEARTH_MEMORY_READ) == 0, (c.flags & HEARTH_MEMORY_REPAIR) != 0,
                              &m->allocator, {c.key, c.key_bytes, (c.flags & HEARTH_MEMORY_PASSPHRASE) != 0, 0, 0}};
    hr_status status = (c.flags & HEARTH_MEMORY_CACHE) != 0 ? hr_store_open_cached(&m->store, path, &inside, e)
                                                           : hr_store_open_file(&m->store, path, &inside, e);
    m->store.options = c.flags >> 4; /* in the order of HR_STORE_NEAR ... */
    if (status == HR_OK) *memory = m;
    else a.free(a.ctx, m, sizeof *m);
    return status;
}

void hearth_memory_close(hearth_memory *memory) {
    if (memory == NULL) return;
    hr_allocator a = memory->allocator;
    hr_store_close(&memory->store);
    a.free(a.ctx, memory, sizeof *memory);
}

hearth_status hearth_memory_put(hearth_memory *memory, hearth_item *items, size_t n, hearth_error *err) {
    hr_error *e = memory_error(err);
    if (memory == NULL || (items == NULL && n != 0) || n > 1u << 20) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "items", "NULL, or too many");
    }
    if (n == 0) return HR_OK;
    const hr_allocator *a = &memory->allocator;
    hr_item *in = (hr_item *)a->alloc(a->ctx, n * sizeof *in, 16);
    if (in == NULL) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "items", "out of memory");
    for (size_t i = 0; i < n; i++) hr_api_item_in(&items[i], &in[i]);
    hr_status status = hr_store_put(&memory->store, in, n, e);
    for (size_t i = 0; i < n && status == HR_OK; i++) {
        items[i].id = in[i].id;
        items[i].time_ms = in[i].time_ms;
        items[i].count = in[i].count;
    }
    a->free(a->ctx, in, n * sizeof *in);
    return status;
}

hearth_status hearth_memory_get(hearth_memory *memory, uint64_t id, hearth_item *item, hearth_error *err) {
    hr_error *e = memory_error(err);
    hr_item in;
    if (memory == NULL || item == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "item", "must not be NULL");
    memset(item, 0, sizeof *item);
    const hr_entry *entry = hr_store_find(&memory->store, id);
    if (entry == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "id", "there is no item %llu", (unsigned long long)id);
    HR_TRY(hr_store_read(&memory->store, entry, &in, e));
    hr_api_item_out(&in, item);
    return HR_OK;
}

hearth_status hearth_memory_vector(hearth_memory *memory, uint64_t id, float *out, size_t cap, uint32_t *dim,
                                   const char **space, hearth_error *err) {
    hr_error *e = memory_error(err);
    if (memory == NULL || out == NULL || dim == NULL || space == NULL) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "vector", "must not be NULL");
    }
    *dim = 0;
    *space = NULL;
    const hr_entry *entry = hr_store_find(&memory->store, id);
    if (entry == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "id", "there is no item %llu", (unsigned long long)id);
    if (entry->vec_space == 0) return HR_OK;
    HR_TRY(hr_store_vector(&memory->store, entry, out, cap, e));
    *dim = memory->store.spaces[entry->vec_space - 1].dim;
    *space = memory->store.spaces[entry->vec_space - 1].name;
    return HR_OK;
}

hearth_status hearth_memory_next(hearth_memory *memory, uint64_t after, const hearth_filter *filter, hearth_item *item,
                                 hearth_error *err) {
    hr_error *e = memory_error(err);
    if (memory == NULL || item == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "item", "must not be NULL");
    memset(item, 0, sizeof *item);
    hr_filter f = filter_inside(filter);
    uint32_t i = after == 0 ? 0 : hr_store_index(&memory->store, after);
    if (after != 0 && i++ == UINT32_MAX) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "after", "there never was such an item");
    for (; i < memory->store.n; i++) {
        bool yes;
        HR_TRY(hr_store_match(&memory->store, &memory->store.entries[i], &f, 0, &yes, e));
        if (yes) return hearth_memory_get(memory, memory->store.entries[i].id, item, err);
    }
    return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "after", "no more items");
}

hearth_status hearth_memory_find(hearth_memory *memory, const char *words, const float *vector, uint32_t dim, const char *space,
                                 const hearth_filter *filter, hearth_hit *hits, size_t k, size_t *n, hearth_error *err) {
    hr_error *e = memory_error(err);
    if (n != NULL) *n = 0;
    if (memory == NULL || hits == NULL || n == NULL || k == 0 || k > 10000) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "hits", "NULL, or not 1 to 10000");
    }
    const hr_allocator *a = &memory->allocator;
    hr_hit *in = (hr_hit *)a->alloc(a->ctx, k * sizeof *in, 16);
    if (in == NULL) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "hits", "out of memory");
    hr_filter f = filter_inside(filter);
    hr_str w = {words != NULL ? words : "", words != NULL ? strlen(words) : 0};
    hr_status status = hr_store_search(&memory->store, w, space, vector, dim, &f, hr_store_now(), in, k, n, e);
    if (status != HR_OK) *n = 0;
    for (size_t i = 0; i < *n; i++) {
        hits[i] = (hearth_hit){memory->store.entries[in[i].entry].id, in[i].score, in[i].lex_score, in[i].vec_score,
                               (int)in[i].lex_rank, (int)in[i].vec_rank};
    }
    a->free(a->ctx, in, k * sizeof *in);
    return status;
}

hearth_status hearth_memory_delete(hearth_memory *memory, const uint64_t *ids, size_t n, hearth_error *err) {
    hr_error *e = memory_error(err);
    if (memory == NULL || (ids == NULL && n != 0)) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "ids", "must not be NULL");
    return hr_store_delete(&memory->store, ids, n, e);
}

hearth_status hearth_memory_forget(hearth_memory *memory, const hearth_filter *filter, uint64_t *n, hearth_error *err) {
    hr_error *e = memory_error(err);
    if (memory == NULL || n == NULL || filter == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "filter", "must not be NULL");
    hr_filter f = filter_inside(filter);
    return hr_store_forget(&memory->store, &f, n, e);
}

hearth_status hearth_memory_rekey(hearth_memory *memory, const void *key, size_t key_bytes, uint32_t flags, hearth_error *err) {
    hr_error *e = memory_error(err);
    if (memory == NULL || key == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "key", "must not be NULL");
    hr_log_secret secret = {key, key_bytes, (flags & HEARTH_MEMORY_PASSPHRASE) != 0, 0, 0};
    return hr_log_rekey(&memory->store.log, &secret, e);
}

hearth_status hearth_memory_compact(hearth_memory *memory, hearth_error *err) {
    hr_error *e = memory_error(err);
    if (memory == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "memory", "must not be NULL");
    return hr_store_compact(&memory->store, e);
}

void hearth_memory_get_stats(const hearth_memory *memory, hearth_memory_stats *stats) {
    hr_store_stats in;
    hr_store_get_stats(&memory->store, &in);
    *stats = (hearth_memory_stats){in.items, in.vectors, in.spaces, in.file_bytes, in.live_bytes, in.lost_records,
                                   in.lost_places, in.read_only};
}

HR_SMALL_END
