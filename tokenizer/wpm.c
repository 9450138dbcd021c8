/* wpm.c: WordPiece as uncased BERT does it (Devlin et al. 2018, tokenization of the reference implementation): clean, fold,
 * cut at space, punctuation and CJK, then the longest piece first. In GGUF a piece that begins a word is spelled with
 * U+2581 in front, a continuation without the ##. */
#include "tokenizer/internal.h"

enum { WPM_MAX_CHARS = 100 }; /* longer words are unknown, as in the reference implementation */

typedef struct wpm_word {
    uint8_t *text;      /* U+2581 and the folded word */
    size_t n, n_chars;
} wpm_word;

static bool is_cjk(uint32_t c) {
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
           (c >= 0x2a700 && c <= 0x2b73f) || (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b820 && c <= 0x2ceaf) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

static bool is_bert_punctuation(uint32_t c) {
    if (c < 0x80) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
    return hr_unicode_class(c) == HR_UC_P;
}

static size_t char_bytes(uint8_t b) { return b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4; }

/* the longest piece first; a rest that is no piece makes the whole word unknown */
static void emit_word(hr_tok_enc *e, wpm_word *w) {
    size_t first = e->n, at = 0;
    bool known = w->n_chars <= WPM_MAX_CHARS;
    if (w->n_chars == 0) return;
    while (known && at < w->n) {
        int32_t id = -1;
        size_t end = at, ends[WPM_MAX_CHARS + 2], n_ends = 0;
        while (end < w->n && end - at < e->t->longest) {
            end += char_bytes(w->text[end]);
            ends[n_ends++] = end;
        }
        for (; n_ends > (at == 0 ? 1u : 0u) && id < 0; n_ends--) { /* the mark alone is no piece */
            end = ends[n_ends - 1];
            id = hr_tok_find(e->t, w->text + at, end - at);
        }
        known = id >= 0;
        if (known) hr_tok_emit(e, id);
        at = end;
    }
    if (!known) {
        e->n = first;
        if (e->t->spec.unk >= 0) hr_tok_emit(e, e->t->spec.unk);
    }
    w->n = w->n_chars = 0;
}

static void append_char(wpm_word *w, uint32_t cp) {
    if (w->n_chars == 0) {
        memcpy(w->text, "\xe2\x96\x81", 3);
        w->n = 3;
    }
    if (w->n_chars <= WPM_MAX_CHARS) w->n += hr_utf8_put(cp, w->text + w->n); /* more only counts */
    w->n_chars++;
}

static void wpm_char(hr_tok_enc *e, wpm_word *w, uint32_t cp) {
    unsigned c = hr_unicode_class(cp);
    bool control = c == HR_UC_CONTROL || cp == 0x0b || cp == 0x0c || cp == 0x85; /* spaces elsewhere */
    if (cp == 0xfffd || (control && cp != '\t' && cp != '\n' && cp != '\r')) return;
    if (c == HR_UC_SPACE) {
        emit_word(e, w);
        return;
    }
    uint32_t folded[3];
    size_t n = hr_unicode_bert_fold(cp, folded);
    bool alone = is_cjk(cp);
    if (alone) emit_word(e, w);
    for (size_t i = 0; i < n; i++) {
        bool cut = is_bert_punctuation(folded[i]);
        if (cut) emit_word(e, w);
        append_char(w, folded[i]);
        if (cut) emit_word(e, w);
    }
    if (alone) emit_word(e, w);
}

void hr_tok_wpm_fragment(hr_tok_enc *e, const uint8_t *p, size_t n) {
    wpm_word w = {e->norm, 0, 0};
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        bool ok;
        i += hr_utf8_next(p + i, n - i, &cp, &ok);
        if (ok) wpm_char(e, &w, cp);
    }
    emit_word(e, &w);
}
