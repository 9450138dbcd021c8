/* permission.h: may this subject use data with this label for this purpose in this sink? A pure function of the policy,
 * the request and the consents that the caller's store gives; default deny; no allocation, no clock, no state.
 *
 * Policy text, one statement a line, `#` starts a comment, names are [a-z0-9._-] joined by `/` in scopes:
 *
 *     hearth-policy 1                          first line: the format
 *     version 7                                of this policy; in every decision and log record
 *     subject assistant                        who asks
 *     scope calendar                           what is asked for; a parent comes before its children
 *     scope calendar/work
 *     tool mail.send                           a sink of its own
 *     derived calendar.index from calendar for answer,personalise     what a revoked consent purges; `from` may name
 *     derived week.summary from calendar.index for answer             a scope or an earlier derived thing
 *     allow assistant calendar for answer to screen,prompt if consent 2
 *     allow * calendar/work for tool to mail.send if confirm trusted
 *     deny * calendar/work for upload,telemetry to *
 *
 * A rule for a scope holds for everything below it; `*` is every subject, scope (also none),
     purpose or sink. Deny wins over
 * every allow, wherever it stands. `consent N`: a record for the subject,
     the purpose and the scope or the nearest scope above
 * that has one, of words of version N or later,
     must hold. `trusted`: no untrusted part. `confirm`: the host confirms this
 * very request. Text with several scopes needs all of them. */
#ifndef HR_POLICY_PERMISSION_H
#define HR_POLICY_PERMISSION_H
#include "engine/base/base.h"
#include "policy/consent.h"
#include "policy/label.h"

enum { HR_POLICY_NAMES = 64, HR_POLICY_RULES = 256, HR_POLICY_NAME_BYTES = 63, HR_POLICY_TEXT = 8192,
    HR_POLICY_BYTES = 1 << 20 };

typedef enum { HR_FOR_ANSWER, HR_FOR_PERSONALISE, HR_FOR_TOOL, HR_FOR_TELEMETRY, HR_FOR_UPLOAD,
    HR_N_PURPOSES } hr_purpose;
/* sinks: these three, then the tools of the policy in its order */
enum { HR_TO_SCREEN, HR_TO_PROMPT, HR_TO_EXPORT, HR_TO_TOOL };
typedef enum { HR_NAME_SUBJECT, HR_NAME_SCOPE, HR_NAME_SINK, HR_NAME_DERIVED, HR_NAME_PURPOSE,
    HR_N_NAME_KINDS } hr_name_kind;

typedef struct hr_rule {
    uint64_t subjects, scopes, sinks; /* bits */
    uint32_t line;
    uint32_t consent;  /* version of the words, when ask & HR_IF_CONSENT */
    uint8_t purposes;  /* bits */
    uint8_t deny, any_scope, ask;
} hr_rule;
enum { HR_IF_CONSENT = 1, HR_IF_CONFIRM = 2, HR_IF_TRUSTED = 4 };

typedef struct hr_derived {
    uint64_t scopes;   /* directly or through what it is made of */
    uint8_t purposes;
} hr_derived;

/* A parsed policy: flat, without pointers; may be copied and kept anywhere. About 33 KB. */
typedef struct hr_policy {
    uint32_t version;
    uint32_t n_rules;
    uint32_t n_names[HR_N_NAME_KINDS];                       /* sinks: HR_TO_TOOL + tools */
    uint16_t name_at[HR_NAME_DERIVED + 1][HR_POLICY_NAMES];  /* into text, NUL-terminated */
    int8_t parent[HR_POLICY_NAMES];                          /* of scopes; -1: none */
    hr_derived derived[HR_POLICY_NAMES];
    hr_rule rules[HR_POLICY_RULES];
    /* bits of the rules for a subject, scope (the last: without one), sink, derived (unused), purpose */
    uint64_t rules_of[HR_N_NAME_KINDS][HR_POLICY_NAMES + 1][HR_POLICY_RULES / 64];
    uint32_t n_text;
    char text[HR_POLICY_TEXT];
} hr_policy;

/* Strict: an unknown word, an undeclared or doubled name, a trailing blank word: HR_E_FORMAT or HR_E_LIMIT with "line L,
 * column C" and the byte. On failure *policy denies everything. */
HR_PRIVATE hr_status hr_policy_parse(hr_policy *policy, const void *text, size_t n, hr_error *err);
HR_PRIVATE int hr_policy_id(const hr_policy *policy, hr_name_kind kind, hr_str name); /* -1: no such name */
HR_PRIVATE hr_str hr_policy_name(const hr_policy *policy, hr_name_kind kind, int id); /* "?" when there is none */

enum { HR_USE_DATA = 0, HR_USE_CONTROL = 1 }; /* the text fills an argument; or it chooses the tool, sink or recipient */
typedef struct hr_request {
    int subject, purpose, sink; /* ids; out of range is denied */
    hr_label label;             /* of the data */
    int use;                    /* HR_USE_* */
    uint64_t binding;           /* the caller's hash of what a confirmation shows: tool, recipient, arguments */
    uint64_t now_ms;            /* Unix */
    uint64_t confirmation;      /* decision.token of this same request, after the user said yes; 0: none */
} hr_request;

typedef enum { HR_DENY = 0, HR_CONFIRM = 1, HR_ALLOW = 2 } hr_effect;
typedef enum {
    HR_WHY_UNKNOWN = 0,   /* a subject, scope, purpose or sink that the policy does not have */
    HR_WHY_DENIED,        /* by the rule at `line` */
    HR_WHY_NO_RULE,       /* nothing allows it */
    HR_WHY_TRUST,         /* the rule at `line` would, for trusted text */
    HR_WHY_CONSENT,       /* ... with a consent; `consent` says what is wrong with it */
    HR_WHY_CONFIRM,       /* ... with a confirmation */
    HR_WHY_CONTROL,       /* the rule at `line` allows it, but untrusted text may not choose unconfirmed */
    HR_WHY_ALLOWED,       /* by the rule at `line` */
    HR_N_WHYS
} hr_why;
typedef struct hr_decision {
    hr_effect effect;
    hr_why why;
    int consent;          /* HR_CONSENT_* */
    int scope;            /* the scope that decided; -1: none */
    uint32_t line;        /* of the rule that decided; 0: none */
    uint32_t version;     /* of the policy */
    uint64_t token;       /* what a confirmation of this request must carry; never 0 */
} hr_decision;

/* find NULL: there are no consents. Cost: one pass over the rules and one question for each consent it depends on. */
HR_PRIVATE hr_decision hr_decide(const hr_policy *policy, const hr_request *request, hr_consent_find *find, void *ctx);
HR_PRIVATE const char *hr_why_text(hr_why why);
HR_PRIVATE const char *hr_consent_text(int consent);
/* What to purge when the consent for a scope (-1: all) and purpose (-1: all) was revoked: bits over HR_NAME_DERIVED. */
HR_PRIVATE uint64_t hr_policy_purge(const hr_policy *policy, int scope, int purpose);
#endif
