/* Structured memory: merging does not depend on the order of arrival (all permutations, and random ones, against a plain
 * maximum over the statements); the dump is a fixed point; the digest keeps its bounds; import(export(x)) is x, byte for byte;
 * an import cut at any batch goes on; verify sees what is broken; every allocation failing in turn. */
#include "tests/t.h"
#include "memory/memory.h"

static uint32_t facts_rng = 2463534242u;
static uint32_t facts_random(uint32_t n) {
    facts_rng ^= facts_rng << 13, facts_rng ^= facts_rng >> 17, facts_rng ^= facts_rng << 5;
    return facts_rng % n;
}
static hr_str str_of(const char *s) { return (hr_str){s, strlen(s)}; }
static bool open_at(hr_store *s, const char *path, const hr_allocator *m) {
    hr_store_config c = {8192, true, false, m, {NULL, 0, false, 0, 0}};
    hr_error err;
    hr_error_clear(&err);
    return t_check(hr_store_open_file(s, path, &c, &err) == HR_OK, T_HERE("opens"), "%s: %s", err.where, err.what);
}
static hr_item fact_of(uint32_t kind, const char *key, const char *text, uint64_t time, uint32_t confidence) {
    hr_item i;
    memset(&i, 0, sizeof i);
    i.kind = kind, i.key = str_of(key), i.text = str_of(text), i.time_ms = time, i.confidence = confidence;
    return i;
}
typedef struct sink {
    char data[1 << 18];
    size_t n;
} sink;
static int sink_write(void *ctx, const char *text, size_t n) {
    sink *s = ctx;
    if (n > sizeof s->data - 1 - s->n) return 1;
    memcpy(s->data + s->n, text, n);
    s->n += n;
    s->data[s->n] = 0;
    return 0;
}
static sink *save(hr_store *s, bool lines) {
    sink *k = calloc(1, sizeof *k);
    hr_error err;
    hr_error_clear(&err);
    hr_status status = lines ? hr_lines_export(s, sink_write, k, &err) : hr_facts_dump(s, sink_write, k, &err);
    t_check(status == HR_OK, T_HERE("saves"), "%s", err.what);
    return k;
}
static int count_versions(void *ctx, const hr_item *i) {
    (void)i;
    ++*(int *)ctx;
    return 0;
}

T_TEST(any_order_of_statements_gives_the_same) {
    static const char *const texts[4] = {"formal", "casual", "dry", "warm"};
    for (int round = 0; round < 40; round++) {
        char want[4][600] = {"", "", "", ""};
        hr_item st[5];
        uint32_t sum = 0;
        int n = 2 + (int)facts_random(4);
        for (int k = 0; k < n; k++) {
            st[k] = fact_of(round % 2 ? HR_KIND_INTENT : HR_KIND_TONE, "k", texts[facts_random(4)],
                            1000 + facts_random(3) * (uint64_t)2592000000u, facts_random(2) ? 1000 : 300 + facts_random(2));
            st[k].count = 1 + facts_random(3);
            st[k].source = str_of(facts_random(2) ? "chat" : "app");
            sum += st[k].count;
        }
        int best = 0; /* the documented order, spelled out again */
        for (int k = 1; k < n; k++) {
            const hr_item *a = &st[k], *b = &st[best];
            int sure = (a->confidence == 1000) - (b->confidence == 1000);
            int c = sure ? sure : a->time_ms != b->time_ms ? (a->time_ms > b->time_ms ? 1 : -1)
                  : (int)a->confidence - (int)b->confidence;
            if (c == 0) c = strcmp(a->text.data, b->text.data);
            if (c == 0) c = strcmp(a->source.data, b->source.data);
            if (c > 0) best = k;
        }
        for (int order = 0; order < 4; order++) {
            hr_store s;
            char name[40];
            uint64_t id = 0;
            snprintf(name, sizeof name, "m%d-%d.hearth", round, order);
            T_NEED(open_at(&s, t_tmp(name), NULL));
            for (int k = 0; k < n; k++) {
                hr_item *i = &st[order % 2 ? n - 1 - k : k];
                if (order >= 2) i = &st[(k + order) % n];
                T_EQ_I(hr_fact_learn(&s, i, 1u << 30, false, &id, NULL), HR_OK);
            }
            hr_item got;
            T_EQ_U(s.n_live, 1);
            T_NEED(hr_store_read(&s, hr_store_find(&s, id), &got, NULL) == HR_OK);
            T_EQ_U(got.count, sum);
            T_EQ_U(got.time_ms, st[best].time_ms);
            T_CHECK(got.text.size == st[best].text.size && memcmp(got.text.data, st[best].text.data, got.text.size) == 0);
            snprintf(want[order], 600, "%.*s|%.*s|%.*s|%u", (int)got.text.size, got.text.data, (int)got.source.size,
                     got.source.data, (int)got.tags.size, got.tags.data, got.confidence);
            T_EQ_STR(want[order], want[0]);
            hr_store_close(&s);
            remove(t_tmp(name));
        }
    }
}

