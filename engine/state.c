/* state.c: a session's context as bytes, and back. The bytes are bound to the weights, the tokenizer, the kind of cache and
 * the owner, and nothing of them is believed unchecked: what does not fit is computed again from the tokens, or refused.
 *
 * Layout, little endian:  0 "HRSTATE1"  8 u32 version  12 u32 kv type  16 u64 tokens  24 u64 page bytes  32 u64 ring
 * 40 u32 layers  44 u32 begun pages  48 weights[32]  80 tokenizer[32]  112 adapter[32] (zero: none)  144 rotation[32]
 * 176 owner[32]  208 mac of the tokens[32]  240 mac of the cache[32]  272 mac of all before[32]  304 i32 tokens[n], then the
 * pages layer by layer, head by head, those that the layer still holds in ascending order; slots behind the last token are zero.
 * In a ring of pages a page that was rewound lies where an older one lay: that one is no longer there, and not in the file.
 * The macs are BLAKE2b under a key made from the owner's bytes: whoever does not know these can neither read out that two
 * states have one owner's key nor change a state unseen. The tokens and the cache are not encrypted. */
#include "engine/adapter.h"
#include "engine/base/crypto.h"

HR_SMALL_BEGIN

enum { STATE_HEAD = 304, STATE_VERSION = 1, STATE_TOKENS_MAC = 208, STATE_CACHE_MAC = 240, STATE_HEAD_MAC = 272 };

/* --- digests ------------------------------------------------------------------------------------------------------- */
/* A tensor's bytes as four sums, each over every fourth window: 128 bits that no accident keeps equal. */
static hr_status sum_tensor(hr_gguf *g, const hr_gguf_tensor *t, hr_crc_fn *crc, uint32_t sums[4], hr_error *err) {
    uint8_t window[4096];
    const uint8_t *data = hr_gguf_tensor_data(g, t);
    memset(sums, 0, 4 * sizeof *sums);
    for (uint64_t at = 0, i = 0; at < t->bytes; at += sizeof window, i++) {
        size_t n = (size_t)(t->bytes - at < sizeof window ? t->bytes - at : sizeof window);
        if (data == NULL) HR_TRY(hr_gguf_tensor_read(g, t, at, window, n, err));
        sums[i % 4] = crc(data != NULL ? data + at : window, n, sums[i % 4]);
    }
    return HR_OK;
}

static void add_u64(hr_blake2b *b, uint64_t x) {
    uint8_t bytes[8];
    hr_put64(bytes, x);
    hr_blake2b_add(b, bytes, sizeof bytes);
}

static bool is_tokenizer_key(const hr_gguf_kv *kv) {
    static const char prefix[] = "tokenizer.";
    return kv->key_size > sizeof prefix - 1 && memcmp(kv->key, prefix, sizeof prefix - 1) == 0;
}

static hr_status digest_model(hr_model *m, uint8_t base[32], uint8_t weights[32], uint8_t tokenizer[32], hr_error *err) {
    hr_gguf *g = &m->gguf;
    hr_blake2b w, t;
    hr_crc_fn *crc = hr_crc32c_fastest();
    hr_blake2b_init(&w, 32, "hearth weights", 14);
    hr_blake2b_init(&t, 32, "hearth tokenizer", 16);
    for (uint32_t i = 0; i < g->n_kv; i++) {
        const hr_gguf_kv *kv = &g->kv[i];
        hr_blake2b *b = is_tokenizer_key(kv) ? &t : &w;
        add_u64(b, (uint64_t)kv->type << 40 | (uint64_t)kv->elem << 32 | kv->key_size);
        add_u64(b, kv->bytes);
        hr_blake2b_add(b, kv->key, kv->key_size);
        hr_blake2b_add(b, kv->data, (size_t)kv->bytes);
    }
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const hr_gguf_tensor *x = &g->tensors[i];
        uint32_t sums[4];
        HR_TRY(sum_tensor(g, x, crc, sums, err));
        hr_gguf_tensor_drop(g, x, 0, x->bytes);
        add_u64(&w, (uint64_t)x->type << 32 | x->name_size);
        hr_blake2b_add(&w, x->name, x->name_size);
        for (size_t d = 0; d < 4; d++) add_u64(&w, (uint64_t)x->dims[d] << 32 | sums[d]);
    }
    hr_blake2b alone = w;
    hr_blake2b_end(&alone, base);
    add_u64(&w, m->fast); /* prompts by the fast products have caches of their own */
    hr_blake2b_end(&w, weights);
    hr_blake2b_end(&t, tokenizer);
    return HR_OK;
}

