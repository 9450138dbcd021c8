/* guide_lang.c: regular languages over code points: complete DFAs with classes of code points for their alphabet. */
#include "engine/guide.h"

HR_SMALL_BEGIN

HR_PRIVATE hr_lang *hr_lang_new(hr_guide_build *b, uint32_t n_states, uint32_t n_classes) {
    if (n_states > HR_LANG_MAX) {
        hr_guide_fail(b, HR_E_LIMIT, "an expression or a set of names needs more than %d states", HR_LANG_MAX);
        return NULL;
    }
    hr_lang *l = HR_GUIDE_NEW(b, hr_lang, 1);
    uint32_t *cut = HR_GUIDE_NEW(b, uint32_t, n_classes);
    uint8_t *accept = HR_GUIDE_NEW(b, uint8_t, n_states);
    uint16_t *next = HR_GUIDE_NEW(b, uint16_t, (size_t)n_states * n_classes);
    if (!hr_guide_step(b, n_states * n_classes / 8 + 1)) return NULL;
    *l = (hr_lang){n_states, n_classes, 1, cut, next, accept};
    return l;
}
/* the same language at `mark`, what else stood behind it is gone; parts lie in the order cut, accept, next or later */
HR_PRIVATE const hr_lang *hr_lang_keep(hr_guide_build *b, size_t mark, const hr_lang *l) {
    if (!l || b->status != HR_OK) return NULL;
    const hr_lang old = *l;
    const size_t cells = (size_t)old.n_states * old.n_classes;
    hr_arena_rewind(&b->arena, mark);
    uint32_t *cut = (uint32_t *)hr_arena_alloc_raw(&b->arena, old.n_classes, sizeof *cut, 8);
    memmove(cut, old.cut, old.n_classes * sizeof *cut);
    uint8_t *accept = (uint8_t *)hr_arena_alloc_raw(&b->arena, old.n_states, 1, 8);
    memmove(accept, old.accept, old.n_states);
    uint16_t *next = (uint16_t *)hr_arena_alloc_raw(&b->arena, cells, sizeof *next, 8);
    memmove(next, old.next, cells * sizeof *next);
    hr_lang *out = HR_GUIDE_NEW(b, hr_lang, 1);
    if (out) *out = (hr_lang){old.n_states, old.n_classes, old.start, cut, next, accept};
    return out;
}
/* states that cannot be accepted any more become 0 */
HR_PRIVATE hr_lang *hr_lang_trim(hr_guide_build *b, hr_lang *l) {
    bool changed = true;
    if (!l) return NULL;
    const size_t mark = hr_arena_mark(&b->arena);
    uint16_t *to = HR_GUIDE_NEW(b, uint16_t, l->n_states);
    if (!to) return NULL;
    for (uint32_t s = 1; s < l->n_states; s++) to[s] = l->accept[s];
    while (changed && hr_guide_step(b, l->n_states * l->n_classes / 16 + 1)) {
        changed = false;
        for (uint32_t s = l->n_states; s-- > 1;)
            for (uint32_t c = 0; c < l->n_classes && !to[s]; c++)
                if (to[l->next[s * l->n_classes + c]]) to[s] = changed = true;
    }
    uint32_t n = 1;
    for (uint32_t s = 1; s < l->n_states; s++) to[s] = to[s] ? (uint16_t)n++ : 0;
    for (uint32_t s = 1; s < l->n_states; s++) {
        if (!to[s]) continue;
        for (uint32_t c = 0; c < l->n_classes; c++)
            l->next[to[s] * l->n_classes + c] = to[l->next[s * l->n_classes + c]];
        l->accept[to[s]] = l->accept[s];
    }
    l->start = to[l->start];
    l->n_states = n;
    hr_arena_rewind(&b->arena, mark);
    return b->status == HR_OK ? l : NULL;
}

