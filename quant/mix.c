/* mix.c: the type mixes. */
#include "quant/mix.h"

enum { /* general.file_type */
    MIX_F32 = 0, MIX_F16 = 1, MIX_Q4_0 = 2, MIX_Q4_1 = 3, MIX_Q8_0 = 7, MIX_Q5_0 = 8, MIX_Q5_1 = 9, MIX_Q2_K = 10,
    MIX_Q3_K_S = 11, MIX_Q3_K_M = 12, MIX_Q3_K_L = 13, MIX_Q4_K_S = 14, MIX_Q4_K_M = 15, MIX_Q5_K_S = 16, MIX_Q5_K_M = 17,
    MIX_Q6_K = 18, MIX_Q2_K_S = 21, MIX_IQ4_NL = 25, MIX_IQ4_XS = 30, MIX_BF16 = 32, MIX_TQ1_0 = 36, MIX_TQ2_0 = 37,
    MIX_MXFP4_MOE = 38, MIX_MAX_LAYERS = 4096
};
static const hr_mix mix_table[] = {
    {"Q4_0", HR_TYPE_Q4_0, MIX_Q4_0},       {"Q4_1", HR_TYPE_Q4_1, MIX_Q4_1},     {"Q5_0", HR_TYPE_Q5_0, MIX_Q5_0},
    {"Q5_1", HR_TYPE_Q5_1, MIX_Q5_1},       {"Q8_0", HR_TYPE_Q8_0, MIX_Q8_0},     {"Q2_K", HR_TYPE_Q2_K, MIX_Q2_K},
    {"Q2_K_S", HR_TYPE_Q2_K, MIX_Q2_K_S},   {"Q3_K_S", HR_TYPE_Q3_K, MIX_Q3_K_S}, {"Q3_K_M", HR_TYPE_Q3_K, MIX_Q3_K_M},
    {"Q3_K_L", HR_TYPE_Q3_K, MIX_Q3_K_L},   {"Q4_K_S", HR_TYPE_Q4_K, MIX_Q4_K_S}, {"Q4_K_M", HR_TYPE_Q4_K, MIX_Q4_K_M},
    {"Q5_K_S", HR_TYPE_Q5_K, MIX_Q5_K_S},   {"Q5_K_M", HR_TYPE_Q5_K, MIX_Q5_K_M}, {"Q6_K", HR_TYPE_Q6_K, MIX_Q6_K},
    {"IQ4_NL", HR_TYPE_IQ4_NL, MIX_IQ4_NL}, {"IQ4_XS", HR_TYPE_IQ4_XS, MIX_IQ4_XS}, {"TQ1_0", HR_TYPE_TQ1_0, MIX_TQ1_0},
    {"TQ2_0", HR_TYPE_TQ2_0, MIX_TQ2_0},    {"MXFP4", HR_TYPE_MXFP4, MIX_MXFP4_MOE}, {"MXFP4_MOE", HR_TYPE_MXFP4, MIX_MXFP4_MOE},
    {"F16", HR_TYPE_F16, MIX_F16},          {"BF16", HR_TYPE_BF16, MIX_BF16},     {"F32", HR_TYPE_F32, MIX_F32},
    {"Q3_K", HR_TYPE_Q3_K, MIX_Q3_K_M},     {"Q4_K", HR_TYPE_Q4_K, MIX_Q4_K_M},   {"Q5_K", HR_TYPE_Q5_K, MIX_Q5_K_M},
};

static char upper_char(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }

const hr_mix *hr_mix_at(size_t i) { return i < HR_COUNT(mix_table) ? &mix_table[i] : NULL; }

const hr_mix *hr_mix_named(const char *name) {
    for (size_t i = 0; i < HR_COUNT(mix_table); i++) {
        const char *a = name, *b = mix_table[i].name;
        while (*b != 0 && upper_char(*a) == *b) a++, b++;
        if (*a == 0 && *b == 0) return &mix_table[i];
    }
    return NULL;
}

