/* cmd_perplexity.c: `hearth perplexity`: how well a model predicts a text, and how far its logits are from saved ones.
 *
 * Without --base, as llama.cpp does it, so that figures compare: the text is cut into windows of --ctx tokens, each
 * begins with BOS in place of its first token (when the model wants one) in an empty context, and tokens of the second
 * half of each are scored. With --base the text is one window, as `hearth logits` computed it, every
 * token is scored. */
#include "tools/cli.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct score {
    double sum, sum_squares; /* of negative log-likelihoods */
    size_t n;
} score;
typedef struct base_file {
    FILE *f;
    const char *path;
    int32_t *ids; /* of the reference format, else NULL */
    size_t n_ids, n_vocab, bytes;
} base_file;
typedef struct comparison {
    score base;
    double *kl; /* [n] */
    size_t n, same_top;
} comparison;

static void add_score(score *s, double nll) {
    s->sum += nll;
    s->sum_squares += nll * nll;
    s->n++;
}
static double get_perplexity(const score *s) { return exp(s->sum / (double)s->n); }
/* standard error of the mean of the log-likelihoods, carried over to the perplexity */
static double get_perplexity_error(const score *s) {
    double n = (double)s->n, mean = s->sum / n, var = s->sum_squares / n - mean * mean;
    return s->n > 1 && var > 0 ? sqrt(var / (n - 1)) * exp(mean) : 0;
}
static double find_log_total(const float *x, size_t n) {
    double best = (double)x[0], sum = 0;
    for (size_t i = 1; i < n; i++) best = (double)x[i] > best ? (double)x[i] : best;
    for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - best);
    return best + log(sum);
}
static size_t find_top(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++) if (x[i] > x[best]) best = i;
    return best;
}
static int report_feed(hearth_status status, const hearth_error *err) {
    return status == HEARTH_E_CANCELLED ? cli_fail("perplexity", "interrupted") : cli_report(err, "perplexity");
}

/* --- windows --------------------------------------------------------------------------------------------- */
/* ids [n]; scores ids[n/2+1] ... ids[n-1] */
static int score_window(hearth_session *session, const int32_t *ids, size_t n, size_t rows, size_t n_vocab, score *s) {
    size_t first = n / 2;
    hearth_error err;
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    hearth_status status = hearth_rewind(session, 0);
    if (status == HEARTH_OK) status = hearth_feed(session, ids, first, 0, &err);
    for (size_t i = first; status == HEARTH_OK && i < n - 1; i += rows) {
        size_t m = n - 1 - i < rows ? n - 1 - i : rows;
        status = hearth_feed(session, ids + i, m, m, &err);
        for (size_t r = 0; status == HEARTH_OK && r < m; r++) {
            const float *x = hearth_logits(session, r);
            add_score(s, find_log_total(x, n_vocab) - (double)x[ids[i + r + 1]]);
        }
    }
    return status == HEARTH_OK ? CLI_OK : report_feed(status, &err);
}
static int score_text(hearth_session *session, int32_t *ids, size_t n, size_t ctx, size_t rows, int bos, size_t n_vocab,
                      score *s) {
    bool has_bos = bos >= 0 && ids[0] == bos;
    for (size_t w = 0; w < n / ctx; w++) {
        int32_t *window = ids + w * ctx;
        if (has_bos) window[0] = bos;
        if (score_window(session, window, ctx, rows, n_vocab, s) != CLI_OK) return CLI_FAILED;
        cli_progress("windows", w + 1, n / ctx);
    }
    cli_progress_end();
    return CLI_OK;
}

