/* Sessions on real files of every kind of graph: rewinding, cancelling, several at once, the rows that are asked for, lost
 * files, values that overflow. Expected values are those of an undisturbed session, which test_graph.c holds to other
 * engines; plans, buffers and failing allocators are in test_api.c. */
#include "t.h"
#include "engine/session.h"
#include "tests/test_logits.h"

static const char *const kinds[] = {"gemma3-a", "gpt-oss-a", "qwen2moe-a", "llama-k-Q4_K_M"}; /* windows, sinks, experts */

typedef struct loaded {
    uint8_t *data;
    size_t size, width, n;
    logits_file f;
} loaded;

static bool load_kind(const char *name, loaded *l) {
    char m[64], r[64];
    snprintf(m, sizeof m, "archs/%s.gguf", name);
    snprintf(r, sizeof r, "archs/%s.logits", name);
    l->data = (uint8_t *)logits_slurp(t_data(m), &l->size);
    if (!T_CHECK(l->data && logits_load(t_data(r), &l->f))) return false;
    l->width = (size_t)l->f.width;
    l->n = (size_t)l->f.n;
    return true;
}
static void unload(loaded *l) {
    free(l->data);
    free(l->f.memory);
}
static uint64_t hash_row(hearth_session *s, size_t row, size_t width) {
    const float *y = hearth_logits(s, row);
    return T_CHECK(y != NULL) ? hearth_hash(y, width, 0) : 0;
}

/* --- rewinding: forgetting leaves no trace --------------------------------------------------------------------------------- */
static void check_rewind(const char *name, int kv) {
    static const int keep[] = {0, 1, 31, 63, 64, 65, 128, 158};
    loaded l;
    hearth_error err;
    if (!load_kind(name, &l)) return;
    logits_options o = {.threads = 2, .kv = kv};
    hearth_model *m = logits_open(l.data, l.size, &o);
    hearth_session *s = m ? logits_session(m, 160, 1, &o) : NULL;
    if (T_CHECK(s)) {
        T_EQ_I(hearth_feed(s, l.f.ids, l.n, 1, &err), HEARTH_OK);
        uint64_t want = hash_row(s, 0, l.width);
        for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++) {
            int32_t other[3] = {7, 8, 9};
            T_EQ_I(hearth_rewind(s, keep[i]), HEARTH_OK);
            T_EQ_I(hearth_feed(s, other, keep[i] < 158 ? 3 : 2, 1, &err), HEARTH_OK); /* a path not taken */
            T_EQ_I(hearth_rewind(s, keep[i]), HEARTH_OK);
            T_EQ_I(hearth_position(s), keep[i]);
            T_EQ_I(hearth_feed(s, l.f.ids + keep[i], l.n - (size_t)keep[i], 1, &err), HEARTH_OK);
            T_EQ_I(hearth_position(s), 160);
            if (hash_row(s, 0, l.width) != want) T_FAIL("%s: kv %d: another hash after rewinding to %d", name, kv, keep[i]);
        }
        T_EQ_I(hearth_rewind(s, 161), HEARTH_E_ARG);
        T_EQ_I(hearth_rewind(s, -1), HEARTH_E_ARG);
        T_EQ_I(hearth_position(s), 160);
        T_EQ_I(hearth_feed(s, l.f.ids, 1, 0, &err), HEARTH_E_FULL);
        T_EQ_I(hearth_position(s), 160);
    }
    hearth_session_close(s);
    hearth_model_close(m);
    unload(&l);
}
T_TEST(rewind_leaves_no_trace) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t i = 0; i < 4; i++) {
        for (int kv = HEARTH_KV_F32; kv <= HEARTH_KV_Q4; kv++) check_rewind(kinds[i], kv);
    }
}

/* --- windows: a ring of pages gives what a whole cache gives ------------------------------------------------------------------
 * The expected logits are those of a session whose batch is the whole prompt: its ring has as many pages as the context. */
