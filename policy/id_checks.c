/* id_checks.c: how check characters of identity numbers follow from the others, where weights and a modulus do not say
 * all. Sources: see id_schemes.c. */
#include "policy/id_schemes.h"

/* by the remainder: what is missing to 11 or 10, or itself; 10 is not given out, or is 0 */
/* seldom called, many: small rather than fast */
#if defined(__GNUC__)
#define ID_COLD __attribute__((cold, noinline))
#else
#define ID_COLD
#endif
#define ID_BACK11_0 "00987654321"
#define ID_BACK11 "0!987654321"
#define ID_BACK10 "0987654321"
#define ID_SELF11_0 "01234567890"
#define ID_SELF11 "0123456789!"

/* --- values ------------------------------------------------------------------------------------------------------------------ */
static int id_value(char c) { return c <= '9' ? c - '0' : c - 'A' + 10; }

ID_COLD bool hr_id_weighs(const char *t, size_t n, const char *weights, int m, const char *map, size_t check) {
    int sum = 0;
    if (check >= n) check = n - 1;
    for (size_t i = 0; weights[i] != 0 && i < n; i++) {
        if (weights[i] != '_') sum += id_value(t[i]) * (weights[i] <= '9' ? weights[i] - '0' : weights[i] - 'A' + 10);
    }
    return map[sum % m] == t[check];
}

static ID_COLD bool id_luhn(const char *t, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int x = id_value(t[n - 1 - i]);
        sum += i % 2 == 0 ? x : 2 * x > 9 ? 2 * x - 9 : 2 * x;
    }
    return sum % 10 == 0;
}
static ID_COLD bool id_mod1110(const char *t, size_t n) { /* ISO 7064 mod 11,10 */
    int p = 10;
    for (size_t i = 0; i + 1 < n; i++) {
        p = (p + id_value(t[i])) % 10;
        p = (p == 0 ? 10 : p) * 2 % 11;
    }
    return (11 - p) % 10 == id_value(t[n - 1]);
}
static ID_COLD unsigned id_number(const char *t, size_t n, unsigned m) { /* modulo m, letters as two digits */
    unsigned r = 0;
    for (size_t i = 0; i < n; i++) r = (r * (t[i] <= '9' ? 10u : 100u) + (unsigned)id_value(t[i])) % m;
    return r;
}
static ID_COLD bool id_mod97(const char *t, size_t n) { return id_number(t, n, 97) == 1; }
static ID_COLD bool id_verhoeff(const char *t, size_t n) {
    static const char d[] = "01234567891234067895234017895634012895674012395678598760432165987104327659821043876593210498765432"
                            "10";
    static const char p[] = "01234567891576283094580379614289160435279453126870428657390127938064157046913258";
    int c = 0;
    for (size_t i = 0; i < n; i++) c = d[c * 10 + (p[i % 8 * 10 + (size_t)id_value(t[n - 1 - i])] - '0')] - '0';
    return c == 0;
}
static ID_COLD bool id_date(const char *t, bool year_first) { /* YYMMDD or DDMMYY */
    int a = id_value(t[0]) * 10 + id_value(t[1]), m = id_value(t[2]) * 10 + id_value(t[3]),
        b = id_value(t[4]) * 10 + id_value(t[5]);
    int d = year_first ? b : a;
    return m >= 1 && m <= 12 && d >= 1 && d <= 31 && !(d == 31 && (m == 4 || m == 6 || m == 9 || m == 11)) && !(m == 2 && d > 29);
}
/* months and days that carry more than the date: centuries, sexes */
static ID_COLD bool id_date_moved(const char *t, size_t at, int month_step, int day_step) {
    char x[6];
    memcpy(x, t + at, 6);
    int m = id_value(x[2]) * 10 + id_value(x[3]), d = id_value(x[4]) * 10 + id_value(x[5]);
    if (month_step > 0) m = (m - 1) % month_step + 1;
    if (day_step > 0 && d > day_step) d -= day_step;
    x[2] = (char)('0' + m / 10 % 10), x[3] = (char)('0' + m % 10), x[4] = (char)('0' + d / 10 % 10), x[5] = (char)('0' + d % 10);
    return m < 100 && id_date(x, true);
}

