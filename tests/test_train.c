/* Training as a whole: one loss curve for any threads and kernels; a run resumed at any step ends in the same bits as an
 * unbroken one; checkpoints are whole or not there whichever file operation fails; what is refused; the files at the end run
 * in the engine, whose own logits (another path: its sessions) give the loss that training reports. */
#include "t.h"
#include "tests/model_file.h"
#include "tests/test_logits.h"
#include "engine/load.h"
#include "engine/train.h"

enum { TR_STEPS = 6, TR_ROW = 24 };

/* sentences of a small grammar over ids 3...: learnable, each row another */
static size_t some_row(void *ctx, uint64_t index, int32_t *ids, uint8_t *flags, size_t cap) {
    size_t n = cap < TR_ROW ? cap : TR_ROW;
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        ids[i] = (int32_t)(3 + (index * 5 + i * (2 + index % 3)) % 17);
        flags[i] = (uint8_t)(HR_TRAIN_LEARN | (i == 0 || i == 9 ? HR_TRAIN_FIRST : 0));
    }
    return n;
}
static const hr_train_shape tr_shape = {40, 24, 2, 4, 2, 6, 20, 1e-5f, 10000, false, true};

typedef struct tr_way {
    bool adapter, scalar;
    int threads;
    float zeroth;
    size_t budget;
    const hr_allocator *al;
} tr_way;
typedef struct tr_open {
    hearth_model *model;
    hr_train *t;
    gw w;
} tr_open;

static hr_status open_way(tr_open *o, const tr_way *way, hr_error *err) {
    static mf f;
    hr_train_config c;
    memset(o, 0, sizeof *o);
    hr_train_defaults(&c, way->adapter);
    c.ctx = 32, c.batch = 2, c.steps = TR_STEPS, c.warmup = 2, c.rate = 0.02f, c.rank = 4, c.zeroth = way->zeroth;
    c.budget_bytes = way->budget, c.threads = way->threads, c.isa = way->scalar ? HEARTH_ISA_SCALAR : HEARTH_ISA_ALL;
    if (!way->adapter) return hr_train_open_model(&o->t, &tr_shape, &c, way->al, err);
    mf_llama(&f, "llama");
    for (size_t i = 0; i < f.n_tensors; i++)
        if (f.tensors[i].n_dims == 2 && f.tensors[i].dims[0] == MF_D) f.tensors[i].type = HR_TYPE_Q8_0;
    o->w = mf_write(&f);
    for (size_t i = 0, at = o->w.n; i < f.n_tensors; i++) { /* scales of ordinary size */
        at = o->w.n;
        for (size_t j = f.n_tensors; j-- > i;) at -= (mf_tensor_bytes(&f.tensors[j]) + 31) / 32 * 32;
        for (size_t b = 0; f.tensors[i].type == HR_TYPE_Q8_0 && b < mf_tensor_bytes(&f.tensors[i]); b += 34)
            hr_put16(o->w.p + at + b, 0x1000);
    }
    logits_options lo = {.threads = way->threads, .scalar = way->scalar};
    o->model = logits_open(o->w.p, o->w.n, &lo);
    if (!o->model) return HR_E_STATE;
    return hr_train_open_adapter(&o->t, (hr_model *)(void *)o->model, &c, err);
}
static void close_way(tr_open *o) {
    hr_train_close(o->t);
    hearth_model_close(o->model);
    gw_free(&o->w);
}

static size_t run_steps(tr_open *o, uint64_t to, double *curve) {
    hr_error err = {0};
    while (o->t->step < to) {
        size_t at = (size_t)o->t->step;
        if (!T_EQ_I(hr_train_step(o->t, some_row, NULL, &curve[at], &err), HR_OK)) break;
    }
    return (size_t)o->t->step;
}

