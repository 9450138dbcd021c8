#!/bin/sh
# drop.sh OUT GEN FILES: writes OUT/hearth.c and OUT/hearth.h. The files are put into the order of the levels of DESIGN
# section 2, so that callers follow what they call; the order is the same on every machine.
set -e
out=$1 gen=$2
shift 2
mkdir -p "$out"
rank() {
    case $1 in
    engine/base/base.c) echo 00 ;;
    engine/base/*) echo 01 ;;
    quant/formats*.c) echo 10 ;;
    tokenizer/*_tab*.c) echo 11 ;; # tables before the code that has no other declaration of them here
    tokenizer/*) echo 12 ;;
    policy/*) echo 13 ;;
    kernels/registry.c) echo 23 ;;
    kernels/ref/*) echo 20 ;;
    kernels/*/*) echo 21 ;;
    kernels/*) echo 22 ;;
    quant/*) echo 24 ;;
    memory/*) echo 30 ;;
    engine/gguf*.c) echo 40 ;;
    engine/api.c) echo 49 ;;
    *) echo 41 ;;
    esac
}
# What a build may leave out, as whole files: -DHR_NO_<name> (tools/size.sh says what each saves). Headers keep stand-ins for what others call.
plane() {
    case $1 in
    memory/* | engine/api_memory.c | engine/api_facts.c) echo MEMORY ;;
    policy/release* | engine/api_release.c) echo RELEASES ;;
    policy/upload.c | engine/api_redact.c | policy/redact*.c | policy/find_*.c | policy/id_*.c) echo REDACTION ;;
    policy/* | engine/api_policy.c) echo POLICY ;;
    engine/guide*.c) echo GUIDE ;;
    engine/adapter.c) echo ADAPTERS ;;
    engine/state.c) echo STATE ;;
    engine/generate.c | engine/draft.c) echo GENERATE ;;
    kernels/selfcheck.c) echo SELFCHECK ;;
    esac
}
list=$(for f in "$@"; do echo "$(rank "$f") $(plane "$f"):$f"; done | LC_ALL=C sort -k 1,1 -k 2.1,2 |
    sed 's/^[0-9]* //' | awk -F: '{ print $2 == "" ? $1 : $0 }')
version=unknown
if [ -f engine/hearth.h ]; then
    v=$(sed -n 's/^#define HEARTH_VERSION_STRING[ ]*"\(.*\)".*/\1/p; s/^#define HEARTH_VERSION[ ]*"\(.*\)".*/\1/p' engine/hearth.h | head -n 1)
    version=${v:-unknown}
fi
id=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
# shellcheck disable=SC2086
if [ "$id" != unknown ] && [ -n "$(git status --porcelain -- engine kernels quant tokenizer memory policy tools LICENSE 2>/dev/null)" ]; then
    id=$id-dirty
fi
# shellcheck disable=SC2086
LC_ALL=C awk -v VERSION="$version" -v ID="$id" -v GEN="$gen" -f tools/amalgamate.awk $list >"$out/hearth.c.new"
mv "$out/hearth.c.new" "$out/hearth.c"
if [ -f engine/hearth.h ]; then cp engine/hearth.h "$out/hearth.h"; else : >"$out/hearth.h"; fi
