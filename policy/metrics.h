/* metrics.h: figures about the engine that cannot carry text: counters, peaks and exponential histograms with labels that
 * are enums or bounded integers. There is no string in the type system: names come from one table in metrics.c.
 *
 * Everything is a cell: a 64-bit key and a number. Key, high to low: day since 1970 (20 bits), metric (6), labels (25),
 * part (13): events, devices, sum or peak, values of 0, and one part for each bucket. Two tables merge cell by cell (sum;
 * peaks: larger), which is exact, commutative and associative; the file is the cells in order,
     so that any order of merging
 * gives the same bytes. Bucket i of a histogram holds (2^(i/32), 2^((i+1)/32)]: OTLP's scale 5, 1.1 % relative error. */
#ifndef HR_POLICY_METRICS_H
#define HR_POLICY_METRICS_H
#include "engine/base/base.h"
#include "policy/permission.h"

enum { HR_METRIC_COUNTER, HR_METRIC_PEAK, HR_METRIC_HISTOGRAM };
enum { HR_LABEL_CLASS, HR_LABEL_ROUTE, HR_LABEL_REASON, HR_LABEL_COLD, HR_LABEL_RULESET,
    HR_LABEL_FALLBACK, HR_N_LABELS };
enum { HR_CLASS_UNKNOWN, HR_CLASS_MCU, HR_CLASS_PHONE_SMALL, HR_CLASS_PHONE, HR_CLASS_TABLET, HR_CLASS_LAPTOP };
enum { HR_ROUTE_LOCAL, HR_ROUTE_CACHE, HR_ROUTE_TOOL, HR_ROUTE_FALLBACK, HR_ROUTE_REFUSED };
enum { HR_REASON_NONE, HR_REASON_POLICY, HR_REASON_MEMORY, HR_REASON_QUALITY, HR_REASON_CONTEXT, HR_REASON_TIMEOUT,
    HR_REASON_CANCELLED, HR_REASON_ERROR };
enum { HR_PART_EVENTS, HR_PART_DEVICES, HR_PART_SUM, HR_PART_ZERO, HR_PART_BUCKET, HR_PART_END =
    HR_PART_BUCKET + 2049, HR_PART_BITS = 13 };
enum { HR_METRICS_HEAD = 32, HR_EPSILON_MOST = 1000000 };
enum { HR_NOISE_LAPLACE, HR_NOISE_RESPONSE }; /* when epsilon is not 0 */
#define HR_METRIC_UNKNOWN UINT64_MAX /* nobody measured it: nothing is counted */

typedef struct hr_metric_info {
    const char *name, *unit;
    int kind;
    uint32_t labels; /* bits of HR_LABEL_* */
} hr_metric_info;
HR_PRIVATE const hr_metric_info *hr_metric_at(int metric); /* 1 ...; NULL: none */
HR_PRIVATE const char *hr_metric_label_name(int label);
HR_PRIVATE const char *hr_metric_label_value(int label, uint32_t value); /* NULL: a number, or none */

/* One request, as the engine saw it. Numbers and enums only; too large values count as the largest. */
typedef struct hr_metric_record {
    uint32_t day;                                   /* since 1970 */
    uint32_t device_class, route, reason, cold;     /* metrics.c has the values */
    uint32_t ruleset;                               /* version, below 1024 */
    uint64_t ttft_ms, total_ms, decode_tps, prompt_tokens, output_tokens, pii_redacted, denied, energy_mj, peak_rss_bytes;
    uint32_t fallback;                              /* 0, 1: what the engine gave was not used, for the reason */
} hr_metric_record;
typedef struct hr_metric_cell {
    uint64_t key; /* 0: free */
    int64_t value;
} hr_metric_cell;
typedef struct hr_metrics {
    hr_metric_cell *cells; /* [cap], the caller's; a hash table */
    size_t cap, n;
    uint32_t epsilon_milli; /* of the noise in the values; 0: exact */
    uint32_t threshold;     /* cells of fewer events were left out; 0: none was */
    uint32_t noise;         /* HR_NOISE_* */
} hr_metrics;

HR_PRIVATE void hr_metrics_init(hr_metrics *m, hr_metric_cell *cells, size_t cap); /* cap: a power of two */
/* HR_E_ARG: an enum out of range. HR_E_FULL: no room (then nothing was added). */
HR_PRIVATE hr_status hr_metrics_record(hr_metrics *m, const hr_metric_record *r);
/* The request path's record, as its parts report it. One call: looks at everything first, derives the day, and adds the
 * request to the schema. HR_E_ARG: no such enum, a fallback or a refusal without a reason, a route that is no route. */
