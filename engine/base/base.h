/* base.h: what every file of Hearth stands on: integers, status, checked arithmetic, little-endian loads, the one
 * bounds-checked cursor that every parser uses, and the arena that every object lives in. Includes nothing of ours. */
#ifndef HR_BASE_H
#define HR_BASE_H

/* POSIX names (pread, madvise, clock_gettime, sigaction) under plain -std=c11; must come before any system header */
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif
#if defined(__APPLE__) && !defined(_DARWIN_C_SOURCE)
#define _DARWIN_C_SOURCE 1
#endif
#if !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64 /* models above 2 GiB on 32-bit hosts */
#endif

/* HEARTH_MCU: the engine alone, for a device without an operating system: no threads, files or malloc; the model lies in
 * flash and is opened by address, everything else in the caller's buffers. The caller gives an allocator or `memory`. */
#if defined(HEARTH_MCU)
#define HR_NO_THREADS 1
#define HR_NO_FILES 1
#define HR_NO_MMAP 1
#define HR_NO_MALLOC 1
#define HR_NO_CLOCK 1
#define HR_NO_MEMORY 1
#define HR_NO_RELEASES 1
#define HR_NO_REDACTION 1
#define HR_NO_POLICY 1
#define HR_NO_GUIDE 1
#define HR_NO_ADAPTERS 1
#define HR_NO_STATE 1
#define HR_NO_SELFCHECK 1
#define HR_NO_GENERATE 1
#define HR_NO_BPE 1
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <string.h>

/* --- numerics contract (DESIGN 5): no contraction, no fast-math ------------------------------------------------- */
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "Hearth's results must be the same everywhere: compile without -ffast-math or parts of it"
#endif
#if defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ < 0 || __FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "float must not be computed in a wider type: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* HR_PRIVATE: an internal function that crosses files. Hidden in the library, static in the one-file drop. */
#if defined(HR_DROP)
#if defined(__GNUC__)
#define HR_PRIVATE static __attribute__((unused))
#else
#define HR_PRIVATE static
#endif
#elif defined(__GNUC__)
#define HR_PRIVATE __attribute__((visibility("hidden")))
#else
#define HR_PRIVATE
#endif
#if defined(__GNUC__)
#define HR_INLINE static inline __attribute__((always_inline, unused))
#if !defined(HEARTH_MCU) /* there int32_t may be a long: as wide as int, but not the same to the check */
#define HR_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define HR_PRINTF(f, a)
#endif
#else
#define HR_INLINE static inline
#define HR_PRINTF(f, a)
#endif

/* hr_assert: our own mistakes only, never hostile input. On in debug builds (-DHR_DEBUG), tests and fuzzers. */
#if defined(HR_DEBUG)
HR_PRIVATE void hr_assert_fail(const char *expr, const char *file, int line);
#define hr_assert(x) ((x) ? (void)0 : hr_assert_fail(#x, __FILE__, __LINE__))
#else
#define hr_assert(x) ((void)0)
#endif

/* Around code that runs once (compilers, parsers): small before fast, also when the one file is built with -O2. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#define HR_SMALL_BEGIN _Pragma("GCC push_options") _Pragma("GCC optimize(\"Os\")")
#define HR_SMALL_END _Pragma("GCC pop_options")
#else
#define HR_SMALL_BEGIN
#define HR_SMALL_END
#endif

#define HR_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- status: same values as hearth_status (engine/api.c asserts it) ---------------------------------------------- */
typedef int hr_status;
enum {
    HR_OK = 0,
    HR_E_ARG = -1,         /* an argument is out of range or NULL */
    HR_E_MEMORY = -2,      /* an allocation failed, or the budget is too small */
    HR_E_IO = -3,          /* the file cannot be opened, read or mapped, or changed under us */
    HR_E_FORMAT = -4,      /* the bytes are not a well-formed file of their kind */
    HR_E_UNSUPPORTED = -5, /* well-formed, but an architecture, type or feature that Hearth does not run */
    HR_E_LIMIT = -6,       /* a count or size above a fixed limit */
    HR_E_FULL = -7,        /* the context has no room for the tokens asked for */
    HR_E_CANCELLED = -8,   /* cancelled by the caller */
    HR_E_NUMERIC = -9,     /* the model produced a value that is not finite */
    HR_E_SELFCHECK = -10,  /* a kernel miscomputes on this chip and no other can replace it */
    HR_E_BUSY = -11,       /* in use by another caller */
    HR_E_STATE = -12,        /* the call does not fit the object's state */
    HR_E_KEY = -13,          /* encrypted, and no key or the wrong one; or a key for what is not encrypted */
    HR_E_DENIED = -14        /* the policy does not allow it */
};

