/* Characters of a JSON string in a net: each has one spelling (RFC 8259: only the quote, the backslash and controls are escaped,
 * as shortly as they can be), and no other text stands for it. */
#include "t.h"
#include "engine/guide.h"

enum { RUN_BYTES = 16 << 20 };
typedef struct char_net {
    void *memory, *room;
    hr_guide_build b;
    hr_run run;
} char_net;
static bool lay(char_net *n, uint32_t lo, uint32_t hi) {
    hr_arena a;
    hr_error err;
    memset(&n->b, 0, sizeof n->b);
    n->b.err = &err;
    n->b.place = "test";
    hr_arena_init(&n->b.arena, n->memory, HR_GUIDE_ARENA);
    if (!hr_net_init(&n->b)) return false;
    n->b.net.start = hr_net_node_new(&n->b);
    hr_escaped_range(&n->b, n->b.net.start, lo, hi, hr_net_end(&n->b));
    hr_net_close(&n->b, NULL);
    hr_arena_init(&a, n->room, RUN_BYTES);
    hr_run_lay(&n->run, &a);
    return !a.failed && n->b.status == HR_OK && hr_run_begin(&n->run, &n->b.net);
}
static bool holds(char_net *n, const char *text) {
    uint32_t s = n->run.now;
    for (; *text && s; text++) s = hr_run_move(&n->run, s, (uint8_t)*text);
    return s && n->run.states[s].accepts;
}
static void spell(unsigned c, char *out) {
    static const char letters[] = "btn?fr"; /* from U+0008 on */
    if (c == '"' || c == '\\') sprintf(out, "\\%c", c);
    else if (c >= 8 && c <= 13 && c != 11) sprintf(out, "\\%c", letters[c - 8]);
    else if (c < 0x20) sprintf(out, "\\u%04x", c);
    else sprintf(out, "%c", c);
}
T_TEST(one_spelling) {
    char_net n = {.memory = malloc(HR_GUIDE_ARENA), .room = malloc(RUN_BYTES)};
    for (unsigned lo = 0; lo < 0x80; lo++) {
        for (unsigned hi = lo; hi < 0x80; hi += hi - lo < 1 ? 1 : 61) {
            if (!T_CHECK(lay(&n, lo, hi))) break;
            for (unsigned x = 1; x < 0x80; x++) {
                char text[16], other[16];
                const bool in = x >= lo && x <= hi;
                spell(x, text);
                if (holds(&n, text) != in) T_FAIL("%s in %x..%x: %d", text, lo, hi, !in);
                snprintf(other, sizeof other, "\\u%04x", x); /* long where short is possible, or not needed */
                if (strcmp(other, text) != 0 && holds(&n, other)) T_FAIL("%s in %x..%x", other, lo, hi);
            }
        }
    }
    free(n.memory);
    free(n.room);
}
T_MAIN(T_RUN(one_spelling))
