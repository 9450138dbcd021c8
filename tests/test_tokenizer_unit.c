/* test_tokenizer_unit.c: the tokenizer on vocabularies small enough to work out by hand, and on specs made to hurt: every
 * one gets its typed error naming field and index, and the counting pass is exact. */
#include "tests/t.h"
#include "tokenizer/tokenizer.h"

enum { TU_CAP = 1 << 18 };
typedef struct tu_vocab {
    hr_tok_spec spec;
    uint8_t tokens[TU_CAP], merges[4096], scores[4096], types[4096];
    size_t n_bytes, n_merge_bytes;
    uint8_t *block;
    hr_tok *tok;
    hr_error err;
} tu_vocab;
static tu_vocab tu;

static size_t put_string(uint8_t *out, size_t at, const void *s, size_t n) {
    for (size_t i = 0; i < 8; i++) out[at + i] = (uint8_t)((uint64_t)n >> 8 * i);
    if (n > 0) memcpy(out + at + 8, s, n);
    return at + 8 + n;
}
static void put_u32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> 8 * i);
}
static void start(hr_tok_model model, const char *pre) {
    memset(&tu, 0, sizeof tu);
    hr_tok_spec_defaults(&tu.spec, model, (hr_str){pre, strlen(pre)});
    tu.spec.tokens = tu.tokens, tu.spec.types = tu.types, tu.spec.scores = tu.scores, tu.spec.merges = tu.merges;
    tu.spec.tokens_offset = 1000, tu.spec.merges_offset = 5000;
}
static void token_n(const void *s, size_t n, int32_t type, float score) {
    put_u32(tu.types + 4 * tu.spec.n_tokens, (uint32_t)type);
    put_u32(tu.scores + 4 * tu.spec.n_tokens, hr_f32_bits(score));
    tu.spec.n_tokens++;
    tu.spec.tokens_bytes = tu.n_bytes = put_string(tu.tokens, tu.n_bytes, s, n);
}
static void token(const char *s, int32_t type, float score) { token_n(s, strlen(s), type, score); }
static void words(const char *list) { /* separated by spaces */
    for (size_t n; *list; list += n + (list[n] == ' ')) n = strcspn(list, " "), token_n(list, n, HR_TOKEN_NORMAL, 0);
}
static void merge(const char *s) {
    tu.spec.n_merges++;
    tu.spec.merges_bytes = tu.n_merge_bytes = put_string(tu.merges, tu.n_merge_bytes, s, strlen(s));
}
/* counts, builds in exactly so many bytes, and with one fewer must say so */
static hr_status build(void) {
    hr_arena count, a;
    hr_arena_init_count(&count);
    hr_error_clear(&tu.err);
    hr_status st = hr_tok_init(&tu.spec, &count, &tu.tok, &tu.err);
    if (st != HR_OK) return st;
    T_CHECK(tu.tok == NULL);
    tu.block = (uint8_t *)aligned_alloc(64, (count.used + 63) / 64 * 64);
    if (!T_CHECK(tu.block != NULL)) return HR_E_MEMORY;
    hr_arena_init(&a, tu.block, count.used - 1);
    T_EQ_I(hr_tok_init(&tu.spec, &a, &tu.tok, &tu.err), HR_E_MEMORY);
    hr_error_clear(&tu.err);
    hr_arena_init(&a, tu.block, count.used);
    st = hr_tok_init(&tu.spec, &a, &tu.tok, &tu.err);
    T_EQ_U(a.used, count.used);
    T_CHECK((st == HR_OK) == (tu.tok != NULL));
    return st;
}
static void done(void) {
    free(tu.block);
    tu.block = NULL;
}

