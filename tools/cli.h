/* cli.h: what the words of the hearth command share: options, errors, JSON, progress, files.
 *
 * Exit codes: 0 ok, 1 failed, 2 misuse. Errors go to stderr as `hearth: WHERE (offset N): WHAT`. Output that cannot be
 * written (a full disk, a closed pipe) is a failure. One interrupt cancels the work, a second one ends the program. */
#ifndef CLI_H
#define CLI_H
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "engine/hearth.h"
#include <stdbool.h>
#include <stdio.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_MISUSE = 2, CLI_GO = -1 };

/* --- options --------------------------------------------------------------------------------------------- */
typedef enum { CLI_FLAG, CLI_INT, CLI_FLOAT, CLI_TEXT, CLI_U64, CLI_BYTES, CLI_KV, CLI_ISA, CLI_LIST } cli_kind;
enum { CLI_LIST_MAX = 16 };
typedef struct cli_list {
    const char *item[CLI_LIST_MAX];
    size_t n;
} cli_list;
typedef struct cli_option {
    const char *name, *alias; /* "--temp"; alias may be NULL */
    cli_kind kind;
    void *value;              /* bool, int, float, const char *, uint64_t, size_t, int, uint32_t, cli_list */
    double low, high;         /* of numbers, inclusive */
    const char *arg, *help;
} cli_option;
typedef struct cli_command {
    const char *name, *arguments, *about; /* "run", "MODEL", one or more lines */
    const cli_option *options;
    size_t n_options;
    int min_words, max_words;
} cli_command;
/* argv[0] is the word. Positional words go to words[max_words], NULL where absent. CLI_GO, or the exit code. */
int cli_parse(const cli_command *c, int argc, char **argv, const char **words);
int cli_misuse(const char *word, const char *where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define CLI_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- errors and output ----------------------------------------------------------------------------------- */
/* both return CLI_FAILED */
int cli_fail(const char *where, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int cli_report(const hearth_error *err, const char *where); /* where: used when the error names none */
/* flushes stdout: `code`, or CLI_FAILED when something could not be written */
int cli_finish(int code);
/* text for a terminal: control characters and what is not UTF-8 are escaped */
void cli_print_safe(FILE *f, const char *text, size_t n);

/* --- JSON on stdout: always valid, whatever the strings hold --------------------------------------------- */
void cli_json_open(const char *key, char bracket);    /* key NULL: in an array or at the top */
void cli_json_close(char bracket);                    /* a new line after the last one */
void cli_json_text(const char *key, const char *text, size_t n);
void cli_json_str(const char *key, const char *text);
void cli_json_int(const char *key, int64_t v);
void cli_json_u64(const char *key, uint64_t v);
void cli_json_num(const char *key, double v);         /* null when not finite */
void cli_json_bool(const char *key, bool v);

/* --- progress and interruption --------------------------------------------------------------------------- */
void cli_progress(const char *what, uint64_t done, uint64_t total); /* a line on stderr when that is a terminal */
void cli_progress_end(void);
void cli_catch_interrupt(void);
void cli_cancels(hearth_session *session); /* NULL: none */
bool cli_interrupted(void);

/* --- files ----------------------------------------------------------------------------------------------- */
/* "-" is stdin. One more byte after the data is 0. CLI_OK and malloc'ed data, or CLI_FAILED with a message. */
int cli_read_file(const char *path, char **data, size_t *n);
bool cli_same_file(const char *a, const char *b); /* one regular file under both names */
/* Written beside the target and renamed on commit; devices and pipes are written directly. */
typedef struct cli_out {
    FILE *f;
    char path[4096], temporary[4200];
} cli_out;
int cli_out_open(cli_out *o, const char *path);
int cli_out_write(cli_out *o, const void *data, size_t n);
int cli_out_commit(cli_out *o);
void cli_out_abandon(cli_out *o); /* fine after a failure or a commit */

/* --- model and session ----------------------------------------------------------------------------------- */
typedef struct cli_setup {
    int threads, ctx, batch, kv;
    uint32_t isa;
    bool no_mmap, guard, no_selfcheck, json, fast;
    size_t budget;
} cli_setup;
#define CLI_SETUP_INIT {0, 0, 0, HEARTH_KV_F32, HEARTH_ISA_ALL, false, false, false, false, false, 0}
#define CLI_OPTION_JSON(s) {"--json", NULL, CLI_FLAG, &(s).json, 0, 0, NULL, "report as JSON"}
#define CLI_OPTION_FAST(s) \
    {"--fast", NULL, CLI_FLAG, &(s).fast, 0, 0, NULL, "prompts by requantized weights: faster, logits differ slightly"}
#define CLI_OPTIONS_MODEL(s)                                                                                          \
    {"--threads", "-t", CLI_INT, &(s).threads, 0, 256, "N", "threads; 0: as many as there are cores"},                \
        {"--isa", NULL, CLI_ISA, &(s).isa, 0, 0, "LIST", "instruction sets to use: all, scalar, avx2,..."},           \
        {"--no-mmap", NULL, CLI_FLAG, &(s).no_mmap, 0, 0, NULL, "read the file instead of mapping it"},               \
        {"--guard", NULL, CLI_FLAG, &(s).guard, 0, 0, NULL, "an error, not a signal, when the file is cut short"},    \
        {"--budget", NULL, CLI_BYTES, &(s).budget, 0, 0, "BYTES", "refuse to take more memory; K, M and G are known"}
#define CLI_OPTIONS_SESSION(s)                                                                                        \
    {"--ctx", "-c", CLI_INT, &(s).ctx, 1, 1 << 24, "N", "context in tokens; without: as trained, at most 4096"},      \
        {"--batch", "-b", CLI_INT, &(s).batch, 1, 1 << 20, "N", "prompt tokens computed together (128)"},             \
        {"--kv", NULL, CLI_KV, &(s).kv, 0, 0, "TYPE", "key/value cache: f32, f16, i8 or q4"}

extern const char *const cli_kv_names[4]; /* by HEARTH_KV_* */
void cli_model_config(const cli_setup *s, hearth_model_config *config);
void cli_session_config(const cli_setup *s, hearth_session_config *config);
int cli_open_model(const char *path, const cli_setup *s, uint32_t more_flags, hearth_model **model);
/* rows: logits rows in one call. The budget is what the model left of it. */
int cli_open_session(const char *path, const cli_setup *s, hearth_model *model, int rows, hearth_session **session);
/* logits rows of one call, which is also the feed: --batch, or 128, or what fits into 32 MiB */
int cli_rows(const cli_setup *s, size_t n_tokens, size_t n_vocab);
/* text to ids, as the model wants them (BOS); malloc'ed */
int cli_tokenize(const hearth_model *model, const char *text, size_t n_text, uint32_t flags, int32_t **ids, size_t *n);
/* ids in text, separated by white space or commas; strict */
int cli_parse_ids(const char *where, const char *text, size_t n_text, int32_t **ids, size_t *n);

/* --- the words ------------------------------------------------------------------------------------------- */
int cmd_run(int argc, char **argv);
int cmd_tokenize(int argc, char **argv);
int cmd_eval_default(int argc, char **argv);
int cmd_train_tokenizer(int argc, char **argv);
int cmd_logits(int argc, char **argv);
int cmd_perplexity(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_pack(int argc, char **argv);
int cmd_quantize(int argc, char **argv);
int cmd_imatrix(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_selfcheck(int argc, char **argv);
int cmd_memory(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_redact(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_fleet(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_train(int argc, char **argv);
#endif
