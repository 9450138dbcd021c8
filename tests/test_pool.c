/* The pool: every index exactly once, from several callers at once, with failing threads; run it under TSan. The pool's
 * source is compiled into this program with the calls that start a thread replaced by ones that can be told to fail. */
#include "tests/t.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>

static int fail_create_at, fail_mutex, fail_cond, fail_affinity;
static long create_calls, mutexes, conds;

static int fake_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg) {
    return ++create_calls == fail_create_at ? 11 /* EAGAIN */ : pthread_create(t, a, fn, arg);
}
static int fake_mutex_init(pthread_mutex_t *m) { return fail_mutex ? 12 : (mutexes++, pthread_mutex_init(m, NULL)); }
static int fake_cond_init(pthread_cond_t *c) { return fail_cond ? 12 : (conds++, pthread_cond_init(c, NULL)); }
static int fake_mutex_destroy(pthread_mutex_t *m) { return mutexes--, pthread_mutex_destroy(m); }
static int fake_cond_destroy(pthread_cond_t *c) { return conds--, pthread_cond_destroy(c); }
#if defined(__linux__)
static long fake_syscall(long what, int pid, size_t n, void *mask) {
    return fail_affinity ? -1 : syscall(what, pid, n, mask);
}
#endif
#define pthread_create(t, a, fn, arg) fake_create(t, a, fn, arg)
#define pthread_mutex_init(m, a) fake_mutex_init(m)
#define pthread_cond_init(c, a) fake_cond_init(c)
#define pthread_mutex_destroy(m) fake_mutex_destroy(m)
#define pthread_cond_destroy(c) fake_cond_destroy(c)
#define syscall(what, pid, n, mask) fake_syscall(what, pid, n, mask)
#include "engine/base/pool.c"
#undef pthread_create
#undef pthread_mutex_init
#undef pthread_cond_init
#undef pthread_mutex_destroy
#undef pthread_cond_destroy
#undef syscall

static hr_pool *start(int threads) {
    hr_pool *p = NULL;
    hr_error e;
    hr_error_clear(&e);
    size_t bytes = (hr_pool_bytes(threads) + 63) / 64 * 64;
    void *memory = aligned_alloc(64, bytes);
    memset(memory, 0xa5, bytes); /* it is not the caller's duty to clear it */
    if (!T_CHECK(hr_pool_start(memory, threads, NULL, NULL, &p, &e) == HR_OK && p == memory)) printf("%s\n", e.what);
    return p;
}
static void finish(hr_pool *p) {
    hr_pool_stop(p);
    free(p);
}

typedef struct counts {
    int calls[HR_POOL_MAX_THREADS]; /* plain: TSan sees two writers of one slot, or a read before the end */
    int count_seen;
    long sum;                       /* by atomics */
    pthread_t by[HR_POOL_MAX_THREADS];
} counts;

static void count_call(void *arg, int index, int count) {
    counts *c = arg;
    c->calls[index]++;
    c->by[index] = pthread_self();
    if (index == 0) c->count_seen = count;
    __atomic_fetch_add(&c->sum, index + 1, __ATOMIC_RELAXED);
}

static long wrong_counts(const counts *c, int threads, int runs) {
    long wrong = c->count_seen != threads || c->sum != (long)runs * threads * (threads + 1) / 2;
    for (int i = 0; i < HR_POOL_MAX_THREADS; i++) wrong += c->calls[i] != (i < threads ? runs : 0);
    return wrong;
}

T_TEST(every_index_once) {
    static const int sizes[] = {1, 2, 3, 4, 7, 16};
    for (size_t k = 0; k < HR_COUNT(sizes); k++) {
        hr_pool *p = start(sizes[k]);
        T_NEED(p != NULL);
        T_EQ_I(hr_pool_threads(p), sizes[k]);
        static counts c;
        memset(&c, 0, sizeof c);
        for (int i = 1; i <= 300; i++) {
            hr_pool_run(p, count_call, &c);
            if (wrong_counts(&c, sizes[k], i)) { T_FAIL("%d threads, run %d", sizes[k], i); break; }
        }
        if (sizes[k] > 1) T_CHECK(pthread_equal(c.by[0], pthread_self()) && !pthread_equal(c.by[1], c.by[0]));
        finish(p);
    }
    hr_pool_stop(NULL);
    T_CHECK(mutexes == 0 && conds == 0);
}

T_TEST(sleeping_workers_wake) {
    hr_pool *p = start(3);
    T_NEED(p != NULL);
    static counts c;
    memset(&c, 0, sizeof c);
    for (int i = 1; i <= 8; i++) {
        usleep(i % 2 ? 20000 : 100); /* the first is far beyond the spinning */
        hr_pool_run(p, count_call, &c);
        T_EQ_I(wrong_counts(&c, 3, i), 0);
    }
    usleep(20000);
    finish(p); /* wakes them too */
    for (int i = 0; i < 50; i++) finish(start(4)); /* stopped before, while and after they first wait */
}

