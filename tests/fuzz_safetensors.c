/* fuzz_safetensors: any bytes as a weights file. Every tensor of a file that is taken lies in it and can be read. */
#include "tools/json.c"
#include "tools/safetensors.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
typedef struct fuzz_span {
    const uint8_t *data;
    size_t size;
} fuzz_span;

static hr_status span_open(void *ctx, const char *path, void **handle, uint64_t *size, hr_error *err) {
    (void)path, (void)err;
    *handle = ctx;
    *size = ((fuzz_span *)ctx)->size;
    return HR_OK;
}
static hr_status span_read(void *ctx, void *handle, uint64_t offset, void *dst, size_t n, hr_error *err) {
    const fuzz_span *s = (const fuzz_span *)ctx;
    (void)handle, (void)err;
    if (offset > s->size || n > s->size - offset) abort(); /* the reader asks only for what is there */
    if (n) memcpy(dst, s->data + offset, n);
    return HR_OK;
}
static void span_close(void *ctx, void *handle) { (void)ctx, (void)handle; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t none[1];
    fuzz_span span = {size ? data : none, size};
    const hr_file_ops ops = {span_open, span_read, NULL, NULL, NULL, NULL, span_close, &span};
    st_set s;
    hr_error err;
    uint8_t buffer[64];
    uint64_t sum = 0;
    memset(&s, 0, sizeof s);
    hr_error_clear(&err);
    hr_status status = st_add(&s, "fuzz", &ops, &err);
    if (status == HR_OK) status = st_finish(&s, &err);
    if (status != HR_OK && (!err.what[0] || err.status != status)) abort();
    for (size_t i = 0; i < s.n_tensors && status == HR_OK; i++) {
        const st_tensor *t = &s.tensors[i];
        const size_t n = t->bytes < sizeof buffer ? (size_t)t->bytes : sizeof buffer;
        if (st_read(&s, t, t->bytes - n, buffer, n, &err) != HR_OK) abort();
        sum += t->bytes;
    }
    if (status == HR_OK && sum != s.total_bytes) abort();
    st_close(&s);
    return 0;
}
