/* test_upload.c: what may leave: only redacted, only under a decision that allows it, only sealed; a consent revoked in between
 * stops it; the type system refuses the shortcuts (they must not compile). */
#include "tests/t.h"

#include "engine/hearth.h"

static const char policy_text[] = "hearth-policy 1\nversion 3\nsubject app\nscope notes\ntool cloud\n"
                                  "allow app notes for upload to export if consent 2\nallow app notes for answer to screen\n";
static hearth_policy *policy;
static hearth_consent consent;
static bool has_consent;
static int asked;
static int find_consent(void *ctx, const char *subject, const char *scope, int purpose, hearth_consent *out) {
    (void)ctx, (void)purpose;
    asked++;
    if (!has_consent || strcmp(subject, "app") != 0 || strcmp(scope, "notes") != 0) return 0;
    *out = consent;
    return 1;
}
static hearth_request ask(const char *purpose, const char *sink) {
    hearth_error err;
    if (!policy) T_EQ_I(hearth_policy_open(policy_text, sizeof policy_text - 1, &policy, &err), HEARTH_OK);
    hearth_request q = {hearth_policy_id(policy, HEARTH_SUBJECT, "app"),
                        hearth_policy_id(policy, HEARTH_PURPOSE, purpose),
                        hearth_policy_id(policy, HEARTH_SINK, sink),
                        {1u << hearth_policy_id(policy, HEARTH_SCOPE, "notes"), 2, HEARTH_TRUST_USER},
                        0,
                        0,
                        1000,
                        0};
    has_consent = true;
    consent = (hearth_consent){500, 0, 2, 0};
    return q;
}
static const hearth_redact_config plain = {sizeof plain, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL};

static hearth_status open_upload(const hearth_request *q, const hearth_redact_config *c, size_t capacity, hearth_upload **u,
                                 hearth_error *e) {
    return hearth_upload_open(policy, q, find_consent, NULL, c, capacity, u, e);
}

T_TEST(redacted_and_allowed) {
    hearth_request q = ask("upload", "export");
    hearth_upload *u;
    hearth_error err;
    size_t n;
    T_NEED(T_EQ_I(open_upload(&q, &plain, 1000, &u, &err), HEARTH_OK));
    T_EQ_I(hearth_upload_add(u, 1001, "mail a.b@exam", 13, &err), HEARTH_OK);
    T_EQ_I(hearth_upload_add(u, 1002, "ple.com", 7, &err), HEARTH_OK);
    T_CHECK(hearth_upload_bytes(u, &n) == NULL && n == 0);
    T_EQ_I(hearth_upload_seal(u, 1003, &err), HEARTH_OK);
    const char *bytes = (const char *)hearth_upload_bytes(u, &n);
    T_CHECK(bytes && n == 14 && memcmp(bytes, "mail [EMAIL_1]", 14) == 0);
    T_EQ_I(hearth_upload_add(u, 1004, "x", 1, &err), HEARTH_E_STATE);
    T_EQ_I(hearth_upload_seal(u, 1004, &err), HEARTH_E_STATE);
    hearth_upload_close(u);
}

T_TEST(denied_before_anything_is_read) {
    hearth_upload *u = NULL;
    hearth_error err;
    hearth_request q = ask("upload", "export");
    has_consent = false;
    T_EQ_I(open_upload(&q, &plain, 1000, &u, &err), HEARTH_E_DENIED);
    T_CHECK(u == NULL && strstr(err.what, "consent") != NULL);
    q = ask("upload", "cloud"); /* a sink without a rule */
    T_EQ_I(open_upload(&q, &plain, 1000, &u, &err), HEARTH_E_DENIED);
    q = ask("answer", "screen"); /* allowed, but not an upload */
    T_EQ_I(open_upload(&q, &plain, 1000, &u, &err), HEARTH_E_ARG);
    q = ask("upload", "export");
    q.label.scopes = 0; /* text without a scope has no rule */
    T_EQ_I(open_upload(&q, &plain, 1000, &u, &err), HEARTH_E_DENIED);
    consent.version = 1; /* of older words */
    q = ask("upload", "export");
    consent.version = 1;
    T_EQ_I(open_upload(&q, &plain, 1000, &u, &err), HEARTH_E_DENIED);
}

