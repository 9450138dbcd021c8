/* Adapters: the logits with W and (A, B) are those of a file whose weights are W + s B A, merged here in double precision (an
 * independent path: that file runs without any adapter code); one answer for threads, kernels and batches; what is refused. */
#include "t.h"
#include "tests/model_file.h"
#include "tests/test_logits.h"
#include "engine/adapter.h"

enum { AD_RANK = 4, AD_IDS = 40 };
static const char *const adapted[] = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};

static void add_pair(mf *f, const mf *base, const char *name, uint32_t type, uint64_t rank) {
    char part[64];
    const mf_tensor *t = mf_find_tensor((mf *)(uintptr_t)base, name);
    snprintf(part, sizeof part, "%.50s.lora_a", name);
    mf_tensor_add(f, part, type, t->dims[0], rank, 0);
    snprintf(part, sizeof part, "%.50s.lora_b", name);
    mf_tensor_add(f, part, type, rank, t->dims[1], 0);
}
static void make_adapter(mf *f, const mf *base, uint32_t type, uint64_t rank) {
    char name[64];
    memset(f, 0, sizeof *f);
    mf_str(f, "general.type", "adapter");
    mf_str(f, "general.architecture", "llama");
    mf_str(f, "adapter.type", "lora");
    mf_f32(f, "adapter.lora.alpha", 2 * (float)rank);
    for (int i = 0; i < MF_LAYERS; i++) {
        for (size_t j = 0; j < sizeof adapted / sizeof adapted[0]; j++) {
            snprintf(name, sizeof name, "blk.%d.%s.weight", i, adapted[j]);
            add_pair(f, base, name, type, rank);
        }
    }
    add_pair(f, base, "output.weight", type, rank);
}
static uint8_t *data_of(const mf *f, const gw *w, const char *name) {
    size_t all = 0, at = 0;
    for (size_t i = 0; i < f->n_tensors; i++) {
        if (strcmp(f->tensors[i].name, name) == 0) at = all;
        all += (mf_tensor_bytes(&f->tensors[i]) + 31) / 32 * 32;
    }
    return w->p + w->n - all + at;
}
static float get_f32(const uint8_t *p, size_t i) {
    float v;
    memcpy(&v, p + 4 * i, 4);
    return v;
}
/* W += s B A for every pair of the adapter, in doubles, each weight rounded once */
static void merge_into(const mf *base, gw *w, const mf *f, const gw *lora, double s) {
    for (size_t i = 0; i < f->n_tensors; i += 2) {
        char name[64];
        const uint8_t *a = data_of(f, lora, f->tensors[i].name), *b = data_of(f, lora, f->tensors[i + 1].name);
        size_t k = (size_t)f->tensors[i].dims[0], rank = (size_t)f->tensors[i].dims[1], rows = (size_t)f->tensors[i + 1].dims[1];
        snprintf(name, sizeof name, "%.*s", (int)(strlen(f->tensors[i].name) - 7), f->tensors[i].name);
        uint8_t *p = data_of(base, w, name);
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < k; c++) {
                double sum = get_f32(p, r * k + c);
                for (size_t j = 0; j < rank; j++) sum += s * (double)get_f32(b, r * rank + j) * (double)get_f32(a, j * k + c);
                float v = (float)sum;
                memcpy(p + 4 * (r * k + c), &v, 4);
            }
        }
    }
}

typedef struct setting {
    logits_options o;
    float scale[2];
    size_t n;
} setting;
static void fill_ids(int32_t *ids) {
    for (int i = 0; i < AD_IDS; i++) ids[i] = (i * 7 + i * i) % MF_VOCAB;
}
/* logits [AD_IDS][MF_VOCAB] under n times the adapter at path */
static bool run_adapted(const gw *w, const char *path, const setting *x, float *out) {
    int32_t ids[AD_IDS];
    hearth_adapter *a[2] = {NULL, NULL};
    hearth_error err;
    bool ok = true;
    fill_ids(ids);
    hearth_model *model = logits_open(w->p, w->n, &x->o);
    hearth_session *s = model ? logits_session(model, MF_CTX, AD_IDS, &x->o) : NULL;
    for (size_t i = 0; i < x->n && s; i++)
        if (hearth_adapter_open(model, path, &a[i], &err) != HEARTH_OK) ok = T_FAIL("%s: %s", err.where, err.what);
    ok = ok && s && T_EQ_I(hearth_session_adapt(s, a, x->scale, x->n, &err), HEARTH_OK) &&
         logits_feed(s, ids, AD_IDS, MF_VOCAB, x->o.split, out);
    hearth_session_close(s);
    for (size_t i = 0; i < 2; i++) hearth_adapter_close(a[i]);
    hearth_model_close(model);
    return ok;
}

