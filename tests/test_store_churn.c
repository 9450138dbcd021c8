/* What a long life leaves: the file after ten times churn and compaction beside what lives in it; a vector that cannot be read
 * takes nothing else with it. */
#include "tests/t.h"
#include "memory/memory.h"

static const char *churn_text(uint32_t k, uint32_t version, char *out) {
    int n = sprintf(out, "item %u version %u ", k, version), more = 100 + (int)((k * 31 + version * 17) % 300);
    for (int i = 0; i < more; i++) out[n++] = (char)('a' + (i + (int)k) % 26);
    out[n] = 0;
    return out;
}
T_TEST(ten_times_churn) {
    enum { ITEMS = 3000 };
    static uint64_t ids[ITEMS];
    static hr_item it[50];
    static char text[50][500];
    hr_store s;
    hr_store_config c = {65536, true, false, NULL, {NULL, 0, false, 0, 0}};
    const char *path = t_tmp("churn.hearth");
    uint32_t rng = 7;
    remove(path);
    T_NEED(hr_store_open_file(&s, path, &c, NULL) == HR_OK);
    for (uint32_t step = 0; step < 11 * ITEMS / 50; step++) { /* once to fill, ten times over at random */
        memset(it, 0, sizeof it);
        uint32_t base = step < ITEMS / 50 ? step * 50 : (rng = rng * 1664525u + 1013904223u) >> 8;
        for (uint32_t i = 0; i < 50; i++) {
            uint32_t k = (base + i * (step < ITEMS / 50 ? 1 : 59)) % ITEMS;
            it[i].id = ids[k];
            it[i].text.data = churn_text(k, step, text[i]), it[i].text.size = strlen(text[i]);
        }
        T_NEED(hr_store_put(&s, it, 50, NULL) == HR_OK);
        for (uint32_t i = 0; i < 50 && step < ITEMS / 50; i++) ids[base + i] = it[i].id;
    }
    hr_store_stats before, after;
    hr_store_get_stats(&s, &before);
    T_CHECK(hr_store_compact(&s, NULL) == HR_OK);
    hr_store_get_stats(&s, &after);
    hr_store_close(&s);
    struct stat st;
    T_CHECK(stat(path, &st) == 0 && (uint64_t)st.st_size == after.file_bytes && after.items == ITEMS);
    double ratio = (double)st.st_size / (double)after.live_bytes;
    printf("    %.1f MB of file before, %.3f MB after compaction, %.3f MB live: %.4f\n", (double)before.file_bytes / 1e6,
           (double)st.st_size / 1e6, (double)after.live_bytes / 1e6, ratio);
    T_CHECK(before.file_bytes > 9 * after.live_bytes && ratio <= 1.05);
}

/* the side cache lets a store open over a vector that is broken: its item and all others are there, the search says so or
 * goes on without it, never with a wrong one */
T_TEST(a_vector_that_cannot_be_read) {
    const char *path = t_tmp("vec.hearth");
    hr_store s;
    hr_store_config c = {8192, true, false, NULL, {NULL, 0, false, 0, 0}};
    uint64_t ids[200];
    hr_log_loc loc = {0, 0};
    remove(path);
    T_NEED(hr_store_open_cached(&s, path, &c, NULL) == HR_OK);
    for (uint32_t i = 0; i < 200; i++) {
        float v[8];
        for (uint32_t k = 0; k < 8; k++) v[k] = (float)((i * 7 + k * 5) % 13) - 6.0f;
        hr_item it;
        memset(&it, 0, sizeof it);
        it.text = (hr_str){"tea", 3}, it.vector = v, it.dim = 8, it.space = "m";
        T_NEED(hr_store_put(&s, &it, 1, NULL) == HR_OK);
        ids[i] = it.id;
        if (i == 3) loc = hr_store_find(&s, it.id)->vec_loc;
    }
    uint64_t at = 8192 + (uint64_t)loc.seg * 8192 + loc.at + 32 + 24 + 5;
    hr_store_close(&s);
    FILE *f = fopen(path, "r+b");
    T_NEED(f != NULL);
    fseek(f, (long)at, SEEK_SET);
    int byte = fgetc(f);
    fseek(f, (long)at, SEEK_SET);
    fputc(byte ^ 16, f);
    fclose(f);
    for (int cached = 1; cached >= 0; cached--) {
        c.write = false;
        T_NEED((cached ? hr_store_open_cached : hr_store_open_file)(&s, path, &c, NULL) == HR_OK);
        hr_store_stats st;
        hr_store_get_stats(&s, &st);
        for (uint32_t i = 0; i < 200; i++) {
            hr_entry *e = hr_store_find(&s, ids[i]);
            float v[8];
            hr_item it;
            if (i == 3 && !cached) { T_CHECK(e == NULL && st.lost_records == 2); continue; } /* its batch is lost, and said so */
            if (!T_CHECK(e != NULL && hr_store_read(&s, e, &it, NULL) == HR_OK && hr_str_is(it.text, "tea"))) continue;
            hr_status status = hr_store_vector(&s, e, v, 8, NULL);
            if (i == 3) T_EQ_I(status, HR_E_FORMAT);
            else T_CHECK(status == HR_OK && v[0] == (float)(i * 7 % 13) - 6.0f);
        }
        hr_store_close(&s);
    }
}
T_MAIN(T_RUN(ten_times_churn), T_RUN(a_vector_that_cannot_be_read))
