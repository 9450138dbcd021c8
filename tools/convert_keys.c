/* convert_keys.c: config.json as the keys of GGUF. What a family's graph needs to know and config.json says is written;
 * what config.json says and no key can carry is an error. Sources: formats.md 9, 11, 12; the models' configuration
 * classes in transformers. */
#include "tools/convert.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define KEYS(...) (const char *const[]) {__VA_ARGS__, NULL}

/* --- reading ---------------------------------------------------------------------------------------------------- */
const json_node *cv_config(const cv_job *j, const char *key) {
    const json_node *n = json_get(j->c, key);
    if (!n || n->type == JSON_NULL) n = json_get(json_root(&j->config), key);
    return n && n->type != JSON_NULL ? n : NULL;
}
/* what Gemma 3's published text_config leaves to the defaults of its class */
static const struct { const char *key; double value; } gemma3_defaults[] = {
    {"num_attention_heads", 8}, {"num_key_value_heads", 4}, {"head_dim", 256}, {"rms_norm_eps", 1e-6},
    {"rope_theta", 1e6}, {"max_position_embeddings", 131072}, {"query_pre_attn_scalar", 256}};
static bool find_default(const cv_job *j, const char *key, double *out) {
    if (strcmp(j->family->arch, "gemma3") != 0) return false;
    for (size_t i = 0; i < HR_COUNT(gemma3_defaults); i++)
        if (strcmp(gemma3_defaults[i].key, key) == 0) return *out = gemma3_defaults[i].value, true;
    return false;
}
bool cv_config_int(const cv_job *j, const char *const *keys, uint64_t *out) {
    int64_t v = 0;
    double absent = 0;
    for (size_t i = 0; keys[i]; i++) {
        if (!json_int(cv_config(j, keys[i]), &v) || v < 0) continue;
        *out = (uint64_t)v;
        return true;
    }
    if (!find_default(j, keys[0], &absent)) return false;
    *out = (uint64_t)absent;
    return true;
}
bool cv_config_num(const cv_job *j, const char *const *keys, double *out) {
    for (size_t i = 0; keys[i]; i++)
        if (json_num(cv_config(j, keys[i]), out)) return true;
    return find_default(j, keys[0], out);
}
/* transformers 5 has rope_parameters, also one for each kind of layer; before, rope_scaling beside rope_theta */
const json_node *cv_rope(const cv_job *j, const char *key) {
    const json_node *p = cv_config(j, "rope_parameters"), *full = json_get(p, "full_attention");
    const json_node *places[] = {full, p, cv_config(j, "rope_scaling")};
    for (size_t i = 0; i < HR_COUNT(places); i++) {
        const json_node *n = json_get(places[i], key);
        if (n && n->type != JSON_NULL) return n;
    }
    return cv_config(j, key);
}
static bool rope_type_is(const cv_job *j, const char *name) {
    const json_node *a = cv_rope(j, "rope_type");
    const json_node *scaling = cv_config(j, "rope_scaling");
    return json_is_str(a ? a : json_get(scaling, "type"), name);
}
static hr_status need_int(cv_job *j, const char *const *keys, uint64_t low, uint64_t high, uint64_t *out) {
    if (!cv_config_int(j, keys, out))
        return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, keys[0], "is missing in config.json");
    if (*out < low || *out > high)
        return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, keys[0], "is %llu in config.json, must be %llu to %llu",
                       (unsigned long long)*out, (unsigned long long)low, (unsigned long long)high);
    return HR_OK;
}
hr_status cv_read_shape(cv_job *j) {
    HR_TRY(need_int(j, KEYS("num_hidden_layers", "n_layer"), 1, CV_MAX_LAYERS, &j->n_layer));
    HR_TRY(need_int(j, KEYS("hidden_size", "n_embd"), 1, 1 << 20, &j->n_embd));
    HR_TRY(need_int(j, KEYS("num_attention_heads", "n_head"), 1, 1 << 16, &j->n_head));
    j->n_head_kv = j->n_head;
    if (cv_config_int(j, KEYS("num_key_value_heads"), &j->n_head_kv))
        HR_TRY(need_int(j, KEYS("num_key_value_heads"), 1, j->n_head, &j->n_head_kv));
    j->head_dim = j->n_embd / j->n_head;
    (void)cv_config_int(j, KEYS("head_dim"), &j->head_dim);
    if (j->head_dim == 0 || j->head_dim > 65536)
        return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, "head_dim", "is %llu", (unsigned long long)j->head_dim);
    (void)cv_config_int(j, KEYS("vocab_size"), &j->n_vocab);
    if (json_is(cv_config(j, "quantization_config"), JSON_OBJECT) &&
        !(j->family->flags & CV_OSS && json_is_str(json_get(cv_config(j, "quantization_config"), "quant_method"), "mxfp4")))
        return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "quantization_config",
                       "quantized checkpoints are not converted: take the original weights");
    return HR_OK;
}

