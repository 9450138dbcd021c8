/* convert_tables.h: made by tests/gen_convert.py; not to be edited. */
typedef struct convert_tensor {
    const char *name;
    int n_dims, dims[3], exponent, offset;
} convert_tensor;
typedef struct convert_model {
    const char *name, *config;
    const convert_tensor *tensors;
    int n_tensors;
    const float *out; /* logits of the last token, or the mean of the last layer */
    int n_out;
} convert_model;
static const int convert_ids[] = {1, 17, 5, 40, 63, 22, 9, 9, 31, 50, 2, 44};
static const convert_tensor convert_llama[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_llama_out[] = {
    -2.66741419f, -1.37383795f, -1.11347735f, -1.59289217f, 0.837612927f, -0.35810262f, 1.80154431f, 4.95065355f,
    -0.827564716f, 0.0355739482f, -0.864631534f, 0.215802908f, 0.612898111f, 0.587801039f, -2.4893024f, 1.53076923f,
    0.836116791f, -0.179587185f, -2.25995779f, -2.19339633f, 3.01251483f, 0.690071881f, 2.68638206f, 1.232337f,
    0.460090399f, -1.35781777f, -3.57068491f, 0.935887516f, 0.25148809f, 4.14824963f, -0.677224815f, 2.44255829f,
    -0.314778775f, -2.90892935f, 5.05555391f, 2.59340143f, -2.07437706f, 1.74493229f, -5.6147933f, -1.80207908f,
    -3.91372895f, -0.00602575205f, -1.75835311f, -3.33141947f, -4.54048729f, 0.142498732f, -2.01743245f, 3.32175088f,
    -1.97608614f, -1.36494744f, 0.253860444f, 3.05957699f, 2.99386239f, -0.836395502f, 5.38572121f, 1.60958326f,
    1.92947483f, -2.4784596f, 2.38431883f, 0.752723753f, -1.85535812f, -0.864730954f, 2.43334532f, -1.45972407f,
};
static const convert_tensor convert_llama31[] = {
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_llama31_out[] = {
    -2.8279438f, 1.03940654f, 0.984826624f, -3.14244246f, 1.39271128f, 0.198696926f, 0.720021725f, 3.21111202f,
    1.54573941f, -1.29012287f, -2.80340981f, 1.10958683f, 1.15224063f, -2.32536101f, 1.55075288f, -3.47422695f,
    3.16475344f, 3.0085485f, 0.0633004159f, -2.86257267f, 1.6519388f, -2.82786155f, -1.62678123f, 0.51461941f,
    -3.41597533f, -1.26044095f, 0.720100641f, -1.77616119f, -3.50580621f, -4.5805788f, -1.4166497f, -1.05129302f,
    -1.71973288f, -0.450226784f, -1.69861078f, 0.240635306f, -1.18817091f, 0.20523867f, 2.63847709f, 5.07084894f,
    1.12617004f, 0.71330142f, -5.51828575f, 6.26698494f, -0.293723881f, 1.86649656f, -3.07105017f, -0.8404513f,
    -0.319497168f, -0.947956622f, -0.493025035f, -0.525831699f, -0.117859989f, 3.43899488f, 4.16339874f, 1.33037591f,
    4.48785925f, -0.307208627f, 1.32125497f, 4.11383915f, -3.68108082f, -0.435810864f, 0.636801839f, -1.71458018f,
};
static const convert_tensor convert_llama_bias[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.bias", 1, {24}, -1, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.bias", 1, {24}, -1, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.bias", 1, {24}, -1, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.bias", 1, {24}, -1, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_llama_bias_out[] = {
    -3.02600622f, -1.47840953f, -0.762968659f, -1.57321775f, 0.662802577f, -0.879178822f, 1.71373296f, 5.26023531f,
    -1.12442064f, -0.0497582108f, -0.452302635f, -0.170103699f, 0.853480935f, 0.689473271f, -2.65515947f, 1.41908669f,
    1.14290416f, 0.0618266352f, -2.28782082f, -2.33865452f, 2.99617195f, 0.30293107f, 2.83215213f, 0.922139585f,
    0.249525249f, -1.72115219f, -3.40999746f, 1.06848228f, 0.97901535f, 3.47178531f, -1.55171287f, 3.21670151f,
    -0.556085408f, -2.70192814f, 4.96841812f, 2.91666842f, -1.1890372f, 2.51267838f, -5.82051373f, -1.85814989f,
    -3.41850471f, 0.263072163f, -2.30629325f, -3.10870743f, -4.67489004f, 0.405613482f, -2.19644475f, 3.16290426f,
    -2.15726256f, -1.15247631f, 0.355430663f, 3.19417071f, 2.59984183f, -0.573189735f, 5.46340847f, 1.65061069f,
    1.59459579f, -2.63013625f, 2.17137837f, 0.556726992f, -1.95669162f, -1.08044398f, 2.68103933f, -2.0092597f,
};
static const convert_tensor convert_mistral[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_mistral_out[] = {
    -0.390226245f, -2.52075386f, -0.52467221f, -1.28047335f, 0.179816663f, 0.623442531f, 2.10400081f, 3.82054949f,
    1.09861159f, -2.34374309f, -0.993409693f, -0.443494022f, -0.564446211f, 0.532125354f, -0.188957572f, 2.20805407f,
    2.54502583f, -0.494180799f, -0.96482873f, -1.11477149f, 2.34577775f, 2.76578689f, 1.28280234f, 1.4878937f,
    2.40907621f, -1.92094266f, -3.43998241f, -1.77354944f, -1.83232379f, 2.97226596f, 1.91454554f, 1.92108786f,
    0.343819559f, -3.8004868f, 3.52681446f, 2.41382957f, -3.12937689f, 0.481104106f, -2.7602365f, -1.73425114f,
    -2.43094182f, 0.60550344f, 1.08012712f, -3.44883728f, -1.8614769f, 0.789213061f, -2.22610855f, 3.43835449f,
    -2.3451376f, 0.647997022f, -1.12638831f, 3.10861635f, 3.84000278f, -1.38201535f, 3.36873627f, 1.55145931f,
    0.285422504f, -2.38668728f, 4.06126404f, 4.80403805f, 1.3026042f, -2.17446256f, 2.16814351f, 0.25295043f,
};
static const convert_tensor convert_mixtral[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.block_sparse_moe.experts.0.w1.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.block_sparse_moe.experts.0.w2.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.block_sparse_moe.experts.0.w3.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.block_sparse_moe.experts.1.w1.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.block_sparse_moe.experts.1.w2.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.block_sparse_moe.experts.1.w3.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.block_sparse_moe.experts.2.w1.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.block_sparse_moe.experts.2.w2.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.block_sparse_moe.experts.2.w3.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.block_sparse_moe.gate.weight", 2, {3, 16}, 0, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.0.w1.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.0.w2.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.0.w3.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.1.w1.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.1.w2.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.1.w3.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.2.w1.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.2.w2.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.block_sparse_moe.experts.2.w3.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.gate.weight", 2, {3, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_mixtral_out[] = {
    -2.50643468f, -0.486676693f, 2.32132196f, 5.43588114f, -2.13879299f, 1.66730297f, -2.05834508f, 6.25194168f,
    3.21426153f, -2.1654408f, -0.0769125447f, -0.63029182f, 0.431088597f, 1.6729759f, -0.0494215973f, 1.55885899f,
    4.62602901f, -1.46863854f, -6.52181721f, -0.147346959f, 0.307302028f, 0.57763356f, 0.659514368f, 0.271845162f,
    -1.30704987f, -2.2941103f, 1.57770908f, -1.32078779f, 2.54233336f, 0.963876426f, -3.72224379f, 2.30039024f,
    1.31713688f, -1.12877178f, 0.184889317f, -0.0416956358f, -0.847611666f, 2.39821196f, -3.89786482f, -0.609512985f,
    3.13884139f, -1.40500522f, -0.511821449f, 0.424085438f, -3.32063937f, 2.31638622f, -4.65844774f, -0.587516844f,
    -2.78985238f, 1.97842288f, -1.60489976f, 2.62483096f, 2.54580116f, 1.73524988f, 4.39600086f, -0.658274055f,
    0.689315796f, 0.0904043093f, -2.58169603f, 3.42518091f, 4.16175795f, -3.17048335f, 4.3818922f, -2.41891742f,
};
static const convert_tensor convert_qwen2[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_qwen2_out[] = {
    -2.99991107f, -0.895050704f, -0.963208854f, -1.94986093f, 0.813848257f, -1.05281234f, 1.27873421f, 4.67813301f,
    -1.15681672f, 0.477503806f, -1.1579802f, 0.0221307259f, 0.894310057f, 0.185735911f, -2.63160324f, 1.70926547f,
    0.962618291f, 0.145127699f, -2.03704453f, -2.06405425f, 3.24492002f, 0.250350177f, 2.98887706f, 1.00426495f,
    0.0620570965f, -1.16673422f, -3.51515079f, 1.63999271f, 0.278306454f, 4.20460558f, -1.51832855f, 2.99672341f,
    -0.705527127f, -2.64597106f, 4.84988976f, 2.60222411f, -1.0982815f, 1.80053926f, -5.30471563f, -2.25347638f,
    -3.95932388f, 0.167641878f, -2.36273265f, -3.56517243f, -4.63467216f, -0.357229203f, -1.74212992f, 3.73027563f,
    -1.47597361f, -1.18864453f, 0.628163099f, 2.80144787f, 2.22918129f, -0.660805762f, 5.47132444f, 1.98502624f,
    1.77629209f, -3.28627181f, 2.0412643f, -0.106212072f, -2.73853397f, 0.0885142758f, 2.01821733f, -1.44409001f,
};
static const convert_tensor convert_qwen2_yarn[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_qwen2_yarn_out[] = {
    -3.0690124f, -0.935733855f, -0.822069466f, -1.84857368f, 0.720229745f, -0.910716414f, 1.26318991f, 4.65072584f,
    -1.21923387f, 0.615951955f, -0.949969053f, -0.0746053457f, 0.910509467f, -0.0066000279f, -3.15484595f, 1.72141933f,
    0.858718336f, 0.130872861f, -2.47173333f, -2.23077226f, 3.01147318f, 0.115007386f, 3.15419173f, 1.0439477f,
    0.154358536f, -1.3873595f, -3.4996469f, 1.87770915f, 0.69515419f, 4.12651873f, -1.98057091f, 2.99063325f,
    -0.537457585f, -2.62933683f, 4.69076967f, 2.9146018f, -0.952500165f, 1.79080737f, -5.58541155f, -2.02095795f,
    -4.20636988f, 0.0622002818f, -2.34157753f, -3.70030284f, -5.10307884f, -0.0583132952f, -1.90892458f, 3.38937902f,
    -1.20969117f, -1.69224918f, 0.623058617f, 3.03187227f, 2.12275839f, -0.646657169f, 5.50277233f, 1.6654247f,
    1.47104216f, -3.04700756f, 1.87538028f, -0.31418851f, -2.81160474f, -0.0165902562f, 2.30609846f, -1.63911939f,
};
static const convert_tensor convert_qwen2moe[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.experts.0.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.0.mlp.experts.0.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.0.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.1.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.0.mlp.experts.1.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.1.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.2.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.0.mlp.experts.2.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.2.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.gate.weight", 2, {3, 16}, 0, 0},
    {"model.layers.0.mlp.shared_expert.down_proj.weight", 2, {16, 12}, 0, 0},
    {"model.layers.0.mlp.shared_expert.gate_proj.weight", 2, {12, 16}, 0, 0},
    {"model.layers.0.mlp.shared_expert.up_proj.weight", 2, {12, 16}, 0, 0},
    {"model.layers.0.mlp.shared_expert_gate.weight", 2, {1, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.experts.0.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.1.mlp.experts.0.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.0.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.1.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.1.mlp.experts.1.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.1.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.2.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.1.mlp.experts.2.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.2.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.gate.weight", 2, {3, 16}, 0, 0},
    {"model.layers.1.mlp.shared_expert.down_proj.weight", 2, {16, 12}, 0, 0},
    {"model.layers.1.mlp.shared_expert.gate_proj.weight", 2, {12, 16}, 0, 0},
    {"model.layers.1.mlp.shared_expert.up_proj.weight", 2, {12, 16}, 0, 0},
    {"model.layers.1.mlp.shared_expert_gate.weight", 2, {1, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_qwen2moe_out[] = {
    -2.52371454f, -2.894418f, -0.489829987f, 3.37913561f, -2.71546865f, -0.553635359f, 1.54365456f, -0.395486653f,
    1.85328102f, 0.11004293f, 5.9737463f, 1.80181921f, 1.64992893f, 3.45121145f, -3.27826405f, -3.58964539f,
    1.1939944f, -2.45922661f, -5.99531889f, 0.107938245f, 0.886751175f, -1.35281265f, -0.858037472f, -3.64423108f,
    -0.302981257f, 1.62197042f, 2.09261489f, -0.795607388f, 3.46371746f, -3.22254133f, -3.83248568f, 1.95111239f,
    0.98075521f, 0.20078446f, -1.31911218f, 0.068570517f, 1.34249103f, 4.41369629f, -2.954597f, 0.0315923356f,
    4.33192539f, -3.07855535f, -1.02026069f, 0.742332757f, -2.32637286f, 5.4253006f, -1.95836794f, -3.91275024f,
    -1.82230842f, 1.24217594f, 1.01218581f, 2.96480989f, 1.1510582f, -0.88658607f, 1.4790169f, -1.3776015f,
    1.56749666f, 5.95291328f, -0.455662161f, -0.143336803f, 4.51992178f, 0.26064685f, 4.53733444f, -4.04284f,
};
static const convert_tensor convert_qwen3[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.0.self_attn.q_norm.weight", 1, {8}, -1, 1},
    {"model.layers.0.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.1.self_attn.q_norm.weight", 1, {8}, -1, 1},
    {"model.layers.1.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_qwen3_out[] = {
    0.0200854223f, -0.0443753339f, 2.32824755f, 5.721632f, -0.748451769f, 2.20869994f, 0.910139859f, 3.46826982f,
    2.93008614f, -3.74261832f, -0.641651094f, 0.641584873f, -2.93302727f, 2.48598242f, 3.25077033f, 0.322275698f,
    2.35412788f, -1.14835608f, -2.09929514f, -1.56476045f, 2.70315075f, 2.47029781f, -1.66003048f, -0.569994926f,
    1.56349099f, 0.301299244f, 0.226660445f, -2.7835927f, 0.429176033f, 0.0851326957f, 1.70077205f, -0.766241789f,
    1.09740734f, 1.45758152f, 0.921820402f, -3.9579668f, -1.81161773f, 4.30489635f, -0.802440584f, 1.8078692f,
    4.57861137f, -0.516023278f, 1.80966091f, 4.08961058f, 0.543798804f, 0.745812416f, -1.4251591f, -0.942557156f,
    -6.29772043f, 4.55595779f, -1.95834327f, 1.19402313f, 2.81704879f, -1.62131441f, 2.90562248f, 1.21887863f,
    1.03813767f, 1.46240795f, -1.62584949f, 5.17162085f, 3.17117262f, -3.13088036f, 3.57898092f, 0.353553474f,
};
static const convert_tensor convert_qwen3moe[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.experts.0.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.0.mlp.experts.0.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.0.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.1.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.0.mlp.experts.1.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.1.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.2.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.0.mlp.experts.2.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.experts.2.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.mlp.gate.weight", 2, {3, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.0.self_attn.q_norm.weight", 1, {8}, -1, 1},
    {"model.layers.0.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.experts.0.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.1.mlp.experts.0.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.0.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.1.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.1.mlp.experts.1.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.1.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.2.down_proj.weight", 2, {16, 8}, 0, 0},
    {"model.layers.1.mlp.experts.2.gate_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.experts.2.up_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.gate.weight", 2, {3, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.1.self_attn.q_norm.weight", 1, {8}, -1, 1},
    {"model.layers.1.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_qwen3moe_out[] = {
    0.692361832f, -1.71010506f, 0.899814844f, 6.70014143f, -1.17770147f, 1.17524147f, 1.66052508f, 0.592132986f,
    1.17982078f, -5.29805994f, 4.61666298f, -2.12814736f, -0.770911038f, 5.69102049f, 0.210114866f, -0.815428436f,
    4.09659672f, -0.356989592f, 0.400382519f, -0.400713056f, 3.85959125f, 0.552280366f, -0.740273058f, -1.78966904f,
    4.94405794f, -2.6837275f, 0.822529256f, -1.8751049f, 1.37924123f, -3.5080483f, 0.21382162f, 1.49728608f,
    0.177722424f, 0.938629806f, 2.48544192f, -1.80616605f, -0.730533719f, 3.28462672f, -2.58307123f, 1.46761847f,
    5.3129158f, 0.167444229f, 2.07453442f, 3.53880191f, 0.319116145f, 4.06798935f, -0.696817935f, -1.97396922f,
    -5.18510771f, 3.51119733f, -3.6488502f, 1.3655026f, 2.23850513f, 2.27388906f, -1.02045667f, -0.179343507f,
    -0.97704494f, 3.40445781f, 1.03884029f, 6.03471041f, 2.26073575f, -2.73154497f, 3.32304335f, -1.28846216f,
};
static const convert_tensor convert_gemma[] = {
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 0},
};
static const float convert_gemma_out[] = {
    -4.3648324f, -1.91685474f, 3.00703788f, -4.76879597f, 0.781568229f, -4.946383f, 1.33873832f, 1.83264315f,
    1.36292303f, -2.55006361f, -0.173583522f, 1.45040798f, 1.57704973f, -2.10866189f, 1.34141099f, -4.95507097f,
    3.29123545f, -0.539942622f, -0.553202808f, -2.83820677f, 0.699893534f, -1.47479093f, 1.10039222f, 0.973076165f,
    -1.43648636f, 2.81451797f, 1.74115229f, -2.81715488f, -3.25022697f, -1.33284676f, 2.35196376f, 1.47456336f,
    -0.292865276f, -0.323194116f, 1.86306727f, 4.17899561f, 0.708172023f, -0.570902705f, 0.93029058f, 3.83035851f,
    -0.107458867f, 1.36021185f, -2.65324426f, 1.92644167f, 5.6949873f, 2.60640717f, -2.07265496f, 0.768147767f,
    -0.619608283f, -1.88408339f, 3.86621428f, -3.62207961f, -1.74784422f, 4.57501888f, 0.462697715f, 1.62111723f,
    1.03843725f, -3.34755754f, 3.39703417f, 0.612335801f, -3.29555178f, 1.67914605f, 0.380247682f, -1.06834984f,
};
static const convert_tensor convert_gemma2[] = {
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 0},
};
static const float convert_gemma2_out[] = {
    -3.29944944f, -2.03163648f, 1.97271752f, -3.94253302f, 0.568183124f, -6.2603426f, 2.47620058f, 3.59522772f,
    2.22905016f, -2.05550623f, -0.16793181f, 1.95407045f, -0.3585473f, -1.44942772f, 0.625647247f, -4.51091099f,
    3.41387749f, 0.662668824f, 2.00101423f, -2.37942672f, -1.4902997f, -3.49948049f, 2.15988302f, 1.39319253f,
    -1.35612059f, 2.86502624f, 1.74310577f, -2.49755502f, -4.27433968f, 0.534341216f, 0.514228046f, 1.05860651f,
    1.54824722f, 0.523353815f, 2.54966879f, 4.13950348f, 0.514787138f, -0.00886689499f, 2.662956f, 5.49838972f,
    1.50348854f, 2.25834394f, -1.23646224f, 0.740040302f, 4.52950287f, 4.84300995f, -1.63314688f, 0.725941181f,
    -1.5130558f, -4.18563557f, 3.945719f, -3.41202331f, -0.258042753f, 4.22783804f, 0.222338036f, 2.57109833f,
    0.617735565f, -3.74055099f, 2.43589449f, 0.941515386f, -1.96205986f, 2.01863432f, 1.42502809f, -1.22757375f,
};
static const convert_tensor convert_gemma3[] = {
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.k_norm.weight", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.0.self_attn.q_norm.weight", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.k_norm.weight", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.1.self_attn.q_norm.weight", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.2.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.2.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.2.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.2.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.2.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.2.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.2.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.2.self_attn.k_norm.weight", 1, {8}, -1, 0},
    {"model.layers.2.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.2.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.2.self_attn.q_norm.weight", 1, {8}, -1, 0},
    {"model.layers.2.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.2.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.3.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.3.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.3.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.3.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.3.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.3.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.3.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.3.self_attn.k_norm.weight", 1, {8}, -1, 0},
    {"model.layers.3.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.3.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.3.self_attn.q_norm.weight", 1, {8}, -1, 0},
    {"model.layers.3.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.3.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.4.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.4.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.4.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.4.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.4.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.4.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.4.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.4.self_attn.k_norm.weight", 1, {8}, -1, 0},
    {"model.layers.4.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.4.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.4.self_attn.q_norm.weight", 1, {8}, -1, 0},
    {"model.layers.4.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.4.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.5.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.5.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.5.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.5.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.5.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.5.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.5.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.5.self_attn.k_norm.weight", 1, {8}, -1, 0},
    {"model.layers.5.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.5.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.5.self_attn.q_norm.weight", 1, {8}, -1, 0},
    {"model.layers.5.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.5.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.6.input_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.6.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.6.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.6.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.6.post_attention_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.6.post_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.6.pre_feedforward_layernorm.weight", 1, {16}, -1, 0},
    {"model.layers.6.self_attn.k_norm.weight", 1, {8}, -1, 0},
    {"model.layers.6.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.6.self_attn.o_proj.weight", 2, {16, 32}, 0, 0},
    {"model.layers.6.self_attn.q_norm.weight", 1, {8}, -1, 0},
    {"model.layers.6.self_attn.q_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.6.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 0},
};
static const float convert_gemma3_out[] = {
    -1.34348285f, -0.251418591f, 0.530306995f, 1.98256636f, -1.72439134f, -7.28247929f, 3.0492413f, -2.22030425f,
    1.85961235f, -2.18223548f, 1.84101295f, 0.235199079f, 0.164321825f, 0.637068987f, 1.7959373f, -4.81138897f,
    3.91207218f, 0.834236443f, 1.40988386f, 1.19372034f, -2.64801502f, -3.25384164f, -0.388003141f, -0.233873308f,
    -1.43245888f, 7.62059259f, 2.32865787f, -1.61161637f, -1.39735007f, -0.538087904f, 2.26154065f, 0.663820863f,
    -0.825580418f, 2.32525325f, 2.56151986f, 0.462120086f, -0.415949106f, 0.814850211f, 0.915555477f, 4.0863781f,
    -2.11590576f, 1.43247736f, -0.737800419f, 0.564062655f, 4.4894886f, 3.26356339f, 1.68354762f, 2.13356042f,
    -0.46913293f, -4.30152416f, 3.28981566f, -6.15164042f, -0.198115453f, 3.76010013f, -1.45263982f, 0.136923477f,
    0.45712772f, -2.74397159f, 3.47130537f, 1.93146622f, -1.60773182f, 1.56849575f, 0.786672831f, -0.249035344f,
};
static const convert_tensor convert_phi2[] = {
    {"lm_head.bias", 1, {64}, -1, 0},
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.final_layernorm.bias", 1, {16}, -1, 0},
    {"model.final_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.input_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.fc1.bias", 1, {24}, -1, 0},
    {"model.layers.0.mlp.fc1.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.fc2.bias", 1, {16}, -1, 0},
    {"model.layers.0.mlp.fc2.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.self_attn.dense.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.dense.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.k_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.input_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.fc1.bias", 1, {24}, -1, 0},
    {"model.layers.1.mlp.fc1.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.fc2.bias", 1, {16}, -1, 0},
    {"model.layers.1.mlp.fc2.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.self_attn.dense.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.dense.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.k_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {16, 16}, 0, 0},
};
static const float convert_phi2_out[] = {
    -1.24772084f, 2.18825173f, 0.0258469433f, 0.805590153f, 2.63503313f, 1.0779295f, 1.32294881f, 4.73777342f,
    -0.725650668f, -2.53855228f, -3.98921394f, -2.61985946f, 0.824522555f, -2.77699828f, 4.08071613f, 2.53972363f,
    -1.15928841f, 5.75293589f, 1.97638547f, -0.954411507f, -2.41054535f, -2.02404785f, -1.19572246f, 1.05514407f,
    -0.421002895f, -1.00282943f, -1.20496476f, -2.90572834f, 0.75760603f, 3.00236464f, 3.92625403f, -1.11946869f,
    0.401640177f, -0.546897054f, 3.01285744f, -0.377416223f, -1.99416101f, 0.0820908099f, -1.07329488f, 1.16490388f,
    -1.60082555f, 0.98742342f, -1.83074498f, 3.09081554f, 2.16667271f, -1.44324756f, -0.226111531f, 2.2895534f,
    -1.16533566f, -3.33157015f, -0.498108804f, -0.333527833f, 0.981074691f, 2.59282255f, 0.37519148f, -0.621211886f,
    0.643743694f, -0.478492737f, -4.47801781f, 2.23522925f, 1.62801754f, -7.39532566f, -1.56424761f, -1.48359525f,
};
static const convert_tensor convert_phi3[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_up_proj.weight", 2, {48, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.qkv_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_up_proj.weight", 2, {48, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.qkv_proj.weight", 2, {32, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_phi3_out[] = {
    -1.87183058f, -0.101017334f, 2.3273499f, -1.73129833f, -3.89999866f, 3.27436948f, -0.26398775f, -3.7737186f,
    1.0785259f, 3.53885031f, -2.53159618f, 4.19789314f, -3.03320146f, -4.03241014f, -2.29651022f, -1.08820188f,
    -0.857992649f, 0.033586815f, -0.460290194f, -1.76077902f, -2.65313792f, -1.77088833f, -3.39884663f, 1.21022654f,
    1.16008198f, 2.92475367f, -0.350527018f, 2.0030334f, -0.596045673f, -1.8201611f, -1.10689831f, -3.3795805f,
    -1.34559929f, -3.1807363f, -3.04257345f, 0.851671576f, 2.16742134f, -6.22772741f, 4.3369174f, 1.61612999f,
    -2.802706f, -1.56273532f, 4.48738527f, -3.87222409f, -0.819866955f, -1.8401233f, -1.12053657f, 0.145054579f,
    5.64546871f, -5.05757809f, 3.72348475f, 2.36401558f, -3.59456325f, -3.9388144f, 0.923317671f, -0.541318774f,
    -4.6592741f, 0.915815771f, -2.73649549f, -1.13148642f, -0.277516305f, 2.64434838f, -2.70174527f, 1.05845225f,
};
static const convert_tensor convert_phi3_long[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_up_proj.weight", 2, {48, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.qkv_proj.weight", 2, {32, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_up_proj.weight", 2, {48, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.qkv_proj.weight", 2, {32, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_phi3_long_out[] = {
    0.977494538f, 4.47332239f, 1.18233764f, 2.27853036f, 2.37564325f, 0.0467257872f, 0.763376474f, -2.19057441f,
    -1.62594652f, 0.600676715f, -0.116384789f, 0.472796649f, 1.39278948f, -3.82813287f, -2.42899489f, 4.5314908f,
    -4.65799952f, 5.54521751f, -1.87334538f, -1.27786338f, -3.17888451f, -3.59786248f, 1.44756377f, -2.71546316f,
    -0.96999985f, 1.10568178f, -3.71705246f, 4.03412724f, 1.33553588f, -1.97984731f, -2.61218214f, -1.20084131f,
    0.962081075f, 2.25929666f, 1.09642053f, 0.620908499f, -0.128385335f, -3.45587707f, -2.06172442f, 2.99661922f,
    -1.64197934f, -2.25718594f, 3.05173373f, 0.603136837f, 0.185767487f, -0.0468577966f, -1.51067114f, 0.46257931f,
    5.40667677f, -8.32190895f, -1.17904961f, 0.0705720335f, -1.24009228f, 3.10431552f, -0.383302391f, -3.92892432f,
    -2.64030385f, -1.89770865f, -4.88927126f, -0.326393992f, -2.49102402f, -1.23711288f, -0.987207353f, 1.98054457f,
};
static const convert_tensor convert_olmo2[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.post_feedforward_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_norm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.post_feedforward_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_norm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_olmo2_out[] = {
    -3.80221915f, -2.83206606f, 1.7366091f, -3.3758707f, -2.11211824f, 0.657718778f, 1.5596298f, 4.60888481f,
    1.23116279f, 1.80821657f, -2.22907758f, 2.34223342f, -2.25226569f, -1.71817529f, -3.00898981f, 0.838876545f,
    1.2932111f, -2.42342472f, -4.21766996f, -3.93257189f, 1.70080936f, 1.6552906f, 1.08751905f, 0.62172246f,
    -0.296098679f, 0.0486847162f, -2.97009015f, 0.519181609f, 1.11614454f, 2.39820051f, -2.93647194f, 1.86233771f,
    -0.0597445555f, -3.85439849f, 1.10300148f, 2.36758232f, 0.647225142f, 3.33912253f, -2.72888064f, -1.44691372f,
    -2.92137265f, -0.49740991f, -1.43686938f, -4.37912512f, -5.57117414f, -0.704854071f, -3.26851439f, 2.28825021f,
    -1.78884399f, -0.0184013899f, 3.24863553f, 4.30075169f, 1.08029675f, -5.36225462f, 7.33941555f, 1.55845237f,
    -0.777209818f, -1.98878145f, 1.54857564f, 0.089123182f, 0.083534494f, 0.448879451f, 2.98177028f, -2.60550952f,
};
static const convert_tensor convert_olmo3[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.post_feedforward_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_norm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.post_feedforward_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_norm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.2.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.2.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.2.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.2.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.2.post_feedforward_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.2.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.2.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.2.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.2.self_attn.q_norm.weight", 1, {16}, -1, 1},
    {"model.layers.2.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.2.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.3.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.3.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.3.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.3.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.3.post_feedforward_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.3.self_attn.k_norm.weight", 1, {8}, -1, 1},
    {"model.layers.3.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.3.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.3.self_attn.q_norm.weight", 1, {16}, -1, 1},
    {"model.layers.3.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.3.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_olmo3_out[] = {
    1.99884892f, -2.81060505f, 0.150131539f, -3.75895572f, -1.25785232f, -0.689079344f, 0.218060732f, 1.29841411f,
    4.60262823f, -2.56283045f, -0.581230104f, -1.37725258f, -1.75128806f, 0.720741391f, 1.18058491f, 1.24960816f,
    4.7250371f, -2.64319539f, 0.649115264f, 0.596446335f, 2.59123778f, 6.07875824f, 1.36134398f, 0.194652095f,
    2.91569901f, 1.21083128f, -1.89613998f, -4.50977659f, -2.20017076f, -1.1179285f, 2.03864288f, 2.15210676f,
    0.138000086f, 0.0125946933f, -2.71680999f, 1.75706863f, -0.291957736f, 2.76019311f, 2.29230475f, -5.47033167f,
    1.58998728f, 0.33376804f, -0.0616732948f, -2.60999179f, 0.940127492f, -0.185498893f, -3.76894665f, 0.243733346f,
    -5.57844877f, 5.04704189f, 1.06972003f, 2.1904161f, -0.163218454f, -3.89988303f, -0.419678986f, 3.62686491f,
    -0.396275848f, -2.27833557f, 7.7371645f, 4.58861065f, 2.86339808f, -0.249333531f, 3.54480624f, -0.127865434f,
};
static const convert_tensor convert_granite[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_granite_out[] = {
    0.0956612453f, 0.010905399f, -0.131932557f, 0.124224797f, 0.163553059f, -0.253219396f, 0.344581485f, -0.214501709f,
    0.186242148f, -0.527588844f, 0.0908290818f, -0.271678835f, 0.199140564f, -0.0864532441f, 0.412180543f, 0.360089779f,
    0.0382543914f, 0.581556916f, 0.308438212f, 0.190482333f, 0.0627322271f, -0.238836542f, -0.193984121f, -0.73989588f,
    0.161647663f, 0.144922197f, -0.221495077f, -0.416177481f, -0.29081133f, -0.204220861f, 0.269279391f, 0.171837136f,
    0.165158376f, -0.0145815881f, 0.142477885f, -0.351607829f, 0.0103110354f, 0.331088334f, 0.174381629f, -0.202314153f,
    0.496581018f, -0.083673425f, -0.155362904f, 0.380608499f, 0.609045088f, 0.114017129f, 0.146555334f, 0.334457815f,
    -0.0886242539f, 0.184343264f, -0.00152903958f, -0.185897753f, 0.0850509405f, 0.340067178f, -0.327260077f, -0.197139353f,
    -0.0841182843f, 0.127189249f, -0.113732666f, 0.509373188f, 0.55262953f, -0.209828973f, -0.269807577f, -0.247335717f,
};
static const convert_tensor convert_granitemoe[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.block_sparse_moe.input_linear.weight", 3, {3, 48, 16}, 0, 0},
    {"model.layers.0.block_sparse_moe.output_linear.weight", 3, {3, 16, 24}, 0, 0},
    {"model.layers.0.block_sparse_moe.router.layer.weight", 2, {3, 16}, 0, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.input_linear.weight", 3, {3, 48, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.output_linear.weight", 3, {3, 16, 24}, 0, 0},
    {"model.layers.1.block_sparse_moe.router.layer.weight", 2, {3, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_granitemoe_out[] = {
    0.0947734937f, 0.0408723056f, -0.167413235f, 0.1052301f, 0.203199014f, -0.279633135f, 0.363408834f, -0.237196028f,
    0.152536198f, -0.522922456f, 0.100429937f, -0.295823604f, 0.235386059f, -0.119453028f, 0.367665321f, 0.380128831f,
    -0.00596499396f, 0.646857023f, 0.314361304f, 0.183444425f, 0.0742949918f, -0.275166273f, -0.156586498f, -0.752316236f,
    0.185693115f, 0.159930393f, -0.27274853f, -0.379784942f, -0.282162428f, -0.182144433f, 0.266104698f, 0.178737685f,
    0.173394099f, 0.00823615491f, 0.174621701f, -0.318821222f, 0.013948624f, 0.318090469f, 0.136346102f, -0.21389097f,
    0.433467656f, -0.101272479f, -0.176289454f, 0.369904399f, 0.593412042f, 0.121740051f, 0.155971318f, 0.343586296f,
    -0.0552919842f, 0.0901997313f, 0.00671061687f, -0.169237643f, 0.0660197958f, 0.366027892f, -0.343580395f, -0.20033823f,
    -0.080641523f, 0.12952511f, -0.11503911f, 0.466971338f, 0.490516901f, -0.208404317f, -0.26705882f, -0.251732409f,
};
static const convert_tensor convert_granitemoe_shared[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.block_sparse_moe.input_linear.weight", 3, {3, 48, 16}, 0, 0},
    {"model.layers.0.block_sparse_moe.output_linear.weight", 3, {3, 16, 24}, 0, 0},
    {"model.layers.0.block_sparse_moe.router.layer.weight", 2, {3, 16}, 0, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.shared_mlp.input_linear.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.shared_mlp.output_linear.weight", 2, {16, 12}, 0, 0},
    {"model.layers.1.block_sparse_moe.input_linear.weight", 3, {3, 48, 16}, 0, 0},
    {"model.layers.1.block_sparse_moe.output_linear.weight", 3, {3, 16, 24}, 0, 0},
    {"model.layers.1.block_sparse_moe.router.layer.weight", 2, {3, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.shared_mlp.input_linear.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.shared_mlp.output_linear.weight", 2, {16, 12}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_granitemoe_shared_out[] = {
    0.0905941129f, 0.0399523824f, -0.162272796f, 0.0949090272f, 0.197285265f, -0.281843364f, 0.354157686f, -0.234381258f,
    0.156340152f, -0.517487347f, 0.0844482705f, -0.281912088f, 0.230009973f, -0.131450668f, 0.364673734f, 0.376422137f,
    -0.00955069717f, 0.651595473f, 0.308101147f, 0.187150329f, 0.0795595199f, -0.281051785f, -0.153071046f, -0.756955326f,
    0.174972162f, 0.173728988f, -0.281904876f, -0.369767964f, -0.284943759f, -0.17554158f, 0.260471106f, 0.172631174f,
    0.177154019f, 0.0100285616f, 0.167286187f, -0.329219013f, 0.0185902975f, 0.31529209f, 0.143541157f, -0.227030814f,
    0.428895563f, -0.108584858f, -0.181183621f, 0.366161138f, 0.59203279f, 0.111510299f, 0.157005131f, 0.354081303f,
    -0.049742911f, 0.0870177001f, 0.0238497462f, -0.173514336f, 0.0459580831f, 0.358993649f, -0.338190287f, -0.190613508f,
    -0.0745690763f, 0.1295816f, -0.11562147f, 0.451946139f, 0.484075665f, -0.191028625f, -0.27634272f, -0.24914749f,
};
static const convert_tensor convert_smollm3[] = {
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.2.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.2.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.2.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.2.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.2.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.2.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.2.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.2.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.2.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.3.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.3.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.3.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.3.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.3.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.3.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.3.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.3.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.3.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.4.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.4.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.4.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.4.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.4.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.4.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.4.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.4.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.4.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_smollm3_out[] = {
    4.40957403f, 0.586710632f, -1.79078197f, -1.77516365f, -0.716930389f, 2.56986952f, 0.494844705f, 0.0817091465f,
    0.789043725f, -1.46609616f, -4.40060806f, 2.86386013f, -4.54174471f, 1.38778126f, 4.63567162f, 1.49178469f,
    -3.46766257f, 3.28277493f, 0.849824011f, -1.27279413f, -2.43504119f, 1.13529265f, -1.04622865f, 3.03545237f,
    2.83703971f, -2.52649856f, -0.834907115f, 2.82076621f, -1.23620498f, -2.74729204f, -4.13234568f, 0.757920861f,
    -0.506984591f, -1.63872588f, -0.603532076f, 0.0345029011f, 1.50775707f, -4.55122375f, 2.90349746f, -1.03692126f,
    -0.476945251f, 2.39254618f, -0.177186191f, -2.04413581f, -1.89612651f, -2.80192399f, 0.985961318f, 1.71367669f,
    1.22634506f, 0.921256006f, -0.937105536f, 3.84466934f, -0.418215454f, -1.37120831f, 3.15377569f, 0.897174776f,
    5.89690924f, 4.46239805f, -4.16142845f, -1.43518245f, 0.465774268f, -2.71663523f, 4.0298214f, 0.0426122472f,
};
static const convert_tensor convert_stablelm[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.post_attention_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.post_attention_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.bias", 1, {16}, -1, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_stablelm_out[] = {
    1.07629216f, -0.988875568f, 1.20446253f, -1.01627493f, 1.89231336f, 0.299450904f, 1.52288568f, 5.9177947f,
    1.23763323f, -2.8256321f, -2.99154139f, 0.427818805f, -0.778321266f, -0.531285346f, 6.03665352f, 2.38302112f,
    -1.07061625f, 1.04042554f, 0.389347911f, 0.00896528549f, -3.20903873f, 1.60896349f, -1.20381927f, -1.01555681f,
    -4.25522518f, -0.931854308f, -1.15378845f, -4.98833847f, -0.494502634f, 0.0232059192f, 3.73034716f, -0.631625414f,
    1.48070848f, -0.630591273f, 1.01612008f, -2.10658121f, -3.43586016f, 3.3541913f, 0.056790866f, 0.206893623f,
    3.02346087f, 1.23748946f, -1.04272139f, 3.5488565f, 3.92447686f, -1.29666996f, -1.67802596f, 2.14966893f,
    -3.79188013f, 2.83289361f, -0.660251856f, -2.38248491f, 2.85543299f, 0.408035934f, 1.19823265f, -1.18964171f,
    1.99821723f, -1.69213617f, -0.448992223f, 4.50977993f, 5.9181838f, -6.61095667f, -0.879394948f, -0.648997486f,
};
static const convert_tensor convert_stablelm_12b[] = {
    {"lm_head.weight", 2, {64, 16}, 1, 0},
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.self_attn.k_layernorm.norms.0.weight", 1, {4}, -1, 1},
    {"model.layers.0.self_attn.k_layernorm.norms.1.weight", 1, {4}, -1, 1},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_layernorm.norms.0.weight", 1, {4}, -1, 1},
    {"model.layers.0.self_attn.q_layernorm.norms.1.weight", 1, {4}, -1, 1},
    {"model.layers.0.self_attn.q_layernorm.norms.2.weight", 1, {4}, -1, 1},
    {"model.layers.0.self_attn.q_layernorm.norms.3.weight", 1, {4}, -1, 1},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.down_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.mlp.gate_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.up_proj.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.self_attn.k_layernorm.norms.0.weight", 1, {4}, -1, 1},
    {"model.layers.1.self_attn.k_layernorm.norms.1.weight", 1, {4}, -1, 1},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_layernorm.norms.0.weight", 1, {4}, -1, 1},
    {"model.layers.1.self_attn.q_layernorm.norms.1.weight", 1, {4}, -1, 1},
    {"model.layers.1.self_attn.q_layernorm.norms.2.weight", 1, {4}, -1, 1},
    {"model.layers.1.self_attn.q_layernorm.norms.3.weight", 1, {4}, -1, 1},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.bias", 1, {16}, -1, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_stablelm_12b_out[] = {
    2.31186104f, 0.503999114f, 1.49305892f, 2.09428692f, 1.03111315f, -1.53979456f, -1.23861706f, 3.19619584f,
    1.47639763f, -4.57029533f, -1.22305799f, -1.24636948f, 0.589750171f, 0.978885591f, 6.80142403f, 1.39389026f,
    1.85076857f, 2.19868517f, 1.3872273f, 2.75033283f, -1.28565419f, 1.0558877f, -0.990358412f, -1.22096431f,
    -2.77828813f, -0.493378878f, 0.548792303f, -4.01316595f, -0.895606041f, -2.04965591f, 2.63099694f, 1.17488968f,
    0.518334568f, 2.03952932f, -0.843697846f, -2.49368143f, -0.954910576f, 1.81246901f, 2.30212784f, -0.947677076f,
    5.89202595f, 1.41667211f, 0.41385901f, 4.32174063f, 6.11083078f, -0.126254186f, -0.883516431f, 1.23765981f,
    -3.18715358f, 4.93952036f, -2.41490173f, -2.51208234f, 0.590970755f, 2.73349404f, -1.79468405f, 0.977156281f,
    1.65141881f, -2.03048611f, -0.558033288f, 4.74512768f, 4.5754528f, -4.35518837f, -0.649392664f, 1.88209498f,
};
static const convert_tensor convert_starcoder2[] = {
    {"model.embed_tokens.weight", 2, {64, 16}, 1, 0},
    {"model.layers.0.input_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.0.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.mlp.c_fc.bias", 1, {24}, -1, 0},
    {"model.layers.0.mlp.c_fc.weight", 2, {24, 16}, 0, 0},
    {"model.layers.0.mlp.c_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.mlp.c_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.0.post_attention_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.0.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.0.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.0.self_attn.o_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.0.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.0.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.0.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.input_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.1.input_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.mlp.c_fc.bias", 1, {24}, -1, 0},
    {"model.layers.1.mlp.c_fc.weight", 2, {24, 16}, 0, 0},
    {"model.layers.1.mlp.c_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.mlp.c_proj.weight", 2, {16, 24}, 0, 0},
    {"model.layers.1.post_attention_layernorm.bias", 1, {16}, -1, 0},
    {"model.layers.1.post_attention_layernorm.weight", 1, {16}, -1, 1},
    {"model.layers.1.self_attn.k_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.k_proj.weight", 2, {8, 16}, 0, 0},
    {"model.layers.1.self_attn.o_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.o_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.q_proj.bias", 1, {16}, -1, 0},
    {"model.layers.1.self_attn.q_proj.weight", 2, {16, 16}, 0, 0},
    {"model.layers.1.self_attn.v_proj.bias", 1, {8}, -1, 0},
    {"model.layers.1.self_attn.v_proj.weight", 2, {8, 16}, 0, 0},
    {"model.norm.bias", 1, {16}, -1, 0},
    {"model.norm.weight", 1, {16}, -1, 1},
};
static const float convert_starcoder2_out[] = {
    -4.41657162f, -2.58242607f, 2.71108317f, -3.03016686f, 0.722523093f, -2.0561223f, 1.75289643f, 6.47795153f,
    -1.07663465f, -0.383537799f, -1.86248505f, 3.93986464f, -0.154534876f, 0.561890721f, -0.519417644f, -2.31152582f,
    4.5329957f, 2.61356068f, -1.92007732f, -6.22028494f, 0.735521734f, -0.730049789f, 2.69942975f, 3.24233556f,
    -0.482481837f, -0.93662715f, 3.28156853f, -2.69198155f, -2.38697696f, 3.52603817f, -2.95715332f, -0.126453668f,
    1.39654601f, -0.736996233f, 1.51546657f, 0.268043429f, 4.27192163f, -1.85323024f, 2.88612223f, 3.09340739f,
    4.05239677f, 2.7804122f, 0.12995328f, -1.08193278f, 1.53152955f, 3.29785991f, -0.349639386f, 2.37918091f,
    -1.47783267f, -3.67937541f, 0.893871903f, 1.72229815f, 0.0250168238f, 5.13008547f, 0.414281428f, 1.74635351f,
    -0.663477898f, -2.90480304f, -0.7981323f, 3.11943173f, -0.463300645f, -0.197997212f, 1.28884459f, 0.85167706f,
};
static const convert_tensor convert_bert[] = {
    {"embeddings.LayerNorm.bias", 1, {16}, -1, 0},
    {"embeddings.LayerNorm.weight", 1, {16}, -1, 1},
    {"embeddings.position_embeddings.weight", 2, {64, 16}, 1, 0},
    {"embeddings.token_type_embeddings.weight", 2, {2, 16}, 1, 0},
    {"embeddings.word_embeddings.weight", 2, {64, 16}, 1, 0},
    {"encoder.layer.0.attention.output.LayerNorm.bias", 1, {16}, -1, 0},
    {"encoder.layer.0.attention.output.LayerNorm.weight", 1, {16}, -1, 1},
    {"encoder.layer.0.attention.output.dense.bias", 1, {16}, -1, 0},
    {"encoder.layer.0.attention.output.dense.weight", 2, {16, 16}, 0, 0},
    {"encoder.layer.0.attention.self.key.bias", 1, {16}, -1, 0},
    {"encoder.layer.0.attention.self.key.weight", 2, {16, 16}, 0, 0},
    {"encoder.layer.0.attention.self.query.bias", 1, {16}, -1, 0},
    {"encoder.layer.0.attention.self.query.weight", 2, {16, 16}, 0, 0},
    {"encoder.layer.0.attention.self.value.bias", 1, {16}, -1, 0},
    {"encoder.layer.0.attention.self.value.weight", 2, {16, 16}, 0, 0},
    {"encoder.layer.0.intermediate.dense.bias", 1, {24}, -1, 0},
    {"encoder.layer.0.intermediate.dense.weight", 2, {24, 16}, 0, 0},
    {"encoder.layer.0.output.LayerNorm.bias", 1, {16}, -1, 0},
    {"encoder.layer.0.output.LayerNorm.weight", 1, {16}, -1, 1},
    {"encoder.layer.0.output.dense.bias", 1, {16}, -1, 0},
    {"encoder.layer.0.output.dense.weight", 2, {16, 24}, 0, 0},
    {"encoder.layer.1.attention.output.LayerNorm.bias", 1, {16}, -1, 0},
    {"encoder.layer.1.attention.output.LayerNorm.weight", 1, {16}, -1, 1},
    {"encoder.layer.1.attention.output.dense.bias", 1, {16}, -1, 0},
    {"encoder.layer.1.attention.output.dense.weight", 2, {16, 16}, 0, 0},
    {"encoder.layer.1.attention.self.key.bias", 1, {16}, -1, 0},
    {"encoder.layer.1.attention.self.key.weight", 2, {16, 16}, 0, 0},
    {"encoder.layer.1.attention.self.query.bias", 1, {16}, -1, 0},
    {"encoder.layer.1.attention.self.query.weight", 2, {16, 16}, 0, 0},
    {"encoder.layer.1.attention.self.value.bias", 1, {16}, -1, 0},
    {"encoder.layer.1.attention.self.value.weight", 2, {16, 16}, 0, 0},
    {"encoder.layer.1.intermediate.dense.bias", 1, {24}, -1, 0},
    {"encoder.layer.1.intermediate.dense.weight", 2, {24, 16}, 0, 0},
    {"encoder.layer.1.output.LayerNorm.bias", 1, {16}, -1, 0},
    {"encoder.layer.1.output.LayerNorm.weight", 1, {16}, -1, 1},
    {"encoder.layer.1.output.dense.bias", 1, {16}, -1, 0},
    {"encoder.layer.1.output.dense.weight", 2, {16, 24}, 0, 0},
    {"pooler.dense.bias", 1, {16}, -1, 0},
    {"pooler.dense.weight", 2, {16, 16}, 0, 0},
};
static const float convert_bert_out[] = {
    0.28080371f, 0.603585482f, -0.815975726f, -1.02873313f, 0.092987895f, 0.44608748f, 1.49506521f, 0.926078141f,
    -1.95816481f, 0.418468207f, 0.642632067f, 0.714222908f, -0.94272995f, -1.16992939f, 0.332333416f, 0.35793221f,
};
static const convert_model convert_models[] = {
    {"llama",
    "{\"architectures\":[\"LlamaForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"bos_"
    "token_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"head_dim\":4,\"hidden_act\":\"silu\",\"hid"
    "den_size\":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"max_position_embeddings\":64,"
    "\"mlp_bias\":false,\"model_type\":\"llama\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_k"
    "ey_value_heads\":2,\"pad_token_id\":null,\"pretraining_tp\":1,\"rms_norm_eps\":1e-06,\"rope_parame"
    "ters\":{\"rope_theta\":500000.0,\"rope_type\":\"default\"},\"tie_word_embeddings\":false,\"transform"
    "ers_version\":\"5.23.0\",\"use_cache\":true,\"vocab_size\":64}",
    convert_llama, 21, convert_llama_out, 64},
    {"llama31",
    "{\"architectures\":[\"LlamaForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"bos_"
    "token_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"head_dim\":8,\"hidden_act\":\"silu\",\"hid"
    "den_size\":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"max_position_embeddings\":64,"
    "\"mlp_bias\":false,\"model_type\":\"llama\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_k"
    "ey_value_heads\":2,\"pad_token_id\":null,\"pretraining_tp\":1,\"rms_norm_eps\":1e-06,\"rope_parame"
    "ters\":{\"factor\":8.0,\"high_freq_factor\":4.0,\"low_freq_factor\":1.0,\"original_max_position_em"
    "beddings\":16,\"rope_theta\":500.0,\"rope_type\":\"llama3\"},\"tie_word_embeddings\":true,\"transfor"
    "mers_version\":\"5.23.0\",\"use_cache\":true,\"vocab_size\":64}",
    convert_llama31, 20, convert_llama31_out, 64},
    {"llama_bias",
    "{\"architectures\":[\"LlamaForCausalLM\"],\"attention_bias\":true,\"attention_dropout\":0.0,\"bos_t"
    "oken_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"head_dim\":4,\"hidden_act\":\"silu\",\"hidd"
    "en_size\":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"max_position_embeddings\":64,\""
    "mlp_bias\":true,\"model_type\":\"llama\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key"
    "_value_heads\":2,\"pad_token_id\":null,\"pretraining_tp\":1,\"rms_norm_eps\":1e-06,\"rope_paramete"
    "rs\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"tie_word_embeddings\":false,\"transformers"
    "_version\":\"5.23.0\",\"use_cache\":true,\"vocab_size\":64}",
    convert_llama_bias, 35, convert_llama_bias_out, 64},
    {"mistral",
    "{\"architectures\":[\"MistralForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtype"
    "\":\"float32\",\"eos_token_id\":null,\"head_dim\":4,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initial"
    "izer_range\":0.02,\"intermediate_size\":24,\"max_position_embeddings\":64,\"model_type\":\"mistral"
    "\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_value_heads\":2,\"pad_token_id\":nul"
    "l,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"sli"
    "ding_window\":5,\"tie_word_embeddings\":false,\"transformers_version\":\"5.23.0\",\"use_cache\":tru"
    "e,\"vocab_size\":64}",
    convert_mistral, 21, convert_mistral_out, 64},
    {"mixtral",
    "{\"architectures\":[\"MixtralForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtype"
    "\":\"float32\",\"eos_token_id\":null,\"head_dim\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,\"init"
    "ializer_range\":0.02,\"intermediate_size\":24,\"max_position_embeddings\":64,\"model_type\":\"mixt"
    "ral\",\"num_attention_heads\":4,\"num_experts_per_tok\":2,\"num_hidden_layers\":2,\"num_key_value_"
    "heads\":2,\"num_local_experts\":3,\"output_router_logits\":false,\"pad_token_id\":null,\"rms_norm_"
    "eps\":1e-05,\"rope_parameters\":{\"rope_theta\":1000000.0,\"rope_type\":\"default\"},\"router_aux_lo"
    "ss_coef\":0.001,\"router_jitter_noise\":0.0,\"sliding_window\":null,\"tie_word_embeddings\":false"
    ",\"transformers_version\":\"5.23.0\",\"use_cache\":true,\"vocab_size\":64}",
    convert_mixtral, 35, convert_mixtral_out, 64},
    {"qwen2",
    "{\"architectures\":[\"Qwen2ForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtype\":"
    "\"float32\",\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initializer_range\":0.0"
    "2,\"intermediate_size\":24,\"layer_types\":[\"full_attention\",\"full_attention\"],\"max_position_e"
    "mbeddings\":64,\"max_window_layers\":28,\"model_type\":\"qwen2\",\"num_attention_heads\":4,\"num_hid"
    "den_layers\":2,\"num_key_value_heads\":2,\"pad_token_id\":null,\"rms_norm_eps\":1e-06,\"rope_param"
    "eters\":{\"rope_theta\":1000000.0,\"rope_type\":\"default\"},\"sliding_window\":null,\"tie_word_embe"
    "ddings\":false,\"transformers_version\":\"5.23.0\",\"use_cache\":true,\"use_sliding_window\":false,"
    "\"vocab_size\":64}",
    convert_qwen2, 27, convert_qwen2_out, 64},
    {"qwen2_yarn",
    "{\"architectures\":[\"Qwen2ForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtype\":"
    "\"float32\",\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initializer_range\":0.0"
    "2,\"intermediate_size\":24,\"layer_types\":[\"full_attention\",\"full_attention\"],\"max_position_e"
    "mbeddings\":64,\"max_window_layers\":28,\"model_type\":\"qwen2\",\"num_attention_heads\":4,\"num_hid"
    "den_layers\":2,\"num_key_value_heads\":2,\"pad_token_id\":null,\"rms_norm_eps\":1e-06,\"rope_param"
    "eters\":{\"factor\":4.0,\"original_max_position_embeddings\":16,\"rope_theta\":10000.0,\"rope_type"
    "\":\"yarn\"},\"sliding_window\":null,\"tie_word_embeddings\":false,\"transformers_version\":\"5.23.0"
    "\",\"use_cache\":true,\"use_sliding_window\":false,\"vocab_size\":64}",
    convert_qwen2_yarn, 27, convert_qwen2_yarn_out, 64},
    {"qwen2moe",
    "{\"architectures\":[\"Qwen2MoeForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"deco"
    "der_sparse_step\":1,\"dtype\":\"float32\",\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\""
    ":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"layer_types\":[\"full_attention\",\"full_"
    "attention\"],\"max_position_embeddings\":64,\"max_window_layers\":28,\"mlp_only_layers\":[],\"mode"
    "l_type\":\"qwen2_moe\",\"moe_intermediate_size\":8,\"norm_topk_prob\":false,\"num_attention_heads\""
    ":4,\"num_experts\":3,\"num_experts_per_tok\":2,\"num_hidden_layers\":2,\"num_key_value_heads\":2,\""
    "output_router_logits\":false,\"pad_token_id\":null,\"qkv_bias\":true,\"rms_norm_eps\":1e-06,\"rope"
    "_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"router_aux_loss_coef\":0.001,\"sh"
    "ared_expert_intermediate_size\":12,\"sliding_window\":0,\"tie_word_embeddings\":false,\"transfor"
    "mers_version\":\"5.23.0\",\"use_cache\":true,\"use_sliding_window\":false,\"vocab_size\":64}",
    convert_qwen2moe, 49, convert_qwen2moe_out, 64},
    {"qwen3",
    "{\"architectures\":[\"Qwen3ForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"bos_"
    "token_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"head_dim\":8,\"hidden_act\":\"silu\",\"hid"
    "den_size\":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"layer_types\":[\"full_attentio"
    "n\",\"full_attention\"],\"max_position_embeddings\":64,\"max_window_layers\":28,\"model_type\":\"qwe"
    "n3\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_value_heads\":2,\"pad_token_id\":n"
    "ull,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"s"
    "liding_window\":null,\"tie_word_embeddings\":false,\"transformers_version\":\"5.23.0\",\"use_cache"
    "\":true,\"use_sliding_window\":false,\"vocab_size\":64}",
    convert_qwen3, 25, convert_qwen3_out, 64},
    {"qwen3moe",
    "{\"architectures\":[\"Qwen3MoeForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"b"
    "os_token_id\":null,\"decoder_sparse_step\":1,\"dtype\":\"float32\",\"eos_token_id\":null,\"head_dim\""
    ":8,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"m"
    "ax_position_embeddings\":64,\"mlp_only_layers\":[],\"model_type\":\"qwen3_moe\",\"moe_intermediate"
    "_size\":8,\"norm_topk_prob\":true,\"num_attention_heads\":4,\"num_experts_per_tok\":2,\"num_hidden"
    "_layers\":2,\"num_key_value_heads\":2,\"num_local_experts\":3,\"output_router_logits\":false,\"pad"
    "_token_id\":null,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\""
    "default\"},\"router_aux_loss_coef\":0.001,\"sliding_window\":null,\"tie_word_embeddings\":false,\""
    "transformers_version\":\"5.23.0\",\"use_cache\":true,\"use_sliding_window\":false,\"vocab_size\":64"
    "}",
    convert_qwen3moe, 39, convert_qwen3moe_out, 64},
    {"gemma",
    "{\"architectures\":[\"GemmaForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"bos_"
    "token_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"head_dim\":8,\"hidden_act\":\"gelu_pytor"
    "ch_tanh\",\"hidden_size\":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"max_position_em"
    "beddings\":64,\"model_type\":\"gemma\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_v"
    "alue_heads\":2,\"pad_token_id\":null,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_theta\":100"
    "00.0,\"rope_type\":\"default\"},\"tie_word_embeddings\":true,\"transformers_version\":\"5.23.0\",\"us"
    "e_bidirectional_attention\":null,\"use_cache\":true,\"vocab_size\":64}",
    convert_gemma, 20, convert_gemma_out, 64},
    {"gemma2",
    "{\"architectures\":[\"Gemma2ForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"att"
    "n_logit_softcapping\":50.0,\"bos_token_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"final"
    "_logit_softcapping\":30.0,\"head_dim\":8,\"hidden_activation\":\"gelu_pytorch_tanh\",\"hidden_size"
    "\":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"layer_types\":[\"sliding_attention\",\"f"
    "ull_attention\"],\"max_position_embeddings\":64,\"model_type\":\"gemma2\",\"num_attention_heads\":4"
    ",\"num_hidden_layers\":2,\"num_key_value_heads\":2,\"pad_token_id\":null,\"query_pre_attn_scalar\""
    ":5,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"sl"
    "iding_window\":4,\"tie_word_embeddings\":true,\"transformers_version\":\"5.23.0\",\"use_bidirectio"
    "nal_attention\":null,\"use_cache\":true,\"vocab_size\":64}",
    convert_gemma2, 24, convert_gemma2_out, 64},
    {"gemma3",
    "{\"_sliding_window_pattern\":6,\"architectures\":[\"Gemma3ForCausalLM\"],\"attention_bias\":false,"
    "\"attention_dropout\":0.0,\"attn_logit_softcapping\":null,\"bos_token_id\":null,\"dtype\":\"float32"
    "\",\"eos_token_id\":null,\"final_logit_softcapping\":null,\"head_dim\":8,\"hidden_activation\":\"gel"
    "u_pytorch_tanh\",\"hidden_size\":16,\"initializer_range\":0.02,\"intermediate_size\":24,\"layer_ty"
    "pes\":[\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sli"
    "ding_attention\",\"full_attention\",\"sliding_attention\"],\"max_position_embeddings\":64,\"model_"
    "type\":\"gemma3_text\",\"num_attention_heads\":4,\"num_hidden_layers\":7,\"num_key_value_heads\":2,"
    "\"pad_token_id\":null,\"query_pre_attn_scalar\":8,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"ful"
    "l_attention\":{\"rope_theta\":1000000.0,\"rope_type\":\"default\"},\"sliding_attention\":{\"rope_the"
    "ta\":10000.0,\"rope_type\":\"default\"}},\"sliding_window\":4,\"tie_word_embeddings\":true,\"transfo"
    "rmers_version\":\"5.23.0\",\"use_bidirectional_attention\":false,\"use_cache\":true,\"vocab_size\":"
    "64}",
    convert_gemma3, 93, convert_gemma3_out, 64},
    {"phi2",
    "{\"architectures\":[\"PhiForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtype\":\"f"
    "loat32\",\"embd_pdrop\":0.0,\"eos_token_id\":null,\"hidden_act\":\"gelu_new\",\"hidden_size\":16,\"ini"
    "tializer_range\":0.02,\"intermediate_size\":24,\"layer_norm_eps\":1e-05,\"max_position_embedding"
    "s\":64,\"model_type\":\"phi\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_value_head"
    "s\":4,\"pad_token_id\":null,\"qk_layernorm\":false,\"resid_pdrop\":0.0,\"rope_parameters\":{\"partia"
    "l_rotary_factor\":0.5,\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"tie_word_embeddings\":fal"
    "se,\"transformers_version\":\"5.23.0\",\"use_cache\":true,\"vocab_size\":64}",
    convert_phi2, 33, convert_phi2_out, 64},
    {"phi3",
    "{\"architectures\":[\"Phi3ForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtype\":\""
    "float32\",\"embd_pdrop\":0.0,\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initia"
    "lizer_range\":0.02,\"intermediate_size\":24,\"max_position_embeddings\":64,\"model_type\":\"phi3\","
    "\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_value_heads\":2,\"original_max_positi"
    "on_embeddings\":4096,\"pad_token_id\":null,\"resid_pdrop\":0.0,\"rms_norm_eps\":1e-05,\"rope_param"
    "eters\":{\"partial_rotary_factor\":1.0,\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"sliding_w"
    "indow\":5,\"tie_word_embeddings\":false,\"transformers_version\":\"5.23.0\",\"use_cache\":true,\"voc"
    "ab_size\":64}",
    convert_phi3, 15, convert_phi3_out, 64},
    {"phi3_long",
    "{\"architectures\":[\"Phi3ForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtype\":\""
    "float32\",\"embd_pdrop\":0.0,\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initia"
    "lizer_range\":0.02,\"intermediate_size\":24,\"max_position_embeddings\":64,\"model_type\":\"phi3\","
    "\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_value_heads\":2,\"original_max_positi"
    "on_embeddings\":8,\"pad_token_id\":null,\"resid_pdrop\":0.0,\"rms_norm_eps\":1e-05,\"rope_paramete"
    "rs\":{\"long_factor\":[1.5,4.0],\"original_max_position_embeddings\":8,\"partial_rotary_factor\":"
    "1.0,\"rope_theta\":10000.0,\"rope_type\":\"longrope\",\"short_factor\":[1.0,1.25]},\"sliding_window"
    "\":null,\"tie_word_embeddings\":false,\"transformers_version\":\"5.23.0\",\"use_cache\":true,\"vocab"
    "_size\":64}",
    convert_phi3_long, 15, convert_phi3_long_out, 64},
    {"olmo2",
    "{\"architectures\":[\"Olmo2ForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"bos_"
    "token_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,"
    "\"initializer_range\":0.02,\"intermediate_size\":24,\"max_position_embeddings\":64,\"model_type\":"
    "\"olmo2\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_value_heads\":2,\"pad_token_i"
    "d\":null,\"rms_norm_eps\":1e-05,\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"default\""
    "},\"tie_word_embeddings\":false,\"transformers_version\":\"5.23.0\",\"use_cache\":true,\"vocab_size"
    "\":64}",
    convert_olmo2, 25, convert_olmo2_out, 64},
    {"olmo3",
    "{\"architectures\":[\"Olmo3ForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"bos_"
    "token_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,"
    "\"initializer_range\":0.02,\"intermediate_size\":24,\"layer_types\":[\"sliding_attention\",\"slidin"
    "g_attention\",\"sliding_attention\",\"full_attention\"],\"max_position_embeddings\":64,\"model_typ"
    "e\":\"olmo3\",\"num_attention_heads\":4,\"num_hidden_layers\":4,\"num_key_value_heads\":2,\"pad_toke"
    "n_id\":null,\"rms_norm_eps\":1e-05,\"rope_parameters\":{\"full_attention\":{\"rope_theta\":500000.0"
    ",\"rope_type\":\"default\"},\"sliding_attention\":{\"rope_theta\":500000.0,\"rope_type\":\"default\"}}"
    ",\"sliding_window\":4,\"tie_word_embeddings\":false,\"transformers_version\":\"5.23.0\",\"use_cache"
    "\":true,\"vocab_size\":64}",
    convert_olmo3, 47, convert_olmo3_out, 64},
    {"granite",
    "{\"architectures\":[\"GraniteForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"at"
    "tention_multiplier\":0.3,\"bos_token_id\":null,\"dtype\":\"float32\",\"embedding_multiplier\":12.0,"
    "\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initializer_range\":0.02,\"interme"
    "diate_size\":24,\"logits_scaling\":8.0,\"max_position_embeddings\":64,\"mlp_bias\":false,\"model_t"
    "ype\":\"granite\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_value_heads\":2,\"pad_"
    "token_id\":null,\"residual_multiplier\":0.22,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_th"
    "eta\":10000.0,\"rope_type\":\"default\"},\"tie_word_embeddings\":false,\"transformers_version\":\"5."
    "23.0\",\"use_cache\":true,\"vocab_size\":64}",
    convert_granite, 21, convert_granite_out, 64},
    {"granitemoe",
    "{\"architectures\":[\"GraniteMoeForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,"
    "\"attention_multiplier\":0.3,\"bos_token_id\":null,\"dtype\":\"float32\",\"embedding_multiplier\":12"
    ".0,\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initializer_range\":0.02,\"inte"
    "rmediate_size\":24,\"logits_scaling\":8.0,\"max_position_embeddings\":64,\"model_type\":\"granitem"
    "oe\",\"num_attention_heads\":4,\"num_experts_per_tok\":2,\"num_hidden_layers\":2,\"num_key_value_h"
    "eads\":2,\"num_local_experts\":3,\"output_router_logits\":false,\"pad_token_id\":null,\"residual_m"
    "ultiplier\":0.22,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\""
    "default\"},\"router_aux_loss_coef\":0.001,\"tie_word_embeddings\":false,\"transformers_version\":"
    "\"5.23.0\",\"use_cache\":true,\"vocab_size\":64}",
    convert_granitemoe, 21, convert_granitemoe_out, 64},
    {"granitemoe_shared",
    "{\"architectures\":[\"GraniteMoeSharedForCausalLM\"],\"attention_bias\":false,\"attention_dropout"
    "\":0.0,\"attention_multiplier\":0.3,\"bos_token_id\":null,\"dtype\":\"float32\",\"embedding_multipli"
    "er\":12.0,\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":16,\"initializer_range\":0.02"
    ",\"intermediate_size\":24,\"logits_scaling\":8.0,\"max_position_embeddings\":64,\"model_type\":\"gr"
    "anitemoeshared\",\"num_attention_heads\":4,\"num_experts_per_tok\":2,\"num_hidden_layers\":2,\"num"
    "_key_value_heads\":2,\"num_local_experts\":3,\"output_router_logits\":false,\"pad_token_id\":null"
    ",\"residual_multiplier\":0.22,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_theta\":10000.0,\""
    "rope_type\":\"default\"},\"router_aux_loss_coef\":0.001,\"shared_intermediate_size\":12,\"tie_word"
    "_embeddings\":false,\"transformers_version\":\"5.23.0\",\"use_cache\":true,\"vocab_size\":64}",
    convert_granitemoe_shared, 25, convert_granitemoe_shared_out, 64},
    {"smollm3",
    "{\"architectures\":[\"SmolLM3ForCausalLM\"],\"attention_bias\":false,\"attention_dropout\":0.0,\"bo"
    "s_token_id\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_size\":1"
    "6,\"initializer_range\":0.02,\"intermediate_size\":24,\"layer_types\":[\"full_attention\",\"full_at"
    "tention\",\"full_attention\",\"full_attention\",\"full_attention\"],\"max_position_embeddings\":64,"
    "\"mlp_bias\":false,\"model_type\":\"smollm3\",\"no_rope_layer_interval\":4,\"no_rope_layers\":[1,1,1"
    ",0,1],\"num_attention_heads\":4,\"num_hidden_layers\":5,\"num_key_value_heads\":2,\"pad_token_id\""
    ":null,\"rms_norm_eps\":1e-06,\"rope_parameters\":{\"rope_theta\":2000000.0,\"rope_type\":\"default\""
    "},\"sliding_window\":null,\"tie_word_embeddings\":true,\"transformers_version\":\"5.23.0\",\"use_ca"
    "che\":true,\"use_sliding_window\":false,\"vocab_size\":64}",
    convert_smollm3, 47, convert_smollm3_out, 64},
    {"stablelm",
    "{\"architectures\":[\"StableLmForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtyp"
    "e\":\"float32\",\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_dropout\":0.0,\"hidden_size\":16"
    ",\"initializer_range\":0.02,\"intermediate_size\":24,\"layer_norm_eps\":1e-05,\"max_position_embe"
    "ddings\":64,\"model_type\":\"stablelm\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_"
    "value_heads\":2,\"pad_token_id\":null,\"qk_layernorm\":false,\"rope_parameters\":{\"partial_rotary"
    "_factor\":0.5,\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"tie_word_embeddings\":false,\"tran"
    "sformers_version\":\"5.23.0\",\"use_cache\":true,\"use_parallel_residual\":false,\"use_qkv_bias\":f"
    "alse,\"vocab_size\":64}",
    convert_stablelm, 26, convert_stablelm_out, 64},
    {"stablelm_12b",
    "{\"architectures\":[\"StableLmForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dtyp"
    "e\":\"float32\",\"eos_token_id\":null,\"hidden_act\":\"silu\",\"hidden_dropout\":0.0,\"hidden_size\":16"
    ",\"initializer_range\":0.02,\"intermediate_size\":24,\"layer_norm_eps\":1e-05,\"max_position_embe"
    "ddings\":64,\"model_type\":\"stablelm\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_"
    "value_heads\":2,\"pad_token_id\":null,\"qk_layernorm\":true,\"rope_parameters\":{\"partial_rotary_"
    "factor\":0.5,\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"tie_word_embeddings\":false,\"trans"
    "formers_version\":\"5.23.0\",\"use_cache\":true,\"use_parallel_residual\":true,\"use_qkv_bias\":fal"
    "se,\"vocab_size\":64}",
    convert_stablelm_12b, 34, convert_stablelm_12b_out, 64},
    {"starcoder2",
    "{\"architectures\":[\"Starcoder2ForCausalLM\"],\"attention_dropout\":0.0,\"bos_token_id\":null,\"dt"
    "ype\":\"float32\",\"embedding_dropout\":0.0,\"eos_token_id\":null,\"hidden_act\":\"gelu_pytorch_tanh"
    "\",\"hidden_size\":16,\"initializer_range\":0.018042,\"intermediate_size\":24,\"max_position_embed"
    "dings\":64,\"model_type\":\"starcoder2\",\"norm_epsilon\":1e-05,\"num_attention_heads\":4,\"num_hidd"
    "en_layers\":2,\"num_key_value_heads\":2,\"pad_token_id\":null,\"residual_dropout\":0.0,\"rope_para"
    "meters\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"},\"sliding_window\":5,\"tie_word_embeddin"
    "gs\":true,\"transformers_version\":\"5.23.0\",\"use_bias\":true,\"use_cache\":true,\"vocab_size\":64}",
    convert_starcoder2, 35, convert_starcoder2_out, 64},
    {"bert",
    "{\"add_cross_attention\":false,\"architectures\":[\"BertModel\"],\"attention_probs_dropout_prob\":"
    "0.1,\"bos_token_id\":null,\"classifier_dropout\":null,\"dtype\":\"float32\",\"eos_token_id\":null,\"h"
    "idden_act\":\"gelu\",\"hidden_dropout_prob\":0.1,\"hidden_size\":16,\"initializer_range\":0.02,\"int"
    "ermediate_size\":24,\"is_decoder\":false,\"layer_norm_eps\":1e-12,\"max_position_embeddings\":64,"
    "\"model_type\":\"bert\",\"num_attention_heads\":4,\"num_hidden_layers\":2,\"pad_token_id\":0,\"tie_wo"
    "rd_embeddings\":true,\"transformers_version\":\"5.23.0\",\"type_vocab_size\":2,\"use_cache\":true,\""
    "vocab_size\":64}",
    convert_bert, 39, convert_bert_out, 16},
};
