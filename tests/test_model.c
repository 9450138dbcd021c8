/* test_model.c: the loader. Small models are written by the test itself (model_file.h, by the format's description), then
 * broken in one place at a time: what must be refused, with which status and naming what, is in the tables below, which
 * follow planes.md 9.2 rules 8 to 13 and the rows of security/gguf_cves.md that the container cannot judge. */
#include "tests/t.h"
#include "tests/gguf_io.h"
#include "tests/model_file.h"
#include "engine/load.h"

static hearth_status open_file(const mf *f, const hearth_model_config *c, hearth_model **m, hearth_error *e) {
    static gw kept; /* a model in memory needs its bytes while it is open */
    gw_free(&kept);
    kept = mf_write(f);
    return hearth_model_open_memory(kept.p, kept.n, c, m, e);
}
/* open and plan both refuse, alike, and nothing is left */
static void refuses(const mf *f, hearth_status status, const char *where, const char *label) {
    hearth_model *m = (hearth_model *)&m;
    hearth_error e, pe;
    hearth_plan p;
    gw w = mf_write(f);
    hearth_allocator a = {gi_alloc, gi_free, NULL};
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    c.allocator = &a;
    c.threads = 1;
    gi.calls = gi.fail_at = 0;
    gi.live = 0;
    hearth_status s = hearth_model_open_memory(w.p, w.n, &c, &m, &e);
    if (!T_EQ_I(s, status) || !T_CHECK(m == NULL) || !T_CHECK(strstr(e.where, where)) || !T_EQ_I(e.status, s) ||
        !T_EQ_U(gi.live, 0))
        printf("    case %s: status %d, where '%s', what '%s', wanted %d '%s'\n", label, s, e.where, e.what, status, where);
    T_EQ_I(hearth_model_plan_memory(w.p, w.n, &c, &p, &pe), status);
    T_EQ_STR(pe.what, e.what);
    T_EQ_U(p.total_bytes, 0);
    if (m) hearth_model_close(m);
    gw_free(&w);
}
static bool opens(const mf *f, const char *label) {
    hearth_model *m = NULL;
    hearth_error e;
    hearth_status s = open_file(f, NULL, &m, &e);
    if (!T_EQ_I(s, HEARTH_OK)) printf("    case %s: %s: %s\n", label, e.where, e.what);
    hearth_model_close(m);
    return s == HEARTH_OK;
}

T_TEST(opens_and_tells) {
    mf f;
    hearth_model *m = NULL;
    hearth_error e;
    hearth_model_info i;
    char text[64];
    mf_llama(&f, "llama");
    T_NEED(open_file(&f, NULL, &m, &e) == HEARTH_OK);
    hearth_model_get_info(m, &i);
    T_EQ_STR(i.architecture, "llama");
    T_EQ_STR(i.name, "small");
    T_EQ_STR(i.tokenizer, "llama/default");
    T_EQ_I(i.n_vocab, MF_VOCAB);
    T_EQ_I(i.n_ctx_train, MF_CTX);
    T_EQ_I(i.n_embd, MF_D);
    T_EQ_I(i.n_layer, MF_LAYERS);
    T_EQ_I(i.n_head, MF_HEADS);
    T_EQ_I(i.n_head_kv, MF_KV_HEADS);
    T_EQ_I(i.bos, 1);
    T_EQ_I(i.eos, 2);
    T_EQ_I(i.is_encoder, 0);
    T_EQ_I(i.n_bad_kernels, 0);
    T_EQ_U(i.n_params, 2 * MF_D * MF_VOCAB + MF_D + MF_LAYERS * (2 * MF_D + 2 * MF_D * MF_HEADS * MF_HEAD +
                       2 * MF_D * MF_KV_HEADS * MF_HEAD + 3 * MF_D * MF_FF));
    T_CHECK(strlen(i.isa) > 0);
    T_EQ_I(hearth_model_meta(m, "llama.block_count", text, sizeof text), HEARTH_OK);
    T_EQ_STR(text, "2");
    T_EQ_I(hearth_model_meta(m, "general.name", text, 3), HEARTH_E_FULL);
    T_EQ_I(hearth_model_meta(m, "no.such.key", text, sizeof text), HEARTH_E_ARG);
    T_EQ_STR(text, "");
    hearth_model_close(m);
    hearth_model_close(NULL);
}

