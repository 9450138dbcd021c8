/* guide_regex.c: the linear subset of ECMAScript regular expressions (with the u flag) as a language: literals, classes,
 * groups, alternatives, counted and lazy repetition, ^ and $. Refused: back references, look-around, \b, \p, flags.
 *
 * A text is read as BEGIN text END with two characters beyond Unicode, which ^ and $ match; an unanchored expression
 * has anything in front and behind. Thompson's construction, then subsets; both within fixed budgets. */
#include "engine/guide.h"
HR_SMALL_BEGIN

enum { REGEX_NODES = 16384, REGEX_RANGES = 16384, REGEX_DEPTH = 50, REGEX_BEGIN = 0x110000, REGEX_END = 0x110001 };
typedef struct regex_node {
    uint16_t out[2];   /* empty moves, 0: none */
    uint16_t to;       /* behind a character of the set, 0: none */
    uint16_t first, n; /* ranges */
} regex_node;
typedef struct regex_parser {
    hr_guide_build *b;
    const char *p;
    size_t n, at;
    regex_node *nodes; /* 0 unused */
    uint32_t *range;   /* pairs lo, hi */
    uint32_t n_nodes, n_ranges, depth, repeats;
} regex_parser;
typedef struct regex_part {
    uint32_t from, to;
} regex_part;

static void fail_regex(regex_parser *r, const char *what) {
    hr_guide_fail(r->b, HR_E_UNSUPPORTED, "expression, character %zu: %s", r->at, what);
}
static uint32_t add_regex_node(regex_parser *r) {
    if (r->n_nodes == REGEX_NODES) hr_guide_fail(r->b, HR_E_LIMIT, "an expression needs more than %d nodes", REGEX_NODES);
    return r->b->status == HR_OK ? r->n_nodes++ : 0;
}
static void link_regex(regex_parser *r, uint32_t from, uint32_t to) {
    regex_node *n = &r->nodes[from];
    n->out[n->out[0] != 0] = (uint16_t)to;
}
static void add_regex_range(regex_parser *r, uint32_t lo, uint32_t hi) {
    if (r->n_ranges == REGEX_RANGES) hr_guide_fail(r->b, HR_E_LIMIT, "an expression has more than %d ranges", REGEX_RANGES);
    if (r->b->status != HR_OK) return;
    r->range[2 * r->n_ranges] = lo;
    r->range[2 * r->n_ranges++ + 1] = hi;
}
/* the ranges from `first` on, sorted and joined, or all others */
static void settle_regex_ranges(regex_parser *r, uint32_t first, bool negated) {
    uint32_t *x = r->range + 2 * first, n = r->n_ranges - first, m = 0, lo = 0;
    for (uint32_t i = 1; i < n && hr_guide_step(r->b, i); i++)
        for (uint32_t j = i; j > 0 && x[2 * j] < x[2 * j - 2]; j--)
            for (uint32_t k = 0; k < 2; k++) {
                const uint32_t t = x[2 * j + k];
                x[2 * j + k] = x[2 * j - 2 + k];
                x[2 * j - 2 + k] = t;
            }
    for (uint32_t i = 0; i < n; i++) {
        if (m > 0 && x[2 * i] <= x[2 * m - 1] + 1) {
            if (x[2 * i + 1] > x[2 * m - 1]) x[2 * m - 1] = x[2 * i + 1];
            continue;
        }
        x[2 * m] = x[2 * i];
        x[2 * m++ + 1] = x[2 * i + 1];
    }
    r->n_ranges = first + m;
    if (!negated) return;
    uint32_t *y = HR_GUIDE_NEW(r->b, uint32_t, 2 * m + 2);
    if (!y) return;
    memcpy(y, x, 2 * m * sizeof *x);
    r->n_ranges = first;
    for (uint32_t i = 0; i < m; i++) {
        if (y[2 * i] > lo) add_regex_range(r, lo, y[2 * i] - 1);
        lo = y[2 * i + 1] + 1;
    }
    if (lo <= 0x10ffff) add_regex_range(r, lo, 0x10ffff);
}
static regex_part end_regex_set(regex_parser *r, uint32_t first) {
    const regex_part p = {add_regex_node(r), add_regex_node(r)};
    if (r->b->status != HR_OK) return p;
    r->nodes[p.from].to = (uint16_t)p.to;
    r->nodes[p.from].first = (uint16_t)first;
    r->nodes[p.from].n = (uint16_t)(r->n_ranges - first);
    return p;
}
static int peek_regex(const regex_parser *r) { return r->at < r->n ? (uint8_t)r->p[r->at] : -1; }
static bool take_regex(regex_parser *r, const char *word) {
    const size_t n = strlen(word);
    if (r->n - r->at < n || memcmp(r->p + r->at, word, n) != 0) return false;
    r->at += n;
    return true;
}