typedef struct digest_job {
    hr_model *m;
    uint8_t base[32], weights[32], tokenizer[32];
    hr_error *err;
} digest_job;
static hr_status digest_guarded(void *arg) {
    digest_job *j = (digest_job *)arg;
    return digest_model(j->m, j->base, j->weights, j->tokenizer, j->err);
}

/* once for each model; two callers at the same time compute the same bytes */
static hr_status find_digests(hr_model *m, const uint8_t **weights, const uint8_t **tokenizer, hr_error *err) {
    if (hr_atomic_load_u32(&m->has_digests) == 0) {
        digest_job j = {.m = m, .err = err};
        HR_TRY(m->guard ? hr_guard_run(NULL, SIZE_MAX, digest_guarded, &j, err) : digest_guarded(&j));
        if (hr_atomic_next(&m->digests_begun, 1) == 0) {
            memcpy(m->base_digest, j.base, 32);
            memcpy(m->weights_digest, j.weights, 32);
            memcpy(m->tokenizer_digest, j.tokenizer, 32);
            hr_atomic_store_u32(&m->has_digests, 1);
        }
        while (hr_atomic_load_u32(&m->has_digests) == 0) {}
    }
    *weights = m->weights_digest;
    *tokenizer = m->tokenizer_digest;
    return HR_OK;
}

hr_status hr_model_base_digest(hr_model *m, uint8_t out[32], hr_error *err) {
    const uint8_t *weights, *tokenizer;
    HR_TRY(find_digests(m, &weights, &tokenizer, err));
    memcpy(out, m->base_digest, 32);
    return HR_OK;
}

/* --- the head ------------------------------------------------------------------------------------------------------ */
typedef struct state_keys {
    uint8_t mac[32], owner[32];
} state_keys;

static void derive_keys(const void *owner, size_t n, state_keys *k) {
    uint8_t both[64];
    hr_blake2b b;
    hr_blake2b_init(&b, 64, "hearth state owner", 18);
    hr_blake2b_add(&b, owner, n);
    hr_blake2b_end(&b, both);
    memcpy(k->mac, both, 32);
    memcpy(k->owner, both + 32, 32);
    hr_wipe(both, sizeof both);
}

static void mac_bytes(const state_keys *k, uint8_t kind, const void *data, size_t n, uint8_t out[32]) {
    hr_blake2b b;
    hr_blake2b_init(&b, 32, k->mac, 32);
    hr_blake2b_add(&b, &kind, 1);
    hr_blake2b_add(&b, data, n);
    hr_blake2b_end(&b, out);
}

/* angles depend on the context's length in some models */
static void digest_rotation(const hr_session *s, uint8_t out[32]) {
    hr_blake2b b;
    hr_blake2b_init(&b, 32, "hearth rotation", 15);
    for (size_t i = 0; i < HR_COUNT(s->rope); i++) {
        add_u64(&b, s->rope[i].half);
        for (size_t j = 0; s->rope[i].freq != NULL && j < s->rope[i].half; j++) {
            uint64_t bits;
            memcpy(&bits, &s->rope[i].freq[j], sizeof bits);
            add_u64(&b, bits);
        }
        uint64_t bits;
        memcpy(&bits, &s->rope[i].mscale, sizeof bits);
        add_u64(&b, bits);
    }
    hr_blake2b_end(&b, out);
}

/* pages that were ever begun and not forgotten; where nothing is a ring, those of the context */
static size_t begun_pages(const hr_session *s) {
    size_t most = s->kv.ring == s->kv.n_pages ? (size_t)s->position : hr_max_size(s->kv.high, (size_t)s->position);
    return hr_div_up(most, HR_KV_PAGE);
}

