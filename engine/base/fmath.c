/* fmath.c: f64 functions for tables and probabilities, of + - * / only: the same bits on every IEEE machine. Series are
 * plain Taylor series after an exact reduction: these calls are few, and their error is easy to see. */
#include "engine/base/fmath.h"

static double f64_from_bits(uint64_t u) {
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}

static uint64_t f64_bits(double d) {
    uint64_t u;
    memcpy(&u, &d, sizeof u);
    return u;
}

#define FMATH_LN2_HI 0x1.62e42feep-1          /* 33 bits: n * HI is exact for |n| < 2^20 */
#define FMATH_LN2_LO 0x1.a39ef35793c76p-33

double hr_exp(double x) {
    if (x != x) return f64_from_bits(0x7ff8000000000000u);
    if (x > 709.8) return f64_from_bits(0x7ff0000000000000u);
    if (x < -745.2) return 0.0;
    double n = (x * 0x1.71547652b82fep0 + 6755399441055744.0) - 6755399441055744.0;
    double r = (x - n * FMATH_LN2_HI) - n * FMATH_LN2_LO;
    /* |r| <= 0.3466: r^14 / 14! < 5e-18 */
    double p = 1.0 / 6227020800.0;
    static const double inv_factorial[] = {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0,
                                           1.0 / 40320.0,     1.0 / 5040.0,     1.0 / 720.0,     1.0 / 120.0,
                                           1.0 / 24.0,        1.0 / 6.0,        0.5};
    for (size_t i = 0; i < HR_COUNT(inv_factorial); i++) p = p * r + inv_factorial[i];
    double y = 1.0 + (r + r * r * p);
    int64_t k = (int64_t)n, half = k / 2;
    return y * f64_from_bits((uint64_t)(half + 1023) << 52) * f64_from_bits((uint64_t)(k - half + 1023) << 52);
}

double hr_log(double x) {
    if (x != x || x < 0.0) return f64_from_bits(0x7ff8000000000000u);
    if (x == 0.0) return f64_from_bits(0xfff0000000000000u);
    uint64_t u = f64_bits(x);
    int64_t e = 0;
    if (u == 0x7ff0000000000000u) return x;
    if (u >> 52 == 0) { /* denormal */
        u = f64_bits(x * 0x1p54);
        e = -54;
    }
    /* m in [sqrt(1/2), sqrt(2)) */
    uint64_t shift = u + (0x3ff0000000000000u - 0x3fe6a09e00000000u);
    e += (int64_t)(shift >> 52) - 1023;
    double m = f64_from_bits((shift & 0x000fffffffffffffu) + 0x3fe6a09e00000000u);
    double f = m - 1.0, s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    double q = 0.0; /* sum of 2 z^i / (2i + 1), i = 1..11; z < 0.0295 */
    for (int i = 11; i >= 1; i--) q = z * (2.0 / (2 * i + 1) + q);
    double n = (double)e;
    return n * FMATH_LN2_HI - ((h - (s * (h + q) + n * FMATH_LN2_LO)) - f);
}

double hr_pow(double x, double y) { return hr_exp(y * hr_log(x)); }

/* sin and cos of r, |r| <= pi/4 */
static double sin_small(double r) {
    double z = r * r, p = 0.0;
    for (int i = 17; i >= 3; i -= 2) p = -z * (1.0 + p) / (double)(i * (i - 1));
    return r + r * p;
}

static double cos_small(double r) {
    double z = r * r, p = 0.0;
    for (int i = 18; i >= 4; i -= 2) p = -z * (1.0 + p) / (double)(i * (i - 1));
    return 1.0 - z * 0.5 * (1.0 + p);
}

/* x = n * pi/2 + r. pi/2 is cut into pieces of 21 bits, so that n * piece is exact for n < 2^32 (Cody & Waite). */
static double reduce_angle(double x, uint32_t *quadrant) {
    double n = (x * 0x1.45f306dc9c883p-1 + 6755399441055744.0) - 6755399441055744.0;
    *quadrant = (uint32_t)(int64_t)n & 3u;
    double r = x - n * 0x1.921fbp0;
    r -= n * 0x54442p-40;
    r -= n * 0xd1846p-60;
    r -= n * 0x9898cp-80;
    return r - n * 0xc51701b839ap-124;
}

static double sin_of_quadrant(double x, uint32_t add) {
    if (!(x >= -2147483648.0 && x <= 2147483648.0)) return f64_from_bits(0x7ff8000000000000u);
    uint32_t quadrant;
    double r = reduce_angle(x, &quadrant);
    quadrant = (quadrant + add) & 3u;
    double y = quadrant & 1u ? cos_small(r) : sin_small(r);
    return quadrant & 2u ? -y : y;
}

double hr_sin(double x) { return sin_of_quadrant(x, 0); }
double hr_cos(double x) { return sin_of_quadrant(x, 1); }
float hr_logf(float x) {
    float y = (float)hr_log((double)x);
    return y != y ? hr_f32_from_bits(HR_NAN_BITS) : y;
}

#undef FMATH_LN2_HI
#undef FMATH_LN2_LO
