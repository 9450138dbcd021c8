/* redact_put.c: what takes a match's place: labels that count, keyed pseudonyms, masks, digits by FF1, shifted dates. */
#include "policy/redact.h"

enum { PUT_VALUE = 512, PUT_TAG = 16 };

/* --- values ------------------------------------------------------------------------------------------------------------- */
/* what counts of a match: its letters and digits, folded, lower case; other scripts' letters as they are */
static size_t put_value(const uint8_t *raw, size_t n, uint8_t *value) {
    size_t m = 0;
    for (size_t i = 0; i < n;) {
        int c;
        size_t len = hr_redact_unit(raw + i, n - i, true, &c);
        if (c == HR_FOLD_LETTER) {
            for (size_t k = 0; k < len && m < PUT_VALUE; k++) value[m++] = raw[i + k];
        } else if (m < PUT_VALUE && (hr_is_alnum(c) || c == '@' || c == '+')) {
            value[m++] = (uint8_t)hr_lower(c);
        }
        i += len;
    }
    return m;
}

static void put_hash(const hr_redact_vault *v, int entity, const uint8_t *raw, size_t n, uint8_t hash[32]) {
    uint8_t value[PUT_VALUE];
    size_t m = put_value(raw, n, value);
    hr_hmac h;
    hr_hmac_init(&h, false, v->key, 32);
    hr_hmac_add(&h, hr_entity_name(entity), strlen(hr_entity_name(entity)) + 1);
    hr_hmac_add(&h, value, m);
    hr_hmac_end(&h, hash);
    hr_wipe(value, m);
}

/* The value's number among those of its entity, from 1 on; 0 when the table is full. */
static unsigned put_number(hr_redact_vault *v, int entity, const uint8_t *raw, size_t n) {
    uint8_t value[PUT_VALUE];
    size_t m = put_value(raw, n, value);
    uint64_t tag = hr_hash64(value, m, hr_le64(v->key) + (uint64_t)entity) | 1;
    hr_wipe(value, m);
    size_t i = (size_t)(tag >> 16) % HR_REDACT_LABELS;
    for (size_t tries = 0; tries < HR_REDACT_LABELS; tries++, i = (i + 1) % HR_REDACT_LABELS) {
        if (v->tag[i] == tag) return v->number[i];
        if (v->tag[i] != 0) continue;
        if (v->used >= HR_REDACT_LABELS - HR_REDACT_LABELS / 8) return 0;
        v->used++;
        v->tag[i] = tag;
        return v->number[i] = ++v->count[entity];
    }
    return 0;
}

static size_t put_label(hr_redact_vault *v, int entity, const uint8_t *raw, size_t n, char *put) {
    unsigned number = put_number(v, entity, raw, n);
    if (number == 0) return hr_format(put, HR_REDACT_PUT, "[%s]", hr_entity_name(entity));
    return hr_format(put, HR_REDACT_PUT, "[%s_%u]", hr_entity_name(entity), number);
}

static size_t put_pseudonym(const hr_redact_vault *v, int entity, const uint8_t *raw, size_t n, char *put) {
    static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t hash[32];
    char tag[PUT_TAG + 1];
    put_hash(v, entity, raw, n, hash);
    for (size_t i = 0; i < PUT_TAG; i++) { /* 80 bits */
        size_t bit = 5 * i;
        unsigned two = (unsigned)hash[bit / 8] << 8 | hash[bit / 8 + 1];
        tag[i] = base32[two >> (11 - bit % 8) & 31];
    }
    tag[PUT_TAG] = 0;
    return hr_format(put, HR_REDACT_PUT, "[%s_%s]", hr_entity_name(entity), tag);
}

static size_t put_mask(const uint8_t *raw, size_t n, char *put) {
    size_t m = 0;
    for (size_t i = 0; i < n && m < HR_REDACT_PUT;) {
        int c;
        i += hr_redact_unit(raw + i, n - i, true, &c);
        if (c != HR_FOLD_NOTHING) put[m++] = c == '\n' || c == '\r' ? (char)c : '*';
    }
    return m;
}

