/* decode.c: ids to text, token by token, whole characters only. */
#include "tokenizer/internal.h"

/* bytes of a token as they belong into the text; at most hr_tok_max_piece */
static size_t token_bytes(const hr_tok *t, hr_tok_decoder *d, int32_t id, uint8_t *out) {
    int type = hr_tok_type(t, id);
    if (type == 0) return 0;
    if ((type == HR_TOKEN_CONTROL || type == HR_TOKEN_UNKNOWN) && !d->show_special) return 0;
    const uint8_t *p = t->raw + t->raw_at[id];
    size_t n = t->raw_at[id + 1] - t->raw_at[id], m = 0;
    bool marks = t->spec.model != HR_TOK_BPE || t->family->raw;
    if (!marks || type == HR_TOKEN_BYTE) {
        memcpy(out, p, n);
        d->started = true;
        return n;
    }
    for (size_t i = 0; i < n;) { /* U+2581 is a space */
        if (n - i >= 3 && memcmp(p + i, "\xe2\x96\x81", 3) == 0) {
            out[m++] = ' ';
            i += 3;
        } else {
            out[m++] = p[i++];
        }
    }
    bool strip = !d->started && type != HR_TOKEN_CONTROL && m > 0 && out[0] == ' ' &&
                 (t->spec.model == HR_TOK_WPM || t->spec.add_space_prefix);
    if (type != HR_TOKEN_CONTROL) d->started = true;
    if (!strip) return m;
    memmove(out, out + 1, m - 1);
    return m - 1;
}

/* bytes at the end of p that begin a character which is not complete */
static size_t incomplete_tail(const uint8_t *p, size_t n) {
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        uint8_t b = p[n - back];
        if ((b & 0xc0) == 0x80) continue;
        size_t len = b >= 0xc2 && b < 0xe0 ? 2 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xf0 && b < 0xf5 ? 4 : 1;
        return len > back ? back : 0;
    }
    return 0;
}

size_t hr_tok_decode(const hr_tok *t, hr_tok_decoder *d, int32_t id, char *out, size_t cap) {
    uint8_t *p = (uint8_t *)out;
    hr_assert(cap >= hr_tok_max_piece(t));
    if (cap < hr_tok_max_piece(t)) return 0;
    size_t n = d->n_held;
    memcpy(p, d->held, n);
    n += token_bytes(t, d, id, p + n);
    size_t hold = incomplete_tail(p, n);
    memcpy(d->held, p + n - hold, hold);
    d->n_held = (uint8_t)hold;
    return n - hold;
}

size_t hr_tok_decode_flush(hr_tok_decoder *d, char *out, size_t cap) {
    size_t n = d->n_held < cap ? d->n_held : cap;
    memcpy(out, d->held, n);
    d->n_held = 0;
    return n;
}
