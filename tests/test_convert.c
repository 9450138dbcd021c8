/* `hearth convert`: what transformers saves must give, run by Hearth, what transformers computes (convert_tables.h), for
 * every family; single tensors by the definition of what is done to them; wrong folders by the error they get. */
#include "tests/t.h"
#include "engine/gguf.h"
#include "engine/hearth.h"
#include "tests/convert_dir.h"

/* --- every family against transformers ----------------------------------------------------------------------------- */
static bool run_model(const char *path, const convert_model *m, float *out) {
    hearth_model_config config = HEARTH_MODEL_CONFIG_INIT;
    hearth_session_config session_config = HEARTH_SESSION_CONFIG_INIT;
    hearth_model *model = NULL;
    hearth_session *session = NULL;
    hearth_error err;
    const size_t n = sizeof convert_ids / sizeof convert_ids[0];
    int32_t ids[sizeof convert_ids / sizeof convert_ids[0]];
    for (size_t i = 0; i < n; i++) ids[i] = convert_ids[i];
    memset(&err, 0, sizeof err);
    config.threads = 1;
    session_config.ctx_tokens = 32; /* above original_context_length of phi3_long would be the long factors: see below */
    if (strcmp(m->name, "phi3_long") == 0) session_config.ctx_tokens = 64;
    bool ok = hearth_model_open(path, &config, &model, &err) == HEARTH_OK &&
              hearth_session_open(model, &session_config, &session, &err) == HEARTH_OK;
    if (ok && strcmp(m->name, "bert") == 0) {
        ok = hearth_embed(session, ids, n, HEARTH_POOL_MEAN, 0, out, (size_t)m->n_out, &err) == HEARTH_OK;
    } else if (ok) {
        ok = hearth_feed(session, ids, n, 1, &err) == HEARTH_OK;
        const float *x = ok ? hearth_logits(session, 0) : NULL;
        if (x) memcpy(out, x, (size_t)m->n_out * sizeof *x);
        ok = x != NULL;
    }
    if (!ok) T_FAIL("%s: %s: %s", m->name, err.where, err.what);
    hearth_session_close(session);
    hearth_model_close(model);
    return ok;
}
T_TEST(families_as_transformers) {
    for (size_t i = 0; i < sizeof convert_models / sizeof convert_models[0]; i++) {
        const convert_model *m = &convert_models[i];
        float out[64];
        double off = 0, most = 0;
        const char *dir = cd_folder(m, "F32", 1, NULL), *gguf = t_tmp("family.gguf");
        if (!T_CHECK(cd_run("%s %s", dir, gguf) == 0)) {
            printf("    %s: %s", m->name, cd_out);
            continue;
        }
        if (!run_model(gguf, m, out)) continue;
        for (int k = 0; k < m->n_out; k++) {
            off = fmax(off, fabs((double)out[k] - (double)m->out[k]));
            most = fmax(most, fabs((double)m->out[k]));
        }
        /* both compute in f32: some 60 sums of 16 to 24 products in a row, each 24 x 2^-24 off at the worst, give 9e-5;
         * a wrong row, factor or norm gives over 1e-2 */
        if (!T_CHECK(off <= 9e-5 * most)) printf("    %s: off by %.3g of %.3g\n", m->name, off, most);
    }
}

