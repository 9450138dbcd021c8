/* What leaves: the request record, stored exports (tests/golden/metrics: read there by DuckDB, opentelemetry-proto and
 * prometheus_client, see tests/check_exports.py), and a secret planted wherever a caller can put one. */
#include "tests/t.h"
#include "policy/policy.h"

enum { CELLS = 1 << 12 };
static hr_metric_cell room[CELLS], sorted[CELLS];
static uint8_t file[1 << 16];
static char text[1 << 19];
static size_t n_text;
static int collect(void *ctx, const char *p, size_t n) {
    (void)ctx;
    if (n_text + n >= sizeof text) return 1;
    memcpy(text + n_text, p, n);
    text[n_text += n] = 0;
    return 0;
}

/* --- the request record --------------------------------------------------------------------------------------------- */
static const hr_request_figures usual = {
    .now_ms = 20000 * 86400000ull + 12345, .device_class = HR_CLASS_PHONE, .route = HR_ROUTE_LOCAL, .ruleset = 7,
    .ttft_ms = 250, .total_ms = 900, .decode_tps = 30, .peak_rss_bytes = 1 << 20, .energy_mj = 50, .prompt_tokens = 10,
    .output_tokens = 20, .pii_redacted = 3, .denied = 1};
static const hr_metric_cell *cell_of(const hr_metrics *m, const char *name, uint32_t part) {
    for (size_t i = 0; i < m->cap; i++) {
        const hr_metric_cell *c = &m->cells[i];
        if (c->key && !strcmp(hr_metric_at(hr_metric_of(c->key))->name, name) && hr_metric_part(c->key) == part) return c;
    }
    return NULL;
}
T_TEST(a_request_fills_the_schema) {
    static const struct { const char *name; int64_t sum; } want[] = {{"hearth.requests", 1}, {"hearth.prompt_tokens", 10},
        {"hearth.output_tokens", 20}, {"hearth.pii_redacted", 3}, {"hearth.denied", 1}, {"hearth.ttft", 250},
        {"hearth.total", 900}, {"hearth.decode_rate", 30}, {"hearth.energy", 50}, {"hearth.peak_rss", 1 << 20}};
    hr_metrics m;
    hr_request_figures f = usual;
    hr_metrics_init(&m, room, CELLS);
    f.fallback = f.cold = true, f.reason = HR_REASON_QUALITY;
    T_EQ_I(hr_metrics_request(&m, &f, NULL), HR_OK);
    for (size_t i = 0; i < HR_COUNT(want); i++) {
        const hr_metric_cell *c = cell_of(&m, want[i].name, HR_PART_SUM);
        if (!T_CHECK(c != NULL)) continue;
        T_EQ_I(c->value, want[i].sum);
        T_EQ_U(hr_metric_day(c->key), 20000);
        T_EQ_U(hr_metric_label(c->key, HR_LABEL_CLASS), HR_CLASS_PHONE);
        T_EQ_U(hr_metric_label(c->key, HR_LABEL_COLD), 1);
        T_EQ_U(hr_metric_label(c->key, HR_LABEL_RULESET), 7);
        T_EQ_U(hr_metric_label(c->key, HR_LABEL_FALLBACK), i == 0); /* why is asked of requests only */
        T_EQ_U(hr_metric_label(c->key, HR_LABEL_REASON), i == 0 ? HR_REASON_QUALITY : HR_REASON_NONE);
    }
    T_EQ_STR(hr_metric_label_value(HR_LABEL_ROUTE, HR_ROUTE_REFUSED), "refused"); /* enums and names in one order */
    T_EQ_STR(hr_metric_label_value(HR_LABEL_REASON, HR_REASON_ERROR), "error");
    T_EQ_STR(hr_metric_label_value(HR_LABEL_CLASS, HR_CLASS_LAPTOP), "laptop");
}
T_TEST(what_was_not_measured_is_not_counted) {
    hr_metrics m;
    hr_request_figures f = usual;
    hr_metrics_init(&m, room, CELLS);
    f.route = HR_ROUTE_REFUSED, f.reason = HR_REASON_POLICY;
    f.ttft_ms = f.total_ms = f.decode_tps = f.energy_mj = f.peak_rss_bytes = HR_METRIC_UNKNOWN;
    f.prompt_tokens = f.output_tokens = f.pii_redacted = f.denied = HR_METRIC_UNKNOWN;
    T_EQ_I(hr_metrics_request(&m, &f, NULL), HR_OK);
    T_EQ_U(m.n, 3); /* the request: events, devices, sum */
}
T_TEST(a_record_out_of_range_adds_nothing) {
    hr_metrics m;
    hr_error err;
    hr_metrics_init(&m, room, CELLS);
    for (int i = 0; i < 11; i++) {
        hr_request_figures f = usual;
        if (i == 0) f.device_class = 6;
        if (i == 1) f.device_class = -1;
        if (i == 2) f.route = 5;
        if (i == 3) f.route = INT32_MIN;
        if (i == 4) f.reason = 8;
        if (i == 5) f.reason = -1;
        if (i == 6) f.ruleset = 1024;
        if (i == 7) f.now_ms = UINT64_MAX;
        if (i == 8) f.fallback = true;               /* no reason */
        if (i == 9) f.route = HR_ROUTE_REFUSED;      /* ditto */
        if (i == 10) f.route = HR_ROUTE_FALLBACK, f.reason = HR_REASON_ERROR; /* and yet no fallback */
        hr_error_clear(&err);
        T_EQ_I(hr_metrics_request(&m, &f, &err), HR_E_ARG);
        T_CHECK(err.what[0] && m.n == 0);
    }
    m.threshold = 20; /* released figures take no more */
    T_EQ_I(hr_metrics_request(&m, &usual, NULL), HR_E_ARG);
    hr_metrics_init(&m, room, 16);
    T_EQ_I(hr_metrics_request(&m, &usual, NULL), HR_E_FULL);
    T_EQ_U(m.n, 0);
}

