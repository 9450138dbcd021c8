/* The BPE trainer against a second one written here that counts all pairs anew for every merge, and against the merges that
 * the `tokenizers` package learns from tinyshakespeare (tests/gen_bpe.py). Its files are read by the library's tokenizer. */
#include "tests/t.h"
#include "tools/bpe_train.c"
#include "engine/hearth.h"
#include "tests/golden/bpe_merges.inc"

static const char *const specials[] = {"<|end|>", "<|out|>"};
static bpe_config config(size_t n_vocab, size_t n_special) { return (bpe_config){"gpt2", specials, n_special, n_vocab, 0,
 NULL, NULL}; }

/* --- the slow way: words as lists of ids, all pairs counted again each time ----------------------------------------- */
enum { SLOW_WORDS = 4000, SLOW_LONG = 64 };
typedef struct slow {
    uint32_t word[SLOW_WORDS][SLOW_LONG];
    int n[SLOW_WORDS], n_words;
} slow;
static void slow_read(slow *s, const char *text, const bpe_vocab *v, size_t n_special) {
    hr_pretok w;
    size_t begin, end;
    s->n_words = 0;
    hr_pretok_begin(&w, hr_pretok_find(hr_str_of("gpt2")), (const uint8_t *)text, strlen(text));
    while (hr_pretok_next(&w, &begin, &end) && s->n_words < SLOW_WORDS) {
        for (size_t i = begin; i < end; i++) { /* ASCII but for the blank (U+0120) and the line feed (U+010A) */
            const char *c = text[i] == ' ' ? "\xc4\xa0" : text[i] == '\n' ? "\xc4\x8a" : (char[2]){text[i], 0};
            for (size_t id = n_special; id < n_special + 256; id++)
                if (strcmp(v->token[id], c) == 0) s->word[s->n_words][i - begin] = (uint32_t)id;
        }
        s->n[s->n_words++] = (int)(end - begin);
    }
}
/* the best pair: most often met, then lowest left, then lowest right */
static long slow_best(const slow *s, uint32_t *left, uint32_t *right, size_t n_ids) {
    static int counts[600][600];
    long best = 0;
    memset(counts, 0, sizeof counts);
    for (int w = 0; w < s->n_words; w++)
        for (int i = 0; i + 1 < s->n[w]; i++) counts[s->word[w][i]][s->word[w][i + 1]]++;
    for (uint32_t a = 0; a < n_ids; a++)
        for (uint32_t b = 0; b < n_ids; b++)
            if (counts[a][b] > best) best = counts[a][b], *left = a, *right = b;
    return best;
}
static void slow_merge(slow *s, uint32_t left, uint32_t right, uint32_t id) {
    for (int w = 0; w < s->n_words; w++) {
        int n = 0;
        for (int i = 0; i < s->n[w]; i++) {
            const bool both = i + 1 < s->n[w] && s->word[w][i] == left && s->word[w][i + 1] == right;
            s->word[w][n++] = both ? id : s->word[w][i];
            i += both;
        }
        s->n[w] = n;
    }
}
static void compare_slowly(const char *text, size_t merges) {
    static slow s;
    bpe_config c = config(256 + 1 + merges, 1);
    bpe_vocab v;
    T_NEED(bpe_train(&c, text, strlen(text), &v, NULL) == HR_OK);
    slow_read(&s, text, &v, 1);
    for (size_t i = 0; i < v.n_merges; i++) {
        uint32_t left = 0, right = 0;
        const long n = slow_best(&s, &left, &right, v.n_tokens);
        T_EQ_U(v.merge[i].left, left);
        T_EQ_U(v.merge[i].right, right);
        /* a run of one letter is counted at every place: "aaa" holds the pair twice, and is merged once */
        T_EQ_I((long)v.merge[i].count, n);
        slow_merge(&s, left, right, v.merge[i].id);
    }
    uint32_t left, right;
    if (v.n_tokens < c.n_vocab) T_EQ_I(slow_best(&s, &left, &right, v.n_tokens), 0);
    bpe_free(&v);
}
T_TEST(same_as_counting_anew) {
    char text[6001];
    compare_slowly("low low low low low lower lower newest newest newest newest newest newest widest widest widest", 60);
    compare_slowly("aaaa aaa aa aaaaaaa abab ababab baba", 40);
    for (uint32_t seed = 1; seed <= 4; seed++) {
        uint32_t s = seed;
        for (size_t i = 0; i + 1 < sizeof text; i++) {
            s = s * 1664525u + 1013904223u;
            text[i] = "abcdeab   "[(s >> 24) % 10];
        }
        text[sizeof text - 1] = 0;
        compare_slowly(text, 120);
    }
}
T_TEST(same_as_the_tokenizers_package) {
    const char *path = t_data("corpora/tinyshakespeare/data/tinyshakespeare/input.txt");
    static char text[1 << 21];
    if (!path) T_SKIP("no tinyshakespeare");
    FILE *f = fopen(path, "rb");
    T_NEED(f != NULL);
    const size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    bpe_config c = config(5001, 1);
    bpe_vocab v;
    T_NEED(bpe_train(&c, text, n, &v, NULL) == HR_OK);
    uint64_t h = 0xcbf29ce484222325u;
    T_EQ_U(v.n_merges, ORACLE_MERGES);
    for (size_t i = 0; i < v.n_merges; i++) {
        char line[300];
        snprintf(line, sizeof line, "%s %s", v.token[v.merge[i].left], v.token[v.merge[i].right]);
        if (i < HR_COUNT(oracle_first)) T_EQ_STR(line, oracle_first[i]);
        for (const char *p = line; *p; p++) h = (h ^ (uint8_t)*p) * 0x100000001b3u;
        h = (h ^ '\n') * 0x100000001b3u;
    }
    T_EQ_U(h, ORACLE_HASH);
    bpe_free(&v);
}
T_TEST(the_file_is_read_back) {
    static const char text[] = "the cat sat on the mat<|out|> the hat\nthe end<|end|>\xc3\xa9t\xc3\xa9 \xf0\x9f\x8c\x8d 12:30 "
     "pm";
    const char *path = t_tmp("vocab.gguf");
    bpe_config c = config(290, 2);
    bpe_vocab v;
    hearth_model_config mc = HEARTH_MODEL_CONFIG_INIT;
    hearth_model *m = NULL;
    int32_t ids[200];
    char back[200];
    size_t n = 0, n_back = 0;
    T_NEED(bpe_train(&c, text, strlen(text), &v, NULL) == HR_OK);
    T_EQ_STR(v.token[0], "<|end|>");
    T_EQ_STR(v.token[1], "<|out|>");
    for (size_t i = 2; i < v.n_tokens; i++) T_CHECK(strstr(v.token[i], "<|") == NULL); /* marks are never merged */
    T_NEED(bpe_write(&v, &c, 0, path, NULL) == HR_OK);
    mc.flags = HEARTH_MODEL_VOCAB_ONLY;
    T_NEED(hearth_model_open(path, &mc, &m, NULL) == HEARTH_OK);
    T_EQ_I(hearth_tokenize(m, text, strlen(text), HEARTH_TOK_SPECIAL | HEARTH_TOK_PARSE, ids, 200, &n, NULL), HEARTH_OK);
    T_EQ_I(hearth_detokenize(m, ids, n, HEARTH_TOK_SHOW, back, sizeof back, &n_back, NULL), HEARTH_OK);
    T_EQ_U(n_back, strlen(text));
    T_EQ_MEM(back, text, n_back);
    int ends = 0, marks = 0;
    for (size_t i = 0; i < n; i++) ends += hearth_token_ends(m, ids[i]), marks += ids[i] < 2;
    T_EQ_I(ends, 1);
    T_EQ_I(marks, 2);
    T_EQ_I(hearth_tokenize(m, " the", 4, 0, ids, 200, &n, NULL), HEARTH_OK);
    T_EQ_U(n, 1); /* the most frequent word is one token */
    T_EQ_I(hearth_tokenize(m, "<|out|>", 7, 0, ids, 200, &n, NULL), HEARTH_OK);
    for (size_t i = 0; i < n; i++) T_CHECK(ids[i] >= 2); /* not parsed: text */
    hearth_model_close(m);
    bpe_free(&v);
}
T_TEST(odd_texts) {
    bpe_config c = config(300, 2);
    bpe_vocab v;
    hr_error err;
    static const char *const texts[] = {"", "a", "<|end|><|out|><|end|>", "\xff\xfe\x80 \xc0", "aaaaaaaa"};
    for (size_t i = 0; i < HR_COUNT(texts); i++) {
        T_NEED(bpe_train(&c, texts[i], strlen(texts[i]), &v, NULL) == HR_OK);
        T_CHECK(v.n_tokens >= 258 && v.n_tokens <= 300);
        if (i < 3) T_EQ_U(v.n_merges, 0);
        T_CHECK(bpe_write(&v, &c, -1, t_tmp("odd.gguf"), NULL) == HR_OK);
        bpe_free(&v);
    }
    hr_error_clear(&err);
    c.n_vocab = 257;
    T_EQ_I(bpe_train(&c, "a", 1, &v, &err), HR_E_ARG);
    T_CHECK(strstr(err.what, "258") != NULL);
    c = config(300, 1);
    c.pre = "no such thing";
    T_EQ_I(bpe_train(&c, "a", 1, &v, NULL), HR_E_ARG);
    c = config(300, 1);
    c.min_count = 3;
    T_NEED(bpe_train(&c, "ab ab ab cd cd", 14, &v, NULL) == HR_OK);
    for (size_t i = 0; i < v.n_merges; i++) T_CHECK(v.merge[i].count >= 3);
    T_CHECK(v.n_merges >= 1);
    bpe_free(&v);
}
T_MAIN(T_RUN(same_as_counting_anew), T_RUN(same_as_the_tokenizers_package), T_RUN(the_file_is_read_back), T_RUN(odd_texts))
