/* store_clean.c: delete, forget, compaction. A segment is cleaned by writing what lives in it again and erasing it; at no
 * moment is a living record on the device less than once, and a record that is there twice means the same twice. */
#include "memory/cache.h"
#include "memory/store_internal.h"

HR_SMALL_BEGIN

typedef struct clean_pass {
    hr_store *s;
    uint32_t seg;
    bool oldest;          /* no older segment: its tombstones have done their work */
    uint8_t *bytes;       /* [cap]: payloads of what lives */
    hr_log_rec *recs;
    uint32_t cap, cap_recs, used, n;
    const uint64_t *ids;  /* search pass: ids to look for, sorted */
    size_t n_ids;
    bool found, dead;
} clean_pass;

static bool record_lives(const clean_pass *p, const hr_log_rec *r) {
    hr_store *s = p->s;
    if (r->type == HR_REC_SPACE) {
        for (uint32_t i = 0; i < s->n_spaces; i++) {
            if (s->spaces[i].lsn == r->lsn) return true;
        }
        return false;
    }
    if (r->type != HR_REC_ITEM && r->type != HR_REC_VECTOR && r->type != HR_REC_TOMB) return true; /* of a later version */
    if (r->n < 8) return false;
    hr_entry *e = hr_store_find(s, hr_le64(r->data));
    if (r->type == HR_REC_TOMB) return e == NULL && !p->oldest;
    if (e == NULL) return false;
    return r->type == HR_REC_ITEM ? e->lsn == r->lsn : e->vec_space != 0 && e->vec_lsn == r->lsn;
}

static hr_status keep_living(void *ctx, const hr_log_rec *r, hr_error *err) {
    clean_pass *p = (clean_pass *)ctx;
    if (!record_lives(p, r)) return HR_OK;
    hr_log_rec *more = (hr_log_rec *)hr_store_grow(p->s->memory, p->recs, p->n, sizeof *more, &p->cap_recs, p->n + 1);
    if (more == NULL || r->n > p->cap - p->used) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "store", "no memory to compact");
    p->recs = more;
    memcpy(p->bytes + p->used, r->data, r->n);
    p->recs[p->n] = *r;
    p->recs[p->n++].data = p->bytes + p->used;
    p->used += r->n;
    return HR_OK;
}

/* after moving: the same meaning at another place */
static void note_moved(hr_store *s, const hr_log_rec *r, uint64_t old_lsn) {
    if (r->type == HR_REC_SPACE) {
        for (uint32_t i = 0; i < s->n_spaces; i++) {
            if (s->spaces[i].lsn == old_lsn) s->spaces[i].lsn = r->lsn, s->spaces[i].loc = r->loc;
        }
        return;
    }
    hr_entry *e = r->type == HR_REC_ITEM || r->type == HR_REC_VECTOR ? hr_store_find(s, hr_le64(r->data)) : NULL;
    if (e == NULL) return;
    if (r->type == HR_REC_ITEM) e->lsn = r->lsn, e->loc = r->loc;
    else e->vec_lsn = r->lsn, e->vec_loc = r->loc;
}

static hr_status move_records(hr_store *s, clean_pass *p, hr_error *err) {
    uint64_t old[64];
    for (uint32_t at = 0; at < p->n;) {
        uint32_t n = 0;
        uint64_t space = 0, room = hr_log_room(&s->log), first = hr_log_space(&s->log, p->recs[at].n);
        if (at + 1 < p->n && p->recs[at + 1].type == HR_REC_VECTOR) first += hr_log_space(&s->log, p->recs[at + 1].n);
        if (room < first) room = hr_log_batch_limit(&s->log); /* else the segment is filled to its end */
        while (at + n < p->n && n < HR_COUNT(old)) {
            uint64_t more = hr_log_space(&s->log, p->recs[at + n].n);
            if (n > 0 && space + more > room) break;
            old[n] = p->recs[at + n].lsn;
            space += more;
            n++;
        }
        if (n > 1 && at + n < p->n && p->recs[at + n].type == HR_REC_VECTOR) n--; /* a vector stays with its item */
        HR_TRY(hr_log_commit(&s->log, p->recs + at, n, err));
        for (uint32_t i = 0; i < n; i++) note_moved(s, &p->recs[at + i], old[i]);
        at += n;
    }
    return HR_OK;
}