/* --- hyper-parameters --------------------------------------------------------------------------------------------------- */
enum { AS_U32, AS_F32, AS_BOOL, AS_STR, AS_ABSENT, AS_I32 };
typedef struct broken_key {
    const char *key;
    int as;
    double value;
    const char *text;
    hearth_status status;
    const char *where; /* NULL: the key itself */
} broken_key;
static void break_key(mf *f, const broken_key *b) {
    const uint8_t minus[4] = {0xfe, 0xff, 0xff, 0xff};
    if (b->as == AS_U32) mf_u32(f, b->key, (uint32_t)b->value);
    if (b->as == AS_F32) mf_f32(f, b->key, (float)b->value);
    if (b->as == AS_BOOL) mf_bool(f, b->key, (uint8_t)b->value);
    if (b->as == AS_STR) mf_str(f, b->key, b->text);
    if (b->as == AS_ABSENT) mf_drop(f, b->key);
    if (b->as == AS_I32) mf_set(f, b->key, 5, minus, 4);
}
#define F HEARTH_E_FORMAT
#define L HEARTH_E_LIMIT
#define U HEARTH_E_UNSUPPORTED
static const broken_key broken_keys[] = {
    {"general.architecture", AS_ABSENT, 0, 0, F, 0}, {"general.architecture", AS_U32, 5, 0, F, 0},
    {"general.architecture", AS_STR, 0, "gpt9", U, 0}, {"general.type", AS_STR, 0, "adapter", U, 0},
    {"llama.block_count", AS_ABSENT, 0, 0, F, 0}, {"llama.block_count", AS_U32, 0, 0, F, 0},
    {"llama.block_count", AS_U32, 513, 0, L, 0}, {"llama.block_count", AS_U32, 4294967295.0, 0, L, 0},
    {"llama.block_count", AS_STR, 0, "2", F, 0}, {"llama.block_count", AS_I32, 0, 0, F, 0},
    {"llama.block_count", AS_F32, 2, 0, F, 0}, {"llama.block_count", AS_U32, 1, 0, F, "blk.1."},
    {"llama.block_count", AS_U32, 3, 0, F, "blk.2."},
    {"llama.context_length", AS_ABSENT, 0, 0, F, 0}, {"llama.context_length", AS_U32, 0, 0, F, 0},
    {"llama.context_length", AS_U32, 4294967295.0, 0, L, 0},
    {"llama.embedding_length", AS_ABSENT, 0, 0, F, 0}, {"llama.embedding_length", AS_U32, 0, 0, F, 0},
    {"llama.embedding_length", AS_U32, 1 << 20, 0, L, 0}, {"llama.embedding_length", AS_U32, 40, 0, F, "weight"},
    {"llama.embedding_length", AS_U32, 34, 0, F, "llama.attention.head_count"},
    {"llama.feed_forward_length", AS_ABSENT, 0, 0, F, 0}, {"llama.feed_forward_length", AS_U32, 0, 0, F, 0},
    {"llama.feed_forward_length", AS_U32, 49, 0, F, "ffn_gate.weight"},
    {"llama.attention.head_count", AS_ABSENT, 0, 0, F, 0}, {"llama.attention.head_count", AS_U32, 0, 0, F, 0},
    {"llama.attention.head_count", AS_U32, 5000, 0, L, 0}, {"llama.attention.head_count", AS_U32, 8, 0, F, "weight"},
    {"llama.attention.head_count_kv", AS_U32, 0, 0, F, 0}, {"llama.attention.head_count_kv", AS_U32, 3, 0, F, 0},
    {"llama.attention.head_count_kv", AS_U32, 8, 0, F, 0}, {"llama.attention.head_count_kv", AS_ABSENT, 0, 0, F, "attn_k"},
    {"llama.attention.key_length", AS_U32, 10, 0, F, "attn_q"}, {"llama.attention.key_length", AS_U32, 70000, 0, L, 0},
    {"llama.attention.key_length", AS_U32, 0, 0, F, 0}, {"llama.attention.value_length", AS_U32, 4, 0, F, "attn_v"},
    {"llama.attention.layer_norm_rms_epsilon", AS_ABSENT, 0, 0, F, 0},
    {"llama.attention.layer_norm_rms_epsilon", AS_F32, NAN, 0, F, 0},
    {"llama.attention.layer_norm_rms_epsilon", AS_F32, -1, 0, F, 0},
    {"llama.attention.layer_norm_rms_epsilon", AS_F32, 0, 0, F, 0},
    {"llama.attention.layer_norm_rms_epsilon", AS_F32, 1e9, 0, F, 0},
    {"llama.attention.scale", AS_F32, INFINITY, 0, F, 0}, {"llama.attention.scale", AS_F32, -1, 0, F, 0},
    {"llama.attention.causal", AS_BOOL, 0, 0, U, 0}, {"llama.attention.max_alibi_bias", AS_F32, 8, 0, U, 0},
    {"llama.attention.clamp_kqv", AS_F32, 8, 0, U, 0}, {"llama.attention.q_lora_rank", AS_U32, 8, 0, U, 0},
    {"llama.vocab_size", AS_U32, 41, 0, F, "vocab_size"}, {"llama.pooling_type", AS_U32, 4, 0, U, 0},
    {"llama.pooling_type", AS_U32, 9, 0, L, 0}, {"llama.rope.dimension_count", AS_U32, 7, 0, F, 0},
    {"llama.rope.dimension_count", AS_U32, 10, 0, L, 0}, {"llama.rope.dimension_count", AS_U32, 0, 0, F, 0},
    {"llama.rope.freq_base", AS_F32, NAN, 0, F, 0}, {"llama.rope.freq_base", AS_F32, 0, 0, F, 0},
    {"llama.rope.freq_base", AS_F32, INFINITY, 0, F, 0}, {"llama.rope.scaling.type", AS_STR, 0, "dynamic", U, 0},
    {"llama.rope.scaling.type", AS_U32, 1, 0, F, 0}, {"llama.rope.scaling.factor", AS_F32, -2, 0, F, 0},
    {"llama.rope.scaling.factor", AS_F32, INFINITY, 0, F, 0}, {"llama.rope.scaling.type", AS_STR, 0, "longrope", F, "rope_fact"},
    {"llama.rope.scaling.original_context_length", AS_U32, 0, 0, F, 0},
    {"llama.expert_count", AS_U32, 513, 0, L, 0}, {"llama.expert_count", AS_U32, 4, 0, F, "llama.expert_used_count"},
    {"llama.logit_scale", AS_F32, 2, 0, U, 0}, {"llama.embedding_scale", AS_F32, 2, 0, U, 0},
    {"llama.tensor_data_layout", AS_STR, 0, "odd", U, 0}, {"llama.attention.sliding_window_pattern", AS_U32, 0, 0, F, 0},
    {"llama.attn_logit_softcapping", AS_F32, -5, 0, F, 0}, {"llama.final_logit_softcapping", AS_F32, NAN, 0, F, 0},
    {"llama.nextn_predict_layers", AS_U32, 1, 0, U, 0}, {"llama.rope.freq_base_swa", AS_F32, 0.5, 0, F, 0},
    {"llama.attention.key_length_swa", AS_U32, 4, 0, U, 0},
    /* tokenizer: types, counts, special ids (planes.md rule 13; PR 25475, 25508 of the CVE table) */
    {"tokenizer.ggml.model", AS_STR, 0, "rwkv", U, 0}, {"tokenizer.ggml.model", AS_U32, 1, 0, F, 0},
    {"tokenizer.ggml.model", AS_STR, 0, "t5", U, 0},
    {"tokenizer.ggml.tokens", AS_ABSENT, 0, 0, F, 0}, {"tokenizer.ggml.tokens", AS_STR, 0, "a", F, 0},
    {"tokenizer.ggml.bos_token_id", AS_U32, MF_VOCAB, 0, F, 0}, {"tokenizer.ggml.eos_token_id", AS_U32, 1e6, 0, F, 0},
    {"tokenizer.ggml.unknown_token_id", AS_I32, 0, 0, F, 0}, {"tokenizer.ggml.eot_token_id", AS_U32, 4294967294.0, 0, F, 0},
    {"tokenizer.ggml.seperator_token_id", AS_STR, 0, "2", F, 0}, {"tokenizer.ggml.add_bos_token", AS_U32, 2, 0, F, 0},
    {"tokenizer.ggml.scores", AS_STR, 0, "x", F, 0},
};
T_TEST(every_hyper_parameter_is_checked) {
    for (size_t i = 0; i < HR_COUNT(broken_keys); i++) {
        mf f;
        char label[128];
        const broken_key *b = &broken_keys[i];
        snprintf(label, sizeof label, "%zu: %s as %d = %g %s", i, b->key, b->as, b->value, b->text ? b->text : "");
        mf_llama(&f, "llama");
        break_key(&f, b);
        refuses(&f, b->status, b->where ? b->where : b->key, label);
    }
}
/* what the format's writers do write, and what means nothing else */
static const broken_key harmless_keys[] = {
    {"llama.attention.key_length", AS_U32, 8, 0, 0, 0}, {"llama.attention.value_length", AS_U32, 8, 0, 0, 0},
    {"llama.rope.dimension_count", AS_U32, 4, 0, 0, 0}, {"llama.rope.scaling.type", AS_STR, 0, "none", 0, 0},
    {"llama.rope.scaling.type", AS_STR, 0, "yarn", 0, 0}, {"llama.rope.scaling.factor", AS_F32, 0, 0, 0, 0},
    {"llama.rope.scale_linear", AS_F32, 4, 0, 0, 0}, {"llama.vocab_size", AS_U32, MF_VOCAB, 0, 0, 0},
    {"llama.expert_count", AS_U32, 0, 0, 0, 0}, {"llama.attention.max_alibi_bias", AS_F32, 0, 0, 0, 0},
    {"llama.tensor_data_layout", AS_STR, 0, "Meta AI original pth", 0, 0}, {"llama.attention.sliding_window", AS_U32, 16, 0, 0,
                                                                            0},
    {"llama.attention.causal", AS_BOOL, 1, 0, 0, 0}, {"llama.pooling_type", AS_U32, 3, 0, 0, 0},
    {"tokenizer.ggml.padding_token_id", AS_U32, 4294967295.0, 0, 0, 0}, {"tokenizer.ggml.bos_token_id", AS_ABSENT, 0, 0, 0, 0},
    {"tokenizer.ggml.token_type", AS_ABSENT, 0, 0, 0, 0}, {"tokenizer.ggml.pre", AS_STR, 0, "default", 0, 0},
    {"general.type", AS_STR, 0, "model", 0, 0}, {"llama.unheard_of", AS_U32, 7, 0, 0, 0}, {"general.name", AS_ABSENT, 0, 0, 0, 0},
};
T_TEST(harmless_keys_are_accepted) {
    for (size_t i = 0; i < HR_COUNT(harmless_keys); i++) {
        mf f;
        mf_llama(&f, "llama");
        break_key(&f, &harmless_keys[i]);
        opens(&f, harmless_keys[i].key);
    }
}

