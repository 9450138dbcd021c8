/* lexical.c: BM25 (Robertson and Zaragoza 2009; k1 1.2, b 0.75) over folded Unicode words, and the fusion of both lists. The
 * index is made at the first search and grows with the store; what is deleted is passed over. */
#include "memory/cache.h"
#include "memory/store_internal.h"
#include "engine/base/fmath.h"
#include "tokenizer/unicode.h"

enum { WORD_BYTES = 64, QUERY_WORDS = 64 };

typedef struct lex_term {
    uint32_t at, n, head;    /* bytes in pool; first posting + 1 */
} lex_term;
typedef struct lex_posting {
    uint32_t doc, count, next;
} lex_posting;

typedef struct hr_lexical {
    uint8_t *pool;
    lex_term *terms;
    lex_posting *postings;
    uint32_t *table;
    uint32_t n_pool, cap_pool, n_terms, cap_terms, n_postings, cap_postings, table_cap;
    uint32_t n_done;
} hr_lexical;

static void lexical_empty(hr_store *s) {
    const hr_allocator *m = s->memory;
    hr_lexical *x = s->lexical;
    if (x->pool != NULL) {
        memset(x->pool, 0, x->cap_pool);
        m->free(m->ctx, x->pool, x->cap_pool);
    }
    if (x->terms != NULL) m->free(m->ctx, x->terms, x->cap_terms * sizeof *x->terms);
    if (x->postings != NULL) m->free(m->ctx, x->postings, x->cap_postings * sizeof *x->postings);
    if (x->table != NULL) m->free(m->ctx, x->table, x->table_cap * sizeof *x->table);
    memset(x, 0, sizeof *x);
}

void hr_lexical_free(hr_store *s) {
    const hr_allocator *m = s->memory;
    if (s->lexical == NULL) return;
    lexical_empty(s);
    m->free(m->ctx, s->lexical, sizeof *s->lexical);
    s->lexical = NULL;
}

/* --- words ------------------------------------------------------------------------------------------------------------------- */
static bool in_word(uint32_t cp) {
    unsigned c = hr_unicode_class(cp);
    return (c >= HR_UC_LU && c <= HR_UC_N) || c == HR_UC_MN;
}
static bool is_word_alone(uint32_t cp) { return (cp >= 0x3040 && cp <= 0x30ff) || (cp >= 0x3400 && cp <= 0x9fff); }

/* the next word from *at on, folded; *from: where it begins in the text */
static bool next_word(hr_str text, size_t *at, size_t *from, uint8_t word[WORD_BYTES], size_t *n_word) {
    const uint8_t *p = (const uint8_t *)text.data;
    *n_word = 0;
    bool inside = false;
    while (*at < text.size) {
        uint32_t cp, folded[3];
        bool ok;
        size_t n = hr_utf8_next(p + *at, text.size - *at, &cp, &ok);
        bool letter = ok && in_word(cp), alone = letter && is_word_alone(cp);
        if (inside && (!letter || alone)) return *n_word > 0;
        if (letter && !inside) *from = *at;
        *at += n;
        if (!letter) continue;
        inside = true;
        size_t n_folded = hr_unicode_bert_fold(cp, folded);
        for (size_t i = 0; i < n_folded; i++) {
            uint8_t utf8[4];
            size_t m = hr_utf8_put(folded[i], utf8);
            if (*n_word + m <= WORD_BYTES) memcpy(word + *n_word, utf8, m), *n_word += m;
        }
        if (alone) return *n_word > 0;
        if (*n_word == 0) inside = false;
    }
    return *n_word > 0;
}

/* --- the index ------------------------------------------------------------------------------------------------------------------ */
static uint32_t *term_slot(const hr_lexical *x, const uint8_t *word, size_t n) {
    uint32_t i = (uint32_t)hr_hash64(word, n, 0) & (x->table_cap - 1);
    for (; x->table[i] != 0; i = (i + 1) & (x->table_cap - 1)) {
        const lex_term *t = &x->terms[x->table[i] - 1];
        if (t->n == n && memcmp(x->pool + t->at, word, n) == 0) break;
    }
    return &x->table[i];
}

