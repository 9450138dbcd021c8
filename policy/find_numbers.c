/* find_numbers.c: payment cards, IBANs, phone numbers. A window begins at a group of digits and ends with one; groups are
 * parted by one blank, dash, dot or line end; of the windows that hold, the longest counts.
 * Sources: ISO/IEC 7812 ranges as published by the networks, SWIFT IBAN registry, ITU E.164 and E.129 national plans. */
#include "policy/id_schemes.h"

/* --- cards ------------------------------------------------------------------------------------------------------------------- */
typedef struct card_range {
    uint32_t lo, hi; /* of the first six digits */
    uint8_t lengths[2]; /* from, to */
} card_range;
static const card_range card_ranges[] = {
    {340000, 349999, {15, 15}}, {370000, 379999, {15, 15}}, /* American Express */
    {300000, 305999, {14, 19}}, {309500, 309599, {14, 19}},
    {360000, 369999, {14, 19}}, {380000, 399999, {16, 19}}, /* Diners */
    {352800, 358999, {16, 19}},                             /* JCB */
    {400000, 499999, {13, 19}},                             /* Visa: 13, 16, 19 */
    {510000, 559999, {16, 16}}, {222100, 272099, {16, 16}}, /* Mastercard */
    {500000, 509999, {12, 19}}, {560000, 589999, {12, 19}},
    {630000, 639999, {12, 19}}, {670000, 699999, {12, 19}}, /* Maestro, RuPay */
    {601100, 601199, {16, 19}}, {644000, 659999, {16, 19}},
    {606000, 608999, {16, 19}}, {620000, 629999, {16, 19}}, /* Discover, RuPay, UnionPay */
    {220000, 220499, {16, 19}}, {979200, 979299, {16, 16}},
    {810000, 819999, {16, 19}}, {604000, 604399, {16, 19}}, /* Mir, Troy, UnionPay, UkrCard */
    {122000, 122999, {15, 15}}, {100000, 199999, {15, 15}}, /* UATP */
};

bool hr_card_valid(const char *d, size_t n) {
    uint32_t head = 0;
    bool equal = true, known = false;
    if (n < 12 || n > 19) return false;
    for (size_t i = 0; i < n; i++) {
        if (!hr_is_digit((unsigned char)d[i])) return false;
        equal = equal && d[i] == d[0];
        if (i < 6) head = head * 10 + (uint32_t)(d[i] - '0');
    }
    for (size_t i = 0; i < HR_COUNT(card_ranges) && !known; i++) {
        const card_range *r = &card_ranges[i];
        known = head >= r->lo && head <= r->hi && n >= r->lengths[0] && n <= r->lengths[1];
    }
    if (head >= 400000 && head <= 499999 && n != 13 && n != 16 && n != 19) known = false;
    return known && !equal && hr_id_check(HR_ID_CHECK_luhn, d, n);
}

static bool parts_groups(int c) { return c == ' ' || c == '-' || c == '.' || c == '\n' || c == 0x81; }

/* digits from i on, groups parted by one sign (or a line end with its return); d [cap]; ends [n]: where each digit ends;
 * group [n]: digits of the group so far. Returns n. */
static size_t read_digits(const hr_view *v, size_t i, char *d, size_t *ends, uint8_t *group, size_t cap) {
    size_t n = 0;
    uint8_t in_group = 0;
    while (n < cap) {
        int c = hr_view_get(v, i);
        if (hr_is_digit(c)) {
            d[n] = (char)c, ends[n] = ++i, group[n++] = ++in_group;
            continue;
        }
        if (c == '\r' && hr_view_get(v, i + 1) == '\n') i++, c = '\n';
        if (c == ' ' && (hr_view_get(v, i + 1) == '-' || hr_view_get(v, i + 1) == '\n') && hr_view_get(v, i + 2) == ' ')
            i += 2; /* " - " */
        if (!parts_groups(c) || in_group == 0 || !hr_is_digit(hr_view_get(v, i + 1))) break;
        in_group = 0;
        i++;
    }
    return n;
}

