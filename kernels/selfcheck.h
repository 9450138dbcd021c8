/* selfcheck.h: proving a kernel on this very chip, in a fraction of a millisecond. */
#ifndef HR_SELFCHECK_H
#define HR_SELFCHECK_H
#include "kernels/kernel.h"

/* Runs k and the reference of the same operation on small fixed inputs and compares bit for bit.
 * scratch: hr_kernels_scratch_bytes() bytes, aligned to 64. */
HR_PRIVATE bool hr_selfcheck_kernel(const hr_kernel *k, const hr_kernel *reference, void *scratch);
/* The choice over any list of rows; hr_kernels_choose is this over all compiled ones. For tests with a broken row. */
HR_PRIVATE hr_status hr_kernels_choose_from(hr_kernels *out, const hr_kernel *const *rows, size_t n, uint32_t mask,
                                            bool check, void *scratch, hr_kernel_report_fn *report, void *ctx,
                                            hr_error *err);
#endif
