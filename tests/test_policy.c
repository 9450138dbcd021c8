/* Permissions. The second implementation below works on rules as words (names compared as text, one scope at a time,
    every
 * rule judged from the sentences of policy/permission.h), shares no code with the first,
     and must agree on every field. */
#include "tests/t.h"
#include "policy/policy.h"

enum { MAX_RULES = 24, N_SUBJECTS = 3, N_SCOPES = 7, N_SINKS = 5 };
static const char *const subject_names[N_SUBJECTS] = {"assistant", "coach", "sync"};
static const char *const scope_names[N_SCOPES] = {"calendar", "calendar/work", "calendar/work/secret", "mail",
    "mail/inbox", "health", "calendar/home"};
static const char *const sink_names[N_SINKS] = {"screen", "prompt", "export", "mail.send", "search"};
static const char *const purpose_names[5] = {"answer", "personalise", "tool", "telemetry", "upload"};

static uint64_t seed = 1;
static uint32_t rnd(uint32_t n) { /* splitmix64 */
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 33) % n;
}

/* --- a policy as words ------------------------------------------------------------------------------------------------ */
typedef struct word_rule {
    bool deny, subject[N_SUBJECTS], scope[N_SCOPES], star_scope, purpose[5], sink[N_SINKS];
    bool consent, confirm, trusted;
    uint32_t version;
    int line;
} word_rule;
typedef struct word_policy {
    word_rule rule[MAX_RULES];
    int n;
    char text[8192];
} word_policy;
static void put_list(char *text, const char *const *names, bool *on, int n, bool *starred) {
    bool any = false, star = rnd(4) == 0;
    for (int i = 0; i < n; i++) on[i] = star || rnd(2);
    if (starred) *starred = star;
    if (star) {
        strcat(text, " *");
        return;
    }
    for (int i = 0; i < n; i++) any |= on[i];
    if (!any) on[rnd((uint32_t)n)] = true;
    for (int i = 0, first = 1; i < n; i++) {
        if (!on[i]) continue;
        strcat(text, first ? " " : ",");
        strcat(text, names[i]);
        first = 0;
    }
}
static void make_policy(word_policy *w, int max_rules) {
    int line = 3;
    memset(w, 0, sizeof *w);
    strcpy(w->text, "hearth-policy 1\nversion 9\n");
    for (int i = 0; i < N_SUBJECTS; i++, line++) sprintf(w->text + strlen(w->text), "subject %s\n", subject_names[i]);
    for (int i = 0; i < N_SCOPES; i++, line++) sprintf(w->text + strlen(w->text), "scope %s\n", scope_names[i]);
    for (int i = 3; i < N_SINKS; i++, line++) sprintf(w->text + strlen(w->text), "tool %s\n", sink_names[i]);
    w->n = (int)rnd((uint32_t)max_rules + 1);
    for (int i = 0; i < w->n; i++, line++) {
        word_rule *r = &w->rule[i];
        if (rnd(5) == 0) strcat(w->text, "  # a remark\n"), line++;
        r->deny = rnd(6) == 0;
        r->line = line;
        strcat(w->text, r->deny ? "deny" : "allow");
        put_list(w->text, subject_names, r->subject, N_SUBJECTS, NULL);
        put_list(w->text, scope_names, r->scope, N_SCOPES, &r->star_scope);
        if (!r->star_scope && rnd(2)) { /* fewer scopes, so that not everything is covered: rewrite as a single one */
            char *p = strrchr(w->text, ' ');
            const int only = (int)rnd(N_SCOPES);
            sprintf(p, " %s", scope_names[only]);
            for (int k = 0; k < N_SCOPES; k++) r->scope[k] = k == only;
        }
        strcat(w->text, " for");
        put_list(w->text, purpose_names, r->purpose, 5, NULL);
        strcat(w->text, " to");
        put_list(w->text, sink_names, r->sink, N_SINKS, NULL);
        if (!r->deny && rnd(2)) {
            r->trusted = rnd(3) == 0, r->confirm = rnd(3) == 0, r->consent = rnd(2) || !(r->trusted || r->confirm);
            strcat(w->text, " if");
            if (r->confirm) strcat(w->text, " confirm");
            if (r->consent) sprintf(w->text + strlen(w->text), " consent %u", r->version = rnd(3));
            if (r->trusted) strcat(w->text, "  trusted ");
        }
        strcat(w->text, "\n");
    }
}
/* consents as a table: state of (subject, scope or none, purpose) */
static int consent_state[N_SUBJECTS][N_SCOPES + 1][5];
static const uint64_t NOW = 1000000;
static const hr_consent consent_kinds[6] = {{0, 0, 0, 0}, {1, 0, 1, 0}, {1, 0, 2, 1}, {1, 1000000, 2, 0}, {1000001,
    0, 2, 0}, {1000000, 1000001, 2, 0}};
