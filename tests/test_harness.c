/* The harness and tools/run_tests.sh, checked by themselves: this program runs itself again as a suite that fails in
 * every way, and the reports must say exactly that. Expected text is written out by hand. */
#include "tests/t.h"
#include <sys/wait.h>

/* --- the suite that fails ---------------------------------------------------------------------------------------- */
T_TEST(bad_check) {
    T_CHECK(1 + 1 == 3);
    T_EQ_I(-3, 4);
    T_EQ_U(7u, 9u);
    T_EQ_STR("a", "b");
    T_EQ_STR(NULL, "b");
    T_EQ_MEM("abc", "abd", 3);
    T_NEAR(1.0, 1.1, 1e-3);
    T_NEAR(NAN, NAN, 1.0);
    T_NEED(false);
    printf("not reached\n");
}
T_TEST(bad_crash) {
    volatile int *volatile p = NULL;
    *p = 1;
}
T_TEST(bad_abort) { abort(); }
T_TEST(bad_hang) {
    alarm(1);
    for (;;) pause();
}
T_TEST(is_skipped) { T_SKIP("on purpose"); }
T_TEST(is_fine) {
    FILE *f = fopen(t_tmp("scratch"), "w");
    T_NEED(f != NULL);
    fclose(f);
    printf("scratch=%s\n", t_tmp("scratch"));
}
static const t_entry bad_list[] = {T_RUN(bad_check), T_RUN(bad_crash), T_RUN(bad_abort), T_RUN(bad_hang),
                                   T_RUN(is_skipped), T_RUN(is_fine)};

/* --- the tests --------------------------------------------------------------------------------------------------- */
static const char *self;

static int run_shell(const char *command, char *out, size_t cap) {
    FILE *p = popen(command, "r");
    size_t n = p ? fread(out, 1, cap - 1, p) : 0;
    out[n] = 0;
    int status = p ? pclose(p) : -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
static bool sanitized(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#endif
#endif
    return false;
}
static const char *runner(void) { return getenv("RUNNER") ? getenv("RUNNER") : ""; }

T_TEST(checks_are_reported) {
    char cmd[600], out[8192];
    snprintf(cmd, sizeof cmd, "T_BAD=1 %s %s bad_check 2>&1", runner(), self);
    T_EQ_I(run_shell(cmd, out, sizeof out), 1);
    T_CHECK(strstr(out, "bad_check: 1 + 1 == 3") != NULL);
    T_CHECK(strstr(out, "    -3, 4\n") != NULL);
    T_CHECK(strstr(out, "    7 (0x7), 9 (0x9)\n") != NULL);
    T_CHECK(strstr(out, "    \"a\", \"b\"\n") != NULL);
    T_CHECK(strstr(out, "    \"(null)\", \"b\"\n") != NULL);
    T_CHECK(strstr(out, "    byte 2 of 3: 63, 64\n") != NULL);
    T_CHECK(strstr(out, "allowed 0.001") != NULL);
    T_CHECK(strstr(out, "nan, nan") != NULL);
    T_CHECK(strstr(out, "not reached") == NULL);
    T_CHECK(strstr(out, "\nharness: 0 passed, 1 failed, 0 skipped\n") != NULL);
}
T_TEST(crashes_do_not_stop_the_rest) {
    char cmd[600], out[8192], path[300] = "";
    if (sanitized()) T_SKIP("a sanitizer ends the program at the first crash");
    snprintf(cmd, sizeof cmd, "T_BAD=1 %s %s 2>&1", runner(), self);
    T_EQ_I(run_shell(cmd, out, sizeof out), 1);
    T_CHECK(strstr(out, "bad_crash: died of signal 11") != NULL);
    T_CHECK(strstr(out, "bad_abort: died of signal 6") != NULL);
    T_CHECK(strstr(out, "bad_hang: died of signal 14 (took too long)") != NULL);
    T_CHECK(strstr(out, "\nharness: 1 passed, 4 failed, 1 skipped\n") != NULL);
    const char *s = strstr(out, "scratch=");
    T_NEED(s && sscanf(s, "scratch=%299s", path) == 1);
    T_CHECK(access(path, F_OK) != 0); /* removed at exit */
}
/* run_tests.sh over programs that are shell scripts, so that it is checked where nothing can be compiled */
static void write_script(const char *name, const char *body) {
    FILE *f = fopen(t_tmp(name), "w");
    if (!T_CHECK(f != NULL)) return;
    fprintf(f, "#!/bin/sh\n%s\n", body);
    fclose(f);
    chmod(t_tmp(name), 0755);
}
T_TEST(sums_are_right) {
    char cmd[2000], out[8192];
    write_script("test_a", "echo 'a: 3 passed, 0 failed, 2 skipped'");
    write_script("test_b", "echo oops; echo 'b: 1 passed, 2 failed, 0 skipped'; exit 1");
    write_script("test_c", "kill -SEGV $$");
    write_script("test_d", "echo 'd: 5 passed, 0 failed, 0 skipped'; exit 7");
    write_script("test_e", "echo no summary");
    snprintf(cmd, sizeof cmd, "TEST_JOBS=1 RUNNER= sh tools/run_tests.sh %s %s %s %s %s 2>&1", t_tmp("test_a"), t_tmp("test_b"),
             t_tmp("test_c"), t_tmp("test_d"), t_tmp("test_e"));
    T_EQ_I(run_shell(cmd, out, sizeof out), 1);
    T_CHECK(strstr(out, "a: 3 passed, 0 failed, 2 skipped\n") == out);
    T_CHECK(strstr(out, "\noops\n") != NULL);
    T_CHECK(strstr(out, "\nc: 0 passed, 1 failed, 0 skipped (died of signal 11, SIGSEGV)\n") != NULL);
    T_CHECK(strstr(out, "\nd: 5 passed, 1 failed, 0 skipped (ended with status 7)\n") != NULL);
    T_CHECK(strstr(out, "\ne: 0 passed, 1 failed, 0 skipped (ended with status 0)\n") != NULL);
    const char *last = strstr(out, "\n9 passed, 5 failed, 2 skipped\n");
    T_CHECK(last && last[strlen("\n9 passed, 5 failed, 2 skipped\n")] == 0);
    snprintf(cmd, sizeof cmd, "TEST_JOBS=1 RUNNER= sh tools/run_tests.sh %s", t_tmp("test_a"));
    T_EQ_I(run_shell(cmd, out, sizeof out), 0);
    T_EQ_STR(out, "a: 3 passed, 0 failed, 2 skipped\n3 passed, 0 failed, 2 skipped\n");
}

static const t_entry good_list[] = {T_RUN(checks_are_reported), T_RUN(crashes_do_not_stop_the_rest),
                                    T_RUN(sums_are_right)};

int main(int argc, char **argv) {
    self = argv[0];
    if (getenv("T_BAD")) return t_main(__FILE__, bad_list, sizeof bad_list / sizeof bad_list[0], argc, argv);
    return t_main(__FILE__, good_list, sizeof good_list / sizeof good_list[0], argc, argv);
}
