/* convert_vocab.c: the vocabulary. tokenizer.json when there is one (scores of a SentencePiece vocabulary from
 * tokenizer.model when that is there too), else tokenizer.model, else vocab.txt. Rules: formats.md 10. */
#include "tools/convert.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdio.h>
#include <stdlib.h>

enum { VT_NORMAL = 1, VT_UNKNOWN, VT_CONTROL, VT_USER, VT_UNUSED, VT_BYTE, VT_MAX = 1 << 21 };

static hr_status fail_vocab(cv_job *j, const char *where, const char *why) {
    return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, where, "%s", why);
}

/* --- the list ---------------------------------------------------------------------------------------------------- */
hr_status cv_vocab_alloc(cv_job *j, size_t n) {
    cv_vocab *v = &j->vocab;
    if (n == 0 || n > VT_MAX)
        return hr_fail(j->err, HR_E_LIMIT, HR_NO_OFFSET, "vocab_size", "%zu tokens, must be 1 to %d", n, VT_MAX);
    v->tokens = (hr_str *)calloc(n, sizeof *v->tokens);
    v->scores = (float *)calloc(n, sizeof *v->scores);
    v->types = (int32_t *)calloc(n, sizeof *v->types);
    v->pool_cap = 64 + 24 * n;
    v->pool = (char *)malloc(v->pool_cap);
    if (!v->tokens || !v->scores || !v->types || !v->pool)
        return hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, "vocabulary", "no memory for %zu tokens", n);
    v->n = n;
    return HR_OK;
}
/* the pool never moves: what does not fit into it is an error, and 24 bytes a token fit */
hr_status cv_vocab_text(cv_job *j, hr_str a, hr_str b, hr_str *out) {
    cv_vocab *v = &j->vocab;
    size_t n = 0;
    if (!hr_add_size(a.size, b.size, &n) || n > v->pool_cap - v->pool_used)
        return hr_fail(j->err, HR_E_LIMIT, HR_NO_OFFSET, "vocabulary", "its texts take more than %zu bytes", v->pool_cap);
    char *p = v->pool + v->pool_used;
    if (a.size) memcpy(p, a.data, a.size);
    if (b.size) memcpy(p + a.size, b.data, b.size);
    v->pool_used += n;
    out->data = p;
    out->size = n;
    return HR_OK;
}
static hr_status fill_unused(cv_job *j) {
    for (size_t i = 0; i < j->vocab.n; i++) {
        char text[32];
        if (j->vocab.tokens[i].data) continue;
        snprintf(text, sizeof text, "[PAD%zu]", i);
        HR_TRY(cv_vocab_text(j, hr_str_of(text), hr_str_of(""), &j->vocab.tokens[i]));
        j->vocab.types[i] = VT_UNUSED;
        j->vocab.scores[i] = -10000;
    }
    return HR_OK;
}
static bool has_ends(hr_str s, const char *begin, const char *end) {
    const size_t a = strlen(begin), b = strlen(end);
    return s.size >= a + b && memcmp(s.data, begin, a) == 0 && memcmp(s.data + s.size - b, end, b) == 0;
}
/* control tokens that some models do not mark as such */
bool cv_looks_special(hr_str t) {
    return hr_str_is(t, "<pad>") || hr_str_is(t, "<mask>") || hr_str_is(t, "<2mass>") || hr_str_is(t, "[@BOS@]") ||
           has_ends(t, "<|", "|>") || has_ends(t, "<\xef\xbd\x9c", "\xef\xbd\x9c>") || has_ends(t, "<unused", ">");
}
static hr_status set_added(cv_job *j, int64_t id, hr_str text, bool special) {
    cv_vocab *v = &j->vocab;
    if (id < 0 || (uint64_t)id >= v->n)
        return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, "added_tokens", "id %lld of %zu tokens", (long long)id, v->n);
    if (text.size == 0) return HR_OK;
    const bool unknown = v->types[id] == VT_UNKNOWN;
    v->types[id] = special || cv_looks_special(text) ? VT_CONTROL : VT_USER;
    if (unknown) v->types[id] = VT_UNKNOWN;
    v->scores[id] = -1000;
    v->tokens[id] = text;
    if (v->types[id] != VT_USER || strcmp(v->model, "bert") == 0) return HR_OK;
    /* the mark of a space is a space in text that is looked for as it is */
    size_t at = 0;
    while (at + 3 <= text.size && memcmp(text.data + at, "\xe2\x96\x81", 3) != 0) at++;
    if (at + 3 > text.size) return HR_OK;
    HR_TRY(cv_vocab_text(j, text, hr_str_of(""), &text));
    char *p = v->pool + v->pool_used - text.size;
    size_t n = 0;
    for (size_t i = 0; i < text.size;) {
        const bool mark = i + 3 <= text.size && memcmp(p + i, "\xe2\x96\x81", 3) == 0;
        p[n++] = mark ? ' ' : p[i];
        i += mark ? 3 : 1;
    }
    v->tokens[id].data = p, v->tokens[id].size = n;
    return HR_OK;
}
static hr_status add_added(cv_job *j) {
    const json_node *list = json_get(json_root(&j->tokenizer), "added_tokens");
    const json_node *decoder = json_get(json_root(&j->tokenizer_config), "added_tokens_decoder");
    const json_node *simple = json_root(&j->added);
    int64_t id = 0;
    hr_str text = {"", 0};
    bool special = false;
    if (!json_root(&j->tokenizer)) /* name: id */
        for (const json_node *e = json_first(simple); e; e = json_next(simple, e))
            if (json_int(e, &id) && (uint64_t)id < j->vocab.n) HR_TRY(set_added(j, id, e->key, false));
    for (const json_node *e = json_first(list); e; e = json_next(list, e)) {
        special = false;
        (void)json_bool(json_get(e, "special"), &special);
        if (!json_int(json_get(e, "id"), &id) || !json_str(json_get(e, "content"), &text))
            return fail_vocab(j, "added_tokens", "an entry without id or content");
        HR_TRY(set_added(j, id, text, special));
    }
    for (const json_node *e = list ? NULL : json_first(decoder); e; e = json_next(decoder, e)) { /* "id": {...} */
        id = 0, special = false;
        for (size_t i = 0; i < e->key.size && id < VT_MAX; i++)
            id = e->key.data[i] >= '0' && e->key.data[i] <= '9' ? id * 10 + (e->key.data[i] - '0') : VT_MAX;
        (void)json_bool(json_get(e, "special"), &special);
        if (!json_str(json_get(e, "content"), &text)) return fail_vocab(j, "added_tokens_decoder", "an entry without content");
        HR_TRY(set_added(j, id, text, special));
    }
    return HR_OK;
}

