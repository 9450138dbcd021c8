/* api_facts.c: structured memory, its text forms, verification and new vectors in hearth.h; the work is in memory/. */
#include "engine/api_memory.h"
#include "memory/memory.h"

HR_SMALL_BEGIN

typedef struct facts_each {
    hearth_on_item *each;
    void *ctx;
} facts_each;

static hr_error *facts_error(hearth_error *err) {
    hr_error *e = (hr_error *)err; /* same layout: asserted in api_model.c */
    if (e) hr_error_clear(e);
    return e;
}
static hr_status facts_null(hr_error *e) { return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "argument", "must not be NULL"); }

hearth_status hearth_memory_learn(hearth_memory *memory, const hearth_item *fact, uint64_t *id, hearth_error *err) {
    hr_error *e = facts_error(err);
    hr_item in;
    if (memory == NULL || fact == NULL || id == NULL) return facts_null(e);
    hr_api_item_in(fact, &in);
    return hr_fact_learn(hr_api_store(memory), &in, hr_store_now(), false, id, e);
}

static int facts_one(void *ctx, const hr_item *i) {
    const facts_each *f = (const facts_each *)ctx;
    hearth_item out;
    hr_api_item_out(i, &out);
    return f->each(f->ctx, &out, NULL);
}

hearth_status hearth_memory_history(hearth_memory *memory, uint64_t id, hearth_on_item *each, void *ctx, hearth_error *err) {
    hr_error *e = facts_error(err);
    facts_each f = {each, ctx};
    if (memory == NULL || each == NULL) return facts_null(e);
    return hr_fact_history(hr_api_store(memory), id, facts_one, &f, e);
}

hearth_status hearth_memory_digest(hearth_memory *memory, const char *const *scopes, size_t n_scopes, size_t max_tokens,
                                   size_t (*count)(void *ctx, const char *text, size_t n), void *ctx, char *out, size_t cap,
                                   size_t *n, hearth_error *err) {
    hr_error *e = facts_error(err);
    if (memory == NULL || count == NULL || out == NULL || n == NULL || (scopes == NULL && n_scopes != 0)) return facts_null(e);
    hr_digest_config c = {max_tokens, hr_store_now(), scopes, n_scopes, count, ctx};
    return hr_facts_digest(hr_api_store(memory), &c, out, cap, n, e);
}

hearth_status hearth_memory_save(hearth_memory *memory, int form, int (*write)(void *ctx, const char *text, size_t n), void *ctx,
                                 hearth_error *err) {
    hr_error *e = facts_error(err);
    if (memory == NULL || write == NULL) return facts_null(e);
    if (form == HEARTH_FACTS) return hr_facts_dump(hr_api_store(memory), write, ctx, e);
    if (form == HEARTH_LINES) return hr_lines_export(hr_api_store(memory), write, ctx, e);
    return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "form", "%d", form);
}

hearth_status hearth_memory_load(hearth_memory *memory, int form, const char *text, size_t n, hearth_progress *progress,
                                 void *ctx, uint64_t *changed, hearth_error *err) {
    hr_error *e = facts_error(err);
    uint64_t removed;
    if (memory == NULL || changed == NULL || (text == NULL && n != 0)) return facts_null(e);
    if (text == NULL) text = "";
    if (form == HEARTH_LINES) return hr_lines_import(hr_api_store(memory), text, n, progress, ctx, changed, e);
    if (form != HEARTH_FACTS) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "form", "%d", form);
    HR_TRY(hr_facts_load(hr_api_store(memory), text, n, changed, &removed, e));
    *changed += removed;
    return removed > 0 ? hr_store_compact(hr_api_store(memory), e) : HR_OK; /* what was taken out of the text is gone */
}

static void facts_finding(void *ctx, const char *what, uint64_t id, const char *detail) {
    const facts_each *f = (const facts_each *)ctx;
    hearth_item out;
    memset(&out, 0, sizeof out);
    out.id = id;
    out.key = what, out.n_key = strlen(what);
    if (f->each != NULL) f->each(f->ctx, &out, detail);
}

hearth_status hearth_memory_verify(hearth_memory *memory, hearth_on_item *found, void *ctx, uint64_t counts[6],
                                   hearth_error *err) {
    hr_error *e = facts_error(err);
    hr_verify_counts c;
    facts_each f = {found, ctx};
    if (memory == NULL || counts == NULL) return facts_null(e);
    memset(counts, 0, 6 * sizeof *counts);
    hr_status status = hr_store_verify(hr_api_store(memory), facts_finding, &f, &c, e);
    const uint64_t v[6] = {c.records, c.items, c.vectors, c.facts, c.versions, c.findings};
    memcpy(counts, v, sizeof v);
    return status;
}

hearth_status hearth_memory_reembed(hearth_memory *memory, const char *space, uint32_t dim,
                                    int (*embed)(void *ctx, const char *text, size_t n, float *out), void *ctx, size_t most,
                                    uint64_t *left, hearth_error *err) {
    hr_error *e = facts_error(err);
    if (memory == NULL || space == NULL || embed == NULL || left == NULL) return facts_null(e);
    return hr_store_reembed(hr_api_store(memory), space, dim, embed, ctx, most, left, e);
}

HR_SMALL_END