/* ids as "1 2 3" */
static void check_ids(const char *text, uint32_t flags, const char *want, int line) {
    int32_t ids[64];
    char got[400] = "";
    size_t n = 0, n_text = strlen(text), at = 0;
    if (!T_CHECK(tu.tok != NULL)) return;
    void *scratch = aligned_alloc(64, (hr_tok_scratch_bytes(tu.tok, n_text) + 63) / 64 * 64);
    T_EQ_I(hr_tok_encode(tu.tok, text, n_text, flags, ids, 64, &n, scratch, &tu.err), HR_OK);
    for (size_t i = 0; i < n && i < 64; i++) at += (size_t)sprintf(got + at, "%s%d", i ? " " : "", (int)ids[i]);
    if (!T_EQ_STR(got, want)) printf("    line %d: '%s'\n", line, text);
    free(scratch);
}
#define IDS(text, flags, want) check_ids(text, flags, want, __LINE__)

T_TEST(merges_by_rank) {
    start(HR_TOK_BPE, "gpt-2");
    words("a b c ab bc abc \xc4\xa0 \xc4\xa0" "a");
    merge("b c"), merge("a b"), merge("a bc"), merge("\xc4\xa0 a");
    T_EQ_I(build(), HR_OK);
    IDS("abc", 0, "5");      /* b c is first, then a bc */
    IDS("ab", 0, "3");
    IDS("abab", 0, "3 3");
    IDS("abcab bc", 0, "5 3 6 4"); /* U+0120 is the space; nothing merges it with b */
    IDS(" a", 0, "7");
    IDS("aXb", 0, "0 1");    /* no symbol, no unknown token: left out */
    IDS("", 0, "");
    done();
    tu.spec.unk = 2;
    T_EQ_I(build(), HR_OK);
    IDS("aXb", 0, "0 2 1");
    done();
}

T_TEST(whole_words_first) { /* llama-bpe takes a word that is a token without merging, gpt-2 merges */
    for (int ignore = 0; ignore < 2; ignore++) {
        start(HR_TOK_BPE, ignore ? "llama-bpe" : "gpt-2");
        words("a b c ab abc");
        merge("a b");
        T_EQ_I(build(), HR_OK);
        T_EQ_I(hr_tok_spec_of(tu.tok)->ignore_merges, ignore);
        IDS("abc", 0, ignore ? "4" : "3 2");
        done();
    }
}

T_TEST(special_tokens) {
    start(HR_TOK_BPE, "gpt-2");
    words("a b < s > /");
    token("<s>", HR_TOKEN_CONTROL, 0), token("<s>a", HR_TOKEN_CONTROL, 0), token("a<", HR_TOKEN_USER_DEFINED, 0);
    token("bb", HR_TOKEN_USER_DEFINED, 0), token("bbb", HR_TOKEN_CONTROL, 0), token("", HR_TOKEN_CONTROL, 0);
    tu.spec.bos = 6, tu.spec.eos = 10, tu.spec.add_bos = tu.spec.add_eos = true;
    T_EQ_I(build(), HR_OK);
    IDS("<s>", 0, "2 3 4");
    IDS("<s>", HR_ENCODE_PARSE, "6");
    IDS("<s>a", HR_ENCODE_PARSE, "7");          /* the longest */
    IDS("<s>a<s>", HR_ENCODE_PARSE, "7 6");
    IDS("a<s>", 0, "8 3 4");                    /* user-defined: always */
    IDS("bbb", 0, "9 1");                       /* the control token is longer, but not parsed */
    IDS("bbb", HR_ENCODE_PARSE, "10");
    IDS("<s", HR_ENCODE_PARSE, "2 3");
    IDS("b", HR_ENCODE_SPECIAL, "6 1 10");
    IDS("", HR_ENCODE_SPECIAL, "6 10");
    T_CHECK(hr_tok_is_eog(tu.tok, 10) && !hr_tok_is_eog(tu.tok, 6) && !hr_tok_is_eog(tu.tok, -1));
    T_CHECK(!hr_tok_is_eog(tu.tok, 12) && hr_tok_type(tu.tok, 12) == 0 && hr_tok_type(tu.tok, -1) == 0);
    T_CHECK(hr_tok_text(tu.tok, 12).data == NULL && hr_tok_text(tu.tok, -5).data == NULL);
    T_EQ_U(hr_tok_count(tu.tok), 12);
    done();
}

