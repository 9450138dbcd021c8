/* crypto_hash.c: BLAKE2b (RFC 7693), SHA-2 (FIPS 180-4) with HMAC and HKDF, and Argon2 (RFC 9106). */
#include "engine/base/crypto.h"

/* Fractional parts of square and cube roots of the first primes. SHA-256 takes the upper halves. */
static const uint64_t sha2_iv[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};
static const uint64_t sha2_k[80] = {
    0x428a2f98d728ae22u, 0x7137449123ef65cdu, 0xb5c0fbcfec4d3b2fu, 0xe9b5dba58189dbbcu,
    0x3956c25bf348b538u, 0x59f111f1b605d019u, 0x923f82a4af194f9bu, 0xab1c5ed5da6d8118u,
    0xd807aa98a3030242u, 0x12835b0145706fbeu, 0x243185be4ee4b28cu, 0x550c7dc3d5ffb4e2u,
    0x72be5d74f27b896fu, 0x80deb1fe3b1696b1u, 0x9bdc06a725c71235u, 0xc19bf174cf692694u,
    0xe49b69c19ef14ad2u, 0xefbe4786384f25e3u, 0x0fc19dc68b8cd5b5u, 0x240ca1cc77ac9c65u,
    0x2de92c6f592b0275u, 0x4a7484aa6ea6e483u, 0x5cb0a9dcbd41fbd4u, 0x76f988da831153b5u,
    0x983e5152ee66dfabu, 0xa831c66d2db43210u, 0xb00327c898fb213fu, 0xbf597fc7beef0ee4u,
    0xc6e00bf33da88fc2u, 0xd5a79147930aa725u, 0x06ca6351e003826fu, 0x142929670a0e6e70u,
    0x27b70a8546d22ffcu, 0x2e1b21385c26c926u, 0x4d2c6dfc5ac42aedu, 0x53380d139d95b3dfu,
    0x650a73548baf63deu, 0x766a0abb3c77b2a8u, 0x81c2c92e47edaee6u, 0x92722c851482353bu,
    0xa2bfe8a14cf10364u, 0xa81a664bbc423001u, 0xc24b8b70d0f89791u, 0xc76c51a30654be30u,
    0xd192e819d6ef5218u, 0xd69906245565a910u, 0xf40e35855771202au, 0x106aa07032bbd1b8u,
    0x19a4c116b8d2d0c8u, 0x1e376c085141ab53u, 0x2748774cdf8eeb99u, 0x34b0bcb5e19b48a8u,
    0x391c0cb3c5c95a63u, 0x4ed8aa4ae3418acbu, 0x5b9cca4f7763e373u, 0x682e6ff3d6b2b8a3u,
    0x748f82ee5defb2fcu, 0x78a5636f43172f60u, 0x84c87814a1f0ab72u, 0x8cc702081a6439ecu,
    0x90befffa23631e28u, 0xa4506cebde82bde9u, 0xbef9a3f7b2c67915u, 0xc67178f2e372532bu,
    0xca273eceea26619cu, 0xd186b8c721c0c207u, 0xeada7dd6cde0eb1eu, 0xf57d4f7fee6ed178u,
    0x06f067aa72176fbau, 0x0a637dc5a2c898a6u, 0x113f9804bef90daeu, 0x1b710b35131c471bu,
    0x28db77f523047d84u, 0x32caab7b40c72493u, 0x3c9ebe0a15c9bebcu, 0x431d67c49c100d4cu,
    0x4cc5d4becb3e42b6u, 0x597f299cfc657e2au, 0x5fcb6fab3ad6faecu, 0x6c44198c4a475817u,
};

HR_INLINE uint64_t hash_rotr(uint64_t x, int n) { return x >> n | x << (64 - n); }
HR_INLINE uint32_t hash_rotr32(uint32_t x, int n) { return x >> n | x << (32 - n); }
static void hash_put64(uint8_t *p, uint64_t v) {
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)(v >> 8 * i);
}

