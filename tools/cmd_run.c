/* cmd_run.c: `hearth run`: continues a text. stdout gets the new text and nothing else; the prompt is not repeated. */
#include "tools/cli.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct run_state {
    bool json, fast, write_failed, no_memory, ends_with_newline;
    char *text; /* JSON: all of it */
    size_t n_text, cap_text;
    int32_t *tokens;
    float *logprobs;
    size_t n_tokens, cap_tokens;
} run_state;

static bool grow_run(void **p, size_t *cap, size_t need, size_t unit) {
    size_t bigger = *cap ? *cap : 256;
    while (bigger < need) bigger *= 2;
    if (bigger == *cap) return true;
    void *q = realloc(*p, bigger * unit);
    if (!q) return false;
    *p = q;
    *cap = bigger;
    return true;
}
static bool keep_run_piece(run_state *r, const hearth_piece *p) {
    size_t cap = r->cap_tokens;
    if (!grow_run((void **)&r->text, &r->cap_text, r->n_text + p->n_text + 1, 1)) return false;
    memcpy(r->text + r->n_text, p->text, p->n_text);
    r->n_text += p->n_text;
    if ((size_t)p->n_generated <= r->n_tokens) return true; /* more text of the same token */
    if (!grow_run((void **)&r->tokens, &cap, r->n_tokens + 1, sizeof *r->tokens)) return false;
    if (!grow_run((void **)&r->logprobs, &r->cap_tokens, r->n_tokens + 1, sizeof *r->logprobs)) return false;
    r->tokens[r->n_tokens] = p->token;
    r->logprobs[r->n_tokens++] = p->logprob;
    return true;
}
static int on_run_piece(void *ctx, const hearth_piece *p) {
    run_state *r = (run_state *)ctx;
    if (r->json) {
        r->no_memory = !keep_run_piece(r, p);
        return r->no_memory;
    }
    if (p->n_text == 0) return 0;
    if (fwrite(p->text, 1, p->n_text, stdout) != p->n_text || fflush(stdout) != 0) {
        r->write_failed = true;
        return 1;
    }
    r->ends_with_newline = p->text[p->n_text - 1] == '\n';
    return 0;
}
static const char *name_end(int end) {
    static const char *const names[] = {"", "end token", "stop string", "limit", "context full", "callback", "guide"};
    return end >= 1 && end <= 6 ? names[end] : "none";
}
static void report_run_json(const run_state *r, const hearth_result *result, const hearth_model_info *info) {
    cli_json_open(NULL, '{');
    cli_json_bool("fast", r->fast);
    cli_json_text("text", r->text ? r->text : "", r->n_text);
    cli_json_str("end", name_end(result->end));
    cli_json_int("n_prompt", result->n_prompt);
    cli_json_int("n_generated", result->n_generated);
    cli_json_int("n_guessed", result->n_guessed);
    cli_json_int("n_right", result->n_right);
    cli_json_num("prompt_ms", (double)result->prompt_ns * 1e-6);
    cli_json_num("first_ms", (double)result->first_ns * 1e-6);
    cli_json_num("generate_ms", (double)result->generate_ns * 1e-6);
    cli_json_int("threads", info->threads);
    cli_json_str("isa", info->isa ? info->isa : "");
    cli_json_open("tokens", '[');
    for (size_t i = 0; i < r->n_tokens; i++) cli_json_int(NULL, r->tokens[i]);
    cli_json_close(']');
    cli_json_open("logprobs", '[');
    for (size_t i = 0; i < r->n_tokens; i++) cli_json_num(NULL, (double)r->logprobs[i]);
    cli_json_close(']');
    cli_json_close('}');
}
static void report_run_speed(const hearth_result *r, bool fast) {
    double prompt_s = (double)r->prompt_ns * 1e-9, generate_s = (double)r->generate_ns * 1e-9;
    if (!isatty(2)) return;
    fprintf(stderr, "[%sprompt %d tokens in %.1f ms, %.1f tokens/s; first token after %.1f ms; %d tokens",
            fast ? "fast mode, " : "", r->n_prompt,
            prompt_s * 1e3, prompt_s > 0 ? r->n_prompt / prompt_s : 0.0, (double)r->first_ns * 1e-6, r->n_generated);
    if (r->n_generated > 1 && generate_s > 0) fprintf(stderr, ", %.1f tokens/s", (r->n_generated - 1) / generate_s);
    if (r->n_guessed > 0) fprintf(stderr, "; %d of %d guesses right", r->n_right, r->n_guessed);
    fprintf(stderr, "; ended by: %s]\n", name_end(r->end));
}
/* --- the context kept in a file ---------------------------------------------------------------------------------- */
static int write_state(void *ctx, const char *bytes, size_t n) { return cli_out_write((cli_out *)ctx, bytes, n) != CLI_OK; }
static int save_state(hearth_session *session, const char *path) {
    cli_out out;
    hearth_error err;
    int code = cli_out_open(&out, path);
    if (code != CLI_OK) return code;
    if (hearth_session_save(session, NULL, 0, write_state, &out, &err) != HEARTH_OK) code = cli_report(&err, path);
    if (code == CLI_OK) code = cli_out_commit(&out);
    cli_out_abandon(&out);
    return code;
}
/* no file yet is an empty context */
static int load_state(hearth_session *session, const char *path) {
    static const char *const why[] = {"", "it was damaged", "another model", "another adapter", "another kind of cache"};
    char *data = NULL;
    size_t n = 0;
    int how = HEARTH_RESTORED;
    hearth_error err;
    if (access(path, F_OK) != 0) return CLI_OK;
    int code = cli_read_file(path, &data, &n);
    if (code == CLI_OK && hearth_session_restore(session, NULL, 0, data, n, &how, &err) != HEARTH_OK)
        code = cli_report(&err, path);
    else if (code == CLI_OK && how != HEARTH_RESTORED)
        fprintf(stderr, "hearth run: %s: %d tokens were computed again (%s)\n", path, hearth_position(session), why[how]);
    free(data);
    return code;
}
static int generate_text(hearth_session *session, hearth_model *model, const char *prompt, size_t n_prompt,
                         const hearth_sampling *sampling, const cli_setup *setup) {
    run_state r;
    hearth_result result;
    hearth_model_info info;
    hearth_error err;
    memset(&r, 0, sizeof r);
    memset(&result, 0, sizeof result);
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    r.json = setup->json;
    r.fast = setup->fast;
    r.ends_with_newline = true;
    hearth_model_get_info(model, &info);
    cli_cancels(session);
    hearth_status status = hearth_generate(session, prompt, n_prompt, sampling, on_run_piece, &r, &result, &err);
    cli_cancels(NULL);
    int code = CLI_OK;
    if (!r.json && !r.ends_with_newline && !r.write_failed) putchar('\n');
    if (status == HEARTH_E_CANCELLED) code = cli_fail("run", "interrupted");
    else if (status != HEARTH_OK) code = cli_report(&err, "run");
    else if (r.no_memory) code = cli_fail("run", "no memory for the text");
    else if (r.json) report_run_json(&r, &result, &info);
    else if (!r.write_failed) report_run_speed(&result, r.fast);
    free(r.text);
    free(r.tokens);
    free(r.logprobs);
    return code;
}
/* --- what the text must fit ------------------------------------------------------------------------------------- */
#define CLI_OPTIONS_GUIDE(text)                                                                                          \
    {"--schema", NULL, CLI_TEXT, &(text)[0], 0, 0, "FILE", "the text is JSON under this schema, or is refused"},         \
    {"--regex", NULL, CLI_TEXT, &(text)[1], 0, 0, "R", "the text matches this expression, all of it"},                   \
    {"--grammar", NULL, CLI_TEXT, &(text)[2], 0, 0, "FILE", "the text is a sentence of this GBNF grammar"},              \
    {"--choice", NULL, CLI_TEXT, &(text)[3], 0, 0, "A,B,C", "the text is one of these"}
