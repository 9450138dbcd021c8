#!/usr/bin/env python3
"""The loss curve of a LoRA adapter by PyTorch: same base, text, first values and updates as `hearth train adapter`, in f32.

By hand (pip install torch gguf numpy), from the project's folder:
  M=../shared/data/models/stories260K.gguf T=tests/golden/train/goats.txt
  build/hearth train adapter $M -f $T -c 512 -b 1 -n 1 --rate 0 --held-out 0 -o init.gguf     # the first values
  build/hearth tokenize $M < $T > ids.txt
  python3 tests/gen_train_torch.py $M init.gguf ids.txt 100 > tests/golden/train/goats_torch.txt
tests/test_train_torch.c holds the trainer to it.
"""
import math
import sys
import gguf
import torch

def tensors(path):
    out = {}
    for t in gguf.GGUFReader(path).tensors:
        out[t.name] = torch.from_numpy(t.data.copy()).float().reshape([int(d) for d in reversed(t.shape)])
    return out

base, lora = tensors(sys.argv[1]), tensors(sys.argv[2])
ids = torch.tensor([int(line) for line in open(sys.argv[3])])
steps = int(sys.argv[4])
layers, heads, kv_heads, width, eps, alpha, rank, rate, warmup, floor = 5, 8, 4, 8, 1e-5, 16.0, 8, 1e-3, 5, 0.1
lora = {k: v.requires_grad_() for k, v in lora.items()}

def linear(x, name):
    y = x @ base[name].T
    return y + (alpha / rank) * ((x @ lora[name + ".lora_a"].T) @ lora[name + ".lora_b"].T)

def norm(x, w):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps) * w

def rope(x):  # [heads, tokens, width]: adjacent pairs turn
    n = x.shape[1]
    a = torch.arange(n)[:, None] * (10000.0 ** (-torch.arange(0, width, 2).double() / width))[None, :]
    c, s = torch.cos(a).float(), torch.sin(a).float()
    p, q = x[..., 0::2], x[..., 1::2]
    return torch.stack((p * c - q * s, p * s + q * c), -1).flatten(-2)

def loss():
    n = len(ids)
    x = base["token_embd.weight"][ids]
    mask = torch.full((n, n), -math.inf).triu(1)
    for i in range(layers):
        b = "blk.%d." % i
        h = norm(x, base[b + "attn_norm.weight"])
        q, k, v = (linear(h, b + "attn_%s.weight" % c).view(n, -1, width).transpose(0, 1) for c in "qkv")
        q, k = rope(q), rope(k)
        k, v = k.repeat_interleave(heads // kv_heads, 0), v.repeat_interleave(heads // kv_heads, 0)
        a = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(width) + mask, -1) @ v
        x = x + linear(a.transpose(0, 1).reshape(n, -1), b + "attn_output.weight")
        h = norm(x, base[b + "ffn_norm.weight"])
        x = x + linear(torch.nn.functional.silu(linear(h, b + "ffn_gate.weight")) * linear(h, b + "ffn_up.weight"),
                       b + "ffn_down.weight")
    head = base.get("output.weight", base["token_embd.weight"])
    return torch.nn.functional.cross_entropy(norm(x, base["output_norm.weight"])[:-1] @ head.T, ids[1:])

optimizer = torch.optim.AdamW(lora.values(), lr=rate, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0)
for step in range(steps):
    part = (step - warmup) / (steps - warmup)
    now = rate * (step + 1) / warmup if step < warmup else rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * part)))
    for group in optimizer.param_groups:
        group["lr"] = now
    optimizer.zero_grad()
    value = loss()
    value.backward()
    torch.nn.utils.clip_grad_norm_(lora.values(), 1.0)
    optimizer.step()
    print("%.6f" % value.item())
