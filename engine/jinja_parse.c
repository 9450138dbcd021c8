/* jinja_parse.c: source to tree, in one pass, by recursive descent of bounded depth. Precedences are those of Jinja:
 * condition, or, and, not, comparisons, + -, ~, * / // %, **, sign, then postfix, filters and tests. */
#include "engine/jinja.h"
HR_SMALL_BEGIN

typedef enum { JT_END, JT_CLOSE, JT_NAME, JT_STRING, JT_NUMBER, JT_OP } jinja_token;
typedef struct jinja_parser {
    hr_arena *arena;
    hr_str src;
    size_t pos;       /* behind the token at hand */
    hr_error *err;
    hr_status status;
    uint32_t depth, loops, nest; /* nest: open brackets, inside which a tag does not close */
    uint8_t token;
    char close;       /* '}' or '%': what closes the tag at hand */
    bool cut_next, line_start;
    size_t at;
    hr_str text;      /* of the token; of a string decoded */
} jinja_parser;

static hr_jnode *parse_jinja_expr(jinja_parser *p);
static hr_jnode *parse_jinja_unary(jinja_parser *p, bool filters);
static hr_jnode *parse_jinja_body(jinja_parser *p, const char *ends);

void hr_jinja_place(hr_str source, size_t at, char where[64]) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at && i < source.size; i++) {
        if (source.data[i] == '\n') line++, column = 1;
        else column++;
    }
    hr_format(where, 64, "template line %zu, column %zu", line, column);
}
HR_PRINTF(3, 4) static hr_jnode *fail_jinja(jinja_parser *p, hr_status status, const char *fmt, ...) {
    char where[64], what[160];
    va_list args;
    if (p->status != HR_OK) return NULL;
    va_start(args, fmt);
    hr_vformat(what, sizeof what, fmt, args);
    va_end(args);
    hr_jinja_place(p->src, p->at, where);
    p->status = hr_fail(p->err, status, p->at, where, "%s", what);
    p->token = JT_END;
    return NULL;
}
static hr_jnode *new_jnode(jinja_parser *p, hr_jkind kind, size_t at) {
    hr_jnode *n = p->status == HR_OK ? HR_NEW(p->arena, hr_jnode, 1) : NULL;
    if (!n) return fail_jinja(p, HR_E_MEMORY, "the template needs more memory than it was given");
    n->kind = (uint8_t)kind;
    n->at = (uint32_t)at;
    return n;
}
static bool jinja_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool jinja_digit(char c) { return c >= '0' && c <= '9'; }
static bool jinja_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static char peek_jinja(const jinja_parser *p, size_t ahead) {
    return p->pos + ahead < p->src.size ? p->src.data[p->pos + ahead] : 0;
}

