/* registry.c: the list of kernels, and choosing from it. Last of kernels/ in the drop: it refers to every row. */
#include "kernels/kernel.h"
#include "kernels/selfcheck.h"

#if !defined(HR_DROP) /* rows are declared here and defined in the kernels' own files; the drop has seen them already */
#undef HR_KERNEL
#define HR_KERNEL(op, fn, isa, rank, nr, kr) extern HR_PRIVATE const hr_kernel hr_kernel_##fn;
#include "kernel_list.inc"
#endif

#undef HR_KERNEL
#define HR_KERNEL(op, fn, isa, rank, nr, kr) &hr_kernel_##fn,
static const hr_kernel *const kernel_rows[] = {
#include "kernel_list.inc"
};
#undef HR_KERNEL

static const char *const op_names[] = {
#define X(name, type) #name,
    HR_OPS(X)
#undef X
};

size_t hr_kernel_count(void) { return HR_COUNT(kernel_rows); }
const hr_kernel *hr_kernel_at(size_t i) { return kernel_rows[i]; }
const char *hr_op_name(hr_op op) { return (size_t)op < HR_COUNT(op_names) ? op_names[op] : "?"; }

hr_op hr_matmul_op(uint32_t type) {
    static const struct {
        uint32_t type;
        hr_op op;
    } ops[] = {{HR_TYPE_F32, HR_OP_matmul_f32},       {HR_TYPE_F16, HR_OP_matmul_f16},   {HR_TYPE_BF16, HR_OP_matmul_bf16},
               {HR_TYPE_Q4_0, HR_OP_matmul_q4_0},     {HR_TYPE_Q4_1, HR_OP_matmul_q4_1}, {HR_TYPE_Q5_0, HR_OP_matmul_q5_0},
               {HR_TYPE_Q5_1, HR_OP_matmul_q5_1},     {HR_TYPE_Q8_0, HR_OP_matmul_q8_0}, {HR_TYPE_Q2_K, HR_OP_matmul_q2_k},
               {HR_TYPE_Q3_K, HR_OP_matmul_q3_k},     {HR_TYPE_Q4_K, HR_OP_matmul_q4_k}, {HR_TYPE_Q5_K, HR_OP_matmul_q5_k},
               {HR_TYPE_Q6_K, HR_OP_matmul_q6_k},     {HR_TYPE_IQ4_NL, HR_OP_matmul_iq4_nl},
               {HR_TYPE_IQ4_XS, HR_OP_matmul_iq4_xs}, {HR_TYPE_MXFP4, HR_OP_matmul_mxfp4},
               {HR_TYPE_TQ1_0, HR_OP_matmul_tq1_0},   {HR_TYPE_TQ2_0, HR_OP_matmul_tq2_0}};
    for (size_t i = 0; i < HR_COUNT(ops); i++) {
        if (ops[i].type == type) return ops[i].op;
    }
    return HR_OP_COUNT;
}

/* the best row of op with a rank below `below`, among those the mask allows; the reference has rank 0 and no ISA bits */
static const hr_kernel *best_row(const hr_kernel *const *rows, size_t n, hr_op op, uint32_t isa, int below) {
    const hr_kernel *best = NULL;
    for (size_t i = 0; i < n; i++) {
        const hr_kernel *k = rows[i];
        if (k->op == op && (k->isa & ~isa) == 0 && k->rank < below && (best == NULL || k->rank > best->rank)) best = k;
    }
    return best;
}

hr_status hr_kernels_choose_from(hr_kernels *out, const hr_kernel *const *rows, size_t n, uint32_t mask, bool check,
                                 void *scratch, hr_kernel_report_fn *report, void *ctx, hr_error *err) {
    memset(out, 0, sizeof *out);
    out->isa = hr_cpu_isa() & mask;
    for (int op = 0; op < HR_OP_COUNT; op++) {
        const hr_kernel *k = best_row(rows, n, (hr_op)op, out->isa, 1 << 30);
        const hr_kernel *reference = best_row(rows, n, (hr_op)op, 0, 1);
        if (k == NULL || reference == NULL) {
            return hr_fail(err, HR_E_SELFCHECK, HR_NO_OFFSET, hr_op_name((hr_op)op), "no kernel can run on this machine");
        }
#if defined(HR_NO_SELFCHECK)
        (void)check, (void)scratch, (void)report, (void)ctx;
#else
        while (check && k->rank > 0) {
            bool ok = hr_selfcheck_kernel(k, reference, scratch);
            if (report != NULL) report(ctx, k, ok);
            if (ok) break;
            out->n_bad++;
            k = best_row(rows, n, (hr_op)op, out->isa, k->rank);
        }
#endif
        out->chosen[op] = k;
    }
#define X(name, type) out->name = (type *)out->chosen[HR_OP_##name]->fn;
    HR_OPS(X)
#undef X
    return HR_OK;
}

hr_status hr_kernels_choose(hr_kernels *out, uint32_t mask, bool check, void *scratch, hr_kernel_report_fn *report,
                            void *ctx, hr_error *err) {
    return hr_kernels_choose_from(out, kernel_rows, HR_COUNT(kernel_rows), mask, check, scratch, report, ctx, err);
}

hr_crc_fn *hr_crc32c_fastest(void) {
    static const uint8_t sample[93] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
    const uint32_t isa = hr_cpu_isa();
    const hr_kernel *best = NULL;
    for (size_t i = 0; i < HR_COUNT(kernel_rows); i++) {
        const hr_kernel *k = kernel_rows[i];
        if (k->op != HR_OP_crc32c || (k->isa & ~isa) != 0 || (best != NULL && k->rank < best->rank)) continue;
        if (((hr_crc_fn *)k->fn)(sample, sizeof sample, 7) == hr_crc32c(sample, sizeof sample, 7)) best = k;
    }
    return best != NULL ? (hr_crc_fn *)best->fn : hr_crc32c;
}