enum { RING_CTX = 600, RING_BATCH = 32 };
static void check_ring(const char *name, int kv) {
    static int32_t ids[RING_CTX];
    loaded l;
    hearth_error err;
    hearth_plan small, whole;
    if (!load_kind(name, &l)) return;
    for (size_t i = 0; i < RING_CTX; i++) ids[i] = l.f.ids[i * 7 % l.n];
    logits_options o = {.threads = 2, .kv = kv, .batch = RING_BATCH}, all = {.threads = 1, .kv = kv, .batch = RING_CTX};
    hearth_model *m = logits_open(l.data, l.size, &o);
    hearth_session *s = m ? logits_session(m, RING_CTX, 1, &o) : NULL, *w = m ? logits_session(m, RING_CTX, 1, &all) : NULL;
    hearth_session_config c = HEARTH_SESSION_CONFIG_INIT;
    c.ctx_tokens = RING_CTX, c.kv_type = kv, c.batch_tokens = RING_BATCH;
    if (T_CHECK(s && w)) {
        T_EQ_I(hearth_session_plan(m, &c, &small, &err), HEARTH_OK);
        c.batch_tokens = RING_CTX;
        T_EQ_I(hearth_session_plan(m, &c, &whole, &err), HEARTH_OK);
        if (small.kv_bytes >= whole.kv_bytes) T_FAIL("%s: kv %d: the ring takes as much as the whole", name, kv);
        for (size_t i = 0, n; i < RING_CTX; i += n) { /* prompts and single tokens in turn */
            n = i % 100 == 0 ? 99 : 1;
            T_EQ_I(hearth_feed(s, ids + i, n, 1, &err), HEARTH_OK);
            T_EQ_I(hearth_feed(w, ids + i, n, 1, &err), HEARTH_OK);
            if (hash_row(s, 0, l.width) != hash_row(w, 0, l.width)) T_FAIL("%s: kv %d: differs at %zu", name, kv, i + n);
        }
        uint64_t want = hash_row(s, 0, l.width);
        T_EQ_I(hearth_rewind(s, 64), HEARTH_E_STATE); /* long gone */
        T_EQ_I(hearth_position(s), RING_CTX);
        T_EQ_I(hearth_rewind(s, RING_CTX - RING_BATCH), HEARTH_OK);
        T_EQ_I(hearth_feed(s, ids + RING_CTX - RING_BATCH, RING_BATCH, 1, &err), HEARTH_OK);
        T_EQ_U(hash_row(s, 0, l.width), want);
        /* a prompt cancelled on its way has written over the ring: the context is still what it was */
        T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
        T_EQ_I(hearth_rewind(w, 0), HEARTH_OK);
        T_EQ_I(hearth_feed(w, ids, 131, 1, &err), HEARTH_OK);
        T_EQ_I(hearth_feed(s, ids, 130, 1, &err), HEARTH_OK);
        T_EQ_I(hearth_feed(s, ids + 130, 400, 1, &err), HEARTH_OK);
        ((hr_session *)(void *)s)->position = 130; /* as after a failure in the last batch */
        T_EQ_I(hearth_feed(s, ids + 130, 1, 1, &err), HEARTH_OK);
        T_EQ_U(hash_row(s, 0, l.width), hash_row(w, 0, l.width));
    }
    hearth_session_close(s);
    hearth_session_close(w);
    hearth_model_close(m);
    unload(&l);
}
T_TEST(ring_equals_the_whole) {
    static const char *const windowed[] = {"gemma2-a", "gemma3-a", "phi3-a", "gpt-oss-a"};
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t i = 0; i < 4; i++) {
        for (int kv = HEARTH_KV_F32; kv <= HEARTH_KV_Q4; kv++) check_ring(windowed[i], kv);
    }
}

