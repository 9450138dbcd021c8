/* gguf_get.c: looking up and reading values, tensors' bytes, and values as text. */
#include "engine/gguf.h"

HR_SMALL_BEGIN

static const char *const gguf_type_names[HR_GGUF_TYPES] = {"u8",  "i8",   "u16",    "i16",   "u32", "i32", "f32",
                                                           "bool", "string", "array", "u64", "i64", "f64"};

const char *hr_gguf_type_name(uint8_t type) { return type < HR_GGUF_TYPES ? gguf_type_names[type] : "?"; }

static int compare_label(const uint8_t *a, size_t an, const char *b, size_t bn) {
    int d = memcmp(a, b, an < bn ? an : bn);
    return d != 0 ? d : (an > bn) - (an < bn);
}

const hr_gguf_kv *hr_gguf_find(const hr_gguf *g, const char *key) {
    size_t n = strlen(key);
    for (uint32_t lo = 0, hi = g->kv_by_key != NULL ? g->n_kv : 0; lo < hi;) {
        uint32_t mid = lo + (hi - lo) / 2;
        const hr_gguf_kv *kv = &g->kv[g->kv_by_key[mid]];
        int d = compare_label(kv->key, kv->key_size, key, n);
        if (d == 0) return kv;
        if (d < 0) lo = mid + 1;
        else hi = mid;
    }
    return NULL;
}

const hr_gguf_tensor *hr_gguf_tensor_find(const hr_gguf *g, const char *name) {
    size_t n = strlen(name);
    for (uint32_t lo = 0, hi = g->tensor_by_name != NULL ? g->n_tensors : 0; lo < hi;) {
        uint32_t mid = lo + (hi - lo) / 2;
        const hr_gguf_tensor *t = &g->tensors[g->tensor_by_name[mid]];
        int d = compare_label(t->name, t->name_size, name, n);
        if (d == 0) return t;
        if (d < 0) lo = mid + 1;
        else hi = mid;
    }
    return NULL;
}

uint64_t hr_gguf_kv_offset(const hr_gguf *g, const hr_gguf_kv *kv) {
    return (uint64_t)(kv->data - g->shards[0].header);
}

static hr_status wrong_kind(const hr_gguf *g, const hr_gguf_kv *kv, const char *key, const char *want, hr_error *err) {
    return hr_fail(err, HR_E_FORMAT, hr_gguf_kv_offset(g, kv), key, "is %s%s, %s is needed here",
                   kv->type == HR_GGUF_ARRAY ? "an array of " : "of type ", gguf_type_names[kv->elem], want);
}

/* --- one number ----------------------------------------------------------------------------------------------------------- */
typedef struct gguf_number {
    bool is_int, negative;
    uint64_t magnitude; /* is_int */
    double real;        /* always */
} gguf_number;

static gguf_number signed_number(int64_t v) {
    gguf_number n = {true, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, (double)v};
    return n;
}

static bool read_number(uint8_t type, const uint8_t *p, gguf_number *out) {
    gguf_number n = {true, false, 0, 0.0};
    uint64_t bits;
    switch (type) {
    case HR_GGUF_U8: case HR_GGUF_BOOL: n.magnitude = p[0]; break;
    case HR_GGUF_U16: n.magnitude = hr_le16(p); break;
    case HR_GGUF_U32: n.magnitude = hr_le32(p); break;
    case HR_GGUF_U64: n.magnitude = hr_le64(p); break;
    case HR_GGUF_I8: *out = signed_number((int8_t)p[0]); return true;
    case HR_GGUF_I16: *out = signed_number((int16_t)hr_le16(p)); return true;
    case HR_GGUF_I32: *out = signed_number((int32_t)hr_le32(p)); return true;
    case HR_GGUF_I64: *out = signed_number((int64_t)hr_le64(p)); return true;
    case HR_GGUF_F32: n.is_int = false; n.real = (double)hr_f32_from_bits(hr_le32(p)); *out = n; return true;
    case HR_GGUF_F64:
        n.is_int = false;
        bits = hr_le64(p);
        memcpy(&n.real, &bits, sizeof bits);
        *out = n;
        return true;
    default: return false;
    }
    n.real = (double)n.magnitude;
    *out = n;
    return true;
}

