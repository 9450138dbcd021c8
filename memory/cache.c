/* cache.c: the side cache. Every section has a sum that is checked when it is first read, and every number in it is checked
 * against the arrays that it points into: a broken cache costs time, never a wrong answer. */
#include "memory/cache.h"
#include "engine/base/sys.h"
#include "engine/base/sys_out.h"
#include "memory/log_internal.h"
#include "memory/store_internal.h"

enum { CACHE_HEAD = 4096, CACHE_SECTIONS = 160, CACHE_CHUNK = 512, CACHE_AT = 128, CACHE_ROW = 24 };
static const char cache_magic[8] = {'H', 'R', 'T', 'H', 'C', 'C', 'H', '1'};

typedef struct cache_section {
    uint64_t at;
    uint32_t kind, part, count, sum;
} cache_section;

typedef struct cache_seg {
    uint64_t seq, salt, first_lsn, end;
} cache_seg;

struct hr_cache {
    char *path, *temp;       /* [path_bytes] each, in one block behind this */
    size_t bytes;
    bool use, valid;         /* valid: file is open and fits the log */
    hr_file file;
    uint64_t lsn;            /* the log's next, when it was written */
    uint32_t columns, words; /* entries from the front that they know */
    uint32_t n;
    cache_section section[CACHE_SECTIONS];
};

struct hr_cache_out {
    hr_store *s;
    hr_block file;
    hr_error *err;
    uint64_t at;
    uint32_t n, sum;
    uint8_t head[CACHE_HEAD];
};

/* Arrays are written as they lie in memory: who lays them out otherwise does not read them. */
static uint64_t cache_layout(void) {
    const uint32_t shape[] = {0x01020304u, 2, sizeof(hr_entry), offsetof(hr_entry, loc), offsetof(hr_entry, next_key),
                              offsetof(hr_entry, kind), offsetof(hr_entry, live), offsetof(hr_entry, vec_space),
                              offsetof(hr_entry, vec_lsn), offsetof(hr_entry, vec_loc), sizeof(hr_space), HR_STORE_SPACES};
    return hr_hash64(shape, sizeof shape, 1);
}

bool hr_cache_make(hr_store *s, const char *path, bool use) {
    size_t n = strlen(path) + 8, bytes = sizeof(hr_cache) + 2 * n;
    hr_cache *c = (hr_cache *)s->memory->alloc(s->memory->ctx, bytes, 16);
    if (c == NULL) return false;
    memset(c, 0, bytes);
    c->bytes = bytes;
    c->use = use;
    c->path = (char *)(c + 1);
    c->temp = c->path + n;
    memcpy(c->path, path, n - 8);
    memcpy(c->temp, path, n - 8);
    memcpy(c->path + n - 8, "-cache", 7);
    memcpy(c->temp + n - 8, "-cache~", 8);
    s->cache = c;
    return true;
}

static void cache_close(hr_cache *c) {
    hr_file_close(&c->file);
    memset(&c->file, 0, sizeof c->file);
    c->valid = false;
    c->n = c->columns = c->words = 0;
}

void hr_cache_free(hr_store *s) {
    if (s->cache == NULL) return;
    cache_close(s->cache);
    s->memory->free(s->memory->ctx, s->cache, s->cache->bytes);
    s->cache = NULL;
}

/* --- reading ------------------------------------------------------------------------------------------------------------------ */
static bool cache_read_head(hr_cache *c, const hr_wal *log, uint8_t head[CACHE_HEAD]) {
    if (c->file.size < CACHE_HEAD || hr_file_read(&c->file, 0, head, CACHE_HEAD, NULL) != HR_OK) return false;
    hr_cur in = hr_cur_make(head, CACHE_HEAD - 4, 0, NULL);
    if (memcmp(hr_cur_bytes(&in, 8), cache_magic, 8) != 0 || hr_cur_u64(&in) != cache_layout()) return false;
    if (hr_le32(head + CACHE_HEAD - 4) != log->crc(head, CACHE_HEAD - 4, 0)) return false;
    if (memcmp(hr_cur_bytes(&in, 16), log->uuid, 16) != 0 || hr_cur_u32(&in) != log->seg_bytes) return false;
    c->n = hr_cur_u32(&in);
    c->lsn = hr_cur_u64(&in);
    if (hr_cur_u64(&in) > log->block.size || c->n > CACHE_SECTIONS) return false; /* cut short since */
    in.pos = CACHE_AT;
    for (uint32_t i = 0; i < c->n; i++) {
        cache_section *t = &c->section[i];
        t->at = hr_cur_u64(&in);
        t->kind = hr_cur_u32(&in);
        t->part = hr_cur_u32(&in);
        t->count = hr_cur_u32(&in);
        t->sum = hr_cur_u32(&in);
    }
    return hr_cur_ok(&in);
}

