/* head.c: multinomial logistic regression by L-BFGS, all in f64. */
#include "engine/head.h"
#include "engine/base/fmath.h"

typedef struct head_job {
    const float *x;
    const uint32_t *label;
    size_t n, dim; /* dim: n_class * (n_in + 1) */
    uint32_t n_in, n_class;
    double l2;
    double *mean, *inverse; /* [n_in] of the inputs; 1 / deviation, 0 for a constant one */
    double *row, *score;    /* [n_in] standardised; [n_class] */
    double *w, *g, *trial, *trial_g, *dir;             /* [dim] */
    double *s[HR_HEAD_HISTORY], *y[HR_HEAD_HISTORY];   /* [dim] */
    double rho[HR_HEAD_HISTORY];
} head_job;

HR_PRIVATE size_t hr_head_bytes(uint32_t n_in, uint32_t n_class) {
    if (n_in == 0 || n_class == 0 || n_in > HR_HEAD_MAX_IN || n_class > HR_HEAD_MAX_CLASS) return 0;
    return ((size_t)n_in + 1) * n_class * sizeof(float);
}
HR_PRIVATE size_t hr_head_work_bytes(uint32_t n_in, uint32_t n_class, size_t n) {
    size_t weights = hr_head_bytes(n_in, n_class) / sizeof(float), total = 0;
    (void)n;
    if (weights == 0 || !hr_mul_size(weights, 5 + 2 * HR_HEAD_HISTORY, &total) ||
        !hr_add_size(total, 3 * (size_t)n_in + n_class, &total) || !hr_mul_size(total, sizeof(double), &total)) return 0;
    return total;
}
static double head_dot(const double *a, const double *b, size_t n) { /* four chains: one would wait for itself */
    double sum[4] = {0, 0, 0, 0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++) sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++) sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}
