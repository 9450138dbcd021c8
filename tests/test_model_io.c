/* test_model_io.c: the loader and the world: exact plans, budgets, the caller's buffer and allocator, every allocation and
 * every file operation made to fail in turn, progress, files that change or shrink, mapped, windowed, split, unaligned. */
#include "tests/t.h"
#include "tests/gguf_io.h"
#include "tests/model_file.h"
#include "engine/load.h"

static const hearth_allocator counting = {gi_alloc, gi_free, NULL};
static const char *write_model(const mf *f, const char *name) {
    const char *path = t_tmp(name);
    gw w = mf_write(f);
    T_CHECK(gw_save(&w, path));
    gw_free(&w);
    return path;
}
static void reset_counts(void) {
    memset(&gi, 0, sizeof gi);
    gi.real = hr_file_ops_default();
}
/* through the injected file operations */
static hr_status load(const char *path, const hearth_model_config *c, hearth_plan *plan, hr_model **m, hr_error *e) {
    const hr_model_source source = {.path = path, .ops = &gi_ops};
    hr_error_clear(e);
    return hr_model_load(&source, c, plan, m, e);
}
static void same_model(const hr_model *a, const hr_model *b);

/* --- plan, budget, buffer --------------------------------------------------------------------------------------------------- */
static void check_plan(const char *path, uint32_t flags) {
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_plan p;
    hearth_model *m = NULL;
    hearth_error e;
    c.flags = flags;
    c.threads = 2;
    c.allocator = &counting;
    reset_counts();
    T_NEED(hearth_model_plan(path, &c, &p, &e) == HEARTH_OK);
    T_EQ_U(gi.live, 0);
    T_EQ_U(p.total_bytes, p.index_bytes + p.tokenizer_bytes + p.weight_bytes + p.kv_bytes + p.work_bytes);
    T_EQ_U(p.mapped_bytes, flags & HEARTH_MODEL_NO_MMAP ? 0 : p.file_bytes);
    reset_counts();
    c.budget_bytes = (size_t)p.total_bytes;
    T_NEED(hearth_model_open(path, &c, &m, &e) == HEARTH_OK);
    T_EQ_U(gi.live, p.total_bytes);
    if (!(flags & HEARTH_MODEL_NO_MMAP)) T_EQ_U(gi.peak, p.total_bytes); /* windows: and the header while it is checked */
    const hr_model *h = (const hr_model *)(const void *)m;
    T_EQ_U(h->memory_bytes, p.total_bytes);
    hearth_model_close(m);
    T_EQ_U(gi.live, 0);
    c.budget_bytes--;
    T_EQ_I(hearth_model_open(path, &c, &m, &e), HEARTH_E_MEMORY);
    T_EQ_U(gi.live, 0);
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)p.total_bytes);
    T_CHECK(strstr(e.what, number) != NULL);
    c.budget_bytes = 0;
    c.allocator = NULL;
    for (size_t shift = 0; shift < 64; shift += 21) { /* the caller's buffer, wherever it begins */
        uint8_t *room = (uint8_t *)aligned_alloc(64, ((size_t)p.total_bytes + 191) / 64 * 64);
        memset(room, 0xA5, (size_t)p.total_bytes + 128);
        c.memory = room + shift;
        c.memory_bytes = (size_t)p.total_bytes;
        T_EQ_I(hearth_model_open(path, &c, &m, &e), HEARTH_OK);
        for (size_t i = 0; i < shift; i++) T_EQ_U(room[i], 0xA5);
        for (size_t i = shift + (size_t)p.total_bytes; i < (size_t)p.total_bytes + 128; i++) T_EQ_U(room[i], 0xA5);
        hearth_model_close(m);
        c.memory_bytes--;
        T_EQ_I(hearth_model_open(path, &c, &m, &e), HEARTH_E_MEMORY);
        T_CHECK(m == NULL && strstr(e.what, number) != NULL);
        c.memory_bytes = 3;
        T_EQ_I(hearth_model_open(path, &c, &m, &e), HEARTH_E_MEMORY);
        free(room);
    }
}
T_TEST(plan_is_exact) {
    mf f;
    mf_llama(&f, "llama");
    const char *path = write_model(&f, "plan.gguf");
    check_plan(path, 0);
    check_plan(path, HEARTH_MODEL_NO_MMAP);
    check_plan(path, HEARTH_MODEL_NO_SELFCHECK); /* no scratch: the block is all there is */
    check_plan(path, HEARTH_MODEL_NO_MMAP | HEARTH_MODEL_NO_SELFCHECK);
    check_plan(path, HEARTH_MODEL_VOCAB_ONLY);
    check_plan(path, HEARTH_MODEL_GUARD);
}

