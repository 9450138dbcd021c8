/* arch.c: the table of architectures, and the hyper-parameters read by it. Every value is checked for its range and
 * against the others before anything is indexed by it (planes.md 9.2, rules 6 and 12). Sources: llama.cpp's graphs, the
 * models' reference code, and an independent float64 forward pass over the files in data/archs. */
#include "engine/arch.h"
#include "engine/base/fmath.h"
#include "engine/hearth.h"

HR_SMALL_BEGIN

#define S(name) HR_SLOT_BIT(name)
#define SEPARATE (S(Q) | S(K) | S(V))
#define GATED (S(GATE) | S(UP) | S(DOWN))
#define EXPS (S(ROUTER) | S(GATE_EXPS) | S(UP_EXPS) | S(DOWN_EXPS))
#define SHEXP (S(GATE_SHEXP) | S(UP_SHEXP) | S(DOWN_SHEXP))
#define PRE_NORMS (S(ATTN_NORM) | S(FFN_NORM))
#define POST_NORMS (S(ATTN_POST) | S(FFN_POST))
#define QK_NORMS (S(Q_NORM) | S(K_NORM))
#define LLAMA_NEED (PRE_NORMS | SEPARATE | GATED)
#define BERT_NORMS (S(ATTN_OUT_NORM) | S(LAYER_OUT_NORM) | S(EMBD_NORM))

/* Every row needs token_embd, attn_output and (encoders apart) output_norm, and may have output; the dense FFN slots of
 * `need` give way to the expert slots when expert_count is above 0. The window rules are those of the model's authors. */
