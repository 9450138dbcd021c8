/* load.c: every tensor of the file finds its place in the model, or the file is refused: shapes must follow from the
 * hyper-parameters, what the row of the architecture needs must be there, and what nothing reads must not be there
 * (planes.md 9.2 rule 11). The bytes themselves are handled in weights.c. */
#include "engine/load.h"

HR_SMALL_BEGIN

/* --- finding and checking ----------------------------------------------------------------------------------------- */
static const hr_gguf_tensor *find_tensor(hr_loader *l, hr_slot slot, size_t layer, const char *suffix) {
    if (layer == SIZE_MAX) hr_format(l->name, sizeof l->name, "%s.%s", hr_slot_text(slot), suffix);
    else hr_format(l->name, sizeof l->name, "blk.%zu.%s.%s", layer, hr_slot_text(slot), suffix);
    const hr_gguf_tensor *t = hr_gguf_tensor_find(&l->m->gguf, l->name);
    if (t) {
        uint32_t i = t->order;
        l->bound[i / 8] = (uint8_t)(l->bound[i / 8] | 1u << i % 8);
    }
    return t;
}
/* where the file describes the tensor at hand */
static uint64_t record_offset(const hr_loader *l, const hr_gguf_tensor *t) {
    return (uint64_t)(t->name - l->m->gguf.shards[t->shard].header);
}
static bool slot_needed(const hr_loader *l, hr_slot slot) { return l->row->need >> slot & 1; }
static bool slot_bias_needed(const hr_loader *l, hr_slot slot) { return l->row->need_bias >> slot & 1; }
static bool slot_known(const hr_loader *l, hr_slot slot) { return (l->row->need | l->row->may) >> slot & 1; }

static hr_status fail_absent(hr_loader *l) {
    return hr_fail(l->err, HR_E_FORMAT, HR_NO_OFFSET, l->name, "is missing: a %s model needs this tensor",
                   l->row->name);
}
static hr_status check_shape(hr_loader *l, const hr_gguf_tensor *t, uint64_t d0, uint64_t d1, uint64_t d2) {
    const uint64_t want[4] = {d0, d1, d2, 1};
    for (size_t i = 0; i < 4; i++) {
        uint64_t have = t->dims[i];
        if (have != want[i])
            return hr_fail(l->err, HR_E_FORMAT, record_offset(l, t), l->name,
                           "dimension %zu is %llu, by the hyper-parameters it must be %llu", i,
                           (unsigned long long)have, (unsigned long long)want[i]);
    }
    return HR_OK;
}

/* "<slot>.weight" [n], and the bias beside it when the norm may have one */
static hr_status bind_norm(hr_loader *l, hr_slot slot, size_t layer, size_t n, size_t heads, bool needed,
                           hr_norm *out) {
    memset(out, 0, sizeof *out);
    if (!slot_known(l, slot) && !needed) return HR_OK;
    const hr_gguf_tensor *t = find_tensor(l, slot, layer, "weight");
    if (!t) return needed ? fail_absent(l) : HR_OK;
    HR_TRY(check_shape(l, t, n, heads, 1));
    out->n = n;
    out->heads = heads;
    HR_TRY(hr_load_vector(l, t, n * heads, &out->weight));
    t = find_tensor(l, slot, layer, "bias");
    if (!t) return HR_OK;
    HR_TRY(check_shape(l, t, n, heads, 1));
    return hr_load_vector(l, t, n * heads, &out->bias);
}

/* A matrix with its bias and scale. Absent and not needed: out->data stays NULL and out->rows 0. */
static hr_status bind_matrix(hr_loader *l, hr_slot slot, size_t layer, size_t k, size_t rows, size_t n_mats,
                             bool needed,
                             hr_matrix *out) {
    memset(out, 0, sizeof *out);
    out->scale = 1;
    const hr_gguf_tensor *t = find_tensor(l, slot, layer, "weight");
    if (!t) return needed ? fail_absent(l) : HR_OK;
    HR_TRY(check_shape(l, t, k, rows, n_mats));
    HR_TRY(hr_load_matrix(l, t, k, rows, n_mats, out));
    t = find_tensor(l, slot, layer, "bias");
    if (!t && slot_bias_needed(l, slot)) return fail_absent(l);
    if (t) {
        HR_TRY(check_shape(l, t, rows, n_mats, 1));
        HR_TRY(hr_load_vector(l, t, rows * n_mats, &out->bias));
    }
    if (!(l->row->flags & HR_ARCH_TENSOR_SCALE)) return HR_OK;
    const float *scale = NULL;
    t = find_tensor(l, slot, layer, "scale");
    if (!t) return HR_OK;
    HR_TRY(check_shape(l, t, 1, 1, 1));
    HR_TRY(hr_load_vector(l, t, 1, &scale));
    if (scale) out->scale = *scale;
    return HR_OK;
}