/* --- rules of their own -------------------------------------------------------------------------------------------------------- */
/* in the first ten digits one occurs twice or three times, the others once */
static ID_COLD bool id_de_idnr(const char *t, size_t n) {
    int count[10] = {0}, twice = 0, thrice = 0;
    for (size_t i = 0; i < 10; i++) count[t[i] - '0']++;
    for (int i = 0; i < 10; i++) twice += count[i] == 2, thrice += count[i] == 3, twice += count[i] > 3 ? 9 : 0;
    return twice + thrice == 1 && t[0] != '0' && id_mod1110(t, n);
}
/* area, birth date, letter, serial, check: digit sums of weighted digits */
static ID_COLD bool id_de_rvnr(const char *t, size_t n) {
    static const char w[] = "212571212121";
    char d[12];
    int sum = 0, letter = t[8] - 'A' + 1;
    memcpy(d, t, 8), d[8] = (char)('0' + letter / 10), d[9] = (char)('0' + letter % 10), d[10] = t[9], d[11] = t[10];
    for (size_t i = 0; i < 12; i++) {
        int x = (d[i] - '0') * (w[i] - '0');
        sum += x / 10 + x % 10;
    }
    return id_date(t + 2, false) && sum % 10 == id_value(t[n - 1]);
}
static ID_COLD bool id_fr_nir(const char *t, size_t n) {
    char d[15];
    memcpy(d, t, n);
    bool a = d[6] == 'A', b = d[6] == 'B';
    if ((a || b) && d[5] != '2') return false;
    if (a || b) d[6] = a ? '9' : '8', d[5] = '1'; /* Corsica */
    int month = id_value(t[3]) * 10 + id_value(t[4]);
    return ((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50) &&
           97 - id_number(d, 13, 97) == id_number(d + 13, 2, 100);
}
static ID_COLD bool id_es_cif(const char *t, size_t n) {
    char digits[8];
    memcpy(digits, t + 1, 7), digits[7] = '0';
    int c = 0;
    while (c < 10 && (digits[7] = (char)('0' + c), !id_luhn(digits, 8))) c++;
    bool digit = t[n - 1] == '0' + c, letter = t[n - 1] == "JABCDEFGHI"[c];
    return digit || letter; /* which of them depends on the kind of company; both are in use */
}
static ID_COLD bool id_it_cf(const char *t, size_t n) {
    static const uint8_t odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    int sum = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        int v = t[i] <= '9' ? t[i] - '0' : t[i] - 'A';
        sum += i % 2 == 0 ? odd[v] : v;
    }
    return t[n - 1] == 'A' + sum % 26 && strchr("ABCDEHLMPRST", t[8]) != NULL;
}
static ID_COLD bool id_gb_nino(const char *t, size_t n) {
    static const char never[] = "BGGBKNNKNTTNZZ";
    (void)n;
    for (const char *p = never; *p; p += 2) {
        if (p[0] == t[0] && p[1] == t[1]) return false;
    }
    return strchr("DFIQUV", t[0]) == NULL && strchr("DFIOQUV", t[1]) == NULL;
}
static ID_COLD bool id_gb_vat(const char *t, size_t n) {
    int sum = 0, check = id_value(t[7]) * 10 + id_value(t[8]);
    (void)n;
    for (int i = 0; i < 7; i++) sum += (8 - i) * id_value(t[i]);
    return (sum + check) % 97 == 0 || (sum + check + 55) % 97 == 0 || (sum + check + 42) % 97 == 0;
}
static ID_COLD bool id_us_ssn(const char *t, size_t n) {
    (void)n;
    int area = id_value(t[0]) * 100 + id_value(t[1]) * 10 + id_value(t[2]), group = id_value(t[3]) * 10 + id_value(t[4]);
    if (memcmp(t + 5, "0000", 4) == 0 || group == 0 || area == 0 || area == 666) return false;
    if (area < 900) return true;
    return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group <= 92) || group >= 94; /* ITIN */
}
static ID_COLD bool id_us_npi(const char *t, size_t n) {
    char x[15] = "80840";
    memcpy(x + 5, t, n);
    return id_luhn(x, 15);
}
static ID_COLD bool id_cn_ric(const char *t, size_t n) {
    (void)n;
    return id_date(t + 8, true) && (memcmp(t + 6, "19", 2) == 0 || memcmp(t + 6, "20", 2) == 0);
}
static ID_COLD bool id_in_gstin(const char *t, size_t n) {
    int sum = 0, state = id_value(t[0]) * 10 + id_value(t[1]);
    for (size_t i = 0; i + 1 < n; i++) {
        int x = id_value(t[i]) * (i % 2 == 0 ? 1 : 2);
        sum += x / 36 + x % 36;
    }
    return state >= 1 && (state <= 38 || state >= 97) && (36 - sum % 36) % 36 == id_value(t[n - 1]);
}
static ID_COLD bool id_sg_nric(const char *t, size_t n) {
    int sum = t[0] == 'T' || t[0] == 'G' ? 4 : t[0] == 'M' ? 3 : 0;
    for (size_t i = 1; i < 8; i++) sum += id_value(t[i]) * ("2765432"[i - 1] - '0');
    const char *map = t[0] == 'S' || t[0] == 'T' ? "JZIHGFEDCBA" : t[0] == 'M' ? "XWUTRQPNJLK" : "XWUTRQPNMLK";
    return map[t[0] == 'M' ? 10 - sum % 11 : sum % 11] == t[n - 1] || (t[0] == 'M' && "KLJNPQRTUWX"[sum % 11] == t[n - 1]);
}
static ID_COLD bool id_au_abn(const char *t, size_t n) {
    static const uint8_t w[] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
    int sum = -10;
    for (size_t i = 0; i < n; i++) sum += w[i] * id_value(t[i]);
    return sum % 89 == 0;
}
static ID_COLD bool id_tr_kimlik(const char *t, size_t n) {
    int odd = 0, even = 0, all = 0;
    for (size_t i = 0; i < 9; i++) *(i % 2 == 0 ? &odd : &even) += id_value(t[i]);
    for (size_t i = 0; i < 10; i++) all += id_value(t[i]);
    (void)n;
    return ((7 * odd - even) % 10 + 10) % 10 == id_value(t[9]) && all % 10 == id_value(t[10]);
}
static ID_COLD bool id_tr_vkn(const char *t, size_t n) {
    int sum = 0;
    for (int i = 0; i < 9; i++) {
        int c = (id_value(t[i]) + 9 - i) % 10, p = 1;
        for (int k = 0; k < 9 - i; k++) p = p * 2 % 9;
        if (c != 0) c = c * p % 9 == 0 ? 9 : c * p % 9;
        sum += c;
    }
    return (10 - sum % 10) % 10 == id_value(t[n - 1]);
}
static ID_COLD bool id_fi_hetu(const char *t, size_t n) {
    char d[9];
    size_t serial = n - 4; /* the century's sign may be lost in compaction */
    memcpy(d, t, 6), memcpy(d + 6, t + serial, 3);
    return id_date(t, false) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[id_number(d, 9, 31)] == t[n - 1];
}
static ID_COLD bool id_baltic(const char *t, size_t n) { /* Estonia, Lithuania */
    static const char w[2][11] = {"1234567891", "3456789123"};
    for (int round = 0; round < 2; round++) {
        int sum = 0;
        for (size_t i = 0; i < 10; i++) sum += id_value(t[i]) * (w[round][i] - '0');
        if (sum % 11 < 10) return sum % 11 == id_value(t[n - 1]) && id_date(t + 1, true);
    }
    return t[n - 1] == '0' && id_date(t + 1, true);
}
static ID_COLD bool id_kz_iin(const char *t, size_t n) {
    int a = 0, b = 0;
    for (int i = 0; i < 11; i++) a += id_value(t[i]) * (i + 1), b += id_value(t[i]) * ((i + 2) % 11 + 1);
    int r = a % 11 == 10 ? b % 11 : a % 11;
    return r < 10 && r == id_value(t[n - 1]) && id_date(t, true);
}
static ID_COLD bool id_birth_number(const char *t, size_t n) { /* Czechia, Slovakia: women's months plus 50, later also plus 20 */
    int m = id_value(t[2]) * 10 + id_value(t[3]), d = id_value(t[4]) * 10 + id_value(t[5]);
    m = m > 50 ? m - 50 : m;
    m = m > 20 ? m - 20 : m;
    return m >= 1 && m <= 12 && d >= 1 && d <= 31 && id_number(t, n - 1, 11) % 10 == (unsigned)id_value(t[n - 1]);
}
static ID_COLD bool id_pl_pesel(const char *t, size_t n) { (void)n; return id_date_moved(t, 0, 20, 0); }
static ID_COLD bool id_ro_cnp(const char *t, size_t n) { (void)n; return id_date(t + 1, true) && t[0] != '0'; }
static ID_COLD bool id_bg_egn(const char *t, size_t n) { (void)n; return id_date_moved(t, 0, 20, 0); }
static ID_COLD bool id_jmbg(const char *t, size_t n) {
    (void)n;
    return id_value(t[0]) * 10 + id_value(t[1]) <= 31 && id_date(t, false) == (t[0] != '9') && t[0] < '4' &&
           (t[4] == '9' || t[4] == '0');
}
static ID_COLD bool id_be_nn(const char *t, size_t n) {
    char x[11] = "2";
    memcpy(x + 1, t, 9);
    (void)n;
    unsigned check = id_number(t + 9, 2, 100);
    return 97 - id_number(t, 9, 97) == check || 97 - id_number(x, 10, 97) == check;
}
static ID_COLD bool id_be_vat(const char *t, size_t n) {
    return (id_number(t, n - 2, 97) + id_number(t + n - 2, 2, 100)) % 97 == 0;
}
static ID_COLD bool id_lu_vat(const char *t, size_t n) { return id_number(t, n - 2, 89) == id_number(t + n - 2, 2, 100); }
static ID_COLD bool id_luhn9(const char *t, size_t n) { (void)n; return id_luhn(t, 9); }
static ID_COLD bool id_voter(const char *t, size_t n) { return id_luhn(t + 3, n - 3); }
static ID_COLD bool id_de_health(const char *t, size_t n) { /* the letter as two digits, then weights 1 2 1 2, digit sums */
    char d[10] = {(char)('0' + (t[0] - 'A' + 1) / 10), (char)('0' + (t[0] - 'A' + 1) % 10)};
    int sum = 0;
    memcpy(d + 2, t + 1, 8);
    for (size_t i = 0; i < 10; i++) {
        int x = (d[i] - '0') * (i % 2 == 0 ? 1 : 2);
        sum += x / 10 + x % 10;
    }
    return sum % 10 == id_value(t[n - 1]);
}
static ID_COLD bool id_ru_snils(const char *t, size_t n) {
    unsigned sum = 0;
    for (unsigned i = 0; i < 9; i++) sum += (9 - i) * (unsigned)id_value(t[i]);
    (void)n;
    return sum % 101 % 100 == id_number(t + 9, 2, 100);
}
static ID_COLD bool id_ru_ogrn(const char *t, size_t n) {
    return id_number(t, n - 1, n == 13 ? 11 : 13) % 10 == (unsigned)id_value(t[n - 1]) && t[0] != '0';
}
/* right to left 2, 3 ... cycle, 2 ...; letters by their codes */
static ID_COLD bool id_br_weighs(const char *t, size_t n, int cycle) {
    int sum = 0;
    for (size_t i = 0; i + 1 < n; i++) sum += (t[n - 2 - i] - '0') * (2 + (int)i % (cycle - 1));
    return ID_BACK11_0[sum % 11] == t[n - 1];
}
static ID_COLD bool id_br_second(const char *t, size_t n) {
    return id_br_weighs(t, n - 1, n == 11 ? 11 : 9) && id_br_weighs(t, n, n == 11 ? 11 : 9);
}
static ID_COLD bool id_no_second(const char *t, size_t n) {
    return hr_id_weighs(t, 10, "376189452", 11, ID_BACK11, 9) && hr_id_weighs(t, n, "5432765432", 11, ID_BACK11, 10) &&
           id_date_moved((char[6]){t[4], t[5], t[2], t[3], t[0], t[1]}, 0, 40, 40);
}
static ID_COLD bool id_ru_inn12(const char *t, size_t n) {
    return hr_id_weighs(t, 11, "724A359468", 11, ID_SELF11_0, 10) && hr_id_weighs(t, n, "3724A359468", 11, ID_SELF11_0, 11);
}
static ID_COLD bool id_ar_cbu(const char *t, size_t n) {
    return hr_id_weighs(t, 8, "7139713", 10, ID_BACK10, 7) && hr_id_weighs(t + 8, n - 8, "3971397139713", 10, ID_BACK10, 13);
}
static ID_COLD bool id_kr_brn(const char *t, size_t n) { /* office, kind, serial; a check digit is not kept to */
    return n == 10 && id_number(t, 3, 1000) > 100 && memcmp(t + 3, "00", 2) != 0 && memcmp(t + 5, "0000", 4) != 0;
}
static ID_COLD bool id_hk_hkid(const char *t, size_t n) { /* one letter or two, six digits, check 0-9 or A */
    int sum = n == 8 ? 36 * 9 + (t[0] - 'A' + 10) * 8 : (t[0] - 'A' + 10) * 9 + (t[1] - 'A' + 10) * 8;
    for (size_t i = n - 7; i + 1 < n; i++) sum += id_value(t[i]) * (int)(n - i);
    return (sum + (t[n - 1] == 'A' ? 10 : id_value(t[n - 1]))) % 11 == 0;
}
static ID_COLD bool id_tw_id(const char *t, size_t n) {
    static const char order[] = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    int v = (int)(strchr(order, t[0]) - order) + 10, sum = v / 10 + v % 10 * 9;
    for (size_t i = 1; i < 9; i++) sum += id_value(t[i]) * (int)(9 - i);
    return (sum + id_value(t[n - 1])) % 10 == 0;
}
static ID_COLD bool id_mx_curp(const char *t, size_t n) {
    static const char order[] = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ";
    int sum = 0;
    for (size_t i = 0; i + 1 < n; i++) sum += (int)(strchr(order, t[i]) - order) * (int)(18 - i);
    return (10 - sum % 10) % 10 == id_value(t[n - 1]) && id_date(t + 4, true);
}
static ID_COLD bool id_mx_rfc(const char *t, size_t n) { return id_date(t + n - 9, true); }
static ID_COLD bool id_ve_rif(const char *t, size_t n) {
    static const char kinds[] = "VEJPG";
    int sum = 4 * ((int)(strchr(kinds, t[0]) - kinds) + 1);
    for (size_t i = 1; i < 9; i++) sum += id_value(t[i]) * ("32765432"[i - 1] - '0');
    return "00987654321"[sum % 11] == t[n - 1];
}
static ID_COLD bool id_vin(const char *t, size_t n) {
    static const char value[] = "12345678012345070923456789"; /* A to Z; I O Q never occur */
    static const uint8_t w[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (strchr("IOQ", t[i]) != NULL) return false;
        sum += (t[i] <= '9' ? t[i] - '0' : value[t[i] - 'A'] - '0') * w[i];
    }
    return "0123456789X"[sum % 11] == t[8];
}
static ID_COLD bool id_isin(const char *t, size_t n) {
    char d[24];
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        int v = id_value(t[i]);
        if (v >= 10) d[m++] = (char)('0' + v / 10);
        d[m++] = (char)('0' + v % 10);
    }
    return id_luhn(d, m);
}
static ID_COLD bool id_dk_cpr(const char *t, size_t n) { (void)n; return id_date(t, false); }
static ID_COLD bool id_ymd(const char *t, size_t n) { (void)n; return id_date(t, true); }
static ID_COLD bool id_luhn_ymd(const char *t,
                        size_t n) { /* ten digits, twelve with the century; days plus 60 are coordination numbers */
    return id_luhn(t + (n == 12 ? 2 : 0), n == 12 ? 10 : n) && id_date_moved(t, n == 12 ? 2 : 0, 0, 60);
}
static ID_COLD bool id_luhn_dmy(const char *t, size_t n) { return id_date(t, false) && id_luhn(t, n); }
static ID_COLD bool id_imei(const char *t, size_t n) { return t[0] != '0' && id_luhn(t, n); }

