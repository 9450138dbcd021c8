#!/bin/sh
# spills.sh [--list] FILE...: compiles each kernel file with gcc and clang (AArch64 files with the cross compilers that are
# here) and looks at the assembly of its hot inner loops: innermost loops (no backward jump inside, no call) in which at
# least four instructions, and one in four, are multiply-adds (vpdp*, pmaddubsw, fmadd, sdot, smmla, smlal, fmla). Status 1
# when a vector register goes to the stack there and comes back. Loops that unpack weights for the most part (one token)
# hold a slice of weights, their scales and constants: more than 16 registers; their spills are counted and told, not
# failed. --list prints every loop: line of the assembly, instructions, multiply-adds, spills.
list=0
if [ "$1" = --help ]; then sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0; fi
if [ "$1" = --list ]; then list=1; shift; fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/loops.awk" <<'AWK'
# a loop: from a label to the last jump back to it
function stack_slot(s,   m) {
    if (match(s, /-?[0-9]*\(%r[sb]p\)/)) return substr(s, RSTART, RLENGTH)
    if (match(s, /\[(sp|x29)(, *#?-?[0-9]+)?\]/)) return substr(s, RSTART, RLENGTH)
    return ""
}
function is_vector(s) { return s ~ /%[xyz]mm[0-9]/ || s ~ /^[ \t]*(str|stp|ldr|ldp|stur|ldur)[ \t]+[qvd][0-9]/ }
function is_store(s) { return s ~ /^[ \t]*(str|stp|stur)[ \t]/ || s ~ /\(%r[sb]p\)[ \t]*(#.*)?$/ }
function look(a, b,   i, s, n, ops, slot, spills, stored) {
    for (i = a; i <= b; i++) {
        s = line[i]
        if (s ~ /^[ \t]*[.#]/ || s ~ /^[^ \t]/ || s ~ /^[ \t]*$/) continue
        n++
        if (s ~ /^[ \t]*(call|bl|blr)[ \t]/) return
        if (s ~ /(vpdp|pmaddubsw|fn?madd[0-9]|sdot|smmla|smlal|fmla)/) ops++
        if (is_vector(s) && is_store(s) && (slot = stack_slot(s)) != "") stored[slot] = 1
    }
    if (ops < 4) return
    for (i = a; i <= b; i++) {
        slot = stack_slot(line[i])
        if (slot != "" && is_vector(line[i]) && !is_store(line[i]) && (slot in stored)) spills++
    }
    if (4 * ops < n) {
        unpacking += spills
        if (!list) return
    } else {
        loops++
        total += spills
    }
    if (list || spills) printf "%s: %s: line %d: %d instructions, %d multiply-adds, %d spills\n", file, fn, a, n, ops, spills
}
{ line[NR] = $0 }
/^[._A-Za-z][._A-Za-z0-9$]*:/ {
    l = $1
    sub(/:.*/, "", l)
    where[l] = NR
    if (l !~ /^\.L/) fn = l
    in_fn[NR] = fn
}
/^[ \t]*(j[a-z]+|b\.[a-z]+|b(eq|ne|cs|cc|hi|ls|lo|hs|ge|lt|gt|le|mi|pl)|cbz|cbnz|tbz|tbnz)[ \t]/ && $1 != "jmp" {
    target = $NF
    if (target in where) {
        from[++jumps] = where[target]
        to[jumps] = NR
        of[jumps] = fn
    }
}
END {
    for (i = 1; i <= jumps; i++) {
        inner = 1
        for (j = 1; j <= jumps; j++) if (j != i && from[j] >= from[i] && to[j] <= to[i] && to[j] - from[j] < to[i] - from[i]) inner = 0
        fn = of[i]
        if (inner) look(from[i], to[i])
    }
    printf "%d %d %d\n", loops, total, unpacking > counts
}
AWK
excused() { # file, compiler
    case "$1 $2" in
    *_sse41.c*) echo "16 registers, and the emulated fma alone needs nine" ;;
    */attention_avx512.c\ clang-19) echo "at most 8 beside 76 multiply-adds; none with gcc and clang 14" ;;
    */matmul_quant_avx512.c\ clang*) echo "one to four beside 100 multiply-adds (clang 19, plain tiles: 15); none with gcc" ;;
    */matmul_quant_avxvnni.c\ clang*) echo "at most 3 beside 69 multiply-adds of Q2_K; none with gcc" ;;
    */matmul_quant_avx2.c\ clang*) echo "3 beside 40 multiply-adds of Q4_1; none with gcc" ;;
    *) echo "" ;;
    esac
}
status=0 loops=0 builds=0 told=0
for f in "$@"; do
    case $f in
    kernels/x86/*) compilers="gcc clang-14 clang-19" ;;
    kernels/arm/*) compilers="aarch64-linux-gnu-gcc clang-14+--target=aarch64-linux-gnu clang-19+--target=aarch64-linux-gnu" ;;
    *) continue ;;
    esac
    case $f in
    kernels/x86/*) case $(uname -m) in x86_64) ;; *) continue ;; esac ;;
    *) command -v aarch64-linux-gnu-gcc >/dev/null || continue ;;
    esac
    for compiler in $compilers; do
        command -v "${compiler%%+*}" >/dev/null || continue
        # shellcheck disable=SC2046
        if ! $(echo "$compiler" | tr + ' ') -std=c11 -O2 -I. -S "$f" -o "$dir/s" 2>"$dir/err"; then
            echo "spills: $f: $compiler: does not compile"
            head -n 5 "$dir/err"
            status=1
            continue
        fi
        awk -v list=$list -v file="$f $compiler" -v counts="$dir/counts" -f "$dir/loops.awk" "$dir/s" >"$dir/found"
        read -r n bad unpack <"$dir/counts"
        told=$((told + unpack)) loops=$((loops + n)) builds=$((builds + 1))
        why=$(excused "$f" "$compiler")
        [ $list = 0 ] || cat "$dir/found"
        [ "$bad" -gt 0 ] || continue
        if [ -n "$why" ]; then
            echo "spills: $f $compiler: $bad, excused: $why"
        else
            [ $list = 1 ] || cat "$dir/found"
            status=1
        fi
    done
done
[ $status -eq 0 ] && echo "spills: none in $loops hot loops of $builds builds ($told in loops that unpack)"
exit $status
