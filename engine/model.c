/* model.c: opening, planning and closing a model. Two passes over the file with the same code: the first on a counting
 * arena gives the exact bytes, the second on one block of that size gives the model. Between them nothing is trusted:
 * the second pass checks again what the first has checked. */
#include "engine/load.h"

HR_SMALL_BEGIN

enum { MODEL_TEMPS = 4,
      MODEL_FLAGS = HEARTH_MODEL_NO_MMAP | HEARTH_MODEL_NO_SELFCHECK | HEARTH_MODEL_GUARD | HEARTH_MODEL_VOCAB_ONLY |
                    HEARTH_MODEL_FAST };

/* Memory that is needed only while loading. Lives in the caller's buffer when there is one, because the model is not in
 * it yet; remembered, so that nothing is left when loading is cut off by the guard. */
typedef struct model_temps {
    const hr_allocator *behind;
    uint8_t *buffer; /* the caller's, when it is free */
    size_t buffer_bytes;
    struct { void *ptr; size_t bytes; bool in_buffer; } live[MODEL_TEMPS];
    size_t peak;
} model_temps;

typedef struct model_opening {
    const hr_model_source *source;
    hearth_model_config config; /* complete, checked */
    hearth_plan *plan;
    hr_model **out;             /* NULL: plan only */
    hr_allocator allocator;
    model_temps temps;
    hr_gguf gguf;               /* owns the files until the model does */
    hr_kernels kernels;
    hr_loader loader;
    hr_model counted;           /* the counting pass fills this one */
    hr_model *model;            /* in the block, in the second pass */
    void *block;
    size_t block_bytes;
    bool owns_block;
    bool guard;                 /* asked for, and files are mapped */
    hr_error *err;
} model_opening;

/* --- temporary memory --------------------------------------------------------------------------------------------- */
static void *take_temp(void *ctx, size_t size, size_t align) {
    model_temps *t = (model_temps *)ctx;
    const size_t skip = (size_t)(0 - (uintptr_t)t->buffer) & (align - 1);
    size_t i = 0;
    while (i < MODEL_TEMPS && t->live[i].ptr) i++;
    if (i == MODEL_TEMPS) return NULL;
    if (t->buffer && t->buffer_bytes >= skip && t->buffer_bytes - skip >= size) {
        t->live[i].ptr = t->buffer + skip;
        t->live[i].in_buffer = true;
        t->live[i].bytes = t->buffer_bytes;
        t->buffer = NULL; /* one at a time */
        return t->live[i].ptr;
    }
    t->live[i].ptr = t->behind->alloc(t->behind->ctx, size, align);
    t->live[i].in_buffer = false;
    t->live[i].bytes = size;
    return t->live[i].ptr;
}
static void give_temp(void *ctx, void *ptr, size_t size) {
    model_temps *t = (model_temps *)ctx;
    (void)size;
    for (size_t i = 0; i < MODEL_TEMPS; i++) {
        if (t->live[i].ptr != ptr) continue;
        if (t->live[i].in_buffer) t->buffer = (uint8_t *)ptr;
        else t->behind->free(t->behind->ctx, ptr, t->live[i].bytes);
        t->live[i].ptr = NULL;
        return;
    }
}
static void give_all_temps(model_temps *t) {
    for (size_t i = 0; i < MODEL_TEMPS; i++)
        if (t->live[i].ptr) give_temp(t, t->live[i].ptr, t->live[i].bytes);
}

/* --- what both passes do ------------------------------------------------------------------------------------------ */
/* NUL-terminated copy, at most 255 bytes, of which those outside printable ASCII and well-formed UTF-8 become '?' */
static const char *copy_text(hr_arena *a, hr_str s) {
    size_t n = hr_min_size(s.size, 255);
    while (n < s.size && n > 0 && ((uint8_t)s.data[n] & 0xC0) == 0x80) n--; /* not inside a character */
    const bool utf8 = hr_utf8_valid(s.data, n);
    char *dst = HR_NEW(a, char, n + 1);
    for (size_t i = 0; dst && i < n; i++) {
        const uint8_t c = (uint8_t)s.data[i];
        dst[i] = c < 32 || c == 127 || (c >= 128 && !utf8) ? '?' : (char)c;
    }
    return dst ? dst : "";
}

/* names of the instruction sets that the chosen kernels use, "c" when none */
static const char *describe_isa(hr_arena *a, const hr_kernels *k) {
    char text[96] = "";
    uint32_t bits = 0;
    size_t n = 0;
    for (size_t op = 0; op < HR_OP_COUNT; op++)
        if (k->chosen[op]) bits |= k->chosen[op]->isa;
    for (uint32_t bit = 1; bit != 0 && bit <= bits && n < sizeof text - 24; bit <<= 1)
        if (bits & bit) n += hr_format(text + n, sizeof text - n, "%s%s", n ? "," : "", hr_isa_name(bit));
    if (n == 0) n = hr_format(text, sizeof text, "%s", hr_isa_name(0));
    return copy_text(a, (hr_str){text, n});
}

