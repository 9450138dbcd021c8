/* cmd_quantize.c: `hearth quantize`: options, which type each tensor gets, the report. */
#include "tools/cmd_quantize.h"
#include <stdlib.h>
#include <string.h>
#if !defined(HEARTH_DROP_TOOLS)

int quantize_report(const quantize_job *j) {
    hearth_error e;
    memcpy(&e, &j->err, sizeof e); /* the same layout (engine/api_model.c asserts it) */
    return cli_report(&e, j->in);
}
uint64_t quantize_rows(const hr_gguf_tensor *t) { return (uint64_t)t->dims[1] * t->dims[2] * t->dims[3]; }
uint64_t quantize_bytes(const hr_gguf_tensor *t, uint32_t type) {
    uint64_t bytes = 0;
    hr_format_row_bytes(hr_format_of(type), t->dims[0], &bytes);
    return bytes * quantize_rows(t);
}
bool quantize_importance(const quantize_job *j, const hr_gguf_tensor *t, size_t mat, float *dst) {
    hr_str name = {(const char *)t->name, t->name_size};
    const hr_imatrix_entry *e = j->has_imatrix ? hr_imatrix_find(&j->imatrix, name) : NULL;
    return e != NULL && hr_imatrix_values(e, t->dims[0], mat, (size_t)t->dims[2] * t->dims[3], dst);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */
static int open_input(quantize_job *j) {
    hr_gguf_source src;
    hr_arena arena;
    memset(&src, 0, sizeof src);
    src.path = j->in;
    src.want_map = true;
    if (hr_gguf_open(&j->g, &src, &j->err) != HR_OK) return quantize_report(j);
    hr_arena_init_count(&arena);
    if (hr_gguf_index(&j->g, &arena, &j->err) != HR_OK) return quantize_report(j);
    size_t bytes = arena.used + HR_ARENA_ALIGN;
    j->index = malloc(bytes);
    j->tensors = (hr_mix_tensor *)calloc((size_t)j->g.n_tensors + 1, sizeof *j->tensors);
    if (!j->index || !j->tensors) return cli_fail(j->in, "out of memory");
    hr_arena_init(&arena, j->index, bytes);
    if (hr_gguf_index(&j->g, &arena, &j->err) != HR_OK) return quantize_report(j);
    if (!j->plan && hr_gguf_check_data(&j->g, &j->err) != HR_OK) return quantize_report(j); /* a plan needs no data */
    for (uint32_t i = 0; i < j->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &j->g.tensors[i];
        hr_mix_tensor *m = &j->tensors[i];
        if (t->type >= 0x10000) return cli_fail(j->in, "is packed: 'hearth pack --unpack' it first");
        m->name.data = (const char *)t->name;
        m->name.size = t->name_size;
        memcpy(m->dims, t->dims, sizeof m->dims);
        m->type = m->target = t->type;
        j->bytes_in += t->bytes;
    }
    return CLI_OK;
}
static uint32_t read_number(quantize_job *j, const char *arch, const char *name) {
    char key[160];
    uint64_t v = 0;
    hr_format(key, sizeof key, "%s.%s", arch, name);
    if (hr_gguf_u64_at(&j->g, key, 0, &v, NULL, NULL) != HR_OK || v > UINT32_MAX) v = 0;
    return (uint32_t)v;
}

/* --- types -------------------------------------------------------------------------------------------------------- */
static int apply_wishes(quantize_job *j) {
    for (size_t w = 0; w < j->tensor_types.n; w++) {
        char pattern[128];
        const char *text = j->tensor_types.item[w], *equals = strrchr(text, '=');
        const hr_format_info *f = equals ? hr_format_named(equals + 1, strlen(equals + 1)) : NULL;
        size_t n = equals ? (size_t)(equals - text) : 0, hits = 0;
        if (!f || !f->runs || n == 0 || n >= sizeof pattern) {
            return cli_misuse("quantize", "--tensor-type", "'%s' is not PATTERN=TYPE with a known type", text);
        }
        memcpy(pattern, text, n);
        pattern[n] = 0;
        for (uint32_t i = 0; i < j->g.n_tensors; i++) {
            if (!hr_mix_match(pattern, j->tensors[i].name)) continue;
            hits++;
            if (j->tensors[i].fixed) continue; /* the first that fits wins */
            j->tensors[i].fixed = true;
            j->tensors[i].target = f->id;
        }
        if (hits == 0) return cli_misuse("quantize", "--tensor-type", "no tensor's name fits '%s'", pattern);
    }
    return CLI_OK;
}
static int choose_types(quantize_job *j) {
    hr_mix_model m;
    char arch[64] = "";
    bool found = false;
    memset(&m, 0, sizeof m);
    if (hr_gguf_string(&j->g, "general.architecture", &m.arch, &found, &j->err) != HR_OK) return quantize_report(j);
    if (!found) m.arch = hr_str_of("");
    hr_format(arch, sizeof arch, "%.*s", (int)(m.arch.size < 60 ? m.arch.size : 60), m.arch.data);
    m.n_layer = read_number(j, arch, "block_count");
    m.n_head = read_number(j, arch, "attention.head_count");
    m.n_head_kv = read_number(j, arch, "attention.head_count_kv");
    if (m.n_head_kv == 0) m.n_head_kv = m.n_head;
    m.n_expert = read_number(j, arch, "expert_count");
    m.has_imatrix = j->has_imatrix;
    m.pure = j->pure;
    m.leave_output = j->leave_output;
    if (hr_mix_choose(j->mix, &m, j->tensors, j->g.n_tensors, &j->err) != HR_OK) return quantize_report(j);
    return j->target_bytes ? quantize_choose_target(j) : CLI_OK;
}
static int check_sources(quantize_job *j) {
    j->bytes_out = 0;
    for (uint32_t i = 0; i < j->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &j->g.tensors[i];
        const hr_format_info *f = hr_format_of(t->type);
        uint64_t padded = quantize_bytes(t, j->tensors[i].target);
        j->bytes_out += padded;
        if (j->tensors[i].target == t->type || !f->quantized || j->allow_requantize) continue;
        return cli_fail(j->in, "%.*s is %s already: quantizing twice loses more; --allow-requantize does it all the same",
                        (int)t->name_size, (const char *)t->name, f->name);
    }
    return CLI_OK;
}

/* --- report ------------------------------------------------------------------------------------------------------- */
static void print_report(const quantize_job *j, double seconds) {
    double values = 0;
    for (uint32_t i = 0; i < j->g.n_tensors; i++) {
        values += (double)j->g.tensors[i].dims[0] * (double)quantize_rows(&j->g.tensors[i]);
    }
    double bits = values > 0 ? 8.0 * (double)j->bytes_out / values : 0;
    if (j->json) {
        cli_json_open(NULL, '{');
        cli_json_str("input", j->in);
        if (j->out) cli_json_str("output", j->out);
        cli_json_str("type", j->mix->name);
        cli_json_bool("plan", j->plan);
        cli_json_u64("tensor_bytes_in", j->bytes_in);
        cli_json_u64("tensor_bytes", j->bytes_out);
        cli_json_num("bits_per_weight", bits);
        cli_json_u64("resumed_bytes", j->resumed);
        cli_json_u64("without_importance", j->without_importance);
        cli_json_num("seconds", seconds);
        cli_json_open("tensors", '[');
        for (uint32_t i = 0; i < j->g.n_tensors; i++) {
            const hr_gguf_tensor *t = &j->g.tensors[i];
            cli_json_open(NULL, '{');
            cli_json_text("name", (const char *)t->name, t->name_size);
            cli_json_str("from", hr_format_of(t->type)->name);
            cli_json_str("to", hr_format_of(j->tensors[i].target)->name);
            cli_json_u64("bytes", quantize_bytes(t, j->tensors[i].target));
            cli_json_close('}');
        }
        cli_json_close(']');
        cli_json_close('}');
        return;
    }
    for (uint32_t i = 0; j->plan && i < j->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &j->g.tensors[i];
        printf("  %-7s -> %-7s %12llu  ", hr_format_of(t->type)->name, hr_format_of(j->tensors[i].target)->name,
               (unsigned long long)quantize_bytes(t, j->tensors[i].target));
        cli_print_safe(stdout, (const char *)t->name, t->name_size);
        putchar('\n');
    }
    printf("%s: %llu bytes of tensors, from %llu (%.3f bits per weight)\n", j->mix->name, (unsigned long long)j->bytes_out,
           (unsigned long long)j->bytes_in, bits);
    if (j->without_importance) printf("%u quantized tensors had no importances\n", j->without_importance);
    if (j->resumed) printf("went on after %llu bytes of an interrupted run\n", (unsigned long long)j->resumed);
    if (!j->plan) printf("%.1f s, %.2f GB/s of input\n", seconds, seconds > 0 ? (double)j->bytes_in / seconds * 1e-9 : 0.0);
}

static int start_pool(quantize_job *j) {
    j->isa = hr_cpu_isa();
    if (j->threads == 0) j->threads = hr_cpu_count();
    size_t bytes = hr_pool_bytes(j->threads);
    j->pool_memory = aligned_alloc(HR_ARENA_ALIGN, (bytes + HR_ARENA_ALIGN - 1) / HR_ARENA_ALIGN * HR_ARENA_ALIGN);
    if (!j->pool_memory) return cli_fail("--threads", "out of memory");
    if (hr_pool_start(j->pool_memory, j->threads, NULL, NULL, &j->pool, &j->err) != HR_OK) return quantize_report(j);
    return CLI_OK;
}
static int quantize_all(quantize_job *j) {
    uint64_t begin = hr_clock_ns();
    int code = open_input(j);
    if (code == CLI_OK && j->imatrix_path) {
        if (hr_imatrix_open(&j->imatrix, j->imatrix_path, NULL, &j->err) != HR_OK) return quantize_report(j);
        j->has_imatrix = true;
    }
    if (code == CLI_OK) code = apply_wishes(j);
    if (code == CLI_OK) code = start_pool(j);
    if (code == CLI_OK) code = choose_types(j);
    if (code == CLI_OK) code = check_sources(j);
    if (code == CLI_OK && !j->plan) code = quantize_write(j);
    if (code == CLI_OK) print_report(j, (double)(hr_clock_ns() - begin) * 1e-9);
    return code;
}
#endif

int cmd_quantize(int argc, char **argv) {
#if defined(HEARTH_DROP_TOOLS)
    (void)argc, (void)argv;
    return cli_fail("quantize", "not in a build on the one-file library");
#else
    static quantize_job job; /* hr_gguf is large */
    quantize_job *j = &job;
    const char *words[3];
    const cli_option options[] = {
        {"--imatrix", NULL, CLI_TEXT, &j->imatrix_path, 0, 0, "FILE", "importances (hearth imatrix, or another tool's)"},
        {"--tensor-type", NULL, CLI_LIST, &j->tensor_types, 0, 0, "P=TYPE", "for names that hold P (or fit it: * ?); repeatable"},
        {"--target-bytes", NULL, CLI_BYTES, &j->target_bytes, 0, 0, "N", "the best types for a file of at most N bytes"},
        {"--threads", "-t", CLI_INT, &j->threads, 0, 256, "N", "threads; 0: as many as there are cores"},
        {"--plan", NULL, CLI_FLAG, &j->plan, 0, 0, NULL, "only say which tensor gets which type; OUT is not written"},
        {"--allow-requantize", NULL, CLI_FLAG, &j->allow_requantize, 0, 0, NULL, "also from quantized types"},
        {"--pure", NULL, CLI_FLAG, &j->pure, 0, 0, NULL, "every matrix gets the base type"},
        {"--keep-output", NULL, CLI_FLAG, &j->leave_output, 0, 0, NULL, "output.weight stays as it is"},
        {"--json", NULL, CLI_FLAG, &j->json, 0, 0, NULL, "report as JSON"},
    };
    const cli_command c = {"quantize", "IN OUT TYPE",
                           "Writes a model with its matrices in another type. TYPE is a name users know: Q4_K_M Q4_K_S\n"
                           "Q5_K_M Q5_K_S Q6_K Q3_K_S Q3_K_M Q3_K_L Q2_K IQ4_XS IQ4_NL Q8_0 Q4_0 Q4_1 Q5_0 Q5_1\n"
                           "TQ1_0 TQ2_0 MXFP4 F16 BF16 F32; tensors get the types that llama-quantize gives them.\n"
                           "An interrupted run leaves OUT.part, and the same command goes on from there; OUT itself\n"
                           "is always a whole file.",
                           options, CLI_COUNT(options), 2, 3};
    memset(j, 0, sizeof *j);
    hr_error_clear(&j->err);
    int code = cli_parse(&c, argc, argv, words);
    if (code != CLI_GO) return code;
    j->in = words[0];
    j->out = words[2] ? words[1] : j->plan ? NULL : words[1];
    j->type = words[2] ? words[2] : j->plan ? words[1] : NULL;
    if (!j->type && j->target_bytes) j->type = "Q4_K_M";
    j->mix = j->type ? hr_mix_named(j->type) : NULL;
    if (!j->mix) return cli_misuse("quantize", j->type ? j->type : "TYPE", "is not a type: 'Q4_K_M', for one, is");
    if (!j->plan && cli_same_file(j->in, j->out)) return cli_misuse("quantize", j->out, "is the input");
    code = quantize_all(j);
    hr_pool_stop(j->pool);
    hr_imatrix_close(&j->imatrix);
    hr_gguf_close(&j->g);
    free(j->pool_memory), free(j->index), free(j->tensors);
    return code;
#endif
}
