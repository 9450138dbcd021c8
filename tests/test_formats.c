/* The block formats: decoders against vectors made by the Python package gguf (a separate implementation, by the format's
 * authors), halves against f64 arithmetic, packs by their definition in quant/formats.h. */
#include "tests/t.h"
#include "quant/formats.h"
#include "tests/format_vectors.h"

static size_t read_hex(const char *s, uint8_t *out) {
    size_t n = strlen(s) / 2;
    for (size_t i = 0; i < n; i++) {
        char two[3] = {s[2 * i], s[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return n;
}

static const hr_format_info *format_named(const char *name) {
    for (uint32_t id = 0; id < 64; id++) {
        const hr_format_info *f = hr_format_of(id);
        if (f != NULL && strcmp(f->name, name) == 0) return f;
    }
    return NULL;
}

T_TEST(decoders_give_the_authors_values) {
    static uint8_t blocks[512], values[4096];
    for (size_t i = 0; i < HR_COUNT(format_vectors); i++) {
        const hr_format_info *f = format_named(format_vectors[i].name);
        T_NEED(f != NULL && f->runs);
        size_t bytes = read_hex(format_vectors[i].blocks, blocks), n = read_hex(format_vectors[i].values, values) / 4;
        T_EQ_U(bytes / f->bytes * f->block, n);
        float got[1024];
        hr_dequant_row(f, blocks, n, got);
        for (size_t e = 0; e < n; e++) {
            float want = hr_f32_from_bits(hr_le32(values + 4 * e));
            /* The sum with a minimum may round differently by where the other side rounds its products: 2 ulp of the
             * larger term, itself below 16 here. All others are exact in both. */
            bool sum = strcmp(f->name, "Q2_K") == 0 || strcmp(f->name, "Q4_K") == 0 || strcmp(f->name, "Q5_K") == 0;
            if (!T_CHECK(sum ? fabsf(got[e] - want) <= 32.0f * 0x1p-23f : got[e] == want)) {
                printf("    %s element %zu: %.9g, the authors' %.9g\n", f->name, e, (double)got[e], (double)want);
                return;
            }
        }
    }
    T_EQ_U(HR_COUNT(format_vectors), 17); /* all that run, but F32 */
}

T_TEST(table_is_whole) {
    static const struct { const char *name; unsigned block, bytes; } want[] = { /* reference/formats.md section 4 */
        {"F32", 1, 4}, {"F16", 1, 2}, {"BF16", 1, 2}, {"Q4_0", 32, 18}, {"Q4_1", 32, 20}, {"Q5_0", 32, 22}, {"Q5_1", 32, 24},
        {"Q8_0", 32, 34}, {"Q2_K", 256, 84}, {"Q3_K", 256, 110}, {"Q4_K", 256, 144}, {"Q5_K", 256, 176}, {"Q6_K", 256, 210},
        {"IQ4_NL", 32, 18}, {"IQ4_XS", 256, 136}, {"MXFP4", 32, 17}, {"TQ1_0", 256, 54}, {"TQ2_0", 256, 66}};
    size_t running = 0;
    for (uint32_t id = 0; id < 256; id++) {
        const hr_format_info *f = hr_format_of(id);
        if (f == NULL) continue;
        T_EQ_U(f->id, id);
        if (!f->runs) continue;
        unsigned bytes = 0;
        for (size_t i = 0; i < f->n_fields; i++) {
            T_CHECK(f->field[i].unit == 1 || f->field[i].unit == 2 || f->field[i].unit == 4);
            T_EQ_U(f->field[i].bytes % f->field[i].unit, 0);
            bytes += f->field[i].bytes;
        }
        T_EQ_U(bytes, f->bytes);
        running++;
    }
    T_EQ_U(running, HR_COUNT(want));
    for (size_t i = 0; i < HR_COUNT(want); i++) {
        const hr_format_info *f = format_named(want[i].name);
        T_NEED(f != NULL);
        T_CHECK(f->runs && f->block == want[i].block && f->bytes == want[i].bytes);
    }
    static const char *const refused[] = {"IQ2_XXS", "IQ1_S", "IQ3_S", "NVFP4", "I32", "F64", "Q8_K"};
    for (size_t i = 0; i < HR_COUNT(refused); i++) {
        const hr_format_info *f = format_named(refused[i]);
        T_CHECK(f != NULL && !f->runs);
    }
    T_CHECK(hr_format_of(4) == NULL && hr_format_of(31) == NULL && hr_format_of(UINT32_MAX) == NULL); /* removed, unknown */
}

T_TEST(sizes_are_checked) {
    const hr_format_info *f = format_named("Q4_K");
    uint64_t n = 7;
    T_CHECK(hr_format_row_bytes(f, 512, &n) && n == 288);
    T_CHECK(!hr_format_row_bytes(f, 500, &n));
    T_CHECK(!hr_format_row_bytes(format_named("F32"), UINT64_MAX / 2, &n));
    T_CHECK(hr_pack_bytes(f, 17, 256, &n) && n == 32 * 144);
    T_CHECK(!hr_pack_bytes(f, UINT64_MAX - 3, 256, &n));
    T_CHECK(!hr_pack_bytes(f, 1ull << 60, 1ull << 20, &n));
}

static double half_value(uint16_t h) { /* IEEE 754 binary16 by its definition */
    int e = h >> 10 & 31, m = h & 1023;
    double v = e == 0 ? ldexp(m, -24) : e == 31 ? (m ? NAN : INFINITY) : ldexp(1024 + m, e - 25);
    return h & 0x8000 ? -v : v;
}

T_TEST(halves) {
    for (uint32_t h = 0; h < 65536; h++) {
        double want = half_value((uint16_t)h);
        float got = hr_f32_of_f16((uint16_t)h);
        if (want != want) {
            T_CHECK(got != got);
            T_CHECK((hr_f16_of_f32(got) & 0x7fff) > 0x7c00);
            continue;
        }
        if (!T_CHECK((double)got == want && !signbit(got) == !signbit(want)) || !T_CHECK(hr_f16_of_f32(got) == h)) return;
        if ((h & 0x7fff) >= 0x7bff) continue;
        /* the midpoint to the next half goes to the even one, its neighbours to the nearer */
        float mid = (float)((want + half_value((uint16_t)(h + 1))) / 2);
        uint32_t even = h & 1 ? h + 1 : h;
        T_EQ_U(hr_f16_of_f32(mid), even);
        T_EQ_U(hr_f16_of_f32(nextafterf(mid, 0.0f)), h);
        T_EQ_U(hr_f16_of_f32(nextafterf(mid, h & 0x8000 ? -INFINITY : INFINITY)), h + 1);
    }
    T_EQ_U(hr_f16_of_f32(65519.9f), 0x7bff);
    T_EQ_U(hr_f16_of_f32(65520.0f), 0x7c00);
    T_EQ_U(hr_f16_of_f32(-INFINITY), 0xfc00);
}

/* pack[group][block][field][unit][row]: the definition, byte by byte */
static uint8_t packed_byte(const hr_format_info *f, const uint8_t *src, size_t rows, size_t k, size_t at) {
    size_t row_bytes = k / f->block * f->bytes, group = at / (16 * row_bytes), in = at % (16 * row_bytes);
    size_t block = in / (16u * f->bytes), field = 0, start = 0;
    in %= 16u * f->bytes;
    while (in >= 16 * (start + f->field[field].bytes)) start += f->field[field++].bytes;
    in -= 16 * start;
    size_t unit = f->field[field].unit, row = 16 * group + in / unit % 16;
    if (row >= rows) return 0;
    return src[row * row_bytes + block * f->bytes + start + in / (16 * unit) * unit + in % unit];
}

T_TEST(packs_are_the_permutation) {
    static uint8_t src[40 * 3 * 256 * 4], pack[48 * 3 * 256 * 4], back[3 * 256 * 4];
    for (size_t i = 0; i < sizeof src; i++) src[i] = (uint8_t)(i * 2654435761u >> 23);
    for (uint32_t id = 0; id < 64; id++) {
        const hr_format_info *f = hr_format_of(id);
        if (f == NULL || !f->runs) continue;
        for (size_t rows = 1; rows <= 40; rows += 13) {
            size_t k = 3 * (size_t)f->block, row_bytes = 3 * (size_t)f->bytes;
            uint64_t bytes = 0;
            T_NEED(hr_pack_bytes(f, rows, k, &bytes));
            memset(pack, 0xee, sizeof pack);
            size_t first = rows < 16 ? rows : 16; /* in two calls, as threads do it; the later part first */
            if (rows > 16) hr_pack_rows(f, src + 16 * row_bytes, 16, rows - 16, k, pack);
            hr_pack_rows(f, src, 0, first, k, pack);
            for (size_t i = 0; i < bytes; i++) {
                if (!T_CHECK(pack[i] == packed_byte(f, src, rows, k, i))) return;
            }
            T_EQ_U(pack[bytes], 0xee);
            for (size_t r = 0; r < rows; r++) {
                hr_unpack_row(f, pack, r, k, back);
                if (!T_EQ_MEM(back, src + r * row_bytes, row_bytes)) return;
            }
        }
    }
}

T_MAIN(T_RUN(decoders_give_the_authors_values), T_RUN(table_is_whole), T_RUN(sizes_are_checked), T_RUN(halves),
       T_RUN(packs_are_the_permutation))