T_TEST(what_lost_stays_in_history) {
    hr_store s;
    uint64_t id, again;
    int versions = 0;
    T_NEED(open_at(&s, t_tmp("h.hearth"), NULL));
    hr_item a = fact_of(HR_KIND_PERSON, "sister", "Eva", 100, 1000), b = fact_of(HR_KIND_PERSON, "sister", "Ava", 200, 400);
    hr_item c = fact_of(HR_KIND_PERSON, "sister", "Eve", 300, 1000);
    T_EQ_I(hr_fact_learn(&s, &a, 1000, false, &id, NULL), HR_OK);
    T_EQ_I(hr_fact_learn(&s, &b, 1000, false, &again, NULL), HR_OK);
    T_EQ_U(id, again);
    T_EQ_I(hr_fact_learn(&s, &c, 1000, false, &again, NULL), HR_OK);
    T_EQ_U(id, again);
    T_EQ_I(hr_fact_history(&s, id, count_versions, &versions, NULL), HR_OK);
    T_EQ_I(versions, 3);
    hr_store_close(&s);
    T_NEED(open_at(&s, t_tmp("h.hearth"), NULL));
    versions = 0;
    T_EQ_I(hr_fact_history(&s, id, count_versions, &versions, NULL), HR_OK);
    T_EQ_I(versions, 3);
    T_EQ_I(hr_store_compact(&s, NULL), HR_OK);
    versions = 0;
    T_EQ_I(hr_fact_history(&s, id, count_versions, &versions, NULL), HR_OK);
    T_EQ_I(versions, 1);
    T_EQ_I(hr_fact_history(&s, 4711, count_versions, &versions, NULL), HR_E_ARG);
    a.key.size = 0;
    T_EQ_I(hr_fact_learn(&s, &a, 1000, false, &id, NULL), HR_E_ARG);
    hr_store_close(&s);
}

T_TEST(uses_decay_by_half_lives) { /* the expected values: by hand, from the definition */
    const uint64_t half = 30 * 86400000ull;
    hr_item i = fact_of(HR_KIND_INTENT, "weather", "", 10 * half + 5, 1000);
    hr_fact_uses u, v, w;
    i.count = 3;
    hr_fact_get_uses(&i, &u);
    T_CHECK(u.epoch == 10 && u.bin[0] == 3);
    T_EQ_U(hr_fact_weight(&u, 10 * half), 3u << 16);
    T_EQ_U(hr_fact_weight(&u, 12 * half), 3u << 14);
    memset(&v, 0, sizeof v);
    v.epoch = 8, v.bin[0] = 4, v.bin[7] = 9;
    w = v;
    hr_fact_add_uses(&w, &u, false);
    hr_fact_add_uses(&u, &v, false);
    T_EQ_MEM(&u, &w, sizeof u);
    T_CHECK(u.epoch == 10 && u.bin[0] == 3 && u.bin[2] == 4 && u.bin[7] == 0);
    T_EQ_U(hr_fact_weight(&u, 10 * half), (3u << 16) + (4u << 14));
    hr_fact_add_uses(&w, &w, true);
    T_EQ_MEM(&u, &w, sizeof u);
    i.tags = str_of("a,uses:7:1:x");
    hr_fact_get_uses(&i, &u);
    T_EQ_U(u.bin[0], 3);
    i.tags = str_of("a,uses:7:1:2:3");
    hr_fact_get_uses(&i, &u);
    T_CHECK(u.epoch == 7 && u.bin[0] == 1 && u.bin[2] == 3);
}

