/* cmd_memory_facts.c: the words of `hearth memory` for facts, their text, the digest, JSON lines, verify and reembed. */
#include "tools/cmd_memory.h"
#include <stdlib.h>
#include <string.h>

static void clear_facts_error(hearth_error *err) {
    memset(err, 0, sizeof *err);
    err->offset = HEARTH_NO_OFFSET;
}

/* --- text forms ---------------------------------------------------------------------------------------------------------- */
static int facts_to_file(void *ctx, const char *text, size_t n) { return fwrite(text, 1, n, (FILE *)ctx) != n; }

int memory_save(hearth_memory *m, int form, const char *path) {
    hearth_error err;
    cli_out out;
    clear_facts_error(&err);
    if (path && cli_out_open(&out, path) != CLI_OK) return CLI_FAILED;
    if (hearth_memory_save(m, form, facts_to_file, path ? out.f : stdout, &err) != HEARTH_OK) {
        if (path) cli_out_abandon(&out);
        return cli_report(&err, "save");
    }
    return path ? cli_out_commit(&out) : CLI_OK;
}

static int facts_progress(void *ctx, uint64_t done, uint64_t total) {
    cli_progress((const char *)ctx, done, total);
    return cli_interrupted();
}

int memory_load(hearth_memory *m, int form, const char *path, bool json) {
    static char word[] = "import";
    char *data;
    size_t n;
    uint64_t changed = 0;
    hearth_error err;
    clear_facts_error(&err);
    if (cli_read_file(path ? path : "-", &data, &n) != CLI_OK) return CLI_FAILED;
    cli_catch_interrupt();
    hearth_status status = hearth_memory_load(m, form, data, n, facts_progress, word, &changed, &err);
    cli_progress_end();
    free(data);
    if (status != HEARTH_OK) return cli_report(&err, path ? path : "stdin");
    memory_say(json, "changed", changed, " changed");
    return CLI_OK;
}

/* --- facts ----------------------------------------------------------------------------------------------------------------- */
static int facts_show(void *ctx, const hearth_item *i, const char *note) {
    (void)note;
    memory_show(i, NULL, *(const bool *)ctx);
    return 0;
}

static int facts_list(hearth_memory *m, const hearth_filter *f, const char *key, bool json) {
    hearth_error err;
    hearth_item i;
    uint64_t after = 0;
    size_t found = 0;
    clear_facts_error(&err);
    if (json) cli_json_open(NULL, '[');
    while (hearth_memory_next(m, after, f, &i, &err) == HEARTH_OK) {
        after = i.id;
        if (i.kind == HEARTH_TEXT || (key && (i.n_key != strlen(key) || memcmp(i.key, key, i.n_key) != 0))) continue;
        found++;
        if (!key) memory_show(&i, NULL, json);
        else if (hearth_memory_history(m, after, facts_show, &json, &err) != HEARTH_OK) break;
    }
    if (json) cli_json_close(']');
    if (err.status != HEARTH_E_ARG) return cli_report(&err, "facts");
    return key && found == 0 ? cli_fail(key, "there is no fact with this key") : CLI_OK;
}

int memory_facts(hearth_memory *m, const hearth_item *fact, const hearth_filter *f, const char *what, const char *key,
                 bool json) {
    hearth_error err;
    uint64_t id;
    clear_facts_error(&err);
    if (strcmp(what, "list") == 0) return facts_list(m, f, NULL, json);
    if (strcmp(what, "get") == 0) return facts_list(m, f, key ? key : fact->key ? fact->key : "", json);
    if (hearth_memory_learn(m, fact, &id, &err) != HEARTH_OK) return cli_report(&err, "facts");
    memory_say(json, "id", id, "");
    return CLI_OK;
}

/* --- digest ---------------------------------------------------------------------------------------------------------------- */
typedef struct facts_counter {
    hearth_model *model;
    bool failed;
} facts_counter;

