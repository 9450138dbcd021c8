/* The linear head against a second formula in f64 written here (libm, plain sums), and against scikit-learn's optimum:
 *   python tests/gen_head.py      (scikit-learn 1.7, by hand; prints the rows of `oracle`)                                */
#include "engine/head.h"
#include "tests/t.h"

enum { N = 60, IN = 5, CLASSES = 3, DIM = CLASSES * (IN + 1) };
static float x[N * IN];
static uint32_t label[N];
static float weight[DIM];
static double work[1 << 14];

/* the same integers as in gen_head.py */
static void make_data(void) {
    uint32_t s = 12345;
    for (int e = 0; e < N; e++) {
        label[e] = (uint32_t)(e % CLASSES);
        for (int i = 0; i < IN; i++) {
            s = s * 1664525u + 1013904223u;
            x[e * IN + i] = (float)((int)(s >> 24) - 128) / 32.0f + (i == e % CLASSES ? 2.0f : 0.0f) + (i == 4 ? 10.0f : 0.0f);
        }
    }
}
static hr_head new_head(void) { return (hr_head){IN, CLASSES, weight, 0}; }
static hr_status train(const hr_head_config *c, hr_head *h, hr_head_report *r) {
    return hr_head_train(c, x, label, N, h, work, sizeof work, r, NULL);
}
/* loss of raw weights, the penalty on standardised ones: by definition, in f64 */
static double loss_of(const double *w, double l2, double *deviation) {
    double loss = 0, norm = 0;
    for (int i = 0; i < IN; i++) {
        double mean = 0, var = 0;
        for (int e = 0; e < N; e++) mean += x[e * IN + i] / (double)N;
        for (int e = 0; e < N; e++) var += (x[e * IN + i] - mean) * (x[e * IN + i] - mean) / N;
        deviation[i] = sqrt(var);
    }
    for (int e = 0; e < N; e++) {
        double score[CLASSES], sum = 0;
        for (int c = 0; c < CLASSES; c++) {
            score[c] = w[c * (IN + 1) + IN];
            for (int i = 0; i < IN; i++) score[c] += w[c * (IN + 1) + i] * (double)x[e * IN + i];
            sum += exp(score[c]);
        }
        loss += (log(sum) - score[label[e]]) / N;
    }
    for (int c = 0; c < CLASSES; c++)
        for (int i = 0; i < IN; i++) norm += pow(w[c * (IN + 1) + i] * deviation[i], 2);
    return loss + 0.5 * l2 * norm;
}