static const cache_section *cache_find(const hr_cache *c, uint32_t kind, uint32_t part) {
    for (uint32_t i = 0; c != NULL && i < c->n; i++) {
        if (c->section[i].kind == kind && c->section[i].part == part) return &c->section[i];
    }
    return NULL;
}

/* spare: elements of room behind */
static void *cache_load(hr_store *s, uint32_t kind, uint32_t part, size_t size, uint32_t spare, uint32_t *count) {
    const cache_section *t = cache_find(s->cache, kind, part);
    uint64_t bytes;
    *count = 0;
    if (t == NULL || t->count == 0 || t->count > UINT32_MAX - spare || !hr_mul_u64(t->count, size, &bytes)) return NULL;
    hr_file *f = &s->cache->file;
    if (t->at > f->size || bytes > f->size - t->at || bytes > SIZE_MAX / 2) return NULL;
    size_t room = (size_t)(t->count + spare) * size;
    void *p = s->memory->alloc(s->memory->ctx, room, 16);
    if (p == NULL) return NULL;
    if (hr_file_read(f, t->at, p, (size_t)bytes, NULL) == HR_OK && s->log.crc(p, (size_t)bytes, kind) == t->sum) {
        *count = t->count;
        return p;
    }
    s->memory->free(s->memory->ctx, p, room);
    return NULL;
}

void *hr_cache_load(hr_store *s, uint32_t kind, uint32_t part, size_t size, uint32_t *count) {
    *count = 0;
    return s->cache == NULL || !s->cache->valid ? NULL : cache_load(s, kind, part, size, 0, count);
}

uint32_t hr_cache_reach(const hr_store *s, uint32_t kind) {
    const hr_cache *c = s->cache;
    return c == NULL || !c->valid ? 0 : kind == HR_CACHE_ROWS ? c->columns : c->words;
}

/* of the bytes of a segment up to end */
static hr_status cache_head_sum(hr_wal *log, uint32_t seg, uint32_t end, uint32_t *sum, hr_error *err) {
    *sum = 0;
    log->win_n = 0;
    for (uint32_t at = 0, piece; at < end; at += piece) {
        piece = end - at < log->buf_bytes ? end - at : log->buf_bytes;
        HR_TRY(hr_log_raw(log, hr_log_offset(log, seg, at), log->buf, piece, err));
        *sum = log->crc(log->buf, piece, *sum);
    }
    return HR_OK;
}

/* The segments of the log are those of the cache, and the newest of them begins with the same bytes: what is older cannot
 * have changed, each has a salt of its own and is closed for ever. */
static bool cache_fits_log(hr_store *s, hr_wal *log, const cache_seg *seg, uint32_t n, uint32_t head, uint32_t sum) {
    if (head >= n || n > log->n_segs || seg[head].seq == 0) return false;
    for (uint32_t i = 0; i < log->n_segs; i++) {
        const hr_log_seg *g = &log->segs[i];
        if (i >= n || seg[i].seq == 0) {
            if (g->seq != 0 && g->seq <= seg[head].seq) return false;
        } else if (g->seq != seg[i].seq || g->salt != seg[i].salt || g->first_lsn != seg[i].first_lsn ||
                   seg[i].end < log->seg_head || seg[i].end > log->seg_bytes || seg[i].seq > seg[head].seq) {
            return false;
        }
    }
    uint32_t have;
    if (cache_head_sum(log, head, (uint32_t)seg[head].end, &have, NULL) != HR_OK) return false;
    return have == sum && s->cache->lsn >= seg[head].first_lsn;
}

