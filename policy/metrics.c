/* metrics.c: the schema, recording, merging, and the file. */
#include "policy/metrics.h"

HR_SMALL_BEGIN

/* --- the schema: all of it ----------------------------------------------------------------------------------------- */
#define M_ALL 0x3fu
#define M_MOST 0x1bu /* without the reason and the fallback */
static const hr_metric_info metric_table[] = {
    {"", "", 0, 0},
    {"hearth.requests", "{request}", HR_METRIC_COUNTER, M_ALL},
    {"hearth.prompt_tokens", "{token}", HR_METRIC_COUNTER, M_MOST},
    {"hearth.output_tokens", "{token}", HR_METRIC_COUNTER, M_MOST},
    {"hearth.pii_redacted", "{finding}", HR_METRIC_COUNTER, M_MOST},
    {"hearth.denied", "{decision}", HR_METRIC_COUNTER, M_MOST},
    {"hearth.ttft", "ms", HR_METRIC_HISTOGRAM, M_MOST},
    {"hearth.total", "ms", HR_METRIC_HISTOGRAM, M_MOST},
    {"hearth.decode_rate", "{token}/s", HR_METRIC_HISTOGRAM, M_MOST},
    {"hearth.energy", "mJ", HR_METRIC_HISTOGRAM, M_MOST},
    {"hearth.peak_rss", "By", HR_METRIC_PEAK, M_MOST},
};
#undef M_ALL
#undef M_MOST
typedef struct metric_label {
    const char *name;
    uint32_t shift, bits, n_values;
    const char *values[8];
} metric_label;
static const metric_label metric_labels[HR_N_LABELS] = {
    {"device_class", 22, 3, 6, {"unknown", "mcu", "phone_small", "phone", "tablet", "laptop"}},
    {"route", 19, 3, 5, {"local", "cache", "tool", "fallback", "refused"}},
    {"reason", 15, 4, 8, {"none", "policy", "memory", "quality", "context", "timeout", "cancelled", "error"}},
    {"cold", 14, 1, 2, {"false", "true"}},
    {"ruleset", 4, 10, 1024, {NULL}},
    {"fallback", 3, 1, 2, {"false", "true"}},
};

const hr_metric_info *hr_metric_at(int metric) {
    return metric > 0 && metric < (int)HR_COUNT(metric_table) ? &metric_table[metric] : NULL;
}
const char *hr_metric_label_name(int label) { return metric_labels[label].name; }
const char *hr_metric_label_value(int label, uint32_t value) {
    const metric_label *l = &metric_labels[label];
    return value < l->n_values && value < 8 ? l->values[value] : NULL;
}
uint32_t hr_metric_label(uint64_t key, int label) {
    const metric_label *l = &metric_labels[label];
    return (uint32_t)(key >> (HR_PART_BITS + l->shift)) & ((1u << l->bits) - 1);
}
uint64_t hr_metric_relabel(uint64_t key, int label, uint32_t value) {
    const metric_label *l = &metric_labels[label];
    const uint64_t mask = (((uint64_t)1 << l->bits) - 1) << (HR_PART_BITS + l->shift);
    return (key & ~mask) | ((uint64_t)value << (HR_PART_BITS + l->shift));
}
/* Is this key one that recording can make? */
static bool metric_key_valid(uint64_t key) {
    const hr_metric_info *info = hr_metric_at(hr_metric_of(key));
    const uint32_t part = hr_metric_part(key);
    if (info == NULL || part >= HR_PART_END || (part > HR_PART_SUM && info->kind != HR_METRIC_HISTOGRAM)) return false;
    if (key >> HR_PART_BITS & 7) return false; /* spare bits */
    for (int l = 0; l < HR_N_LABELS; l++) {
        const uint32_t v = hr_metric_label(key, l);
        if (v >= metric_labels[l].n_values || (v && !(info->labels >> l & 1))) return false;
    }
    return true;
}