/* by the model's tokenizer; without one a token is taken for four bytes */
static size_t facts_count(void *ctx, const char *text, size_t n) {
    facts_counter *c = (facts_counter *)ctx;
    size_t tokens = 0;
    hearth_error err;
    if (!c->model) return (n + 3) / 4;
    clear_facts_error(&err);
    hearth_status status = hearth_tokenize(c->model, text, n, 0, NULL, 0, &tokens, &err);
    if (status != HEARTH_OK && status != HEARTH_E_FULL) c->failed = true;
    return c->failed ? SIZE_MAX : tokens;
}

int memory_digest(hearth_memory *m, const char *scope, int max_tokens, const char *model_path, bool json) {
    static char out[1 << 16];
    cli_setup setup = CLI_SETUP_INIT;
    facts_counter c = {NULL, false};
    hearth_error err;
    size_t n = 0;
    clear_facts_error(&err);
    if (model_path && cli_open_model(model_path, &setup, HEARTH_MODEL_VOCAB_ONLY, &c.model) != CLI_OK) return CLI_FAILED;
    hearth_status status =
        hearth_memory_digest(m, &scope, scope != NULL, (size_t)max_tokens, facts_count, &c, out, sizeof out, &n, &err);
    size_t tokens = status == HEARTH_OK ? facts_count(&c, out, n) : 0;
    hearth_model_close(c.model);
    if (status != HEARTH_OK) return cli_report(&err, "digest");
    if (c.failed) return cli_fail(model_path, "its tokenizer cannot count");
    if (json) {
        cli_json_open(NULL, '{');
        cli_json_u64("tokens", tokens);
        cli_json_text("text", out, n);
        cli_json_close('}');
    } else {
        fwrite(out, 1, n, stdout);
    }
    return CLI_OK;
}

/* --- verify ---------------------------------------------------------------------------------------------------------------- */
static int facts_finding(void *ctx, const hearth_item *i, const char *note) {
    if (*(const bool *)ctx) {
        cli_json_open(NULL, '{');
        cli_json_text("what", i->key, i->n_key);
        cli_json_u64("id", i->id);
        cli_json_str("finding", note);
        cli_json_close('}');
    } else {
        printf("%.*s %llu: %s\n", (int)i->n_key, i->key, (unsigned long long)i->id, note);
    }
    return 0;
}

int memory_verify(hearth_memory *m, bool json) {
    static const char *const names[6] = {"records", "items", "vectors", "facts", "versions", "findings"};
    uint64_t counts[6];
    hearth_error err;
    clear_facts_error(&err);
    if (json) cli_json_open(NULL, '{'), cli_json_open("found", '[');
    hearth_status status = hearth_memory_verify(m, facts_finding, &json, counts, &err);
    if (json) cli_json_close(']');
    for (int k = 0; k < 6; k++) {
        if (json) cli_json_u64(names[k], counts[k]);
        else printf("%-9s %llu\n", names[k], (unsigned long long)counts[k]);
    }
    if (json) cli_json_close('}');
    if (status != HEARTH_OK) return cli_report(&err, "verify");
    return counts[5] ? CLI_FAILED : CLI_OK;
}

/* --- reembed --------------------------------------------------------------------------------------------------------------- */
typedef struct facts_embedder {
    hearth_model *model;
    hearth_session *session;
    const char *path;
    size_t n_embd, n_ctx;
    hearth_error err;
} facts_embedder;

static int facts_embed(void *ctx, const char *text, size_t n, float *out) {
    facts_embedder *e = (facts_embedder *)ctx;
    int32_t *ids;
    size_t n_ids;
    if (cli_interrupted() || cli_tokenize(e->model, text, n, HEARTH_TOK_SPECIAL, &ids, &n_ids) != CLI_OK) return 1;
    if (n_ids > e->n_ctx) n_ids = e->n_ctx; /* a long text stands by its beginning */
    hearth_status status = hearth_embed(e->session, ids, n_ids, HEARTH_POOL_MODEL, 1, out, e->n_embd, &e->err);
    free(ids);
    if (status != HEARTH_OK) cli_report(&e->err, e->path);
    return status != HEARTH_OK;
}

