/* find_ids.c: identity numbers (id_schemes.c), passports and machine-readable zones (ICAO 9303) in text. */
#include "policy/id_schemes.h"

enum { ID_MRZ = 1000, ID_PASSPORT = 1001 };

const char *hr_entity_scheme_name(int entity, int scheme) {
    if (entity == HR_ENTITY_NATIONAL_ID && scheme > 0 && scheme <= hr_id_schemes()) return hr_id_scheme_name(scheme - 1);
    return entity == HR_ENTITY_PASSPORT && scheme == ID_MRZ ? "mrz"
           : entity == HR_ENTITY_IP                         ? (scheme == 6 ? "ipv6" : "ipv4")
                                                            : "";
}

/* --- passports and machine-readable zones -------------------------------------------------------------------------------------- */
static int mrz_value(int c) { return c == '<' ? 0 : hr_is_digit(c) ? c - '0' : hr_is_upper(c) ? c - 'A' + 10 : -1; }
static bool mrz_check(const hr_view *v, size_t i, size_t n) { /* n characters, then their check */
    int sum = 0;
    for (size_t k = 0; k < n; k++) {
        int x = mrz_value(hr_view_get(v, i + k));
        if (x < 0) return false;
        sum += x * (k % 3 == 0 ? 7 : k % 3 == 1 ? 3 : 1);
    }
    return sum % 10 == mrz_value(hr_view_get(v, i + n));
}
/* the line with number, birth and expiry: TD3 and TD2 (number 9+1, nation 3, birth 6+1, sex, expiry 6+1); TD1's first line
 * (kind 2, nation 3, number 9+1) and second (birth 6+1, sex, expiry 6+1) */
static bool find_mrz(const hr_view *v, hr_match *hit) {
    size_t begin = v->at, end = v->at;
    while (begin > v->first && v->at - begin < 44 && mrz_value(v->f[begin - 1]) >= 0) begin--;
    while (end < v->hi && end < begin + 45 && mrz_value(v->f[end]) >= 0) end++;
    size_t n = end - begin;
    bool td3 = (n == 44 || n == 36) && !hr_is_digit(v->f[begin + 10]) && mrz_check(v, begin, 9) &&
               mrz_check(v, begin + 13, 6) && mrz_check(v, begin + 21, 6);
    bool td1 = n == 30 && ((!hr_is_digit(v->f[begin + 7]) && mrz_check(v, begin, 6) && mrz_check(v, begin + 8, 6)) ||
                           (strchr("IACV", v->f[begin]) != NULL && mrz_check(v, begin + 5, 9)));
    if (!td3 && !td1) return false;
    size_t up = begin; /* the line of the name above it, when it is there and within reach */
    if (td3 && up > v->first && v->f[up - 1] == '\n') {
        size_t line = up - 1;
        if (line > v->first && v->f[line - 1] == '\r') line--;
        size_t k = line;
        while (k > v->first && line - k < 44 && mrz_value(v->f[k - 1]) >= 0) k--;
        if (line - k >= 30) up = k;
    }
    *hit = (hr_match){up, end, HR_ENTITY_PASSPORT, 99, HR_CHECK_DIGITS, HR_MORE_NONE, ID_MRZ};
    return true;
}

static bool find_passport(const hr_view *v, size_t begin, hr_match *hit) {
    static const char words[] = "passport|passports|pass "
                                "nr|passnummer|reisepass*|passeport|pasaporte|passaporto|passaporte|paspoort|paszport*|pass "
                                "no|travel document|";
    size_t end = begin, digits = 0;
    for (; end < v->hi && hr_is_alnum(v->f[end]) && v->f[end] < 0x80 && !(v->f[end] >= 'a' && v->f[end] <= 'z'); end++)
        digits += hr_is_digit(v->f[end]);
    if (end - begin < 7 || end - begin > 9 || digits < 5 || hr_is_alnum(hr_view_get(v, end)) ||
        !hr_view_context(v, begin, end, 40, 12, words))
        return false;
    *hit = (hr_match){begin, end, HR_ENTITY_PASSPORT, 75, HR_CHECK_CONTEXT, HR_MORE_NONE, ID_PASSPORT};
    return true;
}

