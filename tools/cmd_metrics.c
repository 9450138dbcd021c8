/* cmd_metrics.c: `hearth metrics show|export` and `hearth fleet merge|report`: metrics files, one after another in a file
 * where there are many. A build on the one-file library (HEARTH_DROP_TOOLS) has no door to them. */
#include "tools/cli.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdlib.h>
#include <string.h>
#include "engine/base/sys_block.h"
#include "policy/policy.h"

typedef struct figures {
    hr_metrics table;
    hr_metric_cell *sorted;
    size_t n; /* of sorted */
} figures;

static void free_figures(figures *f) {
    free(f->table.cells);
    free(f->sorted);
    memset(f, 0, sizeof *f);
}
static bool make_figures(figures *f) {
    const size_t cap = (size_t)1 << 21; /* 32 MB each; cells of a fleet are bounded by the schema, not by its devices */
    memset(f, 0, sizeof *f);
    hr_metric_cell *cells = (hr_metric_cell *)malloc(cap * sizeof *cells);
    f->sorted = (hr_metric_cell *)malloc(cap * sizeof *cells);
    if (cells && f->sorted) hr_metrics_init(&f->table, cells, cap);
    else free(cells);
    return f->table.cells != NULL;
}
static int merge_path(figures *f, const char *path) {
    char *data = NULL;
    size_t n = 0;
    hr_error err;
    hr_error_clear(&err);
    if (cli_read_file(path, &data, &n) != CLI_OK) return CLI_FAILED;
    hr_cur c = hr_cur_make(data, n, 0, &err);
    hr_status status = HR_OK;
    do {
        status = hr_metrics_merge(&f->table, &c);
        cli_progress("merge", c.pos, n);
    } while (status == HR_OK && hr_cur_left(&c) && !cli_interrupted());
    cli_progress_end();
    free(data);
    return status == HR_OK ? CLI_OK : cli_report((const hearth_error *)&err, path);
}
static int load_figures(figures *f, const char **paths, size_t n) {
    if (!make_figures(f)) return cli_fail("metrics", "out of memory");
    for (size_t i = 0; i < n && paths[i]; i++) if (merge_path(f, paths[i]) != CLI_OK) return CLI_FAILED;
    hr_metrics_sort(&f->table, f->sorted);
    f->n = f->table.n;
    return CLI_OK;
}
static int put_stdout(void *ctx, const char *text, size_t n) { return fwrite(text, 1, n, (FILE *)ctx) != n; }
static int write_figures(const figures *f, int format) {
    return hr_metrics_write(format, &f->table, f->sorted, f->n, put_stdout, stdout) == HR_OK ? CLI_OK : CLI_FAILED;
}

