/* test_gguf_hostile.c: what the container must refuse (reference/planes.md 9.2): one file for each row of
 * security/gguf_cves.md, the malformed set of llama.cpp's own parser test, a real header cut at every byte and with every bit
 * flipped, headers that claim too much, and every allocation and file operation made to fail in turn. A refusal is a
 * status, a field and an offset, never a crash. */
#include "tests/t.h"
#include "engine/gguf.h"
#include "tests/gguf_io.h"
#include "tests/gguf_writer.h"
#include <dirent.h>

static hr_error last;
static const uint64_t TOP = (uint64_t)1 << 63;

/* --- rows of the list of weaknesses ---------------------------------------------------------------------------------- */
static void one_tensor(gw *w, uint32_t n_dims, uint64_t a, uint64_t b, uint64_t c, uint32_t type, uint64_t offset) {
    uint64_t dims[4] = {a, b, c, 1};
    gw_header(w, 3, 1, 0);
    gw_text(w, "t"), gw_u32(w, n_dims);
    for (uint32_t i = 0; i < n_dims && i < 64; i++) gw_u64(w, i < 4 ? dims[i] : 1);
    gw_u32(w, type), gw_u64(w, offset);
    gw_pad(w, 32), gw_fill(w, 4096, 0);
}
static void one_string(gw *w, uint64_t claimed, size_t there) {
    gw_header(w, 3, 0, 1), gw_key(w, "k", 8), gw_u64(w, claimed), gw_fill(w, there, 'a');
}
static void one_array(gw *w, uint32_t elem, uint64_t count, size_t there) {
    gw_header(w, 3, 0, 1), gw_kv_arr(w, "k", elem, count), gw_fill(w, there, 0);
}
static void alignment_of(gw *w, uint32_t type, uint64_t v) {
    gw_header(w, 3, 0, 1), gw_kv_int(w, "general.alignment", type, v, type < 10 ? 4 : 8), gw_pad(w, 32);
}
static void b_21802(gw *w) { one_tensor(w, 5, 1, 1, 1, 0, 0); }
static void b_21825(gw *w) { one_array(w, 8, UINT64_MAX / 16 + 2, 64); }
static void b_21836(gw *w) { gw_header(w, 3, UINT64_MAX / 48 + 2, 0), gw_fill(w, 64, 0); }
static void b_23496(gw *w) { one_string(w, UINT64_MAX, 64); }
static void b_23605(gw *w) { gw_header(w, 3, 0, UINT64_MAX / 48 + 2), gw_fill(w, 64, 0); }
static void b_32878(gw *w) { gw_header(w, 3, 0, 3), gw_kv_u32(w, "a", 1), gw_fill(w, 39, 0); }
static void b_41130(gw *w) { gw_header(w, 3, 1, 0), gw_tensor(w, "t", 1, (uint64_t[]){8}, 0, 0); }
static void b_39720(gw *w) { gw_bytes(w, "GGUF", 4); }
static void b_12055(gw *w) { gw_header(w, 3, 0, 1), gw_text(w, "k"), gw_u32(w, 4), gw_u16(w, 1); }
static void b_66960(gw *w) { gw_bytes(w, "GGUF", 4), gw_u32(w, 1), gw_u32(w, 0), gw_u32(w, 1), gw_u32(w, 0xffffffff); }
static void b_49847(gw *w) {
    gw_header(w, 3, 0, 1), gw_kv_arr(w, "tokenizer.ggml.tokens", 8, 2), gw_u64(w, TOP), gw_fill(w, 64, 'x');
}
static void b_53630(gw *w) { /* two tensors whose padded sizes add up past 2^64 */
    gw_header(w, 3, 3, 0);
    uint64_t dims[4] = {(uint64_t)1 << 31, (uint64_t)1 << 28, 1, 1}, bytes = (uint64_t)1 << 61;
    for (uint64_t i = 0; i < 3; i++) gw_tensor(w, (const char *[]){"a", "b", "c"}[i], 2, dims, 0, i * bytes);
    gw_fill(w, 64, 0);
}
static void b_27940(gw *w) { gw_header(w, 3, UINT64_MAX, 0), gw_fill(w, 64, 0); }
static void b_33298(gw *w) { one_tensor(w, 3, (uint64_t)1 << 31, (uint64_t)1 << 31, (uint64_t)1 << 31, 0, 0); }
static void b_row_size(gw *w) { one_tensor(w, 2, UINT64_MAX / 32 * 32, 2, 1, 8, 0); }
static void b_pad(gw *w) { one_tensor(w, 1, UINT64_MAX / 4, 1, 1, 0, 0); }
static void b_div0(gw *w) { one_tensor(w, 2, 8, 0, 1, 0, 0); }
static void b_align_big(gw *w) { alignment_of(w, 4, (uint64_t)1 << 30); }
static void b_align_zero(gw *w) { alignment_of(w, 4, 0); }
static void b_align_i32(gw *w) { alignment_of(w, 5, 32); }
static void b_align_u64(gw *w) { alignment_of(w, 10, (uint64_t)32 << 32); }
static void b_dims_9(gw *w) { one_tensor(w, 9, 1, 1, 1, 0, 0); }
static void b_dims_max(gw *w) { one_tensor(w, 0xffffffff, 1, 1, 1, 0, 0); }
static void b_len_kv(gw *w) { gw_header(w, 3, 0, (uint64_t)1 << 62), gw_fill(w, 64, 0); }
static void b_len_tensors(gw *w) { gw_header(w, 3, TOP, 0), gw_fill(w, 64, 0); }
static void b_len_string(gw *w) { one_string(w, (uint64_t)1 << 62, 64); }
static void b_len_array(gw *w) { one_array(w, 4, TOP, 64); }
static void b_nested(gw *w) {
    gw_header(w, 3, 0, 1), gw_key(w, "k", 9);
    for (int i = 0; i < 10000; i++) gw_u32(w, 9), gw_u64(w, 1);
}
static void b_limits(gw *w) { one_string(w, (uint64_t)1 << 30, 100); }
static void b_7482(gw *w) { one_tensor(w, 1, 2048, 1, 1, 0, 0); } /* 8192 bytes of 4096 */
static void b_7482_offset(gw *w) { one_tensor(w, 1, 8, 1, 1, 0, UINT64_MAX - 31); }

