/* The side cache against the log itself: whatever happens to the cache, a store opened with it must answer as one opened
 * without. That other store is the reference of every test here. */
#include "tests/t.h"
#include "engine/hearth.h"
#include "memory/cache.h"
#include "memory/memory.h"
#include "memory/vectors.h"

enum { DIM = 24, SEGMENT = 8192 };
static uint32_t rng = 2463534242u;
static uint32_t next_random(void) {
    rng ^= rng << 13, rng ^= rng >> 17, rng ^= rng << 5;
    return rng;
}
static const hr_allocator *memory;
static bool open_as(hr_store *s, const char *path, bool write, bool cached) {
    hr_store_config c = {SEGMENT, write, false, memory, {NULL, 0, false, 0, 0}};
    return (cached ? hr_store_open_cached : hr_store_open_file)(s, path, &c, NULL) == HR_OK;
}
static uint8_t *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    *n = 0;
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *p = malloc(*n + 1);
    if (fread(p, 1, *n, f) != *n) *n = 0;
    fclose(f);
    return p;
}
static void spill(const char *path, const uint8_t *p, size_t n) {
    FILE *f = fopen(path, "wb");
    T_CHECK(f && fwrite(p, 1, n, f) == n);
    if (f) fclose(f);
}
static bool has_bytes(const char *path, const void *word, size_t m) {
    size_t n;
    uint8_t *p = slurp(path, &n);
    bool yes = false;
    for (size_t i = 0; p && i + m <= n && !yes; i++) yes = memcmp(p + i, word, m) == 0;
    free(p);
    return yes;
}
static bool has(const char *path, const char *word) { return has_bytes(path, word, strlen(word)); }

static void vector_of(uint32_t k, float v[DIM]) {
    for (uint32_t i = 0; i < DIM; i++) v[i] = (float)((k * 7919u + i * 104729u + (k ^ i) * 31u) % 1009u) - 504.0f;
}
static hr_status put_one(hr_store *s, uint32_t k, uint64_t id, const char *text) {
    static const char *const words[4] = {"tea", "coffee", "teapot", "water"};
    char line[120], key[16];
    float v[DIM];
    hr_item it;
    memset(&it, 0, sizeof it);
    snprintf(line, sizeof line, "%s %s number%u", text, words[k % 4], k);
    snprintf(key, sizeof key, "k%u", k % 13);
    it.id = id;
    it.text = (hr_str){line, strlen(line)};
    it.scope = k % 3 ? (hr_str){"home", 4} : (hr_str){"work", 4};
    if (k % 5 == 0) it.kind = HR_KIND_VALUE, it.key = (hr_str){key, strlen(key)};
    vector_of(k, v);
    if (k % 4) it.vector = v, it.dim = DIM, it.space = k % 7 ? "one" : "two";
    return hr_store_put(s, &it, 1, NULL);
}

/* all answers of two stores are the same, apart from where they lie in entries */
static bool same_hits(hr_store *a, hr_store *b, const hr_hit *x, const hr_hit *y, size_t n, size_t m) {
    if (n != m) return false;
    for (size_t i = 0; i < n; i++) {
        if (a->entries[x[i].entry].id != b->entries[y[i].entry].id || x[i].score != y[i].score) return false;
    }
    return true;
}
static bool same_answers(hr_store *a, hr_store *b) {
    static const char *const query[3] = {"tea number7", "tea*", "\"coffee number5\" water"};
    hr_filter any = HR_FILTER_ANY, home = any;
    hr_hit x[20], y[20];
    size_t n, m;
    home.scope = (hr_str){"home", 4};
    if (a->n_live != b->n_live || a->n_spaces != b->n_spaces) return false;
    for (uint32_t i = 0; i < b->n; i++) {
        hr_item p, q;
        char text[200];
        if (!b->entries[i].live) continue;
        hr_entry *e = hr_store_find(a, b->entries[i].id);
        if (e == NULL || hr_store_read(a, e, &p, NULL) != HR_OK || p.text.size >= sizeof text) return false;
        memcpy(text, p.text.data, p.text.size);
        size_t size = p.text.size;
        if (hr_store_read(b, &b->entries[i], &q, NULL) != HR_OK || q.text.size != size) return false;
        if (memcmp(q.text.data, text, size) != 0) return false;
    }
    for (int i = 0; i < 3; i++) {
        hr_str w = {query[i], strlen(query[i])};
        if (hr_lexical_find(a, w, i ? &home : &any, 0, x, 20, &n, NULL) != HR_OK) return false;
        if (hr_lexical_find(b, w, i ? &home : &any, 0, y, 20, &m, NULL) != HR_OK || !same_hits(a, b, x, y, n, m)) return false;
        float v[DIM];
        vector_of(next_random() % 400, v);
        hr_status one = hr_vector_find(a, i == 2 ? "two" : "one", v, DIM, i ? &home : &any, 0, x, 20, &n, NULL);
        hr_status two = hr_vector_find(b, i == 2 ? "two" : "one", v, DIM, i ? &home : &any, 0, y, 20, &m, NULL);
        if (one != two || (one == HR_OK && !same_hits(a, b, x, y, n, m))) return false;
    }
    return true;
}
/* opens both ways for reading; *used: the cache was believed */
static bool same_stores(const char *path, bool *used) {
    hr_store a, b;
    if (!open_as(&a, path, false, true)) return false;
    *used = hr_cache_reach(&a, HR_CACHE_ROWS) != 0;
    bool ok = open_as(&b, path, false, false);
    ok = ok && same_answers(&a, &b);
    hr_store_close(&a);
    hr_store_close(&b);
    return ok;
}
static bool make_store(const char *path, uint32_t n) {
    hr_store s;
    remove(path);
    bool ok = open_as(&s, path, true, true);
    for (uint32_t k = 0; k < n && ok; k++) ok = put_one(&s, k, 0, "likes") == HR_OK;
    ok = ok && same_answers(&s, &s); /* both lists are used, so both are written */
    hr_store_close(&s);
    return ok;
}

