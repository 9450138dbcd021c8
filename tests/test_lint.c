/* Every rule of tools/lint.awk is shown a bad snippet and must name the rule at the right line, and must keep quiet on
 * the good form beside it. Also tools/kernel_list.awk. The expected verdicts are DESIGN section 2, read by a person. */
#include "tests/t.h"
#include <sys/wait.h>

static char top[512]; /* the project's top folder */

static const char *put_file(const char *path, const char *text) {
    char cmd[700];
    const char *full = t_tmp(path);
    snprintf(cmd, sizeof cmd, "mkdir -p \"$(dirname '%s')\"", full);
    if (system(cmd) != 0) return NULL;
    FILE *f = fopen(full, "w");
    if (!T_CHECK(f != NULL)) return NULL;
    fputs(text, f);
    fclose(f);
    return full;
}
/* runs `awk -f top/tools/SCRIPT ARGS` in the scratch folder; returns what it printed */
static const char *run_awk(const char *script, const char *args, int *status) {
    static char out[16384];
    char cmd[2000];
    snprintf(cmd, sizeof cmd, "cd '%s' && LC_ALL=C awk -f '%s/tools/%s' %s 2>&1", t_tmp("."), top, script, args);
    FILE *p = popen(cmd, "r");
    size_t n = p ? fread(out, 1, sizeof out - 1, p) : 0;
    out[n] = 0;
    int s = p ? pclose(p) : -1;
    *status = WIFEXITED(s) ? WEXITSTATUS(s) : -1;
    return out;
}

typedef struct sample {
    const char *path, *text;
    const char *rule; /* "line: rule", or NULL when nothing may be reported */
} sample;

static void judge(const sample *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int status = -1;
        char want[300];
        put_file(list[i].path, list[i].text);
        const char *out = run_awk("lint.awk", list[i].path, &status);
        if (list[i].rule) snprintf(want, sizeof want, "%s:%s: ", list[i].path, list[i].rule);
        bool ok = list[i].rule ? status == 1 && strstr(out, want) != NULL : status == 0 && out[0] == 0;
        if (!T_CHECK(ok))
            printf("    sample %zu, %s: wanted %s, got status %d: %s\n    text: %s\n", i, list[i].path,
                   list[i].rule ? list[i].rule : "nothing", status, out, list[i].text);
    }
}
#define JUDGE(list) judge(list, sizeof(list) / sizeof((list)[0]))