/* mean and deviation of every input; false: not finite */
static bool measure_inputs(head_job *j) {
    memset(j->mean, 0, j->n_in * sizeof *j->mean);
    memset(j->inverse, 0, j->n_in * sizeof *j->inverse);
    for (size_t e = 0; e < j->n; e++)
        for (uint32_t i = 0; i < j->n_in; i++) j->mean[i] += (double)j->x[e * j->n_in + i];
    for (uint32_t i = 0; i < j->n_in; i++) j->mean[i] /= (double)j->n;
    for (size_t e = 0; e < j->n; e++)
        for (uint32_t i = 0; i < j->n_in; i++) {
            const double d = (double)j->x[e * j->n_in + i] - j->mean[i];
            j->inverse[i] += d * d;
        }
    for (uint32_t i = 0; i < j->n_in; i++) {
        const double v = j->inverse[i] / (double)j->n;
        if (!(v < 1e60)) return false;
        j->inverse[i] = v > 1e-20 ? 1.0 / hr_pow(v, 0.5) : 0.0;
    }
    return true;
}
/* in place: scores become probabilities; returns the log of their sum, above the largest score */
static double head_softmax(double *score, uint32_t n) {
    double top = score[0], sum = 0;
    for (uint32_t c = 1; c < n; c++)
        if (score[c] > top) top = score[c];
    for (uint32_t c = 0; c < n; c++) {
        score[c] = hr_exp(score[c] - top);
        sum += score[c];
    }
    for (uint32_t c = 0; c < n; c++) score[c] /= sum;
    return top + hr_log(sum);
}
/* the loss at w, and its gradient */
static double head_loss(head_job *j, const double *w, double *g) {
    const size_t stride = (size_t)j->n_in + 1;
    double loss = 0, norm = 0;
    memset(g, 0, j->dim * sizeof *g);
    for (size_t e = 0; e < j->n; e++) {
        const float *x = j->x + e * j->n_in;
        for (uint32_t i = 0; i < j->n_in; i++) j->row[i] = ((double)x[i] - j->mean[i]) * j->inverse[i];
        for (uint32_t c = 0; c < j->n_class; c++)
            j->score[c] = head_dot(w + c * stride, j->row, j->n_in) + w[c * stride + j->n_in];
        const double mine = j->score[j->label[e]];
        loss += head_softmax(j->score, j->n_class) - mine;
        for (uint32_t c = 0; c < j->n_class; c++) {
            const double d = j->score[c] - (c == j->label[e] ? 1.0 : 0.0);
            double *to = g + c * stride;
            for (uint32_t i = 0; i < j->n_in; i++) to[i] += d * j->row[i];
            to[j->n_in] += d;
        }
    }
    for (uint32_t c = 0; c < j->n_class; c++)
        for (uint32_t i = 0; i < stride; i++) {
            const size_t k = c * stride + i;
            g[k] /= (double)j->n;
            if (i == j->n_in) continue;
            g[k] += j->l2 * w[k];
            norm += w[k] * w[k];
        }
    return loss / (double)j->n + 0.5 * j->l2 * norm;
}
/* two-loop recursion: dir = -H g from the last `used` steps, the newest at (step - 1) % HISTORY */
static void find_direction(head_job *j, int step, int used) {
    double alpha[HR_HEAD_HISTORY];
    for (size_t k = 0; k < j->dim; k++) j->dir[k] = -j->g[k];
    for (int i = 1; i <= used; i++) {
        const int h = (step - i) % HR_HEAD_HISTORY;
        alpha[h] = j->rho[h] * head_dot(j->s[h], j->dir, j->dim);
        for (size_t k = 0; k < j->dim; k++) j->dir[k] -= alpha[h] * j->y[h][k];
    }
    if (used) {
        const int h = (step - 1) % HR_HEAD_HISTORY;
        const double scale = 1.0 / (j->rho[h] * head_dot(j->y[h], j->y[h], j->dim));
        for (size_t k = 0; k < j->dim; k++) j->dir[k] *= scale;
    }
    for (int i = used; i >= 1; i--) {
        const int h = (step - i) % HR_HEAD_HISTORY;
        const double beta = j->rho[h] * head_dot(j->y[h], j->dir, j->dim);
        for (size_t k = 0; k < j->dim; k++) j->dir[k] += (alpha[h] - beta) * j->s[h][k];
    }
}
/* halves the step until the loss falls enough (Armijo); false: it no longer does */
static bool search_line(head_job *j, double *loss, double first) {
    const double slope = head_dot(j->g, j->dir, j->dim);
    double t = first;
    if (!(slope < 0)) return false;
    for (int tries = 0; tries < 30; tries++, t *= 0.5) {
        for (size_t k = 0; k < j->dim; k++) j->trial[k] = j->w[k] + t * j->dir[k];
        const double now = head_loss(j, j->trial, j->trial_g);
        if (now <= *loss + 1e-4 * t * slope) {
            *loss = now;
            return true;
        }
    }
    return false;
}
static double largest_entry(const double *g, size_t n) {
    double top = 0;
    for (size_t k = 0; k < n; k++) {
        const double a = g[k] < 0 ? -g[k] : g[k];
        if (a > top) top = a;
    }
    return top;
}
static void keep_step(head_job *j, int *step, int *used) {
    const int h = *step % HR_HEAD_HISTORY;
    for (size_t k = 0; k < j->dim; k++) {
        j->s[h][k] = j->trial[k] - j->w[k];
        j->y[h][k] = j->trial_g[k] - j->g[k];
    }
    const double sy = head_dot(j->s[h], j->y[h], j->dim);
    memcpy(j->w, j->trial, j->dim * sizeof *j->w);
    memcpy(j->g, j->trial_g, j->dim * sizeof *j->g);
    if (!(sy > 1e-300)) return; /* no curvature: this pair teaches nothing */
    j->rho[h] = 1.0 / sy;
    (*step)++;
    if (*used < HR_HEAD_HISTORY) (*used)++;
}
static void lay_out_head(head_job *j, double *p) {
    double **const big[] = {&j->w, &j->g, &j->trial, &j->trial_g, &j->dir};
    for (size_t i = 0; i < HR_COUNT(big); i++, p += j->dim) *big[i] = p;
    for (int i = 0; i < HR_HEAD_HISTORY; i++, p += 2 * j->dim) {
        j->s[i] = p;
        j->y[i] = p + j->dim;
    }
    j->mean = p;
    j->inverse = p + j->n_in;
    j->row = p + 2 * (size_t)j->n_in;
    j->score = p + 3 * (size_t)j->n_in;
}
HR_PRIVATE hr_status hr_head_train(const hr_head_config *c, const float *x, const uint32_t *label, size_t n, hr_head *head,
                                   void *work, size_t work_bytes, hr_head_report *report, hr_error *err) {
    const size_t need = hr_head_work_bytes(head->n_in, head->n_class, n), stride = (size_t)head->n_in + 1;
    head_job job, *j = &job;
    int step = 0, used = 0, done = 0;
    if (need == 0 || n == 0 || !(c->l2 >= 0)) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "head", "no examples, or %u inputs",
     head->n_in);
    if (work_bytes < need) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "head", "%zu bytes of work, needs %zu", work_bytes,
     need);
    for (size_t e = 0; e < n; e++)
        if (label[e] >= head->n_class) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "head", "label %u of %u classes", label[e],
         head->n_class);
    memset(j, 0, sizeof *j);
    j->x = x, j->label = label, j->n = n, j->n_in = head->n_in, j->n_class = head->n_class, j->l2 = c->l2;
    j->dim = stride * head->n_class;
    lay_out_head(j, (double *)work);
    if (!measure_inputs(j)) return hr_fail(err, HR_E_NUMERIC, HR_NO_OFFSET, "head", "an input is not finite");
    memset(j->w, 0, j->dim * sizeof *j->w);
    double loss = head_loss(j, j->w, j->g);
    for (; done < c->max_steps && largest_entry(j->g, j->dim) > c->tolerance; done++) {
        find_direction(j, step, used);
        if (!search_line(j, &loss, used ? 1.0 : 1.0 / (1.0 + largest_entry(j->g, j->dim)))) break;
        keep_step(j, &step, &used);
    }
    for (uint32_t k = 0; k < j->n_class; k++) { /* back to inputs as they are */
        double bias = j->w[k * stride + j->n_in];
        for (uint32_t i = 0; i < j->n_in; i++) {
            const double v = j->w[k * stride + i] * j->inverse[i];
            head->weight[k * stride + i] = (float)v;
            bias -= v * j->mean[i];
        }
        head->weight[k * stride + j->n_in] = (float)bias;
    }
    if (report) *report = (hr_head_report){loss, largest_entry(j->g, j->dim), done};
    return HR_OK;
}

