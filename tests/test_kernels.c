/* The kernel checker. Every row of the registry above the reference runs on many inputs and must give the reference's
 * bits (NaN equals NaN: its sign and payload are the machine's). Inputs lie between pages that may not be touched, at
 * their start, at their end or at odd addresses; outputs lie in a pattern that must stay. tests/test_kernel_oracles.c
 * holds the reference itself against f64.
 *     test_kernels [--isa LIST] [--kernel PATTERN] [--list] [--seed N] [-v] */
#include "tests/t.h"
#include <sys/mman.h>
#include <time.h>
#include "kernels/kernel.h"
#include "kernels/selfcheck.h"

static struct {
    uint32_t isa, seed;
    const char *kernel;
    long runs; /* kernel calls compared */
} check_options = {HR_ISA_ALL, 0, NULL, 0};

/* --- random numbers, guarded memory --------------------------------------------------------------------------------------- */
static uint32_t next_random(void) { /* xorshift32 (Marsaglia 2003) */
    uint32_t x = check_options.seed;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return check_options.seed = x;
}
static size_t random_below(size_t n) { return (size_t)(next_random() >> 3) % n; }
static float random_unit(void) { return (float)(int32_t)next_random() * 0x1p-31f; }

enum { SLOT_BYTES = 1 << 22, SLOTS = 12 };
static uint8_t *slot_at[SLOTS];

/* Copies n bytes into slot i: from the first byte after a closed page, up to the last before one, or in between at a
 * multiple of `align` only. */
static void *place_input(size_t i, const void *from, size_t n, size_t align) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (slot_at[i] == NULL) {
        uint8_t *p = mmap(NULL, SLOT_BYTES + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p, page, PROT_NONE) || mprotect(p + page + SLOT_BYTES, page, PROT_NONE)) abort();
        slot_at[i] = p + page;
    }
    if (n > SLOT_BYTES - 256) abort();
    size_t how = random_below(4), at = how == 0 ? 0 : how == 1 ? align * (1 + random_below(17))
        : (SLOT_BYTES - n) / align * align;
    return memcpy(slot_at[i] + at, from, n);
}

#define PATTERN 0x7fa5a5a5u /* a NaN that no kernel makes */
static void fill_pattern(float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = hr_f32_from_bits(PATTERN);
}
static bool same_float(float a, float b) {
    uint32_t x = hr_f32_bits(a), y = hr_f32_bits(b);
    if (x == PATTERN || y == PATTERN) return x == y;
    return x == y || (a != a && b != b);
}
static size_t first_difference(const float *a, const float *b, size_t n) {
    size_t i = 0;
    while (i < n && same_float(a[i], b[i])) i++;
    return i;
}
static bool compare_floats(const char *what, const float *want, const float *got, size_t n) {
    check_options.runs++;
    size_t i = first_difference(want, got, n);
    return i == n || T_FAIL("%s: at %zu of %zu: the reference has %a, this has %a", what, i, n, (double)want[i],
                            (double)got[i]);
}

/* --- inputs ------------------------------------------------------------------------------------------------------------------ */
enum input_class { IN_RANDOM, IN_ZERO, IN_LARGEST, IN_ALTERNATING, IN_DENORMAL, IN_OUTLIER, IN_SCALE_ZERO,
                  IN_SMALLEST, IN_NAN, IN_INF,
                   IN_CLASSES };
static const char *const class_names[] = {"random", "zero", "largest", "alternating", "denormal", "outlier",
                                          "scale zero", "smallest",
                                          "NaN", "Inf"};

static void fill_floats(float *x, size_t n, int class) {
    for (size_t i = 0; i < n; i++) {
        float r = random_unit() * 4.0f;
        x[i] = class == IN_ZERO ? (i % 3 == 0 ? -0.0f : 0.0f)
             : class == IN_LARGEST ? 1e18f /* its square and its sums stay finite for the most part */
             : class == IN_ALTERNATING ? (i % 2 ? -3.5f : 3.5f)
             : class == IN_DENORMAL ? r * 0x1p-130f
             : class == IN_OUTLIER ? r * 0.01f
             : class == IN_SMALLEST ? -88.0f : r;
    }
    if (n == 0) return;
    if (class == IN_OUTLIER) x[random_below(n)] = 1000.0f;
    if (class == IN_NAN) x[random_below(n)] = hr_f32_from_bits(0x7fc00000u);
    if (class == IN_INF) x[random_below(n)] = random_below(2) ? INFINITY : -INFINITY;
}

static uint16_t scale_half(int class) {
    uint16_t sign = (uint16_t)(next_random() & 0x8000u);
    switch (class) {
    case IN_ZERO: case IN_SCALE_ZERO: return sign;
    case IN_LARGEST: return 0x7bff;
    case IN_SMALLEST: return 0xfbff;
    case IN_DENORMAL: return (uint16_t)(sign | (1 + random_below(1023)));
    case IN_NAN: return random_below(8) ? 0x3c00 : 0x7e00;
    case IN_INF: return random_below(8) ? 0x3c00 : (uint16_t)(sign | 0x7c00);
    default: return (uint16_t)(sign | 0x2c00u | (next_random() & 0x3ffu));
    }
}

static void fill_block(const hr_format_info *f, uint8_t *p, int class) {
    for (size_t i = 0; i < f->bytes; i++) {
        p[i] = class == IN_ZERO ? 0 : class == IN_LARGEST ? 0x7f : class == IN_SMALLEST ? 0x80
             : class == IN_ALTERNATING ? (i % 2 ? 0xff : 0) : class == IN_OUTLIER ? 0xff : (uint8_t)(next_random() >> 9);
    }
    for (size_t i = 0; f->quantized && i < f->n_fields; p += f->field[i].bytes, i++) {
        if (f->field[i].bytes == 1) {
            p[0] = class == IN_DENORMAL || class == IN_ZERO ? (uint8_t)random_below(3) : class == IN_LARGEST ? 255
                : (uint8_t)(120 + p[0] % 16);
        }
        if (f->field[i].bytes != 2 || (f->id == HR_TYPE_IQ4_XS && i == 1)) continue;
        uint16_t h = scale_half(class);
        p[0] = (uint8_t)h;
        p[1] = (uint8_t)(h >> 8);
    }
}

