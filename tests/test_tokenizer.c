/* test_tokenizer.c: the tokenizer on vocabularies that the tests write themselves: words against Hugging Face's cuts
 * (pretok_vectors.h), merging against the definition done naively, special tokens, ends, decoding, broken specs. */
#include "tests/t.h"
#include "tests/pretok_vectors.h"
#include "tests/tok_build.h"
#include "tokenizer/pretok.h"

/* --- words --------------------------------------------------------------------------------------------------------------------- */
T_TEST(words_are_cut_as_by_the_regular_expressions) {
    for (size_t f = 0; f < sizeof pretok_words / sizeof *pretok_words; f++) {
        const hr_pretok_family *family = hr_pretok_find(hr_str_of(pretok_words[f].family));
        T_NEED(family != NULL);
        for (size_t i = 0; i < sizeof pretok_texts / sizeof *pretok_texts; i++) {
            hr_pretok w;
            size_t begin, end, at = 0;
            char *want = (char *)(uintptr_t)pretok_words[f].words[i];
            bool same = true;
            hr_pretok_begin(&w, family, (const uint8_t *)pretok_texts[i].text, pretok_texts[i].n);
            while (hr_pretok_next(&w, &begin, &end)) {
                same = same && begin == at && end - begin == strtoul(want, &want, 10);
                at = end;
            }
            if (!T_CHECK(same && *want == ' ' && want[1] == '\0' && at == pretok_texts[i].n))
                printf("    %s, text %zu\n", pretok_words[f].family, i);
        }
    }
}

T_TEST(names_of_pre_tokenizers) {
    static const char *const pairs[][2] = {{"llama-bpe", "llama3"}, {"falcon3", "llama-v3"}, {"stablelm2", "qwen2"},
                                           {"deepseek-r1-qwen", "qwen2"}, {"phi-2", "gpt-2"}, {"olmo", "mpt"},
                                           {"refact", "starcoder"}, {"command-r", "smollm"}, {"llama4", "gpt-4o"},
                                           {"poro-chat", "bloom"}, {"", "default"}, {"smaug-bpe", "dbrx"}};
    static const char *const unknown[] = {"nonsense", " ", "llama3 ", "llama", "gpt-2 phi-2",
                                          "a-name-that-is-longer-than-any-name-of-a-pre-tokenizer-can-ever-be-in-practice"};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        T_CHECK(hr_pretok_find(hr_str_of(pairs[i][0])) != NULL);
        T_CHECK(hr_pretok_find(hr_str_of(pairs[i][0])) == hr_pretok_find(hr_str_of(pairs[i][1])));
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        tb b;
        hr_error e;
        tb_byte_level(&b, unknown[i]);
        T_EQ_I(tb_open(&b, &e), HR_E_UNSUPPORTED);
        T_EQ_STR(e.where, "tokenizer.ggml.pre");
        T_CHECK(strstr(e.what, unknown[i]) != NULL || strlen(unknown[i]) > 64);
        tb_close(&b);
    }
}

/* --- byte-level BPE -------------------------------------------------------------------------------------------------------------- */
T_TEST(merges_by_rank) {
    tb b;
    tb_byte_level(&b, "gpt-2");
    int32_t he = tb_add(&b, "he", 0, 1), ll = tb_add(&b, "ll", 0, 1), hell = tb_add(&b, "hell", 0, 1);
    int32_t lo = tb_add(&b, "lo", 0, 1), word = tb_add(&b, "\xc4\xa0word", 0, 1);
    tb_merge(&b, "h e"), tb_merge(&b, "l l"), tb_merge(&b, "l o"), tb_merge(&b, "he ll"), tb_merge(&b, "h e");
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "hello", 0, (int32_t[]){hell, 'o'}, 2);
    tb_expect(&b, "helo", 0, (int32_t[]){he, lo}, 2);
    tb_expect(&b, "lll", 0, (int32_t[]){ll, 'l'}, 2);
    tb_expect(&b, " word", 0, (int32_t[]){' ', 'w', 'o', 'r', 'd'}, 5); /* in the vocabulary, but nothing merges to it */
    tb_expect(&b, "", HR_ENCODE_SPECIAL, NULL, 0);
    tb_close(&b);
    tb_byte_level(&b, "llama3");
    word = tb_add(&b, "\xc4\xa0word", 0, 1);
    T_NEED(tb_open(&b, NULL) == HR_OK);
    T_CHECK(hr_tok_spec_of(b.tok)->ignore_merges && hr_tok_spec_of(b.tok)->add_bos);
    tb_expect(&b, " word", 0, &word, 1); /* here a word of the vocabulary is taken whole */
    tb_close(&b);
}

