/* cmd_convert.c: `hearth convert`: a Hugging Face model folder to one GGUF file. A build on the one-file library
 * (HEARTH_DROP_TOOLS) has no door into the container and cannot. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#if !defined(HEARTH_DROP_TOOLS)
#include "quant/formats.h"
#include "tools/convert.h"

static const char *type_name(uint32_t type) {
    const hr_format_info *f = hr_format_of(type);
    return f ? f->name : "?";
}
static uint64_t tensor_bytes(const cv_tensor *t) {
    uint64_t n = 0, rows = 1;
    for (uint32_t d = 1; d < t->n_dims; d++) rows *= t->dims[d]; /* the source's bytes bound the product */
    return hr_format_row_bytes(hr_format_of(t->type), t->dims[0], &n) ? n * rows : 0;
}
static void print_source(const cv_job *j, const cv_tensor *t, bool json) {
    char text[120] = "computed";
    if (!t->values) {
        const hr_str name = j->parts[t->part].src->name;
        hr_format(text, sizeof text, "%.*s%s", (int)hr_min_size(name.size, 90), name.data, t->n_parts > 1 ? " ..." : "");
    }
    if (json) cli_json_str("source", text);
    else cli_print_safe(stdout, text, strlen(text));
}
static void print_plan(const cv_job *j, bool json) {
    uint64_t total = 0;
    for (size_t i = 0; i < j->n_tensors; i++) total += tensor_bytes(&j->tensors[i]);
    if (json) {
        cli_json_str("architecture", j->family->arch);
        cli_json_str("tokenizer", j->vocab.model);
        cli_json_str("pre_tokenizer", j->vocab.pre);
        cli_json_u64("tokens", j->vocab.n);
        cli_json_u64("tensor_bytes", total);
        cli_json_open("tensors", '[');
    } else {
        printf("%s, %zu tensors, %llu bytes, tokenizer %s (%s) of %zu tokens\n", j->family->arch, j->n_tensors,
               (unsigned long long)total, j->vocab.model, j->vocab.pre, j->vocab.n);
    }
    for (size_t i = 0; i < j->n_tensors; i++) {
        const cv_tensor *t = &j->tensors[i];
        if (json) {
            cli_json_open(NULL, '{');
            cli_json_str("name", t->name);
            cli_json_str("type", type_name(t->type));
            cli_json_open("dims", '[');
            for (uint32_t d = 0; d < t->n_dims; d++) cli_json_u64(NULL, t->dims[d]);
            cli_json_close(']');
            cli_json_u64("bytes", tensor_bytes(t));
            print_source(j, t, true);
            cli_json_close('}');
        } else {
            char dims[96];
            int n = 0;
            for (uint32_t d = 0; d < t->n_dims; d++)
                n += snprintf(dims + n, sizeof dims - (size_t)n, "%s%llu", d ? " x " : "", (unsigned long long)t->dims[d]);
            printf("  %-36s %-5s %-22s from ", t->name, type_name(t->type), dims);
            print_source(j, t, false);
            putchar('\n');
        }
    }
    if (json) cli_json_close(']');
}
static int on_progress(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx;
    cli_progress("converting, bytes", done, total);
    return cli_interrupted();
}
static hr_status declare_all(cv_job *j) {
    HR_TRY(cv_put_keys(j));
    HR_TRY(cv_put_vocab(j));
    for (size_t i = 0; i < j->n_tensors; i++) {
        const cv_tensor *t = &j->tensors[i];
        HR_TRY(hr_gguf_put_tensor(&j->w, hr_str_of(t->name), t->n_dims, t->dims, t->type, NULL, j->err));
    }
    return HR_OK;
}
static hr_status convert_folder(cv_job *j, const char *folder, const char *out, bool plan, hr_error *err) {
    HR_TRY(cv_open(j, folder, err));
    if (!j->vocab_only) {
        HR_TRY(st_open_folder(&j->st, folder, err));
        HR_TRY(cv_map(j));
    }
    HR_TRY(cv_read_vocab(j));
    HR_TRY(hr_gguf_write_begin(&j->w, out, NULL, NULL, err)); /* opens nothing yet */
    j->writing = true;
    HR_TRY(declare_all(j));
    if (plan) return HR_OK;
    HR_TRY(hr_gguf_write_head(&j->w, 0, NULL, err));
    HR_TRY(cv_write_data(j, on_progress, NULL));
    HR_TRY(hr_gguf_write_finish(&j->w, err));
    j->writing = false;
    return HR_OK;
}
/* the file is whole; would it run? */
static int check_loads(const char *out) {
    cli_setup setup = CLI_SETUP_INIT;
    hearth_model_config config;
    hearth_plan plan;
    hearth_error err;
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    cli_model_config(&setup, &config);
    config.progress = NULL;
    if (hearth_model_plan(out, &config, &plan, &err) == HEARTH_OK) return CLI_OK;
    cli_report(&err, out);
    return cli_fail(out, "is written, but Hearth does not run it");
}
static int run_convert(cv_job *j, const char *folder, const char *out, bool plan, bool json) {
    hr_error err;
    hr_error_clear(&err);
    const hr_status status = convert_folder(j, folder, out, plan, &err);
    cli_progress_end();
    if (status != HR_OK) return cli_report((const hearth_error *)(const void *)&err, folder);
    const int code = plan || j->vocab_only ? CLI_OK : check_loads(out);
    if (json) {
        cli_json_open(NULL, '{');
        if (!plan) cli_json_str("out", out);
        print_plan(j, true);
        cli_json_close('}');
    } else if (plan) print_plan(j, false);
    else printf("%s: %s, %zu tensors, tokenizer %s (%s) of %zu tokens\n", out, j->family->arch, j->n_tensors,
                j->vocab.model, j->vocab.pre, j->vocab.n);
    return code;
}
#endif

