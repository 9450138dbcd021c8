/* permission_parse.c: policy text (permission.h) to rules. One word at a time through the cursor, strict everywhere: what
 * is not understood is an error with line and column, never skipped. */
#include "policy/permission.h"

HR_SMALL_BEGIN

typedef struct policy_reader {
    hr_cur cur;
    hr_policy *p;
    hr_error *err;
    uint32_t line;
    size_t line_at;   /* offset of the line's first byte */
    size_t word_at;
    bool at_end;      /* of the line: there is no word */
} policy_reader;

static hr_status policy_fail(policy_reader *r, hr_status status, const char *what, hr_str word) {
    char where[64];
    hr_format(where, sizeof where, "line %u, column %u", r->line, (unsigned)(r->word_at - r->line_at + 1));
    return hr_fail(r->err, status, r->word_at, where, "%s%s%.*s", what, word.size ? ": " : "",
                   (int)hr_min_size(word.size, HR_POLICY_NAME_BYTES), word.size ? word.data : "");
}
static int peek_policy_byte(const policy_reader *r) {
    return hr_cur_left(&r->cur) ? (int)r->cur.data[r->cur.pos] : -1;
}
/* The next word of the line: bytes without blanks. One or more spaces between words; a comment ends the line. */
static hr_str next_policy_word(policy_reader *r) {
    while (peek_policy_byte(r) == ' ') hr_cur_u8(&r->cur);
    r->word_at = r->cur.pos;
    if (peek_policy_byte(r) == '#') while (peek_policy_byte(r) >= 0 && peek_policy_byte(r) != '\n') hr_cur_u8(&r->cur);
    const size_t start = r->cur.pos;
    while (peek_policy_byte(r) > ' ' && peek_policy_byte(r) != '#') hr_cur_u8(&r->cur);
    r->at_end = r->cur.pos == start;
    return (hr_str){(const char *)r->cur.data + start, r->cur.pos - start};
}
static hr_status end_policy_line(policy_reader *r) {
    const hr_str more = next_policy_word(r);
    const int b = peek_policy_byte(r);
    if (!r->at_end) return policy_fail(r, HR_E_FORMAT, "more than the statement takes", more);
    if (b >= 0 && b != '\n') {
        r->word_at = r->cur.pos;
        return policy_fail(r, HR_E_FORMAT, "a control character", hr_str_of(""));
    }
    if (b == '\n') hr_cur_u8(&r->cur);
    r->line++;
    r->line_at = r->word_at = r->cur.pos;
    return HR_OK;
}
static hr_status expect_policy_word(policy_reader *r, const char *literal) {
    const hr_str w = next_policy_word(r);
    return hr_str_is(w, literal) ? HR_OK : policy_fail(r, HR_E_FORMAT, "expected", hr_str_of(literal));
}
static hr_status read_policy_number(policy_reader *r, uint32_t *out) {
    const hr_str w = next_policy_word(r);
    uint64_t v = 0;
    *out = 0;
    for (size_t i = 0; i < w.size; i++) {
        if (w.data[i] < '0' || w.data[i] > '9' || i > 9 || (i == 1 && v == 0)) return policy_fail(r, HR_E_FORMAT,
            "not a number", w);
        v = v * 10 + (uint64_t)(w.data[i] - '0');
    }
    if (w.size == 0 || v > UINT32_MAX) return policy_fail(r, HR_E_FORMAT, "expected a number below 2^32", w);
    *out = (uint32_t)v;
    return HR_OK;
}

