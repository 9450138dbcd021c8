/* fuzz_gguf.c: any bytes as a GGUF file: opened from memory and in windows (from a file operation that serves the same
 * bytes), indexed, checked, and everything that was let through read. Both ways must judge alike. */
#include "engine/gguf.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct fuzz_bytes {
    const uint8_t *data;
    size_t size;
} fuzz_bytes;

static hr_status bytes_open(void *ctx, const char *path, void **handle, uint64_t *size, hr_error *err) {
    const fuzz_bytes *b = (const fuzz_bytes *)ctx;
    if (strcmp(path, "f-00001-of-00002.gguf") != 0) return hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "no such part");
    *handle = ctx;
    *size = b->size;
    return HR_OK;
}
static hr_status bytes_read(void *ctx, void *handle, uint64_t offset, void *dst, size_t n, hr_error *err) {
    const fuzz_bytes *b = (const fuzz_bytes *)ctx;
    (void)handle;
    if (offset > b->size || n > b->size - offset) return hr_fail(err, HR_E_IO, offset, "file", "past the end");
    memcpy(dst, b->data + offset, n);
    return HR_OK;
}
static void bytes_close(void *ctx, void *handle) { (void)ctx, (void)handle; }

static uint64_t read_values(hr_gguf *g) {
    uint64_t sum = 0, u = 0;
    char text[100], key[HR_GGUF_MAX_KEY + 1], name[HR_GGUF_MAX_NAME + 1];
    for (uint32_t i = 0; i < g->n_kv; i++) {
        const hr_gguf_kv *kv = &g->kv[i];
        double f = 0;
        int64_t s = 0;
        bool b;
        hr_str str;
        const hr_gguf_kv *array;
        memcpy(key, kv->key, kv->key_size);
        key[kv->key_size] = '\0';
        if (hr_gguf_find(g, key) != kv) abort();
        size_t n = hr_gguf_value_text(kv, text, i % sizeof text + 1);
        if (n > i % sizeof text || text[n] != '\0') abort();
        (void)hr_gguf_u64(g, key, &u, NULL, NULL), (void)hr_gguf_i64(g, key, &s, NULL, NULL);
        (void)hr_gguf_f64_at(g, key, i, &f, NULL, NULL), (void)hr_gguf_u64_at(g, key, i, &u, NULL, NULL);
        (void)hr_gguf_bool(g, key, &b, NULL, NULL), (void)hr_gguf_string(g, key, &str, NULL, NULL);
        (void)hr_gguf_array(g, key, kv->elem, &array, NULL, NULL);
        for (uint64_t k = 0; k < kv->bytes; k++) sum += kv->data[k];
    }
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const hr_gguf_tensor *t = &g->tensors[i];
        uint8_t last = 0;
        memcpy(name, t->name, t->name_size);
        name[t->name_size] = '\0';
        if (hr_gguf_tensor_find(g, name) != t) abort();
        if (hr_gguf_tensor_read(g, t, t->bytes - 1, &last, 1, NULL) != HR_OK) abort();
        sum += last;
    }
    return sum;
}

static hr_status try_once(const hr_gguf_source *src, uint64_t *sum, hr_error *err) {
    static hr_gguf g;
    hr_arena arena;
    hr_error_clear(err);
    hr_status status = hr_gguf_open(&g, src, err);
    if (status != HR_OK) return status;
    hr_arena_init_count(&arena);
    status = hr_gguf_index(&g, &arena, err);
    size_t bytes = arena.used;
    void *block = status == HR_OK ? aligned_alloc(HR_ARENA_ALIGN, bytes / 64 * 64 + 64) : NULL;
    if (block != NULL) {
        hr_arena_init(&arena, block, bytes);
        status = hr_gguf_index(&g, &arena, err);
        if (status == HR_OK) status = hr_gguf_check_data(&g, err);
        if (status == HR_OK) *sum = read_values(&g);
    }
    hr_gguf_close(&g);
    free(block);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t none[1];
    fuzz_bytes bytes = {size > 0 ? data : none, size};
    const hr_file_ops ops = {bytes_open, bytes_read, NULL, NULL, NULL, NULL, bytes_close, &bytes};
    hr_gguf_source memory = {.data = bytes.data, .size = size};
    hr_gguf_source windows = {.path = "f-00001-of-00002.gguf", .ops = &ops};
    hr_error a, b;
    uint64_t sum_a = 0, sum_b = 0;
    hr_status in_memory = try_once(&memory, &sum_a, &a), in_windows = try_once(&windows, &sum_b, &b);
    bool split = strcmp(a.where, "split.count") == 0 || strcmp(b.where, "split.count") == 0 || in_windows == HR_E_IO;
    if (!split && (in_memory != in_windows || sum_a != sum_b || a.offset != b.offset)) abort();
    if (in_memory != HR_OK && (a.what[0] == '\0' || a.where[0] == '\0' || a.status != in_memory)) abort();
    return 0;
}
