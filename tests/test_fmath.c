/* The exact mathematics against libm: fma against fmaf, the f32 functions against f64 libm, the f64 functions against
 * long double libm; libm is the independent source, and is used nowhere in the library. Hashes of many results, the same
 * constants in every build, are what makes gcc, clang, -O0, -O3, AArch64 and the drop agree.
 * HEARTH_TEST_FULL=1 takes every float and 400 M fma triples instead of a stride through them. */
#include "tests/t.h"
#include "engine/base/fmath.h"

typedef struct math_rng {
    uint64_t state;
} math_rng;

static uint64_t draw(math_rng *r) { /* splitmix64 */
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool full_run(void) { return getenv("HEARTH_TEST_FULL") != NULL; }
/* sanitized, unoptimised and emulated builds take fewer points; the optimised native ones take them all */
static uint64_t scaled(uint64_t n) {
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
    return n / 8;
#else
    return n;
#endif
}

/* --- fma ---------------------------------------------------------------------------------------------------------- */
static bool same_f32(float a, float b) { return a != a ? b != b : hr_f32_bits(a) == hr_f32_bits(b); }

/* libm's fmaf is correctly rounded: the hardware's where there is one, while hr_fma here is the software path on x86 */
static long fma_misses(float a, float b, float c) {
    volatile float va = a, vb = b, vc = c; /* no folding: libm must compute, not the compiler */
    float want = fmaf(va, vb, vc), got = hr_fma(a, b, c);
    if (same_f32(want, got)) return 0;
    T_FAIL("fma(%a, %a, %a): %a, libm %a", (double)a, (double)b, (double)c, (double)got, (double)want);
    return 1;
}

T_TEST(fma_of_every_special_pair) {
    static const uint32_t bits[] = {0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x00800001,
                                    0x33800000, 0x34000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0xbf800000, 0xbf800001,
                                    0x4b7fffff, 0x4b800000, 0x5f000000, 0x7f000000, 0x7f7fffff, 0xff7fffff, 0x7f800000,
                                    0xff800000, 0x7fc00000, 0xffc00001, 0x00000003, 0x3fc00000, 0x1f800000, 0x20000000};
    long misses = 0;
    for (size_t i = 0; i < HR_COUNT(bits); i++) {
        for (size_t j = 0; j < HR_COUNT(bits); j++) {
            for (size_t k = 0; k < HR_COUNT(bits); k++) {
                misses += fma_misses(hr_f32_from_bits(bits[i]), hr_f32_from_bits(bits[j]), hr_f32_from_bits(bits[k]));
            }
        }
    }
    T_EQ_I(misses, 0);
}

T_TEST(fma_of_random_bits) {
    math_rng r = {1};
    uint64_t n = full_run() ? 200000000u : scaled(8000000);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t x = draw(&r), y = draw(&r);
        if (fma_misses(hr_f32_from_bits((uint32_t)x), hr_f32_from_bits((uint32_t)(x >> 32)),
                       hr_f32_from_bits((uint32_t)y))) return;
    }
}

/* c near -a*b, near half an ulp of it, or the product near the denormals: where a second rounding would show */
T_TEST(fma_near_ties_and_cancellation) {
    math_rng r = {2};
    uint64_t n = full_run() ? 200000000u : scaled(8000000);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t x = draw(&r), y = draw(&r);
        /* few mantissa bits make exact ties common */
        uint32_t mask_a = 0xffffffffu << (y & 15) , mask_b = 0xffffffffu << (y >> 4 & 15);
        int ea = (int)(y >> 8 & 63) - 32, eb = (int)(y >> 14 & 63) - 32;
        if ((y >> 20 & 3) == 0) ea -= 60, eb -= 60; /* denormal results */
        uint32_t ua = ((uint32_t)x & 0x007fffffu & mask_a) | (uint32_t)(127 + ea) << 23 | ((uint32_t)x & 0x80000000u);
        uint32_t ub = ((uint32_t)(x >> 32) & 0x007fffffu & mask_b) | (uint32_t)(127 + eb) << 23;
        float a = hr_f32_from_bits(ua), b = hr_f32_from_bits(ub);
        double p = (double)a * (double)b;
        /* gap: 2^0, 2^-23 .. 2^-26 and 2^-48 .. of the product, either way round */
        static const int gaps[] = {0, 0, 1, 22, 23, 24, 25, 26, 27, 47, 48, 49, 60, -1, -23, -24, -25, -26, -48, -60};
        double scaled_p = ldexp(p, -gaps[(y >> 24) % HR_COUNT(gaps)]);
        float c = (float)scaled_p;
        uint32_t uc = hr_f32_bits(c);
        if (y >> 33 & 1) uc &= 0xff800000u; /* a power of two */
        if (y >> 34 & 1) uc ^= 0x80000000u;
        if (y >> 35 & 1) uc += (uint32_t)(y >> 36 & 3) - 1u;
        if (fma_misses(a, b, hr_f32_from_bits(uc))) return;
    }
}