static int index_of(const char *const *names, int n, hr_str s) {
    for (int i = 0; i < n; i++) if (strlen(names[i]) == s.size && memcmp(names[i], s.data, s.size) == 0) return i;
    return -1;
}
static bool find_consent(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    const int s = index_of(subject_names, N_SUBJECTS, subject), c = scope.size ? index_of(scope_names, N_SCOPES,
        scope) : N_SCOPES;
    (*(long *)ctx)++;
    if (s < 0 || c < 0) abort();
    const int k = consent_state[s][c][purpose];
    *out = consent_kinds[k];
    return k != 0;
}

/* --- the second implementation ------------------------------------------------------------------------------------------ */
static bool at_or_below(const char *scope, const char *above) {
    const size_t n = strlen(above);
    return strncmp(scope, above, n) == 0 && (scope[n] == 0 || scope[n] == '/');
}
static int word_consent(int subject, int scope, int purpose, uint32_t version) {
    char name[64];
    int k = 0;
    snprintf(name, sizeof name, "%s", scope >= 0 ? scope_names[scope] : "");
    for (;;) {
        const int c = name[0] ? index_of(scope_names, N_SCOPES, hr_str_of(name)) : N_SCOPES;
        k = consent_state[subject][c][purpose];
        if (k || !name[0]) break;
        char *slash = strrchr(name, '/');
        *(slash ? slash : name) = 0;
    }
    if (k == 0) return HR_CONSENT_MISSING;
    if (k == 2) return HR_CONSENT_REVOKED;
    if ((k == 1 ? 1u : 2u) < version) return HR_CONSENT_OLD;
    return k == 4 ? HR_CONSENT_EARLY : k == 3 ? HR_CONSENT_EXPIRED : HR_CONSENT_OK;
}
typedef struct verdict {
    int why, line, consent;
} verdict;
static verdict word_scope(const word_policy *w, const hr_request *q, int scope, bool yes) {
    verdict best = {HR_WHY_NO_RULE, 0, 0};
    bool hit[MAX_RULES];
    for (int i = 0; i < w->n; i++) {
        const word_rule *r = &w->rule[i];
        bool in = r->star_scope;
        for (int k = 0; k < N_SCOPES && scope >= 0; k++) in |= r->scope[k] && at_or_below(scope_names[scope],
            scope_names[k]);
        hit[i] = in && r->subject[q->subject] && r->purpose[q->purpose] && r->sink[q->sink];
        if (hit[i] && r->deny) return (verdict){HR_WHY_DENIED, r->line, 0};
    }
    for (int wanted = HR_WHY_ALLOWED; wanted >= HR_WHY_TRUST; wanted--)
        for (int i = 0; i < w->n; i++) {
            const word_rule *r = &w->rule[i];
            if (!hit[i]) continue;
            const int c = r->consent ? word_consent(q->subject, scope, q->purpose, r->version) : HR_CONSENT_OK;
            const int got = r->trusted && q->label.trust == HR_TRUST_NONE ? HR_WHY_TRUST
                            : c != HR_CONSENT_OK                         ? HR_WHY_CONSENT
                            : r->confirm && !yes                         ? HR_WHY_CONFIRM
                                                                         : HR_WHY_ALLOWED;
            if (got == wanted) return (verdict){got, r->line, got == HR_WHY_CONSENT ? c : 0};
        }
    return best;
}
static verdict word_decide(const word_policy *w, const hr_request *q, bool yes, int *scope) {
    verdict worst = {99, 0, 0};
    *scope = -1;
    if (q->label.scopes == 0) worst = word_scope(w, q, -1, yes);
    for (int s = 0; s < N_SCOPES; s++) {
        if (!(q->label.scopes >> s & 1)) continue;
        const verdict v = word_scope(w, q, s, yes);
        if (v.why < worst.why) worst = v, *scope = s;
    }
    if (worst.why == HR_WHY_ALLOWED && q->use == HR_USE_CONTROL && q->label.trust == HR_TRUST_NONE &&
        !yes) worst.why = HR_WHY_CONTROL;
    return worst;
}
static bool agree(const hr_policy *p, const word_policy *w, hr_request *q) {
    long asked = 0;
    int scope;
    q->confirmation = 0;
    const uint64_t token = hr_decide(p, q, NULL, NULL).token;
    for (int yes = 0; yes < 2; yes++) {
        q->confirmation = yes ? token : token ^ 1;
        const hr_decision d = hr_decide(p, q, find_consent, &asked);
        const verdict v = word_decide(w, q, yes, &scope);
        const int effect = v.why == HR_WHY_ALLOWED ? HR_ALLOW : v.why >= HR_WHY_CONFIRM ? HR_CONFIRM : HR_DENY;
        if ((int)d.why != v.why || (int)d.line != v.line || d.consent != v.consent || d.scope != scope ||
            (int)d.effect != effect ||
            d.version != 9 || d.token != token) {
            T_FAIL("%s\nsubject %d purpose %d sink %d scopes %llx trust %u use %d yes %d: "
                   "%d line %u consent %d scope %d; expected %d line %d consent %d scope %d",
                   w->text + 150, q->subject, q->purpose, q->sink, (unsigned long long)q->label.scopes,
                       q->label.trust, q->use, yes,
                   d.why, d.line, d.consent, d.scope, v.why, v.line, v.consent, scope);
            return false;
        }
    }
    return true;
}
static void random_consents(void) {
    for (int s = 0; s < N_SUBJECTS; s++)
        for (int c = 0; c <= N_SCOPES; c++)
            for (int p = 0; p < 5; p++) consent_state[s][c][p] = rnd(2) ? 0 : (int)rnd(6);
}
static bool parse_words(hr_policy *p, const word_policy *w) {
    hr_error err;
    hr_error_clear(&err);
    return T_CHECK(hr_policy_parse(p, w->text, strlen(w->text), &err) == HR_OK) || (printf("%s: %s\n%s\n", err.where,
        err.what, w->text), false);
}

