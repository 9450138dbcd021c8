/* test_archs_load.c: every file of data/archs and data/models loads, by mapping and in windows, with an exact plan, and
 * becomes the model that data/archs/README.md describes (its tables and "behaviour worth knowing" are the expected values,
 * copied here by hand); and small files of the architectures that have no file there. */
#include "tests/t.h"
#include "tests/model_file.h"
#include "engine/load.h"

typedef struct expect {
    const char *file;
    size_t d, layers, heads, kv, hd, window;
    const char *sliding; /* one letter a layer: s slides, - sees all; NULL: no window */
    size_t n_rot, experts, used;
    hr_rope_kind rope;
    hr_ffn_act act;
} expect;
static const expect expected[] = {
    {"llama-a", 64, 4, 4, 2, 16, 0, 0, 16, 0, 0, HR_ROPE_NORM, HR_FFN_SILU},
    {"llama-k", 256, 2, 4, 2, 16, 0, 0, 16, 0, 0, HR_ROPE_NORM, HR_FFN_SILU},
    {"llama-moe-a", 64, 4, 4, 2, 16, 0, 0, 16, 8, 2, HR_ROPE_NORM, HR_FFN_SILU},
    {"qwen2-a", 64, 4, 2, 1, 32, 0, 0, 32, 0, 0, HR_ROPE_NEOX, HR_FFN_SILU},
    {"qwen2moe-a", 64, 4, 4, 4, 16, 0, 0, 16, 8, 4, HR_ROPE_NEOX, HR_FFN_SILU},
    {"qwen3-a", 64, 5, 4, 2, 24, 0, 0, 24, 0, 0, HR_ROPE_NEOX, HR_FFN_SILU},
    {"qwen3moe-a", 64, 4, 4, 2, 20, 0, 0, 20, 8, 2, HR_ROPE_NEOX, HR_FFN_SILU},
    {"gemma2-a", 64, 4, 4, 2, 24, 32, "s-s-", 24, 0, 0, HR_ROPE_NEOX, HR_FFN_GELU_TANH},
    {"gemma3-a", 64, 7, 2, 1, 80, 32, "sssss-s", 80, 0, 0, HR_ROPE_NEOX, HR_FFN_GELU_TANH},
    {"phi3-a", 72, 4, 3, 1, 24, 32, "ssss", 24, 0, 0, HR_ROPE_NEOX, HR_FFN_SILU},
    {"granite-a", 64, 4, 4, 2, 16, 0, 0, 16, 0, 0, HR_ROPE_NORM, HR_FFN_SILU},
    {"smollm3-a", 80, 5, 5, 1, 16, 0, 0, 16, 0, 0, HR_ROPE_NORM, HR_FFN_SILU},
    {"stablelm-a", 64, 4, 2, 1, 32, 0, 0, 8, 0, 0, HR_ROPE_NEOX, HR_FFN_SILU},
    {"phi2-a", 80, 4, 2, 2, 40, 0, 0, 16, 0, 0, HR_ROPE_NEOX, HR_FFN_GELU_TANH},
    {"starcoder2-a", 64, 4, 4, 2, 16, 0, 0, 16, 0, 0, HR_ROPE_NEOX, HR_FFN_GELU_TANH},
    {"olmo2-a", 64, 4, 4, 4, 16, 0, 0, 16, 0, 0, HR_ROPE_NEOX, HR_FFN_SILU},
    {"gpt-oss-a", 64, 4, 4, 2, 32, 32, "s-s-", 32, 8, 4, HR_ROPE_NEOX, HR_FFN_SWIGLU_OAI},
    {"bert-a", 64, 4, 4, 4, 16, 0, 0, 0, 0, 0, HR_ROPE_NONE, HR_FFN_GELU_ERF},
    {"nomic-bert-a", 64, 4, 4, 4, 16, 0, 0, 16, 0, 0, HR_ROPE_NEOX, HR_FFN_SILU},
};

