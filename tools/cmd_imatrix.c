/* cmd_imatrix.c: `hearth imatrix`: runs a text through a model and writes, for each matrix, the sums of squares of its input
 * columns (of each expert's own rows): what `hearth quantize --imatrix` and other tools weight their errors by. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#if !defined(HEARTH_DROP_TOOLS)
#include "engine/imatrix.h"
#include "engine/observe.h"

typedef struct matrix_sums {
    char name[64];
    size_t k, n_mats;
    double *sums;  /* [n_mats][k] */
    double *counts;/* [n_mats] */
} matrix_sums;
typedef struct imatrix_work {
    matrix_sums *list;
    size_t n, cap;
    bool no_memory, bad_value;
} imatrix_work;

static matrix_sums *find_sums(imatrix_work *w, const hr_observed *seen) {
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->list[i].name, seen->name) == 0) return &w->list[i];
    }
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 256;
        matrix_sums *p = (matrix_sums *)realloc(w->list, cap * sizeof *p);
        if (!p) return NULL;
        w->list = p;
        w->cap = cap;
    }
    matrix_sums *s = &w->list[w->n];
    memset(s, 0, sizeof *s);
    memcpy(s->name, seen->name, sizeof s->name);
    s->k = seen->k;
    s->n_mats = seen->n_mats;
    s->sums = (double *)calloc(s->k * s->n_mats, sizeof(double));
    s->counts = (double *)calloc(s->n_mats, sizeof(double));
    if (!s->sums || !s->counts) {
        free(s->sums), free(s->counts);
        return NULL;
    }
    w->n++;
    return s;
}
static void on_product(void *ctx, const hr_observed *seen) {
    imatrix_work *w = (imatrix_work *)ctx;
    if (strstr(seen->name, "ffn_gate_inp") || strcmp(seen->name, "output.weight") == 0) return; /* not quantized by it */
    matrix_sums *s = find_sums(w, seen);
    if (!s) {
        w->no_memory = true;
        return;
    }
    double *sums = s->sums + seen->mat * s->k;
    for (size_t t = 0; t < seen->m; t++) {
        const float *x = seen->x + t * seen->stride;
        for (size_t i = 0; i < s->k; i++) sums[i] += (double)x[i] * (double)x[i];
    }
    s->counts[seen->mat] += (double)seen->m;
}

static int write_sums(imatrix_work *w, const char *path, const char *text, uint32_t chunks, uint32_t chunk_tokens) {
    hr_imatrix_sums *list = (hr_imatrix_sums *)calloc(w->n + 1, sizeof *list);
    float **parts = (float **)calloc(2 * w->n + 1, sizeof *parts);
    bool ok = list && parts;
    for (size_t i = 0; i < w->n && ok; i++) {
        matrix_sums *s = &w->list[i];
        float *sums = (float *)malloc(s->k * s->n_mats * sizeof(float)), *counts = (float *)malloc(s->n_mats * sizeof(float));
        parts[2 * i] = sums, parts[2 * i + 1] = counts;
        ok = sums && counts;
        for (size_t e = 0; ok && e < s->k * s->n_mats; e++) sums[e] = (float)s->sums[e];
        for (size_t e = 0; ok && e < s->n_mats; e++) counts[e] = (float)s->counts[e];
        hr_imatrix_sums out = {hr_str_of(s->name), s->k, s->n_mats, sums, counts};
        list[i] = out;
    }
    hr_error err;
    hr_error_clear(&err);
    int code = ok ? CLI_OK : cli_fail(path, "out of memory");
    if (ok && hr_imatrix_write(path, list, w->n, chunks, chunk_tokens, text, NULL, &err) != HR_OK) {
        hearth_error e;
        memcpy(&e, &err, sizeof e); /* the same layout (engine/api_model.c asserts it) */
        code = cli_report(&e, path);
    }
    for (size_t i = 0; parts && i < 2 * w->n; i++) free(parts[i]);
    free(list), free(parts);
    return code;
}

typedef struct imatrix_options {
    cli_setup setup;
    const char *text, *out;
    int chunk, chunks;
} imatrix_options;

