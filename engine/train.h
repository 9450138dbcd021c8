/* train.h: training on the device: adapters (LoRA) over a frozen model of any block format, and llama-architecture models
 * from scratch, by the same backward pass. One pass is one row of at most `ctx` tokens, which may hold several documents;
 * a step sums the gradients of `batch` rows in order and makes one AdamW update (Loshchilov & Hutter 2019; LoRA: Hu et al.
 * 2021; checkpointing of each layer's input: Chen et al. 2016; the zeroth-order mode: Malladi et al. 2023, MeZO).
 * Numerics: every product is matmul_f32's chain of fused multiply-adds, ascending; other sums are 16 lanes or ascending
 * chains of one owner; threads share outputs only. The loss curve is the same bits for any thread count and kernels.
 * Removable by HR_NO_TRAIN. One caller at a time. Nothing allocates after open but the writers. */
#ifndef HR_TRAIN_H
#define HR_TRAIN_H
#include "engine/base/sys_out.h"
#include "engine/session.h"

enum { HR_TRAIN_LEARN = 1, HR_TRAIN_FIRST = 2 }; /* flags of a token: learn to say it; a document begins with it */
enum { HR_TRAIN_Q, HR_TRAIN_K, HR_TRAIN_V, HR_TRAIN_O, HR_TRAIN_GATE, HR_TRAIN_UP, HR_TRAIN_DOWN, HR_TRAIN_LINEARS };
typedef enum { HR_TRAIN_CONSTANT, HR_TRAIN_COSINE } hr_train_schedule;

/* Fills row `index` of a set: ids [cap], flags [cap]; returns the tokens written (at least 1). The same index must always
 * give the same row: that is what makes resuming exact. */
typedef size_t hr_train_row_fn(void *ctx, uint64_t index, int32_t *ids, uint8_t *flags, size_t cap);

typedef struct hr_train_config {
    size_t ctx, batch;              /* tokens in a row; rows in a step */
    uint32_t steps, warmup;         /* the schedule's length; linear warm-up of so many steps */
    hr_train_schedule schedule;
    float rate, floor;              /* peak; cosine ends at floor * rate */
    float beta1, beta2, eps, decay; /* AdamW; decay is not applied to norms */
    float clip;                     /* of the gradient's length; 0: none */
    uint64_t seed;
    size_t rank;                    /* adapters: */
    float alpha;
    uint32_t targets;               /* 1 << HR_TRAIN_Q ... */
    float zeroth;                   /* adapters: > 0: no backward pass, differences of this width */
    size_t budget_bytes;            /* of this object; 0: none */
    int threads;                    /* from scratch: 0 as many as cores */
    uint32_t isa;                   /* from scratch: HEARTH_ISA mask */
} hr_train_config;

typedef struct hr_train_shape {     /* of a model from scratch */
    size_t n_vocab, n_embd, n_layer, n_head, n_head_kv, head_dim, n_ff;
    float norm_eps;
    double rope_base;
    bool neox, tied;
} hr_train_shape;

typedef struct hr_train_linear {
    const hr_matrix *base;          /* frozen, or NULL: */
    float *w, *gw;                  /* [rows][k] */
    size_t rows, k;
    float *a, *b, *ga, *gb, *u;     /* [rank][k], [rows][rank], their gradients, A x of the pass; NULL: no adapter */
} hr_train_linear;
typedef struct hr_train_norm {
    const float *w;
    float *gw;                      /* NULL: frozen */
} hr_train_norm;
typedef struct hr_train_layer {
    hr_train_linear lin[HR_TRAIN_LINEARS];
    hr_train_norm attn, attn_sub, ffn, ffn_sub;
} hr_train_layer;

typedef struct hr_train_work {      /* a thread's */
    float *panel, *rows, *tmp;      /* 16 outputs as the kernel reads them; 16 rows; [tokens][16] */
    uint8_t *raw;                   /* one row's blocks */
    float *s, *dp, *st;             /* attention: [64][ctx], [64][ctx], [ctx][64] */
} hr_train_work;

