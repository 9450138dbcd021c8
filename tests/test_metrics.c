/* Metrics: buckets against powl, merging against plain sums in another structure, exports against the figures put in. */
#include "tests/t.h"
#include "policy/policy.h"

enum { CAP = 1 << 14 };
static hr_metric_cell room_a[CAP], room_b[CAP], sorted_a[CAP], sorted_b[CAP];
static uint64_t seed = 7;
static uint64_t rnd64(void *ctx) {
    (void)ctx;
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static uint32_t rnd(uint32_t n) { return (uint32_t)(rnd64(NULL) >> 33) % n; }
static hr_metric_record random_record(void) {
    hr_metric_record r = {20000 + rnd(3), rnd(6), rnd(5), rnd(8), rnd(2), rnd(4), rnd(3000), rnd(9000), rnd(90),
        rnd(500), rnd(200),
                          rnd(5), rnd(3), rnd(100000), (uint64_t)rnd(4000) << 20, rnd(2)};
    return r;
}
static char text[1 << 22];
static size_t n_text;
static int collect(void *ctx, const char *p, size_t n) {
    (void)ctx;
    if (n_text + n >= sizeof text) return 1;
    memcpy(text + n_text, p, n);
    text[n_text += n] = 0;
    return 0;
}
static int refuse(void *ctx, const char *p, size_t n) { return (void)ctx, (void)p, n > 0; }

T_TEST(buckets_are_powers_of_two_to_the_32nd) {
    T_EQ_I(hr_metric_bucket(1), -1);
    T_EQ_I(hr_metric_bucket(2), 31);
    T_EQ_I(hr_metric_bucket(UINT64_MAX), 2047);
    for (int i = 0; i < 200000; i++) {
        const uint64_t v = i < 5000 ? (uint64_t)i + 1 : (rnd64(NULL) >> rnd(60)) | 1;
        const int b = hr_metric_bucket(v);
        /* 64-bit mantissa; skip what powl cannot tell apart */
        const long double low = powl(2.0L, b / 32.0L), high = powl(2.0L, (b + 1) / 32.0L), slack =
            1e-17L * (long double)v;
        if (!T_CHECK((long double)v > low - slack && (long double)v <= high + slack)) return;
        if (!T_CHECK(v <= hr_metric_upper(b) && (b < 0 || v > hr_metric_upper(b - 1)))) return;
    }
    for (int e = 0; e < 64; e++) T_EQ_I(hr_metric_bucket((uint64_t)1 << e), 32 * e - 1); /* upper bounds belong to it */
}

typedef struct day_file {
    uint8_t data[60000];
    size_t n;
} day_file;
static day_file days[40];
static bool encode(hr_metrics *m, hr_metric_cell *sorted, day_file *f) {
    hr_metrics_sort(m, sorted);
    return hr_metrics_encode(m, sorted, f->data, sizeof f->data, &f->n) == HR_OK;
}
static hr_status merge(hr_metrics *m, const day_file *f) {
    hr_cur c = hr_cur_make(f->data, f->n, 0, NULL);
    return hr_metrics_merge(m, &c);
}
T_TEST(merge_is_exact_in_any_order_and_grouping) {
    static day_file first, other;
    hr_metrics m, part;
    uint64_t requests = 0, tokens = 0, peak = 0, ttft_sum = 0;
    for (int d = 0; d < 40; d++) {
        hr_metrics_init(&m, room_a, CAP);
        for (int i = 0; i < 12; i++) {
            const hr_metric_record r = random_record();
            T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
            requests++, tokens += r.output_tokens, ttft_sum += r.ttft_ms;
            if (r.peak_rss_bytes > peak) peak = r.peak_rss_bytes;
        }
        T_NEED(encode(&m, sorted_a, &days[d]));
    }
    for (int round = 0; round < 30; round++) {
        int order[40];
        for (int i = 0; i < 40; i++) order[i] = i;
        for (int i = 39; i > 0; i--) {
            const int k = (int)rnd((uint32_t)i + 1), t = order[i];
            order[i] = order[k], order[k] = t;
        }
        hr_metrics_init(&m, room_a, CAP);
        for (int i = 0; i < 40;) { /* by groups: a merge of merges */
            static day_file sub;
            const int n = 1 + (int)rnd(9);
            hr_metrics_init(&part, room_b, CAP);
            for (int k = 0; k < n && i < 40; k++, i++) T_EQ_I(merge(&part, &days[order[i]]), HR_OK);
            T_NEED(encode(&part, sorted_b, &sub));
            T_EQ_I(merge(&m, &sub), HR_OK);
        }
        T_NEED(encode(&m, sorted_a, round ? &other : &first));
        if (round && !T_CHECK(first.n == other.n && memcmp(first.data, other.data, first.n) == 0)) return;
    }
    uint64_t got[4] = {0, 0, 0, 0};
    for (size_t i = 0; i < m.n; i++) {
        const uint32_t part_id = hr_metric_part(sorted_a[i].key);
        const uint64_t v = (uint64_t)sorted_a[i].value;
        const char *name = hr_metric_at(hr_metric_of(sorted_a[i].key))->name;
        if (part_id != HR_PART_SUM) continue;
        if (!strcmp(name, "hearth.requests")) got[0] += v;
        if (!strcmp(name, "hearth.output_tokens")) got[1] += v;
        if (!strcmp(name, "hearth.peak_rss") && v > got[2]) got[2] = v;
        if (!strcmp(name, "hearth.ttft")) got[3] += v;
    }
    T_EQ_U(got[0], requests), T_EQ_U(got[1], tokens), T_EQ_U(got[2], peak), T_EQ_U(got[3], ttft_sum);
}
T_TEST(damaged_files_are_refused) {
    hr_metrics m;
    static day_file f;
    T_NEED(days[0].n > 100);
    hr_metrics_init(&m, room_a, CAP);
    for (size_t i = 0; i < days[0].n; i++) {
        f = days[0];
        f.data[i] ^= (uint8_t)(1u << i % 8);
        if (!T_CHECK(merge(&m, &f) != HR_OK && m.n == 0)) return;
        f = days[0];
        f.n = i;
        if (!T_CHECK(merge(&m, &f) != HR_OK && m.n == 0)) return;
    }
    T_EQ_I(merge(&m, &days[0]), HR_OK);
    m.epsilon_milli = 500; /* other noise does not mix */
    T_EQ_I(merge(&m, &days[1]), HR_E_STATE);
    hr_metrics_init(&m, room_a, 64); /* a small room */
    T_EQ_I(merge(&m, &days[0]), HR_E_FULL);
    hr_metric_record r = random_record();
    hr_metrics_init(&m, room_a, 16);
    T_EQ_I(hr_metrics_record(&m, &r), HR_E_FULL);
    T_EQ_U(m.n, 0);
    hr_metrics_init(&m, room_a, CAP);
    r.route = 5;
    T_EQ_I(hr_metrics_record(&m, &r), HR_E_ARG);
    r = random_record(), r.ruleset = 1024;
    T_EQ_I(hr_metrics_record(&m, &r), HR_E_ARG);
    r = random_record(), r.day = 1u << 20;
    T_EQ_I(hr_metrics_record(&m, &r), HR_E_ARG);
    r = random_record();
    T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
    hr_metrics_sort(&m, sorted_a);
    size_t n;
    T_EQ_I(hr_metrics_encode(&m, sorted_a, f.data, 10, &n), HR_E_FULL);
    T_CHECK(n > 100);
}

static const char allowing[] = "hearth-policy 1\nversion 1\nsubject sync\nscope metrics\n"
                               "allow sync metrics for telemetry to export if consent 1\n";
static bool consent(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    (void)subject, (void)scope, (void)purpose;
    *out = *(hr_consent *)ctx;
    return true;
}
T_TEST(leaves_only_with_consent_and_above_the_threshold) {
    static hr_policy p;
    hr_metrics m;
    hr_consent c = {0, 0, 1, 0};
    T_NEED(hr_policy_parse(&p, allowing, strlen(allowing), NULL) == HR_OK);
    hr_metrics_gate g = {&p, 0, consent, &c, 5, 0, 0, false, rnd64, NULL};
    hr_metrics_init(&m, room_a, CAP);
    hr_metric_record r = {20000, 3, 0, 0, 0, 1, 250, 900, 30, 10, 20, 1, 0, 5, 1 << 20, 0};
    for (int i = 0; i < 20; i++) T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
    r.device_class = 4;
    for (int i = 0; i < 19; i++) T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
    hr_metrics_sort(&m, sorted_a);
    size_t n = m.n;
    T_EQ_I(hr_metrics_release(&g, sorted_a, &n, NULL), HR_OK);
    T_EQ_U(n, 5 * 3 + 4 * 4); /* four counters and a peak of 3 parts, four histograms of 4; denied has no events */
    for (size_t i = 0; i < n; i++) T_EQ_U(hr_metric_label(sorted_a[i].key, HR_LABEL_CLASS), 3);
    hr_metrics_sort(&m, sorted_a);
    g.by_devices = true, n = m.n; /* one device is not twenty */
    T_CHECK(hr_metrics_release(&g, sorted_a, &n, NULL) == HR_OK && n == 0);
    hr_error err;
    hr_error_clear(&err);
    c.revoked = 1, n = m.n;
    T_CHECK(hr_metrics_release(&g, sorted_a, &n, &err) == HR_E_STATE && n == 0);
    T_CHECK(strstr(err.what, "revoked") != NULL);
    c.revoked = 0, g.epsilon_milli = 2000000, n = m.n;
    T_EQ_I(hr_metrics_release(&g, sorted_a, &n, NULL), HR_E_ARG);
    g.subject = 3, n = m.n;
    T_EQ_I(hr_metrics_release(&g, sorted_a, &n, NULL), HR_E_STATE);
}
/* P(x) = (1-a)/(1+a) a^|x|, a = e^-epsilon: closed form of the textbook, against 20,000 draws (five sigma) */
T_TEST(noise_is_discrete_laplace) {
    static hr_policy p;
    hr_consent c = {0, 0, 1, 0};
    const int draws = 20000;
    int hist[7] = {0};
    double mean = 0;
    T_NEED(hr_policy_parse(&p, allowing, strlen(allowing), NULL) == HR_OK);
    hr_metrics_gate g = {&p, 0, consent, &c, 5, 1, 700, false, rnd64, NULL};
    for (int i = 0; i < draws; i++) {
        hr_metric_cell cell[2] = {{(uint64_t)1 << 44 | (uint64_t)1 << 38, 100},
            {(uint64_t)1 << 44 | (uint64_t)1 << 38 | HR_PART_SUM, 7}};
        size_t n = 2;
        if (hr_metrics_release(&g, cell, &n, NULL) != HR_OK || n != 1) { /* the sum stays */
            T_FAIL("release");
            return;
        }
        const int64_t x = cell[0].value - 100;
        mean += (double)x / draws;
        if (x >= -3 && x <= 3) hist[x + 3]++;
    }
    const double a = exp(-0.7), sd = sqrt(2 * a) / (1 - a);
    T_NEAR(mean, 0, 5 * sd / sqrt(draws));
    for (int x = -3; x <= 3; x++) {
        const double want = (1 - a) / (1 + a) * pow(a, abs(x));
        T_NEAR(hist[x + 3] / (double)draws, want, 5 * sqrt(want * (1 - want) / draws));
    }
}

/* A secret as bytes in every field a caller can touch: no export shows it, as text, or as its number. */
T_TEST(a_planted_secret_is_in_no_export) {
    hr_metrics m;
    hr_metric_record r = random_record();
    uint64_t secret;
    memcpy(&secret, "S3CR3T!x", 8);
    uint64_t *wide[] = {&r.ttft_ms, &r.total_ms, &r.decode_tps, &r.prompt_tokens, &r.output_tokens, &r.pii_redacted,
        &r.denied,
                        &r.energy_mj, &r.peak_rss_bytes};
    hr_metrics_init(&m, room_a, CAP);
    for (int i = 0; i < 9; i++) *wide[i] = secret;
    T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
    const uint32_t four = (uint32_t)secret;
    uint32_t *narrow[] = {&r.day, &r.device_class, &r.route, &r.reason, &r.cold, &r.ruleset};
    for (int i = 0; i < 6; i++) {
        const uint32_t before = *narrow[i];
        *narrow[i] = four;
        T_EQ_I(hr_metrics_record(&m, &r), HR_E_ARG);
        *narrow[i] = before;
    }
    hr_metrics_sort(&m, sorted_a);
    static day_file f;
    T_NEED(encode(&m, sorted_a, &f));
    memcpy(text, f.data, f.n);
    n_text = f.n;
    for (int format = 0; format < 3; format++) T_EQ_I(hr_metrics_write(format, &m, sorted_a, m.n, collect, NULL), HR_OK);
    char decimal[24];
    snprintf(decimal, sizeof decimal, "%llu", (unsigned long long)secret);
    T_CHECK(!memmem(text, n_text, "S3C", 3) && !memmem(text, n_text, "R3T", 3) && !memmem(text, n_text, decimal,
        strlen(decimal)));
    T_EQ_I(hr_metrics_write(0, &m, sorted_a, m.n, refuse, NULL), HR_E_IO);
}
T_TEST(exports_say_what_was_put_in) {
    hr_metrics m;
    hr_metrics_init(&m, room_a, CAP);
    hr_metric_record r = {20000, 3, 0, 0, 1, 12, 0, 4, 0, 10, 20, 0, 0, 0, 1 << 20, 0};
    T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
    r.ttft_ms = 2;
    T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
    r.ttft_ms = 1;
    T_EQ_I(hr_metrics_record(&m, &r), HR_OK);
    hr_metrics_sort(&m, sorted_a);
    n_text = 0;
    T_EQ_I(hr_metrics_write(HR_METRICS_OTLP, &m, sorted_a, m.n, collect, NULL), HR_OK);
    /* values 0, 2, 1: one zero; (.., 1] is bucket -1 and (2^(31/32), 2] is bucket 31 */
    T_CHECK(strstr(text, "\"sum\":3,\"count\":\"3\",\"scale\":5,\"zeroCount\":\"1\","
                         "\"positive\":{\"offset\":-1,\"bucketCounts\":[\"1\",\"0\"") != NULL);
    T_CHECK(strstr(text, "\"timeUnixNano\":\"1728086400000000000\"") != NULL); /* day 20001 */
    T_CHECK(strstr(text, "{\"key\":\"ruleset\",\"value\":{\"stringValue\":\"12\"}}") != NULL);
    n_text = 0;
    T_EQ_I(hr_metrics_write(HR_METRICS_PROMETHEUS, &m, sorted_a, m.n, collect, NULL), HR_OK);
    T_CHECK(strstr(text, "# TYPE hearth_ttft histogram\nhearth_ttft_bucket{day=\"20000\","
                         "device_class=\"phone\",route=\"local\",cold=\"true\","
                         "ruleset=\"12\",le=\"0\"} 1\n") != NULL);
    T_CHECK(strstr(text, "le=\"2\"} 3\n") && strstr(text, "le=\"+Inf\"} 3\n") && strstr(text,
        "hearth_output_tokens_total{"));
    n_text = 0;
    T_EQ_I(hr_metrics_write(HR_METRICS_NDJSON, &m, sorted_a, m.n, collect, NULL), HR_OK);
    T_CHECK(strstr(text, "\"part\":\"peak\",\"value\":1048576,") && strstr(text,
        "\"part\":\"bucket\",\"upper\":2,\"value\":1,"));
    T_CHECK(hr_metric_at(0) == NULL && hr_metric_at(11) == NULL);
}
T_MAIN(T_RUN(buckets_are_powers_of_two_to_the_32nd), T_RUN(merge_is_exact_in_any_order_and_grouping),
    T_RUN(damaged_files_are_refused),
       T_RUN(leaves_only_with_consent_and_above_the_threshold), T_RUN(noise_is_discrete_laplace),
           T_RUN(a_planted_secret_is_in_no_export),
       T_RUN(exports_say_what_was_put_in))
