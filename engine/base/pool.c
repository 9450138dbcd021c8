/* pool.c: a pool of workers that run one task together. Workers wait for a new generation number: they spin for some
 * microseconds, because the next stage of a layer is that near, then sleep on a condition variable. */
#include "engine/base/pool.h"

void hr_pool_share(size_t n, size_t unit, int index, int count, size_t *begin, size_t *end) {
    size_t units = hr_div_up(n, unit), i = (size_t)index, c = (size_t)count;
    size_t each = units / c, more = units % c; /* the first `more` threads take one unit extra */
    size_t first = each * i + (i < more ? i : more);
    size_t last = first + each + (i < more ? 1 : 0);
    *begin = hr_min_size(first * unit, n);
    *end = hr_min_size(last * unit, n);
}

size_t hr_atomic_next(volatile size_t *counter, size_t step) {
    return __atomic_fetch_add(counter, step, __ATOMIC_RELAXED);
}
void hr_atomic_store_u32(volatile uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
uint32_t hr_atomic_load_u32(const volatile uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }

#if !defined(HR_NO_THREADS)
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

enum { POOL_SPINS = 4000 }; /* about 10 to 40 us of pause instructions */

typedef struct pool_worker {
    struct hr_pool *pool;
    pthread_t thread;
    int index;
} pool_worker;

struct hr_pool {
    int threads;
    int started;              /* workers to join */
    hr_parallel_fn *parallel; /* the host's, or NULL */
    void *parallel_ctx;
    hr_task_fn *task;         /* of the current generation */
    void *arg;
    uint32_t busy;            /* 1 while a run is on */
    uint32_t generation;      /* a new number starts a run */
    uint32_t left;            /* workers that have not finished it */
    uint32_t stop;
    uint32_t sleepers;        /* workers in the condition wait, under lock */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pool_worker workers[];    /* threads - 1 */
};

static void cpu_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

static uint32_t wait_generation(hr_pool *p, uint32_t seen) {
    for (int i = 0; i < POOL_SPINS; i++) {
        uint32_t now = __atomic_load_n(&p->generation, __ATOMIC_ACQUIRE);
        if (now != seen) return now;
        cpu_pause();
    }
    pthread_mutex_lock(&p->lock);
    p->sleepers++;
    uint32_t now;
    while ((now = __atomic_load_n(&p->generation, __ATOMIC_ACQUIRE)) == seen) pthread_cond_wait(&p->wake, &p->lock);
    p->sleepers--;
    pthread_mutex_unlock(&p->lock);
    return now;
}

static void *worker_main(void *arg) {
    pool_worker *w = (pool_worker *)arg;
    hr_pool *p = w->pool;
    uint32_t seen = 0;
    for (;;) {
        seen = wait_generation(p, seen);
        if (__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE)) return NULL;
        p->task(p->arg, w->index, p->threads);
        __atomic_fetch_sub(&p->left, 1, __ATOMIC_RELEASE);
    }
}

static void next_generation(hr_pool *p) {
    pthread_mutex_lock(&p->lock); /* under the lock: no worker can fall asleep between its look and its wait */
    __atomic_fetch_add(&p->generation, 1, __ATOMIC_RELEASE);
    bool asleep = p->sleepers > 0;
    pthread_mutex_unlock(&p->lock);
    if (asleep) pthread_cond_broadcast(&p->wake);
}

