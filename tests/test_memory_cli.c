/* `hearth memory` and the public calls below it: one store through its life from the shell, and two handles at once. */
#include "tests/t.h"
#include <sys/wait.h>
#include "engine/hearth.h"

static int sh(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int sh(char *out, size_t cap, const char *fmt, ...) {
    char args[1000], cmd[2000];
    va_list a;
    va_start(a, fmt);
    vsnprintf(args, sizeof args, fmt, a);
    va_end(a);
    snprintf(cmd, sizeof cmd, "%s memory %s 2>&1", t_hearth(), args);
    FILE *f = popen(cmd, "r");
    if (!f) return -1;
    size_t n = fread(out, 1, cap - 1, f);
    out[n] = 0;
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

T_TEST(a_life_from_the_shell) {
    char out[4000], id[40];
    const char *p = t_tmp("cli.hearth");
    T_EQ_I(sh(out, sizeof out, "%s stats", p), 1); /* reading makes nothing */
    T_EQ_I(sh(out, sizeof out, "%s add 'Anna drinks tea' --scope home --tags drink,people", p), 0);
    snprintf(id, sizeof id, "%.*s", (int)strcspn(out, "\n"), out);
    T_CHECK(atoi(id) > 0);
    T_EQ_I(sh(out, sizeof out, "%s add 'Ben drinks coffee' --scope work", p), 0);
    T_EQ_I(sh(out, sizeof out, "%s put casual --kind tone --key tone", p), 0);
    T_EQ_I(sh(out, sizeof out, "%s put formal --kind tone --key tone --confidence 300", p), 0);
    T_CHECK(strstr(out, "kept") != NULL);
    T_EQ_I(sh(out, sizeof out, "%s put x", p), 2);
    T_EQ_I(sh(out, sizeof out, "%s find tea", p), 0);
    T_CHECK(strstr(out, "Anna drinks tea") && !strstr(out, "Ben"));
    T_EQ_I(sh(out, sizeof out, "%s find drinks --scope work --json", p), 0);
    T_CHECK(strstr(out, "Ben drinks coffee") && !strstr(out, "Anna") && strstr(out, "\"words_rank\""));
    T_EQ_I(sh(out, sizeof out, "%s get %s", p, id), 0);
    T_CHECK(strstr(out, "Anna drinks tea") != NULL);
    T_EQ_I(sh(out, sizeof out, "%s get", p), 0);
    T_CHECK(strstr(out, "tone: casual") && strstr(out, "Ben"));
    T_EQ_I(sh(out, sizeof out, "%s forget", p), 2);
    T_EQ_I(sh(out, sizeof out, "%s forget --term ANNA", p), 0);
    T_EQ_STR(out, "1 forgotten\n");
    T_EQ_I(sh(out, sizeof out, "%s get %s", p, id), 1);
    T_EQ_I(sh(out, sizeof out, "%s compact", p), 0);
    T_EQ_I(sh(out, sizeof out, "%s stats --json", p), 0);
    T_CHECK(strstr(out, "\"items\"") != NULL);
    T_EQ_I(sh(out, sizeof out, "%s dance", p), 2);
    FILE *f = fopen(p, "rb");
    static char all[1 << 16];
    size_t n = f ? fread(all, 1, sizeof all, f) : 0;
    if (f) fclose(f);
    T_CHECK(n > 8192 && n < 10000);
    for (size_t i = 0; i + 4 <= n; i++) if (memcmp(all + i, "Anna", 4) == 0) T_FAIL("Anna is at byte %zu", i);
}

T_TEST(one_writer_many_readers) {
    hearth_memory *w = NULL, *w2 = NULL, *r = NULL;
    hearth_memory_config read = HEARTH_MEMORY_CONFIG_INIT;
    hearth_error err;
    const char *p = t_tmp("two.hearth");
    read.flags = HEARTH_MEMORY_READ;
    T_NEED(hearth_memory_open(p, NULL, &w, &err) == HEARTH_OK);
    T_EQ_I(hearth_memory_open(p, NULL, &w2, &err), HEARTH_E_BUSY);
    T_CHECK(w2 == NULL);
    hearth_item i;
    memset(&i, 0, sizeof i);
    float v[3] = {1, 2, 3};
    i.text = "hello", i.n_text = 5, i.vector = v, i.dim = 3, i.space = "m";
    T_NEED(hearth_memory_put(w, &i, 1, &err) == HEARTH_OK);
    T_NEED(hearth_memory_open(p, &read, &r, &err) == HEARTH_OK);
    hearth_item got;
    T_CHECK(hearth_memory_get(r, i.id, &got, &err) == HEARTH_OK && got.n_text == 5 && memcmp(got.text, "hello", 5) == 0);
    T_EQ_I(hearth_memory_put(r, &i, 1, &err), HEARTH_E_STATE);
    hearth_hit h[2];
    size_t n;
    T_CHECK(hearth_memory_find(r, "hello", v, 3, "m", NULL, h, 2, &n, &err) == HEARTH_OK && n == 1 && h[0].words_rank == 1);
    T_EQ_I(hearth_memory_find(r, NULL, v, 3, "other", NULL, h, 2, &n, &err), HEARTH_E_ARG);
    hearth_filter all = HEARTH_FILTER_ANY;
    uint64_t gone;
    T_CHECK(hearth_memory_forget(w, &all, &gone, &err) == HEARTH_OK && gone == 1);
    T_CHECK(hearth_memory_get(r, i.id, &got, &err) != HEARTH_OK); /* the reader is told, not fooled */
    hearth_memory_close(r);
    hearth_memory_close(w);
    hearth_memory_close(NULL);
    T_EQ_I(hearth_memory_open(p, NULL, &w, &err), HEARTH_OK); /* and the lock is gone */
    hearth_memory_close(w);
}

T_MAIN(T_RUN(a_life_from_the_shell), T_RUN(one_writer_many_readers))