/* --- BLAKE2b ----------------------------------------------------------------------------------------------------------- */
static const uint8_t blake_sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};
static void blake_block(hr_blake2b *b, const uint8_t *m, uint32_t n, bool last) {
    uint64_t v[16], w[16];
    b->count += n; /* 2^64 bytes are enough */
    for (int i = 0; i < 8; i++) v[i] = b->h[i], v[8 + i] = sha2_iv[i];
    for (int i = 0; i < 16; i++) w[i] = hr_le64(m + 8 * i);
    v[12] ^= b->count;
    if (last) v[14] = ~v[14];
    for (int round = 0; round < 12; round++) {
        const uint8_t *s = blake_sigma[round % 10];
        for (int g = 0; g < 8; g++) {
            int i = g & 3, turn = g >> 2;
            uint64_t *x = &v[i], *y = &v[4 + ((i + turn) & 3)];
            uint64_t *z = &v[8 + ((i + 2 * turn) & 3)], *t = &v[12 + ((i + 3 * turn) & 3)];
            *x += *y + w[s[2 * g]], *t = hash_rotr(*t ^ *x, 32);
            *z += *t, *y = hash_rotr(*y ^ *z, 24);
            *x += *y + w[s[2 * g + 1]], *t = hash_rotr(*t ^ *x, 16);
            *z += *t, *y = hash_rotr(*y ^ *z, 63);
        }
    }
    for (int i = 0; i < 8; i++) b->h[i] ^= v[i] ^ v[8 + i];
}
void hr_blake2b_init(hr_blake2b *b, size_t n_out, const void *key, size_t n_key) {
    memset(b, 0, sizeof *b);
    memcpy(b->h, sha2_iv, sizeof b->h);
    b->h[0] ^= 0x01010000u ^ (uint64_t)n_key << 8 ^ n_out;
    b->n_out = (uint32_t)n_out;
    if (n_key > 0) memcpy(b->part, key, n_key), b->n_part = 128;
}
void hr_blake2b_add(hr_blake2b *b, const void *data, size_t n) {
    const uint8_t *m = (const uint8_t *)data;
    while (n > 0) {
        if (b->n_part == 128) blake_block(b, b->part, 128, false), b->n_part = 0;
        size_t piece = hr_min_size(n, 128 - b->n_part);
        memcpy(b->part + b->n_part, m, piece);
        b->n_part += (uint32_t)piece;
        m += piece, n -= piece;
    }
}
void hr_blake2b_end(hr_blake2b *b, uint8_t *out) {
    uint8_t all[64];
    memset(b->part + b->n_part, 0, 128 - b->n_part);
    blake_block(b, b->part, b->n_part, true);
    for (int i = 0; i < 8; i++) hash_put64(all + 8 * i, b->h[i]);
    memcpy(out, all, b->n_out);
    hr_wipe(all, sizeof all);
    hr_wipe(b, sizeof *b);
}