/* --- dates and places ------------------------------------------------------------------------------------------------------ */
static int days_of_month(int y, int m) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[m - 1] + (m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)));
}

typedef struct put_date {
    int part[3];       /* as they stand */
    size_t at[3], len[3];
    int y, m, d;       /* which part is which */
} put_date;

/* three groups of digits, one of four: 1980-05-12, 12.5.1980, 5/12/1980 */
static bool read_date(const uint8_t *t, size_t n, put_date *p) {
    size_t parts = 0;
    for (size_t i = 0; i < n;) {
        if (!hr_is_digit(t[i])) {
            i++;
            continue;
        }
        if (parts == 3) return false;
        p->at[parts] = i;
        p->part[parts] = 0;
        for (; i < n && hr_is_digit(t[i]) && i - p->at[parts] < 5; i++) p->part[parts] = 10 * p->part[parts] + (t[i] - '0');
        p->len[parts] = i - p->at[parts];
        parts++;
    }
    if (parts != 3) return false;
    bool slash = t[p->at[0] + p->len[0]] == '/';
    p->y = p->len[0] == 4 ? 0 : 2;
    p->m = p->y == 0 ? 1 : slash && p->part[0] <= 12 ? 0 : 1;
    p->d = 3 - p->y - p->m;
    int y = p->part[p->y], m = p->part[p->m], d = p->part[p->d];
    return p->len[p->y] == 4 && p->len[p->m] <= 2 && p->len[p->d] <= 2 && y > 1000 && m >= 1 && m <= 12 && d >= 1 &&
           d <= days_of_month(y, m);
}

static size_t put_shifted(const hr_redact_vault *v, const uint8_t *raw, size_t n, char *put) {
    put_date p;
    uint8_t hash[32];
    if (n > 40 || !read_date(raw, n, &p)) return 0;
    put_hash(v, HR_ENTITY_NONE, (const uint8_t *)"days", 4, hash);
    int by = (int)(hr_le32(hash) % 365) + 1, y = p.part[p.y], m = p.part[p.m], d = p.part[p.d]; /* earlier: never the future */
    for (; by > 0; by--) {
        if (--d >= 1) continue;
        if (--m < 1) m = 12, y--;
        d = days_of_month(y, m);
    }
    int part[3];
    size_t m_put = 0, from = 0;
    part[p.y] = y, part[p.m] = m, part[p.d] = d;
    for (size_t i = 0; i < 3; i++) {
        memcpy(put + m_put, raw + from, p.at[i] - from);
        m_put += p.at[i] - from;
        from = p.at[i] + p.len[i];
        if (p.len[i] == 2 && part[i] < 10) put[m_put++] = '0';
        m_put += hr_format(put + m_put, 8, "%d", part[i]);
    }
    memcpy(put + m_put, raw + from, n - from);
    return m_put + n - from;
}

static size_t put_bucket(int entity, const uint8_t *raw, size_t n, char *put) {
    put_date p;
    if (entity == HR_ENTITY_BIRTH_DATE && n <= 40 && read_date(raw, n, &p)) {
        return hr_format(put, HR_REDACT_PUT, "[BIRTH_DATE %ds]", p.part[p.y] / 10 * 10);
    }
    if (entity != HR_ENTITY_COORDINATES) return 0;
    size_t m = hr_format(put, HR_REDACT_PUT, "[COORDINATES"), numbers = 0;
    for (size_t i = 0; i < n && numbers < 2; numbers++) { /* whole degrees: what stands before each decimal point */
        while (i < n && !hr_is_digit(raw[i])) i++;
        if (i == n) break;
        put[m++] = numbers == 0 ? ' ' : ',';
        if (i > 0 && raw[i - 1] == '-') put[m++] = '-';
        for (int k = 0; i < n && hr_is_digit(raw[i]) && k < 3; i++, k++) put[m++] = (char)raw[i];
        while (i < n && (hr_is_digit(raw[i]) || raw[i] == '.')) i++;
    }
    put[m++] = ']';
    return m;
}

