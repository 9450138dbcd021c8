/* sys.c: files, mappings, clock and the default allocator over POSIX and libc. */
#include "engine/base/sys.h"
#if !defined(HR_NO_MALLOC)
#include <stdlib.h>
#endif
#if !defined(HR_NO_CLOCK)
#include <time.h>
#endif
#if defined(HR_DEBUG)
#include <stdio.h>
#endif
#if !defined(HR_NO_FILES)
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if !defined(HR_NO_MMAP)
#include <sys/mman.h>
#endif
#endif

#if defined(HR_DEBUG)
void hr_assert_fail(const char *expr, const char *file, int line) {
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expr);
    abort();
}
#endif

/* --- default allocator -------------------------------------------------------------------------------------------- */
#if defined(HR_NO_MALLOC)
static void *libc_alloc(void *ctx, size_t size, size_t align) { return (void)ctx, (void)size, (void)align, NULL; }
static void libc_free(void *ctx, void *ptr, size_t size) { (void)ctx, (void)ptr, (void)size; }
#else
/* Large blocks (weights, caches) ask for huge pages: a fault for each 2 MiB instead of 4 KiB, fewer misses of the TLB. Only
 * those that lie in the block as a whole, so that nothing beyond its bytes is ever touched. A hint: it may be refused. */
static void advise_huge(void *p, size_t size) {
#if !defined(HR_NO_FILES) && !defined(HR_NO_MMAP) && defined(MADV_HUGEPAGE)
    const uintptr_t huge = (uintptr_t)2 << 20, begin = ((uintptr_t)p + huge - 1) & ~(huge - 1);
    const uintptr_t end = ((uintptr_t)p + size) & ~(huge - 1);
    if (begin < end) (void)madvise((uint8_t *)p + (begin - (uintptr_t)p), end - begin, MADV_HUGEPAGE);
#else
    (void)p, (void)size;
#endif
}

static void *libc_alloc(void *ctx, size_t size, size_t align) {
    enum { LARGE = 8 << 20 };
    (void)ctx;
    if (align < sizeof(void *)) align = sizeof(void *);
    size_t rounded;
    if (!hr_add_size(size != 0 ? size : 1, align - 1, &rounded)) return NULL;
    void *p = aligned_alloc(align, rounded & ~(align - 1));
    if (p != NULL && size >= LARGE) advise_huge(p, size);
    return p;
}

static void libc_free(void *ctx, void *ptr, size_t size) {
    (void)ctx, (void)size;
    free(ptr);
}
#endif

const hr_allocator *hr_allocator_default(void) {
    static const hr_allocator libc = {libc_alloc, libc_free, NULL};
    return &libc;
}

#if defined(HR_NO_CLOCK)
uint64_t hr_clock_ns(void) { return 0; }
#else
uint64_t hr_clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
#endif

/* --- POSIX files -------------------------------------------------------------------------------------------------- */
#if !defined(HR_NO_FILES)
typedef struct posix_file {
    int fd;
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t changed_s, changed_ns;
} posix_file;

static void remember_stat(posix_file *f, const struct stat *st) {
    f->device = st->st_dev;
    f->inode = st->st_ino;
    f->size = st->st_size;
    f->changed_s = (int64_t)st->st_mtime;
#if defined(__linux__)
    f->changed_ns = (int64_t)st->st_mtim.tv_nsec;
#else
    f->changed_ns = 0;
#endif
}

static const char *errno_text(int e) {
    switch (e) {
    case ENOENT: return "there is no such file";
    case EACCES: case EPERM: return "permission denied";
    case ENOTDIR: return "a part of the path is not a folder";
    case ENAMETOOLONG: return "the name is too long";
    case EMFILE: case ENFILE: return "too many open files";
    case ELOOP: return "too many symbolic links";
    case ENOMEM: return "not enough memory";
    case EIO: return "the device reports an error";
    default: return "the system refused";
    }
}

static hr_status posix_open(void *ctx, const char *path, void **handle, uint64_t *size, hr_error *err) {
    (void)ctx;
    *handle = NULL;
    *size = 0;
    int fd;
    do {
        /* NONBLOCK: a FIFO must not hang us before it is refused; NOCTTY: nor a terminal become ours */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "cannot open: %s (errno %d)", errno_text(errno), errno);
    struct stat st;
    hr_status status = HR_OK;
    if (fstat(fd, &st) != 0) {
        status = hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "cannot stat: %s (errno %d)", errno_text(errno), errno);
    } else if (!S_ISREG(st.st_mode)) {
        status = hr_fail(err, HR_E_IO, HR_NO_OFFSET, path, "not a regular file");
    }
    posix_file *f = status == HR_OK ? (posix_file *)malloc(sizeof *f) : NULL;
    if (status == HR_OK && f == NULL) status = hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, path, "out of memory");
    if (status != HR_OK) {
        close(fd);
        return status;
    }
    f->fd = fd;
    remember_stat(f, &st);
    *handle = f;
    *size = (uint64_t)st.st_size;
    return HR_OK;
}

