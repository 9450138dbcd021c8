/* policy.h: the policy plane for those above it: what the model may see, and what may leave. Knows engine/base only. */
#ifndef HR_POLICY_H
#define HR_POLICY_H
#include "policy/decision_log.h"
#include "policy/metrics.h"
#include "policy/permission.h"
#include "policy/redact.h"
#include "policy/release.h"
#include "policy/upload.h"
#endif
