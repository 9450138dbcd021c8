/* test_vendor_ids.c: the ids of the vendors' own tokenizers, text by text (../shared/data/tokenizers: llama.cpp's
 * vocab-*.gguf.inp/.out and oracle/ *.jsonl), control tokens parsed, none added; and the way back. */
#include "tests/t.h"
#include "engine/hearth.h"

enum { VENDOR_CAP = 1 << 16 };
static int32_t want_ids[VENDOR_CAP], got_ids[VENDOR_CAP];
static char back_text[1 << 18];

static char *read_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *p = (char *)malloc(*n + 1);
    if (p != NULL && fread(p, 1, *n, f) != *n) *n = 0;
    if (p != NULL) p[*n] = '\0';
    fclose(f);
    return p;
}

static hearth_model *open_vocab(const char *name) {
    char path[200];
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_model *m = NULL;
    hearth_error e;
    snprintf(path, sizeof path, "tokenizers/vocab-%s.gguf", name);
    c.flags = HEARTH_MODEL_VOCAB_ONLY;
    c.threads = 1;
    if (!T_EQ_I(hearth_model_open(t_data(path), &c, &m, &e), HEARTH_OK)) printf("    %s: %s\n", e.where, e.what);
    return m;
}

/* one text; round: decoding gives the text back */
static void check_text(const hearth_model *m, const char *text, size_t n_text, size_t n_want, bool round, const char *what) {
    size_t n = 0, n_back = 0;
    hearth_error e;
    T_EQ_I(hearth_tokenize(m, text, n_text, HEARTH_TOK_PARSE, got_ids, VENDOR_CAP, &n, &e), HEARTH_OK);
    bool same = T_EQ_U(n, n_want) && memcmp(got_ids, want_ids, n * sizeof *got_ids) == 0;
    if (!T_CHECK(same)) printf("    %s: '%.60s'\n", what, text);
    if (!round) return;
    T_EQ_I(hearth_detokenize(m, got_ids, n, HEARTH_TOK_SHOW, back_text, sizeof back_text, &n_back, &e), HEARTH_OK);
    if (!T_CHECK(n_back == n_text && memcmp(back_text, text, n_text) == 0)) printf("    way back of '%.60s'\n", text);
}

static size_t read_ids(const char **p) {
    size_t n = 0;
    while (**p != '\0' && **p != '\n' && **p != ']' && n < VENDOR_CAP) {
        char *end;
        long v = strtol(*p, &end, 10);
        if (end == *p) {
            (*p)++;
            continue;
        }
        want_ids[n++] = (int32_t)v;
        *p = end;
    }
    return n;
}

static void check_llama_cpp_file(const char *name) {
    static const char cut[] = "\n__ggml_vocab_test__\n";
    char path[200];
    size_t n_in, n_out;
    snprintf(path, sizeof path, "tokenizers/vocab-%s.gguf.inp", name);
    char *in = read_file(t_data(path), &n_in);
    snprintf(path, sizeof path, "tokenizers/vocab-%s.gguf.out", name);
    char *out = read_file(t_data(path), &n_out);
    hearth_model *m = open_vocab(name);
    const char *line = out, *text = in;
    int texts = 0;
    while (m != NULL && line != NULL && *line != '\0') {
        const char *end = strstr(text, cut);
        size_t n_text = end != NULL ? (size_t)(end - text) : strlen(text), n_want = read_ids(&line);
        check_text(m, text, n_text, n_want, strcmp(name, "bert-bge") != 0, name);
        texts++;
        if (*line == '\n') line++;
        if (end == NULL) break;
        text = end + sizeof cut - 1;
    }
    T_CHECK(texts > 40);
    hearth_model_close(m);
    free(in), free(out);
}

/* a JSON string at *p (after its opening quote) in place; returns its length */
static size_t unescape(char *p, char **after) {
    char *out = p, *in = p;
    while (*in != '"' && *in != '\0') {
        if (*in != '\\') {
            *out++ = *in++;
            continue;
        }
        static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
        const char *known = strchr(from, in[1]);
        if (in[1] == 'u') {
            unsigned cp = 0, low = 0;
            sscanf(in + 2, "%4x", &cp);
            in += 6;
            if (cp >= 0xd800 && cp < 0xdc00 && sscanf(in, "\\u%4x", &low) == 1) {
                cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
                in += 6;
            }
            if (cp < 0x80) *out++ = (char)cp;
            else if (cp < 0x800) *out++ = (char)(0xc0 | cp >> 6), *out++ = (char)(0x80 | (cp & 63));
            else if (cp < 0x10000) *out++ = (char)(0xe0 | cp >> 12), *out++ = (char)(0x80 | (cp >> 6 & 63)),
                                   *out++ = (char)(0x80 | (cp & 63));
            else *out++ = (char)(0xf0 | cp >> 18), *out++ = (char)(0x80 | (cp >> 12 & 63)),
                 *out++ = (char)(0x80 | (cp >> 6 & 63)), *out++ = (char)(0x80 | (cp & 63));
        } else {
            *out++ = known != NULL ? to[known - from] : in[1];
            in += 2;
        }
    }
    *after = in;
    return (size_t)(out - p);
}