/* --- in text ------------------------------------------------------------------------------------------------------------------------ */
/* the characters of a number from begin on, its possible ends as bits by length */
static uint32_t read_id(const hr_view *v, size_t begin, char *t, size_t *ends) {
    uint32_t lengths = 0;
    size_t n = 0;
    for (size_t i = begin; n < ID_LONGEST;) {
        int c = hr_view_get(v, i);
        if (hr_is_alnum(c) && c < 0x80) {
            t[n] = (char)(c >= 'a' ? c - 32 : c);
            ends[n++] = ++i;
            if (!hr_is_alnum(hr_view_get(v, i))) lengths |= 1u << n;
            continue;
        }
        if (!(c == ' ' || c == '-' || c == '.' || c == '/' || (c == '+' && n == 6)) || !hr_is_alnum(hr_view_get(v, i + 1))) break;
        i++;
    }
    return lengths;
}

/* f [i, end) has the form's signs where the form has them */
static bool is_written(const hr_view *v, size_t i, size_t end, const char *form) {
    if (*form == 0) return false;
    for (; *form && i < end; form++, i++) {
        bool sign = *form != '#' && *form != '?' && *form != 'A';
        if (sign ? v->f[i] != *form : !hr_is_alnum(v->f[i])) return false;
    }
    return *form == 0 && i == end;
}

/* in one piece (or letters and digits parted), letters in capitals */
static bool is_plain(const hr_view *v, size_t i, size_t end, size_t n) {
    bool small = false, letters = false;
    for (size_t k = i; k < end; k++)
        small = small || (v->f[k] >= 'a' && v->f[k] <= 'z'), letters = letters || hr_is_upper(v->f[k]);
    return !small && (letters || end - i == n);
}

/* --- which schemes can be meant: most numbers stand alone, and no scheme needs asking -------------------------------------- */
static void put_bit(hr_id_set *s, int i) { s->bits[i / 64] |= (uint64_t)1 << i % 64; }
static bool has_bit(const hr_id_set *s, int i) { return s->bits[i / 64] >> i % 64 & 1; }
static void join_set(hr_id_set *s, const hr_id_set *more) {
    for (size_t k = 0; k < HR_ID_SET; k++) s->bits[k] |= more->bits[k];
}
static size_t first_of_form(const char *form) {
    size_t n = 0;
    while (hr_is_alnum((unsigned char)form[n]) || form[n] == '#' || form[n] == '?') n++;
    return hr_min_size(n, HR_ID_FORMS - 1);
}

void hr_id_tables_init(hr_find_tables *t) {
    for (size_t n = 0; n < sizeof t->id_first; n++) t->id_first[n] = (uint8_t)hr_id_first(n);
    for (int i = 0; i < hr_id_schemes(); i++) {
        uint64_t codes[8];
        const char *words = hr_id_words(i), *form = hr_id_form(i);
        unsigned flags = hr_id_flags(i);
        if (flags & ID_STRONG) put_bit(&t->id_strong, i);
        if (flags & ID_PREFIX) put_bit(&t->id_prefix, i);
        if (flags & ID_CHECKED) put_bit(&t->id_checked, i);
        if (*form) put_bit(&t->id_forms[first_of_form(form)], i);
        hr_word_codes(codes, words);
        for (unsigned k = 0; k < 8; k++) {
            for (unsigned bit = 0; codes[k] >> bit != 0; bit++) {
                if (codes[k] >> bit & 1) put_bit(&t->id_words[(k * 64 + bit) / 2], i);
                if (bit == 63) break;
            }
        }
    }
}

/* schemes that have a word in f [i, end), and more */
static void join_words(const hr_view *v, size_t i, size_t end, hr_id_set *named) {
    for (; (i = hr_view_next_word(v, i, end)) < end; i++) {
        if (i == v->lo) memset(named, 0xff, sizeof *named);
        else join_set(named, &v->tables->id_words[hr_view_code(v, i) / 2]);
    }
}

