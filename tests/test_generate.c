/* generate.c: the text side against a slow oracle (look at every beginning of the whole text), over random cuts into
 * tokens; then generation itself on a real model when it is there. */
#include "tests/t.h"
#include "engine/generate.h"
#include "engine/hearth.h"

static uint64_t state = 1;
static uint32_t pick(uint32_t n) { /* xorshift64* */
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return (uint32_t)((state * 2685821657736338717u) >> 33) % n;
}
typedef struct sink {
    char text[1 << 14];
    size_t n;
    int pieces, stop_after, bad_utf8;
    int32_t last_token;
} sink;
static bool is_utf8(const char *s, size_t n) { return hr_utf8_valid(s, n); }
static int on_piece(void *ctx, const hearth_piece *p) {
    sink *s = (sink *)ctx;
    if (s->n + p->n_text <= sizeof s->text) memcpy(s->text + s->n, p->text, p->n_text);
    s->n += p->n_text;
    s->pieces++;
    s->last_token = p->token;
    s->bad_utf8 += !is_utf8(p->text, p->n_text);
    return s->stop_after && s->pieces >= s->stop_after;
}

/* --- the oracle ---------------------------------------------------------------------------------------------- */
/* U+FFFD for each maximal ill-formed part, straight from table 3-7 of the Unicode standard as a list of ranges */
static size_t well_formed(const unsigned char *s, size_t n, bool *whole) {
    static const unsigned char rows[][8] = {
        {0x00, 0x7f}, {0xc2, 0xdf, 0x80, 0xbf}, {0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf}, {0xe1, 0xec, 0x80, 0xbf, 0x80,
                                                                                       0xbf},
        {0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf}, {0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf},
        {0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf}, {0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
        {0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf}};
    static const size_t lengths[] = {1, 2, 3, 3, 3, 3, 4, 4, 4};
    *whole = false;
    for (size_t r = 0; r < sizeof lengths / sizeof *lengths; r++) {
        size_t k = 0;
        while (k < lengths[r] && k < n && s[k] >= rows[r][2 * k] && s[k] <= rows[r][2 * k + 1]) k++;
        if (k == 0) continue;
        *whole = k == lengths[r];
        return k;
    }
    return 1;
}
static size_t repair(const char *in, size_t n, char *out) {
    size_t m = 0;
    for (size_t i = 0; i < n;) {
        bool whole;
        size_t k = well_formed((const unsigned char *)in + i, n - i, &whole);
        if (whole) memcpy(out + m, in + i, k), m += k;
        else memcpy(out + m, "\xef\xbf\xbd", 3), m += 3;
        i += k;
    }
    return m;
}
static size_t cut(const char *text, size_t n, const char *const *stop, size_t n_stop, bool *stopped) {
    *stopped = false;
    for (size_t end = 1; end <= n; end++) {
        size_t longest = 0;
        for (size_t i = 0; i < n_stop; i++) {
            size_t k = strlen(stop[i]);
            if (k <= end && memcmp(text + end - k, stop[i], k) == 0 && k > longest) longest = k;
        }
        if (longest) {
            *stopped = true;
            return end - longest;
        }
    }
    return n;
}

/* --- text ------------------------------------------------------------------------------------------------------ */
static void run_case(const char *text, size_t n, const char *const *stop, size_t n_stop, size_t most) {
    static hr_out o;
    static sink s;
    static char whole[1 << 14];
    bool stopped;
    memset(&s, 0, sizeof s);
    hr_out_begin(&o, stop, n_stop, on_piece, &s);
    for (size_t i = 0; i < n;) {
        size_t k = most ? pick((uint32_t)most + 1) : 1;
        if (k > n - i) k = n - i;
        hr_out_bytes(&o, text + i, k);
        i += k;
        if (o.stopped) break;
        hr_out_token(&o);
    }
    hr_out_end(&o);
    size_t m = repair(text, n, whole), want = cut(whole, m, stop, n_stop, &stopped);
    T_EQ_I(o.stopped, stopped);
    if (!T_EQ_U(s.n, want) || !T_EQ_MEM(s.text, whole, want)) printf("    got '%.*s'\n", (int)s.n, s.text);
    T_EQ_I(s.bad_utf8, 0);
}
T_TEST(random_texts_and_cuts) {
    static const char *const alphabet[] = {"a", "b", "ab", "aab", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                           "\xc3",
                                           "\xe2\x82", "\x80", "\xff", "\xed\xa0\x80", "\xc0\xaf", "\xe0\x80",
                                               "\xf4\x90", "\xf0\x80", "\n"};
    static const char *const stops[] = {"ab", "aab", "abab", "aaaa", "\xc3\xa9\xc3\xa9", "b\n", "\xf0\x9f\x98\x80",
                                        "bb",
                                        "aabaab", "\xef\xbf\xbd\xef\xbf\xbd", "b", "\xe2\x82\xac\x61"};
    for (int round = 0; round < 20000; round++) {
        char text[256];
        const char *stop[HR_MAX_STOP];
        size_t n = 0, n_stop = pick(4);
        uint32_t parts = pick(30), letters = round % 3 ? 17 : 2;
        for (uint32_t i = 0; i < parts; i++) {
            const char *a = alphabet[pick(letters)];
            memcpy(text + n, a, strlen(a));
            n += strlen(a);
        }
        for (size_t i = 0; i < n_stop; i++) stop[i] = stops[pick(12)];
        run_case(text, n, stop, n_stop, pick(6));
    }
}
T_TEST(longest_stops_and_long_tokens) {
    static char longest[HR_MAX_STOP_BYTES + 1], text[6000];
    const char *stop[HR_MAX_STOP];
    memset(longest, 'a', HR_MAX_STOP_BYTES);
    longest[HR_MAX_STOP_BYTES - 1] = 'b';
    for (int i = 0; i < HR_MAX_STOP; i++) stop[i] = longest;
    memset(text, 'a', sizeof text);
    run_case(text, sizeof text, stop, HR_MAX_STOP, 0);
    run_case(text, sizeof text, stop, HR_MAX_STOP, 5000); /* one token longer than the buffer */
    text[5500] = 'b';
    run_case(text, sizeof text, stop, HR_MAX_STOP, 0);
    run_case(text, sizeof text, stop, HR_MAX_STOP, 5000);
    run_case(text, sizeof text, NULL, 0, 5000);
}
T_TEST(held_back_only_while_undecided) {
    static hr_out o;
    sink s = {.n = 0};
    const char *const stop[] = {"END", "\n\n"};
    hr_out_begin(&o, stop, 2, on_piece, &s);
    hr_out_bytes(&o, "one E", 5), hr_out_token(&o), T_EQ_U(s.n, 4);
    hr_out_bytes(&o, "N", 1), hr_out_token(&o), T_EQ_U(s.n, 4);
    hr_out_bytes(&o, "T\n", 2), hr_out_token(&o), T_EQ_U(s.n, 7);
    hr_out_bytes(&o, "\xe2", 1), hr_out_token(&o), T_EQ_U(s.n, 7);
    hr_out_bytes(&o, "\x82\xac", 2), hr_out_token(&o), T_EQ_U(s.n, 11);
    T_EQ_I(s.pieces, 5); /* one a token, also when empty */
    hr_out_bytes(&o, "E", 1), hr_out_token(&o), T_EQ_U(s.n, 11);
    hr_out_end(&o);
    T_EQ_MEM(s.text, "one ENT\n\xe2\x82\xac" "E", 12);
    T_EQ_I(s.pieces, 7);
}
T_TEST(callback_that_ends_is_not_called_again) {
    static hr_out o;
    sink s = {.stop_after = 2};
    hr_out_begin(&o, NULL, 0, on_piece, &s);
    for (int i = 0; i < 5; i++) hr_out_bytes(&o, "x", 1), hr_out_token(&o);
    hr_out_end(&o);
    T_CHECK(o.asked_to_end);
    T_EQ_I(s.pieces, 2);
}
/* generated text with stop strings is the text without them, cut where the oracle cuts it */
T_TEST(stops_of_a_real_model) {
    const char *path = t_data("models/stories260K.gguf");
    if (!path) T_SKIP("no models/stories260K.gguf");
    hearth_model *m = NULL;
    hearth_session *s = NULL;
    hearth_sampling g = HEARTH_SAMPLING_GREEDY;
    hearth_result r;
    static sink whole, part;
    T_EQ_I(hearth_model_open(path, NULL, &m, NULL), HEARTH_OK);
    T_EQ_I(hearth_session_open(m, NULL, &s, NULL), HEARTH_OK);
    T_NEED(s != NULL);
    g.max_tokens = 100;
    T_EQ_I(hearth_generate(s, "Once", 4, &g, on_piece, &whole, &r, NULL), HEARTH_OK);
    T_NEED(whole.n > 200 && r.end == HEARTH_END_LIMIT);
    for (int round = 0; round < 40; round++) {
        char words[3][32];
        const char *stop[3] = {words[0], words[1], words[2]};
        bool stopped;
        for (int i = 0; i < 3; i++) {
            size_t n = 1 + pick(20), at = pick((uint32_t)(whole.n - n));
            memcpy(words[i], whole.text + at, n);
            words[i][n] = 0;
            if (pick(2)) words[i][n - 1] = 'Q'; /* nearly */
        }
        g.stop = stop, g.n_stop = 1 + pick(3);
        size_t want = cut(whole.text, whole.n, stop, g.n_stop, &stopped);
        memset(&part, 0, sizeof part);
        T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
        T_EQ_I(hearth_generate(s, "Once", 4, &g, on_piece, &part, &r, NULL), HEARTH_OK);
        T_EQ_I(r.end, stopped ? HEARTH_END_STOP : HEARTH_END_LIMIT);
        if (T_EQ_U(part.n, want)) T_EQ_MEM(part.text, whole.text, want);
    }
    hearth_session_close(s);
    hearth_model_close(m);
}
/* longer text than the session has scratch for is refused with the way out, and nothing is computed */
T_TEST(prompts_that_do_not_fit) {
    const char *path = t_data("models/stories260K.gguf");
    static char text[100000];
    if (!path) T_SKIP("no models/stories260K.gguf");
    hearth_model *m = NULL;
    hearth_session *s = NULL;
    hearth_session_config k = HEARTH_SESSION_CONFIG_INIT;
    k.ctx_tokens = 100;
    memset(text, 'a', sizeof text);
    T_EQ_I(hearth_model_open(path, NULL, &m, NULL), HEARTH_OK);
    T_EQ_I(hearth_session_open(m, &k, &s, NULL), HEARTH_OK);
    T_NEED(s != NULL);
    static const size_t sizes[] = {200, HR_PROMPT_MIN_BYTES, HR_PROMPT_MIN_BYTES + 1, sizeof text};
    for (int i = 0; i < 4; i++) {
        hearth_error e = {0};
        hearth_result r = {.end = 9};
        T_EQ_I(hearth_generate(s, text, sizes[i], NULL, NULL, NULL, &r, &e), HEARTH_E_FULL);
        T_EQ_STR(e.where, "prompt");
        T_EQ_I(hearth_position(s) + r.end + r.n_generated, 0);
    }
    hearth_session_close(s);
    hearth_model_close(m);
}
T_MAIN(T_RUN(random_texts_and_cuts), T_RUN(longest_stops_and_long_tokens), T_RUN(held_back_only_while_undecided),
       T_RUN(callback_that_ends_is_not_called_again),
       T_RUN(stops_of_a_real_model), T_RUN(prompts_that_do_not_fit))
