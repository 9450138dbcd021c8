/* sample.h: one logits row in, one token out. Pure functions over the caller's work area; the public calls around them
 * (hearth_sample, hearth_top) are at the end of sample.c.
 *
 * One answer: no sum here depends on threads or on how the row was computed, ties go to the lower id, and the random
 * number is a function of (seed, position) alone, so that a rewind and a second try repeat the same token. */
#ifndef HR_SAMPLE_H
#define HR_SAMPLE_H
#include "engine/base/base.h"
#include "engine/hearth.h"

enum { HR_MAX_STOP = 16, HR_MAX_STOP_BYTES = 256 };

/* Bytes of work area for a vocabulary, aligned to 8; nothing depends on the context. */
HR_PRIVATE size_t hr_sample_work_bytes(size_t n_vocab, size_t ctx);

/* HR_E_ARG naming the first field that is out of range. stop strings are checked too. */
HR_PRIVATE hr_status hr_sample_check(const hearth_sampling *s, size_t n_vocab, hr_error *err);

typedef struct hr_sample_args {
    const float *logits;             /* [n_vocab] */
    size_t n_vocab;
    const int32_t *history;          /* [n_history] every token before the one that is drawn; may be NULL when 0 */
    size_t n_history;                /* is the position as well */
    const hearth_sampling *sampling; /* checked by hr_sample_check */
    void *work;                      /* hr_sample_work_bytes */
    const uint32_t *mask;            /* bits of the tokens that may be drawn, or NULL: all */
} hr_sample_args;

/* HR_E_NUMERIC when a logit is not finite, HR_E_ARG when the biases forbid every token. logprob may be NULL. */
HR_PRIVATE hr_status hr_sample_row(const hr_sample_args *a, int32_t *token, float *logprob, hr_error *err);
/* The n best tokens, best first, ties by id.  n <= n_vocab; tokens, logprobs [n] */
HR_PRIVATE hr_status hr_sample_top(const float *logits, size_t n_vocab, size_t n, void *work, int32_t *tokens,
                                   float *logprobs, hr_error *err);
/* 64 random bits of a position: splitmix64 started at a mixed seed and jumped to the position. */
HR_PRIVATE uint64_t hr_sample_random(uint64_t seed, uint64_t position);
#endif
