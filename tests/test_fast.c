/* The fast mode: one answer for every instruction set, number of threads, batch and number of rows asked for; exact where it
 * says so; near the exact mode elsewhere; and a plan that holds. Oracles for its kernels: tests/test_kernel_oracles.c. */
#include "t.h"
#include "tests/test_logits.h"

static const char *const kinds[] = {"llama-k-Q4_0", "llama-k-Q4_K_M", "gemma3-a-Q8_0", "qwen2moe-a", "llama-a-Q4_0"};
enum { TOKENS = 77, MORE = 3, RUNS = 12 };

typedef struct fast_way {
    uint32_t isa;
    int threads, batch;
    size_t rows;
} fast_way;

/* a prompt in one call, then single tokens; hash of the last rows' logits, the last of them to `last` */
static bool run_way(const uint8_t *data, size_t size, const int32_t *ids, size_t n, uint32_t flags, fast_way way, float *last,
                    size_t width, uint64_t *hash) {
    hearth_model_config mc = HEARTH_MODEL_CONFIG_INIT;
    hearth_session_config sc = HEARTH_SESSION_CONFIG_INIT;
    hearth_model *model = NULL;
    hearth_session *session = NULL;
    hearth_error err = {0};
    mc.flags = flags | HEARTH_MODEL_NO_SELFCHECK;
    mc.isa = way.isa;
    mc.threads = way.threads;
    sc.batch_tokens = way.batch;
    sc.ctx_tokens = 96;
    sc.logits_rows = (int)way.rows;
    bool ok = T_CHECK(hearth_model_open_memory(data, size, &mc, &model, &err) == HEARTH_OK) &&
              T_CHECK(hearth_session_open(model, &sc, &session, &err) == HEARTH_OK) &&
              T_CHECK(hearth_feed(session, ids, n, way.rows, &err) == HEARTH_OK);
    if (ok) {
        memcpy(last, hearth_logits(session, way.rows - 1), width * sizeof *last);
        *hash = hearth_hash(last, width, 0);
        for (size_t i = 0; i < MORE && ok; i++) {
            ok = T_CHECK(hearth_feed(session, ids + i, 1, 1, &err) == HEARTH_OK);
            if (ok) *hash = hearth_hash(hearth_logits(session, 0), width, *hash);
        }
    } else {
        printf("    %s: %s\n", err.where, err.what);
    }
    hearth_session_close(session);
    hearth_model_close(model);
    return ok;
}

static bool read_kind(const char *name, uint8_t **data, size_t *size, logits_file *f) {
    char m[64], r[64];
    snprintf(m, sizeof m, "archs/%s.gguf", name);
    snprintf(r, sizeof r, "archs/%s.logits", name);
    *data = (uint8_t *)logits_slurp(t_data(m), size);
    return T_CHECK(*data != NULL && logits_load(t_data(r), f));
}

T_TEST(one_answer) {
    static const fast_way ways[RUNS] = {
        {HEARTH_ISA_ALL, 1, 0, 1},       {HEARTH_ISA_ALL, 2, 0, 1},     {HEARTH_ISA_ALL, 3, 64, 1},
        {HEARTH_ISA_ALL, 2, 40, TOKENS}, {HEARTH_ISA_ALL, 1, 33, 5},    {HEARTH_ISA_ALL, 2, 13, 1},
        {HEARTH_ISA_ALL, 2, 5, 30},      {HEARTH_ISA_ALL, 1, 1, 1},     {HEARTH_ISA_SCALAR, 2, 0, 1},
        {HEARTH_ISA_SCALAR, 1, 17, 2},   {1u << 1, 2, 0, 1},            {1u << 0, 1, 50, 1}};
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t i = 0; i < HR_COUNT(kinds); i++) {
        uint8_t *data;
        size_t size;
        logits_file f;
        if (!read_kind(kinds[i], &data, &size, &f)) return;
        size_t width = (size_t)f.width;
        float *last = malloc(width * sizeof *last);
        uint64_t first = 0, hash;
        for (size_t w = 0; w < RUNS; w++) {
            if (!run_way(data, size, f.ids, TOKENS, HEARTH_MODEL_FAST, ways[w], last, width, &hash)) break;
            if (w == 0) first = hash;
            if (hash != first) T_FAIL("%s: way %zu differs from the first", kinds[i], w);
        }
        free(last);
        free(data);
        free(f.memory);
    }
}

