/* redact.c: the stream. Raw text waits in a block, is folded, anchors are met in order, each asks its finders once; matches
 * that touch become one cluster; a cluster is replaced when no later anchor can reach back into it. Everything is counted in
 * raw bytes from the start of the document, so that nothing depends on where the input was cut. */
#include "policy/redact.h"

enum { REDACT_ROOM = 8192 + 1024 }; /* a block, and what waits from the last one */
_Static_assert((int)REDACT_ROOM <= (int)HR_MEMO_TEXT, "the memo marks every folded byte");
enum { AT_DIGIT = 1, AT_SIGN = 2, AT_COLON = 4, AT_CAPITAL = 8, AT_JOINT = 16 /* _ - ~ */, AT_WORD = 32 };

typedef struct redact_cluster {
    uint64_t begin, end;        /* raw, from the start of the document */
    hr_match best;              /* of its matches; positions not valid */
    uint64_t best_begin, best_end;
} redact_cluster;

struct hr_redactor {
    hr_redact_config c;
    hr_redact_vault vault;
    hr_find_tables tables;
    uint8_t anchor[256];        /* AT_* by folded byte */
    uint64_t count[HR_N_ENTITIES];
    uint64_t base;              /* raw position of raw[0] */
    uint64_t next;              /* where the next anchor is looked for */
    uint64_t out;               /* everything before it has been emitted or replaced */
    uint64_t floor;             /* no match begins before: end of what was closed early */
    size_t n_raw, n_folded;
    size_t n_read;              /* raw bytes that are folded */
    size_t n_clusters;
    uint8_t swallow;            /* HR_MORE_*: a match that is still going on; its bytes vanish */
    uint8_t pem;                /* of HR_MORE_PEM: how far its END line is */
    bool same, finished, failed;
    hr_view_memo memo;
    redact_cluster clusters[HR_REDACT_CLUSTERS];
    uint8_t raw[REDACT_ROOM];
    uint8_t folded[REDACT_ROOM];
    uint16_t at[REDACT_ROOM + 1]; /* raw index of each folded byte; not filled when they are the same */
};

/* --- where things are ------------------------------------------------------------------------------------------------- */
static uint64_t raw_of(const hr_redactor *r, size_t i) {
    return r->base + (r->same ? i : i < r->n_folded ? r->at[i] : r->n_read);
}

/* first folded byte at or behind a raw position */
static size_t folded_of(const hr_redactor *r, uint64_t raw) {
    size_t want = raw <= r->base ? 0 : (size_t)(raw - r->base), lo = 0, hi = r->n_folded;
    if (r->same) return hr_min_size(want, r->n_folded);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->at[mid] < want) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

/* raw end of the unit of folded byte i: without what vanishes behind it */
static uint64_t raw_end_of(const hr_redactor *r, size_t i) {
    int out;
    if (r->same) return r->base + i + 1;
    return r->base + r->at[i] + hr_redact_unit(r->raw + r->at[i], r->n_read - r->at[i], true, &out);
}

static void fold_block(hr_redactor *r, bool ends) {
    size_t i = hr_redact_plain(r->raw, r->n_raw), n = i;
    memcpy(r->folded, r->raw, i);
    r->same = i == r->n_raw;
    if (!r->same) {
        for (size_t k = 0; k < i; k++) r->at[k] = (uint16_t)k;
        while (i < r->n_raw) {
            int c;
            size_t len = hr_redact_unit(r->raw + i, r->n_raw - i, ends, &c);
            if (len == 0) break;
            if (c != HR_FOLD_NOTHING) r->at[n] = (uint16_t)i, r->folded[n++] = (uint8_t)c;
            i += len;
        }
    }
    r->n_read = i;
    r->n_folded = r->memo.n = n;
    memset(r->memo.made, 0, sizeof r->memo.made);
}

/* --- what goes out ---------------------------------------------------------------------------------------------------- */
static bool emit_bytes(hr_redactor *r, const void *p, size_t n) {
    if (n == 0 || r->failed) return !r->failed;
    if (!r->c.emit(r->c.ctx, p, n)) r->failed = true;
    return !r->failed;
}
static void emit_until(hr_redactor *r, uint64_t raw) {
    if (raw <= r->out) return;
    emit_bytes(r, r->raw + (r->out - r->base), (size_t)(raw - r->out));
    r->out = raw;
}

