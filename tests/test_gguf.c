/* test_gguf.c: the container when the file is good: every type, every way of reading, split files, getters, text, real
 * files. Expected values are what gguf_writer.h was told to write, and for the real files the figures of the data's
 * README. What must be refused: test_gguf_hostile.c. */
#include "tests/t.h"
#include "engine/gguf.h"
#include "tests/gguf_io.h"
#include "tests/gguf_writer.h"
#include <dirent.h>

static hr_error last;

static void check_sample(gi_open *o) {
    hr_gguf *g = &o->g;
    uint64_t u = 0;
    int64_t i = 0;
    double f = 0;
    bool b = false, found = false;
    hr_str s = {0};
    T_EQ_U(g->n_kv, 17), T_EQ_U(g->n_tensors, 3), T_EQ_U(g->alignment, 32), T_EQ_U(g->shards[0].data_offset % 32, 0);
    static const struct { const char *key; uint64_t v; } unsigned_keys[] = {
        {"t.u8", 200}, {"t.u16", 60000}, {"t.u32", 4000000000u}, {"t.u64", UINT64_MAX}};
    for (size_t k = 0; k < HR_COUNT(unsigned_keys); k++) {
        T_EQ_I(hr_gguf_u64(g, unsigned_keys[k].key, &u, &found, NULL), HR_OK);
        T_CHECK(found), T_EQ_U(u, unsigned_keys[k].v);
    }
    static const struct { const char *key; int64_t v; } signed_keys[] = {
        {"t.i8", -1}, {"t.i16", -2}, {"t.i32", -3}, {"t.i64", -4}, {"t.u8", 200}};
    for (size_t k = 0; k < HR_COUNT(signed_keys); k++) {
        T_EQ_I(hr_gguf_i64(g, signed_keys[k].key, &i, NULL, NULL), HR_OK), T_EQ_I(i, signed_keys[k].v);
    }
    T_EQ_I(hr_gguf_f64(g, "t.f32", &f, NULL, NULL), HR_OK), T_CHECK(f == 1.5);
    T_EQ_I(hr_gguf_f64(g, "t.f64", &f, NULL, NULL), HR_OK), T_CHECK(f == -0.25);
    T_EQ_I(hr_gguf_f64(g, "t.i32", &f, NULL, NULL), HR_OK), T_CHECK(f == -3.0);
    T_EQ_I(hr_gguf_bool(g, "t.bool", &b, NULL, NULL), HR_OK), T_CHECK(b);
    T_EQ_I(hr_gguf_string(g, "general.architecture", &s, NULL, NULL), HR_OK), T_CHECK(hr_str_is(s, "none"));
    for (uint64_t k = 0; k < 3; k++) {
        T_EQ_I(hr_gguf_u64_at(g, "t.heads", k, &u, NULL, NULL), HR_OK), T_EQ_U(u, 8u >> k);
        T_EQ_I(hr_gguf_f64_at(g, "t.heads", k, &f, NULL, NULL), HR_OK), T_CHECK(f == (double)(8 >> k));
        T_EQ_I(hr_gguf_u64_at(g, "t.u8", k, &u, NULL, NULL), HR_OK), T_EQ_U(u, 200); /* a scalar counts for every layer */
    }
    const hr_gguf_kv *kv = NULL;
    T_EQ_I(hr_gguf_array(g, "t.words", HR_GGUF_STRING, &kv, &found, NULL), HR_OK);
    if (T_CHECK(kv != NULL)) T_EQ_U(kv->count, 3), T_EQ_U(kv->bytes, 3 * 8 + 3 + 0 + 4);
    T_EQ_I(hr_gguf_array(g, "t.flags", HR_GGUF_BOOL, &kv, &found, NULL), HR_OK), T_CHECK(found && kv != NULL);
    T_EQ_I(hr_gguf_array(g, "absent", HR_GGUF_STRING, &kv, &found, NULL), HR_OK), T_CHECK(!found && kv == NULL);
    u = 77, b = true;
    T_EQ_I(hr_gguf_u64(g, "absent", &u, &found, NULL), HR_OK), T_CHECK(!found && u == 77);
    T_EQ_I(hr_gguf_i64(g, "absent", &i, &found, NULL), HR_OK), T_CHECK(!found);
    T_EQ_I(hr_gguf_f64(g, "absent", &f, &found, NULL), HR_OK), T_CHECK(!found);
    T_EQ_I(hr_gguf_bool(g, "absent", &b, &found, NULL), HR_OK), T_CHECK(!found && b);
    T_EQ_I(hr_gguf_string(g, "absent", &s, &found, NULL), HR_OK), T_CHECK(!found);
    const hr_gguf_tensor *t = hr_gguf_tensor_find(g, "a.weight");
    if (!T_CHECK(t != NULL)) return;
    T_EQ_U(t->bytes, 20), T_EQ_U(t->dims[0], 5), T_EQ_U(t->dims[1], 1), T_EQ_U(t->n_dims, 1), T_EQ_U(t->order, 1);
    uint8_t data[20];
    T_EQ_I(hr_gguf_tensor_read(g, t, 4, data, 16, NULL), HR_OK);
    for (unsigned k = 0; k < 16; k++) T_EQ_U(data[k], 128 + 4 + k);
    const uint8_t *in_place = hr_gguf_tensor_data(g, t);
    if (in_place != NULL) T_EQ_U(in_place[0], 128);
    hr_gguf_tensor_drop(g, t, 0, t->bytes);
    T_CHECK(hr_gguf_tensor_find(g, "a.weigh") == NULL && hr_gguf_tensor_find(g, "a.weights") == NULL);
    T_CHECK(hr_gguf_tensor_find(g, "b.weight") != NULL && hr_gguf_tensor_find(g, "c.weight") != NULL);
}