/* --- SHA-2 ---------------------------------------------------------------------------------------------------------------- */
static uint64_t load_big(const uint8_t *p, int n) {
    uint64_t v = 0;
    for (int i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}
static void store_big(uint8_t *p, uint64_t v, int n) {
    for (int i = 0; i < n; i++) p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}
static void sha512_block(uint64_t h[8], const uint8_t *m) {
    uint64_t w[16], s[8];
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 16; i++) w[i] = load_big(m + 8 * i, 8);
    for (int i = 0; i < 80; i++) {
        uint64_t e = s[4], a = s[0];
        uint64_t t = s[7] + (hash_rotr(e, 14) ^ hash_rotr(e, 18) ^ hash_rotr(e, 41)) + ((e & s[5]) ^ (~e & s[6])) + sha2_k[i] +
                     w[i & 15];
        uint64_t u = (hash_rotr(a, 28) ^ hash_rotr(a, 34) ^ hash_rotr(a, 39)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t;
        s[0] = t + u;
        uint64_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        w[i & 15] += (hash_rotr(x, 1) ^ hash_rotr(x, 8) ^ x >> 7) + w[(i + 9) & 15] +
                     (hash_rotr(y, 19) ^ hash_rotr(y, 61) ^ y >> 6);
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
}
static void sha256_block(uint64_t h[8], const uint8_t *m) {
    uint32_t w[16], s[8];
    for (int i = 0; i < 8; i++) s[i] = (uint32_t)h[i];
    for (int i = 0; i < 16; i++) w[i] = (uint32_t)load_big(m + 4 * i, 4);
    for (int i = 0; i < 64; i++) {
        uint32_t e = s[4], a = s[0];
        uint32_t t = s[7] + (hash_rotr32(e, 6) ^ hash_rotr32(e, 11) ^ hash_rotr32(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                     (uint32_t)(sha2_k[i] >> 32) + w[i & 15];
        uint32_t u = (hash_rotr32(a, 2) ^ hash_rotr32(a, 13) ^ hash_rotr32(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t;
        s[0] = t + u;
        uint32_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        w[i & 15] += (hash_rotr32(x, 7) ^ hash_rotr32(x, 18) ^ x >> 3) + w[(i + 9) & 15] +
                     (hash_rotr32(y, 17) ^ hash_rotr32(y, 19) ^ y >> 10);
    }
    for (int i = 0; i < 8; i++) h[i] = (uint32_t)h[i] + s[i];
}
void hr_sha2_init(hr_sha2 *s, bool wide) {
    memset(s, 0, sizeof *s);
    s->wide = wide;
    for (int i = 0; i < 8; i++) s->h[i] = wide ? sha2_iv[i] : sha2_iv[i] >> 32;
}
void hr_sha2_add(hr_sha2 *s, const void *data, size_t n) {
    const uint8_t *m = (const uint8_t *)data;
    uint32_t block = s->wide ? 128 : 64;
    s->count += n;
    while (n > 0) {
        size_t piece = hr_min_size(n, block - s->n_part);
        memcpy(s->part + s->n_part, m, piece);
        s->n_part += (uint32_t)piece;
        m += piece, n -= piece;
        if (s->n_part < block) continue;
        if (s->wide) sha512_block(s->h, s->part);
        else sha256_block(s->h, s->part);
        s->n_part = 0;
    }
}
void hr_sha2_end(hr_sha2 *s, uint8_t *out) {
    uint64_t bits = s->count * 8; /* 2^61 bytes are enough */
    uint32_t block = s->wide ? 128 : 64, word = block / 16;
    uint8_t pad[136] = {0x80}, size[8];
    hr_sha2_add(s, pad, 1 + (2 * block - 9 - s->n_part - (s->wide ? 8 : 0)) % block + (s->wide ? 8 : 0));
    store_big(size, bits, 8);
    hr_sha2_add(s, size, 8);
    for (uint32_t i = 0; i < 8; i++) store_big(out + word * i, s->h[i], (int)word);
    hr_wipe(s, sizeof *s);
}
void hr_hmac_init(hr_hmac *m, bool wide, const void *key, size_t n_key) {
    uint8_t k[128] = {0};
    size_t block = wide ? 128 : 64;
    if (n_key > block) {
        hr_sha2_init(&m->inner, wide);
        hr_sha2_add(&m->inner, key, n_key);
        hr_sha2_end(&m->inner, k);
    } else if (n_key > 0) {
        memcpy(k, key, n_key);
    }
    for (size_t i = 0; i < block; i++) k[i] ^= 0x36;
    hr_sha2_init(&m->inner, wide);
    hr_sha2_add(&m->inner, k, block);
    for (size_t i = 0; i < block; i++) k[i] ^= 0x36 ^ 0x5c;
    hr_sha2_init(&m->outer, wide);
    hr_sha2_add(&m->outer, k, block);
    hr_wipe(k, sizeof k);
}
void hr_hmac_add(hr_hmac *m, const void *data, size_t n) { hr_sha2_add(&m->inner, data, n); }
void hr_hmac_end(hr_hmac *m, uint8_t *out) {
    uint8_t t[64];
    size_t n = m->inner.wide ? 64 : 32;
    hr_sha2_end(&m->inner, t);
    hr_sha2_add(&m->outer, t, n);
    hr_sha2_end(&m->outer, out);
    hr_wipe(t, sizeof t);
}
bool hr_hkdf(bool wide, const void *salt, size_t n_salt, const void *key, size_t n_key, const void *info, size_t n_info,
             uint8_t *out, size_t n) {
    uint8_t prk[64], t[64], i = 1;
    size_t hash = wide ? 64 : 32;
    hr_hmac m;
    if (n > 255 * hash) return false;
    hr_hmac_init(&m, wide, salt, n_salt);
    hr_hmac_add(&m, key, n_key);
    hr_hmac_end(&m, prk);
    for (; n > 0; i++) {
        hr_hmac_init(&m, wide, prk, hash);
        if (i > 1) hr_hmac_add(&m, t, hash);
        hr_hmac_add(&m, info, n_info);
        hr_hmac_add(&m, &i, 1);
        hr_hmac_end(&m, t);
        size_t piece = hr_min_size(n, hash);
        memcpy(out, t, piece);
        out += piece, n -= piece;
    }
    hr_wipe(prk, sizeof prk);
    hr_wipe(t, sizeof t);
    return true;
}

/* --- Argon2 ------------------------------------------------------------------------------------------------------------------ */
enum { ARGON_WORDS = 128 };
static void argon_add32(hr_blake2b *b, uint32_t v) {
    uint8_t p[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    hr_blake2b_add(b, p, 4);
}
static void argon_hash(const void *in, size_t n_in, uint8_t *out, uint32_t n) { /* H' of the RFC */
    hr_blake2b b;
    uint8_t v[64];
    hr_blake2b_init(&b, n <= 64 ? n : 64, NULL, 0);
    argon_add32(&b, n);
    hr_blake2b_add(&b, in, n_in);
    hr_blake2b_end(&b, v);
    while (n > 64) {
        memcpy(out, v, 32);
        out += 32, n -= 32;
        hr_blake2b_init(&b, n <= 64 ? n : 64, NULL, 0);
        hr_blake2b_add(&b, v, 64);
        hr_blake2b_end(&b, v);
    }
    memcpy(out, v, n);
    hr_wipe(v, sizeof v);
}
HR_INLINE void argon_mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d) {
    *a += *b + 2 * (*a & 0xffffffffu) * (*b & 0xffffffffu), *d = hash_rotr(*d ^ *a, 32);
    *c += *d + 2 * (*c & 0xffffffffu) * (*d & 0xffffffffu), *b = hash_rotr(*b ^ *c, 24);
    *a += *b + 2 * (*a & 0xffffffffu) * (*b & 0xffffffffu), *d = hash_rotr(*d ^ *a, 16);
    *c += *d + 2 * (*c & 0xffffffffu) * (*d & 0xffffffffu), *b = hash_rotr(*b ^ *c, 63);
}
static void argon_permute(uint64_t *w, uint32_t pair, uint32_t step) { /* 8 pairs of words from `pair` on, `step` apart */
    uint64_t v[16];
    for (uint32_t i = 0; i < 8; i++) v[2 * i] = w[pair + i * step], v[2 * i + 1] = w[pair + i * step + 1];
    for (int i = 0; i < 4; i++) argon_mix(&v[i], &v[4 + i], &v[8 + i], &v[12 + i]);
    for (int i = 0; i < 4; i++) argon_mix(&v[i], &v[4 + ((i + 1) & 3)], &v[8 + ((i + 2) & 3)], &v[12 + ((i + 3) & 3)]);
    for (uint32_t i = 0; i < 8; i++) w[pair + i * step] = v[2 * i], w[pair + i * step + 1] = v[2 * i + 1];
}
static void argon_fill(uint64_t *out, const uint64_t *x, const uint64_t *y, bool add) { /* G of the RFC */
    uint64_t r[ARGON_WORDS], z[ARGON_WORDS];
    for (int i = 0; i < ARGON_WORDS; i++) r[i] = z[i] = x[i] ^ y[i];
    for (uint32_t i = 0; i < 8; i++) argon_permute(z, 16 * i, 2);
    for (uint32_t i = 0; i < 8; i++) argon_permute(z, 2 * i, 16);
    for (int i = 0; i < ARGON_WORDS; i++) out[i] = (add ? out[i] : 0) ^ r[i] ^ z[i];
}
static void argon_segment(const hr_argon2 *a, uint64_t *work, uint32_t per_lane, uint32_t pass, uint32_t slice, uint32_t lane) {
    uint32_t seg = per_lane / 4;
    uint64_t address[ARGON_WORDS], input[ARGON_WORDS] = {0};
    static const uint64_t zero[ARGON_WORDS] = {0};
    bool blind = a->kind == 1 || (a->kind == 2 && pass == 0 && slice < 2);
    const uint64_t head[6] = {pass, lane, slice, (uint64_t)per_lane * a->lanes, a->passes, a->kind};
    memcpy(input, head, sizeof head);
    for (uint32_t i = 0; i < seg; i++) {
        if (blind && i % ARGON_WORDS == 0) {
            input[6]++;
            argon_fill(address, zero, input, false);
            argon_fill(address, zero, address, false);
        }
        if (pass == 0 && slice == 0 && i < 2) continue;
        uint32_t col = slice * seg + i, before = col == 0 ? per_lane - 1 : col - 1;
        const uint64_t *last = work + ((uint64_t)lane * per_lane + before) * ARGON_WORDS;
        uint64_t pick = blind ? address[i % ARGON_WORDS] : last[0];
        uint32_t other = pass == 0 && slice == 0 ? lane : (uint32_t)(pick >> 32) % a->lanes;
        uint32_t area = pass == 0 ? slice * seg : per_lane - seg;
        if (other == lane) area += i;
        if (other == lane || i == 0) area -= 1;
        uint64_t x = (pick & 0xffffffffu) * (pick & 0xffffffffu) >> 32;
        uint64_t at = area - 1 - (area * x >> 32) + (pass == 0 || slice == 3 ? 0 : (slice + 1) * seg);
        argon_fill(work + ((uint64_t)lane * per_lane + col) * ARGON_WORDS, last,
                   work + ((uint64_t)other * per_lane + at % per_lane) * ARGON_WORDS, pass > 0);
    }
}
bool hr_argon2_run(const hr_argon2 *a, void *work, uint8_t *out, uint32_t n) {
    uint64_t *w = (uint64_t *)work;
    uint8_t seed[72], block[1024];
    hr_blake2b b;
    if (a->kind > 2 || a->lanes == 0 || a->lanes > 0xffffff || a->passes == 0 || n < 4 || a->kib / 8 < a->lanes) return false;
    uint32_t per_lane = a->kib / (4 * a->lanes) * 4;
    const uint32_t head[6] = {a->lanes, n, a->kib, a->passes, 0x13, a->kind};
    const void *const part[4] = {a->password, a->salt, a->key, a->ad};
    const uint32_t size[4] = {a->n_password, a->n_salt, a->n_key, a->n_ad};
    hr_blake2b_init(&b, 64, NULL, 0);
    for (int i = 0; i < 6; i++) argon_add32(&b, head[i]);
    for (int i = 0; i < 4; i++) argon_add32(&b, size[i]), hr_blake2b_add(&b, part[i], size[i]);
    hr_blake2b_end(&b, seed);
    for (uint32_t lane = 0; lane < a->lanes; lane++) {
        for (uint32_t i = 0; i < 2; i++) {
            hash_put64(seed + 64, (uint64_t)lane << 32 | i);
            argon_hash(seed, 72, block, sizeof block);
            for (int k = 0; k < ARGON_WORDS; k++) w[((uint64_t)lane * per_lane + i) * ARGON_WORDS + k] = hr_le64(block + 8 * k);
        }
    }
    for (uint32_t pass = 0; pass < a->passes; pass++) {
        for (uint32_t slice = 0; slice < 4; slice++) {
            for (uint32_t lane = 0; lane < a->lanes; lane++) argon_segment(a, w, per_lane, pass, slice, lane);
        }
    }
    for (int k = 0; k < ARGON_WORDS; k++) {
        uint64_t v = 0;
        for (uint32_t lane = 0; lane < a->lanes; lane++) v ^= w[((uint64_t)(lane + 1) * per_lane - 1) * ARGON_WORDS + k];
        hash_put64(block + 8 * k, v);
    }
    argon_hash(block, sizeof block, out, n);
    hr_wipe(work, (size_t)a->kib * 1024);
    hr_wipe(seed, sizeof seed);
    hr_wipe(block, sizeof block);
    return true;
}