/* --- tokens -------------------------------------------------------------------------------------------------------- */
static bool read_jinja_hex(jinja_parser *p, size_t *i, int digits, uint32_t *cp) {
    for (*cp = 0; digits > 0; digits--, ++*i) {
        const int c = *i < p->src.size ? p->src.data[*i] | 32 : 0;
        const int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0) return false;
        *cp = *cp << 4 | (uint32_t)v;
    }
    return *cp < 0xd800 || (*cp > 0xdfff && *cp < 0x110000);
}
static size_t put_jinja_char(char *p, uint32_t cp) {
    if (cp < 0x80) return p[0] = (char)cp, 1;
    if (cp < 0x800) return p[0] = (char)(0xc0 | cp >> 6), p[1] = (char)(0x80 | (cp & 63)), 2;
    size_t n = 0;
    if (cp < 0x10000) p[n++] = (char)(0xe0 | cp >> 12);
    else p[n++] = (char)(0xf0 | cp >> 18), p[n++] = (char)(0x80 | (cp >> 12 & 63));
    p[n++] = (char)(0x80 | (cp >> 6 & 63));
    p[n++] = (char)(0x80 | (cp & 63));
    return n;
}
static void read_jinja_string(jinja_parser *p) {
    static const char from[] = "\\'\"ntrbfav", to[] = "\\'\"\n\t\r\b\f\a\v";
    const char quote = p->src.data[p->pos];
    size_t i = p->pos + 1, n = 0, end = i;
    while (end < p->src.size && p->src.data[end] != quote) end += p->src.data[end] == '\\' ? 2 : 1;
    if (end >= p->src.size) { fail_jinja(p, HR_E_FORMAT, "a string is not closed"); return; }
    char *out = HR_NEW(p->arena, char, end - i + 1);
    if (!out) { fail_jinja(p, HR_E_MEMORY, "the template needs more memory than it was given"); return; }
    while (i < end) {
        if (p->src.data[i] != '\\') { out[n++] = p->src.data[i++]; continue; }
        const char c = p->src.data[i + 1];
        const char *which = c ? strchr(from, c) : NULL;
        uint32_t cp;
        i += 2;
        if (which) out[n++] = to[which - from];
        else if (c == 'x' || c == 'u' || c == 'U') {
            if (!read_jinja_hex(p, &i, c == 'x' ? 2 : c == 'u' ? 4 : 8, &cp) || i > end) {
                fail_jinja(p, HR_E_FORMAT, "an escape in a string is not a character");
                return;
            }
            n += put_jinja_char(out + n, cp);
        } else if (c != '\n') {
            if (jinja_digit(c) || c == 'N') { fail_jinja(p, HR_E_UNSUPPORTED, "octal and named escapes"); return; }
            out[n++] = '\\', out[n++] = c;
        }
    }
    p->text = (hr_str){out, n};
    p->token = JT_STRING;
    p->pos = end + 1;
}
/* does the tag close here? bytes of the closing mark, else 0 */
static size_t closes_jinja(const jinja_parser *p, bool *cut, bool *keep) {
    const size_t sign = (peek_jinja(p, 0) == '-' || (peek_jinja(p, 0) == '+' && p->close == '%')) ? 1 : 0;
    if (p->nest || peek_jinja(p, sign) != p->close || peek_jinja(p, sign + 1) != '}') return 0;
    *cut = sign && peek_jinja(p, 0) == '-';
    *keep = sign && !*cut;
    return sign + 2;
}
static void end_jinja_tag(jinja_parser *p, size_t bytes, bool cut, bool keep) {
    p->pos += bytes;
    size_t from = p->pos;
    if (cut) while (p->pos < p->src.size && jinja_blank(p->src.data[p->pos])) p->pos++;
    else if (p->close != '}' && !keep) {
        if (peek_jinja(p, 0) == '\r' && peek_jinja(p, 1) == '\n') p->pos += 2;
        else if (peek_jinja(p, 0) == '\n') p->pos++;
    }
    p->line_start = p->pos > from && p->src.data[p->pos - 1] == '\n';
    p->token = JT_CLOSE;
}
static void next_jinja(jinja_parser *p) {
    static const char two[][3] = {"==", "!=", "<=", ">=", "//", "**"};
    bool cut = false, keep = false;
    if (p->status != HR_OK) return;
    while (p->pos < p->src.size && jinja_blank(p->src.data[p->pos])) p->pos++;
    p->at = p->pos;
    if (p->pos >= p->src.size) { fail_jinja(p, HR_E_FORMAT, "the template ends inside a tag"); return; }
    const size_t closing = closes_jinja(p, &cut, &keep);
    if (closing) { end_jinja_tag(p, closing, cut, keep); return; }
    const char c = p->src.data[p->pos];
    size_t n = 0;
    if (c == '\'' || c == '"') { read_jinja_string(p); return; }
    if (jinja_letter(c)) {
        while (jinja_letter(peek_jinja(p, n)) || jinja_digit(peek_jinja(p, n))) n++;
        p->token = JT_NAME;
    } else if (jinja_digit(c)) {
        while (jinja_digit(peek_jinja(p, n))) n++;
        if (peek_jinja(p, n) == '.' && jinja_digit(peek_jinja(p, n + 1))) for (n++; jinja_digit(peek_jinja(p, n));) n++;
        if (jinja_letter(peek_jinja(p, n))) { fail_jinja(p, HR_E_UNSUPPORTED, "a number of this form"); return; }
        p->token = JT_NUMBER;
    } else {
        if (!strchr("()[]{}.,:|=<>!+-*/%~", c) || !c) { fail_jinja(p, HR_E_FORMAT, "unexpected character '%c'", c); return; }
        n = 1;
        for (size_t i = 0; i < HR_COUNT(two); i++) if (c == two[i][0] && peek_jinja(p, 1) == two[i][1]) n = 2;
        if (strchr("([{", c)) p->nest++;
        if (strchr(")]}", c) && p->nest) p->nest--;
        p->token = JT_OP;
    }
    p->text = (hr_str){p->src.data + p->pos, n};
    p->pos += n;
}
static bool is_jop(const jinja_parser *p, const char *op) { return p->token == JT_OP && hr_str_is(p->text, op); }
static bool is_jname(const jinja_parser *p, const char *name) { return p->token == JT_NAME && hr_str_is(p->text, name); }
static bool take_jop(jinja_parser *p, const char *op) {
    if (!is_jop(p, op)) return false;
    next_jinja(p);
    return true;
}
static bool take_jname(jinja_parser *p, const char *name) {
    if (!is_jname(p, name)) return false;
    next_jinja(p);
    return true;
}
static void need_jop(jinja_parser *p, const char *op) {
    if (!take_jop(p, op)) fail_jinja(p, HR_E_FORMAT, "expected '%s'", op);
}
static hr_str need_jname(jinja_parser *p) {
    hr_str name = p->text;
    if (p->token != JT_NAME) { fail_jinja(p, HR_E_FORMAT, "expected a name"); return (hr_str){"", 0}; }
    next_jinja(p);
    return name;
}