static const hr_arch arch_rows[] = {
    {.name = "llama", .rope = HR_ROPE_NORM, .act = HR_FFN_SILU, .flags = HR_ARCH_EXPERTS_MAY | HR_ARCH_NORM_TOPK,
     .need = LLAMA_NEED, .may = EXPS | S(ROPE_FREQS), .window = HR_WINDOW_ALL},
    {.name = "qwen2", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU, .need = LLAMA_NEED, .need_bias = SEPARATE},
    {.name = "qwen2moe", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU, .flags = HR_ARCH_EXPERTS | HR_ARCH_SHEXP,
     .need = LLAMA_NEED, .may = EXPS | SHEXP | S(SHEXP_GATE), .need_bias = SEPARATE},
    {.name = "qwen3", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU, .need = LLAMA_NEED | QK_NORMS},
    {.name = "qwen3moe", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU, .flags = HR_ARCH_EXPERTS | HR_ARCH_NORM_TOPK,
     .need = LLAMA_NEED | QK_NORMS, .may = EXPS},
    {.name = "gemma", .rope = HR_ROPE_NEOX, .act = HR_FFN_GELU_TANH, .flags = HR_ARCH_EMBD_SQRT, .need = LLAMA_NEED},
    {.name = "gemma2", .rope = HR_ROPE_NEOX, .act = HR_FFN_GELU_TANH, .flags = HR_ARCH_EMBD_SQRT | HR_ARCH_SOFTCAPS,
     .need = LLAMA_NEED | POST_NORMS, .window = HR_WINDOW_PERIOD, .window_period = 2, .window_default = 4096,
     .wide_scale_layers = 46},
    {.name = "gemma3", .rope = HR_ROPE_NEOX, .act = HR_FFN_GELU_TANH, .flags = HR_ARCH_EMBD_SQRT | HR_ARCH_LOCAL_BASE,
     .need = LLAMA_NEED | POST_NORMS | QK_NORMS, .window = HR_WINDOW_PERIOD, .window_period = 6,
     .wide_scale_layers = 62},
    {.name = "phi2", .rope = HR_ROPE_NEOX, .act = HR_FFN_GELU_TANH,
     .flags = HR_ARCH_LAYER_NORM | HR_ARCH_PARALLEL | HR_ARCH_NO_GATE, .need = S(ATTN_NORM) | S(UP) | S(DOWN),
     .may = S(QKV) | SEPARATE},
    {.name = "phi3", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU, .flags = HR_ARCH_FUSED_FFN,
     .need = PRE_NORMS | S(UP) | S(DOWN), .may = S(QKV) | SEPARATE | S(ROPE_LONG) | S(ROPE_SHORT),
     .window = HR_WINDOW_ALL},
    {.name = "granite", .rope = HR_ROPE_NORM, .act = HR_FFN_SILU, .flags = HR_ARCH_SCALES, .need = LLAMA_NEED,
     .may = S(ROPE_FREQS)},
    {.name = "granitemoe", .rope = HR_ROPE_NORM, .act = HR_FFN_SILU,
     .flags = HR_ARCH_SCALES | HR_ARCH_EXPERTS | HR_ARCH_SHEXP_MAY | HR_ARCH_NORM_TOPK, .need = LLAMA_NEED,
     .may = EXPS | SHEXP | S(ROPE_FREQS)},
    {.name = "smollm3", .rope = HR_ROPE_NORM, .act = HR_FFN_SILU, .need = LLAMA_NEED, .nope_period = 4},
    {.name = "olmo2", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU, .flags = HR_ARCH_QK_WHOLE | HR_ARCH_LOCAL_PLAIN,
     .need = POST_NORMS | QK_NORMS | SEPARATE | GATED, .window = HR_WINDOW_PERIOD, .window_period = 4},
    {.name = "starcoder2", .rope = HR_ROPE_NEOX, .act = HR_FFN_GELU_TANH,
     .flags = HR_ARCH_LAYER_NORM | HR_ARCH_NO_GATE, .need = PRE_NORMS | SEPARATE | S(UP) | S(DOWN),
     .window = HR_WINDOW_ALL},
    {.name = "stablelm", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU,
     .flags = HR_ARCH_LAYER_NORM | HR_ARCH_PARALLEL_IF | HR_ARCH_QK_EACH, .need = S(ATTN_NORM) | SEPARATE | GATED,
     .may = S(FFN_NORM) | QK_NORMS},
    {.name = "bitnet", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU, .flags = HR_ARCH_TENSOR_SCALE,
     .need = LLAMA_NEED | S(ATTN_SUB) | S(FFN_SUB)},
    {.name = "bitnet-b1.58", .rope = HR_ROPE_NEOX, .act = HR_FFN_RELU2, .flags = HR_ARCH_TENSOR_SCALE,
     .need = LLAMA_NEED | S(ATTN_SUB) | S(FFN_SUB)},
    {.name = "bitnet-25", .rope = HR_ROPE_NEOX, .act = HR_FFN_RELU2, .flags = HR_ARCH_TENSOR_SCALE,
     .need = LLAMA_NEED | S(ATTN_SUB) | S(FFN_SUB)},
    {.name = "gpt-oss", .rope = HR_ROPE_NEOX, .act = HR_FFN_SWIGLU_OAI,
     .flags = HR_ARCH_EXPERTS | HR_ARCH_POST_IS_FFN, .need = S(ATTN_NORM) | S(ATTN_POST) | SEPARATE | GATED | S(SINKS),
     .may = EXPS, .need_bias = SEPARATE | S(O) | EXPS, .gating = HR_GATE_SOFTMAX_CHOSEN, .window = HR_WINDOW_PERIOD,
     .window_period = 2},
    {.name = "bert", .rope = HR_ROPE_NONE, .act = HR_FFN_GELU_ERF,
     .flags = HR_ARCH_ENCODER | HR_ARCH_LAYER_NORM | HR_ARCH_POST_NORM | HR_ARCH_NO_GATE,
     .need = BERT_NORMS | S(POS_EMBD) | S(UP) | S(DOWN), .may = S(QKV) | SEPARATE | S(TYPE_EMBD),
     .need_bias = S(O) | S(UP) | S(DOWN)},
    {.name = "nomic-bert", .rope = HR_ROPE_NEOX, .act = HR_FFN_SILU,
     .flags = HR_ARCH_ENCODER | HR_ARCH_LAYER_NORM | HR_ARCH_POST_NORM, .need = BERT_NORMS | GATED,
     .may = S(QKV) | SEPARATE | S(TYPE_EMBD)},
};

const hr_arch *hr_arch_find(hr_str name) {
    for (size_t i = 0; i < sizeof arch_rows / sizeof arch_rows[0]; i++)
        if (hr_str_is(name, arch_rows[i].name)) return &arch_rows[i];
    return NULL;
}

/* --- tensor names ------------------------------------------------------------------------------------------------- */
static const char *const slot_texts[HR_SLOT_COUNT] = {
#define X(name, text) text,
    HR_TENSORS(X)
#undef X
};
const char *hr_slot_text(hr_slot slot) { return slot_texts[slot]; }

