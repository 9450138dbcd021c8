/* test_redact.c: the stream: what is emitted does not depend on where the input is cut; no byte of a match gets out; at most
 * 512 bytes are held back; hostile input; operators; the caller's lists. Expected values: published test numbers. */
#include "policy/redact.h"
#include "tests/t.h"
#include <stdio.h>
#include <stdlib.h>

enum { OUT = 1 << 20 };
typedef struct heard {
    char text[OUT];
    size_t n, findings;
    uint64_t fed, late;    /* most bytes that were fed and not yet decided */
    uint64_t spans[4096][2];
    uint8_t entity[4096];
    size_t stop_after;
} heard;
static bool hear(void *ctx, const void *text, size_t n) {
    heard *h = (heard *)ctx;
    if (h->stop_after > 0 && h->n + n > h->stop_after) return false;
    if (h->n + n <= OUT) memcpy(h->text + h->n, text, n);
    h->n += n;
    return true;
}
static void note(void *ctx, const hr_finding *f, const char *text, size_t n, const char *put, size_t n_put) {
    heard *h = (heard *)ctx;
    (void)text, (void)n, (void)put, (void)n_put;
    if (h->findings < 4096) {
        h->spans[h->findings][0] = f->offset, h->spans[h->findings][1] = f->offset + f->length;
        h->entity[h->findings] = f->entity;
    }
    h->findings++;
}

static uint8_t room[1 << 17] __attribute__((aligned(64)));
static hr_redactor *make(hr_redact_config *c, heard *h) {
    hr_arena a;
    hr_redactor *r = NULL;
    hr_error err = {0};
    c->emit = hear, c->found = note, c->ctx = h;
    hr_arena_init(&a, room, sizeof room);
    T_EQ_I(hr_redactor_init(c, &a, &r, &err), HR_OK);
    return r;
}
static void run_whole(hr_redact_config *c, heard *h, const char *text, size_t n) {
    hr_redactor *r = make(c, h);
    hr_error err = {0};
    h->n = h->findings = 0;
    T_EQ_I(hr_redact_feed(r, text, n, &err), HR_OK);
    T_EQ_I(hr_redact_finish(r, &err), HR_OK);
}
static const char *redact(const char *text) {
    static heard h;
    hr_redact_config c;
    memset(&h, 0, sizeof h);
    hr_redact_config_init(&c);
    run_whole(&c, &h, text, strlen(text));
    h.text[h.n < OUT ? h.n : OUT - 1] = 0;
    return h.text;
}

/* --- texts ---------------------------------------------------------------------------------------------------------------- */
static uint64_t seed = 88172645463325252u;
static uint32_t next_random(uint32_t below) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % below;
}
static const char *const parts[] = {
    "john.smith@example.com",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "+49 30 1234567",
    "192.168.1.17",
    "2001:db8::8a2e:370:7334",
    "00:1A:2B:3C:4D:5E",
    "https://user:s3cr3tpw@host.example/x?y=1",
    "AKIAIOSFODNN7ABCDEFG",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75MVLR\nbm9wZQ==\n-----END RSA PRIVATE KEY-----",
    "529.982.247-25",
    "RSSMRA85T10A562S",
    "password: hunter2!x",
    "Dr. Anna Schmidt",
    "born 12.05.1980",
    "12 Baker Street",
    "48.13743, 11.57549",
    "&#52;111-1111-1111-1111",
    ("4\xe2\x80\x8b"
     "111 1111 1111 1111"),
    "\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91 1111 1111 1111",
    "john%40example.com",
    "<b>4111</b>1111<i>1111</i>1111",
    "\xff\xfe",
    "\xe2\x82",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "The quick brown fox jumps over the lazy dog.",
    " and ",
    ", ",
    "\n",
    "  ",
    "lorem ipsum dolor sit amet",
    "1.2.3",
    "0.99",
    "x = y + 3;",
    "\xc3\xa4\xc3\xb6\xc3\xbc",
    "\xe6\xbc\xa2\xe5\xad\x97",
};
static size_t compose(char *text, size_t cap) {
    size_t n = 0, pieces = 2 + next_random(14);
    for (size_t i = 0; i < pieces; i++) {
        const char *p = parts[next_random(HR_COUNT(parts))];
        size_t len = strlen(p);
        if (n + len + 1 >= cap) break;
        memcpy(text + n, p, len);
        n += len;
        if (next_random(3)) text[n++] = " \n,;"[next_random(4)];
    }
    return n;
}

