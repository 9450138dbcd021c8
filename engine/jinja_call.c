/* jinja_call.c: what templates may call: filters, tests, methods of strings and dicts, a few functions. What is not here is
 * refused by name; methods that would change the caller's data are refused as in the reference's sandbox. */
#include "engine/jinja.h"
HR_SMALL_BEGIN

/* the argument of a place or name, or NULL */
static const hr_jv *jarg(const hr_jargs *a, uint32_t place, const char *name) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->name[i].data) { if (name && hr_str_is(a->name[i], name)) return &a->pos[i]; }
        else if (at++ == place) return &a->pos[i];
    }
    return NULL;
}
static bool jarg_true(const hr_jargs *a, uint32_t place, const char *name) {
    const hr_jv *v = jarg(a, place, name);
    return v && hr_jv_true(*v);
}
static int64_t jarg_int(hr_jrun *r, const hr_jargs *a, uint32_t place, const char *name, int64_t fallback) {
    const hr_jv *v = jarg(a, place, name);
    if (!v || v->type == HR_JV_NONE) return fallback;
    if (v->type != HR_JV_INT && v->type != HR_JV_BOOL) hr_jfail(r, HR_E_FORMAT, "an integer is expected here");
    return v->type == HR_JV_INT || v->type == HR_JV_BOOL ? v->u.i : fallback;
}
/* the text of an argument; absent or None: NULL */
static const hr_jv *jarg_text(hr_jrun *r, const hr_jargs *a, uint32_t place, const char *name) {
    const hr_jv *v = jarg(a, place, name);
    if (!v || v->type == HR_JV_NONE) return NULL;
    if (v->type != HR_JV_STRING) { hr_jfail(r, HR_E_FORMAT, "a string is expected here"); return NULL; }
    return v;
}

