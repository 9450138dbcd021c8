/* gen_seeds_model.c: seeds for fuzz_model: small models of several architectures, whole and slightly wrong, into argv[1]. */
#include "tests/model_file.h"

static void save(const mf *f, const char *dir, const char *name) {
    char path[1024];
    gw w = mf_write(f);
    snprintf(path, sizeof path, "%s/%s.gguf", dir, name);
    if (!gw_save(&w, path)) exit(1);
    gw_free(&w);
}
/* the same with rows of few weights, so that mutations hit the header */
static void shrink(mf *f, const char *arch) {
    mf_arch_u32(f, arch, "block_count", 1);
    for (size_t i = 0; i < f->n_tensors;) {
        if (strncmp(f->tensors[i].name, "blk.1.", 6) == 0) mf_drop_tensor(f, f->tensors[i].name);
        else i++;
    }
}

int main(int argc, char **argv) {
    static const char *const archs[] = {"llama", "qwen2", "gemma", "qwen3", "smollm3", "granite"};
    static mf f;
    if (argc < 2) return 2;
    for (size_t i = 0; i < sizeof archs / sizeof archs[0]; i++) {
        mf_llama(&f, archs[i]);
        shrink(&f, archs[i]);
        if (strcmp(archs[i], "qwen2") == 0)
            for (int j = 0; j < 3; j++)
                mf_layer_tensor(&f, 0, j == 0 ? "attn_q.bias" : j == 1 ? "attn_k.bias" : "attn_v.bias",
                                j == 0 ? MF_HEADS * MF_HEAD : MF_KV_HEADS * MF_HEAD, 0, 0);
        if (strcmp(archs[i], "qwen3") == 0) {
            mf_layer_tensor(&f, 0, "attn_q_norm.weight", MF_HEAD, 0, 0);
            mf_layer_tensor(&f, 0, "attn_k_norm.weight", MF_HEAD, 0, 0);
        }
        save(&f, argv[1], archs[i]);
        mf_drop_tensor(&f, "output.weight");
        for (size_t t = 0; t < f.n_tensors; t++)
            if (f.tensors[t].n_dims == 2 &&
                f.tensors[t].dims[0] % 32 == 0) f.tensors[t].type = i % 2 ? HR_TYPE_Q8_0 : HR_TYPE_Q4_0;
        save(&f, argv[1], i % 2 ? "q8" : "q4");
    }
    for (int i = 0; i < 2; i++) { /* packs: whole groups of rows only, for mf_write knows no padding */
        mf_llama(&f, "llama");
        shrink(&f, "llama");
        mf_str(&f, "hearth.pack.geometry", HR_PACK_GEOMETRY);
        for (size_t t = 0; t < f.n_tensors; t++) {
            mf_tensor *x = &f.tensors[t];
            if (x->n_dims != 2 || x->dims[1] % HR_PACK_ROWS != 0) continue;
            x->type = HR_TYPE_PACKED + (i && x->dims[0] % 32 == 0 ? HR_TYPE_Q4_0 : HR_TYPE_F32);
        }
        save(&f, argv[1], i ? "packs4" : "packs");
    }
    mf_llama(&f, "llama");
    mf_u32(&f, "llama.attention.sliding_window", 16);
    mf_str(&f, "llama.rope.scaling.type", "yarn");
    mf_f32(&f, "llama.rope.scaling.factor", 4);
    mf_u32s(&f, "llama.attention.head_count_kv", 5, (uint32_t[]){2, 2}, 2);
    save(&f, argv[1], "keys");
    f.n_tensors = 0;
    save(&f, argv[1], "vocab");
    return 0;
}
