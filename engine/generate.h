/* generate.h: from tokens to the text that the caller sees: whole UTF-8 characters, cut before the first stop string.
 *
 * The outcome does not depend on how the text falls into tokens: bytes go one at a time through a UTF-8 assembler
 * (what is not UTF-8 becomes U+FFFD, one for each maximal ill-formed part, as Unicode recommends) and a matcher for all
 * stop strings at once. Generation ends at the first byte that completes a stop string; when it completes several, the
 * text ends before the longest. Text that is the beginning of a stop string is held back until that is decided. */
#ifndef HR_GENERATE_H
#define HR_GENERATE_H
#include "engine/base/base.h"
#include "engine/hearth.h"
#include "engine/model.h"
#include "engine/sample.h"

enum { HR_OUT_BYTES = 1024 }; /* room for the longest stop string and then some; longer text goes out in parts */

typedef struct hr_out {
    hearth_on_piece *on_piece; /* NULL: text is dropped */
    void *ctx;
    const char *const *stop;
    size_t n_stop;
    size_t stop_bytes[HR_MAX_STOP];
    size_t match[HR_MAX_STOP];                         /* bytes of each stop string that the text ends with */
    uint16_t back[HR_MAX_STOP][HR_MAX_STOP_BYTES + 1]; /* Knuth-Morris-Pratt: longest border of each beginning */
    hearth_piece piece;                                /* token, logprob, n_generated: set by the caller */
    unsigned char part[4];                             /* a character not yet complete */
    size_t n_part;
    size_t n;          /* bytes in text */
    bool stopped;      /* a stop string is complete; what follows it is dropped */
    bool asked_to_end; /* on_piece returned non-zero; it is not called again */
    char text[HR_OUT_BYTES];
} hr_out;

/* stop strings as hr_sample_check accepts them; they stay the caller's */
HR_PRIVATE void hr_out_begin(hr_out *o, const char *const *stop, size_t n_stop, hearth_on_piece *on_piece, void *ctx);
HR_PRIVATE void hr_out_bytes(hr_out *o, const char *bytes, size_t n);
/* hands out all that is decided as one piece (also when empty): the end of a token */
HR_PRIVATE void hr_out_token(hr_out *o);
/* hands out everything: no more text will come */
HR_PRIVATE void hr_out_end(hr_out *o);

/* Bytes that hearth_generate needs in the session (hr_session.generate_work), aligned to 64. A prompt's text may have
 * HR_PROMPT_BYTES for every token of the context: longer text is given to hearth_tokenize and hearth_feed. */
enum { HR_PROMPT_BYTES = 16, HR_PROMPT_MIN_BYTES = 4096 };
HR_PRIVATE size_t hr_generate_work_bytes(const hr_model *m, size_t ctx_tokens);
#if defined(HR_NO_GENERATE) /* the drop without generate.c: hearth_tokenize, hearth_feed, hearth_sample */
size_t hr_generate_work_bytes(const hr_model *m, size_t ctx_tokens) { return (void)m, (void)ctx_tokens, 0; }
#endif
#endif
