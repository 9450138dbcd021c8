/* metrics_write.c: released cells as OTLP JSON lines, Prometheus text and flat NDJSON. All text comes from the schema. */
#include "policy/metrics.h"

HR_SMALL_BEGIN

typedef struct metrics_writer {
    hr_metrics_put *put;
    void *ctx;
    bool failed;
    uint32_t epsilon_milli, threshold;
    const char *noise;
} metrics_writer;
static void write_metric(metrics_writer *w, const char *fmt, ...) HR_PRINTF(2, 3);
static void write_metric(metrics_writer *w, const char *fmt, ...) {
    char text[400];
    va_list args;
    va_start(args, fmt);
    const size_t n = hr_vformat(text, sizeof text, fmt, args);
    va_end(args);
    if (!w->failed) w->failed = w->put(w->ctx, text, n) != 0;
}
/* before, name, between, value, after for each label of the group; ruleset is a number */
static void write_labels(metrics_writer *w, uint64_t key, const char *fmt, const char *separator) {
    const hr_metric_info *info = hr_metric_at(hr_metric_of(key));
    bool first = true;
    for (int l = 0; l < HR_N_LABELS; l++) {
        if (!(info->labels >> l & 1)) continue;
        char number[16];
        const uint32_t v = hr_metric_label(key, l);
        const char *value = hr_metric_label_value(l, v);
        hr_format(number, sizeof number, "%u", v);
        if (!first) write_metric(w, "%s", separator);
        first = false;
        for (const char *p = fmt; *p; p++) {
            if (*p == '@') write_metric(w, "%s", hr_metric_label_name(l));
            else if (*p == '$') write_metric(w, "%s", value ? value : number);
            else write_metric(w, "%c", *p);
        }
    }
}
static unsigned long long metric_count(int64_t v) { return v > 0 ? (unsigned long long)v : 0; }
static int64_t metric_value(const hr_metric_cell *c, size_t n, uint32_t part, bool *there) {
    for (size_t i = 0; i < n; i++) {
        if (hr_metric_part(c[i].key) != part) continue;
        *there = true;
        return c[i].value;
    }
    *there = false;
    return 0;
}

