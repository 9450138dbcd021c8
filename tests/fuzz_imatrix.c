/* fuzz_imatrix.c: any bytes as an importance matrix: an error or values, within bounds. */
#include "engine/imatrix.h"
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hr_imatrix im;
    hr_error err;
    static float v[1 << 12];
    hr_error_clear(&err);
    if (hr_imatrix_parse(&im, data, size, NULL, &err) != HR_OK) return 0;
    for (size_t i = 0; i < im.n; i++) {
        const hr_imatrix_entry *e = &im.entries[i];
        size_t k = e->n / e->n_mats;
        if (k <= sizeof v / sizeof v[0]) hr_imatrix_values(e, k, e->n_mats - 1, e->n_mats, v);
    }
    hr_imatrix_close(&im);
    return 0;
}
