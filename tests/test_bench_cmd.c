/* hearth bench, the rest of it (test_bench.c has the counts): its JSON is JSON, by a parser of our own that shares nothing
 * with the writer; every field of llama-bench's that means something here (names: llama.cpp, tools/llama-bench, its
 * get_fields); limits absent are null; hearth bench kernels names each kernel that the checker lists, in three formats.
 * Never how fast. */
#include "tests/t.h"
#include <ctype.h>
#include <sys/wait.h>

static char out[1 << 22];

static int run_line(const char *arguments) {
    char line[4000];
    snprintf(line, sizeof line, "%s bench %s 2>&1", t_hearth(), arguments);
    FILE *p = popen(line, "r");
    size_t n = p ? fread(out, 1, sizeof out - 1, p) : 0;
    out[n] = 0;
    int s = p ? pclose(p) : -1;
    return WIFEXITED(s) ? WEXITSTATUS(s) : 128;
}
static size_t count(const char *what) {
    size_t n = 0;
    for (const char *p = out; (p = strstr(p, what)) != NULL; p += strlen(what)) n++;
    return n;
}

/* --- RFC 8259, accepted or not -------------------------------------------------------------------------------- */
static const char *skip_value(const char *p, int depth);
static const char *skip_space(const char *p) { return p + strspn(p, " \t\r\n"); }
static const char *skip_string(const char *p) {
    if (*p++ != '"') return NULL;
    for (; *p != '"'; p++) {
        if ((unsigned char)*p < 0x20) return NULL;
        if (*p == '\\' && strchr("\"\\/bfnrtu", *++p) == NULL) return NULL;
    }
    return p + 1;
}
static const char *skip_number(const char *p) {
    if (*p == '-') p++;
    if (!isdigit((unsigned char)*p) || (*p == '0' && isdigit((unsigned char)p[1]))) return NULL;
    while (isdigit((unsigned char)*p)) p++;
    if (*p == '.' && !isdigit((unsigned char)*++p)) return NULL;
    while (isdigit((unsigned char)*p)) p++;
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '+' || *p == '-') p++;
        if (!isdigit((unsigned char)*p)) return NULL;
        while (isdigit((unsigned char)*p)) p++;
    }
    return p;
}
static const char *skip_items(const char *p, int depth) {
    const char close = *p == '{' ? '}' : ']';
    p = skip_space(p + 1);
    if (*p == close) return p + 1;
    for (;;) {
        if (close == '}') {
            p = skip_string(skip_space(p));
            if (p == NULL || *(p = skip_space(p)) != ':') return NULL;
            p++;
        }
        p = skip_value(p, depth + 1);
        if (p == NULL) return NULL;
        p = skip_space(p);
        if (*p == close) return p + 1;
        if (*p++ != ',') return NULL;
    }
}
static const char *skip_value(const char *p, int depth) {
    p = skip_space(p);
    if (depth > 20) return NULL;
    if (*p == '{' || *p == '[') return skip_items(p, depth);
    if (*p == '"') return skip_string(p);
    if (strncmp(p, "true", 4) == 0 || strncmp(p, "null", 4) == 0) return p + 4;
    if (strncmp(p, "false", 5) == 0) return p + 5;
    return skip_number(p);
}
static bool is_json(const char *text) {
    const char *end = skip_value(text, 0);
    return end != NULL && *skip_space(end) == 0;
}

T_TEST(the_parser_refuses) {
    static const char *const bad[] = {"", "{", "[1,]", "{\"a\" 1}", "[1 2]", "nan", "[01]", "[1.]", "[1e]", "\"\\x\"", "[-]",
                                      "{} x", "[inf]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (is_json(bad[i])) T_FAIL("accepted: %s", bad[i]);
    }
    T_CHECK(is_json("[{\"a\": [1.5e-3, null, true]}, \"\\u00e4\\\"\", {}]\n"));
}

/* --- a model ------------------------------------------------------------------------------------------------------ */
T_TEST(every_field_once_a_test) {
    static const char *const names[] = {
        "build_commit", "build_number", "cpu_info", "gpu_info", "backends", "model_filename", "model_type", "model_size",
        "model_n_params", "n_batch", "n_ubatch", "n_threads", "type_k", "type_v", "n_prompt", "n_gen", "n_depth", "test_time",
        "avg_ns", "stddev_ns", "avg_ts", "stddev_ts", "samples_ns", "samples_ts", /* ours: */ "isa", "n_users", "use_mmap",
        "best_ts", "median_ts", "worst_ts", "gmac_per_s", "peak_unit", "peak_gmac_per_s", "peak_share", "read_gb_per_s",
        "load_ms", "ttft_ms", "page_cache", "rss_anonymous_bytes", "rss_mapped_bytes", "rss_peak_bytes"};
    char arguments[3000];
    const char *model = t_data("models/stories260K.gguf");
    if (!model) T_SKIP("no stories260K.gguf");
    snprintf(arguments, sizeof arguments, "%s -p 3 -n 2 -t 1 -r 2 --stream 2 --cold --kv i8 --json", model);
    if (!T_EQ_I(run_line(arguments), 0)) printf("    %s\n", out);
    T_CHECK(is_json(out));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char key[64];
        snprintf(key, sizeof key, "\"%s\":", names[i]);
        if (count(key) != 2) T_FAIL("%s: %zu times", names[i], count(key));
    }
    T_EQ_I((long)count("\"page_cache\": \"dropped\""), 2);
    T_EQ_I((long)count("\"type_k\": \"i8\""), 2);
    T_EQ_I((long)count("\"peak_unit\": \"f32\""), 2); /* its weights are F32 */
    T_EQ_I((long)count("\"read_share\":"), 1);        /* decode only */
    T_EQ_I((long)count("\"read_gb_per_s\": null"), 0);
}
T_TEST(limits_not_measured_are_null) {
    char arguments[3000];
    const char *model = t_data("models/stories260K.gguf");
    if (!model) T_SKIP("no stories260K.gguf");
    snprintf(arguments, sizeof arguments, "%s -p 3 -n 2 -t 1 -r 1 --stream 0 --json", model);
    T_EQ_I(run_line(arguments), 0);
    T_CHECK(is_json(out));
    T_EQ_I((long)count("\"read_gb_per_s\": null"), 2);
    T_EQ_I((long)count("\"peak_gmac_per_s\": null"), 2);
    T_EQ_I((long)count("\"peak_share\": null"), 2);
    T_EQ_I((long)count("\"read_share\": null"), 1);
}

