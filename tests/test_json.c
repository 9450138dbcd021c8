/* The JSON and safetensors readers of the tools: JSONTestSuite (../shared/data/guided) says what is JSON; files that the
 * safetensors package would refuse are refused, with the place. */
#include "tests/t.h"
#include "tools/json.c"
#include "tools/safetensors.c"
#include <dirent.h>

static json_doc doc;
static hr_error error;
static hr_status parse(const char *text, size_t n) {
    char *exact = (char *)malloc(n ? n : 1); /* a sanitizer sees one byte too many */
    if (n) memcpy(exact, text, n);
    hr_error_clear(&error);
    return json_parse(&doc, "text", exact, n, &error);
}
static hr_status parse_text(const char *text) { return parse(text, strlen(text)); }

T_TEST(json_test_suite) {
    static const char *const python[] = {"n_number_NaN.json", "n_number_infinity.json", "n_number_minus_infinity.json"};
    char path[1200], text[1 << 18];
    const char *folder = t_data("guided/JSONTestSuite/test_parsing");
    DIR *d = folder ? opendir(folder) : NULL;
    int n = 0;
    if (!d) T_SKIP("no JSONTestSuite");
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (!strstr(e->d_name, ".json")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = fopen(path, "rb");
        size_t size = f ? fread(text, 1, sizeof text, f) : 0;
        if (f) fclose(f);
        const hr_status status = parse(text, size);
        bool allowed = false;
        for (int i = 0; i < 3; i++) allowed = allowed || strcmp(e->d_name, python[i]) == 0;
        if (e->d_name[0] == 'y' && !T_CHECK(status == HR_OK)) printf("    %s: %s\n", e->d_name, error.what);
        if (e->d_name[0] == 'n' && !T_CHECK((status != HR_OK) != allowed)) printf("    %s\n", e->d_name);
        if (status != HR_OK) T_CHECK(error.what[0] && error.where[0]);
        json_free(&doc);
        n++;
    }
    closedir(d);
    T_CHECK(n > 300);
}
T_TEST(json_values) {
    int64_t i = 0;
    double f = 0;
    bool b = false;
    hr_str s = {"", 0};
    T_EQ_I(parse_text(" {\"a\": [1, -2, 3.5, 1e3], \"b\\u0041\\n\": \"\\ud83d\\ude00\\u00e9\\/\", \"n\": null, \"t\": true, "
                      "\"a2\": {\"x\": {\"y\": 9223372036854775807}}, \"big\": 1e400, \"t\": false} "), HR_OK);
    const json_node *root = json_root(&doc), *a = json_get(root, "a"), *e = json_first(a);
    T_CHECK(json_is(root, JSON_OBJECT) && root->count == 7 && a->count == 4);
    T_CHECK(json_int(e, &i) && i == 1);
    e = json_next(a, e);
    T_CHECK(json_int(e, &i) && i == -2);
    e = json_next(a, e);
    T_CHECK(!json_int(e, &i) && json_num(e, &f) && f == 3.5);
    e = json_next(a, e);
    T_CHECK(json_int(e, &i) && i == 1000 && json_next(a, e) == NULL);
    T_CHECK(json_str(json_get(root, "bA\n"), &s) && s.size == 7 && memcmp(s.data, "\xf0\x9f\x98\x80\xc3\xa9/", 7) == 0);
    T_CHECK(json_bool(json_get(root, "t"), &b) && !b); /* the last one counts, as in Python */
    T_CHECK(json_is(json_get(root, "n"), JSON_NULL) && !json_int(json_get(root, "n"), &i));
    T_CHECK(json_get2(json_get(root, "a2"), "x", "y") != NULL && !json_num(json_get(root, "big"), &f));
    T_CHECK(json_get(root, "missing") == NULL && json_get(NULL, "a") == NULL && json_first(NULL) == NULL);
    T_CHECK(json_first(json_get(root, "t")) == NULL);
    json_free(&doc);
}
T_TEST(json_errors) {
    static const struct { const char *text; int status; const char *what; uint64_t at; } rows[] = {
        {"", HR_E_FORMAT, "not a JSON value", 0}, {"{\"a\" 1}", HR_E_FORMAT, "':'", 5}, {"[1 2]", HR_E_FORMAT, "','", 3},
        {"[1,]", HR_E_FORMAT, "not a JSON", 3}, {"\"\\ud800x\"", HR_E_FORMAT, "surrogate", 7}, {"1 2", HR_E_FORMAT, "behind", 2},
        {"\"\xff\"", HR_E_FORMAT, "UTF-8", 3}, {"{\"a\":1", HR_E_FORMAT, "','", 6}};
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        T_EQ_I(parse_text(rows[i].text), rows[i].status);
        if (!T_CHECK(strstr(error.what, rows[i].what) != NULL && error.offset == rows[i].at))
            printf("    '%s': %s at %llu\n", rows[i].text, error.what, (unsigned long long)error.offset);
        json_free(&doc);
    }
    char deep[300];
    memset(deep, '[', sizeof deep);
    T_EQ_I(parse(deep, sizeof deep), HR_E_LIMIT);
    json_free(&doc);
}