hr_status hr_store_clean_segment(hr_store *s, uint32_t seg, hr_error *err) {
    clean_pass p;
    memset(&p, 0, sizeof p);
    p.s = s;
    p.seg = seg;
    p.oldest = true;
    for (uint32_t i = 0; i < s->log.n_segs; i++) {
        if (s->log.segs[i].seq != 0 && s->log.segs[i].seq < s->log.segs[seg].seq) p.oldest = false;
    }
    p.cap = s->log.seg_bytes;
    p.bytes = (uint8_t *)s->memory->alloc(s->memory->ctx, p.cap, 16);
    hr_status status = p.bytes == NULL ? hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "store", "no memory to compact") : HR_OK;
    if (status == HR_OK) status = hr_log_visit_segment(&s->log, seg, keep_living, &p, err);
    if (status == HR_OK && seg == s->log.head) hr_log_close_head(&s->log);
    if (status == HR_OK) status = move_records(s, &p, err);
    if (status == HR_OK && seg == s->log.head) status = hr_log_begin_segment(&s->log, err); /* the numbers must go on */
    if (status == HR_OK) status = hr_log_free_segment(&s->log, seg, err);
    if (p.bytes != NULL) s->memory->free(s->memory->ctx, p.bytes, p.cap);
    if (p.recs != NULL) s->memory->free(s->memory->ctx, p.recs, p.cap_recs * sizeof *p.recs);
    return status;
}

/* --- delete and forget --------------------------------------------------------------------------------------------------------- */
hr_status hr_store_delete(hr_store *s, const uint64_t *ids, size_t n, hr_error *err) {
    uint8_t bytes[64][8];
    hr_log_rec recs[64];
    for (size_t k = 0; k < n; k++) {
        if (hr_store_find(s, ids[k]) == NULL) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "id", "there is no item %llu", (unsigned long long)ids[k]);
        }
    }
    while (n > 0) {
        size_t m = n < 64 ? n : 64;
        memset(recs, 0, sizeof recs);
        for (size_t k = 0; k < m; k++) {
            hr_put64(bytes[k], ids[k]);
            recs[k].type = HR_REC_TOMB;
            recs[k].flags = HR_LOG_CRITICAL;
            recs[k].n = 8;
            recs[k].data = bytes[k];
        }
        HR_TRY(hr_log_commit(&s->log, recs, m, err));
        for (size_t k = 0; k < m; k++) HR_TRY(hr_store_apply(s, &recs[k], err));
        ids += m;
        n -= m;
    }
    return HR_OK;
}

static hr_status look_for_ids(void *ctx, const hr_log_rec *r, hr_error *err) {
    clean_pass *p = (clean_pass *)ctx;
    (void)err;
    if (r->type != HR_REC_TOMB && !record_lives(p, r)) p->dead = true;
    if ((r->type != HR_REC_ITEM && r->type != HR_REC_VECTOR) || r->n < 8) return HR_OK;
    uint64_t id = hr_le64(r->data);
    size_t low = 0, high = p->n_ids;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (p->ids[mid] < id) low = mid + 1;
        else high = mid;
    }
    if (low < p->n_ids && p->ids[low] == id) p->found = true;
    return HR_OK;
}

/* sifts ids into ascending order (heap sort) */
static void sift_id(uint64_t *a, size_t i, size_t n) {
    for (size_t c; (c = 2 * i + 1) < n; i = c) {
        if (c + 1 < n && a[c + 1] > a[c]) c++;
        if (a[i] >= a[c]) return;
        uint64_t t = a[i];
        a[i] = a[c], a[c] = t;
    }
}
static void sort_ids(uint64_t *a, size_t n) {
    for (size_t i = n / 2; i-- > 0;) sift_id(a, i, n);
    for (size_t end = n; end-- > 1;) {
        uint64_t t = a[0];
        a[0] = a[end], a[end] = t;
        sift_id(a, 0, end);
    }
}

/* The bytes of these ids, and of whatever was deleted or replaced before: nobody can say whether it matched. */
static hr_status erase_versions(hr_store *s, const uint64_t *ids, size_t n, hr_error *err) {
    for (uint32_t i = 0; i < s->log.n_segs; i++) {
        clean_pass p;
        memset(&p, 0, sizeof p);
        p.s = s;
        p.ids = ids;
        p.n_ids = n;
        if (s->log.segs[i].seq == 0) continue;
        HR_TRY(hr_log_visit_segment(&s->log, i, look_for_ids, &p, err));
        if (p.found || p.dead) HR_TRY(hr_store_clean_segment(s, i, err));
    }
    return HR_OK;
}

