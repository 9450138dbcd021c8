/* lab_kernels.c: `hearth bench kernels`, also build/bench/bench_kernels (make bench, make try): every kernel's rate, beside
 * the reference, the best of its operation and the machine's own limits, all in one run.
 * Matrix products: m1, one token over weights that no cache holds (GB/s against the read speed: decode), m8, eight tokens
 * over the same (sessions together, speculation), m32, 32 tokens over weights that stay in the second cache (GMAC/s against
 * the multiply peak of the kernel's own instruction set: prefill). Row operations and scans run in cache. Rounds of all
 * kernels are interleaved and the best call counts, in thread time, for the machine is never quiet. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/cmd_bench.h"
#if !defined(HEARTH_DROP_TOOLS)
#include "kernels/kernel.h"

#define LAB_NONE (0.0 / 0.0) /* null in JSON */
enum { LAB_ROUNDS = 5, LAB_ROW_MAX = 64 * 4096, LAB_SCAN_ROWS = 256 };
typedef enum lab_shape { LAB_M1, LAB_M8, LAB_M32, LAB_ROW } lab_shape;
static const struct { const char *name; size_t m; bool stream; } lab_shapes[] = {
    {"m1", 1, true}, {"m8", 8, true}, {"m32", 32, false}, {"row", 0, false}};

typedef struct lab_bench {
    const char *part; /* of a kernel's name; NULL: all */
    uint32_t isa;
    double seconds;   /* per kernel and shape */
    bool tsv, json;
    size_t stream_bytes;
    double read_gb, fma_g, int8_g; /* one thread, of the whole machine */
    uint8_t *weights; /* [stream_bytes] halves of every size but Inf and NaN */
} lab_bench;

typedef struct lab_work {
    const hr_format_info *f; /* NULL: a row operation */
    size_t m, n;             /* m tokens, or rows of a row operation of n elements */
    double macs, bytes;      /* of one call */
    hr_matmul_args args;
    hr_act x;
} lab_work;

static float lab_f32[5][LAB_ROW_MAX];
static int8_t lab_i8[LAB_ROW_MAX];
static int16_t lab_sums[LAB_ROW_MAX / 16];
static int32_t lab_dots[LAB_SCAN_ROWS];

