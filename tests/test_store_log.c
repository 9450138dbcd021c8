/* The log below the store, on devices made of memory that record every operation: crashes at every operation with any part
 * of the unsynced sectors on the device, flash that is cut in the middle of a program or an erase, every operation failing
 * in turn, every byte flipped, every length cut. What a record must hold follows from its number alone. */
#include "tests/t.h"
#include "memory/log.h"

enum { DEV_BYTES = 8192 + 12 * 4096, SECTOR = 512, MAX_LSN = 4096 };

typedef struct device {
    uint8_t now[DEV_BYTES];    /* as reads see it */
    uint8_t solid[DEV_BYTES];  /* as of the last sync */
    uint64_t size, solid_size;
    long ops, fail_at;         /* fail_at: number of the operation that fails; 0 none */
    long cut_at;               /* flash: power is lost in the middle of this operation */
    bool dead, flash, misuse;
    uint32_t rng;
    hr_block *block;
} device;

static uint32_t dev_random(device *d) {
    d->rng ^= d->rng << 13, d->rng ^= d->rng >> 17, d->rng ^= d->rng << 5;
    return d->rng;
}
static hr_status dev_step(device *d, hr_error *err) {
    d->ops++;
    if (d->dead || d->ops == d->fail_at) return hr_fail(err, HR_E_IO, 0, "device", "played failure");
    return HR_OK;
}
static hr_status dev_read(void *ctx, uint64_t at, void *dst, size_t n, hr_error *err) {
    device *d = ctx;
    HR_TRY(dev_step(d, err));
    if (at + n > d->size) d->misuse = true;
    memcpy(dst, d->now + at, n);
    return HR_OK;
}
static hr_status dev_program(void *ctx, uint64_t at, const void *src, size_t n, hr_error *err) {
    device *d = ctx;
    const uint8_t *p = src;
    HR_TRY(dev_step(d, err));
    if (at + n > DEV_BYTES || at % 8 || n % 8) d->misuse = true;
    size_t whole = d->ops == d->cut_at ? dev_random(d) % (n + 1) : n;
    for (size_t i = 0; i < whole; i++) {
        if (d->flash && (p[i] & ~d->now[at + i])) d->misuse = true; /* a 0 cannot become 1 */
        d->now[at + i] = p[i];
    }
    if (d->ops == d->cut_at) { /* the byte under way: some of its bits */
        if (whole < n) d->now[at + whole] &= (uint8_t)(p[whole] | dev_random(d));
        d->dead = true;
        return HR_E_IO;
    }
    if (at + n > d->size) d->size = at + n;
    return HR_OK;
}
static hr_status dev_erase(void *ctx, uint64_t at, uint64_t n, hr_error *err) {
    device *d = ctx;
    HR_TRY(dev_step(d, err));
    if (at + n > DEV_BYTES) return hr_fail(err, HR_E_IO, at, "device", "full");
    if (d->ops == d->cut_at) {
        for (uint64_t i = 0; i < n; i++) if (dev_random(d) & 64) d->now[at + i] = 0xff;
        d->dead = true;
        return HR_E_IO;
    }
    memset(d->now + at, d->flash ? 0xff : 0, n);
    if (at + n > d->size) d->size = at + n;
    return HR_OK;
}
static hr_status dev_sync(void *ctx, hr_error *err) {
    device *d = ctx;
    HR_TRY(dev_step(d, err));
    memcpy(d->solid, d->now, DEV_BYTES);
    d->solid_size = d->size;
    return HR_OK;
}
static hr_status dev_cut(void *ctx, uint64_t size, hr_error *err) {
    device *d = ctx;
    HR_TRY(dev_step(d, err));
    memset(d->now + size, 0, DEV_BYTES - size);
    d->size = size;
    return HR_OK;
}
static hr_block dev_block(device *d) {
    hr_block b = {dev_read, dev_program, dev_erase, dev_sync, d->flash ? NULL : dev_cut, NULL, d, d->size, DEV_BYTES,
                  8, 4096, d->flash ? 0xff : 0, false};
    return b;
}
static void dev_init(device *d, bool flash) {
    memset(d, 0, sizeof *d);
    d->flash = flash;
    d->rng = 2463534242u;
    if (flash) memset(d->now, 0xff, DEV_BYTES), memset(d->solid, 0xff, DEV_BYTES), d->size = d->solid_size = DEV_BYTES;
}
/* power fails: of the sectors not synced each one is there or not */
static void dev_crash(device *d, device *after, uint32_t seed) {
    *after = *d;
    after->rng = seed ? seed : 1;
    after->dead = false;
    after->ops = after->fail_at = after->cut_at = 0;
    if (d->flash) return;
    unsigned keep = dev_random(after) % 5; /* none, some, half, most, all */
    for (size_t s = 0; s < DEV_BYTES; s += SECTOR) {
        if (dev_random(after) % 4 >= keep) memcpy(after->now + s, d->solid + s, SECTOR);
    }
    if (dev_random(after) & 1 && d->size > d->solid_size) {
        uint64_t size = d->solid_size + dev_random(after) % (d->size - d->solid_size + 1);
        memset(after->now + size, 0, DEV_BYTES - size);
        after->size = size;
    }
    memcpy(after->solid, after->now, DEV_BYTES);
    after->solid_size = after->size;
}

