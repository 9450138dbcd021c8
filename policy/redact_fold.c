/* redact_fold.c: how raw text is read: one ASCII byte a character, so that disguises look like what they hide. Digits of any
 * script, wide, mathematical and accented letters, look-alikes from Cyrillic and Greek, odd blanks and dashes become plain;
 * invisible characters, combining marks, bare tags and broken bytes become nothing; %40 and &#64; are read one level deep.
 * A unit's reading depends on its own bytes only. Sources: Unicode 15 UnicodeData (Nd, Default_Ignorable), UTS 39. */
#include "policy/redact.h"

typedef struct fold_range {
    uint32_t first, last;
} fold_range;
/* the zero of each run of ten decimal digits (Nd), mathematical ones apart */
static const uint32_t fold_zeros[] = {
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040,
    0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0,
    0xa9f0, 0xaa50, 0xabf0, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1e140, 0x1e2f0,
    0x1e4f0, 0x1e950, 0x1fbf0};
static const fold_range fold_ignored[] = {
    {0x80, 0x84}, {0x86, 0x9f}, {0xad, 0xad}, {0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd}, {0x61c, 0x61c}, {0x64b, 0x65f},
    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x202a, 0x202e}, {0x2060, 0x206f}, {0x20d0, 0x20ff}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
/* signs, blanks and pictures: not letters */
static const fold_range fold_signs[] = {{0xa1, 0xa9}, {0xab, 0xb4}, {0xb6, 0xb9}, {0xbb, 0xbf}, {0xd7, 0xd7}, {0xf7, 0xf7},
    {0x2b0, 0x2ff}, {0x2010, 0x20cf}, {0x2100, 0x214f}, {0x2190, 0x245f}, {0x2500, 0x2bff}, {0x3001, 0x3030}, {0xe000, 0xf8ff},
    {0xfe30, 0xfe6f}, {0xff5f, 0xff65}, {0xffe0, 0xffef}, {0x1f000, 0x1faff}};
/* U+00C0 to U+017F without their accents; '.' is no Latin letter */
static const char fold_latin[] = "AAAAAAACEEEEIIIIDNOOOOO.OUUUUYTsaaaaaaaceeeeiiiidnooooo.ouuuuyty"
                                 "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsS"
                                 "sSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
/* look-alikes: pairs of a character and the ASCII letter it passes for */
static const uint16_t fold_alike[][2] = {
    {0x391, 'A'}, {0x392, 'B'}, {0x395, 'E'}, {0x396, 'Z'}, {0x397, 'H'}, {0x399, 'I'}, {0x39a, 'K'}, {0x39c, 'M'}, {0x39d, 'N'},
    {0x39f, 'O'}, {0x3a1, 'P'}, {0x3a4, 'T'}, {0x3a5, 'Y'}, {0x3a7, 'X'}, {0x3b1, 'a'}, {0x3b9, 'i'}, {0x3ba, 'k'}, {0x3bd, 'v'},
    {0x3bf, 'o'}, {0x3c1, 'p'}, {0x3c5, 'u'}, {0x3c7, 'x'}, {0x3f2, 'c'}, {0x3f9, 'C'}, {0x405, 'S'}, {0x406, 'I'}, {0x408, 'J'},
    {0x410, 'A'}, {0x412, 'B'}, {0x415, 'E'}, {0x41a, 'K'}, {0x41c, 'M'}, {0x41d, 'H'}, {0x41e, 'O'}, {0x420, 'P'}, {0x421, 'C'},
    {0x422, 'T'}, {0x423, 'Y'}, {0x425, 'X'}, {0x430, 'a'}, {0x435, 'e'}, {0x43a, 'k'}, {0x43e, 'o'}, {0x440, 'p'}, {0x441, 'c'},
    {0x442, 't'}, {0x443, 'y'}, {0x445, 'x'}, {0x455, 's'}, {0x456, 'i'}, {0x458, 'j'}, {0x4af, 'y'}, {0x4bb, 'h'}, {0x501, 'd'},
    {0x51b, 'q'}, {0x51d, 'w'}, {0x131, 'i'}, {0x237, 'j'}, {0x251, 'a'}, {0x261, 'g'}, {0x2c7, 'v'}, {0x185, 'b'}, {0x1c0, 'l'},
    {0x2018, '\''}, {0x2019, '\''}, {0x201c, '"'}, {0x201d, '"'}, {0x2024, '.'}, {0x2044, '/'}, {0x2215, '/'}, {0x2236, ':'},
    {0x3002, '.'}, {0xff61, '.'}, {0xfe52, '.'}, {0xfe6b, '@'}, {0xfe55, ':'}, {0x5f4, '"'}, {0x589, ':'}, {0x2f8, ':'},
    {0xb9, '1'}, {0xb2, '2'}, {0xb3, '3'}, {0x2070, '0'}, {0x2080, '0'}, {0x24ea, '0'}, {0x24ff, '0'}, {0x3007, '0'}};
