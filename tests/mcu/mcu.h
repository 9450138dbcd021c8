/* mcu.h: what generate.c needs of its board: startup and semihosting on an emulated one, stdio on the host. */
#ifndef TESTS_MCU_H
#define TESTS_MCU_H
#include <stddef.h>
#include <stdint.h>

void mcu_print(const char *text);
size_t mcu_stack_used(void); /* most bytes since the start; 0: not known */
extern const uint8_t mcu_model[], mcu_model_end[];
#endif
