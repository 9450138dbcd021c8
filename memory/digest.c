/* digest.c: what the model should know, within a bound of tokens: one line a fact, the most useful first. Integers only: the
 * same store and the same moment give the same bytes everywhere. */
#include "memory/memory.h"

HR_SMALL_BEGIN

enum { DIGEST_MISSES = 32, DIGEST_LINE_MAX = 1024 };

typedef struct digest_row {
    uint64_t score, id;
    uint32_t entry;
} digest_row;

/* kind weight x confidence x recency (half every 128 days, a sixteenth at least) x uses; certain ones count double */
static uint64_t digest_score(const hr_item *i, uint64_t now_ms) {
    static const uint8_t weight[HR_KIND_COUNT] = {0, 16, 8, 0, 12, 5, 8};
    uint64_t days = now_ms > i->time_ms ? (now_ms - i->time_ms) / HR_FACT_DAY_MS : 0;
    uint64_t halves = days / 128, part = days % 128, recent = 4096;
    recent = halves < 4 ? (4096 - part * 16) >> halves : 256;
    if (recent < 256) recent = 256;
    uint64_t score = weight[i->kind] * recent * (i->confidence + (i->confidence == HR_STORE_CERTAIN ? HR_STORE_CERTAIN : 0));
    if (i->kind == HR_KIND_INTENT) { /* uses as they decay: 1 counts once, 16 and more count four times */
        hr_fact_uses u;
        hr_fact_get_uses(i, &u);
        uint64_t w = hr_fact_weight(&u, now_ms), root = 0;
        if (w > 16u << 16) w = 16u << 16;
        while ((root + 1) * (root + 1) <= w) root++;
        score = score * root / 256;
    }
    return score;
}

static bool digest_before(const digest_row *a, const digest_row *b) {
    return a->score != b->score ? a->score > b->score : a->id < b->id;
}
static void digest_sift(digest_row *a, size_t i, size_t n) { /* the last in order at the root */
    for (size_t c; (c = 2 * i + 1) < n; i = c) {
        if (c + 1 < n && digest_before(&a[c], &a[c + 1])) c++;
        if (!digest_before(&a[i], &a[c])) return;
        digest_row t = a[i];
        a[i] = a[c], a[c] = t;
    }
}
static void digest_sort(digest_row *a, size_t n) {
    for (size_t i = n / 2; i-- > 0;) digest_sift(a, i, n);
    for (size_t end = n; end-- > 1;) {
        digest_row t = a[0];
        a[0] = a[end], a[end] = t;
        digest_sift(a, 0, end);
    }
}

static bool digest_scope_ok(hr_str scope, const hr_digest_config *c) {
    if (scope.size == 0) return true;
    for (size_t k = 0; k < c->n_scopes; k++) {
        if (hr_str_is(scope, c->scopes[k])) return true;
    }
    return false;
}

static bool digest_has(hr_str text, hr_str word) {
    for (size_t i = 0; word.size > 0 && i + word.size <= text.size; i++) {
        size_t k = 0;
        for (; k < word.size; k++) {
            unsigned a = (unsigned char)text.data[i + k], b = (unsigned char)word.data[k];
            if ((a >= 'A' && a <= 'Z' ? a + 32 : a) != (b >= 'A' && b <= 'Z' ? b + 32 : b)) break;
        }
        if (k == word.size) return true;
    }
    return false;
}

/* one line, nothing in it that could pass for another line */
static size_t digest_line(const hr_item *i, char out[DIGEST_LINE_MAX]) {
    static const char *const names[HR_KIND_COUNT] = {"", "Tone", "Often asks for", "", "Person", "Device", "Known"};
    size_t n = hr_format(out, DIGEST_LINE_MAX, "- %s: ", names[i->kind]);
    const hr_str part[3] = {i->key, {": ", i->text.size != 0 ? 2 : 0}, i->text};
    for (int k = 0; k < 3; k++) {
        if (part[k].size + 1 > DIGEST_LINE_MAX - n) return 0; /* half a fact may say the opposite */
        for (size_t b = 0; b < part[k].size; b++) {
            unsigned char ch = (unsigned char)part[k].data[b];
            bool separator = ch == 0xe2 && b + 2 < part[k].size && (unsigned char)part[k].data[b + 1] == 0x80 &&
                             ((unsigned char)part[k].data[b + 2] & 0xfe) == 0xa8; /* U+2028, U+2029 */
            if (separator || (ch == 0xc2 && b + 1 < part[k].size && (unsigned char)part[k].data[b + 1] == 0x85)) {
                b += separator ? 2 : 1;
                ch = ' ';
            }
            out[n++] = ch < 0x20 || ch == 0x7f ? ' ' : (char)ch;
        }
    }
    out[n++] = '\n';
    return n;
}