/* --- expressions ----------------------------------------------------------------------------------------------------- */
static hr_jnode *parse_jinja_list(jinja_parser *p, hr_jkind kind, const char *end, hr_jnode *first, size_t at) {
    hr_jnode *n = new_jnode(p, kind, at), **tail = n ? &n->a : NULL;
    if (!n) return NULL;
    if (first) *tail = first, tail = &first->next;
    while (p->status == HR_OK && !is_jop(p, end)) {
        hr_jnode *item = parse_jinja_expr(p);
        if (!item) return NULL;
        if (kind == HR_JN_DICT) {
            need_jop(p, ":");
            if (!(item->next = parse_jinja_expr(p))) return NULL;
        }
        *tail = item;
        tail = item->next ? &item->next->next : &item->next;
        if (!take_jop(p, ",")) break;
    }
    need_jop(p, end);
    return n;
}
static hr_jnode *parse_jinja_args(jinja_parser *p) { /* behind '(' */
    hr_jnode *first = NULL, **tail = &first;
    int n = 0;
    while (p->status == HR_OK && !is_jop(p, ")")) {
        const size_t at = p->at;
        if (is_jop(p, "*") || is_jop(p, "**")) return fail_jinja(p, HR_E_UNSUPPORTED, "unpacked arguments");
        hr_jnode *item = parse_jinja_expr(p);
        if (!item) return NULL;
        if (item->kind == HR_JN_NAME && take_jop(p, "=")) {
            hr_jnode *k = new_jnode(p, HR_JN_KEYWORD, at);
            if (!k) return NULL;
            k->text = item->text;
            k->a = parse_jinja_expr(p);
            item = k;
        }
        if (++n > HR_JINJA_MAX_ARGS) return fail_jinja(p, HR_E_LIMIT, "more than %d arguments", HR_JINJA_MAX_ARGS);
        *tail = item, tail = &item->next;
        if (!take_jop(p, ",")) break;
    }
    need_jop(p, ")");
    return first;
}
static hr_jnode *parse_jinja_name(jinja_parser *p, size_t at) {
    static const struct { const char *word; uint8_t type, value; } words[] = {
        {"true", HR_JV_BOOL, 1}, {"True", HR_JV_BOOL, 1}, {"false", HR_JV_BOOL, 0}, {"False", HR_JV_BOOL, 0},
        {"none", HR_JV_NONE, 0}, {"None", HR_JV_NONE, 0}};
    hr_jnode *n = new_jnode(p, HR_JN_NAME, at);
    if (!n) return NULL;
    n->text = p->text;
    for (size_t i = 0; i < HR_COUNT(words); i++)
        if (hr_str_is(p->text, words[i].word)) {
            n->kind = HR_JN_LITERAL;
            n->value.type = words[i].type;
            n->value.u.i = words[i].value;
        }
    next_jinja(p);
    return n;
}
static hr_jnode *parse_jinja_primary(jinja_parser *p) {
    const size_t at = p->at;
    if (p->token == JT_NAME) return parse_jinja_name(p, at);
    if (p->token == JT_STRING) {
        hr_jnode *n = new_jnode(p, HR_JN_LITERAL, at);
        if (!n) return NULL;
        n->value = hr_jv_text(p->text.data, p->text.size);
        next_jinja(p);
        while (p->token == JT_STRING && p->status == HR_OK) { /* adjacent strings are one */
            const size_t total = n->value.n + p->text.size;
            char *both = HR_NEW(p->arena, char, total + 1);
            if (!both) return fail_jinja(p, HR_E_MEMORY, "the template needs more memory than it was given");
            memcpy(both, n->value.u.s, n->value.n);
            if (p->text.size) memcpy(both + n->value.n, p->text.data, p->text.size);
            n->value = hr_jv_text(both, total);
            next_jinja(p);
        }
        return n;
    }
    if (p->token == JT_NUMBER) {
        hr_jnode *n = new_jnode(p, HR_JN_LITERAL, at);
        if (n && !hr_jnumber(p->text, &n->value)) return fail_jinja(p, HR_E_UNSUPPORTED, "a number of so many digits");
        next_jinja(p);
        return n;
    }
    if (take_jop(p, "[")) return parse_jinja_list(p, HR_JN_LIST, "]", NULL, at);
    if (take_jop(p, "{")) return parse_jinja_list(p, HR_JN_DICT, "}", NULL, at);
    if (!take_jop(p, "(")) return fail_jinja(p, HR_E_FORMAT, "expected an expression");
    if (is_jop(p, ")")) return parse_jinja_list(p, HR_JN_TUPLE, ")", NULL, at);
    hr_jnode *first = parse_jinja_expr(p);
    if (first && take_jop(p, ",")) return parse_jinja_list(p, HR_JN_TUPLE, ")", first, at);
    need_jop(p, ")");
    return first;
}
static hr_jnode *parse_jinja_index(jinja_parser *p, hr_jnode *subject, size_t at) { /* behind '[' */
    hr_jnode *n = new_jnode(p, HR_JN_INDEX, at), *part[3] = {NULL, NULL, NULL};
    int i = 0;
    if (!n) return NULL;
    n->a = subject;
    while (p->status == HR_OK && !is_jop(p, "]")) {
        if (is_jop(p, ":")) {
            n->kind = HR_JN_SLICE;
            if (++i > 2) return fail_jinja(p, HR_E_FORMAT, "a slice has at most three parts");
            next_jinja(p);
        } else if (part[i]) return fail_jinja(p, HR_E_FORMAT, "expected ']'");
        else part[i] = parse_jinja_expr(p);
    }
    need_jop(p, "]");
    n->b = part[0], n->c = part[1], n->d = part[2];
    if (n->kind == HR_JN_INDEX && !n->b) return fail_jinja(p, HR_E_FORMAT, "an index is missing");
    return n;
}
static hr_jnode *parse_jinja_postfix(jinja_parser *p, hr_jnode *n) {
    while (n && p->status == HR_OK) {
        const size_t at = p->at;
        if (take_jop(p, ".")) {
            hr_jnode *get = new_jnode(p, HR_JN_ATTRIBUTE, at);
            if (!get) return NULL;
            get->a = n;
            if (p->token == JT_NUMBER) {
                get->kind = HR_JN_INDEX;
                get->b = parse_jinja_primary(p);
            } else get->text = need_jname(p);
            n = get;
        } else if (take_jop(p, "[")) n = parse_jinja_index(p, n, at);
        else if (take_jop(p, "(")) {
            hr_jnode *call = new_jnode(p, HR_JN_CALL, at);
            if (!call) return NULL;
            call->a = n;
            call->b = parse_jinja_args(p);
            n = call;
        } else break;
    }
    return n;
}
static hr_jnode *parse_jinja_filter(jinja_parser *p, hr_jnode *subject, size_t at) { /* behind '|' */
    hr_jnode *n = new_jnode(p, HR_JN_FILTER, at);
    if (!n) return NULL;
    n->a = subject;
    n->text = need_jname(p);
    if (take_jop(p, "(")) n->b = parse_jinja_args(p);
    return n;
}
static hr_jnode *parse_jinja_test(jinja_parser *p, hr_jnode *subject, size_t at) { /* behind 'is' */
    hr_jnode *n = new_jnode(p, HR_JN_TEST, at);
    if (!n) return NULL;
    n->op = take_jname(p, "not");
    n->a = subject;
    n->text = need_jname(p);
    const bool word = is_jname(p, "else") || is_jname(p, "or") || is_jname(p, "and") || is_jname(p, "if") || is_jname(p, "is");
    if (take_jop(p, "(")) n->b = parse_jinja_args(p);
    else if (!word && (p->token == JT_NAME || p->token == JT_STRING || p->token == JT_NUMBER || is_jop(p, "[") || is_jop(p, "{")))
        n->b = parse_jinja_postfix(p, parse_jinja_primary(p));
    return n;
}
static hr_jnode *parse_jinja_unary(jinja_parser *p, bool filters) {
    const size_t start = p->at;
    hr_jnode *n;
    if (++p->depth > HR_JINJA_MAX_DEPTH) return fail_jinja(p, HR_E_LIMIT, "nested deeper than %d", HR_JINJA_MAX_DEPTH);
    if (is_jop(p, "-") || is_jop(p, "+")) {
        const bool minus = is_jop(p, "-");
        next_jinja(p);
        if ((n = new_jnode(p, HR_JN_NEGATE, start)) != NULL) {
            n->op = minus;
            n->a = parse_jinja_unary(p, false);
        }
    } else n = parse_jinja_primary(p);
    n = parse_jinja_postfix(p, n);
    while (filters && n && p->status == HR_OK) {
        const size_t at = p->at;
        if (take_jop(p, "|")) n = parse_jinja_filter(p, n, at);
        else if (take_jname(p, "is")) n = parse_jinja_test(p, n, at);
        else if (take_jop(p, "(")) {
            hr_jnode *call = new_jnode(p, HR_JN_CALL, at);
            if (!call) return NULL;
            call->a = n;
            call->b = parse_jinja_args(p);
            n = call;
        } else break;
    }
    p->depth--;
    return n;
}
/* binary operators by level: 0 + -   1 ~   2 * / // %   3 ** */
static hr_jnode *parse_jinja_binary(jinja_parser *p, int level) {
    static const char *const ops[4][4] = {{"+", "-"}, {"~"}, {"*", "/", "//", "%"}, {"**"}};
    static const char codes[4][5] = {"+-", "~", "*/d%", "p"};
    if (level == 4) return parse_jinja_unary(p, true);
    hr_jnode *left = parse_jinja_binary(p, level + 1);
    while (left && p->status == HR_OK) {
        int which = -1;
        for (int i = 0; i < 4 && ops[level][i]; i++) if (is_jop(p, ops[level][i])) which = i;
        if (which < 0) break;
        hr_jnode *n = new_jnode(p, HR_JN_BINARY, p->at);
        if (!n) return NULL;
        next_jinja(p);
        n->op = (uint8_t)codes[level][which];
        n->a = left;
        n->b = parse_jinja_binary(p, level + 1);
        left = n;
    }
    return left;
}
static uint8_t take_jinja_compare(jinja_parser *p) {
    static const char *const ops[] = {"==", "!=", "<=", ">=", "<", ">"};
    for (size_t i = 0; i < HR_COUNT(ops); i++) if (take_jop(p, ops[i])) return (uint8_t)("=!lg<>"[i]);
    if (take_jname(p, "in")) return 'i';
    if (!is_jname(p, "not")) return 0;
    next_jinja(p);
    if (take_jname(p, "in")) return 'n';
    fail_jinja(p, HR_E_FORMAT, "expected 'in' behind 'not'");
    return 0;
}
static hr_jnode *parse_jinja_compare(jinja_parser *p) {
    hr_jnode *left = parse_jinja_binary(p, 0), *chain = NULL, **tail = NULL;
    while (left && p->status == HR_OK) {
        const size_t at = p->at;
        const uint8_t op = take_jinja_compare(p);
        if (!op) break;
        hr_jnode *n = new_jnode(p, HR_JN_COMPARE, at);
        if (!n) return NULL;
        n->op = op;
        n->b = parse_jinja_binary(p, 0);
        if (!chain) n->a = left, chain = n;
        else *tail = n;
        tail = &n->c; /* the rest of a chain: each operand with the one before it */
    }
    return chain ? chain : left;
}
static hr_jnode *parse_jinja_not(jinja_parser *p) {
    const size_t at = p->at;
    if (!is_jname(p, "not")) return parse_jinja_compare(p);
    if (++p->depth > HR_JINJA_MAX_DEPTH) return fail_jinja(p, HR_E_LIMIT, "nested deeper than %d", HR_JINJA_MAX_DEPTH);
    next_jinja(p);
    hr_jnode *n = new_jnode(p, HR_JN_NOT, at);
    if (n) n->a = parse_jinja_not(p);
    p->depth--;
    return n;
}
static hr_jnode *parse_jinja_logic(jinja_parser *p, bool is_or) {
    hr_jnode *left = is_or ? parse_jinja_logic(p, false) : parse_jinja_not(p);
    while (left && p->status == HR_OK && is_jname(p, is_or ? "or" : "and")) {
        hr_jnode *n = new_jnode(p, is_or ? HR_JN_OR : HR_JN_AND, p->at);
        if (!n) return NULL;
        next_jinja(p);
        n->a = left;
        n->b = is_or ? parse_jinja_logic(p, false) : parse_jinja_not(p);
        left = n;
    }
    return left;
}
static hr_jnode *parse_jinja_expr(jinja_parser *p) {
    hr_jnode *n;
    if (++p->depth > HR_JINJA_MAX_DEPTH) return fail_jinja(p, HR_E_LIMIT, "nested deeper than %d", HR_JINJA_MAX_DEPTH);
    n = parse_jinja_logic(p, true);
    while (n && p->status == HR_OK && is_jname(p, "if")) {
        hr_jnode *choice = new_jnode(p, HR_JN_IF_ELSE, p->at);
        if (!choice) return NULL;
        next_jinja(p);
        choice->a = parse_jinja_logic(p, true);
        choice->b = n;
        if (take_jname(p, "else")) choice->c = parse_jinja_expr(p);
        n = choice;
    }
    p->depth--;
    return p->status == HR_OK ? n : NULL;
}
/* a, b: a tuple without brackets */
static hr_jnode *parse_jinja_tuple(jinja_parser *p, bool targets) {
    const size_t at = p->at;
    hr_jnode *n = targets ? parse_jinja_postfix(p, parse_jinja_primary(p)) : parse_jinja_expr(p);
    if (!n || !is_jop(p, ",")) return n;
    hr_jnode *all = new_jnode(p, HR_JN_TUPLE, at), **tail = &n->next;
    if (!all) return NULL;
    all->a = n;
    while (take_jop(p, ",") && p->token != JT_CLOSE && !is_jname(p, "in") && !is_jop(p, "=")) {
        n = targets ? parse_jinja_postfix(p, parse_jinja_primary(p)) : parse_jinja_expr(p);
        if (!n) return NULL;
        *tail = n, tail = &n->next;
    }
    return all;
}

