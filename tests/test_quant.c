/* Quantizers: every format encodes what it can hold exactly; the error is never above rounding to nearest without search,
 * nor above what llama-quantize leaves on the shared models; zeros, extremes and ragged ends; AVX2 and plain C give the
 * same bytes. Oracles: the definition of the formats through the decoder (checked against vectors of gguf-py by
 * test_formats), rounding written here, and the files that llama-quantize made (shared data). */
#include "engine/base/cpu.h"
#include "engine/gguf.h"
#include "quant/mix.h"
#include "quant/quantize.h"
#include "tests/t.h"
#include <math.h>

static const uint32_t formats[] = {HR_TYPE_F32,  HR_TYPE_F16,  HR_TYPE_BF16, HR_TYPE_Q4_0, HR_TYPE_Q4_1,   HR_TYPE_Q5_0,
                                   HR_TYPE_Q5_1, HR_TYPE_Q8_0, HR_TYPE_Q2_K, HR_TYPE_Q3_K, HR_TYPE_Q4_K,   HR_TYPE_Q5_K,
                                   HR_TYPE_Q6_K, HR_TYPE_IQ4_NL, HR_TYPE_IQ4_XS, HR_TYPE_MXFP4, HR_TYPE_TQ1_0, HR_TYPE_TQ2_0};
enum { K = 1024, N_FORMATS = sizeof formats / sizeof formats[0] };
static uint64_t seed = 12345;
static float uniform(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (float)(seed >> 40) / 16777216.0f;
}
static float normal(void) {
    float s = -6.0f;
    for (int i = 0; i < 12; i++) s += uniform();
    return s;
}
static void fill(float *x, int kind) {
    for (int i = 0; i < K; i++) {
        switch (kind) {
        case 0: x[i] = 0.02f * normal(); break;
        case 1: x[i] = uniform(); break;                                   /* one sign */
        case 2: x[i] = i % 97 == 5 ? 3.0f * normal() : 0.01f * normal(); break; /* outliers */
        case 3: x[i] = i % 2 ? 1.0f : -1.0f; break;
        case 4: x[i] = 0.0f; break;
        case 5: x[i] = 1e-30f * normal(); break;
        case 6: x[i] = i / 32 % 3 == 0 ? 0.0f : normal(); break;           /* zero blocks between others */
        default: x[i] = 0.5f; break;
        }
    }
}
enum { KINDS = 8 };
static size_t bytes_of(const hr_format_info *f, size_t k) {
    uint64_t b = 0;
    hr_format_row_bytes(f, k, &b);
    return (size_t)b;
}
static double error_of(const hr_format_info *f, const uint8_t *q, const float *x, size_t k) {
    static float scratch[1 << 14];
    return hr_quantize_error(f, q, x, k, NULL, scratch);
}

/* values on the format's own grid come back exactly: decode random blocks, encode them, decode again. Only for formats
 * whose blocks have one scale: the scale is found because its grid alone has error 0. */
T_TEST(grid_values_come_back) {
    static const uint32_t simple[] = {HR_TYPE_F32,   HR_TYPE_F16,   HR_TYPE_BF16, HR_TYPE_Q8_0,
                                      HR_TYPE_TQ1_0, HR_TYPE_TQ2_0, HR_TYPE_MXFP4};
    static float x[K], y[K];
    static uint8_t q[K * 4];
    for (size_t t = 0; t < sizeof simple / sizeof simple[0]; t++) {
        const hr_format_info *f = hr_format_of(simple[t]);
        for (int i = 0; i < K; i++) {
            int v = (int)(uniform() * 3.0f) - 1;
            if (f->id == HR_TYPE_Q8_0) v = i % 32 == 0 ? 127 : (int)(uniform() * 255.0f) - 127; /* amax is on the grid */
            if (f->id == HR_TYPE_MXFP4) v = i % 32 == 0 ? 6 : (int)(uniform() * 9.0f) - 4;      /* 2^n * {0 1 2 3 4 6} */
            x[i] = (float)v * 0.0625f;
        }
        T_CHECK(hr_quantize_row(f, x, K, NULL, q, hr_cpu_isa()));
        hr_dequant_row(f, q, K, y);
        t_check(memcmp(x, y, sizeof x) == 0, __FILE__, __LINE__, "exact", "%s", f->name);
    }
}

