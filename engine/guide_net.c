/* guide_net.c: nodes and edges of a net, and the fewest bytes from every node to its rule's end. */
#include "engine/guide.h"
HR_SMALL_BEGIN

HR_PRIVATE void hr_guide_fail(hr_guide_build *b, hr_status status, const char *fmt, ...) {
    char what[160];
    va_list args;
    if (b->status != HR_OK) return;
    va_start(args, fmt);
    hr_vformat(what, sizeof what, fmt, args);
    va_end(args);
    b->status = hr_fail(b->err, status, HR_NO_OFFSET, b->place, "%s", what);
}
HR_PRIVATE bool hr_guide_step(hr_guide_build *b, uint32_t n) {
    b->steps += n;
    if (b->steps > HR_GUIDE_MAX_STEPS || n > HR_GUIDE_MAX_STEPS)
        hr_guide_fail(b, HR_E_LIMIT, "takes more than %d steps to compile", HR_GUIDE_MAX_STEPS);
    return b->status == HR_OK;
}
HR_PRIVATE void *hr_guide_alloc(hr_guide_build *b, size_t count, size_t size) {
    void *p = b->status == HR_OK ? hr_arena_alloc(&b->arena, count, size, 8) : NULL;
    if (p && !hr_guide_step(b, (uint32_t)(count * size / 64))) return NULL; /* it was zeroed */
    if (!p) hr_guide_fail(b, HR_E_LIMIT, "takes more than %d bytes to compile", HR_GUIDE_ARENA);
    return p;
}
HR_PRIVATE bool hr_net_init(hr_guide_build *b) {
    b->net.nodes = HR_GUIDE_NEW(b, hr_net_node, HR_GUIDE_MAX_NODES);
    b->net.edges = HR_GUIDE_NEW(b, hr_net_edge, HR_GUIDE_MAX_EDGES);
    b->pair = HR_GUIDE_NEW(b, uint32_t, HR_LANG_MAX);
    b->hash = HR_GUIDE_NEW(b, uint32_t, 4 * HR_LANG_MAX);
    b->net.n_nodes = b->net.n_edges = 1;
    return b->status == HR_OK;
}
HR_PRIVATE uint32_t hr_net_node_new(hr_guide_build *b) {
    if (b->net.n_nodes == HR_GUIDE_MAX_NODES)
        hr_guide_fail(b, HR_E_LIMIT, "needs more than %d nodes", HR_GUIDE_MAX_NODES);
    return b->status == HR_OK ? b->net.n_nodes++ : 0;
}
HR_PRIVATE uint32_t hr_net_end(hr_guide_build *b) {
    const uint32_t n = hr_net_node_new(b);
    if (n) b->net.nodes[n].end = true;
    return n;
}
static hr_net_edge *add_net_edge(hr_guide_build *b, uint32_t from, hr_edge_kind kind, uint32_t to) {
    if (b->net.n_edges == HR_GUIDE_MAX_EDGES)
        hr_guide_fail(b, HR_E_LIMIT, "needs more than %d edges", HR_GUIDE_MAX_EDGES);
    if (b->status != HR_OK) return NULL;
    hr_net_edge *e = &b->net.edges[b->net.n_edges];
    e->kind = (uint8_t)kind;
    e->to = to;
    e->next = b->net.nodes[from].edges;
    b->net.nodes[from].edges = b->net.n_edges++;
    return e;
}
HR_PRIVATE void hr_net_byte(hr_guide_build *b, uint32_t from, uint8_t lo, uint8_t hi, uint32_t to) {
    hr_net_edge *e = add_net_edge(b, from, HR_EDGE_BYTE, to);
    if (e) e->lo = lo, e->hi = hi;
}
HR_PRIVATE void hr_net_eps(hr_guide_build *b, uint32_t from, uint32_t to) {
    (void)add_net_edge(b, from, HR_EDGE_EPS, to);
}
HR_PRIVATE void hr_net_call(hr_guide_build *b, uint32_t from, uint32_t rule, uint32_t to) {
    hr_net_edge *e = add_net_edge(b, from, HR_EDGE_CALL, to);
    if (e) e->rule = rule;
}
HR_PRIVATE void hr_net_rep(hr_guide_build *b, uint32_t from, uint32_t rule, uint32_t min, uint32_t max, uint32_t to) {
    hr_net_edge *e = add_net_edge(b, from, HR_EDGE_REP, to);
    if (e) e->rule = rule, e->min = min, e->max = max;
}
HR_PRIVATE uint32_t hr_net_text(hr_guide_build *b, uint32_t from, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t to = hr_net_node_new(b);
        hr_net_byte(b, from, (uint8_t)text[i], (uint8_t)text[i], to);
        from = to;
    }
    return from;
}