typedef struct digest_work {
    digest_row *rows;        /* [n] */
    char *blocked;           /* [n_blocked] keys, each with its size before it */
    uint32_t n, cap, n_blocked, cap_blocked;
} digest_work;

static hr_status digest_block(hr_store *s, digest_work *w, hr_str key, hr_error *err) {
    uint32_t size = (uint32_t)key.size;
    void *more = hr_store_grow(s->memory, w->blocked, w->n_blocked, 1, &w->cap_blocked, w->n_blocked + 4 + size);
    if (more == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "digest", "out of memory");
    w->blocked = (char *)more;
    hr_put32((uint8_t *)w->blocked + w->n_blocked, size);
    memcpy(w->blocked + w->n_blocked + 4, key.data, size);
    w->n_blocked += 4 + size;
    return HR_OK;
}

static bool digest_blocked(const digest_work *w, const hr_item *i) {
    for (uint32_t at = 0; at < w->n_blocked;) {
        hr_str topic = {w->blocked + at + 4, hr_le32(w->blocked + at)};
        if (digest_has(i->key, topic) || digest_has(i->text, topic) || hr_store_has_tag(i->tags, topic)) return true;
        at += 4 + (uint32_t)topic.size;
    }
    return false;
}

/* pass 0: blocked topics of every scope; pass 1: what may be told */
static hr_status digest_collect(hr_store *s, const hr_digest_config *c, digest_work *w, int pass, hr_error *err) {
    for (uint32_t k = 0; k < s->n; k++) {
        const hr_entry *e = &s->entries[k];
        hr_item i;
        if (!e->live || e->kind == HR_KIND_TEXT || (e->kind == HR_KIND_BLOCKED) != (pass == 0)) continue;
        if (e->expires_ms != 0 && e->expires_ms <= c->now_ms) continue;
        HR_TRY(hr_store_read(s, e, &i, err));
        digest_row row = {digest_score(&i, c->now_ms), e->id, k};
        if (pass == 0) {
            HR_TRY(digest_block(s, w, i.key, err));
        } else if (row.score > 0 && digest_scope_ok(i.scope, c) && !digest_blocked(w, &i)) {
            void *more = hr_store_grow(s->memory, w->rows, w->n, sizeof row, &w->cap, w->n + 1);
            if (more == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "digest", "out of memory");
            w->rows = (digest_row *)more;
            w->rows[w->n++] = row;
        }
    }
    return HR_OK;
}

static hr_status digest_write(hr_store *s, const hr_digest_config *c, const digest_work *w, char *out, size_t cap, size_t *n,
                              hr_error *err) {
    char line[DIGEST_LINE_MAX];
    int misses = 0;
    for (uint32_t k = 0; k < w->n && misses < DIGEST_MISSES; k++) { /* a shorter one further down may still fit */
        hr_item i;
        HR_TRY(hr_store_read(s, &s->entries[w->rows[k].entry], &i, err));
        size_t size = digest_line(&i, line);
        misses++;
        if (size == 0 || size > cap - *n) continue;
        memcpy(out + *n, line, size);
        if (c->count(c->ctx, out, *n + size) > c->max_tokens) continue; /* the whole: tokens do not add up */
        *n += size;
        misses = 0;
    }
    memset(out + *n, 0, cap - *n);
    return HR_OK;
}

hr_status hr_facts_digest(hr_store *s, const hr_digest_config *c, char *out, size_t cap, size_t *n, hr_error *err) {
    digest_work w;
    memset(&w, 0, sizeof w);
    *n = 0;
    hr_status status = digest_collect(s, c, &w, 0, err);
    if (status == HR_OK) status = digest_collect(s, c, &w, 1, err);
    if (status == HR_OK) digest_sort(w.rows, w.n);
    if (status == HR_OK) status = digest_write(s, c, &w, out, cap, n, err);
    if (w.rows != NULL) s->memory->free(s->memory->ctx, w.rows, w.cap * sizeof *w.rows);
    if (w.blocked != NULL) s->memory->free(s->memory->ctx, w.blocked, w.cap_blocked);
    return status;
}

HR_SMALL_END
