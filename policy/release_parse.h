/* release_parse.h: the text of roots and manifests; signatures are collected here and judged in release.c. */
#ifndef HR_POLICY_RELEASE_PARSE_H
#define HR_POLICY_RELEASE_PARSE_H
#include "policy/release.h"

typedef struct hr_release_signed {
    size_t n_body;
    uint32_t n;
    uint8_t key[HR_RELEASE_KEYS][32], signature[HR_RELEASE_KEYS][64];
} hr_release_signed;
HR_PRIVATE hr_status hr_release_parse_root(const void *text, size_t n, hr_release_root *root, hr_release_signed *by,
                                            hr_error *err);
HR_PRIVATE hr_status hr_release_parse(const void *text, size_t n, hr_release *m, hr_release_signed *by, hr_error *err);
#endif