T_TEST(optimum_by_finite_differences) {
    const hr_head_config c = {1e-2, 1e-9, 500};
    hr_head h = new_head();
    hr_head_report r;
    double w[DIM], deviation[IN];
    make_data();
    T_NEED(train(&c, &h, &r) == HR_OK);
    for (int k = 0; k < DIM; k++) w[k] = (double)weight[k];
    T_NEAR(loss_of(w, c.l2, deviation), r.loss, 1e-7);
    T_CHECK(r.gradient <= 1e-9);
    for (int k = 0; k < DIM; k++) { /* no direction is downhill */
        const double keep = w[k], step = 1e-3;
        w[k] = keep + step;
        const double up = loss_of(w, c.l2, deviation);
        w[k] = keep - step;
        const double down = loss_of(w, c.l2, deviation);
        w[k] = keep;
        T_NEAR((up - down) / (2 * step), 0, 2e-5);
    }
}
T_TEST(same_as_scikit_learn) {
    /* loss at the optimum, then weights on raw inputs, class by class, the bias last (only differences of biases are
     * determined by the loss: they are centred there and here) */
    static const double oracle_loss = 0.8701949425, oracle[DIM] = {
#include "tests/golden/head.inc"
    };
    const hr_head_config c = {1e-2, 1e-9, 500};
    hr_head h = new_head();
    hr_head_report r;
    double bias = 0;
    make_data();
    T_NEED(train(&c, &h, &r) == HR_OK);
    T_NEAR(r.loss, oracle_loss, 1e-7);
    for (int k = 0; k < CLASSES; k++) bias += (double)weight[k * (IN + 1) + IN] / CLASSES;
    for (int k = 0; k < DIM; k++) T_NEAR((double)weight[k] - (k % (IN + 1) == IN ? bias : 0), oracle[k], 1e-4);
}
T_TEST(probabilities_and_threshold) {
    const hr_head_config c = {1e-2, 1e-6, 200};
    hr_head h = new_head();
    int right = 0, kept = 0;
    make_data();
    T_NEED(train(&c, &h, NULL) == HR_OK);
    for (int e = 0; e < N; e++) {
        float probs[CLASSES], best;
        double sum = 0, score[CLASSES];
        const int pick = hr_head_pick(&h, x + e * IN, probs, &best);
        for (int k = 0; k < CLASSES; k++) {
            score[k] = weight[k * (IN + 1) + IN];
            for (int i = 0; i < IN; i++) score[k] += (double)weight[k * (IN + 1) + i] * (double)x[e * IN + i];
            sum += exp(score[k]);
        }
        for (int k = 0; k < CLASSES; k++) T_NEAR(probs[k], exp(score[k]) / sum, 1e-6);
        T_CHECK(pick >= 0);
        T_NEAR(probs[pick], best, 1e-6);
        right += pick == (int)label[e];
    }
    T_CHECK(right >= 34);
    hr_head_calibrate(&h, x, N, 0.9);
    for (int e = 0; e < N; e++) kept += hr_head_pick(&h, x + e * IN, NULL, NULL) >= 0;
    T_EQ_I(kept, 54);
    h.threshold = 1.1f;
    T_EQ_I(hr_head_pick(&h, x, NULL, NULL), -1);
}
T_TEST(same_bits_again) {
    const hr_head_config c = {1e-3, 1e-6, 50};
    hr_head h = new_head();
    float first[DIM];
    make_data();
    T_NEED(train(&c, &h, NULL) == HR_OK);
    memcpy(first, weight, sizeof first);
    memset(work, 0xff, sizeof work);
    T_NEED(train(&c, &h, NULL) == HR_OK);
    T_EQ_MEM(first, weight, sizeof first);
}
T_TEST(one_example_a_class_and_constant_inputs) {
    const hr_head_config c = {1e-2, 1e-6, 100};
    hr_head h = new_head();
    make_data();
    for (int e = 0; e < 3; e++) x[e * IN + 3] = 7;
    T_NEED(hr_head_train(&c, x, label, 3, &h, work, sizeof work, NULL, NULL) == HR_OK);
    for (int e = 0; e < 3; e++) T_EQ_I(hr_head_pick(&h, x + e * IN, NULL, NULL), (int)label[e]);
    for (int k = 0; k < CLASSES; k++) T_CHECK(weight[k * (IN + 1) + 3] == 0);
}
T_TEST(refusals) {
    const hr_head_config c = {1e-2, 1e-6, 10}, negative = {-1, 1e-6, 10};
    hr_head h = new_head();
    hr_error err;
    const size_t need = hr_head_work_bytes(IN, CLASSES, N);
    make_data();
    memset(weight, 0x5a, sizeof weight);
    hr_error_clear(&err);
    T_EQ_I(hr_head_train(&c, x, label, N, &h, work, need - 1, NULL, &err), HR_E_MEMORY);
    T_CHECK(strstr(err.what, "work") != NULL);
    T_EQ_I(hr_head_train(&c, x, label, N, &h, work, need, NULL, NULL), HR_OK);
    memset(weight, 0x5a, sizeof weight);
    T_EQ_I(hr_head_train(&c, x, label, 0, &h, work, need, NULL, NULL), HR_E_ARG);
    T_EQ_I(hr_head_train(&negative, x, label, N, &h, work, need, NULL, NULL), HR_E_ARG);
    label[7] = CLASSES;
    T_EQ_I(hr_head_train(&c, x, label, N, &h, work, need, NULL, NULL), HR_E_ARG);
    label[7] = 1;
    x[11] = NAN;
    T_EQ_I(hr_head_train(&c, x, label, N, &h, work, need, NULL, NULL), HR_E_NUMERIC);
    x[11] = INFINITY;
    T_EQ_I(hr_head_train(&c, x, label, N, &h, work, need, NULL, NULL), HR_E_NUMERIC);
    for (size_t i = 0; i < sizeof weight; i++) T_CHECK(((uint8_t *)weight)[i] == 0x5a);
    T_EQ_U(hr_head_bytes(0, 3), 0);
    T_EQ_U(hr_head_bytes(1u << 20, 3), 0);
    T_EQ_U(hr_head_work_bytes(4, 1u << 20, 3), 0);
}
T_MAIN(T_RUN(optimum_by_finite_differences), T_RUN(same_as_scikit_learn), T_RUN(probabilities_and_threshold),
       T_RUN(same_bits_again), T_RUN(one_example_a_class_and_constant_inputs), T_RUN(refusals))
