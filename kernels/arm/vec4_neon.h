/* vec4_neon.h: what vec4.h needs from NEON (ARMv8.0: every AArch64 core). */
#ifndef HR_VEC4_NEON_H
#define HR_VEC4_NEON_H
#include "kernels/vec4_types.h"
#if defined(HR_HAS_VEC4) && defined(__aarch64__)
#include <arm_neon.h>

HR_V4_INLINE hr_v4f hr_v4_fma(hr_v4f a, hr_v4f b, hr_v4f c) {
    return (hr_v4f)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
/* table[index], index below 16 */
HR_V4_INLINE hr_v16u8 hr_v16_look_up(hr_v16u8 table, hr_v16u8 index) {
    return (hr_v16u8)vqtbl1q_u8((uint8x16_t)table, (uint8x16_t)index);
}
/* four halves */
HR_V4_INLINE hr_v4f hr_v4_load_halves(const uint8_t *p) {
    return (hr_v4f)vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p)));
}
/* acc + 4 products a lane; pairs are made in int32, so nothing saturates */
HR_V4_INLINE hr_v4i hr_v4_dot(hr_v4i acc, hr_v16i8 a, hr_v16i8 b) {
    int16x8_t low = vmull_s8(vget_low_s8((int8x16_t)a), vget_low_s8((int8x16_t)b));
    int16x8_t high = vmull_high_s8((int8x16_t)a, (int8x16_t)b);
    return (hr_v4i)vaddq_s32((int32x4_t)acc, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}
#endif
#endif
