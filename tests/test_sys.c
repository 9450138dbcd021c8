/* Files, mappings, the clock, the allocator and the SIGBUS guard. The library's own sources are compiled into this
 * program with the system calls they make replaced by ones that can be told to fail: the only way to see EINTR, a short
 * read, a failing fstat or a full process. */
#include "tests/t.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* the fault to play: what fails at its `at`-th call from now on, once, and with which errno */
enum { SYS_NONE, SYS_OPEN, SYS_FSTAT, SYS_PREAD, SYS_PREAD_SHORT, SYS_MMAP, SYS_MALLOC, SYS_SIGACTION, SYS_SYSCONF };
static int fault_what, fault_at, fault_errno;

static void play(int what, int at, int e) { fault_what = what, fault_at = at, fault_errno = e; }

static bool fails_now(int what) {
    if (fault_what != what || --fault_at != 0) return false;
    fault_what = SYS_NONE;
    errno = fault_errno;
    return true;
}

static int fake_open(const char *path, int flags) { return fails_now(SYS_OPEN) ? -1 : open(path, flags); }
static int fake_fstat(int fd, struct stat *st) { return fails_now(SYS_FSTAT) ? -1 : fstat(fd, st); }
static ssize_t fake_pread(int fd, void *p, size_t n, off_t at) {
    if (fails_now(SYS_PREAD)) return -1;
    if (fault_what == SYS_PREAD_SHORT && n > 1) n = n / 2 + 1;
    return pread(fd, p, n, at);
}
static void *fake_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset) {
    return fails_now(SYS_MMAP) ? MAP_FAILED : mmap(at, n, prot, flags, fd, offset);
}
static void *fake_malloc(size_t n) { return fails_now(SYS_MALLOC) ? NULL : malloc(n); }
static long fake_sysconf(int name) { return fails_now(SYS_SYSCONF) ? -1 : sysconf(name); }
static int fake_sigaction(int s, const struct sigaction *new, struct sigaction *old) {
    return fails_now(SYS_SIGACTION) ? -1 : sigaction(s, new, old);
}
/* two arguments are the system call, five the member of hr_file_ops */
#define OPEN_PICK(a, b, c, d, e, name, ...) name
#define open(...) OPEN_PICK(__VA_ARGS__, open, 0, 0, fake_open, 0)(__VA_ARGS__)
#define fstat(fd, st) fake_fstat(fd, st)
#define pread(fd, p, n, at) fake_pread(fd, p, n, at)
#define mmap(at, n, prot, flags, fd, offset) fake_mmap(at, n, prot, flags, fd, offset)
#define malloc(n) fake_malloc(n)
#define sysconf(name) fake_sysconf(name)
#include "engine/base/sys.c"
#undef open
#undef fstat
#undef pread
#undef mmap
#undef malloc
#undef sysconf
/* `struct sigaction` keeps its name: only calls have a parenthesis behind it */
#define sigaction(s, new, old) fake_sigaction(s, new, old)
#include "engine/base/guard.c"
#undef sigaction

static const char *make_file(const char *name, size_t n) {
    const char *path = t_tmp(name);
    FILE *f = fopen(path, "wb");
    if (!T_CHECK(f != NULL)) return NULL;
    for (size_t i = 0; i < n; i++) putc((int)(i * 7 + i / 256) & 255, f);
    fclose(f);
    return path;
}
static uint8_t byte_at(size_t i) { return (uint8_t)((i * 7 + i / 256) & 255); }

static bool is_ours(const uint8_t *p, size_t from, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] != byte_at(from + i)) return false;
    }
    return true;
}

static long open_descriptors(void) {
    long n = 0;
    for (int fd = 0; fd < 256; fd++) n += fcntl(fd, F_GETFD) != -1;
    return n;
}

