/* fuzz_guide.c: any bytes as a schema (first byte s), an expression (r), a grammar (g) or choices (c): an error, or a net that
 * can be walked along its own shortest way to an end: some byte always leads one step nearer. */
#include "engine/hearth.h"
#include "engine/guide.h"
#include <stdlib.h>

enum { RUN_BYTES = 16 << 20 };
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(hr_run *r) {
    uint32_t at = r->now, cost = r->states[at].cost;
    for (int step = 0; at && cost > 0 && step < 200; step++) {
        uint32_t next = 0;
        for (int b = 0; b < 256 && !next; b++) {
            const uint32_t to = hr_run_move(r, at, (uint8_t)b);
            if (!to && (r->is_full || r->too_wide)) return;
            if (to && r->states[to].cost < cost) next = to;
        }
        if (!next) abort();
        at = next;
        cost = r->states[at].cost;
    }
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void *memory, *room;
    hr_guide_build b;
    hr_error err;
    hr_run run;
    hr_arena a;
    if (size < 1 || size > 4096) return 0;
    if (memory == NULL) memory = malloc(HR_GUIDE_ARENA), room = malloc(RUN_BYTES);
    if (memory == NULL || room == NULL) abort();
    memset(&b, 0, sizeof b);
    hr_error_clear(&err);
    b.err = &err;
    b.place = "fuzz";
    hr_arena_init(&b.arena, memory, HR_GUIDE_ARENA);
    if (!hr_net_init(&b)) abort();
    const hr_str text = {(const char *)data + 1, size - 1};
    if (data[0] == 'r') hr_guide_regex(&b, text);
    else if (data[0] == 'g') hr_guide_gbnf(&b, text);
    else if (data[0] == 'c') hr_guide_choice(&b, text);
    else hr_guide_schema(&b, text);
    if (b.status == HR_OK) hr_net_close(&b, NULL);
    if (b.status != HR_OK) {
        if (err.status == HR_OK) abort();
        return 0;
    }
    memset(&run, 0, sizeof run);
    hr_arena_init(&a, room, RUN_BYTES);
    hr_run_lay(&run, &a);
    if (!a.failed && hr_run_begin(&run, &b.net) && run.now) walk(&run);
    return 0;
}
