/* Slots and kill switches on a disk whose power fails: installing is a row of writes (state, slot, state), cut before every
 * one of them and inside it. What the state says may run is then whole on the disk, and the same work done again ends well.
 * What stands in a slot is told by a second bookkeeping: contents are made from the version, and compared byte by byte. */
#include "tests/t.h"

#include "engine/base/crypto.h"
#include "policy/release.h"

enum { FILE_BYTES = 96, PIECE = 24, STATE_PIECES = 5 };
typedef struct manifest {
    char s[2048];
    size_t n;
} manifest;
static hr_error err;

static void content_of(unsigned version, uint8_t out[FILE_BYTES]) {
    for (unsigned i = 0; i < FILE_BYTES; i++) out[i] = (uint8_t)(version * 37 + i * (version | 1));
}
static void hash_bytes(const uint8_t *p, size_t n, uint8_t out[32]) {
    hr_sha2 h;
    hr_sha2_init(&h, false);
    hr_sha2_add(&h, p, n);
    hr_sha2_end(&h, out);
}
static void put_line(manifest *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put_line(manifest *t, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    t->n += (size_t)vsnprintf(t->s + t->n, sizeof t->s - t->n, fmt, args);
    va_end(args);
}
static void put_key(manifest *t, int key) {
    uint8_t secret[32];
    char line[HR_RELEASE_LINE + 1];
    memset(secret, key, 32);
    T_EQ_I(hr_release_sign(secret, NULL, 0, line, NULL), HR_OK);
    put_line(t, "%s\n", line);
}
static void put_signature(manifest *t, int key) {
    uint8_t secret[32];
    char line[HR_RELEASE_LINE + 1];
    memset(secret, key, 32);
    T_EQ_I(hr_release_sign(secret, t->s, t->n, line, &err), HR_OK);
    put_line(t, "%s", line);
}
static manifest make_release(const char *kind, unsigned version, unsigned floor, unsigned expires) {
    manifest t = {"", 0};
    put_line(&t, "hearth-release 1\nroot 1\nkind %s\nname tiny\nversion %u\nexpires %u\nfloor %u\nclass phone\n"
                 "rollout 10000\n", kind, version, expires, floor);
    if (strcmp(kind, "kill") != 0) {
        uint8_t bytes[FILE_BYTES], hash[32];
        content_of(version, bytes);
        hash_bytes(bytes, FILE_BYTES, hash);
        put_line(&t, "file %d ", FILE_BYTES);
        for (int i = 0; i < 32; i++) put_line(&t, "%02x", hash[i]);
        put_line(&t, "\n");
    }
    put_signature(&t, 'x');
    return t;
}

/* --- a disk: two state records and two slots; a write costs a step, and the last one may come half -------------------- */
typedef struct disk {
    uint8_t state[2 * HR_RELEASE_RECORD], slot[2][FILE_BYTES];
    long steps; /* left; below 0: the power is off */
    bool half;  /* of the write that the power fails in */
} disk;
static bool write_disk(disk *d, uint8_t *at, const uint8_t *from, size_t n) {
    if (d->steps < 0) return false;
    if (d->steps-- == 0) {
        if (d->half) memcpy(at, from, n / 2);
        return false;
    }
    memcpy(at, from, n);
    return true;
}
static bool save_state(disk *d, hr_release_state *s) {
    uint8_t record[HR_RELEASE_RECORD];
    uint64_t at;
    const size_t piece = HR_RELEASE_RECORD / STATE_PIECES + 1;
    hr_release_save(s, record, &at);
    for (size_t i = 0; i < sizeof record; i += piece)
        if (!write_disk(d, d->state + at + i, record + i, hr_min_size(piece, sizeof record - i))) return false;
    return true;
}
static const hr_release_device phone = {1 << 2, "0123456789abcdef", 16};
/* What a host does, in the order that release.h gives. false: the power failed. */
static bool install(disk *d, const manifest *t, unsigned version, uint64_t now) {
    hr_release_state s;
    hr_release m;
    hr_release_verdict verdict;
    int slot;
    uint8_t bytes[FILE_BYTES];
    hr_error_clear(&err);
    T_EQ_I(hr_release_load(&s, d->state, sizeof d->state, &err), HR_OK);
    if (!T_CHECK(hr_release_accept(&s, t->s, t->n, &phone, now, &m, &verdict, &slot, &err) == HR_OK)) return false;
    if (!save_state(d, &s)) return false;
    if (verdict != HR_RELEASE_INSTALL) return true;
    content_of(version, bytes);
    for (size_t i = 0; i < FILE_BYTES && m.n_files; i += PIECE)
        if (!write_disk(d, d->slot[slot] + i, bytes + i, PIECE)) return false;
    hr_release_file got = {FILE_BYTES, {0}};
    hash_bytes(d->slot[slot], FILE_BYTES, got.sha256);
    T_EQ_I(hr_release_switch(&s, &m, &got, m.n_files, &err), HR_OK);
    return save_state(d, &s);
}
static disk new_disk(void) {
    disk d;
    hr_release_state s;
    manifest t = {"", 0};
    memset(&d, 0, sizeof d);
    d.steps = 1 << 20;
    put_line(&t, "hearth-root 1\nversion 1\nexpires 100000\nroot 1\n");
    put_key(&t, 'a');
    put_line(&t, "release 1\n");
    put_key(&t, 'x');
    put_signature(&t, 'a');
    T_EQ_I(hr_release_init(&s, t.s, t.n, 100, &err), HR_OK);
    T_CHECK(save_state(&d, &s));
    return d;
}
static const hr_release_item *item_of(const hr_release_state *s, uint32_t kind) {
    uint8_t id[16];
    hr_release_id(kind, hr_str_of("tiny"), id);
    for (uint32_t i = 0; i < s->n_items; i++) if (memcmp(s->item[i].id, id, 16) == 0) return &s->item[i];
    return NULL;
}
/* The version that may run, whole on the disk; 0: none. -1: a lie. */
static int running(const disk *d, const hr_release_state *s) {
    uint8_t bytes[FILE_BYTES];
    const hr_release_item *item = item_of(s, 0);
    const int slot = item ? hr_release_active(s, item->id) : -1;
    if (slot < 0) return 0;
    content_of(item->version[slot], bytes);
    return memcmp(d->slot[slot], bytes, FILE_BYTES) == 0 ? (int)item->version[slot] : -1;
}
static hr_release_state state_of(const disk *d) {
    hr_release_state s;
    T_EQ_I(hr_release_load(&s, d->state, sizeof d->state, &err), HR_OK);
    return s;
}

T_TEST(a_cut_anywhere_leaves_what_runs_whole) {
    long cuts = 0;
    disk base = new_disk();
    for (unsigned version = 1; version <= 4; version++) { /* both slots are used twice */
        const unsigned floor = version == 4 ? 4 : 0;      /* the last one stops all before it */
        const manifest t = make_release("model", version, floor, 90000), next = make_release("model", 9, 0, 90000);
        for (long step = 0;; step++) {
            bool done = false;
            for (int half = 0; half < 2; half++) {
                disk d = base;
                d.steps = step, d.half = half;
                done = install(&d, &t, version, 200);
                cuts++;
                hr_release_state s = state_of(&d);
                const int now = running(&d, &s);
                const hr_release_item *item = item_of(&s, 0);
                if (!T_CHECK(now == (int)version || (!done && (now == (int)version - 1 || (now == 0 && floor))))) return;
                if (item && hr_release_back(&s, item->id, &err) == HR_OK) { /* the way back leads to something whole */
                    const int back = running(&d, &s);
                    if (!T_CHECK(back > 0 && back < (int)version)) return;
                }
                d.steps = 1 << 20; /* the power is back: the same work again, or a newer release */
                disk other = d;
                T_CHECK(install(&d, &t, version, 200));
                s = state_of(&d);
                if (!T_EQ_I(running(&d, &s), (int)version)) return;
                T_CHECK(install(&other, &next, 9, 200));
                s = state_of(&other);
                if (!T_EQ_I(running(&other, &s), 9)) return;
            }
            if (done) break;
        }
        base.steps = 1 << 20;
        T_CHECK(install(&base, &t, version, 200));
    }
    T_CHECK(cuts > 4 * 2 * (2 * STATE_PIECES + FILE_BYTES / PIECE));
}
T_TEST(a_slot_that_is_not_what_was_signed_never_runs) {
    disk d = new_disk();
    const manifest one = make_release("model", 1, 0, 90000), two = make_release("model", 2, 0, 90000);
    T_CHECK(install(&d, &one, 1, 200));
    hr_release_state s = state_of(&d);
    hr_release m;
    hr_release_verdict verdict;
    int slot;
    T_EQ_I(hr_release_accept(&s, two.s, two.n, &phone, 200, &m, &verdict, &slot, &err), HR_OK);
    for (size_t i = 0; i < FILE_BYTES; i++) { /* one byte is wrong */
        uint8_t bytes[FILE_BYTES];
        hr_release_file got = {FILE_BYTES, {0}};
        content_of(2, bytes);
        bytes[i] ^= 1;
        hash_bytes(bytes, FILE_BYTES, got.sha256);
        const hr_release_state before = s;
        T_EQ_I(hr_release_switch(&s, &m, &got, 1, &err), HR_E_DENIED);
        T_CHECK(memcmp(&before, &s, sizeof s) == 0 && running(&d, &s) == 1);
    }
}

/* --- kill switches: no files; what is active is stopped ------------------------------------------------------------- */
enum { KILL = 4 };
static bool killed(const disk *d) {
    const hr_release_state s = state_of(d);
    const hr_release_item *item = item_of(&s, KILL);
    return item && hr_release_active(&s, item->id) >= 0;
}
T_TEST(a_kill_is_all_or_nothing) {
    const manifest kill = make_release("kill", 1, 0, 90000);
    const disk base = new_disk();
    bool was = false;
    for (long step = 0;; step++) {
        bool done = false;
        for (int half = 0; half < 2; half++) {
            disk d = base;
            d.steps = step, d.half = half;
            done = install(&d, &kill, 1, 200);
            was = killed(&d);
            if (!T_CHECK(!done || was)) return;
            d.steps = 1 << 20;
            T_CHECK(install(&d, &kill, 1, 200) && killed(&d)); /* shown again: stopped */
        }
        if (done) break;
    }
    T_CHECK(was);
}
T_TEST(a_kill_holds_until_a_newer_one_lifts_it) {
    disk d = new_disk();
    const manifest model = make_release("model", 1, 0, 90000), kill = make_release("kill", 5, 0, 300);
    const manifest older = make_release("kill", 4, 5, 90000), lift = make_release("kill", 6, 7, 90000);
    T_CHECK(install(&d, &model, 1, 200));
    T_CHECK(!killed(&d));
    T_CHECK(install(&d, &kill, 5, 200) && killed(&d));
    hr_release_state s = state_of(&d);
    hr_release m;
    hr_release_verdict verdict;
    int slot;
    T_EQ_I(running(&d, &s), 1); /* a name of its own: what it stops is the host's to do */
    T_EQ_I(hr_release_back(&s, item_of(&s, KILL)->id, &err), HR_E_STATE); /* nothing to go back to */
    T_EQ_I(hr_release_accept(&s, older.s, older.n, &phone, 200, &m, &verdict, &slot, &err), HR_E_DENIED);
    T_EQ_I(hr_release_accept(&s, kill.s, kill.n, &phone, 300, &m, &verdict, &slot, &err), HR_E_DENIED); /* too late to start */
    T_EQ_I(hr_release_accept(&s, model.s, model.n, &phone, 5000, &m, &verdict, &slot, &err), HR_OK);
    T_CHECK(save_state(&d, &s) && killed(&d)); /* but what was begun does not end with the paper */
    T_EQ_I(hr_release_accept(&s, kill.s, kill.n, &phone, 200, &m, &verdict, &slot, &err), HR_E_DENIED); /* a clock set back */
    manifest forged = lift;
    *strstr(forged.s, "version 6") = 'V';
    T_CHECK(hr_release_accept(&s, forged.s, forged.n, &phone, 5000, &m, &verdict, &slot, &err) != HR_OK);
    forged = lift;
    strstr(forged.s, "floor 7")[6] = '8';
    T_EQ_I(hr_release_accept(&s, forged.s, forged.n, &phone, 5000, &m, &verdict, &slot, &err), HR_E_DENIED);
    T_CHECK(killed(&d));
    for (long step = 0; step <= STATE_PIECES; step++) { /* lifted whole or not at all */
        disk cut = d;
        cut.steps = step, cut.half = true;
        const bool done = install(&cut, &lift, 6, 5000);
        T_EQ_I(killed(&cut), !done);
        cut.steps = 1 << 20;
        T_CHECK(install(&cut, &lift, 6, 5000) && !killed(&cut));
        s = state_of(&cut);
        T_EQ_I(hr_release_accept(&s, kill.s, kill.n, &phone, 200, &m, &verdict, &slot, &err), HR_E_DENIED); /* no way back */
    }
}
T_TEST(signing_and_reading_refuse_what_is_none) {
    uint8_t secret[32] = {1};
    char line[HR_RELEASE_LINE + 1];
    static char large[HR_RELEASE_BYTES + 1];
    hr_release m;
    T_EQ_I(hr_release_sign(secret, large, sizeof large, line, &err), HR_E_LIMIT);
    T_EQ_I(line[0], 0);
    T_EQ_I(hr_release_sign(secret, "pay 5\n", 6, line, &err), HR_E_FORMAT); /* no other text gets a signature */
    T_EQ_I(line[0], 0);
    T_EQ_I(hr_release_read("pay 5\n", 6, &m, &err), HR_E_FORMAT);
    const manifest t = make_release("model", 1, 0, 90000);
    T_EQ_I(hr_release_read(t.s, t.n, &m, &err), HR_OK);
    T_CHECK(m.version == 1 && m.n_files == 1 && m.file[0].size == FILE_BYTES);
}
T_MAIN(T_RUN(a_cut_anywhere_leaves_what_runs_whole), T_RUN(a_slot_that_is_not_what_was_signed_never_runs),
       T_RUN(a_kill_is_all_or_nothing), T_RUN(a_kill_holds_until_a_newer_one_lifts_it),
       T_RUN(signing_and_reading_refuse_what_is_none))
