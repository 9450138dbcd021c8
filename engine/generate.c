/* generate.c: the text side of generation, and the loop. After a call that went well the context holds the prompt and every
 * generated token (not the end token), with the logits for what comes next: the next call goes on from there, and N tokens
 * in two calls are the N tokens of one. After an error the context is what it was before the call. */
#include "engine/base/base.h"
#include "engine/base/sys.h"
#include "engine/draft.h"
#include "engine/generate.h"
#include "engine/hearth.h"
#include "engine/session.h"

/* --- text out -------------------------------------------------------------------------------------------- */
HR_PRIVATE void hr_out_begin(hr_out *o, const char *const *stop, size_t n_stop, hearth_on_piece *on_piece, void *ctx) {
    memset(o, 0, sizeof *o);
    o->on_piece = on_piece;
    o->ctx = ctx;
    o->stop = stop;
    o->n_stop = n_stop;
    o->piece.token = -1;
    for (size_t i = 0; i < n_stop; i++) {
        const char *s = stop[i];
        size_t border = 0, n = strlen(s);
        hr_assert(n > 0 && n <= HR_MAX_STOP_BYTES);
        o->stop_bytes[i] = n;
        for (size_t j = 1; j < n; j++) {
            while (border > 0 && s[j] != s[border]) border = o->back[i][border];
            if (s[j] == s[border]) border++;
            o->back[i][j + 1] = (uint16_t)border;
        }
    }
}
static void hand_out_text(hr_out *o, size_t n) {
    hr_assert(n <= o->n);
    o->piece.text = o->text;
    o->piece.n_text = n;
    if (o->on_piece && !o->asked_to_end && o->on_piece(o->ctx, &o->piece) != 0) o->asked_to_end = true;
    memmove(o->text, o->text + n, o->n - n);
    o->n -= n;
}
/* bytes at the end of the text that may become a stop string */
static size_t count_held_bytes(const hr_out *o) {
    size_t held = 0;
    if (o->stopped) return 0;
    for (size_t i = 0; i < o->n_stop; i++) held = hr_max_size(held, o->match[i]);
    return held;
}
static void match_stop_byte(hr_out *o, char c) {
    size_t longest = 0;
    for (size_t i = 0; i < o->n_stop; i++) {
        size_t m = o->match[i];
        while (m > 0 && o->stop[i][m] != c) m = o->back[i][m];
        if (o->stop[i][m] == c) m++;
        o->match[i] = m;
        if (m == o->stop_bytes[i]) longest = hr_max_size(longest, m);
    }
    if (longest == 0) return;
    o->stopped = true;
    o->n -= longest; /* all of it was held back until now */
}
static void put_text_char(hr_out *o, const void *bytes, size_t n) {
    const char *c = (const char *)bytes;
    if (o->n + n > HR_OUT_BYTES) hand_out_text(o, o->n - count_held_bytes(o));
    for (size_t i = 0; i < n && !o->stopped; i++) {
        o->text[o->n++] = c[i];
        match_stop_byte(o, c[i]);
    }
}
/* length of the character that a byte begins, 0 when it begins none */
static size_t find_char_bytes(unsigned char b) {
    if (b < 0x80) return 1;
    if (b >= 0xc2 && b <= 0xdf) return 2;
    if (b >= 0xe0 && b <= 0xef) return 3;
    return b >= 0xf0 && b <= 0xf4 ? 4 : 0;
}
/* may b follow a character of which `have` bytes are there? Unicode table 3-7 */
static bool can_follow(const unsigned char *part, size_t have, unsigned char b) {
    unsigned char low = 0x80, high = 0xbf;
    if (have == 1) {
        if (part[0] == 0xe0) low = 0xa0;
        else if (part[0] == 0xed) high = 0x9f;
        else if (part[0] == 0xf0) low = 0x90;
        else if (part[0] == 0xf4) high = 0x8f;
    }
    return b >= low && b <= high;
}
static void put_replacement(hr_out *o) {
    o->n_part = 0;
    put_text_char(o, "\xef\xbf\xbd", 3);
}
HR_PRIVATE void hr_out_bytes(hr_out *o, const char *bytes, size_t n) {
    for (size_t i = 0; i < n && !o->stopped; i++) {
        unsigned char b = (unsigned char)bytes[i];
        if (o->n_part > 0 && !can_follow(o->part, o->n_part, b)) put_replacement(o);
        if (o->n_part == 0 && find_char_bytes(b) == 0) {
            put_replacement(o);
            continue;
        }
        o->part[o->n_part++] = b;
        if (o->n_part == find_char_bytes(o->part[0])) {
            size_t whole = o->n_part;
            o->n_part = 0;
            put_text_char(o, o->part, whole);
        }
    }
}
HR_PRIVATE void hr_out_token(hr_out *o) { hand_out_text(o, o->n - count_held_bytes(o)); }
HR_PRIVATE void hr_out_end(hr_out *o) {
    if (o->n_part > 0 && !o->stopped) put_replacement(o);
    if (o->n > 0) hand_out_text(o, o->n);
}

