/* bench_kernels.c: `hearth bench kernels` as a program of its own, for make bench and make try (lab_kernels.c does it). */
#include "tools/cmd_bench.h"

int main(int argc, char **argv) { return cmd_bench_kernels(argc, argv); }