static float plain[AD_IDS * MF_VOCAB], first[AD_IDS * MF_VOCAB], other[AD_IDS * MF_VOCAB];

/* W + s B A is rounded to 24 bits once and the chain over k has its own roundings: both below 60 * 2^-24 of a sum of at most 48
 * terms of at most 0.5 * 2, 2e-4 in the worst case; measured 1e-6. A wrong scale or a pair left out changes logits by 0.05. */
T_TEST(as_merged) {
    mf base, f;
    mf_llama(&base, "llama");
    for (int rank = 1; rank <= 18; rank += rank == 1 ? 3 : 7) {
        make_adapter(&f, &base, HR_TYPE_F32, (uint64_t)rank);
        gw w = mf_write(&base), lora = mf_write(&f);
        const char *path = t_tmp("lora.gguf");
        T_CHECK(gw_save(&lora, path));
        setting none = {.n = 0}, one = {.scale = {0.75f}, .n = 1}, both = {.scale = {0.5f, 0.25f}, .n = 2};
        T_NEED(run_adapted(&w, path, &none, plain) && run_adapted(&w, path, &one, first));
        logits_distance far = logits_compare(plain, first, AD_IDS, MF_VOCAB);
        T_CHECK(far.max > 0.05);
        T_NEED(run_adapted(&w, path, &both, other));
        T_CHECK(logits_compare(first, other, AD_IDS, MF_VOCAB).max < 2e-4);
        merge_into(&base, &w, &f, &lora, 0.75 * 2);
        T_NEED(run_adapted(&w, path, &none, other));
        logits_distance d = logits_compare(other, first, AD_IDS, MF_VOCAB);
        printf("    rank %-2d max %.2e, from the model alone %.2f\n", rank, d.max, far.max);
        T_CHECK(d.max < 2e-4);
        gw_free(&w), gw_free(&lora);
    }
}

T_TEST(one_answer) {
    static const uint32_t types[] = {HR_TYPE_F32, HR_TYPE_F16, HR_TYPE_BF16};
    static const logits_options ways[] = {{.threads = 2}, {.threads = 3, .split = 7}, {.scalar = true}, {.split = 1},
                                          {.threads = 2, .batch = 5}, {.scalar = true, .threads = 2, .split = 17}};
    mf base, f;
    mf_llama(&base, "llama");
    gw w = mf_write(&base);
    for (size_t i = 0; i < 3; i++) {
        make_adapter(&f, &base, types[i], AD_RANK);
        gw lora = mf_write(&f);
        if (types[i] != HR_TYPE_F32) { /* halves of sane size out of any bits: exponents of 2^-3 and below */
            for (size_t j = 0; j < f.n_tensors; j++) {
                uint8_t *p = data_of(&f, &lora, f.tensors[j].name);
                for (size_t k = 1; k < mf_tensor_bytes(&f.tensors[j]); k += 2)
                    p[k] = (uint8_t)((p[k] & 0x83) | (types[i] == HR_TYPE_F16 ? 0x2c : 0x3c));
            }
        }
        const char *path = t_tmp("lora.gguf");
        T_CHECK(gw_save(&lora, path));
        setting x = {.scale = {1.5f, -0.5f}, .n = 2};
        T_NEED(run_adapted(&w, path, &x, first));
        for (size_t j = 0; j < sizeof ways / sizeof ways[0]; j++) {
            x.o = ways[j];
            T_NEED(run_adapted(&w, path, &x, other));
            T_EQ_MEM(first, other, sizeof first);
        }
        gw_free(&lora);
    }
    gw_free(&w);
}