/* --- one file, read back ------------------------------------------------------------------------------------------- */
static hr_gguf gguf_file;
static void *gguf_memory;
static bool read_back(const char *path) {
    hr_gguf_source source = {.path = path, .want_map = true};
    hr_arena arena;
    hr_error err;
    hr_error_clear(&err);
    if (hr_gguf_open(&gguf_file, &source, &err) != HR_OK) return T_FAIL("%s: %s", err.where, err.what);
    hr_arena_init_count(&arena);
    bool ok = hr_gguf_index(&gguf_file, &arena, &err) == HR_OK;
    gguf_memory = malloc(arena.used + 64);
    hr_arena_init(&arena, gguf_memory, arena.used + 64);
    ok = ok && hr_gguf_index(&gguf_file, &arena, &err) == HR_OK && hr_gguf_check_data(&gguf_file, &err) == HR_OK;
    return ok || T_FAIL("%s: %s", err.where, err.what);
}
static void close_back(void) {
    hr_gguf_close(&gguf_file);
    free(gguf_memory);
}
static float value_of(const char *name, size_t i) {
    const hr_gguf_tensor *t = hr_gguf_tensor_find(&gguf_file, name);
    if (!t || !T_CHECK(i < t->bytes / 2)) return NAN;
    const uint8_t *p = hr_gguf_tensor_data(&gguf_file, t);
    if (t->type == HR_TYPE_F32) return hr_f32_from_bits(hr_le32(p + 4 * i));
    return t->type == HR_TYPE_F16 ? hr_f32_of_f16(hr_le16(p + 2 * i)) : hr_f32_of_bf16(hr_le16(p + 2 * i));
}
static bool text_is(const char *key, const char *want) {
    hr_str s = {"", 0};
    hr_error err;
    hr_error_clear(&err);
    hr_gguf_string(&gguf_file, key, &s, NULL, &err);
    return hr_str_is(s, want);
}
static uint64_t number_of(const char *key) {
    uint64_t v = UINT64_MAX;
    hr_error err;
    hr_error_clear(&err);
    hr_gguf_u64(&gguf_file, key, &v, NULL, &err);
    return v;
}

/* transformers rotates x[k] with x[k + d/2], the file's families x[2k] with x[2k + 1]: row 2k + b is row k + b d/2 */
T_TEST(rows_of_q_and_k) {
    const convert_model *m = cd_model("llama_bias");
    const char *names[][2] = {{"blk.1.attn_q.weight", "model.layers.1.self_attn.q_proj.weight"},
                              {"blk.1.attn_k.weight", "model.layers.1.self_attn.k_proj.weight"},
                              {"blk.1.attn_q.bias", "model.layers.1.self_attn.q_proj.bias"}};
    T_EQ_I(cd_run("%s %s", cd_folder(m, "F32", 1, NULL), t_tmp("rows.gguf")), 0);
    if (!read_back(t_tmp("rows.gguf"))) return;
    for (int w = 0; w < 3; w++) {
        const size_t cols = w == 2 ? 1 : 16, rows = w == 1 ? 8 : 16;
        for (size_t r = 0; r < rows; r++) {
            const size_t in = r % 4, from = r - in + in / 2 + (in % 2) * 2; /* head size 4 */
            for (size_t c = 0; c < cols; c++)
                T_CHECK(value_of(names[w][0], r * cols + c) == cd_weight(names[w][1], from * cols + c, w == 2 ? -1 : 0, 0));
        }
    }
    T_CHECK(value_of("blk.0.attn_v.weight", 37) == cd_weight("model.layers.0.self_attn.v_proj.weight", 37, 0, 0));
    T_EQ_U(number_of("llama.attention.head_count_kv"), 2);
    T_EQ_U(number_of("llama.vocab_size"), 64);
    T_EQ_U(number_of("general.file_type"), 0);
    close_back();
}
T_TEST(experts_stacked_and_norms_raised) {
    const char *gguf = t_tmp("moe.gguf");
    char name[100];
    T_EQ_I(cd_run("%s %s", cd_folder(cd_model("mixtral"), "F32", 3, NULL), gguf), 0);
    if (!read_back(gguf)) return;
    const hr_gguf_tensor *t = hr_gguf_tensor_find(&gguf_file, "blk.1.ffn_down_exps.weight");
    T_NEED(t != NULL);
    T_CHECK(t->n_dims == 3 && t->dims[0] == 24 && t->dims[1] == 16 && t->dims[2] == 3);
    for (size_t e = 0; e < 3; e++) {
        snprintf(name, sizeof name, "model.layers.1.block_sparse_moe.experts.%zu.w2.weight", e);
        for (size_t i = 0; i < 24 * 16; i++) {
            const float want = cd_weight(name, i, 0, 0);
            T_CHECK(value_of("blk.1.ffn_down_exps.weight", e * 24 * 16 + i) == want);
        }
    }
    T_EQ_U(number_of("llama.expert_used_count"), 2);
    close_back();
    gguf = t_tmp("gemma.gguf");
    T_EQ_I(cd_run("%s %s", cd_folder(cd_model("gemma"), "F32", 1, NULL), gguf), 0);
    if (!read_back(gguf)) return;
    for (size_t i = 0; i < 16; i++)
        T_CHECK(value_of("output_norm.weight", i) == cd_weight("model.norm.weight", i, -1, 0) + 1.0f);
    T_CHECK(hr_gguf_tensor_find(&gguf_file, "output.weight") == NULL);
    close_back();
}