/* --- everything fails once -------------------------------------------------------------------------------------------------- */
static void fail_each(const char *path, uint32_t flags, bool plan_only) {
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hr_error e;
    hearth_plan p;
    c.flags = flags;
    c.threads = 2;
    c.allocator = &counting;
    for (long at = 1; at < 10000; at++) {
        hr_model *m = NULL;
        reset_counts();
        gi.fail_at = at;
        hr_status s = load(path, &c, &p, plan_only ? NULL : &m, &e);
        if (gi.calls < at) { /* nothing was left to fail */
            T_EQ_I(s, HR_OK);
            hr_model_free(m);
            T_EQ_U(gi.live, 0);
            T_EQ_I(gi.open_files, 0);
            T_CHECK(at > 3);
            return;
        }
        if (s == HR_OK) { /* a mapping that fails is replaced by reading in windows */
            hr_model_free(m);
        } else {
            T_CHECK(s == HR_E_MEMORY || s == HR_E_IO);
            T_EQ_I(e.status, s);
            T_CHECK(m == NULL && e.where[0] && e.what[0]);
        }
        T_EQ_U(gi.live, 0);
        T_EQ_I(gi.open_files, 0);
        T_EQ_I(gi.mappings, 0);
    }
    T_FAIL("the loop did not end");
}
T_TEST(every_allocation_and_file_operation_fails_once) {
    mf f;
    mf_llama(&f, "llama");
    mf_drop_tensor(&f, "output.weight");
    for (size_t i = 0; i < f.n_tensors; i++)
        if (strstr(f.tensors[i].name, "ffn_gate")) f.tensors[i].type = HR_TYPE_Q8_0;
    const char *path = write_model(&f, "fail.gguf");
    static const uint32_t flags[] = {0, HEARTH_MODEL_NO_MMAP, HEARTH_MODEL_GUARD, HEARTH_MODEL_VOCAB_ONLY | HEARTH_MODEL_NO_MMAP};
    for (size_t i = 0; i < HR_COUNT(flags); i++) {
        fail_each(path, flags[i] | HEARTH_MODEL_NO_SELFCHECK, false);
        fail_each(path, flags[i], true);
    }
}

/* --- progress --------------------------------------------------------------------------------------------------------------- */
typedef struct progress_seen {
    uint64_t last, total, calls, stop_at;
} progress_seen;
static int on_progress(void *ctx, uint64_t done, uint64_t total) {
    progress_seen *p = (progress_seen *)ctx;
    T_CHECK(done >= p->last && done <= total && (p->calls == 0 || total == p->total));
    p->last = done;
    p->total = total;
    return ++p->calls == p->stop_at;
}
T_TEST(progress_counts_and_stops) {
    mf f;
    mf_llama(&f, "llama");
    const char *path = write_model(&f, "progress.gguf");
    for (uint32_t flags = 0; flags < 2; flags++) {
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        progress_seen seen = {0};
        hr_error e;
        hr_model *m = NULL;
        c.flags = flags ? HEARTH_MODEL_NO_MMAP : 0;
        c.progress = on_progress;
        c.progress_ctx = &seen;
        c.allocator = &counting;
        reset_counts();
        T_NEED(load(path, &c, NULL, &m, &e) == HR_OK);
        T_CHECK(seen.calls > 4);
        T_EQ_U(seen.last, seen.total);
        hr_model_free(m);
        const uint64_t calls = seen.calls;
        for (uint64_t i = 1; i <= calls; i++) {
            seen = (progress_seen){.stop_at = i};
            T_EQ_I(load(path, &c, NULL, &m, &e), HR_E_CANCELLED);
            T_EQ_U(seen.calls, i);
            T_EQ_U(gi.live, 0);
            T_EQ_I(gi.open_files, 0);
        }
    }
}

