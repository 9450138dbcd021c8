#!/usr/bin/env python3
"""Writes tests/convert_tables.h: small models of every family as transformers saves them (config.json, names, shapes)
and the logits that transformers computes for them. Weights follow from a tensor's name and an element's number, so that
the test writes the same ones. Made with transformers 5.23, torch 2.15:  python3 tests/gen_convert.py > tests/convert_tables.h"""
import json, os, tempfile
import numpy as np
import torch
import transformers as tf
from safetensors import safe_open

VOCAB, IDS = 64, [1, 17, 5, 40, 63, 22, 9, 9, 31, 50, 2, 44]
B = dict(vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
         max_position_embeddings=64, pad_token_id=None, bos_token_id=None, eos_token_id=None)
KV = dict(num_key_value_heads=2)
GR = dict(embedding_multiplier=12.0, residual_multiplier=0.22, attention_multiplier=0.3, logits_scaling=8.0)
MOE = dict(num_local_experts=3, num_experts_per_tok=2)


def rope(theta, **k):
    return dict(rope_parameters=dict(dict(rope_theta=theta, rope_type='default'), **k))


MODELS = {
    'llama': (tf.LlamaConfig, dict(B, **KV, **rope(5e5))),
    'llama31': (tf.LlamaConfig, dict(B, **KV, tie_word_embeddings=True, head_dim=8, **rope(
        500.0, rope_type='llama3', factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=16))),
    'llama_bias': (tf.LlamaConfig, dict(B, **KV, attention_bias=True, mlp_bias=True)),
    'mistral': (tf.MistralConfig, dict(B, **KV, sliding_window=5)),
    'mixtral': (tf.MixtralConfig, dict(B, **KV, **MOE)),
    'qwen2': (tf.Qwen2Config, dict(B, **KV, **rope(1e6))),
    'qwen2_yarn': (tf.Qwen2Config, dict(B, **KV, **rope(1e4, rope_type='yarn', factor=4.0,
                                                       original_max_position_embeddings=16))),
    'qwen2moe': (tf.Qwen2MoeConfig, dict(B, **KV, num_experts=3, num_experts_per_tok=2, moe_intermediate_size=8,
                                         shared_expert_intermediate_size=12)),
    'qwen3': (tf.Qwen3Config, dict(B, **KV, head_dim=8)),
    'qwen3moe': (tf.Qwen3MoeConfig, dict(B, **KV, head_dim=8, num_experts=3, num_experts_per_tok=2,
                                         moe_intermediate_size=8, norm_topk_prob=True)),
    'gemma': (tf.GemmaConfig, dict(B, **KV, head_dim=8)),
    'gemma2': (tf.Gemma2Config, dict(B, **KV, head_dim=8, sliding_window=4, query_pre_attn_scalar=5)),
    'gemma3': (tf.Gemma3TextConfig, dict(dict(B, num_hidden_layers=7), **KV, head_dim=8, sliding_window=4,
                                         query_pre_attn_scalar=8)),
    'phi2': (tf.PhiConfig, dict(B, partial_rotary_factor=0.5)),
    'phi3': (tf.Phi3Config, dict(B, **KV, sliding_window=5)),
    'phi3_long': (tf.Phi3Config, dict(B, **KV, original_max_position_embeddings=8, **rope(
        1e4, rope_type='longrope', short_factor=[1.0, 1.25], long_factor=[1.5, 4.0],
        original_max_position_embeddings=8))),
    'olmo2': (tf.Olmo2Config, dict(B, **KV)),
    'olmo3': (tf.Olmo3Config, dict(dict(B, num_hidden_layers=4), **KV, sliding_window=4)),
    'granite': (tf.GraniteConfig, dict(B, **KV, **GR)),
    'granitemoe': (tf.GraniteMoeConfig, dict(B, **KV, **GR, **MOE)),
    'granitemoe_shared': (tf.GraniteMoeSharedConfig, dict(B, **KV, **GR, **MOE, shared_intermediate_size=12)),
    'smollm3': (tf.SmolLM3Config, dict(dict(B, num_hidden_layers=5), **KV)),
    'stablelm': (tf.StableLmConfig, dict(B, **KV, partial_rotary_factor=0.5)),
    'stablelm_12b': (tf.StableLmConfig, dict(B, **KV, partial_rotary_factor=0.5, use_parallel_residual=True,
                                             qk_layernorm=True)),
    'starcoder2': (tf.Starcoder2Config, dict(B, **KV, sliding_window=5)),
    'bert': (tf.BertConfig, dict(B, pad_token_id=0)),
}