/* --- buckets ------------------------------------------------------------------------------------------------------- */
/* floor(2^(k/32) * 2^63): an integer mantissa is above the irrational bound exactly when it is above its floor */
static const uint64_t bucket_bound[32] = {
    0x8000000000000000u, 0x82cd8698ac2ba1d7u, 0x85aac367cc487b14u, 0x88980e8092da8527u,
    0x8b95c1e3ea8bd6e6u, 0x8ea4398b45cd53c0u, 0x91c3d373ab11c336u, 0x94f4efa8fef70961u,
    0x9837f0518db8a96fu, 0x9b8d39b9d54e5538u, 0x9ef5326091a111adu, 0xa27043030c496818u,
    0xa5fed6a9b15138eau, 0xa9a15ab4ea7c0ef8u, 0xad583eea42a14ac6u, 0xb123f581d2ac258fu,
    0xb504f333f9de6484u, 0xb8fbaf4762fb9ee9u, 0xbd08a39f580c36beu, 0xc12c4cca66709456u,
    0xc5672a115506daddu, 0xc9b9bd866e2f27a2u, 0xce248c151f8480e3u, 0xd2a81d91f12ae45au,
    0xd744fccad69d6af4u, 0xdbfbb797daf23755u, 0xe0ccdeec2a94e111u, 0xe5b906e77c8348a8u,
    0xeac0c6e7dd24392eu, 0xefe4b99bdcdaf5cbu, 0xf5257d152486cc2cu, 0xfa83b2db722a033au,
};
int hr_metric_bucket(uint64_t value) {
    int e = 63, k = 0;
    hr_assert(value > 0);
    while (!(value >> 63)) value <<= 1, e--;
    while (k < 32 && value > bucket_bound[k]) k++;
    return 32 * e + k - 1;
}
uint64_t hr_metric_upper(int bucket) {
    const int i = bucket + 1;
    if (i >= 2048) return UINT64_MAX;
    return i < 0 ? 0 : bucket_bound[i % 32] >> (63 - i / 32);
}

/* --- cells --------------------------------------------------------------------------------------------------------- */
void hr_metrics_init(hr_metrics *m, hr_metric_cell *cells, size_t cap) {
    hr_assert(cap && !(cap & (cap - 1)));
    memset(m, 0, sizeof *m);
    memset(cells, 0, cap * sizeof *cells);
    m->cells = cells;
    m->cap = cap;
}
/* The cell of a key, or a free one for it. NULL: full. One place in eight stays free, so that searches end soon. */
static hr_metric_cell *find_metric_cell(hr_metrics *m, uint64_t key) {
    size_t i = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & (m->cap - 1);
    while (m->cells[i].key != key && m->cells[i].key != 0) i = (i + 1) & (m->cap - 1);
    if (m->cells[i].key == 0 && m->n >= m->cap - m->cap / 8) return NULL;
    return &m->cells[i];
}
hr_status hr_metrics_add(hr_metrics *m, uint64_t key, int64_t value) {
    const int64_t limit = (int64_t)1 << 62;
    hr_metric_cell *c = find_metric_cell(m, key);
    if (c == NULL) return HR_E_FULL;
    const bool fresh = c->key == 0;
    int64_t next = value;
    if (!fresh && metric_table[hr_metric_of(key)].kind == HR_METRIC_PEAK && hr_metric_part(key) == HR_PART_SUM) {
        next = value > c->value ? value : c->value;
    } else if (!fresh) {
        next = c->value + value; /* both within 2^62 */
    }
    if (next > limit || next < -limit) return HR_E_LIMIT;
    m->n += fresh;
    *c = (hr_metric_cell){key, next};
    return HR_OK;
}
static uint64_t metric_group(const hr_metric_record *r, int metric) {
    const uint32_t v[HR_N_LABELS] = {r->device_class, r->route, r->reason, r->cold, r->ruleset, r->fallback};
    uint64_t key = (uint64_t)r->day << 44 | (uint64_t)metric << 38;
    for (int l = 0; l < HR_N_LABELS; l++)
        if (metric_table[metric].labels >> l & 1) key |= (uint64_t)v[l] << (HR_PART_BITS + metric_labels[l].shift);
    return key;
}
hr_status hr_metrics_record(hr_metrics *m, const hr_metric_record *r) {
    const uint64_t values[] = {0, 1, r->prompt_tokens, r->output_tokens, r->pii_redacted, r->denied, r->ttft_ms,
        r->total_ms,
                               r->decode_tps, r->energy_mj, r->peak_rss_bytes};
    const uint32_t v[HR_N_LABELS] = {r->device_class, r->route, r->reason, r->cold, r->ruleset, r->fallback};
    _Static_assert(HR_COUNT(values) == HR_COUNT(metric_table), "a value for each metric");
    for (int l = 0; l < HR_N_LABELS; l++) if (v[l] >= metric_labels[l].n_values) return HR_E_ARG;
    if (r->day >= 1u << 20 || m->epsilon_milli || m->threshold) return HR_E_ARG;
    if (m->n + 4 * HR_COUNT(values) > m->cap - m->cap / 8) return HR_E_FULL;
    for (int i = 1; i < (int)HR_COUNT(values); i++) {
        const uint64_t key = metric_group(r, i), most = metric_table[i].kind == HR_METRIC_PEAK ?
            (uint64_t)1 << 48 : UINT32_MAX;
        const uint64_t x = values[i] < most ? values[i] : most;
        if (values[i] == HR_METRIC_UNKNOWN || (x == 0 && metric_table[i].kind != HR_METRIC_HISTOGRAM)) continue;
        HR_TRY(hr_metrics_add(m, key | HR_PART_EVENTS, 1));
        hr_metric_cell *device = find_metric_cell(m, key | HR_PART_DEVICES);
        if (device->key == 0) HR_TRY(hr_metrics_add(m, key | HR_PART_DEVICES, 1));
        HR_TRY(hr_metrics_add(m, key | HR_PART_SUM, (int64_t)x));
        if (metric_table[i].kind != HR_METRIC_HISTOGRAM) continue;
        HR_TRY(hr_metrics_add(m, key | (x ? (uint64_t)(HR_PART_BUCKET + 1 + hr_metric_bucket(x)) : HR_PART_ZERO), 1));
    }
    return HR_OK;
}

