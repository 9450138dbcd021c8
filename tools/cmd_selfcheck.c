/* cmd_selfcheck.c: `hearth selfcheck`: every kernel this machine could run against the portable reference. */
#include "tools/cli.h"
#include <string.h>

typedef struct check_state {
    bool json;
    int n, n_bad;
} check_state;

static void on_checked_kernel(void *ctx, const char *name, int ok) {
    check_state *s = (check_state *)ctx;
    s->n++;
    s->n_bad += !ok;
    if (s->json) {
        cli_json_open(NULL, '{');
        cli_json_str("kernel", name);
        cli_json_bool("ok", ok != 0);
        cli_json_close('}');
    } else {
        printf("%-4s %s\n", ok ? "ok" : "BAD", name);
    }
}
int cmd_selfcheck(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    const char *path = NULL;
    const cli_option options[] = {CLI_OPTIONS_MODEL(setup), CLI_OPTION_JSON(setup)};
    const cli_command command = {"selfcheck", "[MODEL]",
                                 "Runs every kernel that this machine could use against the portable one; they must\n"
                                 "agree in every bit. With MODEL: also opens it and says which kernels it would use.\n"
                                 "Exit code 1 when a kernel is wrong.",
                                 options, CLI_COUNT(options), 0, 1};
    int code = cli_parse(&command, argc, argv, &path);
    if (code != CLI_GO) return code;
    check_state state = {setup.json, 0, 0};
    hearth_model *model = NULL;
    hearth_model_info info;
    hearth_error err;
    memset(&info, 0, sizeof info);
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    if (path && cli_open_model(path, &setup, 0, &model) != CLI_OK) return CLI_FAILED;
    if (model) hearth_model_get_info(model, &info);
    if (setup.json) {
        cli_json_open(NULL, '{');
        cli_json_open("kernels", '[');
    }
    hearth_status status = hearth_selfcheck(setup.isa, on_checked_kernel, &state, &err);
    if (setup.json) {
        cli_json_close(']');
        cli_json_int("n_kernels", state.n);
        cli_json_int("n_bad", state.n_bad);
        if (model) cli_json_str("isa", info.isa);
        if (model) cli_json_int("threads", info.threads);
        if (model) cli_json_int("n_bad_kernels", info.n_bad_kernels);
        cli_json_close('}');
    } else {
        printf("%d kernels, %d wrong\n", state.n, state.n_bad);
        if (model) printf("the model runs on %s with %d threads\n", info.isa, info.threads);
    }
    hearth_model_close(model);
    if (status != HEARTH_OK && status != HEARTH_E_SELFCHECK) return cli_report(&err, "selfcheck");
    if (state.n_bad || status != HEARTH_OK) return cli_fail("selfcheck", "%d kernels miscompute here", state.n_bad);
    return CLI_OK;
}