/* --- one token's pages shared out among threads: what one thread gets, which never shares them -------------------------------- */
static void check_split(const char *name, int kv) {
    enum { PROMPT = 500, ONES = 20 };
    static int32_t ids[PROMPT + ONES];
    uint64_t want[ONES];
    loaded l;
    hearth_error err;
    if (!load_kind(name, &l)) return;
    for (size_t i = 0; i < PROMPT + ONES; i++) ids[i] = l.f.ids[i * 11 % l.n];
    for (int threads = 1; threads <= 5; threads += 2) {
        logits_options o = {.threads = threads, .kv = kv};
        hearth_model *m = logits_open(l.data, l.size, &o);
        hearth_session *s = m ? logits_session(m, PROMPT + ONES, 1, &o) : NULL;
        if (!T_CHECK(s)) continue;
        const hr_session *in = (const hr_session *)(void *)s;
        T_CHECK((hr_attn_part_floats(in->model, &in->kv) > 0) == (threads > 1));
        T_EQ_I(hearth_feed(s, ids, PROMPT, 1, &err), HEARTH_OK);
        for (size_t i = 0; i < ONES; i++) {
            T_EQ_I(hearth_feed(s, ids + PROMPT + i, 1, 1, &err), HEARTH_OK);
            if (threads == 1) want[i] = hash_row(s, 0, l.width);
            else if (hash_row(s, 0, l.width) != want[i]) T_FAIL("%s: kv %d: %d threads: token %zu", name, kv, threads, i);
        }
        hearth_session_close(s);
        hearth_model_close(m);
    }
    unload(&l);
}
T_TEST(split_equals_one_thread) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t i = 0; i < 4; i++) {
        for (int kv = HEARTH_KV_F32; kv <= HEARTH_KV_Q4; kv++) check_split(kinds[i], kv);
    }
}

/* --- only the rows asked for, over the seams of batches ------------------------------------------------------------------------ */
T_TEST(rows_asked_for) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t k = 0; k < 4; k++) {
        loaded l;
        hearth_error err;
        if (!load_kind(kinds[k], &l)) return;
        logits_options all = {.threads = 1}, few = {.threads = 2, .batch = 3};
        float *want = logits_of(l.data, l.size, &all, l.f.ids, 20, l.width);
        hearth_model *m = logits_open(l.data, l.size, &few);
        hearth_session *s = m ? logits_session(m, 20, 5, &few) : NULL;
        if (T_CHECK(s && want)) {
            T_CHECK(hearth_logits(s, 0) == NULL);
            for (size_t rows = 0; rows <= 5; rows++) {
                T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
                T_EQ_I(hearth_feed(s, l.f.ids, 20, rows, &err), HEARTH_OK);
                for (size_t r = 0; r < rows; r++) {
                    T_EQ_U(hash_row(s, r, l.width), hearth_hash(want + (20 - rows + r) * l.width, l.width, 0));
                }
                T_CHECK(hearth_logits(s, rows) == NULL);
            }
            T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
            T_EQ_I(hearth_feed(s, l.f.ids, 6, 6, &err), HEARTH_E_ARG); /* more than logits_rows */
            T_EQ_I(hearth_feed(s, l.f.ids, 2, 3, &err), HEARTH_E_ARG);
            T_EQ_I(hearth_feed(s, (int32_t[]){1, 512}, 2, 1, &err), HEARTH_E_ARG);
            T_EQ_I(hearth_position(s), 0);
        }
        free(want);
        hearth_session_close(s);
        hearth_model_close(m);
        unload(&l);
    }
}

