/* encode.c: the way round the three algorithms: special tokens in the text, tokens added at its ends, scratch. */
#include "tokenizer/internal.h"

enum { ENC_CACHE_MIN = 64, ENC_CACHE_MAX = 8192, ENC_WPM_WORD = 3 + 4 * 102 };

/* --- scratch ------------------------------------------------------------------------------------------------------------------ */
static size_t cache_entries(size_t n_text) {
    size_t n = ENC_CACHE_MIN;
    while (n < ENC_CACHE_MAX && n < n_text / 8) n *= 2;
    return n;
}

/* every fragment may get a space in front, and every space takes three bytes */
static size_t normalized_bytes(const hr_tok *t, size_t n) {
    if (t->spec.model == HR_TOK_WPM) return ENC_WPM_WORD;
    if (t->spec.model == HR_TOK_SPM) return 6 * n + 16;
    return t->family->raw ? 3 * n + 16 : 0;
}

static bool lay_out_scratch(hr_tok_enc *e, const hr_tok *t, hr_arena *a, size_t n) {
    size_t symbols = t->spec.model == HR_TOK_SPM ? 3 * n + 4 : t->spec.model == HR_TOK_WPM ? 0 : n + 1;
    if (t->spec.model == HR_TOK_BPE && t->family->raw) symbols = 3 * n + 4;
    e->cache_mask = cache_entries(n) - 1;
    e->cache = HR_NEW(a, hr_tok_cached, e->cache_mask + 1);
    e->norm = e->norm_end = (uint8_t *)hr_arena_alloc(a, normalized_bytes(t, n), 1, 1);
    size_t before = a->used;
    e->heap = (uint64_t *)hr_arena_alloc(a, 1, sizeof(uint64_t), 8); /* the bulk is not zeroed: it is written first */
    e->nodes = (hr_tok_node *)(void *)(e->heap != NULL ? e->heap + 2 * (n + 1) : NULL);
    size_t heap_bytes, node_bytes, total;
    if (!hr_mul_size(2 * (n + 1), sizeof(uint64_t), &heap_bytes) || !hr_mul_size(symbols, sizeof(hr_tok_node), &node_bytes) ||
        !hr_add_size(heap_bytes, node_bytes, &total) || !hr_add_size(before + 8, total, &a->used) || a->used > a->cap) {
        return false;
    }
    return !a->failed;
}

size_t hr_tok_scratch_bytes(const hr_tok *t, size_t n_text) {
    hr_arena a;
    hr_tok_enc e;
    hr_arena_init_count(&a);
    if (n_text >= (size_t)1 << 31) return 0;
    lay_out_scratch(&e, t, &a, n_text);
    return a.used + HR_ARENA_ALIGN;
}

/* --- special tokens ------------------------------------------------------------------------------------------------------------- */
/* the longest special token at p that may be taken, or -1: the sorted list is narrowed byte by byte */
static int32_t special_at(const hr_tok *t, const uint8_t *p, size_t n, bool parse) {
    if (!(t->special_first[p[0] / 8] >> p[0] % 8 & 1)) return -1;
    size_t lo = 0, hi = t->n_special;
    int32_t best = -1;
    for (size_t k = 0; k < n && lo < hi; k++) {
        size_t a = lo, b = hi; /* first text whose byte k is >= p[k] */
        while (a < b) {
            size_t mid = a + (b - a) / 2;
            hr_str s = hr_tok_text(t, (int32_t)t->special[mid]);
            if (s.size <= k || (uint8_t)s.data[k] < p[k]) a = mid + 1;
            else b = mid;
        }
        lo = a;
        b = hi;
        while (a < b) { /* first text whose byte k is > p[k] */
            size_t mid = a + (b - a) / 2;
            hr_str s = hr_tok_text(t, (int32_t)t->special[mid]);
            if (s.size > k && (uint8_t)s.data[k] <= p[k]) a = mid + 1;
            else b = mid;
        }
        hi = a;
        if (lo == hi) break;
        int32_t id = (int32_t)t->special[lo]; /* the shortest of those that agree so far */
        if (hr_tok_text(t, id).size == k + 1 && (parse || hr_tok_type(t, id) == HR_TOKEN_USER_DEFINED)) best = id;
    }
    return best;
}

/* --- the whole text ---------------------------------------------------------------------------------------------------------------- */
static void encode_fragment(hr_tok_enc *e, const uint8_t *p, size_t n, bool first) {
    if (n == 0) return;
    switch (e->t->spec.model) {
    case HR_TOK_SPM: hr_tok_spm_fragment(e, p, n, first && e->t->spec.add_space_prefix); break;
#if !defined(HR_NO_BPE) /* nor WordPiece: the Unicode tables serve both; hr_tok_init refuses such a file */
    case HR_TOK_BPE: hr_tok_bpe_fragment(e, p, n); break;
    case HR_TOK_WPM: hr_tok_wpm_fragment(e, p, n); break;
#else
    default: break;
#endif
    }
}

hr_status hr_tok_encode(const hr_tok *t, const char *text, size_t n_text, uint32_t flags, int32_t *ids, size_t cap, size_t *n,
                        void *scratch, hr_error *err) {
    const hr_tok_spec *s = &t->spec;
    const uint8_t *p = (const uint8_t *)text;
    hr_tok_enc e;
    hr_arena a;
    memset(&e, 0, sizeof e);
    *n = 0;
    if (n_text >= (size_t)1 << 31) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "text", "%zu bytes; below 2^31 are accepted",
                                                  n_text);
    hr_arena_init(&a, scratch, hr_tok_scratch_bytes(t, n_text));
    if (!lay_out_scratch(&e, t, &a, n_text)) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "scratch", "too small");
    e.t = t;
    e.ids = ids;
    e.cap = cap;
    bool special = (flags & HR_ENCODE_SPECIAL) != 0, parse = (flags & HR_ENCODE_PARSE) != 0, wpm = s->model == HR_TOK_WPM;
    int32_t begin_id = wpm && s->cls >= 0 ? s->cls : s->bos;
    if (special && s->add_bos && begin_id >= 0) hr_tok_emit(&e, begin_id);
    size_t begin = 0;
    bool first = true; /* of the text, or after a special token */
    for (size_t i = 0; i < n_text && t->n_special > 0;) {
        int32_t id = special_at(t, p + i, n_text - i, parse);
        if (id < 0) {
            i++;
            continue;
        }
        encode_fragment(&e, p + begin, i - begin, first);
        hr_tok_emit(&e, id);
        i += hr_tok_text(t, id).size;
        begin = i;
        first = !s->space_prefix_once;
    }
    encode_fragment(&e, p + begin, n_text - begin, first);
    if (special && wpm && s->add_sep && s->sep >= 0) hr_tok_emit(&e, s->sep);
    if (special && s->add_eos && s->eos >= 0) hr_tok_emit(&e, s->eos);
    *n = e.n;
    if (e.n > cap) return hr_fail(err, HR_E_FULL, HR_NO_OFFSET, "ids", "%zu ids, room for %zu", e.n, cap);
    return HR_OK;
}
