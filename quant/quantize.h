/* quantize.h: f32 rows to blocks of every format the engine decodes, with scale search; and which tensor gets which type.
 *
 * Error measure: sum w (x - decoded x)^2. Without importances w is what suits the format (encode.c); with importances
 * (imatrix: the mean squared activation of each column) w = importance * sqrt(sigma^2 + x^2) as is usual, or the importance
 * itself. Every step of the search keeps only what lowers the error of the blocks as they will be decoded, f16 scales
 * included. Results are the same on every machine. */
#ifndef HR_QUANTIZE_H
#define HR_QUANTIZE_H
#include "engine/base/base.h"
#include "quant/formats.h"

/* One row of k elements (a multiple of the block) to blocks.
 *   x [k]   importance [k], not negative and finite, or NULL   dst row bytes
 *   isa  hr_cpu_isa(), asked once by the caller (cpuid is slow under some hypervisors), or less: only speed differs
 * Returns false when the row cannot be stored: a value is not finite, or a scale is beyond f16. dst is then undefined. */
HR_PRIVATE bool hr_quantize_row(const hr_format_info *f, const float *x, size_t k, const float *importance, void *dst,
                                uint32_t isa);
/* f32 rows from any format, faster than hr_dequant_row where it matters (F16, BF16) */
HR_PRIVATE void hr_quantize_source_row(const hr_format_info *f, const void *src, size_t k, float *dst);
/* sum of importance (or 1) times squared error of a quantized row, in double */
HR_PRIVATE double hr_quantize_error(const hr_format_info *f, const void *row, const float *x, size_t k,
                                    const float *importance, float *scratch /* [k] */);

/* encode_block.c, encode_super.c: 256 elements of a row (the last piece of a row of 32-blocks may have fewer).
 *   x, w [256]  w: error weights; beyond n both are 0       dst: n / block blocks
 * Made for the plain target and for AVX2; false when a scale is beyond f16. */
typedef bool hr_encode_fn(const hr_format_info *f, const float *x, const float *w, size_t n, uint8_t *dst);
HR_PRIVATE hr_encode_fn *hr_encode_block32(uint32_t isa);
HR_PRIVATE hr_encode_fn *hr_encode_super(uint32_t isa);
/* tables of the non-linear formats: values in ascending order, the middles between them */
HR_PRIVATE const hr_format_info *hr_format_named(const char *name, size_t n); /* "q4_k", "Q4_K"; NULL: unknown */
#endif