/* where two roundings and one differ, a*b+c has two and hr_fma one: the pragma in base.h holds in this build */
T_TEST(products_and_sums_are_not_contracted) {
    volatile float va = 1.0f + 0x1p-12f, vc = -(1.0f + 0x1p-11f); /* a*a = 1 + 2^-11 + 2^-24: the tie goes to -c */
    float a = va, c = vc;
    float plain = a * a + c, fused = hr_fma(a, a, c);
    T_EQ_U(hr_f32_bits(plain), 0);
    T_EQ_U(hr_f32_bits(fused), hr_f32_bits(0x1p-24f));
    volatile double vd = 1.0 + 0x1p-27, ve = -(1.0 + 0x1p-26);
    double d = vd, e = ve;
    T_CHECK(d * d + e == 0.0);
}

T_TEST(sqrtf_is_correctly_rounded) {
    math_rng r = {3};
    uint64_t n = scaled(2000000);
    long wrong = 0;
    for (uint64_t i = 0; i < n; i++) {
        float x = hr_f32_from_bits((uint32_t)draw(&r) & 0x7fffffffu);
        if (!(x <= 3.4e38f)) continue;
        /* y is right when x lies between the squares of its two midpoints, which f64 holds exactly (25 bits each) */
        float y = hr_sqrtf(x);
        double below = ((double)y + (double)hr_f32_from_bits(hr_f32_bits(y) - 1u)) * 0.5;
        double above = ((double)y + (double)hr_f32_from_bits(hr_f32_bits(y) + 1u)) * 0.5;
        if (x > 0.0f) wrong += !(below * below <= (double)x && (double)x <= above * above);
    }
    T_EQ_I(wrong, 0);
    T_EQ_U(hr_f32_bits(hr_sqrtf(hr_f32_from_bits(0x80000000u))), 0x80000000u);
    volatile float minus = -1.0f;
    T_CHECK(hr_sqrtf(minus) != hr_sqrtf(minus));
    T_CHECK(hr_sqrtf(INFINITY) == INFINITY);
}

/* --- f32 functions ------------------------------------------------------------------------------------------------ */
/* ulps of the float nearest to want; the smallest is 2^-149 */
static double error_ulp(float got, double want) {
    if (want != want) return hr_f32_bits(got) == HR_NAN_BITS ? 0.0 : 1e30;
    float near = (float)want;
    if (isinf(near) || isinf(got)) return isinf(near) && near == got ? 0.0 : 1e30;
    int e;
    frexp(fabs(want), &e);
    return fabs((double)got - want) / ldexp(1.0, e - 24 < -149 || want == 0.0 ? -149 : e - 24);
}

typedef float f32_fn(float);
typedef double f64_fn(double);

static float call_exp(float x) { return hr_expf(x); }
static float call_sigmoid(float x) { return hr_sigmoidf(x); }
static float call_tanh(float x) { return hr_tanhf(x); }
static float call_erf(float x) { return hr_erff(x); }
static float call_log(float x) { return hr_logf(x); }
static double libm_sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

typedef struct sweep {
    double worst;
    float at;
    uint64_t hash;
} sweep;

