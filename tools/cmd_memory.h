/* cmd_memory.h: between cmd_memory.c and cmd_memory_facts.c. path NULL: stdout, stdin. form: HEARTH_FACTS, HEARTH_LINES. */
#ifndef CMD_MEMORY_H
#define CMD_MEMORY_H
#include "tools/cli.h"

/* one number: {"KEY": V} or "V" and the words */
void memory_say(bool json, const char *key, uint64_t v, const char *words);
void memory_show(const hearth_item *i, const hearth_hit *h, bool json);
int memory_save(hearth_memory *m, int form, const char *path);
int memory_load(hearth_memory *m, int form, const char *path, bool json);
int memory_facts(hearth_memory *m, const hearth_item *fact, const hearth_filter *f, const char *what, const char *key, bool json);
int memory_digest(hearth_memory *m, const char *scope, int max_tokens, const char *model_path, bool json);
int memory_verify(hearth_memory *m, bool json);
/* *vector: malloc'ed; space: the identity of the embedder, with the text's vector in it */
int memory_embed(const char *model_path, const char *text, float **vector, uint32_t *dim, char space[128]);
int memory_reembed(hearth_memory *m, const char *model_path, bool json);
#endif
