/* Gradients: of every parameter of small whole models, and of adapters over every block format, against central differences
 * of tests/train_ref.h's loss in double precision (an independent formula). Bound: 1e-3 of each tensor's largest. */
#include "t.h"
#include "tests/model_file.h"
#include "tests/test_logits.h"
#include "tests/train_ref.h"
#include "engine/train.h"
#include "quant/quantize.h"

static int32_t grad_ids[REF_TOKENS];
static uint8_t grad_flags[REF_TOKENS];
static size_t grad_n;
static void make_row(size_t n, size_t vocab) {
    grad_n = n;
    for (size_t i = 0; i < n; i++) {
        grad_ids[i] = (int32_t)((i * i * 7 + 3 * i + 1) % vocab);
        grad_flags[i] = (uint8_t)((i % 5 != 3 ? HR_TRAIN_LEARN : 0) | (i == 0 || i == n / 3 ? HR_TRAIN_FIRST : 0));
    }
}
static size_t grad_row(void *ctx, uint64_t index, int32_t *ids, uint8_t *flags, size_t cap) {
    (void)ctx, (void)index, (void)cap;
    memcpy(ids, grad_ids, grad_n * sizeof *ids);
    memcpy(flags, grad_flags, grad_n);
    return grad_n;
}

/* gradient g of parameters p (as doubles) at some places, against differences */
static bool check_tensor(const char *what, ref_model *m, double *p, const float *g, size_t n, size_t places) {
    double most = 0, worst = 0;
    for (size_t s = 0; s < places; s++) {
        size_t i = places >= n ? s : (s * 2654435761u + 17) % n;
        if (i >= n) break;
        double keep = p[i], e = 1e-4;
        p[i] = keep + e;
        double up = ref_loss(m, grad_ids, grad_flags, grad_n);
        p[i] = keep - e;
        double down = ref_loss(m, grad_ids, grad_flags, grad_n), want = (up - down) / (2 * e);
        p[i] = keep;
        if (fabs(want) > most) most = fabs(want);
        if (!(fabs(want - (double)g[i]) <= worst)) worst = fabs(want - (double)g[i]);
    }
    return t_check(worst <= 1e-3 * most && most > 0, T_HERE("gradient"), "%s: off by %g of %g", what, worst, most);
}

static double *doubles_of(const float *x, size_t n) {
    double *p = (double *)malloc(n * sizeof *p);
    for (size_t i = 0; i < n; i++) p[i] = x[i];
    return p;
}

/* --- whole models ---------------------------------------------------------------------------------------------------- */
static void check_whole(bool tied, bool neox, size_t tokens, int threads, uint32_t isa) {
    hr_train_config c;
    hr_error err = {0};
    hr_train *t = NULL;
    double loss = 0;
    ref_model m = {.d = 24, .layers = 2, .heads = 4, .kv_heads = 2, .hd = 6, .ff = 20, .vocab = 19, .eps = 1e-5, .base
        = 10000, .neox = neox};
    const hr_train_shape s = {m.vocab, m.d, m.layers, m.heads, m.kv_heads, m.hd, m.ff, 1e-5f, 10000, neox, tied};
    hr_train_defaults(&c, false);
    c.ctx = REF_TOKENS, c.batch = 1, c.threads = threads, c.isa = isa, c.rate = 0;
    T_NEED(T_EQ_I(hr_train_open_model(&t, &s, &c, NULL, &err), HR_OK));
    for (size_t i = 0; i < t->n_params; i++) t->param[i] = i < t->n_decayed ? t->param[i] * 12 : 0.7f
        + 0.06f * (float)(i * 37 % 11);
    make_row(tokens, m.vocab);
    T_EQ_I(hr_train_step(t, grad_row, NULL, &loss, &err), HR_OK);
    double *p = doubles_of(t->param, t->n_params);
#define AT(x) (p + ((x) - t->param))
    m.embd = AT(t->embd.w), m.head = AT(t->head.w), m.out_norm = AT(t->out_norm.w);
    for (size_t l = 0; l < m.layers; l++) {
        m.attn[l] = AT(t->layers[l].attn.w), m.ffn[l] = AT(t->layers[l].ffn.w);
        for (int j = 0; j < REF_LINEARS; j++) m.w[l][j] = AT(t->layers[l].lin[j].w);
    }
    T_NEAR(loss, ref_loss(&m, grad_ids, grad_flags, grad_n) / t->weight, 1e-5);
    char name[48];
    check_tensor("embedding", &m, AT(t->embd.w), t->embd.gw, m.vocab * m.d, 1000);
    if (!tied) check_tensor("head", &m, AT(t->head.w), t->head.gw, m.vocab * m.d, 1000);
    check_tensor("norms", &m, AT(t->param + t->n_decayed), t->grad + t->n_decayed, t->n_params - t->n_decayed, 1000);
    for (size_t l = 0; l < m.layers; l++) {
        for (int j = 0; j < REF_LINEARS; j++) {
            const hr_train_linear *x = &t->layers[l].lin[j];
            snprintf(name, sizeof name, "layer %zu matrix %d", l, j);
            check_tensor(name, &m, AT(x->w), x->gw, x->rows * x->k, 100);
        }
    }
#undef AT
    free(p);
    hr_train_close(t);
}
T_TEST(whole_models) {
    check_whole(true, false, 23, 1, HEARTH_ISA_ALL);
    check_whole(false, true, 23, 2, HEARTH_ISA_SCALAR);
    check_whole(true, false, 75, 2, HEARTH_ISA_ALL); /* two tiles of queries */
}

