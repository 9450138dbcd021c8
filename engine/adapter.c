/* adapter.c: opening adapters, binding them to a session, their products. */
#include "engine/adapter.h"
#include "engine/base/crypto.h"
#include "engine/load.h"

enum { ADAPTER_TOKENS = 16, ADAPTER_ROWS = 128, ADAPTER_NAME = 64 };

/* --- binding ------------------------------------------------------------------------------------------------------- */
static hr_matrix *find_layer_matrix(hr_layer *l, const char *part, size_t n) {
    const struct { const char *name; hr_matrix *w; } parts[] = {
        {"attn_qkv", &l->qkv}, {"attn_q", &l->q}, {"attn_k", &l->k}, {"attn_v", &l->v}, {"attn_output", &l->o},
        {"ffn_gate", &l->gate}, {"ffn_up", &l->up}, {"ffn_down", &l->down}};
    for (size_t i = 0; i < HR_COUNT(parts); i++) {
        if (strlen(parts[i].name) == n && memcmp(parts[i].name, part, n) == 0) return parts[i].w;
    }
    return NULL;
}

/* the matrix called `name` in the model's file, or NULL when there is none that can be adapted */
static const hr_matrix *find_adapted_matrix(const hr_model *m, const char *name) {
    static const char tail[] = ".weight";
    size_t layer = 0, n = strlen(name), cut = sizeof tail - 1;
    const char *p = name + 4;
    if (hr_gguf_tensor_find(&m->gguf, name) == NULL) return NULL;
    if (strcmp(name, "output.weight") == 0) return m->output.data != NULL ? &m->output : NULL;
    if (n < 4 + cut || memcmp(name, "blk.", 4) != 0 || strcmp(name + n - cut, tail) != 0) return NULL;
    while (*p >= '0' && *p <= '9' && layer < HR_MAX_LAYERS) layer = layer * 10 + (size_t)(*p++ - '0');
    if (*p != '.' || layer >= m->hp.n_layer) return NULL;
    p++;
    if ((size_t)(p - name) > n - cut) return NULL;
    const hr_matrix *w = find_layer_matrix(&m->layers[layer], p, n - cut - (size_t)(p - name));
    return w != NULL && w->data != NULL && w->n_mats == 1 ? w : NULL;
}

static hr_status check_adapter_pair(hr_loader *l, const hr_matrix *base, const hr_gguf_tensor *a, const hr_gguf_tensor *b) {
    if (b == NULL) return hr_fail(l->err, HR_E_FORMAT, HR_NO_OFFSET, l->name, "has a lora_a and no lora_b");
    if (base == NULL) return hr_fail(l->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, l->name,
                                     "is no matrix of this model that can be adapted");
    if (a->dims[0] != base->k || b->dims[1] != base->rows || a->dims[1] != b->dims[0] || a->n_dims > 2 || b->n_dims > 2) {
        return hr_fail(l->err, HR_E_FORMAT, a->offset, l->name, "A [%u][%u] and B [%u][%u] do not fit a matrix [%zu][%zu]",
                       (unsigned)a->dims[1], (unsigned)a->dims[0], (unsigned)b->dims[1], (unsigned)b->dims[0], base->rows,
                       base->k);
    }
    if (a->dims[1] > HR_ADAPTER_RANK_MAX) return hr_fail(l->err, HR_E_LIMIT, a->offset, l->name, "rank %u; at most %d",
                                                         (unsigned)a->dims[1], (int)HR_ADAPTER_RANK_MAX);
    for (int i = 0; i < 2; i++) {
        uint32_t type = i == 0 ? a->type : b->type;
        if (type != HR_TYPE_F32 && type != HR_TYPE_F16 && type != HR_TYPE_BF16) {
            return hr_fail(l->err, HR_E_UNSUPPORTED, a->offset, l->name, "an adapter's matrix is %s: F32, F16 and BF16 are run",
                           hr_format_of(type)->name);
        }
    }
    return HR_OK;
}

