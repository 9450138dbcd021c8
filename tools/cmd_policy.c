/* cmd_policy.c: `hearth policy check|explain|log`: is it right, what does it decide, what was decided. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>

static const char *const effect_words[] = {"deny", "confirm", "allow"};

static int open_policy(const char *path, hearth_policy **policy) {
    char *text = NULL;
    size_t n = 0;
    hearth_error err;
    *policy = NULL;
    if (cli_read_file(path, &text, &n) != CLI_OK) return CLI_FAILED;
    memset(&err, 0, sizeof err);
    const hearth_status status = hearth_policy_open(text, n, policy, &err);
    free(text);
    return status == HEARTH_OK ? CLI_OK : cli_report(&err, path);
}
static int count_names(const hearth_policy *p, int kind) {
    int n = 0;
    while (hearth_policy_name(p, kind, n)) n++;
    return n;
}
static int check_policy(const hearth_policy *p, const char *path, bool json) {
    static const char *const kinds[] = {"subjects", "scopes", "sinks", "derived"};
    const hearth_request nothing = {0, 0, 0, {0, 0, 0}, 0, 0, 0, 0};
    const uint32_t version = hearth_decide(p, &nothing, NULL, NULL).version;
    if (json) {
        cli_json_open(NULL, '{');
        cli_json_bool("ok", true);
        cli_json_u64("version", version);
        for (int k = 0; k < 4; k++) cli_json_int(kinds[k], count_names(p, k));
        cli_json_close('}');
        return CLI_OK;
    }
    cli_print_safe(stdout, path, strlen(path));
    printf(": version %u", version);
    for (int k = 0; k < 4; k++) printf(", %d %s", count_names(p, k), kinds[k]);
    printf("\n");
    return CLI_OK;
}

typedef struct asked {
    const char *subject, *scope, *purpose, *sink, *trust;
    uint64_t consent;
    bool control, confirmed, json;
} asked;
static int answer_consent(void *ctx, const char *subject, const char *scope, int purpose, hearth_consent *out) {
    const asked *a = (const asked *)ctx;
    (void)subject, (void)purpose, (void)scope;
    if (a->consent == 0) return 0;
    *out = (hearth_consent){0, 0, (uint32_t)(a->consent - 1), 0};
    return 1;
}
/* scope names joined by commas to bits; "" is none */
static int read_scopes(const hearth_policy *p, const char *list, uint64_t *bits) {
    *bits = 0;
    for (const char *s = list; *s;) {
        char name[80];
        const size_t n = strcspn(s, ",");
        snprintf(name, sizeof name, "%.*s", (int)(n < 79 ? n : 79), s);
        const int id = hearth_policy_id(p, HEARTH_SCOPE, name);
        if (id < 0) return cli_fail("--scope", "the policy has no scope '%s'", name);
        *bits |= (uint64_t)1 << id;
        s += n + (s[n] == ',');
    }
    return CLI_OK;
}
static int explain_policy(const hearth_policy *p, asked *a) {
    hearth_request q;
    memset(&q, 0, sizeof q);
    q.subject = hearth_policy_id(p, HEARTH_SUBJECT, a->subject);
    q.purpose = hearth_policy_id(p, HEARTH_PURPOSE, a->purpose);
    q.sink = hearth_policy_id(p, HEARTH_SINK, a->sink);
    q.control = a->control;
    const char *const trusts[] = {"none", "user", "app"}; /* as HEARTH_UNTRUSTED ... */
    while (q.label.trust < 3 && strcmp(a->trust, trusts[q.label.trust]) != 0) q.label.trust++;
    if (q.label.trust == 3) return cli_misuse("policy", "--trust", "app, user or none");
    if (read_scopes(p, a->scope, &q.label.scopes) != CLI_OK) return CLI_FAILED;
    q.now_ms = 1;
    hearth_decision d = hearth_decide(p, &q, answer_consent, a);
    if (a->confirmed) q.confirmation = d.token, d = hearth_decide(p, &q, answer_consent, a);
    const char *scope = hearth_policy_name(p, HEARTH_SCOPE, d.scope);
    if (a->json) {
        cli_json_open(NULL, '{');
        cli_json_str("effect", effect_words[d.effect]);
        cli_json_str("why", hearth_decision_text(&d));
        cli_json_u64("line", d.line);
        cli_json_str("scope", scope ? scope : "");
        cli_json_u64("version", d.version);
        cli_json_close('}');
        return CLI_OK;
    }
    printf("%s: %s", effect_words[d.effect], hearth_decision_text(&d));
    if (d.line) printf(" (line %u)", d.line);
    printf("%s%s; policy version %u\n", scope ? "; scope " : "", scope ? scope : "", d.version);
    return CLI_OK;
}

