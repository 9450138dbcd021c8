/* mix.h: which tensor of a model gets which type, under the names that users know (Q4_K_M ...): the rules of llama-quantize
 * (llama.cpp c392, src/llama-quant.cpp; reference/formats.md section 6), as a pure function of names and shapes. */
#ifndef HR_MIX_H
#define HR_MIX_H
#include "engine/base/base.h"
#include "quant/formats.h"

typedef struct hr_mix {
    const char *name;
    uint32_t base;      /* the type of most matrices */
    uint32_t file_type; /* general.file_type */
} hr_mix;
HR_PRIVATE const hr_mix *hr_mix_named(const char *name); /* any case; NULL: unknown */
HR_PRIVATE const hr_mix *hr_mix_at(size_t i);            /* NULL after the last */

typedef struct hr_mix_tensor {
    hr_str name;
    uint32_t dims[4];
    uint32_t type;     /* as it is */
    uint32_t target;   /* set by hr_mix_choose */
    bool quantizable;  /* set by hr_mix_choose: a matrix that may change its type */
    bool fixed;        /* in: target is the caller's wish, kept if the shape allows it */
} hr_mix_tensor;

typedef struct hr_mix_model {
    hr_str arch;
    uint32_t n_layer, n_head, n_head_kv, n_expert;
    bool has_imatrix, pure, leave_output;
} hr_mix_model;

/* Sets target and quantizable of every tensor. HR_E_LIMIT: more than 4096 layers. */
HR_PRIVATE hr_status hr_mix_choose(const hr_mix *mix, const hr_mix_model *m, hr_mix_tensor *t, size_t n, hr_error *err);
/* the type that stands in for one whose block does not divide rows of k */
HR_PRIVATE uint32_t hr_mix_fallback(uint32_t type, uint64_t k);
/* pattern: the whole name with * and ?, or without them any part of it */
HR_PRIVATE bool hr_mix_match(const char *pattern, hr_str name);
#endif