static const char *last_what;
static void on_finding(void *ctx, const char *what, uint64_t id, const char *detail) {
    (void)ctx, (void)id, (void)detail;
    last_what = what;
}
static uint64_t findings(hr_store *s) {
    hr_verify_counts c;
    last_what = "";
    return hr_store_verify(s, on_finding, NULL, &c, NULL) == HR_OK ? c.findings : 999;
}

T_TEST(a_life_with_a_cache) {
    const char *path = t_tmp("life.hearth");
    uint32_t believed = 0;
    hr_store s;
    remove(path);
    for (uint32_t round = 0; round < 40; round++) {
        bool used;
        T_NEED(open_as(&s, path, true, round % 5 != 4));
        for (uint32_t k = 0; k < next_random() % 60; k++) {
            uint32_t at = s.n ? next_random() % s.n : 0;
            uint64_t id = s.n && s.entries[at].live ? s.entries[at].id : 0;
            uint32_t what = next_random() % 8;
            if (what == 0 && id) T_EQ_I(hr_store_delete(&s, &id, 1, NULL), HR_OK);
            else if (what > 2 || id == 0) T_EQ_I(put_one(&s, next_random() % 400, 0, "has"), HR_OK);
            else (void)put_one(&s, next_random() % 400, id, "has"); /* refused where another one has the key */
        }
        if (round % 7 == 6) T_EQ_I(hr_store_compact(&s, NULL), HR_OK);
        if (round % 3 == 0 && s.n_live) T_CHECK(same_answers(&s, &s));
        T_EQ_U(findings(&s), 0);
        hr_store_close(&s);
        T_NEED(same_stores(path, &used));
        believed += used;
    }
    T_CHECK(believed > 10); /* else nothing was tested */
}

T_TEST(any_byte_of_the_cache_flipped_or_cut) {
    const char *path = t_tmp("flip.hearth"), *cache = t_tmp("flip.hearth-cache");
    size_t n;
    bool used;
    T_NEED(make_store(path, 24));
    uint8_t *p = slurp(cache, &n), *truth = slurp(cache, &n);
    T_NEED(p && truth && n > 4096 && same_stores(path, &used) && used);
    uint32_t believed = 0;
    const bool every = getenv("HEARTH_EVERY_BYTE") != NULL; /* a minute; else every 11th behind the head */
    hr_store plain;
    T_NEED(open_as(&plain, path, false, false));
    for (size_t i = 0; i < n; i++) {
        hr_store s;
        if (!every && i >= 640 && i != 4092 && i % 11 != 3) continue;
        p[i] ^= (uint8_t)(1u << next_random() % 8);
        FILE *f = fopen(cache, "r+b"); /* one byte, there and back */
        T_NEED(f && fseek(f, (long)i, SEEK_SET) == 0 && fwrite(p + i, 1, 1, f) == 1 && fclose(f) == 0);
        T_NEED(open_as(&s, path, false, true));
        used = hr_cache_reach(&s, HR_CACHE_ROWS) != 0;
        bool same = same_answers(&s, &plain);
        hr_store_close(&s);
        T_NEED(t_check(same, T_HERE("flip"), "byte %zu", i));
        p[i] = truth[i];
        f = fopen(cache, "r+b");
        T_NEED(f && fseek(f, (long)i, SEEK_SET) == 0 && fwrite(p + i, 1, 1, f) == 1 && fclose(f) == 0);
        believed += used;
    }
    hr_store_close(&plain);
    T_CHECK(same_stores(path, &used) && used);
    T_CHECK(believed > 0); /* padding, and sections that are looked at later */
    for (size_t i = 0; i < n; i += 197) {
        spill(cache, p, i);
        T_NEED(t_check(same_stores(path, &used), T_HERE("cut"), "at %zu", i));
    }
    free(p), free(truth);
}