/* --- saved logits ---------------------------------------------------------------------------------------- */
static int refuse_base(const base_file *b, const char *what) {
    return cli_fail(b->path, "%s", errno ? strerror(errno) : what);
}
static int open_base(base_file *b, size_t n_vocab) {
    int32_t head[2];
    struct stat st;
    errno = 0;
    b->f = fopen(b->path, "rb");
    if (!b->f || fstat(fileno(b->f), &st) != 0) return refuse_base(b, "cannot be opened");
    if (!S_ISREG(st.st_mode)) return cli_fail(b->path, "is not a regular file");
    b->bytes = (size_t)st.st_size;
    if (b->bytes < 8 || fread(head, 4, 2, b->f) != 2) return refuse_base(b, "is too short");
    uint64_t n = (uint64_t)(uint32_t)head[0], v = (uint64_t)(uint32_t)head[1];
    bool plausible = head[0] > 0 && head[1] > 0 && v < b->bytes && n < b->bytes;
    if (!plausible || b->bytes - 8 != 4 * n * (v + 1)) { /* no header: the file of `hearth logits` */
        rewind(b->f);
        return CLI_OK;
    }
    if (v != n_vocab) return cli_fail(b->path, "is of a vocabulary of %d, the model's has %zu", (int)head[1], n_vocab);
    b->ids = (int32_t *)malloc((size_t)n * sizeof(int32_t));
    if (!b->ids) return cli_fail(b->path, "no memory for its tokens");
    if (fread(b->ids, 4, (size_t)n, b->f) != n) return refuse_base(b, "is too short");
    b->n_ids = (size_t)n;
    for (size_t i = 0; i < n; i++)
        if (b->ids[i] < 0 || (size_t)b->ids[i] >= n_vocab)
            return cli_fail(b->path, "token %d of its text is not in the vocabulary", (int)b->ids[i]);
    return CLI_OK;
}
/* the text of a base that names its tokens may go on after them */
static int match_base(const base_file *b, const int32_t *ids, size_t n, size_t n_vocab) {
    if (!b->ids) {
        if (b->bytes == 4 * (uint64_t)n * n_vocab) return CLI_OK;
        return cli_fail(b->path, "has %zu bytes; the logits of these %zu tokens and %zu words have %llu", b->bytes, n,
                        n_vocab, 4ull * n * n_vocab);
    }
    for (size_t i = 0; i < n && i < b->n_ids; i++)
        if (ids[i] != b->ids[i])
            return cli_fail(b->path, "is of another text: token %zu is %d, here it is %d", i, (int)b->ids[i],
                            (int)ids[i]);
    if (n < b->n_ids) return cli_fail(b->path, "is of a longer text: it has %zu tokens, here are %zu", b->n_ids, n);
    return CLI_OK;
}
/* one row of both: KL(base || model), top-1, and the base's own score of the next token (-1: none) */
static int compare_row(comparison *c, const float *model, const float *base, size_t n_vocab, int32_t next) {
    double log_base = find_log_total(base, n_vocab), log_model = find_log_total(model, n_vocab), kl = 0;
    for (size_t i = 0; i < n_vocab; i++) {
        double p = (double)base[i] - log_base, q = (double)model[i] - log_model;
        if (p > -700) kl += exp(p) * (p - q);
    }
    if (!isfinite(kl)) return CLI_FAILED;
    c->kl[c->n++] = kl > 0 ? kl : 0; /* below 0 only by rounding */
    c->same_top += find_top(model, n_vocab) == find_top(base, n_vocab);
    if (next >= 0) add_score(&c->base, log_base - (double)base[next]);
    return CLI_OK;
}
static int compare_text(hearth_session *session, const int32_t *ids, size_t n, size_t rows, size_t n_vocab,
                        base_file *b,
                        score *s, comparison *c) {
    hearth_error err;
    float *saved = (float *)malloc(n_vocab * sizeof *saved);
    int code = saved ? CLI_OK : cli_fail(b->path, "no memory for a row");
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    for (size_t i = 0; code == CLI_OK && i < n; i += rows) {
        size_t m = n - i < rows ? n - i : rows;
        hearth_status status = hearth_feed(session, ids + i, m, m, &err);
        if (status != HEARTH_OK) code = report_feed(status, &err);
        for (size_t r = 0; code == CLI_OK && r < m; r++) {
            const float *x = hearth_logits(session, r);
            int32_t next = i + r + 1 < n ? ids[i + r + 1] : -1;
            errno = 0;
            if (fread(saved, sizeof *saved, n_vocab, b->f) != n_vocab) code = refuse_base(b, "is too short");
            else if (compare_row(c, x, saved, n_vocab, next) != CLI_OK)
                code = cli_fail(b->path, "row %zu holds a value that is not finite", i + r);
            if (next >= 0) add_score(s, find_log_total(x, n_vocab) - (double)x[next]);
        }
        if (code == CLI_OK) cli_progress("tokens", i + m, n);
    }
    cli_progress_end();
    free(saved);
    return code;
}
static int order_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* --- report ---------------------------------------------------------------------------------------------- */
typedef struct report {
    const score *s;
    comparison *c; /* NULL: no base */
    size_t n, ctx;
    bool json, fast;
} report;
static void print_comparison(comparison *c, bool json) {
    double sum = 0, squares = 0, n = (double)c->n;
    for (size_t i = 0; i < c->n; i++) sum += c->kl[i], squares += c->kl[i] * c->kl[i];
    double mean = sum / n, var = squares / n - mean * mean, error = c->n > 1 && var > 0 ? sqrt(var / (n - 1)) : 0;
    qsort(c->kl, c->n, sizeof *c->kl, order_doubles);
    size_t half = c->n / 2, high = (size_t)ceil(0.99 * n) - 1;
    double median = c->n % 2 ? c->kl[half] : (c->kl[half - 1] + c->kl[half]) / 2;
    double last = c->kl[c->n - 1], p99 = c->kl[high];
    if (json) {
        if (c->base.n) cli_json_num("base_perplexity", get_perplexity(&c->base));
        cli_json_num("kl_mean", mean);
        cli_json_num("kl_mean_error", error);
        cli_json_num("kl_median", median);
        cli_json_num("kl_99", p99);
        cli_json_num("kl_max", last);
        cli_json_u64("top1_same", c->same_top);
        cli_json_u64("top1_of", c->n);
        return;
    }
    if (c->base.n) printf("base_perplexity %.6g +/- %.3g\n", get_perplexity(&c->base), get_perplexity_error(&c->base));
    printf("kl_mean %.6g +/- %.3g\nkl_median %.6g\nkl_99 %.6g\nkl_max %.6g\n", mean, error, median, p99, last);
    printf("top1 %zu of %zu (%.2f %%)\n", c->same_top, c->n, 100 * (double)c->same_top / n);
}
static void print_report(const report *r) {
    size_t windows = r->c ? 1 : r->n / r->ctx, left = r->c ? 0 : r->n % r->ctx;
    if (r->json) {
        cli_json_open(NULL, '{');
        if (r->s->n) cli_json_num("perplexity", get_perplexity(r->s));
        if (r->s->n) cli_json_num("perplexity_error", get_perplexity_error(r->s));
        cli_json_u64("n_tokens", r->n);
        cli_json_u64("n_scored", r->s->n);
        cli_json_u64("n_windows", windows);
        cli_json_u64("window_tokens", r->ctx);
        cli_json_u64("n_left_out", left);
        cli_json_bool("fast", r->fast);
        if (r->c) print_comparison(r->c, true);
        cli_json_close('}');
        return;
    }
    if (r->fast) printf("fast mode\n");
    if (r->s->n) printf("perplexity %.6g +/- %.3g\n", get_perplexity(r->s), get_perplexity_error(r->s));
    printf("scored %zu of %zu tokens (", r->s->n, r->n);
    if (r->c) printf("one window, every token after the first)\n");
    else printf("%zu windows of %zu, the second half of each; %zu at the end left out)\n", windows, r->ctx, left);
    if (r->c) print_comparison(r->c, false);
}

