/* crypto_ed25519.c: Ed25519 with 16 limbs of 16 bits, after TweetNaCl (Bernstein et al., public domain): small before fast.
 * Differs from it where it must: scalars of a signature are checked to be below the order (RFC 8032 5.1.7). */
#include "engine/base/crypto.h"

typedef int64_t ed_fe[16];
static const ed_fe ed_one = {1},
    ed_d = {0x78a3, 0x1359, 0x4dca, 0x75eb, 0xd8ab, 0x4141, 0x0a4d, 0x0070, 0xe898, 0x7779, 0x4079, 0x8cc7, 0xfe73, 0x2b6f,
            0x6cee, 0x5203},
    ed_x = {0xd51a, 0x8f25, 0x2d60, 0xc956, 0xa7b2, 0x9525, 0xc760, 0x692c, 0xdc5c, 0xfdd6, 0xe231, 0xc0a4, 0x53fe, 0xcd6e,
            0x36d3, 0x2169},
    ed_y = {0x6658, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666,
            0x6666, 0x6666},
    ed_i = {0xa0b0, 0x4a0e, 0x1b27, 0xc4ee, 0xe478, 0xad2f, 0x1806, 0x2f43, 0xd7a7, 0x3dfb, 0x0099, 0x2b4d, 0xdf0b, 0x4fc1,
            0x2480, 0x2b83};
static const uint8_t ed_order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
                                     0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};

static void fe_carry(ed_fe o) {
    for (int i = 0; i < 16; i++) {
        int64_t c = o[i] >> 16; /* arithmetic shift, as on every compiler we know */
        o[i] -= c * 65536;
        if (i < 15) o[i + 1] += c;
        else o[0] += 38 * c;
    }
}
static void fe_swap(ed_fe p, ed_fe q, int64_t b) {
    int64_t mask = ~(b - 1);
    for (int i = 0; i < 16; i++) {
        int64_t t = mask & (p[i] ^ q[i]);
        p[i] ^= t, q[i] ^= t;
    }
}
static void fe_add(ed_fe o, const ed_fe a, const ed_fe b) {
    for (int i = 0; i < 16; i++) o[i] = a[i] + b[i];
}
static void fe_sub(ed_fe o, const ed_fe a, const ed_fe b) {
    for (int i = 0; i < 16; i++) o[i] = a[i] - b[i];
}
static void fe_mul(ed_fe o, const ed_fe a, const ed_fe b) {
    int64_t t[31] = {0};
    for (int i = 0; i < 16; i++) {
        for (int j = 0; j < 16; j++) t[i + j] += a[i] * b[j];
    }
    for (int i = 0; i < 15; i++) t[i] += 38 * t[i + 16];
    memcpy(o, t, sizeof(ed_fe));
    fe_carry(o);
    fe_carry(o);
}
static void fe_pack(uint8_t out[32], const ed_fe n) {
    ed_fe m, t;
    memcpy(t, n, sizeof t);
    for (int i = 0; i < 3; i++) fe_carry(t);
    for (int j = 0; j < 2; j++) {
        m[0] = t[0] - 0xffed;
        for (int i = 1; i < 15; i++) {
            m[i] = t[i] - 0xffff - ((m[i - 1] >> 16) & 1);
            m[i - 1] &= 0xffff;
        }
        m[15] = t[15] - 0x7fff - ((m[14] >> 16) & 1);
        int64_t below = (m[15] >> 16) & 1;
        m[14] &= 0xffff;
        fe_swap(t, m, 1 - below);
    }
    for (int i = 0; i < 16; i++) out[2 * i] = (uint8_t)(t[i] & 0xff), out[2 * i + 1] = (uint8_t)(t[i] >> 8);
}
static void fe_unpack(ed_fe o, const uint8_t in[32]) {
    for (int i = 0; i < 16; i++) o[i] = in[2 * i] | (int64_t)in[2 * i + 1] << 8;
    o[15] &= 0x7fff;
}
static bool fe_differ(const ed_fe a, const ed_fe b) {
    uint8_t c[32], d[32];
    fe_pack(c, a);
    fe_pack(d, b);
    return !hr_same_secret(c, d, 32);
}
static uint8_t fe_parity(const ed_fe a) {
    uint8_t d[32];
    fe_pack(d, a);
    return d[0] & 1;
}
static void fe_power(ed_fe o, const ed_fe in, int top, int skip, int skip2) { /* all exponent bits 1 but two */
    ed_fe c;
    memcpy(c, in, sizeof c);
    for (int a = top; a >= 0; a--) {
        fe_mul(c, c, c);
        if (a != skip && a != skip2) fe_mul(c, c, in);
    }
    memcpy(o, c, sizeof c);
}