/* --- several sessions, each with its own thread, on one model ------------------------------------------------------------------- */
typedef struct worker {
    pthread_t thread;
    hearth_model *model;
    const loaded *l;
    int kv;
    size_t split;
    uint64_t hash;
} worker;
static void *work(void *arg) {
    worker *w = (worker *)arg;
    logits_options o = {.kv = w->kv, .batch = (int)w->split};
    hearth_session *s = logits_session(w->model, 96, 1, &o);
    hearth_error err;
    for (int round = 0; s && round < 3; round++) {
        hearth_rewind(s, 0);
        for (size_t i = 0; i < 96; i += w->split) {
            size_t n = 96 - i < w->split ? 96 - i : w->split;
            T_EQ_I(hearth_feed(s, w->l->f.ids + i, n, 1, &err), HEARTH_OK);
        }
        w->hash = hash_row(s, 0, w->l->width);
    }
    hearth_session_close(s);
    return NULL;
}
T_TEST(sessions_at_once) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t k = 0; k < 4; k++) {
        loaded l;
        if (!load_kind(kinds[k], &l)) return;
        logits_options o = {.threads = 2};
        hearth_model *m = logits_open(l.data, l.size, &o);
        worker alone[2], w[4];
        memset(alone, 0, sizeof alone);
        for (int kv = 0; m && kv < 2; kv++) {
            alone[kv].model = m, alone[kv].l = &l, alone[kv].kv = kv, alone[kv].split = 96;
            work(&alone[kv]);
        }
        for (size_t i = 0; m && i < 4; i++) {
            w[i] = alone[i % 2];
            w[i].split = i < 2 ? 5 : 40;
            w[i].hash = 0;
            pthread_create(&w[i].thread, NULL, work, &w[i]);
        }
        for (size_t i = 0; m && i < 4; i++) {
            pthread_join(w[i].thread, NULL);
            T_EQ_U(w[i].hash, alone[i % 2].hash);
        }
        hearth_model_close(m);
        unload(&l);
    }
}

/* --- the host's own parallel-for, in the worst order ---------------------------------------------------------------------------- */
static void backwards(void *ctx, int count, hearth_task *task, void *arg) {
    (void)ctx;
    for (int i = count; i-- > 0;) task(arg, i, count);
}
T_TEST(hosts_parallel_for) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t k = 0; k < 4; k++) {
        loaded l;
        if (!load_kind(kinds[k], &l)) return;
        logits_options o = {.threads = 1};
        float *want = logits_of(l.data, l.size, &o, l.f.ids, 70, l.width), *got = malloc(70 * l.width * sizeof(float));
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        hearth_model *m = NULL;
        hearth_error err;
        c.threads = 5;
        c.parallel = backwards;
        T_EQ_I(hearth_model_open_memory(l.data, l.size, &c, &m, &err), HEARTH_OK);
        hearth_session *s = m ? logits_session(m, 70, 70, &o) : NULL;
        if (T_CHECK(s && want && got) && logits_feed(s, l.f.ids, 70, l.width, 0, got)) {
            T_EQ_MEM(want, got, 70 * l.width * sizeof(float));
        }
        hearth_session_close(s);
        hearth_model_close(m);
        free(want);
        free(got);
        unload(&l);
    }
}

/* --- cancelling --------------------------------------------------------------------------------------------------------------- */
typedef struct canceller {
    pthread_t thread;
    hearth_session *session;
    bool take_back; /* the caller changes its mind soon after */
    struct timespec at;
} canceller;
static void *cancel_soon(void *arg) {
    canceller *c = (canceller *)arg;
    usleep(30000);
    clock_gettime(CLOCK_MONOTONIC, &c->at);
    hearth_cancel(c->session);
    if (c->take_back) {
        usleep(20000);
        hearth_cancel_clear(c->session);
    }
    return NULL;
}
/* The scalar kernels take seconds for this prompt, so the cancel always comes in time. How long the call takes to return is
 * printed, not judged: the machine may be busy. */