static void fill_weights(const hr_format_info *f, uint8_t *w, size_t rows, size_t k, int class) {
    size_t n = rows * k / f->block;
    for (size_t i = 0; i < n; i++, w += f->bytes) {
        float x[1];
        fill_block(f, w, class);
        if (f->quantized) continue;
        fill_floats(x, 1, class < IN_NAN || random_below(40) == 0 ? class : IN_RANDOM);
        uint32_t u = f->id == HR_TYPE_F16 ? hr_f16_of_f32(class == IN_DENORMAL ? x[0] * 0x1p110f : x[0])
                   : hr_f32_bits(x[0]) >> (f->id == HR_TYPE_F32 ? 0 : 16);
        for (size_t b = 0; b < f->bytes; b++) w[b] = (uint8_t)(u >> (8 * b));
    }
}

/* --- which kernels ------------------------------------------------------------------------------------------------------------ */
static const hr_kernel *reference_of(hr_op op) {
    for (size_t i = 0; i < hr_kernel_count(); i++) {
        if (hr_kernel_at(i)->op == op && hr_kernel_at(i)->rank == 0) return hr_kernel_at(i);
    }
    return NULL;
}
static bool wanted(const hr_kernel *k) {
    if (k->rank == 0 || (k->isa & ~(hr_cpu_isa() & check_options.isa)) != 0) return false;
    return check_options.kernel == NULL || strstr(k->name, check_options.kernel) != NULL;
}
static const hr_format_info *format_of(hr_op op) {
    for (uint32_t type = 0; type < 64; type++) {
        if (hr_matmul_op(type) == op) return hr_format_of(type);
    }
    return NULL;
}
/* runs check on every wanted kernel of the operations [first, last]; a crash is reported under the kernel's name */
static void each_kernel(hr_op first, hr_op last, void (*check)(const hr_kernel *, const hr_kernel *)) {
    const char *name = t_state.name;
    size_t n = 0;
    for (size_t i = 0; i < hr_kernel_count(); i++) {
        const hr_kernel *k = hr_kernel_at(i);
        if (k->op < first || k->op > last || !wanted(k)) continue;
        t_state.name = k->name;
        if (!T_CHECK(reference_of(k->op) != NULL)) continue;
        check(k, reference_of(k->op));
        n++;
    }
    t_state.name = name;
    if (n == 0) T_SKIP("no kernel of this kind runs here");
}

/* --- matmul ------------------------------------------------------------------------------------------------------------------- */
enum { TOKENS = 33, MAX_ROWS = 70, MAX_K = 2304, PAD = 5 };
static struct {
    uint8_t w[MAX_ROWS * MAX_K * 4], pack[80 * MAX_K * 4];
    float x[TOKENS * (MAX_K + PAD)], want[TOKENS * (MAX_ROWS + PAD)], got[TOKENS * (MAX_ROWS + PAD)];
    int8_t q[TOKENS * MAX_K];
    float d[TOKENS * MAX_K / 32], ds[TOKENS * MAX_K / 32];
    int16_t s16[TOKENS * MAX_K / 16];
} mat;

static void fill_activations(const hr_format_info *f, size_t k, int class, hr_act *x) {
    size_t slices = k / 32, stride = k + PAD;
    for (size_t t = 0; t < TOKENS; t++) fill_floats(mat.x + t * stride, k, class);
    *x = (hr_act){TOKENS, k, place_input(1, mat.x, (TOKENS * stride - PAD) * 4, 4), stride, NULL, NULL, NULL, NULL};
    if (!f->quantized) return;
    hr_quant_fn *quant = (hr_quant_fn *)reference_of(HR_OP_quant_a8)->fn;
    for (size_t t = 0; t < TOKENS; t++) {
        size_t at = t * slices;
        quant(mat.x + t * stride, k, mat.q + t * k, mat.d + at, mat.ds + at, mat.s16 + 2 * at);
    }
    x->f = NULL; /* a quantized kernel may read only these */
    x->q = place_input(2, mat.q, TOKENS * k, 1);
    x->d = place_input(3, mat.d, TOKENS * slices * 4, 4);
    x->ds = place_input(4, mat.ds, TOKENS * slices * 4, 4);
    x->s16 = place_input(5, mat.s16, TOKENS * slices * 4, 2);
}

/* all groups, cut at random into calls in random order of size */
static void run_in_ranges(const hr_kernel *kernel, const hr_matmul_args *a, bool whole) {
    size_t groups = hr_div_up(a->rows, (size_t)kernel->nr), g = 0;
    while (g < groups) {
        size_t n = whole ? groups : 1 + random_below(groups - g);
        ((hr_matmul_fn *)kernel->fn)(a, g, hr_min_size(g + n, groups));
        g += n;
    }
}

