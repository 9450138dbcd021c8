/* The graph against other engines' numbers: data/archs (llama.cpp, and an independent float64 forward pass, refnp.py) and
 * data/models/reference (llama.cpp); and one answer whatever the threads, the split of the prompt and the kernels. */
#include "t.h"
#include "tests/test_logits.h"

static bool load_pair(const char *model, const char *logits, uint8_t **data, size_t *size, logits_file *f) {
    *data = (uint8_t *)logits_slurp(t_data(model), size);
    if (*data && logits_load(t_data(logits), f)) return true;
    free(*data);
    return false;
}

/* --- architectures, F32 ------------------------------------------------------------------------------------------------ */
/* llama.cpp is within 3e-4 of float64 on the models without GELU; where its GELU table is coarser than F32 the reference
 * is the float64 pass. phi3: Hearth applies the sliding window, as the early 2025 llama.cpp did. */
static const struct { const char *model, *logits; } archs[] = {
    {"llama-a", "llama-a"}, {"llama-k", "llama-k"}, {"llama-moe-a", "llama-moe-a"}, {"qwen2-a", "qwen2-a"},
    {"qwen2moe-a", "qwen2moe-a"}, {"qwen3-a", "qwen3-a"}, {"qwen3moe-a", "qwen3moe-a"}, {"gemma2-a", "gemma2-a.exact"},
    {"gemma3-a", "gemma3-a.exact"}, {"phi3-a", "phi3-a.swa"}, {"granite-a", "granite-a"}, {"smollm3-a", "smollm3-a"},
    {"stablelm-a", "stablelm-a"}, {"phi2-a", "phi2-a.exact"}, {"starcoder2-a", "starcoder2-a.exact"},
    {"olmo2-a", "olmo2-a"}, {"gpt-oss-a", "gpt-oss-a"}};

static void check_arch(const char *model, const char *logits) {
    char m[64], l[64];
    uint8_t *data = NULL;
    size_t size = 0;
    logits_file f;
    snprintf(m, sizeof m, "archs/%s.gguf", model);
    snprintf(l, sizeof l, "archs/%s.logits", logits);
    if (!load_pair(m, l, &data, &size, &f)) {
        T_FAIL("%s: cannot read %s or %s", model, m, l);
        return;
    }
    logits_options o = {.threads = 2};
    float *y = logits_of(data, size, &o, f.ids, (size_t)f.n, (size_t)f.width);
    if (y) {
        logits_distance d = logits_compare(f.values, y, (size_t)f.n, (size_t)f.width);
        printf("    %-14s max %.2e  rms %.2e  top %zu/%d\n", model, d.max, d.rms, d.same_top, f.n);
        if (!(d.max <= 1e-3)) T_FAIL("%s: a logit is off by %.3g, allowed 1e-3", model, d.max);
        if (d.same_top != (size_t)f.n) T_FAIL("%s: %zu of %d top tokens are the same", model, d.same_top, f.n);
    } else {
        T_FAIL("%s does not run", model);
    }
    free(y);
    free(data);
    free(f.memory);
}

T_TEST(architectures) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t i = 0; i < sizeof archs / sizeof archs[0]; i++) check_arch(archs[i].model, archs[i].logits);
}

/* --- encoders -------------------------------------------------------------------------------------------------------------- */
/* bert with the erf GELU that it was trained with; tokens of bert-a are known from llama.cpp's tanh table only: 2e-3 */
static void check_encoder(const char *model, const char *logits, int pooling, double tolerance) {
    char m[64], l[64];
    uint8_t *data = NULL;
    size_t size = 0;
    logits_file f;
    hearth_error err;
    snprintf(m, sizeof m, "archs/%s.gguf", model);
    snprintf(l, sizeof l, "archs/%s.logits", logits);
    if (!load_pair(m, l, &data, &size, &f)) {
        T_FAIL("%s: cannot read", model);
        return;
    }
    logits_options o = {.threads = 2};
    size_t cap = f.rows * (size_t)f.width;
    float *out = (float *)malloc(cap * sizeof(float));
    hearth_model *mo = logits_open(data, size, &o);
    hearth_session *s = mo ? logits_session(mo, f.n, 1, &o) : NULL;
    if (T_CHECK(s) && T_EQ_I(hearth_embed(s, f.ids, (size_t)f.n, pooling, 0, out, cap, &err), HEARTH_OK)) {
        logits_distance d = logits_compare(f.values, out, f.rows, (size_t)f.width);
        printf("    %-14s %-20s max %.2e\n", model, logits, d.max);
        if (!(d.max <= tolerance)) T_FAIL("%s against %s: off by %.3g", model, logits, d.max);
        T_EQ_I(hearth_position(s), 0);
        T_EQ_I(hearth_embed(s, f.ids, (size_t)f.n, pooling, 1, out, cap, &err), HEARTH_OK);
        double sum = 0, dot = 0, own = 0;
        for (int i = 0; i < f.width; i++) {
            sum += (double)out[i] * out[i];
            dot += (double)out[i] * f.values[i];
            own += (double)f.values[i] * f.values[i];
        }
        T_NEAR(sum, 1.0, 1e-5);            /* 64 roundings of 2^-24 */
        T_NEAR(dot / sqrt(own), 1.0, 1e-3); /* and the same direction */
    }
    hearth_session_close(s);
    hearth_model_close(mo);
    free(out);
    free(data);
    free(f.memory);
}