/* --- writing: keys under the architecture's name ----------------------------------------------------------------- */
static const char *full_key(const cv_job *j, const char *suffix, char *buffer, size_t cap) {
    snprintf(buffer, cap, "%s.%s", j->family->arch, suffix);
    return buffer;
}
static hr_status put_u32(cv_job *j, const char *suffix, uint64_t v) {
    char key[128];
    full_key(j, suffix, key, sizeof key);
    if (v > UINT32_MAX) return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, key, "is %llu", (unsigned long long)v);
    return hr_gguf_put_u32(&j->w, key, (uint32_t)v, j->err);
}
static hr_status put_f32(cv_job *j, const char *suffix, double v) {
    char key[128];
    return hr_gguf_put_f32(&j->w, full_key(j, suffix, key, sizeof key), (float)v, j->err);
}
static hr_status put_bool(cv_job *j, const char *suffix, bool v) {
    char key[128];
    return hr_gguf_put_bool(&j->w, full_key(j, suffix, key, sizeof key), v, j->err);
}
static hr_status put_text(cv_job *j, const char *suffix, const char *v) {
    char key[128];
    return hr_gguf_put_str(&j->w, full_key(j, suffix, key, sizeof key), hr_str_of(v), j->err);
}
static hr_status copy_u32(cv_job *j, const char *suffix, const char *const *keys) {
    uint64_t v = 0;
    return cv_config_int(j, keys, &v) ? put_u32(j, suffix, v) : HR_OK;
}
static hr_status copy_f32(cv_job *j, const char *suffix, const char *const *keys) {
    double v = 0;
    return cv_config_num(j, keys, &v) ? put_f32(j, suffix, v) : HR_OK;
}
static hr_status refuse(cv_job *j, const char *key, const char *why) {
    return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, key, "%s", why);
}

