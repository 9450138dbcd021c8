/* find_ids.c: national identity, tax, social security and company numbers: one row a scheme, its shape, how its check
 * character follows from the others, and the words that go with it. Sources: the issuing authorities' descriptions as
 * collected by OECD TIN sheets, Wikipedia's articles on each number, ISO 7064. Judged against python-stdnum (tests). */
#include "policy/entity.h"

enum { ID_LONGEST = 24, ID_STRONG = 1 /* needs no word beside it */, ID_DATE_YMD = 2, ID_DATE_DMY = 4, ID_TAX = 8 };
typedef bool id_check_fn(const char *t, size_t n);

/* shape: # a digit, A a letter, ? either, [..] one of these, others themselves. rule: NULL, or weights in base 36 (the
 * character's value times the weight, '_' skips the check's own place); the sum modulo m picks the check from map, '!' none.
 * check: its place; 255 the last. Two checks: the second rule judges all that stands before the last. */
typedef struct id_scheme {
    const char *name, *shape;
    const char *form;       /* as it is written; who writes it so needs no word beside it */
    uint8_t n;              /* characters of the shape */
    const char *weights, *map, *words;
    id_check_fn *more;
    uint8_t m, check, flags;
} id_scheme;

/* --- values ------------------------------------------------------------------------------------------------------------------ */
static int id_value(char c) { return c <= '9' ? c - '0' : c - 'A' + 10; }

static bool weighs(const char *t, size_t n, const char *weights, int m, const char *map, size_t check) {
    int sum = 0;
    if (check >= n) check = n - 1;
    for (size_t i = 0; weights[i] != 0 && i < n; i++) {
        if (weights[i] != '_') sum += id_value(t[i]) * (weights[i] <= '9' ? weights[i] - '0' : weights[i] - 'A' + 10);
    }
    return map[sum % m] == t[check];
}
#define BACK11 "0!987654321"   /* 11 - r; 10 is not given out */
#define BACK11_0 "00987654321" /* ... 10 is 0 */
#define BACK11_1 "10987654321" /* (11 - r) % 10 */
#define BACK10 "0987654321"
#define SELF11 "0123456789!"
#define SELF11_0 "01234567890"
#define SELF10 "0123456789"

static bool id_luhn(const char *t, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int x = id_value(t[n - 1 - i]);
        sum += i % 2 == 0 ? x : 2 * x > 9 ? 2 * x - 9 : 2 * x;
    }
    return sum % 10 == 0;
}
static bool id_mod1110(const char *t, size_t n) { /* ISO 7064 mod 11,10 */
    int p = 10;
    for (size_t i = 0; i + 1 < n; i++) {
        p = (p + id_value(t[i])) % 10;
        p = (p == 0 ? 10 : p) * 2 % 11;
    }
    return (11 - p) % 10 == id_value(t[n - 1]);
}
static unsigned id_number(const char *t, size_t n, unsigned m) { /* modulo m, letters as two digits */
    unsigned r = 0;
    for (size_t i = 0; i < n; i++) r = (r * (t[i] <= '9' ? 10u : 100u) + (unsigned)id_value(t[i])) % m;
    return r;
}
static bool id_mod97(const char *t, size_t n) { return id_number(t, n, 97) == 1; }
static bool id_verhoeff(const char *t, size_t n) {
    static const char d[] = "01234567891234067895234017895634012895674012395678598760432165987104327659821043876593210498765432"
                            "10";
    static const char p[] = "01234567891576283094580379614289160435279453126870428657390127938064157046913258";
    int c = 0;
    for (size_t i = 0; i < n; i++) c = d[c * 10 + (p[i % 8 * 10 + (size_t)id_value(t[n - 1 - i])] - '0')] - '0';
    return c == 0;
}
static bool id_date(const char *t, bool year_first) { /* YYMMDD or DDMMYY */
    int a = id_value(t[0]) * 10 + id_value(t[1]), m = id_value(t[2]) * 10 + id_value(t[3]),
        b = id_value(t[4]) * 10 + id_value(t[5]);
    int d = year_first ? b : a;
    return m >= 1 && m <= 12 && d >= 1 && d <= 31 && !(d == 31 && (m == 4 || m == 6 || m == 9 || m == 11)) && !(m == 2 && d > 29);
}
/* months and days that carry more than the date: centuries, sexes */
static bool id_date_moved(const char *t, size_t at, int month_step, int day_step) {
    char x[6];
    memcpy(x, t + at, 6);
    int m = id_value(x[2]) * 10 + id_value(x[3]), d = id_value(x[4]) * 10 + id_value(x[5]);
    if (month_step > 0) m = (m - 1) % month_step + 1;
    if (day_step > 0 && d > day_step) d -= day_step;
    x[2] = (char)('0' + m / 10 % 10), x[3] = (char)('0' + m % 10), x[4] = (char)('0' + d / 10 % 10), x[5] = (char)('0' + d % 10);
    return m < 100 && id_date(x, true);
}