/* finds key and its element i; *found false and HR_OK when absent */
static hr_status number_at(const hr_gguf *g, const char *key, uint64_t i, bool scalar_only, gguf_number *n, bool *found,
                           const char *want, const hr_gguf_kv **kv_out, hr_error *err) {
    static const uint8_t widths[HR_GGUF_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    const hr_gguf_kv *kv = hr_gguf_find(g, key);
    if (found != NULL) *found = kv != NULL;
    *kv_out = kv;
    if (kv == NULL) return HR_OK;
    if (kv->type == HR_GGUF_ARRAY) {
        if (scalar_only) return wrong_kind(g, kv, key, want, err);
        if (i >= kv->count) {
            return hr_fail(err, HR_E_FORMAT, hr_gguf_kv_offset(g, kv), key, "has %llu elements, number %llu is needed",
                           (unsigned long long)kv->count, (unsigned long long)i);
        }
    } else {
        i = 0;
    }
    if (kv->elem == HR_GGUF_BOOL || !read_number(kv->elem, kv->data + i * widths[kv->elem], n)) {
        return wrong_kind(g, kv, key, want, err);
    }
    return HR_OK;
}

static hr_status u64_at(const hr_gguf *g, const char *key, uint64_t i, bool scalar_only, uint64_t *out, bool *found,
                        hr_error *err) {
    gguf_number n = {0};
    const hr_gguf_kv *kv;
    HR_TRY(number_at(g, key, i, scalar_only, &n, found, "an integer", &kv, err));
    if (kv == NULL) return HR_OK;
    if (!n.is_int) return wrong_kind(g, kv, key, "an integer", err);
    if (n.negative) return hr_fail(err, HR_E_FORMAT, hr_gguf_kv_offset(g, kv), key, "is negative");
    *out = n.magnitude;
    return HR_OK;
}

hr_status hr_gguf_u64(const hr_gguf *g, const char *key, uint64_t *out, bool *found, hr_error *err) {
    return u64_at(g, key, 0, true, out, found, err);
}

hr_status hr_gguf_u64_at(const hr_gguf *g, const char *key, uint64_t i, uint64_t *out, bool *found, hr_error *err) {
    return u64_at(g, key, i, false, out, found, err);
}

hr_status hr_gguf_i64(const hr_gguf *g, const char *key, int64_t *out, bool *found, hr_error *err) {
    gguf_number n = {0};
    const hr_gguf_kv *kv;
    HR_TRY(number_at(g, key, 0, true, &n, found, "an integer", &kv, err));
    if (kv == NULL) return HR_OK;
    if (!n.is_int) return wrong_kind(g, kv, key, "an integer", err);
    if (n.magnitude > (uint64_t)INT64_MAX) {
        return hr_fail(err, HR_E_FORMAT, hr_gguf_kv_offset(g, kv), key, "is out of range");
    }
    *out = n.negative ? -(int64_t)n.magnitude : (int64_t)n.magnitude;
    return HR_OK;
}

static hr_status f64_at(const hr_gguf *g, const char *key, uint64_t i, bool scalar_only, double *out, bool *found,
                        hr_error *err) {
    gguf_number n = {0};
    const hr_gguf_kv *kv;
    HR_TRY(number_at(g, key, i, scalar_only, &n, found, "a number", &kv, err));
    if (kv == NULL) return HR_OK;
    if (!(n.real - n.real == 0.0)) return hr_fail(err, HR_E_FORMAT, hr_gguf_kv_offset(g, kv), key, "is not finite");
    *out = n.real;
    return HR_OK;
}

hr_status hr_gguf_f64(const hr_gguf *g, const char *key, double *out, bool *found, hr_error *err) {
    return f64_at(g, key, 0, true, out, found, err);
}

hr_status hr_gguf_f64_at(const hr_gguf *g, const char *key, uint64_t i, double *out, bool *found, hr_error *err) {
    return f64_at(g, key, i, false, out, found, err);
}

hr_status hr_gguf_bool(const hr_gguf *g, const char *key, bool *out, bool *found, hr_error *err) {
    const hr_gguf_kv *kv = hr_gguf_find(g, key);
    gguf_number n = {0};
    if (found != NULL) *found = kv != NULL;
    if (kv == NULL) return HR_OK;
    if (kv->type == HR_GGUF_ARRAY || !read_number(kv->type, kv->data, &n) || !n.is_int) {
        return wrong_kind(g, kv, key, "a boolean", err);
    }
    if (n.magnitude > 1 || n.negative) {
        return hr_fail(err, HR_E_FORMAT, hr_gguf_kv_offset(g, kv), key, "is neither 0 nor 1, as a boolean must be");
    }
    *out = n.magnitude == 1;
    return HR_OK;
}

hr_status hr_gguf_string(const hr_gguf *g, const char *key, hr_str *out, bool *found, hr_error *err) {
    const hr_gguf_kv *kv = hr_gguf_find(g, key);
    if (found != NULL) *found = kv != NULL;
    if (kv == NULL) return HR_OK;
    if (kv->type != HR_GGUF_STRING) return wrong_kind(g, kv, key, "a string", err);
    out->data = (const char *)kv->data;
    out->size = (size_t)kv->bytes;
    return HR_OK;
}

hr_status hr_gguf_array(const hr_gguf *g, const char *key, uint8_t elem, const hr_gguf_kv **out, bool *found,
                        hr_error *err) {
    const hr_gguf_kv *kv = hr_gguf_find(g, key);
    *out = NULL;
    if (found != NULL) *found = kv != NULL;
    if (kv == NULL) return HR_OK;
    if (kv->type != HR_GGUF_ARRAY || kv->elem != elem) {
        char want[32];
        hr_format(want, sizeof want, "an array of %s", hr_gguf_type_name(elem));
        return wrong_kind(g, kv, key, want, err);
    }
    for (uint64_t i = 0; elem == HR_GGUF_BOOL && i < kv->count; i++) {
        if (kv->data[i] > 1) {
            return hr_fail(err, HR_E_FORMAT, hr_gguf_kv_offset(g, kv) + i, key, "element %llu is neither 0 nor 1, as a "
                           "boolean must be", (unsigned long long)i);
        }
    }
    *out = kv;
    return HR_OK;
}

/* --- tensors ------------------------------------------------------------------------------------------------------------------ */
hr_status hr_gguf_check_data(const hr_gguf *g, hr_error *err) {
    uint64_t end[HR_GGUF_MAX_SHARDS] = {0};
    char label[64];
    for (uint32_t i = 0; i < g->n_shards; i++) end[i] = g->shards[i].header_bytes;
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const hr_gguf_tensor *t = &g->tensors[i];
        uint64_t size = g->shards[t->shard].file.size, last = t->offset + t->bytes; /* both below 2^63 */
        if (last > size) {
            hr_format(label, sizeof label, "%.*s", (int)t->name_size, (const char *)t->name);
            return hr_fail(err, HR_E_FORMAT, t->offset, label, "needs %llu bytes here, the file ends at %llu: it is cut "
                           "short; fetch it again", (unsigned long long)t->bytes, (unsigned long long)size);
        }
        end[t->shard] = last;
    }
    for (uint32_t i = 0; i < g->n_shards; i++) {
        uint64_t align = g->shards[i].alignment, size = g->shards[i].file.size, padded = (end[i] + align - 1) & ~(align - 1);
        bool bare = g->shards[i].n_tensors == 0 && size == end[i]; /* padding after a lone header is optional */
        if (size != padded && !bare) { /* every writer pads the last tensor too */
            return hr_fail(err, HR_E_FORMAT, padded, "file", "the data ends here by the header, the file has %llu bytes",
                           (unsigned long long)size);
        }
    }
    return HR_OK;
}

