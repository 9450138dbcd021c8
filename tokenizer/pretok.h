/* pretok.h: cutting text into words before BPE. Each family's regular expressions (reference/formats.md section 10) are
 * written as scanners: a stage answers "what matches at this character", and the text between matches is a piece too.
 * Several stages cut one after another, each inside the pieces of the one before. */
#ifndef HR_PRETOK_H
#define HR_PRETOK_H
#include "engine/base/base.h"

typedef size_t hr_pretok_stage(const uint8_t *p, size_t at, size_t end); /* end of the match at `at`, or at: none */
enum { HR_PRETOK_STAGES = 6 };
typedef struct hr_pretok_family {
    const char *names;   /* separated by spaces, with a space at both ends */
    hr_pretok_stage *stage[HR_PRETOK_STAGES];
    bool ignore_merges;  /* a whole word in the vocabulary is taken as it is */
    bool add_bos;        /* default when the file does not say */
    bool raw;            /* not byte-level: spaces become U+2581, the rest is UTF-8 */
} hr_pretok_family;
HR_PRIVATE const hr_pretok_family *hr_pretok_find(hr_str name); /* NULL: unknown */
#if defined(HR_NO_BPE) /* pretok.c's is not asked: nothing else holds its tables */
#define hr_pretok_find(name) NULL
#endif

typedef struct hr_pretok {
    const hr_pretok_family *family;
    const uint8_t *text;
    size_t size, at;
    size_t piece[HR_PRETOK_STAGES]; /* end of the current piece of each stage */
} hr_pretok;
HR_PRIVATE void hr_pretok_begin(hr_pretok *w, const hr_pretok_family *f, const uint8_t *text, size_t size);
/* the next word [*begin, *end); false at the end of the text */
HR_PRIVATE bool hr_pretok_next(hr_pretok *w, size_t *begin, size_t *end);
#endif