#define HR_NO_OFFSET UINT64_MAX

/* Where and why. Same layout as hearth_error. All text is NUL-terminated ASCII; bytes from a file are escaped. */
typedef struct hr_error {
    int status;
    uint64_t offset;  /* byte in the file, or HR_NO_OFFSET */
    char where[64];   /* the field: "tokenizer.ggml.tokens", "blk.3.attn_q.weight", "--ctx" */
    char what[176];   /* one sentence, with the numbers and what to do next */
} hr_error;

/* Fills err (may be NULL) and returns status. The first error stays: a filled err is not overwritten.
 * fmt knows %s %d %u %lld %llu %zu %x %llx %c %% and %.*s; nothing else. Output is cut to fit, file bytes escaped. */
HR_PRIVATE hr_status hr_fail(hr_error *err, hr_status status, uint64_t offset, const char *where, const char *fmt, ...)
    HR_PRINTF(5, 6);
HR_PRIVATE void hr_error_clear(hr_error *err);
/* Bounded formatter with the same conversions. Returns the length written, without the NUL; cap > 0. */
HR_PRIVATE size_t hr_format(char *dst, size_t cap, const char *fmt, ...) HR_PRINTF(3, 4);
HR_PRIVATE size_t hr_vformat(char *dst, size_t cap, const char *fmt, va_list args);
HR_PRIVATE const char *hr_status_name(hr_status status); /* "out of memory", ... never NULL */

#define HR_TRY(expr)                                  \
    do {                                              \
        hr_status hr_try_status = (expr);             \
        if (hr_try_status != HR_OK) return hr_try_status; \
    } while (0)

/* --- checked arithmetic: false on overflow, *out untouched ------------------------------------------------------- */
HR_INLINE bool hr_add_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (a > UINT64_MAX - b) return false;
    *out = a + b;
    return true;
}
HR_INLINE bool hr_mul_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (b != 0 && a > UINT64_MAX / b) return false;
    *out = a * b;
    return true;
}
HR_INLINE bool hr_add_size(size_t a, size_t b, size_t *out) {
    if (a > SIZE_MAX - b) return false;
    *out = a + b;
    return true;
}
HR_INLINE bool hr_mul_size(size_t a, size_t b, size_t *out) {
    if (b != 0 && a > SIZE_MAX / b) return false;
    *out = a * b;
    return true;
}
/* round up to a multiple of align (a power of two) */
HR_INLINE bool hr_align_u64(uint64_t a, uint64_t align, uint64_t *out) {
    if (a > UINT64_MAX - (align - 1)) return false;
    *out = (a + (align - 1)) & ~(align - 1);
    return true;
}
HR_INLINE size_t hr_min_size(size_t a, size_t b) { return a < b ? a : b; }
HR_INLINE size_t hr_max_size(size_t a, size_t b) { return a > b ? a : b; }
HR_INLINE size_t hr_div_up(size_t a, size_t b) { return a / b + (a % b != 0); }