/* the definition: the pair of lowest rank merges first, the leftmost of equals */
static size_t naive_bpe(const tb *b, int32_t *id, size_t n, const int (*merge)[3], int n_merges) {
    (void)b;
    for (;;) {
        int best = n_merges;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            for (int m = 0; m < best; m++) {
                if (merge[m][0] == id[i] && merge[m][1] == id[i + 1]) best = m, at = i;
            }
        }
        if (best == n_merges) return n;
        id[at] = merge[best][2];
        memmove(id + at + 1, id + at + 2, (n - at - 2) * sizeof *id);
        n--;
    }
}

T_TEST(merging_equals_the_definition) {
    uint32_t r = 7;
    for (int round = 0; round < 60; round++) {
        tb b;
        char name[40][64] = {"a", "b", "c"}, line[132];
        int32_t id[40] = {'a', 'b', 'c'};
        int n_names = 3, n_merges = 0, merge[40][3];
        tb_byte_level(&b, "gpt-2");
        for (int k = 0; k < 30; k++) {
            int x = (int)(tb_random(&r) % (unsigned)n_names), y = (int)(tb_random(&r) % (unsigned)n_names), z = 0;
            char both[128];
            snprintf(both, sizeof both, "%s%s", name[x], name[y]);
            if (strlen(both) > 30) continue;
            while (z < n_names && strcmp(name[z], both) != 0) z++;
            if (z == n_names) {
                strcpy(name[z], both);
                id[z] = tb_add(&b, both, 0, 1);
                n_names++;
            }
            bool known = false;
            for (int m = 0; m < n_merges; m++) known = known || (merge[m][0] == id[x] && merge[m][1] == id[y]);
            if (known) continue;
            snprintf(line, sizeof line, "%s %s", name[x], name[y]);
            tb_merge(&b, line);
            merge[n_merges][0] = id[x], merge[n_merges][1] = id[y], merge[n_merges++][2] = id[z];
        }
        T_NEED(tb_open(&b, NULL) == HR_OK);
        for (int k = 0; k < 40; k++) { /* on both sides of the length from which the heap is used */
            char text[300];
            int32_t want[300];
            size_t n = 1 + tb_random(&r) % (k % 2 == 0 ? 40 : 299);
            for (size_t i = 0; i < n; i++) text[i] = (char)(want[i] = 'a' + (int)(tb_random(&r) % 3));
            size_t n_want = naive_bpe(&b, want, n, (const int(*)[3])merge, n_merges);
            tb_expect_n(&b, text, n, 0, want, n_want);
        }
        tb_close(&b);
    }
}

T_TEST(bytes_without_a_token) {
    tb b;
    tb_init(&b, HR_TOK_BPE, "gpt-2");
    int32_t unk = tb_add(&b, "<unk>", 0, HR_TOKEN_UNKNOWN), a = tb_add(&b, "a", 0, 1), aa = tb_add(&b, "aa", 0, 1);
    tb_merge(&b, "a a");
    b.spec.unk = unk;
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "aazaaa", 0, (int32_t[]){aa, unk, aa, a}, 4);
    tb_close(&b);
    b.spec.unk = -1;
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "zaaz", 0, &aa, 1);
    tb_close(&b);
}

