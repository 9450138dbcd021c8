/* gguf.h: the container. Reads GGUF version 2 and 3, little-endian, in one file or split, from a mapping, in windows or
 * from memory, and refuses whatever is malformed, ambiguous or unsafe (reference/planes.md 9.2), naming field and offset,
 * before anything is allocated that trusts it. Values and names stay where they are in the file: the index points at them.
 *
 *   hr_gguf_open        opens the file(s) and validates every record; allocates nothing when mapped or in memory
 *   hr_gguf_index       builds the index in an arena (or counts its bytes): kv and tensors sorted by name
 *   hr_gguf_check_data  every tensor's bytes lie in the file, without overlap, gap or surplus
 *   hr_gguf_close
 * Format: github.com/ggml-org/ggml docs/gguf.md; reference/formats.md section 1. */
#ifndef HR_GGUF_H
#define HR_GGUF_H
#include "engine/base/base.h"
#include "engine/base/sys.h"
#include "quant/formats.h"

enum {
    HR_GGUF_U8 = 0, HR_GGUF_I8, HR_GGUF_U16, HR_GGUF_I16, HR_GGUF_U32, HR_GGUF_I32, HR_GGUF_F32, HR_GGUF_BOOL,
    HR_GGUF_STRING, HR_GGUF_ARRAY, HR_GGUF_U64, HR_GGUF_I64, HR_GGUF_F64, HR_GGUF_TYPES
};
#if defined(HEARTH_MCU) /* one file in flash, without a path; these lie in the model and on the stack */
enum { HR_GGUF_MAX_SHARDS = 1, HR_GGUF_PATH = 64 };
#else
enum { HR_GGUF_MAX_SHARDS = 256, HR_GGUF_PATH = 4096 };
#endif
enum {
    HR_GGUF_MAX_KV = 65536, HR_GGUF_MAX_TENSORS = 65536, HR_GGUF_MAX_KEY = 256,
    HR_GGUF_MAX_NAME = 63, HR_GGUF_MAX_STRING = 1 << 20, HR_GGUF_MAX_DIMS = 4,
    HR_GGUF_MAX_HEADER = 1 << 28 /* in windows, where it is kept in memory */
};

typedef struct hr_gguf_kv {
    const uint8_t *key;   /* not NUL-terminated, UTF-8 */
    const uint8_t *data;  /* scalar, string bytes, or the array's elements (strings: u64 length + bytes, repeated) */
    uint64_t count;       /* array: elements; else 1 */
    uint64_t bytes;       /* of data */
    uint32_t key_size;
    uint8_t type;         /* HR_GGUF_* */
    uint8_t elem;         /* of an array; else == type */
} hr_gguf_kv;

typedef struct hr_gguf_tensor {
    const uint8_t *name;
    uint64_t offset;      /* in its file */
    uint64_t bytes;
    uint32_t name_size;
    uint32_t type;        /* ggml type id, known to hr_format_of */
    uint32_t dims[HR_GGUF_MAX_DIMS]; /* dims[0] contiguous; unused ones are 1 */
    uint16_t n_dims, shard;
    uint32_t order;       /* position in the file(s) */
} hr_gguf_tensor;

typedef struct hr_gguf_shard {
    hr_file file;
    const uint8_t *header; /* file bytes from 0: the mapping, or a copy in the index (windows) */
    uint64_t header_bytes; /* records end here, before padding */
    uint64_t data_offset;
    uint32_t n_kv, n_tensors, alignment;
    uint64_t split_no, split_count, split_tensors; /* 0, 1, 0 when the keys are absent */
} hr_gguf_shard;

typedef struct hr_gguf {
    uint32_t version, alignment, n_shards; /* alignment: the first shard's; each has its own */
    uint32_t n_kv, n_tensors;      /* kv of the first shard; tensors of all */
    hr_gguf_kv *kv;                /* [n_kv] in file order */
    hr_gguf_tensor *tensors;       /* [n_tensors] in file order */
    uint32_t *kv_by_key, *tensor_by_name; /* sorted positions */
    uint64_t file_bytes;
    bool copy_header;
    uint64_t compared;             /* names compared to build the index: what a test bounds instead of time */
    hr_gguf_shard shards[HR_GGUF_MAX_SHARDS];
} hr_gguf;