static int open_run_guide(hearth_model *model, const char *const *text, hearth_guide **guide) {
    int code = CLI_OK, n = 0;
    for (int i = 0; i < 4; i++) n += text[i] != NULL;
    if (n > 1) return cli_misuse("run", "run", "one of --schema, --regex, --grammar and --choice is enough");
    for (int i = 0; i < 4 && code == CLI_OK; i++) {
        const bool is_file = i == 0 || i == 2;
        char *file = NULL;
        hearth_error err;
        if (!text[i]) continue;
        size_t size = strlen(text[i]);
        if (is_file) code = cli_read_file(text[i], &file, &size);
        const char *what = is_file ? file : text[i];
        if (code == CLI_OK && hearth_guide_open(model, HEARTH_GUIDE_SCHEMA + i, what, size, guide, &err) != HEARTH_OK)
            code = cli_report(&err, is_file ? text[i] : "run");
        free(file);
    }
    return code;
}
/* --- adapters ---------------------------------------------------------------------------------------------------- */
typedef struct run_adapters {
    hearth_adapter *item[16];
    float scale[16];
    size_t n;
} run_adapters;
static void close_run_adapters(run_adapters *a) {
    for (size_t i = 0; i < a->n; i++) hearth_adapter_close(a->item[i]);
}
static int open_run_adapters(hearth_model *model, hearth_session *session, const cli_list *files, run_adapters *a) {
    hearth_error err;
    if (files->n > CLI_COUNT(a->item)) return cli_misuse("run", "--lora", "at most %d", (int)CLI_COUNT(a->item));
    for (size_t i = 0; i < files->n; i++) {
        char path[4096], *end = NULL;
        const char *mark = strrchr(files->item[i], '=');
        a->scale[i] = 1;
        if (mark) a->scale[i] = strtof(mark + 1, &end);
        if (!mark || end == mark + 1 || *end) { /* no number behind it: the name goes on */
            a->scale[i] = 1;
            mark = files->item[i] + strlen(files->item[i]);
        }
        if ((size_t)(mark - files->item[i]) >= sizeof path) return cli_misuse("run", "--lora", "the name is too long");
        memcpy(path, files->item[i], (size_t)(mark - files->item[i]));
        path[mark - files->item[i]] = 0;
        if (hearth_adapter_open(model, path, &a->item[i], &err) != HEARTH_OK) return cli_report(&err, path);
        a->n++;
    }
    if (hearth_session_adapt(session, a->item, a->scale, a->n, &err) != HEARTH_OK) return cli_report(&err, "--lora");
    return CLI_OK;
}
int cmd_run(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    hearth_sampling s = HEARTH_SAMPLING_INIT;
    bool greedy = false, ignore_end = false;
    const char *text = NULL, *file = NULL, *path = NULL, *state = NULL;
    const char *guide_text[4] = {NULL, NULL, NULL, NULL};
    hearth_guide *guide = NULL;
    cli_list stop = {{NULL}, 0}, lora = {{NULL}, 0};
    run_adapters adapters = {{NULL}, {0}, 0};
    const cli_option options[] = {
        {"--prompt", "-p", CLI_TEXT, &text, 0, 0, "TEXT", "the text to continue; \"\" begins a new one"},
        {"--file", "-f", CLI_TEXT, &file, 0, 0, "FILE", "read the text from a file; - is stdin"},
        {"--max-tokens", "-n", CLI_INT, &s.max_tokens, 0, 1 << 30, "N",
         "at most N tokens; 0: until the context is full"},
        {"--greedy", NULL, CLI_FLAG, &greedy, 0, 0, NULL, "always the most likely token, nothing random"},
        {"--temp", NULL, CLI_FLOAT, &s.temperature, 0, 1e6, "T", "temperature (0.8); 0 is greedy"},
        {"--top-k", NULL, CLI_INT, &s.top_k, 0, 1 << 30, "K", "keep the K best tokens (40); 0: all"},
        {"--top-p", NULL, CLI_FLOAT, &s.top_p, 0, 1, "P", "keep the best tokens with mass P (0.95); 1: all"},
        {"--min-p", NULL, CLI_FLOAT, &s.min_p, 0, 1, "P", "keep tokens with P times the best (0.05); 0: all"},
        {"--typical", NULL, CLI_FLOAT, &s.typical, 0, 1, "P", "keep the most typical with mass P (1: all)"},
        {"--repeat", NULL, CLI_FLOAT, &s.repetition, 1e-3, 1e3, "R", "repetition penalty (1: none)"},
        {"--frequency", NULL, CLI_FLOAT, &s.frequency, -1e3, 1e3, "F", "frequency penalty (0)"},
        {"--presence", NULL, CLI_FLOAT, &s.presence, -1e3, 1e3, "F", "presence penalty (0)"},
        {"--penalty-last", NULL, CLI_INT, &s.penalty_last, 0, 1 << 30, "N", "tokens that penalties look back (64)"},
        {"--seed", NULL, CLI_U64, &s.seed, 0, 0, "S", "the same seed gives the same text (0)"},
        {"--state", NULL, CLI_TEXT, &state, 0, 0, "FILE",
         "go on from the context in FILE when it is there, and keep it there afterwards (not encrypted)"},
        {"--speculate", NULL, CLI_INT, &s.speculate, 0, 15, "N",
         "guess up to N tokens where the text repeats itself: the same text, faster when it copies (0)"},
        {"--stop", NULL, CLI_LIST, &stop, 0, 0, "TEXT", "end before this text; up to 16 times"},
        {"--lora", NULL, CLI_LIST, &lora, 0, 0, "FILE[=SCALE]", "with this adapter; up to 16 times"},
        CLI_OPTIONS_GUIDE(guide_text),
        {"--ignore-end", NULL, CLI_FLAG, &ignore_end, 0, 0, NULL, "go on after an end token"},
        CLI_OPTIONS_SESSION(setup),
        CLI_OPTION_FAST(setup),
        CLI_OPTIONS_MODEL(setup),
        CLI_OPTION_JSON(setup),
    };
    const cli_command command = {"run", "MODEL -p TEXT|-f FILE",
                                 "Continues a text. Only the new text is written to stdout.",
                                 options, CLI_COUNT(options), 1, 1};
    int code = cli_parse(&command, argc, argv, &path);
    if (code != CLI_GO) return code;
    if (!text == !file) return cli_misuse("run", "run", "needs one of -p TEXT and -f FILE");
    if (greedy) {
        hearth_sampling g = HEARTH_SAMPLING_GREEDY;
        s.temperature = 0;
        s.top_k = g.top_k, s.top_p = g.top_p, s.min_p = g.min_p;
    }
    s.ignore_end = ignore_end, s.stop = stop.item, s.n_stop = stop.n;
    hearth_model *model = NULL;
    hearth_session *session = NULL;
    char *from_file = NULL;
    size_t n = text ? strlen(text) : 0;
    code = file ? cli_read_file(file, &from_file, &n) : CLI_OK;
    if (code == CLI_OK) code = cli_open_model(path, &setup, 0, &model);
    if (code == CLI_OK) code = cli_open_session(path, &setup, model, 1 + s.speculate, &session);
    if (code == CLI_OK) code = open_run_guide(model, guide_text, &guide);
    if (code == CLI_OK) code = open_run_adapters(model, session, &lora, &adapters);
    s.guide = guide;
    if (code == CLI_OK && state) code = load_state(session, state);
    if (code == CLI_OK) code = generate_text(session, model, text ? text : from_file, n, &s, &setup);
    if (code == CLI_OK && state) code = save_state(session, state);
    hearth_guide_close(guide);
    hearth_session_close(session);
    close_run_adapters(&adapters);
    hearth_model_close(model);
    free(from_file);
    return code;
}
