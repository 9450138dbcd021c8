/* The store over the log: a random life against a shadow in plain arrays, reopened again and again; forgetting proved by
 * reading the file; vectors against a full f64 scan; BM25 against the formula worked out by hand; every allocation failing. */
#include "tests/t.h"
#include "kernels/kernel.h"
#include "memory/store.h"

static uint32_t rng = 88172645u;
static uint32_t next_random(void) {
    rng ^= rng << 13, rng ^= rng >> 17, rng ^= rng << 5;
    return rng;
}
static hr_str str_of(const char *s) { return (hr_str){s, strlen(s)}; }
static hr_item item_of(const char *text, const char *scope, const char *source) {
    hr_item i;
    memset(&i, 0, sizeof i);
    i.text = str_of(text), i.scope = str_of(scope), i.source = str_of(source);
    i.confidence = HR_STORE_CERTAIN;
    return i;
}
static hr_store_config config_for(uint32_t segment) {
    hr_store_config c = {segment, true, false, NULL, {NULL, 0, false, 0, 0}};
    return c;
}
static bool open_store(hr_store *s, const char *path, uint32_t segment) {
    hr_store_config c = config_for(segment);
    hr_error err;
    hr_error_clear(&err);
    return t_check(hr_store_open_file(s, path, &c, &err) == HR_OK, T_HERE("opens"), "%s: %s", err.where, err.what);
}
static bool file_has(const char *path, const char *bytes) {
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f), m = strlen(bytes);
    rewind(f);
    char *all = malloc(n + 1);
    bool found = false;
    if (fread(all, 1, n, f) == n)
        for (size_t i = 0; i + m <= n && !found; i++) found = memcmp(all + i, bytes, m) == 0;
    free(all);
    fclose(f);
    return found;
}

T_TEST(put_get_update_delete) {
    const char *path = t_tmp("a.hearth");
    hr_store s;
    hr_item got, two[2] = {item_of("Anna likes tea", "home", "chat"), item_of("The key is under the mat", "home", "note")};
    hr_error err;
    T_NEED(open_store(&s, path, 0));
    two[0].tags = str_of("drink,people");
    two[0].expires_ms = 99;
    T_EQ_I(hr_store_put(&s, two, 2, NULL), HR_OK);
    T_CHECK(two[0].id != 0 && two[1].id != 0 && two[0].id != two[1].id && two[0].time_ms != 0);
    uint64_t a = two[0].id, b = two[1].id;
    hr_item change = item_of("Anna likes coffee", "home", "chat");
    change.id = a;
    T_EQ_I(hr_store_put(&s, &change, 1, NULL), HR_OK);
    T_EQ_I(hr_store_delete(&s, &b, 1, NULL), HR_OK);
    T_EQ_I(hr_store_delete(&s, &b, 1, NULL), HR_E_ARG);
    change.id = 4711;
    T_EQ_I(hr_store_put(&s, &change, 1, NULL), HR_E_ARG);
    change = item_of("bad \xff text", "", "");
    T_EQ_I(hr_store_put(&s, &change, 1, NULL), HR_E_ARG);
    for (int round = 0; round < 3; round++) {
        T_EQ_U(s.n_live, 1);
        T_CHECK(hr_store_find(&s, b) == NULL);
        hr_entry *e = hr_store_find(&s, a);
        hr_error_clear(&err);
        T_NEED(e != NULL && t_check(hr_store_read(&s, e, &got, &err) == HR_OK, T_HERE("read"), "%s", err.what));
        T_EQ_MEM(got.text.data, "Anna likes coffee", 17);
        T_CHECK(got.text.size == 17 && hr_str_is(got.scope, "home") && got.id == a && got.tags.size == 0);
        if (round == 1) T_EQ_I(hr_store_compact(&s, NULL), HR_OK);
        hr_store_close(&s);
        T_NEED(open_store(&s, path, 0));
    }
    T_CHECK(hr_store_has_tag(str_of("a,bc,d"), str_of("bc")) && !hr_store_has_tag(str_of("a,bc,d"), str_of("b")));
    hr_store_close(&s);
}