static const fold_range fold_blanks[] = {{0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f},
                                         {0x2800, 0x2800}, {0x3000, 0x3000}};
static const fold_range fold_dashes[] = {{0x58a, 0x58a},   {0x5be, 0x5be},   {0x2010, 0x2015}, {0x2043, 0x2043},
                                         {0x207b, 0x207b}, {0x208b, 0x208b}, {0x2212, 0x2212}, {0x2e3a, 0x2e3b},
                                         {0xfe58, 0xfe58}, {0xfe63, 0xfe63}};

static bool fold_among(const fold_range *r, size_t n, uint32_t c) {
    for (size_t i = 0; i < n && c >= r[i].first; i++) {
        if (c <= r[i].last) return true;
    }
    return false;
}

/* digits that are no Nd: circled, raised, lowered; mathematical alphabets and digits; regional letters */
static int fold_styled(uint32_t c) {
    if (c >= 0xff01 && c <= 0xff5e) return (int)(c - 0xfee0);
    if (c >= 0x1d7ce && c <= 0x1d7ff) return (int)('0' + (c - 0x1d7ce) % 10);
    if (c >= 0x1d400 && c <= 0x1d6a3) {
        uint32_t i = (c - 0x1d400) % 52;
        return (int)(i < 26 ? 'A' + i : 'a' + i - 26);
    }
    if (c >= 0x2074 && c <= 0x2079) return (int)('4' + c - 0x2074);
    if (c >= 0x2081 && c <= 0x2089) return (int)('1' + c - 0x2081);
    if (c >= 0x2460 && c <= 0x2468) return (int)('1' + c - 0x2460);
    if (c >= 0x2776 && c <= 0x277e) return (int)('1' + c - 0x2776);
    if (c >= 0x24b6 && c <= 0x24cf) return (int)('A' + c - 0x24b6);
    if (c >= 0x24d0 && c <= 0x24e9) return (int)('a' + c - 0x24d0);
    return 0;
}

static int fold_character(uint32_t c) {
    if (c < 0x80) return c < 0x20 && c != '\t' && c != '\n' && c != '\r' ? HR_FOLD_NOTHING : (int)c;
    if (fold_among(fold_ignored, HR_COUNT(fold_ignored), c)) return HR_FOLD_NOTHING;
    if (c == 0x85 || c == 0x2028 || c == 0x2029) return '\n';
    if (c >= 0xc0 && c <= 0x17f && fold_latin[c - 0xc0] != '.') return fold_latin[c - 0xc0];
    for (size_t i = 0; i < HR_COUNT(fold_alike); i++) {
        if (fold_alike[i][0] == c) return fold_alike[i][1];
    }
    int styled = fold_styled(c);
    if (styled != 0) return styled;
    if (fold_among(fold_blanks, HR_COUNT(fold_blanks), c)) return ' ';
    if (fold_among(fold_dashes, HR_COUNT(fold_dashes), c)) return '-';
    for (size_t i = 0; i < HR_COUNT(fold_zeros) && c >= fold_zeros[i]; i++) {
        if (c < fold_zeros[i] + 10) return (int)('0' + c - fold_zeros[i]);
    }
    return fold_among(fold_signs, HR_COUNT(fold_signs), c) ? HR_FOLD_OTHER : HR_FOLD_LETTER;
}

