/* pretok.c: the scanners. Names of classes as in regular expressions: L letters, N numbers, P punctuation, S symbols, M marks,
 * s whitespace. Every scanner looks at each character a bounded number of times, so that no text is superlinear. */
#include "tokenizer/pretok.h"
#include "tokenizer/unicode.h"

enum {
    PT_L = 1 << HR_UC_LU | 1 << HR_UC_LL | 1 << HR_UC_LT | 1 << HR_UC_LM | 1 << HR_UC_LO,
    PT_M = 1 << HR_UC_M | 1 << HR_UC_MN,
    PT_N = 1 << HR_UC_N,
    PT_P = 1 << HR_UC_P,
    PT_S = 1 << HR_UC_S,
    PT_SPACE = 1 << HR_UC_SPACE,
    PT_UPPER = 1 << HR_UC_LU | 1 << HR_UC_LT | 1 << HR_UC_LM | 1 << HR_UC_LO | 1 << HR_UC_M | 1 << HR_UC_MN,
    PT_LOWER = 1 << HR_UC_LL | 1 << HR_UC_LM | 1 << HR_UC_LO | 1 << HR_UC_M | 1 << HR_UC_MN,
    PT_ALL = 0xffff
};

#define PT_X (1u << HR_UC_CONTROL)
#define PT_W (1u << HR_UC_SPACE)
#define PT_SY (1u << HR_UC_S)
#define PT_PU (1u << HR_UC_P)
#define PT_D (1u << HR_UC_N)
#define PT_U (1u << HR_UC_LU)
#define PT_LC (1u << HR_UC_LL)
/* the class bit of each ASCII character */
static const uint16_t ascii_bits[128] = {
    PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_W,  PT_W,  PT_W,  PT_W,  PT_W,  PT_X,  PT_X,
    PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,  PT_X,
    PT_W,  PT_PU, PT_PU, PT_PU, PT_SY, PT_PU, PT_PU, PT_PU, PT_PU, PT_PU, PT_PU, PT_SY, PT_PU, PT_PU, PT_PU, PT_PU,
    PT_D,  PT_D,  PT_D,  PT_D,  PT_D,  PT_D,  PT_D,  PT_D,  PT_D,  PT_D,  PT_PU, PT_PU, PT_SY, PT_SY, PT_SY, PT_PU,
    PT_PU, PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,
    PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_U,  PT_PU, PT_PU, PT_PU, PT_SY, PT_PU,
    PT_SY, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC,
    PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_LC, PT_PU, PT_SY, PT_PU, PT_SY, PT_X};
#undef PT_X
#undef PT_W
#undef PT_SY
#undef PT_PU
#undef PT_D
#undef PT_U
#undef PT_LC

/* class bit of the character at i, and its length; 0 at the end */
static unsigned wide_bits(const uint8_t *p, size_t i, size_t end, size_t *len) {
    uint32_t cp;
    bool ok;
    *len = hr_utf8_next(p + i, end - i, &cp, &ok);
    return ok ? 1u << hr_unicode_class(cp) : 1u << HR_UC_OTHER;
}

HR_INLINE unsigned bits_at(const uint8_t *p, size_t i, size_t end, size_t *len) {
    *len = 1;
    if (i >= end) return *len = 0, 0;
    return p[i] < 0x80 ? ascii_bits[p[i]] : wide_bits(p, i, end, len);
}

/* end of the run of characters of `set` at i, at most `most` characters */
HR_INLINE size_t run_of(const uint8_t *p, size_t i, size_t end, unsigned set, size_t most) {
    size_t len;
    for (size_t n = 0; n < most && bits_at(p, i, end, &len) & set; n++) i += len;
    return i;
}

static size_t newline_run(const uint8_t *p, size_t i, size_t end, bool slash) {
    while (i < end && (p[i] == '\r' || p[i] == '\n' || (slash && p[i] == '/'))) i++;
    return i;
}