static bool check_matmul_input(const hr_kernel *kernel, const hr_kernel *reference, size_t rows, size_t k, int wc,
                               int xc) {
    static const size_t tokens[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 33};
    const hr_format_info *f = format_of(kernel->op);
    size_t y_stride = rows + PAD;
    uint64_t bytes = 0;
    hr_act x;
    fill_weights(f, mat.w, rows, k, wc);
    fill_activations(f, k, xc, &x);
    hr_matmul_args a = {mat.w, rows, k, &x, mat.want, y_stride};
    fill_pattern(mat.want, TOKENS * y_stride);
    run_in_ranges(reference, &a, true);
    if (!hr_pack_bytes(f, rows, k, &bytes)) return T_CHECK(false);
    if (kernel->nr == 1) bytes = rows * k / f->block * f->bytes;
    else hr_pack_rows(f, mat.w, 0, rows, k, mat.pack);
    for (size_t i = 0; i < HR_COUNT(tokens); i++) {
        char what[160];
        size_t m = tokens[i];
        hr_act xm = x;
        xm.m = m;
        if (f->quantized) { /* the rows of m tokens only, so that reading on is seen */
            xm.q = place_input(2, mat.q, m * k, 1);
            xm.d = place_input(3, mat.d, m * k / 8, 4);
            xm.ds = place_input(4, mat.ds, m * k / 8, 4);
            xm.s16 = place_input(5, mat.s16, m * k / 8, 2);
        } else {
            xm.f = place_input(1, mat.x, (m * (k + PAD) - PAD) * 4, 4);
        }
        fill_pattern(mat.got, TOKENS * y_stride);
        hr_matmul_args b = {place_input(0, kernel->nr == 1 ? mat.w : mat.pack, bytes, 1), rows, k, &xm, mat.got,
                            y_stride};
        run_in_ranges(kernel, &b, i % 2 == 0);
        snprintf(what, sizeof what, "rows %zu k %zu m %zu, weights %s, activations %s", rows, k, m, class_names[wc],
                 class_names[xc]);
        if (!compare_floats(what, mat.want, mat.got, m * y_stride)) return false;
        for (size_t at = m * y_stride; at < TOKENS * y_stride; at++) {
            if (hr_f32_bits(mat.got[at]) != PATTERN) return T_FAIL("%s: wrote past the tokens", what);
        }
    }
    return true;
}

static void check_matmul(const hr_kernel *kernel, const hr_kernel *reference) {
    static const size_t rows[] = {1, 7, 8, 9, 15, 16, 17, 31, 47, 70}, quads[] = {1, 2, 3, 7}, ragged[] = {1, 2, 3,
        31, 101};
    const hr_format_info *f = format_of(kernel->op);
    size_t shape = 0;
    for (int wc = 0; wc < IN_CLASSES; wc++) {
        for (int xc = 0; xc < IN_CLASSES; xc++, shape++) {
            size_t k = f->quantized ? quads[shape % 4] * f->block : ragged[shape % 5];
            if (!check_matmul_input(kernel, reference, rows[(shape * 7 + wc) % 10], k, wc, xc)) return;
        }
    }
    for (size_t i = 0; i < 10; i++) { /* every number of rows with every number of blocks, real ones among them */
        size_t k = f->quantized ? quads[i % 4] * f->block : ragged[(i + 2) % 5];
        if (!check_matmul_input(kernel, reference, rows[i], k, IN_RANDOM, IN_RANDOM)) return;
    }
    check_matmul_input(kernel, reference, 48, MAX_K, IN_RANDOM, IN_RANDOM);
    check_matmul_input(kernel, reference, 70, 768, IN_RANDOM, IN_OUTLIER);
}
T_TEST(matmul_equals_the_reference) { each_kernel(HR_OP_matmul_f32, HR_OP_matmul_tq2_0, check_matmul); }

/* --- the fast mode ---------------------------------------------------------------------------------------------------------------- */
enum { FAST_TOKENS_MAX = 36 }; /* three tiles */
static struct {
    int8_t q[FAST_TOKENS_MAX * MAX_K];
    float d[FAST_TOKENS_MAX * 9];
    int32_t sum[FAST_TOKENS_MAX * 9];
} fast_x;

static void quantize_fast(hr_quant_fast_fn *quant, const float *x, size_t stride, size_t m, size_t k) {
    size_t blocks = hr_div_up(k, HR_FAST_BLOCK);
    for (size_t t = 0; t < m; t++) {
        size_t tile = t / HR_FAST_TILE, lane = t % HR_FAST_TILE, at = tile * blocks * HR_FAST_TILE + lane;
        quant(x + t * stride, k, fast_x.q + tile * HR_FAST_TILE * k + 4 * lane, fast_x.d + at, fast_x.sum + at);
    }
}

static bool check_fast_input(const hr_kernel *kernel, const hr_kernel *reference, uint32_t type, size_t rows, size_t k, size_t m,
                             int wc, int xc) {
    const hr_format_info *f = hr_format_of(type);
    size_t y_stride = rows + PAD, blocks = hr_div_up(k, HR_FAST_BLOCK), tiles = hr_div_up(m, HR_FAST_TILE) * HR_FAST_TILE;
    uint64_t bytes = 0;
    char what[160];
    for (size_t t = 0; t < m; t++) fill_floats(mat.x + t * k, k, xc);
    memset(&fast_x, 0x7f, sizeof fast_x); /* lanes without a token: no numbers */
    quantize_fast((hr_quant_fast_fn *)reference_of(HR_OP_quant_fast)->fn, mat.x, k, m, k);
    fill_weights(f, mat.w, rows, k, wc);
    if (!hr_pack_bytes(f, rows, k, &bytes)) return T_CHECK(false);
    hr_pack_rows(f, mat.w, 0, rows, k, mat.pack);
    hr_fast_act x = {m, k, place_input(2, fast_x.q, tiles * k, 4), place_input(3, fast_x.d, tiles * blocks * 4, 4),
                     place_input(4, fast_x.sum, tiles * blocks * 4, 4)};
    hr_fast_args a = {mat.w, type, 1, rows, k, &x, mat.want, y_stride};
    fill_pattern(mat.want, TOKENS * y_stride);
    ((hr_fast_fn *)reference->fn)(&a, 0, rows);
    a.w = place_input(0, mat.pack, bytes, 1);
    a.nr = HR_PACK_ROWS;
    a.y = mat.got;
    for (int turn = 0; turn < 2; turn++) { /* the reference reads packs too; then the kernel, in calls of some groups */
        size_t groups = hr_div_up(rows, HR_PACK_ROWS), n;
        fill_pattern(mat.got, TOKENS * y_stride);
        for (size_t g = 0; g < groups; g += n) {
            n = 1 + random_below(groups - g);
            ((hr_fast_fn *)(turn == 0 ? reference : kernel)->fn)(&a, g, g + n);
        }
        snprintf(what, sizeof what, "%s rows %zu k %zu m %zu, weights %s, activations %s, turn %d", f->name, rows, k, m,
                 class_names[wc], class_names[xc], turn);
        if (!compare_floats(what, mat.want, mat.got, TOKENS * y_stride)) return false;
    }
    return true;
}

