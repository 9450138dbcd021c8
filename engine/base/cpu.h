/* cpu.h: what this processor can do, as bits. The bits are found once; a mask given per model (HEARTH_ISA) lets tests
 * and users take kernels away. HR_ISA_FIXED compiles detection away for targets that know what they are. */
#ifndef HR_CPU_H
#define HR_CPU_H
#include "base.h"

enum {
    HR_ISA_C = 0, /* portable C, always there */
    HR_ISA_SSE41 = 1 << 0,
    HR_ISA_AVX2 = 1 << 1, /* AVX2 + FMA + F16C: they come together in every core that matters */
    HR_ISA_AVXVNNI = 1 << 2,
    HR_ISA_AVX512 = 1 << 3, /* F + BW + DQ + VL */
    HR_ISA_AVX512VNNI = 1 << 4,
    HR_ISA_NEON = 1 << 8,
    HR_ISA_DOTPROD = 1 << 9,
    HR_ISA_I8MM = 1 << 10,
    HR_ISA_SME = 1 << 11,
    HR_ISA_SME2 = 1 << 12,
    HR_ISA_MVE = 1 << 16,
    HR_ISA_DSP = 1 << 17,
    HR_ISA_RVV = 1 << 20,
    HR_ISA_ALL = 0x7fffffff
};

HR_PRIVATE uint32_t hr_cpu_isa(void); /* every bit this CPU and OS support */
HR_PRIVATE const char *hr_isa_name(uint32_t one_bit); /* "avx2"; "scalar" for 0 */
/* "scalar" or "c", "avx2,sse41", "all": bits; HR_E_ARG names the unknown word */
HR_PRIVATE hr_status hr_isa_parse(const char *list, uint32_t *bits, hr_error *err);
#endif
