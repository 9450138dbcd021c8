/* find_net.c: what addresses a person or a machine on a network: e-mail, URLs and the secrets in them, IP and MAC addresses;
 * and what all finders share. */
#include "policy/entity.h"

/* --- names ---------------------------------------------------------------------------------------------------------------- */
const char *hr_entity_name(int entity) {
    static const char *const names[] = {
#define ENTITY_NAME(id, name) name,
        HR_ENTITY_LIST(ENTITY_NAME)
#undef ENTITY_NAME
    };
    return entity >= 0 && entity < HR_N_ENTITIES ? names[entity] : "none";
}
const char *hr_check_name(int check) {
    static const char *const names[] = {"shape", "context", "check digits", "list", "prefix", "random"};
    return check >= 0 && check < HR_N_CHECKS ? names[check] : "none";
}

/* --- views ---------------------------------------------------------------------------------------------------------------- */
bool hr_view_is(const hr_view *v, size_t i, const char *word) {
    for (; *word; word++, i++) {
        if (hr_lower(hr_view_get(v, i)) != *word) return false;
    }
    return true;
}

/* words: "born|d.o.b|geb*|": each ends at a word's end, or goes on where a * stands */
static bool context_at(const hr_view *v, size_t i, size_t end, const char *words) {
    for (const char *w = words; *w != 0;) {
        size_t k = i;
        for (; *w != '|' && *w != '*'; w++, k++) {
            int c = k < end ? hr_lower(v->f[k]) : -1;
            if (c != *w && !(*w == ' ' && (c == '\n' || c == '_' || c == '-'))) break;
        }
        if (*w == '*' || (*w == '|' && !(k < end && hr_is_letter(v->f[k])))) return true;
        while (*w != '|') w++;
        w++;
    }
    return false;
}

/* the first three letters of a word as one of 512; what is no letter counts alike */
static unsigned word_code(int a, int b, int c) {
    unsigned code = ((unsigned)a & 31) << 10;
    if (hr_is_letter(b)) code |= ((unsigned)b & 31) << 5;
    if (hr_is_letter(b) && hr_is_letter(c)) code |= (unsigned)c & 31;
    return code * 0x9e3779b1u >> 23;
}
unsigned hr_view_code(const hr_view *v, size_t i) {
    return word_code(v->f[i], i + 1 < v->hi ? v->f[i + 1] : 0, i + 2 < v->hi ? v->f[i + 2] : 0);
}
void hr_word_codes(uint64_t bits[8], const char *words) {
    memset(bits, 0, 8 * sizeof bits[0]);
    for (const char *w = words; *w != 0; w++) {
        const int any = w[1] == '*' ? 1 : w[2] == '*' ? 2 : 3; /* what a prefix leaves open */
        for (int k = 0; k < (any == 1 ? 1024 : any == 2 ? 32 : 1); k++) {
            int b = any == 1 ? 'a' - 1 + k / 32 : (unsigned char)w[1], c = any < 3 ? 'a' - 1 + k % 32 : (unsigned char)w[2];
            unsigned code = word_code((unsigned char)w[0], b, c);
            bits[code / 64] |= (uint64_t)1 << code % 64;
        }
        while (*w != '|') w++;
    }
}
static const uint64_t *find_filter(hr_view_memo *m, const char *words) {
    size_t i = (size_t)((uintptr_t)words * 0x9e3779b97f4a7c15u >> 56) % HR_MEMO_LISTS;
    for (size_t k = 0; k < 8; k++, i = (i + 1) % HR_MEMO_LISTS) {
        if (m->filters[i].words == words) return m->filters[i].bits;
        if (m->filters[i].words == NULL) break;
    }
    m->filters[i].words = words;
    hr_word_codes(m->filters[i].bits, words);
    return m->filters[i].bits;
}
static bool code_among(const uint64_t *filter, unsigned code) { return filter[code / 64] >> code % 64 & 1; }
bool hr_view_may(const hr_view *v, size_t i, const char *words) {
    return v->memo == NULL || code_among(find_filter(v->memo, words), hr_view_code(v, i));
}
static bool begins_word(const uint8_t *f, size_t i, size_t lo) {
    return hr_is_letter(f[i]) && (i == lo || !hr_is_letter(f[i - 1]) || (hr_is_upper(f[i]) && !hr_is_upper(f[i - 1])));
}
static void mark_starts(hr_view_memo *m, const uint8_t *f, size_t word) {
    uint64_t bits = 0;
    for (size_t i = word * 64, end = hr_min_size(m->n, i + 64); i < end; i++) bits |= (uint64_t)begins_word(f, i, 0) << i % 64;
    m->starts[word] = bits;
    m->made[word] = 1;
}

