/* cmd_eval_default.c: `hearth eval-default`: a model over labelled examples (tools/default/FORMAT.md), greedily, and what came
 * out right. The bars are those that the default model must reach on held-out templates. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#if !defined(HEARTH_DROP_TOOLS)
#include "tools/default/eval.h"

static const char *const eval_tasks[] = {"intent", "call", "answer", "short", "friendly", "formal", "title", "summary",
 "same", "copy"};
enum { EVAL_TASKS = sizeof eval_tasks / sizeof eval_tasks[0], EVAL_ANSWER = 2, EVAL_MORE = 256 };

typedef struct eval_row {
    const char *name;
    uint64_t n, right;
    double bar; /* 0: none */
} eval_row;
enum { EVAL_INTENT, EVAL_CALL, EVAL_FOUND, EVAL_REFUSED, EVAL_KEPT, EVAL_SHORT, EVAL_FRIENDLY, EVAL_FORMAL, EVAL_TITLE,
 EVAL_SUMMARY,
       EVAL_SAME, EVAL_COPY, EVAL_ROWS };
typedef struct eval_job {
    eval_row row[EVAL_ROWS];
    hearth_model *model;
    hearth_session *session;
    int max_tokens, errors_left;
    uint64_t n_prompt, n_made, too_long;
    char out[1 << 13];
} eval_job;
static const eval_row eval_rows[EVAL_ROWS] = {
    {"intent", 0, 0, 0.97},          {"tool call exact", 0, 0, 0.90}, {"answer exact", 0, 0, 0.90},
    {"refused when absent", 0, 0, 0.90}, {"rewrite keeps all", 0, 0, 0.95}, {"shorter exact", 0, 0, 0},
    {"friendlier exact", 0, 0, 0},   {"formal exact", 0, 0, 0},       {"title exact", 0, 0, 0},
    {"summary exact", 0, 0, 0},      {"paraphrase exact", 0, 0, 0}, {"copy exact", 0, 0, 0}};

