/* tools/amalgamate.awk on a small made-up tree: every rule that makes one file out of many, text written by hand. The
 * real drop is compiled, linked and run by `make drop`. */
#include "tests/t.h"
#include <sys/wait.h>

static char top[512], made[1 << 16];

static void put(const char *path, const char *text) {
    char cmd[700];
    const char *full = t_tmp(path);
    snprintf(cmd, sizeof cmd, "mkdir -p \"$(dirname '%s')\"", full);
    T_CHECK(system(cmd) == 0);
    FILE *f = fopen(full, "w");
    if (!T_CHECK(f != NULL)) return;
    fputs(text, f);
    fclose(f);
}
static int amalgamate(const char *files) {
    char cmd[2000];
    snprintf(cmd, sizeof cmd, "cd '%s' && LC_ALL=C awk -v VERSION=1.2 -v ID=abc -v GEN=gen -f '%s/tools/%s' %s 2>&1",
             t_tmp("."), top, "amalgamate.awk", files);
    FILE *p = popen(cmd, "r");
    size_t n = p ? fread(made, 1, sizeof made - 1, p) : 0;
    made[n] = 0;
    int s = p ? pclose(p) : -1;
    return WIFEXITED(s) ? WEXITSTATUS(s) : -1;
}
static int count(const char *what) {
    int n = 0;
    for (const char *p = made; (p = strstr(p, what)) != NULL; p++) n++;
    return n;
}
static bool before(const char *a, const char *b) {
    const char *x = strstr(made, a), *y = strstr(made, b);
    return x && y && x < y;
}
static void make_tree(void) {
    put("LICENSE", "Be kind.\n");
    put("engine/base/base.h", "#ifndef B\n#define B\n#include <stdint.h>\nint base_h;\n#endif\n");
    put("engine/base/sys.h", "#include \"base.h\"\nint sys_h;\n");
    put("engine/hearth.h", "int public_h;\n");
    put("kernels/kernel.h", "#include \"engine/base/base.h\"\nint kernel_h;\n");
    put("engine/base/base.c", "#include \"engine/base/base.h\"\n\n\n\n#include <string.h>\nint base_c;\n");
    put("kernels/x86/k.c", "#if defined(NEVER)\n#include \"kernels/kernel.h\"\n#include <immintrin.h>\nint k_c;\n"
                           "#endif\n");
    put("kernels/registry.c", "#include \"kernels/kernel.h\"\n#include \"kernel_list.inc\"\nint registry_c;\n"
                              "#include \"kernel_list.inc\"\n");
    put("gen/kernel_list.inc", "ROW(1)\n");
    put("engine/api.c", "#include \"engine/hearth.h\"\n#include \"engine/base/sys.h\"\nint api_c;\n");
}

T_TEST(one_file_of_many) {
    make_tree();
    T_EQ_I(amalgamate("engine/base/base.c kernels/x86/k.c kernels/registry.c engine/api.c"), 0);
    T_CHECK(strstr(made, "/* Hearth 1.2 (abc) in one file") == made);
    T_EQ_I(count(" * Be kind.\n"), 1);
    T_CHECK(before("#define HR_DROP 1", "base_h"));
    T_CHECK(before("#define HR_DROP 1", "#include <"));
    T_EQ_I(count("int base_h;"), 1); /* each of our headers once */
    T_EQ_I(count("int sys_h;"), 1);
    T_EQ_I(count("int kernel_h;"), 1);
    T_EQ_I(count("int public_h;"), 0); /* the public one stays a file */
    T_EQ_I(count("#include \"hearth.h\"\n"), 1);
    T_EQ_I(count("#include \""), 1);
    T_CHECK(before("int base_h;", "int kernel_h;"));
    T_CHECK(before("int kernel_h;", "int base_c;")); /* all headers before all code ... */
    T_CHECK(before("int sys_h;", "int base_c;"));
    T_CHECK(before("int kernel_h;", "#if defined(NEVER)")); /* ... so none is swallowed by a guard */
    T_CHECK(before("#if defined(NEVER)", "#include <immintrin.h>")); /* but system headers stay behind theirs */
    T_CHECK(before("#include <immintrin.h>", "int k_c;"));
    T_EQ_I(count("ROW(1)\n"), 2); /* generated lists wherever they are named */
    T_CHECK(before("int base_c;", "int k_c;"));
    T_CHECK(before("int registry_c;", "int api_c;"));
    T_EQ_I(count("\n\n\n"), 0);
    T_EQ_I(count("\r"), 0);
    T_EQ_I(count("/* ---- engine/api.c "), 1);
}
T_TEST(same_bytes_again) {
    static char first[sizeof made];
    make_tree();
    T_EQ_I(amalgamate("engine/base/base.c kernels/registry.c engine/api.c"), 0);
    memcpy(first, made, sizeof made);
    T_EQ_I(amalgamate("engine/base/base.c kernels/registry.c engine/api.c"), 0);
    T_EQ_STR(made, first);
}
T_TEST(what_is_missing_is_an_error) {
    make_tree();
    put("engine/bad.c", "#include \"engine/gone.h\"\n");
    T_CHECK(amalgamate("engine/bad.c") != 0);
    T_CHECK(strstr(made, "amalgamate: cannot read engine/gone.h") != NULL);
    T_CHECK(amalgamate("engine/gone.c") != 0);
    put("engine/bad.c", "#include \"engine/api.c\"\n");
    T_CHECK(amalgamate("engine/bad.c") != 0);
    T_CHECK(strstr(made, "engine/bad.c includes engine/api.c") != NULL);
}

int main(int argc, char **argv) {
    static const t_entry list[] = {T_RUN(one_file_of_many), T_RUN(same_bytes_again),
                                   T_RUN(what_is_missing_is_an_error)};
    if (!getcwd(top, sizeof top)) return 1;
    return t_main(__FILE__, list, sizeof list / sizeof list[0], argc, argv);
}