/* --- rules 1 to 11 of planes.md 9.2 that no row above has --------------------------------------------------------------- */
static void b_magic(gw *w) { gw_sample(w), w->p[0] = 'g'; }
static void b_empty(gw *w) { gw_bytes(w, "", 0); }
static void b_version_0(gw *w) { gw_header(w, 0, 0, 0); }
static void b_version_4(gw *w) { gw_header(w, 4, 0, 0); }
static void b_big_endian(gw *w) { gw_header(w, 0x03000000, 0, 0); }
static void b_cap_kv(gw *w) { gw_header(w, 3, 0, 65537), gw_fill(w, 65537 * 14, 0); }
static void b_cap_tensors(gw *w) { gw_header(w, 3, 65537, 0), gw_fill(w, 65537 * 34, 0); }
static void b_key_empty(gw *w) { gw_header(w, 3, 0, 1), gw_kv_u32(w, "", 1); }
static void b_key_nul(gw *w) { gw_header(w, 3, 0, 1), gw_text_n(w, "a\0b", 3), gw_u32(w, 4), gw_u32(w, 1); }
static void b_key_utf8(gw *w) { gw_header(w, 3, 0, 1), gw_kv_u32(w, "a\xff", 1); }
static void b_key_twice(gw *w) { gw_header(w, 3, 0, 3), gw_kv_u32(w, "a", 1), gw_kv_u32(w, "b", 1), gw_kv_u32(w, "a", 1); }
static void b_align_twice(gw *w) {
    gw_header(w, 3, 0, 2), gw_kv_u32(w, "general.alignment", 32), gw_kv_u32(w, "general.alignment", 64);
}
static void b_key_long(gw *w) { gw_header(w, 3, 0, 1), gw_u64(w, 257), gw_fill(w, 257, 'k'), gw_u32(w, 4), gw_u32(w, 1); }
static void b_string_cap(gw *w) { one_string(w, (1 << 20) + 1, (1 << 20) + 1); }
static void b_element_cap(gw *w) { one_array(w, 8, 1, 0), gw_u64(w, (1 << 20) + 1), gw_fill(w, (1 << 20) + 1, 'a'); }
static void b_type_13(gw *w) { gw_header(w, 3, 0, 1), gw_key(w, "k", 13), gw_u64(w, 1); }
static void b_elem_13(gw *w) { one_array(w, 13, 1, 8); }
static void b_array_short(gw *w) { one_array(w, 4, 17, 64); }
static void b_words_short(gw *w) { one_array(w, 8, 3, 20); }
static void b_align_48(gw *w) { alignment_of(w, 4, 48); }
static void b_align_128k(gw *w) { alignment_of(w, 4, 131072); }
static void b_dims_0(gw *w) { one_tensor(w, 0, 1, 1, 1, 0, 0); }
static void b_ne_0(gw *w) { one_tensor(w, 1, 0, 1, 1, 0, 0); }
static void b_ne_max(gw *w) { one_tensor(w, 1, ((uint64_t)1 << 31) + 1, 1, 1, 24, 0); }
static void b_block(gw *w) { one_tensor(w, 2, 33, 1, 1, 8, 0); }
static void b_type_removed(gw *w) { one_tensor(w, 1, 32, 1, 1, 4, 0); }
static void b_type_unknown(gw *w) { one_tensor(w, 1, 32, 1, 1, 1000, 0); }
static void b_name_empty(gw *w) { gw_header(w, 3, 1, 0), gw_tensor(w, "", 1, (uint64_t[]){8}, 0, 0), gw_fill(w, 64, 0); }
static void b_name_nul(gw *w) { one_tensor(w, 1, 8, 1, 1, 0, 0), w->p[32] = 0; }
static void b_name_long(gw *w) {
    gw_header(w, 3, 1, 0), gw_u64(w, 64), gw_fill(w, 64, 'n'), gw_u32(w, 1), gw_u64(w, 8), gw_u32(w, 0), gw_u64(w, 0);
    gw_pad(w, 32), gw_fill(w, 32, 0);
}
static void two_tensors(gw *w, const char *second, uint64_t offset, size_t data) {
    gw_header(w, 3, 2, 0);
    gw_tensor(w, "a", 1, (uint64_t[]){8}, 0, 0), gw_tensor(w, second, 1, (uint64_t[]){8}, 0, offset);
    gw_pad(w, 32), gw_fill(w, data, 0);
}
static void b_name_twice(gw *w) { two_tensors(w, "a", 32, 64); }
static void b_overlap(gw *w) { two_tensors(w, "b", 0, 64); }
static void b_gap(gw *w) { two_tensors(w, "b", 96, 128); }
static void b_unaligned(gw *w) { two_tensors(w, "b", 33, 96); }
static void b_trailing(gw *w) { two_tensors(w, "b", 32, 64 + 33); }
static void b_trailing_bare(gw *w) { gw_header(w, 3, 0, 0), gw_fill(w, 100, 0); }
static void b_data_short(gw *w) { two_tensors(w, "b", 32, 63); }
static void b_split_type(gw *w) { gw_header(w, 3, 0, 1), gw_kv_f32(w, "split.count", 2.0f); }
static void b_split_minus(gw *w) { gw_header(w, 3, 0, 1), gw_kv_int(w, "split.no", 3, 0xffff, 2); }

