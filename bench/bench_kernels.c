/* Every kernel's rate, beside the reference, the best of its operation and the machine's own peak, all in one run.
 *     bench_kernels [--kernel PATTERN] [--isa LIST] [--ms N] [--tsv]
 * Matrix products run at m = 1 over weights that no cache holds (GB/s against the read bandwidth: decode) and at m = 32
 * over weights that stay in the second cache (GMAC/s against the multiply peak: prefill). Row operations run in cache.
 * Rounds of all kernels are interleaved and the best call counts, in thread time, for the machine is never quiet. */
#include "engine/base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "kernels/kernel.h"
#include "kernels/x86/peaks_avx2.h"

static struct {
    const char *kernel;
    uint32_t isa;
    double seconds; /* per kernel and shape */
    bool tsv;
} bench = {NULL, HR_ISA_ALL, 0.05, false};

static double now(void) { /* this thread's own time: others on the machine do not count */
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static uint32_t random_state = 2463534242u;
static uint32_t next_random(void) { /* xorshift32 (Marsaglia 2003) */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    return random_state ^= random_state << 5;
}

/* --- the machine's limits --------------------------------------------------------------------------------------------------- */
static struct { double read_gb, fma_g, int8_g; } peak; /* per second, one thread; fma and int8 in multiply-adds */

enum { STREAM_BYTES = 64 << 20 };
static volatile uint64_t sink;
static void measure_read(const uint64_t *p) {
    for (int round = 0; round < 12; round++) {
        double start = now();
        uint64_t a = 0, b = 0, c = 0, d = 0;
        for (size_t i = 0; i < STREAM_BYTES / 8; i += 32) { /* every cache line; the hardware's prefetch does the rest */
            a += p[i], b += p[i + 8], c += p[i + 16], d += p[i + 24];
        }
        sink = a + b + c + d;
        double gb = STREAM_BYTES / (now() - start) * 1e-9;
        if (gb > peak.read_gb) peak.read_gb = gb;
    }
}

#if defined(HR_T_AVX2)
enum { PEAK_TURNS = 100000 };
static double time_fma(void) {
    double start = now();
    sink = peak_fma(PEAK_TURNS);
    return PEAK_FMA_OPS * PEAK_TURNS / (now() - start) * 1e-9;
}
static double time_int8(void) {
    double start = now();
    sink = peak_int8(PEAK_TURNS);
    return PEAK_INT8_OPS * PEAK_TURNS / (now() - start) * 1e-9;
}
static void measure_multiply(void) {
    for (int round = 0; round < 200; round++) {
        double f = time_fma(), i = time_int8();
        if (f > peak.fma_g) peak.fma_g = f;
        if (i > peak.int8_g) peak.int8_g = i;
    }
}
#else
static void measure_multiply(void) {} /* unknown here: shown as 0 */
#endif

/* --- work ---------------------------------------------------------------------------------------------------------------------- */
typedef struct work {
    const hr_format_info *f; /* NULL: a row operation */
    size_t m, n;             /* m tokens, or rows of a row operation of n elements */
    double macs, bytes;      /* of one call */
    hr_matmul_args args;
    hr_act x;
} work;

static uint8_t *weights;              /* [STREAM_BYTES] random, halves of every size but Inf and NaN: see main */
static float buffer[5][64 * 4096];
static int8_t bytes_q[64 * 4096];
static int16_t sums[64 * 4096 / 16];

static const hr_format_info *format_of(hr_op op) {
    for (uint32_t type = 0; type < 64; type++) {
        if (hr_matmul_op(type) == op) return hr_format_of(type);
    }
    return NULL;
}

static void run_attention(const hr_kernel *k, const work *w) {
    static uint8_t lo[64], hi[64];
    memset(hi, 64, sizeof hi);
    hr_attn_args a = {.n = w->m, .dk = w->n, .dv = w->n, .q = buffer[0], .q_stride = w->n, .q8 = bytes_q, .qd = buffer[0],
                      .k = k->op == HR_OP_attn_page_i8 ? (void *)bytes_q : (void *)buffer[1], .kd = buffer[0],
                          .vd = buffer[0],
                      .v = k->op == HR_OP_attn_page_i8 ? (void *)(bytes_q + 64 * w->n) : (void *)buffer[2], .scale = 0.1f,
                      .lo = lo, .hi = hi, .o = buffer[3], .m = buffer[4], .l = buffer[4] + 64};
    ((hr_attn_page_fn *)k->fn)(&a);
}

static int32_t dots[64];
static void run_once(const hr_kernel *k, const work *w) {
    if (w->f != NULL) {
        ((hr_matmul_fn *)k->fn)(&w->args, 0, w->args.rows / (size_t)k->nr);
        return;
    }
    for (size_t i = 0; i < w->m; i++) {
        float *x = buffer[0] + i * w->n, *y = buffer[3] + i * w->n;
        if (k->op == HR_OP_quant_a8) ((hr_quant_fn *)k->fn)(x, w->n, bytes_q + i * w->n, buffer[3], buffer[4], sums);
        else if (k->op == HR_OP_rmsnorm || k->op == HR_OP_layernorm) ((hr_norm_fn *)k->fn)(x, buffer[1], NULL, 1e-5f,
            w->n, y);
        else if (k->op == HR_OP_rope_norm || k->op == HR_OP_rope_neox) {
            ((hr_rope_fn *)k->fn)(y, w->n / 128, 128, 128, buffer[1], buffer[2]);
        } else if (k->op == HR_OP_attn_page_f32 || k->op == HR_OP_attn_page_i8) {
            run_attention(k, w);
            return;
        } else if (k->op == HR_OP_attn_merge) {
            float m = 0.5f, l = 1.0f;
            ((hr_attn_merge_fn *)k->fn)(&m, &l, y, 0.25f, 1.0f, x, w->n);
        } else if (k->op == HR_OP_scan_i8) {
            ((hr_scan_fn *)k->fn)((const int8_t *)weights, w->m, w->n, bytes_q, dots);
            return;
        } else ((hr_act_fn *)k->fn)(x, buffer[1] + i * w->n, w->n, y);
    }
}

/* what one call of kernel k costs; the reference gets less to do, its rate is the same */
static work plan_work(const hr_kernel *k, bool stream) {
    work w = {.f = format_of(k->op)};
    if (w.f != NULL) {
        size_t columns = 2048, row_bytes = columns / w.f->block * w.f->bytes;
        w.m = stream ? 1 : 32;
        size_t rows = stream ? STREAM_BYTES / row_bytes / 16 * 16 : 65536 * 4 / row_bytes / 16 * 16;
        if (k->rank == 0) rows = stream ? 256 : 16;
        w.x = (hr_act){w.m, columns, buffer[0], columns, bytes_q, buffer[1], buffer[2], sums};
        w.args = (hr_matmul_args){weights, rows, columns, NULL, buffer[3], rows};
        if (rows * w.m > HR_COUNT(buffer[3])) w.args.y_stride = rows = w.args.rows = HR_COUNT(buffer[3]) / w.m / 16 * 16;
        w.macs = (double)rows * (double)columns * (double)w.m;
        w.bytes = (double)rows * (double)row_bytes;
        return w;
    }
    bool attention = k->op == HR_OP_attn_page_f32 || k->op == HR_OP_attn_page_i8;
    bool scan = k->op == HR_OP_scan_i8;
    w.m = attention ? 8 : scan ? HR_COUNT(dots) : 4;
    w.n = attention ? 128 : scan ? 1024 : 2048;
    w.macs = (double)(w.m * w.n) * (attention ? 128 : 1);
    w.bytes = w.macs * (scan ? 1 : 4);
    return w;
}

/* --- one operation ---------------------------------------------------------------------------------------------------------------- */
static void bench_op(hr_op op, bool stream) {
    const hr_kernel *k[32];
    double best[32], top = 0;
    size_t n = 0;
    bool any = false;
    for (size_t i = 0; i < hr_kernel_count() && n < 32; i++) {
        const hr_kernel *at = hr_kernel_at(i);
        if (at->op != op || (at->isa & ~(hr_cpu_isa() & bench.isa)) != 0) continue;
        if (bench.kernel == NULL || strstr(at->name, bench.kernel) != NULL) any = true;
        best[n] = 1e30;
        k[n++] = at;
    }
    if (!any) return;
    work w[32];
    for (size_t i = 0; i < n; i++) w[i] = plan_work(k[i], stream);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < n; i++) {
            double start = now(), last = start, end;
            w[i].args.x = &w[i].x;
            do {
                run_once(k[i], &w[i]);
                end = now();
                if (end - last < best[i]) best[i] = end - last;
                last = end;
            } while (end - start < bench.seconds / 5);
        }
    }
    for (size_t i = 0; i < n; i++) top = w[i].macs / best[i] > top ? w[i].macs / best[i] : top;
    for (size_t i = 0; i < n; i++) {
        double rate = w[i].macs / best[i], gb = w[i].bytes / best[i] * 1e-9, ref = w[0].macs / best[0];
        double limit = w[i].f == NULL ? 0 : stream ? peak.read_gb : w[i].f->quantized ? peak.int8_g : peak.fma_g;
        double part = limit > 0 ? (stream ? gb : rate * 1e-9) / limit * 100 : 0;
        const char *kind = w[i].f == NULL ? "row" : stream ? "m1" : "m32";
        if (bench.kernel != NULL && strstr(k[i]->name, bench.kernel) == NULL && k[i]->rank != 0 && rate < top) continue;
        printf(bench.tsv ? "%s\t%s\t%.3f\t%.3f\t%.2f\t%.2f\t%.1f\n" : "%-22s %-4s %9.3f %9.3f %9.2f %9.2f %7.1f\n",
               k[i]->name, kind,
               rate * 1e-9, gb, rate / ref, rate / top, part);
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        hr_error err = {0};
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--tsv") == 0) bench.tsv = true;
        else if (more && strcmp(argv[i], "--kernel") == 0) bench.kernel = argv[++i];
        else if (more && strcmp(argv[i], "--ms") == 0) bench.seconds = atof(argv[++i]) / 1000;
        else if (more && strcmp(argv[i], "--isa") == 0 && hr_isa_parse(argv[i + 1], &bench.isa, &err) == HR_OK) i++;
        else return fprintf(stderr, "bench_kernels [--kernel PATTERN] [--isa LIST] [--ms N] [--tsv]\n"), 2;
    }
    weights = aligned_alloc(64, STREAM_BYTES);
    if (weights == NULL) return perror("bench_kernels"), 1;
    for (size_t i = 0; i < STREAM_BYTES; i += 4) { /* bytes 0x30-0x3f: a half anywhere is between 0.1 and 1 */
        uint32_t r = (next_random() & 0x0f0f0f0fu) | 0x30303030u;
        memcpy(weights + i, &r, 4);
    }
    for (size_t b = 0; b < HR_COUNT(buffer); b++) {
        for (size_t i = 0; i < HR_COUNT(buffer[b]); i++) buffer[b][i] = (float)(int32_t)next_random() * 0x1p-31f;
    }
    for (size_t i = 0; i < HR_COUNT(bytes_q); i++) bytes_q[i] = (int8_t)((int)(next_random() % 255u) - 127);
    for (size_t i = 0; i < HR_COUNT(sums); i++) sums[i] = (int16_t)(next_random() % 2000u);
    measure_read((const uint64_t *)(void *)weights);
    if (hr_cpu_isa() & HR_ISA_AVX2) measure_multiply();
    printf(bench.tsv ? "# one thread: read %.2f GB/s, fma %.1f G/s, int8 (AVX2) %.1f GMAC/s\n"
                     : "one thread: read %.2f GB/s, fma %.1f G/s, int8 (AVX2) %.1f GMAC/s\n", peak.read_gb,
                         peak.fma_g, peak.int8_g);
    printf(bench.tsv ? "kernel\twork\tgmac_s\tgb_s\tx_reference\tx_best\tpercent_of_peak\n"
                     : "kernel                 work    GMAC/s      GB/s   x ref.    x best   %% peak\n");
    for (int op = 0; op < HR_OP_COUNT; op++) {
        bench_op((hr_op)op, true);
        if (format_of((hr_op)op) != NULL) bench_op((hr_op)op, false);
    }
    free(weights);
    return 0;
}