T_TEST(keys_merge_and_the_certain_stays) {
    hr_store s;
    hr_item got, i = item_of("formal", "", "app");
    T_NEED(open_store(&s, t_tmp("k.hearth"), 0));
    i.kind = HR_KIND_TONE, i.key = str_of("tone");
    T_EQ_I(hr_store_put(&s, &i, 1, NULL), HR_OK);
    uint64_t id = i.id;
    hr_item guess = i;
    guess.id = 0, guess.text = str_of("casual"), guess.confidence = 400;
    T_EQ_I(hr_store_put(&s, &guess, 1, NULL), HR_OK);
    T_EQ_U(guess.id, 0); /* not written */
    i.id = 0, i.text = str_of("warm");
    T_EQ_I(hr_store_put(&s, &i, 1, NULL), HR_OK);
    T_EQ_U(i.id, id);
    T_CHECK(hr_store_read(&s, hr_store_find(&s, id), &got, NULL) == HR_OK && hr_str_is(got.text, "warm") && got.count == 2);
    i.id = 0, i.scope = str_of("work");
    T_EQ_I(hr_store_put(&s, &i, 1, NULL), HR_OK);
    T_CHECK(i.id != id && s.n_live == 2);
    hr_store_close(&s);
}

T_TEST(forgotten_bytes_are_in_no_file) {
    const char *path = t_tmp("f.hearth");
    hr_store s;
    uint64_t n, secret = 0;
    T_NEED(open_store(&s, path, 8192));
    for (int k = 0; k < 300; k++) {
        char text[80];
        snprintf(text, sizeof text, k % 7 == 0 ? "XYZZYPLUGH number %d" : "an ordinary line %d", k);
        hr_item i = item_of(text, k % 5 == 0 ? "work" : "home", k % 3 == 0 ? "mail" : "chat");
        T_NEED(hr_store_put(&s, &i, 1, NULL) == HR_OK);
        if (k == 10) secret = i.id;
    }
    hr_item old = item_of("QUUXFROB first", "home", "chat");
    old.id = secret;
    T_NEED(hr_store_put(&s, &old, 1, NULL) == HR_OK);
    old.text = str_of("second, harmless");
    T_NEED(hr_store_put(&s, &old, 1, NULL) == HR_OK);
    hr_hit hits[5];
    size_t n_hits;
    hr_filter any = HR_FILTER_ANY, f = HR_FILTER_ANY;
    T_EQ_I(hr_lexical_find(&s, str_of("xyzzyplugh"), &any, 0, hits, 5, &n_hits, NULL), HR_OK);
    T_EQ_U(n_hits, 5);
    f.term = str_of("xyzzyplugh");
    T_CHECK(file_has(path, "XYZZYPLUGH") && file_has(path, "QUUXFROB"));
    T_EQ_I(hr_store_forget(&s, &f, &n, NULL), HR_OK);
    T_EQ_U(n, 43);
    T_CHECK(!file_has(path, "XYZZYPLUGH"));
    hr_filter by_id = HR_FILTER_ANY;
    by_id.id = secret;
    T_EQ_I(hr_store_forget(&s, &by_id, &n, NULL), HR_OK);
    T_CHECK(n == 1 && !file_has(path, "QUUXFROB") && !file_has(path, "harmless"));
    T_EQ_I(hr_lexical_find(&s, str_of("xyzzyplugh"), &any, 0, hits, 5, &n_hits, NULL), HR_OK);
    T_EQ_U(n_hits, 0);
    hr_item thrown = item_of("FROTZNITFOL", "home", "chat"); /* deleted first: what it held cannot be matched any more */
    T_NEED(hr_store_put(&s, &thrown, 1, NULL) == HR_OK);
    T_EQ_I(hr_store_delete(&s, &thrown.id, 1, NULL), HR_OK);
    f.term = str_of("frotznitfol");
    T_CHECK(file_has(path, "FROTZNITFOL"));
    T_EQ_I(hr_store_forget(&s, &f, &n, NULL), HR_OK);
    T_CHECK(n == 0 && !file_has(path, "FROTZNITFOL"));
    hr_filter scope = HR_FILTER_ANY;
    scope.scope = str_of("work");
    T_EQ_I(hr_store_forget(&s, &scope, &n, NULL), HR_OK);
    uint32_t left = s.n_live;
    hr_store_close(&s);
    T_CHECK(!file_has(path, "work"));
    T_NEED(open_store(&s, path, 8192));
    T_EQ_U(s.n_live, left);
    T_EQ_I(hr_store_forget(&s, &any, &n, NULL), HR_OK);
    T_EQ_U(s.n_live, 0);
    hr_store_close(&s);
    T_CHECK(!file_has(path, "ordinary") && !file_has(path, "chat"));
}

