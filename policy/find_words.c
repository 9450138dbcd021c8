/* find_words.c: what only words around it give away: names, birth dates, addresses, postcodes, coordinates, licence plates.
 * Best effort: titles, introductions, greetings, signatures and mail headers; no list of names, no model. */
#include "policy/entity.h"

/* --- names --------------------------------------------------------------------------------------------------------------------- */
static const char name_titles[] = "mr|mrs|ms|miss|mx|dr|prof|professor|herr|herrn|frau|fraulein|monsieur|madame|mademoiselle|"
                                  "mme|mlle|"
                                  "senor|senora|senorita|sr|sra|srta|signor|signora|sig|dott|dottor|dottoressa|ing|dhr|mevr|"
                                  "mevrouw|meneer|pani|senhor|senhora|rev|";
static const char name_before[] = "my name is|name is|i am|i'm|call me|named|signed by|sincerely|regards|cheers|yours "
                                  "truly|ich heisse|ich bin|mein name ist|"
                                  "je m'appelle|je suis|mon nom est|me llamo|mi nombre es|soy|mi chiamo|sono|meu nome e|eu "
                                  "sou|ik heet|mijn naam is|nazywam sie|jag heter|jeg hedder|"
                                  "gruss|grussen|gruessen|viele grusse|mit freundlichen "
                                  "grussen|cordialement|saludos|saluti|atenciosamente|groeten|pozdrawiam|";
static const char name_labels[] = "name|full name|first name|last "
                                  "name|surname|patient|customer|client|employee|contact|contact "
                                  "person|recipient|sender|applicant|cardholder|card holder|account holder|"
                                  "from|to|cc|attn|attention|vorname|nachname|nom|prenom|nombre|apellido|apellidos|cognome|"
                                  "sobrenome|naam|imie|nazwisko|author|signed|";
/* words that begin with a capital and are no names */
static const char name_never[] = "i|the|a|an|and|or|but|of|in|on|at|to|for|from|with|not|no|yes|ok|all|my|your|his|her|our|"
                                 "their|this|that|it|we|you|he|she|they|is|was|are|will|so|if|as|by|"
                                 "monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|"
                                 "june|july|august|september|october|november|december|"
                                 "der|die|das|und|ich|sie|wir|ihr|ein|eine|nicht|le|la|les|et|je|el|los|las|y|il|lo|e|o|de|"
                                 "team|sir|madam|president|customer|service|support|dear|hello|hi|best|kind|thanks|thank|"
                                 "please|re|fwd|"
                                 "god|lord|king|queen|street|road|avenue|english|american|german|french|spanish|not|here|there|"
                                 "what|when|where|who|how|why|just|also|very|sorry|sure|glad|happy|new|";

static const char name_greetings[] = "dear|hi|hello|hey|hallo|liebe|lieber|bonjour|hola|ciao|";

static bool is_word_char(int c) { return hr_is_letter(c) || c == '\'' || c == '-'; }
static bool word_among(const hr_view *v, size_t i, size_t end, const char *words) {
    if (i >= end || !hr_view_may(v, i, words)) return false;
    for (const char *w = words; *w; w++) {
        size_t k = i;
        while (*w != '|' && k < end && hr_lower(v->f[k]) == *w) w++, k++;
        if (*w == '|' && k == end) return true;
        while (*w != '|') w++;
    }
    return false;
}
/* a word such as names have: a capital, then small letters (O'Brien, Anne-Marie, McDonald); other scripts' letters too */
static bool is_name_word(const hr_view *v, size_t i, size_t end) {
    if (end < i + 2 || !(hr_is_upper(v->f[i]) || v->f[i] == 0x80) || word_among(v, i, end, name_never)) return false;
    size_t small = 0;
    for (size_t k = i + 1; k < end; k++) small += !hr_is_upper(v->f[k]);
    return small > 0;
}
static const char name_joins[] = "van|von|de|der|den|da|di|del|della|dos|das|du|la|le|bin|ibn|al|el|zu|ten|ter|y|";