/* --- by text ----------------------------------------------------------------------------------------------------- */
typedef struct text_index {
    uint32_t *slots; /* 1 + id */
    size_t mask;
    const cv_vocab *v;
} text_index;

static hr_status build_index(cv_job *j, text_index *x) {
    size_t cap = 64;
    while (cap < j->vocab.n * 2) cap *= 2;
    x->slots = (uint32_t *)calloc(cap, sizeof *x->slots);
    x->mask = cap - 1;
    x->v = &j->vocab;
    if (!x->slots) return hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, "vocabulary", "no memory");
    for (size_t i = 0; i < j->vocab.n; i++) {
        const hr_str t = j->vocab.tokens[i];
        if (!t.data) continue;
        size_t at = (size_t)hr_hash64(t.data, t.size, 0) & x->mask;
        while (x->slots[at]) at = (at + 1) & x->mask;
        x->slots[at] = (uint32_t)i + 1;
    }
    return HR_OK;
}
static int64_t find_text(const text_index *x, const char *p, size_t n) {
    for (size_t at = (size_t)hr_hash64(p, n, 0) & x->mask; x->slots[at]; at = (at + 1) & x->mask) {
        const hr_str t = x->v->tokens[x->slots[at] - 1];
        if (t.size == n && memcmp(t.data, p, n) == 0) return x->slots[at] - 1;
    }
    return -1;
}

