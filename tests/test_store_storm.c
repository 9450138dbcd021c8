/* Two writers that are killed (signal 9) over and over, and two processes of 8 threads each, all on one store: what was
 * acknowledged is there once, nothing else but what was under way. HEARTH_STORM: rounds (40) of the first; HEARTH_STORM_OPS:
 * operations a thread (120; `make storm` takes 10,000) of the second. The lock says busy, never waits. */
#include "tests/t.h"
#include <sys/mman.h>
#include <sys/wait.h>
#include "engine/hearth.h"

enum { MAX_ROUNDS = 5000, THREADS = 8 };
static long from_env(const char *name, long usual) { const char *p = getenv(name); return p ? atol(p) : usual; }
static hearth_status storm_open(const char *path, hearth_memory **m, uint32_t flags) {
    hearth_memory_config c = HEARTH_MEMORY_CONFIG_INIT;
    c.flags = flags;
    c.segment_bytes = 65536;
    return hearth_memory_open(path, &c, m, NULL);
}
static hearth_status storm_put(hearth_memory *m, const char *text) {
    hearth_item it;
    memset(&it, 0, sizeof it);
    it.text = text, it.n_text = strlen(text), it.time_ms = 1;
    return hearth_memory_put(m, &it, 1, NULL);
}

static const char *text_of(const hearth_item *it) {
    static char text[100];
    snprintf(text, sizeof text, "%.*s", (int)it->n_text, it->text);
    return text;
}
typedef struct board { volatile uint32_t acked[MAX_ROUNDS][2]; } board;
static void killed_writer(const char *path, board *b, int round, int who) {
    for (uint32_t n = 0;;) {
        hearth_memory *m;
        hearth_status s = storm_open(path, &m, (n + (uint32_t)round) % 3 ? 0 : HEARTH_MEMORY_CACHE);
        if (s == HEARTH_E_BUSY) { usleep(50); continue; }
        if (s != HEARTH_OK) _exit(3);
        for (int i = 0; i < 7; i++) {
            char text[80];
            snprintf(text, sizeof text, "%d %d %u and some words behind it", round, who, n + 1);
            if (storm_put(m, text) != HEARTH_OK) _exit(4);
            b->acked[round][who] = ++n;
        }
        if (n % 35 == 0 && hearth_memory_compact(m, NULL) != HEARTH_OK) _exit(5);
        hearth_memory_close(m);
    }
}
T_TEST(killed_at_any_time) {
    const char *path = t_tmp("killed.hearth");
    long rounds = from_env("HEARTH_STORM", 40);
    board *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    T_NEED(b != MAP_FAILED && rounds > 0 && rounds <= MAX_ROUNDS);
    uint32_t rng = 2463534242u, total = 0;
    remove(path);
    for (int r = 0; r < rounds; r++) {
        pid_t pid[2];
        int state;
        for (int w = 0; w < 2; w++) {
            fflush(stdout);
            if ((pid[w] = fork()) == 0) killed_writer(path, b, r, w);
        }
        for (int w = 0; w < 2; w++) {
            rng ^= rng << 13, rng ^= rng >> 17, rng ^= rng << 5;
            usleep(500 + rng % 20000);
            kill(pid[w], SIGKILL);
            T_CHECK(waitpid(pid[w], &state, 0) == pid[w] && WIFSIGNALED(state));
        }
    }
    static uint32_t seen[MAX_ROUNDS][2], most[MAX_ROUNDS][2];
    uint8_t *each = calloc(1u << 14, (size_t)rounds * 2); /* a compaction may have changed their order */
    hearth_memory *m;
    hearth_filter any = HEARTH_FILTER_ANY;
    hearth_item it;
    hearth_memory_stats st;
    T_NEED(storm_open(path, &m, 0) == HEARTH_OK);
    hearth_memory_get_stats(m, &st);
    T_CHECK(st.lost_places == 0 && !st.read_only);
    memset(&it, 0, sizeof it);
    while (hearth_memory_next(m, it.id, &any, &it, NULL) == HEARTH_OK && it.id != 0) {
        int r, w;
        uint32_t n;
        T_NEED(sscanf(text_of(&it), "%d %d %u", &r, &w, &n) == 3 && r >= 0 && r < rounds && (w | 1) == 1);
        T_NEED(each && n > 0 && n < 1u << 14);
        uint8_t *at = &each[((size_t)r * 2 + (size_t)w) << 14 | n];
        T_CHECK(*at == 0);
        *at = 1;
        seen[r][w]++;
        if (n > most[r][w]) most[r][w] = n;
    }
    for (int r = 0; r < rounds; r++)
        for (int w = 0; w < 2; w++) {
            T_CHECK(seen[r][w] == most[r][w]);
            T_CHECK(seen[r][w] == b->acked[r][w] || seen[r][w] == b->acked[r][w] + 1);
            total += b->acked[r][w];
        }
    hearth_memory_close(m);
    free(each);
    munmap(b, sizeof *b);
    T_CHECK(total > 0);
    printf("    %ld rounds, %u acknowledged\n", rounds, total);
}