/* --- OTLP: one MetricsData a line; 64-bit integers are strings, enums numbers (opentelemetry-proto, JSON mapping) -------- */
static void write_otlp_histogram(metrics_writer *w, const hr_metric_cell *c, size_t n) {
    bool has;
    size_t first = 0;
    const long long sum = metric_value(c, n, HR_PART_SUM, &has);
    if (has) write_metric(w, ",\"sum\":%lld", sum);
    uint64_t total = metric_count(metric_value(c, n, HR_PART_ZERO, &has));
    const unsigned long long zero = total;
    for (size_t i = 0; i < n; i++) if (hr_metric_part(c[i].key) >= HR_PART_BUCKET) total += metric_count(c[i].value);
    write_metric(w, ",\"count\":\"%llu\",\"scale\":5,\"zeroCount\":\"%llu\"", (unsigned long long)total, zero);
    while (first < n && hr_metric_part(c[first].key) < HR_PART_BUCKET) first++;
    if (first == n) return;
    uint32_t part = hr_metric_part(c[first].key);
    write_metric(w, ",\"positive\":{\"offset\":%d,\"bucketCounts\":[", (int)part - HR_PART_BUCKET - 1);
    for (size_t i = first; i < n; part++) {
        const bool here = hr_metric_part(c[i].key) == part;
        write_metric(w, "%s\"%llu\"", i == first ? "" : ",", here ? metric_count(c[i].value) : 0ull);
        i += here;
    }
    write_metric(w, "]}");
}
static void write_otlp(metrics_writer *w, const hr_metric_cell *c, size_t n) {
    const hr_metric_info *info = hr_metric_at(hr_metric_of(c->key));
    const unsigned long long day = hr_metric_day(c->key), ns = 86400000000000ull;
    static const char *const kinds[] = {"sum", "gauge", "exponentialHistogram"};
    bool has;
    long long v = metric_value(c, n, HR_PART_SUM, &has);
    if (!has && hr_metric_of(c->key) != 1) {
        if (info->kind != HR_METRIC_HISTOGRAM) return; /* noise keeps sums and peaks; only requests are their own sum */
    }
    if (!has) v = (long long)metric_count(metric_value(c, n, HR_PART_EVENTS, &has));
    write_metric(w, "{\"resourceMetrics\":[{\"resource\":{\"attributes\":["
                    "{\"key\":\"hearth.epsilon_milli\",\"value\":{\"intValue\":\"%u\"}},"
                    "{\"key\":\"hearth.threshold\",\"value\":{\"intValue\":\"%u\"}},"
                    "{\"key\":\"hearth.noise\",\"value\":{\"stringValue\":\"%s\"}}]},",
                 w->epsilon_milli, w->threshold, w->noise);
    write_metric(w, "\"scopeMetrics\":[{\"scope\":{\"name\":\"hearth\"},\"metrics\":["
                    "{\"name\":\"%s\",\"unit\":\"%s\",\"%s\":{", info->name,
                 info->unit, kinds[info->kind]);
    if (info->kind != HR_METRIC_PEAK) write_metric(w, "\"aggregationTemporality\":1,");
    if (info->kind == HR_METRIC_COUNTER) write_metric(w, "\"isMonotonic\":true,");
    write_metric(w, "\"dataPoints\":[{\"attributes\":[");
    write_labels(w, c->key, "{\"key\":\"@\",\"value\":{\"stringValue\":\"$\"}}", ",");
    write_metric(w, "],\"startTimeUnixNano\":\"%llu\",\"timeUnixNano\":\"%llu\"", day * ns, (day + 1) * ns);
    if (info->kind == HR_METRIC_HISTOGRAM) write_otlp_histogram(w, c, n);
    else write_metric(w, ",\"asInt\":\"%lld\"", v);
    write_metric(w, "}]}}]}]}]}\n");
}

/* --- Prometheus text: day is a label; buckets are cumulative ------------------------------------------------------------- */
static void write_prometheus_line(metrics_writer *w, uint64_t key, const char *suffix, const char *le,
    unsigned long long v) {
    for (const char *p = hr_metric_at(hr_metric_of(key))->name; *p; p++) write_metric(w, "%c", *p == '.' ? '_' : *p);
    write_metric(w, "%s{day=\"%u\",", suffix, hr_metric_day(key));
    write_labels(w, key, "@=\"$\"", ",");
    if (le) write_metric(w, ",le=\"%s\"", le);
    write_metric(w, "} %llu\n", v);
}
static void write_prometheus(metrics_writer *w, const hr_metric_cell *c, size_t n) {
    const int kind = hr_metric_at(hr_metric_of(c->key))->kind;
    bool has;
    char le[24];
    const int64_t sum = metric_value(c, n, HR_PART_SUM, &has);
    if (kind != HR_METRIC_HISTOGRAM) {
        const int64_t events = metric_value(c, n, HR_PART_EVENTS, &(bool){false});
        if (has || hr_metric_of(c->key) == 1) {
            write_prometheus_line(w, c->key, kind == HR_METRIC_COUNTER ? "_total" : "", NULL, metric_count(has ?
                sum : events));
        }
        return;
    }
    bool ignored;
    unsigned long long run = metric_count(metric_value(c, n, HR_PART_ZERO, &ignored));
    if (run) write_prometheus_line(w, c->key, "_bucket", "0", run);
    for (size_t i = 0; i < n; i++) {
        const int bucket = (int)hr_metric_part(c[i].key) - HR_PART_BUCKET - 1;
        if (bucket < -1) continue;
        run += metric_count(c[i].value);
        hr_format(le, sizeof le, "%llu", (unsigned long long)hr_metric_upper(bucket));
        write_prometheus_line(w, c->key, "_bucket", le, run);
    }
    write_prometheus_line(w, c->key, "_bucket", "+Inf", run);
    if (has) write_prometheus_line(w, c->key, "_sum", NULL, metric_count(sum));
    write_prometheus_line(w, c->key, "_count", NULL, run);
}
static void write_prometheus_type(metrics_writer *w, int metric) {
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    write_metric(w, "# TYPE ");
    for (const char *p = hr_metric_at(metric)->name; *p; p++) write_metric(w, "%c", *p == '.' ? '_' : *p);
    write_metric(w, "%s %s\n", hr_metric_at(metric)->kind == HR_METRIC_COUNTER ? "_total" : "",
        kinds[hr_metric_at(metric)->kind]);
}

