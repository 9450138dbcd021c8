#!/bin/sh
# size.sh HEARTH_C: what an app grows by: the drop linked as a shared object and stripped, with the largest stack frame, for the
# configurations of tools/size_budget.txt and, unless SIZE_QUICK is set, for every HR_NO_* switch found in it. Status 1 when a
# configuration is above its budget or hearth.h has more than 500 lines.
src=$1
cc=${CC:-cc}
budgets=tools/size_budget.txt
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix=${CROSS:-}
measure() { # label, flags
    label=$1
    shift
    rm -f "$dir"/*.su
    if ! $cc -std=c11 -O2 -fPIC -shared -fstack-usage "$@" "$src" -o "$dir/h.so" -lpthread -lm 2>"$dir/log"; then
        printf '%-22s does not compile\n' "$label"
        head -n 5 "$dir/log"
        echo fail >"$dir/failed"
        return
    fi
    "${prefix}strip" "$dir/h.so"
    frame=$(cat "$dir"/*.su 2>/dev/null | awk '{ if ($2 + 0 > m) m = $2 + 0 } END { print m + 0 }')
    "${prefix}size" -A "$dir/h.so" | awk -v frame="$frame" -v label="$label" -v file="$(wc -c <"$dir/h.so")" -v base="$whole" '
        /^\.text/ { text += $2 } /^\.rodata/ { ro += $2 } /^\.data\.rel\.ro/ { ro += $2; next } /^\.data/ { data += $2 }
        /^\.t?bss/ { bss += $2 }
        END { printf "%-22s %9d %9d %7d %7d %7d", label, text, ro, data, bss, frame
              printf base ? " %9d" : " %9s", base ? file - base : ""
              printf " %9d\n", file }'
}
printf '%-22s %9s %9s %7s %7s %7s %9s %9s\n' configuration .text .rodata .data .bss frame change stripped
whole=
grep -v '^#' $budgets >"$dir/budgets"
while IFS=: read -r name most most_frame flags; do
    # shellcheck disable=SC2086
    measure "$name" $flags >"$dir/line"
    cat "$dir/line"
    awk -v most="$most" -v most_frame="$most_frame" '{ bytes = $NF; frame = $6 }
        END { if (bytes > most) print "above the budget of " most " bytes"
              if (frame > most_frame) print "a frame above the budget of " most_frame " bytes" }' "$dir/line" >"$dir/over"
    if [ -s "$dir/over" ]; then cat "$dir/over"; echo over >"$dir/failed"; fi
    [ -n "$whole" ] || whole=$(awk '{ print $NF }' "$dir/line")
done <"$dir/budgets"
if [ -z "$SIZE_QUICK" ]; then
    measure "everything, -Os" -Os
    for s in $(grep -o '\bHR_NO_[A-Z0-9_]*' "$src" | grep -v -x -e HR_NO_OFFSET | LC_ALL=C sort -u); do
        grep -q -E "#[ ]*(if|elif|ifdef|ifndef).*\b$s\b" "$src" || continue
        measure "$s" "-D$s"
    done
fi
[ -f "$dir/failed" ] && exit 1
lines=$(wc -l <"$(dirname "$src")/hearth.h")
echo "stripped: linked $whole bytes; hearth.h $lines lines of 500"
[ "$lines" -le 500 ]
