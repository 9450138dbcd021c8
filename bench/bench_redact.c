/* bench_redact: the redactor's speed over text with little, some and much in it, beside the bars (sparse 250 MB/s in
 * plain C, dense 100 MB/s) and beside copying the same bytes in the same run; and over hostile text, where the time of
 * twice the bytes must be about twice the time.   bench_redact [FILE...] adds texts. */
#include <stdio.h>
#include <stdlib.h>
#include "engine/base/sys.h"
#include "policy/redact.h"

enum { SIZE = 16 << 20, ROUNDS = 5 };
static uint8_t room[1 << 17] __attribute__((aligned(64)));
static uint8_t *text, *copy;
static uint64_t out;
static bool count_bytes(void *ctx, const void *p, size_t n) {
    (void)ctx, (void)p;
    out += n;
    return true;
}

/* nanoseconds for n bytes in pieces of 64 KB; *found: matches */
static double time_once(size_t n, uint64_t *found) {
    hr_redact_config c;
    hr_arena a;
    hr_redactor *r;
    hr_redact_config_init(&c);
    c.emit = count_bytes;
    hr_arena_init(&a, room, sizeof room);
    if (hr_redactor_init(&c, &a, &r, NULL) != HR_OK) exit(1);
    out = 0;
    const uint64_t t = hr_clock_ns();
    for (size_t i = 0; i < n; i += 65536) (void)hr_redact_feed(r, text + i, hr_min_size(65536, n - i), NULL);
    (void)hr_redact_finish(r, NULL);
    const double ns = (double)(hr_clock_ns() - t);
    *found = 0;
    for (int e = 1; e < HR_N_ENTITIES; e++) *found += hr_redact_count(r, e);
    return ns;
}

static void bench_text(const char *name, size_t n, double bar) {
    double best = 1e18, copying = 1e18;
    uint64_t found = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const double ns = time_once(n, &found);
        if (ns < best) best = ns;
        const uint64_t t = hr_clock_ns();
        memcpy(copy, text, n);
        const double copied = (double)(hr_clock_ns() - t);
        if (copied < copying) copying = copied;
    }
    const double speed = (double)n / best * 1e3;
    printf("%-28s %7.0f MB/s", name, speed);
    if (bar > 0) printf(" (%.2f of the bar of %.0f)", speed / bar, bar);
    printf("; a match every %.0f bytes; copying it: %.0f MB/s\n", found ? (double)n / (double)found : (double)n,
           (double)n / copying * 1e3);
}

/* fills n bytes with copies of the unit */
static void repeat(const char *unit, size_t len, size_t n) {
    for (size_t i = 0; i < n; i++) text[i] = (uint8_t)unit[i % len];
}
static void bench_unit(const char *name, const char *unit, double bar) {
    repeat(unit, strlen(unit), SIZE);
    bench_text(name, SIZE, bar);
}

static void bench_file(const char *path) {
    FILE *f = fopen(path, "rb");
    char *data = malloc(SIZE);
    const size_t n = f && data ? fread(data, 1, SIZE, f) : 0;
    const char *name = strrchr(path, '/');
    if (n > 0) {
        repeat(data, n, SIZE);
        bench_text(name ? name + 1 : path, SIZE, 0);
    }
    if (f) fclose(f);
    free(data);
}

