/* convert_pre.c: the name of the pre-tokenizer, found by what tokenizer.json says itself: its steps written as one text
 * ("Split REGEX", "Digits 1", "ByteLevel" where that splits too), looked up among those that the tokenizer runs. */
#include "tools/convert.h"
#if !defined(HEARTH_DROP_TOOLS)

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
#define CL100K_TAIL "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define O200K_END "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
#define O200K_TAIL "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

static const struct pre_row {
    const char *steps, *pre, *pre_without; /* pre_without: where the model does not take whole words (ignore_merges) */
} pre_rows[] = {
    {"ByteLevel\n", "gpt-2", NULL},
    {"Digits 1\nByteLevel\n", "smollm", NULL},
    {"Split " CONTRACTIONS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}" CL100K_TAIL "\n", "llama-bpe", "smaug-bpe"},
    {"Split " CONTRACTIONS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
     "|\\s+(?!\\S)|\\s\n", "llama-bpe", "smaug-bpe"},
    {"Split '(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]"
     "|\\s+(?!\\S)|\\s+\n", "llama-bpe", "smaug-bpe"},
    {"Split " CONTRACTIONS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" CL100K_TAIL "\n", "qwen2", NULL},
    {"Split " CONTRACTIONS "[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
     "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+\n", "qwen35", NULL},
    {"Split [^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*|\\p{N}" O200K_TAIL "\n",
     "tekken", NULL},
    {"Split [^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" O200K_END "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" O200K_END
     "|\\p{N}{1,3}" O200K_TAIL "\n", "gpt-4o", NULL},
    {"Punctuation\nByteLevel\nDigits 0\nSplit [0-9][0-9][0-9]\n", "falcon", NULL},
    {"Split [\\r\\n]\nSplit \\s?\\p{L}+\nSplit \\s?\\p{P}+\nSplit [\xe4\xb8\x80-\xe9\xbe\xa5\xe0\xa0\x80-\xe4\xb8\x80"
     "\xea\xb0\x80-\xed\x9f\xbf]+\nDigits 1\n", "deepseek-coder", NULL},
    {"Split \\p{N}{1,3}\nSplit [\xe4\xb8\x80-\xe9\xbe\xa5\xe3\x81\x80-\xe3\x82\x9f\xe3\x82\xa0-\xe3\x83\xbf]+\n"
     "Split [!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
     "| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+\n", "deepseek-v3", NULL},
};

typedef struct pre_text {
    char data[4096];
    size_t n;
    bool whole; /* nothing was cut, every step was understood */
} pre_text;

static void add_text(pre_text *t, const char *p, size_t n) {
    if (n > sizeof t->data - 1 - t->n) {
        n = sizeof t->data - 1 - t->n;
        t->whole = false;
    }
    memcpy(t->data + t->n, p, n);
    t->n += n;
}
static void add_step(pre_text *t, const json_node *n) {
    hr_str type = {"", 0}, pattern = {"", 0};
    bool flag = false;
    (void)json_str(json_get(n, "type"), &type);
    if (hr_str_is(type, "ByteLevel")) {
        flag = true;
        (void)json_bool(json_get(n, "use_regex"), &flag);
        if (flag) add_text(t, "ByteLevel\n", 10);
    } else if (hr_str_is(type, "Digits")) {
        (void)json_bool(json_get(n, "individual_digits"), &flag);
        add_text(t, flag ? "Digits 1\n" : "Digits 0\n", 9);
    } else if (hr_str_is(type, "Split")) {
        if (!json_str(json_get2(n, "pattern", "Regex"), &pattern)) t->whole = false;
        if (!json_is_str(json_get(n, "behavior"), "Isolated") && !json_is_str(json_get(n, "behavior"), "Removed"))
            t->whole = false;
        add_text(t, "Split ", 6);
        add_text(t, pattern.data, pattern.size);
        add_text(t, "\n", 1);
    } else if (hr_str_is(type, "Punctuation")) {
        add_text(t, "Punctuation\n", 12);
    } else {
        t->whole = false;
        add_text(t, type.data, type.size);
        add_text(t, "\n", 1);
    }
}
hr_status cv_find_pre(cv_job *j) {
    const json_node *root = json_root(&j->tokenizer), *pre = json_get(root, "pre_tokenizer");
    const json_node *list = json_get(pre, "pretokenizers");
    pre_text t = {.whole = true};
    bool whole_words = false;
    if (j->pre_override) {
        j->vocab.pre = j->pre_override;
        return HR_OK;
    }
    if (json_is(list, JSON_ARRAY))
        for (const json_node *e = json_first(list); e; e = json_next(list, e)) add_step(&t, e);
    else if (json_is(pre, JSON_OBJECT)) add_step(&t, pre);
    t.data[t.n] = 0;
    (void)json_bool(json_get2(root, "model", "ignore_merges"), &whole_words);
    for (size_t i = 0; i < HR_COUNT(pre_rows) && t.whole; i++) {
        if (strcmp(pre_rows[i].steps, t.data) != 0) continue;
        j->vocab.pre = !whole_words && pre_rows[i].pre_without ? pre_rows[i].pre_without : pre_rows[i].pre;
        return HR_OK;
    }
    while (t.n > 0 && t.data[t.n - 1] == '\n') t.data[--t.n] = 0;
    return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "pre_tokenizer", "not known (--pre NAME says which): %s", t.data);
}
#undef CONTRACTIONS
#undef CL100K_TAIL
#undef UPPER
#undef LOWER
#undef O200K_END
#undef O200K_TAIL
#endif