/* --- rules of their own -------------------------------------------------------------------------------------------------------- */
static bool id_de_idnr(const char *t, size_t n) { /* in the first ten digits one occurs twice or three times, the others once */
    int count[10] = {0}, twice = 0, thrice = 0;
    for (size_t i = 0; i < 10; i++) count[t[i] - '0']++;
    for (int i = 0; i < 10; i++) twice += count[i] == 2, thrice += count[i] == 3, twice += count[i] > 3 ? 9 : 0;
    return twice + thrice == 1 && t[0] != '0' && id_mod1110(t, n);
}
static bool id_de_rvnr(const char *t, size_t n) { /* area, birth date, letter, serial, check: digit sums of weighted digits */
    static const char w[] = "212512121212";
    char d[12];
    int sum = 0, letter = t[8] - 'A' + 1;
    memcpy(d, t, 8), d[8] = (char)('0' + letter / 10), d[9] = (char)('0' + letter % 10), d[10] = t[9], d[11] = t[10];
    for (size_t i = 0; i < 12; i++) {
        int x = (d[i] - '0') * (w[i] - '0');
        sum += x / 10 + x % 10;
    }
    return id_date(t + 2, false) && sum % 10 == id_value(t[n - 1]);
}
static bool id_fr_nir(const char *t, size_t n) {
    char d[15];
    memcpy(d, t, n);
    bool a = d[6] == 'A', b = d[6] == 'B';
    if ((a || b) && d[5] != '2') return false;
    if (a || b) d[6] = a ? '9' : '8', d[5] = '1'; /* Corsica */
    int month = id_value(t[3]) * 10 + id_value(t[4]);
    return ((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50) &&
           97 - id_number(d, 13, 97) == id_number(d + 13, 2, 100);
}
static bool id_es_cif(const char *t, size_t n) {
    char digits[8];
    memcpy(digits, t + 1, 7), digits[7] = '0';
    int c = 0;
    while (c < 10 && (digits[7] = (char)('0' + c), !id_luhn(digits, 8))) c++;
    bool digit = t[n - 1] == '0' + c, letter = t[n - 1] == "JABCDEFGHI"[c];
    return strchr("PQRSNW", t[0]) != NULL ? letter : strchr("ABEH", t[0]) != NULL ? digit : digit || letter;
}
static bool id_it_cf(const char *t, size_t n) {
    static const uint8_t odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    int sum = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        int v = t[i] <= '9' ? t[i] - '0' : t[i] - 'A';
        sum += i % 2 == 0 ? odd[v] : v;
    }
    return t[n - 1] == 'A' + sum % 26 && strchr("ABCDEHLMPRST", t[8]) != NULL;
}
static bool id_gb_nino(const char *t, size_t n) {
    static const char never[] = "BGGBKNNKNTTNZZ";
    (void)n;
    for (const char *p = never; *p; p += 2) {
        if (p[0] == t[0] && p[1] == t[1]) return false;
    }
    return strchr("DFIQUV", t[0]) == NULL && strchr("DFIOQUV", t[1]) == NULL;
}
static bool id_gb_vat(const char *t, size_t n) {
    int sum = 0, check = id_value(t[7]) * 10 + id_value(t[8]);
    (void)n;
    for (int i = 0; i < 7; i++) sum += (8 - i) * id_value(t[i]);
    return (sum + check) % 97 == 0 || (sum + check + 55) % 97 == 0;
}
static bool id_us_ssn(const char *t, size_t n) {
    (void)n;
    int area = id_value(t[0]) * 100 + id_value(t[1]) * 10 + id_value(t[2]), group = id_value(t[3]) * 10 + id_value(t[4]);
    if (memcmp(t + 5, "0000", 4) == 0 || group == 0 || area == 0 || area == 666) return false;
    if (area < 900) return true;
    return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group <= 92) || group >= 94; /* ITIN */
}
static bool id_us_npi(const char *t, size_t n) {
    char x[15] = "80840";
    memcpy(x + 5, t, n);
    return id_luhn(x, 15);
}
static bool id_cn_ric(const char *t, size_t n) {
    (void)n;
    return id_date(t + 8, true) && (memcmp(t + 6, "19", 2) == 0 || memcmp(t + 6, "20", 2) == 0);
}
static bool id_in_gstin(const char *t, size_t n) {
    int sum = 0, state = id_value(t[0]) * 10 + id_value(t[1]);
    for (size_t i = 0; i + 1 < n; i++) {
        int x = id_value(t[i]) * (i % 2 == 0 ? 1 : 2);
        sum += x / 36 + x % 36;
    }
    return state >= 1 && (state <= 38 || state >= 97) && (36 - sum % 36) % 36 == id_value(t[n - 1]);
}
static bool id_sg_nric(const char *t, size_t n) {
    int sum = t[0] == 'T' || t[0] == 'G' ? 4 : t[0] == 'M' ? 3 : 0;
    for (size_t i = 1; i < 8; i++) sum += id_value(t[i]) * ("2765432"[i - 1] - '0');
    const char *map = t[0] == 'S' || t[0] == 'T' ? "JZIHGFEDCBA" : t[0] == 'M' ? "XWUTRQPNJLK" : "XWUTRQPNMLK";
    return map[t[0] == 'M' ? 10 - sum % 11 : sum % 11] == t[n - 1] || (t[0] == 'M' && "KLJNPQRTUWX"[sum % 11] == t[n - 1]);
}
static bool id_au_abn(const char *t, size_t n) {
    static const uint8_t w[] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
    int sum = -10;
    for (size_t i = 0; i < n; i++) sum += w[i] * id_value(t[i]);
    return sum % 89 == 0;
}
static bool id_tr_kimlik(const char *t, size_t n) {
    int odd = 0, even = 0, all = 0;
    for (size_t i = 0; i < 9; i++) *(i % 2 == 0 ? &odd : &even) += id_value(t[i]);
    for (size_t i = 0; i < 10; i++) all += id_value(t[i]);
    (void)n;
    return ((7 * odd - even) % 10 + 10) % 10 == id_value(t[9]) && all % 10 == id_value(t[10]);
}
static bool id_tr_vkn(const char *t, size_t n) {
    int sum = 0;
    for (int i = 0; i < 9; i++) {
        int c = (id_value(t[i]) + 9 - i) % 10, p = 1;
        for (int k = 0; k < 9 - i; k++) p = p * 2 % 9;
        if (c != 0) c = c * p % 9 == 0 ? 9 : c * p % 9;
        sum += c;
    }
    return (10 - sum % 10) % 10 == id_value(t[n - 1]);
}
static bool id_fi_hetu(const char *t, size_t n) {
    char d[9];
    size_t serial = n - 4; /* the century's sign may be lost in compaction */
    memcpy(d, t, 6), memcpy(d + 6, t + serial, 3);
    return id_date(t, false) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[id_number(d, 9, 31)] == t[n - 1];
}
static bool id_baltic(const char *t, size_t n) { /* Estonia, Lithuania */
    static const char w[2][11] = {"1234567891", "3456789123"};
    for (int round = 0; round < 2; round++) {
        int sum = 0;
        for (size_t i = 0; i < 10; i++) sum += id_value(t[i]) * (w[round][i] - '0');
        if (sum % 11 < 10) return sum % 11 == id_value(t[n - 1]) && id_date(t + 1, true);
    }
    return t[n - 1] == '0' && id_date(t + 1, true);
}
static bool id_kz_iin(const char *t, size_t n) {
    int a = 0, b = 0;
    for (int i = 0; i < 11; i++) a += id_value(t[i]) * (i + 1), b += id_value(t[i]) * ((i + 2) % 11 + 1);
    int r = a % 11 == 10 ? b % 11 : a % 11;
    return r < 10 && r == id_value(t[n - 1]) && id_date(t, true);
}
static bool id_birth_number(const char *t, size_t n) { /* Czechia, Slovakia: women's months plus 50, later also plus 20 */
    int m = id_value(t[2]) * 10 + id_value(t[3]), d = id_value(t[4]) * 10 + id_value(t[5]);
    m = m > 50 ? m - 50 : m;
    m = m > 20 ? m - 20 : m;
    return m >= 1 && m <= 12 && d >= 1 && d <= 31 && id_number(t, n - 1, 11) % 10 == (unsigned)id_value(t[n - 1]);
}
static bool id_pl_pesel(const char *t, size_t n) { (void)n; return id_date_moved(t, 0, 20, 0); }
static bool id_ro_cnp(const char *t, size_t n) { (void)n; return id_date(t + 1, true) && t[0] != '0'; }
static bool id_bg_egn(const char *t, size_t n) { (void)n; return id_date_moved(t, 0, 20, 0); }
static bool id_jmbg(const char *t, size_t n) {
    (void)n;
    return id_value(t[0]) * 10 + id_value(t[1]) <= 31 && id_date(t, false) == (t[0] != '9') && t[0] < '4' &&
           (t[4] == '9' || t[4] == '0');
}
static bool id_be_nn(const char *t, size_t n) {
    char x[11] = "2";
    memcpy(x + 1, t, 9);
    (void)n;
    unsigned check = id_number(t + 9, 2, 100);
    return 97 - id_number(t, 9, 97) == check || 97 - id_number(x, 10, 97) == check;
}
static bool id_be_vat(const char *t, size_t n) { (void)n; return 97 - id_number(t, 8, 97) == id_number(t + 8, 2, 100); }
static bool id_lu_vat(const char *t, size_t n) { (void)n; return id_number(t + 2, 6, 89) == id_number(t + 8, 2, 100); }
static bool id_gb_vat_full(const char *t, size_t n) { return id_gb_vat(t + 2, n - 2); }
static bool id_de_vat(const char *t, size_t n) { return id_mod1110(t + 2, n - 2); }
static bool id_luhn9(const char *t, size_t n) { (void)n; return id_luhn(t, 9); }
static bool id_voter(const char *t, size_t n) { return id_luhn(t + 3, n - 3); }
static bool id_de_health(const char *t, size_t n) { /* the letter as two digits, then weights 1 2 1 2, digit sums */
    char d[10] = {(char)('0' + (t[0] - 'A' + 1) / 10), (char)('0' + (t[0] - 'A' + 1) % 10)};
    int sum = 0;
    memcpy(d + 2, t + 1, 8);
    for (size_t i = 0; i < 10; i++) {
        int x = (d[i] - '0') * (i % 2 == 0 ? 1 : 2);
        sum += x / 10 + x % 10;
    }
    return sum % 10 == id_value(t[n - 1]);
}
static bool id_ru_snils(const char *t, size_t n) {
    unsigned sum = 0;
    for (unsigned i = 0; i < 9; i++) sum += (9 - i) * (unsigned)id_value(t[i]);
    (void)n;
    return sum % 101 % 100 == id_number(t + 9, 2, 100);
}
static bool id_ru_ogrn(const char *t, size_t n) {
    return id_number(t, n - 1, n == 13 ? 11 : 13) % 10 == (unsigned)id_value(t[n - 1]) && t[0] != '0';
}
static bool id_br_second(const char *t, size_t n) {
    for (char c = '0'; c <= '9'; c++) {
        size_t i = 0;
        while (i < n && t[i] == c) i++;
        if (i == n) return false;
    }
    return n == 11 ? weighs(t, 10, "A98765432", 11, BACK11_0, 9) && weighs(t, 11, "BA98765432", 11, BACK11_0, 10)
                   : weighs(t, 13, "543298765432", 11, BACK11_0, 12) && weighs(t, 14, "6543298765432", 11, BACK11_0, 13);
}
static bool id_no_second(const char *t, size_t n) {
    return weighs(t, 10, "376189452", 11, BACK11, 9) && weighs(t, n, "5432765432", 11, BACK11, 10) &&
           id_date_moved((char[6]){t[4], t[5], t[2], t[3], t[0], t[1]}, 0, 40, 40);
}
static bool id_ru_inn12(const char *t, size_t n) {
    return weighs(t, 11, "724A359468", 11, SELF11_0, 10) && weighs(t, n, "3724A359468", 11, SELF11_0, 11);
}
static bool id_ar_cbu(const char *t, size_t n) {
    return weighs(t, 8, "7139713", 10, BACK10, 7) && weighs(t + 8, n - 8, "3971397139713", 10, BACK10, 13);
}
static bool id_kr_brn(const char *t, size_t n) {
    int sum = id_value(t[8]) * 5 / 10;
    for (size_t i = 0; i < 9; i++) sum += id_value(t[i]) * ("137137135"[i] - '0');
    return (10 - sum % 10) % 10 == id_value(t[n - 1]);
}
static bool id_hk_hkid(const char *t, size_t n) { /* one letter or two, six digits, check 0-9 or A */
    int sum = n == 8 ? 36 * 9 + (t[0] - 'A' + 10) * 8 : (t[0] - 'A' + 10) * 9 + (t[1] - 'A' + 10) * 8;
    for (size_t i = n - 7; i + 1 < n; i++) sum += id_value(t[i]) * (int)(n - i);
    return (sum + (t[n - 1] == 'A' ? 10 : id_value(t[n - 1]))) % 11 == 0;
}
static bool id_tw_id(const char *t, size_t n) {
    static const char order[] = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    int v = (int)(strchr(order, t[0]) - order) + 10, sum = v / 10 + v % 10 * 9;
    for (size_t i = 1; i < 9; i++) sum += id_value(t[i]) * (int)(9 - i);
    return (sum + id_value(t[n - 1])) % 10 == 0;
}
static bool id_mx_curp(const char *t, size_t n) {
    static const char order[] = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ";
    int sum = 0;
    for (size_t i = 0; i + 1 < n; i++) sum += (int)(strchr(order, t[i]) - order) * (int)(18 - i);
    return (10 - sum % 10) % 10 == id_value(t[n - 1]) && id_date(t + 4, true);
}
static bool id_mx_rfc(const char *t, size_t n) { return id_date(t + n - 9, true); }
static bool id_ve_rif(const char *t, size_t n) {
    static const char kinds[] = "VEJPG";
    int sum = 4 * ((int)(strchr(kinds, t[0]) - kinds) + 1);
    for (size_t i = 1; i < 9; i++) sum += id_value(t[i]) * ("32765432"[i - 1] - '0');
    return "00987654321"[sum % 11] == t[n - 1];
}
static bool id_vin(const char *t, size_t n) {
    static const char value[] = "12345678012345070923456789"; /* A to Z; I O Q never occur */
    static const uint8_t w[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (strchr("IOQ", t[i]) != NULL) return false;
        sum += (t[i] <= '9' ? t[i] - '0' : value[t[i] - 'A'] - '0') * w[i];
    }
    return "0123456789X"[sum % 11] == t[8];
}
static bool id_isin(const char *t, size_t n) {
    char d[24];
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        int v = id_value(t[i]);
        if (v >= 10) d[m++] = (char)('0' + v / 10);
        d[m++] = (char)('0' + v % 10);
    }
    return id_luhn(d, m);
}
static bool id_dk_cpr(const char *t, size_t n) { (void)n; return id_date(t, false); }
static bool id_ymd(const char *t, size_t n) { (void)n; return id_date(t, true); }
static bool id_luhn_ymd(const char *t,
                        size_t n) { /* ten digits, twelve with the century; days plus 60 are coordination numbers */
    return id_luhn(t + (n == 12 ? 2 : 0), n == 12 ? 10 : n) && id_date_moved(t, n == 12 ? 2 : 0, 0, 60);
}
static bool id_luhn_dmy(const char *t, size_t n) { return id_date(t, false) && id_luhn(t, n); }
static bool id_imei(const char *t, size_t n) { return t[0] != '0' && id_luhn(t, n); }