/* --- UTF-8 ----------------------------------------------------------------------------------------------- */
static size_t put_net_utf8(uint8_t *p, uint32_t c) {
    static const uint8_t mark[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) p[i] = (uint8_t)(0x80 | (c & 63));
    p[0] = (uint8_t)(mark[n] | c);
    return n;
}
/* lo..hi have the same length, and differ in a suffix that covers all continuations, or only in one byte */
static void add_utf8_chain(hr_guide_build *b, uint32_t from, uint32_t lo, uint32_t hi, uint32_t to) {
    uint8_t x[4], y[4];
    const size_t n = put_net_utf8(x, lo);
    (void)put_net_utf8(y, hi);
    for (size_t i = 0; i < n; i++) {
        const uint32_t next = i + 1 == n ? to : hr_net_node_new(b);
        hr_net_byte(b, from, x[i], y[i], next);
        from = next;
    }
}
static void add_utf8_range(hr_guide_build *b, uint32_t from, uint32_t lo, uint32_t hi, uint32_t to) {
    while (lo <= hi && b->status == HR_OK) {
        uint32_t end = lo < 0x80 ? 0x7f : lo < 0x800 ? 0x7ff : lo < 0x10000 ? 0xffff : 0x10ffff;
        if (end > hi) end = hi;
        for (uint32_t bits = lo < 0x80 ? 0 : lo < 0x800 ? 6 : lo < 0x10000 ? 12 : 18; bits > 0; bits -= 6) {
            const uint32_t m = (1u << bits) - 1; /* a lead's continuations must be covered whole on both sides */
            if ((lo & ~m) == (end & ~m)) continue;
            if (lo & m) {
                end = lo | m;
            } else if ((end & m) != m) {
                end = (end & ~m) - 1;
            }
        }
        add_utf8_chain(b, from, lo, end, to);
        lo = end + 1;
    }
}
HR_PRIVATE void hr_net_range(hr_guide_build *b, uint32_t from, uint32_t lo, uint32_t hi, uint32_t to) {
    if (hi > 0x10ffff) hi = 0x10ffff;
    if (lo < 0xd800) add_utf8_range(b, from, lo, hi < 0xd7ff ? hi : 0xd7ff, to);
    if (hi > 0xdfff) add_utf8_range(b, from, lo > 0xe000 ? lo : 0xe000, hi, to);
}
/* as characters of a JSON string */
HR_PRIVATE void hr_escaped_range(hr_guide_build *b, uint32_t from, uint32_t lo, uint32_t hi, uint32_t to) {
    static const char letters[] = "btn?fr", digits[] = "0123456789abcdef"; /* from U+0008 on */
    uint32_t escape = 0;
    for (uint32_t c = lo; c <= hi && c <= '\\'; c++) {
        if (c == 0x20 || c == '!') c = '"'; /* between the controls, the quote and the backslash nothing is escaped */
        if (c > '"' && c < '\\') c = '\\';
        if (c > hi) break;
        if (!escape) {
            escape = hr_net_node_new(b);
            hr_net_byte(b, from, '\\', '\\', escape);
        }
        const uint8_t letter = c == '"' || c == '\\' ? (uint8_t)c : c >= 8 && c <= 13 && c != 11 ? (uint8_t)letters[c - 8] : 0;
        if (letter) {
            hr_net_byte(b, escape, letter, letter, to);
        } else {
            const uint32_t at = hr_net_text(b, escape, c < 16 ? "u000" : "u001", 4);
            hr_net_byte(b, at, (uint8_t)digits[c & 15], (uint8_t)digits[c & 15], to);
        }
    }
    const uint32_t from_to[3][2] = {{0x20, '!'}, {'#', '['}, {']', 0x10ffff}};
    for (size_t i = 0; i < 3; i++) {
        const uint32_t x = lo > from_to[i][0] ? lo : from_to[i][0], y = hi < from_to[i][1] ? hi : from_to[i][1];
        if (x <= y) hr_net_range(b, from, x, y, to);
    }
}

/* --- costs ----------------------------------------------------------------------------------------------- */
static uint32_t add_net_cost(uint32_t x, uint32_t y) {
    const uint64_t sum = (uint64_t)x + y;
    return x == HR_GUIDE_NEVER || y == HR_GUIDE_NEVER || sum >= HR_GUIDE_NEVER ? HR_GUIDE_NEVER : (uint32_t)sum;
}
static void find_edge_cost(const hr_net *net, const hr_net_edge *e, const uint8_t *bytes, uint32_t *cost, uint32_t *need) {
    const hr_net_node *to = &net->nodes[e->to];
    *cost = to->cost;
    *need = to->need;
    if (e->kind == HR_EDGE_BYTE) {
        uint32_t c = e->lo;
        while (bytes && c <= e->hi && !bytes[c]) c++;
        *cost = c > e->hi ? HR_GUIDE_NEVER : add_net_cost(to->cost, 1);
        return;
    }
    if (e->kind == HR_EDGE_EPS || (e->kind == HR_EDGE_REP && e->min == 0)) return;
    const hr_net_node *rule = &net->nodes[e->rule];
    const uint64_t times = e->kind == HR_EDGE_REP ? e->min : 1, all = times * rule->cost;
    *cost = rule->cost == HR_GUIDE_NEVER || all >= HR_GUIDE_NEVER ? HR_GUIDE_NEVER : add_net_cost(to->cost, (uint32_t)all);
    *need = rule->need + 1u > to->need ? rule->need + 1u : to->need;
    if (*need > HR_GUIDE_MAX_DEPTH) *cost = HR_GUIDE_NEVER;
}
HR_PRIVATE void hr_net_close(hr_guide_build *b, const uint8_t *bytes) {
    hr_net *net = &b->net;
    bool changed = true;
    for (uint32_t i = 0; i < net->n_nodes; i++) {
        net->nodes[i].cost = net->nodes[i].end ? 0 : HR_GUIDE_NEVER;
        net->nodes[i].need = 0;
    }
    while (changed && hr_guide_step(b, net->n_edges)) { /* nodes are mostly made front to back */
        changed = false;
        for (uint32_t i = net->n_nodes; i-- > 1;) {
            hr_net_node *n = &net->nodes[i];
            for (uint32_t at = n->edges; at; at = net->edges[at].next) {
                uint32_t cost, need;
                find_edge_cost(net, &net->edges[at], bytes, &cost, &need);
                if (cost >= n->cost && (cost > n->cost || need >= n->need)) continue;
                if (cost == HR_GUIDE_NEVER) continue;
                n->cost = cost;
                n->need = (uint16_t)need;
                changed = true;
            }
        }
    }
}
HR_SMALL_END