def fnv(name):
    h = 2166136261
    for b in name.encode():
        h = (h ^ b) * 16777619 & 0xffffffff
    return h


def weights(name, shape, exponent, offset):
    n = int(np.prod(shape))
    x = (np.uint64(fnv(name)) + np.arange(n, dtype=np.uint64) * np.uint64(2654435761)) & np.uint64(0xffffffff)
    for shift, factor in ((16, 0x7feb352d), (15, 0x846ca68b)):
        x ^= x >> np.uint64(shift)
        x = x * np.uint64(factor) & np.uint64(0xffffffff)
    x ^= x >> np.uint64(16)
    u = (x >> np.uint64(8)).astype(np.float32) * np.float32(2.0 ** -24) - np.float32(0.5)
    return (np.float32(offset) + np.ldexp(u, exponent)).astype(np.float32).reshape(shape)


def c_text(s):
    parts = [s[i:i + 90].replace('\\', '\\\\').replace('"', '\\"') for i in range(0, len(s), 90)]
    return '\n    '.join('"%s"' % p for p in parts)


def make(name, cls, kw):
    cfg = cls(**kw)
    cfg.bos_token_id = cfg.eos_token_id = None
    if name != 'bert':
        cfg.pad_token_id = None
    cfg._attn_implementation = 'eager'
    model = (tf.BertModel._from_config(cfg) if name == 'bert' else tf.AutoModelForCausalLM.from_config(cfg)).float().eval()
    with tempfile.TemporaryDirectory() as d:
        model.save_pretrained(d)
        f = safe_open(d + '/model.safetensors', 'np')
        rows, state = [], {}
        for k in sorted(f.keys()):
            shape = f.get_slice(k).get_shape()
            norm = 'norm' in k.lower() and k.endswith('weight')
            exponent = -1 if len(shape) == 1 else 1 if 'embed' in k or 'lm_head' in k else 0
            rows.append((k, shape, exponent, int(norm and not name.startswith('gemma'))))
            state[k] = torch.from_numpy(weights(k, shape, exponent, rows[-1][3]))
        from safetensors.torch import save_file
        save_file(state, d + '/model.safetensors', metadata={'format': 'pt'})
        model = (tf.BertModel if name == 'bert' else tf.AutoModelForCausalLM).from_pretrained(
            d, attn_implementation='eager', dtype=torch.float32).eval()
        config = json.dumps(json.load(open(d + '/config.json')), separators=(',', ':'))
    with torch.no_grad():
        out = model(torch.tensor([IDS]))
    out = out.last_hidden_state[0].mean(0) if name == 'bert' else out.logits[0, -1]
    print('static const convert_tensor convert_%s[] = {' % name)
    for k, shape, e, o in rows:
        print('    {"%s", %d, {%s}, %d, %d},' % (k, len(shape), ', '.join(map(str, shape)), e, o))
    print('};\nstatic const float convert_%s_out[] = {' % name)
    v = ['%.9gf' % x if '.' in '%.9g' % x or 'e' in '%.9g' % x else '%.9g.0f' % x for x in out.numpy()]
    for i in range(0, len(v), 8):
        print('    ' + ', '.join(v[i:i + 8]) + ',')
    print('};')
    return '    {"%s",\n    %s,\n    convert_%s, %d, convert_%s_out, %d},' % (name, c_text(config), name, len(rows), name,
                                                                         len(v))


print('/* convert_tables.h: made by tests/gen_convert.py; not to be edited. */')
print('typedef struct convert_tensor {\n    const char *name;\n    int n_dims, dims[3], exponent, offset;\n} convert_tensor;')
print('typedef struct convert_model {\n    const char *name, *config;\n    const convert_tensor *tensors;\n    int n_tensors;')
print('    const float *out; /* logits of the last token, or the mean of the last layer */\n    int n_out;\n} convert_model;')
print('static const int convert_ids[] = {%s};' % ', '.join(map(str, IDS)))
entries = [make(n, *m) for n, m in MODELS.items()]
print('static const convert_model convert_models[] = {')
print('\n'.join(entries))
print('};')