/* groups as on cards: one run; fours (the last may be shorter, or 1 to 3 more); 4-6-5, 4-6-4 */
static bool card_groups(const uint8_t *group, size_t n) {
    size_t g[20], k = 0;
    for (size_t i = 0; i < n; i++) {
        if (group[i] == 1) g[k++] = 0;
        g[k - 1]++;
    }
    if (k == 1) return true;
    if (k == 3 && g[0] == 4 && g[1] == 6 && (g[2] == 5 || g[2] == 4)) return true;
    if (k == 2 && g[0] == 8 && g[1] == 8) return true;
    for (size_t i = 0; i + 1 < k; i++) {
        if (g[i] != 4) return false;
    }
    return k >= 3 && g[k - 1] <= 4;
}

bool hr_find_card(const hr_view *v, hr_match *hit) {
    static const char words[] = "card|cards|visa|mastercard|amex|credit|debit|karte|kreditkarte|carte|tarjeta|carta|cartao|"
                                "kaart|karta|pan|cc|payment|maestro|discover|";
    char d[24];
    size_t ends[24], best = 0;
    uint8_t group[24];
    int before = hr_view_get(v, v->at - 1);
    if (hr_is_alnum(before) || before == '_' || (before == '.' && hr_is_digit(hr_view_get(v, v->at - 2)))) return false;
    size_t run = 1;
    while (run < 12 && hr_is_digit(hr_view_get(v, v->at + run))) run++;
    if (run != 4 && run != 8 && run != 12) return false; /* as card_groups wants the first */
    size_t n = read_digits(v, v->at, d, ends, group, 24);
    for (size_t len = 12; len <= hr_min_size(n, 19); len++) {
        bool whole = len == n || group[len] == 1; /* ends with its group */
        if (whole && !hr_is_alnum(hr_view_get(v, ends[len - 1])) && card_groups(group, len) && hr_card_valid(d, len)) best = len;
    }
    if (best == 0) return false;
    bool context = hr_view_context(v, v->at, ends[best - 1], 60, 20, words);
    bool rare = d[0] == '1' || d[0] == '8' || d[0] == '9' || best < 14 || best > 16; /* common numbers look like these */
    bool fraction = before == '.' || before == ',' || before == '/' || before == '=' || (before == '-' && !context);
    if ((rare || fraction) && !context && !(best == n && v->at == v->lo)) return false;
    *hit = (hr_match){v->at, ends[best - 1], HR_ENTITY_CARD, (uint8_t)(context ? 99 : 85), HR_CHECK_DIGITS, HR_MORE_NONE, 0};
    return true;
}

/* --- IBAN -------------------------------------------------------------------------------------------------------------------- */
static const char iban_lengths[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23"
    "GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28"
    "NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

static size_t iban_length(int a, int b) {
    for (const char *p = iban_lengths; *p; p += 4) {
        if (p[0] == a && p[1] == b) return (size_t)(10 * (p[2] - '0') + (p[3] - '0'));
    }
    return 0;
}

/* t [24]: four letters name the bank where the country says so; Spain's two check digits */
static bool iban_shape(const char *t) {
    static const char letters[] = "BGBYDOGBGIGTIEIQLVNLPKPSQAROVG";
    bool named = false;
    for (const char *p = letters; *p; p += 2) named = named || (p[0] == t[0] && p[1] == t[1]);
    for (size_t i = 4; named && i < 8; i++) {
        if (!hr_is_upper(t[i])) return false;
    }
    if (t[0] == 'B' && t[1] == 'G') {
        for (size_t i = 8; i < 14; i++) {
            if (!hr_is_digit(t[i])) return false;
        }
    }
    if (t[0] != 'E' || t[1] != 'S') return true;
    static const uint8_t w[] = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
    int bank = 0, account = 0;
    for (size_t i = 0; i < 10; i++) {
        if (i < 8) bank += w[i + 2] * (t[4 + i] & 15);
        account += w[i] * (t[14 + i] & 15);
    }
    return t[12] == "01987654321"[bank % 11] && t[13] == "01987654321"[account % 11];
}

bool hr_iban_valid(const char *text, size_t n) {
    char t[40], turned[40];
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)text[i];
        if (c == ' ' || c == '-' || c == '.') continue;
        if (c >= 'a' && c <= 'z') c -= 32;
        if (!(hr_is_digit(c) || hr_is_upper(c)) || m == sizeof t) return false;
        t[m++] = (char)c;
    }
    if (m < 15 || iban_length(t[0], t[1]) != m || !hr_is_digit(t[2]) || !hr_is_digit(t[3])) return false;
    for (size_t i = 0; i < m; i++) turned[i] = t[(i + 4) % m];
    return hr_id_check(HR_ID_CHECK_mod97, turned, m) && iban_shape(t);
}