static void slow_second(void *arg, int index, int count) {
    if (index == 1) usleep(3000); /* the caller waits longer than it spins */
    count_call(arg, index, count);
}
T_TEST(the_caller_waits_for_the_slowest) {
    hr_pool *p = start(2);
    T_NEED(p != NULL);
    static counts c;
    memset(&c, 0, sizeof c);
    for (int i = 1; i <= 5; i++) {
        hr_pool_run(p, slow_second, &c);
        T_EQ_I(wrong_counts(&c, 2, i), 0);
    }
    finish(p);
}

/* --- several callers ---------------------------------------------------------------------------------------------- */
enum { CALLERS = 4, CALLER_RUNS = 500 };
typedef struct caller {
    hr_pool *pool;
    counts c;
} caller;
static void *call_many(void *arg) {
    caller *k = arg;
    for (int i = 0; i < CALLER_RUNS; i++) hr_pool_run(k->pool, count_call, &k->c);
    return NULL;
}
T_TEST(several_callers_at_once) {
    static caller k[CALLERS];
    pthread_t t[CALLERS];
    hr_pool *p = start(3);
    T_NEED(p != NULL);
    memset(k, 0, sizeof k);
    for (int i = 0; i < CALLERS; i++) k[i].pool = p, T_CHECK(pthread_create(&t[i], NULL, call_many, &k[i]) == 0);
    for (int i = 0; i < CALLERS; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < CALLERS; i++) T_EQ_I(wrong_counts(&k[i].c, 3, CALLER_RUNS), 0);
    finish(p);
}

static void run_inside(void *arg, int index, int count) {
    caller *k = arg;
    (void)count;
    hr_pool_run(k[index].pool, count_call, &k[index].c); /* the pool is busy: it runs here, one after another */
}
T_TEST(a_run_inside_a_run) {
    static caller k[3];
    hr_pool *p = start(3);
    T_NEED(p != NULL);
    memset(k, 0, sizeof k);
    for (int i = 0; i < 3; i++) k[i].pool = p;
    hr_pool_run(p, run_inside, k);
    for (int i = 0; i < 3; i++) {
        T_EQ_I(wrong_counts(&k[i].c, 3, 1), 0);
        T_CHECK(pthread_equal(k[i].c.by[0], k[i].c.by[2]));
    }
    finish(p);
}

typedef struct queue {
    volatile size_t next;
    uint8_t taken[1000];
    volatile uint32_t flag;
} queue;
static void take_from_queue(void *arg, int index, int count) {
    queue *q = arg;
    (void)count;
    for (size_t i; (i = hr_atomic_next(&q->next, 10)) < sizeof q->taken;) {
        for (size_t k = i; k < i + 10; k++) q->taken[k]++; /* plain: each item has one owner */
    }
    if (index == 0) hr_atomic_store_u32(&q->flag, 77);
}
T_TEST(a_queue_gives_each_item_once) {
    static queue q;
    hr_pool *p = start(4);
    T_NEED(p != NULL);
    for (int run = 1; run <= 50; run++) {
        q.next = 0;
        hr_pool_run(p, take_from_queue, &q);
        long wrong = 0;
        for (size_t i = 0; i < sizeof q.taken; i++) wrong += q.taken[i] != run;
        T_EQ_I(wrong, 0);
        T_EQ_U(hr_atomic_load_u32(&q.flag), 77);
    }
    finish(p);
}

/* --- the host's own threads, and failures ------------------------------------------------------------------------- */
static void backwards(void *ctx, int count, hr_task_fn *task, void *arg) {
    ++*(int *)ctx;
    for (int i = count - 1; i >= 0; i--) task(arg, i, count);
}
T_TEST(the_host_may_bring_its_own_threads) {
    static counts c;
    int calls = 0;
    hr_pool *p = NULL;
    long before = create_calls;
    void *memory = aligned_alloc(64, (hr_pool_bytes(5) + 63) / 64 * 64);
    T_NEED(hr_pool_start(memory, 5, backwards, &calls, &p, NULL) == HR_OK);
    memset(&c, 0, sizeof c);
    hr_pool_run(p, count_call, &c);
    T_EQ_I(wrong_counts(&c, 5, 1), 0);
    T_CHECK(calls == 1 && create_calls == before && hr_pool_threads(p) == 5);
    finish(p);
}