static double lab_thread_time(void) { /* this thread's own time: others on the machine do not count */
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static uint32_t lab_random(uint32_t *state) { /* xorshift32 (Marsaglia 2003) */
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

/* --- work ------------------------------------------------------------------------------------------------------- */
static const hr_format_info *format_of_op(hr_op op) {
    for (uint32_t type = 0; type < 64; type++) {
        if (hr_matmul_op(type) == op) return hr_format_of(type);
    }
    return NULL;
}

static void run_attention(const hr_kernel *k, const lab_work *w) {
    static uint8_t lo[64], hi[64];
    bool i8 = k->op == HR_OP_attn_page_i8;
    memset(hi, 64, sizeof hi);
    hr_attn_args a = {.n = w->m, .dk = w->n, .dv = w->n, .q = lab_f32[0], .q_stride = w->n, .q8 = lab_i8, .qd = lab_f32[0],
                      .s16 = lab_sums,
                      .k = i8 ? (void *)lab_i8 : (void *)lab_f32[1], .kd = lab_f32[0], .vd = lab_f32[0],
                      .v = i8 ? (void *)(lab_i8 + 64 * w->n) : (void *)lab_f32[2], .scale = 0.1f,
                      .lo = lo, .hi = hi, .o = lab_f32[3], .m = lab_f32[4], .l = lab_f32[4] + 64};
    ((hr_attn_page_fn *)k->fn)(&a);
}
static void run_row(const hr_kernel *k, float *x, float *y, size_t i, size_t n) {
    float m = 0.5f, l = 1.0f;
    switch (k->op) {
    case HR_OP_quant_a8: ((hr_quant_fn *)k->fn)(x, n, lab_i8 + i * n, lab_f32[3], lab_f32[4], lab_sums); break;
    case HR_OP_rmsnorm:
    case HR_OP_layernorm: ((hr_norm_fn *)k->fn)(x, lab_f32[1], NULL, 1e-5f, n, y); break;
    case HR_OP_rope_norm:
    case HR_OP_rope_neox: ((hr_rope_fn *)k->fn)(y, n / 128, 128, 128, lab_f32[1], lab_f32[2]); break;
    case HR_OP_attn_merge: ((hr_attn_merge_fn *)k->fn)(&m, &l, y, 0.25f, 1.0f, x, n); break;
    case HR_OP_exp_sum: lab_f32[4][0] = ((hr_exp_fn *)k->fn)(x, n, 1.0f, y); break;
    case HR_OP_silu:
    case HR_OP_gelu_tanh:
    case HR_OP_gelu_erf:
    case HR_OP_relu2:
    case HR_OP_swiglu_oai: ((hr_act_fn *)k->fn)(x, lab_f32[1] + i * n, n, y); break;
    default: break; /* plan_work knows no such operation */
    }
}
/* Q4_0 weights that stay in the second cache, unpacked and requantized once for all tokens */
static void run_fast(const lab_bench *b, const hr_kernel *k, const lab_work *w) {
    hr_fast_act x = {w->m, w->n, lab_i8, lab_f32[1], (const int32_t *)(const void *)lab_sums};
    hr_fast_args a = {b->weights, HR_TYPE_Q4_0, HR_PACK_ROWS, w->args.rows, w->n, &x, lab_f32[3], w->args.rows};
    ((hr_fast_fn *)k->fn)(&a, 0, w->args.rows / HR_PACK_ROWS);
}
static void run_once(const lab_bench *b, const hr_kernel *k, const lab_work *w) {
    if (w->f != NULL) {
        ((hr_matmul_fn *)k->fn)(&w->args, 0, w->args.rows / (size_t)k->nr);
    } else if (k->op == HR_OP_matmul_fast) {
        run_fast(b, k, w);
    } else if (k->op == HR_OP_quant_fast) {
        ((hr_quant_fast_fn *)k->fn)(lab_f32[0], w->n, lab_i8, lab_f32[3], (int32_t *)(void *)lab_f32[4]);
    } else if (k->op == HR_OP_attn_page_f32 || k->op == HR_OP_attn_page_i8) {
        run_attention(k, w);
    } else if (k->op == HR_OP_kv_f16) {
        ((hr_kv_f16_fn *)k->fn)((const uint16_t *)lab_f32[0], w->n, lab_f32[3]);
    } else if (k->op == HR_OP_kv_q4) {
        ((hr_kv_q4_fn *)k->fn)((const uint8_t *)lab_f32[0], w->n / 512, 256, 512, (int8_t *)lab_f32[3]);
    } else if (k->op == HR_OP_scan_i8) {
        ((hr_scan_fn *)k->fn)((const int8_t *)b->weights, w->m, w->n, lab_i8, lab_dots);
    } else if (k->op == HR_OP_scan_signs) {
        ((hr_signs_fn *)k->fn)((const uint8_t *)b->weights, w->m / 64, w->n / 8, (const uint8_t *)lab_i8, lab_dots);
    } else if (k->op == HR_OP_crc32c) {
        lab_dots[0] = (int32_t)((hr_crc_fn *)k->fn)(b->weights, w->n, 0);
    } else {
        for (size_t i = 0; i < w->m; i++) run_row(k, lab_f32[0] + i * w->n, lab_f32[3] + i * w->n, i, w->n);
    }
}

/* what one call of kernel k costs; the reference gets less to do, its rate is the same. False: nobody taught the lab to run
 * such an operation */
static bool plan_work(const lab_bench *b, const hr_kernel *k, lab_shape shape, lab_work *w) {
    memset(w, 0, sizeof *w);
    w->f = format_of_op(k->op);
    if (w->f != NULL) {
        const bool stream = lab_shapes[shape].stream;
        size_t columns = 2048, row_bytes = columns / w->f->block * w->f->bytes;
        w->m = lab_shapes[shape].m;
        size_t rows = (stream ? b->stream_bytes : 65536 * 4) / row_bytes / 16 * 16;
        if (k->rank == 0 && rows > 256) rows = 256;
        if (k->rank == 0 && !stream) rows = 16;
        if (rows * w->m > LAB_ROW_MAX) rows = LAB_ROW_MAX / w->m / 16 * 16;
        w->x = (hr_act){w->m, columns, lab_f32[0], columns, lab_i8, lab_f32[1], lab_f32[2], lab_sums};
        w->args = (hr_matmul_args){b->weights, rows, columns, NULL, lab_f32[3], rows};
        w->macs = (double)rows * (double)columns * (double)w->m;
        w->bytes = (double)rows * (double)row_bytes;
        return true;
    }
    w->m = 4;
    w->n = 2048;
    w->macs = (double)(w->m * w->n);
    w->bytes = w->macs * 4;
    switch (k->op) {
    case HR_OP_attn_page_f32:
    case HR_OP_attn_page_i8:
        w->m = 8;
        w->n = 128;
        w->macs = (double)(w->m * w->n) * 128; /* 64 positions, keys and values */
        w->bytes = (double)w->n * 128 * (k->op == HR_OP_attn_page_i8 ? 1 : 4);
        return true;
    case HR_OP_scan_i8:
        w->m = LAB_SCAN_ROWS;
        w->n = 1024;
        w->macs = w->bytes = (double)(w->m * w->n);
        return true;
    case HR_OP_scan_signs:
        w->m = LAB_SCAN_ROWS / 64 * 64;
        w->n = 1024;
        w->macs = (double)(w->m * w->n);
        w->bytes = w->macs / 8;
        return true;
    case HR_OP_matmul_fast: /* 126 tokens of 2048 fill lab_i8 */
        w->m = LAB_ROW_MAX / w->n / HR_FAST_TILE * HR_FAST_TILE;
        w->args.rows = k->rank == 0 ? 16 : 64;
        w->macs = (double)(w->m * w->n * w->args.rows);
        w->bytes = (double)(w->args.rows * w->n) * 18 / 32;
        return true;
    case HR_OP_quant_fast:
        w->m = 1;
        w->macs = (double)w->n;
        w->bytes = w->macs * 4;
        return true;
    case HR_OP_kv_f16:
    case HR_OP_kv_q4:
        w->m = 1;
        w->macs = w->n = 8192;
        w->bytes = w->macs * (k->op == HR_OP_kv_f16 ? 2 : 0.5);
        return true;
    case HR_OP_crc32c:
        w->n = 65536;
        w->macs = w->bytes = (double)w->n;
        return true;
    case HR_OP_quant_a8: case HR_OP_rmsnorm: case HR_OP_layernorm: case HR_OP_rope_norm: case HR_OP_rope_neox:
    case HR_OP_attn_merge: case HR_OP_silu: case HR_OP_gelu_tanh: case HR_OP_gelu_erf: case HR_OP_relu2:
    case HR_OP_swiglu_oai: case HR_OP_exp_sum: return true;
    default: return false;
    }
}

/* --- one operation ----------------------------------------------------------------------------------------------- */
typedef struct lab_row {
    const hr_kernel *k;
    lab_work w;
    double best; /* seconds of a call */
} lab_row;

static void time_rows(const lab_bench *b, lab_row *rows, size_t n) {
    for (int round = 0; round < LAB_ROUNDS; round++) {
        for (size_t i = 0; i < n; i++) {
            double start = lab_thread_time(), last = start, end;
            rows[i].w.args.x = &rows[i].w.x;
            do {
                run_once(b, rows[i].k, &rows[i].w);
                end = lab_thread_time();
                if (end - last > 0 && end - last < rows[i].best) rows[i].best = end - last;
                last = end;
            } while (end - start < b->seconds / LAB_ROUNDS);
        }
    }
}
static void print_row(const lab_bench *b, const lab_row *r, lab_shape shape, double reference, double top) {
    const bool stream = lab_shapes[shape].stream && r->w.f != NULL;
    const bool scan = r->k->op == HR_OP_scan_i8, fast = r->k->op == HR_OP_matmul_fast;
    const bool integer = scan || fast || (r->w.f != NULL && r->w.f->quantized);
    double rate = r->w.macs / r->best, gb = r->w.bytes / r->best * 1e-9;
    double read = r->w.f == NULL || !stream || b->read_gb <= 0 ? -1 : gb / b->read_gb * 100;
    double machine = integer ? b->int8_g : b->fma_g, own = -1, part = -1;
    if (r->w.f != NULL || scan || fast) {
        static double own_g[2][32]; /* measured once for each instruction set; 0: not yet */
        uint32_t name = lab_multiply_isa(integer ? LAB_INT8 : LAB_FMA, r->k->isa);
        size_t bit = 0;
        while (name >> bit > 1) bit++;
        double *g = &own_g[integer][bit];
        if (name != 0 && *g == 0) *g = lab_multiply_g(integer ? LAB_INT8 : LAB_FMA, r->k->isa, 1);
        if (name != 0 && *g > 0) own = rate * 1e-9 / *g * 100;
        if (machine > 0) part = rate * 1e-9 / machine * 100;
    }
    if (b->json) {
        cli_json_open(NULL, '{');
        cli_json_str("kernel", r->k->name);
        cli_json_str("work", lab_shapes[shape].name);
        cli_json_num("gmac_per_s", rate * 1e-9);
        cli_json_num("gb_per_s", gb);
        cli_json_num("times_reference", rate / reference);
        cli_json_num("times_best", rate / top);
        cli_json_num("percent_of_read", read < 0 ? LAB_NONE : read);
        cli_json_num("percent_of_isa_peak", own < 0 ? LAB_NONE : own);
        cli_json_num("percent_of_machine_peak", part < 0 ? LAB_NONE : part);
        cli_json_close('}');
        return;
    }
    const char *tab = b->tsv ? "\t" : " ";
    double percent[3] = {read, own, part};
    printf(b->tsv ? "%s\t%s\t%.3f\t%.3f\t%.2f\t%.2f" : "%-25s %-4s %9.3f %9.3f %9.2f %9.2f", r->k->name, lab_shapes[shape].name,
           rate * 1e-9, gb, rate / reference, rate / top);
    for (size_t i = 0; i < 3; i++) {
        if (percent[i] < 0) printf("%s%*s", tab, b->tsv ? 1 : 6, "-");
        else printf("%s%*.1f", tab, b->tsv ? 1 : 6, percent[i]);
    }
    putchar('\n');
}
/* the number of kernels that were asked for and measured */
static size_t bench_op(const lab_bench *b, hr_op op, lab_shape shape) {
    static lab_row rows[64];
    size_t n = 0, wanted = 0;
    double top = 0;
    for (size_t i = 0; i < hr_kernel_count() && n < HR_COUNT(rows); i++) {
        const hr_kernel *k = hr_kernel_at(i);
        if (k->op != op || (k->isa & ~(hr_cpu_isa() & b->isa)) != 0) continue;
        if (!plan_work(b, k, shape, &rows[n].w)) continue;
        if (b->part == NULL || strstr(k->name, b->part) != NULL) wanted++;
        rows[n].best = 1e30;
        rows[n++].k = k;
    }
    if (wanted == 0) return 0;
    time_rows(b, rows, n);
    for (size_t i = 0; i < n; i++) {
        double rate = rows[i].w.macs / rows[i].best;
        if (rate > top) top = rate;
    }
    for (size_t i = 0; i < n; i++) { /* beside what was asked for: the reference and the best */
        bool shown = b->part == NULL || strstr(rows[i].k->name, b->part) != NULL || rows[i].k->rank == 0;
        if (shown || rows[i].w.macs / rows[i].best >= top) print_row(b, &rows[i], shape, rows[0].w.macs / rows[0].best, top);
    }
    fflush(stdout);
    return wanted;
}

/* --- the word ---------------------------------------------------------------------------------------------------- */
static bool fill_lab(lab_bench *b) {
    uint32_t state = 2463534242u;
    b->weights = (uint8_t *)aligned_alloc(64, b->stream_bytes);
    if (b->weights == NULL) return false;
    for (size_t i = 0; i < b->stream_bytes; i += 4) { /* bytes 0x30-0x3f: a half anywhere is between 0.1 and 1 */
        uint32_t r = (lab_random(&state) & 0x0f0f0f0fu) | 0x30303030u;
        memcpy(b->weights + i, &r, 4);
    }
    for (size_t j = 0; j < HR_COUNT(lab_f32); j++) {
        for (size_t i = 0; i < LAB_ROW_MAX; i++) lab_f32[j][i] = (float)(int32_t)lab_random(&state) * 0x1p-31f;
    }
    for (size_t i = 0; i < LAB_ROW_MAX; i++) lab_i8[i] = (int8_t)((int)(lab_random(&state) % 255u) - 127);
    for (size_t i = 0; i < HR_COUNT(lab_sums); i++) lab_sums[i] = (int16_t)(lab_random(&state) % 2000u);
    return true;
}
static void print_head(const lab_bench *b, uint32_t isa) {
    static const char columns[] =
        "kernel                    work    GMAC/s      GB/s    x ref.    x best  %read  %isa %machine\n";
    char names[256] = "";
    for (uint32_t bit = 0; bit < 31; bit++) {
        size_t n = strlen(names);
        if (isa >> bit & 1) snprintf(names + n, sizeof names - n, "%s%s", n ? "," : "", hr_isa_name(1u << bit));
    }
    if (b->json) {
        char cpu[256];
        lab_cpu_name(cpu, sizeof cpu);
        cli_json_open(NULL, '{');
        cli_json_str("build_commit", hearth_version());
        cli_json_str("cpu_info", cpu);
        cli_json_str("isa", names);
        cli_json_num("read_gb_per_s", b->read_gb);
        cli_json_num("fma_g_per_s", b->fma_g);
        cli_json_num("int8_gmac_per_s", b->int8_g);
        cli_json_open("kernels", '[');
    } else if (b->tsv) {
        lab_print_facts(stdout, names);
        printf("# one thread\tread %.2f GB/s, fma %.1f G/s, int8 %.1f GMAC/s\n"
               "kernel\twork\tgmac_s\tgb_s\tx_reference\tx_best\tpercent_of_read\tpercent_of_isa_peak\tpercent_of_machine_peak\n",
               b->read_gb, b->fma_g, b->int8_g);
    } else {
        printf("one thread: read %.2f GB/s, fma %.1f G/s, int8 %.1f GMAC/s (%s)\n%s", b->read_gb, b->fma_g, b->int8_g, names,
               columns);
    }
}

int cmd_bench_kernels(int argc, char **argv) {
    static lab_bench b;
    int ms = 50, mb = 256;
    b = (lab_bench){.isa = HEARTH_ISA_ALL};
    const cli_option options[] = {
        {"--kernel", "-k", CLI_TEXT, &b.part, 0, 0, "PART", "only kernels with this in their name (and the best beside them)"},
        {"--isa", NULL, CLI_ISA, &b.isa, 0, 0, "LIST", "instruction sets to use: all, scalar, avx2,..."},
        {"--ms", NULL, CLI_INT, &ms, 1, 10000, "N", "time for each kernel and kind of work (50)"},
        {"--mb", NULL, CLI_INT, &mb, 1, 4096, "N", "weights of m1 and m8: more than the caches hold (256)"},
        {"--tsv", NULL, CLI_FLAG, &b.tsv, 0, 0, NULL, "tab-separated, with the facts of this machine"},
        {"--json", NULL, CLI_FLAG, &b.json, 0, 0, NULL, "report as JSON"}};
    const cli_command command = {"bench kernels", "",
                                 "Every kernel that runs here: multiply-adds and bytes of weights a second, against the\n"
                                 "reference, the best of its operation, and what one thread of this machine can read (%read:\n"
                                 "m1 and m8) and multiply (%isa: with the kernel's own instructions, %machine: with the\n"
                                 "widest), measured in the same run. m1, m8, m32: tokens of a product; m1 and m8 stream\n"
                                 "their weights from memory, m32 and rows stay in cache.",
                                 options, CLI_COUNT(options), 0, 0};
    const char *none = NULL;
    int code = cli_parse(&command, argc, argv, &none);
    if (code != CLI_GO) return code;
    b.seconds = ms * 1e-3;
    b.stream_bytes = (size_t)mb << 20;
    if (!fill_lab(&b)) return cli_fail("bench kernels", "out of memory: %d MB of weights", mb);
    uint32_t isa = hr_cpu_isa() & b.isa;
    b.read_gb = lab_read_gb(b.stream_bytes, 1, false, isa);
    b.fma_g = lab_multiply_g(LAB_FMA, isa, 1);
    b.int8_g = lab_multiply_g(LAB_INT8, isa, 1);
    print_head(&b, isa);
    size_t n = 0;
    for (int op = 0; op < HR_OP_COUNT && !cli_interrupted(); op++) {
        bool product = format_of_op((hr_op)op) != NULL;
        for (int shape = product ? LAB_M1 : LAB_ROW; shape <= (product ? LAB_M32 : LAB_ROW); shape++) {
            n += bench_op(&b, (hr_op)op, (lab_shape)shape);
        }
    }
    if (b.json) {
        cli_json_close(']');
        cli_json_close('}');
    }
    free(b.weights);
    if (cli_interrupted()) return cli_fail("bench kernels", "interrupted");
    return n == 0 ? cli_fail("bench kernels", "no kernel of that name runs here") : CLI_OK;
}
#else
int cmd_bench_kernels(int argc, char **argv) {
    (void)argc, (void)argv;
    return cli_fail("bench kernels", "this build is made of the one-file library, whose kernels have no names outside");
}
#endif
