/* gen_notes.c: questions about the user's notes. A note states one fact (often more text stands around it); the answer is a
 * span of it. Notes about another person with the same kind of fact, and about the same person with another kind, stand beside
 * it; when the fact itself is not among them the answer is that the notes do not hold it. */
#include "tools/default/gen.h"
#include <stdio.h>
#include <string.h>

enum { GD_MAX_FORMS = 14, GD_MAX_NOTES = 5 };
typedef struct gd_attr {
    const char *name, *about, *answer; /* slots: whom or what it is about, what is asked for */
    const char *says[GD_MAX_FORMS], *asks[GD_MAX_FORMS];
} gd_attr;

static const gd_attr gd_attrs[] = {
    {"birthday", "person", "date",
     {"$person's birthday is $date", "$person was born on $date", "birthday of $person: $date",
      "$person has her birthday on $date",
      "$person celebrates his birthday on $date", "birthday: $person, $date", "don't forget $person's birthday on $date",
      "$person's birthday party is always on $date"},
     {"when is $person's birthday", "what is $person's birthday", "when was $person born", "when does $person have a birthday",
      "on which day is $person's birthday", "what day is $person's birthday", "do you know $person's birthday",
      "what date is the birthday of $person", "when does $person celebrate the birthday", "$person's birthday"}},
    {"phone", "person", "phone",
     {"$person's number is $phone", "$person's phone number is $phone", "call $person at $phone", "phone of $person: $phone",
      "you can reach $person at $phone", "new phone number of $person: $phone", "$person, phone $phone",
       "number for $person: $phone"},
     {"what is $person's number", "what is $person's phone number", "what's the phone number of $person",
      "how can i reach $person",
      "which number does $person have", "how do i call $person", "what is the number of $person",
       "on which number can i call $person",
      "do i have $person's phone number", "$person's phone number"}},
    {"address", "person", "street",
     {"$person lives at $street", "$person's address is $street", "address of $person: $street", "$person moved to $street",
      "new address for $person: $street", "$person has a flat at $street", "send post for $person to $street",
      "$person's new home is at $street"},
     {"what is $person's address", "where does $person live", "what's the address of $person",
      "at which address does $person live",
      "what is the address of $person's home", "which street does $person live in", "do i have the address of $person",
      "where is $person's home", "what address does $person have", "$person's address"}},
    {"city", "person", "place",
     {"$person moved to $place last year", "$person works in $place", "$person is from $place", "$person grew up in $place",
      "$person has an office in $place", "$person studies in $place", "$person spends the summer in $place"},
     {"which city is $person in", "what city is $person in", "which town is $person linked to",
      "which city did i note for $person",
      "what town did i write down for $person", "in which city is $person", "what place did i note for $person",
      "which place is $person linked to"}},
    {"hobby", "person", "hobby",
     {"$person's hobby is $hobby", "$person loves $hobby", "$person is really into $hobby", "$person started $hobby this year",
      "in her free time $person does $hobby", "$person enjoys $hobby", "$person spends every weekend with $hobby"},
     {"what is $person's hobby", "what does $person like to do", "what does $person do in the free time",
      "which hobby does $person have",
      "what hobby does $person enjoy", "what is $person into", "what hobby did $person start", "$person's hobby"}},
    {"job", "person", "job",
     {"$person works as a $job", "$person is a $job", "$person's job: $job", "$person has a new job as a $job",
      "$person became a $job", "$person is a $job by profession", "$person trained as a $job"},
     {"what is $person's job", "what does $person do for a living", "what does $person work as", "which job does $person have",
      "what is $person's profession", "what job does $person do", "what work does $person do", "$person's job"}},
    {"allergy", "person", "food",
     {"$person is allergic to $food", "$person can't eat $food", "no $food for $person, allergy",
      "$person has an allergy to $food",
      "$person gets a rash from $food", "allergy: $person must not eat $food", "careful, $person is allergic to $food"},
     {"what is $person allergic to", "what can $person not eat", "which allergy does $person have", "what can't $person eat",
      "what allergy does $person have", "what food is $person allergic to", "what must $person not eat", "$person's allergy"}},
    {"likes", "person", "food",
     {"$person's favorite food is $food", "$person likes $food best", "$person's favorite is $food",
      "$person loves to eat $food",
      "$person always orders $food", "$person would eat $food every day", "favorite food of $person: $food"},
     {"what is $person's favorite food", "what does $person like to eat", "which food does $person like best",
      "what does $person love to eat", "what food does $person always order", "what is the favorite food of $person",
      "what does $person eat every day", "which food is $person's favorite"}},
    {"gift", "person", "goods",
     {"gift idea for $person: $goods", "$person would like $goods", "$person wants $goods for christmas",
      "get $person $goods as a gift",
      "present for $person: $goods", "$person said she would love $goods", "$person wishes for $goods"},
     {"what does $person want as a gift", "what gift can i get for $person", "what would $person like",
      "what is a gift idea for $person",
      "which present does $person want", "what does $person wish for", "what present should i get $person",
      "what does $person want for christmas"}},
    {"shoe", "person", "small",
     {"$person wears shoe size $small", "$person's shoe size is $small", "shoe size of $person: $small",
      "shoes for $person: size $small",
      "$person needs size $small in shoes", "$person has size $small shoes"},
     {"what is $person's shoe size", "which shoe size does $person wear", "what shoe size does $person have",
      "what size are $person's shoes",
      "what shoe size does $person need", "which size of shoes fits $person", "$person's shoe size"}},
    {"debt", "person", "price",
     {"$person owes me $price", "i lent $person $price", "$person borrowed $price from me",
      "$person still has to pay me $price",
      "lent $price to $person", "$person has to give back $price", "i paid $price for $person"},
     {"how much does $person owe me", "how much did i lend $person", "how much money did $person borrow",
      "what does $person owe me",
      "how much does $person have to pay me", "how much money do i get from $person", "how much did $person borrow from me",
      "how much does $person have to give back"}},
    {"kept", "keep", "spot",
     {"the $keep is in $spot", "i put the $keep in $spot", "$keep: in $spot", "i keep the $keep in $spot",
      "the $keep is now in $spot",
      "moved the $keep, it is in $spot", "stored the $keep in $spot", "you find the $keep in $spot"},
     {"where is the $keep", "where is my $keep", "where did i put the $keep", "where do i keep the $keep",
      "where can i find the $keep",
      "in which place is the $keep", "where did i store the $keep", "where have i put my $keep",
       "what did i put the $keep in"}},
    {"wifi", "shop", "network",
     {"the wifi at the $shop is $network", "wifi password at the $shop: $network", "$shop wifi: $network",
      "the $shop has wifi, the password is $network", "password of the wifi in the $shop: $network",
       "the $shop uses the wifi password $network"},
     {"what is the wifi password at the $shop", "what's the wifi at the $shop", "which wifi password does the $shop have",
      "what is the password of the wifi in the $shop", "how do i get into the wifi at the $shop",
       "what wifi password does the $shop use"}},
    {"opens", "shop", "clock",
     {"the $shop opens at $clock", "opening time of the $shop: $clock", "the $shop is open from $clock",
      "the $shop does not open before $clock",
      "$shop: opens $clock", "doors of the $shop open at $clock"},
     {"when does the $shop open", "what time does the $shop open", "from when is the $shop open",
      "at what time does the $shop open",
      "when is the $shop open", "what is the opening time of the $shop", "how early does the $shop open"}},
    {"closes", "shop", "clock",
     {"the $shop closes at $clock", "closing time of the $shop: $clock", "the $shop is open until $clock",
      "the $shop shuts at $clock",
      "$shop: closes $clock", "doors of the $shop close at $clock"},
     {"when does the $shop close", "what time does the $shop close", "until when is the $shop open",
      "at what time does the $shop close",
      "what is the closing time of the $shop", "how late is the $shop open", "when does the $shop shut"}},
    {"door", "shop", "code",
     {"the door code of the $shop is $code", "door code $shop: $code", "to get into the $shop type $code",
      "code for the $shop door: $code",
      "the $shop has the door code $code", "$code opens the door of the $shop"},
     {"what is the door code of the $shop", "what's the code for the $shop", "how do i get into the $shop",
      "which code opens the $shop door", "what door code does the $shop have", "what code do i type at the $shop door"}},
    {"flight", "place", "flight",
     {"the flight to $place is $flight", "flight number to $place: $flight", "i fly to $place with $flight",
      "booked $flight to $place",
      "we take flight $flight to $place", "my flight to $place has the number $flight"},
     {"what is my flight number to $place", "which flight do i take to $place", "what flight goes to $place",
      "what is the flight to $place",
      "which flight did i book to $place", "what number has my flight to $place"}},
    {"hotel", "place", "made",
     {"the hotel in $place is called $made", "we stay at hotel $made in $place", "hotel in $place: $made",
      "booked hotel $made in $place",
      "in $place i stay at the $made hotel", "my room in $place is in the hotel $made"},
     {"which hotel do i have in $place", "what is the hotel in $place called", "where do i stay in $place",
      "what hotel did i book in $place",
      "what is the name of the hotel in $place", "in which hotel do we stay in $place"}},
    {"dose", "drug", "amount",
     {"take $amount of $drug", "the dose of $drug is $amount", "$drug: $amount", "doctor says $amount of $drug",
      "dose for $drug: $amount",
      "i have to take $amount of $drug at night"},
     {"how much $drug do i take", "what is the dose of $drug", "how much $drug should i take", "which dose of $drug do i need",
      "what dose of $drug did the doctor say", "how much $drug did the doctor say", "what is my dose of $drug"}},
    {"water", "plant", "often",
     {"water the $plant $often", "the $plant needs water $often", "$plant: water it $often", "the $plant gets water $often",
      "watering the $plant: $often", "give the $plant some water $often"},
     {"how often do i water the $plant", "how often does the $plant need water", "when do i water the $plant",
      "how often should i give the $plant water", "how often does the $plant get water",
       "how often must the $plant be watered"}},
    {"bill", "bill", "price",
     {"the $bill is $price a month", "$bill: $price", "i pay $price for the $bill", "the $bill costs $price",
      "the $bill went up to $price",
      "paid $price for the $bill"},
     {"how much is the $bill", "what do i pay for the $bill", "how much do i pay for the $bill", "what does the $bill cost",
      "how much does the $bill cost", "what is the price of the $bill", "how high is the $bill"}},
    {"serial", "machine", "code",
     {"serial number of the $machine: $code", "the $machine has the serial number $code", "$machine serial number $code",
      "the serial number of the $machine is $code", "for the service: $machine, serial number $code",
       "model of the $machine: serial number $code"},
     {"what is the serial number of the $machine", "which serial number does the $machine have",
      "what's the $machine's serial number",
      "do i have the serial number of the $machine", "what serial number has the $machine", "$machine serial number"}},
    {"bought", "machine", "date",
     {"bought the $machine on $date", "the $machine was bought on $date", "we got the $machine on $date",
      "$machine bought $date",
      "i bought a new $machine on $date", "the new $machine came on $date"},
     {"when did i buy the $machine", "when was the $machine bought", "since when do we have the $machine",
      "when did we get the $machine",
      "on which day did i buy the $machine", "what date did i buy the $machine", "when did the new $machine come"}},
    {"paint", "room", "color",
     {"the $room is painted $color", "paint for the $room: $color", "the walls of the $room are $color",
      "we paint the $room $color",
      "color of the $room: $color", "the $room gets $color walls"},
     {"what color is the $room", "which color is the $room painted", "what color are the walls of the $room",
      "which paint is for the $room", "in what color do we paint the $room", "what is the color of the $room"}},
    {"train", "place", "clock",
     {"the train to $place leaves at $clock", "train to $place: $clock", "the train to $place is at $clock",
      "my train to $place goes at $clock",
      "take the $clock train to $place", "we take the train to $place at $clock"},
     {"when does the train to $place leave", "what time is the train to $place", "at what time does the train to $place leave",
      "when does my train to $place go", "which train do i take to $place", "what time does my train to $place leave"}},
    {"cost", "goods", "price",
     {"$goods costs $price", "price of $goods: $price", "saw $goods for $price", "$goods was $price",
      "i paid $price for $goods",
      "$goods is on sale for $price"},
     {"how much is $goods", "what does $goods cost", "what was the price of $goods", "how much did i pay for $goods",
      "how much does $goods cost", "what did $goods cost"}},
};
const size_t gd_n_facts = sizeof gd_attrs / sizeof gd_attrs[0];