/* --- strings ------------------------------------------------------------------------------------------------------------ */
static bool in_jset(const hr_jv *set, hr_jv s, size_t at, size_t n) {
    if (!set) return hr_jspace(s.u.s + at, n);
    for (size_t i = 0; i < set->n; i += hr_jchar(*set, i))
        if (hr_jchar(*set, i) == n && memcmp(set->u.s + i, s.u.s + at, n) == 0) return true;
    return false;
}
static hr_jv strip_jinja(hr_jrun *r, hr_jv s, const hr_jv *set, bool left, bool right) {
    size_t from = 0, to = s.n;
    if (!hr_jstep(r, 1 + s.n / 16)) return s;
    while (left && from < to && in_jset(set, s, from, hr_jchar(s, from))) from += hr_jchar(s, from);
    while (right && from < to) {
        size_t at = to - 1;
        while (at > from && ((uint8_t)s.u.s[at] & 0xc0) == 0x80) at--;
        if (!in_jset(set, s, at, to - at)) break;
        to = at;
    }
    return hr_jv_part(s, from, to);
}
static size_t find_jtext(hr_jrun *r, hr_jv s, hr_jv part, size_t from) { /* SIZE_MAX: nowhere */
    if (!hr_jstep(r, 1)) return SIZE_MAX;
    for (size_t i = from; i + part.n <= s.n; i++)
        if ((i & 63) == 63 && !hr_jstep(r, 4)) break;
        else if (part.n == 0 || (s.u.s[i] == part.u.s[0] && memcmp(s.u.s + i, part.u.s, part.n) == 0)) return i;
    return SIZE_MAX;
}
static hr_jv replace_jinja(hr_jrun *r, hr_jv s, const hr_jargs *a) {
    const hr_jv *from = jarg_text(r, a, 0, "old"), *to = jarg_text(r, a, 1, "new");
    int64_t count = jarg_int(r, a, 2, "count", -1);
    hr_jout o = {0};
    size_t at = 0;
    if (r->status != HR_OK) return s;
    if (!from || !to) return hr_jfail(r, HR_E_FORMAT, "replace needs two strings");
    if (from->n == 0) return hr_jfail(r, HR_E_UNSUPPORTED, "replacing the empty string");
    for (; count != 0 && r->status == HR_OK; count--) {
        const size_t next = find_jtext(r, s, *from, at);
        if (next == SIZE_MAX) break;
        hr_jout_add(r, &o, s.u.s + at, next - at, s.mark ? s.mark + at : NULL);
        hr_jout_add(r, &o, to->u.s, to->n, to->mark);
        at = next + from->n;
    }
    if (at == 0) return s;
    hr_jout_add(r, &o, s.u.s + at, s.n - at, s.mark ? s.mark + at : NULL);
    return hr_jout_value(&o);
}
static hr_jv split_jinja(hr_jrun *r, hr_jv s, const hr_jargs *a) {
    const hr_jv *by = jarg_text(r, a, 0, "sep"), out = hr_jv_list(r);
    int64_t most = jarg_int(r, a, 1, "maxsplit", -1);
    size_t at = 0;
    if (by && by->n == 0) return hr_jfail(r, HR_E_FORMAT, "an empty separator");
    while (by && r->status == HR_OK) {
        const size_t next = most == 0 ? SIZE_MAX : find_jtext(r, s, *by, at);
        hr_jv_push(r, out, hr_jv_part(s, at, next == SIZE_MAX ? s.n : next));
        if (next == SIZE_MAX) return out;
        at = next + by->n;
        most--;
    }
    while (r->status == HR_OK) { /* by white space */
        while (at < s.n && hr_jspace(s.u.s + at, hr_jchar(s, at))) at += hr_jchar(s, at);
        if (at >= s.n) break;
        size_t end = at;
        while (end < s.n && !hr_jspace(s.u.s + end, hr_jchar(s, end))) end += hr_jchar(s, end);
        if (most-- == 0) end = strip_jinja(r, s, NULL, false, true).n;
        hr_jv_push(r, out, hr_jv_part(s, at, end));
        at = end;
    }
    return out;
}
typedef enum { JCASE_UPPER, JCASE_LOWER, JCASE_TITLE, JCASE_CAPITALIZE } jinja_case;
static hr_jv case_jinja(hr_jrun *r, hr_jv s, jinja_case how) {
    hr_jout o = {0};
    bool inside = false;
    hr_jout_add(r, &o, s.u.s, s.n, s.mark);
    if (r->status != HR_OK) return s;
    for (size_t i = 0; i < s.n; i++) {
        const char c = s.u.s[i];
        const bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
        if ((uint8_t)c >= 128) return hr_jfail(r, HR_E_UNSUPPORTED, "upper and lower case outside ASCII");
        const bool up = how == JCASE_UPPER || (how == JCASE_TITLE && !inside) || (how == JCASE_CAPITALIZE && i == 0);
        if (upper && !up) o.text[i] = (char)(c + 32);
        if (lower && up) o.text[i] = (char)(c - 32);
        inside = upper || lower;
    }
    return hr_jout_value(&o);
}
static bool ends_jinja(hr_jv s, hr_jv part, bool front) {
    return part.n <= s.n && (part.n == 0 || memcmp(front ? s.u.s : s.u.s + s.n - part.n, part.u.s, part.n) == 0);
}
static hr_jv affix_jinja(hr_jrun *r, hr_jv s, const hr_jargs *a, bool front) {
    const hr_jv *v = jarg(a, 0, NULL);
    if (v && v->type == HR_JV_LIST) {
        for (uint32_t i = 0; i < v->u.list->n; i++)
            if (v->u.list->items[i].type == HR_JV_STRING && ends_jinja(s, v->u.list->items[i], front)) return hr_jv_bool(true);
        return hr_jv_bool(false);
    }
    if (!v || v->type != HR_JV_STRING) return hr_jfail(r, HR_E_FORMAT, "a string is expected here");
    return hr_jv_bool(ends_jinja(s, *v, front));
}
static hr_jv join_jlist(hr_jrun *r, hr_jv list, hr_jv by) {
    hr_jout o = {0};
    const hr_jv items = hr_jv_items(r, list);
    for (uint32_t i = 0; r->status == HR_OK && i < items.u.list->n; i++) {
        if (i) hr_jout_add(r, &o, by.u.s, by.n, by.mark);
        if (items.u.list->items[i].type == HR_JV_STRING && items.u.list->items[i].tuple)
            return hr_jfail(r, HR_E_UNSUPPORTED, "join behind safe");
        hr_jv_print(r, &o, items.u.list->items[i], false);
    }
    return hr_jout_value(&o);
}
static hr_jv string_jmethod(hr_jrun *r, hr_jv s, hr_str name, const hr_jargs *a) {
    if (hr_str_is(name, "strip")) return strip_jinja(r, s, jarg_text(r, a, 0, NULL), true, true);
    if (hr_str_is(name, "lstrip")) return strip_jinja(r, s, jarg_text(r, a, 0, NULL), true, false);
    if (hr_str_is(name, "rstrip")) return strip_jinja(r, s, jarg_text(r, a, 0, NULL), false, true);
    if (hr_str_is(name, "split")) return split_jinja(r, s, a);
    if (hr_str_is(name, "startswith")) return affix_jinja(r, s, a, true);
    if (hr_str_is(name, "endswith")) return affix_jinja(r, s, a, false);
    if (hr_str_is(name, "replace")) return replace_jinja(r, s, a);
    if (hr_str_is(name, "upper")) return case_jinja(r, s, JCASE_UPPER);
    if (hr_str_is(name, "lower")) return case_jinja(r, s, JCASE_LOWER);
    if (hr_str_is(name, "title")) return case_jinja(r, s, JCASE_TITLE);
    if (hr_str_is(name, "capitalize")) return case_jinja(r, s, JCASE_CAPITALIZE);
    if (hr_str_is(name, "join") && a->n == 1) return join_jlist(r, a->pos[0], s);
    return hr_jfail(r, HR_E_UNSUPPORTED, "the method '%.*s' of a string", (int)hr_min_size(name.size, 40), name.data);
}