/* "12." at the head of s: takes it away and gives the number; no signs, no leading zeros, at most three digits. */
static bool take_layer(hr_str *s, size_t *layer) {
    size_t n = 0, value = 0;
    for (; n < s->size && n < 4 && s->data[n] >= '0' && s->data[n] <= '9'; n++)
        value = value * 10 + (size_t)(s->data[n] - '0');
    if (n == 0 || n > 3 || n >= s->size || s->data[n] != '.' || (n > 1 && s->data[0] == '0')) return false;
    s->data += n + 1;
    s->size -= n + 1;
    *layer = value;
    return true;
}
static bool take_suffix(hr_str *s, const char *suffix) {
    size_t n = strlen(suffix);
    if (s->size <= n || memcmp(s->data + s->size - n, suffix, n) != 0) return false;
    s->size -= n;
    return true;
}

/* Slots that multiply by a matrix: these may have a bias, and a scale where the row has scales. */
static bool slot_is_matrix(hr_slot slot) {
    const uint64_t matrices = SEPARATE | S(QKV) | S(O) | GATED | EXPS | SHEXP | S(OUTPUT);
    return matrices >> slot & 1;
}
static bool slot_is_norm(hr_slot slot) {
    const uint64_t norms = S(EMBD_NORM) | S(OUT_NORM) | PRE_NORMS | POST_NORMS | QK_NORMS | S(ATTN_SUB) | S(FFN_SUB) |
                           S(ATTN_OUT_NORM) | S(LAYER_OUT_NORM);
    return norms >> slot & 1;
}

bool hr_arch_slot_of(const hr_arch *row, hr_str name, hr_slot *slot, size_t *layer, int *kind) {
    uint64_t allowed = row->need | row->may | S(TOKEN_EMBD) | S(O) | S(ROT_EMBD); /* rot_embd: read by nobody */
    if (!(row->flags & HR_ARCH_ENCODER)) allowed |= S(OUT_NORM) | S(OUTPUT);
    bool in_layer = name.size > 4 && memcmp(name.data, "blk.", 4) == 0;
    *layer = SIZE_MAX;
    if (in_layer) {
        name.data += 4;
        name.size -= 4;
        if (!take_layer(&name, layer)) return false;
    }
    if (take_suffix(&name, ".weight")) *kind = 0;
    else if (take_suffix(&name, ".bias")) *kind = 1;
    else if (take_suffix(&name, ".scale")) *kind = 2;
    else return false;
    for (int i = in_layer ? HR_SLOT_FIRST_IN_LAYER : 0; i < (in_layer ? HR_SLOT_COUNT : HR_SLOT_FIRST_IN_LAYER); i++) {
        if (!(allowed >> i & 1) || !hr_str_is(name, slot_texts[i])) continue;
        *slot = (hr_slot)i;
        if (*kind == 0) return true;
        if (*kind == 2) return slot_is_matrix(*slot) && (row->flags & HR_ARCH_TENSOR_SCALE);
        if (slot_is_norm(*slot)) return row->flags & HR_ARCH_LAYER_NORM && !((S(Q_NORM) | S(K_NORM)) >> *slot & 1);
        return slot_is_matrix(*slot);
    }
    return false;
}

/* --- metadata values ---------------------------------------------------------------------------------------------- */
#define REQUIRED UINT64_MAX
typedef struct arch_keys {
    const hr_gguf *g;
    const hr_arch *row;
    hr_error *err;
    const hr_gguf_kv *kv; /* of the last find */
    char name[96];        /* and its whole key */
} arch_keys;

static const hr_gguf_kv *find_key(arch_keys *k, const char *suffix) {
    hr_format(k->name, sizeof k->name, "%s.%s", k->row->name, suffix);
    return k->kv = hr_gguf_find(k->g, k->name);
}
static bool key_is_array(const arch_keys *k) { return k->kv && k->kv->type == HR_GGUF_ARRAY; }
static uint64_t offset_of_key(const arch_keys *k) { return k->kv ? hr_gguf_kv_offset(k->g, k->kv) : HR_NO_OFFSET; }

static hr_status check_range(arch_keys *k, uint64_t v, uint64_t lo, uint64_t hi) {
    if (v >= lo && v <= hi) return HR_OK;
    return hr_fail(k->err, v > hi ? HR_E_LIMIT : HR_E_FORMAT, offset_of_key(k), k->name,
                   "is %llu, must be %llu to %llu",
                   (unsigned long long)v, (unsigned long long)lo, (unsigned long long)hi);
}
static hr_status fail_missing(arch_keys *k) {
    return hr_fail(k->err, HR_E_FORMAT, HR_NO_OFFSET, k->name, "is missing: a %s model needs it", k->row->name);
}

