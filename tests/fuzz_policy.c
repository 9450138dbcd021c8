/* fuzz_policy: any bytes as a policy; what is read decides, names, purges and logs without leaving its tables. */
#include <stdlib.h>
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static bool some_consent(void *ctx, hr_str subject, hr_str scope, int purpose, hr_consent *out) {
    const uint8_t b = *(const uint8_t *)ctx;
    if (!subject.size || (scope.size && !hr_utf8_valid(scope.data, scope.size)) || purpose < 0) abort();
    *out = (hr_consent){b & 3, b & 4 ? 9 : 0, b >> 4, b >> 3 & 1};
    return b & 64;
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static hr_policy p;
    hr_error err;
    hr_error_clear(&err);
    const hr_status status = hr_policy_parse(&p, data, size, &err);
    if (status != HR_OK && (!err.what[0] || !err.where[0] || err.offset > size || p.n_rules)) abort();
    hr_decision_record room[3], back;
    hr_decision_log log;
    hr_decision_log_init(&log, room, 3);
    for (size_t i = 0; i < 200; i++) {
        const uint8_t b = size ? data[(i * 31 + 16) % size] : 0;
        hr_request q = {b % 5 - 1, (int)(i % 7) - 1, (int)(i % 9) - 1, {(uint64_t)b * b * i, b & 63, b % 3}, i & 1,
            b, i, 0};
        hr_decision d = hr_decide(&p, &q, some_consent, (void *)&b);
        q.confirmation = d.token;
        d = hr_decide(&p, &q, some_consent, (void *)&b);
        if (status != HR_OK && d.effect != HR_DENY) abort();
        if (d.effect == HR_ALLOW && (d.line == 0 || d.why != HR_WHY_ALLOWED)) abort();
        hr_decision_log_add(&log, &q, &d);
        (void)hr_policy_purge(&p, (int)b % 66 - 1, (int)(i % 8) - 1);
    }
    hr_cur c = hr_cur_make(data, size, 0, NULL);
    while (hr_decision_decode(&c, &back) == HR_OK) {
        uint8_t again[HR_DECISION_BYTES];
        hr_decision_encode(&back, again);
    }
    return 0;
}
