/* dot_dsp.h: 32 products of int8 by SMLAD, two an instruction, on Cortex-M4, M7, M33: the integers of the plain loop. */
#ifndef HR_DOT_DSP_H
#define HR_DOT_DSP_H
#include "engine/base/base.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32) && !defined(HR_NO_DSP)
#define HR_DOT_DSP 1
/* isum[h] += w . x over elements 16h .. 16h + 15 */
HR_INLINE void hr_dot_dsp(const int8_t *w, const int8_t *x, int32_t isum[2]) {
    for (int i = 0; i < 32; i += 4) {
        uint32_t a, b;
        memcpy(&a, w + i, 4);
        memcpy(&b, x + i, 4);
        isum[i / 16] = __builtin_arm_smlad(__builtin_arm_sxtb16(a), __builtin_arm_sxtb16(b), isum[i / 16]);
        isum[i / 16] = __builtin_arm_smlad(__builtin_arm_sxtb16(a >> 8), __builtin_arm_sxtb16(b >> 8), isum[i / 16]);
    }
}
#endif
#endif
