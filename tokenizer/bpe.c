/* bpe.c: merging by rank. A word of the text is looked for in three places: the vocabulary (where the family takes whole
 * words as they are), the words met lately, and at last the merges: by scanning when the word is short, with a heap
 * otherwise, so that a megabyte without a space costs n log n. */
#include "tokenizer/internal.h"

enum { BPE_SHORT = 24 };

/* --- heap shared with SPM ------------------------------------------------------------------------------------------------- */
void hr_tok_heap_push(hr_tok_enc *e, uint32_t key, uint32_t left) {
    uint64_t v = (uint64_t)key << 32 | left, *h = e->heap;
    size_t i = e->n_heap++;
    for (; i > 0 && h[(i - 1) / 2] > v; i = (i - 1) / 2) h[i] = h[(i - 1) / 2];
    h[i] = v;
}

uint64_t hr_tok_heap_pop(hr_tok_enc *e) {
    uint64_t *h = e->heap, top = h[0], v = h[--e->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < e->n_heap; i = child) {
        if (child + 1 < e->n_heap && h[child + 1] < h[child]) child++;
        if (h[child] >= v) break;
        h[i] = h[child];
    }
    h[i] = v;
    return top;
}

/* --- words met lately ----------------------------------------------------------------------------------------------------------- */
bool hr_tok_cache_get(hr_tok_enc *e, const uint8_t *p, size_t n, uint64_t hash) {
    if (e->cache_mask == SIZE_MAX) return false;
    const hr_tok_cached *c = &e->cache[hash & e->cache_mask];
    if (c->hash != hash || c->size != n || c->n == 0 || memcmp(c->word, p, n) != 0) return false;
    for (uint32_t i = 0; i < c->n; i++) hr_tok_emit(e, c->ids[i]);
    return true;
}

/* the word's ids are the last ones written, from number `first` on */
void hr_tok_cache_put(hr_tok_enc *e, const uint8_t *p, size_t n, uint64_t hash, size_t first) {
    size_t count = e->n - first;
    if (e->cache_mask == SIZE_MAX || count > HR_COUNT(e->cache->ids) || e->n > e->cap || n > UINT32_MAX) return;
    hr_tok_cached *c = &e->cache[hash & e->cache_mask];
    c->hash = hash;
    c->word = p;
    c->size = (uint32_t)n;
    c->n = (uint32_t)count;
    for (size_t i = 0; i < count; i++) c->ids[i] = e->ids[first + i];
}

/* --- merging ----------------------------------------------------------------------------------------------------------------------- */
static void emit_missing(hr_tok_enc *e, const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) { /* raw families fall back to byte tokens; others have every byte */
        int32_t id = e->t->byte_id[p[i]];
        if (id < 0) id = e->t->spec.unk;
        if (id >= 0) hr_tok_emit(e, id);
    }
}

/* first symbols of the word: bytes, or characters in a raw family. false: some symbol is no token */
static size_t first_symbol(const hr_tok_enc *e, const uint8_t *p, size_t n, int32_t *id) {
    if (!e->t->family->raw) {
        *id = e->t->byte_id[p[0]];
        return 1;
    }
    uint32_t cp;
    bool ok;
    size_t len = hr_utf8_next(p, n, &cp, &ok);
    *id = hr_tok_find(e->t, p, len);
    return len;
}

static uint32_t rank_of(const hr_tok *t, uint32_t left, uint32_t right, uint32_t *merged) {
    const hr_tok_merge *m = hr_tok_find_merge(t, left, right);
    if (m == NULL) return UINT32_MAX;
    *merged = m->merged;
    return m->rank;
}

static void merge_short(hr_tok_enc *e, uint32_t *id, size_t n) {
    uint32_t rank[BPE_SHORT], merged[BPE_SHORT];
    for (size_t i = 0; i + 1 < n; i++) rank[i] = rank_of(e->t, id[i], id[i + 1], &merged[i]);
    while (n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < n; i++) best = rank[i] < rank[best] ? i : best;
        if (rank[best] == UINT32_MAX) break;
        id[best] = merged[best];
        for (size_t i = best + 1; i + 1 < n; i++) {
            id[i] = id[i + 1];
            rank[i] = rank[i + 1];
            merged[i] = merged[i + 1];
        }
        n--;
        if (best > 0) rank[best - 1] = rank_of(e->t, id[best - 1], id[best], &merged[best - 1]);
        if (best + 1 < n) rank[best] = rank_of(e->t, id[best], id[best + 1], &merged[best]);
    }
    for (size_t i = 0; i < n; i++) hr_tok_emit(e, (int32_t)id[i]);
}

