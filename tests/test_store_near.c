/* Narrowing down by signs, products, 16-bit vectors: against full f64 scans and against the definitions. */
#include "tests/t.h"
#include "memory/store.h"
#include "memory/vectors.h"

static uint32_t rng = 2463534242u;
static uint32_t next_random(void) {
    rng ^= rng << 13, rng ^= rng >> 17, rng ^= rng << 5;
    return rng;
}
static float noise(void) { return (float)(int32_t)next_random() * 0x1p-31f; }

T_TEST(sign_kernels_equal_the_definition) {
    enum { BLOCKS = 3, MOST = 600 };
    static uint8_t blocks[BLOCKS * MOST * 64 + 1], table[MOST * 32 + 1];
    static int32_t want[BLOCKS * 64], got[BLOCKS * 64];
    long compared = 0;
    for (int round = 0; round < 24; round++) {
        size_t cols = round < 4 ? (size_t[]){8, 256, 257, MOST}[round] : 1 + next_random() % MOST, off = round & 1;
        size_t n = (size_t)round % (BLOCKS + 1);
        for (size_t i = 0; i < sizeof blocks; i++) blocks[i] = (uint8_t)(next_random() >> 8);
        for (size_t i = 0; i < sizeof table; i++) table[i] = round < 8 ? 127 : (uint8_t)(next_random() % 128);
        for (size_t b = 0; b < n; b++) {
            for (size_t r = 0; r < 64; r++) {
                int64_t sum = 0;
                for (size_t j = 0; j < cols; j++) {
                    uint8_t x = blocks[off + (b * cols + j) * 64 + r];
                    sum += table[off + 32 * j + x % 16] + table[off + 32 * j + 16 + x / 16];
                }
                want[b * 64 + r] = (int32_t)sum;
            }
        }
        for (size_t i = 0; i < hr_kernel_count(); i++) {
            const hr_kernel *k = hr_kernel_at(i);
            if (k->op != HR_OP_scan_signs || (k->isa & ~hr_cpu_isa())) continue;
            memset(got, 0xa5, sizeof got);
            ((hr_signs_fn *)k->fn)(blocks + off, n, cols, table + off, got);
            T_CHECK(t_check(memcmp(got, want, n * 64 * sizeof *got) == 0, T_HERE(k->name), "%zu columns", cols));
            compared++;
        }
    }
    T_CHECK(compared >= 24); /* the reference, too, is held against the definition */
}

enum { VECS = 20000, DIM = 72, TOP = 10 };
static float vecs[VECS][DIM];
static hr_store store;
static bool fill_store(const char *path, uint32_t options, bool scattered) {
    static hr_item it[250];
    static float centre[32][DIM];
    hr_store_config c = {0, true, false, NULL, {NULL, 0, false, 0, 0}};
    remove(path);
    if (hr_store_open_file(&store, path, &c, NULL) != HR_OK) return false;
    store.options = options;
    for (int k = 0; k < 32; k++) for (int d = 0; d < DIM; d++) centre[k][d] = noise();
    for (uint32_t i = 0; i < VECS; i++) {
        float size = scattered ? 1.0f + (float)(next_random() % 64) / 16 : 1;
        for (int d = 0; d < DIM; d++) vecs[i][d] = size * (centre[i % 32][d] + 0.5f + 0.8f * noise()); /* 0.5: all lean one way */
    }
    for (uint32_t i = 0; i < VECS; i += 250) {
        memset(it, 0, sizeof it);
        for (uint32_t k = 0; k < 250; k++) {
            it[k].text = (hr_str){"a", 1}, it[k].scope = (i + k) % 50 ? (hr_str){"most", 4} : (hr_str){"few", 3};
            it[k].vector = vecs[i + k], it[k].dim = DIM, it[k].space = "m";
            if ((i + k) % 7 == 0) it[k].expires_ms = 1000;
        }
        if (hr_store_put(&store, it, 250, NULL) != HR_OK) return false;
    }
    return true;
}
/* the best of a full scan; only those of which (i % every == 0) and, with now, that do not expire */
static void full_scan(const float *q, bool dot, uint32_t every, bool now, uint32_t *best) {
    static double score[VECS];
    for (uint32_t i = 0; i < VECS; i++) {
        double xy = 0, xx = 0, qq = 0;
        for (int d = 0; d < DIM; d++) {
            double x = vecs[i][d];
            xy += q[d] * x, xx += x * x, qq += (double)q[d] * q[d];
        }
        score[i] = i % every || (now && i % 7 == 0) ? -1e300 : dot ? xy : xy / sqrt(xx * qq);
    }
    for (int k = 0; k < TOP; k++) {
        best[k] = 0;
        for (uint32_t i = 1; i < VECS; i++) if (score[i] > score[best[k]]) best[k] = i;
        score[best[k]] = -1e301;
    }
}
/* how many of the true best are found, of 20 queries */
static uint32_t found_of(bool dot, uint32_t every, bool now, bool same_order) {
    uint32_t good = 0;
    for (int round = 0; round < 20; round++) {
        float q[DIM];
        uint32_t best[TOP];
        hr_hit hits[TOP];
        size_t n = 0;
        hr_filter f = HR_FILTER_ANY;
        if (every != 1) f.scope = (hr_str){"few", 3};
        uint32_t near = next_random() % VECS;
        for (int d = 0; d < DIM; d++) q[d] = 3 * (vecs[near][d] + 0.4f * noise());
        full_scan(q, dot, every, now, best);
        T_EQ_I(hr_vector_find(&store, "m", q, DIM, &f, now ? 2000 : 0, hits, TOP, &n, NULL), HR_OK);
        T_EQ_U(n, TOP);
        for (size_t i = 0; i < n; i++) {
            for (int k = 0; k < TOP; k++) good += hits[i].entry == best[k] && (!same_order || (int)i == k);
        }
    }
    return good;
}

