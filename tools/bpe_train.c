/* bpe_train.c: counts of adjacent pairs, kept up to date as words are merged; a heap gives the most frequent one. An entry of
 * the heap whose count is out of date is put back with the count of now: counts of pairs that grow are pushed at once. */
#include "tools/bpe_train.h"
#if !defined(HEARTH_DROP_TOOLS)
#include "engine/gguf_write.h"
#include "tokenizer/pretok.h"
#include <stdlib.h>

typedef struct bpe_word {
    uint32_t at, n;  /* in the pool of symbols */
    uint64_t count;
} bpe_word;
typedef struct bpe_pair {
    uint64_t key;    /* left << 32 | right; BPE_NO_KEY: an empty slot */
    int64_t count;
    uint32_t *word;  /* where it may stand; a word can be named twice */
    uint32_t n, cap;
    bool grown;      /* in this round */
} bpe_pair;
typedef struct bpe_item {
    uint64_t count, key;
} bpe_item;
typedef struct bpe_job {
    bpe_word *word;
    size_t n_words, cap_words;
    uint32_t *symbol;
    size_t n_symbols, cap_symbols;
    uint32_t *slot;  /* hash of words while they are counted: index + 1 */
    size_t n_slots;
    const char **text;
    bpe_pair *pair;
    size_t n_pairs, cap_pairs; /* a power of two */
    bpe_item *heap;
    size_t n_heap, cap_heap;
    uint64_t *grown;
    size_t n_grown, cap_grown;
    uint32_t byte_id[256];
} bpe_job;
#define BPE_NO_KEY UINT64_MAX

static bool grow(void **p, size_t *cap, size_t need, size_t item) {
    size_t n = *cap ? *cap : 64, bytes = 0;
    if (need <= *cap) return true;
    while (n < need) n *= 2;
    if (!hr_mul_size(n, item, &bytes)) return false;
    void *q = realloc(*p, bytes);
    if (!q) return false;
    *p = q;
    *cap = n;
    return true;
}
static hr_status no_memory(hr_error *err) { return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "bpe", "no memory for the counts"); }