static bool term_room(const hr_allocator *m, hr_lexical *x) {
    if ((x->n_terms + 1) * 2 <= x->table_cap) return true;
    uint32_t cap = x->table_cap == 0 ? 1024 : x->table_cap * 2;
    uint32_t *more = cap == 0 ? NULL : (uint32_t *)m->alloc(m->ctx, cap * sizeof *more, 8);
    if (more == NULL) return false;
    memset(more, 0, cap * sizeof *more);
    if (x->table != NULL) m->free(m->ctx, x->table, x->table_cap * sizeof *more);
    x->table = more;
    x->table_cap = cap;
    for (uint32_t i = 0; i < x->n_terms; i++) *term_slot(x, x->pool + x->terms[i].at, x->terms[i].n) = i + 1;
    return true;
}

static bool lexical_add(const hr_allocator *m, hr_lexical *x, uint32_t doc, const uint8_t *word, size_t n) {
    if (!term_room(m, x)) return false;
    uint32_t *slot = term_slot(x, word, n);
    if (*slot == 0) {
        uint8_t *pool = (uint8_t *)hr_store_grow(m, x->pool, x->n_pool, 1, &x->cap_pool, x->n_pool + (uint32_t)n);
        if (pool != NULL) x->pool = pool;
        lex_term *terms = pool == NULL ? NULL
            : (lex_term *)hr_store_grow(m, x->terms, x->n_terms, sizeof *terms, &x->cap_terms, x->n_terms + 1);
        if (terms == NULL) return false;
        x->terms = terms;
        memcpy(x->pool + x->n_pool, word, n);
        lex_term t = {x->n_pool, (uint32_t)n, 0};
        x->n_pool += (uint32_t)n;
        x->terms[x->n_terms] = t;
        *slot = ++x->n_terms;
    }
    lex_term *t = &x->terms[*slot - 1];
    if (t->head != 0 && x->postings[t->head - 1].doc == doc) {
        x->postings[t->head - 1].count++;
        return true;
    }
    lex_posting *p = (lex_posting *)hr_store_grow(m, x->postings, x->n_postings, sizeof *p, &x->cap_postings, x->n_postings + 1);
    if (p == NULL) return false;
    x->postings = p;
    lex_posting one = {doc, 1, t->head};
    x->postings[x->n_postings] = one;
    t->head = ++x->n_postings;
    return true;
}

static bool lexical_whole(const hr_store *s, const hr_lexical *x, uint32_t reach) {
    uint32_t used = 0;
    if (x->table_cap == 0 || (x->table_cap & (x->table_cap - 1)) != 0 || x->n_terms > x->table_cap / 2) return false;
    if (reach > s->n) return false;
    for (uint32_t i = 0; i < x->n_terms; i++) {
        const lex_term *t = &x->terms[i];
        if (t->at > x->n_pool || t->n > x->n_pool - t->at || t->n > WORD_BYTES || t->head > x->n_postings) return false;
    }
    for (uint32_t i = 0; i < x->n_postings; i++) {
        if (x->postings[i].doc >= reach || x->postings[i].next > i) return false; /* backwards: no walk goes round */
    }
    for (uint32_t i = 0; i < x->table_cap; i++) {
        if (x->table[i] > x->n_terms) return false;
        used += x->table[i] != 0;
    }
    return used == x->n_terms;
}

static void lexical_load(hr_store *s) {
    hr_lexical *x = s->lexical;
    uint32_t reach = hr_cache_reach(s, HR_CACHE_WORDS);
    if (reach == 0) return;
    x->pool = (uint8_t *)hr_cache_load(s, HR_CACHE_POOL, 0, 1, &x->cap_pool);
    x->terms = (lex_term *)hr_cache_load(s, HR_CACHE_TERMS, 0, sizeof *x->terms, &x->cap_terms);
    x->postings = (lex_posting *)hr_cache_load(s, HR_CACHE_POSTINGS, 0, sizeof *x->postings, &x->cap_postings);
    x->table = (uint32_t *)hr_cache_load(s, HR_CACHE_WORDS, 0, sizeof *x->table, &x->table_cap);
    x->n_pool = x->cap_pool;
    x->n_terms = x->cap_terms;
    x->n_postings = x->cap_postings;
    if (lexical_whole(s, x, reach)) {
        x->n_done = reach;
        return;
    }
    lexical_empty(s);
}