/* --- work area ------------------------------------------------------------------------------------------- */
typedef struct generate_area {
    hr_out *out;
    int32_t *ids; /* [ctx] */
    char *piece;  /* [piece_bytes] */
    size_t piece_bytes, text_bytes;
    void *scratch;
} generate_area;

static size_t find_prompt_bytes(size_t ctx) { return hr_max_size(ctx * HR_PROMPT_BYTES, HR_PROMPT_MIN_BYTES); }
static void lay_generate_area(generate_area *a, hr_arena *arena, const hr_model *m, size_t ctx) {
    memset(a, 0, sizeof *a);
    if (!m->tok) return; /* fed by ids only */
    a->text_bytes = find_prompt_bytes(ctx);
    a->piece_bytes = hr_max_size(hr_tok_max_piece(m->tok), 8);
    a->scratch = hr_arena_alloc(arena, hr_tok_scratch_bytes(m->tok, a->text_bytes), 1, HR_ARENA_ALIGN);
    a->out = HR_NEW(arena, hr_out, 1);
    a->ids = HR_NEW(arena, int32_t, ctx);
    a->piece = HR_NEW(arena, char, a->piece_bytes);
}
HR_PRIVATE size_t hr_generate_work_bytes(const hr_model *m, size_t ctx_tokens) {
    generate_area a;
    hr_arena arena;
    hr_arena_init_count(&arena);
    lay_generate_area(&a, &arena, m, ctx_tokens);
    return (arena.used + HR_ARENA_ALIGN - 1) / HR_ARENA_ALIGN * HR_ARENA_ALIGN;
}

/* --- the loop -------------------------------------------------------------------------------------------- */
typedef struct generation {
    hr_session *s;
    generate_area area;
    hr_tok_decoder decoder;
    const hearth_sampling *sampling;
    hearth_result result;
    uint64_t start_ns, first_at_ns, feed_ns; /* feed_ns: of the last feed of drawn tokens */
    hr_draft draft;
    size_t row, rows;      /* of the last feed: the one for the next token, and how many there are */
    int32_t step[HR_DRAFT_MOST + 1]; /* the last feed: a drawn token and what was guessed behind it */
    hr_guide *guide;       /* or NULL */
    size_t tokens;         /* with a guide: at most so many */
    hr_error *err;
} generation;

