/* The generator of the default model's data: same seed, same bytes; templates and words of evaluation are in no training
 * example; every example parses; labels are right by rules written here from tools/default/FORMAT.md, not by the generator's
 * own tables: arguments are spans of the request, answers spans of one note, and what is refused is in none. The evaluator
 * is fed a perfect and a wrong set of answers. */
#include "tests/t.h"
#include "tools/default/gen.h"
#include "tools/default/gen.c"
#include "tools/default/gen_words.c"
#include "tools/default/gen_calls.c"
#include "tools/default/gen_notes.c"
#include "tools/default/gen_prose.c"
#include <sys/wait.h>

static gd_gen gen;
static gd_example ex;
static const char *const tasks[] = {"intent", "call", "answer", "short", "friendly", "formal", "title", "summary", "same",
 "copy"};
enum { TASKS = sizeof tasks / sizeof tasks[0], ROUNDS = 3000 };

T_TEST(same_seed_same_bytes) {
    static gd_example other;
    static gd_gen again;
    uint64_t first = 0, h = 0;
    for (int split = 0; split < 2; split++) {
        gd_open(&gen, 11, split);
        gd_open(&again, 11, split);
        for (int i = 0; i < 500; i++) {
            gd_make(&gen, &ex);
            gd_make(&again, &other);
            T_EQ_STR(ex.prompt, other.prompt);
            T_EQ_STR(ex.answer, other.answer);
            h = h * 31 + gd_hash(ex.prompt, strlen(ex.prompt));
        }
        gd_open(&gen, 12, split);
        gd_make(&gen, &ex);
        if (split == 0) first = h;
    }
    T_CHECK(first != h);
}
/* the set and index of each template named in id; every one must be of this split, except sets too small to part */
static int wrong_templates(const char *id, int split, bool held_seen[], size_t *n_ids) {
    char copy[96], *save = NULL;
    int wrong = 0;
    snprintf(copy, sizeof copy, "%s", id);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        (void)held_seen;
        char *dot = strrchr(w, '.');
        size_t i = dot ? (size_t)strtoul(dot + 1, NULL, 10) : 0, n = 0;
        if (dot) *dot = 0;
        if (!dot || strcmp(w, "copy") == 0) continue;
        for (size_t s = 0; s < GD_SETS; s++) {
            char more[40];
            if (strcmp(gd_sets[s].name, w) == 0) n = count_templates(&gd_sets[s]);
            snprintf(more, sizeof more, "%s_again", gd_sets[s].name);
            if (strcmp(more, w) == 0) n = 6;
        }
        for (size_t a = 0; a < gd_n_facts; a++) {
            char says[40], asks[40];
            snprintf(says, sizeof says, "%s_says", gd_attrs[a].name);
            snprintf(asks, sizeof asks, "%s_asks", gd_attrs[a].name);
            if (strcmp(says, w) == 0) n = count_forms(gd_attrs[a].says);
            if (strcmp(asks, w) == 0) n = count_forms(gd_attrs[a].asks);
        }
        if (strcmp(w, "cores") == 0) n = GD_CORES;
        if (strcmp(w, "pads") == 0) n = GD_PADS;
        if (strcmp(w, "tails") == 0) n = GD_TAILS;
        if (strcmp(w, "stories") == 0) n = GD_STORIES;
        (*n_ids)++;
        if (n == 0 || (n >= 3 && gd_template_held(w, i, n) != (split == GD_HELD))) wrong++;
    }
    return wrong;
}
T_TEST(templates_are_kept_apart) {
    for (int split = 0; split < 2; split++) {
        size_t n_ids = 0;
        gd_open(&gen, 3, split);
        for (int i = 0; i < ROUNDS; i++) {
            gd_make(&gen, &ex);
            T_EQ_I(wrong_templates(ex.id, split, NULL, &n_ids), 0);
        }
        T_CHECK(n_ids > ROUNDS);
    }
}
T_TEST(words_are_kept_apart) {
    gd_open(&gen, 1, GD_TRAIN);
    size_t lists = 0;
    for (size_t i = 0; i < gen.n_lists; i++) {
        const gd_list *l = &gen.list[i];
        if (l->text[0] == '=') continue;
        lists++;
        if (l->n[GD_HELD] < 1 || l->n[GD_TRAIN] < 2 * l->n[GD_HELD]) T_FAIL("%s: %u, %u", l->name, l->n[0], l->n[1]);
        for (int split = 0; split < 2; split++)
            for (uint32_t k = 0; k < l->n[split]; k++) {
                const gd_word *w = &gen.word[l->first[split] + k];
                T_CHECK(gd_word_held(w->text, w->n) == (split == GD_HELD));
            }
    }
    T_CHECK(lists > 25);
    /* as met in the examples: first names of one split never stand in a slot of the other */
    for (int split = 0; split < 2; split++) {
        gd_open(&gen, 5, split);
        for (int i = 0; i < ROUNDS; i++) {
            gd_make(&gen, &ex);
            for (size_t k = 0; k < ex.env.n; k++) {
                const gd_slot *s = &ex.env.slot[k];
                if (strcmp(s->name, "first") == 0 || strcmp(s->name, "food") == 0 || strcmp(s->name, "keep") == 0)
                    T_CHECK(gd_word_held(s->value, strlen(s->value)) == (split == GD_HELD));
            }
        }
    }
}
/* marks are in their places, one blank before every piece, no line feed in an input */
static bool well_formed(const gd_example *e) {
    char begin[24];
    const char *p = e->prompt, *out = NULL;
    snprintf(begin, sizeof begin, "<|%s|>", e->task);
    if (strncmp(p, begin, strlen(begin)) != 0) return false;
    for (const char *q = p; (q = strstr(q, "<|")) != NULL; q += 2) {
        const char *close = strstr(q, "|>");
        if (!close) return false;
        out = q;
        if (close[2] && close[2] != ' ' && strncmp(close + 2, "<|note|>", 8) != 0) return false;
    }
    return out && strcmp(out, "<|out|>") == 0 && e->answer[0] == ' ' && e->answer[1] > ' ' && !strstr(e->answer, "<|") &&
           !strstr(e->prompt, "  ") && !strchr(e->answer, '{') && !strchr(e->prompt, '{') && !strstr(e->answer, "$$") &&
           strlen(e->prompt) + strlen(e->answer) < 1400;
}
T_TEST(every_example_parses) {
    for (int split = 0; split < 2; split++) {
        gd_open(&gen, 7, split);
        for (int i = 0; i < 2 * ROUNDS; i++) {
            gd_make_task(&gen, tasks[i % TASKS], &ex);
            if (!well_formed(&ex)) T_FAIL("%s: %.300s -> %.200s", ex.id, ex.prompt, ex.answer);
            T_CHECK(strcmp(ex.task, tasks[i % TASKS]) == 0);
        }
    }
}
static const char *const tools[][4] = {{"reminder_add", "what", "when"}, {"reminder_cancel", "what"}, {"timer_start", "time",
 "name"},
                                       {"timer_stop"}, {"alarm_set", "when"}, {"note_add", "text"}, {"note_find", "about"},
                                       {"list_add", "list", "item"}, {"list_remove", "list", "item"}, {"list_show", "list"},
                                       {"message_send", "to", "text"}, {"calendar_find", "when", "what", "who"},
                                       {"setting_set", "name", "value"}};
