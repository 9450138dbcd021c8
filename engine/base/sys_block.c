/* sys_block.c: the block interface over a POSIX file, random bytes and the calendar clock. */
#include "engine/base/sys.h"
#include "engine/base/sys_block.h"
#if !defined(HR_NO_CLOCK)
#include <time.h>
#endif
#if !defined(HR_NO_FILES)
#include <stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#if defined(HR_NO_CLOCK)
uint64_t hr_clock_unix_ms(void) { return 0; }
#else
uint64_t hr_clock_unix_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}
#endif

#if !defined(HR_NO_FILES)
static hr_status block_fail(hr_error *err, uint64_t offset, const char *verb) {
    int e = errno;
    const char *why = e == ENOSPC ? "the disk is full" : e == EIO ? "the device reports an error"
                    : e == EROFS ? "the file system is read-only" : e == EFBIG ? "above the limit on a file's size"
                    : "the system refused";
    return hr_fail(err, HR_E_IO, offset, "store", "cannot %s: %s (errno %d)", verb, why, e);
}

static int block_fd(void *ctx) { return *(int *)ctx; }

static hr_status block_read(void *ctx, uint64_t offset, void *dst, size_t n, hr_error *err) {
    uint8_t *p = (uint8_t *)dst;
    while (n > 0) {
        ssize_t got = pread(block_fd(ctx), p, hr_min_size(n, (size_t)1 << 30), (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return block_fail(err, offset, "read");
        if (got == 0) return hr_fail(err, HR_E_IO, offset, "store", "the file ends %zu bytes too early", n);
        p += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return HR_OK;
}

static hr_status block_program(void *ctx, uint64_t offset, const void *src, size_t n, hr_error *err) {
    const uint8_t *p = (const uint8_t *)src;
    while (n > 0) {
        ssize_t put = pwrite(block_fd(ctx), p, hr_min_size(n, (size_t)1 << 30), (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return block_fail(err, offset, "write");
        p += put;
        offset += (uint64_t)put;
        n -= (size_t)put;
    }
    return HR_OK;
}

/* zeros are really written: blocks that exist make a later sync ten times cheaper (no journal commit) */
static hr_status block_erase(void *ctx, uint64_t offset, uint64_t n, hr_error *err) {
    static const uint8_t zeros[4096] = {0};
    for (; n > 0;) {
        size_t piece = n < sizeof zeros ? (size_t)n : sizeof zeros;
        HR_TRY(block_program(ctx, offset, zeros, piece, err));
        offset += piece;
        n -= piece;
    }
    return HR_OK;
}

static hr_status block_sync(void *ctx, hr_error *err) {
#if defined(__APPLE__)
    if (fcntl(block_fd(ctx), F_FULLFSYNC) == 0) return HR_OK;
    return fsync(block_fd(ctx)) == 0 ? HR_OK : block_fail(err, HR_NO_OFFSET, "sync");
#else
    return fdatasync(block_fd(ctx)) == 0 ? HR_OK : block_fail(err, HR_NO_OFFSET, "sync");
#endif
}

static hr_status block_cut(void *ctx, uint64_t size, hr_error *err) {
    return ftruncate(block_fd(ctx), (off_t)size) == 0 ? HR_OK : block_fail(err, size, "cut the file");
}

static void block_close(void *ctx) {
    close(block_fd(ctx));
    free(ctx);
}

static hr_status block_lock(int fd, const char *path, hr_error *err) {
    int failed = flock(fd, LOCK_EX | LOCK_NB); /* of this open file, not of the process: two handles of one process, too */
    if (failed == 0) return HR_OK;
    if (errno == EAGAIN || errno == EACCES || errno == EWOULDBLOCK) {
        return hr_fail(err, HR_E_BUSY, HR_NO_OFFSET, path, "another writer has this store open");
    }
    return block_fail(err, HR_NO_OFFSET, "lock");
}

/* a new name is on the device once its folder is */
static hr_status block_sync_folder(const char *path, hr_error *err) {
    char folder[4096];
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] != '/') n--;
    if (n >= sizeof folder) return hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "the name is too long");
    memcpy(folder, n > 0 ? path : ".", n > 0 ? n : 1);
    folder[n > 0 ? n : 1] = 0;
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return block_fail(err, HR_NO_OFFSET, "open the folder");
    int failed = fsync(fd), e = errno;
    close(fd);
    errno = e;
    if (failed != 0 && e != EINVAL && e != ENOTSUP) return block_fail(err, HR_NO_OFFSET, "sync the folder");
    return HR_OK;
}

hr_status hr_block_open_file(hr_block *b, const char *path, bool write, hr_error *err) {
    memset(b, 0, sizeof *b);
    if (path == NULL) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "path", "no path given");
    int fd;
    do {
        fd = open(path, (write ? O_RDWR | O_CREAT | O_NOFOLLOW : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "cannot open: %s (errno %d)",
                       errno == ENOENT ? "there is no such file" : errno == EACCES ? "permission denied"
                       : errno == ELOOP ? "that is a symbolic link" : errno == EISDIR ? "that is a folder"
                       : "the system refused", errno);
    }
    struct stat st;
    int *p = (int *)malloc(sizeof *p);
    hr_status status = p == NULL ? hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, path, "out of memory") : HR_OK;
    if (status == HR_OK && write) status = block_lock(fd, path, err);
    if (status == HR_OK && fstat(fd, &st) != 0) status = block_fail(err, HR_NO_OFFSET, "stat");
    if (status == HR_OK && !S_ISREG(st.st_mode)) status = hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "not a regular file");
    if (status == HR_OK && write && st.st_size == 0) status = block_sync_folder(path, err);
    if (status != HR_OK) {
        free(p);
        close(fd);
        return status;
    }
    *p = fd;
    hr_block file = {block_read, block_program, block_erase, block_sync, block_cut, block_close, p,
                     (uint64_t)st.st_size, INT64_MAX, 8, 4096, 0, !write};
    *b = file;
    return HR_OK;
}

static size_t random_from_system(uint8_t *p, size_t n) {
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    size_t have = 0;
    while (fd >= 0 && have < n) {
        ssize_t got = read(fd, p + have, n - have);
        if (got <= 0) break;
        have += (size_t)got;
    }
    if (fd >= 0) close(fd);
    return have;
}
void hr_random_bytes(void *dst, size_t n) {
    uint8_t *p = (uint8_t *)dst;
    size_t have = random_from_system(p, n);
    for (; have < n; have++) p[have] = (uint8_t)hr_hash64(&have, sizeof have, hr_clock_ns() + (uintptr_t)dst);
}
hr_status hr_random_key(void *dst, size_t n, hr_error *err) {
    if (random_from_system((uint8_t *)dst, n) == n) return HR_OK;
    return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "key", "the system has no random bytes");
}
#else
hr_status hr_random_key(void *dst, size_t n, hr_error *err) {
    (void)dst;
    return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "key", "no source of %zu random bytes in this build", n);
}
hr_status hr_block_open_file(hr_block *b, const char *path, bool write, hr_error *err) {
    memset(b, 0, sizeof *b);
    (void)write;
    return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, path, "built without files (HR_NO_FILES)");
}
void hr_random_bytes(void *dst, size_t n) {
    for (size_t i = 0; i < n; i++) ((uint8_t *)dst)[i] = (uint8_t)hr_hash64(&i, sizeof i, hr_clock_ns() + (uintptr_t)dst);
}
#endif
