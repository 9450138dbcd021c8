/* cmd_memory.h: between cmd_memory.c and cmd_memory_json.c. path NULL: stdout, stdin. */
#ifndef CMD_MEMORY_H
#define CMD_MEMORY_H
#include "tools/cli.h"

int memory_export(hearth_memory *m, const char *path);
int memory_import(hearth_memory *m, const char *path);
#endif