static hr_status load_lora(hr_loader *l, const hr_model *m, const hr_gguf_tensor *a, float alpha, hr_lora *out) {
    char other[ADAPTER_NAME];
    size_t n = a->name_size - 7; /* ".lora_a" */
    memset(out, 0, sizeof *out);
    memcpy(l->name, a->name, n);
    l->name[n] = 0;
    memcpy(other, a->name, a->name_size);
    other[a->name_size] = 0;
    other[a->name_size - 1] = 'b';
    const hr_gguf_tensor *b = hr_gguf_tensor_find(&l->m->gguf, other);
    out->base = find_adapted_matrix(m, l->name);
    HR_TRY(check_adapter_pair(l, out->base, a, b));
    size_t rank = a->dims[1];
    out->scale = alpha == 0.0f ? 1.0f : alpha / (float)rank;
    HR_TRY(hr_load_matrix(l, a, out->base->k, rank, 1, &out->a));
    return hr_load_matrix(l, b, rank, out->base->rows, 1, &out->b);
}

static bool ends_in_lora(const hr_gguf_tensor *t, const char *tail) {
    return t->name_size > 7 && memcmp(t->name + t->name_size - 7, tail, 7) == 0;
}

static void insert_lora(hr_lora *loras, size_t n, const hr_lora *lora) {
    for (; n > 0 && (uintptr_t)loras[n - 1].base > (uintptr_t)lora->base; n--) loras[n] = loras[n - 1];
    loras[n] = *lora;
}

/* one pass over the file: on a counting arena only its bytes */
static hr_status build_adapter(hr_loader *l, const hr_model *m, float alpha, hr_adapter *out) {
    hr_gguf *g = &l->m->gguf;
    size_t pairs = g->n_tensors / 2, n = 0;
    if (g->n_tensors == 0 || g->n_tensors % 2 != 0) {
        return hr_fail(l->err, HR_E_FORMAT, HR_NO_OFFSET, "tensors", "%u: an adapter has pairs", (unsigned)g->n_tensors);
    }
    hr_lora *loras = HR_NEW(l->arena, hr_lora, pairs), lora;
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const hr_gguf_tensor *t = &g->tensors[i];
        if (ends_in_lora(t, ".lora_b")) continue;
        if (!ends_in_lora(t, ".lora_a") || n == pairs) {
            return hr_fail(l->err, HR_E_FORMAT, t->offset, "tensors", "tensor %u is neither the lora_a nor the lora_b of a pair",
                           (unsigned)i);
        }
        HR_TRY(load_lora(l, m, t, alpha, &lora));
        if (!l->counting) insert_lora(loras, n, &lora);
        out->rank = hr_max_size(out->rank, lora.a.rows);
        n++;
    }
    if (n != pairs) return hr_fail(l->err, HR_E_FORMAT, HR_NO_OFFSET, "tensors", "%zu lora_a for %u tensors", n,
                                   (unsigned)g->n_tensors);
    out->loras = loras;
    out->n = n;
    return HR_OK;
}

/* --- opening ------------------------------------------------------------------------------------------------------- */
static hr_status need_text(const hr_gguf *g, const char *key, const char *want, size_t n, hr_error *err) {
    hr_str s = {"", 0};
    HR_TRY(hr_gguf_string(g, key, &s, NULL, err));
    if (s.size == n && memcmp(s.data, want, n) == 0) return HR_OK;
    return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, key, "is not \"%.*s\": not an adapter for this model", (int)n, want);
}

