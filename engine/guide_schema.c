/* guide_schema.c: one conjunction of a schema's parts into a net: what a value of each type looks like. */
#include "engine/guide_schema.h"
HR_SMALL_BEGIN

enum { SCHEMA_NAMES = 512, SCHEMA_GRID = 20000, SCHEMA_PATTERNS = 4 };
static const hr_json_node *get_part_keyword(const hr_schema_part *p, const char *key) {
    return p->kind == HR_PART_SCHEMA && hr_json_is(p->node, HR_JSON_OBJECT) ? hr_json_get(p->node, key) : NULL;
}
/* draft-07: a schema with $ref is only that */
static bool has_keywords(const hr_schema *s, const hr_schema_part *p) {
    return p->kind == HR_PART_SCHEMA && hr_json_is(p->node, HR_JSON_OBJECT) && !(s->draft7 && hr_json_get(p->node, "$ref"));
}

/* --- rules: one for each set of schemas that hold for one value --------------------------------------------------- */
static bool is_trivial_schema(uint32_t key, const hr_schema *s) {
    const hr_json_node *n = &s->nodes[key >> 2];
    return (key & 3) == HR_PART_SCHEMA && (n->type == HR_JSON_TRUE || (n->type == HR_JSON_OBJECT && n->count == 0));
}
HR_PRIVATE uint32_t hr_schema_rule_of(hr_schema *s, uint32_t *set, uint32_t n) {
    uint32_t k = 0, hash = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t key = set[i];
        uint32_t j = k;
        if (is_trivial_schema(key, s)) continue;
        while (j > 0 && set[j - 1] > key) j--;
        if (!hr_guide_step(s->b, k - j + 1)) return 0;
        if (j > 0 && set[j - 1] == key) continue;
        memmove(set + j + 1, set + j, (k - j) * sizeof *set);
        set[j] = key;
        k++;
    }
    for (uint32_t i = 0; i < k; i++) hash = (hash ^ set[i]) * 0x9e3779b1u;
    uint32_t at = (hash >> 8) & (2 * HR_SCHEMA_RULES - 1);
    for (; s->table[at]; at = (at + 1) & (2 * HR_SCHEMA_RULES - 1)) {
        const hr_schema_rule *r = &s->rules[s->table[at] - 1];
        if (r->n == k && !memcmp(s->set + r->first, set, k * sizeof *set)) return r->node;
    }
    if (s->n_rules == HR_SCHEMA_RULES || s->n_set + k > HR_SCHEMA_SETS)
        hr_guide_fail(s->b, HR_E_LIMIT, "needs more than %d rules", HR_SCHEMA_RULES);
    const uint32_t node = hr_net_node_new(s->b), end = hr_net_end(s->b);
    if (s->b->status != HR_OK) return 0;
    memcpy(s->set + s->n_set, set, k * sizeof *set);
    s->rules[s->n_rules++] = (hr_schema_rule){s->n_set, k, node, end};
    s->n_set += k;
    s->table[at] = s->n_rules;
    return node;
}
static uint32_t schema_key(const hr_schema *s, const hr_json_node *node, uint32_t kind) {
    return (uint32_t)(node - s->nodes) * 4 + kind;
}

/* --- unevaluated ------------------------------------------------------------------------------------------------------- */
/* scopes for which a part evaluates a member or element: those around it, and its own when a plain keyword did so */
static uint32_t find_schema_scopes(const hr_schema_all *all, const hr_schema_part *p, bool plain, const char *key) {
    uint32_t own = 0;
    for (uint32_t k = 0; k < all->n_scopes; k++)
        if (all->scopes[k] == p->node) own = 1u << k;
    if (plain) return p->scope | own;
    return p->kind == HR_PART_SCHEMA && own && hr_json_get(p->node, key) ? p->scope & ~own : 0;
}
static uint32_t add_unevaluated(const hr_schema *s, const hr_schema_all *all, uint32_t seen, const char *key, uint32_t *set,
                                uint32_t n) {
    for (uint32_t k = 0; k < all->n_scopes; k++) {
        const hr_json_node *m = seen >> k & 1 ? NULL : hr_json_get(all->scopes[k], key);
        if (m) set[n++] = schema_key(s, m, HR_PART_SCHEMA);
    }
    return n;
}