static void check_cancel(bool take_back) {
    size_t size = 0;
    uint8_t *data = (uint8_t *)logits_slurp(t_data("models/bitstories-3M-f32.gguf"), &size);
    enum { LONG = 500 };
    int32_t *ids = (int32_t *)calloc(LONG, sizeof *ids);
    hearth_error err;
    logits_options o = {.threads = 2, .scalar = true, .batch = LONG};
    for (int i = 0; i < LONG; i++) ids[i] = i * 7 % 500 + 3;
    hearth_model *m = data ? logits_open(data, size, &o) : NULL;
    hearth_session *s = m ? logits_session(m, LONG + 8, 1, &o) : NULL;
    if (T_CHECK(s)) {
        T_EQ_I(hearth_feed(s, ids, 5, 1, &err), HEARTH_OK);
        T_EQ_I(hearth_feed(s, ids + 5, 1, 1, &err), HEARTH_OK);
        uint64_t want = hash_row(s, 0, 512);
        T_EQ_I(hearth_rewind(s, 5), HEARTH_OK);
        canceller c = {.session = s, .take_back = take_back};
        struct timespec end;
        pthread_create(&c.thread, NULL, cancel_soon, &c);
        int status = hearth_feed(s, ids, LONG, 1, &err);
        clock_gettime(CLOCK_MONOTONIC, &end);
        pthread_join(c.thread, NULL);
        if (!take_back) {
            printf("    returned %.2f ms after the cancel\n", (double)(end.tv_sec - c.at.tv_sec) * 1e3 +
                   (double)(end.tv_nsec - c.at.tv_nsec) / 1e6);
            T_EQ_I(status, HEARTH_E_CANCELLED);
            T_EQ_I(hearth_feed(s, ids, 1, 1, &err), HEARTH_E_CANCELLED); /* it sticks */
            hearth_cancel_clear(s);
        } else { /* either nobody saw it, or the call ended: never a result with holes */
            T_CHECK(status == HEARTH_E_CANCELLED || status == HEARTH_OK);
            if (status == HEARTH_OK) T_EQ_I(hearth_rewind(s, 5), HEARTH_OK);
        }
        T_EQ_I(hearth_position(s), 5);
        T_EQ_I(hearth_feed(s, ids + 5, 1, 1, &err), HEARTH_OK); /* the keys and values of before are still there */
        T_EQ_U(hash_row(s, 0, 512), want);
    }
    hearth_session_close(s);
    hearth_model_close(m);
    free(ids);
    free(data);
}
T_TEST(cancel_inside_a_long_prompt) {
    if (!t_data("models/bitstories-3M-f32.gguf")) T_SKIP("no data/models");
    check_cancel(false);
    check_cancel(true);
}

/* --- a file cut short under its mapping ----------------------------------------------------------------------------------------- */
T_TEST(file_cut_short) {
    loaded l;
#if defined(__SANITIZE_THREAD__)
    T_SKIP("ThreadSanitizer blocks every signal in a handler, so the jump out of the first SIGBUS leaves it blocked");
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    T_SKIP("ThreadSanitizer blocks every signal in a handler");
#endif
#endif
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    if (!load_kind("llama-k-Q4_K_M", &l)) return;
    for (int threads = 1; threads <= 3; threads++) {
        const char *path = t_tmp("cut.gguf");
        FILE *f = fopen(path, "wb");
        T_NEED(f && fwrite(l.data, 1, l.size, f) == l.size && fclose(f) == 0);
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        hearth_model *m = NULL;
        hearth_error err;
        c.threads = threads;
        c.flags = HEARTH_MODEL_GUARD;
        c.isa = HEARTH_ISA_SCALAR; /* kernels without packs read the file in place */
        T_EQ_I(hearth_model_open(path, &c, &m, &err), HEARTH_OK);
        logits_options o = {.threads = threads};
        hearth_session *s = m ? logits_session(m, 32, 1, &o) : NULL;
        if (T_CHECK(s)) {
            T_EQ_I(hearth_feed(s, l.f.ids, 4, 1, &err), HEARTH_OK);
            T_EQ_I(truncate(path, 100), 0); /* the vocabulary and the metadata are still there */
            char text[64];
            int32_t id;
            size_t n;
            T_EQ_I(hearth_tokenize(m, "a", 1, 0, &id, 1, &n, &err), HEARTH_OK);
            T_CHECK(hearth_detokenize(m, &id, 1, 0, text, sizeof text, &n, &err) == HEARTH_OK && n == 1 && *text == 'a');
            T_EQ_I(hearth_model_meta(m, "general.architecture", text, sizeof text), HEARTH_OK);
            T_EQ_I(hearth_feed(s, l.f.ids, 1, 1, &err), HEARTH_E_IO);
            T_EQ_I(hearth_feed(s, l.f.ids, 9, 1, &err), HEARTH_E_IO);
            T_EQ_I(hearth_position(s), 4);
            f = fopen(path, "r+b"); /* whole again: the session goes on */
            T_NEED(f && fwrite(l.data, 1, l.size, f) == l.size && fclose(f) == 0);
            T_EQ_I(hearth_feed(s, l.f.ids + 4, 1, 1, &err), HEARTH_OK);
            T_EQ_I(hearth_position(s), 5);
        }
        hearth_session_close(s);
        hearth_model_close(m);
    }
    unload(&l);
}

