/* Guided generation with a 128 k vocabulary: what a mask and taking a token cost, and compiling.
 *     bench_guide [SCHEMAS.jsonl [DUMP [VOCABULARY.gguf]]]     default: tokenizers/vocab-llama3.gguf of $HEARTH_DATA
 * A schema a line (default tests/golden/guided/schemas.jsonl). Texts are written by a sampler that takes any allowed token,
 * mostly plain ones, three times each: cold (the first text of a guide) and warm. DUMP gets a line {"schema", "ids"} for the
 * peers: bench/bench_guide_peers.py. Own CPU time of this thread; an empty measurement costs what "clock" says. */
#include "engine/guide.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "engine/hearth.h"
#include "engine/model.h"

enum { MAX_SAMPLES = 1 << 20, MAX_TOKENS = 200, LINE = 1 << 16 };
typedef struct samples {
    double *v;
    size_t n;
} samples;
static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + 1e-3 * (double)t.tv_nsec;
}
static void add_sample(samples *s, double v) {
    if (s->n < MAX_SAMPLES) s->v[s->n++] = v;
}
static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}
static void print_samples(const char *what, samples *s) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) sum += s->v[i];
    qsort(s->v, s->n, sizeof *s->v, compare_doubles);
    if (s->n > 0)
        printf("%-18s %8zu  mean %8.1f  p50 %8.1f  p99 %8.1f  worst %8.1f us\n", what, s->n, sum / (double)s->n, s->v[s->n / 2],
               s->v[s->n * 99 / 100], s->v[s->n - 1]);
}
/* the first allowed token behind a random one: any text, which seldom ends at once */
static int32_t pick_token(const uint32_t *mask, uint32_t n_vocab, uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    const uint32_t from = (uint32_t)((uint64_t)*seed * n_vocab >> 32);
    for (uint32_t i = 0; i < n_vocab; i++) {
        const uint32_t t = (from + i) % n_vocab;
        if (mask[t >> 5] >> (t & 31) & 1) return (int32_t)t;
    }
    return -1;
}
static void run_text(hr_guide *g, const hr_trie *trie, samples *masks, samples *takes, uint32_t seed, FILE *dump) {
    size_t left = MAX_TOKENS;
    hr_error e;
    hr_error_clear(&e);
    const uint32_t *mask;
    if (hr_guide_begin(g, left, &e) != HR_OK) return;
    for (bool first = true;; first = false) {
        double start = now_us();
        const hr_status status = hr_guide_mask(g, left, &mask, &e);
        add_sample(masks, now_us() - start);
        if (status != HR_OK || !mask) break;
        const int32_t token = pick_token(mask, trie->n_vocab, &seed);
        if (hr_tok_is_eog(g->tok, token)) break;
        if (dump) fprintf(dump, "%s%d", first ? "" : ", ", (int)token);
        start = now_us();
        if (hr_guide_take(g, token, &e) != HR_OK) break;
        add_sample(takes, now_us() - start);
        left--;
    }
    if (e.status != HR_OK) printf("%s: %s\n", e.where, e.what);
}
int main(int argc, char **argv) {
    static char line[LINE], path[1024];
    const char *root = getenv("HEARTH_DATA");
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_model *model = NULL;
    hearth_error e;
    hr_error err;
    hr_trie trie;
    samples s[5];
    uint32_t refused = 0, n_lines = 0;
    snprintf(path, sizeof path, "%s/tokenizers/vocab-llama3.gguf", root && *root ? root : "../shared/data");
    if (argc > 3) snprintf(path, sizeof path, "%s", argv[3]);
    c.flags = HEARTH_MODEL_VOCAB_ONLY;
    c.threads = 1;
    FILE *f = fopen(argc > 1 ? argv[1] : "tests/golden/guided/schemas.jsonl", "rb");
    FILE *dump = argc > 2 ? fopen(argv[2], "wb") : NULL;
    if (!f || hearth_model_open(path, &c, &model, &e) != HEARTH_OK) return printf("no schemas or no vocabulary\n"), 0;
    const hr_tok *tok = ((const hr_model *)(const void *)model)->tok;
    for (int i = 0; i < 5; i++) s[i] = (samples){malloc(MAX_SAMPLES * sizeof(double)), 0};
    double start = now_us();
    if (hr_trie_build(tok, hr_allocator_default(), &trie, &err) != HR_OK) return 1;
    printf("trie of %u tokens  %.1f ms, %.1f MB\n", trie.n_vocab, (now_us() - start) * 1e-3, (double)trie.bytes * 1e-6);
    while (fgets(line, sizeof line, f)) {
        hr_guide *g = NULL;
        const size_t n = strcspn(line, "\n");
        hr_error_clear(&err);
        n_lines++;
        start = now_us();
        const hr_str text = {line, n};
        const hr_status status = hr_guide_make(tok, &trie, hr_allocator_default(), HEARTH_GUIDE_SCHEMA, text, &g, &err);
        if (status != HR_OK) {
            refused++;
            printf("line %u: %s: %s\n", n_lines, err.where, err.what);
            continue;
        }
        add_sample(&s[0], now_us() - start);
        if (dump) fprintf(dump, "{\"schema\": %.*s, \"ids\": [", (int)n, line);
        for (uint32_t k = 0; k < 3; k++)
            run_text(g, &trie, &s[k ? 3 : 1], &s[k ? 4 : 2], n_lines * 7 + k, k == 0 ? dump : NULL);
        if (dump) fprintf(dump, "]}\n");
        hr_guide_free(g);
    }
    fclose(f);
    if (dump) fclose(dump);
    static const char *const names[] = {"compile", "mask, first text", "take, first text", "mask, later", "take, later"};
    printf("%u schemas, %u refused\n", n_lines, refused);
    for (int i = 0; i < 5; i++) print_samples(names[i], &s[i]);
    hr_trie_free(&trie, hr_allocator_default());
    hearth_model_close(model);
    return 0;
}