/* --- rotation --------------------------------------------------------------------------------------------------- */
static double rope_num(const cv_job *j, const char *key, double absent) {
    double v = absent;
    (void)json_num(cv_rope(j, key), &v);
    return v;
}
static uint64_t rotated(const cv_job *j) {
    double part = 1;
    if (!cv_config_num(j, KEYS("partial_rotary_factor", "rope_pct"), &part)) part = rope_num(j, "partial_rotary_factor", 1);
    return part > 0 && part <= 1 ? (uint64_t)(part * (double)j->head_dim) : j->head_dim;
}
static hr_status put_longrope(cv_job *j) {
    uint64_t trained = 0, original = 0;
    double factor = 0;
    (void)cv_config_int(j, KEYS("max_position_embeddings", "n_positions"), &trained);
    if (!cv_config_int(j, KEYS("original_max_position_embeddings"), &original))
        original = (uint64_t)rope_num(j, "original_max_position_embeddings", 0);
    if (original < 2 || trained == 0) return refuse(j, "original_max_position_embeddings", "is missing in config.json");
    const double scale = (double)trained / (double)original;
    if (!json_num(cv_rope(j, "attention_factor"), &factor))
        factor = scale > 1 ? sqrt(1 + log(scale) / log((double)original)) : 1;
    HR_TRY(put_u32(j, "rope.scaling.original_context_length", original));
    return put_f32(j, "rope.scaling.attn_factor", factor);
}
static hr_status put_yarn(cv_job *j) {
    const double factor = rope_num(j, "factor", 0), original = rope_num(j, "original_max_position_embeddings", 0);
    double v = 0;
    if (!(factor > 0)) return refuse(j, "rope_scaling", "yarn without a factor");
    HR_TRY(put_text(j, "rope.scaling.type", "yarn"));
    HR_TRY(put_f32(j, "rope.scaling.factor", factor));
    uint64_t trained = 0;
    (void)cv_config_int(j, KEYS("max_position_embeddings"), &trained);
    HR_TRY(put_u32(j, "rope.scaling.original_context_length", original >= 1 && original < 1e9 ? (uint64_t)original : trained));
    if (json_num(cv_rope(j, "beta_fast"), &v)) HR_TRY(put_f32(j, "rope.scaling.yarn_beta_fast", v));
    if (json_num(cv_rope(j, "beta_slow"), &v)) HR_TRY(put_f32(j, "rope.scaling.yarn_beta_slow", v));
    /* the key multiplies what the graph computes itself, 1 + 0.1 ln(factor) */
    if (json_num(cv_rope(j, "attention_factor"), &v) && factor > 1)
        HR_TRY(put_f32(j, "rope.scaling.attn_factor", v / (1 + 0.1 * log(factor))));
    return HR_OK;
}
static hr_status put_rope(cv_job *j) {
    double v = 0;
    if (strcmp(j->family->arch, "bert") == 0) return HR_OK;
    if (json_num(cv_rope(j, "rope_theta"), &v) || cv_config_num(j, KEYS("rope_theta", "rotary_emb_base"), &v))
        HR_TRY(put_f32(j, "rope.freq_base", v));
    HR_TRY(put_u32(j, "rope.dimension_count", rotated(j)));
    const json_node *local = json_get2(cv_config(j, "rope_parameters"), "sliding_attention", "rope_theta");
    if (json_num(local, &v) || cv_config_num(j, KEYS("rope_local_base_freq"), &v))
        if (v != 10000) HR_TRY(put_f32(j, "rope.freq_base_swa", v));
    const json_node *type = cv_rope(j, "rope_type");
    if (!type) type = json_get(cv_config(j, "rope_scaling"), "type");
    /* "dynamic" only changes what lies beyond the trained context; llama3 is baked into rope_freqs */
    if (!type || json_is_str(type, "default") || json_is_str(type, "llama3") || json_is_str(type, "dynamic")) return HR_OK;
    if (json_is_str(type, "linear")) {
        v = rope_num(j, "factor", 1);
        if (!(v > 0)) return refuse(j, "rope_scaling", "linear with a factor that is not above 0");
        HR_TRY(put_text(j, "rope.scaling.type", "linear"));
        return put_f32(j, "rope.scaling.factor", v);
    }
    if (json_is_str(type, "yarn")) return put_yarn(j);
    if (json_is_str(type, "longrope") || json_is_str(type, "su")) return put_longrope(j);
    return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "rope_scaling", "type '%.*s' is not known",
                   (int)hr_min_size(type->text.size, 30), type->text.data ? type->text.data : "");
}
static hr_status add_list(cv_job *j, const char *key, const char *name) {
    const json_node *list = cv_rope(j, key);
    const uint64_t n = rotated(j) / 2;
    if (!json_is(list, JSON_ARRAY) || list->count != n || n > 4096)
        return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, key, "must have %llu values", (unsigned long long)n);
    float values[4096];
    size_t i = 0;
    double v = 0;
    for (const json_node *e = json_first(list); e; e = json_next(list, e)) {
        if (!json_num(e, &v) || !(v > 0)) return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, key, "value %zu is no factor", i);
        values[i++] = (float)v;
    }
    return cv_add_values(j, name, values, n);
}
/* in f32 as the models' own code has it */
hr_status cv_add_factors(cv_job *j) {
    float values[4096];
    if (rope_type_is(j, "longrope") || rope_type_is(j, "su")) {
        HR_TRY(add_list(j, "long_factor", "rope_factors_long"));
        return add_list(j, "short_factor", "rope_factors_short");
    }
    if (!rope_type_is(j, "llama3")) return HR_OK;
    const uint64_t n = j->head_dim / 2;
    const double factor = rope_num(j, "factor", 8), low = rope_num(j, "low_freq_factor", 1);
    const double high = rope_num(j, "high_freq_factor", 4), base = rope_num(j, "rope_theta", 10000);
    const double old = rope_num(j, "original_max_position_embeddings", 8192);
    if (n > 4096 || !(factor > 0) || !(low > 0) || !(high > low) || !(base > 1) || !(old > 0))
        return refuse(j, "rope_scaling", "llama3 with numbers that make no sense");
    for (uint64_t i = 0; i < n; i++) {
        const float freq = 1.0f / powf((float)base, (float)(2 * i) / (float)j->head_dim);
        const double wave = 2 * 3.14159265358979323846 / (double)freq;
        const double smooth = (old / wave - low) / (high - low);
        values[i] = wave < old / high ? 1 : wave > old / low ? (float)factor : (float)(1 / ((1 - smooth) / factor + smooth));
    }
    return cv_add_values(j, "rope_freqs", values, n);
}