static bool cache_entries_ok(const hr_store *s, uint32_t n_segs) {
    uint32_t living = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        const hr_entry *e = &s->entries[i];
        uint8_t live;
        memcpy(&live, &e->live, 1); /* what is neither 0 nor 1 is no bool */
        bool ok = e->id != 0 && live <= 1 && e->next_key <= i && e->kind < HR_KIND_COUNT && e->vec_space <= s->n_spaces &&
                  e->loc.seg < n_segs && (e->vec_space == 0 || e->vec_loc.seg < n_segs);
        if (!ok) return false;
        living += live;
    }
    return living == s->n_live;
}

static bool cache_index_ok(const uint32_t *slot, uint32_t cap, uint32_t n, uint32_t used, bool open) {
    uint32_t taken = 0, high = 0;
    if (cap == 0) return used == 0;
    if ((cap & (cap - 1)) != 0) return false;
    for (uint32_t i = 0; i < cap; i++) {
        taken += slot[i] != 0;
        if (slot[i] > high) high = slot[i];
    }
    return high <= n && (!open || (taken == used && used <= cap / 2)); /* a search by probing ends */
}

static bool cache_spaces_ok(const hr_store *s) {
    for (uint32_t i = 0; i < s->n_spaces; i++) {
        const hr_space *p = &s->spaces[i];
        if (p->dim == 0 || p->dim > HR_STORE_DIM_MAX || memchr(p->name, 0, sizeof p->name) == NULL) return false;
    }
    return true;
}

static bool cache_load_store(hr_store *s, const uint8_t *head, uint32_t n_segs) {
    uint32_t n, n_spaces;
    const cache_section *t = cache_find(s->cache, HR_CACHE_ENTRIES, 0);
    uint32_t spare = t != NULL && t->count < UINT32_MAX / 4 ? t->count / 16 + 64 : 0;
    s->entries = (hr_entry *)cache_load(s, HR_CACHE_ENTRIES, 0, sizeof *s->entries, spare, &s->n);
    if (s->entries == NULL) return false;
    s->cap = s->n + spare;
    s->table = (uint32_t *)cache_load(s, HR_CACHE_IDS, 0, sizeof *s->table, 0, &s->table_cap);
    s->keys = (uint32_t *)cache_load(s, HR_CACHE_KEYS, 0, sizeof *s->keys, 0, &s->keys_cap);
    t = cache_find(s->cache, HR_CACHE_KEYS, 0);
    if (s->table == NULL || (s->keys == NULL && t != NULL)) return false;
    hr_space *spaces = (hr_space *)cache_load(s, HR_CACHE_SPACES, 0, sizeof *spaces, 0, &n_spaces);
    if (spaces == NULL && cache_find(s->cache, HR_CACHE_SPACES, 0) != NULL) return false;
    n = n_spaces < HR_STORE_SPACES ? n_spaces : HR_STORE_SPACES;
    if (spaces != NULL) {
        memcpy(s->spaces, spaces, n * sizeof *spaces);
        s->memory->free(s->memory->ctx, spaces, n_spaces * sizeof *spaces);
    }
    s->n_spaces = n;
    s->n_live = hr_le32(head + 56);
    s->table_used = hr_le32(head + 60);
    s->n_keyed = hr_le32(head + 64);
    s->cache->columns = hr_le32(head + 68);
    s->cache->words = hr_le32(head + 72);
    return n == n_spaces && cache_spaces_ok(s) && cache_entries_ok(s, n_segs) && s->cache->columns <= s->n &&
           s->cache->words <= s->n && cache_index_ok(s->table, s->table_cap, s->n, s->table_used, true) &&
           cache_index_ok(s->keys, s->keys_cap, s->n, 0, false);
}