static hr_status check_adapter_base(const hr_gguf *g, hr_model *m, hr_error *err) {
    hr_str s = {"", 0};
    bool found = false;
    char hex[65];
    uint8_t base[32];
    HR_TRY(hr_gguf_string(g, HR_ADAPTER_BASE_KEY, &s, &found, err));
    if (!found) return HR_OK; /* llama.cpp's tools do not say */
    HR_TRY(hr_model_base_digest(m, base, err));
    for (size_t i = 0; i < 32; i++) {
        hex[2 * i] = "0123456789abcdef"[base[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[base[i] & 15];
    }
    if (s.size == 64 && memcmp(s.data, hex, 64) == 0) return HR_OK;
    return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, HR_ADAPTER_BASE_KEY, "the adapter was trained on another model than this one");
}

static hr_status check_adapter_head(const hr_gguf *g, hr_model *m, float *alpha, hr_error *err) {
    double value = 0;
    HR_TRY(need_text(g, "general.type", "adapter", 7, err));
    HR_TRY(need_text(g, "adapter.type", "lora", 4, err));
    HR_TRY(need_text(g, "general.architecture", m->arch_name, strlen(m->arch_name), err));
    HR_TRY(hr_gguf_f64(g, "adapter.lora.alpha", &value, NULL, err));
    *alpha = (float)value;
    return check_adapter_base(g, m, err);
}

/* The index first on memory of its own: the sizes come from it. */
static hr_status count_adapter(hr_adapter *x, hr_model *m, hr_loader *l, float *alpha, size_t *total) {
    hr_arena count, index;
    const hr_allocator *al = &m->allocator;
    hr_gguf *g = &x->shell.gguf;
    hr_arena_init_count(&count);
    HR_TRY(hr_gguf_index(g, &count, l->err));
    size_t bytes = count.used + HR_ARENA_ALIGN;
    void *temp = al->alloc(al->ctx, bytes, HR_ARENA_ALIGN);
    if (temp == NULL) return hr_fail(l->err, HR_E_MEMORY, HR_NO_OFFSET, "adapter", "%zu bytes cannot be allocated", bytes);
    hr_arena_init(&index, temp, bytes);
    hr_status status = hr_gguf_index(g, &index, l->err);
    if (status == HR_OK) status = hr_gguf_check_data(g, l->err);
    if (status == HR_OK) status = check_adapter_head(g, m, alpha, l->err);
    if (status == HR_OK) {
        l->arena = &count;
        l->counting = true;
        status = build_adapter(l, m, *alpha, x);
        *total = count.high + HR_ARENA_ALIGN;
    }
    al->free(al->ctx, temp, bytes);
    return status;
}

static hr_status open_adapter(hr_adapter *x, hr_model *m, hr_loader *l, const char *path) {
    hr_model *shell = &x->shell;
    const hr_gguf_source source = {.path = path, .want_map = true, .allocator = &m->allocator};
    float alpha = 0;
    size_t total = 0;
    hr_arena arena;
    HR_TRY(hr_gguf_open(&shell->gguf, &source, l->err));
    l->m = shell;
    HR_TRY(count_adapter(x, m, l, &alpha, &total));
    shell->memory = m->allocator.alloc(m->allocator.ctx, total, HR_ARENA_ALIGN);
    if (shell->memory == NULL) return hr_fail(l->err, HR_E_MEMORY, HR_NO_OFFSET, "adapter", "%zu bytes cannot be allocated",
                                              total);
    shell->memory_bytes = total;
    hr_arena_init(&arena, shell->memory, total);
    l->arena = &arena;
    l->counting = false;
    HR_TRY(hr_gguf_index(&shell->gguf, &arena, l->err));
    HR_TRY(build_adapter(l, m, alpha, x));
    return hr_model_base_digest(shell, x->digest, l->err);
}

hearth_status hearth_adapter_open(hearth_model *model, const char *path, hearth_adapter **adapter, hearth_error *err) {
    hr_error *e = (hr_error *)(void *)err;
    hr_model *m = (hr_model *)(void *)model;
    hr_error_clear(e);
    if (adapter != NULL) *adapter = NULL;
    if (m == NULL || path == NULL || adapter == NULL) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "adapter", "model, path and adapter must be given");
    }
    if (m->vocab_only) return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "model", "opened for its vocabulary only");
    const hr_allocator al = m->allocator;
    hr_adapter *x = (hr_adapter *)al.alloc(al.ctx, sizeof *x, HR_ARENA_ALIGN);
    hr_loader *l = (hr_loader *)al.alloc(al.ctx, sizeof *l, HR_ARENA_ALIGN);
    hr_status status = HR_E_MEMORY;
    if (x != NULL && l != NULL) {
        memset(x, 0, sizeof *x);
        memset(l, 0, sizeof *l);
        x->model = m;
        x->bytes = sizeof *x;
        x->shell.kernels = m->kernels;
        x->shell.pool = m->pool;
        x->shell.allocator = al;
        l->err = e;
        status = open_adapter(x, m, l, path);
    } else {
        (void)hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "adapter", "%zu bytes cannot be allocated", sizeof *x + sizeof *l);
        if (x != NULL) al.free(al.ctx, x, sizeof *x);
        x = NULL;
    }
    if (l != NULL) al.free(al.ctx, l, sizeof *l);
    if (status == HR_OK) *adapter = (hearth_adapter *)(void *)x;
    else hearth_adapter_close((hearth_adapter *)(void *)x);
    return status;
}