/* What vectors depend on: every byte of the model's file, pooling, normalisation, dimension. The name is for people. */
static int facts_identity(const char *path, hearth_model *model, const hearth_model_info *info, char out[128]) {
    static float chunk[1 << 18];
    char pooling[64] = "model", key[96];
    uint64_t hash = 0;
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f) return cli_fail(path, "cannot be read");
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        memset((char *)chunk + n, 0, (4 - n % 4) % 4);
        hash = hearth_hash(chunk, (n + 3) / 4, hash ^ n);
    }
    int failed = ferror(f);
    fclose(f);
    if (failed) return cli_fail(path, "cannot be read");
    snprintf(key, sizeof key, "%.70s.pooling_type", info->architecture);
    (void)hearth_model_meta(model, key, pooling, sizeof pooling);
    snprintf(out, 128, "%.40s/%016llx/pool-%.8s/l2/%d", info->name[0] ? info->name : info->architecture, (unsigned long long)hash,
             pooling, info->n_embd);
    return CLI_OK;
}

static int facts_open(facts_embedder *e, const char *model_path, hearth_model_info *info, char space[128]) {
    cli_setup setup = CLI_SETUP_INIT;
    memset(e, 0, sizeof *e);
    clear_facts_error(&e->err);
    if (cli_open_model(model_path, &setup, 0, &e->model) != CLI_OK) return CLI_FAILED;
    hearth_model_get_info(e->model, info);
    setup.ctx = setup.batch = info->n_ctx_train > 0 && info->n_ctx_train < 512 ? info->n_ctx_train : 512;
    e->path = model_path, e->n_embd = (size_t)info->n_embd, e->n_ctx = (size_t)setup.ctx;
    int code = facts_identity(model_path, e->model, info, space);
    return code != CLI_OK ? code : cli_open_session(model_path, &setup, e->model, 1, &e->session);
}

int memory_embed(const char *model_path, const char *text, float **vector, uint32_t *dim, char space[128]) {
    facts_embedder e;
    hearth_model_info info;
    int code = facts_open(&e, model_path, &info, space);
    *dim = (uint32_t)e.n_embd;
    *vector = code == CLI_OK ? malloc(e.n_embd * sizeof **vector) : NULL;
    if (code == CLI_OK && (!*vector || facts_embed(&e, text, strlen(text), *vector) != 0)) code = CLI_FAILED;
    if (code != CLI_OK) free(*vector), *vector = NULL;
    hearth_session_close(e.session);
    hearth_model_close(e.model);
    return code;
}

int memory_reembed(hearth_memory *m, const char *model_path, bool json) {
    facts_embedder e;
    hearth_model_info info;
    hearth_error err;
    char space[128];
    uint64_t left = 0, first = 0;
    clear_facts_error(&err);
    int code = facts_open(&e, model_path, &info, space);
    cli_catch_interrupt();
    if (code == CLI_OK) {
        hearth_status status = hearth_memory_reembed(m, space, (uint32_t)info.n_embd, facts_embed, &e, 0, &left, &err);
        for (first = left; status == HEARTH_OK && left > 0;) {
            status = hearth_memory_reembed(m, space, (uint32_t)info.n_embd, facts_embed, &e, 64, &left, &err);
            cli_progress("reembed", first - left, first);
        }
        cli_progress_end();
        if (status != HEARTH_OK) code = cli_report(&err, "reembed");
    }
    hearth_session_close(e.session);
    hearth_model_close(e.model);
    if (code != CLI_OK) return code;
    if (json) {
        cli_json_open(NULL, '{');
        cli_json_u64("rebuilt", first);
        cli_json_str("space", space);
        cli_json_close('}');
    } else {
        printf("%llu rebuilt in %s\n", (unsigned long long)first, space);
    }
    return CLI_OK;
}