T_TEST(verify_looks_everywhere) {
    const char *path = t_tmp("verify.hearth"), *cache = t_tmp("verify.hearth-cache");
    size_t n, m;
    hr_store s;
    T_NEED(make_store(path, 60));
    uint8_t *p = slurp(cache, &n), *log = slurp(path, &m);
    T_NEED(p && log && open_as(&s, path, false, true));
    T_EQ_U(findings(&s), 0);
    hr_vec_column *c = &s.columns->space[0]; /* what is used differs from the log in one thing */
    c->rows[5] ^= 1;
    T_CHECK(findings(&s) == 1 && strcmp(last_what, "columns") == 0);
    c->rows[5] ^= 1;
    c->norm[2].length += 1;
    T_CHECK(findings(&s) == 1 && strcmp(last_what, "columns") == 0);
    c->norm[2].length -= 1;
    c->n--;
    T_CHECK(findings(&s) == 1 && strcmp(last_what, "columns") == 0);
    c->n++;
    uint32_t at = 0;
    while (!s.entries[at].live) at++;
    s.entries[at].n_words++;
    T_CHECK(findings(&s) == 1 && strcmp(last_what, "words") == 0);
    s.entries[at].time_ms++; /* looking has mended the other */
    T_CHECK(findings(&s) == 1 && strcmp(last_what, "item") == 0);
    hr_store_close(&s);
    for (size_t i = 4096; i < n; i += n / 23) { /* a section of the cache, or what lies between two */
        p[i] ^= 16;
        spill(cache, p, n);
        T_NEED(open_as(&s, path, false, true));
        uint64_t found = findings(&s);
        T_CHECK(found == 0 || (found == 1 && strcmp(last_what, "cache") == 0));
        hr_store_close(&s);
        p[i] ^= 16;
    }
    p[300] ^= 1;
    spill(cache, p, n);
    T_NEED(open_as(&s, path, false, true));
    T_CHECK(findings(&s) == 1 && strcmp(last_what, "cache") == 0);
    hr_store_close(&s);
    p[300] ^= 1;
    spill(cache, p, n);
    T_NEED(open_as(&s, path, false, true));
    size_t hurt = 8192 + (size_t)s.entries[2].loc.seg * SEGMENT + s.entries[2].loc.at + 32 + 60;
    hr_store_close(&s);
    log[hurt] ^= 4; /* in an old segment: open believes the cache */
    spill(path, log, m);
    T_NEED(open_as(&s, path, false, true));
    T_CHECK(s.log.damage.places == 0 && findings(&s) >= 2);
    hr_store_close(&s);
    free(p), free(log);
}

T_TEST(another_log_or_an_older_one) {
    const char *path = t_tmp("old.hearth"), *cache = t_tmp("old.hearth-cache"), *other = t_tmp("new.hearth");
    size_t n, m, l;
    bool used;
    hr_store s;
    T_NEED(make_store(path, 40));
    uint8_t *log = slurp(path, &n);
    T_NEED(open_as(&s, path, true, true));
    for (uint32_t k = 0; k < 400; k++) T_EQ_I(put_one(&s, k, 0, "drinks"), HR_OK);
    hr_store_close(&s);
    T_CHECK(same_stores(path, &used) && used);
    uint8_t *newer = slurp(cache, &m);
    spill(path, log, n); /* a backup comes back under a cache that has seen more */
    T_CHECK(same_stores(path, &used) && !used);
    T_NEED(open_as(&s, path, true, false)); /* and goes another way, with records of the same sizes and numbers */
    for (uint32_t k = 0; k < 400; k++) T_EQ_I(put_one(&s, k, 0, "brings"), HR_OK);
    hr_store_close(&s);
    spill(cache, newer, m);
    T_CHECK(same_stores(path, &used) && !used);
    T_NEED(make_store(other, 40)); /* the cache of another store */
    uint8_t *others = slurp(t_tmp("new.hearth-cache"), &l);
    spill(cache, others, l);
    T_CHECK(same_stores(path, &used) && !used);
    T_NEED(open_as(&s, path, true, true)); /* closing makes it right */
    T_CHECK(same_answers(&s, &s));
    hr_store_close(&s);
    T_CHECK(same_stores(path, &used) && used);
    remove(cache);
    T_CHECK(same_stores(path, &used) && !used);
    free(log), free(newer), free(others);
}