static hr_status lexical_update(hr_store *s, hr_error *err);
hr_status hr_lexical_save(hr_store *s, hr_cache_out *o, uint32_t *reach, hr_error *err) {
    if (s->lexical == NULL && hr_cache_reach(s, HR_CACHE_WORDS) == 0) return HR_OK; /* nobody searched by words */
    HR_TRY(lexical_update(s, err));
    const hr_lexical *x = s->lexical;
    if (x->n_terms == 0) return HR_OK;
    HR_TRY(hr_cache_put(o, HR_CACHE_POOL, 0, x->pool, 1, x->n_pool));
    HR_TRY(hr_cache_put(o, HR_CACHE_TERMS, 0, x->terms, sizeof *x->terms, x->n_terms));
    HR_TRY(hr_cache_put(o, HR_CACHE_POSTINGS, 0, x->postings, sizeof *x->postings, x->n_postings));
    HR_TRY(hr_cache_put(o, HR_CACHE_WORDS, 0, x->table, sizeof *x->table, x->table_cap));
    *reach = x->n_done;
    return HR_OK;
}

static hr_status lexical_update(hr_store *s, hr_error *err) {
    const hr_allocator *m = s->memory;
    if (s->lexical == NULL) {
        s->lexical = (hr_lexical *)m->alloc(m->ctx, sizeof *s->lexical, 16);
        if (s->lexical == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "index", "out of memory");
        memset(s->lexical, 0, sizeof *s->lexical);
        lexical_load(s);
    }
    hr_lexical *x = s->lexical;
    for (; x->n_done < s->n; x->n_done++) {
        hr_entry *e = &s->entries[x->n_done];
        hr_item item;
        if (!e->live) continue;
        HR_TRY(hr_store_read(s, e, &item, err));
        const hr_str part[2] = {item.key, item.text};
        uint32_t words = 0;
        for (int k = 0; k < 2; k++) {
            uint8_t word[WORD_BYTES];
            size_t at = 0, from = 0, n;
            for (; next_word(part[k], &at, &from, word, &n); words++) {
                if (lexical_add(m, x, x->n_done, word, n)) continue;
                hr_lexical_free(s); /* half a document is in it */
                return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "index", "out of memory");
            }
        }
        e->n_words = words;
    }
    return HR_OK;
}

/* --- against the texts ------------------------------------------------------------------------------------------------------ */
static uint64_t living_postings(const hr_store *s, const hr_lexical *x) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < x->n_postings; i++) n += s->entries[x->postings[i].doc].live;
    return n;
}
static uint32_t living_posting(const hr_store *s, const hr_lexical *x, uint32_t p) {
    while (p != 0 && !s->entries[x->postings[p - 1].doc].live) p = x->postings[p - 1].next;
    return p;
}

/* an entry whose words are not what is in the index, UINT32_MAX: none */
static uint32_t lexical_compare(const hr_store *s, const hr_lexical *x, const hr_lexical *fresh) {
    for (uint32_t i = 0; i < fresh->n_terms; i++) {
        const lex_term *t = &fresh->terms[i];
        uint32_t at = x->table_cap != 0 ? *term_slot(x, fresh->pool + t->at, t->n) : 0;
        uint32_t q = at != 0 ? x->terms[at - 1].head : 0;
        for (uint32_t p = t->head; p != 0; p = fresh->postings[p - 1].next, q = x->postings[q - 1].next) { /* the latest first */
            const lex_posting *o = &fresh->postings[p - 1];
            q = living_posting(s, x, q);
            if (q == 0 || x->postings[q - 1].doc != o->doc || x->postings[q - 1].count != o->count) return o->doc;
        }
    }
    return living_postings(s, x) == living_postings(s, fresh) ? UINT32_MAX : 0; /* 0: words that no text has */
}

hr_status hr_lexical_verify(hr_store *s, uint32_t *doc, hr_error *err) {
    const hr_allocator *m = s->memory;
    struct hr_cache *cache = s->cache;
    *doc = UINT32_MAX;
    HR_TRY(lexical_update(s, err));
    uint32_t *words = (uint32_t *)m->alloc(m->ctx, (s->n + 1) * sizeof *words, 8);
    if (words == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "index", "out of memory");
    for (uint32_t i = 0; i < s->n; i++) words[i] = s->entries[i].n_words;
    hr_lexical *used = s->lexical;
    s->lexical = NULL;
    s->cache = NULL; /* from the texts alone */
    hr_status status = lexical_update(s, err);
    s->cache = cache;
    if (status == HR_OK) *doc = lexical_compare(s, used, s->lexical);
    for (uint32_t i = 0; i < s->n && status == HR_OK && *doc == UINT32_MAX; i++) {
        if (s->entries[i].live && s->entries[i].n_words != words[i]) *doc = i;
    }
    hr_lexical_free(s);
    s->lexical = used;
    m->free(m->ctx, words, (s->n + 1) * sizeof *words);
    return status;
}

