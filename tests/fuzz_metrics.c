/* fuzz_metrics: any bytes as metrics files; what is merged encodes, merges into itself's double, and exports. */
#include <stdlib.h>
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static int count_bytes(void *ctx, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) if ((uint8_t)text[i] >= 128) abort();
    *(size_t *)ctx += n;
    return 0;
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static hr_metric_cell room[256], again_room[256], sorted[256];
    static uint8_t fixed[1 << 16], out[256 * 20 + HR_METRICS_HEAD], back[256 * 20 + HR_METRICS_HEAD];
    hr_metrics m, again;
    size_t n, n_back, written = 0;
    if (size > sizeof fixed) return 0;
    memcpy(fixed, data, size);
    if (size >= HR_METRICS_HEAD) { /* the hash is no hurdle here */
        uint32_t body = hr_le32(fixed + 20);
        if (body > size - HR_METRICS_HEAD) body = (uint32_t)(size - HR_METRICS_HEAD);
        memcpy(fixed, "HRMETR1\n", 8);
        for (int i = 0; i < 4; i++) fixed[20 + i] = (uint8_t)(body >> 8 * i);
        const uint64_t h = hr_hash64(fixed + HR_METRICS_HEAD, body, hr_hash64(fixed, 24, 0));
        for (int i = 0; i < 8; i++) fixed[24 + i] = (uint8_t)(h >> 8 * i);
    }
    hr_error err;
    hr_error_clear(&err);
    hr_metrics_init(&m, room, 256);
    hr_cur c = hr_cur_make(fixed, size, 0, &err);
    while (hr_cur_left(&c) && hr_metrics_merge(&m, &c) == HR_OK) {}
    if (c.status != HR_OK && (!err.what[0] || err.offset > size)) abort();
    hr_metrics_sort(&m, sorted);
    for (int f = 0; f < 3; f++) if (hr_metrics_write(f, &m, sorted, m.n, count_bytes, &written) != HR_OK) abort();
    if (hr_metrics_encode(&m, sorted, out, sizeof out, &n) != HR_OK) abort();
    hr_metrics_init(&again, again_room, 256);
    hr_cur d = hr_cur_make(out, n, 0, NULL);
    if (hr_metrics_merge(&again, &d) != HR_OK) abort();
    hr_metrics_sort(&again, sorted);
    if (hr_metrics_encode(&again, sorted, back, sizeof back, &n_back) != HR_OK || n_back != n || memcmp(out, back, n)) abort();
    return 0;
}
