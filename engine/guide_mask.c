/* guide_mask.c: a byte trie over the vocabulary, and which tokens a state allows: one walk of the trie, cut where a byte
 * is not allowed; kept for states that were met before. Control tokens are in no trie, so never inside a value. */
#include "engine/guide.h"
#include "engine/base/sys.h"

/* --- the trie --------------------------------------------------------------------------------------------- */
typedef struct trie_text {
    uint32_t at, n;
    int32_t token;
} trie_text;
static int compare_trie_text(const uint8_t *bytes, const trie_text *x, const trie_text *y) {
    const int c = memcmp(bytes + x->at, bytes + y->at, x->n < y->n ? x->n : y->n);
    return c ? c : x->n != y->n ? (x->n < y->n ? -1 : 1) : x->token < y->token ? -1 : 1;
}
/* merges from the bottom up; the result is in the one that is returned */
static trie_text *sort_trie_texts(const uint8_t *bytes, trie_text *from, trie_text *to, size_t n) {
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * width) {
            const size_t mid = hr_min_size(lo + width, n), hi = hr_min_size(lo + 2 * width, n);
            size_t i = lo, j = mid;
            for (size_t k = lo; k < hi; k++)
                to[k] = i < mid && (j == hi || compare_trie_text(bytes, &from[i], &from[j]) < 0) ? from[i++] : from[j++];
        }
        trie_text *t = from;
        from = to;
        to = t;
    }
    return from;
}
/* what a token adds to a text that has begun; 0: it may not be in one */
static size_t get_token_bytes(const hr_tok *t, int32_t token, char *out, size_t cap) {
    hr_tok_decoder d = {{0}, 0, true, false};
    const int type = hr_tok_type(t, token);
    if ((type != HR_TOKEN_NORMAL && type != HR_TOKEN_USER_DEFINED && type != HR_TOKEN_BYTE) || hr_tok_is_eog(t, token)) return 0;
    const size_t n = hr_tok_decode(t, &d, token, out, cap - 4);
    return n + hr_tok_decode_flush(&d, out + n, 4);
}
static void fill_trie(hr_trie *trie, const uint8_t *bytes, const trie_text *text, size_t n, uint32_t *open) {
    uint32_t depth = 0, before = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = bytes + text[i].at, *q = bytes + before;
        uint32_t same = 0;
        while (same < depth && same < text[i].n && p[same] == q[same]) same++;
        for (uint32_t d = same; d < depth; d++) trie->nodes[open[d]].skip = trie->n_nodes;
        if (same == text[i].n && same == depth && i > 0) { /* the bytes of the token before */
            trie->same[text[i].token] = (int32_t)trie->nodes[open[depth - 1]].token - 1;
        }
        for (uint32_t d = same; d < text[i].n; d++) {
            open[d] = trie->n_nodes;
            trie->nodes[trie->n_nodes++] = (hr_trie_node){0, 0, (uint16_t)(d + 1), p[d]};
        }
        depth = text[i].n;
        before = text[i].at;
        trie->nodes[open[depth - 1]].token = (uint32_t)text[i].token + 1;
    }
    for (uint32_t d = 0; d < depth; d++) trie->nodes[open[d]].skip = trie->n_nodes;
}
HR_PRIVATE hr_status hr_trie_build(const hr_tok *t, const hr_allocator *a, hr_trie *trie, hr_error *err) {
    const size_t n_vocab = hr_tok_count(t), cap = hr_tok_max_piece(t) + 8;
    size_t total = 0, n = 0;
    memset(trie, 0, sizeof *trie);
    char *piece = (char *)a->alloc(a->ctx, cap, 8);
    for (size_t i = 0; piece && i < n_vocab; i++) total += get_token_bytes(t, (int32_t)i, piece, cap);
    const size_t text_bytes = n_vocab * sizeof(trie_text), work = 2 * text_bytes + total + 4 * cap + 64;
    const size_t bytes = (total + 1) * sizeof(hr_trie_node) + n_vocab * sizeof(int32_t);
    uint8_t *memory = piece && total < UINT32_MAX / 32 ? (uint8_t *)a->alloc(a->ctx, work, 64) : NULL;
    trie->memory = memory ? a->alloc(a->ctx, bytes, 64) : NULL;
    if (trie->memory) {
        trie_text *x = (trie_text *)(void *)memory, *y = x + n_vocab;
        uint32_t *open = (uint32_t *)(void *)(y + n_vocab);
        uint8_t *text = (uint8_t *)(open + cap);
        trie->bytes = bytes;
        trie->nodes = (hr_trie_node *)trie->memory;
        trie->same = (int32_t *)(void *)(trie->nodes + total + 1);
        trie->n_vocab = (uint32_t)n_vocab;
        total = 0;
        for (size_t i = 0; i < n_vocab; i++) {
            const size_t k = get_token_bytes(t, (int32_t)i, piece, cap);
            trie->same[i] = -1;
            if (k == 0 || k > UINT16_MAX) continue;
            memcpy(text + total, piece, k);
            x[n++] = (trie_text){(uint32_t)total, (uint32_t)k, (int32_t)i};
            total += k;
            if (k > trie->longest) trie->longest = (uint32_t)k;
            if (k == 1) trie->single[(uint8_t)piece[0]] = 1;
        }
        fill_trie(trie, text, sort_trie_texts(text, x, y, n), n, open);
    }
    if (memory) a->free(a->ctx, memory, work);
    if (piece) a->free(a->ctx, piece, cap);
    return trie->memory ? HR_OK : hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "guide", "%zu bytes cannot be allocated", bytes + work);
}

