/* lines.c: everything as JSON lines, and back. Into an empty store (or one that such an import left half done) ids and history
 * come back as they were; into another store items get new ids, and facts are merged as statements. */
#include "memory/memory.h"

HR_SMALL_BEGIN

enum { LINES_VERSION = 2, LINES_PER_BATCH = 128 };

typedef struct line_item {
    hr_item item;
    bool old;                /* a version that another one replaced */
} line_item;

/* --- export ----------------------------------------------------------------------------------------------------------------- */
static void lines_text(hr_text_out *o, const char *name, hr_str s) {
    if (s.size == 0) return;
    hr_text_format(o, ",\"%s\":", name);
    hr_text_quote(o, s);
}

static hr_status lines_vector(hr_store *s, const hr_entry *e, hr_text_out *o, hr_error *err) {
    const hr_space *space = &s->spaces[e->vec_space - 1];
    float *v = (float *)s->memory->alloc(s->memory->ctx, space->dim * sizeof *v, 16);
    if (v == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "export", "out of memory");
    hr_status status = hr_store_vector(s, e, v, space->dim, err);
    if (status == HR_OK) {
        lines_text(o, "space", hr_str_of(space->name));
        hr_text_put(o, ",\"vector\":\"", 11);
        for (uint32_t k = 0; k < space->dim; k++) {
            static const char hex[] = "0123456789abcdef";
            char text[8];
            for (int d = 0; d < 8; d++) text[d] = hex[hr_f32_bits(v[k]) >> (28 - 4 * d) & 15];
            hr_text_put(o, text, 8);
        }
        hr_text_put(o, "\"", 1);
    }
    s->memory->free(s->memory->ctx, v, space->dim * sizeof *v);
    return status;
}

hr_status hr_lines_export(hr_store *s, hr_text_write *write, void *ctx, hr_error *err) {
    hr_text_out o;
    uint64_t lines = 0;
    memset(&o, 0, sizeof o);
    o.write = write;
    o.ctx = ctx;
    hr_text_format(&o, "{\"hearth_memory\":%d,\"next\":%llu}\n", LINES_VERSION, (unsigned long long)s->log.next_lsn);
    for (uint32_t k = 0; k < s->n && !o.stopped; k++) {
        const hr_entry *e = &s->entries[k];
        hr_item i;
        if (hr_store_find(s, e->id) == NULL) continue;
        if (!e->live && hr_store_read(s, e, &i, NULL) != HR_OK) continue; /* compacted away */
        if (e->live) HR_TRY(hr_store_read(s, e, &i, err));
        hr_text_format(&o, "{\"id\":%llu,\"kind\":\"%s\"%s", (unsigned long long)i.id, hr_kind_name(i.kind),
                       e->live ? "" : ",\"old\":true");
        hr_text_format(&o, ",\"time\":%llu,\"expires\":%llu,\"confidence\":%u,\"count\":%u", (unsigned long long)i.time_ms,
                       (unsigned long long)i.expires_ms, i.confidence, i.count);
        lines_text(&o, "scope", i.scope);
        lines_text(&o, "source", i.source);
        lines_text(&o, "tags", i.tags);
        lines_text(&o, "key", i.key);
        lines_text(&o, "text", i.text);
        if (e->vec_space != 0 && e->live) HR_TRY(lines_vector(s, e, &o, err));
        hr_text_put(&o, "}\n", 2);
        lines++;
    }
    hr_text_format(&o, "{\"end\":%llu}\n", (unsigned long long)lines);
    return hr_text_end(&o, err);
}

/* --- one line ------------------------------------------------------------------------------------------------------------------ */
static bool lines_hex(hr_text_in *t, hr_item *i) {
    hr_str hex;
    while (((uintptr_t)t->out & 3) != 0) t->out++; /* `"vector":` leaves room for that */
    float *v = (float *)(void *)t->out;
    if (!hr_text_string(t, 8 * (size_t)HR_STORE_DIM_MAX, &hex)) return false;
    if (hex.size == 0 || hex.size % 8 != 0) return hr_text_fail(t, HR_E_FORMAT, "a vector has 8 hexadecimal digits a number");
    for (size_t k = 0; k < hex.size / 8; k++) { /* in place: 4 bytes behind 8 */
        uint32_t bits = 0;
        for (int d = 0; d < 8; d++) {
            char c = hex.data[8 * k + (size_t)d];
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
                return hr_text_fail(t, HR_E_FORMAT, "a vector has 8 hexadecimal digits a number");
            }
            bits = bits << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        if ((bits & 0x7f800000u) == 0x7f800000u) return hr_text_fail(t, HR_E_FORMAT, "a number of the vector is not finite");
        memcpy(&v[k], &bits, 4);
    }
    i->vector = v;
    i->dim = (uint32_t)(hex.size / 8);
    return true;
}

