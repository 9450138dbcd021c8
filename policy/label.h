/* label.h: where text came from. A label travels with text through retrieval, prompt, output and tool arguments; what is
 * made of several texts carries the join of their labels: every source, every scope, the least trust.
 * Join is commutative, associative and idempotent, and never loses a scope or gains trust. */
#ifndef HR_POLICY_LABEL_H
#define HR_POLICY_LABEL_H
#include "engine/base/base.h"

enum { /* where text entered */
    HR_SOURCE_APP = 1 << 0,    /* the app's own words: templates, settings */
    HR_SOURCE_USER = 1 << 1,   /* typed or spoken by the user */
    HR_SOURCE_MEMORY = 1 << 2, /* the user's store */
    HR_SOURCE_TOOL = 1 << 3,   /* a tool's result */
    HR_SOURCE_WEB = 1 << 4,
    HR_SOURCE_FILE = 1 << 5,   /* a document or message that somebody else may have written */
    HR_SOURCE_ALL = 0x3f
};
/* Untrusted text may fill a data argument; it never chooses a tool, a sink or a recipient unconfirmed. */
enum { HR_TRUST_NONE = 0, HR_TRUST_USER = 1, HR_TRUST_APP = 2 };

typedef struct hr_label {
    uint64_t scopes;  /* bits: ids of the policy's scopes; 0: no scope, which only a rule for `*` covers */
    uint32_t sources; /* HR_SOURCE_* */
    uint32_t trust;   /* HR_TRUST_*: of the least trusted part */
} hr_label;

#define HR_LABEL_NONE {0, 0, HR_TRUST_APP} /* the empty text: neutral in a join */

HR_INLINE hr_label hr_label_join(hr_label a, hr_label b) {
    hr_label out = {a.scopes | b.scopes, a.sources | b.sources, a.trust < b.trust ? a.trust : b.trust};
    return out;
}
/* Text that entered from one source. Memory keeps the trust that its text had; give it as `kept`. */
HR_INLINE hr_label hr_label_of(uint32_t source, uint64_t scopes, uint32_t kept) {
    hr_label out = {scopes, source, HR_TRUST_NONE};
    if (source == HR_SOURCE_APP) out.trust = HR_TRUST_APP;
    if (source == HR_SOURCE_USER) out.trust = HR_TRUST_USER;
    if (source == HR_SOURCE_MEMORY) out.trust = kept <= HR_TRUST_APP ? kept : (uint32_t)HR_TRUST_NONE;
    return out;
}
#endif