typedef struct hostile {
    const char *row;
    void (*build)(gw *w);
    hr_status status;
    const char *where; /* the field named */
} hostile;
static const hostile hostile_files[] = {
    {"CVE-2024-21802", b_21802, HR_E_FORMAT, "t"},
    {"CVE-2024-21825", b_21825, HR_E_FORMAT, "k"},
    {"CVE-2024-21836", b_21836, HR_E_LIMIT, "n_tensors"},
    {"CVE-2024-23496", b_23496, HR_E_LIMIT, "k"},
    {"CVE-2024-23605", b_23605, HR_E_LIMIT, "n_kv"},
    {"CVE-2024-32878", b_32878, HR_E_FORMAT, "key"},
    {"CVE-2024-41130", b_41130, HR_E_FORMAT, "t"},
    {"CVE-2024-39720", b_39720, HR_E_FORMAT, "version"},
    {"CVE-2024-12055", b_12055, HR_E_FORMAT, "k"},
    {"CVE-2025-66960", b_66960, HR_E_UNSUPPORTED, "version"},
    {"CVE-2025-49847", b_49847, HR_E_LIMIT, "tokenizer.ggml.tokens"},
    {"CVE-2025-53630", b_53630, HR_E_FORMAT, NULL},
    {"CVE-2026-27940", b_27940, HR_E_LIMIT, "n_tensors"},
    {"CVE-2026-33298", b_33298, HR_E_FORMAT, "t"},
    {"row size of 33298", b_row_size, HR_E_FORMAT, "t"},
    {"GGML_PAD", b_pad, HR_E_FORMAT, "t"},
    {"div by zero", b_div0, HR_E_FORMAT, "t"},
    {"alignment 2^30", b_align_big, HR_E_FORMAT, "general.alignment"},
    {"alignment 0", b_align_zero, HR_E_FORMAT, "general.alignment"},
    {"alignment i32", b_align_i32, HR_E_FORMAT, "general.alignment"},
    {"alignment u64", b_align_u64, HR_E_FORMAT, "general.alignment"},
    {"n_dims 9", b_dims_9, HR_E_FORMAT, "t"},
    {"n_dims 2^32-1", b_dims_max, HR_E_FORMAT, "t"},
    {"kv_count 2^62", b_len_kv, HR_E_LIMIT, "n_kv"},
    {"tensor_count 2^63", b_len_tensors, HR_E_LIMIT, "n_tensors"},
    {"string 2^62", b_len_string, HR_E_LIMIT, "k"},
    {"array 2^63", b_len_array, HR_E_FORMAT, "k"},
    {"nested arrays", b_nested, HR_E_FORMAT, "k"},
    {"limits", b_limits, HR_E_LIMIT, "k"},
    {"CVE-2026-7482", b_7482, HR_E_FORMAT, "t"},
    {"CVE-2026-7482 offset", b_7482_offset, HR_E_FORMAT, "t"},
    {"magic", b_magic, HR_E_FORMAT, "magic"},
    {"empty file", b_empty, HR_E_FORMAT, "magic"},
    {"version 0", b_version_0, HR_E_UNSUPPORTED, "version"},
    {"version 4", b_version_4, HR_E_UNSUPPORTED, "version"},
    {"big-endian", b_big_endian, HR_E_UNSUPPORTED, "version"},
    {"65537 keys", b_cap_kv, HR_E_LIMIT, "n_kv"},
    {"65537 tensors", b_cap_tensors, HR_E_LIMIT, "n_tensors"},
    {"empty key", b_key_empty, HR_E_FORMAT, "key"},
    {"NUL in a key", b_key_nul, HR_E_FORMAT, "key"},
    {"key not UTF-8", b_key_utf8, HR_E_FORMAT, "key"},
    {"key twice", b_key_twice, HR_E_FORMAT, "a"},
    {"alignment twice", b_align_twice, HR_E_FORMAT, "general.alignment"},
    {"key of 257 bytes", b_key_long, HR_E_LIMIT, "key"},
    {"string over 1 MiB", b_string_cap, HR_E_LIMIT, "k"},
    {"array string over 1 MiB", b_element_cap, HR_E_LIMIT, "k"},
    {"value type 13", b_type_13, HR_E_FORMAT, "k"},
    {"element type 13", b_elem_13, HR_E_FORMAT, "k"},
    {"array longer than the file", b_array_short, HR_E_FORMAT, "k"},
    {"strings longer than the file", b_words_short, HR_E_FORMAT, "k"},
    {"alignment 48", b_align_48, HR_E_FORMAT, "general.alignment"},
    {"alignment 128 Ki", b_align_128k, HR_E_FORMAT, "general.alignment"},
    {"n_dims 0", b_dims_0, HR_E_FORMAT, "t"},
    {"ne 0", b_ne_0, HR_E_FORMAT, "t"},
    {"ne over 2^31", b_ne_max, HR_E_FORMAT, "t"},
    {"ne not whole blocks", b_block, HR_E_FORMAT, "t"},
    {"removed tensor type", b_type_removed, HR_E_FORMAT, "t"},
    {"unknown tensor type", b_type_unknown, HR_E_FORMAT, "t"},
    {"empty tensor name", b_name_empty, HR_E_FORMAT, "tensor name"},
    {"NUL in a tensor name", b_name_nul, HR_E_FORMAT, "tensor name"},
    {"tensor name of 64 bytes", b_name_long, HR_E_LIMIT, "tensor name"},
    {"tensor twice", b_name_twice, HR_E_FORMAT, "a"},
    {"overlap", b_overlap, HR_E_FORMAT, "b"},
    {"gap", b_gap, HR_E_FORMAT, "b"},
    {"offset not aligned", b_unaligned, HR_E_FORMAT, "b"},
    {"trailing bytes", b_trailing, HR_E_FORMAT, "file"},
    {"trailing bytes, no tensors", b_trailing_bare, HR_E_FORMAT, "file"},
    {"data cut short", b_data_short, HR_E_FORMAT, "b"},
    {"split.count of the wrong type", b_split_type, HR_E_FORMAT, "split.count"},
    {"split.no negative", b_split_minus, HR_E_FORMAT, "split.no"},
};

