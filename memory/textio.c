/* textio.c: writing and strict reading of the two text forms of the store. */
#include "memory/memory.h"

HR_SMALL_BEGIN

const char *hr_kind_name(uint32_t kind) {
    static const char *const names[HR_KIND_COUNT] = {"text", "tone", "intent", "blocked", "person", "device", "value"};
    return kind < HR_KIND_COUNT ? names[kind] : "unknown";
}

/* --- out -------------------------------------------------------------------------------------------------------------------- */
void hr_text_put(hr_text_out *o, const char *text, size_t n) {
    while (n > 0 && !o->stopped) {
        size_t m = n < sizeof o->buf - o->n ? n : sizeof o->buf - o->n;
        memcpy(o->buf + o->n, text, m);
        o->n += m, text += m, n -= m;
        if (o->n < sizeof o->buf) break;
        o->stopped = o->write(o->ctx, o->buf, o->n) != 0;
        o->n = 0;
    }
}

void hr_text_format(hr_text_out *o, const char *fmt, ...) {
    char text[160];
    va_list args;
    va_start(args, fmt);
    size_t n = hr_vformat(text, sizeof text, fmt, args);
    va_end(args);
    hr_text_put(o, text, n);
}

void hr_text_quote(hr_text_out *o, hr_str s) {
    static const char hex[] = "0123456789abcdef";
    hr_text_put(o, "\"", 1);
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        if (c == '"' || c == '\\') u[1] = (char)c, hr_text_put(o, u, 2);
        else if (c == '\n') hr_text_put(o, "\\n", 2);
        else if (c < 0x20 || c == 0x7f) hr_text_put(o, u, 6);
        else hr_text_put(o, s.data + i, 1);
    }
    hr_text_put(o, "\"", 1);
}

hr_status hr_text_end(hr_text_out *o, hr_error *err) {
    if (!o->stopped && o->n > 0) o->stopped = o->write(o->ctx, o->buf, o->n) != 0;
    o->n = 0;
    return o->stopped ? hr_fail(err, HR_E_CANCELLED, HR_NO_OFFSET, "output", "the writer stopped") : HR_OK;
}

/* --- in --------------------------------------------------------------------------------------------------------------------- */
bool hr_text_fail(hr_text_in *t, hr_status status, const char *what) {
    if (t->status != HR_OK) return false;
    t->status = hr_fail(t->err, status, HR_NO_OFFSET, t->name, "line %u, column %u: %s", t->line,
                        (uint32_t)(t->p - t->line_start) + 1, what);
    return false;
}

bool hr_text_word(hr_text_in *t, const char *word) {
    size_t n = strlen(word);
    if (t->status != HR_OK || (size_t)(t->end - t->p) < n || memcmp(t->p, word, n) != 0) return false;
    t->p += n;
    return true;
}

bool hr_text_newline(hr_text_in *t) {
    if (t->status != HR_OK || t->p == t->end || *t->p != '\n') return false;
    t->line_start = ++t->p;
    t->line++;
    return true;
}

bool hr_text_u64(hr_text_in *t, uint64_t most, uint64_t *v) {
    const char *from = t->p;
    *v = 0;
    if (t->status != HR_OK) return false;
    for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++) {
        uint64_t d = (uint64_t)(*t->p - '0');
        if (*v > most / 10 || d > most - *v * 10) {
            return hr_text_fail(t, HR_E_FORMAT, "the number is too large");
        }
        *v = *v * 10 + d;
    }
    if (t->p == from) return hr_text_fail(t, HR_E_FORMAT, "a number is missing");
    if (*from == '0' && t->p - from > 1) return t->p = from, hr_text_fail(t, HR_E_FORMAT, "a number begins with 0");
    return true;
}

static bool text_hex4(hr_text_in *t, uint32_t *v) {
    *v = 0;
    for (int k = 0; k < 4; k++, t->p++) {
        char c = t->p < t->end ? *t->p : 0;
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0) return hr_text_fail(t, HR_E_FORMAT, "four hexadecimal digits must follow \\u");
        *v = *v << 4 | (uint32_t)d;
    }
    return true;
}

/* behind the backslash */
static bool text_escape(hr_text_in *t) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = t->p < t->end ? *t->p++ : 0;
    const char *at = c != 0 ? strchr(from, c) : NULL;
    uint32_t u, low;
    if (at != NULL) {
        *t->out++ = to[at - from];
        return true;
    }
    if (c != 'u') return hr_text_fail(t, HR_E_FORMAT, "an escape that JSON does not have");
    if (!text_hex4(t, &u)) return false;
    if (u >= 0xd800 && u < 0xdc00) {
        if (!hr_text_word(t, "\\u") || !text_hex4(t, &low) || low < 0xdc00 || low > 0xdfff) {
            return hr_text_fail(t, HR_E_FORMAT, "half of a surrogate pair");
        }
        u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
    } else if (u >= 0xdc00 && u <= 0xdfff) {
        return hr_text_fail(t, HR_E_FORMAT, "half of a surrogate pair");
    }
    uint8_t *o = (uint8_t *)t->out;
    if (u < 0x80) *o++ = (uint8_t)u;
    else if (u < 0x800) *o++ = (uint8_t)(0xc0 | u >> 6);
    else if (u < 0x10000) *o++ = (uint8_t)(0xe0 | u >> 12), *o++ = (uint8_t)(0x80 | (u >> 6 & 63));
    else *o++ = (uint8_t)(0xf0 | u >> 18), *o++ = (uint8_t)(0x80 | (u >> 12 & 63)), *o++ = (uint8_t)(0x80 | (u >> 6 & 63));
    if (u >= 0x80) *o++ = (uint8_t)(0x80 | (u & 63));
    t->out = (char *)o;
    return true;
}

bool hr_text_string(hr_text_in *t, size_t most, hr_str *s) {
    s->data = t->out;
    s->size = 0;
    if (!hr_text_word(t, "\"")) return hr_text_fail(t, HR_E_FORMAT, "a text in double quotes is missing");
    while (t->p < t->end && *t->p != '"') {
        unsigned char c = (unsigned char)*t->p;
        if (c < 0x20) return hr_text_fail(t, HR_E_FORMAT, c == '\n' ? "the text does not end" : "a bare control character");
        t->p++;
        if (c != '\\') *t->out++ = (char)c;
        else if (!text_escape(t)) return false;
    }
    if (!hr_text_word(t, "\"")) return hr_text_fail(t, HR_E_FORMAT, "the text does not end");
    s->size = (size_t)(t->out - s->data);
    if (s->size > most) return hr_text_fail(t, HR_E_LIMIT, "the text is too long");
    if (!hr_utf8_valid(s->data, s->size)) return hr_text_fail(t, HR_E_FORMAT, "the text is not UTF-8");
    return true;
}

HR_SMALL_END