void hearth_adapter_close(hearth_adapter *adapter) {
    hr_adapter *x = (hr_adapter *)(void *)adapter;
    if (x == NULL) return;
    const hr_allocator al = x->shell.allocator;
    hr_gguf_close(&x->shell.gguf);
    if (x->shell.memory != NULL) al.free(al.ctx, x->shell.memory, x->shell.memory_bytes);
    al.free(al.ctx, x, x->bytes);
}

/* --- a session's adapters -------------------------------------------------------------------------------------------- */
void hr_adapter_leave(hr_session *s) {
    hr_adapted *d = s->adapted;
    s->adapted = NULL;
    if (d != NULL) s->allocator.free(s->allocator.ctx, d, d->bytes);
}

bool hr_adapter_same(const hr_session *a, const hr_session *b) {
    if (a->adapted == NULL || b->adapted == NULL) return a->adapted == b->adapted;
    return memcmp(a->adapted->digest, b->adapted->digest, 32) == 0;
}

static void digest_adapted(hr_adapted *d) {
    hr_blake2b b;
    hr_blake2b_init(&b, 32, "hearth adapters", 15);
    for (size_t i = 0; i < d->n; i++) {
        uint8_t bits[4];
        hr_put32(bits, hr_f32_bits(d->scale[i]));
        hr_blake2b_add(&b, d->adapter[i]->digest, 32);
        hr_blake2b_add(&b, bits, 4);
    }
    hr_blake2b_end(&b, d->digest);
}

hearth_status hearth_session_adapt(hearth_session *session, hearth_adapter *const *adapters, const float *scales, size_t n,
                                   hearth_error *err) {
    hr_session *s = (hr_session *)(void *)session;
    hr_error *e = (hr_error *)(void *)err;
    size_t rank = 0;
    hr_error_clear(e);
    if (s == NULL || (n > 0 && adapters == NULL) || n > HR_ADAPTERS_MAX) {
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "adapters", "%zu; a session and at most %d", n, (int)HR_ADAPTERS_MAX);
    }
    if (s->position != 0) return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "session", "%d tokens were computed with other adapters: "
                                         "rewind to 0 first", s->position);
    for (size_t i = 0; i < n; i++) {
        const hr_adapter *x = (const hr_adapter *)(const void *)adapters[i];
        if (x == NULL || x->model != s->model || (scales != NULL && (hr_f32_bits(scales[i]) & 0x7f800000u) == 0x7f800000u)) {
            return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "adapters", "adapter %zu: of another model, or its scale is not finite", i);
        }
        rank = hr_max_size(rank, x->rank);
    }
    hr_adapted *d = NULL;
    if (n > 0) {
        size_t head = hr_div_up(sizeof *d, HR_ARENA_ALIGN) * HR_ARENA_ALIGN;
        size_t bytes = head + HR_ADAPTER_JOBS * n * s->batch * rank * sizeof(float);
        d = (hr_adapted *)s->allocator.alloc(s->allocator.ctx, bytes, HR_ARENA_ALIGN);
        if (d == NULL) return hr_fail(e, HR_E_MEMORY, HR_NO_OFFSET, "adapters", "%zu bytes cannot be allocated", bytes);
        memset(d, 0, bytes);
        d->u = (float *)(void *)((uint8_t *)d + head);
        d->bytes = bytes;
        d->n = n, d->rank = rank, d->batch = s->batch;
        for (size_t i = 0; i < n; i++) {
            d->adapter[i] = (const hr_adapter *)(const void *)adapters[i];
            d->scale[i] = scales != NULL ? scales[i] : 1.0f;
        }
        digest_adapted(d);
    }
    hr_adapter_leave(s);
    s->adapted = d;
    s->rows = 0;
    s->kv.high = 0;
    return HR_OK;
}

