/* cmd_plan.c: `hearth plan`: the exact bytes of a model and of a session. */
#include "tools/cli.h"
#include <string.h>

static void report_plan_json(const char *key, const hearth_plan *p) {
    cli_json_open(key, '{');
    cli_json_u64("file_bytes", p->file_bytes);
    cli_json_u64("mapped_bytes", p->mapped_bytes);
    cli_json_u64("total_bytes", p->total_bytes);
    cli_json_u64("index_bytes", p->index_bytes);
    cli_json_u64("tokenizer_bytes", p->tokenizer_bytes);
    cli_json_u64("weight_bytes", p->weight_bytes);
    cli_json_u64("kv_bytes", p->kv_bytes);
    cli_json_u64("work_bytes", p->work_bytes);
    cli_json_close('}');
}
static void print_bytes(const char *what, uint64_t n) {
    printf("  %-12s %15llu", what, (unsigned long long)n);
    if (n >= 1 << 20) printf("  %10.1f MiB", (double)n / (1 << 20));
    putchar('\n');
}
static void print_plan(const hearth_plan *model, const hearth_plan *session, int ctx) {
    printf("model\n");
    print_bytes("file", model->file_bytes);
    print_bytes("mapped", model->mapped_bytes);
    print_bytes("index", model->index_bytes);
    print_bytes("tokenizer", model->tokenizer_bytes);
    print_bytes("weights", model->weight_bytes);
    print_bytes("work", model->work_bytes);
    print_bytes("total", model->total_bytes);
    if (session) {
        printf("session of %d tokens\n", ctx);
        print_bytes("kv", session->kv_bytes);
        print_bytes("work", session->work_bytes);
        print_bytes("total", session->total_bytes);
    }
    printf("memory\n");
    print_bytes("mapped", model->mapped_bytes);
    print_bytes("anonymous", model->total_bytes + (session ? session->total_bytes : 0));
    print_bytes("total", model->total_bytes + (session ? session->total_bytes : 0));
}
int cmd_plan(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    const char *path = NULL;
    const cli_option options[] = {CLI_OPTIONS_SESSION(setup), CLI_OPTION_FAST(setup), CLI_OPTIONS_MODEL(setup),
                                  CLI_OPTION_JSON(setup)};
    const cli_command command = {"plan", "MODEL --ctx N",
                                 "Says the exact bytes that opening the model and a session will take. `mapped` are\n"
                                 "clean pages of the file, which the system may drop at any time; they are not in the\n"
                                 "total, which is anonymous memory. Weights in a file of `hearth pack` are only\n"
                                 "mapped; those of others are packed into memory while their pages are dropped.\n"
                                 "Exit code 1 when --budget is given and does not suffice.",
                                 options, CLI_COUNT(options), 1, 1};
    int code = cli_parse(&command, argc, argv, &path);
    if (code != CLI_GO) return code;
    hearth_model_config config;
    hearth_session_config session_config;
    hearth_plan plan, session_plan;
    hearth_model_info info;
    hearth_model *model = NULL;
    hearth_error err;
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    cli_model_config(&setup, &config);
    config.budget_bytes = 0;
    if (hearth_model_plan(path, &config, &plan, &err) != HEARTH_OK) return cli_report(&err, path);
    setup.no_selfcheck = true;
    size_t budget = setup.budget;
    setup.budget = 0;
    if (cli_open_model(path, &setup, 0, &model) != CLI_OK) return CLI_FAILED;
    hearth_model_get_info(model, &info);
    cli_session_config(&setup, &session_config);
    hearth_status status = hearth_session_plan(model, &session_config, &session_plan, &err);
    hearth_model_close(model);
    if (status != HEARTH_OK) return cli_report(&err, path);
    int ctx = setup.ctx ? setup.ctx : info.n_ctx_train < 4096 ? info.n_ctx_train : 4096;
    uint64_t total = plan.total_bytes + session_plan.total_bytes;
    if (setup.json) {
        cli_json_open(NULL, '{');
        report_plan_json("model", &plan);
        report_plan_json("session", &session_plan);
        cli_json_int("ctx_tokens", ctx);
        cli_json_u64("mapped_bytes", plan.mapped_bytes);
        cli_json_u64("anonymous_bytes", total);
        cli_json_u64("total_bytes", total);
        if (budget) cli_json_bool("fits", total <= budget);
        cli_json_close('}');
    } else {
        print_plan(&plan, &session_plan, ctx);
    }
    if (budget && total > budget)
        return cli_fail("--budget", "%zu bytes, %llu are needed", budget, (unsigned long long)total);
    return CLI_OK;
}