/* --- number formats ------------------------------------------------------------------------------------------------ */
T_TEST(formats_exact_or_rounded_once) {
    const convert_model *m = cd_model("qwen3");
    const char *name = "model.layers.0.mlp.up_proj.weight", *to = "blk.0.ffn_up.weight";
    const struct { const char *from, *type; uint32_t want; } rows[] = {
        {"BF16", "auto", HR_TYPE_BF16}, {"BF16", "f32", HR_TYPE_F32}, {"F32", "f16", HR_TYPE_F16},
        {"F32", "bf16", HR_TYPE_BF16}, {"F32", "auto", HR_TYPE_F32}};
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const char *gguf = t_tmp("types.gguf");
        T_EQ_I(cd_run("%s %s --type %s", cd_folder(m, rows[r].from, 1, NULL), gguf, rows[r].type), 0);
        if (!read_back(gguf)) return;
        T_EQ_U(hr_gguf_tensor_find(&gguf_file, to)->type, rows[r].want);
        T_EQ_U(hr_gguf_tensor_find(&gguf_file, "blk.0.attn_norm.weight")->type, HR_TYPE_F32);
        for (size_t i = 0; i < 24 * 16; i++) {
            const float v = cd_weight(name, i, 0, 0), got = value_of(to, i);
            uint32_t want = hr_f32_bits(v);
            if (rows[r].want == HR_TYPE_F16) { /* 11 bits of significand: half a unit is at most 2^-11 of the value */
                T_CHECK(fabsf(got - v) <= ldexpf(fabsf(v), -11) + 0x1p-25f);
                continue;
            }
            if (rows[r].from[0] == 'B') want &= 0xffff0000u;
            else if (rows[r].want == HR_TYPE_BF16) { /* the nearer neighbour; none of these lies in the middle */
                const float low = hr_f32_from_bits(want & 0xffff0000u), high = hr_f32_from_bits((want & 0xffff0000u) + 0x10000u);
                want = hr_f32_bits(fabsf(v - low) <= fabsf(high - v) ? low : high);
            }
            T_EQ_U(hr_f32_bits(got), want);
        }
        close_back();
    }
}
T_TEST(shards_and_one_file_are_the_same) {
    const convert_model *m = cd_model("qwen2");
    size_t a = 0, b = 0;
    T_EQ_I(cd_run("%s %s", cd_folder(m, "F32", 1, NULL), t_tmp("a.gguf")), 0);
    T_EQ_I(cd_run("%s %s", cd_folder(m, "F32", 5, NULL), t_tmp("b.gguf")), 0);
    char *x = cd_slurp(t_tmp("a.gguf"), &a), *y = cd_slurp(t_tmp("b.gguf"), &b);
    T_CHECK(a > 1000 && a == b && x && y && memcmp(x, y, a) == 0);
    free(x), free(y);
}
/* gpt-oss: value e of a block is 2^(s - 127) F[nibble], neighbours in one byte, low nibble first; rows of gate and up
 * alternate (transformers, integrations/mxfp4.py) */
