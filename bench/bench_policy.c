/* bench_policy: a decision beside its bar of 1 us; a million device-days merged beside the bar of 60 s;
    and each beside the
 * memory traffic or hashing that it cannot do without, in the same run. */
#include <stdio.h>
#include <stdlib.h>
#include "engine/base/sys.h"
#include "policy/policy.h"

static uint64_t seed = 3;
static uint32_t rnd(uint32_t n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}
static bool yes(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    (void)ctx, (void)subject, (void)scope, (void)purpose;
    *out = (hr_consent){0, 0, 9, 0};
    return true;
}
static void bench_decisions(int n_rules) {
    static hr_policy p;
    static char text[1 << 15];
    size_t n = hr_format(text, sizeof text, "hearth-policy 1\nversion 1\nsubject a\nsubject b\ntool t\n");
    for (int i = 0; i < 32; i++) n += hr_format(text + n, sizeof text - n, "scope s%d\n", i);
    for (int i = 0; i < n_rules; i++) {
        n += hr_format(text + n, sizeof text - n, "allow %s s%d for answer,tool to screen,prompt,t%s\n", i & 1 ?
            "a" : "*", i % 32,
                       i % 3 ? "" : " if consent 1");
    }
    if (hr_policy_parse(&p, text, n, NULL) != HR_OK) exit(1);
    double best = 1e9, hash = 1e9;
    uint64_t sum = 0;
    for (int round = 0; round < 5; round++) {
        const int calls = 1000000;
        uint64_t t = hr_clock_ns();
        for (int i = 0; i < calls; i++) {
            const hr_request q = {i & 1, i % 5, i & 3, {(uint64_t)1 << (i & 31) | (uint64_t)(i & 7), 4, 1}, 0, 0, 1, 0};
            sum += hr_decide(&p, &q, yes, NULL).why;
        }
        const double ns = (double)(hr_clock_ns() - t) / calls;
        if (ns < best) best = ns;
        t = hr_clock_ns();
        for (int i = 0; i < calls; i++) {
            uint64_t w[8] = {(uint64_t)i, sum};
            sum += hr_hash64(w, sizeof w, 1);
        }
        const double hashed = (double)(hr_clock_ns() - t) / calls;
        if (hashed < hash) hash = hashed;
    }
    printf("decision, %3d rules, 1 to 4 scopes: %.0f ns (%.2f of the bar of 1 us); "
           "hashing its request alone: %.0f ns [%llu]\n", n_rules,
           best, best / 1000, hash, (unsigned long long)(sum & 7));
}
static void bench_merge(void) {
    enum { DAYS = 1000, REPEAT = 1000, CAP = 1 << 20 };
    static uint8_t file[DAYS][4096];
    static size_t size[DAYS];
    hr_metric_cell *cells = malloc(CAP * sizeof *cells), *sorted = malloc(CAP * sizeof *cells);
    hr_metrics m;
    size_t bytes = 0, n_cells = 0;
    if (!cells || !sorted) exit(1);
    for (int d = 0; d < DAYS; d++) {
        hr_metrics_init(&m, cells, 1024);
        const uint32_t device = rnd(6), day = 20000 + rnd(7);
        for (int i = 0; i < 10; i++) {
            const hr_metric_record r = {day, device, 0, 0, i == 0, 5, 50 + rnd(900), 500 + rnd(9000), 5 + rnd(60),
                rnd(900),
                                        rnd(300), rnd(4), rnd(2), rnd(5000), (uint64_t)rnd(4000) << 20};
            if (hr_metrics_record(&m, &r) != HR_OK) exit(1);
        }
        hr_metrics_sort(&m, sorted);
        if (hr_metrics_encode(&m, sorted, file[d], sizeof file[d], &size[d]) != HR_OK) exit(1);
        bytes += size[d], n_cells += m.n;
    }
    hr_metrics_init(&m, cells, CAP);
    uint64_t t = hr_clock_ns();
    for (int k = 0; k < REPEAT; k++)
        for (int d = 0; d < DAYS; d++) {
            hr_cur c = hr_cur_make(file[d], size[d], 0, NULL);
            if (hr_metrics_merge(&m, &c) != HR_OK) exit(1);
        }
    const double s = (double)(hr_clock_ns() - t) * 1e-9;
    uint64_t h = 0;
    t = hr_clock_ns();
    for (int k = 0; k < REPEAT; k++) for (int d = 0; d < DAYS; d++) h ^= hr_hash64(file[d], size[d], h);
    printf("1,000,000 device-days of %zu cells, %zu bytes: %.2f s (%.3f of the bar of 60 s); "
           "hashing their bytes alone: %.2f s [%llu]\n",
           n_cells / DAYS, bytes / DAYS, s, s / 60, (double)(hr_clock_ns() - t) * 1e-9, (unsigned long long)(h & 7));
    free(cells), free(sorted);
}
int main(void) {
    bench_decisions(16);
    bench_decisions(256);
    bench_merge();
    return 0;
}
