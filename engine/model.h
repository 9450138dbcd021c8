/* model.h: a loaded model, inside the engine: hyper-parameters, and every tensor bound to its place in the graph.
 * Architectures differ only in data: the row of the architecture table (arch.c) and what the file holds. The graph
 * (graph.c) reads this struct and never asks which architecture it is. */
#ifndef HR_MODEL_H
#define HR_MODEL_H
#include "engine/guide.h"
#include "engine/base/base.h"
#include "engine/base/pool.h"
#include "engine/base/sys.h"
#include "engine/gguf.h"
#include "kernels/kernel.h"
#include "quant/formats.h"
#include "tokenizer/tokenizer.h"

#define HR_MAX_LAYERS 512
#define HR_MAX_EXPERTS 512
#define HR_MAX_EXPERTS_USED 64

/* A matrix [rows][k] ready for its kernel: row-major blocks in place (nr 1) or a pack (nr 16). 3-D expert tensors hold
 * n_mats of them, mat_bytes apart. */
typedef struct hr_matrix {
    const uint8_t *data;
    const hr_format_info *format;
    hr_op op;              /* matmul_<format> */
    size_t rows, k;        /* outputs, inputs */
    size_t n_mats;         /* experts; 1 otherwise */
    size_t mat_bytes;
    int nr;                /* rows per group of the chosen kernel's layout */
    const float *bias;     /* [n_mats][rows], or NULL */
    float scale;           /* per-tensor scale (bitnet "<name>.scale"), 1 when there is none */
} hr_matrix;

/* A norm: weight and bias [n]; per-head norms with a different weight per head hold [heads][n]. weight NULL: no norm. */
typedef struct hr_norm {
    const float *weight;
    const float *bias;
    size_t n, heads;
} hr_norm;

typedef enum { HR_FFN_SILU, HR_FFN_GELU_TANH, HR_FFN_GELU_ERF, HR_FFN_RELU2, HR_FFN_SWIGLU_OAI } hr_ffn_act;
typedef enum { HR_ROPE_NONE, HR_ROPE_NORM, HR_ROPE_NEOX } hr_rope_kind;
typedef enum { HR_SCALING_NONE, HR_SCALING_LINEAR, HR_SCALING_YARN, HR_SCALING_LONGROPE } hr_rope_scaling;
typedef enum { HR_GATE_SOFTMAX, HR_GATE_SIGMOID, HR_GATE_SOFTMAX_CHOSEN } hr_expert_gating;

/* One of the (at most two) ways a model rotates: full-attention layers and sliding-window layers. */
typedef struct hr_rope_config {
    hr_rope_kind kind;
    hr_rope_scaling scaling;
    size_t n_rot;
    double base;
    double factor;           /* context extension; 1: none. Positions are divided by it */
    double attn_factor;      /* multiplies cos and sin: the file's, 1 when absent; yarn's own 1 + 0.1 ln(factor) when
                                ext_factor != 0 is the graph's and comes on top */
    double orig_ctx;         /* yarn, longrope */
    double ext_factor, beta_fast, beta_slow; /* yarn */
    const float *factors;       /* [n_rot/2] divide the frequencies (rope_freqs, or longrope short), or NULL */
    const float *factors_long;  /* longrope, used when the session's context exceeds orig_ctx */
} hr_rope_config;

typedef struct hr_layer {
    hr_norm attn_norm, attn_sub_norm, attn_post_norm; /* before; before attn_output (bitnet); after (gemma, olmo2) */
    hr_matrix qkv;                     /* fused rows q|k|v, or data == NULL */
    hr_matrix q, k, v, o;
    hr_norm q_norm, k_norm;            /* n == head_dim: per head; n == all heads' width: over the whole row (olmo2) */
    const float *sinks;                /* [n_head] or NULL */
    hr_norm ffn_norm, ffn_sub_norm, ffn_post_norm;
    hr_matrix gate, up, down;          /* gate.data NULL: plain up -> act -> down, or fused gate|up when ffn_fused */
    hr_matrix router;                  /* experts: gate_exps etc. below; data NULL: dense layer */
    hr_matrix gate_exps, up_exps, down_exps;
    hr_matrix gate_shexp, up_shexp, down_shexp; /* shared expert, or NULL */
    const float *shexp_gate;           /* [n_embd]: sigmoid(dot) scales the shared expert, or NULL */
    size_t n_head, n_head_kv, n_ff;
    bool sliding;                      /* window of hr_model.window; rope[1] */
    bool rope;                         /* false: no position encoding here (smollm3 every 4th) */
} hr_layer;