typedef struct worker { const char *path; int process, thread; long ops; bool bad; } worker;
static void *works(void *arg) {
    worker *w = arg;
    for (long n = 0; n < w->ops && !w->bad;) {
        hearth_memory *m;
        hearth_status s = storm_open(w->path, &m, 0);
        if (s == HEARTH_E_BUSY) {
            if (storm_open(w->path, &m, HEARTH_MEMORY_READ) == HEARTH_OK) hearth_memory_close(m); /* readers beside the writer */
            usleep(300);
            continue;
        }
        w->bad = s != HEARTH_OK;
        for (int i = 0; i < 200 && n < w->ops && !w->bad; i++, n++) {
            char text[60];
            snprintf(text, sizeof text, "%d %d %ld", w->process, w->thread, n);
            w->bad = storm_put(m, text) != HEARTH_OK;
        }
        if (s == HEARTH_OK) hearth_memory_close(m);
        usleep(300);
    }
    return NULL;
}
static int process_works(const char *path, int process, long ops) {
    worker w[THREADS];
    pthread_t t[THREADS];
    int bad = 0;
    for (int i = 0; i < THREADS; i++) {
        w[i] = (worker){path, process, i, ops, false};
        if (pthread_create(&t[i], NULL, works, &w[i]) != 0) return 1;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(t[i], NULL), bad |= w[i].bad;
    return bad;
}
T_TEST(two_processes_of_eight_threads) {
    const char *path = t_tmp("threads.hearth");
    long ops = from_env("HEARTH_STORM_OPS", 120);
    pid_t pid[2];
    int state;
    hearth_memory *m;
    remove(path);
    T_NEED(storm_open(path, &m, 0) == HEARTH_OK);
    hearth_memory_close(m);
    for (int p = 0; p < 2; p++) {
        fflush(stdout);
        if ((pid[p] = fork()) == 0) _exit(process_works(path, p, ops));
    }
    for (int p = 0; p < 2; p++) T_CHECK(waitpid(pid[p], &state, 0) == pid[p] && WIFEXITED(state) && WEXITSTATUS(state) == 0);
    uint8_t *seen = calloc((size_t)ops * 2 * THREADS, 1);
    hearth_filter any = HEARTH_FILTER_ANY;
    hearth_item it;
    long n = 0;
    T_NEED(seen && storm_open(path, &m, 0) == HEARTH_OK);
    memset(&it, 0, sizeof it);
    while (hearth_memory_next(m, it.id, &any, &it, NULL) == HEARTH_OK && it.id != 0) {
        int p, t;
        long k;
        T_NEED(sscanf(text_of(&it), "%d %d %ld", &p, &t, &k) == 3);
        T_NEED(p >= 0 && p < 2 && t >= 0 && t < THREADS && k >= 0 && k < ops);
        uint8_t *at = &seen[(p * THREADS + t) * ops + k];
        T_CHECK(*at == 0);
        *at = 1;
        n++;
    }
    T_EQ_I(n, ops * 2 * THREADS);
    hearth_memory_close(m);
    free(seen);
    printf("    %ld operations, each there once\n", n);
}
T_MAIN(T_RUN(killed_at_any_time), T_RUN(two_processes_of_eight_threads))
