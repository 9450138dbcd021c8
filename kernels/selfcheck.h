/* selfcheck.h: proving a kernel on this very chip, in a fraction of a millisecond. */
#ifndef HR_SELFCHECK_H
#define HR_SELFCHECK_H
#include "kernels/kernel.h"

/* The choice over any list of rows; hr_kernels_choose is this over all compiled ones. For tests with a broken row. */
HR_PRIVATE hr_status hr_kernels_choose_from(hr_kernels *out, const hr_kernel *const *rows, size_t n, uint32_t mask,
                                            bool check, void *scratch, hr_kernel_report_fn *report, void *ctx,
                                            hr_error *err);
#endif