static int run_chunks(const imatrix_options *o, hearth_session *session, const hearth_model *model, imatrix_work *w) {
    hearth_model_info info;
    hearth_error err;
    char *text = NULL;
    size_t n_text = 0, n = 0;
    int32_t *ids = NULL;
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    hearth_model_get_info(model, &info);
    int code = cli_read_file(o->text, &text, &n_text);
    if (code == CLI_OK) code = cli_tokenize(model, text, n_text, HEARTH_TOK_SPECIAL, &ids, &n);
    size_t step = (size_t)o->chunk, chunks = n / step;
    if (chunks == 0 && n > 0) chunks = 1, step = n; /* a short text is one chunk */
    if (o->chunks > 0 && chunks > (size_t)o->chunks) chunks = (size_t)o->chunks;
    float *hidden = (float *)malloc((step + 1) * (size_t)info.n_embd * sizeof(float));
    if (code == CLI_OK && chunks == 0) code = cli_fail(o->text, "holds no tokens");
    if (code == CLI_OK && !hidden) code = cli_fail("--chunk", "out of memory");
    for (size_t c = 0; c < chunks && code == CLI_OK; c++) {
        if (info.bos >= 0 && c > 0 && ids[0] == info.bos) ids[c * step] = info.bos; /* each chunk begins as a text does */
        hearth_status status = hearth_embed(session, ids + c * step, step, HEARTH_POOL_NONE, 0, hidden,
                                            step * (size_t)info.n_embd, &err);
        if (status != HEARTH_OK) code = cli_report(&err, o->text);
        if (w->no_memory) code = cli_fail("imatrix", "out of memory");
        cli_progress("chunks", c + 1, chunks);
    }
    cli_progress_end();
    hr_observe(session, NULL, NULL);
    if (code == CLI_OK) code = write_sums(w, o->out, o->text, (uint32_t)chunks, (uint32_t)step);
    if (code == CLI_OK && o->setup.json) {
        cli_json_open(NULL, '{');
        cli_json_str("output", o->out);
        cli_json_u64("matrices", w->n);
        cli_json_u64("chunks", chunks);
        cli_json_u64("tokens", chunks * step);
        cli_json_close('}');
    } else if (code == CLI_OK) {
        printf("%zu matrices over %zu chunks of %zu tokens\n", w->n, chunks, step);
    }
    free(text), free(ids), free(hidden);
    return code;
}
#endif

int cmd_imatrix(int argc, char **argv) {
#if defined(HEARTH_DROP_TOOLS)
    (void)argc, (void)argv;
    return cli_fail("imatrix", "not in a build on the one-file library");
#else
    imatrix_options o = {CLI_SETUP_INIT, NULL, NULL, 512, 0};
    const char *words[1];
    const cli_option options[] = {
        {"--file", "-f", CLI_TEXT, &o.text, 0, 0, "FILE", "the text; - is stdin"},
        {"--output", "-o", CLI_TEXT, &o.out, 0, 0, "OUT", "GGUF, or the old form when the name ends in .dat"},
        {"--chunk", NULL, CLI_INT, &o.chunk, 1, 1 << 16, "N", "tokens run together (512)"},
        {"--chunks", NULL, CLI_INT, &o.chunks, 0, 1 << 30, "N", "at most so many; 0: all"},
        CLI_OPTIONS_MODEL(o.setup),
        CLI_OPTION_JSON(o.setup),
    };
    const cli_command c = {"imatrix", "MODEL -f FILE -o OUT",
                           "Importances for 'hearth quantize --imatrix': squares of every matrix's input columns over a text.",
                           options, CLI_COUNT(options), 1, 1};
    int code = cli_parse(&c, argc, argv, words);
    if (code != CLI_GO) return code;
    if (!o.text || !o.out) return cli_misuse("imatrix", o.text ? "-o" : "-f", "is wanted");
    hearth_model *model = NULL;
    hearth_session *session = NULL;
    imatrix_work w;
    memset(&w, 0, sizeof w);
    o.setup.ctx = o.setup.batch = o.chunk;
    code = cli_open_model(words[0], &o.setup, 0, &model);
    if (code == CLI_OK) code = cli_open_session(words[0], &o.setup, model, 1, &session);
    if (code == CLI_OK) {
        cli_cancels(session);
        hr_observe(session, on_product, &w);
        code = run_chunks(&o, session, model, &w);
    }
    cli_cancels(NULL);
    hearth_session_close(session);
    hearth_model_close(model);
    for (size_t i = 0; i < w.n; i++) free(w.list[i].sums), free(w.list[i].counts);
    free(w.list);
    return code;
#endif
}