/* every `step`-th bit pattern; step is a prime, so that all low bits come up. Points outside [low, high] only hash. */
static sweep sweep_all(f32_fn *mine, f64_fn *libm, uint32_t step, float low, float high) {
    sweep s = {0.0, 0.0f, 14695981039346656037u};
    for (uint64_t u = 0; u < (uint64_t)1 << 32; u += step) {
        float x = hr_f32_from_bits((uint32_t)u), y = mine(x);
        s.hash = (s.hash ^ hr_f32_bits(y)) * 1099511628211u; /* FNV-1a over words */
        if (libm == NULL || x < low || x > high) continue;
        double e = error_ulp(y, libm((double)x));
        if (e > s.worst) s.worst = e, s.at = x;
    }
    return s;
}

static void check_f32(const char *name, f32_fn *mine, f64_fn *libm, double bound, uint64_t hash, float low, float high) {
    enum { HASH_STEP = 4099 };
    sweep h = sweep_all(mine, NULL, HASH_STEP, 0.0f, 0.0f);
    sweep s = sweep_all(mine, libm, full_run() ? 1 : (scaled(8) == 8 ? 509 : 4099), low, high);
    printf("    %s: %.4f ulp at %a (%.9g); hash %016llx\n", name, s.worst, (double)s.at, (double)s.at,
           (unsigned long long)h.hash);
    if (s.worst > bound) T_FAIL("%s: %.4f ulp at %a, stated %.2f", name, s.worst, (double)s.at, bound);
    T_EQ_U(h.hash, hash);
}

/* stated in fmath.h; f64 libm is within 1 ulp of f64, 2^-29 of an ulp here */
T_TEST(expf_over_all_floats) { check_f32("exp", call_exp, exp, 1.1, 0x96c9c9a5129ddaa4u, -INFINITY, INFINITY); }
T_TEST(sigmoidf_over_all_floats) {
    check_f32("sigmoid", call_sigmoid, libm_sigmoid, 2.6, 0xd7d038c67aaa88b0u, -88.72f, INFINITY);
}
T_TEST(tanhf_over_all_floats) { check_f32("tanh", call_tanh, tanh, 1.4, 0x844d838ff4ee0871u, -INFINITY, INFINITY); }
T_TEST(erff_over_all_floats) { check_f32("erf", call_erf, erf, 1.1, 0x522aecac7332eec4u, -INFINITY, INFINITY); }
T_TEST(logf_over_all_floats) { check_f32("log", call_log, log, 0.6, 0x7c8959df3a6a7a51u, -INFINITY, INFINITY); }

T_TEST(f32_functions_at_their_edges) {
    const float inf = INFINITY, nan = hr_f32_from_bits(0xffc12345u);
    T_EQ_U(hr_f32_bits(hr_expf(0.0f)), 0x3f800000u);
    T_EQ_U(hr_f32_bits(hr_expf(-inf)), 0);
    T_CHECK(hr_expf(inf) == inf);
    T_CHECK(hr_expf(88.72284f) == inf && hr_expf(88.72283f) < inf); /* ln of the largest float is 88.722839 */
    T_EQ_U(hr_f32_bits(hr_expf(-103.97f)), 1);  /* the smallest denormal is e^-103.279, half of it e^-103.972 */
    T_EQ_U(hr_f32_bits(hr_expf(-103.98f)), 0);
    T_EQ_U(hr_f32_bits(hr_expf(nan)), HR_NAN_BITS);
    T_EQ_U(hr_f32_bits(hr_sigmoidf(0.0f)), 0x3f000000u);
    T_CHECK(hr_sigmoidf(inf) == 1.0f);
    T_EQ_U(hr_f32_bits(hr_sigmoidf(-inf)), 0);
    T_EQ_U(hr_f32_bits(hr_sigmoidf(-88.73f)), 0); /* stated in fmath.h: not through the denormals */
    T_EQ_U(hr_f32_bits(hr_sigmoidf(nan)), HR_NAN_BITS);
    T_CHECK(hr_tanhf(inf) == 1.0f && hr_tanhf(-inf) == -1.0f && hr_tanhf(0.0f) == 0.0f);
    T_EQ_U(hr_f32_bits(hr_tanhf(nan)), HR_NAN_BITS);
    T_CHECK(hr_erff(inf) == 1.0f && hr_erff(-inf) == -1.0f && hr_erff(0.0f) == 0.0f);
    T_EQ_U(hr_f32_bits(hr_erff(nan)), HR_NAN_BITS);
    T_CHECK(hr_logf(0.0f) == -inf && hr_logf(-0.0f) == -inf && hr_logf(inf) == inf && hr_logf(1.0f) == 0.0f);
    T_EQ_U(hr_f32_bits(hr_logf(-1.0f)), HR_NAN_BITS);
    T_EQ_U(hr_f32_bits(hr_logf(nan)), HR_NAN_BITS);
    T_CHECK(hr_absf(-2.5f) == 2.5f);
    T_CHECK(hr_rintf(2.5f) == 2.0f && hr_rintf(3.5f) == 4.0f && hr_rintf(-2.5f) == -2.0f && hr_rintf(-0.4f) == 0.0f);
}

