/* guide_norm.c: a schema as a disjunction of conjunctions. $ref and allOf join, anyOf, oneOf, if and enum branch, not is
 * pushed inwards until it meets a keyword that can be turned round. What cannot be enforced is refused by its place. */
#include "engine/guide_schema.h"
HR_SMALL_BEGIN

HR_PRIVATE bool hr_schema_same(hr_str a, hr_str b) {
    return a.size == b.size && (a.size == 0 || !memcmp(a.data, b.data, a.size));
}
HR_PRIVATE bool hr_schema_is(hr_str a, const char *text) { return hr_schema_same(a, (hr_str){text, strlen(text)}); }
/* as a JSON pointer, the end of it when it is long */
HR_PRIVATE void hr_schema_fail(hr_schema *s, const hr_json_node *node, hr_status status, const char *what) {
    const hr_json_node *at = s->nodes;
    size_t used = 1;
    s->place[0] = '#', s->place[1] = 0;
    while (at != node && node && s->b->status == HR_OK) {
        uint32_t index = 0;
        const hr_json_node *c = hr_json_first(at);
        for (; c && (node < c || node >= c + c->span); c = hr_json_next(at, c)) index++;
        if (!c) break;
        const size_t room = sizeof s->place - used;
        if (at->type == HR_JSON_ARRAY) used += hr_format(s->place + used, room, "/%u", (unsigned)index);
        else used += hr_format(s->place + used, room, "/%.*s", (int)hr_min_size(c->key.size, 60), c->key.data);
        if (used > sizeof s->place - 2) break;
        at = c;
    }
    s->b->place = s->place;
    if (status == HR_OK) return; /* only the place, for what is called next */
    hr_guide_fail(s->b, status, "%s", what);
}
static void refuse_schema(hr_schema *s, const hr_json_node *node, const char *why) {
    char text[120];
    hr_format(text, sizeof text, "\"%.*s\" %s", (int)hr_min_size(node->key.size, 40), node->key.data ? node->key.data : "", why);
    hr_schema_fail(s, node, HR_E_UNSUPPORTED, text);
}
HR_PRIVATE uint32_t hr_schema_count(hr_schema *s, const hr_json_node *node) {
    hr_decimal d;
    uint64_t v = 0;
    if (!hr_json_is(node, HR_JSON_NUMBER) || !hr_decimal_read(node->text, &d) || d.minus || d.n > d.point) {
        hr_schema_fail(s, node, HR_E_FORMAT, "must be a whole number from 0 on");
        return 0;
    }
    for (int i = 0; i < d.n && v < UINT32_MAX; i++) v = v * 10 + (uint64_t)(d.digit[i] - '0');
    return v >= UINT32_MAX ? UINT32_MAX - 1 : (uint32_t)v;
}
HR_PRIVATE void hr_schema_add(hr_schema *s, hr_schema_all *all, hr_schema_part p) {
    if (p.node && p.kind == HR_PART_SCHEMA && p.node->type == HR_JSON_TRUE) return;
    if (p.node && p.kind <= HR_PART_NOT && p.node->type != HR_JSON_TRUE && p.node->type != HR_JSON_FALSE &&
        p.node->type != HR_JSON_OBJECT) {
        hr_schema_fail(s, p.node, HR_E_FORMAT, "is not a schema");
        return;
    }
    if (p.node && p.kind <= HR_PART_NOT && p.node->type == (p.kind == HR_PART_NOT ? HR_JSON_TRUE : HR_JSON_FALSE)) all->types = 0;
    if (p.kind == HR_PART_NOT && p.node && p.node->type == HR_JSON_FALSE) return;
    for (uint32_t i = 0; i < all->n; i++) {
        const hr_schema_part *q = &all->part[i];
        if (q->node != p.node || (p.node && q->node == p.node && q->kind <= HR_PART_NOT && q->kind + p.kind == 1)) {
            if (q->node == p.node) all->types = 0; /* it and its contrary */
            continue;
        }
        if (q->kind == p.kind && q->sub == p.sub && q->n == p.n && q->scope == all->scope && hr_schema_same(q->name, p.name))
            return;
    }
    if (all->n == HR_SCHEMA_PARTS || !hr_guide_step(s->b, all->n + 1)) {
        hr_schema_fail(s, p.node, HR_E_LIMIT, "too many schemas hold for one value");
        return;
    }
    p.scope = all->scope;
    all->part[all->n++] = p;
}
static void add_schema_sub(hr_schema *s, hr_schema_all *all, hr_part_kind kind, const hr_json_node *node) {
    hr_schema_add(s, all, (hr_schema_part){.kind = (uint8_t)kind, .node = node});
}
static void add_schema_subs(hr_schema *s, hr_schema_all *all, hr_part_kind kind, const hr_json_node *list) {
    if (!hr_json_is(list, HR_JSON_ARRAY) || list->count == 0) {
        hr_schema_fail(s, list, HR_E_FORMAT, "must be a list that is not empty");
        return;
    }
    for (const hr_json_node *c = hr_json_first(list); c; c = hr_json_next(list, c)) add_schema_sub(s, all, kind, c);
}