enum { SHADOW = 400 };
static struct { uint64_t id; uint32_t version; bool live, vec; } shadow[SHADOW];
static void shadow_text(uint32_t k, uint32_t version, char out[200]) {
    int n = snprintf(out, 100, "item %u version %u ", k, version);
    for (uint32_t i = 0; i < (k * 31 + version * 17) % 90; i++) out[n++] = (char)('a' + (k + i * version) % 26);
    out[n] = 0;
}
static void shadow_vector(uint32_t k, uint32_t version, float v[24]) {
    for (uint32_t i = 0; i < 24; i++) v[i] = (float)((k * 7 + version * 13 + i * 29) % 31) - 15.0f;
}
static bool shadow_check(hr_store *s) {
    uint32_t live = 0;
    for (uint32_t k = 0; k < SHADOW; k++) {
        char want[200];
        float v[24], x[24];
        hr_item got;
        hr_entry *e = shadow[k].id ? hr_store_find(s, shadow[k].id) : NULL;
        if (!T_CHECK((e != NULL) == shadow[k].live)) return false;
        if (!e) continue;
        live++;
        shadow_text(k, shadow[k].version, want);
        if (!T_CHECK(hr_store_read(s, e, &got, NULL) == HR_OK && hr_str_is(got.text, want))) return false;
        if (!T_CHECK((e->vec_space != 0) == shadow[k].vec)) return false;
        if (!shadow[k].vec) continue;
        shadow_vector(k, shadow[k].version, v);
        if (!T_CHECK(hr_store_vector(s, e, x, 24, NULL) == HR_OK && memcmp(v, x, sizeof v) == 0)) return false;
    }
    return T_EQ_U(s->n_live, live);
}
T_TEST(a_random_life) {
    const char *path = t_tmp("life.hearth");
    hr_store s;
    memset(shadow, 0, sizeof shadow);
    T_NEED(open_store(&s, path, 8192));
    for (int step = 0; step < 6000; step++) {
        uint32_t k = next_random() % SHADOW, what = next_random() % 100;
        if (what < 70) {
            char text[200];
            float v[24];
            shadow_text(k, shadow[k].version + 1, text);
            hr_item i = item_of(text, k % 2 ? "odd" : "even", "test");
            i.id = shadow[k].live ? shadow[k].id : 0;
            if (what % 3 == 0) shadow_vector(k, shadow[k].version + 1, v), i.vector = v, i.dim = 24, i.space = "test/24";
            hr_error err;
            hr_error_clear(&err);
            bool put = hr_store_put(&s, &i, 1, &err) == HR_OK;
            if (!t_check(put, T_HERE("put"), "step %d: %s %s", step, err.where, err.what)) break;
            shadow[k].id = i.id, shadow[k].live = true, shadow[k].version++, shadow[k].vec = i.vector != NULL;
        } else if (what < 95 && shadow[k].live) {
            uint64_t n;
            hr_filter f = HR_FILTER_ANY;
            f.id = shadow[k].id;
            if (what < 93) T_CHECK(hr_store_delete(&s, &f.id, 1, NULL) == HR_OK);
            else T_CHECK(hr_store_forget(&s, &f, &n, NULL) == HR_OK && n == 1);
            shadow[k].live = false;
        } else if (what == 95 || step == 5999) {
            T_CHECK(hr_store_compact(&s, NULL) == HR_OK);
        } else if (what == 96) {
            hr_store_close(&s);
            T_NEED(open_store(&s, path, 8192));
            if (!shadow_check(&s)) break;
        }
    }
    shadow_check(&s);
    T_CHECK(hr_store_compact(&s, NULL) == HR_OK);
    shadow_check(&s);
    hr_store_close(&s);
    T_NEED(open_store(&s, path, 8192));
    shadow_check(&s);
    hr_store_stats st;
    hr_store_get_stats(&s, &st);
    T_EQ_U(st.lost_places + st.torn_bytes, 0);
    hr_store_close(&s);
}

