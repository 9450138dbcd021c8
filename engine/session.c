/* session.c: opening, feeding, rewinding, embedding: the public calls on a session. */
#include "engine/adapter.h"
#include "engine/base/fmath.h"
#include "engine/generate.h"
#include "engine/sample.h"

enum { SESSION_DEFAULT_CTX = 4096, SESSION_DEFAULT_BATCH = 128, SESSION_FAST_BATCH = 512, SESSION_FAST_TOKENS = 32,
       SESSION_MAX_CTX = 1 << 24 };

/* --- plan and open: one layout code for both ---------------------------------------------------------------------- */
static hr_status check_session_config(const hr_model *m, const hearth_session_config *in, hearth_session_config *c,
                                      hr_error *err) {
    static const hearth_session_config defaults = HEARTH_SESSION_CONFIG_INIT;
    *c = defaults;
    if (in != NULL) {
        if (in->struct_bytes < offsetof(hearth_session_config, budget_bytes) || in->struct_bytes > 4096)
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "struct_bytes", "is %zu: begin with HEARTH_SESSION_CONFIG_INIT",
                           in->struct_bytes);
        memcpy(c, in, hr_min_size(in->struct_bytes, sizeof *c));
    }
    if (m->vocab_only) return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "model", "opened for its vocabulary only");
    if (c->ctx_tokens == 0) {
        c->ctx_tokens = (int)hr_min_size(m->hp.n_ctx_train > 0 ? m->hp.n_ctx_train : SESSION_DEFAULT_CTX,
                                         SESSION_DEFAULT_CTX);
    }
    if (c->ctx_tokens < 1 || c->ctx_tokens > SESSION_MAX_CTX) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "ctx_tokens", "%d; 1 to %d are possible", c->ctx_tokens,
                       (int)SESSION_MAX_CTX);
    }
    if (m->pos_embd != NULL && (size_t)c->ctx_tokens > m->hp.n_ctx_train) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "ctx_tokens", "%d; this model has learned positions for %zu",
                       c->ctx_tokens, m->hp.n_ctx_train);
    }
    if (c->batch_tokens == 0) {
        c->batch_tokens = !m->hp.causal ? c->ctx_tokens : m->fast ? SESSION_FAST_BATCH : SESSION_DEFAULT_BATCH;
    }
    if (c->batch_tokens < 1) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "batch_tokens", "%d; at least 1",
                                            c->batch_tokens);
    if (c->batch_tokens > c->ctx_tokens) c->batch_tokens = c->ctx_tokens;
    if (c->logits_rows == 0) c->logits_rows = 1;
    if (c->logits_rows < 1 || c->logits_rows > c->ctx_tokens) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "logits_rows", "%d; 1 to ctx_tokens (%d)", c->logits_rows,
                       c->ctx_tokens);
    }
    if (c->kv_type < HEARTH_KV_F32 || c->kv_type > HEARTH_KV_Q4) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "kv_type", "unknown value %d", c->kv_type);
    }
    return HR_OK;
}

static void layer_widths(hr_session *s, size_t *widest) {
    const hr_model *m = s->model;
    const hr_hparams *hp = &m->hp;
    size_t ff = hr_max_size(hp->n_ff, hp->n_ff_shexp);
    for (size_t i = 0; i < hp->n_layer; i++) {
        const hr_layer *l = &m->layers[i];
        s->qkv_width = hr_max_size(s->qkv_width,
                                   l->n_head * hp->head_dim_k + l->n_head_kv * (hp->head_dim_k + hp->head_dim_v));
        s->attn_width = hr_max_size(s->attn_width, l->n_head * hp->head_dim_v);
        ff = hr_max_size(ff, l->n_ff);
    }
    s->ffn_width = 2 * ff;
    *widest = hr_max_size(hr_max_size(hp->n_embd, s->attn_width), ff);
}

