/* gen_prose.c: a sentence made shorter, friendlier or more formal; titles and one-line summaries of notes. Each core says one
 * thing in three registers, <formal^plain^casual>; what is around it (fillers, greetings, thanks) is put on or taken off. */
#include "tools/default/gen.h"
#include <stdio.h>
#include <string.h>

static const char *const gd_cores[] = {
    "I <am unable to^cannot^can't> come to the $event $whenday",
    "I <will not be able to^will not^won't> attend the $event $whenday because $reason",
    "<I would like to^I want to^I wanna> move our meeting to $day at $clock",
    "<Would it be possible to^Could you^Can you> send the $doc to $person by $clock",
    "<Would you be able to^Could you^Can you> call $person at $clock about $topic",
    "<We regret that^Unfortunately^Sadly> the $doc for $person will be $num days late",
    "<Please inform^Please tell^Tell> $person that the $event starts at $clock",
    "<I would appreciate it if you could^Please^Just> bring $item to the $event $whenday",
    "<I am writing regarding^I have a question about^It's about> $topic and the $doc from $first",
    "<I have received^I got^Got> your $doc and will answer $when",
    "<The payment of $price has not been received^The payment of $price is missing^We're still waiting for $price> for $thing",
    "<I will arrive^I will be there^I'll be there> at $clock with $person",
    "<Our train is delayed by^Our train is late by^Our train's late by> $num minutes, <we will arrive^we will come^we'll "
     "come> at $clock",
    "<I request^I need^I need> $num days off from $date because $reason",
    "<Please find attached^Here is^Here's> the $doc for the $team",
    "<Kindly confirm^Please confirm^Let me know> that $num people will come to the $event",
    "<I would suggest^I suggest^How about> that we meet at the $shop $day at $clock",
    "<I do not agree with^I disagree with^I don't like> the $doc from $person",
    "<The $team requires^The $team needs^The $team needs> the $doc before $clock",
    "<I apologize for^I am sorry about^Sorry about> the mistake in the $doc of $date",
    "<We are pleased to announce^We announce^Big news:> that $person will join the $team on $date",
    "<It is necessary to^We have to^We gotta> cancel the $event $whenday because $reason",
    "<I wish to return^I want to return^I wanna return> $goods that I bought for $price",
    "<The delivery will be made^The delivery comes^It's coming> to $street $day between $clock and $clock2",
    "<Would you please^Could you^Can you> give $first the keys for $street $day",
    "<My telephone number has changed to^My new number is^My number's now> $phone",
    "<I am interested in^I would like to know more about^Tell me about> the course on $hobby in $place",
    "<I recommend^I recommend^You should get> $person for $topic, the price is $price",
    "<Please do not^Do not^Don't> park at $street $whenday, <the street will be^the street is^it's> closed",
    "<I thank you for^Thank you for^Thanks for> the $doc, <I will discuss it^I will talk about it^I'll chat about it> with "
     "$person $whenday",
    "<We will require^We need^We need> $num chairs for the $event in $place",
    "<The $team has completed^The $team finished^The $team's done with> the $doc on $date",
    "<I shall^I will^I'll> pay $price for $thing $when",
    "<The appointment with $person has been moved^The appointment with $person was moved^We moved the thing with $person> to "
     "$date at $clock",
    "<There are^There are^There's> $num errors in the $doc that $person <submitted^sent^sent> $day",
    "<Could you kindly explain^Please explain^Explain> the cost of $price for $thing",
};
enum { GD_CORES = sizeof gd_cores / sizeof gd_cores[0] };
static const char *const gd_pads[] = {
    "I just wanted to let you know that", "I am writing this message to tell you that",
     "I thought that I should quickly mention that",
    "As you may or may not already know,", "To be perfectly honest with you,", "Well, basically what I want to say is that",
    "I hope it is okay for me to say that", "So, the thing is that, at the end of the day,",
     "It is probably worth mentioning that",
    "I have been meaning to write to you to say that", "In case nobody has told you about it yet,",
     "After thinking about it for a while:",
    "Just so that everybody is on the same page,", "For what it is worth,",
};
static const char *const gd_closings[] = {
    "and that is really all I wanted to say about it", "which I hope is not a big problem for anybody at all",
    "as I may have already said to you before", "and I am sorry for the very long message", "if you know what I mean",
    "and I hope this all makes sense to you", "so I wanted to tell you as early as I possibly could",
     "and I think that is more or less everything",
};
enum { GD_PADS = sizeof gd_pads / sizeof gd_pads[0], GD_TAILS = sizeof gd_closings / sizeof gd_closings[0] };