static uint32_t log_word(const unsigned char *b) {
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
static void print_record(const hearth_policy *p, const unsigned char *b, const hearth_decision *d) {
    static const int kinds[3] = {HEARTH_SUBJECT, HEARTH_PURPOSE, HEARTH_SINK};
    printf("%u\t%u x\t%s", log_word(b), log_word(b + 12), effect_words[d->effect]);
    for (int k = 0; k < 3; k++) {
        const char *name = hearth_policy_name(p, kinds[k], b[16 + k]);
        printf("\t%s#%u", name ? name : "", b[16 + k]);
    }
    printf("\tline %u\t%s\n", d->line, hearth_decision_text(d));
}
/* 32-byte records as policy/decision_log.h describes them */
static int show_log(const char *path, const char *policy_path, bool json) {
    char *data = NULL;
    size_t n = 0;
    hearth_policy *p = NULL;
    uint64_t sums[3] = {0, 0, 0};
    if (policy_path && open_policy(policy_path, &p) != CLI_OK) return CLI_FAILED;
    int code = cli_read_file(path, &data, &n);
    if (code == CLI_OK && n % 32) code = cli_fail(path, "%zu bytes are not a whole number of records", n);
    for (size_t i = 0; code == CLI_OK && i < n; i += 32) {
        const unsigned char *b = (const unsigned char *)data + i;
        hearth_decision d = {b[21], b[22], b[23], b[20] < 64 ? b[20] : -1, log_word(b + 8), log_word(b + 4), 0};
        if (memcmp(b + 29, "HDL", 3) || d.effect > 2 || d.why > 7) {
            code = cli_fail(path, "byte %zu: not a record", i);
            break;
        }
        sums[d.effect] += log_word(b + 12);
        if (!json) print_record(p, b, &d);
    }
    if (code == CLI_OK && json) {
        cli_json_open(NULL, '{');
        for (int e = 0; e < 3; e++) cli_json_u64(effect_words[e], sums[e]);
        cli_json_close('}');
    } else if (code == CLI_OK) {
        const unsigned long long deny = sums[0], confirm = sums[1], allow = sums[2];
        printf("allow %llu, confirm %llu, deny %llu\n", allow, confirm, deny);
    }
    free(data);
    hearth_policy_close(p);
    return code;
}

int cmd_policy(int argc, char **argv) {
    asked a = {"", "", "answer", "screen", "none", 0, false, false, false};
    const char *words[2] = {NULL, NULL}, *policy_path = NULL;
    const cli_option options[] = {
        {"--subject", NULL, CLI_TEXT, &a.subject, 0, 0, "NAME", "explain: who asks"},
        {"--scope", NULL, CLI_TEXT, &a.scope, 0, 0, "LIST", "explain: scopes of the data, joined by commas; none"},
        {"--purpose", NULL, CLI_TEXT, &a.purpose, 0, 0, "NAME", "explain: answer, personalise, tool, telemetry, upload"},
        {"--sink", NULL, CLI_TEXT, &a.sink, 0, 0, "NAME", "explain: screen, prompt, export or a tool"},
        {"--trust", NULL, CLI_TEXT, &a.trust, 0, 0, "WHOM", "explain: least trusted part: none, user or app"},
        {"--control", NULL, CLI_FLAG, &a.control, 0, 0, NULL, "explain: the text chooses the tool, sink or recipient"},
        {"--confirmed", NULL, CLI_FLAG, &a.confirmed, 0, 0, NULL, "explain: the user confirmed this request"},
        {"--consent", NULL, CLI_U64, &a.consent, 0, 4294967296.0, "N", "explain: consents to words of version N-1 hold; 0: none"},
        {"--policy", NULL, CLI_TEXT, &policy_path, 0, 0, "FILE", "log: names instead of numbers"},
        {"--json", NULL, CLI_FLAG, &a.json, 0, 0, NULL, "report as JSON"},
    };
    const cli_command command = {
        "policy", "check|explain|log FILE",
        "check: is the policy text right? explain: what it decides, by which line, and why.\n"
        "log: what a host has logged, and sums. One statement a line, # begins a comment:\n"
        "  hearth-policy 1 | version N | subject S | scope A | scope A/B | tool T\n"
        "  derived D from SCOPE-OR-DERIVED for PURPOSES\n"
        "  allow SUBJECTS SCOPES for PURPOSES to SINKS [if [consent N] [confirm] [trusted]]\n"
        "  deny SUBJECTS SCOPES for PURPOSES to SINKS\n"
        "Lists are joined by commas, * is all. What nothing allows is denied; deny wins; a rule\n"
        "for a scope holds for all below it; text of several scopes needs all of them.",
        options, CLI_COUNT(options), 2, 2};
    int code = cli_parse(&command, argc, argv, words);
    if (code != CLI_GO) return code;
    if (strcmp(words[0], "log") == 0) return show_log(words[1], policy_path, a.json);
    if (strcmp(words[0], "check") != 0 && strcmp(words[0], "explain") != 0) {
        return cli_misuse("policy", words[0], "check, explain or log");
    }
    hearth_policy *p = NULL;
    code = open_policy(words[1], &p);
    if (code == CLI_OK) code = strcmp(words[0], "check") == 0 ? check_policy(p, words[1], a.json) : explain_policy(p, &a);
    hearth_policy_close(p);
    return code;
}
