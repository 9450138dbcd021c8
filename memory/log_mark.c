/* log_mark.c: what a log says of itself when it is closed: the number that comes next, and a sum over its segments. Whatever
 * is missing of that at the next open was acknowledged, whether it looks torn, cut off, or as if it had never been there. */
#include "memory/log_internal.h"

HR_SMALL_BEGIN

enum { MARK_AT = 256, MARK_BYTES = 64, MARK_TAG = 40, MARK_SUM = 60, MARK_PLACES = (HR_LOG_SLOT_BYTES - MARK_AT) / MARK_BYTES };

static uint64_t mark_offset(uint32_t place) { return HR_LOG_SLOT_BYTES + MARK_AT + (uint64_t)place * MARK_BYTES; }

static void encode_mark(const hr_wal *log, const hr_log_mark *m, uint8_t out[MARK_BYTES]) {
    memset(out, 0, MARK_BYTES);
    hr_put64(out, m->next_lsn);
    hr_put64(out + 8, m->next_seq);
    hr_put64(out + 16, m->sum);
    out[24] = m->whole;
    hr_put32(out + 32, m->erasing);
    if (log->sealed) {
        hr_blake2b b;
        hr_blake2b_init(&b, 16, log->store_key, 32);
        hr_blake2b_add(&b, log->uuid, 16);
        hr_blake2b_add(&b, out, MARK_TAG);
        hr_blake2b_end(&b, out + MARK_TAG);
    }
    hr_put32(out + MARK_SUM, hr_crc32c(out, MARK_SUM, hr_crc32c(log->uuid, 16, 0)));
}

static uint64_t sum_segments(const hr_wal *log) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < log->n_segs; i++) {
        if (log->segs[i].seq != 0) sum += log->segs[i].salt + log->segs[i].end;
    }
    return sum;
}

hr_status hr_log_read_marks(hr_wal *log, hr_error *err) {
    memset(&log->mark, 0, sizeof log->mark);
    log->mark_place = 0;
    for (uint32_t place = 0; place < MARK_PLACES;) {
        uint8_t raw[8 * MARK_BYTES], want[MARK_BYTES];
        uint32_t n = MARK_PLACES - place < 8 ? MARK_PLACES - place : 8;
        HR_TRY(hr_log_raw(log, mark_offset(place), raw, (size_t)n * MARK_BYTES, err));
        for (uint32_t i = 0; i < n; i++, place++) {
            const uint8_t *p = raw + i * MARK_BYTES;
            if (hr_log_blank(log, p, MARK_BYTES)) continue;
            hr_log_mark m = {hr_le64(p), hr_le64(p + 8), hr_le64(p + 16), p[24] == 1, hr_le32(p + 32)};
            encode_mark(log, &m, want);
            if (hr_same_secret(p, want, MARK_BYTES)) log->mark = m; /* else torn, or broken */
            log->mark_place = place + 1;
        }
    }
    return HR_OK;
}

bool hr_log_mark_broken(hr_wal *log) {
    const hr_log_mark m = log->mark;
    bool broken = log->next_lsn < m.next_lsn || log->next_seq < m.next_seq ||
                  (m.whole && log->next_lsn == m.next_lsn && log->next_seq == m.next_seq && m.sum != sum_segments(log));
    if (!broken || !log->read_only || hr_log_read_marks(log, NULL) != HR_OK) return broken;
    /* a writer beside this reader takes its mark back before it frees anything */
    return log->mark.whole == m.whole && log->mark.next_lsn == m.next_lsn && log->mark.next_seq == m.next_seq;
}

hr_status hr_log_write_mark(hr_wal *log, bool whole, uint32_t erasing, hr_error *err) {
    hr_block *b = &log->block;
    uint8_t raw[MARK_BYTES];
    hr_log_mark m = {log->next_lsn, log->next_seq, whole ? sum_segments(log) : 0, whole, erasing};
    if (log->mark_place >= MARK_PLACES) HR_TRY(hr_log_copy_super(log, 0, 1, err)); /* the marks go with it */
    encode_mark(log, &m, raw);
    log->mark_place++;
    HR_TRY(b->program(b->ctx, mark_offset(log->mark_place - 1), raw, sizeof raw, err));
    HR_TRY(b->sync(b->ctx, err));
    log->mark = m;
    log->marked = whole;
    return HR_OK;
}

HR_SMALL_END