int cmd_convert(int argc, char **argv) {
    const char *words[2] = {NULL, NULL}, *type = "auto", *pre = NULL;
    bool vocab_only = false, plan = false, json = false;
    const cli_option options[] = {
        {"--type", NULL, CLI_TEXT, &type, 0, 0, "TYPE", "of the matrices: auto (as they are), f32, f16 or bf16"},
        {"--pre", NULL, CLI_TEXT, &pre, 0, 0, "NAME", "the pre-tokenizer, where tokenizer.json has an unknown one"},
        {"--vocab-only", NULL, CLI_FLAG, &vocab_only, 0, 0, NULL, "keys and tokenizer, no tensors"},
        {"--plan", NULL, CLI_FLAG, &plan, 0, 0, NULL, "say what would be written"},
        {"--json", NULL, CLI_FLAG, &json, 0, 0, NULL, "report as JSON"}};
    const cli_command command = {
        "convert", "HF_DIR OUT",
        "Converts a Hugging Face model folder (config.json, tokenizer files, model.safetensors or its shards) to one\n"
        "GGUF file. Streams: memory is the vocabulary and a few MB. Matrices keep their numbers unless --type says\n"
        "otherwise; vectors are f32. OUT appears when it is whole.",
        options, CLI_COUNT(options), 2, 2};
    int code = cli_parse(&command, argc, argv, words);
    if (code != CLI_GO) return code;
#if defined(HEARTH_DROP_TOOLS)
    return cli_fail("convert", "is not in a build on the one-file library");
#else
    static const struct { const char *name; int type; } types[] = {
        {"auto", -1}, {"f32", HR_TYPE_F32}, {"f16", HR_TYPE_F16}, {"bf16", HR_TYPE_BF16}};
    size_t i = 0;
    while (i < CLI_COUNT(types) && strcmp(types[i].name, type) != 0) i++;
    if (i == CLI_COUNT(types)) return cli_misuse("convert", "--type", "'%s' is none of auto, f32, f16, bf16", type);
    cv_job *j = (cv_job *)calloc(1, sizeof *j);
    if (!j) return cli_fail("convert", "no memory");
    j->type = types[i].type;
    j->pre_override = pre;
    j->vocab_only = vocab_only;
    code = run_convert(j, words[0], words[1], plan, json);
    cv_close(j);
    free(j);
    return code;
#endif
}
