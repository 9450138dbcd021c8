/* pool.h: worker threads. A pool runs one function on every thread and waits for all. Built with HR_NO_THREADS, or
 * with one thread, it is a plain call. The host may supply its own parallel-for instead. */
#ifndef HR_POOL_H
#define HR_POOL_H
#include "base.h"

/* task(arg, index, count): index in [0, count). All `count` calls must be made exactly once; they may run in any order,
 * on any threads, also one after another: tasks never wait for each other. */
typedef void hr_task_fn(void *arg, int index, int count);
typedef void hr_parallel_fn(void *ctx, int count, hr_task_fn *task, void *arg);

typedef struct hr_pool hr_pool;

#define HR_POOL_MAX_THREADS 256

HR_PRIVATE size_t hr_pool_bytes(int threads);
/* Starts threads-1 workers in `memory` (hr_pool_bytes(threads), aligned to HR_ARENA_ALIGN). parallel != NULL: no workers,
 * runs are handed to the host with count = threads. HR_E_MEMORY or HR_E_IO when a thread cannot be started; none is left. */
HR_PRIVATE hr_status hr_pool_start(void *memory, int threads, hr_parallel_fn *parallel, void *ctx, hr_pool **out, hr_error *err);
HR_PRIVATE void hr_pool_stop(hr_pool *pool); /* NULL is fine */
HR_PRIVATE int hr_pool_threads(const hr_pool *pool);
/* Runs task(arg, i, threads) for every i and returns when all have. Workers spin for some microseconds, then sleep.
 * Safe to call from several threads at once: a second caller runs its task serially on itself instead of waiting. */
HR_PRIVATE void hr_pool_run(hr_pool *pool, hr_task_fn *task, void *arg);
/* contiguous share of n items for thread index of count; shares differ by at most one unit of `unit` items */
HR_PRIVATE void hr_pool_share(size_t n, size_t unit, int index, int count, size_t *begin, size_t *end);
HR_PRIVATE int hr_cpu_count(void); /* usable now, at least 1 */

/* atomics the rest of the library needs, without C11 <stdatomic.h> types in structs that callers size */
HR_PRIVATE size_t hr_atomic_next(volatile size_t *counter, size_t step); /* fetch-add, relaxed */
HR_PRIVATE void hr_atomic_store_u32(volatile uint32_t *p, uint32_t v);   /* release */
HR_PRIVATE uint32_t hr_atomic_load_u32(const volatile uint32_t *p);      /* acquire */
#endif
