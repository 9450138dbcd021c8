/* hearth.c: the hearth command: one word, one file (cmd_*.c). */
#include "tools/cli.h"
#include <signal.h>
#include <string.h>

typedef struct word {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} word;
static const word words[] = {
    {"run", cmd_run, "MODEL -p TEXT|-f FILE   continue a text"},
    {"tokenize", cmd_tokenize, "MODEL                   text on stdin to token ids, or back"},
    {"logits", cmd_logits, "MODEL -f FILE -o OUT    the logits of every token of a text, and their hash"},
    {"perplexity", cmd_perplexity, "MODEL -f FILE           perplexity; distance from saved logits"},
    {"inspect", cmd_inspect, "MODEL                   what is in a file"},
    {"plan", cmd_plan, "MODEL --ctx N           exact bytes, before anything is opened"},
    {"pack", cmd_pack, "IN OUT                  store matrices as kernels read them; --unpack goes back"},
    {"quantize", cmd_quantize, "IN OUT TYPE             other types for the matrices: Q4_K_M, ..."},
    {"imatrix", cmd_imatrix, "MODEL -f FILE -o OUT    which columns matter, for quantize"},
    {"convert", cmd_convert, "HF_DIR OUT              a Hugging Face model folder to a GGUF file"},
    {"bench", cmd_bench, "MODEL                   prefill, decode, load, memory, beside the machine's limit"},
    {"eval-default", cmd_eval_default, "EXAMPLES [MODEL]     labelled examples: what a model gets right"},
    {"selfcheck", cmd_selfcheck, "[MODEL]                 are the kernels right on this chip?"},
    {"memory", cmd_memory, "STORE add|find|get|...  what an app learns about its user, in one file"},
    {"policy", cmd_policy, "check|explain|log FILE  what a subject may use, what for, and where"},
    {"schema", cmd_schema, "check FILE      is a JSON Schema enforced by run --schema, or what is refused"},
    {"redact", cmd_redact, "[FILE]         replaces what is personal or secret in a stream of text"},
    {"metrics", cmd_metrics, "show|export FILE        figures of one device; what may leave of them"},
    {"release", cmd_release, "keygen|sign|verify|...  signed releases: who may run what, A/B slots"},
    {"train", cmd_train, "adapter|model MODEL ...  learn from a text, on this machine"},
    {"fleet", cmd_fleet, "merge OUT IN... | report FILE   figures of many devices"},
};
/* words that the design names and this version does not have */
static const char *const later[] = {"chat",   "ask",
                                    "embed",
                                    "adapter", "serve"};

static void print_words(FILE *f) {
    fprintf(f, "hearth %s: private language models on this machine\n\n", hearth_version());
    for (size_t i = 0; i < CLI_COUNT(words); i++) fprintf(f, "  hearth %-12s %s\n", words[i].name, words[i].about);
    fprintf(f, "\n'hearth WORD --help' tells more. Exit codes: 0 ok, 1 failed, 2 misuse.\n");
}
int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error, and that is a failure */
    signal(SIGXFSZ, SIG_IGN); /* so is a file above the size limit */
    cli_catch_interrupt();
    if (argc < 2) {
        print_words(stderr);
        return CLI_MISUSE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_words(stdout);
        return cli_finish(CLI_OK);
    }
    if (strcmp(name, "--version") == 0) {
        printf("hearth %s\n", hearth_version());
        return cli_finish(CLI_OK);
    }
    if (argc > 2 && strcmp(name, "train") == 0 && strcmp(argv[2], "tokenizer") == 0)
        return cli_finish(cmd_train_tokenizer(argc - 2, argv + 2));
    for (size_t i = 0; i < CLI_COUNT(words); i++)
        if (strcmp(name, words[i].name) == 0) return cli_finish(words[i].run(argc - 1, argv + 1));
    for (size_t i = 0; i < CLI_COUNT(later); i++)
        if (strcmp(name, later[i]) == 0) {
            cli_fail(name, "not built yet in version %s", hearth_version());
            return CLI_MISUSE;
        }
    return cli_misuse(NULL, name, "unknown word");
}