/* Runs on a counting arena for the plan (every pointer stays NULL) and on the block for the session. */
static void lay_out(hr_session *s, hr_arena *a, const hearth_session_config *c, uint64_t *kv_bytes) {
    hr_model *m = s->model;
    const hr_hparams *hp = &m->hp;
    size_t b = (size_t)c->batch_tokens, d = hp->n_embd, widest, threads = (size_t)m->threads, before = a->used;
    s->ctx = (size_t)c->ctx_tokens;
    s->batch = b;
    s->logits_rows = (size_t)c->logits_rows;
    layer_widths(s, &widest);
    hr_kv_init(&s->kv, a, m, s->ctx, b, c->kv_type);
    *kv_bytes = a->used - before;
    s->history = HR_NEW(a, int32_t, s->ctx);
    size_t vocab = m->output.data != NULL ? hp->n_vocab : 0;
    s->logits = (float *)hr_arena_alloc(a, s->logits_rows * vocab, sizeof(float), HR_ARENA_ALIGN);
    s->x = (float *)hr_arena_alloc(a, b * d, sizeof(float), HR_ARENA_ALIGN);
    s->h = (float *)hr_arena_alloc(a, b * d, sizeof(float), HR_ARENA_ALIGN);
    s->branch = (float *)hr_arena_alloc(a, b * d, sizeof(float), HR_ARENA_ALIGN);
    s->qkv = (float *)hr_arena_alloc(a, b * s->qkv_width, sizeof(float), HR_ARENA_ALIGN);
    s->attn = (float *)hr_arena_alloc(a, b * s->attn_width, sizeof(float), HR_ARENA_ALIGN);
    s->ffn = (float *)hr_arena_alloc(a, b * s->ffn_width, sizeof(float), HR_ARENA_ALIGN);
    hr_a8_init(&s->a8, a, m->fast ? hr_div_up(b, HR_FAST_TILE) * HR_FAST_TILE : b, widest);
    for (size_t i = 0; i < HR_COUNT(s->rope); i++) hr_rope_init(&s->rope[i], a, &hp->rope[i], s->ctx, b);
    hr_moe_init(&s->moe, a, m, b);
    s->attn_rows = hr_attn_rows(m);
    s->attn_work = HR_NEW(a, hr_attn_work, threads);
    for (size_t i = 0; i < threads; i++) {
        hr_attn_work_init(s->attn_work != NULL ? &s->attn_work[i] : NULL, a, m, &s->kv);
    }
    s->attn_parts = HR_NEW(a, float, hr_attn_part_floats(m, &s->kv));
    s->row_scratch_bytes = (hr_model_row_scratch_bytes(m) + 63) / 64 * 64;
    s->row_scratch = (uint8_t *)hr_arena_alloc(a, threads * s->row_scratch_bytes, 1, HR_ARENA_ALIGN);
    s->sample_work = hr_arena_alloc(a, hr_sample_work_bytes(hp->n_vocab, s->ctx), 1, HR_ARENA_ALIGN);
    s->generate_work = hr_arena_alloc(a, hr_generate_work_bytes(s->model, s->ctx), 1, HR_ARENA_ALIGN);
}

static hr_status plan_session(const hr_model *m, const hearth_session_config *c, hearth_plan *plan, hr_error *err) {
    hr_session counted;
    hr_arena a;
    memset(&counted, 0, sizeof counted);
    counted.model = (hr_model *)(uintptr_t)m;
    hr_arena_init_count(&a);
    hr_arena_alloc(&a, 1, sizeof(hr_session), HR_ARENA_ALIGN);
    lay_out(&counted, &a, c, &plan->kv_bytes);
    if (a.failed || a.used > SIZE_MAX / 2) {
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "ctx_tokens",
                       "a session of %d tokens is larger than memory can be",
                       c->ctx_tokens);
    }
    plan->total_bytes = (uint64_t)a.used + HR_ARENA_ALIGN; /* room to align the block */
    plan->work_bytes = plan->total_bytes - plan->kv_bytes;
    return HR_OK;
}