/* A whole number of any width; absent == REQUIRED: must be there. */
static hr_status read_uint(arch_keys *k, const char *suffix, uint64_t lo, uint64_t hi, uint64_t absent, uint64_t *out) {
    *out = absent;
    if (!find_key(k, suffix)) return absent == REQUIRED ? fail_missing(k) : HR_OK;
    HR_TRY(hr_gguf_u64(k->g, k->name, out, NULL, k->err));
    return check_range(k, *out, lo, hi);
}
/* absent < 0: must be there */
static hr_status read_float(arch_keys *k, const char *suffix, double lo, double hi, double absent, float *out) {
    double v = absent;
    *out = (float)absent;
    if (!find_key(k, suffix)) return absent < 0 ? fail_missing(k) : HR_OK;
    HR_TRY(hr_gguf_f64(k->g, k->name, &v, NULL, k->err));
    if (!(v >= lo && v <= hi))
        return hr_fail(k->err, HR_E_FORMAT, offset_of_key(k), k->name, "is outside the range of its meaning");
    *out = (float)v;
    return HR_OK;
}
static hr_status read_bool(arch_keys *k, const char *suffix, bool absent, bool *out) {
    *out = absent;
    return find_key(k, suffix) ? hr_gguf_bool(k->g, k->name, out, NULL, k->err) : HR_OK;
}
/* one value of the key found last: a scalar for every layer, or an array's; flags count as 0 and 1 */
static hr_status read_element(arch_keys *k, uint64_t i, uint64_t *out) {
    if (key_is_array(k) && k->kv->elem == HR_GGUF_BOOL) {
        *out = k->kv->data[i];
        return HR_OK;
    }
    return hr_gguf_u64_at(k->g, k->name, i, out, NULL, k->err);
}
/* One number for all layers, or an array with one for each. *largest over the layers. */
static hr_status read_layers(arch_keys *k, const char *suffix, size_t n_layer, uint64_t lo, uint64_t hi,
                             uint64_t absent,
                             size_t *largest) {
    *largest = absent == REQUIRED ? 0 : (size_t)absent;
    if (!find_key(k, suffix)) return absent == REQUIRED ? fail_missing(k) : HR_OK;
    uint64_t v = 0, count = key_is_array(k) ? k->kv->count : 1;
    *largest = 0;
    if (key_is_array(k) && count != n_layer)
        return hr_fail(k->err, HR_E_FORMAT, offset_of_key(k), k->name, "has %llu values for %zu layers",
                       (unsigned long long)count, n_layer);
    for (uint64_t i = 0; i < count; i++) {
        HR_TRY(read_element(k, i, &v));
        HR_TRY(check_range(k, v, lo, hi));
        *largest = hr_max_size(*largest, (size_t)v);
    }
    return HR_OK;
}
/* the value for one layer of what read_layers has checked */
static uint64_t value_of_layer(arch_keys *k, const char *suffix, size_t layer, uint64_t absent) {
    uint64_t v = absent;
    if (find_key(k, suffix)) (void)read_element(k, layer, &v);
    return v;
}

/* --- hyper-parameters --------------------------------------------------------------------------------------------- */
/* Keys whose presence with another value changes the computation in a way that the graph does not know. */
static const struct refused_key {
    const char *suffix;
    float harmless; /* with this value nothing changes; all are harmless when 0 */
} refused_keys[] = {
    {"attention.max_alibi_bias", 0}, {"attention.clamp_kqv", 0}, {"attention.q_lora_rank", 0},
    {"attention.kv_lora_rank", 0}, {"attention.shared_kv_layers", 0}, {"attention.temperature_scale", 0},
    {"attention.group_norm_groups", 0}, {"full_attention_interval", 1}, {"embedding_length_per_layer_input", 0},
    {"expert_group_count", 1}, {"expert_group_used_count", 1}, {"nextn_predict_layers", 0},
    {"leading_dense_block_count", 0}, {"interleave_moe_layer_step", 1}, {"moe_every_n_layers", 1},
    {"rope.dimension_sections", 0}, {"rope.scaling.yarn_log_multiplier", 0}, {"deepstack_mapping", 0},
    {"ssm.conv_kernel", 0}, {"ssm.state_size", 0}, {"altup.num_inputs", 0}, {"swin_norm", 0},
    {"expert_shared_count", 1}, {"n_deepstack_layers", 0}, {"decoder_block_count", 0}, {"dense_2_feat_in", 0},
};
static hr_status check_refused_keys(arch_keys *k) {
    for (size_t i = 0; i < sizeof refused_keys / sizeof refused_keys[0]; i++) {
        if (!find_key(k, refused_keys[i].suffix)) continue;
        double v = 2;
        bool flag = false;
        if (k->kv->type == HR_GGUF_BOOL) {
            HR_TRY(hr_gguf_bool(k->g, k->name, &flag, NULL, k->err));
            v = flag ? 2 : 0;
        } else if (!key_is_array(k)) HR_TRY(hr_gguf_f64(k->g, k->name, &v, NULL, k->err));
        if (v == 0 || v == (double)refused_keys[i].harmless) continue;
        return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name,
                       "is a feature that Hearth does not run for %s",
                       k->row->name);
    }
    if (!find_key(k, "tensor_data_layout")) return HR_OK;
    hr_str s = {"", 0};
    HR_TRY(hr_gguf_string(k->g, k->name, &s, NULL, k->err));
    if (hr_str_is(s, "Meta AI original pth") || hr_str_is(s, "reference")) return HR_OK;
    return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name, "is a tensor layout that Hearth does not know");
}

