/* vocab.c: the tokenizer.ggml.* keys of a file as the tokenizer's neutral description, and the text half of hearth.h.
 * Every array has its exact element type and as many elements as there are tokens, every special id names a token
 * (planes.md 9.2 rule 13); what is inside the strings is the tokenizer's to judge. Keys: formats.md 10. */
#include "engine/load.h"

HR_SMALL_BEGIN

static hr_status fail_key(const hr_loader *l, const hr_gguf_kv *kv, hr_status status, const char *key, const char *why,
                          uint64_t a, uint64_t b) {
    const uint64_t at = kv ? hr_gguf_kv_offset(&l->m->gguf, kv) : HR_NO_OFFSET;
    return hr_fail(l->err, status, at, key, "%s (%llu, %llu)", why, (unsigned long long)a, (unsigned long long)b);
}

/* a token id; absent and 2^32 - 1 (or -1) mean that there is none */
static hr_status read_token_id(hr_loader *l, const char *key, size_t n_tokens, int32_t *id, bool *found) {
    int64_t v = -1;
    bool here = false;
    HR_TRY(hr_gguf_i64(&l->m->gguf, key, &v, &here, l->err));
    if (!here) return HR_OK;
    *found = true;
    if (v == -1 || v == (int64_t)UINT32_MAX) {
        *id = -1;
        return HR_OK;
    }
    if (v < 0 || (uint64_t)v >= n_tokens)
        return fail_key(l, hr_gguf_find(&l->m->gguf, key), HR_E_FORMAT, key,
                        "is not a token id (value, number of tokens)",
                        (uint64_t)v, n_tokens);
    *id = (int32_t)v;
    return HR_OK;
}

static hr_status read_ids(hr_loader *l, hr_tok_spec *s) {
    const struct {
        const char *key;
        int32_t *id;
        int32_t spm, wpm; /* documented defaults; taken when the vocabulary has such a token */
    } ids[] = {
        {"tokenizer.ggml.bos_token_id", &s->bos, 1, -1},       {"tokenizer.ggml.eos_token_id", &s->eos, 2, -1},
        {"tokenizer.ggml.unknown_token_id", &s->unk, 0, 100},  {"tokenizer.ggml.separator_token_id", &s->sep, -1, 102},
        {"tokenizer.ggml.seperator_token_id", &s->sep, -1, 102}, {"tokenizer.ggml.padding_token_id", &s->pad, -1, 0},
        {"tokenizer.ggml.cls_token_id", &s->cls, -1, 101},     {"tokenizer.ggml.mask_token_id", &s->mask, -1, 103},
        {"tokenizer.ggml.eot_token_id", &s->eot, -1, -1},      {"tokenizer.ggml.eom_token_id", &s->eom, -1, -1},
    };
    bool found_sep = false;
    for (size_t i = 0; i < HR_COUNT(ids); i++) {
        bool found = false;
        const int32_t fallback = s->model == HR_TOK_SPM ? ids[i].spm : s->model == HR_TOK_WPM ? ids[i].wpm : -1;
        HR_TRY(read_token_id(l, ids[i].key, s->n_tokens, ids[i].id, &found));
        if (ids[i].id == &s->sep) found_sep = found = found || found_sep;
        if (!found) *ids[i].id = fallback >= 0 && (size_t)fallback < s->n_tokens ? fallback : -1;
    }
    const struct {
        const char *key;
        bool *flag;
    } flags[] = {
        {"tokenizer.ggml.add_bos_token", &s->add_bos},           {"tokenizer.ggml.add_eos_token", &s->add_eos},
        {"tokenizer.ggml.add_sep_token", &s->add_sep},           {"tokenizer.ggml.add_space_prefix",
                                                                  &s->add_space_prefix},
        {"tokenizer.ggml.remove_extra_whitespaces", &s->remove_extra_whitespaces},
    };
    for (size_t i = 0; i < HR_COUNT(flags); i++)
        HR_TRY(hr_gguf_bool(&l->m->gguf, flags[i].key, flags[i].flag, NULL, l->err));
    return HR_OK;
}