T_TEST(every_type_every_way_of_reading) {
    gw w = {0};
    gw_sample(&w);
    const char *path = t_tmp("sample.gguf");
    T_NEED(gw_save(&w, path));
    for (int way = 0; way < GI_WAYS; way++) {
        gi_open o;
        T_EQ_I(gi_load(&o, way, path, w.p, w.n, &last), HR_OK);
        if (o.ok) check_sample(&o);
        if (o.ok) T_CHECK((hr_gguf_tensor_data(&o.g, &o.g.tensors[0]) == NULL) == (way == GI_WINDOWS));
        gi_close(&o);
    }
    gw_free(&w);
}

T_TEST(version_2_and_every_alignment) {
    for (uint32_t align = 1; align <= 65536; align *= 2) {
        gw w = {0};
        gw_header(&w, align == 1 ? 2 : 3, 2, 1);
        gw_kv_u32(&w, "general.alignment", align);
        uint64_t second = (12 + align - 1) / align * align;
        gw_tensor(&w, "a", 1, (uint64_t[]){3}, 0, 0), gw_tensor(&w, "b", 1, (uint64_t[]){3}, 0, second);
        gw_pad(&w, align);
        gw_fill(&w, second, 1), gw_fill(&w, 12, 2), gw_pad(&w, align);
        gi_open o;
        T_EQ_I(gi_load(&o, GI_MEMORY, NULL, w.p, w.n, &last), HR_OK);
        if (o.ok) {
            T_EQ_U(o.g.alignment, align), T_EQ_U(o.g.version, align == 1 ? 2 : 3);
            T_EQ_U(*hr_gguf_tensor_data(&o.g, &o.g.tensors[1]), 2);
        }
        gi_close(&o);
        gw_free(&w);
    }
}

