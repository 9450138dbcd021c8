/* store_internal.h: between the files of the store. */
#ifndef HR_STORE_INTERNAL_H
#define HR_STORE_INTERNAL_H
#include "memory/store.h"

HR_PRIVATE hr_status hr_store_apply(void *ctx, const hr_log_rec *r, hr_error *err);
HR_PRIVATE int hr_store_space(const hr_store *s, const char *name); /* -1: unknown */
/* out [dim]: the numbers of a vector's record */
HR_PRIVATE hr_status hr_vector_decode(const hr_log_rec *r, uint32_t dim, float *out, hr_error *err);
/* what lives in the segment is written again elsewhere, then its bytes are erased */
HR_PRIVATE hr_status hr_store_clean_segment(hr_store *s, uint32_t seg, hr_error *err);
/* keeps hits[0..*n) the best k, best first, ties by id */
HR_PRIVATE void hr_hits_add(const hr_store *s, hr_hit *hits, size_t k, size_t *n, const hr_hit *h);
#endif
