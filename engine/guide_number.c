/* guide_number.c: numbers in their normal form (0, -?[1-9][0-9]*, a fraction that does not end in 0) as a language. One
 * value has one text, so constraints on values are constraints on texts, and all of them are regular. */
#include "engine/guide.h"
HR_SMALL_BEGIN

/* --- decimals --------------------------------------------------------------------------------------------- */
HR_PRIVATE bool hr_decimal_read(hr_str text, hr_decimal *d) {
    size_t i = 0;
    long exponent = 0, point = 0;
    bool fraction = false, small = false;
    memset(d, 0, sizeof *d);
    if (i < text.size && text.data[i] == '-') d->minus = true, i++;
    for (; i < text.size && (text.data[i] | 32) != 'e'; i++) {
        if (text.data[i] == '.') {
            fraction = true;
            continue;
        }
        if (d->n == 0 && text.data[i] == '0') { /* in front of all digits */
            point -= fraction;
            continue;
        }
        if (d->n == HR_DECIMAL_DIGITS) return false;
        d->digit[d->n++] = text.data[i];
        point += !fraction;
    }
    if (i < text.size) {
        i++;
        if (text.data[i] == '-') small = true;
        i += text.data[i] == '-' || text.data[i] == '+';
        for (; i < text.size; i++)
            if (exponent < 100000) exponent = exponent * 10 + (text.data[i] - '0');
    }
    while (d->n > 0 && d->digit[d->n - 1] == '0') d->n--;
    if (d->n == 0) return d->minus = false, true;
    point += small ? -exponent : exponent;
    if (point > HR_DECIMAL_DIGITS || d->n - point > HR_DECIMAL_DIGITS) return false;
    if (point < 0) { /* 0.00123: the zeros become digits of the fraction */
        if (d->n - point > HR_DECIMAL_DIGITS) return false;
        memmove(d->digit - point, d->digit, (size_t)d->n);
        memset(d->digit, '0', (size_t)-point);
        d->n -= (int)point;
        point = 0;
    }
    while (d->n < point) d->digit[d->n++] = '0';
    d->point = (int)point;
    return true;
}
HR_PRIVATE size_t hr_decimal_text(const hr_decimal *d, char *out) {
    size_t n = 0;
    if (d->minus) out[n++] = '-';
    if (d->point == 0) out[n++] = '0';
    for (int i = 0; i < d->n; i++) {
        if (i == d->point) out[n++] = '.';
        out[n++] = d->digit[i];
    }
    return n;
}

/* --- languages: classes other, '-', '.', other, '0' ... '9', other ------------------------------------------- */
enum { NUMBER_MINUS = 1, NUMBER_POINT = 2, NUMBER_DIGIT = 4, NUMBER_CLASSES = 15 };
static hr_lang *make_number_lang(hr_guide_build *b, uint32_t n_states) {
    hr_lang *l = hr_lang_new(b, n_states, NUMBER_CLASSES);
    static const uint8_t cut[NUMBER_CLASSES] = {0, '-', '.', '/', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':'};
    for (size_t i = 0; l && i < NUMBER_CLASSES; i++) l->cut[i] = cut[i];
    return l;
}
static void set_number_move(hr_lang *l, uint32_t from, uint32_t class_, uint32_t to) {
    l->next[from * NUMBER_CLASSES + class_] = (uint16_t)to;
}
static void set_number_digits(hr_lang *l, uint32_t from, int lo, int hi, uint32_t to) {
    for (int d = lo; d <= hi; d++) set_number_move(l, from, NUMBER_DIGIT + (uint32_t)d, to);
}
HR_PRIVATE const hr_lang *hr_number_lang(hr_guide_build *b, bool integer) {
    enum { START = 1, SIGN, ZERO, MINUS_ZERO, WHOLE, POINT, FRACTION, FRACTION_ZERO, N };
    hr_lang *l = make_number_lang(b, N);
    if (!l) return NULL;
    set_number_move(l, START, NUMBER_MINUS, SIGN);
    set_number_digits(l, START, 0, 0, ZERO);
    set_number_digits(l, SIGN, 0, 0, MINUS_ZERO);
    set_number_digits(l, START, 1, 9, WHOLE);
    set_number_digits(l, SIGN, 1, 9, WHOLE);
    set_number_digits(l, WHOLE, 0, 9, WHOLE);
    l->accept[ZERO] = l->accept[WHOLE] = 1;
    if (!integer) {
        set_number_move(l, ZERO, NUMBER_POINT, POINT);
        set_number_move(l, MINUS_ZERO, NUMBER_POINT, POINT);
        set_number_move(l, WHOLE, NUMBER_POINT, POINT);
        for (uint32_t s = POINT; s <= FRACTION_ZERO; s++) {
            set_number_digits(l, s, 1, 9, FRACTION);
            set_number_digits(l, s, 0, 0, FRACTION_ZERO);
        }
        l->accept[FRACTION] = 1;
    }
    return hr_lang_trim(b, l);
}
/* at most 15 digits: what every reader of doubles reads as the same number */
HR_PRIVATE const hr_lang *hr_number_digits(hr_guide_build *b) {
    enum { DIGITS = 15 };
    hr_lang *l = make_number_lang(b, DIGITS + 2);
    for (uint32_t s = 1; l && s <= DIGITS + 1; s++) {
        l->accept[s] = 1;
        set_number_move(l, s, NUMBER_MINUS, s);
        set_number_move(l, s, NUMBER_POINT, s);
        if (s <= DIGITS) set_number_digits(l, s, 0, 9, s + 1);
    }
    return l;
}
/* Adds states that compare |x| with |d|: accept what holds for less, equal, more. Returns where |x| begins. States from
 * `at` on: WHOLE(i, c) after i of the p integer digits with outcome c so far (less, equal, more); MORE: more digits than d has;
 * FRACTION(j); and three states of a decided fraction. */