/* --- files -------------------------------------------------------------------------------------------------------- */
static void read_around(hr_file *f, size_t size) {
    static uint8_t b[70000];
    hr_error e;
    hr_error_clear(&e);
    T_EQ_U(f->size, size);
    T_CHECK(hr_file_read(f, 0, b, size, &e) == HR_OK && is_ours(b, 0, size));
    T_CHECK(hr_file_read(f, size - 3, b, 3, &e) == HR_OK && is_ours(b, size - 3, 3));
    T_CHECK(hr_file_read(f, 4095, b, 4098, &e) == HR_OK && is_ours(b, 4095, 4098));
    T_CHECK(hr_file_read(f, size, b, 0, &e) == HR_OK);
    T_EQ_I(e.status, HR_OK);
    static const struct {
        uint64_t from;
        size_t n;
    } bad[] = {{70000, 1}, {69999, 2}, {0, 70001}, {70001, 0}, {UINT64_MAX, 1}, {1, SIZE_MAX}, {UINT64_MAX, SIZE_MAX}};
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        hr_error_clear(&e);
        T_EQ_I(hr_file_read(f, bad[i].from, b, bad[i].n, &e), HR_E_IO);
        T_EQ_U(e.offset, bad[i].from);
    }
}

T_TEST(reads_by_mapping_by_windows_and_from_memory) {
    const char *path = make_file("plain", 70000);
    long before = open_descriptors();
    hr_file f;
    hr_error e;
    hr_error_clear(&e);
    T_NEED(hr_file_open(&f, path, NULL, true, &e) == HR_OK);
    T_CHECK(f.map != NULL && is_ours(f.map, 0, 70000));
    read_around(&f, 70000);
    hr_file_drop(&f, 1, 69999); /* what is dropped comes back when it is looked at */
    hr_file_drop(&f, 0, UINT64_MAX);
    hr_file_drop(&f, 70000, 1);
    hr_file_drop(&f, 5, 10);
    T_CHECK(is_ours(f.map, 0, 70000));
    T_EQ_I(hr_file_unchanged(&f, &e), HR_OK);
    T_CHECK((fcntl(((posix_file *)f.handle)->fd, F_GETFD) & FD_CLOEXEC) != 0);
    hr_file_close(&f);
    T_CHECK(f.map == NULL && f.handle == NULL && f.size == 0);
    hr_file_close(&f); /* again is nothing */
    T_NEED(hr_file_open(&f, path, NULL, false, &e) == HR_OK);
    T_CHECK(f.map == NULL);
    read_around(&f, 70000);
    hr_file_drop(&f, 0, 70000);
    hr_file_close(&f);
    T_EQ_I(open_descriptors(), before);
    uint8_t *memory = malloc(70000);
    for (size_t i = 0; i < 70000; i++) memory[i] = byte_at(i);
    hr_file_open_memory(&f, memory, 70000);
    read_around(&f, 70000);
    hr_file_drop(&f, 0, 70000);
    T_EQ_I(hr_file_unchanged(&f, &e), HR_OK);
    hr_file_close(&f);
    T_CHECK(memory[69999] == byte_at(69999)); /* it is the caller's */
    free(memory);
    T_NEED(hr_file_open(&f, make_file("empty", 0), NULL, true, &e) == HR_OK);
    uint8_t b;
    T_CHECK(f.size == 0 && f.map == NULL && hr_file_read(&f, 0, &b, 1, NULL) == HR_E_IO);
    hr_file_close(&f);
    T_EQ_I(open_descriptors(), before);
}

static void refused(const char *path, hr_status want, const char *text) {
    hr_file f;
    hr_error e;
    hr_error_clear(&e);
    T_EQ_I(hr_file_open(&f, path, NULL, true, &e), want);
    if (!T_CHECK(strstr(e.what, text) != NULL)) printf("    said: %s\n", e.what);
    T_EQ_I(e.status, want);
    hr_file_close(&f);
}

