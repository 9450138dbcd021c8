/* find_wallet.c: addresses and keys of crypto currencies, by the checksum inside each. Sources: Bitcoin's base58check, BIP 32,
 * 173 and 350 (bech32, bech32m, segwit), CashAddr, EIP-55, XRP's alphabet, SS58, SEP 23 (Stellar), TEP 2 (TON), Monero's
 * base58 in blocks, FIPS 202's permutation with Keccak's first padding. */
#include "engine/base/crypto.h"
#include "policy/entity.h"

enum { WALLET_LEAST = 14, WALLET_MOST = 112 /* base58 */, WALLET_BECH32 = 330, WALLET_BACK = 112 };
enum { WALLET_NO, WALLET_SHAPE /* nothing in it to check */, WALLET_SUM };

/* --- checksums ----------------------------------------------------------------------------------------------------------------- */
static uint64_t keccak_turn(uint64_t x, unsigned n) { return n == 0 ? x : x << n | x >> (64 - n); }

static void keccak_permute(uint64_t a[25]) {
    static const uint8_t turn[25] = {0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39,
                                     41, 45, 15, 21, 8, 18, 2, 61, 56, 14};
    uint8_t lfsr = 1;
    for (int round = 0; round < 24; round++) {
        uint64_t c[5], b[25];
        for (size_t x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (size_t i = 0; i < 25; i++) a[i] ^= c[(i + 4) % 5] ^ keccak_turn(c[(i + 1) % 5], 1);
        for (size_t i = 0; i < 25; i++) b[i / 5 + (2 * (i % 5) + 3 * (i / 5)) % 5 * 5] = keccak_turn(a[i], turn[i]);
        for (size_t i = 0; i < 25; i++) a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
        for (unsigned j = 0; j < 7; j++) { /* the round's constant: x^8 + x^6 + x^5 + x^4 + 1 */
            if (lfsr & 1) a[0] ^= (uint64_t)1 << ((1u << j) - 1);
            lfsr = (uint8_t)(lfsr << 1 ^ (lfsr >> 7) * 0x71);
        }
    }
}

static void hash_keccak256(const uint8_t *p, size_t n, uint8_t out[32]) { /* n below 136: one block */
    uint64_t a[25] = {0};
    hr_assert(n < 136);
    for (size_t i = 0; i < n; i++) a[i / 8] ^= (uint64_t)p[i] << (i % 8 * 8);
    a[n / 8] ^= (uint64_t)1 << (n % 8 * 8);
    a[16] ^= (uint64_t)1 << 63;
    keccak_permute(a);
    for (size_t i = 0; i < 32; i++) out[i] = (uint8_t)(a[i / 8] >> (i % 8 * 8));
}

static uint16_t sum_crc16(const uint8_t *p, size_t n) { /* XMODEM */
    unsigned crc = 0;
    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned)p[i] << 8;
        for (int k = 0; k < 8; k++) crc = (crc << 1 ^ (crc & 0x8000 ? 0x1021u : 0u)) & 0xffff;
    }
    return (uint16_t)crc;
}

/* p [n]: ends with the first four bytes of the double SHA-256 of the others */
static bool ends_with_sha256(const uint8_t *p, size_t n) {
    uint8_t h[32];
    hr_sha2 s;
    for (int round = 0; round < 2; round++) {
        hr_sha2_init(&s, false);
        hr_sha2_add(&s, round == 0 ? p : h, round == 0 ? n - 4 : 32);
        hr_sha2_end(&s, h);
    }
    return memcmp(h, p + n - 4, 4) == 0;
}