static uint32_t request_enum(int v) { return v < 0 ? UINT32_MAX : (uint32_t)v; }
hr_status hr_metrics_request(hr_metrics *m, const hr_request_figures *f, hr_error *err) {
    const uint64_t day = f->now_ms / 86400000u;
    const bool failed = f->fallback || f->route == HR_ROUTE_FALLBACK || f->route == HR_ROUTE_REFUSED;
    const hr_metric_record r = {day < 1u << 20 ? (uint32_t)day : UINT32_MAX, request_enum(f->device_class),
        request_enum(f->route), request_enum(f->reason), f->cold, f->ruleset, f->ttft_ms, f->total_ms, f->decode_tps,
        f->prompt_tokens, f->output_tokens, f->pii_redacted, f->denied, f->energy_mj, f->peak_rss_bytes, f->fallback};
    if (failed && f->reason == HR_REASON_NONE)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "reason", "a fallback or refusal needs one");
    if (f->route == HR_ROUTE_FALLBACK && !f->fallback)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "fallback", "the route says so, the flag does not");
    const hr_status status = hr_metrics_record(m, &r);
    if (status == HR_OK) return HR_OK;
    return hr_fail(err, status, HR_NO_OFFSET, "request record", status == HR_E_FULL ? "no room for another cell"
                   : "an enum, rule set or day out of range, or figures that were released");
}

static void sift_metric_cell(hr_metric_cell *a, size_t i, size_t n) {
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && a[child + 1].key > a[child].key) child++;
        if (a[i].key >= a[child].key) return;
        const hr_metric_cell t = a[i];
        a[i] = a[child];
        a[child] = t;
    }
}
void hr_metrics_sort(const hr_metrics *m, hr_metric_cell *out) {
    size_t n = 0;
    for (size_t i = 0; i < m->cap; i++) if (m->cells[i].key) out[n++] = m->cells[i];
    for (size_t i = n / 2; i-- > 0;) sift_metric_cell(out, i, n);
    for (size_t i = n; i-- > 1;) { /* heap sort */
        const hr_metric_cell t = out[0];
        out[0] = out[i];
        out[i] = t;
        sift_metric_cell(out, 0, i);
    }
}