/* --- windows ---------------------------------------------------------------------------------------------------- */
/* which layers slide: an array when config.json lists them; the families' own periods otherwise */
static hr_status put_pattern(cv_job *j) {
    const json_node *types = cv_config(j, "layer_types");
    uint8_t flags[CV_MAX_LAYERS];
    char key[128];
    size_t i = 0;
    if (!json_is(types, JSON_ARRAY) || types->count < j->n_layer)
        return copy_u32(j, "attention.sliding_window_pattern", KEYS("sliding_window_pattern"));
    for (const json_node *t = json_first(types); t && i < j->n_layer; t = json_next(types, t)) {
        if (!json_is_str(t, "sliding_attention") && !json_is_str(t, "full_attention"))
            return refuse(j, "layer_types", "names a kind of layer that is not known");
        flags[i++] = json_is_str(t, "sliding_attention");
    }
    return hr_gguf_put_array(&j->w, full_key(j, "attention.sliding_window_pattern", key, sizeof key), HR_GGUF_BOOL, flags,
                             j->n_layer, j->err);
}
static hr_status put_window(cv_job *j) {
    const char *arch = j->family->arch;
    bool use = true;
    uint64_t v = 0;
    (void)json_bool(cv_config(j, "use_sliding_window"), &use);
    if (!use || !cv_config_int(j, KEYS("sliding_window"), &v) || v == 0) return HR_OK;
    if (!(j->family->flags & CV_WINDOW)) {
        if (json_is(cv_config(j, "use_sliding_window"), JSON_TRUE))
            return refuse(j, "use_sliding_window", "windows are not known for this family");
        return HR_OK;
    }
    HR_TRY(put_u32(j, "attention.sliding_window", v));
    const bool some = strcmp(arch, "gemma2") == 0 || strcmp(arch, "gemma3") == 0 || strcmp(arch, "olmo2") == 0 ||
                      strcmp(arch, "gpt-oss") == 0;
    return some ? put_pattern(j) : HR_OK;
}

