/* gen_seeds_gguf FOLDER: small valid GGUF files for the fuzzer to start from. */
#include "tests/gguf_writer.h"

static int save_seed(const char *folder, const char *name, gw *w) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    bool ok = gw_save(w, path);
    gw_free(w);
    return ok ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    gw w = {0};
    int failed = 0;
    gw_sample(&w);
    failed |= save_seed(argv[1], "sample", &w);
    gw_header(&w, 2, 0, 0);
    failed |= save_seed(argv[1], "empty", &w);
    gw_header(&w, 3, 2, 1), gw_kv_u32(&w, "general.alignment", 8);
    gw_tensor(&w, "a", 2, (const uint64_t[]){32, 1}, 2, 0), gw_tensor(&w, "b", 1, (const uint64_t[]){1}, 24, 24);
    gw_pad(&w, 8), gw_fill(&w, 32, 1);
    failed |= save_seed(argv[1], "aligned", &w);
    gw_header(&w, 3, 1, 3), gw_kv_u16(&w, "split.no", 0), gw_kv_u16(&w, "split.count", 1);
    gw_kv_i32(&w, "split.tensors.count", 1);
    gw_tensor(&w, "t", 1, (const uint64_t[]){8}, 0, 0), gw_pad(&w, 32), gw_fill(&w, 32, 2);
    failed |= save_seed(argv[1], "split", &w);
    gw_header(&w, 3, 0, 1), gw_kv_arr(&w, "tokenizer.ggml.tokens", 8, 3);
    gw_text(&w, "<s>"), gw_text(&w, "a"), gw_text(&w, "b");
    failed |= save_seed(argv[1], "words", &w);
    return failed;
}