/* --- kernels ------------------------------------------------------------------------------------------------------ */
T_TEST(kernels_in_three_formats) {
    if (run_line("kernels --kernel matmul_q8_0_c --isa scalar --ms 1 --mb 1 --json") != 0 && strstr(out, "one-file")) {
        T_SKIP("a build on the drop");
    }
    T_CHECK(is_json(out));
    T_EQ_I((long)count("\"kernel\": \"matmul_q8_0_c\""), 3); /* m1, m8, m32 */
    T_EQ_I((long)count("\"kernel\":"), 3);
    T_EQ_I((long)count("\"times_reference\": 1,"), 3);
    T_EQ_I((long)count("\"percent_of_isa_peak\": null"), 3); /* plain C has no instructions of its own */
    T_EQ_I(run_line("kernels --kernel matmul_q8_0_c --isa scalar --ms 1 --mb 1 --tsv"), 0);
    T_EQ_I((long)count("\nmatmul_q8_0_c\tm"), 3);
    T_EQ_I((long)count("# cpu\t"), 1);
    for (const char *p = out; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) { /* rows have nine columns */
        size_t tabs = 0;
        for (const char *c = p; *c && *c != '\n'; c++) tabs += *c == '\t';
        if (*p != '#' && tabs != 8) T_FAIL("%zu tabs: %.60s", tabs, p);
    }
    T_EQ_I(run_line("kernels --kernel matmul_q8_0_c --isa scalar --ms 1 --mb 1"), 0);
    T_EQ_I((long)count("\nmatmul_q8_0_c "), 3);
}
/* every operation runs in the lab, the newest one too: the checker's list of kernels is the authority */
T_TEST(every_kernel_is_measured) {
    char names[600][64], line[600];
    size_t n = 0;
    const char *build = getenv("HEARTH_BUILD"), *runner = getenv("RUNNER");
    snprintf(line, sizeof line, "%s %s/tests/test_kernels --list --isa scalar 2>&1", runner ? runner : "",
             build ? build : "build");
    FILE *p = popen(line, "r");
    while (p && n < 600 && fgets(line, sizeof line, p)) {
        size_t length = sscanf(line, " %63s", names[n]) == 1 ? strlen(names[n]) : 0;
        if (length > 2 && strcmp(names[n] + length - 2, "_c") == 0) n++;
    }
    if (p) pclose(p);
    if (n < 30) T_SKIP("no list of kernels");
    if (run_line("kernels --isa scalar --ms 1 --mb 1 --tsv") != 0 && strstr(out, "one-file")) T_SKIP("a build on the drop");
    for (size_t i = 0; i < n; i++) {
        char row[80];
        snprintf(row, sizeof row, "\n%.63s\t", names[i]);
        bool once = strncmp(names[i], "matmul_", 7) != 0 || strcmp(names[i], "matmul_fast_c") == 0; /* fast: many tokens only */
        if (count(row) != (once ? 1u : 3u)) T_FAIL("%s: %zu rows", names[i], count(row));
    }
}
T_TEST(misuse) {
    static const char *const lines[] = {"kernels x", "kernels --ms 0", "kernels --mb 0", "kernels --isa sse9", "kernels --what",
                                        "x --stream -1"};
    if (run_line("kernels --help") != 0 && strstr(out, "one-file")) T_SKIP("a build on the drop");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (run_line(lines[i]) != 2) T_FAIL("'%s' is not misuse: %.200s", lines[i], out);
    }
    T_EQ_I(run_line("kernels --help"), 0);
    T_CHECK(strstr(out, "--tsv") != NULL);
    if (run_line("kernels --kernel no_such_kernel --ms 1 --mb 1") != 1) T_FAIL("no kernel, no failure: %.200s", out);
}
T_MAIN(T_RUN(the_parser_refuses), T_RUN(every_field_once_a_test), T_RUN(limits_not_measured_are_null),
       T_RUN(kernels_in_three_formats), T_RUN(every_kernel_is_measured), T_RUN(misuse))
