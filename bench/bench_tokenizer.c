/* Tokenizing beside the machine's limits, all in one run: MB/s of English and of mixed text with the llama3 vocabulary, the
 * texts that hurt in ms for a MiB, and opening the vocabulary.
 *     bench_tokenizer [ROUNDS]      texts and vocabulary from $HEARTH_DATA (default ../shared/data); code: this repository
 * Rounds are interleaved and the best counts, in this thread's own time, for the machine is never quiet. */
#include "engine/base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "engine/hearth.h"

enum { TEXT_MAX = 16 << 20, TEXT_MIN = 10 << 20, MIB = 1 << 20 };
static char text_buffer[TEXT_MAX], copy_buffer[TEXT_MAX];
static int32_t id_buffer[TEXT_MAX];
static volatile uint64_t byte_sum;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static size_t append_file(size_t at, const char *root, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) return at;
    at += fread(text_buffer + at, 1, TEXT_MAX - at, f);
    fclose(f);
    return at;
}
/* the files one after another, until there is enough; *once: the bytes before anything repeats */
static size_t fill_text(const char *root, const char *const *names, size_t *once) {
    size_t at = 0;
    *once = 0;
    for (size_t before = 1; at < TEXT_MIN && at != before;) {
        before = at;
        for (size_t i = 0; names[i] != NULL; i++) at = append_file(at, names[i][0] == '.' ? "." : root, names[i]);
        if (*once == 0) *once = at;
    }
    return at;
}
/* words that are no words, of ten scripts, one after another: the files above are mostly ASCII, and no word here comes twice,
 * so that neither the vocabulary nor the memory of words helps */
static size_t fill_scripts(size_t n) {
    static const struct { uint32_t first, count; } scripts[] = {
        {0x430, 32}, {0x3b1, 24}, {0x5d0, 26}, {0x627, 35}, {0x905, 50}, {0xe01, 46}, {0x10d0, 33}, {0xac00, 11172},
        {0x4e00, 20000}, {0x3042, 80}};
    uint32_t r = 1;
    size_t at = 0;
    while (at + 64 < n) {
        r = r * 1664525u + 1013904223u;
        size_t s = (r >> 16) % HR_COUNT(scripts), letters = 1 + (r >> 8) % 9;
        for (size_t i = 0; i < letters; i++) {
            r = r * 1664525u + 1013904223u;
            uint32_t cp = scripts[s].first + (r >> 8) % scripts[s].count;
            if (cp >= 0x800) text_buffer[at++] = (char)(0xe0 | cp >> 12), text_buffer[at++] = (char)(0x80 | (cp >> 6 & 63));
            else text_buffer[at++] = (char)(0xc0 | cp >> 6);
            text_buffer[at++] = (char)(0x80 | (cp & 63));
        }
        text_buffer[at++] = ' ';
    }
    return at;
}
static double time_tokenize(const hearth_model *m, size_t n, size_t *n_ids) {
    hearth_error e;
    double start = now();
    if (hearth_tokenize(m, text_buffer, n, 0, id_buffer, TEXT_MAX, n_ids, &e) != HEARTH_OK) exit(1);
    return now() - start;
}
static double time_copy(size_t n) {
    double start = now();
    memcpy(copy_buffer, text_buffer, n);
    return now() - start;
}
static double time_scan(size_t n) { /* every byte looked at once, one after another: what a scanner cannot beat */
    double start = now();
    uint64_t h = 0;
    for (size_t i = 0; i < n; i++) h = (h << 1 | h >> 63) ^ (uint8_t)text_buffer[i];
    byte_sum = h;
    return now() - start;
}
static void bench_rate(const hearth_model *m, const char *what, size_t n, int rounds) {
    double best = 1e9, copy = 1e9, scan = 1e9;
    size_t n_ids = 0;
    if (n == 0) {
        printf("%-24s no data\n", what);
        return;
    }
    for (int r = 0; r < rounds; r++) {
        double a = time_tokenize(m, n, &n_ids), b = time_copy(n), c = time_scan(n);
        best = a < best ? a : best, copy = b < copy ? b : copy, scan = c < scan ? c : scan;
    }
    double mb = (double)n * 1e-6;
    printf("%-24s %7.1f MB/s  (%.1f MB, %.2f bytes an id; bytes scanned at %.0f, copied at %.0f MB/s)\n", what, mb / best, mb,
           (double)n / (double)(n_ids ? n_ids : 1), mb / scan, mb / copy);
}
static void bench_worst(const hearth_model *m, int rounds) {
    static const char *const units[][2] = {
        {"one letter", "a"}, {"spaces", " "}, {"emoji", "\xf0\x9f\x98\x80"}, {"random bytes", ""}};
    for (size_t u = 0; u < HR_COUNT(units); u++) {
        size_t len = strlen(units[u][1]), n_ids = 0;
        uint32_t r = 1;
        double best = 1e9;
        for (size_t i = 0; i < MIB; i++) {
            r = r * 1664525u + 1013904223u;
            text_buffer[i] = len > 0 ? units[u][1][i % len] : (char)(r >> 24);
        }
        for (int k = 0; k < rounds; k++) {
            double a = time_tokenize(m, MIB, &n_ids);
            best = a < best ? a : best;
        }
        printf("1 MiB of %-15s %7.1f ms    (%zu ids)\n", units[u][0], best * 1e3, n_ids);
    }
}

int main(int argc, char **argv) {
    static const char *const english[] = {"corpora/tinyshakespeare/data/tinyshakespeare/input.txt",
                                          "prompts/banking77/banking_data/train.csv", NULL};
    static const char *const mixed[] = {"tokenizers/oracle/texts.jsonl", "corpora/blns/blns.txt",
                                        "corpora/unicode/UTF-8-test.txt", "./tokenizer/vocab.c", "./engine/gguf.c",
                                        "./tools/lint.awk", "./README.md", NULL};
    const char *root = getenv("HEARTH_DATA");
    int rounds = argc > 1 ? atoi(argv[1]) : 9;
    char path[1024];
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_model *m = NULL;
    hearth_error e;
    double best = 1e9;
    if (root == NULL || *root == '\0') root = "../shared/data";
    snprintf(path, sizeof path, "%s/tokenizers/vocab-llama3.gguf", root);
    c.flags = HEARTH_MODEL_VOCAB_ONLY;
    c.threads = 1;
    for (int r = 0; r < rounds || m == NULL; r++) {
        hearth_model_close(m);
        double start = now();
        if (hearth_model_open(path, &c, &m, &e) != HEARTH_OK) {
            printf("%s: %s\n", e.where, e.what);
            return 0; /* without data there is nothing to measure */
        }
        best = now() - start < best ? now() - start : best;
    }
    printf("%-24s %7.1f ms\n", "open the vocabulary", best * 1e3);
    size_t once, n = fill_text(root, english, &once);
    bench_rate(m, "English", n, rounds);
    bench_rate(m, "English, each text once", once, rounds); /* a call remembers words: repeated text is easier */
    n = fill_text(root, mixed, &once);
    bench_rate(m, "mixed", n, rounds);
    bench_rate(m, "mixed, each text once", once, rounds);
    bench_rate(m, "random words, 10 scripts", fill_scripts(2 << 20), rounds);
    bench_worst(m, 3);
    hearth_model_close(m);
    return 0;
}