/* every argument is known to its tool and a span of what was said (or on, off, ?) */
static bool call_holds(const gd_example *e) {
    char copy[GD_TEXT], *save = NULL, *line;
    size_t tool = 0;
    snprintf(copy, sizeof copy, "%s", e->answer + 1);
    line = strtok_r(copy, "\n", &save);
    while (tool < sizeof tools / sizeof tools[0] && strcmp(tools[tool][0], line) != 0) tool++;
    if (tool == sizeof tools / sizeof tools[0]) return false;
    while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
        char *colon = strstr(line, ": ");
        bool known = false;
        if (!colon) return false;
        *colon = 0;
        for (int k = 1; k < 4; k++) known = known || (tools[tool][k] && strcmp(tools[tool][k], line) == 0);
        const char *value = colon + 2;
        const bool word = strcmp(value, "?") == 0 || strcmp(value, "on") == 0 || strcmp(value, "off") == 0;
        if (!known || *value == 0 || (!word && !strstr(e->prompt, value))) return false;
    }
    return true;
}
T_TEST(calls_are_spans_of_the_request) {
    int turns = 0;
    for (int split = 0; split < 2; split++) {
        gd_open(&gen, 21, split);
        for (int i = 0; i < ROUNDS; i++) {
            gd_make_task(&gen, "call", &ex);
            if (!call_holds(&ex)) T_FAIL("%s: %.300s -> %.200s", ex.id, ex.prompt, ex.answer);
            turns += strstr(ex.prompt, "<|user|>") != NULL;
        }
    }
    T_CHECK(turns > ROUNDS / 10);
}
/* An answer stands in exactly the notes that also name whom or what the question is about; a refusal is right when no note
 * that names it was written by a template of that fact. The check reads the texts, not the generator's choice. */
