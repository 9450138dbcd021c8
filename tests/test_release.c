/* test_release.c: signed releases: the attacks of TUF's table one by one, hostile text, roll-out, slots, and a power cut at
 * every byte of every save. Keys and texts are made here; Ed25519 itself is judged in test_crypto.c. */
#include "tests/t.h"

#include "engine/base/crypto.h"
#include "policy/release.h"

typedef struct text {
    char s[20000];
    size_t n;
} text;
static void seed_of(int key, uint8_t seed[32]) { memset(seed, key + 1, 32); }
static void add(text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(text *t, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    t->n += (size_t)vsnprintf(t->s + t->n, sizeof t->s - t->n, fmt, args);
    va_end(args);
}
static void add_hex(text *t, const uint8_t *b, size_t n) {
    for (size_t i = 0; i < n; i++) add(t, "%02x", b[i]);
}
static void add_key(text *t, const char *word, int key, char end) {
    uint8_t seed[32], pub[32];
    seed_of(key, seed);
    hr_ed25519_public(seed, pub);
    add(t, "%s ", word);
    add_hex(t, pub, 32);
    add(t, "%c", end);
}
/* keys: a letter each; "ab" signs with keys a and b */
static void sign(text *t, const char *keys) {
    const size_t n = t->n;
    for (; *keys; keys++) {
        uint8_t seed[32], pub[32], sig[64];
        seed_of(*keys, seed);
        hr_ed25519_public(seed, pub);
        hr_ed25519_sign(seed, pub, t->s, n, sig);
        add_key(t, "sign", *keys, ' ');
        add_hex(t, sig, 64);
        add(t, "\n");
    }
}
static text root_text(unsigned version, unsigned expires, unsigned t0, const char *k0, unsigned t1, const char *k1,
                      const char *by) {
    text t = {"", 0};
    add(&t, "hearth-root 1\nversion %u\nexpires %u\nroot %u\n", version, expires, t0);
    for (; *k0; k0++) add_key(&t, "key", *k0, '\n');
    add(&t, "release %u\n", t1);
    for (; *k1; k1++) add_key(&t, "key", *k1, '\n');
    sign(&t, by);
    return t;
}
typedef struct spec {
    unsigned root, version, expires, floor, rollout, file;
    const char *name, *by;
} spec;
static const spec usual = {1, 5, 900, 0, 10000, 7, "tiny", "xy"};
static text release_text(spec m) {
    text t = {"", 0};
    add(&t, "hearth-release 1\nroot %u\nkind model\nname %s\nversion %u\nexpires %u\nfloor %u\nclass phone\nclass laptop\n"
            "rollout %u\nfile %u ", m.root, m.name, m.version, m.expires, m.floor, m.rollout, m.file);
    uint8_t hash[32];
    memset(hash, (int)m.file, 32);
    add_hex(&t, hash, 32);
    add(&t, "\n");
    sign(&t, m.by);
    return t;
}
static const hr_release_device phone = {1 << 2, "0123456789abcdef", 16};
static hr_error err;
static hr_release last;
static hr_release_verdict verdict;
static int slot;
static hr_status offer(hr_release_state *s, const text *t, uint64_t now) {
    hr_error_clear(&err);
    const hr_release_state before = *s;
    const hr_status status = hr_release_accept(s, t->s, t->n, &phone, now, &last, &verdict, &slot, &err);
    if (status != HR_OK) T_CHECK(memcmp(&before, s, sizeof before) == 0 && err.what[0] && slot == -1);
    return status;
}
static hr_status offer_spec(hr_release_state *s, spec m) {
    const text t = release_text(m);
    return offer(s, &t, 100);
}
static hr_status install(hr_release_state *s, spec m) {
    HR_TRY(offer_spec(s, m));
    hr_error_clear(&err);
    return hr_release_switch(s, &last, last.file, last.n_files, &err);
}
static hr_release_state fresh(void) {
    hr_release_state s;
    const text t = root_text(1, 1000, 2, "abc", 2, "xyz", "ab");
    hr_error_clear(&err);
    T_EQ_I(hr_release_init(&s, t.s, t.n, 100, &err), HR_OK);
    return s;
}
static hr_status turn(hr_release_state *s, text t, uint64_t now) {
    hr_error_clear(&err);
    return hr_release_rotate(s, t.s, t.n, now, &err);
}

T_TEST(installs_and_goes_back) {
    hr_release_state s = fresh();
    spec m = usual;
    T_EQ_I(offer_spec(&s, m), HR_OK);
    T_EQ_I(verdict, HR_RELEASE_INSTALL);
    T_EQ_I(hr_release_active(&s, last.id), -1);
    hr_release_file wrong = last.file[0];
    wrong.sha256[31] ^= 1;
    T_EQ_I(hr_release_switch(&s, &last, &wrong, 1, &err), HR_E_DENIED);
    T_EQ_I(hr_release_switch(&s, &last, &wrong, 0, &err), HR_E_DENIED);
    wrong = last.file[0], wrong.size++;
    T_EQ_I(hr_release_switch(&s, &last, &wrong, 1, &err), HR_E_DENIED);
    T_EQ_I(hr_release_switch(&s, &last, last.file, 0, &err), HR_E_DENIED);
    T_EQ_I(hr_release_active(&s, last.id), -1);
    T_EQ_I(hr_release_switch(&s, &last, last.file, 1, &err), HR_OK);
    const int first = hr_release_active(&s, last.id);
    T_EQ_I(first, slot);
    T_EQ_I(offer_spec(&s, m), HR_OK);
    T_CHECK(verdict == HR_RELEASE_HAVE && slot == first);
    m.version = 6, m.file = 8;
    T_EQ_I(install(&s, m), HR_OK);
    T_EQ_I(hr_release_active(&s, last.id), 1 - first);
    T_EQ_I(hr_release_back(&s, last.id, &err), HR_OK);
    T_EQ_I(hr_release_active(&s, last.id), first);
    m.version = 7, m.floor = 6; /* the floor stops what runs, and 5 is not gone back to */
    T_EQ_I(offer_spec(&s, m), HR_OK);
    T_EQ_I(hr_release_active(&s, last.id), -1);
    T_EQ_I(hr_release_back(&s, last.id, &err), HR_E_STATE); /* 6 is about to be overwritten */
    T_EQ_I(hr_release_switch(&s, &last, last.file, 1, &err), HR_OK);
    T_EQ_I(hr_release_back(&s, last.id, &err), HR_E_STATE); /* 5 is below the floor */
    T_EQ_I(hr_release_active(&s, last.id), 1 - first);
}

T_TEST(attacks) {
    hr_release_state s = fresh();
    spec m = usual;
    T_EQ_I(install(&s, m), HR_OK);
    m.version = 4;
    T_EQ_I(offer_spec(&s, m), HR_E_DENIED); /* rollback */
    m = usual, m.file = 9;
    T_EQ_I(offer_spec(&s, m), HR_E_DENIED); /* two manifests of one version */
    m = usual, m.version = 6, m.expires = 100;
    T_EQ_I(offer_spec(&s, m), HR_E_DENIED); /* freeze: an old one shown for ever */
    m = usual, m.version = 6, m.root = 2;
    T_EQ_I(offer_spec(&s, m), HR_E_DENIED); /* mixed with another root */
    const char *const few[] = {"x", "ab", "xa", "xq", "abcpq"}; /* too few, wrong role, strangers */
    for (size_t i = 0; i < HR_COUNT(few); i++) {
        m = usual, m.version = 6, m.by = few[i];
        T_EQ_I(offer_spec(&s, m), HR_E_DENIED);
    }
    m = usual, m.version = 6, m.by = "xx"; /* one key twice */
    T_EQ_I(offer_spec(&s, m), HR_E_FORMAT);
    m.by = "yz";
    text t = release_text(m), other = release_text(usual);
    for (size_t i = 0; i < t.n; i++) { /* any byte changed, any end cut off */
        const text good = t;
        t.s[i] ^= 1;
        T_CHECK(offer(&s, &t, 100) != HR_OK);
        t = good;
        t.n = i;
        T_CHECK(offer(&s, &t, 100) != HR_OK);
        t = good;
    }
    char *mine = strstr(t.s, "sign "), *theirs = strstr(other.s, "sign "); /* signatures of another manifest */
    strcpy(mine, theirs);
    t.n = strlen(t.s);
    T_EQ_I(offer(&s, &t, 100), HR_E_DENIED);
    const text root = root_text(1, 1000, 1, "x", 1, "y", "xy"); /* one kind of text for the other */
    T_EQ_I(offer(&s, &root, 100), HR_E_FORMAT);
    m.by = "xyz";
    T_EQ_I(offer_spec(&s, m), HR_OK);
    const hr_release old = last;
    m.version = 7;
    T_EQ_I(offer_spec(&s, m), HR_OK);
    T_EQ_I(hr_release_switch(&s, &old, old.file, 1, &err), HR_E_STATE); /* accepted, but overtaken */
}

T_TEST(time_does_not_go_back) {
    hr_release_state s = fresh();
    spec m = usual;
    text t = release_text(m);
    T_EQ_I(offer(&s, &t, 899), HR_OK);
    m.version = 6, m.expires = 899;
    t = release_text(m);
    T_EQ_I(offer(&s, &t, 0), HR_E_DENIED);
    m.expires = 2000;
    t = release_text(m);
    T_EQ_I(offer(&s, &t, 1000), HR_E_DENIED); /* the root has expired */
    T_EQ_I(offer(&s, &t, 999), HR_OK);
}

T_TEST(roots_turn_one_step) {
    hr_release_state s = fresh();
    spec m = usual;
    m.version = UINT32_MAX, m.floor = UINT32_MAX; /* thieves with x and y block all versions */
    T_EQ_I(offer_spec(&s, m), HR_OK);
    const hr_release theirs = last;
    m = usual;
    T_EQ_I(offer_spec(&s, m), HR_E_DENIED);
    T_EQ_I(turn(&s, root_text(3, 2000, 1, "d", 1, "w", "abd"), 100), HR_E_DENIED);  /* two steps */
    T_EQ_I(turn(&s, root_text(1, 2000, 1, "d", 1, "w", "abd"), 100), HR_E_DENIED);  /* none */
    T_EQ_I(turn(&s, root_text(2, 2000, 1, "d", 1, "w", "ad"), 100), HR_E_DENIED);   /* the old threshold */
    T_EQ_I(turn(&s, root_text(2, 2000, 1, "d", 1, "w", "abc"), 100), HR_E_DENIED);  /* the new one */
    T_EQ_I(turn(&s, root_text(2, 2000, 1, "d", 1, "w", "xyd"), 100), HR_E_DENIED);  /* release keys make no root */
    T_EQ_I(turn(&s, root_text(2, 100, 1, "d", 1, "w", "abd"), 100), HR_E_DENIED);   /* expired */
    T_EQ_I(turn(&s, root_text(2, 2000, 2, "d", 1, "w", "abd"), 100), HR_E_FORMAT);  /* a threshold never reached */
    T_EQ_I(turn(&s, root_text(2, 2000, 1, "dd", 1, "w", "abd"), 100), HR_E_FORMAT); /* a key twice */
    T_EQ_I(turn(&s, root_text(2, 2000, 1, "d", 1, "d", "abd"), 100), HR_E_FORMAT);  /* in both roles */
    T_EQ_U(s.root.version, 1);
    hr_release_state late = s;
    late.now = 3000;
    T_EQ_I(turn(&late, root_text(2, 2000, 1, "d", 1, "w", "bcd"), 100), HR_E_DENIED); /* by the latest time seen */
    T_EQ_I(turn(&s, root_text(2, 2000, 1, "d", 1, "w", "bcd"), 1500), HR_OK);       /* also after the old one's end */
    T_EQ_I(hr_release_switch(&s, &theirs, theirs.file, 1, &err), HR_E_STATE);       /* accepted under the old one */
    T_EQ_I(offer_spec(&s, m), HR_E_DENIED);                                         /* the old keys and the old root */
    m.root = 2, m.expires = 1600;
    T_EQ_I(offer_spec(&s, m), HR_E_DENIED);
    m.by = "w";
    T_EQ_I(install(&s, m), HR_OK);
    T_CHECK(hr_release_active(&s, last.id) >= 0);
}

T_TEST(rolls_out_by_class_and_bucket) {
    hr_release_state s = fresh();
    spec m = usual;
    T_EQ_I(offer_spec(&s, m), HR_OK);
    const uint32_t bucket = hr_release_bucket(&phone, last.id);
    m.version++, m.rollout = bucket;
    T_EQ_I(offer_spec(&s, m), HR_OK);
    T_EQ_I(verdict, HR_RELEASE_WAIT);
    m.version++, m.rollout = bucket + 1;
    T_EQ_I(offer_spec(&s, m), HR_OK);
    T_EQ_I(verdict, HR_RELEASE_INSTALL);
    hr_release_device server = phone;
    server.classes = 1 << 5;
    m.rollout = 10000, m.version++;
    const text t = release_text(m);
    T_EQ_I(hr_release_accept(&s, t.s, t.n, &server, 100, &last, &verdict, &slot, &err), HR_OK);
    T_EQ_I(verdict, HR_RELEASE_WAIT);
    int low = 0; /* 10,000 devices, 10 %: binomial, sd 30; 6 sd */
    for (uint64_t i = 0; i < 10000; i++) {
        const uint64_t secret[2] = {i, 1};
        low += hr_release_bucket(&(hr_release_device){1, secret, 16}, last.id) < 1000;
    }
    T_CHECK(low > 820 && low < 1180);
    server.n_secret = 15;
    T_EQ_I(hr_release_accept(&s, t.s, t.n, &server, 100, &last, &verdict, &slot, &err), HR_E_ARG);
}

T_TEST(hostile_text) {
    static const struct { const char *from, *to, *where; hr_status status; } cases[] = {
        {"root 1", "root 01", "line 2, column 7", HR_E_FORMAT},
        {"root 1", "root  1", "line 2, column 6", HR_E_FORMAT},
        {"root 1\n", "root 1\r\n", "line 2, column 7", HR_E_FORMAT},
        {"kind model", "kind modem", "line 3, column 6", HR_E_FORMAT},
        {"kind model", "kind kill", "line 12, column 1", HR_E_FORMAT},
        {"name tiny", "name ../tiny", "line 4, column 6", HR_E_FORMAT},
        {"name tiny", "name a//b", "line 4, column 8", HR_E_FORMAT},
        {"name tiny", "name tiny/", "line 4, column 11", HR_E_FORMAT},
        {"name tiny", "name tiny\t", "line 4, column 10", HR_E_FORMAT},
        {"version 5", "version 0", "line 5, column 10", HR_E_LIMIT},
        {"version 5", "version 4294967296", "line 5, column 19", HR_E_LIMIT},
        {"version 5", "version 99999999999999999999", "line 5, column 28", HR_E_LIMIT},
        {"version 5", "version -5", "line 5, column 9", HR_E_FORMAT},
        {"class phone\nclass laptop", "class laptop\nclass phone", "line 9, column 12", HR_E_FORMAT},
        {"rollout 10000", "rollout 10001", "line 10, column 14", HR_E_LIMIT},
        {"sign ", "SIGN ", "line 12, column 1", HR_E_FORMAT},
        {"file 7 07", "file 7 0A", "line 11, column 9", HR_E_FORMAT},
    };
    hr_release_state s = fresh();
    for (size_t i = 0; i < HR_COUNT(cases); i++) {
        const text good = release_text(usual);
        const char *at = strstr(good.s, cases[i].from);
        text bad = {"", 0};
        T_NEED(T_CHECK(at != NULL));
        add(&bad, "%.*s%s%s", (int)(at - good.s), good.s, cases[i].to, at + strlen(cases[i].from));
        T_EQ_I(offer(&s, &bad, 100), cases[i].status);
        T_EQ_STR(err.where, cases[i].where);
    }
    text large = {"", 0};
    large.n = HR_RELEASE_BYTES + 1;
    memset(large.s, 'x', large.n);
    T_EQ_I(offer(&s, &large, 100), HR_E_LIMIT);
    for (int i = 0; i < HR_RELEASE_ITEMS + 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        spec m = usual;
        m.name = name;
        T_EQ_I(offer_spec(&s, m), i < HR_RELEASE_ITEMS ? HR_OK : HR_E_LIMIT);
    }
}

/* the file is old up to the cut, then new, then (a sector half written) noise */
T_TEST(power_cut_at_every_byte) {
    static uint8_t file[2 * HR_RELEASE_RECORD], cut_file[sizeof file], record[HR_RELEASE_RECORD];
    hr_release_state s = fresh(), got, before;
    uint64_t at;
    spec m = usual;
    hr_release_save(&s, record, &at);
    memcpy(file + at, record, sizeof record);
    for (int step = 0; step < 4; step++, m.version++, m.file++) {
        before = s;
        T_EQ_I(install(&s, m), HR_OK);
        hr_release_save(&s, record, &at);
        for (size_t cut = 0; cut <= sizeof record; cut += step < 2 ? 1 : 97) {
            memcpy(cut_file, file, sizeof file);
            memcpy(cut_file + at, record, cut);
            for (int noise = 0; noise < 2; noise++) {
                hr_error_clear(&err);
                const bool loaded = hr_release_load(&got, cut_file, sizeof file, &err) == HR_OK;
                const bool is_new = loaded && memcmp(&got, &s, sizeof s) == 0;
                if (!T_CHECK(loaded && (is_new || memcmp(&got, &before, sizeof s) == 0))) return;
                if (cut == sizeof record) T_CHECK(is_new);
                const size_t torn = hr_min_size(512, sizeof record - cut);
                memset(cut_file + at + cut, 0xa5, torn);
            }
        }
        memcpy(file + at, record, sizeof record);
    }
    memset(file, 0, sizeof file);
    T_EQ_I(hr_release_load(&got, file, sizeof file, &err), HR_E_FORMAT);
    T_EQ_I(hr_release_load(&got, file, 10, &err), HR_E_FORMAT);
}

T_MAIN(T_RUN(installs_and_goes_back), T_RUN(attacks), T_RUN(time_does_not_go_back), T_RUN(roots_turn_one_step),
       T_RUN(rolls_out_by_class_and_bucket), T_RUN(hostile_text), T_RUN(power_cut_at_every_byte))
