/* engine/base/crypto against Wycheproof and Monocypher's vectors (shared data), and against vectors of the RFCs that are
 * written down here, so that a clone without the data is tested, too. */
#include "tests/t.h"
#include "engine/base/crypto.h"
#include "tools/json.c"

static size_t unhex(hr_str s, uint8_t *out, size_t cap) {
    size_t n = s.size / 2;
    if (n > cap) { T_FAIL("%zu bytes, room for %zu", n, cap); return 0; }
    for (size_t i = 0; i < n; i++) {
        unsigned v = 0;
        for (int k = 0; k < 2; k++) {
            char c = s.data[2 * i + (size_t)k];
            v = v * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
        }
        out[i] = (uint8_t)v;
    }
    return n;
}
static size_t hex(const char *s, uint8_t *out, size_t cap) { return unhex((hr_str){s, strlen(s)}, out, cap); }
static size_t field(const json_node *o, const char *name, uint8_t *out, size_t cap) {
    hr_str s;
    return json_str(json_get(o, name), &s) ? unhex(s, out, cap) : 0;
}
static char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(*n + 1);
    if (p && fread(p, 1, *n, f) != *n) *n = 0;
    if (p) p[*n] = 0;
    fclose(f);
    return p;
}

/* --- Wycheproof ---------------------------------------------------------------------------------------------------- */
typedef void wyche_case(const json_node *group, const json_node *test, bool valid, int64_t id);
static void wycheproof(const char *file, wyche_case *run) {
    size_t n;
    json_doc d;
    hr_error err;
    const char *path = t_data(file);
    if (!path) T_SKIP("no data");
    char *text = slurp(path, &n);
    memset(&d, 0, sizeof d);
    T_NEED(text && json_parse(&d, file, text, n, &err) == HR_OK);
    const json_node *root = json_root(&d), *groups = json_get(root, "testGroups");
    int64_t want = 0, seen = 0, id = 0;
    T_CHECK(json_int(json_get(root, "numberOfTests"), &want) && want > 0);
    for (const json_node *g = json_first(groups); g; g = json_next(groups, g)) {
        const json_node *tests = json_get(g, "tests");
        for (const json_node *t = json_first(tests); t; t = json_next(tests, t), seen++) {
            T_CHECK(json_int(json_get(t, "tcId"), &id));
            run(g, t, json_is_str(json_get(t, "result"), "valid"), id);
        }
    }
    T_EQ_I(seen, want);
    json_free(&d);
}
static void aead_case(const json_node *g, const json_node *t, bool valid, int64_t id) {
    static uint8_t key[64], iv[64], ad[4096], msg[4096], ct[4096], tag[64], out[4096];
    size_t n_key = field(t, "key", key, 64), n_iv = field(t, "iv", iv, 64), n_ad = field(t, "aad", ad, 4096);
    size_t n = field(t, "msg", msg, 4096), n_ct = field(t, "ct", ct, 4096), n_tag = field(t, "tag", tag, 64);
    int64_t iv_bits = 0;
    json_int(json_get(g, "ivSize"), &iv_bits);
    if ((n_iv != 12 && n_iv != 24) || n_key != 32 || n_tag != 16) { /* sizes that our interface cannot even say */
        T_CHECK(!valid);
        return;
    }
    hr_aead a;
    uint8_t got[16];
    hr_aead_begin(&a, key, iv, n_iv, ad, n_ad);
    hr_chacha stream = a.chacha;
    for (size_t i = 0; i < n_ct; i += 37) hr_aead_mac(&a, ct + i, n_ct - i < 37 ? n_ct - i : 37);
    hr_aead_end(&a, got);
    bool genuine = hr_same_secret(got, tag, 16);
    if (genuine != valid) T_FAIL("case %lld: %d, %d wanted", (long long)id, genuine, valid);
    if (n_iv == 24) T_CHECK(hr_unseal(key, iv, ad, n_ad, ct, out, n_ct, tag) == valid);
    if (!valid) return;
    hr_chacha_xor(&stream, ct, out, n_ct);
    T_EQ_U(n, n_ct);
    T_EQ_MEM(out, msg, n);
    hr_aead_begin(&a, key, iv, n_iv, ad, n_ad);
    for (size_t i = 0; i < n; i += 29) hr_aead_encrypt(&a, msg + i, out + i, n - i < 29 ? n - i : 29);
    hr_aead_end(&a, got);
    T_EQ_MEM(out, ct, n);
    T_EQ_MEM(got, tag, 16);
}
static bool hmac_wide;
static void hmac_case(const json_node *g, const json_node *t, bool valid, int64_t id) {
    static uint8_t key[256], msg[4096], tag[64], got[64];
    int64_t bits = 0;
    size_t n_key = field(t, "key", key, 256), n = field(t, "msg", msg, 4096), n_tag = field(t, "tag", tag, 64);
    T_CHECK(json_int(json_get(g, "tagSize"), &bits) && n_tag == (size_t)bits / 8);
    hr_hmac m;
    hr_hmac_init(&m, hmac_wide, key, n_key);
    hr_hmac_add(&m, msg, n / 3);
    hr_hmac_add(&m, msg + n / 3, n - n / 3);
    hr_hmac_end(&m, got);
    if (hr_same_secret(got, tag, n_tag) != valid) T_FAIL("case %lld", (long long)id);
}
static void hkdf_case(const json_node *g, const json_node *t, bool valid, int64_t id) {
    static uint8_t ikm[256], salt[256], info[256], okm[9000], got[9000];
    int64_t size = 0;
    (void)g;
    size_t n_ikm = field(t, "ikm", ikm, 256), n_salt = field(t, "salt", salt, 256), n_info = field(t, "info", info, 256);
    size_t n = field(t, "okm", okm, sizeof okm);
    T_CHECK(json_int(json_get(t, "size"), &size));
    bool ok = size <= (int64_t)sizeof got && hr_hkdf(false, salt, n_salt, ikm, n_ikm, info, n_info, got, (size_t)size);
    if (ok != valid || (ok && (n != (size_t)size || memcmp(got, okm, n) != 0))) T_FAIL("case %lld", (long long)id);
}
static void ed_case(const json_node *g, const json_node *t, bool valid, int64_t id) {
    static uint8_t pk[64], msg[4096], sig[256];
    const json_node *key = json_get(g, "publicKey");
    size_t n = field(t, "msg", msg, 4096), n_sig = field(t, "sig", sig, 256);
    T_EQ_U(field(key, "pk", pk, 64), 32);
    if (n_sig != 64) { T_CHECK(!valid); return; }
    if (hr_ed25519_verify(pk, msg, n, sig) != valid) T_FAIL("case %lld", (long long)id);
}
T_TEST(wycheproof_chacha20_poly1305) { wycheproof("security/wycheproof/chacha20_poly1305_test.json", aead_case); }
T_TEST(wycheproof_xchacha20_poly1305) { wycheproof("security/wycheproof/xchacha20_poly1305_test.json", aead_case); }
T_TEST(wycheproof_hmac_sha256) { hmac_wide = false; wycheproof("security/wycheproof/hmac_sha256_test.json", hmac_case); }
T_TEST(wycheproof_hmac_sha512) { hmac_wide = true; wycheproof("security/wycheproof/hmac_sha512_test.json", hmac_case); }
T_TEST(wycheproof_hkdf_sha256) { wycheproof("security/wycheproof/hkdf_sha256_test.json", hkdf_case); }
T_TEST(wycheproof_ed25519) { wycheproof("security/wycheproof/ed25519_test.json", ed_case); }

