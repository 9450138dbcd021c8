/* imatrix.h: importance matrices: for each weight matrix the mean squared activation of each input column, per expert.
 * Reads and writes the two common forms: the old binary one (".dat": counts, then name, number of calls, values, repeated)
 * and GGUF with "<name>.in_sum2" and "<name>.counts" tensors (general.type = "imatrix"). Hostile files are refused. */
#ifndef HR_IMATRIX_H
#define HR_IMATRIX_H
#include "engine/gguf.h"
#include "engine/gguf_write.h"

enum { HR_IMATRIX_MAX_ENTRIES = 65536 };

typedef struct hr_imatrix_entry {
    hr_str name;          /* "blk.0.attn_q.weight" */
    const uint8_t *sums;  /* f32 little-endian [n_mats][k]: sums of squares, or means when counts is NULL */
    const uint8_t *counts;/* f32 [n_mats], or NULL */
    size_t n, n_mats;     /* values in all; old files do not say n_mats: 1 */
    float divide;         /* old form: values are divided by this */
} hr_imatrix_entry;

typedef struct hr_imatrix {
    hr_imatrix_entry *entries; /* [n] */
    size_t n, cap;
    uint32_t chunks;           /* 0: not told */
    hr_file file;
    hr_gguf *gguf;
    void *gguf_memory;
    size_t gguf_bytes;
    uint8_t *copy;             /* of the file, when it cannot be mapped */
    const hr_allocator *allocator;
} hr_imatrix;

/* Memory: the entries; the file is mapped (or copied). On failure nothing is open. */
HR_PRIVATE hr_status hr_imatrix_open(hr_imatrix *im, const char *path, const hr_allocator *allocator, hr_error *err);
/* the same from memory, which must stay */
HR_PRIVATE hr_status hr_imatrix_parse(hr_imatrix *im, const void *data, size_t size, const hr_allocator *allocator,
                                      hr_error *err);
HR_PRIVATE void hr_imatrix_close(hr_imatrix *im); /* safe on a zeroed one */
HR_PRIVATE const hr_imatrix_entry *hr_imatrix_find(const hr_imatrix *im, hr_str name);
/* Importances of matrix `mat` of n_mats with rows of k: dst [k], plus a millionth of their mean, so that a column that was
 * never active still counts a little. false: other sizes, a value that is not finite or below 0, or nothing but zeros. */
HR_PRIVATE bool hr_imatrix_values(const hr_imatrix_entry *e, size_t k, size_t mat, size_t n_mats, float *dst);

/* --- writing ------------------------------------------------------------------------------------------------------------ */
typedef struct hr_imatrix_sums {
    hr_str name;
    size_t k, n_mats;
    const float *sums;     /* [n_mats][k] of squares */
    const float *counts;   /* [n_mats] rows seen */
} hr_imatrix_sums;
/* GGUF when the path does not end in ".dat". text: where the data came from. */
HR_PRIVATE hr_status hr_imatrix_write(const char *path, const hr_imatrix_sums *list, size_t n, uint32_t chunks,
                                      uint32_t chunk_tokens, const char *text, const hr_allocator *allocator, hr_error *err);
#endif
