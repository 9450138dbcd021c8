/* gen_calls.c: what people ask an assistant for: intents, and tool calls whose arguments are spans of the request.
 * A template that begins with '+' may stand between polite words, with '-' behind them only. */
#include "tools/default/gen.h"
#include <stdio.h>
#include <string.h>

enum { GD_MAX_TEMPLATES = 26 };
typedef struct gd_set {
    const char *name, *intent, *tool; /* tool NULL: no call */
    const char *args;                 /* "key=slot key=slot"; slot '?': to be asked for; '=word': that word */
    const char *t[GD_MAX_TEMPLATES];
    const char *more[6];              /* set: an answer in a second turn that fills what is asked for, or corrects `slot` */
    const char *slot;
} gd_set;

static const char gd_before[] = "{||||please|hey,|can you|could you|could you please|ok|hi,|would you|i need you to|go ahead "
 "and|"
                                "i want you to|can you please|i'd like you to|hey hearth,|hearth,|would you mind, just|quick "
                                 "one:|"
                                "so|and|also}";
static const char gd_after[] = "{|||||please|thanks|for me|thank you|now|for me please|, thanks}";

static const gd_set gd_sets[] = {
    {"rem", "reminder", "reminder_add", "what=todo when=when",
     {"+remind me to $todo $when", "+remind me $when to $todo", "+set a reminder to $todo $when",
      "+set a reminder $when to $todo",
      "+add a reminder $when: $todo", "+create a reminder to $todo $when", "-don't let me forget to $todo $when",
      "i need a reminder to $todo $when", "i have to $todo $when, remind me", "i must $todo $when, can you remind me",
      "+make a reminder for $when: $todo", "+give me a reminder $when to $todo", "reminder: $todo $when",
       "reminder $when: $todo",
      "$when remind me to $todo", "i should $todo $when, set a reminder", "don't let me forget: $todo $when",
      "+schedule a reminder to $todo $when", "i will forget to $todo $when unless you remind me",
      "+put in a reminder for $when to $todo", "i want to be reminded to $todo $when", "+remind me that i have to $todo $when",
      "remember to remind me to $todo $when", "+ping me $when to $todo"},
     {"no, {make it|make that} $new", "{actually|sorry,} $new", "{change|move} {it|that} to $new", "not $when, $new",
      "$new instead",
      "{wait, |hm, }$new is better"},
     "when"},
    {"remask", "reminder", "reminder_add", "what=todo when=?",
     {"+remind me to $todo", "+set a reminder to $todo", "+add a reminder to $todo", "-don't let me forget to $todo",
      "i need a reminder to $todo", "i have to $todo, remind me", "+create a reminder: $todo", "reminder: $todo",
      "i want to be reminded to $todo", "i must $todo, set a reminder", "+make a reminder to $todo",
       "+give me a reminder to $todo"},
     {"$new", "{at best|let's say|maybe} $new", "$new please", "make it $new", "i think $new", "$new would be good"},
     "when"},
    {"remoff", "reminder", "reminder_cancel", "what=todo",
     {"+cancel the reminder to $todo", "+delete my reminder to $todo", "+remove the reminder to $todo",
      "-forget the reminder to $todo", "i no longer need the reminder to $todo", "+drop the reminder to $todo",
      "no need to remind me to $todo", "you don't have to remind me to $todo", "+clear the reminder: $todo",
      "-stop reminding me to $todo", "the reminder to $todo can go", "+take away the reminder to $todo"}, {0}, 0},
    {"tim", "timer", "timer_start", "time=span",
     {"+set a timer for $span", "+start a timer for $span", "+set a $span timer", "+start a $span timer", "timer $span",
      "+give me a timer of $span", "+count down $span", "+start a countdown of $span", "timer for $span", "$span timer",
      "i need a timer for $span", "+time $span", "+put $span on the timer", "+set the timer to $span", "countdown $span",
      "start counting down $span", "+make a timer for $span", "+run a timer for $span"},
     {"no, {make it|make that} $new", "{actually|sorry,} $new", "{change|set} {it|that} to $new", "$new instead",
      "make it $new",
      "not $span, $new"},
     "span"},
    {"timname", "timer", "timer_start", "time=span name=dish",
     {"+set a timer for $span for the $dish", "+start a $dish timer for $span", "the $dish needs $span, set a timer",
      "+set a $dish timer for $span", "+set a timer called $dish for $span", "the $dish takes $span, start a timer",
      "$dish timer, $span", "+start a timer of $span for the $dish", "$span timer for the $dish", "+time the $dish for $span",
      "i put in the $dish, set a timer for $span", "timer for the $dish: $span"}, {0}, 0},
    {"timoff", "timer", "timer_stop", "",
     {"+stop the timer", "+cancel the timer", "+turn off the timer", "stop the countdown", "+end the timer", "timer off",
      "+clear the timer", "+cancel the countdown", "the timer can stop", "+switch off the timer", "enough, stop the timer",
      "i don't need the timer any more"}, {0}, 0},
    {"alarm", "timer", "alarm_set", "when=waking",
     {"+wake me up $waking", "+wake me $waking", "+set an alarm for $waking", "+set my alarm $waking", "alarm $waking",
      "i need an alarm $waking", "i have to get up $waking, set an alarm", "+make an alarm $waking", "alarm for $waking please",
      "i want to get up $waking, wake me", "+put on an alarm for $waking", "+set the alarm clock for $waking"},
     {"no, {make it|make that} $new", "{actually|sorry,} $new", "$new instead", "make it $new", "{change|move} it to $new",
      "not $waking, $new"},
     "waking"},
    {"note", "note", "note_add", "text=fact",
     {"-note that $fact", "-make a note that $fact", "-take a note: $fact", "-write down that $fact", "-write this down: $fact",
      "note: $fact", "-save a note: $fact", "-add a note: $fact", "-remember that $fact", "-jot down that $fact",
      "-note down: $fact", "new note: $fact", "-keep a note: $fact", "-create a note saying $fact",
       "-put in my notes that $fact",
      "for my notes: $fact", "-store this: $fact", "-save this: $fact", "-make a note: $fact", "-remember this: $fact"}, {0},
       0},
    {"notefind", "note", "note_find", "about=topic",
     {"+find my note about $topic", "+show my notes about $topic", "+{open|bring up} the note about $topic",
      "+search my notes for $topic",
      "+look for the note on $topic", "show me what i wrote about $topic", "+bring up my notes on $topic", "notes about $topic",
      "+pull up the note on $topic", "i need my notes about $topic", "+list my notes about $topic",
       "+get me the note about $topic"},
     {0}, 0},
    {"ladd", "list", "list_add", "list=list item=item",
     {"+add $item to my $list", "+put $item on the $list", "+add $item to the $list", "+put $item on my $list",
      "$item on the $list",
      "my $list needs $item", "+write $item on the $list", "+append $item to my $list", "i need $item on my $list",
      "$list: add $item", "add to my $list: $item", "+include $item on the $list", "we need $item, put it on the $list",
      "we are out of $item, add it to the $list", "+put $item down for the $list", "the $list should have $item",
       "to the $list add $item",
      "+note $item on the $list"},
     {"also $new", "and $new", "{and|also} {add|put} $new too", "$new as well", "and $new please", "{oh, |}$new too"},
     "item"},
    {"ldel", "list", "list_remove", "list=list item=item",
     {"+remove $item from my $list", "+take $item off the $list", "+delete $item from the $list", "+cross $item off my $list",
      "+strike $item from the $list", "$item can come off the $list", "i have $item, take it off the $list",
       "+drop $item from the $list",
      "$list: remove $item", "i got $item, cross it off my $list", "we don't need $item, remove it from the $list",
      "+erase $item from my $list"}, {0}, 0},
    {"lshow", "list", "list_show", "list=list",
     {"+show me my $list", "+read my $list", "what is on my $list", "what's on the $list", "+open the $list",
      "+read out the $list",
      "+show the $list", "is there anything on my $list", "+tell me what's on my $list", "+list everything on my $list",
      "+display my $list", "what do i have on the $list"}, {0}, 0},
    {"msg", "message", "message_send", "to=who text=said",
     {"-tell $who that $said", "-tell $who $said", "-text $who $said", "-text $who: $said", "-send $who a message: $said",
      "-message $who: $said", "-send a message to $who saying $said", "-let $who know that $said", "-write $who that $said",
      "-send a text to $who: $said", "-write to $who: $said", "message to $who: $said", "-drop $who a message: $said",
      "-text $who that $said", "-message $who that $said", "-let $who know $said", "send this to $who: $said",
      "-shoot $who a text: $said", "-send $who a text saying $said", "-tell $who: $said"},
     {"{no, |sorry, |wait, |}send it to $new {instead|}", "{no, |sorry, }to $new", "{actually|i meant} $new", "not $who, $new",
      "make that $new", "{i meant |}to $new instead"},
     "who"},
    {"msgask", "message", "message_send", "to=who text=?",
     {"+send a message to $who", "+text $who", "+message $who", "+send $who a message", "+write a message to $who",
      "+write to $who",
      "i want to text $who", "+send a text to $who", "new message to $who", "i need to message $who",
       "+start a message to $who",
      "+drop $who a message"},
     {"$newsaid", "say $newsaid", "tell them $newsaid", "{just say|write} $newsaid", "that $newsaid", "the text is: $newsaid"},
     "said"},
    {"calday", "calendar", "calendar_find", "when=whenday",
     {"what do i have $whenday", "what's on my calendar $whenday", "am i free $whenday", "do i have anything $whenday",
      "+show my calendar for $whenday", "+check my calendar for $whenday", "any appointments $whenday",
       "is there anything $whenday",
      "what is my schedule $whenday", "+tell me my appointments $whenday", "do i have meetings $whenday", "am i busy $whenday",
      "what meetings do i have $whenday", "how does my calendar look $whenday", "what am i doing $whenday",
      "+look up my appointments $whenday", "what's planned $whenday", "my agenda $whenday", "+show me my schedule for $whenday",
      "anything in the calendar $whenday"}, {0}, 0},
    {"calwhat", "calendar", "calendar_find", "what=event",
     {"when is the $event", "when is my $event", "what time is my $event", "when does the $event start",
      "what day is the $event",
      "+look up the $event in my calendar", "+check when my $event is", "+find the $event in my calendar",
       "at what time is the $event",
      "on which day is my $event", "is the $event in my calendar", "when do i have my $event", "+tell me when the $event is",
      "did i put the $event in the calendar"}, {0}, 0},
    {"calwho", "calendar", "calendar_find", "who=who",
     {"when do i meet $who", "when am i meeting $who", "when is my meeting with $who", "when is my appointment with $who",
      "+find my meetings with $who", "do i have a meeting with $who", "what time is the meeting with $who",
       "what time do i {meet|see} $who",
      "+check when i meet $who", "+look up my meeting with $who", "is a meeting with $who in my calendar",
      "which day do i meet $who", "when do i see $who", "+show my appointments with $who"}, {0}, 0},
    {"seton", "setting", "setting_set", "name=switch value==on",
     {"+turn on $switch", "+switch on $switch", "+turn $switch on", "+enable $switch", "+activate $switch", "$switch on",
      "+switch $switch on", "i want $switch on", "+put $switch on", "$switch should be {on|enabled}", "+set $switch to on",
       "i need $switch on[, enable it]"},
     {0}, 0},
    {"setoff", "setting", "setting_set", "name=switch value==off",
     {"+turn off $switch", "+switch off $switch", "+turn $switch off", "+disable $switch", "+deactivate $switch", "$switch off",
      "+switch $switch off", "i want $switch off", "+put $switch off", "$switch should be off", "+set $switch to off",
      "i don't need $switch on, turn it off"}, {0}, 0},
    {"setval", "setting", "setting_set", "name=dial value=level",
     {"+set $dial to $level", "+set the $dial to $level", "+change $dial to $level", "+turn $dial to $level", "$dial to $level",
      "+put $dial at $level", "$dial $level", "i want $dial at $level", "+make $dial $level", "+adjust $dial to $level",
      "+turn the $dial to $level", "+bring $dial to $level", "$dial at $level please", "+move $dial to $level"},
     {"no, {make it|make that} $new", "{actually|sorry,} $new", "$new instead", "make it $new", "{change|set} it to $new",
      "not $level, $new"},
     "level"},
    {"rwshort", "rewrite", 0, "",
     {"make this shorter", "+shorten this", "+rewrite this to be shorter", "+{cut|trim} this down",
      "this is too long, shorten it",
      "+make this text shorter", "+make my message shorter", "+say this in fewer words", "+make that more concise",
      "rewrite it, but shorter", "+shorten my message", "+trim this text"}, {0}, 0},
    {"rwkind", "rewrite", 0, "",
     {"+make this friendlier", "+make this sound friendly", "+rewrite this in a {friendly|polite|warm} tone",
      "this sounds rude, {make it nicer|soften it}",
      "+make my message nicer", "+make it sound warmer", "+rewrite this so it is friendlier", "+make this text more friendly",
      "+say this in a nicer way", "+make it more polite and warm", "+soften this message", "+give this a friendlier tone"},
       {0}, 0},
    {"rwform", "rewrite", 0, "",
     {"+make this more formal", "+make this sound formal", "+rewrite this formally", "+make my message more professional",
      "+{rewrite|word} this in a formal tone", "this is too casual, make it formal", "+make it sound professional",
      "+turn this into a formal message", "+say this in a formal way", "+make this text more formal", "+word this formally",
      "+rewrite it for my boss, more formal"}, {0}, 0},
    {"sum", "summary", 0, "",
     {"+summarize this", "+summarize my note about $topic", "+give me a summary of this note", "+sum this up",
      "+summarize this note",
      "+make a title for this note", "+give this note a title", "what should i call this note", "+find a title for this text",
      "+make a one line summary", "+sum up my note on $topic", "+write a short summary of the note about $topic",
      "+suggest a title for the note about $topic", "a summary of this, please", "what is this note about in one line",
      "+title this note"}, {0}, 0},
    {"hello", "chat", 0, "",
     {"{hello|hi|hey}", "{hello|hi|hey} there", "good {morning|evening|night|day}[ hearth]",
      "{hello|hi|hey}, good {morning|evening}",
      "{thanks|thank you}{ so much| a lot|}", "{thanks|thank you}, {that was helpful|you are great|great job}",
       "how are you[ today]",
      "{hello|hi|hey}, how are you", "you {are great|did well|are funny}", "nice to meet you", "who are you",
       "what is your name",
      "{hello|hi}, {who are you|what is your name}", "bye", "bye, see you {later|tomorrow|soon}",
       "see you {later|tomorrow|soon}",
      "what can you do", "{hello|hi}, what can you do", "tell me {a joke|about yourself|your name}",
       "i am {bored|happy|sad|tired}",
      "i am so {bored|happy|tired}, tell me a joke", "great job, {thanks|thank you}", "how do you do",
       "{nice|good|great}, {thanks|thank you}"},
     {0}, 0},
    {"web", "other", 0, "",
     {"what's the weather in $place", "will it rain $whenday", "what is the weather like $whenday", "+play some music",
      "+play a song by $made", "who {won the match|became president} $whenday", "+translate $food into french",
       "what is the capital of $made",
      "+order a pizza", "+buy $goods online", "how do i get to $place", "+book a flight to $place",
      "what is $small times $small2", "+show me the news", "who is the president of $made", "how tall is the tower in $place",
      "+find a {restaurant|hotel} in $place", "+translate good morning into spanish", "what are the news about $made",
       "+call a taxi to $place",
      "{how many people live in|which country has the capital} $place", "+play {the song $made|music by $made}",
       "what is $small plus $small2", "+book a hotel in $place"},
       {0}, 0},
};
enum { GD_SETS = sizeof gd_sets / sizeof gd_sets[0] };

