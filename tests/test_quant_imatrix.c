/* Importance matrices: both forms written and read back, the old one also from bytes put together here by its description;
 * every cut and many flips of a file are refused or read, never a crash; sizes that do not fit are told. */
#include "engine/imatrix.h"
#include "tests/t.h"
#include <math.h>

static float sums_a[6] = {2, 4, 6, 8, 10, 12}, counts_a[2] = {2, 4}, sums_b[4] = {1, 0, 9, 16}, counts_b[1] = {1};
static hr_imatrix_sums sample(int i) {
    hr_imatrix_sums a = {hr_str_of("blk.0.ffn_down_exps.weight"), 3, 2, sums_a, counts_a};
    hr_imatrix_sums b = {hr_str_of("blk.0.attn_q.weight"), 4, 1, sums_b, counts_b};
    return i == 0 ? a : b;
}
static void check_values(const hr_imatrix *im) {
    float v[4];
    const hr_imatrix_entry *a = hr_imatrix_find(im, hr_str_of("blk.0.ffn_down_exps.weight"));
    const hr_imatrix_entry *b = hr_imatrix_find(im, hr_str_of("blk.0.attn_q.weight"));
    T_CHECK(a != NULL && b != NULL && hr_imatrix_find(im, hr_str_of("blk.1.attn_q.weight")) == NULL);
    if (!a || !b) return;
    T_CHECK(hr_imatrix_values(a, 3, 0, 2, v));
    T_NEAR(v[0], 1.0, 1e-5), T_NEAR(v[2], 3.0, 1e-5); /* the mean is 2: 2e-6 is added */
    T_CHECK(hr_imatrix_values(a, 3, 1, 2, v));
    T_NEAR(v[0], 2.0, 1e-5), T_NEAR(v[2], 3.0, 1e-5);
    T_CHECK(hr_imatrix_values(b, 4, 0, 1, v));
    T_CHECK(v[1] > 0.0f && v[1] < 1e-4f);
    T_NEAR(v[3], 16.0, 1e-4);
    T_CHECK(!hr_imatrix_values(a, 3, 2, 2, v) && !hr_imatrix_values(a, 2, 0, 2, v) && !hr_imatrix_values(a, 3, 0, 3, v));
    T_CHECK(!hr_imatrix_values(b, 0, 0, 1, v));
}
T_TEST(written_and_read) {
    static const char *const names[] = {"im.gguf", "im.dat"};
    for (int i = 0; i < 2; i++) {
        hr_imatrix_sums list[2] = {sample(0), sample(1)};
        hr_imatrix im;
        hr_error err;
        hr_error_clear(&err);
        const char *path = t_tmp(names[i]);
        T_EQ_I(hr_imatrix_write(path, list, 2, 7, 512, "text", NULL, &err), HR_OK);
        T_EQ_I(hr_imatrix_open(&im, path, NULL, &err), HR_OK);
        T_EQ_U(im.n, 2), T_EQ_U(im.chunks, 7);
        check_values(&im);
        hr_imatrix_close(&im);
    }
}
/* the old form by its description: i32 n; then i32 length, name, i32 calls, i32 values, f32 [values]; values are divided
 * by the calls when read */
static size_t build_dat(uint8_t *p) {
    size_t n = 0;
    const char *name = "blk.0.attn_q.weight";
    const uint32_t head[2] = {1, 19}, mid[2] = {2, 4};
    const float v[4] = {2, 4, 6, 8};
    memcpy(p, head, 8), n = 8;
    memcpy(p + n, name, 19), n += 19;
    memcpy(p + n, mid, 8), n += 8;
    memcpy(p + n, v, 16), n += 16;
    return n;
}
T_TEST(old_form_by_hand) {
    uint8_t file[100];
    float v[4];
    hr_imatrix im;
    hr_error err;
    hr_error_clear(&err);
    size_t n = build_dat(file);
    T_EQ_I(hr_imatrix_parse(&im, file, n, NULL, &err), HR_OK);
    T_EQ_U(im.n, 1);
    T_CHECK(hr_imatrix_values(&im.entries[0], 4, 0, 1, v));
    T_NEAR(v[0], 1.0, 1e-5), T_NEAR(v[3], 4.0, 1e-5);
    hr_imatrix_close(&im);
    float bad = NAN;
    memcpy(file + 8 + 19 + 8, &bad, 4);
    T_EQ_I(hr_imatrix_parse(&im, file, n, NULL, &err), HR_OK);
    T_CHECK(!hr_imatrix_values(&im.entries[0], 4, 0, 1, v));
    hr_imatrix_close(&im);
}
static void survives(const uint8_t *file, size_t n) {
    hr_imatrix im;
    hr_error err;
    hr_error_clear(&err);
    float v[8];
    hr_status s = hr_imatrix_parse(&im, file, n, NULL, &err);
    T_EQ_I(s, err.status);
    for (size_t i = 0; s == HR_OK && i < im.n; i++) {
        for (size_t k = 1; k <= 8; k++) hr_imatrix_values(&im.entries[i], k, 0, im.entries[i].n / k, v);
    }
    if (s == HR_OK) hr_imatrix_close(&im);
}
T_TEST(hostile_files) {
    static const char *const names[] = {"h.gguf", "h.dat"};
    for (int form = 0; form < 2; form++) {
        hr_imatrix_sums list[2] = {sample(0), sample(1)};
        static uint8_t file[4096], copy[4096];
        const char *path = t_tmp(names[form]);
        T_EQ_I(hr_imatrix_write(path, list, 2, 7, 512, "text", NULL, NULL), HR_OK);
        FILE *f = fopen(path, "rb");
        size_t n = fread(file, 1, sizeof file, f);
        fclose(f);
        T_CHECK(n > 100 && n < sizeof file);
        for (size_t cut = 0; cut < n; cut++) { /* in a block of its own size, so that a sanitizer sees one byte too far */
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact, file, cut);
            survives(exact, cut);
            free(exact);
        }
        for (size_t at = 0; at < n; at++) {
            for (int flip = 0; flip < 3; flip++) {
                memcpy(copy, file, n);
                copy[at] = flip == 0 ? 0xff : flip == 1 ? 0 : (uint8_t)(copy[at] ^ 0x80);
                survives(copy, n);
            }
        }
    }
}
T_MAIN(T_RUN(written_and_read), T_RUN(old_form_by_hand), T_RUN(hostile_files))