static hr_status read_arrays(hr_loader *l, hr_tok_spec *s) {
    const hr_gguf *g = &l->m->gguf;
    const hr_gguf_kv *kv = NULL;
    HR_TRY(hr_gguf_array(g, "tokenizer.ggml.tokens", HR_GGUF_STRING, &kv, NULL, l->err));
    if (!kv || kv->count == 0 || kv->count > HR_TOK_MAX_TOKENS)
        return fail_key(l, kv, kv && kv->count ? HR_E_LIMIT : HR_E_FORMAT, "tokenizer.ggml.tokens",
                        "must hold the vocabulary (tokens, largest number of them)", kv ? kv->count : 0,
                            HR_TOK_MAX_TOKENS);
    s->n_tokens = (size_t)kv->count;
    s->tokens = kv->data;
    s->tokens_bytes = kv->bytes;
    s->tokens_offset = hr_gguf_kv_offset(g, kv);
    HR_TRY(hr_gguf_array(g, "tokenizer.ggml.scores", HR_GGUF_F32, &kv, NULL, l->err));
    if (kv && kv->count != s->n_tokens)
        return fail_key(l, kv, HR_E_FORMAT, "tokenizer.ggml.scores",
                        "must have one value for each token (values, tokens)",
                        kv->count, s->n_tokens);
    if (kv) s->scores = kv->data;
    kv = hr_gguf_find(g, "tokenizer.ggml.token_type");
    const bool is_u32 = kv && kv->type == HR_GGUF_ARRAY && kv->elem == HR_GGUF_U32;
    HR_TRY(hr_gguf_array(g, "tokenizer.ggml.token_type", is_u32 ? HR_GGUF_U32 : HR_GGUF_I32, &kv, NULL, l->err));
    if (kv && kv->count != s->n_tokens)
        return fail_key(l, kv, HR_E_FORMAT, "tokenizer.ggml.token_type",
                        "must have one value for each token (values, tokens)",
                        kv->count, s->n_tokens);
    if (kv) s->types = kv->data;
    HR_TRY(hr_gguf_array(g, "tokenizer.ggml.merges", HR_GGUF_STRING, &kv, NULL, l->err));
    if (!kv) return HR_OK;
    s->n_merges = (size_t)kv->count;
    s->merges = kv->data;
    s->merges_bytes = kv->bytes;
    s->merges_offset = hr_gguf_kv_offset(g, kv);
    return HR_OK;
}

hr_status hr_load_vocab(hr_loader *l, size_t *n_tokens) {
    static const struct {
        const char *name;
        hr_tok_model model;
    } models[] = {{"llama", HR_TOK_SPM}, {"gpt2", HR_TOK_BPE}, {"bert", HR_TOK_WPM}, {"gemma4", HR_TOK_BPE}};
    hr_model *m = l->m;
    hr_str name = {"", 0}, pre = {"", 0};
    bool found = false;
    size_t i = 0;
    hr_tok_spec s;
    *n_tokens = 0;
    m->tokenizer_name = "";
    HR_TRY(hr_gguf_string(&m->gguf, "tokenizer.ggml.model", &name, &found, l->err));
    if (!found || hr_str_is(name, "none") || hr_str_is(name, "no_vocab")) return HR_OK;
    while (i < HR_COUNT(models) && !hr_str_is(name, models[i].name)) i++;
    if (i == HR_COUNT(models))
        return hr_fail(l->err, HR_E_UNSUPPORTED, hr_gguf_kv_offset(&m->gguf, hr_gguf_find(&m->gguf,
                                                                                          "tokenizer.ggml.model")),
                       "tokenizer.ggml.model", "'%.*s' is a tokenizer that Hearth does not run",
                       (int)hr_min_size(name.size, 40), name.data);
    HR_TRY(hr_gguf_string(&m->gguf, "tokenizer.ggml.pre", &pre, &found, l->err));
    if (!found && hr_str_is(name, "gemma4")) pre = name;
    hr_tok_spec_defaults(&s, models[i].model, pre);
    s.model = models[i].model;
    s.pre = pre;
    s.space_prefix_once = m->arch_name && strcmp(m->arch_name, "phi3") == 0; /* its tokenizer is not a "legacy" one */
    HR_TRY(read_arrays(l, &s));
    HR_TRY(read_ids(l, &s));
    HR_TRY(hr_tok_init(&s, l->arena, &m->tok, l->err));
    if (l->arena->failed)
        return hr_fail(l->err, HR_E_MEMORY, HR_NO_OFFSET, "tokenizer", "does not fit into the memory that was planned");
    *n_tokens = s.n_tokens;
    char *text = HR_NEW(l->arena, char, name.size + hr_min_size(pre.size, 64) + 16);
    if (text)
        hr_format(text, name.size + hr_min_size(pre.size, 64) + 16, "%s/%.*s", models[i].name,
                  pre.size ? (int)hr_min_size(pre.size, 64) : 7, pre.size ? pre.data : "default");
    if (text) m->tokenizer_name = text;
    return HR_OK;
}

int hr_model_bos(const hr_model *m) {
    if (!m->tok) return -1;
    const hr_tok_spec *s = hr_tok_spec_of(m->tok);
    return s->bos < 0 && s->model == HR_TOK_WPM ? s->cls : s->bos;
}
int hr_model_eos(const hr_model *m) {
    if (!m->tok) return -1;
    const hr_tok_spec *s = hr_tok_spec_of(m->tok);
    return s->eos < 0 && s->model == HR_TOK_WPM ? s->sep : s->eos;
}

