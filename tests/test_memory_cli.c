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

static char *slurp(const char *path) {
    FILE *f = fopen(path, "rb");
    char *all = calloc(1, 1 << 16);
    if (f) (void)!fread(all, 1, (1 << 16) - 1, f), fclose(f);
    return all;
}
T_TEST(export_and_import_give_the_same) {
    char out[2000];
    const char *a = t_tmp("ea.hearth"), *b = t_tmp("eb.hearth"), *x = t_tmp("x.jsonl"), *y = t_tmp("y.jsonl");
    hearth_memory *m;
    hearth_item i[3];
    float v[3] = {0.1f, -3e-20f, 12345.678f};
    memset(i, 0, sizeof i);
    i[0].text = "line\n\"quoted\" \\ \xc3\xa4\x01", i[0].n_text = strlen(i[0].text), i[0].tags = "a,b", i[0].n_tags = 3;
    i[0].vector = v, i[0].dim = 3, i[0].space = "model/mean";
    i[1].kind = HEARTH_PERSON, i[1].key = "sister", i[1].n_key = 6, i[1].text = "Eva", i[1].n_text = 3, i[1].confidence = 700;
    i[2].scope = "s", i[2].n_scope = 1, i[2].source = "q", i[2].n_source = 1, i[2].time_ms = 5, i[2].expires_ms = 77;
    T_NEED(hearth_memory_open(a, NULL, &m, NULL) == HEARTH_OK);
    T_CHECK(hearth_memory_put(m, i, 3, NULL) == HEARTH_OK);
    i[1].id = 0, i[1].count = 0; /* counted twice */
    T_CHECK(hearth_memory_put(m, i + 1, 1, NULL) == HEARTH_OK);
    hearth_memory_close(m);
    T_EQ_I(sh(out, sizeof out, "%s export %s", a, x), 0);
    T_EQ_I(sh(out, sizeof out, "%s import %s", b, x), 0);
    T_EQ_I(sh(out, sizeof out, "%s export %s", b, y), 0);
    char *p = slurp(x), *q = slurp(y);
    T_CHECK(strlen(p) > 300 && strstr(p, "\"count\":2") && strstr(p, "\\u0001"));
    const char *rest_p = strchr(p, '\n'), *rest_q = strchr(q, '\n'); /* the first line says which ids are free: moved on */
    T_EQ_STR(rest_p ? rest_p : p, rest_q ? rest_q : "");
    free(p), free(q);
    FILE *f = fopen(x, "wb");
    fputs("{\"hearth_memory\":2,\"next\":9}\n{\"id\":1,\"kind\":\"text\",\"time\":1,\"expires\":0,\"confidence\":1,\"count\":1}"
          "\n{\"text\":\n",
          f);
    fclose(f);
    T_EQ_I(sh(out, sizeof out, "%s import %s", b, x), 1);
    T_CHECK(strstr(out, "line 3") != NULL);
}

T_TEST(facts_from_the_shell) {
    char out[4000];
    const char *p = t_tmp("facts.hearth"), *d = t_tmp("facts.txt"), *x = t_tmp("facts.jsonl");
    T_EQ_I(sh(out, sizeof out, "%s facts set dry --kind tone --key tone", p), 0);
    T_EQ_I(sh(out, sizeof out, "%s facts set wild --kind tone --key tone --confidence 400 --json", p), 0);
    T_CHECK(strstr(out, "\"id\""));
    T_EQ_I(sh(out, sizeof out, "%s facts set Eva --kind person --key sister --scope home", p), 0);
    T_EQ_I(sh(out, sizeof out, "%s facts set '' --kind blocked --key politics", p), 0);
    T_EQ_I(sh(out, sizeof out, "%s facts set 'likes politics' --key hobby", p), 0);
    T_EQ_I(sh(out, sizeof out, "%s facts get tone", p), 0);
    T_CHECK(strstr(out, "dry") && strstr(out, "wild") && strstr(out, "dry") < strstr(out, "wild"));
    T_EQ_I(sh(out, sizeof out, "%s facts get nobody", p), 1);
    T_EQ_I(sh(out, sizeof out, "%s facts list --json", p), 0);
    T_CHECK(strstr(out, "sister") && strstr(out, "\"count\": 2") != strstr(out, "\"count\":2"));
    T_EQ_I(sh(out, sizeof out, "%s facts list --scope home", p), 0);
    T_CHECK(strstr(out, "Eva") && !strstr(out, "dry"));
    T_EQ_I(sh(out, sizeof out, "%s facts sing", p), 2);
    T_EQ_I(sh(out, sizeof out, "%s facts set x", p), 2);
    T_EQ_I(sh(out, sizeof out, "%s digest", p), 0);
    T_EQ_STR(out, "- Tone: tone: dry\n");
    T_EQ_I(sh(out, sizeof out, "%s digest --scope home -n 20 --json", p), 0);
    T_CHECK(strstr(out, "sister: Eva") && strstr(out, "\"tokens\""));
    const char *model = t_data("models/stories260K.gguf");
    if (model) {
        T_EQ_I(sh(out, sizeof out, "%s digest --scope home -m %s", p, model), 0);
        T_CHECK(strstr(out, "sister: Eva") != NULL);
    }
    T_EQ_I(sh(out, sizeof out, "%s dump %s", p, d), 0);
    T_EQ_I(sh(out, sizeof out, "%s load %s --json", p, d), 0);
    T_CHECK(strstr(out, "\"changed\"") && strstr(out, "0"));
    T_EQ_I(sh(out, sizeof out, "%s export %s", p, x), 0);
    FILE *f = fopen(d, "wb");
    fputs("hearth facts 1\n[tone]\n\"tone\": \"warm\"\n", f);
    fclose(f);
    T_EQ_I(sh(out, sizeof out, "%s load %s", p, d), 0);
    T_EQ_STR(out, "4 changed\n");
    T_EQ_I(sh(out, sizeof out, "%s load %s", p, x), 1);
    T_CHECK(strstr(out, "line 1, column 1") != NULL);
    T_EQ_I(sh(out, sizeof out, "%s forget --term warm", p), 0);
    T_EQ_I(sh(out, sizeof out, "%s import %s --json", p, x), 0);
    T_CHECK(strstr(out, "\"changed\"") != NULL);
    T_EQ_I(sh(out, sizeof out, "%s verify --json", p), 0);
    T_CHECK(strstr(out, "\"findings\"") && strstr(out, "\"found\""));
    T_EQ_I(sh(out, sizeof out, "%s verify", p), 0);
    T_CHECK(strstr(out, "facts     4") != NULL);
    T_EQ_I(sh(out, sizeof out, "%s reembed", p), 2);
    T_EQ_I(sh(out, sizeof out, "%s reembed -m /nonexistent", p), 1);
}

