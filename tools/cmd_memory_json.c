/* cmd_memory_json.c: `hearth memory export` and `import`: JSON lines, one item a line, in the order last written. The first
 * line names the format. Ids are the store's own: an import gives new ones; everything else comes back as it was. */
#include "tools/cmd_memory.h"
#if !defined(HEARTH_DROP_TOOLS) /* the drop has no door for the JSON reader */
#include "tools/json.h"
#endif
#include <stdlib.h>
#include <string.h>

static void memory_error_clear(hearth_error *err) {
    memset(err, 0, sizeof *err);
    err->offset = HEARTH_NO_OFFSET;
}

static void put_json_text(FILE *f, const char *key, const char *text, size_t n) {
    if (n == 0) return;
    fprintf(f, ",\"%s\":\"", key);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') putc('\\', f), putc(c, f);
        else if (c < 0x20 || c == 0x7f) fprintf(f, "\\u%04x", c);
        else putc(c, f);
    }
    putc('"', f);
}

int memory_export(hearth_memory *m, const char *path) {
    static float v[8192];
    hearth_error err;
    hearth_item i;
    uint64_t after = 0;
    memory_error_clear(&err);
    cli_out out;
    if (path && cli_out_open(&out, path) != CLI_OK) return CLI_FAILED;
    FILE *f = path ? out.f : stdout;
    fprintf(f, "{\"hearth_memory\":1}\n");
    while (hearth_memory_next(m, after, NULL, &i, &err) == HEARTH_OK) {
        uint32_t dim = 0;
        const char *space = NULL;
        after = i.id;
        fprintf(f, "{\"kind\":%d,\"time_ms\":%llu,\"expires_ms\":%llu,\"confidence\":%d,\"count\":%lu", i.kind,
                (unsigned long long)i.time_ms, (unsigned long long)i.expires_ms, i.confidence, (unsigned long)i.count);
        put_json_text(f, "scope", i.scope, i.n_scope);
        put_json_text(f, "source", i.source, i.n_source);
        put_json_text(f, "tags", i.tags, i.n_tags);
        put_json_text(f, "key", i.key, i.n_key);
        put_json_text(f, "text", i.text, i.n_text);
        if (hearth_memory_vector(m, after, v, sizeof v / sizeof *v, &dim, &space, &err) != HEARTH_OK) break;
        if (dim > 0) {
            put_json_text(f, "space", space, strlen(space));
            for (uint32_t k = 0; k < dim; k++) fprintf(f, "%s%.9g", k ? "," : ",\"vector\":[", (double)v[k]);
            putc(']', f);
        }
        fputs("}\n", f);
    }
    if (err.status != HEARTH_E_ARG) { /* anything but "no more items" */
        if (path) cli_out_abandon(&out);
        return cli_report(&err, "export");
    }
    return path ? cli_out_commit(&out) : CLI_OK;
}

#if !defined(HEARTH_DROP_TOOLS)
/* one line into an item whose texts lie in d; v [8192] */
static const char *read_item(const json_node *root, hearth_item *i, float *v, char space[128]) {
    static const char *const names[] = {"scope", "source", "tags", "key", "text"};
    const char **text[] = {&i->scope, &i->source, &i->tags, &i->key, &i->text};
    size_t *size[] = {&i->n_scope, &i->n_source, &i->n_tags, &i->n_key, &i->n_text};
    int64_t n;
    hr_str s;
    memset(i, 0, sizeof *i);
    i->confidence = 1000;
    if (!json_is(root, JSON_OBJECT)) return "not an object";
    if (json_int(json_get(root, "kind"), &n) && n >= 0 && n <= HEARTH_VALUE) i->kind = (int)n;
    if (json_int(json_get(root, "time_ms"), &n) && n >= 0) i->time_ms = (uint64_t)n;
    if (json_int(json_get(root, "expires_ms"), &n) && n >= 0) i->expires_ms = (uint64_t)n;
    if (json_int(json_get(root, "count"), &n) && n >= 0 && n <= UINT32_MAX) i->count = (uint32_t)n;
    if (json_int(json_get(root, "confidence"), &n)) {
        if (n < 0 || n > 1000) return "confidence is 0 to 1000";
        i->confidence = (int)n;
    }
    for (int k = 0; k < 5; k++) {
        if (!json_str(json_get(root, names[k]), &s)) continue;
        *text[k] = s.data;
        *size[k] = s.size;
    }
    const json_node *list = json_get(root, "vector");
    if (!list) return NULL;
    if (!json_str(json_get(root, "space"), &s) || s.size == 0 || s.size > 127) return "a vector needs its space";
    if (!json_is(list, JSON_ARRAY) || list->count == 0 || list->count > 8192) return "a vector has 1 to 8192 numbers";
    memcpy(space, s.data, s.size);
    space[s.size] = 0;
    for (const json_node *e = json_first(list); e; e = json_next(list, e)) {
        double x;
        if (!json_num(e, &x)) return "a vector has numbers only";
        v[i->dim++] = (float)x;
    }
    i->vector = v;
    i->space = space;
    return NULL;
}

static int import_line(hearth_memory *m, const char *path, size_t line, const char *text, size_t n) {
    static float v[8192];
    char space[128];
    json_doc d;
    hr_error jerr;
    hearth_error err;
    hearth_item i;
    memory_error_clear(&err);
    memset(&d, 0, sizeof d);
    memset(&jerr, 0, sizeof jerr);
    char *copy = (char *)malloc(n + 1);
    if (!copy) return cli_fail(path, "out of memory");
    memcpy(copy, text, n);
    copy[n] = 0;
    int code = CLI_OK;
    if (json_parse(&d, path, copy, n, &jerr) != HR_OK) {
        code = cli_fail(path, "line %zu: %s", line, jerr.what);
    } else {
        int64_t version;
        bool head = line == 1 && json_int(json_get(json_root(&d), "hearth_memory"), &version);
        const char *wrong = line == 1 && (!head || version != 1) ? "the first line must be {\"hearth_memory\":1}"
                          : head ? NULL : read_item(json_root(&d), &i, v, space);
        if (wrong) code = cli_fail(path, "line %zu: %s", line, wrong);
        else if (!head && hearth_memory_put(m, &i, 1, &err) != HEARTH_OK) code = cli_report(&err, path);
    }
    json_free(&d);
    return code;
}

int memory_import(hearth_memory *m, const char *path) {
    char *data;
    size_t n, line = 1;
    if (cli_read_file(path ? path : "-", &data, &n) != CLI_OK) return CLI_FAILED;
    int code = CLI_OK;
    for (size_t at = 0; at < n && code == CLI_OK; line++) {
        const char *end = (const char *)memchr(data + at, '\n', n - at);
        size_t size = end ? (size_t)(end - data) - at : n - at;
        if (size > 0) code = import_line(m, path ? path : "stdin", line, data + at, size);
        at += size + 1;
        if (line % 256 == 0) cli_progress("import", at, n);
    }
    cli_progress_end();
    free(data);
    return code;
}
#else
int memory_import(hearth_memory *m, const char *path) {
    (void)m;
    return cli_fail(path ? path : "import", "not in the one-file build");
}
#endif
