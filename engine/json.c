/* json.c: the reader. One pass over a cursor; what a string decodes to is never longer than what stood there, so it is
 * written over it. No recursion: open containers are a stack of bounded depth. */
#include "engine/json.h"
HR_SMALL_BEGIN

typedef struct json_reader {
    hr_cur c;
    hr_json_doc *d;
    uint32_t open[HR_JSON_MAX_DEPTH];
    size_t depth;
} json_reader;

static int peek_json_byte(const json_reader *r) {
    return hr_cur_left(&r->c) > 0 ? r->c.data[r->c.pos] : -1;
}
static void skip_json_space(json_reader *r) {
    for (int b = peek_json_byte(r); b == ' ' || b == '\n' || b == '\r' || b == '\t'; b = peek_json_byte(r)) r->c.pos++;
}
static hr_status fail_json_text(json_reader *r, const char *what) { return hr_cur_fail(&r->c, HR_E_FORMAT, "%s", what); }

static hr_status add_json_node(json_reader *r, hr_json_type type, hr_str key, uint32_t *at) {
    hr_json_doc *d = r->d;
    if (d->n_nodes == d->cap_nodes) return hr_cur_fail(&r->c, HR_E_MEMORY, "no room for %zu values", d->cap_nodes);
    *at = (uint32_t)d->n_nodes++;
    hr_json_node *n = &d->nodes[*at];
    memset(n, 0, sizeof *n);
    n->type = (uint8_t)type;
    n->key = key;
    n->span = 1;
    return HR_OK;
}

/* --- strings --------------------------------------------------------------------------------------------------- */
static hr_status read_json_hex4(json_reader *r, uint32_t *out) {
    const uint8_t *p = hr_cur_bytes(&r->c, 4);
    if (!p) return r->c.status;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const int low = p[i] | 32;
        const int v = p[i] >= '0' && p[i] <= '9' ? p[i] - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if (v < 0) return fail_json_text(r, "\\u must be followed by four hexadecimal digits");
        *out = *out << 4 | (uint32_t)v;
    }
    return HR_OK;
}
static size_t put_json_char(char *p, uint32_t cp) {
    if (cp < 0x80) return p[0] = (char)cp, 1;
    if (cp < 0x800) return p[0] = (char)(0xc0 | cp >> 6), p[1] = (char)(0x80 | (cp & 63)), 2;
    size_t n = 0;
    if (cp < 0x10000) p[n++] = (char)(0xe0 | cp >> 12);
    else p[n++] = (char)(0xf0 | cp >> 18), p[n++] = (char)(0x80 | (cp >> 12 & 63));
    p[n++] = (char)(0x80 | (cp >> 6 & 63));
    p[n++] = (char)(0x80 | (cp & 63));
    return n;
}
static hr_status read_json_escape(json_reader *r, char *out, size_t *n) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const int b = hr_cur_u8(&r->c);
    if (!hr_cur_ok(&r->c)) return r->c.status;
    if (b != 'u') {
        const char *at = b ? strchr(from, b) : NULL;
        if (!at) return fail_json_text(r, "an unknown escape in a string");
        out[(*n)++] = to[at - from];
        return HR_OK;
    }
    uint32_t cp = 0, low = 0;
    HR_TRY(read_json_hex4(r, &cp));
    if (cp >= 0xd800 && cp < 0xe000) {
        if (cp >= 0xdc00 || peek_json_byte(r) != '\\') return fail_json_text(r, "half a surrogate pair");
        r->c.pos++;
        if (hr_cur_u8(&r->c) != 'u') return fail_json_text(r, "half a surrogate pair");
        HR_TRY(read_json_hex4(r, &low));
        if (low < 0xdc00 || low >= 0xe000) return fail_json_text(r, "half a surrogate pair");
        cp = 0x10000 + ((cp - 0xd800) << 10 | (low - 0xdc00));
    }
    *n += put_json_char(out + *n, cp);
    return HR_OK;
}
/* behind the opening quote; the cursor only reads ahead of what is written */
static hr_status read_json_string(json_reader *r, hr_str *out) {
    char *text = r->d->data + r->c.pos;
    size_t n = 0;
    for (;;) {
        const int b = hr_cur_u8(&r->c);
        if (!hr_cur_ok(&r->c)) return r->c.status;
        if (b == '"') break;
        if (b < 0x20) return fail_json_text(r, "a control character in a string");
        if (b == '\\') HR_TRY(read_json_escape(r, text, &n));
        else text[n++] = (char)b;
    }
    if (!hr_utf8_valid(text, n)) return fail_json_text(r, "a string that is not UTF-8");
    out->data = text;
    out->size = n;
    return HR_OK;
}

/* --- scalars --------------------------------------------------------------------------------------------------- */
static bool take_json_word(json_reader *r, const char *word) {
    const size_t n = strlen(word);
    if (hr_cur_left(&r->c) < n || memcmp(r->c.data + r->c.pos, word, n) != 0) return false;
    r->c.pos += n;
    return true;
}
static size_t take_json_digits(json_reader *r) {
    size_t n = 0;
    for (int b = peek_json_byte(r); b >= '0' && b <= '9'; b = peek_json_byte(r)) r->c.pos++, n++;
    return n;
}
static hr_status read_json_number(json_reader *r, hr_str *out) {
    const size_t begin = r->c.pos;
    const bool minus = peek_json_byte(r) == '-';
    if (minus) r->c.pos++;
    if (!r->d->lenient || (!take_json_word(r, "Infinity") && (minus || !take_json_word(r, "NaN")))) {
        const bool zero = peek_json_byte(r) == '0';
        const size_t n = take_json_digits(r);
        if (n == 0 || (zero && n > 1)) return fail_json_text(r, "not a JSON value");
        if (peek_json_byte(r) == '.') {
            r->c.pos++;
            if (take_json_digits(r) == 0) return fail_json_text(r, "a number without digits behind the point");
        }
        if (peek_json_byte(r) == 'e' || peek_json_byte(r) == 'E') {
            r->c.pos++;
            if (peek_json_byte(r) == '+' || peek_json_byte(r) == '-') r->c.pos++;
            if (take_json_digits(r) == 0) return fail_json_text(r, "a number without digits in its exponent");
        }
    }
    out->data = r->d->data + begin;
    out->size = r->c.pos - begin;
    return HR_OK;
}

