/* cmd_bench.c: `hearth bench MODEL`: prefill and decode at several lengths, threads and numbers of users. Rounds of all
 * tests are interleaved, every sample is kept, and decode stands beside what this machine's memory can read, measured in
 * the same run. The JSON has the names of llama-bench, and more. */
#include "tools/cli.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/cmd_bench.h"

enum { BENCH_LIST = 16, BENCH_TESTS = 64, BENCH_ROUNDS = 100, BENCH_USERS = 64 };
typedef struct bench_list {
    int v[BENCH_LIST];
    size_t n;
} bench_list;

typedef struct bench_test {
    int n_prompt, n_gen, users, threads;
    double seconds[BENCH_ROUNDS]; /* of a round: the prompt, or all the steps of generating */
    double *steps;                /* [rounds * n_gen] of generating */
    size_t n_steps;
} bench_test;

typedef struct bench_run {
    cli_setup setup;
    const char *path, *prompts, *gens, *threads, *users;
    int rounds, depth, stream_mb;
    bool cold;
    bench_test tests[BENCH_TESTS];
    size_t n_tests;
    hearth_model_info info; /* its texts are gone with the model: those below stay */
    char architecture[64], isa[256];
    double load_s[BENCH_LIST], ttft_s[BENCH_LIST], read_gb[BENCH_LIST], peak_g[BENCH_LIST]; /* of each number of threads */
    uint64_t anon_kb[BENCH_LIST], file_kb[BENCH_LIST], peak_kb;
} bench_run;

static double bench_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int parse_numbers(const char *option, const char *text, int low, int high, bench_list *out) {
    out->n = 0;
    for (const char *p = text; *p != '\0';) {
        char *end;
        long v = strtol(p, &end, 10);
        if (end == p || (*end != '\0' && *end != ',') || v < low || v > high || out->n == BENCH_LIST)
            return cli_misuse("bench", option, "'%s': up to %d numbers from %d to %d, with commas", text, BENCH_LIST, low, high);
        out->v[out->n++] = (int)v;
        p = *end == ',' ? end + 1 : end;
    }
    return CLI_GO;
}

/* --- the process's memory ------------------------------------------------------------------------------------ */
static uint64_t status_kb(const char *field) { /* 0 where there is no such file */
    char line[256];
    uint64_t kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        size_t n = strlen(field);
        if (strncmp(line, field, n) == 0 && line[n] == ':') kb = strtoull(line + n + 1, NULL, 10);
    }
    if (f != NULL) fclose(f);
    return kb;
}

static void drop_from_cache(const char *path) {
    int fd = open(path, O_RDONLY);
    if (fd < 0) return;
#if defined(POSIX_FADV_DONTNEED)
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
#endif
    close(fd);
}

/* --- tests ----------------------------------------------------------------------------------------------------- */
static int get_batch(const bench_run *b) { return b->setup.batch ? b->setup.batch : b->setup.fast ? 512 : 128; }
static int32_t bench_token(const bench_run *b, size_t i) { return (int32_t)((i * 7919 + 13) % (size_t)b->info.n_vocab); }

static hearth_status feed_ids(const bench_run *b, hearth_session *s, size_t n, size_t rows, hearth_error *err) {
    int32_t ids[512];
    hearth_status status = HEARTH_OK;
    for (size_t done = 0; done < n && status == HEARTH_OK;) {
        size_t m = n - done < CLI_COUNT(ids) ? n - done : CLI_COUNT(ids);
        for (size_t i = 0; i < m; i++) ids[i] = bench_token(b, done + i);
        done += m;
        status = hearth_feed(s, ids, m, done == n ? rows : 0, err);
    }
    return status;
}

/* Windowed layers forget what is far behind: then the depth is computed again. */
static hearth_status return_to_depth(const bench_run *b, hearth_session *s, hearth_error *err) {
    hearth_status status = hearth_rewind(s, b->depth);
    if (status != HEARTH_E_STATE) return status;
    status = hearth_rewind(s, 0);
    return status == HEARTH_OK ? feed_ids(b, s, (size_t)b->depth, 0, err) : status;
}

