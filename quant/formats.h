/* formats.h: the block formats of GGUF tensors: ids, sizes, field order. A leaf header: kernels, quantizers, the GGUF
 * reader and the engine all read the one table behind hr_format_of. Byte layouts: formats.c, from the ggml format
 * description (reference/formats.md section 4). */
#ifndef HR_FORMATS_H
#define HR_FORMATS_H
#include "engine/base/base.h"

/* ids as stored in a file */
enum hr_type {
    HR_TYPE_F32 = 0, HR_TYPE_F16 = 1, HR_TYPE_Q4_0 = 2, HR_TYPE_Q4_1 = 3, HR_TYPE_Q5_0 = 6, HR_TYPE_Q5_1 = 7,
    HR_TYPE_Q8_0 = 8, HR_TYPE_Q2_K = 10, HR_TYPE_Q3_K = 11, HR_TYPE_Q4_K = 12, HR_TYPE_Q5_K = 13, HR_TYPE_Q6_K = 14,
    HR_TYPE_IQ4_NL = 20, HR_TYPE_IQ4_XS = 23, HR_TYPE_BF16 = 30, HR_TYPE_TQ1_0 = 34, HR_TYPE_TQ2_0 = 35,
    HR_TYPE_MXFP4 = 39,
    HR_TYPE_PACKED = 0x10000 /* added to the id of a format that runs: its packs, in a file of `hearth pack` */
};

/* One field of a block, in file order: `bytes` long, permuted in packs in units of `unit` bytes (2 for a half, 1 for a
 * lone byte, 4 for byte arrays). */
typedef struct hr_field {
    uint8_t bytes;
    uint8_t unit;
} hr_field;

typedef struct hr_format_info {
    uint32_t id;       /* enum hr_type */
    const char *name;  /* "Q4_K", "Q4_K_R16K4" */
    uint16_t block;    /* elements in a block */
    uint16_t bytes;    /* bytes of a block */
    bool runs;         /* Hearth can compute with it; false: known to the format, refused by name */
    bool quantized;    /* takes int8 activations; false: f32 activations (F32, F16, BF16) */
    bool packed;       /* blocks lie in packs (below); runs is false: whoever reads rows must not take it for the format */
    uint8_t n_fields;
    hr_field field[6];
} hr_format_info;

/* NULL for an unknown or removed id. Ids that are known but not run have runs == false (IQ2_XXS, NVFP4, I32 ...). */
HR_PRIVATE const hr_format_info *hr_format_of(uint32_t id);
/* bytes of a row of k elements; k must be a multiple of the block; false on overflow or a bad k */
HR_PRIVATE bool hr_format_row_bytes(const hr_format_info *f, uint64_t k, uint64_t *bytes);
/* bytes of n_mats matrices [rows][k] in a file; packs hold whole groups of rows */
HR_PRIVATE bool hr_format_tensor_bytes(const hr_format_info *f, uint64_t k, uint64_t rows, uint64_t n_mats,
                                       uint64_t *bytes);

/* f16 <-> f32, exact; rounding to nearest even on the way down */
HR_PRIVATE float hr_f32_of_f16(uint16_t h);
HR_PRIVATE uint16_t hr_f16_of_f32(float f);
HR_INLINE float hr_f32_of_bf16(uint16_t b) { return hr_f32_from_bits((uint32_t)b << 16); }

/* 32 elements of a block as integers and scales: the one place where the bits are understood. The value of element i
 * (half h = i / 16) is  d * sc[h] * w[i] + m - dmin * mn[h], where only Q4_1, Q5_1, Q4_K, Q5_K have m and only Q2_K mn. */
typedef struct hr_slice {
    int8_t w[32];
    int32_t sc[2]; /* sub-scales of Q2_K, Q3_K, Q6_K; 1 elsewhere */
    float d;       /* with the sub-scale multiplied in (exactly) for Q4_K, Q5_K, IQ4_XS */
    float m;       /* added to every element: Q4_1, Q5_1 m; Q4_K, Q5_K -(dmin * mn), exact */
    float dmin;
    int32_t mn[2];
    bool has_m, has_mn;
} hr_slice;
/* slice j of a block, j < block / 32; quantized formats only */
HR_PRIVATE void hr_decode_slice(const hr_format_info *f, const uint8_t *block, size_t j, hr_slice *out);

/* One row of k elements to f32: value of element as in reference/formats.md section 4, products exact, one rounding.
 *   src  row-major blocks of the format      dst  [k] */
HR_PRIVATE void hr_dequant_row(const hr_format_info *f, const void *src, size_t k, float *dst);

/* --- packs (DESIGN 6): a lossless permutation, geometry "16x4" -----------------------------------------------------
 * Rows are taken in groups of 16; a short last group is filled with zero bytes. A group holds, for each block along k,
 * for each field of the block in file order, for each unit of the field, that unit of the 16 rows side by side:
 *     pack[group][block][field][unit][row 0..15]
 * F32/F16/BF16 are blocks of one element: pack[group][k][16]. A 64-byte vector of a quant field is thus 16 rows x 4
 * consecutive bytes, and a vector of halves is the scale of 16 rows. */
#define HR_PACK_ROWS 16
#define HR_PACK_GEOMETRY "r16k4" /* the name in a file: 16 rows x 4 bytes along k */
#define HR_PACK_ALIGN 64         /* of a pack, for the kernels */
HR_PRIVATE bool hr_pack_bytes(const hr_format_info *f, uint64_t rows, uint64_t k, uint64_t *bytes);
/* packs rows [row0, row0+n) (row0 a multiple of 16; n a multiple of 16 unless it ends the tensor)
 *   src  those rows, row-major      pack  the whole tensor's pack */
HR_PRIVATE void hr_pack_rows(const hr_format_info *f, const void *src, size_t row0, size_t n, size_t k, void *pack);
/* one row back to row-major blocks, bit for bit */
HR_PRIVATE void hr_unpack_row(const hr_format_info *f, const void *pack, size_t row, size_t k, void *dst);
#endif
