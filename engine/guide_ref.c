/* guide_ref.c: where references of a schema point: resources by $id, anchors, pointers; base URIs as in RFC 3986,
 * section 5.2. Only what stands where a schema may stand has an identity: not what an enum or a const holds. */
#include "engine/guide_schema.h"
HR_SMALL_BEGIN

enum { SCHEMA_HERE = 0x8000 }; /* in hr_schema.home: a schema stands here */
static hr_str cut_schema_uri(hr_str text, hr_str *fragment) {
    const char *at = text.size ? (const char *)memchr(text.data, '#', text.size) : NULL;
    *fragment = (hr_str){NULL, 0};
    if (!at) return text;
    *fragment = (hr_str){at + 1, text.size - (size_t)(at - text.data) - 1};
    return (hr_str){text.data, (size_t)(at - text.data)};
}
static size_t find_schema_char(hr_str text, size_t from, const char *set) {
    while (from < text.size && !(text.data[from] && strchr(set, text.data[from]))) from++;
    return from;
}
/* behind "scheme:"; 0: none */
static size_t find_uri_scheme(hr_str uri) {
    const size_t at = find_schema_char(uri, 0, ":/?");
    return at > 0 && at < uri.size && uri.data[at] == ':' ? at + 1 : 0;
}
static size_t find_uri_path(hr_str uri) {
    const size_t at = find_uri_scheme(uri);
    const bool host = uri.size >= at + 2 && uri.data[at] == '/' && uri.data[at + 1] == '/';
    return host ? find_schema_char(uri, at + 2, "/?") : at;
}
static size_t drop_uri_dots(char *p, size_t n) { /* of a path that begins with '/' */
    size_t k = 0;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && p[end] != '/';) end++;
        const bool one = end - i == 2 && p[i + 1] == '.', two = end - i == 3 && p[i + 1] == '.' && p[i + 2] == '.';
        if (two) while (k > 0 && p[--k] != '/') {}
        if (!one && !two) {
            memmove(p + k, p + i, end - i);
            k += end - i;
        } else if (end == n) {
            p[k++] = '/';
        }
    }
    return k;
}
static hr_str join_schema_uri(hr_schema *s, hr_str base, hr_str ref) {
    const size_t path = find_uri_path(base), query = find_schema_char(base, path, "?");
    size_t keep = path;
    if (ref.size == 0) return base;
    if (find_uri_scheme(ref)) return ref;
    char *out = HR_GUIDE_NEW(s->b, char, base.size + ref.size + 2);
    if (!out) return base;
    if (ref.size > 1 && ref.data[0] == '/' && ref.data[1] == '/') keep = find_uri_scheme(base);
    else if (ref.data[0] == '?') keep = query;
    else if (ref.data[0] != '/')
        for (size_t i = path; i < query; i++)
            if (base.data[i] == '/') keep = i + 1;
    if (keep > 0) memcpy(out, base.data, keep);
    if (keep == path && path > find_uri_scheme(base) && ref.data[0] != '/' && ref.data[0] != '?') out[keep++] = '/';
    memcpy(out + keep, ref.data, ref.size);
    keep += ref.size;
    const size_t begin = find_uri_path((hr_str){out, keep});
    if (begin < keep && out[begin] == '/') keep = begin + drop_uri_dots(out + begin, keep - begin);
    return (hr_str){out, keep};
}