/* --- export: the same gate that a host meets ----------------------------------------------------------------- */
typedef struct release_words {
    const char *policy, *subject, *format, *noise;
    uint64_t consent, threshold;
    float epsilon;
    bool by_devices;
} release_words;
static bool words_consent(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    const release_words *w = (const release_words *)ctx;
    (void)subject, (void)scope, (void)purpose;
    if (w->consent == 0) return false;
    *out = (hr_consent){0, 0, (uint32_t)(w->consent - 1), 0};
    return true;
}
static uint64_t system_random(void *ctx) {
    uint8_t b[8];
    (void)ctx;
    hr_random_bytes(b, sizeof b);
    return hr_le64(b);
}
/* the figures become their answers: the exact ones are gone from here on */
static int respond_figures(figures *f, uint32_t epsilon_milli) {
    figures to;
    if (!make_figures(&to)) return cli_fail("metrics", "out of memory");
    const hr_status status = hr_metrics_respond(&f->table, epsilon_milli, system_random, NULL, &to.table);
    free_figures(f);
    *f = to;
    if (status != HR_OK) return cli_fail("--noise", "randomised response needs exact figures, and room");
    hr_metrics_sort(&f->table, f->sorted);
    f->n = f->table.n;
    return CLI_OK;
}
static int release_figures(figures *f, release_words *w) {
    static hr_policy policy;
    char *text = NULL;
    size_t n = 0;
    hr_error err;
    hr_error_clear(&err);
    if (!w->policy) return cli_misuse("metrics", "--policy", "an export needs the policy that allows it");
    if (cli_read_file(w->policy, &text, &n) != CLI_OK) return CLI_FAILED;
    hr_status status = hr_policy_parse(&policy, text, n, &err);
    free(text);
    if (status != HR_OK) return cli_report((const hearth_error *)&err, w->policy);
    if (f->table.epsilon_milli && w->epsilon > 0) return cli_fail("--epsilon", "there is noise in these figures already");
    uint32_t epsilon = (uint32_t)(w->epsilon * 1000.0f + 0.5f);
    const bool answers = strcmp(w->noise, "response") == 0;
    if (!answers && strcmp(w->noise, "laplace") != 0) return cli_misuse("metrics", "--noise", "laplace or response");
    if (answers && epsilon == 0) return cli_misuse("metrics", "--noise", "response needs an --epsilon");
    if (answers && respond_figures(f, epsilon) != CLI_OK) return CLI_FAILED;
    if (answers) epsilon = 0;
    hr_metrics_gate g = {&policy, hr_policy_id(&policy, HR_NAME_SUBJECT, hr_str_of(w->subject)), words_consent, w,
                         hr_clock_unix_ms(), (uint32_t)w->threshold, epsilon, w->by_devices,
                         system_random, NULL};
    status = hr_metrics_release(&g, f->sorted, &f->n, &err);
    if (status != HR_OK) return cli_report((const hearth_error *)&err, "metrics");
    f->table.threshold = g.threshold ? g.threshold : 20;
    if (g.epsilon_milli) f->table.epsilon_milli = g.epsilon_milli;
    return CLI_OK;
}
static int export_figures(figures *f, release_words *w) {
    static const char *const formats[] = {"otlp", "prometheus", "ndjson"};
    int format = 0;
    while (format < 3 && strcmp(formats[format], w->format) != 0) format++;
    if (format == 3) return cli_misuse("metrics", "--format", "otlp, prometheus or ndjson");
    const int code = release_figures(f, w);
    return code == CLI_OK ? write_figures(f, format) : code;
}
int cmd_metrics(int argc, char **argv) {
    const char *words[2] = {NULL, NULL};
    release_words w = {NULL, "", "otlp", "laplace", 0, 20, 0, false};
    bool json = false;
    const cli_option options[] = {
        {"--policy", NULL, CLI_TEXT, &w.policy, 0, 0, "FILE", "export: the policy that allows telemetry to export"},
        {"--subject", NULL, CLI_TEXT, &w.subject, 0, 0, "NAME", "export: who asks"},
        {"--consent", NULL, CLI_U64, &w.consent, 0, 4294967296.0, "N", "export: a consent to words of version N-1 holds"},
        {"--format", NULL, CLI_TEXT, &w.format, 0, 0, "NAME", "export: otlp, prometheus or ndjson"},
        {"--threshold", NULL, CLI_U64, &w.threshold, 1, 1e9, "N", "export: events below which a cell stays (20)"},
        {"--epsilon", NULL, CLI_FLOAT, &w.epsilon, 0, 1000, "E", "export: noise on counts; 0: none"},
        {"--noise", NULL, CLI_TEXT, &w.noise, 0, 0, "NAME", "export: laplace, or response: each request answers at random"},
        {"--devices", NULL, CLI_FLAG, &w.by_devices, 0, 0, NULL, "export: the threshold counts devices, not events"},
        {"--json", NULL, CLI_FLAG, &json, 0, 0, NULL, "show: a line of JSON for each cell"},
    };
    const cli_command command = {"metrics", "show|export FILE",
                                 "show: all cells of a metrics file, for its owner. export: what may leave, by the\n"
                                 "policy, the consent, the threshold, and optionally with noise.",
                                 options, CLI_COUNT(options), 2, 2};
    figures f;
    int code = cli_parse(&command, argc, argv, words);
    if (code != CLI_GO) return code;
    const bool show = strcmp(words[0], "show") == 0;
    if (!show && strcmp(words[0], "export") != 0) return cli_misuse("metrics", words[0], "show or export");
    code = load_figures(&f, words + 1, 1);
    if (code == CLI_OK && show) code = write_figures(&f, json ? HR_METRICS_NDJSON : HR_METRICS_PROMETHEUS);
    else if (code == CLI_OK) code = export_figures(&f, &w);
    free_figures(&f);
    return code;
}