/* --- names -------------------------------------------------------------------------------------------------------------- */
static bool name_has(hr_str s, const char *part) {
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= s.size; i++) {
        if (memcmp(s.data + i, part, n) == 0) return true;
    }
    return false;
}

static bool match_glob(const char *p, const char *s, const char *end) {
    const char *star = NULL, *back = NULL; /* the last star, and where it was tried */
    while (s < end) {
        if (*p == '*') star = p++, back = s;
        else if (*p == '?' || (*p != 0 && *p == *s)) p++, s++;
        else if (star != NULL) p = star + 1, s = ++back;
        else return false;
    }
    while (*p == '*') p++;
    return *p == 0;
}

bool hr_mix_match(const char *pattern, hr_str name) {
    if (strchr(pattern, '*') != NULL || strchr(pattern, '?') != NULL) {
        return match_glob(pattern, name.data, name.data + name.size);
    }
    return name_has(name, pattern);
}

static bool may_quantize(const hr_mix_tensor *t) {
    static const char *const kept[] = {
        "_norm.weight", "ffn_gate_inp.weight", "ssm_conv1d.weight", "shortconv.conv.weight", "attn_rel_b.weight",
        "time_mix_first.weight", "time_mix_w0.weight", "time_mix_w1.weight", "time_mix_w2.weight", "time_mix_v0.weight",
        "time_mix_v1.weight", "time_mix_v2.weight", "time_mix_a0.weight", "time_mix_a1.weight", "time_mix_a2.weight",
        "time_mix_g1.weight", "time_mix_g2.weight", "time_mix_decay_w1.weight", "time_mix_decay_w2.weight",
        "time_mix_lerp_fused.weight", "altup", "laurel", "per_layer_model_proj"};
    const hr_format_info *f = hr_format_of(t->type);
    if (t->dims[1] * (uint64_t)t->dims[2] * t->dims[3] < 2 || f == NULL || !f->runs) return false; /* a vector, or integers */
    if (t->name.size < 6 || memcmp(t->name.data + t->name.size - 6, "weight", 6) != 0) return false;
    if (hr_str_is(t->name, "position_embd.weight") || hr_str_is(t->name, "token_types.weight")) return false;
    for (size_t i = 0; i < HR_COUNT(kept); i++) {
        if (name_has(t->name, kept[i])) return false;
    }
    return true;
}

/* "blk.12." gives 12; others -1 */
static int layer_of(hr_str s) {
    int n = 0;
    size_t i = 4;
    if (s.size < 6 || memcmp(s.data, "blk.", 4) != 0) return -1;
    for (; i < s.size && s.data[i] >= '0' && s.data[i] <= '9' && n < 100000; i++) n = 10 * n + (s.data[i] - '0');
    return i > 4 && i < s.size && s.data[i] == '.' ? n : -1;
}

uint32_t hr_mix_fallback(uint32_t type, uint64_t k) {
    uint32_t to = type;
    if (k % hr_format_of(type)->block == 0) return type;
    switch (type) {
    case HR_TYPE_TQ1_0: case HR_TYPE_TQ2_0: to = HR_TYPE_Q4_0; break;
    case HR_TYPE_Q2_K: case HR_TYPE_Q3_K: case HR_TYPE_IQ4_XS: to = HR_TYPE_IQ4_NL; break;
    case HR_TYPE_Q4_K: to = HR_TYPE_Q5_0; break;
    case HR_TYPE_Q5_K: to = HR_TYPE_Q5_1; break;
    case HR_TYPE_Q6_K: to = HR_TYPE_Q8_0; break;
    default: break;
    }
    return k % hr_format_of(to)->block == 0 ? to : HR_TYPE_F16;
}

/* --- the rules ---------------------------------------------------------------------------------------------------------- */
typedef struct mix_state {
    const hr_mix *mix;
    const hr_mix_model *m;
    int i_v, n_v, i_down;
    bool has_output;
} mix_state;

static bool more_bits(int i, int n) { return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2; }

static bool is_falcon(const mix_state *s) { return hr_str_is(s->m->arch, "falcon"); }

