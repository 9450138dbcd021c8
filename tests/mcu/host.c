/* host.c: the same program on the machine that builds: its logit hash is the one a board must give. */
#include "mcu.h"
#include <stdio.h>
void mcu_print(const char *text) { fputs(text, stdout); }
size_t mcu_stack_used(void) { return 0; }