/* --- the alphabet: GPT-2's characters for bytes ------------------------------------------------------------------- */
static uint32_t byte_char(unsigned b) {
    uint32_t n = 0;
    if ((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174) return b;
    for (unsigned i = 0; i < b; i++) n += !((i >= 33 && i <= 126) || (i >= 161 && i <= 172) || i >= 174);
    return 256 + n;
}
static char *byte_text(uint32_t cp) {
    char *s = (char *)calloc(1, 3);
    if (!s) return NULL;
    if (cp < 128) s[0] = (char)cp;
    else s[0] = (char)(0xc0 | (cp >> 6)), s[1] = (char)(0x80 | (cp & 63));
    return s;
}
static hr_status put_alphabet(bpe_job *j, const bpe_config *c, bpe_vocab *v, hr_error *err) {
    for (size_t i = 0; i < c->n_special; i++) {
        const size_t n = strlen(c->special[i]) + 1;
        char *s = (char *)malloc(n);
        if (!s) return no_memory(err);
        memcpy(s, c->special[i], n);
        v->token[v->n_tokens++] = s;
    }
    for (uint32_t cp = 0; cp < 512; cp++)
        for (unsigned b = 0; b < 256; b++) {
            if (byte_char(b) != cp) continue;
            j->byte_id[b] = (uint32_t)v->n_tokens;
            if (!(v->token[v->n_tokens] = byte_text(cp))) return no_memory(err);
            v->n_tokens++;
        }
    return HR_OK;
}

/* --- words and how often they are met ----------------------------------------------------------------------------- */
static uint64_t hash_text(const uint8_t *p, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001b3u;
    return h ^ (h >> 29);
}
static bool more_slots(bpe_job *j) {
    const size_t n = j->n_slots ? 2 * j->n_slots : 1 << 12;
    uint32_t *slot = (uint32_t *)calloc(n, sizeof *slot);
    if (!slot) return false;
    for (size_t w = 0; w < j->n_words; w++) {
        size_t h = (size_t)hash_text((const uint8_t *)j->text[w], j->word[w].n) & (n - 1);
        while (slot[h]) h = (h + 1) & (n - 1);
        slot[h] = (uint32_t)w + 1;
    }
    free(j->slot);
    j->slot = slot;
    j->n_slots = n;
    return true;
}
static hr_status count_word(bpe_job *j, const uint8_t *p, size_t n, hr_error *err) {
    if (2 * (j->n_words + 1) > j->n_slots && !more_slots(j)) return no_memory(err);
    size_t h = (size_t)hash_text(p, n) & (j->n_slots - 1);
    for (; j->slot[h]; h = (h + 1) & (j->n_slots - 1)) {
        const uint32_t w = j->slot[h] - 1;
        if (j->word[w].n == n && memcmp(j->text[w], p, n) == 0) {
            j->word[w].count++;
            return HR_OK;
        }
    }
    if (j->n_symbols + n > UINT32_MAX / 2) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "text", "more than 2^31 bytes of words");
    size_t cap = j->cap_words;
    if (!grow((void **)&j->word, &cap, j->n_words + 1, sizeof *j->word) ||
        !grow((void **)&j->text, &j->cap_words, j->n_words + 1, sizeof *j->text) ||
        !grow((void **)&j->symbol, &j->cap_symbols, j->n_symbols + n, sizeof *j->symbol)) return no_memory(err);
    j->slot[h] = (uint32_t)j->n_words + 1;
    j->text[j->n_words] = (const char *)p;
    j->word[j->n_words++] = (bpe_word){(uint32_t)j->n_symbols, (uint32_t)n, 1};
    for (size_t i = 0; i < n; i++) j->symbol[j->n_symbols++] = j->byte_id[p[i]];
    return HR_OK;
}
static hr_status count_words(bpe_job *j, const bpe_config *c, const uint8_t *p, size_t n, hr_error *err) {
    const hr_pretok_family *f = hr_pretok_find(hr_str_of(c->pre));
    hr_pretok w;
    size_t begin, end;
    if (!f || f->raw) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "pre", "'%s' is no byte-level pre-tokenizer", c->pre);
    hr_pretok_begin(&w, f, p, n);
    while (hr_pretok_next(&w, &begin, &end)) HR_TRY(count_word(j, p + begin, end - begin, err));
    return HR_OK;
}
/* the text between special tokens */
static hr_status cut_text(bpe_job *j, const bpe_config *c, const char *text, size_t n, hr_error *err) {
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        size_t cut = 0;
        for (size_t k = 0; k < c->n_special && !cut; k++) {
            const size_t m = strlen(c->special[k]);
            if (m && m <= n - i && memcmp(text + i, c->special[k], m) == 0) cut = m;
        }
        if (!cut) continue;
        HR_TRY(count_words(j, c, (const uint8_t *)text + from, i - from, err));
        from = i + cut;
        i = from - 1;
    }
    return count_words(j, c, (const uint8_t *)text + from, n - from, err);
}

