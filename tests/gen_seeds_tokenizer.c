/* gen_seeds_tokenizer.c: seeds for fuzz_tokenizer, into argv[1]: a vocabulary, merges and a text for every family. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    static const char words[] = "a\xf8" "b\xf8" "ab\xf8" "\xe2\x96\x81" "\xf8" "\xe2\x96\x81" "ab\xf8" "th\xf8" "the\xf8"
                                "<|x|>\xf8" "<|x|>y\xf8\xf8" "a b\xf8" "t h\xf8" "th e\xf8\xf8";
    static const char text[] = "the ab'LL <|x|>y 12345 a\xcc\x81\xc5\xbf "
                               "\xe6\x97\xa5\xe6\x9c\xac\r\n\r\n  \t\xf0\x9f\x98\x80!!\xff";
    if (argc < 2) return 2;
    for (int i = 0; i < 3 * 16; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/seed%02d", argv[1], i);
        FILE *f = fopen(path, "wb");
        if (f == NULL) return 1;
        unsigned char head[4] = {(unsigned char)(i % 3), (unsigned char)(i / 3), (unsigned char)(i * 7 + 1), 3};
        fwrite(head, 1, 4, f);
        fwrite(words, 1, sizeof words - 1, f);
        fwrite(text, 1, sizeof text - 1, f);
        if (fclose(f) != 0) return 1;
    }
    return 0;
}