/* --- files that are not what they were -------------------------------------------------------------------------------------- */
static const char *victim;
static hr_status map_and_cut(void *ctx, void *h, uint64_t size, void **addr, hr_error *err) {
    hr_status s = gi.real->map(ctx, h, size, addr, err);
    gi.mappings += s == HR_OK;
    return truncate(victim, 4096) == 0 ? s : HR_E_IO;
}
static hr_status map_and_touch(void *ctx, void *h, uint64_t size, void **addr, hr_error *err) {
    hr_status s = gi.real->map(ctx, h, size, addr, err);
    gi.mappings += s == HR_OK;
    FILE *f = fopen(victim, "ab"); /* grows: size and time differ, every byte that is read is as before */
    return f && fputc(0, f) == 0 && fclose(f) == 0 ? s : HR_E_IO;
}
T_TEST(a_file_cut_short_or_changed) {
    mf f;
    hr_error e;
    mf_llama(&f, "llama");
    for (int way = 0; way < 2; way++) {
        hr_file_ops ops = gi_ops;
        hr_model *m = NULL;
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        victim = write_model(&f, "victim.gguf");
        ops.map = way == 0 ? map_and_cut : map_and_touch;
        c.flags = HEARTH_MODEL_GUARD;
        c.threads = 3;
        c.allocator = &counting;
        reset_counts();
        const hr_model_source source = {.path = victim, .ops = &ops};
        hr_error_clear(&e);
        T_EQ_I(hr_model_load(&source, &c, NULL, &m, &e), HR_E_IO);
        T_CHECK(m == NULL && e.what[0]);
        T_EQ_U(gi.live, 0);
        T_EQ_I(gi.open_files, 0);
        T_EQ_I(gi.mappings, 0);
    }
}