const uint8_t *hr_gguf_tensor_data(const hr_gguf *g, const hr_gguf_tensor *t) {
    const uint8_t *map = g->shards[t->shard].file.map;
    return map != NULL ? map + t->offset : NULL;
}

hr_status hr_gguf_tensor_read(hr_gguf *g, const hr_gguf_tensor *t, uint64_t offset, void *dst, size_t n, hr_error *err) {
    hr_assert(offset <= t->bytes && n <= t->bytes - offset);
    return hr_file_read(&g->shards[t->shard].file, t->offset + offset, dst, n, err);
}

void hr_gguf_tensor_drop(hr_gguf *g, const hr_gguf_tensor *t, uint64_t offset, uint64_t n) {
    hr_file_drop(&g->shards[t->shard].file, t->offset + offset, n);
}

/* --- values as text ---------------------------------------------------------------------------------------------------------- */
static size_t real_text(double v, char *dst, size_t cap) {
    if (v != v) return hr_format(dst, cap, "nan");
    if (v - v != 0.0) return hr_format(dst, cap, v > 0 ? "inf" : "-inf");
    const char *sign = v < 0 ? "-" : "";
    if (v < 0) v = -v;
    int exponent = 0;
    if (v != 0.0 && (v >= 1e9 || v < 1e-4)) { /* one digit before the point, and an exponent */
        while (v >= 10.0) v /= 10.0, exponent++;
        while (v < 1.0) v *= 10.0, exponent--;
    }
    uint64_t scaled = (uint64_t)(v * 1e6 + 0.5);
    char fraction[8];
    size_t n = hr_format(fraction, sizeof fraction, "%llu", (unsigned long long)(1000000 + scaled % 1000000));
    while (n > 2 && fraction[n - 1] == '0') fraction[--n] = '\0';
    n = hr_format(dst, cap, "%s%llu.%s", sign, (unsigned long long)(scaled / 1000000), fraction + 1);
    if (exponent != 0) n += hr_format(dst + n, cap - n, "e%d", exponent);
    return n;
}