static void check_one_curve(bool adapter, float zeroth) {
    double first[TR_STEPS], other[TR_STEPS];
    static const tr_way ways[] = {{.threads = 1}, {.threads = 2}, {.threads = 3, .scalar = true}, {.threads = 1, .scalar = true}};
    float *params = NULL;
    size_t n = 0;
    for (size_t i = 0; i < HR_COUNT(ways); i++) {
        tr_way way = ways[i];
        tr_open o;
        hr_error err = {0};
        way.adapter = adapter, way.zeroth = zeroth;
        if (!T_EQ_I(open_way(&o, &way, &err), HR_OK)) break;
        run_steps(&o, TR_STEPS, i == 0 ? first : other);
        if (i == 0) {
            n = o.t->n_params;
            params = (float *)malloc(n * sizeof(float));
            memcpy(params, o.t->param, n * sizeof(float));
            if (zeroth <= 0) T_CHECK(first[TR_STEPS - 1] < first[0]);
        } else {
            T_EQ_MEM(first, other, sizeof first);
            T_EQ_MEM(params, o.t->param, n * sizeof(float));
        }
        close_way(&o);
    }
    free(params);
}
T_TEST(one_curve) {
    check_one_curve(true, 0);
    check_one_curve(false, 0);
    check_one_curve(true, 1e-2f);
}

/* stopped after every step, by another process as it were, and taken up again */
T_TEST(resumed) {
    const char *path = t_tmp("run.checkpoint");
    for (int kind = 0; kind < 3; kind++) {
        const tr_way way = {.adapter = kind != 1, .threads = 1 + kind % 2, .zeroth = kind == 2 ? 1e-2f : 0};
        double whole[TR_STEPS], parts[TR_STEPS];
        tr_open o, p;
        hr_error err = {0};
        T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
        run_steps(&o, TR_STEPS, whole);
        for (uint64_t stop = 0; stop < TR_STEPS; stop++) {
            T_NEED(T_EQ_I(open_way(&p, &way, &err), HR_OK));
            if (stop > 0) T_EQ_I(hr_train_load(p.t, path, &err), HR_OK);
            T_EQ_U(p.t->step, stop);
            run_steps(&p, stop + 1, parts);
            T_EQ_I(hr_train_save(p.t, path, NULL, &err), HR_OK);
            if (stop + 1 == TR_STEPS) T_EQ_MEM(o.t->param, p.t->param, o.t->n_params * sizeof(float));
            close_way(&p);
        }
        T_EQ_MEM(whole, parts, sizeof whole);
        close_way(&o);
    }
}

/* --- checkpoints whose writing fails, or that are not what they should be ------------------------------------------------- */
static int ops_left;
static bool op_fails(void) { return ops_left-- == 0; }
static hr_status failing_open(void *c, const char *path, bool keep, void **h, uint64_t *size, hr_error *err) {
    return op_fails() ? hr_fail(err, HR_E_IO, 0, path, "made to fail") : hr_out_ops_default()->open(c, path, keep, h, size, err);
}
static hr_status failing_write(void *c, void *h, uint64_t at, const void *p, size_t n, hr_error *err) {
    if (op_fails()) {
        (void)hr_out_ops_default()->write(c, h, at, p, n / 2, err); /* a torn write */
        return hr_fail(err, HR_E_IO, at, "write", "made to fail");
    }
    return hr_out_ops_default()->write(c, h, at, p, n, err);
}
static hr_status failing_sync(void *c, void *h, hr_error *err) {
    return op_fails() ? hr_fail(err, HR_E_IO, 0, "sync", "made to fail") : hr_out_ops_default()->sync(c, h, err);
}
static hr_status failing_rename(void *c, const char *from, const char *to, hr_error *err) {
    return op_fails() ? hr_fail(err, HR_E_IO, 0, from, "made to fail") : hr_out_ops_default()->rename(c, from, to, err);
}

