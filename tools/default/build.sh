#!/bin/sh
# build.sh: the default model from nothing: data, tokenizer, training, quantization, scores. Every step that is done is not
# done again (delete build/default to begin anew); training goes on from its last checkpoint. `make default-model` runs it.
#   build.sh BUILD_FOLDER OUT.gguf
set -eu
b=$1 out=$2 d=$1/default
seed=20261124 examples=${EXAMPLES:-400000} steps=${STEPS:-9000} type=${TYPE:-Q8_0}
mkdir -p "$d"
say() { printf '== %s\n' "$*"; }
# FILE COMMAND...: FILE is made by the command's stdout, whole or not at all
make_file() {
    f=$1
    shift
    [ -s "$f" ] && return 0
    say "$f"
    "$@" > "$f.part"
    mv "$f.part" "$f"
}
make_file "$d/text.txt" "$b/gen_default" --split train --seed $((seed + 1)) -n 60000 --text
make_file "$d/train.tsv" "$b/gen_default" --split train --seed $seed -n "$examples" --pairs
for t in intent call answer short friendly formal title summary; do
    make_file "$d/eval_$t.jsonl" "$b/gen_default" --split heldout --seed $((seed + 3)) -n 500 --task $t
done
cat "$d"/eval_*.jsonl > "$d/eval.jsonl"
if [ ! -s "$d/vocab.gguf" ]; then
    say "tokenizer"
    "$b/hearth" train tokenizer -f "$d/text.txt" -n 2048 -o "$d/vocab.gguf" --end '<|end|>' --special '<|end|>' \
        --special '<|intent|>' --special '<|call|>' --special '<|answer|>' --special '<|short|>' --special '<|friendly|>' \
        --special '<|formal|>' --special '<|title|>' --special '<|summary|>' --special '<|same|>' --special '<|copy|>' \
        --special '<|note|>' --special '<|user|>' --special '<|out|>'
fi
if [ ! -s "$d/model.gguf" ]; then
    say "training"
    # loss on the answers (a line feed in them stands as \n); the checkpoint is taken up when it is there
    # shellcheck disable=SC2086
    "$b/hearth" train model "$d/vocab.gguf" --pairs "$d/train.tsv" --embd 256 --layers 4 --heads 8 --kv-heads 8 --ff 640 \
        --ctx 512 --batch 4 --steps "$steps" --rate 2e-3 --warmup 200 --seed $seed --held-out 0.01 --eval-every 500 \
        --save-every 200 --max-rise 100 --checkpoint "$d/model.ckpt" -o "$d/model.gguf" ${TRAIN_ARGS:-}
fi
say "quantize to $type"
"$b/hearth" quantize "$d/model.gguf" "$d/quantized.gguf" "$type"
bytes=$(wc -c < "$d/quantized.gguf")
[ "$bytes" -le 4000000 ] || { echo "the model takes $bytes bytes, at most 4000000 go into the tree" >&2; exit 1; }
say "held-out templates and words, f32 and $type"
"$b/hearth" eval-default "$d/eval.jsonl" "$d/model.gguf"
"$b/hearth" eval-default --json "$d/eval.jsonl" "$d/quantized.gguf" > "$d/scores.json"
"$b/hearth" eval-default --bars "$d/eval.jsonl" "$d/quantized.gguf" || echo "below a bar: not better for it, but whole" >&2
bank=${HEARTH_DATA:-../shared/data}/prompts/banking77/banking_data
if [ -d "$bank" ]; then "$b/hearth" eval-default --banking77 "$bank" "$d/quantized.gguf"; fi
cp "$d/quantized.gguf" "$out"
say "$out: $bytes bytes"