/* --- the text half of hearth.h ------------------------------------------------------------------------------------ */
static const hr_tok *tokenizer_of(const hearth_model *model) {
    return model ? ((const hr_model *)(const void *)model)->tok : NULL;
}
static hr_error *clear_for_text(hearth_error *err, size_t *n) {
    hr_error *e = (hr_error *)(void *)err;
    if (e) hr_error_clear(e);
    if (n) *n = 0;
    return e;
}
static hr_status check_text_call(const hearth_model *model, const void *in, size_t n_in, const void *out, size_t cap,
                                 const size_t *n, uint32_t flags, hr_error *e) {
    const uint32_t known = HEARTH_TOK_SPECIAL | HEARTH_TOK_PARSE | HEARTH_TOK_SHOW;
    const char *where = !model ? "model" : !in && n_in ? "input" : !out && cap ? "output" : !n ? "n" : NULL;
    if (where) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, where, "must not be NULL");
    if (flags & ~known) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "flags", "has unknown bits: 0x%x", (unsigned)flags);
    if (!tokenizer_of(model))
        return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "tokenizer.ggml.model",
                       "the file has no tokenizer: only ids can be used");
    return HR_OK;
}

hearth_status hearth_tokenize(const hearth_model *model, const char *text, size_t n_text, uint32_t flags,
                              int32_t *tokens,
                              size_t cap, size_t *n, hearth_error *err) {
    hr_error *e = clear_for_text(err, n);
    HR_TRY(check_text_call(model, text, n_text, tokens, cap, n, flags, e));
    const hr_tok *t = tokenizer_of(model);
    const hr_allocator *a = &((const hr_model *)(const void *)model)->allocator;
    const size_t bytes = hr_tok_scratch_bytes(t, n_text);
    void *scratch = a->alloc(a->ctx, bytes, HR_ARENA_ALIGN);
    if (!scratch) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "scratch", "%zu bytes cannot be allocated", bytes);
    const uint32_t how = (flags & HEARTH_TOK_SPECIAL
                          ? HR_ENCODE_SPECIAL : 0u) | (flags & HEARTH_TOK_PARSE ? HR_ENCODE_PARSE : 0u);
    const hr_status status = hr_tok_encode(t, text, n_text, how, tokens, cap, n, scratch, e);
    a->free(a->ctx, scratch, bytes);
    return status;
}

hearth_status hearth_detokenize(const hearth_model *model, const int32_t *tokens, size_t n_tokens, uint32_t flags,
                                char *out,
                                size_t cap, size_t *n, hearth_error *err) {
    char small[256], *piece = small;
    hr_error *e = clear_for_text(err, n);
    HR_TRY(check_text_call(model, tokens, n_tokens, out, cap, n, flags, e));
    const hr_tok *t = tokenizer_of(model);
    const hr_allocator *a = &((const hr_model *)(const void *)model)->allocator;
    const size_t most = hr_max_size(hr_tok_max_piece(t), 4);
    for (size_t i = 0; i < n_tokens; i++)
        if (!hr_tok_text(t, tokens[i]).data)
            return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "tokens", "number %zu is %d: not in the vocabulary of %zu", i,
                           (int)tokens[i],
                           hr_tok_count(t));
    if (most > sizeof small) piece = (char *)a->alloc(a->ctx, most, HR_ARENA_ALIGN);
    if (!piece) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "scratch", "%zu bytes cannot be allocated", most);
    hr_tok_decoder d;
    memset(&d, 0, sizeof d);
    d.show_special = flags & HEARTH_TOK_SHOW;
    size_t used = 0;
    for (size_t i = 0; i <= n_tokens; i++) {
        const size_t m = i < n_tokens ? hr_tok_decode(t, &d, tokens[i], piece, most) : hr_tok_decode_flush(&d, piece,
                                                                                                           most);
        if (used <= cap && m <= cap - used && m > 0) memcpy(out + used, piece, m);
        used += m;
    }
    if (piece != small) a->free(a->ctx, piece, most);
    *n = used;
    if (used > cap) return hr_fail(e, HR_E_FULL, HR_NO_OFFSET, "out", "the text has %zu bytes, the buffer %zu", used,
                                   cap);
    return HR_OK;
}

const char *hearth_token_text(const hearth_model *model, int32_t token, size_t *n) {
    const hr_tok *t = tokenizer_of(model);
    const hr_str s = t ? hr_tok_text(t, token) : (hr_str){NULL, 0};
    if (n) *n = s.size;
    return s.data;
}
int hearth_token_ends(const hearth_model *model, int32_t token) {
    const hr_tok *t = tokenizer_of(model);
    return t && hr_tok_is_eog(t, token);
}

HR_SMALL_END