/* --- what stands where --------------------------------------------------------------------------------------- */
static uint32_t add_schema_home(hr_schema *s, const hr_json_node *node, hr_str uri) {
    for (uint32_t i = 0; i < s->n_homes; i++)
        if (hr_schema_same(s->homes[i].uri, uri)) hr_schema_fail(s, node, HR_E_FORMAT, "\"$id\" twice the same");
    if (s->n_homes == HR_SCHEMA_HOMES) hr_schema_fail(s, node, HR_E_LIMIT, "more of \"$id\" than can be kept");
    if (s->b->status != HR_OK) return 0;
    s->homes[s->n_homes] = (hr_schema_home){(uint32_t)(node - s->nodes), uri};
    return s->n_homes++;
}
static void mark_schema(hr_schema *s, const hr_json_node *node, uint32_t home);
static void mark_schema_list(hr_schema *s, const hr_json_node *list, uint32_t home) {
    for (const hr_json_node *c = hr_json_first(list); c; c = hr_json_next(list, c)) mark_schema(s, c, home);
}
static void mark_schema(hr_schema *s, const hr_json_node *node, uint32_t home) {
    static const char one[] = " not if then else additionalProperties propertyNames contains unevaluatedProperties items "
                              "unevaluatedItems additionalItems contentSchema ";
    static const char lists[] = " allOf anyOf oneOf prefixItems items ";
    static const char maps[] = " properties patternProperties $defs definitions dependentSchemas dependencies ";
    const size_t at = (size_t)(node - s->nodes);
    const hr_json_node *id = s->draft7 && hr_json_get(node, "$ref") ? NULL : hr_json_get(node, "$id");
    hr_str fragment, uri;
    if (node->type != HR_JSON_OBJECT || !hr_guide_step(s->b, node->span)) return;
    if (hr_json_is(id, HR_JSON_STRING)) {
        uri = cut_schema_uri(id->text, &fragment);
        if (fragment.size > 0 && !s->draft7) hr_schema_fail(s, id, HR_E_FORMAT, "\"$id\" with a fragment: $anchor");
        if (at == 0) s->homes[0].uri = uri;
        else if (uri.size > 0) home = add_schema_home(s, node, join_schema_uri(s, s->homes[home].uri, uri));
        if (s->b->status != HR_OK) return;
        for (size_t i = 0; i < node->span; i++) s->home[at + i] = (uint16_t)home;
    }
    s->home[at] |= SCHEMA_HERE;
    for (const hr_json_node *m = hr_json_first(node); m && s->b->status == HR_OK; m = hr_json_next(node, m)) {
        if (at > 0 && hr_schema_is(m->key, "$schema") && hr_schema_draft(m) != (s->draft7 ? 7 : 2020))
            hr_schema_fail(s, m, HR_E_UNSUPPORTED, "\"$schema\" other than the document's");
        if (m->type == HR_JSON_ARRAY && hr_schema_word(m->key, lists)) mark_schema_list(s, m, home);
        else if (m->type == HR_JSON_OBJECT && hr_schema_word(m->key, maps)) mark_schema_list(s, m, home);
        else if (hr_schema_word(m->key, one)) mark_schema(s, m, home);
    }
}
HR_PRIVATE int hr_schema_draft(const hr_json_node *uri) { /* 7, 2020; 0: another */
    static const char *const names[] = {"draft-07/schema", "draft/2020-12/schema"};
    for (int k = 0; k < 2 && hr_json_is(uri, HR_JSON_STRING); k++)
        for (size_t i = 0; i + strlen(names[k]) <= uri->text.size; i++)
            if (!memcmp(uri->text.data + i, names[k], strlen(names[k]))) return k == 0 ? 7 : 2020;
    return 0;
}
HR_PRIVATE void hr_schema_mark(hr_schema *s) {
    const hr_json_node *uri = hr_json_get(s->nodes, "$schema");
    s->homes = HR_GUIDE_NEW(s->b, hr_schema_home, HR_SCHEMA_HOMES);
    s->home = HR_GUIDE_NEW(s->b, uint16_t, s->n_nodes);
    if (s->b->status != HR_OK) return;
    s->draft7 = hr_schema_draft(uri) == 7;
    if (uri && !hr_schema_draft(uri))
        hr_schema_fail(s, uri, HR_E_UNSUPPORTED, "\"$schema\" must be that of 2020-12 or of draft-07");
    s->n_homes = 1;
    if (s->b->status == HR_OK) mark_schema(s, s->nodes, 0);
}

