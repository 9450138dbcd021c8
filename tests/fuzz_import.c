/* JSON lines read into an empty store and into one that has something: an error with its place or a store in which verify finds
 * nothing wrong; and into the empty one, that export and import again gives the same. */
#include "memory/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
typedef struct import_text {
    char data[1 << 18];
    size_t n;
} import_text;

static int to_text(void *ctx, const char *text, size_t n) {
    import_text *t = (import_text *)ctx;
    if (n > sizeof t->data - t->n) return 1;
    memcpy(t->data + t->n, text, n);
    t->n += n;
    return 0;
}
static bool import_into(const char *path, const char *text, size_t n, import_text *out) {
    static const char first[] = "{\"hearth_memory\":2,\"next\":9}\n"
                                "{\"id\":3,\"kind\":\"tone\",\"time\":5,\"expires\":0,\"confidence\":1000,"
                                "\"count\":2,\"key\":\"k\",\"text\":\"dry\"}\n{\"end\":1}\n";
    hr_store s;
    hr_store_config c = {8192, true, false, NULL, {NULL, 0, false, 0, 0}};
    hr_verify_counts counts;
    hr_error err;
    uint64_t written;
    remove(path);
    hr_error_clear(&err);
    if (hr_store_open_file(&s, path, &c, NULL) != HR_OK) abort();
    if (out == NULL && hr_lines_import(&s, first, sizeof first - 1, NULL, NULL, &written, NULL) != HR_OK) abort();
    bool taken = hr_lines_import(&s, text, n, NULL, NULL, &written, &err) == HR_OK;
    if (!taken && (err.where[0] == 0 || err.what[0] == 0)) abort();
    if (hr_store_verify(&s, NULL, NULL, &counts, NULL) != HR_OK || counts.findings != 0) abort();
    if (taken && out != NULL) {
        out->n = 0;
        if (hr_lines_export(&s, to_text, out, NULL) != HR_OK) abort();
    }
    hr_store_close(&s);
    remove(path);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static import_text first, second;
    char path[64];
    if (size > 6000) return 0;
    snprintf(path, sizeof path, "/dev/shm/fuzz_import_%d", (int)getpid());
    (void)import_into(path, (const char *)data, size, NULL);
    if (!import_into(path, (const char *)data, size, &first)) return 0;
    if (!import_into(path, first.data, first.n, &second)) abort();
    const char *p = memchr(first.data, '\n', first.n), *q = memchr(second.data, '\n', second.n);
    size_t n = first.n - (size_t)(p - first.data);
    if (n != second.n - (size_t)(q - second.data) || memcmp(p, q, n) != 0) abort();
    return 0;
}