/* --- pairs --------------------------------------------------------------------------------------------------------- */
static uint64_t pair_key(uint32_t left, uint32_t right) { return (uint64_t)left << 32 | right; }
static size_t pair_slot(const bpe_job *j, uint64_t key) {
    uint64_t h = key * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(h ^ (h >> 32)) & (j->cap_pairs - 1);
    while (j->pair[i].key != BPE_NO_KEY && j->pair[i].key != key) i = (i + 1) & (j->cap_pairs - 1);
    return i;
}
static bool more_pairs(bpe_job *j) {
    bpe_pair *old = j->pair;
    const size_t n = j->cap_pairs;
    j->cap_pairs = n ? 2 * n : 1 << 12;
    j->pair = (bpe_pair *)calloc(j->cap_pairs, sizeof *j->pair);
    if (!j->pair) {
        j->pair = old;
        j->cap_pairs = n;
        return false;
    }
    for (size_t i = 0; i < j->cap_pairs; i++) j->pair[i].key = BPE_NO_KEY;
    for (size_t i = 0; i < n; i++)
        if (old[i].key != BPE_NO_KEY) j->pair[pair_slot(j, old[i].key)] = old[i];
    free(old);
    return true;
}
/* by may be negative; word is where the pair is when it grew */
static bool change_pair(bpe_job *j, uint64_t key, int64_t by, uint32_t word) {
    if (2 * (j->n_pairs + 1) > j->cap_pairs && !more_pairs(j)) return false;
    bpe_pair *p = &j->pair[pair_slot(j, key)];
    if (p->key == BPE_NO_KEY) {
        p->key = key;
        j->n_pairs++;
    }
    p->count += by;
    if (by <= 0) return true;
    if (p->n == 0 || p->word[p->n - 1] != word) {
        size_t cap = p->cap;
        if (!grow((void **)&p->word, &cap, (size_t)p->n + 1, sizeof *p->word)) return false;
        p->cap = (uint32_t)cap;
        p->word[p->n++] = word;
    }
    if (!p->grown) {
        if (!grow((void **)&j->grown, &j->cap_grown, j->n_grown + 1, sizeof *j->grown)) return false;
        p->grown = true;
        j->grown[j->n_grown++] = key;
    }
    return true;
}
static bool before(const bpe_item *a, const bpe_item *b) { return a->count != b->count ? a->count > b->count : a->key < b->key; }
static bool push(bpe_job *j, bpe_item x) {
    if (!grow((void **)&j->heap, &j->cap_heap, j->n_heap + 1, sizeof *j->heap)) return false;
    size_t i = j->n_heap++;
    for (; i && before(&x, &j->heap[(i - 1) / 2]); i = (i - 1) / 2) j->heap[i] = j->heap[(i - 1) / 2];
    j->heap[i] = x;
    return true;
}
static bpe_item pop(bpe_job *j) {
    const bpe_item top = j->heap[0], x = j->heap[--j->n_heap];
    size_t i = 0;
    for (;;) {
        size_t k = 2 * i + 1;
        if (k >= j->n_heap) break;
        if (k + 1 < j->n_heap && before(&j->heap[k + 1], &j->heap[k])) k++;
        if (!before(&j->heap[k], &x)) break;
        j->heap[i] = j->heap[k];
        i = k;
    }
    j->heap[i] = x;
    return top;
}
static bool push_grown(bpe_job *j) {
    for (size_t i = 0; i < j->n_grown; i++) {
        bpe_pair *p = &j->pair[pair_slot(j, j->grown[i])];
        p->grown = false;
        if (p->count > 0 && !push(j, (bpe_item){(uint64_t)p->count, p->key})) return false;
    }
    j->n_grown = 0;
    return true;
}
static bool count_pairs(bpe_job *j) {
    for (size_t w = 0; w < j->n_words; w++)
        for (uint32_t i = 0; i + 1 < j->word[w].n; i++) {
            const uint32_t *s = j->symbol + j->word[w].at + i;
            if (!change_pair(j, pair_key(s[0], s[1]), (int64_t)j->word[w].count, (uint32_t)w)) return false;
        }
    return push_grown(j);
}
/* left and right become id in one word, from its front */
static bool merge_word(bpe_job *j, uint32_t w, uint32_t left, uint32_t right, uint32_t id) {
    bpe_word *word = &j->word[w];
    uint32_t *s = j->symbol + word->at, n = 0;
    const int64_t count = (int64_t)word->count;
    for (uint32_t i = 0; i < word->n; i++) {
        if (i + 1 == word->n || s[i] != left || s[i + 1] != right) {
            s[n++] = s[i];
            continue;
        }
        if (n && !(change_pair(j, pair_key(s[n - 1], left), -count, w) && change_pair(j, pair_key(s[n - 1], id), count, w)))
            return false;
        if (i + 2 < word->n && !(change_pair(j, pair_key(right, s[i + 2]), -count, w) &&
                                 change_pair(j, pair_key(id, s[i + 2]), count, w))) return false;
        s[n++] = id;
        i++;
    }
    word->n = n;
    return true;
}