hearth_status hearth_session_plan(const hearth_model *model, const hearth_session_config *config, hearth_plan *plan,
                                  hearth_error *err) {
    hr_error *e = (hr_error *)(void *)err;
    hearth_session_config c;
    hr_error_clear(e);
    if (plan != NULL) memset(plan, 0, sizeof *plan);
    if (model == NULL || plan == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "plan",
                                                      "model and plan must be given");
    HR_TRY(check_session_config((const hr_model *)(const void *)model, config, &c, e));
    return plan_session((const hr_model *)(const void *)model, &c, plan, e);
}

/* the span that holds every mapped part of the model, for the guard */
static void find_mapped_span(hr_session *s) {
    const hr_gguf *g = &s->model->gguf;
    for (uint32_t i = 0; i < g->n_shards; i++) {
        const hr_file *f = &g->shards[i].file;
        if (f->ops == NULL || f->map == NULL) continue;
        if (s->map_begin == NULL || f->map < s->map_begin) s->map_begin = f->map;
        if (s->map_end == NULL || f->map + f->size > s->map_end) s->map_end = f->map + f->size;
    }
}

hearth_status hearth_session_open(hearth_model *model, const hearth_session_config *config, hearth_session **session,
                                  hearth_error *err) {
    hr_error *e = (hr_error *)(void *)err;
    hr_model *m = (hr_model *)(void *)model;
    hearth_session_config c;
    hearth_plan plan;
    hr_error_clear(e);
    if (session != NULL) *session = NULL;
    if (model == NULL || session == NULL) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "session", "model and session must be given");
    }
    memset(&plan, 0, sizeof plan);
    HR_TRY(check_session_config(m, config, &c, e));
    HR_TRY(plan_session(m, &c, &plan, e));
    if ((c.budget_bytes > 0 && plan.total_bytes > c.budget_bytes) || (c.memory != NULL &&
                                                                      plan.total_bytes > c.memory_bytes)) {
        return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "budget_bytes",
                       "a session of %d tokens takes %llu bytes, %llu are "
                       "allowed; a shorter context or a smaller kv_type takes less", c.ctx_tokens,
                       (unsigned long long)plan.total_bytes,
                       (unsigned long long)(c.memory != NULL ? c.memory_bytes : c.budget_bytes));
    }
    hr_allocator al = m->allocator;
    if (c.allocator != NULL) memcpy(&al, c.allocator, sizeof al);
    void *block = c.memory;
    size_t bytes = (size_t)plan.total_bytes;
    if (block == NULL) block = al.alloc(al.ctx, bytes, HR_ARENA_ALIGN);
    if (block == NULL) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "session", "%zu bytes cannot be allocated", bytes);
    hr_arena a;
    hr_arena_init(&a, block, bytes);
    hr_session *s = (hr_session *)hr_arena_alloc(&a, 1, sizeof(hr_session), HR_ARENA_ALIGN);
    s->model = m;
    lay_out(s, &a, &c, &plan.kv_bytes);
    hr_assert(!a.failed);
    s->allocator = al;
    s->memory = block;
    s->memory_bytes = bytes;
    s->owns_memory = c.memory == NULL;
    if (m->guard) find_mapped_span(s);
    *session = (hearth_session *)(void *)s;
    return HR_OK;
}

void hearth_session_close(hearth_session *session) {
    hr_session *s = (hr_session *)(void *)session;
    if (s == NULL) return;
    hr_adapter_leave(s);
    if (!s->owns_memory) return;
    hr_allocator al = s->allocator;
    al.free(al.ctx, s->memory, s->memory_bytes);
}

/* --- feeding ------------------------------------------------------------------------------------------------------ */
static hr_status check_tokens(const hr_session *s, const int32_t *tokens, size_t n, hr_error *err) {
    if (n > 0 && tokens == NULL) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "tokens", "not given");
    for (size_t i = 0; i < n; i++) {
        if (tokens[i] < 0 || (size_t)tokens[i] >= s->model->hp.n_vocab) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "tokens", "token %zu is %d; the vocabulary has %zu", i,
                           tokens[i],
                           s->model->hp.n_vocab);
        }
    }
    return HR_OK;
}