T_TEST(answers_stand_in_a_note_about_the_same) {
    int refused = 0, found = 0;
    for (int split = 0; split < 2; split++) {
        gd_open(&gen, 31, split);
        for (int i = 0; i < ROUNDS; i++) {
            gd_make_task(&gen, "answer", &ex);
            const char *about = NULL, *question = strstr(ex.prompt, "<|user|>");
            for (size_t a = 0; a < gd_n_facts; a++) {
                char asks[40];
                snprintf(asks, sizeof asks, "%s_asks.", gd_attrs[a].name);
                if (strstr(ex.id, asks)) about = gd_value(&gen, &ex.env, gd_attrs[a].about);
            }
            T_NEED(about && question && strstr(question, about));
            if (strcmp(ex.answer, " not in the notes") == 0) {
                refused++;
                T_CHECK(ex.absent && !strstr(ex.id, "_says"));
                continue;
            }
            found++;
            int holding = 0;
            for (const char *n = strstr(ex.prompt, "<|note|>"); n; n = strstr(n + 1, "<|note|>")) {
                const char *end = strstr(n + 1, "<|");
                char note[GD_TEXT];
                snprintf(note, sizeof note, "%.*s", (int)(end - n), n);
                holding += strstr(note, about) && strstr(note, ex.answer + 1);
            }
            if (holding < 1) T_FAIL("%.400s -> %s", ex.prompt, ex.answer);
        }
    }
    T_CHECK(refused > ROUNDS / 3 && found > ROUNDS);
}
T_TEST(rewrites_titles_and_copies) {
    gd_open(&gen, 41, GD_TRAIN);
    int shorter = 0;
    for (int i = 0; i < ROUNDS; i++) {
        gd_make_task(&gen, tasks[3 + i % 5], &ex);
        const char *out = strstr(ex.prompt, "<|out|>"), *in = strstr(ex.prompt, "|> ") + 3;
        for (const char *p = ex.answer; *p; p++) { /* every figure was there before */
            char digits[32];
            size_t n = 0;
            while (p[n] >= '0' && p[n] <= '9' && n < 31) digits[n] = p[n], n++;
            digits[n] = 0;
            if (n) {
                if (!strstr(in, digits)) T_FAIL("%s: %.300s -> %.300s", ex.id, ex.prompt, ex.answer);
                p += n - 1;
            }
        }
        if (i % 5 == 0) shorter += strlen(ex.answer) < (size_t)(out - in);
    }
    T_EQ_I(shorter, ROUNDS / 5);
    for (int i = 0; i < 500; i++) {
        gd_make_task(&gen, "copy", &ex);
        const char *user = strstr(ex.prompt, "<|user|>"), *end = user ? user : strstr(ex.prompt, "<|out|>");
        const char *at = end - strlen(ex.answer); /* to the end of the pieces */
        T_CHECK(strncmp(at, ex.answer, strlen(ex.answer)) == 0);
        if (!user) T_CHECK(at == ex.prompt + strlen("<|copy|>"));
    }
}
T_TEST(slips_spare_the_arguments) {
    int slipped = 0;
    gd_open(&gen, 51, GD_TRAIN);
    gen.slips = 1;
    for (int i = 0; i < ROUNDS; i++) {
        gd_make_task(&gen, "call", &ex);
        if (!call_holds(&ex)) T_FAIL("%.300s -> %.200s", ex.prompt, ex.answer);
        slipped += !strstr(ex.prompt, "remind") && strstr(ex.answer, "reminder_add") != NULL;
    }
    T_CHECK(slipped > 20);
}
static int run(const char *line, char *out, size_t cap) {
    FILE *p = popen(line, "r");
    size_t n = p ? fread(out, 1, cap - 1, p) : 0;
    out[n] = 0;
    const int s = p ? pclose(p) : -1;
    return WIFEXITED(s) ? WEXITSTATUS(s) : 128;
}
T_TEST(the_evaluator_knows_right_from_wrong) {
    const char *right = t_tmp("right.jsonl"), *wrong = t_tmp("wrong.jsonl"), *build = getenv("HEARTH_BUILD"),
     *runner = getenv("RUNNER");
    static char line[3000], out[1 << 16];
    for (int k = 0; k < 2; k++) {
        snprintf(line, sizeof line, "%s %s/gen_default --split heldout -n 300 --seed %d > %s 2>&1", runner ? runner : "",
                 build && *build ? build : "build", 8 + k, k ? wrong : right);
        if (run(line, out, sizeof out) != 0) T_SKIP("no build/gen_default");
    }
    snprintf(line, sizeof line, "%s eval-default --bars %s --answers %s 2>&1", t_hearth(), right, right);
    T_EQ_I(run(line, out, sizeof out), 0);
    T_CHECK(strstr(out, "100.0 %") && !strstr(out, "below") && strstr(out, "refused when absent"));
    snprintf(line, sizeof line, "%s eval-default --bars %s --answers %s 2>&1", t_hearth(), right, wrong);
    T_EQ_I(run(line, out, sizeof out), 1);
    T_CHECK(!strstr(out, "reached") && strstr(out, "below"));
    snprintf(line, sizeof line, "%s eval-default --json %s --answers %s 2>&1", t_hearth(), right, right);
    T_EQ_I(run(line, out, sizeof out), 0);
    T_CHECK(strstr(out, "\"share\"") != NULL);
    snprintf(line, sizeof line, "%s eval-default %s 2>&1", t_hearth(), right);
    T_EQ_I(run(line, out, sizeof out), 2);
}
/* text between "key":" and the next quote; these texts hold no quotes of their own */
static bool field(const char *line, const char *key, char *out, size_t cap) {
    char name[32];
    snprintf(name, sizeof name, "\"%s\":\"", key);
    const char *p = strstr(line, name), *end = p ? strchr(p + strlen(name), '"') : NULL;
    if (!end) return false;
    snprintf(out, cap, "%.*s", (int)(end - p - (long)strlen(name)), p + strlen(name));
    return true;
}
T_TEST(requests_over_a_store) {
    static char line[3000], out[1 << 18], notes[1 << 16], text[300][400];
    const char *build = getenv("HEARTH_BUILD"), *runner = getenv("RUNNER"), *path = t_tmp("notes.jsonl");
    size_t n_notes = 0, routes[6] = {0};
    static const char *const names[] = {"answer", "refuse", "tool", "rewrite", "chat", "other"};
    snprintf(line, sizeof line, "%s %s/gen_default --requests 8 --notes %s 2>&1", runner ? runner : "", build &&
     *build ? build : "build",
             path);
    if (run(line, out, sizeof out) != 0) T_SKIP("no build/gen_default");
    FILE *f = fopen(path, "rb");
    T_NEED(f != NULL);
    notes[fread(notes, 1, sizeof notes - 1, f)] = 0;
    fclose(f);
    char *save = NULL;
    for (char *l = strtok_r(notes, "\n", &save); l && n_notes < 300; l = strtok_r(NULL, "\n", &save)) {
        T_CHECK(field(l, "text", text[n_notes], sizeof text[0]) && strtoul(l + 6, NULL, 10) == n_notes + 1);
        n_notes++;
    }
    T_CHECK(n_notes >= 200);
    for (char *l = strtok_r(out, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        char route[32], answer[300], request[600];
        size_t r = 0;
        T_NEED(field(l, "route", route, sizeof route) && field(l, "text", request, sizeof request));
        while (r < 6 && strcmp(names[r], route) != 0) r++;
        T_NEED(r < 6);
        routes[r]++;
        if (r != 0) continue;
        const char *at = strstr(l, "\"note\":");
        const size_t note = at ? strtoul(at + 7, NULL, 10) : 0;
        T_NEED(note >= 1 && note <= n_notes && field(l, "answer", answer, sizeof answer));
        if (!strstr(text[note - 1], answer)) T_FAIL("%s: not in note %zu: %s", answer, note, text[note - 1]);
    }
    T_CHECK(routes[0] + routes[1] + routes[2] + routes[3] + routes[4] + routes[5] >= 300);
    for (int r = 0; r < 6; r++) T_CHECK(routes[r] >= 15);
}
T_MAIN(T_RUN(same_seed_same_bytes), T_RUN(templates_are_kept_apart), T_RUN(words_are_kept_apart), T_RUN(every_example_parses),
       T_RUN(calls_are_spans_of_the_request), T_RUN(answers_stand_in_a_note_about_the_same), T_RUN(rewrites_titles_and_copies),
       T_RUN(slips_spare_the_arguments), T_RUN(requests_over_a_store), T_RUN(the_evaluator_knows_right_from_wrong))
