/* t.h: the whole test harness. Include it first.
 *
 *     T_TEST(adds_up) { T_EQ_I(1 + 1, 2); }
 *     T_TEST(reads_model) { const char *p = t_data("models/stories260K.gguf"); if (!p) T_SKIP("no data"); ... }
 *     T_MAIN(T_RUN(adds_up), T_RUN(reads_model))
 *
 * A failed check prints file:line and the case goes on; every check is also an expression, true when it held, so
 * `if (!T_CHECK(p)) return;` stops a case early (T_NEED does just that). A case that crashes or hangs is one failure,
 * and the next cases still run. The last line is `suite: P passed, F failed, S skipped`, counted in cases.
 * Arguments: a part of a case name runs only those; -v names every case. HEARTH_TEST_SECONDS: limit per case (900). */
#ifndef HEARTH_T_H
#define HEARTH_T_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* mkdtemp, sigaction under -std=c11 */
#endif
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct t_entry {
    const char *name;
    void (*fn)(void);
} t_entry;

#define T_TEST(name) static void t_case_##name(void)
#define T_RUN(name) {#name, t_case_##name}
#define T_MAIN(...)                                                                         \
    int main(int argc, char **argv) {                                                       \
        static const t_entry t_list[] = {__VA_ARGS__};                                      \
        return t_main(__FILE__, t_list, sizeof t_list / sizeof t_list[0], argc, argv);      \
    }

#define T_HERE(what) __FILE__, __LINE__, what
#define T_CHECK(cond) t_check((cond) ? true : false, T_HERE(#cond), NULL)
#define T_EQ_I(a, b) t_eq_i((a), (b), T_HERE(#a " == " #b))
#define T_EQ_U(a, b) t_eq_u((a), (b), T_HERE(#a " == " #b))
#define T_EQ_STR(a, b) t_eq_str((a), (b), T_HERE(#a " == " #b))
#define T_EQ_MEM(a, b, n) t_eq_mem((a), (b), (n), T_HERE(#a " == " #b))
#define T_NEAR(a, b, tol) t_near((a), (b), (tol), T_HERE(#a " ~ " #b)) /* |a - b| <= tol; NaN fails */
#define T_FAIL(...) t_check(false, T_HERE("failed"), __VA_ARGS__)
#define T_NEED(cond) do { if (!T_CHECK(cond)) return; } while (0)
#define T_SKIP(why) do { t_skip(why); return; } while (0)

static struct {
    const char *suite, *name;
    long fails; /* failed checks in this case */
    bool skipped, scratch_made;
    char scratch[256];
    pid_t pid;
    pthread_t thread;
    sigjmp_buf jump;
} t_state;

__attribute__((format(printf, 5, 6)))
static inline bool t_check(bool ok, const char *file, int line, const char *what, const char *fmt, ...) {
    if (ok) return true;
    long n = __atomic_add_fetch(&t_state.fails, 1, __ATOMIC_RELAXED);
    if (n > 20) return false;
    char detail[600] = "";
    va_list args;
    va_start(args, fmt);
    if (fmt) vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    printf("%s:%d: %s: %s%s%s\n", file, line, t_state.name, what, fmt ? "\n    " : "", detail);
    if (n == 20) printf("    (further failures of this case are not printed)\n");
    return false;
}
static inline bool t_eq_i(intmax_t a, intmax_t b, const char *file, int line, const char *what) {
    return t_check(a == b, file, line, what, "%jd, %jd", a, b);
}
static inline bool t_eq_u(uintmax_t a, uintmax_t b, const char *file, int line, const char *what) {
    return t_check(a == b, file, line, what, "%ju (%#jx), %ju (%#jx)", a, a, b, b);
}
static inline bool t_eq_str(const char *a, const char *b, const char *file, int line, const char *what) {
    bool ok = a && b ? strcmp(a, b) == 0 : a == b;
    return t_check(ok, file, line, what, "\"%.250s\", \"%.250s\"", a ? a : "(null)", b ? b : "(null)");
}
static inline bool t_eq_mem(const void *a, const void *b, size_t n, const char *file, int line, const char *what) {
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
    size_t i = 0;
    while (i < n && x[i] == y[i]) i++;
    return i == n || t_check(false, file, line, what, "byte %zu of %zu: %02x, %02x", i, n, x[i], y[i]);
}
static inline bool t_near(double a, double b, double tol, const char *file, int line, const char *what) {
    bool ok = fabs(a - b) <= tol || a == b;
    return t_check(ok, file, line, what, "%.9g, %.9g: off by %.3g, allowed %.3g", a, b, fabs(a - b), tol);
}
static inline void t_skip(const char *why) {
    t_state.skipped = true;
    printf("skip %s: %s\n", t_state.name, why);
}