static bool lines_kind(hr_text_in *t, hr_item *i) {
    hr_str s;
    if (!hr_text_string(t, 16, &s)) return false;
    while (i->kind < HR_KIND_COUNT && !hr_str_is(s, hr_kind_name(i->kind))) i->kind++;
    return i->kind < HR_KIND_COUNT || hr_text_fail(t, HR_E_UNSUPPORTED, "a kind that this version does not know");
}

static bool lines_member(hr_text_in *t, line_item *l, uint32_t *seen, size_t most) {
    static const char *const names[] = {"\"id\":", "\"time\":", "\"expires\":", "\"confidence\":", "\"count\":", "\"kind\":",
                                        "\"old\":true", "\"scope\":", "\"source\":", "\"tags\":", "\"key\":", "\"text\":",
                                        "\"space\":", "\"vector\":"};
    hr_item *i = &l->item;
    uint64_t v = 0;
    hr_str space;
    uint32_t k = 0;
    while (k < HR_COUNT(names) && !hr_text_word(t, names[k])) k++;
    if (k == HR_COUNT(names)) return hr_text_fail(t, HR_E_FORMAT, "a member that this version does not know");
    if (*seen >> k & 1) return hr_text_fail(t, HR_E_FORMAT, "the same member twice");
    *seen |= 1u << k;
    switch (k) {
    case 0: return hr_text_u64(t, UINT64_MAX, &i->id);
    case 1: return hr_text_u64(t, UINT64_MAX, &i->time_ms);
    case 2: return hr_text_u64(t, UINT64_MAX, &i->expires_ms);
    case 3: case 4:
        if (!hr_text_u64(t, k == 3 ? HR_STORE_CERTAIN : UINT32_MAX, &v)) return false;
        if (k == 3) i->confidence = (uint32_t)v;
        else i->count = (uint32_t)v;
        return true;
    case 5: return lines_kind(t, i);
    case 6: return l->old = true;
    case 7: return hr_text_string(t, HR_STORE_NAME_MAX, &i->scope);
    case 8: return hr_text_string(t, HR_STORE_NAME_MAX, &i->source);
    case 9: return hr_text_string(t, HR_STORE_NAME_MAX, &i->tags);
    case 10: return hr_text_string(t, HR_STORE_NAME_MAX, &i->key);
    case 11: return hr_text_string(t, most, &i->text);
    case 12:
        if (!hr_text_string(t, 127, &space)) return false;
        *t->out++ = 0; /* where its quotes were */
        i->space = space.data;
        return (space.size != 0 && strlen(space.data) == space.size) || hr_text_fail(t, HR_E_FORMAT, "not the name of a space");
    default: return lines_hex(t, i);
    }
}

static bool lines_read(hr_text_in *t, line_item *l, size_t most) {
    uint32_t seen = 0;
    memset(l, 0, sizeof *l);
    if (!hr_text_word(t, "{")) return hr_text_fail(t, HR_E_FORMAT, "{ is missing");
    do {
        if (!lines_member(t, l, &seen, most)) return false;
    } while (hr_text_word(t, ","));
    if (!hr_text_word(t, "}") || !hr_text_newline(t))
        return hr_text_fail(t, HR_E_FORMAT, ", or } and the line's end are missing");
    const hr_item *i = &l->item;
    if ((seen & 0x3f) != 0x3f || i->id == 0 || i->time_ms == 0 || i->count == 0) {
        return hr_text_fail(t, HR_E_FORMAT, "id, kind, time, expires, confidence or count is missing or 0");
    }
    if ((i->vector != NULL) != (i->space != NULL)) return hr_text_fail(t, HR_E_FORMAT, "a vector and its space go together");
    if (i->kind != HR_KIND_TEXT && i->key.size == 0) return hr_text_fail(t, HR_E_FORMAT, "a fact without its key");
    return true;
}