T_TEST(gemma4_merges_characters) {
    tb b;
    tb_init(&b, HR_TOK_BPE, "gemma4");
    int32_t mark = tb_add(&b, "\xe2\x96\x81", 0, 1), e = tb_add(&b, "\xc3\xa9", 0, 1);
    int32_t me = tb_add(&b, "\xe2\x96\x81\xc3\xa9", 0, 1);
    int32_t x = tb_add(&b, "x", 0, 1), nl = tb_add(&b, "\n", 0, 1), byte = tb_add(&b, "<0x41>", 0, HR_TOKEN_BYTE);
    tb_merge(&b, "\xe2\x96\x81 \xc3\xa9");
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, " \xc3\xa9 xA\nx", 0, (int32_t[]){me, mark, x, byte, nl, x}, 6);
    tb_round(&b, "  \xc3\xa9x\n\nA", 8);
    char many[200];
    int32_t want[200];
    for (int i = 0; i < 200; i++) many[i] = 'x', want[i] = x;
    tb_expect_n(&b, many, sizeof many, 0, want, 200); /* a long word */
    (void)e;
    tb_close(&b);
}

/* --- SentencePiece ----------------------------------------------------------------------------------------------------------------- */
/* the definition: the neighbours whose text is the token of the highest score merge first, the leftmost of equals */
static size_t naive_spm(const tb *b, const char *text, size_t n, int32_t *ids) {
    size_t at[400], k = 0;
    for (size_t i = 0; i < n; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) at[k++] = i;
    }
    at[k] = n;
    for (;;) {
        float best = -1e30f;
        size_t where = SIZE_MAX;
        for (size_t i = 0; i + 1 < k; i++) {
            int32_t id = tb_find(b, text + at[i], at[i + 2] - at[i]);
            if (id >= 0 && b->scores[id] > best) best = b->scores[id], where = i;
        }
        if (where == SIZE_MAX) break;
        memmove(at + where + 1, at + where + 2, (k - where - 1) * sizeof *at);
        k--;
    }
    for (size_t i = 0; i < k; i++) ids[i] = tb_find(b, text + at[i], at[i + 1] - at[i]);
    return k;
}

T_TEST(scores_equal_the_definition) {
    static const char *const units[] = {"a", "b", "\xe2\x96\x81"};
    uint32_t r = 99;
    for (int round = 0; round < 60; round++) {
        tb b;
        tb_init(&b, HR_TOK_SPM, "");
        b.spec.add_space_prefix = false;
        for (int i = 0; i < 3; i++) tb_add(&b, units[i], -100.0f, 1);
        for (int k = 0; k < 40; k++) { /* ties on purpose; in every second round tokens that cross words too */
            char s[40] = "";
            int len = 2 + (int)(tb_random(&r) % 4), first = (int)(tb_random(&r) % 3);
            for (int i = 0; i < len; i++)
                strcat(s, units[i == 0 ? first : (int)(tb_random(&r) % (round % 2 ? 3 : 2))]);
            if (tb_find(&b, s, strlen(s)) < 0) tb_add(&b, s, -(float)(tb_random(&r) % 6), 1);
        }
        T_NEED(tb_open(&b, NULL) == HR_OK);
        for (int k = 0; k < 40; k++) {
            char text[130], marked[400];
            int32_t want[400];
            size_t n = 1 + tb_random(&r) % 129, m = 0;
            for (size_t i = 0; i < n; i++) {
                text[i] = "ab "[tb_random(&r) % 3];
                if (text[i] == ' ') memcpy(marked + m, units[2], 3), m += 3;
                else marked[m++] = text[i];
            }
            size_t n_want = naive_spm(&b, marked, m, want);
            tb_expect_n(&b, text, n, 0, want, n_want);
            tb_round(&b, text, n);
        }
        tb_close(&b);
    }
}

