/* bpe_train.h: byte-level BPE from a text: the pair that is met most often becomes a token, again and again. Ties go to the
 * pair with the lower ids (left, then right), as in the `tokenizers` package, so that the result depends on the text alone.
 * Ids: the special tokens, the 256 bytes in the order of the characters that stand for them, then the merges. */
#ifndef TOOLS_BPE_TRAIN_H
#define TOOLS_BPE_TRAIN_H
#include "engine/base/base.h"

typedef struct bpe_merge {
    uint32_t left, right, id; /* id: of the token they make; an older one when two ways make the same text */
    uint64_t count;
} bpe_merge;
typedef struct bpe_vocab {
    char **token;      /* [n_tokens] as GGUF files spell them: bytes as printable characters; NUL-terminated */
    size_t n_tokens;
    bpe_merge *merge;  /* [n_merges] in the order of learning */
    size_t n_merges, n_special, n_words; /* n_words: different words of the text */
} bpe_vocab;
typedef struct bpe_config {
    const char *pre;             /* "gpt2", "llama-bpe", ...: tokenizer/pretok.c */
    const char *const *special;  /* control tokens; a text is cut at them and they are never merged */
    size_t n_special, n_vocab;   /* n_vocab: with special tokens and bytes */
    uint64_t min_count;          /* pairs met less often are left alone; 0: 1 */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
} bpe_config;
/* HR_OK (also when the text has fewer pairs than asked for) | HR_E_ARG | HR_E_MEMORY | HR_E_LIMIT */
hr_status bpe_train(const bpe_config *c, const char *text, size_t n, bpe_vocab *out, hr_error *err);
void bpe_free(bpe_vocab *v); /* fine on a zeroed one */
/* a vocabulary-only GGUF file; eos: the special token that ends a text, or -1 */
hr_status bpe_write(const bpe_vocab *v, const bpe_config *c, int eos, const char *path, hr_error *err);
#endif