static int open_changed(hearth_model *m, const mf *f, size_t cut) {
    hearth_adapter *a = NULL;
    hearth_error err;
    gw w = mf_write(f);
    if (cut) w.n = cut < w.n ? cut : w.n;
    const char *path = t_tmp("changed.gguf");
    T_CHECK(gw_save(&w, path));
    gw_free(&w);
    int status = hearth_adapter_open(m, path, &a, &err);
    T_CHECK((status == HEARTH_OK) == (a != NULL));
    hearth_adapter_close(a);
    return status;
}

T_TEST(refused) {
    static mf base, f, g;
    char hex[65];
    uint8_t digest[32];
    hearth_error err;
    mf_llama(&base, "llama");
    gw w = mf_write(&base);
    logits_options o = {0};
    hearth_model *m = logits_open(w.p, w.n, &o);
    T_NEED(m != NULL);
    make_adapter(&f, &base, HR_TYPE_F32, AD_RANK);
    g = f, T_EQ_I(open_changed(m, &g, 0), HEARTH_OK);
    g = f, mf_str(&g, "general.type", "model"), T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT);
    g = f, mf_str(&g, "adapter.type", "control"), T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT);
    g = f, mf_str(&g, "general.architecture", "qwen2"), T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT);
    g = f, mf_drop(&g, "adapter.type"), T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT);
    g = f, g.n_tensors--, T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT);
    g = f, mf_tensor_add(&g, "output.weight.lora_a", HR_TYPE_F32, MF_D + 1, AD_RANK, 0);
    T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT);
    g = f, mf_tensor_add(&g, "output.weight.lora_b", HR_TYPE_F32, AD_RANK + 1, MF_VOCAB, 0);
    T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT);
    g = f, add_pair(&g, &base, "token_embd.weight", HR_TYPE_F32, 2), T_EQ_I(open_changed(m, &g, 0), HEARTH_E_UNSUPPORTED);
    g = f, strcpy(mf_find_tensor(&g, "blk.1.attn_q.weight.lora_a")->name, "blk.7.attn_q.weight.lora_a");
    T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT); /* without its B */
    strcpy(mf_find_tensor(&g, "blk.1.attn_q.weight.lora_b")->name, "blk.7.attn_q.weight.lora_b");
    T_EQ_I(open_changed(m, &g, 0), HEARTH_E_UNSUPPORTED);
    g = f, strcpy(mf_find_tensor(&g, "blk.1.attn_q.weight.lora_a")->name, ".lora_a");
    T_EQ_I(open_changed(m, &g, 0), HEARTH_E_FORMAT);
    memset(hex, '0', 64), hex[64] = 0;
    g = f, mf_str(&g, HR_ADAPTER_BASE_KEY, hex), T_EQ_I(open_changed(m, &g, 0), HEARTH_E_STATE);
    T_EQ_I(hr_model_base_digest((hr_model *)(void *)m, digest, (hr_error *)(void *)&err), HR_OK);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    mf_str(&g, HR_ADAPTER_BASE_KEY, hex), T_EQ_I(open_changed(m, &g, 0), HEARTH_OK);
    for (size_t cut = 1; cut < 2600; cut += 13) T_CHECK(open_changed(m, &f, cut) != HEARTH_OK);
    hearth_model_close(m);
    gw_free(&w);
}

/* switching: only when empty; the plain model's bits come back; a context computed under one is not taken over by another */
T_TEST(switched) {
    static mf base, f;
    int32_t ids[AD_IDS];
    hearth_error err;
    hearth_adapter *a = NULL;
    logits_options o = {0};
    fill_ids(ids);
    mf_llama(&base, "llama");
    make_adapter(&f, &base, HR_TYPE_F32, AD_RANK);
    gw w = mf_write(&base), lora = mf_write(&f);
    const char *path = t_tmp("lora.gguf");
    T_CHECK(gw_save(&lora, path));
    hearth_model *m = logits_open(w.p, w.n, &o);
    hearth_session *s = logits_session(m, MF_CTX, AD_IDS, &o), *t = logits_session(m, MF_CTX, 2, &o);
    T_EQ_I(hearth_adapter_open(m, path, &a, &err), HEARTH_OK);
    T_NEED(a && s && t && logits_feed(s, ids, AD_IDS, MF_VOCAB, 0, plain));
    T_EQ_I(hearth_session_adapt(s, &a, NULL, 1, &err), HEARTH_E_STATE);
    T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
    T_EQ_I(hearth_session_adapt(s, &a, NULL, 1, &err), HEARTH_OK);
    T_NEED(logits_feed(s, ids, AD_IDS, MF_VOCAB, 0, first));
    T_CHECK(memcmp(plain, first, sizeof first) != 0);
    hearth_session *two[2] = {t, s};
    T_EQ_I(hearth_feed_together(two, ids, 2, &err), HEARTH_E_ARG);
    T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
    T_EQ_I(hearth_session_adapt(s, NULL, NULL, 0, &err), HEARTH_OK);
    T_NEED(logits_feed(s, ids, AD_IDS, MF_VOCAB, 0, other));
    T_EQ_MEM(plain, other, sizeof plain);
    hearth_session_close(s), hearth_session_close(t);
    hearth_adapter_close(a);
    hearth_model_close(m);
    gw_free(&w), gw_free(&lora);
}

