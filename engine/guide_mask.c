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
/* whole characters that a JSON string holds as they are: how many; 0: not so */
static uint32_t count_plain_chars(const char *text, size_t n) {
    uint32_t chars = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t c = (uint8_t)text[i];
        if (c < 0x20 || c == '"' || c == '\\') return 0;
        chars += (c & 0xc0) != 0x80;
    }
    return hr_utf8_valid(text, n) ? chars : 0;
}
static void fill_trie(hr_trie_part *part, const uint8_t *bytes, const trie_text *text, size_t n, bool plain, uint32_t *open) {
    uint32_t depth = 0, before = 0, first = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = bytes + text[i].at, *q = bytes + before;
        uint32_t same = 0;
        if (plain != (count_plain_chars((const char *)p, text[i].n) > 0)) continue;
        while (same < depth && same < text[i].n && p[same] == q[same]) same++;
        for (uint32_t d = same; d < depth; d++) part->nodes[open[d]].skip = part->n_nodes;
        while (same == 0 && first <= p[0]) part->first[first++] = part->n_nodes;
        for (uint32_t d = same; d < text[i].n; d++) {
            open[d] = part->n_nodes;
            part->nodes[part->n_nodes++] = (hr_trie_node){part->n_tokens, 0, (uint16_t)(d + 1), p[d]};
        }
        depth = text[i].n;
        before = text[i].at;
        part->tokens[part->n_tokens++] = text[i].token; /* also when its bytes are those of the one before */
    }
    for (uint32_t d = 0; d < depth; d++) part->nodes[open[d]].skip = part->n_nodes;
    while (first <= 256) part->first[first++] = part->n_nodes;
    part->nodes[part->n_nodes].order = part->n_tokens;
}
static void note_trie_token(hr_trie *trie, const char *piece, size_t n, uint32_t token) {
    const uint32_t chars = count_plain_chars(piece, n), words = (trie->n_vocab + 31) / 32;
    if (n > trie->longest) trie->longest = (uint32_t)n;
    if (n == 1) trie->single[(uint8_t)piece[0]] = 1;
    if (chars == 0) return;
    for (uint32_t i = 0; i <= HR_TRIE_LETTERS; i++)
        if (i == 0 || chars <= i) trie->letters[i * words + (token >> 5)] |= 1u << (token & 31);
    if (chars > HR_TRIE_LETTERS) trie->more[trie->n_more++] = (int32_t)token, trie->more[trie->n_more++] = (int32_t)chars;
}
static void lay_trie(hr_trie *trie, hr_arena *a, size_t plain, size_t rest, size_t more) {
    const size_t words = (trie->n_vocab + 31) / 32;
    trie->plain.nodes = HR_NEW(a, hr_trie_node, plain + 1);
    trie->rest.nodes = HR_NEW(a, hr_trie_node, rest + 1);
    trie->plain.tokens = HR_NEW(a, int32_t, trie->n_vocab);
    trie->rest.tokens = HR_NEW(a, int32_t, trie->n_vocab);
    trie->letters = HR_NEW(a, uint32_t, (HR_TRIE_LETTERS + 1) * words);
    trie->more = HR_NEW(a, int32_t, 2 * more + 1);
}
static void fill_new_trie(hr_trie *trie, const hr_tok *t, char *piece, size_t cap, void *memory, size_t work) {
    hr_arena arena;
    size_t n = 0, total = 0;
    hr_arena_init(&arena, memory, work);
    trie_text *x = HR_NEW(&arena, trie_text, trie->n_vocab), *y = HR_NEW(&arena, trie_text, trie->n_vocab);
    uint32_t *open = HR_NEW(&arena, uint32_t, cap);
    uint8_t *text = (uint8_t *)hr_arena_alloc_raw(&arena, work - arena.used - HR_ARENA_ALIGN, 1, 1);
    for (uint32_t i = 0; i < trie->n_vocab; i++) {
        const size_t k = get_token_bytes(t, (int32_t)i, piece, cap);
        if (k == 0 || k > UINT16_MAX) continue;
        memcpy(text + total, piece, k);
        x[n++] = (trie_text){(uint32_t)total, (uint32_t)k, (int32_t)i};
        total += k;
        note_trie_token(trie, piece, k, i);
    }
    x = sort_trie_texts(text, x, y, n);
    fill_trie(&trie->plain, text, x, n, true, open);
    fill_trie(&trie->rest, text, x, n, false, open);
}
HR_PRIVATE hr_status hr_trie_build(const hr_tok *t, const hr_allocator *a, hr_trie *trie, hr_error *err) {
    const size_t n_vocab = hr_tok_count(t), cap = hr_tok_max_piece(t) + 8;
    size_t total = 0, rest = 0, more = 0;
    hr_arena arena;
    memset(trie, 0, sizeof *trie);
    trie->n_vocab = (uint32_t)n_vocab;
    char *piece = (char *)a->alloc(a->ctx, cap, 8);
    for (size_t i = 0; piece && i < n_vocab; i++) {
        const size_t k = get_token_bytes(t, (int32_t)i, piece, cap);
        const uint32_t chars = count_plain_chars(piece, k);
        total += k;
        rest += chars ? 0 : k;
        more += chars > HR_TRIE_LETTERS;
    }
    hr_arena_init_count(&arena);
    lay_trie(trie, &arena, total - rest, rest, more);
    const size_t work = 2 * n_vocab * sizeof(trie_text) + total + 4 * cap + 8 * HR_ARENA_ALIGN;
    trie->bytes = arena.used + HR_ARENA_ALIGN;
    void *memory = piece && total < UINT32_MAX / 32 ? a->alloc(a->ctx, work, HR_ARENA_ALIGN) : NULL;
    trie->memory = memory ? a->alloc(a->ctx, trie->bytes, HR_ARENA_ALIGN) : NULL;
    if (trie->memory) {
        hr_arena_init(&arena, trie->memory, trie->bytes);
        lay_trie(trie, &arena, total - rest, rest, more);
        fill_new_trie(trie, t, piece, cap, memory, work);
    }
    if (memory) a->free(a->ctx, memory, work);
    if (piece) a->free(a->ctx, piece, cap);
    return trie->memory ? HR_OK
                        : hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "guide", "%zu bytes cannot be allocated", trie->bytes + work);
}