/* --- products -------------------------------------------------------------------------------------------------------- */
static const hr_lora *find_lora(const hr_adapter *x, const hr_matrix *base) {
    size_t lo = 0, hi = x->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if ((uintptr_t)x->loras[mid].base < (uintptr_t)base) lo = mid + 1;
        else hi = mid;
    }
    return lo < x->n && x->loras[lo].base == base ? &x->loras[lo] : NULL;
}

void hr_adapter_begin(hr_session *s, hr_job *jobs, size_t n) {
    hr_adapted *d = s->adapted;
    hr_job inner[HR_ADAPTER_JOBS * HR_ADAPTERS_MAX];
    size_t n_inner = 0;
    if (n > HR_ADAPTER_JOBS) return;
    for (size_t i = 0; i < n; i++) {
        jobs[i].terms = d->terms[i];
        jobs[i].n_terms = 0;
        for (size_t j = 0; j < d->n; j++) {
            const hr_lora *lora = find_lora(d->adapter[j], jobs[i].w);
            if (lora == NULL || jobs[i].x.m == 0) continue;
            float *u = d->u + (i * d->n + j) * d->batch * d->rank;
            hr_lora_term term = {&lora->b, lora->scale * d->scale[j], u, d->rank};
            d->terms[i][jobs[i].n_terms++] = term;
            inner[n_inner++] = hr_job_of(&lora->a, jobs[i].x, u, d->rank);
        }
    }
    if (n_inner > 0) hr_run_products(s, inner, n_inner);
}

void hr_adapter_add(const hr_session *s, const hr_job *j, size_t r0, size_t r1, size_t t0, size_t t1) {
    float tmp[ADAPTER_TOKENS * ADAPTER_ROWS];
    for (size_t i = 0; i < j->n_terms; i++) {
        const hr_lora_term *term = &j->terms[i];
        const hr_matrix *b = term->b;
        size_t group = b->k * b->format->bytes / b->format->block; /* bytes of a row, in packs too */
        for (size_t r = r0; r < r1; r += ADAPTER_ROWS) {
            size_t rows = hr_min_size(r1 - r, ADAPTER_ROWS);
            for (size_t t = t0; t < t1; t += ADAPTER_TOKENS) {
                size_t m = hr_min_size(t1 - t, ADAPTER_TOKENS);
                hr_act u = {m, b->k, term->u + t * term->u_stride, term->u_stride, NULL, NULL, NULL, NULL};
                hr_matmul_args args = {b->data + r * group, rows, b->k, &u, tmp, ADAPTER_ROWS};
                hr_kernels_matmul(&s->model->kernels, b->op)(&args, 0, hr_div_up(rows, (size_t)b->nr));
                for (size_t k = 0; k < m; k++) {
                    float *y = j->y + (t + k) * j->y_stride + r;
                    const float *add = tmp + k * ADAPTER_ROWS;
                    for (size_t c = 0; c < rows; c++) {
                        float p = term->scale * add[c];
                        y[c] += p;
                    }
                }
            }
        }
    }
}
