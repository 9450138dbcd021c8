/* sys.h: the operating system, all of it: files, mappings, clock, page size, default allocator. The only place where
 * OS headers and stdio may be used. File operations go through a table, so that tests can fail each one in turn. */
#ifndef HR_SYS_H
#define HR_SYS_H
#include "base.h"

typedef struct hr_file_ops {
    /* opens for reading; a regular file only. *size in bytes. */
    hr_status (*open)(void *ctx, const char *path, void **handle, uint64_t *size, hr_error *err);
    /* exactly n bytes or an error */
    hr_status (*read)(void *ctx, void *handle, uint64_t offset, void *dst, size_t n, hr_error *err);
    /* read-only mapping of the whole file; may be NULL: the file is then read in windows */
    hr_status (*map)(void *ctx, void *handle, uint64_t size, void **addr, hr_error *err);
    void (*unmap)(void *ctx, void *addr, uint64_t size);
    /* pages of [offset, offset+n) are no longer needed; may be NULL */
    void (*drop)(void *ctx, void *addr, uint64_t offset, uint64_t n);
    /* HR_E_IO when size, time or identity differ from open; may be NULL */
    hr_status (*unchanged)(void *ctx, void *handle, hr_error *err);
    void (*close)(void *ctx, void *handle);
    void *ctx;
} hr_file_ops;

HR_PRIVATE const hr_file_ops *hr_file_ops_default(void); /* POSIX; NULL when built with HR_NO_FILES */

/* An open file, or a span of the caller's memory, behind one face. */
typedef struct hr_file {
    const hr_file_ops *ops; /* NULL: caller's memory */
    void *handle;
    uint8_t *map;           /* whole file, or NULL when read in windows */
    uint64_t size;
} hr_file;

/* ops == NULL: the default. want_map: map when the platform can, else fall back to windows. */
HR_PRIVATE hr_status hr_file_open(hr_file *f, const char *path, const hr_file_ops *ops, bool want_map, hr_error *err);
HR_PRIVATE void hr_file_open_memory(hr_file *f, const void *data, uint64_t size);
HR_PRIVATE hr_status hr_file_read(hr_file *f, uint64_t offset, void *dst, size_t n, hr_error *err);
HR_PRIVATE void hr_file_drop(hr_file *f, uint64_t offset, uint64_t n);
HR_PRIVATE hr_status hr_file_unchanged(hr_file *f, hr_error *err);
HR_PRIVATE void hr_file_close(hr_file *f); /* safe on a zeroed or failed hr_file */

/* The SIGBUS guard (opt-in; the only signal handler the library can install, chained to the previous one). Runs fn(arg)
 * on this thread; if a page of [addr, addr+size) cannot be read (the file was cut short), returns HR_E_IO instead of
 * dying; NULL, SIZE_MAX stands for any page. Where the platform has no such signal it just runs fn. */
HR_PRIVATE hr_status hr_guard_run(const void *addr, size_t size, hr_status (*fn)(void *arg), void *arg, hr_error *err);

HR_PRIVATE uint64_t hr_clock_ns(void); /* monotonic */
HR_PRIVATE size_t hr_page_bytes(void);
#endif