/* --- what a schema says ------------------------------------------------------------------------------------ */
static uint32_t find_type_bits(hr_str name) {
    static const struct { const char *name; uint32_t bits; } list[] = {
        {"null", HR_TYPE_NULL}, {"boolean", HR_TYPE_FALSE | HR_TYPE_TRUE}, {"integer", HR_TYPE_INTEGER},
        {"number", HR_TYPE_NUMBER}, {"string", HR_TYPE_STRING}, {"array", HR_TYPE_ARRAY}, {"object", HR_TYPE_OBJECT}};
    for (size_t i = 0; i < HR_COUNT(list); i++)
        if (hr_schema_is(name, list[i].name)) return list[i].bits;
    return 0;
}
static uint32_t read_schema_types(hr_schema *s, const hr_json_node *node) {
    uint32_t bits = hr_json_is(node, HR_JSON_STRING) ? find_type_bits(node->text) : 0;
    for (const hr_json_node *c = hr_json_is(node, HR_JSON_ARRAY) ? hr_json_first(node) : NULL; c; c = hr_json_next(node, c)) {
        const uint32_t more = hr_json_is(c, HR_JSON_STRING) ? find_type_bits(c->text) : 0;
        if (!more) hr_schema_fail(s, c, HR_E_FORMAT, "is not a type");
        bits |= more;
    }
    if (!bits) hr_schema_fail(s, node, HR_E_FORMAT, "is not a type");
    return bits;
}
static uint32_t find_value_bits(const hr_json_node *v) {
    static const uint8_t bits[] = {HR_TYPE_NULL, HR_TYPE_FALSE, HR_TYPE_TRUE, HR_TYPE_NUMBER, HR_TYPE_STRING, HR_TYPE_ARRAY,
                                   HR_TYPE_OBJECT};
    return bits[v->type];
}
HR_PRIVATE bool hr_schema_word(hr_str key, const char *words) { /* " a b c " */
    const size_t n = strlen(words);
    if (key.size == 0 || memchr(key.data, ' ', key.size)) return false;
    for (size_t i = 1; i + key.size < n; i++)
        if (words[i - 1] == ' ' && words[i + key.size] == ' ' && !memcmp(words + i, key.data, key.size)) return true;
    return false;
}
#define SCHEMA_STRINGS " minLength maxLength pattern format "
#define SCHEMA_NUMBERS " minimum maximum exclusiveMinimum exclusiveMaximum multipleOf "
#define SCHEMA_COUNTS " minItems maxItems minProperties maxProperties "
#define SCHEMA_LATER " properties patternProperties additionalProperties propertyNames items contains uniqueItems "
#define SCHEMA_2020 " prefixItems minContains maxContains unevaluatedItems unevaluatedProperties "
#define SCHEMA_NOTES                                                                                                      \
    " title description default examples example $comment $schema $id $anchor $defs definitions readOnly writeOnly deprecated " \
    "contentEncoding contentMediaType contentSchema then else $dynamicAnchor "