/* put NULL: the text itself */
static void report_match(hr_redactor *r, const redact_cluster *k, int op, const char *put, size_t n_put) {
    const char *raw = (const char *)r->raw + (k->begin - r->base);
    size_t n = (size_t)(k->end - k->begin);
    r->count[k->best.entity]++;
    if (r->c.found == NULL) return;
    hr_finding f = {k->begin, k->end - k->begin, k->best.entity, (uint8_t)op, k->best.score, k->best.check, k->best.scheme};
    r->c.found(r->c.ctx, &f, raw, n, put != NULL ? put : raw, put != NULL ? n_put : n);
}

static void close_first(hr_redactor *r) {
    redact_cluster *k = &r->clusters[0];
    int op = r->c.op[k->best.entity];
    char put[HR_REDACT_PUT];
    emit_until(r, k->begin);
    size_t n_put = hr_redact_put(&r->vault, op, k->best.entity, r->raw + (k->begin - r->base), (size_t)(k->end - k->begin), put);
    emit_bytes(r, put, n_put);
    r->out = k->end;
    report_match(r, k, op, put, n_put);
    hr_wipe(put, n_put);
    r->n_clusters--;
    memmove(r->clusters, r->clusters + 1, r->n_clusters * sizeof r->clusters[0]);
}

/* clusters that no anchor at `raw` or later can reach */
static void close_until(hr_redactor *r, uint64_t raw) {
    while (r->n_clusters > 0 && r->clusters[0].end + HR_REDACT_BACK <= raw) close_first(r);
}

static void close_all(hr_redactor *r) {
    while (r->n_clusters > 0) {
        r->floor = r->clusters[0].end;
        close_first(r);
    }
}

/* --- clusters --------------------------------------------------------------------------------------------------------- */
static bool is_better(const redact_cluster *a, const redact_cluster *b) {
    uint64_t na = a->best_end - a->best_begin, nb = b->best_end - b->best_begin;
    return na != nb ? na > nb : a->best.score > b->best.score;
}

static void add_match(hr_redactor *r, const hr_match *h) {
    redact_cluster m = {raw_of(r, h->begin), raw_end_of(r, h->end - 1), *h, 0, 0};
    if (m.begin < r->floor) m.begin = r->floor;
    if (m.begin >= m.end) return;
    if (r->c.op[h->entity] == HR_REDACT_KEEP) {
        report_match(r, &m, HR_REDACT_KEEP, NULL, 0);
        return;
    }
    m.best_begin = m.begin, m.best_end = m.end;
    size_t i = r->n_clusters, from;
    while (i > 0 && r->clusters[i - 1].begin > m.begin) i--;
    if (i > 0 && r->clusters[i - 1].end > m.begin) i--;
    for (from = i; i < r->n_clusters && r->clusters[i].begin < m.end; i++) { /* all that it touches become one */
        redact_cluster *k = &r->clusters[i];
        uint64_t begin = k->begin < m.begin ? k->begin : m.begin, end = k->end > m.end ? k->end : m.end;
        if (is_better(k, &m)) m.best = k->best, m.best_begin = k->best_begin, m.best_end = k->best_end;
        m.begin = begin, m.end = end;
    }
    if (from == i && r->n_clusters == HR_REDACT_CLUSTERS) { /* full: the first is closed early */
        r->floor = r->clusters[0].end;
        close_first(r);
        from--, i--;
    }
    memmove(r->clusters + from + 1, r->clusters + i, (r->n_clusters - i) * sizeof m);
    r->clusters[from] = m;
    r->n_clusters += 1 - (i - from);
    if (h->more == HR_MORE_NONE && m.end - m.begin < HR_REDACT_LONG) return;
    close_all(r);
    r->swallow = h->more;
    r->pem = 0;
    if (r->next < r->out) r->next = r->out;
}

/* --- anchors ---------------------------------------------------------------------------------------------------------- */
static void ask(hr_redactor *r, const hr_view *v, hr_find_fn *find) {
    hr_match hit;
    memset(&hit, 0, sizeof hit);
    if (r->swallow != HR_MORE_NONE || !find(v, &hit)) return;
    hr_assert(hit.begin >= v->first && hit.end <= v->hi && hit.begin < hit.end);
    if (hit.score >= r->c.threshold) add_match(r, &hit);
}