static hr_status check_finite(const float *x, size_t n, size_t width, hr_error *err) {
    for (size_t i = 0; i < n; i++) {
        if ((hr_f32_bits(x[i]) & 0x7f800000u) == 0x7f800000u) {
            return hr_fail(err, HR_E_NUMERIC, HR_NO_OFFSET, "logits",
                           "value %zu of row %zu is not finite: the model file "
                           "is damaged, or its weights overflow", i % width, i / width);
        }
    }
    return HR_OK;
}

static void begin_call(hr_session *s) {
    s->rows = 0; /* the logits of the call before are gone */
    hr_atomic_store_u32(&s->stopped, 0);
    hr_atomic_store_u32(&s->failed, 0);
}

static hr_status explain_stop(hr_status status, hr_error *err) {
    if (status == HR_E_CANCELLED) return hr_fail(err, status, HR_NO_OFFSET, "session", "cancelled");
    if (status == HR_E_IO) {
        return hr_fail(err, status, HR_NO_OFFSET, "file", "the model file was cut short or cannot be read any more");
    }
    return status;
}

/* all n tokens in batches; rows and hidden belong to the last `need` of them */
static hr_status run_batches(hr_session *s, const int32_t *tokens, size_t n, size_t need, float *logits, float *hidden,
                             hr_error *err) {
    size_t position = (size_t)s->position, d = s->model->hp.n_embd, vocab = s->model->hp.n_vocab, row = 0;
    bool fast = s->model->fast && n >= SESSION_FAST_TOKENS;
    size_t most = fast ? hr_div_up(n, hr_div_up(n, s->batch)) : s->batch; /* even: few tokens would pay for all weights */
    for (size_t done = 0; done < n;) {
        size_t m = hr_min_size(most, n - done), end = done + m;
        size_t wanted = end > n - need ? hr_min_size(m, end - (n - need)) : 0;
        hr_batch b = {tokens + done, m, position + done, NULL, wanted, NULL, NULL, fast};
        if (wanted > 0 && logits != NULL) b.logits = logits + row * vocab;
        if (wanted > 0 && hidden != NULL) b.hidden = hidden + row * d;
        s->kv.high = hr_max_size(s->kv.high, position + end);
        HR_TRY(explain_stop(hr_graph_run(s, &b), err));
        memmove(s->history + position + done, tokens + done, m * sizeof *tokens);
        row += wanted;
        done = end;
    }
    return HR_OK;
}

/* A call that failed may have gone on so far that a window's ring no longer holds what the context's end sees: then the
 * context is computed again. */
static hr_status begin_feed(hr_session *s, hr_error *err) {
    int position = s->position;
    begin_call(s);
    if (position == 0) s->kv.high = 0;
    if (hr_kv_holds(&s->kv, (size_t)position)) return HR_OK;
    s->position = 0;
    s->kv.high = 0;
    hr_status status = run_batches(s, s->history, (size_t)position, 0, NULL, NULL, err);
    s->position = position;
    return status;
}

hearth_status hearth_feed(hearth_session *session, const int32_t *tokens, size_t n, size_t rows, hearth_error *err) {
    hr_session *s = (hr_session *)(void *)session;
    hr_error *e = (hr_error *)(void *)err;
    hr_error_clear(e);
    if (s == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "session", "not given");
    if (s->model->output.data == NULL) return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "model", "an embedding model has no "
                                                      "logits; use hearth_embed");
    HR_TRY(check_tokens(s, tokens, n, e));
    if (rows > n || rows > s->logits_rows) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "rows", "%zu; %zu tokens are fed and logits_rows is %zu", rows, n,
                       s->logits_rows);
    }
    if (n > s->ctx - (size_t)s->position) {
        return hr_fail(e, HR_E_FULL, HR_NO_OFFSET, "context", "%zu tokens do not fit: %d of %zu are in use", n,
                       s->position,
                       s->ctx);
    }
    HR_TRY(begin_feed(s, e));
    HR_TRY(run_batches(s, tokens, n, rows, s->logits, NULL, e));
    HR_TRY(check_finite(s->logits, rows * s->model->hp.n_vocab, s->model->hp.n_vocab, e));
    s->position += (int)n;
    s->rows = rows;
    return HR_OK;
}