/* --- references ------------------------------------------------------------------------------------------------ */
static bool has_schema_anchor(const hr_schema *s, const hr_json_node *node, hr_str name, bool dynamic) {
    const hr_json_node *a = hr_json_get(node, dynamic ? "$dynamicAnchor" : s->draft7 ? "$id" : "$anchor");
    hr_str text = hr_json_is(a, HR_JSON_STRING) ? a->text : (hr_str){NULL, 0};
    if (s->draft7) (void)cut_schema_uri(text, &text);
    return text.size > 0 && hr_schema_same(text, name);
}
/* the only one of a resource; NULL: none, or several */
static const hr_json_node *find_schema_anchor(hr_schema *s, uint32_t home, hr_str name, bool dynamic) {
    const hr_json_node *found = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_nodes && hr_guide_step(s->b, 1); i++) {
        const hr_json_node *node = &s->nodes[i];
        if (node->type != HR_JSON_OBJECT || s->home[i] != (home | SCHEMA_HERE) || !hr_guide_step(s->b, node->count)) continue;
        if (has_schema_anchor(s, node, name, true) || (!dynamic && has_schema_anchor(s, node, name, false))) found = node, n++;
    }
    return n == 1 ? found : NULL;
}
static int read_schema_hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}
/* one step of a pointer, with ~0, ~1 and %XX; false: not well formed */
static bool read_schema_step(hr_str ref, size_t *at, char *out, size_t cap, size_t *n) {
    for (*n = 0; *at < ref.size && ref.data[*at] != '/';) {
        char c = ref.data[(*at)++];
        if (*n == cap) return false;
        if (c == '%') {
            const int hi = *at + 1 < ref.size ? read_schema_hex(ref.data[*at]) : -1;
            const int lo = hi >= 0 ? read_schema_hex(ref.data[*at + 1]) : -1;
            if (lo < 0) return false;
            c = (char)(hi * 16 + lo);
            *at += 2;
        }
        out[(*n)++] = c;
    }
    size_t k = 0;
    for (size_t i = 0; i < *n; i++) {
        out[k++] = out[i];
        if (out[i] == '~' && i + 1 < *n && (out[i + 1] == '0' || out[i + 1] == '1')) out[k - 1] = out[++i] == '0' ? '~' : '/';
    }
    *n = k;
    return true;
}
static const hr_json_node *follow_schema_pointer(const hr_json_node *to, hr_str text) {
    char step[256];
    for (size_t at = 0, n; to && at < text.size;) {
        uint32_t index = 0;
        at++; /* the '/' */
        if (!read_schema_step(text, &at, step, sizeof step, &n)) return NULL;
        if (to->type != HR_JSON_OBJECT && to->type != HR_JSON_ARRAY) return NULL;
        const hr_json_node *c = hr_json_first(to);
        for (size_t i = 0; to->type == HR_JSON_ARRAY && i < n && n < 9; i++)
            index = step[i] >= '0' && step[i] <= '9' ? index * 10 + (uint32_t)(step[i] - '0') : UINT32_MAX / 16;
        for (; c; c = hr_json_next(to, c))
            if (to->type == HR_JSON_ARRAY ? n > 0 && n < 9 && index-- == 0 : hr_schema_same(c->key, (hr_str){step, n})) break;
        to = c;
    }
    return to;
}
/* The dynamic scope begins with the document: its own anchor of that name wins; without one, the only one of them all. */
static const hr_json_node *find_dynamic_target(hr_schema *s, const hr_json_node *ref, const hr_json_node *to, hr_str name) {
    const hr_json_node *first = find_schema_anchor(s, 0, name, true);
    uint32_t n = 0;
    if (first || !has_schema_anchor(s, to, name, true)) return first && has_schema_anchor(s, to, name, true) ? first : to;
    for (uint32_t i = 0; i < s->n_nodes; i++)
        n += s->home[i] >= SCHEMA_HERE && s->nodes[i].type == HR_JSON_OBJECT && has_schema_anchor(s, &s->nodes[i], name, true);
    if (n > 1) hr_schema_fail(s, ref, HR_E_UNSUPPORTED, "\"$dynamicRef\" that means one thing here and another there");
    return to;
}
static bool has_schema_ids(const hr_json_node *node) {
    for (uint32_t i = 1; i < node->span; i++)
        if (hr_schema_word(node[i].key, " $id $anchor $dynamicAnchor ")) return true;
    return false;
}
HR_PRIVATE const hr_json_node *hr_schema_target(hr_schema *s, const hr_json_node *ref) {
    hr_str text = hr_json_is(ref, HR_JSON_STRING) ? ref->text : (hr_str){"?", 1}, fragment;
    const hr_str uri = cut_schema_uri(text, &fragment);
    uint32_t home = s->home[ref - s->nodes] & (SCHEMA_HERE - 1u);
    if (uri.size > 0) {
        const hr_str whole = join_schema_uri(s, s->homes[home].uri, uri);
        for (home = 0; home < s->n_homes && !hr_schema_same(s->homes[home].uri, whole);) home++;
    }
    const hr_json_node *to = home < s->n_homes ? &s->nodes[s->homes[home].node] : NULL;
    const bool anchor = to && fragment.size > 0 && fragment.data[0] != '/';
    if (anchor) to = find_schema_anchor(s, home, fragment, false);
    else if (to) to = follow_schema_pointer(to, fragment);
    if (anchor && to && hr_schema_is(ref->key, "$dynamicRef")) to = find_dynamic_target(s, ref, to, fragment);
    /* of what stands elsewhere nobody knows the base */
    if (to && to->type == HR_JSON_OBJECT && !(s->home[to - s->nodes] & SCHEMA_HERE) && has_schema_ids(to)) to = NULL;
    if (!to) hr_schema_fail(s, ref, HR_E_UNSUPPORTED, "\"$ref\" refers to what is not in this document");
    return to;
}
HR_SMALL_END
