/* crypto.c: ChaCha20, Poly1305 and the AEAD of both. Portable, 32-bit limbs: one form for servers and microcontrollers. */
#include "engine/base/crypto.h"

void hr_wipe(void *p, size_t n) {
    volatile uint8_t *v = (volatile uint8_t *)p;
    while (n-- > 0) *v++ = 0;
}
bool hr_same_secret(const void *a, const void *b, size_t n) {
    const volatile uint8_t *x = (const volatile uint8_t *)a, *y = (const volatile uint8_t *)b;
    uint32_t diff = 0;
    for (size_t i = 0; i < n; i++) diff |= (uint32_t)(x[i] ^ y[i]);
    return (1 & ((diff - 1) >> 8)) != 0;
}
static void store_le32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> 8 * i);
}

/* --- ChaCha20 -------------------------------------------------------------------------------------------------------- */
HR_INLINE uint32_t chacha_rotl(uint32_t x, int n) { return x << n | x >> (32 - n); }
HR_INLINE void chacha_quarter(uint32_t *x, int a, int b, int c, int d) {
    x[a] += x[b], x[d] = chacha_rotl(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = chacha_rotl(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = chacha_rotl(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = chacha_rotl(x[b] ^ x[c], 7);
}
static void chacha_rounds(uint32_t x[16]) {
    for (int i = 0; i < 10; i++) {
        chacha_quarter(x, 0, 4, 8, 12), chacha_quarter(x, 1, 5, 9, 13);
        chacha_quarter(x, 2, 6, 10, 14), chacha_quarter(x, 3, 7, 11, 15);
        chacha_quarter(x, 0, 5, 10, 15), chacha_quarter(x, 1, 6, 11, 12);
        chacha_quarter(x, 2, 7, 8, 13), chacha_quarter(x, 3, 4, 9, 14);
    }
}
static void chacha_setup(uint32_t in[16], const uint8_t key[32]) {
    in[0] = 0x61707865u, in[1] = 0x3320646eu, in[2] = 0x79622d32u, in[3] = 0x6b206574u;
    for (int i = 0; i < 8; i++) in[4 + i] = hr_le32(key + 4 * i);
}
void hr_chacha_init(hr_chacha *c, const uint8_t key[32], const uint8_t nonce[12], uint32_t counter) {
    chacha_setup(c->in, key);
    c->in[12] = counter;
    for (int i = 0; i < 3; i++) c->in[13 + i] = hr_le32(nonce + 4 * i);
    c->used = 64;
}
void hr_hchacha(const uint8_t key[32], const uint8_t nonce[16], uint8_t out[32]) {
    uint32_t x[16];
    chacha_setup(x, key);
    for (int i = 0; i < 4; i++) x[12 + i] = hr_le32(nonce + 4 * i);
    chacha_rounds(x);
    for (int i = 0; i < 4; i++) store_le32(out + 4 * i, x[i]), store_le32(out + 16 + 4 * i, x[12 + i]);
    hr_wipe(x, sizeof x);
}
void hr_chacha_xor(hr_chacha *c, const uint8_t *in, uint8_t *out, size_t n) {
    while (n > 0) {
        if (c->used == 64) {
            uint32_t x[16];
            memcpy(x, c->in, sizeof x);
            chacha_rounds(x);
            for (int i = 0; i < 16; i++) store_le32(c->pad + 4 * i, x[i] + c->in[i]);
            c->in[12]++;
            c->used = 0;
        }
        size_t piece = hr_min_size(n, 64 - c->used);
        for (size_t i = 0; i < piece; i++) out[i] = in[i] ^ c->pad[c->used + i];
        c->used += (uint32_t)piece;
        in += piece, out += piece, n -= piece;
    }
}

/* --- Poly1305: 26-bit limbs --------------------------------------------------------------------------------------------- */
void hr_poly_init(hr_poly *p, const uint8_t key[32]) {
    memset(p, 0, sizeof *p);
    p->r[0] = hr_le32(key) & 0x3ffffff;
    p->r[1] = hr_le32(key + 3) >> 2 & 0x3ffff03;
    p->r[2] = hr_le32(key + 6) >> 4 & 0x3ffc0ff;
    p->r[3] = hr_le32(key + 9) >> 6 & 0x3f03fff;
    p->r[4] = hr_le32(key + 12) >> 8 & 0x00fffff;
    for (int i = 0; i < 4; i++) p->s[i] = hr_le32(key + 16 + 4 * i);
}
static void poly_blocks(hr_poly *p, const uint8_t *m, size_t n_blocks, uint32_t top) {
    const uint64_t r0 = p->r[0], r1 = p->r[1], r2 = p->r[2], r3 = p->r[3], r4 = p->r[4];
    const uint64_t s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5;
    uint64_t h0 = p->h[0], h1 = p->h[1], h2 = p->h[2], h3 = p->h[3], h4 = p->h[4];
    for (; n_blocks > 0; n_blocks--, m += 16) {
        h0 += hr_le32(m) & 0x3ffffff;
        h1 += hr_le32(m + 3) >> 2 & 0x3ffffff;
        h2 += hr_le32(m + 6) >> 4 & 0x3ffffff;
        h3 += hr_le32(m + 9) >> 6;
        h4 += hr_le32(m + 12) >> 8 | top;
        uint64_t d0 = h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1;
        uint64_t d1 = h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2;
        uint64_t d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3;
        uint64_t d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4;
        uint64_t d4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0;
        d1 += d0 >> 26, h0 = d0 & 0x3ffffff;
        d2 += d1 >> 26, h1 = d1 & 0x3ffffff;
        d3 += d2 >> 26, h2 = d2 & 0x3ffffff;
        d4 += d3 >> 26, h3 = d3 & 0x3ffffff;
        h0 += (d4 >> 26) * 5, h4 = d4 & 0x3ffffff;
        h1 += h0 >> 26, h0 &= 0x3ffffff;
    }
    p->h[0] = (uint32_t)h0, p->h[1] = (uint32_t)h1, p->h[2] = (uint32_t)h2, p->h[3] = (uint32_t)h3, p->h[4] = (uint32_t)h4;
}
void hr_poly_add(hr_poly *p, const void *data, size_t n) {
    const uint8_t *m = (const uint8_t *)data;
    if (n == 0) return;
    if (p->n_part > 0) {
        size_t piece = hr_min_size(n, 16 - p->n_part);
        if (piece > 0) memcpy(p->part + p->n_part, m, piece);
        p->n_part += (uint32_t)piece;
        m += piece, n -= piece;
        if (p->n_part < 16) return;
        poly_blocks(p, p->part, 1, 1u << 24);
        p->n_part = 0;
    }
    poly_blocks(p, m, n / 16, 1u << 24);
    if (n % 16 != 0) memcpy(p->part, m + n / 16 * 16, n % 16);
    p->n_part = (uint32_t)(n % 16);
}
void hr_poly_end(hr_poly *p, uint8_t tag[16]) {
    if (p->n_part > 0) {
        p->part[p->n_part] = 1;
        memset(p->part + p->n_part + 1, 0, 15 - p->n_part);
        poly_blocks(p, p->part, 1, 0);
    }
    uint32_t *h = p->h, g[5], c = 0;
    for (int round = 0; round < 2; round++) { /* every limb below 2^26 */
        for (int i = 0; i < 5; i++) h[i] += c, c = h[i] >> 26, h[i] &= 0x3ffffff;
        c *= 5;
    }
    h[0] += c;
    c = 5;
    for (int i = 0; i < 5; i++) g[i] = h[i] + c, c = g[i] >> 26, g[i] &= 0x3ffffff;
    uint32_t take = 0 - c; /* h + 5 reached 2^130: h - p holds */
    for (int i = 0; i < 5; i++) h[i] = (h[i] & ~take) | (g[i] & take);
    const uint32_t w[4] = {h[0] | h[1] << 26, h[1] >> 6 | h[2] << 20, h[2] >> 12 | h[3] << 14, h[3] >> 18 | h[4] << 8};
    uint64_t sum = 0;
    for (int i = 0; i < 4; i++) {
        sum += (uint64_t)w[i] + p->s[i];
        store_le32(tag + 4 * i, (uint32_t)sum);
        sum >>= 32;
    }
    hr_wipe(g, sizeof g);
    hr_wipe(p, sizeof *p);
}

/* --- AEAD ------------------------------------------------------------------------------------------------------------------ */
static const uint8_t aead_zeros[16] = {0};
void hr_aead_begin(hr_aead *a, const uint8_t key[32], const uint8_t *nonce, size_t n_nonce, const void *ad, size_t n_ad) {
    uint8_t sub[32], pad[64] = {0}, short_nonce[12] = {0};
    hr_assert(n_nonce == 12 || n_nonce == 24);
    memcpy(sub, key, 32);
    if (n_nonce == 24) {
        hr_hchacha(key, nonce, sub);
        memcpy(short_nonce + 4, nonce + 16, 8);
    } else {
        memcpy(short_nonce, nonce, 12);
    }
    hr_chacha_init(&a->chacha, sub, short_nonce, 0);
    hr_chacha_xor(&a->chacha, pad, pad, sizeof pad);
    hr_poly_init(&a->poly, pad);
    hr_poly_add(&a->poly, ad, n_ad);
    hr_poly_add(&a->poly, aead_zeros, (16 - n_ad % 16) % 16);
    a->n_ad = n_ad;
    a->n_text = 0;
    hr_wipe(sub, sizeof sub);
    hr_wipe(pad, sizeof pad);
}
void hr_aead_encrypt(hr_aead *a, const void *in, uint8_t *out, size_t n) {
    hr_chacha_xor(&a->chacha, (const uint8_t *)in, out, n);
    hr_aead_mac(a, out, n);
}
void hr_aead_mac(hr_aead *a, const void *sealed, size_t n) {
    hr_poly_add(&a->poly, sealed, n);
    a->n_text += n;
}
void hr_aead_end(hr_aead *a, uint8_t tag[16]) {
    uint8_t sizes[16];
    hr_poly_add(&a->poly, aead_zeros, (16 - a->n_text % 16) % 16);
    for (int i = 0; i < 8; i++) sizes[i] = (uint8_t)(a->n_ad >> 8 * i), sizes[8 + i] = (uint8_t)(a->n_text >> 8 * i);
    hr_poly_add(&a->poly, sizes, 16);
    hr_poly_end(&a->poly, tag);
    hr_wipe(a, sizeof *a);
}
void hr_seal(const uint8_t key[32], const uint8_t nonce[24], const void *ad, size_t n_ad, const void *in, uint8_t *out,
             size_t n, uint8_t tag[16]) {
    hr_aead a;
    hr_aead_begin(&a, key, nonce, 24, ad, n_ad);
    hr_aead_encrypt(&a, in, out, n);
    hr_aead_end(&a, tag);
}
bool hr_unseal(const uint8_t key[32], const uint8_t nonce[24], const void *ad, size_t n_ad, const void *in, uint8_t *out,
               size_t n, const uint8_t tag[16]) {
    hr_aead a;
    uint8_t want[16];
    hr_aead_begin(&a, key, nonce, 24, ad, n_ad);
    hr_chacha c = a.chacha;
    hr_aead_mac(&a, in, n);
    hr_aead_end(&a, want);
    bool genuine = hr_same_secret(want, tag, 16);
    if (genuine) hr_chacha_xor(&c, (const uint8_t *)in, out, n);
    else if (n > 0) hr_wipe(out, n);
    hr_wipe(&c, sizeof c);
    hr_wipe(want, sizeof want);
    return genuine;
}
