/* roofline.c: the limits of this machine as TSV, with its facts: reads of each cache and of memory with 1 to all cores,
 * plain and huge pages, and multiply-adds of every instruction set.    roofline [--name] : the machine's name for files */
#include "engine/base/base.h"
#include <ctype.h>
#include <stdio.h>
#include "engine/base/cpu.h"
#include "tools/cmd_bench.h"

static void print_name(void) { /* "amd_epyc_family_26_model_2" */
    char cpu[256];
    bool gap = false, any = false;
    lab_cpu_name(cpu, sizeof cpu);
    for (const char *p = cpu; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p)) {
            gap = any;
            continue;
        }
        if (gap) putchar('_');
        putchar(tolower((unsigned char)*p));
        gap = false, any = true;
    }
    putchar('\n');
}

/* a cache is each core's own, memory is shared */
static void print_reads(const char *where, size_t bytes, int cores, uint32_t isa) {
    for (int threads = 1; threads <= cores; threads++) {
        for (int huge = 0; huge < 2; huge++) {
            size_t each = strcmp(where, "dram") == 0 ? bytes / (size_t)threads : bytes;
            double gb = lab_read_gb(each, threads, huge, isa);
            if (gb > 0) printf("read_%s\t%d\t%s\t%zu\t%.2f\tGB/s\n", where, threads, huge ? "huge" : "plain", each, gb);
        }
    }
    fflush(stdout);
}
static void print_multiplies(int cores, uint32_t isa) {
    for (int kind = 0; kind < 2; kind++) {
        for (uint32_t left = isa, one; (one = lab_multiply_isa((lab_multiply_kind)kind, left)) != 0; left &= ~one) {
            for (int threads = 1; threads <= cores; threads++) {
                printf("%s_%s\t%d\t-\t-\t%.1f\t%s\n", kind == LAB_INT8 ? "int8" : "fma", hr_isa_name(one), threads,
                       lab_multiply_g((lab_multiply_kind)kind, left, threads), kind == LAB_INT8 ? "GMAC/s" : "GFMA/s");
            }
        }
    }
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--name") == 0) return print_name(), 0;
    if (argc != 1) return fprintf(stderr, "roofline [--name]\n"), 2;
    uint32_t isa = hr_cpu_isa();
    int cores = lab_cores();
    char names[256] = "";
    for (uint32_t bit = 0; bit < 31; bit++) {
        size_t n = strlen(names);
        if (isa >> bit & 1) snprintf(names + n, sizeof names - n, "%s%s", n ? "," : "", hr_isa_name(1u << bit));
    }
    lab_print_facts(stdout, names);
    printf("limit\tthreads\tpages\tbytes_each\tvalue\tunit\n");
    static const char *const levels[] = {"l1", "l2"};
    for (int level = 1; level <= 2; level++) { /* half a cache: the rest of the program is in there, too */
        if (lab_cache_bytes(level) > 0) print_reads(levels[level - 1], lab_cache_bytes(level) / 2, cores, isa);
    }
    print_reads("dram", (size_t)LAB_DRAM_MB << 20, cores, isa);
    print_multiplies(cores, isa);
    return fflush(stdout) != 0 || ferror(stdout);
}