T_TEST(spaces_before_and_between) {
    tb b;
    tb_spm(&b);
    int32_t mark = tb_find(&b, "\xe2\x96\x81", 3), a = tb_find(&b, "a", 1), ma = tb_find(&b, "\xe2\x96\x81\x61", 4);
    int32_t user = tb_add(&b, "<u>", 0, HR_TOKEN_USER_DEFINED);
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "a", 0, &ma, 1);
    tb_expect(&b, " a", 0, (int32_t[]){mark, ma}, 2);
    tb_expect(&b, "a<u>a", 0, (int32_t[]){ma, user, ma}, 3);
    tb_expect(&b, "<u>", HR_ENCODE_SPECIAL, (int32_t[]){1, user}, 2);
    tb_expect(&b, "a  a ", 0, (int32_t[]){ma, mark, ma, mark}, 4);
    tb_round(&b, "a  a ", 5);
    tb_round(&b, " a", 2);
    tb_close(&b);
    b.spec.space_prefix_once = true;
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "a<u>a", 0, (int32_t[]){ma, user, a}, 3);
    tb_close(&b);
    b.spec.remove_extra_whitespaces = true;
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "  a   a  ", 0, (int32_t[]){ma, ma}, 2);
    tb_close(&b);
    b.spec.add_space_prefix = false;
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "  a  a", 0, (int32_t[]){a, ma}, 2);
    tb_expect(&b, "   ", 0, NULL, 0);
    tb_close(&b);
}

T_TEST(bytes_of_unknown_characters) {
    tb b;
    tb_spm(&b);
    T_NEED(tb_open(&b, NULL) == HR_OK);
    int32_t ma = tb_find(&b, "\xe2\x96\x81\x61", 4), byte0 = tb_find(&b, "<0x00>", 6);
    tb_expect(&b, "a\xc3\xa9\xff", 0, (int32_t[]){ma, byte0 + 0xc3, byte0 + 0xa9, byte0 + 0xff}, 4);
    char all[256];
    for (int i = 0; i < 256; i++) all[i] = (char)i;
    tb_round(&b, all, 256);
    tb_close(&b);
    tb_init(&b, HR_TOK_SPM, ""); /* no byte tokens: unknown, byte by byte */
    int32_t unk = tb_add(&b, "<unk>", 0, HR_TOKEN_UNKNOWN);
    b.spec.unk = unk;
    b.spec.add_space_prefix = false;
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "\xc3\xa9", 0, (int32_t[]){unk, unk}, 2);
    tb_close(&b);
    b.no_scores = true; /* then earlier tokens are better */
    b.spec.unk = -1;
    int32_t x = tb_add(&b, "x", 0, 1), y = tb_add(&b, "y", 0, 1), xy = tb_add(&b, "xy", 0, 1), yx = tb_add(&b, "yx", 0, 1);
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "yxy", 0, (int32_t[]){y, xy}, 2);
    tb_expect(&b, "yxx\xff", 0, (int32_t[]){yx, x}, 2);
    tb_close(&b);
}