T_TEST(encoders) {
    if (!t_data("archs/ids-bert.txt")) T_SKIP("no data/archs");
    check_encoder("bert-a", "bert-a.erf.exact", HEARTH_POOL_MODEL, 1e-4);
    check_encoder("bert-a", "bert-a.erf.exact", HEARTH_POOL_CLS, 1e-4);
    check_encoder("bert-a", "bert-a.tok", HEARTH_POOL_NONE, 2e-3);
    check_encoder("nomic-bert-a", "nomic-bert-a", HEARTH_POOL_MODEL, 1e-4);
    check_encoder("nomic-bert-a", "nomic-bert-a", HEARTH_POOL_MEAN, 1e-4);
    check_encoder("nomic-bert-a", "nomic-bert-a.tok", HEARTH_POOL_NONE, 1e-4);
}

/* --- quantized: our distance from the same weights with f32 activations, beside llama.cpp's ------------------------------------ */
/* The expanded file runs through the F32 path, which the cases above hold to refnp.py; where refnp.py's own logits are
 * stored, they must agree to 1e-3 (kernels of F32 differ from float64 by rounding only). */
static void check_quantized(const char *dir, const char *refs, const char *name, bool exact_stored, double *ratio) {
    char m[96], l[96];
    uint8_t *data = NULL;
    size_t size = 0;
    logits_file f, x;
    logits_options o = {.threads = 2};
    snprintf(m, sizeof m, "%s/%s.gguf", dir, name);
    snprintf(l, sizeof l, "%s/%s.logits", refs, name);
    if (!load_pair(m, l, &data, &size, &f)) {
        T_FAIL("%s: cannot read", name);
        return;
    }
    size_t rows = (size_t)f.n, width = (size_t)f.width, wide = size;
    uint8_t *expanded = logits_expand(data, &wide);
    float *y = logits_of(data, size, &o, f.ids, rows, width), *e = logits_of(expanded, wide, &o, f.ids, rows, width);
    if (T_CHECK(y && e)) {
        logits_distance ours = logits_compare(e, y, rows, width), theirs = logits_compare(e, f.values, rows, width);
        logits_distance both = logits_compare(f.values, y, rows, width);
        printf("    %-22s from f32 activations: KL %.2e max %.3f rms %.4f (llama.cpp KL %.2e max %.3f rms %.4f); from "
               "llama.cpp: KL %.2e top %zu/%zu\n", name, ours.kl, ours.max, ours.rms, theirs.kl, theirs.max, theirs.rms,
               both.kl, both.same_top, rows);
        *ratio = ours.kl / theirs.kl;
        if (exact_stored) {
            snprintf(l, sizeof l, "%s/%s.exact.logits", refs, name);
            if (T_CHECK(logits_load(t_data(l), &x))) {
                T_CHECK(logits_compare(x.values, e, rows, width).max <= 1e-3);
                free(x.memory);
            }
        } else if (rows == 128) { /* the bounds of the issue for models/reference */
            T_CHECK(both.kl <= 2e-3);
            T_CHECK(both.same_top >= 122);
            T_CHECK(ours.kl <= theirs.kl);
        }
    }
    free(y);
    free(e);
    free(expanded);
    free(data);
    free(f.memory);
}

/* The bounds, file by file. */
T_TEST(quantized_reference) {
    static const char *const names[] = {"stories260K-Q4_K", "stories260K-Q6_K", "bitstories-3M-Q8_0", "bitstories-3M-Q4_0",
                                        "bitstories-3M-Q4_K_M"};
    double ratio;
    if (!t_data("models/reference/prompt.txt")) T_SKIP("no data/models");
    for (size_t i = 0; i < 5; i++) check_quantized("models", "models/reference", names[i], false, &ratio);
}

/* Random weights amplify rounding (data/archs/README.md), so single models scatter: held to llama.cpp's distance on average */
T_TEST(quantized_archs) {
    static const struct { const char *name; bool exact; } q[] = {
        {"llama-a-Q8_0", true}, {"llama-a-Q4_0", true}, {"llama-k-Q8_0", true}, {"llama-k-Q4_0", true},
        {"llama-k-Q4_K_M", true}, {"gemma3-a-Q8_0", false}, {"gemma3-a-Q4_0", false}};
    double sum = 0, ratio = 1e9;
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t i = 0; i < 7; i++) {
        check_quantized("archs", "archs", q[i].name, q[i].exact, &ratio);
        sum += log(ratio);
        T_CHECK(ratio <= 1.2);
    }
    T_CHECK(exp(sum / 7) <= 1.0);
}

