/* arch.h: the architecture table. One row says everything in which an architecture differs from the others: which
 * tensors its files hold, how it rotates, normalises,
     gates and scales. The loader binds by the row; the graph reads the
 * result (model.h) and never asks for a name. Facts: llama.cpp's graphs and the models' own code (formats.md 11,
                                                                                                   12). */
#ifndef HR_ARCH_H
#define HR_ARCH_H
#include "engine/model.h"

/* Tensor names: slot, base name (without "blk.N." and ".weight"). The layer slots begin at attn_norm. */
#define HR_TENSORS(X)                                                                                              \
    X(TOKEN_EMBD, "token_embd") X(POS_EMBD, "position_embd") X(TYPE_EMBD, "token_types")                           \
    X(EMBD_NORM, "token_embd_norm") X(OUT_NORM, "output_norm") X(OUTPUT, "output") X(ROPE_FREQS, "rope_freqs")     \
    X(ROPE_LONG, "rope_factors_long") X(ROPE_SHORT, "rope_factors_short")                                          \
    X(ATTN_NORM, "attn_norm") X(QKV, "attn_qkv") X(Q, "attn_q") X(K, "attn_k") X(V, "attn_v")                      \
    X(O, "attn_output") X(Q_NORM, "attn_q_norm") X(K_NORM, "attn_k_norm") X(SINKS, "attn_sinks")                   \
    X(ATTN_SUB, "attn_sub_norm") X(ATTN_POST, "post_attention_norm") X(ATTN_OUT_NORM, "attn_output_norm")          \
    X(FFN_NORM, "ffn_norm") X(FFN_SUB, "ffn_sub_norm") X(FFN_POST, "post_ffw_norm")                                \
    X(LAYER_OUT_NORM, "layer_output_norm") X(GATE, "ffn_gate") X(UP, "ffn_up") X(DOWN, "ffn_down")                 \
    X(ROUTER, "ffn_gate_inp") X(GATE_EXPS, "ffn_gate_exps") X(UP_EXPS, "ffn_up_exps")                              \
    X(DOWN_EXPS, "ffn_down_exps") X(GATE_SHEXP, "ffn_gate_shexp") X(UP_SHEXP, "ffn_up_shexp")                      \
    X(DOWN_SHEXP, "ffn_down_shexp") X(SHEXP_GATE, "ffn_gate_inp_shexp") X(ROT_EMBD, "attn_rot_embd")

typedef enum hr_slot {
#define X(name, text) HR_SLOT_##name,
    HR_TENSORS(X)
#undef X
    HR_SLOT_COUNT
} hr_slot;
#define HR_SLOT_FIRST_IN_LAYER HR_SLOT_ATTN_NORM
#define HR_SLOT_BIT(name) (1ull << HR_SLOT_##name)

enum { /* hr_arch.flags */
    HR_ARCH_ENCODER = 1 << 0,       /* sees all tokens at once; pooled output instead of a head */
    HR_ARCH_LAYER_NORM = 1 << 1,    /* LayerNorm, whose norms may have biases; RMSNorm otherwise */
    HR_ARCH_POST_NORM = 1 << 2,     /* BERT: norms after the residual adds */
    HR_ARCH_EMBD_SQRT = 1 << 3,     /* embeddings times sqrt(n_embd) */
    HR_ARCH_NO_GATE = 1 << 4,       /* up -> act -> down */
    HR_ARCH_FUSED_FFN = 1 << 5,     /* ffn_up holds gate rows, then up rows */
    HR_ARCH_PARALLEL = 1 << 6,      /* attention and FFN read the same norm */
    HR_ARCH_PARALLEL_IF = 1 << 7,   /* the same, when the file has no ffn_norm */
    HR_ARCH_EXPERTS_MAY = 1 << 8,
    HR_ARCH_EXPERTS = 1 << 9,       /* expert_count must be there */
    HR_ARCH_SHEXP = 1 << 10,        /* has a shared expert whose gate weighs it */
    HR_ARCH_SHEXP_MAY = 1 << 11,    /* may have a shared expert, added as it is */
    HR_ARCH_NORM_TOPK = 1 << 12,    /* weights of the chosen experts are renormalised unless the file says otherwise */
    HR_ARCH_SCALES = 1 << 13,       /* logit_scale divides the logits; embedding_scale, residual_scale */
    HR_ARCH_TENSOR_SCALE = 1 << 14, /* "<name>.scale" tensors */
    HR_ARCH_QK_WHOLE = 1 << 15,     /* q/k norm over the whole row */
    HR_ARCH_QK_EACH = 1 << 16,      /* q/k norm with a different weight for each head */
    HR_ARCH_POST_IS_FFN = 1 << 17,  /* post_attention_norm is what others call ffn_norm */
    HR_ARCH_LOCAL_BASE = 1 << 18,   /* window layers rotate with base 10000 (or freq_base_swa), unscaled */
    HR_ARCH_LOCAL_PLAIN = 1 << 19,  /* window layers rotate without the scaling */
    HR_ARCH_SOFTCAPS = 1 << 20      /* attention cap 50, final cap 30 unless the file says otherwise */
};

typedef enum { HR_WINDOW_REFUSED, HR_WINDOW_ALL, HR_WINDOW_PERIOD } hr_window_rule;

typedef struct hr_arch {
    const char *name;
    hr_rope_kind rope;
    hr_ffn_act act;
    uint32_t flags;
    uint64_t need, may;        /* slots beyond those that every row has */
    uint64_t need_bias;        /* slots whose ".bias" must be there */
    hr_expert_gating gating;
    hr_window_rule window;
    uint8_t window_period;     /* layer l slides when l % period < period - 1 */
    uint16_t window_default;   /* when the file has no attention.sliding_window; 0: none */
    uint8_t nope_period;       /* no rotation when (l + 1) % period == 0; 0: always rotates */
    uint8_t wide_scale_layers; /* with so many layers q is scaled by 1/sqrt(n_embd / n_head) (the 27B Gemmas) */
} hr_arch;

/* NULL when there is no such row */
HR_PRIVATE const hr_arch *hr_arch_find(hr_str name);
/* Which slot and layer a tensor name means for this row. *kind: 0 weight, 1 bias, 2 scale. False: not understood.
 * *layer is SIZE_MAX for global tensors. */
HR_PRIVATE bool hr_arch_slot_of(const hr_arch *row, hr_str name, hr_slot *slot, size_t *layer, int *kind);
HR_PRIVATE const char *hr_slot_text(hr_slot slot);

/* Reads and checks every hyper-parameter of the row from the metadata; n_vocab is left to the loader. Nothing in hp may
 * be used when it fails. */
HR_PRIVATE hr_status hr_arch_read(const hr_gguf *g, const hr_arch *row, hr_hparams *hp, hr_error *err);
/* What differs by layer: n_head, n_head_kv, n_ff, sliding, rope. Only after hr_arch_read. */
HR_PRIVATE void hr_arch_layer(const hr_gguf *g, const hr_arch *row, const hr_hparams *hp, size_t index,
                              hr_layer *layer);
/* A whole number under "<arch>.<key>" for a report, or 0 when it is not there or not one. */
HR_PRIVATE uint64_t hr_arch_peek(const hr_gguf *g, const char *key);
#endif
