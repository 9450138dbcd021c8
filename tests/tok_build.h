/* tok_build.h: vocabularies written by a test, in the bytes of a GGUF string array, and calls with exact buffers (so that the
 * sanitizers see one byte too many). */
#ifndef HEARTH_TOK_BUILD_H
#define HEARTH_TOK_BUILD_H
#include "tests/t.h"
#include "tokenizer/internal.h"

enum { TB_TOKENS = 1024, TB_BYTES = 1 << 18 };
typedef struct tb {
    hr_tok_spec spec;
    uint8_t *text, *merge; /* [TB_BYTES] string arrays, shared: one vocabulary at a time */
    uint8_t *text_copy, *merge_copy; /* of the exact size, while open */
    size_t n_text, n_merge;
    uint32_t at[TB_TOKENS], size[TB_TOKENS];
    float scores[TB_TOKENS];
    int32_t types[TB_TOKENS];
    bool no_scores, no_types;
    void *memory;
    hr_tok *tok;
} tb;

static inline uint32_t tb_random(uint32_t *r) { return (*r = *r * 1664525u + 1013904223u) >> 8; }

static inline void tb_init(tb *b, hr_tok_model model, const char *pre) {
    static uint8_t texts[TB_BYTES], merges[TB_BYTES];
    memset(b, 0, sizeof *b);
    hr_tok_spec_defaults(&b->spec, model, hr_str_of(pre));
    b->text = texts, b->merge = merges;
}
static inline size_t tb_string(uint8_t *p, const char *s, size_t n) {
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)((uint64_t)n >> 8 * i);
    memcpy(p + 8, s, n);
    return 8 + n;
}
static inline int32_t tb_add_n(tb *b, const char *s, size_t n, float score, int32_t type) {
    size_t id = b->spec.n_tokens++;
    b->at[id] = (uint32_t)b->n_text + 8, b->size[id] = (uint32_t)n;
    b->n_text += tb_string(b->text + b->n_text, s, n);
    b->scores[id] = score, b->types[id] = type;
    return (int32_t)id;
}
static inline int32_t tb_add(tb *b, const char *s, float score, int32_t type) {
    return tb_add_n(b, s, strlen(s), score, type);
}
static inline void tb_merge(tb *b, const char *s) {
    b->n_merge += tb_string(b->merge + b->n_merge, s, strlen(s));
    b->spec.n_merges++;
}
static inline int32_t tb_find(const tb *b, const char *s, size_t n) {
    for (size_t i = 0; i < b->spec.n_tokens; i++) {
        if (b->size[i] == n && memcmp(b->text + b->at[i], s, n) == 0) return (int32_t)i;
    }
    return -1;
}
/* token i is byte i: GPT-2's stand-ins for the bytes that are not printable, in order from U+0100 */
static inline void tb_byte_level(tb *b, const char *pre) {
    tb_init(b, HR_TOK_BPE, pre);
    uint32_t next = 0x100;
    for (uint32_t i = 0; i < 256; i++) {
        bool plain = (i >= '!' && i <= '~') || (i >= 0xa1 && i <= 0xac) || i >= 0xae;
        uint32_t cp = plain ? i : next++;
        char s[3] = {(char)cp, 0, 0};
        if (cp >= 0x80) s[0] = (char)(0xc0 | cp >> 6), s[1] = (char)(0x80 | (cp & 63));
        tb_add(b, s, 0, 1);
    }
}
/* <unk> <s> </s>, the bytes, the mark, a, mark + a */
static inline void tb_spm(tb *b) {
    tb_init(b, HR_TOK_SPM, "");
    b->spec.unk = tb_add(b, "<unk>", 0, HR_TOKEN_UNKNOWN);
    b->spec.bos = tb_add(b, "<s>", 0, HR_TOKEN_CONTROL);
    b->spec.eos = tb_add(b, "</s>", 0, HR_TOKEN_CONTROL);
    for (int i = 0; i < 256; i++) {
        char s[8];
        snprintf(s, sizeof s, i % 2 ? "<0x%02X>" : "<0x%02x>", (unsigned)i);
        if (i == 0) strcpy(s, "<0x00>");
        tb_add(b, s, 0, HR_TOKEN_BYTE);
    }
    tb_add(b, "\xe2\x96\x81", -3, 1), tb_add(b, "a", -2, 1), tb_add(b, "\xe2\x96\x81\x61", -1, 1);
}