T_TEST(wrong_kinds_name_key_and_offset) {
    gw w = {0};
    gw_header(&w, 3, 0, 6);
    gw_kv_bool(&w, "two", 2), gw_kv_arr(&w, "bools", 7, 3), gw_u8(&w, 0), gw_u8(&w, 1), gw_u8(&w, 0x80);
    gw_kv_str(&w, "s", "text"), gw_kv_i32(&w, "n", -1);
    gw_key(&w, "nan", 6), gw_u32(&w, 0x7fc00000);
    gw_kv_u64(&w, "big", (uint64_t)1 << 63);
    gi_open o;
    T_NEED(gi_load(&o, GI_MEMORY, NULL, w.p, w.n, &last) == HR_OK);
    uint64_t u = 5;
    int64_t i;
    double f = 5;
    bool b;
    hr_str s;
    const hr_gguf_kv *kv;
#define REFUSED(call, key)                                                                     \
    do {                                                                                       \
        hr_error_clear(&last);                                                                 \
        T_EQ_I(call, HR_E_FORMAT), T_EQ_STR(last.where, key), T_CHECK(last.offset < w.n);      \
        T_EQ_U(last.offset, hr_gguf_kv_offset(&o.g, hr_gguf_find(&o.g, key)));                 \
    } while (0)
    REFUSED(hr_gguf_u64(&o.g, "s", &u, NULL, &last), "s");
    REFUSED(hr_gguf_u64(&o.g, "n", &u, NULL, &last), "n");
    REFUSED(hr_gguf_u64(&o.g, "nan", &u, NULL, &last), "nan");
    REFUSED(hr_gguf_i64(&o.g, "big", &i, NULL, &last), "big");
    REFUSED(hr_gguf_i64(&o.g, "nan", &i, NULL, &last), "nan");
    REFUSED(hr_gguf_f64(&o.g, "nan", &f, NULL, &last), "nan");
    REFUSED(hr_gguf_bool(&o.g, "n", &b, NULL, &last), "n");
    REFUSED(hr_gguf_string(&o.g, "n", &s, NULL, &last), "n");
    REFUSED(hr_gguf_array(&o.g, "n", HR_GGUF_U32, &kv, NULL, &last), "n");
    REFUSED(hr_gguf_bool(&o.g, "two", &b, NULL, &last), "two");
    REFUSED(hr_gguf_bool(&o.g, "s", &b, NULL, &last), "s");
    hr_error_clear(&last);
    T_EQ_I(hr_gguf_array(&o.g, "bools", HR_GGUF_BOOL, &kv, NULL, &last), HR_E_FORMAT);
    T_EQ_U(last.offset, hr_gguf_kv_offset(&o.g, hr_gguf_find(&o.g, "bools")) + 2);
    T_CHECK(u == 5 && f == 5);
    gi_close(&o);
    gw_free(&w);
    gw_sample(&w);
    T_NEED(gi_load(&o, GI_MEMORY, NULL, w.p, w.n, &last) == HR_OK);
    REFUSED(hr_gguf_u64(&o.g, "t.heads", &u, NULL, &last), "t.heads");        /* an array is no scalar */
    REFUSED(hr_gguf_u64_at(&o.g, "t.heads", 3, &u, NULL, &last), "t.heads");  /* too short */
    REFUSED(hr_gguf_u64_at(&o.g, "t.flags", 0, &u, NULL, &last), "t.flags");
    REFUSED(hr_gguf_array(&o.g, "t.heads", HR_GGUF_U32, &kv, NULL, &last), "t.heads"); /* i32, not u32 */
#undef REFUSED
    gi_close(&o);
    gw_free(&w);
}

T_TEST(values_as_text) {
    gw w = {0};
    gw_sample(&w);
    gi_open o;
    T_NEED(gi_load(&o, GI_MEMORY, NULL, w.p, w.n, &last) == HR_OK);
    static const char *const want[][2] = {
        {"t.u8", "200"}, {"t.i8", "-1"}, {"t.u64", "18446744073709551615"}, {"t.f32", "1.5"}, {"t.f64", "-0.25"},
        {"t.bool", "true"}, {"t.words", "[one, , th\\xc3\\xa9]"}, {"t.heads", "[8, 4, 2]"}, {"t.flags", "[true, false]"},
        {"t.empty", "[]"}, {"general.architecture", "none"}};
    char text[200];
    for (size_t i = 0; i < HR_COUNT(want); i++) {
        size_t n = hr_gguf_value_text(hr_gguf_find(&o.g, want[i][0]), text, sizeof text);
        T_EQ_STR(text, want[i][1]), T_EQ_U(n, strlen(text));
        for (size_t cap = 0; cap < 12; cap++) { /* cut to any room, never past it */
            memset(text, 0x7e, sizeof text);
            n = hr_gguf_value_text(hr_gguf_find(&o.g, want[i][0]), text, cap);
            T_CHECK(cap == 0 ? n == 0 : n < cap && text[n] == '\0');
            T_EQ_U((uint8_t)text[cap], 0x7e);
        }
    }
    T_EQ_STR(hr_gguf_type_name(HR_GGUF_U8), "u8"), T_EQ_STR(hr_gguf_type_name(HR_GGUF_F64), "f64");
    T_EQ_STR(hr_gguf_type_name(13), "?");
    gi_close(&o);
    gw_free(&w);
    static const struct { double v; const char *text; } reals[] = {
        {0, "0.0"}, {1e30, "1.0e30"}, {-2.5e-7, "-2.5e-7"}, {10000, "10000.0"}, {1e-5, "1.0e-5"}, {HUGE_VAL, "inf"},
        {-HUGE_VAL, "-inf"}, {NAN, "nan"}};
    for (size_t i = 0; i < HR_COUNT(reals); i++) {
        uint8_t bits[8];
        memcpy(bits, &reals[i].v, 8);
        hr_gguf_kv kv = {.data = bits, .count = 1, .bytes = 8, .type = HR_GGUF_F64, .elem = HR_GGUF_F64};
        hr_gguf_value_text(&kv, text, sizeof text), T_EQ_STR(text, reals[i].text);
    }
    uint8_t seven[7] = {1, 2, 3, 4, 5, 6, 7};
    hr_gguf_kv kv = {.data = seven, .count = 7, .bytes = 7, .type = HR_GGUF_ARRAY, .elem = HR_GGUF_U8};
    hr_gguf_value_text(&kv, text, sizeof text), T_EQ_STR(text, "[1, 2, 3, 4, 5, 6, ... 7 in all]");
}

