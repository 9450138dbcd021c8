#!/bin/sh
# plot.sh LIMITS.tsv...: draws each machine's roofline from what `make roofline` recorded: the limits of one thread and,
# from kernels_NAME.tsv beside it, every kernel's place. Writes roofline_NAME.svg beside them. Needs gnuplot.
if ! command -v gnuplot >/dev/null 2>&1; then
    echo "plot: skipped: no gnuplot (Debian, Ubuntu: apt install gnuplot-nox; Fedora: dnf install gnuplot; macOS: brew install gnuplot)"
    exit 0
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
for limits in "$@"; do
    if [ ! -f "$limits" ]; then echo "plot: $limits is not there: run make roofline first" >&2; exit 1; fi
    kernels=$(echo "$limits" | sed 's|limits_\([^/]*\)$|kernels_\1|')
    svg=$(echo "$limits" | sed 's|limits_\([^/]*\)\.tsv$|roofline_\1.svg|')
    if [ ! -f "$kernels" ]; then echo "plot: $kernels is not there: run make roofline first" >&2; exit 1; fi
    cpu=$(sed -n 's/^# cpu	//p' "$limits" | tr -d "'\"\\\\")
    # x: multiply-adds a byte of weights; y: G multiply-adds/s. One file a series: product kernels by instruction set.
    awk -F '\t' -v dir="$dir" '/^matmul_/ && $2 ~ /^m/ && $4 > 0 {
        n = split($1, part, "_")
        isa = part[n]
        print $3 / $4, $3, $1 " " $2 > (dir "/" isa ".points")
    }' "$kernels"
    {
        echo "set terminal svg size 1000,640 font 'sans-serif,13' background 'white'"
        echo "set output '$svg'"
        echo "set title 'Roofline of one thread: $cpu'"
        echo "set xlabel 'multiply-adds for each byte of weights'; set ylabel 'G multiply-adds/s'"
        echo "set logscale xy; set xrange [0.2:200]; set yrange [0.05:1500]; set key outside right"
        echo "set grid; min(a, b) = a < b ? a : b"
        awk -F '\t' '
            $2 != 1 { next }
            $1 ~ /^read_/ && ($3 == "huge") { read[$1] = $5; order[++nr] = $1 }
            $1 ~ /^(int8|fma)_/ { peak[$1] = $5; which[++np] = $1; if ($5 > top) top = $5 }
            END {
                printf "plot "
                for (i = 1; i <= nr; i++) {
                    name = order[i]; sub(/^read_/, "", name)
                    printf "%smin(%g * x, %g) with lines lw 2 title \"%s %.0f GB/s\"", (i > 1 ? ", " : ""), read[order[i]], top, name, read[order[i]]
                }
                for (i = 1; i <= np; i++) {
                    name = which[i]; sub(/_/, " ", name)
                    printf ", %g with lines dt 2 title \"%s %.0f G/s\"", peak[which[i]], name, peak[which[i]]
                }
            }' "$limits"
        for f in "$dir"/*.points; do
            [ -f "$f" ] && printf ", '%s' using 1:2 with points pt 7 ps 0.6 title 'kernels: %s'" "$f" "$(basename "$f" .points)"
        done
        echo
    } >"$dir/plot.gp"
    gnuplot "$dir/plot.gp" || exit 1
    rm -f "$dir"/*.points
    echo "$svg"
done