static void meet_anchor(hr_redactor *r, const hr_view *v, unsigned kind) {
    static const struct {
        unsigned kinds;
        hr_find_fn *find;
    } finders[] = {
        {AT_SIGN, hr_find_email}, {AT_COLON, hr_find_url}, {AT_DIGIT | AT_COLON, hr_find_ip},
        {AT_COLON | AT_JOINT, hr_find_mac}, {AT_COLON, hr_find_assignment}, {AT_JOINT, hr_find_pem},
        {AT_DIGIT | AT_JOINT | AT_CAPITAL, hr_find_key}, {AT_DIGIT, hr_find_wallet}, {AT_DIGIT, hr_find_card},
        {AT_DIGIT, hr_find_iban}, {AT_DIGIT, hr_find_phone}, {AT_DIGIT, hr_find_id}, {AT_DIGIT, hr_find_date},
        {AT_DIGIT, hr_find_coordinates}, {AT_DIGIT, hr_find_address}, {AT_CAPITAL, hr_find_person}, {AT_DIGIT, hr_find_plate},
    };
    for (size_t i = 0; i < HR_COUNT(finders); i++) {
        if (finders[i].kinds & kind) ask(r, v, finders[i].find);
    }
}

/* a text or pattern of the caller's at a word's beginning: its end, or 0.  # digit, ? letter, * letters and digits */
static size_t match_words(const hr_view *v, hr_str w, bool pattern) {
    size_t i = v->at;
    for (size_t k = 0; k < w.size;) {
        int want, have = hr_view_get(v, i);
        size_t len = hr_redact_unit((const uint8_t *)w.data + k, w.size - k, true, &want);
        if (pattern && want == '*' && len == 1) {
            while (hr_is_alnum(hr_view_get(v, i))) i++;
            k++;
            continue;
        }
        k += len;
        if (want == HR_FOLD_NOTHING) continue;
        bool fits = pattern && want == '#' ? hr_is_digit(have) : pattern && want == '?' ? hr_is_letter(have)
                                                                            : hr_lower(want) == hr_lower(have);
        if (want == ' ' && have == '\n') fits = true;
        if (!fits || have < 0) return 0;
        i++;
    }
    return i > v->at && !(hr_is_alnum(hr_view_get(v, i)) && hr_is_alnum(hr_view_get(v, i - 1))) ? i : 0;
}

static void meet_word(hr_redactor *r, const hr_view *v) {
    if (hr_is_alnum(hr_view_get(v, v->at)) && hr_is_alnum(hr_view_get(v, v->at - 1))) return;
    for (size_t i = 0; i < r->c.n_people + r->c.n_words && r->swallow == HR_MORE_NONE; i++) {
        bool person = i < r->c.n_people;
        size_t end = match_words(v, person ? r->c.people[i] : r->c.words[i - r->c.n_people], !person);
        if (end == 0) continue;
        hr_match hit = {v->at, end, person ? HR_ENTITY_PERSON : HR_ENTITY_CUSTOM, 95, HR_CHECK_LIST, HR_MORE_NONE, 0};
        add_match(r, &hit);
    }
}

