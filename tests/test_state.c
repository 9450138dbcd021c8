/* Saved sessions (hearth_session_save, hearth_session_restore): what goes on from a restored context is what would have gone
 * on, bit for bit, for every architecture and kind of cache; what does not fit is computed again or refused, and says so. */
#include "t.h"
#include "tests/test_logits.h"

static const char *const kinds[] = {"gemma2-a", "gemma3-a",   "gemma3-a-Q4_0", "gpt-oss-a", "granite-a",  "llama-a",
                                    "llama-a-Q8_0", "llama-k-Q4_K_M", "llama-moe-a", "olmo2-a", "phi2-a", "phi3-a", "qwen2-a",
                                    "qwen2moe-a", "qwen3-a", "qwen3moe-a", "smollm3-a", "stablelm-a", "starcoder2-a"};
enum { HEAD = 304, MORE = 6 };
static const char owner[] = "a secret of thirty-two bytes....";

typedef struct bytes {
    char *data;
    size_t n, cap, stop_at;
} bytes;
static int keep_bytes(void *ctx, const char *data, size_t n) {
    bytes *b = (bytes *)ctx;
    if (b->stop_at > 0 && b->n + n >= b->stop_at) return 1;
    if (b->n + n > b->cap) b->data = (char *)realloc(b->data, b->cap = 2 * b->cap + n);
    memcpy(b->data + b->n, data, n);
    b->n += n;
    return 0;
}
typedef struct place {
    uint8_t *data;
    size_t size;
    logits_file f;
    logits_options o;
    hearth_model *model;
    hearth_session *s;
} place;
static bool enter(const char *name, int ctx, int batch, int kv, place *p) {
    char m[64], r[64];
    memset(p, 0, sizeof *p);
    snprintf(m, sizeof m, "archs/%s.gguf", name);
    snprintf(r, sizeof r, "archs/%s.logits", name);
    p->data = (uint8_t *)logits_slurp(t_data(m), &p->size);
    p->o = (logits_options){.kv = kv, .batch = batch};
    if (!T_CHECK(p->data && logits_load(t_data(r), &p->f))) return false;
    p->model = logits_open(p->data, p->size, &p->o);
    p->s = p->model ? logits_session(p->model, ctx, 1, &p->o) : NULL;
    return T_CHECK(p->s != NULL);
}
static void leave(place *p) {
    hearth_session_close(p->s);
    hearth_model_close(p->model);
    free(p->data);
    free(p->f.memory);
}
static bool save(hearth_session *s, bytes *b) {
    hearth_error err;
    b->n = 0;
    return T_EQ_I(hearth_session_save(s, owner, sizeof owner, keep_bytes, b, &err), HEARTH_OK);
}
static int restore(hearth_session *s, const bytes *b, int *how) {
    hearth_error err;
    return hearth_session_restore(s, owner, sizeof owner, b->data, b->n, how, &err);
}
static int32_t token_at(const place *p, size_t i) { return p->f.ids[i * 7 % (size_t)p->f.n]; }
static size_t sparser(size_t step) { return getenv("HEARTH_CRASH_STATES") ? step * 13 : step; } /* slow builds: fewer */
static void feed(place *p, hearth_session *s, size_t from, size_t n) {
    hearth_error err;
    for (size_t i = from; i < from + n; i++) {
        int32_t token = token_at(p, i);
        T_EQ_I(hearth_feed(s, &token, 1, i + 1 == from + n, &err), HEARTH_OK);
    }
}
/* the logits of MORE tokens behind the context */
static uint64_t go_on(place *p, hearth_session *s) {
    uint64_t h = 0;
    for (size_t i = 0; i < MORE; i++) {
        feed(p, s, (size_t)hearth_position(s), 1);
        const float *l = hearth_logits(s, 0);
        h = l ? hearth_hash(l, (size_t)p->f.width, h) : 1;
    }
    return h;
}