/* one round of one test; every session stands at the depth */
static hearth_status run_test(const bench_run *b, bench_test *t, hearth_session **s, int round, hearth_error *err) {
    hearth_status status = HEARTH_OK;
    double start = bench_now();
    if (t->n_prompt > 0) {
        status = feed_ids(b, s[0], (size_t)t->n_prompt, 1, err);
        t->seconds[round] = bench_now() - start;
    }
    for (int i = 0; i < t->n_gen && status == HEARTH_OK; i++) {
        int32_t ids[BENCH_USERS];
        double step = bench_now();
        for (int u = 0; u < t->users; u++) ids[u] = bench_token(b, (size_t)(i * 31 + u));
        status = t->users == 1 ? hearth_feed(s[0], ids, 1, 1, err) : hearth_feed_together(s, ids, (size_t)t->users, err);
        t->steps[t->n_steps++] = bench_now() - step;
    }
    if (t->n_gen > 0) t->seconds[round] = bench_now() - start;
    for (int u = 0; u < t->users && status == HEARTH_OK; u++) status = return_to_depth(b, s[u], err);
    return status;
}

static int report_stop(const bench_run *b, hearth_status status, const hearth_error *err) {
    if (status == HEARTH_E_CANCELLED) return cli_fail(b->path, "interrupted");
    return cli_report(err, b->path);
}

/* two bytes a weight and more: multiplied as floats */
static bool is_float(const bench_run *b) { return b->info.pass_bytes >= 2 * b->info.pass_macs; }

/* last of all: its memory would count as the model's most */
static void measure_limits(bench_run *b, int threads, size_t index) {
    uint32_t isa = 0;
    (void)hearth_isa_parse(b->isa, &isa, NULL);
    if (b->stream_mb == 0) return;
    b->read_gb[index] = lab_dram_gb((size_t)b->stream_mb << 20, threads, isa);
    b->peak_g[index] = lab_multiply_g(is_float(b) ? LAB_FMA : LAB_INT8, isa, threads);
}

/* all tests with so many threads */
static int bench_threads(bench_run *b, int threads, size_t index, int longest, int users) {
    hearth_session *s[BENCH_USERS] = {NULL};
    hearth_model *model = NULL;
    hearth_error err;
    cli_setup setup = b->setup;
    memset(&err, 0, sizeof err);
    setup.threads = threads;
    setup.ctx = b->depth + longest;
    if (b->cold) drop_from_cache(b->path);
    double start = bench_now();
    if (cli_open_model(b->path, &setup, 0, &model) != CLI_OK) return CLI_FAILED;
    b->load_s[index] = bench_now() - start;
    hearth_model_get_info(model, &b->info);
    snprintf(b->architecture, sizeof b->architecture, "%s", b->info.architecture);
    snprintf(b->isa, sizeof b->isa, "%s", b->info.isa);
    int code = CLI_OK;
    for (int u = 0; u < users && code == CLI_OK; u++) {
        code = cli_open_session(b->path, &setup, model, u == 0 ? users : 1, &s[u]);
    }
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; i < b->n_tests && code == CLI_OK && b->ttft_s[index] == 0; i++) { /* everything cold */
        if (b->tests[i].n_prompt == 0) continue;
        status = feed_ids(b, s[0], (size_t)b->tests[i].n_prompt, 1, &err);
        b->ttft_s[index] = bench_now() - start;
        hearth_rewind(s[0], 0);
    }
    for (int u = 0; u < users && code == CLI_OK && status == HEARTH_OK; u++) {
        status = feed_ids(b, s[u], (size_t)b->depth, 0, &err);
    }
    for (int round = 0; round < b->rounds && code == CLI_OK; round++) {
        for (size_t i = 0; i < b->n_tests && status == HEARTH_OK; i++) {
            if (b->tests[i].threads == threads) status = run_test(b, &b->tests[i], s, round, &err);
        }
        cli_progress("round", (uint64_t)round + 1, (uint64_t)b->rounds);
    }
    cli_progress_end();
    if (status != HEARTH_OK && code == CLI_OK) code = report_stop(b, status, &err);
    b->anon_kb[index] = status_kb("RssAnon");
    b->file_kb[index] = status_kb("RssFile");
    b->peak_kb = status_kb("VmHWM");
    for (int u = 0; u < users; u++) hearth_session_close(s[u]);
    hearth_model_close(model);
    return code;
}