/* --- points: extended coordinates ---------------------------------------------------------------------------------------- */
static void point_add(ed_fe p[4], ed_fe q[4]) {
    ed_fe a, b, c, d, t, e, f, g, h;
    fe_sub(a, p[1], p[0]);
    fe_sub(t, q[1], q[0]);
    fe_mul(a, a, t);
    fe_add(b, p[0], p[1]);
    fe_add(t, q[0], q[1]);
    fe_mul(b, b, t);
    fe_mul(c, p[3], q[3]);
    fe_mul(c, c, ed_d);
    fe_add(c, c, c);
    fe_mul(d, p[2], q[2]);
    fe_add(d, d, d);
    fe_sub(e, b, a);
    fe_sub(f, d, c);
    fe_add(g, d, c);
    fe_add(h, b, a);
    fe_mul(p[0], e, f);
    fe_mul(p[1], h, g);
    fe_mul(p[2], g, f);
    fe_mul(p[3], e, h);
}
static void point_pack(uint8_t r[32], ed_fe p[4]) {
    ed_fe x, y, z;
    fe_power(z, p[2], 253, 2, 4); /* 1 / z */
    fe_mul(x, p[0], z);
    fe_mul(y, p[1], z);
    fe_pack(r, y);
    r[31] ^= (uint8_t)(fe_parity(x) << 7);
}
static void point_mul(ed_fe p[4], ed_fe q[4], const uint8_t s[32]) {
    memset(p, 0, 4 * sizeof(ed_fe));
    memcpy(p[1], ed_one, sizeof(ed_fe));
    memcpy(p[2], ed_one, sizeof(ed_fe));
    for (int i = 255; i >= 0; i--) {
        int64_t bit = s[i / 8] >> (i & 7) & 1;
        for (int k = 0; k < 4; k++) fe_swap(p[k], q[k], bit);
        point_add(q, p);
        point_add(p, p);
        for (int k = 0; k < 4; k++) fe_swap(p[k], q[k], bit);
    }
}
static void point_base(ed_fe p[4], const uint8_t s[32]) {
    ed_fe q[4];
    memcpy(q[0], ed_x, sizeof(ed_fe));
    memcpy(q[1], ed_y, sizeof(ed_fe));
    memcpy(q[2], ed_one, sizeof(ed_fe));
    fe_mul(q[3], ed_x, ed_y);
    point_mul(p, q, s);
}
static bool point_unpack_negated(ed_fe r[4], const uint8_t p[32]) {
    ed_fe t, check, num, den, den2, den4, den6;
    memcpy(r[2], ed_one, sizeof(ed_fe));
    fe_unpack(r[1], p);
    fe_mul(num, r[1], r[1]);
    fe_mul(den, num, ed_d);
    fe_sub(num, num, r[2]);
    fe_add(den, r[2], den);
    fe_mul(den2, den, den);
    fe_mul(den4, den2, den2);
    fe_mul(den6, den4, den2);
    fe_mul(t, den6, num);
    fe_mul(t, t, den);
    fe_power(t, t, 250, 1, 1);
    fe_mul(t, t, num);
    fe_mul(t, t, den);
    fe_mul(t, t, den);
    fe_mul(r[0], t, den);
    fe_mul(check, r[0], r[0]);
    fe_mul(check, check, den);
    if (fe_differ(check, num)) fe_mul(r[0], r[0], ed_i);
    fe_mul(check, r[0], r[0]);
    fe_mul(check, check, den);
    if (fe_differ(check, num)) return false;
    if (fe_parity(r[0]) == p[31] >> 7) {
        static const ed_fe zero = {0};
        fe_sub(r[0], zero, r[0]);
    }
    fe_mul(r[3], r[0], r[1]);
    return true;
}

