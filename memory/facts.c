/* facts.c: merging of structured memory. A statement is an item with a key. Of all statements of one kind, scope and key the
 * greatest in a total order holds and counts add up: so the order of arrival does not matter. */
#include "memory/memory.h"

HR_SMALL_BEGIN

static const char uses_tag[] = "uses:";

hr_status hr_fact_copy(const hr_allocator *m, const hr_item *i, hr_fact *out, hr_error *err) {
    memset(out, 0, sizeof *out);
    out->n_bytes = i->scope.size + i->source.size + i->tags.size + i->key.size + i->text.size + 1;
    out->bytes = (char *)m->alloc(m->ctx, out->n_bytes, 8);
    if (out->bytes == NULL) {
        out->n_bytes = 0;
        return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "fact", "out of memory");
    }
    out->item = *i;
    hr_str *part[5] = {&out->item.scope, &out->item.source, &out->item.tags, &out->item.key, &out->item.text};
    char *p = out->bytes;
    for (int k = 0; k < 5; k++) {
        if (part[k]->size != 0) memcpy(p, part[k]->data, part[k]->size);
        part[k]->data = p;
        p += part[k]->size;
    }
    return HR_OK;
}

void hr_fact_free(const hr_allocator *m, hr_fact *f) {
    if (f->bytes != NULL) m->free(m->ctx, f->bytes, f->n_bytes);
    f->bytes = NULL;
}

/* --- uses, counted by half-lives --------------------------------------------------------------------------------------------- */
static uint64_t fact_epoch(uint64_t ms) { return ms / ((uint64_t)HR_FACT_HALF_LIFE_DAYS * HR_FACT_DAY_MS); }

/* where the tag with the uses begins in tags, a comma before it included; tags.size: there is none. It is the last one. */
static size_t uses_at(hr_str tags) {
    for (size_t i = 0; i + sizeof uses_tag - 1 <= tags.size; i++) {
        if ((i == 0 || tags.data[i - 1] == ',') && memcmp(tags.data + i, uses_tag, sizeof uses_tag - 1) == 0) {
            return i == 0 ? 0 : i - 1;
        }
    }
    return tags.size;
}

void hr_fact_get_uses(const hr_item *i, hr_fact_uses *u) {
    size_t at = uses_at(i->tags), k = 0;
    memset(u, 0, sizeof *u);
    u->epoch = fact_epoch(i->time_ms);
    u->bin[0] = i->count != 0 ? i->count : 1;
    if (at == i->tags.size) return;
    hr_fact_uses read;
    memset(&read, 0, sizeof read);
    const char *p = i->tags.data + at + (at != 0) + sizeof uses_tag - 1, *end = i->tags.data + i->tags.size;
    for (; k <= HR_FACT_BINS; k++) {
        uint64_t v = 0;
        const char *from = p;
        while (p < end && *p >= '0' && *p <= '9' && v <= UINT32_MAX) v = v * 10 + (uint64_t)(*p++ - '0');
        if (p == from || v > UINT32_MAX) return; /* edited into something else: as if it were not there */
        if (k == 0) read.epoch = v;
        else read.bin[k - 1] = (uint32_t)v;
        if (p == end || *p != ':') break;
        p++;
    }
    if (k >= 1 && k <= HR_FACT_BINS && p == end) *u = read;
}

