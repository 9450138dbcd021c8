/* convert_map.c: which GGUF tensor each tensor of the checkpoint becomes, and how its rows are taken. A tensor that is not
 * understood is an error: half a model is worse than none. */
#include "tools/convert.h"
#if !defined(HEARTH_DROP_TOOLS)
#include "quant/formats.h"
#include <stdio.h>
#include <stdlib.h>

const cv_family cv_families[] = {
    {" LlamaForCausalLM MistralForCausalLM MixtralForCausalLM LLaMAForCausalLM ", "llama",
     CV_PERMUTE | CV_EXPERTS | CV_WINDOW},
    {" Qwen2ForCausalLM ", "qwen2", 0},
    {" Qwen2MoeForCausalLM ", "qwen2moe", CV_EXPERTS},
    {" Qwen3ForCausalLM ", "qwen3", 0},
    {" Qwen3MoeForCausalLM ", "qwen3moe", CV_EXPERTS},
    {" GemmaForCausalLM ", "gemma", CV_PLUS_ONE | CV_TIED},
    {" Gemma2ForCausalLM ", "gemma2", CV_PLUS_ONE | CV_TIED | CV_POST_NORMS | CV_WINDOW},
    {" Gemma3ForCausalLM Gemma3ForConditionalGeneration ", "gemma3",
     CV_PLUS_ONE | CV_TIED | CV_POST_NORMS | CV_WINDOW},
    {" PhiForCausalLM ", "phi2", CV_LAYER_NORM},
    {" Phi3ForCausalLM ", "phi3", CV_WINDOW},
    {" Olmo2ForCausalLM Olmo3ForCausalLM ", "olmo2", CV_POST_NORMS | CV_WINDOW},
    {" GraniteForCausalLM ", "granite", CV_PERMUTE},
    {" GraniteMoeForCausalLM GraniteMoeSharedForCausalLM ", "granitemoe", CV_PERMUTE | CV_EXPERTS},
    {" SmolLM3ForCausalLM ", "smollm3", CV_PERMUTE},
    {" StableLmForCausalLM StableLMEpochForCausalLM ", "stablelm", CV_LAYER_NORM},
    {" Starcoder2ForCausalLM ", "starcoder2", CV_LAYER_NORM | CV_WINDOW},
    {" GptOssForCausalLM ", "gpt-oss", CV_EXPERTS | CV_POST_NORMS | CV_WINDOW | CV_OSS},
    {" BertModel BertForMaskedLM BertForSequenceClassification CamembertModel ", "bert", CV_BERT | CV_LAYER_NORM},
    {" NomicBertModel ", "nomic-bert", CV_BERT | CV_LAYER_NORM},
    {NULL, NULL, 0}};

const cv_family *cv_find_family(hr_str name) {
    char word[80];
    if (name.size == 0 || name.size > 70 || memchr(name.data, ' ', name.size)) return NULL;
    snprintf(word, sizeof word, " %.*s ", (int)name.size, name.data);
    for (const cv_family *f = cv_families; f->classes; f++)
        if (strstr(f->classes, word)) return f;
    return NULL;
}