static uint32_t grouped_heads(const hr_mix_model *m) { return m->n_head_kv != 0 ? m->n_head / m->n_head_kv : 0; }

/* what llama.cpp calls a 70B: eight query heads on one value head make attn_v small there */
static bool is_70b(const hr_mix_model *m) {
    return m->n_layer == 80 && (hr_str_is(m->arch, "llama") || hr_str_is(m->arch, "qwen2"));
}

static uint32_t head_type(const mix_state *s, const hr_mix_tensor *t) {
    uint32_t base = s->mix->base;
    if (is_falcon(s) || t->dims[0] % hr_format_of(base)->block != 0) return HR_TYPE_Q8_0;
    if (strcmp(s->mix->name, "MXFP4_MOE") == 0) return HR_TYPE_Q8_0;
    return base == HR_TYPE_Q8_0 ? HR_TYPE_Q8_0 : HR_TYPE_Q6_K;
}

static uint32_t value_type(mix_state *s, uint32_t type) {
    int i = s->i_v++;
    uint32_t gqa = grouped_heads(s->m);
    switch (s->mix->file_type) {
    case MIX_Q2_K: type = gqa >= 4 ? HR_TYPE_Q4_K : HR_TYPE_Q3_K; break;
    case MIX_Q2_K_S: type = gqa >= 4 ? HR_TYPE_Q4_K : type; break;
    case MIX_Q3_K_M: type = i < 2 ? HR_TYPE_Q5_K : HR_TYPE_Q4_K; break;
    case MIX_Q3_K_L: type = HR_TYPE_Q5_K; break;
    case MIX_IQ4_NL: case MIX_IQ4_XS: type = gqa >= 4 ? HR_TYPE_Q5_K : type; break;
    case MIX_Q4_K_M: case MIX_Q5_K_M: type = more_bits(i, s->n_v) ? HR_TYPE_Q6_K : type; break;
    case MIX_Q4_K_S: type = i < 4 ? HR_TYPE_Q5_K : type; break;
    default: break;
    }
    if (is_70b(s->m) && (type == HR_TYPE_Q3_K || type == HR_TYPE_Q4_K)) type = HR_TYPE_Q5_K;
    return s->m->n_expert == 8 ? HR_TYPE_Q8_0 : type;
}

static uint32_t down_type(mix_state *s, const hr_mix_tensor *t, uint32_t type) {
    int i = s->i_down++, n = (int)s->m->n_layer;
    bool falcon = is_falcon(s);
    if (s->m->n_expert > 1) i = layer_of(t->name); /* several a layer: counted by name */
    bool early = i < n / 8;
    switch (s->mix->file_type) {
    case MIX_Q2_K: return HR_TYPE_Q3_K;
    case MIX_Q2_K_S: return early ? HR_TYPE_Q4_K : type;
    case MIX_Q3_K_M:
        return i < n / 16 ? HR_TYPE_Q5_K : !falcon || more_bits(i, n) ? HR_TYPE_Q4_K : HR_TYPE_Q3_K;
    case MIX_Q3_K_L: return falcon ? HR_TYPE_Q4_K : HR_TYPE_Q5_K;
    case MIX_Q4_K_M:
        if (falcon) return i < n / 16 ? HR_TYPE_Q6_K : more_bits(i, n) ? HR_TYPE_Q5_K : HR_TYPE_Q4_K;
        return more_bits(i, n) ? HR_TYPE_Q6_K : type;
    case MIX_IQ4_NL: case MIX_IQ4_XS: return early && !s->m->has_imatrix ? HR_TYPE_Q5_K : type;
    case MIX_Q5_K_M: return more_bits(i, n) ? HR_TYPE_Q6_K : type;
    case MIX_Q4_K_S: return early && !falcon ? HR_TYPE_Q5_K : type;
    case MIX_Q4_0: return early && s->m->has_imatrix ? HR_TYPE_Q4_1 : type;
    case MIX_Q5_0: return early && s->m->has_imatrix ? HR_TYPE_Q5_1 : type;
    default: return type;
    }
}