/* --- query ------------------------------------------------------------------------------------------------------------------------- */
typedef struct lex_word {
    uint8_t text[WORD_BYTES];
    size_t n;
    bool prefix;
    uint32_t phrase;         /* 0: none; words of one phrase share a number */
} lex_word;

static size_t parse_query(hr_str q, lex_word words[QUERY_WORDS]) {
    size_t n = 0, at = 0;
    uint32_t phrase = 0, now = 0;
    while (at < q.size && n < QUERY_WORDS) {
        if (q.data[at] == '"') {
            now = now == 0 ? ++phrase : 0;
            at++;
            continue;
        }
        size_t end = at;
        while (end < q.size && q.data[end] != '"') end++;
        hr_str part = {q.data + at, end - at};
        size_t in = 0, from = 0;
        while (n < QUERY_WORDS && next_word(part, &in, &from, words[n].text, &words[n].n)) {
            words[n].prefix = now == 0 && in < part.size && part.data[in] == '*';
            words[n++].phrase = now;
        }
        at = end;
    }
    return n;
}

static bool has_phrase_from(hr_str text, size_t at, const lex_word *w, size_t n) {
    uint8_t word[WORD_BYTES];
    size_t from = 0, len;
    for (size_t i = 0; i < n; i++) {
        if (!next_word(text, &at, &from, word, &len) || len != w[i].n || memcmp(word, w[i].text, len) != 0) return false;
    }
    return true;
}
static bool has_phrase(hr_str text, const lex_word *w, size_t n) {
    uint8_t word[WORD_BYTES];
    size_t at = 0, from = 0, len;
    while (next_word(text, &at, &from, word, &len)) {
        if (has_phrase_from(text, from, w, n)) return true;
    }
    return false;
}
static hr_status all_phrases(hr_store *s, const hr_entry *e, const lex_word *w, size_t n, bool *yes, hr_error *err) {
    *yes = true;
    for (size_t i = 0, j; i < n && *yes; i = j) {
        for (j = i + 1; j < n && w[j].phrase == w[i].phrase && w[i].phrase != 0;) j++;
        if (w[i].phrase == 0) continue;
        hr_item item;
        HR_TRY(hr_store_read(s, e, &item, err));
        *yes = has_phrase(item.text, w + i, j - i) || has_phrase(item.key, w + i, j - i);
    }
    return HR_OK;
}

static void score_term(const hr_store *s, const lex_term *t, double docs, double mean, double *score) {
    const hr_lexical *x = s->lexical;
    double df = 0;
    for (uint32_t p = t->head; p != 0; p = x->postings[p - 1].next) df += s->entries[x->postings[p - 1].doc].live;
    double idf = hr_log(1.0 + (docs - df + 0.5) / (df + 0.5));
    for (uint32_t p = t->head; p != 0; p = x->postings[p - 1].next) {
        const lex_posting *o = &x->postings[p - 1];
        double tf = o->count, norm = 1.2 * (0.25 + 0.75 * s->entries[o->doc].n_words / mean);
        if (s->entries[o->doc].live) score[o->doc] += idf * (tf * 2.2) / (tf + norm);
    }
}

/* what is left of an English word without a light suffix; at least 3 bytes of it */
static size_t word_stem(const uint8_t *w, size_t n) {
    static const struct { const char *end; size_t n; } suffix[] = {
        {"ies", 3}, {"ied", 3}, {"ing", 3}, {"es", 2}, {"ed", 2}, {"s", 1}, {"y", 1}, {"e", 1}};
    for (size_t i = 0; i < HR_COUNT(suffix); i++) {
        size_t m = suffix[i].n;
        if (n < m + 3 || memcmp(w + n - m, suffix[i].end, m) != 0) continue;
        if (m == 1 && w[n - 1] == 's' && w[n - 2] == 's') continue;
        n -= m;
        break;
    }
    return n > 3 && w[n - 1] == w[n - 2] && w[n - 1] != 's' && w[n - 1] < 0x80 ? n - 1 : n; /* stopped: stopp: stop */
}

static bool word_fits(const hr_store *s, const lex_word *w, const lex_term *t) {
    const uint8_t *p = s->lexical->pool + t->at;
    if (w->prefix) return t->n >= w->n && memcmp(p, w->text, w->n) == 0;
    size_t n = word_stem(w->text, w->n);
    return word_stem(p, t->n) == n && memcmp(p, w->text, n) == 0;
}

