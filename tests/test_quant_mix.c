/* Type mixes: the bytes of every mix for real shapes against llama-quantize's own rule. Oracle: the function
 * llama_tensor_get_type of llama.cpp c392 (src/llama-quant.cpp), cut out and compiled against ggml with the tensor lists
 * below; its sums are the table. And the types, tensor by tensor, of files that llama-quantize made (shared data). */
#include "engine/gguf.h"
#include "quant/mix.h"
#include "tests/t.h"

typedef struct shape {
    const char *name;
    uint32_t layers, d, ff, heads, kv, head_dim, vocab, tied, experts;
} shape;
static const shape shapes[] = {{"1b", 16, 2048, 8192, 32, 8, 64, 128256, 1, 0},
                               {"135m", 30, 576, 1536, 9, 3, 64, 49152, 1, 0},
                               {"8b", 32, 4096, 14336, 32, 8, 128, 128256, 0, 0},
                               {"8x7b", 32, 4096, 14336, 32, 8, 128, 32000, 0, 8},
                               {"70b", 80, 8192, 28672, 64, 8, 128, 128256, 0, 0}};
static const struct {
    const char *shape, *mix;
    int imatrix;
    uint64_t bytes; /* of the matrices */
} expected[] = {
    {"1b", "Q4_0", 0, 762826752}, {"1b", "Q4_0", 1, 764923904}, {"1b", "Q4_1", 0, 823644160},
    {"1b", "Q4_1", 1, 823644160}, {"1b", "Q5_0", 0, 884461568}, {"1b", "Q5_0", 1, 886558720},
    {"1b", "Q5_1", 0, 945278976}, {"1b", "Q5_1", 1, 945278976}, {"1b", "Q8_0", 0, 1312980992},
    {"1b", "Q8_0", 1, 1312980992}, {"1b", "Q2_K", 0, 572772352}, {"1b", "Q2_K", 1, 572772352},
    {"1b", "Q3_K_S", 0, 633589760}, {"1b", "Q3_K_S", 1, 633589760}, {"1b", "Q3_K_M", 0, 682741760},
    {"1b", "Q3_K_M", 1, 682741760}, {"1b", "Q3_K_L", 0, 724422656}, {"1b", "Q3_K_L", 1, 724422656},
    {"1b", "Q4_K_S", 0, 767545344}, {"1b", "Q4_K_S", 1, 767545344}, {"1b", "Q4_K_M", 0, 799592448},
    {"1b", "Q4_K_M", 1, 799592448}, {"1b", "Q5_K_S", 0, 884461568}, {"1b", "Q5_K_S", 1, 884461568},
    {"1b", "Q5_K_M", 0, 903401472}, {"1b", "Q5_K_M", 1, 903401472}, {"1b", "Q6_K", 0, 1013698560},
    {"1b", "Q6_K", 1, 1013698560}, {"1b", "IQ4_NL", 0, 769118208}, {"1b", "IQ4_NL", 1, 764923904},
    {"1b", "IQ4_XS", 0, 740282368}, {"1b", "IQ4_XS", 1, 735039488}, {"1b", "TQ1_0", 0, 420728832},
    {"1b", "TQ1_0", 1, 420728832}, {"1b", "TQ2_0", 0, 466341888}, {"1b", "TQ2_0", 1, 466341888},
    {"135m", "Q4_0", 0, 89800704}, {"135m", "Q4_0", 1, 89966592}, {"135m", "Q4_1", 0, 96436224},
    {"135m", "Q4_1", 1, 96436224}, {"135m", "Q5_0", 0, 103071744}, {"135m", "Q5_0", 1, 103237632},
    {"135m", "Q5_1", 0, 109707264}, {"135m", "Q5_1", 1, 109707264}, {"135m", "Q8_0", 0, 142884864},
    {"135m", "Q8_0", 1, 142884864}, {"135m", "Q2_K", 0, 86275584}, {"135m", "Q2_K", 1, 86275584},
    {"135m", "Q3_K_S", 0, 86275584}, {"135m", "Q3_K_S", 1, 86275584}, {"135m", "Q3_K_M", 0, 91584000},
    {"135m", "Q3_K_M", 1, 91584000}, {"135m", "Q3_K_L", 0, 95606784}, {"135m", "Q3_K_L", 1, 95606784},
    {"135m", "Q4_K_S", 0, 100113408}, {"135m", "Q4_K_S", 1, 100113408}, {"135m", "Q4_K_M", 0, 103527936},
    {"135m", "Q4_K_M", 1, 103527936}, {"135m", "Q5_K_S", 0, 108048384}, {"135m", "Q5_K_S", 1, 108048384},
    {"135m", "Q5_K_M", 0, 110177280}, {"135m", "Q5_K_M", 1, 110177280}, {"135m", "Q6_K", 0, 136456704},
    {"135m", "Q6_K", 1, 136456704}, {"135m", "IQ4_NL", 0, 90132480}, {"135m", "IQ4_NL", 1, 89800704},
    {"135m", "IQ4_XS", 0, 89385984}, {"135m", "IQ4_XS", 1, 88971264}, {"135m", "TQ1_0", 0, 80469504},
    {"135m", "TQ1_0", 1, 80469504}, {"135m", "TQ2_0", 0, 81713664}, {"135m", "TQ2_0", 1, 81713664},
    {"8b", "Q4_0", 0, 4652310528}, {"8b", "Q4_0", 1, 4666990592}, {"8b", "Q4_1", 0, 5121351680},
    {"8b", "Q4_1", 1, 5121351680}, {"8b", "Q5_0", 0, 5590392832}, {"8b", "Q5_0", 1, 5605072896},
    {"8b", "Q5_1", 0, 6059433984}, {"8b", "Q5_1", 1, 6059433984}, {"8b", "Q8_0", 0, 8531869696},
    {"8b", "Q8_0", 1, 8531869696}, {"8b", "Q2_K", 0, 3170230272}, {"8b", "Q2_K", 1, 3170230272},
    {"8b", "Q3_K_S", 0, 3655598080}, {"8b", "Q3_K_S", 1, 3655598080}, {"8b", "Q3_K_M", 0, 4010016768},
    {"8b", "Q3_K_M", 1, 4010016768}, {"8b", "Q3_K_L", 0, 4313055232}, {"8b", "Q3_K_L", 1, 4313055232},
    {"8b", "Q4_K_S", 0, 4683767808}, {"8b", "Q4_K_S", 1, 4683767808}, {"8b", "Q4_K_M", 0, 4911833088},
    {"8b", "Q4_K_M", 1, 4911833088}, {"8b", "Q5_K_S", 0, 5590392832}, {"8b", "Q5_K_S", 1, 5590392832},
    {"8b", "Q5_K_M", 0, 5724086272}, {"8b", "Q5_K_M", 1, 5724086272}, {"8b", "Q6_K", 0, 6587105280},
    {"8b", "Q6_K", 1, 6587105280}, {"8b", "IQ4_NL", 0, 4698447872}, {"8b", "IQ4_NL", 1, 4669087744},
    {"8b", "IQ4_XS", 0, 4475461632}, {"8b", "IQ4_XS", 1, 4438761472}, {"8b", "TQ1_0", 0, 2198642688},
    {"8b", "TQ1_0", 1, 2198642688}, {"8b", "TQ2_0", 0, 2525798400}, {"8b", "TQ2_0", 1, 2525798400},
    {"8x7b", "Q4_0", 0, 26437591040}, {"8x7b", "Q4_0", 1, 26555031552}, {"8x7b", "Q4_1", 0, 29331464192},
    {"8x7b", "Q4_1", 1, 29331464192}, {"8x7b", "Q5_0", 0, 32225337344}, {"8x7b", "Q5_0", 1, 32342777856},
    {"8x7b", "Q5_1", 0, 35119210496}, {"8x7b", "Q5_1", 1, 35119210496}, {"8x7b", "Q8_0", 0, 49620320256},
    {"8x7b", "Q8_0", 1, 49620320256}, {"8x7b", "Q2_K", 0, 17305231360}, {"8x7b", "Q2_K", 1, 17305231360},
    {"8x7b", "Q3_K_S", 0, 20426522624}, {"8x7b", "Q3_K_S", 1, 20426522624}, {"8x7b", "Q3_K_M", 0, 22540451840},
    {"8x7b", "Q3_K_M", 1, 22540451840}, {"8x7b", "Q3_K_L", 0, 24163647488}, {"8x7b", "Q3_K_L", 1, 24163647488},
    {"8x7b", "Q4_K_S", 0, 26739580928}, {"8x7b", "Q4_K_S", 1, 26739580928}, {"8x7b", "Q4_K_M", 0, 28442468352},
    {"8x7b", "Q4_K_M", 1, 28442468352}, {"8x7b", "Q5_K_S", 0, 32225337344}, {"8x7b", "Q5_K_S", 1, 32225337344},
    {"8x7b", "Q5_K_M", 0, 33223581696}, {"8x7b", "Q5_K_M", 1, 33223581696}, {"8x7b", "Q6_K", 0, 38374817792},
    {"8x7b", "Q6_K", 1, 38374817792}, {"8x7b", "IQ4_NL", 0, 26739580928}, {"8x7b", "IQ4_NL", 1, 26504699904},
    {"8x7b", "IQ4_XS", 0, 25368141824}, {"8x7b", "IQ4_XS", 1, 25074540544}, {"8x7b", "TQ1_0", 0, 10205634560},
    {"8x7b", "TQ1_0", 1, 10205634560}, {"8x7b", "TQ2_0", 0, 12369895424}, {"8x7b", "TQ2_0", 1, 12369895424},
    {"70b", "Q4_0", 0, 39956594688}, {"70b", "Q4_0", 1, 40103395328}, {"70b", "Q4_1", 0, 44300451840},
    {"70b", "Q4_1", 1, 44300451840}, {"70b", "Q5_0", 0, 48644308992}, {"70b", "Q5_0", 1, 48791109632},
    {"70b", "Q5_1", 0, 52988166144}, {"70b", "Q5_1", 1, 52988166144}, {"70b", "Q8_0", 0, 74961911808},
    {"70b", "Q8_0", 1, 74961911808}, {"70b", "Q2_K", 0, 26361970688}, {"70b", "Q2_K", 1, 26361970688},
    {"70b", "Q3_K_S", 0, 30898913280}, {"70b", "Q3_K_S", 1, 30898913280}, {"70b", "Q3_K_M", 0, 34254356480},
    {"70b", "Q3_K_M", 1, 34254356480}, {"70b", "Q3_K_L", 0, 37127454720}, {"70b", "Q3_K_L", 1, 37127454720},
    {"70b", "Q4_K_S", 0, 40334082048}, {"70b", "Q4_K_S", 1, 40334082048}, {"70b", "Q4_K_M", 0, 42507255808},
    {"70b", "Q4_K_M", 1, 42507255808}, {"70b", "Q5_K_S", 0, 48644308992}, {"70b", "Q5_K_S", 1, 48644308992},
    {"70b", "Q5_K_M", 0, 49936678912}, {"70b", "Q5_K_M", 1, 49936678912}, {"70b", "Q6_K", 0, 57875005440},
    {"70b", "Q6_K", 1, 57875005440}, {"70b", "IQ4_NL", 0, 40334082048}, {"70b", "IQ4_NL", 1, 40040480768},
    {"70b", "IQ4_XS", 0, 38256525312}, {"70b", "IQ4_XS", 1, 37889523712}, {"70b", "TQ1_0", 0, 15891775488},
    {"70b", "TQ1_0", 1, 15891775488}, {"70b", "TQ2_0", 0, 19100418048}, {"70b", "TQ2_0", 1, 19100418048},
};
enum { MAX_TENSORS = 1000 };
static hr_mix_tensor list[MAX_TENSORS];
static char names[MAX_TENSORS][64];
static size_t n_list;

