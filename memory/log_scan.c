/* log_scan.c: the bytes of headers, and recovery: which segments live, which batches are whole, what is torn and what is
 * broken. Needs one buffer and the table of segments, whatever the size of the log. */
#include "memory/log_internal.h"

static const char seg_magic[8] = {'H', 'R', 'S', 'E', 'G', 'M', 'T', '1'};
static const uint32_t rec_sync = 0x50524543u;

static uint32_t seg_sum(const hr_wal *log, const uint8_t *head) {
    uint32_t sum = hr_crc32c(head, 60, hr_crc32c(log->uuid, 16, 0));
    return hr_crc32c(head + HR_LOG_SEG_HEADER, log->seg_head - HR_LOG_SEG_HEADER, sum);
}
bool hr_log_seg_sum_ok(const hr_wal *log, const uint8_t *head) { return hr_le32(head + 60) == seg_sum(log, head); }

void hr_log_seg_encode(const hr_wal *log, const hr_log_seg *s, uint8_t out[HR_LOG_SEALED_HEADER]) {
    memset(out, 0, HR_LOG_SEALED_HEADER);
    memcpy(out, seg_magic, 8);
    hr_put64(out + 8, s->seq);
    hr_put64(out + 16, s->salt);
    hr_put64(out + 24, s->first_lsn);
    if (log->sealed) hr_log_seg_wrap(log, s, out);
    hr_put32(out + 60, seg_sum(log, out));
}

void hr_log_rec_encode(const hr_wal *log, const hr_log_seg *s, const hr_log_rec *r, uint8_t out[HR_LOG_REC_HEADER]) {
    hr_put32(out, rec_sync ^ (uint32_t)s->salt);
    hr_put32(out + 4, r->n + hr_log_sealed_bytes(log));
    hr_put16(out + 8, r->type);
    hr_put16(out + 10, r->flags);
    hr_put64(out + 12, r->lsn);
    hr_put32(out + 20, log->sealed ? 0 : hr_crc32c(r->data, r->n, 0)); /* a sum of the text would tell of it */
    hr_put32(out + 24, 0);
    hr_put32(out + 28, hr_crc32c(out, 28, (uint32_t)(s->salt >> 32)));
}

bool hr_log_header_ok(const hr_wal *log, uint32_t seg, uint32_t at, const uint8_t *head, hr_log_rec *rec) {
    const hr_log_seg *s = &log->segs[seg];
    memset(rec, 0, sizeof *rec);
    if (hr_le32(head) != (rec_sync ^ (uint32_t)s->salt) || hr_le32(head + 28) != log->crc(head, 28, (uint32_t)(s->salt >> 32)) ||
        hr_le32(head + 24) != 0) {
        return false;
    }
    rec->n = hr_le32(head + 4);
    if (rec->n < hr_log_sealed_bytes(log)) return false;
    rec->n -= hr_log_sealed_bytes(log);
    rec->type = hr_le16(head + 8);
    rec->flags = hr_le16(head + 10);
    rec->lsn = hr_le64(head + 12);
    rec->loc.seg = seg;
    rec->loc.at = at;
    return at <= log->seg_bytes - HR_LOG_REC_HEADER &&
           (uint64_t)rec->n + hr_log_sealed_bytes(log) <= log->seg_bytes - HR_LOG_REC_HEADER - at;
}

/* --- reading through the window ------------------------------------------------------------------------------------------- */
/* n <= buf_bytes bytes of the segment from `at` on, in buf */
static hr_status look(hr_wal *log, uint32_t seg, uint32_t at, uint32_t n, const uint8_t **p, hr_error *err) {
    if (log->win_n == 0 || log->win_seg != seg || at < log->win_at || at + n > log->win_at + log->win_n) {
        uint32_t want = (uint32_t)hr_min_size(log->buf_bytes, log->seg_bytes - at);
        log->win_n = 0;
        HR_TRY(hr_log_raw(log, hr_log_offset(log, seg, at), log->buf, want, err));
        log->win_seg = seg;
        log->win_at = at;
        log->win_n = want;
        log->win_loads++;
    }
    *p = log->buf + (at - log->win_at);
    return HR_OK;
}

