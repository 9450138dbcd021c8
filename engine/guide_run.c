/* guide_run.c: a net at work. A configuration is a node and a stack of calls (frames, shared and numbered once); a state is
 * the set of all configurations that the text so far allows, made when it is first met. What cannot be finished, by its
 * cost or by the depth of its stack, never enters a state. */
#include "engine/guide.h"

HR_PRIVATE void hr_run_lay(hr_run *r, hr_arena *a) {
    memset(r, 0, sizeof *r);
    r->frames = HR_NEW(a, hr_run_frame, HR_RUN_FRAMES);
    r->configs = HR_NEW(a, hr_run_config, HR_RUN_CONFIGS);
    r->states = HR_NEW(a, hr_run_state, HR_RUN_STATES);
    r->allow = HR_NEW(a, uint64_t, HR_RUN_STATES * 4);
    r->loops = HR_NEW(a, uint8_t, HR_RUN_STATES);
    r->moves = HR_NEW(a, uint16_t, HR_RUN_STATES * 256);
    r->frame_hash = HR_NEW(a, uint32_t, 2 * HR_RUN_FRAMES);
    r->state_hash = HR_NEW(a, uint32_t, 2 * HR_RUN_STATES);
    r->work = HR_NEW(a, hr_run_config, HR_RUN_WIDTH);
    r->set = HR_NEW(a, hr_run_config, HR_RUN_WIDTH);
}
static uint32_t mix_run_words(uint32_t h, uint32_t a, uint32_t b) {
    h = (h ^ a) * 0x9e3779b1u;
    h = (h ^ h >> 15 ^ b) * 0x85ebca77u;
    return h ^ h >> 13;
}
static uint32_t add_run_cost(uint64_t x, uint64_t y) {
    return x >= HR_GUIDE_NEVER || y >= HR_GUIDE_NEVER || x + y >= HR_GUIDE_NEVER ? HR_GUIDE_NEVER : (uint32_t)(x + y);
}
/* the frame of a call, or of the repetition after `count` times; 0: no room */
static uint32_t find_run_frame(hr_run *r, uint32_t edge, uint32_t count, uint32_t parent) {
    const hr_net_edge *e = &r->net->edges[edge];
    uint32_t at = mix_run_words(edge * 31 + count, parent, edge) & (2 * HR_RUN_FRAMES - 1);
    for (; r->frame_hash[at]; at = (at + 1) & (2 * HR_RUN_FRAMES - 1)) {
        const hr_run_frame *f = &r->frames[r->frame_hash[at]];
        if (f->edge == edge && f->count == count && f->parent == parent) return r->frame_hash[at];
    }
    if (r->n_frames == HR_RUN_FRAMES) {
        r->is_full = true;
        return 0;
    }
    uint64_t cost = r->net->nodes[e->to].cost;
    if (e->kind == HR_EDGE_REP && count + 1 < e->min)
        cost = add_run_cost(cost, (uint64_t)(e->min - count - 1) * r->net->nodes[e->rule].cost);
    const hr_run_frame f = {edge, count, parent, add_run_cost(cost, r->frames[parent].cost), r->frames[parent].depth + 1};
    r->frames[r->n_frames] = f;
    return r->frame_hash[at] = r->n_frames++;
}
/* to the set, when it is new there and can still be finished */
static void add_run_config(hr_run *r, uint32_t node, uint32_t frame) {
    const hr_net_node *n = &r->net->nodes[node];
    if (add_run_cost(n->cost, r->frames[frame].cost) == HR_GUIDE_NEVER) return;
    if (r->frames[frame].depth + n->need > HR_GUIDE_MAX_DEPTH) return;
    r->steps += r->n_set / 4 + 2;
    for (uint32_t i = 0; i < r->n_set; i++)
        if (r->set[i].node == node && r->set[i].frame == frame) return;
    if (r->n_set == HR_RUN_WIDTH) {
        r->too_wide = true;
        return;
    }
    r->set[r->n_set++] = (hr_run_config){node, frame};
}
static void enter_run_rule(hr_run *r, uint32_t edge, uint32_t count, uint32_t parent) {
    const hr_net_edge *e = &r->net->edges[edge];
    const hr_net_node *to = &r->net->nodes[e->to];
    if (e->kind == HR_EDGE_CALL && to->end && !to->edges) { /* a call at the end of a rule needs no frame */
        add_run_config(r, e->rule, parent);
        return;
    }
    const uint32_t frame = find_run_frame(r, edge, count, parent);
    if (frame) add_run_config(r, e->rule, frame);
}
/* a rule has ended: what comes behind it */
static void leave_run_rule(hr_run *r, uint32_t frame) {
    const hr_run_frame f = r->frames[frame];
    const hr_net_edge *e = &r->net->edges[f.edge];
    if (frame == 0) {
        r->accepts = true;
        return;
    }
    if (e->kind == HR_EDGE_CALL) {
        add_run_config(r, e->to, f.parent);
        return;
    }
    const uint32_t done = f.count + 1;
    if (done >= e->min) add_run_config(r, e->to, f.parent);
    if (done < e->max) /* without a maximum only the minimum counts */
        enter_run_rule(r, f.edge, e->max == UINT32_MAX && done > e->min ? e->min : done, f.parent);
}
/* everything that the set reaches without a byte */
static void close_run_set(hr_run *r) {
    r->accepts = r->is_full = false;
    r->too_wide = r->steps > HR_RUN_STEPS;
    for (uint32_t i = 0; i < r->n_set && !r->too_wide && !r->is_full; i++) {
        const hr_run_config c = r->set[i];
        const hr_net_node *n = &r->net->nodes[c.node];
        if (n->end) leave_run_rule(r, c.frame);
        for (uint32_t at = n->edges; at; at = r->net->edges[at].next) {
            const hr_net_edge *e = &r->net->edges[at];
            r->steps++;
            if (e->kind == HR_EDGE_EPS || (e->kind == HR_EDGE_REP && e->min == 0)) add_run_config(r, e->to, c.frame);
            if (e->kind == HR_EDGE_CALL || (e->kind == HR_EDGE_REP && e->max > 0)) enter_run_rule(r, at, 0, c.frame);
        }
    }
}
static bool has_run_byte(const hr_run *r, uint32_t node) {
    for (uint32_t at = r->net->nodes[node].edges; at; at = r->net->edges[at].next)
        if (r->net->edges[at].kind == HR_EDGE_BYTE) return true;
    return false;
}
/* bytes that the n configurations at hand read */
static void find_run_bytes(hr_run *r, uint32_t n, uint64_t *bytes) {
    memset(bytes, 0, 4 * sizeof *bytes);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t at = r->net->nodes[r->work[i].node].edges; at; at = r->net->edges[at].next) {
            const hr_net_edge *e = &r->net->edges[at];
            for (uint32_t b = e->lo; e->kind == HR_EDGE_BYTE && b <= e->hi; b++) bytes[b >> 6] |= 1ull << (b & 63);
        }
}
/* the closed set as a state; 0: nothing is in it, or no room */
static uint32_t find_run_state(hr_run *r) {
    uint32_t n = 0, hash = r->accepts, cost = r->accepts ? 0 : HR_GUIDE_NEVER;
    if (r->too_wide || r->is_full) return 0;
    for (uint32_t i = 0; i < r->n_set; i++) { /* only what can read, in order */
        const hr_run_config c = r->set[i];
        const uint32_t whole = add_run_cost(r->net->nodes[c.node].cost, r->frames[c.frame].cost);
        uint32_t j = n;
        if (!has_run_byte(r, c.node)) continue;
        if (whole < cost) cost = whole;
        for (; j > 0 && (r->work[j - 1].node > c.node || (r->work[j - 1].node == c.node && r->work[j - 1].frame > c.frame)); j--)
            r->work[j] = r->work[j - 1];
        r->work[j] = c;
        n++;
    }
    if (n == 0 && !r->accepts) return 0;
    for (uint32_t i = 0; i < n; i++) hash = mix_run_words(hash, r->work[i].node, r->work[i].frame);
    uint32_t at = hash & (2 * HR_RUN_STATES - 1);
    for (; r->state_hash[at]; at = (at + 1) & (2 * HR_RUN_STATES - 1)) {
        const hr_run_state *s = &r->states[r->state_hash[at]];
        if (s->n == n && s->accepts == r->accepts && !memcmp(r->configs + s->first, r->work, n * sizeof *r->work))
            return r->state_hash[at];
    }
    if (r->n_states == HR_RUN_STATES || r->n_configs + n > HR_RUN_CONFIGS) {
        r->is_full = true;
        return 0;
    }
    memcpy(r->configs + r->n_configs, r->work, n * sizeof *r->work);
    r->states[r->n_states] = (hr_run_state){r->n_configs, n, cost, -1, r->accepts};
    memset(r->moves + (size_t)r->n_states * 256, 0, 256 * sizeof *r->moves);
    find_run_bytes(r, n, r->allow + (size_t)r->n_states * 4);
    r->loops[r->n_states] = 0;
    r->n_configs += n;
    return r->state_hash[at] = r->n_states++;
}
static void clear_run(hr_run *r) {
    memset(r->frame_hash, 0, 2 * HR_RUN_FRAMES * sizeof *r->frame_hash);
    memset(r->state_hash, 0, 2 * HR_RUN_STATES * sizeof *r->state_hash);
    r->n_frames = r->n_states = 1;
    r->n_configs = r->n_set = 0;
    r->epoch++;
}
HR_PRIVATE bool hr_run_begin(hr_run *r, const hr_net *net) {
    r->net = net;
    r->steps = 0;
    clear_run(r);
    memset(&r->frames[0], 0, sizeof r->frames[0]);
    add_run_config(r, net->start, 0);
    close_run_set(r);
    r->now = find_run_state(r);
    return r->now != 0;
}
HR_PRIVATE uint32_t hr_run_move(hr_run *r, uint32_t state, uint8_t byte) {
    uint16_t *known = &r->moves[(size_t)state * 256 + byte];
    r->is_full = r->too_wide = false;
    if (*known) return *known - 1u;
    if (!(r->allow[(size_t)state * 4 + (byte >> 6)] >> (byte & 63) & 1)) return 0;
    const hr_run_state s = r->states[state];
    r->n_set = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        const hr_run_config c = r->configs[s.first + i];
        for (uint32_t at = r->net->nodes[c.node].edges; at; at = r->net->edges[at].next) {
            const hr_net_edge *e = &r->net->edges[at];
            r->steps++;
            if (e->kind == HR_EDGE_BYTE && byte >= e->lo && byte <= e->hi) add_run_config(r, e->to, c.frame);
        }
    }
    close_run_set(r);
    const uint32_t to = find_run_state(r);
    if (!r->is_full && !r->too_wide) *known = (uint16_t)(to + 1);
    return to;
}
/* frames of the set in a table of their own, then in the emptied one: parents stand before their children */
static uint32_t copy_run_frame(hr_run *r, const hr_run_frame *chain, uint32_t n) {
    uint32_t frame = 0;
    for (uint32_t i = n; i-- > 0;) frame = find_run_frame(r, chain[i].edge, chain[i].count, frame);
    return frame;
}
HR_PRIVATE uint32_t hr_run_forget(hr_run *r, uint32_t keep) {
    const hr_run_state s = r->states[keep];
    hr_run_frame chain[HR_GUIDE_MAX_DEPTH];
    uint32_t top = 0;
    for (uint32_t i = 0; i < s.n; i++) r->work[i] = r->configs[s.first + i];
    /* The frames that are kept move to the end of the table, which is not full of them: 256 stacks share their roots. */
    for (uint32_t i = 0; i < s.n; i++) {
        uint32_t n = 0;
        for (uint32_t f = r->work[i].frame; f; f = r->frames[f].parent) n++;
        top = n > top ? n : top;
    }
    hr_run_frame *kept = (hr_run_frame *)(void *)r->moves; /* all moves are forgotten: 2 MB of room */
    const uint32_t room = (uint32_t)((size_t)HR_RUN_STATES * 256 * sizeof *r->moves / sizeof *kept);
    const uint32_t n_frames = r->n_frames;
    hr_assert(n_frames <= room);
    (void)room;
    memcpy(kept, r->frames, n_frames * sizeof *kept);
    clear_run(r);
    for (uint32_t i = 0; i < s.n; i++) {
        uint32_t n = 0;
        for (uint32_t f = r->work[i].frame; f && n < HR_GUIDE_MAX_DEPTH; f = kept[f].parent) chain[n++] = kept[f];
        r->set[i] = (hr_run_config){r->work[i].node, copy_run_frame(r, chain, n)};
    }
    r->n_set = s.n;
    r->accepts = s.accepts;
    r->is_full = r->too_wide = false;
    return find_run_state(r);
}
/* The state whose mask is the same: repetitions that no token can bring to their maximum count as at their minimum. */
HR_PRIVATE uint32_t hr_run_mask_state(hr_run *r, uint32_t state, uint32_t longest) {
    const hr_run_state s = r->states[state];
    hr_run_frame chain[HR_GUIDE_MAX_DEPTH];
    bool differs = false;
    r->is_full = r->too_wide = false;
    for (uint32_t i = 0; i < s.n; i++) {
        uint32_t n = 0;
        r->set[i] = r->configs[s.first + i];
        for (uint32_t f = r->set[i].frame; f && n < HR_GUIDE_MAX_DEPTH; f = r->frames[f].parent) {
            const hr_net_edge *e = &r->net->edges[r->frames[f].edge];
            chain[n] = r->frames[f];
            if (e->kind == HR_EDGE_REP && e->max != UINT32_MAX && chain[n].count > e->min &&
                e->max - chain[n].count > longest + 1)
                chain[n].count = e->min, differs = true;
            n++;
        }
        r->set[i].frame = copy_run_frame(r, chain, n);
    }
    r->n_set = s.n;
    r->accepts = s.accepts;
    return differs && !r->is_full ? find_run_state(r) : r->is_full ? 0 : state;
}