/* --- several sessions --------------------------------------------------------------------------------------------- */
static hr_status check_together(hr_session *const *s, const int32_t *tokens, size_t n, hr_error *e) {
    for (size_t i = 0; i < n; i++) {
        if (s[i] == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "sessions", "session %zu is not given", i);
        if (s[i]->model != s[0]->model || s[i]->kv.type != s[0]->kv.type) {
            return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "sessions", "session %zu has another model or kind of cache than "
                           "the first", i);
        }
        if (!hr_adapter_same(s[i], s[0])) {
            return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "sessions", "session %zu has other adapters than the first", i);
        }
        for (size_t j = 0; j < i; j++) {
            if (s[j] == s[i]) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "sessions", "%zu and %zu are the same", j, i);
        }
        HR_TRY(check_tokens(s[i], tokens + i, 1, e));
        if ((size_t)s[i]->position >= s[i]->ctx) {
            return hr_fail(e, HR_E_FULL, HR_NO_OFFSET, "context", "session %zu has no room: %zu tokens are in use", i,
                           s[i]->ctx);
        }
    }
    if (s[0]->model->output.data == NULL) return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "model", "an embedding model has no "
                                                         "logits; use hearth_embed");
    if (n > s[0]->batch || n > s[0]->logits_rows) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "sessions", "%zu together; the first was opened with batch_tokens %zu "
                       "and logits_rows %zu, and both must hold them all", n, s[0]->batch, s[0]->logits_rows);
    }
    return HR_OK;
}

hearth_status hearth_feed_together(hearth_session *const *sessions, const int32_t *tokens, size_t n, hearth_error *err) {
    hr_session *const *s = (hr_session *const *)(const void *)sessions;
    hr_error *e = (hr_error *)(void *)err;
    hr_error_clear(e);
    if (n == 0) return HR_OK;
    if (s == NULL || tokens == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "sessions", "sessions and tokens must be given");
    HR_TRY(check_together(s, tokens, n, e));
    size_t vocab = s[0]->model->hp.n_vocab;
    for (size_t i = 0; i < n; i++) {
        HR_TRY(begin_feed(s[i], e));
        s[i]->kv.high = hr_max_size(s[i]->kv.high, (size_t)s[i]->position + 1);
    }
    hr_batch b = {tokens, n, 0, s, n, s[0]->logits, NULL, false};
    HR_TRY(explain_stop(hr_graph_run(s[0], &b), e));
    HR_TRY(check_finite(s[0]->logits, n * vocab, vocab, e));
    for (size_t i = 0; i < n; i++) {
        if (i > 0) memcpy(s[i]->logits, s[0]->logits + i * vocab, vocab * sizeof(float));
        s[i]->history[s[i]->position++] = tokens[i];
        s[i]->rows = 1;
    }
    return HR_OK;
}

const float *hearth_logits(const hearth_session *session, size_t row) {
    const hr_session *s = (const hr_session *)(const void *)session;
    return s != NULL && row < s->rows ? s->logits + row * s->model->hp.n_vocab : NULL;
}

int hearth_position(const hearth_session *session) {
    return session != NULL ? ((const hr_session *)(const void *)session)->position : 0;
}

int hearth_context(const hearth_session *session) {
    return session != NULL ? (int)((const hr_session *)(const void *)session)->ctx : 0;
}

hearth_status hearth_rewind(hearth_session *session, int position) {
    hr_session *s = (hr_session *)(void *)session;
    if (s == NULL || position < 0 || position > s->position) return HR_E_ARG;
    if (position != s->position && !hr_kv_holds(&s->kv, (size_t)position)) return HR_E_STATE;
    s->position = position;
    return HR_OK;
}

