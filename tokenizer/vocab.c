/* vocab.c: building the tables. One pass measures and checks, a second fills; nothing is sorted but the special tokens, and
 * no text is copied but the bytes that tokens stand for (byte-level texts are spelled with printable stand-ins). */
#include "tokenizer/internal.h"

HR_SMALL_BEGIN

enum { VOCAB_GROUP = 16, VOCAB_MAX_SPECIAL_BYTES = 1024 };

static uint64_t load_word64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, 8); /* host order: hashes live in memory only */
    return v;
}
static uint32_t load_word32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

uint64_t hr_tok_hash(const uint8_t *p, size_t n) {
    uint64_t h = n * 0x9e3779b97f4a7c15u;
    for (; n > 8; n -= 8, p += 8) {
        h = (h ^ load_word64(p)) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    uint64_t v = 0;
    if (n >= 4) v = (uint64_t)load_word32(p) << 32 | load_word32(p + n - 4);
    else if (n > 0) v = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
    h = (h ^ v) * 0xff51afd7ed558ccdu;
    h ^= h >> 29;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

int32_t hr_tok_find(const hr_tok *t, const uint8_t *p, size_t n) {
    if (n > t->longest) return -1;
    for (uint64_t i = hr_tok_hash(p, n);; i++) {
        uint32_t slot = t->table[i & t->table_mask];
        if (slot == 0) return -1;
        uint32_t at = t->raw_at[slot - 1];
        if (t->raw_at[slot] - at == n && memcmp(t->raw + at, p, n) == 0) return (int32_t)(slot - 1);
    }
}

static uint64_t pair_hash(uint32_t left, uint32_t right) {
    uint64_t h = ((uint64_t)left << 32 | right) * 0x9e3779b97f4a7c15u;
    return (h ^ h >> 32) * 0xff51afd7ed558ccdu >> 20;
}

const hr_tok_merge *hr_tok_find_merge(const hr_tok *t, uint32_t left, uint32_t right) {
    for (uint64_t i = pair_hash(left, right);; i++) {
        const hr_tok_merge *m = &t->merges[i & t->merge_mask];
        if (m->left == UINT32_MAX) return NULL;
        if (m->left == left && m->right == right) return m;
    }
}

/* --- spec ----------------------------------------------------------------------------------------------------------------------- */
void hr_tok_spec_defaults(hr_tok_spec *s, hr_tok_model model, hr_str pre) {
    memset(s, 0, sizeof *s);
    s->model = model;
    s->pre = pre;
    s->bos = s->eos = s->unk = s->sep = s->pad = s->cls = s->mask = s->eot = s->eom = -1;
    const hr_pretok_family *f = model == HR_TOK_BPE ? hr_pretok_find(pre) : NULL;
    s->add_bos = model != HR_TOK_BPE || (f != NULL && f->add_bos);
    s->add_sep = model == HR_TOK_WPM;
    s->add_space_prefix = model == HR_TOK_SPM;
    s->ignore_merges = f != NULL && f->ignore_merges;
}

static int32_t type_of(const hr_tok_spec *s, size_t id) {
    return s->types != NULL ? (int32_t)hr_le32(s->types + 4 * id) : HR_TOKEN_NORMAL;
}

float hr_tok_score(const hr_tok *t, int32_t id) {
    const hr_tok_spec *s = &t->spec;
    return s->scores != NULL ? hr_f32_from_bits(hr_le32(s->scores + 4 * (size_t)id)) : -(float)id;
}


/* --- the bytes a token stands for ---------------------------------------------------------------------------------------------------- */
/* GPT-2 spells bytes as printable characters: 33-126, 161-172, 174-255 as themselves, the others from U+0100 on */
static int byte_of_char(uint32_t cp) {
    if ((cp >= 33 && cp <= 126) || (cp >= 161 && cp <= 172) || (cp >= 174 && cp <= 255)) return (int)cp;
    if (cp >= 0x100 && cp <= 0x120) return (int)(cp - 0x100);         /* 0..32 */
    if (cp >= 0x121 && cp <= 0x142) return (int)(cp - 0x121 + 127);   /* 127..160 */
    return cp == 0x143 ? 173 : -1;
}

/* byte-level text to bytes (never more than n); returns their number, or the text itself when it holds another character */
static size_t decode_byte_level(const uint8_t *p, size_t n, uint8_t *out) {
    size_t m = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp = p[i];
        int b = -1;
        if (cp > 32 && cp < 127) {
            b = (int)cp;
            i++;
        } else if (i + 1 < n && (cp & 0xe0) == 0xc0 && (p[i + 1] & 0xc0) == 0x80) {
            b = byte_of_char((cp & 0x1f) << 6 | (p[i + 1] & 0x3fu));
            i += 2;
        }
        if (b < 0) {
            memcpy(out, p, n);
            return n;
        }
        out[m++] = (uint8_t)b;
    }
    return m;
}

/* "<0x0A>": the byte, or -1 */
static int byte_token_value(hr_str s) {
    if (s.size != 6 || memcmp(s.data, "<0x", 3) != 0 || s.data[5] != '>') return -1;
    int v = 0;
    for (int i = 3; i < 5; i++) {
        char c = s.data[i];
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

static bool is_byte_level(const hr_tok *t) { return t->spec.model == HR_TOK_BPE && !t->family->raw; }
static bool is_special_type(int32_t type) { return type == HR_TOKEN_CONTROL || type == HR_TOKEN_USER_DEFINED; }
/* tokens that ordinary text can become */
static bool is_text_type(int32_t type) {
    return type == HR_TOKEN_NORMAL || type == HR_TOKEN_USER_DEFINED || type == HR_TOKEN_UNUSED;
}

static size_t raw_bytes(const hr_tok *t, int32_t type, hr_str text, uint8_t *out) {
    const uint8_t *p = (const uint8_t *)text.data;
    if (type == HR_TOKEN_BYTE) {
        out[0] = (uint8_t)byte_token_value(text);
        return 1;
    }
    if (is_byte_level(t) && !is_special_type(type)) return decode_byte_level(p, text.size, out);
    if (text.size > 0) memcpy(out, p, text.size);
    return text.size;
}

/* --- pass 1: check and measure ------------------------------------------------------------------------------------------------------- */
typedef struct vocab_sizes {
    uint64_t raw;
    size_t n_special, longest_text, merge_slots;
} vocab_sizes;

static hr_status check_token(const hr_tok *t, size_t i, hr_str text, hr_cur *c) {
    const hr_tok_spec *s = &t->spec;
    int32_t type = type_of(s, i);
    if (text.size > HR_TOK_MAX_TOKEN_BYTES) {
        return hr_cur_fail(c, HR_E_LIMIT, "token %zu has %zu bytes; at most %d are accepted", i, text.size,
                           (int)HR_TOK_MAX_TOKEN_BYTES);
    }
    if (is_special_type(type) && text.size > VOCAB_MAX_SPECIAL_BYTES) { /* each is looked for at every byte of a text */
        return hr_cur_fail(c, HR_E_LIMIT, "control token %zu has %zu bytes; at most %d are accepted", i, text.size,
                           (int)VOCAB_MAX_SPECIAL_BYTES);
    }
    if (type < 0 || type > HR_TOKEN_BYTE) return hr_cur_fail(c, HR_E_FORMAT, "token %zu has the unknown type %d", i, type);
    if (type == HR_TOKEN_BYTE && byte_token_value(text) < 0) {
        return hr_cur_fail(c, HR_E_FORMAT, "byte token %zu is spelled '%.*s', not <0xHH>", i,
                           (int)hr_min_size(text.size, 16), text.data);
    }
    float score = hr_tok_score(t, (int32_t)i);
    if (score != score) return hr_cur_fail(c, HR_E_FORMAT, "token %zu has the score NaN", i);
    return HR_OK;
}

static hr_status measure_tokens(hr_tok *t, vocab_sizes *z, hr_error *err) {
    const hr_tok_spec *s = &t->spec;
    if (s->n_tokens == 0 || s->n_tokens > HR_TOK_MAX_TOKENS || s->tokens_bytes > UINT32_MAX) {
        return hr_fail(err, HR_E_LIMIT, s->tokens_offset, "tokenizer.ggml.tokens", "%zu tokens; 1 to %d are accepted",
                       s->n_tokens, (int)HR_TOK_MAX_TOKENS);
    }
    hr_cur c = hr_cur_make(s->tokens, (size_t)s->tokens_bytes, s->tokens_offset, err);
    c.field = "tokenizer.ggml.tokens";
    for (size_t i = 0; i < s->n_tokens; i++) {
        uint64_t n = hr_cur_u64(&c);
        hr_str text = {(const char *)hr_cur_bytes(&c, n), (size_t)n};
        if (text.data == NULL) return c.status;
        HR_TRY(check_token(t, i, text, &c));
        int32_t type = type_of(s, i);
        z->raw += text.size; /* at least as many as the token stands for */
        if (is_special_type(type) && text.size > 0) z->n_special++;
        if (is_text_type(type)) t->longest = hr_max_size(t->longest, text.size);
        z->longest_text = hr_max_size(z->longest_text, text.size);
    }
    if (z->raw > UINT32_MAX) return hr_cur_fail(&c, HR_E_LIMIT, "the tokens' texts are too long together");
    if (z->n_special > HR_TOK_MAX_SPECIAL) {
        return hr_cur_fail(&c, HR_E_LIMIT, "%zu control tokens; at most %d are accepted", z->n_special,
                           (int)HR_TOK_MAX_SPECIAL);
    }
    return HR_OK;
}

static hr_status check_ids(const hr_tok_spec *s, hr_error *err) {
    const int32_t ids[] = {s->bos, s->eos, s->unk, s->sep, s->pad, s->cls, s->mask, s->eot, s->eom};
    for (size_t i = 0; i < HR_COUNT(ids); i++) {
        if (ids[i] < -1 || (ids[i] >= 0 && (size_t)ids[i] >= s->n_tokens)) {
            return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "tokenizer.ggml", "special token id %d; the vocabulary has %zu",
                           ids[i], s->n_tokens);
        }
    }
    return HR_OK;
}

static size_t table_slots(size_t n) { /* a power of two, at most half full */
    size_t slots = 16;
    while (slots < 2 * n) slots *= 2;
    return slots;
}
/* Merges may fill five eighths: their slots are wide, and the 280 thousand merges of a usual vocabulary then take 8 MiB */
static size_t merge_table_slots(size_t n) {
    size_t slots = 16;
    while (slots < n + n / 8 * 5) slots *= 2;
    return slots;
}

/* --- pass 2: fill -------------------------------------------------------------------------------------------------------------------- */
static hr_status insert_token(hr_tok *t, uint32_t id, hr_error *err) {
    const uint8_t *p = t->raw + t->raw_at[id];
    size_t n = t->raw_at[id + 1] - t->raw_at[id];
    uint64_t i = hr_tok_hash(p, n);
    for (size_t probes = 0; probes < HR_TOK_MAX_PROBES; probes++, i++) {
        uint32_t *slot = &t->table[i & t->table_mask];
        if (*slot == 0) {
            *slot = id + 1;
            return HR_OK;
        }
        uint32_t at = t->raw_at[*slot - 1];
        if (t->raw_at[*slot] - at == n && memcmp(t->raw + at, p, n) == 0) { /* a twin: the first one counts */
            t->twins = true;
            return HR_OK;
        }
    }
    return hr_fail(err, HR_E_LIMIT, t->spec.tokens_offset, "tokenizer.ggml.tokens", "token %u: the texts are made to collide",
                   id);
}

static void prefetch_token(const hr_tok *t, const uint8_t *p, size_t n) {
#if defined(__GNUC__)
    __builtin_prefetch(&t->table[hr_tok_hash(p, n) & t->table_mask]);
#else
    (void)t, (void)p, (void)n;
#endif
}

/* a space mark after another character: words cannot be cut before spaces */
static bool crosses_words(hr_str s) {
    bool other = false;
    for (size_t i = 0; i < s.size;) {
        bool mark = s.size - i >= 3 && memcmp(s.data + i, "\xe2\x96\x81", 3) == 0;
        if (mark && other) return true;
        other = other || !mark;
        i += mark ? 3 : 1;
    }
    return false;
}

static void note_byte_token(hr_tok *t, size_t id, int32_t type) {
    if (t->spec.model == HR_TOK_SPM || (t->family != NULL && t->family->raw)) {
        if (type == HR_TOKEN_BYTE) t->byte_id[t->raw[t->raw_at[id]]] = (int32_t)id;
    } else if (is_text_type(type) && t->raw_at[id + 1] - t->raw_at[id] == 1) {
        int32_t *slot = &t->byte_id[t->raw[t->raw_at[id]]];
        if (*slot < 0) *slot = (int32_t)id;
    }
}

static hr_status insert_text(hr_tok *t, size_t id, hr_error *err) {
    if (!is_text_type(type_of(&t->spec, id)) || t->raw_at[id + 1] == t->raw_at[id]) return HR_OK;
    return insert_token(t, (uint32_t)id, err);
}

/* A token's slot is fetched while the next ones are read. */
static hr_status fill_tokens(hr_tok *t, hr_error *err) {
    const hr_tok_spec *s = &t->spec;
    uint32_t at = 0;
    uint64_t pos = 0;
    memset(t->byte_id, 0xff, sizeof t->byte_id);
    t->words = true;
    for (size_t i = 0; i < s->n_tokens; i++) {
        hr_str text = {(const char *)s->tokens + pos + 8, (size_t)hr_le64(s->tokens + pos)};
        int32_t type = type_of(s, i);
        t->text_at[i] = (uint32_t)(pos + 8);
        t->raw_at[i] = at;
        at += (uint32_t)raw_bytes(t, type, text, t->raw + at);
        t->raw_at[i + 1] = at;
        pos += 8 + text.size;
        if (is_special_type(type) && text.size > 0) {
            t->special[t->n_special++] = (uint32_t)i;
            t->special_first[(uint8_t)text.data[0] / 8] |= (uint8_t)(1u << (uint8_t)text.data[0] % 8);
        }
        note_byte_token(t, i, type);
        if (type == HR_TOKEN_NORMAL && t->words && crosses_words(text)) t->words = false;
        if (is_text_type(type)) prefetch_token(t, t->raw + t->raw_at[i], at - t->raw_at[i]);
        if (i >= VOCAB_GROUP) HR_TRY(insert_text(t, i - VOCAB_GROUP, err));
    }
    for (size_t i = s->n_tokens - hr_min_size(s->n_tokens, VOCAB_GROUP); i < s->n_tokens; i++) HR_TRY(insert_text(t, i, err));
    return HR_OK;
}

static hr_status insert_merge(hr_tok *t, uint32_t left, uint32_t right, uint32_t rank, uint32_t merged, hr_cur *c) {
    uint64_t i = pair_hash(left, right);
    for (size_t probes = 0; probes < HR_TOK_MAX_PROBES; probes++, i++) {
        hr_tok_merge *m = &t->merges[i & t->merge_mask];
        if (m->left == left && m->right == right) return HR_OK; /* a twin: the first one counts */
        if (m->left == UINT32_MAX) {
            m->left = left, m->right = right, m->rank = rank, m->merged = merged;
            return HR_OK;
        }
    }
    return hr_cur_fail(c, HR_E_LIMIT, "merge %u: the merges are made to collide", rank);
}

/* A merge on its way: its three texts stand side by side in w (left, then right), their slots are being fetched. */
typedef struct pending_merge {
    const uint8_t *text; /* as in the file */
    uint32_t n, rank;
    uint32_t left_n, right_n; /* of w; 0: malformed */
    uint8_t *w;
    int32_t left, right, merged; /* tokens; merged -1: not known yet */
} pending_merge;

/* Merges mostly stand in the order of the tokens that they make: that token is the last one's or the next. Where no two
 * tokens have the same bytes, the one that has them is the one that the table would give. */
static int32_t guess_merged(const hr_tok *t, uint32_t last, const uint8_t *p, size_t n) {
    for (uint32_t id = last; !t->twins && id < t->spec.n_tokens && id - last < 2; id++) {
        const uint32_t at = t->raw_at[id];
        if (t->raw_at[id + 1] - at == n && memcmp(t->raw + at, p, n) == 0 && is_text_type(type_of(&t->spec, id)))
            return (int32_t)id;
    }
    return -1;
}

static hr_status read_merge(hr_tok *t, hr_cur *c, uint32_t rank, uint32_t *last, pending_merge *m) {
    uint64_t n = hr_cur_u64(c);
    const uint8_t *p = hr_cur_bytes(c, n);
    if (p == NULL) return c->status;
    const uint8_t *space = n > 1 ? (const uint8_t *)memchr(p + 1, ' ', (size_t)n - 1) : NULL;
    m->text = p;
    m->n = (uint32_t)hr_min_size((size_t)n, 48);
    m->rank = rank;
    m->left_n = m->right_n = 0;
    m->merged = -1;
    size_t left_n = space != NULL ? (size_t)(space - p) : 0, right_n = space != NULL ? (size_t)n - left_n - 1 : 0;
    if (space == NULL || n > 2 * t->max_piece) return HR_OK;
    if (is_byte_level(t)) {
        m->left_n = (uint32_t)decode_byte_level(p, left_n, m->w);
        m->right_n = (uint32_t)decode_byte_level(space + 1, right_n, m->w + m->left_n);
    } else {
        memcpy(m->w, p, left_n), memcpy(m->w + left_n, space + 1, right_n);
        m->left_n = (uint32_t)left_n, m->right_n = (uint32_t)right_n;
    }
    prefetch_token(t, m->w, m->left_n);
    prefetch_token(t, m->w + m->left_n, m->right_n);
    m->merged = guess_merged(t, *last, m->w, m->left_n + m->right_n);
    if (m->merged >= 0) *last = (uint32_t)m->merged;
    else prefetch_token(t, m->w, m->left_n + m->right_n);
    return HR_OK;
}

static hr_status find_parts(hr_tok *t, pending_merge *m, uint32_t *last, hr_cur *c) {
    m->left = m->left_n > 0 ? hr_tok_find(t, m->w, m->left_n) : -1;
    m->right = m->right_n > 0 ? hr_tok_find(t, m->w + m->left_n, m->right_n) : -1;
    if (m->merged < 0) {
        m->merged = m->left >= 0 && m->right >= 0 ? hr_tok_find(t, m->w, m->left_n + m->right_n) : -1;
        if (m->merged >= 0) *last = (uint32_t)m->merged;
    }
    if (m->left < 0 || m->right < 0 || m->merged < 0) {
        return hr_cur_fail(c, HR_E_FORMAT, "merge %u '%.*s' is not of two tokens that make a third", m->rank, (int)m->n,
                           (const char *)m->text);
    }
#if defined(__GNUC__)
    __builtin_prefetch(&t->merges[pair_hash((uint32_t)m->left, (uint32_t)m->right) & t->merge_mask], 1);
#endif
    return HR_OK;
}

/* in groups: the memory that one merge needs is fetched while others are read */
static hr_status fill_merges(hr_tok *t, hr_error *err) {
    const hr_tok_spec *s = &t->spec;
    pending_merge group[VOCAB_GROUP];
    uint32_t last = 0; /* token made by the merge before */
    for (size_t i = 0; i <= t->merge_mask; i++) t->merges[i].left = UINT32_MAX;
    hr_cur c = hr_cur_make(s->merges, (size_t)s->merges_bytes, s->merges_offset, err);
    c.field = "tokenizer.ggml.merges";
    for (size_t i = 0; i < s->n_merges; i += VOCAB_GROUP) {
        size_t n = hr_min_size(s->n_merges - i, VOCAB_GROUP);
        for (size_t k = 0; k < n; k++) {
            group[k].w = t->merge_text + k * 2 * t->max_piece;
            HR_TRY(read_merge(t, &c, (uint32_t)(i + k), &last, &group[k]));
        }
        for (size_t k = 0; k < n; k++) HR_TRY(find_parts(t, &group[k], &last, &c));
        for (size_t k = 0; k < n; k++) {
            const pending_merge *m = &group[k];
            HR_TRY(insert_merge(t, (uint32_t)m->left, (uint32_t)m->right, m->rank, (uint32_t)m->merged, &c));
        }
    }
    return HR_OK;
}

/* --- special tokens ------------------------------------------------------------------------------------------------------------------- */
static int compare_texts(const hr_tok *t, uint32_t a, uint32_t b) {
    hr_str x = hr_tok_text(t, (int32_t)a), y = hr_tok_text(t, (int32_t)b);
    int d = memcmp(x.data, y.data, hr_min_size(x.size, y.size));
    return d != 0 ? d : (x.size > y.size) - (x.size < y.size);
}

static void sift_special(hr_tok *t, size_t root, size_t n) {
    uint32_t *a = t->special;
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && compare_texts(t, a[child], a[child + 1]) < 0) child++;
        if (compare_texts(t, a[root], a[child]) >= 0) return;
        uint32_t swap = a[root];
        a[root] = a[child], a[child] = swap;
    }
}

