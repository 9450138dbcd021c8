/* pack.c: the 16-row permutation, generic over the field table. */
#include "quant/formats.h"

bool hr_pack_bytes(const hr_format_info *f, uint64_t rows, uint64_t k, uint64_t *bytes) {
    uint64_t row_bytes, padded;
    return hr_align_u64(rows, HR_PACK_ROWS, &padded) && hr_format_row_bytes(f, k, &row_bytes) &&
           hr_mul_u64(padded, row_bytes, bytes);
}

/* one unit of 16 rows: the compiler turns the constant-size copies into moves */
static void gather_units(uint8_t *dst, const uint8_t *src, size_t stride, size_t n_rows, size_t unit) {
    for (size_t r = 0; r < HR_PACK_ROWS; r++) {
        if (r >= n_rows) memset(dst + r * unit, 0, unit);
        else if (unit == 4) memcpy(dst + 4 * r, src + r * stride, 4);
        else if (unit == 2) memcpy(dst + 2 * r, src + r * stride, 2);
        else dst[r] = src[r * stride];
    }
}

void hr_pack_rows(const hr_format_info *f, const void *src, size_t row0, size_t n, size_t k, void *pack) {
    size_t blocks = k / f->block, row_bytes = blocks * f->bytes;
    hr_assert(row0 % HR_PACK_ROWS == 0 && k % f->block == 0);
    for (size_t r = 0; r < n; r += HR_PACK_ROWS) {
        const uint8_t *from = (const uint8_t *)src + r * row_bytes;
        uint8_t *to = (uint8_t *)pack + (row0 + r) * row_bytes;
        size_t n_rows = hr_min_size(n - r, HR_PACK_ROWS);
        for (size_t b = 0; b < blocks; b++, from += f->bytes) {
            const uint8_t *at = from;
            for (size_t i = 0; i < f->n_fields; i++) {
                for (size_t u = 0; u < f->field[i].bytes; u += f->field[i].unit) {
                    gather_units(to, at, row_bytes, n_rows, f->field[i].unit);
                    at += f->field[i].unit;
                    to += (size_t)HR_PACK_ROWS * f->field[i].unit;
                }
            }
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
