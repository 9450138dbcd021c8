/* dump.c: the facts as text for people: sections by kind, one line a record. Reading makes the store's facts those of the
 * text; everything is checked before anything is written. */
#include "memory/memory.h"

HR_SMALL_BEGIN

enum { DUMP_PER_BATCH = 64 };
static const char dump_head[] = "hearth facts 1";
static const uint64_t dump_last_ms = 253402300799999u; /* 9999-12-31T23:59:59.999Z */

/* --- time: days from civil, H. Hinnant -------------------------------------------------------------------------------------- */
static void dump_time(hr_text_out *o, const char *name, uint64_t ms) {
    hr_text_format(o, " %s=", name);
    if (ms > dump_last_ms) {
        hr_text_format(o, "%llu", (unsigned long long)ms);
        return;
    }
    uint32_t z = (uint32_t)(ms / 86400000u) + 719468, era = z / 146097, doe = z % 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9, in_day = (uint32_t)(ms % 86400000u);
    const uint32_t v[7] = {yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1, in_day / 3600000,
                           in_day / 60000 % 60, in_day / 1000 % 60, in_day % 1000};
    char text[24] = "0000-00-00T00:00:00.000Z";
    static const uint8_t last[7] = {3, 6, 9, 12, 15, 18, 22};
    for (int k = 0; k < 7; k++) {
        uint32_t x = v[k];
        for (int at = last[k]; x > 0; at--, x /= 10) text[at] = (char)('0' + x % 10);
    }
    hr_text_put(o, text, sizeof text);
}

