/* decode.c: what the bits of a block mean. One function a family; everything else (dequantization, the reference matmul)
 * goes through hr_decode_slice. Layouts: reference/formats.md section 4. */
#include "quant/formats.h"

static float half_at(const uint8_t *p) { return hr_f32_of_f16(hr_le16(p)); }

/* 16 bytes of nibbles in split halves: byte i holds element i (low) and i + 16 (high) */
static void split_nibbles(const uint8_t *qs, int8_t *w, int bias) {
    for (int i = 0; i < 16; i++) {
        w[i] = (int8_t)((qs[i] & 15) - bias);
        w[i + 16] = (int8_t)((qs[i] >> 4) - bias);
    }
}

static void add_fifth_bits(const uint8_t *qh, int8_t *w) {
    uint32_t bits = hr_le32(qh);
    for (int i = 0; i < 32; i++) w[i] = (int8_t)(w[i] + (int)((bits >> i) & 1u) * 16);
}

static void decode_q4_q5(const hr_format_info *f, const uint8_t *b, hr_slice *s) {
    bool has_m = f->id == HR_TYPE_Q4_1 || f->id == HR_TYPE_Q5_1, five = f->id == HR_TYPE_Q5_0 || f->id == HR_TYPE_Q5_1;
    const uint8_t *p = b + (has_m ? 4 : 2);
    s->d = half_at(b);
    s->has_m = has_m;
    if (has_m) s->m = half_at(b + 2);
    split_nibbles(five ? p + 4 : p, s->w, has_m ? 0 : five ? 16 : 8);
    if (five) add_fifth_bits(p, s->w);
}

static void decode_q8_0(const uint8_t *b, hr_slice *s) {
    s->d = half_at(b);
    memcpy(s->w, b + 2, 32);
}

static void table_nibbles(const int8_t *table, const uint8_t *qs, int8_t *w) {
    for (int i = 0; i < 16; i++) {
        w[i] = table[qs[i] & 15];
        w[i + 16] = table[qs[i] >> 4];
    }
}

static const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static const int8_t mxfp4_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}; /* 2 * E2M1 */

static void decode_iq4_nl(const uint8_t *b, hr_slice *s) {
    s->d = half_at(b);
    table_nibbles(iq4_values, b + 2, s->w);
}

static void decode_iq4_xs(const uint8_t *b, size_t j, hr_slice *s) {
    int low = b[4 + j / 2] >> (4 * (j % 2)) & 15, high = hr_le16(b + 2) >> (2 * j) & 3;
    s->d = half_at(b) * (float)((low | high << 4) - 32);
    table_nibbles(iq4_values, b + 8 + 16 * j, s->w);
}

static void decode_mxfp4(const uint8_t *b, hr_slice *s) {
    /* 2^(e-127) / 2 with the table doubled; e < 2 is a denormal */
    s->d = hr_f32_from_bits(b[0] >= 2 ? (uint32_t)(b[0] - 1) << 23 : 0x00200000u << b[0]);
    table_nibbles(mxfp4_values, b + 1, s->w);
}

/* six-bit scale and min of sub-block j in the 12 bytes of Q4_K and Q5_K */
static void six_bit_pair(const uint8_t *p, size_t j, int *scale, int *min) {
    if (j < 4) {
        *scale = p[j] & 63;
        *min = p[j + 4] & 63;
    } else {
        *scale = (p[j + 4] & 15) | (p[j - 4] >> 6) << 4;
        *min = (p[j + 4] >> 4) | (p[j] >> 6) << 4;
    }
}

static void decode_q4_k_q5_k(const hr_format_info *f, const uint8_t *b, size_t j, hr_slice *s) {
    bool five = f->id == HR_TYPE_Q5_K;
    const uint8_t *qs = b + (five ? 48 : 16) + 32 * (j / 2);
    int scale, min;
    six_bit_pair(b + 4, j, &scale, &min);
    s->d = half_at(b) * (float)scale;
    s->m = -(half_at(b + 2) * (float)min);
    s->has_m = true;
    for (int i = 0; i < 32; i++) {
        int q = qs[i] >> (4 * (j % 2)) & 15;
        if (five) q |= (b[16 + i] >> j & 1) << 4;
        s->w[i] = (int8_t)q;
    }
}

/* two bits of element 32 j + i in the 64 bytes shared by Q2_K and Q3_K */
static int two_bits(const uint8_t *qs, size_t j, int i) { return qs[32 * (j / 4) + (size_t)i] >> (2 * (j % 4)) & 3; }

static void decode_q2_k(const uint8_t *b, size_t j, hr_slice *s) {
    s->d = half_at(b + 80);
    s->dmin = half_at(b + 82);
    s->has_mn = true;
    for (int h = 0; h < 2; h++) {
        s->sc[h] = b[2 * j + (size_t)h] & 15;
        s->mn[h] = b[2 * j + (size_t)h] >> 4;
    }
    for (int i = 0; i < 32; i++) s->w[i] = (int8_t)two_bits(b + 16, j, i);
}