T_TEST(refuses_what_is_not_a_regular_file) {
    long before = open_descriptors();
    refused(NULL, HR_E_ARG, "no path");
    refused(t_tmp("not there"), HR_E_IO, "no such file");
    refused("", HR_E_IO, "no such file");
    refused(t_tmp("."), HR_E_IO, "not a regular file");
    refused("/dev/null", HR_E_IO, "not a regular file");
    const char *path = t_tmp("fifo"); /* nobody writes: an open that waits would hang here */
    T_NEED(mkfifo(path, 0600) == 0);
    refused(path, HR_E_IO, "not a regular file");
    char below[600], longer[600];
    snprintf(below, sizeof below, "%s/x", make_file("leaf", 10));
    refused(below, HR_E_IO, "not a folder");
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    refused(longer, HR_E_IO, "too long");
    path = t_tmp("loop");
    T_NEED(symlink(path, path) == 0);
    refused(path, HR_E_IO, "symbolic links");
    path = t_tmp("link"); /* a link to a file is a file */
    T_NEED(symlink(make_file("target", 10), path) == 0);
    hr_file f;
    T_CHECK(hr_file_open(&f, path, NULL, true, NULL) == HR_OK && f.size == 10);
    hr_file_close(&f);
    T_EQ_I(open_descriptors(), before);
}

T_TEST(every_system_call_fails_once) {
    static const struct {
        int what, e;
        hr_status status;
        const char *text;
    } list[] = {{SYS_OPEN, EACCES, HR_E_IO, "permission denied"}, {SYS_OPEN, EPERM, HR_E_IO, "permission denied"},
                {SYS_OPEN, EMFILE, HR_E_IO, "too many open files"}, {SYS_OPEN, ENOMEM, HR_E_IO, "not enough memory"},
                {SYS_OPEN, 9999, HR_E_IO, "errno 9999"},
                {SYS_FSTAT, EIO, HR_E_IO, "cannot stat: the device"}, {SYS_MALLOC, ENOMEM, HR_E_MEMORY, "out of memory"}};
    const char *path = make_file("faulty", 9000);
    long before = open_descriptors();
    for (size_t i = 0; i < HR_COUNT(list); i++) {
        play(list[i].what, 1, list[i].e);
        refused(path, list[i].status, list[i].text);
        T_EQ_I(fault_what, SYS_NONE); /* it was played */
        T_EQ_I(open_descriptors(), before);
    }
    hr_file f;
    hr_error e;
    static uint8_t b[9000];
    hr_error_clear(&e);
    play(SYS_OPEN, 1, EINTR); /* a signal is not a failure */
    T_NEED(hr_file_open(&f, path, NULL, false, &e) == HR_OK);
    for (int at = 1; at <= 3; at++) {
        play(SYS_PREAD, at, EINTR);
        T_CHECK(hr_file_read(&f, 0, b, 9000, &e) == HR_OK && is_ours(b, 0, 9000));
    }
    play(SYS_PREAD_SHORT, 0, 0);
    memset(b, 0, sizeof b);
    T_CHECK(hr_file_read(&f, 0, b, 9000, &e) == HR_OK && is_ours(b, 0, 9000));
    T_EQ_I(e.status, HR_OK);
    play(SYS_PREAD, 1, EIO);
    T_EQ_I(hr_file_read(&f, 100, b, 50, &e), HR_E_IO);
    T_CHECK(e.offset == 100 && strstr(e.what, "the device reports an error"));
    hr_error_clear(&e);
    T_NEED(truncate(path, 8000) == 0);
    T_EQ_I(hr_file_read(&f, 7000, b, 2000, &e), HR_E_IO); /* shorter than when it was opened */
    T_CHECK(e.offset == 8000 && strstr(e.what, "ends 1000 bytes too early"));
    hr_error_clear(&e);
    T_EQ_I(hr_file_unchanged(&f, &e), HR_E_IO);
    T_CHECK(strstr(e.what, "changed"));
    hr_error_clear(&e);
    play(SYS_FSTAT, 1, EIO);
    T_CHECK(hr_file_unchanged(&f, &e) == HR_E_IO && strstr(e.what, "cannot stat"));
    hr_file_close(&f);
    play(SYS_MMAP, 1, ENOMEM); /* no room for the mapping: read in windows */
    T_NEED(hr_file_open(&f, path, NULL, true, NULL) == HR_OK);
    T_CHECK(f.map == NULL && hr_file_read(&f, 0, b, 8000, NULL) == HR_OK && is_ours(b, 0, 8000));
    hr_error_clear(&e);
    void *addr = &f;
    T_CHECK(posix_map(NULL, f.handle, 0, &addr, &e) == HR_E_IO && addr == NULL && strstr(e.what, "cannot map 0"));
    hr_file_close(&f);
    T_EQ_I(open_descriptors(), before);
}