static hr_status read_shape(arch_keys *k, hr_hparams *hp) {
    uint64_t v = 0;
    HR_TRY(read_uint(k, "block_count", 1, HR_MAX_LAYERS, REQUIRED, &v));
    hp->n_layer = (size_t)v;
    HR_TRY(read_uint(k, "context_length", 1, 1u << 28, REQUIRED, &v));
    hp->n_ctx_train = (size_t)v;
    HR_TRY(read_uint(k, "embedding_length", 1, 1u << 17, REQUIRED, &v));
    hp->n_embd = (size_t)v;
    HR_TRY(read_layers(k, "attention.head_count", hp->n_layer, 1, 1024, REQUIRED, &hp->n_head));
    HR_TRY(read_layers(k, "attention.head_count_kv", hp->n_layer, 1, 1024, hp->n_head, &hp->n_head_kv));
    for (size_t l = 0; l < hp->n_layer; l++) {
        uint64_t heads = value_of_layer(k, "attention.head_count", l, 0);
        uint64_t kv = value_of_layer(k, "attention.head_count_kv", l, heads);
        if (heads % kv != 0)
            return hr_fail(k->err, HR_E_FORMAT, offset_of_key(k), k->name,
                           "is %llu in layer %zu: it must divide the %llu heads", (unsigned long long)kv, l,
                           (unsigned long long)heads);
    }
    HR_TRY(read_uint(k, "attention.key_length", 1, 1024, 0, &v));
    if (v == 0) {
        if (hp->n_embd % hp->n_head != 0) {
            find_key(k, "attention.head_count");
            return hr_fail(k->err, HR_E_FORMAT, offset_of_key(k), k->name,
                           "is %zu: it must divide embedding_length %zu when there is no attention.key_length",
                           hp->n_head,
                           hp->n_embd);
        }
        v = hp->n_embd / hp->n_head;
        if (v > 1024) return check_range(k, v, 1, 1024);
    }
    hp->head_dim_k = (size_t)v;
    HR_TRY(read_uint(k, "attention.value_length", 1, 1024, k->kv ? hp->head_dim_k : hp->n_embd / hp->n_head, &v));
    hp->head_dim_v = v ? (size_t)v : hp->head_dim_k;
    HR_TRY(read_layers(k, "feed_forward_length", hp->n_layer, 1, 1u << 20,
                       k->row->flags & HR_ARCH_EXPERTS ? 0 : REQUIRED, &hp->n_ff));
    HR_TRY(read_uint(k, "vocab_size", 1, 1u << 24, 0, &v));
    hp->n_vocab = (size_t)v; /* what the file says; the loader compares */
    return HR_OK;
}

