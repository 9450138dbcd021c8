/* base.c: errors, the formatter, the cursor, UTF-8 and hashing. */
#include "engine/base/base.h"

/* --- formatter ---------------------------------------------------------------------------------------------------- */
typedef struct text_sink {
    char *dst;
    size_t cap, n;
} text_sink;

static void sink_put(text_sink *s, char c) {
    if (s->n + 1 < s->cap) s->dst[s->n++] = c;
}

/* file bytes may be anything: what is not printable ASCII is written as \xHH */
static void sink_text(text_sink *s, const char *text, size_t n) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c < 0x7f) {
            sink_put(s, (char)c);
        } else if (s->n + 4 < s->cap) {
            sink_put(s, '\\'), sink_put(s, 'x'), sink_put(s, hex[c >> 4]), sink_put(s, hex[c & 15]);
        }
    }
}

static void sink_number(text_sink *s, uint64_t v, unsigned radix) {
    char buf[20];
    size_t n = 0;
    do {
        buf[n++] = "0123456789abcdef"[v % radix];
        v /= radix;
    } while (v != 0);
    while (n > 0) sink_put(s, buf[--n]);
}

/* integer of the length modifier: 0 none, 1 'l', 2 'll', 3 'z' */
static uint64_t take_unsigned(va_list *args, int length) {
    if (length == 1) return va_arg(*args, unsigned long);
    if (length == 2) return va_arg(*args, unsigned long long);
    if (length == 3) return va_arg(*args, size_t);
    return va_arg(*args, unsigned);
}

static int64_t take_signed(va_list *args, int length) {
    if (length == 1) return va_arg(*args, long);
    if (length == 2) return va_arg(*args, long long);
    if (length == 3) return (int64_t)va_arg(*args, ptrdiff_t);
    return va_arg(*args, int);
}

static void sink_string(text_sink *s, const char *text, int precision) {
    if (text == NULL) text = "(null)";
    size_t n = 0;
    while ((precision < 0 || n < (size_t)precision) && text[n] != '\0') n++;
    sink_text(s, text, n);
}

