/* cmd_tokenize.c: `hearth tokenize`: text to ids, and back. Reads all of stdin, also its last newline. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_ids(const hearth_model *model, const int32_t *ids, size_t n, bool with_text) {
    for (size_t i = 0; i < n; i++) {
        size_t n_text = 0;
        const char *text = with_text ? hearth_token_text(model, ids[i], &n_text) : NULL;
        printf("%d", (int)ids[i]);
        if (text) {
            putchar('\t');
            cli_print_safe(stdout, text, n_text);
        }
        putchar('\n');
    }
}
static void report_ids_json(const hearth_model *model, const int32_t *ids, size_t n) {
    cli_json_open(NULL, '{');
    cli_json_u64("n_tokens", n);
    cli_json_open("ids", '[');
    for (size_t i = 0; i < n; i++) cli_json_int(NULL, ids[i]);
    cli_json_close(']');
    cli_json_open("tokens", '[');
    for (size_t i = 0; i < n; i++) {
        size_t n_text = 0;
        const char *text = hearth_token_text(model, ids[i], &n_text);
        cli_json_text(NULL, text ? text : "", text ? n_text : 0);
    }
    cli_json_close(']');
    cli_json_close('}');
}
static int decode_ids(const hearth_model *model, const char *in, size_t n_in, uint32_t flags, bool json) {
    int32_t *ids;
    size_t n, n_out = 0, cap;
    hearth_error err;
    if (cli_parse_ids("stdin", in, n_in, &ids, &n) != CLI_OK) return CLI_FAILED;
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    cap = n * 16 + 64;
    char *out = (char *)malloc(cap);
    hearth_status status = out ? hearth_detokenize(model, ids, n, flags, out, cap, &n_out, &err) : HEARTH_E_MEMORY;
    if (status == HEARTH_E_FULL) {
        memset(&err, 0, sizeof err);
        err.offset = HEARTH_NO_OFFSET;
        cap = n_out;
        free(out);
        out = (char *)malloc(cap ? cap : 1);
        status = out ? hearth_detokenize(model, ids, n, flags, out, cap, &n_out, &err) : HEARTH_E_MEMORY;
    }
    err.status = status;
    if (status != HEARTH_OK) {
        cli_report(&err, "stdin");
    } else if (json) {
        cli_json_open(NULL, '{');
        cli_json_u64("n_tokens", n);
        cli_json_text("text", out, n_out);
        cli_json_close('}');
    } else {
        fwrite(out, 1, n_out, stdout);
    }
    free(out);
    free(ids);
    return status == HEARTH_OK ? CLI_OK : CLI_FAILED;
}
int cmd_tokenize(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    bool only_ids = false, show = false, no_bos = false, plain = false, decode = false;
    const char *path = NULL;
    const cli_option options[] = {
        {"--ids", NULL, CLI_FLAG, &only_ids, 0, 0, NULL, "ids only, also on a terminal"},
        {"--text", NULL, CLI_FLAG, &show, 0, 0, NULL, "id, tab, token, also where stdout is no terminal"},
        {"--no-bos", NULL, CLI_FLAG, &no_bos, 0, 0, NULL, "add no begin, end or separator tokens"},
        {"--plain", NULL, CLI_FLAG, &plain, 0, 0, NULL, "text such as <|eot_id|> is text, not a control token"},
        {"--decode", NULL, CLI_FLAG, &decode, 0, 0, NULL, "ids to text; --text writes control tokens out, too"},
        {"--no-mmap", NULL, CLI_FLAG, &setup.no_mmap, 0, 0, NULL, "read the file instead of mapping it"},
        CLI_OPTION_JSON(setup),
    };
    const cli_command command = {"tokenize", "MODEL",
                                 "Text on stdin to one token id a line; --decode: ids on stdin to text. MODEL may\n"
                                 "be a mere vocabulary. On a terminal the token follows its id after a tab.",
                                 options, CLI_COUNT(options), 1, 1};
    int code = cli_parse(&command, argc, argv, &path);
    if (code != CLI_GO) return code;
    if (only_ids && show) return cli_misuse("tokenize", "--ids", "does not go together with --text");
    hearth_model *model = NULL;
    char *in = NULL;
    int32_t *ids = NULL;
    size_t n_in, n;
    uint32_t flags = (no_bos ? 0u : (uint32_t)HEARTH_TOK_SPECIAL) | (plain ? 0u : (uint32_t)HEARTH_TOK_PARSE);
    code = cli_open_model(path, &setup, HEARTH_MODEL_VOCAB_ONLY, &model);
    if (code == CLI_OK) code = cli_read_file("-", &in, &n_in);
    if (code == CLI_OK && decode) {
        code = decode_ids(model, in, n_in, show ? (uint32_t)HEARTH_TOK_SHOW : 0u, setup.json);
    } else if (code == CLI_OK) {
        code = cli_tokenize(model, in, n_in, flags, &ids, &n);
        if (code == CLI_OK && setup.json) report_ids_json(model, ids, n);
        else if (code == CLI_OK) print_ids(model, ids, n, show || (!only_ids && isatty(1)));
    }
    free(ids);
    free(in);
    hearth_model_close(model);
    return code;
}