static void check_fast(const hr_kernel *kernel, const hr_kernel *reference) {
    static const size_t rows[] = {1, 15, 16, 17, 31, 32, 33, 47, 48, 70}, tokens[] = {1, 4, 5, 8, 9, 12, 13, 24, 31, 33};
    static const size_t blocks[] = {1, 2, 4, 5, 9}, slices[] = {1, 3, 8, 9, 18, 33, 71};
    size_t turn = 0, formats = 0;
    for (uint32_t type = 0; type < 64; type++) {
        const hr_format_info *f = hr_format_of(type);
        if (f == NULL || !f->runs || !f->quantized) continue;
        formats++;
        for (int c = 0; c < 3 * IN_CLASSES; c++, turn++) {
            size_t k = f->block == 256 ? 256 * blocks[turn % 5] : 32 * slices[turn % 7];
            int wc = c < IN_CLASSES ? c : IN_RANDOM, xc = c < IN_CLASSES ? IN_RANDOM : c % IN_CLASSES;
            if (c >= 2 * IN_CLASSES) wc = xc;
            if (!check_fast_input(kernel, reference, type, rows[turn % 10], k, tokens[turn / 3 % 10], wc, xc)) return;
        }
    }
    T_EQ_U(formats, 15);
}
T_TEST(fast_products_equal_the_reference) { each_kernel(HR_OP_matmul_fast, HR_OP_matmul_fast, check_fast); }

static void check_quant_fast(const hr_kernel *kernel, const hr_kernel *reference) {
    static uint8_t want[sizeof fast_x];
    for (size_t i = 0; i < 40 * IN_CLASSES; i++) {
        size_t k = 32 * (1 + i / IN_CLASSES), m = 1 + random_below(14), stride = k + random_below(PAD);
        for (size_t t = 0; t < m; t++) fill_floats(mat.x + t * stride, k, (int)(i % IN_CLASSES));
        if (i % IN_CLASSES == IN_SMALLEST) mat.x[k / 2] = 0x1p-100f, mat.x[0] = 0x1.fffffep-101f;
        if (i % IN_CLASSES == IN_LARGEST) mat.x[k / 2] = 3.4e38f;
        for (size_t e = 0; e < k && i % IN_CLASSES == IN_ALTERNATING; e++) { /* ties */
            mat.x[e] = e == 0 ? 127.0f : (float)((int)e % 127 - 63) + 0.5f;
        }
        memset(&fast_x, 0x5a, sizeof fast_x);
        quantize_fast((hr_quant_fast_fn *)reference->fn, mat.x, stride, m, k);
        memcpy(want, &fast_x, sizeof want);
        memset(&fast_x, 0x5a, sizeof fast_x);
        quantize_fast((hr_quant_fast_fn *)kernel->fn, place_input(1, mat.x, ((m - 1) * stride + k) * 4, 4), stride, m, k);
        check_options.runs++;
        if (!T_EQ_MEM(want, &fast_x, sizeof want)) {
            printf("    k %zu m %zu, %s\n", k, m, class_names[i % IN_CLASSES]);
            return;
        }
    }
}
T_TEST(fast_activations_equal_the_reference) { each_kernel(HR_OP_quant_fast, HR_OP_quant_fast, check_quant_fast); }

/* --- rows ----------------------------------------------------------------------------------------------------------------------- */
enum { MAX_N = 3000 };
static const size_t row_lengths[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40, 63, 64, 65, 97, 128, 147, 288,
                                     576, 1000, 2048, 2999};
static float row_x[MAX_N], row_w[MAX_N], row_b[MAX_N], row_want[2 * MAX_N], row_got[2 * MAX_N];

static void check_quant(const hr_kernel *kernel, const hr_kernel *reference) {
    static struct { int8_t q[MAX_N + 64]; float d[MAX_N / 32 + 2],
                   ds[MAX_N / 32 + 2]; int16_t s16[MAX_N / 16 + 4]; } out[2];
    for (size_t i = 0; i < HR_COUNT(row_lengths) * IN_CLASSES; i++) {
        size_t n = row_lengths[i / IN_CLASSES], blocks = hr_div_up(n, 32);
        int class = (int)(i % IN_CLASSES);
        fill_floats(row_x, n, class);
        if (class == IN_LARGEST) row_x[n / 2] = 3.4e38f;
        if (class == IN_SMALLEST) row_x[n / 2] = 0x1p-100f, row_x[0] = 0x1.fffffep-101f;
        if (class == IN_ALTERNATING) { /* ties: x / d = half of an odd number */
            for (size_t e = 0; e < n; e++) row_x[e] = (float)((int)e % 127 - 63) + 0.5f;
            row_x[0] = 127.0f;
        }
        memset(out, 0x5a, sizeof out);
        ((hr_quant_fn *)reference->fn)(row_x, n, out[0].q, out[0].d, out[0].ds, out[0].s16);
        ((hr_quant_fn *)kernel->fn)(place_input(0, row_x, 4 * n, 4), n, out[1].q, out[1].d, out[1].ds, out[1].s16);
        check_options.runs++;
        if (!T_EQ_MEM(out[0].q, out[1].q, sizeof out[0].q) || !T_EQ_MEM(out[0].s16, out[1].s16, sizeof out[0].s16)
            || !compare_floats("d", out[0].d, out[1].d, MAX_N / 32 + 2) || !compare_floats("ds", out[0].ds, out[1].ds,
                MAX_N / 32 + 2)) {
            printf("    n %zu (%zu blocks), %s\n", n, blocks, class_names[class]);
            return;
        }
    }
}
T_TEST(quant_equals_the_reference) { each_kernel(HR_OP_quant_a8, HR_OP_quant_a8, check_quant); }