/* --- what is in a log -------------------------------------------------------------------------------------------- */
typedef struct seen {
    uint8_t at[MAX_LSN]; /* 1: visited */
    uint64_t last;
    long n, wrong;
} seen;

static uint32_t payload_size(uint64_t lsn) { return (uint32_t)(lsn * 2654435761u >> 7) % 300; }
static void payload_fill(uint64_t lsn, uint8_t *p) {
    for (uint32_t i = 0; i < payload_size(lsn); i++) p[i] = (uint8_t)(hr_hash64(&i, sizeof i, lsn) >> 9);
}
static hr_status see(void *ctx, const hr_log_rec *r, hr_error *err) {
    seen *s = ctx;
    uint8_t want[300];
    (void)err;
    if (r->lsn >= MAX_LSN || r->lsn <= s->last || r->n != payload_size(r->lsn)) { s->wrong++; return HR_OK; }
    payload_fill(r->lsn, want);
    if (memcmp(want, r->data, r->n) != 0 || r->type != 1 + r->lsn % 3) s->wrong++;
    s->at[r->lsn] = 1;
    s->last = r->lsn;
    s->n++;
    return HR_OK;
}
static hr_status commit_some(hr_wal *log, size_t n, hr_error *err) {
    static uint8_t data[16][300];
    hr_log_rec r[16];
    memset(r, 0, sizeof r);
    for (size_t i = 0; i < n; i++) {
        uint64_t lsn = log->next_lsn + i;
        payload_fill(lsn, data[i]);
        r[i].type = (uint16_t)(1 + lsn % 3);
        r[i].n = payload_size(lsn);
        r[i].data = data[i];
    }
    return hr_log_commit(log, r, n, err);
}
#if defined(STORE_LOG_SEALED)
static bool sealed = true; /* test_store_sealed.c: the same tests once more with an encrypted log */
#else
static bool sealed = false;
#endif
static hr_log_config config_of(uint32_t buffer) {
    hr_log_config c = {4096, buffer, false, NULL, {NULL, 0, false, 0, 0}};
    if (sealed) c.secret.data = "0123456789abcdef0123456789abcdef", c.secret.n = 32;
    return c;
}
static hr_status open_dev(hr_wal *log, device *d, seen *s, hr_error *err) {
    hr_block b = dev_block(d);
    hr_log_config c = config_of(512);
    memset(s, 0, sizeof *s);
    return hr_log_open(log, &b, &c, see, s, err);
}
/* batch sizes come from a seed, so that a repeated run does the same */
static size_t batch_of(uint32_t seed, int i) { return 1 + hr_hash64(&i, sizeof i, seed) % 7; }

