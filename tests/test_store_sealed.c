/* The log's tests with encryption on, and what only an encrypted log has to show: nothing readable on the device, keys,
 * forgeries whose sums are right, segments of another store, a change of keys cut at every operation, erased keys. */
#define STORE_LOG_SEALED 1
#include "tests/test_store_log.c"

static const char key_a[] = "0123456789abcdef0123456789abcdef", key_b[] = "another key, another key, another";
static hr_log_secret secret_of(const char *key) { return (hr_log_secret){key, key ? 32 : 0, false, 0, 0}; }
static hr_status open_with(hr_wal *log, device *d, hr_log_secret secret, seen *s) {
    hr_block b = dev_block(d);
    hr_log_config c = config_of(512);
    c.secret = secret;
    if (s) memset(s, 0, sizeof *s);
    return hr_log_open(log, &b, &c, s ? see : NULL, s, NULL);
}
static bool device_has(const device *d, const void *what, size_t n) {
    for (size_t i = 0; i + n <= DEV_BYTES; i++)
        if (memcmp(d->now + i, what, n) == 0) return true;
    return false;
}

T_TEST(nothing_readable) {
    static device d;
    static const char text[] = "Anna's daughter is called Matilde";
    for (int plain = 0; plain < 2; plain++) {
        hr_wal log;
        hr_log_rec r = {1, 0, sizeof text, text, 0, {0, 0}};
        uint8_t back[64];
        dev_init(&d, false);
        T_NEED(open_with(&log, &d, secret_of(plain ? NULL : key_a), NULL) == HR_OK);
        T_NEED(hr_log_commit(&log, &r, 1, NULL) == HR_OK);
        for (size_t at = 0; at + 8 <= sizeof text; at++) T_CHECK(device_has(&d, text + at, 8) == (plain == 1));
        if (!plain) {
            T_CHECK(!device_has(&d, log.store_key, 8) && !device_has(&d, log.segs[0].key, 8));
            uint32_t sum = hr_crc32c(text, sizeof text, 0); /* nor a sum by which a guess can be checked */
            T_CHECK(!device_has(&d, &sum, 4));
        }
        T_CHECK(hr_log_read(&log, r.loc, r.lsn, back, sizeof back, &r, NULL) == HR_OK);
        T_EQ_MEM(back, text, sizeof text);
        hr_log_close(&log);
    }
}

T_TEST(keys) {
    static device d, before;
    static seen s;
    hr_wal log;
    uint64_t freed;
    dev_init(&d, false);
    uint64_t acked = play(&d, 3, 20, &freed);
    before = d;
    T_EQ_I(open_with(&log, &d, secret_of(NULL), &s), HR_E_KEY);
    T_EQ_I(open_with(&log, &d, secret_of(key_b), &s), HR_E_KEY);
    hr_log_secret words = {"correct horse", 13, true, 0, 0}, wrong = {"correct hors", 12, true, 0, 0};
    T_EQ_I(open_with(&log, &d, words, &s), HR_E_KEY);
    T_EQ_I(open_with(&log, &d, (hr_log_secret){key_a, 31, false, 0, 0}, &s), HR_E_ARG);
    T_EQ_MEM(d.now, before.now, DEV_BYTES); /* a wrong key changes nothing */
    T_NEED(open_with(&log, &d, secret_of(key_a), &s) == HR_OK);
    words.kib = 64, words.passes = 1;
    T_CHECK(hr_log_rekey(&log, &words, NULL) == HR_OK);
    T_CHECK(commit_some(&log, 2, NULL) == HR_OK);
    hr_log_close(&log);
    T_EQ_I(open_with(&log, &d, secret_of(key_a), &s), HR_E_KEY);
    T_EQ_I(open_with(&log, &d, wrong, &s), HR_E_KEY);
    T_NEED(open_with(&log, &d, words, &s) == HR_OK);
    T_EQ_U(s.last, acked + 2);
    T_EQ_I(s.wrong, 0);
    hr_log_close(&log);
    for (size_t at = 0; at < 8192; at += 4096) /* both slots are of the new key: damage to one does not bring back the old */
        for (size_t i = 0; i < 256; i += 5) {
            before = d;
            before.now[at + i] ^= 1;
            T_EQ_I(open_with(&log, &before, secret_of(key_a), &s), HR_E_KEY);
        }
    dev_init(&d, false);
    T_NEED(open_with(&log, &d, secret_of(NULL), NULL) == HR_OK);
    T_EQ_I(hr_log_rekey(&log, &words, NULL), HR_E_STATE);
    hr_log_close(&log);
    T_EQ_I(open_with(&log, &d, secret_of(key_a), &s), HR_E_KEY); /* a plain store in the place of an encrypted one */
}