static void sentencepiece(void) {
    start(HR_TOK_SPM, "");
    token("<unk>", HR_TOKEN_UNKNOWN, 0), token("<s>", HR_TOKEN_CONTROL, 0), token("\xe2\x96\x81", HR_TOKEN_NORMAL, -9);
    token("a", HR_TOKEN_NORMAL, -8), token("b", HR_TOKEN_NORMAL, -7), token("ab", HR_TOKEN_NORMAL, -2);
    token("ba", HR_TOKEN_NORMAL, -1), token("\xe2\x96\x81" "a", HR_TOKEN_NORMAL, -3), token("<0xC3>", HR_TOKEN_BYTE, 0);
    token("<0xa9>", HR_TOKEN_BYTE, 0);
    tu.spec.unk = 0, tu.spec.bos = 1;
}
T_TEST(scores_and_bytes) {
    sentencepiece();
    T_EQ_I(build(), HR_OK);
    IDS("ba", 0, "2 6");
    IDS("aba", 0, "7 6");              /* ba (-1) comes before ab (-2), then mark + a */
    IDS("ab", 0, "2 5");
    IDS("\xc3\xa9", 0, "2 8 9");       /* byte tokens */
    IDS("z", 0, "2 0");                /* no byte token: unknown */
    IDS("a<s>a", HR_ENCODE_PARSE, "7 1 7"); /* the prefix comes back after a special token */
    IDS("a", HR_ENCODE_SPECIAL, "1 7");
    done();
    tu.spec.space_prefix_once = true;
    T_EQ_I(build(), HR_OK);
    IDS("a<s>a", HR_ENCODE_PARSE, "7 1 3");
    done();
    tu.spec.add_space_prefix = false;
    T_EQ_I(build(), HR_OK);
    IDS("a a", 0, "3 7");
    done();
}

T_TEST(decoder_gives_whole_characters) {
    char out[128];
    hr_tok_decoder d;
    sentencepiece();
    T_EQ_I(build(), HR_OK);
    T_NEED(tu.tok != NULL && hr_tok_max_piece(tu.tok) <= sizeof out);
    memset(&d, 0, sizeof d);
    T_EQ_U(hr_tok_decode(tu.tok, &d, 1, out, sizeof out), 0); /* control: hidden */
    T_EQ_U(hr_tok_decode(tu.tok, &d, 7, out, sizeof out), 1); /* the first space is the model's own */
    T_CHECK(out[0] == 'a');
    T_EQ_U(hr_tok_decode(tu.tok, &d, 7, out, sizeof out), 2);
    T_EQ_U(hr_tok_decode(tu.tok, &d, 8, out, sizeof out), 0); /* half a character */
    hr_tok_decoder copy = d;
    T_EQ_U(hr_tok_decode(tu.tok, &d, 9, out, sizeof out), 2);
    T_EQ_MEM(out, "\xc3\xa9", 2);
    T_EQ_U(hr_tok_decode(tu.tok, &copy, 3, out, sizeof out), 2); /* never completed: comes out as it is */
    T_EQ_MEM(out, "\xc3" "a", 2);
    T_EQ_U(hr_tok_decode(tu.tok, &d, 8, out, sizeof out), 0);
    T_EQ_U(hr_tok_decode_flush(&d, out, 4), 1);
    T_EQ_U(hr_tok_decode_flush(&d, out, 4), 0);
    T_EQ_U(hr_tok_decode(tu.tok, &d, -1, out, sizeof out), 0);
    T_EQ_U(hr_tok_decode(tu.tok, &d, 10, out, sizeof out), 0);
    d.show_special = true;
    T_EQ_U(hr_tok_decode(tu.tok, &d, 1, out, sizeof out), 3);
    done();
}