static bool is_schema_note(hr_str key) {
    return hr_schema_word(key, SCHEMA_NOTES) || (key.size > 2 && key.data[0] == 'x' && key.data[1] == '-');
}
static bool is_schema_ref(const hr_schema *s, hr_str key) {
    return hr_schema_is(key, "$ref") || (!s->draft7 && hr_schema_is(key, "$dynamicRef"));
}
static void read_schema_depends(hr_schema *s, hr_schema_all *all, const hr_json_node *list) {
    if (!hr_json_is(list, HR_JSON_OBJECT)) hr_schema_fail(s, list, HR_E_FORMAT, "must be an object");
    else for (const hr_json_node *c = hr_json_first(list); c; c = hr_json_next(list, c))
        add_schema_sub(s, all, HR_PART_DEPENDS, c);
}
static void read_schema_required(hr_schema *s, hr_schema_all *all, const hr_json_node *list) {
    if (!hr_json_is(list, HR_JSON_ARRAY)) hr_schema_fail(s, list, HR_E_FORMAT, "must be a list of names");
    for (const hr_json_node *c = s->b->status == HR_OK ? hr_json_first(list) : NULL; c; c = hr_json_next(list, c)) {
        if (c->type != HR_JSON_STRING) hr_schema_fail(s, c, HR_E_FORMAT, "must be a name");
        else hr_schema_add(s, all, (hr_schema_part){.kind = HR_PART_REQUIRE, .name = c->text});
    }
}
static void read_schema_keyword(hr_schema *s, hr_schema_all *all, const hr_json_node *node, const hr_json_node *m) {
    const hr_str k = m->key;
    if (hr_schema_is(k, "type")) all->types &= read_schema_types(s, m);
    else if (is_schema_ref(s, k)) add_schema_sub(s, all, HR_PART_SCHEMA, hr_schema_target(s, m));
    else if (hr_schema_is(k, "allOf")) add_schema_subs(s, all, HR_PART_SCHEMA, m);
    else if (hr_schema_is(k, "not")) add_schema_sub(s, all, HR_PART_NOT, m);
    else if (hr_schema_is(k, "const")) add_schema_sub(s, all, HR_PART_CONST, m);
    else if (hr_schema_is(k, "enum")) add_schema_sub(s, all, HR_PART_ENUM, m);
    else if (hr_schema_is(k, "anyOf")) add_schema_sub(s, all, HR_PART_ANY_OF, m);
    else if (hr_schema_is(k, "oneOf")) add_schema_sub(s, all, HR_PART_ONE_OF, m);
    else if (hr_schema_is(k, "if")) add_schema_sub(s, all, HR_PART_IF, node);
    else if (hr_schema_is(k, "required")) read_schema_required(s, all, m);
    else if (hr_schema_word(k, s->draft7 ? " dependencies " : " dependentRequired dependentSchemas "))
        read_schema_depends(s, all, m);
    else if (hr_schema_word(k, SCHEMA_STRINGS SCHEMA_NUMBERS SCHEMA_COUNTS SCHEMA_LATER) || is_schema_note(k)) return;
    else if (hr_schema_word(k, s->draft7 ? " additionalItems " : SCHEMA_2020)) return;
    else refuse_schema(s, m, "is not a keyword that can be enforced");
}
static void read_schema_node(hr_schema *s, hr_schema_all *all, const hr_json_node *node) {
    const hr_json_node *ref = s->draft7 ? hr_json_get(node, "$ref") : NULL; /* alone in draft-07 */
    if (ref) read_schema_keyword(s, all, node, ref);
    for (const hr_json_node *m = ref ? NULL : hr_json_first(node); m && s->b->status == HR_OK; m = hr_json_next(node, m))
        read_schema_keyword(s, all, node, m);
}

