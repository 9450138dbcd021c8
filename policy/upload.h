/* upload.h: the only text that may leave the device. An upload is made by the redactor under a decision that allows it: it
 * cannot be made from text, nor from bytes that were redacted elsewhere, and its bytes can be had only once it is sealed.
 * The decision is asked again at every step, so that a consent revoked in between stops it. */
#ifndef HR_POLICY_UPLOAD_H
#define HR_POLICY_UPLOAD_H
#include "policy/permission.h"
#include "policy/redact.h"

typedef struct hr_upload hr_upload;
typedef struct hr_upload_door { /* who decides; all of it stays the caller's until close */
    const hr_policy *policy;
    hr_request request;         /* purpose HR_FOR_UPLOAD, else HR_E_ARG; now_ms as of the step: hr_upload_add, _seal */
    hr_consent_find *find;
    void *ctx;
} hr_upload_door;

/* c: as for a redactor; emit must be NULL, only URLs may be kept. capacity: most bytes of the redacted text.
 * Returns HR_OK | HR_E_DENIED with the reason, before anything is read | HR_E_ARG | HR_E_MEMORY */
HR_PRIVATE hr_status hr_upload_init(const hr_upload_door *door, const hr_redact_config *c, size_t capacity, hr_arena *arena,
                                    hr_upload **out, hr_error *err);
/* After any error but HR_E_ARG the upload is void: what it holds is wiped, it can only be closed. */
HR_PRIVATE hr_status hr_upload_add(hr_upload *u, uint64_t now_ms, const void *text, size_t n, hr_error *err);
HR_PRIVATE hr_status hr_upload_seal(hr_upload *u, uint64_t now_ms, hr_error *err);
/* NULL before it is sealed and after it is void */
HR_PRIVATE const void *hr_upload_bytes(const hr_upload *u, size_t *n);
HR_PRIVATE hr_decision hr_upload_decision(const hr_upload *u);  /* the last one */
HR_PRIVATE uint64_t hr_upload_findings(const hr_upload *u);     /* how many matches were replaced: a number, no text */
HR_PRIVATE void hr_upload_void(hr_upload *u);                   /* wipes */
#endif