static size_t count_forms(const char *const *f) {
    size_t n = 0;
    while (n < GD_MAX_FORMS && f[n]) n++;
    return n;
}
static void say_fact(gd_gen *g, const gd_attr *a, gd_env *env, gd_text *t, gd_example *e) {
    char name[24];
    snprintf(name, sizeof name, "%s_says", a->name);
    size_t i = gd_pick(g, name, count_forms(a->says));
    if (e) gd_append_id(e, name, i);
    gd_clear(t);
    t->capital = gd_chance(g, 0.5);
    if (gd_chance(g, 0.12)) {
        gd_expand(g, env, "{note|note to self|info|reminder|important|fyi|for later}:", t);
        gd_put(t, " ");
    }
    gd_expand(g, env, a->says[i], t);
    if (gd_chance(g, 0.5)) gd_put(t, ".");
}
static void ask_fact(gd_gen *g, const gd_attr *a, gd_env *env, gd_text *t, gd_example *e) {
    char name[24];
    snprintf(name, sizeof name, "%s_asks", a->name);
    size_t i = gd_pick(g, name, count_forms(a->asks));
    if (e) gd_append_id(e, name, i);
    gd_clear(t);
    t->capital = gd_chance(g, 0.4);
    if (gd_chance(g, 0.15)) {
        gd_expand(g, env, "{hey,|please,|quick question:|hearth,|hi,|so}", t);
        gd_put(t, " ");
    }
    gd_expand(g, env, a->asks[i], t);
    if (gd_chance(g, 0.1)) gd_expand(g, env, " {again|please}", t);
    gd_slip(g, t);
    if (gd_chance(g, 0.7)) gd_put(t, "?");
}
void gd_fact(gd_gen *g, size_t attr, gd_env *env, gd_text *note, gd_text *question, char *answer, size_t cap, gd_example *e) {
    const gd_attr *a = &gd_attrs[attr % gd_n_facts];
    say_fact(g, a, env, note, e);
    ask_fact(g, a, env, question, e);
    snprintf(answer, cap, "%s", gd_value(g, env, a->answer));
}
const char *gd_fact_name(size_t attr) { return gd_attrs[attr % gd_n_facts].name; }
const char *gd_fact_about(size_t attr) { return gd_attrs[attr % gd_n_facts].about; }
bool gd_question_pair(gd_gen *g, gd_text *a, gd_text *b, gd_example *e) {
    const gd_attr *f = &gd_attrs[gd_random(g, (uint32_t)gd_n_facts)];
    bool statement = gd_chance(g, 0.5);
    if (statement) say_fact(g, f, &e->env, a, e);
    else ask_fact(g, f, &e->env, a, e);
    if (statement && gd_chance(g, 0.4)) say_fact(g, f, &e->env, b, e);
    else ask_fact(g, f, &e->env, b, e);
    return true;
}