/* --- families --------------------------------------------------------------------------------------------------- */
static hr_status put_experts(cv_job *j) {
    uint64_t n = 0, v = 0;
    bool norm = false;
    if (!(j->family->flags & CV_EXPERTS) ||
        !cv_config_int(j, KEYS("num_local_experts", "num_experts", "n_routed_experts"), &n) || n == 0)
        return HR_OK;
    HR_TRY(put_u32(j, "expert_count", n));
    HR_TRY(copy_u32(j, "expert_used_count", KEYS("num_experts_per_tok", "experts_per_token")));
    HR_TRY(copy_u32(j, "expert_feed_forward_length", KEYS("moe_intermediate_size")));
    if (j->family->flags & CV_OSS) HR_TRY(copy_u32(j, "expert_feed_forward_length", KEYS("intermediate_size")));
    HR_TRY(copy_u32(j, "expert_shared_feed_forward_length",
                    KEYS("shared_expert_intermediate_size", "shared_intermediate_size")));
    if (cv_config_int(j, KEYS("decoder_sparse_step"), &v) && v > 1)
        return refuse(j, "decoder_sparse_step", "layers without experts are not known");
    const json_node *dense = cv_config(j, "mlp_only_layers");
    if (json_is(dense, JSON_ARRAY) && dense->count > 0)
        return refuse(j, "mlp_only_layers", "layers without experts are not known");
    if (json_bool(cv_config(j, "norm_topk_prob"), &norm)) HR_TRY(put_bool(j, "expert_weights_norm", norm));
    return HR_OK;
}
static hr_status put_scales(cv_job *j) {
    double v = 0;
    if (strncmp(j->family->arch, "granite", 7) == 0) {
        HR_TRY(copy_f32(j, "attention.scale", KEYS("attention_multiplier")));
        HR_TRY(copy_f32(j, "embedding_scale", KEYS("embedding_multiplier")));
        HR_TRY(copy_f32(j, "residual_scale", KEYS("residual_multiplier")));
        return copy_f32(j, "logit_scale", KEYS("logits_scaling"));
    }
    if (strncmp(j->family->arch, "gemma", 5) != 0) return HR_OK;
    HR_TRY(copy_f32(j, "attn_logit_softcapping", KEYS("attn_logit_softcapping")));
    HR_TRY(copy_f32(j, "final_logit_softcapping", KEYS("final_logit_softcapping")));
    if (cv_config_num(j, KEYS("query_pre_attn_scalar"), &v) && v > 0 && v != (double)j->head_dim)
        HR_TRY(put_f32(j, "attention.scale", 1 / sqrt(v)));
    return HR_OK;
}
static hr_status check_smollm3(cv_job *j) {
    const json_node *list = cv_config(j, "no_rope_layers");
    size_t i = 0;
    int64_t v = 0;
    if (!json_is(list, JSON_ARRAY)) return HR_OK;
    for (const json_node *e = json_first(list); e && i < j->n_layer; e = json_next(list, e), i++)
        if (!json_int(e, &v) || (v != 0) != ((i + 1) % 4 != 0))
            return refuse(j, "no_rope_layers", "only 'every fourth layer does not rotate' is known");
    return HR_OK;
}
static hr_status put_pooling(cv_job *j) {
    char path[4200];
    json_doc d;
    bool cls = false, mean = false;
    hr_file f;
    hr_error none;
    hr_error_clear(&none);
    memset(&f, 0, sizeof f);
    snprintf(path, sizeof path, "%s/1_Pooling/config.json", j->folder);
    if (hr_file_open(&f, path, NULL, false, &none) != HR_OK) return HR_OK;
    char *text = f.size < 1 << 20 ? (char *)malloc((size_t)f.size + 1) : NULL;
    hr_status status = text ? hr_file_read(&f, 0, text, (size_t)f.size, j->err)
                            : hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, path, "no memory");
    memset(&d, 0, sizeof d);
    if (status == HR_OK) status = json_parse(&d, "1_Pooling/config.json", text, (size_t)f.size, j->err);
    else free(text);
    hr_file_close(&f);
    if (status == HR_OK) {
        (void)json_bool(json_get(json_root(&d), "pooling_mode_cls_token"), &cls);
        (void)json_bool(json_get(json_root(&d), "pooling_mode_mean_tokens"), &mean);
        status = mean ? put_u32(j, "pooling_type", 1) : cls ? put_u32(j, "pooling_type", 2)
                                                      : refuse(j, "1_Pooling", "only mean and cls are known");
    }
    json_free(&d);
    return status;
}
static hr_status check_activation(cv_job *j) {
    static const struct { const char *arch, *names; } rows[] = {
        {"gemma", " gelu_pytorch_tanh gelu "}, {"phi2", " gelu_new gelu_pytorch_tanh "},
        {"starcoder2", " gelu_pytorch_tanh "}, {"bert", " gelu "}, {"nomic-bert", " swiglu silu "}};
    const json_node *n = cv_config(j, "hidden_activation");
    if (!n) n = cv_config(j, "hidden_act");
    if (!n) n = cv_config(j, "activation_function");
    if (!json_is(n, JSON_STRING)) return HR_OK;
    const char *names = " silu swish ";
    char word[64];
    for (size_t i = 0; i < HR_COUNT(rows); i++)
        if (strncmp(j->family->arch, rows[i].arch, strlen(rows[i].arch)) == 0) names = rows[i].names;
    snprintf(word, sizeof word, " %.*s ", (int)hr_min_size(n->text.size, 40), n->text.data);
    return strstr(names, word) ? HR_OK : refuse(j, "hidden_act", "is not the family's activation");
}
static hr_status put_general(cv_job *j) {
    hr_str name = {"", 0};
    const char *end = j->folder + strlen(j->folder);
    while (end > j->folder && end[-1] == '/') end--;
    const char *begin = end;
    while (begin > j->folder && begin[-1] != '/') begin--;
    name.data = begin, name.size = (size_t)(end - begin);
    HR_TRY(hr_gguf_put_str(&j->w, "general.architecture", hr_str_of(j->family->arch), j->err));
    HR_TRY(hr_gguf_put_str(&j->w, "general.type", hr_str_of("model"), j->err));
    if (name.size && name.data[0] != '.' && hr_utf8_valid(name.data, name.size))
        HR_TRY(hr_gguf_put_str(&j->w, "general.name", name, j->err));
    HR_TRY(hr_gguf_put_u32(&j->w, "general.file_type", j->file_type, j->err));
    return hr_gguf_put_u32(&j->w, "general.quantization_version", 2, j->err);
}
hr_status cv_put_keys(cv_job *j) {
    const char *arch = j->family->arch;
    uint64_t v = 0;
    bool flag = false;
    double eps = 0;
    HR_TRY(put_general(j));
    HR_TRY(check_activation(j));
    HR_TRY(put_u32(j, "block_count", j->n_layer));
    HR_TRY(need_int(j, KEYS("max_position_embeddings", "n_positions", "n_ctx"), 1, 1 << 28, &v));
    if (strcmp(arch, "nomic-bert") == 0 && v > 2048) v = 2048; /* trained so; the rest is by scaling at run time */
    HR_TRY(put_u32(j, "context_length", v));
    HR_TRY(put_u32(j, "embedding_length", j->n_embd));
    HR_TRY(copy_u32(j, "feed_forward_length", KEYS("intermediate_size", "n_inner")));
    HR_TRY(put_u32(j, "attention.head_count", j->n_head));
    if (!(j->family->flags & CV_BERT)) HR_TRY(put_u32(j, "attention.head_count_kv", j->n_head_kv));
    if (cv_config_int(j, KEYS("head_dim"), &v)) {
        HR_TRY(put_u32(j, "attention.key_length", v));
        HR_TRY(put_u32(j, "attention.value_length", v));
    }
    const bool layer_norm = j->family->flags & CV_LAYER_NORM;
    if (!cv_config_num(j, KEYS("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"), &eps))
        return refuse(j, "rms_norm_eps", "is missing in config.json");
    HR_TRY(put_f32(j, layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", eps));
    if (j->n_vocab) HR_TRY(put_u32(j, "vocab_size", j->n_vocab));
    HR_TRY(put_rope(j));
    HR_TRY(put_window(j));
    HR_TRY(put_experts(j));
    HR_TRY(put_scales(j));
    if (strcmp(arch, "smollm3") == 0) HR_TRY(check_smollm3(j));
    if (json_bool(cv_config(j, "use_parallel_residual"), &flag)) HR_TRY(put_bool(j, "use_parallel_residual", flag));
    if (json_bool(cv_config(j, "qk_layernorm"), &flag) && flag && strcmp(arch, "phi2") == 0)
        return refuse(j, "qk_layernorm", "is not known for phi2");
    if (!(j->family->flags & CV_BERT)) return HR_OK;
    HR_TRY(put_bool(j, "attention.causal", false));
    return put_pooling(j);
}
#undef KEYS
#endif