/* --- the table ------------------------------------------------------------------------------------------------------------------ */
#define W_TAX "tax|tin|vat|fiscal*|steuer*|"
static const id_scheme id_schemes[] = {
    {"us.ssn", "#########", "###-##-####", 9, NULL, NULL, "ssn|social security|social|itin|taxpayer|tax id|", id_us_ssn, 0, 255,
     0},
    {"us.aba", "#########", NULL, 9, "37137137", BACK10, "aba|routing|transit|", NULL, 10, 255, 0},
    {"us.npi", "[12]#########", NULL, 10, NULL, NULL, "npi|provider|", id_us_npi, 0, 255, 0},
    {"ca.sin", "#########", "###-###-###", 9, NULL, NULL, "sin|social insurance|nas|assurance sociale|", id_luhn, 0, 255, 0},
    {"gb.nino", "AA######[ABCD]", NULL, 9, NULL, NULL, "nino|ni|national insurance|insurance|", id_gb_nino, 0, 255, ID_STRONG},
    {"gb.nhs", "##########", NULL, 10, "A98765432", BACK11, "nhs|health|patient|", NULL, 11, 255, 0},
    {"gb.utr", "##########", NULL, 10, "_6789A5432", "21987654321", "utr|taxpayer|self assessment|" W_TAX, NULL, 11, 0, ID_TAX},
    {"gb.vat", "#########", NULL, 9, NULL, NULL, "vat|gb|", id_gb_vat, 0, 255, ID_TAX},
    {"gb.vat", "GB#########", NULL, 11, NULL, NULL, "", id_gb_vat_full, 0, 255, ID_TAX | ID_STRONG},
    {"de.idnr", "###########", NULL, 11, NULL, NULL, "steuer*|idnr|tin|tax|identifikationsnummer|", id_de_idnr, 0, 255, ID_TAX},
    {"de.vat", "DE#########", NULL, 11, NULL, NULL, "ust*|vat|umsatzsteuer*|", id_de_vat, 0, 255, ID_TAX | ID_STRONG},
    {"de.rvnr", "########A###", NULL, 12, NULL, NULL, "rentenversicherung*|sozialversicherung*|rvnr|svnr|versicherung*|",
     id_de_rvnr, 0, 255, ID_STRONG},
    {"de.ausweis", "[CFGHJKLMNPRTVWXYZ]?????????", NULL, 10, "731731731", SELF10,
     "ausweis*|personalausweis*|perso|id card|identity|pass|passport|reisepass|", NULL, 10, 255, 0},
    {"de.health", "A#########", NULL, 10, NULL, NULL, "krankenversicher*|kvnr|gesundheitskarte|versichert*|health|",
     id_de_health, 0, 255, 0},
    {"at.svnr", "##########", NULL, 10, "379_584216", SELF11, "svnr|sozialversicherung*|versicherung*|sv-nummer|", NULL, 11, 3,
     0},
    {"at.tin", "#########", "##-###/####", 9, NULL, NULL, "steuernummer|abgabenkonto*|tin|", id_luhn, 0, 255, ID_TAX},
    {"ch.ahv", "756##########", "756.####.####.##", 13, "131313131313", BACK10, "ahv|avs|oasi|sozialversicherung*|", NULL, 10,
     255, ID_STRONG},
    {"ch.uid", "CHE#########", NULL, 12, "00054327654", BACK11, "uid|mwst|tva|iva|", NULL, 11, 11, ID_TAX | ID_STRONG},
    {"fr.nir", "[1234]####[0123456789][0123456789AB]########", "# ## ## ## ### ### ##", 15, NULL, NULL,
     "secu*|nir|insee|social*|carte vitale|", id_fr_nir, 0, 255, ID_STRONG},
    {"fr.siren", "#########", NULL, 9, NULL, NULL, "siren|siret|rcs|", id_luhn, 0, 255, ID_TAX},
    {"fr.siret", "##############", NULL, 14, NULL, NULL, "siret|siren|", id_luhn, 0, 255, ID_TAX},
    {"es.nif", "########A", NULL, 9, "E6JIB8A1", "TRWAGMYFPDXBNJZSQVHLCKE", "", NULL, 23, 255, ID_STRONG},
    {"es.nie", "[XYZ]#######A", NULL, 9, "06JIB8A1", "TRWAGMYFPDXBNJZSQVHLCKE", "", NULL, 23, 255, ID_STRONG},
    {"es.cif", "[ABCDEFGHJNPQRSUVW]#######?", NULL, 9, NULL, NULL, "cif|nif|iva|sociedad|empresa|", id_es_cif, 0, 255, ID_TAX},
    {"it.codicefiscale", "AAAAAA##[ABCDEHLMPRST]##A###A", NULL, 16, NULL, NULL, "", id_it_cf, 0, 255, ID_STRONG},
    {"it.iva", "###########", NULL, 11, NULL, NULL, "iva|partita|p.iva|vat|", id_luhn, 0, 255, ID_TAX},
    {"pt.nif", "[1235689]########", NULL, 9, "98765432", BACK11_0, "nif|contribuinte|fiscal|nipc|", NULL, 11, 255, ID_TAX},
    {"nl.bsn", "#########", NULL, 9, "98765432", SELF11, "bsn|burgerservice*|sofi*|", NULL, 11, 255, 0},
    {"be.nn", "###########", "##.##.##-###.##", 11, NULL, NULL, "rijksregister*|registre national|nn|nrn|insz|niss|national*|",
     id_be_nn, 0, 255, 0},
    {"be.vat", "[01]#########", NULL, 10, NULL, NULL, "btw|tva|vat|ondernemings*|entreprise|be|", id_be_vat, 0, 255, ID_TAX},
    {"lu.vat", "LU########", NULL, 10, NULL, NULL, "", id_lu_vat, 0, 255, ID_TAX | ID_STRONG},
    {"ie.pps", "#######A", NULL, 8, "8765432", "WABCDEFGHIJKLMNOPQRSTUV", "pps|ppsn|rsi|personal public|", NULL, 23, 255, 0},
    {"dk.cpr", "##########", "######-####", 10, NULL, NULL, "cpr|personnummer|cpr-nummer|", id_dk_cpr, 0, 255, 0},
    {"se.personnummer", "##########", "######-####", 10, NULL, NULL,
     "personnummer|pnr|person nr|samordningsnummer|personal identity|", id_luhn_ymd, 0, 255, 0},
    {"se.personnummer", "[12][90]##########", "########-####", 12, NULL, NULL,
     "personnummer|pnr|person nr|samordningsnummer|personal identity|", id_luhn_ymd, 0, 255, 0},
    {"se.orgnr", "##########", NULL, 10, NULL, NULL, "organisationsnummer|orgnr|org.nr|org nr|", id_luhn, 0, 255, ID_TAX},
    {"no.fodselsnummer", "###########", NULL, 11, NULL, NULL, "fodselsnummer|personnummer|fnr|fodsels*|d-nummer|", id_no_second,
     0, 255, 0},
    {"no.orgnr", "[89]########", NULL, 9, "32765432", BACK11, "organisasjonsnummer|orgnr|org.nr|mva|", NULL, 11, 255, ID_TAX},
    {"fi.hetu", "######[ABCDEFYXWVU]###?", NULL, 11, NULL, NULL, "", id_fi_hetu, 0, 255, ID_STRONG},
    {"fi.hetu", "#########?", "######-###?", 10, NULL, NULL, "hetu|henkilotunnus|henkilotunnukseni|", id_fi_hetu, 0, 255, 0},
    {"fi.ytunnus", "########", NULL, 8, "79A5842", BACK11, "y-tunnus|business id|ytunnus|", NULL, 11, 255, ID_TAX},
    {"ee.ik", "[123456]##########", NULL, 11, NULL, NULL, "isikukood|personal code|asmens kod*|identification|", id_baltic, 0,
     255, 0},
    {"lv.pk", "###########", "######-#####", 11, "A584216379", "10098765432", "personas kod*|pk|", NULL, 11, 255, 0},
    {"pl.pesel", "###########", NULL, 11, "1379137913", BACK10, "pesel|", id_pl_pesel, 10, 255, 0},
    {"pl.nip", "##########", "###-###-##-##", 10, "657234567", SELF11, "nip|", NULL, 11, 255, ID_TAX},
    {"pl.regon", "#########", NULL, 9, "89234567", SELF11_0, "regon|", NULL, 11, 255, ID_TAX},
    {"pl.dowod", "AAA######", NULL, 9, NULL, NULL, "dowod*|dowodu|seria|", NULL, 0, 255, 0},
    {"cz.rc", "##########", "######/####", 10, NULL, NULL, "rodne cislo|rc|rodneho cisla|rod. c.|r.c.|", id_birth_number, 0,
     255, 0},
    {"cz.ico", "########", NULL, 8, "8765432", BACK11_1, "ico|ic|ic:|", NULL, 11, 255, ID_TAX},
    {"hu.taj", "#########", NULL, 9, "37373737", SELF10, "taj|", NULL, 10, 255, 0},
    {"hu.tax", "8#########", NULL, 10, "123456789", SELF11, "adoazonosito|ado*|", NULL, 11, 255, ID_TAX},
    {"ro.cnp", "[123456789]############", NULL, 13, "279146358279", "01234567891", "cnp|cod numeric|", id_ro_cnp, 11, 255, 0},
    {"bg.egn", "##########", NULL, 10, "2485A9736", SELF11_0, "egn|edinen|", id_bg_egn, 11, 255, 0},
    {"gr.amka", "###########", NULL, 11, NULL, NULL, "amka|", id_luhn_dmy, 0, 255, 0},
    {"gr.afm", "#########", NULL, 9, "379A5842", SELF11_0, "afm|a.f.m.|", NULL, 11, 255, ID_TAX},
    {"hr.oib", "###########", NULL, 11, NULL, NULL, "oib|", id_mod1110, 0, 255, 0},
    {"rs.jmbg", "#############", NULL, 13, "765432765432", BACK11, "jmbg|emso|embg|maticni|", id_jmbg, 11, 255, 0},
    {"rs.pib", "#########", NULL, 9, NULL, NULL, "pib|", id_mod1110, 0, 255, ID_TAX},
    {"si.tax", "########", NULL, 8, "8765432", "!0987654321", "davcna|ddv|si|", NULL, 11, 255, ID_TAX},
    {"tr.tckimlik", "[123456789]##########", NULL, 11, NULL, NULL, "kimlik|tckn|t.c.|tc|", id_tr_kimlik, 0, 255, 0},
    {"tr.vkn", "##########", NULL, 10, NULL, NULL, "vergi|vkn|", id_tr_vkn, 0, 255, ID_TAX},
    {"ru.inn", "##########", NULL, 10, "24A359468", SELF11_0, "inn|\x80\x80\x80|", NULL, 11, 255, ID_TAX},
    {"ru.inn", "############", NULL, 12, NULL, NULL, "inn|\x80\x80\x80|", id_ru_inn12, 0, 255, ID_TAX},
    {"ru.snils", "###########", "###-###-### ##", 11, NULL, NULL, "snils|c\x80\x80\x80\x80|", id_ru_snils, 0, 255, 0},
    {"ru.ogrn", "#############", NULL, 13, NULL, NULL, "ogrn|o\x80ph|", id_ru_ogrn, 0, 255, ID_TAX},
    {"ua.rntrc", "##########", NULL, 10, "A57946A57", SELF11_0, "rnokpp|ipn|\x80\x80\x80|", NULL, 11, 255, ID_TAX},
    {"kz.iin", "############", NULL, 12, NULL, NULL, "iin|\x80\x80h|", id_kz_iin, 0, 255, 0},
    {"il.id", "#########", NULL, 9, NULL, NULL, "teudat|t.z.|tz|id number|identity|mispar|", id_luhn, 0, 255, 0},
    {"za.id", "##########[012]##", NULL, 13, NULL, NULL, "id number|id no|identity|sa id|said|", id_luhn_ymd, 0, 255, 0},
    {"in.aadhaar", "[23456789]###########", NULL, 12, NULL, NULL, "aadhaar|aadhar|uidai|uid|", id_verhoeff, 0, 255, 0},
    {"in.pan", "AAA[ABCFGHJLPT]A####A", NULL, 10, NULL, NULL, "pan|permanent account|", NULL, 0, 255, ID_TAX | ID_STRONG},
    {"in.gstin", "##AAAAA####A?Z?", NULL, 15, NULL, NULL, "", id_in_gstin, 0, 255, ID_TAX | ID_STRONG},
    {"in.voter", "AAA#######", NULL, 10, NULL, NULL, "voter|epic|election|", id_voter, 0, 255, 0},
    {"cn.ric", "#################[0123456789X]", NULL, 18, "79A584216379A5842", "10X98765432", "", id_cn_ric, 11, 255,
     ID_STRONG},
    {"kr.rrn", "######[12345678]######", "######-#######", 13, "234567892345", BACK11_1, "rrn|resident|jumin|", id_ymd, 11, 255,
     0},
    {"kr.brn", "##########", "###-##-#####", 10, NULL, NULL, "brn|business|", id_kr_brn, 0, 255, ID_TAX},
    {"jp.mynumber", "############", NULL, 12, "65432765432", BACK11_0, "my number|mynumber|individual number|", NULL, 11, 255,
     0},
    {"tw.id", "A[12]########", NULL, 10, NULL, NULL, "", id_tw_id, 0, 255, ID_STRONG},
    {"hk.hkid", "A######[0123456789A]", NULL, 8, NULL, NULL, "hkid|identity|id card|id no|", id_hk_hkid, 0, 255, 0},
    {"sg.nric", "[STFGM]#######A", NULL, 9, NULL, NULL, "", id_sg_nric, 0, 255, ID_STRONG},
    {"th.pin", "[12345678]############", "#-####-#####-##-#", 13, "DCBA98765432", BACK11_1,
     "thai|citizen|id card|national id|tnin|tax|", NULL, 11, 255, 0},
    {"vn.mst", "##########", NULL, 10, "971862753", "!9876543210", "mst|ma so thue|tax code|", NULL, 11, 255, ID_TAX},
    {"id.npwp", "###############", "##.###.###.#-###.###", 15, NULL, NULL, "npwp|", id_luhn9, 0, 255, ID_TAX},
    {"my.nric", "############", NULL, 12, NULL, NULL, "mykad|nric|ic|kad pengenalan|", id_ymd, 0, 255, 0},
    {"au.tfn", "#########", NULL, 9, "14375869", SELF11, "tfn|tax file|", NULL, 11, 255, ID_TAX},
    {"au.abn", "###########", "## ### ### ###", 11, NULL, NULL, "abn|", id_au_abn, 0, 255, ID_TAX},
    {"au.acn", "#########", NULL, 9, "87654321", BACK10, "acn|company number|", NULL, 10, 255, ID_TAX},
    {"au.medicare", "[23456]#########", NULL, 10, "13791379", SELF10, "medicare|", NULL, 10, 8, 0},
    {"br.cpf", "###########", "###.###.###-##", 11, NULL, NULL, "cpf|", id_br_second, 0, 255, 0},
    {"br.cnpj", "##############", "##.###.###/####-##", 14, NULL, NULL, "cnpj|", id_br_second, 0, 255, ID_TAX},
    {"ar.cuit", "##########[0123456789]", "##-########-#", 11, "5432765432", "09987654321", "cuit|cuil|", NULL, 11, 255,
     ID_TAX},
    {"ar.cbu", "######################", NULL, 22, NULL, NULL, "cbu|", id_ar_cbu, 0, 255, 0},
    {"cl.rut", "########[0123456789K]", "##.###.###-?", 9, "32765432", "0K987654321", "rut|run|", NULL, 11, 255, 0},
    {"cl.rut", "#######[0123456789K]", "#.###.###-?", 8, "2765432", "0K987654321", "rut|run|", NULL, 11, 255, 0},
    {"co.nit", "##########", NULL, 10, "847186273", "01987654321", "nit|", NULL, 11, 255, ID_TAX},
    {"mx.curp", "AAAA######[HMX]AAAAA?#", NULL, 18, NULL, NULL, "", id_mx_curp, 0, 255, ID_STRONG},
    {"mx.rfc", "AAAA######???", NULL, 13, NULL, NULL, "rfc|", id_mx_rfc, 0, 255, ID_TAX},
    {"pe.ruc", "[12]##########", NULL, 11, "5432765432", BACK11_1, "ruc|", NULL, 11, 255, ID_TAX},
    {"ec.ci", "##########", NULL, 10, NULL, NULL, "cedula|ci|identidad|", id_luhn, 0, 255, 0},
    {"uy.rut", "############", NULL, 12, "43298765432", BACK11, "rut|ruc|", NULL, 11, 255, ID_TAX},
    {"do.cedula", "###########", "###-#######-#", 11, NULL, NULL, "cedula|", id_luhn, 0, 255, 0},
    {"do.rnc", "#########", NULL, 9, "79865432", "21987654321", "rnc|", NULL, 11, 255, ID_TAX},
    {"ve.rif", "[VEJPG]#########", "A-########-#", 10, NULL, NULL, "rif|", id_ve_rif, 0, 255, ID_TAX},
    {"ke.pin", "[AP]#########A", NULL, 11, NULL, NULL, "kra|pin|", NULL, 0, 255, ID_TAX},
    {"imei", "###############", NULL, 15, NULL, NULL, "imei|", id_imei, 0, 255, 0},
    {"vin", "?????????????????", NULL, 17, NULL, NULL, "vin|chassis|vehicle|fahrgestell*|fin|", id_vin, 0, 255, 0},
    {"isin", "AA?????????#", NULL, 12, NULL, NULL, "isin|", id_isin, 0, 255, 0},
    {"lei", "??????????????????##", NULL, 20, NULL, NULL, "lei|", id_mod97, 0, 255, 0},
};
enum { ID_MRZ = 1000, ID_PASSPORT = 1001 };

