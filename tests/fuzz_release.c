/* fuzz_release.c: any bytes as root, manifest and state: errors with a place, no state changed by what was refused. */
#include <stdlib.h>
#include "policy/release_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static bool is_bare(const hr_error *e, size_t size) { return !e->what[0] || !e->where[0] || e->offset > size; }
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hr_release_root root;
    hr_release m;
    hr_release_signed by;
    hr_release_state s, was;
    hr_error err;
    hr_error_clear(&err);
    if (hr_release_parse_root(data, size, &root, &by, &err) != HR_OK && is_bare(&err, size)) abort();
    hr_error_clear(&err);
    if (hr_release_parse(data, size, &m, &by, &err) != HR_OK && is_bare(&err, size)) abort();
    const hr_release_device device = {1, "0123456789abcdef", 16};
    hr_release_verdict verdict;
    int slot;
    if (hr_release_load(&s, data, size, NULL) != HR_OK) memset(&s, 0, sizeof s);
    was = s;
    if (hr_release_accept(&s, data, size, &device, 1, &m, &verdict, &slot, NULL) != HR_OK && memcmp(&s, &was, sizeof s)) abort();
    if (hr_release_rotate(&s, data, size, 1, NULL) == HR_OK && was.root.version == 0) abort();
    return 0;
}