/* rounding to nearest on a grid of the same number of levels, in f32 without any search and without rounding the scale:
 * what every quantizer must beat on normal values, and stay near (1.25: f16 scales, shared scales) elsewhere */
static double naive(const float *x, int levels, bool affine, int block) {
    double sum = 0;
    for (int b = 0; b < K; b += block) {
        float lo = affine ? x[b] : 0, hi = lo, top = 0;
        for (int i = b; i < b + block; i++) {
            lo = fminf(lo, x[i]);
            hi = fmaxf(hi, x[i]);
            if (fabsf(x[i]) > fabsf(top)) top = x[i];
        }
        float d = affine ? (hi - lo) / (float)(levels - 1) : top / (float)(-levels / 2), low = affine ? lo : 0;
        for (int i = b; i < b + block; i++) {
            float a = affine ? 0 : (float)(-levels / 2), q = d != 0 ? rintf((x[i] - low) / d) : 0;
            q = fminf(fmaxf(q, a), a + (float)(levels - 1));
            double e = (double)(d * q + low) - (double)x[i];
            sum += e * e;
        }
    }
    return sum;
}
T_TEST(better_than_nearest) {
    static const struct {
        uint32_t id;
        int levels, block;
        bool affine;
        double most; /* of the naive error, normal values: the gain that a search has to show */
    } list[] = {{HR_TYPE_Q4_0, 16, 32, false, 0.92}, {HR_TYPE_Q4_1, 16, 32, true, 0.82}, {HR_TYPE_Q5_0, 32, 32, false, 0.92},
                {HR_TYPE_Q5_1, 32, 32, true, 0.82},  {HR_TYPE_Q8_0, 256, 32, false, 1.05}, {HR_TYPE_Q2_K, 4, 16, true, 0.75},
                {HR_TYPE_Q3_K, 8, 16, false, 1.0},   {HR_TYPE_Q4_K, 16, 32, true, 0.86}, {HR_TYPE_Q5_K, 32, 32, true, 0.9},
                {HR_TYPE_Q6_K, 64, 16, false, 0.95}, {HR_TYPE_IQ4_NL, 16, 32, false, 0.8}, {HR_TYPE_IQ4_XS, 16, 32, false, 0.82}};
    static float x[K];
    static uint8_t q[K * 4];
    for (size_t t = 0; t < sizeof list / sizeof list[0]; t++) {
        const hr_format_info *f = hr_format_of(list[t].id);
        double ours = 0, theirs = 0;
        for (int run = 0; run < 40; run++) {
            fill(x, 0);
            T_CHECK(hr_quantize_row(f, x, K, NULL, q, hr_cpu_isa()));
            ours += error_of(f, q, x, K);
            theirs += naive(x, list[t].levels, list[t].affine, list[t].block);
        }
        t_check(ours <= list[t].most * theirs, __FILE__, __LINE__, "error", "%s: %.4f of naive", f->name, ours / theirs);
    }
}

/* every kind of row, every format: accepted, decodes to finite values, no worse than all zeros; plain C gives the same bytes */
T_TEST(every_kind_of_row) {
    static float x[K], y[K], imp[K];
    static uint8_t q[K * 4 + 1], plain[K * 4 + 1];
    for (int i = 0; i < K; i++) imp[i] = uniform() * uniform() + 1e-6f;
    for (size_t t = 0; t < N_FORMATS; t++) {
        const hr_format_info *f = hr_format_of(formats[t]);
        for (int kind = 0; kind < KINDS; kind++) {
            for (int with = 0; with < 2; with++) {
                const float *w = with ? imp : NULL;
                double zeros = 0;
                fill(x, kind);
                for (int i = 0; i < K; i++) zeros += (double)x[i] * (double)x[i];
                memset(q, 0xaa, sizeof q);
                memset(plain, 0x55, sizeof plain);
                T_CHECK(hr_quantize_row(f, x, K, w, q, hr_cpu_isa()));
                T_CHECK(hr_quantize_row(f, x, K, w, plain, 0));
                t_check(memcmp(q, plain, bytes_of(f, K)) == 0, __FILE__, __LINE__, "same bytes", "%s kind %d", f->name, kind);
                T_EQ_U(q[bytes_of(f, K)], 0xaa); /* nothing behind the row */
                hr_dequant_row(f, q, K, y);
                for (int i = 0; i < K; i++) T_CHECK(isfinite(y[i]));
                double e = error_of(f, q, x, K);
                t_check(with || e <= zeros * 1.0001, __FILE__, __LINE__, "error", "%s %d: %g of %g", f->name, kind, e, zeros);
            }
        }
    }
}

