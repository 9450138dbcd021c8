/* guide_gbnf.c: GBNF grammars (llama.cpp's notation) as nets: name ::= "text" [a-z] . (groups) | * + ? {m,n} # comments.
 * The rule `root` is the text. Left recursion and empty repetition end in a typed error, by the width of a state. */
#include "engine/guide.h"
HR_SMALL_BEGIN

enum { GBNF_RULES = 2048, GBNF_RANGES = 256, GBNF_DEPTH = 60 };
typedef struct gbnf_rule {
    hr_str name;
    uint32_t node, at; /* at: where it is first named */
    bool defined;
} gbnf_rule;
typedef struct gbnf_parser {
    hr_guide_build *b;
    const char *p;
    size_t n, at;
    gbnf_rule *rules;
    uint32_t n_rules, depth;
} gbnf_parser;

static void fail_gbnf(gbnf_parser *g, const char *what) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < g->at && i < g->n; i++) column = g->p[i] == '\n' ? (line++, 1) : column + 1;
    hr_guide_fail(g->b, HR_E_FORMAT, "line %zu, column %zu: %s", line, column, what);
}
static char peek_gbnf(const gbnf_parser *g) { return g->b->status == HR_OK && g->at < g->n ? g->p[g->at] : 0; }
static bool take_gbnf(gbnf_parser *g, char c) {
    if (peek_gbnf(g) != c || c == 0) return false;
    g->at++;
    return true;
}
static void skip_gbnf_blanks(gbnf_parser *g, bool lines) {
    for (char c = peek_gbnf(g); c; c = peek_gbnf(g)) {
        if (c == '#') while (peek_gbnf(g) && peek_gbnf(g) != '\n') g->at++;
        else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) g->at++;
        else break;
    }
}
static bool is_gbnf_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}
static hr_str read_gbnf_name(gbnf_parser *g) {
    const size_t from = g->at;
    while (is_gbnf_name(peek_gbnf(g))) g->at++;
    if (g->at == from) fail_gbnf(g, "a name, text, class or group is expected");
    return (hr_str){g->p + from, g->at - from};
}
static gbnf_rule *find_gbnf_rule(gbnf_parser *g, hr_str name) {
    for (uint32_t i = 0; i < g->n_rules && hr_guide_step(g->b, 1); i++)
        if (g->rules[i].name.size == name.size && !memcmp(g->rules[i].name.data, name.data, name.size)) return &g->rules[i];
    if (g->n_rules == GBNF_RULES) hr_guide_fail(g->b, HR_E_LIMIT, "more than %d rules", GBNF_RULES);
    if (g->b->status != HR_OK) return NULL;
    g->rules[g->n_rules] = (gbnf_rule){name, hr_net_node_new(g->b), (uint32_t)(name.data - g->p), false};
    return &g->rules[g->n_rules++];
}
static uint32_t read_gbnf_hex(gbnf_parser *g, int digits) {
    uint32_t v = 0;
    for (int i = 0; i < digits; i++, g->at++) {
        const char c = peek_gbnf(g), low = (char)(c | 32);
        if (!((c >= '0' && c <= '9') || (low >= 'a' && low <= 'f'))) return fail_gbnf(g, "a hexadecimal digit is expected"), 0;
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : low - 'a' + 10);
    }
    if (v > 0x10ffff || (v >= 0xd800 && v < 0xe000)) fail_gbnf(g, "no such character");
    return v;
}
static uint32_t read_gbnf_char(gbnf_parser *g) {
    if (peek_gbnf(g) != '\\') return g->at < g->n && g->b->status == HR_OK ? hr_lang_next_char(g->p, g->n, &g->at) : 0;
    g->at++;
    const char c = peek_gbnf(g);
    g->at++;
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'x': return read_gbnf_hex(g, 2);
    case 'u': return read_gbnf_hex(g, 4);
    case 'U': return read_gbnf_hex(g, 8);
    case '\\': case '"': case '[': case ']': case '-': case '^': return (uint32_t)c;
    default: fail_gbnf(g, "an unknown escape"); return 0;
    }
}
static void read_gbnf_class(gbnf_parser *g, uint32_t from, uint32_t to) {
    uint32_t lo[GBNF_RANGES], hi[GBNF_RANGES], n = 0, next = 0;
    const bool negated = take_gbnf(g, '^');
    while (g->b->status == HR_OK && !take_gbnf(g, ']')) {
        if (!peek_gbnf(g)) fail_gbnf(g, "']' is missing");
        if (n == GBNF_RANGES) fail_gbnf(g, "a class has too many ranges");
        if (g->b->status != HR_OK) return;
        lo[n] = hi[n] = read_gbnf_char(g);
        if (peek_gbnf(g) == '-' && g->at + 1 < g->n && g->p[g->at + 1] != ']') g->at++, hi[n] = read_gbnf_char(g);
        if (hi[n] < lo[n]) fail_gbnf(g, "a range runs backwards");
        uint32_t l = lo[n], h = hi[n], i = n++;
        for (; i > 0 && lo[i - 1] > l; i--) lo[i] = lo[i - 1], hi[i] = hi[i - 1];
        lo[i] = l, hi[i] = h;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!negated) {
            hr_net_range(g->b, from, lo[i], hi[i], to);
            continue;
        }
        if (lo[i] > next) hr_net_range(g->b, from, next, lo[i] - 1, to);
        if (hi[i] + 1 > next) next = hi[i] + 1;
    }
    if (negated && next <= 0x10ffff) hr_net_range(g->b, from, next, 0x10ffff, to);
}
static void read_gbnf_choice(gbnf_parser *g, uint32_t from, uint32_t to, bool nested);
static void read_gbnf_atom(gbnf_parser *g, uint32_t from, uint32_t to) {
    if (take_gbnf(g, '"')) {
        uint32_t at = from;
        while (g->b->status == HR_OK && !take_gbnf(g, '"')) {
            if (!peek_gbnf(g)) fail_gbnf(g, "'\"' is missing");
            const uint32_t c = read_gbnf_char(g), next = hr_net_node_new(g->b);
            hr_net_range(g->b, at, c, c, next);
            at = next;
        }
        hr_net_eps(g->b, at, to);
    } else if (take_gbnf(g, '[')) {
        read_gbnf_class(g, from, to);
    } else if (take_gbnf(g, '.')) {
        hr_net_range(g->b, from, 0, 0x10ffff, to);
    } else if (take_gbnf(g, '(')) {
        if (++g->depth > GBNF_DEPTH) fail_gbnf(g, "groups are nested too deeply");
        if (g->b->status == HR_OK) read_gbnf_choice(g, from, to, true);
        if (!take_gbnf(g, ')')) fail_gbnf(g, "')' is missing");
        g->depth--;
    } else {
        const gbnf_rule *r = find_gbnf_rule(g, read_gbnf_name(g));
        if (r) hr_net_call(g->b, from, r->node, to);
    }
}
static uint32_t read_gbnf_number(gbnf_parser *g) {
    uint32_t v = 0;
    const size_t from = g->at;
    for (char c = peek_gbnf(g); c >= '0' && c <= '9' && v < 100000000; c = peek_gbnf(g)) {
        v = v * 10 + (uint32_t)(c - '0');
        g->at++;
    }
    if (g->at == from) fail_gbnf(g, "a number is expected");
    return v;
}
/* an atom, and how often; returns the node behind */
static uint32_t read_gbnf_item(gbnf_parser *g, uint32_t from) {
    const uint32_t rule = hr_net_node_new(g->b), end = hr_net_node_new(g->b);
    uint32_t min = 1, max = 1;
    if (g->b->status != HR_OK) return 0;
    read_gbnf_atom(g, rule, end);
    const size_t before = g->at;
    skip_gbnf_blanks(g, g->depth > 0);
    if (take_gbnf(g, '*')) min = 0, max = UINT32_MAX;
    else if (take_gbnf(g, '+')) max = UINT32_MAX;
    else if (take_gbnf(g, '?')) min = 0;
    else if (take_gbnf(g, '{')) {
        min = max = read_gbnf_number(g);
        if (take_gbnf(g, ',')) max = peek_gbnf(g) == '}' ? UINT32_MAX : read_gbnf_number(g);
        if (!take_gbnf(g, '}')) fail_gbnf(g, "'}' is missing");
        if (max < min) fail_gbnf(g, "a repetition runs backwards");
    } else {
        g->at = before;
        hr_net_eps(g->b, from, rule);
        return end;
    }
    const uint32_t to = hr_net_node_new(g->b);
    if (g->b->status != HR_OK) return 0;
    g->b->net.nodes[end].end = true;
    hr_net_rep(g->b, from, rule, min, max, to);
    return to;
}
static void read_gbnf_choice(gbnf_parser *g, uint32_t from, uint32_t to, bool nested) {
    for (;;) {
        uint32_t at = hr_net_node_new(g->b);
        hr_net_eps(g->b, from, at);
        skip_gbnf_blanks(g, true);
        for (char c = peek_gbnf(g); c && c != '|' && c != ')' && c != '\n' && c != '\r'; c = peek_gbnf(g)) {
            at = read_gbnf_item(g, at);
            skip_gbnf_blanks(g, nested);
        }
        hr_net_eps(g->b, at, to);
        const size_t line = g->at;
        skip_gbnf_blanks(g, true); /* "|" may begin the next line */
        if (take_gbnf(g, '|')) continue;
        if (!nested) g->at = line;
        return;
    }
}
HR_PRIVATE void hr_guide_gbnf(hr_guide_build *b, hr_str text) {
    gbnf_parser g = {.b = b, .p = text.data, .n = text.size};
    const hr_str root = {"root", 4};
    g.rules = HR_GUIDE_NEW(b, gbnf_rule, GBNF_RULES);
    if (!hr_utf8_valid(text.data, text.size)) hr_guide_fail(b, HR_E_FORMAT, "is not UTF-8");
    for (skip_gbnf_blanks(&g, true); peek_gbnf(&g); skip_gbnf_blanks(&g, true)) {
        gbnf_rule *r = find_gbnf_rule(&g, read_gbnf_name(&g));
        skip_gbnf_blanks(&g, false);
        if (b->status == HR_OK && r->defined) fail_gbnf(&g, "the rule is there twice");
        if (!take_gbnf(&g, ':') || !take_gbnf(&g, ':') || !take_gbnf(&g, '=')) fail_gbnf(&g, "'::=' is expected");
        if (b->status != HR_OK) return;
        r->defined = true;
        read_gbnf_choice(&g, r->node, hr_net_end(b), false);
        skip_gbnf_blanks(&g, false);
        if (peek_gbnf(&g) && peek_gbnf(&g) != '\n' && peek_gbnf(&g) != '\r') fail_gbnf(&g, "is not expected here");
    }
    if (b->status == HR_OK && g.at < g.n) fail_gbnf(&g, "a zero byte");
    const gbnf_rule *r = find_gbnf_rule(&g, root);
    for (uint32_t i = 0; i < g.n_rules; i++)
        if (!g.rules[i].defined && b->status == HR_OK)
            hr_guide_fail(b, HR_E_FORMAT, "rule %.*s is not defined", (int)hr_min_size(g.rules[i].name.size, 60),
                          g.rules[i].name.data);
    if (b->status == HR_OK) b->net.start = r->node;
}
HR_SMALL_END