static void check_oracle(const char *oracle, const char *vocab) {
    char path[200];
    size_t n_texts, n_ids;
    snprintf(path, sizeof path, "tokenizers/oracle/%s.jsonl", oracle);
    char *texts = read_file(t_data("tokenizers/oracle/texts.jsonl"), &n_texts), *ids = read_file(t_data(path), &n_ids);
    hearth_model *m = open_vocab(vocab);
    char *t = texts;
    const char *line = ids;
    int n = 0;
    while (m != NULL && t != NULL && line != NULL && *t != '\0' && *line != '\0') { /* both files have the same order */
        static const char key[] = "\"text\":\"";
        char *text = strstr(t, key), *after;
        const char *list = strstr(line, "\"ids\":[");
        if (text == NULL || list == NULL) break;
        list += 7;
        size_t n_want = read_ids(&list), n_text = unescape(text + sizeof key - 1, &after);
        char end = *after;
        *after = '\0';
        check_text(m, text + sizeof key - 1, n_text, n_want, strcmp(oracle, "bert") != 0, oracle);
        *after = end;
        t = strchr(after, '\n');
        t = t != NULL ? t + 1 : after + strlen(after);
        line = strchr(list, '\n');
        line = line != NULL ? line + 1 : list + strlen(list);
        n++;
    }
    T_EQ_I(n, 469);
    hearth_model_close(m);
    free(texts), free(ids);
}

T_TEST(llama_cpp_texts) {
    static const char *const names[] = {"bert-bge", "deepseek-coder", "deepseek-llm", "falcon", "gpt-2", "llama-spm",
                                        "llama3", "mpt", "phi-3", "qwen2", "refact", "starcoder"};
    if (t_data("tokenizers/vocab-gpt-2.gguf") == NULL) T_SKIP("no test data");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) check_llama_cpp_file(names[i]);
}

T_TEST(vendors_texts) {
    static const char *const pairs[][2] = {{"bert", "bert-bge"},   {"gpt2", "gpt-2"}, {"llama2", "llama-spm"},
                                           {"llama3_2", "llama3"}, {"phi3", "phi-3"}, {"qwen2_5", "qwen2"}};
    if (t_data("tokenizers/oracle/texts.jsonl") == NULL) T_SKIP("no test data");
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) check_oracle(pairs[i][0], pairs[i][1]);
}

/* any bytes come back from byte-level BPE and from SentencePiece with byte fallback; a megabyte of one thing ends */
T_TEST(hostile_texts) {
    static const char *const names[] = {"llama3", "gpt-2", "llama-spm"};
    static const char *const units[] = {"a", " ", "\xf0\x9f\x98\x80", "<", "'", "7", "\n", "\xe2\x96\x81",
                                        "<|reserved_special_token_", "\xff", NULL};
    enum { N = 1 << 20 };
    if (t_data("tokenizers/vocab-gpt-2.gguf") == NULL) T_SKIP("no test data");
    char *text = (char *)malloc(N), *back = (char *)malloc(4 * N);
    int32_t *ids = (int32_t *)malloc((N + 8) * sizeof *ids);
    for (size_t v = 0; v < sizeof names / sizeof names[0] && text != NULL && back != NULL && ids != NULL; v++) {
        hearth_model *m = open_vocab(names[v]);
        for (size_t u = 0; m != NULL && u < sizeof units / sizeof units[0]; u++) {
            uint32_t random = 12345;
            size_t len = units[u] != NULL ? strlen(units[u]) : 1, n_text = N / len * len, n = 0, n_back = 0;
            for (size_t i = 0; i < n_text; i++) {
                random = random * 1664525u + 1013904223u;
                text[i] = units[u] != NULL ? units[u][i % len] : (char)(random >> 24);
            }
            if (strcmp(names[v], "llama-spm") == 0 && units[u] != NULL && units[u][0] == '\xe2') continue; /* is a space */
            hearth_error e;
            T_EQ_I(hearth_tokenize(m, text, n_text, 0, ids, N + 8, &n, &e), HEARTH_OK);
            T_EQ_I(hearth_detokenize(m, ids, n, 0, back, 4 * N, &n_back, &e), HEARTH_OK);
            if (!T_CHECK(n_back == n_text && memcmp(back, text, n_text) == 0)) printf("    %s, unit %zu\n", names[v], u);
        }
        hearth_model_close(m);
    }
    free(text), free(back), free(ids);
}

T_MAIN(T_RUN(llama_cpp_texts), T_RUN(vendors_texts), T_RUN(hostile_texts))
