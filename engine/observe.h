/* observe.h: sees the input of every matrix product of a session (for hearth imatrix). One callback, on the caller's
 * thread, before the product is computed. NULL by default, and then it costs nothing. */
#ifndef HR_OBSERVE_H
#define HR_OBSERVE_H
#include "engine/base/base.h"
#include "engine/hearth.h"

typedef struct hr_observed {
    char name[64];        /* "blk.3.ffn_down.weight", as in the file */
    size_t k, mat, n_mats;/* row length; which of the experts, of how many */
    const float *x;       /* [m][stride] */
    size_t m, stride;
} hr_observed;
typedef void hr_observe_fn(void *ctx, const hr_observed *seen);

HR_PRIVATE void hr_observe(hearth_session *session, hr_observe_fn *fn, void *ctx); /* fn NULL: no more */
#endif
