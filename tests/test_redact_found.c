/* test_redact_found.c: what is found: labelled texts from a seeded generator (values with check digits worked out here,
 * templates of prose in eight languages), plain and under each disguise; and what is found where nothing is: plays,
 * sources, tables, logs. */
#include "policy/redact.h"
#include "tests/t.h"
#include <stdio.h>
#include <stdlib.h>

static uint64_t found_seed = 20261123;
static uint32_t pick(uint32_t below) {
    found_seed = found_seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(found_seed >> 33) % below;
}

/* --- values
 * ------------------------------------------------------------------------------------------------------------------ */
static char *digits(char *s, const char *form) { /* # any digit, % 1 to 9, ? a letter, ^ a capital; the rest stands */
    char *p = s;
    for (; *form; form++) {
        *p++ = *form == '#'   ? (char)('0' + pick(10))
               : *form == '%' ? (char)('1' + pick(9))
               : *form == '?' ? (char)('a' + pick(26))
               : *form == '^' ? (char)('A' + pick(26))
                              : *form;
    }
    *p = 0;
    return s;
}
static const char *const firsts[] = {"anna",  "john",   "maria", "pierre", "luca", "sofia",
                                     "ahmed", "ingrid", "yuki",  "olga",   "tom",  "julia"};
static const char *const lasts[] = {"kovacs", "smith",  "garcia", "dubois",  "rossi", "novak",
                                    "hassan", "larsen", "tanaka", "ivanova", "baker", "weber"};
static const char *one_of(const char *const *list, size_t n) { return list[pick((uint32_t)n)]; }
#define ANY(list) one_of(list, HR_COUNT(list))
static int digit_at(const char *s, int i) { return s[i] - '0'; }