/* --- split files ------------------------------------------------------------------------------------------------ */
typedef struct split_plan {
    uint32_t no[3], count[3], total;
    const char *name[3];
} split_plan;
static const split_plan split_good = {{0, 1, 2}, {3, 3, 3}, 3, {"x", "y", "z"}};

static const char *write_split(const split_plan *p) {
    static char first[512];
    for (unsigned i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "m-%05u-of-00003.gguf", i + 1);
        const char *path = t_tmp(name);
        if (i == 0) snprintf(first, sizeof first, "%s", path);
        gw w = {0};
        gw_header(&w, 3, 1, i == 1 ? 4 : 3); /* the second has an alignment of its own */
        gw_kv_u16(&w, "split.no", (uint16_t)p->no[i]), gw_kv_u16(&w, "split.count", (uint16_t)p->count[i]);
        gw_kv_i32(&w, "split.tensors.count", (int32_t)p->total);
        if (i == 1) gw_kv_u32(&w, "general.alignment", 64);
        gw_tensor(&w, p->name[i], 1, (uint64_t[]){4}, 0, 0);
        gw_pad(&w, i == 1 ? 64 : 32), gw_fill(&w, 16, (uint8_t)(10 + i)), gw_pad(&w, i == 1 ? 64 : 32);
        T_CHECK(gw_save(&w, path));
        gw_free(&w);
    }
    return first;
}

T_TEST(split_files) {
    const char *first = write_split(&split_good);
    for (int way = 0; way < GI_MEMORY; way++) {
        gi_open o;
        if (!T_CHECK(gi_load(&o, way, first, NULL, 0, &last) == HR_OK)) printf("%s: %s\n", last.where, last.what);
        if (!o.ok) continue;
        T_EQ_U(o.g.n_shards, 3), T_EQ_U(o.g.n_tensors, 3), T_EQ_U(o.g.n_kv, 3), T_EQ_U(o.g.alignment, 32);
        for (unsigned i = 0; i < 3; i++) {
            const hr_gguf_tensor *t = hr_gguf_tensor_find(&o.g, split_good.name[i]);
            uint8_t data[16] = {0};
            if (!T_CHECK(t != NULL)) continue;
            T_EQ_I(hr_gguf_tensor_read(&o.g, t, 0, data, 16, NULL), HR_OK);
            T_EQ_U(data[0], 10 + i), T_EQ_U(t->shard, i), T_EQ_U(data[15], 10 + i);
        }
        gi_close(&o);
    }
}

T_TEST(bad_splits) {
    static const struct { split_plan plan; hr_status status; const char *what; } bad[] = {
        {{{0, 2, 2}, {3, 3, 3}, 3, {"x", "y", "z"}}, HR_E_FORMAT, "says it is part 3"},
        {{{0, 1, 2}, {3, 4, 3}, 3, {"x", "y", "z"}}, HR_E_FORMAT, "of 4"},
        {{{0, 1, 2}, {3, 3, 3}, 4, {"x", "y", "z"}}, HR_E_FORMAT, "4 tensors announced, 3 found"},
        {{{0, 1, 2}, {3, 3, 3}, 3, {"x", "y", "x"}}, HR_E_FORMAT, "twice"},
        {{{1, 1, 2}, {3, 3, 3}, 3, {"x", "y", "z"}}, HR_E_ARG, "m-00001-of-00003.gguf"},
        {{{0, 1, 2}, {5, 5, 5}, 3, {"x", "y", "z"}}, HR_E_IO, "part 2"},
        {{{0, 1, 2}, {300, 3, 3}, 3, {"x", "y", "z"}}, HR_E_LIMIT, "300 parts"},
        {{{0, 1, 2}, {3, 3, 3}, 0xffffffff, {"x", "y", "z"}}, HR_E_FORMAT, "negative"},
    };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        const char *first = write_split(&bad[i].plan);
        for (int way = 0; way < GI_MEMORY; way++) {
            gi_open o;
            T_EQ_I(gi_load(&o, way, first, NULL, 0, &last), bad[i].status);
            t_check(strstr(last.what, bad[i].what) != NULL, T_HERE(bad[i].what), "%s: %s", last.where, last.what);
            gi_close(&o);
        }
    }
    char second[512];
    snprintf(second, sizeof second, "%s", write_split(&split_good));
    memcpy(strstr(second, "-00001-") + 1, "00002", 5);
    gi_open o;
    T_EQ_I(gi_load(&o, GI_MAPPED, second, NULL, 0, &last), HR_E_ARG);
    T_CHECK(strstr(last.what, "m-00001-of-00003.gguf") != NULL);
    gw w = {0};
    gw_header(&w, 3, 0, 1), gw_kv_u16(&w, "split.count", 2);
    T_EQ_I(gi_load(&o, GI_MEMORY, NULL, w.p, w.n, &last), HR_E_UNSUPPORTED); /* no folder to find the others in */
    const char *path = t_tmp("noname.gguf");
    T_CHECK(gw_save(&w, path));
    T_EQ_I(gi_load(&o, GI_MAPPED, path, NULL, 0, &last), HR_E_ARG);
    gw_free(&w);
    gw_header(&w, 3, 0, 1), gw_kv_u16(&w, "split.no", 1); /* a part without a count is no whole file */
    T_EQ_I(gi_load(&o, GI_MEMORY, NULL, w.p, w.n, &last), HR_E_ARG);
    gw_free(&w);
}