static void cache_unload_store(hr_store *s) {
    const hr_allocator *m = s->memory;
    if (s->entries != NULL) m->free(m->ctx, s->entries, s->cap * sizeof *s->entries);
    if (s->table != NULL) m->free(m->ctx, s->table, s->table_cap * sizeof *s->table);
    if (s->keys != NULL) m->free(m->ctx, s->keys, s->keys_cap * sizeof *s->keys);
    s->entries = NULL;
    s->table = s->keys = NULL;
    s->n = s->cap = s->n_live = s->table_cap = s->table_used = s->keys_cap = s->n_keyed = s->n_spaces = 0;
    memset(s->spaces, 0, sizeof s->spaces);
}

bool hr_cache_resume(void *ctx, hr_wal *log) {
    hr_store *s = (hr_store *)ctx;
    hr_cache *c = s->cache;
    uint8_t head[CACHE_HEAD];
    uint32_t n = 0;
    cache_seg *seg = NULL;
    bool ok = !log->sealed && hr_file_open(&c->file, c->path, NULL, false, NULL) == HR_OK && cache_read_head(c, log, head);
    if (ok) seg = (cache_seg *)cache_load(s, HR_CACHE_SEGS, 0, sizeof *seg, 0, &n);
    uint32_t at = ok ? hr_le32(head + 76) : 0;
    ok = seg != NULL && cache_fits_log(s, log, seg, n, at, hr_le32(head + 80)) && cache_load_store(s, head, n);
    if (ok) {
        for (uint32_t i = 0; i < n; i++) log->segs[i].end = (uint32_t)seg[i].end;
        log->head = at;
        log->next_lsn = c->lsn;
        c->valid = true;
    } else {
        cache_unload_store(s);
        cache_close(c);
    }
    if (seg != NULL) s->memory->free(s->memory->ctx, seg, n * sizeof *seg);
    return ok;
}

const char *hr_cache_verify(hr_store *s) {
    static const uint8_t small[] = {[HR_CACHE_IDS] = 4, [HR_CACHE_KEYS] = 4, [HR_CACHE_ENTRY] = 4, [HR_CACHE_POOL] = 1,
                                    [HR_CACHE_TERMS] = 12, [HR_CACHE_POSTINGS] = 12, [HR_CACHE_WORDS] = 4};
    hr_cache *c = s->cache;
    const char *broken = NULL;
    if (c == NULL || s->log.sealed) return NULL;
    if (!c->valid) { /* made of another state is well, broken is not */
        uint8_t head[CACHE_HEAD];
        if (hr_file_open(&c->file, c->path, NULL, false, NULL) != HR_OK) return NULL;
        if (c->file.size < CACHE_HEAD || hr_file_read(&c->file, 0, head, CACHE_HEAD, NULL) != HR_OK ||
            hr_le32(head + CACHE_HEAD - 4) != s->log.crc(head, CACHE_HEAD - 4, 0)) broken = "its head is broken";
        cache_close(c);
        return broken;
    }
    for (uint32_t i = 0; i < c->n && broken == NULL; i++) {
        const cache_section *t = &c->section[i];
        uint32_t n, part = t->part < s->n_spaces ? t->part : 0;
        size_t size = t->kind == HR_CACHE_SEGS ? sizeof(cache_seg) : t->kind == HR_CACHE_ENTRIES ? sizeof(hr_entry)
                    : t->kind == HR_CACHE_SPACES ? sizeof(hr_space)
                    : t->kind == HR_CACHE_ROWS ? (s->spaces[part].dim + 63) / 64 * 64
                    : t->kind == HR_CACHE_NORM ? 12 : t->kind < HR_COUNT(small) ? small[t->kind] : 0;
        void *p = size != 0 && part == t->part ? cache_load(s, t->kind, t->part, size, 0, &n) : NULL;
        if (p == NULL) broken = "a section of it is broken";
        else s->memory->free(s->memory->ctx, p, n * size);
    }
    return broken;
}

/* --- writing ------------------------------------------------------------------------------------------------------------------- */
static hr_status cache_write(hr_cache_out *o, const void *data, size_t n, uint32_t seed) {
    o->sum = o->s->log.crc(data, n, seed);
    HR_TRY(o->file.program(o->file.ctx, o->at, data, n, o->err));
    o->at += n;
    return HR_OK;
}

