/* The template interpreter against jinja2 itself: tests/golden/chat/house.jsonl was made by tests/gen_chat.py with jinja2
 * 3.1 in the environment of transformers. JINJA_GOLDEN names one more such file (templates of vendors, made by hand).
 * What jinja2 refuses must be refused; what it renders must be byte-equal. */
#include "tests/t.h"
#include "engine/jinja.h"

static uint8_t memory[48 << 20];
static hr_error error;
static hr_jout output;
static hr_jrun run;
static hr_status render(hr_str source, const hr_json_node *vars, size_t bytes) {
    hr_arena arena;
    hr_jinja tree;
    hr_arena_init(&arena, memory, bytes);
    hr_error_clear(&error);
    memset(&output, 0, sizeof output);
    const hr_status status = hr_jinja_parse(&arena, source, &tree, &error);
    if (status != HR_OK) return status;
    memset(&run, 0, sizeof run);
    run.arena = &arena;
    run.err = &error;
    run.steps = HR_JINJA_STEPS;
    run.now = 1700000000;
    run.has_now = true;
    const hr_jv globals = hr_jv_json(&run, vars, true);
    return run.status != HR_OK ? run.status : hr_jinja_render(&run, &tree, globals, &output, &error);
}
static hr_status render_text(const char *text) { return render(hr_str_of(text), NULL, sizeof memory); }

static void check_line(char *line, size_t n, int *same, int *refused) {
    static hr_json_node nodes[1 << 14];
    hr_json_doc d = {.data = line, .nodes = nodes, .cap_nodes = HR_COUNT(nodes)};
    hr_error_clear(&error);
    if (!T_EQ_I(hr_json_parse(&d, "golden", n, &error), HR_OK)) { printf("    %s\n", error.what); return; }
    const hr_json_node *out = hr_json_get(nodes, "out"), *name = hr_json_get(nodes, "name");
    const hr_status status = render(hr_json_get(nodes, "template")->text, hr_json_get(nodes, "vars"), sizeof memory);
    const int nn = (int)name->text.size;
    if (hr_json_is(out, HR_JSON_NULL)) {
        *refused += 1;
        if (!T_CHECK(status != HR_OK && error.what[0])) printf("    %.*s: rendered\n", nn, name->text.data);
        return;
    }
    *same += 1;
    if (!T_EQ_I(status, HR_OK)) { printf("    %.*s: %s: %s\n", nn, name->text.data, error.where, error.what); return; }
    if (!T_CHECK(output.n == out->text.size && (output.n == 0 || memcmp(output.text, out->text.data, output.n) == 0)))
        printf("    %.*s\n--- ours\n%.*s\n--- jinja2\n%.*s\n---\n", nn, name->text.data, (int)output.n, output.text,
               (int)out->text.size, out->text.data);
}
static void check_file(const char *path, int *same, int *refused) {
    FILE *f = fopen(path, "rb");
    char *line = NULL;
    size_t cap = 0;
    if (!T_CHECK(f != NULL)) return;
    for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) check_line(line, (size_t)n, same, refused);
    free(line);
    fclose(f);
}
T_TEST(renders_as_jinja2) {
    int same = 0, refused = 0;
    check_file("tests/golden/chat/house.jsonl", &same, &refused);
    T_EQ_I(same, 30);
    T_EQ_I(refused, 17);
}
T_TEST(renders_vendors_as_jinja2) {
    int same = 0, refused = 0;
    const char *path = getenv("JINJA_GOLDEN");
    if (!path) T_SKIP("no JINJA_GOLDEN");
    check_file(path, &same, &refused);
    printf("    %d equal, %d refused by both\n", same, refused);
}
T_TEST(says_where) {
    static const struct { const char *text; int status; const char *where, *what; } rows[] = {
        {"a\n  {{ x.y }}", HR_E_FORMAT, "line 2, column 7", "'x' is undefined"},
        {"{{ 1 | zap }}", HR_E_UNSUPPORTED, "column 6", "zap"},
        {"{% include 'x' %}", HR_E_UNSUPPORTED, "line 1", "include"},
        {"{{ raise_exception('why') }}", HR_E_ARG, "line 1", "why"},
        {"\xff", HR_E_FORMAT, "template", "UTF-8"},
        {"{% set s = 'a' * 900000 %}{% for i in range(999) %}{{ 'b' in s }}{% endfor %}", HR_E_LIMIT, "line 1", "steps"},
        {"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", HR_E_LIMIT, "line 1", "nested"}};
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        T_EQ_I(render_text(rows[i].text), rows[i].status);
        if (!T_CHECK(strstr(error.where, rows[i].where) && strstr(error.what, rows[i].what)))
            printf("    %s: %s: %s\n", rows[i].text, error.where, error.what);
    }
}
T_TEST(marks_follow_the_users_bytes) {
    char json[] = "{\"x\": \"  <b> \"}";
    hr_json_node nodes[8];
    hr_json_doc d = {.data = json, .nodes = nodes, .cap_nodes = 8};
    T_EQ_I(hr_json_parse(&d, "vars", strlen(json), &error), HR_OK);
    T_EQ_I(render(hr_str_of("<b>{{ x | trim | replace('b', 'cd') ~ '!' }}{{ x[2:3] | upper }}"), nodes, sizeof memory), HR_OK);
    T_EQ_U(output.n, 9);
    T_EQ_MEM(output.text, "<b><cd>!<", 9);
    T_EQ_MEM(output.mark, "\0\0\0\1\0\0\1\0\1", 9);
}
T_TEST(too_little_memory_is_an_error) {
    const char *text = "{% set x = [1,2,3] %}{% for i in x %}{{ i ~ 'abc' }}{% endfor %}";
    bool done = false;
    for (size_t bytes = 64; bytes < 1 << 16 && !done; bytes += 64) {
        const hr_status status = render(hr_str_of(text), NULL, bytes);
        done = status == HR_OK;
        if (!done) T_EQ_I(status, HR_E_MEMORY);
    }
    T_CHECK(done);
}
T_TEST(random_bytes_are_refused) {
    static char noise[1 << 20];
    uint64_t x = 88172645463325252u;
    for (int ascii = 0; ascii < 2; ascii++) {
        for (size_t i = 0; i < sizeof noise; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            noise[i] = ascii ? "{}%#-+ \nif('|)[]x.1"[x % 19] : (char)x;
        }
        T_CHECK(render((hr_str){noise, sizeof noise}, NULL, sizeof memory) != HR_OK);
        T_CHECK(error.what[0] && error.where[0]);
    }
}
T_MAIN(T_RUN(renders_as_jinja2), T_RUN(renders_vendors_as_jinja2), T_RUN(says_where), T_RUN(marks_follow_the_users_bytes),
       T_RUN(too_little_memory_is_an_error), T_RUN(random_bytes_are_refused))