/* --- what a schema does not allow: one of these alternatives -------------------------------------------------- */
typedef struct schema_choice {
    hr_schema *s;
    hr_schema_all *all;
    uint32_t want, at; /* alternative `want` is applied, `at` are counted */
} schema_choice;
static bool is_chosen(schema_choice *c) { return c->at++ == c->want; }
static void break_schema_count(schema_choice *c, const hr_json_node *m) {
    const bool items = m->key.data[m->key.size - 1] == 's' && m->key.data[3] == 'I', min = m->key.data[1] == 'i';
    const uint32_t n = hr_schema_count(c->s, m);
    if ((min && n == 0) || !is_chosen(c)) return;
    c->all->types &= items ? HR_TYPE_ARRAY : HR_TYPE_OBJECT;
    const hr_part_kind kind = items ? (min ? HR_PART_MAX_ITEMS : HR_PART_MIN_ITEMS)
                                    : (min ? HR_PART_MAX_MEMBERS : HR_PART_MIN_MEMBERS);
    hr_schema_add(c->s, c->all, (hr_schema_part){.kind = (uint8_t)kind, .n = min ? n - 1 : n + 1});
}
static void break_schema_list(schema_choice *c, const hr_json_node *m) {
    uint32_t i = 0;
    const bool required = hr_schema_is(m->key, "required"), names = hr_schema_is(m->key, "properties");
    for (const hr_json_node *x = hr_json_first(m); x; x = hr_json_next(m, x), i++) {
        if (!is_chosen(c)) continue;
        if (required || names) c->all->types &= HR_TYPE_OBJECT;
        if (required) hr_schema_add(c->s, c->all, (hr_schema_part){.kind = HR_PART_FORBID, .name = x->text});
        else if (names) {
            hr_schema_add(c->s, c->all, (hr_schema_part){.kind = HR_PART_REQUIRE, .name = x->key});
            hr_schema_add(c->s, c->all, (hr_schema_part){.kind = HR_PART_MEMBER, .sub = HR_PART_NOT, .node = x, .name = x->key});
        } else if (hr_schema_is(m->key, "allOf")) add_schema_sub(c->s, c->all, HR_PART_NOT, x);
        else { /* items by their place */
            c->all->types &= HR_TYPE_ARRAY;
            hr_schema_add(c->s, c->all, (hr_schema_part){.kind = HR_PART_MIN_ITEMS, .n = i + 1});
            hr_schema_add(c->s, c->all, (hr_schema_part){.kind = HR_PART_ITEM, .sub = HR_PART_NOT, .n = i, .node = x});
        }
    }
}
static void break_schema_items(schema_choice *c, const hr_json_node *node, const hr_json_node *m, bool contains) {
    const char *other = contains ? "maxContains" : "prefixItems";
    if (hr_json_get(node, other) || (contains && hr_json_get(node, "minContains")))
        refuse_schema(c->s, m, "cannot be negated here");
    if (!is_chosen(c)) return;
    c->all->types &= HR_TYPE_ARRAY;
    const hr_part_kind kind = contains ? HR_PART_ITEMS : HR_PART_CONTAINS;
    hr_schema_add(c->s, c->all, (hr_schema_part){.kind = (uint8_t)kind, .sub = HR_PART_NOT, .node = m});
}
static void break_schema_if(schema_choice *c, const hr_json_node *node, const hr_json_node *m) {
    const hr_json_node *branch[2] = {hr_json_get(node, "then"), hr_json_get(node, "else")};
    for (int i = 0; i < 2; i++) {
        if (!branch[i] || !is_chosen(c)) continue;
        add_schema_sub(c->s, c->all, i == 0 ? HR_PART_SCHEMA : HR_PART_NOT, m);
        add_schema_sub(c->s, c->all, HR_PART_NOT, branch[i]);
    }
}
static void break_schema_keyword(schema_choice *c, const hr_json_node *node, const hr_json_node *m) {
    hr_schema *s = c->s;
    const hr_str k = m->key;
    const bool is_list = m->type == HR_JSON_ARRAY;
    if (hr_schema_is(k, "type")) {
        const uint32_t bits = read_schema_types(s, m);
        if (is_chosen(c)) c->all->types &= ~bits;
    } else if (is_schema_ref(s, k)) {
        if (is_chosen(c)) add_schema_sub(s, c->all, HR_PART_NOT, hr_schema_target(s, m));
    } else if (hr_schema_is(k, "not")) {
        if (is_chosen(c)) add_schema_sub(s, c->all, HR_PART_SCHEMA, m);
    } else if (hr_schema_is(k, "const")) {
        if (is_chosen(c)) add_schema_sub(s, c->all, HR_PART_NOT_CONST, m);
    } else if (hr_schema_is(k, "anyOf") || hr_schema_is(k, "enum")) {
        if (is_chosen(c)) add_schema_subs(s, c->all, hr_schema_is(k, "enum") ? HR_PART_NOT_CONST : HR_PART_NOT, m);
    } else if (hr_schema_is(k, "allOf") || hr_schema_is(k, "required") || hr_schema_is(k, "properties") ||
               hr_schema_is(k, "prefixItems") || (hr_schema_is(k, "items") && is_list && s->draft7)) {
        break_schema_list(c, m);
    } else if (hr_schema_is(k, "if")) {
        break_schema_if(c, node, m);
    } else if (hr_schema_word(k, SCHEMA_COUNTS)) {
        break_schema_count(c, m);
    } else if (hr_schema_word(k, SCHEMA_STRINGS SCHEMA_NUMBERS)) {
        if (!is_chosen(c)) return;
        c->all->types &= hr_schema_word(k, SCHEMA_STRINGS) ? HR_TYPE_STRING : HR_TYPE_NUMBER;
        add_schema_sub(s, c->all, HR_PART_BREAKS, m);
    } else if ((hr_schema_is(k, "items") && !is_list) || hr_schema_is(k, "contains")) {
        break_schema_items(c, node, m, hr_schema_is(k, "contains"));
    } else if (!is_schema_note(k) && !hr_schema_word(k, " minContains maxContains ") && m->type != HR_JSON_TRUE) {
        refuse_schema(s, m, "cannot be enforced inside not, oneOf or if");
    } else if (m->type == HR_JSON_TRUE && hr_schema_is(k, "uniqueItems")) {
        refuse_schema(s, m, "cannot be enforced inside not, oneOf or if");
    }
}
static bool break_schema(hr_schema *s, hr_schema_all *all, const hr_json_node *node, uint32_t want) {
    schema_choice c = {s, all, want, 0};
    const hr_json_node *ref = s->draft7 ? hr_json_get(node, "$ref") : NULL;
    if (ref) break_schema_keyword(&c, node, ref);
    for (const hr_json_node *m = ref ? NULL : hr_json_first(node); m && s->b->status == HR_OK; m = hr_json_next(node, m))
        break_schema_keyword(&c, node, m);
    return c.at > want && s->b->status == HR_OK;
}