static hr_status cache_note(hr_cache_out *o, uint32_t kind, uint32_t part, uint64_t at, uint32_t count) {
    if (o->n == CACHE_SECTIONS) return hr_fail(o->err, HR_E_LIMIT, HR_NO_OFFSET, "cache", "too many sections");
    uint8_t *p = o->head + CACHE_AT + CACHE_ROW * (size_t)o->n++;
    hr_put64(p, at);
    hr_put32(p + 8, kind);
    hr_put32(p + 12, part);
    hr_put32(p + 16, count);
    hr_put32(p + 20, o->sum);
    o->at = (o->at + 63) & ~(uint64_t)63;
    return HR_OK;
}

hr_status hr_cache_put(hr_cache_out *o, uint32_t kind, uint32_t part, const void *data, size_t size, uint32_t count) {
    uint64_t at = o->at;
    if (count == 0) return HR_OK;
    HR_TRY(cache_write(o, data, size * count, kind));
    return cache_note(o, kind, part, at, count);
}

/* what is dead keeps its number, link and place, nothing of what it said */
static hr_status cache_put_entries(hr_cache_out *o) {
    const hr_store *s = o->s;
    const hr_allocator *m = s->memory;
    uint64_t at = o->at;
    hr_entry *part = (hr_entry *)m->alloc(m->ctx, CACHE_CHUNK * sizeof *part, 16);
    if (part == NULL) return HR_E_MEMORY;
    hr_status status = HR_OK;
    o->sum = HR_CACHE_ENTRIES;
    for (uint32_t i = 0, n; i < s->n && status == HR_OK; i += n) {
        n = s->n - i < CACHE_CHUNK ? s->n - i : CACHE_CHUNK;
        memcpy(part, s->entries + i, n * sizeof *part);
        for (uint32_t k = 0; k < n; k++) {
            if (part[k].live) continue;
            hr_entry bare;
            memset(&bare, 0, sizeof bare);
            bare.id = part[k].id, bare.next_key = part[k].next_key;
            bare.lsn = part[k].lsn, bare.loc = part[k].loc, bare.n = part[k].n; /* history is read from the log */
            memcpy(&part[k], &bare, sizeof bare);
        }
        status = cache_write(o, part, n * sizeof *part, o->sum);
    }
    m->free(m->ctx, part, CACHE_CHUNK * sizeof *part);
    return status != HR_OK ? status : cache_note(o, HR_CACHE_ENTRIES, 0, at, s->n);
}

static hr_status cache_put_segs(hr_cache_out *o) {
    const hr_wal *log = &o->s->log;
    const hr_allocator *m = o->s->memory;
    cache_seg *seg = (cache_seg *)m->alloc(m->ctx, log->n_segs * sizeof *seg, 16);
    if (seg == NULL) return HR_E_MEMORY;
    for (uint32_t i = 0; i < log->n_segs; i++) {
        const hr_log_seg *g = &log->segs[i];
        cache_seg one = {g->seq, g->seq != 0 ? g->salt : 0, g->seq != 0 ? g->first_lsn : 0, g->seq != 0 ? g->end : 0};
        seg[i] = one;
    }
    hr_status status = hr_cache_put(o, HR_CACHE_SEGS, 0, seg, sizeof *seg, log->n_segs);
    m->free(m->ctx, seg, log->n_segs * sizeof *seg);
    return status;
}