T_TEST(a_change_under_us_is_seen) {
    const char *path = make_file("changing", 5000);
    hr_file f;
    T_NEED(hr_file_open(&f, path, NULL, true, NULL) == HR_OK);
    T_EQ_I(hr_file_unchanged(&f, NULL), HR_OK);
    const struct timespec earlier[2] = {{1000000000, 5}, {1000000000, 6}};
    T_NEED(utimensat(AT_FDCWD, path, earlier, 0) == 0); /* same size, other time */
    T_EQ_I(hr_file_unchanged(&f, NULL), HR_E_IO);
    hr_file_close(&f);
    T_NEED(hr_file_open(&f, path, NULL, true, NULL) == HR_OK);
    const struct timespec nanosecond[2] = {{1000000000, 5}, {1000000000, 7}};
    T_NEED(utimensat(AT_FDCWD, path, nanosecond, 0) == 0);
    T_EQ_I(hr_file_unchanged(&f, NULL), HR_E_IO);
    hr_file_close(&f);
    T_NEED(hr_file_open(&f, path, NULL, true, NULL) == HR_OK);
    T_NEED(unlink(path) == 0); /* the file we hold is still the one we opened */
    T_EQ_I(hr_file_unchanged(&f, NULL), HR_OK);
    T_CHECK(is_ours(f.map, 0, 5000));
    hr_file_close(&f);
}

/* a table of the host's own: every operation is called with its context, optional ones may be missing */
typedef struct host_file {
    int opened, mapped, dropped, closed;
    uint64_t drop_n;
    hr_status open_status, map_status;
    uint8_t bytes[16];
} host_file;
static hr_status host_open(void *ctx, const char *path, void **handle, uint64_t *size, hr_error *err) {
    host_file *h = ctx;
    if (h->open_status != HR_OK) return hr_fail(err, h->open_status, HR_NO_OFFSET, path, "the host says no");
    h->opened++, *handle = h, *size = sizeof h->bytes;
    return HR_OK;
}
static hr_status host_read(void *ctx, void *handle, uint64_t offset, void *dst, size_t n, hr_error *err) {
    (void)err;
    T_CHECK(ctx == handle);
    memcpy(dst, ((host_file *)handle)->bytes + offset, n);
    return HR_OK;
}
static hr_status host_map(void *ctx, void *handle, uint64_t size, void **addr, hr_error *err) {
    host_file *h = ctx;
    T_CHECK(ctx == handle && size == sizeof h->bytes);
    if (h->map_status != HR_OK) return hr_fail(err, h->map_status, HR_NO_OFFSET, "map", "not today");
    h->mapped++, *addr = h->bytes;
    return HR_OK;
}
static void host_unmap(void *ctx, void *addr, uint64_t size) {
    host_file *h = ctx;
    T_CHECK(addr == h->bytes && size == sizeof h->bytes);
    h->mapped--;
}
static void host_drop(void *ctx, void *addr, uint64_t offset, uint64_t n) {
    host_file *h = ctx;
    T_CHECK(addr == h->bytes && offset <= sizeof h->bytes);
    h->dropped++, h->drop_n = n;
}
static hr_status host_unchanged(void *ctx, void *handle, hr_error *err) {
    T_CHECK(ctx == handle);
    return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "host", "changed");
}
static void host_close(void *ctx, void *handle) {
    T_CHECK(ctx == handle);
    ((host_file *)ctx)->closed++;
}