/* up to four name words from i on; initials such as "J." between them; 0: none */
static size_t names_end(const hr_view *v, size_t i, int most) {
    size_t end = 0;
    for (int words = 0; words < most;) {
        size_t e = i;
        while (e < v->hi && is_word_char(v->f[e])) e++;
        while (e > i && (v->f[e - 1] == '\'' || v->f[e - 1] == '-')) e--;
        if (e == i + 1 && hr_is_upper(v->f[i]) && hr_view_get(v, e) == '.') {
            e++;
        } else if (end > 0 && word_among(v, i, e, name_joins)) {
            if (hr_view_get(v, e) != ' ') break;
            i = e + 1;
            continue;
        } else if (!is_name_word(v, i, e)) {
            break;
        } else {
            end = e, words++;
        }
        if (hr_view_get(v, e) != ' ') break;
        i = e + 1;
    }
    return end;
}

/* one of the words (which may hold blanks) ends at `end`, begun at a word's beginning */
static bool words_before(const hr_view *v, size_t end, const char *words) {
    for (const char *w = words; *w; w++) {
        size_t len = 0;
        while (w[len] != '|') len++;
        bool same = end >= v->lo + len;
        for (size_t k = 0; same && k < len; k++) {
            int c = hr_lower(v->f[end - len + k]);
            same = c == w[k] || (w[k] == ' ' && c == '\n');
        }
        if (same && !hr_is_alnum(hr_view_get(v, end - len - 1))) return true;
        w += len;
    }
    return false;
}

/* the word that ends at `end` begins its line */
static bool begins_line(const hr_view *v, size_t end) {
    while (end > v->lo && hr_is_letter(v->f[end - 1])) end--;
    int before = hr_view_get(v, end - 1);
    return before == '\n' || before == -1 || before == '"' || before == '>';
}

/* what may stand before a name, as lengths (bits) of words by their last letter: most capitals need no more than this */
void hr_find_tables_init(hr_find_tables *t) {
    static const char *const lists[] = {name_titles, name_before, name_labels, name_greetings};
    memset(t, 0, sizeof *t);
    for (size_t l = 0; l < HR_COUNT(lists); l++) {
        for (const char *w = lists[l]; *w; w++) {
            size_t len = 0;
            for (; *w != '|'; w++) len = hr_is_letter(*w) ? len + 1 : 0;
            t->before[w[-1] & 31] |= (uint16_t)(1u << (len < 15 ? len : 15));
        }
    }
}

bool hr_find_person(const hr_view *v, hr_match *hit) {
    size_t i = v->at, e = i;
    int before = hr_view_get(v, i - 1);
    if (v->tables != NULL) {
        size_t k = i, len = 0;
        while (k > v->lo && !hr_is_letter(v->f[k - 1]) && i - k < 8) k--;
        while (len < 15 && k > v->lo + len && hr_is_letter(v->f[k - 1 - len])) len++;
        if (len == 0 || !(v->tables->before[v->f[k - 1] & 31] >> len & 1)) return false;
    }
    if (before != ' ' && before != '\n' && before != '\t' && before != '"' && before != ':' && before != '(' && before != '>')
        return false;
    while (e > v->lo && (v->f[e - 1] == ' ' || v->f[e - 1] == '"' || v->f[e - 1] == '\t')) e--; /* what stands before */
    int sign = hr_view_get(v, e - 1), score = 0;
    if (sign == '.' && words_before(v, e - 1, name_titles)) score = 80;
    else if (hr_is_letter(sign) && words_before(v, e, name_titles)) score = 70;
    else if (hr_is_letter(sign) && words_before(v, e, name_before)) score = 70;
    else if (hr_is_letter(sign) && words_before(v, e, name_greetings) && begins_line(v, e)) score = 65;
    else if (sign == ':' && before != ':' && words_before(v, e - 1, name_labels)) score = 60;
    else if (sign == '\n' || sign == ',') {
        size_t k = e;
        while (k > v->lo && (v->f[k - 1] == '\n' || v->f[k - 1] == '\r' || v->f[k - 1] == ',' || v->f[k - 1] == ' ')) k--;
        if (k < e && e - k <= 6 && words_before(v, k, name_before) && memchr(v->f + k, '\n', e - k) != NULL)
            score = 65; /* a signature */
    }
    if (score == 0) return false;
    size_t end = names_end(v, i, 4);
    if (end == 0 ||
        (score == 60 && memchr(v->f + i, ' ', end - i) == NULL &&
         !words_before(v, e - 1, "name|first name|last name|surname|patient|vorname|nachname|nom|prenom|nombre|cognome|naam|")))
        return false;
    *hit = (hr_match){i, end, HR_ENTITY_PERSON, (uint8_t)score, HR_CHECK_CONTEXT, HR_MORE_NONE, 0};
    return true;
}