T_TEST(random_policies_equal_second_implementation) {
    static hr_policy p;
    static word_policy w;
    long seen[HR_N_WHYS] = {0};
    for (int i = 0; i < 100000; i++) {
        make_policy(&w, i % 3 ? 6 : MAX_RULES);
        if (i % 16 == 0) random_consents();
        if (!parse_words(&p, &w)) return;
        hr_request q = {(int)rnd(N_SUBJECTS), (int)rnd(5), (int)rnd(N_SINKS), {rnd(8) ?
            1u << rnd(N_SCOPES) : rnd(1u << N_SCOPES), rnd(64), rnd(3)}, (int)rnd(2), rnd(99), NOW, 0};
        if (!agree(&p, &w, &q)) return;
        long n = 0;
        q.confirmation = 0;
        seen[hr_decide(&p, &q, find_consent, &n).why]++;
    }
    for (int i = HR_WHY_DENIED; i < HR_N_WHYS; i++) T_CHECK(seen[i] > 100); /* every outcome was really met */
}
T_TEST(whole_space_equals_second_implementation) {
    static hr_policy p;
    static word_policy w;
    long cells = 0;
    for (int round = 0; round < 18; round++) {
        make_policy(&w, MAX_RULES);
        random_consents();
        if (!parse_words(&p, &w)) return;
        for (int i = 0; i < N_SUBJECTS * 5 * N_SINKS * 3 * 2; i++)
            for (uint64_t scopes = 0; scopes < 1u << N_SCOPES; scopes++, cells += 2) {
                hr_request q = {i % 3, i / 3 % 5, i / 15 % 5, {scopes, HR_SOURCE_WEB, (uint32_t)(i / 75 % 3)},
                    i / 225, 7, NOW, 0};
                if (!agree(&p, &w, &q)) return;
            }
    }
    T_EQ_I(cells, 18L * 450 * 128 * 2); /* above two million; one policy alone is 115,200 */
}