typedef struct hr_gguf_source {
    const char *path;            /* or NULL: data */
    const void *data;
    size_t size;
    const hr_file_ops *ops;      /* NULL: default */
    bool want_map;               /* false: read in windows */
    bool copy_header;            /* the index keeps its own copy of the header: a file cut short later cannot take it away */
    const hr_allocator *allocator; /* windows only: a buffer for the header while it is validated; NULL: default */
} hr_gguf_source;

/* On failure nothing is open. Peak memory: nothing when mapped, 1 MiB + 2 x header in windows. */
HR_PRIVATE hr_status hr_gguf_open(hr_gguf *g, const hr_gguf_source *source, hr_error *err);
/* With a counting arena: only the bytes. May be called again to move the index to another arena. HR_E_MEMORY | HR_E_IO |
 * HR_E_FORMAT for duplicate keys or names. */
HR_PRIVATE hr_status hr_gguf_index(hr_gguf *g, hr_arena *arena, hr_error *err);
HR_PRIVATE hr_status hr_gguf_check_data(const hr_gguf *g, hr_error *err);
/* HR_E_IO when a file's size, time or identity changed since open. hr_gguf_index asks this too. */
HR_PRIVATE hr_status hr_gguf_unchanged(hr_gguf *g, hr_error *err);
HR_PRIVATE void hr_gguf_close(hr_gguf *g); /* safe on a zeroed struct */

HR_PRIVATE const hr_gguf_kv *hr_gguf_find(const hr_gguf *g, const char *key); /* NULL: absent */
HR_PRIVATE const hr_gguf_tensor *hr_gguf_tensor_find(const hr_gguf *g, const char *name);
HR_PRIVATE uint64_t hr_gguf_kv_offset(const hr_gguf *g, const hr_gguf_kv *kv); /* of its value in the file */

/* Getters are tolerant of widths: any integer type that holds the value. *found (may be NULL) tells whether the key is
 * there; when it is not, *out is left alone and the status is HR_OK. A value of the wrong kind is HR_E_FORMAT with key and
 * offset. f64 takes f32, f64 and integers, and refuses NaN and infinity. */
HR_PRIVATE hr_status hr_gguf_u64(const hr_gguf *g, const char *key, uint64_t *out, bool *found, hr_error *err);
HR_PRIVATE hr_status hr_gguf_i64(const hr_gguf *g, const char *key, int64_t *out, bool *found, hr_error *err);
HR_PRIVATE hr_status hr_gguf_f64(const hr_gguf *g, const char *key, double *out, bool *found, hr_error *err);
HR_PRIVATE hr_status hr_gguf_bool(const hr_gguf *g, const char *key, bool *out, bool *found, hr_error *err);
HR_PRIVATE hr_status hr_gguf_string(const hr_gguf *g, const char *key, hr_str *out, bool *found, hr_error *err);
/* element i of an array, or the scalar itself for every i ("per-layer array or scalar") */
HR_PRIVATE hr_status hr_gguf_u64_at(const hr_gguf *g, const char *key, uint64_t i, uint64_t *out, bool *found, hr_error *err);
HR_PRIVATE hr_status hr_gguf_f64_at(const hr_gguf *g, const char *key, uint64_t i, double *out, bool *found, hr_error *err);
/* an array whose elements are of type elem exactly; booleans are looked at one by one: a file may hold other bytes in keys
 * that nobody asks for (the format's own tests do), but a boolean that is used is 0 or 1 */
HR_PRIVATE hr_status hr_gguf_array(const hr_gguf *g, const char *key, uint8_t elem, const hr_gguf_kv **out, bool *found,
                                   hr_error *err);

/* a tensor's bytes in place, or NULL when the file is read in windows */
HR_PRIVATE const uint8_t *hr_gguf_tensor_data(const hr_gguf *g, const hr_gguf_tensor *t);
/* n of its bytes from offset on, copied */
HR_PRIVATE hr_status hr_gguf_tensor_read(hr_gguf *g, const hr_gguf_tensor *t, uint64_t offset, void *dst, size_t n,
                                         hr_error *err);
HR_PRIVATE void hr_gguf_tensor_drop(hr_gguf *g, const hr_gguf_tensor *t, uint64_t offset, uint64_t n);

/* for inspect: "u32", "string", "array"; and a value as text, arrays cut to a few elements, file bytes escaped */
HR_PRIVATE const char *hr_gguf_type_name(uint8_t type);
HR_PRIVATE size_t hr_gguf_value_text(const hr_gguf_kv *kv, char *dst, size_t cap);
#endif