T_TEST(the_host_may_bring_its_own_files) {
    host_file h = {0};
    h.bytes[3] = 33;
    hr_file_ops ops = {host_open, host_read, host_map, host_unmap, host_drop, host_unchanged, host_close, &h};
    hr_file f;
    hr_error e;
    uint8_t b = 0;
    hr_error_clear(&e);
    T_NEED(hr_file_open(&f, "name", &ops, true, &e) == HR_OK);
    T_CHECK(h.mapped == 1 && f.map == h.bytes && hr_file_read(&f, 3, &b, 1, &e) == HR_OK && b == 33);
    hr_file_drop(&f, 4, UINT64_MAX);
    T_CHECK(h.dropped == 1 && h.drop_n == 12);
    hr_file_drop(&f, 16, 1);
    T_EQ_I(h.dropped, 1);
    T_EQ_I(hr_file_unchanged(&f, &e), HR_E_IO);
    hr_file_close(&f);
    T_CHECK(h.mapped == 0 && h.closed == 1);
    hr_error_clear(&e);
    h.map_status = HR_E_MEMORY; /* falls back, and no error is left over from the try */
    T_NEED(hr_file_open(&f, "name", &ops, true, &e) == HR_OK);
    b = 0;
    T_CHECK(e.status == HR_OK && f.map == NULL && hr_file_read(&f, 3, &b, 1, &e) == HR_OK && b == 33);
    hr_file_drop(&f, 0, 16);
    T_EQ_I(h.dropped, 1);
    hr_file_close(&f);
    T_CHECK(h.mapped == 0 && h.closed == 2);
    ops.map = NULL, ops.drop = NULL, ops.unchanged = NULL;
    T_NEED(hr_file_open(&f, "name", &ops, true, &e) == HR_OK);
    T_CHECK(f.map == NULL && hr_file_unchanged(&f, &e) == HR_OK);
    hr_file_close(&f);
    h.open_status = HR_E_IO;
    T_EQ_I(hr_file_open(&f, "name", &ops, true, &e), HR_E_IO);
    T_EQ_STR(e.what, "the host says no");
    hr_file_close(&f);
    T_CHECK(h.opened == 3 && h.closed == 3);
}

/* --- allocator, clock, page, assertion ----------------------------------------------------------------------------- */
T_TEST(default_allocator_aligns) {
    const hr_allocator *a = hr_allocator_default();
    for (size_t align = 1; align <= 65536; align *= 2) {
        static const size_t sizes[] = {0, 1, 63, 64, 65, 4097};
        for (size_t i = 0; i < HR_COUNT(sizes); i++) {
            uint8_t *p = a->alloc(a->ctx, sizes[i], align);
            if (!T_CHECK(p != NULL && (uintptr_t)p % align == 0)) continue;
            memset(p, 1, sizes[i]);
            a->free(a->ctx, p, sizes[i]);
        }
    }
    a->free(a->ctx, NULL, 0);
    T_CHECK(a->alloc(a->ctx, SIZE_MAX, 64) == NULL); /* rounding up would wrap to nothing */
    T_CHECK(a->alloc(a->ctx, SIZE_MAX - 62, 64) == NULL);
}

T_TEST(clock_goes_on_and_pages_are_pages) {
    uint64_t a = hr_clock_ns();
    usleep(2000);
    uint64_t b = hr_clock_ns();
    T_CHECK(b - a >= 2000000 && b > a);
    T_EQ_U(hr_page_bytes(), (size_t)sysconf(_SC_PAGESIZE));
    play(SYS_SYSCONF, 1, EINVAL);
    T_EQ_U(hr_page_bytes(), 4096);
}