/* --- statements -------------------------------------------------------------------------------------------------------- */
static void need_jinja_close(jinja_parser *p) {
    if (p->token != JT_CLOSE) fail_jinja(p, HR_E_FORMAT, "the tag does not end here");
}
static void need_jinja_end(jinja_parser *p, const char *name) {
    if (p->status != HR_OK) return;
    if (!is_jname(p, name)) fail_jinja(p, HR_E_FORMAT, "expected '%s'", name);
    next_jinja(p);
    need_jinja_close(p);
}
/* name at hand is one of "a b c" */
static bool is_jinja_end(const jinja_parser *p, const char *ends) {
    for (const char *e = ends; e && *e; e += *e == ' ') {
        const char *blank = strchr(e, ' ');
        const size_t n = blank ? (size_t)(blank - e) : strlen(e);
        if (p->token == JT_NAME && p->text.size == n && memcmp(p->text.data, e, n) == 0) return true;
        e += n;
    }
    return false;
}
static hr_jnode *parse_jinja_if(jinja_parser *p, size_t at) { /* behind 'if' or 'elif' */
    hr_jnode *first = NULL, **link = &first;
    for (;;) {
        hr_jnode *n = new_jnode(p, HR_JN_IF, at);
        if (!n) return NULL;
        *link = n;
        n->op = first == n ? 0 : 'e'; /* an elif is not a statement of the else */
        n->a = parse_jinja_tuple(p, false);
        need_jinja_close(p);
        n->c = parse_jinja_body(p, "elif else endif");
        link = &n->d;
        if (p->status != HR_OK) return NULL;
        at = p->at;
        if (!take_jname(p, "elif")) break;
    }
    if (take_jname(p, "else")) {
        need_jinja_close(p);
        *link = parse_jinja_body(p, "endif");
    }
    need_jinja_end(p, "endif");
    return first;
}
static bool check_jinja_target(jinja_parser *p, const hr_jnode *t) {
    if (!t) return false;
    if (t->kind == HR_JN_NAME) return true;
    if (t->kind != HR_JN_TUPLE || !t->a) { fail_jinja(p, HR_E_FORMAT, "cannot be assigned to"); return false; }
    for (const hr_jnode *e = t->a; e; e = e->next)
        if (e->kind != HR_JN_NAME) { fail_jinja(p, HR_E_FORMAT, "cannot be assigned to"); return false; }
    return true;
}
static hr_jnode *parse_jinja_for(jinja_parser *p, size_t at) {
    hr_jnode *n = new_jnode(p, HR_JN_FOR, at);
    if (!n) return NULL;
    n->a = parse_jinja_tuple(p, true);
    if (!check_jinja_target(p, n->a)) return NULL;
    if (!take_jname(p, "in")) return fail_jinja(p, HR_E_FORMAT, "expected 'in'");
    n->b = parse_jinja_logic(p, true);
    if (n->b && is_jop(p, ",")) return fail_jinja(p, HR_E_UNSUPPORTED, "a tuple without brackets");
    if (take_jname(p, "if")) n->e = parse_jinja_expr(p);
    if (is_jname(p, "recursive")) return fail_jinja(p, HR_E_UNSUPPORTED, "recursive loops");
    need_jinja_close(p);
    p->loops++;
    n->c = parse_jinja_body(p, "else endfor");
    p->loops--;
    if (take_jname(p, "else")) {
        need_jinja_close(p);
        n->d = parse_jinja_body(p, "endfor");
    }
    need_jinja_end(p, "endfor");
    return n;
}
static hr_jnode *parse_jinja_set(jinja_parser *p, size_t at) {
    hr_jnode *n = new_jnode(p, HR_JN_SET, at);
    if (!n) return NULL;
    n->a = parse_jinja_tuple(p, true);
    if (!n->a) return NULL;
    if (n->a->kind != HR_JN_ATTRIBUTE || n->a->a->kind != HR_JN_NAME) if (!check_jinja_target(p, n->a)) return NULL;
    if (take_jop(p, "=")) n->b = parse_jinja_tuple(p, false);
    else {
        n->kind = HR_JN_SET_BLOCK;
        while (take_jop(p, "|")) n->b = parse_jinja_filter(p, n->b, p->at);
        need_jinja_close(p);
        n->c = parse_jinja_body(p, "endset");
        need_jinja_end(p, "endset");
        return n;
    }
    need_jinja_close(p);
    return n;
}
static hr_jnode *parse_jinja_macro(jinja_parser *p, size_t at) {
    hr_jnode *n = new_jnode(p, HR_JN_MACRO, at), **tail = n ? &n->a : NULL;
    int count = 0;
    if (!n) return NULL;
    n->text = need_jname(p);
    need_jop(p, "(");
    while (p->status == HR_OK && !is_jop(p, ")")) {
        hr_jnode *one = new_jnode(p, HR_JN_NAME, p->at);
        if (!one) return NULL;
        one->text = need_jname(p);
        if (take_jop(p, "=")) one->a = parse_jinja_expr(p);
        if (++count > HR_JINJA_MAX_ARGS) return fail_jinja(p, HR_E_LIMIT, "more than %d parameters", HR_JINJA_MAX_ARGS);
        *tail = one, tail = &one->next;
        if (!take_jop(p, ",")) break;
    }
    need_jop(p, ")");
    need_jinja_close(p);
    const uint32_t loops = p->loops;
    p->loops = 0;
    n->c = parse_jinja_body(p, "endmacro");
    p->loops = loops;
    need_jinja_end(p, "endmacro");
    return n;
}
static hr_jnode *parse_jinja_statement(jinja_parser *p) {
    const size_t at = p->at;
    const hr_str word = need_jname(p);
    hr_jnode *n;
    if (p->status != HR_OK) return NULL;
    if (hr_str_is(word, "if")) return parse_jinja_if(p, at);
    if (hr_str_is(word, "for")) return parse_jinja_for(p, at);
    if (hr_str_is(word, "set")) return parse_jinja_set(p, at);
    if (hr_str_is(word, "macro")) return parse_jinja_macro(p, at);
    if (hr_str_is(word, "break") || hr_str_is(word, "continue")) {
        n = new_jnode(p, hr_str_is(word, "break") ? HR_JN_BREAK : HR_JN_CONTINUE, at);
        if (!p->loops) return fail_jinja(p, HR_E_FORMAT, "outside of a loop");
        need_jinja_close(p);
        return n;
    }
    if (hr_str_is(word, "generation")) {
        if (!(n = new_jnode(p, HR_JN_BLOCK, at))) return NULL;
        need_jinja_close(p);
        n->c = parse_jinja_body(p, "endgeneration");
        need_jinja_end(p, "endgeneration");
        return n;
    }
    if (hr_str_is(word, "filter")) {
        if (!(n = new_jnode(p, HR_JN_FILTER_BLOCK, at))) return NULL;
        n->b = parse_jinja_filter(p, NULL, p->at);
        while (take_jop(p, "|")) n->b = parse_jinja_filter(p, n->b, p->at);
        need_jinja_close(p);
        n->c = parse_jinja_body(p, "endfilter");
        need_jinja_end(p, "endfilter");
        return n;
    }
    p->at = at;
    return fail_jinja(p, HR_E_UNSUPPORTED, "the tag '%.*s'", (int)hr_min_size(word.size, 40), word.data);
}

