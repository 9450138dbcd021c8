/* crypto.h: the few primitives that encryption at rest and signatures need, small and constant in time with respect to
 * secrets: no branch and no index depends on one (Argon2id's second half excepted, by its definition). */
#ifndef HR_CRYPTO_H
#define HR_CRYPTO_H
#include "engine/base/base.h"

HR_PRIVATE void hr_wipe(void *p, size_t n); /* zeros that the compiler must keep */
HR_PRIVATE bool hr_same_secret(const void *a, const void *b, size_t n);

/* --- ChaCha20, Poly1305 and their AEAD (RFC 8439; XChaCha: draft-irtf-cfrg-xchacha-03) ----------------------------- */
typedef struct hr_chacha {
    uint32_t in[16];
    uint8_t pad[64];         /* key stream of the block under way */
    uint32_t used;           /* bytes of pad that are gone; 64: none left */
} hr_chacha;
typedef struct hr_poly {
    uint32_t r[5], h[5], s[4];
    uint8_t part[16];
    uint32_t n_part;
} hr_poly;

HR_PRIVATE void hr_chacha_init(hr_chacha *c, const uint8_t key[32], const uint8_t nonce[12], uint32_t counter);
HR_PRIVATE void hr_chacha_xor(hr_chacha *c, const uint8_t *in, uint8_t *out, size_t n); /* in == out is fine */
HR_PRIVATE void hr_hchacha(const uint8_t key[32], const uint8_t nonce[16], uint8_t out[32]);
HR_PRIVATE void hr_poly_init(hr_poly *p, const uint8_t key[32]);
HR_PRIVATE void hr_poly_add(hr_poly *p, const void *data, size_t n);
HR_PRIVATE void hr_poly_end(hr_poly *p, uint8_t tag[16]);

/* piece by piece: begin, then text (encrypt), or mac and text apart (decrypt), then end */
typedef struct hr_aead {
    hr_chacha chacha;
    hr_poly poly;
    uint64_t n_ad, n_text;
} hr_aead;
HR_PRIVATE void hr_aead_begin(hr_aead *a, const uint8_t key[32], const uint8_t *nonce, size_t n_nonce /* 12 or 24 */,
                              const void *ad, size_t n_ad);
HR_PRIVATE void hr_aead_encrypt(hr_aead *a, const void *in, uint8_t *out, size_t n);
HR_PRIVATE void hr_aead_mac(hr_aead *a, const void *sealed, size_t n);
HR_PRIVATE void hr_aead_end(hr_aead *a, uint8_t tag[16]); /* wipes a */
/* XChaCha20-Poly1305 at once. open: false and out wiped when it is not genuine. in == out is fine. */
HR_PRIVATE void hr_seal(const uint8_t key[32], const uint8_t nonce[24], const void *ad, size_t n_ad, const void *in,
                        uint8_t *out, size_t n, uint8_t tag[16]);
HR_PRIVATE bool hr_unseal(const uint8_t key[32], const uint8_t nonce[24], const void *ad, size_t n_ad, const void *in,
                          uint8_t *out, size_t n, const uint8_t tag[16]);

/* --- hashes -------------------------------------------------------------------------------------------------------- */
typedef struct hr_blake2b {
    uint64_t h[8], count;
    uint8_t part[128];
    uint32_t n_part, n_out;
} hr_blake2b;
HR_PRIVATE void hr_blake2b_init(hr_blake2b *b, size_t n_out /* 1...64 */, const void *key, size_t n_key /* 0...64 */);
HR_PRIVATE void hr_blake2b_add(hr_blake2b *b, const void *data, size_t n);
HR_PRIVATE void hr_blake2b_end(hr_blake2b *b, uint8_t *out);

typedef struct hr_sha2 {     /* SHA-256 and SHA-512 */
    uint64_t h[8], count;
    uint8_t part[128];
    uint32_t n_part;
    bool wide;
} hr_sha2;
HR_PRIVATE void hr_sha2_init(hr_sha2 *s, bool wide);
HR_PRIVATE void hr_sha2_add(hr_sha2 *s, const void *data, size_t n);
HR_PRIVATE void hr_sha2_end(hr_sha2 *s, uint8_t *out); /* [wide ? 64 : 32]; wipes s */
typedef struct hr_hmac {
    hr_sha2 inner, outer;
} hr_hmac;
HR_PRIVATE void hr_hmac_init(hr_hmac *m, bool wide, const void *key, size_t n_key);
HR_PRIVATE void hr_hmac_add(hr_hmac *m, const void *data, size_t n);
HR_PRIVATE void hr_hmac_end(hr_hmac *m, uint8_t *out);
/* HKDF (RFC 5869). false: n above 255 hashes */
HR_PRIVATE bool hr_hkdf(bool wide, const void *salt, size_t n_salt, const void *key, size_t n_key, const void *info,
                        size_t n_info, uint8_t *out, size_t n);

/* Argon2 (RFC 9106). work: kib * 1024 bytes, aligned to 8, wiped at the end. kib at least 8 * lanes. */
typedef struct hr_argon2 {
    uint32_t kind;           /* 0 d, 1 i, 2 id */
    uint32_t kib, passes, lanes;
    const void *password, *salt, *key, *ad;
    uint32_t n_password, n_salt, n_key, n_ad;
} hr_argon2;
HR_PRIVATE bool hr_argon2_run(const hr_argon2 *a, void *work, uint8_t *out, uint32_t n); /* false: parameters */

/* --- Ed25519 (RFC 8032). secret: seed and public key, as hr_ed25519_public makes the latter from the former ------------- */
HR_PRIVATE void hr_ed25519_public(const uint8_t seed[32], uint8_t pub[32]);
HR_PRIVATE void hr_ed25519_sign(const uint8_t seed[32], const uint8_t pub[32], const void *m, size_t n, uint8_t sig[64]);
/* the strict equation, without the cofactor; S below the order */
HR_PRIVATE bool hr_ed25519_verify(const uint8_t pub[32], const void *m, size_t n, const uint8_t sig[64]);
#endif