static bool load_time(hr_text_in *t, uint64_t *ms) {
    static const char shape[] = "0000-00-00T00:00:00.000Z";
    uint32_t v[7] = {0};
    int k = 0;
    if (t->end - t->p < 5 || t->p[4] != '-') return hr_text_u64(t, UINT64_MAX, ms);
    for (size_t i = 0; i < sizeof shape - 1; i++, t->p++) {
        char c = t->p < t->end ? *t->p : 0;
        if (shape[i] == '0' && c >= '0' && c <= '9') v[k] = v[k] * 10 + (uint32_t)(c - '0');
        else if (shape[i] == '0' || c != shape[i]) return hr_text_fail(t, HR_E_FORMAT, "a time is 2026-01-31T23:59:59.000Z");
        else k++;
    }
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = v[0] % 4 == 0 && (v[0] % 100 != 0 || v[0] % 400 == 0);
    if (v[0] < 1970 || v[1] - 1 > 11 || v[2] - 1 >= days[v[1] - 1] + (uint32_t)(leap && v[1] == 2) || v[3] > 23 ||
        v[4] > 59 || v[5] > 59) {
        return hr_text_fail(t, HR_E_FORMAT, "there is no such time (from 1970 on)");
    }
    uint32_t y = v[0] - (v[1] <= 2), era = y / 400, yoe = y % 400,
             doy = (153 * (v[1] + (v[1] > 2 ? -3u : 9u)) + 2) / 5 + v[2] - 1;
    uint64_t day = (uint64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    *ms = ((day * 24 + v[3]) * 60 + v[4]) * 60000 + v[5] * 1000 + v[6];
    return true;
}

/* --- dump ---------------------------------------------------------------------------------------------------------------------- */
static void dump_line(hr_text_out *o, const hr_item *i) {
    hr_text_quote(o, i->key);
    hr_text_put(o, ": ", 2);
    hr_text_quote(o, i->text);
    const struct { const char *name; hr_str s; } part[3] = {{" scope=", i->scope}, {" source=", i->source}, {" tags=", i->tags}};
    for (int k = 0; k < 3; k++) {
        if (part[k].s.size == 0) continue;
        hr_text_put(o, part[k].name, strlen(part[k].name));
        hr_text_quote(o, part[k].s);
    }
    hr_text_format(o, " confidence=%u count=%u", i->confidence, i->count);
    dump_time(o, "time", i->time_ms);
    if (i->expires_ms != 0) dump_time(o, "expires", i->expires_ms);
    hr_text_put(o, "\n", 1);
}

hr_status hr_facts_dump(hr_store *s, hr_text_write *write, void *ctx, hr_error *err) {
    hr_text_out o;
    memset(&o, 0, sizeof o);
    o.write = write;
    o.ctx = ctx;
    hr_text_format(&o, "%s\n", dump_head);
    for (uint32_t kind = HR_KIND_TONE; kind < HR_KIND_COUNT; kind++) {
        hr_text_format(&o, "\n[%s]\n", hr_kind_name(kind));
        for (uint32_t k = 0; k < s->n && !o.stopped; k++) {
            hr_item i;
            if (!s->entries[k].live || s->entries[k].kind != kind) continue;
            HR_TRY(hr_store_read(s, &s->entries[k], &i, err));
            dump_line(&o, &i);
        }
    }
    return hr_text_end(&o, err);
}

/* --- load ---------------------------------------------------------------------------------------------------------------------- */
typedef struct load_facts {
    const hr_allocator *memory;
    char *text;              /* [n_text + 1]: decoded strings */
    size_t n_text;
    hr_item *items;          /* [n] */
    uint32_t *lines, *table; /* [n]; [table_cap]: 1 + index by hash of kind, scope, key */
    uint32_t n, cap, cap_lines, table_cap;
} load_facts;

static uint32_t *load_slot(const load_facts *l, const hr_item *i) {
    uint64_t h = hr_hash64(i->scope.data, i->scope.size, i->kind);
    uint32_t at = (uint32_t)hr_hash64(i->key.data, i->key.size, h) & (l->table_cap - 1);
    for (; l->table[at] != 0; at = (at + 1) & (l->table_cap - 1)) {
        const hr_item *o = &l->items[l->table[at] - 1];
        if (o->kind == i->kind && o->key.size == i->key.size && o->scope.size == i->scope.size &&
            (i->key.size == 0 || memcmp(o->key.data, i->key.data, i->key.size) == 0) &&
            (i->scope.size == 0 || memcmp(o->scope.data, i->scope.data, i->scope.size) == 0)) break;
    }
    return &l->table[at];
}

static bool load_field(hr_text_in *t, hr_item *i, uint32_t *seen) {
    static const char *const names[] = {"scope=", "source=", "tags=", "confidence=", "count=", "time=", "expires="};
    uint64_t v = 0;
    uint32_t k = 0;
    while (k < HR_COUNT(names) && !hr_text_word(t, names[k])) k++;
    if (k == HR_COUNT(names)) {
        return hr_text_fail(t, HR_E_FORMAT, "scope=, source=, tags=, confidence=, count=, time= or expires= is missing");
    }
    if (*seen >> k & 1) return hr_text_fail(t, HR_E_FORMAT, "the same field twice");
    *seen |= 1u << k;
    switch (k) {
    case 0: return hr_text_string(t, HR_STORE_NAME_MAX, &i->scope);
    case 1: return hr_text_string(t, HR_STORE_NAME_MAX, &i->source);
    case 2: return hr_text_string(t, HR_STORE_NAME_MAX, &i->tags);
    case 5: return load_time(t, &i->time_ms);
    case 6: return load_time(t, &i->expires_ms);
    default: break;
    }
    if (!hr_text_u64(t, k == 3 ? HR_STORE_CERTAIN : UINT32_MAX, &v)) return false;
    if (k == 3) i->confidence = (uint32_t)v;
    else i->count = (uint32_t)v;
    return true;
}

static bool load_record(hr_text_in *t, hr_item *i, size_t most) {
    uint32_t seen = 0;
    i->confidence = HR_STORE_CERTAIN; /* whoever writes a line by hand says so */
    i->exact = true;
    if (!hr_text_string(t, HR_STORE_NAME_MAX, &i->key)) return false;
    if (i->key.size == 0) return hr_text_fail(t, HR_E_FORMAT, "the key is empty");
    if (!hr_text_word(t, ": ")) return hr_text_fail(t, HR_E_FORMAT, "\": \" must follow the key");
    if (!hr_text_string(t, most, &i->text)) return false;
    while (hr_text_word(t, " ")) {
        if (!load_field(t, i, &seen)) return false;
    }
    return t->status == HR_OK;
}

static bool load_section(hr_text_in *t, uint32_t *kind) {
    for (uint32_t k = HR_KIND_TONE; k < HR_KIND_COUNT; k++) {
        if (hr_text_word(t, hr_kind_name(k))) {
            *kind = k;
            return hr_text_word(t, "]") || hr_text_fail(t, HR_E_FORMAT, "] is missing");
        }
    }
    return hr_text_fail(t, HR_E_FORMAT, "no such section: tone, intent, blocked, person, device, value");
}

static hr_status load_no_memory(hr_error *err) { return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "facts", "out of memory"); }