/* --- stored exports ------------------------------------------------------------------------------------------------- */
/* A hundred and twenty requests of one day; tests/check_exports.py has the same rule in its own words. */
static void fill_stored(hr_metrics *m) {
    hr_metrics_init(m, room, CELLS);
    for (uint32_t i = 0; i < 120; i++) {
        hr_request_figures f = usual;
        f.cold = i % 3 == 0;
        f.fallback = i % 10 == 9;
        f.reason = f.fallback ? HR_REASON_QUALITY : HR_REASON_NONE;
        f.ttft_ms = i == 1 ? 0 : 100 + 7 * (i % 4) + (f.cold ? 900 : 0);
        f.prompt_tokens = 10 + i, f.pii_redacted = i % 2, f.denied = HR_METRIC_UNKNOWN;
        f.peak_rss_bytes = (uint64_t)(i + 1) << 20;
        T_EQ_I(hr_metrics_request(m, &f, NULL), HR_OK);
    }
    hr_metrics_sort(m, sorted);
}
static const char policy_text[] = "hearth-policy 1\nversion 1\nsubject sync\nscope metrics\n"
                                  "allow sync metrics for telemetry to export if consent 1\n";
static bool yes(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    (void)ctx, (void)subject, (void)scope, (void)purpose;
    *out = (hr_consent){0, 0, 1, 0};
    return true;
}
static bool same_as_stored(const char *name, const void *now, size_t n) {
    static char stored[1 << 16];
    char path[200];
    snprintf(path, sizeof path, "tests/golden/metrics/%s", name);
    FILE *f = fopen(path, "rb");
    const size_t got = f ? fread(stored, 1, sizeof stored, f) : 0;
    if (f) fclose(f);
    if (T_CHECK(got == n && memcmp(stored, now, n) == 0)) return true;
    snprintf(path, sizeof path, "build/%s.now", name); /* to look at, and to store if it is meant */
    f = fopen(path, "wb");
    if (f) fwrite(now, 1, n, f), fclose(f);
    return false;
}
T_TEST(exports_equal_the_stored_ones) {
    static hr_policy p;
    static const char *const names[] = {"otlp.jsonl", "prometheus.txt", "cells.ndjson"};
    hr_metrics m, exact;
    size_t n;
    T_NEED(hr_policy_parse(&p, policy_text, strlen(policy_text), NULL) == HR_OK);
    fill_stored(&m);
    T_EQ_I(hr_metrics_encode(&m, sorted, file, sizeof file, &n), HR_OK);
    same_as_stored("day.metrics", file, n);
    exact = m, n = m.n;
    const hr_metrics_gate g = {.policy = &p, .find = yes, .now_ms = 5};
    T_EQ_I(hr_metrics_release(&g, sorted, &n, NULL), HR_OK);
    exact.threshold = 20;
    for (int format = 0; format < 3; format++) {
        n_text = 0;
        T_EQ_I(hr_metrics_write(format, &exact, sorted, n, collect, NULL), HR_OK);
        same_as_stored(names[format], text, n_text);
        T_CHECK(strstr(text, "quality") == NULL); /* 12 requests are too few */
    }
}

