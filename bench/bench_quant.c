/* bench_quant.c: the quantizers: GB/s of f32 input on one thread, and the error against rounding to nearest without any
 * search (scale from the largest magnitude; Q4_0 style for the formats without a minimum, range for those with one).
 * Input: normal-like values from a fixed generator, 4096 a row. Best of several runs. */
#include "engine/base/cpu.h"
#include "engine/base/sys.h"
#include "quant/quantize.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { K = 4096, ROWS = 64 };

static float noise(uint64_t *s) { /* sum of twelve uniforms */
    float sum = -6.0f;
    for (int i = 0; i < 12; i++) {
        *s = *s * 6364136223846793005u + 1442695040888963407u;
        sum += (float)(*s >> 40) / 16777216.0f;
    }
    return sum * 0.02f;
}
static double naive_error(const float *x, int bits, bool affine, int block) {
    double sum = 0;
    for (int b = 0; b < K * ROWS; b += block) {
        float lo = affine ? x[b] : 0, hi = lo, top = 0;
        for (int i = b; i < b + block; i++) {
            lo = x[i] < lo ? x[i] : lo;
            hi = x[i] > hi ? x[i] : hi;
            top = fabsf(x[i]) > fabsf(top) ? x[i] : top;
        }
        int n = 1 << bits;
        float d = affine ? (hi - lo) / (float)(n - 1) : top / (float)(-n / 2), low = affine ? lo : 0;
        for (int i = b; i < b + block; i++) {
            float q = d != 0 ? rintf((x[i] - low) / d) : 0, a = affine ? 0 : (float)(-n / 2), z = a + (float)(n - 1);
            q = q < a ? a : q > z ? z : q;
            double e = (double)(d * q + low) - x[i];
            sum += e * e;
        }
    }
    return sum;
}
int main(int argc, char **argv) {
    static const struct {
        uint32_t id;
        int bits, block;
        bool affine;
    } list[] = {{HR_TYPE_Q4_0, 4, 32, false}, {HR_TYPE_Q4_1, 4, 32, true}, {HR_TYPE_Q5_0, 5, 32, false},
                {HR_TYPE_Q5_1, 5, 32, true}, {HR_TYPE_Q8_0, 8, 32, false}, {HR_TYPE_Q2_K, 2, 16, true},
                {HR_TYPE_Q3_K, 3, 16, false}, {HR_TYPE_Q4_K, 4, 32, true}, {HR_TYPE_Q5_K, 5, 32, true},
                {HR_TYPE_Q6_K, 6, 16, false}, {HR_TYPE_IQ4_NL, 4, 32, false}, {HR_TYPE_IQ4_XS, 4, 32, false},
                {HR_TYPE_MXFP4, 4, 32, false}, {HR_TYPE_TQ1_0, 2, 256, false}, {HR_TYPE_TQ2_0, 2, 256, false}};
    float *x = malloc(sizeof(float) * K * ROWS), *y = malloc(sizeof(float) * K);
    uint8_t *q = malloc((size_t)K * 4 * ROWS);
    uint64_t seed = 1;
    bool scalar = argc > 1 && argv[1][0] == '-' && argv[1][1] == 's';
    uint32_t isa = scalar ? 0 : hr_cpu_isa();
    if (!x || !y || !q) return 1;
    for (int i = 0; i < K * ROWS; i++) x[i] = noise(&seed);
    printf("format    M values/s   GB/s in   error / naive\n");
    for (size_t t = 0; t < sizeof list / sizeof list[0]; t++) {
        const hr_format_info *f = hr_format_of(list[t].id);
        uint64_t row_bytes, best = UINT64_MAX;
        double err = 0;
        hr_format_row_bytes(f, K, &row_bytes);
        for (int run = 0; run < 4; run++) {
            uint64_t begin = hr_clock_ns();
            for (int r = 0; r < ROWS; r++) {
                hr_quantize_row(f, x + r * K, K, NULL, q + (size_t)r * row_bytes, isa);
            }
            uint64_t ns = hr_clock_ns() - begin;
            best = ns < best ? ns : best;
        }
        for (int r = 0; r < ROWS; r++) err += hr_quantize_error(f, q + (size_t)r * row_bytes, x + r * K, K, NULL, y);
        double rate = (double)K * ROWS / (double)best;
        printf("%-8s %11.1f %9.3f %15.4f\n", f->name, rate * 1e3, rate * 4,
               err / naive_error(x, list[t].bits, list[t].affine, list[t].block));
    }
    free(x), free(y), free(q);
    return 0;
}