T_TEST(mxfp4_experts) {
    static cd_file f;
    static const float grid[16] = {0, .5f, 1, 1.5f, 2, 3, 4, 6, -0.f, -.5f, -1, -1.5f, -2, -3, -4, -6};
    static uint8_t blocks[2 * 64 * 16], scales[2 * 64];
    static const struct { const char *name; int n, dims[2]; } dense[] = {
        {"model.embed_tokens.weight", 2, {64, 32}}, {"lm_head.weight", 2, {64, 32}}, {"model.norm.weight", 1, {32, 0}},
        {"model.layers.0.input_layernorm.weight", 1, {32, 0}}, {"model.layers.0.post_attention_layernorm.weight", 1, {32, 0}},
        {"model.layers.0.self_attn.q_proj.weight", 2, {32, 32}}, {"model.layers.0.self_attn.q_proj.bias", 1, {32, 0}},
        {"model.layers.0.self_attn.k_proj.weight", 2, {16, 32}}, {"model.layers.0.self_attn.k_proj.bias", 1, {16, 0}},
        {"model.layers.0.self_attn.v_proj.weight", 2, {16, 32}}, {"model.layers.0.self_attn.v_proj.bias", 1, {16, 0}},
        {"model.layers.0.self_attn.o_proj.weight", 2, {32, 32}}, {"model.layers.0.self_attn.o_proj.bias", 1, {32, 0}},
        {"model.layers.0.self_attn.sinks", 1, {2, 0}}, {"model.layers.0.mlp.router.weight", 2, {2, 32}},
        {"model.layers.0.mlp.router.bias", 1, {2, 0}}, {"model.layers.0.mlp.experts.gate_up_proj_bias", 2, {2, 64}},
        {"model.layers.0.mlp.experts.down_proj_bias", 2, {2, 32}}};
    const convert_model m = {"gptoss", "{\"architectures\":[\"GptOssForCausalLM\"],\"hidden_size\":32,\"head_dim\":16,"
        "\"intermediate_size\":32,\"num_hidden_layers\":1,\"num_attention_heads\":2,\"num_key_value_heads\":1,"
        "\"num_local_experts\":2,\"num_experts_per_tok\":1,\"rms_norm_eps\":1e-5,\"max_position_embeddings\":64,"
        "\"vocab_size\":64,\"sliding_window\":8,\"quantization_config\":{\"quant_method\":\"mxfp4\"}}", NULL, 0, NULL, 0};
    const char *dir = cd_folder(&m, "F32", 1, NULL), *gguf = t_tmp("oss.gguf");
    cd_begin(&f);
    for (size_t i = 0; i < sizeof dense / sizeof dense[0]; i++) {
        convert_tensor t = {dense[i].name, dense[i].n, {dense[i].dims[0], dense[i].dims[1], 0}, 0, 0};
        cd_weights(&f, &t, "F32");
    }
    for (size_t i = 0; i < sizeof blocks; i++) blocks[i] = (uint8_t)(i * 37 + (i >> 7));
    for (size_t i = 0; i < sizeof scales; i++) scales[i] = (uint8_t)(120 + i % 9);
    cd_add(&f, "model.layers.0.mlp.experts.gate_up_proj_blocks", "U8", 4, (const int[]) {2, 64, 1, 16}, blocks, 2048);
    cd_add(&f, "model.layers.0.mlp.experts.gate_up_proj_scales", "U8", 3, (const int[]) {2, 64, 1}, scales, 128);
    cd_add(&f, "model.layers.0.mlp.experts.down_proj_blocks", "U8", 4, (const int[]) {2, 32, 1, 16}, blocks, 1024);
    cd_add(&f, "model.layers.0.mlp.experts.down_proj_scales", "U8", 3, (const int[]) {2, 32, 1}, scales, 64);
    cd_end(&f, dir, "model.safetensors");
    if (!T_CHECK(cd_run("%s %s", dir, gguf) == 0)) printf("    %s", cd_out);
    if (!read_back(gguf)) return;
    static const char *const names[] = {"blk.0.ffn_gate_exps.weight", "blk.0.ffn_up_exps.weight", "blk.0.ffn_down_exps.weight"};
    for (int w = 0; w < 3; w++) {
        const hr_gguf_tensor *t = hr_gguf_tensor_find(&gguf_file, names[w]);
        T_NEED(t && t->type == HR_TYPE_MXFP4 && t->dims[0] == 32 && t->dims[1] == 32 && t->dims[2] == 2);
        for (size_t r = 0; r < 64; r++) {
            float got[32];
            const size_t from = w == 2 ? r : r / 32 * 64 + r % 32 * 2 + (size_t)w;
            hr_dequant_row(hr_format_of(HR_TYPE_MXFP4), hr_gguf_tensor_data(&gguf_file, t) + 17 * r, 32, got);
            for (size_t i = 0; i < 32; i++)
                T_CHECK(got[i] == ldexpf(grid[blocks[16 * from + i / 2] >> 4 * (i % 2) & 15], scales[from] - 127));
        }
    }
    const char *bias = "model.layers.0.mlp.experts.gate_up_proj_bias";
    for (size_t i = 0; i < 64; i++)
        T_CHECK(value_of("blk.0.ffn_up_exps.bias", i) == cd_weight(bias, i / 32 * 64 + i % 32 * 2 + 1, 0, 0));
    T_CHECK(text_is("general.architecture", "gpt-oss"));
    close_back();
}