T_TEST(near_search_finds_nearly_all) {
    T_NEED(fill_store(t_tmp("near.hearth"), HR_STORE_NEAR, true));
    T_CHECK(hr_signs_want(VECS, TOP) < VECS / 8);
    T_CHECK(found_of(false, 1, false, false) >= 190); /* 0.95 of 200 */
    T_CHECK(store.columns->space[0].n_signed == VECS); /* it did look at them */
    T_CHECK(found_of(false, 1, true, false) >= 190);
    T_EQ_U(found_of(false, 50, false, true), 200); /* fewer match than are looked at closely: exact */
    store.options = HR_STORE_NEAR | HR_STORE_DOT;
    T_CHECK(found_of(true, 1, true, false) >= 190);
    store.options = HR_STORE_DOT;
    T_EQ_U(found_of(true, 1, true, true), 200);
    store.options = 0;
    T_EQ_U(found_of(false, 1, true, true), 200);
    /* more rows come later, and all that was there goes */
    store.options = HR_STORE_NEAR;
    hr_item it;
    hr_hit hit;
    size_t n;
    hr_filter any = HR_FILTER_ANY;
    memset(&it, 0, sizeof it);
    float odd[DIM];
    for (int d = 0; d < DIM; d++) odd[d] = d % 2 ? -3.0f : 1.0f;
    it.text = (hr_str){"odd", 3}, it.vector = odd, it.dim = DIM, it.space = "m";
    T_EQ_I(hr_store_put(&store, &it, 1, NULL), HR_OK);
    T_EQ_I(hr_vector_find(&store, "m", odd, DIM, &any, 0, &hit, 1, &n, NULL), HR_OK);
    T_CHECK(n == 1 && store.entries[hit.entry].id == it.id && fabs(hit.score - 1) < 1e-12);
    T_CHECK(store.columns->space[0].n_signed == VECS + 1);
    for (uint32_t i = 0; i < VECS; i++) T_EQ_I(hr_store_delete(&store, &store.entries[i].id, 1, NULL), HR_OK);
    T_EQ_I(hr_vector_find(&store, "m", odd, DIM, &any, 0, &hit, 1, &n, NULL), HR_OK);
    T_CHECK(n == 1 && store.entries[hit.entry].id == it.id);
    hr_store_close(&store);
}

