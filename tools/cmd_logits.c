/* cmd_logits.c: `hearth logits`: the logits of every token of a text to a file, and the hash that must be the same on
 * every machine. The file appears only when it is whole. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>

typedef struct logits_job {
    const char *out_path;
    bool json;
    int batch; /* tokens of one feed */
} logits_job;

/* Feeds all tokens in parts and writes the rows in order. */
static int write_logits(hearth_session *session, const int32_t *ids, size_t n, size_t n_vocab, int batch, cli_out *out,
                        uint64_t *hash) {
    hearth_error err;
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    for (size_t i = 0; i < n; i += (size_t)batch) {
        size_t m = n - i < (size_t)batch ? n - i : (size_t)batch;
        hearth_status status = hearth_feed(session, ids + i, m, m, &err);
        if (status == HEARTH_E_CANCELLED) return cli_fail("logits", "interrupted");
        if (status != HEARTH_OK) return cli_report(&err, "logits");
        for (size_t row = 0; row < m; row++) {
            const float *x = hearth_logits(session, row);
            if (!x) return cli_fail("logits", "row %zu is missing", i + row);
            *hash = hearth_hash(x, n_vocab, *hash);
            if (out->f && cli_out_write(out, x, n_vocab * sizeof *x) != CLI_OK) return CLI_FAILED;
        }
        cli_progress("tokens", i + m, n);
    }
    cli_progress_end();
    return CLI_OK;
}
static void report_logits(const logits_job *job, uint64_t hash, size_t n, size_t n_vocab) {
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    if (!job->json) {
        printf("hash %s\nn_tokens %zu\nn_vocab %zu\n", text, n, n_vocab);
        return;
    }
    cli_json_open(NULL, '{');
    cli_json_str("hash", text);
    cli_json_u64("n_tokens", n);
    cli_json_u64("n_vocab", n_vocab);
    cli_json_close('}');
}
static int run_logits(hearth_session *session, const logits_job *job, const int32_t *ids, size_t n, size_t n_vocab) {
    cli_out out;
    uint64_t hash = 0;
    memset(&out, 0, sizeof out);
    if (job->out_path && cli_out_open(&out, job->out_path) != CLI_OK) return CLI_FAILED;
    cli_cancels(session);
    int code = write_logits(session, ids, n, n_vocab, job->batch, &out, &hash);
    cli_cancels(NULL);
    if (code == CLI_OK && out.f) code = cli_out_commit(&out);
    cli_out_abandon(&out);
    if (code == CLI_OK) report_logits(job, hash, n, n_vocab);
    return code;
}
int cmd_logits(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    const char *file = NULL, *text = NULL, *out = NULL, *path = NULL;
    bool are_ids = false, no_bos = false;
    const cli_option options[] = {
        {"--file", "-f", CLI_TEXT, &file, 0, 0, "FILE", "the text; - is stdin"},
        {"--prompt", "-p", CLI_TEXT, &text, 0, 0, "TEXT", "the text itself"},
        {"--out", "-o", CLI_TEXT, &out, 0, 0, "OUT", "where the logits go; without: only the hash"},
        {"--ids", NULL, CLI_FLAG, &are_ids, 0, 0, NULL, "the text holds token ids, taken as they are"},
        {"--no-bos", NULL, CLI_FLAG, &no_bos, 0, 0, NULL, "add no begin or end tokens"},
        CLI_OPTIONS_SESSION(setup),
        CLI_OPTIONS_MODEL(setup),
        CLI_OPTION_JSON(setup),
    };
    const cli_command command = {"logits", "MODEL -f FILE -o OUT",
                                 "Writes f32 little-endian logits, [n_tokens][n_vocab], one row for every token of\n"
                                 "the text, and prints their hash: it is the same on every machine, whatever --batch,\n"
                                 "--threads and --isa say. Without --ctx the context is as long as the text.",
                                 options, CLI_COUNT(options), 1, 1};
    int code = cli_parse(&command, argc, argv, &path);
    if (code != CLI_GO) return code;
    if (!text == !file) return cli_misuse("logits", "logits", "needs one of -f FILE and -p TEXT");
    if (out && (cli_same_file(out, path) || (file && cli_same_file(out, file))))
        return cli_misuse("logits", "--out", "%s is also read: the logits would take its place", out);
    hearth_model *model = NULL;
    hearth_session *session = NULL;
    hearth_model_info info;
    char *from_file = NULL;
    int32_t *ids = NULL;
    size_t n_text = text ? strlen(text) : 0, n = 0;
    code = file ? cli_read_file(file, &from_file, &n_text) : CLI_OK;
    if (code == CLI_OK) code = cli_open_model(path, &setup, 0, &model);
    if (code == CLI_OK) {
        const char *p = text ? text : from_file;
        code = are_ids ? cli_parse_ids(file ? file : "-p", p, n_text, &ids, &n)
                       : cli_tokenize(model, p, n_text, no_bos ? 0 : HEARTH_TOK_SPECIAL, &ids, &n);
    }
    if (code == CLI_OK && n == 0) code = cli_fail(file ? file : "-p", "no tokens");
    if (code == CLI_OK) {
        hearth_model_get_info(model, &info);
        logits_job job = {out, setup.json, cli_rows(&setup, n, (size_t)info.n_vocab)};
        if (setup.ctx == 0) setup.ctx = n < 1 << 24 ? (int)n : 1 << 24;
        setup.batch = job.batch;
        code = cli_open_session(path, &setup, model, job.batch, &session);
        if (code == CLI_OK) code = run_logits(session, &job, ids, n, (size_t)info.n_vocab);
    }
    hearth_session_close(session);
    hearth_model_close(model);
    free(ids);
    free(from_file);
    return code;
}