static hr_status read_experts(arch_keys *k, hr_hparams *hp) {
    uint64_t v = 0, used = 0;
    const uint32_t flags = k->row->flags;
    const bool may = flags & (HR_ARCH_EXPERTS | HR_ARCH_EXPERTS_MAY);
    hp->gating = k->row->gating;
    hp->expert_renorm = flags & HR_ARCH_NORM_TOPK;
    hp->expert_scale = 1;
    HR_TRY(read_uint(k, "expert_count", flags & HR_ARCH_EXPERTS ? 1 : 0, HR_MAX_EXPERTS,
                     flags & HR_ARCH_EXPERTS ? REQUIRED : 0, &v));
    hp->n_expert = (size_t)v;
    if (v == 0) return HR_OK;
    if (!may)
        return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name, "experts are not known for %s",
                       k->row->name);
    HR_TRY(read_uint(k, "expert_used_count", 1, HR_MAX_EXPERTS_USED, REQUIRED, &used));
    if (used > hp->n_expert)
        return hr_fail(k->err, HR_E_FORMAT, offset_of_key(k), k->name, "is %llu of only %zu experts",
                       (unsigned long long)used, hp->n_expert);
    hp->n_expert_used = (size_t)used;
    size_t default_ff = flags & HR_ARCH_EXPERTS_MAY || k->row->gating == HR_GATE_SOFTMAX_CHOSEN ||
                                flags & HR_ARCH_SHEXP_MAY ? hp->n_ff : hp->n_ff / (size_t)used;
    HR_TRY(read_uint(k, "expert_feed_forward_length", 1, 1u << 20, default_ff, &v));
    if (v == 0) return fail_missing(k);
    hp->n_ff_expert = (size_t)v;
    if (flags & (HR_ARCH_SHEXP | HR_ARCH_SHEXP_MAY)) {
        HR_TRY(read_uint(k, "expert_shared_feed_forward_length", 0, 1u << 20, flags & HR_ARCH_SHEXP ? hp->n_ff : 0,
                         &v));
        hp->n_ff_shexp = (size_t)v;
        if (v == 0 && (flags & HR_ARCH_SHEXP)) return fail_missing(k);
    }
    HR_TRY(read_uint(k, "expert_gating_func", 0, 3, 0, &v));
    if (v != 0) hp->gating = v == 1 ? HR_GATE_SOFTMAX : v == 2 ? HR_GATE_SIGMOID : HR_GATE_SOFTMAX_CHOSEN;
    HR_TRY(read_bool(k, "expert_weights_norm", hp->expert_renorm, &hp->expert_renorm));
    HR_TRY(read_float(k, "expert_weights_scale", 0, 1e4, 1, &hp->expert_scale));
    if (hp->expert_scale == 0) hp->expert_scale = 1;
    return HR_OK;
}

static hr_status read_attention(arch_keys *k, hr_hparams *hp) {
    const hr_arch *row = k->row;
    const bool encoder = row->flags & HR_ARCH_ENCODER;
    bool causal = false;
    uint64_t v = 0;
    float scale = 0;
    hp->layer_norm = row->flags & HR_ARCH_LAYER_NORM;
    HR_TRY(read_float(k, hp->layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", 1e-30,
                      0.1,
                      -1, &hp->norm_eps));
    HR_TRY(read_float(k, "attention.scale", 0, 1e4, 0, &scale));
    if (scale > 0) hp->attn_scale = scale;
    else if (row->wide_scale_layers && hp->n_layer == row->wide_scale_layers)
        hp->attn_scale = 1.0f / hr_sqrtf((float)(hp->n_embd / hp->n_head));
    else hp->attn_scale = 1.0f / hr_sqrtf((float)hp->head_dim_k);
    const bool caps = row->flags & HR_ARCH_SOFTCAPS;
    HR_TRY(read_float(k, "attn_logit_softcapping", 0, 1e6, caps ? 50 : 0, &hp->attn_softcap));
    HR_TRY(read_float(k, "final_logit_softcapping", 0, 1e6, caps ? 30 : 0, &hp->final_softcap));
    HR_TRY(read_bool(k, "attention.causal", !encoder, &causal));
    if (causal == encoder)
        return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name, "is %s: Hearth runs %s the other way",
                       causal ? "true" : "false", row->name);
    hp->causal = causal;
    HR_TRY(read_uint(k, "pooling_type", 0, 4, encoder ? HEARTH_POOL_MEAN : HEARTH_POOL_LAST, &v));
    if (v == 4) return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name, "4, a ranking head, is not run");
    hp->pooling = (int)v;
    HR_TRY(read_uint(k, "attention.sliding_window", 0, UINT32_MAX, row->window_default, &v));
    if (v >= hp->n_ctx_train && row->window != HR_WINDOW_PERIOD) v = 0; /* sees everything */
    if (v > 0 && row->window == HR_WINDOW_REFUSED)
        return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name, "is %llu: windows are not known for %s",
                       (unsigned long long)v, row->name);
    hp->window = (size_t)v;
    size_t largest = 0; /* a period, or one flag for each layer */
    if (find_key(k, "attention.sliding_window_pattern") && !key_is_array(k))
        return read_uint(k, "attention.sliding_window_pattern", 1, HR_MAX_LAYERS, 1, &v);
    return read_layers(k, "attention.sliding_window_pattern", hp->n_layer, 0, 1, 0, &largest);
}