/* --- adapters over every block format ----------------------------------------------------------------------------------- */
enum { AD_D = 256, AD_VOCAB = 40 };
static void resize_model(mf *f, const char *arch, uint32_t type) {
    mf_llama(f, arch);
    mf_arch_u32(f, arch, "embedding_length", AD_D), mf_arch_u32(f, arch, "feed_forward_length", AD_D);
    mf_drop(f, "llama.rope.dimension_count");
    for (size_t i = 0; i < f->n_tensors; i++) {
        mf_tensor *t = &f->tensors[i];
        bool matrix = t->n_dims == 2;
        t->dims[0] = AD_D;
        if (matrix && t->dims[1] != MF_VOCAB) t->dims[1] = strstr(t->name, "attn_k") || strstr(t->name, "attn_v") ? AD_D / 2
            : AD_D;
        if (matrix) t->type = type;
    }
    for (int i = 0; strcmp(arch, "bitnet") == 0 && i < MF_LAYERS; i++) {
        mf_layer_tensor(f, i, "attn_sub_norm.weight", AD_D, 0, 0);
        mf_layer_tensor(f, i, "ffn_sub_norm.weight", AD_D, 0, 0);
    }
}
/* the tensor's values as doubles; weights are first set to small random ones, through the quantizer */
static double *set_tensor(const mf *f, gw *w, const char *name) {
    size_t all = 0, at = 0, n = 0;
    const mf_tensor *t = NULL;
    for (size_t i = 0; i < f->n_tensors; i++) {
        if (strcmp(f->tensors[i].name, name) == 0) at = all, t = &f->tensors[i];
        all += (mf_tensor_bytes(&f->tensors[i]) + 31) / 32 * 32;
    }
    if (!t) return NULL;
    uint8_t *p = w->p + w->n - all + at;
    const hr_format_info *format = hr_format_of(t->type);
    size_t rows = t->n_dims == 2 ? (size_t)t->dims[1] : 1, k = (size_t)t->dims[0], bytes = k / format->block * format->bytes;
    double *v = (double *)malloc(rows * k * sizeof *v);
    uint32_t seed = (uint32_t)at + 99;
    for (size_t r = 0; r < rows; r++, p += bytes) {
        float x[AD_D];
        for (size_t i = 0; i < k; i++) {
            seed = seed * 1664525u + 1013904223u;
            x[i] = ((float)(seed >> 8) / 16777216.0f - 0.5f) * 0.2f + (t->n_dims == 1 ? 1.0f : 0.0f);
        }
        T_CHECK(hr_quantize_row(format, x, k, NULL, p, 0));
        hr_dequant_row(format, p, k, x);
        for (size_t i = 0; i < k; i++) v[n++] = x[i];
    }
    return v;
}
static void check_adapter_on(const char *arch, uint32_t type, int threads, bool scalar, size_t places) {
    static mf f;
    static const char *const parts[] = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};
    bool bitnet = strcmp(arch, "bitnet") == 0;
    ref_model m = {.d = AD_D, .layers = MF_LAYERS, .heads = MF_HEADS, .kv_heads = MF_KV_HEADS, .hd = AD_D / MF_HEADS, .ff = AD_D,
                   .vocab = AD_VOCAB, .rank = 3, .eps = 1e-5f, .base = 10000, .scale = 2, .neox = bitnet};
    char name[64], what[96];
    double *own[64], loss = 0;
    size_t n_own = 0;
    hr_error err = {0};
    hr_train *t = NULL;
    hr_train_config c;
    resize_model(&f, arch, type);
    gw w = mf_write(&f);
    m.embd = own[n_own++] = set_tensor(&f, &w, "token_embd.weight");
    m.head = own[n_own++] = set_tensor(&f, &w, "output.weight");
    m.out_norm = own[n_own++] = set_tensor(&f, &w, "output_norm.weight");
    for (int l = 0; l < MF_LAYERS; l++) {
        const char *const norms[] = {"attn_norm", "ffn_norm", "attn_sub_norm", "ffn_sub_norm"};
        const double **to[] = {&m.attn[l], &m.ffn[l], &m.attn_sub[l], &m.ffn_sub[l]};
        for (int j = 0; j < (bitnet ? 4 : 2); j++) {
            snprintf(name, sizeof name, "blk.%d.%s.weight", l, norms[j]);
            *to[j] = own[n_own++] = set_tensor(&f, &w, name);
        }
        for (int j = 0; j < REF_LINEARS; j++) {
            snprintf(name, sizeof name, "blk.%d.%s.weight", l, parts[j]);
            m.w[l][j] = own[n_own++] = set_tensor(&f, &w, name);
        }
    }
    logits_options o = {.threads = threads, .scalar = scalar};
    hearth_model *model = logits_open(w.p, w.n, &o);
    T_NEED(model);
    hr_train_defaults(&c, true);
    c.ctx = 16, c.batch = 1, c.rank = m.rank, c.alpha = 6, c.rate = 0;
    if (T_EQ_I(hr_train_open_adapter(&t, (hr_model *)(void *)model, &c, &err), HR_OK)) {
        for (size_t i = 0; i < t->n_params; i++) t->param[i] = 0.1f * ((float)(i * 2654435761u % 1000) / 500.0f - 1.0f);
        make_row(11, AD_VOCAB);
        T_EQ_I(hr_train_step(t, grad_row, NULL, &loss, &err), HR_OK);
        double *p = doubles_of(t->param, t->n_params);
        for (size_t i = 0; i < MF_LAYERS * REF_LINEARS; i++) {
            const hr_train_linear *x = &t->layers[i / REF_LINEARS].lin[i % REF_LINEARS];
            m.a[i / REF_LINEARS][i % REF_LINEARS] = p + (x->a - t->param), m.b[i / REF_LINEARS][i % REF_LINEARS] = p
                + (x->b - t->param);
        }
        T_NEAR(loss, ref_loss(&m, grad_ids, grad_flags, grad_n) / t->weight, 1e-5);
        for (size_t i = 0; i < MF_LAYERS * REF_LINEARS; i++) {
            const hr_train_linear *x = &t->layers[i / REF_LINEARS].lin[i % REF_LINEARS];
            snprintf(what, sizeof what, "%s %s layer %zu matrix %zu", arch, hr_format_of(type)->name, i / REF_LINEARS,
                i % REF_LINEARS);
            check_tensor(what, &m, p + (x->a - t->param), x->ga, t->config.rank * x->k, places);
            check_tensor(what, &m, p + (x->b - t->param), x->gb, t->config.rank * x->rows, places);
        }
        free(p);
    } else {
        printf("%s: %s\n", err.where, err.what);
    }
    hr_train_close(t);
    hearth_model_close(model);
    for (size_t i = 0; i < n_own; i++) free(own[i]);
    gw_free(&w);
}
T_TEST(adapters_over_every_format) {
    size_t n = 0;
    for (uint32_t type = 0; type < 64; type++) {
        if (hr_matmul_op(type) == HR_OP_COUNT) continue;
        if (!getenv("HEARTH_TRAIN_STEPS") || n % 6 == 0) /* an emulator checks every sixth */
            check_adapter_on("llama", type, 1 + (int)(n % 2), n % 3 == 2, n % 6 == 0 ? 6 : 2);
        n++;
    }
    T_CHECK(n >= 18);
}
T_TEST(adapters_over_sub_norms) { check_adapter_on("bitnet", HR_TYPE_Q4_0, 2, false, 6); }

T_MAIN(T_RUN(whole_models), T_RUN(adapters_over_every_format), T_RUN(adapters_over_sub_norms))