/* --- a value that is not finite --------------------------------------------------------------------------------------------------- */
/* One token's embedding becomes infinite: its norm is Inf * (1 / Inf), no number. */
T_TEST(not_finite) {
    loaded l;
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    if (!load_kind("llama-a", &l)) return;
    size_t at = 0, embd = 64 * 512 * 4;
    for (size_t i = 0; i + 17 < l.size && at == 0; i++) {
        if (memcmp(l.data + i, "token_embd.weight", 17) == 0) at = i;
    }
    T_NEED(at != 0);
    uint64_t offset = hr_le64(l.data + at + 17 + 4 + 16 + 4);
    logits_rewriter w = {l.data, 8, NULL, 0};
    uint64_t n_tensors = logits_u64(&w), n_kv = logits_u64(&w);
    for (uint64_t i = 0; i < n_kv; i++) {
        uint64_t n = logits_u64(&w);
        w.at += n;
        logits_skip_value(&w, logits_u32(&w));
    }
    for (uint64_t i = 0; i < n_tensors; i++) {
        uint64_t n = logits_u64(&w);
        w.at += n;
        uint32_t dims = logits_u32(&w);
        w.at += 8 * dims + 12;
    }
    size_t infos_end = (w.at + 31) / 32 * 32;
    T_NEED(infos_end + offset + embd <= l.size);
    const float big = INFINITY;
    memcpy(l.data + infos_end + offset + (100 * 64 + 17) * 4, &big, 4);
    logits_options o = {.threads = 2};
    hearth_error err;
    hearth_model *m = logits_open(l.data, l.size, &o);
    hearth_session *s = m ? logits_session(m, 32, 4, &o) : NULL;
    if (T_CHECK(s)) {
        int32_t bad[3] = {5, 100, 6};
        T_EQ_I(hearth_feed(s, l.f.ids, 4, 1, &err), HEARTH_OK);
        T_EQ_I(hearth_feed(s, l.f.ids + 4, 1, 1, &err), HEARTH_OK);
        uint64_t want = hash_row(s, 0, l.width);
        T_EQ_I(hearth_rewind(s, 4), HEARTH_OK);
        int status = hearth_feed(s, bad, 2, 1, &err);
        T_EQ_I(status, HEARTH_E_NUMERIC);
        T_EQ_I(hearth_position(s), 4);
        T_CHECK(hearth_logits(s, 0) == NULL);
        T_EQ_I(hearth_feed(s, l.f.ids + 4, 1, 1, &err), HEARTH_OK);
        T_EQ_U(hash_row(s, 0, l.width), want);
    }
    hearth_session_close(s);
    hearth_model_close(m);
    unload(&l);
}