/* --- flat NDJSON: one cell a line ------------------------------------------------------------------------------------------ */
static void write_ndjson(metrics_writer *w, const hr_metric_cell *c, size_t n) {
    static const char *const parts[] = {"events", "devices", "sum", "zero", "bucket"};
    for (size_t i = 0; i < n; i++) {
        const uint32_t part = hr_metric_part(c[i].key);
        const hr_metric_info *info = hr_metric_at(hr_metric_of(c[i].key));
        write_metric(w, "{\"day\":%u,\"metric\":\"%s\",\"unit\":\"%s\",", hr_metric_day(c[i].key), info->name,
            info->unit);
        write_labels(w, c[i].key, "\"@\":\"$\"", ",");
        write_metric(w, ",\"part\":\"%s\"", part == HR_PART_SUM && info->kind == HR_METRIC_PEAK ? "peak"
                                            : parts[part < HR_PART_BUCKET ? part : (uint32_t)HR_PART_BUCKET]);
        if (part >= HR_PART_BUCKET) {
            write_metric(w, ",\"upper\":%llu", (unsigned long long)hr_metric_upper((int)part - HR_PART_BUCKET - 1));
        }
        write_metric(w, ",\"value\":%lld,\"epsilon_milli\":%u,\"noise\":\"%s\"}\n", (long long)c[i].value,
            w->epsilon_milli, w->noise);
    }
}

hr_status hr_metrics_write(int format, const hr_metrics *from, const hr_metric_cell *cells, size_t n,
    hr_metrics_put *put, void *ctx) {
    static const char *const noises[] = {"discrete_laplace", "randomised_response"};
    metrics_writer w = {put, ctx, false, from->epsilon_milli, from->threshold,
                        from->epsilon_milli ? noises[from->noise] : "none"};
    if (format == HR_METRICS_PROMETHEUS && n) {
        write_metric(&w, "# TYPE hearth_epsilon_milli gauge\nhearth_epsilon_milli{noise=\"%s\"} %u\n", w.noise,
            w.epsilon_milli);
        write_metric(&w, "# TYPE hearth_threshold gauge\nhearth_threshold %u\n", w.threshold);
    }
    const int n_passes = format == HR_METRICS_PROMETHEUS ? 63 : 1; /* Prometheus wants the lines of a metric together */
    for (int pass = 1; pass <= n_passes; pass++) {
        bool any = false;
        for (size_t i = 0, end; i < n; i = end) {
            for (end = i; end < n && cells[end].key >> HR_PART_BITS == cells[i].key >> HR_PART_BITS;) end++;
            if (n_passes > 1 && hr_metric_of(cells[i].key) != pass) continue;
            if (n_passes > 1 && !any) write_prometheus_type(&w, pass);
            any = true;
            if (format == HR_METRICS_OTLP) write_otlp(&w, cells + i, end - i);
            else if (format == HR_METRICS_PROMETHEUS) write_prometheus(&w, cells + i, end - i);
            else write_ndjson(&w, cells + i, end - i);
        }
    }
    return w.failed ? HR_E_IO : HR_OK;
}

HR_SMALL_END