T_TEST(one_file_for_each_row) {
    for (size_t i = 0; i < HR_COUNT(hostile_files); i++) {
        const hostile *h = &hostile_files[i];
        gw w = {0};
        h->build(&w);
        uint8_t *exact = malloc(w.n ? w.n : 1); /* its own block: one byte too many read is seen by the sanitizer */
        const char *path = t_tmp("row.gguf");
        T_NEED(exact != NULL && gw_save(&w, path));
        if (w.n > 0) memcpy(exact, w.p, w.n);
        for (int way = 0; way < GI_WAYS; way++) {
            gi_open o;
            hr_status status = gi_load(&o, way, path, exact, w.n, &last);
            t_check(status == h->status, T_HERE(h->row), "way %d: %d, not %d: %s: %s", way, status, h->status, last.where,
                    last.what);
            t_check(h->where == NULL || strcmp(last.where, h->where) == 0, T_HERE(h->row), "way %d: says %s: %s", way,
                    last.where, last.what);
            t_check(last.offset <= w.n + 31 && last.what[0] != '\0', T_HERE(h->row), "way %d: no place or no reason", way);
            /* nothing is allocated for what is claimed: only the window, at most the file */
            T_CHECK(o.open_peak <= (way == GI_WINDOWS ? w.n + 1 : 0));
            gi_close(&o);
        }
        free(exact);
        gw_free(&w);
    }
    T_EQ_U(gi.live, 0), T_EQ_I(gi.open_files, 0), T_EQ_I(gi.mappings, 0);
}

