/* fmath.h: the exact mathematics of the numerics contract (DESIGN 5.6): built of + - * / sqrt and fma only, so every
 * machine gives the same bits. No libm result ever reaches a logit.
 *
 * The f32 functions are the specification that vector kernels repeat lane by lane: no tables, no branches that min, max
 * and select cannot express, integer steps on the bits. Largest errors, found by tests/test_fmath.c against f64:
 *   hr_expf 1.1 ulp   hr_sigmoidf 2.6 ulp   hr_tanhf 1.4 ulp   hr_erff 1.1 ulp   hr_logf 0.6 ulp
 * NaN in gives the quiet NaN 0x7fc00000 out. The f64 functions are for tables (rope angles) and probabilities. */
#ifndef HR_FMATH_H
#define HR_FMATH_H
#include "engine/base/base.h"

#define HR_NAN_BITS 0x7fc00000u

/* fma(a,b,c) rounded once. Hardware where the target has it; else exact: the product of two floats is exact in double,
 * the sum is made round-to-odd with the error of a two-sum, and 53 >= 2*24 + 2 bits make the last rounding the only one
 * (Boldo & Melquiond 2008). */
HR_INLINE float hr_fma(float a, float b, float c) {
#if defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__aarch64__) || defined(__ARM_FEATURE_FMA)
    return __builtin_fmaf(a, b, c);
#else
    double p = (double)a * (double)b, s = p + (double)c;
    double t = s - p, e = (p - (s - t)) + ((double)c - t);
    if (e > 0.0 || e < 0.0) { /* inexact, and neither Inf nor NaN */
        uint64_t u;
        memcpy(&u, &s, sizeof u);
        if (!(u & 1)) u += ((e > 0.0) == (s > 0.0)) ? 1 : (uint64_t)-1;
        memcpy(&s, &u, sizeof s);
    }
    return (float)s;
#endif
}

HR_INLINE float hr_sqrtf(float x) { return __builtin_sqrtf(x); } /* IEEE: correctly rounded everywhere */
HR_INLINE float hr_absf(float x) { return hr_f32_from_bits(hr_f32_bits(x) & 0x7fffffffu); }

/* to the nearest integer, ties to even; |x| < 2^22 */
HR_INLINE float hr_rintf(float x) { return (x + 12582912.0f) - 12582912.0f; }

/* e^x. Overflows to Inf above 88.72, goes through the denormals to 0 below -103.9.
 * n = rint(x log2 e); r = x - n ln 2 in two pieces; polynomial of Cephes expf (Moshier); 2^n as two factors, so that a
 * denormal result is rounded once. */
HR_INLINE float hr_expf(float x) {
    float c = x > 89.0f ? 89.0f : x;
    c = c < -104.0f ? -104.0f : c;
    float kf = hr_fma(c, 1.44269504f, 12582912.0f);
    int32_t n = (int32_t)(hr_f32_bits(kf) - 0x4b400000u);
    float nf = kf - 12582912.0f;
    float r = hr_fma(nf, -0.693145752f, c);
    r = hr_fma(nf, -1.42860677e-6f, r);
    float p = 1.9875691500e-4f;
    p = hr_fma(p, r, 1.3981999507e-3f);
    p = hr_fma(p, r, 8.3334519073e-3f);
    p = hr_fma(p, r, 4.1665795894e-2f);
    p = hr_fma(p, r, 1.6666665459e-1f);
    p = hr_fma(p, r, 5.0000001201e-1f);
    p = hr_fma(p, r * r, r) + 1.0f;
    uint32_t half = (uint32_t)n & 0x80000000u ? ~(~(uint32_t)n >> 1) : (uint32_t)n >> 1; /* n >> 1, arithmetic */
    float y = p * hr_f32_from_bits((half + 127u) << 23) * hr_f32_from_bits(((uint32_t)n - half + 127u) << 23);
    return x != x ? hr_f32_from_bits(HR_NAN_BITS) : y;
}

/* 1 / (1 + e^-x); 0 below -88.72, where e^-x overflows, and not through the denormals */
HR_INLINE float hr_sigmoidf(float x) { return 1.0f / (1.0f + hr_expf(-x)); }

/* tanh: odd polynomial (Cephes tanhf) below 0.625, else 1 - 2 / (e^2|x| + 1) with the sign put back */
HR_INLINE float hr_tanhf(float x) {
    float a = hr_absf(x), z = x * x;
    float p = -5.70498872745e-3f;
    p = hr_fma(p, z, 2.06390887954e-2f);
    p = hr_fma(p, z, -5.37397155531e-2f);
    p = hr_fma(p, z, 1.33314422036e-1f);
    p = hr_fma(p, z, -3.33332819422e-1f);
    p = hr_fma(p * z, x, x);
    float q = 1.0f - 2.0f / (hr_expf(2.0f * a) + 1.0f);
    q = hr_f32_from_bits(hr_f32_bits(q) | (hr_f32_bits(x) & 0x80000000u));
    float y = a < 0.625f ? p : q;
    return x != x ? hr_f32_from_bits(HR_NAN_BITS) : y;
}

/* erf: odd polynomial below 475/512, else 1 - e^poly(|x|) (minimax coefficients published by N. Juffa) */
HR_INLINE float hr_erff(float x) {
    float a = hr_absf(x), s = x * x;
    float t = a > 4.0f ? 4.0f : a, s2 = t * t; /* erf(4) rounds to 1 */
    float r = hr_fma(-1.72853470e-5f, t, 3.83197126e-4f);
    float u = hr_fma(-3.88396438e-3f, t, 2.42546219e-2f);
    r = hr_fma(r, s2, u);
    r = hr_fma(r, t, -1.06777877e-1f);
    r = hr_fma(r, t, -6.34846687e-1f);
    r = hr_fma(r, t, -1.28717512e-1f);
    r = hr_fma(r, t, -t);
    float q = 1.0f - hr_expf(r);
    q = hr_f32_from_bits(hr_f32_bits(q) | (hr_f32_bits(x) & 0x80000000u));
    float p = -5.96761703e-4f;
    p = hr_fma(p, s, 4.99119423e-3f);
    p = hr_fma(p, s, -2.67681349e-2f);
    p = hr_fma(p, s, 1.12819925e-1f);
    p = hr_fma(p, s, -3.76125336e-1f);
    p = hr_fma(p, s, 1.28379166e-1f);
    p = hr_fma(p, x, x);
    float y = a > 0.927734375f ? q : p;
    return x != x ? hr_f32_from_bits(HR_NAN_BITS) : y;
}

/* f64, scalar; errors within 1.5 ulp (sin and cos: 4 ulp of the larger of the result and 1e-9) */
HR_PRIVATE double hr_exp(double x);
HR_PRIVATE double hr_log(double x);           /* x <= 0: -Inf at 0, NaN below */
HR_PRIVATE double hr_pow(double x, double y); /* x > 0; relative error (3 |y ln x| + 4) * 2^-53 */
HR_PRIVATE double hr_sin(double x);           /* |x| <= 2^31, else NaN */
HR_PRIVATE double hr_cos(double x);
HR_PRIVATE float hr_logf(float x);            /* (float)hr_log(x) */
#endif