/* 's 't 're 've 'm 'll 'd; with any_case also upper case, and U+017F, which folds to s */
static size_t contraction(const uint8_t *p, size_t i, size_t end, bool any_case) {
    if (end - i < 2 || p[i] != '\'') return i;
    uint8_t a = p[i + 1], b = end - i > 2 ? p[i + 2] : 0;
    if (any_case && a == 0xc5 && b == 0xbf) return i + 3;
    if (any_case) {
        if (a >= 'A' && a <= 'Z') a = (uint8_t)(a + 32);
        if (b >= 'A' && b <= 'Z') b = (uint8_t)(b + 32);
    }
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return i + 2;
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return i + 3;
    return i;
}

/* \s*[\r\n]+ (when newlines) | \s+(?!\S) | \s+ */
static size_t space_match(const uint8_t *p, size_t i, size_t end, bool newlines) {
    size_t at = i, last = i, after_newline = i, len;
    while (bits_at(p, at, end, &len) & PT_SPACE) {
        last = at;
        at += len;
        if (p[last] == '\r' || p[last] == '\n') after_newline = at;
    }
    if (newlines && after_newline > i) return after_newline;
    return at < end && last > i ? last : at; /* the last one is left to the word that follows */
}

/* --- one expression that covers every character ----------------------------------------------------------------------------- */
/* gpt-2:  's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static size_t stage_gpt2(const uint8_t *p, size_t i, size_t end) {
    size_t at = contraction(p, i, end, false), len;
    if (at > i) return at;
    at = p[i] == ' ' ? i + 1 : i;
    unsigned c = bits_at(p, at, end, &len);
    if (c & PT_L) return run_of(p, at, end, PT_L, SIZE_MAX);
    if (c & PT_N) return run_of(p, at, end, PT_N, SIZE_MAX);
    if (c & ~(unsigned)PT_SPACE) return run_of(p, at, end, PT_ALL & ~(PT_SPACE | PT_L | PT_N), SIZE_MAX);
    return space_match(p, i, end, false);
}

/* [^\r\n\p{L}\p{N}]?L+|\p{N}{1,numbers}| ?[^\s L \p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+   with L the letters of the family */
HR_INLINE size_t match_modern(const uint8_t *p, size_t i, size_t end, unsigned letters, size_t numbers) {
    size_t len, len2;
    unsigned c = bits_at(p, i, end, &len);
    if (c & letters & PT_L) return run_of(p, i + len, end, letters, SIZE_MAX);
    if (c & PT_N) return run_of(p, i + len, end, PT_N, numbers - 1);
    if (p[i] != '\r' && p[i] != '\n' && bits_at(p, i + len, end, &len2) & letters) {
        return run_of(p, i + len + len2, end, letters, SIZE_MAX);
    }
    if (c & letters) return run_of(p, i + len, end, letters, SIZE_MAX); /* a mark alone */
    size_t at = p[i] == ' ' ? i + 1 : i;
    unsigned symbols = PT_ALL & ~(PT_SPACE | PT_N | letters);
    size_t after = run_of(p, at, end, symbols, SIZE_MAX);
    if (after > at) return newline_run(p, after, end, false);
    return space_match(p, i, end, true);
}

static size_t stage_llama3(const uint8_t *p, size_t i, size_t end) {
    size_t at = contraction(p, i, end, true);
    return at > i ? at : match_modern(p, i, end, PT_L, 3);
}
static size_t stage_qwen2(const uint8_t *p, size_t i, size_t end) {
    size_t at = contraction(p, i, end, true);
    return at > i ? at : match_modern(p, i, end, PT_L, 1);
}
static size_t stage_qwen35(const uint8_t *p, size_t i, size_t end) {
    size_t at = contraction(p, i, end, true);
    return at > i ? at : match_modern(p, i, end, PT_L | PT_M, 1);
}