/* --- AES-256 and FF1 ------------------------------------------------------------------------------------------------------- */
typedef struct put_aes {
    uint8_t round[15][16];
    uint8_t box[256];
} put_aes;
static uint8_t aes_twice(uint8_t a) { return (uint8_t)(a << 1 ^ (a >> 7) * 0x1b); }

static void aes_init(put_aes *a, const uint8_t key[32]) {
    uint8_t p = 1, q = 1, *w = a->round[0], con = 1;
    do { /* the box from its definition: p over the powers of 3, q its inverse */
        p = (uint8_t)(p ^ aes_twice(p));
        q ^= (uint8_t)(q << 1), q ^= (uint8_t)(q << 2), q ^= (uint8_t)(q << 4);
        if (q & 0x80) q ^= 9;
        uint8_t x = q;
        for (int i = 1; i <= 4; i++) x ^= (uint8_t)(q << i | q >> (8 - i));
        a->box[p] = x ^ 0x63;
    } while (p != 1);
    a->box[0] = 0x63;
    memcpy(w, key, 32);
    for (size_t i = 32; i < 240; i += 4) {
        uint8_t t[4];
        memcpy(t, w + i - 4, 4);
        if (i % 32 == 0) {
            uint8_t first = t[0];
            t[0] = a->box[t[1]] ^ con, t[1] = a->box[t[2]], t[2] = a->box[t[3]], t[3] = a->box[first];
            con = aes_twice(con);
        } else if (i % 32 == 16) {
            for (int k = 0; k < 4; k++) t[k] = a->box[t[k]];
        }
        for (size_t k = 0; k < 4; k++) w[i + k] = w[i + k - 32] ^ t[k];
    }
}

static void aes_block(const put_aes *a, uint8_t s[16]) {
    for (int k = 0; k < 16; k++) s[k] ^= a->round[0][k];
    for (int round = 1; round <= 14; round++) {
        uint8_t t[16];
        for (int k = 0; k < 16; k++) t[k] = a->box[s[(k + 4 * (k % 4)) % 16]];
        for (int c = 0; c < 16; c += 4) {
            uint8_t all = t[c] ^ t[c + 1] ^ t[c + 2] ^ t[c + 3];
            for (int k = 0; k < 4; k++) {
                uint8_t mixed = (uint8_t)(t[c + k] ^ all ^ aes_twice((uint8_t)(t[c + k] ^ t[c + (k + 1) % 4])));
                s[c + k] = (round == 14 ? t[c + k] : mixed) ^ a->round[round][c + k];
            }
        }
    }
}

enum { FF1_DIGITS = 56, FF1_TWEAK = 64 };
/* y [16]: the round's number, from the other half x [n_x] (digit values) */
static void ff1_round(const put_aes *a, const uint8_t p[16], const void *tweak, size_t t, size_t b, int round, const uint8_t *x,
                      size_t n_x, uint8_t y[16]) {
    uint8_t q[FF1_TWEAK + 32] = {0};
    size_t n = (t + b + 1 + 15) / 16 * 16;
    if (t > 0) memcpy(q, tweak, t);
    q[n - b - 1] = (uint8_t)round;
    for (size_t i = 0; i < n_x; i++) { /* b bytes, most significant first */
        unsigned carry = x[i];
        for (size_t k = n; k-- > n - b;) carry += q[k] * 10u, q[k] = (uint8_t)carry, carry >>= 8;
    }
    memcpy(y, p, 16);
    aes_block(a, y);
    for (size_t i = 0; i < n; i += 16) {
        for (size_t k = 0; k < 16; k++) y[k] ^= q[i + k];
        aes_block(a, y);
    }
}