/* --- fleet ----------------------------------------------------------------------------------------------------- */
static int save_figures(const figures *f, const char *path) {
    size_t n = 0;
    cli_out o;
    (void)hr_metrics_encode(&f->table, f->sorted, NULL, 0, &n);
    uint8_t *data = (uint8_t *)malloc(n);
    int code = data ? cli_out_open(&o, path) : cli_fail(path, "out of memory");
    if (code == CLI_OK) {
        (void)hr_metrics_encode(&f->table, f->sorted, data, n, &n);
        code = cli_out_write(&o, data, n);
        if (code == CLI_OK) code = cli_out_commit(&o);
        else cli_out_abandon(&o);
    }
    free(data);
    return code;
}
/* one line for each group of enough devices: events, mean, and the bucket bounds of the median and the 95th percentile */
static void report_groups(const figures *f, uint64_t threshold) {
    for (size_t i = 0, end; i < f->n; i = end) {
        int64_t events = 0, devices = 0, sum = 0, run = 0;
        unsigned long long p50 = 0, p95 = 0;
        const hr_metric_info *info = hr_metric_at(hr_metric_of(f->sorted[i].key));
        for (end = i; end < f->n && f->sorted[end].key >> HR_PART_BITS == f->sorted[i].key >> HR_PART_BITS; end++) {
            const uint32_t part = hr_metric_part(f->sorted[end].key);
            const int64_t v = f->sorted[end].value;
            if (part == HR_PART_EVENTS) events = v;
            if (part == HR_PART_DEVICES) devices = v;
            if (part == HR_PART_SUM) sum = v;
            if (part < HR_PART_ZERO || v <= 0) continue;
            const uint64_t upper = part == HR_PART_ZERO ? 0 : hr_metric_upper((int)part - HR_PART_BUCKET - 1);
            if (run * 2 < events) p50 = upper;
            if (run * 20 < events * 19) p95 = upper;
            run += v;
        }
        if (devices < (int64_t)threshold) continue;
        printf("%u\t%s", hr_metric_day(f->sorted[i].key), info->name);
        for (int l = 0; l < HR_N_LABELS; l++) {
            const uint32_t v = hr_metric_label(f->sorted[i].key, l);
            const char *name = hr_metric_label_value(l, v);
            if (!(info->labels >> l & 1)) continue;
            if (name) printf("\t%s=%s", hr_metric_label_name(l), name);
            else printf("\t%s=%u", hr_metric_label_name(l), v);
        }
        printf("\tdevices=%lld\tevents=%lld\t%s=%lld", (long long)devices, (long long)events,
               info->kind == HR_METRIC_PEAK ? "peak" : "sum", (long long)sum);
        if (info->kind == HR_METRIC_HISTOGRAM) printf("\tp50<=%llu\tp95<=%llu", p50, p95);
        printf("\t%s\n", info->unit);
    }
}
int cmd_fleet(int argc, char **argv) {
    const char *words[64] = {NULL};
    uint64_t threshold = 20;
    const cli_option options[] = {
        {"--threshold", NULL, CLI_U64, &threshold, 1, 1e9, "N", "report: devices below which a group is not shown (20)"},
    };
    const cli_command command = {"fleet", "merge OUT IN... | report FILE",
                                 "merge: many metrics files (and files of many, one after another) into one; any order\n"
                                 "gives the same bytes. report: a line for each day, metric and labels.",
                                 options, CLI_COUNT(options), 2, 64};
    figures f;
    int code = cli_parse(&command, argc, argv, words);
    if (code != CLI_GO) return code;
    const bool merge = strcmp(words[0], "merge") == 0;
    if (!merge && strcmp(words[0], "report") != 0) return cli_misuse("fleet", words[0], "merge or report");
    if (merge ? !words[2] : words[2] != NULL) return cli_misuse("fleet", words[0], "merge OUT IN..., report FILE");
    code = load_figures(&f, words + 1 + merge, merge ? 62 : 1);
    if (code == CLI_OK && merge) code = save_figures(&f, words[1]);
    else if (code == CLI_OK) report_groups(&f, threshold);
    free_figures(&f);
    return code;
}
#else
int cmd_metrics(int argc, char **argv) {
    (void)argc, (void)argv;
    return cli_fail("metrics", "not in this build");
}
int cmd_fleet(int argc, char **argv) {
    (void)argc, (void)argv;
    return cli_fail("fleet", "not in this build");
}
#endif