static void score_words(const hr_store *s, const lex_word *w, size_t n, double *score) {
    const hr_lexical *x = s->lexical;
    double docs = 0, total = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->entries[i].live) docs++, total += s->entries[i].n_words;
    }
    double mean = total > 0 ? total / docs : 1.0;
    for (size_t i = 0; i < n && x->table_cap != 0; i++) {
        if (!w[i].prefix && ((s->options & HR_STORE_STEMS) == 0 || w[i].phrase != 0)) {
            uint32_t at = *term_slot(x, w[i].text, w[i].n);
            if (at != 0) score_term(s, &x->terms[at - 1], docs, mean, score);
            continue;
        }
        for (uint32_t t = 0; t < x->n_terms; t++) {
            if (word_fits(s, &w[i], &x->terms[t])) score_term(s, &x->terms[t], docs, mean, score);
        }
    }
}

hr_status hr_lexical_find(hr_store *s, hr_str query, const hr_filter *f, uint64_t now_ms, hr_hit *hits, size_t k, size_t *n,
                          hr_error *err) {
    const hr_allocator *m = s->memory;
    *n = 0;
    HR_TRY(lexical_update(s, err));
    if (s->n == 0 || k == 0) return HR_OK;
    size_t bytes = QUERY_WORDS * sizeof(lex_word) + s->n * sizeof(double);
    double *score = (double *)m->alloc(m->ctx, bytes, 16);
    if (score == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "search", "out of memory");
    memset(score, 0, bytes);
    lex_word *words = (lex_word *)(void *)(score + s->n);
    size_t n_words = parse_query(query, words);
    score_words(s, words, n_words, score);
    hr_status status = HR_OK;
    for (uint32_t i = 0; i < s->n && status == HR_OK; i++) {
        bool yes;
        hr_hit h;
        if (!(score[i] > 0) || (*n == k && score[i] < hits[k - 1].score)) continue;
        status = hr_store_match(s, &s->entries[i], f, now_ms, &yes, err);
        if (status == HR_OK && yes) status = all_phrases(s, &s->entries[i], words, n_words, &yes, err);
        if (status != HR_OK || !yes) continue;
        memset(&h, 0, sizeof h);
        h.entry = i;
        h.score = h.lex_score = score[i];
        hr_hits_add(s, hits, k, n, &h);
    }
    for (size_t i = 0; i < *n; i++) hits[i].lex_rank = (uint32_t)(i + 1);
    m->free(m->ctx, score, bytes);
    return status;
}

/* --- both ---------------------------------------------------------------------------------------------------------------------------- */
hr_status hr_store_search(hr_store *s, hr_str words, const char *space, const float *query, uint32_t dim, const hr_filter *f,
                          uint64_t now_ms, hr_hit *hits, size_t k, size_t *n, hr_error *err) {
    const hr_allocator *m = s->memory;
    *n = 0;
    if (k == 0 || k > 10000) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "k", "1 to 10000");
    if (query == NULL) return hr_lexical_find(s, words, f, now_ms, hits, k, n, err);
    if (words.size == 0) return hr_vector_find(s, space, query, dim, f, now_ms, hits, k, n, err);
    size_t deep = k < 50 ? 200 : 4 * k, n_lex = 0, n_vec = 0, bytes = 2 * deep * sizeof(hr_hit);
    hr_hit *lex = (hr_hit *)m->alloc(m->ctx, bytes, 16), *vec = lex != NULL ? lex + deep : NULL;
    if (lex == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "search", "out of memory");
    hr_status status = hr_lexical_find(s, words, f, now_ms, lex, deep, &n_lex, err);
    if (status == HR_OK) status = hr_vector_find(s, space, query, dim, f, now_ms, vec, deep, &n_vec, err);
    for (size_t i = 0; i < n_vec && status == HR_OK; i++) {
        for (size_t j = 0; j < n_lex; j++) {
            if (lex[j].entry != vec[i].entry) continue;
            vec[i].lex_rank = lex[j].lex_rank;
            vec[i].lex_score = lex[j].lex_score;
            lex[j].lex_rank = 0; /* taken */
        }
        vec[i].score = 1.0 / (60.0 + vec[i].vec_rank) + (vec[i].lex_rank != 0 ? 1.0 / (60.0 + vec[i].lex_rank) : 0.0);
        hr_hits_add(s, hits, k, n, &vec[i]);
    }
    for (size_t j = 0; j < n_lex && status == HR_OK; j++) {
        if (lex[j].lex_rank == 0) continue;
        lex[j].score = 1.0 / (60.0 + lex[j].lex_rank);
        hr_hits_add(s, hits, k, n, &lex[j]);
    }
    m->free(m->ctx, lex, bytes);
    return status;
}
