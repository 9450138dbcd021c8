/* jinja_value.c: values and their texts: as Python prints them, and as json.dumps(ensure_ascii=False) does. */
#include "engine/jinja.h"
HR_SMALL_BEGIN

hr_jv hr_jfail(hr_jrun *r, hr_status status, const char *fmt, ...) {
    char where[64], what[170];
    va_list args;
    const hr_jv none = {0};
    if (r->status != HR_OK) return none;
    va_start(args, fmt);
    hr_vformat(what, sizeof what, fmt, args);
    va_end(args);
    hr_jinja_place(r->source ? r->source->source : (hr_str){"", 0}, r->at, where);
    r->status = hr_fail(r->err, status, r->at, where, "%s", what);
    return none;
}
bool hr_jstep(hr_jrun *r, uint64_t n) {
    if (r->status != HR_OK) return false;
    if (r->steps < n) { hr_jfail(r, HR_E_LIMIT, "rendering takes more steps than it was given"); return false; }
    r->steps -= n;
    return true;
}
void *hr_jalloc(hr_jrun *r, size_t count, size_t size) {
    void *p = r->status == HR_OK ? hr_arena_alloc(r->arena, count, size, 8) : NULL;
    if (!p) hr_jfail(r, HR_E_MEMORY, "rendering needs more memory than it was given");
    return p;
}

