/* verify.c: walks everything that a store holds and holds it against its indexes; and builds vectors anew. */
#include "memory/cache.h"
#include "memory/memory.h"

HR_SMALL_BEGIN

typedef struct verify_walk {
    hr_store *s;
    hr_verify_found *found;
    void *ctx;
    hr_verify_counts *counts;
    uint64_t lsn;            /* of the record that must come next in the segment */
} verify_walk;

static void verify_note(const verify_walk *w, const char *what, uint64_t id, const char *detail) {
    w->counts->findings++;
    if (w->found != NULL) w->found(w->ctx, what, id, detail);
}

/* the log has checked the sums of what arrives here */
static hr_status verify_record(void *ctx, const hr_log_rec *r, hr_error *err) {
    verify_walk *w = (verify_walk *)ctx;
    (void)err;
    w->counts->records++;
    if (r->lsn != w->lsn) verify_note(w, "log", 0, "records between two others cannot be read");
    w->lsn = r->lsn + 1;
    if ((r->type == HR_REC_ITEM || r->type == HR_REC_VECTOR || r->type == HR_REC_TOMB) && r->n < 8) {
        verify_note(w, "log", 0, "a record too short for its type");
    } else if (r->type == HR_REC_ITEM) {
        const hr_entry *e = hr_store_find(w->s, hr_le64(r->data));
        if (e == NULL || e->lsn != r->lsn) w->counts->versions++;
        if (e != NULL && e->lsn < r->lsn) verify_note(w, "index", e->id, "there is a later version");
        if (hr_store_index(w->s, hr_le64(r->data)) == UINT32_MAX) verify_note(w, "index", hr_le64(r->data), "not in the index");
    }
    return HR_OK;
}

static void verify_fact(verify_walk *w, const hr_entry *e, const hr_item *i) {
    hr_item copy = *i, there;
    hr_entry *first = NULL;
    hr_fact fact;
    w->counts->facts++;
    if (i->key.size == 0) {
        verify_note(w, "fact", e->id, "has no key");
        return;
    }
    if (hr_fact_copy(w->s->memory, &copy, &fact, NULL) != HR_OK) {
        verify_note(w, "fact", e->id, "no memory to look it up");
        return;
    }
    hr_status status = hr_store_by_key(w->s, &fact.item, &first, &there, NULL);
    if (status != HR_OK || first == NULL) verify_note(w, "fact", e->id, "is not found by its key");
    else if (first->id != e->id) verify_note(w, "fact", e->id, "another one has its kind, scope and key");
    hr_fact_free(w->s->memory, &fact);
}

static void verify_vector(verify_walk *w, const hr_entry *e) {
    const hr_space *space = &w->s->spaces[e->vec_space - 1];
    size_t bytes = space->dim * sizeof(float);
    w->counts->vectors++;
    if (space->name[0] == 0) verify_note(w, "space", e->id, "the embedder of its vector has no name here");
    float *v = (float *)w->s->memory->alloc(w->s->memory->ctx, bytes, 16);
    if (v == NULL) {
        verify_note(w, "vector", e->id, "no memory to read it");
        return;
    }
    bool good = hr_store_vector(w->s, e, v, space->dim, NULL) == HR_OK;
    for (uint32_t k = 0; k < space->dim && good; k++) good = (hr_f32_bits(v[k]) & 0x7f800000u) != 0x7f800000u;
    if (!good) verify_note(w, "vector", e->id, "cannot be read, or is not finite");
    w->s->memory->free(w->s->memory->ctx, v, bytes);
}

/* Every segment from the device; what the next one begins with, or the log expects, must follow its last record. */
static hr_status verify_log(verify_walk *w, hr_error *err) {
    hr_wal *log = &w->s->log;
    log->win_n = 0; /* not what was read before */
    for (uint32_t k = 0; k < log->n_segs; k++) {
        uint64_t next = 0;
        if (log->segs[k].seq == 0) continue;
        w->lsn = log->segs[k].first_lsn;
        HR_TRY(hr_log_visit_segment(log, k, verify_record, w, err));
        for (uint32_t i = 0; i < log->n_segs; i++) {
            if (log->segs[i].seq == log->segs[k].seq + 1) next = log->segs[i].first_lsn;
        }
        if (k == log->head) next = log->next_lsn;
        if (next != 0 && next != w->lsn) verify_note(w, "log", 0, "records at the end of a segment cannot be read");
    }
    return HR_OK;
}