/* --- dicts and lists -------------------------------------------------------------------------------------------------------- */
static hr_jv list_jpairs(hr_jrun *r, hr_jv dict, int what) { /* 0 keys, 1 values, 2 pairs */
    hr_jv out = hr_jv_list(r);
    out.tuple = 3;
    for (uint32_t i = 0; i < dict.u.dict->n && r->status == HR_OK; i++) {
        const hr_jpair *p = &dict.u.dict->items[i];
        hr_jv pair = what == 2 ? hr_jv_list(r) : what ? p->value : p->key;
        if (what == 2) {
            pair.tuple = 1;
            hr_jv_push(r, pair, p->key);
            hr_jv_push(r, pair, p->value);
        }
        hr_jv_push(r, out, pair);
    }
    return out;
}
hr_jv hr_jmethod(hr_jrun *r, hr_jv v, hr_str name, const hr_jargs *a) {
    hr_jv found;
    if (v.type == HR_JV_STRING && v.tuple) return hr_jfail(r, HR_E_UNSUPPORTED, "a method behind safe");
    if (v.type == HR_JV_STRING) return string_jmethod(r, v, name, a);
    if (v.type == HR_JV_DICT) {
        if (hr_str_is(name, "items")) return list_jpairs(r, v, 2);
        if (hr_str_is(name, "keys")) return list_jpairs(r, v, 0);
        if (hr_str_is(name, "values")) return list_jpairs(r, v, 1);
        if (hr_str_is(name, "get") && a->n) {
            if (hr_jv_find(r, v, a->pos[0], &found)) return found;
            return a->n > 1 ? a->pos[1] : hr_jv_none();
        }
    }
    return hr_jfail(r, HR_E_UNSUPPORTED, "the method '%.*s' of this value", (int)hr_min_size(name.size, 40), name.data);
}
/* a.b.0 of a filter's attribute= */
static hr_jv path_jinja(hr_jrun *r, hr_jv v, hr_jv path) {
    size_t from = 0;
    hr_jv out = v, key;
    if (path.type == HR_JV_INT) return hr_jget(r, v, path);
    if (path.type != HR_JV_STRING) return hr_jfail(r, HR_E_FORMAT, "an attribute is named by a string");
    for (size_t i = 0; i <= path.n && r->status == HR_OK; i++) {
        if (i < path.n && path.u.s[i] != '.') continue;
        hr_jv part = hr_jv_part(path, from, i);
        size_t digits = 0;
        while (digits < part.n && part.u.s[digits] >= '0' && part.u.s[digits] <= '9') digits++;
        if (digits > 0 && digits < 10 && digits == part.n && hr_jnumber((hr_str){part.u.s, part.n}, &key)) part = key;
        out = hr_jget(r, out, part);
        from = i + 1;
    }
    return out;
}
static hr_jv sort_jinja(hr_jrun *r, hr_jv v, const hr_jv *by, bool down, bool fold) {
    const hr_jv items = hr_jv_items(r, v), out = hr_jv_list(r), keys = hr_jv_list(r);
    if (r->status != HR_OK) return out;
    for (uint32_t i = 0; i < items.u.list->n && r->status == HR_OK; i++) { /* insertion: stable */
        hr_jv key = by ? path_jinja(r, items.u.list->items[i], *by) : items.u.list->items[i];
        if (fold && key.type == HR_JV_STRING) key = case_jinja(r, key, JCASE_LOWER);
        hr_jv_push(r, out, items.u.list->items[i]);
        hr_jv_push(r, keys, key);
        if (r->status != HR_OK) break;
        uint32_t k = i;
        for (; k > 0 && r->status == HR_OK; k--) {
            const int order = hr_jv_order(r, key, keys.u.list->items[k - 1]);
            if (down ? order <= 0 : order >= 0) break;
            out.u.list->items[k] = out.u.list->items[k - 1];
            keys.u.list->items[k] = keys.u.list->items[k - 1];
        }
        out.u.list->items[k] = items.u.list->items[i];
        keys.u.list->items[k] = key;
    }
    return out;
}
static hr_jv select_jinja(hr_jrun *r, hr_jv v, const hr_jargs *a, bool attribute, bool keep) {
    const hr_jv items = hr_jv_items(r, v), out = hr_jv_list(r);
    const uint32_t skip = attribute ? 2 : 1;
    hr_jargs rest = {.n = 0};
    if (r->status != HR_OK || (attribute && a->n == 0)) return hr_jfail(r, HR_E_FORMAT, "an attribute is expected here");
    const bool test = a->n >= skip;
    for (uint32_t i = skip; i < a->n; i++) rest.pos[rest.n] = a->pos[i], rest.name[rest.n++] = (hr_str){NULL, 0};
    if (test && a->pos[skip - 1].type != HR_JV_STRING) return hr_jfail(r, HR_E_FORMAT, "a test is named by a string");
    for (uint32_t i = 0; i < items.u.list->n && r->status == HR_OK; i++) {
        const hr_jv item = items.u.list->items[i], subject = attribute ? path_jinja(r, item, a->pos[0]) : item;
        const bool is = test ? hr_jtest(r, (hr_str){a->pos[skip - 1].u.s, a->pos[skip - 1].n}, subject, &rest)
                             : hr_jv_true(subject);
        if (is == keep) hr_jv_push(r, out, item);
    }
    return out;
}
static hr_jv map_jinja(hr_jrun *r, hr_jv v, const hr_jargs *a) {
    const hr_jv items = hr_jv_items(r, v), out = hr_jv_list(r), *by = jarg(a, HR_JINJA_MAX_ARGS, "attribute");
    const hr_jv *fallback = jarg(a, HR_JINJA_MAX_ARGS, "default");
    hr_jargs rest = {.n = 0};
    if (r->status != HR_OK) return out;
    if (!by && (a->n == 0 || a->pos[0].type != HR_JV_STRING)) return hr_jfail(r, HR_E_FORMAT, "map needs a filter or attribute=");
    for (uint32_t i = 1; !by && i < a->n; i++) rest.pos[rest.n] = a->pos[i], rest.name[rest.n++] = a->name[i];
    for (uint32_t i = 0; i < items.u.list->n && r->status == HR_OK; i++) {
        const hr_jv item = items.u.list->items[i];
        hr_jv got = by ? path_jinja(r, item, *by) : hr_jfilter(r, (hr_str){a->pos[0].u.s, a->pos[0].n}, item, &rest);
        if (fallback && got.type == HR_JV_UNDEFINED) got = *fallback;
        hr_jv_push(r, out, got);
    }
    return out;
}
static hr_jv unique_jinja(hr_jrun *r, hr_jv v) {
    const hr_jv items = hr_jv_items(r, v), out = hr_jv_list(r), seen = hr_jv_list(r);
    for (uint32_t i = 0; r->status == HR_OK && i < items.u.list->n; i++) {
        hr_jv key = items.u.list->items[i];
        if (key.type == HR_JV_STRING) key = case_jinja(r, key, JCASE_LOWER);
        if (r->status != HR_OK || hr_jv_in(r, key, seen)) continue;
        hr_jv_push(r, seen, key);
        hr_jv_push(r, out, items.u.list->items[i]);
    }
    return out;
}
static hr_jv reverse_jinja(hr_jrun *r, hr_jv v) {
    const hr_jv items = hr_jv_items(r, v), out = hr_jv_list(r);
    for (uint32_t i = r->status == HR_OK ? items.u.list->n : 0; i > 0; i--) hr_jv_push(r, out, items.u.list->items[i - 1]);
    return v.type == HR_JV_STRING ? join_jlist(r, out, hr_jv_text("", 0)) : out;
}
static hr_jv indent_jinja(hr_jrun *r, hr_jv v, const hr_jargs *a) {
    const hr_jv s = hr_jv_string(r, v);
    const int64_t width = jarg_int(r, a, 0, "width", 4);
    const bool first = jarg_true(a, 1, "first"), blank = jarg_true(a, 2, "blank");
    hr_jout o = {0};
    size_t at = 0;
    if (width < 0 || width > 200) return hr_jfail(r, HR_E_LIMIT, "an indent of this width");
    for (bool head = true; r->status == HR_OK && at <= s.n; head = false) {
        size_t end = at;
        while (end < s.n && s.u.s[end] != '\n') end++;
        if (head ? first : end > at || blank) for (int64_t i = 0; i < width; i++) hr_jout_word(r, &o, " ");
        hr_jout_add(r, &o, s.u.s + at, hr_min_size(end + 1, s.n) - at, s.mark ? s.mark + at : NULL);
        at = end + 1;
    }
    return hr_jout_value(&o);
}
static hr_jv tojson_jinja(hr_jrun *r, hr_jv v, const hr_jargs *a) {
    hr_jout o = {0};
    const int64_t indent = jarg_int(r, a, 1, "indent", -1);
    for (uint32_t i = 0; i < a->n; i++)
        if (!a->name[i].data ? i > 1 : !hr_str_is(a->name[i], "indent") && !hr_str_is(a->name[i], "ensure_ascii"))
            return hr_jfail(r, HR_E_UNSUPPORTED, "this argument of tojson");
    if (jarg_true(a, 0, "ensure_ascii")) return hr_jfail(r, HR_E_UNSUPPORTED, "tojson with ensure_ascii");
    if (indent > 16) return hr_jfail(r, HR_E_LIMIT, "an indent of this width");
    hr_jv_tojson(r, &o, v, (int)indent, 0, false);
    return hr_jout_value(&o);
}
static hr_jv toint_jinja(hr_jrun *r, hr_jv v, const hr_jargs *a) {
    const int64_t fallback = jarg_int(r, a, 0, "default", 0);
    if (v.type == HR_JV_INT || v.type == HR_JV_BOOL) return hr_jv_int(v.u.i);
    if (v.type == HR_JV_FLOAT && v.u.f > -9e15 && v.u.f < 9e15) return hr_jv_int((int64_t)v.u.f);
    if (v.type == HR_JV_STRING) {
        const hr_jv s = strip_jinja(r, v, NULL, true, true);
        hr_jv out = {0};
        const size_t digits = s.n && s.u.s[0] == '-' ? 1 : 0;
        size_t i = digits;
        while (i < s.n && s.u.s[i] >= '0' && s.u.s[i] <= '9') i++;
        if (i == s.n && i > digits && hr_jnumber((hr_str){s.u.s, s.n}, &out)) return out;
        if (i < s.n && i > digits) return hr_jfail(r, HR_E_UNSUPPORTED, "this text as an integer");
    }
    return hr_jv_int(fallback);
}
static hr_jv ends_of_jinja(hr_jrun *r, hr_jv v, bool last) {
    const hr_jv items = hr_jv_items(r, v), none = {0};
    if (r->status != HR_OK || items.u.list->n == 0) return none;
    return items.u.list->items[last ? items.u.list->n - 1 : 0];
}
typedef enum {
    JF_TRIM, JF_TOJSON, JF_LENGTH, JF_JOIN, JF_MAP, JF_SELECT, JF_REJECT, JF_SELECTATTR, JF_REJECTATTR, JF_DEFAULT, JF_UPPER,
    JF_LOWER, JF_TITLE, JF_CAPITALIZE, JF_REPLACE, JF_FIRST, JF_LAST, JF_LIST, JF_ITEMS, JF_DICTSORT, JF_STRING, JF_INT,
    JF_REVERSE, JF_SORT, JF_UNIQUE, JF_INDENT, JF_SAFE, JF_ABS
} jinja_filter;
static int find_jfilter(hr_str name) {
    static const struct { const char *name; uint8_t code; } rows[] = {
        {"trim", JF_TRIM}, {"tojson", JF_TOJSON}, {"length", JF_LENGTH}, {"count", JF_LENGTH}, {"join", JF_JOIN}, {"map", JF_MAP},
        {"select", JF_SELECT}, {"reject", JF_REJECT}, {"selectattr", JF_SELECTATTR}, {"rejectattr", JF_REJECTATTR},
        {"default", JF_DEFAULT}, {"d", JF_DEFAULT}, {"upper", JF_UPPER}, {"lower", JF_LOWER}, {"title", JF_TITLE},
        {"capitalize", JF_CAPITALIZE}, {"replace", JF_REPLACE}, {"first", JF_FIRST}, {"last", JF_LAST}, {"list", JF_LIST},
        {"items", JF_ITEMS}, {"dictsort", JF_DICTSORT}, {"string", JF_STRING}, {"int", JF_INT}, {"reverse", JF_REVERSE},
        {"sort", JF_SORT}, {"unique", JF_UNIQUE}, {"indent", JF_INDENT}, {"safe", JF_SAFE}, {"abs", JF_ABS}};
    for (size_t i = 0; i < HR_COUNT(rows); i++) if (hr_str_is(name, rows[i].name)) return rows[i].code;
    return -1;
}
static hr_jv text_jfilter(hr_jrun *r, int which, hr_jv v, const hr_jargs *a) {
    const hr_jv s = hr_jv_string(r, v);
    switch (which) {
    case JF_TRIM: return strip_jinja(r, s, jarg_text(r, a, 0, "chars"), true, true);
    case JF_UPPER: return case_jinja(r, s, JCASE_UPPER);
    case JF_LOWER: return case_jinja(r, s, JCASE_LOWER);
    case JF_TITLE: return hr_jfail(r, HR_E_UNSUPPORTED, "the filter title");
    case JF_CAPITALIZE: return case_jinja(r, s, JCASE_CAPITALIZE);
    case JF_REPLACE: return replace_jinja(r, s, a);
    default: return s; /* string, safe */
    }
}
static hr_jv run_jfilter(hr_jrun *r, int which, hr_str name, hr_jv v, const hr_jargs *a) {
    const hr_jv *by;
    switch (which) {
    case JF_TOJSON: return tojson_jinja(r, v, a);
    case JF_LENGTH: return hr_jv_int(hr_jv_length(r, v));
    case JF_JOIN:
        by = jarg_text(r, a, 0, "d");
        if (jarg(a, 1, "attribute")) return hr_jfail(r, HR_E_UNSUPPORTED, "join with an attribute");
        return join_jlist(r, v, by ? *by : hr_jv_text("", 0));
    case JF_MAP: return map_jinja(r, v, a);
    case JF_SELECT: case JF_REJECT: return select_jinja(r, v, a, false, which == JF_SELECT);
    case JF_SELECTATTR: case JF_REJECTATTR: return select_jinja(r, v, a, true, which == JF_SELECTATTR);
    case JF_DEFAULT:
        by = jarg(a, 0, "default_value");
        if (v.type != HR_JV_UNDEFINED && !(jarg_true(a, 1, "boolean") && !hr_jv_true(v))) return v;
        return by ? *by : hr_jv_text("", 0);
    case JF_FIRST: case JF_LAST: return ends_of_jinja(r, v, which == JF_LAST);
    case JF_LIST: { hr_jv l = hr_jv_items(r, v); l.tuple = 0; return l; }
    case JF_ITEMS:
        if (v.type == HR_JV_UNDEFINED) return hr_jv_list(r);
        return v.type == HR_JV_DICT ? list_jpairs(r, v, 2) : hr_jfail(r, HR_E_FORMAT, "items needs a dict");
    case JF_DICTSORT: {
        const hr_jv key = hr_jv_int(0);
        if (v.type != HR_JV_DICT || a->n) return hr_jfail(r, HR_E_UNSUPPORTED, "dictsort of this");
        return sort_jinja(r, list_jpairs(r, v, 2), &key, false, true);
    }
    case JF_INT: return toint_jinja(r, v, a);
    case JF_REVERSE: return reverse_jinja(r, v);
    case JF_SORT:
        by = jarg(a, 2, "attribute");
        return sort_jinja(r, v, by, jarg_true(a, 0, "reverse"), !jarg_true(a, 1, "case_sensitive"));
    case JF_UNIQUE: return a->n ? hr_jfail(r, HR_E_UNSUPPORTED, "unique with arguments") : unique_jinja(r, v);
    case JF_INDENT: return indent_jinja(r, v, a);
    case JF_ABS:
        return v.type == HR_JV_INT ? hr_jv_int(v.u.i < 0 ? -v.u.i : v.u.i) : hr_jfail(r, HR_E_UNSUPPORTED, "abs of this");
    case -1: return hr_jfail(r, HR_E_UNSUPPORTED, "the filter '%.*s'", (int)hr_min_size(name.size, 40), name.data);
    default: return text_jfilter(r, which, v, a);
    }
}