static void check_norm(const hr_kernel *kernel, const hr_kernel *reference) {
    for (size_t i = 0; i < HR_COUNT(row_lengths) * IN_CLASSES; i++) {
        size_t n = row_lengths[i / IN_CLASSES];
        int class = (int)(i % IN_CLASSES);
        fill_floats(row_x, n, class);
        fill_floats(row_w, n, IN_RANDOM);
        fill_floats(row_b, n, IN_RANDOM);
        for (int with = 0; with < 4; with++) {
            const float *w = with > 0 ? row_w : NULL, *b = with > 1 ? row_b : NULL;
            char what[64];
            fill_pattern(row_want, MAX_N);
            fill_pattern(row_got, MAX_N);
            ((hr_norm_fn *)reference->fn)(row_x, w, b, 1e-5f, n, row_want);
            const float *x = place_input(0, row_x, 4 * n, 4);
            if (with == 3) memcpy(row_got, row_x, 4 * n), x = row_got; /* in place */
            ((hr_norm_fn *)kernel->fn)(x, w ? place_input(1, w, 4 * n, 4) : NULL, b ? place_input(2, b, 4 * n, 4)
                                       : NULL, 1e-5f, n,
                                       row_got);
            snprintf(what, sizeof what, "n %zu, %s, with %d", n, class_names[class], with);
            if (!compare_floats(what, row_want, row_got, MAX_N)) return;
        }
    }
}
T_TEST(norms_equal_the_reference) { each_kernel(HR_OP_rmsnorm, HR_OP_layernorm, check_norm); }

static void check_rope(const hr_kernel *kernel, const hr_kernel *reference) {
    for (size_t i = 0; i < 40 * IN_CLASSES; i++) {
        size_t n_rot = 2 * (1 + i / IN_CLASSES), heads = 1 + i % 3, stride = n_rot + random_below(20), n = heads * stride;
        int class = (int)(i % IN_CLASSES);
        char what[64];
        fill_pattern(row_want, MAX_N);
        fill_floats(row_want, n, class);
        memcpy(row_got, row_want, sizeof row_got);
        fill_floats(row_w, n_rot / 2, IN_RANDOM);
        fill_floats(row_b, n_rot / 2, IN_RANDOM);
        ((hr_rope_fn *)reference->fn)(row_want, heads, stride, n_rot, row_w, row_b);
        float *x = place_input(0, row_got, 4 * n, 4);
        ((hr_rope_fn *)kernel->fn)(x, heads, stride, n_rot, place_input(1, row_w, 2 * n_rot, 4), place_input(2, row_b,
            2 * n_rot, 4));
        snprintf(what, sizeof what, "%zu heads of %zu, stride %zu, %s", heads, n_rot, stride, class_names[class]);
        if (!compare_floats(what, row_want, x, n)) return;
    }
}
T_TEST(rope_equals_the_reference) { each_kernel(HR_OP_rope_norm, HR_OP_rope_neox, check_rope); }

static void check_gate(const hr_kernel *kernel, const hr_kernel *reference) {
    for (size_t i = 0; i < HR_COUNT(row_lengths) * IN_CLASSES * 4; i++) {
        size_t n = row_lengths[i / 4 / IN_CLASSES], in_place = i % 4;
        int class = (int)(i / 4 % IN_CLASSES);
        char what[64];
        fill_floats(row_x, n, class);
        fill_floats(row_w, n, in_place == 1 ? class : IN_RANDOM);
        for (size_t e = 0; e < n
             && class == IN_RANDOM; e++) row_x[e] *= (float)(1 + e % 31); /* every piece of the functions */
        const float *up = in_place == 0 ? NULL : row_w;
        fill_pattern(row_want, MAX_N);
        fill_pattern(row_got, MAX_N);
        ((hr_act_fn *)reference->fn)(row_x, up, n, row_want);
        const float *gate = place_input(0, row_x, 4 * n, 4), *up2 = up ? place_input(1, up, 4 * n, 4) : NULL;
        if (in_place >= 2) memcpy(row_got, in_place == 2 ? row_x : row_w, 4 * n);
        ((hr_act_fn *)kernel->fn)(in_place == 2 ? row_got : gate, in_place == 3 ? row_got : up2, n, row_got);
        snprintf(what, sizeof what, "n %zu, %s, variant %zu", n, class_names[class], in_place);
        if (!compare_floats(what, row_want, row_got, MAX_N)) return;
    }
}
T_TEST(gates_equal_the_reference) { each_kernel(HR_OP_silu, HR_OP_swiglu_oai, check_gate); }

static void check_exp_sum(const hr_kernel *kernel, const hr_kernel *reference) {
    for (size_t i = 0; i < HR_COUNT(row_lengths) * IN_CLASSES * 2; i++) {
        size_t n = row_lengths[i / 2 / IN_CLASSES];
        float shift = i % 5 == 0 ? 0.0f : 3.25f;
        char what[64];
        fill_floats(row_x, n, (int)(i / 2 % IN_CLASSES));
        fill_pattern(row_want, MAX_N);
        fill_pattern(row_got, MAX_N);
        float want = ((hr_exp_fn *)reference->fn)(row_x, n, shift, row_want);
        const float *x = place_input(0, row_x, 4 * n, 4);
        if (i % 2) memcpy(row_got, row_x, 4 * n), x = row_got;
        float got = ((hr_exp_fn *)kernel->fn)(x, n, shift, row_got);
        snprintf(what, sizeof what, "n %zu, variant %zu", n, i);
        if (!compare_floats(what, row_want, row_got, MAX_N) || !compare_floats(what, &want, &got, 1)) return;
    }
}
T_TEST(exp_sum_equals_the_reference) { each_kernel(HR_OP_exp_sum, HR_OP_exp_sum, check_exp_sum); }

