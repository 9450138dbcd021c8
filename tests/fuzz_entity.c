/* fuzz_entity: any bytes as a number, an account, a wallet: judged without leaving the text, and as folded text by
 * every finder that is asked there. */
#include <stdlib.h>
#include "tests/entity_finders.h"

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
        if (!ask_entity_finders((const uint8_t *)text, size, at > 160 ? at - 160 : 0, at)) abort();
    }
    free(text);
    return 0;
}