/* In the reference these give generators: walked and joined, but neither printed, written, measured nor indexed. Text that
 * went through `safe` escapes what it is joined with: refused. */
hr_jv hr_jfilter(hr_jrun *r, hr_str name, hr_jv v, const hr_jargs *a) {
    const int which = find_jfilter(name);
    const bool lazy = which == JF_MAP || (which >= JF_SELECT && which <= JF_REJECTATTR) || which == JF_ITEMS ||
                      which == JF_UNIQUE || which == JF_REVERSE;
    if (!hr_jstep(r, 1)) return v;
    if (v.type == HR_JV_STRING && v.tuple && which != JF_SAFE) return hr_jfail(r, HR_E_UNSUPPORTED, "a filter behind safe");
    if (lazy && which < JF_DEFAULT && !hr_jv_true(v)) v = hr_jv_list(r); /* None, too */
    hr_jv out = run_jfilter(r, which, name, v, a);
    if (lazy && out.type == HR_JV_LIST) out.tuple = 2;
    if (which == JF_SAFE) out.tuple = 1;
    return out;
}

/* --- tests and functions ------------------------------------------------------------------------------------------------- */
static bool order_jtest(hr_jrun *r, hr_str name, hr_jv v, hr_jv o, bool *known) {
    *known = true;
    if (hr_str_is(name, "equalto") || hr_str_is(name, "==") || hr_str_is(name, "eq")) return hr_jv_equal(r, v, o);
    if (hr_str_is(name, "ne") || hr_str_is(name, "!=")) return !hr_jv_equal(r, v, o);
    if (hr_str_is(name, "in")) return hr_jv_in(r, v, o);
    if (hr_str_is(name, "gt") || hr_str_is(name, "greaterthan") || hr_str_is(name, ">")) return hr_jv_order(r, v, o) > 0;
    if (hr_str_is(name, "lt") || hr_str_is(name, "lessthan") || hr_str_is(name, "<")) return hr_jv_order(r, v, o) < 0;
    if (hr_str_is(name, "ge") || hr_str_is(name, ">=")) return hr_jv_order(r, v, o) >= 0;
    if (hr_str_is(name, "le") || hr_str_is(name, "<=")) return hr_jv_order(r, v, o) <= 0;
    if (hr_str_is(name, "divisibleby") && v.type == HR_JV_INT && o.type == HR_JV_INT && o.u.i > 0) return v.u.i % o.u.i == 0;
    return *known = false;
}
bool hr_jtest(hr_jrun *r, hr_str name, hr_jv v, const hr_jargs *a) {
    const uint8_t t = v.type;
    bool known;
    if (!hr_jstep(r, 1)) return false;
    if (a->n == 0) {
        if (hr_str_is(name, "defined")) return t != HR_JV_UNDEFINED;
        if (hr_str_is(name, "undefined")) return t == HR_JV_UNDEFINED;
        if (hr_str_is(name, "none")) return t == HR_JV_NONE;
        if (hr_str_is(name, "string")) return t == HR_JV_STRING;
        if (hr_str_is(name, "mapping")) return t == HR_JV_DICT;
        if (hr_str_is(name, "iterable") || hr_str_is(name, "sequence"))
            return t == HR_JV_STRING || t == HR_JV_LIST || t == HR_JV_DICT || t == HR_JV_UNDEFINED;
        if (hr_str_is(name, "number")) return t == HR_JV_INT || t == HR_JV_FLOAT || t == HR_JV_BOOL;
        if (hr_str_is(name, "integer")) return t == HR_JV_INT;
        if (hr_str_is(name, "float")) return t == HR_JV_FLOAT;
        if (hr_str_is(name, "boolean")) return t == HR_JV_BOOL;
        if (hr_str_is(name, "true")) return t == HR_JV_BOOL && v.u.i;
        if (hr_str_is(name, "false")) return t == HR_JV_BOOL && !v.u.i;
        if (hr_str_is(name, "callable")) return t == HR_JV_MACRO || t == HR_JV_FUNCTION;
        if ((hr_str_is(name, "odd") || hr_str_is(name, "even")) && t == HR_JV_INT) return (v.u.i % 2 == 0) == (name.size == 4);
    } else {
        const bool is = order_jtest(r, name, v, a->pos[0], &known);
        if (known) return is;
    }
    hr_jfail(r, HR_E_UNSUPPORTED, "the test '%.*s' here", (int)hr_min_size(name.size, 40), name.data);
    return false;
}
typedef enum { JFN_RAISE, JFN_RANGE, JFN_NAMESPACE, JFN_STRFTIME, JFN_DICT } jinja_function;
bool hr_jfunction_find(hr_str name, hr_jv *out) {
    static const char *const names[] = {"raise_exception", "range", "namespace", "strftime_now", "dict"};
    for (size_t i = 0; i < HR_COUNT(names); i++)
        if (hr_str_is(name, names[i])) return *out = (hr_jv){.type = HR_JV_FUNCTION, .u.i = (int64_t)i}, true;
    return false;
}
static hr_jv range_jinja(hr_jrun *r, const hr_jargs *a) {
    const hr_jv out = hr_jv_list(r);
    const int64_t from = a->n > 1 ? jarg_int(r, a, 0, NULL, 0) : 0, to = jarg_int(r, a, a->n > 1, NULL, 0);
    const int64_t step = jarg_int(r, a, 2, NULL, 1);
    if (r->status != HR_OK || step == 0 || a->n == 0) return hr_jfail(r, HR_E_FORMAT, "the arguments of range");
    if (from > 1000000 || to > 1000000 || from < -1000000 || to < -1000000 || step > 1000000 || step < -1000000)
        return hr_jfail(r, HR_E_LIMIT, "a range of this size");
    for (int64_t i = from; (step > 0 ? i < to : i > to) && r->status == HR_OK; i += step) hr_jv_push(r, out, hr_jv_int(i));
    return out;
}
/* days since 1970 to a civil date: H. Hinnant's algorithm */
static hr_jv strftime_jinja(hr_jrun *r, const hr_jargs *a) {
    static const char months[12][10] = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
                                        "October", "November", "December"};
    static const char days[7][10] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    const hr_jv *format = jarg_text(r, a, 0, NULL);
    hr_jout o = {0};
    char text[24];
    if (!format || !r->has_now) return hr_jfail(r, HR_E_UNSUPPORTED, "strftime_now without a time from the caller");
    const int64_t day = r->now >= 0 ? r->now / 86400 : -((86399 - r->now) / 86400), second = r->now - day * 86400;
    const int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153, d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
    const int64_t year = yoe + era * 400 + (m <= 2), week = ((day + 4) % 7 + 7) % 7, hour = second / 3600;
    for (size_t i = 0; i < format->n && r->status == HR_OK; i++) {
        const char c = format->u.s[i];
        if (c != '%' || i + 1 >= format->n) {
            hr_jout_add(r, &o, &format->u.s[i], 1, format->mark ? format->mark + i : NULL);
            continue;
        }
        int64_t number = -1;
        text[0] = 0;
        switch (format->u.s[++i]) {
        case 'Y': hr_format(text, sizeof text, "%lld", (long long)year); break;
        case 'm': number = m; break;
        case 'd': number = d; break;
        case 'y': number = year % 100; break;
        case 'H': number = hour; break;
        case 'I': number = (hour + 11) % 12 + 1; break;
        case 'M': number = second / 60 % 60; break;
        case 'S': number = second % 60; break;
        case 'p': hr_format(text, sizeof text, "%s", hour < 12 ? "AM" : "PM"); break;
        case 'B': hr_format(text, sizeof text, "%s", months[m - 1]); break;
        case 'b': hr_format(text, sizeof text, "%.*s", 3, months[m - 1]); break;
        case 'A': hr_format(text, sizeof text, "%s", days[week]); break;
        case 'a': hr_format(text, sizeof text, "%.*s", 3, days[week]); break;
        case '%': hr_format(text, sizeof text, "%c", '%'); break;
        default: return hr_jfail(r, HR_E_UNSUPPORTED, "%%%c in strftime_now", format->u.s[i]);
        }
        if (number >= 0) hr_format(text, sizeof text, "%c%c", (char)('0' + number / 10), (char)('0' + number % 10));
        hr_jout_word(r, &o, text);
    }
    return hr_jout_value(&o);
}
hr_jv hr_jfunction(hr_jrun *r, int64_t which, const hr_jargs *a) {
    if (which == JFN_RAISE) {
        const hr_jv *why = jarg(a, 0, "message");
        if (!why || why->type != HR_JV_STRING) return hr_jfail(r, HR_E_ARG, "the template refuses this conversation");
        return hr_jfail(r, HR_E_ARG, "the template says: %.*s", (int)hr_min_size(why->n, 140), why->u.s);
    }
    if (which == JFN_RANGE) return range_jinja(r, a);
    if (which == JFN_STRFTIME) return strftime_jinja(r, a);
    hr_jv space = hr_jv_dict(r);
    if (space.type == HR_JV_DICT && which == JFN_NAMESPACE) space.type = HR_JV_NAMESPACE;
    for (uint32_t i = 0; i < a->n && r->status == HR_OK; i++) {
        if (!a->name[i].data) return hr_jfail(r, HR_E_UNSUPPORTED, "an unnamed argument here");
        hr_jv_put(r, space, hr_jv_text(a->name[i].data, a->name[i].size), a->pos[i]);
    }
    return space;
}
HR_SMALL_END