/* --- names ------------------------------------------------------------------------------------------------------ */
enum { CV_ANY, CV_PLAIN, CV_POST, CV_IN_BERT };
static const struct map_row {
    const char *hf, *gguf; /* without layer and .weight */
    int where;
} map_rows[] = {
    /* outside the layers */
    {"embed_tokens", "token_embd", CV_ANY}, {"lm_head", "output", CV_ANY}, {"norm", "output_norm", CV_ANY},
    {"final_layernorm", "output_norm", CV_ANY},
    {"embeddings.word_embeddings", "token_embd", CV_IN_BERT},
    {"embeddings.position_embeddings", "position_embd", CV_IN_BERT},
    {"embeddings.token_type_embeddings", "token_types", CV_IN_BERT},
    {"embeddings.LayerNorm", "token_embd_norm", CV_IN_BERT}, {"emb_ln", "token_embd_norm", CV_IN_BERT},
    /* norms */
    {"input_layernorm", "attn_norm", CV_ANY}, {"post_attention_layernorm", "ffn_norm", CV_PLAIN},
    {"post_attention_layernorm", "post_attention_norm", CV_POST}, {"pre_feedforward_layernorm", "ffn_norm", CV_POST},
    {"post_feedforward_layernorm", "post_ffw_norm", CV_POST}, {"self_attn.q_norm", "attn_q_norm", CV_ANY},
    {"self_attn.k_norm", "attn_k_norm", CV_ANY}, {"attention.output.LayerNorm", "attn_output_norm", CV_IN_BERT},
    {"output.LayerNorm", "layer_output_norm", CV_IN_BERT}, {"norm1", "attn_output_norm", CV_IN_BERT},
    {"norm2", "layer_output_norm", CV_IN_BERT},
    /* attention */
    {"self_attn.q_proj", "attn_q", CV_ANY}, {"self_attn.k_proj", "attn_k", CV_ANY},
    {"self_attn.v_proj", "attn_v", CV_ANY}, {"self_attn.o_proj", "attn_output", CV_ANY},
    {"self_attn.dense", "attn_output", CV_ANY}, {"self_attn.qkv_proj", "attn_qkv", CV_ANY},
    {"self_attn.sinks", "attn_sinks", CV_ANY}, {"attention.self.query", "attn_q", CV_IN_BERT},
    {"attention.self.key", "attn_k", CV_IN_BERT}, {"attention.self.value", "attn_v", CV_IN_BERT},
    {"attention.output.dense", "attn_output", CV_IN_BERT}, {"attn.Wqkv", "attn_qkv", CV_IN_BERT},
    {"attn.out_proj", "attn_output", CV_IN_BERT},
    /* FFN */
    {"mlp.gate_proj", "ffn_gate", CV_ANY}, {"mlp.up_proj", "ffn_up", CV_ANY}, {"mlp.down_proj", "ffn_down", CV_ANY},
    {"mlp.gate_up_proj", "ffn_up", CV_ANY}, {"mlp.fc1", "ffn_up", CV_ANY}, {"mlp.c_fc", "ffn_up", CV_ANY},
    {"mlp.c_proj", "ffn_down", CV_ANY}, {"mlp.fc2", "ffn_down", CV_ANY}, {"mlp.fc11", "ffn_up", CV_IN_BERT},
    {"mlp.fc12", "ffn_gate", CV_IN_BERT}, {"intermediate.dense", "ffn_up", CV_IN_BERT},
    {"output.dense", "ffn_down", CV_IN_BERT},
    /* experts */
    {"mlp.gate", "ffn_gate_inp", CV_ANY}, {"block_sparse_moe.gate", "ffn_gate_inp", CV_ANY},
    {"block_sparse_moe.router.layer", "ffn_gate_inp", CV_ANY}, {"mlp.router", "ffn_gate_inp", CV_ANY},
    {"mlp.shared_expert.gate_proj", "ffn_gate_shexp", CV_ANY}, {"mlp.shared_expert.up_proj", "ffn_up_shexp", CV_ANY},
    {"mlp.shared_expert.down_proj", "ffn_down_shexp", CV_ANY},
    {"mlp.shared_expert_gate", "ffn_gate_inp_shexp", CV_ANY},
    {"shared_mlp.output_linear", "ffn_down_shexp", CV_ANY},
};
static const char *const map_prefixes[] = {"model.language_model.", "language_model.model.", "language_model.", "model.",
                                           "bert.", "transformer."};
static const char *const map_skipped[] = {"vision_tower.",        "model.vision_tower.", "multi_modal_projector.",
                                          "model.multi_modal_projector.", "pooler.",     "bert.pooler.",
                                          "cls.",                 "classifier.",         "embeddings.position_ids",
                                          "bert.embeddings.position_ids"};