static hr_status load_lines(hr_text_in *t, load_facts *l, size_t most) {
    uint32_t kind = HR_KIND_TEXT;
    if (!hr_text_word(t, dump_head)) return hr_text_fail(t, HR_E_FORMAT, "must begin with: hearth facts 1"), t->status;
    while (t->status == HR_OK && t->p < t->end) {
        if (!hr_text_newline(t)) return hr_text_fail(t, HR_E_FORMAT, "the line should end here"), t->status;
        if (t->p == t->end || *t->p == '\n') continue;
        if (*t->p == '#') {
            while (t->p < t->end && *t->p != '\n') t->p++;
        } else if (hr_text_word(t, "[")) {
            load_section(t, &kind);
        } else if (kind == HR_KIND_TEXT) {
            hr_text_fail(t, HR_E_FORMAT, "a section must come first");
        } else {
            hr_item *items = (hr_item *)hr_store_grow(l->memory, l->items, l->n, sizeof *items, &l->cap, l->n + 1);
            if (items != NULL) l->items = items;
            uint32_t *lines = (uint32_t *)hr_store_grow(l->memory, l->lines, l->n, sizeof *lines, &l->cap_lines, l->n + 1);
            if (lines != NULL) l->lines = lines;
            if (items == NULL || lines == NULL) return load_no_memory(t->err);
            memset(&items[l->n], 0, sizeof *items);
            items[l->n].kind = kind;
            lines[l->n] = t->line;
            if (load_record(t, &items[l->n], most)) l->n++;
        }
    }
    return t->status;
}

static hr_status load_index(load_facts *l, hr_error *err) {
    l->table_cap = 16;
    while (l->table_cap < (1u << 30) && l->table_cap < 2 * l->n) l->table_cap *= 2;
    l->table = (uint32_t *)l->memory->alloc(l->memory->ctx, l->table_cap * sizeof *l->table, 8);
    if (l->table == NULL) return load_no_memory(err);
    memset(l->table, 0, l->table_cap * sizeof *l->table);
    for (uint32_t k = 0; k < l->n; k++) {
        uint32_t *slot = load_slot(l, &l->items[k]);
        if (*slot != 0) {
            return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "facts", "line %u: the key and scope of line %u again", l->lines[k],
                           l->lines[*slot - 1]);
        }
        *slot = k + 1;
    }
    return HR_OK;
}

static bool load_equal(const hr_item *a, const hr_item *b) {
    return hr_fact_order(a, b) == 0 && a->count == b->count && a->tags.size == b->tags.size &&
           (a->tags.size == 0 || memcmp(a->tags.data, b->tags.data, a->tags.size) == 0);
}