T_TEST(needed_count) {
    int32_t ids[2] = {-7, -7};
    size_t n = 0;
    sentencepiece();
    T_EQ_I(build(), HR_OK);
    T_NEED(tu.tok != NULL);
    void *scratch = aligned_alloc(64, (hr_tok_scratch_bytes(tu.tok, 5) + 63) / 64 * 64);
    T_EQ_I(hr_tok_encode(tu.tok, "aaaaa", 5, HR_ENCODE_SPECIAL, ids, 1, &n, scratch, &tu.err), HR_E_FULL);
    T_EQ_U(n, 6); /* <s>, mark + a, a a a a */
    T_EQ_I(ids[1], -7);
    T_EQ_I(hr_tok_encode(tu.tok, "aaaaa", (size_t)1 << 31, 0, ids, 2, &n, scratch, &tu.err), HR_E_LIMIT);
    T_EQ_U(hr_tok_scratch_bytes(tu.tok, (size_t)1 << 31), 0);
    free(scratch);
    done();
}

static void refused(hr_status want, const char *field, const char *what, int line) {
    hr_status st = build();
    if (!T_EQ_I(st, want) || !T_EQ_STR(tu.err.where, field) || !T_CHECK(strstr(tu.err.what, what) != NULL)) {
        printf("    line %d: %s: %s\n", line, tu.err.where, tu.err.what);
    }
    done();
}
#define REFUSED(want, field, what) refused(want, field, what, __LINE__)
static const char tokens_field[] = "tokenizer.ggml.tokens", merges_field[] = "tokenizer.ggml.merges";

T_TEST(hostile_tokens) {
    start(HR_TOK_BPE, "no-such-pre"), words("a");
    REFUSED(HR_E_UNSUPPORTED, "tokenizer.ggml.pre", "no-such-pre");
    start(HR_TOK_BPE, "gpt-2 llama3"), words("a"); /* two names of the list are no name */
    REFUSED(HR_E_UNSUPPORTED, "tokenizer.ggml.pre", "gpt-2 llama3");
    start(HR_TOK_SPM, "");
    REFUSED(HR_E_LIMIT, tokens_field, "0 tokens");
    start(HR_TOK_SPM, ""), words("a"), tu.spec.n_tokens = HR_TOK_MAX_TOKENS + 1;
    REFUSED(HR_E_LIMIT, tokens_field, "2097153");
    static const char *const bad_bytes[] = {"<0x-1>", "<0xZZ>", "<0x1>", "<0x111>", "0x11", "<0x1 >", ""};
    for (size_t i = 0; i < sizeof bad_bytes / sizeof bad_bytes[0]; i++) {
        start(HR_TOK_SPM, ""), words("a"), token(bad_bytes[i], HR_TOKEN_BYTE, 0);
        REFUSED(HR_E_FORMAT, tokens_field, "byte token 1");
    }
    start(HR_TOK_SPM, ""), words("a b"), token("c", HR_TOKEN_NORMAL, (float)NAN);
    REFUSED(HR_E_FORMAT, tokens_field, "token 2 has the score NaN");
    start(HR_TOK_SPM, ""), words("a"), token("c", 7, 0);
    REFUSED(HR_E_FORMAT, tokens_field, "token 1 has the unknown type 7");
    start(HR_TOK_SPM, ""), token("c", -1, 0);
    REFUSED(HR_E_FORMAT, tokens_field, "token 0 has the unknown type -1");
    start(HR_TOK_SPM, ""), words("a bc"), tu.spec.tokens_bytes--;
    build(), T_EQ_I(tu.err.status, HR_E_FORMAT), T_EQ_STR(tu.err.where, tokens_field);
    T_EQ_U(tu.err.offset, 1000 + 8 + 1 + 8);
    start(HR_TOK_SPM, ""), words("a bc"), tu.spec.n_tokens = 3;
    build(), T_EQ_I(tu.err.status, HR_E_FORMAT), T_EQ_STR(tu.err.where, tokens_field);
    static char text[HR_TOK_MAX_TOKEN_BYTES + 1];
    memset(text, 'x', sizeof text);
    start(HR_TOK_SPM, ""), words("a"), token_n(text, sizeof text, HR_TOKEN_NORMAL, 0);
    REFUSED(HR_E_LIMIT, tokens_field, "token 1 has 65537 bytes");
    start(HR_TOK_SPM, ""), words("a"), token_n(text, sizeof text - 1, HR_TOKEN_NORMAL, 0);
    T_EQ_I(build(), HR_OK);
    done();
}