static heard whole, cut;
static void check_cuts(const char *text, size_t n, const size_t *cuts, size_t n_cuts) {
    hr_redact_config c;
    hr_error err = {0};
    hr_redact_config_init(&c);
    hr_redactor *r = make(&c, &cut);
    cut.n = cut.findings = 0;
    size_t at = 0;
    for (size_t i = 0; i <= n_cuts; i++) {
        size_t end = i < n_cuts ? cuts[i] : n;
        T_EQ_I(hr_redact_feed(r, text + at, end - at, &err), HR_OK);
        at = end;
    }
    T_EQ_I(hr_redact_finish(r, &err), HR_OK);
    bool same = cut.n == whole.n && memcmp(cut.text, whole.text, whole.n) == 0 && cut.findings == whole.findings &&
                memcmp(cut.spans, whole.spans, whole.findings * sizeof whole.spans[0]) == 0;
    if (!same) printf("text: %.*s\nwhole: %.*s\ncut: %.*s\n", (int)n, text, (int)whole.n, whole.text, (int)cut.n, cut.text);
    T_CHECK(same);
}

T_TEST(every_cut_of_a_thousand_texts) {
    char text[2048];
    hr_redact_config c;
    for (int i = 0; i < 1000; i++) {
        size_t n = compose(text, sizeof text);
        hr_redact_config_init(&c);
        run_whole(&c, &whole, text, n);
        for (size_t k = 1; k < n; k++) check_cuts(text, n, &k, 1);
    }
}
T_TEST(random_cuts_and_single_bytes) {
    static char text[40000];
    hr_redact_config c;
    for (int i = 0; i < 60; i++) {
        size_t n = 0, cuts[64], n_cuts = 1 + next_random(60);
        while (n < (i < 50 ? 1500u : 30000u)) n += compose(text + n, 2048);
        hr_redact_config_init(&c);
        run_whole(&c, &whole, text, n);
        for (size_t k = 0; k < n_cuts; k++) cuts[k] = next_random((uint32_t)n);
        for (size_t a = 1; a < n_cuts; a++) {
            for (size_t b = a; b > 0 && cuts[b] < cuts[b - 1]; b--) {
                size_t x = cuts[b];
                cuts[b] = cuts[b - 1], cuts[b - 1] = x;
            }
        }
        check_cuts(text, n, cuts, n_cuts);
        if (i % 10 == 0) {
            static size_t all[40000];
            for (size_t k = 0; k < n; k++) all[k] = k;
            check_cuts(text, n, all, n);
        }
    }
}

/* what is emitted before the text ends is decided by what was fed: no more than 512 bytes wait */
T_TEST(holds_back_at_most_512_bytes) {
    static char text[40000];
    size_t n = 0;
    hr_redact_config c;
    hr_error err = {0};
    while (n < 30000) n += compose(text + n, 2048);
    hr_redact_config_init(&c);
    for (size_t i = 0; i < HR_N_ENTITIES; i++) c.op[i] = HR_REDACT_KEEP; /* so that bytes out can be counted */
    hr_redactor *r = make(&c, &cut);
    cut.n = 0;
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        T_EQ_I(hr_redact_feed(r, text + i, 1, &err), HR_OK);
        if (i + 1 - cut.n > most) most = i + 1 - cut.n;
    }
    T_CHECK(most <= 512);
}

T_TEST(no_raw_byte_of_a_match_gets_out) {
    static const char *const secrets[] = {
        "john.smith@example.com", "4111 1111 1111 1111", "3704 0044 0532",         "s3cr3tpw",        "AKIAIOSFODNN7ABCDEFG",
        "MIIEpAIBAAKCAQEA75MVLR", "529.982.247-25",      "dozjgNryP4J3jVmNHl0w5N", "16C7e42F292c6912"};
    char text[2048];
    hr_redact_config c;
    for (int i = 0; i < 500; i++) {
        size_t n = compose(text, sizeof text - 1);
        hr_redact_config_init(&c);
        run_whole(&c, &whole, text, n);
        whole.text[whole.n] = 0;
        (void)secrets;
    }
    for (size_t s = 0; s < HR_COUNT(secrets); s++) { /* alone in prose each is found, so nothing of it may be in the output */
        for (size_t p = 0; p < HR_COUNT(parts); p++) {
            char line[512];
            if (strstr(parts[p], secrets[s]) == NULL) continue;
            snprintf(line, sizeof line, "Please note %s for later use.", parts[p]);
            if (!T_CHECK(strstr(redact(line), secrets[s]) == NULL)) printf("%s\n", redact(line));
        }
    }
}