/* --- names --------------------------------------------------------------------------------------------------------- */
static bool name_is_good(hr_str w, bool with_slash) {
    char before = '/';
    if (w.size == 0 || w.size > HR_POLICY_NAME_BYTES) return false;
    for (size_t i = 0; i < w.size; before = w.data[i++]) {
        const char c = w.data[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (before == '/' || !(c == '.' || c == '_' || c == '-' || (c == '/' && with_slash)))) return false;
    }
    return before != '/';
}
static hr_status add_policy_name(policy_reader *r, hr_name_kind kind, hr_str w) {
    hr_policy *p = r->p;
    if (!name_is_good(w, kind == HR_NAME_SCOPE)) return policy_fail(r, HR_E_FORMAT, "not a name of a-z 0-9 . _ -", w);
    if (hr_policy_id(p, kind, w) >= 0) return policy_fail(r, HR_E_FORMAT, "declared twice, or taken", w);
    if (p->n_names[kind] >= HR_POLICY_NAMES || p->n_text + w.size + 1 > sizeof p->text) {
        return policy_fail(r, HR_E_LIMIT, "too many names", w);
    }
    p->name_at[kind][p->n_names[kind]++] = (uint16_t)p->n_text;
    memcpy(p->text + p->n_text, w.data, w.size);
    p->n_text += (uint32_t)w.size;
    p->text[p->n_text++] = 0;
    return HR_OK;
}
static const char *const purpose_word[HR_N_PURPOSES] = {"answer", "personalise", "tool", "telemetry", "upload"};
static const char *const sink_word[HR_TO_TOOL] = {"screen", "prompt", "export"};

hr_str hr_policy_name(const hr_policy *p, hr_name_kind kind, int id) {
    if (id < 0 || (unsigned)kind >= HR_N_NAME_KINDS || (uint32_t)id >= p->n_names[kind]) return hr_str_of("?");
    if (kind == HR_NAME_PURPOSE) return hr_str_of(purpose_word[id]);
    if (kind == HR_NAME_SINK && id < HR_TO_TOOL) return hr_str_of(sink_word[id]);
    return hr_str_of(p->text + p->name_at[kind][id]);
}
int hr_policy_id(const hr_policy *p, hr_name_kind kind, hr_str name) {
    if ((unsigned)kind >= HR_N_NAME_KINDS) return -1;
    for (int i = 0; i < (int)p->n_names[kind]; i++) {
        const hr_str s = hr_policy_name(p, kind, i);
        if (s.size == name.size && memcmp(s.data, name.data, s.size) == 0) return i;
    }
    return -1;
}

