/* encode.c: a row to blocks: error weights, the simple formats, and who encodes the rest. Weights without importances are
 * close to those of ggml's quantizers (reference/formats.md section 7), so that "better" means much the same on both sides. */
#include "engine/base/fmath.h"
#include "quant/quantize.h"

enum { ENCODE_PIECE = 256 };

/* --- sources ------------------------------------------------------------------------------------------------------------ */
void hr_quantize_source_row(const hr_format_info *f, const void *src, size_t k, float *dst) {
    const uint8_t *p = (const uint8_t *)src;
    if (f->id == HR_TYPE_F16) {
        for (size_t i = 0; i < k; i++) { /* exponent and mantissa moved up; 2^112 corrects the bias, also of denormals */
            uint32_t h = hr_le16(p + 2 * i), a = (h & 0x7fffu) << 13;
            float v = hr_f32_from_bits(a) * 5.192296858534828e33f;
            uint32_t special = (h & 0x7c00u) == 0x7c00u ? 0x7f800000u | a : hr_f32_bits(v);
            dst[i] = hr_f32_from_bits(special | (h & 0x8000u) << 16);
        }
    } else {
        hr_dequant_row(f, src, k, dst);
    }
}

double hr_quantize_error(const hr_format_info *f, const void *row, const float *x, size_t k, const float *importance,
                         float *scratch) {
    double sum = 0;
    hr_dequant_row(f, row, k, scratch);
    for (size_t i = 0; i < k; i++) {
        double e = (double)scratch[i] - (double)x[i];
        sum += (importance != NULL ? (double)importance[i] : 1.0) * e * e;
    }
    return sum;
}

/* --- formats without search --------------------------------------------------------------------------------------------- */
static uint16_t bf16_of_f32(float f) {
    uint32_t u = hr_f32_bits(f);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16); /* ties to even; the value is finite */
}

static bool encode_floats(const hr_format_info *f, const float *x, size_t k, uint8_t *dst) {
    bool ok = true;
    for (size_t i = 0; i < k; i++) {
        uint32_t u = hr_f32_bits(x[i]);
        size_t bytes = f->bytes;
        if (f->id == HR_TYPE_F16) {
            u = hr_f16_of_f32(x[i]);
            ok = ok && (u & 0x7c00u) != 0x7c00u;
        } else if (f->id == HR_TYPE_BF16) {
            u = bf16_of_f32(x[i]);
            ok = ok && (u & 0x7f80u) != 0x7f80u;
        }
        for (size_t b = 0; b < bytes; b++) dst[i * bytes + b] = (uint8_t)(u >> (8 * b));
    }
    return ok;
}

/* trits by threshold |x| > t; the scale in closed form; thresholds from the largest magnitude's half (exact for rows that
 * are ternary already) downwards */
static void search_trits(const float *x, const float *w, float *best_d) {
    static const float part[8] = {0.5f, 0.6f, 0.4f, 0.33f, 0.27f, 0.22f, 0.17f, 0.12f};
    float top = 0.0f, best = -1.0f;
    for (int i = 0; i < 256; i++) top = hr_absf(x[i]) > top ? hr_absf(x[i]) : top;
    *best_d = top;
    for (int c = 0; c < 8; c++) {
        float d = 2.0f * part[c] * top;
        for (int round = 0; round < 3; round++) {
            float wx = 0.0f, ww = 0.0f;
            for (int i = 0; i < 256; i++) {
                bool on = hr_absf(x[i]) > 0.5f * d;
                wx += on ? w[i] * hr_absf(x[i]) : 0.0f;
                ww += on ? w[i] : 0.0f;
            }
            if (!(ww > 0.0f)) break;
            d = hr_f32_of_f16(hr_f16_of_f32(wx / ww));
            float gain = d * (2.0f * wx - d * ww);
            if (gain > best) best = gain, *best_d = d;
        }
    }
}

static bool encode_ternary(const hr_format_info *f, const float *x, const float *w, uint8_t *dst) {
    uint8_t t[256];
    float d;
    search_trits(x, w, &d);
    d = hr_f32_of_f16(hr_f16_of_f32(d));
    if (!(d <= 65504.0f)) return false;
    for (int i = 0; i < 256; i++) t[i] = (uint8_t)(hr_absf(x[i]) > 0.5f * d ? (x[i] > 0.0f ? 2 : 0) : 1);
    uint16_t h = hr_f16_of_f32(d);
    uint8_t *end = dst + f->bytes - 2;
    end[0] = (uint8_t)h;
    end[1] = (uint8_t)(h >> 8);
    if (f->id == HR_TYPE_TQ2_0) {
        for (int i = 0; i < 64; i++) {
            const uint8_t *p = t + 128 * (i / 32) + i % 32;
            dst[i] = (uint8_t)(p[0] | p[32] << 2 | p[64] << 4 | p[96] << 6);
        }
        return true;
    }
    for (int i = 0; i < 52; i++) { /* five trits a byte (four in the last four), as a fraction of 243 rounded up */
        const uint8_t *p = i < 32 ? t + i : i < 48 ? t + 160 + (i - 32) : t + 240 + (i - 48);
        int step = i < 32 ? 32 : i < 48 ? 16 : 4, n = i < 48 ? 5 : 4, v = 0;
        for (int j = 0; j < n; j++) v = 3 * v + p[j * step];
        if (n == 4) v *= 3;
        dst[i] = (uint8_t)((v * 256 + 242) / 243);
    }
    return true;
}

