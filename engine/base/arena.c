/* arena.c: the bump allocator; counting and giving run through the same code, so that a plan is exact. */
#include "engine/base/base.h"

void hr_arena_init(hr_arena *a, void *base, size_t cap) {
    memset(a, 0, sizeof *a);
    size_t skip = base != NULL ? (size_t)(0 - (uintptr_t)base) & (HR_ARENA_ALIGN - 1) : 0;
    if (base == NULL || skip > cap) { /* nothing to give: every allocation fails */
        static const uint8_t none[1];
        a->base = (uint8_t *)(uintptr_t)none; /* never written: there is no room */
        return;
    }
    a->base = (uint8_t *)base + skip;
    a->cap = cap - skip;
}

void hr_arena_init_count(hr_arena *a) {
    memset(a, 0, sizeof *a);
    a->cap = SIZE_MAX;
}

void *hr_arena_alloc_raw(hr_arena *a, size_t count, size_t size, size_t align) {
    size_t bytes, begin, end;
    hr_assert(align != 0 && (align & (align - 1)) == 0 && align <= HR_ARENA_ALIGN);
    bool fits = hr_mul_size(count, size, &bytes) && hr_add_size(a->used, align - 1, &begin);
    if (fits) {
        begin &= ~(align - 1);
        fits = hr_add_size(begin, bytes, &end) && end <= a->cap;
    }
    if (!fits) {
        a->failed = true;
        return NULL;
    }
    a->used = end;
    if (a->used > a->high) a->high = a->used;
    return a->base != NULL ? a->base + begin : NULL;
}

void *hr_arena_alloc(hr_arena *a, size_t count, size_t size, size_t align) {
    void *p = hr_arena_alloc_raw(a, count, size, align);
    if (p != NULL) memset(p, 0, count * size);
    return p;
}

size_t hr_arena_mark(const hr_arena *a) { return a->used; }

void hr_arena_rewind(hr_arena *a, size_t mark) {
    hr_assert(mark <= a->used);
    a->used = mark;
}