/* --- figures ---------------------------------------------------------------------------------------------------- */
static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}
/* of n sorted values; p in [0, 1], nearest rank */
static double quantile(const double *v, size_t n, double p) {
    size_t i = (size_t)(p * (double)n + 0.9999999);
    return n == 0 ? 0 : v[i == 0 ? 0 : i - 1 < n ? i - 1 : n - 1];
}
typedef struct bench_figures {
    double rate[BENCH_ROUNDS]; /* tokens/s, as measured */
    double mean_ns, sd_ns, mean_rate, sd_rate, best, median, worst, p50, p95, p99, read_share, gmac_s, peak_share;
} bench_figures;

static double square_root(double x) { /* Newton: the tools link libm for nothing else */
    double r = x > 1 ? x : 1;
    for (int i = 0; i < 100 && x > 0; i++) r = 0.5 * (r + x / r);
    return x > 0 ? r : 0;
}
static void spread(const double *v, size_t n, double *mean, double *sd) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += v[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (v[i] - *mean) * (v[i] - *mean);
    *sd = n > 1 ? square_root(squares / (double)(n - 1)) : 0;
}
static void summarize(const bench_run *b, bench_test *t, double read_gb, double peak_g, bench_figures *f) {
    double sorted[BENCH_ROUNDS], tokens = (double)(t->n_prompt + t->n_gen * t->users);
    size_t n = (size_t)b->rounds;
    memset(f, 0, sizeof *f);
    for (size_t i = 0; i < n; i++) sorted[i] = f->rate[i] = tokens / t->seconds[i];
    qsort(sorted, n, sizeof *sorted, compare_doubles);
    f->worst = sorted[0];
    f->median = quantile(sorted, n, 0.5);
    f->best = sorted[n - 1];
    spread(f->rate, n, &f->mean_rate, &f->sd_rate);
    spread(t->seconds, n, &f->mean_ns, &f->sd_ns);
    f->mean_ns *= 1e9;
    f->sd_ns *= 1e9;
    f->gmac_s = f->median * (double)b->info.pass_macs * 1e-9;
    f->peak_share = peak_g > 0 ? f->gmac_s / peak_g : 0;
    if (t->n_gen == 0) return;
    qsort(t->steps, t->n_steps, sizeof *t->steps, compare_doubles);
    f->p50 = quantile(t->steps, t->n_steps, 0.50) * 1e3;
    f->p95 = quantile(t->steps, t->n_steps, 0.95) * 1e3;
    f->p99 = quantile(t->steps, t->n_steps, 0.99) * 1e3;
    if (read_gb > 0) f->read_share = f->median / t->users * (double)b->info.pass_bytes * 1e-9 / read_gb;
}

#define BENCH_NONE (0.0 / 0.0) /* null in JSON */
static void print_json_kb(const char *key, uint64_t kb) { cli_json_num(key, kb > 0 ? (double)kb * 1024 : BENCH_NONE); }

