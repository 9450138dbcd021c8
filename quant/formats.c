/* formats.c: the table of block formats. Fields in file order, from the ggml block structs (reference/formats.md 4). */
#include "quant/formats.h"

/* X(name, block, bytes, quantized, number of fields, fields...) */
#define FORMATS_RUN(X)                                                     \
    X(F32, 1, 4, false, 1, {4, 4})                                         \
    X(F16, 1, 2, false, 1, {2, 2})                                         \
    X(Q4_0, 32, 18, true, 2, {2, 2}, {16, 4})                              \
    X(Q4_1, 32, 20, true, 3, {2, 2}, {2, 2}, {16, 4})                      \
    X(Q5_0, 32, 22, true, 3, {2, 2}, {4, 4}, {16, 4})                      \
    X(Q5_1, 32, 24, true, 4, {2, 2}, {2, 2}, {4, 4}, {16, 4})              \
    X(Q8_0, 32, 34, true, 2, {2, 2}, {32, 4})                              \
    X(Q2_K, 256, 84, true, 4, {16, 4}, {64, 4}, {2, 2}, {2, 2})            \
    X(Q3_K, 256, 110, true, 4, {32, 4}, {64, 4}, {12, 4}, {2, 2})          \
    X(Q4_K, 256, 144, true, 4, {2, 2}, {2, 2}, {12, 4}, {128, 4})          \
    X(Q5_K, 256, 176, true, 5, {2, 2}, {2, 2}, {12, 4}, {32, 4}, {128, 4}) \
    X(Q6_K, 256, 210, true, 4, {128, 4}, {64, 4}, {16, 4}, {2, 2})         \
    X(IQ4_NL, 32, 18, true, 2, {2, 2}, {16, 4})                            \
    X(IQ4_XS, 256, 136, true, 4, {2, 2}, {2, 2}, {4, 4}, {128, 4})         \
    X(BF16, 1, 2, false, 1, {2, 2})                                        \
    X(TQ1_0, 256, 54, true, 3, {48, 4}, {4, 4}, {2, 2})                    \
    X(TQ2_0, 256, 66, true, 2, {64, 4}, {2, 2})                            \
    X(MXFP4, 32, 17, true, 2, {1, 1}, {16, 4})
#define FORMATS_ROW(name, block, bytes, quantized, n, ...) \
    {HR_TYPE_##name, #name, block, bytes, true, quantized, false, n, {__VA_ARGS__}},
#define FORMATS_PACK(name, block, bytes, quantized, n, ...) \
    {HR_TYPE_PACKED + HR_TYPE_##name, #name "_R16K4", block, bytes, false, quantized, true, n, {__VA_ARGS__}},
#define FORMATS_KNOWN(id, name, block, bytes) {id, name, block, bytes, false, true, false, 0, {{0, 0}}}
static const hr_format_info format_table[] = {
    FORMATS_RUN(FORMATS_ROW)
    FORMATS_RUN(FORMATS_PACK)
    FORMATS_KNOWN(9, "Q8_1", 32, 36),
    FORMATS_KNOWN(15, "Q8_K", 256, 292),
    FORMATS_KNOWN(16, "IQ2_XXS", 256, 66),
    FORMATS_KNOWN(17, "IQ2_XS", 256, 74),
    FORMATS_KNOWN(18, "IQ3_XXS", 256, 98),
    FORMATS_KNOWN(19, "IQ1_S", 256, 50),
    FORMATS_KNOWN(21, "IQ3_S", 256, 110),
    FORMATS_KNOWN(22, "IQ2_S", 256, 82),
    FORMATS_KNOWN(24, "I8", 1, 1),
    FORMATS_KNOWN(25, "I16", 1, 2),
    FORMATS_KNOWN(26, "I32", 1, 4),
    FORMATS_KNOWN(27, "I64", 1, 8),
    FORMATS_KNOWN(28, "F64", 1, 8),
    FORMATS_KNOWN(29, "IQ1_M", 256, 56),
    FORMATS_KNOWN(40, "NVFP4", 64, 36),
    FORMATS_KNOWN(41, "Q1_0", 128, 18),
    FORMATS_KNOWN(42, "Q2_0", 64, 18),
};
#undef FORMATS_RUN
#undef FORMATS_ROW
#undef FORMATS_PACK
#undef FORMATS_KNOWN

const hr_format_info *hr_format_of(uint32_t id) {
    for (size_t i = 0; i < HR_COUNT(format_table); i++) {
        if (format_table[i].id == id) return &format_table[i];
    }
    return NULL;
}

bool hr_format_tensor_bytes(const hr_format_info *f, uint64_t k, uint64_t rows, uint64_t n_mats, uint64_t *bytes) {
    uint64_t n;
    if (f->packed && !hr_align_u64(rows, HR_PACK_ROWS, &rows)) return false;
    return hr_format_row_bytes(f, k, &n) && hr_mul_u64(n, rows, &n) && hr_mul_u64(n, n_mats, bytes);
}

bool hr_format_row_bytes(const hr_format_info *f, uint64_t k, uint64_t *bytes) {
    return k % f->block == 0 && hr_mul_u64(k / f->block, f->bytes, bytes);
}

float hr_f32_of_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = (h >> 10) & 31u, m = h & 0x3ffu;
    if (e == 31) return hr_f32_from_bits(sign | 0x7f800000u | m << 13);
    if (e != 0) return hr_f32_from_bits(sign | (e + 112) << 23 | m << 13);
    float v = (float)m * 5.9604644775390625e-8f; /* m * 2^-24, exact */
    return sign ? -v : v;
}

uint16_t hr_f16_of_f32(float f) {
    uint32_t u = hr_f32_bits(f), a = u & 0x7fffffffu;
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000u);
    if (a > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
    if (a >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds to 2^16 or more */
    if (a < 0x38800000u) {                                   /* below 2^-14: adding 2^-1 rounds to a multiple of 2^-24 */
        float t = hr_f32_from_bits(a) + 0.5f;
        return (uint16_t)(sign | (hr_f32_bits(t) - 0x3f000000u));
    }
    uint32_t r = a + 0xfffu + (a >> 13 & 1u); /* ties to even */
    return (uint16_t)(sign | ((r - 0x38000000u) >> 13));
}
