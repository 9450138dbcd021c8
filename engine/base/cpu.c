/* cpu.c: the processor's features, asked from CPUID or the kernel's hardware-capability words. Stateless: asking takes
 * a few hundred cycles and happens when a model is opened. */
#include "engine/base/cpu.h"
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#include <cpuid.h>
#endif
#if defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#endif
#if defined(__APPLE__) && defined(__aarch64__)
#include <sys/sysctl.h>
#endif

#if defined(HR_ISA_FIXED)
uint32_t hr_cpu_isa(void) { return (uint32_t)(HR_ISA_FIXED); }

#elif defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
static uint64_t read_xcr0(void) {
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

uint32_t hr_cpu_isa(void) {
    unsigned a, b, c, d, b7 = 0, c7 = 0, a71 = 0;
    uint32_t isa = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if (c & (1u << 19)) isa |= HR_ISA_SSE41;
    bool osxsave = (c & (1u << 27)) != 0;
    uint64_t xcr0 = osxsave ? read_xcr0() : 0;
    bool ymm = (xcr0 & 0x6) == 0x6, zmm = (xcr0 & 0xe6) == 0xe6; /* the OS saves these registers */
    bool fma = (c & (1u << 12)) != 0, f16c = (c & (1u << 29)) != 0;
    unsigned a7, d7;
    if (__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7) && a7 >= 1) {
        unsigned t1, t2, t3;
        __get_cpuid_count(7, 1, &a71, &t1, &t2, &t3);
    }
    bool avx2 = (b7 & (1u << 5)) != 0 && fma && f16c && ymm;
    if (avx2) isa |= HR_ISA_AVX2;
    if (avx2 && (a71 & (1u << 4))) isa |= HR_ISA_AVXVNNI;
    unsigned need = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* F, DQ, BW, VL */
    if (avx2 && zmm && (b7 & need) == need) {
        isa |= HR_ISA_AVX512;
        if (c7 & (1u << 11)) isa |= HR_ISA_AVX512VNNI;
    }
    return isa;
}

#elif defined(__aarch64__)
uint32_t hr_cpu_isa(void) {
    uint32_t isa = HR_ISA_NEON;
#if defined(__linux__)
    unsigned long cap = getauxval(AT_HWCAP), cap2 = getauxval(AT_HWCAP2);
    if (cap & (1ul << 20)) isa |= HR_ISA_DOTPROD;
    if (cap2 & (1ul << 13)) isa |= HR_ISA_I8MM;
    if (cap2 & (1ul << 23)) isa |= HR_ISA_SME;
    if (cap2 & (1ul << 37)) isa |= HR_ISA_SME2;
#elif defined(__APPLE__)
    static const struct {
        const char *name;
        uint32_t bit;
    } caps[] = {{"hw.optional.arm.FEAT_DotProd", HR_ISA_DOTPROD},
                {"hw.optional.arm.FEAT_I8MM", HR_ISA_I8MM},
                {"hw.optional.arm.FEAT_SME", HR_ISA_SME},
                {"hw.optional.arm.FEAT_SME2", HR_ISA_SME2}};
    for (size_t i = 0; i < HR_COUNT(caps); i++) {
        int v = 0;
        size_t n = sizeof v;
        if (sysctlbyname(caps[i].name, &v, &n, NULL, 0) == 0 && v) isa |= caps[i].bit;
    }
#endif
    return isa;
}

#else
uint32_t hr_cpu_isa(void) { return HR_ISA_C; }
#endif

static const struct {
    uint32_t bit;
    const char *name;
} isa_words[] = {{HR_ISA_SSE41, "sse41"},           {HR_ISA_AVX2, "avx2"},       {HR_ISA_AVXVNNI, "avxvnni"},
                 {HR_ISA_AVX512, "avx512"},         {HR_ISA_AVX512VNNI, "avx512vnni"}, {HR_ISA_NEON, "neon"},
                 {HR_ISA_DOTPROD, "dotprod"},       {HR_ISA_I8MM, "i8mm"},       {HR_ISA_SME, "sme"},
                 {HR_ISA_SME2, "sme2"},             {HR_ISA_MVE, "mve"},         {HR_ISA_DSP, "dsp"},
                 {HR_ISA_RVV, "rvv"}};

const char *hr_isa_name(uint32_t one_bit) {
    for (size_t i = 0; i < HR_COUNT(isa_words); i++) {
        if (isa_words[i].bit == one_bit) return isa_words[i].name;
    }
    return one_bit == 0 ? "scalar" : "?";
}

/* a word implies what it is built upon: "avx512vnni" alone would choose nothing */
static uint32_t with_parents(uint32_t bit) {
    if (bit & HR_ISA_AVX512VNNI) bit |= HR_ISA_AVX512;
    if (bit & (HR_ISA_AVX512 | HR_ISA_AVXVNNI)) bit |= HR_ISA_AVX2;
    if (bit & HR_ISA_AVX2) bit |= HR_ISA_SSE41;
    if (bit & HR_ISA_SME2) bit |= HR_ISA_SME;
    if (bit & (HR_ISA_I8MM | HR_ISA_SME | HR_ISA_SME2)) bit |= HR_ISA_DOTPROD;
    if (bit & HR_ISA_DOTPROD) bit |= HR_ISA_NEON;
    return bit;
}

hr_status hr_isa_parse(const char *list, uint32_t *bits, hr_error *err) {
    uint32_t out = 0;
    *bits = 0;
    if (list == NULL || *list == '\0') return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "isa", "the list is empty");
    for (const char *p = list;; p++) {
        const char *begin = p;
        while (*p != '\0' && *p != ',') p++;
        hr_str word = {begin, (size_t)(p - begin)};
        uint32_t bit = 0;
        for (size_t i = 0; i < HR_COUNT(isa_words); i++) {
            if (hr_str_is(word, isa_words[i].name)) bit = with_parents(isa_words[i].bit);
        }
        if (hr_str_is(word, "all")) bit = (uint32_t)HR_ISA_ALL;
        if (bit == 0 && !hr_str_is(word, "scalar") && !hr_str_is(word, "c")) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "isa", "unknown instruction set '%.*s'; known: scalar, sse41, "
                           "avx2, avxvnni, avx512, avx512vnni, neon, dotprod, i8mm, sme, sme2, all", (int)word.size,
                           word.data);
        }
        out |= bit;
        if (*p == '\0') break;
    }
    *bits = out;
    return HR_OK;
}