static size_t element_text(uint8_t type, const uint8_t *p, uint64_t size, char *dst, size_t cap) {
    gguf_number n = {0};
    if (type == HR_GGUF_STRING) {
        return hr_format(dst, cap, "%.*s", (int)(size < 4096 ? size : 4096), size > 0 ? (const char *)p : "");
    }
    if (type == HR_GGUF_BOOL) return hr_format(dst, cap, p[0] ? "true" : "false");
    if (!read_number(type, p, &n)) return hr_format(dst, cap, "?");
    if (!n.is_int) return real_text(n.real, dst, cap);
    return hr_format(dst, cap, "%s%llu", n.negative ? "-" : "", (unsigned long long)n.magnitude);
}

size_t hr_gguf_value_text(const hr_gguf_kv *kv, char *dst, size_t cap) {
    if (cap == 0) return 0;
    if (kv->type != HR_GGUF_ARRAY) return element_text(kv->type, kv->data, kv->bytes, dst, cap);
    hr_cur c = hr_cur_make(kv->data, (size_t)kv->bytes, 0, NULL);
    size_t n = hr_format(dst, cap, "[");
    for (uint64_t i = 0; i < kv->count && i < 6; i++) {
        uint64_t size = kv->elem == HR_GGUF_STRING ? hr_cur_u64(&c) : kv->bytes / kv->count;
        const uint8_t *p = hr_cur_bytes(&c, size);
        if (p == NULL) break;
        if (i > 0) n += hr_format(dst + n, cap - n, ", ");
        n += element_text(kv->elem, p, size < 40 ? size : 40, dst + n, cap - n);
    }
    if (kv->count > 6) n += hr_format(dst + n, cap - n, ", ... %llu in all", (unsigned long long)kv->count);
    return n + hr_format(dst + n, cap - n, "]");
}

HR_SMALL_END