size_t hr_view_next_word(const hr_view *v, size_t i, size_t end) {
    hr_view_memo *m = v->memo;
    for (; i < end; i++) {
        if (m == NULL || i == v->lo) { /* the view's first byte may begin a word wherever the text was cut */
            if (begins_word(v->f, i, v->lo)) return i;
            continue;
        }
        if (!m->made[i / 64]) mark_starts(m, v->f, i / 64);
        uint64_t bits = m->starts[i / 64] >> i % 64;
        if (bits == 0) {
            i |= 63;
            continue;
        }
        for (; (bits & 1) == 0; bits >>= 1) i++;
        break;
    }
    return hr_min_size(i, end);
}

bool hr_view_context(const hr_view *v, size_t begin, size_t end, size_t reach, size_t after, const char *words) {
    const uint64_t *filter = v->memo != NULL ? find_filter(v->memo, words) : NULL;
    size_t ranges[2][2] = {{begin > v->lo + reach ? begin - reach : v->lo, begin}, {end, hr_min_size(v->hi, end + after)}};
    for (size_t r = 0; r < 2; r++) {
        for (size_t i = ranges[r][0]; (i = hr_view_next_word(v, i, ranges[r][1])) < ranges[r][1]; i++) {
            if (filter != NULL && i != v->lo && !code_among(filter, hr_view_code(v, i))) continue;
            if (context_at(v, i, ranges[r][1], words)) return true;
        }
    }
    return false;
}

/* --- e-mail --------------------------------------------------------------------------------------------------------------- */
static bool is_local(int c) {
    return hr_is_alnum(c) || c == '.' || c == '_' || c == '+' || c == '-' || c == '%' || c == '\'' || c == '!' || c == '#' ||
           c == '$' || c == '*' || c == '^' || c == '~';
}

/* the end of a domain name with a top-level domain, from i on; 0: none */
static size_t domain_end(const hr_view *v, size_t i) {
    size_t good = 0, label = i;
    for (bool letters = true, dotted = false; i < v->hi && i < label + 64; i++) {
        int c = v->f[i];
        if (hr_is_alnum(c) || c == '-') {
            letters = letters && hr_is_letter(c);
            continue;
        }
        if (i == label || v->f[i - 1] == '-' || v->f[label] == '-') return good;
        bool top = (letters && i - label >= 2 && i - label <= 24) || (i - label > 4 && hr_view_is(v, label, "xn--"));
        if (dotted && top) good = i;
        if (c != '.') return good;
        dotted = letters = true;
        label = i + 1;
    }
    if (i == label || i != v->hi || v->f[i - 1] == '-') return good;
    bool top = i - label >= 2 && i - label <= 24, dotted = label > 0 && v->f[label - 1] == '.';
    for (size_t k = label; k < i; k++) top = top && hr_is_letter(v->f[k]);
    return dotted && (top || hr_view_is(v, label, "xn--")) ? i : good;
}

/* logo@2x.png */
static bool is_file_name(const hr_view *v, size_t at, size_t end) {
    static const char types[] = "png|jpg|jpeg|gif|svg|webp|css|js|";
    size_t dot = end;
    while (dot > at && v->f[dot - 1] != '.') dot--;
    return hr_is_digit(hr_view_get(v, at + 1)) && hr_lower(hr_view_get(v, at + 2)) == 'x' && context_at(v, dot, end, types);
}

