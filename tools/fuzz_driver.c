/* fuzz_driver.c: stands in for libFuzzer where there is none, behind the same entry point and the few flags that
 * tools/fuzz.sh passes. Runs every seed, then blind mutations of them (bit flips, interesting integers, splices, cuts)
 * until the time is over. No coverage feedback: it keeps the targets alive on gcc-only machines, no more. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SEEDS = 4096, MAX_BYTES = 1 << 20 };
static struct { uint8_t *data; size_t size; } seed_list[MAX_SEEDS];
static size_t n_seeds;
static uint8_t *volatile now_data;
static volatile size_t now_size;
static char artifact[512] = "crash-";
static uint64_t rng = 0x9e3779b97f4a7c15u;

static uint64_t next_random(void) {
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}

static void keep_input(const char *why) {
    char path[600];
    if (!now_data) return; /* kept already, or not about an input */
    snprintf(path, sizeof path, "%sinput", artifact);
    FILE *f = fopen(path, "wb");
    if (f) fwrite((const void *)now_data, 1, now_size, f);
    if (f) fclose(f);
    now_data = NULL;
    fprintf(stderr, "fuzz_driver: %s; input kept in %s\n", why, path);
}
static void on_timeout(int sig) {
    (void)sig;
    keep_input("took more than 10 s");
    _exit(70);
}
static void on_abort(int sig) {
    (void)sig;
    keep_input("aborted");
    _exit(77);
}
void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));
static void on_death(void) { keep_input("sanitizer error"); }

static void add_file(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f || n_seeds == MAX_SEEDS) { if (f) fclose(f); return; }
    uint8_t *p = malloc(MAX_BYTES);
    size_t n = p ? fread(p, 1, MAX_BYTES, f) : 0;
    fclose(f);
    seed_list[n_seeds].data = p;
    seed_list[n_seeds++].size = n;
}
static void add_folder(const char *path) {
    DIR *d = opendir(path);
    struct dirent *e;
    char name[1024];
    if (!d) return;
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        add_file(name);
    }
    closedir(d);
}

static size_t mutate_bytes(uint8_t *p, size_t n) {
    static const uint64_t odd[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000u, 0xffffffffu,
                                   0x7fffffffffffffffu, 0x8000000000000000u, 0xffffffffffffffffu};
    for (uint64_t times = 1 + next_random() % 6; times && n; times--) {
        size_t at = next_random() % n, width = (size_t)1 << next_random() % 4;
        uint64_t v = odd[next_random() % (sizeof odd / sizeof odd[0])];
        switch (next_random() % 7) {
        case 0: p[at] ^= (uint8_t)(1u << next_random() % 8); break;
        case 1: p[at] = (uint8_t)next_random(); break;
        case 2: memcpy(p + at, &v, n - at < width ? n - at : width); break;
        case 3: n = at + 1; break;
        case 4: { /* take a stretch of another seed */
            size_t s = next_random() % n_seeds, m = seed_list[s].size;
            size_t from = m ? next_random() % m : 0, len = m - from < n - at ? m - from : n - at;
            if (len) memcpy(p + at, seed_list[s].data + from, len);
            break;
        }
        case 5: /* grow by a few bytes in the middle */
            if (n + width > MAX_BYTES) break;
            memmove(p + at + width, p + at, n - at);
            n += width;
            break;
        default: p[at] = (uint8_t)(p[at] + (int)(next_random() % 17) - 8);
        }
    }
    return n;
}

static void run_one(const uint8_t *data, size_t size) {
    uint8_t *exact = malloc(size ? size : 1); /* its own block, so that a read past the end is seen */
    if (!exact) return;
    memcpy(exact, data, size);
    now_data = exact;
    now_size = size;
    alarm(10);
    LLVMFuzzerTestOneInput(exact, size);
    alarm(0);
    now_data = NULL;
    free(exact);
}

int main(int argc, char **argv) {
    long seconds = 10;
    unsigned long runs = 0;
    static const uint8_t empty[64];
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-max_total_time=", 16) == 0) seconds = atol(argv[i] + 16);
        if (strncmp(argv[i], "-artifact_prefix=", 17) == 0) snprintf(artifact, sizeof artifact, "%s", argv[i] + 17);
        if (argv[i][0] != '-') add_folder(argv[i]);
    }
    if (n_seeds == 0) { seed_list[0].data = calloc(1, sizeof empty); seed_list[0].size = sizeof empty; n_seeds = 1; }
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(on_death);
    signal(SIGALRM, on_timeout);
    signal(SIGABRT, on_abort);
    uint8_t *work = malloc(MAX_BYTES);
    if (!work || !seed_list[0].data) return 1;
    time_t end = time(NULL) + seconds;
    for (size_t i = 0; i < n_seeds; i++, runs++) run_one(seed_list[i].data, seed_list[i].size);
    for (; time(NULL) < end; runs++) {
        size_t s = next_random() % n_seeds;
        memcpy(work, seed_list[s].data, seed_list[s].size);
        run_one(work, mutate_bytes(work, seed_list[s].size));
    }
    fprintf(stderr, "stat::number_of_executed_units: %lu\n", runs);
    for (size_t i = 0; i < n_seeds; i++) free(seed_list[i].data);
    free(work);
    return 0;
}