size_t hr_vformat(char *dst, size_t cap, const char *fmt, va_list args_in) {
    text_sink s = {dst, cap, 0};
    va_list args;
    va_copy(args, args_in);
    for (const char *p = fmt; *p != '\0'; p++) {
        if (*p != '%') {
            sink_put(&s, *p);
            continue;
        }
        p++;
        int precision = -1, length = 0;
        if (*p == '.' && p[1] == '*') {
            precision = va_arg(args, int);
            if (precision < 0) precision = 0;
            p += 2;
        }
        while (*p == 'l') length++, p++;
        if (*p == 'z') length = 3, p++;
        if (*p == 's') {
            sink_string(&s, va_arg(args, const char *), precision);
        } else if (*p == 'd') {
            int64_t v = take_signed(&args, length);
            if (v < 0) sink_put(&s, '-');
            sink_number(&s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
        } else if (*p == 'u') {
            sink_number(&s, take_unsigned(&args, length), 10);
        } else if (*p == 'x') {
            sink_number(&s, take_unsigned(&args, length), 16);
        } else if (*p == 'c') {
            char c = (char)va_arg(args, int);
            sink_text(&s, &c, 1);
        } else {
            hr_assert(*p == '%');
            sink_put(&s, '%');
            if (*p == '\0') break;
        }
    }
    va_end(args);
    if (cap > 0) dst[s.n] = '\0';
    return s.n;
}

size_t hr_format(char *dst, size_t cap, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    size_t n = hr_vformat(dst, cap, fmt, args);
    va_end(args);
    return n;
}

/* --- errors ------------------------------------------------------------------------------------------------------- */
void hr_error_clear(hr_error *err) {
    if (err == NULL) return;
    err->status = HR_OK;
    err->offset = HR_NO_OFFSET;
    err->where[0] = err->what[0] = '\0';
}

static void error_fill(hr_error *err, hr_status status, uint64_t offset, const char *where, const char *fmt,
                       va_list args) {
    if (err == NULL || err->status != HR_OK) return;
    err->status = status;
    err->offset = offset;
    hr_format(err->where, sizeof err->where, "%s", where != NULL ? where : "");
    hr_vformat(err->what, sizeof err->what, fmt, args);
}

hr_status hr_fail(hr_error *err, hr_status status, uint64_t offset, const char *where, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    error_fill(err, status, offset, where, fmt, args);
    va_end(args);
    return status;
}

const char *hr_status_name(hr_status status) {
    static const char *const names[] = {"ok",        "bad argument", "out of memory", "input/output error",
                                        "bad format", "unsupported",  "over a limit",  "full",
                                        "cancelled",  "not a number", "self-check failed", "busy",
                                        "wrong state", "wrong key",    "denied by the policy"};
    if (status > 0 || status < -(int)(HR_COUNT(names) - 1)) return "unknown status";
    return names[-status];
}

/* --- cursor ------------------------------------------------------------------------------------------------------- */
hr_cur hr_cur_make(const void *data, size_t size, uint64_t base, hr_error *err) {
    hr_cur c = {(const uint8_t *)data, size, 0, base, "", err, HR_OK, 0};
    return c;
}

bool hr_cur_ok(const hr_cur *c) { return c->status == HR_OK; }

size_t hr_cur_left(const hr_cur *c) { return c->status == HR_OK ? c->size - c->pos : 0; }

hr_status hr_cur_fail(hr_cur *c, hr_status status, const char *fmt, ...) {
    if (c->status != HR_OK) return c->status;
    c->status = status;
    va_list args;
    va_start(args, fmt);
    error_fill(c->err, status, c->base + c->pos, c->field, fmt, args);
    va_end(args);
    return status;
}

const uint8_t *hr_cur_bytes(hr_cur *c, uint64_t n) {
    static const uint8_t nothing = 0;
    if (c->status != HR_OK) return NULL;
    if (n > c->size - c->pos) {
        hr_cur_fail(c, HR_E_FORMAT, "%llu bytes are needed here and %zu are left: the file is cut short or damaged",
                    (unsigned long long)n, c->size - c->pos);
        if (!hr_add_u64(c->pos, n, &c->wanted)) c->wanted = UINT64_MAX;
        return NULL;
    }
    if (n == 0) return c->data != NULL ? c->data + c->pos : &nothing;
    const uint8_t *p = c->data + c->pos;
    c->pos += (size_t)n;
    return p;
}

bool hr_cur_skip(hr_cur *c, uint64_t n) { return hr_cur_bytes(c, n) != NULL; }

bool hr_cur_expect(hr_cur *c, uint64_t count, uint64_t unit) {
    uint64_t bytes;
    if (c->status != HR_OK) return false;
    if (!hr_mul_u64(count, unit, &bytes)) bytes = UINT64_MAX;
    if (bytes <= c->size - c->pos) return true;
    hr_cur_fail(c, HR_E_FORMAT, "%llu items of at least %llu bytes cannot fit in the %zu bytes left",
                (unsigned long long)count, (unsigned long long)unit, c->size - c->pos);
    if (!hr_add_u64(c->pos, bytes, &c->wanted)) c->wanted = UINT64_MAX;
    return false;
}

uint64_t hr_cur_skip_strings(hr_cur *c, uint64_t count, uint64_t cap) {
    uint64_t i = 0;
    size_t pos = c->pos;
    for (; c->status == HR_OK && i < count && c->size - pos >= 8; i++) {
        uint64_t n = hr_le64(c->data + pos);
        if (n > cap || n > c->size - pos - 8) break;
        pos += 8 + (size_t)n;
    }
    c->pos = pos;
    return i;
}

uint8_t hr_cur_u8(hr_cur *c) {
    const uint8_t *p = hr_cur_bytes(c, 1);
    return p != NULL ? p[0] : 0;
}
uint16_t hr_cur_u16(hr_cur *c) {
    const uint8_t *p = hr_cur_bytes(c, 2);
    return p != NULL ? hr_le16(p) : 0;
}
uint32_t hr_cur_u32(hr_cur *c) {
    const uint8_t *p = hr_cur_bytes(c, 4);
    return p != NULL ? hr_le32(p) : 0;
}
uint64_t hr_cur_u64(hr_cur *c) {
    const uint8_t *p = hr_cur_bytes(c, 8);
    return p != NULL ? hr_le64(p) : 0;
}
float hr_cur_f32(hr_cur *c) { return hr_f32_from_bits(hr_cur_u32(c)); }
double hr_cur_f64(hr_cur *c) {
    uint64_t u = hr_cur_u64(c);
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}

/* --- small helpers ------------------------------------------------------------------------------------------------ */
hr_str hr_str_of(const char *literal) {
    hr_str s = {literal, strlen(literal)};
    return s;
}

bool hr_str_is(hr_str s, const char *literal) {
    size_t n = strlen(literal);
    return s.size == n && (n == 0 || memcmp(s.data, literal, n) == 0);
}

bool hr_utf8_valid(const void *data, size_t size) {
    const uint8_t *p = (const uint8_t *)data, *end = size != 0 ? p + size : p; /* NULL + 0 is undefined */
    while (p < end) {
        uint8_t b = *p++;
        if (b < 0x80) continue;
        if (b < 0xc2 || b > 0xf4) return false;
        size_t more = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
        if ((size_t)(end - p) < more) return false;
        /* the second byte's range excludes overlong forms, surrogates and what is above U+10FFFF */
        uint8_t low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
        uint8_t high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
        if (p[0] < low || p[0] > high) return false;
        for (size_t i = 1; i < more; i++) {
            if ((p[i] & 0xc0) != 0x80) return false;
        }
        p += more;
    }
    return true;
}

static uint64_t hash_mix(uint64_t h) { /* finalizer of splitmix64 (Steele, Lea, Flood 2014) */
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

uint64_t hr_hash64(const void *data, size_t size, uint64_t seed) {
    const uint8_t *p = (const uint8_t *)data;
    uint64_t h = hash_mix(seed + 0x9e3779b97f4a7c15u + size);
    for (; size >= 8; size -= 8, p += 8) h = hash_mix(h ^ hr_le64(p)) + 0x9e3779b97f4a7c15u;
    uint64_t tail = 0;
    for (size_t i = 0; i < size; i++) tail |= (uint64_t)p[i] << (8 * i);
    return hash_mix(h ^ tail);
}