/* the prompt's marks become control tokens: examples are ours, and hold no text of anyone else's */
static int answer_by_model(eval_job *j, const char *prompt, size_t n_prompt, hearth_error *err) {
    int32_t *ids = NULL, token;
    size_t n = 0, used = 0;
    hearth_sampling greedy = HEARTH_SAMPLING_GREEDY;
    j->out[0] = 0;
    if (cli_tokenize(j->model, prompt, n_prompt, HEARTH_TOK_PARSE, &ids, &n) != CLI_OK) return CLI_FAILED;
    j->n_prompt += n;
    hearth_status status = hearth_rewind(j->session, 0);
    if (status == HEARTH_OK) status = hearth_feed(j->session, ids, n, 1, err);
    free(ids);
    if (status == HEARTH_E_FULL) { /* a wrong answer, not a failure of the run */
        j->too_long++;
        return CLI_OK;
    }
    for (int i = 0; status == HEARTH_OK && i < j->max_tokens; i++) {
        size_t m = 0;
        status = hearth_sample(j->session, 0, &greedy, &token, NULL, err);
        if (status != HEARTH_OK || hearth_token_ends(j->model, token)) break;
        status = hearth_detokenize(j->model, &token, 1, 0, j->out + used, sizeof j->out - 1 - used, &m, err);
        if (status != HEARTH_OK) break;
        used += m;
        j->n_made++;
        status = hearth_feed(j->session, &token, 1, 1, err);
        if (status == HEARTH_E_FULL) return CLI_OK;
    }
    j->out[used] = 0;
    return status == HEARTH_OK ? CLI_OK : cli_report(err, "model");
}
static void count(eval_row *r, bool right) {
    r->n++;
    r->right += right;
}
static bool same_text(hr_str a, const char *b, size_t n) { return a.size == n && memcmp(a.data, b, n) == 0; }
static bool holds(const char *text, hr_str part) {
    const size_t n = strlen(text);
    for (size_t i = 0; i + part.size <= n; i++)
        if (memcmp(text + i, part.data, part.size) == 0) return true;
    return false;
}
static int score_example(eval_job *j, const eval_example *e) {
    static const int rows[EVAL_TASKS] = {EVAL_INTENT, EVAL_CALL,  EVAL_FOUND,   EVAL_SHORT, EVAL_FRIENDLY,
                                         EVAL_FORMAL, EVAL_TITLE, EVAL_SUMMARY, EVAL_SAME, EVAL_COPY};
    size_t task = 0;
    while (task < EVAL_TASKS && !(strlen(eval_tasks[task]) == e->task.size && memcmp(eval_tasks[task], e->task.data,
     e->task.size) == 0))
        task++;
    if (task == EVAL_TASKS) return cli_fail("examples", "'%.*s' is no task", (int)(e->task.size < 40 ? e->task.size : 40),
     e->task.data);
    const bool right = same_text(e->answer, j->out, strlen(j->out));
    bool kept = true;
    count(&j->row[task == EVAL_ANSWER && e->absent ? EVAL_REFUSED : rows[task]], right);
    for (size_t i = 0; i < e->n_keep; i++) kept = kept && holds(j->out, e->keep[i]);
    if (e->has_keep) count(&j->row[EVAL_KEPT], kept);
    if (!(e->has_keep ? kept : right) && j->errors_left > 0) {
        j->errors_left--;
        fprintf(stderr, "%.*s\n  wanted:", (int)e->prompt.size, e->prompt.data);
        cli_print_safe(stderr, e->answer.data, e->answer.size);
        fprintf(stderr, "\n  got:   ");
        cli_print_safe(stderr, j->out, strlen(j->out));
        fprintf(stderr, "\n");
    }
    return CLI_OK;
}
static bool below_bar(const eval_row *r) { return r->n && r->bar > 0 && (double)r->right < r->bar * (double)r->n; }
static void report_rows(const eval_job *j, bool json) {
    if (json) {
        cli_json_open(NULL, '{');
        cli_json_open("scores", '[');
    }
    for (int i = 0; i < EVAL_ROWS; i++) {
        const eval_row *r = &j->row[i];
        const double share = r->n ? (double)r->right / (double)r->n : 0;
        if (!r->n) continue;
        if (json) {
            cli_json_open(NULL, '{');
            cli_json_str("name", r->name);
            cli_json_u64("n", r->n);
            cli_json_u64("right", r->right);
            cli_json_num("share", share);
            if (r->bar > 0) cli_json_num("bar", r->bar);
            cli_json_close('}');
        } else {
            printf("%-20s %6llu of %6llu  %5.1f %%", r->name, (unsigned long long)r->right, (unsigned long long)r->n,
             100 * share);
            if (r->bar > 0) printf("   bar %.0f %%: %s", 100 * r->bar, below_bar(r) ? "below" : "reached");
            printf("\n");
        }
    }
    if (json) {
        cli_json_close(']');
        cli_json_u64("prompt_tokens", j->n_prompt);
        cli_json_u64("made_tokens", j->n_made);
        cli_json_u64("too_long", j->too_long);
        cli_json_close('}');
    } else if (j->n_made) {
        printf("%llu tokens of prompts, %llu written, %llu prompts too long for the context\n", (unsigned long long)j->n_prompt,
               (unsigned long long)j->n_made, (unsigned long long)j->too_long);
    }
}
/* answers given in a file instead of by a model: the same lines, of which only "answer" is read */
static int run_examples(eval_job *j, eval_file *examples, eval_file *answers, int limit) {
    eval_example e, given;
    hearth_error err;
    int code = CLI_OK;
    uint64_t done = 0;
    while (code == CLI_OK && (limit == 0 || done < (uint64_t)limit) && !cli_interrupted()) {
        int more = eval_next(examples, &e);
        if (more <= 0) return more < 0 ? CLI_FAILED : CLI_OK;
        if (answers) {
            if (eval_next(answers, &given) <= 0) return cli_fail("--answers", "ends before the examples do");
            if (given.answer.size >= sizeof j->out) return cli_fail("--answers", "an answer of %zu bytes", given.answer.size);
            memcpy(j->out, given.answer.data, given.answer.size);
            j->out[given.answer.size] = 0;
        } else {
            memset(&err, 0, sizeof err);
            err.offset = HEARTH_NO_OFFSET;
            code = answer_by_model(j, e.prompt.data, e.prompt.size, &err);
            cli_progress("examples", examples->at, examples->n);
        }
        if (code == CLI_OK) code = score_example(j, &e);
        done++;
    }
    return code;
}
#endif
int cmd_eval_default(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    const char *answers_path = NULL, *words[2] = {NULL, NULL};
    int limit = 0, errors = 0, max_tokens = 96;
    bool bars = false, banking = false;
    const cli_option options[] = {
        {"--answers", NULL, CLI_TEXT, &answers_path, 0, 0, "FILE", "score these answers (JSON lines) instead of a model's"},
        {"--limit", NULL, CLI_INT, &limit, 0, 1 << 30, "N", "at most so many examples"},
        {"--errors", NULL, CLI_INT, &errors, 0, 1 << 20, "N", "show the first N wrong ones"},
        {"--max-tokens", NULL, CLI_INT, &max_tokens, 1, 4096, "N", "longest answer (96)"},
        {"--bars", NULL, CLI_FLAG, &bars, 0, 0, NULL, "exit 1 when a score is below its bar"},
        {"--banking77", NULL, CLI_FLAG, &banking, 0, 0, NULL, "EXAMPLES is the folder of banking77: a head on the embeddings"},
        CLI_OPTIONS_MODEL(setup),
        {"--ctx", "-c", CLI_INT, &setup.ctx, 1, 1 << 20, "N", "context in tokens; without: as trained"},
        CLI_OPTION_JSON(setup),
    };
    const cli_command command = {"eval-default", "EXAMPLES [MODEL]",
                                 "Greedy answers of MODEL to labelled examples (build/gen_default --split heldout), scored.\n"
                                 "With --answers there is no model: the answers of a file are scored.",
                                 options, CLI_COUNT(options), 1, 2};
    int code = cli_parse(&command, argc, argv, words);
    if (code != CLI_GO) return code;
    if (!banking && !answers_path == !words[1]) return cli_misuse("eval-default", "MODEL", "either a model or --answers");
#if defined(HEARTH_DROP_TOOLS)
    return cli_fail("eval-default", "is not in a build on the one-file library");
#else
    eval_job *j = (eval_job *)calloc(1, sizeof *j);
    eval_file examples, answers;
    memset(&examples, 0, sizeof examples);
    memset(&answers, 0, sizeof answers);
    if (!j) return cli_fail("eval-default", "no memory");
    memcpy(j->row, eval_rows, sizeof j->row);
    j->max_tokens = max_tokens;
    j->errors_left = errors;
    code = CLI_OK;
    if (words[1]) code = cli_open_model(words[1], &setup, 0, &j->model);
    if (code == CLI_OK && words[1]) code = cli_open_session(words[1], &setup, j->model, 1, &j->session);
    if (code == CLI_OK && banking) {
        code = eval_banking(j->model, j->session, words[0], setup.json);
    } else {
        if (code == CLI_OK) code = eval_open(&examples, words[0]);
        if (code == CLI_OK && answers_path) code = eval_open(&answers, answers_path);
        if (code == CLI_OK) code = run_examples(j, &examples, answers_path ? &answers : NULL, limit);
        cli_progress_end();
        if (code == CLI_OK) report_rows(j, setup.json);
        for (int i = 0; code == CLI_OK && bars && i < EVAL_ROWS; i++)
            if (below_bar(&j->row[i])) code = CLI_FAILED;
    }
    hearth_session_close(j->session);
    hearth_model_close(j->model);
    eval_close(&examples);
    eval_close(&answers);
    free(j);
    return code;
#endif
}