static void check_round(const char *name, int kv, size_t n) {
    place p;
    bytes b = {0};
    if (enter(name, 200, 16, kv, &p)) {
        int how = -1;
        feed(&p, p.s, 0, n);
        bool saved = save(p.s, &b);
        uint64_t want = go_on(&p, p.s);
        hearth_session *other = saved ? logits_session(p.model, 200, 1, &p.o) : NULL;
        if (other) {
            feed(&p, other, 3, 5); /* what was there before is forgotten */
            if (!T_EQ_I(restore(other, &b, &how), HEARTH_OK) || !T_EQ_I(how, HEARTH_RESTORED) ||
                !T_EQ_I(hearth_position(other), (int)n) || !T_CHECK(go_on(&p, other) == want))
                T_FAIL("%s, cache %d, %zu tokens", name, kv, n);
        }
        hearth_session_close(other);
    }
    leave(&p);
    free(b.data);
}
T_TEST(every_architecture_goes_on) {
    if (!t_data("archs/llama-a.gguf")) T_SKIP("no data");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (int kv = 0; kv < 4; kv++) check_round(kinds[i], kv, 70);
    }
    check_round("llama-a", HEARTH_KV_F32, 0);
    check_round("llama-a", HEARTH_KV_I8, 64);
    check_round("gemma3-a", HEARTH_KV_I8, 190); /* the window's ring has come round */
    check_round("gpt-oss-a", HEARTH_KV_Q4, 128);
}
/* nothing of what was rewound is written out: the bytes are those of a session that never saw it */
T_TEST(rewound_is_not_saved) {
    if (!t_data("archs/llama-a.gguf")) T_SKIP("no data");
    for (int kv = 0; kv < 4; kv++) {
        place p;
        bytes a = {0}, b = {0};
        if (enter("llama-a", 150, 0, kv, &p)) {
            feed(&p, p.s, 0, 70);
            save(p.s, &a);
            feed(&p, p.s, 70, 70);
            T_EQ_I(hearth_rewind(p.s, 70), HEARTH_OK);
            save(p.s, &b);
            T_EQ_U(a.n, b.n);
            T_EQ_MEM(a.data, b.data, a.n);
        }
        leave(&p);
        free(a.data);
        free(b.data);
    }
}
/* the logits behind n tokens of a session that never saw more */
static uint64_t go_on_from(place *p, size_t n) {
    hearth_session *fresh = logits_session(p->model, 400, 1, &p->o);
    feed(p, fresh, 0, n);
    const uint64_t h = go_on(p, fresh);
    hearth_session_close(fresh);
    return h;
}
/* A ring's pages that were written over and rewound again are neither saved nor gone back to after a restore. */
T_TEST(rings_go_back_no_further) {
    if (!t_data("archs/gemma3-a.gguf")) T_SKIP("no data");
    place p;
    bytes b = {0};
    if (enter("gemma3-a", 400, 16, HEARTH_KV_F32, &p)) {
        int low = 330, how = -1, held = 0;
        feed(&p, p.s, 0, 330);
        for (; low > 0 && hearth_rewind(p.s, low - 1) == HEARTH_OK; low--) {}
        T_CHECK(low > 0 && low < 300); /* this far, and no further */
        T_EQ_I(hearth_rewind(p.s, low), HEARTH_OK);
        save(p.s, &b);
        hearth_session *other = logits_session(p.model, 400, 1, &p.o);
        if (other && T_EQ_I(restore(other, &b, &how), HEARTH_OK) && T_EQ_I(how, HEARTH_RESTORED)) {
            for (int at = low; at >= 0; at -= at > 8 ? 8 : 1) {
                if (hearth_rewind(other, at) != HEARTH_OK) continue;
                held++;
                if (!T_CHECK(go_on(&p, other) == go_on_from(&p, (size_t)at))) T_FAIL("position %d of %d", at, low);
            }
            T_CHECK(held >= 2);
        }
        hearth_session_close(other);
    }
    leave(&p);
    free(b.data);
}
/* every byte of the head and of the tokens, and every 97th of the cache: refused, or computed again with the same result */
T_TEST(flipped_bytes) {
    if (!t_data("archs/gemma3-a.gguf")) T_SKIP("no data");
    place p;
    bytes b = {0};
    if (enter("gemma3-a", 100, 0, HEARTH_KV_I8, &p)) {
        feed(&p, p.s, 0, 66);
        save(p.s, &b);
        uint64_t want = go_on(&p, p.s);
        size_t cache = HEAD + 66 * 4;
        for (size_t i = 0; i < b.n; i += i < cache ? 1 : sparser(97)) {
            int how = -1;
            b.data[i] ^= (char)(1 << i % 8);
            int status = restore(p.s, &b, &how);
            b.data[i] ^= (char)(1 << i % 8);
            if (i < cache) {
                T_CHECK(status == HEARTH_E_FORMAT || status == HEARTH_E_DENIED || status == HEARTH_E_UNSUPPORTED);
                T_EQ_I(hearth_position(p.s), 0);
            } else if (!T_EQ_I(status, HEARTH_OK) || !T_EQ_I(how, HEARTH_REPLAYED_DAMAGE)) {
                T_FAIL("byte %zu", i);
            } else if (i < cache + 20 * 97) { /* going on is slow */
                T_CHECK(go_on(&p, p.s) == want);
            }
        }
        for (size_t cut = 0; cut < b.n; cut += cut < cache ? 1 : sparser(211)) {
            int how = -1;
            bytes shorter = {b.data, cut, 0, 0};
            int status = restore(p.s, &shorter, &how);
            if (cut < cache) T_EQ_I(status, HEARTH_E_FORMAT);
            else T_CHECK(status == HEARTH_OK && how == HEARTH_REPLAYED_DAMAGE);
        }
    }
    leave(&p);
    free(b.data);
}
static void check_other(const char *name, int ctx, int kv, const bytes *b, int status, int how) {
    place p;
    if (enter(name, ctx, 0, kv, &p)) {
        int got = -1;
        if (!T_EQ_I(restore(p.s, b, &got), status) || (status == HEARTH_OK && !T_EQ_I(got, how)))
            T_FAIL("%s ctx %d kv %d", name, ctx, kv);
        if (status == HEARTH_OK) { /* as fed by itself */
            uint64_t have = go_on(&p, p.s);
            T_EQ_I(hearth_rewind(p.s, 0), HEARTH_OK);
            feed(&p, p.s, 0, 50);
            T_CHECK(go_on(&p, p.s) == have);
        }
    }
    leave(&p);
}
T_TEST(another_model_cache_or_owner) {
    if (!t_data("archs/llama-a.gguf")) T_SKIP("no data");
    place p;
    bytes b = {0};
    hearth_error err;
    int how = -1;
    if (enter("llama-a", 100, 0, HEARTH_KV_F32, &p)) {
        feed(&p, p.s, 0, 50);
        save(p.s, &b);
        T_EQ_I(hearth_session_restore(p.s, "another", 7, b.data, b.n, &how, &err), HEARTH_E_DENIED);
        T_EQ_I(hearth_session_restore(p.s, NULL, 0, b.data, b.n, &how, &err), HEARTH_E_DENIED);
        T_EQ_I(hearth_position(p.s), 0);
        b.stop_at = 400;
        b.n = 0;
        feed(&p, p.s, 0, 50);
        T_EQ_I(hearth_session_save(p.s, owner, sizeof owner, keep_bytes, &b, &err), HEARTH_E_CANCELLED);
        b.stop_at = 0;
        save(p.s, &b);
    }
    leave(&p);
    check_other("llama-a", 100, HEARTH_KV_F32, &b, HEARTH_OK, HEARTH_RESTORED);
    check_other("llama-a", 180, HEARTH_KV_F32, &b, HEARTH_OK, HEARTH_RESTORED);
    check_other("llama-a", 100, HEARTH_KV_I8, &b, HEARTH_OK, HEARTH_REPLAYED_CACHE);
    check_other("llama-a-Q8_0", 100, HEARTH_KV_F32, &b, HEARTH_OK, HEARTH_REPLAYED_MODEL);
    check_other("llama-a", 49, HEARTH_KV_F32, &b, HEARTH_E_FULL, 0);
    free(b.data);
}
/* one byte of one tensor makes it another model */
T_TEST(a_changed_weight_is_another_model) {
    if (!t_data("archs/llama-a.gguf")) T_SKIP("no data");
    place p;
    bytes b = {0};
    if (enter("llama-a", 100, 0, HEARTH_KV_F32, &p)) {
        feed(&p, p.s, 0, 50);
        save(p.s, &b);
        p.data[p.size - 200] ^= 1;
        hearth_model *changed = logits_open(p.data, p.size, &p.o);
        hearth_session *s = changed ? logits_session(changed, 100, 1, &p.o) : NULL;
        int how = -1;
        if (T_CHECK(s != NULL)) T_CHECK(restore(s, &b, &how) == HEARTH_OK && how == HEARTH_REPLAYED_MODEL);
        hearth_session_close(s);
        hearth_model_close(changed);
    }
    leave(&p);
    free(b.data);
}
T_MAIN(T_RUN(every_architecture_goes_on), T_RUN(rewound_is_not_saved), T_RUN(rings_go_back_no_further), T_RUN(flipped_bytes),
       T_RUN(another_model_cache_or_owner), T_RUN(a_changed_weight_is_another_model))