/* --- tokenizer.json ---------------------------------------------------------------------------------------------- */
static bool has_type(const json_node *n, const char *type) {
    if (!n) return false;
    const json_node *end = n + n->span;
    for (; n < end; n++)
        if (n->key.data && hr_str_is(n->key, "type") && json_is_str(n, type)) return true;
    return false;
}
static hr_status read_json_tokens(cv_job *j, const json_node *vocab) {
    int64_t id = 0, most = -1;
    if (!json_is(vocab, JSON_OBJECT)) return fail_vocab(j, "tokenizer.json", "has no vocabulary");
    for (const json_node *e = json_first(vocab); e; e = json_next(vocab, e)) {
        if (!json_int(e, &id) || id < 0 || id >= VT_MAX) return fail_vocab(j, "model.vocab", "an id that is none");
        if (id > most) most = id;
    }
    const json_node *added = json_get(json_root(&j->tokenizer), "added_tokens");
    for (const json_node *e = json_first(added); e; e = json_next(added, e))
        if (json_int(json_get(e, "id"), &id) && id > most && id < VT_MAX) most = id;
    if (j->n_vocab && (uint64_t)most >= j->n_vocab)
        return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, "vocab_size", "is %llu, the tokenizer has id %lld",
                       (unsigned long long)j->n_vocab, (long long)most);
    HR_TRY(cv_vocab_alloc(j, j->n_vocab ? (size_t)j->n_vocab : (size_t)most + 1));
    for (const json_node *e = json_first(vocab); e; e = json_next(vocab, e)) {
        (void)json_int(e, &id);
        j->vocab.tokens[id] = e->key;
        j->vocab.types[id] = VT_NORMAL;
    }
    return HR_OK;
}
/* "a b" or ["a", "b"] */
static bool split_merge(const json_node *e, const json_node *list, hr_str *a, hr_str *b) {
    (void)list;
    if (json_is(e, JSON_ARRAY) && e->count == 2) return json_str(json_first(e), a) && json_str(json_next(e, json_first(e)), b);
    if (!json_is(e, JSON_STRING) || e->text.size < 3) return false;
    const char *space = (const char *)memchr(e->text.data + 1, ' ', e->text.size - 1);
    if (!space) return false;
    *a = (hr_str){e->text.data, (size_t)(space - e->text.data)};
    *b = (hr_str){space + 1, e->text.size - a->size - 1};
    return true;
}
static hr_status read_merges(cv_job *j, const json_node *list) {
    cv_vocab *v = &j->vocab;
    hr_str a = {"", 0}, b = {"", 0};
    size_t bytes = 0;
    if (!json_is(list, JSON_ARRAY)) return fail_vocab(j, "model.merges", "is missing");
    for (const json_node *e = json_first(list); e; e = json_next(list, e)) {
        if (!split_merge(e, list, &a, &b) || memchr(a.data, ' ', a.size))
            return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, "model.merges", "merge %zu is no pair", v->n_merges);
        bytes += a.size + b.size + 1;
        v->n_merges++;
    }
    char *pool = (char *)realloc(v->pool, v->pool_used + bytes + 24 * v->n + 64); /* nothing points into it yet */
    v->merges = (hr_str *)calloc(v->n_merges + 1, sizeof *v->merges);
    if (pool) v->pool = pool;
    if (!pool || !v->merges) return hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, "model.merges", "no memory");
    v->pool_cap = v->pool_used + bytes + 24 * v->n + 64;
    size_t i = 0;
    for (const json_node *e = json_first(list); e; e = json_next(list, e), i++) {
        hr_str left, right;
        (void)split_merge(e, list, &a, &b);
        HR_TRY(cv_vocab_text(j, a, hr_str_of(" "), &left));
        HR_TRY(cv_vocab_text(j, b, hr_str_of(""), &right));
        v->merges[i] = (hr_str){left.data, left.size + right.size};
    }
    return HR_OK;
}
/* SentencePiece merges the pair with the best score, tokenizer.json the pair of least rank: the rank less its sign is such
 * a score. What no merge makes is never wanted before what one makes. */