bool hr_find_email(const hr_view *v, hr_match *hit) {
    size_t begin = v->at, end = v->at + 1;
    if (hr_view_get(v, begin - 1) == '"' && begin > v->first + 2) { /* "john doe"@example.org */
        for (begin -= 2; begin > v->first && begin + 64 > v->at && v->f[begin] != '"' && v->f[begin] >= ' ';) begin--;
        if (v->f[begin] != '"') return false;
    } else {
        while (begin > v->first && is_local(v->f[begin - 1]) && v->at - begin < 64) begin--;
        while (begin < v->at && !hr_is_alnum(v->f[begin]) && v->f[begin] != '_') begin++;
    }
    if (begin == v->at || (v->f[v->at - 1] == '.')) return false;
    if (hr_view_get(v, begin - 1) == ':') { /* ://user:password@host is the URL's */
        size_t i = begin - 1;
        while (i > v->lo && v->f[i - 1] > ' ' && v->f[i - 1] != '/' && begin - i < 64) i--;
        if (hr_view_get(v, i - 1) == '/' && hr_view_get(v, i - 2) == '/') return false;
    } else if (hr_view_get(v, begin - 1) == '/' && hr_view_get(v, begin - 2) == '/') {
        return false;
    }
    if (hr_view_get(v, end) == '[') { /* user@[192.0.2.1] */
        while (end < v->hi && end < v->at + 50 && v->f[end] != ']') end++;
        if (hr_view_get(v, end++) != ']') return false;
    } else {
        end = domain_end(v, end);
        if (end == 0 || is_file_name(v, v->at, end)) return false;
    }
    if (hr_view_get(v, end) == ':' && v->at - begin == 3 && hr_view_is(v, begin, "git")) return false; /* git@host:path */
    *hit = (hr_match){begin, end, HR_ENTITY_EMAIL, 90, HR_CHECK_SHAPE, HR_MORE_NONE, 0};
    return true;
}