/* --- by hand -------------------------------------------------------------------------------------------------------------- */
static const char sample[] =
    "hearth-policy 1\nversion 7\nsubject assistant\nscope calendar\nscope calendar/work\nscope notes\ntool mail.send\n"
    "derived calendar.index from calendar for answer,personalise\nderived week.summary from calendar.index for tool\n"
    "derived notes.index from notes for answer\n"
    "allow assistant calendar for answer to screen,prompt if consent 2\nallow * notes for tool to mail.send\n"
    "deny * calendar/work for upload,telemetry to *\nallow * * for upload to export\n";
static bool one_consent(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    *out = *(const hr_consent *)ctx;
    return hr_str_is(subject, "assistant") && hr_str_is(scope, "calendar") && purpose == HR_FOR_ANSWER;
}
T_TEST(decides_a_written_policy) {
    static hr_policy p;
    hr_consent c = {10, 0, 2, 0};
    T_NEED(hr_policy_parse(&p, sample, strlen(sample), NULL) == HR_OK);
    hr_request q = {0, HR_FOR_ANSWER, HR_TO_PROMPT, hr_label_of(HR_SOURCE_MEMORY, 2, HR_TRUST_USER), HR_USE_DATA, 0,
        20, 0};
    hr_decision d = hr_decide(&p, &q, one_consent, &c);
    T_CHECK(d.effect == HR_ALLOW && d.line == 11 && d.version == 7 && d.scope == 1);
    c.revoked = 1; /* holds at the very next call */
    d = hr_decide(&p, &q, one_consent, &c);
    T_CHECK(d.effect == HR_DENY && d.why == HR_WHY_CONSENT && d.consent == HR_CONSENT_REVOKED);
    T_EQ_U(hr_policy_purge(&p, 0, HR_FOR_ANSWER), 3);
    T_EQ_U(hr_policy_purge(&p, 1, HR_FOR_ANSWER), 3);
    T_EQ_U(hr_policy_purge(&p, 0, HR_FOR_TOOL), 2);
    T_EQ_U(hr_policy_purge(&p, 2, -1), 4);
    T_EQ_U(hr_policy_purge(&p, -1, -1), 7);
    T_EQ_U(hr_policy_purge(&p, 0, HR_FOR_UPLOAD), 0);
    T_EQ_U(hr_policy_purge(&p, 0, 77), 0);
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).consent, HR_CONSENT_MISSING);
    q.purpose = HR_FOR_UPLOAD, q.sink = HR_TO_EXPORT;
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).why, HR_WHY_DENIED);
    q.label.scopes = 1;
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).effect, HR_ALLOW);
    q.label.scopes = 3; /* text of both needs both */
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).effect, HR_DENY);
    q.label.scopes = 0; /* no scope: only `*` */
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).line, 14);
}
T_TEST(untrusted_text_never_chooses) {
    static hr_policy p;
    T_NEED(hr_policy_parse(&p, sample, strlen(sample), NULL) == HR_OK);
    const hr_label user = hr_label_of(HR_SOURCE_USER, 4, 0), web = hr_label_of(HR_SOURCE_WEB, 4, HR_TRUST_APP);
    hr_request q = {0, HR_FOR_TOOL, HR_TO_TOOL, hr_label_join(user, web), HR_USE_DATA, 42, 1, 0};
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).effect, HR_ALLOW); /* an argument */
    q.use = HR_USE_CONTROL;
    const hr_decision asked = hr_decide(&p, &q, NULL, NULL);
    T_CHECK(asked.effect == HR_CONFIRM && asked.why == HR_WHY_CONTROL);
    q.confirmation = asked.token;
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).effect, HR_ALLOW);
    q.binding = 43; /* another recipient: the yes was not for that */
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).effect, HR_CONFIRM);
    q.label = user, q.confirmation = 0;
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).effect, HR_ALLOW);
    q.purpose = HR_FOR_ANSWER; /* a yes does not make a rule */
    q.confirmation = hr_decide(&p, &q, NULL, NULL).token;
    T_EQ_I(hr_decide(&p, &q, NULL, NULL).effect, HR_DENY);
}
/* Whatever bytes a model writes, read as a request: nothing outside the policy is ever allowed. */
T_TEST(any_request_is_safe) {
    static hr_policy p;
    long allowed = 0;
    T_NEED(hr_policy_parse(&p, sample, strlen(sample), NULL) == HR_OK);
    for (int i = 0; i < 1000000; i++) {
        hr_request q = {(int)rnd(6) - 2, (int)rnd(9) - 2, (int)rnd(9) - 2, {rnd(16), rnd(128), rnd(4)},
            (int)rnd(4) - 1, rnd(5), rnd(5), rnd(3)};
        if (rnd(50) == 0) q.subject = (int)(rnd(1u << 31)), q.label.scopes |= (uint64_t)1 << rnd(64);
        if (rnd(50) == 0) q.sink = -(int)rnd(1u << 31), q.purpose = (int)rnd(1u << 31);
        const hr_decision d = hr_decide(&p, &q, NULL, NULL);
        if (d.effect != HR_ALLOW) continue;
        allowed++;
        const bool notes = q.purpose == HR_FOR_TOOL && q.sink == 3 && q.label.scopes == 4;
        const bool up = q.purpose == HR_FOR_UPLOAD && q.sink == HR_TO_EXPORT && !(q.label.scopes & 2);
        if (q.subject != 0 || !(notes || up) || q.label.scopes > 7 || q.label.sources > 63 ||
            (q.use == HR_USE_CONTROL && q.label.trust == HR_TRUST_NONE)) T_FAIL("allowed");
    }
    T_CHECK(allowed > 100);
    T_EQ_I(hr_decide(&p, &(hr_request){0, 0, 0, {8, 0, 0}, 0, 0, 0, 0}, NULL, NULL).why, HR_WHY_UNKNOWN);
}
T_TEST(labels_join) {
    const hr_label none = HR_LABEL_NONE;
    for (int i = 0; i < 1000; i++) {
        const hr_label a = {rnd(999), rnd(64), rnd(3)}, b = {rnd(999), rnd(64), rnd(3)}, c = {rnd(999), rnd(64), rnd(3)};
        const hr_label ab = hr_label_join(a, b), ba = hr_label_join(b, a), l = hr_label_join(ab, c), r =
            hr_label_join(a, hr_label_join(b, c));
        const hr_label an = hr_label_join(a, none), aa = hr_label_join(a, a);
        T_CHECK(!memcmp(&ab, &ba, sizeof ab) && !memcmp(&l, &r, sizeof l) && !memcmp(&an, &a, sizeof a) &&
            !memcmp(&aa, &a, sizeof a));
        T_CHECK((ab.scopes & a.scopes) == a.scopes && ab.trust <= a.trust && ab.trust <= b.trust);
    }
    T_EQ_U(hr_label_of(HR_SOURCE_APP, 0, 0).trust, HR_TRUST_APP);
    T_EQ_U(hr_label_of(HR_SOURCE_FILE, 0, 2).trust, HR_TRUST_NONE);
    T_EQ_U(hr_label_of(HR_SOURCE_MEMORY, 0, 9).trust, HR_TRUST_NONE);
}