typedef struct hr_hparams {
    size_t n_vocab, n_ctx_train, n_embd, n_layer, n_head, n_head_kv, head_dim_k, head_dim_v, n_ff; /* heads: largest layer */
    size_t n_expert, n_expert_used, n_ff_expert, n_ff_shexp;
    bool layer_norm;                   /* LayerNorm instead of RMSNorm */
    float norm_eps;
    float attn_scale;                  /* multiplies q.k */
    float attn_softcap, final_softcap; /* 0: none */
    float embedding_scale, residual_scale, logit_scale; /* 1: none; logits are multiplied by logit_scale */
    float expert_scale;                /* multiplies expert weights; 1 */
    hr_expert_gating gating;
    bool expert_renorm;                /* weights of the chosen experts sum to 1 */
    hr_ffn_act act;
    bool ffn_fused;                    /* up holds gate rows, then up rows (phi3) */
    bool parallel_residual;            /* x + attn(norm(x)) + ffn(norm'(x)); norm' = ffn_norm, or the same when it has none */
    bool post_norm;                    /* BERT: norms after the residual adds (attn_post_norm, ffn_post_norm hold them) */
    bool causal;
    size_t window;                     /* sliding window: key j is seen by query i when i - j < window; 0: none */
    int pooling;                       /* HEARTH_POOL_*: 0 none, 1 mean, 2 cls, 3 last */
    hr_rope_config rope[2];            /* full, sliding */
} hr_hparams;

typedef struct hr_model hr_model;
struct hr_model {
    hr_hparams hp;
    hr_layer *layers;                  /* [n_layer] */
    hr_matrix token_embd;              /* row lookup: hr_model_embed_row; also the head when output is tied */
    const float *pos_embd;             /* [n_ctx_train][n_embd], or NULL */
    const float *type_embd;            /* [n_embd] row 0, or NULL */
    hr_norm embd_norm;                 /* after the embedding (BERT) */
    hr_norm output_norm;
    hr_matrix output;                  /* vocabulary head; data NULL for an encoder */

    hr_kernels kernels;
    hr_pool *pool;
    int threads;
    bool guard;                        /* computing runs under hr_guard_run */
    bool vocab_only;
    bool fast;                         /* prompts by the fast products */
    hr_gguf gguf;
    hr_tok *tok;                       /* tokenizer; const after open */
    hr_allocator allocator;
    void *memory;                      /* one block for all of the above; owned when from the allocator */
    size_t memory_bytes;
    bool owns_memory;
    const char *arch_name, *name, *tokenizer_name, *isa_text;
    uint64_t n_params;
    volatile size_t digests_begun;     /* state.c: made once, when a session is first saved or restored */
    volatile uint32_t has_digests;
    uint8_t weights_digest[32], tokenizer_digest[32], base_digest[32]; /* base: whether or not fast */
    hr_trie trie;                      /* guide.c: made for the first guide */
    volatile size_t tries_begun;
    volatile uint32_t has_trie;
};

/* token's embedding row to f32, unscaled.  dst [n_embd] */
HR_PRIVATE void hr_model_embed_row(const hr_model *m, size_t token, float *dst, uint8_t *row_scratch);
HR_PRIVATE size_t hr_model_row_scratch_bytes(const hr_model *m); /* for hr_model_embed_row */
/* The opaque public types are these structs. */
#endif
