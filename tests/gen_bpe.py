# Merges of tests/test_bpe_train.c by the `tokenizers` package (0.22), run by hand:
#   python tests/gen_bpe.py ../shared/data/corpora/tinyshakespeare/data/tinyshakespeare/input.txt > tests/golden/bpe_merges.inc
# Equal counts: both take the pair with the lower ids, so all merges are compared, none excepted.
import json, sys
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
tok = Tokenizer(models.BPE())
tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tok.train_from_iterator([open(sys.argv[1], newline="").read()], trainers.BpeTrainer(
    vocab_size=5001, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
merges = [" ".join(m) if isinstance(m, list) else m for m in json.loads(tok.to_str())["model"]["merges"]]
h = 0xcbf29ce484222325
for b in ("\n".join(merges) + "\n").encode():
    h = (h ^ b) * 0x100000001b3 % 2**64
print("/* %d merges, FNV-1a of their lines; then the first 24 */" % len(merges))
print("enum { ORACLE_MERGES = %d };" % len(merges))
print("#define ORACLE_HASH 0x%016xu" % h)
print("static const char *const oracle_first[] = {")
for i in range(0, 24, 8):
    print("    " + " ".join('"%s",' % m.replace("\\", "\\\\").replace('"', '\\"') for m in merges[i:i + 8]))
print("};")
