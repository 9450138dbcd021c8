/* scan_neon.c: sums under signs, and int8 dots of rows with one query.
 * Exact: no element is -128, so two products fit 16 bits; sdot where it is. */
#if defined(__GNUC__) && defined(__aarch64__) && !defined(HR_NO_NEON)
#include "kernels/kernel.h"
#include <arm_neon.h>

static void scan_i8_neon(const int8_t *rows, size_t n, size_t stride, const int8_t *q, int32_t *dot) {
    for (size_t r = 0; r < n; r++, rows += stride) {
        int32x4_t a = vdupq_n_s32(0), b = a;
        for (size_t i = 0; i < stride; i += 32) {
            int8x16_t x0 = vld1q_s8(rows + i), x1 = vld1q_s8(rows + i + 16), y0 = vld1q_s8(q + i), y1 = vld1q_s8(q + i + 16);
            a = vpadalq_s16(a, vmlal_s8(vmull_s8(vget_low_s8(x0), vget_low_s8(y0)), vget_high_s8(x0), vget_high_s8(y0)));
            b = vpadalq_s16(b, vmlal_s8(vmull_s8(vget_low_s8(x1), vget_low_s8(y1)), vget_high_s8(x1), vget_high_s8(y1)));
        }
        dot[r] = vaddvq_s32(vaddq_s32(a, b));
    }
}
HR_KERNEL(scan_i8, scan_i8_neon, HR_ISA_NEON, 10, 1, 1)

static void scan_signs_neon(const uint8_t *blocks, size_t n, size_t cols, const uint8_t *table, int32_t *dot) {
    for (size_t i = 0; i < 4 * n; i++, dot += 16) { /* 16 rows of a block */
        const uint8_t *x = blocks + (i / 4 * cols * 4 + i % 4) * 16;
        memset(dot, 0, 16 * sizeof *dot);
        for (size_t from = 0; from < cols; from += 256) { /* 256 * 254 < 2^16 */
            uint16x8_t a = vdupq_n_u16(0), b = a;
            for (size_t j = from; j < cols && j < from + 256; j++) {
                uint8x16_t v = vld1q_u8(x + 64 * j);
                v = vaddq_u8(vqtbl1q_u8(vld1q_u8(table + 32 * j), vandq_u8(v, vdupq_n_u8(15))),
                             vqtbl1q_u8(vld1q_u8(table + 32 * j + 16), vshrq_n_u8(v, 4)));
                a = vaddw_u8(a, vget_low_u8(v));
                b = vaddw_u8(b, vget_high_u8(v));
            }
            const uint16x4_t part[4] = {vget_low_u16(a), vget_high_u16(a), vget_low_u16(b), vget_high_u16(b)};
            for (size_t k = 0; k < 4; k++) {
                vst1q_s32(dot + 4 * k, vaddq_s32(vld1q_s32(dot + 4 * k), vreinterpretq_s32_u32(vmovl_u16(part[k]))));
            }
        }
    }
}
HR_KERNEL(scan_signs, scan_signs_neon, HR_ISA_NEON, 10, 1, 1)

#if !defined(HR_NO_DOTPROD)
#if defined(__clang__)
__attribute__((target("dotprod")))
#else
__attribute__((target("arch=armv8.2-a+dotprod")))
#endif
static void scan_i8_dotprod(const int8_t *rows, size_t n, size_t stride, const int8_t *q, int32_t *dot) {
    for (size_t r = 0; r < n; r++, rows += stride) {
        int32x4_t a = vdupq_n_s32(0), b = a, c = a, d = a;
        for (size_t i = 0; i < stride; i += 64) {
            int8x16_t x0 = vld1q_s8(rows + i), x1 = vld1q_s8(rows + i + 16), y0 = vld1q_s8(q + i), y1 = vld1q_s8(q + i + 16);
            __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(a) : "w"(x0), "w"(y0));
            __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(b) : "w"(x1), "w"(y1));
            x0 = vld1q_s8(rows + i + 32), x1 = vld1q_s8(rows + i + 48), y0 = vld1q_s8(q + i + 32), y1 = vld1q_s8(q + i + 48);
            __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(c) : "w"(x0), "w"(y0));
            __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(d) : "w"(x1), "w"(y1));
        }
        dot[r] = vaddvq_s32(vaddq_s32(vaddq_s32(a, b), vaddq_s32(c, d)));
    }
}
HR_KERNEL(scan_i8, scan_i8_dotprod, HR_ISA_NEON | HR_ISA_DOTPROD, 20, 1, 1)
#endif
#else
typedef int hr_no_scan_neon; /* a file may not be empty */
#endif