bool hr_find_iban(const hr_view *v, hr_match *hit) {
    size_t begin = v->at - 2, end = begin, m = 0;
    char t[40];
    if (v->at < v->first + 2 || !hr_is_digit(hr_view_get(v, v->at + 1))) return false;
    if (!hr_is_letter(v->f[begin]) && v->at >= v->first + 3 && v->f[v->at - 1] == ' ') begin--; /* "DE 89" */
    if (!hr_is_letter(hr_view_get(v, begin)) || !hr_is_letter(hr_view_get(v, begin + 1)) ||
        hr_is_alnum(hr_view_get(v, begin - 1)))
        return false;
    size_t len = iban_length(v->f[begin] & ~32, v->f[begin + 1] & ~32);
    if (len == 0) return false;
    size_t group = 0;
    int sign = -1;
    for (end = begin; m < len && end < v->hi; end++) {
        int c = v->f[end];
        if (hr_is_alnum(c) && c < 0x80) {
            t[m++] = (char)c, group++;
            continue;
        }
        bool part = (c == ' ' || c == '-' || c == '.' || c == '\n') && group > 0 && (sign == -1 || sign == c || c == '\n');
        if (!part || (group != 4 && !(m == 2 || group == 2))) return false; /* in fours */
        if (c != '\n') sign = c;
        group = 0;
    }
    if (m != len || !hr_iban_valid(t, m)) return false;
    int next = hr_view_get(v, end);
    if (hr_is_alnum(next)) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_IBAN, 99, HR_CHECK_DIGITS, HR_MORE_NONE, 0};
    return true;
}

/* --- phone numbers -------------------------------------------------------------------------------------------------------------- */
/* country codes with the digits that follow them: least and most */
static const char phone_codes[] =
    "1:10-10 20:8-10 211:9-9 212:9-9 213:8-9 216:8-8 218:8-10 220:7-7 221:9-9 225:8-10 226:8-8 233:9-9 234:7-10 237:8-9 243:7-9 "
    "249:9-9 251:9-9 254:9-10 255:9-9 256:9-9 260:9-9 263:9-10 27:9-9 30:10-10 31:9-9 32:8-9 33:9-9 34:9-9 350:8-8 351:9-9 "
    "352:6-11 353:7-9 354:7-9 355:8-9 356:8-8 357:8-8 358:6-12 359:7-9 36:8-9 370:8-8 371:8-8 372:7-8 373:8-8 374:8-8 375:9-9 "
    "376:6-9 377:8-9 380:9-9 381:8-9 382:8-8 383:8-9 385:8-9 386:8-8 387:8-8 389:8-8 39:6-11 40:9-9 41:9-9 420:9-9 421:9-9 "
    "423:7-7 43:6-13 44:9-10 45:8-8 46:7-10 47:8-8 48:9-9 49:6-12 501:7-7 502:8-8 503:8-8 504:8-8 505:8-8 506:8-8 507:7-8 "
    "51:8-9 52:10-10 53:8-8 54:10-11 55:10-11 56:9-9 57:10-10 58:10-10 591:8-8 592:7-7 593:8-9 594:9-9 595:9-9 597:6-7 598:8-8 "
    "60:8-10 61:9-9 62:8-12 63:8-10 64:8-10 65:8-8 66:8-9 670:7-8 673:7-7 675:7-8 679:7-7 7:10-10 81:9-10 82:8-11 84:9-10 "
    "852:8-8 853:8-8 855:8-9 856:8-10 86:10-11 880:8-10 886:8-9 90:10-10 91:10-10 92:9-10 93:9-9 94:9-9 95:7-10 960:7-7 961:7-8 "
    "962:8-9 963:8-9 964:8-10 965:8-8 966:9-9 967:7-9 968:8-8 970:8-9 971:8-9 972:8-9 973:8-8 974:8-8 975:7-8 976:8-8 977:8-10 "
    "98:10-10 992:9-9 993:8-8 994:9-9 995:9-9 996:9-9 998:9-9 ";