/* --- training ------------------------------------------------------------------------------------------------------ */
/* the merged text; another merge may have made it before */
static hr_status new_token(bpe_vocab *v, uint32_t left, uint32_t right, uint32_t *id, hr_error *err) {
    const size_t a = strlen(v->token[left]), b = strlen(v->token[right]);
    char *s = (char *)malloc(a + b + 1);
    if (!s) return no_memory(err);
    memcpy(s, v->token[left], a);
    memcpy(s + a, v->token[right], b + 1);
    for (size_t i = v->n_special; i < v->n_tokens; i++)
        if (strcmp(v->token[i], s) == 0) {
            free(s);
            *id = (uint32_t)i;
            return HR_OK;
        }
    *id = (uint32_t)v->n_tokens;
    v->token[v->n_tokens++] = s;
    return HR_OK;
}
static hr_status learn(bpe_job *j, const bpe_config *c, bpe_vocab *v, hr_error *err) {
    const uint64_t least = c->min_count ? c->min_count : 1;
    size_t cap = 0;
    if (!count_pairs(j)) return no_memory(err);
    while (v->n_tokens < c->n_vocab && j->n_heap) {
        const bpe_item top = pop(j);
        bpe_pair p = j->pair[pair_slot(j, top.key)];
        const uint32_t left = (uint32_t)(top.key >> 32), right = (uint32_t)top.key;
        uint32_t id = 0;
        if ((int64_t)top.count != p.count) {
            if (p.count > 0 && !push(j, (bpe_item){(uint64_t)p.count, p.key})) return no_memory(err);
            continue;
        }
        if (top.count < least) break;
        HR_TRY(new_token(v, left, right, &id, err));
        if (!grow((void **)&v->merge, &cap, v->n_merges + 1, sizeof *v->merge)) return no_memory(err);
        v->merge[v->n_merges++] = (bpe_merge){left, right, id, top.count};
        j->pair[pair_slot(j, top.key)].word = NULL; /* the list is ours: the table may move, the pair may come again */
        j->pair[pair_slot(j, top.key)].n = j->pair[pair_slot(j, top.key)].cap = 0;
        bool ok = true;
        for (uint32_t i = 0; ok && i < p.n; i++) ok = merge_word(j, p.word[i], left, right, id);
        free(p.word);
        bpe_pair *gone = &j->pair[pair_slot(j, top.key)];
        if (gone->n == 0) gone->count = 0;
        if (!ok || !push_grown(j)) return no_memory(err);
        if (c->progress && v->n_merges % 64 == 0) c->progress(c->ctx, v->n_tokens, c->n_vocab);
    }
    return HR_OK;
}
static void free_job(bpe_job *j) {
    for (size_t i = 0; i < j->cap_pairs; i++) free(j->pair[i].word);
    free(j->word);
    free(j->symbol);
    free(j->slot);
    free((void *)j->text);
    free(j->pair);
    free(j->heap);
    free(j->grown);
}
void bpe_free(bpe_vocab *v) {
    for (size_t i = 0; i < v->n_tokens; i++) free(v->token[i]);
    free(v->token);
    free(v->merge);
    memset(v, 0, sizeof *v);
}
hr_status bpe_train(const bpe_config *c, const char *text, size_t n, bpe_vocab *out, hr_error *err) {
    bpe_job j;
    memset(&j, 0, sizeof j);
    memset(out, 0, sizeof *out);
    if (c->n_vocab < c->n_special + 256 || c->n_vocab > 1u << 20)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "-n", "%zu tokens: must be %zu to 1048576", c->n_vocab, c->n_special + 256);
    out->token = (char **)calloc(c->n_vocab, sizeof *out->token);
    out->n_special = c->n_special;
    hr_status status = out->token ? put_alphabet(&j, c, out, err) : no_memory(err);
    if (status == HR_OK) status = cut_text(&j, c, text, n, err);
    out->n_words = j.n_words;
    if (status == HR_OK) status = learn(&j, c, out, err);
    free_job(&j);
    if (status != HR_OK) bpe_free(out);
    return status;
}