/* --- oneOf: is there a value that both allow? false only when surely not ---------------------------------------- */
static const hr_json_node *follow_schema(hr_schema *s, const hr_json_node *node) {
    for (int i = 0; i < 8 && hr_json_is(node, HR_JSON_OBJECT); i++) {
        const hr_json_node *ref = hr_json_get(node, "$ref");
        if (!ref) break;
        node = hr_schema_target(s, ref);
    }
    return node;
}
static uint32_t guess_schema_types(hr_schema *s, const hr_json_node *node) {
    const hr_json_node *type = hr_json_is(node, HR_JSON_OBJECT) ? hr_json_get(node, "type") : NULL;
    const hr_json_node *value = hr_json_is(node, HR_JSON_OBJECT) ? hr_json_get(node, "const") : NULL;
    const hr_json_node *list = hr_json_is(node, HR_JSON_OBJECT) ? hr_json_get(node, "enum") : NULL;
    uint32_t bits = type ? read_schema_types(s, type) : HR_TYPE_ALL, some = 0;
    if (value) bits &= find_value_bits(value);
    for (const hr_json_node *c = hr_json_is(list, HR_JSON_ARRAY) ? hr_json_first(list) : NULL; c; c = hr_json_next(list, c))
        some |= find_value_bits(c);
    return some ? bits & some : bits;
}
/* the i-th text that a schema of one or a few texts allows */
static const hr_json_node *find_schema_text(const hr_json_node *node, uint32_t i) {
    const hr_json_node *value = hr_json_is(node, HR_JSON_OBJECT) ? hr_json_get(node, "const") : NULL;
    const hr_json_node *list = hr_json_is(node, HR_JSON_OBJECT) ? hr_json_get(node, "enum") : NULL;
    if (value) return i == 0 ? value : NULL;
    const hr_json_node *c = hr_json_is(list, HR_JSON_ARRAY) ? hr_json_first(list) : NULL;
    for (; c && i > 0; i--) c = hr_json_next(list, c);
    return c;
}
static bool are_texts_apart(hr_schema *s, const hr_json_node *x, const hr_json_node *y) {
    const hr_json_node *a, *b;
    if (!find_schema_text(x, 0) || !find_schema_text(y, 0)) return false;
    for (uint32_t i = 0; (a = find_schema_text(x, i)); i++)
        for (uint32_t j = 0; (b = find_schema_text(y, j)) && hr_guide_step(s->b, i + j); j++)
            if (a->type != HR_JSON_STRING || b->type != HR_JSON_STRING || hr_schema_same(a->text, b->text)) return false;
    return true;
}
static bool requires_schema_name(const hr_json_node *node, hr_str name) {
    const hr_json_node *list = hr_json_get(node, "required");
    for (const hr_json_node *c = hr_json_is(list, HR_JSON_ARRAY) ? hr_json_first(list) : NULL; c; c = hr_json_next(list, c))
        if (hr_schema_same(c->text, name)) return true;
    return false;
}
static const hr_json_node *find_schema_member(const hr_json_node *object, hr_str name) {
    const hr_json_node *found = NULL;
    const hr_json_node *c = hr_json_is(object, HR_JSON_OBJECT) ? hr_json_first(object) : NULL;
    for (; c; c = hr_json_next(object, c))
        if (hr_schema_same(c->key, name)) found = c;
    return found;
}
/* every object under x lacks what y requires */
static bool lacks_schema_name(const hr_json_node *x, const hr_json_node *y) {
    const hr_json_node *rest = hr_json_get(x, "additionalProperties"), *list = hr_json_get(y, "required");
    if (!hr_json_is(rest, HR_JSON_FALSE) || hr_json_get(x, "patternProperties")) return false;
    for (const hr_json_node *c = hr_json_is(list, HR_JSON_ARRAY) ? hr_json_first(list) : NULL; c; c = hr_json_next(list, c))
        if (c->type == HR_JSON_STRING && !find_schema_member(hr_json_get(x, "properties"), c->text)) return true;
    return false;
}
static bool are_schemas_apart(hr_schema *s, const hr_json_node *x, const hr_json_node *y) {
    x = follow_schema(s, x);
    y = follow_schema(s, y);
    if (s->b->status != HR_OK) return false;
    const uint32_t both = guess_schema_types(s, x) & guess_schema_types(s, y);
    if (both == 0) return true;
    if (both == HR_TYPE_STRING) return are_texts_apart(s, x, y);
    if (both != HR_TYPE_OBJECT) return false;
    if (lacks_schema_name(x, y) || lacks_schema_name(y, x)) return true;
    const hr_json_node *p = hr_json_get(x, "properties"), *q = hr_json_get(y, "properties");
    for (const hr_json_node *c = hr_json_is(p, HR_JSON_OBJECT) ? hr_json_first(p) : NULL; c; c = hr_json_next(p, c)) {
        const hr_json_node *d = find_schema_member(q, c->key);
        if (!d || (!requires_schema_name(x, c->key) && !requires_schema_name(y, c->key))) continue;
        if (are_texts_apart(s, c, d)) return true;
    }
    return false;
}