/* bytes of a match that does not end: they go without a look ahead */
static size_t swallow_bytes(hr_redactor *r, size_t i) {
    static const char end_line[] = "-----END ";
    for (; i < r->n_folded && r->swallow != HR_MORE_NONE; i++) {
        int c = r->folded[i];
        bool token = hr_is_alnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' || c == '=' || c == '~';
        if (r->swallow == HR_MORE_TOKEN && !token) r->swallow = HR_MORE_NONE;
        else if (r->swallow == HR_MORE_LINE && (c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>'))
            r->swallow = HR_MORE_NONE;
        else if (r->swallow == HR_MORE_PEM) {
            if (r->pem < 9) r->pem = (uint8_t)(c == end_line[r->pem] ? r->pem + 1 : r->pem == 5 && c == '-' ? 5 : c == '-');
            else if (c == '-') r->pem++;
            if (r->pem >= 14) { /* the five dashes behind the name */
                i++;
                r->swallow = HR_MORE_NONE;
                break;
            }
            bool inside = token || c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == ':' || c == ',' || c == '\\' ||
                          c == '"' || c == '(' || c == ')' || c == '@' || c == ';';
            if (!inside) r->swallow = HR_MORE_NONE;
        }
        if (r->swallow == HR_MORE_NONE) break;
    }
    uint64_t raw = raw_of(r, i);
    r->out = r->floor = r->next = raw;
    return i;
}

static void meet_anchors(hr_redactor *r, bool ends) {
    uint64_t known = r->base + r->n_read;
    size_t i = folded_of(r, r->next);
    if (r->swallow != HR_MORE_NONE) i = swallow_bytes(r, i);
    if (r->swallow != HR_MORE_NONE) return;
    size_t limit = ends ? r->n_folded : known < r->base + HR_REDACT_AHEAD ? 0 : folded_of(r, known - HR_REDACT_AHEAD);
    while (i < limit && !r->failed) {
        const uint8_t *f = r->folded;
        while (i < limit && r->anchor[f[i]] == 0) i++;
        if (i >= limit) break;
        uint64_t raw = raw_of(r, i), first = raw < HR_REDACT_BACK ? 0 : raw - HR_REDACT_BACK;
        uint64_t lo = first < HR_REDACT_CONTEXT ? 0 : first - HR_REDACT_CONTEXT;
        hr_view v = {
            f,          folded_of(r, lo), folded_of(r, raw + HR_REDACT_AHEAD), 0, i, ends && raw + HR_REDACT_AHEAD >= known,
            &r->tables, &r->memo};
        v.first = folded_of(r, first > r->floor ? first : r->floor);
        unsigned kind = r->anchor[f[i]];
        close_until(r, raw);
        r->next = raw + 1;
        if ((kind & AT_DIGIT) && i > v.lo && hr_is_digit(f[i - 1])) kind &= ~(unsigned)AT_DIGIT; /* asked at the first digit */
        if ((kind & AT_CAPITAL) && i > v.lo && hr_is_upper(f[i - 1])) kind &= ~(unsigned)AT_CAPITAL;
        if (kind & AT_WORD) meet_word(r, &v);
        if (kind & ~(unsigned)AT_WORD) meet_anchor(r, &v, kind);
        i++;
        if (r->next > raw + 1) i = folded_of(r, r->next);
        if (r->swallow != HR_MORE_NONE) i = swallow_bytes(r, i);
        if (r->swallow != HR_MORE_NONE) return;
    }
    uint64_t now = raw_of(r, hr_max_size(i, limit));
    if (r->next < now) r->next = now;
}

/* --- the stream --------------------------------------------------------------------------------------------------------- */
/* what lies behind every anchor to come goes out; the rest moves to the front */
static void move_on(hr_redactor *r) {
    close_until(r, r->next);
    uint64_t until = r->next < HR_REDACT_BACK ? 0 : r->next - HR_REDACT_BACK;
    if (r->n_clusters > 0 && r->clusters[0].begin < until) until = r->clusters[0].begin;
    if (r->swallow == HR_MORE_NONE) emit_until(r, until);
    uint64_t keep = r->out < HR_REDACT_CONTEXT ? 0 : r->out - HR_REDACT_CONTEXT;
    size_t cut = keep <= r->base ? 0 : (size_t)(keep - r->base);
    if (!r->same && cut > 0) { /* not in the middle of a unit */
        size_t i = folded_of(r, keep), at = i > 0 ? r->at[i - 1] : 0;
        for (int c; at < cut;) {
            size_t len = hr_redact_unit(r->raw + at, r->n_raw - at, true, &c);
            if (at + len > cut) break;
            at += len;
        }
        cut = at;
    }
    memmove(r->raw, r->raw + cut, r->n_raw - cut);
    r->n_raw -= cut;
    r->base += cut;
}

hr_status hr_redact_feed(hr_redactor *r, const void *text, size_t n, hr_error *err) {
    const uint8_t *p = (const uint8_t *)text;
    if (r->finished && n > 0) hr_redact_reset(r, false);
    while (n > 0 && !r->failed) {
        size_t take = hr_min_size(n, sizeof r->raw - r->n_raw);
        memcpy(r->raw + r->n_raw, p, take);
        r->n_raw += take;
        p += take;
        n -= take;
        fold_block(r, false);
        meet_anchors(r, false);
        move_on(r);
    }
    return r->failed ? hr_fail(err, HR_E_CANCELLED, r->out, "emit", "the receiver of the text refused it") : HR_OK;
}

hr_status hr_redact_finish(hr_redactor *r, hr_error *err) {
    if (r->failed) return hr_fail(err, HR_E_CANCELLED, r->out, "emit", "the receiver of the text refused it");
    fold_block(r, true);
    meet_anchors(r, true);
    while (r->n_clusters > 0) close_first(r);
    if (r->swallow == HR_MORE_NONE) emit_until(r, r->base + r->n_raw);
    if (r->failed) return hr_fail(err, HR_E_CANCELLED, r->out, "emit", "the receiver of the text refused it");
    hr_redact_reset(r, false);
    r->finished = true;
    return HR_OK;
}

void hr_redact_reset(hr_redactor *r, bool forget_labels) {
    hr_wipe(r->raw, sizeof r->raw);
    hr_wipe(r->folded, sizeof r->folded);
    r->base = r->next = r->out = r->floor = 0;
    r->n_raw = r->n_folded = r->n_read = r->n_clusters = 0;
    r->swallow = r->pem = 0;
    r->same = true;
    r->finished = r->failed = false;
    if (!forget_labels) return;
    memset(r->vault.tag, 0, sizeof r->vault.tag);
    memset(r->vault.count, 0, sizeof r->vault.count);
    r->vault.used = 0;
}

uint64_t hr_redact_count(const hr_redactor *r, int entity) { return entity > 0 && entity < HR_N_ENTITIES ? r->count[entity] : 0; }

/* --- making one ----------------------------------------------------------------------------------------------------------- */
void hr_redact_config_init(hr_redact_config *c) {
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < HR_N_ENTITIES; i++) c->op[i] = HR_REDACT_LABEL;
    c->op[HR_ENTITY_URL] = HR_REDACT_KEEP;
    c->threshold = 50;
}

static void set_anchors(hr_redactor *r) {
    for (int c = 0; c < 256; c++) {
        unsigned a = 0;
        if (hr_is_digit(c)) a |= AT_DIGIT;
        if (hr_is_upper(c)) a |= AT_CAPITAL;
        if (c == '@') a |= AT_SIGN;
        if (c == ':' || c == '=') a |= AT_COLON;
        if (c == '_' || c == '-' || c == '~') a |= AT_JOINT;
        r->anchor[c] = (uint8_t)a;
    }
    for (size_t i = 0; i < r->c.n_people + r->c.n_words; i++) {
        hr_str w = i < r->c.n_people ? r->c.people[i] : r->c.words[i - r->c.n_people];
        int c = HR_FOLD_NOTHING;
        for (size_t k = 0; k < w.size && c == HR_FOLD_NOTHING;) {
            k += hr_redact_unit((const uint8_t *)w.data + k, w.size - k, true, &c);
        }
        bool any = i >= r->c.n_people && (c == '#' || c == '?' || c == '*');
        for (int b = 0; b < 256; b++) {
            bool fits = any ? (c != '?' && hr_is_digit(b)) || (c != '#' && hr_is_letter(b)) : hr_lower(b) == hr_lower(c);
            if (c != HR_FOLD_NOTHING && fits) r->anchor[b] |= AT_WORD;
        }
    }
}

hr_status hr_redactor_init(const hr_redact_config *c, hr_arena *arena, hr_redactor **out, hr_error *err) {
    enum { MOST = 10000, LONGEST = 128 };
    *out = NULL;
    if (c->emit == NULL) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "emit", "must not be NULL");
    if (c->n_people > MOST || c->n_words > MOST)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "people", "%zu names and %zu words; at most 10000 of each", c->n_people,
                       c->n_words);
    for (size_t i = 0; i < HR_N_ENTITIES; i++) {
        if (c->op[i] >= HR_N_REDACT_OPS) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, hr_entity_name((int)i), "no such operator");
    }
    for (size_t i = 0; i < c->n_people + c->n_words; i++) {
        hr_str w = i < c->n_people ? c->people[i] : c->words[i - c->n_people];
        if (w.size < 2 || w.size > LONGEST)
            return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, i < c->n_people ? "people" : "words",
                           "entry %zu has %zu bytes; 2 to 128 are accepted", i < c->n_people ? i : i - c->n_people, w.size);
    }
    hr_redactor *r = HR_NEW(arena, hr_redactor, 1);
    if (arena->failed) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "redactor", "%zu bytes", sizeof *r);
    if (r == NULL) return HR_OK; /* counting */
    r->c = *c;
    if (c->key != NULL) memcpy(r->vault.key, c->key, 32), r->vault.keyed = true;
    r->c.key = NULL;
    set_anchors(r);
    hr_find_tables_init(&r->tables);
    hr_phone_tables_init(&r->tables);
    hr_id_tables_init(&r->tables);
    hr_redact_reset(r, true);
    *out = r;
    return HR_OK;
}