/* --- the file ------------------------------------------------------------------------------------------------------ */
static hr_status put_merges(hr_gguf_writer *w, const bpe_vocab *v, hr_error *err) {
    char line[1024];
    HR_TRY(hr_gguf_put_strings_begin(w, "tokenizer.ggml.merges", v->n_merges, err));
    for (size_t i = 0; i < v->n_merges; i++) {
        const char *a = v->token[v->merge[i].left], *b = v->token[v->merge[i].right];
        if (strlen(a) + strlen(b) + 2 > sizeof line)
            return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "merges", "a token of %zu bytes", strlen(a) + strlen(b));
        memcpy(line, a, strlen(a));
        line[strlen(a)] = ' ';
        memcpy(line + strlen(a) + 1, b, strlen(b) + 1);
        HR_TRY(hr_gguf_put_strings_item(w, hr_str_of(line), err));
    }
    return HR_OK;
}
static hr_status put_all(hr_gguf_writer *w, const bpe_vocab *v, const bpe_config *c, int eos, hr_error *err) {
    uint8_t *types = (uint8_t *)calloc(v->n_tokens, 4);
    hr_status status;
    if (!types) return no_memory(err);
    for (size_t i = 0; i < v->n_tokens; i++) types[4 * i] = i < v->n_special ? 3 : 1; /* control, normal */
    status = hr_gguf_put_str(w, "general.architecture", hr_str_of("llama"), err);
    if (status == HR_OK) status = hr_gguf_put_str(w, "tokenizer.ggml.model", hr_str_of("gpt2"), err);
    if (status == HR_OK) status = hr_gguf_put_str(w, "tokenizer.ggml.pre", hr_str_of(c->pre), err);
    if (status == HR_OK) status = hr_gguf_put_strings_begin(w, "tokenizer.ggml.tokens", v->n_tokens, err);
    for (size_t i = 0; status == HR_OK && i < v->n_tokens; i++) status = hr_gguf_put_strings_item(w, hr_str_of(v->token[i]), err);
    if (status == HR_OK) status = hr_gguf_put_array(w, "tokenizer.ggml.token_type", HR_GGUF_I32, types, v->n_tokens, err);
    if (status == HR_OK) status = put_merges(w, v, err);
    if (status == HR_OK && eos >= 0) status = hr_gguf_put_u32(w, "tokenizer.ggml.eos_token_id", (uint32_t)eos, err);
    if (status == HR_OK) status = hr_gguf_put_bool(w, "tokenizer.ggml.add_bos_token", false, err);
    if (status == HR_OK) status = hr_gguf_put_bool(w, "tokenizer.ggml.add_eos_token", false, err);
    free(types);
    return status;
}
hr_status bpe_write(const bpe_vocab *v, const bpe_config *c, int eos, const char *path, hr_error *err) {
    hr_gguf_writer *w = (hr_gguf_writer *)calloc(1, sizeof *w);
    if (!w) return no_memory(err);
    hr_status status = hr_gguf_write_begin(w, path, NULL, NULL, err);
    if (status == HR_OK) status = put_all(w, v, c, eos, err);
    if (status == HR_OK) status = hr_gguf_write_head(w, 0, NULL, err);
    if (status == HR_OK) status = hr_gguf_write_finish(w, err);
    if (status != HR_OK) hr_gguf_write_abandon(w, false);
    free(w);
    return status;
}
#endif
