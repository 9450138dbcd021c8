/* bench_speculate MODEL [GUESSES [THREADS]]: what guessing from repetitions (engine/draft.h) gains in rewriting and extraction.
 * The answers are given, so that acceptance is that of real answers whatever the model's weights are: each step guesses, computes
 * the batch on MODEL and keeps what the answer confirms, beside one token at a time in the same run. Limit: 1.5 times plain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/sys.h"
#include "engine/draft.h"
#include "engine/hearth.h"

enum { ROUNDS = 5, MOST = 1024 };
#define NOTE                                                                                                            \
    "Hi Marta, thanks for the call yesterday. As agreed, we will move the workshop to Thursday, 14 May at 9:30 in the "  \
    "Lindenstrasse office, room 3.12. Please bring the printed floor plans and the two laptops from storage, because "   \
    "the projector there does not read the new format. Jonas Albrecht will join us at eleven and stay for lunch. The "  \
    "invoice number is RE-2024-0187 over 1,280.50 euros, to be paid by the end of the month. Kind regards, Petra"
static const char *const tasks[][3] = {
    {"rewrite: fix spelling",
     "Correct the spelling and change nothing else.\nText: Hi Marta, thanks for teh call yesterday. As agreed, we will move the "
     "workshop to Thursday, 14 May at 9:30 in the Lindenstrasse ofice, room 3.12. Please bring the printed floor plans and the "
     "two laptops from storage, becuase the projector there does not read the new format. Jonas Albrecht will join us at eleven "
     "and stay for lunch. The invoice number is RE-2024-0187 over 1,280.50 euros, to be payed by the end of the month. Kind "
     "regards, Petra\nCorrected:",
     " " NOTE},
    {"rewrite: more formal", "Rewrite the message in a formal tone. Keep names, numbers and times.\nMessage: " NOTE "\nFormal:",
     " Dear Marta, thank you for the call yesterday. As agreed, we will move the workshop to Thursday, 14 May at 9:30 in the "
     "Lindenstrasse office, room 3.12. We kindly ask you to bring the printed floor plans and the two laptops from storage, "
     "because the projector there does not read the new format. Jonas Albrecht will join us at eleven and stay for lunch. "
     "Please note that the invoice number is RE-2024-0187 over 1,280.50 euros, to be paid by the end of the month. Yours "
     "sincerely, Petra"},
    {"rewrite: shorter", "Make the message shorter. Keep names, numbers and times.\nMessage: " NOTE "\nShorter:",
     " Hi Marta, as agreed, we will move the workshop to Thursday, 14 May at 9:30, Lindenstrasse office, room 3.12. Please "
     "bring the printed floor plans and the two laptops from storage. Jonas Albrecht will join us at eleven. The invoice "
     "RE-2024-0187 over 1,280.50 euros is to be paid by the end of the month. Petra"},
    {"extraction: JSON",
     "Extract as JSON with the keys date, place, bring, guest, invoice, amount.\nText: " NOTE "\nJSON:",
     " {\"date\": \"Thursday, 14 May at 9:30\", \"place\": \"the Lindenstrasse office, room 3.12\", \"bring\": [\"the printed "
     "floor plans\", \"the two laptops from storage\"], \"guest\": \"Jonas Albrecht will join us at eleven and stay for "
     "lunch\", \"invoice\": \"RE-2024-0187\", \"amount\": \"1,280.50 euros\"}"},
    {"extraction: the sentence", "Copy the sentences that say what Marta has to bring and pay.\nText: " NOTE "\nSentences:",
     " Please bring the printed floor plans and the two laptops from storage, because the projector there does not read the "
     "new format. The invoice number is RE-2024-0187 over 1,280.50 euros, to be paid by the end of the month."},
    {"new text (no gain is due)", "Write a poem about the sea.\nPoem:",
     " The morning lays its silver on the bay, and gulls go wheeling where the fishers row; a bell far out is counting off "
     "the day for all the drowned who sleep in sand below. I came here young, I leave with salted hair, my pockets full of "
     "glass the tide made round."}};

typedef struct run {
    double ns;
    int guessed, right, steps;
} run;
static hearth_session *session;
static void must(int status, const hearth_error *err) {
    if (status == HEARTH_OK) return;
    fprintf(stderr, "bench_speculate: %s: %s\n", err->where, err->what);
    exit(1);
}
/* ids [n]: prompt and answer, which begins at `from`; the last prompt token has been fed */
static run decode(const int32_t *ids, size_t from, size_t n, int most) {
    static int32_t step[HR_DRAFT_MOST + 1];
    hearth_error err;
    hr_draft d;
    run r = {0, 0, 0, 0};
    must(hearth_rewind(session, (int)from), &err);
    hr_draft_init(&d, (size_t)most);
    uint64_t start = hr_clock_ns();
    for (size_t at = from; at < n; r.steps++) { /* ids[at] has been drawn */
        step[0] = ids[at];
        size_t guessed = hr_draft_guess(&d, ids, at + 1, n - at - 1, step + 1), right = 0;
        uint64_t since = hr_clock_ns();
        must(hearth_feed(session, step, guessed + 1, guessed + 1, &err), &err);
        uint64_t ns = hr_clock_ns() - since;
        while (right < guessed && step[right + 1] == ids[at + 1 + right]) right++;
        hr_draft_learn(&d, guessed, right, ns);
        at += right + 1;
        must(hearth_rewind(session, (int)at), &err);
        r.guessed += (int)guessed, r.right += (int)right;
    }
    r.ns = (double)(hr_clock_ns() - start);
    return r;
}
int main(int argc, char **argv) {
    hearth_model_config mc = HEARTH_MODEL_CONFIG_INIT;
    hearth_session_config sc = HEARTH_SESSION_CONFIG_INIT;
    hearth_model *model;
    hearth_error err;
    int most = argc > 2 ? atoi(argv[2]) : 7;
    if (argc < 2) {
        printf("bench_speculate MODEL [GUESSES [THREADS]]: needs a model\n");
        return 0;
    }
    mc.threads = argc > 3 ? atoi(argv[3]) : 0;
    sc.ctx_tokens = MOST;
    sc.logits_rows = HR_DRAFT_MOST + 1;
    must(hearth_model_open(argv[1], &mc, &model, &err), &err);
    must(hearth_session_open(model, &sc, &session, &err), &err);
    printf("%-28s %6s %9s %9s %7s %7s %14s   (limit 1.50)\n", "task", "tokens", "plain t/s", "fast t/s", "times", "steps",
           "guesses right");
    for (size_t t = 0; t < sizeof tasks / sizeof *tasks; t++) {
        static int32_t ids[MOST];
        size_t from, more;
        must(hearth_tokenize(model, tasks[t][1], strlen(tasks[t][1]), HEARTH_TOK_SPECIAL, ids, MOST, &from, &err), &err);
        must(hearth_tokenize(model, tasks[t][2], strlen(tasks[t][2]), 0, ids + from, MOST - from, &more, &err), &err);
        must(hearth_rewind(session, 0), &err);
        must(hearth_feed(session, ids, from, 1, &err), &err);
        run plain = {0}, fast = {0};
        for (int i = 0; i < ROUNDS; i++) {
            run a = decode(ids, from, from + more, 0), b = decode(ids, from, from + more, most);
            if (i == 0 || a.ns < plain.ns) plain = a;
            if (i == 0 || b.ns < fast.ns) fast = b;
        }
        printf("%-28s %6zu %9.1f %9.1f %7.2f %7d %6d of %4d\n", tasks[t][0], more, (double)more / plain.ns * 1e9,
               (double)more / fast.ns * 1e9, plain.ns / fast.ns, fast.steps, fast.right, fast.guessed);
    }
    hearth_session_close(session);
    hearth_model_close(model);
    return 0;
}