/* --- dates --------------------------------------------------------------------------------------------------------------------- */
static const char birth_words[] = "born|birth|birthday|birthdate|date of "
                                  "birth|dob|d.o.b|bday|geboren|geburtsdatum|geb|geburtstag|ne le|nee le|naissance|date de "
                                  "naissance|"
                                  "nacido|nacida|nacimiento|fecha de nacimiento|nato|nata|nascita|data di "
                                  "nascita|nascido|nascida|nascimento|geboortedatum|urodzony|urodzona|data "
                                  "urodzenia|fodt|fodd|syntynyt|dogum|narozen*|";
static const char months[] = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|januar*|februar*|marz|mai|juni|juli|august|"
                             "september|oktober|november|dezember|january|march|april|june|july|october|december|"
                             "janvier|fevrier|mars|avril|juin|juillet|aout|septembre|octobre|novembre|decembre|enero|febrero|"
                             "marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
                             "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|janeiro|fevereiro|marco|"
                             "maio|junho|julho|setembro|outubro|novembro|dezembro|stycznia|lutego|marca|kwietnia|maja|czerwca|"
                             "lipca|sierpnia|wrzesnia|pazdziernika|listopada|grudnia|";

static size_t digits_end(const hr_view *v, size_t i, size_t most, int *n) {
    size_t k = i;
    *n = 0;
    while (k < i + most && hr_is_digit(hr_view_get(v, k))) *n = 10 * *n + (v->f[k++] - '0');
    return k;
}
static size_t skip_of(const hr_view *v, size_t i, const char *signs, size_t most) {
    for (size_t k = 0; k < most && hr_view_get(v, i) > 0 && strchr(signs, hr_view_get(v, i)) != NULL; k++) i++;
    return i;
}

/* 12.05.1980  1980-05-12  5/12/80  12 May 1980  12. Mai 1980  12 de mayo de 1980 */
static size_t date_end(const hr_view *v, size_t i) {
    int a, b, c;
    size_t e = digits_end(v, i, 4, &a), s = e, k = e;
    if (e == i || hr_is_digit(hr_view_get(v, e))) return 0;
    int sign = hr_view_get(v, e);
    if ((sign == '.' || sign == '/' || sign == '-' || sign == ' ') && hr_is_digit(hr_view_get(v, skip_of(v, e + 1, " ", 1)))) {
        s = skip_of(v, e + 1, " ", 1);
        e = digits_end(v, s, 2, &b);
        if (hr_view_get(v, e) != sign) return 0;
        s = skip_of(v, e + 1, " ", 1);
        e = digits_end(v, s, 4, &c);
        bool year_first = k - i == 4;
        int y = year_first ? a : c, m = year_first ? b : b, d = year_first ? c : a;
        if (m > 12) m = d, d = b;
        bool year = year_first ? e - s <= 2 : e - s == 4 || e - s == 2;
        return year && e > s && m >= 1 && m <= 12 && d >= 1 && d <= 31 && (y < 100 || (y > 1890 && y < 2100)) ? e : 0;
    }
    s = skip_of(v, e, ". ", 2);
    if (hr_view_is(v, e, "st ") || hr_view_is(v, e, "nd ") || hr_view_is(v, e, "rd ") || hr_view_is(v, e, "th ")) s = e + 3;
    if (hr_view_is(v, s, "de ") || hr_view_is(v, s, "of ")) s += 3;
    for (e = s; e < v->hi && hr_is_letter(v->f[e]);) e++;
    if (e < s + 3 || a < 1 || a > 31) return 0;
    bool month = hr_view_context(v, e, s, 0, e - s, months);
    if (!month) return 0;
    s = skip_of(v, e, "., ", 2);
    if (hr_view_is(v, s, "de ")) s += 3;
    e = digits_end(v, s, 4, &c);
    return e - s == 4 && c > 1890 && c < 2100 ? e : 0;
}