T_TEST(per_layer_arrays) {
    mf f;
    hearth_model *m = NULL;
    hearth_error e;
    mf_llama(&f, "llama");
    mf_u32s(&f, "llama.attention.head_count_kv", 5, (uint32_t[]){2, 4}, 2);
    mf_u32s(&f, "llama.feed_forward_length", 4, (uint32_t[]){MF_FF, 20}, 2);
    refuses(&f, F, "blk.1.attn_k.weight", "array of kv heads against the tensors");
    mf_layer_tensor(&f, 1, "attn_k.weight", MF_D, 32, 0);
    mf_layer_tensor(&f, 1, "attn_v.weight", MF_D, 32, 0);
    refuses(&f, F, "blk.1.ffn_gate.weight", "array of widths against the tensors");
    mf_layer_tensor(&f, 1, "ffn_gate.weight", MF_D, 20, 0);
    mf_layer_tensor(&f, 1, "ffn_up.weight", MF_D, 20, 0);
    mf_layer_tensor(&f, 1, "ffn_down.weight", 20, MF_D, 0);
    T_NEED(open_file(&f, NULL, &m, &e) == HEARTH_OK);
    const hr_model *h = (const hr_model *)(const void *)m;
    T_EQ_U(h->layers[0].n_head_kv, 2);
    T_EQ_U(h->layers[1].n_head_kv, 4);
    T_EQ_U(h->layers[1].n_ff, 20);
    T_EQ_U(h->hp.n_head_kv, 4);
    T_EQ_U(h->hp.n_ff, MF_FF);
    hearth_model_close(m);
    mf_u32s(&f, "llama.attention.head_count_kv", 5, (uint32_t[]){2, 4, 4}, 3);
    refuses(&f, F, "llama.attention.head_count_kv", "an array too long");
    mf_u32s(&f, "llama.attention.head_count_kv", 5, (uint32_t[]){2}, 1);
    refuses(&f, F, "llama.attention.head_count_kv", "an array too short");
    mf_u32s(&f, "llama.attention.head_count_kv", 5, (uint32_t[]){2, 0}, 2);
    refuses(&f, F, "llama.attention.head_count_kv", "a layer without kv heads");
    mf_u32s(&f, "llama.attention.head_count_kv", 5, (uint32_t[]){2, (uint32_t)-4}, 2);
    refuses(&f, F, "llama.attention.head_count_kv", "a negative count");
}

