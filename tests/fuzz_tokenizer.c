/* fuzz_tokenizer.c: a vocabulary made of the input's words (or its raw bytes as string arrays), then a text through it and
 * back. Counting and building must agree on the bytes; byte-level families that know every byte give the text back. */
#include "tokenizer/tokenizer.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_TOKENS = 96, FUZZ_TEXT = 4096 };

typedef struct fuzz_array { /* a string array as it stands in a file */
    uint8_t bytes[1 << 16];
    size_t size, count;
} fuzz_array;

static void add_string(fuzz_array *a, const uint8_t *p, size_t n) {
    if (a->size + 8 + n > sizeof a->bytes) return;
    for (size_t i = 0; i < 8; i++) a->bytes[a->size + i] = (uint8_t)((uint64_t)n >> (8 * i));
    if (n > 0) memcpy(a->bytes + a->size + 8, p, n);
    a->size += 8 + n;
    a->count++;
}

/* GPT-2's printable stand-in of a byte */
static size_t stand_in(unsigned b, uint8_t out[2]) {
    unsigned cp = b, shift = 0;
    bool itself = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    if (!itself) {
        for (unsigned i = 0; i < b; i++) shift += !((i >= 33 && i <= 126) || (i >= 161 && i <= 172) || i >= 174);
        cp = 256 + shift;
    }
    if (cp < 0x80) return out[0] = (uint8_t)cp, 1;
    out[0] = (uint8_t)(0xc0 | cp >> 6);
    out[1] = (uint8_t)(0x80 | (cp & 63));
    return 2;
}

static void use_tokenizer(const hr_tok *t, const uint8_t *text, size_t n, uint32_t flags, bool exact) {
    size_t bytes = hr_tok_scratch_bytes(t, n), count = 0, need = 0, used = 0;
    void *scratch = malloc(bytes);
    int32_t *ids = (int32_t *)malloc((8 * n + 16) * sizeof *ids);
    char *piece = (char *)malloc(hr_tok_max_piece(t) + 8), *back = (char *)malloc(hr_tok_max_piece(t) * (8 * n + 16));
    hr_tok_decoder d;
    memset(&d, 0, sizeof d);
    d.show_special = true;
    if (scratch == NULL || ids == NULL || piece == NULL || back == NULL) abort();
    if (hr_tok_encode(t, (const char *)text, n, flags, ids, 8 * n + 16, &count, scratch, NULL) != HR_OK) abort();
    if (count > 0 && hr_tok_encode(t, (const char *)text, n, flags, ids, count - 1, &need, scratch, NULL) != HR_E_FULL) abort();
    if (count > 0 && need != count) abort();
    hr_tok_encode(t, (const char *)text, n, flags, ids, 8 * n + 16, &count, scratch, NULL);
    for (size_t i = 0; i < count; i++) {
        if (hr_tok_text(t, ids[i]).data == NULL) abort(); /* an id that is not in the vocabulary */
        size_t m = hr_tok_decode(t, &d, ids[i], piece, hr_tok_max_piece(t));
        memcpy(back + used, piece, m);
        used += m;
    }
    used += hr_tok_decode_flush(&d, back + used, 8);
    if (exact && (used != n || memcmp(back, text, n) != 0)) abort();
    free(scratch), free(ids), free(piece), free(back);
}

/* input: model, pre-tokenizer, flags, then words divided by byte 0xf8 (never in UTF-8): tokens, after two in a row merges,
 * after two more the text */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const pres[] = {"", "llama3", "qwen2", "qwen35", "gpt-2", "smollm", "falcon", "deepseek-llm",
                                       "deepseek-coder", "deepseek-v3", "tekken", "gpt-4o", "bloom", "viking", "gemma4", "nope"};
    static fuzz_array list[2];
    static uint8_t types[4 * (FUZZ_TOKENS + 300)], scores[4 * (FUZZ_TOKENS + 300)];
    if (size < 4) return 0;
    hr_tok_spec s;
    hr_tok_spec_defaults(&s, (hr_tok_model)(data[0] % 3), hr_str_of(pres[data[1] % 16]));
    uint8_t flags = data[2], raw = data[3];
    size_t at = 4, part = 0;
    list[0].size = list[0].count = list[1].size = list[1].count = 0;
    bool every_byte = (flags & 1) != 0;
    memset(types, 0, sizeof types);
    for (unsigned b = 0; every_byte && b < 256; b++) {
        uint8_t out[8] = "<0x00>";
        size_t n = 6;
        if (s.model == HR_TOK_BPE && data[1] % 16 != 14) n = stand_in(b, out);
        else out[3] = (uint8_t)"0123456789ABCDEF"[b >> 4], out[4] = (uint8_t)"0123456789ABCDEF"[b & 15];
        types[4 * list[0].count] = n == 6 ? HR_TOKEN_BYTE : HR_TOKEN_NORMAL;
        add_string(&list[0], out, n);
    }
    while (at < size && part < 2) {
        size_t end = at;
        while (end < size && data[end] != 0xf8) end++;
        if (end == at) part++;
        else if (list[part].count < FUZZ_TOKENS + 256u) {
            if (part == 0) types[4 * list[0].count] = (uint8_t)(1 + (data[at] + flags) % (raw & 1 ? 7 : 5));
            add_string(&list[part], data + at, end - at);
        }
        at = end + 1;
    }
    for (size_t i = 0; i < list[0].count; i++) scores[4 * i + 2] = (uint8_t)(0x80 ^ (i * 37)), scores[4 * i + 3] = 0xc1;
    s.tokens = list[0].bytes, s.tokens_bytes = list[0].size, s.n_tokens = list[0].count;
    s.merges = list[1].bytes, s.merges_bytes = list[1].size, s.n_merges = list[1].count;
    s.types = flags & 2 ? NULL : types;
    s.scores = flags & 4 ? NULL : scores;
    if (flags & 8) s.tokens = data, s.tokens_bytes = size, s.n_tokens = raw; /* bytes as they come */
    if (flags & 16) s.merges = data, s.merges_bytes = size, s.n_merges = raw;
    if (s.n_tokens > FUZZ_TOKENS + 256u) s.n_tokens = FUZZ_TOKENS + 256u;
    s.unk = raw % 5 - 1;
    hr_arena count, real;
    hr_tok *t = NULL;
    hr_error err;
    hr_error_clear(&err);
    hr_arena_init_count(&count);
    if (hr_tok_init(&s, &count, &t, &err) != HR_OK) return 0;
    void *block = malloc(count.used + HR_ARENA_ALIGN);
    hr_arena_init(&real, block, count.used + HR_ARENA_ALIGN);
    if (hr_tok_init(&s, &real, &t, &err) == HR_OK) {
        if (real.used != count.used) abort();
        size_t n = at < size ? hr_min_size(size - at, FUZZ_TEXT) : 0;
        bool exact = s.model == HR_TOK_BPE && data[1] % 16 != 14 && every_byte && !(flags & 10);
        use_tokenizer(t, data + (n > 0 ? at : 0), n, flags >> 5 & 3, exact && !(flags >> 5 & 1));
    }
    free(block);
    return 0;
}
