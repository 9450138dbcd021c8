/* internal.h: what the tokenizer's files share. */
#ifndef HR_TOKENIZER_INTERNAL_H
#define HR_TOKENIZER_INTERNAL_H
#include "tokenizer/pretok.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"

enum { HR_TOK_MAX_SPECIAL = 1 << 16, HR_TOK_MAX_PROBES = 512 };

/* left + right -> merged, the lower rank first */
typedef struct hr_tok_merge {
    uint32_t left, right; /* left == UINT32_MAX: an empty slot */
    uint32_t rank, merged;
} hr_tok_merge;

struct hr_tok {
    hr_tok_spec spec;
    const hr_pretok_family *family; /* BPE */
    uint32_t *text_at;     /* [n_tokens] where a token's text begins in spec.tokens; its length stands 8 bytes before */
    uint32_t *raw_at;      /* [n_tokens + 1] in raw */
    uint8_t *raw;          /* the bytes each token stands for */
    uint32_t *table;       /* hash of raw bytes -> id + 1, of the tokens that text can become */
    uint32_t table_mask;
    hr_tok_merge *merges;  /* hash of (left, right) */
    uint32_t merge_mask;
    int32_t byte_id[256];  /* BPE: the byte's symbol; SPM: its byte token; -1: none */
    uint32_t *special;     /* control and user-defined tokens sorted by text */
    size_t n_special;
    uint8_t special_first[32]; /* bits: bytes that special tokens begin with */
    size_t longest;        /* raw bytes of the longest token that text can become */
    size_t max_piece;
    bool words;            /* SPM: no token crosses from a character to a following space: words can be cut before spaces */
    bool twins;            /* two tokens that text can become have the same bytes */
    uint8_t *eog;          /* bits */
    uint8_t *merge_text;   /* work of init: two decoded halves */
};

/* id of a token by its bytes, or -1 */
HR_PRIVATE int32_t hr_tok_find(const hr_tok *t, const uint8_t *p, size_t n);
HR_PRIVATE uint64_t hr_tok_hash(const uint8_t *p, size_t n);
HR_PRIVATE const hr_tok_merge *hr_tok_find_merge(const hr_tok *t, uint32_t left, uint32_t right);

/* --- encoding ------------------------------------------------------------------------------------------------------------ */
/* Words met lately in this text, with their ids: direct mapped. */
typedef struct hr_tok_cached {
    uint64_t hash;
    const uint8_t *word;
    uint32_t size;
    uint32_t n;
    int32_t ids[8];
} hr_tok_cached;

/* symbols of a word, doubly linked. BPE: node i begins as byte i. SPM: the node at byte offset i, id is its size. */
typedef struct hr_tok_node {
    uint32_t id;
    uint32_t prev, next; /* HR_TOK_NONE at the ends */
} hr_tok_node;
#define HR_TOK_NONE UINT32_MAX

typedef struct hr_tok_enc {
    const hr_tok *t;
    int32_t *ids;
    size_t cap, n;
    hr_tok_cached *cache;
    size_t cache_mask;       /* SIZE_MAX: none */
    hr_tok_node *nodes;      /* one for each byte of the longest word possible */
    uint64_t *heap;          /* possible merges, key << 32 | left node; the smallest first. A pair whose key is no longer
                                that of the two symbols there is stale. Two for each symbol at most */
    size_t n_heap;
    uint8_t *norm, *norm_end; /* normalised text, fragment after fragment; the cache points into it */
} hr_tok_enc;

HR_INLINE void hr_tok_emit(hr_tok_enc *e, int32_t id) {
    if (e->n < e->cap) e->ids[e->n] = id;
    e->n++;
}
HR_PRIVATE void hr_tok_heap_push(hr_tok_enc *e, uint32_t key, uint32_t left);
HR_PRIVATE uint64_t hr_tok_heap_pop(hr_tok_enc *e);
HR_PRIVATE float hr_tok_score(const hr_tok *t, int32_t id);
HR_PRIVATE void hr_tok_bpe_fragment(hr_tok_enc *e, const uint8_t *p, size_t n);
HR_PRIVATE void hr_tok_spm_fragment(hr_tok_enc *e, const uint8_t *p, size_t n, bool space_first);
HR_PRIVATE void hr_tok_wpm_fragment(hr_tok_enc *e, const uint8_t *p, size_t n);
/* word [p, p+n) through the cache: false when it is not there and must be computed by the caller */
HR_PRIVATE bool hr_tok_cache_get(hr_tok_enc *e, const uint8_t *p, size_t n, uint64_t hash);
HR_PRIVATE void hr_tok_cache_put(hr_tok_enc *e, const uint8_t *p, size_t n, uint64_t hash, size_t first);
#endif