static bool take_prefix(hr_str *s, const char *prefix) {
    const size_t n = strlen(prefix);
    if (s->size < n || memcmp(s->data, prefix, n) != 0) return false;
    s->data += n;
    s->size -= n;
    return true;
}
static bool drop_suffix(hr_str *s, const char *suffix) {
    const size_t n = strlen(suffix);
    if (s->size < n || memcmp(s->data + s->size - n, suffix, n) != 0) return false;
    s->size -= n;
    return true;
}
/* "12." */
static bool take_index(hr_str *s, uint64_t *out) {
    size_t n = 0;
    uint64_t v = 0;
    for (; n < s->size && n < 6 && s->data[n] >= '0' && s->data[n] <= '9'; n++) v = v * 10 + (uint64_t)(s->data[n] - '0');
    if (n == 0 || n >= s->size || s->data[n] != '.') return false;
    s->data += n + 1;
    s->size -= n + 1;
    *out = v;
    return true;
}
static hr_status fail_tensor(cv_job *j, const st_tensor *t, hr_status status, const char *why) {
    char place[64];
    hr_format(place, sizeof place, "%.*s", (int)hr_min_size(t->name.size, 60), t->name.data);
    return hr_fail(j->err, status, HR_NO_OFFSET, place, "%s", why);
}

/* --- outputs ---------------------------------------------------------------------------------------------------- */
static int rank_of(const char *base) {
    static const char *const order[] = {"token_embd", "token_types", "position_embd", "rope", "attn_norm", "attn_q",
                                        "attn_k", "attn_v", "attn_", "post_attention", "ffn_", "post_ffw", "output"};
    for (int i = 0; i < (int)HR_COUNT(order); i++)
        if (strncmp(base, order[i], strlen(order[i])) == 0) return i;
    return (int)HR_COUNT(order);
}
static hr_status grow(cv_job *j, void **list, size_t n, size_t *cap, size_t unit) {
    if (n < *cap) return HR_OK;
    const size_t more = *cap ? *cap * 2 : 256;
    void *bigger = realloc(*list, more * unit);
    if (!bigger) return hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, "tensors", "no memory for %zu of them", more);
    *list = bigger;
    *cap = more;
    return HR_OK;
}
/* the output tensor of that name, made when it is not there */
static hr_status find_out(cv_job *j, int64_t layer, const char *base, const char *suffix, uint32_t *out) {
    char name[64];
    if (layer >= 0) snprintf(name, sizeof name, "blk.%d.%s%s", (int)layer, base, suffix);
    else snprintf(name, sizeof name, "%s%s", base, suffix);
    uint32_t *head = &j->of_layer[layer + 1]; /* tensors of a layer are chained: a file may hold a million experts */
    for (uint32_t i = *head; i > 0; i = j->tensors[i - 1].chain)
        if (strcmp(j->tensors[i - 1].name, name) == 0) return *out = i - 1, HR_OK;
    void *list = j->tensors;
    HR_TRY(grow(j, &list, j->n_tensors, &j->cap_tensors, sizeof *j->tensors));
    j->tensors = (cv_tensor *)list;
    cv_tensor *t = &j->tensors[j->n_tensors];
    memset(t, 0, sizeof *t);
    memcpy(t->name, name, sizeof name);
    t->layer = layer >= 0 ? (int32_t)layer : strncmp(base, "output", 6) == 0 ? INT32_MAX : -1;
    t->rank = rank_of(base);
    *out = (uint32_t)j->n_tensors++;
    t->chain = *head;
    *head = *out + 1;
    return HR_OK;
}
static hr_status add_part(cv_job *j, cv_part part) {
    void *list = j->parts;
    HR_TRY(grow(j, &list, j->n_parts, &j->cap_parts, sizeof *j->parts));
    j->parts = (cv_part *)list;
    j->parts[j->n_parts++] = part;
    return HR_OK;
}
hr_status cv_add_values(cv_job *j, const char *name, const float *values, uint64_t n) {
    uint32_t out = 0;
    HR_TRY(find_out(j, -1, name, ".weight", &out));
    cv_tensor *t = &j->tensors[out];
    t->values = (float *)malloc((size_t)n * sizeof(float));
    if (!t->values) return hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, name, "no memory");
    memcpy(t->values, values, (size_t)n * sizeof(float));
    t->n_dims = 1;
    t->dims[0] = n;
    t->type = HR_TYPE_F32;
    return HR_OK;
}
/* every row of src into the output, as part `index` */
static hr_status add_whole(cv_job *j, const st_tensor *src, uint32_t out, uint64_t index) {
    const uint64_t cols = src->n_dims ? src->shape[src->n_dims - 1] : 1, rows = cols ? src->elements / cols : 0;
    cv_tensor *t = &j->tensors[out];
    const cv_part part = {.out = out, .index = (uint32_t)index, .src = src, .rows = rows, .src_rows = rows, .step = 1,
                          .take = rows};
    if (src->n_dims > 4 || src->elements == 0) return fail_tensor(j, src, HR_E_FORMAT, "has a shape that no model has");
    t->n_dims = src->n_dims ? src->n_dims : 1;
    for (uint32_t d = 0; d < t->n_dims; d++) t->dims[d] = src->n_dims ? src->shape[src->n_dims - 1 - d] : 1;
    while (t->n_dims > 1 && t->dims[t->n_dims - 1] == 1) t->n_dims--; /* [1, d], a gate of one row, is a vector */
    return add_part(j, part);
}
/* rows first, first + step, ... of each of the n matrices of src_rows rows */
static hr_status add_slice(cv_job *j, const st_tensor *src, int64_t layer, const char *base, const char *suffix, uint64_t n,
                           uint64_t src_rows, uint64_t first, uint64_t step, uint64_t cols) {
    uint32_t out = 0;
    const uint64_t take = step == 1 ? src_rows / 2 : src_rows / step;
    HR_TRY(find_out(j, layer, base, suffix, &out));
    cv_tensor *t = &j->tensors[out];
    t->n_dims = 0;
    if (cols > 1) t->dims[t->n_dims++] = cols;
    t->dims[t->n_dims++] = take;
    if (n > 1) t->dims[t->n_dims++] = n;
    const cv_part part = {.out = out, .src = src, .rows = n * take, .src_rows = src_rows, .first = first, .step = step,
                          .take = take};
    return add_part(j, part);
}