static void sort_special(hr_tok *t) {
    for (size_t i = t->n_special / 2; i > 0; i--) sift_special(t, i - 1, t->n_special);
    for (size_t end = t->n_special; end > 1; end--) {
        uint32_t swap = t->special[0];
        t->special[0] = t->special[end - 1], t->special[end - 1] = swap;
        sift_special(t, 0, end - 1);
    }
}

static void mark_end_tokens(hr_tok *t) {
    static const char *const texts[] = {
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<EOT>", "<|eom_id|>",
        "<|return|>", "<|call|>", "<|eot|>", "<turn|>", "<\xef\xbd\x9c\x65nd\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>"};
    const int32_t ids[] = {t->spec.eos, t->spec.eot, t->spec.eom};
    for (size_t i = 0; i < HR_COUNT(ids); i++) {
        if (ids[i] >= 0) t->eog[ids[i] / 8] |= (uint8_t)(1u << ids[i] % 8);
    }
    for (size_t i = 0; i < t->n_special; i++) {
        hr_str s = hr_tok_text(t, (int32_t)t->special[i]);
        for (size_t k = 0; k < HR_COUNT(texts); k++) {
            if (hr_str_is(s, texts[k])) t->eog[t->special[i] / 8] |= (uint8_t)(1u << t->special[i] % 8);
        }
    }
}

