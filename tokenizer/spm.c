/* spm.c: SentencePiece BPE: neighbours whose text is a token merge, the highest score first, the leftmost on a tie (Kudo &
 * Richardson 2018). Where no token crosses from a character to a following space, words are independent of each other and
 * the words met lately answer most of the text. */
#include "tokenizer/internal.h"

static const uint8_t space_mark[3] = {0xe2, 0x96, 0x81}; /* U+2581 */

static bool is_mark(const uint8_t *p, size_t left) { return left >= 3 && memcmp(p, space_mark, 3) == 0; }

/* higher scores give smaller keys */
static uint32_t score_key(float score) {
    uint32_t u = hr_f32_bits(score == 0.0f ? 0.0f : score);
    return ~(u & 0x80000000u ? ~u : u | 0x80000000u);
}

/* key of merging the symbol at `left` with its neighbour; false when the two are no token */
static bool pair_key(const hr_tok_enc *e, const uint8_t *p, uint32_t left, uint32_t *key) {
    uint32_t right = e->nodes[left].next;
    if (right == HR_TOK_NONE) return false;
    int32_t id = hr_tok_find(e->t, p + left, (size_t)e->nodes[left].id + e->nodes[right].id);
    if (id < 0) return false;
    *key = score_key(hr_tok_score(e->t, id));
    return true;
}

static void push_symbol_pair(hr_tok_enc *e, const uint8_t *p, uint32_t left) {
    uint32_t key;
    if (pair_key(e, p, left, &key)) hr_tok_heap_push(e, key, left);
}

static void emit_symbol(hr_tok_enc *e, const uint8_t *p, size_t n) {
    int32_t id = hr_tok_find(e->t, p, n);
    if (id >= 0) {
        hr_tok_emit(e, id);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        id = e->t->byte_id[p[i]];
        if (id < 0) id = e->t->spec.unk;
        if (id >= 0) hr_tok_emit(e, id);
    }
}

static void spm_word(hr_tok_enc *e, const uint8_t *p, size_t n) {
    hr_tok_node *node = e->nodes;
    uint32_t previous = HR_TOK_NONE, key;
    e->n_heap = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        bool ok;
        size_t len = hr_utf8_next(p + i, n - i, &cp, &ok);
        node[i].id = (uint32_t)len;
        node[i].prev = previous;
        node[i].next = i + len < n ? (uint32_t)(i + len) : HR_TOK_NONE;
        previous = (uint32_t)i;
        i += len;
    }
    for (uint32_t i = 0; i != HR_TOK_NONE; i = node[i].next) push_symbol_pair(e, p, i);
    while (e->n_heap > 0) {
        uint64_t top = hr_tok_heap_pop(e);
        uint32_t left = (uint32_t)top, right = node[left].next;
        if (node[left].id == 0 || !pair_key(e, p, left, &key) || key != (uint32_t)(top >> 32)) continue;
        node[left].id += node[right].id;
        node[left].next = node[right].next;
        node[right].id = 0;
        if (node[left].next != HR_TOK_NONE) node[node[left].next].prev = left;
        if (node[left].prev != HR_TOK_NONE) push_symbol_pair(e, p, node[left].prev);
        push_symbol_pair(e, p, left);
    }
    for (uint32_t i = 0; i != HR_TOK_NONE; i = node[i].next) emit_symbol(e, p + i, node[i].id);
}

static void cached_word(hr_tok_enc *e, const uint8_t *p, size_t n) {
    uint64_t hash = hr_tok_hash(p, n);
    if (hr_tok_cache_get(e, p, n, hash)) return;
    size_t first = e->n;
    spm_word(e, p, n);
    hr_tok_cache_put(e, p, n, hash, first);
}

/* spaces to marks; with remove_extra_whitespaces runs become one and the ends go */
static size_t normalize(hr_tok_enc *e, const uint8_t *p, size_t n, bool space_first) {
    uint8_t *out = e->norm_end;
    bool squeeze = e->t->spec.remove_extra_whitespaces;
    while (squeeze && n > 0 && p[0] == ' ') p++, n--;
    while (squeeze && n > 0 && p[n - 1] == ' ') n--;
    if (space_first) memcpy(out, space_mark, 3), out += 3;
    for (size_t i = 0; i < n; i++) {
        if (p[i] != ' ') {
            *out++ = p[i];
        } else if (!squeeze || p[i - 1] != ' ') {
            memcpy(out, space_mark, 3);
            out += 3;
        }
    }
    return (size_t)(out - e->norm_end);
}

void hr_tok_spm_fragment(hr_tok_enc *e, const uint8_t *text, size_t n_text, bool space_first) {
    size_t n = normalize(e, text, n_text, space_first);
    const uint8_t *p = e->norm_end;
    e->norm_end += n;
    if (!e->t->words) {
        if (n > 0) spm_word(e, p, n);
        return;
    }
    for (size_t begin = 0; begin < n;) { /* a word: marks, then everything up to the next mark */
        size_t end = begin;
        while (is_mark(p + end, n - end)) end += 3;
        while (end < n && !(p[end] == space_mark[0] && is_mark(p + end, n - end))) end++;
        cached_word(e, p + begin, end - begin);
        begin = end;
    }
}