/* [upper]*[lower]+ at i, or [upper]+[lower]* when !must_lower; i when it does not match */
static size_t case_run(const uint8_t *p, size_t i, size_t end, bool must_lower) {
    size_t at = i, both = 0, len; /* both: end of the last character that is in both sets */
    for (unsigned c; (c = bits_at(p, at, end, &len)) & PT_UPPER;) {
        at += len;
        if (c & PT_LOWER) both = at;
    }
    if (!must_lower) return at > i ? run_of(p, at, end, PT_LOWER, SIZE_MAX) : i;
    if (bits_at(p, at, end, &len) & PT_LOWER) return run_of(p, at, end, PT_LOWER, SIZE_MAX);
    return both > i ? both : i; /* upper gives back its tail */
}

/* gpt-4o, llama4 and tekken: words are cut where lower case turns to upper */
static size_t match_cased(const uint8_t *p, size_t i, size_t end, bool contractions, size_t numbers) {
    size_t len;
    unsigned c = bits_at(p, i, end, &len);
    bool prefix = p[i] != '\r' && p[i] != '\n' && !(c & (PT_L | PT_N));
    for (int lower = 1; lower >= 0; lower--) {
        size_t from = prefix ? i + len : i, at = case_run(p, from, end, lower != 0);
        if (at == from && prefix) from = i, at = case_run(p, i, end, lower != 0);
        if (at > from) return contractions ? contraction(p, at, end, true) : at;
    }
    if (c & PT_N) return run_of(p, i + len, end, PT_N, numbers - 1);
    size_t at = p[i] == ' ' ? i + 1 : i;
    size_t after = run_of(p, at, end, PT_ALL & ~(PT_SPACE | PT_L | PT_N), SIZE_MAX);
    if (after > at) return newline_run(p, after, end, true);
    return space_match(p, i, end, true);
}
static size_t stage_gpt4o(const uint8_t *p, size_t i, size_t end) { return match_cased(p, i, end, true, 3); }
static size_t stage_tekken(const uint8_t *p, size_t i, size_t end) { return match_cased(p, i, end, false, 1); }

/* --- stages that match here and there ------------------------------------------------------------------------------------------- */
static size_t stage_number(const uint8_t *p, size_t i, size_t end) { return run_of(p, i, end, PT_N, 1); }
static size_t stage_numbers(const uint8_t *p, size_t i, size_t end) { return run_of(p, i, end, PT_N, SIZE_MAX); }
static size_t stage_numbers3(const uint8_t *p, size_t i, size_t end) { return run_of(p, i, end, PT_N, 3); }
static size_t stage_3digits(const uint8_t *p, size_t i, size_t end) {
    for (size_t k = 0; k < 3; k++) {
        if (i + k >= end || p[i + k] < '0' || p[i + k] > '9') return i;
    }
    return i + 3;
}

/* [\p{P}\$\+<=>\^~\|]+ and with a backtick for falcon */
static size_t punctuation_run(const uint8_t *p, size_t i, size_t end, const char *more) {
    for (size_t len; i < end; i += len) {
        bool listed = p[i] < 0x80 && p[i] != 0 && strchr(more, p[i]) != NULL;
        if (!(bits_at(p, i, end, &len) & PT_P) && !listed) break;
    }
    return i;
}
static size_t stage_punctuation(const uint8_t *p, size_t i, size_t end) { return punctuation_run(p, i, end, "$+<=>^~|"); }
static size_t stage_punctuation_falcon(const uint8_t *p, size_t i, size_t end) {
    return punctuation_run(p, i, end, "$+<=>^~|`");
}

static size_t stage_newline(const uint8_t *p, size_t i, size_t end) {
    (void)end;
    return p[i] == '\r' || p[i] == '\n' ? i + 1 : i;
}
static size_t stage_newlines_kept(const uint8_t *p, size_t i, size_t end) { /* gemma4: [^\n]+|[\n]+ */
    bool newline = p[i] == '\n';
    while (i < end && (p[i] == '\n') == newline) i++;
    return i;
}

