/* vec4.h: four floats or sixteen bytes at a time, written once for SSE4.1 and NEON. The compiler's own vectors do the
 * arithmetic; the few operations it has no sign for (fma, table look-up, halves, byte dot) are the architectures'. */
#ifndef HR_VEC4_H
#define HR_VEC4_H
#include "kernels/arm/vec4_neon.h"
#include "kernels/vec4_types.h"
#include "kernels/x86/vec4_sse41.h"
#if defined(HR_HAS_VEC4)
HR_V4_INLINE hr_v4f hr_v4_splat(float x) { return (hr_v4f){x, x, x, x}; }
HR_V4_INLINE hr_v4u hr_v4_splat_u(uint32_t x) { return (hr_v4u){x, x, x, x}; }
HR_V4_INLINE hr_v4f hr_v4_load(const float *p) {
    hr_v4f v;
    memcpy(&v, p, sizeof v);
    return v;
}
HR_V4_INLINE void hr_v4_store(float *p, hr_v4f v) { memcpy(p, &v, sizeof v); }
/* min(n, 4) floats, +0 elsewhere */
HR_V4_INLINE hr_v4f hr_v4_load_n(const float *p, size_t n) {
    hr_v4f v = {0};
    if (n >= 4) return hr_v4_load(p);
    if (n > 0) v[0] = p[0];
    if (n > 1) v[1] = p[1];
    if (n > 2) v[2] = p[2];
    return v;
}
HR_V4_INLINE void hr_v4_store_n(float *p, size_t n, hr_v4f v) {
    if (n >= 4) {
        hr_v4_store(p, v);
        return;
    }
    if (n > 0) p[0] = v[0];
    if (n > 1) p[1] = v[1];
    if (n > 2) p[2] = v[2];
}
/* a where the mask is all ones, b where it is zero */
HR_V4_INLINE hr_v4f hr_v4_pick(hr_v4i mask, hr_v4f a, hr_v4f b) {
    return (hr_v4f)((mask & (hr_v4i)a) | (~mask & (hr_v4i)b));
}
HR_V4_INLINE hr_v4f hr_v4_of_ints(hr_v4i v) { return __builtin_convertvector(v, hr_v4f); }
HR_V4_INLINE hr_v16i8 hr_v16_load(const void *p) {
    hr_v16i8 v;
    memcpy(&v, p, sizeof v);
    return v;
}
/* four bytes in every lane */
HR_V4_INLINE hr_v16i8 hr_v16_splat_quad(const int8_t *p) {
    uint32_t u;
    memcpy(&u, p, sizeof u);
    return (hr_v16i8)hr_v4_splat_u(u);
}
#endif
#endif