/* --- a planted secret ----------------------------------------------------------------------------------------------- */
#define SECRET "q7zx-W3nkV9pLrT"
/* no four bytes of it, as they are, in the other case, reversed, or in hex */
static bool holds_secret(const void *data, size_t n) {
    static const char *const forms[] = {SECRET, "Q7ZX-w3NKv9PlRt", "TrLp9Vkn3W-xz7q"};
    for (size_t f = 0; f < HR_COUNT(forms); f++)
        for (size_t i = 0; i + 4 <= strlen(forms[f]); i++) {
            char hex[9];
            for (int k = 0; k < 4; k++) snprintf(hex + 2 * k, 3, "%02x", (unsigned char)forms[f][i + (size_t)k]);
            if (memmem(data, n, forms[f] + i, 4) || memmem(data, n, hex, 8)) return true;
        }
    return false;
}
static bool take(void *ctx, const void *p, size_t n) { return (void)ctx, collect(NULL, p, n) == 0; }
static bool secret_consent(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    memcpy(ctx, SECRET, sizeof SECRET - 1); /* a store of consents that writes what it likes */
    return yes(NULL, subject, scope, purpose, out);
}
static const char secret_policy[] =
    "hearth-policy 1 # " SECRET "\nversion 9\nsubject q7zx-w3nkv9plrt\nscope metrics\nscope metrics/q7zx-w3nkv9plrt\n"
    "tool q7zx-w3nkv9plrt\nderived q7zx-w3nkv9plrt.d from metrics for telemetry # " SECRET "\n"
    "allow q7zx-w3nkv9plrt metrics for telemetry,upload to export if consent 1\n";
