/* start.c: Cortex-M startup and semihosting for the emulated boards; no libc. A fault ends the run with status 99. */
#include "mcu.h"

extern uint32_t __etext, __data, __edata, __bss, __ebss, __stack;
int main(void);

static long semihost(int op, const void *arg) {
    register long r0 __asm__("r0") = op;
    register const void *r1 __asm__("r1") = arg;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
void mcu_print(const char *text) { semihost(0x04, text); }
static void end_run(int status) {
    const uint32_t why[2] = {0x20026, (uint32_t)status};
    semihost(0x20, why);
    for (;;) {}
}

enum { PAINT = 0x5a5a5a5a };
size_t mcu_stack_used(void) { /* what was never written since the start is still painted */
    const uint32_t *p = &__ebss;
    while (p < &__stack && *p == PAINT) p++;
    return (size_t)((const uint8_t *)&__stack - (const uint8_t *)p);
}

__attribute__((noreturn, used)) void reset_handler(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    *(volatile uint32_t *)0xE000ED88 |= 0xfu << 20; /* CPACR: the FPU and MVE are off after reset */
    __asm__ volatile("dsb\n isb");
#endif
    for (uint32_t *s = &__etext, *d = &__data; d < &__edata;) *d++ = *s++;
    for (volatile uint32_t *d = &__bss; d < &__ebss;) *d++ = 0;
    uint32_t here;
    for (volatile uint32_t *d = &__ebss; d < &here - 16; d++) *d = PAINT;
    int status = main();
    if (__ebss != PAINT) { /* the stack has met the data: nothing that was computed counts */
        mcu_print("STACK OVERFLOW\n");
        status = 98;
    }
    end_run(status);
    for (;;) {}
}
__attribute__((used)) static void fault_handler(void) {
    mcu_print("FAULT\n");
    end_run(99);
}
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &__stack, (const void *)reset_handler, (const void *)fault_handler, (const void *)fault_handler,
    (const void *)fault_handler, (const void *)fault_handler, (const void *)fault_handler};
