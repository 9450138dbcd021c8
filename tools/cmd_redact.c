/* cmd_redact.c: `hearth redact`: replaces what is personal or secret in a stream; puts labels back with the vault. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>

typedef struct redact_run {
    FILE *findings, *vault;
    bool quiet, failed;
    uint64_t count;
} redact_run;

static int write_redacted(void *ctx, const char *text, size_t n) {
    redact_run *r = (redact_run *)ctx;
    if (!r->quiet && fwrite(text, 1, n, stdout) != n) r->failed = true;
    return r->failed || cli_interrupted();
}
static void write_json_text(FILE *f, const char *text, size_t n) {
    fputc('"', f);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') fprintf(f, "\\%c", c);
        else if (c < 0x20) fprintf(f, "\\u%04x", c);
        else fputc(c, f);
    }
    fputc('"', f);
}
static void note_finding(void *ctx, const hearth_finding *f, const char *text, size_t n, const char *put, size_t n_put) {
    redact_run *r = (redact_run *)ctx;
    r->count++;
    if (r->findings) { /* no text: safe to keep */
        fprintf(r->findings,
                "{\"offset\":%llu,\"length\":%llu,\"entity\":\"%s\",\"scheme\":\"%s\",\"check\":\"%s\",\"score\":%d}\n",
                (unsigned long long)f->offset, (unsigned long long)f->length, f->entity, f->scheme, f->check, f->score);
    }
    if (r->vault && n_put > 0 && put[0] == '[' && put != text) { /* the text itself: stays with the user */
        fputs("{\"put\":", r->vault);
        write_json_text(r->vault, put, n_put);
        fputs(",\"text\":", r->vault);
        write_json_text(r->vault, text, n);
        fputs("}\n", r->vault);
    }
}

/* --- lists --------------------------------------------------------------------------------------------------------------- */
typedef struct text_lines {
    char *data;
    const char **line;
    size_t n;
} text_lines;
static int read_lines(const char *path, text_lines *l) {
    size_t n = 0, cap = 0;
    if (path == NULL) return CLI_OK;
    if (cli_read_file(path, &l->data, &n) != CLI_OK) return CLI_FAILED;
    for (size_t i = 0; i < n; i++) cap += l->data[i] == '\n';
    l->line = (const char **)malloc((cap + 1) * sizeof *l->line);
    if (!l->line) return cli_fail(path, "no memory for its lines");
    for (char *p = l->data; p < l->data + n;) {
        size_t len = strcspn(p, "\r\n");
        char *next = p + len + (p + len < l->data + n);
        p[len] = 0;
        if (len > 0) l->line[l->n++] = p;
        p = next;
    }
    return CLI_OK;
}
static void free_lines(text_lines *l) {
    free(l->data);
    free((void *)l->line);
}

/* --- putting back ---------------------------------------------------------------------------------------------------------- */
typedef struct vault_entry {
    char *put, *text;
    size_t n_put, n_text;
} vault_entry;

/* a JSON string at *p, decoded in place; false: none */
static bool read_json_text(char **p, char **text, size_t *n) {
    char *s = *p, *to;
    if (*s != '"') return false;
    *text = to = ++s;
    while (*s && *s != '"') {
        if (*s == '\\' && s[1] == 'u') {
            char hex[5] = {0};
            strncpy(hex, s + 2, 4);
            *to++ = (char)strtol(hex, NULL, 16);
            s += strlen(hex) + 2;
        } else {
            if (*s == '\\' && s[1]) s++;
            *to++ = *s++;
        }
    }
    if (*s != '"') return false;
    *n = (size_t)(to - *text);
    *p = s + 1;
    return true;
}
static int compare_entries(const void *a, const void *b) {
    const vault_entry *x = (const vault_entry *)a, *y = (const vault_entry *)b;
    int c = memcmp(x->put, y->put, x->n_put < y->n_put ? x->n_put : y->n_put);
    return c != 0 ? c : x->n_put < y->n_put ? -1 : x->n_put > y->n_put;
}

static int restore_text(const char *vault_path, const char *path) {
    text_lines lines = {NULL, NULL, 0};
    char *text = NULL;
    size_t n = 0, n_entries = 0;
    int code = read_lines(vault_path, &lines);
    vault_entry *entries = (vault_entry *)calloc(lines.n + 1, sizeof *entries);
    if (code == CLI_OK && !entries) code = cli_fail(vault_path, "no memory");
    for (size_t i = 0; code == CLI_OK && i < lines.n; i++) {
        char *p = (char *)(size_t)lines.line[i];
        vault_entry *e = &entries[n_entries];
        bool ok = strncmp(p, "{\"put\":", 7) == 0 && (p += 7, read_json_text(&p, &e->put, &e->n_put)) &&
                  strncmp(p, ",\"text\":", 8) == 0 && (p += 8, read_json_text(&p, &e->text, &e->n_text)) && strcmp(p, "}") == 0;
        if (!ok) code = cli_fail(vault_path, "line %zu is not one of a vault", i + 1);
        n_entries++;
    }
    if (code == CLI_OK) code = cli_read_file(path, &text, &n);
    if (code == CLI_OK) qsort(entries, n_entries, sizeof *entries, compare_entries);
    for (size_t i = 0; code == CLI_OK && i < n;) {
        const char *end = text[i] == '[' ? memchr(text + i, ']', n - i) : NULL;
        vault_entry want = {text + i, NULL, end ? (size_t)(end - text - (ptrdiff_t)i) + 1 : 0, 0};
        const vault_entry *e = end ? (const vault_entry *)bsearch(&want, entries, n_entries, sizeof want, compare_entries) : NULL;
        if (e) fwrite(e->text, 1, e->n_text, stdout);
        else fputc(text[i], stdout);
        i += e ? e->n_put : 1;
    }
    free(text);
    free(entries);
    free_lines(&lines);
    return cli_finish(code);
}

