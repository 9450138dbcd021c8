/* model_file.h: small whole models in memory for tests: a list of keys and tensors that can be changed, added to and
 * taken from, then written with gguf_writer.h. Weights are small pseudo-random values, so that what opens also computes.
 *
 *     mf f;
 *     mf_llama(&f, "llama");
 *     mf_u32(&f, "llama.block_count", 3);  mf_drop_tensor(&f, "output_norm.weight");
 *     gw w = mf_write(&f);   ... w.p, w.n ...   gw_free(&w); */
#ifndef HEARTH_MODEL_FILE_H
#define HEARTH_MODEL_FILE_H
#include "tests/gguf_writer.h"
#include "quant/formats.h"

enum { MF_KV = 64, MF_TENSORS = 128, MF_VALUE = 4096 };
enum { MF_LAYERS = 2, MF_D = 32, MF_HEADS = 4, MF_KV_HEADS = 2, MF_HEAD = 8, MF_FF = 48, MF_VOCAB = 40, MF_CTX = 64 };

typedef struct mf_kv {
    char key[96];
    uint32_t type;
    size_t n;
    uint8_t value[MF_VALUE]; /* as in the file, after the type */
} mf_kv;
typedef struct mf_tensor {
    char name[64];
    uint32_t type, n_dims;
    uint64_t dims[4];
} mf_tensor;
typedef struct mf {
    size_t n_kv, n_tensors;
    bool bad_factors; /* rope factors are written like weights, negative ones among them */
    mf_kv kv[MF_KV];
    mf_tensor tensors[MF_TENSORS];
} mf;

static inline mf_kv *mf_find(mf *f, const char *key) {
    for (size_t i = 0; i < f->n_kv; i++)
        if (strcmp(f->kv[i].key, key) == 0) return &f->kv[i];
    return NULL;
}
/* sets the value, replacing one that is there */
static inline void mf_set(mf *f, const char *key, uint32_t type, const void *value, size_t n) {
    mf_kv *k = mf_find(f, key);
    if (!k) k = &f->kv[f->n_kv++];
    if (f->n_kv > MF_KV || n > MF_VALUE) abort();
    snprintf(k->key, sizeof k->key, "%s", key);
    k->type = type;
    k->n = n;
    memcpy(k->value, value, n);
}
static inline void mf_set_gw(mf *f, const char *key, uint32_t type, gw *w) {
    mf_set(f, key, type, w->p, w->n);
    gw_free(w);
}
static inline void mf_u32(mf *f, const char *key, uint32_t v) {
    gw w = {0};
    gw_u32(&w, v);
    mf_set_gw(f, key, 4, &w);
}
static inline void mf_f32(mf *f, const char *key, float v) {
    gw w = {0};
    gw_f32(&w, v);
    mf_set_gw(f, key, 6, &w);
}
static inline void mf_bool(mf *f, const char *key, uint8_t v) { mf_set(f, key, 7, &v, 1); }
static inline void mf_str(mf *f, const char *key, const char *s) {
    gw w = {0};
    gw_text(&w, s);
    mf_set_gw(f, key, 8, &w);
}
/* an array of n u32 (or i32: elem 5) values */
static inline void mf_u32s(mf *f, const char *key, uint32_t elem, const uint32_t *v, size_t n) {
    gw w = {0};
    gw_u32(&w, elem), gw_u64(&w, n);
    for (size_t i = 0; i < n; i++) gw_u32(&w, v[i]);
    mf_set_gw(f, key, 9, &w);
}
static inline void mf_drop(mf *f, const char *key) {
    mf_kv *k = mf_find(f, key);
    if (k) *k = f->kv[--f->n_kv];
}
static inline mf_tensor *mf_find_tensor(mf *f, const char *name) {
    for (size_t i = 0; i < f->n_tensors; i++)
        if (strcmp(f->tensors[i].name, name) == 0) return &f->tensors[i];
    return NULL;
}
/* unused dimensions are 0 */
static inline mf_tensor *mf_tensor_add(mf *f, const char *name, uint32_t type, uint64_t d0, uint64_t d1, uint64_t d2) {
    mf_tensor *t = mf_find_tensor(f, name);
    if (!t) t = &f->tensors[f->n_tensors++];
    if (f->n_tensors > MF_TENSORS) abort();
    snprintf(t->name, sizeof t->name, "%s", name);
    t->type = type;
    t->dims[0] = d0;
    t->dims[1] = d1;
    t->dims[2] = d2;
    t->dims[3] = 0;
    t->n_dims = d2 ? 3 : d1 ? 2 : 1;
    return t;
}
static inline void mf_layer_tensor(mf *f, int layer, const char *base, uint64_t d0, uint64_t d1, uint64_t d2) {
    char name[64];
    snprintf(name, sizeof name, "blk.%d.%s", layer, base);
    mf_tensor_add(f, name, HR_TYPE_F32, d0, d1, d2);
}
static inline void mf_drop_tensor(mf *f, const char *name) {
    mf_tensor *t = mf_find_tensor(f, name);
    if (t) *t = f->tensors[--f->n_tensors];
}
/* drops "blk.*.<base>" of every layer */
static inline void mf_drop_layers(mf *f, const char *base) {
    char name[64];
    for (int i = 0; i < MF_LAYERS; i++) {
        snprintf(name, sizeof name, "blk.%d.%s", i, base);
        mf_drop_tensor(f, name);
    }
}