/* plan, then build in exactly the planned memory */
static inline hr_status tb_open(tb *b, hr_error *err) {
    hr_arena plan, a;
    hr_error none, *e = err ? err : &none;
    hr_tok *out = NULL;
    hr_error_clear(e);
    b->text_copy = (uint8_t *)malloc(b->n_text + !b->n_text);
    b->merge_copy = (uint8_t *)malloc(b->n_merge + !b->n_merge);
    memcpy(b->text_copy, b->text, b->n_text), memcpy(b->merge_copy, b->merge, b->n_merge);
    b->spec.tokens = b->text_copy, b->spec.tokens_bytes = b->n_text;
    b->spec.merges = b->merge_copy, b->spec.merges_bytes = b->n_merge;
    if (b->spec.tokens_offset == 0) b->spec.tokens_offset = 1000, b->spec.merges_offset = 500000;
    b->spec.scores = b->no_scores ? NULL : (const uint8_t *)b->scores;
    b->spec.types = b->no_types ? NULL : (const uint8_t *)b->types;
    b->tok = NULL;
    b->memory = NULL;
    hr_arena_init_count(&plan);
    hr_status status = hr_tok_init(&b->spec, &plan, &out, e);
    if (status != HR_OK) return status;
    T_CHECK(out == NULL && plan.used > 0);
    if (posix_memalign(&b->memory, 64, plan.used) != 0) return HR_E_MEMORY;
    hr_arena_init(&a, b->memory, plan.used);
    status = hr_tok_init(&b->spec, &a, &b->tok, e);
    T_CHECK(status != HR_OK || (b->tok != NULL && a.used == plan.used && !a.failed));
    if (status != HR_OK && !err) printf("    %s: %s\n", none.where, none.what);
    return status;
}
/* frees what tb_open took, also after it failed; the texts stay, so that the spec can be changed and opened again */
static inline void tb_close(tb *b) {
    free(b->memory), free(b->text_copy), free(b->merge_copy);
    b->memory = NULL, b->tok = NULL, b->text_copy = b->merge_copy = NULL;
}
static inline hr_status tb_encode(const tb *b, const char *text, size_t n, uint32_t flags, int32_t *ids, size_t cap,
                                  size_t *got) {
    void *scratch = NULL;
    char *copy = (char *)malloc(n ? n : 1);
    if (n) memcpy(copy, text, n);
    if (posix_memalign(&scratch, 64, hr_tok_scratch_bytes(b->tok, n)) != 0) return HR_E_MEMORY;
    hr_status status = hr_tok_encode(b->tok, copy, n, flags, ids, cap, got, scratch, NULL);
    free(scratch), free(copy);
    return status;
}
static inline void tb_expect_n(const tb *b, const char *text, size_t n, uint32_t flags, const int32_t *want,
                               size_t n_want) {
    size_t got = 0, cap = n_want;
    int32_t *ids = (int32_t *)malloc((cap + 1) * sizeof *ids);
    ids[cap] = 0x5ca1ab1e;
    hr_status status = tb_encode(b, text, n, flags, ids, cap, &got);
    bool same = status == HR_OK && got == n_want && (got == 0 || memcmp(ids, want, got * sizeof *ids) == 0);
    if (!T_CHECK(same)) {
        printf("    '%.*s': status %d, %zu ids, wanted %zu:", (int)(n < 60 ? n : 60), text, status, got, n_want);
        for (size_t i = 0; i < got && i < n_want; i++) printf(" %d/%d", (int)ids[i], (int)want[i]);
        printf("\n");
    }
    T_EQ_I(ids[cap], 0x5ca1ab1e);
    for (size_t less = 0; less < cap; less += cap / 3 + 1) { /* less room: the count that is needed */
        ids[less] = 0x5ca1ab1e;
        T_EQ_I(tb_encode(b, text, n, flags, ids, less, &got), HR_E_FULL);
        T_EQ_U(got, n_want);
        T_EQ_I(ids[less], 0x5ca1ab1e);
    }
    free(ids);
}
static inline void tb_expect(const tb *b, const char *text, uint32_t flags, const int32_t *want, size_t n_want) {
    tb_expect_n(b, text, strlen(text), flags, want, n_want);
}
/* decodes token by token into buffers of the size asked for; out: large enough */
static inline size_t tb_decode(const tb *b, const int32_t *ids, size_t n, char *out, bool show) {
    hr_tok_decoder d;
    size_t cap = hr_tok_max_piece(b->tok), at = 0;
    char *piece = (char *)malloc(cap);
    memset(&d, 0, sizeof d);
    d.show_special = show;
    for (size_t i = 0; i <= n; i++) {
        size_t m = i < n ? hr_tok_decode(b->tok, &d, ids[i], piece, cap) : hr_tok_decode_flush(&d, piece, 4);
        memcpy(out + at, piece, m);
        at += m;
    }
    free(piece);
    return at;
}
static inline void tb_round(const tb *b, const char *text, size_t n) {
    int32_t *ids = (int32_t *)malloc((n + 8) * sizeof *ids);
    char *back = (char *)malloc(8 * n + 64);
    size_t got = 0;
    T_EQ_I(tb_encode(b, text, n, HR_ENCODE_SPECIAL, ids, n + 8, &got), HR_OK);
    size_t m = tb_decode(b, ids, got, back, false);
    if (!T_CHECK(m == n && memcmp(back, text, n) == 0)) printf("    '%.*s' -> '%.*s'\n", (int)n, text, (int)m, back);
    free(ids), free(back);
}
#endif