/* --- the word ---------------------------------------------------------------------------------------------------------------- */
static int redact_stream(hearth_redactor *r, redact_run *run, const char *path) {
    static char block[1 << 16];
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    hearth_error err;
    uint64_t done = 0;
    hearth_status status = HEARTH_OK;
    memset(&err, 0, sizeof err);
    if (!f) return cli_fail(path, "cannot be opened");
    cli_catch_interrupt();
    for (size_t n; status == HEARTH_OK && (n = fread(block, 1, sizeof block, f)) > 0;) {
        status = hearth_redact(r, block, n, &err);
        done += n;
        if (done >> 26 != (done - n) >> 26) cli_progress("redacted bytes", done, 0);
    }
    bool unread = ferror(f) != 0;
    if (status == HEARTH_OK) status = hearth_redact_end(r, &err);
    cli_progress_end();
    if (f != stdin) fclose(f);
    if (run->failed) return cli_fail("stdout", "cannot be written");
    if (cli_interrupted()) return cli_fail("redact", "interrupted");
    if (status != HEARTH_OK) return cli_report(&err, "redact");
    return unread ? cli_fail(path, "cannot be read") : CLI_OK;
}

int cmd_redact(int argc, char **argv) {
    const char *path = NULL, *ops = NULL, *key_file = NULL, *people = NULL, *words = NULL, *vault = NULL, *findings = NULL;
    bool restore = false, quiet = false;
    hearth_redact_config c = {sizeof c, NULL, NULL, NULL, NULL, 0, 0, 0, write_redacted, note_finding, NULL};
    const cli_option options[] = {
        {"--operators", "-o", CLI_TEXT, &ops, 0, 0, "LIST",
         "ENTITY=keep|drop|mask|label|pseudonym|format|shift|bucket,...; * is all"},
        {"--threshold", NULL, CLI_INT, &c.threshold, 1, 100, "N", "leave matches with a lower score alone (50)"},
        {"--key-file", NULL, CLI_TEXT, &key_file, 0, 0, "FILE", "32 bytes: for pseudonym, format and shift"},
        {"--people", NULL, CLI_TEXT, &people, 0, 0, "FILE", "names to find, one a line"},
        {"--words", NULL, CLI_TEXT, &words, 0, 0, "FILE", "texts and patterns to find: # digit, ? letter, * both"},
        {"--findings", NULL, CLI_TEXT, &findings, 0, 0, "FILE", "a JSON line for each match, without its text"},
        {"--vault", NULL, CLI_TEXT, &vault, 0, 0, "FILE", "what was replaced by what; keep it to yourself"},
        {"--restore", NULL, CLI_FLAG, &restore, 0, 0, NULL, "put back what --vault holds"},
        {"--quiet", "-q", CLI_FLAG, &quiet, 0, 0, NULL, "no text, findings only"},
    };
    const cli_command command = {"redact",
                                 "[FILE]",
                                 "Replaces what is personal or secret in FILE (- or none: stdin), in constant memory: e-mail, "
                                 "cards,\n"
                                 "IBANs, phones, addresses, keys, national ids ... It does not find everything: "
                                 "policy/COVERAGE.md.",
                                 options,
                                 CLI_COUNT(options),
                                 0,
                                 1};
    int code = cli_parse(&command, argc, argv, &path);
    if (code != CLI_GO) return code;
    if (path == NULL) path = "-";
    if (restore) return vault ? restore_text(vault, path) : cli_misuse("redact", "--restore", "needs --vault FILE");
    redact_run run = {NULL, NULL, quiet, false, 0};
    text_lines lists[2] = {{NULL, NULL, 0}, {NULL, NULL, 0}};
    char *key = NULL;
    size_t n_key = 0;
    hearth_redactor *r = NULL;
    hearth_error err;
    memset(&err, 0, sizeof err);
    code = read_lines(people, &lists[0]);
    if (code == CLI_OK) code = read_lines(words, &lists[1]);
    if (code == CLI_OK && key_file) code = cli_read_file(key_file, &key, &n_key);
    if (code == CLI_OK && key_file && n_key != 32) code = cli_fail(key_file, "%zu bytes; a key has 32", n_key);
    if (code == CLI_OK && findings && !(run.findings = fopen(findings, "wb"))) code = cli_fail(findings, "cannot be written");
    if (code == CLI_OK && vault && !(run.vault = fopen(vault, "wb"))) code = cli_fail(vault, "cannot be written");
    c.operators = ops, c.key = (const uint8_t *)key, c.ctx = &run;
    c.people = lists[0].line, c.n_people = lists[0].n, c.words = lists[1].line, c.n_words = lists[1].n;
    if (code == CLI_OK && hearth_redactor_open(&c, &r, &err) != HEARTH_OK) code = cli_report(&err, "redact");
    if (code == CLI_OK) code = redact_stream(r, &run, path);
    hearth_redactor_close(r);
    if (run.findings && fclose(run.findings) != 0 && code == CLI_OK) code = cli_fail(findings, "cannot be written");
    if (run.vault && fclose(run.vault) != 0 && code == CLI_OK) code = cli_fail(vault, "cannot be written");
    free(key);
    free_lines(&lists[0]);
    free_lines(&lists[1]);
    return cli_finish(code);
}
