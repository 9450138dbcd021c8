/* decision_log.h: what was decided, without content: ids and numbers of fixed width, no field that could hold text.
 *
 * A record is 32 bytes, little-endian; a file of them, appended by the host, is a log:
 *     u32 seconds / 3600 since 1970 (hours,
     no finer)   u32 policy version   u32 rule line   u32 how many times (1 at first)
 *     u8 subject  u8 purpose  u8 sink  u8 use   i8 scope  u8 effect  u8 why  u8 consent   u32 sources   u32 trust | "HDL" << 8
 * Equal decisions of one hour are one record with a count. */
#ifndef HR_POLICY_DECISION_LOG_H
#define HR_POLICY_DECISION_LOG_H
#include "policy/permission.h"

enum { HR_DECISION_BYTES = 32 };
typedef struct hr_decision_record {
    uint32_t hour, version, line, count, sources, trust;
    int subject, purpose, sink, use, scope, effect, why, consent;
} hr_decision_record;
typedef struct hr_decision_log {
    hr_decision_record *records; /* [cap]; the caller's; when full the oldest goes */
    size_t cap, n, next;
    uint64_t lost;               /* records that made room */
    uint64_t counts[3][HR_N_WHYS]; /* by effect and reason: of everything, lost ones too */
} hr_decision_log;

HR_PRIVATE void hr_decision_log_init(hr_decision_log *log, hr_decision_record *records, size_t cap);
HR_PRIVATE void hr_decision_log_add(hr_decision_log *log, const hr_request *request, const hr_decision *decision);
HR_PRIVATE void hr_decision_encode(const hr_decision_record *record, uint8_t out[HR_DECISION_BYTES]);
/* HR_E_FORMAT when it is not a record: a value out of range, or no mark */
HR_PRIVATE hr_status hr_decision_decode(hr_cur *cur, hr_decision_record *out);
#endif
