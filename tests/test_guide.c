/* test_guide.c: guided generation. The JSON-Schema-Test-Suite (json-schema-org) says which instances are valid: every
 * schema is refused or enforced, none wrongly. Instances are brought into the normal form first: members in any order that
 * is accepted, numbers as plain decimals, the shortest escapes. `format` is asserted, so that cases which call it only an
 * annotation are left out. */
#include "tests/t.h"
#include <dirent.h>
#include "engine/guide.h"
#include "engine/hearth.h"

typedef struct one_net {
    void *memory, *run_memory;
    hr_guide_build b;
    hr_run run;
} one_net;
enum { RUN_BYTES = 16 << 20 };
static bool make_net(one_net *o, int kind, const char *text, size_t n, hr_error *err) {
    hr_arena a;
    hr_error_clear(err);
    memset(&o->b, 0, sizeof o->b);
    o->b.err = err;
    o->b.place = "guide";
    hr_arena_init(&o->b.arena, o->memory, HR_GUIDE_ARENA);
    if (!hr_net_init(&o->b)) return false;
    const hr_str s = {text, n};
    if (kind == HEARTH_GUIDE_SCHEMA) hr_guide_schema(&o->b, s);
    if (kind == HEARTH_GUIDE_REGEX) hr_guide_regex(&o->b, s);
    if (kind == HEARTH_GUIDE_GRAMMAR) hr_guide_gbnf(&o->b, s);
    if (kind == HEARTH_GUIDE_CHOICE) hr_guide_choice(&o->b, s);
    if (o->b.status == HR_OK) hr_net_close(&o->b, NULL);
    hr_arena_init(&a, o->run_memory, RUN_BYTES);
    hr_run_lay(&o->run, &a);
    T_CHECK(!a.failed);
    return o->b.status == HR_OK;
}
static void begin_nets(one_net *o) {
    memset(o, 0, sizeof *o);
    o->memory = malloc(HR_GUIDE_ARENA);
    o->run_memory = malloc(RUN_BYTES);
}
static void end_nets(one_net *o) {
    free(o->memory);
    free(o->run_memory);
}
static uint32_t feed_text(one_net *o, uint32_t state, const char *text, size_t n) {
    for (size_t i = 0; i < n && state; i++) {
        const uint32_t to = hr_run_move(&o->run, state, (uint8_t)text[i]);
        if (!to && o->run.is_full) T_FAIL("a state is full");
        state = to;
    }
    return state;
}
static bool accepts_text(one_net *o, const char *text) {
    if (!hr_run_begin(&o->run, &o->b.net)) return false;
    const uint32_t s = feed_text(o, o->run.now, text, strlen(text));
    return s && o->run.states[s].accepts;
}
/* --- JSON out -------------------------------------------------------------------------------------------------- */
static void put_string(FILE *f, hr_str s) {
    fputc('"', f);
    for (size_t i = 0; i < s.size; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        static const char letters[] = "btn?fr";
        if (c == '"' || c == '\\') fprintf(f, "\\%c", c);
        else if (c >= 8 && c <= 13 && c != 11) fprintf(f, "\\%c", letters[c - 8]);
        else if (c < 32) fprintf(f, "\\u%04x", c);
        else fputc(c, f);
    }
    fputc('"', f);
}
static void put_json(FILE *f, const hr_json_node *v, bool draft7) {
    const char *const words[] = {"null", "false", "true"};
    bool first = true;
    if (v->type <= HR_JSON_TRUE) fputs(words[v->type], f);
    else if (v->type == HR_JSON_NUMBER) fwrite(v->text.data, 1, v->text.size, f);
    else if (v->type == HR_JSON_STRING) put_string(f, v->text);
    else {
        fputc(v->type == HR_JSON_ARRAY ? '[' : '{', f);
        if (draft7 && v->type == HR_JSON_OBJECT && !hr_json_get(v, "$schema")) {
            fputs("\"$schema\": \"http://json-schema.org/draft-07/schema#\"", f);
            first = false;
        }
        for (const hr_json_node *c = hr_json_first(v); c; c = hr_json_next(v, c)) {
            if (!first) fputc(',', f);
            first = false;
            if (v->type == HR_JSON_OBJECT) put_string(f, c->key), fputc(':', f);
            put_json(f, c, false);
        }
        fputc(v->type == HR_JSON_ARRAY ? ']' : '}', f);
    }
}
static uint32_t feed_string(one_net *o, uint32_t state, hr_str s) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    put_string(f, s);
    fclose(f);
    state = feed_text(o, state, text, n);
    free(text);
    return state;
}
/* --- an instance, its members in some order that is accepted ---------------------------------------------------- */
static uint32_t feed_value(one_net *o, uint32_t state, const hr_json_node *v);
static uint32_t feed_members(one_net *o, uint32_t state, const hr_json_node *v, uint64_t used, bool first, int *tries) {
    const uint32_t end = feed_text(o, state, "}", 1);
    uint32_t i = 0;
    bool all = true;
    for (const hr_json_node *c = hr_json_first(v); c; c = hr_json_next(v, c), i++) {
        if (used >> i & 1) continue;
        all = false;
        if (--*tries < 0) return 0;
        uint32_t s = first ? state : feed_text(o, state, ",", 1);
        s = s ? feed_string(o, s, c->key) : 0;
        s = s ? feed_text(o, s, ": ", 2) : 0;
        s = s ? feed_value(o, s, c) : 0;
        s = s ? feed_members(o, s, v, used | 1ull << i, false, tries) : 0;
        if (s) return s;
    }
    return all ? end : 0;
}
static uint32_t feed_value(one_net *o, uint32_t state, const hr_json_node *v) {
    const char *const words[] = {"null", "false", "true"};
    char number[HR_DECIMAL_DIGITS + 4];
    hr_decimal d;
    int tries = 20000;
    if (v->type <= HR_JSON_TRUE) return feed_text(o, state, words[v->type], strlen(words[v->type]));
    if (v->type == HR_JSON_NUMBER)
        return hr_decimal_read(v->text, &d) ? feed_text(o, state, number, hr_decimal_text(&d, number)) : 0;
    if (v->type == HR_JSON_STRING) return feed_string(o, state, v->text);
    state = feed_text(o, state, v->type == HR_JSON_ARRAY ? "[" : "{", 1);
    if (v->type == HR_JSON_OBJECT) return state && v->count < 64 ? feed_members(o, state, v, 0, true, &tries) : 0;
    for (const hr_json_node *c = hr_json_first(v), *first = c; c && state; c = hr_json_next(v, c)) {
        if (c != first) state = feed_text(o, state, ", ", 2);
        if (state) state = feed_value(o, state, c);
    }
    return state ? feed_text(o, state, "]", 1) : 0;
}
/* --- the suite ------------------------------------------------------------------------------------------------------ */
static struct { int cases, enforced, wrong; } suite;
static void check_group(one_net *o, const char *file, const hr_json_node *group, bool draft7) {
    hr_error err;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    const hr_json_node *tests = hr_json_get(group, "tests");
    put_json(f, hr_json_get(group, "schema"), draft7);
    fclose(f);
    bool enforced = make_net(o, HEARTH_GUIDE_SCHEMA, text, n, &err);
    const bool begun = enforced && hr_run_begin(&o->run, &o->b.net);
    if (enforced && !begun && o->run.too_wide) enforced = false;
    for (const hr_json_node *t = hr_json_first(tests); t; t = hr_json_next(tests, t)) {
        const hr_str d = hr_json_get(t, "description")->text;
        if (memmem(d.data, d.size, "only an annotation", 18)) continue;
        suite.cases++;
        if (!enforced) continue;
        suite.enforced++;
        const uint32_t s = begun && hr_run_begin(&o->run, &o->b.net) ? feed_value(o, o->run.now, hr_json_get(t, "data")) : 0;
        const bool valid = hr_json_is(hr_json_get(t, "valid"), HR_JSON_TRUE), accepted = s && o->run.states[s].accepts;
        if (valid == accepted) continue;
        suite.wrong++;
        T_FAIL("%s: %.*s: %s, but it is %s: %.300s", file, (int)d.size, d.data, accepted ? "accepted" : "rejected",
               valid ? "valid" : "invalid", text);
    }
    if (!enforced && getenv("GUIDE_REFUSED"))
        printf("refused %s: %.60s: %s: %s\n", file, hr_json_get(group, "description")->text.data, err.where,
               err.what);
    free(text);
}
static void check_file(one_net *o, const char *path, const char *file, bool draft7) {
    hr_json_doc doc;
    hr_error err;
    memset(&doc, 0, sizeof doc);
    FILE *f = fopen(path, "rb");
    if (!T_CHECK(f)) return;
    doc.data = malloc(1 << 20);
    const size_t n = fread(doc.data, 1, 1 << 20, f);
    fclose(f);
    doc.cap_nodes = hr_json_count(doc.data, n);
    doc.nodes = calloc(doc.cap_nodes, sizeof *doc.nodes);
    hr_error_clear(&err);
    if (T_CHECK(hr_json_parse(&doc, "suite", n, &err) == HR_OK))
        for (const hr_json_node *g = hr_json_first(doc.nodes); g; g = hr_json_next(doc.nodes, g)) check_group(o, file, g, draft7);
    free(doc.nodes);
    free(doc.data);
}
static void check_draft(const char *where, bool draft7) {
    char path[1024];
    const char *dir = t_data(where);
    one_net o;
    if (!dir) T_SKIP("no data");
    snprintf(path, sizeof path, "%s", dir);
    const size_t n = strlen(path);
    DIR *d = opendir(path);
    T_NEED(d);
    begin_nets(&o);
    memset(&suite, 0, sizeof suite);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (!strstr(e->d_name, ".json")) continue;
        snprintf(path + n, sizeof path - n, "/%s", e->d_name);
        check_file(&o, path, e->d_name, draft7);
    }
    closedir(d);
    end_nets(&o);
    printf("%s: %d of %d cases enforced, %d wrong\n", where, suite.enforced, suite.cases, suite.wrong);
    T_EQ_I(suite.wrong, 0);
    T_CHECK(suite.enforced * 100 >= suite.cases * 75);
}
T_TEST(suite_2020_12) { check_draft("guided/JSON-Schema-Test-Suite/tests/draft2020-12", false); }
T_TEST(suite_draft_07) { check_draft("guided/JSON-Schema-Test-Suite/tests/draft7", true); }