/* what is new or changed, in batches; an unchanged record costs nothing */
static hr_status load_write(hr_store *s, load_facts *l, uint64_t now, uint64_t *changed, hr_error *err) {
    uint32_t n = 0;
    uint64_t bytes = 0;
    for (uint32_t k = 0; k < l->n; k++) { /* the changed ones move to the front */
        hr_item i = l->items[k], there;
        hr_entry *e;
        HR_TRY(hr_store_by_key(s, &i, &e, &there, err));
        if (i.time_ms == 0) i.time_ms = e != NULL ? there.time_ms : now;
        if (i.count == 0) i.count = e != NULL ? there.count : 1;
        if (e != NULL && load_equal(&i, &there)) continue;
        i.id = e != NULL ? there.id : 0;
        l->items[(*changed)++] = i;
    }
    for (uint32_t k = 0; k <= *changed; k++) {
        const hr_item *i = k < *changed ? &l->items[k] : NULL;
        uint64_t more = i == NULL ? 0 : 128 + i->scope.size + i->source.size + i->tags.size + i->key.size + i->text.size;
        if (n > 0 && (i == NULL || n == DUMP_PER_BATCH || bytes + more > s->log.seg_bytes / 2)) {
            HR_TRY(hr_store_put(s, l->items + k - n, n, err));
            n = 0, bytes = 0;
        }
        n++, bytes += more;
    }
    return HR_OK;
}

/* *ids [*cap]: the facts that the text leaves out */
static hr_status load_missing(hr_store *s, const load_facts *l, uint64_t **ids, uint32_t *cap, uint64_t *n, hr_error *err) {
    for (uint32_t k = 0; k < s->n; k++) {
        hr_item i;
        if (!s->entries[k].live || s->entries[k].kind == HR_KIND_TEXT) continue;
        HR_TRY(hr_store_read(s, &s->entries[k], &i, err));
        if (*load_slot(l, &i) != 0) continue;
        uint64_t *more = (uint64_t *)hr_store_grow(s->memory, *ids, (size_t)*n, sizeof *more, cap, (uint32_t)*n + 1);
        if (more == NULL) return load_no_memory(err);
        *ids = more;
        more[(*n)++] = i.id;
    }
    return HR_OK;
}

hr_status hr_facts_load(hr_store *s, const char *text, size_t n, uint64_t *changed, uint64_t *removed, hr_error *err) {
    load_facts l;
    memset(&l, 0, sizeof l);
    *changed = *removed = 0;
    l.memory = s->memory;
    l.n_text = n + 1;
    if (n > 1u << 28) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "facts", "%zu bytes", n);
    l.text = (char *)s->memory->alloc(s->memory->ctx, l.n_text, 8);
    if (l.text == NULL) return load_no_memory(err);
    hr_text_in t = {text, text + n, text, "facts", 1, l.text, err, HR_OK};
    hr_status status = load_lines(&t, &l, s->log.seg_bytes / 4);
    if (status == HR_OK) status = load_index(&l, err);
    uint64_t *ids = NULL, gone = 0;
    uint32_t cap_ids = 0;
    if (status == HR_OK) status = load_missing(s, &l, &ids, &cap_ids, &gone, err);
    if (status == HR_OK) status = load_write(s, &l, hr_store_now(), changed, err);
    if (status == HR_OK && gone > 0) status = hr_store_delete(s, ids, (size_t)gone, err);
    if (status == HR_OK) *removed = gone;
    if (ids != NULL) s->memory->free(s->memory->ctx, ids, cap_ids * sizeof *ids);
    if (l.items != NULL) s->memory->free(s->memory->ctx, l.items, l.cap * sizeof *l.items);
    if (l.lines != NULL) s->memory->free(s->memory->ctx, l.lines, l.cap_lines * sizeof *l.lines);
    if (l.table != NULL) s->memory->free(s->memory->ctx, l.table, l.table_cap * sizeof *l.table);
    s->memory->free(s->memory->ctx, l.text, l.n_text);
    return status;
}

HR_SMALL_END