T_TEST(churn_and_compaction_keep_the_file_small) {
    const char *path = t_tmp("churn.hearth");
    hr_store s;
    static uint64_t ids[2000];
    static hr_item batch[500];
    static char texts[500][700];
    T_NEED(open_store(&s, path, 65536));
    for (int round = 0; round < 11; round++) {
        for (int at = 0; at < 2000; at += 50) {
            for (int k = 0; k < 50; k++) {
                int n = snprintf(texts[k], 100, "CHURN%d item %d ", round, at + k);
                memset(texts[k] + n, 'x', 600);
                texts[k][n + 600] = 0;
                batch[k] = item_of(texts[k], "s", "t");
                batch[k].id = ids[at + k];
            }
            T_NEED(hr_store_put(&s, batch, 50, NULL) == HR_OK);
            for (int k = 0; k < 50; k++) ids[at + k] = batch[k].id;
        }
    }
    T_NEED(hr_store_compact(&s, NULL) == HR_OK);
    hr_store_stats st;
    hr_store_get_stats(&s, &st);
    T_EQ_U(st.items, 2000);
    t_check((double)st.file_bytes <= 1.05 * (double)st.live_bytes, T_HERE("size"), "%llu bytes for %llu",
            (unsigned long long)st.file_bytes, (unsigned long long)st.live_bytes);
    hr_store_close(&s);
    T_CHECK(!file_has(path, "CHURN9 ") && file_has(path, "CHURN10 "));
}

/* Keys found through their chains: against plain counters, with deletions between and across an open. */
T_TEST(a_key_has_one_item) {
    enum { KEYS = 150 };
    const char *path = t_tmp("keys.hearth");
    static uint64_t ids[KEYS];
    static uint32_t counts[KEYS];
    hr_store s;
    memset(ids, 0, sizeof ids);
    memset(counts, 0, sizeof counts);
    T_NEED(open_store(&s, path, 0));
    for (int step = 0; step < 4000; step++) {
        char key[32], text[32];
        uint32_t k = next_random() % KEYS;
        if (step % 1000 == 999) {
            hr_store_close(&s);
            T_NEED(open_store(&s, path, 0));
        }
        if (step % 17 == 0 && ids[k] != 0) {
            T_NEED(hr_store_delete(&s, &ids[k], 1, NULL) == HR_OK);
            ids[k] = 0, counts[k] = 0;
            continue;
        }
        snprintf(key, sizeof key, "key %u", k % 50);
        snprintf(text, sizeof text, "step %d", step);
        hr_item got, it = item_of(text, k < 50 ? "a" : k < 100 ? "b" : "", "t"); /* one key in three scopes: three items */
        it.kind = HR_KIND_VALUE, it.key = str_of(key);
        T_NEED(hr_store_put(&s, &it, 1, NULL) == HR_OK);
        T_CHECK(it.id != 0 && (ids[k] == 0 || it.id == ids[k]));
        ids[k] = it.id;
        T_EQ_U(it.count, ++counts[k]);
        T_NEED(hr_store_read(&s, hr_store_find(&s, it.id), &got, NULL) == HR_OK);
        T_CHECK(got.text.size == strlen(text) && memcmp(got.text.data, text, got.text.size) == 0);
    }
    uint32_t living = 0;
    for (int k = 0; k < KEYS; k++) living += ids[k] != 0;
    T_EQ_U(s.n_live, living);
    hr_store_close(&s);
}