/* what was not replayed but read from the side cache, or kept since: it must say what the log says */
static hr_status verify_caches(verify_walk *w, hr_error *err) {
    const char *broken = hr_cache_verify(w->s);
    uint32_t entry;
    if (broken != NULL) verify_note(w, "cache", 0, broken);
    HR_TRY(hr_columns_verify(w->s, &entry, err));
    if (entry != UINT32_MAX) verify_note(w, "columns", w->s->entries[entry].id, "its vector is another one where searches look");
    hr_status status = hr_lexical_verify(w->s, &entry, err);
    if (status == HR_OK && entry != UINT32_MAX) {
        verify_note(w, "words", w->s->entries[entry].id, "its words are not those of the index");
    }
    return status;
}

hr_status hr_store_verify(hr_store *s, hr_verify_found *found, void *ctx, hr_verify_counts *counts, hr_error *err) {
    verify_walk w = {s, found, ctx, counts, 0};
    uint32_t live = 0, lost = 0;
    memset(counts, 0, sizeof *counts);
    if (s->log.damage.places != 0) verify_note(&w, "log", 0, "acknowledged records cannot be read");
    if (s->log.latched) verify_note(&w, "log", 0, "a write failed: open the store again");
    HR_TRY(verify_log(&w, err));
    for (uint32_t k = 0; k < s->n; k++) {
        const hr_entry *e = &s->entries[k];
        hr_item i;
        if (!e->live) continue;
        live++;
        counts->items++;
        if (hr_store_index(s, e->id) != k) verify_note(&w, "index", e->id, "its id leads to another place");
        if (hr_store_read(s, e, &i, NULL) != HR_OK) {
            verify_note(&w, "item", e->id, "cannot be read");
            lost++;
            continue;
        }
        if (i.id != e->id || i.kind != e->kind || i.time_ms != e->time_ms || i.expires_ms != e->expires_ms ||
            hr_hash64(i.scope.data, i.scope.size, 0) != e->scope_hash || i.confidence > HR_STORE_CERTAIN || i.count == 0) {
            verify_note(&w, "item", e->id, "is not what the index says");
        }
        bool fact = i.kind != HR_KIND_TEXT;
        if (fact) verify_fact(&w, e, &i);
        if (e->vec_space != 0) verify_vector(&w, e);
    }
    if (live != s->n_live) verify_note(&w, "index", 0, "the number of items is wrong");
    return lost == 0 ? verify_caches(&w, err) : HR_OK; /* with items lost the indexes cannot be built */
}

/* --- vectors anew: what is done is what has a vector of the space, so there is no state to lose -------------------------------- */
static hr_status reembed_one(hr_store *s, uint32_t index, const char *space, uint32_t dim, hr_embed_text *embed, void *ctx,
                             float *v, hr_error *err) {
    hr_item i;
    hr_fact own;
    HR_TRY(hr_store_read(s, &s->entries[index], &i, err));
    HR_TRY(hr_fact_copy(s->memory, &i, &own, err));
    hr_status status = HR_OK;
    if (embed(ctx, own.item.text.data, own.item.text.size, v) != 0) {
        status = hr_fail(err, HR_E_CANCELLED, HR_NO_OFFSET, "embedder", "stopped at item %llu", (unsigned long long)own.item.id);
    }
    own.item.vector = v;
    own.item.dim = dim;
    own.item.space = space;
    own.item.exact = true;
    if (status == HR_OK) status = hr_store_put(s, &own.item, 1, err);
    hr_fact_free(s->memory, &own);
    return status;
}

hr_status hr_store_reembed(hr_store *s, const char *space, uint32_t dim, hr_embed_text *embed, void *ctx, size_t most,
                           uint64_t *left, hr_error *err) {
    uint32_t n = s->n;
    hr_status status = HR_OK;
    *left = 0;
    if (dim == 0 || dim > HR_STORE_DIM_MAX) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "dim", "%u", dim);
    float *v = (float *)s->memory->alloc(s->memory->ctx, dim * sizeof *v, 16);
    if (v == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "reembed", "out of memory");
    for (uint32_t k = 0; k < n && status == HR_OK; k++) { /* new versions are behind n */
        const hr_entry *e = &s->entries[k];
        if (!e->live || (e->vec_space != 0 && strcmp(s->spaces[e->vec_space - 1].name, space) == 0)) continue;
        hr_item i;
        status = hr_store_read(s, e, &i, err);
        if (status != HR_OK || i.text.size == 0) continue;
        if (most == 0) {
            ++*left;
            continue;
        }
        status = reembed_one(s, k, space, dim, embed, ctx, v, err);
        most--;
    }
    s->memory->free(s->memory->ctx, v, dim * sizeof *v);
    return status;
}

HR_SMALL_END
