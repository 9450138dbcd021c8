/* gen_store.c: a store's worth of notes and labelled requests over it, of held-out templates and words: what the request path
 * is measured with (`gen_default --requests SEED --notes FILE`).
 *
 * Notes, one JSON line each: {"id", "scope", "text"}; scopes are notes, health (doses, allergies) and money (bills, debts).
 * Requests: {"route": "answer", "refuse", "tool", "rewrite", "chat" or "other", "text",
  and as it fits "answer" (a span of the note),
 * "note" and "scope" (the source), "call" (the tool and its arguments, as in FORMAT.md), "intent", "keep"}. */
#include "tools/default/gen.h"
#include <stdio.h>
#include <string.h>

enum { GD_NOTES = 220, GD_FACTS = 180, GD_ASKS = 150, GD_NONE = 60, GD_CALLS = 100, GD_REWRITES = 20, GD_OTHERS = 30 };
typedef struct gd_known {
    size_t attr;
    char about[128], answer[256], question[512], text[GD_TEXT];
} gd_known;
typedef struct gd_store {
    gd_known fact[GD_FACTS];
    size_t n;
    gd_gen g;
    gd_example e;
} gd_store;

static bool known(const gd_store *s, size_t attr, const char *about, bool any_attr) {
    for (size_t i = 0; i < s->n; i++)
        if ((any_attr || s->fact[i].attr == attr) && strcmp(s->fact[i].about, about) == 0) return true;
    return false;
}
static void make_fact(gd_store *s, size_t attr, gd_known *k) {
    gd_text note, question;
    gd_env env = {.n = 0, .reg = GD_PLAIN};
    s->e.id[0] = 0;
    gd_clear(&note);
    gd_fact(&s->g, attr, &env, &note, &question, k->answer, sizeof k->answer, &s->e);
    k->attr = attr;
    snprintf(k->about, sizeof k->about, "%.127s", gd_value(&s->g, &env, gd_fact_about(attr)));
    snprintf(k->question, sizeof k->question, "%.511s", question.s);
    snprintf(k->text, sizeof k->text, "%s", note.s);
}
static const char *scope_of(size_t attr) {
    const char *name = gd_fact_name(attr);
    if (strcmp(name, "dose") == 0 || strcmp(name, "allergy") == 0) return "health";
    return strcmp(name, "bill") == 0 || strcmp(name, "debt") == 0 ? "money" : "notes";
}
static void print_field(FILE *f, const char *key, const char *s, bool last) {
    fprintf(f, "\"%s\":", key);
    gd_print_json(f, s);
    fputs(last ? "}\n" : ",", f);
}
static void write_notes(gd_store *s, FILE *f) {
    gd_env env;
    gd_text t;
    for (size_t i = 0; i < GD_FACTS; i++) {
        gd_known *k = &s->fact[i];
        for (int tries = 0;; tries++) { /* small lists run out: another kind of fact then */
            make_fact(s, tries < 20 ? i % gd_n_facts : gd_random(&s->g, (uint32_t)gd_n_facts), k);
            if (!known(s, k->attr, k->about, false)) break;
        }
        s->n++;
        fprintf(f, "{\"id\":%zu,\"scope\":\"%s\",", i + 1, scope_of(k->attr));
        print_field(f, "text", k->text, true);
    }
    for (size_t i = GD_FACTS; i < GD_NOTES; i++) {
        memset(&env, 0, sizeof env);
        gd_clear(&t);
        gd_expand(&s->g, &env, "{talked to $person about $topic|the $event was {fun|long|good}|idea for $topic: ask $person|"
                               "ate $food $day|$person called about $thing|need to think about $topic|{long|quiet} day, "
                                "$fact}", &t);
        fprintf(f, "{\"id\":%zu,\"scope\":\"notes\",", i + 1);
        print_field(f, "text", t.s, true);
    }
}
static void print_found(const gd_store *s, size_t i) {
    const gd_known *k = &s->fact[i];
    printf("{\"route\":\"answer\",\"intent\":\"ask\",\"note\":%zu,\"scope\":\"%s\",", i + 1, scope_of(k->attr));
    print_field(stdout, "text", k->question, false);
    print_field(stdout, "answer", k->answer, true);
}
static void print_absent(gd_store *s, bool of_known) { /* somebody in the store, or nobody there */
    gd_known k;
    for (int tries = 0; tries < 2000; tries++) {
        make_fact(s, gd_random(&s->g, (uint32_t)gd_n_facts), &k);
        if (of_known) {
            const gd_known *other = &s->fact[gd_random(&s->g, GD_FACTS)];
            char *at = strstr(k.question, k.about), rest[512];
            if (strcmp(gd_fact_about(other->attr), gd_fact_about(k.attr)) != 0 || !at) continue;
            snprintf(rest, sizeof rest, "%s", at + strlen(k.about));
            snprintf(at, sizeof k.question - (size_t)(at - k.question), "%s%s", other->about, rest);
            snprintf(k.about, sizeof k.about, "%s", other->about);
        }
        if (!known(s, k.attr, k.about, !of_known)) break;
    }
    fputs("{\"route\":\"refuse\",\"intent\":\"ask\",", stdout);
    print_field(stdout, "text", k.question, true);
}
/* the text between the task's mark and <|out|>; false when there are several turns */
static bool single_turn(const gd_example *e, char *out, size_t cap) {
    const char *begin = strstr(e->prompt, "|> "), *end = strstr(e->prompt, "<|out|>");
    if (!begin || strstr(e->prompt, "<|user|>")) return false;
    snprintf(out, cap, "%.*s", (int)(end - begin - 3), begin + 3);
    return true;
}
static void print_others(gd_store *s) {
    static const char *const rewrites[] = {"short", "friendly", "formal"};
    char text[GD_TEXT];
    for (int i = 0; i < GD_CALLS; i++) {
        do gd_make_task(&s->g, "call", &s->e);
        while (!single_turn(&s->e, text, sizeof text));
        fputs("{\"route\":\"tool\",", stdout);
        print_field(stdout, "text", text, false);
        print_field(stdout, "call", s->e.answer + 1, true);
    }
    for (int i = 0; i < GD_REWRITES; i++) {
        gd_make_task(&s->g, rewrites[i % 3], &s->e);
        single_turn(&s->e, text, sizeof text);
        printf("{\"route\":\"rewrite\",\"task\":\"%s\",", rewrites[i % 3]);
        print_field(stdout, "text", text, false);
        gd_print_kept(stdout, &s->e);
        fputs("}\n", stdout);
    }
    for (int i = 0; i < GD_OTHERS;) {
        gd_make_task(&s->g, "intent", &s->e);
        const char *intent = s->e.answer + 1;
        if (strcmp(intent, i % 2 ? "chat" : "other") != 0) continue;
        single_turn(&s->e, text, sizeof text);
        printf("{\"route\":\"%s\",\"intent\":\"%s\",", intent, intent);
        print_field(stdout, "text", text, true);
        i++;
    }
}
int gd_write_requests(uint64_t seed, const char *notes_path) {
    static gd_store s;
    FILE *f = fopen(notes_path, "wb");
    if (!f) return 1;
    gd_open(&s.g, seed, GD_HELD);
    write_notes(&s, f);
    const int failed = fclose(f) != 0;
    for (size_t i = 0; i < GD_ASKS; i++) print_found(&s, i);
    for (size_t i = 0; i < GD_NONE; i++) print_absent(&s, i % 2 == 0);
    print_others(&s);
    return failed;
}