/* --- masks ------------------------------------------------------------------------------------------------- */
/* Tokens allowed in a state, those alone that leave at most `room` bytes to write. false: the states need more room, or
 * too many readings of the text are open at once (run->too_wide). */
static bool walk_guide_trie(hr_guide *g, uint32_t state, uint32_t room, uint32_t *bits, uint32_t *most) {
    const hr_trie *trie = g->trie;
    const hr_trie_node *nodes = trie->nodes;
    hr_run *r = &g->run;
    memset(bits, 0, g->words * sizeof *bits);
    *most = 0;
    g->path[0] = state;
    for (uint32_t i = 0; i < trie->n_nodes;) {
        const hr_trie_node *n = &nodes[i];
        const uint32_t from = g->path[n->depth - 1];
        const uint32_t known = r->moves[(size_t)from * 256 + n->byte];
        const uint32_t to = known ? known - 1 : hr_run_move(r, from, n->byte);
        if (to == 0) {
            if (!known && (r->is_full || r->too_wide)) return false;
            i = n->skip;
            continue;
        }
        g->path[n->depth] = to;
        i++;
        const uint32_t cost = r->states[to].cost;
        if (n->token == 0 || cost > room) continue;
        if (cost > *most) *most = cost;
        for (int32_t t = (int32_t)n->token - 1; t >= 0; t = trie->same[t]) bits[t >> 5] |= 1u << (t & 31);
    }
    return true;
}
static hr_status fail_guide_walk(const hr_guide *g, hr_error *err) {
    if (g->run.too_wide)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "guide", "can be read in more than %d ways at once", HR_RUN_WIDTH);
    return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "guide", "one token needs more than %d states", HR_RUN_STATES);
}
static hr_status fill_guide_mask(hr_guide *g, uint32_t room, uint32_t *bits, uint32_t *most, bool shared,
                                 uint32_t *state, hr_error *err) {
    for (int try_ = 0; try_ < 2; try_++) {
        *state = shared ? hr_run_mask_state(&g->run, g->run.now, g->trie->longest) : g->run.now;
        if (*state && walk_guide_trie(g, *state, room, bits, most)) return HR_OK;
        if (g->run.too_wide) break;
        g->run.now = hr_run_forget(&g->run, g->run.now);
    }
    return fail_guide_walk(g, err);
}
static hr_status find_guide_mask(hr_guide *g, hr_mask **out, hr_error *err) {
    uint32_t state = hr_run_mask_state(&g->run, g->run.now, g->trie->longest);
    hr_mask *oldest = &g->masks[0];
    for (int i = 0; i < HR_RUN_MASKS; i++) {
        hr_mask *m = &g->masks[i];
        if (state && m->used && m->state == state && m->epoch == g->run.epoch) {
            m->used = ++g->clock;
            *out = m;
            return HR_OK;
        }
        if (m->used < oldest->used) oldest = m;
    }
    oldest->used = 0;
    HR_TRY(fill_guide_mask(g, HR_GUIDE_NEVER - 1, oldest->bits, &oldest->most, true, &oldest->state, err));
    oldest->epoch = g->run.epoch;
    oldest->used = ++g->clock;
    *out = oldest;
    return HR_OK;
}
HR_PRIVATE hr_status hr_guide_begin(hr_guide *g, size_t tokens, hr_error *err) {
    if (!hr_run_begin(&g->run, &g->net))
        return g->run.too_wide ? fail_guide_walk(g, err)
                               : hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "guide", "no text can be written under it");
    for (int i = 0; i < HR_RUN_MASKS; i++) g->masks[i].used = 0;
    const uint32_t cost = g->run.states[g->run.now].cost;
    if (cost > tokens)
        return hr_fail(err, HR_E_FULL, HR_NO_OFFSET, "guide", "the shortest text needs up to %u tokens, there is room for %zu",
                       (unsigned)cost, tokens);
    return HR_OK;
}
HR_PRIVATE bool hr_guide_may_end(const hr_guide *g) { return g->run.states[g->run.now].accepts; }
HR_PRIVATE hr_status hr_guide_mask(hr_guide *g, size_t tokens, const uint32_t **mask, hr_error *err) {
    const bool may_end = hr_guide_may_end(g);
    *mask = NULL;
    if (may_end && (g->run.states[g->run.now].n == 0 || tokens == 0)) return HR_OK;
    if (tokens == 0) return hr_fail(err, HR_E_FULL, HR_NO_OFFSET, "guide", "no token is left for the rest of the text");
    hr_mask *m = NULL;
    uint32_t most, state;
    HR_TRY(find_guide_mask(g, &m, err));
    uint32_t *bits = m->bits;
    if (m->most > tokens - 1) {
        const uint32_t room = (uint32_t)hr_min_size(tokens - 1, HR_GUIDE_NEVER - 1);
        HR_TRY(fill_guide_mask(g, room, g->tight, &most, false, &state, err));
        bits = g->tight;
    }
    if (may_end) {
        if (bits != g->tight) memcpy(g->tight, bits, g->words * sizeof *bits);
        bits = g->tight;
        for (uint32_t i = 0; i < g->n_ends; i++) bits[g->ends[i] >> 5] |= 1u << (g->ends[i] & 31);
    }
    for (uint32_t i = 0; i < g->words; i++)
        if (bits[i]) {
            *mask = bits;
            return HR_OK;
        }
    if (may_end) return HR_OK;
    return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "guide", "no token of this vocabulary can go on with the text");
}
HR_PRIVATE hr_status hr_guide_take(hr_guide *g, int32_t token, hr_error *err) {
    const char *p = g->piece;
    const size_t n = get_token_bytes(g->tok, token, g->piece, hr_tok_max_piece(g->tok) + 8);
    uint32_t state = g->run.now;
    for (size_t i = 0; i < n; i++) {
        uint32_t to = hr_run_move(&g->run, state, (uint8_t)p[i]);
        if (to == 0 && g->run.is_full) {
            state = hr_run_forget(&g->run, state);
            to = hr_run_move(&g->run, state, (uint8_t)p[i]);
        }
        if (to == 0) return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "guide", "token %d cannot follow", (int)token);
        state = to;
    }
    g->run.now = state;
    return n ? HR_OK : hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "guide", "token %d cannot follow", (int)token);
}
