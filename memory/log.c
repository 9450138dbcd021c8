/* log.c: superblock, segments, reading and appending. Recovery is in log_scan.c. */
#include "memory/log_internal.h"

HR_SMALL_BEGIN

static uint64_t segs_base(void) { return 2 * (uint64_t)HR_LOG_SLOT_BYTES; }
uint64_t hr_log_offset(const hr_wal *log, uint32_t seg, uint32_t at) {
    return segs_base() + (uint64_t)seg * log->seg_bytes + at;
}
uint64_t hr_log_space(const hr_wal *log, uint64_t payload_bytes) {
    uint64_t n = payload_bytes + hr_log_sealed_bytes(log) + HR_LOG_REC_HEADER + (log->align - 1);
    return n - n % log->align;
}
uint64_t hr_log_batch_limit(const hr_wal *log) { return log->seg_bytes - log->seg_head; }

uint64_t hr_log_room(const hr_wal *log) {
    return log->head == UINT32_MAX || log->head_closed ? 0 : log->seg_bytes - log->segs[log->head].end;
}

bool hr_log_blank(const hr_wal *log, const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] != log->block.erased) return false;
    }
    return true;
}

/* bytes beyond the device's end are erased ones: the last segment may have been cut short */
hr_status hr_log_raw(hr_wal *log, uint64_t offset, void *dst, size_t n, hr_error *err) {
    uint64_t have = offset < log->block.size ? log->block.size - offset : 0;
    size_t part = have < n ? (size_t)have : n;
    memset((uint8_t *)dst + part, log->block.erased, n - part);
    return part == 0 ? HR_OK : log->block.read(log->block.ctx, offset, dst, part, err);
}

/* --- superblock ------------------------------------------------------------------------------------------------------- */
enum { SUPER_BYTES = 256, SUPER_SUM = 124 }; /* the second half: the wrapped key of an encrypted store */
static const char super_magic[8] = {'H', 'R', 'T', 'H', 'M', 'E', 'M', '1'};

static void super_encode(const hr_wal *log, uint64_t generation, uint8_t out[SUPER_BYTES]) {
    memset(out, 0, SUPER_BYTES);
    memcpy(out, super_magic, 8);
    hr_put16(out + 8, 1);
    hr_put32(out + 12, log->sealed ? HR_LOG_INCOMPAT_SEALED : 0);
    hr_put64(out + 24, generation);
    memcpy(out + 32, log->uuid, 16);
    hr_put32(out + 48, log->seg_bytes);
    hr_put32(out + 52, log->align);
    hr_put32(out + 56, log->block.erased);
    hr_put32(out + SUPER_SUM, hr_crc32c(out, SUPER_SUM, 0));
}

typedef struct super_slot {
    bool valid;
    uint16_t major;
    uint32_t incompat, ro_compat;
    uint64_t generation;
    uint8_t raw[SUPER_BYTES];
} super_slot;

static hr_status read_slot(hr_wal *log, int i, super_slot *s, hr_error *err) {
    HR_TRY(hr_log_raw(log, (uint64_t)i * HR_LOG_SLOT_BYTES, s->raw, SUPER_BYTES, err));
    hr_cur c = hr_cur_make(s->raw, SUPER_BYTES, 0, NULL);
    s->valid = memcmp(hr_cur_bytes(&c, 8), super_magic, 8) == 0 &&
               hr_le32(s->raw + SUPER_SUM) == hr_crc32c(s->raw, SUPER_SUM, 0);
    s->major = hr_cur_u16(&c);
    hr_cur_skip(&c, 2);
    s->incompat = hr_cur_u32(&c);
    s->ro_compat = hr_cur_u32(&c);
    hr_cur_skip(&c, 4);
    s->generation = hr_cur_u64(&c);
    if (s->major == 1 && (s->incompat & HR_LOG_INCOMPAT_SEALED) != 0) {
        const uint8_t *wrap = s->raw + HR_LOG_WRAP_AT;
        s->valid = s->valid && hr_le32(wrap + HR_LOG_WRAP_BYTES - 4) == hr_crc32c(wrap, HR_LOG_WRAP_BYTES - 4, 0);
    }
    return HR_OK;
}

