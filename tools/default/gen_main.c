/* gen_main.c: gen_default: labelled examples as JSON lines, or as plain text for the tokenizer's trainer.
 *
 *     gen_default --split train|heldout --seed N -n COUNT [--task TASK] [--text] [--copy PERCENT] [--max-bytes N]
 *
 *     gen_default --requests SEED --notes FILE      notes of a store, and requests over it (gen_store.c)
 *
 * A line: {"task", "id": the templates, "prompt", "answer", "keep": what a rewrite must keep, "absent"}. */
#include "tools/default/gen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gd_print_json(FILE *f, const char *s) {
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') fprintf(f, "\\%c", *s);
        else if (*s == '\n') fputs("\\n", f);
        else fputc(*s, f);
    }
    fputc('"', f);
}
/* the slots of a rewrite that stand in its text and in its answer: names, times, numbers, things */
void gd_print_kept(FILE *f, const gd_example *e) {
    bool any = false;
    fputs("\"keep\":[", f);
    for (size_t i = 0; i < e->env.n; i++) {
        const char *v = e->env.slot[i].value;
        if (!*v || !strstr(e->prompt, v) || !strstr(e->answer, v)) continue;
        if (any) fputc(',', f);
        gd_print_json(f, v);
        any = true;
    }
    fputc(']', f);
}
static void print_example(const gd_example *e) {
    bool rewrite = strcmp(e->task, "short") == 0 || strcmp(e->task, "friendly") == 0 || strcmp(e->task, "formal") == 0;
    printf("{\"task\":\"%s\",\"id\":\"%s\",\"prompt\":", e->task, e->id);
    gd_print_json(stdout, e->prompt);
    fputs(",\"answer\":", stdout);
    gd_print_json(stdout, e->answer);
    if (rewrite) fputc(',', stdout), gd_print_kept(stdout, e);
    if (e->absent) fputs(",\"absent\":true", stdout);
    fputs("}\n", stdout);
}
static void print_text(const gd_example *e) { /* without the marks: each stretch between them a line */
    const char *p = e->prompt;
    while (*p) {
        const char *mark = strstr(p, "<|"), *end = mark ? strstr(mark, "|>") : NULL;
        size_t n = mark ? (size_t)(mark - p) : strlen(p);
        if (n) printf("%.*s\n", (int)n, p);
        p = end ? end + 2 : p + n;
    }
    printf("%s\n", e->answer);
}
/* given, tab, learned: what `hearth train model --pairs` reads; a line feed is written as \\n */
static void print_pair(const gd_example *e) {
    for (int part = 0; part < 2; part++) {
        for (const char *p = part ? e->answer : e->prompt; *p; p++) {
            if (*p == '\n') fputs("\\n", stdout);
            else putchar(*p);
        }
        putchar(part ? '\n' : '\t');
    }
}
int main(int argc, char **argv) {
    static gd_gen g;
    static gd_example e;
    unsigned long seed = 1, count = 10, max_bytes = 0, written = 0, copy = 101, requests = 0;
    const char *task = NULL, *notes = NULL;
    bool held = false, text = false, pairs = false;
    for (int i = 1; i < argc; i++) {
        const char *v = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--text") == 0) text = true;
        else if (strcmp(argv[i], "--pairs") == 0) pairs = true;
        else if (v && strcmp(argv[i], "--split") == 0) held = strcmp(v, "heldout") == 0, i++;
        else if (v && strcmp(argv[i], "--seed") == 0) seed = strtoul(v, NULL, 10), i++;
        else if (v && strcmp(argv[i], "-n") == 0) count = strtoul(v, NULL, 10), i++;
        else if (v && strcmp(argv[i], "--task") == 0) task = v, i++;
        else if (v && strcmp(argv[i], "--copy") == 0) copy = strtoul(v, NULL, 10), i++;
        else if (v && strcmp(argv[i], "--requests") == 0) requests = strtoul(v, NULL, 10), i++;
        else if (v && strcmp(argv[i], "--notes") == 0) notes = v, i++;
        else if (v && strcmp(argv[i], "--max-bytes") == 0) max_bytes = strtoul(v, NULL, 10), i++;
        else {
            fprintf(stderr, "gen_default --split train|heldout --seed N -n COUNT [--task TASK] [--text] [--copy PERCENT] "
             "[--max-bytes N]\n");
            return 2;
        }
    }
    if (notes) return gd_write_requests(requests, notes) || fflush(stdout) != 0;
    gd_open(&g, seed, held ? GD_HELD : GD_TRAIN);
    if (copy <= 100) g.copies = (double)copy / 100;
    for (unsigned long i = 0; i < count; i++) {
        if (task) gd_make_task(&g, task, &e);
        else gd_make(&g, &e);
        written += strlen(e.prompt) + strlen(e.answer);
        if (max_bytes && written > max_bytes) break;
        if (text) print_text(&e);
        else if (pairs) print_pair(&e);
        else print_example(&e);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