static hr_status fill_head(const hr_session *s, const state_keys *k, uint8_t head[STATE_HEAD], hr_error *err) {
    const uint8_t *weights, *tokenizer;
    HR_TRY(find_digests(s->model, &weights, &tokenizer, err));
    memset(head, 0, STATE_HEAD);
    memcpy(head, "HRSTATE1", 8);
    hr_put32(head + 8, STATE_VERSION);
    hr_put32(head + 12, (uint32_t)s->kv.type);
    hr_put64(head + 16, (uint64_t)s->position);
    hr_put64(head + 24, s->kv.page_bytes);
    hr_put64(head + 32, s->kv.ring);
    hr_put32(head + 40, (uint32_t)s->model->hp.n_layer);
    hr_put32(head + 44, (uint32_t)begun_pages(s));
    memcpy(head + 48, weights, 32);
    memcpy(head + 80, tokenizer, 32);
    if (s->adapted != NULL) memcpy(head + 112, s->adapted->digest, 32);
    digest_rotation(s, head + 144);
    memcpy(head + 176, k->owner, 32);
    return HR_OK;
}

/* --- pages --------------------------------------------------------------------------------------------------------- */
/* Slots of a page from `first` on become zero: what was rewound is not written out. */
static void clear_slots(const hr_kv *kv, uint8_t *page, size_t first) {
    static const size_t units[] = {[HEARTH_KV_F32] = 4, [HEARTH_KV_I8] = 4, [HEARTH_KV_F16] = 2, [HEARTH_KV_Q4] = 4};
    size_t unit = units[kv->type], row = unit * HR_KV_PAGE, slot_v = (kv->kd_at - kv->v_at) / HR_KV_PAGE;
    for (size_t at = 0; at < kv->v_at; at += row) memset(page + at + first * unit, 0, (HR_KV_PAGE - first) * unit);
    memset(page + kv->v_at + first * slot_v, 0, (HR_KV_PAGE - first) * slot_v);
    if (!kv->ints) return;
    memset(page + kv->kd_at + 4 * first, 0, (HR_KV_PAGE - first) * sizeof(float));
    memset(page + kv->vd_at + 4 * first, 0, (HR_KV_PAGE - first) * sizeof(float));
}

typedef bool page_fn(void *ctx, uint8_t *page, size_t n);
/* every page that a context of `tokens` holds after `begun` pages, in the order of the file; false: stopped */
static bool walk_pages(const hr_session *s, size_t tokens, size_t begun, page_fn *fn, void *ctx) {
    const hr_kv *kv = &s->kv;
    size_t used = hr_div_up(tokens, HR_KV_PAGE);
    for (size_t i = 0; i < s->model->hp.n_layer; i++) {
        size_t first = begun > kv->layer_pages[i] ? begun - kv->layer_pages[i] : 0;
        for (size_t h = 0; h < kv->layer_heads[i]; h++) {
            for (size_t p = first; p < used; p++) {
                if (!fn(ctx, hr_kv_page(kv, i, h, p), kv->page_bytes)) return false;
            }
        }
    }
    return true;
}

typedef struct pages_out {
    hr_session *s;
    hr_blake2b mac;
    int (*write)(void *ctx, const char *bytes, size_t n);
    void *ctx;
    const uint8_t *from; /* restoring: the next page in the file */
} pages_out;

static bool mac_page(void *ctx, uint8_t *page, size_t n) {
    hr_blake2b_add(&((pages_out *)ctx)->mac, page, n);
    return true;
}
static bool write_page(void *ctx, uint8_t *page, size_t n) {
    pages_out *o = (pages_out *)ctx;
    return o->write(o->ctx, (const char *)page, n) == 0;
}
static bool read_page(void *ctx, uint8_t *page, size_t n) {
    pages_out *o = (pages_out *)ctx;
    memcpy(page, o->from, n);
    o->from += n;
    return true;
}
static bool count_page(void *ctx, uint8_t *page, size_t n) {
    (void)page;
    *(size_t *)ctx += n;
    return true;
}

static void clear_last_page(hr_session *s) {
    size_t used = (size_t)s->position % HR_KV_PAGE, page = (size_t)s->position / HR_KV_PAGE;
    for (size_t i = 0; i < s->model->hp.n_layer && used > 0; i++) {
        for (size_t h = 0; h < s->kv.layer_heads[i]; h++) clear_slots(&s->kv, hr_kv_page(&s->kv, i, h, page), used);
    }
}

static hr_status check_owner(const hr_session *s, const void *owner, size_t n, hr_error *e) {
    if (s == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "session", "not given");
    if (owner == NULL && n > 0) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "owner", "not given");
    if (!s->model->hp.causal) return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "session", "an encoder keeps no context");
    return HR_OK;
}