/* --- real files --------------------------------------------------------------------------------------------------- */
T_TEST(stories_260k) {
    const char *path = t_data("models/stories260K.gguf");
    if (path == NULL) T_SKIP("no data");
    gi_open m, r;
    T_NEED(gi_load(&m, GI_MAPPED, path, NULL, 0, &last) == HR_OK);
    T_NEED(gi_load(&r, GI_WINDOWS, path, NULL, 0, &last) == HR_OK);
    uint64_t layers = 0;
    T_EQ_I(hr_gguf_u64(&m.g, "llama.block_count", &layers, NULL, NULL), HR_OK), T_EQ_U(layers, 5);
    const hr_gguf_tensor *t = hr_gguf_tensor_find(&m.g, "token_embd.weight");
    T_NEED(t != NULL);
    T_EQ_U(t->dims[0], 64), T_EQ_U(t->dims[1], 512), T_EQ_U(t->bytes, 64 * 512 * 4);
    T_EQ_U(m.g.n_tensors, r.g.n_tensors), T_EQ_U(m.g.n_kv, r.g.n_kv);
    for (uint32_t i = 0; i < m.g.n_tensors; i++) { /* the two ways of reading agree on every byte */
        uint8_t *a = malloc((size_t)m.g.tensors[i].bytes);
        if (!T_CHECK(a != NULL)) break;
        T_EQ_I(hr_gguf_tensor_read(&r.g, &r.g.tensors[i], 0, a, (size_t)m.g.tensors[i].bytes, NULL), HR_OK);
        T_EQ_MEM(a, hr_gguf_tensor_data(&m.g, &m.g.tensors[i]), (size_t)m.g.tensors[i].bytes);
        free(a);
    }
    gi_close(&m), gi_close(&r);
}

static int load_folder(const char *folder) {
    const char *dir = t_data(folder);
    int n = 0;
    DIR *d = dir != NULL ? opendir(dir) : NULL;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        size_t len = strlen(e->d_name);
        if (len < 5 || strcmp(e->d_name + len - 5, ".gguf") != 0) continue;
        char path[1200];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        for (int way = 0; way < GI_MEMORY; way++) {
            gi_open o;
            hr_status status = gi_load(&o, way, path, NULL, 0, &last);
            t_check(status == HR_OK, T_HERE(e->d_name), "%s at %llu: %s", last.where, (unsigned long long)last.offset,
                    last.what);
            gi_close(&o);
        }
        n++;
    }
    if (d != NULL) closedir(d);
    return n;
}

T_TEST(every_real_file_loads) {
    int n = load_folder("models") + load_folder("archs") + load_folder("tokenizers");
    if (n == 0) T_SKIP("no data");
    T_CHECK(n >= 3);
}

T_MAIN(T_RUN(every_type_every_way_of_reading), T_RUN(version_2_and_every_alignment), T_RUN(wrong_kinds_name_key_and_offset),
       T_RUN(values_as_text), T_RUN(split_files), T_RUN(bad_splits), T_RUN(stories_260k), T_RUN(every_real_file_loads))