T_TEST(checkpoint_is_whole) {
    hr_out_ops ops = *hr_out_ops_default();
    const char *path = t_tmp("whole.checkpoint");
    const tr_way way = {.adapter = true, .threads = 1};
    double curve[TR_STEPS];
    tr_open o;
    hr_error err = {0};
    int failures = 0;
    ops.open = failing_open, ops.write = failing_write, ops.sync = failing_sync, ops.rename = failing_rename;
    T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
    run_steps(&o, 1, curve);
    T_EQ_I(hr_train_save(o.t, path, NULL, &err), HR_OK);
    run_steps(&o, 2, curve);
    for (int at = 0; at < 100; at++) {
        hr_error_clear(&err);
        ops_left = at;
        if (hr_train_save(o.t, path, &ops, &err) == HR_OK) break;
        failures++;
        T_EQ_I(hr_train_load(o.t, path, &err), HR_OK); /* the one of step 1 is still there */
        T_EQ_U(o.t->step, 1);
        run_steps(&o, 2, curve);
    }
    T_CHECK(failures >= 4);
    T_EQ_I(hr_train_load(o.t, path, &err), HR_OK);
    T_EQ_U(o.t->step, 2);
    close_way(&o);
}

T_TEST(checkpoint_refused) {
    const char *path = t_tmp("good.checkpoint"), *bad = t_tmp("bad.checkpoint");
    const tr_way way = {.adapter = true, .threads = 1}, other = {.adapter = true, .threads = 1, .zeroth = 1e-3f};
    double curve[TR_STEPS];
    tr_open o, p;
    hr_error err = {0};
    size_t n = 0;
    T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
    run_steps(&o, 2, curve);
    T_EQ_I(hr_train_save(o.t, path, NULL, &err), HR_OK);
    uint8_t *bytes = (uint8_t *)logits_slurp(path, &n);
    T_NEED(bytes);
    for (size_t i = 0; i < n; i += i < 140 ? 1 : 997) {
        FILE *f = fopen(bad, "wb");
        bytes[i] ^= 1;
        T_CHECK(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
        bytes[i] ^= 1;
        int status = hr_train_load(o.t, bad, NULL);
        T_CHECK(status == HR_E_FORMAT || (status == HR_E_STATE && i >= 8 && i < 40));
    }
    for (size_t cut = 0; cut < n; cut += 499) {
        FILE *f = fopen(bad, "wb");
        T_CHECK(f && fwrite(bytes, 1, cut, f) == cut && fclose(f) == 0);
        T_EQ_I(hr_train_load(o.t, bad, NULL), HR_E_FORMAT);
    }
    T_EQ_U(o.t->step, 2);
    T_NEED(T_EQ_I(open_way(&p, &other, &err), HR_OK));
    T_EQ_I(hr_train_load(p.t, path, NULL), HR_E_STATE); /* other settings */
    free(bytes);
    close_way(&p);
    close_way(&o);
}

/* --- memory --------------------------------------------------------------------------------------------------------------- */
static long alloc_left;
static void *few_alloc(void *ctx, size_t size, size_t align) {
    (void)ctx;
    return alloc_left-- == 0 ? NULL : hr_allocator_default()->alloc(hr_allocator_default()->ctx, size, align);
}
static void few_free(void *ctx, void *p, size_t size) {
    (void)ctx;
    hr_allocator_default()->free(hr_allocator_default()->ctx, p, size);
}
T_TEST(memory) {
    const hr_allocator few = {few_alloc, few_free, NULL};
    hr_error err = {0};
    tr_open o;
    tr_way way = {.threads = 1, .al = &few};
    int failed = 0;
    for (long at = 0; at < 10; at++) {
        alloc_left = at;
        hr_error_clear(&err);
        hr_status status = open_way(&o, &way, &err);
        if (status == HR_OK) break;
        T_EQ_I(status, HR_E_MEMORY);
        T_CHECK(o.t == NULL);
        failed++;
    }
    T_EQ_I(failed, 2);
    T_NEED(o.t);
    size_t bytes = o.t->bytes;
    alloc_left = 0; /* nothing allocates after open ... */
    double curve[TR_STEPS];
    run_steps(&o, 2, curve);
    T_EQ_I(hr_train_write_model(o.t, t_tmp("none.gguf"), NULL, NULL, NULL, &err), HR_E_MEMORY); /* ... but the writers */
    alloc_left = -1;
    close_way(&o);
    way.budget = bytes, alloc_left = -1;
    T_EQ_I(open_way(&o, &way, &err), HR_OK);
    close_way(&o);
    way.budget = bytes - 1;
    T_EQ_I(open_way(&o, &way, NULL), HR_E_MEMORY);
    close_way(&o);
}

/* --- what the files are worth ------------------------------------------------------------------------------------------------ */
/* mean loss of row 0 by the engine's own logits */
static double engine_loss(hearth_model *m, hearth_adapter *a) {
    hearth_session_config c = HEARTH_SESSION_CONFIG_INIT;
    hearth_session *s = NULL;
    hearth_error err;
    int32_t ids[TR_ROW];
    uint8_t flags[TR_ROW];
    double sum = 0;
    size_t n = some_row(NULL, 0, ids, flags, TR_ROW), count = 0;
    c.ctx_tokens = 64;
    if (hearth_session_open(m, &c, &s, &err) != HEARTH_OK) return NAN;
    if (a && hearth_session_adapt(s, &a, NULL, 1, &err) != HEARTH_OK) return NAN;
    for (size_t i = 0; i + 1 < n; i++) {
        if (flags[i] & HR_TRAIN_FIRST) hearth_rewind(s, 0);
        if (hearth_feed(s, ids + i, 1, 1, &err) != HEARTH_OK) return NAN;
        if (flags[i + 1] & HR_TRAIN_FIRST) continue;
        const float *y = hearth_logits(s, 0);
        double z = 0;
        for (int v = 0; v < 40; v++) z += exp((double)y[v]);
        sum += log(z) - (double)y[ids[i + 1]];
        count++;
    }
    hearth_session_close(s);
    return sum / (double)count;
}

T_TEST(files_run) {
    const char *path = t_tmp("trained.gguf");
    double curve[TR_STEPS], loss = 0;
    hr_error err = {0};
    hearth_error e;
    tr_open o, other;
    tr_way way = {.threads = 1};
    T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
    run_steps(&o, TR_STEPS, curve);
    T_EQ_I(hr_train_eval(o.t, some_row, NULL, 1, &loss, &err), HR_OK);
    T_EQ_I(hr_train_write_model(o.t, path, NULL, "small", NULL, &err), HR_OK);
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_model *m = NULL;
    T_NEED(T_EQ_I(hearth_model_open(path, &c, &m, &e), HEARTH_OK));
    T_NEAR(engine_loss(m, NULL), loss, 1e-4);
    hearth_model_close(m);
    T_EQ_I(hr_train_write_adapter(o.t, path, NULL, NULL), HR_E_STATE);
    close_way(&o);

    way.adapter = true;
    T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
    double before = engine_loss(o.model, NULL);
    run_steps(&o, TR_STEPS, curve);
    T_EQ_I(hr_train_eval(o.t, some_row, NULL, 1, &loss, &err), HR_OK);
    T_EQ_I(hr_train_write_adapter(o.t, path, NULL, &err), HR_OK);
    hearth_adapter *a = NULL;
    T_EQ_I(hearth_adapter_open(o.model, path, &a, &e), HEARTH_OK);
    double after = engine_loss(o.model, a);
    T_NEAR(after, loss, 0.03); /* inference quantizes activations, training does not */
    T_CHECK(after < before);
    hearth_adapter_close(a);
    T_EQ_I(hr_train_write_model(o.t, path, NULL, NULL, NULL, NULL), HR_E_STATE);
    T_NEED(T_EQ_I(open_way(&other, &way, &err), HR_OK));
    hearth_model_close(other.model); /* the same shapes, one weight changed: another base */
    hr_train_close(other.t);
    other.t = NULL;
    other.w.p[other.w.n - 1] ^= 1;
    logits_options lo = {0};
    other.model = logits_open(other.w.p, other.w.n, &lo);
    a = NULL;
    T_EQ_I(hearth_adapter_open(other.model, path, &a, &e), HEARTH_E_STATE);
    close_way(&other);
    close_way(&o);
}

/* --- runs -------------------------------------------------------------------------------------------------------------------- */
static size_t other_row(void *ctx, uint64_t index, int32_t *ids, uint8_t *flags, size_t cap) {
    size_t n = some_row(ctx, index, ids, flags, cap);
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)(3 + (20 - ids[i] % 17) % 17 + (int32_t)(i * i % 5));
    return n;
}
static int stop_at(void *ctx, const hr_train_progress *p) { return p->step >= *(const uint64_t *)ctx; }