static hr_status write_slot(hr_wal *log, uint32_t i, const uint8_t raw[SUPER_BYTES], hr_error *err) {
    uint64_t at = (uint64_t)i * HR_LOG_SLOT_BYTES;
    HR_TRY(log->block.erase(log->block.ctx, at, HR_LOG_SLOT_BYTES, err));
    if (log->block.size < at + HR_LOG_SLOT_BYTES) log->block.size = at + HR_LOG_SLOT_BYTES;
    HR_TRY(log->block.program(log->block.ctx, at, raw, log->sealed ? SUPER_BYTES : SUPER_BYTES / 2, err));
    if (i == 1) log->mark_place = 0, log->marked = false;
    return log->block.sync(log->block.ctx, err);
}

static hr_status make_super(hr_wal *log, const hr_log_config *config, hr_error *err) {
    log->seg_bytes = config->segment_bytes != 0 ? config->segment_bytes : 1u << 20;
    log->align = log->block.prog_bytes < 8 ? 8 : log->block.prog_bytes;
    if (log->seg_bytes % log->block.erase_bytes != 0 || log->seg_bytes < 4096 || log->seg_bytes > HR_LOG_MAX_SEGMENT ||
        log->align > HR_LOG_SEG_HEADER || HR_LOG_SLOT_BYTES % log->block.erase_bytes != 0) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "segment_bytes", "%u bytes do not fit the device", log->seg_bytes);
    }
    hr_random_bytes(log->uuid, sizeof log->uuid);
    uint8_t raw[SUPER_BYTES];
    log->sealed = config->secret.data != NULL;
    log->seg_head = log->sealed ? HR_LOG_SEALED_HEADER : HR_LOG_SEG_HEADER;
    log->generation = 1;
    super_encode(log, 1, raw);
    if (log->sealed) {
        HR_TRY(hr_random_key(log->store_key, sizeof log->store_key, err));
        HR_TRY(hr_log_wrap(log, &config->secret, raw, err));
    }
    HR_TRY(write_slot(log, 1, raw, err)); /* the first one last: where it is, the file was once longer than both */
    return write_slot(log, 0, raw, err);
}

hr_status hr_log_copy_super(hr_wal *log, uint32_t from, uint32_t to, hr_error *err) {
    uint8_t raw[SUPER_BYTES];
    HR_TRY(hr_log_raw(log, (uint64_t)from * HR_LOG_SLOT_BYTES, raw, sizeof raw, err));
    return write_slot(log, to, raw, err);
}

/* Nothing was ever acknowledged here: the first slot is blank, the second blank or half made, no segment has a header. */
static hr_status look_if_new(hr_wal *log, const super_slot *slot /* [2] */, const hr_log_config *config, bool *is_new,
                             hr_error *err) {
    uint8_t head[HR_LOG_SEG_HEADER];
    uint64_t step = config->segment_bytes != 0 ? config->segment_bytes : 1u << 20;
    *is_new = hr_log_blank(log, slot[0].raw, SUPER_BYTES);
    for (size_t i = 0; i < 8; i++) { /* a cut program leaves bytes of flash with bits missing */
        uint8_t have = slot[1].raw[i], ours = (uint8_t)super_magic[i], erased = log->block.erased;
        *is_new = *is_new && (have == ours || have == erased || (erased == 0xff && (ours & ~have) == 0));
    }
    for (uint64_t at = segs_base(); *is_new && at < log->block.size; at += step) {
        HR_TRY(hr_log_raw(log, at, head, sizeof head, err));
        *is_new = hr_log_blank(log, head, sizeof head);
    }
    return HR_OK;
}

