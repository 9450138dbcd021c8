/* hearth bench: what it counts and says (never how fast): one JSON object for each test, llama-bench's names among its
 * own, samples that belong to the rounds asked for; misuse refused. The figures come from the JSON itself: a rate times its
 * time is the number of tokens. */
#include "tests/t.h"
#include <sys/wait.h>

static char out[1 << 20];

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
/* the numbers after "name": in object i */
static double number(const char *name, size_t i) {
    char key[64];
    const char *p = out;
    snprintf(key, sizeof key, "\"%s\":", name);
    for (size_t k = 0; p && k <= i; k++) p = strstr(k ? p + 1 : p, key);
    return p ? strtod(p + strlen(key) + strspn(p + strlen(key), " [\n"), NULL) : -1;
}

T_TEST(one_object_a_test) {
    static const char *const names[] = {
        "build_commit", "cpu_info", "model_filename", "model_type", "model_size", "model_n_params", "n_batch", "n_threads",
        "type_k", "type_v", "n_prompt", "n_gen", "test_time", "avg_ns", "stddev_ns", "avg_ts", "stddev_ts", "samples_ns",
        "samples_ts", "median_ts", "load_ms", "ttft_ms", "rss_peak_bytes", "read_gb_per_s"};
    char arguments[3000];
    const char *model = t_data("models/stories260K.gguf");
    if (!model) T_SKIP("no stories260K.gguf");
    snprintf(arguments, sizeof arguments, "%s -p 7,33 -n 5 -u 1,3 -t 1,2 -r 3 -d 4 --stream 4 --json", model);
    if (!T_EQ_I(run_line(arguments), 0)) printf("    %s\n", out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) { /* 2 threads x (2 prompts + 1 length x 2 users) */
        char key[64];
        snprintf(key, sizeof key, "\"%s\":", names[i]);
        if (count(key) != 8) T_FAIL("%s: %zu times", names[i], count(key));
    }
    T_EQ_I((long)count("\"p99_ms\":"), 4);
    for (size_t i = 0; i < 8; i++) {
        double users = number("n_users", i), tokens = number("n_prompt", i) + number("n_gen", i) * users;
        double again = number("samples_ns", i) * 1e-9 * number("samples_ts", i); /* nine digits are printed */
        T_CHECK(tokens >= 5 && again > tokens * (1 - 1e-6) && again < tokens * (1 + 1e-6));
        T_CHECK(number("worst_ts", i) <= number("median_ts", i) && number("median_ts", i) <= number("best_ts", i));
        T_EQ_I((long)number("n_depth", i), 4);
        T_EQ_I((long)number("n_threads", i), i < 4 ? 1 : 2);
    }
    /* all weights of stories260K but norms: 512 x 64 head and 5 layers of 64 x (64 + 32 + 32 + 64) + 3 x 64 x 172 F32 values */
    snprintf(arguments, sizeof arguments, "%s -p '' -n 1 -t 1 -r 1 --stream 0 --json", model);
    T_EQ_I(run_line(arguments), 0);
    double macs = 512 * 64 + 5 * (64 * (64 + 32 + 32 + 64) + 3 * 64 * 172);
    double measured = number("gmac_per_s", 0) * 1e9 / number("median_ts", 0);
    T_CHECK(measured > macs * (1 - 1e-6) && measured < macs * (1 + 1e-6));
}

T_TEST(misuse) {
    static const char *const lines[] = {"", "x -p 0", "x -p 1,a", "x -p 1,,2", "x -n 70000", "x -t 0", "x -u 65", "x -r 0",
                                        "x -r 101", "x -p '' -n ''", "x y", "x --isa sse9"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (run_line(lines[i]) != 2) T_FAIL("'%s' is not misuse: %.200s", lines[i], out);
    }
    T_EQ_I(run_line("/nowhere/at/all -n 1"), 1);
    T_EQ_I(run_line("--help"), 0);
    T_CHECK(strstr(out, "--users") != NULL && strstr(out, "--cold") != NULL);
}
T_MAIN(T_RUN(one_object_a_test), T_RUN(misuse))