static hr_status check_vocab_size(model_opening *o, size_t n_tokens) {
    hr_model *m = o->loader.m;
    const hr_gguf_tensor *t = hr_gguf_tensor_find(&m->gguf, "token_embd.weight");
    if (!t) return hr_fail(o->err, HR_E_FORMAT, HR_NO_OFFSET, "token_embd.weight", "is missing: every model needs it");
    const size_t rows = t->dims[1];
    if (m->hp.n_vocab != 0 && m->hp.n_vocab != rows)
        return hr_fail(o->err, HR_E_FORMAT, HR_NO_OFFSET, "vocab_size", "is %zu, but token_embd.weight has %zu rows",
                       m->hp.n_vocab, rows);
    if (n_tokens != 0 && n_tokens != rows)
        return hr_fail(o->err, HR_E_FORMAT, HR_NO_OFFSET, "tokenizer.ggml.tokens",
                       "has %zu tokens, but token_embd.weight has "
                       "%zu rows", n_tokens, rows);
    if (rows > 1u << 24) return hr_fail(o->err, HR_E_LIMIT, HR_NO_OFFSET, "token_embd.weight", "has %zu rows", rows);
    m->hp.n_vocab = rows;
    return HR_OK;
}

static hr_status find_architecture(model_opening *o, const hr_model *m) {
    hr_str s = {"", 0};
    bool found = false;
    HR_TRY(hr_gguf_string(&m->gguf, "general.type", &s, &found, o->err));
    if (found && !hr_str_is(s, "model"))
        return hr_fail(o->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "general.type", "is '%.*s': not a model that can be run",
                       (int)hr_min_size(s.size, 32), s.data);
    HR_TRY(hr_gguf_string(&m->gguf, "general.architecture", &s, &found, o->err));
    if (!found) return hr_fail(o->err, HR_E_FORMAT, HR_NO_OFFSET, "general.architecture", "is missing");
    o->loader.row = hr_arch_find(s);
    if (o->loader.row) return HR_OK;
    return hr_fail(o->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "general.architecture",
                   "'%.*s' is not an architecture that Hearth "
                   "runs", (int)hr_min_size(s.size, 64), s.data);
}

static hr_status start_pool(model_opening *o, hr_model *m) {
    void *memory = hr_arena_alloc(o->loader.arena, hr_pool_bytes(m->threads), 1, HR_ARENA_ALIGN);
    if (o->loader.counting) return HR_OK;
    return hr_pool_start(memory, m->threads, o->config.parallel, o->config.parallel_ctx, &m->pool, o->err);
}

static hr_status build_model(model_opening *o, hr_arena *arena, bool counting) {
    hr_loader *l = &o->loader;
    memset(l, 0, offsetof(hr_loader, total)); /* total stays: the counting pass gives it to the other */
    memset(l->bound, 0, sizeof l->bound);
    hr_model *m = HR_NEW(arena, hr_model, 1);
    if (!m) m = &o->counted;
    else o->model = m;
    l->m = m;
    l->arena = arena;
    l->counting = counting;
    l->err = o->err;
    l->progress = counting ? NULL : o->config.progress;
    l->progress_ctx = o->config.progress_ctx;
    m->gguf = o->gguf;
    m->kernels = o->kernels;
    m->allocator = o->allocator;
    m->vocab_only = o->config.flags & HEARTH_MODEL_VOCAB_ONLY;
    m->guard = o->guard;
    m->fast = o->config.flags & HEARTH_MODEL_FAST;
    m->threads = m->vocab_only ? 1 : o->config.threads;
    HR_TRY(hr_gguf_index(&m->gguf, arena, o->err));
    hr_str s = {"", 0};
    (void)hr_gguf_string(&m->gguf, "general.architecture", &s, NULL, NULL);
    m->arch_name = copy_text(arena, s);
    s = (hr_str){"", 0};
    (void)hr_gguf_string(&m->gguf, "general.name", &s, NULL, NULL);
    m->name = copy_text(arena, s);
    l->index_bytes = arena->used;
    size_t n_tokens = 0;
    HR_TRY(hr_load_vocab(l, &n_tokens));
    l->tokenizer_bytes = arena->used - l->index_bytes;
    if (m->vocab_only) {
        m->hp.n_vocab = n_tokens;
        m->isa_text = "";
        return HR_OK;
    }
    HR_TRY(find_architecture(o, m));
    HR_TRY(hr_arch_read(&m->gguf, l->row, &m->hp, o->err));
    HR_TRY(check_vocab_size(o, n_tokens));
    m->isa_text = describe_isa(arena, &m->kernels);
    HR_TRY(start_pool(o, m));
    const size_t before = arena->used;
    HR_TRY(hr_load_tensors(l));
    l->weight_bytes = arena->high - before;
    return HR_OK;
}