/* --- branching ------------------------------------------------------------------------------------------------- */
static const hr_json_node *find_schema_child(const hr_json_node *list, uint32_t i) {
    const hr_json_node *c = hr_json_first(list);
    for (; c && i > 0; i--) c = hr_json_next(list, c);
    return c;
}
/* alternative `want` of an enum: first all scalars, then each other value */
static bool choose_schema_enum(hr_schema *s, hr_schema_all *all, const hr_json_node *list, uint32_t want) {
    uint32_t bits = 0, at = 1;
    if (!hr_json_is(list, HR_JSON_ARRAY)) {
        hr_schema_fail(s, list, HR_E_FORMAT, "must be a list");
        return false;
    }
    for (const hr_json_node *c = hr_json_first(list); c; c = hr_json_next(list, c)) {
        if (c->type < HR_JSON_ARRAY) bits |= find_value_bits(c);
        else if (at++ == want) return add_schema_sub(s, all, HR_PART_CONST, c), true;
    }
    all->types &= bits;
    if (want == 0) add_schema_sub(s, all, HR_PART_WORDS, list);
    return want == 0;
}
static bool choose_schema_depends(hr_schema *s, hr_schema_all *all, const hr_json_node *node, uint32_t want) {
    if (want == 0) hr_schema_add(s, all, (hr_schema_part){.kind = HR_PART_FORBID, .name = node->key});
    if (want == 1) hr_schema_add(s, all, (hr_schema_part){.kind = HR_PART_REQUIRE, .name = node->key});
    if (want == 1 && node->type == HR_JSON_ARRAY) read_schema_required(s, all, node);
    else if (want == 1) add_schema_sub(s, all, HR_PART_SCHEMA, node);
    return want < 2;
}
/* What one alternative evaluates is a matter of all that hold: beside unevaluated* every set of them is one way. (More of
 * them evaluate more, so a smaller set that holds is never too generous.) */