static hearth_model *open_both_ways(const char *path) {
    hearth_model *m = NULL;
    hearth_error e;
    hearth_plan p;
    for (uint32_t flags = HEARTH_MODEL_NO_MMAP;; flags = 0) {
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        c.flags = flags;
        c.threads = 2;
        if (!T_EQ_I(hearth_model_plan(path, &c, &p, &e), HEARTH_OK) || !T_EQ_I(hearth_model_open(path, &c, &m, &e), HEARTH_OK)) {
            printf("    %s: %s: %s\n", path, e.where, e.what);
            return NULL;
        }
        T_EQ_U(((const hr_model *)(const void *)m)->memory_bytes, p.total_bytes);
        if (!flags) return m;
        hearth_model_close(m);
    }
}
static const hr_model *inside(const hearth_model *m) { return (const hr_model *)(const void *)m; }

T_TEST(hyper_parameters_of_every_architecture) {
    size_t n = 0;
    for (size_t i = 0; i < HR_COUNT(expected); i++) {
        const expect *x = &expected[i];
        char name[64];
        snprintf(name, sizeof name, "archs/%s.gguf", x->file);
        const char *path = t_data(name);
        if (!path) continue;
        n++;
        hearth_model *m = open_both_ways(path);
        if (!m) continue;
        const hr_model *h = inside(m);
        const hr_hparams *hp = &h->hp;
        const bool same = T_EQ_U(hp->n_embd, x->d) && T_EQ_U(hp->n_layer, x->layers) && T_EQ_U(hp->n_head, x->heads) &&
                          T_EQ_U(hp->n_head_kv, x->kv) && T_EQ_U(hp->head_dim_k, x->hd) && T_EQ_U(hp->window, x->window) &&
                          T_EQ_U(hp->rope[0].n_rot, x->n_rot) && T_EQ_U(hp->n_expert, x->experts) &&
                          T_EQ_U(hp->n_expert_used, x->used) && T_EQ_U(hp->rope[0].kind, x->rope) && T_EQ_U(hp->act, x->act) &&
                          T_EQ_U(hp->n_vocab, 512) && T_EQ_U(hp->n_ctx_train, 512);
        for (size_t l = 0; l < hp->n_layer && same; l++)
            T_EQ_U(h->layers[l].sliding, x->sliding && x->sliding[l] == 's');
        if (!same) printf("    %s\n", x->file);
        hearth_model_close(m);
    }
    if (!n) T_SKIP("no data/archs");
}

#define OPEN(file)                                    \
    const char *path = t_data(file);                  \
    if (!path) T_SKIP("no data");                     \
    hearth_model *m = open_both_ways(path);           \
    T_NEED(m);                                        \
    const hr_hparams *hp = &inside(m)->hp;            \
    const hr_layer *layer = inside(m)->layers;        \
    (void)hp, (void)layer;
