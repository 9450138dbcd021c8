/* The C example of README.md, taken out of it by the Makefile, compiled as it stands and run on a model. Its text must
 * begin as the model's authors print it (../shared/data/README.md: stories260K). */
#include "tests/t.h"

#define main readme_main
#include "readme.c"
#undef main

/* runs the example with its stdout and stderr in a file; returns its status, text in out */
static int run_example(const char *model, char *out, size_t cap) {
    const char *path = t_tmp("stdout");
    char name[2000], program[] = "example";
    char *argv[] = {program, name, NULL};
    snprintf(name, sizeof name, "%s", model);
    fflush(stdout);
    int keep_out = dup(1), keep_err = dup(2);
    FILE *f = fopen(path, "w+");
    out[0] = 0;
    if (!T_CHECK(f != NULL && keep_out >= 0 && keep_err >= 0)) return -1;
    dup2(fileno(f), 1);
    dup2(fileno(f), 2);
    int status = readme_main(2, argv);
    fflush(stdout);
    dup2(keep_out, 1);
    dup2(keep_err, 2);
    close(keep_out);
    close(keep_err);
    rewind(f);
    out[fread(out, 1, cap - 1, f)] = 0;
    fclose(f);
    return status;
}

T_TEST(tells_the_story) {
    char out[4096];
    const char *model = t_data("models/stories260K.gguf");
    if (!model) T_SKIP("no models/stories260K.gguf");
    T_EQ_I(run_example(model, out, sizeof out), 0);
    const char *want = ", there was a little girl named Lily.";
    if (!T_CHECK(strncmp(out, want, strlen(want)) == 0)) printf("    %s\n", out);
}
T_TEST(says_what_is_wrong) {
    char out[4096];
    T_EQ_I(run_example(t_tmp("no-such-file.gguf"), out, sizeof out), 1);
    T_CHECK(strlen(out) > 10);
    T_CHECK(strstr(out, ": ") != NULL);
}
T_MAIN(T_RUN(tells_the_story), T_RUN(says_what_is_wrong))