/* --- f64 functions ------------------------------------------------------------------------------------------------ */
static double from_bits64(uint64_t u) {
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}

/* error in ulps of f64 at `want`; at least of `floor_at` */
static double error_ulp64(double got, long double want, double floor_at) {
    if (isinf((double)want) || isinf(got)) return (double)want == got ? 0.0 : 1e30;
    if (want != want) return got != got ? 0.0 : 1e30;
    int e;
    double size = fmax(fabs((double)want), floor_at);
    frexp(size, &e);
    return (double)(fabsl((long double)got - want) / ldexpl(1.0L, e - 53 < -1074 || size == 0.0 ? -1074 : e - 53));
}

typedef struct worst64 {
    double ulp, at;
    uint64_t hash;
} worst64;

static void take64(worst64 *w, double x, double got, long double want, double floor_at) {
    double e = error_ulp64(got, want, floor_at);
    uint64_t u;
    memcpy(&u, &got, sizeof u);
    w->hash = (w->hash ^ u) * 1099511628211u;
    if (e > w->ulp) w->ulp = e, w->at = x;
}

static void judge64(const char *name, const worst64 *w, double bound, uint64_t hash) {
    printf("    %s: %.3f ulp at %a; hash %016llx\n", name, w->ulp, w->at, (unsigned long long)w->hash);
    if (!(w->ulp <= bound)) T_FAIL("%s: %.3f ulp at %a, stated %.1f", name, w->ulp, w->at, bound);
    T_EQ_U(w->hash, hash);
}

/* long double is the reference: 11 bits more than f64 on x86, 60 more on AArch64; where it is f64, nothing is learned */
#define NEED_LONG_DOUBLE() do { if (sizeof(long double) == sizeof(double)) T_SKIP("long double is f64 here"); } while (0)
enum { POINTS_64 = 200000 };

T_TEST(exp_within_its_bound) {
    NEED_LONG_DOUBLE();
    math_rng r = {4};
    worst64 w = {0.0, 0.0, 14695981039346656037u};
    for (long i = 0; i < POINTS_64; i++) {
        double x = ((double)(draw(&r) >> 11) * 0x1p-53 * 2.0 - 1.0) * (i & 1 ? 760.0 : 2.0);
        take64(&w, x, hr_exp(x), expl((long double)x), 0.0);
    }
    judge64("exp", &w, 1.5, 0xee9b927b966dfa99u);
    T_CHECK(hr_exp(0.0) == 1.0 && hr_exp(INFINITY) == INFINITY && hr_exp(-INFINITY) == 0.0);
    T_CHECK(hr_exp(NAN) != hr_exp(NAN));
}

T_TEST(log_within_its_bound) {
    NEED_LONG_DOUBLE();
    math_rng r = {5};
    worst64 w = {0.0, 0.0, 14695981039346656037u};
    for (long i = 0; i < POINTS_64; i++) {
        uint64_t u = draw(&r) >> 1;
        double x = from_bits64(u);
        if (i % 3 == 0) x = 1.0 + ((double)(u >> 10) * 0x1p-53 - 0.5) * ldexp(1.0, -(int)(u & 31)); /* near 1 */
        if (i % 3 == 1) x = from_bits64(u & 0x000fffffffffffffu); /* denormal */
        if (!(x > 0.0)) continue;
        take64(&w, x, hr_log(x), logl((long double)x), 0.0);
    }
    judge64("log", &w, 1.5, 0x472e21313c4099c0u);
    T_CHECK(hr_log(1.0) == 0.0 && hr_log(0.0) == -INFINITY && hr_log(INFINITY) == INFINITY);
    T_CHECK(hr_log(-1.0) != hr_log(-1.0) && hr_log(NAN) != hr_log(NAN));
}