bool hr_redact_format(const uint8_t key[32], const void *tweak, size_t n_tweak, bool back, uint8_t *text, size_t n) {
    uint8_t digit[FF1_DIGITS], c[FF1_DIGITS], y[16];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!hr_is_digit(text[i])) continue;
        if (count == FF1_DIGITS) return false;
        digit[count++] = (uint8_t)(text[i] - '0');
    }
    if (count < 6 || n_tweak > FF1_TWEAK) return false;
    size_t u = count / 2, v = count - u, b = ((v * 3402 + 1023) / 1024 + 7) / 8; /* 3402/1024 > log2 10, exact up to 56 digits */
    size_t d = (b + 3) / 4 * 4 + 4;
    uint8_t p[16] = {1, 2, 1, 0, 0, 10, 10, (uint8_t)u, 0, 0, 0, (uint8_t)count, 0, 0, 0, (uint8_t)n_tweak};
    put_aes a;
    aes_init(&a, key);
    for (int i = 0; i < 10; i++) {
        int round = back ? 9 - i : i;
        size_t m = round % 2 == 0 ? u : v; /* digits of this round's half: the first, of A forwards, of B backwards */
        const uint8_t *other = back ? digit : digit + m;
        uint8_t *mine = back ? digit + (count - m) : digit;
        ff1_round(&a, p, tweak, n_tweak, b, round, other, count - m, y);
        memset(c, 0, m);
        for (size_t k = 0; k < d; k++) { /* y modulo 10^m */
            unsigned carry = y[k];
            for (size_t j = m; j-- > 0;) carry += c[j] * 256u, c[j] = (uint8_t)(carry % 10), carry /= 10;
        }
        int carry = 0;
        for (size_t j = m; j-- > 0;) {
            int sum = mine[j] + (back ? -c[j] : c[j]) + carry;
            carry = sum > 9 ? 1 : sum < 0 ? -1 : 0;
            c[j] = (uint8_t)(sum - 10 * carry);
        }
        memmove(back ? digit + m : digit, back ? digit : digit + m, count - m);
        memcpy(back ? digit : digit + (count - m), c, m);
    }
    for (size_t i = 0, k = 0; i < n; i++) {
        if (hr_is_digit(text[i])) text[i] = (uint8_t)('0' + digit[k++]);
    }
    hr_wipe(&a, sizeof a);
    hr_wipe(digit, sizeof digit);
    return true;
}

/* --- one match -------------------------------------------------------------------------------------------------------------- */
size_t hr_redact_put(hr_redact_vault *v, int op, int entity, const uint8_t *raw, size_t n, char *put) {
    size_t m = 0;
    const char *name = hr_entity_name(entity);
    switch (v->keyed || op == HR_REDACT_BUCKET || op == HR_REDACT_MASK || op == HR_REDACT_DROP ? op : HR_REDACT_LABEL) {
    case HR_REDACT_DROP: return 0;
    case HR_REDACT_MASK: return put_mask(raw, n, put);
    case HR_REDACT_PSEUDONYM: return put_pseudonym(v, entity, raw, n, put);
    case HR_REDACT_FORMAT:
        if (n <= HR_REDACT_PUT) memcpy(put, raw, n);
        if (n <= HR_REDACT_PUT && hr_redact_plain(raw, n) == n &&
            hr_redact_format(v->key, name, strlen(name), false, (uint8_t *)put, n))
            m = n;
        break;
    case HR_REDACT_SHIFT:
        if (hr_redact_plain(raw, n) == n) m = put_shifted(v, raw, n, put);
        break;
    case HR_REDACT_BUCKET: m = put_bucket(entity, raw, n, put); break;
    default: break;
    }
    return m > 0 ? m : put_label(v, entity, raw, n, put);
}