/* --- safetensors ---------------------------------------------------------------------------------------------------- */
static hr_status open_bytes(st_set *s, const void *data, size_t n) {
    const char *path = t_tmp("x.safetensors");
    FILE *f = fopen(path, "wb");
    T_CHECK(f && fwrite(data, 1, n, f) == n);
    if (f) fclose(f);
    memset(s, 0, sizeof *s);
    hr_error_clear(&error);
    const hr_status status = st_add(s, path, NULL, &error);
    return status == HR_OK ? st_finish(s, &error) : status;
}
static hr_status open_header(st_set *s, const char *json, size_t n_data) {
    static uint8_t all[4096];
    const size_t n = strlen(json);
    for (int i = 0; i < 8; i++) all[i] = (uint8_t)((uint64_t)n >> 8 * i);
    memcpy(all + 8, json, n);
    for (size_t i = 0; i < n_data; i++) all[8 + n + i] = (uint8_t)i;
    return open_bytes(s, all, 8 + n + n_data);
}
/* written by the package, 0.6: save_file({'b': np.arange(3, dtype='<f4'), 'a': np.array([[1, 2]], '<f2')}, ...) */
T_TEST(file_of_the_package) {
    static const char head[] = "\x78\0\0\0\0\0\0\0{\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
                               "\"a\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[12,16]}}         ";
    uint8_t all[8 + 0x78 + 16];
    const uint8_t data[16] = {0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 60, 0, 64};
    memset(all, ' ', sizeof all);
    memcpy(all, head, sizeof head - 1);
    memcpy(all + 8 + 0x78, data, 16);
    st_set s;
    T_EQ_I(open_bytes(&s, all, sizeof all), HR_OK);
    T_EQ_U(s.n_tensors, 2);
    const st_tensor *a = st_find(&s, "a"), *b = st_find(&s, "b");
    T_NEED(a && b && !st_find(&s, "c"));
    T_CHECK(a->dtype == ST_F16 && a->n_dims == 2 && a->shape[1] == 2 && b->elements == 3 && b->bytes == 12);
    uint8_t got[12];
    T_EQ_I(st_read(&s, b, 4, got, 8, &error), HR_OK);
    T_EQ_MEM(got, data + 4, 8);
    T_EQ_I(st_read(&s, b, 8, got, 8, &error), HR_E_ARG);
    st_close(&s);
    for (size_t n = 0; n < sizeof all; n++) { /* cut anywhere */
        T_CHECK(open_bytes(&s, all, n) != HR_OK && error.what[0]);
        st_close(&s);
    }
}
T_TEST(wrong_files) {
    static const struct { const char *json; size_t n_data; int status; const char *what; } rows[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, HR_E_FORMAT, "its shape needs 8"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, HR_E_FORMAT, "leave"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5, HR_E_FORMAT, "behind the last"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, HR_E_FORMAT, "gap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],"
         "\"data_offsets\":[1,3]}}", 3, HR_E_FORMAT, "overlaps"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],"
         "\"data_offsets\":[1,2]}}", 2, HR_E_FORMAT, "twice"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, HR_E_FORMAT, "shape"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1, HR_E_FORMAT, "shape"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1, HR_E_LIMIT, "dimensions"},
        {"{\"a\":{\"dtype\":\"Q4\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, HR_E_UNSUPPORTED, "dtype"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1, HR_E_FORMAT, "data_offsets"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1.5]}}", 1, HR_E_FORMAT, "data_offsets"},
        {"{\"a\":7}", 0, HR_E_FORMAT, "no dtype"}, {"[]", 0, HR_E_FORMAT, "no object"}, {"{\"a\"", 0, HR_E_FORMAT, "':'"}};
    st_set s;
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        T_EQ_I(open_header(&s, rows[i].json, rows[i].n_data), rows[i].status);
        if (!T_CHECK(strstr(error.what, rows[i].what) != NULL)) printf("    %s: %s\n", rows[i].json, error.what);
        st_close(&s);
    }
    const uint8_t huge[16] = {255, 255, 255, 255, 255, 255, 255, 255};
    T_CHECK(open_bytes(&s, huge, 16) == HR_E_FORMAT && error.offset == 0);
    st_close(&s);
    T_EQ_I(open_header(&s, "{\"e\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[0,0]}}", 0), HR_OK);
    st_close(&s);
}
T_MAIN(T_RUN(json_test_suite), T_RUN(json_values), T_RUN(json_errors), T_RUN(file_of_the_package), T_RUN(wrong_files))