/* --- making ---------------------------------------------------------------------------------------------------------- */
hr_jv hr_jv_text(const char *text, size_t n) {
    hr_jv v = {.type = HR_JV_STRING, .n = (uint32_t)n};
    v.u.s = n ? text : "";
    return v;
}
hr_jv hr_jv_literal(const char *text) { return hr_jv_text(text, strlen(text)); }
hr_jv hr_jv_bool(bool b) { return (hr_jv){.type = HR_JV_BOOL, .u.i = b}; }
hr_jv hr_jv_int(int64_t i) { return (hr_jv){.type = HR_JV_INT, .u.i = i}; }
hr_jv hr_jv_none(void) { return (hr_jv){.type = HR_JV_NONE}; }
hr_jv hr_jv_marked(hr_jrun *r, hr_str text) {
    hr_jv v = hr_jv_text(text.data, text.size);
    if (text.size > UINT32_MAX / 4) return hr_jfail(r, HR_E_LIMIT, "a text of %zu bytes", text.size);
    uint8_t *mark = text.size ? (uint8_t *)hr_jalloc(r, text.size, 1) : NULL;
    if (mark) memset(mark, 1, text.size);
    v.mark = mark;
    return v;
}
hr_jv hr_jv_list(hr_jrun *r) {
    hr_jv v = {.type = HR_JV_LIST};
    v.u.list = (hr_jlist *)hr_jalloc(r, 1, sizeof(hr_jlist));
    return v.u.list ? v : (hr_jv){0};
}
hr_jv hr_jv_dict(hr_jrun *r) {
    hr_jv v = {.type = HR_JV_DICT};
    v.u.dict = (hr_jdict *)hr_jalloc(r, 1, sizeof(hr_jdict));
    return v.u.dict ? v : (hr_jv){0};
}
void hr_jv_push(hr_jrun *r, hr_jv list, hr_jv item) {
    hr_jlist *l = list.u.list;
    if (list.type != HR_JV_LIST || !hr_jstep(r, 1)) return;
    if (l->n == l->cap) {
        const uint32_t cap = l->cap ? l->cap * 2 : 4;
        hr_jv *items = (hr_jv *)hr_jalloc(r, cap, sizeof *items);
        if (!items) return;
        if (l->n) memcpy(items, l->items, l->n * sizeof *items);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->n++] = item;
}
void hr_jv_put(hr_jrun *r, hr_jv dict, hr_jv key, hr_jv value) {
    hr_jdict *d = dict.u.dict;
    if ((dict.type != HR_JV_DICT && dict.type != HR_JV_NAMESPACE) || r->status != HR_OK) return;
    if (key.type == HR_JV_LIST || key.type >= HR_JV_DICT) { hr_jfail(r, HR_E_FORMAT, "this cannot be a key"); return; }
    for (uint32_t i = 0; i < d->n; i++)
        if (hr_jv_equal(r, d->items[i].key, key)) { d->items[i].value = value; return; }
    if (d->n == d->cap) {
        const uint32_t cap = d->cap ? d->cap * 2 : 4;
        hr_jpair *items = (hr_jpair *)hr_jalloc(r, cap, sizeof *items);
        if (!items) return;
        if (d->n) memcpy(items, d->items, d->n * sizeof *items);
        d->items = items;
        d->cap = cap;
    }
    d->items[d->n++] = (hr_jpair){key, value};
}
/* Decimals that a double holds without loss of any digit: at most 15 digits and a power of ten up to 22. */
bool hr_jnumber(hr_str text, hr_jv *out) {
    static const double tens[23] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    size_t i = 0;
    int64_t m = 0;
    int shift = 0, exponent = 0, sign = 1;
    bool is_float = false;
    const bool minus = text.size && text.data[0] == '-';
    for (i = minus; i < text.size; i++) {
        const char c = text.data[i];
        if (c == '.') { is_float = true; continue; }
        if (c < '0' || c > '9') break;
        if (m > (INT64_MAX - 9) / 10) return false;
        m = m * 10 + (c - '0');
        if (is_float) shift--;
    }
    if (i < text.size && (text.data[i] | 32) == 'e') {
        is_float = true;
        if (++i < text.size && (text.data[i] == '-' || text.data[i] == '+')) sign = text.data[i++] == '-' ? -1 : 1;
        for (; i < text.size && exponent < 1000; i++) exponent = exponent * 10 + (text.data[i] - '0');
    }
    *out = (hr_jv){.type = HR_JV_INT, .u.i = minus ? -m : m};
    if (!is_float) return true;
    shift += sign * exponent;
    while (m && m % 10 == 0) m /= 10, shift++;
    if (m == 0) shift = 0;
    if (m >= 1000000000000000 || shift > 22 || shift < -22) return false;
    out->type = HR_JV_FLOAT;
    out->u.f = shift < 0 ? (double)m / tens[-shift] : (double)m * tens[shift];
    if (minus) out->u.f = -out->u.f;
    return true;
}
hr_jv hr_jv_json(hr_jrun *r, const hr_json_node *node, bool marked) {
    hr_jv v = {0};
    if (!node || !hr_jstep(r, 1)) return v;
    switch (node->type) {
    case HR_JSON_NULL: return hr_jv_none();
    case HR_JSON_FALSE: return hr_jv_bool(false);
    case HR_JSON_TRUE: return hr_jv_bool(true);
    case HR_JSON_NUMBER:
        if (!hr_jnumber(node->text, &v)) return hr_jfail(r, HR_E_UNSUPPORTED, "a number of so many digits");
        return v;
    case HR_JSON_STRING: return marked ? hr_jv_marked(r, node->text) : hr_jv_text(node->text.data, node->text.size);
    default: break;
    }
    v = node->type == HR_JSON_ARRAY ? hr_jv_list(r) : hr_jv_dict(r);
    for (const hr_json_node *e = hr_json_first(node); e && r->status == HR_OK; e = hr_json_next(node, e)) {
        const hr_jv item = hr_jv_json(r, e, marked);
        if (node->type == HR_JSON_ARRAY) hr_jv_push(r, v, item);
        else hr_jv_put(r, v, marked ? hr_jv_marked(r, e->key) : hr_jv_text(e->key.data, e->key.size), item);
    }
    return v;
}

