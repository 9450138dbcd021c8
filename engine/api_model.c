/* api_model.c: the model half of hearth.h: argument checks, and nothing else; the work is in model.c and vocab.c. */
#include "engine/load.h"

HR_SMALL_BEGIN

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #a " and " #b)
SAME(HR_OK, HEARTH_OK);
SAME(HR_E_ARG, HEARTH_E_ARG);
SAME(HR_E_MEMORY, HEARTH_E_MEMORY);
SAME(HR_E_IO, HEARTH_E_IO);
SAME(HR_E_FORMAT, HEARTH_E_FORMAT);
SAME(HR_E_UNSUPPORTED, HEARTH_E_UNSUPPORTED);
SAME(HR_E_LIMIT, HEARTH_E_LIMIT);
SAME(HR_E_FULL, HEARTH_E_FULL);
SAME(HR_E_CANCELLED, HEARTH_E_CANCELLED);
SAME(HR_E_NUMERIC, HEARTH_E_NUMERIC);
SAME(HR_E_SELFCHECK, HEARTH_E_SELFCHECK);
SAME(HR_E_BUSY, HEARTH_E_BUSY);
SAME(HR_E_STATE, HEARTH_E_STATE);
SAME(HR_E_KEY, HEARTH_E_KEY);
SAME(HR_E_DENIED, HEARTH_E_DENIED);
SAME(HR_ISA_ALL, HEARTH_ISA_ALL);
SAME(sizeof(hr_error), sizeof(hearth_error));
SAME(offsetof(hr_error, status), offsetof(hearth_error, status));
SAME(offsetof(hr_error, offset), offsetof(hearth_error, offset));
SAME(offsetof(hr_error, where), offsetof(hearth_error, where));
SAME(offsetof(hr_error, what), offsetof(hearth_error, what));
#undef SAME

/* hearth_model is a name for hr_model in the public surface: the pointer is the same. */
static const hr_model *model_inside(const hearth_model *model) { return (const hr_model *)(const void *)model; }
static hr_error *error_of_caller(hearth_error *err) {
    hr_error *e = (hr_error *)err; /* same layout: asserted above */
    if (e) hr_error_clear(e);
    return e;
}

const char *hearth_version(void) { return HEARTH_VERSION; }
const char *hearth_status_name(hearth_status status) { return hr_status_name(status); }
hearth_status hearth_isa_parse(const char *list, uint32_t *bits, hearth_error *err) {
    hr_error *e = error_of_caller(err);
    if (!bits) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "bits", "must not be NULL");
    *bits = 0;
    if (!list) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "list", "must not be NULL");
    return hr_isa_parse(list, bits, e);
}

static hr_status load_for_caller(const hr_model_source *source, const hearth_model_config *config, hearth_model **model,
                                 hr_error *err) {
    hr_model *m = NULL;
    const hr_status status = hr_model_load(source, config, NULL, &m, err);
    *model = (hearth_model *)(void *)m;
    return status;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */
hearth_status hearth_model_open(const char *path, const hearth_model_config *config, hearth_model **model,
                                hearth_error *err) {
    hr_error *e = error_of_caller(err);
    if (!model) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "model", "must not be NULL");
    *model = NULL;
    if (!path) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "path", "must not be NULL");
    const hr_model_source source = {.path = path};
    return load_for_caller(&source, config, model, e);
}
hearth_status hearth_model_plan(const char *path, const hearth_model_config *config, hearth_plan *plan,
                                hearth_error *err) {
    hr_error *e = error_of_caller(err);
    if (!plan) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "plan", "must not be NULL");
    memset(plan, 0, sizeof *plan);
    if (!path) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "path", "must not be NULL");
    const hr_model_source source = {.path = path};
    return hr_model_load(&source, config, plan, NULL, e);
}
hearth_status hearth_model_open_memory(const void *data, size_t size, const hearth_model_config *config,
                                       hearth_model **model, hearth_error *err) {
    hr_error *e = error_of_caller(err);
    if (!model) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "model", "must not be NULL");
    *model = NULL;
    if (!data) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "data", "must not be NULL");
    const hr_model_source source = {.data = data, .size = size};
    return load_for_caller(&source, config, model, e);
}
hearth_status hearth_model_plan_memory(const void *data, size_t size, const hearth_model_config *config,
                                       hearth_plan *plan,
                                       hearth_error *err) {
    hr_error *e = error_of_caller(err);
    if (!plan) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "plan", "must not be NULL");
    memset(plan, 0, sizeof *plan);
    if (!data) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "data", "must not be NULL");
    const hr_model_source source = {.data = data, .size = size};
    return hr_model_load(&source, config, plan, NULL, e);
}
void hearth_model_close(hearth_model *model) {
    hr_model_free((hr_model *)(void *)model);
}

/* --- what is in it ------------------------------------------------------------------------------------------------ */
static void add_pass(hearth_model_info *info, const hr_matrix *w, size_t n) { /* n of its matrices are used */
    if (w->data == NULL) return;
    info->pass_bytes += (uint64_t)n * w->mat_bytes;
    info->pass_macs += (uint64_t)n * w->rows * w->k;
}