static uint64_t oldest_lsn(const hr_wal *log) { /* what freed segments took with them is not missed */
    uint64_t first = UINT64_MAX;
    for (uint32_t i = 0; i < log->n_segs; i++)
        if (log->segs[i].seq && log->segs[i].first_lsn < first) first = log->segs[i].first_lsn;
    return first;
}
static uint32_t oldest_segment(const hr_wal *log) {
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < log->n_segs; i++)
        if (log->segs[i].seq && (best == UINT32_MAX || log->segs[i].seq < log->segs[best].seq)) best = i;
    return best;
}
/* Writes batches, freeing the oldest segment now and then. Stops at the first failure. Returns acknowledged up to. */
static uint64_t play(device *d, uint32_t seed, int steps, uint64_t *freed_below) {
    hr_wal log;
    seen s;
    uint64_t acked = 0;
    *freed_below = 0;
    if (open_dev(&log, d, &s, NULL) != HR_OK) return 0;
    for (int i = 0; i < steps; i++) {
        uint64_t before = log.next_lsn;
        uint32_t old = oldest_segment(&log);
        if (i % 9 == 8 && old != UINT32_MAX && old != log.head) {
            hr_log_seg *g = &log.segs[old];
            uint64_t next = UINT64_MAX;
            for (uint32_t k = 0; k < log.n_segs; k++)
                if (log.segs[k].seq > g->seq && log.segs[k].first_lsn < next) next = log.segs[k].first_lsn;
            *freed_below = next; /* from here on they may be gone */
            if (hr_log_free_segment(&log, old, NULL) != HR_OK) break;
        }
        if (commit_some(&log, batch_of(seed, i), NULL) != HR_OK) break;
        T_CHECK(log.next_lsn == before + batch_of(seed, i));
        acked = log.next_lsn - 1;
    }
    hr_log_close(&log);
    return acked;
}
/* opens what a crash left: everything acknowledged, nothing else, whole batches, no alarm, and it can go on */
static bool check_after(device *d, uint64_t acked, uint64_t freed_below, uint32_t seed) {
    static seen s, s2;
    hr_wal log;
    hr_error err;
    hr_error_clear(&err);
    if (!t_check(open_dev(&log, d, &s, &err) == HR_OK, T_HERE("opens"), "%s: %s", err.where, err.what)) return false;
    bool ok = T_EQ_I(s.wrong, 0) && T_EQ_U(log.damage.places, 0);
    for (uint64_t l = freed_below > 1 ? freed_below : 1; l <= acked && ok; l++) ok = T_CHECK(s.at[l]);
    uint64_t l = 1;
    for (int i = 0; l <= acked; i++) l += batch_of(seed, i);
    int i = 0;
    for (l = 1; l <= acked; i++) l += batch_of(seed, i);
    if (s.last > acked && ok) ok = T_EQ_U(s.last, l + batch_of(seed, i) - 1); /* the batch in flight, all of it */
    if (ok) {
        ok = t_check(commit_some(&log, 2, &err) == HR_OK, T_HERE("goes on"), "%s", err.what);
        uint64_t last = log.next_lsn - 1;
        hr_log_close(&log);
        ok = ok && T_CHECK(open_dev(&log, d, &s2, NULL) == HR_OK) && T_EQ_U(s2.last, last) && T_EQ_I(s2.wrong, 0) &&
             T_EQ_U(log.damage.places, 0) && T_EQ_I(s2.n, s.n + 2);
    }
    hr_log_close(&log);
    return ok && T_CHECK(!d->misuse);
}

T_TEST(crc_is_castagnoli) {
    T_EQ_U(hr_crc32c("123456789", 9, 0), 0xe3069283u); /* RFC 3720, and the check value of every catalogue */
    uint8_t b[300];
    for (size_t i = 0; i < sizeof b; i++) b[i] = (uint8_t)(i * 31 + i / 7);
    for (size_t n = 0; n < sizeof b; n++) {
        uint32_t c = ~0u;
        for (size_t i = 0; i < n; i++) {
            c ^= b[i];
            for (int k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0x82f63b78u : 0);
        }
        T_EQ_U(hr_crc32c(b, n, 0), ~c);
        for (size_t k = 0; k < hr_kernel_count(); k++) {
            const hr_kernel *row = hr_kernel_at(k);
            if (row->op != HR_OP_crc32c || (row->isa & ~hr_cpu_isa())) continue;
            hr_crc_fn *fn = (hr_crc_fn *)row->fn;
            T_EQ_U(fn(b, n, 0), ~c);
            T_EQ_U(fn(b + n / 2, n - n / 2, fn(b, n / 2, 0)), ~c);
        }
        T_EQ_U(hr_crc32c(b + n / 2, n - n / 2, hr_crc32c(b, n / 2, 0)), ~c);
    }
}