/* --- what needs more than a name -------------------------------------------------------------------------------- */
static hr_status map_expert(cv_job *j, const st_tensor *t, int64_t layer, hr_str rest) {
    static const struct { const char *hf, *gguf; } rows[] = {
        {"gate_proj", "ffn_gate_exps"}, {"up_proj", "ffn_up_exps"}, {"down_proj", "ffn_down_exps"},
        {"w1", "ffn_gate_exps"}, {"w3", "ffn_up_exps"}, {"w2", "ffn_down_exps"}};
    uint64_t index = 0;
    uint32_t out = 0;
    if (!take_index(&rest, &index) || !drop_suffix(&rest, ".weight") || t->n_dims != 2 || index > 65535)
        return fail_tensor(j, t, HR_E_UNSUPPORTED, "is a part of an expert that is not known");
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        if (!hr_str_is(rest, rows[i].hf)) continue;
        HR_TRY(find_out(j, layer, rows[i].gguf, ".weight", &out));
        HR_TRY(add_whole(j, t, out, index));
        j->tensors[out].n_dims = 3;
        j->tensors[out].dims[2] = 0; /* counted when all are there */
        return HR_OK;
    }
    return fail_tensor(j, t, HR_E_UNSUPPORTED, "is a part of an expert that is not known");
}
/* Granite's stacked [E, 2 f, d] and the shared [2 f, d]: gate rows, then up rows */
static hr_status map_stacked(cv_job *j, const st_tensor *t, int64_t layer, bool shared) {
    const uint32_t want = shared ? 2 : 3;
    if (t->n_dims != want || t->shape[want - 2] % 2 != 0) return fail_tensor(j, t, HR_E_FORMAT, "has an odd shape");
    const uint64_t n = shared ? 1 : t->shape[0], rows = t->shape[want - 2], cols = t->shape[want - 1];
    HR_TRY(add_slice(j, t, layer, shared ? "ffn_gate_shexp" : "ffn_gate_exps", ".weight", n, rows, 0, 1, cols));
    return add_slice(j, t, layer, shared ? "ffn_up_shexp" : "ffn_up_exps", ".weight", n, rows, rows / 2, 1, cols);
}
/* gpt-oss: gate and up rows alternate; MXFP4 as [E, rows, blocks, 16] nibbles and [E, rows, blocks] exponents */
static hr_status map_oss(cv_job *j, const st_tensor *t, int64_t layer, hr_str rest) {
    const bool down = take_prefix(&rest, "down_proj");
    char name[200];
    if (!down && !take_prefix(&rest, "gate_up_proj")) return fail_tensor(j, t, HR_E_UNSUPPORTED, "is not known");
    if (hr_str_is(rest, "_scales")) return HR_OK; /* comes with its blocks */
    if (hr_str_is(rest, "_bias") && t->n_dims == 2) {
        uint32_t out = 0;
        if (!down) {
            if (t->shape[1] % 2) return fail_tensor(j, t, HR_E_FORMAT, "has an odd shape");
            HR_TRY(add_slice(j, t, layer, "ffn_gate_exps", ".bias", t->shape[0], t->shape[1], 0, 2, 1));
            return add_slice(j, t, layer, "ffn_up_exps", ".bias", t->shape[0], t->shape[1], 1, 2, 1);
        }
        HR_TRY(find_out(j, layer, "ffn_down_exps", ".bias", &out));
        return add_whole(j, t, out, 0);
    }
    if (!hr_str_is(rest, "_blocks"))
        return fail_tensor(j, t, HR_E_UNSUPPORTED, "gpt-oss experts are converted from their MXFP4 blocks only");
    snprintf(name, sizeof name, "%.*s_scales", (int)(t->name.size - 7), t->name.data);
    const st_tensor *scales = t->name.size < 190 ? st_find(&j->st, name) : NULL;
    if (!scales || t->dtype != ST_U8 || scales->dtype != ST_U8 || t->n_dims != 4 || scales->n_dims != 3 ||
        t->shape[3] != 16 || memcmp(t->shape, scales->shape, 3 * sizeof t->shape[0]) != 0 || t->elements == 0 ||
        (!down && t->shape[1] % 2))
        return fail_tensor(j, t, HR_E_FORMAT, "has no scales that fit");
    const size_t first = j->n_parts;
    const uint64_t cols = t->shape[2] * 32;
    if (down) {
        uint32_t out = 0;
        HR_TRY(find_out(j, layer, "ffn_down_exps", ".weight", &out));
        HR_TRY(add_part(j, (cv_part){.out = out, .src = t, .rows = t->shape[0] * t->shape[1], .src_rows = t->shape[1],
                                     .step = 1, .take = t->shape[1]}));
        cv_tensor *o = &j->tensors[out];
        o->n_dims = 3;
        o->dims[0] = cols, o->dims[1] = t->shape[1], o->dims[2] = t->shape[0];
    } else {
        HR_TRY(add_slice(j, t, layer, "ffn_gate_exps", ".weight", t->shape[0], t->shape[1], 0, 2, cols));
        HR_TRY(add_slice(j, t, layer, "ffn_up_exps", ".weight", t->shape[0], t->shape[1], 1, 2, cols));
    }
    for (size_t i = first; i < j->n_parts; i++) {
        j->parts[i].kind = CV_MXFP4;
        j->parts[i].scales = scales;
        j->tensors[j->parts[i].out].type = HR_TYPE_MXFP4;
    }
    return HR_OK;
}
/* StableLM: one norm for each head, stacked */
static hr_status map_head_norm(cv_job *j, const st_tensor *t, int64_t layer, const char *base, hr_str rest) {
    uint64_t index = 0;
    uint32_t out = 0;
    if (!take_index(&rest, &index) || !hr_str_is(rest, "weight") || t->n_dims != 1)
        return fail_tensor(j, t, HR_E_UNSUPPORTED, "is not known");
    HR_TRY(find_out(j, layer, base, ".weight", &out));
    HR_TRY(add_whole(j, t, out, index));
    j->tensors[out].n_dims = 2;
    j->tensors[out].dims[1] = 0; /* counted when all are there */
    return HR_OK;
}

