/* test_tok_spec.c: vocabularies that are wrong, each refused by field and index; and small ones whose ids are known from the
 * rules themselves (reference/formats.md 10): longest special token first, whole words, byte fallback, prefixes, scores. */
#include "tests/t.h"
#include "tokenizer/tokenizer.h"

typedef struct str_array {
    uint8_t bytes[1 << 14];
    size_t size, count;
} str_array;

static void put(str_array *a, const char *text) {
    size_t n = strlen(text);
    for (size_t i = 0; i < 8; i++) a->bytes[a->size + i] = (uint8_t)((uint64_t)n >> (8 * i));
    memcpy(a->bytes + a->size + 8, text, n);
    a->size += 8 + n;
    a->count++;
}

/* words divided by '|' */
static void put_all(str_array *a, const char *words) {
    char copy[2000], *p = copy;
    snprintf(copy, sizeof copy, "%s", words);
    a->size = a->count = 0;
    for (char *w; *words != '\0' && (w = strsep(&p, "|")) != NULL;) put(a, w);
}

static str_array texts, merges;
static uint8_t types[4 * 256], scores[4 * 256];

static hr_tok_spec spec_of(hr_tok_model model, const char *pre, const char *words, const char *merge_words) {
    hr_tok_spec s;
    hr_tok_spec_defaults(&s, model, hr_str_of(pre));
    put_all(&texts, words);
    put_all(&merges, merge_words);
    memset(types, 0, sizeof types);
    memset(scores, 0, sizeof scores);
    for (size_t i = 0; i < texts.count; i++) types[4 * i] = HR_TOKEN_NORMAL;
    s.tokens = texts.bytes, s.tokens_bytes = texts.size, s.n_tokens = texts.count;
    s.merges = merges.bytes, s.merges_bytes = merges.size, s.n_merges = merges.count;
    s.types = types, s.scores = scores;
    return s;
}

static void set_score(size_t id, float v) { memcpy(scores + 4 * id, &v, 4); } /* little-endian hosts, as the README says */

static void *block;
static hr_tok *build(const hr_tok_spec *s, hr_error *err) {
    hr_arena count, real;
    hr_tok *t = NULL;
    hr_error_clear(err);
    hr_arena_init_count(&count);
    if (hr_tok_init(s, &count, &t, err) != HR_OK) return NULL;
    free(block);
    block = aligned_alloc(64, (count.used + 127) / 64 * 64);
    hr_arena_init(&real, block, count.used);
    hr_status status = hr_tok_init(s, &real, &t, err);
    if (status == HR_OK) T_EQ_U(real.used, count.used); /* the plan is exact */
    return status == HR_OK ? t : NULL;
}

static void refuses(const hr_tok_spec *s, hr_status status, const char *where, const char *what) {
    hr_error err;
    T_CHECK(build(s, &err) == NULL);
    T_EQ_I(err.status, status);
    T_EQ_STR(err.where, where);
    if (!T_CHECK(strstr(err.what, what) != NULL)) printf("    '%s' is not in '%s'\n", what, err.what);
}

static void ids_are(const hr_tok *t, const char *text, uint32_t flags, const char *want) {
    int32_t ids[64];
    size_t n = 0, at = 0, size = hr_tok_scratch_bytes(t, strlen(text));
    char got[400] = "";
    hr_error err;
    void *scratch = malloc(size);
    T_EQ_I(hr_tok_encode(t, text, strlen(text), flags, ids, 64, &n, scratch, &err), HR_OK);
    for (size_t i = 0; i < n && i < 64; i++) at += (size_t)snprintf(got + at, sizeof got - at, i ? " %d" : "%d", ids[i]);
    if (!T_EQ_STR(got, want)) printf("    of '%s'\n", text);
    free(scratch);
}