/* --- UTF-8, plain or with each byte as %xx ---------------------------------------------------------------------------- */
static int hex_value(uint8_t c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* the i-th byte of a sequence whose bytes take `step` each: -1 not there yet, -2 not one */
static int sequence_byte(const uint8_t *p, size_t n, size_t i, size_t step) {
    size_t at = i * step;
    if (step == 1) return at < n ? p[at] : -1;
    if (at < n && p[at] != '%') return -2;
    if (at + 1 < n && hex_value(p[at + 1]) < 0) return -2;
    if (at + 2 >= n) return -1;
    int low = hex_value(p[at + 2]);
    return low < 0 ? -2 : hex_value(p[at + 1]) * 16 + low;
}

/* Returns the bytes of the character (a multiple of step), 0 when more is needed, SIZE_MAX when it is not well-formed. */
static size_t decode_sequence(const uint8_t *p, size_t n, size_t step, uint32_t *cp) {
    int b = sequence_byte(p, n, 0, step);
    if (b < 0) return b == -1 ? 0 : SIZE_MAX;
    size_t more = b < 0x80 ? 0 : b < 0xc2 ? SIZE_MAX : b < 0xe0 ? 1 : b < 0xf0 ? 2 : b < 0xf5 ? 3 : SIZE_MAX;
    if (more == SIZE_MAX) return SIZE_MAX;
    uint32_t c = more == 0 ? (uint32_t)b : (uint32_t)b & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) {
        int next = sequence_byte(p, n, i, step);
        if (next == -1) return 0;
        if (next < 0x80 || next > 0xbf) return SIZE_MAX;
        if (i == 1 && ((b == 0xe0 && next < 0xa0) || (b == 0xed && next > 0x9f) || (b == 0xf0 && next < 0x90) ||
                       (b == 0xf4 && next > 0x8f))) return SIZE_MAX;
        c = c << 6 | ((uint32_t)next & 0x3f);
    }
    *cp = c;
    return (more + 1) * step;
}

/* --- escapes and tags --------------------------------------------------------------------------------------------------- */
typedef struct fold_name {
    char name[8];
    uint16_t c;
} fold_name;
static const fold_name fold_names[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '},
    {"commat", '@'}, {"period", '.'}, {"colon", ':'}, {"sol", '/'}, {"lowbar", '_'}, {"hyphen", '-'}, {"dash", '-'},
    {"plus", '+'}, {"num", '#'}, {"shy", 0xad}, {"zwj", 0x200d}, {"zwnj", 0x200c}, {"ensp", ' '}, {"emsp", ' '},
    {"thinsp", ' '}, {"ndash", '-'}, {"mdash", '-'}, {"minus", '-'}};
enum { FOLD_ENTITY = 12, FOLD_TAG = 24 };

/* &#64; &#x40; &commat;  0: more needed; SIZE_MAX: none */
static size_t decode_entity(const uint8_t *p, size_t n, uint32_t *cp) {
    size_t end = 1, most = hr_min_size(n, FOLD_ENTITY);
    while (end < most && p[end] != ';' && p[end] > ' ' && p[end] != '&' && p[end] < 0x80) end++;
    if (end == most) return n >= FOLD_ENTITY ? SIZE_MAX : 0;
    if (p[end] != ';' || end < 3) return SIZE_MAX;
    if (p[1] == '#') {
        bool hex = p[2] == 'x' || p[2] == 'X';
        uint32_t c = 0;
        size_t i = hex ? 3 : 2;
        if (i == end) return SIZE_MAX;
        for (; i < end; i++) {
            int v = hex_value(p[i]);
            if (v < 0 || (!hex && v > 9) || c > 0x10ffff) return SIZE_MAX;
            c = c * (hex ? 16u : 10u) + (uint32_t)v;
        }
        *cp = c;
        return end + 1;
    }
    for (size_t i = 0; i < HR_COUNT(fold_names); i++) {
        size_t len = strlen(fold_names[i].name);
        if (len == end - 1 && memcmp(fold_names[i].name, p + 1, len) == 0) {
            *cp = fold_names[i].c;
            return end + 1;
        }
    }
    return SIZE_MAX;
}