/* --- lists and statements ------------------------------------------------------------------------------------------ */
/* `*` or names joined by commas, each declared and named once. */
static hr_status read_policy_set(policy_reader *r, hr_name_kind kind, bool *star, uint64_t *out) {
    const hr_str w = next_policy_word(r);
    *out = 0;
    *star = hr_str_is(w, "*");
    if (*star) {
        *out = UINT64_MAX;
        return HR_OK;
    }
    for (size_t i = 0, begin = 0; i <= w.size; i++) {
        if (i < w.size && w.data[i] != ',') continue;
        const hr_str one = {w.data + begin, i - begin};
        const int id = hr_policy_id(r->p, kind, one);
        if (id < 0) return policy_fail(r, HR_E_FORMAT, one.size ? "not declared" : "a name is missing", one);
        if (*out >> id & 1) return policy_fail(r, HR_E_FORMAT, "named twice", one);
        *out |= (uint64_t)1 << id;
        begin = i + 1;
    }
    return HR_OK;
}
static hr_status read_policy_conditions(policy_reader *r, hr_rule *rule) {
    hr_str w = next_policy_word(r);
    if (r->at_end) return HR_OK;
    if (!hr_str_is(w, "if")) return policy_fail(r, HR_E_FORMAT, "expected 'if' or the end of the line", w);
    if (rule->deny) return policy_fail(r, HR_E_FORMAT, "a deny is without conditions", w);
    for (w = next_policy_word(r); !r->at_end; w = next_policy_word(r)) {
        const uint8_t bit = hr_str_is(w, "consent")   ? HR_IF_CONSENT
                            : hr_str_is(w, "confirm") ? HR_IF_CONFIRM
                            : hr_str_is(w, "trusted") ? HR_IF_TRUSTED
                                                      : 0;
        if (!bit) return policy_fail(r, HR_E_FORMAT, "expected consent N, confirm or trusted", w);
        if (rule->ask & bit) return policy_fail(r, HR_E_FORMAT, "said twice", w);
        rule->ask |= bit;
        if (bit == HR_IF_CONSENT) HR_TRY(read_policy_number(r, &rule->consent));
    }
    return rule->ask ? HR_OK : policy_fail(r, HR_E_FORMAT, "a condition is missing", w);
}
static hr_status read_policy_rule(policy_reader *r, bool deny) {
    hr_rule rule;
    bool star;
    uint64_t purposes;
    memset(&rule, 0, sizeof rule);
    if (r->p->n_rules >= HR_POLICY_RULES) return policy_fail(r, HR_E_LIMIT, "too many rules", hr_str_of(""));
    rule.line = r->line;
    rule.deny = deny;
    HR_TRY(read_policy_set(r, HR_NAME_SUBJECT, &star, &rule.subjects));
    HR_TRY(read_policy_set(r, HR_NAME_SCOPE, &star, &rule.scopes));
    rule.any_scope = star;
    HR_TRY(expect_policy_word(r, "for"));
    HR_TRY(read_policy_set(r, HR_NAME_PURPOSE, &star, &purposes));
    rule.purposes = (uint8_t)purposes;
    HR_TRY(expect_policy_word(r, "to"));
    HR_TRY(read_policy_set(r, HR_NAME_SINK, &star, &rule.sinks));
    HR_TRY(read_policy_conditions(r, &rule));
    r->p->rules[r->p->n_rules++] = rule;
    return HR_OK;
}
static hr_status read_policy_scope(policy_reader *r) {
    const hr_str w = next_policy_word(r);
    hr_policy *p = r->p;
    size_t cut = w.size;
    int parent = -1;
    while (cut > 0 && w.data[cut - 1] != '/') cut--;
    if (cut > 1) {
        parent = hr_policy_id(p, HR_NAME_SCOPE, (hr_str){w.data, cut - 1});
        if (parent < 0 && name_is_good(w, true)) return policy_fail(r, HR_E_FORMAT,
            "the scope above it is not declared", w);
    }
    HR_TRY(add_policy_name(r, HR_NAME_SCOPE, w));
    p->parent[p->n_names[HR_NAME_SCOPE] - 1] = (int8_t)parent;
    return HR_OK;
}
static hr_status read_policy_derived(policy_reader *r) {
    hr_policy *p = r->p;
    const uint32_t i = p->n_names[HR_NAME_DERIVED];
    bool star;
    uint64_t purposes;
    HR_TRY(add_policy_name(r, HR_NAME_DERIVED, next_policy_word(r)));
    HR_TRY(expect_policy_word(r, "from"));
    const hr_str from = next_policy_word(r);
    const int scope = hr_policy_id(p, HR_NAME_SCOPE, from), made = hr_policy_id(p, HR_NAME_DERIVED, from);
    if (scope < 0 && (made < 0 || (uint32_t)made == i)) return policy_fail(r, HR_E_FORMAT, "not declared", from);
    if (scope >= 0 && made >= 0) return policy_fail(r, HR_E_FORMAT, "both a scope and a derived thing", from);
    HR_TRY(expect_policy_word(r, "for"));
    HR_TRY(read_policy_set(r, HR_NAME_PURPOSE, &star, &purposes));
    /* what was made of something goes when that goes, for its purposes as well */
    p->derived[i].scopes = scope >= 0 ? (uint64_t)1 << scope : p->derived[made].scopes;
    p->derived[i].purposes = (uint8_t)(purposes | (made >= 0 ? p->derived[made].purposes : 0u));
    return HR_OK;
}
static hr_status read_policy_statement(policy_reader *r, hr_str w) {
    if (hr_str_is(w, "allow")) return read_policy_rule(r, false);
    if (hr_str_is(w, "deny")) return read_policy_rule(r, true);
    if (hr_str_is(w, "scope")) return read_policy_scope(r);
    if (hr_str_is(w, "subject")) return add_policy_name(r, HR_NAME_SUBJECT, next_policy_word(r));
    if (hr_str_is(w, "tool")) return add_policy_name(r, HR_NAME_SINK, next_policy_word(r));
    if (hr_str_is(w, "derived")) return read_policy_derived(r);
    return policy_fail(r, HR_E_FORMAT, "unknown statement", w);
}