/* --- characters ------------------------------------------------------------------------------------------- */
static void add_regex_shorthand(regex_parser *r, char c) {
    static const uint32_t digit[] = {'0', '9'}, word[] = {'0', '9', 'A', 'Z', '_', '_', 'a', 'z'};
    static const uint32_t space[] = {9, 13, 32, 32, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029,
                                     0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff};
    const char low = (char)(c | 32);
    const uint32_t *set = low == 'd' ? digit : low == 'w' ? word : space;
    const size_t n = low == 'd' ? 1 : low == 'w' ? 4 : HR_COUNT(space) / 2;
    uint32_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (c == low) add_regex_range(r, set[2 * i], set[2 * i + 1]);
        else if (set[2 * i] > at) add_regex_range(r, at, set[2 * i] - 1);
        at = set[2 * i + 1] + 1;
    }
    if (c != low) add_regex_range(r, at, 0x10ffff);
}
static uint32_t read_regex_hex(regex_parser *r, int digits, int end) {
    uint32_t v = 0;
    int i = 0;
    for (; i < digits && peek_regex(r) != end; i++, r->at++) {
        const int c = peek_regex(r), low = c | 32;
        const int x = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if (x < 0) fail_regex(r, "hexadecimal digits expected");
        if (r->b->status != HR_OK) return 0;
        v = v << 4 | (uint32_t)x;
    }
    if (end >= 0 && (i == 0 || peek_regex(r) != end)) fail_regex(r, "'}' expected");
    if (end >= 0 && r->at < r->n) r->at++;
    return v;
}
/* behind a backslash: a character, or a set that was added: UINT32_MAX */
static uint32_t read_regex_escape(regex_parser *r) {
    static const char from[] = "tnrvf", to[] = "\t\n\r\v\f", plain[] = "^$\\.*+?()[]{}|/-";
    const int c = peek_regex(r);
    r->at++;
    if (c > 0 && strchr("dDwWsS", c)) return add_regex_shorthand(r, (char)c), UINT32_MAX;
    if (c > 0 && strchr(from, c)) return (uint8_t)to[strchr(from, c) - from];
    if (c > 0 && strchr(plain, c)) return (uint32_t)c;
    if (c > 0 && c < 128 && !((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))) return (uint32_t)c;
    if (c == '0' && !(peek_regex(r) >= '0' && peek_regex(r) <= '9')) return 0;
    if (c == 'c' && (peek_regex(r) | 32) >= 'a' && (peek_regex(r) | 32) <= 'z') return (uint32_t)(r->p[r->at++] & 31);
    if (c == 'x') return read_regex_hex(r, 2, -1);
    if (c == 'u') {
        uint32_t v = take_regex(r, "{") ? read_regex_hex(r, 6, '}') : read_regex_hex(r, 4, -1);
        if (v >= 0xd800 && v < 0xdc00 && take_regex(r, "\\u")) {
            const uint32_t low = read_regex_hex(r, 4, -1);
            v = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((v - 0xd800) << 10 | (low - 0xdc00)) : 0xd800;
        }
        if (v > 0x10ffff || (v >= 0xd800 && v < 0xe000)) fail_regex(r, "not a character");
        return v;
    }
    r->at--;
    fail_regex(r, "an escape that is not in the linear subset");
    return 0;
}
static uint32_t read_regex_class_char(regex_parser *r) {
    if (r->at >= r->n) fail_regex(r, "']' expected");
    if (r->b->status != HR_OK) return 0;
    return take_regex(r, "\\") ? take_regex(r, "b") ? 8 : read_regex_escape(r) : hr_lang_next_char(r->p, r->n, &r->at);
}
static regex_part read_regex_class(regex_parser *r) {
    const bool negated = take_regex(r, "^");
    const uint32_t first = r->n_ranges;
    while (r->b->status == HR_OK && !take_regex(r, "]")) {
        const uint32_t lo = read_regex_class_char(r);
        uint32_t hi = lo;
        if (peek_regex(r) == '-' && r->at + 1 < r->n && r->p[r->at + 1] != ']') {
            r->at++;
            hi = read_regex_class_char(r);
            if (lo == UINT32_MAX || hi == UINT32_MAX || hi < lo) fail_regex(r, "not a range");
        }
        if (lo != UINT32_MAX) add_regex_range(r, lo, hi);
    }
    settle_regex_ranges(r, first, negated);
    return end_regex_set(r, first);
}
static regex_part make_regex_any(regex_parser *r, bool lines) {
    const uint32_t first = r->n_ranges;
    if (lines) {
        add_regex_range(r, 10, 10), add_regex_range(r, 13, 13), add_regex_range(r, 0x2028, 0x2029);
        settle_regex_ranges(r, first, true);
    } else {
        add_regex_range(r, 0, 0x10ffff);
    }
    return end_regex_set(r, first);
}
static regex_part make_regex_char(regex_parser *r, uint32_t c) {
    const uint32_t first = r->n_ranges;
    add_regex_range(r, c, c);
    return end_regex_set(r, first);
}

