/* cli_file.c: files in and out, models and sessions as the options want them. */
#include "tools/cli.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- in -------------------------------------------------------------------------------------------------- */
int cli_read_file(const char *path, char **data, size_t *n) {
    bool from_stdin = strcmp(path, "-") == 0;
    const char *name = from_stdin ? "stdin" : path;
    FILE *f = from_stdin ? stdin : fopen(path, "rb");
    size_t cap = 1 << 16, used = 0;
    char *p = NULL;
    *data = NULL;
    *n = 0;
    if (!f) return cli_fail(name, "cannot be opened: %s", strerror(errno));
    for (;;) {
        char *bigger = cap > SIZE_MAX / 2 ? NULL : (char *)realloc(p, cap);
        if (!bigger) {
            cli_fail(name, "no memory for more than %zu bytes", used);
            break;
        }
        p = bigger;
        errno = 0;
        used += fread(p + used, 1, cap - 1 - used, f);
        if (ferror(f)) {
            cli_fail(name, "cannot be read: %s", strerror(errno));
            break;
        }
        if (used < cap - 1) {
            if (!from_stdin) fclose(f);
            p[used] = 0;
            *data = p;
            *n = used;
            return CLI_OK;
        }
        cap *= 2;
    }
    if (!from_stdin) fclose(f);
    free(p);
    return CLI_FAILED;
}

bool cli_same_file(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* --- out ------------------------------------------------------------------------------------------------- */
int cli_out_open(cli_out *o, const char *path) {
    struct stat st;
    memset(o, 0, sizeof *o);
    char *real = realpath(path, NULL); /* a link stays a link */
    if (snprintf(o->path, sizeof o->path, "%s", real ? real : path) >= (int)sizeof o->path) {
        free(real);
        return cli_fail(path, "the path is too long");
    }
    free(real);
    if (stat(o->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        o->f = fopen(o->path, "wb");
        if (!o->f) return cli_fail(path, "cannot be written: %s", strerror(errno));
        return CLI_OK;
    }
    snprintf(o->temporary, sizeof o->temporary, "%s.partXXXXXX", o->path);
    int fd = mkstemp(o->temporary);
    if (fd < 0) {
        o->temporary[0] = 0;
        return cli_fail(path, "cannot be written: %s", strerror(errno));
    }
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, 0666 & ~mask) != 0 || !(o->f = fdopen(fd, "wb"))) {
        int why = errno;
        close(fd);
        cli_out_abandon(o);
        return cli_fail(path, "cannot be written: %s", strerror(why));
    }
    return CLI_OK;
}
int cli_out_write(cli_out *o, const void *data, size_t n) {
    if (fwrite(data, 1, n, o->f) == n) return CLI_OK;
    return cli_fail(o->path, "cannot be written: %s", strerror(errno));
}
int cli_out_commit(cli_out *o) {
    bool ok = fflush(o->f) == 0 && (!o->temporary[0] || fsync(fileno(o->f)) == 0);
    int why = errno;
    if (fclose(o->f) != 0 && ok) ok = false, why = errno;
    o->f = NULL;
    if (ok && o->temporary[0] && rename(o->temporary, o->path) != 0) ok = false, why = errno;
    if (ok) {
        o->temporary[0] = 0;
        return CLI_OK;
    }
    cli_out_abandon(o);
    return cli_fail(o->path, "cannot be written: %s", strerror(why));
}
void cli_out_abandon(cli_out *o) {
    if (o->f) fclose(o->f);
    if (o->temporary[0]) unlink(o->temporary);
    o->f = NULL;
    o->temporary[0] = 0;
}

