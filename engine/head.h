/* head.h: a linear classifier on embeddings, trained on the device from a few labelled examples: multinomial logistic
 * regression, and the threshold below which an input belongs to none of the classes. Deterministic: f64 sums in a fixed order,
 * our own exp and log, so the same examples give the same bits everywhere. Method: L-BFGS (Nocedal 1980) on the mean
 * cross-entropy + l2/2 |W|^2 over standardised inputs; the bias is not penalised. */
#ifndef HR_HEAD_H
#define HR_HEAD_H
#include "engine/base/base.h"

enum { HR_HEAD_MAX_IN = 1 << 16, HR_HEAD_MAX_CLASS = 1 << 12, HR_HEAD_HISTORY = 8 };
typedef struct hr_head {
    uint32_t n_in, n_class;
    float *weight;   /* [n_class][n_in + 1], the bias last; the caller's, hr_head_bytes */
    float threshold; /* hr_head_pick says "none" below this probability; 0: never */
} hr_head;
typedef struct hr_head_config {
    double l2;        /* > 0 keeps separable classes finite; 1e-3 suits some hundred examples */
    double tolerance; /* stops when no entry of the gradient is larger */
    int max_steps;
} hr_head_config;
typedef struct hr_head_report {
    double loss, gradient; /* at the end; largest entry of the gradient */
    int steps;
} hr_head_report;

HR_PRIVATE size_t hr_head_bytes(uint32_t n_in, uint32_t n_class);                 /* of weight; 0: too large */
HR_PRIVATE size_t hr_head_work_bytes(uint32_t n_in, uint32_t n_class, size_t n);  /* of work; 0: too large */
/*   x [n][n_in]   label [n], below n_class      head: n_in, n_class and weight are set      work: aligned to 8
 * Cost    about 2 n n_in n_class multiply-adds a step     Memory  allocates nothing     Threads  any
 * Returns HR_OK, also when max_steps ran out (see report) | HR_E_ARG | HR_E_MEMORY work too small | HR_E_NUMERIC x not finite.
 * On error the head is as it was */
HR_PRIVATE hr_status hr_head_train(const hr_head_config *c, const float *x, const uint32_t *label, size_t n, hr_head *head,
                                   void *work, size_t work_bytes, hr_head_report *report, hr_error *err);
/* The most likely class and its probability; -1 below the threshold.   probs [n_class], or NULL. Ties: the lower class. */
HR_PRIVATE int hr_head_pick(const hr_head *head, const float *x, float *probs, float *best);
/* Sets the threshold so that a share `keep` of these examples (better not those of the training) is still answered. */
HR_PRIVATE void hr_head_calibrate(hr_head *head, const float *x, size_t n, double keep);
#endif