/* Everything below a scope is in the rule as well; parents have lower ids. */
static void spread_policy_scopes(hr_policy *p) {
    for (uint32_t s = 0; s < p->n_names[HR_NAME_SCOPE]; s++) {
        if (p->parent[s] < 0) continue;
        const uint64_t up = (uint64_t)1 << p->parent[s], own = (uint64_t)1 << s;
        for (uint32_t i = 0; i < p->n_rules; i++) if (p->rules[i].scopes & up) p->rules[i].scopes |= own;
        for (uint32_t i = 0; i < p->n_names[HR_NAME_DERIVED];
            i++) if (p->derived[i].scopes & up) p->derived[i].scopes |= own;
    }
}
/* Which rules speak of a name, so that a decision looks at no others. */
static void index_policy_rules(hr_policy *p) {
    for (uint32_t i = 0; i < p->n_rules; i++) {
        const hr_rule *r = &p->rules[i];
        const uint64_t bits[HR_N_NAME_KINDS] = {r->subjects, r->scopes, r->sinks, 0, r->purposes};
        for (int k = 0; k < HR_N_NAME_KINDS; k++)
            for (int id = 0; id < HR_POLICY_NAMES; id++) p->rules_of[k][id][i / 64] |= (bits[k] >> id & 1) << i % 64;
        p->rules_of[HR_NAME_SCOPE][HR_POLICY_NAMES][i / 64] |= (uint64_t)r->any_scope << i % 64;
    }
}
static void empty_policy(hr_policy *p) {
    memset(p, 0, sizeof *p);
    p->n_names[HR_NAME_SINK] = HR_TO_TOOL;
    p->n_names[HR_NAME_PURPOSE] = HR_N_PURPOSES;
}
static hr_status read_policy(policy_reader *r) {
    uint32_t format;
    bool has_version = false;
    HR_TRY(expect_policy_word(r, "hearth-policy"));
    HR_TRY(read_policy_number(r, &format));
    if (format != 1) return policy_fail(r, HR_E_UNSUPPORTED, "only format 1 is known", hr_str_of(""));
    HR_TRY(end_policy_line(r));
    while (hr_cur_left(&r->cur)) {
        const hr_str w = next_policy_word(r);
        if (hr_str_is(w, "version")) {
            if (has_version) return policy_fail(r, HR_E_FORMAT, "a second version", hr_str_of(""));
            HR_TRY(read_policy_number(r, &r->p->version));
            has_version = true;
        } else if (!r->at_end) {
            if (!has_version) return policy_fail(r, HR_E_FORMAT, "the version comes first", w);
            HR_TRY(read_policy_statement(r, w));
        }
        HR_TRY(end_policy_line(r));
    }
    return has_version ? HR_OK : policy_fail(r, HR_E_FORMAT, "there is no version", hr_str_of(""));
}
hr_status hr_policy_parse(hr_policy *p, const void *text, size_t n, hr_error *err) {
    policy_reader r;
    memset(&r, 0, sizeof r);
    empty_policy(p);
    if (n > HR_POLICY_BYTES) return hr_fail(err, HR_E_LIMIT, HR_POLICY_BYTES, "policy", "%zu bytes, at most %d", n,
        (int)HR_POLICY_BYTES);
    r.cur = hr_cur_make(text, n, 0, err);
    r.p = p;
    r.err = err;
    r.line = 1;
    const hr_status status = read_policy(&r);
    if (status != HR_OK) empty_policy(p);
    if (status == HR_OK) spread_policy_scopes(p);
    if (status == HR_OK) index_policy_rules(p);
    return status;
}

HR_SMALL_END