T_TEST(llama_details) {
    OPEN("archs/llama-a.gguf");
    T_CHECK(hp->rope[0].factors && hp->rope[0].factors == hp->rope[1].factors);
    T_NEAR(hp->rope[0].base, 500000, 0);
    T_NEAR(hp->attn_scale, 0.25, 0);
    T_CHECK(inside(m)->output.data != inside(m)->token_embd.data);
    T_CHECK(hp->causal && !hp->layer_norm && !hp->parallel_residual && !hp->post_norm && layer[0].rope);
    hearth_model_close(m);
}
T_TEST(llama_experts) {
    OPEN("archs/llama-moe-a.gguf");
    T_CHECK(hp->expert_renorm && hp->gating == HR_GATE_SOFTMAX && layer[0].gate_exps.n_mats == 8 && layer[0].down.rows == 0);
    T_EQ_U(hp->n_ff_expert, 24);
    hearth_model_close(m);
}
T_TEST(qwen_moe) {
    OPEN("archs/qwen2moe-a.gguf");
    T_CHECK(!hp->expert_renorm && layer[0].shexp_gate && layer[0].gate_shexp.rows == 32 && layer[0].q.bias && layer[0].v.bias);
    T_EQ_U(hp->n_ff_expert, 16);
    T_EQ_U(hp->n_ff_shexp, 32);
    hearth_model_close(m);
}
T_TEST(qwen3_norms) {
    OPEN("archs/qwen3moe-a.gguf");
    T_CHECK(hp->expert_renorm && layer[2].q_norm.n == 20 && layer[2].q_norm.heads == 1 && layer[2].k_norm.weight);
    hearth_model_close(m);
}
T_TEST(gemma_details) {
    OPEN("archs/gemma2-a.gguf");
    T_NEAR(hp->embedding_scale, 8, 0); /* sqrt(64) */
    T_NEAR(hp->attn_softcap, 4, 0);
    T_NEAR(hp->final_softcap, 6, 0);
    T_NEAR(hp->attn_scale, 1 / sqrt(24.0), 1e-8);
    T_CHECK(layer[0].attn_post_norm.weight && layer[0].ffn_post_norm.weight);
    hearth_model_close(m);
    m = open_both_ways(t_data("archs/gemma3-a.gguf"));
    T_NEED(m);
    hp = &inside(m)->hp;
    T_NEAR(hp->rope[0].base, 1e6, 0);
    T_NEAR(hp->rope[1].base, 1e4, 0);
    T_NEAR(hp->attn_softcap, 0, 0);
    T_CHECK(inside(m)->layers[0].q_norm.n == 80);
    hearth_model_close(m);
}
T_TEST(phi_details) {
    OPEN("archs/phi3-a.gguf");
    T_CHECK(hp->ffn_fused && layer[0].qkv.rows == 120 && layer[0].up.rows == 160 && layer[0].gate.rows == 0 &&
            layer[0].q.rows == 0);
    hearth_model_close(m);
    m = open_both_ways(t_data("archs/phi2-a.gguf"));
    T_NEED(m);
    const hr_model *h = inside(m);
    T_CHECK(h->hp.parallel_residual && h->hp.layer_norm && h->output.bias && h->layers[0].qkv.bias &&
            h->layers[0].attn_norm.bias &&
            h->layers[0].ffn_norm.n == 0);
    hearth_model_close(m);
}
T_TEST(granite_scales) {
    OPEN("archs/granite-a.gguf");
    T_NEAR(hp->embedding_scale, 6, 0);
    T_NEAR(hp->residual_scale, 0.35f, 0);
    T_NEAR(hp->logit_scale, 1 / 1.5, 1e-7);
    T_NEAR(hp->attn_scale, 0.11f, 0);
    hearth_model_close(m);
}
T_TEST(smollm3_and_stablelm_and_olmo2) {
    OPEN("archs/smollm3-a.gguf");
    for (size_t l = 0; l < 5; l++) T_EQ_U(layer[l].rope, l != 3);
    hearth_model_close(m);
    m = open_both_ways(t_data("archs/stablelm-a.gguf"));
    T_NEED(m);
    T_CHECK(inside(m)->hp.parallel_residual && inside(m)->hp.layer_norm && inside(m)->layers[0].q_norm.heads == 2 &&
            inside(m)->layers[0].q_norm.n == 32);
    hearth_model_close(m);
    m = open_both_ways(t_data("archs/olmo2-a.gguf"));
    T_NEED(m);
    T_CHECK(inside(m)->layers[0].q_norm.n == 64 && inside(m)->layers[0].attn_norm.n == 0 &&
            inside(m)->layers[0].attn_post_norm.n == 64);
    hearth_model_close(m);
}
T_TEST(gpt_oss_details) {
    OPEN("archs/gpt-oss-a.gguf");
    T_CHECK(hp->rope[0].scaling == HR_SCALING_YARN && hp->rope[1].scaling == HR_SCALING_YARN &&
            hp->gating == HR_GATE_SOFTMAX_CHOSEN);
    T_NEAR(hp->rope[0].factor, 8, 0);
    T_NEAR(hp->rope[0].orig_ctx, 64, 0);
    T_NEAR(hp->rope[0].ext_factor, 1, 0);
    T_NEAR(hp->rope[0].beta_fast, 32, 0);
    T_CHECK(layer[0].sinks && layer[0].ffn_norm.weight && layer[0].attn_post_norm.n == 0 && layer[0].down_exps.bias &&
            layer[0].router.bias);
    hearth_model_close(m);
}
T_TEST(encoders) {
    OPEN("archs/bert-a.gguf");
    T_CHECK(!hp->causal && hp->post_norm && hp->pooling == HEARTH_POOL_CLS && inside(m)->pos_embd && inside(m)->type_embd &&
            inside(m)->output.rows == 0 && !layer[0].rope && layer[0].ffn_post_norm.bias);
    hearth_model_info i;
    hearth_model_get_info(m, &i);
    T_EQ_I(i.is_encoder, 1);
    hearth_model_close(m);
    m = open_both_ways(t_data("archs/nomic-bert-a.gguf"));
    T_NEED(m);
    T_CHECK(inside(m)->hp.pooling == HEARTH_POOL_MEAN && inside(m)->layers[0].rope && inside(m)->layers[0].gate.rows == 96 &&
            inside(m)->layers[0].qkv.rows == 192);
    hearth_model_close(m);
}
T_TEST(all_models_load) {
    static const char *const files[] = {"models/stories260K.gguf", "models/stories260K-Q4_K.gguf", "models/stories260K-Q6_K.gguf",
        "models/bitstories-3M-f32.gguf", "models/bitstories-3M-Q8_0.gguf", "models/bitstories-3M-Q4_0.gguf",
        "models/bitstories-3M-Q4_K_M.gguf", "archs/llama-a-Q4_0.gguf", "archs/llama-a-Q8_0.gguf", "archs/llama-k-Q4_0.gguf",
        "archs/llama-k-Q4_K_M.gguf", "archs/llama-k-Q8_0.gguf", "archs/gemma3-a-Q4_0.gguf", "archs/gemma3-a-Q8_0.gguf"};
    size_t n = 0;
    for (size_t i = 0; i < HR_COUNT(files); i++) {
        const char *path = t_data(files[i]);
        if (!path) continue;
        hearth_model_close(open_both_ways(path));
        n++;
    }
    if (!n) T_SKIP("no model files");
}
T_TEST(vocabularies_load_without_tensors) {
    static const char *const names[] = {"bert-bge", "deepseek-coder", "deepseek-llm", "falcon", "gpt-2", "llama-spm", "llama3",
                                        "mpt",
                                        "phi-3", "qwen2", "refact", "starcoder"};
    size_t n = 0;
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        char name[64];
        hearth_model *m = NULL;
        hearth_error e;
        hearth_plan p;
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        snprintf(name, sizeof name, "tokenizers/vocab-%s.gguf", names[i]);
        const char *path = t_data(name);
        if (!path) continue;
        n++;
        c.flags = HEARTH_MODEL_VOCAB_ONLY;
        if (!T_EQ_I(hearth_model_open(path, &c, &m, &e), HEARTH_OK)) printf("    %s: %s: %s\n", name, e.where, e.what);
        if (!m) continue;
        T_EQ_I(hearth_model_plan(path, &c, &p, &e), HEARTH_OK);
        T_EQ_U(inside(m)->memory_bytes, p.total_bytes);
        hearth_model_close(m);
        c.flags = 0;
        T_CHECK(hearth_model_open(path, &c, &m, &e) != HEARTH_OK && m == NULL);
    }
    if (!n) T_SKIP("no vocabularies");
}

