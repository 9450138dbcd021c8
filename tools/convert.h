/* convert.h: from a Hugging Face model folder to GGUF. Three halves: what the tensors become (convert_map.c), what the
 * keys become (convert_keys.c, convert_vocab.c, convert_pre.c, convert_spm.c), and the stream (convert_data.c).
 * No tensor is ever in memory whole. Names and keys: reference/formats.md 9 to 12. */
#ifndef TOOLS_CONVERT_H
#define TOOLS_CONVERT_H
#include "engine/gguf_write.h"
#include "tools/json.h"
#include "tools/safetensors.h"

enum { CV_MAX_LAYERS = 999 };
enum { /* cv_family.flags */
    CV_PERMUTE = 1 << 0,    /* rows of q and k from halves to neighbours: the family rotates neighbours */
    CV_PLUS_ONE = 1 << 1,   /* norm weights are stored less 1 */
    CV_POST_NORMS = 1 << 2, /* post_attention_layernorm is not the norm before the FFN */
    CV_TIED = 1 << 3,       /* has no output matrix of its own, whatever the file holds */
    CV_BERT = 1 << 4,
    CV_LAYER_NORM = 1 << 5,
    CV_EXPERTS = 1 << 6,
    CV_WINDOW = 1 << 7,     /* sliding_window is a key */
    CV_OSS = 1 << 8         /* fused experts of gpt-oss */
};
typedef struct cv_family {
    const char *classes; /* names under "architectures", each with a space on both sides */
    const char *arch;
    uint32_t flags;
} cv_family;

typedef enum { CV_ROWS, CV_HALVES, CV_MXFP4 } cv_kind;
/* Rows of one source that become rows of an output. Row i of the part is, of the source seen as matrices of src_rows rows:
 *   CV_ROWS    matrix i / take, row first + i % take * step       CV_HALVES  the head's halves, interleaved; take: head */
typedef struct cv_part {
    uint32_t out, index;  /* tensor, place in it */
    const st_tensor *src;
    const st_tensor *scales; /* MXFP4 */
    cv_kind kind;
    uint64_t rows, src_rows, first, step, take;
} cv_part;

typedef struct cv_tensor {
    char name[64];
    uint32_t type, n_dims;
    uint64_t dims[4]; /* dims[0] contiguous */
    bool plus_one;
    float *values;    /* not from a file: [dims[0]] */
    size_t part, n_parts;
    int32_t layer, rank;
    uint32_t chain;   /* 1 + another tensor of the layer */
} cv_tensor;

typedef struct cv_vocab {
    const char *model; /* "gpt2", "llama", "bert" */
    const char *pre;
    hr_str *tokens;
    float *scores;
    int32_t *types;
    size_t n;
    hr_str *merges;
    size_t n_merges;
    bool has_scores, add_space_prefix, set_space_prefix, remove_extra;
    int8_t add_bos, add_eos; /* -1: not said */
    char *pool;              /* text made here */
    size_t pool_used, pool_cap;
} cv_vocab;

typedef struct cv_job {
    const char *folder, *out, *pre_override;
    const cv_family *family;
    json_doc config, generation, tokenizer, tokenizer_config, added, special;
    const json_node *c; /* config, or its text_config */
    char *spm, *vocab_txt, *chat_template;
    size_t n_spm, n_vocab_txt, n_chat_template;
    st_set st;
    cv_tensor *tensors;
    size_t n_tensors, cap_tensors;
    cv_part *parts;
    size_t n_parts, cap_parts;
    uint32_t of_layer[CV_MAX_LAYERS + 1];
    cv_vocab vocab;
    uint64_t n_layer, n_head, n_head_kv, n_embd, head_dim, n_vocab;
    int type;           /* -1: as the source; HR_TYPE_F32, F16, BF16 */
    uint32_t file_type; /* general.file_type */
    bool vocab_only;
    hr_gguf_writer w;
    bool writing;
    hr_error *err;
} cv_job;

extern const cv_family cv_families[];
const cv_family *cv_find_family(hr_str name);

/* --- configuration: absent and null are the same --- */
const json_node *cv_config(const cv_job *j, const char *key); /* in text_config, then at the top */
bool cv_config_int(const cv_job *j, const char *const *keys, uint64_t *out); /* keys: NULL-terminated, first found */
bool cv_config_num(const cv_job *j, const char *const *keys, double *out);
const json_node *cv_rope(const cv_job *j, const char *key);   /* rope_parameters, rope_scaling, the top */
hr_status cv_read_shape(cv_job *j);

hr_status cv_map(cv_job *j);                     /* every tensor of the source, or an error that names it */
hr_status cv_add_factors(cv_job *j);             /* rope_freqs, rope_factors_long, rope_factors_short */
hr_status cv_add_values(cv_job *j, const char *name, const float *values, uint64_t n);
hr_status cv_put_keys(cv_job *j);
hr_status cv_read_vocab(cv_job *j);
hr_status cv_put_vocab(cv_job *j);
hr_status cv_read_spm(cv_job *j);                /* tokenizer.model */
hr_status cv_find_pre(cv_job *j);
hr_status cv_vocab_alloc(cv_job *j, size_t n);
hr_status cv_vocab_text(cv_job *j, hr_str a, hr_str b, hr_str *out); /* a and b, one behind the other */
bool cv_looks_special(hr_str token);
/* progress may be NULL; not 0: cancelled */
hr_status cv_write_data(cv_job *j, int (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx);
hr_status cv_open(cv_job *j, const char *folder, hr_error *err); /* every file but the weights */
void cv_close(cv_job *j);
#endif