/* the whole line, in steps that no vector length divides: 2^32 / 4099 floats */
static void check_gate_sweep(const hr_kernel *kernel, const hr_kernel *reference) {
    for (uint64_t u = 0; u < 1ull << 32;) {
        for (size_t i = 0; i < MAX_N; i++, u += 4099) row_x[i] = hr_f32_from_bits((uint32_t)u);
        ((hr_act_fn *)reference->fn)(row_x, NULL, MAX_N, row_want);
        ((hr_act_fn *)kernel->fn)(row_x, NULL, MAX_N, row_got);
        if (!compare_floats("sweep", row_want, row_got, MAX_N)) return;
    }
}
T_TEST(gates_equal_the_reference_everywhere) { each_kernel(HR_OP_silu, HR_OP_swiglu_oai, check_gate_sweep); }

/* --- attention ------------------------------------------------------------------------------------------------------------------- */
enum { MAX_QUERIES = 9, MAX_D = 192 };
static struct {
    float q[MAX_QUERIES * (MAX_D + 8)], qd[MAX_QUERIES * 8], kd[64], vd[64];
    int16_t s16[MAX_QUERIES * MAX_D / 16];
    int8_t q8[MAX_QUERIES * MAX_D], k8[MAX_D * 64], v8[MAX_D * 64];
    float k[MAX_D * 64], v[MAX_D * 64];
    float out[2][MAX_QUERIES * (MAX_D + 2) + 32];
    uint8_t lo[MAX_QUERIES], hi[MAX_QUERIES];
} att;

static void fill_bytes(int8_t *p, size_t n, int class) {
    for (size_t i = 0; i < n; i++) {
        p[i] = (int8_t)(class == IN_ZERO ? 0 : class == IN_LARGEST ? 127 : class == IN_SMALLEST ? -127
                        : class == IN_ALTERNATING ? (i % 2 ? 127 : -127) : (int)random_below(255) - 127);
    }
}

static void fill_attention(size_t n, size_t dk, size_t dv, int class) {
    size_t kq = hr_act_kq(dk);
    fill_floats(att.q, HR_COUNT(att.q), class);
    fill_floats(att.k, dk * 64, class == IN_NAN || class == IN_INF ? IN_RANDOM : class);
    fill_floats(att.v, dv * 64, class);
    fill_floats(att.qd, HR_COUNT(att.qd), class == IN_LARGEST ? IN_RANDOM : class);
    fill_floats(att.kd, 64, class == IN_SCALE_ZERO ? IN_ZERO : IN_RANDOM);
    fill_floats(att.vd, 64, class == IN_SCALE_ZERO ? IN_ZERO : IN_RANDOM);
    fill_bytes(att.q8, n * kq, class);
    memset(att.s16, 0, sizeof att.s16);
    for (size_t i = 0; i < n * kq; i++) att.s16[i / 16] = (int16_t)(att.s16[i / 16] + att.q8[i]);
    fill_bytes(att.k8, kq * 64, class);
    fill_bytes(att.v8, dv * 64, class);
    for (size_t i = 0; i < n; i++) {
        att.lo[i] = (uint8_t)(random_below(2) ? 0 : random_below(64));
        att.hi[i] = (uint8_t)(random_below(3) == 0 ? 64 : att.lo[i] + 1 + random_below(64 - (size_t)att.lo[i]));
    }
}

static bool check_page(const hr_kernel *kernel, const hr_kernel *reference, size_t dk, size_t dv, int class,
                       float softcap) {
    bool i8 = kernel->op == HR_OP_attn_page_i8;
    size_t n = 1 + random_below(MAX_QUERIES), kq = hr_act_kq(dk), stride = dk + random_below(8);
    char what[128];
    fill_attention(n, dk, dv, class);
    for (size_t i = 0; i < 2; i++) {
        const hr_kernel *run = i == 0 ? reference : kernel;
        fill_pattern(att.out[i], HR_COUNT(att.out[i]));
        hr_attn_args a = {.n = n, .dk = dk, .dv = dv, .q_stride = stride, .scale = 0.125f, .softcap = softcap,
                          .lo = att.lo, .hi = att.hi};
        a.q = i8 ? NULL : place_input(0, att.q, ((n - 1) * stride + dk) * 4, 4);
        a.q8 = i8 ? place_input(1, att.q8, n * kq, 1) : NULL;
        a.qd = i8 ? place_input(2, att.qd, n * (kq / 32) * 4, 4) : NULL;
        a.s16 = i8 ? place_input(7, att.s16, n * (kq / 16) * 2, 2) : NULL;
        a.k = i8 ? place_input(3, att.k8, kq * 64, 4) : place_input(3, att.k, dk * 64 * 4, 4);
        a.v = i8 ? place_input(4, att.v8, dv * 64, 1) : place_input(4, att.v, dv * 64 * 4, 4);
        a.kd = i8 ? place_input(5, att.kd, 256, 4) : NULL;
        a.vd = i8 ? place_input(6, att.vd, 256, 4) : NULL;
        a.o = att.out[i] + 8;
        a.m = a.o + n * dv + 3;
        a.l = a.m + n + 3;
        ((hr_attn_page_fn *)run->fn)(&a);
    }
    snprintf(what, sizeof what, "n %zu dk %zu dv %zu, %s, softcap %g", n, dk, dv, class_names[class], (double)softcap);
    return compare_floats(what, att.out[0], att.out[1], HR_COUNT(att.out[0]));
}