static bool phone_code(const char *d, size_t n) {
    for (const char *p = phone_codes; *p;) {
        size_t k = 0, lo = 0, hi = 0;
        while (p[k] != ':' && k < n && p[k] == d[k]) k++;
        bool fits = p[k] == ':';
        while (*p++ != ':') {}
        while (*p != '-') lo = 10 * lo + (size_t)(*p++ - '0');
        for (p++; *p != ' '; p++) hi = 10 * hi + (size_t)(*p - '0');
        p++;
        if (fits && n - k >= lo && n - k <= hi) return true;
    }
    return false;
}

/* national forms: # a digit, 2 one of 2-9, [..] a choice; signs stand for themselves, '_' for a blank, dash or dot, ' ' for
 * one of those or nothing.  A '!' in front: only with a context word */
static const char *const phone_forms[] = {
    "(2##)_2##_####",     "(2##)2##_####",     "2##-2##-####",      "2##.2##.####",      "1_2##_2##_####",
    "1_(2##)_2##-####",   "!2##_2##_####",     "!2##2######", /* US, CA */
    "0[1-9]_##_##_##_##", "!0[1-9]########",                  /* FR */
    "0##_####_####",      "0####_######",      "0####_###_###",     "07###_######",      "07###_###_###",
    "01##_###_####",      "(0##)_####_####",   "(0####)_######",    "!07#########",      "!0[12]#########", /* GB */
    "0##/########",       "0##/#######",       "0##/######",        "0###/#######",      "0###/######",
    "0####/######",       "0####/#####",       "01[567]#_#######",  "01[567]#_########", "!01[567]########",
    "!01[567]#########",  "!0[2-9]##_######",  "!0[2-9]##_#######", "!0##_########",     "!0##_#######",
    "!0[2-9]########",    "!0[2-9]#######", /* DE, AT */
    "0##_###_##_##",      "!07########",    /* CH */
    "!3##_#######",       "!3##_###_####",     "!0#_########",      "!0##_#######",      "3##_##_##_###",
    "!3#########", /* IT */
    "!6##_###_###",       "!9##_###_###",      "!6##_##_##_##",     "!9##_##_##_##",     "!6########",
    "!9########", /* ES, PT */
    "06-########",        "06_########",       "06_##_##_##_##",    "0##-#######",       "0#_###_##_##",
    "04##_##_##_##",      "!06########",                                           /* NL, BE */
    "!5##_###_###",       "!###_###_###",      "!##_###_##_##",     "!######_###", /* PL, CZ, SK */
    "07#-###_##_##",      "08-###_##_##",      "08-######",         "!07########",       "!##_##_##_##",
    "!########",          "!0#0_######",       "!04#_#######",      "!04#_###_####", /* SE, DK, NO, FI */
    "(##)_9####-####",    "(##)_####-####",    "(##)9####-####",    "##_9####-####",     "!##_9####_####",
    "!##9########",                                                                 /* BR */
    "!##_####_####",      "!55_####_####",     "!0##_15-####-####", "!9_####_####", /* MX, AR, CL */
    "0##-####-####",      "0##-###-####",      "0#-####-####",      "0##-#######",       "0#-#######",
    "!0##########",       "!0#########",                                                                  /* JP, KR, IL */
    "1[3-9]#-####-####",  "1[3-9]#_####_####", "!1[3-9]#########",  "0##-########",      "0###-#######",  /* CN */
    "!#####_#####",       "![6-9]#########",   "!0##########",      "0##_########",      "!0####_######", /* IN */
    "04##_###_###",       "(0#)_####_####",    "!04########",       "!0#_####_####",     "02#_###_####",
    "!02########", /* AU, NZ */
    "0_5##_###_##_##",    "0_(5##)_#######",   "05##_###_##_##",    "!5##_###_##_##",    "!5##.###.##.##",
    "![2345]#########",   "!05#########",                                                               /* TR */
    "8_(###)_###-##-##",  "8_###_###-##-##",   "!8##########",      "0##_###_##_##",     "!0#########", /* RU, UA */
    "0##_###_####",       "!0#########",       "!05########",       "!09########",       "09##_###_####",
    "!0[789]#########",   "0[789]##_###_####", "0[5-9]##-###-####", "0[5-9]##-#######", /* ZA, NG, AE, PH, ID */
    "!07##_###_###",      "!21#_#######",      "!69########",       "!2#########",       "!####_####",
    "!6#######",          "!9#######",         "!8#######", /* RO, GR, SG, HK */
};