/* n values that divide frequencies; looked at in both passes, so that a plan refuses what open would refuse */
static hr_status bind_factors(hr_loader *l, hr_slot slot, size_t n, const float **out) {
    uint8_t raw[sizeof(float) * 512]; /* heads have at most 1024 dimensions */
    *out = NULL;
    if (!slot_known(l, slot)) return HR_OK;
    const hr_gguf_tensor *t = find_tensor(l, slot, SIZE_MAX, "weight");
    if (!t) return HR_OK;
    HR_TRY(check_shape(l, t, n, 1, 1));
    HR_TRY(hr_load_vector(l, t, n, out));
    hr_assert(t->bytes <= sizeof raw);
    HR_TRY(hr_gguf_tensor_read(&l->m->gguf, t, 0, raw, (size_t)t->bytes, l->err));
    for (size_t i = 0; i < n; i++) {
        float v;
        hr_dequant_row(hr_format_of(t->type), raw + (size_t)t->bytes / n * i, 1, &v);
        if (!(v > 0 && v < 1e12f))
            return hr_fail(l->err, HR_E_FORMAT, t->offset, l->name, "value %zu is not a positive number", i);
    }
    return HR_OK;
}

/* --- parts of a layer --------------------------------------------------------------------------------------------- */
static hr_status bind_qk_norms(hr_loader *l, size_t i, hr_layer *y) {
    const size_t dk = l->m->hp.head_dim_k;
    const uint32_t flags = l->row->flags;
    size_t nq = dk, nk = dk, hq = 1, hk = 1;
    if (flags & HR_ARCH_QK_WHOLE) {
        nq = dk * y->n_head;
        nk = dk * y->n_head_kv;
    } else if (flags & HR_ARCH_QK_EACH) {
        hq = y->n_head;
        hk = y->n_head_kv;
    }
    HR_TRY(bind_norm(l, HR_SLOT_Q_NORM, i, nq, hq, slot_needed(l, HR_SLOT_Q_NORM), &y->q_norm));
    HR_TRY(bind_norm(l, HR_SLOT_K_NORM, i, nk, hk, slot_needed(l, HR_SLOT_K_NORM), &y->k_norm));
    if ((y->q_norm.n == 0) != (y->k_norm.n == 0))
        return hr_fail(l->err, HR_E_FORMAT, HR_NO_OFFSET, l->name, "one of attn_q_norm and attn_k_norm is missing");
    return HR_OK;
}

static hr_status bind_attention(hr_loader *l, size_t i, hr_layer *y) {
    const hr_hparams *hp = &l->m->hp;
    const size_t d = hp->n_embd, q = y->n_head * hp->head_dim_k, k = y->n_head_kv * hp->head_dim_k,
                 v = y->n_head_kv * hp->head_dim_v, o = y->n_head * hp->head_dim_v;
    const bool encoder = l->row->flags & HR_ARCH_ENCODER;
    if (slot_known(l, HR_SLOT_QKV)) HR_TRY(bind_matrix(l, HR_SLOT_QKV, i, d, q + k + v, 1, false, &y->qkv));
    if (y->qkv.rows == 0) {
        HR_TRY(bind_matrix(l, HR_SLOT_Q, i, d, q, 1, true, &y->q));
        HR_TRY(bind_matrix(l, HR_SLOT_K, i, d, k, 1, true, &y->k));
        HR_TRY(bind_matrix(l, HR_SLOT_V, i, d, v, 1, true, &y->v));
    }
    HR_TRY(bind_matrix(l, HR_SLOT_O, i, o, d, 1, true, &y->o));
    HR_TRY(bind_qk_norms(l, i, y));
    if (slot_known(l, HR_SLOT_SINKS)) {
        const hr_gguf_tensor *t = find_tensor(l, HR_SLOT_SINKS, i, "weight");
        if (!t) return fail_absent(l);
        HR_TRY(check_shape(l, t, y->n_head, 1, 1));
        HR_TRY(hr_load_vector(l, t, y->n_head, &y->sinks));
    }
    HR_TRY(bind_norm(l, HR_SLOT_ATTN_NORM, i, d, 1, slot_needed(l, HR_SLOT_ATTN_NORM), &y->attn_norm));
    HR_TRY(bind_norm(l, HR_SLOT_ATTN_SUB, i, o, 1, slot_needed(l, HR_SLOT_ATTN_SUB), &y->attn_sub_norm));
    if (encoder) return bind_norm(l, HR_SLOT_ATTN_OUT_NORM, i, d, 1, true, &y->attn_post_norm);
    if (l->row->flags & HR_ARCH_POST_IS_FFN) return HR_OK;
    return bind_norm(l, HR_SLOT_ATTN_POST, i, d, 1, slot_needed(l, HR_SLOT_ATTN_POST), &y->attn_post_norm);
}

