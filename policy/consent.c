/* consent.c: does one record hold now? */
#include "policy/consent.h"

HR_SMALL_BEGIN

int hr_consent_judge(const hr_consent *c, uint32_t version, uint64_t now_ms) {
    if (c->revoked) return HR_CONSENT_REVOKED;
    if (c->version < version) return HR_CONSENT_OLD;
    if (now_ms < c->given_ms) return HR_CONSENT_EARLY;
    if (c->expires_ms != 0 && now_ms >= c->expires_ms) return HR_CONSENT_EXPIRED;
    return HR_CONSENT_OK;
}

HR_SMALL_END