/* --- base58 -------------------------------------------------------------------------------------------------------------------- */
static const char base58_plain[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char base58_ripple[] = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/* Bytes of t [n] in out [WALLET_MOST]; 0: a character that does not belong. Leading zeros are one byte each. */
static size_t read_base58(const uint8_t *t, size_t n, const char *alphabet, uint8_t *out) {
    uint8_t map[256] = {0}, big[WALLET_MOST];
    size_t m = 0, zeros = 0;
    for (size_t i = 0; i < 58; i++) map[(uint8_t)alphabet[i]] = (uint8_t)(i + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned carry = map[t[i]];
        if (carry-- == 0) return 0;
        if (carry == 0 && zeros == i) zeros++;
        for (size_t k = 0; k < m; k++) carry += 58u * big[k], big[k] = (uint8_t)carry, carry >>= 8;
        if (carry != 0) big[m++] = (uint8_t)carry;
    }
    for (size_t i = 0; i < zeros; i++) out[i] = 0;
    for (size_t i = 0; i < m; i++) out[zeros + i] = big[m - 1 - i];
    return zeros + m;
}

/* Monero: blocks of 11 characters for 8 bytes, the last shorter; the checksum is Keccak's */
static bool is_monero(const uint8_t *t, size_t n) {
    uint8_t bytes[80], part[WALLET_MOST], h[32];
    size_t m = 0;
    for (size_t i = 0; i < n; i += 11) {
        size_t len = hr_min_size(11, n - i), want = len == 11 ? 8 : len == 7 ? 5 : 0; /* 106 characters: 9 blocks and 7 */
        size_t got = read_base58(t + i, len, base58_plain, part), zeros = 0;
        while (got > want && zeros < got && part[zeros] == 0) zeros++, got--; /* a '1' in front is only a digit here */
        if (got > want || want == 0) return false;
        memset(bytes + m, 0, want);
        memcpy(bytes + m + want - got, part + zeros, got);
        m += want;
    }
    hash_keccak256(bytes, m - 4, h);
    return memcmp(h, bytes + m - 4, 4) == 0;
}

static bool is_ss58(const uint8_t *p, size_t n) {
    uint8_t h[64];
    hr_blake2b b;
    if (!((n == 35 && p[0] < 64) || (n == 36 && p[0] >= 64 && p[0] < 128))) return false;
    hr_blake2b_init(&b, 64, NULL, 0);
    hr_blake2b_add(&b, "SS58PRE", 7);
    hr_blake2b_add(&b, p, n - 2);
    hr_blake2b_end(&b, h);
    return memcmp(h, p + n - 2, 2) == 0;
}

static bool is_base58(const uint8_t *t, size_t n) {
    uint8_t p[WALLET_MOST];
    bool usual = (n >= 25 && n <= 37) || (n >= 46 && n <= 53) || (n >= 107 && n <= WALLET_MOST);
    if ((n == 95 || n == 106) && (t[0] == '4' || t[0] == '8')) return is_monero(t, n);
    if (!usual) return false;
    size_t m = read_base58(t, n, base58_plain, p);
    if (m > 0 && is_ss58(p, m)) return true;
    /* version and hash: 21 bytes, Zcash 22, Tezos 23; private keys 33 or 34; extended keys 78 */
    if ((m >= 25 && m <= 27) || m == 37 || m == 38 || m == 82) {
        if (ends_with_sha256(p, m)) return true;
    }
    if (t[0] != 'r' && t[0] != 's') return false;
    m = read_base58(t, n, base58_ripple, p);
    return (m == 25 || m == 21) && ends_with_sha256(p, m); /* XRP: account, seed */
}

/* --- bech32 ---------------------------------------------------------------------------------------------------------------------- */
static int bech32_value(int c) {
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const char *p = c == 0 ? NULL : strchr(alphabet, hr_lower(c));
    return p == NULL ? -1 : (int)(p - alphabet);
}
static uint32_t bech32_add(uint32_t sum, unsigned x) {
    static const uint32_t g[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ x;
    for (int i = 0; i < 5; i++) sum ^= top >> i & 1 ? g[i] : 0;
    return sum;
}

/* the part before the '1', which is one of the coins with segwit programs: these keep rules of their own */
static bool is_segwit_name(const uint8_t *t, size_t n) {
    static const char names[] = "bc|tb|bcrt|ltc|tltc|vtc|dgb|btg|grs|";
    for (const char *w = names; *w != 0; w++) {
        size_t k = 0;
        while (w[k] != '|' && k < n && hr_lower(t[k]) == w[k]) k++;
        if (w[k] == '|' && k == n) return true;
        while (*w != '|') w++;
    }
    return false;
}

static bool is_bech32(const uint8_t *t, size_t n) {
    size_t one = n, upper = 0, lower = 0;
    uint32_t sum = 1;
    for (size_t i = 0; i < n; i++) {
        if (t[i] == '1') one = i;
        upper += hr_is_upper(t[i]), lower += t[i] >= 'a' && t[i] <= 'z';
    }
    bool segwit = one < n && is_segwit_name(t, one);
    if (one < 2 || n - one < (segwit ? 11u : 21u) || (upper > 0 && lower > 0)) return false; /* others have 70 bits and more */
    for (size_t i = 0; i < one; i++) sum = bech32_add(sum, (unsigned)hr_lower(t[i]) >> 5);
    sum = bech32_add(sum, 0);
    for (size_t i = 0; i < one; i++) sum = bech32_add(sum, (unsigned)hr_lower(t[i]) & 31);
    for (size_t i = one + 1; i < n; i++) {
        int x = bech32_value(t[i]);
        if (x < 0) return false;
        sum = bech32_add(sum, (unsigned)x);
    }
    bool plain = sum == 1, m = sum == 0x2bc830a3;
    if (!segwit) return plain || m;
    int version = bech32_value(t[one + 1]);
    size_t chars = n - one - 8, bytes = chars * 5 / 8; /* of the program */
    unsigned rest = (unsigned)(chars * 5 % 8);
    if (rest >= 5 || (bech32_value(t[n - 7]) & ((1 << rest) - 1)) != 0 || n > 90) return false;
    if (version == 0) return plain && (bytes == 20 || bytes == 32);
    return (plain || m) && version <= 16 && bytes >= 2 && bytes <= 40; /* plain: before BIP 350 */
}

static bool is_cashaddr(const uint8_t *t, size_t n) { /* without its "bitcoincash:" */
    static const uint64_t g[] = {0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470};
    static const char name[] = "bitcoincash";
    uint64_t sum = 1;
    if (n != 42 || (hr_lower(t[0]) != 'q' && hr_lower(t[0]) != 'p')) return false;
    for (size_t i = 0; i < n + 12; i++) {
        int x = i < 11 ? name[i] & 31 : i == 11 ? 0 : bech32_value(t[i - 12]);
        if (x < 0) return false;
        uint64_t top = sum >> 35;
        sum = (sum & 0x7ffffffff) << 5 ^ (uint64_t)x;
        for (int k = 0; k < 5; k++) sum ^= top >> k & 1 ? g[k] : 0;
    }
    return sum == 1;
}

/* --- the others -------------------------------------------------------------------------------------------------------------------- */
/* EIP-55: a letter is a capital where the hash of the small ones has a high digit. One case throughout says nothing. */
static int judge_ethereum(const uint8_t *t, size_t n) {
    uint8_t small[40], h[32];
    bool upper = false, lower = false, sum = true, equal = true;
    if (n != 42 || t[0] != '0' || (t[1] != 'x' && t[1] != 'X')) return WALLET_NO;
    for (size_t i = 0; i < 40; i++) {
        if (!hr_is_hex(t[i + 2])) return WALLET_NO;
        small[i] = (uint8_t)hr_lower(t[i + 2]);
        upper = upper || hr_is_upper(t[i + 2]), lower = lower || t[i + 2] >= 'a';
        equal = equal && t[i + 2] == t[2];
    }
    hash_keccak256(small, 40, h);
    for (size_t i = 0; i < 40; i++) {
        bool high = (h[i / 2] >> (i % 2 ? 0 : 4) & 15) >= 8;
        sum = sum && (small[i] < 'a' || high == hr_is_upper(t[i + 2]));
    }
    return equal ? WALLET_NO : upper && lower ? (sum ? WALLET_SUM : WALLET_NO) : WALLET_SHAPE;
}

/* base 32 (Stellar) or base 64 (TON): t [n] as bits; then a CRC-16. Stellar's has its low byte first. */
static bool ends_with_crc16(const uint8_t *t, size_t n, bool stellar) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t p[48];
    size_t m = 0;
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < n; i++) {
        int c = t[i], x;
        if (stellar) {
            const char *at = c == 0 ? NULL : strchr(letters, c);
            if (at == NULL) return false;
            x = (int)(at - letters);
        } else {
            x = hr_is_upper(c) ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : hr_is_digit(c) ? c - '0' + 52
              : c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : -1;
            if (x < 0) return false;
        }
        bits = (bits << (stellar ? 5 : 6) | (unsigned)x) & 0xffff;
        have += stellar ? 5 : 6;
        if (have >= 8) have -= 8, p[m++] = (uint8_t)(bits >> have);
    }
    unsigned sum = sum_crc16(p, m - 2), low = p[m - 2], high = p[m - 1];
    return sum == (stellar ? high << 8 | low : low << 8 | high);
}
static bool is_ton(const uint8_t *t, size_t n) {
    return n == 48 && (t[1] == 'Q' || t[1] == 'f') && t[0] != 0 && strchr("EUk0", t[0]) != NULL && ends_with_crc16(t, n, false);
}

