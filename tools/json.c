/* json.c: the reader. One pass over a cursor; what a string decodes to is never longer than what stood there, so it is
 * written over it. No recursion: open containers are a stack of bounded depth. */
#include "tools/json.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdlib.h>

typedef struct json_reader {
    hr_cur c;
    json_doc *d;
    uint32_t open[JSON_MAX_DEPTH];
    size_t depth;
} json_reader;

static int peek_byte(const json_reader *r) {
    return hr_cur_left(&r->c) > 0 ? r->c.data[r->c.pos] : -1;
}
static void skip_space(json_reader *r) {
    for (int b = peek_byte(r); b == ' ' || b == '\n' || b == '\r' || b == '\t'; b = peek_byte(r)) r->c.pos++;
}
static hr_status fail_text(json_reader *r, const char *what) { return hr_cur_fail(&r->c, HR_E_FORMAT, "%s", what); }

static hr_status add_node(json_reader *r, json_type type, hr_str key, uint32_t *at) {
    json_doc *d = r->d;
    if (d->n_nodes == d->cap_nodes) {
        size_t cap = d->cap_nodes ? d->cap_nodes * 2 : 256;
        json_node *bigger = cap > UINT32_MAX / 2 ? NULL : (json_node *)realloc(d->nodes, cap * sizeof *bigger);
        if (!bigger) return hr_cur_fail(&r->c, HR_E_MEMORY, "no memory for %zu values", cap);
        d->nodes = bigger;
        d->cap_nodes = cap;
    }
    *at = (uint32_t)d->n_nodes++;
    json_node *n = &d->nodes[*at];
    memset(n, 0, sizeof *n);
    n->type = (uint8_t)type;
    n->key = key;
    n->span = 1;
    return HR_OK;
}

/* --- strings --------------------------------------------------------------------------------------------------- */
static hr_status read_hex4(json_reader *r, uint32_t *out) {
    const uint8_t *p = hr_cur_bytes(&r->c, 4);
    if (!p) return r->c.status;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const int low = p[i] | 32;
        const int v = p[i] >= '0' && p[i] <= '9' ? p[i] - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if (v < 0) return fail_text(r, "\\u must be followed by four hexadecimal digits");
        *out = *out << 4 | (uint32_t)v;
    }
    return HR_OK;
}
static size_t put_utf8(char *p, uint32_t cp) {
    if (cp < 0x80) return p[0] = (char)cp, 1;
    if (cp < 0x800) return p[0] = (char)(0xc0 | cp >> 6), p[1] = (char)(0x80 | (cp & 63)), 2;
    size_t n = 0;
    if (cp < 0x10000) p[n++] = (char)(0xe0 | cp >> 12);
    else p[n++] = (char)(0xf0 | cp >> 18), p[n++] = (char)(0x80 | (cp >> 12 & 63));
    p[n++] = (char)(0x80 | (cp >> 6 & 63));
    p[n++] = (char)(0x80 | (cp & 63));
    return n;
}
static hr_status read_escape(json_reader *r, char *out, size_t *n) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const int b = hr_cur_u8(&r->c);
    if (!hr_cur_ok(&r->c)) return r->c.status;
    if (b != 'u') {
        const char *at = b ? strchr(from, b) : NULL;
        if (!at) return fail_text(r, "an unknown escape in a string");
        out[(*n)++] = to[at - from];
        return HR_OK;
    }
    uint32_t cp = 0, low = 0;
    HR_TRY(read_hex4(r, &cp));
    if (cp >= 0xd800 && cp < 0xe000) {
        if (cp >= 0xdc00 || peek_byte(r) != '\\') return fail_text(r, "half a surrogate pair");
        r->c.pos++;
        if (hr_cur_u8(&r->c) != 'u') return fail_text(r, "half a surrogate pair");
        HR_TRY(read_hex4(r, &low));
        if (low < 0xdc00 || low >= 0xe000) return fail_text(r, "half a surrogate pair");
        cp = 0x10000 + ((cp - 0xd800) << 10 | (low - 0xdc00));
    }
    *n += put_utf8(out + *n, cp);
    return HR_OK;
}
/* behind the opening quote; the cursor only reads ahead of what is written */
static hr_status read_string(json_reader *r, hr_str *out) {
    char *text = r->d->data + r->c.pos;
    size_t n = 0;
    for (;;) {
        const int b = hr_cur_u8(&r->c);
        if (!hr_cur_ok(&r->c)) return r->c.status;
        if (b == '"') break;
        if (b < 0x20) return fail_text(r, "a control character in a string");
        if (b == '\\') HR_TRY(read_escape(r, text, &n));
        else text[n++] = (char)b;
    }
    if (!hr_utf8_valid(text, n)) return fail_text(r, "a string that is not UTF-8");
    out->data = text;
    out->size = n;
    return HR_OK;
}