T_TEST(hostile_ids) {
    for (int i = 0; i < 9; i++) {
        for (int bad = -2; bad <= 3; bad += 5) {
            start(HR_TOK_WPM, ""), words("a b c");
            int32_t *ids[] = {&tu.spec.bos, &tu.spec.eos, &tu.spec.unk, &tu.spec.sep, &tu.spec.pad,
                              &tu.spec.cls, &tu.spec.mask, &tu.spec.eot, &tu.spec.eom};
            *ids[i] = bad;
            REFUSED(HR_E_FORMAT, "tokenizer.ggml", bad < 0 ? "-2" : "id 3");
        }
    }
}

T_TEST(hostile_merges) {
    static const char *const bad[] = {"a x", "x a", "b a", "ab", "", " ", "a ", " b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        start(HR_TOK_BPE, "gpt-2"), words("a b ab"), merge("a b"), merge(bad[i]);
        REFUSED(HR_E_FORMAT, merges_field, "merge 1 ");
    }
    start(HR_TOK_BPE, "gpt-2"), words("a b ab"), merge("a b"), tu.spec.merges_bytes--;
    REFUSED(HR_E_FORMAT, merges_field, "");
    start(HR_TOK_BPE, "gpt-2"), words("a b ab"), merge("a b"), tu.spec.n_merges = 2;
    REFUSED(HR_E_FORMAT, merges_field, "");
    start(HR_TOK_BPE, "gpt-2"), words("a b ab"), tu.spec.n_merges = ((size_t)1 << 62) + 1; /* twice it is 2^63 + 2 */
    REFUSED(HR_E_LIMIT, merges_field, "merges");
}

T_TEST(twins_and_empty_tokens) { /* the first of two equal tokens or merges counts, an empty one is never met */
    start(HR_TOK_BPE, "gpt-2"), words("a b ab ab a"), token("", HR_TOKEN_NORMAL, 0);
    merge("a b"), merge("a b");
    T_EQ_I(build(), HR_OK);
    IDS("ab", 0, "2");
    IDS("aa", 0, "0 0");
    done();
    tu.spec.types = NULL, tu.spec.scores = NULL; /* both may be missing */
    T_EQ_I(build(), HR_OK);
    IDS("aba", 0, "2 0");
    done();
}

T_TEST(wordpiece) {
    start(HR_TOK_WPM, "");
    token("[UNK]", HR_TOKEN_UNKNOWN, 0), token("[CLS]", HR_TOKEN_CONTROL, 0), token("[SEP]", HR_TOKEN_CONTROL, 0);
    words("\xe2\x96\x81un \xe2\x96\x81" "a ffable able \xe2\x96\x81! aff");
    tu.spec.unk = 0, tu.spec.cls = 1, tu.spec.sep = 2;
    T_EQ_I(build(), HR_OK);
    IDS("unaffable", 0, "3 8 6");    /* un, then the longest piece: aff, then able */
    IDS("UN a!", 0, "3 4 7");
    IDS("unx a", 0, "0 4");          /* one piece is missing: the whole word is unknown */
    IDS("a", HR_ENCODE_SPECIAL, "1 4 2");
    done();
}

T_MAIN(T_RUN(merges_by_rank), T_RUN(whole_words_first), T_RUN(special_tokens), T_RUN(scores_and_bytes),
       T_RUN(decoder_gives_whole_characters), T_RUN(needed_count), T_RUN(hostile_tokens), T_RUN(hostile_ids),
       T_RUN(hostile_merges), T_RUN(twins_and_empty_tokens), T_RUN(wordpiece))