static hr_status read_scaling(arch_keys *k, const hr_hparams *hp, hr_rope_config *r) {
    static const struct { const char *text; hr_rope_scaling scaling; } kinds[] = {
        {"none", HR_SCALING_NONE}, {"linear", HR_SCALING_LINEAR}, {"yarn", HR_SCALING_YARN},
        {"longrope", HR_SCALING_LONGROPE}};
    float factor = 0, f = 0;
    uint64_t v = 0;
    r->scaling = HR_SCALING_LINEAR;
    if (find_key(k, "rope.scaling.type")) {
        hr_str s = {"", 0};
        size_t i = 0;
        HR_TRY(hr_gguf_string(k->g, k->name, &s, NULL, k->err));
        while (i < 4 && !hr_str_is(s, kinds[i].text)) i++;
        if (i == 4)
            return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name,
                           "'%.*s' is a scaling that Hearth does not know",
                           (int)hr_min_size(s.size, 40), s.data);
        r->scaling = kinds[i].scaling;
    }
    HR_TRY(read_float(k, "rope.scaling.factor", 0, 1e6, 0, &factor));
    if (factor == 0) HR_TRY(read_float(k, "rope.scale_linear", 0, 1e6, 0, &factor));
    r->factor = factor == 0 || r->scaling == HR_SCALING_NONE ? 1 : (double)factor;
    HR_TRY(read_float(k, "rope.scaling.attn_factor", 0, 1e4, 1, &f));
    r->attn_factor = (double)f;
    HR_TRY(read_float(k, "rope.scaling.yarn_attn_factor", 0, 1e4, 1, &f));
    r->attn_factor *= (double)f;
    HR_TRY(read_uint(k, "rope.scaling.original_context_length", 1, 1u << 28, hp->n_ctx_train, &v));
    r->orig_ctx = (double)v;
    HR_TRY(read_float(k, "rope.scaling.yarn_ext_factor", 0, 1, r->scaling == HR_SCALING_YARN ? 1 : 0, &f));
    r->ext_factor = r->scaling == HR_SCALING_YARN ? (double)f : 0;
    HR_TRY(read_float(k, "rope.scaling.yarn_beta_fast", 1e-3, 1e6, 32, &f));
    r->beta_fast = (double)f;
    HR_TRY(read_float(k, "rope.scaling.yarn_beta_slow", 1e-3, 1e6, 1, &f));
    r->beta_slow = (double)f;
    if (r->scaling == HR_SCALING_LINEAR && r->factor == 1) r->scaling = HR_SCALING_NONE;
    return HR_OK;
}

static hr_status read_rope(arch_keys *k, hr_hparams *hp) {
    hr_rope_config *r = &hp->rope[0];
    uint64_t v = 0;
    float base = 0;
    r->kind = k->row->rope;
    HR_TRY(read_scaling(k, hp, r));
    HR_TRY(read_uint(k, "rope.dimension_count", 1, hp->head_dim_k, hp->head_dim_k, &v));
    if (v % 2 != 0 && r->kind != HR_ROPE_NONE)
        return hr_fail(k->err, HR_E_FORMAT, offset_of_key(k), k->name, "is %llu: pairs are rotated, so it must be even",
                       (unsigned long long)v);
    r->n_rot = r->kind == HR_ROPE_NONE ? 0 : (size_t)v;
    HR_TRY(read_float(k, "rope.freq_base", 1.0001, 1e12, 10000, &base));
    r->base = (double)base;
    hp->rope[1] = *r;
    r = &hp->rope[1];
    if (k->row->flags & (HR_ARCH_LOCAL_BASE | HR_ARCH_LOCAL_PLAIN)) {
        r->scaling = HR_SCALING_NONE;
        r->factor = 1;
        r->ext_factor = 0;
        if (k->row->flags & HR_ARCH_LOCAL_PLAIN) r->attn_factor = 1;
    }
    HR_TRY(read_float(k, "rope.freq_base_swa", 1.0001, 1e12, k->row->flags & HR_ARCH_LOCAL_BASE ? 10000 : (double)base,
                      &base));
    r->base = (double)base;
    static const char *const same[][2] = {{"rope.dimension_count_swa", "n_rot"}, {"attention.key_length_swa", "dk"},
                                          {"attention.value_length_swa", "dv"}};
    const size_t want[3] = {hp->rope[0].n_rot, hp->head_dim_k, hp->head_dim_v};
    for (size_t i = 0; i < 3; i++) {
        HR_TRY(read_uint(k, same[i][0], 0, UINT32_MAX, want[i], &v));
        if (v != want[i])
            return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name,
                           "differs from the full-attention layers");
    }
    return HR_OK;
}

