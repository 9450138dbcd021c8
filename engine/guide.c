/* guide.c: a guide made and freed; the public calls. */
#include "engine/guide.h"
#include "engine/base/sys.h"
#include "engine/hearth.h"
#include "engine/model.h"

HR_SMALL_BEGIN

static void compile_guide(hr_guide_build *b, int kind, hr_str text, const hr_trie *trie) {
    if (!hr_net_init(b)) return;
    if (text.size > HR_GUIDE_MAX_TEXT) hr_guide_fail(b, HR_E_LIMIT, "is longer than %d bytes", HR_GUIDE_MAX_TEXT);
    if (b->status != HR_OK) return;
    switch (kind) {
    case HEARTH_GUIDE_SCHEMA: hr_guide_schema(b, text); break;
    case HEARTH_GUIDE_REGEX: hr_guide_regex(b, text); break;
    case HEARTH_GUIDE_GRAMMAR: hr_guide_gbnf(b, text); break;
    case HEARTH_GUIDE_CHOICE: hr_guide_choice(b, text); break;
    default: hr_guide_fail(b, HR_E_ARG, "no such kind of guide: %d", kind);
    }
    if (b->status != HR_OK) return;
    hr_net_close(b, trie ? trie->single : NULL);
    if (b->status == HR_OK && b->net.nodes[b->net.start].cost == HR_GUIDE_NEVER)
        hr_guide_fail(b, HR_E_UNSUPPORTED, "no text fits%s", trie ? ", or this vocabulary cannot write it" : "");
}
static void lay_guide(hr_guide *g, hr_arena *arena, const hr_net *net) {
    hr_net_node *nodes = HR_NEW(arena, hr_net_node, net->n_nodes);
    hr_net_edge *edges = HR_NEW(arena, hr_net_edge, net->n_edges);
    hr_run_lay(&g->run, arena);
    for (int i = 0; i < HR_RUN_MASKS; i++) g->masks[i].bits = HR_NEW(arena, uint32_t, g->words);
    g->tight = HR_NEW(arena, uint32_t, g->words);
    g->path = HR_NEW(arena, uint32_t, g->trie->longest + 2);
    g->piece = HR_NEW(arena, char, hr_tok_max_piece(g->tok) + 8);
    g->ends = HR_NEW(arena, int32_t, g->n_ends + 1);
    if (!arena->base) return;
    memcpy(nodes, net->nodes, net->n_nodes * sizeof *nodes);
    memcpy(edges, net->edges, net->n_edges * sizeof *edges);
    g->net = *net;
    g->net.nodes = nodes;
    g->net.edges = edges;
}
static hr_status lay_new_guide(const hr_tok *tok, const hr_trie *trie, const hr_allocator *a, const hr_net *net, hr_guide **out,
                               hr_error *err) {
    hr_guide g;
    hr_arena arena;
    uint32_t n_ends = 0;
    memset(&g, 0, sizeof g);
    g.allocator = *a;
    g.tok = tok;
    g.trie = trie;
    g.words = (trie->n_vocab + 31) / 32;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 0) {
            for (uint32_t i = 0; i < trie->n_vocab; i++) g.n_ends += hr_tok_is_eog(tok, (int32_t)i);
            hr_arena_init_count(&arena);
        } else {
            g.bytes = arena.used + HR_ARENA_ALIGN;
            g.memory = a->alloc(a->ctx, g.bytes, HR_ARENA_ALIGN);
            if (!g.memory) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "guide", "%zu bytes cannot be allocated", g.bytes);
            hr_arena_init(&arena, g.memory, g.bytes);
        }
        hr_guide *at = HR_NEW(&arena, hr_guide, 1);
        lay_guide(&g, &arena, net);
        if (pass == 0) continue;
        hr_assert(!arena.failed);
        for (uint32_t i = 0; i < trie->n_vocab; i++)
            if (hr_tok_is_eog(tok, (int32_t)i)) g.ends[n_ends++] = (int32_t)i;
        g.least = g.net.nodes[g.net.start].cost;
        *at = g;
        *out = at;
    }
    return HR_OK;
}
HR_PRIVATE hr_status hr_guide_make(const hr_tok *tok, const hr_trie *trie, const hr_allocator *a, int kind, hr_str text,
                                   hr_guide **out, hr_error *err) {
    hr_guide_build b;
    const size_t bytes = HR_GUIDE_ARENA;
    memset(&b, 0, sizeof b);
    *out = NULL;
    b.err = err;
    b.place = "guide";
    void *memory = a->alloc(a->ctx, bytes, HR_ARENA_ALIGN);
    if (!memory) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "guide", "%zu bytes cannot be allocated", bytes);
    hr_arena_init(&b.arena, memory, bytes);
    compile_guide(&b, kind, text, trie);
    if (b.status == HR_OK && tok) b.status = lay_new_guide(tok, trie, a, &b.net, out, err);
    a->free(a->ctx, memory, bytes);
    return b.status;
}
HR_PRIVATE void hr_guide_free(hr_guide *g) {
    if (g) g->allocator.free(g->allocator.ctx, g->memory, g->bytes);
}

/* --- the model's trie, made for its first guide; two callers at the same time make the same one ------------------ */
static hr_status find_model_trie(hr_model *m, hr_error *err) {
    hr_trie trie;
    if (hr_atomic_load_u32(&m->has_trie)) return HR_OK;
    HR_TRY(hr_trie_build(m->tok, &m->allocator, &trie, err));
    if (hr_atomic_next(&m->tries_begun, 1) == 0) {
        m->trie = trie;
        hr_atomic_store_u32(&m->has_trie, 1);
    } else {
        hr_trie_free(&trie, &m->allocator);
    }
    while (!hr_atomic_load_u32(&m->has_trie)) {}
    return HR_OK;
}
HR_PRIVATE void hr_trie_free(hr_trie *trie, const hr_allocator *a) {
    if (trie->memory) a->free(a->ctx, trie->memory, trie->bytes);
    trie->memory = NULL;
}
hearth_status hearth_guide_open(hearth_model *model, int kind, const char *text, size_t n_text, hearth_guide **guide,
                                hearth_error *err) {
    hr_model *m = (hr_model *)(void *)model;
    hr_error *e = (hr_error *)err; /* same layout: asserted in api_model.c */
    hr_guide *g = NULL;
    if (e) hr_error_clear(e);
    if (guide) *guide = NULL;
    if (!text || (model && !guide)) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "text or guide", "must not be NULL");
    if (model && !m->tok) return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "tokenizer.ggml.model", "the file has no tokenizer");
    if (model) HR_TRY(find_model_trie(m, e));
    const hr_str all = {text, n_text};
    const hr_allocator *a = model ? &m->allocator : hr_allocator_default();
    HR_TRY(hr_guide_make(model ? m->tok : NULL, model ? &m->trie : NULL, a, kind, all, &g, e));
    if (guide) *guide = (hearth_guide *)(void *)g;
    return HR_OK;
}
void hearth_guide_close(hearth_guide *guide) { hr_guide_free((hr_guide *)(void *)guide); }

HR_SMALL_END
