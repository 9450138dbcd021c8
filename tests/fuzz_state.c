/* fuzz_state.c: any bytes as a saved session. Odd inputs get the digests and macs of the tiny model made here, so that what
 * lies behind them is looked at as well: it is refused, computed again or restored, and the session goes on within bounds. */
#include "engine/base/crypto.h"
#include "engine/hearth.h"
#include "tests/model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t head[304]; /* as this session writes it */
static int keep_head(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    if (n == sizeof head) memcpy(head, bytes, n);
    return 0;
}
static void demand(bool ok) {
    if (!ok) abort();
}
static hearth_session *open_tiny(void) {
    static mf f;
    hearth_model *m = NULL;
    hearth_session *s = NULL;
    hearth_session_config c = HEARTH_SESSION_CONFIG_INIT;
    hearth_model_config mc = HEARTH_MODEL_CONFIG_INIT;
    mc.threads = 1;
    mf_llama(&f, "llama");
    gw w = mf_write(&f); /* kept as long as the process lives */
    demand(hearth_model_open_memory(w.p, w.n, &mc, &m, NULL) == HEARTH_OK);
    demand(hearth_session_open(m, &c, &s, NULL) == HEARTH_OK);
    demand(hearth_session_save(s, NULL, 0, keep_head, NULL, NULL) == HEARTH_OK);
    return s;
}
static void mac(const uint8_t *key, const char *kind, const uint8_t *p, size_t n, uint8_t *out) {
    hr_blake2b b;
    hr_blake2b_init(&b, 32, key, 32);
    hr_blake2b_add(&b, kind, 1);
    hr_blake2b_add(&b, p, n);
    hr_blake2b_end(&b, out);
}
static void make_right(uint8_t *p, size_t n) {
    uint8_t key[64];
    uint64_t tokens;
    hr_blake2b b;
    hr_blake2b_init(&b, 64, "hearth state owner", 18);
    hr_blake2b_end(&b, key);
    memcpy(&tokens, p + 16, 8);
    memcpy(p, head, 12);
    memcpy(p + 48, head + 48, 160);
    if (tokens <= (n - sizeof head) / 4) {
        mac(key, "\1", p + 304, (size_t)tokens * 4, p + 208);
        mac(key, "\2", p + 304 + tokens * 4, n - 304 - (size_t)tokens * 4, p + 240);
    }
    mac(key, "\3", p, 272, p + 272);
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static hearth_session *s;
    int how = -1;
    const int32_t token = 3;
    hearth_error err;
    if (s == NULL) s = open_tiny();
    uint8_t *p = (uint8_t *)malloc(size + 1);
    demand(p != NULL);
    memcpy(p, data, size);
    if (size >= sizeof head && data[8] % 2) make_right(p, size);
    int status = hearth_session_restore(s, NULL, 0, p, size, &how, &err);
    demand(status != HEARTH_OK || hearth_position(s) <= hearth_context(s));
    demand(status == HEARTH_OK || hearth_position(s) == 0);
    if (status == HEARTH_OK && hearth_position(s) < hearth_context(s)) {
        status = hearth_feed(s, &token, 1, 1, &err);
        demand(status == HEARTH_OK || status == HEARTH_E_NUMERIC);
    }
    free(p);
    return 0;
}