T_TEST(wrong_tokens) {
    hr_tok_spec s = spec_of(HR_TOK_SPM, "", "<unk>|<s>|</s>|<0x41>|a", "");
    hr_error err;
    T_CHECK(build(&s, &err) != NULL);
    types[4 * 3] = HR_TOKEN_BYTE;
    T_CHECK(build(&s, &err) != NULL);
    types[4 * 4] = HR_TOKEN_BYTE;
    refuses(&s, HR_E_FORMAT, "tokenizer.ggml.tokens", "byte token 4 is spelled 'a'");
    types[4 * 4] = 7;
    refuses(&s, HR_E_FORMAT, "tokenizer.ggml.tokens", "token 4 has the unknown type 7");
    types[4 * 4] = HR_TOKEN_NORMAL;
    set_score(2, NAN);
    refuses(&s, HR_E_FORMAT, "tokenizer.ggml.tokens", "token 2 has the score NaN");
    set_score(2, 0);
    s.eos = 5;
    refuses(&s, HR_E_FORMAT, "tokenizer.ggml", "id 5; the vocabulary has 5");
    s.eos = -1;
    s.tokens_bytes--;
    refuses(&s, HR_E_FORMAT, "tokenizer.ggml.tokens", "cut short");
    s.tokens_bytes++;
    texts.bytes[7] = 0x80; /* a length of 2^63 */
    refuses(&s, HR_E_FORMAT, "tokenizer.ggml.tokens", "cut short");
    texts.bytes[7] = 0;
    s.n_tokens = 0;
    refuses(&s, HR_E_LIMIT, "tokenizer.ggml.tokens", "0 tokens");
    static const char *const bad[] = {"<0x-1>", "<0xZZ>", "<0x1>", "<0x123>", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char words[64];
        snprintf(words, sizeof words, "<unk>|%s", bad[i]);
        s = spec_of(HR_TOK_SPM, "", words, "");
        types[4] = HR_TOKEN_BYTE;
        refuses(&s, HR_E_FORMAT, "tokenizer.ggml.tokens", "byte token 1");
    }
}

T_TEST(wrong_merges) {
    hr_tok_spec s = spec_of(HR_TOK_BPE, "gpt-2", "a|b|ab", "a b");
    hr_error err;
    T_CHECK(build(&s, &err) != NULL);
    static const char *const bad[] = {"a c", "ab", "a ", " b", "b a", "a b c", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        merges.size = merges.count = 0;
        put(&merges, "a b"), put(&merges, bad[i]);
        s.merges_bytes = merges.size, s.n_merges = 2;
        refuses(&s, HR_E_FORMAT, "tokenizer.ggml.merges", "merge 1");
    }
    s.n_merges = 3;
    put_all(&merges, "a b|a b");
    s.merges_bytes = merges.size;
    refuses(&s, HR_E_FORMAT, "tokenizer.ggml.merges", "cut short");
    s.pre = hr_str_of("no-such-family");
    refuses(&s, HR_E_UNSUPPORTED, "tokenizer.ggml.pre", "no-such-family");
}

T_TEST(byte_level_rules) {
    /* merges: a+b first, then ab+c; "abc" is a token, "bc" is one that no merge makes */
    hr_tok_spec s = spec_of(HR_TOK_BPE, "gpt-2", "a|b|c|ab|abc|bc|\xc4\xa0|\xc4\xa0" "a|<x>|<x>y|!u!", "a b|ab c|\xc4\xa0 a");
    hr_error err;
    types[4 * 8] = types[4 * 9] = HR_TOKEN_CONTROL, types[4 * 10] = HR_TOKEN_USER_DEFINED;
    hr_tok *t = build(&s, &err);
    T_NEED(t != NULL);
    ids_are(t, "abc", 0, "4");
    ids_are(t, "bc", 0, "1 2"); /* a token, but not by merging */
    ids_are(t, "bca abc", 0, "1 2 0 6 4"); /* " abc": a b has the lower rank, so the space stays alone */
    ids_are(t, "a<x>ya", 0, "0 0"); /* not parsed: < x > y are no tokens and vanish */
    ids_are(t, "a<x>ya", HR_ENCODE_PARSE, "0 9 0"); /* the longest */
    ids_are(t, "a<x>a", HR_ENCODE_PARSE, "0 8 0");
    ids_are(t, "a!u!a", 0, "0 10 0"); /* user-defined ones always */
    s.bos = 2, s.add_bos = true, s.eos = 1, s.add_eos = true, s.unk = 6;
    t = build(&s, &err);
    T_NEED(t != NULL);
    ids_are(t, "aza", HR_ENCODE_SPECIAL, "2 0 6 0 1");
    s.ignore_merges = true;
    t = build(&s, &err);
    T_NEED(t != NULL);
    ids_are(t, "bc", 0, "5");
    T_CHECK(hr_tok_is_eog(t, 1) && !hr_tok_is_eog(t, 0) && !hr_tok_is_eog(t, -1) && !hr_tok_is_eog(t, 99));
    T_CHECK(hr_tok_text(t, 99).data == NULL && hr_tok_type(t, 99) == 0 && hr_tok_count(t) == 11);
}