/* --- URLs ----------------------------------------------------------------------------------------------------------------- */
static bool ends_url(int c) {
    return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`' || c == '|' || c == '\\' || c == '^';
}

/* a variable or a placeholder, not a secret: ${PASS} $PASS {{x}} <token> [PASSWORD] %s *** xxxx */
bool hr_view_placeholder(const hr_view *v, size_t i, size_t end) {
    int c = hr_view_get(v, i);
    if (c == '$' || c == '{' || c == '<' || c == '[' || c == '%' || c == '*' || c == '#') return true;
    size_t same = i + 1;
    while (same < end && hr_lower(v->f[same]) == hr_lower(c)) same++;
    return same == end || context_at(v, i, end,
                                     "password|pass|passwd|secret|token|username|user|your*|changeme|example*|null|none|"
                                     "undefined|true|false|");
}

bool hr_find_url(const hr_view *v, hr_match *hit) {
    if (hr_view_get(v, v->at + 1) != '/' || hr_view_get(v, v->at + 2) != '/') return false;
    size_t begin = v->at, host = v->at + 3, end = host, sign = 0, colon = 0;
    while (begin > v->first && v->at - begin < 20 && (hr_is_alnum(v->f[begin - 1]) || v->f[begin - 1] == '+')) begin--;
    if (v->at - begin < 2 || !hr_is_letter(v->f[begin])) return false;
    for (; end < v->hi && !ends_url(v->f[end]); end++) {
        int c = v->f[end];
        if (c == '/' || c == '?' || c == '#') break;
        if (c == '@') sign = end;
        if (c == ':' && colon == 0) colon = end;
    }
    if (sign > host) { /* user:password@ or a long token@ */
        bool pair = colon > host && colon + 1 < sign && !hr_view_placeholder(v, colon + 1, sign);
        if (pair || (colon == 0 && sign - host >= 16 && !hr_view_placeholder(v, host, sign))) {
            *hit = (hr_match){host, sign, HR_ENTITY_URL_SECRET, 95, HR_CHECK_SHAPE, HR_MORE_NONE, 0};
            return true;
        }
    }
    static const char *const hooks[] = {"hooks.slack.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/",
                                        "outlook.office.com/webhook/", "api.telegram.org/bot"};
    for (size_t i = 0; i < HR_COUNT(hooks); i++) { /* who knows the path may write there */
        if (!hr_view_is(v, host, hooks[i])) continue;
        for (end = host + strlen(hooks[i]); end < v->hi && !ends_url(v->f[end]);) end++;
        *hit = (hr_match){host + strlen(hooks[i]), end, HR_ENTITY_URL_SECRET, 90, HR_CHECK_PREFIX, HR_MORE_NONE, 0};
        return hit->end > hit->begin + 8;
    }
    size_t name = sign > 0 ? sign + 1 : host, tail = domain_end(v, name);
    bool numbers = hr_is_digit(hr_view_get(v, name)) || hr_view_get(v, name) == '[' || hr_view_is(v, name, "localhost");
    if (tail == 0 && !numbers) return false;
    while (end < v->hi && !ends_url(v->f[end])) end++;
    while (end > name && memchr(".,;:!?)]}", v->f[end - 1], 9) != NULL) end--;
    if (end <= name) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_URL, 60, HR_CHECK_SHAPE, HR_MORE_NONE, 0};
    return true;
}

/* --- IP addresses ---------------------------------------------------------------------------------------------------------- */
/* four numbers 0 ... 255 without leading zeros; returns the end, 0: none */
static size_t ip4_end(const hr_view *v, size_t i, bool *small) {
    *small = true;
    for (int part = 0; part < 4; part++) {
        int n = 0, digits = 0;
        for (; digits < 4 && hr_is_digit(hr_view_get(v, i)); digits++, i++) n = 10 * n + (v->f[i] - '0');
        if (digits == 0 || digits > 3 || n > 255 || (digits > 1 && n < (digits == 2 ? 10 : 100))) return 0;
        *small = *small && n < 10;
        if (part < 3 && hr_view_get(v, i++) != '.') return 0;
    }
    return i;
}

/* "/24" behind an address: its end, or i */
static size_t ip_prefix(const hr_view *v, size_t i, int most) {
    int n = 0;
    size_t k = i + 1;
    if (hr_view_get(v, i) != '/') return i;
    while (k < i + 4 && hr_is_digit(hr_view_get(v, k))) n = 10 * n + (v->f[k++] - '0');
    return k > i + 1 && n <= most && !hr_is_alnum(hr_view_get(v, k)) ? k : i;
}

static bool find_ip4(const hr_view *v, hr_match *hit) {
    static const char versions[] = "version|versions|ver|v|release|rev|revision|build|section|chapter|";
    bool small;
    int before = hr_view_get(v, v->at - 1);
    size_t end = ip4_end(v, v->at, &small);
    if (end == 0 || hr_is_alnum(before) || before == '.' || before == '_' ||
        (before == '-' && hr_is_alnum(hr_view_get(v, v->at - 2))))
        return false;
    int next = hr_view_get(v, end);
    bool goes_on = next == '.' && hr_is_digit(hr_view_get(v, end + 1));
    if (hr_is_alnum(next) || next == '_' || (next == '-' && hr_is_alnum(hr_view_get(v, end + 1)))) return false;
    bool context = hr_view_context(v, v->at, end, 30, 0,
                                   "ip|ips|ipv4|addr*|host|server|dns|gateway|subnet|client|peer|from|remote*|ping|");
    bool two = hr_view_get(v, v->at + 1) == '.' && !small; /* 1.2.30.4 alone is rather a version */
    if (!context && (goes_on || small) && !(small && !goes_on && v->f[v->at] == v->f[v->at + 2]) &&
        !(goes_on && !small && !two)) return false;
    if (hr_view_context(v, v->at, v->at, 12, 0, versions)) return false;
    *hit = (hr_match){v->at, ip_prefix(v, end, 32), HR_ENTITY_IP, (uint8_t)(context ? 95 : 80), HR_CHECK_SHAPE, HR_MORE_NONE, 4};
    return true;
}

/* groups of hexadecimal digits in f [i, end): 8, or fewer with one "::"; the last two may be an IPv4 address */
static bool is_ip6(const hr_view *v, size_t i, size_t end) {
    int groups = 0;
    bool gap = false;
    if (hr_view_get(v, i) == ':' && hr_view_get(v, i + 1) != ':') return false;
    while (i < end) {
        if (v->f[i] == ':' && i + 1 < end && v->f[i + 1] == ':') {
            if (gap) return false;
            gap = true;
            i += 2;
            continue;
        }
        if (v->f[i] == ':') {
            if (groups == 0 || v->f[i - 1] == ':') return false;
            i++;
        }
        bool small;
        size_t four = ip4_end(v, i, &small), begin = i;
        if (four == end) return groups + 2 == 8 || (gap && groups + 2 < 8);
        while (i < end && i < begin + 5 && hr_is_hex(v->f[i])) i++;
        if (i == begin || i > begin + 4 || (i < end && v->f[i] != ':')) return false;
        groups++;
    }
    return gap ? groups < 8 : groups == 8;
}

static bool find_ip6(const hr_view *v, hr_match *hit) {
    size_t begin = v->at, end = v->at;
    bool digit = false;
    while (begin > v->first && v->at - begin < 5 && hr_is_hex(v->f[begin - 1])) begin--;
    int before = begin > v->lo ? v->f[begin - 1] : -1;
    if (v->at - begin > 4 || before == ':' || before == '.' || before == '_' || hr_is_alnum(before)) return false;
    while (end < v->hi && end < begin + 46 && (hr_is_hex(v->f[end]) || v->f[end] == ':' || v->f[end] == '.')) {
        digit = digit || hr_is_digit(v->f[end]);
        end++;
    }
    for (size_t i = begin; i < v->at; i++) digit = digit || hr_is_digit(v->f[i]);
    if (hr_is_alnum(hr_view_get(v, end)) || hr_view_get(v, end) == '_') return false;
    while (end > begin && (v->f[end - 1] == '.' || (v->f[end - 1] == ':' && !(end > begin + 1 && v->f[end - 2] == ':')))) end--;
    if (end < begin + 2 || !is_ip6(v, begin, end)) return false;
    bool bare = end == begin + 2;
    if ((bare || !digit) && ip_prefix(v, end, 128) == end &&
        !hr_view_context(v, begin, end, 30, 0, "ip|ipv6|addr*|unspecified|loopback|listen|bind|host|server|")) return false;
    if (hr_view_get(v, end) == '%') { /* zone */
        size_t zone = end + 1;
        while (zone < v->hi && zone < end + 17 && hr_is_alnum(v->f[zone])) zone++;
        if (zone > end + 1) end = zone;
    }
    *hit = (hr_match){begin, ip_prefix(v, end, 128), HR_ENTITY_IP, 90, HR_CHECK_SHAPE, HR_MORE_NONE, 6};
    return true;
}

bool hr_find_ip(const hr_view *v, hr_match *hit) {
    if (v->f[v->at] == ':') return find_ip6(v, hit);
    if (!hr_is_digit(v->f[v->at])) return false;
    return !hr_is_digit(hr_view_get(v, v->at - 1)) && find_ip4(v, hit);
}

bool hr_find_mac(const hr_view *v, hr_match *hit) {
    int sep = v->f[v->at], all = 0, none = 0xff;
    if ((sep != ':' && sep != '-') || v->at < v->first + 2) return false;
    size_t i = v->at - 2, begin = i;
    int before = hr_view_get(v, begin - 1);
    if (hr_is_alnum(before) || before == sep || before == '_') return false;
    for (int group = 0; group < 6; group++, i += 3) {
        int a = hr_view_get(v, i), b = hr_view_get(v, i + 1);
        if (!hr_is_hex(a) || !hr_is_hex(b) || (group < 5 && hr_view_get(v, i + 2) != sep)) return false;
        int byte = (hr_is_digit(a) ? a - '0' : (a | 32) - 'a' + 10) * 16 + (hr_is_digit(b) ? b - '0' : (b | 32) - 'a' + 10);
        all |= byte, none &= byte;
    }
    size_t end = i - 1;
    int next = hr_view_get(v, end);
    if (all == 0 || none == 0xff || hr_is_alnum(next) || (next == sep && hr_is_alnum(hr_view_get(v, end + 1)))) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_MAC, 90, HR_CHECK_SHAPE, HR_MORE_NONE, 0};
    return true;
}