int hr_id_schemes(void) { return (int)HR_COUNT(id_schemes); }
const char *hr_id_scheme_name(int i) { return i >= 0 && i < hr_id_schemes() ? id_schemes[i].name : NULL; }
const char *hr_entity_scheme_name(int entity, int scheme) {
    if (entity == HR_ENTITY_NATIONAL_ID && scheme > 0 && scheme <= hr_id_schemes()) return id_schemes[scheme - 1].name;
    return entity == HR_ENTITY_PASSPORT && scheme == ID_MRZ ? "mrz"
           : entity == HR_ENTITY_IP                         ? (scheme == 6 ? "ipv6" : "ipv4")
                                                            : "";
}

/* t [n]: upper case, nothing between */
static bool id_holds(const id_scheme *s, const char *t, size_t n) {
    size_t i = 0;
    char values[ID_LONGEST];
    for (const char *p = s->shape; *p; p++, i++) {
        char c = i < n ? t[i] : 0;
        bool digit = c >= '0' && c <= '9', letter = c >= 'A' && c <= 'Z', fits = false;
        values[i < ID_LONGEST ? i : 0] = c;
        if (*p == '[') {
            char at = 0;
            for (p++; *p != ']'; p++, at++) {
                if (*p == c) fits = true;
                if (*p == c && letter && s->weights != NULL && i == 0) values[i] = (char)('0' + at); /* its number in the class */
            }
        } else {
            fits = *p == '#' ? digit : *p == 'A' ? letter : *p == '?' ? digit || letter : *p == c;
        }
        if (!fits) return false;
    }
    if (i != n) return false;
    bool zeros = true;
    for (size_t k = 0; k < n; k++) zeros = zeros && t[k] == t[0];
    if (zeros) return false;
    if (strcmp(s->name, "de.ausweis") == 0) memcpy(values, t, n);
    if (strcmp(s->name, "es.nie") == 0) { /* X Y Z stand for 0 1 2 in the ten-millions */
        int sum = 0;
        for (size_t k = 0; k < 8; k++) sum = (sum * 10 + (values[k] - '0')) % 23;
        return s->map[sum] == t[8];
    }
    if (s->weights != NULL && !weighs(values, n, s->weights, s->m, s->map, s->check)) return false;
    return s->more == NULL || s->more(t, n);
}