/* --- scalars modulo the order ----------------------------------------------------------------------------------------------- */
static void scalar_reduce(uint8_t r[32], int64_t x[64]) {
    int64_t carry;
    for (int i = 63; i >= 32; i--) {
        int j;
        carry = 0;
        for (j = i - 32; j < i - 12; j++) {
            x[j] += carry - 16 * x[i] * ed_order[j - (i - 32)];
            carry = (x[j] + 128) >> 8;
            x[j] -= carry * 256;
        }
        x[j] += carry;
        x[i] = 0;
    }
    carry = 0;
    for (int j = 0; j < 32; j++) {
        x[j] += carry - (x[31] >> 4) * ed_order[j];
        carry = x[j] >> 8;
        x[j] &= 255;
    }
    for (int j = 0; j < 32; j++) x[j] -= carry * ed_order[j];
    for (int i = 0; i < 32; i++) {
        x[i + 1] += x[i] >> 8;
        r[i] = (uint8_t)(x[i] & 255);
    }
}
static void scalar_hash(uint8_t out[32], const void *a, size_t na, const void *b, size_t nb, const void *c, size_t nc) {
    uint8_t h[64];
    int64_t x[64];
    hr_sha2 s;
    hr_sha2_init(&s, true);
    hr_sha2_add(&s, a, na);
    hr_sha2_add(&s, b, nb);
    hr_sha2_add(&s, c, nc);
    hr_sha2_end(&s, h);
    for (int i = 0; i < 64; i++) x[i] = h[i];
    scalar_reduce(out, x);
    hr_wipe(h, sizeof h);
    hr_wipe(x, sizeof x);
}
static void scalar_secret(const uint8_t seed[32], uint8_t d[64]) {
    hr_sha2 s;
    hr_sha2_init(&s, true);
    hr_sha2_add(&s, seed, 32);
    hr_sha2_end(&s, d);
    d[0] &= 248, d[31] &= 127, d[31] |= 64;
}

void hr_ed25519_public(const uint8_t seed[32], uint8_t pub[32]) {
    uint8_t d[64];
    ed_fe p[4];
    scalar_secret(seed, d);
    point_base(p, d);
    point_pack(pub, p);
    hr_wipe(d, sizeof d);
    hr_wipe(p, sizeof p);
}
void hr_ed25519_sign(const uint8_t seed[32], const uint8_t pub[32], const void *m, size_t n, uint8_t sig[64]) {
    uint8_t d[64], r[32], h[32];
    int64_t x[64] = {0};
    ed_fe p[4];
    scalar_secret(seed, d);
    scalar_hash(r, d + 32, 32, m, n, NULL, 0);
    point_base(p, r);
    point_pack(sig, p);
    scalar_hash(h, sig, 32, pub, 32, m, n);
    for (int i = 0; i < 32; i++) x[i] = r[i];
    for (int i = 0; i < 32; i++) {
        for (int j = 0; j < 32; j++) x[i + j] += (int64_t)h[i] * d[j];
    }
    scalar_reduce(sig + 32, x);
    hr_wipe(d, sizeof d);
    hr_wipe(r, sizeof r);
    hr_wipe(x, sizeof x);
    hr_wipe(p, sizeof p);
}
bool hr_ed25519_verify(const uint8_t pub[32], const void *m, size_t n, const uint8_t sig[64]) {
    uint8_t h[32], t[32];
    ed_fe p[4], q[4];
    int below = 0;
    for (int i = 31; i >= 0 && below == 0; i--) below = (sig[32 + i] < ed_order[i]) - (sig[32 + i] > ed_order[i]);
    if (below != 1 || !point_unpack_negated(q, pub)) return false;
    scalar_hash(h, sig, 32, pub, 32, m, n);
    point_mul(p, q, h);
    point_base(q, sig + 32);
    point_add(p, q);
    point_pack(t, p);
    return hr_same_secret(sig, t, 32);
}
