/* load.h: what the loader's files share: the work of one pass over a model file. A pass runs twice with the same code:
 * on a counting arena it gives the exact bytes of the plan, on the real block it gives the model. */
#ifndef HR_LOAD_H
#define HR_LOAD_H
#include "engine/arch.h"
#include "engine/hearth.h"

typedef struct hr_loader {
    hr_model *m;          /* filled on the way; in a counting pass a scratch one without memory of its own */
    const hr_arch *row;
    hr_arena *arena;
    bool counting;
    uint64_t done, total;  /* bytes copied or packed, for progress */
    hearth_progress *progress;
    void *progress_ctx;
    uint64_t index_bytes, tokenizer_bytes, weight_bytes;
    hr_error *err;
    char name[80];         /* of the tensor at hand */
    uint8_t bound[HR_GGUF_MAX_TENSORS / 8]; /* one bit for each tensor that found its place */
} hr_loader;

/* load.c: binds every tensor of the file, checks shapes, copies or packs. */
HR_PRIVATE hr_status hr_load_tensors(hr_loader *l);
/* weights.c: the bytes. */
HR_PRIVATE hr_status hr_load_matrix(hr_loader *l, const hr_gguf_tensor *t, size_t k, size_t rows, size_t n_mats,
                                    hr_matrix *out);
/* token_embd: read by rows, never multiplied */
HR_PRIVATE hr_status hr_load_rows(hr_loader *l, const hr_gguf_tensor *t, size_t k, size_t rows, hr_matrix *out);
HR_PRIVATE hr_status hr_load_vector(hr_loader *l, const hr_gguf_tensor *t, size_t n, const float **out);

/* vocab.c: the tokenizer's description from the metadata, and the tokenizer built in the arena (m->tok stays NULL when
 * the file has none). *n_tokens: 0 when there is none. */
HR_PRIVATE hr_status hr_load_vocab(hr_loader *l, size_t *n_tokens);

HR_PRIVATE int hr_model_bos(const hr_model *m); /* -1: none */
HR_PRIVATE int hr_model_eos(const hr_model *m);

/* model.c */
typedef struct hr_model_source {
    const char *path;      /* or NULL: */
    const void *data;
    size_t size;
    const hr_file_ops *ops; /* NULL: the default; tests inject */
} hr_model_source;
HR_PRIVATE hr_status hr_model_load(const hr_model_source *source, const hearth_model_config *config, hearth_plan *plan,
                                   hr_model **model, hr_error *err);
HR_PRIVATE void hr_model_free(hr_model *m);
#endif