/* --- import -------------------------------------------------------------------------------------------------------------------- */
typedef struct lines_set {
    uint64_t *slot;          /* [cap]: hashes, 0: free */
    uint32_t cap;
} lines_set;

typedef struct lines_import {
    hr_store *s;
    hr_text_in t;
    char *text;              /* [n_text]: decoded strings and vectors */
    size_t n_text, total;
    lines_set known, file;   /* what was there at the start; what the file has, when that matters */
    lines_set keys;          /* of the file: keys of living items, ids of these, ids that have old versions only so far */
    uint64_t next, now_ms, lines;
    uint32_t n_before, n_owed; /* owed: ids of old versions before the living one was read */
    bool keep;               /* ids and history as they were */
    hr_item batch[LINES_PER_BATCH];
    size_t n_batch, batch_bytes;
    uint64_t written;
} lines_import;

static uint64_t lines_hash(const hr_item *i, const char *space, bool keep) {
    const uint64_t v[6] = {keep ? i->id : 0, i->time_ms, i->expires_ms, i->kind, i->confidence, i->count};
    const hr_str part[6] = {i->scope, i->source, i->tags, i->key, i->text, hr_str_of(space != NULL ? space : "")};
    uint64_t h = hr_hash64(v, sizeof v, 0);
    for (int k = 0; k < 6; k++) h = hr_hash64(part[k].data, part[k].size, h + part[k].size);
    return h | 1;
}

static uint64_t *lines_slot(const lines_set *set, uint64_t hash) {
    uint32_t at = (uint32_t)(hash >> 20) & (set->cap - 1);
    while (set->slot[at] != 0 && set->slot[at] != hash) at = (at + 1) & (set->cap - 1);
    return &set->slot[at];
}

static hr_status lines_make_set(const hr_allocator *m, lines_set *set, uint64_t n, hr_error *err) {
    uint32_t cap = 64;
    while (cap < (1u << 31) && cap / 2 < n) cap *= 2;
    set->slot = cap / 2 < n ? NULL : (uint64_t *)m->alloc(m->ctx, cap * sizeof *set->slot, 8);
    if (set->slot == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "import", "out of memory");
    memset(set->slot, 0, cap * sizeof *set->slot);
    set->cap = cap;
    return HR_OK;
}

static hr_status lines_hash_entry(hr_store *s, const hr_entry *e, bool keep, uint64_t *h, hr_error *err) {
    hr_item i;
    HR_TRY(hr_store_read(s, e, &i, err));
    *h = lines_hash(&i, e->vec_space != 0 ? s->spaces[e->vec_space - 1].name : NULL, keep);
    return HR_OK;
}

/* what is here, perhaps from an import that was cut short */
static hr_status lines_note_known(lines_import *w, hr_error *err) {
    hr_store *s = w->s;
    HR_TRY(lines_make_set(s->memory, &w->known, s->n, err));
    for (uint32_t k = 0; k < s->n; k++) {
        const hr_entry *e = &s->entries[k];
        uint64_t h;
        if (!e->live && (!w->keep || lines_hash_entry(s, e, w->keep, &h, NULL) != HR_OK)) continue;
        if (e->live) HR_TRY(lines_hash_entry(s, e, w->keep, &h, err));
        *lines_slot(&w->known, h) = h;
    }
    return HR_OK;
}

/* Ids below the first number that this log ever used are free or the work of an import: what shows that nothing was ever
 * dropped is that the first segment is still here. */
static bool lines_may_keep(const hr_store *s, uint64_t next) {
    bool any = false;
    for (uint32_t k = 0; k < s->log.n_segs; k++) {
        const hr_log_seg *g = &s->log.segs[k];
        any = any || g->seq != 0;
        if (g->seq == 1) return g->first_lsn >= next;
    }
    return !any;
}

static hr_status lines_flush(lines_import *w, hr_error *err) {
    hr_store *s = w->s;
    if (w->n_batch == 0) return HR_OK;
    if (s->log.next_seq == 1 && s->log.next_lsn < w->next) s->log.next_lsn = w->next; /* new ids come after the old ones */
    HR_TRY(hr_store_put(s, w->batch, w->n_batch, err));
    w->written += w->n_batch;
    w->n_batch = 0;
    w->batch_bytes = 0;
    return HR_OK;
}

