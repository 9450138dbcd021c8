/* gguf_write.h: writes GGUF version 3. Keys and tensors are declared first (they are collected in memory), then the data is
 * streamed into PATH.part, and finish makes it PATH: there is never half a file under that name.
 *
 *     hr_gguf_writer w;
 *     hr_gguf_write_begin(&w, path, NULL, NULL, err);
 *     hr_gguf_put_str(&w, "general.architecture", hr_str_of("llama"), err); ...
 *     hr_gguf_put_tensor(&w, name, n_dims, dims, HR_TYPE_F16, &index, err); ...
 *     hr_gguf_write_head(&w, 0, NULL, err);                  from here on nothing more can be declared
 *     hr_gguf_write_append(&w, data, n, err); ...            the tensors' bytes in declared order, in pieces of any size
 *     hr_gguf_write_finish(&w, err);                         or hr_gguf_write_abandon(&w, keep)
 *
 * Instead of append, hr_gguf_write_at(&w, index, offset, ...) writes anywhere, each byte once; the two do not mix.
 * Every call gives a typed error: HR_E_ARG for what a reader would refuse (a key twice, a bad name, a row that is no
 * multiple of the block), HR_E_STATE out of order, HR_E_MEMORY, HR_E_IO, HR_E_BUSY. After an error: abandon.
 *
 * Resuming (append only): write_head with key != 0 (a hash of everything the data depends on) takes over a PATH.part that
 * was left by the same key: its header must be byte for byte the one of now, and its data must hash to what the mark after
 * the data says. *done tells how many data bytes stay (padding included): go on from there with hr_gguf_write_append.
 * One caller at a time. Memory: the header's bytes, twice while they grow, and 64 KiB for hashing. */
#ifndef HR_GGUF_WRITE_H
#define HR_GGUF_WRITE_H
#include "engine/base/sys_out.h"
#include "engine/gguf.h"

typedef struct hr_gguf_buffer {
    uint8_t *data;
    size_t used, cap;
} hr_gguf_buffer;

typedef struct hr_gguf_slot {
    uint64_t at, bytes, written; /* at: from the start of the data */
} hr_gguf_slot;

typedef struct hr_gguf_writer {
    const hr_out_ops *ops;
    const hr_allocator *allocator;
    void *handle;
    char path[4096], part[4104];
    hr_gguf_buffer kv, tensors; /* encoded records */
    hr_gguf_buffer seen[2];     /* hashes of the names so far, open addressing: keys, tensors */
    hr_gguf_buffer slots;       /* hr_gguf_slot [n_tensors] */
    uint32_t alignment, n_kv, n_tensors;
    int state;
    bool appends, writes_at;
    uint64_t head_bytes, data_bytes; /* the header with padding; the data with padding */
    uint64_t key, done, hash;   /* append: bytes so far and their hash; current tensor */
    uint32_t current;
    uint64_t strings_left;      /* of an array that is being put string by string */
    uint8_t *piece;             /* 64 KiB: what the hash has not taken yet */
    size_t piece_used;
} hr_gguf_writer;

/* allocator, ops NULL: default. Opens nothing yet. */
HR_PRIVATE hr_status hr_gguf_write_begin(hr_gguf_writer *w, const char *path, const hr_allocator *allocator,
                                         const hr_out_ops *ops, hr_error *err);

/* keys: any integer type or bool as bits (negative numbers as two's complement); bits that do not fit are HR_E_ARG */
HR_PRIVATE hr_status hr_gguf_put_int(hr_gguf_writer *w, const char *key, uint8_t type, uint64_t bits, hr_error *err);
HR_PRIVATE hr_status hr_gguf_put_u32(hr_gguf_writer *w, const char *key, uint32_t v, hr_error *err);
HR_PRIVATE hr_status hr_gguf_put_bool(hr_gguf_writer *w, const char *key, bool v, hr_error *err);
HR_PRIVATE hr_status hr_gguf_put_f32(hr_gguf_writer *w, const char *key, float v, hr_error *err);
HR_PRIVATE hr_status hr_gguf_put_f64(hr_gguf_writer *w, const char *key, double v, hr_error *err);
HR_PRIVATE hr_status hr_gguf_put_str(hr_gguf_writer *w, const char *key, hr_str v, hr_error *err);
/* elements of fixed size, little-endian as they go into the file: [count] */
HR_PRIVATE hr_status hr_gguf_put_array(hr_gguf_writer *w, const char *key, uint8_t elem, const void *data, uint64_t count,
                                       hr_error *err);
HR_PRIVATE hr_status hr_gguf_put_strings(hr_gguf_writer *w, const char *key, const hr_str *items, uint64_t count,
                                         hr_error *err);
/* An array of strings one by one: open with the count, then exactly so many strings before anything else. */
HR_PRIVATE hr_status hr_gguf_put_strings_begin(hr_gguf_writer *w, const char *key, uint64_t count, hr_error *err);
HR_PRIVATE hr_status hr_gguf_put_strings_item(hr_gguf_writer *w, hr_str item, hr_error *err);
/* a value as another file has it, bit for bit */
HR_PRIVATE hr_status hr_gguf_put_kv(hr_gguf_writer *w, const hr_gguf_kv *kv, hr_error *err);
/* index (may be NULL) receives the tensor's number, from 0. general.alignment, when wanted, must be put before. */
HR_PRIVATE hr_status hr_gguf_put_tensor(hr_gguf_writer *w, hr_str name, uint32_t n_dims, const uint64_t *dims,
                                        uint32_t type, uint32_t *index, hr_error *err);

HR_PRIVATE hr_status hr_gguf_write_head(hr_gguf_writer *w, uint64_t key, uint64_t *done, hr_error *err);
HR_PRIVATE hr_status hr_gguf_write_append(hr_gguf_writer *w, const void *data, size_t n, hr_error *err);
/* the sum of what was appended, written behind the data: a later run can go on from here. Cheap; after each tensor. */
HR_PRIVATE hr_status hr_gguf_write_mark(hr_gguf_writer *w, hr_error *err);
HR_PRIVATE hr_status hr_gguf_write_at(hr_gguf_writer *w, uint32_t index, uint64_t offset, const void *data, size_t n,
                                      hr_error *err);
/* HR_E_STATE when a tensor's bytes are missing. Syncs, renames, frees. */
HR_PRIVATE hr_status hr_gguf_write_finish(hr_gguf_writer *w, hr_error *err);
/* keep: PATH.part stays for a later run; else it is removed. Safe on a zeroed, failed or finished writer. */
HR_PRIVATE void hr_gguf_write_abandon(hr_gguf_writer *w, bool keep);
#endif