/* A product's error: requantized weights and activations each add up to 1e-4 of a row's power (reference/kernels.md 10: 4.3e-5
 * and 4.8e-5 for Gaussian rows). Seven products a layer, a dozen layers at most, each passed on about once: 84 * 2e-4 = 1.7 %,
 * and as much again for heavy tails. */
T_TEST(near_the_exact_mode) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t i = 0; i < HR_COUNT(kinds); i++) {
        uint8_t *data;
        size_t size;
        logits_file f;
        if (!read_kind(kinds[i], &data, &size, &f)) return;
        const fast_way way = {HEARTH_ISA_ALL, 2, 0, 1};
        size_t width = (size_t)f.width;
        float *last[4];
        uint64_t hash[4] = {0};
        for (size_t n = 0; n < 4; n++) { /* exact, fast; fewer tokens than the fast mode begins with: exact, "fast" */
            last[n] = malloc(width * sizeof(float));
            run_way(data, size, f.ids, n < 2 ? TOKENS : 31, n % 2 ? HEARTH_MODEL_FAST : 0, way, last[n], width, &hash[n]);
        }
        double power = 0, error = 0, mean = 0;
        for (size_t v = 0; v < width; v++) mean += (double)last[0][v] / (double)width;
        for (size_t v = 0; v < width; v++) {
            power += ((double)last[0][v] - mean) * ((double)last[0][v] - mean);
            error += ((double)last[1][v] - (double)last[0][v]) * ((double)last[1][v] - (double)last[0][v]);
        }
        if (!T_CHECK(error < 0.034 * power)) printf("    %s: %g of the logits' power\n", kinds[i], error / power);
        bool floats = strstr(kinds[i], "-Q") == NULL; /* weights of 32 bits are multiplied as they are */
        if (!T_CHECK((hash[0] == hash[1]) == floats)) printf("    %s\n", kinds[i]);
        T_CHECK(hash[2] == hash[3]);
        for (size_t n = 0; n < 4; n++) free(last[n]);
        free(data);
        free(f.memory);
    }
}

static void *bad_alloc(void *ctx, size_t size, size_t align) {
    size_t *asked = (size_t *)ctx;
    *asked = size;
    (void)align;
    return NULL;
}
static void no_free(void *ctx, void *p, size_t size) { (void)ctx, (void)p, (void)size; }

T_TEST(the_plan_is_what_open_asks_for) {
    uint8_t *data;
    size_t size, asked = 0;
    logits_file f;
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    if (!read_kind(kinds[0], &data, &size, &f)) return;
    hearth_model_config mc = HEARTH_MODEL_CONFIG_INIT;
    hearth_session_config sc = HEARTH_SESSION_CONFIG_INIT;
    hearth_model *model = NULL;
    hearth_session *session = NULL;
    hearth_plan plan[2];
    hearth_error err;
    mc.flags = HEARTH_MODEL_FAST;
    const hearth_allocator al = {bad_alloc, no_free, &asked};
    sc.ctx_tokens = 96;
    if (T_CHECK(hearth_model_open_memory(data, size, &mc, &model, &err) == HEARTH_OK)) {
        for (size_t i = 0; i < 2; i++) {
            sc.batch_tokens = i == 0 ? 7 : 84;
            T_EQ_I(hearth_session_plan(model, &sc, &plan[i], &err), HEARTH_OK);
            sc.allocator = &al;
            T_EQ_I(hearth_session_open(model, &sc, &session, &err), HEARTH_E_MEMORY);
            T_EQ_U(asked, plan[i].total_bytes);
            sc.allocator = NULL;
        }
        T_CHECK(plan[0].total_bytes < plan[1].total_bytes);
        mc.flags = 1u << 5; /* the next bit is still unknown */
        hearth_model *none = NULL;
        T_EQ_I(hearth_model_open_memory(data, size, &mc, &none, &err), HEARTH_E_ARG);
    }
    hearth_model_close(model);
    free(data);
    free(f.memory);
}
T_MAIN(T_RUN(one_answer), T_RUN(near_the_exact_mode), T_RUN(the_plan_is_what_open_asks_for))
