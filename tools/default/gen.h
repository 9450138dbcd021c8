/* gen.h: the seeded generator of the default model's training and evaluation data. A tool: never part of the library.
 *
 * Templates are a small language: {a|b} one of, [a] half of the time, $slot a value, <formal^plain^casual> by register. A
 * slot has one value in one example. What is spelled wrong is never a slot, so that every argument is a span of the text.
 * Training and evaluation see different templates (the sixth of each set with the lowest hashes, at least one, is held out)
 * and different words (those whose hash is 0 modulo 8). */
#ifndef TOOLS_DEFAULT_GEN_H
#define TOOLS_DEFAULT_GEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { GD_TRAIN = 0, GD_HELD = 1, GD_TEXT = 2048, GD_SLOTS = 24, GD_LISTS = 96, GD_WORDS = 4096 };
enum { GD_FORMAL = 0, GD_PLAIN = 1, GD_CASUAL = 2 };

typedef struct gd_list {
    const char *name, *text; /* words separated by '|'; text beginning with '=': a template */
    uint32_t first[2], n[2]; /* in gd_gen.word, by split */
} gd_list;
typedef struct gd_word {
    const char *text;
    uint32_t n;
} gd_word;
typedef struct gd_gen {
    uint64_t state; /* of the random numbers */
    int split;
    double slips;   /* share of texts with spelling slips */
    double copies;  /* share of copying in the mixture */
    gd_list list[GD_LISTS];
    gd_word word[GD_WORDS];
    size_t n_lists, n_words;
} gd_gen;
typedef struct gd_slot {
    char name[16], value[256];
} gd_slot;
typedef struct gd_env { /* the slots of one example, and its register */
    gd_slot slot[GD_SLOTS];
    size_t n;
    int reg;
} gd_env;
typedef struct gd_text {
    char s[GD_TEXT];
    uint8_t fixed[GD_TEXT]; /* 1: from a slot */
    size_t n;
    bool cut;               /* did not fit: the example is dropped */
    bool capital;           /* the next letter, when it is not from a slot */
} gd_text;

/* One example. prompt begins with a task token and ends with <|out|>; answer is what the model writes, without <|end|>. */
typedef struct gd_example {
    const char *task;     /* intent, call, answer, short, friendly, formal, title, summary, same, copy */
    char id[96];          /* the templates it is made of, separated by spaces */
    char prompt[4 * GD_TEXT], answer[GD_TEXT];
    gd_env env;           /* its slots: what a rewrite keeps is among them */
    bool absent;          /* answer: the notes do not hold it */
} gd_example;

/* gen.c */
void gd_open(gd_gen *g, uint64_t seed, int split);
uint32_t gd_random(gd_gen *g, uint32_t n); /* [0, n) */
bool gd_chance(gd_gen *g, double p);
uint64_t gd_hash(const char *s, size_t n);
bool gd_word_held(const char *s, size_t n); /* words that are for evaluation only */
void gd_clear(gd_text *t);
void gd_put(gd_text *t, const char *s); /* fixed text */
void gd_expand(gd_gen *g, gd_env *env, const char *template, gd_text *t);
const char *gd_value(gd_gen *g, gd_env *env, const char *slot); /* made when it is not there yet */
void gd_slip(gd_gen *g, gd_text *t);
/* one of set[n] of this split: its index. Held out: the n/6 of the lowest hashes of (name, index), at least one. */
size_t gd_pick(gd_gen *g, const char *name, size_t n);
bool gd_template_held(const char *name, size_t i, size_t n);
void gd_append(char *to, size_t cap, const char *s);
void gd_append_id(gd_example *e, const char *name, size_t i);

/* gen_words.c */
extern const char *const gd_words[][2];
extern const size_t gd_n_words;

/* gen_calls.c: intents and tool calls */
bool gd_make_intent(gd_gen *g, gd_example *e);
bool gd_make_call(gd_gen *g, gd_example *e);
bool gd_make_same(gd_gen *g, gd_example *e); /* two ways of saying the same */
/* gen_notes.c: answers from notes */
enum { GD_ABSENT = 0, GD_PRESENT = 1, GD_ANY = 2 };
bool gd_make_answer(gd_gen *g, gd_example *e);
/* a note with one fact and a question for it; attr in [0, gd_n_facts) */
extern const size_t gd_n_facts;
void gd_fact(gd_gen *g, size_t attr, gd_env *env, gd_text *note, gd_text *question, char *answer, size_t cap, gd_example *e);
const char *gd_fact_name(size_t attr);
const char *gd_fact_about(size_t attr); /* its slot */
bool gd_question_pair(gd_gen *g, gd_text *a, gd_text *b, gd_example *e);
/* gen_prose.c: rewrites, titles, summaries */
bool gd_make_rewrite(gd_gen *g, gd_example *e, int kind); /* 0 short, 1 friendly, 2 formal */
bool gd_make_title(gd_gen *g, gd_example *e, bool summary);
bool gd_make_copy(gd_gen *g, gd_example *e);
/* any task, by the mixture of FORMAT.md */
void gd_make(gd_gen *g, gd_example *e);
void gd_make_task(gd_gen *g, const char *task, gd_example *e);

/* gen_main.c */
void gd_print_json(FILE *f, const char *s);
void gd_print_kept(FILE *f, const gd_example *e); /* "keep":[...] */
/* gen_store.c: notes into a file, requests to stdout; 0, or 1 when the file cannot be written */
int gd_write_requests(uint64_t seed, const char *notes_path);
#endif
