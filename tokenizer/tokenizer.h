/* tokenizer.h: text to token ids and back, for the three families of tokenizer in GGUF files: byte-level BPE with a
 * pre-tokenizer, SentencePiece BPE with scores, WordPiece. Knows nothing of GGUF: it is built from a spec whose string
 * arrays are the file's own bytes and stay where they are, so that loading copies no text. After init a tokenizer is
 * immutable and may be used from any number of threads; nothing allocates.
 * Rules: reference/formats.md section 10. */
#ifndef HR_TOKENIZER_H
#define HR_TOKENIZER_H
#include "engine/base/base.h"

typedef enum { HR_TOK_SPM, HR_TOK_BPE, HR_TOK_WPM } hr_tok_model;
enum { HR_TOKEN_NORMAL = 1, HR_TOKEN_UNKNOWN, HR_TOKEN_CONTROL, HR_TOKEN_USER_DEFINED, HR_TOKEN_UNUSED, HR_TOKEN_BYTE };
enum { HR_TOK_MAX_TOKENS = 1 << 21, HR_TOK_MAX_TOKEN_BYTES = 1 << 16 };

typedef struct hr_tok_spec {
    hr_tok_model model;
    hr_str pre;                /* pre-tokenizer's name for BPE; size 0: "default" */
    size_t n_tokens;
    const uint8_t *tokens;     /* string array as in the file: u64 little-endian length, bytes; n_tokens times */
    uint64_t tokens_bytes;
    uint64_t tokens_offset;    /* in the file, for errors */
    const uint8_t *scores;     /* f32 little-endian [n_tokens], or NULL */
    const uint8_t *types;      /* i32 little-endian [n_tokens] (HR_TOKEN_*), or NULL: all normal */
    size_t n_merges;
    const uint8_t *merges;     /* string array "left right" (split at the first space from index 1), or NULL */
    uint64_t merges_bytes;
    uint64_t merges_offset;
    int32_t bos, eos, unk, sep, pad, cls, mask, eot, eom; /* -1: none */
    bool add_bos, add_eos, add_sep, add_space_prefix, remove_extra_whitespaces, ignore_merges;
    bool space_prefix_once;    /* the prefix goes before the text only, not after each special token too (phi3) */
} hr_tok_spec;

typedef struct hr_tok hr_tok;

/* Defaults of a model kind, before the file's own keys: ids -1, flags as formats.md 10 has them. */
HR_PRIVATE void hr_tok_spec_defaults(hr_tok_spec *spec, hr_tok_model model, hr_str pre);

/* Builds a tokenizer in the arena. With a counting arena: checks the spec and counts, *out NULL; the counts are exact.
 * Returns HR_OK | HR_E_UNSUPPORTED pre-tokenizer by name | HR_E_FORMAT | HR_E_LIMIT with field and index | HR_E_MEMORY */
HR_PRIVATE hr_status hr_tok_init(const hr_tok_spec *spec, hr_arena *arena, hr_tok **out, hr_error *err);

enum {
    HR_ENCODE_SPECIAL = 1, /* add bos/eos (cls/sep) as the spec says */
    HR_ENCODE_PARSE = 2    /* control tokens in the text become ids; user-defined ones always do */
};
/* Scratch for encoding a text of any length in pieces is bounded: bytes for texts up to n_text bytes. */
HR_PRIVATE size_t hr_tok_scratch_bytes(const hr_tok *t, size_t n_text);
/*   ids [cap]   *n  ids written; with HR_E_FULL the number needed (ids are then not valid)
 *   scratch     hr_tok_scratch_bytes(t, n_text), aligned to 64
 * Returns HR_OK | HR_E_FULL | HR_E_LIMIT text of 2^31 bytes or more */
HR_PRIVATE hr_status hr_tok_encode(const hr_tok *t, const char *text, size_t n_text, uint32_t flags, int32_t *ids, size_t cap,
                                   size_t *n, void *scratch, hr_error *err);

/* Streaming decoder: holds back the bytes of a character that is not complete yet. Zero-initialise; copyable. */
typedef struct hr_tok_decoder {
    uint8_t held[4];
    uint8_t n_held;
    bool started; /* the first token loses its space prefix where the model adds one */
    bool show_special;
} hr_tok_decoder;
/* Bytes of one token, whole characters only.   out [cap], cap >= hr_tok_max_piece(t)   returns the bytes written */
HR_PRIVATE size_t hr_tok_decode(const hr_tok *t, hr_tok_decoder *d, int32_t id, char *out, size_t cap);
HR_PRIVATE size_t hr_tok_decode_flush(hr_tok_decoder *d, char *out, size_t cap); /* the rest, as it is; at most 4 bytes */
HR_PRIVATE size_t hr_tok_max_piece(const hr_tok *t);

HR_PRIVATE size_t hr_tok_count(const hr_tok *t);
HR_PRIVATE hr_str hr_tok_text(const hr_tok *t, int32_t id); /* as in the vocabulary; data NULL when out of range */
HR_PRIVATE int hr_tok_type(const hr_tok *t, int32_t id);    /* HR_TOKEN_*; 0 when out of range */
HR_PRIVATE bool hr_tok_is_eog(const hr_tok *t, int32_t id); /* one of the end-of-generation tokens */
HR_PRIVATE const hr_tok_spec *hr_tok_spec_of(const hr_tok *t); /* ids and flags in force */
#endif