/* --- the vocabulary ------------------------------------------------------------------------------------------------ */
T_TEST(tokenizer_keys) {
    const convert_model *m = cd_model("qwen3");
    const char *dir = cd_folder(m, "F32", 1, NULL), *gguf = t_tmp("vocab.gguf");
    cd_text(dir, "generation_config.json", "{\"eos_token_id\":[63,7]}");
    T_EQ_I(cd_run("%s %s --vocab-only", dir, gguf), 0);
    if (!read_back(gguf)) return;
    T_EQ_U(gguf_file.n_tensors, 0);
    T_CHECK(text_is("tokenizer.ggml.model", "gpt2"));
    T_CHECK(text_is("tokenizer.ggml.pre", "gpt-2"));
    T_CHECK(text_is("tokenizer.chat_template", "{{ x }}"));
    T_EQ_U(number_of("tokenizer.ggml.eos_token_id"), 63);
    T_EQ_U(number_of("tokenizer.ggml.eot_token_id"), 7);
    const hr_gguf_kv *types = hr_gguf_find(&gguf_file, "tokenizer.ggml.token_type");
    const hr_gguf_kv *merges = hr_gguf_find(&gguf_file, "tokenizer.ggml.merges");
    T_NEED(types && merges);
    T_EQ_U(types->count, 64);
    T_EQ_U(hr_le32(types->data), 1);
    T_EQ_U(hr_le32(types->data + 4 * 63), 3);
    T_EQ_U(merges->count, 1);
    T_EQ_MEM(merges->data + 8, "A B", 3);
    close_back();
}
/* a tokenizer.model of <unk> <s> </s>, a, b, ab and a user's token, its fields in the order that sentencepiece has */
T_TEST(sentencepiece_model) {
    static const struct { const char *text; float score; uint8_t type; } pieces[] = {
        {"<unk>", 0, 2}, {"<s>", 0, 3}, {"</s>", 0, 3}, {"<0x41>", 0, 6}, {"a", -1, 1}, {"ab", -0.5f, 1}, {"x y", 0, 4}};
    uint8_t proto[400];
    size_t n = 0;
    for (size_t i = 0; i < 7; i++) {
        const size_t len = strlen(pieces[i].text);
        proto[n++] = 0x0a, proto[n++] = (uint8_t)(len + 9), proto[n++] = 0x0a, proto[n++] = (uint8_t)len;
        memcpy(proto + n, pieces[i].text, len);
        n += len;
        proto[n++] = 0x15;
        memcpy(proto + n, &pieces[i].score, 4);
        n += 4;
        proto[n++] = 0x18, proto[n++] = pieces[i].type;
    }
    const uint8_t specs[] = {0x12, 2, 0x18, 2, 0x1a, 4, 0x18, 0, 0x20, 0}; /* bpe; no dummy prefix, spaces stay */
    memcpy(proto + n, specs, sizeof specs);
    n += sizeof specs;
    const char *dir = cd_folder(cd_model("llama"), "F32", 1, NULL), *gguf = t_tmp("spm.gguf");
    (void)remove(cd_path(dir, "tokenizer.json"));
    cd_text(dir, "tokenizer_config.json", "{\"bos_token\":{\"content\":\"<s>\"},\"eos_token\":\"</s>\"}");
    cd_write(dir, "tokenizer.model", proto, n);
    if (!T_CHECK(cd_run("%s %s", dir, gguf) == 0)) printf("    %s", cd_out);
    if (!read_back(gguf)) return;
    bool prefix = true;
    hr_error err;
    hr_error_clear(&err);
    T_CHECK(text_is("tokenizer.ggml.model", "llama"));
    T_EQ_I(hr_gguf_bool(&gguf_file, "tokenizer.ggml.add_space_prefix", &prefix, NULL, &err), HR_OK);
    T_CHECK(!prefix);
    T_EQ_U(number_of("tokenizer.ggml.bos_token_id"), 1);
    T_EQ_U(number_of("tokenizer.ggml.eos_token_id"), 2);
    const hr_gguf_kv *types = hr_gguf_find(&gguf_file, "tokenizer.ggml.token_type");
    const hr_gguf_kv *scores = hr_gguf_find(&gguf_file, "tokenizer.ggml.scores");
    T_NEED(types && scores && types->count == 64);
    for (size_t i = 0; i < 7; i++) {
        T_EQ_U(hr_le32(types->data + 4 * i), pieces[i].type);
        T_CHECK(hr_f32_from_bits(hr_le32(scores->data + 4 * i)) == pieces[i].score);
    }
    T_EQ_U(hr_le32(types->data + 4 * 7), 5);
    close_back();
    proto[n - sizeof specs + 3] = 1; /* unigram */
    cd_write(dir, "tokenizer.model", proto, n);
    T_EQ_I(cd_run("%s %s", dir, gguf), 1);
    T_CHECK(cd_says("unigram"));
    for (size_t cut = 1; cut < n; cut++) { /* cut anywhere: an error, or a vocabulary that is merely shorter */
        cd_write(dir, "tokenizer.model", proto, cut);
        T_CHECK(cd_run("%s %s --vocab-only", dir, gguf) <= 1);
    }
}