/* --- use ----------------------------------------------------------------------------------------------------------- */
HR_PRIVATE int hr_head_pick(const hr_head *head, const float *x, float *probs, float *best) {
    const size_t stride = (size_t)head->n_in + 1;
    double top = 0, sum = 0;
    uint32_t at = 0;
    for (uint32_t c = 0; c < head->n_class; c++) { /* the sum is scaled again whenever a larger score comes */
        const float *w = head->weight + c * stride;
        double score = (double)w[head->n_in];
        for (uint32_t i = 0; i < head->n_in; i++) score += (double)w[i] * (double)x[i];
        if (probs) probs[c] = (float)score;
        if (c == 0 || score > top) {
            sum = c == 0 ? 1.0 : sum * hr_exp(top - score) + 1.0;
            top = score;
            at = c;
        } else {
            sum += hr_exp(score - top);
        }
    }
    for (uint32_t c = 0; probs && c < head->n_class; c++) probs[c] = (float)(hr_exp((double)probs[c] - top) / sum);
    if (best) *best = (float)(1.0 / sum);
    return (float)(1.0 / sum) < head->threshold ? -1 : (int)at;
}
HR_PRIVATE void hr_head_calibrate(hr_head *head, const float *x, size_t n, double keep) {
    float low = 0, high = 1;
    head->threshold = 0;
    for (int bit = 0; bit < 24 && n; bit++) { /* bisection on the probability: no memory for sorting */
        const float mid = 0.5f * (low + high);
        size_t kept = 0;
        for (size_t e = 0; e < n; e++) {
            float p;
            hr_head_pick(head, x + e * head->n_in, NULL, &p);
            kept += p >= mid;
        }
        if ((double)kept >= keep * (double)n) low = mid;
        else high = mid;
    }
    head->threshold = low;
}