/* --- structure -------------------------------------------------------------------------------------------- */
static regex_part read_regex_choice(regex_parser *r);
static regex_part read_regex_atom(regex_parser *r) {
    const int c = peek_regex(r);
    if (take_regex(r, "(")) {
        if (take_regex(r, "?<") && peek_regex(r) != '=' && peek_regex(r) != '!') {
            while (r->at < r->n && r->p[r->at] != '>') r->at++;
            if (!take_regex(r, ">")) fail_regex(r, "'>' expected behind a name");
        } else if (r->at > 1 && r->p[r->at - 1] == '<' && r->p[r->at - 2] == '?') {
            fail_regex(r, "look-around is not in the linear subset");
        } else if (peek_regex(r) == '?' && !take_regex(r, "?:")) {
            fail_regex(r, "look-around and flags are not in the linear subset");
        }
        const regex_part p = read_regex_choice(r);
        if (!take_regex(r, ")")) fail_regex(r, "')' expected");
        return p;
    }
    if (take_regex(r, "[")) return read_regex_class(r);
    if (take_regex(r, ".")) return make_regex_any(r, true);
    if (take_regex(r, "^")) return make_regex_char(r, REGEX_BEGIN);
    if (take_regex(r, "$")) return make_regex_char(r, REGEX_END);
    if (take_regex(r, "\\")) {
        const uint32_t first = r->n_ranges, v = read_regex_escape(r);
        if (v != UINT32_MAX) add_regex_range(r, v, v);
        return end_regex_set(r, first);
    }
    if (c == '*' || c == '+' || c == '?' || c == '{' || c == '}' || c == ']') fail_regex(r, "nothing to repeat");
    if (r->b->status != HR_OK) return (regex_part){0, 0};
    return make_regex_char(r, hr_lang_next_char(r->p, r->n, &r->at));
}
static bool read_regex_count(regex_parser *r, uint32_t *v) {
    const size_t begin = r->at;
    *v = 0;
    for (int c = peek_regex(r); c >= '0' && c <= '9' && *v < 1000000; r->at++, c = peek_regex(r))
        *v = *v * 10 + (uint32_t)(c - '0');
    return r->at > begin;
}
static bool read_regex_quantifier(regex_parser *r, uint32_t *min, uint32_t *max) {
    *min = 0, *max = UINT32_MAX;
    if (take_regex(r, "*")) return true;
    if (take_regex(r, "+")) return *min = 1, true;
    if (take_regex(r, "?")) return *max = 1, true;
    if (!take_regex(r, "{")) return false;
    if (!read_regex_count(r, min)) fail_regex(r, "a count expected");
    *max = *min;
    if (take_regex(r, ",") && !read_regex_count(r, max)) *max = UINT32_MAX;
    if (!take_regex(r, "}") || *max < *min) fail_regex(r, "not a count");
    return true;
}
static regex_part join_regex(regex_parser *r, regex_part x, regex_part y) {
    link_regex(r, x.to, y.from);
    return (regex_part){x.from, y.to};
}
/* the atom is read again for every copy */
static regex_part read_regex_repeat(regex_parser *r) {
    const size_t begin = r->at;
    uint32_t min, max;
    const uint32_t marks = r->n_ranges, nodes = r->n_nodes;
    regex_part all = read_regex_atom(r);
    if (!read_regex_quantifier(r, &min, &max) || r->b->status != HR_OK) return all;
    (void)take_regex(r, "?");
    const size_t end = r->at;
    r->n_ranges = marks;
    for (uint32_t i = nodes; i < r->n_nodes; i++) memset(&r->nodes[i], 0, sizeof r->nodes[i]);
    r->n_nodes = nodes;
    all.from = all.to = add_regex_node(r);
    const uint32_t copies = max == UINT32_MAX ? min + 1 : max;
    for (uint32_t i = 0; i < copies && hr_guide_step(r->b, 8); i++) {
        r->at = begin;
        const regex_part x = read_regex_atom(r);
        const regex_part box = {add_regex_node(r), add_regex_node(r)}; /* room for the links of a loop */
        if (r->b->status != HR_OK) break;
        link_regex(r, box.from, x.from);
        link_regex(r, x.to, box.to);
        if (i >= min) {
            link_regex(r, box.from, box.to);
            if (max == UINT32_MAX) link_regex(r, x.to, x.from);
        }
        all = join_regex(r, all, box);
    }
    r->at = end;
    return all;
}
static regex_part read_regex_sequence(regex_parser *r) {
    regex_part all;
    all.from = all.to = add_regex_node(r);
    while (r->b->status == HR_OK && r->at < r->n && peek_regex(r) != '|' && peek_regex(r) != ')')
        all = join_regex(r, all, read_regex_repeat(r));
    return all;
}
static regex_part read_regex_choice(regex_parser *r) {
    regex_part all = {0, 0};
    if (++r->depth > REGEX_DEPTH) fail_regex(r, "groups are nested too deep");
    if (r->b->status == HR_OK) all = read_regex_sequence(r);
    while (r->b->status == HR_OK && take_regex(r, "|")) {
        const regex_part other = read_regex_sequence(r), both = {add_regex_node(r), add_regex_node(r)};
        if (r->b->status != HR_OK) break;
        link_regex(r, both.from, all.from), link_regex(r, both.from, other.from);
        link_regex(r, all.to, both.to), link_regex(r, other.to, both.to);
        all = both;
    }
    r->depth--;
    return all;
}
/* (BEGIN any*)? or BEGIN?, and the same behind */
static regex_part make_regex_margin(regex_parser *r, uint32_t mark, bool whole) {
    regex_part p = make_regex_char(r, mark), box = {add_regex_node(r), add_regex_node(r)};
    if (!whole) {
        regex_part any = make_regex_any(r, false);
        const uint32_t loop = add_regex_node(r);
        if (r->b->status != HR_OK) return p;
        link_regex(r, any.to, loop), link_regex(r, loop, any.from);
        if (mark == REGEX_BEGIN) link_regex(r, p.to, loop), p.to = loop;
        else link_regex(r, loop, p.from), p.from = loop;
    }
    if (r->b->status != HR_OK) return p;
    link_regex(r, box.from, p.from), link_regex(r, box.from, box.to);
    link_regex(r, p.to, box.to);
    return box;
}

