/* `hearth policy` and the public calls below it. */
#include "tests/t.h"
#include <sys/wait.h>
#include "engine/hearth.h"
#include "policy/policy.h"

static char out[8000];
static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...) {
    char args[1000], cmd[2000];
    va_list a;
    va_start(a, fmt);
    vsnprintf(args, sizeof args, fmt, a);
    va_end(a);
    snprintf(cmd, sizeof cmd, "%s policy %s 2>&1", t_hearth(), args);
    FILE *f = popen(cmd, "r");
    size_t n = f ? fread(out, 1, sizeof out - 1, f) : 0;
    out[n] = 0;
    const int s = f ? pclose(f) : -1;
    return WIFEXITED(s) ? WEXITSTATUS(s) : -1;
}
static const char *put(const char *name, const void *data, size_t n) {
    const char *path = t_tmp(name);
    FILE *f = fopen(path, "wb");
    if (f) fwrite(data, 1, n, f), fclose(f);
    return path;
}
#define SAMPLE "tests/seeds/policy/sample.policy"

T_TEST(checks_and_explains) {
    T_EQ_I(sh("check " SAMPLE), 0);
    T_EQ_STR(out, SAMPLE ": version 7, 1 subjects, 3 scopes, 4 sinks, 2 derived\n");
    T_EQ_I(sh("check --json " SAMPLE), 0);
    T_CHECK(strstr(out, "\"version\"") && strstr(out, "\"ok\""));
    T_EQ_I(sh("explain " SAMPLE " --subject assistant --scope calendar/work --sink prompt"), 0);
    T_EQ_STR(out, "deny: there is no consent (line 10); scope calendar/work; policy version 7\n");
    T_EQ_I(sh("explain " SAMPLE " --subject assistant --scope calendar/work --sink prompt --consent 3"), 0);
    T_EQ_STR(out, "allow: a rule allows it (line 10); scope calendar/work; policy version 7\n");
    T_EQ_I(sh("explain " SAMPLE " --subject assistant --scope notes --purpose tool --sink mail.send "
            "--trust user --confirmed --json"), 0);
    T_CHECK(strstr(out, "\"allow\"") != NULL);
    T_EQ_I(sh("explain " SAMPLE " --subject assistant --scope notes,calendar --purpose tool --sink mail.send --trust app"), 0);
    T_CHECK(strstr(out, "deny: no rule allows it; scope calendar;") != NULL);
    T_EQ_I(sh("explain " SAMPLE " --subject assistant --scope moon"), 1);
    T_EQ_I(sh("explain " SAMPLE " --subject assistant --trust all"), 2);
    T_EQ_I(sh("guess " SAMPLE), 2);
    T_EQ_I(sh("check " SAMPLE "x"), 1);
    T_EQ_I(sh("check %s", put("bad", "hearth-policy 1\nversion 1\nallow\n", 31)), 1);
    T_CHECK(strstr(out, "line 3, column 6") != NULL);
    T_EQ_I(sh("--help"), 0);
    T_CHECK(strstr(out, "allow SUBJECTS SCOPES") != NULL);
}
T_TEST(shows_a_log) {
    uint8_t bytes[64];
    hr_decision_record r = {490000, 7, 10, 3, 16, 0, 0, 0, 1, 0, 1, HR_ALLOW, HR_WHY_ALLOWED, 0};
    hr_decision_encode(&r, bytes);
    r.effect = HR_DENY, r.why = HR_WHY_NO_RULE, r.count = 2, r.scope = -1;
    hr_decision_encode(&r, bytes + 32);
    T_EQ_I(sh("log %s --policy " SAMPLE, put("a.log", bytes, 64)), 0);
    T_CHECK(strstr(out, "490000\t3 x\tallow\tassistant#0\tanswer#0\tprompt#1\tline 10") && strstr(out,
        "allow 3, confirm 0, deny 2"));
    T_EQ_I(sh("log --json %s", put("a.log", bytes, 64)), 0);
    T_CHECK(strstr(out, "\"deny\"") != NULL);
    T_EQ_I(sh("log %s", put("a.log", bytes, 63)), 1);
    bytes[31] = 'x';
    T_EQ_I(sh("log %s", put("a.log", bytes, 64)), 1);
    T_EQ_I(sh("log %s --policy %s", put("a.log", bytes, 64), "nowhere"), 1);
}
static int public_consent(void *ctx, const char *subject, const char *scope, int purpose, hearth_consent *c) {
    (*(int *)ctx)++;
    *c = (hearth_consent){0, 0, 2, 0};
    return strcmp(subject, "assistant") == 0 && strcmp(scope, "calendar") == 0 && purpose == 0;
}
T_TEST(public_calls) {
    static char text[4096];
    hearth_policy *p;
    hearth_error err;
    int asked = 0;
    FILE *f = fopen(SAMPLE, "rb");
    T_NEED(f != NULL);
    const size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    T_NEED(hearth_policy_open(text, n, &p, &err) == HEARTH_OK);
    hearth_request q = {hearth_policy_id(p, HEARTH_SUBJECT, "assistant"), hearth_policy_id(p, HEARTH_PURPOSE, "answer"),
                        hearth_policy_id(p, HEARTH_SINK, "prompt"), {2, 4, HEARTH_TRUST_USER}, 0, 0, 5, 0};
    hearth_decision d = hearth_decide(p, &q, public_consent, &asked);
    T_CHECK(d.effect == HEARTH_ALLOW && d.line == 10 && asked == 2); /* its own scope, then the one above */
    d = hearth_decide(p, &q, NULL, NULL);
    T_EQ_STR(hearth_decision_text(&d), "there is no consent");
    T_EQ_U(hearth_policy_purge(p, 0, 0), 3);
    T_EQ_STR(hearth_policy_name(p, HEARTH_DERIVED, 1), "week.summary");
    T_CHECK(!hearth_policy_name(p, HEARTH_DERIVED, 2) && !hearth_policy_name(p, 9, 0) && !hearth_policy_name(NULL, 0, 0));
    T_EQ_I(hearth_policy_id(p, 9, "x"), -1);
    hearth_policy_close(p);
    hearth_policy_close(NULL);
    T_EQ_I(hearth_policy_open(text, n - 9, &p, &err), HEARTH_E_FORMAT);
    T_CHECK(p == NULL);
    T_EQ_I(hearth_policy_open(NULL, 0, &p, &err), HEARTH_E_ARG);
    T_EQ_I(hearth_decide(NULL, &q, NULL, NULL).effect, HEARTH_DENY);
    T_EQ_STR(hearth_decision_text(NULL), "?");
    T_EQ_U(hearth_policy_purge(NULL, 0, 0), 0);
}
T_MAIN(T_RUN(checks_and_explains), T_RUN(shows_a_log), T_RUN(public_calls))