static hr_status lines_take(lines_import *w, line_item *l, hr_error *err) {
    hr_store *s = w->s;
    hr_item *i = &l->item;
    uint64_t id;
    if (!w->keep && l->old) return HR_OK;
    if (*lines_slot(&w->known, lines_hash(i, i->space, w->keep)) != 0) return HR_OK;
    if (!w->keep && i->kind != HR_KIND_TEXT) {
        HR_TRY(hr_fact_learn(s, i, w->now_ms, true, &id, err));
        w->written++;
        return HR_OK;
    }
    uint32_t at = w->keep ? hr_store_index(s, i->id) : UINT32_MAX;
    if (at < w->n_before) { /* was here: the user's own later change or deletion stays */
        uint64_t h;
        if (!s->entries[at].live) return HR_OK;
        HR_TRY(lines_hash_entry(s, &s->entries[at], true, &h, err));
        if (*lines_slot(&w->file, h) == 0) return HR_OK;
    }
    if (w->keep && w->n_before > 0 && i->key.size != 0 && !l->old) { /* another one got the key since the import was cut short */
        hr_entry *e;
        hr_item there;
        HR_TRY(hr_store_by_key(s, i, &e, &there, err));
        if (e != NULL && there.id != i->id) {
            HR_TRY(lines_flush(w, err)); /* unless what is on its way takes the key from it */
            HR_TRY(hr_store_by_key(s, i, &e, &there, err));
            if (e != NULL && there.id != i->id) return HR_OK;
        }
    }
    size_t bytes = 256 + i->scope.size + i->source.size + i->tags.size + i->key.size + i->text.size + 4 * (size_t)i->dim;
    if (w->n_batch == LINES_PER_BATCH || w->batch_bytes + bytes > s->log.seg_bytes / 2) HR_TRY(lines_flush(w, err));
    i->exact = w->keep || i->key.size == 0; /* else it takes the place of what has its key */
    if (!w->keep) i->id = 0;
    w->batch[w->n_batch++] = *i;
    w->batch_bytes += bytes;
    return HR_OK;
}

static hr_status lines_head(lines_import *w) {
    uint64_t version;
    hr_text_in *t = &w->t;
    if (!hr_text_word(t, "{\"hearth_memory\":")) hr_text_fail(t, HR_E_FORMAT, "must begin with {\"hearth_memory\":2,...");
    if (!hr_text_u64(t, UINT32_MAX, &version)) return t->status;
    if (version != LINES_VERSION) return hr_text_fail(t, HR_E_UNSUPPORTED, "another version of the format"), t->status;
    if (!hr_text_word(t, ",\"next\":") || !hr_text_u64(t, UINT64_MAX >> 1, &w->next) || !hr_text_word(t, "}") ||
        !hr_text_newline(t)) {
        hr_text_fail(t, HR_E_FORMAT, "must be {\"hearth_memory\":2,\"next\":NUMBER}");
    }
    return t->status;
}

/* an empty store has to be one in which a key leads to one item */
static bool lines_key(lines_import *w, const line_item *l) {
    const hr_item *i = &l->item;
    if (l->old || i->key.size == 0) return true;
    uint64_t h = hr_hash64(i->key.data, i->key.size, hr_hash64(i->scope.data, i->scope.size, i->kind)) | 1;
    uint64_t *slot = lines_slot(&w->keys, h);
    bool is_new = *slot == 0;
    *slot = h;
    return is_new;
}

/* Old versions stand before the living one of their id, or they would come back to life. */
static bool lines_version(lines_import *w, const line_item *l) {
    const uint64_t id = l->item.id, living = hr_hash64(&id, sizeof id, 1) | 1, old = hr_hash64(&id, sizeof id, 2) | 1;
    const bool was_living = *lines_slot(&w->keys, living) != 0, was_old = *lines_slot(&w->keys, old) != 0;
    if (was_living) return !l->old;
    if (l->old) w->n_owed += !was_old;
    else w->n_owed -= was_old;
    *lines_slot(&w->keys, l->old ? old : living) = l->old ? old : living;
    return true;
}

