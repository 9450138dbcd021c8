/* eval.h: labelled examples read back (JSON lines, FORMAT.md), and the head on embeddings for banking77. */
#ifndef TOOLS_DEFAULT_EVAL_H
#define TOOLS_DEFAULT_EVAL_H
#include "tools/cli.h"
#include "tools/json.h"

enum { EVAL_KEEP_MAX = 24 };
typedef struct eval_example {
    hr_str task, prompt, answer, keep[EVAL_KEEP_MAX]; /* valid until the next line */
    size_t n_keep;
    bool has_keep, absent;
} eval_example;
typedef struct eval_file {
    char *data;
    size_t n, at, line;
    json_doc doc;
    const char *path;
} eval_file;
int eval_open(eval_file *f, const char *path);
int eval_next(eval_file *f, eval_example *e); /* 1, 0 at the end, -1 after a message */
void eval_close(eval_file *f);                /* fine on a zeroed one */

/* A linear head trained on the embeddings of train.csv, and a naive Bayes classifier on its words, both on test.csv */
int eval_banking(hearth_model *model, hearth_session *session, const char *folder, bool json);
#endif