static void check_attention(const hr_kernel *kernel, const hr_kernel *reference) {
    static const size_t dims[][2] = {{1, 1}, {8, 8}, {20, 9}, {32, 32}, {33, 7}, {48, 48}, {64, 64}, {80, 80}, {96,
        100}, {128, 128}, {192, 128}};
    for (size_t i = 0; i < HR_COUNT(dims) * IN_CLASSES * 6; i++) {
        const size_t *d = dims[i / IN_CLASSES % HR_COUNT(dims)];
        if (!check_page(kernel, reference, d[0], d[1], (int)(i % IN_CLASSES), i % 4 == 3 ? 30.0f : 0.0f)) return;
    }
}
T_TEST(attention_equals_the_reference) { each_kernel(HR_OP_attn_page_f32, HR_OP_attn_page_i8, check_attention); }

/* every half that a cache holds (it makes NaN quiet), every byte, all short lengths */
static void check_unpack(const hr_kernel *kernel, const hr_kernel *reference) {
    static uint16_t in[2048];
    static uint8_t want[2048 * 4 + 64], got[2048 * 4 + 64];
    for (size_t i = 0; i < 2000; i++) {
        size_t half = 1 + random_below(300), rows = 1 + random_below(1024 / half + 1), stride = 2 * half - random_below(2);
        size_t n = i < 32 ? 2048 : 1 + random_below(200), bytes = kernel->op == HR_OP_kv_f16 ? 2 * n : rows * half;
        if (bytes > sizeof in) rows = 1, bytes = half;
        for (size_t e = 0; e < 2048; e++) {
            in[e] = (uint16_t)(i < 32 ? i * 2048 + e : random_below(65536));
            if ((in[e] & 0x7c00) == 0x7c00 && (in[e] & 0x3ff) && kernel->op == HR_OP_kv_f16) in[e] |= 0x200;
        }
        fill_pattern((float *)(void *)want, sizeof want / 4);
        memcpy(got, want, sizeof got);
        const void *p = place_input(0, in, bytes, 2);
        if (kernel->op == HR_OP_kv_f16) {
            ((hr_kv_f16_fn *)reference->fn)((const uint16_t *)p, n, (float *)(void *)want);
            ((hr_kv_f16_fn *)kernel->fn)((const uint16_t *)p, n, (float *)(void *)got);
        } else {
            ((hr_kv_q4_fn *)reference->fn)((const uint8_t *)p, rows, half, stride, (int8_t *)want);
            ((hr_kv_q4_fn *)kernel->fn)((const uint8_t *)p, rows, half, stride, (int8_t *)got);
        }
        if (!T_EQ_MEM(want, got, sizeof want)) {
            printf("    n %zu, rows %zu, half %zu, stride %zu\n", n, rows, half, stride);
            return;
        }
    }
}
T_TEST(unpacked_pages_equal_the_reference) { each_kernel(HR_OP_kv_f16, HR_OP_kv_q4, check_unpack); }

static void check_merge(const hr_kernel *kernel, const hr_kernel *reference) {
    for (size_t i = 0; i < 600; i++) {
        size_t dv = 1 + random_below(140);
        int class = (int)(i % IN_CLASSES);
        float state[4], s[2][2];
        fill_floats(state, 4, class);
        fill_floats(row_x, dv, class);
        fill_pattern(row_want, MAX_N);
        fill_floats(row_want, dv, class == IN_NAN ? IN_RANDOM : class);
        if (i % 5 == 0) { /* an empty state */
            state[0] = -INFINITY, state[1] = 0.0f;
            for (size_t e = 0; e < dv; e++) row_want[e] = 0.0f;
        }
        memcpy(row_got, row_want, sizeof row_got);
        for (size_t j = 0; j < 2; j++) {
            memcpy(s[j], state, sizeof s[j]);
            ((hr_attn_merge_fn *)(j == 0 ? reference : kernel)->fn)(&s[j][0], &s[j][1], j == 0 ? row_want : row_got,
                                                                    state[2], state[3],
                                                                    place_input(0, row_x, 4 * dv, 4), dv);
        }
        if (!compare_floats("m, l", s[0], s[1], 2) || !compare_floats("o", row_want, row_got, MAX_N)) {
            printf("    dv %zu, %s\n", dv, class_names[class]);
            return;
        }
    }
}
T_TEST(merge_equals_the_reference) { each_kernel(HR_OP_attn_merge, HR_OP_attn_merge, check_merge); }

/* --- choosing --------------------------------------------------------------------------------------------------------------------- */
static void wrong_silu(const float *gate, const float *up, size_t n,
                       float *y) { /* right but for one bit of one element */
    ((hr_act_fn *)reference_of(HR_OP_silu)->fn)(gate, up, n, y);
    if (n > 5) y[5] = hr_f32_from_bits(hr_f32_bits(y[5]) ^ 1);
}
static void wrong_matmul(const hr_matmul_args *a, size_t g0, size_t g1) { /* forgets the last row */
    hr_matmul_args b = *a;
    if (b.rows > 1) b.rows--;
    ((hr_matmul_fn *)reference_of(HR_OP_matmul_q4_0)->fn)(&b, g0, hr_min_size(g1, b.rows));
}
static struct { char names[8][40]; size_t n; } bad_reports;
static void note_report(void *ctx, const hr_kernel *k, bool ok) {
    (void)ctx;
    if (!ok && bad_reports.n < 8) snprintf(bad_reports.names[bad_reports.n++], 40, "%s", k->name);
}