/* --- texts ------------------------------------------------------------------------------------------------------------ */
void hr_jout_add(hr_jrun *r, hr_jout *o, const char *s, size_t n, const uint8_t *mark) {
    if (n == 0 || !hr_jstep(r, 1 + n / 16)) return;
    if (o->n + n > r->max_out) { hr_jfail(r, HR_E_LIMIT, "a text of more than %zu bytes", r->max_out); return; }
    if (o->n + n > o->cap) {
        const size_t cap = hr_max_size(o->cap * 2, o->n + n + 64);
        char *text = (char *)hr_jalloc(r, cap, 1);
        uint8_t *marks = (uint8_t *)hr_jalloc(r, cap, 1);
        if (!text || !marks) return;
        if (o->n) memcpy(text, o->text, o->n), memcpy(marks, o->mark, o->n);
        o->text = text, o->mark = marks, o->cap = cap;
    }
    memcpy(o->text + o->n, s, n);
    if (mark) memcpy(o->mark + o->n, mark, n);
    else memset(o->mark + o->n, 0, n);
    o->n += n;
}
void hr_jout_word(hr_jrun *r, hr_jout *o, const char *s) { hr_jout_add(r, o, s, strlen(s), NULL); }
hr_jv hr_jout_value(const hr_jout *o) {
    hr_jv v = hr_jv_text(o->text, o->n);
    v.mark = o->n ? o->mark : NULL;
    return v;
}
static void put_jinja_float(hr_jrun *r, hr_jout *o, double f) {
    char text[48];
    double scale = 1;
    const double x = f < 0 ? -f : f;
    if (!(x < 1e15) || (x != 0 && x < 1e-4)) { hr_jfail(r, HR_E_UNSUPPORTED, "a number of this size as text"); return; }
    for (int digits = 0; digits <= 15; digits++, scale *= 10) {
        const double scaled = x * scale + 0.5;
        if (scaled >= 9e15) break;
        const uint64_t m = (uint64_t)scaled;
        if ((double)m / scale != x) continue;
        const uint64_t unit = (uint64_t)scale;
        size_t n = hr_format(text, sizeof text, "%s%llu.", f < 0 ? "-" : "", (unsigned long long)(m / unit));
        uint64_t rest = m % unit;
        char digit[16];
        for (int i = digits - 1; i >= 0; i--, rest /= 10) digit[i] = (char)('0' + rest % 10);
        memcpy(text + n, digits ? digit : "0", digits ? (size_t)digits : 1);
        hr_jout_add(r, o, text, n + (digits ? (size_t)digits : 1), NULL);
        return;
    }
    hr_jfail(r, HR_E_UNSUPPORTED, "a number of more than 15 digits as text");
}
size_t hr_jchar(hr_jv s, size_t at) {
    size_t n = 1;
    while (at + n < s.n && ((uint8_t)s.u.s[at + n] & 0xc0) == 0x80) n++;
    return n;
}
static void put_jinja_repr(hr_jrun *r, hr_jout *o, hr_jv s) {
    const bool twice = s.n && memchr(s.u.s, '\'', s.n) && !memchr(s.u.s, '"', s.n);
    const char *quote = twice ? "\"" : "'";
    hr_jout_word(r, o, quote);
    for (size_t i = 0; i < s.n && r->status == HR_OK; i++) {
        char text[8];
        const uint8_t c = (uint8_t)s.u.s[i];
        const char *word = c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : c == '\\' ? "\\\\" :
                           c == '\'' && !twice ? "\\'" : NULL;
        if (!word && (c < 32 || c == 127)) {
            hr_format(text, sizeof text, "\\x%c%c", "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]);
            word = text;
        }
        if (word) hr_jout_word(r, o, word);
        else hr_jout_add(r, o, s.u.s + i, 1, s.mark ? s.mark + i : NULL);
    }
    hr_jout_word(r, o, quote);
}
static void put_jinja_container(hr_jrun *r, hr_jout *o, hr_jv v) {
    const bool dict = v.type == HR_JV_DICT;
    const uint32_t n = dict ? v.u.dict->n : v.u.list->n;
    if (v.tuple > 1) { hr_jfail(r, HR_E_UNSUPPORTED, "printing what a filter or view gives without 'list'"); return; }
    if (++r->depth > HR_JINJA_MAX_DEPTH) { hr_jfail(r, HR_E_LIMIT, "a value nested too deep"); return; }
    hr_jout_word(r, o, dict ? "{" : v.tuple ? "(" : "[");
    for (uint32_t i = 0; i < n && r->status == HR_OK; i++) {
        if (i) hr_jout_word(r, o, ", ");
        if (dict) {
            hr_jv_print(r, o, v.u.dict->items[i].key, true);
            hr_jout_word(r, o, ": ");
            hr_jv_print(r, o, v.u.dict->items[i].value, true);
        } else hr_jv_print(r, o, v.u.list->items[i], true);
    }
    hr_jout_word(r, o, dict ? "}" : v.tuple ? n == 1 ? ",)" : ")" : "]");
    r->depth--;
}
void hr_jv_print(hr_jrun *r, hr_jout *o, hr_jv v, bool repr) {
    char text[32];
    switch (v.type) {
    case HR_JV_UNDEFINED: if (repr) hr_jout_word(r, o, "Undefined"); break;
    case HR_JV_NONE: hr_jout_word(r, o, "None"); break;
    case HR_JV_BOOL: hr_jout_word(r, o, v.u.i ? "True" : "False"); break;
    case HR_JV_INT: hr_format(text, sizeof text, "%lld", (long long)v.u.i), hr_jout_word(r, o, text); break;
    case HR_JV_FLOAT: put_jinja_float(r, o, v.u.f); break;
    case HR_JV_STRING: if (repr) put_jinja_repr(r, o, v); else hr_jout_add(r, o, v.u.s, v.n, v.mark); break;
    case HR_JV_LIST: case HR_JV_DICT: put_jinja_container(r, o, v); break;
    default: hr_jfail(r, HR_E_UNSUPPORTED, "a function or namespace as text");
    }
}
hr_jv hr_jv_string(hr_jrun *r, hr_jv v) {
    hr_jout o = {0};
    if (v.type == HR_JV_STRING) return v;
    hr_jv_print(r, &o, v, false);
    return hr_jout_value(&o);
}
static void put_json_text(hr_jrun *r, hr_jout *o, hr_jv s) {
    hr_jout_word(r, o, "\"");
    for (size_t i = 0; i < s.n && r->status == HR_OK;) {
        char text[8];
        size_t n = 0;
        while (i + n < s.n && (uint8_t)s.u.s[i + n] >= 32 && s.u.s[i + n] != '"' && s.u.s[i + n] != '\\') n++;
        hr_jout_add(r, o, s.u.s + i, n, s.mark ? s.mark + i : NULL);
        if ((i += n) >= s.n) break;
        const uint8_t c = (uint8_t)s.u.s[i++];
        const char *which = strchr("\"\\\n\r\t\b\f", c);
        if (c && which) text[0] = '\\', text[1] = "\"\\nrtbf"[which - strchr("\"\\\n\r\t\b\f", '"')], text[2] = 0;
        else hr_format(text, sizeof text, "\\u00%c%c", "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]);
        hr_jout_word(r, o, text);
    }
    hr_jout_word(r, o, "\"");
}
static void put_json_line(hr_jrun *r, hr_jout *o, int indent, int level) {
    if (indent < 0) return;
    hr_jout_word(r, o, "\n");
    for (int i = 0; i < indent * level; i++) hr_jout_word(r, o, " ");
}
static void put_json_key(hr_jrun *r, hr_jout *o, hr_jv key) {
    hr_jv text = key;
    if (key.type == HR_JV_BOOL) text = hr_jv_literal(key.u.i ? "true" : "false");
    else if (key.type == HR_JV_NONE) text = hr_jv_literal("null");
    else text = hr_jv_string(r, key);
    put_json_text(r, o, text);
}
void hr_jv_tojson(hr_jrun *r, hr_jout *o, hr_jv v, int indent, int level, bool sort) {
    if (v.type == HR_JV_NONE) { hr_jout_word(r, o, "null"); return; }
    if (v.type == HR_JV_BOOL) { hr_jout_word(r, o, v.u.i ? "true" : "false"); return; }
    if (v.type == HR_JV_STRING) { put_json_text(r, o, v); return; }
    if (v.type == HR_JV_INT || v.type == HR_JV_FLOAT) { hr_jv_print(r, o, v, false); return; }
    if (v.type != HR_JV_LIST && v.type != HR_JV_DICT) { hr_jfail(r, HR_E_FORMAT, "this cannot be written as JSON"); return; }
    if (v.tuple > 1) { hr_jfail(r, HR_E_FORMAT, "this cannot be written as JSON without 'list'"); return; }
    if (sort) { hr_jfail(r, HR_E_UNSUPPORTED, "tojson with sort_keys"); return; }
    const bool dict = v.type == HR_JV_DICT;
    const uint32_t n = dict ? v.u.dict->n : v.u.list->n;
    if (level > HR_JINJA_MAX_DEPTH) { hr_jfail(r, HR_E_LIMIT, "a value nested too deep"); return; }
    hr_jout_word(r, o, dict ? "{" : "[");
    for (uint32_t i = 0; i < n && r->status == HR_OK; i++) {
        if (i) hr_jout_word(r, o, indent < 0 ? ", " : ",");
        put_json_line(r, o, indent, level + 1);
        if (dict) {
            put_json_key(r, o, v.u.dict->items[i].key);
            hr_jout_word(r, o, ": ");
        }
        hr_jv_tojson(r, o, dict ? v.u.dict->items[i].value : v.u.list->items[i], indent, level + 1, sort);
    }
    if (n) put_json_line(r, o, indent, level);
    hr_jout_word(r, o, dict ? "}" : "]");
}

/* --- asking ------------------------------------------------------------------------------------------------------------ */
bool hr_jv_true(hr_jv v) {
    switch (v.type) {
    case HR_JV_UNDEFINED: case HR_JV_NONE: return false;
    case HR_JV_BOOL: case HR_JV_INT: return v.u.i != 0;
    case HR_JV_FLOAT: return v.u.f != 0;
    case HR_JV_STRING: return v.n != 0;
    case HR_JV_LIST: return v.u.list->n != 0 || v.tuple == 2; /* a generator is true */
    case HR_JV_DICT: return v.u.dict->n != 0;
    default: return true;
    }
}
static bool is_jnumber(hr_jv v) { return v.type == HR_JV_BOOL || v.type == HR_JV_INT || v.type == HR_JV_FLOAT; }
static double jnumber_of(hr_jv v) { return v.type == HR_JV_FLOAT ? v.u.f : (double)v.u.i; }
bool hr_jv_is(hr_jv v, const char *text) {
    return v.type == HR_JV_STRING && v.n == strlen(text) && memcmp(v.u.s, text, v.n) == 0;
}
bool hr_jv_equal(hr_jrun *r, hr_jv a, hr_jv b) {
    if (!hr_jstep(r, 1)) return false;
    if (is_jnumber(a) && is_jnumber(b)) {
        if (a.type != HR_JV_FLOAT && b.type != HR_JV_FLOAT) return a.u.i == b.u.i;
        return jnumber_of(a) == jnumber_of(b);
    }
    if (a.type != b.type) return false;
    if (a.type == HR_JV_STRING) return a.n == b.n && (a.n == 0 || memcmp(a.u.s, b.u.s, a.n) == 0);
    if (a.type == HR_JV_UNDEFINED || a.type == HR_JV_NONE) return true;
    if (a.type == HR_JV_FUNCTION) return a.u.i == b.u.i;
    if (a.type == HR_JV_LIST) {
        if (a.u.list->n != b.u.list->n || a.tuple != b.tuple) return false;
        for (uint32_t i = 0; i < a.u.list->n; i++)
            if (!hr_jv_equal(r, a.u.list->items[i], b.u.list->items[i])) return false;
        return true;
    }
    if (a.type != HR_JV_DICT) return a.u.dict == b.u.dict;
    if (a.u.dict->n != b.u.dict->n) return false;
    for (uint32_t i = 0; i < a.u.dict->n; i++) {
        hr_jv other;
        if (!hr_jv_find(r, b, a.u.dict->items[i].key, &other) || !hr_jv_equal(r, a.u.dict->items[i].value, other)) return false;
    }
    return true;
}
int hr_jv_order(hr_jrun *r, hr_jv a, hr_jv b) {
    if (!hr_jstep(r, 1)) return 0;
    if (is_jnumber(a) && is_jnumber(b)) {
        if (a.type != HR_JV_FLOAT && b.type != HR_JV_FLOAT) return (a.u.i > b.u.i) - (a.u.i < b.u.i);
        return (jnumber_of(a) > jnumber_of(b)) - (jnumber_of(a) < jnumber_of(b));
    }
    if (a.type == HR_JV_LIST && b.type == HR_JV_LIST) {
        for (uint32_t i = 0; i < a.u.list->n && i < b.u.list->n; i++) {
            const int order = hr_jv_order(r, a.u.list->items[i], b.u.list->items[i]);
            if (order) return order;
        }
        return (a.u.list->n > b.u.list->n) - (a.u.list->n < b.u.list->n);
    }
    if (a.type != HR_JV_STRING || b.type != HR_JV_STRING) { hr_jfail(r, HR_E_FORMAT, "these values have no order"); return 0; }
    const size_t n = hr_min_size(a.n, b.n);
    const int order = n ? memcmp(a.u.s, b.u.s, n) : 0; /* UTF-8 sorts as its code points do */
    return order ? order : (a.n > b.n) - (a.n < b.n);
}
bool hr_jv_find(hr_jrun *r, hr_jv dict, hr_jv key, hr_jv *out) {
    const hr_jdict *d = dict.u.dict;
    for (uint32_t i = 0; i < d->n && r->status == HR_OK; i++)
        if (hr_jv_equal(r, d->items[i].key, key)) return *out = d->items[i].value, true;
    return false;
}
bool hr_jv_in(hr_jrun *r, hr_jv item, hr_jv c) {
    hr_jv found;
    if (c.type == HR_JV_UNDEFINED) return false;
    if (c.type == HR_JV_DICT) return hr_jv_find(r, c, item, &found);
    if (c.type == HR_JV_LIST) {
        for (uint32_t i = 0; i < c.u.list->n && r->status == HR_OK; i++)
            if (hr_jv_equal(r, c.u.list->items[i], item)) return true;
        return false;
    }
    if (c.type != HR_JV_STRING || item.type != HR_JV_STRING) { hr_jfail(r, HR_E_FORMAT, "'in' needs a container"); return false; }
    if (!hr_jstep(r, 1 + c.n / 8)) return false;
    for (size_t i = 0; i + item.n <= c.n; i++) if (item.n == 0 || memcmp(c.u.s + i, item.u.s, item.n) == 0) return true;
    return false;
}
hr_jv hr_jv_part(hr_jv s, size_t from, size_t to) {
    hr_jv v = hr_jv_text(s.u.s + from, to - from);
    v.mark = s.mark && to > from ? s.mark + from : NULL;
    return v;
}
int64_t hr_jv_length(hr_jrun *r, hr_jv v) {
    if (v.type == HR_JV_LIST && v.tuple != 2) return v.u.list->n;
    if (v.type == HR_JV_DICT) return v.u.dict->n;
    if (v.type == HR_JV_UNDEFINED) return 0;
    if (v.type != HR_JV_STRING) { hr_jfail(r, HR_E_FORMAT, "this has no length"); return 0; }
    int64_t n = 0;
    for (size_t i = 0; i < v.n; i++) n += ((uint8_t)v.u.s[i] & 0xc0) != 0x80;
    hr_jstep(r, 1 + v.n / 16);
    return n;
}
hr_jv hr_jv_items(hr_jrun *r, hr_jv v) {
    if (v.type == HR_JV_LIST) return v;
    const hr_jv out = hr_jv_list(r);
    if (v.type == HR_JV_DICT) for (uint32_t i = 0; i < v.u.dict->n; i++) hr_jv_push(r, out, v.u.dict->items[i].key);
    else if (v.type == HR_JV_STRING) {
        for (size_t i = 0; i < v.n && r->status == HR_OK;) {
            const size_t n = hr_jchar(v, i);
            hr_jv_push(r, out, hr_jv_part(v, i, i + n));
            i += n;
        }
    } else if (v.type != HR_JV_UNDEFINED) hr_jfail(r, HR_E_FORMAT, "this cannot be walked");
    return out;
}
bool hr_jspace(const char *s, size_t n) {
    const uint8_t *u = (const uint8_t *)s;
    if (n == 1) return (u[0] >= 9 && u[0] <= 13) || (u[0] >= 28 && u[0] <= 32);
    if (n == 2) return u[0] == 0xc2 && (u[1] == 0x85 || u[1] == 0xa0);
    if (n != 3) return false;
    const uint32_t cp = (uint32_t)(u[0] & 15) << 12 | (uint32_t)(u[1] & 63) << 6 | (u[2] & 63);
    return cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
           cp == 0x3000;
}
HR_SMALL_END
