/* fuzz_json: any bytes as JSON. What is read is walked whole; what is refused says why and where. */
#include "tools/json.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static size_t walk_nodes(const json_node *n, int depth) {
    size_t count = 1;
    int64_t i;
    double f;
    (void)json_int(n, &i);
    (void)json_num(n, &f);
    if (depth > JSON_MAX_DEPTH) abort();
    for (const json_node *e = json_first(n); e; e = json_next(n, e)) {
        if ((n->type == JSON_OBJECT) != (e->key.data != NULL)) abort();
        if (e->key.data && !hr_utf8_valid(e->key.data, e->key.size)) abort();
        count += walk_nodes(e, depth + 1);
    }
    return count;
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_doc d;
    hr_error err;
    char *copy = (char *)malloc(size ? size : 1);
    if (size) memcpy(copy, data, size);
    hr_error_clear(&err);
    const hr_status status = json_parse(&d, "fuzz", copy, size, &err);
    if (status != HR_OK && (!err.what[0] || err.status != status || err.offset > size)) abort();
    if (status == HR_OK && walk_nodes(json_root(&d), 0) != d.n_nodes) abort();
    json_free(&d);
    return 0;
}
