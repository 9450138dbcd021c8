/* sys_out.h: files that are written: built under another name, then renamed, so that nobody ever sees half of one. The
 * calls go through a table, as those of sys.h do, so that tests can fail each in turn. */
#ifndef HR_SYS_OUT_H
#define HR_SYS_OUT_H
#include "base.h"

typedef struct hr_out_ops {
    /* opens for reading and writing and locks it; made when it is not there. keep: what is in it stays, else it is cut to
     * nothing. *size in bytes. HR_E_BUSY: another process writes it. */
    hr_status (*open)(void *ctx, const char *path, bool keep, void **handle, uint64_t *size, hr_error *err);
    hr_status (*write)(void *ctx, void *handle, uint64_t offset, const void *src, size_t n, hr_error *err);
    /* exactly n bytes or an error */
    hr_status (*read)(void *ctx, void *handle, uint64_t offset, void *dst, size_t n, hr_error *err);
    hr_status (*resize)(void *ctx, void *handle, uint64_t size, hr_error *err); /* new bytes are zero */
    hr_status (*sync)(void *ctx, void *handle, hr_error *err);                  /* on the device when it returns */
    hr_status (*rename)(void *ctx, const char *from, const char *to, hr_error *err); /* replaces; durable */
    void (*remove)(void *ctx, const char *path);
    void (*close)(void *ctx, void *handle);
    void *ctx;
} hr_out_ops;

HR_PRIVATE const hr_out_ops *hr_out_ops_default(void); /* POSIX; NULL when built with HR_NO_FILES */
#endif