T_TEST(what_is_written_is_read) {
    static device d;
    static seen s;
    uint64_t freed;
    for (int flash = 0; flash < 2; flash++) {
        dev_init(&d, flash != 0);
        uint64_t acked = play(&d, 7, 60, &freed);
        T_CHECK(acked > 100 && !d.misuse);
        hr_wal log;
        T_NEED(open_dev(&log, &d, &s, NULL) == HR_OK);
        T_EQ_U(s.last, acked);
        T_EQ_U(s.n, acked - oldest_lsn(&log) + 1);
        T_EQ_I(s.wrong, 0);
        T_EQ_U(log.damage.places + log.damage.torn_bytes, 0);
        hr_log_close(&log);
    }
}

static long crash_states(long per_op, int steps) {
    static device d, after;
    long states = 0;
    uint64_t freed;
    dev_init(&d, false);
    play(&d, 7, steps, &freed);
    long total = d.ops;
    for (long op = 1; op <= total; op++) {
        dev_init(&d, false);
        d.fail_at = op;
        uint64_t acked = play(&d, 7, steps, &freed); /* stops at the failure: the device holds all before it */
        for (long k = 0; k < per_op; k++, states++) {
            dev_crash(&d, &after, (uint32_t)(op * 7919 + k * 104729 + 1));
            if (!check_after(&after, acked, freed, 7)) {
                T_FAIL("operation %ld of %ld, state %ld", op, total, k);
                return states;
            }
        }
    }
    return states;
}
T_TEST(every_crash_keeps_what_was_acknowledged) {
    const char *more = getenv("HEARTH_CRASH_STATES");
    long want = more ? atol(more) : 20000, per = 1;
    static device d;
    uint64_t freed;
    dev_init(&d, false);
    play(&d, 7, 60, &freed);
    per = want / d.ops + 1;
    long n = crash_states(per, 60);
    T_CHECK(n >= want);
    printf("    %ld crash states over %ld operations\n", n, d.ops);
}

T_TEST(flash_cut_at_every_program_and_erase) {
    static device d, after;
    uint64_t freed;
    dev_init(&d, true);
    play(&d, 9, 60, &freed);
    long total = d.ops, states = 0;
    for (long op = 1; op <= total; op++) {
        for (uint32_t k = 0; k < 12; k++, states++) {
            dev_init(&d, true);
            d.rng = 12345 + k * 7777 + (uint32_t)op;
            d.cut_at = op;
            uint64_t acked = play(&d, 9, 60, &freed);
            if (!d.dead) break; /* a read or a sync: nothing to cut */
            dev_crash(&d, &after, k + 1);
            if (!check_after(&after, acked, freed, 9)) {
                T_FAIL("operation %ld of %ld, try %u", op, total, k);
                return;
            }
        }
    }
    printf("    %ld cuts\n", states);
}

T_TEST(every_operation_failing_is_an_error_and_latches) {
    static device d;
    static seen s;
    uint64_t freed;
    dev_init(&d, false);
    play(&d, 3, 40, &freed);
    long total = d.ops;
    for (long op = 1; op <= total; op++) {
        dev_init(&d, false);
        d.fail_at = op;
        hr_wal log;
        hr_error err;
        hr_error_clear(&err);
        hr_status status = open_dev(&log, &d, &s, &err);
        for (int i = 0; i < 40 && status == HR_OK; i++) {
            status = commit_some(&log, batch_of(3, i), &err);
            if (status != HR_OK) {
                T_EQ_I(status, HR_E_IO);
                T_EQ_I(commit_some(&log, 1, NULL), HR_E_STATE); /* never again through this handle */
            }
        }
        if (status == HR_OK) { hr_log_close(&log); continue; } /* freeing was not played here */
        T_EQ_I(err.status, HR_E_IO);
        hr_log_close(&log);
    }
}

