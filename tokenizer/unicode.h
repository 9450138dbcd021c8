/* unicode.h: UTF-8 decoding and the few character properties that tokenizers ask for. */
#ifndef HR_UNICODE_H
#define HR_UNICODE_H
#include "engine/base/base.h"

/* General categories, as far as pre-tokenizers tell them apart. Whitespace is the White_Space property. */
enum {
    HR_UC_OTHER = 0, HR_UC_LU, HR_UC_LL, HR_UC_LT, HR_UC_LM, HR_UC_LO, HR_UC_M, HR_UC_N, HR_UC_P, HR_UC_S, HR_UC_SPACE,
    HR_UC_CONTROL, /* Cc, Cf, Co */
    HR_UC_MN
};

typedef struct hr_unicode_fold {
    uint32_t first;
    uint8_t count, stride;
    int32_t delta;
} hr_unicode_fold;

#if !defined(HR_DROP)
extern const uint32_t hr_unicode_runs[];
extern const size_t hr_unicode_n_runs;
extern const hr_unicode_fold hr_unicode_folds[];
extern const size_t hr_unicode_n_folds;
extern const uint32_t hr_unicode_pairs[][4];
extern const size_t hr_unicode_n_pairs;
#endif

/* One character at p[0..n), n > 0. Returns its length; a byte that begins no well-formed character counts alone and gives
 * code point 0xfffd with *ok false. */
HR_PRIVATE size_t hr_utf8_next(const uint8_t *p, size_t n, uint32_t *cp, bool *ok);
HR_PRIVATE size_t hr_utf8_put(uint32_t cp, uint8_t out[4]);
HR_PRIVATE unsigned hr_unicode_class(uint32_t cp); /* HR_UC_* */
/* Folding of uncased WordPiece: returns 0 to 3 characters in out. */
HR_PRIVATE size_t hr_unicode_bert_fold(uint32_t cp, uint32_t out[3]);
#endif