static uint32_t uses_sum(uint32_t a, uint32_t b, bool absorb) {
    if (absorb) return a > b ? a : b;
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* Associative and commutative: bins are aligned by epoch, and what is older than the last bin of the newest is dropped. */
void hr_fact_add_uses(hr_fact_uses *u, const hr_fact_uses *more, bool absorb) {
    hr_fact_uses out;
    memset(&out, 0, sizeof out);
    out.epoch = u->epoch > more->epoch ? u->epoch : more->epoch;
    for (uint64_t k = 0; k < HR_FACT_BINS; k++) {
        uint64_t a = out.epoch - u->epoch, b = out.epoch - more->epoch;
        out.bin[k] = uses_sum(k >= a ? u->bin[k - a] : 0, k >= b ? more->bin[k - b] : 0, absorb);
    }
    *u = out;
}

uint64_t hr_fact_weight(const hr_fact_uses *u, uint64_t now_ms) {
    uint64_t now = fact_epoch(now_ms), age = now > u->epoch ? now - u->epoch : 0, sum = 0;
    for (uint64_t k = 0; k < HR_FACT_BINS && age + k < 32; k++) sum += ((uint64_t)u->bin[k] << 16) >> (age + k);
    return sum;
}

static hr_str tags_without_uses(hr_str tags) { return (hr_str){tags.data, uses_at(tags)}; }

/* tags of i with u for the uses, into buf */
static hr_str tags_with_uses(hr_str tags, const hr_fact_uses *u, char *buf, size_t cap) {
    hr_str own = tags_without_uses(tags);
    char text[160];
    size_t n = hr_format(text, sizeof text, "%s%s%llu", own.size != 0 ? "," : "", uses_tag, (unsigned long long)u->epoch);
    int last = HR_FACT_BINS - 1;
    while (last > 0 && u->bin[last] == 0) last--;
    for (int k = 0; k <= last; k++) n += hr_format(text + n, sizeof text - n, ":%u", u->bin[k]);
    if (own.size + n > cap || own.size + n > HR_STORE_NAME_MAX) return own;
    if (own.size != 0) memcpy(buf, own.data, own.size);
    memcpy(buf + own.size, text, n);
    return (hr_str){buf, own.size + n};
}

/* --- order ------------------------------------------------------------------------------------------------------------------------ */
static int order_bytes(hr_str a, hr_str b) {
    int c = a.size == 0 || b.size == 0 ? 0 : memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return c != 0 ? c : (a.size > b.size) - (a.size < b.size);
}

int hr_fact_order(const hr_item *a, const hr_item *b) {
    int sure = (a->confidence == HR_STORE_CERTAIN) - (b->confidence == HR_STORE_CERTAIN);
    if (sure != 0) return sure;
    if (a->time_ms != b->time_ms) return a->time_ms > b->time_ms ? 1 : -1;
    if (a->confidence != b->confidence) return a->confidence > b->confidence ? 1 : -1;
    int c = order_bytes(a->text, b->text);
    if (c == 0) c = order_bytes(a->source, b->source);
    if (c == 0) c = order_bytes(tags_without_uses(a->tags), tags_without_uses(b->tags));
    if (c == 0) c = (a->expires_ms > b->expires_ms) - (a->expires_ms < b->expires_ms);
    return c;
}

/* --- learn -------------------------------------------------------------------------------------------------------------------------- */
static hr_status learn_vector(hr_store *s, const hr_entry *e, hr_item *i, float **v, hr_error *err) {
    if (e->vec_space == 0) return HR_OK;
    const hr_space *space = &s->spaces[e->vec_space - 1];
    *v = (float *)s->memory->alloc(s->memory->ctx, space->dim * sizeof(float), 16);
    if (*v == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "fact", "out of memory");
    i->vector = *v;
    i->dim = space->dim;
    i->space = space->name;
    return hr_store_vector(s, e, *v, space->dim, err);
}

static hr_status learn_merge(hr_store *s, const hr_item *fresh, const hr_entry *entry, const hr_item *old, bool absorb,
                             hr_error *err) {
    hr_item two[2] = {*fresh, *fresh};
    hr_fact_uses uses, more;
    float *vector = NULL;
    char tags[HR_STORE_NAME_MAX];
    int order = hr_fact_order(fresh, old);
    hr_item *holds = &two[1];
    hr_status status = HR_OK;
    uint32_t dim = 0;
    if (order <= 0) {
        *holds = *old;
        dim = entry->vec_space != 0 ? s->spaces[entry->vec_space - 1].dim : 0;
        status = learn_vector(s, entry, holds, &vector, err);
    }
    holds->id = two[0].id = old->id;
    holds->exact = two[0].exact = true;
    holds->count = uses_sum(old->count, fresh->count, absorb);
    if (holds->kind == HR_KIND_INTENT) {
        hr_fact_get_uses(old, &uses);
        hr_fact_get_uses(fresh, &more);
        hr_fact_add_uses(&uses, &more, absorb);
        holds->tags = tags_with_uses(holds->tags, &uses, tags, sizeof tags);
    }
    bool same = order == 0 && holds->count == old->count && order_bytes(holds->tags, old->tags) == 0;
    /* the one that does not hold is history: written before the one that does */
    if (status == HR_OK && !same) status = order < 0 ? hr_store_put(s, two, 2, err) : hr_store_put(s, holds, 1, err);
    if (vector != NULL) s->memory->free(s->memory->ctx, vector, dim * sizeof(float));
    return status;
}

hr_status hr_fact_learn(hr_store *s, const hr_item *fact, uint64_t now_ms, bool absorb, uint64_t *id, hr_error *err) {
    hr_item fresh = *fact, there;
    hr_entry *entry;
    *id = 0;
    if (fact->kind == HR_KIND_TEXT || fact->kind >= HR_KIND_COUNT || fact->key.size == 0) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "fact", "needs a structured kind and a key");
    }
    fresh.id = 0;
    if (fresh.count == 0) fresh.count = 1;
    if (fresh.time_ms == 0) fresh.time_ms = now_ms;
    HR_TRY(hr_store_by_key(s, &fresh, &entry, &there, err));
    if (entry == NULL || (there.expires_ms != 0 && there.expires_ms <= now_ms)) {
        char tags[HR_STORE_NAME_MAX];
        hr_fact_uses uses;
        fresh.id = entry != NULL ? there.id : 0;
        fresh.exact = true;
        hr_fact_get_uses(&fresh, &uses);
        if (fresh.kind == HR_KIND_INTENT) fresh.tags = tags_with_uses(fresh.tags, &uses, tags, sizeof tags);
        HR_TRY(hr_store_put(s, &fresh, 1, err));
        *id = fresh.id;
        return HR_OK;
    }
    hr_fact old;
    hr_entry at = *entry; /* a put moves the entries */
    HR_TRY(hr_fact_copy(s->memory, &there, &old, err));
    hr_status status = learn_merge(s, &fresh, &at, &old.item, absorb, err);
    if (status == HR_OK) *id = old.item.id;
    hr_fact_free(s->memory, &old);
    return status;
}

