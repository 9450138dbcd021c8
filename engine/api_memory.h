/* api_memory.h: between the two files of the memory half of hearth.h. */
#ifndef HR_API_MEMORY_H
#define HR_API_MEMORY_H
#include "engine/hearth.h"
#include "memory/store.h"

HR_PRIVATE hr_store *hr_api_store(hearth_memory *memory);
HR_PRIVATE void hr_api_item_in(const hearth_item *o, hr_item *in);
HR_PRIVATE void hr_api_item_out(const hr_item *i, hearth_item *out);
#endif
