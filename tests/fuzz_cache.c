/* A damaged side cache: a store opened with it answers as one opened without. Byte 0: 'M' mends the sum of the head, and
 * what was forged so must do no harm but may say what it likes; then an offset (2 bytes) and what the bytes
 * from there on are xored with. */
#include "memory/cache.h"
#include "memory/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CACHE_DIM = 4, ITEMS = 20 };
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static uint8_t original[1 << 16];
static size_t n_original;
static char path[64], cache_path[72];

static void answers(hr_store *s, bool strict, uint64_t out[64]) {
    static const char *const words[3] = {"word1", "say*", "\"say word2\""};
    float v[CACHE_DIM] = {1, 2, -3, 0.5f};
    hr_filter any = HR_FILTER_ANY;
    hr_hit hits[6];
    size_t n, at = 0;
    memset(out, 0, 64 * sizeof *out);
    for (int i = 0; i < 4; i++) {
        hr_status status = i < 3 ? hr_lexical_find(s, (hr_str){words[i], strlen(words[i])}, &any, 0, hits, 6, &n, NULL)
                                 : hr_vector_find(s, "m", v, CACHE_DIM, &any, 0, hits, 6, &n, NULL);
        if (status != HR_OK && strict) abort();
        if (at + 2 * n > 60) return; /* forged */
        out[at++] = n;
        for (size_t k = 0; k < n; k++) {
            out[at++] = s->entries[hits[k].entry].id;
            memcpy(&out[at++], &hits[k].score, 8);
        }
    }
    out[at++] = s->n_live;
    for (uint32_t i = 0; i < s->n; i++) { /* everything that lives can be read, by id and by key */
        hr_item item, there;
        hr_entry *e;
        if (!s->entries[i].live) continue;
        if (hr_store_read(s, &s->entries[i], &item, NULL) != HR_OK || item.id != s->entries[i].id) {
            if (strict) abort();
            continue;
        }
        out[at] = out[at] * 31 + item.id + item.text.size;
        hr_fact copy;
        if (item.key.size == 0 || hr_fact_copy(s->memory, &item, &copy, NULL) != HR_OK) continue;
        bool found = hr_store_by_key(s, &copy.item, &e, &there, NULL) == HR_OK && e != NULL && there.id == copy.item.id;
        if (!found && strict) abort();
        hr_fact_free(s->memory, &copy);
    }
}

static void make(uint64_t want[64]) {
    hr_store s;
    hr_store_config c = {8192, true, false, NULL, {NULL, 0, false, 0, 0}};
    snprintf(path, sizeof path, "/dev/shm/fuzz_cache_%d", (int)getpid());
    snprintf(cache_path, sizeof cache_path, "%s-cache", path);
    remove(path), remove(cache_path);
    if (hr_store_open_cached(&s, path, &c, NULL) != HR_OK) abort();
    for (int i = 0; i < ITEMS; i++) {
        char text[40], key[8];
        float v[CACHE_DIM] = {(float)i, (float)(i * i % 7), -1, (float)(i % 3)};
        hr_item it;
        memset(&it, 0, sizeof it);
        snprintf(text, sizeof text, "say word%d", i % 4);
        snprintf(key, sizeof key, "k%d", i % 9);
        it.text = (hr_str){text, strlen(text)}, it.time_ms = 1000;
        if (i % 3 == 0) it.kind = HR_KIND_VALUE, it.key = (hr_str){key, strlen(key)};
        if (i % 4) it.vector = v, it.dim = CACHE_DIM, it.space = "m";
        if (hr_store_put(&s, &it, 1, NULL) != HR_OK) abort();
    }
    answers(&s, true, want);
    hr_store_close(&s);
    FILE *f = fopen(cache_path, "rb");
    if (!f || (n_original = fread(original, 1, sizeof original, f)) < 4096) abort();
    fclose(f);
}
static void clean(void) { remove(path), remove(cache_path); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint64_t want[64];
    static uint8_t now[1 << 16];
    uint64_t got[64];
    hr_store s;
    hr_store_config c = {8192, false, false, NULL, {NULL, 0, false, 0, 0}};
    if (n_original == 0) make(want), atexit(clean);
    if (size < 4) return 0;
    size_t at = (data[1] | (size_t)data[2] << 8) % n_original, n = size - 3 < n_original - at ? size - 3 : n_original - at;
    memcpy(now, original, n_original);
    for (size_t i = 0; i < n; i++) now[at + i] ^= data[3 + i];
    if (data[0] == 'M') { /* numbers that nobody wrote, under a sum that fits */
        uint32_t sum = hr_crc32c(now, 4092, 0);
        memcpy(now + 4092, &sum, 4);
    }
    FILE *f = fopen(cache_path, "wb");
    if (!f || fwrite(now, 1, n_original, f) != n_original) abort();
    fclose(f);
    if (hr_store_open_cached(&s, path, &c, NULL) != HR_OK) abort();
    answers(&s, data[0] != 'M', got);
    if (data[0] != 'M' && memcmp(got, want, sizeof got) != 0) abort();
    hr_store_close(&s);
    return 0;
}