/* --- more of them: weights in two rounds, from the right, alphabets of their own ------------------------------------------------- */
static ID_COLD bool id_es_letter(const char *t, size_t n) { /* X Y Z stand for 0 1 2 in the ten-millions */
    char d[8];
    memcpy(d, t, 8);
    if (d[0] >= 'X') d[0] = (char)(d[0] - 'X' + '0');
    return "TRWAGMYFPDXBNJZSQVHLCKE"[id_number(d, 8, 23)] == t[n - 1];
}
static ID_COLD bool id_fr_siret(const char *t, size_t n) { /* the post's offices: their digits add up to a multiple of five */
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) sum += (unsigned)id_value(t[i]);
    return memcmp(t, "356000000", 9) == 0 ? sum % 5 == 0 || id_luhn(t, n) : id_luhn(t, n) && id_luhn(t, 9);
}
static ID_COLD bool id_fr_tva(const char *t, size_t n) {
    return id_luhn(t + 2, n - 2) && (id_number(t + 2, 9, 97) * 100 + 12) % 97 == id_number(t, 2, 100);
}
static ID_COLD bool id_ie_pps(const char *t, size_t n) { /* a second letter A or H counts, W T X do not */
    int sum = n == 9 && t[8] <= 'H' ? 9 * (t[8] - 'A' + 1) : 0;
    for (int i = 0; i < 7; i++) sum += id_value(t[i]) * (8 - i);
    return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == t[7];
}
static ID_COLD bool id_lv_pk(const char *t, size_t n) { /* companies begin with 4 and more; persons: a birth date, or 32 */
    int sum = 3;
    if (t[0] <= '3')
        return hr_id_weighs(t, n, "A584216379", 11, "12345678900", 10) && (memcmp(t, "32", 2) == 0 || id_date(t, false));
    for (size_t i = 0; i < n; i++) sum += (11 - ("91483A25761"[i] == 'A' ? 10 : "91483A25761"[i] - '0')) * id_value(t[i]);
    return sum % 11 == 0;
}
static ID_COLD bool id_pl_regon(const char *t, size_t n) { (void)n; return hr_id_weighs(t, 9, "89234567", 11, ID_SELF11_0, 8); }
static ID_COLD bool id_co_nit(const char *t, size_t n) {
    static const uint8_t w[] = {3, 7, 13, 17, 19, 23, 29, 37, 41, 43};
    int sum = 0;
    for (size_t i = 0; i + 1 < n; i++) sum += w[i] * id_value(t[n - 2 - i]);
    return "01987654321"[sum % 11] == t[n - 1];
}
/* persons below 6, 6 the state, 9 companies; the establishment is not 000 */
static ID_COLD bool id_ec_ruc(const char *t, size_t n) {
    unsigned province = id_number(t, 2, 100);
    bool person = t[2] < '7' && id_luhn(t, 10);
    if (province == 0 || (province > 24 && province != 30 && province != 50)) return false;
    if (n == 10) return t[2] < '7' && person;
    bool state = hr_id_weighs(t, n, "32765432", 11, ID_BACK11, 8) && memcmp(t + 9, "0000", 4) != 0;
    if (t[2] < '7' && person && memcmp(t + 10, "000", 3) != 0) return true;
    if (t[2] != '9') return t[2] == '6' && state;
    return state || (hr_id_weighs(t, n, "432765432", 11, ID_BACK11, 9) && memcmp(t + 10, "000", 3) != 0);
}
static ID_COLD bool id_nz_ird(const char *t, size_t n) {
    char d[9];
    memcpy(d, "0", 1), memcpy(d + 9 - n, t, n);
    if (d[0] > '1' || memcmp(d, "010000000", 9) <= 0 || memcmp(d, "150000000", 9) >= 0) return false;
    for (size_t i = 0, sum = 0; i <= 8; i++) {
        if (i == 8 && sum % 11 != 1) return (11 - sum % 11) % 11 == (size_t)id_value(d[8]);
        if (i < 8) sum += (size_t)id_value(d[i]) * (size_t)("32765432"[i] - '0');
    }
    return hr_id_weighs(d, 9, "74325276", 11, ID_BACK11, 8);
}
static ID_COLD bool id_pe_cui(const char *t, size_t n) {
    return hr_id_weighs(t, n, "32765432", 11, "65432110987", 8) || hr_id_weighs(t, n, "32765432", 11, "KJIHGFEDCBA", 8);
}
static ID_COLD bool id_sv_nit(const char *t, size_t n) { /* the older ones up to serial 100 */
    return memcmp(t + 10, "100", 3) <= 0 ? hr_id_weighs(t, n, "EDCBA98765432", 11, ID_SELF11_0, 13)
                                        : hr_id_weighs(t, n, "2765432765432", 11, ID_BACK11_0, 13);
}
static ID_COLD bool id_tw_ubn(const char *t, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int x = id_value(t[i]) * ("12121241"[i] - '0');
        sum += x / 10 + x % 10;
    }
    return sum % 10 == 0 || (sum % 10 == 9 && t[6] == '7');
}
static ID_COLD bool id_ua_edrpou(const char *t, size_t n) {
    bool middle = t[0] >= '3' && t[0] <= '5';
    int sum = 0, more = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        int w = middle ? (i == 0 ? 7 : (int)i) : (int)i + 1;
        sum += w * id_value(t[i]), more += (w + 2) * id_value(t[i]);
    }
    return (sum % 11 < 10 ? sum % 11 : more % 11 % 10) == id_value(t[n - 1]);
}
static ID_COLD bool id_mu_nid(const char *t, size_t n) { (void)n; return id_date(t + 1, false); }
static ID_COLD bool id_bg_vat(const char *t, size_t n) {
    int a = 0, b = 0;
    for (int i = 0; i < 8; i++) a += id_value(t[i]) * (i + 1), b += id_value(t[i]) * (i + 3);
    return (a % 11 == 10 ? b % 11 % 10 : a % 11) == id_value(t[n - 1]);
}
static ID_COLD bool id_lt_pvm(const char *t, size_t n) { /* the last but one is 1 */
    int a = 0, b = 0;
    for (int i = 0; i + 1 < (int)n; i++) a += id_value(t[i]) * (1 + i % 9), b += id_value(t[i]) * (1 + (i + 2) % 9);
    return t[n == 9 ? 7 : 10] == '1' && (a % 11 == 10 ? b % 11 % 10 : a % 11) == id_value(t[n - 1]);
}
static ID_COLD bool id_pt_cc(const char *t, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int x = id_value(t[n - 1 - i]) * (i % 2 == 0 ? 1 : 2);
        sum += i % 2 == 1 && x > 9 ? x - 9 : x;
    }
    return sum % 10 == 0;
}
static ID_COLD bool id_ma_ice(const char *t, size_t n) { return id_number(t, n, 97) == 0; }
static ID_COLD bool id_jp_cn(const char *t, size_t n) {
    unsigned sum = 0;
    for (size_t i = 1; i < n; i++) sum += (unsigned)id_value(t[i]) * (i % 2 == 0 ? 1 : 2);
    return 9 - sum % 9 == (unsigned)id_value(t[0]);
}
static ID_COLD bool id_cn_uscc(const char *t, size_t n) {
    static const char order[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    unsigned sum = 0, w = 1; /* powers of 3 modulo 31 */
    for (size_t i = 0; i < n; i++, w = w * 3 % 31) {
        const char *p = strchr(order, t[i]);
        if (p == NULL) return false;
        sum += (unsigned)(p - order) * (i + 1 < n ? w : 1);
    }
    return sum % 31 == 0;
}
static ID_COLD bool id_sg_uen(const char *t, size_t n) {
    static const char order[] = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
    int sum = -5;
    for (size_t i = 0; i + 1 < n; i++) {
        const char *p = strchr(order, t[i]);
        if (p == NULL) return false;
        sum += (int)(p - order) * ("4353A2257"[i] == 'A' ? 10 : "4353A2257"[i] - '0');
    }
    return order[(sum + 11) % 11] == t[n - 1];
}
/* as people have it since 2020: NL and all of it modulo 97; as companies: a bsn */
static ID_COLD bool id_nl_btw(const char *t, size_t n) {
    char all[14] = "NL";
    memcpy(all + 2, t, n);
    return id_mod97(all, n + 2) || hr_id_weighs(t, 9, "98765432", 11, ID_SELF11, 8);
}
static ID_COLD bool id_at_uid(const char *t, size_t n) { /* Luhn's sum of the first seven, plus four */
    int sum = 4;
    for (size_t i = 1; i + 1 < n; i++) {
        int x = id_value(t[i]) * (i % 2 == 1 ? 1 : 2);
        sum += x / 10 + x % 10;
    }
    return (10 - sum % 10) % 10 == id_value(t[n - 1]);
}
static ID_COLD bool id_sk_dph(const char *t, size_t n) {
    return t[0] != '0' && strchr("234789", t[2]) != NULL && id_number(t, n, 11) == 0;
}
static ID_COLD bool id_mt_vat(const char *t, size_t n) {
    int sum = id_value(t[6]) * 10 + id_value(t[n - 1]);
    for (size_t i = 0; i < 6; i++) sum += id_value(t[i]) * ("346789"[i] - '0');
    return t[0] != '0' && sum % 37 == 0;
}
static ID_COLD bool id_se_vat(const char *t, size_t n) { return id_luhn(t, n - 2); }
static ID_COLD bool id_ro_cui(const char *t, size_t n) {
    int sum = 0;
    for (size_t i = 0; i + 1 < n; i++) sum += id_value(t[n - 2 - i]) * ("235712357"[i] - '0');
    return t[0] != '0' && sum * 10 % 11 % 10 == id_value(t[n - 1]);
}

/* --- by number ------------------------------------------------------------------------------------------------------------------ */
static bool id_none(const char *t, size_t n) { return t != NULL && n > 0; }
bool hr_id_check(int check, const char *t, size_t n) {
    static bool (*const checks[])(const char *t, size_t n) = {
#define ID_CHECK_FN(name) id_##name,
        HR_ID_CHECKS(ID_CHECK_FN)
#undef ID_CHECK_FN
    };
    return checks[check](t, n);
}
#undef ID_COLD
#undef ID_BACK11_0
#undef ID_BACK11
#undef ID_BACK10
#undef ID_SELF11_0
#undef ID_SELF11