/* every byte of the device changed: the log opens or says why not, and never hands out what was not written */
T_TEST(every_byte_flipped) {
    static device d, bad;
    static seen s;
    uint64_t freed;
    long silent = 0, refused = 0, reported = 0;
    dev_init(&d, false);
    uint64_t acked = play(&d, 5, 30, &freed);
    hr_wal log;
    T_NEED(open_dev(&log, &d, &s, NULL) == HR_OK);
    long all = s.n;
    hr_log_close(&log);
    for (uint64_t at = 0; at < d.size; at++) {
        bad = d;
        bad.now[at] ^= (uint8_t)(1 << at % 8);
        hr_block b = dev_block(&bad);
        b.read_only = true;
        hr_log_config c = config_of(at % 2 ? 512 : 0);
        memset(&s, 0, sizeof s);
        hr_status status = hr_log_open(&log, &b, &c, see, &s, NULL);
        T_EQ_I(s.wrong, 0);
        if (status != HR_OK) {
            T_CHECK(status == HR_E_FORMAT || status == HR_E_UNSUPPORTED);
            refused++;
            continue;
        }
        if (log.damage.places) reported++;
        else if (s.n != all || s.last != acked) silent++; /* the mark of the close tells a broken batch from a torn one */
        if (log.damage.places) T_EQ_I(commit_some(&log, 1, NULL), HR_E_STATE);
        hr_log_close(&log);
    }
    T_CHECK(reported > 1000);
    T_EQ_I(silent, 0);
    printf("    %ld reported, %ld refused\n", reported, refused);
}

T_TEST(every_length) {
    static device d, bad;
    static seen s;
    uint64_t freed;
    dev_init(&d, false);
    uint64_t acked = play(&d, 5, 30, &freed);
    hr_wal log;
    T_NEED(open_dev(&log, &d, &s, NULL) == HR_OK);
    const long all = s.n;
    hr_log_close(&log);
    for (uint64_t n = 0; n < d.size; n++) {
        bad = d;
        memset(bad.now + n, 0, DEV_BYTES - n);
        bad.size = n;
        hr_block b = dev_block(&bad);
        b.read_only = true;
        hr_log_config c = config_of(512);
        memset(&s, 0, sizeof s);
        hr_status status = hr_log_open(&log, &b, &c, see, &s, NULL);
        T_EQ_I(s.wrong, 0);
        if (status == HR_OK) { /* what is cut off was padding, or it is missed */
            t_check(log.damage.places > 0 || (s.n == all && s.last == acked), T_HERE("missed"), "length %llu",
                    (unsigned long long)n);
            hr_log_close(&log);
        } else T_EQ_I(status, HR_E_FORMAT);
        T_CHECK(!bad.misuse);
    }
}

/* 8 KiB for everything the log takes, on a chip */
static uint8_t small_memory[8192];
static size_t small_used;
static void *small_alloc(void *ctx, size_t n, size_t align) {
    size_t at = (small_used + align - 1) / align * align;
    (void)ctx;
    if (at + n > sizeof small_memory) return NULL;
    small_used = at + n;
    return small_memory + at;
}
static void small_free(void *ctx, void *p, size_t n) { (void)ctx, (void)p, (void)n; }
typedef struct by_number { uint64_t lsn; hr_log_loc loc; bool found; } by_number;
static hr_status find_number(void *ctx, const hr_log_rec *r, hr_error *err) {
    by_number *f = ctx;
    (void)err;
    if (r->lsn == f->lsn) f->loc = r->loc, f->found = true;
    return HR_OK;
}
T_TEST(a_chip_in_8_kib) {
    static device d;
    static seen s;
    static const hr_allocator memory = {small_alloc, small_free, NULL};
    dev_init(&d, true);
    small_used = 0;
    hr_wal log;
    hr_block b = dev_block(&d);
    hr_log_config c = {4096, 512, false, &memory, config_of(0).secret};
    T_NEED(hr_log_open(&log, &b, &c, NULL, NULL, NULL) == HR_OK);
    for (int i = 0; i < 300; i++) { /* many times round the chip */
        hr_status status = commit_some(&log, 3, NULL);
        if (status == HR_E_FULL) {
            T_CHECK(hr_log_free_segment(&log, oldest_segment(&log), NULL) == HR_OK);
            status = commit_some(&log, 3, NULL);
        }
        T_NEED(status == HR_OK);
    }
    T_EQ_U(log.next_lsn, 901);
    hr_log_close(&log);
    size_t written = small_used;
    small_used = 0;
    memset(&s, 0, sizeof s);
    T_NEED(hr_log_open(&log, &b, &c, see, &s, NULL) == HR_OK);
    T_EQ_U(s.last, 900);
    T_EQ_I(s.wrong, 0);
    T_CHECK(!d.misuse);
    printf("    %zu bytes of memory and %zu of the handle\n", written > small_used ? written : small_used, sizeof log);
    T_CHECK(small_used + sizeof log <= 8192);
    uint8_t *got = small_alloc(NULL, 300, 8), want[300]; /* found by its number, without an index, and read into the same 8 KiB */
    T_NEED(got != NULL && small_used + sizeof log + sizeof want <= 8192);
    for (uint64_t lsn = oldest_lsn(&log); lsn <= 900; lsn += 7) {
        by_number f = {lsn, {0, 0}, false};
        hr_log_rec r;
        for (uint32_t i = 0; i < log.n_segs && !f.found; i++)
            if (log.segs[i].seq && log.segs[i].first_lsn <= lsn)
                T_CHECK(hr_log_visit_segment(&log, i, find_number, &f, NULL) == HR_OK);
        T_NEED(f.found && hr_log_read(&log, f.loc, lsn, got, 300, &r, NULL) == HR_OK);
        payload_fill(lsn, want);
        T_CHECK(r.n == payload_size(lsn) && memcmp(want, got, r.n) == 0);
    }
    printf("    %zu bytes with what a record is read into\n", small_used + sizeof log);
    hr_log_close(&log);
}

