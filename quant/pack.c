/* pack.c: the 16-row permutation, generic over the field table. Whole groups take the short way. */
#include "quant/formats.h"

bool hr_pack_bytes(const hr_format_info *f, uint64_t rows, uint64_t k, uint64_t *bytes) {
    uint64_t row_bytes, padded;
    return hr_align_u64(rows, HR_PACK_ROWS, &padded) && hr_format_row_bytes(f, k, &row_bytes) &&
           hr_mul_u64(padded, row_bytes, bytes);
}

/* one unit of the rows that exist; zeros for the others */
static void gather_ragged(uint8_t *dst, const uint8_t *src, size_t stride, size_t n_rows, size_t unit) {
    for (size_t r = 0; r < HR_PACK_ROWS; r++) {
        if (r < n_rows) memcpy(dst + r * unit, src + r * stride, unit);
        else memset(dst + r * unit, 0, unit);
    }
}

/* Whole groups. The copies have constant sizes, which compilers turn into moves: one unit of 16 rows, then the next. */
#define PACK_4_ROWS(r, unit)                                        \
    memcpy(dst + (r) * (unit), at + (r) * stride, unit);             \
    memcpy(dst + ((r) + 1) * (unit), at + ((r) + 1) * stride, unit); \
    memcpy(dst + ((r) + 2) * (unit), at + ((r) + 2) * stride, unit); \
    memcpy(dst + ((r) + 3) * (unit), at + ((r) + 3) * stride, unit);
#define PACK_16_ROWS(unit) PACK_4_ROWS(0, unit) PACK_4_ROWS(4, unit) PACK_4_ROWS(8, unit) PACK_4_ROWS(12, unit)
static void gather_words(uint8_t *dst, const uint8_t *at, size_t stride, size_t units) {
    for (size_t u = 0; u < units; u++, at += 4, dst += 4 * HR_PACK_ROWS) { PACK_16_ROWS(4) }
}
static void gather_halves(uint8_t *dst, const uint8_t *at, size_t stride, size_t units) {
    for (size_t u = 0; u < units; u++, at += 2, dst += 2 * HR_PACK_ROWS) { PACK_16_ROWS(2) }
}
#undef PACK_4_ROWS
#undef PACK_16_ROWS

/* n bytes that will be read soon: a group of rows is read along 16 lines at once, which the hardware foresees badly */
static void prefetch_bytes(const uint8_t *p, size_t n) {
#if defined(__GNUC__)
    for (size_t i = 0; i < n; i += 64) __builtin_prefetch(p + i);
#else
    (void)p, (void)n;
#endif
}

/* one block of up to 16 rows, `stride` apart */
static void pack_block(const hr_format_info *f, uint8_t *to, const uint8_t *from, size_t stride, size_t n_rows) {
    for (size_t i = 0; i < f->n_fields; i++) {
        const size_t unit = f->field[i].unit, bytes = f->field[i].bytes;
        if (n_rows == HR_PACK_ROWS && unit == 4) {
            gather_words(to, from, stride, bytes / 4);
        } else if (n_rows == HR_PACK_ROWS && unit == 2) {
            gather_halves(to, from, stride, bytes / 2);
        } else {
            for (size_t u = 0; u < bytes; u += unit) gather_ragged(to + HR_PACK_ROWS * u, from + u, stride, n_rows, unit);
        }
        from += bytes;
        to += HR_PACK_ROWS * bytes;
    }
}

/* one group of rows of one-element blocks: F32, F16, BF16 */
static void pack_floats(uint8_t *to, const uint8_t *from, size_t row_bytes, size_t unit, size_t k, bool more) {
    enum { STEP = 64 };
    for (size_t i = 0; i < k; i += STEP) {
        const size_t n = hr_min_size(STEP, k - i);
        if (more) prefetch_bytes(from + HR_PACK_ROWS * (row_bytes + i * unit), HR_PACK_ROWS * n * unit);
        if (unit == 4) gather_words(to + HR_PACK_ROWS * i * 4, from + i * 4, row_bytes, n);
        else gather_halves(to + HR_PACK_ROWS * i * 2, from + i * 2, row_bytes, n);
    }
}

void hr_pack_rows(const hr_format_info *f, const void *src, size_t row0, size_t n, size_t k, void *pack) {
    const size_t blocks = k / f->block, row_bytes = blocks * f->bytes, step = (size_t)HR_PACK_ROWS * f->bytes;
    hr_assert(row0 % HR_PACK_ROWS == 0 && k % f->block == 0);
    for (size_t r = 0; r < n; r += HR_PACK_ROWS) {
        const uint8_t *from = (const uint8_t *)src + r * row_bytes;
        uint8_t *to = (uint8_t *)pack + (row0 + r) * row_bytes;
        const size_t n_rows = hr_min_size(n - r, HR_PACK_ROWS);
        const bool more = n - r >= 2 * HR_PACK_ROWS; /* a whole group follows */
        if (f->block == 1 && n_rows == HR_PACK_ROWS) {
            pack_floats(to, from, row_bytes, f->bytes, k, more);
            continue;
        }
        for (size_t b = 0; b < blocks; b++) {
            if (more) prefetch_bytes(from + HR_PACK_ROWS * row_bytes + b * step, step);
            pack_block(f, to + b * step, from + b * f->bytes, row_bytes, n_rows);
        }
    }
}

void hr_unpack_row(const hr_format_info *f, const void *pack, size_t row, size_t k, void *dst) {
    size_t blocks = k / f->block, row_bytes = blocks * f->bytes, lane = row % HR_PACK_ROWS;
    const uint8_t *from = (const uint8_t *)pack + (row - lane) * row_bytes;
    uint8_t *to = (uint8_t *)dst;
    for (size_t b = 0; b < blocks; b++) {
        for (size_t i = 0; i < f->n_fields; i++) {
            size_t unit = f->field[i].unit;
            for (size_t u = 0; u < f->field[i].bytes; u += unit) {
                memcpy(to, from + lane * unit, unit);
                to += unit;
                from += HR_PACK_ROWS * unit;
            }
        }
    }
}