/* --- one tensor ------------------------------------------------------------------------------------------------- */
static hr_status map_named(cv_job *j, const st_tensor *t, int64_t layer, hr_str rest, bool *known) {
    const bool bias = drop_suffix(&rest, ".bias"), post = j->family->flags & CV_POST_NORMS;
    const bool bert = j->family->flags & CV_BERT;
    uint32_t out = 0;
    if (!bias) (void)drop_suffix(&rest, ".weight");
    for (size_t i = 0; i < HR_COUNT(map_rows); i++) {
        const struct map_row *m = &map_rows[i];
        if ((m->where == CV_PLAIN && post) || (m->where == CV_POST && !post) || (m->where == CV_IN_BERT && !bert)) continue;
        if (!hr_str_is(rest, m->hf)) continue;
        *known = true;
        HR_TRY(find_out(j, layer, m->gguf, bias ? ".bias" : ".weight", &out));
        HR_TRY(add_whole(j, t, out, 0));
        cv_part *part = &j->parts[j->n_parts - 1];
        const bool q = strcmp(m->gguf, "attn_q") == 0, k = strcmp(m->gguf, "attn_k") == 0;
        const uint64_t heads = q ? j->n_head : j->n_head_kv, rows = t->shape[0];
        if (j->family->flags & CV_PERMUTE && (q || k)) {
            if (heads == 0 || rows % heads != 0 || rows / heads % 2 != 0)
                return fail_tensor(j, t, HR_E_FORMAT, "has rows that are no whole number of heads");
            part->kind = CV_HALVES;
            part->take = rows / heads;
            part->rows = part->src_rows = rows; /* a bias: rows of one element */
        }
        const size_t n = strlen(m->gguf);
        j->tensors[out].plus_one = j->family->flags & CV_PLUS_ONE && n >= 4 && strcmp(m->gguf + n - 4, "norm") == 0;
        return HR_OK;
    }
    return HR_OK;
}
static hr_status map_tensor(cv_job *j, const st_tensor *t, bool tied) {
    hr_str s = t->name;
    uint64_t index = 0;
    int64_t layer = -1;
    bool known = false;
    for (size_t i = 0; i < HR_COUNT(map_skipped); i++)
        if (take_prefix(&s, map_skipped[i])) return HR_OK;
    if (drop_suffix(&s, ".rotary_emb.inv_freq") || drop_suffix(&s, ".masked_bias")) return HR_OK;
    for (size_t i = 0; i < HR_COUNT(map_prefixes); i++)
        if (take_prefix(&s, map_prefixes[i])) break;
    if (tied && hr_str_is(s, "lm_head.weight")) return HR_OK;
    if (take_prefix(&s, "layers.") || take_prefix(&s, "encoder.layer.") || take_prefix(&s, "encoder.layers.")) {
        if (!take_index(&s, &index) || index >= j->n_layer)
            return fail_tensor(j, t, HR_E_FORMAT, "belongs to a layer that config.json does not count");
        layer = (int64_t)index;
    }
    if (layer >= 0) {
        hr_str rest = s;
        if (j->family->flags & CV_OSS && take_prefix(&rest, "mlp.experts.")) return map_oss(j, t, layer, rest);
        if (take_prefix(&rest, "mlp.experts.") || take_prefix(&rest, "block_sparse_moe.experts."))
            return map_expert(j, t, layer, rest);
        if (take_prefix(&rest, "self_attn.q_layernorm.norms.")) return map_head_norm(j, t, layer, "attn_q_norm", rest);
        if (take_prefix(&rest, "self_attn.k_layernorm.norms.")) return map_head_norm(j, t, layer, "attn_k_norm", rest);
        if (hr_str_is(s, "block_sparse_moe.input_linear.weight")) return map_stacked(j, t, layer, false);
        if (hr_str_is(s, "shared_mlp.input_linear.weight")) return map_stacked(j, t, layer, true);
        if (hr_str_is(s, "block_sparse_moe.output_linear.weight")) {
            uint32_t out = 0;
            HR_TRY(find_out(j, layer, "ffn_down_exps", ".weight", &out));
            return add_whole(j, t, out, 0);
        }
    }
    HR_TRY(map_named(j, t, layer, s, &known));
    return known ? HR_OK : fail_tensor(j, t, HR_E_UNSUPPORTED, "is a tensor that the family is not known to have");
}