/* --- the passes --------------------------------------------------------------------------------------------------- */
static hr_status choose_kernels(model_opening *o) {
#if !defined(HR_NO_SELFCHECK)
    if (o->config.flags & HEARTH_MODEL_NO_SELFCHECK)
#endif
        return hr_kernels_choose(&o->kernels, o->config.isa, false, NULL, NULL, NULL, o->err);
#if !defined(HR_NO_SELFCHECK)
    const size_t bytes = hr_kernels_scratch_bytes();
    void *scratch = take_temp(&o->temps, bytes, HR_ARENA_ALIGN);
    if (!scratch)
        return hr_fail(o->err, HR_E_MEMORY, HR_NO_OFFSET, "kernels",
                       "%zu bytes for the self-check cannot be allocated", bytes);
    hr_status status = hr_kernels_choose(&o->kernels, o->config.isa, true, scratch, NULL, NULL, o->err);
    give_temp(&o->temps, scratch, bytes);
    if (bytes > o->temps.peak) o->temps.peak = bytes;
    return status;
#endif
}

/* The first pass: everything is read and checked, nothing kept but the sizes. */
static hr_status count_model(model_opening *o, uint64_t *total) {
    hr_arena count, index;
    hr_arena_init_count(&count);
    HR_TRY(hr_gguf_index(&o->gguf, &count, o->err));
    const size_t bytes = count.used + HR_ARENA_ALIGN;
    void *temp = take_temp(&o->temps, bytes, HR_ARENA_ALIGN);
    if (!temp) return hr_fail(o->err, HR_E_MEMORY, HR_NO_OFFSET, "index",
                              "%zu bytes for the index cannot be allocated", bytes);
    hr_arena_init(&index, temp, bytes);
    hr_status status = hr_gguf_index(&o->gguf, &index, o->err);
    if (status == HR_OK && !(o->config.flags & HEARTH_MODEL_VOCAB_ONLY)) status = hr_gguf_check_data(&o->gguf, o->err);
    hr_arena_init_count(&count);
    o->loader.total = 0;
    if (status == HR_OK) status = build_model(o, &count, true);
    give_temp(&o->temps, temp, bytes);
    HR_TRY(status);
    uint64_t used = (uint64_t)count.high + HR_ARENA_ALIGN; /* wherever the caller's buffer begins */
    if (count.failed || used > SIZE_MAX / 2)
        return hr_fail(o->err, HR_E_LIMIT, HR_NO_OFFSET, "memory",
                       "the model needs more memory than this machine can address");
    *total = used > o->temps.peak ? used : o->temps.peak;
    return HR_OK;
}

static void fill_plan(model_opening *o, uint64_t total) {
    hearth_plan *p = o->plan;
    memset(p, 0, sizeof *p);
    p->file_bytes = o->gguf.file_bytes;
    for (uint32_t i = 0; i < o->gguf.n_shards; i++)
        if (o->gguf.shards[i].file.ops && o->gguf.shards[i].file.map) p->mapped_bytes += o->gguf.shards[i].file.size;
    p->total_bytes = total;
    p->index_bytes = o->loader.index_bytes;
    p->tokenizer_bytes = o->loader.tokenizer_bytes;
    p->weight_bytes = o->loader.weight_bytes;
    p->work_bytes = total - p->index_bytes - p->tokenizer_bytes - p->weight_bytes;
}

static hr_status take_block(model_opening *o, uint64_t total) {
    const hearth_model_config *c = &o->config;
    const unsigned long long need = (unsigned long long)total;
    if (c->budget_bytes && total > c->budget_bytes)
        return hr_fail(o->err, HR_E_MEMORY, HR_NO_OFFSET, "budget_bytes",
                       "the model needs %llu bytes, the budget is %llu", need,
                       (unsigned long long)c->budget_bytes);
    if (c->memory && total > c->memory_bytes)
        return hr_fail(o->err, HR_E_MEMORY, HR_NO_OFFSET, "memory_bytes",
                       "the model needs %llu bytes, the buffer has %llu",
                       need, (unsigned long long)c->memory_bytes);
    o->block_bytes = (size_t)total;
    o->owns_block = c->memory == NULL;
    o->block = c->memory ? c->memory : o->allocator.alloc(o->allocator.ctx, o->block_bytes, HR_ARENA_ALIGN);
    if (!o->block)
        return hr_fail(o->err, HR_E_MEMORY, HR_NO_OFFSET, "memory", "%llu bytes cannot be allocated", need);
    return HR_OK;
}