static void push_pair(hr_tok_enc *e, uint32_t left) {
    uint32_t right = e->nodes[left].next, merged;
    if (right == HR_TOK_NONE) return;
    uint32_t rank = rank_of(e->t, e->nodes[left].id, e->nodes[right].id, &merged);
    if (rank != UINT32_MAX) hr_tok_heap_push(e, rank, left);
}

static void merge_long(hr_tok_enc *e, size_t n) {
    hr_tok_node *node = e->nodes;
    e->n_heap = 0;
    for (size_t i = 0; i + 1 < n; i++) push_pair(e, (uint32_t)i);
    while (e->n_heap > 0) {
        uint64_t top = hr_tok_heap_pop(e);
        uint32_t left = (uint32_t)top, right = node[left].next, merged = 0;
        if (node[left].id == HR_TOK_NONE || right == HR_TOK_NONE) continue;
        if (rank_of(e->t, node[left].id, node[right].id, &merged) != (uint32_t)(top >> 32)) continue;
        node[left].id = merged;
        node[left].next = node[right].next;
        node[right].id = HR_TOK_NONE;
        if (node[left].next != HR_TOK_NONE) node[node[left].next].prev = left;
        if (node[left].prev != HR_TOK_NONE) push_pair(e, node[left].prev);
        push_pair(e, left);
    }
    for (uint32_t i = 0; i != HR_TOK_NONE; i = node[i].next) hr_tok_emit(e, (int32_t)node[i].id);
}

/* symbols [begin, end) that are all tokens */
static void merge_symbols(hr_tok_enc *e, const uint8_t *p, size_t n) {
    uint32_t id[BPE_SHORT];
    size_t count = 0;
    for (size_t i = 0; i < n; count++) {
        int32_t symbol;
        i += first_symbol(e, p + i, n - i, &symbol);
        if (count < BPE_SHORT) id[count] = (uint32_t)symbol;
        hr_tok_node node = {(uint32_t)symbol, count > 0 ? (uint32_t)count - 1 : HR_TOK_NONE, (uint32_t)count + 1};
        if (n > BPE_SHORT) e->nodes[count] = node;
    }
    if (count <= BPE_SHORT) {
        merge_short(e, id, count);
    } else {
        e->nodes[count - 1].next = HR_TOK_NONE;
        merge_long(e, count);
    }
}

static void bpe_word(hr_tok_enc *e, const uint8_t *p, size_t n) {
    uint64_t hash = hr_tok_hash(p, n);
    if (e->t->spec.ignore_merges) {
        int32_t id = hr_tok_find(e->t, p, n);
        if (id >= 0) {
            hr_tok_emit(e, id);
            return;
        }
    }
    if (hr_tok_cache_get(e, p, n, hash)) return;
    size_t first = e->n, begin = 0;
    for (size_t i = 0; i < n;) { /* a symbol that is no token cuts the word */
        int32_t symbol;
        size_t len = first_symbol(e, p + i, n - i, &symbol);
        if (symbol < 0) {
            if (i > begin) merge_symbols(e, p + begin, i - begin);
            emit_missing(e, p + i, len);
            begin = i + len;
        }
        i += len;
    }
    if (n > begin) merge_symbols(e, p + begin, n - begin);
    hr_tok_cache_put(e, p, n, hash, first);
}

void hr_tok_bpe_fragment(hr_tok_enc *e, const uint8_t *p, size_t n) {
    if (e->t->family->raw) { /* spaces become U+2581 */
        uint8_t *out = e->norm_end;
        for (size_t i = 0; i < n; i++) {
            if (p[i] == ' ') memcpy(out, "\xe2\x96\x81", 3), out += 3;
            else *out++ = p[i];
        }
        p = e->norm_end;
        n = (size_t)(out - e->norm_end);
        e->norm_end = out;
    }
    hr_pretok words;
    size_t begin, end;
    hr_pretok_begin(&words, e->t->family, p, n);
    while (hr_pretok_next(&words, &begin, &end)) bpe_word(e, p + begin, end - begin);
}