/* --- llama.cpp's malformed set -------------------------------------------------------------------------------------------- */
T_TEST(malformed_set) {
    const char *dir = t_data("security/gguf-malformed");
    DIR *d = dir != NULL ? opendir(dir) : NULL;
    if (d == NULL) T_SKIP("no data");
    int good = 0, bad = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        bool ok = strncmp(e->d_name, "ok_", 3) == 0;
        if (!ok && strncmp(e->d_name, "bad_", 4) != 0) continue;
        /* these two hold a header for data that is not there: the container loads, the data check refuses */
        bool no_data = strncmp(e->d_name, "ok_TENSORS_", 11) == 0;
        for (int way = 0; way < GI_MEMORY; way++) {
            char path[1200];
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
            gi_open o;
            hr_status status = gi_load(&o, way, path, NULL, 0, &last);
            gi_close(&o);
            if (no_data) {
                hr_gguf_source src = {.path = path, .want_map = way == GI_MAPPED};
                T_EQ_I(status, HR_E_FORMAT);
                status = hr_gguf_open(&o.g, &src, &last);
                hr_gguf_close(&o.g);
            }
            t_check((status == HR_OK) == ok, T_HERE(e->d_name), "way %d: %s: %s", way, last.where, last.what);
            if (!ok) T_CHECK(last.where[0] != '\0' && last.what[0] != '\0');
        }
        good += ok, bad += !ok;
    }
    closedir(d);
    T_CHECK(good > 0 && bad > 0);
}

/* --- a real header, damaged --------------------------------------------------------------------------------------------------- */
static uint8_t *read_whole(const char *path, size_t *n) {
    FILE *f = path != NULL ? fopen(path, "rb") : NULL;
    uint8_t *p = NULL;
    if (f != NULL && fseek(f, 0, SEEK_END) == 0 && (*n = (size_t)ftell(f)) > 0 && (p = malloc(*n)) != NULL) {
        rewind(f);
        if (fread(p, 1, *n, f) != *n) free(p), p = NULL;
    }
    if (f != NULL) fclose(f);
    return p;
}

/* reads everything that the reader lets through */
static uint64_t touch_all(gi_open *o) {
    char text[80];
    uint64_t sum = 0, u = 0;
    double f = 0;
    bool b;
    hr_str s;
    for (uint32_t i = 0; i < o->g.n_kv; i++) {
        char key[HR_GGUF_MAX_KEY + 1];
        const hr_gguf_kv *kv = &o->g.kv[i];
        memcpy(key, kv->key, kv->key_size);
        key[kv->key_size] = '\0';
        T_CHECK(hr_gguf_find(&o->g, key) == kv);
        sum += hr_gguf_value_text(kv, text, sizeof text);
        (void)hr_gguf_u64_at(&o->g, key, i, &u, NULL, NULL), (void)hr_gguf_f64(&o->g, key, &f, NULL, NULL);
        (void)hr_gguf_bool(&o->g, key, &b, NULL, NULL), (void)hr_gguf_string(&o->g, key, &s, NULL, NULL);
        for (uint64_t k = 0; k < kv->bytes; k++) sum += kv->data[k];
    }
    for (uint32_t i = 0; i < o->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &o->g.tensors[i];
        const uint8_t *p = hr_gguf_tensor_data(&o->g, t);
        sum += (uint64_t)p[0] + p[t->bytes - 1];
    }
    return sum;
}

T_TEST(cut_at_every_header_byte) {
    size_t n = 0;
    uint8_t *file = read_whole(t_data("models/stories260K.gguf"), &n);
    if (file == NULL) T_SKIP("no data");
    gi_open o;
    T_NEED(gi_load(&o, GI_MEMORY, NULL, file, n, &last) == HR_OK);
    size_t header = (size_t)o.g.shards[0].data_offset;
    gi_close(&o);
    for (size_t cut = 0; cut <= header + 64; cut++) {
        uint8_t *part = malloc(cut ? cut : 1);
        T_NEED(part != NULL);
        memcpy(part, file, cut);
        T_CHECK(gi_load(&o, GI_MEMORY, NULL, part, cut, &last) == HR_E_FORMAT);
        T_CHECK(last.where[0] != '\0' && last.what[0] != '\0');
        gi_close(&o);
        free(part);
    }
    for (size_t less = 1; less < 100; less++) T_EQ_I(gi_load(&o, GI_MEMORY, NULL, file, n - less, &last), HR_E_FORMAT);
    free(file);
}