/* --- notes beside the one that matters ------------------------------------------------------------------------------ */
static const char *const gd_chatter[] = {
    "the $event was fun", "need to think about $topic", "$person called about $topic", "nice weather $day",
     "ate $food for dinner",
    "long day, early to bed", "the $event went on until late", "ideas for $topic: ask $person",
     "talked with $person about $topic",
    "finally fixed $thing", "read about $hobby", "too much to do this week", "saw a $animal at the $shop",
     "must try the $made cafe",
};
enum { GD_CHATTER = sizeof gd_chatter / sizeof gd_chatter[0] };
static void add_chatter(gd_gen *g, gd_text *t, bool before) {
    gd_text c;
    gd_env env = {.n = 0, .reg = GD_PLAIN};
    gd_clear(&c);
    c.capital = gd_chance(g, 0.5);
    gd_expand(g, &env, gd_chatter[gd_pick(g, "chatter", GD_CHATTER)], &c);
    gd_put(&c, ". ");
    if (before) {
        gd_put(&c, t->s);
        *t = c;
    } else {
        if (t->n && t->s[t->n - 1] != '.') gd_put(t, ".");
        gd_put(t, " ");
        c.s[c.n - 1] = 0;
        gd_put(t, c.s);
    }
}
static void share(gd_env *to, const gd_env *from, const char *slot) {
    for (size_t i = 0; i < from->n; i++)
        if (strcmp(from->slot[i].name, slot) == 0 && to->n < GD_SLOTS) to->slot[to->n++] = from->slot[i];
}
static bool same_value(const gd_env *a, const gd_env *b, const char *slot) {
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            if (strcmp(a->slot[i].name, slot) == 0 && strcmp(b->slot[j].name, slot) == 0)
                return strcmp(a->slot[i].value, b->slot[j].value) == 0;
    return false;
}
/* a note that does not answer: same fact of another, another fact of the same, or anything */
static bool write_distractor(gd_gen *g, const gd_attr *a, const gd_env *env, gd_text *t) {
    gd_env other = {.n = 0, .reg = GD_PLAIN};
    const gd_attr *b = &gd_attrs[gd_random(g, (uint32_t)gd_n_facts)];
    uint32_t kind = gd_random(g, 10);
    if (kind < 4) {
        b = a;
    } else if (kind < 8) {
        for (int tries = 0; tries < 60 && (b == a || strcmp(b->about, a->about) != 0); tries++)
            b = &gd_attrs[gd_random(g, (uint32_t)gd_n_facts)];
        if (b == a || strcmp(b->about, a->about) != 0) return false;
        share(&other, env, a->about);
    }
    /* these say much the same of one person: not told apart by every question */
    if (b != a && strcmp(b->about, a->about) == 0 && strcmp(b->answer, a->answer) == 0) return false;
    if ((strcmp(a->name, "address") == 0 && strcmp(b->name, "city") == 0) ||
        (strcmp(a->name, "city") == 0 && strcmp(b->name, "address") == 0)) return false;
    if ((strcmp(a->name, "door") == 0 && strcmp(b->name, "wifi") == 0) ||
        (strcmp(a->name, "wifi") == 0 && strcmp(b->name, "door") == 0)) return false;
    say_fact(g, b, &other, t, NULL);
    return !(b == a && same_value(env, &other, a->about));
}
bool gd_make_answer(gd_gen *g, gd_example *e) {
    const gd_attr *a = &gd_attrs[gd_random(g, (uint32_t)gd_n_facts)];
    gd_text note[GD_MAX_NOTES], question;
    uint32_t n = 1 + gd_random(g, 4), at;
    bool absent = gd_chance(g, 0.33);
    at = gd_random(g, n);
    for (uint32_t i = 0; i < n; i++) {
        if (i == at && !absent) {
            say_fact(g, a, &e->env, &note[i], e);
        } else {
            gd_value(g, &e->env, a->about);
            for (int tries = 0; !write_distractor(g, a, &e->env, &note[i]); tries++)
                if (tries == 40) return false;
        }
        if (gd_chance(g, 0.25)) add_chatter(g, &note[i], gd_chance(g, 0.5));
    }
    ask_fact(g, a, &e->env, &question, e);
    e->task = "answer";
    e->absent = absent;
    gd_append(e->prompt, sizeof e->prompt, "<|answer|>");
    for (uint32_t i = 0; i < n; i++) {
        gd_append(e->prompt, sizeof e->prompt, "<|note|> ");
        gd_append(e->prompt, sizeof e->prompt, note[i].s);
        if (note[i].cut) return false;
    }
    gd_append(e->prompt, sizeof e->prompt, "<|user|> ");
    gd_append(e->prompt, sizeof e->prompt, question.s);
    gd_append(e->prompt, sizeof e->prompt, "<|out|>");
    snprintf(e->answer, sizeof e->answer, " %s", absent ? "not in the notes" : gd_value(g, &e->env, a->answer));
    return !question.cut;
}