/* rows that do not fill eight blocks: each length gives the blocks of the longer row */
T_TEST(ragged_rows) {
    static float x[K];
    static uint8_t whole[K * 4], part[K * 4];
    fill(x, 0);
    for (size_t t = 0; t < N_FORMATS; t++) {
        const hr_format_info *f = hr_format_of(formats[t]);
        hr_quantize_row(f, x, K, NULL, whole, hr_cpu_isa());
        for (size_t k = f->block; k <= 600; k += f->block < 32 ? 37 : f->block) {
            memset(part, 0x77, sizeof part);
            T_CHECK(hr_quantize_row(f, x, k, NULL, part, hr_cpu_isa()));
            t_check(memcmp(part, whole, bytes_of(f, k)) == 0, __FILE__, __LINE__, "prefix", "%s k %zu", f->name, k);
            T_EQ_U(part[bytes_of(f, k)], 0x77);
        }
    }
}

/* importances: where they are large the error falls. Halves of a block with weights 100 : 1, against equal ones. */
T_TEST(importances_steer) {
    static float x[K], imp[K], s[K];
    static uint8_t a[K * 4], b[K * 4];
    for (size_t t = 3; t < N_FORMATS; t++) {
        const hr_format_info *f = hr_format_of(formats[t]);
        double with = 0, without = 0;
        for (int i = 0; i < K; i++) imp[i] = i % 16 < 4 ? 100.0f : 1.0f;
        for (int run = 0; run < 20; run++) {
            fill(x, 0);
            hr_quantize_row(f, x, K, imp, a, hr_cpu_isa());
            hr_quantize_row(f, x, K, NULL, b, hr_cpu_isa());
            with += hr_quantize_error(f, a, x, K, imp, s);
            without += hr_quantize_error(f, b, x, K, imp, s);
        }
        t_check(with < without, __FILE__, __LINE__, "weighted error", "%s: %g, %g", f->name, with, without);
    }
}

T_TEST(refuses_what_cannot_be_stored) {
    static float x[K];
    static uint8_t q[K * 4];
    for (size_t t = 0; t < N_FORMATS; t++) {
        const hr_format_info *f = hr_format_of(formats[t]);
        for (int where = 0; where < 3; where++) {
            fill(x, 0);
            x[where == 0 ? 0 : where == 1 ? 300 : K - 1] = where == 1 ? INFINITY : NAN;
            T_CHECK(!hr_quantize_row(f, x, K, NULL, q, hr_cpu_isa()));
        }
        fill(x, 0);
        x[40] = 3e38f;
        bool fits = f->id == HR_TYPE_F32 || f->id == HR_TYPE_BF16;
        t_check(hr_quantize_row(f, x, K, NULL, q, hr_cpu_isa()) == fits, __FILE__, __LINE__, "too large", "%s", f->name);
    }
}

/* f16 and bf16 against every half, by the independent conversion of formats.c */
T_TEST(halves_to_f32) {
    static uint16_t h[1 << 16];
    static float y[1 << 16];
    for (unsigned i = 0; i < 1u << 16; i++) h[i] = (uint16_t)i;
    hr_quantize_source_row(hr_format_of(HR_TYPE_F16), h, 1 << 16, y);
    for (unsigned i = 0; i < 1u << 16; i++) {
        float want = hr_f32_of_f16((uint16_t)i);
        if (want != want && y[i] != y[i]) continue;
        if (hr_f32_bits(want) != hr_f32_bits(y[i])) T_EQ_U(hr_f32_bits(y[i]), hr_f32_bits(want));
    }
}