/* genuine? out [n] or NULL: and decrypted; mac false: known to be genuine. Works through windows smaller than the payload. */
static hr_status check_sealed(hr_wal *log, const hr_log_rec *r, uint8_t *out, bool mac, bool *ok, hr_error *err) {
    uint32_t at = r->loc.at, left = r->n;
    const uint8_t *p;
    uint8_t tag[16], head[HR_LOG_REC_HEADER], session[8];
    hr_aead a;
    HR_TRY(look(log, r->loc.seg, at, HR_LOG_REC_HEADER, &p, err));
    memcpy(head, p, sizeof head);
    HR_TRY(look(log, r->loc.seg, at += HR_LOG_REC_HEADER, 8, &p, err));
    memcpy(session, p, 8);
    hr_log_seal_begin(&log->segs[r->loc.seg], head, session, &a);
    hr_chacha stream = a.chacha;
    at += 8;
    while (left > 0) {
        uint32_t piece = left < log->buf_bytes ? left : log->buf_bytes;
        HR_TRY(look(log, r->loc.seg, at, piece, &p, err));
        if (mac) hr_aead_mac(&a, p, piece);
        if (out != NULL) hr_chacha_xor(&stream, p, out, piece), out += piece;
        at += piece;
        left -= piece;
    }
    hr_aead_end(&a, tag);
    hr_wipe(&stream, sizeof stream);
    HR_TRY(look(log, r->loc.seg, at, 16, &p, err));
    *ok = !mac || hr_same_secret(p, tag, 16);
    return HR_OK;
}

static hr_status check_payload(hr_wal *log, const hr_log_rec *r, uint32_t want, bool *ok, hr_error *err) {
    if (log->sealed) return check_sealed(log, r, NULL, true, ok, err);
    uint32_t crc = 0, at = r->loc.at + HR_LOG_REC_HEADER, left = r->n;
    while (left > 0) {
        const uint8_t *p;
        uint32_t piece = left < log->buf_bytes ? left : log->buf_bytes;
        HR_TRY(look(log, r->loc.seg, at, piece, &p, err));
        crc = log->crc(p, piece, crc);
        at += piece;
        left -= piece;
    }
    *ok = crc == want;
    return HR_OK;
}

/* Is there a whole record at `at`? */
static hr_status parse_record(hr_wal *log, uint32_t seg, uint32_t at, hr_log_rec *r, bool *ok, hr_error *err) {
    const uint8_t *head;
    *ok = false;
    if (at > log->seg_bytes - HR_LOG_REC_HEADER) return HR_OK;
    HR_TRY(look(log, seg, at, HR_LOG_REC_HEADER, &head, err));
    if (!hr_log_header_ok(log, seg, at, head, r)) return HR_OK;
    return check_payload(log, r, hr_le32(head + 20), ok, err);
}

/* Is there a whole batch at `at` whose first record has number lsn (0: any)? *end: behind it, *next: the number after it. */
static hr_status parse_batch(hr_wal *log, uint32_t seg, uint32_t at, uint64_t lsn, bool *ok, uint32_t *end, uint64_t *next,
                             hr_error *err) {
    hr_log_rec r;
    for (bool first = true;; first = false) {
        HR_TRY(parse_record(log, seg, at, &r, ok, err));
        if (!*ok) return HR_OK;
        if ((lsn != 0 && r.lsn != lsn) || ((r.flags & HR_LOG_FIRST) != 0) != first) {
            *ok = false;
            return HR_OK;
        }
        lsn = r.lsn + 1;
        at += (uint32_t)hr_log_space(log, r.n);
        if (r.flags & HR_LOG_LAST) break;
    }
    *end = at;
    *next = lsn;
    return HR_OK;
}

/* A batch just checked. Where the device must be read again for it, so must every sum. */
static hr_status deliver(hr_wal *log, uint32_t seg, uint32_t at, uint32_t end, hr_log_visit *visit, void *ctx, hr_error *err) {
    bool held = log->win_seg == seg && log->win_at <= at && end <= log->win_at + log->win_n;
    uint64_t loads = log->win_loads;
    while (visit != NULL && at < end) {
        hr_log_rec r;
        const uint8_t *p;
        HR_TRY(look(log, seg, at, HR_LOG_REC_HEADER, &p, err));
        if (!hr_log_header_ok(log, seg, at, p, &r)) {
            return hr_fail(err, HR_E_IO, hr_log_offset(log, seg, at), "record", "changed while being read");
        }
        if ((uint64_t)r.n > log->buf_bytes) {
            return hr_fail(err, HR_E_LIMIT, hr_log_offset(log, seg, at), "record", "%u bytes, the buffer has %u", r.n,
                           log->buf_bytes);
        }
        bool ok = true, again = !held || log->win_loads != loads;
        uint32_t sum = hr_le32(p + 20);
        if (log->sealed) {
            HR_TRY(check_sealed(log, &r, log->plain, again, &ok, err));
            p = log->plain;
        } else {
            HR_TRY(look(log, seg, at + HR_LOG_REC_HEADER, r.n, &p, err));
            if (again || log->win_loads != loads) ok = log->crc(p, r.n, 0) == sum;
        }
        if (!ok) return hr_fail(err, HR_E_IO, hr_log_offset(log, seg, at), "record", "changed while being read");
        r.data = p;
        HR_TRY(visit(ctx, &r, err));
        at += (uint32_t)hr_log_space(log, r.n);
    }
    return HR_OK;
}