static hr_status score_by_rank(cv_job *j, const json_node *list) {
    text_index x;
    char text[512];
    hr_str a = {"", 0}, b = {"", 0};
    size_t rank = 0;
    if (!json_is(list, JSON_ARRAY)) return fail_vocab(j, "model.merges", "is missing");
    HR_TRY(build_index(j, &x));
    for (size_t i = 0; i < j->vocab.n; i++) j->vocab.scores[i] = -(float)list->count - 1;
    for (const json_node *e = json_first(list); e; e = json_next(list, e), rank++) {
        if (!split_merge(e, list, &a, &b)) continue;
        if (a.size + b.size > sizeof text) continue;
        memcpy(text, a.data, a.size);
        memcpy(text + a.size, b.data, b.size);
        const int64_t id = find_text(&x, text, a.size + b.size);
        if (id >= 0 && j->vocab.scores[id] < -(float)rank) j->vocab.scores[id] = -(float)rank;
    }
    free(x.slots);
    return HR_OK;
}
static hr_status read_spm_like(cv_job *j, const json_node *root) {
    const json_node *model = json_get(root, "model"), *normalizer = json_get(root, "normalizer");
    cv_vocab *v = &j->vocab;
    hr_str unk = {"", 0};
    v->model = "llama";
    v->has_scores = v->set_space_prefix = true;
    v->add_space_prefix = has_type(normalizer, "Prepend");
    const json_node *pre = json_get(root, "pre_tokenizer");
    if (has_type(pre, "Metaspace")) {
        bool old = true;
        (void)json_bool(json_get(pre, "add_prefix_space"), &old);
        const json_node *scheme = json_get(pre, "prepend_scheme");
        v->add_space_prefix = scheme ? !json_is_str(scheme, "never") : old;
    }
    if (j->spm) return cv_read_spm(j); /* its scores are exact */
    HR_TRY(read_json_tokens(j, json_get(model, "vocab")));
    (void)json_str(json_get(model, "unk_token"), &unk);
    HR_TRY(score_by_rank(j, json_get(model, "merges")));
    for (size_t i = 0; i < v->n; i++) {
        const hr_str t = v->tokens[i];
        if (t.size == 6 && memcmp(t.data, "<0x", 3) == 0 && t.data[5] == '>') v->types[i] = VT_BYTE;
        if (t.data && unk.size && t.size == unk.size && memcmp(t.data, unk.data, t.size) == 0) v->types[i] = VT_UNKNOWN;
    }
    return HR_OK;
}
/* "##x" is "x", what begins a word has the mark of a space before it */
static hr_status mark_words(cv_job *j) {
    cv_vocab *v = &j->vocab;
    size_t bytes = 0;
    for (size_t i = 0; i < v->n; i++) bytes += v->tokens[i].size + 3;
    char *pool = (char *)realloc(v->pool, bytes + 24 * v->n + 64); /* nothing points into it yet */
    if (!pool) return hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, "vocabulary", "no memory");
    v->pool = pool;
    v->pool_cap = bytes + 24 * v->n + 64;
    for (size_t i = 0; i < v->n; i++) {
        hr_str *t = &v->tokens[i];
        if (!t->data || has_ends(*t, "[", "]")) continue;
        if (t->size >= 2 && memcmp(t->data, "##", 2) == 0) t->data += 2, t->size -= 2;
        else HR_TRY(cv_vocab_text(j, hr_str_of("\xe2\x96\x81"), *t, t));
    }
    return HR_OK;
}
static hr_status read_word_piece(cv_job *j, const json_node *root) {
    bool lower = true;
    j->vocab.model = "bert";
    j->vocab.pre = "bert-bge"; /* the name that such files have; nothing depends on it */
    (void)json_bool(json_get2(root, "normalizer", "lowercase"), &lower);
    if (!lower)
        return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "normalizer.lowercase",
                       "is false: cased WordPiece cannot be said in a GGUF file");
    return read_json_tokens(j, json_get2(root, "model", "vocab"));
}
static hr_status read_vocab_txt(cv_job *j) {
    static const char *const control[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    size_t lines = 0, id = 0;
    j->vocab.model = "bert";
    j->vocab.pre = "bert-bge";
    for (size_t i = 0; i < j->n_vocab_txt; i++) lines += j->vocab_txt[i] == '\n';
    HR_TRY(cv_vocab_alloc(j, j->n_vocab > lines + 1 ? (size_t)j->n_vocab : lines + 1));
    for (size_t i = 0; i < j->n_vocab_txt; id++) {
        size_t end = i;
        while (end < j->n_vocab_txt && j->vocab_txt[end] != '\n') end++;
        hr_str t = {j->vocab_txt + i, end - i};
        if (t.size && t.data[t.size - 1] == '\r') t.size--;
        if (!hr_utf8_valid(t.data, t.size)) return fail_vocab(j, "vocab.txt", "is not UTF-8");
        j->vocab.tokens[id] = t;
        j->vocab.types[id] = VT_NORMAL;
        for (size_t k = 0; k < HR_COUNT(control); k++)
            if (hr_str_is(t, control[k])) j->vocab.types[id] = VT_CONTROL;
        i = end + 1;
    }
    j->vocab.n = j->n_vocab ? (size_t)j->n_vocab : id;
    if (id > j->vocab.n) return fail_vocab(j, "vocab.txt", "has more lines than vocab_size");
    return HR_OK;
}
/* does the template put a token before and behind the text? */
static void read_template(cv_job *j, const json_node *root) {
    const json_node *p = json_get(root, "post_processor"), *single = json_get(p, "single");
    const json_node *list = json_get(p, "processors");
    for (const json_node *e = json_first(list); e && !single; e = json_next(list, e)) single = json_get(e, "single");
    j->vocab.add_bos = j->vocab.add_eos = 0;
    if (!json_is(single, JSON_ARRAY)) return;
    bool text = false;
    for (const json_node *e = json_first(single); e; e = json_next(single, e)) {
        const bool special = json_get(e, "SpecialToken") != NULL;
        if (!special) text = true;
        else if (text) j->vocab.add_eos = 1;
        else j->vocab.add_bos = 1;
    }
}
hr_status cv_read_vocab(cv_job *j) {
    const json_node *root = json_root(&j->tokenizer), *model = json_get(root, "model");
    cv_vocab *v = &j->vocab;
    v->add_bos = v->add_eos = -1;
    v->pre = "default";
    if (root) {
        const bool bytes = has_type(json_get(root, "pre_tokenizer"), "ByteLevel") ||
                           has_type(json_get(root, "decoder"), "ByteLevel");
        const bool bpe = json_is_str(json_get(model, "type"), "BPE") ||
                         (!json_get(model, "type") && json_get(model, "merges"));
        read_template(j, root);
        if (json_is_str(json_get(model, "type"), "WordPiece")) HR_TRY(read_word_piece(j, root));
        else if (bpe && !bytes) HR_TRY(read_spm_like(j, root));
        else if (bpe) {
            v->model = "gpt2";
            HR_TRY(cv_find_pre(j));
            HR_TRY(read_json_tokens(j, json_get(model, "vocab")));
            HR_TRY(read_merges(j, json_get(model, "merges")));
        } else
            return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "tokenizer.json",
                           "is a kind of tokenizer that Hearth does not run (BPE and WordPiece are)");
    } else if (j->spm) {
        v->model = "llama";
        v->has_scores = true;
        v->add_bos = 1;
        HR_TRY(cv_read_spm(j));
    } else if (j->vocab_txt) HR_TRY(read_vocab_txt(j));
    else return fail_vocab(j, "tokenizer.json", "is not there, and no tokenizer.model or vocab.txt either");
    if (strcmp(v->model, "bert") == 0) HR_TRY(mark_words(j));
    HR_TRY(add_added(j));
    HR_TRY(fill_unused(j));
    return HR_OK;
}

