/* fuzz_facts: any bytes as the facts' text (D...) or as JSON lines (L...), into a store on a block of memory. What is refused has
 * a place and has written nothing; what is taken is saved and read again to the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "memory/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
typedef struct out_text {
    char data[1 << 20];
    size_t n;
} out_text;
static int keep_text(void *ctx, const char *text, size_t n) {
    out_text *o = ctx;
    if (n > sizeof o->data - o->n) return 1;
    memcpy(o->data + o->n, text, n);
    o->n += n;
    return 0;
}
static bool take(hr_store *s, bool lines, const char *text, size_t n, hr_error *err) {
    uint64_t a, b;
    return (lines ? hr_lines_import(s, text, n, NULL, NULL, &a, err) : hr_facts_load(s, text, n, &a, &b, err)) == HR_OK;
}
static bool save(hr_store *s, bool lines, out_text *o) {
    o->n = 0;
    return (lines ? hr_lines_export(s, keep_text, o, NULL) : hr_facts_dump(s, keep_text, o, NULL)) == HR_OK;
}
static const char *body(const out_text *o, size_t *n) { /* behind the first line, which counts on */
    const char *p = memchr(o->data, '\n', o->n);
    if (p == NULL) abort();
    *n = o->n - (size_t)(p - o->data);
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static out_text first, second;
    static char path[2][64];
    hr_store a, b;
    hr_store_config c = {8192, true, false, NULL, {NULL, 0, false, 0, 0}};
    hr_error err;
    if (size < 1 || size > 4000) return 0;
    bool lines = data[0] == 'L';
    for (int k = 0; k < 2; k++) {
        snprintf(path[k], sizeof path[k], "/dev/shm/fuzz_facts_%d_%d", (int)getpid(), k);
        remove(path[k]);
    }
    hr_error_clear(&err);
    if (hr_store_open_file(&a, path[0], &c, NULL) != HR_OK || hr_store_open_file(&b, path[1], &c, NULL) != HR_OK) abort();
    bool taken = take(&a, lines, (const char *)data + 1, size - 1, &err);
    if (!taken && (err.where[0] == 0 || err.what[0] == 0)) abort();
    if (!taken && !lines && a.n != 0) abort();
    if (taken) {
        size_t n, m;
        if (!save(&a, lines, &first) || !take(&b, lines, first.data, first.n, &err) || !save(&b, lines, &second)) abort();
        const char *p = body(&first, &n), *q = body(&second, &m);
        if (n != m || memcmp(p, q, n) != 0) abort();
    }
    hr_store_close(&a);
    hr_store_close(&b);
    remove(path[0]), remove(path[1]);
    return 0;
}
