/* fast.c: the specification of the fast mode's products: int8 with one scale for 256 elements, weights requantized. */
#include "engine/base/fmath.h"
#include "kernels/kernel.h"

/* q [n] and its scale */
static float fast_quant_block(const float *v, size_t n, int8_t *q) {
    uint32_t top = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t a = hr_f32_bits(v[i]) & 0x7fffffffu;
        if (a > top) top = a;
    }
    memset(q, 0, n);
    if (top >= 0x7f800000u) return hr_f32_from_bits(HR_NAN_BITS);
    if (top < 0x0d800000u) return 0.0f; /* 2^-100 */
    float a = hr_f32_from_bits(top), id = 127.0f / a;
    for (size_t i = 0; i < n; i++) q[i] = (int8_t)(hr_fma(v[i], id, 12582912.0f) - 12582912.0f);
    return a / 127.0f;
}

static void quant_fast_c(const float *x, size_t k, int8_t *q, float *d, int32_t *sum) {
    int8_t block[HR_FAST_BLOCK];
    for (size_t b = 0; b * HR_FAST_BLOCK < k; b++) {
        size_t n = hr_min_size(k - b * HR_FAST_BLOCK, HR_FAST_BLOCK);
        int32_t s = 0;
        d[b * HR_FAST_TILE] = fast_quant_block(x + b * HR_FAST_BLOCK, n, block);
        for (size_t i = 0; i < n; i++) {
            size_t at = b * HR_FAST_BLOCK + i;
            q[at / 4 * 4 * HR_FAST_TILE + at % 4] = block[i];
            s += block[i];
        }
        sum[b * HR_FAST_TILE] = s;
    }
}

/* block b of a row as it lies in the file, from rows or a pack (formats.h) */
static void fast_gather_block(const hr_format_info *f, const hr_fast_args *a, size_t row, size_t b, uint8_t *out) {
    const uint8_t *p = (const uint8_t *)a->w;
    size_t blocks = a->k / f->block, group = row / HR_PACK_ROWS, lane = row % HR_PACK_ROWS;
    if (a->nr == 1) {
        memcpy(out, p + (row * blocks + b) * f->bytes, f->bytes);
        return;
    }
    p += (group * blocks + b) * HR_PACK_ROWS * f->bytes;
    for (size_t i = 0; i < f->n_fields; i++) {
        size_t unit = f->field[i].unit, n = f->field[i].bytes / unit;
        for (size_t u = 0; u < n; u++) memcpy(out + u * unit, p + (u * HR_PACK_ROWS + lane) * unit, unit);
        p += HR_PACK_ROWS * f->field[i].bytes;
        out += f->field[i].bytes;
    }
}

/* elements [256 b, 256 b + n) of a row */
static float fast_requant(const hr_format_info *f, const hr_fast_args *a, size_t row, size_t b, size_t n, int8_t *q) {
    uint8_t bytes[256];
    float v[HR_FAST_BLOCK];
    hr_slice s;
    for (size_t i = 0; i < n; i += 32) {
        size_t at = b * HR_FAST_BLOCK + i;
        if (at % f->block == 0) fast_gather_block(f, a, row, at / f->block, bytes);
        hr_decode_slice(f, bytes, at % f->block / 32, &s);
        for (size_t e = 0; e < 32; e++) {
            float c = s.has_m ? s.m : s.has_mn ? -(s.dmin * (float)s.mn[e / 16]) : 0.0f;
            v[i + e] = hr_fma(s.d * (float)s.sc[e / 16], (float)s.w[e], c);
        }
    }
    return fast_quant_block(v, n, q);
}

static void matmul_fast_c(const hr_fast_args *a, size_t g0, size_t g1) {
    const hr_format_info *f = hr_format_of(a->type);
    const hr_fast_act *x = a->x;
    size_t blocks = hr_div_up(a->k, HR_FAST_BLOCK), end = hr_min_size(g1 * (size_t)a->nr, a->rows);
    int8_t w[HR_FAST_BLOCK];
    for (size_t r = g0 * (size_t)a->nr; r < end; r++) {
        for (size_t b = 0; b < blocks; b++) {
            size_t n = hr_min_size(a->k - b * HR_FAST_BLOCK, HR_FAST_BLOCK);
            float d = fast_requant(f, a, r, b, n, w);
            for (size_t t = 0; t < x->m; t++) {
                size_t tile = t / HR_FAST_TILE, lane = t % HR_FAST_TILE, at = (tile * blocks + b) * HR_FAST_TILE + lane;
                const int8_t *q = x->q + tile * HR_FAST_TILE * a->k + b * HR_FAST_BLOCK * HR_FAST_TILE + 4 * lane;
                float *y = &a->y[t * a->y_stride + r];
                int32_t isum = 0;
                for (size_t i = 0; i < n; i++) isum += w[i] * q[i / 4 * 4 * HR_FAST_TILE + i % 4];
                *y = hr_fma((float)isum, d * x->d[at], b == 0 ? 0.0f : *y);
            }
        }
    }
}

HR_KERNEL(matmul_fast, matmul_fast_c, HR_ISA_C, 0, 1, 1)
HR_KERNEL(quant_fast, quant_fast_c, HR_ISA_C, 0, 1, 1)