/* \s?X+ */
static size_t spaced_run(const uint8_t *p, size_t i, size_t end, unsigned set) {
    size_t len;
    size_t from = bits_at(p, i, end, &len) & PT_SPACE ? i + len : i;
    size_t at = run_of(p, from, end, set, SIZE_MAX);
    return at > from ? at : i;
}
static size_t stage_spaced_letters(const uint8_t *p, size_t i, size_t end) { return spaced_run(p, i, end, PT_L); }
static size_t stage_spaced_punctuation(const uint8_t *p, size_t i, size_t end) { return spaced_run(p, i, end, PT_P); }

typedef struct pretok_range {
    uint32_t first, last;
} pretok_range;

static size_t range_run(const uint8_t *p, size_t i, size_t end, const pretok_range *r, size_t n) {
    while (i < end) {
        uint32_t cp;
        bool ok;
        size_t len = hr_utf8_next(p + i, end - i, &cp, &ok), k = 0;
        while (k < n && (cp < r[k].first || cp > r[k].last)) k++;
        if (!ok || k == n) break;
        i += len;
    }
    return i;
}
static size_t spaced_ranges(const uint8_t *p, size_t i, size_t end, const pretok_range *r, size_t n) {
    size_t len, from = bits_at(p, i, end, &len) & PT_SPACE ? i + len : i, at = range_run(p, from, end, r, n);
    return at > from ? at : range_run(p, i, end, r, n); /* the ranges may hold a space: U+3000 */
}

/* deepseek-llm: letters with case, as its tokenizer.json lists them */
static size_t stage_deepseek_letters(const uint8_t *p, size_t i, size_t end) {
    static const pretok_range r[] = {
        {'A', 'Z'}, {'a', 'z'}, {0xb5, 0xb5}, {0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x1ba}, {0x1bc, 0x1bf}, {0x1c4, 0x293},
        {0x295, 0x2af}, {0x370, 0x373}, {0x376, 0x377}, {0x37b, 0x37d}, {0x37f, 0x37f}, {0x386, 0x386}, {0x388, 0x38a},
        {0x38c, 0x38c}, {0x38e, 0x3a1}, {0x3a3, 0x3f5}, {0x3f7, 0x481}, {0x48a, 0x52f}, {0x531, 0x556}, {0x10a0, 0x10c5},
        {0x13a0, 0x13f5}, {0x13f8, 0x13fd}, {0x1c90, 0x1cba}, {0x1cbd, 0x1cbf}, {0x1d00, 0x1d2b}, {0x1d6b, 0x1d77},
        {0x1d79, 0x1d9a}, {0x1e00, 0x1f15}, {0x1f18, 0x1f1d}, {0x1f20, 0x1f45}, {0x1f48, 0x1f4d}, {0x1f50, 0x1f57},
        {0x1f59, 0x1f59}, {0x1f5b, 0x1f5b}, {0x1f5d, 0x1f5d}, {0x1f5f, 0x1f7d}, {0x1f80, 0x1fb4}, {0x1fb6, 0x1fbc},
        {0x1fbe, 0x1fbe}, {0x1fc2, 0x1fc4}, {0x1fc6, 0x1fcc}, {0x1fd0, 0x1fd3}, {0x1fd6, 0x1fdb}, {0x1fe0, 0x1fec},
        {0x1ff2, 0x1ff4}, {0x1ff6, 0x1ffc}, {0x2102, 0x2102}, {0x2107, 0x2107}, {0x210a, 0x2113}, {0x2115, 0x2115},
        {0x2119, 0x211d}, {0x2124, 0x2124}, {0x2126, 0x2126}, {0x2128, 0x2128}, {0x212a, 0x212d}, {0x212f, 0x2134},
        {0x2139, 0x2139}, {0x213c, 0x213f}, {0x2145, 0x2149}, {0x214e, 0x214e}, {0x2183, 0x2184}, {0x2c00, 0x2c7b},
        {0x2c7e, 0x2ce4}, {0x2ceb, 0x2cee}, {0x2cf2, 0x2cf3}, {0xa640, 0xa66d}, {0xa680, 0xa69b}, {0xa722, 0xa76f},
        {0xa771, 0xa787}, {0xa78b, 0xa78e}, {0xab70, 0xabbf}, {0xfb00, 0xfb06}, {0xfb13, 0xfb17}, {0xff21, 0xff3a},
        {0xff41, 0xff5a}, {0x10400, 0x1044f}, {0x104b0, 0x104d3}, {0x104d8, 0x104fb}, {0x10c80, 0x10cb2},
        {0x10cc0, 0x10cf2}, {0x118a0, 0x118df}, {0x1e900, 0x1e943}};
    return spaced_ranges(p, i, end, r, HR_COUNT(r));
}
static size_t stage_deepseek_punctuation(const uint8_t *p, size_t i, size_t end) {
    static const pretok_range r[] = {{'!', '/'}, {':', '~'}, {0xff01, 0xff0f}, {0xff1a, 0xff5e}, {0x2018, 0x201f},
                                     {0x3000, 0x3002}};
    return spaced_ranges(p, i, end, r, HR_COUNT(r));
}
static size_t stage_deepseek_cjk(const uint8_t *p, size_t i, size_t end) {
    static const pretok_range r[] = {{0x4e00, 0x9fa5}, {0x800, 0x4e00}, {0xac00, 0xd7ff}};
    return range_run(p, i, end, r, HR_COUNT(r));
}
static size_t stage_trailing_space(const uint8_t *p, size_t i, size_t end) { /* \s+$ */
    size_t at = run_of(p, i, end, PT_SPACE, SIZE_MAX);
    return at == end ? at : i;
}
static size_t stage_deepseek3_cjk(const uint8_t *p, size_t i, size_t end) {
    static const pretok_range r[] = {{0x4e00, 0x9fa5}, {0x3040, 0x309f}, {0x30a0, 0x30ff}};
    return range_run(p, i, end, r, HR_COUNT(r));
}