typedef struct hr_request_figures {
    uint64_t now_ms;                          /* Unix; becomes a day */
    int device_class, route, reason;          /* HR_CLASS_*, HR_ROUTE_*, HR_REASON_* */
    bool fallback, cold;
    uint32_t ruleset;                         /* version of the policy, below 1024 */
    uint64_t ttft_ms, total_ms, decode_tps, peak_rss_bytes, energy_mj; /* or HR_METRIC_UNKNOWN */
    uint64_t prompt_tokens, output_tokens, pii_redacted, denied;       /* ditto */
} hr_request_figures;
HR_PRIVATE hr_status hr_metrics_request(hr_metrics *m, const hr_request_figures *f, hr_error *err);
HR_PRIVATE int hr_metric_bucket(uint64_t value);           /* index of the bucket; value > 0 */
HR_PRIVATE uint64_t hr_metric_upper(int bucket);           /* largest integer in it */
/* Cells in order of keys: out [m->n]. */
HR_PRIVATE void hr_metrics_sort(const hr_metrics *m, hr_metric_cell *out);
/* The file: head (magic, epsilon, threshold, count, bytes, hash),
    then key steps and values as varints. HR_E_FULL: *n says
 * what is needed. */
HR_PRIVATE hr_status hr_metrics_encode(const hr_metrics *m, const hr_metric_cell *sorted, uint8_t *out, size_t cap,
    size_t *n);
/* Adds one file, all or nothing but for HR_E_FULL and HR_E_LIMIT (a sum above 2^62). Other noise than what is there already
 * is HR_E_STATE. */
HR_PRIVATE hr_status hr_metrics_merge(hr_metrics *m, hr_cur *file);

/* What may leave: allowed by the policy for telemetry to export now (the scope `metrics` when the policy has it,
    else only
 * a rule for `*`), groups (day, metric, labels) of at least `threshold` events (by_devices: devices);
     with epsilon_milli > 0
 * every count gets discrete Laplace noise, exact by integers (Canonne, Kamath,
     Steinke 2020): one event in one group is then
 * epsilon-private up to the threshold, which is applied to the true count;
     sums and peaks stay behind. random: uniform bits. */
typedef struct hr_metrics_gate {
    const hr_policy *policy;
    int subject;
    hr_consent_find *find;
    void *ctx;
    uint64_t now_ms;
    uint32_t threshold; /* 0: the default, 20 */
    uint32_t epsilon_milli;
    bool by_devices;
    uint64_t (*random)(void *ctx);
    void *random_ctx;
} hr_metrics_gate;
/* cells: sorted, n; left with what may leave. HR_E_STATE: denied, and nothing is left. */
HR_PRIVATE hr_status hr_metrics_release(const hr_metrics_gate *gate, hr_metric_cell *cells, size_t *n, hr_error *err);

/* Randomised response: each request in `from` answers (route, reason, cold, fallback), one of k = 5 * 8 * 2 * 2 = 160
 * values, truly with probability p = e^E / (e^E + k - 1), each other value with q = 1 / (e^E + k - 1): one request is
 * E-private whatever else is known. Day, class, rule set and how many requests there were stay true; nothing but requests is
 * in `to` (made empty by the caller). Count c of a value among N means about (c - N q) / (p - q). Done on the device, nobody
 * ever sees the answers; `to` may be merged and, its thresholds on what was answered, released without further noise.
 * HR_E_ARG: epsilon 0 or too large, noise in `from`, something in `to`. HR_E_FULL: `to` is part of the answer: drop it. */
HR_PRIVATE hr_status hr_metrics_respond(const hr_metrics *from, uint32_t epsilon_milli, uint64_t (*random)(void *ctx),
    void *random_ctx, hr_metrics *to);

/* Released cells as text. put returns non-zero to stop (HR_E_IO). */
enum { HR_METRICS_OTLP, HR_METRICS_PROMETHEUS, HR_METRICS_NDJSON };
typedef int hr_metrics_put(void *ctx, const char *text, size_t n);
HR_PRIVATE hr_status hr_metrics_write(int format, const hr_metrics *from, const hr_metric_cell *cells, size_t n,
    hr_metrics_put *put,
                                      void *ctx);
HR_INLINE uint32_t hr_metric_part(uint64_t key) { return (uint32_t)key & ((1u << HR_PART_BITS) - 1); }
HR_INLINE int hr_metric_of(uint64_t key) { return (int)(key >> 38 & 63); }
HR_INLINE uint32_t hr_metric_day(uint64_t key) { return (uint32_t)(key >> 44); }
HR_PRIVATE uint32_t hr_metric_label(uint64_t key, int label);
HR_PRIVATE uint64_t hr_metric_relabel(uint64_t key, int label, uint32_t value);
HR_PRIVATE hr_status hr_metrics_add(hr_metrics *m, uint64_t key, int64_t value); /* to one cell; key: a valid one */
#endif
