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

/* Whole groups: copies of constant size, which compilers turn into moves; two rows go out in one store where they fit. */
static void gather_words(uint8_t *dst, const uint8_t *src, size_t stride, size_t units) {
    for (size_t u = 0; u < units; u++, src += 4, dst += 4 * HR_PACK_ROWS) {
        const uint8_t *at = src;
        for (size_t r = 0; r < HR_PACK_ROWS; r += 4, at += 4 * stride) {
            uint32_t w[4];
            memcpy(&w[0], at, 4);
            memcpy(&w[1], at + stride, 4);
            memcpy(&w[2], at + 2 * stride, 4);
            memcpy(&w[3], at + 3 * stride, 4);
            memcpy(dst + 4 * r, w, 16);
        }
    }
}
static void gather_halves(uint8_t *dst, const uint8_t *src, size_t stride, size_t units) {
    for (size_t u = 0; u < units; u++, src += 2, dst += 2 * HR_PACK_ROWS) {
        const uint8_t *at = src;
        for (size_t r = 0; r < HR_PACK_ROWS; r += 4, at += 4 * stride) {
            uint16_t w[4];
            memcpy(&w[0], at, 2);
            memcpy(&w[1], at + stride, 2);
            memcpy(&w[2], at + 2 * stride, 2);
            memcpy(&w[3], at + 3 * stride, 2);
            memcpy(dst + 2 * r, w, 8);
        }
    }
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

void hr_pack_rows(const hr_format_info *f, const void *src, size_t row0, size_t n, size_t k, void *pack) {
    size_t blocks = k / f->block, row_bytes = blocks * f->bytes;
    hr_assert(row0 % HR_PACK_ROWS == 0 && k % f->block == 0);
    for (size_t r = 0; r < n; r += HR_PACK_ROWS) {
        const uint8_t *from = (const uint8_t *)src + r * row_bytes;
        uint8_t *to = (uint8_t *)pack + (row0 + r) * row_bytes;
        size_t n_rows = hr_min_size(n - r, HR_PACK_ROWS);
        if (f->block == 1 && n_rows == HR_PACK_ROWS && f->bytes == 4) {
            gather_words(to, from, row_bytes, k);
        } else if (f->block == 1 && n_rows == HR_PACK_ROWS && f->bytes == 2) {
            gather_halves(to, from, row_bytes, k);
        } else {
            for (size_t b = 0; b < blocks; b++) {
                pack_block(f, to + b * HR_PACK_ROWS * f->bytes, from + b * f->bytes, row_bytes, n_rows);
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