T_TEST(another_way_within_one_segment) { /* the same salts: only the bytes differ */
    const char *path = t_tmp("fork.hearth"), *cache = t_tmp("fork.hearth-cache");
    size_t n;
    bool used;
    hr_store s;
    uint32_t made = 20, head;
    do {
        T_NEED(make_store(path, made++));
        T_NEED(open_as(&s, path, true, false));
        head = hr_log_room(&s.log) > 1000 ? s.log.head : UINT32_MAX;
        hr_store_close(&s);
    } while (head == UINT32_MAX && made < 40);
    uint8_t *log = slurp(path, &n);
    remove(cache);
    T_NEED(open_as(&s, path, true, true));
    T_EQ_I(put_one(&s, 101, 0, "drinks"), HR_OK);
    T_CHECK(s.log.head == head && same_answers(&s, &s));
    uint64_t lsn = s.log.next_lsn;
    hr_store_close(&s);
    T_CHECK(same_stores(path, &used) && used);
    spill(path, log, n);
    T_NEED(open_as(&s, path, true, false));
    T_EQ_I(put_one(&s, 109, 0, "brings"), HR_OK);
    T_CHECK(s.log.head == head && s.log.next_lsn == lsn);
    hr_store_close(&s);
    T_CHECK(same_stores(path, &used) && !used);
    free(log);
}

T_TEST(the_cache_forgets_too) {
    const char *path = t_tmp("forget.hearth"), *cache = t_tmp("forget.hearth-cache"), *half = t_tmp("forget.hearth-cache~");
    bool used;
    for (int way = 0; way < 3; way++) { /* forget; forget without the cache; delete and compact */
        hr_store s;
        uint64_t n = 0;
        hr_filter f = HR_FILTER_ANY;
        f.term = (hr_str){"zanzibar", 8};
        T_NEED(make_store(path, 30));
        T_NEED(open_as(&s, path, true, true));
        hr_item it;
        memset(&it, 0, sizeof it);
        it.text = (hr_str){"to Zanzibar", 11}, it.scope = (hr_str){"journeys", 8};
        T_EQ_I(hr_store_put(&s, &it, 1, NULL), HR_OK);
        uint64_t id = it.id, scope = s.entries[s.n - 1].scope_hash;
        hr_store_close(&s);
        remove(cache);
        T_NEED(open_as(&s, path, true, true));
        T_CHECK(same_answers(&s, &s));
        hr_store_close(&s);
        T_CHECK(has(cache, "zanzibar") && has_bytes(cache, &scope, 8)); /* folded in the pool */
        spill(half, (const uint8_t *)"zanzibar", 8); /* a writer died here */
        T_NEED(open_as(&s, path, true, way != 1));
        if (way < 2) T_EQ_I(hr_store_forget(&s, &f, &n, NULL), HR_OK);
        if (way == 2) T_EQ_I(hr_store_delete(&s, &id, 1, NULL), HR_OK);
        if (way == 2) T_EQ_I(hr_store_compact(&s, NULL), HR_OK);
        T_CHECK(!has(cache, "zanzibar") && !has(half, "zanzibar") && !has(path, "zanzibar") && (way == 2 || n == 1));
        T_CHECK(same_answers(&s, &s));
        hr_store_close(&s);
        T_CHECK(!has(cache, "zanzibar") && !has(half, "zanzibar") && !has_bytes(cache, &scope, 8));
        T_CHECK(same_stores(path, &used) && used == (way != 1));
    }
}