static hr_status open_super(hr_wal *log, const hr_log_config *config, hr_error *err) {
    super_slot slot[2];
    for (int i = 0; i < 2; i++) HR_TRY(read_slot(log, i, &slot[i], err));
    if (!slot[0].valid && !slot[1].valid) {
        bool is_new;
        HR_TRY(look_if_new(log, slot, config, &is_new, err));
        if (!is_new) return hr_fail(err, HR_E_FORMAT, 0, "superblock", "not a store, or both of its superblocks are broken");
        if (log->read_only) return hr_fail(err, HR_E_FORMAT, 0, "superblock", "the store is empty and was opened for reading");
        return make_super(log, config, err);
    }
    int use = slot[1].valid && (!slot[0].valid || slot[1].generation > slot[0].generation);
    const super_slot *s = &slot[use];
    if (s->major != 1 || (s->incompat & ~(uint32_t)HR_LOG_INCOMPAT_SEALED) != 0) {
        return hr_fail(err, HR_E_UNSUPPORTED, 8, "superblock", "made by a later version: %u, features %x", s->major, s->incompat);
    }
    if (s->ro_compat != 0) log->read_only = true;
    memcpy(log->uuid, s->raw + 32, 16);
    log->seg_bytes = hr_le32(s->raw + 48);
    log->align = hr_le32(s->raw + 52);
    if (log->seg_bytes < 4096 || log->seg_bytes > HR_LOG_MAX_SEGMENT || log->seg_bytes % 4096 != 0 || log->align < 8 ||
        log->align > HR_LOG_SEG_HEADER || (log->align & (log->align - 1)) != 0 || hr_le32(s->raw + 56) != log->block.erased) {
        return hr_fail(err, HR_E_FORMAT, 48, "superblock", "segments of %u bytes, records at multiples of %u", log->seg_bytes,
                       log->align);
    }
    log->sealed = (s->incompat & HR_LOG_INCOMPAT_SEALED) != 0;
    log->seg_head = log->sealed ? HR_LOG_SEALED_HEADER : HR_LOG_SEG_HEADER;
    log->generation = s->generation;
    log->super_slot = (uint32_t)use;
    if (log->sealed) HR_TRY(hr_log_unwrap(log, &config->secret, s->raw, err));
    else if (config->secret.data != NULL) return hr_fail(err, HR_E_KEY, 0, "key", "a key was given, the store is not encrypted");
    bool shorter = log->block.size < segs_base();
    log->cut_off = shorter && slot[0].valid; /* it was written when the file had both */
    const super_slot *other = &slot[1 - use]; /* after a cut in a change of keys it holds the old one */
    bool old = !other->valid || (log->sealed && other->generation != s->generation);
    if (!log->read_only && shorter && !slot[0].valid) HR_TRY(write_slot(log, 1, s->raw, err)); /* the first open was cut */
    return log->read_only || log->cut_off || !old ? HR_OK : write_slot(log, (uint32_t)(1 - use), s->raw, err);
}

/* --- open and close ---------------------------------------------------------------------------------------------------- */
hr_status hr_log_more_segs(hr_wal *log, uint32_t n, hr_error *err) {
    if (n <= log->cap_segs) return HR_OK;
    uint32_t cap = n + n / 2;
    if (log->block.cut == NULL) cap = n; /* a chip does not grow */
    hr_log_seg *more = (hr_log_seg *)log->memory->alloc(log->memory->ctx, cap * sizeof *more, 8);
    if (more == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "store", "no memory for %u segments", cap);
    memset(more, 0, cap * sizeof *more);
    if (log->segs != NULL) {
        memcpy(more, log->segs, log->n_segs * sizeof *more);
        hr_wipe(log->segs, log->cap_segs * sizeof *more);
        log->memory->free(log->memory->ctx, log->segs, log->cap_segs * sizeof *more);
    }
    log->segs = more;
    log->cap_segs = cap;
    return HR_OK;
}