typedef struct hr_train {
    hr_train_config config;
    hr_train_shape shape;
    hr_model *model;                /* adapters; NULL from scratch */
    hr_kernels own_kernels;
    const hr_kernels *ks;
    hr_pool *pool, *own_pool;
    hr_allocator allocator;
    size_t bytes;                   /* of this block */
    float attn_scale;
    int nr;                         /* rows of a group of matmul_f32 */
    hr_rope_table rope;             /* turns of this pass */
    float *sin_back;
    hr_rope_kind rope_kind;
    size_t n_rot;
    hr_train_layer *layers;
    hr_train_linear embd, head;
    hr_train_norm out_norm;
    size_t n_params, n_decayed;     /* decayed ones first */
    float *param, *grad, *m1, *m2;  /* [n_params]; grad, m1, m2 NULL in the zeroth-order mode */
    double *blocks;                 /* sums of squares by blocks of parameters */
    hr_train_work *work;
    int threads;
    /* a pass */
    size_t n, chunk;                /* tokens; vocabulary rows together */
    int32_t *ids;
    uint8_t *flags;
    uint32_t *begin;                /* first token of a token's document */
    uint32_t *chosen;               /* positions that learn something */
    size_t n_chosen;
    float *x;                       /* [layers + 1][ctx][n_embd]: the checkpoints */
    float *h, *q, *k, *v, *att, *attn, *x2, *h2, *gate, *up, *act, *actn;
    float *dx, *dh, *dq, *dk, *dv, *datt, *dgate, *dup, *dact, *turned, *deq, *r;
    float *logits, *top, *sum, *hit;
    /* the run */
    uint64_t step;
    double loss_sum, weight;        /* of the step at hand */
    double first_loss, best_loss;   /* held-out: before the first step; the lowest */
    uint64_t stale;                 /* evaluations since the lowest */
    uint8_t key[32];                /* of everything a checkpoint depends on */
} hr_train;

HR_PRIVATE void hr_train_defaults(hr_train_config *c, bool adapter);
/* Over an open model, which stays in use until close. HR_E_UNSUPPORTED: a graph that is not llama's (experts, windows, fused
 * rows, other activations); HR_E_MEMORY: the budget. */
HR_PRIVATE hr_status hr_train_open_adapter(hr_train **out, hr_model *m, const hr_train_config *c, hr_error *err);
/* allocator NULL: the default */
HR_PRIVATE hr_status hr_train_open_model(hr_train **out, const hr_train_shape *s, const hr_train_config *c,
                                         const hr_allocator *allocator, hr_error *err);
HR_PRIVATE void hr_train_close(hr_train *t); /* NULL is fine */

/* Mean loss of the step's learned tokens, in nats. HR_E_NUMERIC: not finite; nothing was changed. */
HR_PRIVATE hr_status hr_train_step(hr_train *t, hr_train_row_fn *rows, void *ctx, double *loss, hr_error *err);
/* mean loss over rows [0, n_rows) */
HR_PRIVATE hr_status hr_train_eval(hr_train *t, hr_train_row_fn *rows, void *ctx, uint64_t n_rows, double *loss, hr_error *err);
HR_PRIVATE float hr_train_rate(const hr_train_config *c, uint64_t step);
/* place of i in the order of an epoch over n items: a permutation, without memory (Feistel network, walked) */
HR_PRIVATE uint64_t hr_train_shuffle(uint64_t seed, uint64_t epoch, uint64_t n, uint64_t i);

/* --- files: whole or not there at all ---------------------------------------------------------------------------------- */
/* ops NULL: default. The file holds parameters, moments and the place in the run, and ends in its hash. */
HR_PRIVATE hr_status hr_train_save(const hr_train *t, const char *path, const hr_out_ops *ops, hr_error *err);
/* HR_E_STATE: of another run (settings, base); HR_E_FORMAT: damaged. *t is as before after an error. */
HR_PRIVATE hr_status hr_train_load(hr_train *t, const char *path, hr_error *err);
/* the adapter as GGUF with its base's digest; HR_E_STATE from scratch */
HR_PRIVATE hr_status hr_train_write_adapter(hr_train *t, const char *path, const hr_out_ops *ops, hr_error *err);
/* the model as F32 GGUF; the keys "tokenizer." are those of `vocab` (NULL: none are written) */
HR_PRIVATE hr_status hr_train_write_model(hr_train *t, const char *path, const hr_gguf *vocab, const char *name,
                                          const hr_out_ops *ops, hr_error *err);