/* --- masks ------------------------------------------------------------------------------------------------- */
static void add_trie_tokens(const hr_trie_part *part, uint32_t from, uint32_t to, uint32_t *bits) {
    for (uint32_t i = from; i < to; i++) bits[part->tokens[i] >> 5] |= 1u << (part->tokens[i] & 31);
}
/* Adds the tokens of a part of the trie that a state allows, those alone that leave at most `room` bytes to write. Where all
 * characters of a string may follow, a subtree of plain tokens is taken as a whole. false: the states need more room, or too
 * many readings of the text are open at once (run->too_wide). */
static bool walk_guide_trie(hr_guide *g, const hr_trie_part *part, uint32_t state, uint32_t room, uint32_t *bits,
                            uint32_t *most) {
    const hr_trie_node *nodes = part->nodes;
    const bool plain = part == &g->trie->plain;
    hr_run *r = &g->run;
    g->path[0] = state;
    for (uint32_t b = 0; b < 256; b++) {
        if (!(r->allow[(size_t)state * 4 + (b >> 6)] >> (b & 63) & 1)) continue;
        for (uint32_t i = part->first[b]; i < part->first[b + 1];) {
            const hr_trie_node *n = &nodes[i];
            const uint32_t from = g->path[n->depth - 1];
            const uint32_t known = r->moves[(size_t)from * 256 + n->byte];
            const uint32_t to = known ? known - 1 : hr_run_move(r, from, n->byte);
            if (to == 0) {
                if (!known && (r->is_full || r->too_wide)) return false;
                i = n->skip;
                continue;
            }
            uint32_t cost = r->states[to].cost, end = i + 1, behind;
            bool least;
            if (plain && n->skip > i + 1 && r->loops[to] != 2) {
                const uint32_t letters = hr_run_letters(r, to, &behind, &least);
                if (r->is_full || r->too_wide) return false;
                if (letters >= g->trie->longest && (behind <= room || least)) {
                    if (behind > cost) cost = behind;
                    end = n->skip;
                }
            }
            g->path[n->depth] = to;
            i = end;
            if (nodes[end].order == n->order || cost > room) continue;
            if (cost > *most) *most = cost;
            add_trie_tokens(part, n->order, nodes[end].order, bits);
        }
    }
    return true;
}
/* all tokens of a state; inside a string the plain ones at once */
static bool find_guide_tokens(hr_guide *g, uint32_t state, uint32_t room, uint32_t *bits, uint32_t *most) {
    const hr_trie *trie = g->trie;
    uint32_t cost;
    bool least;
    g->run.is_full = g->run.too_wide = false;
    const uint32_t letters = hr_run_letters(&g->run, state, &cost, &least);
    if (g->run.is_full || g->run.too_wide) return false;
    *most = 0;
    memset(bits, 0, g->words * sizeof *bits);
    if (letters == 0 || (cost > room && !least)) {
        if (!walk_guide_trie(g, &trie->plain, state, room, bits, most)) return false;
    } else if (cost <= room) {
        *most = cost;
        memcpy(bits, trie->letters + (letters <= HR_TRIE_LETTERS ? letters * g->words : 0), g->words * sizeof *bits);
        for (uint32_t i = 0; letters > HR_TRIE_LETTERS && letters < trie->longest && i < trie->n_more; i += 2)
            if ((uint32_t)trie->more[i + 1] > letters) bits[trie->more[i] >> 5] &= ~(1u << (trie->more[i] & 31));
    }
    return walk_guide_trie(g, &trie->rest, state, room, bits, most);
}
static hr_status fail_guide_walk(const hr_guide *g, hr_error *err) {
    if (g->run.too_wide)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "guide", "can be read in more than %d ways at once, or takes too long",
                       HR_RUN_WIDTH);
    return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "guide", "one token needs more than %d states", HR_RUN_STATES);
}
static hr_status fill_guide_mask(hr_guide *g, uint32_t room, uint32_t *bits, uint32_t *most, bool shared,
                                 uint32_t *state, hr_error *err) {
    for (int try_ = 0; try_ < 2; try_++) {
        *state = shared ? hr_run_mask_state(&g->run, g->run.now, g->trie->longest) : g->run.now;
        if (*state && find_guide_tokens(g, *state, room, bits, most)) return HR_OK;
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
    g->run.steps = 0;
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
    g->run.steps = 0;
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