T_TEST(a_file_and_its_lock) {
    hr_block b, c;
    hr_error err;
    static seen s;
    const char *path = t_tmp("log.hearth");
    hr_wal log;
    hr_log_config config = {0, 0, false, NULL, config_of(0).secret};
    hr_error_clear(&err);
    T_EQ_I(hr_block_open_file(&b, path, false, &err), HR_E_IO);
    T_NEED(hr_block_open_file(&b, path, true, NULL) == HR_OK);
    T_EQ_I(hr_block_open_file(&c, path, true, NULL), HR_E_BUSY);
    T_NEED(hr_log_open(&log, &b, &config, NULL, NULL, NULL) == HR_OK);
    for (int i = 0; i < 50; i++) T_NEED(commit_some(&log, 5, NULL) == HR_OK);
    T_NEED(hr_block_open_file(&c, path, false, NULL) == HR_OK); /* a reader beside the writer */
    hr_wal reader;
    memset(&s, 0, sizeof s);
    T_NEED(hr_log_open(&reader, &c, &config, see, &s, NULL) == HR_OK);
    T_EQ_U(s.last, 250);
    T_EQ_I(commit_some(&reader, 1, NULL), HR_E_STATE);
    hr_log_close(&reader);
    T_CHECK(hr_log_cut(&log, NULL) == HR_OK);
    T_CHECK(commit_some(&log, 5, NULL) == HR_OK && hr_log_cut(&log, NULL) == HR_OK);
    hr_log_close(&log);
    T_NEED(hr_block_open_file(&c, path, true, NULL) == HR_OK);
    T_CHECK(c.size < 70000);
    memset(&s, 0, sizeof s);
    T_NEED(hr_log_open(&log, &c, &config, see, &s, NULL) == HR_OK);
    T_EQ_U(s.last, 255);
    hr_log_close(&log);
}

T_TEST(not_a_store) {
    static device d;
    static seen s;
    hr_wal log;
    dev_init(&d, false);
    memcpy(d.now, "a text file that somebody loves", 31);
    d.size = 31;
    T_EQ_I(open_dev(&log, &d, &s, NULL), HR_E_FORMAT);
    T_EQ_MEM(d.now, "a text file that somebody loves", 31);
}

#define STORE_LOG_TESTS \
    T_RUN(crc_is_castagnoli), T_RUN(what_is_written_is_read), T_RUN(every_crash_keeps_what_was_acknowledged), \
    T_RUN(flash_cut_at_every_program_and_erase), T_RUN(every_operation_failing_is_an_error_and_latches), \
    T_RUN(every_byte_flipped), T_RUN(every_length), T_RUN(a_chip_in_8_kib), T_RUN(a_file_and_its_lock), T_RUN(not_a_store)
#if !defined(STORE_LOG_SEALED)
T_MAIN(STORE_LOG_TESTS)
#endif