/* the schemes that may be accepted: named is a superset of those with a word beside them */
static void choose_schemes(const hr_view *v, size_t begin, const size_t *ends, uint32_t lengths, bool general, hr_id_set *named,
                           hr_id_set *all) {
    const hr_find_tables *t = v->tables;
    memset(named, t == NULL ? 0xff : 0, sizeof *named);
    if (t != NULL) {
        size_t least = 7, most = ID_LONGEST, group = 0;
        while (!(lengths >> least & 1)) least++;
        while (!(lengths >> most & 1)) most--;
        join_words(v, begin > v->lo + 48 ? begin - 48 : v->lo, begin, named);
        join_words(v, ends[least - 1], hr_min_size(v->hi, ends[most - 1] + 16), named);
        *all = *named;
        join_set(all, &t->id_strong);
        if (hr_is_letter(v->f[begin])) join_set(all, &t->id_prefix);
        if (general) join_set(all, &t->id_checked);
        while (group < HR_ID_FORMS - 1 && hr_is_alnum(hr_view_get(v, begin + group))) group++;
        join_set(all, &t->id_forms[group]);
    } else {
        *all = *named;
    }
}

/* scheme i holds for the n characters up to end, and something speaks for it */
static bool accept_scheme(const hr_view *v, int i, size_t begin, size_t end, const char *t, size_t n, bool named, bool general,
                          bool plain, hr_match *hit) {
    size_t skip = hr_id_prefix(i, t, n);
    if (hr_id_length(i) + skip != n) return false;
    unsigned flags = hr_id_flags(i);
    bool checked = flags & ID_CHECKED, strong = plain && ((flags & ID_STRONG) || (skip > 0 && checked));
    bool alone = strong || (general && checked) || is_written(v, begin, end, hr_id_form(i));
    if ((!alone && !named) || !hr_id_holds(i, t + skip, n - skip)) return false;
    const char *words = hr_id_words(i);
    bool context = named && *words && hr_view_context(v, begin, end, 48, 16, words);
    if (!context && !alone) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_NATIONAL_ID, (uint8_t)(context ? 95 : 75),
                      (uint8_t)(checked ? HR_CHECK_DIGITS : HR_CHECK_CONTEXT), HR_MORE_NONE, (uint16_t)(i + 1)};
    return true;
}

bool hr_find_id(const hr_view *v, hr_match *hit) {
    static const char common[] = "id number|id no|id:|national id|identity number|identification|personal "
                                 "number|ausweisnummer|documento|";
    char t[ID_LONGEST];
    size_t ends[ID_LONGEST], begin = v->at;
    while (begin > v->first && v->at - begin < 7 && hr_is_letter(v->f[begin - 1]) && v->f[begin - 1] < 0x80) begin--;
    int before = hr_view_get(v, begin - 1);
    if (find_mrz(v, hit)) return true;
    if (hr_is_alnum(before) || before == '_' || before == '$') return false;
    if ((before == '.' || before == ',') && hr_is_digit(hr_view_get(v, begin - 2))) return false;
    uint32_t lengths = read_id(v, begin, t, ends);
    if ((lengths >> 7) == 0) return false;
    bool general = hr_view_context(v, begin, begin, 32, 0, common);
    hr_id_set named, all;
    choose_schemes(v, begin, ends, lengths >> 7 << 7, general, &named, &all);
    for (size_t n = ID_LONGEST; n >= 7; n--) {
        if (!(lengths >> n & 1)) continue;
        bool plain = is_plain(v, begin, ends[n - 1], n);
        int i = v->tables != NULL ? v->tables->id_first[n - 2] : hr_id_first(n - 2);
        int behind = v->tables != NULL ? v->tables->id_first[n + 1] : hr_id_first(n + 1);
        for (; i < behind; i++) {
            uint64_t rest = all.bits[i / 64] >> i % 64;
            if (rest == 0) {
                i |= 63;
                continue;
            }
            for (; (rest & 1) == 0; rest >>= 1) i++;
            if (i < behind && accept_scheme(v, i, begin, ends[n - 1], t, n, has_bit(&named, i), general, plain, hit)) return true;
        }
    }
    return find_passport(v, begin, hit);
}
