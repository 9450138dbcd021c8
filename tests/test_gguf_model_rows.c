/* test_gguf_model_rows.c: the rows of security/gguf_cves.md that no container can judge: a real model with one key changed,
 * well-formed as a file. The container must load it; the layer named must refuse it when the model is opened
 * (t_model_refuses: 1 refused with a typed error, 0 opened). */
#include "tests/t.h"
#include "engine/gguf.h"
#include "tests/gguf_io.h"
#include "tests/gguf_writer.h"

extern int t_model_refuses(const char *path); /* model_refuses.c */
static hr_error last;

static void k_block_count_text(gw *w, const char *key) { gw_kv_str(w, key, "five"); }
static void k_block_count_zero(gw *w, const char *key) { gw_kv_u32(w, key, 0); }
static void k_block_count_huge(gw *w, const char *key) { gw_kv_u32(w, key, 100000); }
static void k_more_blocks(gw *w, const char *key) { gw_kv_u32(w, key, 6); }
static void k_heads_odd(gw *w, const char *key) { gw_kv_u32(w, key, 7); }
static void k_heads_zero(gw *w, const char *key) { gw_kv_u32(w, key, 0); }
static void k_scores_i8(gw *w, const char *key) { gw_kv_arr(w, key, 1, 512), gw_fill(w, 512, 0); }
static void k_scores_short(gw *w, const char *key) { gw_kv_arr(w, key, 6, 3), gw_fill(w, 12, 0); }
static void k_types_u8(gw *w, const char *key) { gw_kv_arr(w, key, 0, 512), gw_fill(w, 512, 1); }
static void k_special_id(gw *w, const char *key) { gw_kv_u32(w, key, 512); }
static void k_special_id_top(gw *w, const char *key) { gw_kv_u32(w, key, 0xfffffffe); }
static void k_few_words(gw *w, const char *key) { gw_kv_arr(w, key, 8, 1), gw_text(w, "<unk>"); }
static void k_eps_nan(gw *w, const char *key) { gw_key(w, key, 6), gw_u32(w, 0x7fc00000); }

static const struct {
    const char *row, *key, *layer;
    void (*value)(gw *w, const char *key);
} model_rows[] = {
    {"CVE-2024-8063", "llama.block_count", "hyper-parameters", k_block_count_text},
    {"CVE-2024-8063, zero", "llama.block_count", "hyper-parameters", k_block_count_zero},
    {"hparams: huge block_count", "llama.block_count", "hyper-parameters", k_block_count_huge},
    {"hparams: a layer too many", "llama.block_count", "tensor binding", k_more_blocks},
    {"hparams: heads", "llama.attention.head_count", "hyper-parameters", k_heads_odd},
    {"hparams: no heads", "llama.attention.head_count", "hyper-parameters", k_heads_zero},
    {"hparams: NaN", "llama.attention.layer_norm_rms_epsilon", "hyper-parameters", k_eps_nan},
    {"array type: scores", "tokenizer.ggml.scores", "tokenizer", k_scores_i8},
    {"array length: scores", "tokenizer.ggml.scores", "tokenizer", k_scores_short},
    {"array type: token_type", "tokenizer.ggml.token_type", "tokenizer", k_types_u8},
    {"special ids", "tokenizer.ggml.bos_token_id", "tokenizer", k_special_id},
    {"special ids, top", "tokenizer.ggml.eos_token_id", "tokenizer", k_special_id_top},
    {"vocabulary smaller than the ids", "tokenizer.ggml.tokens", "tokenizer", k_few_words},
};

/* the model again, with the value of one key replaced; false when it has no such key */
static bool change_key(gw *w, const hr_gguf *g, const char *key, void (*value)(gw *w, const char *key)) {
    const hr_gguf_shard *s = &g->shards[0];
    const uint8_t *end = s->header + 24;
    bool found = false;
    gw_header(w, g->version, g->n_tensors, g->n_kv);
    for (uint32_t i = 0; i < g->n_kv; i++) {
        const hr_gguf_kv *kv = &g->kv[i];
        hr_str k = {(const char *)kv->key, kv->key_size};
        end = kv->data + kv->bytes;
        if (!hr_str_is(k, key)) {
            gw_bytes(w, kv->key - 8, (size_t)(end - (kv->key - 8)));
        } else {
            value(w, key);
            found = true;
        }
    }
    gw_bytes(w, end, (size_t)(s->header + s->header_bytes - end));
    gw_pad(w, g->alignment);
    gw_bytes(w, s->file.map + s->data_offset, (size_t)(s->file.size - s->data_offset));
    return found;
}

T_TEST(container_loads_model_refuses) {
    const char *path = t_data("models/stories260K.gguf");
    if (path == NULL) T_SKIP("no data");
    gi_open model;
    T_NEED(gi_load(&model, GI_MAPPED, path, NULL, 0, &last) == HR_OK);
    for (size_t i = 0; i < HR_COUNT(model_rows); i++) {
        gw w = {0};
        bool found = change_key(&w, &model.g, model_rows[i].key, model_rows[i].value);
        const char *changed = t_tmp("row.gguf");
        t_check(found && gw_save(&w, changed), T_HERE(model_rows[i].row), "the model has no %s", model_rows[i].key);
        gi_open o;
        hr_status status = gi_load(&o, GI_MAPPED, changed, NULL, 0, &last);
        t_check(status == HR_OK, T_HERE(model_rows[i].row), "%s: %s", last.where, last.what);
        gi_close(&o);
        t_check(t_model_refuses(changed) == 1, T_HERE(model_rows[i].row), "%s let it through", model_rows[i].layer);
        gw_free(&w);
    }
    gi_close(&model);
}

T_MAIN(T_RUN(container_loads_model_refuses))