static void fill_random(hr_store *s, int n) {
    static const char *const odd[] = {"tea", "a \"b\" \\ \n\t\x01", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                      "",    "# not a comment",     "[tone]"};
    for (int k = 0; k < n; k++) {
        char key[20];
        uint64_t id;
        float v[3] = {(float)facts_random(1000) / 7.0f, -0.0f, 1e-40f};
        snprintf(key, sizeof key, "k%u", facts_random(12));
        hr_item i = fact_of(facts_random(7), key, odd[facts_random(6)], 1 + facts_random(1u << 30) * 1000ull,
                            facts_random(3) ? 1000 : 500);
        i.scope = str_of(facts_random(2) ? "home" : ""), i.source = str_of(odd[facts_random(3)]);
        i.tags = str_of(facts_random(2) ? "x,y" : "");
        if (facts_random(4) == 0) i.expires_ms = 1u << 31;
        if (facts_random(5) == 0) i.expires_ms = UINT64_MAX;
        if (i.kind == HR_KIND_TEXT) {
            i.key.size = 0;
            if (facts_random(2)) i.vector = v, i.dim = 3, i.space = facts_random(2) ? "m/mean" : "n";
            T_EQ_I(hr_store_put(s, &i, 1, NULL), HR_OK);
            if (facts_random(6) == 0) T_EQ_I(hr_store_delete(s, &i.id, 1, NULL), HR_OK);
        } else {
            T_EQ_I(hr_fact_learn(s, &i, 1000, false, &id, NULL), HR_OK);
        }
    }
}

T_TEST(the_dump_is_a_fixed_point) {
    hr_store s, b;
    hr_error err;
    uint64_t changed, removed;
    for (int round = 0; round < 10; round++) {
        T_NEED(open_at(&s, t_tmp("d.hearth"), NULL) && open_at(&b, t_tmp("e.hearth"), NULL));
        fill_random(&s, 60);
        sink *x = save(&s, false);
        hr_error_clear(&err);
        uint64_t lsn = s.log.next_lsn;
        t_check(hr_facts_load(&s, x->data, x->n, &changed, &removed, &err) == HR_OK, T_HERE("loads"), "%s", err.what);
        T_CHECK(changed == 0 && removed == 0 && s.log.next_lsn == lsn);
        T_EQ_I(hr_facts_load(&b, x->data, x->n, &changed, &removed, &err), HR_OK);
        T_CHECK(changed > 5 && removed == 0);
        sink *y = save(&b, false);
        T_EQ_STR(y->data, x->data);
        const char *less = "hearth facts 1\n[value]\n# mine\n\"k1\": \"by hand\"\n";
        T_EQ_I(hr_facts_load(&b, less, strlen(less), &changed, &removed, &err), HR_OK);
        T_CHECK(changed == 1 && removed > 3 && b.n_live == 1);
        free(x), free(y);
        hr_store_close(&s), hr_store_close(&b);
        remove(t_tmp("d.hearth")), remove(t_tmp("e.hearth"));
    }
}