/* pass 0: everything is read and nothing written; 1: what the file has is noted; 2: it is written */
static hr_status lines_pass(lines_import *w, const char *text, size_t n, int pass, hr_lines_progress *progress, void *ctx,
                            hr_error *err) {
    hr_text_in *t = &w->t;
    uint64_t lines = 0, end;
    *t = (hr_text_in){text, text + n, text, "import", 1, w->text, err, HR_OK};
    HR_TRY(lines_head(w));
    for (; !hr_text_word(t, "{\"end\":"); lines++) {
        line_item l;
        if (w->n_batch == 0) t->out = w->text;
        if (!lines_read(t, &l, w->s->log.seg_bytes / 2)) return t->status;
        if (l.item.id >= w->next) return t->line--, hr_text_fail(t, HR_E_FORMAT, "the id is not below \"next\""), t->status;
        if (w->keep && pass == 1 && !lines_key(w, &l)) {
            return t->line--, hr_text_fail(t, HR_E_FORMAT, "another item has this kind, scope and key"), t->status;
        }
        if (w->keep && pass == 1 && !lines_version(w, &l)) {
            return t->line--, hr_text_fail(t, HR_E_FORMAT, "an old version behind the living one"), t->status;
        }
        if (pass == 1) {
            uint64_t h = lines_hash(&l.item, l.item.space, true);
            *lines_slot(&w->file, h) = h;
        }
        if (pass == 2) HR_TRY(lines_take(w, &l, err));
        if (pass == 2 && progress != NULL && lines % 256 == 0 && progress(ctx, (uint64_t)(t->p - text), n) != 0) {
            return hr_fail(err, HR_E_CANCELLED, HR_NO_OFFSET, "import", "stopped; the same import goes on where it was");
        }
    }
    if (!hr_text_u64(t, UINT64_MAX, &end) || !hr_text_word(t, "}") || !hr_text_newline(t) || t->p != t->end || end != lines) {
        return hr_text_fail(t, HR_E_FORMAT, "must be {\"end\":LINES}, the last line, with their number"), t->status;
    }
    if (w->n_owed != 0) return hr_text_fail(t, HR_E_FORMAT, "an old version of an id has no living one behind it"), t->status;
    w->lines = lines;
    return pass == 2 ? lines_flush(w, err) : HR_OK;
}

hr_status hr_lines_import(hr_store *s, const char *text, size_t n, hr_lines_progress *progress, void *ctx,
                          uint64_t *written, hr_error *err) {
    const hr_allocator *m = s->memory;
    *written = 0;
    if (n > SIZE_MAX / 2) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "import", "%zu bytes", n);
    lines_import *w = (lines_import *)m->alloc(m->ctx, sizeof *w, 16);
    if (w == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "import", "out of memory");
    memset(w, 0, sizeof *w);
    w->s = s;
    w->n_text = n + 16;
    w->now_ms = hr_store_now();
    w->text = (char *)m->alloc(m->ctx, w->n_text, 16);
    hr_status status = w->text == NULL ? hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "import", "out of memory") : HR_OK;
    if (status == HR_OK) status = lines_pass(w, text, n, 0, NULL, NULL, err);
    w->keep = status == HR_OK && lines_may_keep(s, w->next);
    if (status == HR_OK) status = lines_note_known(w, err);
    w->n_before = s->n;
    if (status == HR_OK && w->keep) {
        status = lines_make_set(m, &w->file, w->lines, err);
        if (status == HR_OK) status = lines_make_set(m, &w->keys, 3 * w->lines, err);
        if (status == HR_OK) status = lines_pass(w, text, n, 1, NULL, NULL, err);
    }
    if (status == HR_OK) status = lines_pass(w, text, n, 2, progress, ctx, err);
    *written = w->written;
    if (w->known.slot != NULL) m->free(m->ctx, w->known.slot, w->known.cap * sizeof *w->known.slot);
    if (w->file.slot != NULL) m->free(m->ctx, w->file.slot, w->file.cap * sizeof *w->file.slot);
    if (w->keys.slot != NULL) m->free(m->ctx, w->keys.slot, w->keys.cap * sizeof *w->keys.slot);
    if (w->text != NULL) m->free(m->ctx, w->text, w->n_text);
    m->free(m->ctx, w, sizeof *w);
    return status;
}

HR_SMALL_END