typedef struct kept {
    char data[1 << 18];
    size_t n;
} kept;
static int keep(void *ctx, const char *p, size_t n) {
    kept *k = (kept *)ctx;
    if (n > sizeof k->data - k->n) return 1;
    memcpy(k->data + k->n, p, n);
    k->n += n;
    return 0;
}
/* a context saved under an adapter goes on under it, and is computed again without it, or at another scale */
T_TEST(saved_contexts) {
    static mf base, f;
    static kept k;
    static float after[MF_VOCAB];
    int32_t ids[AD_IDS];
    hearth_error err;
    hearth_adapter *a = NULL;
    logits_options o = {0};
    const size_t half = AD_IDS / 2;
    fill_ids(ids);
    mf_llama(&base, "llama");
    make_adapter(&f, &base, HR_TYPE_F32, AD_RANK);
    gw w = mf_write(&base), lora = mf_write(&f);
    const char *path = t_tmp("lora.gguf");
    T_CHECK(gw_save(&lora, path));
    hearth_model *m = logits_open(w.p, w.n, &o);
    hearth_session *s = logits_session(m, MF_CTX, AD_IDS, &o), *t = logits_session(m, MF_CTX, AD_IDS, &o);
    T_EQ_I(hearth_adapter_open(m, path, &a, &err), HEARTH_OK);
    T_NEED(a && s && t && logits_feed(t, ids, half + 1, MF_VOCAB, 0, plain));
    T_EQ_I(hearth_session_adapt(s, &a, NULL, 1, &err), HEARTH_OK);
    T_NEED(logits_feed(s, ids, half, MF_VOCAB, 0, first));
    T_EQ_I(hearth_session_save(s, NULL, 0, keep, &k, &err), HEARTH_OK);
    T_NEED(logits_feed(s, ids + half, 1, MF_VOCAB, 0, first));
    for (int way = 0; way < 3; way++) { /* the adapter, none, half of it */
        const float scale = way == 2 ? 0.5f : 1.0f;
        int how = -1;
        T_EQ_I(hearth_rewind(t, 0), HEARTH_OK);
        T_EQ_I(hearth_session_adapt(t, way == 1 ? NULL : &a, way == 1 ? NULL : &scale, way != 1, &err), HEARTH_OK);
        T_EQ_I(hearth_session_restore(t, NULL, 0, k.data, k.n, &how, &err), HEARTH_OK);
        T_EQ_I(how, way == 0 ? HEARTH_RESTORED : HEARTH_REPLAYED_ADAPTER);
        T_NEED(logits_feed(t, ids + half, 1, MF_VOCAB, 0, after));
        if (way == 0) T_EQ_MEM(after, first, sizeof after);
        if (way == 1) T_EQ_MEM(after, plain + half * MF_VOCAB, sizeof after);
        if (way == 2) T_CHECK(memcmp(after, first, sizeof after) != 0);
    }
    hearth_session_close(s), hearth_session_close(t);
    hearth_adapter_close(a);
    hearth_model_close(m);
    gw_free(&w), gw_free(&lora);
}
T_MAIN(T_RUN(as_merged), T_RUN(one_answer), T_RUN(refused), T_RUN(switched), T_RUN(saved_contexts))
