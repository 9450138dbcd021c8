/* gguf_io.h: for the GGUF tests: one call that opens, indexes and checks a file in any of three ways, with an allocator and
 * file operations that count, remember the peak, and fail when told to. */
#ifndef HEARTH_GGUF_IO_H
#define HEARTH_GGUF_IO_H
#include "engine/gguf.h"
#include <stdlib.h>

enum { GI_MAPPED, GI_WINDOWS, GI_MEMORY, GI_WAYS };

/* counts allocations and file operations; number fail_at (from 1) fails; 0: none does */
typedef struct gi_state {
    long calls, fail_at;
    size_t live, peak;
    long open_files, mappings;
    uint64_t bytes_read, claim_size; /* claim_size: what open says the size is, when not 0 */
    const hr_file_ops *real;
} gi_state;
static gi_state gi;

static inline bool gi_fails(void) { return ++gi.calls == gi.fail_at; }
static inline void *gi_alloc(void *ctx, size_t size, size_t align) {
    (void)ctx;
    if (gi_fails()) return NULL;
    gi.live += size;
    if (gi.live > gi.peak) gi.peak = gi.live;
    return aligned_alloc(align, (size + align - 1) / align * align);
}
static inline void gi_free(void *ctx, void *p, size_t size) {
    (void)ctx;
    gi.live -= size;
    free(p);
}
static inline hr_status gi_file_open(void *ctx, const char *path, void **handle, uint64_t *size, hr_error *err) {
    if (gi_fails()) return hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "open made to fail");
    hr_status s = gi.real->open(ctx, path, handle, size, err);
    gi.open_files += s == HR_OK;
    if (gi.claim_size != 0) *size = gi.claim_size;
    return s;
}
static inline hr_status gi_file_read(void *ctx, void *h, uint64_t at, void *dst, size_t n, hr_error *err) {
    if (gi_fails()) return hr_fail(err, HR_E_IO, at, "file", "read made to fail");
    gi.bytes_read += n;
    return gi.real->read(ctx, h, at, dst, n, err);
}
static inline hr_status gi_file_map(void *ctx, void *h, uint64_t size, void **addr, hr_error *err) {
    if (gi_fails()) return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "file", "map made to fail");
    hr_status s = gi.real->map(ctx, h, size, addr, err);
    gi.mappings += s == HR_OK;
    return s;
}
static inline void gi_file_unmap(void *ctx, void *addr, uint64_t size) {
    gi.mappings--;
    gi.real->unmap(ctx, addr, size);
}
static inline void gi_file_drop(void *ctx, void *addr, uint64_t at, uint64_t n) { gi.real->drop(ctx, addr, at, n); }
static inline hr_status gi_file_unchanged(void *ctx, void *h, hr_error *err) {
    if (gi_fails()) return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "file", "stat made to fail");
    return gi.real->unchanged(ctx, h, err);
}
static inline void gi_file_close(void *ctx, void *h) {
    gi.open_files--;
    gi.real->close(ctx, h);
}
static const hr_allocator gi_allocator = {gi_alloc, gi_free, NULL};
static const hr_file_ops gi_ops = {gi_file_open, gi_file_read,      gi_file_map,   gi_file_unmap,
                                   gi_file_drop, gi_file_unchanged, gi_file_close, NULL};

typedef struct gi_open {
    hr_gguf g;
    hr_arena arena;
    void *block;
    size_t block_bytes, open_peak; /* open_peak: heap in use while the header was validated */
    bool ok;
} gi_open;

static inline void gi_close(gi_open *o) {
    hr_gguf_close(&o->g);
    if (o->block != NULL) gi_free(NULL, o->block, o->block_bytes);
    memset(o, 0, sizeof *o);
}

/* open, plan the index, build it, check the data; on failure everything is closed again */
static inline hr_status gi_load(gi_open *o, int way, const char *path, const void *data, size_t size, hr_error *err) {
    hr_error_clear(err);
    memset(o, 0, sizeof *o);
    gi.real = hr_file_ops_default();
    gi.peak = gi.live;
    hr_gguf_source src = {.path = way == GI_MEMORY ? NULL : path, .data = data, .size = size, .ops = &gi_ops,
                          .want_map = way == GI_MAPPED, .allocator = &gi_allocator};
    hr_status s = hr_gguf_open(&o->g, &src, err);
    o->open_peak = gi.peak - gi.live;
    if (s != HR_OK) return s;
    hr_arena count;
    hr_arena_init_count(&count);
    s = hr_gguf_index(&o->g, &count, err);
    if (s == HR_OK) {
        o->block_bytes = count.used + HR_ARENA_ALIGN;
        o->block = gi_alloc(NULL, o->block_bytes, HR_ARENA_ALIGN);
        if (o->block == NULL) s = hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "index", "no memory");
    }
    if (s == HR_OK) {
        hr_arena_init(&o->arena, o->block, count.used); /* exactly what was planned */
        s = hr_gguf_index(&o->g, &o->arena, err);
    }
    if (s == HR_OK) s = hr_gguf_check_data(&o->g, err);
    o->ok = s == HR_OK;
    if (s != HR_OK) {
        size_t peak = o->open_peak;
        gi_close(o);
        o->open_peak = peak;
    }
    return s;
}
#endif