static bool question_core(const char *s) { /* its first letter may be small */
    return strncmp(s + 1, "ould you", 8) == 0 || strncmp(s + 1, "ould it", 7) == 0 || strncmp(s + 1, "an you", 6) == 0 ||
           strncmp(s + 1, "ow about", 8) == 0;
}
static void put_core(gd_gen *g, gd_env *env, const char *core, int reg, bool inside, gd_text *out) {
    gd_text t;
    env->reg = reg;
    gd_clear(&t);
    gd_expand(g, env, core, &t);
    bool keep = t.s[0] == 'I' && (t.s[1] == ' ' || t.s[1] == '\''); /* I is I everywhere */
    if (inside && !keep && !t.fixed[0] && t.s[0] >= 'A' && t.s[0] <= 'Z') t.s[0] = (char)(t.s[0] - 'A' + 'a');
    gd_put(out, t.s);
}
static void end_sentence(gd_text *t, bool question) {
    if (!strchr(".?!", t->s[t->n - 1])) gd_put(t, question ? "?" : ".");
}
static void add_padding(gd_gen *g, gd_env *env, const char *core, gd_text *in, gd_example *e, int reg) {
    size_t pad = gd_pick(g, "pads", GD_PADS), tail = gd_pick(g, "tails", GD_TAILS);
    bool has_pad = gd_chance(g, 0.75);
    if (has_pad) {
        gd_put(in, gd_pads[pad]);
        gd_put(in, " ");
        gd_append_id(e, "pads", pad);
    }
    put_core(g, env, core, reg, has_pad, in);
    if (!has_pad || gd_chance(g, 0.5)) {
        gd_put(in, ", ");
        gd_put(in, gd_closings[tail]);
        gd_append_id(e, "tails", tail);
    }
}
bool gd_make_rewrite(gd_gen *g, gd_example *e, int kind) {
    static const char *const tasks[] = {"short", "friendly", "formal"};
    size_t i = gd_pick(g, "cores", GD_CORES);
    const char *core = gd_cores[i];
    bool named = gd_chance(g, 0.3);
    gd_text in, out;
    e->task = tasks[kind];
    gd_append_id(e, "cores", i);
    gd_clear(&in);
    gd_clear(&out);
    if (named) {
        gd_expand(g, &e->env, kind == 2 ? "{hey |hi |}$first9, " : "$first9, ", &in);
        gd_expand(g, &e->env, kind == 1 ? "Hi $first9! " : kind == 2 ? "Dear $first9, " : "$first9, ", &out);
    } else {
        if (kind == 2) gd_expand(g, &e->env, "{hey, |hi, |yo, |||}", &in);
        if (kind == 1) gd_put(&out, "Hi! ");
    }
    if (in.n && in.s[in.n - 1] != ' ') gd_put(&in, " "); /* a template ends without its blanks */
    if (out.n && out.s[out.n - 1] != ' ') gd_put(&out, " ");
    if (kind == 0) add_padding(g, &e->env, core, &in, e, gd_chance(g, 0.5) ? GD_FORMAL : GD_PLAIN);
    else put_core(g, &e->env, core, kind == 1 ? (int)gd_random(g, 2) : GD_CASUAL, in.n > 0, &in);
    const size_t begin = out.n;
    put_core(g, &e->env, core, kind == 2 ? GD_FORMAL : GD_CASUAL, (named && kind != 1), &out);
    end_sentence(&in, question_core(in.s));
    end_sentence(&out, question_core(out.s + begin));
    if (kind == 1) gd_put(&out, " Thank you so much!");
    if (kind == 2) gd_put(&out, " Kind regards");
    gd_append(e->prompt, sizeof e->prompt, kind == 0 ? "<|short|> " : kind == 1 ? "<|friendly|> " : "<|formal|> ");
    gd_append(e->prompt, sizeof e->prompt, in.s);
    gd_append(e->prompt, sizeof e->prompt, "<|out|>");
    snprintf(e->answer, sizeof e->answer, " %.2000s", out.s);
    return !in.cut && !out.cut;
}