/* <b>, </span>, <br/>: tags without attributes; those within a line vanish, the rest part words.  0: more needed */
static size_t read_tag(const uint8_t *p, size_t n, int *out) {
    static const char within[] = "b|i|u|s|em|strong|span|font|a|mark|small|big|sub|sup|wbr|code|tt|kbd|q|abbr|cite|del|ins|bdi|"
                                 "bdo|";
    size_t i = 1, name, most = hr_min_size(n, FOLD_TAG);
    if (i < most && p[i] == '/') i++;
    name = i;
    while (i < most && ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'z')) i++;
    size_t len = i - name;
    while (i < most && (p[i] == ' ' || p[i] == '/')) i++;
    if (i == most) return n >= FOLD_TAG ? SIZE_MAX : 0;
    if (p[i] != '>' || len == 0) return SIZE_MAX;
    *out = '\t';
    for (const char *w = within; *w; w++) {
        size_t k = 0;
        while (k < len && (p[name + k] | 32) == w[k]) k++;
        if (k == len && w[k] == '|') *out = HR_FOLD_NOTHING;
        while (*w != '|') w++;
    }
    return i + 1;
}

size_t hr_redact_unit(const uint8_t *p, size_t n, bool ends, int *out) {
    uint32_t c = 0;
    size_t len = SIZE_MAX;
    if (p[0] >= 0x80) {
        len = decode_sequence(p, n, 1, &c);
        if (len == 0 && !ends) return 0;
        if (len == 0 || len == SIZE_MAX) {
            *out = HR_FOLD_NOTHING; /* a broken byte neither parts nor hides */
            return 1;
        }
        *out = fold_character(c);
        return len;
    }
    if (p[0] == '<') {
        len = read_tag(p, n, out);
        if (len != 0 && len != SIZE_MAX) return len;
    } else if (p[0] == '%' || p[0] == '&') {
        len = p[0] == '%' ? decode_sequence(p, n, 3, &c) : decode_entity(p, n, &c);
        if (len != 0 && len != SIZE_MAX) {
            *out = fold_character(c);
            return len;
        }
    }
    if (len == 0 && !ends) return 0;
    *out = fold_character(p[0]);
    return 1;
}

size_t hr_redact_plain(const uint8_t *p, size_t n) {
    size_t i = 0;
    const uint64_t ones = 0x0101010101010101u, high = ones << 7;
    for (; i + 8 <= n; i += 8) { /* eight at once: high bytes, controls, and the three signs */
        uint64_t v;
        memcpy(&v, p + i, 8);
        uint64_t a = v ^ ones * '%', b = v ^ ones * '&', c = v ^ ones * '<';
        uint64_t odd = v | (v - ones * 0x20) | ((a - ones) & ~a) | ((b - ones) & ~b) | ((c - ones) & ~c);
        if ((odd & high) == 0) continue;
        for (size_t k = i; k < i + 8; k++) { /* line ends and tabs are plain; borrows may have cried wolf */
            bool control = p[k] < 0x20 && p[k] != '\n' && p[k] != '\t' && p[k] != '\r';
            if (p[k] >= 0x80 || control || p[k] == '%' || p[k] == '&' || p[k] == '<') return k;
        }
    }
    for (; i < n; i++) {
        bool control = p[i] < 0x20 && p[i] != '\n' && p[i] != '\t' && p[i] != '\r';
        if (p[i] >= 0x80 || control || p[i] == '%' || p[i] == '&' || p[i] == '<') return i;
    }
    return n;
}