T_TEST(sentencepiece_rules) {
    hr_tok_spec s = spec_of(HR_TOK_SPM, "", "<unk>|<s>|\xe2\x96\x81|a|b|ab|ba|\xe2\x96\x81" "a|<0xC3>|<0xA9>", "");
    hr_error err;
    types[0] = HR_TOKEN_UNKNOWN, types[4] = HR_TOKEN_CONTROL, types[4 * 8] = types[4 * 9] = HR_TOKEN_BYTE;
    set_score(5, -2), set_score(6, -1), set_score(7, -3);
    s.bos = 1, s.unk = 0;
    hr_tok *t = build(&s, &err);
    T_NEED(t != NULL);
    ids_are(t, "aba", HR_ENCODE_SPECIAL, "1 7 6"); /* b+a scores best, then the mark and a */
    s.add_space_prefix = false;
    t = build(&s, &err);
    T_NEED(t != NULL);
    ids_are(t, "abab", 0, "3 6 4"); /* leftmost b+a; a, ba, b */
    ids_are(t, "\xc3\xa9", 0, "8 9"); /* byte fallback */
    ids_are(t, "\xc3\xa8", 0, "8 0"); /* and unknown where it has no such byte */
    s.add_space_prefix = true;
    t = build(&s, &err);
    T_NEED(t != NULL);
    types[4] = HR_TOKEN_CONTROL;
    ids_are(t, "a<s>a", HR_ENCODE_PARSE, "7 1 7");
    s.space_prefix_once = true;
    t = build(&s, &err);
    T_NEED(t != NULL);
    ids_are(t, "a<s>a", HR_ENCODE_PARSE, "7 1 3");
}

T_TEST(wordpiece_rules) {
    hr_tok_spec s = spec_of(HR_TOK_WPM, "", "[UNK]|[CLS]|[SEP]|\xe2\x96\x81un|\xe2\x96\x81"
                            "aff|able|aff|\xe2\x96\x81,|\xe2\x96\x81" "e", "");
    hr_error err;
    s.unk = 0, s.cls = 1, s.sep = 2;
    hr_tok *t = build(&s, &err);
    T_NEED(t != NULL);
    ids_are(t, "unaffable, Aff", HR_ENCODE_SPECIAL, "1 3 6 5 7 4 2"); /* the paper's example */
    ids_are(t, "unx", 0, "0");
    ids_are(t, "\xc3\x89 \xc3\xa9", 0, "8 8"); /* folded: case and accents */
    ids_are(t, "", HR_ENCODE_SPECIAL, "1 2");
}

T_TEST(whole_characters_only) {
    hr_tok_spec s = spec_of(HR_TOK_SPM, "", "<0xE2>|<0x82>|<0xAC>|x", "");
    hr_error err;
    for (size_t i = 0; i < 3; i++) types[4 * i] = HR_TOKEN_BYTE;
    s.add_space_prefix = false;
    hr_tok *t = build(&s, &err);
    T_NEED(t != NULL);
    hr_tok_decoder d;
    char out[64];
    memset(&d, 0, sizeof d);
    T_EQ_U(hr_tok_decode(t, &d, 0, out, sizeof out), 0);
    T_EQ_U(hr_tok_decode(t, &d, 1, out, sizeof out), 0);
    T_EQ_U(hr_tok_decode(t, &d, 2, out, sizeof out), 3);
    T_EQ_MEM(out, "\xe2\x82\xac", 3);
    T_EQ_U(hr_tok_decode(t, &d, 0, out, sizeof out), 0);
    T_EQ_U(hr_tok_decode(t, &d, 3, out, sizeof out), 2); /* the broken start goes out with what follows */
    T_EQ_U(hr_tok_decode(t, &d, 0, out, sizeof out), 0);
    T_EQ_U(hr_tok_decode_flush(&d, out, sizeof out), 1);
    free(block);
    block = NULL;
}

T_MAIN(T_RUN(wrong_tokens), T_RUN(wrong_merges), T_RUN(byte_level_rules), T_RUN(sentencepiece_rules),
       T_RUN(wordpiece_rules), T_RUN(whole_characters_only))
