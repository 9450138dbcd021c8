/* Several sessions in one pass (hearth_feed_together): whatever the company, and whoever joins or leaves on the way, each
 * session's logits are those it has alone, bit for bit. Files of every kind of layer: windows, sinks, experts, K-quants. */
#include "t.h"
#include "tests/test_logits.h"

static const char *const kinds[] = {"gemma3-a", "gpt-oss-a", "qwen2moe-a", "llama-k-Q4_K_M"};
enum { USERS = 7, STEPS = 12 };

typedef struct company {
    uint8_t *data;
    size_t size;
    logits_file f;
    hearth_model *model;
    hearth_session *s[USERS];
} company;

static bool gather(const char *name, int kv, int threads, company *c) {
    char m[64], r[64];
    memset(c, 0, sizeof *c);
    snprintf(m, sizeof m, "archs/%s.gguf", name);
    snprintf(r, sizeof r, "archs/%s.logits", name);
    c->data = (uint8_t *)logits_slurp(t_data(m), &c->size);
    if (!T_CHECK(c->data && logits_load(t_data(r), &c->f))) return false;
    logits_options o = {.threads = threads, .kv = kv};
    c->model = logits_open(c->data, c->size, &o);
    bool all = c->model != NULL;
    for (int i = 0; i < USERS && all; i++) {
        c->s[i] = logits_session(c->model, 100, i == 0 ? USERS : 1, &o);
        all = c->s[i] != NULL;
    }
    return T_CHECK(all);
}
static void part(company *c) {
    for (int i = 0; i < USERS; i++) hearth_session_close(c->s[i]);
    hearth_model_close(c->model);
    free(c->data);
    free(c->f.memory);
}
/* user i begins with so many tokens; its token of step n */
static size_t prompt_of(int i) { return (size_t)(i * 13 % 80); }
static int32_t token_of(const company *c, int i, int n) { return c->f.ids[(i * 31 + n * 7) % (int)c->f.n]; }
/* the first is always there; the others come and go */
static bool present(int i, int n) { return i == 0 || (i * 5 + n) % 3 != 0; }

static void check_company(const char *name, int kv, int threads) {
    static uint64_t want[USERS][STEPS];
    company c;
    hearth_error err;
    bool ready = gather(name, kv, threads, &c);
    size_t width = ready ? (size_t)c.f.width : 0;
    for (int i = 0; i < USERS && ready; i++) { /* alone */
        T_EQ_I(hearth_feed(c.s[i], c.f.ids, prompt_of(i), 0, &err), HEARTH_OK);
        for (int n = 0; n < STEPS; n++) {
            int32_t token = token_of(&c, i, n);
            if (!present(i, n)) continue;
            T_EQ_I(hearth_feed(c.s[i], &token, 1, 1, &err), HEARTH_OK);
            want[i][n] = hearth_hash(hearth_logits(c.s[i], 0), width, 0);
        }
        T_EQ_I(hearth_rewind(c.s[i], (int)prompt_of(i)), HEARTH_OK);
    }
    for (int n = 0; n < STEPS && ready; n++) { /* together */
        hearth_session *s[USERS];
        int32_t tokens[USERS];
        int who[USERS];
        size_t m = 0;
        for (int i = 0; i < USERS; i++) {
            if (!present(i, n)) continue;
            s[m] = c.s[i];
            tokens[m] = token_of(&c, i, n);
            who[m++] = i;
        }
        T_EQ_I(hearth_feed_together(s, tokens, m, &err), HEARTH_OK);
        for (size_t i = 0; i < m; i++) {
            const float *y = hearth_logits(s[i], 0);
            if (!T_CHECK(y != NULL)) continue;
            if (hearth_hash(y, width, 0) != want[who[i]][n]) T_FAIL("%s kv %d: user %d differs at step %d", name, kv, who[i], n);
        }
    }
    part(&c);
}
T_TEST(equal_to_each_alone) {
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    for (size_t i = 0; i < 4; i++) {
        check_company(kinds[i], HEARTH_KV_F32, 2);
        check_company(kinds[i], HEARTH_KV_I8, 1);
        check_company(kinds[i], HEARTH_KV_F16, 2);
        check_company(kinds[i], HEARTH_KV_Q4, 2);
    }
}

T_TEST(refused_without_a_trace) {
    company c;
    hearth_error err;
    if (!t_data("archs/ids.txt")) T_SKIP("no data/archs");
    if (gather(kinds[3], HEARTH_KV_F32, 1, &c)) {
        int32_t tokens[USERS] = {1, 2, 3, 4, 5, 6, 7};
        hearth_session *s[USERS];
        memcpy(s, c.s, sizeof s);
        T_EQ_I(hearth_feed_together(s, tokens, 0, &err), HEARTH_OK);
        T_EQ_I(hearth_feed_together(NULL, tokens, 2, &err), HEARTH_E_ARG);
        T_EQ_I(hearth_feed_together(s, NULL, 2, &err), HEARTH_E_ARG);
        s[2] = s[1];
        T_EQ_I(hearth_feed_together(s, tokens, 3, &err), HEARTH_E_ARG);
        s[2] = NULL;
        T_EQ_I(hearth_feed_together(s, tokens, 3, &err), HEARTH_E_ARG);
        T_EQ_I(hearth_feed_together(c.s + 1, tokens, 2, &err), HEARTH_E_ARG); /* the first holds one row of logits */
        tokens[1] = -1;
        T_EQ_I(hearth_feed_together(c.s, tokens, 2, &err), HEARTH_E_ARG);
        tokens[1] = 2;
        T_EQ_I(hearth_feed(c.s[1], c.f.ids, 100, 0, &err), HEARTH_OK);
        T_EQ_I(hearth_feed_together(c.s, tokens, 2, &err), HEARTH_E_FULL);
        T_EQ_I(hearth_position(c.s[0]), 0);
        hearth_cancel(c.s[0]);
        T_EQ_I(hearth_rewind(c.s[1], 0), HEARTH_OK);
        T_EQ_I(hearth_feed_together(c.s, tokens, 2, &err), HEARTH_E_CANCELLED);
        T_EQ_I(hearth_position(c.s[1]), 0);
        hearth_cancel_clear(c.s[0]);
        T_EQ_I(hearth_feed_together(c.s, tokens, 2, &err), HEARTH_OK);
        T_EQ_I(hearth_position(c.s[0]), 1);
        T_EQ_I(hearth_position(c.s[1]), 1);
    }
    part(&c);
}
T_MAIN(T_RUN(equal_to_each_alone), T_RUN(refused_without_a_trace))
