/* unicode.c: looking things up in the generated run tables. */
#include "tokenizer/unicode.h"

size_t hr_utf8_next(const uint8_t *p, size_t n, uint32_t *cp, bool *ok) {
    uint8_t b = p[0];
    *ok = true;
    if (b < 0x80) {
        *cp = b;
        return 1;
    }
    size_t len = b >= 0xc2 && b < 0xe0 ? 2 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xf0 && b < 0xf5 ? 4 : 0;
    if (len != 0 && len <= n && hr_utf8_valid(p, len)) {
        uint32_t v = b & (0x7fu >> len);
        for (size_t i = 1; i < len; i++) v = v << 6 | (p[i] & 0x3fu);
        *cp = v;
        return len;
    }
    *cp = 0xfffd;
    *ok = false;
    return 1;
}

size_t hr_utf8_put(uint32_t cp, uint8_t out[4]) {
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, cp >>= 6) out[i] = (uint8_t)(0x80 | (cp & 0x3f));
    out[0] = (uint8_t)(cp | (0xf00u >> len));
    return len;
}

unsigned hr_unicode_class(uint32_t cp) {
    size_t lo = 0, hi = hr_unicode_n_runs; /* the last run that begins at or before cp */
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (hr_unicode_runs[mid] >> 4 <= cp) lo = mid;
        else hi = mid;
    }
    return hr_unicode_runs[lo] & 15u;
}

/* Hangul syllables decompose by arithmetic (Unicode 15.0, section 3.12) */
static size_t fold_hangul(uint32_t cp, uint32_t out[3]) {
    uint32_t s = cp - 0xac00;
    out[0] = 0x1100 + s / 588;
    out[1] = 0x1161 + s % 588 / 28;
    out[2] = 0x11a7 + s % 28;
    return s % 28 != 0 ? 3 : 2;
}

size_t hr_unicode_bert_fold(uint32_t cp, uint32_t out[3]) {
    out[0] = cp;
    if (cp < 0x80) {
        if (cp >= 'A' && cp <= 'Z') out[0] = cp + 32;
        return 1;
    }
    if (cp >= 0xac00 && cp < 0xac00 + 11172) return fold_hangul(cp, out);
    if (hr_unicode_class(cp) == HR_UC_MN) return 0;
    size_t lo = 0, hi = hr_unicode_n_folds;
    while (lo < hi) { /* runs with stride 2 may interleave: look at the run found and the one before it */
        size_t mid = lo + (hi - lo) / 2;
        if (hr_unicode_folds[mid].first <= cp) lo = mid + 1;
        else hi = mid;
    }
    for (size_t back = 1; back <= 2 && back <= lo; back++) {
        const hr_unicode_fold *f = &hr_unicode_folds[lo - back];
        uint32_t d = cp - f->first;
        if (d % f->stride == 0 && d / f->stride < f->count) {
            out[0] = (uint32_t)((int32_t)cp + f->delta);
            return 1;
        }
    }
    lo = 0, hi = hr_unicode_n_pairs;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (hr_unicode_pairs[mid][0] < cp) lo = mid + 1;
        else hi = mid;
    }
    if (lo < hr_unicode_n_pairs && hr_unicode_pairs[lo][0] == cp) {
        out[0] = hr_unicode_pairs[lo][1];
        out[1] = hr_unicode_pairs[lo][2];
        out[2] = hr_unicode_pairs[lo][3];
        return out[2] != 0 ? 3 : 2;
    }
    return 1;
}
