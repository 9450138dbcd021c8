#!/bin/sh
# coverage.sh BUILD [MIN]: line coverage of the library after the tests ran in BUILD (compiled with --coverage), one line
# a file, then the folders. A header's inline code counts as run when any object ran it. The lines never run are listed
# in BUILD/uncovered.txt. With MIN: status 1 when engine, engine/base or tokenizer is below MIN per cent.
build=$1 min=$2
find "$build/dbg" -name '*.gcno' | LC_ALL=C sort | while read -r f; do
    (cd . && ${GCOV:-gcov} -t "$f" 2>/dev/null)
done | awk -F: -v min="$min" -v out="$build/uncovered.txt" '
    $2 ~ /^ *0$/ { if ($3 == "Source") { src = $4; keep = src ~ /^(engine|kernels|quant|tokenizer|memory|policy)\// } next }
    !keep { next }
    { count = $1; gsub(/[ *]/, "", count); line = $2 + 0; if (count == "-" || line == 0) next
      key = src ":" line
      if (!(key in state)) { state[key] = 0; n[src]++; if (line > last[src]) last[src] = line }
      if (count ~ /^[0-9]/ && count + 0 > 0 && !state[key]) { state[key] = 1; hit[src]++ } }
    function group(f) {
        if (f ~ /^engine\/base\//) return "engine/base"
        sub(/\/.*/, "", f)
        return f
    }
    END {
        for (f in n) {
            g = group(f); gn[g] += n[f]; gh[g] += hit[f]; tn += n[f]; th += hit[f]
            printf "%6.2f%% %6d of %6d  %s\n", 100 * hit[f] / n[f], hit[f], n[f], f | "LC_ALL=C sort -k 5"
            for (i = 1; i <= last[f]; i++) if (((f ":" i) in state) && !state[f ":" i]) print f ":" i > out
        }
        close("LC_ALL=C sort -k 5")
        print ""
        for (g in gn) {
            printf "%6.2f%% %6d of %6d  %s/\n", 100 * gh[g] / gn[g], gh[g], gn[g], g
            if (min != "" && (g == "engine" || g == "engine/base" || g == "tokenizer") && 100 * gh[g] / gn[g] < min) {
                printf "coverage: %s is below %s %%\n", g, min
                low = 1
            }
        }
        if (tn) printf "%6.2f%% %6d of %6d  total (lines never run: %s)\n", 100 * th / tn, th, tn, out
        else { print "coverage: nothing was measured"; low = 1 }
        exit low
    }'