/* --- titles and summaries ---------------------------------------------------------------------------------------- */
typedef struct gd_story {
    const char *say, *title, *sum;
} gd_story;
static const gd_story gd_stories[] = {
    {"{Talked to|Spoke with|Had a call with} $person about $topic. {It went well|They had many questions|We were quick}. "
     "{They want|We agreed on} the $doc by $date.",
     "Call with $person about $topic", "$person needs the $doc by $date"},
    {"{The|Today the} $event in $place was {long|nice|useful}. $person showed $thing. Next time is $date.",
     "$event in $place", "Next $event is $date"},
    {"{We need|I have to get|Must buy} $food, $food2 and $food3 for the $event. {$person brings the drinks.|The rest is "
     "there.|} It starts at $clock.",
     "Shopping for the $event", "Buy $food, $food2 and $food3 for the $event"},
    {"$person {told me|said} that $thing will cost $price. {That is too much.|We can pay later.|I will think about it.} {The "
     "offer ends|Answer} by $date.",
     "Offer from $person for $thing", "$thing costs $price, answer by $date"},
    {"{Trip to|Going to|Travel to} $place on $date. {Hotel is|We stay at|Booked hotel} $made. The train leaves at $clock. {Do "
     "not forget the passport.|Pack light.|}",
     "Trip to $place", "Train to $place leaves at $clock on $date"},
    {"{Doctor said|The doctor told me|At the clinic they said} to take $amount of $drug $often. {No sport for a week.|Drink a "
     "lot.|} Next visit on $date.",
     "Doctor's advice on $drug", "Take $amount of $drug $often"},
    {"{Idea:|An idea:|New idea:} {make|start|plan} a $hobby group with $person. {We could meet|Meet} at the $shop every "
     "$weekday. {It should be free.|Costs nothing.|}",
     "Idea for a $hobby group", "Start a $hobby group with $person every $weekday"},
    {"{The $machine makes a strange noise|The $machine is broken|The $machine stopped again}. {Called|Phoned|Asked} $person, "
     "who can come $day at $clock. {It will cost|The price is} $price.",
     "Repair of the $machine", "$person repairs the $machine $day for $price"},
    {"{Met|Ran into|Saw} $person at the $shop. {She|He} now works as a $job in $place. {We want to have lunch soon.|Nice "
     "chat.|} New number is $phone.",
     "Met $person at the $shop", "$person is now a $job in $place"},
    {"{The $team meets|Meeting of the $team} on $date at $clock. {We talk about|The subject is|It is about} $topic. $person "
     "{writes the minutes|leads it|will present}.",
     "Meeting of the $team", "The $team meets on $date about $topic"},
    {"{Recipe from|This is how to cook it, from|Dinner by} $person: {fry|mix|cook} $food with $food2, then add $food3. {Leave "
     "it in the oven|Bake it|Wait} for $num minutes.",
     "Recipe from $person with $food", "Cook $food with $food2 and $food3"},
    {"{Guests for|People at|Coming to} the $event: $person, $person2 and $first. {We need $num chairs.|There is room for "
     "$num.|} {It starts|Doors open} at $clock.",
     "Guests for the $event", "$person, $person2 and $first come to the $event"},
    {"{$person lent me|I borrowed} $goods from $person {in the summer|last week}. {I must give it back|It has to go back|"
     "Return it} by $date to $street.",
     "Return $goods to $person", "Return $goods to $person by $date"},
    {"{Started|Began|I am now} learning $hobby {with $person|in $place} {today|this week}. {It is harder than I thought.|"
     "Great fun.} Lessons are every $weekday at $clock.",
     "Learning $hobby", "$hobby lessons every $weekday at $clock"},
    {"{House viewing|Looked at the flat|Saw a house} at $street. {The rent is|They ask for} $price. {The kitchen is small.|"
     "Nice view.|Quiet street.} $person will call back by $date.",
     "Viewing at $street", "The flat at $street costs $price"},
    {"{The $pet|Our $animal $pet} {was ill|did not eat|has a sore paw}. {The vet gave|We got} $drug, $amount $often. {Go back|"
     "Check again} on $date.",
     "$pet at the vet", "Give $pet $amount of $drug $often"},
    {"{Parents met|Parent evening} at the school. {Teacher|The teacher} $person {talked about|explained} $topic. The trip to "
     "$place is on $date and costs $price.",
     "School: $topic and trip to $place", "Trip to $place on $date costs $price"},
    {"{Need to|Must|I have to} $todo before $date. {$person can help.|It is urgent.|It may take all day.} {The budget is|It "
     "can cost} $price.",
     "$todo before $date", "$todo before $date, budget $price"},
};
enum { GD_STORIES = sizeof gd_stories / sizeof gd_stories[0] };
bool gd_make_title(gd_gen *g, gd_example *e, bool summary) {
    size_t i = gd_pick(g, "stories", GD_STORIES);
    gd_text in, out;
    gd_append_id(e, "stories", i);
    gd_clear(&in);
    gd_clear(&out);
    gd_expand(g, &e->env, gd_stories[i].say, &in);
    gd_expand(g, &e->env, summary ? gd_stories[i].sum : gd_stories[i].title, &out);
    e->task = summary ? "summary" : "title";
    gd_append(e->prompt, sizeof e->prompt, summary ? "<|summary|> " : "<|title|> ");
    gd_append(e->prompt, sizeof e->prompt, in.s);
    gd_append(e->prompt, sizeof e->prompt, "<|out|>");
    snprintf(e->answer, sizeof e->answer, " %.2000s", out.s);
    /* what the note did not say cannot be in its title */
    for (size_t k = 0; k < e->env.n; k++)
        if (strstr(out.s, e->env.slot[k].value) && !strstr(in.s, e->env.slot[k].value)) return false;
    return !in.cut && !out.cut;
}

