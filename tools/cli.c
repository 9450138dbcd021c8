/* cli.c: options, errors, JSON, progress. */
#include "tools/cli.h"
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- errors ---------------------------------------------------------------------------------------------- */
static bool progress_shown;

int cli_fail(const char *where, const char *fmt, ...) {
    va_list args;
    cli_progress_end();
    fflush(stdout);
    fprintf(stderr, "hearth: ");
    cli_print_safe(stderr, where, strlen(where));
    fprintf(stderr, ": ");
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return CLI_FAILED;
}
int cli_report(const hearth_error *err, const char *where) {
    const char *place = err->where[0] ? err->where : where;
    cli_progress_end();
    fflush(stdout);
    fprintf(stderr, "hearth: ");
    cli_print_safe(stderr, place, strlen(place));
    if (err->offset != HEARTH_NO_OFFSET) fprintf(stderr, " (offset %llu)", (unsigned long long)err->offset);
    fprintf(stderr, ": %s\n", err->what[0] ? err->what : hearth_status_name(err->status));
    return CLI_FAILED;
}
int cli_misuse(const char *word, const char *where, const char *fmt, ...) {
    va_list args;
    fprintf(stderr, "hearth: ");
    cli_print_safe(stderr, where, strlen(where));
    fprintf(stderr, ": ");
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    if (word) fprintf(stderr, " ('hearth %s --help' tells more)\n", word);
    else fprintf(stderr, " ('hearth --help' tells more)\n");
    return CLI_MISUSE;
}
int cli_finish(int code) {
    bool bad = ferror(stdout) != 0;
    int why = errno;
    if (fflush(stdout) != 0) {
        bad = true;
        why = errno;
    }
    if (!bad) return code;
    return cli_fail("stdout", "cannot be written: %s", strerror(why));
}

/* --- text that may hold anything ------------------------------------------------------------------------- */
/* bytes of the well-formed UTF-8 character at p, 0 when there is none */
static size_t measure_char(const unsigned char *p, size_t n) {
    size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
               : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    if (len == 0 || len > n) return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}
void cli_print_safe(FILE *f, const char *text, size_t n) {
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < n;) {
        size_t len = measure_char(p + i, n - i);
        bool control = p[i] < 0x20 || p[i] == 0x7f || (p[i] == 0xc2 && len == 2 && p[i + 1] < 0xa0);
        if (len == 0 || control) {
            if (p[i] == '\n') fputs("\\n", f);
            else fprintf(f, "\\x%02x", p[i]);
            i++;
        } else {
            fwrite(p + i, 1, len, f);
            i += len;
        }
    }
}

/* --- JSON ------------------------------------------------------------------------------------------------ */
static int json_depth;
static bool json_first[32];

static void write_json_string(const char *text, size_t n) {
    const unsigned char *p = (const unsigned char *)text;
    putchar('"');
    for (size_t i = 0; i < n;) {
        size_t len = measure_char(p + i, n - i);
        if (len == 0) {
            fputs("\\ufffd", stdout);
            i++;
        } else if (p[i] == '"' || p[i] == '\\') {
            printf("\\%c", p[i++]);
        } else if (p[i] < 0x20 || p[i] == 0x7f) {
            printf("\\u%04x", (unsigned)p[i++]);
        } else {
            fwrite(p + i, 1, len, stdout);
            i += len;
        }
    }
    putchar('"');
}
static void begin_json_value(const char *key) {
    if (json_depth > 0) {
        if (!json_first[json_depth]) putchar(',');
        json_first[json_depth] = false;
        if (key && json_depth == 1) fputs("\n  ", stdout);
    }
    if (key) {
        write_json_string(key, strlen(key));
        fputs(": ", stdout);
    }
}
void cli_json_open(const char *key, char bracket) {
    begin_json_value(key);
    putchar(bracket);
    if (json_depth + 1 < (int)CLI_COUNT(json_first)) json_first[++json_depth] = true;
}
void cli_json_close(char bracket) {
    if (json_depth == 1) putchar('\n');
    putchar(bracket);
    if (--json_depth == 0) putchar('\n');
}
void cli_json_text(const char *key, const char *text, size_t n) {
    begin_json_value(key);
    write_json_string(text, n);
}
void cli_json_str(const char *key, const char *text) { cli_json_text(key, text, strlen(text)); }
void cli_json_int(const char *key, int64_t v) {
    begin_json_value(key);
    printf("%lld", (long long)v);
}
void cli_json_u64(const char *key, uint64_t v) {
    begin_json_value(key);
    printf("%llu", (unsigned long long)v);
}
void cli_json_num(const char *key, double v) {
    begin_json_value(key);
    if (isfinite(v)) printf("%.9g", v);
    else fputs("null", stdout);
}
void cli_json_bool(const char *key, bool v) {
    begin_json_value(key);
    fputs(v ? "true" : "false", stdout);
}

