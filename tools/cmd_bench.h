/* cmd_bench.h: what the words of `hearth bench` and the programs of bench/ share; bench/lab_*.c has it. */
#ifndef CMD_BENCH_H
#define CMD_BENCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int cmd_bench_kernels(int argc, char **argv); /* `hearth bench kernels`; argv[0] is "kernels" */

/* --- the machine's limits, measured: best of several rounds, all threads start together ----------------------- */
enum { LAB_THREADS_MAX = 256, LAB_DRAM_MB = 1024 };
typedef enum lab_multiply_kind { LAB_FMA, LAB_INT8 } lab_multiply_kind; /* f32 fused multiply-adds; int8 products */

/* GB/s of threads that read `bytes` each, with the best of several prefetch distances; 0 without memory for it. `huge`
 * asks for huge pages, which the system may refuse. isa: instruction sets that may be used (HR_ISA_*). */
double lab_read_gb(size_t bytes, int threads, bool huge, uint32_t isa);
/* DRAM: what threads read of so many bytes together, or of less where there is no memory for that. Big, for a last-level cache
 * keeps a part of whatever is read again: 256 MB through one of 32 MB seemed up to a half faster. */
double lab_dram_gb(size_t bytes, int threads, uint32_t isa);
/* G multiply-adds/s of the widest instruction in isa, on so many threads together; 0: none that the lab knows */
double lab_multiply_g(lab_multiply_kind kind, uint32_t isa, int threads);
/* the instruction set that lab_multiply_g uses, one bit; 0: none */
uint32_t lab_multiply_isa(lab_multiply_kind kind, uint32_t isa);

/* --- what machine this is --------------------------------------------------------------------------------------- */
void lab_cpu_name(char *name, size_t cap);              /* as the system says; "unknown" where it does not */
int lab_cores(void);
size_t lab_cache_bytes(int level);                      /* data cache 1, 2, 3; 0: unknown */
void lab_print_facts(FILE *f, const char *isa);         /* "# fact<tab>value" lines */
#endif