static size_t id_compact(const char *text, size_t n, char *t) {
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)text[i];
        if (c == ' ' || c == '-' || c == '.' || c == '/' || c == '+' || c == ',' || c == '(' || c == ')') continue;
        if (c >= 'a' && c <= 'z') c -= 32;
        if (m == ID_LONGEST) return 0;
        t[m++] = (char)c;
    }
    return m;
}
bool hr_id_valid(int scheme, const char *text, size_t n) {
    char t[ID_LONGEST];
    size_t m = id_compact(text, n, t);
    return m > 0 && scheme >= 0 && scheme < hr_id_schemes() && id_holds(&id_schemes[scheme], t, m);
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
    if (form == NULL) return false;
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

bool hr_find_id(const hr_view *v, hr_match *hit) {
    static const char common[] = "id number|id no|id:|national id|identity number|identification|personal "
                                 "number|ausweisnummer|documento|";
    char t[ID_LONGEST];
    size_t ends[ID_LONGEST], begin = v->at;
    while (begin > v->first && v->at - begin < 7 && hr_is_letter(v->f[begin - 1]) && v->f[begin - 1] < 0x80) begin--;
    int before = hr_view_get(v, begin - 1);
    if (before == '<' || mrz_value(before) >= 0 || hr_view_get(v, v->at + 1) == '<' || v->at - begin > 4) {
        if (find_mrz(v, hit)) return true;
    }
    if (hr_is_alnum(before) || before == '_' || before == '$') return false;
    if ((before == '.' || before == ',') && hr_is_digit(hr_view_get(v, begin - 2))) return false;
    uint32_t lengths = read_id(v, begin, t, ends);
    if ((lengths >> 7) == 0) return false;
    if (find_mrz(v, hit)) return true;
    size_t longest = 0;
    int general = -1;
    for (size_t i = 0; i < HR_COUNT(id_schemes); i++) {
        const id_scheme *s = &id_schemes[i];
        size_t n = s->n;
        if (n <= longest || !(lengths >> n & 1) || !id_holds(s, t, n)) continue;
        bool context = s->words[0] != 0 && hr_view_context(v, begin, ends[n - 1], 48, 16, s->words);
        if (!context && general < 0) general = hr_view_context(v, begin, ends[n - 1], 32, 0, common);
        bool checked = s->weights != NULL || s->more != NULL;
        bool strong = (s->flags & ID_STRONG) && is_plain(v, begin, ends[n - 1], n);
        if (!context && !strong && !(general > 0 && checked) && !is_written(v, begin, ends[n - 1], s->form)) continue;
        longest = n;
        *hit = (hr_match){begin,
                        ends[n - 1],
                        HR_ENTITY_NATIONAL_ID,
                        (uint8_t)(context ? 95 : 75),
                        checked ? HR_CHECK_DIGITS : HR_CHECK_CONTEXT,
                        HR_MORE_NONE,
                        (uint16_t)(i + 1)};
    }
    return longest > 0 || find_passport(v, begin, hit);
}
#undef W_TAX
#undef BACK11
#undef BACK11_0
#undef BACK11_1
#undef BACK10
#undef SELF11
#undef SELF11_0
#undef SELF10
