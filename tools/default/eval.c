/* eval.c: labelled examples from JSON lines. */
#include "tools/default/eval.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdlib.h>
#include <string.h>

int eval_open(eval_file *f, const char *path) {
    memset(f, 0, sizeof *f);
    f->path = path;
    return cli_read_file(path, &f->data, &f->n);
}
void eval_close(eval_file *f) {
    json_free(&f->doc);
    free(f->data);
    memset(f, 0, sizeof *f);
}
static int bad_line(const eval_file *f, const char *what) {
    cli_fail(f->path, "line %zu: %s", f->line, what);
    return -1;
}
int eval_next(eval_file *f, eval_example *e) {
    memset(e, 0, sizeof *e);
    json_free(&f->doc);
    memset(&f->doc, 0, sizeof f->doc);
    while (f->at < f->n && (f->data[f->at] == '\n' || f->data[f->at] == '\r')) f->at++;
    if (f->at >= f->n) return 0;
    const char *end = memchr(f->data + f->at, '\n', f->n - f->at);
    const size_t n = end ? (size_t)(end - f->data) - f->at : f->n - f->at;
    char *copy = (char *)malloc(n + 1);
    hr_error err;
    f->line++;
    if (!copy) return bad_line(f, "no memory");
    memcpy(copy, f->data + f->at, n);
    copy[n] = 0;
    f->at += n;
    memset(&err, 0, sizeof err);
    if (json_parse(&f->doc, f->path, copy, n, &err) != HR_OK) return bad_line(f, err.what);
    const json_node *root = json_root(&f->doc), *keep = json_get(root, "keep");
    if (!json_str(json_get(root, "answer"), &e->answer)) return bad_line(f, "no \"answer\"");
    json_str(json_get(root, "task"), &e->task);
    json_str(json_get(root, "prompt"), &e->prompt);
    json_bool(json_get(root, "absent"), &e->absent);
    e->has_keep = json_is(keep, JSON_ARRAY);
    if (!e->has_keep) return 1;
    for (const json_node *k = json_first(keep); k; k = json_next(keep, k)) {
        if (e->n_keep == EVAL_KEEP_MAX) return bad_line(f, "more than 24 texts to keep");
        if (!json_str(k, &e->keep[e->n_keep++])) return bad_line(f, "\"keep\" holds something that is no text");
    }
    return 1;
}
#endif