/* --- strings: most of a vocabulary is allowed inside one, and need not be asked for token by token ------------------------ */
/* do all continuations lo..hi of a character, and `more` ones behind, lead to `goal`? */
static bool ends_run_char(hr_run *r, uint32_t from, uint32_t lo, uint32_t hi, uint32_t more, uint32_t goal) {
    uint32_t before = 0;
    for (uint32_t b = lo; b <= hi; b++) {
        const uint32_t to = from ? hr_run_move(r, from, (uint8_t)b) : 0;
        if (to == 0 || (more == 0 && to != goal)) return false;
        if (more > 0 && to != before && !ends_run_char(r, to, 0x80, 0xbf, more - 1, goal)) return false;
        before = to;
    }
    return true;
}
static bool loops_run_state(hr_run *r, uint32_t s) {
    static const uint8_t leads[][4] = { /* first, last, and the continuation right behind */
        {0xc2, 0xdf, 0x80, 0xbf}, {0xe0, 0xe0, 0xa0, 0xbf}, {0xe1, 0xec, 0x80, 0xbf}, {0xed, 0xed, 0x80, 0x9f},
        {0xee, 0xef, 0x80, 0xbf}, {0xf0, 0xf0, 0x90, 0xbf}, {0xf1, 0xf3, 0x80, 0xbf}, {0xf4, 0xf4, 0x80, 0x8f}};
    for (uint32_t b = 0x7f; b >= 0x20; b--)
        if (b != '"' && b != '\\' && hr_run_move(r, s, (uint8_t)b) != s) return false;
    for (size_t i = 0; i < HR_COUNT(leads); i++)
        for (uint32_t b = leads[i][0]; b <= leads[i][1]; b++)
            if (!ends_run_char(r, hr_run_move(r, s, (uint8_t)b), leads[i][2], leads[i][3], b < 0xe0 ? 0 : b < 0xf0 ? 1 : 2, s))
                return false;
    return true;
}
HR_PRIVATE uint32_t hr_run_letters(hr_run *r, uint32_t state, uint32_t *cost, bool *least) {
    const hr_run_state s = r->states[state];
    const hr_run_frame *counted = NULL;
    *cost = s.cost;
    *least = true;
    if (r->loops[state] == 2) return 0;
    bool plain = true; /* nothing but the counted characters reads one */
    for (uint32_t i = 0; i < s.n && r->net->letter; i++) {
        const hr_run_config c = r->configs[s.first + i];
        const hr_run_frame *f = &r->frames[c.frame];
        if (c.node == r->net->letter && c.frame && r->net->edges[f->edge].kind == HR_EDGE_REP) {
            plain &= counted == NULL;
            counted = f;
            continue;
        }
        for (uint32_t at = r->net->nodes[c.node].edges; at; at = r->net->edges[at].next) {
            const hr_net_edge *e = &r->net->edges[at];
            if (e->kind == HR_EDGE_BYTE && e->hi >= 0x20 && (e->lo != e->hi || (e->lo != '"' && e->lo != '\\'))) plain = false;
        }
    }
    if (counted && plain) {
        const hr_net_edge *e = &r->net->edges[counted->edge];
        *cost = counted->cost;
        *least = counted->count + 1 >= e->min;
        return e->max == UINT32_MAX ? UINT32_MAX : e->max - counted->count;
    }
    if (r->loops[state] == 0) {
        const bool loops = loops_run_state(r, state);
        if (r->is_full || r->too_wide) return 0;
        r->loops[state] = loops ? 1 : 2;
    }
    return r->loops[state] == 1 ? UINT32_MAX : 0;
}
