#!/bin/sh
# size.sh HEARTH_C: what an app grows by: the drop linked as a shared object and stripped, whole and for every HR_NO_*
# switch found in it. (A relocatable object is larger by its relocation records, which no program keeps: the line at the
# end says it as well.) Status 1 when the whole is above BUDGET (1 MB = 1048576) or hearth.h has more than 500 lines.
src=$1
cc=${CC:-cc}
budget=${BUDGET:-1048576}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix=${CROSS:-}
measure() { # label, flags
    label=$1
    shift
    if ! $cc -std=c11 -O2 -fPIC -shared "$@" "$src" -o "$dir/h.so" -lpthread -lm 2>"$dir/log"; then
        printf '%-22s does not compile\n' "$label"
        head -n 5 "$dir/log"
        echo fail >"$dir/failed"
        return
    fi
    "${prefix}strip" "$dir/h.so"
    "${prefix}size" -A "$dir/h.so" | awk -v label="$label" -v file="$(wc -c <"$dir/h.so")" -v base="$whole" '
        /^\.text/ { text += $2 } /^\.rodata/ { ro += $2 } /^\.data\.rel\.ro/ { ro += $2; next } /^\.data/ { data += $2 }
        /^\.t?bss/ { bss += $2 }
        END { printf "%-22s %9d %9d %7d %7d", label, text, ro, data, bss
              printf base ? " %9d" : " %9s", base ? file - base : ""
              printf " %9d\n", file }'
}
printf '%-22s %9s %9s %7s %7s %9s %9s\n' configuration .text .rodata .data .bss change stripped
whole=
measure "everything, -O2" | tee "$dir/whole"
whole=$(awk '{ print $NF }' "$dir/whole")
measure "everything, -Os" -Os
for s in $(grep -o '\bHR_NO_[A-Z0-9_]*' "$src" | grep -v -x -e HR_NO_OFFSET | LC_ALL=C sort -u); do
    grep -q -E "#[ ]*(if|elif|ifdef|ifndef).*\b$s\b" "$src" || continue
    measure "$s" "-D$s"
done
[ -f "$dir/failed" ] && exit 1
$cc -std=c11 -O2 -c "$src" -o "$dir/h.o" && "${prefix}strip" --strip-unneeded "$dir/h.o"
lines=$(wc -l <"$(dirname "$src")/hearth.h")
echo "stripped: linked $whole bytes of $budget, relocatable object $(wc -c <"$dir/h.o"); hearth.h $lines lines of 500"
[ "$whole" -le "$budget" ] && [ "$lines" -le 500 ]