static hr_status read_scales(arch_keys *k, hr_hparams *hp) {
    static const char *const suffix[3] = {"embedding_scale", "residual_scale", "logit_scale"};
    float *const at[3] = {&hp->embedding_scale, &hp->residual_scale, &hp->logit_scale};
    for (size_t i = 0; i < 3; i++) {
        HR_TRY(read_float(k, suffix[i], 0, 1e6, 1, at[i]));
        if (*at[i] == 0) *at[i] = 1;
        if (*at[i] != 1 && !(k->row->flags & HR_ARCH_SCALES))
            return hr_fail(k->err, HR_E_UNSUPPORTED, offset_of_key(k), k->name, "scales are not known for %s",
                           k->row->name);
    }
    hp->logit_scale = 1.0f / hp->logit_scale;
    if (k->row->flags & HR_ARCH_EMBD_SQRT) hp->embedding_scale = hr_sqrtf((float)hp->n_embd);
    return HR_OK;
}

hr_status hr_arch_read(const hr_gguf *g, const hr_arch *row, hr_hparams *hp, hr_error *err) {
    arch_keys k = {.g = g, .row = row, .err = err};
    memset(hp, 0, sizeof *hp);
    hp->act = row->act;
    hp->ffn_fused = row->flags & HR_ARCH_FUSED_FFN;
    hp->parallel_residual = row->flags & HR_ARCH_PARALLEL; /* PARALLEL_IF: the loader knows */
    hp->post_norm = row->flags & HR_ARCH_POST_NORM;
    HR_TRY(read_shape(&k, hp));
    HR_TRY(check_refused_keys(&k));
    HR_TRY(read_experts(&k, hp));
    HR_TRY(read_attention(&k, hp));
    HR_TRY(read_rope(&k, hp));
    return read_scales(&k, hp);
}

void hr_arch_layer(const hr_gguf *g, const hr_arch *row, const hr_hparams *hp, size_t index, hr_layer *layer) {
    arch_keys k = {.g = g, .row = row};
    uint64_t period = row->window_period, flag = 0;
    layer->n_head = (size_t)value_of_layer(&k, "attention.head_count", index, hp->n_head);
    layer->n_head_kv = (size_t)value_of_layer(&k, "attention.head_count_kv", index, layer->n_head);
    layer->n_ff = (size_t)value_of_layer(&k, "feed_forward_length", index, hp->n_ff);
    layer->rope = row->rope != HR_ROPE_NONE && !(row->nope_period && (index + 1) % row->nope_period == 0);
    layer->sliding = false;
    if (hp->window == 0) return;
    if (row->window == HR_WINDOW_ALL) {
        layer->sliding = true;
        return;
    }
    if (find_key(&k, "attention.sliding_window_pattern")) {
        if (key_is_array(&k)) {
            layer->sliding = read_element(&k, index, &flag) == HR_OK && flag;
            return;
        }
        (void)read_element(&k, 0, &period);
    }
    layer->sliding = index % (size_t)period < (size_t)period - 1;
}

uint64_t hr_arch_peek(const hr_gguf *g, const char *key) {
    char name[160];
    uint64_t v = 0;
    hr_str arch = {"", 0};
    if (hr_gguf_string(g, "general.architecture", &arch, NULL, NULL) != HR_OK) return 0;
    hr_format(name, sizeof name, "%.*s.%s", (int)hr_min_size(arch.size, 64), arch.data, key);
    return hr_gguf_u64(g, name, &v, NULL, NULL) == HR_OK && v <= INT32_MAX ? v : 0;
}
#undef S
#undef SEPARATE
#undef GATED
#undef EXPS
#undef SHEXP
#undef PRE_NORMS
#undef POST_NORMS
#undef QK_NORMS
#undef LLAMA_NEED
#undef BERT_NORMS
#undef REQUIRED

HR_SMALL_END