static hr_status posix_read(void *ctx, void *handle, uint64_t offset, void *dst, size_t n, hr_error *err) {
    (void)ctx;
    posix_file *f = (posix_file *)handle;
    uint8_t *p = (uint8_t *)dst;
    while (n > 0) {
        size_t ask = n < ((size_t)1 << 30) ? n : (size_t)1 << 30;
        ssize_t got = pread(f->fd, p, ask, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hr_fail(err, HR_E_IO, offset, "file", "cannot read: %s (errno %d)", errno_text(errno), errno);
        if (got == 0) return hr_fail(err, HR_E_IO, offset, "file", "the file ends %zu bytes too early", n);
        p += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return HR_OK;
}

#if !defined(HR_NO_MMAP)
static hr_status posix_map(void *ctx, void *handle, uint64_t size, void **addr, hr_error *err) {
    (void)ctx;
    *addr = NULL;
    if (size == 0 || size > SIZE_MAX) return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "file", "cannot map %llu bytes",
                                                     (unsigned long long)size);
    void *p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, ((posix_file *)handle)->fd, 0);
    if (p == MAP_FAILED) {
        return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "file", "cannot map: %s (errno %d)", errno_text(errno), errno);
    }
    *addr = p;
    return HR_OK;
}

static void posix_unmap(void *ctx, void *addr, uint64_t size) {
    (void)ctx;
    munmap(addr, (size_t)size);
}

static void posix_drop(void *ctx, void *addr, uint64_t offset, uint64_t n) {
    (void)ctx;
    uint64_t page = hr_page_bytes(), begin = (offset + page - 1) / page * page, end = (offset + n) / page * page;
    if (begin < end) madvise((uint8_t *)addr + begin, (size_t)(end - begin), MADV_DONTNEED); /* clean pages: a hint */
}
#else
#define posix_map NULL
#define posix_unmap NULL
#define posix_drop NULL
#endif

static hr_status posix_unchanged(void *ctx, void *handle, hr_error *err) {
    (void)ctx;
    posix_file *f = (posix_file *)handle, now;
    struct stat st;
    if (fstat(f->fd, &st) != 0) {
        return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "file", "cannot stat: %s (errno %d)", errno_text(errno), errno);
    }
    remember_stat(&now, &st);
    if (now.device == f->device && now.inode == f->inode && now.size == f->size && now.changed_s == f->changed_s &&
        now.changed_ns == f->changed_ns) {
        return HR_OK;
    }
    return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "file", "the file was changed while it was being read");
}

static void posix_shut(void *ctx, void *handle) {
    (void)ctx;
    close(((posix_file *)handle)->fd);
    free(handle);
}

const hr_file_ops *hr_file_ops_default(void) {
    static const hr_file_ops posix = {posix_open, posix_read,      posix_map,   posix_unmap,
                                      posix_drop, posix_unchanged, posix_shut, NULL};
    return &posix;
}
#undef posix_map
#undef posix_unmap
#undef posix_drop

size_t hr_page_bytes(void) {
    long n = sysconf(_SC_PAGESIZE);
    return n > 0 ? (size_t)n : 4096;
}
#else
const hr_file_ops *hr_file_ops_default(void) { return NULL; }
size_t hr_page_bytes(void) { return 4096; }
#endif

/* --- one face over files and memory ------------------------------------------------------------------------------- */
hr_status hr_file_open(hr_file *f, const char *path, const hr_file_ops *ops, bool want_map, hr_error *err) {
    memset(f, 0, sizeof *f);
    if (ops == NULL) ops = hr_file_ops_default();
    if (path == NULL) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "path", "no path given");
    if (ops == NULL) return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, path, "built without files (HR_NO_FILES)");
    HR_TRY(ops->open(ops->ctx, path, &f->handle, &f->size, err));
    f->ops = ops;
    if (want_map && ops->map != NULL && f->size > 0) {
        void *addr = NULL;
        if (ops->map(ops->ctx, f->handle, f->size, &addr, NULL) == HR_OK) f->map = (uint8_t *)addr; /* else windows */
    }
    return HR_OK;
}

void hr_file_open_memory(hr_file *f, const void *data, uint64_t size) {
    memset(f, 0, sizeof *f);
    f->map = (uint8_t *)(uintptr_t)data;
    f->size = size;
}

hr_status hr_file_read(hr_file *f, uint64_t offset, void *dst, size_t n, hr_error *err) {
    if (offset > f->size || n > f->size - offset) {
        return hr_fail(err, HR_E_IO, offset, "file", "%zu bytes wanted here, the file has %llu in all", n,
                       (unsigned long long)f->size);
    }
    if (n == 0) return HR_OK;
    if (f->map != NULL) {
        memcpy(dst, f->map + offset, n);
        return HR_OK;
    }
    return f->ops->read(f->ops->ctx, f->handle, offset, dst, n, err);
}

void hr_file_drop(hr_file *f, uint64_t offset, uint64_t n) {
    if (f->map == NULL || f->ops == NULL || f->ops->drop == NULL || offset >= f->size) return;
    f->ops->drop(f->ops->ctx, f->map, offset, n < f->size - offset ? n : f->size - offset);
}

hr_status hr_file_unchanged(hr_file *f, hr_error *err) {
    if (f->ops == NULL || f->ops->unchanged == NULL) return HR_OK;
    return f->ops->unchanged(f->ops->ctx, f->handle, err);
}

void hr_file_close(hr_file *f) {
    if (f->ops != NULL) {
        if (f->map != NULL) f->ops->unmap(f->ops->ctx, f->map, f->size);
        if (f->handle != NULL) f->ops->close(f->ops->ctx, f->handle);
    }
    memset(f, 0, sizeof *f);
}
