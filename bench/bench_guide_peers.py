#!/usr/bin/env python3
"""bench_guide_peers.py DUMP TOKENIZER.json [WHICH]: XGrammar and llguidance on what `bench_guide SCHEMAS DUMP` wrote: the same
schemas, the same tokens of one vocabulary. A venv by hand: pip install llguidance xgrammar tokenizers torch. Prints compile, mask and
take in us; a peer that does not accept a token (another normal form) is counted and its text left there."""
import json, sys, time, gc

rows = [json.loads(line) for line in open(sys.argv[1])]
which = sys.argv[3:] or ["llguidance", "xgrammar"]
def show(name, what, v):
    v = sorted(x * 1e6 for x in v)
    if v: print(f"{name:12} {what:8} {len(v):8}  mean {sum(v) / len(v):8.1f}  p50 {v[len(v) // 2]:8.1f}  "
                f"p99 {v[len(v) * 99 // 100]:8.1f}  worst {v[-1]:8.1f} us")
def run(name, make, mask, take):
    compile_s, masks, takes, refused, left = [], [], [], 0, 0
    clock = time.thread_time
    gc.disable()
    for r in rows:
        t = clock()
        try: m = make(json.dumps(r["schema"]))
        except Exception as e:
            refused += 1
            continue
        compile_s.append(clock() - t)
        for i in r["ids"]:
            t = clock(); mask(m); masks.append(clock() - t)
            t = clock(); ok = take(m, i); takes.append(clock() - t)
            if not ok:
                left += 1
                break
    print(f"{name}: {len(rows)} schemas, {refused} refused, {left} texts left early")
    show(name, "compile", compile_s); show(name, "mask", masks); show(name, "take", takes)

if "llguidance" in which:
    import llguidance, llguidance.numpy
    tok = llguidance.LLTokenizer(open(sys.argv[2]).read())
    bits = llguidance.numpy.allocate_token_bitmask(1, tok.vocab_size)
    def make(s):
        m = llguidance.LLMatcher(tok, llguidance.LLMatcher.grammar_from_json_schema(s))
        if m.is_error(): raise ValueError(m.get_error())
        return m
    run("llguidance", make, lambda m: llguidance.numpy.fill_next_token_bitmask(m, bits), lambda m, i: m.consume_token(i))
if "xgrammar" in which:
    import xgrammar
    from tokenizers import Tokenizer
    t = Tokenizer.from_file(sys.argv[2])
    words = [t.id_to_token(i) or "" for i in range(t.get_vocab_size())]
    info = xgrammar.TokenizerInfo(words, vocab_type=xgrammar.VocabType.BYTE_LEVEL, vocab_size=len(words), stop_token_ids=[0])
    bits = xgrammar.allocate_token_bitmask(1, info.vocab_size)
    compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
    run("xgrammar", lambda s: xgrammar.GrammarMatcher(compiler.compile_json_schema(s)),
        lambda m: m.fill_next_token_bitmask(bits), lambda m, i: m.accept_token(i))