T_TEST(a_wrong_dump_names_its_place) {
    static const struct { const char *text, *place;
    } wrong[] = {{"", "line 1, column 1"},
                 {"hearth facts 2\n", "line 1, column 1"},
                 {"hearth facts 1\n\"a\": \"b\"\n", "line 2, column 1"},
                 {"hearth facts 1\n[tune]\n", "line 2, column 2"},
                 {"hearth facts 1\n[tone\n", "line 2, column 6"},
                 {"hearth facts 1\n[tone]\n\"a\" \"b\"\n", "line 3, column 4"},
                 {"hearth facts 1\n[tone]\n\"\": \"b\"\n", "line 3, column 3"},
                 {"hearth facts 1\n[tone]\n\"a\": \"b\n", "line 3, column 8"},
                 {"hearth facts 1\n[tone]\n\"a\": \"\\q\"\n", "line 3, column 9"},
                 {"hearth facts 1\n[tone]\n\"a\": \"\\ud800\"\n", "surrogate"},
                 {"hearth facts 1\n[tone]\n\"a\": \"\xff\"\n", "UTF-8"},
                 {"hearth facts 1\n[tone]\n\"a\": \"b\" confidence=1001\n", "too large"},
                 {"hearth facts 1\n[tone]\n\"a\": \"b\" count=07\n", "line 3, column 16"},
                 {"hearth facts 1\n[tone]\n\"a\": \"b\" count=1 count=1\n", "twice"},
                 {"hearth facts 1\n[tone]\n\"a\": \"b\" colour=1\n", "line 3"},
                 {"hearth facts 1\n[tone]\n\"a\": \"b\" time=2026-02-29T00:00:00.000Z\n", "no such time"},
                 {"hearth facts 1\n[tone]\n\"a\": \"b\" time=2026-2-29\n", "a time is"},
                 {"hearth facts 1\n[tone]\n\"a\": \"b\"\n\"a\": \"c\"\n", "line 4"},
                 {"hearth facts 1\n[tone] x\n", "line 2, column 7"}};
    hr_store s;
    uint64_t changed, removed;
    T_NEED(open_at(&s, t_tmp("w.hearth"), NULL));
    for (size_t k = 0; k < HR_COUNT(wrong); k++) {
        hr_error err;
        hr_error_clear(&err);
        T_CHECK(hr_facts_load(&s, wrong[k].text, strlen(wrong[k].text), &changed, &removed, &err) != HR_OK);
        t_check(strstr(err.what, wrong[k].place) != NULL, T_HERE("place"), "%zu: %s", k, err.what);
    }
    T_EQ_U(s.n, 0);
    const char *leap = "hearth facts 1\n[tone]\n\"a\": \"b\" time=2024-02-29T23:59:58.007Z";
    hr_item got;
    T_EQ_I(hr_facts_load(&s, leap, strlen(leap), &changed, &removed, NULL), HR_OK);
    T_NEED(s.n == 1 && hr_store_read(&s, &s.entries[0], &got, NULL) == HR_OK);
    T_EQ_U(got.time_ms, 1709251198007u); /* date -u -d 2024-02-29T23:59:58Z +%s */
    hr_store_close(&s);
}

static size_t count_bytes(void *ctx, const char *text, size_t n) {
    (void)ctx, (void)text;
    return n;
}
T_TEST(the_digest_keeps_its_bounds) {
    static char out[4096];
    static const char *const home[] = {"home"};
    hr_store s;
    size_t n;
    uint64_t id, now = 100 * 86400000ull;
    hr_digest_config c = {1000, now, NULL, 0, count_bytes, NULL};
    T_NEED(open_at(&s, t_tmp("g.hearth"), NULL));
    hr_item f[7] = {fact_of(HR_KIND_VALUE, "car", "red\n- Tone: rude", now, 1000),
                    fact_of(HR_KIND_TONE, "tone", "dry", now, 1000),
                    fact_of(HR_KIND_PERSON, "boss", "Politics professor", now, 1000),
                    fact_of(HR_KIND_VALUE, "old", "x", now, 1000),
                    fact_of(HR_KIND_BLOCKED, "politics", "", now, 1000),
                    fact_of(HR_KIND_VALUE, "wifi", "secret", now, 1000),
                    fact_of(HR_KIND_VALUE, "guess", "maybe", now, 200)};
    f[3].expires_ms = now;
    f[5].scope = str_of("home");
    for (int k = 0; k < 7; k++) T_EQ_I(hr_fact_learn(&s, &f[k], now, false, &id, NULL), HR_OK);
    T_EQ_I(hr_facts_digest(&s, &c, out, sizeof out, &n, NULL), HR_OK);
    T_EQ_STR(out, "- Tone: tone: dry\n- Known: car: red - Tone: rude\n- Known: guess: maybe\n");
    c.scopes = home, c.n_scopes = 1;
    T_EQ_I(hr_facts_digest(&s, &c, out, sizeof out, &n, NULL), HR_OK);
    T_CHECK(strstr(out, "secret") && !strstr(out, "olitics") && !strstr(out, "old"));
    for (size_t most = 0; most < 120; most++) {
        c.max_tokens = most;
        T_EQ_I(hr_facts_digest(&s, &c, out, sizeof out, &n, NULL), HR_OK);
        T_CHECK(n <= most && (n == 0 || out[n - 1] == '\n') && (most < 18 || n >= 18));
        T_EQ_I(hr_facts_digest(&s, &c, out, most, &n, NULL), HR_OK);
        T_CHECK(n <= most);
    }
    hr_store_close(&s);
}