static hr_status open_all(hr_wal *log, const hr_log_config *config, hr_log_visit *visit, void *ctx, hr_error *err) {
    HR_TRY(open_super(log, config, err));
    uint64_t body = log->block.size > segs_base() ? log->block.size - segs_base() : 0, n = body / log->seg_bytes;
    if (body % log->seg_bytes != 0 && log->block.cut != NULL) n++; /* cut short; a chip's odd end is not used */
    if (n >= HR_LOG_MAX_SEGMENTS) return hr_fail(err, HR_E_LIMIT, 0, "store", "%llu segments", (unsigned long long)n);
    HR_TRY(hr_log_more_segs(log, (uint32_t)n, err));
    log->n_segs = (uint32_t)n;
    log->buf_bytes = config->buffer_bytes != 0 ? config->buffer_bytes & ~63u : log->seg_bytes;
    if (log->buf_bytes < 64) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "buffer_bytes", "at least 64");
    if (log->buf_bytes > log->seg_bytes) log->buf_bytes = log->seg_bytes;
    log->buf = (uint8_t *)log->memory->alloc(log->memory->ctx, log->buf_bytes, 64);
    if (log->buf == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "store", "no memory for %u bytes", log->buf_bytes);
    if (log->sealed) {
        log->plain = (uint8_t *)log->memory->alloc(log->memory->ctx, log->buf_bytes, 64);
        if (log->plain == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "store", "no memory for %u bytes", log->buf_bytes);
        if (!log->read_only) HR_TRY(hr_random_key(log->session, sizeof log->session, err));
    }
    HR_TRY(hr_log_read_marks(log, err));
    HR_TRY(hr_log_recover(log, visit, ctx, err));
    if (log->damage.places != 0 && !config->repair) log->read_only = true;
    if (log->read_only) return HR_OK;
    log->marked = log->mark.whole && log->mark.next_lsn == log->next_lsn && log->mark.next_seq == log->next_seq;
    if (log->marked && log->damage.places != 0) HR_TRY(hr_log_write_mark(log, false, 0, err)); /* given up */
    for (uint32_t i = 0; i < log->n_segs; i++) { /* an erase that was cut short is finished */
        hr_log_seg *s = &log->segs[i];
        if (s->seq != 0 || (!s->dirty && !(s->damaged && config->repair))) continue;
        HR_TRY(hr_log_erase_segment(log, i, err));
    }
    return HR_OK;
}

hr_status hr_log_open(hr_wal *log, hr_block *b, const hr_log_config *config, hr_log_visit *visit, void *ctx, hr_error *err) {
    return hr_log_open_from(log, b, config, visit, NULL, ctx, err);
}

hr_status hr_log_open_from(hr_wal *log, hr_block *b, const hr_log_config *config, hr_log_visit *visit,
                           bool (*resume)(void *ctx, hr_wal *log), void *ctx, hr_error *err) {
    memset(log, 0, sizeof *log);
    log->resume = resume;
    log->block = *b;
    log->memory = config->memory != NULL ? config->memory : hr_allocator_default();
    log->crc = hr_crc32c_fastest();
    log->read_only = b->read_only;
    log->head = UINT32_MAX;
    log->next_lsn = log->next_seq = 1;
    hr_status status = open_all(log, config, visit, ctx, err);
    log->open = status == HR_OK;
    if (status != HR_OK) hr_log_close(log);
    return status;
}

void hr_log_close(hr_wal *log) {
    if (log->open && !log->read_only && !log->latched && !log->marked && log->next_seq > 1) {
        hr_log_write_mark(log, log->damage.places == 0, 0, NULL); /* where that fails, nothing is lost but the mark */
    }
    if (log->segs != NULL) {
        hr_wipe(log->segs, log->cap_segs * sizeof *log->segs);
        log->memory->free(log->memory->ctx, log->segs, log->cap_segs * sizeof *log->segs);
    }
    if (log->plain != NULL) {
        hr_wipe(log->plain, log->buf_bytes);
        log->memory->free(log->memory->ctx, log->plain, log->buf_bytes);
    }
    if (log->buf != NULL) log->memory->free(log->memory->ctx, log->buf, log->buf_bytes);
    if (log->block.close != NULL) log->block.close(log->block.ctx);
    hr_wipe(log, sizeof *log);
}