T_TEST(include_levels) {
    static const sample list[] = {
        {"engine/base/arena.c", "#include \"engine/base/base.h\"\n", NULL},
        {"engine/base/sys.h", "#include \"base.h\"\n", NULL},
        {"engine/base/arena.c", "#include \"quant/formats.h\"\n", "1: include level"},
        {"quant/formats.h", "#include \"engine/base/base.h\"\n", NULL},
        {"quant/formats.h", "#include \"kernels/kernel.h\"\n", "1: include level"},
        {"tokenizer/bpe.c", "#include \"tokenizer/tokenizer.h\"\n#include \"engine/base/base.h\"\n", NULL},
        {"tokenizer/bpe.c", "#include \"engine/gguf.h\"\n", "1: include level"},
        {"policy/redact.c", "int a;\n", NULL},
        {"policy/redact.c", "#include \"engine/session.h\"\n", "1: include level"},
        {"kernels/x86/q4.c", "#include \"kernels/kernel.h\"\n#include \"quant/formats.h\"\n", NULL},
        {"kernels/x86/q4.c", "#include \"kernels/arm/q8.h\"\n", "1: include level"},
        {"kernels/registry.c", "#include \"kernel_list.inc\"\n#include \"kernels/selfcheck.h\"\n", NULL},
        {"quant/pack.c", "#include \"kernels/kernel.h\"\n#include \"quant/pack.h\"\n", NULL},
        {"quant/pack.c", "#include \"engine/model.h\"\n", "1: include level"},
        {"memory/store.c", "#include \"kernels/kernel.h\"\n", NULL},
        {"memory/store.c", "#include \"tokenizer/tokenizer.h\"\n", "1: include level"},
        {"engine/model.c", "#include \"engine/gguf.h\"\n#include \"tokenizer/tokenizer.h\"\n", NULL},
        {"engine/model.c", "#include \"tokenizer/bpe.h\"\n", "1: include level"},
        {"engine/hearth.h", "#include \"engine/base/base.h\"\n", "1: include level"},
        {"tools/cmd_run.c", "#include \"engine/hearth.h\"\n#include <stdio.h>\n", NULL},
        {"tools/cmd_run.c", "#include \"engine/base/base.h\"\n", "1: include level"},
        {"tools/cmd_run.c", "#include \"engine/gguf.h\"\n", "1: include level"},
        {"tools/cmd_inspect.c", "#include \"engine/gguf.h\"\n", NULL},
        {"tests/test_x.c", "#include \"engine/gguf.h\"\n", NULL},
        {"tests/test_api.c", "#include \"engine/gguf.h\"\n", "1: include level"},
        {"engine/plan.c", "#include \"engine/gguf.h\"\nint n;\n#include \"engine/kv.h\"\n", "3: include place"},
    };
    JUDGE(list);
}
T_TEST(system_headers) {
    static const sample list[] = {
        {"engine/model.c", "#include <string.h>\n#include <stdint.h>\n", NULL},
        {"engine/model.c", "#include <stdio.h>\n", "1: system header"},
        {"engine/model.c", "#include <pthread.h>\n", "1: system header"},
        {"engine/base/pool.c", "#include <pthread.h>\n", NULL},
        {"engine/base/pool.c", "#include <stdlib.h>\n", "1: system header"},
        {"engine/base/pool.c", "#include <math.h>\n", "1: system header"},
        {"engine/base/sys.c", "#include <stdio.h>\n#include <stdlib.h>\n", NULL},
        {"kernels/x86/q8.c", "#include <immintrin.h>\n", NULL},
        {"kernels/ref/q8.c", "#include <immintrin.h>\n", "1: simd header"},
        {"kernels/registry.c", "#include <arm_neon.h>\n", "1: simd header"},
        {"engine/model.c", "#include <smmintrin.h>\n", "1: simd header"},
    };
    JUDGE(list);
}
T_TEST(forbidden_calls) {
    static const sample list[] = {
        {"engine/a.c", "void f(void) {\n    p = malloc(3);\n}\n", "2: forbidden call"},
        {"engine/a.c", "void f(void) {\n    a->free(a->ctx, p, n); x.exit(1); my_malloc(3); xprintf(1);\n}\n", NULL},
        {"engine/a.c", "/* malloc(3) */ // exit(1)\nstatic const char s[] = \"printf(1)\";\n", NULL},
        {"engine/a.c", "/* one\n exit(1)\n*/ void f(void) { exit(1); }\n", "3: forbidden call"},
        {"kernels/ref/a.c", "void f(void) { y = expf(x); }\n", "1: forbidden call"},
        {"kernels/ref/a.c", "void f(void) { y = hr_expf(x); z = __builtin_expf(x); }\n", NULL},
        {"engine/base/fmath.c", "double g(double x) { return sqrt (x); }\n", NULL},
        {"engine/base/arena.c", "void f(void) { abort(); }\n", "1: forbidden call"},
        {"engine/base/sys.c", "void f(void) { abort(); }\n", NULL},
        {"memory/a.c", "void f(void) { getenv(\"X\"); }\n", "1: forbidden call"},
        {"quant/a.c", "void f(void) { qsort(a, n, s, c); }\n", "1: forbidden call"},
        {"tools/cmd_x.c", "void f(void) { printf(\"x\"); exit(1); }\n", NULL},
    };
    JUDGE(list);
}
static char *long_function(const char *head, int body, const char *tail) {
    static char text[65536];
    size_t n = (size_t)snprintf(text, sizeof text, "%s\n", head);
    for (int i = 0; i < body; i++) n += (size_t)snprintf(text + n, sizeof text - n, "    x++;\n");
    snprintf(text + n, sizeof text - n, "%s\n", tail);
    return text;
}
T_TEST(lengths) {
    sample one[] = {{"engine/a.c", NULL, NULL}};
    one[0].text = long_function("static void f(int x) {", 68, "}"); /* 70 lines */
    JUDGE(one);
    one[0].text = long_function("static void f(int x) {", 69, "}");
    one[0].rule = "71: function length";
    JUDGE(one);
    one[0].text = long_function("static void f(int x)\n{\n#if A\n if (x) {\n#else\n if (!x) {\n#endif", 64, " }\n}");
    one[0].rule = "73: function length";
    JUDGE(one);
    one[0].text = long_function("static const int t[] = {", 100, "};");
    one[0].rule = NULL;
    JUDGE(one);
    one[0].path = "kernels/x86/a.c";
    one[0].text = long_function("static void k(int x) {", 118, "}");
    JUDGE(one);
    one[0].text = long_function("static void k(int x) {", 119, "}");
    one[0].rule = "121: function length";
    JUDGE(one);
    one[0].path = "engine/b.c";
    one[0].text = long_function("static const int t[] = {", 899, "};");
    one[0].rule = "901: file length";
    JUDGE(one);
    one[0].path = "tokenizer/unicode_tab.c";
    one[0].rule = NULL;
    JUDGE(one);
    one[0].path = "engine/hearth.h";
    one[0].text = long_function("struct s {", 499, "};");
    one[0].rule = "501: file length";
    JUDGE(one);
}
T_TEST(names_and_state) {
    static const sample list[] = {
        {"engine/a.c", "#define LOCAL 1\nint x;\n", "1: macro left"},
        {"engine/a.c", "#define LOCAL 1\nint x;\n#undef LOCAL\n", NULL},
        {"engine/a.c", "static int counter;\n", "1: mutable static"},
        {"engine/a.c", "static int table[4] = {1, 2};\n", "1: mutable static"},
        {"engine/a.c", "void f(void) {\n    static int n = 0;\n}\n", "2: mutable static"},
        {"engine/a.c", "static const int table[4] = {1, 2};\nstatic int f(int a, int b);\n", NULL},
        {"engine/base/cpu.c", "static int once;\n", NULL},
        {"tools/hearth.c", "static int counter;\n#define LOCAL 1\n", NULL},
        {"kernels/ref/a.c", "HR_KERNEL(a, b, C, 0, 1, 1)\n\nstatic void after_row(void) {\n}\n", NULL},
    };
    JUDGE(list);
    int status = -1;
    static const char twice[] = "static int merge_word(int a) {\n    return a;\n}\n"
                                "static const int limit_table[] = {1};\n";
    put_file("engine/one.c", twice);
    put_file("engine/two.c", twice);
    const char *out = run_awk("lint.awk", "engine/one.c engine/two.c", &status);
    T_EQ_I(status, 1);
    T_CHECK(strstr(out, "engine/two.c:1: duplicate name: function merge_word is also in engine/one.c\n") != NULL);
    T_CHECK(strstr(out, "engine/two.c:4: duplicate name: static limit_table is also in engine/one.c\n") != NULL);
}
T_TEST(text_rules) {
    static const sample list[] = {
        {"engine/a.c", "int caf\xc3\xa9;\n", "1: not ascii"},
        {"README.md", "caf\xc3\xa9\n", "1: not ascii"},
        {"tests/test_a.c", "static const char s[] = \"caf\xc3\xa9\";\n", NULL},
        {"tokenizer/unicode_tab.c", "/* \xc3\xa9 */\n", NULL},
        {"engine/a.c", "int a; \n", "1: white space"},
        {"engine/a.c", "\tint a;\n", "1: white space"},
        {"Makefile", "all:\n\techo\n", NULL},
        {"README.md", "a\r\n", "1: line end"},
        {"README.md", "see /ro" "ot/x for it\n", "1: machine path"},
        {"tools/a.sh", "cd /ho" "me/someone\n", "1: machine path"},
        {"README.md", "see ../shared/data and /usr/bin and a/home/b\n", NULL},
#define TEN "aaaaaaaaaa"
        {"engine/a.c", "int " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "aaaaa;\n", NULL}, /* 130 */
        {"engine/a.c", "int " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "aaaaaa;\n", "1: line length"},
#undef TEN
    };
    JUDGE(list);
}
T_TEST(kernel_rows) {
    int status = -1;
    put_file("kernels/ref/dot.c", "#include \"kernels/kernel.h\"\nstatic void k(void) {}\n"
                                  "HR_KERNEL(dot, dot_f32_c, HR_ISA_C, 0, 1, 1)\n");
    put_file("kernels/x86/dot.c", "/* why */\n#if defined(__x86_64__) && \\\n    !defined(HR_NO_AVX2)\n#include <x.h>\n"
                                  "HR_KERNEL(dot, dot_f32_avx2, HR_ISA_AVX2, 10, 1, 1);\n"
                                  "  HR_KERNEL(a, b, C,\n   1, 2, 3) /* x */\n#endif\n");
    put_file("kernels/ref/none.c", "int a;\n");
    const char *out = run_awk("kernel_list.awk", "/dev/null kernels/ref/dot.c kernels/ref/none.c kernels/x86/dot.c",
                              &status);
    T_EQ_I(status, 0);
    const char *body = strchr(out, '\n');
    T_NEED(body != NULL);
    T_EQ_STR(body + 1, "/* kernels/ref/dot.c */\nHR_KERNEL(dot, dot_f32_c, HR_ISA_C, 0, 1, 1)\n"
                       "/* kernels/x86/dot.c */\n#if defined(__x86_64__) && \\\n    !defined(HR_NO_AVX2)\n"
                       "HR_KERNEL(dot, dot_f32_avx2, HR_ISA_AVX2, 10, 1, 1)\nHR_KERNEL(a, b, C, 1, 2, 3)\n#endif\n");
}

int main(int argc, char **argv) {
    static const t_entry list[] = {T_RUN(include_levels), T_RUN(system_headers), T_RUN(forbidden_calls), T_RUN(lengths),
                                   T_RUN(names_and_state), T_RUN(text_rules), T_RUN(kernel_rows)};
    if (!getcwd(top, sizeof top)) return 1;
    return t_main(__FILE__, list, sizeof list / sizeof list[0], argc, argv);
}