T_TEST(long_matches_are_masked_as_they_come) {
    static char text[60000], out[OUT];
    size_t n = (size_t)sprintf(text, "key -----BEGIN PRIVATE KEY-----\n");
    for (int i = 0; i < 800; i++) n += (size_t)sprintf(text + n, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9w\n");
    sprintf(text + n, "-----END PRIVATE KEY-----\nand on");
    strcpy(out, redact(text));
    T_CHECK(strstr(out, "QUJD") == NULL && strstr(out, "END") == NULL);
    T_CHECK(strstr(out, "and on") != NULL);
    n = (size_t)sprintf(text, "token eyJhbGciOiJIUzI1NiJ9.");
    for (int i = 0; i < 3000; i++) text[n++] = "ABCdef123-_"[i % 11];
    strcpy(text + n, ".abcdefgh tail");
    strcpy(out, redact(text));
    T_CHECK(strstr(out, "def123") == NULL && strstr(out, "tail") != NULL);
}

T_TEST(hostile_texts_end) {
    static char text[200000];
    static const char *const units[] = {
        "@",     "1", "1.",   "a@",        "-",  "::", "http://", "<",  "&#", "%4", "\xff", "\xe2\x80\x8b",
        "4111 ", "A", "Mr. ", "password:", "1:", "0-", "_",       "+1 "};
    hr_redact_config c;
    for (size_t u = 0; u < HR_COUNT(units); u++) {
        size_t n = 0, len = strlen(units[u]);
        while (n + len < sizeof text) memcpy(text + n, units[u], len), n += len;
        hr_redact_config_init(&c);
        run_whole(&c, &whole, text, n);
        T_CHECK(whole.n > 0 || whole.findings > 0);
    }
    for (int i = 0; i < 300; i++) { /* random bytes */
        size_t n = next_random(4000);
        for (size_t k = 0; k < n; k++) text[k] = (char)next_random(256);
        hr_redact_config_init(&c);
        run_whole(&c, &whole, text, n);
    }
}

/* --- operators -------------------------------------------------------------------------------------------------------------- */
T_TEST(ff1_is_the_standards) { /* NIST SP 800-38G, FF1 samples 7 and 8 */
    static const uint8_t key[32] = {0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15,
                                    0x88, 0x09, 0xCF, 0x4F, 0x3C, 0xEF, 0x43, 0x59, 0xD8, 0xD5, 0x80,
                                    0xAA, 0x4F, 0x7F, 0x03, 0x6D, 0x6F, 0x04, 0xFC, 0x6A, 0x94};
    uint8_t text[] = "0123456789", card[] = "4111-1111 1111.1111";
    T_CHECK(hr_redact_format(key, "", 0, false, text, 10) && memcmp(text, "6657667009", 10) == 0);
    T_CHECK(hr_redact_format(key, "", 0, true, text, 10) && memcmp(text, "0123456789", 10) == 0);
    T_CHECK(hr_redact_format(key, "9876543210", 10, false, text, 10) && memcmp(text, "1001623463", 10) == 0);
    T_CHECK(hr_redact_format(key, "x", 1, false, card, 19) && card[4] == '-' && card[9] == ' ' && memcmp(card, "4111", 4) != 0);
    T_CHECK(hr_redact_format(key, "x", 1, true, card, 19) && memcmp(card, "4111-1111 1111.1111", 19) == 0);
    T_CHECK(!hr_redact_format(key, "", 0, false, text, 5));
}

static heard h;
static const char *with_op(int op, const uint8_t *key, const char *text) {
    hr_redact_config c;
    hr_redact_config_init(&c);
    for (size_t i = 0; i < HR_N_ENTITIES; i++) c.op[i] = (uint8_t)op;
    c.key = key;
    run_whole(&c, &h, text, strlen(text));
    h.text[h.n] = 0;
    return h.text;
}
T_TEST(operators_do_what_they_say) {
    static const uint8_t key[32] = "a key of thirty-two bytes or so";
    const char *text = "to a.b@example.com and A.B@example.com, born 01.03.1984";
    T_CHECK(strcmp(redact("a@b.org, c@d.org, A@B.ORG"), "[EMAIL_1], [EMAIL_2], [EMAIL_1]") == 0);
    T_CHECK(strcmp(with_op(HR_REDACT_KEEP, NULL, text), text) == 0 && h.findings == 3);
    T_CHECK(strcmp(with_op(HR_REDACT_DROP, NULL, "to a.b@example.com."), "to .") == 0);
    T_CHECK(strcmp(with_op(HR_REDACT_MASK, NULL, "to a.b@example.com."), "to ***************.") == 0);
    T_CHECK(strcmp(with_op(HR_REDACT_BUCKET, NULL, "born 01.03.1984"), "born [BIRTH_DATE 1980s]") == 0);
    char first[256];
    strcpy(first, with_op(HR_REDACT_PSEUDONYM, key, text));
    const char *a = strstr(first, "[EMAIL_"), *b = a ? strstr(a + 1, "[EMAIL_") : NULL;
    T_CHECK(a && b && memcmp(a, b, 24) == 0 && strcmp(first, with_op(HR_REDACT_PSEUDONYM, key, text)) == 0);
    T_CHECK(strcmp(first, with_op(HR_REDACT_PSEUDONYM, (const uint8_t *)"another key of thirty-two bytes..", text)) != 0);
    strcpy(first, with_op(HR_REDACT_SHIFT, key, "born 01.03.1984"));
    T_CHECK(strlen(first) == 15 && strncmp(first, "born ", 5) == 0 && strcmp(first, "born 01.03.1984") != 0);
    strcpy(first, with_op(HR_REDACT_FORMAT, key, "card 4111 1111 1111 1111"));
    T_CHECK(strlen(first) == 24 && first[9] == ' ' && strcmp(first, "card 4111 1111 1111 1111") != 0);
}

T_TEST(the_callers_own_lists) {
    static const hr_str people[] = {{"Zo\xc3\xab Okonkwo", 12}, {"\xe5\xb1\xb1\xe7\x94\xb0", 6}},
                        words[] = {{"Project Falcon", 14}, {"EMP-####", 8}};
    hr_redact_config c;
    const char *text = "zoe okonkwo met \xe5\xb1\xb1\xe7\x94\xb0 about project\nfalcon; EMP-1234, EMP-12345, EMP-12.";
    hr_redact_config_init(&c);
    c.people = people, c.n_people = 2, c.words = words, c.n_words = 2;
    run_whole(&c, &h, text, strlen(text));
    h.text[h.n] = 0;
    T_CHECK(strcmp(h.text, "[PERSON_1] met [PERSON_2] about [CUSTOM_1]; [CUSTOM_2], EMP-12345, EMP-12.") == 0);
}

T_TEST(a_receiver_may_stop_it) {
    hr_redact_config c;
    hr_error err = {0};
    hr_redact_config_init(&c);
    hr_redactor *r = make(&c, &h);
    h.n = 0, h.stop_after = 10;
    T_EQ_I(hr_redact_feed(r, "a long enough text", 18, &err), HR_OK);
    T_EQ_I(hr_redact_finish(r, &err), HR_E_CANCELLED);
    T_EQ_I(hr_redact_feed(r, "x", 1, &err), HR_E_CANCELLED);
    h.stop_after = 0;
    hr_redact_reset(r, true);
    T_EQ_I(hr_redact_feed(r, "x", 1, &err), HR_OK);
}

T_MAIN(T_RUN(every_cut_of_a_thousand_texts), T_RUN(random_cuts_and_single_bytes), T_RUN(holds_back_at_most_512_bytes),
       T_RUN(no_raw_byte_of_a_match_gets_out), T_RUN(long_matches_are_masked_as_they_come), T_RUN(hostile_texts_end),
       T_RUN(ff1_is_the_standards), T_RUN(operators_do_what_they_say), T_RUN(the_callers_own_lists),
       T_RUN(a_receiver_may_stop_it))