/* --- error weights ------------------------------------------------------------------------------------------------------ */
typedef enum { WEIGHT_ONE, WEIGHT_SQUARE, WEIGHT_LINEAR } weight_kind;

static weight_kind plain_weights(uint32_t id) {
    switch (id) {
    case HR_TYPE_Q3_K: case HR_TYPE_Q6_K: case HR_TYPE_IQ4_NL: case HR_TYPE_IQ4_XS: return WEIGHT_SQUARE;
    case HR_TYPE_Q2_K: case HR_TYPE_Q4_K: case HR_TYPE_Q5_K: return WEIGHT_LINEAR;
    default: return WEIGHT_ONE;
    }
}

static float mean_square(const float *x, size_t n) {
    float s[8] = {0};
    for (size_t i = 0; i + 8 <= n; i += 8) {
        for (size_t l = 0; l < 8; l++) s[l] += x[i + l] * x[i + l];
    }
    return (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))) / (float)n;
}

/* w [256] of a piece; row_square: mean square of the whole row */
static void weigh_piece(const hr_format_info *f, const float *x, const float *importance, float row_square, size_t n, float *w) {
    if (importance != NULL) {
        bool ternary = f->id == HR_TYPE_TQ1_0 || f->id == HR_TYPE_TQ2_0;
        bool plain = f->id == HR_TYPE_Q6_K || f->id == HR_TYPE_Q8_0 || f->id == HR_TYPE_MXFP4 || ternary;
        float sigma = f->block == 32 ? row_square : 2.0f * mean_square(x, 256);
        for (size_t i = 0; i < n; i++) w[i] = importance[i] * (plain ? 1.0f : hr_sqrtf(sigma + x[i] * x[i]));
        return;
    }
    switch (plain_weights(f->id)) {
    case WEIGHT_ONE:
        for (size_t i = 0; i < n; i++) w[i] = 1.0f;
        break;
    case WEIGHT_SQUARE: {
        for (size_t b = 0, step = f->block; b < n; b += step) { /* x^2 alone would give too much of the plain error away */
            float mean = mean_square(x + b, step);
            for (size_t i = b; i < b + step; i++) w[i] = mean + x[i] * x[i];
        }
        break;
    }
    default:
        for (size_t b = 0; b < n; b += 32) {
            float mean = hr_sqrtf(mean_square(x + b, 32));
            for (size_t i = b; i < b + 32; i++) w[i] = mean + hr_absf(x[i]);
        }
        break;
    }
}

/* --- rows --------------------------------------------------------------------------------------------------------------- */
/* finite, and for formats with f16 scales at most 65504 in magnitude: no model comes near, and no sum overflows */
static bool row_in_range(const float *x, size_t k, bool quantized) {
    uint32_t bad = 0, most = quantized ? 0x477fe000u : 0x7f7fffffu;
    for (size_t i = 0; i < k; i++) bad |= (hr_f32_bits(x[i]) & 0x7fffffffu) > most ? 1u : 0u;
    return bad == 0;
}

bool hr_quantize_row(const hr_format_info *f, const float *x, size_t k, const float *importance, void *dst, uint32_t isa) {
    hr_assert(k % f->block == 0 && f->runs);
    if (!row_in_range(x, k, f->quantized)) return false;
    if (!f->quantized) return encode_floats(f, x, k, (uint8_t *)dst);
    hr_encode_fn *encode = f->block == 32 ? hr_encode_block32(isa) : hr_encode_super(isa);
    bool ternary = f->id == HR_TYPE_TQ1_0 || f->id == HR_TYPE_TQ2_0, ok = true;
    float px[ENCODE_PIECE], pw[ENCODE_PIECE], row_square = importance != NULL ? mean_square(x, k) : 0.0f;
    for (size_t i = 0; i < k; i += ENCODE_PIECE) {
        size_t n = hr_min_size(k - i, ENCODE_PIECE);
        uint8_t *to = (uint8_t *)dst + i / f->block * f->bytes;
        const float *piece = x + i;
        if (n < ENCODE_PIECE) {
            memset(px, 0, sizeof px);
            memset(pw, 0, sizeof pw);
            memcpy(px, piece, n * sizeof(float));
            piece = px;
        }
        weigh_piece(f, piece, importance != NULL ? importance + i : NULL, row_square, n, pw);
        ok = (ternary ? encode_ternary(f, piece, pw, to) : encode(f, piece, pw, n, to)) && ok;
    }
    return ok;
}

const hr_format_info *hr_format_named(const char *name, size_t n) {
    for (uint32_t id = 0; id < 64; id++) {
        const hr_format_info *f = hr_format_of(id);
        if (f == NULL || strlen(f->name) != n) continue;
        size_t i = 0;
        while (i < n && (name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]) == f->name[i]) i++;
        if (i == n) return f;
    }
    return NULL;
}