/* --- progress and interruption --------------------------------------------------------------------------- */
static volatile sig_atomic_t was_interrupted;
static hearth_session *volatile cancelled_session;

void cli_progress(const char *what, uint64_t done, uint64_t total) {
    static struct timespec last;
    struct timespec now;
    if (!isatty(2) || total == 0) return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double since = (double)(now.tv_sec - last.tv_sec) + (double)(now.tv_nsec - last.tv_nsec) * 1e-9;
    if (since < 0.1 && done < total) return;
    last = now;
    fprintf(stderr, "\r%s %llu of %llu (%.0f %%) ", what, (unsigned long long)done, (unsigned long long)total,
            100.0 * (double)done / (double)total);
    fflush(stderr);
    progress_shown = true;
}
void cli_progress_end(void) {
    if (progress_shown) fputs("\r\033[K", stderr);
    progress_shown = false;
}
static void on_interrupt(int sig) {
    (void)sig;
    was_interrupted = 1;
    if (cancelled_session) hearth_cancel(cancelled_session);
}
void cli_catch_interrupt(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_interrupt;
    sa.sa_flags = SA_RESETHAND; /* the second one ends the program */
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}
void cli_cancels(hearth_session *session) {
    cancelled_session = session;
    if (session && was_interrupted) hearth_cancel(session); /* it came while the session was opened */
}
bool cli_interrupted(void) { return was_interrupted != 0; }

/* --- options --------------------------------------------------------------------------------------------- */
static void print_help(const cli_command *c) {
    printf("hearth %s %s%s\n\n%s\n", c->name, c->arguments, c->n_options ? " [options]" : "", c->about);
    if (c->n_options) printf("\nOptions:\n");
    for (size_t i = 0; i < c->n_options; i++) {
        const cli_option *o = &c->options[i];
        char head[64];
        snprintf(head, sizeof head, "%s%s%s%s%s", o->alias ? o->alias : "", o->alias ? ", " : "", o->name,
                 o->arg ? " " : "", o->arg ? o->arg : "");
        printf("  %-24s %s\n", head, o->help);
    }
    printf("  %-24s %s\n", "-h, --help", "this text");
}
/* Levenshtein distance of two short words */
static size_t count_edits(const char *a, const char *b) {
    size_t row[64], n = strlen(b);
    if (n >= 63) return 99;
    for (size_t j = 0; j <= n; j++) row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t best = corner + (a[i] != b[j]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j + 1] + 1 < best) best = row[j + 1] + 1;
            corner = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[n];
}
static int refuse_option(const cli_command *c, const char *given) {
    char name[64];
    const char *best = NULL;
    size_t least = 3;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given, "="), given);
    for (size_t i = 0; i < c->n_options; i++) {
        size_t edits = count_edits(name, c->options[i].name);
        bool begins = strlen(name) > 3 && strncmp(name, c->options[i].name, strlen(name)) == 0;
        if (begins || edits < least) best = c->options[i].name, least = begins ? 0 : edits;
    }
    if (best) return cli_misuse(c->name, name, "unknown option of '%s'; did you mean %s?", c->name, best);
    return cli_misuse(c->name, name, "unknown option of '%s'", c->name);
}
static const cli_option *find_option(const cli_command *c, const char *arg) {
    size_t n = strcspn(arg, "=");
    for (size_t i = 0; i < c->n_options; i++) {
        const cli_option *o = &c->options[i];
        if (strlen(o->name) == n && strncmp(o->name, arg, n) == 0) return o;
        if (o->alias && strcmp(o->alias, arg) == 0) return o;
    }
    return NULL;
}
static bool is_number_start(const char *s) {
    if (*s == '-') s++;
    return (*s >= '0' && *s <= '9') || (*s == '.' && s[1] >= '0' && s[1] <= '9');
}
static int set_number(const cli_command *c, const cli_option *o, const char *text) {
    char *end = NULL;
    errno = 0;
    if (o->kind == CLI_FLOAT) {
        bool plain = text[strspn(text, "+-.0123456789eE")] == 0; /* no hexadecimal, no nan */
        double v = plain && is_number_start(text) ? strtod(text, &end) : 0;
        if (!end || *end || !isfinite(v)) return cli_misuse(c->name, o->name, "'%s' is not a number", text);
        if (v < o->low || v > o->high)
            return cli_misuse(c->name, o->name, "%s is out of range: %g to %g", text, o->low, o->high);
        *(float *)o->value = (float)v;
        return CLI_GO;
    }
    bool negative = text[0] == '-';
    if (o->kind == CLI_INT) {
        long v = is_number_start(text) ? strtol(text, &end, 10) : 0;
        if (!end || *end) return cli_misuse(c->name, o->name, "'%s' is not a whole number", text);
        if (errno || (double)v < o->low || (double)v > o->high)
            return cli_misuse(c->name, o->name, "%s is out of range: %.0f to %.0f", text, o->low, o->high);
        *(int *)o->value = (int)v;
        return CLI_GO;
    }
    unsigned long long v = is_number_start(text) && !negative ? strtoull(text, &end, 10) : 0;
    unsigned shift = 0;
    if (end && o->kind == CLI_BYTES && *end) {
        const char *units = "KMG", *unit = strchr(units, *end >= 'a' ? *end - 'a' + 'A' : *end);
        if (unit && *unit) shift = 10 * (unsigned)(unit - units + 1), end++;
    }
    if (!end || *end) return cli_misuse(c->name, o->name, "'%s' is not a whole number", text);
    if (errno || (shift && v >> (64 - shift)) || (o->kind == CLI_BYTES && (v << shift) > SIZE_MAX))
        return cli_misuse(c->name, o->name, "%s is too large", text);
    if (o->kind == CLI_BYTES) *(size_t *)o->value = (size_t)(v << shift);
    else *(uint64_t *)o->value = v;
    return CLI_GO;
}
const char *const cli_kv_names[4] = {"f32", "i8", "f16", "q4"};

