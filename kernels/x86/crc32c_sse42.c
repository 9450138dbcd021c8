/* crc32c_sse42.c: CRC-32C by the crc32 instruction, eight bytes in three cycles. SSE4.2 comes with every AVX2. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HR_NO_AVX2)
#include "kernels/kernel.h"
#include <immintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(const void *data, size_t n, uint32_t seed) {
    const uint8_t *p = (const uint8_t *)data;
    uint64_t c = (uint32_t)~seed;
    for (; n >= 8; n -= 8, p += 8) c = _mm_crc32_u64(c, hr_le64(p));
    for (; n > 0; n--, p++) c = _mm_crc32_u8((uint32_t)c, *p);
    return ~(uint32_t)c;
}

HR_KERNEL(crc32c, crc32c_sse42, HR_ISA_AVX2, 10, 1, 1)
#else
typedef int hr_no_crc32c_sse42; /* a file may not be empty */
#endif