T_TEST(runs_end) {
    const tr_way way = {.adapter = true, .threads = 1};
    const char *path = t_tmp("runs.checkpoint");
    hr_train_result r, whole;
    hr_error err = {0};
    uint64_t stop = 3;
    tr_open o;
    hr_train_plan p = {.rows = some_row, .held_out = some_row, .n_held_out = 2, .eval_every = 2, .save_every = 2};
    T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
    T_EQ_I(hr_train_run(o.t, &p, &whole, &err), HR_OK);
    T_CHECK(whole.end == HR_TRAIN_DONE && whole.verdict == HR_TRAIN_ACCEPTED && whole.last_held_out < whole.first_held_out);
    close_way(&o);
    p.checkpoint = path, p.progress = stop_at, p.progress_ctx = &stop;
    T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
    T_EQ_I(hr_train_run(o.t, &p, &r, &err), HR_OK);
    T_CHECK(r.end == HR_TRAIN_CANCELLED && r.step == 3);
    close_way(&o);
    stop = 100;
    T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
    T_EQ_I(hr_train_run(o.t, &p, &r, &err), HR_OK); /* from the checkpoint */
    T_CHECK(r.end == HR_TRAIN_DONE && r.last_held_out == whole.last_held_out && r.first_held_out == whole.first_held_out);
    close_way(&o);
    p.checkpoint = NULL, p.held_out = other_row, p.patience = 1;
    T_NEED(T_EQ_I(open_way(&o, &way, &err), HR_OK));
    T_EQ_I(hr_train_run(o.t, &p, &r, &err), HR_OK); /* what is held out is of another kind */
    T_CHECK(r.verdict == (r.last_held_out > r.first_held_out ? HR_TRAIN_LOSS_ROSE : HR_TRAIN_ACCEPTED));
    close_way(&o);
}