/* --- the text ---------------------------------------------------------------------------------------------------------------- */
static void refused(const char *text, const char *where, const char *what) {
    static hr_policy p;
    hr_error err;
    hr_error_clear(&err);
    const hr_status s = hr_policy_parse(&p, text, strlen(text), &err);
    T_CHECK(s != HR_OK && err.status == s && p.n_rules == 0 && p.n_names[HR_NAME_SUBJECT] == 0);
    T_EQ_STR(err.where, where);
    if (!T_CHECK(strstr(err.what, what) != NULL)) printf("    %s\n", err.what);
}
#define HEAD "hearth-policy 1\nversion 1\nsubject a\nscope s\ntool t\n"
T_TEST(refuses_with_line_and_column) {
    refused("", "line 1, column 1", "expected: hearth-policy");
    refused("hearth-policy 2\n", "line 1, column 15", "format 1");
    refused("hearth-policy 1 x\n", "line 1, column 17", "more than");
    refused("hearth-policy 01\n", "line 1, column 15", "not a number");
    refused("hearth-policy 99999999999\n", "line 1, column 15", "not a number");
    refused("hearth-policy 4294967296\n", "line 1, column 15", "below 2^32");
    refused("hearth-policy 1\n", "line 2, column 1", "no version");
    refused("hearth-policy 1\nsubject a\n", "line 2, column 1", "version comes first");
    refused("hearth-policy 1\nversion 1\nversion 1\n", "line 3, column 1", "second version");
    refused("hearth-policy 1\r\nversion 1\n", "line 1, column 16", "control");
    refused(HEAD "subject A\n", "line 6, column 9", "not a name");
    refused(HEAD "subject a\n", "line 6, column 9", "twice");
    refused(HEAD "subject\n", "line 6, column 8", "not a name");
    refused(HEAD "tool screen\n", "line 6, column 6", "taken");
    refused(HEAD "scope q/r\n", "line 6, column 7", "above it is not declared: q/r");
    refused(HEAD "scope s/\n", "line 6, column 7", "not a name");
    refused(HEAD "scope /s\n", "line 6, column 7", "not a name");
    refused(HEAD "scope s//x\n", "line 6, column 7", "not a name");
    refused(HEAD "permit a s\n", "line 6, column 1", "unknown statement: permit");
    refused(HEAD "allow b s for answer to screen\n", "line 6, column 7", "not declared: b");
    refused(HEAD "allow a s, for answer to screen\n", "line 6, column 9", "name is missing");
    refused(HEAD "allow a s,s for answer to screen\n", "line 6, column 9", "twice");
    refused(HEAD "allow a s to answer\n", "line 6, column 11", "expected: for");
    refused(HEAD "allow a s for fun to screen\n", "line 6, column 15", "not declared: fun");
    refused(HEAD "allow a s for answer to\n", "line 6, column 24", "name is missing");
    refused(HEAD "allow a s for answer to screen when\n", "line 6, column 32", "expected 'if'");
    refused(HEAD "allow a s for answer to screen if\n", "line 6, column 34", "condition is missing");
    refused(HEAD "allow a s for answer to screen if luck\n", "line 6, column 35", "expected consent");
    refused(HEAD "allow a s for answer to screen if consent\n", "line 6, column 42", "a number");
    refused(HEAD "allow a s for answer to screen if trusted trusted\n", "line 6, column 43", "twice");
    refused(HEAD "deny a s for answer to screen if trusted\n", "line 6, column 31", "without conditions");
    refused(HEAD "derived d from x for answer\n", "line 6, column 16", "not declared: x");
    refused(HEAD "derived d from d for answer\n", "line 6, column 16", "not declared: d");
    refused(HEAD "derived s from s for answer\n", "line 6, column 16", "both");
    refused(HEAD "allow a s for answer to screen\xff\n", "line 6, column 25", "not declared");
    refused(HEAD "\001\n", "line 6, column 1", "control");
}
T_TEST(limits_of_the_text) {
    static char text[1 << 21];
    static hr_policy p;
    hr_error err;
    strcpy(text, "hearth-policy 1\nversion 1\n");
    for (int i = 0; i < 65; i++) sprintf(text + strlen(text), "subject n%d\n", i);
    refused(text, "line 67, column 9", "too many names");
    strcpy(text, HEAD);
    for (int i = 0; i < 257; i++) strcat(text, "allow a s for answer to screen\n");
    refused(text, "line 262, column 1", "too many rules");
    *strrchr(text, 'a') = 0; /* 256 and an unfinished nothing */
    memset(text, '#', sizeof text);
    T_EQ_I(hr_policy_parse(&p, text, sizeof text, &err), HR_E_LIMIT);
    T_EQ_I(hr_policy_parse(&p, HEAD, strlen(HEAD) - 1, NULL), HR_OK); /* no newline at the end is fine */
    T_EQ_I(hr_policy_id(&p, HR_NAME_SINK, hr_str_of("t")), HR_TO_TOOL);
    T_EQ_I(hr_policy_id(&p, (hr_name_kind)9, hr_str_of("t")), -1);
    T_CHECK(hr_str_is(hr_policy_name(&p, HR_NAME_SINK, 99), "?") && hr_str_is(hr_policy_name(&p, HR_NAME_SCOPE, -1),
        "?"));
    for (int i = 0; i < HR_N_WHYS; i++) T_CHECK(strlen(hr_why_text((hr_why)i)) > 8);
    T_EQ_STR(hr_why_text(HR_N_WHYS), "?");
    T_EQ_STR(hr_consent_text(-1), "?");
    T_EQ_STR(hr_consent_text(2), "the consent was revoked");
}