void hearth_cancel(hearth_session *session) {
    if (session != NULL) hr_atomic_store_u32(&((hr_session *)(void *)session)->cancel, 1);
}

void hearth_cancel_clear(hearth_session *session) {
    if (session != NULL) hr_atomic_store_u32(&((hr_session *)(void *)session)->cancel, 0);
}

/* --- embeddings --------------------------------------------------------------------------------------------------- */
static void divide_by_norm(float *x, size_t n) {
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++) sum = hr_fma(x[i], x[i], sum);
    if (!(sum > 0.0f)) return;
    float r = 1.0f / hr_sqrtf(sum);
    for (size_t i = 0; i < n; i++) x[i] *= r;
}

/* The context is empty and the rows come batch by batch; mean adds them in the order of the tokens. */
static hr_status pool_rows(hr_session *s, const int32_t *tokens, size_t n, int pooling, float *out, hr_error *err) {
    size_t d = s->model->hp.n_embd;
    if (pooling == HEARTH_POOL_NONE) return run_batches(s, tokens, n, n, NULL, out, err);
    if (pooling == HEARTH_POOL_LAST) return run_batches(s, tokens, n, 1, NULL, out, err);
    memset(out, 0, d * sizeof(float));
    for (size_t done = 0; done < n;) {
        size_t m = hr_min_size(s->batch, n - done);
        s->kv.high = done + m;
        /* the last layer has read branch by then */
        hr_batch b = {tokens + done, m, done, NULL, m, NULL, s->branch, s->model->fast && n >= SESSION_FAST_TOKENS};
        HR_TRY(explain_stop(hr_graph_run(s, &b), err));
        for (size_t t = 0; t < m; t++) {
            if (pooling == HEARTH_POOL_CLS && done + t > 0) break;
            for (size_t i = 0; i < d; i++) out[i] += s->branch[t * d + i];
        }
        done += m;
        if (pooling == HEARTH_POOL_CLS) break;
    }
    for (size_t i = 0; i < d && pooling == HEARTH_POOL_MEAN; i++) out[i] /= (float)n;
    return HR_OK;
}

hearth_status hearth_embed(hearth_session *session, const int32_t *tokens, size_t n, int pooling, int normalize,
                           float *out,
                           size_t cap, hearth_error *err) {
    hr_session *s = (hr_session *)(void *)session;
    hr_error *e = (hr_error *)(void *)err;
    hr_error_clear(e);
    if (s == NULL || out == NULL || n == 0) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "embed",
                                                           "session, tokens and out "
                                                           "must be given, and at least one token");
    if (pooling == HEARTH_POOL_MODEL) pooling = s->model->hp.pooling;
    if (pooling < HEARTH_POOL_NONE || pooling > HEARTH_POOL_LAST) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "pooling", "unknown value %d", pooling);
    }
    HR_TRY(check_tokens(s, tokens, n, e));
    size_t d = s->model->hp.n_embd, rows = pooling == HEARTH_POOL_NONE ? n : 1;
    if (cap / d < rows) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "cap", "%zu floats; %zu are needed", cap, rows * d);
    if (n > s->ctx || (!s->model->hp.causal && n > s->batch)) {
        return hr_fail(e, HR_E_FULL, HR_NO_OFFSET, "context",
                       "%zu tokens do not fit: the context has %zu, and an encoder "
                       "sees batch_tokens (%zu) at once", n, s->ctx, s->batch);
    }
    begin_call(s);
    s->position = 0;
    s->kv.high = 0;
    hr_status status = pool_rows(s, tokens, n, pooling, out, e);
    if (status == HR_OK) status = check_finite(out, rows * d, d, e);
    for (size_t i = 0; i < rows; i++) {
        if (status != HR_OK) memset(out + i * d, 0, d * sizeof(float));
        else if (normalize) divide_by_norm(out + i * d, d);
    }
    return status;
}