/* --- reading one record -------------------------------------------------------------------------------------------------- */
hr_status hr_log_read(hr_wal *log, hr_log_loc loc, uint64_t lsn, void *dst, size_t cap, hr_log_rec *rec, hr_error *err) {
    uint8_t head[HR_LOG_REC_HEADER];
    uint64_t offset = hr_log_offset(log, loc.seg, loc.at);
    memset(rec, 0, sizeof *rec);
    if (loc.seg >= log->n_segs) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "record", "no segment %u", loc.seg);
    HR_TRY(hr_log_raw(log, offset, head, sizeof head, err));
    if (!hr_log_header_ok(log, loc.seg, loc.at, head, rec) || (lsn != 0 && rec->lsn != lsn)) {
        return hr_fail(err, HR_E_FORMAT, offset, "record", "the record is no longer here, or broken");
    }
    if (rec->n > cap) return hr_fail(err, HR_E_LIMIT, offset, "record", "%u bytes, room for %zu", rec->n, cap);
    offset += sizeof head;
    if (log->sealed) {
        uint8_t session[8], tag[16], want[16];
        hr_aead a;
        HR_TRY(hr_log_raw(log, offset, session, 8, err));
        HR_TRY(hr_log_raw(log, offset + 8, dst, rec->n, err));
        HR_TRY(hr_log_raw(log, offset + 8 + rec->n, want, 16, err));
        hr_log_seal_begin(&log->segs[loc.seg], head, session, &a);
        hr_chacha stream = a.chacha;
        hr_aead_mac(&a, dst, rec->n);
        hr_aead_end(&a, tag);
        bool genuine = hr_same_secret(tag, want, 16);
        if (genuine) hr_chacha_xor(&stream, (const uint8_t *)dst, (uint8_t *)dst, rec->n);
        hr_wipe(&stream, sizeof stream);
        if (!genuine) return hr_fail(err, HR_E_FORMAT, offset, "record", "its seal is broken");
        rec->data = dst;
        return HR_OK;
    }
    HR_TRY(hr_log_raw(log, offset, dst, rec->n, err));
    if (log->crc(dst, rec->n, 0) != hr_le32(head + 20)) {
        return hr_fail(err, HR_E_FORMAT, offset, "record", "its bytes do not fit its checksum");
    }
    rec->data = dst;
    return HR_OK;
}

/* --- appending ------------------------------------------------------------------------------------------------------------- */
static hr_status latch(hr_wal *log, hr_status status) { /* after a failed write nobody knows what is on the device */
    if (status != HR_OK) log->latched = true;
    return status;
}

hr_status hr_log_erase_segment(hr_wal *log, uint32_t i, hr_error *err) {
    hr_block *b = &log->block;
    uint64_t at = hr_log_offset(log, i, 0), end = at + log->seg_bytes;
    log->win_n = 0;
    HR_TRY(latch(log, b->erase(b->ctx, at, log->seg_bytes, err)));
    if (b->size < end) b->size = end;
    HR_TRY(latch(log, b->sync(b->ctx, err)));
    memset(&log->segs[i], 0, sizeof log->segs[i]);
    return HR_OK;
}

/* a free segment, blank; files grow, chips go round so that they wear evenly */
static hr_status take_segment(hr_wal *log, uint32_t *out, hr_error *err) {
    uint32_t from = log->block.cut == NULL && log->head != UINT32_MAX ? log->head + 1 : 0;
    for (uint32_t k = 0; k < log->n_segs; k++) {
        uint32_t i = (from + k) % log->n_segs;
        if (log->segs[i].seq != 0 || log->segs[i].damaged) continue;
        *out = i;
        bool whole = hr_log_offset(log, i + 1, 0) <= log->block.size;
        return log->segs[i].dirty || !whole ? hr_log_erase_segment(log, i, err) : HR_OK;
    }
    if (hr_log_offset(log, log->n_segs + 1, 0) > log->block.limit || log->n_segs + 1 >= HR_LOG_MAX_SEGMENTS) {
        return hr_fail(err, HR_E_FULL, HR_NO_OFFSET, "store", "all %u segments are in use", log->n_segs);
    }
    HR_TRY(hr_log_more_segs(log, log->n_segs + 1, err));
    *out = log->n_segs++;
    hr_status status = hr_log_erase_segment(log, *out, err);
    if (status != HR_OK) log->n_segs--;
    return status;
}