/* [!-/:-@[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
static size_t stage_deepseek3(const uint8_t *p, size_t i, size_t end) {
    size_t len, at = i + 1;
    unsigned c = bits_at(p, i, end, &len), letters = PT_L | PT_M;
    if (p[i] < 0x80 && c & (PT_P | PT_S)) {
        while (at < end && ((p[at] | 32) >= 'a' && (p[at] | 32) <= 'z')) at++;
        if (at > i + 1) return at;
    }
    if (p[i] != '\r' && p[i] != '\n' && !(c & (PT_L | PT_P | PT_S))) {
        at = run_of(p, i + len, end, letters, SIZE_MAX);
        if (at > i + len) return at;
    }
    if (c & letters) return run_of(p, i, end, letters, SIZE_MAX);
    size_t from = p[i] == ' ' ? i + 1 : i;
    at = run_of(p, from, end, PT_P | PT_S, SIZE_MAX);
    if (at > from) return newline_run(p, at, end, false);
    return c & PT_SPACE ? space_match(p, i, end, true) : i;
}

/* bloom:  ?[^(\s|.,!?...)]+ : everything but space, brackets, bar and sentence punctuation of several scripts */
static size_t stage_bloom(const uint8_t *p, size_t i, size_t end) {
    static const uint32_t out[] = {'(', '|', '.', ',', '!', '?', ')', 0x2026, 0x3002, 0xff0c, 0x3001, 0x964, 0x6d4, 0x60c};
    size_t from = p[i] == ' ' ? i + 1 : i, at = from, len;
    while (at < end) {
        uint32_t cp;
        bool ok, listed = false;
        hr_utf8_next(p + at, end - at, &cp, &ok);
        for (size_t k = 0; k < HR_COUNT(out); k++) listed = listed || cp == out[k];
        if (listed || bits_at(p, at, end, &len) & PT_SPACE) break;
        at += len;
    }
    return at > from ? at : i;
}

