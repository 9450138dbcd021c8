/* memory.h: what is built on items: structured memory (facts), its text, the digest for a prompt, everything as JSON lines,
 * verification, and vectors built anew. memory/FORMAT.md has the rules and the formats. */
#ifndef HR_MEMORY_H
#define HR_MEMORY_H
#include "memory/store.h"

enum { HR_FACT_BINS = 8, HR_FACT_DAY_MS = 86400000, HR_FACT_HALF_LIFE_DAYS = 30 };
/* --- facts.c ------------------------------------------------------------------------------------------------------------- */
/* An item whose text and names are its own. */
typedef struct hr_fact {
    hr_item item;
    char *bytes;             /* [n_bytes] */
    size_t n_bytes;
} hr_fact;
HR_PRIVATE hr_status hr_fact_copy(const hr_allocator *m, const hr_item *i, hr_fact *out, hr_error *err);
HR_PRIVATE void hr_fact_free(const hr_allocator *m, hr_fact *f); /* safe on a zeroed one */
/* Which of two statements holds: > 0 the first, < 0 the second, 0 they say the same. A total order. */
HR_PRIVATE int hr_fact_order(const hr_item *a, const hr_item *b);
/* Uses of an intent by half-lives: bin[0] those in the half-life `epoch` (of Unix time), bin[1] the one before ... */
typedef struct hr_fact_uses { uint64_t epoch; uint32_t bin[HR_FACT_BINS]; } hr_fact_uses;
HR_PRIVATE void hr_fact_get_uses(const hr_item *i, hr_fact_uses *u);
HR_PRIVATE void hr_fact_add_uses(hr_fact_uses *u, const hr_fact_uses *more, bool absorb);
HR_PRIVATE uint64_t hr_fact_weight(const hr_fact_uses *u, uint64_t now_ms); /* uses in 1/65536, decayed */
/* One statement is merged with what is there under its kind, scope and key. absorb: it may be one already counted. */
HR_PRIVATE hr_status hr_fact_learn(hr_store *s, const hr_item *fact, uint64_t now_ms, bool absorb, uint64_t *id, hr_error *err);
/* Every statement that was ever made of id and is still on the device, the one that holds first. Non-zero stops. */
typedef int hr_fact_each(void *ctx, const hr_item *version);
HR_PRIVATE hr_status hr_fact_history(hr_store *s, uint64_t id, hr_fact_each *each, void *ctx, hr_error *err);

/* --- textio.c: what the two text forms share ------------------------------------------------------------------------------- */
HR_PRIVATE const char *hr_kind_name(uint32_t kind);
typedef int hr_text_write(void *ctx, const char *text, size_t n); /* non-zero stops */
typedef struct hr_text_out {
    hr_text_write *write;
    void *ctx;
    bool stopped;
    size_t n;
    char buf[512];
} hr_text_out;
HR_PRIVATE void hr_text_put(hr_text_out *o, const char *text, size_t n);
HR_PRIVATE void hr_text_format(hr_text_out *o, const char *fmt, ...) HR_PRINTF(2, 3); /* at most 160 bytes */
HR_PRIVATE void hr_text_quote(hr_text_out *o, hr_str s);     /* a JSON string */
HR_PRIVATE hr_status hr_text_end(hr_text_out *o, hr_error *err);
typedef struct hr_text_in {
    const char *p, *end, *line_start;
    const char *name;        /* for errors */
    uint32_t line;
    char *out;               /* strings are decoded to here, never longer than they were */
    hr_error *err;
    hr_status status;
} hr_text_in;
/* "line 3, column 7: what"; the offset is the byte's. Returns false. The first failure stays. */
HR_PRIVATE bool hr_text_fail(hr_text_in *t, hr_status status, const char *what);
HR_PRIVATE bool hr_text_word(hr_text_in *t, const char *word); /* goes over it, or false and nothing else */
HR_PRIVATE bool hr_text_u64(hr_text_in *t, uint64_t most, uint64_t *v);
HR_PRIVATE bool hr_text_string(hr_text_in *t, size_t most, hr_str *s); /* a JSON string, valid UTF-8 */
HR_PRIVATE bool hr_text_newline(hr_text_in *t);

/* --- dump.c, lines.c ---------------------------------------------------------------------------------------------------------- */
HR_PRIVATE hr_status hr_facts_dump(hr_store *s, hr_text_write *write, void *ctx, hr_error *err);
/* Makes the facts those of the text; nothing is written when it has an error. */
HR_PRIVATE hr_status hr_facts_load(hr_store *s, const char *text, size_t n, uint64_t *changed, uint64_t *removed, hr_error *err);
typedef int hr_lines_progress(void *ctx, uint64_t done, uint64_t total);
HR_PRIVATE hr_status hr_lines_export(hr_store *s, hr_text_write *write, void *ctx, hr_error *err);
HR_PRIVATE hr_status hr_lines_import(hr_store *s, const char *text, size_t n, hr_lines_progress *progress, void *ctx,
                                     uint64_t *written, hr_error *err);

/* --- digest.c --------------------------------------------------------------------------------------------------------------- */
typedef size_t hr_digest_count(void *ctx, const char *text, size_t n);
typedef struct hr_digest_config {
    size_t max_tokens;
    uint64_t now_ms;
    const char *const *scopes; /* [n_scopes] besides facts of no scope */
    size_t n_scopes;
    hr_digest_count *count;
    void *ctx;
} hr_digest_config;
/* out [cap]; *n: bytes of it used. What does not fit either bound is left away. */
HR_PRIVATE hr_status hr_facts_digest(hr_store *s, const hr_digest_config *c, char *out, size_t cap, size_t *n, hr_error *err);

/* --- verify.c ------------------------------------------------------------------------------------------------------------------ */
typedef struct hr_verify_counts { uint64_t records, items, vectors, facts, versions, findings; } hr_verify_counts;
typedef void hr_verify_found(void *ctx, const char *what, uint64_t id, const char *detail); /* id 0: of no item */
HR_PRIVATE hr_status hr_store_verify(hr_store *s, hr_verify_found *found, void *ctx, hr_verify_counts *counts, hr_error *err);
/* At most `most` items get a vector of `space`; *left: how many still lack one. Cut at any place, the next call goes on. */
typedef int hr_embed_text(void *ctx, const char *text, size_t n, float *out); /* out [dim]; non-zero: HR_E_CANCELLED */
HR_PRIVATE hr_status hr_store_reembed(hr_store *s, const char *space, uint32_t dim, hr_embed_text *embed, void *ctx,
                                      size_t most, uint64_t *left, hr_error *err);
#endif
