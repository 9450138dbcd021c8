/* session.h: the state of one conversation, inside the engine: the key/value cache, the work areas of one batch, the
 * logits. Everything lives in one block whose size hearth_session_plan gives; nothing allocates after open. */
#ifndef HR_SESSION_H
#define HR_SESSION_H
#include "engine/hearth.h"
#include "engine/model.h"
#include "engine/observe.h"

typedef struct hr_session hr_session;

/* Keys and values in pages of 64 positions, one page for each layer and kv head (kernels/kernel.h says how they lie).
 * Layers with fewer kv heads take less, those with a sliding window a ring. */
typedef struct hr_kv {
    uint8_t *data;
    size_t *layer_at;   /* [n_layer] byte offset of a layer's pages */
    size_t *layer_heads;/* [n_layer] kv heads */
    size_t *layer_pages;/* [n_layer] pages of each head: n_pages, or ring */
    size_t n_pages, ring;
    size_t window;      /* positions that a sliding layer sees; ctx: all */
    size_t high;        /* positions written since the context was empty, rewound ones too */
    size_t page_bytes;
    size_t v_at, kd_at, vd_at; /* within a page: values; i8 and q4: scales of keys and values */
    size_t dk, dv;
    int type;           /* HEARTH_KV_* */
    bool ints;          /* i8 or q4 */
} hr_kv;

/* Quantized rows of a batch (the A8 half of hr_act), rows one after another for the k at hand; or tiles for the fast
 * products (hr_fast_act): q, d, and the sums in ds. */
typedef struct hr_a8 {
    int8_t *q;
    float *d, *ds;
    int16_t *s16;
} hr_a8;

typedef struct hr_rope_table {
    double *freq;       /* [n_rot/2] radians per position */
    double mscale;
    size_t half;        /* n_rot/2 */
    float *cosv, *sinv; /* [batch][half] of the batch at hand */
} hr_rope_table;

typedef struct hr_moe_work {
    float *router;      /* [batch][n_expert] */
    int32_t *chosen;    /* [batch][n_used] */
    float *weight;      /* [batch][n_used] */
    uint32_t *slot_of;  /* [batch * n_used] (token, slot) in expert order */
    uint32_t *first;    /* [n_expert + 1] where an expert's rows begin */
    float *in;          /* [batch * n_used][n_embd] gathered rows; later the outputs */
    float *mid;         /* [batch * n_used][2 * n_ff] */
    hr_a8 a8;
    struct hr_job *jobs;/* [2 * n_expert] */
} hr_moe_work;

/* one thread's attention scratch */
typedef struct hr_attn_work {
    float *q;           /* [rows][dk] */
    int8_t *q8;         /* [rows][kq] */
    float *qd, *qds;    /* [rows][kq/32] */
    int16_t *s16;
    float *o, *po;      /* [rows][dv] */
    float *m, *l, *pm, *pl; /* [rows] */
    uint8_t *lo, *hi;   /* [rows] */
    uint8_t *page;      /* hr_kv_unpacked_bytes */
} hr_attn_work;

struct hr_session {
    hr_model *model;
    size_t ctx, batch, logits_rows;
    int position;
    int32_t *history;   /* [ctx] ids in the context */
    float *logits;      /* [logits_rows][n_vocab] */
    size_t rows;        /* of the last feed */
    hr_kv kv;
    /* a batch: rows of tokens */
    float *x;           /* [batch][n_embd] the residual stream */
    float *h;           /* [batch][n_embd] normed; later a branch's output */
    float *qkv;         /* [batch][qkv_width] */
    float *attn;        /* [batch][attn_width] */
    float *ffn;         /* [batch][2 * n_ff] gate, up */
    float *branch;      /* [batch][n_embd] */
    size_t qkv_width, attn_width, ffn_width;
    hr_a8 a8;
    hr_rope_table rope[2];
    hr_moe_work moe;
    hr_attn_work *attn_work; /* [threads] */
    size_t attn_rows;
    float *attn_parts;       /* [n_head][pages][dv + 2] one token's pages before they are merged; NULL: never split */
    uint8_t *row_scratch;    /* [threads][row_scratch_bytes] */
    size_t row_scratch_bytes;
    void *sample_work;       /* hr_sample_work_bytes */
    void *generate_work;     /* hr_generate_work_bytes */
    const uint8_t *map_begin, *map_end; /* what the guard watches */
    volatile uint32_t cancel; /* the caller asks to stop */
    volatile uint32_t stopped; /* it was seen in this call */
    volatile uint32_t failed; /* a worker met a lost page in this call */
    hr_allocator allocator;
    void *memory;
    size_t memory_bytes;
    bool owns_memory;
    hr_observe_fn *observe;  /* observe.h; NULL: nobody looks */
    void *observe_ctx;
    struct hr_adapted *adapted; /* adapter.h; NULL: the model as it is */
};
/* state.c: of a model file, whatever the session's settings; 32 bytes */
HR_PRIVATE hr_status hr_model_base_digest(hr_model *m, uint8_t out[32], hr_error *err);

/* --- graph.c: one batch ---------------------------------------------------------------------------------------------- */
typedef struct hr_batch {
    const int32_t *tokens; /* [m] */
    size_t m;
    size_t position;       /* of tokens[0] */
    hr_session *const *owners; /* [m] or NULL: each token is the next of its own session, all sessions distinct */
    size_t need;           /* the last `need` tokens are carried through the last layer */
    float *logits;         /* [need][n_vocab] head output, or NULL */
    float *hidden;         /* [need][n_embd] after the final norm, or NULL */
    bool fast;             /* all layers but the last one's end by the fast products */
} hr_batch;
HR_INLINE size_t hr_batch_position(const hr_batch *b, size_t t) {
    return b->owners != NULL ? (size_t)b->owners[t]->position : b->position + t;
}
HR_INLINE hr_session *hr_batch_owner(const hr_batch *b, hr_session *s, size_t t) {
    return b->owners != NULL ? b->owners[t] : s;
}
/* HR_OK | HR_E_CANCELLED | HR_E_IO (guard). The session's position is not changed. */
HR_PRIVATE hr_status hr_graph_run(hr_session *s, const hr_batch *b);