/* --- the same model by every way -------------------------------------------------------------------------------------------- */
static void matrix_row(const hr_matrix *a, size_t mat, size_t row, uint8_t *dst, size_t bytes) {
    const uint8_t *base = a->data + mat * a->mat_bytes;
    if (a->nr == 1) memcpy(dst, base + row * bytes, bytes);
    else hr_unpack_row(a->format, base, row, a->k, dst);
}
static void same_matrix(const hr_matrix *a, const hr_matrix *b) {
    static uint8_t x[1 << 16], y[1 << 16];
    T_EQ_U(a->rows, b->rows);
    T_EQ_U(a->data == NULL, b->data == NULL);
    T_EQ_U(a->bias == NULL, b->bias == NULL);
    T_NEED(a->data && b->data && a->rows == b->rows && a->k == b->k && a->n_mats == b->n_mats);
    const size_t bytes = a->k / a->format->block * a->format->bytes;
    for (size_t m = 0; m < a->n_mats; m++)
        for (size_t r = 0; r < a->rows; r++) {
            matrix_row(a, m, r, x, bytes);
            matrix_row(b, m, r, y, bytes);
            if (!T_EQ_MEM(x, y, bytes)) return;
        }
    if (a->bias) T_EQ_MEM(a->bias, b->bias, a->rows * a->n_mats * 4);
}
static void same_norm(const hr_norm *a, const hr_norm *b) {
    T_EQ_U(a->n, b->n);
    if (a->n) T_EQ_MEM(a->weight, b->weight, a->n * a->heads * 4);
}
static void same_model(const hr_model *a, const hr_model *b) {
    static float x[4096], y[4096];
    static uint8_t scratch[1 << 16];
    T_NEED(a->hp.n_layer == b->hp.n_layer && a->hp.n_vocab == b->hp.n_vocab && a->hp.n_embd <= 4096);
    for (size_t t = 0; t < a->hp.n_vocab; t++) {
        T_NEED(hr_model_row_scratch_bytes(a) <= sizeof scratch && hr_model_row_scratch_bytes(b) <= sizeof scratch);
        hr_model_embed_row(a, t, x, scratch);
        hr_model_embed_row(b, t, y, scratch);
        T_EQ_MEM(x, y, a->hp.n_embd * 4);
    }
    if (a->output.data) same_matrix(&a->output, &b->output);
    same_norm(&a->output_norm, &b->output_norm);
    for (size_t i = 0; i < a->hp.n_layer; i++) {
        const hr_layer *p = &a->layers[i], *q = &b->layers[i];
        same_norm(&p->attn_norm, &q->attn_norm);
        same_norm(&p->ffn_norm, &q->ffn_norm);
        const hr_matrix *pm[] = {&p->qkv, &p->q, &p->k, &p->v, &p->o, &p->gate, &p->up, &p->down, &p->router, &p->gate_exps,
                                 &p->down_exps};
        const hr_matrix *qm[] = {&q->qkv, &q->q, &q->k, &q->v, &q->o, &q->gate, &q->up, &q->down, &q->router, &q->gate_exps,
                                 &q->down_exps};
        for (size_t j = 0; j < HR_COUNT(pm); j++)
            if (pm[j]->rows) same_matrix(pm[j], qm[j]);
    }
}
static void every_way(const char *path) {
    static const struct { uint32_t flags, isa; int threads; } ways[] = {
        {0, HEARTH_ISA_SCALAR, 1}, {0, HEARTH_ISA_ALL, 1}, {0, HEARTH_ISA_ALL, 3}, {HEARTH_MODEL_NO_MMAP, HEARTH_ISA_ALL, 2},
        {HEARTH_MODEL_NO_MMAP, HEARTH_ISA_SCALAR, 1}, {HEARTH_MODEL_GUARD, HEARTH_ISA_ALL, 3}};
    hearth_model *m[HR_COUNT(ways) + 1] = {0};
    hearth_error e;
    FILE *f = fopen(path, "rb");
    T_NEED(f);
    fseek(f, 0, SEEK_END);
    const size_t n = (size_t)ftell(f);
    uint8_t *bytes = (uint8_t *)malloc(n + 1);
    rewind(f);
    T_CHECK(fread(bytes + 1, 1, n, f) == n); /* not aligned to anything */
    fclose(f);
    for (size_t i = 0; i <= HR_COUNT(ways); i++) {
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        c.flags = HEARTH_MODEL_NO_SELFCHECK;
        if (i < HR_COUNT(ways)) {
            c.flags |= ways[i].flags;
            c.isa = ways[i].isa;
            c.threads = ways[i].threads;
            T_EQ_I(hearth_model_open(path, &c, &m[i], &e), HEARTH_OK);
        } else T_EQ_I(hearth_model_open_memory(bytes + 1, n, &c, &m[i], &e), HEARTH_OK);
        if (m[i] && m[0]) same_model((const hr_model *)(const void *)m[0], (const hr_model *)(const void *)m[i]);
        else printf("    way %zu of %s: %s: %s\n", i, path, e.where, e.what);
    }
    for (size_t i = 0; i <= HR_COUNT(ways); i++) hearth_model_close(m[i]);
    free(bytes);
}
T_TEST(every_way_gives_the_same_model) {
    mf f;
    mf_llama(&f, "llama");
    every_way(write_model(&f, "ways.gguf"));
    mf_drop_tensor(&f, "output.weight"); /* tied */
    for (size_t i = 0; i < f.n_tensors; i++)
        if (f.tensors[i].n_dims == 2 && f.tensors[i].dims[0] == 32) f.tensors[i].type = HR_TYPE_Q8_0;
        else f.tensors[i].type = HR_TYPE_F16;
    every_way(write_model(&f, "ways16.gguf"));
}
T_TEST(every_way_on_real_files) {
    static const char *const files[] = {"models/stories260K.gguf", "models/stories260K-Q4_K.gguf", "archs/llama-k-Q4_K_M.gguf",
                                        "archs/llama-moe-a.gguf", "archs/gemma3-a-Q4_0.gguf", "archs/phi3-a.gguf"};
    size_t n = 0;
    for (size_t i = 0; i < HR_COUNT(files); i++) {
        const char *path = t_data(files[i]);
        if (path) every_way(path), n++;
    }
    if (!n) T_SKIP("no model files");
}

