/* redact.h: finds what is personal or secret in a stream of text and replaces it before the text goes anywhere. One pass,
 * fixed memory, no allocation, no clock, no state outside the redactor; knows engine/base only.
 *
 * The stream invariant: for every way of cutting the input, what is emitted is the same, and no byte of a match is ever
 * emitted as it was. It holds by construction. Text is folded (redact_fold.c) to one ASCII byte a character; every decision
 * is a function of an anchor's surroundings: HR_REDACT_BACK bytes before it, HR_REDACT_AHEAD behind it; it is taken when so
 * much is there (or the text has ended), and what lies less than BACK before the next anchor stays here. A group of matches
 * of HR_REDACT_LONG bytes is replaced at once, so that at most BACK + AHEAD + LONG bytes and one unit (24) are held back:
 * 504. A match that does not end within what can be looked at is masked as it comes. */
#ifndef HR_POLICY_REDACT_H
#define HR_POLICY_REDACT_H
#include "engine/base/base.h"
#include "engine/base/crypto.h"
#include "policy/entity.h"

enum {
    HR_REDACT_BACK = 120,    /* raw bytes before an anchor where a match may begin */
    HR_REDACT_AHEAD = 240,   /* raw bytes behind an anchor that may be looked at */
    HR_REDACT_LONG = 120,    /* raw bytes of a group of matches that is not held back any longer */
    HR_REDACT_CONTEXT = 96,  /* raw bytes before that, for words such as "born" */
    HR_REDACT_CLUSTERS = 32,
    HR_REDACT_LABELS = 1024  /* distinct values that get a number of their own in one document */
};

/* What becomes of a match. */
typedef enum {
    HR_REDACT_KEEP,      /* reported, left as it is */
    HR_REDACT_DROP,      /* nothing in its place */
    HR_REDACT_MASK,      /* one * for each character; letters, digits and signs alike */
    HR_REDACT_LABEL,     /* [EMAIL_1], the same number for the same value within the document */
    HR_REDACT_PSEUDONYM, /* [EMAIL_k3v9q2...]: keyed, the same everywhere the key is */
    HR_REDACT_FORMAT,    /* digits to digits by FF1 under the key, the rest unmoved; fewer than 6 digits: as LABEL */
    HR_REDACT_SHIFT,     /* dates moved by a number of days that the key decides; others as LABEL */
    HR_REDACT_BUCKET,    /* dates to the decade, coordinates to whole degrees; others as LABEL */
    HR_N_REDACT_OPS
} hr_redact_op;

/* One match, in bytes of the original text. */
typedef struct hr_finding {
    uint64_t offset, length;
    uint8_t entity;     /* HR_ENTITY_* */
    uint8_t op;         /* what was done */
    uint8_t score;      /* 0...100 */
    uint8_t check;      /* HR_CHECK_*: what vouches for it */
    uint16_t scheme;    /* of its entity: hr_entity_scheme_name */
} hr_finding;

typedef struct hr_redact_config {
    uint8_t op[HR_N_ENTITIES];       /* hr_redact_op of each entity */
    uint8_t threshold;               /* matches with a lower score are left alone; default 50 */
    const uint8_t *key;              /* [32] for PSEUDONYM, FORMAT and SHIFT; copied; NULL: these act as LABEL */
    const hr_str *people;            /* [n_people] names of people the user knows, UTF-8; stay where they are */
    size_t n_people;
    const hr_str *words;             /* [n_words] further texts and patterns (# a digit, ? a letter, * letters or digits) */
    size_t n_words;
    /* false ends the call with HR_E_CANCELLED. Nothing is emitted for n == 0. */
    bool (*emit)(void *ctx, const void *text, size_t n);
    void (*found)(void *ctx, const hr_finding *finding, const char *text, size_t n /* original, 0 when it was too long */,
                  const char *put, size_t n_put); /* may be NULL: for the user's own eyes and the vault only */
    void *ctx;
} hr_redact_config;
HR_PRIVATE void hr_redact_config_init(hr_redact_config *c); /* URL is kept, postcodes and the rest labelled, key NULL */

typedef struct hr_redactor hr_redactor;
/* In the arena (about 70 KB); with a counting arena *out is NULL. The configuration is copied, lists stay the caller's.
 * Returns HR_OK | HR_E_ARG | HR_E_LIMIT too many people or words | HR_E_MEMORY */
HR_PRIVATE hr_status hr_redactor_init(const hr_redact_config *c, hr_arena *arena, hr_redactor **out, hr_error *err);
/* Text in pieces of any size. After an error only reset is possible. HR_OK | HR_E_CANCELLED | HR_E_STATE after finish */
HR_PRIVATE hr_status hr_redact_feed(hr_redactor *r, const void *text, size_t n, hr_error *err);
HR_PRIVATE hr_status hr_redact_finish(hr_redactor *r, hr_error *err); /* the rest; then reset */
HR_PRIVATE void hr_redact_reset(hr_redactor *r, bool forget_labels);  /* a new document; wipes what was held */
HR_PRIVATE uint64_t hr_redact_count(const hr_redactor *r, int entity); /* matches since init: a number, no text */

/* --- folding (redact_fold.c) ---------------------------------------------------------------------------------------- */
/* One unit of raw text: a character, an escape (%40, &#64;), a bare tag. Returns its length in bytes, 0 when more of the
 * text is needed to tell (never when `ends`).  *out: the ASCII byte that it is read as; HR_FOLD_* else. */
enum { HR_FOLD_LETTER = 0x80, HR_FOLD_OTHER = 0x81, HR_FOLD_NOTHING = -1, HR_FOLD_UNIT = 64 };
HR_PRIVATE size_t hr_redact_unit(const uint8_t *p, size_t n, bool ends, int *out);
/* bytes of p [n] that are plain: each is its own unit */
HR_PRIVATE size_t hr_redact_plain(const uint8_t *p, size_t n);

/* --- what takes a match's place (redact_put.c) -------------------------------------------------------------------------- */
enum { HR_REDACT_PUT = 640 }; /* at most so many bytes for one match */
typedef struct hr_redact_vault {
    uint64_t tag[HR_REDACT_LABELS]; /* keyed hashes of values, open addressing; 0: free */
    uint16_t number[HR_REDACT_LABELS];
    uint16_t count[HR_N_ENTITIES];
    uint32_t used;
    uint8_t key[32];                /* random or the caller's: hashes in memory are of no use without it */
    bool keyed;
} hr_redact_vault;
/* raw [n]: the match, n at most 512.  put [HR_REDACT_PUT].  Returns the bytes written. */
HR_PRIVATE size_t hr_redact_put(hr_redact_vault *v, int op, int entity, const uint8_t *raw, size_t n, char *put);
/* FF1 (NIST SP 800-38G rev. 1, AES-256, radix 10) over the ASCII digits of text [n] in place, 6 to 56 of them; back: the
 * inverse.  tweak [n_tweak <= 64].  false: too few or too many digits, nothing changed. AES by table: not constant in time */
HR_PRIVATE bool hr_redact_format(const uint8_t key[32], const void *tweak, size_t n_tweak, bool back, uint8_t *text, size_t n);
#endif