/* --- all of them ------------------------------------------------------------------------------------------------ */
static int compare_parts(const void *a, const void *b) {
    const cv_part *x = (const cv_part *)a, *y = (const cv_part *)b;
    if (x->out != y->out) return x->out < y->out ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}
static int compare_tensors(const void *a, const void *b) {
    const cv_tensor *x = (const cv_tensor *)a, *y = (const cv_tensor *)b;
    if (x->layer != y->layer) return x->layer < y->layer ? -1 : 1;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return strcmp(x->name, y->name);
}
/* experts 0 to n - 1, each once and all of one shape */
static hr_status join_parts(cv_job *j) {
    if (j->n_parts > 1) qsort(j->parts, j->n_parts, sizeof *j->parts, compare_parts);
    for (size_t i = 0; i < j->n_parts;) {
        cv_tensor *t = &j->tensors[j->parts[i].out];
        t->part = i;
        for (; i < j->n_parts && &j->tensors[j->parts[i].out] == t; i++) {
            const cv_part *p = &j->parts[i];
            const cv_part *first = &j->parts[t->part];
            if (p->index != i - t->part)
                return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, t->name, "part %zu is missing, or one is there twice",
                               i - t->part);
            if (p->src->n_dims != first->src->n_dims || p->src->dtype != first->src->dtype ||
                memcmp(p->src->shape, first->src->shape, sizeof p->src->shape) != 0)
                return fail_tensor(j, p->src, HR_E_FORMAT, "differs in shape or type from the other parts");
        }
        t->n_parts = i - t->part;
        if (t->dims[t->n_dims - 1] == 0) t->dims[t->n_dims - 1] = t->n_parts;
    }
    return HR_OK;
}
static bool stays_f32(const cv_tensor *t) {
    const size_t n = strlen(t->name);
    return t->n_dims <= 1 || (n > 5 && strcmp(t->name + n - 5, ".bias") == 0) || strstr(t->name, "_norm.weight") ||
           strstr(t->name, "ffn_gate_inp") || strcmp(t->name, "position_embd.weight") == 0 ||
           strcmp(t->name, "token_types.weight") == 0;
}
static hr_status choose_types(cv_job *j) {
    uint64_t bytes[3] = {0, 0, 0};
    for (size_t i = 0; i < j->n_tensors; i++) {
        cv_tensor *t = &j->tensors[i];
        if (t->values || t->type == HR_TYPE_MXFP4) continue;
        const st_tensor *src = j->parts[t->part].src;
        if (src->dtype != ST_F32 && src->dtype != ST_F16 && src->dtype != ST_BF16)
            return fail_tensor(j, src, HR_E_UNSUPPORTED, "is not F32, F16 or BF16: quantized checkpoints are not converted");
        t->type = stays_f32(t) || j->type == HR_TYPE_F32 ? HR_TYPE_F32
                  : j->type >= 0                         ? (uint32_t)j->type
                  : src->dtype == ST_F32                 ? HR_TYPE_F32
                  : src->dtype == ST_F16                 ? HR_TYPE_F16
                                                         : HR_TYPE_BF16;
        if (!stays_f32(t)) bytes[t->type == HR_TYPE_F32 ? 0 : t->type == HR_TYPE_F16 ? 1 : 2] += src->bytes * t->n_parts;
    }
    j->file_type = bytes[0] >= bytes[1] && bytes[0] >= bytes[2] ? 0 : bytes[1] >= bytes[2] ? 1 : 32;
    return HR_OK;
}
hr_status cv_map(cv_job *j) {
    bool tied = false;
    (void)json_bool(cv_config(j, "tie_word_embeddings"), &tied);
    tied = tied || j->family->flags & CV_TIED;
    for (size_t i = 0; i < j->st.n_tensors; i++) HR_TRY(map_tensor(j, &j->st.tensors[i], tied));
    HR_TRY(cv_add_factors(j));
    HR_TRY(join_parts(j));
    HR_TRY(choose_types(j));
    for (size_t i = 0; i < j->n_tensors; i++)
        if (strcmp(j->tensors[i].name, "token_embd.weight") == 0) j->n_vocab = j->tensors[i].dims[1];
    if (j->n_tensors > 1) qsort(j->tensors, j->n_tensors, sizeof *j->tensors, compare_tensors);
    return HR_OK;
}
#endif