/* --- vectors ---------------------------------------------------------------------------------------------------------- */
T_TEST(scan_kernels_equal_the_reference) {
    const hr_kernel *reference = NULL;
    enum { ROWS = 37, MOST = 1024 };
    static int8_t rows[ROWS * MOST + 1], q[MOST + 1];
    static int32_t want[ROWS], got[ROWS];
    long compared = 0;
    for (size_t i = 0; i < hr_kernel_count(); i++)
        if (hr_kernel_at(i)->op == HR_OP_scan_i8 && hr_kernel_at(i)->rank == 0) reference = hr_kernel_at(i);
    T_NEED(reference != NULL);
    for (int round = 0; round < 60; round++) {
        size_t stride = 64 * (1 + next_random() % 16), n = round % (ROWS + 1), off = round & 1;
        for (size_t i = 0; i < sizeof rows; i++)
            rows[i] = round < 4 ? (round & 2 ? 127 : -127) : (int8_t)(next_random() % 255 - 127);
        for (size_t i = 0; i < sizeof q; i++) q[i] = round < 4 ? (round & 1 ? 127 : -127) : (int8_t)(next_random() % 255 - 127);
        ((hr_scan_fn *)reference->fn)(rows + off, n, stride, q + off, want);
        for (size_t r = 0; r < n; r++) {
            int64_t sum = 0;
            for (size_t i = 0; i < stride; i++) sum += (int64_t)rows[off + r * stride + i] * q[off + i];
            T_EQ_I(want[r], sum);
        }
        for (size_t i = 0; i < hr_kernel_count(); i++) {
            const hr_kernel *k = hr_kernel_at(i);
            if (k->op != HR_OP_scan_i8 || k->rank == 0 || (k->isa & ~hr_cpu_isa())) continue;
            memset(got, 0xa5, sizeof got);
            ((hr_scan_fn *)k->fn)(rows + off, n, stride, q + off, got);
            T_EQ_MEM(got, want, n * sizeof *got);
            compared++;
        }
    }
    if (compared == 0) T_SKIP("only the reference runs here");
}

enum { VECS = 3000, DIM = 96 };
static float vecs[VECS][DIM];
T_TEST(vector_search_is_a_full_scan) {
    hr_store s;
    static uint64_t ids[VECS];
    T_NEED(open_store(&s, t_tmp("v.hearth"), 0));
    for (int i = 0; i < VECS; i++) { /* clusters, and near-duplicates whose order int8 alone gets wrong */
        for (int d = 0; d < DIM; d++) {
            float noise = (float)(int32_t)next_random() * 0x1p-31f;
            vecs[i][d] = i % 50 && i > 60 ? vecs[i / 50 * 50 % 60][d] + noise * (i % 3 ? 0.01f : 0.7f) : noise * 3.0f;
        }
        hr_item it = item_of("x", i % 4 ? "many" : "few", "t");
        it.vector = vecs[i], it.dim = DIM, it.space = "model-a/mean/96", it.time_ms = 1000 + (uint64_t)i;
        if (i % 9 == 0) it.tags = str_of("ninth");
        T_NEED(hr_store_put(&s, &it, 1, NULL) == HR_OK);
        ids[i] = it.id;
    }
    for (int round = 0; round < 60; round++) {
        float q[DIM];
        hr_hit hits[20];
        size_t n, k = 1 + next_random() % 20;
        hr_filter f = HR_FILTER_ANY;
        if (round % 3 == 1) f.scope = str_of("few");
        if (round % 5 == 1) f.tag = str_of("ninth");
        if (round % 7 == 1) f.from_ms = 2000, f.to_ms = 2500;
        for (int d = 0; d < DIM; d++) q[d] = vecs[next_random() % 60][d] + vecs[round][d];
        T_NEED(hr_vector_find(&s, "model-a/mean/96", q, DIM, &f, 0, hits, k, &n, NULL) == HR_OK);
        static double cosine[VECS];
        for (int i = 0; i < VECS; i++) {
            double xy = 0, xx = 0, qq = 0;
            for (int d = 0; d < DIM; d++) {
                xy += (double)q[d] * vecs[i][d];
                xx += (double)vecs[i][d] * vecs[i][d];
                qq += (double)q[d] * q[d];
            }
            bool in = !(f.scope.data && i % 4) && !(f.tag.data && i % 9) && !(f.to_ms && (i < 1000 || i >= 1500));
            cosine[i] = in ? xy / sqrt(xx * qq) : -9;
        }
        for (size_t r = 0; r < n; r++) {
            int best = 0;
            for (int i = 1; i < VECS; i++) if (cosine[i] > cosine[best]) best = i;
            T_NEAR(hits[r].score, cosine[best], 1e-12);
            T_EQ_U(s.entries[hits[r].entry].id, ids[best]);
            cosine[best] = -9;
        }
        int rest = 0;
        for (int i = 0; i < VECS; i++) rest += cosine[i] > -9;
        T_CHECK(n == k || rest == 0);
    }
    hr_hit h;
    size_t n;
    hr_filter any = HR_FILTER_ANY;
    T_EQ_I(hr_vector_find(&s, "model-b/mean/96", vecs[0], DIM, &any, 0, &h, 1, &n, NULL), HR_E_ARG); /* the dimension fits */
    T_EQ_I(hr_vector_find(&s, "model-a/mean/96", vecs[0], DIM - 1, &any, 0, &h, 1, &n, NULL), HR_E_ARG);
    hr_item wrong = item_of("x", "", "");
    wrong.vector = vecs[0], wrong.dim = DIM - 1, wrong.space = "model-a/mean/96";
    T_EQ_I(hr_store_put(&s, &wrong, 1, NULL), HR_E_ARG);
    hr_store_close(&s);
}