bool hr_find_date(const hr_view *v, hr_match *hit) {
    size_t begin = v->at, end;
    if (hr_is_alnum(hr_view_get(v, begin - 1))) return false;
    end = date_end(v, begin);
    if (end == 0) { /* May 12, 1980: at the day, the month before it */
        int day, year;
        size_t e = digits_end(v, begin, 2, &day), m = begin;
        if (hr_view_get(v, begin - 1) != ' ' || day < 1 || day > 31) return false;
        for (m = begin - 1; m > v->first && hr_is_letter(v->f[m - 1]);) m--;
        if (begin - m < 4 || !hr_view_context(v, begin, m, 0, begin - 1 - m, months)) return false;
        if (hr_view_is(v, e, "st") || hr_view_is(v, e, "nd") || hr_view_is(v, e, "rd") || hr_view_is(v, e, "th")) e += 2;
        e = skip_of(v, e, ", ", 2);
        end = digits_end(v, e, 4, &year);
        if (end - e != 4 || year < 1890 || year > 2100) return false;
        begin = m;
    }
    if (hr_is_alnum(hr_view_get(v, end)) || !hr_view_context(v, begin, end, 40, 0, birth_words)) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_BIRTH_DATE, 85, HR_CHECK_CONTEXT, HR_MORE_NONE, 0};
    return true;
}

/* --- places --------------------------------------------------------------------------------------------------------------------- */
/* a number of degrees with a point and at least three decimals; *whole: before the point */
static size_t degrees_end(const hr_view *v, size_t i, int *whole) {
    size_t e = digits_end(v, i, 3, whole), k = e + 1;
    if (e == i || hr_view_get(v, e) != '.') return 0;
    while (hr_is_digit(hr_view_get(v, k))) k++;
    return k - e >= 4 && k - e < 20 ? k : 0;
}

bool hr_find_coordinates(const hr_view *v, hr_match *hit) {
    static const char words[] = "gps|lat|latitude|lon|lng|longitude|coordinates|coords|location|position|geo|standort|"
                                "koordinaten|coordonnees|coordenadas|map|";
    int lat, lon;
    size_t begin = v->at, end = degrees_end(v, begin, &lat), s;
    int before = hr_view_get(v, begin - 1);
    if (end == 0 || hr_is_alnum(before) || before == '.') return false;
    if (before == '-' || before == '+') begin--;
    if (begin < v->first) return false;
    s = end;
    while (s < end + 3 && (hr_view_get(v, s) == 0x81 || hr_view_get(v, s) == ' ')) s++; /* a degree sign */
    bool poles = hr_view_get(v, s) == 'N' || hr_view_get(v, s) == 'S';
    s = skip_of(v, poles ? s + 1 : s, ",;/ ", 3);
    size_t labels = s; /* "lon": 11.5 */
    while (labels < s + 14 && labels < v->hi && (hr_is_letter(v->f[labels]) || strchr("\"': =", v->f[labels]) != NULL)) labels++;
    bool named = labels > s + 2;
    s = skip_of(v, named ? labels : s, "-+", 1);
    size_t e = degrees_end(v, s, &lon);
    if (e == 0 || lat > 90 || lon > 180 || hr_is_alnum(hr_view_get(v, e))) return false;
    if (!poles && !hr_view_context(v, begin, e, 40, 0, words)) return false;
    *hit = (hr_match){begin, e, HR_ENTITY_COORDINATES, 80, HR_CHECK_CONTEXT, HR_MORE_NONE, 0};
    return true;
}

static const char street_ends[] = "street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|way|place|pl|square|"
                                  "sq|terrace|close|crescent|highway|hwy|parkway|pkwy|alley|row|walk|gardens|";
static const char street_starts[] = "rue|avenue|av|boulevard|bd|place|chemin|allee|impasse|quai|calle|avenida|avda|plaza|paseo|"
                                    "camino|via|viale|piazza|corso|vicolo|rua|travessa|praca|ulica|ul|al|";

/* German, Dutch, Swedish: the street's name ends so */
static bool ends_as_street(const hr_view *v, size_t i, size_t end) {
    static const char tails[] = "strasse|strase|str|gasse|weg|allee|platz|ring|damm|ufer|straat|laan|plein|gracht|gatan|vagen|"
                                "vej|gade|";
    for (const char *w = tails; *w; w++) {
        size_t len = 0;
        while (w[len] != '|') len++;
        if (end > i + len && v->f[end - 1] >= 'a') {
            size_t k = 0;
            while (k < len && hr_lower(v->f[end - len + k]) == w[k]) k++;
            if (k == len) return true;
        }
        w += len;
    }
    return false;
}