static void decode_q3_k(const uint8_t *b, size_t j, hr_slice *s) {
    const uint8_t *scales = b + 96;
    s->d = half_at(b + 108);
    for (int h = 0; h < 2; h++) {
        size_t k = 2 * j + (size_t)h;
        int low = k < 8 ? scales[k] & 15 : scales[k - 8] >> 4, high = scales[8 + k % 4] >> (2 * (k / 4)) & 3;
        s->sc[h] = (low | high << 4) - 32;
    }
    for (int i = 0; i < 32; i++) s->w[i] = (int8_t)(two_bits(b + 32, j, i) - (b[i] >> j & 1 ? 0 : 4));
}

static void decode_q6_k(const uint8_t *b, size_t j, hr_slice *s) {
    size_t half = j / 4, part = j % 4; /* 128 elements a half, four parts of 32 */
    const uint8_t *ql = b + 64 * half + 32 * (part % 2), *qh = b + 128 + 32 * half;
    s->d = half_at(b + 208);
    for (int h = 0; h < 2; h++) s->sc[h] = (int8_t)b[192 + 2 * j + (size_t)h];
    for (int i = 0; i < 32; i++) {
        int low = ql[i] >> (4 * (part / 2)) & 15, high = qh[i] >> (2 * part) & 3;
        s->w[i] = (int8_t)((low | high << 4) - 32);
    }
}

static int trit(uint8_t byte, int n) { /* digit n of five base-3 digits, first the most significant */
    static const uint8_t power[5] = {1, 3, 9, 27, 81};
    uint8_t b = (uint8_t)(byte * power[n]);
    return b * 3 >> 8;
}

static void decode_tq1_0(const uint8_t *b, size_t j, hr_slice *s) {
    s->d = half_at(b + 52);
    for (int i = 0; i < 32; i++) {
        int e = (int)(32 * j) + i; /* 160 in bytes 0..31, 80 in bytes 32..47, 16 in qh */
        int t = e < 160 ? trit(b[e % 32], e / 32) : e < 240 ? trit(b[32 + (e - 160) % 16], (e - 160) / 16)
                                                            : trit(b[48 + (e - 240) % 4], (e - 240) / 4);
        s->w[i] = (int8_t)(t - 1);
    }
}

static void decode_tq2_0(const uint8_t *b, size_t j, hr_slice *s) {
    s->d = half_at(b + 64);
    for (int i = 0; i < 32; i++) s->w[i] = (int8_t)(two_bits(b, j, i) - 1);
}

void hr_decode_slice(const hr_format_info *f, const uint8_t *block, size_t j, hr_slice *s) {
    s->sc[0] = s->sc[1] = 1;
    s->mn[0] = s->mn[1] = 0;
    s->m = s->dmin = 0.0f;
    s->has_m = s->has_mn = false;
    switch (f->id) {
    case HR_TYPE_Q4_0: case HR_TYPE_Q4_1: case HR_TYPE_Q5_0: case HR_TYPE_Q5_1: decode_q4_q5(f, block, s); break;
    case HR_TYPE_Q8_0: decode_q8_0(block, s); break;
    case HR_TYPE_Q2_K: decode_q2_k(block, j, s); break;
    case HR_TYPE_Q3_K: decode_q3_k(block, j, s); break;
    case HR_TYPE_Q4_K: case HR_TYPE_Q5_K: decode_q4_k_q5_k(f, block, j, s); break;
    case HR_TYPE_Q6_K: decode_q6_k(block, j, s); break;
    case HR_TYPE_IQ4_NL: decode_iq4_nl(block, s); break;
    case HR_TYPE_IQ4_XS: decode_iq4_xs(block, j, s); break;
    case HR_TYPE_MXFP4: decode_mxfp4(block, s); break;
    case HR_TYPE_TQ1_0: decode_tq1_0(block, j, s); break;
    default: hr_assert(f->id == HR_TYPE_TQ2_0); decode_tq2_0(block, j, s); break;
    }
}

void hr_dequant_row(const hr_format_info *f, const void *src, size_t k, float *dst) {
    const uint8_t *p = (const uint8_t *)src;
    if (!f->quantized) {
        for (size_t i = 0; i < k; i++) {
            dst[i] = f->id == HR_TYPE_F32 ? hr_f32_from_bits(hr_le32(p + 4 * i))
                     : f->id == HR_TYPE_F16 ? half_at(p + 2 * i) : hr_f32_of_bf16(hr_le16(p + 2 * i));
        }
        return;
    }
    hr_slice s;
    for (size_t i = 0; i < k; i += 32) {
        hr_decode_slice(f, p + i / f->block * f->bytes, i % f->block / 32, &s);
        for (size_t e = 0; e < 32; e++) {
            float v = s.d * (float)s.sc[e / 16] * (float)s.w[e]; /* exact: at most 11 + 7 + 6 bits */
            if (s.has_m) v += s.m;
            if (s.has_mn) v -= s.dmin * (float)s.mn[e / 16];
            dst[i + e] = v;
        }
    }
}
