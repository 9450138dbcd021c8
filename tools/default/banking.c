/* banking.c: banking77 (PolyAI, CC-BY 4.0; read from a folder, never in the tree): intents told apart by a linear head on the
 * model's embeddings, trained here on the training part, beside naive Bayes over words. */
#include "tools/default/eval.h"
#if !defined(HEARTH_DROP_TOOLS)
#include "engine/head.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BK_CLASSES = 256, BK_TEXT = 1024, BK_BUCKETS = 1 << 16 };
typedef struct bk_set {
    char **text;
    uint32_t *label;
    size_t n, cap;
    float *x; /* [n][n_in] */
} bk_set;
typedef struct bk_names {
    char name[BK_CLASSES][64];
    size_t n;
} bk_names;

static int class_of(bk_names *names, const char *s, size_t n) {
    for (size_t i = 0; i < names->n; i++)
        if (strlen(names->name[i]) == n && memcmp(names->name[i], s, n) == 0) return (int)i;
    if (names->n == BK_CLASSES || n >= sizeof names->name[0]) return -1;
    memcpy(names->name[names->n], s, n);
    names->name[names->n][n] = 0;
    return (int)names->n++;
}
/* one CSV field at *p: quotes may hold commas, lines and doubled quotes */
static size_t read_field(const char **p, const char *end, char *out, size_t cap) {
    size_t n = 0;
    bool quoted = *p < end && **p == '"';
    if (quoted) (*p)++;
    while (*p < end) {
        char c = **p;
        if (quoted && c == '"') {
            if (*p + 1 < end && (*p)[1] == '"') (*p)++;
            else quoted = false, c = 0;
        } else if (!quoted && (c == ',' || c == '\n' || c == '\r')) {
            break;
        }
        (*p)++;
        if (c && n + 1 < cap) out[n++] = c == '\n' || c == '\r' ? ' ' : c;
    }
    out[n] = 0;
    return n;
}
static bool add_row(bk_set *s, const char *text, uint32_t label) {
    if (s->n == s->cap) {
        const size_t cap = s->cap ? 2 * s->cap : 1024;
        char **t = (char **)realloc(s->text, cap * sizeof *t);
        if (t) s->text = t;
        uint32_t *l = t ? (uint32_t *)realloc(s->label, cap * sizeof *l) : NULL;
        if (!l) return false;
        s->label = l;
        s->cap = cap;
    }
    if (!(s->text[s->n] = (char *)malloc(strlen(text) + 1))) return false;
    memcpy(s->text[s->n], text, strlen(text) + 1);
    s->label[s->n++] = label;
    return true;
}
static int read_csv(const char *folder, const char *file, bk_set *s, bk_names *names) {
    char path[2048], text[BK_TEXT], label[128], *data = NULL;
    size_t n = 0;
    bool head = true;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (cli_read_file(path, &data, &n) != CLI_OK) return CLI_FAILED;
    for (const char *p = data, *end = data + n; p < end;) {
        read_field(&p, end, text, sizeof text);
        if (p < end && *p == ',') p++;
        const size_t m = read_field(&p, end, label, sizeof label);
        while (p < end && (*p == '\n' || *p == '\r')) p++;
        const int c = head || m == 0 ? 0 : class_of(names, label, m);
        if (c < 0 || (!head && m && !add_row(s, text, (uint32_t)c))) {
            free(data);
            return cli_fail(path, "more than %d classes, or no memory", BK_CLASSES);
        }
        head = false;
    }
    free(data);
    return s->n ? CLI_OK : cli_fail(path, "no rows");
}
static void free_set(bk_set *s) {
    for (size_t i = 0; i < s->n; i++) free(s->text[i]);
    free(s->text);
    free(s->label);
    free(s->x);
    memset(s, 0, sizeof *s);
}

/* --- embeddings: mean, largest and last state of "<|same|> text<|out|>" ------------------------------------------------ */
#define BK_ADD 0.1
enum { BK_PARTS = 3 };
static int embed_set(hearth_model *model, hearth_session *session, bk_set *s, size_t n_embd, const char *what) {
    char text[BK_TEXT + 32];
    const size_t room = (size_t)hearth_context(session);
    float *states = (float *)malloc(room * n_embd * sizeof *states);
    s->x = (float *)malloc(s->n * BK_PARTS * n_embd * sizeof *s->x);
    int code = states && s->x ? CLI_OK : cli_fail("banking77", "no memory");
    for (size_t i = 0; code == CLI_OK && i < s->n; i++) {
        int32_t *ids = NULL;
        size_t n = 0;
        hearth_error err;
        float *x = s->x + i * BK_PARTS * n_embd;
        memset(&err, 0, sizeof err);
        err.offset = HEARTH_NO_OFFSET;
        snprintf(text, sizeof text, "<|same|> %s<|out|>", s->text[i]);
        code = cli_tokenize(model, text, strlen(text), HEARTH_TOK_PARSE, &ids, &n);
        if (code != CLI_OK) break;
        if (n > room) n = room;
        if (hearth_embed(session, ids, n, HEARTH_POOL_NONE, 0, states, room * n_embd,
         &err) != HEARTH_OK) code = cli_report(&err, what);
        free(ids);
        for (size_t k = 0; code == CLI_OK && k < n_embd; k++) {
            double sum = 0;
            float top = states[k];
            for (size_t t = 0; t < n; t++) {
                sum += (double)states[t * n_embd + k];
                if (states[t * n_embd + k] > top) top = states[t * n_embd + k];
            }
            x[k] = (float)(sum / (double)n);
            x[n_embd + k] = top;
            x[2 * n_embd + k] = states[(n - 1) * n_embd + k];
        }
        if (i % 64 == 0) cli_progress(what, i, s->n);
        if (cli_interrupted()) code = CLI_FAILED;
    }
    cli_progress_end();
    free(states);
    return code;
}

