/* safetensors.h: weights as Hugging Face stores them: one file, or shards with an index. Headers are read and checked
 * whole before any tensor is touched: sizes against shapes, ranges inside the file, no overlap, no gap, no name twice.
 * Format: u64 header bytes, JSON header {name: {dtype, shape, data_offsets}}, data (github.com/huggingface/safetensors). */
#ifndef TOOLS_SAFETENSORS_H
#define TOOLS_SAFETENSORS_H
#include "engine/base/base.h"
#include "engine/base/sys.h"

enum { ST_MAX_DIMS = 8, ST_MAX_SHARDS = 1024, ST_MAX_TENSORS = 1 << 20, ST_MAX_HEADER = 100 << 20 };
typedef enum { ST_F32, ST_F16, ST_BF16, ST_F64, ST_I64, ST_I32, ST_I16, ST_I8, ST_U8, ST_BOOL, ST_OTHER } st_dtype;

typedef struct st_tensor {
    hr_str name;
    uint64_t offset, bytes; /* in its file */
    uint64_t shape[ST_MAX_DIMS];
    uint64_t elements;
    uint32_t n_dims, shard;
    st_dtype dtype;
    const char *dtype_name;
} st_tensor;

typedef struct st_set {
    hr_file *files;       /* [n_files] */
    char **headers;       /* their JSON text: names point into it */
    st_tensor *tensors;   /* sorted by name */
    size_t n_files, n_tensors, cap_tensors;
    uint64_t total_bytes; /* of all tensors */
} st_set;

/* path: a .safetensors file. Several calls add shards; then st_finish sorts and looks for names that come twice. */
hr_status st_add(st_set *s, const char *path, const hr_file_ops *ops, hr_error *err);
hr_status st_finish(st_set *s, hr_error *err);
/* FOLDER/model.safetensors, or every file that FOLDER/model.safetensors.index.json names */
hr_status st_open_folder(st_set *s, const char *folder, hr_error *err);
void st_close(st_set *s); /* fine on a zeroed or failed one */
const st_tensor *st_find(const st_set *s, const char *name);
hr_status st_read(st_set *s, const st_tensor *t, uint64_t offset, void *dst, size_t n, hr_error *err);
size_t st_dtype_bytes(st_dtype d);
#endif