/* Path of a file of shared test data, or NULL when it is not there. Valid for the next 15 calls. */
static inline const char *t_data(const char *relative) {
    static char path[16][1024];
    static unsigned next;
    const char *root = getenv("HEARTH_DATA");
    char *p = path[next++ % 16];
    snprintf(p, sizeof path[0], "%s/%s", root && *root ? root : "../shared/data", relative);
    return access(p, R_OK) == 0 ? p : NULL;
}

/* The hearth command of this build as a shell would start it (an emulator in front when there is one). */
static inline const char *t_hearth(void) {
    static char command[600];
    const char *run = getenv("RUNNER"), *prog = getenv("HEARTH");
    snprintf(command, sizeof command, "%s%s%s", run ? run : "", run && *run ? " " : "", prog ? prog : "build/hearth");
    return command;
}
static inline void t_scratch_remove(void) {
    char cmd[300];
    if (getpid() != t_state.pid || !t_state.scratch_made) return;
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", t_state.scratch);
    if (system(cmd) != 0) printf("could not remove %s\n", t_state.scratch);
}
/* Path of a scratch file in a folder of this process that is removed at exit. Valid for the next 15 calls. */
static inline const char *t_tmp(const char *name) {
    static char path[16][512];
    static unsigned next;
    if (!t_state.scratch_made) {
        const char *dir = getenv("TMPDIR");
        snprintf(t_state.scratch, sizeof t_state.scratch, "%s/hearth-test-XXXXXX", dir && *dir ? dir : "/tmp");
        if (!mkdtemp(t_state.scratch)) { perror(t_state.scratch); exit(3); }
        t_state.scratch_made = true;
        atexit(t_scratch_remove);
    }
    char *p = path[next++ % 16];
    snprintf(p, sizeof path[0], "%s/%s", t_state.scratch, name);
    return p;
}

/* Runs on the thread that crashed. Only the main thread can go on with the next case; another one ends the program. */
static inline void t_on_signal(int sig) {
    static volatile sig_atomic_t crashes;
    printf("%s: %s: died of signal %d (%s)\n", t_state.suite, t_state.name, sig,
           sig == SIGALRM ? "took too long" : strsignal(sig));
    fflush(stdout);
    if (++crashes > 50 || getpid() != t_state.pid || !pthread_equal(pthread_self(), t_state.thread)) {
        signal(sig, SIG_DFL);
        raise(sig);
        _exit(3);
    }
    siglongjmp(t_state.jump, 1);
}
static inline void t_catch(void) {
    static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
    static char stack[1 << 16];
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = t_on_signal;
    sa.sa_flags = SA_ONSTACK | SA_NODEFER;
    sigaltstack(&alt, NULL);
    for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        if (sigs[i] != SIGALRM) continue; /* the sanitizer's own report says more */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
        if (sigs[i] != SIGALRM) continue;
#endif
#endif
        sigaction(sigs[i], &sa, NULL);
    }
}

static inline int t_main(const char *file, const t_entry *list, size_t n, int argc, char **argv) {
    static char suite[64];
    volatile long passed = 0, failed = 0, skipped = 0;
    volatile bool verbose = false;
    const char *volatile only = NULL;
    const char *limit = getenv("HEARTH_TEST_SECONDS");
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "-v") == 0) verbose = true; else only = argv[i];
    const char *slash = strrchr(file, '/');
    snprintf(suite, sizeof suite, "%s", slash ? slash + 1 : file);
    if (strrchr(suite, '.')) *strrchr(suite, '.') = 0;
    t_state.suite = strncmp(suite, "test_", 5) == 0 ? suite + 5 : suite;
    t_state.pid = getpid();
    t_state.thread = pthread_self();
    setvbuf(stdout, NULL, _IOLBF, 0);
    t_catch();
    for (volatile size_t i = 0; i < n; i++) {
        if (only && !strstr(list[i].name, only)) continue;
        t_state.name = list[i].name;
        t_state.fails = 0;
        t_state.skipped = false;
        alarm(limit ? (unsigned)atoi(limit) : 900);
        if (sigsetjmp(t_state.jump, 1) == 0) list[i].fn();
        else t_state.fails++;
        alarm(0);
        if (t_state.fails) failed++; else if (t_state.skipped) skipped++; else passed++;
        if (verbose) printf("%s %s\n", t_state.fails ? "FAIL" : t_state.skipped ? "skip" : "ok  ", list[i].name);
    }
    printf("%s: %ld passed, %ld failed, %ld skipped\n", t_state.suite, passed, failed, skipped);
    fflush(stdout);
    return failed ? 1 : 0;
}
#endif