T_TEST(a_broken_kernel_is_passed_over) {
    static const hr_kernel wrong[2] = {{"wrong_silu", HR_OP_silu, HR_ISA_C, 1000, 1, 1, (hr_any_fn *)wrong_silu},
                                       {"wrong_matmul", HR_OP_matmul_q4_0, HR_ISA_C, 1000, 1, 1,
                                        (hr_any_fn *)wrong_matmul}};
    const hr_kernel *rows[256];
    hr_kernels good, got;
    size_t n = hr_kernel_count();
    T_NEED(n + 2 < 256);
    for (size_t i = 0; i < n; i++) rows[i] = hr_kernel_at(i);
    rows[n] = &wrong[0];
    rows[n + 1] = &wrong[1];
    void *scratch = aligned_alloc(64, hr_kernels_scratch_bytes());
    T_NEED(scratch != NULL);
    T_EQ_I(hr_kernels_choose(&good, HR_ISA_ALL, true, scratch, note_report, NULL, NULL), HR_OK);
    T_EQ_U(good.n_bad, 0);
    T_EQ_U(bad_reports.n, 0);
    T_EQ_I(hr_kernels_choose_from(&got, rows, n + 2, HR_ISA_ALL, true, scratch, note_report, NULL, NULL), HR_OK);
    T_EQ_U(got.n_bad, 2);
    T_EQ_U(bad_reports.n, 2);
    T_CHECK(strcmp(bad_reports.names[0], "wrong_matmul") == 0 && strcmp(bad_reports.names[1], "wrong_silu") == 0);
    for (int op = 0; op < HR_OP_COUNT; op++) T_CHECK(got.chosen[op] == good.chosen[op]);
    T_EQ_I(hr_kernels_choose_from(&got, rows, n + 2, HR_ISA_ALL, false, NULL, NULL, NULL, NULL), HR_OK);
    T_CHECK(got.silu == wrong_silu); /* unchecked: the highest rank is taken as it is */
    hr_error err = {0}; /* an operation without any kernel */
    T_EQ_I(hr_kernels_choose_from(&got, rows, 3, HR_ISA_ALL, false, NULL, NULL, NULL, &err), HR_E_SELFCHECK);
    T_CHECK(err.where[0] != 0);
    free(scratch);
}

T_TEST(mask_takes_kernels_away) {
    hr_kernels ks;
    T_EQ_I(hr_kernels_choose(&ks, HR_ISA_C, false, NULL, NULL, NULL, NULL), HR_OK);
    for (int op = 0; op < HR_OP_COUNT; op++) T_CHECK(ks.chosen[op]->op == (hr_op)op && ks.chosen[op]->isa == 0);
    T_EQ_I(hr_kernels_choose(&ks, HR_ISA_AVX2, false, NULL, NULL, NULL, NULL), HR_OK);
    for (int op = 0; op < HR_OP_COUNT; op++) T_CHECK((ks.chosen[op]->isa & ~(uint32_t)HR_ISA_AVX2) == 0);
    for (size_t i = 0; i < hr_kernel_count(); i++) { /* names: the operation first; unique */
        const hr_kernel *k = hr_kernel_at(i);
        const char *op = hr_op_name(k->op);
        T_CHECK(strncmp(k->name, op, strlen(op)) == 0 && k->name[strlen(op)] == '_');
        T_CHECK((k->nr == 1 && k->kr == 1) || (k->nr == 16 && k->kr == 4 && format_of(k->op) != NULL));
        for (size_t j = 0; j < i; j++) T_CHECK(strcmp(hr_kernel_at(j)->name, k->name) != 0);
    }
}

static int list_kernels(void) {
    for (size_t i = 0; i < hr_kernel_count(); i++) {
        const hr_kernel *k = hr_kernel_at(i);
        printf("%-22s rank %2d  %2dx%d  isa %#x%s\n", k->name, k->rank, k->nr, k->kr, (unsigned)k->isa,
               k->isa & ~hr_cpu_isa() ? "  (not on this machine)" : "");
    }
    return 0;
}

int main(int argc, char **argv) {
    static const t_entry all[] = {
        T_RUN(matmul_equals_the_reference), T_RUN(fast_products_equal_the_reference),
        T_RUN(fast_activations_equal_the_reference), T_RUN(quant_equals_the_reference), T_RUN(norms_equal_the_reference),
        T_RUN(rope_equals_the_reference), T_RUN(exp_sum_equals_the_reference),
        T_RUN(gates_equal_the_reference), T_RUN(gates_equal_the_reference_everywhere),
        T_RUN(attention_equals_the_reference), T_RUN(unpacked_pages_equal_the_reference),
        T_RUN(merge_equals_the_reference), T_RUN(a_broken_kernel_is_passed_over),
        T_RUN(mask_takes_kernels_away)};
    char *rest[16];
    int n = 0;
    check_options.seed = (uint32_t)time(NULL) * 2654435761u | 1u;
    for (int i = 0; i < argc && n < 16; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--list") == 0) return list_kernels();
        if (more && strcmp(argv[i], "--isa") == 0) {
            hr_error err = {0};
            if (hr_isa_parse(argv[++i], &check_options.isa, &err) != HR_OK) return printf("--isa: %s\n", err.what), 2;
        } else if (more && strcmp(argv[i], "--kernel") == 0) check_options.kernel = argv[++i];
        else if (more && strcmp(argv[i], "--seed") == 0) check_options.seed = (uint32_t)strtoul(argv[++i], NULL, 0) | 1u;
        else rest[n++] = argv[i];
    }
    bool any = check_options.kernel == NULL;
    for (size_t i = 0; i < hr_kernel_count() && !any; i++) any = wanted(hr_kernel_at(i));
    if (!any) return printf("no kernel that runs here is named like %s\n", check_options.kernel), 1;
    printf("seed %u\n", (unsigned)check_options.seed);
    int status = t_main(__FILE__, all, HR_COUNT(all), n, rest);
    return status;
}