/* --- scalars --------------------------------------------------------------------------------------------------- */
static bool take_word(json_reader *r, const char *word) {
    const size_t n = strlen(word);
    if (hr_cur_left(&r->c) < n || memcmp(r->c.data + r->c.pos, word, n) != 0) return false;
    r->c.pos += n;
    return true;
}
static size_t take_digits(json_reader *r) {
    size_t n = 0;
    for (int b = peek_byte(r); b >= '0' && b <= '9'; b = peek_byte(r)) r->c.pos++, n++;
    return n;
}
static hr_status read_number(json_reader *r, hr_str *out) {
    const size_t begin = r->c.pos;
    const bool minus = peek_byte(r) == '-';
    if (minus) r->c.pos++;
    if (!take_word(r, "Infinity") && (minus || !take_word(r, "NaN"))) {
        const bool zero = peek_byte(r) == '0';
        const size_t n = take_digits(r);
        if (n == 0 || (zero && n > 1)) return fail_text(r, "not a JSON value");
        if (peek_byte(r) == '.') {
            r->c.pos++;
            if (take_digits(r) == 0) return fail_text(r, "a number without digits behind the point");
        }
        if (peek_byte(r) == 'e' || peek_byte(r) == 'E') {
            r->c.pos++;
            if (peek_byte(r) == '+' || peek_byte(r) == '-') r->c.pos++;
            if (take_digits(r) == 0) return fail_text(r, "a number without digits in its exponent");
        }
    }
    out->data = r->d->data + begin;
    out->size = r->c.pos - begin;
    return HR_OK;
}

/* --- structure ------------------------------------------------------------------------------------------------- */
/* one value: a scalar whole, of a container only its opening bracket */
static hr_status read_value(json_reader *r, hr_str key) {
    uint32_t at = 0;
    hr_str text = {NULL, 0};
    json_type type = JSON_NUMBER;
    const int b = peek_byte(r);
    if (b == '{' || b == '[') {
        if (r->depth == JSON_MAX_DEPTH) return hr_cur_fail(&r->c, HR_E_LIMIT, "deeper than %d levels", JSON_MAX_DEPTH);
        r->c.pos++;
        HR_TRY(add_node(r, b == '{' ? JSON_OBJECT : JSON_ARRAY, key, &at));
        r->open[r->depth++] = at;
        return HR_OK;
    }
    if (b == '"') {
        r->c.pos++;
        type = JSON_STRING;
        HR_TRY(read_string(r, &text));
    } else if (take_word(r, "true")) type = JSON_TRUE;
    else if (take_word(r, "false")) type = JSON_FALSE;
    else if (take_word(r, "null")) type = JSON_NULL;
    else HR_TRY(read_number(r, &text));
    HR_TRY(add_node(r, type, key, &at));
    r->d->nodes[at].text = text;
    return HR_OK;
}
/* inside the innermost open container: its end, or one more element; fresh is true directly behind the bracket */
static hr_status read_element(json_reader *r, bool fresh) {
    const uint32_t at = r->open[r->depth - 1];
    const bool object = r->d->nodes[at].type == JSON_OBJECT;
    hr_str key = {NULL, 0};
    if (peek_byte(r) == (object ? '}' : ']')) {
        r->c.pos++;
        r->d->nodes[at].span = (uint32_t)r->d->n_nodes - at;
        r->depth--;
        return HR_OK;
    }
    if (!fresh) {
        if (peek_byte(r) != ',') return fail_text(r, object ? "',' or '}' expected" : "',' or ']' expected");
        r->c.pos++;
        skip_space(r);
    }
    if (object) {
        if (peek_byte(r) != '"') return fail_text(r, "a member's name expected");
        r->c.pos++;
        HR_TRY(read_string(r, &key));
        skip_space(r);
        if (peek_byte(r) != ':') return fail_text(r, "':' expected");
        r->c.pos++;
        skip_space(r);
    }
    r->d->nodes[at].count++;
    return read_value(r, key);
}

hr_status json_parse(json_doc *d, const char *name, char *data, size_t n, hr_error *err) {
    memset(d, 0, sizeof *d);
    d->data = data;
    d->name = name;
    if (n > JSON_MAX_BYTES)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, name, "%zu bytes of JSON, at most %d are read", n, JSON_MAX_BYTES);
    json_reader r = {.c = hr_cur_make(data, n, 0, err), .d = d};
    const hr_str none = {NULL, 0};
    r.c.field = name;
    (void)take_word(&r, "\xef\xbb\xbf");
    skip_space(&r);
    HR_TRY(read_value(&r, none));
    while (r.depth > 0) {
        const bool fresh = d->nodes[r.open[r.depth - 1]].count == 0;
        skip_space(&r);
        HR_TRY(read_element(&r, fresh));
    }
    skip_space(&r);
    return hr_cur_left(&r.c) == 0 ? HR_OK : fail_text(&r, "text behind the document");
}
void json_free(json_doc *d) {
    free(d->data);
    free(d->nodes);
    memset(d, 0, sizeof *d);
}

/* --- looking ---------------------------------------------------------------------------------------------------- */
const json_node *json_root(const json_doc *d) { return d->n_nodes ? d->nodes : NULL; }
bool json_is(const json_node *node, json_type type) { return node && node->type == type; }
static bool is_container(const json_node *n) { return json_is(n, JSON_OBJECT) || json_is(n, JSON_ARRAY); }
const json_node *json_first(const json_node *c) { return is_container(c) && c->count ? c + 1 : NULL; }

const json_node *json_next(const json_node *container, const json_node *child) {
    const json_node *after = child + child->span;
    return after < container + container->span ? after : NULL;
}
const json_node *json_get(const json_node *object, const char *key) {
    const json_node *found = NULL;
    if (!json_is(object, JSON_OBJECT)) return NULL;
    for (const json_node *n = json_first(object); n; n = json_next(object, n))
        if (hr_str_is(n->key, key)) found = n;
    return found;
}
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