/* how a child running fn ends: its exit status, or 1000 + the signal */
static int child_ends(void (*fn)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        freopen("/dev/null", "w", stderr) ? fn() : (void)0;
        _exit(0);
    }
    int status = 0;
    T_CHECK(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void fail_assertion(void) {
    signal(SIGABRT, SIG_DFL);
#if defined(HR_DEBUG)
    hr_assert_fail("x", "y", 1);
#else
    raise(SIGABRT);
#endif
}
T_TEST(assertion_ends_the_process) { T_EQ_I(child_ends(fail_assertion), 1000 + SIGABRT); }

/* --- the guard ---------------------------------------------------------------------------------------------------- */
typedef struct lost_file {
    hr_file f;
    volatile uint64_t sum;
    const uint8_t *begin; /* pages to touch */
    size_t n;
    hr_error inner;
    hr_status inner_status;
} lost_file;

static hr_status touch(void *arg) {
    lost_file *l = arg;
    for (size_t i = 0; i < l->n; i += 512) l->sum += *(const volatile uint8_t *)(l->begin + i);
    return HR_E_FULL; /* any status of its own comes through */
}

/* a file of four pages, mapped, then cut to one */
static bool lose(lost_file *l, const char *name) {
    memset(l, 0, sizeof *l);
    size_t page = hr_page_bytes();
    const char *path = make_file(name, 4 * page);
    if (!T_CHECK(hr_file_open(&l->f, path, NULL, true, NULL) == HR_OK && l->f.map != NULL)) return false;
    l->begin = l->f.map;
    l->n = 4 * page;
    return T_CHECK(hr_guard_run(l->f.map, l->n, touch, l, NULL) == HR_E_FULL) && T_CHECK(truncate(path, (off_t)page) == 0);
}

T_TEST(a_file_cut_short_under_its_mapping) {
    lost_file l;
    hr_error e;
    T_NEED(lose(&l, "cut"));
    for (int again = 0; again < 3; again++) {
        hr_error_clear(&e);
        T_EQ_I(hr_guard_run(l.f.map, (size_t)l.f.size, touch, &l, &e), HR_E_IO);
        T_CHECK(strstr(e.what, "cut short"));
        T_EQ_I(hr_guard_run(NULL, SIZE_MAX, touch, &l, NULL), HR_E_IO);
    }
    l.n = hr_page_bytes(); /* what is left can still be read */
    T_EQ_I(hr_guard_run(l.f.map, (size_t)l.f.size, touch, &l, NULL), HR_E_FULL);
    hr_file_close(&l.f);
}

static hr_status touch_inside(void *arg) {
    lost_file *l = arg;
    hr_error_clear(&l->inner);
    l->inner_status = hr_guard_run(l->begin, l->n, touch, l, &l->inner);
    return HR_OK;
}
static hr_status touch_other_inside(void *arg) { /* the inner guard watches other addresses */
    lost_file *l = arg;
    l->inner_status = hr_guard_run(l, sizeof *l, touch, l, &l->inner);
    return HR_OK;
}

T_TEST(guards_nest) {
    lost_file l;
    T_NEED(lose(&l, "nest"));
    T_EQ_I(hr_guard_run(l.f.map, l.n, touch_inside, &l, NULL), HR_OK); /* the innermost that covers it takes it */
    T_CHECK(l.inner_status == HR_E_IO && l.inner.status == HR_E_IO);
    l.inner_status = HR_OK;
    T_EQ_I(hr_guard_run(l.f.map, l.n, touch_other_inside, &l, NULL), HR_E_IO);
    T_EQ_I(l.inner_status, HR_OK); /* it never returned */
    T_CHECK(guard_top == NULL);
    hr_file_close(&l.f);
}

enum { GUARD_THREADS = 4 };
static void *touch_many(void *arg) {
    lost_file *l = arg;
    long missed = 0;
    for (int i = 0; i < 200; i++) missed += hr_guard_run(l->f.map, (size_t)l->f.size, touch, l, NULL) != HR_E_IO;
    l->inner_status = missed == 0 ? HR_OK : HR_E_STATE;
    return NULL;
}
T_TEST(guards_on_several_threads_at_once) {
    static lost_file l[GUARD_THREADS];
    pthread_t t[GUARD_THREADS];
    for (int i = 0; i < GUARD_THREADS; i++) T_NEED(lose(&l[i], "threads"));
    for (int i = 0; i < GUARD_THREADS; i++) T_NEED(pthread_create(&t[i], NULL, touch_many, &l[i]) == 0);
    for (int i = 0; i < GUARD_THREADS; i++) {
        pthread_join(t[i], NULL);
        T_EQ_I(l[i].inner_status, HR_OK);
        hr_file_close(&l[i].f);
    }
}

/* In children, because a handler stays installed: what the guard does not cover goes where it went before. */
static volatile sig_atomic_t host_signals;
static lost_file child_file;
static void host_exits_7(int s) { (void)s, _exit(7); }
static void host_exits_8(int s, siginfo_t *info, void *context) { (void)s, (void)info, (void)context, _exit(8); }
static void host_counts(int s) { (void)s, host_signals++; }
static void previous_is(void (*plain)(int)) {
    guard_installed = 0; /* as in a process that has not used the guard yet */
    signal(SIGBUS, plain);
}
static void touch_lost(void) { (void)touch(&child_file); }
static void unguarded_default(void) {
    previous_is(SIG_DFL);
    hr_guard_run(NULL, 0, touch_inside, &child_file, NULL); /* installs; the inner run covers and returns */
    if (child_file.inner_status != HR_E_IO) _exit(3);
    touch_lost();
}
static void unguarded_plain(void) {
    previous_is(host_exits_7);
    hr_guard_run(NULL, 0, touch, &child_file, NULL); /* covers nothing */
}
static void unguarded_info(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_sigaction = host_exits_8;
    a.sa_flags = SA_SIGINFO;
    guard_installed = 0;
    sigaction(SIGBUS, &a, NULL);
    hr_guard_run(NULL, 0, touch, &child_file, NULL);
}
static hr_status send_bus(void *arg) {
    (void)arg;
    kill(getpid(), SIGBUS);
    return HR_OK;
}
static void sent_default(void) {
    previous_is(SIG_DFL);
    hr_guard_run(NULL, SIZE_MAX, send_bus, NULL, NULL);
}
static void sent_ignored(void) {
    previous_is(SIG_IGN);
    _exit(hr_guard_run(NULL, SIZE_MAX, send_bus, NULL, NULL) == HR_OK ? 5 : 6);
}
static void sent_counted(void) {
    previous_is(host_counts);
    _exit(hr_guard_run(NULL, SIZE_MAX, send_bus, NULL, NULL) == HR_OK && host_signals == 1 ? 5 : 6);
}
static void not_installed(void) {
    hr_error e;
    hr_error_clear(&e);
    guard_installed = 0;
    play(SYS_SIGACTION, 2, EINVAL); /* the first only looks at SIGSEGV */
    if (hr_guard_run(NULL, 0, touch_inside, &child_file, &e) != HR_E_IO || !strstr(e.what, "cannot be installed")) _exit(6);
    _exit(hr_guard_run(NULL, 0, touch_inside, &child_file, NULL) == HR_OK ? 5 : 7); /* and the next try may work */
}
static void *install_from_thread(void *arg) {
    (void)arg;
    return (void *)(intptr_t)(hr_guard_run(NULL, 0, touch_inside, &child_file, NULL) == HR_OK);
}
static void waits_for_installer(void) {
    void *ok = NULL;
    pthread_t t;
    guard_installed = 1; /* another thread is at it */
    if (pthread_create(&t, NULL, install_from_thread, NULL) != 0) _exit(6);
    usleep(20000);
    __atomic_store_n(&guard_installed, 2, __ATOMIC_RELEASE);
    pthread_join(t, &ok);
    _exit(ok != NULL ? 5 : 6);
}

T_TEST(what_the_guard_does_not_cover_goes_on_to_the_host) {
    T_NEED(lose(&child_file, "child"));
    T_EQ_I(child_ends(unguarded_default), 1000 + SIGBUS);
    T_EQ_I(child_ends(unguarded_plain), 7);
    T_EQ_I(child_ends(unguarded_info), 8);
    T_EQ_I(child_ends(sent_default), 1000 + SIGBUS);
    T_EQ_I(child_ends(sent_ignored), 5);
    T_EQ_I(child_ends(sent_counted), 5);
    T_EQ_I(child_ends(not_installed), 5);
    T_EQ_I(child_ends(waits_for_installer), 5);
    hr_file_close(&child_file.f);
}

T_MAIN(T_RUN(reads_by_mapping_by_windows_and_from_memory), T_RUN(refuses_what_is_not_a_regular_file),
       T_RUN(every_system_call_fails_once), T_RUN(a_change_under_us_is_seen), T_RUN(the_host_may_bring_its_own_files),
       T_RUN(default_allocator_aligns), T_RUN(clock_goes_on_and_pages_are_pages), T_RUN(assertion_ends_the_process),
       T_RUN(a_file_cut_short_under_its_mapping), T_RUN(guards_nest), T_RUN(guards_on_several_threads_at_once),
       T_RUN(what_the_guard_does_not_cover_goes_on_to_the_host))