/* --- what is wrong is said ----------------------------------------------------------------------------------------- */
static void expect_error(const char *dir, const char *more, const char *text) {
    const char *gguf = t_tmp("wrong.gguf");
    (void)remove(gguf);
    T_EQ_I(cd_run("%s %s %s", dir, gguf, more), 1);
    T_CHECK(cd_says(text));
    T_CHECK(access(gguf, F_OK) != 0 && access(t_tmp("wrong.gguf.part"), F_OK) != 0);
}
T_TEST(errors_name_the_place) {
    const convert_model *m = cd_model("qwen3");
    char text[4000];
    expect_error(t_tmp("nowhere"), "", "config.json");
    const char *dir = cd_folder(m, "F32", 1, "{\"architectures\":[\"FooForCausalLM\"]}");
    expect_error(dir, "", "FooForCausalLM");
    dir = cd_folder(m, "F32", 1, "{\"architectures\":[\"Qwen3ForCausalLM\"]");
    expect_error(dir, "", "config.json (offset");
    dir = cd_folder(m, "F32", 1, "{\"architectures\":[\"Qwen3ForCausalLM\"],\"num_hidden_layers\":2}");
    expect_error(dir, "", "hidden_size");
    convert_tensor odd[64];
    convert_model other = *m;
    memcpy(odd, m->tensors, sizeof *odd * (size_t)m->n_tensors);
    other.tensors = odd;
    odd[3].name = "model.layers.0.mlp.strange.weight";
    expect_error(cd_folder(&other, "F32", 1, NULL), "", "mlp.strange");
    odd[3].name = "model.layers.7.mlp.up_proj.weight";
    expect_error(cd_folder(&other, "F32", 1, NULL), "", "layers.7");
    other = *cd_model("qwen3moe");
    memcpy(odd, other.tensors, sizeof *odd * (size_t)other.n_tensors);
    other.tensors = odd;
    for (int i = 0; i < other.n_tensors; i++)
        if (strstr(odd[i].name, "layers.1.mlp.experts.1.up_proj")) odd[i].name = "model.layers.1.mlp.experts.5.up_proj.weight";
    expect_error(cd_folder(&other, "F32", 1, NULL), "", "blk.1.ffn_up_exps.weight");
    dir = cd_folder(m, "F32", 1, NULL);
    (void)remove(cd_path(dir, "tokenizer.json"));
    expect_error(dir, "", "tokenizer.json");
    snprintf(text, sizeof text, "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":"
             "{\"Regex\":\"[a-f]+\"},\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\",\"use_regex\":false}]},"
             "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}");
    cd_text(dir, "tokenizer.json", text);
    expect_error(dir, "", "[a-f]+");
    T_EQ_I(cd_run("%s %s --vocab-only --pre qwen2", dir, t_tmp("pre.gguf")), 0);
    T_EQ_I(cd_run("%s %s --type q4_0", dir, t_tmp("pre.gguf")), 2);
    T_CHECK(cd_says("q4_0"));
}
T_TEST(large_values_do_not_fit_f16) {
    convert_model m = *cd_model("qwen3");
    convert_tensor list[64];
    memcpy(list, m.tensors, sizeof *list * (size_t)m.n_tensors);
    m.tensors = list;
    for (int i = 0; i < m.n_tensors; i++)
        if (strstr(list[i].name, "0.mlp.down_proj")) list[i].exponent = 19;
    const char *dir = cd_folder(&m, "F32", 1, NULL);
    expect_error(dir, "--type f16", "blk.0.ffn_down.weight");
    T_EQ_I(cd_run("%s %s --type bf16", dir, t_tmp("large.gguf")), 0);
}
T_TEST(plan_writes_nothing) {
    const char *dir = cd_folder(cd_model("llama"), "BF16", 1, NULL), *gguf = t_tmp("planned.gguf");
    (void)remove(gguf);
    T_EQ_I(cd_run("%s %s --plan --json", dir, gguf), 0);
    T_CHECK(cd_says("\"architecture\": \"llama\""));
    T_CHECK(cd_says("blk.1.ffn_down.weight"));
    T_CHECK(access(gguf, F_OK) != 0);
}
T_MAIN(T_RUN(families_as_transformers), T_RUN(rows_of_q_and_k), T_RUN(experts_stacked_and_norms_raised),
       T_RUN(formats_exact_or_rounded_once), T_RUN(shards_and_one_file_are_the_same), T_RUN(mxfp4_experts),
       T_RUN(tokenizer_keys), T_RUN(sentencepiece_model), T_RUN(errors_name_the_place), T_RUN(large_values_do_not_fit_f16),
       T_RUN(plan_writes_nothing))