/* --- words ----------------------------------------------------------------------------------------------------------------- */
T_TEST(words_rank_by_bm25) {
    hr_store s;
    static const char *const text[] = {"the cat sat on the mat", "a dog and a cat", "dogs bark at night", "the mat",
                                       "\xc3\x84pfel und Birnen", "cat cat cat"};
    uint64_t ids[6];
    hr_hit h[6];
    size_t n;
    hr_filter any = HR_FILTER_ANY;
    T_NEED(open_store(&s, t_tmp("w.hearth"), 0));
    for (int i = 0; i < 6; i++) {
        hr_item it = item_of(text[i], "", "");
        T_NEED(hr_store_put(&s, &it, 1, NULL) == HR_OK);
        ids[i] = it.id;
    }
    T_NEED(hr_lexical_find(&s, str_of("CAT"), &any, 0, h, 6, &n, NULL) == HR_OK);
    T_NEED(T_EQ_U(n, 3));
    T_EQ_U(s.entries[h[0].entry].id, ids[5]);
    /* N 6, df 3, mean length 23 / 6; tf 3 in 3 words */
    double mean = 23.0 / 6, idf = log(1 + 3.5 / 3.5);
    T_NEAR(h[0].score, idf * 3 * 2.2 / (3 + 1.2 * (0.25 + 0.75 * 3 / mean)), 1e-12);
    T_NEAR(h[1].score, idf * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 5 / mean)), 1e-12);
    T_EQ_U(s.entries[h[1].entry].id, ids[1]);
    T_CHECK(hr_lexical_find(&s, str_of("\"the mat\""), &any, 0, h, 6, &n, NULL) == HR_OK && n == 2);
    T_CHECK(hr_lexical_find(&s, str_of("\"mat the\""), &any, 0, h, 6, &n, NULL) == HR_OK && n == 0);
    T_CHECK(hr_lexical_find(&s, str_of("dog*"), &any, 0, h, 6, &n, NULL) == HR_OK && n == 2);
    T_CHECK(hr_lexical_find(&s, str_of("\xc3\xa4PFEL"), &any, 0, h, 6, &n, NULL) == HR_OK && n == 1);
    T_CHECK(hr_lexical_find(&s, str_of("? ! \""), &any, 0, h, 6, &n, NULL) == HR_OK && n == 0);
    T_CHECK(hr_store_delete(&s, &ids[5], 1, NULL) == HR_OK);
    hr_item it = item_of("another cat", "", ""); /* the index grows */
    T_NEED(hr_store_put(&s, &it, 1, NULL) == HR_OK);
    T_CHECK(hr_lexical_find(&s, str_of("cat"), &any, 0, h, 6, &n, NULL) == HR_OK && n == 3);
    T_EQ_U(s.entries[h[0].entry].id, it.id);
    hr_store_close(&s);
}