/* the end of a form at i; 0: does not fit */
static size_t form_end(const hr_view *v, size_t i, const char *form) {
    for (; *form; form++) {
        int c = hr_view_get(v, i);
        if (*form == '[') {
            bool in = false;
            for (form++; *form != ']'; form++) {
                if (form[1] == '-' && form[2] != ']') in = in || (c >= form[0] && c <= form[2]), form += 2;
                else in = in || c == *form;
            }
            if (!in) return 0;
        } else if (*form == '_') {
            if (c == '\r') c = hr_view_get(v, ++i);
            if (c != ' ' && c != '-' && c != '.' && c != '\n' && c != '/') return 0;
        } else if (*form == '#' || (*form == '2' && form[1] == '#' && form[2] == '#')) {
            if (!hr_is_digit(c) || (*form == '2' && c < '2')) return 0;
        } else if (c != *form) {
            return 0;
        }
        i++;
    }
    return i;
}

static const char phone_words[] = "phone|phones|phone number|tel|telephone|mobile|mob|cell|cellular|call|fax|sms|text "
                                  "me|whatsapp|ring|dial|hotline|contact|"
                                  "telefon*|handy|mobil*|ruf*|anruf*|portable|appel*|telefono|movil|celular|llama*|chiamare|"
                                  "cellulare|telemovel|ligue|telefoon|bel|kom*|numero|number is|numaram|"
                                  "cep|tlf|puh|puhelin|gsm|komorka|zadzwon*|international one|";

/* + or 00 and a country code at i (the first digit): groups of digits with blanks, dashes, dots, brackets */
static size_t international_end(const hr_view *v, size_t i) {
    char d[16];
    size_t n = 0, end = 0, brackets = 0;
    for (int signs = 0; n < sizeof d; i++) {
        int c = hr_view_get(v, i);
        if (c == '\r' && hr_view_get(v, i + 1) == '\n') continue;
        if (hr_is_digit(c)) {
            d[n++] = (char)c, signs = 0;
            bool last = !hr_is_digit(hr_view_get(v, i + 1));
            if (brackets == 3 && n > 1 && c == '0' && hr_view_get(v, i + 1) == ')') n--; /* +49 (0)30 */
            else if (brackets == 1) brackets = 2;
            if (n >= 8 && last && phone_code(d, n)) end = i + 1;
        } else if ((c == ' ' || c == '-' || c == '.' || c == '/' || c == '\n') && signs < 2) {
            signs++;
        } else if (c == '(' && brackets == 0) {
            brackets = hr_view_get(v, i + 1) == '0' && hr_view_get(v, i + 2) == ')' ? 3 : 1;
        } else if (c == ')' && brackets > 0) {
            brackets = 4, signs = 0;
        } else {
            break;
        }
    }
    return end;
}