/* --- copying --------------------------------------------------------------------------------------------------------- */
/* Pieces in no order, to be said again: all of them, or those after a given one. What a small model learns first from this
 * (look for what stood before, go on from there) every other task needs. */
enum { GD_PIECES = 20 };
static void make_piece(gd_gen *g, gd_env *env, char *out, size_t cap) {
    static const char *const kinds[] = {"made", "code", "phone", "price", "small", "first", "city", "food", "clock", "hobby",
     "thing",
                                        "date", "flight", "keep", "color", "tidy", "job", "network"};
    uint32_t kind = gd_random(g, 24);
    out[0] = 0;
    env->n = 0;
    if (kind < 18) {
        snprintf(out, cap, "%s", gd_value(g, env, kinds[kind]));
        return;
    }
    for (uint32_t n = 1 + gd_random(g, 6), i = 0; i < n && i + 1 < cap; i++) {
        out[i] = (char)((kind & 1 ? 'a' : 'A') + (char)gd_random(g, 26));
        out[i + 1] = 0;
    }
}
bool gd_make_copy(gd_gen *g, gd_example *e) {
    char piece[GD_PIECES][256];
    uint32_t n = 2 + gd_random(g, GD_PIECES - 2), key = gd_random(g, n - 1);
    const bool all = gd_chance(g, 0.5);
    e->task = "copy";
    gd_append(e->id, sizeof e->id, all ? "copy.0" : "copy.1");
    gd_append(e->prompt, sizeof e->prompt, "<|copy|>");
    for (uint32_t i = 0; i < n; i++) {
        make_piece(g, &e->env, piece[i], sizeof piece[i]);
        gd_append(e->prompt, sizeof e->prompt, " ");
        gd_append(e->prompt, sizeof e->prompt, piece[i]);
    }
    for (uint32_t i = 0; i < n && !all; i++)
        if (i != key && strstr(piece[i], piece[key])) return false; /* where to go on must be plain */
    if (!all) {
        gd_append(e->prompt, sizeof e->prompt, "<|user|> ");
        gd_append(e->prompt, sizeof e->prompt, piece[key]);
    }
    gd_append(e->prompt, sizeof e->prompt, "<|out|>");
    for (uint32_t i = all ? 0 : key + 1; i < n; i++) {
        gd_append(e->answer, sizeof e->answer, " ");
        gd_append(e->answer, sizeof e->answer, piece[i]);
    }
    return true;
}

/* --- the mixture --------------------------------------------------------------------------------------------------- */
void gd_make_task(gd_gen *g, const char *task, gd_example *e) {
    bool ok = false;
    while (!ok) {
        memset(e, 0, sizeof *e);
        e->env.reg = GD_PLAIN;
        if (strcmp(task, "intent") == 0) ok = gd_make_intent(g, e);
        else if (strcmp(task, "call") == 0) ok = gd_make_call(g, e);
        else if (strcmp(task, "answer") == 0) ok = gd_make_answer(g, e);
        else if (strcmp(task, "short") == 0) ok = gd_make_rewrite(g, e, 0);
        else if (strcmp(task, "friendly") == 0) ok = gd_make_rewrite(g, e, 1);
        else if (strcmp(task, "formal") == 0) ok = gd_make_rewrite(g, e, 2);
        else if (strcmp(task, "title") == 0) ok = gd_make_title(g, e, false);
        else if (strcmp(task, "summary") == 0) ok = gd_make_title(g, e, true);
        else if (strcmp(task, "copy") == 0) ok = gd_make_copy(g, e);
        else ok = gd_make_same(g, e);
    }
}
void gd_make(gd_gen *g, gd_example *e) {
    static const char *const mix[] = {"intent", "intent", "intent", "call",  "call",  "call",  "call",     "call",   "answer",
     "answer",
                                      "answer", "answer", "answer", "short", "short", "friendly", "formal", "title",
                                       "summary", "same"};
    gd_make_task(g, gd_chance(g, g->copies) ? "copy" : mix[gd_random(g, 20)], e);
}