static void print_json(const bench_run *b, const bench_test *t, size_t index, const bench_figures *f) {
    size_t n = (size_t)b->rounds;
    cli_json_open(NULL, '{');
    char cpu[256];
    lab_cpu_name(cpu, sizeof cpu);
    cli_json_str("build_commit", hearth_version());
    cli_json_int("build_number", 0);
    cli_json_str("cpu_info", cpu);
    cli_json_str("gpu_info", "");
    cli_json_str("backends", "Hearth");
    cli_json_str("isa", b->isa);
    cli_json_str("model_filename", b->path);
    cli_json_str("model_type", b->architecture);
    cli_json_u64("model_size", b->info.file_bytes);
    cli_json_u64("model_n_params", b->info.n_params);
    cli_json_bool("fast", b->setup.fast);
    cli_json_int("n_batch", get_batch(b));
    cli_json_int("n_ubatch", get_batch(b));
    cli_json_int("n_threads", t->threads);
    cli_json_str("type_k", cli_kv_names[b->setup.kv]);
    cli_json_str("type_v", cli_kv_names[b->setup.kv]);
    cli_json_bool("use_mmap", !b->setup.no_mmap);
    cli_json_int("n_prompt", t->n_prompt);
    cli_json_int("n_gen", t->n_gen);
    cli_json_int("n_depth", b->depth);
    cli_json_int("n_users", t->users);
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32] = "";
    if (gmtime_r(&now, &utc) != NULL) strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    cli_json_str("test_time", stamp);
    cli_json_num("avg_ns", f->mean_ns);
    cli_json_num("stddev_ns", f->sd_ns);
    cli_json_num("avg_ts", f->mean_rate);
    cli_json_num("stddev_ts", f->sd_rate);
    cli_json_open("samples_ns", '[');
    for (size_t i = 0; i < n; i++) cli_json_num(NULL, t->seconds[i] * 1e9);
    cli_json_close(']');
    cli_json_open("samples_ts", '[');
    for (size_t i = 0; i < n; i++) cli_json_num(NULL, f->rate[i]);
    cli_json_close(']');
    cli_json_num("best_ts", f->best);
    cli_json_num("median_ts", f->median);
    cli_json_num("worst_ts", f->worst);
    cli_json_num("gmac_per_s", f->gmac_s);
    cli_json_str("peak_unit", is_float(b) ? "f32" : "int8");
    cli_json_num("peak_gmac_per_s", b->peak_g[index] > 0 ? b->peak_g[index] : BENCH_NONE);
    cli_json_num("peak_share", b->peak_g[index] > 0 ? f->peak_share : BENCH_NONE);
    if (t->n_gen > 0) {
        cli_json_num("p50_ms", f->p50);
        cli_json_num("p95_ms", f->p95);
        cli_json_num("p99_ms", f->p99);
        cli_json_num("read_share", b->read_gb[index] > 0 ? f->read_share : BENCH_NONE);
    }
    cli_json_num("read_gb_per_s", b->read_gb[index] > 0 ? b->read_gb[index] : BENCH_NONE);
    cli_json_num("load_ms", b->load_s[index] * 1e3);
    cli_json_num("ttft_ms", b->ttft_s[index] * 1e3);
    cli_json_str("page_cache", b->cold ? "dropped" : "as found");
    print_json_kb("rss_anonymous_bytes", b->anon_kb[index]);
    print_json_kb("rss_mapped_bytes", b->file_kb[index]);
    print_json_kb("rss_peak_bytes", b->peak_kb);
    cli_json_close('}');
}

static void print_share(double share, int width) { /* 0: its limit was not measured */
    if (share > 0) printf(" %*.1f%%", width, share * 100);
    else printf(" %*s ", width, "-");
}
static void print_row(const bench_test *t, const bench_figures *f) {
    char name[32];
    if (t->n_prompt > 0) snprintf(name, sizeof name, "prompt %d", t->n_prompt);
    else if (t->users == 1) snprintf(name, sizeof name, "decode %d", t->n_gen);
    else snprintf(name, sizeof name, "decode %d x %d", t->n_gen, t->users);
    printf("%-16s %7d %10.2f %10.2f %10.2f %9.1f", name, t->threads, f->median, f->best, f->worst, f->gmac_s);
    print_share(f->peak_share, 6);
    if (t->n_gen > 0) {
        printf(" %8.2f %8.2f %8.2f", f->p50, f->p95, f->p99);
        print_share(f->read_share, 7);
    }
    putchar('\n');
}