/* --- rows of the table without a file --------------------------------------------------------------------------------------- */
static const hr_model *open_written(const mf *f, hearth_model **m, gw *w) {
    hearth_error e;
    gw_free(w);
    *w = mf_write(f);
    if (!T_EQ_I(hearth_model_open_memory(w->p, w->n, NULL, m, &e), HEARTH_OK)) printf("    %s: %s\n", e.where, e.what);
    return inside(*m);
}
T_TEST(gemma_granitemoe_bitnet) {
    mf f;
    gw w = {0};
    hearth_model *m = NULL;
    mf_llama(&f, "gemma");
    mf_drop_tensor(&f, "output.weight");
    const hr_model *h = open_written(&f, &m, &w);
    if (h) T_CHECK(h->hp.act == HR_FFN_GELU_TANH && h->hp.embedding_scale > 5.656f && h->hp.embedding_scale < 5.657f &&
                   h->output.rows == MF_VOCAB);
    hearth_model_close(m);
    for (int i = 0; i < 2; i++) { /* bitnet-b1.58: squared ReLU; bitnet: SiLU */
        mf_llama(&f, i ? "bitnet" : "bitnet-b1.58");
        for (int l = 0; l < MF_LAYERS; l++) {
            mf_layer_tensor(&f, l, "attn_sub_norm.weight", MF_HEADS * MF_HEAD, 0, 0);
            mf_layer_tensor(&f, l, "ffn_sub_norm.weight", MF_FF, 0, 0);
        }
        mf_layer_tensor(&f, 1, "attn_q.scale", 1, 0, 0);
        h = open_written(&f, &m, &w);
        if (h) T_CHECK(h->hp.act == (i ? HR_FFN_SILU : HR_FFN_RELU2) && h->layers[1].q.scale != 1 && h->layers[0].q.scale == 1 &&
                       h->layers[1].ffn_sub_norm.n == MF_FF);
        hearth_model_close(m);
    }
    mf_llama(&f, "granitemoe");
    mf_drop_layers(&f, "ffn_gate.weight");
    mf_drop_layers(&f, "ffn_up.weight");
    mf_drop_layers(&f, "ffn_down.weight");
    mf_u32(&f, "granitemoe.expert_count", 4);
    mf_u32(&f, "granitemoe.expert_used_count", 2);
    for (int l = 0; l < MF_LAYERS; l++) {
        mf_layer_tensor(&f, l, "ffn_gate_inp.weight", MF_D, 4, 0);
        mf_layer_tensor(&f, l, "ffn_gate_exps.weight", MF_D, MF_FF, 4);
        mf_layer_tensor(&f, l, "ffn_up_exps.weight", MF_D, MF_FF, 4);
        mf_layer_tensor(&f, l, "ffn_down_exps.weight", MF_FF, MF_D, 4);
    }
    h = open_written(&f, &m, &w);
    if (h) T_CHECK(h->layers[0].up_exps.n_mats == 4 && h->hp.expert_renorm && h->layers[0].gate_shexp.rows == 0);
    hearth_model_close(m);
    gw_free(&w);
}
T_TEST(longrope_and_yarn) {
    mf f;
    gw w = {0};
    hearth_model *m = NULL;
    hearth_error e;
    mf_llama(&f, "llama");
    mf_str(&f, "llama.rope.scaling.type", "yarn");
    mf_f32(&f, "llama.rope.scaling.factor", 4);
    mf_f32(&f, "llama.rope.scaling.attn_factor", 1.25f);
    mf_f32(&f, "llama.rope.scaling.yarn_beta_fast", 16);
    const hr_model *h = open_written(&f, &m, &w);
    if (h) T_CHECK(h->hp.rope[0].factor == 4 && h->hp.rope[0].attn_factor == 1.25 && h->hp.rope[0].beta_fast == 16 &&
                   h->hp.rope[0].orig_ctx == MF_CTX);
    hearth_model_close(m);
    mf_llama(&f, "phi3");
    mf_drop_layers(&f, "ffn_gate.weight");
    for (int l = 0; l < MF_LAYERS; l++) mf_layer_tensor(&f, l, "ffn_up.weight", MF_D, 2 * MF_FF, 0);
    mf_tensor_add(&f, "rope_factors_long.weight", HR_TYPE_F32, MF_HEAD / 2, 0, 0);
    gw_free(&w);
    w = mf_write(&f);
    T_EQ_I(hearth_model_open_memory(w.p, w.n, NULL, &m, &e), HEARTH_E_FORMAT);
    T_EQ_STR(e.where, "rope_factors_short.weight");
    mf_tensor_add(&f, "rope_factors_short.weight", HR_TYPE_F32, MF_HEAD / 2, 0, 0);
    mf_str(&f, "phi3.rope.scaling.type", "longrope");
    mf_u32(&f, "phi3.rope.scaling.original_context_length", 16);
    mf_u32(&f, "phi3.attention.sliding_window", 2047); /* more than the context: no window at all */
    h = open_written(&f, &m, &w);
    if (h) {
        T_CHECK(h->hp.rope[1].scaling == HR_SCALING_LONGROPE && h->hp.rope[1].factors && h->hp.rope[0].factors_long);
        T_CHECK(h->hp.rope[0].orig_ctx == 16 && h->hp.window == 0 && !h->layers[0].sliding);
        T_NEAR(h->hp.rope[0].factors_long[1], 5, 0);
    }
    hearth_model_close(m);
    gw_free(&w);
}
static void experts(mf *f, const char *arch, uint32_t ff, uint32_t shared) {
    mf_llama(f, arch);
    mf_drop_layers(f, "ffn_gate.weight");
    mf_drop_layers(f, "ffn_up.weight");
    mf_drop_layers(f, "ffn_down.weight");
    mf_arch_u32(f, arch, "expert_count", 4);
    mf_arch_u32(f, arch, "expert_used_count", 2);
    for (int l = 0; l < MF_LAYERS; l++) {
        mf_layer_tensor(f, l, "ffn_gate_inp.weight", MF_D, 4, 0);
        mf_layer_tensor(f, l, "ffn_gate_exps.weight", MF_D, ff, 4);
        mf_layer_tensor(f, l, "ffn_up_exps.weight", MF_D, ff, 4);
        mf_layer_tensor(f, l, "ffn_down_exps.weight", ff, MF_D, 4);
        if (!shared) continue;
        mf_layer_tensor(f, l, "ffn_gate_shexp.weight", MF_D, shared, 0);
        mf_layer_tensor(f, l, "ffn_up_shexp.weight", MF_D, shared, 0);
        mf_layer_tensor(f, l, "ffn_down_shexp.weight", shared, MF_D, 0);
    }
}
static void refused(const mf *f, hearth_status status, const char *where) {
    gw w = mf_write(f);
    hearth_model *m = NULL;
    hearth_error e;
    if (!T_EQ_I(hearth_model_open_memory(w.p, w.n, NULL, &m, &e), status) || !T_CHECK(strstr(e.where, where)))
        printf("    %s: %s, wanted %s\n", e.where, e.what, where);
    hearth_model_close(m);
    gw_free(&w);
}
T_TEST(expert_keys) {
    mf f;
    gw w = {0};
    hearth_model *m = NULL;
    experts(&f, "llama", MF_FF, 0);
    mf_u32(&f, "llama.expert_gating_func", 2);
    mf_bool(&f, "llama.expert_weights_norm", 0);
    mf_f32(&f, "llama.expert_weights_scale", 2.5f);
    const hr_model *h = open_written(&f, &m, &w);
    if (h) T_CHECK(h->hp.gating == HR_GATE_SIGMOID && !h->hp.expert_renorm && h->hp.expert_scale == 2.5f);
    hearth_model_close(m);
    mf_u32(&f, "llama.expert_gating_func", 4);
    refused(&f, HEARTH_E_LIMIT, "expert_gating_func");
    experts(&f, "llama", MF_FF, 0);
    mf_u32(&f, "llama.expert_used_count", 5);
    refused(&f, HEARTH_E_FORMAT, "expert_used_count");
    mf_u32(&f, "llama.expert_used_count", 0);
    refused(&f, HEARTH_E_FORMAT, "expert_used_count");
    experts(&f, "llama", MF_FF, 0);
    mf_layer_tensor(&f, 1, "ffn_gate.weight", MF_D, MF_FF, 0); /* dense and experts: which is meant? */
    refused(&f, HEARTH_E_UNSUPPORTED, "blk.1.ffn_gate.weight");
    experts(&f, "llama", MF_FF, 0);
    mf_drop_tensor(&f, "blk.1.ffn_gate_inp.weight");
    refused(&f, HEARTH_E_FORMAT, "blk.1.ffn_gate_inp.weight");
    experts(&f, "llama", MF_FF, 0);
    mf_find_tensor(&f, "blk.0.ffn_up_exps.weight")->dims[2] = 3;
    refused(&f, HEARTH_E_FORMAT, "blk.0.ffn_up_exps.weight");
    experts(&f, "qwen2", MF_FF, 0);
    refused(&f, HEARTH_E_UNSUPPORTED, "qwen2.expert_count");
    experts(&f, "granitemoe", MF_FF, 24);
    mf_u32(&f, "granitemoe.expert_shared_feed_forward_length", 24);
    h = open_written(&f, &m, &w);
    if (h) T_CHECK(h->layers[1].down_shexp.k == 24 && !h->layers[1].shexp_gate);
    hearth_model_close(m);
    mf_drop(&f, "granitemoe.expert_shared_feed_forward_length");
    refused(&f, HEARTH_E_UNSUPPORTED, "shexp");
    experts(&f, "granitemoe", MF_FF, 0);
    mf_drop(&f, "granitemoe.expert_count");
    refused(&f, HEARTH_E_FORMAT, "expert_count");
    experts(&f, "qwen2moe", 20, 24); /* width by the key; 48 / 2 used would be 24 */
    mf_u32(&f, "qwen2moe.expert_feed_forward_length", 20);
    mf_u32(&f, "qwen2moe.expert_shared_feed_forward_length", 24);
    for (int l = 0; l < MF_LAYERS; l++) {
        mf_layer_tensor(&f, l, "attn_q.bias", MF_HEADS * MF_HEAD, 0, 0);
        mf_layer_tensor(&f, l, "attn_k.bias", MF_KV_HEADS * MF_HEAD, 0, 0);
        mf_layer_tensor(&f, l, "attn_v.bias", MF_KV_HEADS * MF_HEAD, 0, 0);
    }
    refused(&f, HEARTH_E_FORMAT, "blk.0.ffn_gate_inp_shexp.weight");
    for (int l = 0; l < MF_LAYERS; l++) mf_layer_tensor(&f, l, "ffn_gate_inp_shexp.weight", MF_D, 0, 0);
    h = open_written(&f, &m, &w);
    if (h) T_CHECK(h->hp.n_ff_expert == 20 && h->layers[0].shexp_gate);
    hearth_model_close(m);
    gw_free(&w);
}
T_TEST(windows_and_patterns) {
    mf f;
    gw w = {0};
    hearth_model *m = NULL;
    mf_llama(&f, "llama");
    mf_u32(&f, "llama.attention.sliding_window", 16);
    const hr_model *h = open_written(&f, &m, &w);
    if (h) T_CHECK(h->hp.window == 16 && h->layers[0].sliding && h->layers[1].sliding);
    hearth_model_close(m);
    mf_llama(&f, "qwen3");
    for (int l = 0; l < MF_LAYERS; l++) {
        mf_layer_tensor(&f, l, "attn_q_norm.weight", MF_HEAD, 0, 0);
        mf_layer_tensor(&f, l, "attn_k_norm.weight", MF_HEAD, 0, 0);
    }
    mf_u32(&f, "qwen3.attention.sliding_window", 16);
    refused(&f, HEARTH_E_UNSUPPORTED, "qwen3.attention.sliding_window");
    mf_drop(&f, "qwen3.attention.sliding_window");
    mf_drop_tensor(&f, "blk.1.attn_k_norm.weight");
    refused(&f, HEARTH_E_FORMAT, "blk.1.attn_k_norm.weight");
    mf_llama(&f, "olmo2");
    mf_drop_layers(&f, "attn_norm.weight");
    mf_drop_layers(&f, "ffn_norm.weight");
    for (int l = 0; l < MF_LAYERS; l++) {
        mf_layer_tensor(&f, l, "post_attention_norm.weight", MF_D, 0, 0);
        mf_layer_tensor(&f, l, "post_ffw_norm.weight", MF_D, 0, 0);
        mf_layer_tensor(&f, l, "attn_q_norm.weight", MF_HEADS * MF_HEAD, 0, 0);
        mf_layer_tensor(&f, l, "attn_k_norm.weight", MF_KV_HEADS * MF_HEAD, 0, 0);
    }
    mf_u32(&f, "olmo2.attention.sliding_window", 16);
    mf_str(&f, "olmo2.rope.scaling.type", "yarn");
    mf_f32(&f, "olmo2.rope.scaling.factor", 8);
    mf_f32(&f, "olmo2.rope.scaling.attn_factor", 1.2f);
    gw flags = {0}; /* an array of booleans: the second layer slides */
    gw_u32(&flags, 7), gw_u64(&flags, 2), gw_u8(&flags, 0), gw_u8(&flags, 1);
    mf_set_gw(&f, "olmo2.attention.sliding_window_pattern", 9, &flags);
    h = open_written(&f, &m, &w);
    if (h) {
        T_CHECK(!h->layers[0].sliding && h->layers[1].sliding && h->hp.rope[0].factor == 8 && h->hp.rope[1].factor == 1);
        T_CHECK(h->hp.rope[1].scaling == HR_SCALING_NONE && h->hp.rope[1].attn_factor == 1 && h->hp.rope[1].ext_factor == 0);
    }
    hearth_model_close(m);
    mf_u32(&f, "olmo2.attention.sliding_window_pattern", 2); /* a period: the first of two slides */
    h = open_written(&f, &m, &w);
    if (h) T_CHECK(h->layers[0].sliding && !h->layers[1].sliding);
    hearth_model_close(m);
    gw_free(&w);
}
T_TEST(stablelm_sequential) {
    mf f;
    gw w = {0};
    hearth_model *m = NULL;
    mf_llama(&f, "stablelm");
    mf_f32(&f, "stablelm.attention.layer_norm_epsilon", 1e-5f);
    for (int l = 0; l < MF_LAYERS; l++) mf_layer_tensor(&f, l, "ffn_norm.bias", MF_D, 0, 0);
    const hr_model *h = open_written(&f, &m, &w);
    if (h) T_CHECK(!h->hp.parallel_residual && h->layers[0].ffn_norm.bias && h->hp.layer_norm);
    hearth_model_close(m);
    mf_drop_tensor(&f, "blk.1.ffn_norm.bias");
    mf_drop_tensor(&f, "blk.1.ffn_norm.weight");
    refused(&f, HEARTH_E_FORMAT, "ffn_norm.weight");
    mf_drop_tensor(&f, "blk.0.ffn_norm.bias");
    mf_drop_tensor(&f, "blk.0.ffn_norm.weight");
    mf_layer_tensor(&f, 0, "attn_q_norm.weight", MF_HEAD, MF_HEADS, 0);
    refused(&f, HEARTH_E_FORMAT, "blk.0.attn_k_norm.weight");
    gw_free(&w);
}

T_MAIN(T_RUN(hyper_parameters_of_every_architecture), T_RUN(llama_details), T_RUN(llama_experts), T_RUN(qwen_moe),
       T_RUN(qwen3_norms),
       T_RUN(gemma_details), T_RUN(phi_details), T_RUN(granite_scales), T_RUN(smollm3_and_stablelm_and_olmo2),
           T_RUN(gpt_oss_details),
       T_RUN(encoders), T_RUN(all_models_load), T_RUN(vocabularies_load_without_tensors), T_RUN(gemma_granitemoe_bitnet),
       T_RUN(longrope_and_yarn), T_RUN(expert_keys), T_RUN(windows_and_patterns), T_RUN(stablelm_sequential))