/* --- models/reference, F32 ----------------------------------------------------------------------------------------------------- */
T_TEST(f32_reference) {
    static const char *const names[] = {"stories260K", "bitstories-3M-f32"};
    if (!t_data("models/reference/prompt.txt")) T_SKIP("no data/models");
    for (size_t i = 0; i < 2; i++) {
        char m[64], l[96];
        uint8_t *data = NULL;
        size_t size = 0;
        logits_file f;
        logits_options o = {.threads = 2};
        snprintf(m, sizeof m, "models/%s.gguf", names[i]);
        snprintf(l, sizeof l, "models/reference/%s.logits", names[i]);
        T_NEED(load_pair(m, l, &data, &size, &f));
        float *y = logits_of(data, size, &o, f.ids, (size_t)f.n, (size_t)f.width);
        if (T_CHECK(y)) {
            logits_distance d = logits_compare(f.values, y, (size_t)f.n, (size_t)f.width);
            printf("    %-18s max %.2e  KL %.1e  top %zu/%d\n", names[i], d.max, d.kl, d.same_top, f.n);
            T_CHECK(d.max <= 2e-4);
            T_EQ_U(d.same_top, (size_t)f.n);
        }
        free(y);
        free(data);
        free(f.memory);
    }
}

/* --- one answer ------------------------------------------------------------------------------------------------------------------ */
static uint64_t hash_of(const void *data, size_t size, const logits_options *o, const logits_file *f, size_t n) {
    float *y = logits_of(data, size, o, f->ids, n, (size_t)f->width);
    uint64_t h = y ? hearth_hash(y, n * (size_t)f->width, 0) : 0;
    free(y);
    return h;
}

static void check_one_answer(const char *model, const char *logits, size_t n, int kv) {
    static const int splits[] = {1, 7, 64, 0}, batches[] = {0, 1, 7, 64};
    uint8_t *data = NULL;
    size_t size = 0;
    logits_file f;
    if (!load_pair(model, logits, &data, &size, &f)) {
        T_FAIL("%s: cannot read", model);
        return;
    }
    n = n < (size_t)f.n ? n : (size_t)f.n;
    logits_options base = {.threads = 1, .kv = kv};
    uint64_t want = hash_of(data, size, &base, &f, n);
    T_CHECK(want != 0);
    for (int threads = 1; threads <= 3; threads++) {
        for (size_t i = 0; i < 4; i++) {
            logits_options o = {.threads = threads, .split = splits[i], .kv = kv};
            o.batch = batches[(i + (size_t)threads) % 4];
            uint64_t h = hash_of(data, size, &o, &f, n);
            if (h != want) T_FAIL("%s: kv %d, %d threads, split %d, batch %d: another hash", model, kv, threads, o.split,
                                  o.batch);
        }
    }
    logits_options scalar = {.threads = 2, .split = 7, .kv = kv, .scalar = true};
    if (hash_of(data, size, &scalar, &f, n) != want) T_FAIL("%s: kv %d, scalar kernels: another hash", model, kv);
    free(data);
    free(f.memory);
}

static void one_answer(int kv) {
    static const char *const names[] = {"gpt-oss-a", "gemma3-a", "qwen2moe-a", "phi2-a", "stablelm-a", "olmo2-a",
                                        "llama-k-Q4_K_M", "llama-a-Q4_0", "gemma3-a-Q8_0"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char m[64], l[64];
        snprintf(m, sizeof m, "archs/%s.gguf", names[i]);
        snprintf(l, sizeof l, "archs/%s.logits", names[i]);
        check_one_answer(m, l, 100, kv); /* a page and a bit, longer than every window */
    }
    check_one_answer("models/stories260K-Q6_K.gguf", "models/reference/stories260K-Q6_K.logits", 100, kv);
}
T_TEST(one_answer_f32_cache) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    one_answer(HEARTH_KV_F32);
}
T_TEST(one_answer_int8_cache) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    one_answer(HEARTH_KV_I8);
}

/* An int8 cache rounds keys and values to 127 steps of their largest: on a trained model the distributions hardly move.
 * KL is quadratic in the error: 1 % of the logits' spread squared, halved: below 1e-3 on these. */
T_TEST(int8_cache_is_near) {
    uint8_t *data = NULL;
    size_t size = 0;
    logits_file f;
    if (!t_data("models/stories260K.gguf")) T_SKIP("no data/models");
    T_NEED(load_pair("models/stories260K.gguf", "models/reference/stories260K.logits", &data, &size, &f));
    logits_options o = {.threads = 2, .kv = HEARTH_KV_I8};
    float *y = logits_of(data, size, &o, f.ids, (size_t)f.n, (size_t)f.width);
    if (T_CHECK(y)) {
        logits_distance d = logits_compare(f.values, y, (size_t)f.n, (size_t)f.width);
        printf("    int8 cache: KL %.2e, max %.3f, top %zu/%d\n", d.kl, d.max, d.same_top, f.n);
        T_CHECK(d.kl < 1e-3);
        T_CHECK(d.kl > 0);
    }
    free(y);
    free(data);
    free(f.memory);
}

T_MAIN(T_RUN(architectures), T_RUN(encoders), T_RUN(f32_reference), T_RUN(quantized_reference), T_RUN(quantized_archs),
       T_RUN(one_answer_f32_cache), T_RUN(one_answer_int8_cache), T_RUN(int8_cache_is_near))
