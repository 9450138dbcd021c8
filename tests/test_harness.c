/* The harness checked by itself: a suite run as a child must report exactly what its cases did. */
#include "tests/t.h"
#include <sys/wait.h>

T_TEST(counts) {
    T_CHECK(1 + 1 == 2);
    T_EQ_I(-3, -3);
    T_EQ_STR("a", "a");
    T_NEAR(1.0, 1.0 + 1e-9, 1e-8);
}
T_MAIN(T_RUN(counts))
