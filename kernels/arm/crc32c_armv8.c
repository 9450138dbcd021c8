/* crc32c_armv8.c: CRC-32C by the crc32c instructions, which every core with dotprod has (mandatory from ARMv8.1 on). Written
 * as such: clang 14 hides the intrinsics without the flag. */
#if defined(__GNUC__) && defined(__aarch64__) && !defined(HR_NO_NEON) && !defined(HR_NO_DOTPROD)
#include "kernels/kernel.h"

static uint32_t crc32c_armv8(const void *data, size_t n, uint32_t seed) {
    const uint8_t *p = (const uint8_t *)data;
    uint32_t c = ~seed;
    for (; n >= 8; n -= 8, p += 8) {
        __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(c) : "r"(hr_le64(p)));
    }
    for (; n > 0; n--, p++) __asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(c) : "r"((uint32_t)*p));
    return ~c;
}

HR_KERNEL(crc32c, crc32c_armv8, HR_ISA_NEON | HR_ISA_DOTPROD, 10, 1, 1)
#else
typedef int hr_no_crc32c_armv8; /* a file may not be empty */
#endif
