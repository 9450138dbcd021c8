/* `hearth metrics` and `hearth fleet` from the shell, on files that the library wrote. */
#include "tests/t.h"
#include <sys/wait.h>
#include "policy/policy.h"

static char out[1 << 17];
static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...) {
    char args[2000], cmd[3000];
    va_list a;
    va_start(a, fmt);
    vsnprintf(args, sizeof args, fmt, a);
    va_end(a);
    snprintf(cmd, sizeof cmd, "%s %s 2>&1", t_hearth(), args);
    FILE *f = popen(cmd, "r");
    size_t n = f ? fread(out, 1, sizeof out - 1, f) : 0;
    out[n] = 0;
    const int s = f ? pclose(f) : -1;
    return WIFEXITED(s) ? WEXITSTATUS(s) : -1;
}
static void put(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "wb");
    if (T_CHECK(f != NULL)) fwrite(data, 1, n, f), fclose(f);
}
static void put_day(const char *path, int times, uint32_t route) {
    static hr_metric_cell cells[1024], sorted[1024];
    static uint8_t data[8192];
    hr_metrics m;
    size_t n = 0;
    hr_metrics_init(&m, cells, 1024);
    for (int i = 0; i < times; i++) {
        const hr_metric_record r = {20000, 3, route, 0, 0, 1, 100 + (uint64_t)i, 900, 30, 10, 20, 1, 0, 5, 1 << 20, 0};
        T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
    }
    hr_metrics_sort(&m, sorted);
    T_EQ_I(hr_metrics_encode(&m, sorted, data, sizeof data, &n), HR_OK);
    put(path, data, n);
}
static const char policy[] = "hearth-policy 1\nversion 1\nsubject sync\nscope metrics\n"
                             "allow sync metrics for telemetry to export if consent 1\n";

T_TEST(show_and_export) {
    const char *a = t_tmp("a.metrics"), *p = t_tmp("p.policy");
    put_day(a, 25, 0);
    put(p, policy, strlen(policy));
    T_EQ_I(sh("metrics show %s", a), 0);
    T_CHECK(strstr(out, "hearth_requests_total{day=\"20000\"") && strstr(out, "} 25\n"));
    T_EQ_I(sh("metrics show --json %s", a), 0);
    T_CHECK(strstr(out, "\"metric\":\"hearth.ttft\"") != NULL);
    T_EQ_I(sh("metrics export %s --policy %s --subject sync", a, p), 1); /* no consent */
    T_CHECK(strstr(out, "there is no consent") != NULL);
    T_EQ_I(sh("metrics export %s --policy %s --subject app --consent 2", a, p), 1);
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --consent 2 --threshold 26", a, p), 0);
    T_EQ_STR(out, "");
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --consent 2", a, p), 0);
    T_CHECK(strstr(out, "{\"resourceMetrics\":") == out);
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --consent 2 --epsilon 0.5 --format ndjson", a, p), 0);
    T_CHECK(strstr(out, "\"epsilon_milli\":500") && !strstr(out, "\"part\":\"sum\""));
    /* at an epsilon of 1000 an answer is true; at 0.001 25 answers are spread over 160 values, none is given 20 times */
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --consent 2 --noise response --epsilon 1000 --format ndjson", a,
              p), 0);
    T_CHECK(strstr(out, "\"value\":25,\"epsilon_milli\":1000000,\"noise\":\"randomised_response\"}") && !strstr(out, "ttft"));
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --consent 2 --noise response --epsilon 0.001", a, p), 0);
    T_EQ_STR(out, "");
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --noise response --epsilon 1", a, p), 1); /* no consent */
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --consent 2 --noise response", a, p), 2);
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --consent 2 --noise pink", a, p), 2);
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --consent 2 --devices", a, p), 0);
    T_EQ_STR(out, "");
    T_EQ_I(sh("metrics export %s --policy %s --subject sync --format xml", a, p), 2);
    T_EQ_I(sh("metrics export %s", a), 2);
    T_EQ_I(sh("metrics export %s --policy %s", a, a), 1);
    T_EQ_I(sh("metrics show %s", p), 1);
    T_EQ_I(sh("metrics dance %s", a), 2);
}
T_TEST(fleet) {
    const char *a = t_tmp("a.metrics"), *b = t_tmp("b.metrics"), *m = t_tmp("m.metrics"), *w = t_tmp("w.metrics"),
        *both = t_tmp("both");
    char cmd[2000];
    put_day(a, 25, 0), put_day(b, 7, 0);
    T_EQ_I(sh("fleet merge %s %s %s %s", m, a, b, b), 0);
    T_EQ_I(sh("fleet merge %s %s %s", w, b, a), 0);
    snprintf(cmd, sizeof cmd, "cat %s %s > %s", b, w, both);
    T_EQ_I(system(cmd), 0);
    T_EQ_I(sh("fleet merge %s %s", w, both), 0);
    snprintf(cmd, sizeof cmd, "cmp %s %s", m, w);
    T_EQ_I(system(cmd), 0); /* other order, other grouping: the same bytes */
    T_EQ_I(sh("fleet report %s", m), 0);
    T_EQ_STR(out, ""); /* three devices are few */
    T_EQ_I(sh("fleet report --threshold 3 %s", m), 0);
    /* 39 values of 100 ... 124, 100 ... 106 twice: the 20th is 105 or 106; buckets are 2.2 % wide */
    T_CHECK(strstr(out, "devices=3\tevents=39\tsum=4242\tp50<=10") != NULL);
    T_CHECK(strstr(out, "hearth.peak_rss") && strstr(out, "peak=1048576"));
    T_EQ_I(sh("fleet merge %s", m), 2);
    T_EQ_I(sh("fleet dance %s", m), 2);
    T_EQ_I(sh("fleet merge %s /nowhere", m), 1);
}
T_MAIN(T_RUN(show_and_export), T_RUN(fleet))