static hr_status bind_dense_ffn(hr_loader *l, size_t i, hr_layer *y) {
    const size_t d = l->m->hp.n_embd, ff = y->n_ff;
    const bool fused = l->row->flags & HR_ARCH_FUSED_FFN, gated = !(l->row->flags & HR_ARCH_NO_GATE) && !fused;
    if (gated) HR_TRY(bind_matrix(l, HR_SLOT_GATE, i, d, ff, 1, true, &y->gate));
    HR_TRY(bind_matrix(l, HR_SLOT_UP, i, d, fused ? 2 * ff : ff, 1, true, &y->up));
    HR_TRY(bind_matrix(l, HR_SLOT_DOWN, i, ff, d, 1, true, &y->down));
    return bind_norm(l, HR_SLOT_FFN_SUB, i, ff, 1, slot_needed(l, HR_SLOT_FFN_SUB), &y->ffn_sub_norm);
}

static hr_status bind_experts(hr_loader *l, size_t i, hr_layer *y) {
    const hr_hparams *hp = &l->m->hp;
    const size_t d = hp->n_embd, ff = hp->n_ff_expert, n = hp->n_expert, shared = hp->n_ff_shexp;
    HR_TRY(bind_matrix(l, HR_SLOT_ROUTER, i, d, n, 1, true, &y->router));
    HR_TRY(bind_matrix(l, HR_SLOT_GATE_EXPS, i, d, ff, n, true, &y->gate_exps));
    HR_TRY(bind_matrix(l, HR_SLOT_UP_EXPS, i, d, ff, n, true, &y->up_exps));
    HR_TRY(bind_matrix(l, HR_SLOT_DOWN_EXPS, i, ff, d, n, true, &y->down_exps));
    if (shared == 0) return HR_OK;
    HR_TRY(bind_matrix(l, HR_SLOT_GATE_SHEXP, i, d, shared, 1, true, &y->gate_shexp));
    HR_TRY(bind_matrix(l, HR_SLOT_UP_SHEXP, i, d, shared, 1, true, &y->up_shexp));
    HR_TRY(bind_matrix(l, HR_SLOT_DOWN_SHEXP, i, shared, d, 1, true, &y->down_shexp));
    if (!(l->row->flags & HR_ARCH_SHEXP)) return HR_OK;
    const hr_gguf_tensor *t = find_tensor(l, HR_SLOT_SHEXP_GATE, i, "weight");
    if (!t) return fail_absent(l);
    HR_TRY(check_shape(l, t, d, 1, 1));
    return hr_load_vector(l, t, d, &y->shexp_gate);
}