/* relative error (3 |y ln x| + 4) 2^-53, as stated: the logarithm and y ln x are rounded before the exponential */
T_TEST(pow_within_its_bound) {
    NEED_LONG_DOUBLE();
    math_rng r = {6};
    double worst = 0.0;
    uint64_t hash = 14695981039346656037u;
    for (long i = 0; i < POINTS_64; i++) {
        uint64_t u = draw(&r), v = draw(&r);
        double x = ldexp(1.0 + (double)(u >> 12) * 0x1p-52, (int)(u & 63) - 32);
        double y = ((double)(v >> 11) * 0x1p-53 - 0.5) * 20.0, got = hr_pow(x, y);
        long double want = powl((long double)x, (long double)y);
        double allowed = (3.0 * fabs(y * log(x)) + 4.0) * 0x1p-53;
        double e = (double)(fabsl((long double)got - want) / want) / allowed;
        uint64_t bits;
        memcpy(&bits, &got, sizeof bits);
        hash = (hash ^ bits) * 1099511628211u;
        if (e > worst) worst = e;
    }
    printf("    pow: %.3f of its bound; hash %016llx\n", worst, (unsigned long long)hash);
    T_CHECK(worst <= 1.0);
    T_EQ_U(hash, 0xa55f67c8ee502d09u);
    T_CHECK(hr_pow(7.0, 0.0) == 1.0);
    T_NEAR(hr_pow(10000.0, -0.5), 0.01, 1e-17);
}

/* stated: 4 ulp of the larger of the result and 1e-9, up to 2^31; multiples of pi/2 are where a reduction fails */
T_TEST(sin_and_cos_within_4_ulp) {
    NEED_LONG_DOUBLE();
    math_rng r = {7};
    worst64 s = {0.0, 0.0, 14695981039346656037u}, c = s;
    for (long i = 0; i < POINTS_64; i++) {
        uint64_t u = draw(&r);
        double x = ((double)(u >> 11) * 0x1p-53 * 2.0 - 1.0) * ldexp(1.0, (int)(u & 31));
        if (i % 4 == 1) x = floor(x); /* rope: whole positions */
        if (i % 4 == 2) x = floor(x * 0.63661977236758138) * 1.5707963267948966;
        take64(&s, x, hr_sin(x), sinl((long double)x), 1e-9);
        take64(&c, x, hr_cos(x), cosl((long double)x), 1e-9);
    }
    judge64("sin", &s, 4.0, 0xd46f571e6ea97922u);
    judge64("cos", &c, 4.0, 0x6bd4455b6abd96a9u);
    T_CHECK(hr_sin(0.0) == 0.0 && hr_cos(0.0) == 1.0);
    T_CHECK(hr_sin(2147483648.0) == hr_sin(2147483648.0) && hr_cos(-2147483648.0) == hr_cos(2147483648.0));
    T_CHECK(hr_sin(2147483649.0) != hr_sin(2147483649.0) && hr_cos(INFINITY) != hr_cos(INFINITY));
    T_CHECK(hr_sin(NAN) != hr_sin(NAN));
}

T_MAIN(T_RUN(fma_of_every_special_pair), T_RUN(fma_of_random_bits), T_RUN(fma_near_ties_and_cancellation),
       T_RUN(products_and_sums_are_not_contracted), T_RUN(sqrtf_is_correctly_rounded), T_RUN(expf_over_all_floats),
       T_RUN(sigmoidf_over_all_floats), T_RUN(tanhf_over_all_floats), T_RUN(erff_over_all_floats),
       T_RUN(logf_over_all_floats), T_RUN(f32_functions_at_their_edges), T_RUN(exp_within_its_bound),
       T_RUN(log_within_its_bound), T_RUN(pow_within_its_bound), T_RUN(sin_and_cos_within_4_ulp))
