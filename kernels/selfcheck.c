/* selfcheck.c: small fixed inputs for every operation. Not a test of our code (that is tests/test_kernels.c) but of the
 * chip, the compiler and the emulator in front of us, run when a model is opened. */
#include "kernels/selfcheck.h"

enum { CHECK_ROWS = 24, CHECK_K = 512, CHECK_TOKENS = 5, CHECK_SCRATCH = 256 * 1024 };

size_t hr_kernels_scratch_bytes(void) { return CHECK_SCRATCH; }

static uint32_t next_random(uint32_t *state) { /* xorshift32 (Marsaglia 2003) */
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* between 2^-4 and 2^3 in size, either sign */
static float random_float(uint32_t *state) {
    uint32_t r = next_random(state);
    return hr_f32_from_bits((r & 0x807fffffu) | (123u + (r >> 23) % 8u) << 23);
}

static float *random_floats(hr_arena *a, size_t n, uint32_t *state) {
    float *x = HR_NEW(a, float, n);
    for (size_t i = 0; i < n; i++) x[i] = random_float(state);
    return x;
}

/* --- matmul --------------------------------------------------------------------------------------------------------------- */
/* random bits, with scales that are finite and of ordinary size */
static void random_block(const hr_format_info *f, uint8_t *p, uint32_t *state) {
    for (size_t i = 0; i < f->bytes; i++) p[i] = (uint8_t)(next_random(state) >> 11);
    for (size_t i = 0; i < f->n_fields; p += f->field[i].bytes, i++) {
        uint16_t half = (uint16_t)((hr_le16(p) & 0x83ffu) | 0x2c00u);
        if (f->field[i].bytes == 2) p[0] = (uint8_t)half, p[1] = (uint8_t)(half >> 8);
        if (f->field[i].bytes == 1) p[0] = (uint8_t)(120 + (p[0] & 15));
        if (f->id == HR_TYPE_F32 || f->id == HR_TYPE_BF16) {
            uint32_t bits = hr_f32_bits(random_float(state)) >> (f->id == HR_TYPE_F32 ? 0 : 16);
            for (size_t b = 0; b < f->bytes; b++) p[b] = (uint8_t)(bits >> (8 * b));
        }
    }
}

static const hr_format_info *format_of_op(hr_op op) {
    for (uint32_t type = 0; type < 64; type++) {
        if (hr_matmul_op(type) == op) return hr_format_of(type);
    }
    return NULL;
}

static bool check_matmul(const hr_kernel *k, const hr_kernel *reference, const hr_format_info *f, hr_arena *a) {
    uint32_t seed = 0x9e3779b9u;
    size_t n = f->quantized ? CHECK_K : 37, blocks = n / f->block, row_bytes = blocks * f->bytes;
    size_t slices = CHECK_K / 32;
    uint8_t *w = HR_NEW(a, uint8_t, CHECK_ROWS * row_bytes);
    for (size_t i = 0; i < CHECK_ROWS * blocks; i++) random_block(f, w + i * f->bytes, &seed);
    uint8_t *pack = (uint8_t *)hr_arena_alloc(a, 2 * HR_PACK_ROWS * row_bytes, 1, 64);
    hr_pack_rows(f, w, 0, CHECK_ROWS, n, pack);
    int8_t *q = (int8_t *)hr_arena_alloc(a, CHECK_TOKENS * CHECK_K, 1, 64);
    float *d = HR_NEW(a, float, CHECK_TOKENS * slices), *ds = HR_NEW(a, float, CHECK_TOKENS * slices);
    int16_t *s16 = HR_NEW(a, int16_t, CHECK_TOKENS * slices * 2);
    for (size_t i = 0; i < CHECK_TOKENS * CHECK_K; i++) {
        int v = (int)(next_random(&seed) % 255u) - 127;
        q[i] = (int8_t)v;
        s16[i / 16] = (int16_t)(s16[i / 16] + v);
    }
    for (size_t i = 0; i < CHECK_TOKENS * slices; i++) {
        d[i] = random_float(&seed);
        ds[i] = d[i] * (float)(s16[2 * i] + s16[2 * i + 1]);
    }
    hr_act x = {CHECK_TOKENS, n, random_floats(a, CHECK_TOKENS * n, &seed), n, q, d, ds, s16};
    float *y[2];
    for (size_t i = 0; i < 2; i++) {
        y[i] = HR_NEW(a, float, CHECK_TOKENS * CHECK_ROWS);
        const hr_kernel *run = i == 0 ? reference : k;
        for (size_t m = 1; m <= CHECK_TOKENS; m += CHECK_TOKENS - 1) { /* one token alone, then all */
            x.m = m;
            hr_matmul_args args = {run->nr == 1 ? w : pack, CHECK_ROWS, n, &x, y[i], CHECK_ROWS};
            ((hr_matmul_fn *)run->fn)(&args, 0, hr_div_up(CHECK_ROWS, (size_t)run->nr));
            if (m == 1) memmove(y[i] + (CHECK_TOKENS - 1) * CHECK_ROWS, y[i], CHECK_ROWS * sizeof(float));
        }
    }
    return memcmp(y[0], y[1], CHECK_TOKENS * CHECK_ROWS * sizeof(float)) == 0;
}

/* --- the fast mode: a plain format, one with minimums, one with sub-scales ------------------------------------------------- */
static bool check_quant_fast(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    enum { N = 288 };
    uint32_t seed = 4321;
    float *x = random_floats(a, N, &seed);
    struct { int8_t q[N * HR_FAST_TILE]; float d[2 * HR_FAST_TILE]; int32_t sum[2 * HR_FAST_TILE]; } *out[2];
    for (size_t i = 0; i < 2; i++) {
        out[i] = hr_arena_alloc(a, 1, sizeof *out[i], 64);
        memset(out[i], 0, sizeof *out[i]);
        ((hr_quant_fast_fn *)(i == 0 ? reference : k)->fn)(x, N, out[i]->q + 4, out[i]->d + 1, out[i]->sum + 1);
    }
    return memcmp(out[0], out[1], sizeof *out[0]) == 0;
}

static bool check_fast(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    static const uint32_t types[] = {HR_TYPE_Q4_0, HR_TYPE_Q8_0, HR_TYPE_Q4_K, HR_TYPE_Q6_K, HR_TYPE_Q2_K};
    enum { N = 512, BLOCKS = N / HR_FAST_BLOCK };
    uint32_t seed = 1234;
    int8_t *q = HR_NEW(a, int8_t, N * HR_FAST_TILE);
    float *d = HR_NEW(a, float, BLOCKS * HR_FAST_TILE);
    int32_t *sum = HR_NEW(a, int32_t, BLOCKS * HR_FAST_TILE);
    for (size_t i = 0; i < BLOCKS * HR_FAST_TILE; i++) d[i] = random_float(&seed), sum[i] = 0;
    for (size_t i = 0; i < N * HR_FAST_TILE; i++) {
        q[i] = (int8_t)((int)(next_random(&seed) % 255u) - 127);
        sum[i / (HR_FAST_BLOCK * HR_FAST_TILE) * HR_FAST_TILE + i / 4 % HR_FAST_TILE] += q[i];
    }
    hr_fast_act x = {CHECK_TOKENS, N, q, d, sum};
    const size_t mark = hr_arena_mark(a);
    for (size_t i = 0; i < HR_COUNT(types); i++, hr_arena_rewind(a, mark)) {
        const hr_format_info *f = hr_format_of(types[i]);
        size_t blocks = N / f->block;
        uint8_t *w = HR_NEW(a, uint8_t, CHECK_ROWS * blocks * f->bytes);
        for (size_t b = 0; b < CHECK_ROWS * blocks; b++) random_block(f, w + b * f->bytes, &seed);
        uint8_t *pack = (uint8_t *)hr_arena_alloc(a, 2 * HR_PACK_ROWS * blocks * f->bytes, 1, 64);
        hr_pack_rows(f, w, 0, CHECK_ROWS, N, pack);
        float *y[2];
        for (size_t j = 0; j < 2; j++) {
            y[j] = HR_NEW(a, float, CHECK_TOKENS * CHECK_ROWS);
            hr_fast_args args = {pack, types[i], HR_PACK_ROWS, CHECK_ROWS, N, &x, y[j], CHECK_ROWS};
            ((hr_fast_fn *)(j == 0 ? reference : k)->fn)(&args, 0, hr_div_up(CHECK_ROWS, HR_PACK_ROWS));
        }
        if (memcmp(y[0], y[1], CHECK_TOKENS * CHECK_ROWS * sizeof(float)) != 0) return false;
    }
    return true;
}

/* --- rows ------------------------------------------------------------------------------------------------------------------ */
static bool check_quant(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    uint32_t seed = 12345;
    enum { N = 200 }; /* a short last block */
    float *x = random_floats(a, N, &seed);
    uint8_t *out[2];
    for (size_t i = 0; i < 2; i++) {
        out[i] = (uint8_t *)hr_arena_alloc(a, 1024, 1, 64);
        hr_quant_fn *fn = (hr_quant_fn *)(i == 0 ? reference : k)->fn;
        fn(x, N, (int8_t *)out[i], (float *)(void *)(out[i] + 256), (float *)(void *)(out[i] + 384),
           (int16_t *)(void *)(out[i] + 512));
    }
    return memcmp(out[0], out[1], 1024) == 0;
}

static bool check_row(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    uint32_t seed = 777;
    enum { N = 147 };
    float *x = random_floats(a, N, &seed), *w = random_floats(a, N, &seed), *b = random_floats(a, N, &seed);
    float *y[2];
    for (size_t i = 0; i < 2; i++) {
        y[i] = HR_NEW(a, float, N);
        hr_any_fn *fn = (i == 0 ? reference : k)->fn;
        switch (k->op) {
        case HR_OP_rmsnorm: ((hr_norm_fn *)fn)(x, w, NULL, 1e-5f, N, y[i]); break;
        case HR_OP_layernorm: ((hr_norm_fn *)fn)(x, w, b, 1e-5f, N, y[i]); break;
        case HR_OP_rope_norm: case HR_OP_rope_neox:
            memcpy(y[i], x, N * sizeof(float));
            ((hr_rope_fn *)fn)(y[i], 3, 49, 40, w, b);
            break;
        case HR_OP_exp_sum: y[i][N - 1] = ((hr_exp_fn *)fn)(x, N - 1, 7.5f, y[i]); break;
        default: ((hr_act_fn *)fn)(x, w, N, y[i]); break;
        }
    }
    return memcmp(y[0], y[1], N * sizeof(float)) == 0;
}

/* --- attention ---------------------------------------------------------------------------------------------------------------- */
static bool check_attention(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    uint32_t seed = 4242;
    enum { ROWS = 3, DK = 40, KQ = 64, DV = 24 };
    bool i8 = k->op == HR_OP_attn_page_i8;
    static const uint8_t lo[ROWS] = {0, 5, 63}, hi[ROWS] = {64, 41, 64};
    float *q = random_floats(a, ROWS * DK, &seed), *qd = random_floats(a, ROWS * KQ / 32, &seed);
    float *kd = random_floats(a, HR_KV_PAGE, &seed), *vd = random_floats(a, HR_KV_PAGE, &seed);
    float *kf = random_floats(a, DK * HR_KV_PAGE, &seed), *vf = random_floats(a, DV * HR_KV_PAGE, &seed);
    int8_t *q8 = HR_NEW(a, int8_t, ROWS * KQ), *k8 = HR_NEW(a, int8_t, KQ * HR_KV_PAGE);
    int8_t *v8 = HR_NEW(a, int8_t, DV * HR_KV_PAGE);
    int16_t *s16 = HR_NEW(a, int16_t, ROWS * KQ / 16);
    for (size_t i = 0; i < ROWS * KQ / 16; i++) s16[i] = 0;
    for (size_t i = 0; i < ROWS * KQ; i++) q8[i] = (int8_t)((int)(next_random(&seed) % 255u) - 127);
    for (size_t i = 0; i < ROWS * KQ; i++) s16[i / 16] = (int16_t)(s16[i / 16] + q8[i]);
    for (size_t i = 0; i < KQ * HR_KV_PAGE; i++) k8[i] = (int8_t)((int)(next_random(&seed) % 255u) - 127);
    for (size_t i = 0; i < DV * HR_KV_PAGE; i++) v8[i] = (int8_t)((int)(next_random(&seed) % 255u) - 127);
    float *out[2];
    for (size_t i = 0; i < 2; i++) {
        float *o = out[i] = HR_NEW(a, float, ROWS * (DV + 2));
        hr_attn_args args = {ROWS, DK, DV, q, DK, q8, qd, s16, i8 ? (void *)k8 : (void *)kf, i8 ? (void *)v8 : (void *)vf, kd, vd,
                             i8 ? 1e-4f : 0.1f, i8 ? 0.0f : 5.0f, lo, hi, o, o + ROWS * DV, o + ROWS * (DV + 1), NULL};
        ((hr_attn_page_fn *)(i == 0 ? reference : k)->fn)(&args);
    }
    return memcmp(out[0], out[1], ROWS * (DV + 2) * sizeof(float)) == 0;
}

static bool check_unpack(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    enum { N = 300 };
    uint32_t seed = 777, halves = k->op == HR_OP_kv_f16;
    uint16_t *in = HR_NEW(a, uint16_t, N);
    uint8_t *out[2];
    for (size_t i = 0; i < N; i++) in[i] = (uint16_t)(next_random(&seed) >> 9 & 0xbfff); /* finite */
    for (size_t i = 0; i < 2; i++) {
        hr_any_fn *fn = (i == 0 ? reference : k)->fn;
        out[i] = (uint8_t *)hr_arena_alloc(a, N + 1, sizeof(float), 64);
        memset(out[i], 0, (N + 1) * sizeof(float));
        if (halves) ((hr_kv_f16_fn *)fn)(in, N, (float *)(void *)out[i]);
        else ((hr_kv_q4_fn *)fn)((const uint8_t *)in, 6, N / 6, N / 3 - 1, (int8_t *)out[i]);
    }
    return memcmp(out[0], out[1], (N + 1) * sizeof(float)) == 0;
}

static bool check_merge(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    uint32_t seed = 99;
    enum { DV = 37 };
    float *o = random_floats(a, DV, &seed), *po = random_floats(a, DV, &seed), *out[2];
    for (size_t i = 0; i < 2; i++) {
        out[i] = HR_NEW(a, float, DV + 2);
        memcpy(out[i], o, DV * sizeof(float));
        out[i][DV] = 0.7f, out[i][DV + 1] = 12.5f;
        ((hr_attn_merge_fn *)(i == 0 ? reference : k)->fn)(&out[i][DV], &out[i][DV + 1], out[i], 1.9f, 3.25f, po, DV);
    }
    return memcmp(out[0], out[1], (DV + 2) * sizeof(float)) == 0;
}

/* --- search -------------------------------------------------------------------------------------------------------------------- */
static bool check_scan(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    uint32_t seed = 31337;
    enum { ROWS = 7, STRIDE = 192 };
    int8_t *rows = HR_NEW(a, int8_t, ROWS * STRIDE), *q = HR_NEW(a, int8_t, STRIDE);
    for (size_t i = 0; i < ROWS * STRIDE; i++) rows[i] = (int8_t)((int)(next_random(&seed) % 255u) - 127);
    for (size_t i = 0; i < STRIDE; i++) q[i] = (int8_t)(i % 5 == 0 ? -127 : (int)(next_random(&seed) % 255u) - 127);
    int32_t dot[2][ROWS];
    for (size_t i = 0; i < 2; i++) ((hr_scan_fn *)(i == 0 ? reference : k)->fn)(rows, ROWS, STRIDE, q, dot[i]);
    return memcmp(dot[0], dot[1], sizeof dot[0]) == 0;
}

static bool check_signs(const hr_kernel *k, const hr_kernel *reference, hr_arena *a) {
    uint32_t seed = 4711;
    enum { COLS = 260 }; /* more than fit 16 bits */
    uint8_t *blocks = HR_NEW(a, uint8_t, 2 * COLS * 64), *table = HR_NEW(a, uint8_t, COLS * 32);
    for (size_t i = 0; i < 2 * COLS * 64; i++) blocks[i] = (uint8_t)(next_random(&seed) >> 9);
    for (size_t i = 0; i < COLS * 32; i++) table[i] = (uint8_t)(i % 3 == 0 ? 127 : next_random(&seed) % 128);
    int32_t dot[2][128];
    for (size_t i = 0; i < 2; i++) ((hr_signs_fn *)(i == 0 ? reference : k)->fn)(blocks, 2, COLS, table, dot[i]);
    return memcmp(dot[0], dot[1], sizeof dot[0]) == 0;
}

static bool check_crc(const hr_kernel *k, const hr_kernel *reference) {
    uint8_t x[200];
    bool ok = true;
    for (uint32_t i = 0; i < sizeof x; i++) x[i] = (uint8_t)(i * i * 37u + i);
    for (size_t n = 0; n < sizeof x - 3; n += 13) {
        ok = ok && ((hr_crc_fn *)k->fn)(x + n % 4, n, 5) == ((hr_crc_fn *)reference->fn)(x + n % 4, n, 5);
    }
    return ok;
}

bool hr_selfcheck_kernel(const hr_kernel *k, const hr_kernel *reference, void *scratch) {
    hr_arena a;
    hr_arena_init(&a, scratch, CHECK_SCRATCH);
    const hr_format_info *f = format_of_op(k->op);
    bool ok = f != NULL ? check_matmul(k, reference, f, &a)
            : k->op == HR_OP_quant_a8 ? check_quant(k, reference, &a)
            : k->op == HR_OP_matmul_fast ? check_fast(k, reference, &a)
            : k->op == HR_OP_quant_fast ? check_quant_fast(k, reference, &a)
            : k->op == HR_OP_attn_page_f32 || k->op == HR_OP_attn_page_i8 ? check_attention(k, reference, &a)
            : k->op == HR_OP_kv_f16 || k->op == HR_OP_kv_q4 ? check_unpack(k, reference, &a)
            : k->op == HR_OP_scan_i8 ? check_scan(k, reference, &a)
            : k->op == HR_OP_scan_signs ? check_signs(k, reference, &a)
            : k->op == HR_OP_crc32c ? check_crc(k, reference)
            : k->op == HR_OP_attn_merge ? check_merge(k, reference, &a) : check_row(k, reference, &a);
    hr_assert(!a.failed);
    return ok;
}
