/* test_guide_mask.c: masks over a real vocabulary. Each equals what feeding every token byte by byte says; texts written by
 * adversarial samplers under 300 schemas of our own (tests/gen_schemas.py) end valid or in a typed error. Who says so: Python's
 * jsonschema 4.26.0 with its format checks judged the texts (tests/gen_guided_verdicts.py); what is kept is their hash.
 *     HEARTH_GUIDE_ALL=1 build/tests/test_guide_mask       all 10,800 texts; GUIDE_TEXTS=FILE writes them for the judge */
#include "tests/t.h"
#include "engine/guide.h"
#include "engine/hearth.h"
#include "engine/model.h"

enum { LINE = 1 << 14, LONGEST_TEXT = 1 << 18 };
typedef struct bed {
    hearth_model *model;
    const hr_tok *tok;
    hr_trie trie;
    uint16_t *size;         /* [n_vocab] bytes of a token */
    char *text;
    size_t n_text;
} bed;
static bool begin_bed(bed *b) {
    const char *path = t_data("tokenizers/vocab-gpt-2.gguf");
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_error e;
    hr_error err;
    char piece[512];
    memset(b, 0, sizeof *b);
    if (!path) return false;
    c.flags = HEARTH_MODEL_VOCAB_ONLY;
    c.threads = 1;
    if (!T_CHECK(hearth_model_open(path, &c, &b->model, &e) == HEARTH_OK)) return false;
    b->tok = ((const hr_model *)(const void *)b->model)->tok;
    if (!T_CHECK(hr_trie_build(b->tok, hr_allocator_default(), &b->trie, &err) == HR_OK)) return false;
    b->size = calloc(b->trie.n_vocab, sizeof *b->size);
    b->text = malloc(LONGEST_TEXT);
    for (uint32_t t = 0; t < b->trie.n_vocab; t++) {
        hr_tok_decoder d = {{0}, 0, true, false};
        const int type = hr_tok_type(b->tok, (int32_t)t);
        if (type == HR_TOKEN_CONTROL || hr_tok_is_eog(b->tok, (int32_t)t)) continue;
        const size_t n = hr_tok_decode(b->tok, &d, (int32_t)t, piece, 500);
        b->size[t] = (uint16_t)(n + hr_tok_decode_flush(&d, piece + n, 4));
    }
    return true;
}
static void end_bed(bed *b) {
    hr_trie_free(&b->trie, hr_allocator_default());
    hearth_model_close(b->model);
    free(b->size);
    free(b->text);
}
static size_t get_piece(const bed *b, int32_t t, char *piece) {
    hr_tok_decoder d = {{0}, 0, true, false};
    const size_t n = hr_tok_decode(b->tok, &d, t, piece, 500);
    return n + hr_tok_decode_flush(&d, piece + n, 4);
}
static uint32_t mix_seed(uint32_t seed, uint32_t t) {
    uint32_t h = (seed ^ t) * 0x9e3779b1u;
    h = (h ^ h >> 15) * 0x85ebca77u;
    return h ^ h >> 13;
}
/* sampler 0: the first behind a random one; 1: the longest; 2: the least likely under random logits */
static int32_t pick_token(const bed *b, const uint32_t *mask, int sampler, uint32_t seed) {
    const uint32_t n = b->trie.n_vocab, from = (uint32_t)((uint64_t)mix_seed(seed, 77) * n >> 32);
    int32_t best = -1;
    uint32_t least = UINT32_MAX, longest = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t t = (from + i) % n;
        if (!(mask[t >> 5] >> (t & 31) & 1)) continue;
        if (sampler == 0) return (int32_t)t;
        if (sampler == 1 && (best < 0 || b->size[t] > longest)) best = (int32_t)t, longest = b->size[t];
        if (sampler == 2 && (best < 0 || mix_seed(seed, t) < least)) best = (int32_t)t, least = mix_seed(seed, t);
    }
    return best;
}
/* HR_OK: b->text is whole */
static hr_status write_text(bed *b, hr_guide *g, size_t budget, int sampler, uint32_t seed, hr_error *err) {
    const uint32_t *mask;
    b->n_text = 0;
    hr_error_clear(err);
    HR_TRY(hr_guide_begin(g, budget, err));
    for (size_t left = budget;; left--) {
        HR_TRY(hr_guide_mask(g, left, &mask, err));
        if (!mask) return HR_OK;
        seed = mix_seed(seed, (uint32_t)left);
        const int32_t token = pick_token(b, mask, sampler, seed);
        if (hr_tok_is_eog(b->tok, token)) return HR_OK;
        if (!T_CHECK(b->n_text + 1000 < LONGEST_TEXT)) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "test", "a text too long");
        b->n_text += get_piece(b, token, b->text + b->n_text);
        HR_TRY(hr_guide_take(g, token, err));
    }
}
static void put_text(FILE *f, int line, const bed *b) {
    fprintf(f, "%d ", line);
    for (size_t i = 0; i < b->n_text; i++) fprintf(f, "%02x", (unsigned)(uint8_t)b->text[i]);
    fputc('\n', f);
}
static hr_status make_guide(const bed *b, const char *schema, size_t n, hr_guide **g, hr_error *err) {
    hr_error_clear(err);
    return hr_guide_make(b->tok, &b->trie, hr_allocator_default(), HEARTH_GUIDE_SCHEMA, (hr_str){schema, n}, g, err);
}
T_TEST(texts) {
    static const size_t budgets[] = {400, 40, 120, 800};
    static char line[LINE];
    const bool all = getenv("HEARTH_GUIDE_ALL") != NULL;
    FILE *f = fopen("tests/golden/guided/schemas.jsonl", "rb");
    FILE *out = getenv("GUIDE_TEXTS") ? fopen(getenv("GUIDE_TEXTS"), "wb") : NULL;
    bed b;
    hr_error err;
    int n_line = 0, whole = 0, refused = 0;
    uint64_t hash = 0;
    T_NEED(f);
    if (!begin_bed(&b)) {
        fclose(f);
        T_SKIP("no data");
    }
    for (; fgets(line, sizeof line, f); n_line++) {
        hr_guide *g = NULL;
        if (!all && n_line % 15 != 0) continue;
        if (!T_CHECK(make_guide(&b, line, strcspn(line, "\n"), &g, &err) == HR_OK)) {
            printf("%d: %s: %s\n", n_line + 1, err.where, err.what);
            continue;
        }
        for (uint32_t k = 0; k < (all ? 36u : 6u); k++) {
            const hr_status status = write_text(&b, g, budgets[k / 3 % 4], (int)(k % 3), (uint32_t)n_line * 50 + k, &err);
            if (status == HR_OK) whole++, hash = hr_hash64(b.text, b.n_text, hash);
            else refused++, T_CHECK(err.status == status && err.what[0]);
            if (status == HR_OK && out) put_text(out, n_line + 1, &b);
            if (status != HR_OK) T_EQ_I(status, HR_E_FULL); /* the budget is less than the shortest text */
        }
        hr_guide_free(g);
    }
    printf("%d texts whole, %d refused for the budget, hash %016llx\n", whole, refused, (unsigned long long)hash);
    if (!all) T_CHECK(hash == 0x16d43fbd887a658eull);
    fclose(f);
    if (out) fclose(out);
    end_bed(&b);
}
/* a mask by asking for every token alone */
static void check_mask(bed *b, hr_guide *g, const uint32_t *mask, size_t left) {
    char piece[512];
    uint32_t wrong = 0;
    for (uint32_t t = 0; t < b->trie.n_vocab; t++) {
        const bool allowed = mask[t >> 5] >> (t & 31) & 1;
        uint32_t s = g->run.now;
        if (hr_tok_is_eog(b->tok, (int32_t)t)) {
            wrong += allowed != hr_guide_may_end(g);
            continue;
        }
        const size_t n = b->size[t] ? get_piece(b, (int32_t)t, piece) : 0;
        for (size_t i = 0; i < n && s; i++) {
            const uint32_t to = hr_run_move(&g->run, s, (uint8_t)piece[i]);
            if (to == 0 && g->run.is_full) return; /* more states than there is room for: not compared */
            s = to;
        }
        wrong += allowed != (n > 0 && s && g->run.states[s].cost <= left - 1);
    }
    T_EQ_I(wrong, 0);
}
T_TEST(masks_as_token_by_token) {
    static const char *const list[] = {
        "{'type':'string'}", "{'type':'string','maxLength':5}", "{'type':'string','minLength':3,'maxLength':30}",
        "{'type':'string','minLength':9}", "{'type':'array','items':{'type':'string','maxLength':20},'minItems':2}",
        "{'additionalProperties':{'type':['string','null']},'properties':{'name':{'type':'string'},'nothing':{}}}",
        "{'type':'string','pattern':'^[a-z ]{3,9}$'}",
        "{'anyOf':[{'type':'string','maxLength':4},{'type':'string','pattern':'x'}]}",
        "{'type':'object','properties':{'a':{'format':'uri','type':'string'},'b':{'type':'number'}},'required':['b']}", "{}"};
    char text[200];
    bed b;
    hr_error err;
    if (!begin_bed(&b)) T_SKIP("no data");
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        for (uint32_t k = 0; k < 3; k++) {
            hr_guide *g = NULL;
            const uint32_t *mask;
            size_t left = k == 0 ? 25 : 300;
            const size_t n = strlen(list[i]);
            for (size_t j = 0; j <= n; j++) text[j] = list[i][j] == '\'' ? '"' : list[i][j];
            if (!T_CHECK(make_guide(&b, text, n, &g, &err) == HR_OK)) break;
            T_CHECK(hr_guide_begin(g, left, &err) == HR_OK);
            for (uint32_t step = 0; step < 24 && T_CHECK(hr_guide_mask(g, left, &mask, &err) == HR_OK) && mask; step++, left--) {
                check_mask(&b, g, mask, left);
                T_CHECK(hr_guide_mask(g, left, &mask, &err) == HR_OK); /* asking has moved states about */
                const int32_t token = pick_token(&b, mask, (int)k, step * 31 + (uint32_t)i);
                if (hr_tok_is_eog(b.tok, token) || !T_CHECK(hr_guide_take(g, token, &err) == HR_OK)) break;
            }
            hr_guide_free(g);
        }
    end_bed(&b);
}
T_MAIN(T_RUN(texts), T_RUN(masks_as_token_by_token))