/* --- unaligned little-endian loads, on any host ------------------------------------------------------------------ */
HR_INLINE uint16_t hr_le16(const void *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint16_t)(b[0] | b[1] << 8);
}
HR_INLINE uint32_t hr_le32(const void *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
HR_INLINE uint64_t hr_le64(const void *p) {
    return (uint64_t)hr_le32(p) | (uint64_t)hr_le32((const uint8_t *)p + 4) << 32;
}
HR_INLINE void hr_put16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)v, p[1] = (uint8_t)(v >> 8); }
HR_INLINE void hr_put32(uint8_t *p, uint32_t v) { hr_put16(p, (uint16_t)v), hr_put16(p + 2, (uint16_t)(v >> 16)); }
HR_INLINE void hr_put64(uint8_t *p, uint64_t v) { hr_put32(p, (uint32_t)v), hr_put32(p + 4, (uint32_t)(v >> 32)); }
HR_INLINE float hr_f32_from_bits(uint32_t u) {
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
HR_INLINE uint32_t hr_f32_bits(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

/* --- cursor: the only way a parser reads ------------------------------------------------------------------------- */
/* Reads a span front to back. The first failure is sticky: every later read returns zeros and changes nothing, so a
 * parser may read a record and ask hr_cur_ok once. `field` names what is being read, for the error. */
typedef struct hr_cur {
    const uint8_t *data;
    size_t size;
    size_t pos;
    uint64_t base;     /* file offset of data[0] */
    const char *field; /* static or caller-owned text; set before each record */
    hr_error *err;     /* may be NULL */
    hr_status status;
    uint64_t wanted;   /* after a failure for want of bytes: data must reach this far; else 0 */
} hr_cur;

HR_PRIVATE hr_cur hr_cur_make(const void *data, size_t size, uint64_t base, hr_error *err);
HR_PRIVATE size_t hr_cur_left(const hr_cur *c); /* 0 after a failure */
HR_PRIVATE bool hr_cur_ok(const hr_cur *c);
HR_PRIVATE hr_status hr_cur_fail(hr_cur *c, hr_status status, const char *fmt, ...) HR_PRINTF(3, 4);
HR_PRIVATE uint8_t hr_cur_u8(hr_cur *c);
HR_PRIVATE uint16_t hr_cur_u16(hr_cur *c);
HR_PRIVATE uint32_t hr_cur_u32(hr_cur *c);
HR_PRIVATE uint64_t hr_cur_u64(hr_cur *c);
HR_PRIVATE float hr_cur_f32(hr_cur *c);
HR_PRIVATE double hr_cur_f64(hr_cur *c);
/* n bytes in place, or NULL and a sticky HR_E_FORMAT when fewer are left. n == 0 gives a non-NULL pointer. */
HR_PRIVATE const uint8_t *hr_cur_bytes(hr_cur *c, uint64_t n);
HR_PRIVATE bool hr_cur_skip(hr_cur *c, uint64_t n);
/* count * unit bytes must be left; checked before anything is allocated for them */
HR_PRIVATE bool hr_cur_expect(hr_cur *c, uint64_t count, uint64_t unit);
/* past as many strings (u64 length, bytes) of at most cap bytes as are well-formed, up to count: returns how many. Fast; the
 * caller reads the one that is not in the ordinary way, for its error. */
HR_PRIVATE uint64_t hr_cur_skip_strings(hr_cur *c, uint64_t count, uint64_t cap);

/* --- allocator and arena ----------------------------------------------------------------------------------------- */
/* alloc: `size` bytes aligned to `align` (a power of two), or NULL. free: what alloc gave, with the same size. */
typedef struct hr_allocator {
    void *(*alloc)(void *ctx, size_t size, size_t align);
    void (*free)(void *ctx, void *ptr, size_t size);
    void *ctx;
} hr_allocator;

HR_PRIVATE const hr_allocator *hr_allocator_default(void); /* libc; base/sys.c */

/* A bump allocator over one block. With base == NULL it only counts: the same layout code run on a counting arena
 * gives the exact bytes of the plan, and run on a real one gives the object. Never frees; mark and rewind. */
typedef struct hr_arena {
    uint8_t *base;  /* aligned to HR_ARENA_ALIGN, or NULL to count */
    size_t cap;
    size_t used;
    size_t high;    /* high-water mark of used */
    bool failed;    /* some allocation did not fit (sticky) */
} hr_arena;

#define HR_ARENA_ALIGN 64

HR_PRIVATE void hr_arena_init(hr_arena *a, void *base, size_t cap); /* base may be unaligned: the head is skipped */
HR_PRIVATE void hr_arena_init_count(hr_arena *a);
/* zero-filled; NULL when it does not fit (a->failed is set) and, by design, when counting */
HR_PRIVATE void *hr_arena_alloc(hr_arena *a, size_t count, size_t size, size_t align);
/* the same without the zeros, for large blocks that are written whole at once */
HR_PRIVATE void *hr_arena_alloc_raw(hr_arena *a, size_t count, size_t size, size_t align);
HR_PRIVATE size_t hr_arena_mark(const hr_arena *a);
HR_PRIVATE void hr_arena_rewind(hr_arena *a, size_t mark);
#define HR_NEW(arena, type, count) ((type *)hr_arena_alloc((arena), (count), sizeof(type), _Alignof(type)))

/* --- small helpers ----------------------------------------------------------------------------------------------- */
/* Text in place, not NUL-terminated. */
typedef struct hr_str {
    const char *data;
    size_t size;
} hr_str;
HR_PRIVATE bool hr_str_is(hr_str s, const char *literal);
HR_PRIVATE hr_str hr_str_of(const char *literal);
HR_PRIVATE bool hr_utf8_valid(const void *data, size_t size); /* well-formed UTF-8, Unicode table 3-7 */
/* 64-bit hash for tables and for logit hashes; the same on every host. Not cryptographic. */
HR_PRIVATE uint64_t hr_hash64(const void *data, size_t size, uint64_t seed);

#endif