/* --- WordPiece ------------------------------------------------------------------------------------------------------------------------ */
T_TEST(word_pieces) {
#define M "\xe2\x96\x81"
    tb b;
    tb_init(&b, HR_TOK_WPM, "");
    int32_t unk = tb_add(&b, "[UNK]", 0, 3), cls = tb_add(&b, "[CLS]", 0, 3), sep = tb_add(&b, "[SEP]", 0, 3);
    int32_t un = tb_add(&b, M "un", 0, 1), aff = tb_add(&b, "aff", 0, 1), able = tb_add(&b, "able", 0, 1);
    int32_t a = tb_add(&b, M "a", 0, 1), dot = tb_add(&b, M ".", 0, 1), han = tb_add(&b, M "\xe4\xb8\x80", 0, 1);
    int32_t ga = tb_add(&b, M "\xe1\x84\x80", 0, 1), gb = tb_add(&b, "\xe1\x85\xa1", 0, 1);
    int32_t gc = tb_add(&b, "\xe1\x86\xa8", 0, 1);
    b.spec.unk = unk, b.spec.cls = cls, b.spec.sep = sep;
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "unaffable", HR_ENCODE_SPECIAL, (int32_t[]){cls, un, aff, able, sep}, 5); /* the paper's own example */
    tb_expect(&b, "UN\xc3\x84" "FFABLE", 0, (int32_t[]){un, aff, able}, 3);        /* case and accent go */
    tb_expect(&b, "una\xcc\x88" "ffable", 0, (int32_t[]){un, aff, able}, 3);       /* a combining one too */
    tb_expect(&b, "a.a \t\na", 0, (int32_t[]){a, dot, a, a}, 4);
    tb_expect(&b, "a\xe4\xb8\x80\xe4\xb8\x80.", 0, (int32_t[]){a, han, han, dot}, 4); /* ideographs stand alone */
    tb_expect(&b, "unx a", 0, (int32_t[]){unk, a}, 2);
    tb_expect(&b, "u\x01n\x0b\x0c\xc2\x85" "affable\xff\xef\xbf\xbd", 0, (int32_t[]){un, aff, able}, 3); /* controls vanish */
    tb_expect(&b, "\xea\xb0\x80 \xea\xb0\x81", 0, (int32_t[]){ga, gb, ga, gb, gc}, 5); /* Hangul decomposes */
    char lots[3 * 101];
    for (int i = 0; i < 101; i++) memcpy(lots + 3 * i, "un ", 3);
    memset(lots, 'a', 101);
    tb_expect_n(&b, lots, 101, 0, &unk, 1); /* more than 100 characters */
    char out[64];
    T_EQ_U(tb_decode(&b, (int32_t[]){cls, un, aff, able, dot, sep}, 6, out, false), 11);
    T_EQ_MEM(out, "unaffable .", 11);
    tb_close(&b);
    b.spec.unk = b.spec.cls = b.spec.sep = -1;
    b.spec.bos = cls;
    T_NEED(tb_open(&b, NULL) == HR_OK);
    tb_expect(&b, "zz a", HR_ENCODE_SPECIAL, (int32_t[]){cls, a}, 2);
    tb_close(&b);
#undef M
}

/* BERT's folding: against values from unicodedata (NFD, Mn dropped, lower-case), Unicode 15.0 */
T_TEST(folding) {
    static const struct { uint32_t cp; size_t n; uint32_t out[3]; } rows[] = {
        {'Z', 1, {'z'}}, {0xc0, 1, {'a'}}, {0x130, 1, {'i'}}, {0x1d5, 1, {'u'}}, {0x301, 0, {0}}, {0x3aa, 1, {0x3b9}},
        {0x1e9e, 1, {0xdf}}, {0x212b, 1, {'a'}}, {0xfb2c, 1, {0x5e9}}, {0xac01, 3, {0x1100, 0x1161, 0x11a8}},
        {0xd7a3, 3, {0x1112, 0x1175, 0x11c2}}, {0x10400, 1, {0x10428}}, {0x2126, 1, {0x3c9}}, {0xff21, 1, {0xff41}},
        {0x9cb, 2, {0x9c7, 0x9be}}, {0x1d15e, 2, {0x1d157, 0x1d165}}, {0x1f80, 1, {0x3b1}}, {0x4e00, 1, {0x4e00}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t out[3] = {0, 0, 0};
        size_t n = hr_unicode_bert_fold(rows[i].cp, out);
        bool same = n == rows[i].n;
        for (size_t k = 0; same && k < n; k++) same = out[k] == rows[i].out[k];
        if (!T_CHECK(same)) printf("    U+%04x: %zu, %x %x %x\n", rows[i].cp, n, out[0], out[1], out[2]);
    }
    T_EQ_U(hr_unicode_class(0x10ffff), HR_UC_OTHER);
    uint8_t utf8[4];
    T_EQ_U(hr_utf8_put(0x1f600, utf8), 4);
    T_EQ_MEM(utf8, "\xf0\x9f\x98\x80", 4);
}

T_MAIN(T_RUN(words_are_cut_as_by_the_regular_expressions), T_RUN(names_of_pre_tokenizers), T_RUN(merges_by_rank),
       T_RUN(merging_equals_the_definition), T_RUN(bytes_without_a_token), T_RUN(gemma4_merges_characters),
       T_RUN(scores_equal_the_definition), T_RUN(spaces_before_and_between), T_RUN(bytes_of_unknown_characters),
       T_RUN(word_pieces), T_RUN(folding))