hearth_status hearth_session_save(hearth_session *session, const void *owner, size_t n_owner,
                                  int (*write)(void *ctx, const char *bytes, size_t n), void *ctx, hearth_error *err) {
    hr_session *s = (hr_session *)(void *)session;
    hr_error *e = (hr_error *)(void *)err;
    uint8_t head[STATE_HEAD];
    state_keys k;
    hr_error_clear(e);
    HR_TRY(check_owner(s, owner, n_owner, e));
    if (write == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "write", "not given");
    if (!hr_kv_holds(&s->kv, (size_t)s->position)) {
        return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "session", "the call before failed on the way: feed a token, or rewind");
    }
    derive_keys(owner, n_owner, &k);
    hr_status status = fill_head(s, &k, head, e);
    if (status == HR_OK) {
        pages_out o = {.s = s, .write = write, .ctx = ctx};
        uint8_t *tokens = (uint8_t *)(void *)s->history; /* i32 as they lie: the library is little endian */
        size_t n = (size_t)s->position * sizeof(int32_t);
        clear_last_page(s);
        mac_bytes(&k, 1, tokens, n, head + STATE_TOKENS_MAC);
        hr_blake2b_init(&o.mac, 32, k.mac, 32);
        hr_blake2b_add(&o.mac, "\2", 1);
        walk_pages(s, (size_t)s->position, begun_pages(s), mac_page, &o);
        hr_blake2b_end(&o.mac, head + STATE_CACHE_MAC);
        mac_bytes(&k, 3, head, STATE_HEAD_MAC, head + STATE_HEAD_MAC);
        if (write(ctx, (const char *)head, sizeof head) != 0 || (n > 0 && write(ctx, (const char *)tokens, n) != 0) ||
            !walk_pages(s, (size_t)s->position, begun_pages(s), write_page, &o)) {
            status = hr_fail(e, HR_E_CANCELLED, HR_NO_OFFSET, "write", "the callback asked to stop");
        }
    }
    hr_wipe(&k, sizeof k);
    return status;
}

/* --- back ---------------------------------------------------------------------------------------------------------- */
typedef struct state_view {
    uint8_t want[STATE_HEAD]; /* the head that this session would write */
    const uint8_t *data;
    size_t n, tokens, begun, cache_bytes;
} state_view;

/* Whether tokens may be believed: everything before this is refused with a status. */
static hr_status check_head(const hr_session *s, const state_keys *k, state_view *v, hr_error *e) {
    uint8_t mac[32];
    hr_cur c = hr_cur_make(v->data, v->n, 0, e);
    const uint8_t *head = hr_cur_bytes(&c, STATE_HEAD);
    if (head == NULL || memcmp(head, "HRSTATE1", 8) != 0) {
        return hr_fail(e, HR_E_FORMAT, 0, "state", "%zu bytes that are not a saved session", v->n);
    }
    if (hr_le32(head + 8) != STATE_VERSION) {
        return hr_fail(e, HR_E_UNSUPPORTED, 8, "version", "%u; 1 is known", (unsigned)hr_le32(head + 8));
    }
    if (!hr_same_secret(head + 176, k->owner, 32)) {
        return hr_fail(e, HR_E_DENIED, 176, "owner", "the state is another owner's, or its head is damaged: feed the text again");
    }
    mac_bytes(k, 3, head, STATE_HEAD_MAC, mac);
    if (!hr_same_secret(mac, head + STATE_HEAD_MAC, 32)) {
        return hr_fail(e, HR_E_FORMAT, STATE_HEAD_MAC, "state", "the head is damaged: feed the text again");
    }
    uint64_t tokens = hr_le64(head + 16);
    const uint8_t *ids = tokens <= v->n / 4 ? hr_cur_bytes(&c, tokens * 4) : NULL;
    if (ids == NULL) return hr_fail(e, HR_E_FORMAT, v->n, "tokens", "the state ends within its tokens: feed the text again");
    mac_bytes(k, 1, ids, (size_t)tokens * 4, mac);
    if (!hr_same_secret(mac, head + STATE_TOKENS_MAC, 32)) {
        return hr_fail(e, HR_E_FORMAT, STATE_HEAD, "tokens", "the tokens are damaged: feed the text again");
    }
    if (memcmp(head + 80, v->want + 80, 32) != 0) {
        return hr_fail(e, HR_E_STATE, 80, "tokenizer", "the state was made with another tokenizer: feed the text again");
    }
    if (tokens > s->ctx) {
        return hr_fail(e, HR_E_FULL, 16, "tokens", "%llu; the context has room for %zu", (unsigned long long)tokens, s->ctx);
    }
    v->tokens = (size_t)tokens;
    v->begun = hr_le32(head + 44);
    v->cache_bytes = v->n - STATE_HEAD - v->tokens * 4;
    return HR_OK;
}