static void make_email(char *s) {
    static const char *const hosts[] = {"example.com", "mail.example.org", "firma-x.de", "universite.fr",
                                        "correo.es",   "posta.it",         "wp.pl",      "co.uk"};
    sprintf(s, "%s%s%s@%s", ANY(firsts), pick(2) ? "." : "_", ANY(lasts), ANY(hosts));
}
static void make_card(char *s) { /* Luhn */
    static const char *const forms[] = {"4#####", "51####", "55####", "37####", "6011##", "3528##", "2221##"};
    char d[24], head[8];
    digits(head, ANY(forms));
    int n = head[0] == '3' && head[1] == '7' ? 15 : 16, sum = 0;
    sprintf(d, "%s", head);
    for (int i = 6; i < n - 1; i++) d[i] = (char)('0' + pick(10));
    for (int i = 0; i < n - 1; i++) {
        int x = digit_at(d, n - 2 - i) * (i % 2 == 0 ? 2 : 1);
        sum += x / 10 + x % 10;
    }
    d[n - 1] = (char)('0' + (10 - sum % 10) % 10), d[n] = 0;
    char sign = " - "[pick(3)];
    if (n == 15)
        sprintf(s, "%.4s%c%.6s%c%.5s", d, sign, d + 4, sign, d + 10);
    else if (pick(3) == 0)
        strcpy(s, d);
    else
        sprintf(s, "%.4s%c%.4s%c%.4s%c%.4s", d, sign, d + 4, sign, d + 8, sign, d + 12);
}
static void make_iban(char *s) { /* ISO 13616: mod 97 */
    static const char *const forms[] = {"DE00##################",       "FR00#######################",
                                        "GB00WEST##############",       "NL00ABNA##########",
                                        "ES00####################",     "IT00X######################",
                                        "PL00########################", "CH00#################"};
    char t[40];
    unsigned r = 0;
    digits(t, ANY(forms));
    size_t n = strlen(t);
    if (t[0] == 'E') { /* Spain's own two digits: bank and branch, account (Banco de Espana) */
        static const int w[10] = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
        int bank = 0, account = 0;
        for (int i = 0; i < 8; i++) bank += w[i + 2] * (t[4 + i] - '0');
        for (int i = 0; i < 10; i++) account += w[i] * (t[14 + i] - '0');
        t[12] = "01987654321"[bank % 11], t[13] = "01987654321"[account % 11];
    }
    for (size_t i = 4; i < n + 4; i++) {
        char c = t[i % n];
        if (c >= 'A')
            r = (r * 100 + (unsigned)(c - 'A' + 10)) % 97;
        else
            r = (r * 10 + (unsigned)(c - '0')) % 97;
    }
    sprintf(s, "%02u", 98 - r);
    t[2] = s[0], t[3] = s[1];
    if (pick(2)) {
        strcpy(s, t);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && i % 4 == 0) *s++ = ' ';
        *s++ = t[i];
    }
    *s = 0;
}
static void make_phone(char *s) {
    static const char *const forms[] = {"+1 2%# 5## ####",  "+44 7### ######",  "+49 30 #######",  "+33 6 ## ## ## ##",
                                        "+34 6## ### ###",  "+39 3## #######",  "+48 5## ### ###", "+31 6 ########",
                                        "+41 79 ### ## ##", "+46 70 ### ## ##", "(2%2) 555-####",  "+81 90-####-####",
                                        "+91 98### #####"};
    digits(s, ANY(forms));
}
static void make_ip(char *s) {
    if (pick(3) == 0)
        sprintf(s, "2001:db8:%x:%x::%x", pick(0xffff) + 1, pick(0xffff) + 1, pick(0xffff) + 1);
    else
        sprintf(s, "%u.%u.%u.%u", 10 + pick(240), pick(256), pick(256), 10 + pick(240));
}
static void make_mac(char *s) {
    sprintf(s, "%02x:%02x:%02x:%02x:%02x:%02x", pick(256), pick(256), pick(256), pick(256), pick(256), 1 + pick(250));
}
static void make_key(char *s) {
    char *p = s + sprintf(s, "%s", pick(2) ? "ghp_" : "npm_");
    for (int i = 0; i < 36; i++) *p++ = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[pick(62)];
    *p = 0;
}
static void make_jwt(char *s) {
    char *p = s + sprintf(s, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIx");
    for (int i = 0; i < 20; i++) *p++ = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[pick(64)];
    *p++ = '.';
    for (int i = 0; i < 43; i++) *p++ = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[pick(64)];
    *p = 0;
}
static void make_login(char *s) {
    char pass[12];
    sprintf(s, "%s:%s", ANY(lasts), digits(pass, "?##?^?#?"));
}
static int weighed(const char *d, const char *weights) {
    int sum = 0;
    for (int i = 0; weights[i]; i++) sum += digit_at(d, i) * (weights[i] - '0');
    return sum;
}
static void make_id(char *s) { /* by the published rules of each */
    char d[24];
    int c = 10, k = (int)pick(7);
    while (c == 10) {
        switch (k) {
        case 0: /* PESEL */
            sprintf(d, "%02u%02u%02u%04u", pick(100), 1 + pick(12), 1 + pick(28), pick(10000));
            c = (10 - weighed(d, "1379137913") % 10) % 10;
            sprintf(s, "PESEL %s%d", d, c);
            break;
        case 1: /* BSN: the sum is 0 mod 11 */
            digits(d, "%#######");
            c = weighed(d, "98765432") % 11;
            sprintf(s, "BSN %s%d", d, c);
            break;
        case 2: { /* CPF */
            digits(d, "%########");
            int a = 0, b = 0;
            for (int i = 0; i < 9; i++) a += digit_at(d, i) * (10 - i), b += digit_at(d, i) * (11 - i);
            a = a * 10 % 11 % 10, b = (b + 2 * a) * 10 % 11 % 10;
            sprintf(s, "CPF %.3s.%.3s.%.3s-%d%d", d, d + 3, d + 6, a, b);
            c = 0;
            break;
        }
        case 3: /* DNI */
            digits(d, "%#######");
            sprintf(s, "DNI %s%c", d, "TRWAGMYFPDXBNJZSQVHLCKE"[atoi(d) % 23]);
            c = 0;
            break;
        case 4: { /* AVS/AHV: EAN-13 */
            int sum = 0;
            digits(d, "756#########");
            for (int i = 0; i < 12; i++) sum += digit_at(d, i) * (i % 2 ? 3 : 1);
            sprintf(s, "AHV %.3s.%.4s.%.4s.%c%d", d, d + 3, d + 7, d[11], (10 - sum % 10) % 10);
            c = 0;
            break;
        }
        case 5: /* hetu: mod 31 */
            sprintf(d, "%02u%02u%02u%03u", 1 + pick(28), 1 + pick(12), 30 + pick(69), 2 + pick(898));
            sprintf(s, "hetu %.6s-%s%c", d, d + 6, "0123456789ABCDEFHJKLMNPRSTUVWXY"[atoi(d) % 31]);
            c = 0;
            break;
        default: /* SSN: no check */
            sprintf(s, "SSN %03u-%02u-%04u", 100 + pick(500), 10 + pick(80), 1000 + pick(8000));
            c = 0;
            break;
        }
    }
}
static void make_birth(char *s) {
    static const char *const months[] = {"January", "May", "August", "December"};
    if (pick(4) == 0)
        sprintf(s, "%u %s %u", 1 + pick(28), ANY(months), 1930 + pick(80));
    else if (pick(2))
        sprintf(s, "%02u.%02u.%u", 1 + pick(28), 1 + pick(12), 1930 + pick(80));
    else
        sprintf(s, "%u-%02u-%02u", 1930 + pick(80), 1 + pick(12), 1 + pick(28));
}
static void capital(char *s) { *s = (char)(*s - 32); }
static void make_person(char *s) {
    char a[16], b[16];
    strcpy(a, ANY(firsts)), strcpy(b, ANY(lasts));
    capital(a), capital(b);
    sprintf(s, "%s %s", a, b);
}
static void make_place(char *s) { sprintf(s, "%u.%05u, %u.%05u", 10 + pick(70), pick(99999), pick(170), pick(99999)); }

/* checked: bears a checksum (evasions may cost half a point); at_least: recall in thousandths */
static const struct made {
    const char *name;
    int entity, skip; /* words of the value that are context, not value */
    void (*make)(char *s);
    bool checked;
    int at_least;
    const char *frames[8];
} made[] = {
    {"e-mail",
     HR_ENTITY_EMAIL,
     0,
     make_email,
     false,
     990,
     {"Write to % when you know more.", "Meine neue Adresse ist %, bitte merken.", "Mon adresse est %."}},
    {"card",
     HR_ENTITY_CARD,
     0,
     make_card,
     true,
     990,
     {"Please charge my card % for both tickets.", "Die Karte % ist gesperrt.", "Ma carte est la %, merci.",
      "Paid with % yesterday."}},
    {"IBAN",
     HR_ENTITY_IBAN,
     0,
     make_iban,
     true,
     990,
     {"Send the rent to % by Friday.", "Bitte auf % \xc3\xbc\x62\x65rweisen.", "El n\xc3\xbamero de cuenta es %.",
      "Konto: %"}},
    {"phone",
     HR_ENTITY_PHONE,
     0,
     make_phone,
     false,
     950,
     {"Call me at % tonight.", "Meine Telefonnummer: %.", "Mon portable est le %, appelez-moi.",
      "Mi tel\xc3\xa9\x66ono es %."}},
    {"IP",
     HR_ENTITY_IP,
     0,
     make_ip,
     false,
     990,
     {"The request came from % at noon.", "Server % antwortet nicht.", "L'adresse IP est %."}},
    {"MAC", HR_ENTITY_MAC, 0, make_mac, false, 990, {"The printer is % on the net.", "Ger\xc3\xa4t % gesehen."}},
    {"key",
     HR_ENTITY_API_KEY,
     0,
     make_key,
     false,
     990,
     {"The token is % and it works.", "export TOKEN=%", "Der Schl\xc3\xbcssel lautet %."}},
    {"JWT", HR_ENTITY_JWT, 0, make_jwt, false, 990, {"Authorization header: Bearer %", "cookie session=%; path=/"}},
    {"login in URL",
     HR_ENTITY_URL_SECRET,
     0,
     make_login,
     false,
     990,
     {"clone https://%@git.example.org/repo first", "postgres://%@db.example.com:5432/main"}},
    {"national id",
     HR_ENTITY_NATIONAL_ID,
     1,
     make_id,
     true,
     990,
     {"My % is on the form.", "Nummer: %, danke.", "Voici: %."}},
    {"birth date",
     HR_ENTITY_BIRTH_DATE,
     0,
     make_birth,
     false,
     900,
     {"She was born on % in the country.", "Geburtsdatum: %", "Date de naissance : %.", "born % as the first child"}},
    {"person",
     HR_ENTITY_PERSON,
     0,
     make_person,
     false,
     800,
     {"My name is % and I live here.", "Dear Mr. %, thank you.", "Frau % hat angerufen.", "Sign it: Dr. %."}},
    {"coordinates",
     HR_ENTITY_COORDINATES,
     0,
     make_place,
     false,
     900,
     {"We met at GPS %, near the lake.", "Koordinaten: %"}},
};
static const char *const prose[] = {"The trains were late again, as they often are when it rains. ",
                                    "Nobody knew what to make of it. ",
                                    "Am Abend gingen wir noch ein St\xc3\xbc\x63k am Fluss entlang. ",
                                    "Das Wetter soll besser werden. ",
                                    "Il faisait d\xc3\xa9j\xc3\xa0 nuit quand nous sommes rentr\xc3\xa9s. ",
                                    "El mercado estaba lleno de gente aquella ma\xc3\xb1\x61na. ",
                                    "Non era rimasto pi\xc3\xb9 niente da dire. ",
                                    "W ogrodzie kwit\xc5\x82y jeszcze ostatnie r\xc3\xb3\xc5\xbc\x65. ",
                                    "De winkel op de hoek is al lang gesloten. ",
                                    "Ningu\xc3\xa9m sabia onde ficava a casa. "};

/* --- disguises
 * ------------------------------------------------------------------------------------------------------------------ */
enum {
    PLAIN,
    ZERO_WIDTH,
    WIDE,
    ARABIC,
    BOLD_DIGITS,
    BLANKS,
    SOFT_HYPHENS,
    TAGS,
    PERCENT,
    ENTITIES,
    LOOKALIKES,
    BIDI,
    LINE_ENDS,
    BROKEN,
    JOINERS,
    N_DISGUISES
};
static const char *const disguises[N_DISGUISES] = {
    "plain",  "zero width",      "wide",         "arabic digits", "bold digits", "odd blanks, dashes", "soft hyphens",
    "tags",   "percent escapes", "html escapes", "look-alikes",   "bidi",        "line ends",          "broken bytes",
    "joiners"};

static size_t disguise(int how, const char *in, char *out) {
    static const char latin[] = "aceopxyABCEHKMOPTX";
    static const char *const alike[] = {"\xd0\xb0", "\xd1\x81", "\xd0\xb5", "\xd0\xbe", "\xd1\x80", "\xd1\x85",
                                        "\xd1\x83", "\xd0\x90", "\xd0\x92", "\xd0\xa1", "\xd0\x95", "\xd0\x9d",
                                        "\xd0\x9a", "\xd0\x9c", "\xd0\x9e", "\xd0\xa0", "\xd0\xa2", "\xd0\xa5"};
    char *p = out;
    for (size_t i = 0; in[i]; i++) {
        char c = in[i];
        bool digit = c >= '0' && c <= '9';
        int d = c - '0';
        const char *same = strchr(latin, c);
        if (i > 0) { /* between characters */
            if (how == ZERO_WIDTH) p += sprintf(p, "\xe2\x80\x8b");
            if (how == SOFT_HYPHENS && i % 3 == 0) p += sprintf(p, "\xc2\xad");
            if (how == TAGS && i % 5 == 0) p += sprintf(p, i % 10 ? "<b>" : "</b>");
            if (how == BIDI && i % 4 == 0) p += sprintf(p, i % 8 ? "\xe2\x80\xae" : "\xe2\x80\xac");
            if (how == BROKEN && i % 4 == 0) p += sprintf(p, "\xff");
            if (how == JOINERS && i % 2 == 0) p += sprintf(p, "\xcd\x8f");
        }
        if (how == WIDE && digit)
            p += sprintf(p, "\xef\xbc%c", 0x90 + d);
        else if (how == ARABIC && digit)
            p += sprintf(p, "\xd9%c", 0xa0 + d);
        else if (how == BOLD_DIGITS && digit)
            p += sprintf(p, "\xf0\x9d\x9f%c", 0x8e + d);
        else if (how == BLANKS && c == ' ')
            p += sprintf(p, "%s", i % 2 ? "\xc2\xa0" : "\xe2\x80\xaf");
        else if (how == BLANKS && c == '-')
            p += sprintf(p, "%s", i % 2 ? "\xe2\x80\x91" : "\xe2\x88\x92");
        else if (how == PERCENT && (!(digit || (c >= 'a' && c <= 'z')) || i % 3 == 0))
            p += sprintf(p, "%%%02X", c & 0xff);
        else if (how == ENTITIES && i % 2 == 0)
            p += sprintf(p, i % 4 ? "&#x%X;" : "&#%d;", c & 0xff);
        else if (how == LOOKALIKES && same)
            p += sprintf(p, "%s", alike[same - latin]);
        else if (how == LINE_ENDS && c == ' ')
            *p++ = '\n';
        else
            *p++ = c;
    }
    *p = 0;
    return (size_t)(p - out);
}

/* --- hearing
 * --------------------------------------------------------------------------------------------------------------------
 */
enum { MOST = 4096 };
static struct heard {
    uint64_t begin[MOST], end[MOST];
    uint8_t entity[MOST];
    size_t n;
} heard;
static bool drop_text(void *ctx, const void *text, size_t n) {
    (void)ctx, (void)text, (void)n;
    return true;
}
static void hear_match(void *ctx, const hr_finding *f, const char *text, size_t n, const char *put, size_t n_put) {
    (void)ctx, (void)text, (void)n, (void)put, (void)n_put;
    if (f->op == HR_REDACT_KEEP) return;
    if (heard.n < MOST)
        heard.begin[heard.n] = f->offset, heard.end[heard.n] = f->offset + f->length, heard.entity[heard.n] = f->entity;
    heard.n++;
}
static uint8_t room[1 << 17] __attribute__((aligned(64)));
static void listen(const char *text, size_t n) {
    hr_redact_config c;
    hr_arena a;
    hr_redactor *r = NULL;
    hr_redact_config_init(&c);
    c.emit = drop_text, c.found = hear_match;
    hr_arena_init(&a, room, sizeof room);
    heard.n = 0;
    T_EQ_I(hr_redactor_init(&c, &a, &r, NULL), HR_OK);
    T_EQ_I(hr_redact_feed(r, text, n, NULL), HR_OK);
    T_EQ_I(hr_redact_finish(r, NULL), HR_OK);
}

/* --- labelled texts
 * --------------------------------------------------------------------------------------------------------------- */
typedef struct tally {
    int texts, covered, typed, extra;
} tally;

static void hear_one(const struct made *m, int how, tally *t, bool show) {
    char value[256], hidden[2048], text[4096];
    const char *frame = NULL, *context = "";
    m->make(value);
    char *v = value;
    if (m->skip) { /* "PESEL 123": the word is context and stays as it is */
        v = strchr(value, ' ');
        *v++ = 0;
        context = value;
    }
    size_t n_hidden = disguise(how, v, hidden), frames = 0;
    while (frames < 8 && m->frames[frames]) frames++;
    frame = m->frames[pick((uint32_t)frames)];
    const char *slot = strchr(frame, '%');
    size_t n =
        (size_t)sprintf(text, "%s%.*s%s%s", ANY(prose), (int)(slot - frame), frame, context, *context ? " " : "");
    size_t begin = n, end = n + n_hidden;
    memcpy(text + n, hidden, n_hidden);
    n = end + (size_t)sprintf(text + end, "%s %s", slot + 1, ANY(prose));
    listen(text, n);
    bool covered = false, typed = false;
    for (size_t i = 0; i < heard.n; i++) {
        bool whole = heard.begin[i] <= begin && heard.end[i] >= end;
        covered = covered || whole;
        typed = typed || (whole && heard.entity[i] == m->entity);
        if (heard.end[i] <= begin || heard.begin[i] >= end) {
            t->extra++;
            if (show)
                printf("  beside %s: %.*s\n", m->name, (int)(heard.end[i] - heard.begin[i]), text + heard.begin[i]);
        }
    }
    t->texts++, t->covered += covered, t->typed += typed;
    if (!covered && show) printf("  missed %s (%s): %s\n", m->name, disguises[how], text);
}

T_TEST(labelled_texts) {
    enum { EACH = 400 };
    bool show = getenv("HEARTH_SHOW") != NULL;
    tally all = {0, 0, 0, 0};
    for (size_t i = 0; i < HR_COUNT(made); i++) {
        tally t = {0, 0, 0, 0};
        for (int k = 0; k < EACH; k++) hear_one(&made[i], PLAIN, &t, show);
        printf("%-14s recall %.4f, of the right type %.4f, beside %d\n", made[i].name, (double)t.covered / t.texts,
               (double)t.typed / t.texts, t.extra);
        T_CHECK(t.covered * 1000 >= made[i].at_least * t.texts);
        all.texts += t.texts, all.covered += t.covered, all.typed += t.typed, all.extra += t.extra;
    }
    printf("all: recall %.4f, precision %.4f\n", (double)all.covered / all.texts,
           (double)all.covered / (all.covered + all.extra));
    T_CHECK(all.covered * 100 >= 98 * (all.covered + all.extra));
}

T_TEST(disguised_texts) { /* the same values plain and disguised: what bears a checksum loses at most half a point */
    enum { EACH = 400 };
    bool show = getenv("HEARTH_SHOW") != NULL;
    for (int how = 1; how < N_DISGUISES; how++) {
        printf("%-18s", disguises[how]);
        for (size_t i = 0; i < HR_COUNT(made); i++) {
            tally plain = {0, 0, 0, 0}, hidden = {0, 0, 0, 0};
            uint64_t from = found_seed;
            for (int k = 0; k < EACH; k++) hear_one(&made[i], PLAIN, &plain, false);
            found_seed = from;
            for (int k = 0; k < EACH; k++) hear_one(&made[i], how, &hidden, show);
            printf(" %s %.3f", made[i].name, (double)hidden.covered / hidden.texts);
            if (made[i].checked) T_CHECK((plain.covered - hidden.covered) * 1000 <= 5 * EACH);
        }
        printf("\n");
    }
}

/* --- texts with nothing in them: other than people who are introduced
 * ------------------------------------------------------------------------------------------------- */
static size_t alarms(const char *name, const char *text, size_t n, size_t *names) {
    size_t others = 0;
    listen(text, n);
    for (size_t i = 0; i < heard.n && i < MOST; i++) {
        others += heard.entity[i] != HR_ENTITY_PERSON;
        if (getenv("HEARTH_SHOW") != NULL)
            printf("  %s: %s \"%.*s\"\n", name, hr_entity_name(heard.entity[i]), (int)(heard.end[i] - heard.begin[i]),
                   text + heard.begin[i]);
    }
    *names = heard.n - others;
    printf("%-16s %zu spans and %zu names in %.2f MB: %.1f spans for each MB\n", name, others, *names, (double)n * 1e-6,
           (double)others / ((double)n * 1e-6));
    return others;
}
static char *read_whole(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    char *text = malloc(4 << 20);
    *n = f && text ? fread(text, 1, 4 << 20, f) : 0;
    if (f) fclose(f);
    return text;
}

T_TEST(few_alarms_in_a_play) {
    size_t n, names = 0;
    const char *path = t_data("corpora/tinyshakespeare/data/tinyshakespeare/input.txt");
    if (!path) T_SKIP("no corpus");
    char *text = read_whole(path, &n);
    T_CHECK(n > 1000000 && alarms("play", text, n, &names) <= 5 * n / 1000000);
    T_CHECK(names <= 30); /* people who are introduced by name in it: "my name is Caius Marcius", rightly found */
    free(text);
}
T_TEST(few_alarms_in_tables_and_logs) {
    static char text[1 << 20];
    static const char *const levels[] = {"INFO", "WARN", "DEBUG"};
    size_t n = 0, names;
    while (n < sizeof text - 256) { /* numbers of every length and sign */
        for (int k = 0; k < 8; k++) {
            switch (pick(6)) {
            case 0: n += (size_t)sprintf(text + n, "%u", pick(100000)); break;
            case 1: n += (size_t)sprintf(text + n, "%u.%u", pick(1000), pick(1000000)); break;
            case 2: n += (size_t)sprintf(text + n, "-%u.%02u", pick(100), pick(100)); break;
            case 3: n += (size_t)sprintf(text + n, "%u", pick(1u << 31)); break;
            case 4: n += (size_t)sprintf(text + n, "%u,%03u", 1 + pick(999), pick(1000)); break;
            default: n += (size_t)sprintf(text + n, "%u.%ue-%02u", 1 + pick(9), pick(100000), pick(30)); break;
            }
            text[n++] = k == 7 ? '\n' : "\t ;"[pick(3)];
        }
    }
    T_CHECK(alarms("number table", text, n, &names) + names <= 5);
    for (n = 0; n < sizeof text - 256;) {
        n += (size_t)sprintf(text + n,
                             "2026-%02u-%02uT%02u:%02u:%02u.%03uZ %s worker[%u]: request %08x%08x took %u ms, "
                             "status=%u bytes=%u version %u.%u.%u\n",
                             1 + pick(12), 1 + pick(28), pick(24), pick(60), pick(60), pick(1000), ANY(levels),
                             pick(32768), pick(1u << 31), pick(1u << 31), pick(3000), 200 + pick(300), pick(1u << 24),
                             pick(10), pick(40), pick(100));
    }
    T_CHECK(alarms("log", text, n, &names) + names <= 5);
}
T_TEST(few_alarms_in_sources) { /* the library's own, where there is nothing personal in them */
    static const char *const files[] = {
        "engine/hearth.h",  "engine/base/sys.c",    "kernels/README.md",         "README.md",         "Makefile",
        "memory/FORMAT.md", "engine/base/crypto.c", "policy/permission_parse.c", "policy/metrics.c",  "tools/cli.c",
        "tools/convert.c",  "engine/base/fmath.c",  "engine/base/pool.c",        "tools/cmd_memory.c"};
    size_t bytes = 0, spans = 0;
    for (size_t i = 0; i < HR_COUNT(files); i++) {
        size_t n, names = 0;
        char *text = read_whole(files[i], &n);
        if (n > 0) spans += alarms(files[i], text, n, &names) + names, bytes += n;
        free(text);
    }
    if (bytes == 0) T_SKIP("no sources here");
    printf("sources: %zu spans in %zu bytes\n", spans, bytes);
    T_CHECK(spans <= 1 + 5 * bytes / 1000000);
}

T_MAIN(T_RUN(labelled_texts), T_RUN(disguised_texts), T_RUN(few_alarms_in_a_play), T_RUN(few_alarms_in_tables_and_logs),
       T_RUN(few_alarms_in_sources))