/* --- split ------------------------------------------------------------------------------------------------------------------ */
T_TEST(split_models) {
    mf whole, part;
    hearth_model *a = NULL, *b = NULL;
    hearth_error e;
    hearth_model_info i;
    mf_llama(&whole, "llama");
    for (int no = 0; no < 2; no++) {
        const size_t half = whole.n_tensors / 2;
        uint16_t v = (uint16_t)no;
        char name[64];
        part = whole;
        if (no == 0) part.n_tensors = half;
        else {
            part.n_kv = 0;
            part.n_tensors = whole.n_tensors - half;
            memcpy(part.tensors, whole.tensors + half, part.n_tensors * sizeof part.tensors[0]);
        }
        mf_set(&part, "split.no", 2, &v, 2);
        v = 2;
        mf_set(&part, "split.count", 2, &v, 2);
        snprintf(name, sizeof name, "split-%05d-of-00002.gguf", no + 1);
        write_model(&part, name);
    }
    T_NEED(hearth_model_open(t_tmp("split-00001-of-00002.gguf"), NULL, &a, &e) == HEARTH_OK);
    hearth_model_get_info(a, &i);
    T_EQ_I(i.n_layer, MF_LAYERS);
    hearth_model_close(a);
    T_EQ_I(hearth_model_open(t_tmp("split-00002-of-00002.gguf"), NULL, &b, &e), HEARTH_E_ARG);
    unlink(t_tmp("split-00002-of-00002.gguf"));
    T_EQ_I(hearth_model_open(t_tmp("split-00001-of-00002.gguf"), NULL, &b, &e), HEARTH_E_IO);
    T_CHECK(b == NULL);
}

/* --- the host's parallel-for ------------------------------------------------------------------------------------------------ */
static void backwards(void *ctx, int count, hearth_task *task, void *arg) {
    ++*(int *)ctx;
    for (int i = count; i-- > 0;) task(arg, i, count);
}
T_TEST(host_parallel_for) {
    mf f;
    int runs = 0;
    hr_error e;
    hr_model *m = NULL;
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    mf_llama(&f, "llama");
    const char *path = write_model(&f, "parallel.gguf");
    c.threads = 5;
    c.parallel = backwards;
    c.parallel_ctx = &runs;
    reset_counts();
    T_NEED(load(path, &c, NULL, &m, &e) == HR_OK);
    T_EQ_I(hr_pool_threads(m->pool), 5);
    hr_model_free(m);
}

T_MAIN(T_RUN(plan_is_exact), T_RUN(every_allocation_and_file_operation_fails_once), T_RUN(progress_counts_and_stops),
       T_RUN(a_file_cut_short_or_changed), T_RUN(every_way_gives_the_same_model), T_RUN(every_way_on_real_files),
       T_RUN(split_models), T_RUN(host_parallel_for))
