/* cmd_inspect.c: `hearth inspect`: what is in a GGUF file. Reads the container itself, so that files of architectures
 * that Hearth does not run can be looked at, too. A build on the one-file library (HEARTH_DROP_TOOLS) has no door into
 * the container, and tells what the public header tells. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#if !defined(HEARTH_DROP_TOOLS)
#include "engine/gguf.h"

typedef struct type_count {
    uint32_t type;
    uint64_t tensors, elements, bytes;
} type_count;

static uint64_t count_elements(const hr_gguf_tensor *t) {
    uint64_t n = 1;
    for (int d = 0; d < HR_GGUF_MAX_DIMS; d++) n *= t->dims[d]; /* the reader checked that it fits */
    return n;
}
static const char *name_type(uint32_t type) {
    const hr_format_info *f = hr_format_of(type);
    return f ? f->name : "?";
}
static size_t count_types(const hr_gguf *g, type_count *list, size_t cap) {
    size_t n = 0;
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const hr_gguf_tensor *t = &g->tensors[i];
        size_t at = 0;
        while (at < n && list[at].type != t->type) at++;
        if (at == n) {
            if (n == cap) continue;
            memset(&list[n], 0, sizeof list[n]);
            list[n++].type = t->type;
        }
        list[at].tensors++;
        list[at].elements += count_elements(t);
        list[at].bytes += t->bytes;
    }
    return n;
}
static void print_tensor(const hr_gguf_tensor *t) {
    printf("  %-12s ", name_type(t->type));
    char dims[96];
    int n = 0;
    for (int d = 0; d < t->n_dims; d++) n += snprintf(dims + n, sizeof dims - (size_t)n, "%s%u", d ? " x " : "",
                                                      t->dims[d]);
    printf("%-24s %12llu  at %-12llu ", n ? dims : "scalar", (unsigned long long)t->bytes,
           (unsigned long long)t->offset);
    cli_print_safe(stdout, (const char *)t->name, t->name_size);
    putchar('\n');
}
static void print_container(const hr_gguf *g, bool tensors) {
    char value[240];
    type_count types[64];
    uint64_t elements = 0;
    size_t n_types = count_types(g, types, CLI_COUNT(types));
    printf("GGUF version %u, %llu bytes in %u file%s, alignment %u\n", g->version, (unsigned long long)g->file_bytes,
           g->n_shards, g->n_shards == 1 ? "" : "s", g->alignment);
    printf("%u metadata values\n", g->n_kv);
    for (uint32_t i = 0; i < g->n_kv; i++) {
        const hr_gguf_kv *kv = &g->kv[i];
        printf("  ");
        cli_print_safe(stdout, (const char *)kv->key, kv->key_size);
        size_t n = hr_gguf_value_text(kv, value, sizeof value);
        if (kv->type == HR_GGUF_ARRAY)
            printf("  %s[%llu]  ", hr_gguf_type_name(kv->elem), (unsigned long long)kv->count);
        else printf("  %s  ", hr_gguf_type_name(kv->type));
        cli_print_safe(stdout, value, n);
        putchar('\n');
    }
    printf("%u tensors\n", g->n_tensors);
    for (size_t i = 0; i < n_types; i++) {
        printf("  %-12s %6llu tensors %15llu elements %15llu bytes\n", name_type(types[i].type),
               (unsigned long long)types[i].tensors, (unsigned long long)types[i].elements,
               (unsigned long long)types[i].bytes);
        elements += types[i].elements;
    }
    printf("  %-12s %6u tensors %15llu elements\n", "total", g->n_tensors, (unsigned long long)elements);
    for (uint32_t i = 0; tensors && i < g->n_tensors; i++) print_tensor(&g->tensors[i]);
}
static void report_container_json(const hr_gguf *g, bool tensors) {
    char value[240];
    uint64_t elements = 0;
    cli_json_open(NULL, '{');
    cli_json_u64("version", g->version);
    cli_json_u64("file_bytes", g->file_bytes);
    cli_json_u64("n_files", g->n_shards);
    cli_json_u64("alignment", g->alignment);
    cli_json_open("metadata", '[');
    for (uint32_t i = 0; i < g->n_kv; i++) {
        const hr_gguf_kv *kv = &g->kv[i];
        size_t n = hr_gguf_value_text(kv, value, sizeof value);
        cli_json_open(NULL, '{');
        cli_json_text("key", (const char *)kv->key, kv->key_size);
        cli_json_str("type", hr_gguf_type_name(kv->type));
        if (kv->type == HR_GGUF_ARRAY) cli_json_str("element", hr_gguf_type_name(kv->elem));
        if (kv->type == HR_GGUF_ARRAY) cli_json_u64("count", kv->count);
        cli_json_text("value", value, n);
        cli_json_close('}');
    }
    cli_json_close(']');
    cli_json_u64("n_tensors", g->n_tensors);
    for (uint32_t i = 0; i < g->n_tensors; i++) elements += count_elements(&g->tensors[i]);
    cli_json_u64("n_elements", elements);
    if (tensors) cli_json_open("tensors", '[');
    for (uint32_t i = 0; tensors && i < g->n_tensors; i++) {
        const hr_gguf_tensor *t = &g->tensors[i];
        cli_json_open(NULL, '{');
        cli_json_text("name", (const char *)t->name, t->name_size);
        cli_json_str("type", name_type(t->type));
        cli_json_open("dims", '[');
        for (int d = 0; d < t->n_dims; d++) cli_json_u64(NULL, t->dims[d]);
        cli_json_close(']');
        cli_json_u64("bytes", t->bytes);
        cli_json_u64("offset", t->offset);
        cli_json_u64("file", t->shard);
        cli_json_close('}');
    }
    if (tensors) cli_json_close(']');
    cli_json_close('}');
}
/* the reader's error has the layout of the public one (engine/api.c asserts it) */
static int report_container_error(const hr_error *e, const char *path) {
    hearth_error err;
    memcpy(&err, e, sizeof err);
    return cli_report(&err, path);
}
static int inspect_file(const char *path, const cli_setup *setup, bool tensors) {
    static hr_gguf g;
    hr_gguf_source source;
    hr_error err;
    hr_arena arena;
    memset(&source, 0, sizeof source);
    memset(&err, 0, sizeof err);
    err.offset = HR_NO_OFFSET;
    source.path = path;
    source.want_map = !setup->no_mmap;
    if (hr_gguf_open(&g, &source, &err) != HR_OK) return report_container_error(&err, path);
    hr_arena_init_count(&arena);
    hr_status status = hr_gguf_index(&g, &arena, &err);
    size_t bytes = arena.used + HR_ARENA_ALIGN;
    void *memory = status == HR_OK ? malloc(bytes) : NULL;
    if (status == HR_OK && !memory) status = hr_fail(&err, HR_E_MEMORY, HR_NO_OFFSET, path, "no memory for the index");
    if (status == HR_OK) {
        hr_arena_init(&arena, memory, bytes);
        status = hr_gguf_index(&g, &arena, &err);
    }
    if (status == HR_OK) status = hr_gguf_check_data(&g, &err);
    if (status == HR_OK && setup->json) report_container_json(&g, tensors);
    else if (status == HR_OK) print_container(&g, tensors);
    hr_gguf_close(&g);
    free(memory);
    return status == HR_OK ? CLI_OK : report_container_error(&err, path);
}
#else
static int inspect_file(const char *path, const cli_setup *setup, bool tensors) {
    hearth_model *model = NULL;
    hearth_model_info info;
    if (tensors) return cli_fail("--tensors", "this build, on the one-file library, cannot list them");
    if (cli_open_model(path, setup, HEARTH_MODEL_VOCAB_ONLY, &model) != CLI_OK) return CLI_FAILED;
    hearth_model_get_info(model, &info);
    if (setup->json) {
        cli_json_open(NULL, '{');
        cli_json_str("architecture", info.architecture);
        cli_json_str("name", info.name);
        cli_json_str("tokenizer", info.tokenizer);
        cli_json_u64("file_bytes", info.file_bytes);
        cli_json_close('}');
    } else {
        printf("architecture %s\ntokenizer %s\nname ", info.architecture, info.tokenizer);
        cli_print_safe(stdout, info.name, strlen(info.name));
        printf("\nfile_bytes %llu\n", (unsigned long long)info.file_bytes);
    }
    hearth_model_close(model);
    return CLI_OK;
}
#endif

int cmd_inspect(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    bool tensors = false;
    const char *path = NULL;
    const cli_option options[] = {
        {"--tensors", NULL, CLI_FLAG, &tensors, 0, 0, NULL, "list every tensor: type, shape, bytes, place"},
        {"--no-mmap", NULL, CLI_FLAG, &setup.no_mmap, 0, 0, NULL, "read the file instead of mapping it"},
        CLI_OPTION_JSON(setup),
    };
    const cli_command command = {"inspect", "MODEL",
                                 "What is in a GGUF file: metadata, tensor types and sizes. The file is checked as\n"
                                 "strictly as for running, but its architecture need not be one that Hearth runs.",
                                 options, CLI_COUNT(options), 1, 1};
    int code = cli_parse(&command, argc, argv, &path);
    if (code != CLI_GO) return code;
    return inspect_file(path, &setup, tensors);
}