/* --- text between tags ----------------------------------------------------------------------------------------------------- */
/* Text from p->pos to the next tag, cut as the tag's sign and lstrip_blocks want; true: a tag follows, p->pos on it. */
static bool read_jinja_text(jinja_parser *p, hr_str *text) {
    const char *s = p->src.data;
    size_t from = p->pos, to = from, end;
    while (to + 1 < p->src.size && !(s[to] == '{' && (s[to + 1] == '{' || s[to + 1] == '%' || s[to + 1] == '#'))) to++;
    const bool tag = to + 1 < p->src.size;
    if (!tag) to = p->src.size;
    end = to;
    const char sign = tag && to + 2 < p->src.size ? s[to + 2] : 0;
    if (tag && sign == '-') while (end > from && jinja_blank(s[end - 1])) end--;
    else if (tag && sign != '+' && s[to + 1] != '{') {
        size_t line = to;
        while (line > from && s[line - 1] != '\n' && jinja_blank(s[line - 1])) line--;
        if (line > from ? s[line - 1] == '\n' : p->line_start) end = line;
    }
    *text = (hr_str){s + from, end - from};
    p->pos = to;
    p->line_start = false;
    return tag;
}
static void skip_jinja_comment(jinja_parser *p) {
    p->at = p->pos;
    for (p->pos += 2; p->pos + 1 < p->src.size; p->pos++)
        if (p->src.data[p->pos] == '#' && p->src.data[p->pos + 1] == '}') {
            const char sign = p->src.data[p->pos - 1];
            p->close = '#';
            end_jinja_tag(p, 2, sign == '-', sign == '+');
            return;
        }
    fail_jinja(p, HR_E_FORMAT, "a comment is not closed");
}
/* {% raw %} is at hand: its text, p->pos behind {% endraw %} */
static bool read_jinja_raw(jinja_parser *p, hr_str *text) {
    const char *s = p->src.data;
    const size_t from = p->pos;
    for (size_t i = from; i + 1 < p->src.size; i++) {
        size_t k = i + 2;
        if (s[i] != '{' || s[i + 1] != '%') continue;
        const char sign = k < p->src.size ? s[k] : 0;
        if (sign == '-' || sign == '+') k++;
        while (k < p->src.size && jinja_blank(s[k])) k++;
        if (p->src.size - k < 6 || memcmp(s + k, "endraw", 6) != 0) continue;
        size_t end = i;
        if (sign == '-') while (end > from && jinja_blank(s[end - 1])) end--;
        else if (sign != '+') {
            while (end > from && s[end - 1] != '\n' && jinja_blank(s[end - 1])) end--;
            if (end > from ? s[end - 1] != '\n' : !p->line_start) end = i;
        }
        *text = (hr_str){s + from, end - from};
        p->pos = k + 6;
        next_jinja(p);
        need_jinja_close(p);
        return p->status == HR_OK;
    }
    fail_jinja(p, HR_E_FORMAT, "'raw' is not closed");
    return false;
}
static bool add_jinja_text(jinja_parser *p, hr_str text, hr_jnode ***tail) {
    if (text.size == 0) return true;
    hr_jnode *n = new_jnode(p, HR_JN_TEXT, (size_t)(text.data - p->src.data));
    if (!n) return false;
    n->text = text;
    **tail = n;
    *tail = &n->next;
    return true;
}
/* Until a tag of `ends` (its word is then at hand) or, with NULL, the end of the source. */
static hr_jnode *parse_jinja_body(jinja_parser *p, const char *ends) {
    hr_jnode *first = NULL, **tail = &first;
    hr_str text;
    if (++p->depth > HR_JINJA_MAX_DEPTH) return fail_jinja(p, HR_E_LIMIT, "nested deeper than %d", HR_JINJA_MAX_DEPTH);
    while (p->status == HR_OK) {
        const bool tag = read_jinja_text(p, &text);
        if (!add_jinja_text(p, text, &tail)) return NULL;
        if (!tag) {
            p->at = p->pos;
            if (ends) return fail_jinja(p, HR_E_FORMAT, "the template ends, expected one of: %s", ends);
            break;
        }
        const char kind = p->src.data[p->pos + 1];
        if (kind == '#') { skip_jinja_comment(p); continue; }
        p->close = kind == '{' ? '}' : '%';
        p->nest = 0;
        p->pos += 2;
        if (peek_jinja(p, 0) == '-' || peek_jinja(p, 0) == '+') p->pos++;
        next_jinja(p);
        hr_jnode *n;
        if (kind == '{') {
            if ((n = new_jnode(p, HR_JN_PRINT, p->at)) != NULL) n->a = parse_jinja_tuple(p, false);
            need_jinja_close(p);
        } else if (is_jinja_end(p, ends)) break;
        else if (is_jname(p, "raw")) {
            next_jinja(p);
            need_jinja_close(p);
            if (p->status != HR_OK || !read_jinja_raw(p, &text) || !add_jinja_text(p, text, &tail)) return NULL;
            continue;
        } else n = parse_jinja_statement(p);
        if (!n || p->status != HR_OK) return NULL;
        *tail = n, tail = &n->next;
    }
    p->depth--;
    return first;
}
hr_status hr_jinja_parse(hr_arena *arena, hr_str source, hr_jinja *out, hr_error *err) {
    jinja_parser p = {.arena = arena, .src = source, .err = err, .line_start = true};
    memset(out, 0, sizeof *out);
    if (source.size > HR_JINJA_MAX_SOURCE)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "template", "more than %d bytes", HR_JINJA_MAX_SOURCE);
    if (!hr_utf8_valid(source.data, source.size))
        return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "template", "it is not UTF-8");
    if (source.size && memchr(source.data, '\r', source.size)) { /* as the reference: every line end is a newline */
        char *copy = HR_NEW(arena, char, source.size);
        size_t n = 0;
        if (!copy) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "template", "no memory for it");
        for (size_t i = 0; i < source.size; i++) {
            if (source.data[i] == '\r' && i + 1 < source.size && source.data[i + 1] == '\n') continue;
            copy[n++] = source.data[i] == '\r' ? '\n' : source.data[i];
        }
        p.src = (hr_str){copy, n};
    }
    if (p.src.size && p.src.data[p.src.size - 1] == '\n') p.src.size--;
    out->body = parse_jinja_body(&p, NULL);
    out->source = p.src;
    return p.status;
}
HR_SMALL_END