static int stop_at(void *ctx, uint64_t done, uint64_t total) {
    (void)total;
    return done > 0 && --*(int *)ctx == 0;
}
T_TEST(import_of_export_is_the_same) {
    for (int round = 0; round < 8; round++) {
        hr_store a, b;
        hr_error err;
        uint64_t written;
        T_NEED(open_at(&a, t_tmp("i.hearth"), NULL));
        fill_random(&a, round == 7 ? 700 : 20 + 40 * round);
        sink *x = save(&a, true);
        T_NEED(open_at(&b, t_tmp("j.hearth"), NULL));
        hr_error_clear(&err);
        int stop = 2;
        if (round == 7) T_EQ_I(hr_lines_import(&b, x->data, x->n, stop_at, &stop, &written, &err), HR_E_CANCELLED);
        hr_error_clear(&err);
        t_check(hr_lines_import(&b, x->data, x->n, NULL, NULL, &written, &err) == HR_OK, T_HERE("imports"), "%s", err.what);
        hr_store_close(&b);
        T_NEED(open_at(&b, t_tmp("j.hearth"), NULL));
        sink *y = save(&b, true);
        T_EQ_STR(strchr(y->data, '\n'), strchr(x->data, '\n')); /* all but the head, which has the next number */
        T_EQ_I(hr_lines_import(&b, x->data, x->n, NULL, NULL, &written, &err), HR_OK);
        T_EQ_U(written, 0); /* again: nothing to do */
        hr_item fresh = fact_of(HR_KIND_TEXT, "", "new", 1, 1000);
        T_EQ_I(hr_store_put(&b, &fresh, 1, &err), HR_OK);
        T_CHECK(fresh.id >= a.log.next_lsn); /* no id of the other store comes twice */
        free(x), free(y);
        hr_store_close(&a), hr_store_close(&b);
        remove(t_tmp("i.hearth")), remove(t_tmp("j.hearth"));
    }
}

T_TEST(import_into_another_store_merges) {
    hr_store a, b;
    uint64_t id, written;
    T_NEED(open_at(&a, t_tmp("o.hearth"), NULL) && open_at(&b, t_tmp("p.hearth"), NULL));
    fill_random(&a, 40);
    hr_item mine = fact_of(HR_KIND_TONE, "k1", "mine", UINT64_MAX / 2, 1000), text = fact_of(0, "", "text", 1, 1000);
    T_EQ_I(hr_store_put(&b, &text, 1, NULL), HR_OK);
    T_EQ_I(hr_fact_learn(&b, &mine, 1000, false, &id, NULL), HR_OK);
    sink *x = save(&a, true);
    T_EQ_I(hr_lines_import(&b, x->data, x->n, NULL, NULL, &written, NULL), HR_OK);
    uint32_t live = b.n_live;
    T_EQ_I(hr_lines_import(&b, x->data, x->n, NULL, NULL, &written, NULL), HR_OK);
    T_EQ_U(b.n_live, live);
    hr_item got;
    T_NEED(hr_store_read(&b, hr_store_find(&b, id), &got, NULL) == HR_OK);
    T_EQ_MEM(got.text.data, "mine", 4);
    hr_verify_counts counts;
    T_EQ_I(hr_store_verify(&b, NULL, NULL, &counts, NULL), HR_OK);
    T_EQ_U(counts.findings, 0);
    /* cut short anywhere, or with any byte gone: an error before anything is written, or the same meaning */
    uint32_t n = b.n;
    for (size_t cut = 0; cut < x->n; cut += 1 + x->n / 300) {
        hr_error err;
        hr_error_clear(&err);
        T_CHECK(hr_lines_import(&b, x->data, cut, NULL, NULL, &written, &err) != HR_OK);
        T_CHECK(strstr(err.what, "line ") != NULL);
    }
    T_EQ_U(b.n, n);
    free(x);
    hr_store_close(&a), hr_store_close(&b);
}

