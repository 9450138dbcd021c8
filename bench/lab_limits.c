/* lab_limits.c: what this machine can do at most: reads of caches and memory, multiply-adds of every instruction set. A
 * kernel's or a model's rate stands beside these, measured in the same run (a machine has moods). Threads start together
 * and the slowest one's time counts; the best of several rounds is the limit. */
#include "engine/base/base.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "kernels/x86/peaks_avx2.h"
#include "kernels/x86/peaks_avx512.h"
#include "kernels/x86/peaks_avxvnni.h"
#include "tools/cmd_bench.h"

typedef uint64_t lab_turns_fn(size_t turns);
typedef uint64_t lab_read_fn(const uint8_t *p, size_t n, size_t ahead);
typedef struct lab_multiply {
    lab_multiply_kind kind;
    uint32_t isa, name;
    lab_turns_fn *run;
    int ops; /* multiply-adds of a turn */
} lab_multiply;

static const lab_multiply lab_multiplies[] = { /* the widest first */
#if defined(HR_T_AVX512) && defined(__x86_64__)
    {LAB_INT8, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, HR_ISA_AVX512VNNI, peak_int8_avx512, PEAK_INT8_AVX512_OPS},
    {LAB_FMA, HR_ISA_AVX512 | HR_ISA_AVX512VNNI, HR_ISA_AVX512, peak_fma_avx512, PEAK_FMA_AVX512_OPS},
#endif
#if defined(HR_T_AVX2) && defined(__x86_64__)
    {LAB_INT8, HR_ISA_AVX2 | HR_ISA_AVXVNNI, HR_ISA_AVXVNNI, peak_int8_avxvnni, PEAK_INT8_AVXVNNI_OPS},
    {LAB_INT8, HR_ISA_AVX2, HR_ISA_AVX2, peak_int8_avx2, PEAK_INT8_AVX2_OPS},
    {LAB_FMA, HR_ISA_AVX2, HR_ISA_AVX2, peak_fma_avx2, PEAK_FMA_AVX2_OPS},
#endif
    {LAB_INT8, HR_ISA_ALL, 0, NULL, 0}};

static uint64_t lab_read_words(const uint8_t *p, size_t n, size_t ahead) {
    uint64_t a = 0, b = 0, c = 0, d = 0, w[8];
    for (size_t i = 0; i < n; i += sizeof w) {
#if defined(__GNUC__)
        if (ahead != 0) __builtin_prefetch((const void *)((uintptr_t)p + i + ahead));
#endif
        memcpy(w, p + i, sizeof w);
        a ^= w[0] ^ w[4], b ^= w[1] ^ w[5], c ^= w[2] ^ w[6], d ^= w[3] ^ w[7];
    }
    return a ^ b ^ c ^ d;
}
static lab_read_fn *choose_reader(uint32_t isa) {
#if defined(HR_T_AVX2) && defined(__x86_64__)
    if ((isa & HR_ISA_AVX512) && (isa & HR_ISA_AVX512VNNI)) return peak_read_avx512;
    if (isa & HR_ISA_AVX2) return peak_read_avx2;
#endif
    (void)isa;
    return lab_read_words;
}

static double lab_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- threads that start together --------------------------------------------------------------------------------- */
typedef struct lab_gate {
    atomic_int waiting;
    atomic_int go; /* 1: run, 2: go home */
} lab_gate;
typedef struct lab_worker {
    pthread_t id;
    lab_gate *gate;
    lab_turns_fn *multiply; /* or */
    lab_read_fn *read;
    const uint8_t *from;
    size_t bytes, ahead, turns;
    double seconds;
    uint64_t keep; /* so that the work is not left out */
} lab_worker;

static void *work_in_lab(void *arg) {
    lab_worker *w = (lab_worker *)arg;
    int go;
    atomic_fetch_add(&w->gate->waiting, 1);
    while ((go = atomic_load(&w->gate->go)) == 0) sched_yield();
    double start = lab_now();
    if (go != 1) return NULL;
    if (w->multiply != NULL) w->keep = w->multiply(w->turns);
    for (size_t i = 0; w->read != NULL && i < w->turns; i++) w->keep ^= w->read(w->from, w->bytes, w->ahead);
    w->seconds = lab_now() - start;
    return NULL;
}
/* the slowest one's time; 0 when not all threads can be made */
static double run_together(lab_worker *w, int threads) {
    lab_gate gate;
    int started = 0;
    double longest = 0;
    atomic_init(&gate.waiting, 0);
    atomic_init(&gate.go, 0);
    for (; started < threads; started++) {
        w[started].gate = &gate;
        if (pthread_create(&w[started].id, NULL, work_in_lab, &w[started]) != 0) break;
    }
    while (atomic_load(&gate.waiting) < started) sched_yield();
    atomic_store(&gate.go, started == threads ? 1 : 2);
    for (int i = 0; i < started; i++) {
        pthread_join(w[i].id, NULL);
        if (w[i].seconds > longest) longest = w[i].seconds;
    }
    return started == threads ? longest : 0;
}

