/* entity.h: what the redactor looks for. A finder is asked at an anchor (a digit, '@', ':', a capital ...) and sees folded
 * text: one ASCII byte a character, 0x80 another letter, 0x81 anything else (redact_fold.c). It reads lo to hi and nothing
 * else, so that its answer does not depend on how the text was cut. */
#ifndef HR_POLICY_ENTITY_H
#define HR_POLICY_ENTITY_H
#include "engine/base/base.h"

#define HR_ENTITY_LIST(X) \
    X(NONE, "none") X(EMAIL, "EMAIL") X(CARD, "CARD") X(IBAN, "IBAN") X(PHONE, "PHONE") X(IP, "IP") X(MAC, "MAC") \
    X(URL, "URL") X(URL_SECRET, "URL_SECRET") X(JWT, "JWT") X(PRIVATE_KEY, "PRIVATE_KEY") X(API_KEY, "API_KEY") \
    X(PASSWORD, "PASSWORD") X(WALLET, "WALLET") X(NATIONAL_ID, "NATIONAL_ID") X(PASSPORT, "PASSPORT") \
    X(BIRTH_DATE, "BIRTH_DATE") X(ADDRESS, "ADDRESS") X(POSTCODE, "POSTCODE") X(PERSON, "PERSON") \
    X(COORDINATES, "COORDINATES") X(PLATE, "PLATE") X(CUSTOM, "CUSTOM")
enum {
#define HR_ENTITY_ENUM(id, name) HR_ENTITY_##id,
    HR_ENTITY_LIST(HR_ENTITY_ENUM)
#undef HR_ENTITY_ENUM
    HR_N_ENTITIES
};
HR_PRIVATE const char *hr_entity_name(int entity);               /* "EMAIL"; "none" when out of range */
HR_PRIVATE const char *hr_entity_scheme_name(int entity, int scheme); /* "de.idnr"; "" when it has none */

/* what vouches for a match */
enum { HR_CHECK_SHAPE, HR_CHECK_CONTEXT, HR_CHECK_DIGITS /* check digits or a checksum */, HR_CHECK_LIST /* of the caller */,
    HR_CHECK_PREFIX /* a vendor's own */, HR_CHECK_RANDOM /* looks random */, HR_N_CHECKS };
HR_PRIVATE const char *hr_check_name(int check);

/* how a match may go on beyond what can be looked at */
enum { HR_MORE_NONE, HR_MORE_TOKEN /* letters, digits, _-.+/=~ */, HR_MORE_PEM /* until its END line */,
    HR_MORE_LINE /* until white space or a quote */ };

typedef struct hr_match {
    size_t begin, end;  /* folded positions */
    uint8_t entity, score, check, more;
    uint16_t scheme;
} hr_match;

enum { HR_PHONE_FORMS = 255, HR_ID_SET = 4, HR_ID_FORMS = 16 };
typedef struct hr_id_set {
    uint64_t bits[HR_ID_SET]; /* a bit for each scheme */
} hr_id_set;
typedef struct hr_find_tables { /* made once, so that most anchors cost little */
    uint16_t before[32];
    uint8_t form[HR_PHONE_FORMS], forms[33]; /* phone numbers' forms by their first group */
    uint8_t id_first[32];                    /* hr_id_first by length */
    hr_id_set id_words[256];                 /* schemes by the codes of their words */
    hr_id_set id_forms[HR_ID_FORMS];         /* ... by the first group of how they are written */
    hr_id_set id_strong, id_prefix, id_checked;
} hr_find_tables;
HR_PRIVATE void hr_find_tables_init(hr_find_tables *t);
HR_PRIVATE void hr_phone_tables_init(hr_find_tables *t);
HR_PRIVATE void hr_id_tables_init(hr_find_tables *t);

/* Kept from call to call by who owns the views, so that looking for words is fast; no answer depends on it. starts: a bit for
 * each folded byte that begins a word, 64 made when first asked for (`made`: cleared after each change of f); filters: of
 * lists, by address. */
enum { HR_MEMO_LISTS = 256, HR_MEMO_TEXT = 10240, HR_MEMO_WORDS = HR_MEMO_TEXT / 64 };
typedef struct hr_view_memo {
    size_t n;           /* folded bytes in all */
    uint8_t made[HR_MEMO_WORDS];
    uint64_t starts[HR_MEMO_WORDS];
    struct {
        const char *words;
        uint64_t bits[8];
    } filters[HR_MEMO_LISTS];
} hr_view_memo;

typedef struct hr_view {
    const uint8_t *f;
    size_t lo, hi;      /* what may be looked at */
    size_t first;       /* where a match may begin: lo <= first <= at */
    size_t at;          /* the anchor */
    bool ends;          /* the text ends at hi; else it goes on */
    const hr_find_tables *tables; /* NULL: do without */
    hr_view_memo *memo;           /* likewise */
} hr_view;