/* "12 Baker Street", "1600 Pennsylvania Ave NW": at the number */
static size_t street_after(const hr_view *v, size_t i) {
    int number;
    size_t e = digits_end(v, i, 5, &number);
    if (hr_is_letter(hr_view_get(v, e)) && !hr_is_letter(hr_view_get(v, e + 1))) e++;
    if (hr_view_get(v, e) == ',') e++;
    if (hr_view_get(v, e) != ' ') return 0;
    bool first = true;
    for (int words = 0; words < 5; words++) {
        size_t s = e + 1, k = s;
        while (k < v->hi && (is_word_char(v->f[k]) || (words > 0 && hr_is_digit(v->f[k])))) k++;
        if (k == s) return 0;
        if (first && word_among(v, s, k, street_starts) && hr_view_get(v, k) == ' ') { /* 12 rue de la Paix */
            size_t name = k;
            for (int more = 0; more < 5 && hr_view_get(v, name) == ' '; more++) {
                size_t w = name + 1, f = w;
                while (f < v->hi && is_word_char(v->f[f])) f++;
                if (f == w || !(hr_is_upper(v->f[w]) || word_among(v, w, f, "de|la|le|les|du|des|d'|l'|del|di|da|"))) break;
                name = f;
            }
            return name > k ? name : 0;
        }
        if (words > 0 && word_among(v, s, k, street_ends)) {
            size_t suite = k;
            if (hr_view_get(v, suite) == '.') suite++;
            if (hr_view_is(v, suite, " nw") || hr_view_is(v, suite, " ne") || hr_view_is(v, suite, " sw") ||
                hr_view_is(v, suite, " se"))
                suite += 3;
            return suite;
        }
        if (!(hr_is_upper(v->f[s]) || hr_is_digit(v->f[s]))) return 0;
        first = false;
        e = k;
        if (hr_view_get(v, e) == '.') e++;
        if (hr_view_get(v, e) != ' ') return 0;
    }
    return 0;
}

/* "Hauptstrasse 12", "calle Mayor 5": the street's beginning before the number; 0: none */
static size_t street_before(const hr_view *v, size_t at) {
    size_t e = at;
    if (e > v->lo && v->f[e - 1] == ' ') e--;
    if (e > v->lo && v->f[e - 1] == ',') e--;
    if (e == at || e == v->lo) return 0; /* nothing before the blank */
    if (v->f[e - 1] == '.') e--;
    size_t s = e;
    while (s > v->first && is_word_char(v->f[s - 1])) s--;
    if (s == e) return 0;
    if (hr_is_upper(v->f[s]) && ends_as_street(v, s, e)) return s + 1;
    for (int words = 0; words < 5 && s > v->first; words++) { /* back to "calle" or "via" */
        if (word_among(v, s, e, street_starts)) return words > 0 ? s + 1 : 0;
        if (!hr_is_upper(v->f[s]) && !word_among(v, s, e, "de|la|le|les|du|des|del|di|da|dos|das|los|las|")) return 0;
        if (v->f[s - 1] != ' ') return 0;
        e = s - 1;
        for (s = e; s > v->first && is_word_char(v->f[s - 1]);) s--;
        if (s == e) return 0;
    }
    return 0;
}