static hr_status cache_write_all(hr_cache_out *o) {
    hr_store *s = o->s;
    uint32_t columns = 0, words = 0, sum;
    uint8_t *h = o->head;
    HR_TRY(o->file.cut(o->file.ctx, 0, o->err));
    o->at = CACHE_HEAD;
    HR_TRY(hr_columns_save(s, o, &columns, o->err)); /* first: words count in the entries */
    HR_TRY(hr_lexical_save(s, o, &words, o->err));
    HR_TRY(cache_put_segs(o));
    HR_TRY(cache_put_entries(o));
    HR_TRY(hr_cache_put(o, HR_CACHE_IDS, 0, s->table, sizeof *s->table, s->table_cap));
    HR_TRY(hr_cache_put(o, HR_CACHE_KEYS, 0, s->keys, sizeof *s->keys, s->keys_cap));
    HR_TRY(hr_cache_put(o, HR_CACHE_SPACES, 0, s->spaces, sizeof *s->spaces, s->n_spaces));
    HR_TRY(cache_head_sum(&s->log, s->log.head, s->log.segs[s->log.head].end, &sum, o->err));
    memcpy(h, cache_magic, 8);
    hr_put64(h + 8, cache_layout());
    memcpy(h + 16, s->log.uuid, 16);
    hr_put32(h + 32, s->log.seg_bytes);
    hr_put32(h + 36, o->n);
    hr_put64(h + 40, s->log.next_lsn);
    hr_put64(h + 48, s->log.block.size);
    hr_put32(h + 56, s->n_live);
    hr_put32(h + 60, s->table_used);
    hr_put32(h + 64, s->n_keyed);
    hr_put32(h + 68, columns);
    hr_put32(h + 72, words);
    hr_put32(h + 76, s->log.head);
    hr_put32(h + 80, sum);
    hr_put32(h + CACHE_HEAD - 4, s->log.crc(h, CACHE_HEAD - 4, 0));
    HR_TRY(o->file.program(o->file.ctx, 0, h, CACHE_HEAD, o->err));
    return o->file.sync(o->file.ctx, o->err);
}

static bool cache_worth_it(const hr_store *s) {
    const hr_cache *c = s->cache;
    const hr_wal *log = &s->log;
    if (c == NULL || !c->use || log->sealed || log->read_only || log->latched || log->damage.places != 0) return false;
    if (log->head == UINT32_MAX || s->n == 0) return false;
    for (uint32_t i = 0; i < log->n_segs; i++) {
        if (log->segs[i].damaged || (log->segs[i].seq != 0 && log->segs[i].dirty)) return false;
    }
    return !c->valid || log->next_lsn - c->lsn > 256 + s->n / 32 || (s->columns != NULL && c->columns == 0) ||
           (s->lexical != NULL && c->words == 0);
}

void hr_cache_save(hr_store *s) {
    const hr_allocator *m = s->memory;
    const hr_out_ops *out = hr_out_ops_default();
    if (out == NULL || !cache_worth_it(s)) return;
    hr_cache_out *o = (hr_cache_out *)m->alloc(m->ctx, sizeof *o, 16);
    if (o == NULL) return;
    memset(o, 0, sizeof *o);
    o->s = s;
    if (hr_block_open_file(&o->file, s->cache->temp, true, NULL) == HR_OK) { /* readable by its owner alone, as the store is */
        hr_status status = cache_write_all(o);
        o->file.close(o->file.ctx);
        if (status == HR_OK) status = out->rename(out->ctx, s->cache->temp, s->cache->path, NULL);
        if (status != HR_OK) out->remove(out->ctx, s->cache->temp);
    }
    m->free(m->ctx, o, sizeof *o);
}

static hr_status cache_erase_file(const char *path, hr_error *err) {
    const hr_out_ops *out = hr_out_ops_default();
    hr_file there;
    hr_block b;
    if (out == NULL || hr_file_open(&there, path, NULL, false, NULL) != HR_OK) return HR_OK;
    hr_file_close(&there);
    HR_TRY(hr_block_open_file(&b, path, true, err));
    hr_status status = b.erase(b.ctx, 0, b.size, err);
    if (status == HR_OK) status = b.sync(b.ctx, err);
    b.close(b.ctx);
    if (status == HR_OK) out->remove(out->ctx, path);
    return status;
}

hr_status hr_cache_distrust(hr_store *s, hr_status status) {
    if (status == HR_E_FORMAT && s->cache != NULL && s->cache->use) {
        s->cache->use = false;
        (void)hr_cache_erase(s, NULL);
    }
    return status;
}

hr_status hr_cache_erase(hr_store *s, hr_error *err) {
    if (s->cache == NULL || s->log.read_only || s->log.latched) return HR_OK;
    cache_close(s->cache);
    HR_TRY(cache_erase_file(s->cache->temp, err));
    return cache_erase_file(s->cache->path, err);
}