/* a version without the one that replaced it would come back to life */
T_TEST(old_versions_need_a_living_one) {
    static const char item[] =
        "\"kind\":\"person\",\"time\":5,\"expires\":0,\"confidence\":700,\"count\":1,\"key\":\"k\",\"text\":";
    static const struct { const char *a, *b; int status; } cases[] = {
        {"{\"id\":4,\"old\":true,", "{\"id\":4,", HR_OK},
        {"{\"id\":4,", "{\"id\":4,\"old\":true,", HR_E_FORMAT},
        {"{\"id\":4,\"old\":true,", "{\"id\":5,", HR_E_FORMAT},
        {"{\"id\":4,\"old\":true,", "{\"id\":4,\"old\":true,", HR_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hr_store a;
        hr_error err;
        uint64_t written;
        char text[600];
        T_NEED(open_at(&a, t_tmp("v.hearth"), NULL));
        int n = snprintf(text, sizeof text, "{\"hearth_memory\":2,\"next\":9}\n%s%s\"Eva\"}\n%s%s\"Ava\"}\n{\"end\":2}\n",
                         cases[i].a, item, cases[i].b, item);
        T_EQ_I(hr_lines_import(&a, text, (size_t)n, NULL, NULL, &written, &err), cases[i].status);
        T_EQ_U(a.n_live, cases[i].status == HR_OK);
        hr_store_close(&a);
        remove(t_tmp("v.hearth"));
    }
}

static int embed_length(void *ctx, const char *text, size_t n, float *out) {
    (void)text;
    out[0] = (float)n + 1, out[1] = 1, out[2] = 0;
    return ctx != NULL && --*(int *)ctx < 0;
}
T_TEST(vectors_are_built_anew_in_steps) {
    hr_store s;
    hr_hit hits[5];
    hr_filter any = HR_FILTER_ANY;
    size_t n;
    uint64_t left;
    float v[3] = {1, 2, 3};
    T_NEED(open_at(&s, t_tmp("r.hearth"), NULL));
    for (int k = 0; k < 20; k++) {
        hr_item i = fact_of(0, "", "some words", 5, 1000);
        i.vector = v, i.dim = 3, i.space = "old";
        T_EQ_I(hr_store_put(&s, &i, 1, NULL), HR_OK);
    }
    T_EQ_I(hr_vector_find(&s, "new", v, 3, &any, 0, hits, 5, &n, NULL), HR_E_ARG); /* same dimension, another space */
    for (uint64_t expect = 20; expect > 0;) {
        int stop = 3; /* the fourth text stops it: as a cut would */
        hr_status status = hr_store_reembed(&s, "new", 3, embed_length, &stop, 7, &left, NULL);
        T_EQ_I(status, expect > 3 ? HR_E_CANCELLED : HR_OK);
        expect -= expect < 3 ? expect : 3;
        hr_store_close(&s);
        T_NEED(open_at(&s, t_tmp("r.hearth"), NULL));
        T_EQ_I(hr_store_reembed(&s, "new", 3, embed_length, NULL, 0, &left, NULL), HR_OK);
        T_EQ_U(left, expect);
        T_EQ_I(hr_lexical_find(&s, str_of("words"), &any, 0, hits, 5, &n, NULL), HR_OK);
        T_EQ_U(n, 5); /* text search never stops */
    }
    T_EQ_I(hr_vector_find(&s, "old", v, 3, &any, 0, hits, 5, &n, NULL), HR_E_ARG);
    T_EQ_I(hr_vector_find(&s, "new", v, 3, &any, 0, hits, 5, &n, NULL), HR_OK);
    T_EQ_U(n, 5);
    hr_verify_counts c;
    T_EQ_I(hr_store_verify(&s, NULL, NULL, &c, NULL), HR_OK);
    T_CHECK(c.items == 20 && c.vectors == 20 && c.findings == 0 && c.versions == 20);
    s.entries[25].time_ms++, s.entries[26].lsn++, s.entries[27].vec_lsn++; /* an index that lies is found out */
    T_EQ_I(hr_store_verify(&s, NULL, NULL, &c, NULL), HR_OK);
    T_CHECK(c.findings >= 3);
    hr_store_close(&s);
}

/* --- every allocation fails once ------------------------------------------------------------------------------------------------ */
static long alloc_left;
static void *alloc_some(void *ctx, size_t size, size_t align) {
    (void)ctx;
    if (alloc_left-- == 0) return NULL;
    const hr_allocator *d = hr_allocator_default();
    return d->alloc(d->ctx, size, align);
}
static void alloc_free(void *ctx, void *p, size_t size) {
    (void)ctx;
    const hr_allocator *d = hr_allocator_default();
    d->free(d->ctx, p, size);
}
T_TEST(no_memory_is_an_error_and_nothing_else) {
    static const hr_allocator some = {alloc_some, alloc_free, NULL};
    static char out[1000];
    hr_store a;
    T_NEED(open_at(&a, t_tmp("q.hearth"), NULL));
    fill_random(&a, 30);
    sink *x = save(&a, true), *y = save(&a, false), *z = calloc(1, sizeof *z);
    hr_store_close(&a);
    bool whole = false;
    for (long fail = 0; fail < 3000 && !whole; fail++) {
        hr_store s;
        hr_store_config c = {8192, true, false, &some, {NULL, 0, false, 0, 0}};
        uint64_t id, id2;
        size_t n;
        int versions = 0;
        hr_verify_counts counts;
        hr_digest_config d = {500, 1000, NULL, 0, count_bytes, NULL};
        hr_item f = fact_of(HR_KIND_TONE, "k1", "t", 7, 500), g = f;
        g.text = str_of("u");
        alloc_left = fail;
        remove(t_tmp("v.hearth"));
        hr_status st = hr_store_open_file(&s, t_tmp("v.hearth"), &c, NULL);
        bool opened = st == HR_OK;
        if (st == HR_OK) st = hr_lines_import(&s, x->data, x->n, NULL, NULL, &id, NULL);
        if (st == HR_OK) st = hr_fact_learn(&s, &f, 8, false, &id, NULL);
        if (st == HR_OK) st = hr_fact_learn(&s, &g, 8, false, &id, NULL);
        if (st == HR_OK) st = hr_fact_history(&s, id, count_versions, &versions, NULL);
        if (st == HR_OK) st = hr_facts_digest(&s, &d, out, sizeof out, &n, NULL);
        if (st == HR_OK) st = hr_facts_load(&s, y->data, y->n, &id, &id2, NULL);
        if (st == HR_OK) st = hr_store_reembed(&s, "z", 3, embed_length, NULL, 9, &id, NULL);
        if (st == HR_OK) st = hr_lines_export(&s, sink_write, z, NULL);
        if (st == HR_OK) st = hr_store_verify(&s, NULL, NULL, &counts, NULL);
        z->n = 0;
        whole = alloc_left >= 0;
        if (whole) T_EQ_I(st, HR_OK);
        else T_CHECK(st == HR_E_MEMORY || st == HR_OK); /* verify reports what it could not look at */
        if (opened) hr_store_close(&s);
    }
    T_CHECK(whole);
    free(x), free(y), free(z);
}

T_MAIN(T_RUN(any_order_of_statements_gives_the_same), T_RUN(what_lost_stays_in_history), T_RUN(uses_decay_by_half_lives),
       T_RUN(the_dump_is_a_fixed_point), T_RUN(a_wrong_dump_names_its_place), T_RUN(the_digest_keeps_its_bounds),
       T_RUN(import_of_export_is_the_same), T_RUN(import_into_another_store_merges), T_RUN(old_versions_need_a_living_one),
       T_RUN(vectors_are_built_anew_in_steps), T_RUN(no_memory_is_an_error_and_nothing_else))