T_TEST(rekey_cut_at_every_operation) {
    static device start, d, after;
    static seen s;
    hr_wal log;
    uint64_t freed;
    long old_opens = 0, new_opens = 0;
    dev_init(&start, false);
    uint64_t acked = play(&start, 3, 20, &freed);
    hr_log_secret b = secret_of(key_b);
    T_NEED(open_with(&log, &start, secret_of(key_a), &s) == HR_OK);
    hr_log_close(&log);
    long base = start.ops;
    for (long op = 1; op <= 60; op++) {
        for (uint32_t k = 0; k < 20; k++) {
            d = start;
            d.rng = 77;
            d.fail_at = base + op;
            bool opened = open_with(&log, &d, secret_of(key_a), NULL) == HR_OK;
            bool done = opened && hr_log_rekey(&log, &b, NULL) == HR_OK;
            if (opened) hr_log_close(&log);
            dev_crash(&d, &after, k + (uint32_t)op * 31);
            bool now_b = open_with(&log, &after, b, &s) == HR_OK;
            if (!now_b) T_NEED(open_with(&log, &after, secret_of(key_a), &s) == HR_OK);
            T_CHECK(now_b || !done);
            T_EQ_U(s.last, acked);
            T_EQ_I(s.wrong, 0);
            hr_log_close(&log);
            T_CHECK(open_with(&log, &after, now_b ? secret_of(key_a) : b, &s) == HR_E_KEY);
            if (now_b) new_opens++;
            else old_opens++;
        }
    }
    T_CHECK(old_opens > 10 && new_opens > 10);
}

/* whoever can write the file mends the sums as well */
T_TEST(forgeries_with_right_sums) {
    static device d, other, bad;
    static seen s;
    hr_wal log;
    uint64_t freed;
    dev_init(&d, false);
    play(&d, 3, 30, &freed);
    dev_init(&other, false);
    play(&other, 3, 30, &freed);
    T_NEED(open_with(&log, &d, secret_of(key_a), &s) == HR_OK);
    hr_log_seg seg = log.segs[1];
    uint8_t uuid[16];
    memcpy(uuid, log.uuid, 16);
    hr_log_close(&log);
    T_NEED(seg.seq != 0);
    uint8_t *head = bad.now + 8192 + 4096, *rec = head + HR_LOG_SEALED_HEADER;
    for (int what = 0; what < 130; what++) {
        bad = d;
        if (what < 60) head[what] ^= 4;                     /* number, salt, first lsn */
        else if (what < 124) head[64 + what - 60] ^= 4;     /* the wrapped key */
        else if (what < 129) rec[4 + what - 124] ^= 1;      /* a record's size and type */
        else memcpy(head, other.now + 8192 + 4096, 4096);   /* the same key, another store */
        uint32_t sum = hr_crc32c(head, 60, hr_crc32c(uuid, 16, 0));
        hr_put32(head + 60, hr_crc32c(head + 64, 64, sum));
        if (what >= 124) hr_put32(rec + 28, hr_crc32c(rec, 28, (uint32_t)(hr_le64(head + 16) >> 32)));
        hr_block b = dev_block(&bad);
        b.read_only = true;
        hr_log_config c = config_of(512);
        memset(&s, 0, sizeof s);
        T_NEED(hr_log_open(&log, &b, &c, see, &s, NULL) == HR_OK);
        T_EQ_I(s.wrong, 0);
        if (!T_CHECK(log.damage.places > 0)) T_FAIL("forgery %d", what);
        hr_log_close(&log);
    }
}

/* A segment that holds nothing yet, with right sums and a key that nobody sealed: no record's tag can tell, only its own does.
 * Believed, it would set the numbers that come next. */
T_TEST(an_empty_segment_forged) {
    static device d;
    static seen s;
    hr_wal log;
    uint64_t freed;
    dev_init(&d, false);
    play(&d, 3, 7, &freed);
    T_NEED(open_with(&log, &d, secret_of(key_a), &s) == HR_OK);
    uint8_t *head = d.now + 8192 + log.n_segs * 4096u, uuid[16];
    T_NEED(head + 4096 <= d.now + DEV_BYTES);
    memcpy(uuid, log.uuid, 16);
    memset(head, 0, 4096);
    memcpy(head, "HRSEGMT1", 8);
    hr_put64(head + 8, log.next_seq);
    hr_put64(head + 16, 12345);
    hr_put64(head + 24, log.next_lsn);
    d.size = 8192 + (log.n_segs + 1) * 4096u;
    hr_log_close(&log);
    memset(head + 64, 7, 64);
    hr_put32(head + 60, hr_crc32c(head + 64, 64, hr_crc32c(head, 60, hr_crc32c(uuid, 16, 0))));
    T_NEED(open_with(&log, &d, secret_of(key_a), &s) == HR_OK);
    T_CHECK(log.damage.places == 1 && log.read_only && s.wrong == 0);
    hr_log_close(&log);
}

T_TEST(a_freed_segment_loses_its_key) {
    static device d;
    static seen s;
    hr_wal log;
    uint64_t freed;
    dev_init(&d, true);
    play(&d, 3, 20, &freed);
    T_NEED(open_with(&log, &d, secret_of(key_a), &s) == HR_OK);
    uint32_t old = oldest_segment(&log);
    uint8_t wrapped[48];
    memcpy(wrapped, d.now + 8192 + old * 4096u + 80, 48);
    T_NEED(old != log.head);
    d.fail_at = d.ops + 5; /* a mark, zeros and their syncs are through, the erase is not */
    T_CHECK(hr_log_free_segment(&log, old, NULL) == HR_E_IO);
    T_CHECK(!device_has(&d, wrapped, 16) && !device_has(&d, wrapped + 16, 16) && !device_has(&d, wrapped + 32, 16));
    hr_log_close(&log);
}

T_MAIN(STORE_LOG_TESTS, T_RUN(nothing_readable), T_RUN(keys), T_RUN(rekey_cut_at_every_operation),
       T_RUN(forgeries_with_right_sums), T_RUN(an_empty_segment_forged),
       T_RUN(a_freed_segment_loses_its_key))