/* the next place from `at` on where a batch with a number of at least lsn begins; *found 0: none */
static hr_status search_batch(hr_wal *log, uint32_t seg, uint32_t at, uint64_t lsn, uint64_t below, uint32_t *found,
                              uint64_t *number, hr_error *err) {
    uint32_t sync = rec_sync ^ (uint32_t)log->segs[seg].salt;
    *found = 0;
    for (; at <= log->seg_bytes - HR_LOG_REC_HEADER; at += log->align) {
        const uint8_t *p;
        hr_log_rec r;
        bool ok;
        HR_TRY(look(log, seg, at, HR_LOG_REC_HEADER, &p, err));
        if (hr_le32(p) != sync) continue;
        HR_TRY(parse_record(log, seg, at, &r, &ok, err));
        if (ok && (r.flags & HR_LOG_FIRST) && r.lsn >= lsn && r.lsn < below) {
            *found = at;
            *number = r.lsn;
            return HR_OK;
        }
    }
    return HR_OK;
}

/* bytes from `at` to the last one that is not erased */
static hr_status used_after(hr_wal *log, uint32_t seg, uint32_t at, uint32_t *used, hr_error *err) {
    uint32_t start = at;
    *used = 0;
    while (at < log->seg_bytes) {
        const uint8_t *p;
        uint32_t n = (uint32_t)hr_min_size(64, log->seg_bytes - at);
        HR_TRY(look(log, seg, at, n, &p, err));
        for (uint32_t i = 0; i < n; i++) {
            if (p[i] != log->block.erased) *used = at + i + 1 - start;
        }
        at += n;
    }
    return HR_OK;
}

static void note_damage(hr_wal *log, uint32_t seg, uint32_t at, uint64_t records) {
    if (log->damage.places++ == 0) log->damage.first_at = hr_log_offset(log, seg, at);
    log->damage.records += records;
    if (seg < log->n_segs) log->segs[seg].damaged = true; /* else it is missing */
}

/* One living segment. next: the following one by number, or NULL for the newest. */
static hr_status scan_segment(hr_wal *log, uint32_t seg, const hr_log_seg *next, hr_log_visit *visit, void *ctx, hr_error *err) {
    hr_log_seg *s = &log->segs[seg];
    uint32_t at = log->seg_head, end, used;
    uint64_t lsn = s->first_lsn, number, below = next != NULL ? next->first_lsn : UINT64_MAX;
    bool joined = next != NULL && next->seq == s->seq + 1; /* nothing between the two was freed */
    if (seg == log->head) at = s->end, lsn = log->next_lsn; /* resumed: known up to here */
    s->end = at;
    for (;;) {
        bool ok = false;
        if (lsn < below) HR_TRY(parse_batch(log, seg, at, lsn, &ok, &end, &number, err));
        if (ok && number > below) ok = false;
        if (ok) {
            HR_TRY(deliver(log, seg, at, end, visit, ctx, err));
            at = s->end = end;
            lsn = number;
            continue;
        }
        HR_TRY(used_after(log, seg, at, &used, err));
        if (joined && lsn == below) { /* all that was acknowledged is there; what follows was torn */
            s->dirty = used != 0;
            break;
        }
        end = 0;
        if (used != 0) HR_TRY(search_batch(log, seg, at + log->align, lsn, below, &end, &number, err));
        if (end != 0) {
            note_damage(log, seg, at, number > lsn ? number - lsn : 1);
            at = end;
            lsn = number;
            continue;
        }
        if (next == NULL && lsn < log->mark.next_lsn) { /* it was all there when the log was closed */
            note_damage(log, seg, at, log->mark.next_lsn - lsn);
            lsn = log->mark.next_lsn;
        } else if (next == NULL) {
            log->damage.torn_bytes += used;
            s->dirty = used != 0;
        } else if (joined) {
            note_damage(log, seg, at, below - lsn);
        } else if (used != 0) {
            note_damage(log, seg, at, 1);
        }
        break;
    }
    if (next == NULL) {
        log->next_lsn = lsn;
        log->head = seg;
        log->head_closed = s->dirty || s->damaged;
    }
    return HR_OK;
}

