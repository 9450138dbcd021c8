/* sys_out.c: files that are written, over POSIX. */
#include "engine/base/sys_out.h"
#if !defined(HR_NO_FILES)
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *out_errno_text(int e) {
    switch (e) {
    case ENOENT: case ENOTDIR: return "there is no such folder";
    case EACCES: case EPERM: return "permission denied";
    case ENOSPC: return "the disk is full";
    case EFBIG: return "above the limit on a file's size";
    case EROFS: return "the file system is read-only";
    case EISDIR: return "that is a folder";
    case ELOOP: return "that is a symbolic link";
    case ENAMETOOLONG: return "the name is too long";
    case EIO: return "the device reports an error";
    default: return "the system refused";
    }
}

static hr_status out_fail(hr_error *err, uint64_t offset, const char *where, const char *verb) {
    int e = errno;
    return hr_fail(err, HR_E_IO, offset, where, "cannot %s: %s (errno %d)", verb, out_errno_text(e), e);
}

static int out_fd(void *handle) { return *(int *)handle; }

static hr_status out_lock(int fd, const char *path, hr_error *err) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd, F_SETLK, &lock) == 0) return HR_OK;
    if (errno != EAGAIN && errno != EACCES) return HR_OK; /* a file system without locks */
    return hr_fail(err, HR_E_BUSY, HR_NO_OFFSET, path, "another process is writing this file");
}

static hr_status out_open(void *ctx, const char *path, bool keep, void **handle, uint64_t *size, hr_error *err) {
    (void)ctx;
    int fd, flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
    *handle = NULL;
    *size = 0;
    do {
        fd = open(path, flags, 0666);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return out_fail(err, HR_NO_OFFSET, path, "create");
    struct stat st;
    hr_status status = HR_OK;
    int *p = (int *)malloc(sizeof *p);
    if (p == NULL) status = hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, path, "out of memory");
    else if (fstat(fd, &st) != 0) status = out_fail(err, HR_NO_OFFSET, path, "stat");
    else if (!S_ISREG(st.st_mode)) status = hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "not a regular file");
    if (status == HR_OK) status = out_lock(fd, path, err);
    if (status == HR_OK && !keep && ftruncate(fd, 0) != 0) status = out_fail(err, HR_NO_OFFSET, path, "empty");
    if (status != HR_OK) {
        free(p);
        close(fd);
        return status;
    }
    *p = fd;
    *handle = p;
    *size = keep ? (uint64_t)st.st_size : 0;
    return HR_OK;
}

static hr_status out_write(void *ctx, void *handle, uint64_t offset, const void *src, size_t n, hr_error *err) {
    const uint8_t *p = (const uint8_t *)src;
    (void)ctx;
    while (n > 0) {
        ssize_t put = pwrite(out_fd(handle), p, hr_min_size(n, (size_t)1 << 30), (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return out_fail(err, offset, "output", "write");
        p += put;
        offset += (uint64_t)put;
        n -= (size_t)put;
    }
    return HR_OK;
}

static hr_status out_read(void *ctx, void *handle, uint64_t offset, void *dst, size_t n, hr_error *err) {
    uint8_t *p = (uint8_t *)dst;
    (void)ctx;
    while (n > 0) {
        ssize_t got = pread(out_fd(handle), p, hr_min_size(n, (size_t)1 << 30), (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return out_fail(err, offset, "output", "read back");
        if (got == 0) return hr_fail(err, HR_E_IO, offset, "output", "the file ends %zu bytes too early", n);
        p += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return HR_OK;
}

static hr_status out_resize(void *ctx, void *handle, uint64_t size, hr_error *err) {
    int failed;
    (void)ctx;
    do {
        failed = ftruncate(out_fd(handle), (off_t)size);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? HR_OK : out_fail(err, size, "output", "resize");
}

static hr_status out_sync(void *ctx, void *handle, hr_error *err) {
    (void)ctx;
    return fsync(out_fd(handle)) == 0 ? HR_OK : out_fail(err, HR_NO_OFFSET, "output", "sync");
}

/* the rename itself is on the device once the folder is; not every file system can tell */
static void sync_folder(const char *path) {
    char folder[4096];
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] != '/') n--;
    if (n >= sizeof folder) return;
    memcpy(folder, n > 0 ? path : ".", n > 0 ? n : 1);
    folder[n > 0 ? n : 1] = 0;
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)!fsync(fd);
    close(fd);
}

static hr_status out_rename(void *ctx, const char *from, const char *to, hr_error *err) {
    (void)ctx;
    if (rename(from, to) != 0) return out_fail(err, HR_NO_OFFSET, to, "rename the finished file");
    sync_folder(to);
    return HR_OK;
}

static void out_remove(void *ctx, const char *path) {
    (void)ctx;
    unlink(path);
}

static void out_close(void *ctx, void *handle) {
    (void)ctx;
    close(out_fd(handle));
    free(handle);
}

const hr_out_ops *hr_out_ops_default(void) {
    static const hr_out_ops posix_out = {out_open, out_write,  out_read,   out_resize, out_sync,
                                         out_rename, out_remove, out_close, NULL};
    return &posix_out;
}
#else
const hr_out_ops *hr_out_ops_default(void) { return NULL; }
#endif