T_TEST(all_rows_alike) { /* nothing to tell them apart by: the first ones, and no hang */
    static hr_item it[500];
    hr_store_config c = {0, true, false, NULL, {NULL, 0, false, 0, 0}};
    float v[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    hr_hit hits[TOP];
    hr_filter any = HR_FILTER_ANY;
    size_t n;
    remove(t_tmp("alike.hearth"));
    T_NEED(hr_store_open_file(&store, t_tmp("alike.hearth"), &c, NULL) == HR_OK);
    store.options = HR_STORE_NEAR;
    for (uint32_t i = 0; i < 17000; i += 500) {
        memset(it, 0, sizeof it);
        for (int k = 0; k < 500; k++) it[k].vector = v, it[k].dim = 8, it[k].space = "m";
        T_NEED(hr_store_put(&store, it, 500, NULL) == HR_OK);
    }
    T_EQ_I(hr_vector_find(&store, "m", v, 8, &any, 0, hits, TOP, &n, NULL), HR_OK);
    T_EQ_U(n, TOP);
    for (size_t i = 0; i < n; i++) T_CHECK(fabs(hits[i].score - 1) < 1e-12);
    hr_store_close(&store);
}

T_TEST(vectors_of_16_bits) {
    const char *path = t_tmp("half.hearth");
    hr_store_config c = {8192, true, false, NULL, {NULL, 0, false, 0, 0}};
    static const float scale[6] = {1, 1e-20f, 3e28f, 1e-41f, 65504, 1e35f};
    float v[6][40], got[40];
    hr_item it[6];
    remove(path);
    T_NEED(hr_store_open_file(&store, path, &c, NULL) == HR_OK);
    store.options = HR_STORE_F16;
    memset(it, 0, sizeof it);
    for (int i = 0; i < 6; i++) {
        for (int d = 0; d < 40; d++) v[i][d] = d == 7 ? 0 : scale[i] * noise();
        it[i].text = (hr_str){"x", 1}, it[i].vector = v[i], it[i].dim = 40, it[i].space = "m";
        T_EQ_I(hr_store_put(&store, &it[i], 1, NULL), HR_OK);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 6; i++) {
            double most = 0;
            T_EQ_I(hr_store_vector(&store, hr_store_find(&store, it[i].id), got, 40, NULL), HR_OK);
            for (int d = 0; d < 40; d++) most = fabs(v[i][d]) > most ? fabs(v[i][d]) : most;
            /* 11 bits: half a unit in the last place is 2^-12 of the number, 2^-25 - 14 of the largest below the normal ones;
             * 1.5e-45: floats themselves end there */
            for (int d = 0; d < 40; d++) {
                T_CHECK(fabs((double)got[d] - v[i][d]) <= fabs(v[i][d]) * 0x1p-11 + most * 0x1p-38 + 1.5e-45);
            }
            if (i == 5) T_EQ_MEM(got, v[5], sizeof got); /* too large for 16 bits: as it is */
        }
        if (round == 0) T_EQ_I(hr_store_compact(&store, NULL), HR_OK);
        if (round == 1) {
            hr_store_close(&store);
            T_NEED(hr_store_open_file(&store, path, &c, NULL) == HR_OK);
        }
    }
    hr_log_rec r;
    uint8_t page[400];
    const hr_entry *e = hr_store_find(&store, it[0].id);
    T_EQ_I(hr_log_read(&store.log, e->vec_loc, e->vec_lsn, page, sizeof page, &r, NULL), HR_OK);
    T_EQ_U(r.n, 24 + 2 * 40);
    /* what is written again has the same bits, with the option or without */
    T_EQ_I(hr_store_vector(&store, e, v[0], 40, NULL), HR_OK);
    store.options = HR_STORE_F16;
    T_EQ_I(hr_store_put(&store, &it[0], 1, NULL), HR_OK);
    T_EQ_I(hr_store_vector(&store, hr_store_find(&store, it[0].id), got, 40, NULL), HR_OK);
    T_EQ_MEM(got, v[0], sizeof got);
    hr_filter any = HR_FILTER_ANY;
    hr_hit hits[6];
    size_t n;
    for (int i = 0; i < 6; i++) { /* also the tiny and the huge */
        if (i == 3) continue; /* so few bits that another may be nearer */
        T_EQ_I(hr_vector_find(&store, "m", i == 5 ? v[4] : v[i], 40, &any, 0, hits, 6, &n, NULL), HR_OK);
        T_EQ_U(n, 6);
        if (i < 5) T_CHECK(store.entries[hits[0].entry].id == it[i].id && hits[0].score > 1 - 1e-6);
    }
    T_EQ_I(hr_vector_find(&store, "m", v[5], 40, &any, 0, hits, 6, &n, NULL), HR_E_ARG); /* no such query */
    hr_store_close(&store);
}

T_MAIN(T_RUN(sign_kernels_equal_the_definition), T_RUN(near_search_finds_nearly_all), T_RUN(all_rows_alike),
       T_RUN(vectors_of_16_bits))