T_TEST(shuffled) { /* a permutation, another one each epoch */
    for (uint64_t n = 1; n < 200; n += 7) {
        uint8_t seen[200] = {0};
        size_t same = 0;
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = hr_train_shuffle(7, 1, n, i);
            T_NEED(at < n && !seen[at]);
            seen[at] = 1;
            same += at == hr_train_shuffle(7, 2, n, i);
        }
        if (n > 20) T_CHECK(same < n / 2);
    }
}

T_TEST(refused) {
    static mf f;
    hr_train_config c;
    hr_error err = {0};
    hr_train *t = NULL;
    hr_train_defaults(&c, true);
    gw w;
    mf_llama(&f, "qwen3");
    for (int i = 0; i < MF_LAYERS; i++) mf_layer_tensor(&f, i, "attn_q_norm.weight", MF_HEAD, 0, 0);
    for (int i = 0; i < MF_LAYERS; i++) mf_layer_tensor(&f, i, "attn_k_norm.weight", MF_HEAD, 0, 0);
    mf_arch_u32(&f, "qwen3", "attention.key_length", MF_HEAD), mf_arch_u32(&f, "qwen3", "attention.value_length", MF_HEAD);
    w = mf_write(&f);
    logits_options o = {0};
    hearth_model *m = logits_open(w.p, w.n, &o);
    if (m) T_EQ_I(hr_train_open_adapter(&t, (hr_model *)(void *)m, &c, &err), HR_E_UNSUPPORTED);
    hearth_model_close(m);
    gw_free(&w);
    hr_train_shape s = tr_shape;
    s.n_head_kv = 3;
    T_EQ_I(hr_train_open_model(&t, &s, &c, NULL, NULL), HR_E_ARG);
    c.ctx = 1;
    T_EQ_I(hr_train_open_model(&t, &tr_shape, &c, NULL, NULL), HR_E_ARG);
}

T_MAIN(T_RUN(one_curve), T_RUN(resumed), T_RUN(checkpoint_is_whole), T_RUN(checkpoint_refused), T_RUN(memory), T_RUN(files_run),
       T_RUN(runs_end), T_RUN(shuffled), T_RUN(refused))
