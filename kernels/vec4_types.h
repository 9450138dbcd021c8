/* vec4_types.h: vectors of 16 bytes as the compiler knows them: + - * / & | ^ << >> and comparisons work lane by lane. */
#ifndef HR_VEC4_TYPES_H
#define HR_VEC4_TYPES_H
#include "kernels/kernel.h"
#if defined(__GNUC__) && ((defined(__x86_64__) && !defined(HR_NO_SSE41)) || (defined(__aarch64__) && !defined(HR_NO_NEON)))
#define HR_HAS_VEC4 1
typedef uint8_t hr_v16u8 __attribute__((vector_size(16)));
typedef int8_t hr_v16i8 __attribute__((vector_size(16)));
typedef uint16_t hr_v8u16 __attribute__((vector_size(16)));
typedef uint32_t hr_v4u __attribute__((vector_size(16)));
typedef int32_t hr_v4i __attribute__((vector_size(16)));
typedef float hr_v4f __attribute__((vector_size(16)));
#if defined(__x86_64__)
#define HR_V4_T HR_T_SSE41
#else
#define HR_V4_T
#endif
#define HR_V4_INLINE static inline __attribute__((always_inline, unused)) HR_V4_T
#endif
#endif