static int find_reason(const hr_session *s, const state_keys *k, const state_view *v) {
    const uint8_t *cache = v->data + v->n - v->cache_bytes;
    uint8_t mac[32];
    hr_blake2b b;
    size_t bytes = 0;
    if (memcmp(v->data + 48, v->want + 48, 32) != 0) return HEARTH_REPLAYED_MODEL;
    if (memcmp(v->data + 112, v->want + 112, 32) != 0) return HEARTH_REPLAYED_ADAPTER;
    bool rings = s->kv.ring != s->kv.n_pages || hr_le64(v->data + 32) < v->begun;
    if (memcmp(v->data + 12, v->want + 12, 4) != 0 || memcmp(v->data + 24, v->want + 24, 8) != 0 ||
        memcmp(v->data + 40, v->want + 40, 4) != 0 || memcmp(v->data + 144, v->want + 144, 32) != 0 ||
        (rings && memcmp(v->data + 32, v->want + 32, 8) != 0)) {
        return HEARTH_REPLAYED_CACHE;
    }
    walk_pages(s, v->tokens, v->begun, count_page, &bytes);
    if (bytes != v->cache_bytes || v->begun < hr_div_up(v->tokens, HR_KV_PAGE)) return HEARTH_REPLAYED_DAMAGE;
    hr_blake2b_init(&b, 32, k->mac, 32);
    hr_blake2b_add(&b, "\2", 1);
    hr_blake2b_add(&b, cache, bytes);
    hr_blake2b_end(&b, mac);
    return hr_same_secret(mac, v->data + STATE_CACHE_MAC, 32) ? HEARTH_RESTORED : HEARTH_REPLAYED_DAMAGE;
}

/* the tokens in pieces that need no memory of their own */
static hr_status replay_tokens(hr_session *s, const uint8_t *ids, size_t n, hr_error *e) {
    int32_t piece[64];
    for (size_t done = 0; done < n;) {
        size_t m = hr_min_size(n - done, HR_COUNT(piece));
        memcpy(piece, ids + done * 4, m * 4);
        HR_TRY(hearth_feed((hearth_session *)(void *)s, piece, m, 0, (hearth_error *)(void *)e));
        done += m;
    }
    return HR_OK;
}

hearth_status hearth_session_restore(hearth_session *session, const void *owner, size_t n_owner, const void *state, size_t n,
                                     int *how, hearth_error *err) {
    hr_session *s = (hr_session *)(void *)session;
    hr_error *e = (hr_error *)(void *)err;
    state_keys k;
    state_view v = {.data = (const uint8_t *)state, .n = n};
    hr_error_clear(e);
    if (how != NULL) *how = HEARTH_RESTORED;
    HR_TRY(check_owner(s, owner, n_owner, e));
    if (state == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "state", "not given");
    s->position = 0;
    s->rows = 0;
    s->kv.high = 0;
    derive_keys(owner, n_owner, &k);
    hr_status status = fill_head(s, &k, v.want, e);
    if (status == HR_OK) status = check_head(s, &k, &v, e);
    int reason = status == HR_OK ? find_reason(s, &k, &v) : HEARTH_RESTORED;
    hr_wipe(&k, sizeof k);
    HR_TRY(status);
    if (how != NULL) *how = reason;
    const uint8_t *ids = v.data + STATE_HEAD;
    if (reason != HEARTH_RESTORED) {
        status = replay_tokens(s, ids, v.tokens, e);
        if (status != HR_OK) s->position = 0;
        return status;
    }
    pages_out o = {.s = s, .from = ids + v.tokens * 4};
    walk_pages(s, v.tokens, v.begun, read_page, &o);
    memcpy(s->history, ids, v.tokens * 4);
    s->position = (int)v.tokens;
    s->kv.high = hr_max_size(v.tokens, (v.begun - (v.begun > 0)) * HR_KV_PAGE + (v.begun > 0));
    return HR_OK;
}

HR_SMALL_END