hr_status hr_tok_init(const hr_tok_spec *spec, hr_arena *arena, hr_tok **out, hr_error *err) {
    hr_tok counted;
    vocab_sizes z = {0, 0, 0, 0};
    memset(&counted, 0, sizeof counted);
    *out = NULL;
    counted.spec = *spec;
    if (spec->model == HR_TOK_BPE && (counted.family = hr_pretok_find(spec->pre)) == NULL) {
        return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "tokenizer.ggml.pre", "the pre-tokenizer '%.*s' is not known",
                       (int)hr_min_size(spec->pre.size, 64), spec->pre.data);
    }
#if defined(HR_NO_BPE)
    if (spec->model == HR_TOK_WPM) return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "tokenizer.ggml.model", "built without "
                                                  "WordPiece (HR_NO_BPE)");
#endif
    HR_TRY(check_ids(spec, err));
    HR_TRY(measure_tokens(&counted, &z, err));
    bool bpe = spec->model == HR_TOK_BPE;
    if (spec->n_merges > (size_t)1 << 24) {
        return hr_fail(err, HR_E_LIMIT, spec->merges_offset, "tokenizer.ggml.merges", "%zu merges; at most 2^24 are accepted",
                       spec->n_merges);
    }
    size_t n = spec->n_tokens, slots = table_slots(n), merge_slots = bpe ? merge_table_slots(spec->n_merges) : 0;
    hr_tok *t = HR_NEW(arena, hr_tok, 1);
    hr_tok *into = t != NULL ? t : &counted;
    *into = counted;
    into->max_piece = z.longest_text + 8;
    into->text_at = HR_NEW(arena, uint32_t, n);
    into->raw_at = HR_NEW(arena, uint32_t, n + 1);
    into->raw = (uint8_t *)hr_arena_alloc_raw(arena, (size_t)z.raw + 1, 1, 1);
    into->table = HR_NEW(arena, uint32_t, slots);
    into->table_mask = (uint32_t)(slots - 1);
    into->merges = (hr_tok_merge *)hr_arena_alloc_raw(arena, merge_slots, sizeof(hr_tok_merge), HR_ARENA_ALIGN);
    into->merge_mask = (uint32_t)(merge_slots - 1);
    into->special = HR_NEW(arena, uint32_t, z.n_special);
    into->eog = HR_NEW(arena, uint8_t, n / 8 + 1);
    into->merge_text = HR_NEW(arena, uint8_t, bpe ? VOCAB_GROUP * 2 * into->max_piece : 0);
    if (arena->failed) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "tokenizer", "the tables do not fit");
    if (t == NULL) return HR_OK;
    HR_TRY(fill_tokens(t, err));
    if (bpe) HR_TRY(fill_merges(t, err));
    sort_special(t);
    mark_end_tokens(t);
    *out = t;
    return HR_OK;
}

/* --- questions ---------------------------------------------------------------------------------------------------------------------------- */
size_t hr_tok_count(const hr_tok *t) { return t->spec.n_tokens; }
const hr_tok_spec *hr_tok_spec_of(const hr_tok *t) { return &t->spec; }
size_t hr_tok_max_piece(const hr_tok *t) { return t->max_piece; }

hr_str hr_tok_text(const hr_tok *t, int32_t id) {
    hr_str none = {NULL, 0};
    if (id < 0 || (size_t)id >= t->spec.n_tokens) return none;
    const uint8_t *p = t->spec.tokens + t->text_at[id];
    hr_str s = {(const char *)p, (size_t)hr_le64(p - 8)};
    return s;
}

int hr_tok_type(const hr_tok *t, int32_t id) {
    return id < 0 || (size_t)id >= t->spec.n_tokens ? 0 : type_of(&t->spec, (size_t)id);
}

bool hr_tok_is_eog(const hr_tok *t, int32_t id) {
    return id >= 0 && (size_t)id < t->spec.n_tokens && (t->eog[id / 8] >> id % 8 & 1) != 0;
}

HR_SMALL_END