static size_t count_templates(const gd_set *s) {
    size_t n = 0;
    while (n < GD_MAX_TEMPLATES && s->t[n]) n++;
    return n;
}
static void close_text(gd_gen *g, gd_text *t, bool question) {
    if (t->n && strchr(".?!", t->s[t->n - 1])) return;
    if (question) gd_expand(g, NULL, "{||?|?|?}", t);
    else gd_expand(g, NULL, "{||||.|.|!}", t);
}
/* one request of a set, as a person would write it */
static void write_request(gd_gen *g, const gd_set *s, gd_env *env, gd_text *t, gd_example *e) {
    size_t i = gd_pick(g, s->name, count_templates(s));
    const char *p = s->t[i];
    bool before = *p == '+' || *p == '-', after = *p == '+';
    char first[8] = "";
    gd_append_id(e, s->name, i);
    gd_clear(t);
    t->capital = gd_chance(g, 0.4);
    if (before) gd_expand(g, env, gd_before, t);
    if (t->n) gd_put(t, " ");
    if (before) p++;
    gd_expand(g, env, p, t);
    if (after && gd_chance(g, 0.4)) {
        gd_put(t, " ");
        gd_expand(g, env, gd_after, t);
    }
    while (t->n && t->s[t->n - 1] == ' ') t->s[--t->n] = 0;
    gd_slip(g, t);
    memcpy(first, p, strlen(p) < 4 ? strlen(p) : 4);
    close_text(g, t, strncmp(first, "wh", 2) == 0 || strncmp(first, "how", 3) == 0 || strncmp(first, "am i", 4) == 0 ||
                         strncmp(first, "do i", 4) == 0 || strncmp(first, "is ", 3) == 0 || strncmp(first, "any", 3) == 0);
}
static void write_call(gd_gen *g, const gd_set *s, gd_env *env, const char *slot, const char *put, char *out, size_t cap) {
    const char *p = s->args;
    out[0] = 0;
    gd_append(out, cap, " ");
    gd_append(out, cap, s->tool);
    while (*p) {
        char key[16], from[16];
        int n = 0;
        if (sscanf(p, "%15[a-z]=%15[a-z?=]%n", key, from, &n) != 2) return;
        p += n;
        while (*p == ' ') p++;
        gd_append(out, cap, "\n");
        gd_append(out, cap, key);
        gd_append(out, cap, ": ");
        if (slot && (strcmp(from, slot) == 0 || from[0] == '?')) gd_append(out, cap, put);
        else if (from[0] == '=') gd_append(out, cap, from + 1);
        else gd_append(out, cap, from[0] == '?' ? "?" : gd_value(g, env, from));
    }
}
/* "again" for a list is a call of its own; for the rest the corrected call */
static void add_turn(gd_gen *g, const gd_set *s, gd_example *e) {
    gd_text t;
    char name[32], new_value[256];
    size_t n = 0, i;
    while (n < 6 && s->more[n]) n++;
    snprintf(name, sizeof name, "%s_again", s->name);
    i = gd_pick(g, name, n);
    gd_append_id(e, name, i);
    if (e->env.n + 2 > GD_SLOTS) return;
    /* the new value: of the slot's kind, known to the template as $new or $newsaid */
    snprintf(new_value, sizeof new_value, "%s2", s->slot);
    gd_slot made = {"", ""};
    snprintf(made.value, sizeof made.value, "%s", gd_value(g, &e->env, new_value));
    snprintf(made.name, sizeof made.name, "%s", strcmp(s->slot, "said") == 0 ? "newsaid" : "new");
    e->env.slot[e->env.n++] = made;
    gd_clear(&t);
    gd_expand(g, &e->env, s->more[i], &t);
    gd_slip(g, &t);
    close_text(g, &t, false);
    gd_append(e->prompt, sizeof e->prompt, "<|out|>");
    gd_append(e->prompt, sizeof e->prompt, e->answer);
    gd_append(e->prompt, sizeof e->prompt, "<|user|> ");
    gd_append(e->prompt, sizeof e->prompt, t.s);
    write_call(g, s, &e->env, s->slot, made.value, e->answer, sizeof e->answer);
}
static bool is_call(const gd_set *s) { return s->tool != NULL; }