static void sum_pass(const hr_model *m, hearth_model_info *info) {
    size_t used = m->hp.n_expert_used;
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        const hr_layer *l = &m->layers[i];
        const hr_matrix *dense[] = {&l->qkv, &l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down,
                                    &l->router, &l->gate_shexp, &l->up_shexp, &l->down_shexp};
        for (size_t j = 0; j < HR_COUNT(dense); j++) add_pass(info, dense[j], 1);
        add_pass(info, &l->gate_exps, used);
        add_pass(info, &l->up_exps, used);
        add_pass(info, &l->down_exps, used);
    }
    add_pass(info, &m->output, 1);
}

void hearth_model_get_info(const hearth_model *model, hearth_model_info *info) {
    const hr_model *m = model_inside(model);
    const hr_gguf *g = &m->gguf;
    memset(info, 0, sizeof *info);
    info->architecture = m->arch_name;
    info->name = m->name;
    info->tokenizer = m->tokenizer_name;
    info->isa = m->isa_text;
    info->n_bad_kernels = (int)m->kernels.n_bad;
    info->file_bytes = g->file_bytes;
    info->n_params = m->n_params;
    info->threads = m->threads;
    info->n_vocab = (int)m->hp.n_vocab;
    info->bos = hr_model_bos(m);
    info->eos = hr_model_eos(m);
    if (m->vocab_only) { /* nothing is checked then: only what the file says */
        info->n_ctx_train = (int)hr_arch_peek(g, "context_length");
        info->n_embd = (int)hr_arch_peek(g, "embedding_length");
        info->n_layer = (int)hr_arch_peek(g, "block_count");
        info->n_head = (int)hr_arch_peek(g, "attention.head_count");
        info->n_head_kv = (int)hr_arch_peek(g, "attention.head_count_kv");
        info->n_expert = (int)hr_arch_peek(g, "expert_count");
        return;
    }
    sum_pass(m, info);
    info->n_ctx_train = (int)m->hp.n_ctx_train;
    info->n_embd = (int)m->hp.n_embd;
    info->n_layer = (int)m->hp.n_layer;
    info->n_head = (int)m->hp.n_head;
    info->n_head_kv = (int)m->hp.n_head_kv;
    info->n_expert = (int)m->hp.n_expert;
    info->is_encoder = !m->hp.causal;
}

hearth_status hearth_model_meta(const hearth_model *model, const char *key, char *out, size_t cap) {
    if (!model || !key || !out || cap == 0) return HEARTH_E_ARG;
    out[0] = 0;
    const hr_gguf_kv *kv = hr_gguf_find(&model_inside(model)->gguf, key);
    if (!kv) return HEARTH_E_ARG;
    const size_t n = hr_gguf_value_text(kv, out, cap);
    return n + 1 < cap ? HEARTH_OK : HEARTH_E_FULL;
}

/* --- proof -------------------------------------------------------------------------------------------------------- */
uint64_t hearth_hash(const float *values, size_t n, uint64_t seed) {
    uint8_t bytes[256 * 4]; /* as little-endian bytes, so that every host hashes the same */
    uint64_t h = seed;
    for (size_t i = 0; i < n;) {
        const size_t m = hr_min_size(n - i, 256);
        for (size_t j = 0; j < m; j++, i++) {
            const uint32_t u = hr_f32_bits(values[i]);
            for (size_t b = 0; b < 4; b++) bytes[4 * j + b] = (uint8_t)(u >> 8 * b);
        }
        h = hr_hash64(bytes, 4 * m, h);
    }
    return h;
}

#if defined(HR_NO_SELFCHECK)
hearth_status hearth_selfcheck(uint32_t isa, hearth_on_kernel *on_kernel, void *ctx, hearth_error *err) {
    (void)isa, (void)on_kernel, (void)ctx;
    return hr_fail(error_of_caller(err), HR_E_UNSUPPORTED, HR_NO_OFFSET, "selfcheck", "built without (HR_NO_SELFCHECK)");
}
#else
static const hr_kernel *reference_of(hr_op op) {
    for (size_t i = 0; i < hr_kernel_count(); i++)
        if (hr_kernel_at(i)->op == op && hr_kernel_at(i)->rank == 0) return hr_kernel_at(i);
    return NULL;
}
hearth_status hearth_selfcheck(uint32_t isa, hearth_on_kernel *on_kernel, void *ctx, hearth_error *err) {
    hr_error *e = error_of_caller(err);
    const hr_allocator *a = hr_allocator_default();
    const size_t bytes = hr_kernels_scratch_bytes();
    hr_status status = HR_OK;
    void *scratch = a->alloc(a->ctx, bytes, HR_ARENA_ALIGN);
    if (!scratch) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "selfcheck", "%zu bytes cannot be allocated", bytes);
    for (size_t i = 0; i < hr_kernel_count(); i++) {
        const hr_kernel *k = hr_kernel_at(i), *reference = reference_of(k->op);
        if (k->isa & ~(hr_cpu_isa() & isa)) continue;
        const bool ok = reference && hr_selfcheck_kernel(k, reference, scratch);
        if (on_kernel) on_kernel(ctx, k->name, ok);
        if (!ok) status = hr_fail(e, HR_E_SELFCHECK, HR_NO_OFFSET, k->name,
                                  "computes something else than the reference");
    }
    a->free(a->ctx, scratch, bytes);
    return status;
}
#endif

HR_SMALL_END
