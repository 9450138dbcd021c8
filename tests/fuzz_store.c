/* A whole store file as it comes: opened for writing with repair, everything read, searched, verified, changed, compacted,
 * opened again. Byte 0: bit 0 mends the sums of superblocks and segment headers first, bit 1 opens without repair. */
#include "memory/memory.h"
#include <stdlib.h>

enum { FUZZ_BYTES = 1 << 18 };
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static uint8_t disk[FUZZ_BYTES];
static uint64_t disk_size;
static hr_status fuzz_read(void *ctx, uint64_t at, void *dst, size_t n, hr_error *err) {
    (void)ctx, (void)err;
    if (at > disk_size || n > disk_size - at) abort();
    memcpy(dst, disk + at, n);
    return HR_OK;
}
static hr_status fuzz_program(void *ctx, uint64_t at, const void *src, size_t n, hr_error *err) {
    (void)ctx;
    if (at > FUZZ_BYTES || n > FUZZ_BYTES - at) return hr_fail(err, HR_E_IO, at, "disk", "full");
    memcpy(disk + at, src, n);
    if (at + n > disk_size) disk_size = at + n;
    return HR_OK;
}
static hr_status fuzz_erase(void *ctx, uint64_t at, uint64_t n, hr_error *err) {
    (void)ctx;
    if (at > FUZZ_BYTES || n > FUZZ_BYTES - at) return hr_fail(err, HR_E_IO, at, "disk", "full");
    memset(disk + at, 0, n);
    if (at + n > disk_size) disk_size = at + n;
    return HR_OK;
}
static hr_status fuzz_sync(void *ctx, hr_error *err) { return (void)ctx, (void)err, HR_OK; }
static hr_status fuzz_cut(void *ctx, uint64_t size, hr_error *err) {
    (void)ctx, (void)err;
    memset(disk + size, 0, FUZZ_BYTES - size);
    disk_size = size;
    return HR_OK;
}
static hr_status fuzz_open(hr_store *s, bool repair) {
    hr_block b = {fuzz_read, fuzz_program, fuzz_erase, fuzz_sync, fuzz_cut, NULL, NULL, disk_size, FUZZ_BYTES, 8, 4096, 0, false};
    hr_store_config c = {0, true, repair, NULL, {NULL, 0, false, 0, 0}};
    return hr_store_open(s, &b, &c, NULL);
}
static void mend(void) { /* so that what lies behind the sums is reached */
    for (size_t at = 0; at <= 4096 && at + 128 <= disk_size; at += 4096) hr_put32(disk + at + 124, hr_crc32c(disk + at, 124, 0));
    uint32_t seg = disk_size > 8192 ? hr_le32(disk + 48) : 0;
    if (seg < 4096) return;
    for (uint64_t at = 8192; at + 64 <= disk_size; at += seg)
        hr_put32(disk + at + 60, hr_crc32c(disk + at, 60, hr_crc32c(disk + 32, 16, 0)));
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hr_store s;
    hr_filter any = HR_FILTER_ANY;
    hr_hit hits[5];
    size_t n;
    if (size < 1 || size - 1 > FUZZ_BYTES / 2) return 0;
    memset(disk, 0, sizeof disk);
    memcpy(disk, data + 1, disk_size = size - 1);
    if (data[0] & 1) mend();
    if (fuzz_open(&s, (data[0] & 2) == 0) != HR_OK) return 0;
    for (uint32_t i = 0; i < s.n; i++) {
        hr_item item;
        if (!s.entries[i].live || hr_store_read(&s, &s.entries[i], &item, NULL) != HR_OK) continue;
        if (hr_store_find(&s, s.entries[i].id) != &s.entries[i]) abort();
        float v[64];
        (void)hr_store_vector(&s, &s.entries[i], v, HR_COUNT(v), NULL);
    }
    float q[5] = {1, -2, 3, 0, 0.5f};
    (void)hr_store_search(&s, (hr_str){"dich numb*", 10}, "five", q, 5, &any, 0, hits, 5, &n, NULL);
    hr_verify_counts counts;
    (void)hr_store_verify(&s, NULL, NULL, &counts, NULL);
    hr_item it;
    memset(&it, 0, sizeof it);
    it.text = (hr_str){"one more", 8}, it.vector = q, it.dim = 5, it.space = "five";
    bool put = hr_store_put(&s, &it, 1, NULL) == HR_OK;
    bool compact = hr_store_compact(&s, NULL) == HR_OK;
    uint32_t live = s.n_live;
    hr_store_close(&s);
    if (fuzz_open(&s, true) != HR_OK) {
        if (put && compact) abort(); /* what was acknowledged opens again */
        return 0;
    }
    if (put && (hr_store_find(&s, it.id) == NULL || (compact && s.n_live != live))) abort();
    hr_store_close(&s);
    return 0;
}
