/* adapter.h: LoRA adapters while a model runs: y += scale * B (A x) behind a product, both chains as the kernels' own, so
 * that the bits depend on neither threads nor instruction sets nor batches (DESIGN 5.2). Files are llama.cpp's
 * (reference/formats.md 13): general.type "adapter", adapter.type "lora", NAME.lora_a and NAME.lora_b for a matrix NAME. */
#ifndef HR_ADAPTER_H
#define HR_ADAPTER_H
#include "engine/session.h"

enum { HR_ADAPTERS_MAX = 16, HR_ADAPTER_RANK_MAX = 1024, HR_ADAPTER_JOBS = 3 };
#define HR_ADAPTER_BASE_KEY "general.base_model.hearth_digest" /* 64 hex digits: hr_model_digests' base */

typedef struct hr_lora {
    const hr_matrix *base; /* the model's */
    hr_matrix a, b;        /* [rank][k], [rows][rank] */
    float scale;           /* alpha / rank */
} hr_lora;

typedef struct hr_adapter {
    hr_model shell;        /* a model of the two small matrices only: their file, the base's kernels and pool */
    const hr_model *model;
    hr_lora *loras;        /* [n] ascending by base */
    size_t n, rank;        /* the largest */
    uint8_t digest[32];
    size_t bytes;          /* of this block */
} hr_adapter;

/* What a session runs with. */
typedef struct hr_adapted {
    const hr_adapter *adapter[HR_ADAPTERS_MAX];
    float scale[HR_ADAPTERS_MAX];
    size_t n, rank, batch;
    uint8_t digest[32];    /* of all of them: a saved context belongs to it */
    hr_lora_term terms[HR_ADAPTER_JOBS][HR_ADAPTERS_MAX];
    float *u;              /* [HR_ADAPTER_JOBS][n][batch][rank] */
    size_t bytes;
} hr_adapted;

/* the terms of each job, their A x computed; n <= HR_ADAPTER_JOBS, or nothing of them is adapted (experts) */
HR_PRIVATE void hr_adapter_begin(hr_session *s, hr_job *jobs, size_t n);
/* y[t][r] += terms, rows [r0, r1), tokens [t0, t1) */
HR_PRIVATE void hr_adapter_add(const hr_session *s, const hr_job *j, size_t r0, size_t r1, size_t t0, size_t t1);
HR_PRIVATE void hr_adapter_leave(hr_session *s); /* none from now on */
HR_PRIVATE bool hr_adapter_same(const hr_session *a, const hr_session *b);
#if defined(HR_NO_ADAPTERS) /* the drop without adapter.c: no session has any */
void hr_adapter_begin(hr_session *s, hr_job *jobs, size_t n) { (void)s, (void)jobs, (void)n; }
void hr_adapter_add(const hr_session *s, const hr_job *j, size_t r0, size_t r1, size_t t0, size_t t1) {
    (void)s, (void)j, (void)r0, (void)r1, (void)t0, (void)t1;
}
void hr_adapter_leave(hr_session *s) { (void)s; }
bool hr_adapter_same(const hr_session *a, const hr_session *b) { return (void)a, (void)b, true; }
#endif
#endif