/* --- the log ------------------------------------------------------------------------------------------------------------------ */
T_TEST(log_counts_and_holds_no_content) {
    static hr_policy p;
    hr_decision_log log;
    hr_decision_record room[4], back;
    uint8_t bytes[HR_DECISION_BYTES];
    T_NEED(hr_policy_parse(&p, sample, strlen(sample), NULL) == HR_OK);
    hr_decision_log_init(&log, room, 4);
    hr_request q = {0, HR_FOR_TOOL, HR_TO_TOOL, {4, HR_SOURCE_WEB, HR_TRUST_NONE}, HR_USE_DATA, 0x5345435245543031u,
        7200000, 0};
    for (int i = 0; i < 10; i++) {
        const hr_decision d = hr_decide(&p, &q, NULL, NULL);
        hr_decision_log_add(&log, &q, &d);
    }
    T_CHECK(log.n == 1 && room[0].count == 10 && room[0].hour == 2 && log.counts[HR_ALLOW][HR_WHY_ALLOWED] == 10);
    hr_decision_encode(&room[0], bytes);
    for (size_t i = 0; i + 4 <= sizeof bytes; i++) T_CHECK(memcmp(bytes + i, "SECR", 4) && memcmp(bytes + i, "RCES", 4));
    hr_cur c = hr_cur_make(bytes, sizeof bytes, 0, NULL);
    T_CHECK(hr_decision_decode(&c, &back) == HR_OK && memcmp(&back, &room[0], sizeof back) == 0);
    for (int i = 0; i < 6; i++) { /* all different: the oldest go */
        q.subject = -1 - i, q.sink = i, q.label.trust = 9;
        const hr_decision d = hr_decide(&p, &q, NULL, NULL);
        hr_decision_log_add(&log, &q, &d);
    }
    T_CHECK(log.n == 4 && log.lost == 3 && log.counts[HR_DENY][HR_WHY_UNKNOWN] == 6);
    hr_decision_encode(&room[0], bytes);
    c = hr_cur_make(bytes, sizeof bytes, 0, NULL);
    T_CHECK(hr_decision_decode(&c, &back) == HR_OK && back.scope == -1 && back.subject == 255);
    for (size_t i = 16; i < 32; i++) { /* a wild byte is refused or a record: never out of range */
        uint8_t bad[HR_DECISION_BYTES];
        memcpy(bad, bytes, sizeof bad);
        bad[i] = 0x7f;
        c = hr_cur_make(bad, sizeof bad, 0, NULL);
        const hr_status s = hr_decision_decode(&c, &back);
        T_EQ_I(s, i < 20 || (i >= 24 && i < 28) ? HR_OK : HR_E_FORMAT);
    }
    c = hr_cur_make(bytes, 31, 0, NULL);
    T_EQ_I(hr_decision_decode(&c, &back), HR_E_FORMAT);
    hr_decision_log_init(&log, NULL, 0);
    const hr_decision d = hr_decide(&p, &q, NULL, NULL);
    hr_decision_log_add(&log, &q, &d);
    T_CHECK(log.lost == 1 && log.n == 0);
}

T_MAIN(T_RUN(random_policies_equal_second_implementation), T_RUN(whole_space_equals_second_implementation),
    T_RUN(decides_a_written_policy),
       T_RUN(untrusted_text_never_chooses), T_RUN(any_request_is_safe), T_RUN(labels_join),
           T_RUN(refuses_with_line_and_column),
       T_RUN(limits_of_the_text), T_RUN(log_counts_and_holds_no_content))