/* --- against llama-quantize's files -------------------------------------------------------------------------------------- */
typedef struct model_file {
    hr_gguf g;
    void *memory;
} model_file;
static bool open_model(model_file *m, const char *path) {
    hr_gguf_source src;
    hr_arena arena;
    hr_error err;
    hr_error_clear(&err);
    memset(&src, 0, sizeof src);
    memset(m, 0, sizeof *m);
    src.path = path;
    src.want_map = true;
    if (!path || hr_gguf_open(&m->g, &src, &err) != HR_OK) return false;
    m->memory = malloc(1 << 24);
    hr_arena_init(&arena, m->memory, 1 << 24);
    return hr_gguf_index(&m->g, &arena, &err) == HR_OK;
}
static void close_model(model_file *m) {
    hr_gguf_close(&m->g);
    free(m->memory);
}
static int compare_file(const char *source, const char *theirs) {
    model_file a, b;
    int n = 0;
    if (!open_model(&a, t_data(source)) || !open_model(&b, t_data(theirs))) return 0;
    for (uint32_t i = 0; i < b.g.n_tensors; i++) {
        const hr_gguf_tensor *t = &b.g.tensors[i];
        char name[80];
        snprintf(name, sizeof name, "%.*s", (int)t->name_size, (const char *)t->name);
        const hr_gguf_tensor *s = hr_gguf_tensor_find(&a.g, name);
        const hr_format_info *f = hr_format_of(t->type);
        if (!s || s->type != HR_TYPE_F32 || t->type == HR_TYPE_F32) continue;
        size_t k = t->dims[0], rows = (size_t)t->dims[1] * t->dims[2] * t->dims[3], row_bytes = bytes_of(f, k);
        const uint8_t *sd = hr_gguf_tensor_data(&a.g, s), *td = hr_gguf_tensor_data(&b.g, t);
        float *x = malloc(k * sizeof *x), *scratch = malloc(k * sizeof *x);
        uint8_t *q = malloc(row_bytes);
        double ours = 0, other = 0;
        for (size_t r = 0; r < rows; r++) {
            memcpy(x, sd + r * k * 4, k * 4);
            T_CHECK(hr_quantize_row(f, x, k, NULL, q, hr_cpu_isa()));
            ours += hr_quantize_error(f, q, x, k, NULL, scratch);
            other += hr_quantize_error(f, td + r * row_bytes, x, k, NULL, scratch);
        }
        t_check(ours <= other * 1.000001, __FILE__, __LINE__, "error", "%s of %s: %.6g, theirs %.6g", name, theirs, ours,
                other);
        n++;
        free(x), free(scratch), free(q);
    }
    close_model(&a), close_model(&b);
    return n;
}
T_TEST(not_above_llama_quantize) {
    int n = compare_file("models/bitstories-3M-f32.gguf", "models/bitstories-3M-Q4_0.gguf") +
            compare_file("models/bitstories-3M-f32.gguf", "models/bitstories-3M-Q4_K_M.gguf") +
            compare_file("models/bitstories-3M-f32.gguf", "models/bitstories-3M-Q8_0.gguf") +
            compare_file("archs/llama-k.gguf", "archs/llama-k-Q4_0.gguf") +
            compare_file("archs/llama-k.gguf", "archs/llama-k-Q4_K_M.gguf") +
            compare_file("archs/llama-k.gguf", "archs/llama-k-Q8_0.gguf");
    if (n == 0) T_SKIP("no data");
    T_CHECK(n > 60);
}

T_MAIN(T_RUN(grid_values_come_back), T_RUN(better_than_nearest), T_RUN(every_kind_of_row), T_RUN(ragged_rows),
       T_RUN(importances_steer), T_RUN(refuses_what_cannot_be_stored), T_RUN(halves_to_f32), T_RUN(not_above_llama_quantize))
