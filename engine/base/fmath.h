/* fmath.h: the exact mathematics of the numerics contract (DESIGN 5.6): built of + - * / sqrt and fma only, so every
 * machine gives the same bits. No libm result ever reaches a logit. Scalar definitions live here, in this header, as
 * inline functions over plain operations: they are the specification that vector kernels repeat lane by lane.
 * Each function states its range and its largest error in ulp, tested against f64 over the whole range. */
#ifndef HR_FMATH_H
#define HR_FMATH_H
#include "base.h"

/* fma(a,b,c) rounded once. Hardware where the target has it, else exact through double with round-to-odd. */
HR_INLINE float hr_fma(float a, float b, float c);
HR_INLINE float hr_sqrtf(float x);
HR_INLINE double hr_fma64(double a, double b, double c);
/* round to nearest even, |x| < 2^22 */
HR_INLINE float hr_rintf(float x);

HR_INLINE float hr_expf(float x);
HR_INLINE float hr_tanhf(float x);
HR_INLINE float hr_erff(float x);
HR_INLINE float hr_logf(float x);
#endif