/* forms by their first group's digits, 16 more with a bracket before it */
static size_t first_group_of_form(const char *form) {
    size_t n = 0, bracket = 0;
    if (*form == '!') form++;
    if (*form == '(') bracket = 16, form++;
    for (; *form == '#' || *form == '[' || hr_is_digit(*form); form++, n++) {
        if (*form == '[') form = strchr(form, ']');
    }
    return bracket + hr_min_size(n, 15);
}
static size_t first_group_of_text(const hr_view *v, size_t i) {
    size_t n = 0, bracket = 0;
    if (hr_view_get(v, i) == '(') bracket = 16, i++;
    while (n < 15 && hr_is_digit(hr_view_get(v, i))) i++, n++;
    return bracket + n;
}
void hr_phone_tables_init(hr_find_tables *t) {
    size_t n = 0;
    _Static_assert(HR_COUNT(phone_forms) <= HR_PHONE_FORMS, "more forms than the table has room for");
    for (size_t key = 0; key < 32; key++) {
        t->forms[key] = (uint8_t)n;
        for (size_t i = 0; i < HR_COUNT(phone_forms); i++) {
            if (first_group_of_form(phone_forms[i]) == key) t->form[n++] = (uint8_t)i;
        }
    }
    t->forms[32] = (uint8_t)n;
}

bool hr_find_phone(const hr_view *v, hr_match *hit) {
    size_t begin = v->at, end = 0;
    int before = hr_view_get(v, begin - 1);
    if (hr_is_digit(before)) return false;
    if (before == '+' || (before == '(' && hr_view_get(v, begin - 2) == '+')) {
        begin -= before == '+' ? 1 : 2;
        end = hr_is_alnum(hr_view_get(v, begin - 1)) ? 0 : international_end(v, v->at);
    } else if (v->f[begin] == '0' && hr_view_get(v, begin + 1) == '0' && hr_is_digit(hr_view_get(v, begin + 2)) &&
               !hr_is_alnum(before) && before != '.' && before != ',') {
        end = international_end(v, begin + 2);
        if (end > 0 && memchr(v->f + begin + 2, ' ', end - begin - 2) == NULL &&
            !hr_view_context(v, begin, end, 40, 0, phone_words))
            end = 0;
    }
    if (end > 0 && begin >= v->first && !hr_is_alnum(hr_view_get(v, end))) {
        *hit = (hr_match){begin, end, HR_ENTITY_PHONE, 90, HR_CHECK_SHAPE, HR_MORE_NONE, 0};
        return true;
    }
    begin = v->at - (before == '(' && v->at > v->first);
    before = hr_view_get(v, begin - 1);
    bool glued = hr_is_letter(before) && hr_view_context(v, begin, begin, 4, 0, "is|tel|no|");
    if ((hr_is_alnum(before) && !glued) || before == '_' || before == '#' || before == '$' || before == '=' || before == '/' ||
        ((before == '.' || before == ',' || before == ':') && hr_is_digit(hr_view_get(v, begin - 2))) ||
        (before == '-' && hr_is_alnum(hr_view_get(v, begin - 2)))) return false;
    int context = -1;
    size_t best = 0;
    const hr_find_tables *t = v->tables;
    size_t key = t != NULL ? first_group_of_text(v, begin) : 0, from = t != NULL ? t->forms[key] : 0;
    size_t last = t != NULL ? t->forms[key + 1] : HR_COUNT(phone_forms);
    for (size_t i = from; i < last; i++) {
        const char *form = phone_forms[t != NULL ? t->form[i] : i];
        bool ask = *form == '!';
        size_t e = form_end(v, begin, form + ask);
        int next = hr_view_get(v, e);
        if (e <= best || hr_is_alnum(next) || next == '_' ||
            ((next == '.' || next == '-' || next == ',' || next == '/' || next == ':') && hr_is_digit(hr_view_get(v, e + 1))))
            continue;
        if (next == ' ' && hr_is_digit(hr_view_get(v, e + 1)) && hr_is_digit(hr_view_get(v, e + 2)) && context < 1)
            ask = true; /* a row of numbers */
        if (context < 0) context = hr_view_context(v, begin, e, 48, 16, phone_words);
        if (!ask || context) best = e;
    }
    if (best == 0) return false;
    *hit = (hr_match){
        begin,        best, HR_ENTITY_PHONE, (uint8_t)(context > 0 ? 85 : 60), context > 0 ? HR_CHECK_CONTEXT : HR_CHECK_SHAPE,
        HR_MORE_NONE, 0};
    return true;
}