/* --- run.c: work over the pool ----------------------------------------------------------------------------------------- */
/* y[t] += scale * B u[t], behind a product (adapter.h) */
typedef struct hr_lora_term {
    const hr_matrix *b;  /* [rows][rank] */
    float scale;
    const float *u;      /* [m][u_stride] A x */
    size_t u_stride;
} hr_lora_term;
/* A matrix product of a run: y[t][r] for all rows of one matrix. */
typedef struct hr_job {
    const hr_matrix *w;
    size_t mat;          /* expert */
    hr_act x;
    float *y;
    size_t y_stride;
    size_t first_unit, row_step, token_step; /* set by hr_run_jobs */
    const hr_fast_act *fast; /* quantized weights multiply these instead of x; NULL: exact */
    const hr_lora_term *terms; /* set by hr_run_jobs: what adapters add */
    size_t n_terms;
} hr_job;
HR_INLINE hr_job hr_job_of(const hr_matrix *w, hr_act x, float *y, size_t y_stride) {
    hr_job j = {w, 0, x, y, y_stride, 0, 0, 0, NULL, NULL, 0};
    return j;
}
HR_PRIVATE void hr_run_jobs(hr_session *s, hr_job *jobs, size_t n);
HR_PRIVATE void hr_run_products(hr_session *s, hr_job *jobs, size_t n); /* unseen and without adapters */
HR_PRIVATE void hr_observe_jobs(hr_session *s, const hr_job *jobs, size_t n);
/* fn(ctx, token, thread) for every token in [0, m) */
typedef void hr_token_fn(void *ctx, size_t token, int thread);
HR_PRIVATE void hr_run_tokens(hr_session *s, size_t m, hr_token_fn *fn, void *ctx);
/* a task on every thread, under the guard when the model asks for it */
HR_PRIVATE void hr_run_task(hr_session *s, hr_task_fn *task, void *arg);
HR_PRIVATE bool hr_run_stopped(hr_session *s);
HR_PRIVATE hr_act hr_act_rows(const hr_act *x, size_t first, size_t n); /* rows of an activation */

/* --- attention.c, kv.c, moe.c, rope.c ------------------------------------------------------------------------------------------ */
HR_PRIVATE size_t hr_attn_rows(const hr_model *m);
HR_PRIVATE void hr_attn_work_init(hr_attn_work *w, hr_arena *arena, const hr_model *m, const hr_kv *kv);
HR_PRIVATE size_t hr_attn_part_floats(const hr_model *m, const hr_kv *kv);
/* tokens [t0, m) of the batch: session.qkv and the cache (of each token's session) -> session.attn */
HR_PRIVATE void hr_attention(hr_session *s, const hr_batch *b, size_t layer, size_t t0, size_t m);
HR_PRIVATE void hr_kv_init(hr_kv *kv, hr_arena *arena, const hr_model *m, size_t ctx, size_t batch, int type);
HR_PRIVATE bool hr_kv_holds(const hr_kv *kv, size_t position);
HR_PRIVATE uint8_t *hr_kv_page(const hr_kv *kv, size_t layer, size_t head, size_t page);
/* k and v are used up */
HR_PRIVATE void hr_kv_write(hr_session *s, size_t layer, size_t position, float *k, float *v);
HR_PRIVATE size_t hr_kv_unpacked_bytes(const hr_kv *kv);
/* keys and values as the kernels read them, in the page itself or unpacked in `room` */
HR_PRIVATE const void *hr_kv_open_page(const hr_kv *kv, const hr_kernels *ks, const uint8_t *page, uint8_t *room,
                                       const void **v);
/* q4: x in blocks of the largest powers of two that fit (80: 64, 16), each times its Hadamard matrix / sqrt(size): sums and
 * differences of elements 1, 2, 4, ... apart, then one product. Its own inverse. */
HR_PRIVATE void hr_kv_rotate(float *x, size_t n);
HR_PRIVATE void hr_moe_init(hr_moe_work *w, hr_arena *arena, const hr_model *m, size_t batch);
/* experts of a layer over n rows x (and its act): out [n][n_embd] */
HR_PRIVATE void hr_moe(hr_session *s, const hr_layer *layer, const float *x, const hr_act *act, size_t n, float *out);
HR_PRIVATE void hr_rope_init(hr_rope_table *t, hr_arena *arena, const hr_rope_config *c, size_t ctx, size_t batch);
HR_PRIVATE void hr_rope_fill(hr_rope_table *t, size_t row, size_t position); /* angles of one token of the batch */
HR_PRIVATE void hr_a8_init(hr_a8 *a, hr_arena *arena, size_t rows, size_t k);
/* quantizes row t of a batch whose rows are k long */
HR_PRIVATE void hr_a8_row(const hr_kernels *ks, hr_a8 *a, size_t t, const float *x, size_t k);
HR_PRIVATE void hr_a8_fast_row(const hr_kernels *ks, hr_a8 *a, size_t t, const float *x, size_t k);
HR_PRIVATE hr_act hr_act_of(const float *f, size_t f_stride, const hr_a8 *a, size_t m, size_t k);
/* gate (and up, or NULL) to out, in place allowed */
HR_PRIVATE void hr_ffn_activate(const hr_model *m, const float *gate, const float *up, size_t n, float *out);
#endif