/* --- keys ---------------------------------------------------------------------------------------------------------- */
static hr_status put_id(cv_job *j, const char *key, int64_t id) {
    if (id < 0 || (uint64_t)id >= j->vocab.n) return HR_OK;
    return hr_gguf_put_u32(&j->w, key, (uint32_t)id, j->err);
}
/* "bos_token": a text, or an object that has one */
static int64_t special_id(const cv_job *j, const text_index *x, const char *name) {
    const json_doc *docs[] = {&j->tokenizer_config, &j->special};
    char key[64];
    int64_t id = -1;
    snprintf(key, sizeof key, "%s_token", name);
    for (size_t i = 0; i < HR_COUNT(docs); i++) {
        const json_node *n = json_get(json_root(docs[i]), key);
        hr_str text = {"", 0};
        if (!json_str(n, &text) && !json_str(json_get(n, "content"), &text)) continue;
        id = find_text(x, text.data, text.size);
        if (id >= 0) return id;
    }
    snprintf(key, sizeof key, "%s_token_id", name);
    const json_node *places[] = {cv_config(j, key), json_get(json_root(&j->generation), key)};
    for (size_t i = 0; i < HR_COUNT(places); i++) {
        if (json_int(places[i], &id)) return id;
        if (json_int(json_first(places[i]), &id)) return id;
    }
    return -1;
}
static hr_status put_special(cv_job *j) {
    static const struct { const char *name, *key; } rows[] = {
        {"bos", "bos"}, {"eos", "eos"}, {"unk", "unknown"}, {"sep", "seperator"}, {"pad", "padding"}, {"cls", "cls"},
        {"mask", "mask"}};
    text_index x;
    char key[80];
    hr_status status = build_index(j, &x);
    int64_t eos = -1;
    const bool bert = strcmp(j->vocab.model, "bert") == 0;
    for (size_t i = 0; i < HR_COUNT(rows) && status == HR_OK; i++) {
        int64_t id = special_id(j, &x, rows[i].name);
        if (bert && id < 0) { /* a bare vocab.txt */
            static const char *const usual[] = {"", "", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"};
            id = find_text(&x, usual[i], strlen(usual[i]));
        }
        snprintf(key, sizeof key, "tokenizer.ggml.%s_token_id", rows[i].key);
        if (i == 1) eos = id;
        status = put_id(j, key, id);
    }
    free(x.slots);
    /* generation stops at more tokens than one: the second and third are named as the end of a turn and of a message */
    static const char *const more[] = {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"};
    const json_node *list = json_get(json_root(&j->generation), "eos_token_id");
    size_t n = 0;
    for (const json_node *e = json_first(list); e && n < 2 && status == HR_OK; e = json_next(list, e)) {
        int64_t id = -1;
        if (json_int(e, &id) && id != eos) status = put_id(j, more[n++], id);
    }
    return status;
}
static hr_status put_flags(cv_job *j) {
    const cv_vocab *v = &j->vocab;
    bool flag = false;
    if (strcmp(v->model, "bert") == 0) return HR_OK;
    bool bos = v->add_bos > 0, eos = v->add_eos > 0;
    if (json_bool(json_get(json_root(&j->tokenizer_config), "add_bos_token"), &flag) && v->add_bos <= 0) bos = flag;
    if (json_bool(json_get(json_root(&j->tokenizer_config), "add_eos_token"), &flag) && v->add_eos <= 0) eos = flag;
    if (!json_root(&j->tokenizer) && json_bool(json_get(json_root(&j->tokenizer_config), "add_bos_token"), &flag)) bos = flag;
    HR_TRY(hr_gguf_put_bool(&j->w, "tokenizer.ggml.add_bos_token", bos, j->err));
    HR_TRY(hr_gguf_put_bool(&j->w, "tokenizer.ggml.add_eos_token", eos, j->err));
    if (v->remove_extra) HR_TRY(hr_gguf_put_bool(&j->w, "tokenizer.ggml.remove_extra_whitespaces", true, j->err));
    if (!v->set_space_prefix) return HR_OK;
    return hr_gguf_put_bool(&j->w, "tokenizer.ggml.add_space_prefix", v->add_space_prefix, j->err);
}
static hr_status put_templates(cv_job *j) {
    const json_node *n = json_get(json_root(&j->tokenizer_config), "chat_template");
    hr_str text = {j->chat_template, j->n_chat_template}, name = {"", 0};
    char key[96];
    if (!j->chat_template && json_is(n, JSON_ARRAY)) { /* several, by name */
        for (const json_node *e = json_first(n); e; e = json_next(n, e)) {
            if (!json_str(json_get(e, "name"), &name) || !json_str(json_get(e, "template"), &text) || name.size > 40) continue;
            bool plain = name.size > 0;
            for (size_t i = 0; i < name.size; i++) plain = plain && ((name.data[i] | 32) >= 'a' && (name.data[i] | 32) <= 'z');
            if (hr_str_is(name, "default")) snprintf(key, sizeof key, "tokenizer.chat_template");
            else snprintf(key, sizeof key, "tokenizer.chat_template.%.*s", (int)name.size, name.data);
            if (plain || memchr(name.data, '_', name.size)) HR_TRY(hr_gguf_put_str(&j->w, key, text, j->err));
        }
        return HR_OK;
    }
    if (!j->chat_template && !json_str(n, &text)) return HR_OK;
    if (!hr_utf8_valid(text.data, text.size)) return fail_vocab(j, "chat_template", "is not UTF-8");
    return hr_gguf_put_str(&j->w, "tokenizer.chat_template", text, j->err);
}
hr_status cv_put_vocab(cv_job *j) {
    const cv_vocab *v = &j->vocab;
    uint64_t types = 2;
    HR_TRY(hr_gguf_put_str(&j->w, "tokenizer.ggml.model", hr_str_of(v->model), j->err));
    HR_TRY(hr_gguf_put_str(&j->w, "tokenizer.ggml.pre", hr_str_of(v->pre), j->err));
    HR_TRY(hr_gguf_put_strings(&j->w, "tokenizer.ggml.tokens", v->tokens, v->n, j->err));
    uint8_t *le = (uint8_t *)malloc(4 * v->n);
    if (!le) return hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, "vocabulary", "no memory");
    for (size_t i = 0; i < v->n; i++)
        for (int b = 0; b < 4; b++) le[4 * i + (size_t)b] = (uint8_t)(hr_f32_bits(v->scores[i]) >> 8 * b);
    hr_status status = v->has_scores ? hr_gguf_put_array(&j->w, "tokenizer.ggml.scores", HR_GGUF_F32, le, v->n, j->err) : HR_OK;
    for (size_t i = 0; i < v->n; i++)
        for (int b = 0; b < 4; b++) le[4 * i + (size_t)b] = (uint8_t)((uint32_t)v->types[i] >> 8 * b);
    if (status == HR_OK) status = hr_gguf_put_array(&j->w, "tokenizer.ggml.token_type", HR_GGUF_I32, le, v->n, j->err);
    free(le);
    HR_TRY(status);
    if (v->merges) HR_TRY(hr_gguf_put_strings(&j->w, "tokenizer.ggml.merges", v->merges, v->n_merges, j->err));
    if (j->family->flags & CV_BERT) {
        (void)cv_config_int(j, (const char *const[]) {"type_vocab_size", NULL}, &types);
        HR_TRY(hr_gguf_put_u32(&j->w, "tokenizer.ggml.token_type_count", (uint32_t)types, j->err));
    }
    HR_TRY(put_special(j));
    HR_TRY(put_flags(j));
    return put_templates(j);
}
#endif
