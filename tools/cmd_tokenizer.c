/* cmd_tokenizer.c: `hearth train tokenizer`: a byte-level BPE vocabulary from a text. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#if !defined(HEARTH_DROP_TOOLS)
#include "tools/bpe_train.h"

static void show_progress(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx;
    cli_progress("merges", done, total);
}
static void report_vocab(const bpe_vocab *v, const char *out, bool json) {
    const uint64_t last = v->n_merges ? v->merge[v->n_merges - 1].count : 0;
    if (!json) {
        printf("%s: %zu tokens (%zu special, 256 bytes, %zu merges) of %zu different words; the last merge was met %llu times\n",
               out, v->n_tokens, v->n_special, v->n_merges, v->n_words, (unsigned long long)last);
        return;
    }
    cli_json_open(NULL, '{');
    cli_json_str("file", out);
    cli_json_u64("n_tokens", v->n_tokens);
    cli_json_u64("n_special", v->n_special);
    cli_json_u64("n_merges", v->n_merges);
    cli_json_u64("n_words", v->n_words);
    cli_json_u64("last_count", last);
    cli_json_close('}');
}
#endif
int cmd_train_tokenizer(int argc, char **argv) {
    const char *text_path = NULL, *out = NULL, *pre = "gpt2", *end = NULL;
    int n_vocab = 2048, min_count = 1;
    bool json = false;
    cli_list special = {{0}, 0};
    const cli_option options[] = {
        {"-f", "--file", CLI_TEXT, &text_path, 0, 0, "TEXT", "the text; - is stdin"},
        {"-o", "--out", CLI_TEXT, &out, 0, 0, "OUT.gguf", "the vocabulary"},
        {"-n", "--vocab", CLI_INT, &n_vocab, 256, 1 << 20, "N", "tokens, with bytes and special ones (2048)"},
        {"--pre", NULL, CLI_TEXT, &pre, 0, 0, "NAME", "how words are cut: gpt2, llama-bpe, qwen2, ... (gpt2)"},
        {"--special", NULL, CLI_LIST, &special, 0, 0, "TOKEN", "a control token, as <|end|>; again for more, in order of ids"},
        {"--end", NULL, CLI_TEXT, &end, 0, 0, "TOKEN", "the special token that ends a text"},
        {"--min-count", NULL, CLI_INT, &min_count, 1, 1 << 30, "N", "pairs met less often are not merged (1)"},
        {"--json", NULL, CLI_FLAG, &json, 0, 0, NULL, "report as JSON"},
    };
    const cli_command command = {"train tokenizer", "-f TEXT -o OUT.gguf",
                                 "Byte-level BPE: the most frequent pair becomes a token, ties go to the lower ids.\n"
                                 "The same text gives the same vocabulary, on every machine.",
                                 options, CLI_COUNT(options), 0, 0};
    const char *words[1] = {NULL};
    int code = cli_parse(&command, argc, argv, words);
    if (code != CLI_GO) return code;
    if (!text_path) return cli_misuse("train tokenizer", "-f", "no text given");
    if (!out) return cli_misuse("train tokenizer", "-o", "no output given");
#if defined(HEARTH_DROP_TOOLS)
    (void)min_count, (void)json, (void)end;
    return cli_fail("train tokenizer", "is not in a build on the one-file library");
#else
    int eos = -1;
    for (size_t i = 0; end && i < special.n; i++)
        if (strcmp(special.item[i], end) == 0) eos = (int)i;
    if (end && eos < 0) return cli_misuse("train tokenizer", "--end", "'%s' is none of the special tokens", end);
    const bpe_config c = {pre, special.item, special.n, (size_t)n_vocab, (uint64_t)min_count, show_progress, NULL};
    char *text = NULL;
    size_t n = 0;
    bpe_vocab v;
    hr_error err;
    hr_error_clear(&err);
    if (cli_read_file(text_path, &text, &n) != CLI_OK) return CLI_FAILED;
    hr_status status = bpe_train(&c, text, n, &v, &err);
    cli_progress_end();
    if (status == HR_OK) status = bpe_write(&v, &c, eos, out, &err);
    if (status == HR_OK) {
        report_vocab(&v, out, json);
    } else {
        hearth_error e;
        memcpy(&e, &err, sizeof e); /* the same layout (engine/api_model.c asserts it) */
        cli_report(&e, out);
    }
    bpe_free(&v);
    free(text);
    return status == HR_OK ? CLI_OK : CLI_FAILED;
#endif
}