/* --- families -------------------------------------------------------------------------------------------------------------------------- */
static const hr_pretok_family pretok_families[] = {
    {" default ", {stage_punctuation, stage_gpt2, stage_numbers, stage_3digits}, false, false, false},
    {" llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano ", {stage_llama3}, true, true, false},
    {" dbrx smaug-bpe chatglm-bpe glm4 hunyuan-dense-llama3 ", {stage_llama3}, false, false, false},
    {" qwen2 stablelm2 hunyuan deepseek-r1-qwen megrez kormo ", {stage_qwen2}, false, false, false},
    {" qwen35 ", {stage_qwen35}, false, false, false},
    {" gpt-2 gpt2 phi-2 mpt olmo jais jais-2 mellum modern-bert roberta-bpe gigachat jina-es jina-de jina-v1-en jina-v2-es "
     "jina-v2-de jina-v2-code a.x-4.0 trillion granite-docling ",
     {stage_gpt2}, false, false, false},
    {" smollm starcoder refact command-r codeshell exaone minerva-7b granite ", {stage_number, stage_gpt2}, false, false,
     false},
    {" falcon ", {stage_punctuation_falcon, stage_gpt2, stage_3digits}, false, false, false},
    {" deepseek-llm ",
     {stage_newline, stage_deepseek_letters, stage_deepseek_punctuation, stage_trailing_space, stage_deepseek_cjk,
      stage_numbers},
     false, false, false},
    {" deepseek-coder ",
     {stage_newline, stage_spaced_letters, stage_spaced_punctuation, stage_deepseek_cjk, stage_number}, false, false, false},
    {" deepseek-v3 hunyuan-dense ", {stage_numbers3, stage_deepseek3_cjk, stage_deepseek3}, false, false, false},
    {" tekken ", {stage_tekken}, true, true, false},
    {" gpt-4o llama4 o200k kanana2 talkie ", {stage_gpt4o}, false, false, false},
    {" bloom poro-chat gpt3-finnish ", {stage_bloom}, false, false, false},
    {" viking ", {stage_bloom, stage_number}, false, false, false},
    {" gemma4 ", {stage_newlines_kept}, false, true, true},
};

const hr_pretok_family *(hr_pretok_find)(hr_str name) {
    char word[64];
    if (name.size == 0) return &pretok_families[0];
    if (name.size > sizeof word - 3 || memchr(name.data, ' ', name.size) != NULL) return NULL;
    hr_format(word, sizeof word, " %.*s ", (int)name.size, name.data);
    for (size_t i = 0; i < HR_COUNT(pretok_families); i++) {
        if (strstr(pretok_families[i].names, word) != NULL) return &pretok_families[i];
    }
    return NULL;
}

void hr_pretok_begin(hr_pretok *w, const hr_pretok_family *f, const uint8_t *text, size_t size) {
    memset(w, 0, sizeof *w);
    w->family = f;
    w->text = text;
    w->size = size;
}

/* the match at i, or the text up to where something matches */
static size_t piece_end(hr_pretok_stage *stage, const uint8_t *p, size_t i, size_t end) {
    size_t at = stage(p, i, end);
    if (at > i) return at;
    do {
        size_t len = 1;
        if (stage == stage_trailing_space) { /* a run of space that does not reach the end matches nowhere */
            len = run_of(p, at, end, PT_SPACE, SIZE_MAX) - at;
        }
        if (len <= 1) bits_at(p, at, end, &len);
        at += len;
    } while (at < end && stage(p, at, end) == at);
    return at;
}

bool hr_pretok_next(hr_pretok *w, size_t *begin, size_t *end) {
    if (w->at >= w->size) return false;
    size_t limit = w->size;
    for (size_t s = 0; s < HR_PRETOK_STAGES && w->family->stage[s] != NULL; s++) {
        if (w->piece[s] <= w->at) w->piece[s] = piece_end(w->family->stage[s], w->text, w->at, limit);
        limit = w->piece[s];
    }
    *begin = w->at;
    *end = w->at = limit;
    return true;
}
