/* gen.c: random numbers, word lists with their split, templates, spelling slips. */
#include "tools/default/gen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t gd_hash(const char *s, size_t n) { /* FNV-1a, stirred: its low bits alone are poor */
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)s[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ (h >> 29);
}
bool gd_word_held(const char *s, size_t n) { return gd_hash(s, n) % 8 == 0; }

static uint64_t next_u64(gd_gen *g) { /* splitmix64 */
    uint64_t z = (g->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
uint32_t gd_random(gd_gen *g, uint32_t n) { return (uint32_t)(((next_u64(g) >> 32) * n) >> 32); }
bool gd_chance(gd_gen *g, double p) { return (double)(next_u64(g) >> 11) * 0x1p-53 < p; }

/* the words of one split stand together */
static void read_list(gd_gen *g, gd_list *l) {
    for (int split = 0; split < 2; split++) {
        l->first[split] = (uint32_t)g->n_words;
        for (const char *p = l->text, *end; *p; p = *end ? end + 1 : end) {
            end = strchr(p, '|');
            if (!end) end = p + strlen(p);
            if (gd_word_held(p, (size_t)(end - p)) != (split == GD_HELD)) continue;
            if (g->n_words == GD_WORDS) abort(); /* a longer table is a change of the source */
            g->word[g->n_words++] = (gd_word){p, (uint32_t)(end - p)};
        }
        l->n[split] = (uint32_t)g->n_words - l->first[split];
    }
}
void gd_open(gd_gen *g, uint64_t seed, int split) {
    memset(g, 0, sizeof *g);
    g->state = seed * 0x9e3779b97f4a7c15u + (uint64_t)split * 0x632be59bd9b4e019u + 1;
    g->split = split;
    g->slips = 0.15;
    g->copies = split == GD_TRAIN ? 0.1 : 0;
    for (size_t i = 0; i < gd_n_words && i < GD_LISTS; i++) {
        gd_list *l = &g->list[g->n_lists++];
        l->name = gd_words[i][0];
        l->text = gd_words[i][1];
        if (l->text[0] != '=') read_list(g, l);
    }
}

/* --- text -------------------------------------------------------------------------------------------------------- */
void gd_clear(gd_text *t) {
    t->n = 0;
    t->s[0] = 0;
    t->cut = t->capital = false;
}
static void put_byte(gd_text *t, char c, bool fixed) {
    if (t->n + 2 > GD_TEXT) {
        t->cut = true;
        return;
    }
    if (c == ' ' && !fixed && (t->n == 0 || t->s[t->n - 1] == ' ')) return; /* options leave double spaces */
    if (t->capital && c != ' ') {
        if (!fixed && c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
        t->capital = false;
    }
    if (!fixed && t->n && t->s[t->n - 1] == ' ' && (c == '.' || c == ',' || c == '?' || c == '!')) t->n--;
    t->s[t->n] = c;
    t->fixed[t->n++] = fixed;
    t->s[t->n] = 0;
}
void gd_put(gd_text *t, const char *s) {
    while (*s) put_byte(t, *s++, true);
}
void gd_append(char *to, size_t cap, const char *s) {
    size_t n = strlen(to), m = strlen(s);
    if (n + m + 1 > cap) m = cap - n - 1;
    memcpy(to + n, s, m);
    to[n + m] = 0;
}
void gd_append_id(gd_example *e, const char *name, size_t i) {
    char id[40];
    snprintf(id, sizeof id, "%s%s.%zu", e->id[0] ? " " : "", name, i);
    gd_append(e->id, sizeof e->id, id);
}

/* --- values that are made, not listed ---------------------------------------------------------------------------- */
static const char *const gd_heads[] = {"b",  "br", "c",  "d",  "dr", "f",  "g", "gr", "h",  "j",  "k",  "l",  "m",  "n", "p",
                                       "pr", "r",  "s",  "st", "t",  "tr", "v", "w",  "z",  "sh", "ch", "th", "qu", "",  "y"};
static const char *const gd_vowels[] = {"a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ea", "ie", "oo", "ou"};
static const char *const gd_tails[] = {"",  "n",  "r",  "l",  "s",  "m",   "t",  "d",  "",   "ck", "nd",
                                       "x", "ll", "na", "la", "ra", "ton", "ne", "ly", "rd", "ss", ""};
#define GD_ONE(g, a) (a)[gd_random(g, (uint32_t)(sizeof(a) / sizeof((a)[0])))]
/* a name nobody has met: what must be copied letter by letter */
static void make_name(gd_gen *g, char *out, size_t cap) {
    do {
        char s[48] = "";
        uint32_t n = 1 + gd_random(g, 3);
        for (uint32_t i = 0; i < n; i++) {
            gd_append(s, sizeof s, GD_ONE(g, gd_heads));
            gd_append(s, sizeof s, GD_ONE(g, gd_vowels));
            if (i + 1 == n || gd_chance(g, 0.25)) gd_append(s, sizeof s, GD_ONE(g, gd_tails));
        }
        snprintf(out, cap, "%s", s);
        if (out[0] >= 'a' && out[0] <= 'z') out[0] = (char)(out[0] - 'a' + 'A');
    } while (strlen(out) < 3 || gd_word_held(out, strlen(out)) != (g->split == GD_HELD));
}
static const char *const gd_months[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
static const char *const gd_units[] = {"one",   "two",   "three", "four",   "five",     "six",     "seven",
                                       "eight", "nine",  "ten",   "eleven", "twelve",   "fifteen", "twenty",
                                       "thirty", "forty", "fifty", "ninety", "twenty five", "forty five"};
static void make_clock(gd_gen *g, char *out, size_t cap) {
    unsigned h = 1 + gd_random(g, 12), m = 5 * gd_random(g, 12), any = gd_random(g, 60);
    const char *half = gd_chance(g, 0.5) ? "am" : "pm";
    switch (gd_random(g, 9)) {
    case 0: snprintf(out, cap, "%u%s", h, half); break;
    case 1: snprintf(out, cap, "%u %s", h, half); break;
    case 2: snprintf(out, cap, "%u:%02u %s", h, m, half); break;
    case 3: snprintf(out, cap, "%u:%02u%s", h, m, half); break;
    case 4: snprintf(out, cap, "%u:%02u", gd_random(g, 24), any); break;
    case 5: snprintf(out, cap, "%s %s %u", gd_chance(g, 0.5) ? "half" : "quarter", "past", h); break;
    case 6: snprintf(out, cap, "quarter to %u", h); break;
    case 7: snprintf(out, cap, "%s o'clock", gd_units[gd_random(g, 12)]); break;
    default: snprintf(out, cap, "%s", gd_chance(g, 0.7) ? (gd_chance(g, 0.5) ? "noon" : "midnight") : gd_units[gd_random(g,
     12)]);
    }
}
static void make_date(gd_gen *g, char *out, size_t cap) {
    unsigned d = 1 + gd_random(g, 28);
    const char *th = d % 10 == 1 && d != 11 ? "st" : d % 10 == 2 && d != 12 ? "nd" : d % 10 == 3 && d != 13 ? "rd" : "th";
    const char *month = GD_ONE(g, gd_months);
    switch (gd_random(g, 5)) {
    case 0: snprintf(out, cap, "%s %u", month, d); break;
    case 1: snprintf(out, cap, "%u %s", d, month); break;
    case 2: snprintf(out, cap, "%s %u%s", month, d, th); break;
    case 3: snprintf(out, cap, "the %u%s of %s", d, th, month); break;
    default: snprintf(out, cap, "%u%s %s", d, th, month);
    }
}
static void make_digits(gd_gen *g, char *out, size_t cap, const char *pattern) { /* # digit, @ letter */
    size_t i = 0;
    for (; pattern[i] && i + 1 < cap; i++)
        out[i] = pattern[i] == '#'   ? (char)('0' + gd_random(g, 10))
                 : pattern[i] == '^' ? (char)('1' + gd_random(g, 9))
                 : pattern[i] == '@' ? (char)('A' + gd_random(g, 26))
                                     : pattern[i];
    out[i] = 0;
}
static void make_number(gd_gen *g, char *out, size_t cap) {
    if (gd_chance(g, 0.3)) snprintf(out, cap, "%s", GD_ONE(g, gd_units));
    else snprintf(out, cap, "%u", gd_chance(g, 0.6) ? 2 + gd_random(g, 28) : 5 * (1 + gd_random(g, 18)));
}
static bool make_value(gd_gen *g, const char *kind, char *out, size_t cap) {
    static const char *const phones[] = {"###-####", "### ####", "0^## ### ###", "+^# ### ### ###", "(^##) ###-####",
     "0^##-######"};
    static const char *const codes[] = {"####", "##-##", "@####", "####@", "@@-###", "######", "@#@#@#", "##@##", "@##-@##"};
    static const char *const prices[] = {"$^#", "$^.##", "^## euros", "^# pounds", "$^##", "^#.## euros", "^## dollars",
     "$^,###"};
    static const char *const flights[] = {"@@###", "@@ ####", "@@^###", "@^ ###"};
    if (strcmp(kind, "made") == 0) make_name(g, out, cap);
    else if (strcmp(kind, "clock") == 0) make_clock(g, out, cap);
    else if (strcmp(kind, "date") == 0) make_date(g, out, cap);
    else if (strcmp(kind, "num") == 0) make_number(g, out, cap);
    else if (strcmp(kind, "phone") == 0) make_digits(g, out, cap, GD_ONE(g, phones));
    else if (strcmp(kind, "code") == 0) make_digits(g, out, cap, GD_ONE(g, codes));
    else if (strcmp(kind, "price") == 0) make_digits(g, out, cap, GD_ONE(g, prices));
    else if (strcmp(kind, "flight") == 0) make_digits(g, out, cap, GD_ONE(g, flights));
    else if (strcmp(kind, "small") == 0) snprintf(out, cap, "%u", 1 + gd_random(g, 99));
    else return false;
    return true;
}

/* --- templates --------------------------------------------------------------------------------------------------- */
static size_t slot_name(const char *p, char *name) { /* after the '$' */
    size_t n = 0;
    while (n < 15 && ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= '0' && p[n] <= '9'))) n++;
    memcpy(name, p, n);
    name[n] = 0;
    return n;
}
static const char *expand_part(gd_gen *g, gd_env *env, const char *p, gd_text *t, bool write, bool fixed);

static void make_slot(gd_gen *g, const char *name, int reg, char *out, size_t cap) {
    char kind[16];
    size_t n = slot_name(name, kind);
    while (n && kind[n - 1] >= '0' && kind[n - 1] <= '9') kind[--n] = 0; /* person2 is another person */
    out[0] = 0;
    for (size_t i = 0; i < g->n_lists; i++) {
        const gd_list *l = &g->list[i];
        if (strcmp(l->name, kind) != 0) continue;
        if (l->text[0] == '=') {
            gd_env inner = {.n = 0, .reg = reg};
            gd_text t;
            gd_clear(&t);
            expand_part(g, &inner, l->text + 1, &t, true, true);
            snprintf(out, cap, "%.250s", t.s);
        } else {
            int split = l->n[g->split] ? g->split : GD_TRAIN;
            const gd_word *w = &g->word[l->first[split] + gd_random(g, l->n[split])];
            gd_env inner = {.n = 0, .reg = reg};
            char word[256];
            gd_text t;
            snprintf(word, sizeof word, "%.*s", (int)w->n, w->text);
            gd_clear(&t);
            expand_part(g, &inner, word, &t, true, true); /* a word may hold a name */
            snprintf(out, cap, "%.250s", t.s);
        }
        return;
    }
    if (!make_value(g, kind, out, cap)) {
        fprintf(stderr, "gen: no such slot: $%s\n", name);
        abort();
    }
}
const char *gd_value(gd_gen *g, gd_env *env, const char *name) {
    for (size_t i = 0; i < env->n; i++)
        if (strcmp(env->slot[i].name, name) == 0) return env->slot[i].value;
    if (env->n == GD_SLOTS) abort();
    gd_slot *s = &env->slot[env->n++];
    snprintf(s->name, sizeof s->name, "%s", name);
    for (int again = 0; again < 20; again++) { /* person and person2 differ */
        bool twice = false;
        make_slot(g, name, env->reg, s->value, sizeof s->value);
        for (size_t i = 0; i + 1 < env->n; i++) twice = twice || strcmp(env->slot[i].value, s->value) == 0;
        if (!twice) break;
    }
    return s->value;
}
/* {a|b|c} or <a^b^c>: p stands after the opening bracket; returns what follows the closing one */
static const char *expand_choice(gd_gen *g, gd_env *env, const char *p, gd_text *t, bool write, bool fixed, char bar,
 char end) {
    int depth = 0;
    uint32_t n = 1, which;
    for (const char *q = p; *q && (depth > 0 || *q != end); q++) {
        if (*q == '{' || *q == '[' || *q == '<') depth++;
        else if (*q == '}' || *q == ']' || *q == '>') depth--;
        else if (depth == 0 && *q == bar) n++;
    }
    which = bar == '^' ? (uint32_t)(env->reg < (int)n ? env->reg : (int)n - 1) : write ? gd_random(g, n) : 0;
    for (uint32_t i = 0;; i++) {
        p = expand_part(g, env, p, t, write && i == which, fixed);
        if (*p == 0 || *p == end) return *p ? p + 1 : p;
        p++; /* the bar */
    }
}
/* until the end, or a bar or closing bracket of the caller's */
static const char *expand_part(gd_gen *g, gd_env *env, const char *p, gd_text *t, bool write, bool fixed) {
    while (*p && *p != '|' && *p != '}' && *p != ']' && *p != '^' && *p != '>') {
        if (*p == '{') {
            p = expand_choice(g, env, p + 1, t, write, fixed, '|', '}');
        } else if (*p == '<') {
            p = expand_choice(g, env, p + 1, t, write, fixed, '^', '>');
        } else if (*p == '[') {
            p = expand_part(g, env, p + 1, t, write && gd_chance(g, 0.5), fixed);
            if (*p) p++;
        } else if (*p == '$') {
            char name[16];
            p += 1 + slot_name(p + 1, name);
            if (!write) continue;
            if (fixed) { /* inside a value: nothing is shared */
                char value[256];
                make_slot(g, name, env->reg, value, sizeof value);
                gd_put(t, value);
            } else {
                gd_put(t, gd_value(g, env, name));
            }
        } else {
            if (write && !(fixed && *p == ' ' && (t->n == 0 || t->s[t->n - 1] == ' '))) put_byte(t, *p, fixed);
            p++;
        }
    }
    return p;
}
void gd_expand(gd_gen *g, gd_env *env, const char *template, gd_text *t) {
    expand_part(g, env, template, t, true, false);
    while (t->n && t->s[t->n - 1] == ' ') t->s[--t->n] = 0;
}

/* --- slips: letters swapped, lost or doubled in words that are nobody's argument ---------------------------------- */
static bool slip_letter(const gd_text *t, size_t i) {
    return i < t->n && !t->fixed[i] && ((t->s[i] >= 'a' && t->s[i] <= 'z') || (t->s[i] >= 'A' && t->s[i] <= 'Z'));
}
void gd_slip(gd_gen *g, gd_text *t) {
    if (!gd_chance(g, g->slips)) return;
    for (size_t i = 0; i < t->n;) {
        size_t n = 0;
        while (slip_letter(t, i + n)) n++;
        if (n >= 4 && gd_chance(g, 0.2) && t->n + 2 < GD_TEXT) {
            size_t at = i + 1 + gd_random(g, (uint32_t)n - 2);
            uint32_t kind = gd_random(g, 3);
            if (kind == 0) {
                char c = t->s[at];
                t->s[at] = t->s[at + 1];
                t->s[at + 1] = c;
            } else if (kind == 1) {
                memmove(t->s + at, t->s + at + 1, t->n - at);
                memmove(t->fixed + at, t->fixed + at + 1, t->n - at - 1);
                t->n--, n--;
            } else {
                memmove(t->s + at + 1, t->s + at, t->n - at + 1);
                memmove(t->fixed + at + 1, t->fixed + at, t->n - at);
                t->n++, n++;
            }
        }
        i += n ? n : 1;
    }
}

/* --- which templates are for evaluation --------------------------------------------------------------------------- */
static uint64_t template_hash(const char *name, size_t i) {
    char id[48];
    int n = snprintf(id, sizeof id, "%s.%zu", name, i);
    return gd_hash(id, (size_t)n);
}
bool gd_template_held(const char *name, size_t i, size_t n) {
    uint64_t mine = template_hash(name, i);
    size_t lower = 0, held = n / 6 ? n / 6 : 1;
    if (n < 3) return false; /* too few to part: used by both, and said in FORMAT.md */
    for (size_t j = 0; j < n; j++) lower += template_hash(name, j) < mine;
    return lower < held;
}
size_t gd_pick(gd_gen *g, const char *name, size_t n) {
    for (;;) {
        size_t i = gd_random(g, (uint32_t)n);
        if (n < 3 || gd_template_held(name, i, n) == (g->split == GD_HELD)) return i;
    }
}