static int judge_wallet(const uint8_t *t, size_t n) {
    if (n < WALLET_LEAST || n > WALLET_BECH32) return WALLET_NO;
    int ethereum = judge_ethereum(t, n);
    if (ethereum != WALLET_NO) return ethereum;
    if (n == 56 && (t[0] == 'G' || t[0] == 'S') && ends_with_crc16(t, n, true)) return WALLET_SUM;
    return is_base58(t, n) || is_bech32(t, n) || is_cashaddr(t, n) || is_ton(t, n) ? WALLET_SUM : WALLET_NO;
}

bool hr_wallet_valid(const char *text, size_t n) {
    const uint8_t *t = (const uint8_t *)text;
    static const char name[] = "bitcoincash:";
    size_t k = 0;
    while (k < 12 && k < n && hr_lower(t[k]) == name[k]) k++;
    if (k == 12) return is_cashaddr(t + 12, n - 12);
    return judge_wallet(t, n) != WALLET_NO;
}

/* --- in text ----------------------------------------------------------------------------------------------------------------------- */
static bool in_wallet(int c, bool ton) { return (hr_is_alnum(c) && c < 0x80) || (ton && (c == '-' || c == '_')); }

/* Once a token: at its first digit, or at its first capital when it has none. */
bool hr_find_wallet(const hr_view *v, hr_match *hit) {
    size_t begin = v->at, end = v->at;
    bool digit = hr_is_digit(v->f[v->at]), first = true;
    while (begin > v->first && v->at - begin < WALLET_BACK && in_wallet(v->f[begin - 1], false)) {
        if (hr_is_digit(v->f[--begin]) || (!digit && hr_is_upper(v->f[begin]))) first = false;
    }
    while (first && end < v->hi && end - begin <= WALLET_BECH32 && in_wallet(v->f[end], false)) {
        if (!digit && hr_is_digit(v->f[end])) return false;
        end++;
    }
    int what = WALLET_NO, after = hr_view_get(v, end), before = hr_view_get(v, begin - 1);
    if (first && !hr_is_letter(before) && !hr_is_letter(after)) what = judge_wallet(v->f + begin, end - begin);
    if (what == WALLET_NO && digit) { /* with the signs of base64url */
        begin = end = v->at;
        while (begin > v->first && v->at - begin < 48 && in_wallet(v->f[begin - 1], true)) begin--;
        if (begin + 48 > v->hi || !is_ton(v->f + begin, 48) || in_wallet(hr_view_get(v, begin + 48), true)) return false;
        end = begin + 48, what = WALLET_SUM;
    }
    if (what == WALLET_NO) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_WALLET, (uint8_t)(what == WALLET_SUM ? 99 : 65),
                    (uint8_t)(what == WALLET_SUM ? HR_CHECK_DIGITS : HR_CHECK_SHAPE), HR_MORE_NONE, 0};
    return true;
}
