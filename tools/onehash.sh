#!/bin/sh
# onehash.sh LABEL=COMMAND...: the logit hash of every model over builds, threads, prompt splits and instruction sets;
# one row a model, status 1 when a row has two hashes or a run fails. The first build gets every combination, the others
# a few. MODELS: files (default: all small ones of the shared data); ONEHASH_SMALL=1: three models, fewer combinations.
data=${HEARTH_DATA:-../shared/data}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/prompt" <<'TEXT'
Once upon a time there was a little girl named Lily. She liked to play outside in the park with her red ball, 3 dogs
and 12 birds. One day it rained; the wind said "whoosh" and the ball rolled far, far away. Lily was sad, but her friend
Tom came to help. They looked under the big tree, behind the house, and then they saw it: a small frog sat on it!
TEXT
if [ -z "$MODELS" ]; then
    if [ -n "$ONEHASH_SMALL" ]; then
        MODELS=$(ls "$data"/models/stories260K.gguf "$data"/models/stories260K-Q4_K.gguf "$data"/archs/llama-a-Q8_0.gguf 2>/dev/null)
    else
        MODELS=$(ls "$data"/models/*.gguf "$data"/archs/*.gguf 2>/dev/null | grep -v bert) # encoders have no logits
    fi
fi
if [ -z "$MODELS" ]; then echo "onehash: skipped: no models under $data"; exit 0; fi
if [ "$#" -eq 0 ]; then echo "onehash: skipped: no hearth command"; exit 0; fi

one() { # label, command, model, threads, batch, isa: appends "hash label ..." to $dir/hashes
    label=$1 command=$2
    tag="$label threads=$4 split=$5 isa=$6"
    batch=
    [ "$5" = all ] || batch="--batch $5"
    # shellcheck disable=SC2086
    if ! $command logits "$3" -f "$dir/prompt" -o "$dir/out" --threads "$4" --isa "$6" $batch >"$dir/stdout" 2>"$dir/stderr"; then
        echo "failed $tag: $(head -c 200 "$dir/stderr" | tr '\n' ' ')" >>"$dir/hashes"
        return
    fi
    hash=$(sed -n 's/^hash \([0-9a-f]\{16\}\).*/\1/p' "$dir/stdout")
    echo "${hash:-nohash} $tag" >>"$dir/hashes"
}
status=0
printf '%-28s %-16s %5s  %s\n' model hash runs verdict
for model in $MODELS; do
    : >"$dir/hashes"
    first=1
    for build in "$@"; do
        label=${build%%=*} command=${build#*=}
        if [ $first = 1 ] && [ -z "$ONEHASH_SMALL" ]; then threads="1 2 3"; else threads="1 3"; fi
        case $label in *aarch64*) isas="scalar neon dotprod i8mm all" ;; *) isas="scalar sse41 avx2 avxvnni all" ;; esac
        for isa in $isas; do
            for t in $threads; do
                if [ $first = 1 ]; then splits="1 7 64 all"; elif [ "$t" = 1 ]; then splits=all; else splits=7; fi
                for split in $splits; do one "$label" "$command" "$model" "$t" "$split" "$isa"; done
            done
        done
        first=0
    done
    runs=$(wc -l <"$dir/hashes")
    kinds=$(cut -d ' ' -f 1 "$dir/hashes" | sort | uniq -c | sort -rn | awk '{ print $2 }')
    if [ "$(echo "$kinds" | wc -l)" -eq 1 ] && [ "$kinds" != failed ] && [ "$kinds" != nohash ]; then
        printf '%-28s %-16s %5d  equal\n' "$(basename "$model" .gguf)" "$kinds" "$runs"
    else
        status=1
        printf '%-28s %-16s %5d  DIFFERENT\n' "$(basename "$model" .gguf)" "$(echo "$kinds" | head -n 1)" "$runs"
        for k in $kinds; do grep "^$k" "$dir/hashes" | head -n 3 | sed 's/^/    /'; done
    fi
done
for build in "$@"; do echo "build ${build%%=*}: ${build#*=}"; done
[ $status -eq 0 ] && echo "onehash: one answer everywhere"
exit $status