/* --- structure ------------------------------------------------------------------------------------------------- */
/* one value: a scalar whole, of a container only its opening bracket */
static hr_status read_json_value(json_reader *r, hr_str key) {
    uint32_t at = 0;
    hr_str text = {NULL, 0};
    hr_json_type type = HR_JSON_NUMBER;
    const int b = peek_json_byte(r);
    if (b == '{' || b == '[') {
        if (r->depth == HR_JSON_MAX_DEPTH) return hr_cur_fail(&r->c, HR_E_LIMIT, "deeper than %d levels", HR_JSON_MAX_DEPTH);
        r->c.pos++;
        HR_TRY(add_json_node(r, b == '{' ? HR_JSON_OBJECT : HR_JSON_ARRAY, key, &at));
        r->open[r->depth++] = at;
        return HR_OK;
    }
    if (b == '"') {
        r->c.pos++;
        type = HR_JSON_STRING;
        HR_TRY(read_json_string(r, &text));
    } else if (take_json_word(r, "true")) type = HR_JSON_TRUE;
    else if (take_json_word(r, "false")) type = HR_JSON_FALSE;
    else if (take_json_word(r, "null")) type = HR_JSON_NULL;
    else HR_TRY(read_json_number(r, &text));
    HR_TRY(add_json_node(r, type, key, &at));
    r->d->nodes[at].text = text;
    return HR_OK;
}
/* inside the innermost open container: its end, or one more element; fresh is true directly behind the bracket */
static hr_status read_json_element(json_reader *r, bool fresh) {
    const uint32_t at = r->open[r->depth - 1];
    const bool object = r->d->nodes[at].type == HR_JSON_OBJECT;
    hr_str key = {NULL, 0};
    if (peek_json_byte(r) == (object ? '}' : ']')) {
        r->c.pos++;
        r->d->nodes[at].span = (uint32_t)r->d->n_nodes - at;
        r->depth--;
        return HR_OK;
    }
    if (!fresh) {
        if (peek_json_byte(r) != ',') return fail_json_text(r, object ? "',' or '}' expected" : "',' or ']' expected");
        r->c.pos++;
        skip_json_space(r);
    }
    if (object) {
        if (peek_json_byte(r) != '"') return fail_json_text(r, "a member's name expected");
        r->c.pos++;
        HR_TRY(read_json_string(r, &key));
        skip_json_space(r);
        if (peek_json_byte(r) != ':') return fail_json_text(r, "':' expected");
        r->c.pos++;
        skip_json_space(r);
    }
    r->d->nodes[at].count++;
    return read_json_value(r, key);
}

HR_PRIVATE size_t hr_json_count(const char *text, size_t n) {
    size_t most = 1;
    for (size_t i = 0; i < n; i++) most += text[i] == ',' || text[i] == '[' || text[i] == '{';
    return most;
}
HR_PRIVATE hr_status hr_json_parse(hr_json_doc *d, const char *name, size_t n, hr_error *err) {
    if (n > HR_JSON_MAX_BYTES)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, name, "%zu bytes of JSON, at most %d are read", n,
                       HR_JSON_MAX_BYTES);
    json_reader r = {.c = hr_cur_make(d->data, n, 0, err), .d = d};
    const hr_str none = {NULL, 0};
    d->n_nodes = 0;
    r.c.field = name;
    if (d->lenient) (void)take_json_word(&r, "\xef\xbb\xbf");
    skip_json_space(&r);
    HR_TRY(read_json_value(&r, none));
    while (r.depth > 0) {
        const bool fresh = d->nodes[r.open[r.depth - 1]].count == 0;
        skip_json_space(&r);
        HR_TRY(read_json_element(&r, fresh));
    }
    skip_json_space(&r);
    return hr_cur_left(&r.c) == 0 ? HR_OK : fail_json_text(&r, "text behind the document");
}

/* --- looking ---------------------------------------------------------------------------------------------------- */
HR_PRIVATE bool hr_json_is(const hr_json_node *node, hr_json_type type) { return node && node->type == type; }
static bool is_json_container(const hr_json_node *n) { return hr_json_is(n, HR_JSON_OBJECT) || hr_json_is(n, HR_JSON_ARRAY); }
HR_PRIVATE const hr_json_node *hr_json_first(const hr_json_node *c) { return is_json_container(c) && c->count ? c + 1 : NULL; }

HR_PRIVATE const hr_json_node *hr_json_next(const hr_json_node *container, const hr_json_node *child) {
    const hr_json_node *after = child + child->span;
    return after < container + container->span ? after : NULL;
}
HR_PRIVATE const hr_json_node *hr_json_get(const hr_json_node *object, const char *key) {
    const hr_json_node *found = NULL;
    if (!hr_json_is(object, HR_JSON_OBJECT)) return NULL;
    for (const hr_json_node *n = hr_json_first(object); n; n = hr_json_next(object, n))
        if (hr_str_is(n->key, key)) found = n;
    return found;
}
HR_SMALL_END