/* A segment whose header is not whole: free, half made, half erased, or broken. */
static hr_status judge_headless(hr_wal *log, uint32_t seg, const uint8_t *head, hr_error *err) {
    uint32_t used;
    hr_log_seg *s = &log->segs[seg];
    bool dead = true, blank = hr_log_blank(log, head, log->seg_head);
    for (size_t i = 0; i < 8; i++) { /* zeros over the magic kill a segment; a cut program or erase of flash does part of it */
        bool cleared = log->block.erased == 0xff ? (head[i] & ~(uint8_t)seg_magic[i]) == 0 || head[i] == 0xff : head[i] == 0;
        dead = dead && cleared;
    }
    if (memcmp(head, seg_magic, 8) == 0) dead = false;
    HR_TRY(used_after(log, seg, log->seg_head, &used, err));
    if (log->mark.erasing == seg + 1) dead = true; /* it was being freed */
    if (dead || blank || used == 0) s->dirty = used != 0 || !blank;
    else note_damage(log, seg, 0, 0);
    return HR_OK;
}

hr_status hr_log_recover(hr_wal *log, hr_log_visit *visit, void *ctx, hr_error *err) {
    for (uint32_t i = 0; i < log->n_segs; i++) {
        uint8_t head[HR_LOG_SEALED_HEADER];
        hr_log_seg *s = &log->segs[i];
        memset(s, 0, sizeof *s);
        HR_TRY(hr_log_raw(log, hr_log_offset(log, i, 0), head, log->seg_head, err));
        if (memcmp(head, seg_magic, 8) == 0 && hr_log_seg_sum_ok(log, head) && hr_le64(head + 8) != 0) {
            s->seq = hr_le64(head + 8);
            s->salt = hr_le64(head + 16);
            s->first_lsn = hr_le64(head + 24);
            if (log->sealed && !hr_log_seg_unwrap(log, s, head)) { /* sums are right, the seal is not: not of this store */
                memset(s, 0, sizeof *s);
                note_damage(log, i, 0, 0);
                continue;
            }
            if (s->seq >= log->next_seq) log->next_seq = s->seq + 1;
        } else {
            HR_TRY(judge_headless(log, i, head, err));
        }
    }
    uint64_t done = 0;
    uint32_t now = UINT32_MAX;
    if (log->resume != NULL && log->damage.places == 0 && log->resume(ctx, log)) {
        now = log->head;
        done = log->segs[now].seq;
    }
    for (;;) { /* by number: the table is small and needs no second one */
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < log->n_segs; i++) {
            if (log->segs[i].seq > done && (next == UINT32_MAX || log->segs[i].seq < log->segs[next].seq)) next = i;
        }
        if (now != UINT32_MAX) HR_TRY(scan_segment(log, now, next == UINT32_MAX ? NULL : &log->segs[next], visit, ctx, err));
        if (next == UINT32_MAX) break;
        done = log->segs[next].seq;
        now = next;
    }
    if (log->damage.places == 0 && (log->cut_off || hr_log_mark_broken(log))) note_damage(log, log->n_segs, 0, 0);
    if (log->mark.next_seq > log->next_seq) { /* the newest segment is gone: its numbers do not come again */
        log->next_seq = log->mark.next_seq;
        log->head_closed = true;
    }
    if (log->mark.next_lsn > log->next_lsn) log->next_lsn = log->mark.next_lsn;
    return HR_OK;
}

hr_status hr_log_visit_segment(hr_wal *log, uint32_t seg, hr_log_visit *visit, void *ctx, hr_error *err) {
    uint32_t at = log->seg_head, end = log->segs[seg].end, behind;
    uint64_t number;
    while (at < end) {
        bool ok;
        HR_TRY(parse_batch(log, seg, at, 0, &ok, &behind, &number, err));
        if (!ok) {
            HR_TRY(search_batch(log, seg, at + log->align, 0, UINT64_MAX, &behind, &number, err));
            if (behind == 0) return HR_OK;
            at = behind;
            continue;
        }
        HR_TRY(deliver(log, seg, at, behind, visit, ctx, err));
        at = behind;
    }
    return HR_OK;
}