T_TEST(every_header_bit_flipped) {
    size_t n = 0;
    uint8_t *file = read_whole(t_data("models/stories260K.gguf"), &n);
    if (file == NULL) T_SKIP("no data");
    gi_open o;
    T_NEED(gi_load(&o, GI_MEMORY, NULL, file, n, &last) == HR_OK);
    size_t header = (size_t)o.g.shards[0].data_offset;
    gi_close(&o);
    uint64_t sum = 0;
    long loaded = 0, refused = 0;
    for (size_t bit = 0; bit < header * 8; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        hr_status status = gi_load(&o, GI_MEMORY, NULL, file, n, &last);
        if (status == HR_OK) sum += touch_all(&o), loaded++;
        else refused++, T_CHECK(last.status == status && last.where[0] != '\0' && last.what[0] != '\0');
        gi_close(&o);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* most bits are in the words of the vocabulary, where any value is allowed; structure is a small part */
    T_CHECK(loaded > 0 && refused > 1000 && sum > 0);
    free(file);
}

/* --- bounded work and memory ----------------------------------------------------------------------------------------------- */
T_TEST(work_is_linear) {
    /* the caps' worth of keys and of tensors, names that share all but their last bytes, in falling order */
    uint64_t compared[2];
    for (int big = 0; big < 2; big++) {
        uint32_t n = big ? 65536 : 4096;
        gw w = {0};
        gw_header(&w, 3, n, n);
        char name[64];
        for (uint32_t i = 0; i < n; i++) {
            snprintf(name, sizeof name, "%055u", n - i);
            gw_kv_u8(&w, name, 1);
        }
        for (uint32_t i = 0; i < n; i++) {
            snprintf(name, sizeof name, "%055u", n - i);
            gw_tensor(&w, name, 1, (uint64_t[]){8}, 0, (uint64_t)i * 32);
        }
        gw_pad(&w, 32), gw_fill(&w, (size_t)n * 32, 0);
        const char *path = t_tmp("many.gguf");
        T_NEED(gw_save(&w, path));
        gi_open o;
        T_EQ_I(gi_load(&o, GI_MEMORY, NULL, w.p, w.n, &last), HR_OK);
        compared[big] = o.g.compared;
        uint64_t header = o.g.shards[0].header_bytes;
        gi_close(&o);
        gi.bytes_read = 0;
        T_EQ_I(gi_load(&o, GI_WINDOWS, path, NULL, 0, &last), HR_OK);
        T_CHECK(gi.bytes_read <= 5 * header + (1 << 20)); /* windows that double: 2 + 1 + ... headers, and the index's copy */
        T_CHECK(o.open_peak <= (4u << 20) + 2 * header);
        gi_close(&o);
        gw_free(&w);
        T_CHECK(compared[big] <= 2u * 2 * n * (big ? 17 : 13)); /* heap sort: 2 n log2 n for each of the two lists */
    }
    T_CHECK(compared[1] < compared[0] * 16 * 2); /* 16 times the names, never 256 times the work */
    gw w = {0};
    gw_header(&w, 3, 100000, 100000), gw_fill(&w, 100000 * 50, 1);
    gi_open o;
    T_EQ_I(gi_load(&o, GI_MEMORY, NULL, w.p, w.n, &last), HR_E_LIMIT);
    gw_free(&w);
}

T_TEST(memory_before_validation_ends) {
    static const char *const files[] = {"models/stories260K.gguf", "tokenizers/vocab-llama3.gguf",
                                        "tokenizers/vocab-qwen2.gguf"};
    int seen = 0;
    for (size_t i = 0; i < HR_COUNT(files); i++) {
        const char *path = t_data(files[i]);
        if (path == NULL) continue;
        gi_open o;
        T_EQ_I(gi_load(&o, GI_MAPPED, path, NULL, 0, &last), HR_OK), T_EQ_U(o.open_peak, 0);
        gi_close(&o);
        T_EQ_I(gi_load(&o, GI_WINDOWS, path, NULL, 0, &last), HR_OK);
        T_CHECK(o.open_peak > 0 && o.open_peak <= (4u << 20) + 2 * o.g.shards[0].header_bytes);
        gi_close(&o);
        seen++;
    }
    if (seen == 0) T_SKIP("no data");
}

T_TEST(header_in_windows_has_a_limit) { /* a sparse file that claims 512 MiB of numbers: refused, not read */
    gw w = {0};
    gw_header(&w, 3, 0, 1), gw_kv_arr(&w, "k", 0, (uint64_t)512 << 20);
    const char *path = t_tmp("sparse.gguf");
    T_NEED(gw_save(&w, path) && truncate(path, (off_t)600 << 20) == 0);
    gw_free(&w);
    gi_open o;
    T_EQ_I(gi_load(&o, GI_WINDOWS, path, NULL, 0, &last), HR_E_LIMIT), T_EQ_STR(last.where, "header");
    T_CHECK(o.open_peak <= (1 << 20) + 1);
    gi_close(&o);
}

T_TEST(sizes_and_sums_over_the_limits) {
    gw w = {0};
    gw_sample(&w);
    T_NEED(gw_save(&w, t_tmp("size.gguf")));
    gw_free(&w);
    gi_open o;
    gi.claim_size = UINT64_MAX - 4;
    hr_status status = gi_load(&o, GI_WINDOWS, t_tmp("size.gguf"), NULL, 0, &last);
    gi.claim_size = 0;
    T_EQ_I(status, HR_E_LIMIT), T_EQ_I(gi.open_files, 0);
    for (unsigned part = 0; part < 2; part++) { /* each part within the cap, both together not */
        gw_header(&w, 3, 40000, 2), gw_kv_u32(&w, "split.no", part), gw_kv_u32(&w, "split.count", 2);
        for (unsigned i = 0; i < 40000; i++) {
            char name[32];
            snprintf(name, sizeof name, "%u.%u", part, i);
            gw_tensor(&w, name, 1, (uint64_t[]){8}, 0, (uint64_t)i * 32);
        }
        gw_pad(&w, 32), gw_fill(&w, 40000 * 32, 0);
        T_NEED(gw_save(&w, t_tmp(part ? "n-00002-of-00002.gguf" : "n-00001-of-00002.gguf")));
        gw_free(&w);
    }
    T_EQ_I(gi_load(&o, GI_MAPPED, t_tmp("n-00001-of-00002.gguf"), NULL, 0, &last), HR_E_LIMIT);
    T_EQ_STR(last.where, "n_tensors"), T_EQ_I(gi.mappings, 0);
}

T_TEST(every_operation_fails_in_turn) {
    gw w = {0};
    gw_sample(&w);
    gw_free(&w);
    for (unsigned i = 0; i < 2; i++) { /* two parts */
        gw_header(&w, 3, 1, 2), gw_kv_u16(&w, "split.no", (uint16_t)i), gw_kv_u16(&w, "split.count", 2);
        gw_tensor(&w, i ? "b" : "a", 1, (uint64_t[]){8}, 0, 0), gw_pad(&w, 32), gw_fill(&w, 32, 0);
        T_NEED(gw_save(&w, t_tmp(i ? "f-00002-of-00002.gguf" : "f-00001-of-00002.gguf")));
        gw_free(&w);
    }
    for (int way = 0; way < GI_MEMORY; way++) {
        const char *path = t_tmp("f-00001-of-00002.gguf");
        gi_open o;
        gi.calls = 0;
        T_NEED(gi_load(&o, way, path, NULL, 0, &last) == HR_OK);
        gi_close(&o);
        long all = gi.calls, refused = 0;
        T_CHECK(all >= 6);
        for (long k = 1; k <= all; k++) {
            gi.calls = 0, gi.fail_at = k;
            hr_status status = gi_load(&o, way, path, NULL, 0, &last);
            gi.fail_at = 0;
            if (status != HR_OK) {
                refused++;
                T_CHECK(status == HR_E_IO || status == HR_E_MEMORY), T_EQ_I(last.status, status);
            }
            gi_close(&o);
            T_EQ_U(gi.live, 0), T_EQ_I(gi.open_files, 0), T_EQ_I(gi.mappings, 0);
        }
        T_EQ_I(refused, way == GI_MAPPED ? all - 2 : all); /* a failed map falls back to windows */
    }
    gi_open o;
    T_EQ_I(gi_load(&o, GI_MEMORY, NULL, NULL, 0, &last), HR_E_ARG);
    T_EQ_I(gi_load(&o, GI_MAPPED, "/nonexistent/x.gguf", NULL, 0, &last), HR_E_IO);
    T_EQ_I(gi_load(&o, GI_MAPPED, "/dev/null", NULL, 0, &last), HR_E_IO);
    hr_gguf zero;
    memset(&zero, 0, sizeof zero);
    hr_gguf_close(&zero);
    uint8_t small[64];
    hr_arena tight;
    gw_sample(&w);
    hr_gguf_source src = {.data = w.p, .size = w.n};
    T_EQ_I(hr_gguf_open(&zero, &src, NULL), HR_OK);
    hr_arena_init(&tight, small, sizeof small);
    T_EQ_I(hr_gguf_index(&zero, &tight, &last), HR_E_MEMORY);
    hr_gguf_close(&zero);
    gw_free(&w);
}

/* --- a file that changes ------------------------------------------------------------------------------------------------------ */
T_TEST(header_rewritten_between_open_and_index) {
    for (int what = 0; what < 4; what++) { /* in memory: a mapping shows the same */
        gw w = {0};
        gw_sample(&w);
        hr_gguf g;
        hr_gguf_source src = {.data = w.p, .size = w.n};
        hr_error_clear(&last);
        T_NEED(hr_gguf_open(&g, &src, &last) == HR_OK);
        hr_arena arena;
        hr_arena_init_count(&arena);
        T_EQ_I(hr_gguf_index(&g, &arena, &last), HR_OK);
        size_t bytes = arena.used;
        uint8_t *block = aligned_alloc(HR_ARENA_ALIGN, (bytes + 63) / 64 * 64);
        T_NEED(block != NULL);
        hr_arena_init(&arena, block, bytes);
        if (what == 0) w.p[16] = 18; /* one key more */
        if (what == 1) w.p[8] = 4;   /* one tensor more */
        if (what == 2) w.p[16] = 16;
        if (what == 3) memcpy(w.p + 8 + 8 + 8 + 8 + 20 + 4, "\x03\0\0\0\0\0\0\0", 8); /* a shorter string */
        hr_status status = hr_gguf_index(&g, &arena, &last);
        T_CHECK(what < 3 ? status == HR_E_IO : status != HR_OK);
        free(block);
        hr_gguf_close(&g);
        gw_free(&w);
    }
}

T_TEST(header_moved_between_open_and_index) {
    gw w = {0};
    gw_header(&w, 3, 0, 1), gw_kv_u32(&w, "general.alignment", 32), gw_fill(&w, 64, 0);
    hr_gguf g;
    hr_gguf_source src = {.data = w.p, .size = w.n};
    T_NEED(hr_gguf_open(&g, &src, NULL) == HR_OK);
    _Alignas(64) uint8_t block[512];
    hr_arena arena;
    hr_arena_init(&arena, block, sizeof block);
    w.p[24 + 8 + 17 + 4] = 128; /* another alignment: the data would start elsewhere */
    T_EQ_I(hr_gguf_index(&g, &arena, &last), HR_E_IO);
    hr_gguf_close(&g);
    gw_free(&w);
}

T_TEST(file_changed_after_open) {
    gw w = {0};
    gw_sample(&w);
    const char *path = t_tmp("changed.gguf");
    T_NEED(gw_save(&w, path));
    gi_open o;
    T_NEED(gi_load(&o, GI_WINDOWS, path, NULL, 0, &last) == HR_OK);
    T_EQ_I(hr_gguf_unchanged(&o.g, &last), HR_OK);
    T_EQ_I(truncate(path, (off_t)w.n + 1), 0);
    T_EQ_I(hr_gguf_unchanged(&o.g, &last), HR_E_IO);
    gi_close(&o);
    gw_free(&w);
}

static hr_status load_and_sum(void *arg) {
    gi_open *o = (gi_open *)arg;
    volatile uint8_t sum = 0;
    for (uint64_t i = 0; i < o->g.shards[0].file.size; i += 512) sum = (uint8_t)(sum + o->g.shards[0].file.map[i]);
    return hr_gguf_index(&o->g, &o->arena, &last);
}

T_TEST(cut_short_under_the_mapping) {
    gw big = {0};
    gw_header(&big, 3, 1, 0), gw_tensor(&big, "big", 1, (uint64_t[]){65536}, 24, 0), gw_pad(&big, 32);
    gw_fill(&big, 65536, 7);
    const char *path = t_tmp("cut.gguf");
    T_NEED(gw_save(&big, path));
    gi_open o;
    T_NEED(gi_load(&o, GI_MAPPED, path, NULL, 0, &last) == HR_OK);
    T_EQ_I(truncate(path, 0), 0);
    hr_error_clear(&last);
    const hr_file *f = &o.g.shards[0].file;
    T_EQ_I(hr_guard_run(f->map, (size_t)f->size, load_and_sum, &o, &last), HR_E_IO);
    T_CHECK(strstr(last.what, "cut short") != NULL);
    gi_close(&o);
    gw_free(&big);
}

T_MAIN(T_RUN(one_file_for_each_row), T_RUN(malformed_set), T_RUN(cut_at_every_header_byte),
       T_RUN(every_header_bit_flipped), T_RUN(work_is_linear), T_RUN(memory_before_validation_ends),
       T_RUN(header_in_windows_has_a_limit), T_RUN(sizes_and_sums_over_the_limits),
       T_RUN(header_moved_between_open_and_index), T_RUN(every_operation_fails_in_turn),
       T_RUN(header_rewritten_between_open_and_index), T_RUN(file_changed_after_open),
       T_RUN(cut_short_under_the_mapping))