static hr_status feed_generation(generation *g, const int32_t *tokens, size_t n) {
    return hearth_feed((hearth_session *)(void *)g->s, tokens, n, 1, (hearth_error *)g->err);
}
/* prompt text to area.ids; *n 0: nothing new, the last token of the context is computed again for its logits */
static hr_status encode_prompt(generation *g, const char *prompt, size_t n_prompt, size_t *n) {
    const hr_session *s = g->s;
    size_t room = s->ctx - (size_t)s->position;
    uint32_t flags = s->position == 0 ? HR_ENCODE_SPECIAL : 0;
    *n = 0;
    if (n_prompt > g->area.text_bytes)
        return hr_fail(g->err, HR_E_FULL, HR_NO_OFFSET, "prompt",
                       "%zu bytes of text, at most %zu for a context of %zu; "
                       "longer text goes to hearth_tokenize and hearth_feed", n_prompt, g->area.text_bytes, s->ctx);
    hr_status status = hr_tok_encode(s->model->tok, prompt, n_prompt, flags, g->area.ids, room, n, g->area.scratch,
                                     NULL);
    if (status == HR_E_FULL || (status == HR_OK && *n > room))
        return hr_fail(g->err, HR_E_FULL, HR_NO_OFFSET, "prompt", "%zu tokens, the context of %zu has room for %zu", *n,
                       s->ctx, room);
    if (status != HR_OK) return hr_fail(g->err, status, HR_NO_OFFSET, "prompt", "cannot be tokenized");
    if (*n == 0 && s->position == 0)
        return hr_fail(g->err, HR_E_ARG, HR_NO_OFFSET, "prompt", "is empty, and this model has no begin token");
    return HR_OK;
}
static bool has_context_text(const hr_session *s) {
    for (size_t i = 0; i < (size_t)s->position; i++)
        if (hr_tok_type(s->model->tok, s->history[i]) != HR_TOKEN_CONTROL) return true;
    return false;
}
static hr_status feed_prompt(generation *g, const char *prompt, size_t n_prompt) {
    hr_session *s = g->s;
    size_t n;
    HR_TRY(encode_prompt(g, prompt, n_prompt, &n));
    g->result.n_prompt = (int)n;
    if (g->guide) {
        g->tokens = s->ctx - (size_t)s->position - n;
        if (g->sampling->max_tokens > 0) g->tokens = hr_min_size(g->tokens, (size_t)g->sampling->max_tokens);
        HR_TRY(hr_guide_begin(g->guide, g->tokens, g->err));
    }
    if (n == 0) {
        int32_t last = s->history[s->position - 1];
        HR_TRY(hearth_rewind((hearth_session *)(void *)s, s->position - 1));
        HR_TRY(feed_generation(g, &last, 1));
    } else {
        HR_TRY(feed_generation(g, g->area.ids, n));
    }
    g->decoder.started = g->guide || n_prompt > 0 || has_context_text(s); /* only the first word of a text loses its space */
    g->result.prompt_ns = hr_clock_ns() - g->start_ns;
    return HR_OK;
}
/* tokens of the context and, while guesses are checked, those that turned out right */
static size_t count_decided(const generation *g) { return (size_t)g->s->position + 1 + g->row - hr_max_size(g->rows, 1); }
/* *token -1: the text is complete under its guide */
static hr_status draw_next(generation *g, int32_t *token, float *logprob) {
    const hr_session *s = g->s;
    size_t vocab = s->model->hp.n_vocab;
    const uint32_t *mask = NULL;
    if (g->guide) {
        HR_TRY(hr_guide_mask(g->guide, g->tokens - (size_t)g->result.n_generated, &mask, g->err));
        if (!mask) return HR_OK;
    }
    const hr_sample_args a = {s->logits + g->row * vocab, vocab, s->history, count_decided(g), g->sampling, s->sample_work, mask};
    return hr_sample_row(&a, token, g->area.out->on_piece ? logprob : NULL, g->err);
}
/* Takes back the guesses behind the row at hand, which becomes the one and only row. */
static hr_status drop_guesses(generation *g) {
    hr_session *s = g->s;
    size_t vocab = s->model->hp.n_vocab, n = count_decided(g);
    if (g->row + 1 == g->rows && g->row == 0) return HR_OK;
    memmove(s->logits, s->logits + g->row * vocab, vocab * sizeof *s->logits);
    HR_TRY(hearth_rewind((hearth_session *)(void *)s, (int)n)); /* fewer than a batch: always possible */
    s->rows = g->rows = 1;
    g->row = 0;
    return HR_OK;
}
/* The drawn token: right when it was guessed, else everything behind it is taken back and it is fed, with new guesses. */
static hr_status take_token(generation *g, int32_t token) {
    hr_session *s = g->s;
    if (g->row + 1 < g->rows && g->step[g->row + 1] == token) {
        g->row++;
        g->result.n_right++;
        return HR_OK;
    }
    if (g->feed_ns > 0) hr_draft_learn(&g->draft, g->rows - 1, g->row, g->feed_ns);
    HR_TRY(drop_guesses(g));
    size_t n = (size_t)s->position, most = hr_min_size(s->logits_rows, s->batch) - 1;
    if (n == s->ctx) return HR_OK;
    s->history[n] = g->step[0] = token;
    size_t guessed = hr_draft_guess(&g->draft, s->history, n + 1, hr_min_size(most, s->ctx - n - 1), g->step + 1);
    uint64_t since = hr_clock_ns();
    HR_TRY(hearth_feed((hearth_session *)(void *)s, g->step, guessed + 1, guessed + 1, (hearth_error *)g->err));
    g->feed_ns = hr_clock_ns() - since;
    g->row = 0;
    g->rows = guessed + 1;
    g->result.n_guessed += (int)guessed;
    return HR_OK;
}
/* text of a token; 0, or why generation ends with it */
static int put_token(generation *g, int32_t token, float logprob) {
    hr_out *o = g->area.out;
    g->result.n_generated++;
    o->piece.token = token;
    o->piece.logprob = logprob;
    o->piece.n_generated = g->result.n_generated;
    size_t n = hr_tok_decode(g->s->model->tok, &g->decoder, token, g->area.piece, g->area.piece_bytes);
    hr_out_bytes(o, g->area.piece, n);
    hr_out_token(o);
    if (o->stopped) return HEARTH_END_STOP;
    if (o->asked_to_end) return HEARTH_END_CALLBACK;
    if (g->result.n_generated == g->sampling->max_tokens) return HEARTH_END_LIMIT;
    return count_decided(g) == g->s->ctx ? HEARTH_END_CONTEXT : 0;
}
static void end_text(generation *g) {
    size_t n = hr_tok_decode_flush(&g->decoder, g->area.piece, g->area.piece_bytes);
    hr_out_bytes(g->area.out, g->area.piece, n);
    hr_out_end(g->area.out);
}
static hr_status run_generation(generation *g, const char *prompt, size_t n_prompt) {
    HR_TRY(feed_prompt(g, prompt, n_prompt));
    g->rows = 1;
    while (g->result.end == 0) {
        int32_t token = -1;
        float logprob = 0;
        HR_TRY(draw_next(g, &token, &logprob));
        if (g->result.first_ns == 0) {
            g->first_at_ns = hr_clock_ns();
            g->result.first_ns = g->first_at_ns - g->start_ns;
        }
        if (token < 0 || (hr_tok_is_eog(g->s->model->tok, token) && (g->guide || !g->sampling->ignore_end))) {
            g->result.end = token < 0 ? HEARTH_END_GUIDE : HEARTH_END_TOKEN;
            end_text(g);
            break;
        }
        if (g->guide) HR_TRY(hr_guide_take(g->guide, token, g->err));
        int end = put_token(g, token, logprob);
        if (end != 0) end_text(g), hr_draft_init(&g->draft, 0); /* nothing is guessed behind the last token */
        HR_TRY(take_token(g, token));
        g->result.end = end;
    }
    return drop_guesses(g);
}
hearth_status hearth_generate(hearth_session *session, const char *prompt, size_t n_prompt,
                              const hearth_sampling *sampling, hearth_on_piece *on_piece, void *ctx,
                              hearth_result *result, hearth_error *err) {
    static const hearth_sampling plain = HEARTH_SAMPLING_INIT;
    hr_session *s = (hr_session *)(void *)session;
    hr_error *e = (hr_error *)err; /* same layout: asserted in api_model.c */
    generation g;
    hr_arena arena;
    memset(&g, 0, sizeof g);
    if (result) *result = g.result;
    if (e) hr_error_clear(e);
    g.sampling = sampling ? sampling : &plain;
    if (!s) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "session", "must not be NULL");
    if (!prompt && n_prompt > 0) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "prompt", "must not be NULL");
    HR_TRY(hr_sample_check(g.sampling, s->model->hp.n_vocab, e));
    if (g.sampling->speculate < 0 || g.sampling->speculate > HR_DRAFT_MOST || g.sampling->speculate >= (int)s->logits_rows)
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "speculate", "%d; 0 to %d, and logits_rows of one more (it is %zu)",
                       g.sampling->speculate, (int)HR_DRAFT_MOST, s->logits_rows);
    g.guide = (hr_guide *)(void *)g.sampling->guide;
    if (g.guide && (g.guide->tok != s->model->tok || g.sampling->n_stop > 0))
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "guide", "is of another model, or there are stop strings, too");
    if (!s->model->hp.causal)
        return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "session",
                       "the model is an encoder: it embeds, it cannot generate");
    if (!s->model->tok)
        return hr_fail(e, HR_E_STATE, HR_NO_OFFSET, "tokenizer.ggml.model", "the file has no tokenizer: feed ids");
    g.s = s;
    g.err = e;
    g.start_ns = hr_clock_ns();
    hr_arena_init(&arena, s->generate_work, hr_generate_work_bytes(s->model, s->ctx));
    lay_generate_area(&g.area, &arena, s->model, s->ctx);
    hr_assert(!arena.failed);
    hr_draft_init(&g.draft, (size_t)g.sampling->speculate);
    hr_out_begin(g.area.out, g.sampling->stop, g.sampling->n_stop, on_piece, ctx);
    int before = s->position;
    hr_status status = run_generation(&g, prompt ? prompt : "", n_prompt);
    if (g.first_at_ns) g.result.generate_ns = hr_clock_ns() - g.first_at_ns;
    if (status != HR_OK) g.result.end = 0;
    if (status != HR_OK && s->position != before) { /* the cache still holds what it held for those positions */
        s->position = before;
        s->rows = 0;
    }
    if (result) *result = g.result;
    return status;
}
