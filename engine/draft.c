/* draft.c: n-gram lookup in prompt and output. Source: "prompt lookup decoding" (A. Saxena, 2023); the measured rest is
 * ours. */
#include "engine/draft.h"

enum { DRAFT_PAUSE_FIRST = 16, DRAFT_PAUSE_MOST = 512, DRAFT_SURE = 6 };

void hr_draft_init(hr_draft *d, size_t most) {
    memset(d, 0, sizeof *d);
    d->most = hr_min_size(most, HR_DRAFT_MOST);
    d->width = hr_min_size(d->most, HR_DRAFT_FIRST);
    d->pause = DRAFT_PAUSE_FIRST;
}

size_t hr_draft_guess(const hr_draft *d, const int32_t *history, size_t n, size_t room, int32_t *out) {
    size_t best = 0, from = 0;
    if (d->most == 0 || d->rest > 0 || d->plain_n < 1 || n <= HR_DRAFT_MATCH) return 0;
    for (size_t end = n - 1; end >= HR_DRAFT_MATCH && best < HR_DRAFT_LONGEST; end--) { /* history[end] is what followed */
        size_t same = 0;
        while (same < end && same < HR_DRAFT_LONGEST && history[end - 1 - same] == history[n - 1 - same]) same++;
        if (same > best) best = same, from = end;
    }
    if (best < HR_DRAFT_MATCH) return 0;
    size_t most = hr_min_size(hr_min_size(d->width, room), n - from);
    for (size_t i = 0; i < most; i++) out[i] = history[from + i];
    return most;
}

void hr_draft_learn(hr_draft *d, size_t guessed, size_t right, uint64_t ns) {
    if (d->most == 0) return;
    if (guessed == 0) {
        d->plain_ns = d->plain_ns * 0.9 + (double)ns;
        d->plain_n = d->plain_n * 0.9 + 1;
        if (d->rest > 0) d->rest--;
        return;
    }
    d->guess_ns = d->guess_ns * 0.9 + (double)ns;
    d->guess_n = d->guess_n * 0.9 + (double)(right + 1);
    if (right == guessed) d->width = hr_min_size(d->width * 2, d->most);
    else d->width = hr_max_size(right + 1, 1);
    if (d->guess_n < DRAFT_SURE) return;
    if (d->guess_ns * d->plain_n <= d->plain_ns * d->guess_n) {
        d->pause = DRAFT_PAUSE_FIRST;
        return;
    }
    d->rest = d->pause;
    d->pause = hr_min_size(d->pause * 2, DRAFT_PAUSE_MOST);
    d->guess_ns = d->guess_n = 0;
}