static bool choose_schema_subset(hr_schema *s, hr_schema_all *all, const hr_json_node *list, uint32_t set) {
    uint32_t i = 0;
    if (list->count > 8) hr_schema_fail(s, list, HR_E_LIMIT, "too many alternatives beside \"unevaluated...\"");
    if (s->b->status != HR_OK || set >> list->count) return false;
    for (const hr_json_node *c = hr_json_first(list); c; c = hr_json_next(list, c), i++)
        if (set >> i & 1) add_schema_sub(s, all, HR_PART_SCHEMA, c);
    return true;
}
static bool choose_schema_branch(hr_schema *s, hr_schema_all *all, const hr_schema_part *p, uint32_t want) {
    const hr_json_node *sub;
    all->scope = p->kind == HR_PART_NOT ? 0 : p->scope; /* nothing under a "not" counts as evaluated */
    switch (p->kind) {
    case HR_PART_NOT: return break_schema(s, all, p->node, want);
    case HR_PART_ENUM: return choose_schema_enum(s, all, p->node, want);
    case HR_PART_DEPENDS: return choose_schema_depends(s, all, p->node, want);
    case HR_PART_IF:
        if (want > 1) return false;
        add_schema_sub(s, all, want == 0 ? HR_PART_SCHEMA : HR_PART_NOT, hr_json_get(p->node, "if"));
        sub = hr_json_get(p->node, want == 0 ? "then" : "else");
        if (sub) add_schema_sub(s, all, HR_PART_SCHEMA, sub);
        return true;
    default:
        if (!hr_json_is(p->node, HR_JSON_ARRAY) || p->node->count == 0) {
            hr_schema_fail(s, p->node, HR_E_FORMAT, "must be a list that is not empty");
            return false;
        }
        if (p->kind == HR_PART_ANY_OF && p->scope) return choose_schema_subset(s, all, p->node, want + 1);
        sub = find_schema_child(p->node, want);
        if (!sub) return false;
        add_schema_sub(s, all, HR_PART_SCHEMA, sub);
        for (const hr_json_node *c = hr_json_first(p->node); c && p->kind == HR_PART_ONE_OF; c = hr_json_next(p->node, c))
            if (c != sub && !are_schemas_apart(s, sub, c)) add_schema_sub(s, all, HR_PART_NOT, c);
        return true;
    }
}
/* the bit of a schema that asks what it has evaluated; 0: it does not ask */
static uint32_t find_schema_scope(hr_schema *s, hr_schema_all *all, const hr_json_node *node) {
    uint32_t i = 0;
    if (s->draft7 || (!hr_json_get(node, "unevaluatedProperties") && !hr_json_get(node, "unevaluatedItems"))) return 0;
    while (i < all->n_scopes && all->scopes[i] != node) i++;
    if (i == HR_SCHEMA_SCOPES) {
        hr_schema_fail(s, node, HR_E_LIMIT, "too many of \"unevaluated...\" hold for one value");
        return 0;
    }
    if (i == all->n_scopes) all->scopes[all->n_scopes++] = node;
    return 1u << i;
}
HR_PRIVATE void hr_schema_expand(hr_schema *s, hr_schema_all *all) {
    uint32_t branch = HR_SCHEMA_PARTS;
    for (uint32_t i = 0; i < all->n && all->types && s->b->status == HR_OK; i++) {
        hr_schema_part *p = &all->part[i];
        if (p->done) continue;
        if (p->kind == HR_PART_SCHEMA || p->kind == HR_PART_CONST) {
            p->done = true;
            if (p->kind == HR_PART_CONST) all->types &= find_value_bits(p->node);
            else if (p->node->type == HR_JSON_OBJECT) {
                all->scope = p->scope | find_schema_scope(s, all, p->node);
                read_schema_node(s, all, p->node);
            }
        } else if (p->kind == HR_PART_NOT_CONST && p->node->type <= HR_JSON_TRUE) {
            all->types &= ~find_value_bits(p->node);
        } else if ((p->kind == HR_PART_NOT || (p->kind >= HR_PART_ANY_OF && p->kind <= HR_PART_DEPENDS)) && branch > i) {
            branch = i;
        }
    }
    if (!all->types || s->b->status != HR_OK) return;
    if (branch == HR_SCHEMA_PARTS) {
        hr_schema_emit(s, all);
        return;
    }
    all->part[branch].done = true;
    const size_t mark = hr_arena_mark(&s->b->arena);
    hr_schema_all *one = HR_GUIDE_NEW(s->b, hr_schema_all, 1);
    for (uint32_t want = 0; s->b->status == HR_OK; want++) {
        *one = *all;
        if (!choose_schema_branch(s, one, &all->part[branch], want)) break;
        if (++s->branches > HR_SCHEMA_BRANCHES) hr_schema_fail(s, all->part[branch].node, HR_E_LIMIT, "too many alternatives");
        hr_schema_expand(s, one);
    }
    hr_arena_rewind(&s->b->arena, mark);
}
#undef SCHEMA_STRINGS
#undef SCHEMA_NUMBERS
#undef SCHEMA_COUNTS
#undef SCHEMA_LATER
#undef SCHEMA_2020
#undef SCHEMA_NOTES
HR_SMALL_END