/* --- the word -------------------------------------------------------------------------------------------- */
static int run_perplexity(const char *path, cli_setup *setup, hearth_model *model, int32_t *ids, size_t n,
                          base_file *b) {
    hearth_model_info info;
    hearth_session *session = NULL;
    score s = {0, 0, 0};
    comparison c = {{0, 0, 0}, NULL, 0, 0};
    hearth_model_get_info(model, &info);
    size_t n_vocab = (size_t)info.n_vocab;
    int code = b->f ? match_base(b, ids, n, n_vocab) : CLI_OK;
    if (code != CLI_OK) return code;
    if (b->ids) n = b->n_ids;
    if (setup->ctx == 0) setup->ctx = b->f ? (int)n : info.n_ctx_train < 512 ? info.n_ctx_train : 512;
    if (!b->f && (size_t)setup->ctx > n) setup->ctx = (int)n;
    if (!b->f && setup->ctx < 4) return cli_fail("perplexity", "windows of %d tokens are too short: at least 4",
                                                 setup->ctx);
    int rows = cli_rows(setup, (size_t)setup->ctx, n_vocab);
    code = cli_open_session(path, setup, model, rows, &session);
    if (code == CLI_OK && b->f && !(c.kl = (double *)malloc(n * sizeof *c.kl)))
        code = cli_fail("perplexity", "no memory for %zu figures", n);
    cli_cancels(session);
    if (code == CLI_OK && b->f) code = compare_text(session, ids, n, (size_t)rows, n_vocab, b, &s, &c);
    else if (code == CLI_OK)
        code = score_text(session, ids, n, (size_t)setup->ctx, (size_t)rows, info.bos, n_vocab, &s);
    cli_cancels(NULL);
    hearth_session_close(session);
    report r = {&s, b->f ? &c : NULL, n, (size_t)setup->ctx, setup->json, setup->fast};
    if (code == CLI_OK) print_report(&r);
    free(c.kl);
    return code;
}
int cmd_perplexity(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    base_file b = {NULL, NULL, NULL, 0, 0, 0};
    const char *file = NULL, *path = NULL;
    const cli_option options[] = {
        {"--file", "-f", CLI_TEXT, &file, 0, 0, "FILE", "the text; - is stdin"},
        {"--base", NULL, CLI_TEXT, &b.path, 0, 0, "OUT", "logits saved by 'hearth logits' of the same text"},
        CLI_OPTIONS_SESSION(setup),
        CLI_OPTION_FAST(setup),
        CLI_OPTIONS_MODEL(setup),
        CLI_OPTION_JSON(setup),
    };
    const cli_command command = {"perplexity", "MODEL -f FILE",
                                 "Perplexity of a text with its standard error. The text is cut into windows of --ctx\n"
                                 "tokens (512, or as trained), each in an empty context; tokens of\n"
                                 "the second half of each are scored, as llama.cpp does it. With --base the text is\n"
                                 "one window, and KL divergence (base to model) and top-1 agreement are told. A base\n"
                                 "with its own tokens (i32 n, i32 n_vocab, i32 ids[n], f32 logits) needs no -f.",
                                 options, CLI_COUNT(options), 1, 1};
    int code = cli_parse(&command, argc, argv, &path);
    if (code != CLI_GO) return code;
    if (!file && !b.path) return cli_misuse("perplexity", "perplexity", "needs -f FILE");
    hearth_model *model = NULL;
    hearth_model_info info;
    char *text = NULL;
    int32_t *ids = NULL;
    size_t n_text = 0, n = 0;
    code = file ? cli_read_file(file, &text, &n_text) : CLI_OK;
    if (code == CLI_OK) code = cli_open_model(path, &setup, 0, &model);
    if (code == CLI_OK && b.path) {
        hearth_model_get_info(model, &info);
        code = open_base(&b, (size_t)info.n_vocab);
    }
    if (code == CLI_OK && file) code = cli_tokenize(model, text, n_text, HEARTH_TOK_SPECIAL, &ids, &n);
    else if (code == CLI_OK && !b.ids) code = cli_fail(b.path, "has no tokens of its own: give the text with -f");
    if (code == CLI_OK && (file ? n : b.n_ids) < 2) code = cli_fail(file ? file : b.path, "fewer than two tokens");
    if (code == CLI_OK) code = run_perplexity(path, &setup, model, file ? ids : b.ids, file ? n : b.n_ids, &b);
    hearth_model_close(model);
    if (b.f) fclose(b.f);
    free(b.ids);
    free(ids);
    free(text);
    return code;
}
