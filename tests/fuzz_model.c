/* fuzz_model.c: any bytes opened as a model: vocabulary only, and whole. What opens must also tell about itself, tokenize,
 * give every embedding row, and compute two tokens; a plan must say what open says. */
#include "engine/load.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool ok) {
    if (!ok) abort();
}
static void use_text(const hearth_model *m) {
    int32_t ids[64];
    char text[256];
    size_t n = 0, bytes = 0;
    static const char sample[] = "ab <s> \xc3\xa9\xff z";
    if (hearth_tokenize(m, sample, sizeof sample - 1, HEARTH_TOK_SPECIAL | HEARTH_TOK_PARSE, ids, 64, &n,
                        NULL) != HEARTH_OK) return;
    demand(n <= 64);
    hearth_detokenize(m, ids, n, HEARTH_TOK_SHOW, text, sizeof text, &bytes, NULL);
    for (size_t i = 0; i < n; i++) {
        demand(hearth_token_text(m, ids[i], &bytes) != NULL);
        hearth_token_ends(m, ids[i]);
    }
}
static void use_weights(const hearth_model *model) {
    const hr_model *m = (const hr_model *)(const void *)model;
    float *row = (float *)malloc(m->hp.n_embd * sizeof *row);
    uint8_t *scratch = (uint8_t *)malloc(hr_model_row_scratch_bytes(m));
    demand(row && scratch);
    for (size_t t = 0; t < m->hp.n_vocab; t += 1 + t) hr_model_embed_row(m, t, row, scratch);
    hr_model_embed_row(m, m->hp.n_vocab - 1, row, scratch);
    free(row);
    free(scratch);
}
/* whatever the weights are: a status, and nothing read or written outside */
static void use_session(hearth_model *m, const hearth_model_info *info) {
    static float out[1 << 17];
    const int32_t ids[2] = {info->n_vocab > 1, info->n_vocab - 1};
    hearth_session_config c = HEARTH_SESSION_CONFIG_INIT;
    hearth_session *s = NULL;
    hearth_error e;
    c.ctx_tokens = info->n_ctx_train < 8 ? info->n_ctx_train : 8;
    c.batch_tokens = c.ctx_tokens;
    c.kv_type = info->n_head % 2 ? HEARTH_KV_I8 : HEARTH_KV_F32;
    c.budget_bytes = 64 << 20;
    if (hearth_session_open(m, &c, &s, &e) != HEARTH_OK) return;
    const size_t n = c.ctx_tokens < 2 ? 1 : 2;
    if (info->is_encoder) hearth_embed(s, ids, n, HEARTH_POOL_MODEL, 1, out, sizeof out / sizeof out[0], &e);
    else if (hearth_feed(s, ids, n, 1, &e) == HEARTH_OK) demand(hearth_logits(s, 0) != NULL && hearth_position(s) == (int)n);
    hearth_session_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t flags[] = {HEARTH_MODEL_VOCAB_ONLY, HEARTH_MODEL_NO_SELFCHECK};
    for (int i = 0; i < 2; i++) {
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        hearth_model *m = NULL;
        hearth_error e, pe;
        hearth_plan p;
        hearth_model_info info;
        c.flags = flags[i];
        c.threads = 1;
        const hearth_status s = hearth_model_open_memory(data, size, &c, &m, &e);
        demand((s == HEARTH_OK) == (m != NULL) && (s == HEARTH_OK || e.status == s));
        demand(hearth_model_plan_memory(data, size, &c, &p, &pe) == s);
        if (!m) continue;
        demand(p.total_bytes == ((const hr_model *)(const void *)m)->memory_bytes);
        hearth_model_get_info(m, &info);
        use_text(m);
        if (i == 1) {
            use_weights(m);
            use_session(m, &info);
        }
        hearth_model_close(m);
    }
    return 0;
}