/* twice the bytes, twice the time? */
static void bench_hostile(void) {
    static const char *const units[] = {"@",   "a@",  "1",  "1.",           "1 ",           "0 1 2 ",      "-",
                                        "--",  "::",  "a:", "://a",         "Aa ",          "A",           "<",
                                        "<b",  "&#",  "%4", "\xe2\x80\x8b", "\xef\xbc\x91", "-----BEGIN ", "password:",
                                        "eyJ", "sk-", "_",  "Mr. A",        "+1 ",          "0-",          "\xff"};
    const char *worst = "", *slowest = "";
    double factor = 0, least = 1e18;
    for (size_t u = 0; u < HR_COUNT(units); u++) {
        const size_t n = 1 << 18;
        double one = 1e18, two = 1e18;
        uint64_t found;
        repeat(units[u], strlen(units[u]), 4 * n);
        for (int round = 0; round < 3; round++) {
            const double a = time_once(n, &found), b = time_once(4 * n, &found);
            if (a < one) one = a;
            if (b < two) two = b;
        }
        if (two / one / 4 > factor) factor = two / one / 4, worst = units[u];
        if (4e3 * (double)n / two < least) least = 4e3 * (double)n / two, slowest = units[u];
    }
    printf("hostile, %zu texts: at most %.2f of four times the time for four times the bytes (\"%s\"); slowest %.1f "
           "MB/s (\"%s\")\n",
           HR_COUNT(units), factor, worst, least, slowest);
}

int main(int argc, char **argv) {
    text = malloc(SIZE), copy = malloc(SIZE);
    if (!text || !copy) return 1;
    memset(copy, 1, SIZE);
    if (argc > 1 && strcmp(argv[1], "-1") == 0) {
        bench_unit("unit", argv[2], 0);
        return 0;
    }
    bench_unit("prose without capitals",
               "the quick brown fox jumps over the lazy dog and goes on through the wood, where nobody waits for it; ",
               250);
    bench_unit(
        "prose, a match in 2 KB", /* sparse */
        "It was a bright cold day and the clocks were striking. The meeting about the budget was moved to the "
        "afternoon "
        "because several colleagues were still on their way. We talked about the roof of the old building, about the "
        "garden and about who would bring the bread; nothing was decided in the end. Everyone agreed to read the "
        "report "
        "again before the next round. The trains were late, as they often are when it rains, and the coffee was cold "
        "by "
        "the time anyone got round to it. Somebody suggested that we write down what had been said, but nobody had a "
        "pen, "
        "and so the afternoon went by with stories about other meetings in other years. When the lights went on in the "
        "street we packed our things. On the way home I thought about the garden again, about the roses along the wall "
        "and "
        "the bench that wants painting. Perhaps next spring there will be more time for such things. The neighbours "
        "have "
        "a new dog, a friendly one, that greets every visitor at the gate and then goes back to sleep in the sun. It "
        "does "
        "not bark at night. In the evening we read for a while and listened to the rain on the window. There was "
        "nothing "
        "in the news that we had not heard before. Tomorrow the post will come early, or so they say. Write to "
        "anna.kovacs@example.org when you know more. The rest of the week looks quiet, with a walk along the river if "
        "the "
        "weather holds, and a visit to the market for apples, cheese and whatever else looks good. After that we shall "
        "see. It is pleasant to have no plans at all for a change, and to let the days arrange themselves as they "
        "like. "
        "The old clock in the hall has stopped again; someone ought to look at it, but it has been stopped for so long "
        "that its silence has become part of the house, like the draught under the door and the loose board. ",
        250);
    bench_unit(
        "dense, a match in 40 bytes",
        "from anna.kovacs@example.org yesterday, ip 10.20.30.44 and 192.168.7.21 host; card 4111 1111 1111 1111 ok, "
        "iban DE89370400440532013000 and mail bob@example.net, then call +49 30 1234567 now; ",
        100);
    bench_unit("dense, e-mail only", "write to someone.like@example.org today; ", 100);
    bench_unit("numbers", "12.5 300 0.25 7781 1024 55 8.125 99 1000000 3.14159 42 17\n", 0);
    bench_unit("source", "    for (size_t i = 0; i < n; i++) { sum += weights[i] * (float)values[i + 4]; }\n", 0);
    bench_unit("log", "2026-11-23T16:20:22.123Z INFO worker[1234]: request 8812 done in 12 ms, status=200 bytes=5120\n",
               0);
    for (int i = 1; i < argc; i++) bench_file(argv[i]);
    bench_hostile();
    return 0;
}
