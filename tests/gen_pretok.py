#!/usr/bin/env python3
"""Writes tests/pretok_vectors.h: how Hugging Face's tokenizers (Oniguruma) cut texts by each family's regular expressions.
usage: gen_pretok.py UnicodeData.txt > tests/pretok_vectors.h      (pip install tokenizers; vectors made with 0.23.3)
With a third argument, a library with px_split (see the end), compares instead: 15 families x N random texts."""
import ctypes, random, sys
from tokenizers import Regex, pre_tokenizers as P
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
UP, LO = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CI = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
TAIL = r"\s*[\r\n]+|\s+(?!\S)|\s+"
CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
BLOOM = " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"
CASED = (r"[^\r\n\p{L}\p{N}]?" + UP + "*" + LO + "+%s|" + r"[^\r\n\p{L}\p{N}]?" + UP + "+" + LO + "*%s|" + r"\p{N}%s"
         r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + TAIL)
DEEPSEEK_LETTERS = (
    "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373"
    "\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f"
    "\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77"
    "\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d"
    "\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4"
    "\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139"
    "\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d"
    "\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a"
    "\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2"
    "\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943]+")
FAMILIES = {
    'llama3': [CI + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL],
    'qwen2': [CI + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL],
    'qwen35': [CI + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + TAIL],
    'gpt-2': [GPT2],
    'starcoder': [r"\p{N}", GPT2],
    'default': [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"],
    'falcon': [r"[\p{P}\$\+<=>\^~\|`]+", GPT2, r"[0-9][0-9][0-9]"],
    'deepseek-coder': [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CJK, r"\p{N}"],
    'deepseek-v3': [r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
                    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
                    r"| ?[\p{P}\p{S}]+[\r\n]*|" + TAIL],
    'deepseek-llm': [r"[\r\n]", DEEPSEEK_LETTERS,
                     "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+", r"\s+$", CJK, r"\p{N}+"],
    'tekken': [CASED % ('', '', '')],
    'gpt-4o': [CASED % (CI + '?', CI + '?', '{1,3}')],
    'bloom': [BLOOM],
    'viking': [BLOOM, r"\p{N}"],
    'gemma4': [r"[^\n]+|[\n]+"],
}
UNITS = ["'s", "'S", "'\u017f", "'re", "'RE", "'vE", "'ll", "'LL", "'d", "'m", "'T", "\r\n", "\n", "\r", " ", "  ", "\t",
         "\u00a0", "\u3000", "\u0085", "\u2028", "/", "//", "a", "B", "ab", "Ab", "aB", "123", "4", "56789", "\u0661",
         "\u4e00", "\u3042", "\uac00", "\u0301", "\u093f", "`", "$", "+", "!", "|", "\u2026", "\u0964", "(", ".",
         "\U0001f600", "\u200d", "\x1c", "\x1f", "\x00", "\u01c5", "\u02b0", "\u2160", "\u1c90", "\u10a0", "<", "~",
         "\u3001", "\uff01", "\u212a", "\u200b", "\ufeff", "\u180e"]
categories = {}; first = None
for line in open(sys.argv[1], encoding='utf-8'):
    f = line.split(';'); cp = int(f[0], 16)
    if f[1].endswith(', First>'): first = cp; continue
    for x in range(first if first is not None else cp, cp + 1):
        if not 0xd800 <= x <= 0xdfff: categories.setdefault(f[2], []).append(x)
    first = None
names = sorted(categories); rnd = random.Random(20261123)
def random_text(most):
    out = []
    for _ in range(rnd.randrange(1, most)):
        r = rnd.random()
        if r < .65: out.append(rnd.choice(UNITS))
        elif r < .9: out.append(chr(rnd.choice(categories[rnd.choice(names)])))
        else: out.append(chr(rnd.randrange(128)))
    return ''.join(out)
def cutter(family):
    return P.Sequence([P.Split(Regex(r), 'isolated') for r in FAMILIES[family]])
def cut(seq, text):
    return [len(piece.encode()) for piece, _ in seq.pre_tokenize_str(text)]
if len(sys.argv) > 2:
    # px.so: size_t px_split(const char *family, const uint8_t *text, size_t n, uint32_t *ends), of hr_pretok_next's ends
    lib = ctypes.CDLL(sys.argv[2]); lib.px_split.restype = ctypes.c_size_t
    for family in FAMILIES:
        seq, misses, chars = cutter(family), 0, 0
        for _ in range(int(sys.argv[3])):
            t = random_text(40); p = t.encode(); chars += len(t)
            ends = (ctypes.c_uint32 * (len(p) + 1))()
            n = lib.px_split(family.encode(), p, ctypes.c_size_t(len(p)), ends)
            if [b - a for a, b in zip([0] + ends[:n], ends[:n])] != cut(seq, t): misses += 1; print(family, ascii(t))
        print(family, chars, 'characters,', misses, 'misses', flush=True)
    sys.exit()
texts = ["I'll go, he'd've; WE'RE  here\u2019s \u00c9t\u00e9 '\u017f x 12345 3.14\n\n  def f(x):\r\n\treturn x//2 # ok \n",
         "HelloWorld HTTPServer iPhone15Pro don'T\u3000\u30a0 \u3000\u3001 \u0915\u093f e\u0301 \uff11\uff12\uff13\uff14 "]
texts += [random_text(34) for _ in range(22)]
def c_string(t):
    out = ''; hexed = False
    for b in t.encode():
        plain = 32 <= b < 127 and chr(b) not in '"\\?' and not (hexed and chr(b) in '0123456789abcdefABCDEF')
        out += chr(b) if plain else '\\%03o' % b; hexed = False
    rows = []; row = ''
    for part in __import__('re').findall(r'\\[0-7]{3}|.', out):
        if len(row) + len(part) > 100: rows.append(row); row = ''
        row += part
    return '\n        '.join('"%s"' % r for r in rows + [row])
def numbers(v):
    rows = []; row = ''
    for x in v:
        if len(row) + 4 > 100: rows.append(row); row = ''
        row += '%d ' % x
    return '\n        '.join('"%s"' % r for r in rows + [row])
print('/* pretok_vectors.h: bytes of each word, by Hugging Face tokenizers. Generated by tests/gen_pretok.py. Do not edit. */')
print('static const struct {\n    const char *text;\n    size_t n;\n} pretok_texts[] = {')
for t in texts: print('    {%s, %d},' % (c_string(t), len(t.encode())))
print('};\nstatic const struct {\n    const char *family;\n    const char *words[%d];\n} pretok_words[] = {' % len(texts))
for family in FAMILIES:
    seq = cutter(family); print('    {"%s", {' % family)
    for t in texts: print('        %s,' % numbers(cut(seq, t)))
    print('    }},')
print('};')
