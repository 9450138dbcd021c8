/* draft.h: guesses of the next tokens without a second model: where the text repeats itself, it goes on as it went on
 * before. A guess is verified by the model in one batch; a batch gives the bits that single tokens give, so the output is
 * that of plain decoding, whatever is guessed. */
#ifndef HR_DRAFT_H
#define HR_DRAFT_H
#include "engine/base/base.h"

enum { HR_DRAFT_MOST = 15, HR_DRAFT_FIRST = 4, HR_DRAFT_MATCH = 2, HR_DRAFT_LONGEST = 16 };

/* How far to guess, and whether at all: time a token with and without guesses is measured as it goes (the first step is
 * always plain); what does not pay rests, twice as long every time. Time decides speed only, never the text. */
typedef struct hr_draft {
    size_t most, width;             /* tokens a guess: the limit, and what went well last */
    size_t rest, pause;             /* tokens still to be decoded plainly; length of the next rest */
    double plain_ns, plain_n, guess_ns, guess_n; /* sums over tokens, fading */
} hr_draft;

HR_PRIVATE void hr_draft_init(hr_draft *d, size_t most); /* at most HR_DRAFT_MOST; 0: never guesses */
/* What followed the latest earlier place with the longest end of `history` in common, at least HR_DRAFT_MATCH tokens.
 *   history [n]   out [d->most]   room: at most so many.  Returns the tokens guessed, 0: decode plainly */
HR_PRIVATE size_t hr_draft_guess(const hr_draft *d, const int32_t *history, size_t n, size_t room, int32_t *out);
/* A step of `ns` that guessed `guessed` tokens, of which `right` were right: right + 1 tokens came out. */
HR_PRIVATE void hr_draft_learn(hr_draft *d, size_t guessed, size_t right, uint64_t ns);
#endif
