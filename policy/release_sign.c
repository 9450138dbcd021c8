/* release_sign.c: what the publisher's side needs: the line that signs a text. */
#include "engine/base/crypto.h"
#include "policy/release_parse.h"
HR_SMALL_BEGIN

static char *put_release_hex(char *p, const uint8_t *b, size_t n) {
    for (size_t i = 0; i < 2 * n; i++) *p++ = "0123456789abcdef"[b[i / 2] >> (i % 2 ? 0 : 4) & 15];
    return p;
}
/* Nothing is signed but a root or a manifest that a device would read. */
hr_status hr_release_sign(const uint8_t seed[32], const void *text, size_t n, char line[HR_RELEASE_LINE + 1], hr_error *err) {
    uint8_t pub[32], sig[64];
    char whole[HR_RELEASE_BYTES + HR_RELEASE_LINE], *p = line;
    const char *t = (const char *)text;
    hr_release_signed by;
    memset(line, 0, HR_RELEASE_LINE + 1);
    hr_ed25519_public(seed, pub);
    if (text == NULL) {
        memcpy(p, "key ", 4);
        put_release_hex(p + 4, pub, 32);
        return HR_OK;
    }
    if (n > HR_RELEASE_BYTES) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "release", "the text is too large");
    size_t body = 0;
    while (body < n && (n - body < 5 || (body && t[body - 1] != '\n') || memcmp(t + body, "sign ", 5) != 0)) body++;
    hr_ed25519_sign(seed, pub, text, body, sig);
    memcpy(p, "sign ", 5);
    p = put_release_hex(p + 5, pub, 32);
    *p++ = ' ';
    *put_release_hex(p, sig, 64) = '\n';
    memcpy(whole, text, n);
    memcpy(whole + n, line, HR_RELEASE_LINE);
    const size_t end = n + HR_RELEASE_LINE;
    union { hr_release_root root; hr_release release; } u;
    const hr_status status = n > 12 && memcmp(t, "hearth-root ", 12) == 0
        ? hr_release_parse_root(whole, end, &u.root, &by, err) : hr_release_parse(whole, end, &u.release, &by, err);
    if (status != HR_OK) memset(line, 0, HR_RELEASE_LINE + 1);
    return status;
}
/* No signature is asked: only the text accepted last has the hash that a state remembers. */
hr_status hr_release_read(const void *text, size_t n, hr_release *m, hr_error *err) {
    hr_release_signed by;
    return hr_release_parse(text, n, m, &by, err);
}
HR_SMALL_END