/* --- naive Bayes over words (multinomial, add 0.1) ---------------------------------------------------------------------- */
static size_t next_word(const char **p, uint32_t *bucket) {
    uint64_t h = 0xcbf29ce484222325u;
    size_t n = 0;
    while (**p && !((**p | 32) >= 'a' && (**p | 32) <= 'z') && !(**p >= '0' && **p <= '9')) (*p)++;
    for (; ((**p | 32) >= 'a' && (**p | 32) <= 'z') || (**p >= '0' && **p <= '9'); (*p)++, n++)
        h = (h ^ (uint8_t)(**p | 32)) * 0x100000001b3u;
    *bucket = (uint32_t)(h ^ (h >> 32)) % BK_BUCKETS;
    return n;
}
static double naive_bayes(const bk_set *train, const bk_set *test, size_t n_class) {
    uint32_t *seen = (uint32_t *)calloc(n_class * BK_BUCKETS, sizeof *seen), bucket;
    uint8_t *known = (uint8_t *)calloc(BK_BUCKETS, 1);
    double words[BK_CLASSES] = {0}, rows[BK_CLASSES] = {0}, different = 0;
    size_t right = 0;
    for (size_t i = 0; seen && known && i < train->n; i++) {
        const uint32_t c = train->label[i];
        rows[c]++;
        for (const char *p = train->text[i]; next_word(&p, &bucket);) {
            seen[c * BK_BUCKETS + bucket]++;
            words[c]++;
            different += !known[bucket];
            known[bucket] = 1;
        }
    }
    for (size_t i = 0; seen && known && i < test->n; i++) {
        double top = -INFINITY;
        size_t at = 0;
        for (size_t c = 0; c < n_class; c++) {
            double score = log(rows[c] / (double)train->n);
            for (const char *p = test->text[i]; next_word(&p, &bucket);)
                if (known[bucket]) score += log((seen[c * BK_BUCKETS + bucket] + BK_ADD) / (words[c] + BK_ADD * different));
            if (score > top) top = score, at = c;
        }
        right += at == test->label[i];
    }
    free(seen);
    free(known);
    return test->n ? (double)right / (double)test->n : 0;
}
static void report_banking(bool json, const bk_set *train, const bk_set *test, size_t n_class, double head, double bayes,
                           const hr_head_report *r) {
    if (!json) {
        printf("banking77: %zu training, %zu test texts, %zu intents\n", train->n, test->n, n_class);
        printf("%-36s %5.1f %%   (%d steps, loss %.4f)\n", "linear head on the embeddings", 100 * head, r->steps, r->loss);
        printf("%-36s %5.1f %%\n", "naive Bayes over words", 100 * bayes);
        return;
    }
    cli_json_open(NULL, '{');
    cli_json_u64("n_train", train->n);
    cli_json_u64("n_test", test->n);
    cli_json_u64("n_class", n_class);
    cli_json_num("head", head);
    cli_json_num("naive_bayes", bayes);
    cli_json_int("steps", r->steps);
    cli_json_num("loss", r->loss);
    cli_json_close('}');
}
static int train_head(const bk_set *train, const bk_set *test, uint32_t n_in, uint32_t n_class, double *share,
 hr_head_report *r) {
    const hr_head_config c = {1e-3, 1e-5, 150};
    const size_t bytes = hr_head_work_bytes(n_in, n_class, train->n);
    hr_head head = {n_in, n_class, (float *)malloc(hr_head_bytes(n_in, n_class)), 0};
    void *work = malloc(bytes);
    hr_error err;
    size_t right = 0;
    hr_error_clear(&err);
    hr_status status = head.weight && work ? hr_head_train(&c, train->x, train->label, train->n, &head, work, bytes, r,
     &err) : HR_E_MEMORY;
    for (size_t i = 0; status == HR_OK && i < test->n; i++)
        right += hr_head_pick(&head, test->x + i * n_in, NULL, NULL) == (int)test->label[i];
    *share = (double)right / (double)test->n;
    free(work);
    free(head.weight);
    return status == HR_OK ? CLI_OK : cli_fail("banking77", "%s", err.what);
}
int eval_banking(hearth_model *model, hearth_session *session, const char *folder, bool json) {
    bk_set train, test;
    bk_names *names = (bk_names *)calloc(1, sizeof *names);
    hearth_model_info info;
    double head = 0, bayes = 0;
    hr_head_report report = {0, 0, 0};
    memset(&train, 0, sizeof train);
    memset(&test, 0, sizeof test);
    if (!names) return cli_fail("banking77", "no memory");
    int code = read_csv(folder, "train.csv", &train, names);
    if (code == CLI_OK) code = read_csv(folder, "test.csv", &test, names);
    if (code == CLI_OK) bayes = naive_bayes(&train, &test, names->n);
    if (code == CLI_OK && model) {
        hearth_model_get_info(model, &info);
        code = embed_set(model, session, &train, (size_t)info.n_embd, "training part");
        if (code == CLI_OK) code = embed_set(model, session, &test, (size_t)info.n_embd, "test part");
        if (code == CLI_OK) code = train_head(&train, &test, (uint32_t)info.n_embd * BK_PARTS, (uint32_t)names->n, &head,
         &report);
    }
    if (code == CLI_OK) report_banking(json, &train, &test, names->n, head, bayes, &report);
    free_set(&train);
    free_set(&test);
    free(names);
    return code;
}
#endif