/* --- products -------------------------------------------------------------------------------------------- */
typedef struct lang_pairs { /* pairs of states met, numbered from 1 */
    hr_guide_build *b;
    uint32_t n;
    hr_lang_op op;
} lang_pairs;
static uint32_t find_lang_pair(lang_pairs *p, uint32_t x, uint32_t y) {
    const uint32_t key = x << 16 | y, mask = 4 * HR_LANG_MAX - 1;
    if ((x == 0 && (y == 0 || p->op != HR_LANG_OR)) || (y == 0 && p->op == HR_LANG_AND)) return 0;
    uint32_t at = (key * 0x9e3779b1u >> 7) & mask;
    while (p->b->hash[at]) {
        if (p->b->pair[p->b->hash[at]] == key) return p->b->hash[at];
        at = (at + 1) & mask;
    }
    if (p->n + 1 >= HR_LANG_MAX) {
        hr_guide_fail(p->b, HR_E_LIMIT, "expressions together need more than %d states", HR_LANG_MAX);
        return 0;
    }
    p->b->pair[++p->n] = key;
    p->b->hash[at] = p->n;
    return p->n;
}
static uint32_t merge_lang_cuts(const hr_lang *x, const hr_lang *y, uint32_t *cut, uint16_t *cx, uint16_t *cy) {
    uint32_t i = 0, j = 0, n = 0;
    while (i < x->n_classes || j < y->n_classes) {
        const uint32_t u = i < x->n_classes ? x->cut[i] : UINT32_MAX, v = j < y->n_classes ? y->cut[j] : UINT32_MAX;
        cut[n] = u < v ? u : v;
        i += u <= v;
        j += v <= u;
        cx[n] = (uint16_t)(i - 1);
        cy[n++] = (uint16_t)(j - 1);
    }
    return n;
}
static bool accept_lang_pair(hr_lang_op op, bool x, bool y) {
    return op == HR_LANG_AND ? x && y : op == HR_LANG_OR ? x || y : x && !y;
}
HR_PRIVATE const hr_lang *hr_lang_product(hr_guide_build *b, const hr_lang *x, const hr_lang *y, hr_lang_op op) {
    if (!x || !y) return NULL;
    const uint32_t most = x->n_classes + y->n_classes;
    const size_t mark = hr_arena_mark(&b->arena);
    hr_lang l;
    uint32_t *cut = HR_GUIDE_NEW(b, uint32_t, most);
    uint8_t *accept = HR_GUIDE_NEW(b, uint8_t, HR_LANG_MAX);
    uint16_t *cx = HR_GUIDE_NEW(b, uint16_t, most), *cy = HR_GUIDE_NEW(b, uint16_t, most);
    lang_pairs p = {b, 0, op};
    if (b->status != HR_OK) return NULL;
    const uint32_t k = merge_lang_cuts(x, y, cut, cx, cy);
    if (!hr_guide_step(b, 4 * HR_LANG_MAX / 16)) return NULL;
    memset(b->hash, 0, 4 * HR_LANG_MAX * sizeof *b->hash);
    uint16_t *rows = HR_GUIDE_NEW(b, uint16_t, k);
    const uint32_t start = find_lang_pair(&p, x->start, y->start);
    for (uint32_t s = 1; s <= p.n && hr_guide_step(b, k); s++) {
        uint16_t *row = (uint16_t *)hr_arena_alloc_raw(&b->arena, k, sizeof *row, sizeof *row); /* follows the last */
        const uint32_t u = b->pair[s] >> 16, v = b->pair[s] & 0xffff;
        if (!row) {
            hr_guide_fail(b, HR_E_LIMIT, "takes more than %d bytes to compile", HR_GUIDE_ARENA);
            return NULL;
        }
        hr_assert(row == rows + (size_t)s * k);
        accept[s] = accept_lang_pair(op, x->accept[u], y->accept[v]);
        for (uint32_t c = 0; c < k; c++)
            row[c] = (uint16_t)find_lang_pair(&p, x->next[u * x->n_classes + cx[c]], y->next[v * y->n_classes + cy[c]]);
    }
    l = (hr_lang){p.n + 1, k, start, cut, rows, accept};
    return hr_lang_keep(b, mark, hr_lang_trim(b, &l));
}
HR_PRIVATE const hr_lang *hr_lang_all(hr_guide_build *b) {
    hr_lang *l = hr_lang_new(b, 2, 1);
    if (l) l->next[1] = l->accept[1] = 1;
    return l;
}
HR_PRIVATE const hr_lang *hr_lang_length(hr_guide_build *b, uint32_t min, uint32_t max) {
    const uint32_t last = max == UINT32_MAX ? min : max;
    if (last > HR_LANG_MAX - 2) {
        hr_guide_fail(b, HR_E_LIMIT, "a length of %u together with an expression", (unsigned)last);
        return NULL;
    }
    hr_lang *l = hr_lang_new(b, last + 2, 1);
    for (uint32_t i = 0; l && i <= last; i++) {
        l->accept[i + 1] = i >= min;
        l->next[i + 1] = (uint16_t)(i < last ? i + 2 : max == UINT32_MAX ? i + 1 : 0);
    }
    return l;
}
HR_PRIVATE uint32_t hr_lang_next_char(const char *text, size_t n, size_t *at) {
    const uint8_t *p = (const uint8_t *)text;
    uint32_t c = p[*at];
    size_t more = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    ++*at;
    c = more == 0 ? c : c & (0x3fu >> more);
    for (; more > 0 && *at < n; more--) c = c << 6 | (p[(*at)++] & 63u);
    return c;
}
static uint32_t find_lang_class(const hr_lang *l, uint32_t c) {
    uint32_t lo = 0, hi = l->n_classes;
    while (hi - lo > 1) {
        const uint32_t mid = (lo + hi) / 2;
        if (l->cut[mid] <= c) lo = mid; else hi = mid;
    }
    return lo;
}
/* a trie; the alphabet is every character that occurs, with what lies between */
HR_PRIVATE const hr_lang *hr_lang_words(hr_guide_build *b, const hr_str *words, size_t n) {
    size_t total = 1, n_cut = 1;
    for (size_t i = 0; i < n; i++) total += words[i].size;
    uint32_t *cut = HR_GUIDE_NEW(b, uint32_t, 2 * total + 1);
    if (total > (1 << 16)) hr_guide_fail(b, HR_E_LIMIT, "%zu bytes of names or values", total);
    for (size_t i = 0; i < n && b->status == HR_OK; i++)
        for (size_t at = 0; at < words[i].size;) {
            uint32_t c = hr_lang_next_char(words[i].data, words[i].size, &at);
            for (uint32_t k = 0; k < 2; k++, c++) { /* insertion into a sorted set: few characters differ */
                size_t j = n_cut;
                while (j > 0 && cut[j - 1] > c) j--;
                if (j > 0 && cut[j - 1] == c) continue;
                if (!hr_guide_step(b, (uint32_t)(n_cut - j) + 1)) return NULL;
                memmove(cut + j + 1, cut + j, (n_cut - j) * sizeof *cut);
                cut[j] = c;
                n_cut++;
            }
        }
    hr_lang *l = hr_lang_new(b, (uint32_t)hr_min_size(total + 1, HR_LANG_MAX), (uint32_t)n_cut);
    if (!l) return NULL;
    memcpy(l->cut, cut, n_cut * sizeof *cut);
    const uint32_t room = l->n_states;
    l->n_states = 2;
    for (size_t i = 0; i < n; i++) {
        uint32_t s = 1;
        for (size_t at = 0; at < words[i].size;) {
            uint16_t *to = &l->next[s * n_cut + find_lang_class(l, hr_lang_next_char(words[i].data, words[i].size, &at))];
            if (*to == 0 && l->n_states == room) {
                hr_guide_fail(b, HR_E_LIMIT, "names or values need more than %d states", HR_LANG_MAX);
                return NULL;
            }
            if (*to == 0) *to = (uint16_t)l->n_states++;
            s = *to;
        }
        l->accept[s] = 1;
    }
    return hr_lang_trim(b, l);
}
HR_PRIVATE bool hr_lang_has(const hr_lang *l, hr_str text) {
    uint32_t s = l->start;
    for (size_t at = 0; at < text.size && s;)
        s = l->next[s * l->n_classes + find_lang_class(l, hr_lang_next_char(text.data, text.size, &at))];
    return s && l->accept[s];
}
HR_PRIVATE bool hr_lang_is_empty(const hr_lang *l) { return l->start == 0; }

HR_PRIVATE void hr_lang_to_net(hr_guide_build *b, const hr_lang *l, bool escaped, uint32_t from, uint32_t to) {
    if (!l || b->status != HR_OK || l->start == 0) return;
    const uint32_t first = b->net.n_nodes;
    for (uint32_t s = 1; s < l->n_states; s++) (void)hr_net_node_new(b);
    if (!hr_guide_step(b, l->n_states * l->n_classes)) return;
    hr_net_eps(b, from, first + l->start - 1);
    for (uint32_t s = 1; s < l->n_states; s++) {
        const uint16_t *row = l->next + s * l->n_classes;
        if (l->accept[s]) hr_net_eps(b, first + s - 1, to);
        for (uint32_t c = 0; c < l->n_classes;) {
            uint32_t end = c + 1;
            while (end < l->n_classes && row[end] == row[c]) end++;
            const uint32_t hi = end < l->n_classes ? l->cut[end] - 1 : 0x10ffff;
            if (row[c] && escaped) hr_escaped_range(b, first + s - 1, l->cut[c], hi, first + row[c] - 1);
            else if (row[c]) hr_net_range(b, first + s - 1, l->cut[c], hi, first + row[c] - 1);
            c = end;
        }
    }
}

HR_SMALL_END