/* The host's signals are handled on the host's threads: a worker takes only the faults it makes itself. */
static int start_worker(pool_worker *w) {
    static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t block, before;
    sigfillset(&block);
    for (size_t i = 0; i < HR_COUNT(faults); i++) sigdelset(&block, faults[i]);
    bool masked = pthread_sigmask(SIG_BLOCK, &block, &before) == 0;
    int e = pthread_create(&w->thread, NULL, worker_main, w);
    if (masked) pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

int hr_cpu_count(void) {
    long n = 0;
#if defined(__linux__) && defined(SYS_sched_getaffinity)
    /* what this process may use; sysconf counts the whole machine. Libc's wrapper needs _GNU_SOURCE. */
    uint64_t mask[128] = {0};
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    for (long i = 0; i < (bytes + 7) / 8; i++) {
        for (uint64_t m = mask[i]; m != 0; m &= m - 1) n++;
    }
#endif
    if (n < 1) n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > HR_POOL_MAX_THREADS ? HR_POOL_MAX_THREADS : (int)n;
}

size_t hr_pool_bytes(int threads) {
    return sizeof(hr_pool) + (size_t)(threads > 1 ? threads - 1 : 0) * sizeof(pool_worker);
}

hr_status hr_pool_start(void *memory, int threads, hr_parallel_fn *parallel, void *ctx, hr_pool **out, hr_error *err) {
    hr_pool *p = (hr_pool *)memory;
    *out = NULL;
    if (threads < 1 || threads > HR_POOL_MAX_THREADS) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "threads", "%d threads asked for; 1 to %d are possible", threads,
                       (int)HR_POOL_MAX_THREADS);
    }
    memset(p, 0, hr_pool_bytes(threads));
    p->threads = threads;
    p->parallel = parallel;
    p->parallel_ctx = ctx;
    if (pthread_mutex_init(&p->lock, NULL) != 0) {
        return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "threads", "cannot make a lock");
    }
    if (pthread_cond_init(&p->wake, NULL) != 0) {
        pthread_mutex_destroy(&p->lock);
        return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "threads", "cannot make a condition variable");
    }
    for (int i = 1; parallel == NULL && i < threads; i++) {
        pool_worker *w = &p->workers[i - 1];
        w->pool = p;
        w->index = i;
        int e = start_worker(w);
        if (e != 0) {
            hr_pool_stop(p);
            return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "threads", "thread %d of %d cannot be started (errno %d); "
                           "ask for fewer", i, threads, e);
        }
        p->started = i;
    }
    *out = p;
    return HR_OK;
}

void hr_pool_stop(hr_pool *p) {
    if (p == NULL) return;
    __atomic_store_n(&p->stop, 1, __ATOMIC_RELEASE);
    next_generation(p);
    for (int i = 0; i < p->started; i++) pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
}

int hr_pool_threads(const hr_pool *p) { return p->threads; }

static void run_serially(hr_pool *p, hr_task_fn *task, void *arg) {
    for (int i = 0; i < p->threads; i++) task(arg, i, p->threads);
}

void hr_pool_run(hr_pool *p, hr_task_fn *task, void *arg) {
    if (p->parallel != NULL) {
        p->parallel(p->parallel_ctx, p->threads, task, arg);
        return;
    }
    uint32_t idle = 0;
    if (p->threads == 1 ||
        !__atomic_compare_exchange_n(&p->busy, &idle, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        run_serially(p, task, arg);
        return;
    }
    p->task = task;
    p->arg = arg;
    __atomic_store_n(&p->left, (uint32_t)(p->threads - 1), __ATOMIC_RELAXED);
    next_generation(p);
    task(arg, 0, p->threads);
    for (int i = 0; __atomic_load_n(&p->left, __ATOMIC_ACQUIRE) != 0;) {
        if (i < POOL_SPINS) i++, cpu_pause();
        else sched_yield(); /* more threads than cores: let them finish */
    }
    __atomic_store_n(&p->busy, 0, __ATOMIC_RELEASE);
}

#else
struct hr_pool {
    int threads;
    hr_parallel_fn *parallel;
    void *parallel_ctx;
};

int hr_cpu_count(void) { return 1; }
size_t hr_pool_bytes(int threads) {
    (void)threads;
    return sizeof(hr_pool);
}
hr_status hr_pool_start(void *memory, int threads, hr_parallel_fn *parallel, void *ctx, hr_pool **out, hr_error *err) {
    hr_pool *p = (hr_pool *)memory;
    *out = NULL;
    if (threads < 1 || threads > HR_POOL_MAX_THREADS) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "threads", "%d threads asked for", threads);
    }
    p->threads = threads;
    p->parallel = parallel;
    p->parallel_ctx = ctx;
    *out = p;
    return HR_OK;
}
void hr_pool_stop(hr_pool *p) { (void)p; }
int hr_pool_threads(const hr_pool *p) { return p->threads; }
void hr_pool_run(hr_pool *p, hr_task_fn *task, void *arg) {
    if (p->parallel != NULL) {
        p->parallel(p->parallel_ctx, p->threads, task, arg);
        return;
    }
    for (int i = 0; i < p->threads; i++) task(arg, i, p->threads);
}
#endif