/* --- a whole run --------------------------------------------------------------------------------------------------------- */
typedef enum { HR_TRAIN_DONE, HR_TRAIN_STOPPED_EARLY, HR_TRAIN_OUT_OF_TIME, HR_TRAIN_CANCELLED } hr_train_end;
typedef enum { HR_TRAIN_ACCEPTED, HR_TRAIN_NOT_HELD_OUT, HR_TRAIN_LOSS_ROSE } hr_train_verdict;
typedef struct hr_train_progress {
    uint64_t step, steps;
    double loss, held_out;          /* held_out: NaN when this step was not evaluated */
    float rate;
} hr_train_progress;
typedef struct hr_train_plan {
    hr_train_row_fn *rows, *held_out; /* held_out may be NULL */
    void *ctx;
    uint64_t n_held_out;            /* rows */
    uint32_t eval_every, save_every, patience; /* steps; 0: never (the end is always evaluated and saved); evaluations */
    uint64_t seconds;               /* 0: no bound */
    double max_rise;                /* held-out loss may end so much above where it began */
    const char *checkpoint;         /* or NULL; taken up when it is there */
    const hr_out_ops *ops;
    int (*progress)(void *ctx, const hr_train_progress *p); /* may be NULL; not 0: stop */
    void *progress_ctx;
} hr_train_plan;
typedef struct hr_train_result {
    hr_train_end end;
    hr_train_verdict verdict;
    uint64_t step;
    double loss, first_held_out, last_held_out;
} hr_train_result;
HR_PRIVATE hr_status hr_train_run(hr_train *t, const hr_train_plan *p, hr_train_result *out, hr_error *err);

/* --- inside (train_*.c) --------------------------------------------------------------------------------------------------- */
/* y[t][j] (= or, with add != 0, += add *) sum over p ascending of x[t][p] * s[j * rs + p * ks], j < n, t < m, p < k */
typedef struct hr_train_product {
    const float *x, *s;
    float *y;
    size_t xs, ys, m, k, n, rs, ks;
    float add;
} hr_train_product;
HR_PRIVATE void hr_train_multiply(const hr_train *t, hr_train_work *w, const hr_train_product *p);
HR_PRIVATE void hr_train_multiply_all(hr_train *t, const hr_train_product *p); /* over the pool */
/* rows [r0, r1) of y = W x (+ adapter) ; dx += or = W^T dy ; their gradients */
HR_PRIVATE void hr_train_forward(hr_train *t, const hr_train_linear *l, const float *x, size_t xs, size_t m, size_t r0, size_t r1,
                                 float *y, size_t ys);
HR_PRIVATE void hr_train_backward(hr_train *t, const hr_train_linear *l, const float *x, size_t xs, const float *dy, size_t dys,
                                  size_t m, size_t r0, size_t r1, float *dx, bool add);
HR_PRIVATE void hr_train_norm_rows(hr_train *t, const hr_train_norm *n, const float *x, size_t width, float *y);
HR_PRIVATE void hr_train_norm_back(hr_train *t, const hr_train_norm *n, const float *x, const float *dy, size_t width, float *dx,
                                   bool add);
HR_PRIVATE void hr_train_attention(hr_train *t, bool back);
HR_PRIVATE void hr_train_gate(hr_train *t, bool back);
/* each(t, begin, end) over shares of n items */
typedef void hr_train_share_fn(hr_train *t, hr_train_work *w, const void *arg, size_t begin, size_t end);
HR_PRIVATE void hr_train_share(hr_train *t, size_t n, size_t unit, hr_train_share_fn *fn, const void *arg);
/* the row in t->ids, t->flags, t->n: adds to loss_sum and weight, and with back to the gradients */
HR_PRIVATE void hr_train_pass(hr_train *t, bool back);
#endif