T_TEST(both_lists_fuse_by_rank) {
    hr_store s;
    float v[3][4] = {{1, 0, 0, 0}, {0.9f, 0.1f, 0, 0}, {0, 1, 0, 0}};
    static const char *const text[] = {"nothing here", "a boat", "boat boat"};
    uint64_t ids[3];
    hr_hit h[3];
    size_t n;
    hr_filter any = HR_FILTER_ANY;
    T_NEED(open_store(&s, t_tmp("h.hearth"), 0));
    for (int i = 0; i < 3; i++) {
        hr_item it = item_of(text[i], "", "");
        it.vector = v[i], it.dim = 4, it.space = "m";
        T_NEED(hr_store_put(&s, &it, 1, NULL) == HR_OK);
        ids[i] = it.id;
    }
    T_NEED(hr_store_search(&s, str_of("boat"), "m", v[0], 4, &any, 0, h, 3, &n, NULL) == HR_OK && n == 3);
    T_EQ_U(s.entries[h[0].entry].id, ids[2]); /* 1/61 + 1/63 > 1/62 + 1/62 */
    T_NEAR(h[0].score, 1.0 / 61 + 1.0 / 63, 1e-15);
    T_EQ_U(s.entries[h[1].entry].id, ids[1]);
    T_NEAR(h[1].score, 2.0 / 62, 1e-15);
    T_CHECK(h[0].lex_rank == 1 && h[0].vec_rank == 3 && h[2].lex_rank == 0 && h[2].vec_rank == 1);
    hr_store_close(&s);
}

/* --- allocations ---------------------------------------------------------------------------------------------------------- */
static long allocs, fail_alloc, live_allocs;
static void *count_alloc(void *ctx, size_t n, size_t align) {
    (void)ctx;
    if (++allocs == fail_alloc) return NULL;
    void *p = hr_allocator_default()->alloc(NULL, n, align);
    if (p) live_allocs++, memset(p, 0xa5, n);
    return p;
}
static void count_free(void *ctx, void *p, size_t n) {
    (void)ctx;
    live_allocs--;
    hr_allocator_default()->free(NULL, p, n);
}
static hr_status small_life(const char *path) {
    static const hr_allocator memory = {count_alloc, count_free, NULL};
    hr_store_config c = {8192, true, false, &memory, {NULL, 0, false, 0, 0}};
    hr_store s;
    hr_hit h[4];
    size_t n;
    uint64_t gone;
    float v[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    hr_filter any = HR_FILTER_ANY, f = HR_FILTER_ANY;
    HR_TRY(hr_store_open_file(&s, path, &c, NULL));
    hr_status status = HR_OK;
    for (int i = 0; i < 30 && status == HR_OK; i++) {
        char text[60];
        snprintf(text, sizeof text, "word%d and word%d", i, i / 3);
        hr_item it = item_of(text, "a", "b");
        it.vector = v, it.dim = 8, it.space = "m";
        status = hr_store_put(&s, &it, 1, NULL);
    }
    if (status == HR_OK) status = hr_store_search(&s, str_of("word3"), "m", v, 8, &any, 0, h, 4, &n, NULL);
    f.term = str_of("word1");
    if (status == HR_OK) status = hr_store_forget(&s, &f, &gone, NULL);
    if (status == HR_OK) status = hr_store_compact(&s, NULL);
    hr_store_close(&s);
    return status;
}
T_TEST(every_allocation_failing) {
    const char *path = t_tmp("alloc.hearth");
    allocs = fail_alloc = live_allocs = 0;
    T_NEED(small_life(path) == HR_OK);
    long total = allocs;
    T_EQ_I(live_allocs, 0);
    for (long k = 1; k <= total; k++) {
        unlink(path);
        allocs = 0, fail_alloc = k;
        T_EQ_I(small_life(path), HR_E_MEMORY);
        T_EQ_I(live_allocs, 0);
        hr_store s; /* and what is on the device is whole */
        T_NEED(open_store(&s, path, 8192));
        T_EQ_U(s.log.damage.places, 0);
        hr_store_close(&s);
    }
    printf("    %ld allocations\n", total);
}

T_MAIN(T_RUN(put_get_update_delete), T_RUN(keys_merge_and_the_certain_stays), T_RUN(forgotten_bytes_are_in_no_file),
       T_RUN(a_random_life), T_RUN(churn_and_compaction_keep_the_file_small), T_RUN(scan_kernels_equal_the_reference),
       T_RUN(a_key_has_one_item),
       T_RUN(vector_search_is_a_full_scan), T_RUN(words_rank_by_bm25), T_RUN(both_lists_fuse_by_rank),
       T_RUN(every_allocation_failing))