/* --- history -------------------------------------------------------------------------------------------------------------------------- */
static uint64_t statement_hash(const hr_item *i) {
    uint64_t h = hr_hash64(&i->time_ms, sizeof i->time_ms, i->confidence);
    h = hr_hash64(&i->expires_ms, sizeof i->expires_ms, h);
    h = hr_hash64(i->text.data, i->text.size, h);
    h = hr_hash64(i->source.data, i->source.size, h);
    return hr_hash64(i->tags.data, tags_without_uses(i->tags).size, h);
}

hr_status hr_fact_history(hr_store *s, uint64_t id, hr_fact_each *each, void *ctx, hr_error *err) {
    uint64_t *seen = NULL;
    uint32_t cap = 0, n = 0;
    hr_status status = HR_OK;
    if (hr_store_find(s, id) == NULL) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "id", "there is no item %llu", (unsigned long long)id);
    }
    for (uint32_t k = s->n; k > 0 && status == HR_OK; k--) {
        hr_item i;
        if (s->entries[k - 1].id != id) continue;
        if (!s->entries[k - 1].live) {
            if (hr_store_read(s, &s->entries[k - 1], &i, NULL) != HR_OK) continue; /* compacted away */
        } else if ((status = hr_store_read(s, &s->entries[k - 1], &i, err)) != HR_OK) {
            break;
        }
        uint64_t h = statement_hash(&i);
        uint32_t at = 0;
        while (at < n && seen[at] != h) at++;
        if (at < n) continue;
        uint64_t *more = (uint64_t *)hr_store_grow(s->memory, seen, n, sizeof *seen, &cap, n + 1);
        if (more == NULL) {
            status = hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "history", "out of memory");
            break;
        }
        seen = more;
        seen[n++] = h;
        if (each(ctx, &i) != 0) break;
    }
    if (seen != NULL) s->memory->free(s->memory->ctx, seen, cap * sizeof *seen);
    return status;
}

HR_SMALL_END