/* --- model and session ----------------------------------------------------------------------------------- */
static int on_load_progress(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx;
    cli_progress("loading, bytes", done, total);
    return cli_interrupted();
}
void cli_model_config(const cli_setup *s, hearth_model_config *config) {
    const hearth_model_config init = HEARTH_MODEL_CONFIG_INIT;
    *config = init;
    if (s->no_mmap) config->flags |= HEARTH_MODEL_NO_MMAP;
    if (s->guard) config->flags |= HEARTH_MODEL_GUARD;
    if (s->no_selfcheck) config->flags |= HEARTH_MODEL_NO_SELFCHECK;
    if (s->fast) config->flags |= HEARTH_MODEL_FAST;
    config->isa = s->isa;
    config->threads = s->threads;
    config->budget_bytes = s->budget;
    config->progress = on_load_progress;
}
void cli_session_config(const cli_setup *s, hearth_session_config *config) {
    const hearth_session_config init = HEARTH_SESSION_CONFIG_INIT;
    *config = init;
    config->ctx_tokens = s->ctx;
    config->batch_tokens = s->batch;
    config->kv_type = s->kv;
}
int cli_open_model(const char *path, const cli_setup *s, uint32_t more_flags, hearth_model **model) {
    hearth_model_config config;
    hearth_error err;
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    cli_model_config(s, &config);
    config.flags |= more_flags;
    hearth_status status = hearth_model_open(path, &config, model, &err);
    cli_progress_end();
    if (status == HEARTH_OK) return CLI_OK;
    return cli_report(&err, path);
}
/* what is left of the budget for the session; 0: no limit */
static hearth_status find_session_budget(const char *path, const cli_setup *s, size_t *left, hearth_error *err) {
    hearth_model_config config;
    hearth_plan plan;
    *left = 0;
    if (s->budget == 0) return HEARTH_OK;
    cli_model_config(s, &config);
    hearth_status status = hearth_model_plan(path, &config, &plan, err);
    if (status == HEARTH_OK) *left = s->budget > plan.total_bytes ? s->budget - (size_t)plan.total_bytes : 1;
    return status;
}
int cli_open_session(const char *path, const cli_setup *s, hearth_model *model, int rows, hearth_session **session) {
    hearth_session_config config;
    hearth_error err;
    memset(&err, 0, sizeof err);
    err.offset = HEARTH_NO_OFFSET;
    cli_session_config(s, &config);
    config.logits_rows = rows;
    hearth_status status = find_session_budget(path, s, &config.budget_bytes, &err);
    if (status == HEARTH_OK) status = hearth_session_open(model, &config, session, &err);
    if (status == HEARTH_OK) return CLI_OK;
    return cli_report(&err, path);
}
int cli_rows(const cli_setup *s, size_t n_tokens, size_t n_vocab) {
    size_t most = ((size_t)32 << 20) / (n_vocab * sizeof(float)), rows = s->batch ? (size_t)s->batch : 128;
    if (most == 0) most = 1;
    if (rows > most) rows = most;
    if (rows > n_tokens) rows = n_tokens;
    return (int)rows;
}
int cli_tokenize(const hearth_model *model, const char *text, size_t n_text, uint32_t flags, int32_t **ids, size_t *n) {
    size_t cap = n_text / 3 + 16;
    *ids = NULL;
    for (int tries = 0; tries < 2; tries++) {
        hearth_error err;
        memset(&err, 0, sizeof err);
        err.offset = HEARTH_NO_OFFSET;
        free(*ids);
        *ids = cap > SIZE_MAX / sizeof(int32_t) ? NULL : (int32_t *)malloc(cap * sizeof(int32_t));
        if (!*ids) return cli_fail("tokens", "no memory for %zu tokens", cap);
        hearth_status status = hearth_tokenize(model, text, n_text, flags, *ids, cap, n, &err);
        if (status == HEARTH_OK) return CLI_OK;
        if (status != HEARTH_E_FULL || tries == 1) {
            cli_report(&err, "text");
            break;
        }
        cap = *n;
    }
    free(*ids);
    *ids = NULL;
    return CLI_FAILED;
}
static bool is_id_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ','; }

int cli_parse_ids(const char *where, const char *text, size_t n_text, int32_t **ids, size_t *n) {
    size_t count = 0;
    *ids = (int32_t *)malloc((n_text / 2 + 1) * sizeof(int32_t));
    *n = 0;
    if (!*ids) return cli_fail(where, "no memory for the tokens");
    for (size_t i = 0; i < n_text;) {
        if (is_id_space(text[i])) {
            i++;
            continue;
        }
        int64_t v = 0;
        size_t begin = i;
        for (; i < n_text && text[i] >= '0' && text[i] <= '9' && v <= INT32_MAX; i++) v = v * 10 + (text[i] - '0');
        if (i == begin || v > INT32_MAX || (i < n_text && !is_id_space(text[i]))) {
            free(*ids);
            *ids = NULL;
            return cli_fail(where, "byte %zu: not a token id", begin);
        }
        (*ids)[count++] = (int32_t)v;
    }
    *n = count;
    return CLI_OK;
}