/* --- limits ------------------------------------------------------------------------------------------------------ */
static const lab_multiply *find_multiply(lab_multiply_kind kind, uint32_t isa) {
    for (size_t i = 0; i + 1 < HR_COUNT(lab_multiplies); i++) {
        if (lab_multiplies[i].kind == kind && (lab_multiplies[i].isa & ~isa) == 0) return &lab_multiplies[i];
    }
    return NULL;
}
uint32_t lab_multiply_isa(lab_multiply_kind kind, uint32_t isa) {
    const lab_multiply *m = find_multiply(kind, isa);
    return m == NULL ? 0 : m->name;
}
double lab_multiply_g(lab_multiply_kind kind, uint32_t isa, int threads) {
    enum { ROUNDS = 100, TURNS = 100000 };
    static lab_worker w[LAB_THREADS_MAX];
    const lab_multiply *m = find_multiply(kind, isa);
    double best = 0;
    if (m == NULL || threads < 1 || threads > LAB_THREADS_MAX) return 0;
    for (int round = 0; round < ROUNDS; round++) {
        memset(w, 0, sizeof w);
        for (int i = 0; i < threads; i++) w[i].multiply = m->run, w[i].turns = TURNS;
        double seconds = run_together(w, threads);
        double g = seconds > 0 ? (double)m->ops * TURNS * threads / seconds * 1e-9 : 0;
        if (g > best) best = g;
    }
    return best;
}

static uint8_t *take_pages(size_t bytes, bool huge) {
    enum { HUGE_PAGE = 2 << 20 };
    size_t n = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uint8_t *p = (uint8_t *)aligned_alloc(HUGE_PAGE, n);
    if (p == NULL) return NULL;
#if defined(MADV_HUGEPAGE) && defined(MADV_NOHUGEPAGE)
    (void)madvise(p, n, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#else
    (void)huge;
#endif
    memset(p, 1, n);
    return p;
}
double lab_read_gb(size_t bytes, int threads, bool huge, uint32_t isa) {
    enum { ROUNDS = 3, LEAST_BYTES = 32 << 20 };
    static const size_t aheads[] = {0, 1024, 4096, 8192, 16384};
    static lab_worker w[LAB_THREADS_MAX];
    double best = 0;
    if (threads < 1 || threads > LAB_THREADS_MAX || bytes < 4096) return 0;
    bytes = bytes / 4096 * 4096;
    size_t turns = bytes < LEAST_BYTES ? LEAST_BYTES / bytes : 1;
    uint8_t *memory = take_pages(bytes * (size_t)threads, huge);
    if (memory == NULL) return 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t a = 0; a < HR_COUNT(aheads); a++) {
            memset(w, 0, sizeof w);
            for (int i = 0; i < threads; i++) {
                w[i].read = choose_reader(isa);
                w[i].from = memory + bytes * (size_t)i;
                w[i].bytes = bytes, w[i].ahead = aheads[a], w[i].turns = turns;
            }
            double seconds = run_together(w, threads);
            double gb = seconds > 0 ? (double)bytes * (double)turns * threads / seconds * 1e-9 : 0;
            if (gb > best) best = gb;
        }
    }
    free(memory);
    return best;
}
double lab_dram_gb(size_t bytes, int threads, uint32_t isa) {
    double gb = 0;
    for (; threads >= 1 && gb <= 0 && bytes >= 1 << 20; bytes /= 2) {
        gb = lab_read_gb(bytes / (size_t)threads, threads, true, isa);
    }
    return gb;
}

/* --- facts --------------------------------------------------------------------------------------------------------- */
/* the first value of `field` in a file of "name : value" lines; false: none */
static bool find_line(const char *path, const char *field, char *value, size_t cap) {
    char line[512];
    FILE *f = fopen(path, "r");
    bool found = false;
    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
        size_t n = strlen(field);
        char *p = line + n;
        if (strncmp(line, field, n) != 0) continue;
        p += strspn(p, " \t");
        if (*p != ':') continue;
        p += 1 + strspn(p + 1, " \t");
        p[strcspn(p, "\r\n")] = 0;
        snprintf(value, cap, "%s", p);
        found = true;
    }
    if (f != NULL) fclose(f);
    return found;
}
void lab_cpu_name(char *name, size_t cap) {
    char family[32], model[32], text[128];
    if (!find_line("/proc/cpuinfo", "model name", text, sizeof text)) {
        snprintf(name, cap, "unknown");
    } else if (find_line("/proc/cpuinfo", "cpu family", family, sizeof family) &&
               find_line("/proc/cpuinfo", "model", model, sizeof model)) {
        snprintf(name, cap, "%s (family %s, model %s)", text, family, model);
    } else {
        snprintf(name, cap, "%s", text);
    }
}
int lab_cores(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > LAB_THREADS_MAX ? LAB_THREADS_MAX : (int)n;
}
size_t lab_cache_bytes(int level) {
    long n = 0;
#if defined(_SC_LEVEL1_DCACHE_SIZE)
    n = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : level == 2 ? _SC_LEVEL2_CACHE_SIZE : _SC_LEVEL3_CACHE_SIZE);
#else
    (void)level;
#endif
    return n > 0 ? (size_t)n : 0;
}
void lab_print_facts(FILE *f, const char *isa) {
    char cpu[256], memory[64] = "unknown", date[32] = "";
    struct tm utc;
    time_t t = time(NULL);
    lab_cpu_name(cpu, sizeof cpu);
    (void)find_line("/proc/meminfo", "MemTotal", memory, sizeof memory);
    if (gmtime_r(&t, &utc) != NULL) strftime(date, sizeof date, "%Y-%m-%d", &utc);
    fprintf(f, "# cpu\t%s\n# cores\t%d\n# isa\t%s\n# caches\t%zu, %zu, %zu KB\n# memory\t%s\n# compiler\t%s\n# date\t%s\n", cpu,
            lab_cores(), isa, lab_cache_bytes(1) / 1024, lab_cache_bytes(2) / 1024, lab_cache_bytes(3) / 1024, memory,
#if defined(__clang__)
            "clang " __clang_version__,
#elif defined(__GNUC__)
            "gcc " __VERSION__,
#else
            "unknown",
#endif
            date);
}