/* --- Monocypher's vectors: fields of hex, each ended by a colon ------------------------------------------------------ */
static bool mono_field(const char **p, uint8_t *out, size_t cap, size_t *n) {
    for (;;) {
        while (**p == '\n' || **p == '\r' || **p == ' ') ++*p;
        if (**p != '#') break;
        while (**p && **p != '\n') ++*p;
    }
    if (!**p) return false;
    const char *end = strchr(*p, ':');
    if (!end) return false;
    *n = unhex((hr_str){*p, (size_t)(end - *p)}, out, cap);
    *p = end + 1;
    return true;
}
enum { MONO_FIELDS = 9, MONO_CAP = 1 << 15 };
typedef void mono_case(uint8_t (*f)[MONO_CAP], const size_t *n);
static void monocypher(const char *name, int fields, long least, mono_case *run) {
    static uint8_t f[MONO_FIELDS][MONO_CAP];
    char path[128];
    size_t n[MONO_FIELDS], size;
    long cases = 0;
    snprintf(path, sizeof path, "security/monocypher_vectors/tests/gen/vectors/%s", name);
    if (!t_data(path)) T_SKIP("no data");
    char *text = slurp(t_data(path), &size);
    T_NEED(text != NULL);
    const char *p = text;
    for (;; cases++) {
        int k = 0;
        while (k < fields && mono_field(&p, f[k], MONO_CAP, &n[k])) k++;
        if (k < fields) { T_EQ_I(k, 0); break; }
        run(f, n);
    }
    T_CHECK(cases >= least);
    free(text);
}
static uint64_t small(const uint8_t *p) { return hr_le64(p); }
static void mono_argon2(uint8_t (*f)[MONO_CAP], const size_t *n) {
    uint8_t got[1024];
    hr_argon2 a = {(uint32_t)small(f[0]), (uint32_t)small(f[1]), (uint32_t)small(f[2]), (uint32_t)small(f[3]), f[4], f[5], f[6],
                   f[7], (uint32_t)n[4], (uint32_t)n[5], (uint32_t)n[6], (uint32_t)n[7]};
    void *work = malloc((size_t)a.kib * 1024);
    T_NEED(work && n[8] <= sizeof got);
    T_CHECK(hr_argon2_run(&a, work, got, (uint32_t)n[8]));
    T_EQ_MEM(got, f[8], n[8]);
    free(work);
}
static void mono_blake2b(uint8_t (*f)[MONO_CAP], const size_t *n) {
    uint8_t got[64];
    hr_blake2b b;
    hr_blake2b_init(&b, n[2], f[1], n[1]);
    hr_blake2b_add(&b, f[0], n[0] / 3);
    hr_blake2b_add(&b, f[0] + n[0] / 3, n[0] - n[0] / 3);
    hr_blake2b_end(&b, got);
    T_EQ_MEM(got, f[2], n[2]);
}
static void mono_chacha20(uint8_t (*f)[MONO_CAP], const size_t *n) { /* 64-bit counter, 8 bytes of nonce */
    static uint8_t got[MONO_CAP];
    hr_chacha c;
    uint8_t nonce[12] = {0};
    memcpy(nonce, f[3] + 4, 4);
    memcpy(nonce + 4, f[1], 8);
    T_EQ_U(n[1], 8);
    hr_chacha_init(&c, f[0], nonce, hr_le32(f[3]));
    hr_chacha_xor(&c, f[2], got, n[2]);
    if (hr_le32(f[3]) <= UINT32_MAX - n[2] / 64) T_EQ_MEM(got, f[4], n[4]);
}
static void mono_poly1305(uint8_t (*f)[MONO_CAP], const size_t *n) {
    uint8_t tag[16];
    for (size_t piece = 1; piece < 40; piece += 13) {
        hr_poly p;
        hr_poly_init(&p, f[0]);
        for (size_t i = 0; i < n[1]; i += piece) hr_poly_add(&p, f[1] + i, n[1] - i < piece ? n[1] - i : piece);
        hr_poly_end(&p, tag);
        T_EQ_MEM(tag, f[2], 16);
    }
}
static void mono_hmac(uint8_t (*f)[MONO_CAP], const size_t *n) {
    uint8_t tag[64];
    hr_hmac m;
    hr_hmac_init(&m, true, f[0], n[0]);
    hr_hmac_add(&m, f[1], n[1]);
    hr_hmac_end(&m, tag);
    T_EQ_MEM(tag, f[2], n[2]);
}
/* Monocypher multiplies by the cofactor and takes 181 signatures of low-order points that the strict equation (RFC 8032 allows
 * both) refuses. A verifier in Python, written from the RFC, says so of the same 181: the strict rule takes 99. */