/* --- tensors ---------------------------------------------------------------------------------------------------------------- */
T_TEST(every_tensor_is_needed_and_measured) {
    mf whole, f;
    mf_llama(&whole, "llama");
    for (size_t i = 0; i < whole.n_tensors; i++) {
        const char *name = whole.tensors[i].name;
        const bool head = strcmp(name, "output.weight") == 0;
        f = whole;
        mf_drop_tensor(&f, name);
        if (head) opens(&f, "tied output");
        else refuses(&f, F, name, "a tensor is missing");
        for (uint32_t d = 0; d < whole.tensors[i].n_dims; d++) {
            f = whole;
            f.tensors[i].dims[d] += 4;
            refuses(&f, F, strcmp(name, "token_embd.weight") == 0 && d == 1 ? "tok" : name, "a dimension is too large");
        }
        f = whole;
        f.tensors[i].dims[f.tensors[i].n_dims++] = 2;
        refuses(&f, F, name, "a dimension too many");
        f = whole;
        f.tensors[i].type = 26; /* I32: known to the format, not run */
        refuses(&f, U, name, "a type that is not run");
    }
}
T_TEST(types_that_vectors_and_matrices_may_have) {
    mf f;
    for (int type = 0; type <= 30; type += type == 0 ? 1 : 29) { /* F32, F16, BF16 */
        mf_llama(&f, "llama");
        for (size_t i = 0; i < f.n_tensors; i++) f.tensors[i].type = (uint32_t)type;
        opens(&f, "all of one float type");
    }
    mf_llama(&f, "llama");
    mf_find_tensor(&f, "output_norm.weight")->type = HR_TYPE_Q8_0;
    refuses(&f, U, "output_norm.weight", "a quantized norm");
    mf_llama(&f, "llama");
    mf_find_tensor(&f, "blk.1.attn_q.weight")->type = HR_TYPE_Q8_0;
    opens(&f, "one quantized matrix");
    mf_find_tensor(&f, "blk.1.attn_q.weight")->type = 16; /* IQ2_XXS needs rows of 256 */
    refuses(&f, F, "blk.1.attn_q.weight", "rows that are no whole blocks");
}
T_TEST(unknown_tensors_are_refused_by_name) {
    static const char *const odd[] = {"blk.0.attn_magic.weight", "extra.weight", "blk.0.attn_q.weights", "blk.00.attn_q.weight",
                                      "blk.2.attn_q.weight", "blk.999.attn_q.weight", "blk.-1.attn_q.weight", "blk.attn_q.weight",
                                      "output_norm.bias", "blk.0.attn_q.scale", "blk.0.ffn_gate.0.weight",
                                          "blk.0.post_ffw_norm.weight",
                                      "token_types.weight", "blk.0.ffn_gate_exps.weight", "attn_q.weight",
                                          "blk.0.token_embd.weight"};
    for (size_t i = 0; i < HR_COUNT(odd); i++) {
        mf f;
        mf_llama(&f, "llama");
        mf_tensor_add(&f, odd[i], HR_TYPE_F32, 32, 0, 0);
        refuses(&f, strcmp(odd[i], "blk.2.attn_q.weight") == 0 || strcmp(odd[i], "blk.999.attn_q.weight") == 0 ? F : U, odd[i],
                odd[i]);
    }
    mf f;
    mf_llama(&f, "llama");
    mf_tensor_add(&f, "blk.0.attn_rot_embd.weight", HR_TYPE_F32, 4, 0, 0);
    opens(&f, "a tensor of old files that nobody reads");
}
T_TEST(biases_and_factors) {
    mf f;
    hearth_model *m = NULL;
    hearth_error e;
    mf_llama(&f, "llama");
    mf_tensor_add(&f, "blk.0.attn_q.bias", HR_TYPE_F32, MF_HEADS * MF_HEAD, 0, 0);
    mf_tensor_add(&f, "rope_freqs.weight", HR_TYPE_F32, MF_HEAD / 2, 0, 0);
    f.bad_factors = true;
    refuses(&f, F, "rope_freqs.weight", "factors that are not positive");
    f.bad_factors = false;
    opens(&f, "factors");
    mf_tensor_add(&f, "rope_freqs.weight", HR_TYPE_F32, MF_HEAD / 2 + 1, 0, 0);
    refuses(&f, F, "rope_freqs.weight", "a factor too many");
    mf_drop_tensor(&f, "rope_freqs.weight");
    T_NEED(open_file(&f, NULL, &m, &e) == HEARTH_OK);
    const hr_model *h = (const hr_model *)(const void *)m;
    T_CHECK(h->layers[0].q.bias && !h->layers[1].q.bias && !h->layers[0].k.bias);
    hearth_model_close(m);
    mf_tensor_add(&f, "blk.0.attn_q.bias", HR_TYPE_F32, MF_HEADS * MF_HEAD + 1, 0, 0);
    refuses(&f, F, "blk.0.attn_q.bias", "a bias too long");
    mf_llama(&f, "qwen2");
    refuses(&f, F, "blk.0.attn_q.bias", "qwen2 has biases");
}
#undef F
#undef L
#undef U

