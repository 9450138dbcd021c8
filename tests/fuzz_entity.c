/* fuzz_entity: any bytes as a number, an account, a wallet: judged without leaving the text, and the same again. */
#include <stdlib.h>
#include "policy/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 512) return 0;
    char *text = (char *)malloc(size + 1); /* its own block, so that a byte too far is seen */
    if (!text) return 0;
    if (size > 0) memcpy(text, data, size);
    int valid = hr_card_valid(text, size) + hr_iban_valid(text, size) + hr_wallet_valid(text, size);
    for (int i = -1; i <= hr_id_schemes(); i++) {
        bool ok = hr_id_valid(i, text, size);
        if (ok && (i < 0 || !hr_id_scheme_name(i)[0] || size == 0)) abort();
        valid += ok;
    }
    if (valid != 0 && size < 5) abort();
    for (size_t at = 0; at < size; at++) {
        const uint8_t c = (uint8_t)text[at];
        hr_view v = {(const uint8_t *)text, 0, size, at > 160 ? at - 160 : 0, at, true, NULL};
        hr_match m;
        hr_find_fn *const finders[] = {hr_find_wallet, hr_find_card, hr_find_iban, hr_find_phone, hr_find_id, hr_find_key};
        if (!hr_is_digit(c) || (at > 0 && hr_is_digit(data[at - 1]))) continue;
        for (size_t k = 0; k < HR_COUNT(finders); k++) {
            memset(&m, 0, sizeof m);
            if (finders[k](&v, &m) && (m.begin < v.first || m.end > size || m.begin >= m.end || !m.entity)) abort();
        }
    }
    free(text);
    return 0;
}