static uint32_t attention_output_type(const mix_state *s, uint32_t type) {
    if (is_falcon(s)) return s->mix->file_type == MIX_Q3_K_L ? HR_TYPE_Q4_K : type;
    if (s->m->n_expert == 8) {
        switch (s->mix->file_type) {
        case MIX_Q2_K: case MIX_Q3_K_S: case MIX_Q3_K_M: case MIX_Q4_K_S: case MIX_Q4_K_M: case MIX_IQ4_NL: case MIX_IQ4_XS:
            return HR_TYPE_Q5_K;
        default: return type;
        }
    }
    switch (s->mix->file_type) {
    case MIX_Q2_K: return HR_TYPE_Q3_K;
    case MIX_Q3_K_M: return HR_TYPE_Q4_K;
    case MIX_Q3_K_L: return HR_TYPE_Q5_K;
    default: return type;
    }
}

static uint32_t mixed_type(mix_state *s, const hr_mix_tensor *t) {
    uint32_t type = s->mix->base;
    hr_str name = t->name;
    bool embedding = hr_str_is(name, "token_embd.weight");
    if (hr_str_is(name, "output.weight") || (embedding && !s->has_output)) return head_type(s, t);
    if (strcmp(s->mix->name, "MXFP4_MOE") == 0) return t->dims[2] > 1 ? HR_TYPE_MXFP4 : HR_TYPE_Q8_0;
    if (embedding) return type == HR_TYPE_TQ1_0 || type == HR_TYPE_TQ2_0 ? HR_TYPE_Q4_K : type;
    if (name_has(name, "attn_v.weight")) return value_type(s, type);
    if (name_has(name, "attn_k.weight")) return s->m->n_expert == 8 ? HR_TYPE_Q8_0 : type;
    if (name_has(name, "attn_q.weight")) return type;
    if (name_has(name, "ffn_down")) return down_type(s, t, type);
    if (name_has(name, "attn_output.weight")) return attention_output_type(s, type);
    if (name_has(name, "attn_qkv.weight")) {
        switch (s->mix->file_type) {
        case MIX_Q3_K_M: case MIX_Q3_K_L: return HR_TYPE_Q4_K;
        case MIX_Q4_K_M: return HR_TYPE_Q5_K;
        case MIX_Q5_K_M: return HR_TYPE_Q6_K;
        default: break;
        }
    }
    return type;
}

static void choose_one(mix_state *s, hr_mix_tensor *t) {
    bool plain = !hr_format_of(s->mix->base)->quantized;
    uint32_t wish = t->fixed ? t->target : s->mix->base;
    t->quantizable = may_quantize(t) && !(s->m->leave_output && hr_str_is(t->name, "output.weight"));
    t->target = t->type;
    if (!t->quantizable) return;
    if (!t->fixed && !plain && !s->m->pure) wish = mixed_type(s, t);
    t->target = hr_mix_fallback(wish, t->dims[0]);
}

hr_status hr_mix_choose(const hr_mix *mix, const hr_mix_model *m, hr_mix_tensor *t, size_t n, hr_error *err) {
    mix_state s = {mix, m, 0, 0, 0, false};
    for (size_t i = 0; i < n; i++) {
        s.n_v += name_has(t[i].name, "attn_v.weight") || name_has(t[i].name, "attn_qkv.weight") ? 1 : 0;
        s.has_output = s.has_output || hr_str_is(t[i].name, "output.weight");
    }
    int layer = -1, next;
    for (int passes = 0;; passes++, layer = next) { /* layers in ascending order, whatever the file's is */
        if (passes > MIX_MAX_LAYERS) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "tensors", "more than 4096 layers");
        next = INT32_MAX;
        for (size_t i = 0; i < n; i++) {
            int l = layer_of(t[i].name);
            if (l == layer) choose_one(&s, &t[i]);
            else if (l > layer && l < next) next = l;
        }
        if (next == INT32_MAX) return HR_OK;
    }
}