/* --- vocabulary ------------------------------------------------------------------------------------------------------------- */
T_TEST(vocabulary_arrays) {
    mf f;
    uint32_t v[MF_VOCAB + 1] = {0};
    mf_llama(&f, "llama");
    mf_u32s(&f, "tokenizer.ggml.token_type", 5, v, MF_VOCAB - 1);
    refuses(&f, HEARTH_E_FORMAT, "tokenizer.ggml.token_type", "a type too few");
    mf_u32s(&f, "tokenizer.ggml.token_type", 6, v, MF_VOCAB);
    refuses(&f, HEARTH_E_FORMAT, "tokenizer.ggml.token_type", "types as floats");
    mf_llama(&f, "llama");
    mf_u32s(&f, "tokenizer.ggml.scores", 6, v, MF_VOCAB + 1);
    refuses(&f, HEARTH_E_FORMAT, "tokenizer.ggml.scores", "a score too many");
    gw w = {0};
    gw_u32(&w, 1), gw_u64(&w, MF_VOCAB), gw_fill(&w, MF_VOCAB, 1);
    mf_set(&f, "tokenizer.ggml.scores", 9, w.p, w.n);
    refuses(&f, HEARTH_E_FORMAT, "tokenizer.ggml.scores", "scores as i8 (PR 26690)");
    mf_llama(&f, "llama");
    mf_set(&f, "tokenizer.ggml.token_type", 9, w.p, w.n);
    refuses(&f, HEARTH_E_FORMAT, "tokenizer.ggml.token_type", "types as i8");
    gw_free(&w);
    mf_llama(&f, "llama");
    mf_find_tensor(&f, "token_embd.weight")->dims[1]++;
    refuses(&f, HEARTH_E_FORMAT, "tokenizer.ggml.tokens", "a row more than tokens");
}
T_TEST(no_tokenizer_means_ids_only) {
    mf f;
    hearth_model *m = NULL;
    hearth_error e;
    size_t n = 9;
    int32_t id;
    char c;
    mf_llama(&f, "llama");
    mf_drop(&f, "tokenizer.ggml.model");
    T_NEED(open_file(&f, NULL, &m, &e) == HEARTH_OK);
    T_EQ_I(hearth_tokenize(m, "a", 1, 0, &id, 1, &n, &e), HEARTH_E_STATE);
    T_EQ_U(n, 0);
    T_EQ_I(hearth_detokenize(m, &id, 1, 0, &c, 1, &n, &e), HEARTH_E_STATE);
    T_CHECK(hearth_token_text(m, 0, &n) == NULL);
    T_EQ_I(hearth_token_ends(m, 2), 0);
    hearth_model_info i;
    hearth_model_get_info(m, &i);
    T_EQ_I(i.bos, -1);
    T_EQ_I(i.n_vocab, MF_VOCAB);
    T_EQ_STR(i.tokenizer, "");
    hearth_session *s = NULL;
    T_NEED(hearth_session_open(m, NULL, &s, &e) == HEARTH_OK);
    id = 5;
    T_EQ_I(hearth_feed(s, &id, 1, 1, &e), HEARTH_OK);
    T_CHECK(hearth_logits(s, 0) != NULL);
    T_EQ_I(hearth_generate(s, "a", 1, NULL, NULL, NULL, NULL, &e), HEARTH_E_STATE);
    hearth_session_close(s);
    hearth_model_close(m);
}
T_TEST(text_calls) {
    mf f;
    hearth_model *m = NULL;
    hearth_error e;
    int32_t ids[8];
    size_t n = 0, size = 0;
    char text[16];
    mf_llama(&f, "llama");
    T_NEED(open_file(&f, NULL, &m, &e) == HEARTH_OK);
    T_EQ_I(hearth_tokenize(m, "ab", 2, HEARTH_TOK_SPECIAL, ids, 8, &n, &e), HEARTH_OK);
    T_EQ_U(n, 3);       /* <s>, the space prefix, "ab" (token 30) */
    T_EQ_I(ids[0], 1);
    T_EQ_I(ids[1], 3);
    T_EQ_I(ids[2], 30);
    T_EQ_I(hearth_detokenize(m, ids, 3, 0, text, sizeof text, &size, &e), HEARTH_OK);
    T_EQ_U(size, 2);
    T_EQ_MEM(text, "ab", 2);
    T_EQ_I(hearth_detokenize(m, ids, 3, 0, text, 1, &size, &e), HEARTH_E_FULL);
    T_EQ_U(size, 2);
    T_EQ_I(hearth_tokenize(m, "ab", 2, 0, ids, 1, &n, &e), HEARTH_E_FULL);
    T_EQ_U(n, 2);
    T_EQ_I(hearth_tokenize(m, "ab", 2, 1u << 20, ids, 8, &n, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_tokenize(m, NULL, 2, 0, ids, 8, &n, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_tokenize(NULL, "ab", 2, 0, ids, 8, &n, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_tokenize(m, "ab", 2, 0, NULL, 8, &n, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_tokenize(m, "ab", 2, 0, ids, 8, NULL, &e), HEARTH_E_ARG);
    ids[0] = MF_VOCAB;
    T_EQ_I(hearth_detokenize(m, ids, 1, 0, text, sizeof text, &size, &e), HEARTH_E_ARG);
    ids[0] = -1;
    T_EQ_I(hearth_detokenize(m, ids, 1, 0, text, sizeof text, &size, &e), HEARTH_E_ARG);
    T_EQ_MEM(hearth_token_text(m, 30, &size), "ab", 2);
    T_EQ_U(size, 2);
    T_CHECK(hearth_token_text(m, -1, NULL) == NULL);
    T_EQ_I(hearth_token_ends(m, 2), 1);
    T_EQ_I(hearth_token_ends(m, 5), 0);
    hearth_model_close(m);
}
T_TEST(vocabulary_only) {
    hearth_model *m = NULL;
    hearth_error e;
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_model_info i;
    hearth_plan p;
    mf f;
    mf_llama(&f, "falcon"); /* an architecture that is not run, without tensors */
    f.n_tensors = 0;
    c.flags = HEARTH_MODEL_VOCAB_ONLY;
    T_NEED(open_file(&f, &c, &m, &e) == HEARTH_OK);
    hearth_model_get_info(m, &i);
    T_EQ_STR(i.architecture, "falcon");
    T_EQ_I(i.n_layer, MF_LAYERS);
    T_EQ_I(i.n_vocab, MF_VOCAB);
    hearth_model_close(m);
    gw w = mf_write(&f);
    T_EQ_I(hearth_model_plan_memory(w.p, w.n, &c, &p, &e), HEARTH_OK);
    T_EQ_U(p.weight_bytes, 0);
    T_EQ_I(hearth_model_open_memory(w.p, w.n, NULL, &m, &e), HEARTH_E_UNSUPPORTED);
    gw_free(&w);
}

/* --- arguments -------------------------------------------------------------------------------------------------------------- */
T_TEST(arguments) {
    hearth_model *m = NULL;
    hearth_error e;
    hearth_plan p;
    uint32_t bits = 1;
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    mf f;
    mf_llama(&f, "llama");
    T_EQ_I(hearth_model_open(NULL, NULL, &m, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_open("x", NULL, NULL, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_open("", NULL, &m, NULL), HEARTH_E_IO);
    T_EQ_I(hearth_model_open("/nonexistent/x.gguf", NULL, &m, &e), HEARTH_E_IO);
    T_EQ_I(hearth_model_plan("/nonexistent/x.gguf", NULL, &p, &e), HEARTH_E_IO);
    T_EQ_I(hearth_model_plan("x", NULL, NULL, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_plan(NULL, NULL, &p, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_open_memory(NULL, 8, NULL, &m, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_open_memory("x", 1, NULL, NULL, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_plan_memory(NULL, 8, NULL, &p, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_plan_memory("x", 1, NULL, NULL, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_open_memory("x", 1, NULL, &m, &e), HEARTH_E_FORMAT);
    c.struct_bytes = 0;
    T_EQ_I(open_file(&f, &c, &m, &e), HEARTH_E_ARG);
    c.struct_bytes = sizeof c;
    c.flags = 1u << 30;
    T_EQ_I(open_file(&f, &c, &m, &e), HEARTH_E_ARG);
    c.flags = 0;
    c.threads = -1;
    T_EQ_I(open_file(&f, &c, &m, &e), HEARTH_E_ARG);
    c.threads = 100000;
    T_EQ_I(open_file(&f, &c, &m, &e), HEARTH_E_ARG);
    c.threads = 1;
    hearth_allocator half = {gi_alloc, NULL, NULL};
    c.allocator = &half;
    T_EQ_I(open_file(&f, &c, &m, &e), HEARTH_E_ARG);
    T_CHECK(m == NULL);
    T_EQ_STR(hearth_version(), HEARTH_VERSION);
    for (int s = 0; s >= -13; s--) T_CHECK(strlen(hearth_status_name(s)) > 1);
    T_EQ_I(hearth_isa_parse("scalar", &bits, &e), HEARTH_OK);
    T_EQ_U(bits, HEARTH_ISA_SCALAR);
    T_EQ_I(hearth_isa_parse("all", &bits, &e), HEARTH_OK);
    T_EQ_U(bits, HEARTH_ISA_ALL);
    T_EQ_I(hearth_isa_parse("avx9", &bits, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_isa_parse(NULL, &bits, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_isa_parse("all", NULL, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_model_meta(NULL, "x", (char *)&bits, 4), HEARTH_E_ARG);
}
static void count_kernel(void *ctx, const char *name, int ok) {
    *(int *)ctx += T_CHECK(name && ok);
}
T_TEST(hash_and_selfcheck) {
    const float a[5] = {0.0f, -0.0f, 1.5f, -2.0f, 3.25f}, b[5] = {-0.0f, 0.0f, 1.5f, -2.0f, 3.25f};
    hearth_error e;
    int n = 0, scalar = 0;
    T_CHECK(hearth_hash(a, 5, 0) == hearth_hash(a, 5, 0));
    T_CHECK(hearth_hash(a, 5, 0) != hearth_hash(b, 5, 0)); /* bits, not values */
    T_CHECK(hearth_hash(a, 5, 0) != hearth_hash(a, 4, 0));
    T_CHECK(hearth_hash(a, 5, 0) != hearth_hash(a, 5, 1));
    T_EQ_I(hearth_selfcheck(HEARTH_ISA_ALL, count_kernel, &n, &e), HEARTH_OK);
    T_EQ_I(hearth_selfcheck(HEARTH_ISA_SCALAR, count_kernel, &scalar, &e), HEARTH_OK);
    T_CHECK(scalar >= HR_OP_COUNT && n >= scalar);
}

T_MAIN(T_RUN(opens_and_tells), T_RUN(every_hyper_parameter_is_checked), T_RUN(harmless_keys_are_accepted),
       T_RUN(per_layer_arrays), T_RUN(every_tensor_is_needed_and_measured), T_RUN(types_that_vectors_and_matrices_may_have),
       T_RUN(unknown_tensors_are_refused_by_name), T_RUN(biases_and_factors), T_RUN(vocabulary_arrays),
       T_RUN(no_tokenizer_means_ids_only), T_RUN(text_calls), T_RUN(vocabulary_only), T_RUN(arguments), T_RUN(hash_and_selfcheck))
