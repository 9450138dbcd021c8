/* json.c: memory for the reader of engine/json.c, and numbers. */
#include "tools/json.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdlib.h>

hr_status json_parse(json_doc *d, const char *name, char *data, size_t n, hr_error *err) {
    memset(d, 0, sizeof *d);
    d->data = data;
    if (n > JSON_MAX_BYTES)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, name, "%zu bytes of JSON, at most %d are read", n, JSON_MAX_BYTES);
    d->cap_nodes = hr_json_count(data, n);
    d->nodes = d->cap_nodes > UINT32_MAX / 2 ? NULL : (json_node *)malloc(d->cap_nodes * sizeof *d->nodes);
    if (!d->nodes) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, name, "no memory for %zu values", d->cap_nodes);
    d->lenient = true;
    return hr_json_parse(d, name, n, err);
}
void json_free(json_doc *d) {
    free(d->data);
    free(d->nodes);
    memset(d, 0, sizeof *d);
}

/* --- looking ---------------------------------------------------------------------------------------------------- */
const json_node *json_root(const json_doc *d) { return d->n_nodes ? d->nodes : NULL; }
bool json_is(const json_node *node, json_type type) { return hr_json_is(node, type); }
const json_node *json_first(const json_node *c) { return hr_json_first(c); }
const json_node *json_next(const json_node *container, const json_node *child) { return hr_json_next(container, child); }
const json_node *json_get(const json_node *object, const char *key) { return hr_json_get(object, key); }
const json_node *json_get2(const json_node *object, const char *key, const char *inner) {
    return json_get(json_get(object, key), inner);
}
bool json_is_str(const json_node *node, const char *text) {
    return json_is(node, JSON_STRING) && hr_str_is(node->text, text);
}
bool json_num(const json_node *node, double *out) {
    char text[64];
    if (!json_is(node, JSON_NUMBER) || node->text.size >= sizeof text) return false;
    memcpy(text, node->text.data, node->text.size);
    text[node->text.size] = 0;
    const double v = strtod(text, NULL); /* the command never leaves the C locale */
    if (!(v > -1e300 && v < 1e300)) return false;
    *out = v;
    return true;
}
bool json_int(const json_node *node, int64_t *out) {
    if (!json_is(node, JSON_NUMBER)) return false;
    const char *p = node->text.data;
    const bool minus = *p == '-';
    int64_t v = 0;
    for (size_t i = minus; i < node->text.size; i++) {
        if (p[i] < '0' || p[i] > '9' || v > (INT64_MAX - 9) / 10) {
            double f = 0; /* 4096.0 and 1e6 are whole numbers too */
            if (!json_num(node, &f) || f != (double)(int64_t)(f > -9e15 && f < 9e15 ? f : 0.5)) return false;
            *out = (int64_t)f;
            return true;
        }
        v = v * 10 + (p[i] - '0');
    }
    *out = minus ? -v : v;
    return true;
}
bool json_bool(const json_node *node, bool *out) {
    if (!json_is(node, JSON_TRUE) && !json_is(node, JSON_FALSE)) return false;
    *out = node->type == JSON_TRUE;
    return true;
}
bool json_str(const json_node *node, hr_str *out) {
    if (!json_is(node, JSON_STRING)) return false;
    *out = node->text;
    return true;
}
#endif
