/* test_logits.h: running a model over given ids, and comparing logits; for the tests of graph and session. Needs t.h. */
#ifndef HEARTH_TEST_LOGITS_H
#define HEARTH_TEST_LOGITS_H
#include "engine/hearth.h"
#include "quant/formats.h"

/* i32 n_tokens, i32 width, i32 ids[n], f32 values[rows][width]: the layout of data/archs and data/models/reference */
typedef struct logits_file {
    int32_t n, width;
    int32_t *ids;
    float *values;
    size_t rows;
    void *memory;
} logits_file;

static inline void *logits_slurp(const char *path, size_t *size) {
    FILE *f = path ? fopen(path, "rb") : NULL;
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    void *p = n < 0 ? NULL : malloc((size_t)n + 1);
    if (p && fread(p, 1, (size_t)n, f) != (size_t)n) free(p), p = NULL;
    fclose(f);
    *size = (size_t)n;
    return p;
}

static inline bool logits_load(const char *path, logits_file *f) {
    size_t size = 0;
    memset(f, 0, sizeof *f);
    f->memory = logits_slurp(path, &size);
    if (!f->memory || size < 8) return false;
    memcpy(&f->n, f->memory, 4);
    memcpy(&f->width, (char *)f->memory + 4, 4);
    f->ids = (int32_t *)f->memory + 2;
    f->values = (float *)f->memory + 2 + f->n;
    f->rows = (size / 4 - 2 - (size_t)f->n) / (size_t)f->width;
    return f->n > 0 && f->rows > 0;
}

typedef struct logits_options {
    int threads;      /* 0: 1 */
    int split;        /* tokens for each feed; 0: all */
    int batch;        /* batch_tokens; 0: the default */
    int kv;
    bool scalar;
} logits_options;

static inline hearth_model *logits_open(const void *data, size_t size, const logits_options *o) {
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_model *model = NULL;
    hearth_error err;
    c.threads = o->threads ? o->threads : 1;
    c.isa = o->scalar ? HEARTH_ISA_SCALAR : HEARTH_ISA_ALL;
    int status = hearth_model_open_memory(data, size, &c, &model, &err);
    if (status != HEARTH_OK) T_FAIL("open: %d %s: %s", status, err.where, err.what);
    return model;
}

static inline hearth_session *logits_session(hearth_model *model, int ctx, int rows, const logits_options *o) {
    hearth_session_config c = HEARTH_SESSION_CONFIG_INIT;
    hearth_session *session = NULL;
    hearth_error err;
    c.ctx_tokens = ctx;
    c.batch_tokens = o->batch;
    c.kv_type = o->kv;
    c.logits_rows = rows;
    int status = hearth_session_open(model, &c, &session, &err);
    if (status != HEARTH_OK) T_FAIL("session: %d %s: %s", status, err.where, err.what);
    return session;
}

/* logits of every token; out [n][n_vocab] */
static inline bool logits_feed(hearth_session *s, const int32_t *ids, size_t n, size_t width, int split, float *out) {
    size_t step = split ? (size_t)split : n;
    hearth_error err;
    for (size_t i = 0; i < n; i += step) {
        size_t m = n - i < step ? n - i : step;
        int status = hearth_feed(s, ids + i, m, m, &err);
        if (status != HEARTH_OK) return T_FAIL("feed: %d %s: %s", status, err.where, err.what);
        for (size_t r = 0; r < m; r++) {
            const float *row = hearth_logits(s, r);
            if (!T_CHECK(row != NULL)) return false;
            memcpy(out + (i + r) * width, row, width * sizeof(float));
        }
    }
    return true;
}

/* the whole of it: [n][n_vocab] in new memory, or NULL after a failed check */
static inline float *logits_of(const void *data, size_t size, const logits_options *o, const int32_t *ids, size_t n,
                               size_t width) {
    hearth_model *model = logits_open(data, size, o);
    hearth_session *session = model ? logits_session(model, (int)n, (int)n, o) : NULL;
    float *out = (float *)malloc(n * width * sizeof(float));
    if (!session || !logits_feed(session, ids, n, width, o->split, out)) free(out), out = NULL;
    hearth_session_close(session);
    hearth_model_close(model);
    return out;
}

typedef struct logits_distance {
    double max, rms, kl; /* kl: mean over rows of KL(a || b) of the softmaxes, nats */
    size_t same_top;     /* rows whose largest logit is the same */
} logits_distance;