static void print_report(bench_run *b, const bench_list *threads) {
    if (b->setup.json) cli_json_open(NULL, '[');
    else
        printf("%s, %s, %.1f MB, %s, depth %d, %d rounds%s\n"
               "test             threads   tok/s med       best      worst    GMAC/s of peak   p50 ms   p95 ms   p99 ms"
               "  of read\n",
               b->path, b->architecture, (double)b->info.file_bytes * 1e-6, b->isa, b->depth, b->rounds,
               b->setup.fast ? ", fast mode" : "");
    for (size_t i = 0; i < b->n_tests; i++) {
        bench_figures f;
        size_t index = 0;
        while (threads->v[index] != b->tests[i].threads) index++;
        summarize(b, &b->tests[i], b->read_gb[index], b->peak_g[index], &f);
        if (b->setup.json) print_json(b, &b->tests[i], index, &f);
        else print_row(&b->tests[i], &f);
    }
    if (b->setup.json) cli_json_close(']');
    for (size_t i = 0; i < threads->n && !b->setup.json; i++) {
        printf("%d thread%s: ", threads->v[i], threads->v[i] == 1 ? "" : "s");
        if (b->read_gb[i] > 0) printf("memory reads %.1f GB/s, ", b->read_gb[i]);
        if (b->peak_g[i] > 0) printf("peak %.0f G %s multiply-adds/s, ", b->peak_g[i], is_float(b) ? "f32" : "int8");
        printf("open %.0f ms%s, ", b->load_s[i] * 1e3, b->cold ? " (file dropped from the page cache)" : "");
        if (b->ttft_s[i] > 0) printf("first token of the first prompt after %.0f ms, ", b->ttft_s[i] * 1e3);
        printf("resident ");
        if (b->peak_kb == 0) printf("n/a\n");
        else
            printf("%.1f MB anonymous, %.1f MB mapped, %.1f MB at most\n", (double)b->anon_kb[i] * 1024e-6,
                   (double)b->file_kb[i] * 1024e-6, (double)b->peak_kb * 1024e-6);
    }
}

static int add_test(bench_run *b, int n_prompt, int n_gen, int users, int threads) {
    if (b->n_tests == BENCH_TESTS) return cli_misuse("bench", "--users", "more than %d tests", BENCH_TESTS);
    bench_test *t = &b->tests[b->n_tests++];
    *t = (bench_test){.n_prompt = n_prompt, .n_gen = n_gen, .users = users, .threads = threads};
    if (n_gen > 0) t->steps = (double *)malloc((size_t)b->rounds * (size_t)n_gen * sizeof(double));
    return n_gen > 0 && t->steps == NULL ? cli_fail(b->path, "out of memory") : CLI_GO;
}

static int plan_and_run(bench_run *b) {
    bench_list prompts, gens, threads, users;
    int code, longest = 1, most = 1;
    if ((code = parse_numbers("--prompt", b->prompts, 1, 1 << 20, &prompts)) != CLI_GO) return code;
    if ((code = parse_numbers("--gen", b->gens, 1, 1 << 16, &gens)) != CLI_GO) return code;
    if ((code = parse_numbers("--threads", b->threads, 1, 256, &threads)) != CLI_GO) return code;
    if ((code = parse_numbers("--users", b->users, 1, BENCH_USERS, &users)) != CLI_GO) return code;
    for (size_t t = 0; t < threads.n; t++) {
        for (size_t i = 0; i < prompts.n; i++) {
            longest = prompts.v[i] > longest ? prompts.v[i] : longest;
            if ((code = add_test(b, prompts.v[i], 0, 1, threads.v[t])) != CLI_GO) return code;
        }
        for (size_t i = 0; i < gens.n; i++) {
            longest = gens.v[i] > longest ? gens.v[i] : longest;
            for (size_t u = 0; u < users.n; u++) {
                most = users.v[u] > most ? users.v[u] : most;
                if ((code = add_test(b, 0, gens.v[i], users.v[u], threads.v[t])) != CLI_GO) return code;
            }
        }
    }
    if (b->n_tests == 0) return cli_misuse("bench", "--prompt", "no test: give --prompt, --gen and --threads numbers");
    for (size_t t = 0; t < threads.n; t++) {
        if ((code = bench_threads(b, threads.v[t], t, longest, most)) != CLI_OK) return code;
    }
    for (size_t t = 0; t < threads.n; t++) measure_limits(b, threads.v[t], t);
    print_report(b, &threads);
    return CLI_OK;
}