static void add(const char *name, uint32_t k, uint32_t rows, uint32_t mats) {
    hr_mix_tensor *t = &list[n_list];
    snprintf(names[n_list], sizeof names[0], "%s", name);
    memset(t, 0, sizeof *t);
    t->name = hr_str_of(names[n_list++]);
    t->dims[0] = k, t->dims[1] = rows, t->dims[2] = mats, t->dims[3] = 1;
    t->type = HR_TYPE_F16;
}
static void add_layer(const shape *s, uint32_t i) {
    char name[64];
    const char *tail = s->experts ? "_exps.weight" : ".weight";
    uint32_t mats = s->experts ? s->experts : 1;
#define ADD(text, k, rows, m) snprintf(name, sizeof name, "blk.%u." text, i), add(name, k, rows, m)
#define ADD_FFN(text, k, rows) snprintf(name, sizeof name, "blk.%u." text "%s", i, tail), add(name, k, rows, mats)
    ADD("attn_k.weight", s->d, s->kv * s->head_dim, 1);
    ADD("attn_norm.weight", s->d, 1, 1);
    ADD("attn_output.weight", s->heads * s->head_dim, s->d, 1);
    ADD("attn_q.weight", s->d, s->heads * s->head_dim, 1);
    ADD("attn_v.weight", s->d, s->kv * s->head_dim, 1);
    ADD_FFN("ffn_down", s->ff, s->d);
    ADD_FFN("ffn_gate", s->d, s->ff);
    ADD_FFN("ffn_up", s->d, s->ff);
#undef ADD
#undef ADD_FFN
}
static void build(const shape *s, bool backwards) {
    n_list = 0;
    if (!s->tied) add("output.weight", s->d, s->vocab, 1);
    add("token_embd.weight", s->d, s->vocab, 1);
    for (uint32_t i = 0; i < s->layers; i++) add_layer(s, backwards ? s->layers - 1 - i : i);
}
static uint64_t bytes_of(const hr_mix_tensor *t) {
    uint64_t b = 0;
    if (!hr_format_row_bytes(hr_format_of(t->target), t->dims[0], &b)) return 0;
    return b * t->dims[1] * t->dims[2];
}
static uint64_t mix_bytes(const shape *s, const char *mix, int imatrix) {
    hr_mix_model m;
    hr_error err;
    uint64_t sum = 0;
    memset(&m, 0, sizeof m);
    hr_error_clear(&err);
    m.arch = hr_str_of("llama");
    m.n_layer = s->layers, m.n_head = s->heads, m.n_head_kv = s->kv, m.n_expert = s->experts;
    m.has_imatrix = imatrix != 0;
    T_EQ_I(hr_mix_choose(hr_mix_named(mix), &m, list, n_list, &err), HR_OK);
    for (size_t i = 0; i < n_list; i++) {
        if (list[i].dims[1] > 1) sum += bytes_of(&list[i]);
        else T_EQ_U(list[i].target, HR_TYPE_F16); /* vectors stay */
    }
    return sum;
}
T_TEST(bytes_of_every_mix) {
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
            if (strcmp(shapes[s].name, expected[i].shape) != 0) continue;
            for (int backwards = 0; backwards < 2; backwards++) { /* the order in the file does not matter */
                build(&shapes[s], backwards != 0);
                uint64_t got = mix_bytes(&shapes[s], expected[i].mix, expected[i].imatrix);
                t_check(got == expected[i].bytes, __FILE__, __LINE__, "bytes", "%s %s imatrix %d: %llu, llama.cpp %llu",
                        expected[i].shape, expected[i].mix, expected[i].imatrix, (unsigned long long)got,
                        (unsigned long long)expected[i].bytes);
            }
        }
    }
}
T_TEST(names_and_patterns) {
    T_EQ_U(hr_mix_named("q4_k_m")->file_type, 15);
    T_EQ_U(hr_mix_named("Q8_0")->base, HR_TYPE_Q8_0);
    T_CHECK(hr_mix_named("Q9") == NULL && hr_mix_named("") == NULL && hr_mix_named("Q4_K_MM") == NULL);
    hr_str name = hr_str_of("blk.12.attn_v.weight");
    T_CHECK(hr_mix_match("attn_v", name) && hr_mix_match("blk.*.attn_?.weight", name) && hr_mix_match("*", name));
    T_CHECK(!hr_mix_match("attn_k", name) && !hr_mix_match("attn_*", name) && !hr_mix_match("blk.1.*", name));
    T_CHECK(hr_mix_match("*v*t", name) && !hr_mix_match("*v*x", name));
}
T_TEST(fallbacks_and_wishes) {
    static const uint32_t pairs[][2] = {{HR_TYPE_Q4_K, HR_TYPE_Q5_0}, {HR_TYPE_Q5_K, HR_TYPE_Q5_1}, {HR_TYPE_Q6_K, HR_TYPE_Q8_0},
                                        {HR_TYPE_Q3_K, HR_TYPE_IQ4_NL}, {HR_TYPE_TQ1_0, HR_TYPE_Q4_0},
                                        {HR_TYPE_Q8_0, HR_TYPE_Q8_0}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        T_EQ_U(hr_mix_fallback(pairs[i][0], 512), pairs[i][0]);
        T_EQ_U(hr_mix_fallback(pairs[i][0], 576), pairs[i][1]);
        T_EQ_U(hr_mix_fallback(pairs[i][0], 33), HR_TYPE_F16);
    }
    build(&shapes[1], false);
    list[1].fixed = true, list[1].target = HR_TYPE_Q8_0;
    list[3].fixed = true, list[3].target = HR_TYPE_Q4_K;
    mix_bytes(&shapes[1], "Q4_0", 0);
    T_EQ_U(list[1].target, HR_TYPE_Q8_0);
    T_EQ_U(list[3].target, HR_TYPE_Q5_0);
}

T_MAIN(T_RUN(bytes_of_every_mix), T_RUN(names_and_patterns), T_RUN(fallbacks_and_wishes))