T_TEST(a_revoked_consent_stops_it_at_the_next_step) {
    hearth_upload *u = NULL;
    hearth_error err;
    size_t n;
    for (int step = 0; step < 2; step++) {
        hearth_request q = ask("upload", "export");
        T_NEED(T_EQ_I(open_upload(&q, &plain, 1000, &u, &err), HEARTH_OK));
        T_EQ_I(hearth_upload_add(u, 1001, "text ", 5, &err), HEARTH_OK);
        consent.revoked = 1;
        T_EQ_I(step == 0 ? hearth_upload_add(u, 1002, "more", 4, &err) : hearth_upload_seal(u, 1002, &err), HEARTH_E_DENIED);
        consent.revoked = 0; /* too late: it is void */
        T_EQ_I(hearth_upload_seal(u, 1003, &err), HEARTH_E_STATE);
        T_CHECK(hearth_upload_bytes(u, &n) == NULL && n == 0);
        hearth_upload_close(u);
    }
    hearth_request q = ask("upload", "export");
    consent.expires_ms = 1500;
    T_EQ_I(open_upload(&q, &plain, 1000, &u, &err), HEARTH_OK);
    T_EQ_I(hearth_upload_seal(u, 1501, &err), HEARTH_E_DENIED);
    hearth_upload_close(u);
}

T_TEST(no_way_round_the_redactor) {
    hearth_request q = ask("upload", "export");
    hearth_upload *u = NULL;
    hearth_error err;
    hearth_redact_config c = plain;
    c.operators = "EMAIL=keep";
    T_EQ_I(open_upload(&q, &c, 1000, &u, &err), HEARTH_E_ARG);
    c.operators = "*=keep";
    T_EQ_I(open_upload(&q, &c, 1000, &u, &err), HEARTH_E_ARG);
    c.operators = "URL=keep,*=drop";
    T_EQ_I(open_upload(&q, &c, 1000, &u, &err), HEARTH_OK);
    hearth_upload_close(u);
    c = plain;
    T_EQ_I(open_upload(&q, &c, 10, &u, &err), HEARTH_OK); /* too small: void, not cut short */
    hearth_status s = hearth_upload_add(u, 1001, "a text that is longer than ten bytes", 36, &err);
    if (s == HEARTH_OK) s = hearth_upload_seal(u, 1001, &err);
    T_EQ_I(s, HEARTH_E_FULL);
    size_t n;
    T_CHECK(hearth_upload_bytes(u, &n) == NULL);
    hearth_upload_close(u);
    T_EQ_I(hearth_upload_open(policy, &q, find_consent, NULL, &plain, SIZE_MAX - 4096, &u, &err), HEARTH_E_MEMORY);
}

/* a program with the line inside main compiles, 1, or does not, 0 */
static int compiles(const char *line) {
    char cmd[1200];
    FILE *f = fopen(t_tmp("try.c"), "w");
    if (!f) return -1;
    fprintf(f,
            "#include \"engine/hearth.h\"\nint send_it(const hearth_upload *u);\n"
            "int main(void) { const char *text = \"secret\"; hearth_upload *u = 0; (void)text, (void)u;\n%s\nreturn 0; }\n",
            line);
    fclose(f);
    snprintf(cmd, sizeof cmd, "${CC:-cc} -std=c11 -Werror -I. -fsyntax-only '%s' 2>/dev/null", t_tmp("try.c"));
    return system(cmd) == 0;
}
T_TEST(shortcuts_do_not_compile) {
    if (compiles("") != 1) T_SKIP("no compiler here");
    T_EQ_I(compiles("send_it(u);"), 1);
    T_EQ_I(compiles("send_it(text);"), 0);                       /* user text is no upload */
    T_EQ_I(compiles("hearth_upload_bytes(text, 0);"), 0);
    T_EQ_I(compiles("hearth_upload made = {0}; send_it(&made);"), 0); /* nobody else can make one */
    T_EQ_I(compiles("u->bytes = 0;"), 0);
    T_EQ_I(compiles("hearth_redactor *r = 0; send_it(r);"), 0);
}

T_MAIN(T_RUN(redacted_and_allowed), T_RUN(denied_before_anything_is_read), T_RUN(a_revoked_consent_stops_it_at_the_next_step),
       T_RUN(no_way_round_the_redactor), T_RUN(shortcuts_do_not_compile))