int cmd_bench(int argc, char **argv) {
    static bench_run b;
    if (argc > 1 && strcmp(argv[1], "kernels") == 0) return cmd_bench_kernels(argc - 1, argv + 1); /* a file: ./kernels */
    b = (bench_run){.setup = CLI_SETUP_INIT, .prompts = "512", .gens = "128", .threads = "1,2", .users = "1", .rounds = 5,
                    .stream_mb = LAB_DRAM_MB};
    const cli_option options[] = {
        {"--prompt", "-p", CLI_TEXT, &b.prompts, 0, 0, "LIST", "prompt lengths, with commas (512); '' for none"},
        {"--gen", "-n", CLI_TEXT, &b.gens, 0, 0, "LIST", "numbers of tokens to decode (128); '' for none"},
        {"--threads", "-t", CLI_TEXT, &b.threads, 0, 0, "LIST", "numbers of threads (1,2)"},
        {"--users", "-u", CLI_TEXT, &b.users, 0, 0, "LIST", "sessions decoded together (1)"},
        {"--rounds", "-r", CLI_INT, &b.rounds, 1, BENCH_ROUNDS, "N", "interleaved rounds of all tests (5)"},
        {"--depth", "-d", CLI_INT, &b.depth, 0, 1 << 20, "N", "tokens in the context before each test (0)"},
        {"--stream", NULL, CLI_INT, &b.stream_mb, 0, 1 << 16, "MB", "memory read for the limits (1024); 0: no limits"},
        {"--cold", NULL, CLI_FLAG, &b.cold, 0, 0, NULL, "drop the file from the page cache before opening"},
        {"--batch", "-b", CLI_INT, &b.setup.batch, 1, 1 << 20, "N", "prompt tokens computed together (128)"},
        CLI_OPTION_FAST(b.setup),
        {"--kv", NULL, CLI_KV, &b.setup.kv, 0, 0, "TYPE", "key/value cache: f32, f16, i8 or q4"},
        {"--isa", NULL, CLI_ISA, &b.setup.isa, 0, 0, "LIST", "instruction sets to use: all, scalar, avx2,..."},
        {"--no-mmap", NULL, CLI_FLAG, &b.setup.no_mmap, 0, 0, NULL, "read the file instead of mapping it"},
        CLI_OPTION_JSON(b.setup)};
    const cli_command command = {"bench", "MODEL | kernels",
                                 "kernels: every kernel alone (hearth bench kernels --help). MODEL:\n"
                                 "Prefill and decode rates: median, best and worst of interleaved rounds; times between\n"
                                 "tokens; decode as a part of what memory can read, measured in the same run; load time,\n"
                                 "time to the first token, resident memory; multiply-adds as a part of\n"
                                 "what these threads can do. --json has llama-bench's names and more.",
                                 options, CLI_COUNT(options), 1, 1};
    int code = cli_parse(&command, argc, argv, &b.path);
    if (code != CLI_GO) return code;
    code = plan_and_run(&b);
    for (size_t i = 0; i < b.n_tests; i++) free(b.tests[i].steps);
    return code;
}