/* --- views ------------------------------------------------------------------------------------------------------------ */
HR_INLINE int hr_view_get(const hr_view *v, size_t i) { return i >= v->lo && i < v->hi ? v->f[i] : -1; } /* -1: none */
HR_INLINE bool hr_is_digit(int c) { return c >= '0' && c <= '9'; }
HR_INLINE bool hr_is_upper(int c) { return c >= 'A' && c <= 'Z'; }
HR_INLINE bool hr_is_letter(int c) { return (c >= 'a' && c <= 'z') || hr_is_upper(c) || c == 0x80; }
HR_INLINE bool hr_is_alnum(int c) { return hr_is_digit(c) || hr_is_letter(c); }
HR_INLINE int hr_lower(int c) { return hr_is_upper(c) ? c + 32 : c; }
HR_INLINE bool hr_is_hex(int c) { return hr_is_digit(c) || (hr_lower(c) >= 'a' && hr_lower(c) <= 'f'); }
/* whether a word of the list (each ended by '|', or by "*|" where it may go on; folded, lower case) stands in the `reach` bytes
 * before begin, or in the `after` bytes behind end */
HR_PRIVATE bool hr_view_context(const hr_view *v, size_t begin, size_t end, size_t reach, size_t after, const char *words);
/* what hr_view_context looks with: the next beginning of a word in f [i, end), else end; its first three letters as one of
 * 512; the codes of a list's words as bits */
HR_PRIVATE size_t hr_view_next_word(const hr_view *v, size_t i, size_t end);
HR_PRIVATE unsigned hr_view_code(const hr_view *v, size_t i);
HR_PRIVATE void hr_word_codes(uint64_t bits[8], const char *words);
/* false: no word of the list begins as f does at i */
HR_PRIVATE bool hr_view_may(const hr_view *v, size_t i, const char *words);
/* the text at i is `word`, any case */
HR_PRIVATE bool hr_view_is(const hr_view *v, size_t i, const char *word);

/* f [i, end) is a variable or a placeholder: ${PASS}, {{x}}, <token>, ****, "password" */
HR_PRIVATE bool hr_view_placeholder(const hr_view *v, size_t i, size_t end);
/* ... looks random: letters and digits mixed, few characters twice */
HR_PRIVATE bool hr_view_random(const hr_view *v, size_t i, size_t end);

/* --- finders: true and *hit filled, or false ------------------------------------------------------------------------------ */
typedef bool hr_find_fn(const hr_view *v, hr_match *hit);
HR_PRIVATE bool hr_find_email(const hr_view *v, hr_match *hit);      /* at '@' */
HR_PRIVATE bool hr_find_url(const hr_view *v, hr_match *hit);        /* at ':' of "://" */
HR_PRIVATE bool hr_find_ip(const hr_view *v, hr_match *hit);         /* at the first digit of a token, or ':' of "::" */
HR_PRIVATE bool hr_find_mac(const hr_view *v, hr_match *hit);        /* at the first ':' or '-' */
HR_PRIVATE bool hr_find_assignment(const hr_view *v, hr_match *hit); /* at ':' or '=': password = ..., token: ... */
HR_PRIVATE bool hr_find_pem(const hr_view *v, hr_match *hit);        /* at the first of "-----BEGIN" */
HR_PRIVATE bool hr_find_key(const hr_view *v, hr_match *hit); /* at a digit, '_', '-', '~' or capital: vendors' keys, JWT */
HR_PRIVATE bool hr_find_wallet(const hr_view *v, hr_match *hit);     /* at the first digit of a token */
HR_PRIVATE bool hr_find_card(const hr_view *v, hr_match *hit);       /* these four at the first digit of a run */
HR_PRIVATE bool hr_find_iban(const hr_view *v, hr_match *hit);
HR_PRIVATE bool hr_find_phone(const hr_view *v, hr_match *hit);
HR_PRIVATE bool hr_find_id(const hr_view *v, hr_match *hit);         /* national ids, tax numbers, passports, MRZ, VIN */
HR_PRIVATE bool hr_find_date(const hr_view *v, hr_match *hit);       /* birth dates, with context */
HR_PRIVATE bool hr_find_coordinates(const hr_view *v, hr_match *hit);
HR_PRIVATE bool hr_find_address(const hr_view *v, hr_match *hit);    /* at a digit: streets and postcodes */
HR_PRIVATE bool hr_find_person(const hr_view *v, hr_match *hit);     /* at a capital that begins a word */
HR_PRIVATE bool hr_find_plate(const hr_view *v, hr_match *hit);      /* at a digit, with context */

/* --- validators, also for callers of their own: text of any case with blanks, '-', '.', '/' between ----------------------- */
HR_PRIVATE int hr_id_schemes(void);
HR_PRIVATE const char *hr_id_scheme_name(int scheme);              /* "nl.bsn"; NULL when out of range */
HR_PRIVATE bool hr_id_valid(int scheme, const char *text, size_t n);
HR_PRIVATE bool hr_card_valid(const char *digits, size_t n);       /* 12 to 19 digits: a known issuer, its length, Luhn */
HR_PRIVATE bool hr_iban_valid(const char *text, size_t n);
HR_PRIVATE bool hr_wallet_valid(const char *text, size_t n);       /* base58check, bech32(m), EIP-55 and others */
#endif