static hr_status bind_layer(hr_loader *l, size_t i, hr_layer *y) {
    const hr_hparams *hp = &l->m->hp;
    const size_t d = hp->n_embd;
    memset(y, 0, sizeof *y);
    hr_arch_layer(&l->m->gguf, l->row, hp, i, y);
    HR_TRY(bind_attention(l, i, y));
    const hr_slot ffn_norm = l->row->flags & HR_ARCH_POST_IS_FFN ? HR_SLOT_ATTN_POST : HR_SLOT_FFN_NORM;
    HR_TRY(bind_norm(l, ffn_norm, i, d, 1, slot_needed(l, ffn_norm), &y->ffn_norm));
    if (hp->n_expert > 0) HR_TRY(bind_experts(l, i, y));
    else HR_TRY(bind_dense_ffn(l, i, y));
    if (l->row->flags & HR_ARCH_ENCODER) return bind_norm(l, HR_SLOT_LAYER_OUT_NORM, i, d, 1, true, &y->ffn_post_norm);
    return bind_norm(l, HR_SLOT_FFN_POST, i, d, 1, slot_needed(l, HR_SLOT_FFN_POST), &y->ffn_post_norm);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */
static hr_status bind_embeddings(hr_loader *l) {
    hr_model *m = l->m;
    const size_t d = m->hp.n_embd, vocab = m->hp.n_vocab;
    const hr_gguf_tensor *t = NULL;
    if (slot_known(l, HR_SLOT_POS_EMBD)) {
        if (!(t = find_tensor(l, HR_SLOT_POS_EMBD, SIZE_MAX, "weight"))) return fail_absent(l);
        HR_TRY(check_shape(l, t, d, m->hp.n_ctx_train, 1));
        HR_TRY(hr_load_vector(l, t, d * m->hp.n_ctx_train, &m->pos_embd));
    }
    if (slot_known(l, HR_SLOT_TYPE_EMBD) && (t = find_tensor(l, HR_SLOT_TYPE_EMBD, SIZE_MAX, "weight"))) {
        HR_TRY(check_shape(l, t, d, t->dims[1], 1));
        HR_TRY(hr_load_vector(l, t, d, &m->type_embd)); /* the first of its rows: the first sentence */
    }
    HR_TRY(bind_norm(l, HR_SLOT_EMBD_NORM, SIZE_MAX, d, 1, slot_needed(l, HR_SLOT_EMBD_NORM), &m->embd_norm));
    if (l->row->flags & HR_ARCH_ENCODER) {
        if (!(t = find_tensor(l, HR_SLOT_TOKEN_EMBD, SIZE_MAX, "weight"))) return fail_absent(l);
        HR_TRY(check_shape(l, t, d, vocab, 1));
        return hr_load_rows(l, t, d, vocab, &m->token_embd);
    }
    HR_TRY(bind_norm(l, HR_SLOT_OUT_NORM, SIZE_MAX, d, 1, true, &m->output_norm));
    HR_TRY(bind_matrix(l, HR_SLOT_OUTPUT, SIZE_MAX, d, vocab, 1, false, &m->output));
    if (!(t = find_tensor(l, HR_SLOT_TOKEN_EMBD, SIZE_MAX, "weight"))) return fail_absent(l);
    HR_TRY(check_shape(l, t, d, vocab, 1));
    if (m->output.rows == 0) { /* tied: the same matrix is the head */
        HR_TRY(hr_load_matrix(l, t, d, vocab, 1, &m->output));
        m->output.scale = 1;
        if (!hr_gguf_tensor_data(&m->gguf, t)) {
            m->token_embd = m->output;
            return HR_OK;
        }
    }
    return hr_load_rows(l, t, d, vocab, &m->token_embd);
}

/* Before anything is bound: every name is one that the row knows, in a layer that exists. */
static hr_status check_names(hr_loader *l) {
    const hr_gguf *g = &l->m->gguf;
    const size_t n = g->n_tensors;
    for (size_t i = 0; i < n; i++) {
        const hr_gguf_tensor *t = &g->tensors[i];
        hr_slot slot = HR_SLOT_COUNT;
        size_t layer = 0;
        int kind = 0;
        const hr_str name = {(const char *)t->name, t->name_size};
        hr_format(l->name, sizeof l->name, "%.*s", (int)t->name_size, (const char *)t->name);
        if (!hr_arch_slot_of(l->row, name, &slot, &layer, &kind))
            return hr_fail(l->err, HR_E_UNSUPPORTED, record_offset(l, t), l->name,
                           "is a tensor that Hearth does not know in a %s model",
                           l->row->name);
        if (layer != SIZE_MAX && layer >= l->m->hp.n_layer)
            return hr_fail(l->err, HR_E_FORMAT, record_offset(l, t), l->name, "there are only %zu layers (block_count)",
                           l->m->hp.n_layer);
        if (slot == HR_SLOT_ROT_EMBD) l->bound[i / 8] = (uint8_t)(l->bound[i / 8] | 1u << i % 8);
        l->m->n_params += (uint64_t)t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
    }
    return HR_OK;
}
static hr_status check_all_bound(hr_loader *l) {
    const size_t n = l->m->gguf.n_tensors;
    for (size_t i = 0; i < n; i++) {
        if (l->bound[i / 8] >> i % 8 & 1) continue;
        const hr_gguf_tensor *t = &l->m->gguf.tensors[i];
        hr_format(l->name, sizeof l->name, "%.*s", (int)t->name_size, (const char *)t->name);
        return hr_fail(l->err, HR_E_UNSUPPORTED, record_offset(l, t), l->name,
                       "nothing reads this tensor in a %s model with these hyper-parameters", l->row->name);
    }
    return HR_OK;
}

/* Packs of another geometry have the same types and sizes: the file must say which they are. */
static hr_status check_geometry(hr_loader *l) {
    const hr_gguf *g = &l->m->gguf;
    static const char key[] = "hearth.pack.geometry";
    hr_str s = {"", 0};
    bool found = false;
    uint32_t i = 0;
    while (i < g->n_tensors && !hr_format_of(g->tensors[i].type)->packed) i++;
    if (i == g->n_tensors) return HR_OK;
    HR_TRY(hr_gguf_string(g, key, &s, &found, l->err));
    if (found && hr_str_is(s, HR_PACK_GEOMETRY)) return HR_OK;
    return hr_fail(l->err, found ? HR_E_UNSUPPORTED : HR_E_FORMAT, record_offset(l, &g->tensors[i]), key,
                   found ? "is '%.*s': only packs of " HR_PACK_GEOMETRY " are read" : "is missing%.*s: a file of packs "
                   "names their geometry", (int)hr_min_size(s.size, 32), s.data);
}

hr_status hr_load_tensors(hr_loader *l) {
    hr_model *m = l->m;
    hr_hparams *hp = &m->hp;
    size_t with_ffn_norm = 0;
    HR_TRY(check_names(l));
    HR_TRY(check_geometry(l));
    const size_t n_half = hp->rope[0].n_rot / 2;
    HR_TRY(bind_factors(l, HR_SLOT_ROPE_SHORT, n_half, &hp->rope[0].factors));
    bool any_short = l->row->may & HR_SLOT_BIT(ROPE_SHORT) && find_tensor(l, HR_SLOT_ROPE_SHORT, SIZE_MAX, "weight");
    HR_TRY(bind_factors(l, HR_SLOT_ROPE_LONG, n_half, &hp->rope[0].factors_long));
    bool any_long = l->row->may & HR_SLOT_BIT(ROPE_LONG) && find_tensor(l, HR_SLOT_ROPE_LONG, SIZE_MAX, "weight");
    if (any_short != any_long || (hp->rope[0].scaling == HR_SCALING_LONGROPE && !any_long)) {
        hr_format(l->name, sizeof l->name, "rope_factors_%s.weight", any_long ? "short" : "long");
        return fail_absent(l);
    }
    if (any_long) hp->rope[0].scaling = HR_SCALING_LONGROPE;
    else HR_TRY(bind_factors(l, HR_SLOT_ROPE_FREQS, n_half, &hp->rope[0].factors));
    if (!(l->row->flags & (HR_ARCH_LOCAL_BASE | HR_ARCH_LOCAL_PLAIN))) {
        hp->rope[1].scaling = hp->rope[0].scaling;
        hp->rope[1].factors = hp->rope[0].factors;
        hp->rope[1].factors_long = hp->rope[0].factors_long;
    }
    m->layers = HR_NEW(l->arena, hr_layer, hp->n_layer);
    for (size_t i = 0; i < hp->n_layer; i++) {
        hr_layer layer;
        HR_TRY(bind_layer(l, i, &layer));
        with_ffn_norm += layer.ffn_norm.n > 0;
        if (m->layers) m->layers[i] = layer;
    }
    if (l->row->flags & HR_ARCH_PARALLEL_IF) {
        if (with_ffn_norm != 0 && with_ffn_norm != hp->n_layer)
            return hr_fail(l->err, HR_E_FORMAT, HR_NO_OFFSET, "ffn_norm.weight", "is in %zu of %zu layers",
                           with_ffn_norm,
                           hp->n_layer);
        hp->parallel_residual = with_ffn_norm == 0;
    }
    HR_TRY(bind_embeddings(l));
    return check_all_bound(l);
}

HR_SMALL_END
