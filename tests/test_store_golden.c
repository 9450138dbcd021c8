/* Stores written by the first version (tests/golden/store) are read for ever. What must be in them was listed by another
 * reader, written from memory/FORMAT.md alone: `python3 read_store.py plain.hearth > plain.txt`, sealed.hearth with the key
 * below. HEARTH_GOLDEN_WRITE=FOLDER makes such files anew (never over the old ones). Then every byte of them is changed, every
 * length cut, and one laid over the other: a typed error, a report, or what was written. */
#include "tests/t.h"
#include "memory/memory.h"

static const char golden_key[] = "golden key of the first version!";
static uint8_t golden[1 << 16];
static size_t n_golden;
static bool golden_load(const char *name, char *path) {
    sprintf(path, "tests/golden/store/%s", name);
    FILE *f = fopen(path, "rb");
    n_golden = f ? fread(golden, 1, sizeof golden, f) : 0;
    if (f) fclose(f);
    return n_golden > 0;
}
/* a file in memory */
typedef struct image { uint8_t p[1 << 16]; uint64_t size; } image;
static image whole;
static hr_status image_read(void *ctx, uint64_t at, void *dst, size_t n, hr_error *err) {
    image *m = ctx;
    (void)err;
    T_CHECK(at + n <= m->size);
    memcpy(dst, m->p + at, n);
    return HR_OK;
}
static hr_status image_refuses(void *ctx, uint64_t at, const void *src, size_t n, hr_error *err) {
    (void)ctx, (void)src, (void)n;
    return hr_fail(err, HR_E_IO, at, "image", "is for reading");
}
static hr_status image_no_erase(void *ctx, uint64_t at, uint64_t n, hr_error *err) {
    return image_refuses(ctx, at, NULL, n, err);
}
static hr_status image_no_sync(void *ctx, hr_error *err) { return image_refuses(ctx, 0, NULL, 0, err); }
static hr_status image_open(hr_store *s, image *m, bool sealed) {
    hr_block b = {image_read, image_refuses, image_no_erase, image_no_sync, NULL, NULL, m, m->size, m->size, 8, 4096, 0, true};
    hr_store_config c = {0, false, false, NULL, {sealed ? golden_key : NULL, sealed ? 32 : 0, false, 0, 0}};
    return hr_store_open(s, &b, &c, NULL);
}
static size_t listing(hr_store *s, char *out, size_t cap, bool *unread) { /* as the other reader prints it, by id */
    size_t at = 0;
    uint64_t top = 0;
    *unread = false;
    for (uint32_t i = 0; i < s->n; i++) if (s->entries[i].id > top) top = s->entries[i].id;
    if (top > 1000) return 0;
    for (uint64_t id = 1; id <= top; id++) {
        hr_entry *e = hr_store_find(s, id);
        hr_item it;
        if (!e) continue;
        if (hr_store_read(s, e, &it, NULL) != HR_OK) { *unread = true; continue; }
        at += (size_t)snprintf(out + at, cap - at, "%ju %ju %ju %u %u %u|%.*s|%.*s|%.*s|%.*s|%.*s", (uintmax_t)it.id,
                               (uintmax_t)it.time_ms, (uintmax_t)it.expires_ms, it.kind, it.confidence, it.count,
                               (int)it.scope.size, it.scope.data, (int)it.source.size, it.source.data, (int)it.tags.size,
                               it.tags.data, (int)it.key.size, it.key.data, (int)it.text.size, it.text.data);
        float v[16];
        if (e->vec_space && hr_store_vector(s, e, v, 16, NULL) != HR_OK) *unread = true;
        else if (e->vec_space) {
            const hr_space *space = &s->spaces[e->vec_space - 1];
            at += (size_t)snprintf(out + at, cap - at, "|%s", space->name);
            for (uint32_t k = 0; k < space->dim; k++) at += (size_t)snprintf(out + at, cap - at, " %08x", hr_f32_bits(v[k]));
        }
        at += (size_t)snprintf(out + at, cap - at, "\n");
    }
    return at;
}
static void golden_write(const char *folder, bool sealed) {
    char path[500];
    hr_store s;
    hr_item it;
    hr_store_config c = {4096, true, false, NULL, {sealed ? golden_key : NULL, sealed ? 32 : 0, false, 0, 0}};
    snprintf(path, sizeof path, "%s/%s.hearth", folder, sealed ? "sealed" : "plain");
    T_NEED(access(path, F_OK) != 0 && hr_store_open_file(&s, path, &c, NULL) == HR_OK);
    for (uint32_t i = 0; i < 24; i++) {
        char text[80], key[20];
        float v[5] = {(float)i / 3, -1, 0.1f, 65000.0f * (float)i, -1e-3f};
        memset(&it, 0, sizeof it);
        snprintf(text, sizeof text, "gr\xc3\xbc\xc3\x9f dich, number %u", i);
        snprintf(key, sizeof key, "key %u", i % 12);
        it.text = (hr_str){text, strlen(text)};
        it.time_ms = 1000 + i, it.kind = i % HR_KIND_COUNT, it.confidence = i % 2 ? 1000 : 400;
        if (it.kind) it.key = (hr_str){key, strlen(key)};
        if (i % 3 == 0) it.scope = (hr_str){"home", 4}, it.tags = (hr_str){"a,b", 3}, it.expires_ms = 4000000000000;
        if (i % 4 == 1) it.source = (hr_str){"chat", 4};
        if (i % 2) it.vector = v, it.dim = i % 4 == 1 ? 5 : 3, it.space = i % 4 == 1 ? "five" : "three";
        s.options = i > 11 ? HR_STORE_F16 : 0;
        T_CHECK(hr_store_put(&s, &it, 1, NULL) == HR_OK);
        if (i % 9 == 7 && it.id) T_CHECK(hr_store_delete(&s, &it.id, 1, NULL) == HR_OK);
    }
    hr_store_close(&s);
}
static void one_golden(const char *name, bool sealed) {
    char path[300], file[64];
    static char want[1 << 14], have[1 << 14];
    image *m = malloc(sizeof *m);
    bool unread;
    hr_store s;
    long refused = 0, reported = 0, same = 0;
    sprintf(file, "%s.txt", name);
    T_NEED(m && golden_load(file, path));
    size_t n = n_golden;
    memcpy(want, golden, n);
    sprintf(file, "%s.hearth", name);
    T_NEED(golden_load(file, path) && n < sizeof want);
    memcpy(m->p, golden, n_golden);
    m->size = n_golden;
    T_NEED(image_open(&s, m, sealed) == HR_OK);
    T_CHECK(listing(&s, have, sizeof have, &unread) == n && !unread && s.log.damage.places == 0);
    T_EQ_MEM(have, want, n);
    hr_store_close(&s);
    const uint64_t step = getenv("HEARTH_CRASH_STATES") ? 13 : 1; /* slow builds */
    for (uint64_t at = 0; at < 2 * n_golden; at += step) { /* each byte changed, each length */
        memcpy(m->p, golden, n_golden);
        m->size = n_golden;
        if (at < n_golden) m->p[at] ^= (uint8_t)(1 + at % 255);
        else m->size = at - n_golden;
        hr_status status = image_open(&s, m, sealed);
        if (status != HR_OK) {
            T_CHECK(status == HR_E_FORMAT || status == HR_E_KEY || status == HR_E_UNSUPPORTED);
            refused++;
            continue;
        }
        size_t got = listing(&s, have, sizeof have, &unread);
        bool equal = got == n && memcmp(have, want, n) == 0 && !unread;
        hr_store_stats st;
        hr_store_get_stats(&s, &st);
        if (equal) same++;
        else if (T_CHECK(st.lost_places > 0 || unread)) reported++; /* never silently less */
        want[n] = have[got] = 0;
        for (char *line = have, *end; !equal && *line; line = end + 1) { /* it was written; deleted ones may return */
            end = strchr(line, '\n');
            if (!T_CHECK(end != NULL)) break;
            *end = 0;
            T_CHECK(strstr(want, line) != NULL || (st.lost_places > 0 && strstr(line, "dich, number") != NULL));
        }
        hr_store_close(&s);
    }
    printf("    %s: %ld refused, %ld reported, %ld the same\n", name, refused, reported, same);
    free(m);
}
T_TEST(plain_of_version_1) { one_golden("plain", false); }
T_TEST(sealed_of_version_1) { one_golden("sealed", true); }
T_TEST(write_them) {
    const char *folder = getenv("HEARTH_GOLDEN_WRITE");
    if (!folder) return;
    golden_write(folder, false);
    golden_write(folder, true);
}
/* the two laid over each other, in whole and from every 512th byte on */
T_TEST(swapped) {
    char path[300];
    static uint8_t plain[1 << 16];
    hr_store s;
    T_NEED(golden_load("plain.hearth", path));
    size_t n = n_golden;
    memcpy(plain, golden, n);
    T_NEED(golden_load("sealed.hearth", path));
    image *m = &whole;
    memcpy(m->p, golden, n_golden), m->size = n_golden;
    T_EQ_I(image_open(&s, m, false), HR_E_KEY); /* another store in the place of this one: its key does not fit */
    memcpy(m->p, plain, n), m->size = n;
    T_EQ_I(image_open(&s, m, true), HR_E_KEY);
    for (size_t from = 512; from < n && from < n_golden; from += 512)
        for (int front = 0; front < 2; front++) {
            memcpy(m->p, front ? golden : plain, from);
            memcpy(m->p + from, (front ? plain : golden) + from, (front ? n : n_golden) - from);
            m->size = front ? n : n_golden;
            hr_status status = image_open(&s, m, front == 1);
            if (status != HR_OK) { T_CHECK(status == HR_E_FORMAT || status == HR_E_KEY); continue; }
            bool unread;
            static char have[1 << 14];
            listing(&s, have, sizeof have, &unread);
            T_CHECK(from < 8192 || s.log.damage.places > 0 || from + 512 > n);
            hr_store_close(&s);
        }
}
T_MAIN(T_RUN(plain_of_version_1), T_RUN(sealed_of_version_1), T_RUN(swapped), T_RUN(write_them))