/* --- embeddings ---------------------------------------------------------------------------------------------------------------------- */
/* mean, cls and last of the token rows, whatever the batches; sums in the tokens' order as hearth_embed does them */
static void check_pooling(const char *name, int batch) {
    loaded l;
    hearth_error err;
    enum { N = 70, D = 64 };
    float rows[N * D], one[D], mean[D];
    if (!load_kind(name, &l)) return;
    logits_options o = {.threads = 2, .batch = batch};
    hearth_model *m = logits_open(l.data, l.size, &o);
    hearth_session *s = m ? logits_session(m, N, 1, &o) : NULL;
    if (T_CHECK(s)) {
        T_EQ_I(hearth_embed(s, l.f.ids, N, HEARTH_POOL_NONE, 0, rows, N * D, &err), HEARTH_OK);
        memset(mean, 0, sizeof mean);
        for (size_t t = 0; t < N; t++) {
            for (size_t i = 0; i < D; i++) mean[i] += rows[t * D + i];
        }
        for (size_t i = 0; i < D; i++) mean[i] /= N;
        T_EQ_I(hearth_embed(s, l.f.ids, N, HEARTH_POOL_MEAN, 0, one, D, &err), HEARTH_OK);
        T_EQ_MEM(one, mean, sizeof one);
        T_EQ_I(hearth_embed(s, l.f.ids, N, HEARTH_POOL_CLS, 0, one, D, &err), HEARTH_OK);
        T_EQ_MEM(one, rows, sizeof one);
        T_EQ_I(hearth_embed(s, l.f.ids, N, HEARTH_POOL_LAST, 0, one, D, &err), HEARTH_OK);
        T_EQ_MEM(one, rows + (N - 1) * D, sizeof one);
        T_EQ_I(hearth_embed(s, l.f.ids, N, HEARTH_POOL_NONE, 0, rows, N * D - 1, &err), HEARTH_E_ARG);
        T_EQ_I(hearth_embed(s, l.f.ids, N + 1, HEARTH_POOL_LAST, 0, one, D, &err), HEARTH_E_FULL);
        T_EQ_I(hearth_embed(s, l.f.ids, 0, HEARTH_POOL_LAST, 0, one, D, &err), HEARTH_E_ARG);
        T_EQ_I(hearth_embed(s, l.f.ids, N, 4, 0, one, D, &err), HEARTH_E_ARG);
    }
    hearth_session_close(s);
    hearth_model_close(m);
    unload(&l);
}
T_TEST(pooling) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    check_pooling("llama-a", 0);
    check_pooling("llama-a", 9);
    check_pooling("qwen2moe-a", 33);
    check_pooling("bert-a", 0);
    check_pooling("nomic-bert-a", 0);
}
T_TEST(encoder_sees_all_at_once) {
    loaded l;
    hearth_error err;
    float out[64];
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    if (!load_kind("bert-a", &l)) return;
    logits_options o = {.batch = 16};
    hearth_model *m = logits_open(l.data, l.size, &o);
    hearth_session *s = m ? logits_session(m, 64, 1, &o) : NULL;
    if (T_CHECK(s)) {
        T_EQ_I(hearth_embed(s, l.f.ids, 16, HEARTH_POOL_MODEL, 1, out, 64, &err), HEARTH_OK);
        T_EQ_I(hearth_embed(s, l.f.ids, 17, HEARTH_POOL_MODEL, 1, out, 64, &err), HEARTH_E_FULL);
        T_EQ_I(hearth_feed(s, l.f.ids, 4, 1, &err), HEARTH_E_STATE);
    }
    hearth_session_close(s);
    hearth_model_close(m);
    unload(&l);
}

T_MAIN(T_RUN(rewind_leaves_no_trace), T_RUN(ring_equals_the_whole), T_RUN(split_equals_one_thread),
       T_RUN(rows_asked_for), T_RUN(sessions_at_once), T_RUN(hosts_parallel_for),
       T_RUN(cancel_inside_a_long_prompt), T_RUN(file_cut_short), T_RUN(not_finite), T_RUN(pooling),
       T_RUN(encoder_sees_all_at_once))