static long ed_taken;
static void mono_ed(uint8_t (*f)[MONO_CAP], const size_t *n) {
    bool yes = hr_ed25519_verify(f[0], f[1], n[1], f[2]);
    ed_taken += yes;
    if (f[3][0] != 0) T_CHECK(!yes);
}
T_TEST(monocypher_argon2) { monocypher("argon2", 9, 3, mono_argon2); }
T_TEST(monocypher_blake2b) { monocypher("blake2b", 3, 200, mono_blake2b); }
T_TEST(monocypher_chacha20) { monocypher("chacha20", 5, 3, mono_chacha20); }
T_TEST(monocypher_poly1305) { monocypher("poly1305", 3, 15, mono_poly1305); }
T_TEST(monocypher_sha512_hmac) { monocypher("sha512_hmac", 3, 10, mono_hmac); }
T_TEST(monocypher_ed25519_check) {
    ed_taken = 0;
    monocypher("ed_25519_check", 4, 330, mono_ed);
    if (!t_state.skipped) T_EQ_I(ed_taken, 99);
}

/* --- from the RFCs ------------------------------------------------------------------------------------------------------ */
static void sha_is(bool wide, const char *text, const char *want_hex) {
    uint8_t got[64], want[64];
    hr_sha2 s;
    hr_sha2_init(&s, wide);
    hr_sha2_add(&s, text, strlen(text));
    hr_sha2_end(&s, got);
    T_EQ_MEM(got, want, hex(want_hex, want, 64));
}
T_TEST(sha2_of_fips_180) { /* FIPS 180-4 examples: one block and two */
    sha_is(false, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha_is(false, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    sha_is(true, "abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    sha_is(true, "", "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                     "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
}
T_TEST(chacha20_poly1305_of_rfc_8439) { /* 2.8.2 */
    uint8_t key[32], nonce[12], ad[12], tag[16], want[16], out[200];
    const char *text = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                       "sunscreen would be it.";
    hr_aead a;
    for (int i = 0; i < 32; i++) key[i] = (uint8_t)(0x80 + i);
    hex("070000004041424344454647", nonce, 12);
    hex("50515253c0c1c2c3c4c5c6c7", ad, 12);
    hex("1ae10b594f09e26a7e902ecbd0600691", want, 16);
    hr_aead_begin(&a, key, nonce, 12, ad, 12);
    hr_aead_encrypt(&a, text, out, strlen(text));
    hr_aead_end(&a, tag);
    T_EQ_MEM(tag, want, 16);
    hex("d31a8d34648e60db7b86afbc53ef7ec2", want, 16);
    T_EQ_MEM(out, want, 16);
}
T_TEST(argon2id_of_rfc_9106) { /* 5.3 */
    uint8_t pass[32], salt[16], key[8], ad[12], got[32], want[32];
    memset(pass, 1, 32), memset(salt, 2, 16), memset(key, 3, 8), memset(ad, 4, 12);
    static uint64_t work[32 * 128];
    hr_argon2 a = {2, 32, 3, 4, pass, salt, key, ad, 32, 16, 8, 12};
    T_CHECK(hr_argon2_run(&a, work, got, 32));
    hex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659", want, 32);
    T_EQ_MEM(got, want, 32);
    a.kib = 31;
    T_CHECK(!hr_argon2_run(&a, work, got, 32));
}
static void ed_sign_is(const char *seed_hex, const char *pub_hex, const char *msg_hex, const char *sig_hex) {
    uint8_t seed[32], pub[32], want[64], got[64], msg[64];
    hex(seed_hex, seed, 32);
    size_t n = hex(msg_hex, msg, 64);
    hr_ed25519_public(seed, pub);
    T_EQ_MEM(pub, want, hex(pub_hex, want, 32));
    hr_ed25519_sign(seed, pub, msg, n, got);
    hex(sig_hex, want, 64);
    T_EQ_MEM(got, want, 64);
    T_CHECK(hr_ed25519_verify(pub, msg, n, got));
    for (int i = 0; i < 512; i += 19) {
        got[i / 8] ^= (uint8_t)(1 << i % 8);
        T_CHECK(!hr_ed25519_verify(pub, msg, n, got));
        got[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}
T_TEST(ed25519_of_rfc_8032) { /* 7.1, tests 1 to 3 */
    ed_sign_is("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
               "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
               "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
               "d25bf5f0595bbe24655141438e7a100b");
    ed_sign_is("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
               "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
               "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
               "387b2eaeb4302aeeb00d291612bb0c00");
    ed_sign_is("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
               "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
               "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
               "4a7c15e9716ed28dc027beceea1ec40a");
}
T_TEST(compare_and_wipe) {
    uint8_t a[40], b[40];
    memset(a, 7, 40);
    memcpy(b, a, 40);
    T_CHECK(hr_same_secret(a, b, 40) && hr_same_secret(a, b, 0));
    for (int i = 0; i < 320; i++) {
        b[i / 8] ^= (uint8_t)(1 << i % 8);
        T_CHECK(!hr_same_secret(a, b, 40));
        b[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    hr_wipe(a, 39);
    for (int i = 0; i < 39; i++) T_EQ_U(a[i], 0);
    T_EQ_U(a[39], 7);
}

T_MAIN(T_RUN(wycheproof_chacha20_poly1305), T_RUN(wycheproof_xchacha20_poly1305), T_RUN(wycheproof_hmac_sha256),
       T_RUN(wycheproof_hmac_sha512), T_RUN(wycheproof_hkdf_sha256), T_RUN(wycheproof_ed25519), T_RUN(monocypher_argon2),
       T_RUN(monocypher_blake2b), T_RUN(monocypher_chacha20), T_RUN(monocypher_poly1305), T_RUN(monocypher_sha512_hmac),
       T_RUN(monocypher_ed25519_check), T_RUN(sha2_of_fips_180), T_RUN(chacha20_poly1305_of_rfc_8439),
       T_RUN(argon2id_of_rfc_9106), T_RUN(ed25519_of_rfc_8032), T_RUN(compare_and_wipe))