static hr_status load_passes(void *arg) {
    model_opening *o = (model_opening *)arg;
    uint64_t total = 0;
    hr_arena arena;
    const bool vocab_only = o->config.flags & HEARTH_MODEL_VOCAB_ONLY;
    const hr_allocator temps = {take_temp, give_temp, &o->temps};
    const hr_gguf_source source = {.path = o->source->path, .data = o->source->data, .size = o->source->size,
                                   .ops = o->source->ops, .want_map = !(o->config.flags & HEARTH_MODEL_NO_MMAP),
                                   .allocator = &temps, .copy_header = (o->config.flags & HEARTH_MODEL_GUARD) != 0};
    HR_TRY(hr_gguf_open(&o->gguf, &source, o->err));
    if (!vocab_only) HR_TRY(choose_kernels(o));
    HR_TRY(count_model(o, &total));
    if (o->plan) fill_plan(o, total);
    if (!o->out) return HR_OK;
    HR_TRY(take_block(o, total));
    hr_arena_init(&arena, o->block, o->block_bytes);
    HR_TRY(build_model(o, &arena, false));
    for (uint32_t i = 0; i < o->gguf.n_shards; i++) HR_TRY(hr_file_unchanged(&o->model->gguf.shards[i].file, o->err));
    hr_model *m = o->model;
    hr_assert(vocab_only || arena.high + HR_ARENA_ALIGN == total || total == o->temps.peak);
    m->memory = o->block;
    m->memory_bytes = o->block_bytes;
    m->owns_memory = o->owns_block;
    return HR_OK;
}

static hr_status check_config(const hearth_model_config *given, hearth_model_config *c, hr_error *err) {
    *c = (hearth_model_config)HEARTH_MODEL_CONFIG_INIT;
    if (given) {
        if (given->struct_bytes < offsetof(hearth_model_config, budget_bytes) || given->struct_bytes > 4096)
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "struct_bytes", "is %zu: begin with HEARTH_MODEL_CONFIG_INIT",
                           given->struct_bytes);
        memcpy(c, given, hr_min_size(given->struct_bytes, sizeof *c));
    }
    if (c->flags & ~(uint32_t)MODEL_FLAGS)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "flags", "has unknown bits: 0x%x", (unsigned)c->flags);
    if (c->threads < 0 || c->threads > HR_POOL_MAX_THREADS)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "threads", "is %d, must be 0 to %d", c->threads,
                       (int)HR_POOL_MAX_THREADS);
    if (c->threads == 0) c->threads = hr_cpu_count();
    if (c->allocator && (!c->allocator->alloc || !c->allocator->free))
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "allocator", "needs both alloc and free");
    return HR_OK;
}

hr_status hr_model_load(const hr_model_source *source, const hearth_model_config *config, hearth_plan *plan,
                        hr_model **model, hr_error *err) {
    model_opening o;
    memset(&o, 0, sizeof o);
    if (model) *model = NULL;
    if (plan) memset(plan, 0, sizeof *plan);
    HR_TRY(check_config(config, &o.config, err));
    o.source = source;
    o.plan = plan;
    o.out = model;
    o.err = err;
    o.allocator = *hr_allocator_default();
    if (o.config.allocator)
        o.allocator = (hr_allocator){o.config.allocator->alloc, o.config.allocator->free, o.config.allocator->ctx};
    o.temps.behind = &o.allocator;
    o.temps.buffer = (uint8_t *)o.config.memory;
    o.temps.buffer_bytes = o.config.memory ? o.config.memory_bytes : 0;
    /* The guard covers every address, because the files are mapped inside it: it looks at SIGBUS only. */
    o.guard = (o.config.flags & HEARTH_MODEL_GUARD) && source->path && !(o.config.flags & HEARTH_MODEL_NO_MMAP);
    hr_status status = o.guard ? hr_guard_run(NULL, SIZE_MAX, load_passes, &o, err)
                             : load_passes(&o);
    give_all_temps(&o.temps);
    if (status == HR_OK && model) {
        *model = o.model;
        return HR_OK;
    }
    if (o.model) hr_pool_stop(o.model->pool);
    hr_gguf_close(&o.gguf);
    if (o.block && o.owns_block) o.allocator.free(o.allocator.ctx, o.block, o.block_bytes);
    if (status != HR_OK && plan) memset(plan, 0, sizeof *plan);
    return status;
}

void hr_model_free(hr_model *m) {
    if (!m) return;
    hr_pool_stop(m->pool);
    hr_gguf_close(&m->gguf);
    hr_trie_free(&m->trie, &m->allocator);
    const hr_allocator a = m->allocator;
    if (m->owns_memory) a.free(a.ctx, m->memory, m->memory_bytes);
}

HR_SMALL_END