/* Redaction of text full of it: what comes back to a record is a number. */
static uint64_t redact_secret(void) {
    static unsigned char arena_room[1 << 18];
    static const hr_str words[] = {{SECRET, sizeof SECRET - 1}};
    static const uint8_t key[32] = SECRET SECRET;
    static const char said[] = "I am " SECRET ", " SECRET "@" "example.org, call " SECRET " or " SECRET ".\n";
    hr_redact_config c;
    hr_arena a;
    hr_redactor *r;
    uint64_t found = 0;
    hr_redact_config_init(&c);
    c.words = c.people = words, c.n_words = c.n_people = 1, c.key = key, c.emit = take;
    hr_arena_init(&a, arena_room, sizeof arena_room);
    if (!T_CHECK(hr_redactor_init(&c, &a, &r, NULL) == HR_OK)) return 0;
    n_text = 0;
    T_EQ_I(hr_redact_feed(r, said, strlen(said), NULL), HR_OK);
    T_EQ_I(hr_redact_finish(r, NULL), HR_OK);
    T_CHECK(!holds_secret(text, n_text)); /* it is a word of the user's own */
    for (int i = 1; i < HR_N_ENTITIES; i++) found += hr_redact_count(r, i);
    return found;
}
/* every export of a table, one after another, into `text` behind what is there */
static void export_all(hr_metrics *m, const hr_metrics_gate *g) {
    size_t n, n_file;
    hr_metrics_sort(m, sorted);
    T_EQ_I(hr_metrics_encode(m, sorted, file, sizeof file, &n_file), HR_OK);
    T_EQ_I(collect(NULL, (const char *)file, n_file), 0);
    n = m->n;
    T_EQ_I(hr_metrics_release(g, sorted, &n, NULL), HR_OK);
    T_CHECK(n > 20);
    for (int format = 0; format < 3; format++) T_EQ_I(hr_metrics_write(format, m, sorted, n, collect, NULL), HR_OK);
}
T_TEST(a_secret_planted_everywhere_is_in_no_export) {
    static hr_policy p;
    static hr_metric_cell merged_room[CELLS];
    hr_metrics m, merged;
    hr_decision_record records[8];
    hr_decision_log log;
    char store[64];
    uint8_t record[HR_DECISION_BYTES];
    uint64_t wide;
    uint32_t narrow;
    T_NEED(hr_policy_parse(&p, secret_policy, strlen(secret_policy), NULL) == HR_OK);
    T_NEED(holds_secret(&p, sizeof p)); /* the search finds what is there */
    memcpy(&wide, SECRET, 8), memcpy(&narrow, SECRET, 4);
    const uint64_t found = redact_secret();
    T_CHECK(found >= 3);
    /* a request with it in each field: too wide for an enum, cut to the largest as a number */
    hr_metrics_init(&m, room, CELLS);
    for (int i = 0; i < 30; i++) {
        hr_request_figures f = usual;
        if (i < 25) f.pii_redacted = found;
        uint64_t *const numbers[] = {&f.ttft_ms, &f.total_ms, &f.decode_tps, &f.peak_rss_bytes, &f.energy_mj,
            &f.prompt_tokens, &f.output_tokens, &f.pii_redacted, &f.denied};
        if (i < (int)HR_COUNT(numbers)) *numbers[i] = wide;
        T_EQ_I(hr_metrics_request(&m, &f, NULL), HR_OK);
        int *const enums[] = {&f.device_class, &f.route, &f.reason};
        if (i < 3) memcpy(enums[i], &narrow, 4);
        if (i == 3) f.ruleset = narrow;
        if (i == 4) f.now_ms = wide;
        if (i < 5) T_EQ_I(hr_metrics_request(&m, &f, NULL), HR_E_ARG);
    }
    const hr_metrics_gate g = {.policy = &p, .find = secret_consent, .ctx = store, .now_ms = 5};
    n_text = 0;
    export_all(&m, &g);
    T_CHECK(holds_secret(store, 64));
    hr_metrics_init(&merged, merged_room, CELLS);
    for (int i = 0; i < 2; i++) {
        hr_cur c = hr_cur_make(file, HR_METRICS_HEAD + hr_le32(file + 20), 0, NULL);
        T_EQ_I(hr_metrics_merge(&merged, &c), HR_OK);
    }
    export_all(&merged, &g);
    /* the log of decisions: asked for names that are there, and for nonsense */
    hr_decision_log_init(&log, records, 8);
    for (int i = 0; i < 6; i++) {
        hr_request q = {0, HR_FOR_TELEMETRY, HR_TO_EXPORT, {i & 1, HR_SOURCE_WEB, HR_TRUST_NONE}, 0, wide, 5, wide};
        if (i > 1) memcpy(i == 2 ? &q.subject : i == 3 ? &q.purpose : i == 4 ? &q.sink : &q.use, &narrow, 4);
        if (i == 5) q.label.sources = q.label.trust = narrow;
        const hr_decision d = hr_decide(&p, &q, secret_consent, store);
        hr_decision_log_add(&log, &q, &d);
    }
    for (size_t i = 0; i < log.n; i++) {
        hr_decision_encode(&records[i], record);
        T_EQ_I(collect(NULL, (const char *)record, sizeof record), 0);
    }
    char decimal[24];
    snprintf(decimal, sizeof decimal, "%llu", (unsigned long long)wide);
    T_CHECK(n_text > 20000 && !holds_secret(text, n_text) && !memmem(text, n_text, decimal, strlen(decimal)));
}
T_MAIN(T_RUN(a_request_fills_the_schema), T_RUN(what_was_not_measured_is_not_counted),
       T_RUN(a_record_out_of_range_adds_nothing), T_RUN(exports_equal_the_stored_ones),
       T_RUN(a_secret_planted_everywhere_is_in_no_export))
