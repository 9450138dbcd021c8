/* scan.c: the specification of vector search: exact int8 dots, and sums under signs. */
#include "kernels/kernel.h"

static void scan_i8_c(const int8_t *rows, size_t n, size_t stride, const int8_t *q, int32_t *dot) {
    for (size_t r = 0; r < n; r++, rows += stride) {
        int32_t sum = 0;
        for (size_t i = 0; i < stride; i += 64) { /* a constant count: compilers make vectors of it at -O2 */
            for (size_t j = 0; j < 64; j++) sum += rows[i + j] * q[i + j];
        }
        dot[r] = sum;
    }
}

HR_KERNEL(scan_i8, scan_i8_c, HR_ISA_C, 0, 1, 1)

static void scan_signs_c(const uint8_t *blocks, size_t n, size_t cols, const uint8_t *table, int32_t *dot) {
    for (size_t b = 0; b < n; b++, dot += 64) {
        memset(dot, 0, 64 * sizeof *dot);
        for (size_t j = 0; j < cols; j++, blocks += 64) {
            const uint8_t *t = table + 32 * j;
            for (size_t r = 0; r < 64; r++) dot[r] += t[blocks[r] & 15] + t[16 + (blocks[r] >> 4)];
        }
    }
}

HR_KERNEL(scan_signs, scan_signs_c, HR_ISA_C, 0, 1, 1)