bool gd_make_call(gd_gen *g, gd_example *e) {
    const gd_set *s;
    gd_text t;
    do s = &gd_sets[gd_random(g, GD_SETS)];
    while (!is_call(s));
    write_request(g, s, &e->env, &t, e);
    e->task = "call";
    gd_append(e->prompt, sizeof e->prompt, "<|call|> ");
    gd_append(e->prompt, sizeof e->prompt, t.s);
    write_call(g, s, &e->env, NULL, NULL, e->answer, sizeof e->answer);
    if (s->more[0] && gd_chance(g, 0.25)) add_turn(g, s, e);
    gd_append(e->prompt, sizeof e->prompt, "<|out|>");
    return !t.cut;
}
/* questions about the user's own things are the intent "ask": their templates stand in gen_notes.c */
bool gd_make_intent(gd_gen *g, gd_example *e) {
    static const char *const intents[] = {"reminder", "timer", "note",    "list",    "message", "calendar",
                                          "setting",  "ask",   "rewrite", "summary", "chat",    "other"};
    const char *intent = intents[gd_random(g, 12)];
    gd_text t, note;
    if (strcmp(intent, "ask") == 0) {
        char answer[256];
        gd_clear(&note);
        gd_fact(g, gd_random(g, (uint32_t)gd_n_facts), &e->env, &note, &t, answer, sizeof answer, e);
    } else {
        const gd_set *s;
        do s = &gd_sets[gd_random(g, GD_SETS)];
        while (strcmp(s->intent, intent) != 0);
        write_request(g, s, &e->env, &t, e);
    }
    e->task = "intent";
    gd_append(e->prompt, sizeof e->prompt, "<|intent|> ");
    gd_append(e->prompt, sizeof e->prompt, t.s);
    gd_append(e->prompt, sizeof e->prompt, "<|out|>");
    snprintf(e->answer, sizeof e->answer, " %s", intent);
    return !t.cut;
}
/* the same request twice: another template, the same slots */
bool gd_make_same(gd_gen *g, gd_example *e) {
    gd_text a, b;
    if (gd_chance(g, 0.5)) {
        if (!gd_question_pair(g, &a, &b, e)) return false;
    } else {
        const gd_set *s = &gd_sets[gd_random(g, GD_SETS)];
        if (strcmp(s->intent, "chat") == 0 || strcmp(s->intent, "other") == 0) return false;
        write_request(g, s, &e->env, &a, e);
        write_request(g, s, &e->env, &b, e);
    }
    if (strcmp(a.s, b.s) == 0) return false;
    e->task = "same";
    gd_append(e->prompt, sizeof e->prompt, "<|same|> ");
    gd_append(e->prompt, sizeof e->prompt, a.s);
    gd_append(e->prompt, sizeof e->prompt, "<|out|>");
    snprintf(e->answer, sizeof e->answer, " %.2000s", b.s);
    return !a.cut && !b.cut;
}