static hr_status open_head(hr_wal *log, hr_error *err) {
    uint32_t i = 0;
    log->marked = false;
    uint8_t head[HR_LOG_SEALED_HEADER];
    HR_TRY(take_segment(log, &i, err));
    if (log->mark.erasing == i + 1) HR_TRY(latch(log, hr_log_write_mark(log, false, 0, err))); /* it lives again */
    hr_log_seg *s = &log->segs[i];
    memset(s, 0, sizeof *s);
    hr_random_bytes(&s->salt, sizeof s->salt);
    s->seq = log->next_seq;
    s->first_lsn = log->next_lsn;
    s->end = log->seg_head;
    if (log->sealed) HR_TRY(hr_random_key(s->key, sizeof s->key, err));
    hr_log_seg_encode(log, s, head);
    hr_status status = log->block.program(log->block.ctx, hr_log_offset(log, i, 0), head, log->seg_head, err);
    if (status == HR_OK) status = log->block.sync(log->block.ctx, err);
    if (status != HR_OK) {
        s->seq = 0;
        s->dirty = true;
        return latch(log, status);
    }
    log->next_seq++;
    log->head = i;
    log->head_closed = false;
    return HR_OK;
}

hr_status hr_log_rekey(hr_wal *log, const hr_log_secret *secret, hr_error *err) {
    uint8_t raw[SUPER_BYTES];
    if (log->latched || log->read_only || !log->sealed || secret->data == NULL) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "store", "not an encrypted store open for writing");
    }
    super_encode(log, log->generation + 1, raw);
    HR_TRY(hr_log_wrap(log, secret, raw, err));
    HR_TRY(latch(log, write_slot(log, 1 - log->super_slot, raw, err)));
    log->generation++;
    log->super_slot = 1 - log->super_slot;
    return latch(log, write_slot(log, 1 - log->super_slot, raw, err)); /* the old wrap goes */
}

hr_status hr_log_begin_segment(hr_wal *log, hr_error *err) {
    if (log->latched || log->read_only) return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "store", "the store cannot be written");
    return open_head(log, err);
}
void hr_log_close_head(hr_wal *log) { log->head_closed = true; }

/* what is staged in buf goes to the device at *at */
static hr_status flush_staged(hr_wal *log, uint32_t *at, uint32_t *staged, hr_error *err) {
    if (*staged == 0) return HR_OK;
    hr_status status = log->block.program(log->block.ctx, hr_log_offset(log, log->head, *at), log->buf, *staged, err);
    *at += *staged;
    *staged = 0;
    return status;
}

static hr_status stage(hr_wal *log, const void *src, size_t n, uint32_t *at, uint32_t *staged, hr_error *err) {
    const uint8_t *p = (const uint8_t *)src;
    while (n > 0) {
        size_t piece = hr_min_size(n, log->buf_bytes - *staged);
        if (p != NULL) memcpy(log->buf + *staged, p, piece);
        else memset(log->buf + *staged, log->block.erased, piece);
        *staged += (uint32_t)piece;
        n -= piece;
        if (p != NULL) p += piece;
        if (*staged == log->buf_bytes) HR_TRY(flush_staged(log, at, staged, err));
    }
    return HR_OK;
}

/* the payload behind its header: session, cipher text, tag */
static hr_status stage_sealed(hr_wal *log, const hr_log_rec *r, const uint8_t *head, uint32_t *at, uint32_t *staged,
                              hr_error *err) {
    uint8_t piece[256], tag[16];
    hr_aead a;
    HR_TRY(stage(log, log->session, 8, at, staged, err));
    hr_log_seal_begin(&log->segs[log->head], head, log->session, &a);
    hr_status status = HR_OK;
    for (uint32_t k = 0; k < r->n && status == HR_OK; k += sizeof piece) {
        size_t n = hr_min_size(sizeof piece, r->n - k);
        hr_aead_encrypt(&a, (const uint8_t *)r->data + k, piece, n);
        status = stage(log, piece, n, at, staged, err);
    }
    hr_aead_end(&a, tag);
    return status != HR_OK ? status : stage(log, tag, sizeof tag, at, staged, err);
}