/* --- subsets ---------------------------------------------------------------------------------------------- */
typedef struct regex_subsets {
    regex_parser *r;
    uint16_t *sets;   /* of all states, one behind another: n, nodes */
    uint32_t *at;     /* [HR_LANG_MAX] */
    uint32_t n, used, room, goal;
    uint16_t *stack, *seen; /* closure; seen is a mark */
    uint16_t mark;
    uint32_t *cut;
    uint32_t n_cut;
} regex_subsets;

static void close_regex_set(regex_subsets *s, uint32_t from, uint16_t *set, uint32_t *n) {
    uint32_t top = 0;
    if (s->seen[from] == s->mark) return;
    s->seen[from] = s->mark;
    s->stack[top++] = (uint16_t)from;
    while (top > 0) {
        const uint32_t i = s->stack[--top];
        const regex_node *x = &s->r->nodes[i];
        if (x->to || i == s->goal) set[(*n)++] = (uint16_t)i;
        for (uint32_t k = 0; k < 2; k++)
            if (x->out[k] && s->seen[x->out[k]] != s->mark) {
                s->seen[x->out[k]] = s->mark;
                s->stack[top++] = x->out[k];
            }
    }
}
static bool has_regex_char(const regex_parser *r, const regex_node *x, uint32_t c) {
    const uint32_t *range = r->range + 2 * x->first;
    for (uint32_t i = 0; i < x->n; i++)
        if (c >= range[2 * i] && c <= range[2 * i + 1]) return true;
    return false;
}
/* the state of the set that stands at sets + used (n, nodes) */
static uint32_t find_regex_state(regex_subsets *s, uint32_t n) {
    uint16_t *set = s->sets + s->used + 1;
    uint32_t h = n;
    if (n == 0) return 0;
    if (!hr_guide_step(s->r->b, n)) return 0;
    for (uint32_t i = 1; i < n; i++) { /* sorted: nearly is */
        const uint16_t x = set[i];
        uint32_t j = i;
        for (; j > 0 && set[j - 1] > x; j--) set[j] = set[j - 1];
        set[j] = x;
        if (!hr_guide_step(s->r->b, (i - j) / 4)) return 0;
    }
    for (uint32_t i = 0; i < n; i++) h = (h ^ set[i]) * 0x01000193u;
    uint32_t *hash = s->r->b->hash, at = (h ^ h >> 15) & (4 * HR_LANG_MAX - 1);
    s->sets[s->used] = (uint16_t)n;
    while (hash[at]) {
        if (memcmp(s->sets + s->at[hash[at]], set - 1, (n + 1) * sizeof *set) == 0) return hash[at];
        at = (at + 1) & (4 * HR_LANG_MAX - 1);
    }
    if (s->n + 1 >= HR_LANG_MAX || s->used + n + 2 + REGEX_NODES > s->room) {
        hr_guide_fail(s->r->b, HR_E_LIMIT, "an expression needs more than %d states", HR_LANG_MAX);
        return 0;
    }
    s->at[++s->n] = s->used;
    hash[at] = s->n;
    s->used += n + 1;
    return s->n;
}
static uint32_t move_regex_set(regex_subsets *s, uint32_t state, uint32_t c) {
    uint32_t n = 0;
    uint16_t *set = s->sets + s->used + 1;
    const uint16_t *from = s->sets + s->at[state];
    if (++s->mark == 0) {
        memset(s->seen, 0, REGEX_NODES * sizeof *s->seen);
        s->mark = 1;
    }
    for (uint32_t i = 1; i <= from[0]; i++) {
        const regex_node *x = &s->r->nodes[from[i]];
        if (x->to && has_regex_char(s->r, x, c)) close_regex_set(s, x->to, set, &n);
    }
    return hr_guide_step(s->r->b, from[0] / 2 + n + 1) ? find_regex_state(s, n) : 0;
}
static bool accepts_regex_set(const regex_subsets *s, uint32_t state) {
    const uint16_t *set = s->sets + s->at[state];
    for (uint32_t i = 1; i <= set[0]; i++)
        if (set[i] == s->goal) return true;
    return false;
}
static void find_regex_cuts(regex_subsets *s) {
    const regex_parser *r = s->r;
    s->cut[s->n_cut++] = 0;
    for (uint32_t i = 0; i < 2 * r->n_ranges && s->n_cut < 2000; i++) {
        const uint32_t c = r->range[i] + (i & 1);
        uint32_t j = s->n_cut;
        if (c >= REGEX_BEGIN) continue;
        while (j > 0 && s->cut[j - 1] > c) j--;
        if (j > 0 && s->cut[j - 1] == c) continue;
        memmove(s->cut + j + 1, s->cut + j, (s->n_cut - j) * sizeof *s->cut);
        s->cut[j] = c;
        s->n_cut++;
    }
    if (s->n_cut == 2000) hr_guide_fail(r->b, HR_E_LIMIT, "an expression has too many classes of characters");
}
static const hr_lang *make_regex_lang(regex_subsets *s, regex_part all) {
    hr_guide_build *b = s->r->b;
    uint32_t n = 0;
    s->mark = 1;
    s->goal = all.to;
    memset(b->hash, 0, 4 * HR_LANG_MAX * sizeof *b->hash);
    find_regex_cuts(s);
    hr_lang *l = HR_GUIDE_NEW(b, hr_lang, 1);
    uint8_t *accept = HR_GUIDE_NEW(b, uint8_t, HR_LANG_MAX);
    uint16_t *rows = HR_GUIDE_NEW(b, uint16_t, s->n_cut);
    if (b->status != HR_OK) return NULL;
    close_regex_set(s, all.from, s->sets + s->used + 1, &n);
    const uint32_t before = find_regex_state(s, n), start = before ? move_regex_set(s, before, REGEX_BEGIN) : 0;
    for (uint32_t i = 1; i <= s->n && b->status == HR_OK; i++) {
        uint16_t *row = (uint16_t *)hr_arena_alloc_raw(&b->arena, s->n_cut, sizeof *row, sizeof *row);
        if (!row) hr_guide_fail(b, HR_E_LIMIT, "takes more than %d bytes to compile", HR_GUIDE_ARENA);
        for (uint32_t c = 0; row && c < s->n_cut; c++) row[c] = (uint16_t)move_regex_set(s, i, s->cut[c]);
        const uint32_t end = move_regex_set(s, i, REGEX_END);
        accept[i] = end && accepts_regex_set(s, end);
    }
    if (b->status != HR_OK) return NULL;
    uint32_t *cut = s->cut;
    *l = (hr_lang){s->n + 1, s->n_cut, start, cut, rows, accept};
    return hr_lang_trim(b, l);
}
HR_PRIVATE const hr_lang *hr_regex_lang(hr_guide_build *b, hr_str pattern, bool whole) {
    regex_parser r = {.b = b, .p = pattern.data, .n = pattern.size, .n_nodes = 1};
    regex_subsets s = {.r = &r, .room = 1 << 20};
    const size_t mark = hr_arena_mark(&b->arena);
    s.cut = HR_GUIDE_NEW(b, uint32_t, 2001);
    r.nodes = HR_GUIDE_NEW(b, regex_node, REGEX_NODES);
    r.range = HR_GUIDE_NEW(b, uint32_t, 2 * REGEX_RANGES);
    s.sets = b->status == HR_OK ? (uint16_t *)hr_arena_alloc_raw(&b->arena, s.room, sizeof *s.sets, 8) : NULL;
    s.at = HR_GUIDE_NEW(b, uint32_t, HR_LANG_MAX);
    s.stack = HR_GUIDE_NEW(b, uint16_t, REGEX_NODES);
    s.seen = HR_GUIDE_NEW(b, uint16_t, REGEX_NODES);
    if (!s.sets) hr_guide_fail(b, HR_E_LIMIT, "takes more than %d bytes to compile", HR_GUIDE_ARENA);
    if (b->status == HR_OK && !hr_utf8_valid(pattern.data, pattern.size)) fail_regex(&r, "not UTF-8");
    if (b->status != HR_OK) return NULL;
    const regex_part left = make_regex_margin(&r, REGEX_BEGIN, whole);
    const regex_part middle = read_regex_choice(&r);
    if (b->status == HR_OK && r.at < r.n) fail_regex(&r, "')' without '('");
    const regex_part right = make_regex_margin(&r, REGEX_END, whole);
    if (b->status != HR_OK) return NULL;
    return hr_lang_keep(b, mark, make_regex_lang(&s, join_regex(&r, join_regex(&r, left, middle), right)));
}
HR_PRIVATE void hr_guide_regex(hr_guide_build *b, hr_str text) {
    const hr_lang *l = hr_regex_lang(b, text, true);
    b->net.start = hr_net_node_new(b);
    hr_lang_to_net(b, l, false, b->net.start, hr_net_end(b));
}
HR_PRIVATE void hr_guide_choice(hr_guide_build *b, hr_str text) {
    size_t n = 1;
    if (!hr_utf8_valid(text.data, text.size)) hr_guide_fail(b, HR_E_FORMAT, "is not UTF-8");
    for (size_t i = 0; i < text.size; i++) n += text.data[i] == ',';
    hr_str *words = HR_GUIDE_NEW(b, hr_str, n);
    size_t begin = 0, k = 0;
    for (size_t i = 0; words && i <= text.size; i++) {
        if (i < text.size && text.data[i] != ',') continue;
        if (i == begin) hr_guide_fail(b, HR_E_ARG, "choice %zu is empty", k + 1);
        words[k++] = (hr_str){text.data + begin, i - begin};
        begin = i + 1;
    }
    const hr_lang *l = words ? hr_lang_words(b, words, n) : NULL;
    b->net.start = hr_net_node_new(b);
    hr_lang_to_net(b, l, false, b->net.start, hr_net_end(b));
}
HR_SMALL_END