hr_status hr_store_forget(hr_store *s, const hr_filter *f, uint64_t *n, hr_error *err) {
    uint64_t *ids = NULL;
    uint32_t cap = 0, found = 0;
    hr_status status = HR_OK;
    *n = 0;
    for (uint32_t k = 0; k < s->n && status == HR_OK; k++) {
        bool yes = false;
        if (s->entries[k].live) status = hr_store_match(s, &s->entries[k], f, 0, &yes, err);
        if (status != HR_OK || !yes) continue;
        uint64_t *more = (uint64_t *)hr_store_grow(s->memory, ids, found, sizeof *ids, &cap, found + 1);
        if (more == NULL) status = hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "store", "out of memory");
        else ids = more, ids[found++] = s->entries[k].id;
    }
    if (status == HR_OK) {
        sort_ids(ids, found);
        hr_lexical_free(s); /* words of the forgotten are in its pool */
        hr_columns_free(s);
        status = hr_cache_erase(s, err);
        if (status == HR_OK && found > 0) status = hr_store_delete(s, ids, found, err);
        if (status == HR_OK) status = erase_versions(s, ids, found, err);
        memset(s->page, 0, s->page_bytes);
        memset(s->log.buf, 0, s->log.buf_bytes);
        if (s->log.plain != NULL) hr_wipe(s->log.plain, s->log.buf_bytes);
        s->log.win_n = 0;
    }
    if (status == HR_OK) *n = found;
    if (ids != NULL) s->memory->free(s->memory->ctx, ids, cap * sizeof *ids);
    return status;
}

/* --- compaction ------------------------------------------------------------------------------------------------------------------- */
static uint32_t segment_after(const hr_store *s, uint64_t seq) {
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < s->log.n_segs; i++) {
        if (s->log.segs[i].seq > seq && (best == UINT32_MAX || s->log.segs[i].seq < s->log.segs[best].seq)) best = i;
    }
    return best;
}

hr_status hr_store_compact(hr_store *s, hr_error *err) {
    uint64_t last = s->log.next_seq - 1, seq = 0;
    HR_TRY(hr_cache_erase(s, err));
    hr_lexical_free(s); /* they know deleted items, and would be written to a cache */
    hr_columns_free(s);
    for (;;) { /* oldest first: tombstones go once nothing older is left */
        uint32_t seg = segment_after(s, seq);
        if (seg == UINT32_MAX || s->log.segs[seg].seq > last) break;
        seq = s->log.segs[seg].seq;
        clean_pass p;
        memset(&p, 0, sizeof p);
        p.s = s;
        HR_TRY(hr_log_visit_segment(&s->log, seg, look_for_ids, &p, err));
        bool thin = seg != s->log.head && s->log.segs[seg].end < s->log.seg_bytes - s->log.seg_bytes / 32;
        if (p.dead || thin || segment_after(s, 0) == seg) HR_TRY(hr_store_clean_segment(s, seg, err));
    }
    for (uint32_t rounds = s->log.n_segs; rounds > 0; rounds--) { /* from the file's end into its holes */
        uint32_t high = 0, hole = UINT32_MAX;
        for (uint32_t i = 0; i < s->log.n_segs; i++) {
            if (s->log.segs[i].seq != 0) high = i;
            else if (hole == UINT32_MAX && !s->log.segs[i].damaged) hole = i;
        }
        if (hole == UINT32_MAX || hole > high) break;
        HR_TRY(hr_store_clean_segment(s, high, err));
    }
    return hr_log_cut(&s->log, err);
}

void hr_store_get_stats(const hr_store *s, hr_store_stats *out) {
    memset(out, 0, sizeof *out);
    out->items = s->n_live;
    out->file_bytes = s->log.block.size;
    out->spaces = s->n_spaces;
    out->lost_records = s->log.damage.records;
    out->lost_places = s->log.damage.places;
    out->torn_bytes = s->log.damage.torn_bytes;
    out->read_only = s->log.read_only || s->log.latched;
    for (uint32_t i = 0; i < s->log.n_segs; i++) out->segments += s->log.segs[i].seq != 0;
    for (uint32_t i = 0; i < s->n; i++) {
        const hr_entry *e = &s->entries[i];
        if (!e->live) continue;
        out->live_bytes += hr_log_space(&s->log, e->n);
        if (e->vec_space != 0) {
            out->vectors++;
            out->live_bytes += hr_log_space(&s->log, 24 + 4 * (uint64_t)s->spaces[e->vec_space - 1].dim);
        }
    }
}

HR_SMALL_END