static bool find_postcode(const hr_view *v, hr_match *hit) {
    static const char words[] = "zip|zip code|zipcode|postcode|postal|post code|plz|postleitzahl|code postal|codigo "
                                "postal|cep|postnummer|postinumero|kod pocztowy|psc|";
    int n;
    size_t begin = v->at, end = digits_end(v, begin, 6, &n);
    if (hr_is_digit(hr_view_get(v, end))) return false;
    while (begin > v->first && v->at - begin < 2 && hr_is_upper(v->f[begin - 1])) begin--;
    bool british = begin < v->at && end - v->at <= 2 && !hr_is_alnum(hr_view_get(v, begin - 1));
    if (british) { /* SW1A 1AA */
        if (hr_is_upper(hr_view_get(v, end))) end++;
        size_t in = end + (hr_view_get(v, end) == ' ');
        if (in > end && hr_is_digit(hr_view_get(v, in)) && hr_is_upper(hr_view_get(v, in + 1)) &&
            hr_is_upper(hr_view_get(v, in + 2)) && !hr_is_alnum(hr_view_get(v, in + 3)) &&
            memchr("CIKMOV", v->f[in + 1], 6) == NULL && memchr("CIKMOV", v->f[in + 2], 6) == NULL) {
            *hit = (hr_match){begin, in + 3, HR_ENTITY_POSTCODE, 75, HR_CHECK_SHAPE, HR_MORE_NONE, 0};
            return true;
        }
        return false;
    }
    begin = v->at;
    if (hr_is_alnum(hr_view_get(v, begin - 1)) || hr_view_get(v, begin - 1) == '.') return false;
    if (hr_view_get(v, end) == '-' && end - begin == 5) { /* ZIP+4, 01310-100 */
        int more;
        size_t e = digits_end(v, end + 1, 4, &more);
        if (e - end - 1 >= 3) end = e;
    } else if (hr_view_get(v, end) == ' ' && end - begin == 4 && hr_is_upper(hr_view_get(v, end + 1)) &&
               hr_is_upper(hr_view_get(v, end + 2)) && !hr_is_alnum(hr_view_get(v, end + 3))) {
        end += 3; /* 1012 AB */
    }
    if (end - begin < 4 || hr_is_alnum(hr_view_get(v, end)) || !hr_view_context(v, begin, end, 24, 0, words)) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_POSTCODE, 70, HR_CHECK_CONTEXT, HR_MORE_NONE, 0};
    return true;
}

bool hr_find_address(const hr_view *v, hr_match *hit) {
    int before = hr_view_get(v, v->at - 1), number;
    if (!hr_is_alnum(before) && before != '.' && before != '-' && before != '/') {
        size_t end = street_after(v, v->at), begin = end > 0 ? v->at : 0;
        if (end == 0 && (begin = street_before(v, v->at)) > 0) {
            begin--;
            end = digits_end(v, v->at, 4, &number);
            if (hr_is_letter(hr_view_get(v, end)) && !hr_is_letter(hr_view_get(v, end + 1))) end++;
            if (hr_is_alnum(hr_view_get(v, end)) || number == 0) end = 0;
        }
        if (end > 0) {
            *hit = (hr_match){begin, end, HR_ENTITY_ADDRESS, 65, HR_CHECK_SHAPE, HR_MORE_NONE, 0};
            return true;
        }
    }
    return find_postcode(v, hit);
}

bool hr_find_plate(const hr_view *v, hr_match *hit) {
    static const char words[] = "plate|plates|licence plate|license plate|number plate|registration|reg "
                                "no|vrm|kennzeichen|immatriculation|plaque|matricula|targa|placa|kenteken|rejestracyjny|plaka|";
    size_t begin = v->at, end = v->at, letters = 0, digits = 0;
    while (begin > v->first && v->at - begin < 8 &&
           (hr_is_upper(v->f[begin - 1]) ||
            ((v->f[begin - 1] == ' ' || v->f[begin - 1] == '-') && begin > v->first + 1 && hr_is_upper(v->f[begin - 2]))))
        begin--;
    while (begin < v->at && !hr_is_upper(v->f[begin])) begin++;
    for (; end < v->hi && end < begin + 11; end++) {
        int c = v->f[end], next = hr_view_get(v, end + 1);
        if (!(hr_is_upper(c) || hr_is_digit(c) || ((c == ' ' || c == '-') && (hr_is_upper(next) || hr_is_digit(next))))) break;
    }
    for (size_t i = begin; i < end; i++) letters += hr_is_upper(v->f[i]), digits += hr_is_digit(v->f[i]);
    if (letters < 1 || letters > 6 || digits < 1 || digits > 5 || letters + digits < 5 || letters + digits > 9) return false;
    if (hr_is_alnum(hr_view_get(v, begin - 1)) || hr_is_alnum(hr_view_get(v, end)) ||
        !hr_view_context(v, begin, end, 30, 8, words))
        return false;
    *hit = (hr_match){begin, end, HR_ENTITY_PLATE, 65, HR_CHECK_CONTEXT, HR_MORE_NONE, 0};
    return true;
}