static inline size_t logits_top(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++) best = x[i] > x[best] ? i : best;
    return best;
}
static inline double logits_logsum(const float *x, size_t n) {
    double top = x[logits_top(x, n)], sum = 0;
    for (size_t i = 0; i < n; i++) sum += exp(x[i] - top);
    return top + log(sum);
}
static inline logits_distance logits_compare(const float *a, const float *b, size_t rows, size_t width) {
    logits_distance d = {0, 0, 0, 0};
    for (size_t r = 0; r < rows; r++, a += width, b += width) {
        double za = logits_logsum(a, width), zb = logits_logsum(b, width);
        d.same_top += logits_top(a, width) == logits_top(b, width);
        for (size_t i = 0; i < width; i++) {
            double e = fabs((double)a[i] - (double)b[i]), la = a[i] - za, lb = b[i] - zb;
            d.max = e > d.max || e != e ? e : d.max;
            d.rms += e * e;
            d.kl += exp(la) * (la - lb);
        }
    }
    d.rms = sqrt(d.rms / (double)(rows * width));
    d.kl /= (double)rows;
    return d;
}

/* --- the same model with every quantized tensor expanded to F32 ------------------------------------------------------- */
typedef struct logits_rewriter {
    const uint8_t *in;
    size_t at;
    uint8_t *out;
    size_t n_out;
} logits_rewriter;
static inline uint64_t logits_u64(logits_rewriter *w) {
    uint64_t v = hr_le64(w->in + w->at);
    w->at += 8;
    return v;
}
static inline uint32_t logits_u32(logits_rewriter *w) {
    uint32_t v = hr_le32(w->in + w->at);
    w->at += 4;
    return v;
}
static inline void logits_skip_value(logits_rewriter *w, uint32_t type) {
    static const uint8_t bytes[13] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    if (type == 8) {
        uint64_t n = logits_u64(w);
        w->at += n;
    } else if (type == 9) {
        uint32_t of = logits_u32(w);
        for (uint64_t n = logits_u64(w); n > 0; n--) logits_skip_value(w, of);
    } else {
        w->at += bytes[type];
    }
}
/* A well-formed GGUF file (default alignment) in; new memory out. F16 tensors are expanded as well. */
static inline uint8_t *logits_expand(const uint8_t *in, size_t *size) {
    logits_rewriter w = {in, 8, NULL, 0};
    uint64_t n_tensors = logits_u64(&w), n_kv = logits_u64(&w);
    for (uint64_t i = 0; i < n_kv; i++) {
        uint64_t n = logits_u64(&w);
        w.at += n;
        logits_skip_value(&w, logits_u32(&w));
    }
    size_t infos = w.at, total = 0;
    struct { const hr_format_info *f; uint64_t rows, k, from, to; } *t = calloc(n_tensors, sizeof *t);
    uint8_t *type_at[2048];
    w.out = (uint8_t *)calloc(1, *size * 10 + (1 << 16));
    for (uint64_t i = 0; i < n_tensors; i++) {
        uint64_t n = logits_u64(&w);
        w.at += n;
        uint32_t dims = logits_u32(&w);
        t[i].k = logits_u64(&w);
        t[i].rows = 1;
        for (uint32_t d = 1; d < dims; d++) t[i].rows *= logits_u64(&w);
        type_at[i] = w.out + w.at;
        t[i].f = hr_format_of(logits_u32(&w));
        t[i].from = logits_u64(&w);
        t[i].to = total;
        total += (t[i].k * t[i].rows * 4 + 31) / 32 * 32;
    }
    size_t data = (w.at + 31) / 32 * 32;
    memcpy(w.out, in, w.at);
    (void)infos;
    for (uint64_t i = 0; i < n_tensors; i++) {
        uint64_t row_bytes = 0;
        memset(type_at[i], 0, 4); /* F32 */
        for (int b = 0; b < 8; b++) type_at[i][4 + b] = (uint8_t)(t[i].to >> 8 * b);
        hr_format_row_bytes(t[i].f, t[i].k, &row_bytes);
        for (uint64_t r = 0; r < t[i].rows; r++) {
            hr_dequant_row(t[i].f, in + data + t[i].from + r * row_bytes, t[i].k,
                           (float *)(void *)(w.out + data + t[i].to + r * t[i].k * 4));
        }
    }
    free(t);
    *size = data + total;
    return w.out;
}
#endif