/* --- expressions, grammars, choices; what is valid is written down by hand ------------------------------------------ */
typedef struct fit { int kind; const char *guide, *yes[4], *no[4]; } fit;
T_TEST(fits) {
    static const fit list[] = {
        {HEARTH_GUIDE_REGEX, "[0-9]{3}-(a|bc)*", {"123-", "000-abca", "999-bc"}, {"12-", "123-b", "1234-", "x"}},
        {HEARTH_GUIDE_REGEX, "\\d+(\\.\\d{2})?|none", {"1", "12.50", "none"}, {"", "1.5", "nonee", "."}},
        {HEARTH_GUIDE_REGEX, "[^a-z]\\u00e9.", {"A\xc3\xa9z", "\xe2\x82\xac\xc3\xa9 "}, {"a\xc3\xa9z", "Aez", "A\xc3\xa9"}},
        {HEARTH_GUIDE_CHOICE, "red,green,grey", {"red", "green", "grey"}, {"gre", "redd", "", "red,green"}},
        {HEARTH_GUIDE_GRAMMAR, "root ::= \"a\" root \"b\" | \"c\"", {"c", "acb", "aacbb"}, {"", "ac", "cb", "aacb"}},
        {HEARTH_GUIDE_GRAMMAR, "# sums\nroot ::= n (\"+\" n){1,2}\nn ::= [1-9] [0-9]* | \"0\"", {"1+0", "10+2+33"},
         {"1", "01+2", "1+2+3+4", "1+"}},
        {HEARTH_GUIDE_GRAMMAR, "root ::= [^\\x00-\\x1f\"]+ \"\\n\"?", {"x\xc3\xa9", "ab\n"}, {"", "\n", "a\"b"}},
        {HEARTH_GUIDE_SCHEMA, "{\"type\":\"integer\",\"minimum\":-3,\"exclusiveMaximum\":12,\"multipleOf\":3}",
         {"-3", "0", "9"}, {"12", "-6", "3.0", "-0"}},
        {HEARTH_GUIDE_SCHEMA, "{\"enum\":[\"a\",1.0,null,{\"k\":[2]}]}",
         {"\"a\"", "1", "null", "{\"k\": [2]}"}, {"2", "{}", "\"b\""}},
    };
    one_net o;
    hr_error err;
    begin_nets(&o);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (!T_CHECK(make_net(&o, list[i].kind, list[i].guide, strlen(list[i].guide), &err))) {
            printf("%s: %s\n", err.where, err.what);
            continue;
        }
        for (int k = 0; k < 4; k++) {
            if (list[i].yes[k] && !accepts_text(&o, list[i].yes[k])) T_FAIL("%s rejects %s", list[i].guide, list[i].yes[k]);
            if (list[i].no[k] && accepts_text(&o, list[i].no[k])) T_FAIL("%s accepts %s", list[i].guide, list[i].no[k]);
        }
    }
    end_nets(&o);
}
/* --- refused, with the place ------------------------------------------------------------------------------------------ */
T_TEST(refuses) {
    static const struct { int kind; const char *guide, *where, *what; } list[] = {
        {HEARTH_GUIDE_SCHEMA, "{\"items\":{\"uniqueItems\":true}}", "#/items/uniqueItems", "uniqueItems"},
        {HEARTH_GUIDE_SCHEMA, "{\"properties\":{\"a\":{\"foo\":1}}}", "#/properties/a/foo", "not a keyword"},
        {HEARTH_GUIDE_SCHEMA, "{\"$ref\":\"other.json\"}", "#/$ref", "not in this document"},
        {HEARTH_GUIDE_SCHEMA, "{\"pattern\":\"(a)\\\\1\"}", "#/pattern", "expression"},
        {HEARTH_GUIDE_SCHEMA, "{\"type\":\"strin\"}", "#/type", "not a type"},
        {HEARTH_GUIDE_SCHEMA, "{\"type\":", "", ""},
        {HEARTH_GUIDE_REGEX, "(a", "guide", "character"},
        {HEARTH_GUIDE_REGEX, "(?=a)", "guide", "character"},
        {HEARTH_GUIDE_GRAMMAR, "root ::= x", "guide", "not defined"},
        {HEARTH_GUIDE_GRAMMAR, "root ::= \"a", "guide", "line 1"},
        {HEARTH_GUIDE_CHOICE, "a,,b", "guide", "empty"},
    };
    one_net o;
    hr_error err;
    begin_nets(&o);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        T_CHECK(!make_net(&o, list[i].kind, list[i].guide, strlen(list[i].guide), &err));
        T_CHECK(o.b.status != HR_OK && err.status == o.b.status);
        if (!strstr(err.where, list[i].where) || !strstr(err.what, list[i].what))
            T_FAIL("%s: %s: %s", list[i].guide, err.where, err.what);
    }
    end_nets(&o);
}
/* bounded: hostile guides end in an error or a net, in a second or so */
T_TEST(hostile) {
    char *big = malloc(1 << 20);
    one_net o;
    hr_error err;
    begin_nets(&o);
    memset(big, '[', 1 << 20);
    T_CHECK(!make_net(&o, HEARTH_GUIDE_SCHEMA, big, 1 << 20, &err));
    memset(big, '(', 1 << 20);
    T_CHECK(!make_net(&o, HEARTH_GUIDE_REGEX, big, 1 << 20, &err));
    T_CHECK(!make_net(&o, HEARTH_GUIDE_GRAMMAR, big, 1 << 20, &err));
    const char *const list[] = {
        "{\"minLength\":4000000000,\"type\":\"string\"}",
        "{\"minItems\":4000000000,\"type\":\"array\",\"items\":{\"type\":\"null\"}}",
        "{\"allOf\":[{\"anyOf\":[{\"minimum\":1},{\"minimum\":2}]},{\"anyOf\":[{\"minimum\":3},{\"minimum\":4}]}]}",
        "{\"$ref\":\"#\"}", "{\"not\":{\"$ref\":\"#\"}}", "{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}",
        "{\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"],\"type\":\"object\"}",
        "{\"pattern\":\"((a|b)*c){50}(x?){60}x{60}\"}", "{\"contains\":{},\"maxContains\":1000000,\"maxItems\":4000000000}"};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (make_net(&o, HEARTH_GUIDE_SCHEMA, list[i], strlen(list[i]), &err)) (void)hr_run_begin(&o.run, &o.b.net);
    free(big);
    end_nets(&o);
}
T_MAIN(T_RUN(suite_2020_12), T_RUN(suite_draft_07), T_RUN(fits), T_RUN(refuses), T_RUN(hostile))