static hr_status write_batch(hr_wal *log, hr_log_rec *recs, size_t n, hr_error *err) {
    hr_log_seg *s = &log->segs[log->head];
    uint32_t at = s->end, staged = 0, place = s->end;
    log->win_n = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t head[HR_LOG_REC_HEADER];
        hr_log_rec *r = &recs[i];
        r->flags = (uint16_t)((r->flags & HR_LOG_CRITICAL) | (i == 0 ? HR_LOG_FIRST : 0) | (i + 1 == n ? HR_LOG_LAST : 0));
        r->lsn = log->next_lsn + i;
        r->loc.seg = log->head;
        r->loc.at = place;
        hr_log_rec_encode(log, s, r, head);
        uint32_t space = (uint32_t)hr_log_space(log, r->n);
        HR_TRY(stage(log, head, sizeof head, &at, &staged, err));
        if (log->sealed) HR_TRY(stage_sealed(log, r, head, &at, &staged, err));
        else HR_TRY(stage(log, r->data, r->n, &at, &staged, err));
        HR_TRY(stage(log, NULL, space - HR_LOG_REC_HEADER - r->n - hr_log_sealed_bytes(log), &at, &staged, err));
        place += space;
    }
    HR_TRY(flush_staged(log, &at, &staged, err));
    HR_TRY(log->block.sync(log->block.ctx, err));
    s->end = place;
    log->next_lsn += n;
    return HR_OK;
}

/* the end of a file's last segment may have been cut off */
static hr_status whole_head(hr_wal *log, hr_error *err) {
    uint64_t end = hr_log_offset(log, log->head + 1, 0), size = log->block.size;
    if (end <= size) return HR_OK;
    HR_TRY(log->block.erase(log->block.ctx, size, end - size, err));
    log->block.size = end;
    return log->block.sync(log->block.ctx, err);
}

hr_status hr_log_commit(hr_wal *log, hr_log_rec *recs, size_t n, hr_error *err) {
    uint64_t total = 0;
    if (n == 0) return HR_OK;
    if (log->latched) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "store", "an earlier write failed: close the store and open it again");
    }
    if (log->read_only) return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "store", "the store is open for reading only");
    for (size_t i = 0; i < n; i++) {
        total += hr_log_space(log, recs[i].n);
        if (total > hr_log_batch_limit(log)) {
            return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "store", "a batch has at most %llu bytes",
                           (unsigned long long)hr_log_batch_limit(log));
        }
    }
    if (log->head == UINT32_MAX || log->head_closed || total > log->seg_bytes - log->segs[log->head].end) {
        HR_TRY(open_head(log, err));
    }
    log->marked = false;
    HR_TRY(latch(log, whole_head(log, err)));
    return latch(log, write_batch(log, recs, n, err));
}

/* --- giving space back ------------------------------------------------------------------------------------------------------ */
hr_status hr_log_free_segment(hr_wal *log, uint32_t seg, hr_error *err) {
    static const uint8_t zeros[HR_LOG_SEALED_HEADER] = {0};
    hr_assert(seg < log->n_segs && seg != log->head);
    if (log->latched || log->read_only) return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "store", "the store cannot be written");
    /* whatever a cut leaves of its header, the mark says that it was to go; and without it a sum would miss the segment */
    HR_TRY(latch(log, hr_log_write_mark(log, false, seg + 1, err)));
    /* first its header, with its key where there is one, so that a cut never leaves half a segment that looks alive */
    hr_status status = log->block.program(log->block.ctx, hr_log_offset(log, seg, 0), zeros, log->seg_head, err);
    if (status == HR_OK) status = log->block.sync(log->block.ctx, err);
    if (status != HR_OK) return latch(log, status);
    return hr_log_erase_segment(log, seg, err);
}

hr_status hr_log_cut(hr_wal *log, hr_error *err) {
    if (log->block.cut == NULL || log->latched || log->read_only) return HR_OK;
    uint32_t n = log->n_segs;
    while (n > 0 && log->segs[n - 1].seq == 0 && !log->segs[n - 1].damaged) n--;
    uint64_t size = hr_log_offset(log, n, 0);
    if (n > 0 && n - 1 == log->head && !log->head_closed) size = hr_log_offset(log, n - 1, log->segs[n - 1].end);
    if (size >= log->block.size) return HR_OK;
    log->win_n = 0;
    HR_TRY(latch(log, log->block.cut(log->block.ctx, size, err)));
    log->block.size = size;
    log->n_segs = n;
    if (log->head != UINT32_MAX && log->head >= n) log->head = UINT32_MAX;
    return latch(log, log->block.sync(log->block.ctx, err));
}

HR_SMALL_END