/* --- the file ------------------------------------------------------------------------------------------------------ */
static size_t put_metric_varint(uint8_t *out, uint64_t v) {
    size_t n = 0;
    for (; v >= 128; v >>= 7) out[n++] = (uint8_t)(v | 128);
    out[n++] = (uint8_t)v;
    return n;
}
static uint64_t get_metric_varint(hr_cur *c) {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const uint8_t b = hr_cur_u8(c);
        if ((shift == 63 && b > 1) || (shift && b == 0 && hr_cur_ok(c))) break; /* too large, or not the shortest form */
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) return v;
    }
    hr_cur_fail(c, HR_E_FORMAT, "a number that is too long");
    return 0;
}
static void put_metric_word(uint8_t *out, uint64_t v, int n) {
    for (int i = 0; i < n; i++) out[i] = (uint8_t)(v >> 8 * i);
}
hr_status hr_metrics_encode(const hr_metrics *m, const hr_metric_cell *sorted, uint8_t *out, size_t cap, size_t *n) {
    uint64_t before = 0;
    size_t at = HR_METRICS_HEAD;
    for (size_t i = 0; i < m->n; i++) {
        uint8_t b[20];
        size_t k = put_metric_varint(b, sorted[i].key - before);
        const int64_t v = sorted[i].value;
        k += put_metric_varint(b + k, v < 0 ? ((uint64_t)-v << 1) - 1 : (uint64_t)v << 1);
        if (at + k <= cap) memcpy(out + at, b, k);
        at += k;
        before = sorted[i].key;
    }
    *n = at;
    if (at > cap) return HR_E_FULL;
    memcpy(out, "HRMETR1\n", 8);
    put_metric_word(out + 8, m->epsilon_milli | m->noise << 24, 4), put_metric_word(out + 12, m->threshold, 4);
    put_metric_word(out + 16, m->n, 4), put_metric_word(out + 20, at - HR_METRICS_HEAD, 4);
    put_metric_word(out + 24, hr_hash64(out + HR_METRICS_HEAD, at - HR_METRICS_HEAD, hr_hash64(out, 24, 0)), 8);
    return HR_OK;
}
/* One pass over the cells of a file. into NULL: only looks. */
static hr_status walk_metric_cells(hr_cur c, uint32_t count, hr_metrics *into, hr_cur *outer) {
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && hr_cur_ok(&c); i++) {
        const uint64_t step = get_metric_varint(&c), z = get_metric_varint(&c);
        if (!hr_cur_ok(&c)) break;
        const int64_t v = z & 1 ? -(int64_t)(z >> 1) - 1 : (int64_t)(z >> 1);
        if (step == 0 || !hr_add_u64(key, step, &key) || !metric_key_valid(key)) hr_cur_fail(&c, HR_E_FORMAT,
            "a key out of order or of no metric");
        else if (v > (int64_t)1 << 62 || v < -((int64_t)1 << 62)) hr_cur_fail(&c, HR_E_FORMAT, "a value above 2^62");
        else if (into) {
            const hr_status s = hr_metrics_add(into, key, v);
            if (s != HR_OK) hr_cur_fail(&c, s, s == HR_E_FULL ? "no room for another cell" : "a sum above 2^62");
        }
    }
    if (hr_cur_ok(&c) && hr_cur_left(&c)) hr_cur_fail(&c, HR_E_FORMAT, "bytes after the last cell");
    if (c.status != HR_OK) outer->status = c.status;
    return c.status;
}
hr_status hr_metrics_merge(hr_metrics *m, hr_cur *c) {
    c->field = "metrics file";
    const uint8_t *head = hr_cur_bytes(c, HR_METRICS_HEAD);
    if (head == NULL) return c->status;
    if (memcmp(head, "HRMETR1\n", 8) != 0) return hr_cur_fail(c, HR_E_FORMAT, "not a metrics file");
    const uint32_t noise = head[11], epsilon = hr_le32(head + 8) & 0xffffff, threshold = hr_le32(head + 12);
    const uint32_t count = hr_le32(head + 16), size = hr_le32(head + 20);
    const uint64_t at = c->base + c->pos;
    const uint8_t *body = hr_cur_bytes(c, size);
    if (body == NULL) return c->status;
    if (hr_hash64(body, size, hr_hash64(head, 24, 0)) != hr_le64(head + 24)) return hr_cur_fail(c, HR_E_FORMAT,
        "damaged");
    if (epsilon > HR_EPSILON_MOST || noise > (epsilon ? HR_NOISE_RESPONSE : 0))
        return hr_cur_fail(c, HR_E_FORMAT, "noise of no known kind");
    if (m->n && (m->epsilon_milli != epsilon || m->threshold != threshold || m->noise != noise))
        return hr_cur_fail(c, HR_E_STATE, "epsilon %u/1000, threshold %u; the others have %u/1000, %u", epsilon,
            threshold, m->epsilon_milli, m->threshold);
    hr_cur cells = hr_cur_make(body, size, at, c->err);
    cells.field = c->field;
    HR_TRY(walk_metric_cells(cells, count, NULL, c));
    m->epsilon_milli = epsilon;
    m->threshold = threshold;
    m->noise = noise;
    return walk_metric_cells(cells, count, m, c);
}

HR_SMALL_END
