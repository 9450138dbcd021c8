/* cmd_quantize.h: what the files of `hearth quantize` share. */
#ifndef CMD_QUANTIZE_H
#define CMD_QUANTIZE_H
#include "tools/cli.h"
#if !defined(HEARTH_DROP_TOOLS)
#include "engine/base/cpu.h"
#include "engine/base/pool.h"
#include "engine/gguf_write.h"
#include "engine/imatrix.h"
#include "quant/mix.h"
#include "quant/quantize.h"

typedef struct quantize_job {
    const char *in, *out, *type, *imatrix_path;
    cli_list tensor_types;
    size_t target_bytes;
    int threads;
    uint32_t isa;
    bool plan, json, allow_requantize, pure, leave_output;

    hr_gguf g;
    void *index;                /* of g */
    hr_mix_tensor *tensors;     /* [g.n_tensors] in file order */
    const hr_mix *mix;
    hr_imatrix imatrix;
    bool has_imatrix;
    hr_pool *pool;
    void *pool_memory;
    uint64_t bytes_in, bytes_out; /* of all tensors */
    uint64_t resumed;             /* bytes taken over from an interrupted run */
    uint32_t without_importance;
    hr_error err;
} quantize_job;

uint64_t quantize_rows(const hr_gguf_tensor *t);
uint64_t quantize_bytes(const hr_gguf_tensor *t, uint32_t type);
/* importances of one matrix of a tensor: dst [k]; false: there are none */
bool quantize_importance(const quantize_job *j, const hr_gguf_tensor *t, size_t mat, float *dst);
/* cmd_quantize_target.c: types so that the file has at most target_bytes */
int quantize_choose_target(quantize_job *j);
/* cmd_quantize_run.c: writes the file */
int quantize_write(quantize_job *j);
int quantize_report(const quantize_job *j); /* j->err on stderr */
#endif
#endif