static uint32_t add_number_compare(hr_lang *l, uint32_t *at, const hr_decimal *d, bool less, bool equal, bool more) {
    const uint32_t p = d->point > 0 ? (uint32_t)d->point : 1, f = (uint32_t)(d->n - d->point);
    const uint32_t whole = *at, longer = whole + 3 * (p + 1), fraction = longer + 1, done = fraction + f + 1;
    *at = done + 3;
    for (uint32_t c = 0; c < 3; c++) { /* decided: any digits follow */
        l->accept[done + c] = c == 0 ? less : c == 1 ? equal : more;
        set_number_digits(l, done + c, 0, 9, done + c);
    }
    for (uint32_t i = 0; i <= p; i++)
        for (uint32_t c = 0; c < 3; c++) {
            const uint32_t s = whole + 3 * i + c;
            const int have = i < p ? d->point > 0 ? d->digit[i] - '0' : 0 : 0;
            for (int x = 0; x <= 9 && i < p; x++)
                set_number_digits(l, s, x, x, whole + 3 * (i + 1) + (c != 1 ? c : x < have ? 0u : x > have ? 2u : 1u));
            if (i == p) set_number_digits(l, s, 0, 9, longer);
            const uint32_t outcome = i < p ? 0 : c; /* the integer part ends here */
            const bool equal_here = outcome == 1 && f == 0;
            l->accept[s] = i == 0 ? 0 : outcome == 0 ? less : outcome == 2 ? more : equal_here ? equal : less;
            if (i > 0) set_number_move(l, s, NUMBER_POINT, outcome == 1 ? fraction : done + outcome);
        }
    set_number_digits(l, longer, 0, 9, longer);
    set_number_move(l, longer, NUMBER_POINT, done + 2);
    l->accept[longer] = more;
    for (uint32_t j = 0; j <= f; j++) {
        const int have = j < f ? d->digit[d->point + (int)j] - '0' : 0;
        l->accept[fraction + j] = j < f ? less : equal;
        for (int x = 0; x <= 9; x++)
            set_number_digits(l, fraction + j, x, x, x < have ? done : x > have ? done + 2
                                                                    : j < f ? fraction + j + 1 : fraction + f);
    }
    return whole;
}
HR_PRIVATE const hr_lang *hr_number_bound(hr_guide_build *b, const hr_decimal *d, bool below, bool strict) {
    const uint32_t size = 3u * ((uint32_t)(d->point > 0 ? d->point : 1) + 1) + (uint32_t)(d->n - d->point) + 8;
    hr_decimal zero;
    memset(&zero, 0, sizeof zero);
    hr_lang *l = make_number_lang(b, 2 * size + 24);
    uint32_t at = 2;
    if (!l) return NULL;
    /* same sign as d (0 is positive): compare; the other sign: all or nothing, which is comparing with 0 */
    const hr_decimal *positive = d->minus ? &zero : d, *negative = d->minus ? d : &zero;
    const uint32_t plus = d->minus ? add_number_compare(l, &at, positive, !below, !below, !below)
                                   : add_number_compare(l, &at, positive, below, !strict, !below);
    const uint32_t minus = d->minus ? add_number_compare(l, &at, negative, !below, !strict, below)
                                    : add_number_compare(l, &at, negative, below, below, below);
    memcpy(l->next + NUMBER_CLASSES, l->next + (size_t)(plus + 1) * NUMBER_CLASSES, NUMBER_CLASSES * sizeof *l->next);
    set_number_move(l, 1, NUMBER_MINUS, minus + 1); /* +1: nothing decided yet */
    l->n_states = at;
    return hr_lang_trim(b, l);
}
/* k / 10^f: digits modulo k, with at most f of them in the fraction */
HR_PRIVATE const hr_lang *hr_number_multiple(hr_guide_build *b, const hr_decimal *d) {
    const uint32_t f = (uint32_t)(d->n - d->point);
    uint64_t k = 0;
    for (int i = 0; i < d->n; i++) {
        k = k * 10 + (uint64_t)(d->digit[i] - '0');
        if (k * (f + 2) > HR_LANG_MAX - 8) break;
    }
    if (d->minus || k == 0 || k * (f + 2) > HR_LANG_MAX - 8) {
        hr_guide_fail(b, HR_E_UNSUPPORTED, "multipleOf: the number has too many digits or is not above 0");
        return NULL;
    }
    const uint32_t n = (uint32_t)k;
    hr_lang *l = make_number_lang(b, 2 + n * (f + 2)); /* state 2 + (digits of the fraction + 1) * n + rest; 0: no point */
    for (uint32_t j = 0; l && j < f + 2; j++)
        for (uint32_t r = 0; r < n; r++) {
            const uint32_t s = 2 + j * n + r, to = j == 0 ? 0 : j + 1;
            uint64_t rest = r;
            for (uint32_t i = j == 0 ? 0 : j - 1; i < f; i++) rest = rest * 10 % n;
            l->accept[s] = rest == 0;
            for (uint32_t x = 0; x <= 9 && to < f + 2; x++)
                set_number_digits(l, s, (int)x, (int)x, 2 + to * n + (r * 10 + x) % n);
            if (j == 0 && f > 0) set_number_move(l, s, NUMBER_POINT, 2 + n + r);
        }
    if (!l) return NULL;
    memcpy(l->next + NUMBER_CLASSES, l->next + 2 * NUMBER_CLASSES, NUMBER_CLASSES * sizeof *l->next);
    set_number_move(l, 1, NUMBER_POINT, 0);
    set_number_move(l, 1, NUMBER_MINUS, 2);
    return hr_lang_trim(b, l);
}
HR_SMALL_END