/* --- strings -------------------------------------------------------------------------------------------------------- */
static const hr_lang *make_format_lang(hr_schema *s, const hr_json_node *node) {
/* no year 0000, which most readers of dates refuse */
#define SCHEMA_YEAR "(\\d{3}[1-9]|\\d\\d[1-9]0|\\d[1-9]00|[1-9]000)"
#define SCHEMA_DATE "(" SCHEMA_YEAR "-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|" \
    "02-(0[1-9]|1\\d|2[0-8]))|(\\d\\d(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29)"
#define SCHEMA_TIME "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)"
#define SCHEMA_BYTE "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define SCHEMA_SPAN "([0-9]+H([0-9]+M([0-9]+S)?)?|[0-9]+M([0-9]+S)?|[0-9]+S)"
#define SCHEMA_HEX4 "[0-9A-Fa-f]{1,4}"
#define SCHEMA_LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define SCHEMA_POINTER "(/([^~/]|~[01])*)*"
    static const struct { const char *name, *regex; } list[] = {
        {"json-pointer", SCHEMA_POINTER}, {"relative-json-pointer", "(0|[1-9][0-9]*)(#|" SCHEMA_POINTER ")"},
        {"duration", "P([0-9]+W|[0-9]+Y([0-9]+M([0-9]+D)?)?(T" SCHEMA_SPAN ")?|[0-9]+M([0-9]+D)?(T" SCHEMA_SPAN ")?|[0-9]+D(T"
                     SCHEMA_SPAN ")?|T" SCHEMA_SPAN ")"},
        {"date", SCHEMA_DATE}, {"time", SCHEMA_TIME}, {"date-time", SCHEMA_DATE "T" SCHEMA_TIME},
        {"uuid", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"},
        {"ipv4", SCHEMA_BYTE "(\\." SCHEMA_BYTE "){3}"}, {"hostname", SCHEMA_LABEL "(\\." SCHEMA_LABEL "){0,3}"},
        {"ipv6", "(" SCHEMA_HEX4 ":){7}" SCHEMA_HEX4 "|::(" SCHEMA_HEX4 "(:" SCHEMA_HEX4 "){0,6})?|"
                 SCHEMA_HEX4 "::(" SCHEMA_HEX4 "(:" SCHEMA_HEX4 "){0,5})?|"
                 "(" SCHEMA_HEX4 ":){2}:(" SCHEMA_HEX4 "(:" SCHEMA_HEX4 "){0,4})?"},
        {"email", "[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@" SCHEMA_LABEL "(\\." SCHEMA_LABEL "){1,3}"},
        {"uri", "[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9.-]+(:\\d{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@-]*)*"
                "(\\?[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?(#[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?"}};
#undef SCHEMA_YEAR
#undef SCHEMA_DATE
#undef SCHEMA_TIME
#undef SCHEMA_BYTE
#undef SCHEMA_HEX4
#undef SCHEMA_SPAN
#undef SCHEMA_POINTER
#undef SCHEMA_LABEL
    for (size_t i = 0; hr_json_is(node, HR_JSON_STRING) && i < HR_COUNT(list); i++)
        if (hr_schema_is(node->text, list[i].name))
            return hr_regex_lang(s->b, (hr_str){list[i].regex, strlen(list[i].regex)}, true);
    hr_schema_fail(s, node, HR_E_UNSUPPORTED, "\"format\" of a kind that cannot be enforced");
    return NULL;
}
typedef struct schema_texts { /* what has been found out about a string */
    hr_schema *s;
    const hr_lang *lang;
    uint32_t min, max;
} schema_texts;
static void meet_texts(schema_texts *t, const hr_lang *l, bool without) {
    if (!t->lang && !without) t->lang = l;
    else t->lang = hr_lang_product(t->s->b, t->lang ? t->lang : hr_lang_all(t->s->b), l, without ? HR_LANG_MINUS : HR_LANG_AND);
}
static void meet_text_keyword(schema_texts *t, const hr_json_node *m, bool broken) {
    hr_schema *s = t->s;
    const bool min = hr_schema_is(m->key, "minLength");
    if (min || hr_schema_is(m->key, "maxLength")) {
        const uint32_t n = hr_schema_count(s, m);
        if (broken && min && n == 0) t->min = 1, t->max = 0;
        else if (min != broken) t->min = broken ? (n + 1 > t->min ? n + 1 : t->min) : n > t->min ? n : t->min;
        else t->max = broken ? (n - 1 < t->max ? n - 1 : t->max) : n < t->max ? n : t->max;
        return;
    }
    if (hr_schema_is(m->key, "format")) {
        if (broken) hr_schema_fail(s, m, HR_E_UNSUPPORTED, "\"format\" cannot be enforced inside not, oneOf or if");
        else meet_texts(t, make_format_lang(s, m), false);
    } else if (hr_schema_is(m->key, "pattern")) {
        if (m->type != HR_JSON_STRING) hr_schema_fail(s, m, HR_E_FORMAT, "must be an expression");
        else {
            hr_schema_fail(s, m, HR_OK, ""); /* the place for what the expression says */
            meet_texts(t, hr_regex_lang(s->b, m->text, false), broken);
        }
    }
}
static const hr_lang *make_words_lang(hr_schema *s, const hr_json_node *list, bool numbers) {
    uint32_t n = 0;
    hr_str *words = HR_GUIDE_NEW(s->b, hr_str, list->type == HR_JSON_ARRAY ? list->count + 1 : 1);
    if (!words) return NULL;
    const hr_json_node *c = list->type == HR_JSON_ARRAY ? hr_json_first(list) : list;
    for (; c; c = list->type == HR_JSON_ARRAY ? hr_json_next(list, c) : NULL) {
        hr_decimal d;
        if (c->type != (numbers ? HR_JSON_NUMBER : HR_JSON_STRING)) continue;
        words[n] = c->text;
        if (numbers) {
            char *text = HR_GUIDE_NEW(s->b, char, HR_DECIMAL_DIGITS + 4);
            if (!hr_decimal_read(c->text, &d)) hr_schema_fail(s, c, HR_E_LIMIT, "a number of too many digits");
            if (s->b->status != HR_OK) return NULL;
            words[n] = (hr_str){text, hr_decimal_text(&d, text)};
        } else if (!hr_utf8_valid(c->text.data, c->text.size)) {
            hr_schema_fail(s, c, HR_E_UNSUPPORTED, "text with half of a surrogate pair");
        }
        n++;
    }
    return hr_lang_words(s->b, words, n);
}
HR_PRIVATE const hr_lang *hr_schema_string(hr_schema *s, const hr_schema_all *all, uint32_t *min, uint32_t *max) {
    static const char *const keys[] = {"minLength", "maxLength", "pattern", "format"};
    schema_texts t = {s, NULL, 0, UINT32_MAX};
    for (uint32_t i = 0; i < all->n && s->b->status == HR_OK; i++) {
        const hr_schema_part *p = &all->part[i];
        for (size_t k = 0; has_keywords(s, p) && k < HR_COUNT(keys); k++)
            if (get_part_keyword(p, keys[k])) meet_text_keyword(&t, get_part_keyword(p, keys[k]), false);
        if (p->kind == HR_PART_BREAKS) meet_text_keyword(&t, p->node, true);
        if (p->kind == HR_PART_WORDS || p->kind == HR_PART_CONST) meet_texts(&t, make_words_lang(s, p->node, false), false);
        if (p->kind == HR_PART_NOT_CONST && p->node->type == HR_JSON_STRING)
            meet_texts(&t, make_words_lang(s, p->node, false), true);
    }
    *min = t.min;
    *max = t.max;
    if (t.min <= t.max && t.lang && (t.min > 0 || t.max < UINT32_MAX)) meet_texts(&t, hr_lang_length(s->b, t.min, t.max), false);
    return t.lang;
}
static uint32_t emit_schema_text(hr_schema *s, uint32_t from, const hr_lang *l, uint32_t min, uint32_t max) {
    const uint32_t open = hr_net_text(s->b, from, "\"", 1), inside = hr_net_node_new(s->b);
    if (min > max) return inside; /* cannot be reached */
    if (l) hr_lang_to_net(s->b, l, true, open, inside);
    else hr_net_rep(s->b, open, s->letter, min, max, inside);
    return hr_net_text(s->b, inside, "\"", 1);
}

/* --- numbers ---------------------------------------------------------------------------------------------------------- */
static void meet_number_keyword(schema_texts *t, const hr_json_node *m, bool broken) {
    static const char *const keys[] = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"};
    hr_schema *s = t->s;
    hr_decimal d;
    const bool multiple = hr_schema_is(m->key, "multipleOf");
    uint32_t k = 0;
    while (k < 4 && !hr_schema_is(m->key, keys[k])) k++;
    if (k == 4 && !multiple) return;
    if (!hr_json_is(m, HR_JSON_NUMBER) || !hr_decimal_read(m->text, &d)) {
        hr_schema_fail(s, m, hr_json_is(m, HR_JSON_NUMBER) ? HR_E_LIMIT : HR_E_FORMAT, "must be a number of at most 400 digits");
        return;
    }
    hr_schema_fail(s, m, HR_OK, "");
    if (multiple) meet_texts(t, hr_number_multiple(s->b, &d), broken);
    else meet_texts(t, hr_number_bound(s->b, &d, k >= 2, k & 1), broken);
}
static void emit_schema_number(hr_schema *s, const hr_schema_all *all) {
    static const char *const keys[] = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"};
    schema_texts t = {s, hr_number_lang(s->b, !(all->types & HR_TYPE_FRACTION)), 0, 0};
    bool listed = false; /* a const or an enum says which */
    if (!(all->types & HR_TYPE_INTEGER)) meet_texts(&t, hr_number_lang(s->b, true), true);
    for (uint32_t i = 0; i < all->n && s->b->status == HR_OK; i++) {
        const hr_schema_part *p = &all->part[i];
        for (size_t k = 0; has_keywords(s, p) && k < HR_COUNT(keys); k++)
            if (get_part_keyword(p, keys[k])) meet_number_keyword(&t, get_part_keyword(p, keys[k]), false);
        if (p->kind == HR_PART_BREAKS) meet_number_keyword(&t, p->node, true);
        if (p->kind == HR_PART_WORDS || p->kind == HR_PART_CONST) {
            meet_texts(&t, make_words_lang(s, p->node, true), false);
            listed = true;
        }
        if (p->kind == HR_PART_NOT_CONST && p->node->type == HR_JSON_NUMBER)
            meet_texts(&t, make_words_lang(s, p->node, true), true);
    }
    if (s->b->status == HR_OK && !listed && t.lang->n_states * 16 <= HR_LANG_MAX) meet_texts(&t, hr_number_digits(s->b), false);
    hr_lang_to_net(s->b, t.lang, false, s->now->node, s->now->end);
}

/* --- a conjunction ---------------------------------------------------------------------------------------------------- */
HR_PRIVATE void hr_schema_emit(hr_schema *s, const hr_schema_all *all) {
    static const struct { uint32_t bit; const char *text; } words[] = {
        {HR_TYPE_NULL, "null"}, {HR_TYPE_FALSE, "false"}, {HR_TYPE_TRUE, "true"}};
    const hr_schema_rule now = *s->now;
    const size_t mark = hr_arena_mark(&s->b->arena);
    for (size_t i = 0; i < HR_COUNT(words); i++)
        if (all->types & words[i].bit)
            hr_net_eps(s->b, hr_net_text(s->b, now.node, words[i].text, strlen(words[i].text)), now.end);
    if (all->types & HR_TYPE_STRING) {
        uint32_t min, max;
        const hr_lang *l = hr_schema_string(s, all, &min, &max);
        if (s->b->status == HR_OK && (!l || !hr_lang_is_empty(l)))
            hr_net_eps(s->b, emit_schema_text(s, now.node, l, min, max), now.end);
    }
    if (all->types & HR_TYPE_NUMBER) emit_schema_number(s, all);
    if (all->types & HR_TYPE_ARRAY) hr_schema_array(s, all);
    if (all->types & HR_TYPE_OBJECT) hr_schema_object(s, all);
    hr_arena_rewind(&s->b->arena, mark);
}
static bool init_schema(hr_schema *s, hr_str text) {
    hr_guide_build *b = s->b;
    hr_json_doc doc;
    memset(&doc, 0, sizeof doc);
    const size_t n = hr_json_count(text.data, text.size);
    doc.data = HR_GUIDE_NEW(b, char, text.size + 1);
    doc.nodes = n < (1 << 20) ? HR_GUIDE_NEW(b, hr_json_node, n) : NULL;
    if (!doc.nodes) hr_guide_fail(b, HR_E_LIMIT, "has too many values");
    s->rules = HR_GUIDE_NEW(b, hr_schema_rule, HR_SCHEMA_RULES);
    s->table = HR_GUIDE_NEW(b, uint32_t, 2 * HR_SCHEMA_RULES);
    s->set = HR_GUIDE_NEW(b, uint32_t, HR_SCHEMA_SETS);
    if (b->status != HR_OK) return false;
    memcpy(doc.data, text.data, text.size);
    doc.cap_nodes = n;
    b->status = hr_json_parse(&doc, "schema", text.size, b->err);
    s->nodes = doc.nodes;
    s->n_nodes = (uint32_t)doc.n_nodes;
    if (b->status != HR_OK) return false;
    hr_schema_mark(s);
    s->space = hr_net_node_new(b);
    const uint32_t end = hr_net_end(b);
    hr_net_byte(b, s->space, ' ', ' ', end);
    hr_net_eps(b, s->space, end);
    s->letter = b->net.letter = hr_net_node_new(b);
    hr_escaped_range(b, s->letter, 0, 0x10ffff, hr_net_end(b));
    return b->status == HR_OK;
}
HR_PRIVATE void hr_guide_schema(hr_guide_build *b, hr_str text) {
    hr_schema s;
    uint32_t root = 0; /* node 0 as a schema */
    memset(&s, 0, sizeof s);
    s.b = b;
    if (!init_schema(&s, text)) return;
    hr_schema_all *all = HR_GUIDE_NEW(b, hr_schema_all, 1);
    b->net.start = hr_schema_rule_of(&s, &root, 1);
    for (uint32_t i = 0; i < s.n_rules && b->status == HR_OK; i++) {
        s.now = &s.rules[i];
        all->n = all->scope = all->n_scopes = 0;
        all->types = HR_TYPE_ALL;
        for (uint32_t k = 0; k < s.rules[i].n; k++) {
            const uint32_t key = s.set[s.rules[i].first + k];
            hr_schema_add(&s, all, (hr_schema_part){.kind = (uint8_t)(key & 3), .node = &s.nodes[key >> 2]});
        }
        hr_schema_expand(&s, all);
    }
    b->place = "schema";
}

/* --- arrays --------------------------------------------------------------------------------------------------------------- */
typedef struct schema_items {
    hr_schema *s;
    const hr_schema_all *all;
    const hr_schema_part *contains;
    uint32_t min, max, least, most, places; /* least, most: of `contains`; places: beyond them all elements are alike */
} schema_items;
static const hr_json_node *get_prefix(const hr_schema *s, const hr_schema_part *p) {
    const hr_json_node *list = has_keywords(s, p) ? get_part_keyword(p, s->draft7 ? "items" : "prefixItems") : NULL;
    return hr_json_is(list, HR_JSON_ARRAY) ? list : NULL;
}
static void read_schema_items(schema_items *a) {
    hr_schema *s = a->s;
    for (uint32_t i = 0; i < a->all->n && s->b->status == HR_OK; i++) {
        const hr_schema_part *p = &a->all->part[i];
        const hr_json_node *m, *prefix = get_prefix(s, p);
        uint32_t places = 0;
        if (p->kind == HR_PART_MIN_ITEMS && p->n > a->min) a->min = p->n;
        if (p->kind == HR_PART_MAX_ITEMS && p->n < a->max) a->max = p->n;
        if (p->kind == HR_PART_ITEM) places = p->n + 1;
        if (p->kind == HR_PART_CONST) a->min = a->max = places = p->node->count;
        if (p->kind == HR_PART_NOT_CONST && p->node->type == HR_JSON_ARRAY)
            hr_schema_fail(s, p->node, HR_E_UNSUPPORTED, "a list that must not be cannot be enforced");
        if (p->kind == HR_PART_CONTAINS || (has_keywords(s, p) && get_part_keyword(p, "contains"))) {
            const hr_json_node *least = p->kind == HR_PART_SCHEMA && !s->draft7 ? get_part_keyword(p, "minContains") : NULL;
            const hr_json_node *most = p->kind == HR_PART_SCHEMA && !s->draft7 ? get_part_keyword(p, "maxContains") : NULL;
            const uint32_t lo = least ? hr_schema_count(s, least) : 1, hi = most ? hr_schema_count(s, most) : UINT32_MAX;
            if (lo > 0 || hi < UINT32_MAX || a->all->n_scopes > 0) {
                if (a->contains) hr_schema_fail(s, p->node, HR_E_UNSUPPORTED, "\"contains\" twice for one list");
                a->contains = p;
                a->least = lo;
                a->most = hi;
            }
        }
        if (prefix) places = prefix->count;
        if (places > a->places) a->places = places;
        if (!has_keywords(s, p)) continue;
        if ((m = get_part_keyword(p, "items")) && !s->draft7 && m->type == HR_JSON_ARRAY)
            hr_schema_fail(s, m, HR_E_UNSUPPORTED, "\"items\" as a list is of draft-07: prefixItems");
        if ((m = get_part_keyword(p, "minItems")) && hr_schema_count(s, m) > a->min) a->min = hr_schema_count(s, m);
        if ((m = get_part_keyword(p, "maxItems")) && hr_schema_count(s, m) < a->max) a->max = hr_schema_count(s, m);
    }
    for (uint32_t i = 0; i < a->all->n && s->b->status == HR_OK && a->max > 1; i++) {
        const hr_json_node *m = has_keywords(s, &a->all->part[i]) ? get_part_keyword(&a->all->part[i], "uniqueItems") : NULL;
        if (m && m->type == HR_JSON_TRUE) hr_schema_fail(s, m, HR_E_UNSUPPORTED, "\"uniqueItems\" cannot be enforced");
    }
}
/* the rule of element i; contains: 0 it does not matter, 1 it is one, 2 it is none */
static uint32_t find_item_rule(const schema_items *a, uint32_t i, int contains) {
    hr_schema *s = a->s;
    uint32_t set[2 * HR_SCHEMA_PARTS + HR_SCHEMA_SCOPES], n = 0, seen = 0;
    for (uint32_t k = 0; k < a->all->n && hr_guide_step(s->b, 8 + i); k++) {
        const hr_schema_part *p = &a->all->part[k];
        const hr_json_node *prefix = get_prefix(s, p), *m = NULL;
        if (p->kind == HR_PART_ITEMS || (p->kind == HR_PART_ITEM && p->n == i)) set[n++] = schema_key(s, p->node, p->sub);
        if (p->kind == HR_PART_CONST && i < p->node->count) {
            m = hr_json_first(p->node);
            for (uint32_t j = 0; j < i; j++) m = hr_json_next(p->node, m);
            set[n++] = schema_key(s, m, HR_PART_CONST);
        }
        if (!has_keywords(s, p)) continue;
        if (prefix && i < prefix->count) {
            m = hr_json_first(prefix);
            for (uint32_t j = 0; j < i; j++) m = hr_json_next(prefix, m);
        } else {
            m = get_part_keyword(p, prefix && s->draft7 ? "additionalItems" : "items");
        }
        if (m) set[n++] = schema_key(s, m, HR_PART_SCHEMA);
        seen |= find_schema_scopes(a->all, p, m || (contains == 1 && p == a->contains), "unevaluatedItems");
    }
    n = add_unevaluated(s, a->all, seen, "unevaluatedItems", set, n);
    if (contains) {
        const hr_schema_part *p = a->contains;
        const bool own = p->kind == HR_PART_CONTAINS; /* then its sub is NOT */
        const hr_json_node *m = own ? p->node : get_part_keyword(p, "contains");
        set[n++] = schema_key(s, m, (contains == 1) == own ? HR_PART_NOT : HR_PART_SCHEMA);
    }
    return hr_schema_rule_of(s, set, n);
}
static uint32_t emit_comma(hr_schema *s, uint32_t from, bool comma) {
    if (!comma) return from;
    const uint32_t at = hr_net_text(s->b, from, ",", 1), to = hr_net_node_new(s->b);
    hr_net_call(s->b, at, s->space, to);
    return to;
}
static void emit_plain_items(const schema_items *a, uint32_t open, uint32_t close) {
    hr_schema *s = a->s;
    const uint32_t places = a->places > 0 ? a->places : 1;
    uint32_t at = open;
    for (uint32_t i = 0; i < places && s->b->status == HR_OK; i++) {
        const uint32_t to = hr_net_node_new(s->b);
        if (i >= a->min && i <= a->max) hr_net_eps(s->b, at, close);
        if (i >= a->max) return;
        hr_net_call(s->b, emit_comma(s, at, i > 0), find_item_rule(a, i, 0), to);
        at = to;
    }
    if (a->min > a->max) return;
    const uint32_t rule = hr_net_node_new(s->b);
    hr_net_call(s->b, emit_comma(s, rule, true), find_item_rule(a, places, 0), hr_net_end(s->b));
    hr_net_rep(s->b, at, rule, a->min > places ? a->min - places : 0, a->max == UINT32_MAX ? a->max : a->max - places, close);
}
static void emit_counted_items(const schema_items *a, uint32_t open, uint32_t close) {
    hr_schema *s = a->s;
    const uint32_t most = a->most < UINT32_MAX ? a->most : a->least;
    uint32_t last = a->places + 1 > a->min ? a->places + 1 : a->min; /* from there on one element is as another */
    if (last < most) last = most;
    if (a->max < UINT32_MAX) last = a->max;
    if ((uint64_t)(last + 1) * (most + 1) > SCHEMA_GRID) hr_guide_fail(s->b, HR_E_LIMIT, "\"contains\" with counts this large");
    if (s->b->status != HR_OK) return;
    const uint32_t first = s->b->net.n_nodes;
    for (uint32_t i = 0; i < (last + 1) * (most + 1); i++) (void)hr_net_node_new(s->b);
    hr_net_eps(s->b, open, first);
    for (uint32_t i = 0; i <= last && s->b->status == HR_OK; i++)
        for (uint32_t k = 0; k <= most && k <= i; k++) {
            const uint32_t at = first + i * (most + 1) + k, next = i < last ? i + 1 : i;
            if (i >= a->min && k >= a->least) hr_net_eps(s->b, at, close);
            if (i >= a->max) continue;
            const uint32_t begin = emit_comma(s, at, i > 0);
            hr_net_call(s->b, begin, find_item_rule(a, i, a->most < UINT32_MAX ? 2 : 0), first + next * (most + 1) + k);
            if (k < most) hr_net_call(s->b, begin, find_item_rule(a, i, 1), first + next * (most + 1) + k + 1);
            else if (a->all->n_scopes > 0 && a->most == UINT32_MAX) /* one more makes no difference but that it is evaluated */
                hr_net_call(s->b, begin, find_item_rule(a, i, 1), first + next * (most + 1) + k);
        }
}
HR_PRIVATE void hr_schema_array(hr_schema *s, const hr_schema_all *all) {
    schema_items a = {s, all, NULL, 0, UINT32_MAX, 0, UINT32_MAX, 0};
    read_schema_items(&a);
    if (s->b->status != HR_OK) return;
    const hr_schema_rule now = *s->now; /* the table of rules does not move */
    const uint32_t open = hr_net_text(s->b, now.node, "[", 1), close = hr_net_node_new(s->b);
    hr_net_eps(s->b, hr_net_text(s->b, close, "]", 1), now.end);
    if (a.contains) emit_counted_items(&a, open, close);
    else emit_plain_items(&a, open, close);
}

/* --- objects --------------------------------------------------------------------------------------------------------------- */
typedef struct schema_pattern {
    const hr_schema_part *owner;
    const hr_json_node *node;
    const hr_lang *lang;
} schema_pattern;
typedef struct schema_members {
    hr_schema *s;
    const hr_schema_all *all;
    hr_str *names;       /* [SCHEMA_NAMES] */
    uint8_t *required, *forbidden;
    uint32_t n_names, n_required, n_patterns, min, max;
    const hr_lang *allowed; /* propertyNames; NULL: all */
    bool closed;         /* no others: a const */
    schema_pattern pattern[SCHEMA_PATTERNS];
} schema_members;
static uint32_t find_member_name(schema_members *o, hr_str name) {
    for (uint32_t i = 0; i < o->n_names && hr_guide_step(o->s->b, 1); i++)
        if (hr_schema_same(o->names[i], name)) return i;
    if (o->n_names == SCHEMA_NAMES - 1 || !hr_utf8_valid(name.data, name.size))
        hr_guide_fail(o->s->b, HR_E_LIMIT, "more than %d names in one object, or one that is not text", SCHEMA_NAMES - 1);
    if (o->s->b->status != HR_OK) return SCHEMA_NAMES - 1;
    o->names[o->n_names] = name;
    return o->n_names++;
}
static void read_schema_patterns(schema_members *o, const hr_schema_part *p, const hr_json_node *m) {
    for (const hr_json_node *c = hr_json_first(m); c && o->s->b->status == HR_OK; c = hr_json_next(m, c)) {
        hr_schema_fail(o->s, c, HR_OK, "");
        if (o->n_patterns == SCHEMA_PATTERNS) hr_schema_fail(o->s, c, HR_E_LIMIT, "too many patterns for one object");
        if (o->s->b->status != HR_OK) return;
        o->pattern[o->n_patterns++] = (schema_pattern){p, c, hr_regex_lang(o->s->b, c->key, false)};
    }
}
static void read_schema_names(schema_members *o, const hr_json_node *m) {
    static const char words[] = " type minLength maxLength pattern format enum const title description $comment ";
    hr_schema *s = o->s;
    uint32_t min = 0, max = UINT32_MAX;
    if (m->type == HR_JSON_TRUE) return;
    if (m->type == HR_JSON_FALSE) {
        o->max = 0;
        return;
    }
    for (const hr_json_node *c = hr_json_is(m, HR_JSON_OBJECT) ? hr_json_first(m) : NULL; c; c = hr_json_next(m, c)) {
        char key[40];
        hr_format(key, sizeof key, " %.*s ", (int)hr_min_size(c->key.size, 30), c->key.data);
        bool found = false;
        for (size_t i = 0; i + strlen(key) < sizeof words; i++) found |= !memcmp(words + i, key, strlen(key));
        if (!found || (hr_schema_is(c->key, "type") && (c->type != HR_JSON_STRING || !hr_schema_is(c->text, "string"))))
            hr_schema_fail(s, c, HR_E_UNSUPPORTED, "cannot be enforced for names");
    }
    hr_schema_all *all = HR_GUIDE_NEW(s->b, hr_schema_all, 1);
    if (!all) return;
    all->types = HR_TYPE_STRING;
    hr_schema_add(s, all, (hr_schema_part){.kind = HR_PART_SCHEMA, .node = m});
    if (hr_json_get(m, "enum")) hr_schema_add(s, all, (hr_schema_part){.kind = HR_PART_WORDS, .node = hr_json_get(m, "enum")});
    if (hr_json_get(m, "const")) hr_schema_add(s, all, (hr_schema_part){.kind = HR_PART_CONST, .node = hr_json_get(m, "const")});
    const hr_lang *l = hr_schema_string(s, all, &min, &max);
    if (!l) l = min > max ? hr_lang_words(s->b, NULL, 0) : hr_lang_length(s->b, min, max);
    o->allowed = o->allowed ? hr_lang_product(s->b, o->allowed, l, HR_LANG_AND) : l;
}
static void read_schema_members(schema_members *o) {
    hr_schema *s = o->s;
    for (uint32_t i = 0; i < o->all->n && s->b->status == HR_OK; i++) {
        const hr_schema_part *p = &o->all->part[i];
        const hr_json_node *m;
        if (p->kind == HR_PART_NOT_CONST && p->node->type == HR_JSON_OBJECT)
            hr_schema_fail(s, p->node, HR_E_UNSUPPORTED, "an object that must not be cannot be enforced");
        if (p->kind == HR_PART_FORBID) o->forbidden[find_member_name(o, p->name)] = 1;
        if (p->kind == HR_PART_REQUIRE) o->required[find_member_name(o, p->name)] = 1;
        if (p->kind == HR_PART_MEMBER) (void)find_member_name(o, p->name);
        if (p->kind == HR_PART_MIN_MEMBERS && p->n > o->min) o->min = p->n;
        if (p->kind == HR_PART_MAX_MEMBERS && p->n < o->max) o->max = p->n;
        if (p->kind == HR_PART_CONST) {
            o->closed = true;
            for (m = hr_json_first(p->node); m; m = hr_json_next(p->node, m)) o->required[find_member_name(o, m->key)] = 1;
        }
        if (!has_keywords(s, p)) continue;
        const hr_json_node *list = get_part_keyword(p, "properties");
        if (list && list->type != HR_JSON_OBJECT) hr_schema_fail(s, list, HR_E_FORMAT, "must be an object");
        for (m = hr_json_is(list, HR_JSON_OBJECT) ? hr_json_first(list) : NULL; m; m = hr_json_next(list, m))
            (void)find_member_name(o, m->key);
        m = get_part_keyword(p, "patternProperties");
        if (m && m->type != HR_JSON_OBJECT) hr_schema_fail(s, m, HR_E_FORMAT, "must be an object");
        else if (m) read_schema_patterns(o, p, m);
        if ((m = get_part_keyword(p, "propertyNames"))) read_schema_names(o, m);
        if ((m = get_part_keyword(p, "minProperties")) && hr_schema_count(s, m) > o->min) o->min = hr_schema_count(s, m);
        if ((m = get_part_keyword(p, "maxProperties")) && hr_schema_count(s, m) < o->max) o->max = hr_schema_count(s, m);
    }
    for (uint32_t i = 0; i < o->n_names; i++) o->n_required += o->required[i];
}
/* the rule of the member of that name, or of others that match just the patterns of `cell`; 0: there may be none */
static uint32_t find_member_rule(schema_members *o, const hr_str *name, uint32_t cell) {
    hr_schema *s = o->s;
    uint32_t set[(SCHEMA_PATTERNS + 2) * HR_SCHEMA_PARTS], n = 0, seen = 0; /* seen: scopes that evaluate it */
    for (uint32_t i = 0; i < o->all->n && hr_guide_step(s->b, 8); i++) {
        const hr_schema_part *p = &o->all->part[i];
        bool known = false;
        if (p->kind == HR_PART_MEMBER && name && hr_schema_same(*name, p->name)) set[n++] = schema_key(s, p->node, p->sub);
        if (p->kind != HR_PART_CONST && !has_keywords(s, p)) continue;
        const hr_json_node *list = p->kind == HR_PART_CONST ? p->node : get_part_keyword(p, "properties"), *found = NULL;
        if (!hr_guide_step(s->b, p->node->count + (list ? list->count : 0))) return 0;
        for (const hr_json_node *m = list && name ? hr_json_first(list) : NULL; m; m = hr_json_next(list, m))
            if (hr_schema_same(m->key, *name)) found = m;
        if (found) set[n++] = schema_key(s, found, p->kind == HR_PART_CONST ? HR_PART_CONST : HR_PART_SCHEMA);
        if (p->kind == HR_PART_CONST) {
            if (!found) return 0;
            continue;
        }
        for (uint32_t k = 0; k < o->n_patterns; k++) {
            if (o->pattern[k].owner != p || !(name ? hr_lang_has(o->pattern[k].lang, *name) : cell >> k & 1)) continue;
            set[n++] = schema_key(s, o->pattern[k].node, HR_PART_SCHEMA);
            known = true;
        }
        const hr_json_node *rest = get_part_keyword(p, "additionalProperties");
        if (!found && !known && rest) set[n++] = schema_key(s, rest, HR_PART_SCHEMA);
        seen |= find_schema_scopes(o->all, p, found || known || rest, "unevaluatedProperties");
    }
    n = add_unevaluated(s, o->all, seen, "unevaluatedProperties", set, n);
    for (uint32_t i = 0; i < n; i++)
        if ((set[i] & 3) == HR_PART_SCHEMA && s->nodes[set[i] >> 2].type == HR_JSON_FALSE) return 0;
    return hr_schema_rule_of(s, set, n);
}
static void emit_member_value(hr_schema *s, uint32_t from, uint32_t rule, uint32_t to) {
    const uint32_t at = hr_net_text(s->b, from, ":", 1), value = hr_net_node_new(s->b);
    hr_net_call(s->b, at, s->space, value);
    hr_net_call(s->b, value, rule, to);
}
/* the rule of one member whose name the schema does not say; 0: none is allowed */
static uint32_t emit_free_member(schema_members *o) {
    hr_schema *s = o->s;
    const uint32_t rule = hr_net_node_new(s->b), end = hr_net_end(s->b);
    bool any = false;
    const hr_lang *base = o->allowed;
    if (o->n_names > 0)
        base = hr_lang_product(s->b, base ? base : hr_lang_all(s->b), hr_lang_words(s->b, o->names, o->n_names), HR_LANG_MINUS);
    for (uint32_t cell = 0; cell < 1u << o->n_patterns && !o->closed && s->b->status == HR_OK; cell++) {
        const hr_lang *l = base;
        for (uint32_t k = 0; k < o->n_patterns; k++)
            l = hr_lang_product(s->b, l ? l : hr_lang_all(s->b), o->pattern[k].lang, cell >> k & 1 ? HR_LANG_AND : HR_LANG_MINUS);
        if (s->b->status != HR_OK || (l && hr_lang_is_empty(l))) continue;
        const uint32_t value = find_member_rule(o, NULL, cell);
        if (!value) continue;
        emit_member_value(s, emit_schema_text(s, rule, l, 0, UINT32_MAX), value, end);
        any = true;
    }
    return any ? rule : 0;
}
static uint32_t emit_member_name(hr_schema *s, uint32_t from, hr_str name) {
    uint32_t at = hr_net_text(s->b, from, "\"", 1);
    for (size_t i = 0; i < name.size && s->b->status == HR_OK;) {
        const uint32_t c = hr_lang_next_char(name.data, name.size, &i), to = hr_net_node_new(s->b);
        hr_escaped_range(s->b, at, c, c, to);
        at = to;
    }
    return hr_net_text(s->b, at, "\"", 1);
}
static void emit_free_members(schema_members *o, uint32_t from, uint32_t count, uint32_t rule, uint32_t close) {
    hr_schema *s = o->s;
    uint32_t min = o->min > count ? o->min - count : 0, max = o->max == UINT32_MAX ? o->max : o->max > count ? o->max - count : 0;
    if (min == 0) hr_net_eps(s->b, from, close);
    if (!rule || max == 0 || min > max) return;
    if (count == 0) { /* the first has no comma */
        const uint32_t to = hr_net_node_new(s->b);
        hr_net_call(s->b, from, rule, to);
        from = to;
        if (max != UINT32_MAX) max--;
        if (min > 0) min--;
    }
    const uint32_t more = hr_net_node_new(s->b);
    hr_net_call(s->b, emit_comma(s, more, true), rule, hr_net_end(s->b));
    hr_net_rep(s->b, from, more, min, max, close);
}
static void emit_members(schema_members *o, uint32_t open, uint32_t close) {
    hr_schema *s = o->s;
    const bool counted = o->min > 0 || o->max < UINT32_MAX;
    uint32_t most = o->max < o->n_names ? o->max : o->n_names; /* counts up to it are told apart */
    if (!counted) most = 1;
    else if (o->max == UINT32_MAX && o->min < most) most = o->min;
    const uint32_t cap = most > 0 ? most : 1, free_rule = emit_free_member(o);
    if (free_rule && o->min >= o->n_required + 2)
        hr_schema_fail(s, o->all->n ? o->all->part[0].node : NULL, HR_E_UNSUPPORTED,
                       "\"minProperties\" needs names that the schema does not say");
    if ((uint64_t)(o->n_names + 1) * (cap + 1) > SCHEMA_GRID) hr_guide_fail(s->b, HR_E_LIMIT, "too many members with counts");
    if (s->b->status != HR_OK) return;
    const uint32_t first = s->b->net.n_nodes;
    for (uint32_t i = 0; i < (o->n_names + 1) * (cap + 1); i++) (void)hr_net_node_new(s->b);
    hr_net_eps(s->b, open, first);
    for (uint32_t i = 0; i < o->n_names && s->b->status == HR_OK; i++) {
        const bool allowed = !o->forbidden[i] && (!o->allowed || hr_lang_has(o->allowed, o->names[i]));
        const uint32_t value = allowed ? find_member_rule(o, &o->names[i], 0) : 0;
        for (uint32_t c = 0; c <= cap && c <= i; c++) {
            const uint32_t at = first + i * (cap + 1) + c, below = at + cap + 1;
            if (!o->required[i]) hr_net_eps(s->b, at, below);
            if (value && (c < o->max || o->max == UINT32_MAX))
                emit_member_value(s, emit_member_name(s, emit_comma(s, at, c > 0), o->names[i]), value,
                                  c < cap ? below + 1 : below);
        }
    }
    for (uint32_t c = 0; c <= cap && s->b->status == HR_OK; c++)
        emit_free_members(o, first + o->n_names * (cap + 1) + c, c, free_rule, close);
}
HR_PRIVATE void hr_schema_object(hr_schema *s, const hr_schema_all *all) {
    const hr_schema_rule now = *s->now;
    schema_members o;
    memset(&o, 0, sizeof o);
    o.s = s;
    o.all = all;
    o.max = UINT32_MAX;
    o.names = HR_GUIDE_NEW(s->b, hr_str, SCHEMA_NAMES);
    o.required = HR_GUIDE_NEW(s->b, uint8_t, SCHEMA_NAMES);
    o.forbidden = HR_GUIDE_NEW(s->b, uint8_t, SCHEMA_NAMES);
    if (s->b->status != HR_OK) return;
    read_schema_members(&o);
    if (s->b->status != HR_OK) return;
    const uint32_t open = hr_net_text(s->b, now.node, "{", 1), close = hr_net_node_new(s->b);
    hr_net_eps(s->b, hr_net_text(s->b, close, "}", 1), now.end);
    emit_members(&o, open, close);
}
HR_SMALL_END