T_TEST(damage_behind_the_cache_is_typed_then_counted) {
    const char *path = t_tmp("hurt.hearth");
    hr_store s;
    hr_item it;
    size_t n;
    T_NEED(make_store(path, 40));
    T_NEED(open_as(&s, path, true, true));
    uint64_t id = s.entries[2].id;
    size_t at = 8192 + (size_t)s.entries[2].loc.seg * SEGMENT + s.entries[2].loc.at + 32 + 60;
    T_CHECK(s.log.head != s.entries[2].loc.seg); /* in an old segment */
    hr_store_close(&s);
    uint8_t *p = slurp(path, &n);
    p[at] ^= 4;
    spill(path, p, n);
    free(p);
    T_NEED(open_as(&s, path, true, true));
    T_EQ_U(s.log.damage.places, 0);
    T_NEED(hr_store_find(&s, id) != NULL);
    T_EQ_I(hr_store_read(&s, hr_store_find(&s, id), &it, NULL), HR_E_FORMAT);
    hr_store_close(&s);
    T_NEED(open_as(&s, path, true, true));
    T_CHECK(s.log.damage.places == 1 && s.log.read_only && hr_store_find(&s, id) == NULL);
    hr_store_close(&s);
    hr_store_config c = {SEGMENT, true, true, NULL, {NULL, 0, false, 0, 0}};
    spill(t_tmp("hurt.hearth-cache"), (const uint8_t *)"words", 5); /* a repair gives it up there, too */
    T_NEED(hr_store_open_file(&s, path, &c, NULL) == HR_OK);
    hr_store_close(&s);
    T_CHECK(slurp(t_tmp("hurt.hearth-cache"), &n) == NULL);
}

T_TEST(an_encrypted_store_has_none) {
    const char *path = t_tmp("sealed.hearth");
    size_t n;
    hr_store s;
    hr_store_config c = {SEGMENT, true, false, NULL, {"0123456789abcdef0123456789abcdef", 32, false, 0, 0}};
    T_NEED(hr_store_open_cached(&s, path, &c, NULL) == HR_OK);
    T_EQ_I(put_one(&s, 1, 0, "secret"), HR_OK);
    hr_store_close(&s);
    T_CHECK(slurp(t_tmp("sealed.hearth-cache"), &n) == NULL);
    T_NEED(hr_store_open_cached(&s, path, &c, NULL) == HR_OK);
    T_EQ_U(s.n_live, 1);
    hr_store_close(&s);
}

T_TEST(the_api_asks_for_it) {
    const char *path = t_tmp("api.hearth"), *cache = t_tmp("api.hearth-cache");
    for (int round = 0; round < 3; round++) { /* without, with, with */
        hearth_memory_config c = HEARTH_MEMORY_CONFIG_INIT;
        hearth_memory *m = NULL;
        hearth_memory_stats stats;
        hearth_item it;
        memset(&it, 0, sizeof it);
        c.flags = round ? HEARTH_MEMORY_CACHE : 0;
        it.text = "a word", it.n_text = 6;
        T_NEED(hearth_memory_open(path, &c, &m, NULL) == HEARTH_OK);
        T_EQ_I(hearth_memory_put(m, &it, 1, NULL), HEARTH_OK);
        hearth_memory_get_stats(m, &stats);
        T_EQ_U(stats.items, round + 1);
        hearth_memory_close(m);
        FILE *there = fopen(cache, "rb");
        T_EQ_I(there != NULL, round > 0);
        if (there) fclose(there);
    }
}

static long allocations, fail_at, held;
static void *count_alloc(void *ctx, size_t n, size_t align) {
    (void)ctx, (void)align;
    if (++allocations == fail_at) return NULL;
    held++;
    return aligned_alloc(64, (n + 64) / 64 * 64);
}
static void count_free(void *ctx, void *p, size_t n) {
    (void)ctx, (void)n;
    held--;
    free(p);
}
T_TEST(every_allocation_failing) {
    static const hr_allocator counting = {count_alloc, count_free, NULL};
    const char *path = t_tmp("alloc.hearth");
    bool used = true;
    T_NEED(make_store(path, 30));
    memory = &counting;
    for (fail_at = 1; fail_at < 200; fail_at++) {
        hr_store s;
        allocations = 0;
        if (open_as(&s, path, true, true)) {
            if (put_one(&s, (uint32_t)fail_at, 0, "wants") == HR_OK) (void)same_answers(&s, &s);
            hr_store_close(&s);
        }
        T_EQ_I(held, 0);
        long made = allocations;
        memory = NULL;
        T_NEED(t_check(same_stores(path, &used), T_HERE("allocation"), "%ld", fail_at));
        memory = &counting;
        if (made < fail_at) break;
    }
    memory = NULL;
    T_CHECK(fail_at > 20 && fail_at < 200);
}
T_MAIN(T_RUN(a_life_with_a_cache), T_RUN(any_byte_of_the_cache_flipped_or_cut),
       T_RUN(verify_looks_everywhere), T_RUN(another_log_or_an_older_one),
       T_RUN(another_way_within_one_segment),
       T_RUN(the_cache_forgets_too), T_RUN(damage_behind_the_cache_is_typed_then_counted), T_RUN(the_api_asks_for_it),
       T_RUN(an_encrypted_store_has_none),
       T_RUN(every_allocation_failing))
