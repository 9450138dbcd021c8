/* consent.h: what the user agreed to. Records live in the caller's store; this is the shape of one,
    and of the question. */
#ifndef HR_POLICY_CONSENT_H
#define HR_POLICY_CONSENT_H
#include "engine/base/base.h"

typedef struct hr_consent {
    uint64_t given_ms;   /* Unix; holds from here on */
    uint64_t expires_ms; /* no longer valid from here on; 0: never */
    uint32_t version;    /* of the words that the user agreed to */
    uint32_t revoked;    /* 1: taken back: no clock is asked */
} hr_consent;

/* Fills *out and returns true when there is a record for exactly this subject, scope ("" is the whole of it) and purpose.
 * Asked at every decision that depends on it, so a revocation holds from the next call on. Names are the policy's. */
typedef bool hr_consent_find(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out);

/* Why a consent does not hold. */
enum {
    HR_CONSENT_OK = 0,
    HR_CONSENT_MISSING,
    HR_CONSENT_REVOKED,
    HR_CONSENT_OLD,     /* of an older version than the rule asks for */
    HR_CONSENT_EARLY,   /* given later than now: a clock was set back */
    HR_CONSENT_EXPIRED
};
HR_PRIVATE int hr_consent_judge(const hr_consent *c, uint32_t version, uint64_t now_ms);
#endif