T_TEST(words_and_meaning_from_the_shell) {
    char out[4000];
    const char *p = t_tmp("both.hearth"), *model = t_data("models/stories260K.gguf"), *x = t_tmp("twice.jsonl");
    static const char *const said[4] = {"the dog runs", "a cat sleeps", "running dogs are happy", "the sun is up"};
    for (int i = 0; i < 4; i++) T_EQ_I(sh(out, sizeof out, "%s add '%s'", p, said[i]), 0);
    FILE *cache = fopen(t_tmp("both.hearth-cache"), "rb"); /* by default there is one */
    T_CHECK(cache != NULL);
    if (cache) fclose(cache);
    T_EQ_I(sh(out, sizeof out, "%s add x --no-cache", t_tmp("none.hearth")), 0);
    T_CHECK((cache = fopen(t_tmp("none.hearth-cache"), "rb")) == NULL);
    T_EQ_I(sh(out, sizeof out, "%s find dog --explain", p), 0);
    T_CHECK(strstr(out, "the dog runs") && strstr(out, "words: rank 1, BM25") && !strstr(out, "dogs") && !strstr(out, "meaning"));
    T_EQ_I(sh(out, sizeof out, "%s find run --stems --no-cache", p), 0);
    T_CHECK(strstr(out, "the dog runs") && strstr(out, "running dogs") && !strstr(out, "cat") && !strstr(out, "sun"));
    T_EQ_I(sh(out, sizeof out, "%s verify", p), 0);
    FILE *f = fopen(x, "wb");
    fputs("{\"hearth_memory\":2,\"next\":9}\n"
          "{\"id\":1,\"kind\":\"tone\",\"time\":1,\"expires\":0,\"confidence\":1,\"count\":1,\"key\":\"k\"}\n"
          "{\"id\":2,\"kind\":\"tone\",\"time\":1,\"expires\":0,\"confidence\":1,\"count\":1,\"key\":\"k\"}\n{\"end\":2}\n", f);
    fclose(f);
    T_EQ_I(sh(out, sizeof out, "%s import %s", t_tmp("empty.hearth"), x), 1);
    T_CHECK(strstr(out, "line 3") && strstr(out, "another item has this kind, scope and key"));
    if (!model) T_SKIP("no model");
    T_EQ_I(sh(out, sizeof out, "%s find dog -m %s", p, model), 1); /* nothing has vectors of it */
    T_EQ_I(sh(out, sizeof out, "%s reembed -m %s", p, model), 0);
    T_CHECK(strstr(out, "4 rebuilt in ") != NULL);
    char *hash = strchr(out, '/');
    T_CHECK(hash && strspn(hash + 1, "0123456789abcdef") == 16);
    T_EQ_I(sh(out, sizeof out, "%s find dog --explain -m %s", p, model), 0);
    T_CHECK(strstr(out, "meaning: rank ") && strstr(out, "words: not in the list") && strstr(out, "1/(60+1)"));
    T_EQ_I(sh(out, sizeof out, "%s find dog --json -m %s", p, model), 0);
    T_CHECK(strstr(out, "\"vector_rank\"") != NULL);
    char other[1000]; /* the same name, parameters and size, but one byte of the weights */
    size_t n;
    snprintf(other, sizeof other, "%s", t_tmp("other.gguf"));
    FILE *in = fopen(model, "rb"), *to = fopen(other, "wb");
    static char all[4 << 20];
    n = in ? fread(all, 1, sizeof all, in) : 0;
    T_NEED(in && to && n > 100000 && n < sizeof all);
    all[n - 5] ^= 1;
    fwrite(all, 1, n, to), fclose(to), fclose(in);
    T_EQ_I(sh(out, sizeof out, "%s find dog -m %s", p, other), 1);
    T_EQ_I(sh(out, sizeof out, "%s reembed -m %s", p, other), 0);
    T_CHECK(strstr(out, "4 rebuilt in ") != NULL);
    T_EQ_I(sh(out, sizeof out, "%s verify", p), 0);
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

T_MAIN(T_RUN(a_life_from_the_shell), T_RUN(export_and_import_give_the_same),
       T_RUN(facts_from_the_shell), T_RUN(words_and_meaning_from_the_shell),
       T_RUN(one_writer_many_readers))