T_TEST(a_start_that_fails_leaves_nothing) {
    hr_pool *p = NULL;
    hr_error e;
    void *memory = aligned_alloc(64, (hr_pool_bytes(6) + 63) / 64 * 64);
    for (int at = 1; at <= 5; at++) {
        hr_error_clear(&e);
        create_calls = 0, fail_create_at = at;
        p = (hr_pool *)&e;
        T_EQ_I(hr_pool_start(memory, 6, NULL, NULL, &p, &e), HR_E_MEMORY);
        T_CHECK(p == NULL && create_calls == at && strstr(e.what, "errno 11") && strstr(e.what, "of 6"));
        T_CHECK(mutexes == 0 && conds == 0); /* all that were started are joined: TSan and ASan would see one left */
    }
    fail_create_at = 0;
    static const int bad[] = {0, -1, HR_POOL_MAX_THREADS + 1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < HR_COUNT(bad); i++) T_EQ_I(hr_pool_start(memory, bad[i], NULL, NULL, &p, NULL), HR_E_ARG);
    fail_mutex = 1;
    T_CHECK(hr_pool_start(memory, 2, NULL, NULL, &p, NULL) == HR_E_MEMORY && p == NULL && mutexes == 0);
    fail_mutex = 0, fail_cond = 1;
    T_CHECK(hr_pool_start(memory, 2, NULL, NULL, &p, NULL) == HR_E_MEMORY && p == NULL && mutexes == 0);
    fail_cond = 0;
    free(memory);
}

/* --- signals, processors, shares ---------------------------------------------------------------------------------- */
static volatile sig_atomic_t handled, handled_elsewhere;
static pthread_t main_thread;
static void note_thread(int s) {
    (void)s;
    handled++;
    if (!pthread_equal(pthread_self(), main_thread)) handled_elsewhere++;
}
static void ask_mask(void *arg, int index, int count) {
    sigset_t set;
    (void)count;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    ((int *)arg)[index] = sigismember(&set, SIGUSR1) * 100 + sigismember(&set, SIGINT) * 10 + sigismember(&set, SIGBUS);
}
T_TEST(workers_leave_the_hosts_signals_alone) {
    int masks[3] = {-1, -1, -1};
    sigset_t now, before;
    main_thread = pthread_self();
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    hr_pool *p = start(3);
    T_NEED(p != NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    for (int s = 1; s < 32; s++) T_EQ_I(sigismember(&now, s), sigismember(&before, s)); /* the caller's mask is back */
    hr_pool_run(p, ask_mask, masks);
    T_CHECK(masks[0] == 0 && masks[1] == 110 && masks[2] == 110); /* faults still reach a guard */
    signal(SIGUSR1, note_thread);
    for (int i = 0; i < 20; i++) kill(getpid(), SIGUSR1);
    T_CHECK(handled > 0);
    T_EQ_I(handled_elsewhere, 0);
    signal(SIGUSR1, SIG_DFL);
    finish(p);
}

T_TEST(cpu_count_is_what_this_process_may_use) {
    int n = hr_cpu_count();
    T_CHECK(n >= 1 && n <= HR_POOL_MAX_THREADS);
#if defined(__linux__)
    cpu_set_t set, one;
    T_NEED(sched_getaffinity(0, sizeof set, &set) == 0);
    T_EQ_I(n, CPU_COUNT(&set) < HR_POOL_MAX_THREADS ? CPU_COUNT(&set) : HR_POOL_MAX_THREADS);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &set)) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    T_NEED(sched_setaffinity(0, sizeof one, &one) == 0);
    T_EQ_I(hr_cpu_count(), 1);
    sched_setaffinity(0, sizeof set, &set);
    fail_affinity = 1; /* a sandbox may forbid the call */
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    T_EQ_I(hr_cpu_count(), online < HR_POOL_MAX_THREADS ? online : HR_POOL_MAX_THREADS);
    fail_affinity = 0;
#endif
}

T_TEST(shares_cover_everything_once) {
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 31, 32, 33, 100, 4096, 4097};
    for (size_t k = 0; k < HR_COUNT(sizes); k++) {
        for (size_t unit = 1; unit <= 32; unit += unit < 4 ? 1 : 7) {
            for (int count = 1; count <= 17; count++) {
                size_t at = 0, least = SIZE_MAX, most = 0;
                for (int i = 0; i < count; i++) {
                    size_t begin, end;
                    hr_pool_share(sizes[k], unit, i, count, &begin, &end);
                    if (begin != at || end < begin || (end % unit != 0 && end != sizes[k])) {
                        T_FAIL("n %zu unit %zu: %d of %d: %zu..%zu after %zu", sizes[k], unit, i, count, begin, end, at);
                    }
                    at = end;
                    size_t units = (end - begin + unit - 1) / unit;
                    least = units < least ? units : least, most = units > most ? units : most;
                }
                T_EQ_U(at, sizes[k]);
                T_CHECK(most - least <= 1);
            }
        }
    }
}

T_MAIN(T_RUN(every_index_once), T_RUN(sleeping_workers_wake), T_RUN(the_caller_waits_for_the_slowest),
       T_RUN(several_callers_at_once), T_RUN(a_run_inside_a_run), T_RUN(a_queue_gives_each_item_once),
       T_RUN(the_host_may_bring_its_own_threads), T_RUN(a_start_that_fails_leaves_nothing),
       T_RUN(workers_leave_the_hosts_signals_alone), T_RUN(cpu_count_is_what_this_process_may_use),
       T_RUN(shares_cover_everything_once))
