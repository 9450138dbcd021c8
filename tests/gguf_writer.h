/* gguf_writer.h: writes GGUF files in memory for tests. Each call appends what it says and nothing is checked, so that
 * malformed files are as easy as good ones. By the format description (ggml docs/gguf.md), not by the reader.
 *
 *     gw w = {0};
 *     gw_header(&w, 3, n_tensors, n_kv);
 *     gw_kv_u32(&w, "general.alignment", 32);
 *     gw_tensor(&w, "a.weight", 2, (uint64_t[]){64, 2}, HR_TYPE_F32, 0);
 *     gw_pad(&w, 32); gw_fill(&w, 512, 0);          // data
 *     ... w.p, w.n ...; gw_free(&w);
 * Include after t.h. */
#ifndef HEARTH_GGUF_WRITER_H
#define HEARTH_GGUF_WRITER_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct gw {
    uint8_t *p;
    size_t n, cap;
} gw;

static inline void gw_bytes(gw *w, const void *p, size_t n) {
    if (w->n + n > w->cap) {
        w->cap = (w->n + n) * 2 + 256;
        w->p = (uint8_t *)realloc(w->p, w->cap);
        if (w->p == NULL) abort();
    }
    if (n > 0) memcpy(w->p + w->n, p, n);
    w->n += n;
}
static inline void gw_le(gw *w, uint64_t v, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        uint8_t b = (uint8_t)(v >> (8 * i));
        gw_bytes(w, &b, 1);
    }
}
static inline void gw_u8(gw *w, uint8_t v) { gw_le(w, v, 1); }
static inline void gw_u16(gw *w, uint16_t v) { gw_le(w, v, 2); }
static inline void gw_u32(gw *w, uint32_t v) { gw_le(w, v, 4); }
static inline void gw_u64(gw *w, uint64_t v) { gw_le(w, v, 8); }
static inline void gw_f32(gw *w, float v) {
    uint32_t u;
    memcpy(&u, &v, 4);
    gw_u32(w, u);
}
static inline void gw_f64(gw *w, double v) {
    uint64_t u;
    memcpy(&u, &v, 8);
    gw_u64(w, u);
}
static inline void gw_text_n(gw *w, const void *s, size_t n) { gw_u64(w, n), gw_bytes(w, s, n); }
static inline void gw_text(gw *w, const char *s) { gw_text_n(w, s, strlen(s)); }
static inline void gw_fill(gw *w, size_t n, uint8_t byte) {
    while (n-- > 0) gw_u8(w, byte);
}
static inline void gw_pad(gw *w, size_t align) {
    while (w->n % align != 0) gw_u8(w, 0);
}
static inline void gw_header(gw *w, uint32_t version, uint64_t n_tensors, uint64_t n_kv) {
    gw_bytes(w, "GGUF", 4), gw_u32(w, version), gw_u64(w, n_tensors), gw_u64(w, n_kv);
}
/* key and value type (the numbers of the format); the value is to follow */
static inline void gw_key(gw *w, const char *key, uint32_t type) { gw_text(w, key), gw_u32(w, type); }
/* an integer or bool of `bytes` bytes under that type id */
static inline void gw_kv_int(gw *w, const char *key, uint32_t type, uint64_t v, size_t bytes) {
    gw_key(w, key, type), gw_le(w, v, bytes);
}
static inline void gw_kv_u8(gw *w, const char *key, uint8_t v) { gw_kv_int(w, key, 0, v, 1); }
static inline void gw_kv_u16(gw *w, const char *key, uint16_t v) { gw_kv_int(w, key, 2, v, 2); }
static inline void gw_kv_u32(gw *w, const char *key, uint32_t v) { gw_kv_int(w, key, 4, v, 4); }
static inline void gw_kv_i32(gw *w, const char *key, int32_t v) { gw_kv_int(w, key, 5, (uint32_t)v, 4); }
static inline void gw_kv_f32(gw *w, const char *key, float v) { gw_key(w, key, 6), gw_f32(w, v); }
static inline void gw_kv_bool(gw *w, const char *key, uint8_t v) { gw_kv_int(w, key, 7, v, 1); }
static inline void gw_kv_u64(gw *w, const char *key, uint64_t v) { gw_kv_int(w, key, 10, v, 8); }
static inline void gw_kv_str(gw *w, const char *key, const char *s) { gw_key(w, key, 8), gw_text(w, s); }
/* an array's head; its elements are to follow */
static inline void gw_kv_arr(gw *w, const char *key, uint32_t elem, uint64_t count) {
    gw_key(w, key, 9), gw_u32(w, elem), gw_u64(w, count);
}
static inline void gw_tensor(gw *w, const char *name, uint32_t n_dims, const uint64_t *dims, uint32_t type,
                             uint64_t offset) {
    gw_text(w, name), gw_u32(w, n_dims);
    for (uint32_t i = 0; i < n_dims; i++) gw_u64(w, dims[i]);
    gw_u32(w, type), gw_u64(w, offset);
}
static inline bool gw_save(const gw *w, const char *path) {
    FILE *f = fopen(path, "wb");
    if (f == NULL) return false;
    bool ok = w->n == 0 || fwrite(w->p, 1, w->n, f) == w->n;
    return fclose(f) == 0 && ok;
}
static inline void gw_free(gw *w) {
    free(w->p);
    memset(w, 0, sizeof *w);
}

/* One file with every value type, an array of every kind and three tensors of two types: good, at alignment 32. */
static inline void gw_sample(gw *w) {
    gw_header(w, 3, 3, 17);
    gw_kv_str(w, "general.architecture", "none");
    gw_kv_u32(w, "general.alignment", 32);
    gw_kv_u8(w, "t.u8", 200), gw_kv_int(w, "t.i8", 1, 0xff, 1), gw_kv_u16(w, "t.u16", 60000);
    gw_kv_int(w, "t.i16", 3, 0xfffe, 2), gw_kv_u32(w, "t.u32", 4000000000u), gw_kv_i32(w, "t.i32", -3);
    gw_kv_f32(w, "t.f32", 1.5f), gw_kv_bool(w, "t.bool", 1), gw_kv_u64(w, "t.u64", UINT64_MAX);
    gw_kv_int(w, "t.i64", 11, (uint64_t)-4, 8);
    gw_key(w, "t.f64", 12), gw_f64(w, -0.25);
    gw_kv_arr(w, "t.words", 8, 3), gw_text(w, "one"), gw_text(w, ""), gw_text(w, "th\xc3\xa9");
    gw_kv_arr(w, "t.heads", 5, 3), gw_u32(w, 8), gw_u32(w, 4), gw_u32(w, 2);
    gw_kv_arr(w, "t.flags", 7, 2), gw_u8(w, 1), gw_u8(w, 0);
    gw_kv_arr(w, "t.empty", 6, 0);
    gw_tensor(w, "b.weight", 2, (const uint64_t[]){32, 3}, 8, 0);  /* Q8_0: 3 x 34 bytes, 128 with padding */
    gw_tensor(w, "a.weight", 1, (const uint64_t[]){5}, 0, 128);    /* F32: 20 bytes, 32 with padding */
    gw_tensor(w, "c.weight", 4, (const uint64_t[]){2, 1, 2, 1}, 0, 160);
    gw_pad(w, 32);
    for (unsigned i = 0; i < 192; i++) gw_u8(w, (uint8_t)i);
}
#endif