/* SentencePiece: unknown, begin, end, then single letters and a few pairs */
static inline void mf_vocab(mf *f) {
    gw tokens = {0}, scores = {0}, types = {0};
    gw_u32(&tokens, 8), gw_u64(&tokens, MF_VOCAB);
    gw_u32(&scores, 6), gw_u64(&scores, MF_VOCAB);
    gw_u32(&types, 5), gw_u64(&types, MF_VOCAB);
    for (int i = 0; i < MF_VOCAB; i++) {
        char text[16];
        if (i < 3) snprintf(text, sizeof text, "%s", i == 0 ? "<unk>" : i == 1 ? "<s>" : "</s>");
        else if (i == 3) snprintf(text, sizeof text, "\xe2\x96\x81");
        else if (i < 30) snprintf(text, sizeof text, "%c", 'a' + i - 4);
        else snprintf(text, sizeof text, "%c%c", 'a' + i - 30, 'b' + i - 30);
        gw_text(&tokens, text);
        gw_f32(&scores, -(float)i);
        gw_u32(&types, i == 0 ? 2 : i < 3 ? 3 : 1);
    }
    mf_str(f, "tokenizer.ggml.model", "llama");
    mf_set_gw(f, "tokenizer.ggml.tokens", 9, &tokens);
    mf_set_gw(f, "tokenizer.ggml.scores", 9, &scores);
    mf_set_gw(f, "tokenizer.ggml.token_type", 9, &types);
    mf_u32(f, "tokenizer.ggml.bos_token_id", 1);
    mf_u32(f, "tokenizer.ggml.eos_token_id", 2);
    mf_u32(f, "tokenizer.ggml.unknown_token_id", 0);
}
static inline void mf_arch_u32(mf *f, const char *arch, const char *suffix, uint32_t v) {
    char key[96];
    snprintf(key, sizeof key, "%s.%s", arch, suffix);
    mf_u32(f, key, v);
}
/* a llama-shaped model of that architecture's name: RMS norms, gated FFN, separate q, k, v, output of its own */
static inline void mf_llama(mf *f, const char *arch) {
    char key[96];
    memset(f, 0, sizeof *f);
    mf_str(f, "general.architecture", arch);
    mf_str(f, "general.name", "small");
    mf_arch_u32(f, arch, "block_count", MF_LAYERS);
    mf_arch_u32(f, arch, "context_length", MF_CTX);
    mf_arch_u32(f, arch, "embedding_length", MF_D);
    mf_arch_u32(f, arch, "feed_forward_length", MF_FF);
    mf_arch_u32(f, arch, "attention.head_count", MF_HEADS);
    mf_arch_u32(f, arch, "attention.head_count_kv", MF_KV_HEADS);
    snprintf(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", arch);
    mf_f32(f, key, 1e-5f);
    mf_vocab(f);
    mf_tensor_add(f, "token_embd.weight", HR_TYPE_F32, MF_D, MF_VOCAB, 0);
    mf_tensor_add(f, "output_norm.weight", HR_TYPE_F32, MF_D, 0, 0);
    mf_tensor_add(f, "output.weight", HR_TYPE_F32, MF_D, MF_VOCAB, 0);
    for (int i = 0; i < MF_LAYERS; i++) {
        mf_layer_tensor(f, i, "attn_norm.weight", MF_D, 0, 0);
        mf_layer_tensor(f, i, "attn_q.weight", MF_D, MF_HEADS * MF_HEAD, 0);
        mf_layer_tensor(f, i, "attn_k.weight", MF_D, MF_KV_HEADS * MF_HEAD, 0);
        mf_layer_tensor(f, i, "attn_v.weight", MF_D, MF_KV_HEADS * MF_HEAD, 0);
        mf_layer_tensor(f, i, "attn_output.weight", MF_HEADS * MF_HEAD, MF_D, 0);
        mf_layer_tensor(f, i, "ffn_norm.weight", MF_D, 0, 0);
        mf_layer_tensor(f, i, "ffn_gate.weight", MF_D, MF_FF, 0);
        mf_layer_tensor(f, i, "ffn_up.weight", MF_D, MF_FF, 0);
        mf_layer_tensor(f, i, "ffn_down.weight", MF_FF, MF_D, 0);
    }
}

static inline size_t mf_tensor_bytes(const mf_tensor *t) {
    const hr_format_info *f = hr_format_of(t->type);
    uint64_t rows = 1, bytes = 0;
    for (uint32_t i = 1; i < t->n_dims; i++) rows *= t->dims[i];
    if (!f || !hr_format_row_bytes(f, t->dims[0], &bytes)) return (size_t)(rows * t->dims[0] * 4);
    return (size_t)(rows * bytes);
}
static inline gw mf_write(const mf *f) {
    gw w = {0};
    uint64_t at = 0;
    uint32_t seed = 12345;
    gw_header(&w, 3, f->n_tensors, f->n_kv);
    for (size_t i = 0; i < f->n_kv; i++) {
        gw_key(&w, f->kv[i].key, f->kv[i].type);
        gw_bytes(&w, f->kv[i].value, f->kv[i].n);
    }
    for (size_t i = 0; i < f->n_tensors; i++) {
        const mf_tensor *t = &f->tensors[i];
        gw_tensor(&w, t->name, t->n_dims, t->dims, t->type, at);
        at += (mf_tensor_bytes(t) + 31) / 32 * 32;
    }
    gw_pad(&w, 32);
    for (size_t i = 0; i < f->n_tensors; i++) {
        const size_t n = mf_tensor_bytes(&f->tensors[i]);
        const bool factors = !f->bad_factors && strncmp(f->tensors[i].name, "rope_", 5) == 0;
        for (size_t j = 0; j + 4 <= n; j += 4) { /* F32 between -0.25 and 0.25; halves and quants: small scales too */
            seed = seed * 1664525u + 1013904223u;
            gw_f32(&w, factors ? 1.0f + (float)j : ((float)(seed >> 8) / 16777216.0f - 0.5f) * 0.5f);
        }
        gw_fill(&w, n % 4, 1);
        gw_pad(&w, 32);
    }
    return w;
}
#endif