static int set_option(const cli_command *c, const cli_option *o, const char *text) {
    hearth_error err;
    switch (o->kind) {
    case CLI_TEXT:
        *(const char **)o->value = text;
        return CLI_GO;
    case CLI_LIST: {
        cli_list *list = (cli_list *)o->value;
        if (list->n == CLI_LIST_MAX) return cli_misuse(c->name, o->name, "at most %d are possible", CLI_LIST_MAX);
        list->item[list->n++] = text;
        return CLI_GO;
    }
    case CLI_KV:
        for (int i = 0; i < 4; i++) {
            if (strcmp(text, cli_kv_names[i]) == 0) return *(int *)o->value = i, CLI_GO;
        }
        return cli_misuse(c->name, o->name, "'%s' is none of f32, f16, i8, q4", text);
    case CLI_ISA:
        memset(&err, 0, sizeof err);
        if (hearth_isa_parse(text, (uint32_t *)o->value, &err) == HEARTH_OK) return CLI_GO;
        return cli_misuse(c->name, o->name, "%s", err.what[0] ? err.what : "unknown instruction set");
    default:
        return set_number(c, o, text);
    }
}
int cli_parse(const cli_command *c, int argc, char **argv, const char **words) {
    int n_words = 0;
    bool only_words = false;
    for (int i = 0; i < c->max_words; i++) words[i] = NULL;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (!only_words && strcmp(arg, "--") == 0) {
            only_words = true;
            continue;
        }
        if (only_words || arg[0] != '-' || arg[1] == 0) {
            if (n_words == c->max_words) return cli_misuse(c->name, arg, "one word too many");
            words[n_words++] = arg;
            continue;
        }
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            print_help(c);
            return CLI_OK;
        }
        const cli_option *o = find_option(c, arg);
        const char *equals = arg[1] == '-' ? strchr(arg, '=') : NULL;
        if (!o) return refuse_option(c, arg);
        if (o->kind == CLI_FLAG) {
            if (equals) return cli_misuse(c->name, o->name, "takes no value");
            *(bool *)o->value = true;
            continue;
        }
        if (!equals && i + 1 == argc) return cli_misuse(c->name, o->name, "needs a value: %s", o->arg);
        int code = set_option(c, o, equals ? equals + 1 : argv[++i]);
        if (code != CLI_GO) return code;
    }
    if (n_words < c->min_words) return cli_misuse(c->name, c->name, "needs %s", c->arguments);
    return CLI_GO;
}
