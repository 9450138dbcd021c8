#!/bin/sh
# run_tests.sh PROGRAM...: runs test programs, TEST_JOBS (the cores) at a time, one line a suite as it ends, and at last
# "N passed, N failed, N skipped". A program that dies, or that ends without its summary line, is one more failure. RUNNER is
# put in front (an emulator). Output of a suite with failures is shown; all of it is kept beside the program in PROGRAM.log.
if [ "$1" = --one ]; then
    prog=$2
    log=$prog.log
    start=$(date +%s)
    $RUNNER "$prog" >"$log" 2>&1
    status=$?
    took=$(($(date +%s) - start))
    name=$(basename "$prog")
    name=${name#test_}
    line=$(tail -n 1 "$log" | sed -n 's/^[A-Za-z0-9_]*: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
    if [ -n "$line" ]; then
        # shellcheck disable=SC2086
        set_p=${line%% *} rest=${line#* }
        set_f=${rest%% *} set_s=${rest##* }
    else
        set_p=0 set_f=0 set_s=0
    fi
    why=
    if [ "$status" -ge 129 ] && [ "$status" -le 192 ]; then
        why=" (died of signal $((status - 128)), SIG$(kill -l $((status - 128)) 2>/dev/null))"
        set_f=$((set_f + 1))
    elif [ -z "$line" ] || { [ "$status" -ne 0 ] && [ "$set_f" -eq 0 ]; }; then
        why=" (ended with status $status)"
        set_f=$((set_f + 1))
    fi
    [ "$took" -lt 2 ] || why="$why [$took s]"
    { # one write a suite: others end at the same time
        [ "$set_f" -eq 0 ] || grep -v -e '^skip ' -e "^$name: .* skipped\$" "$log" | tail -n 60 | cut -c 1-400
        echo "$name: $set_p passed, $set_f failed, $set_s skipped$why"
    } >"$prog.said"
    cat "$prog.said"
    echo "$set_p $set_f $set_s" >"$prog.sums"
    exit 0
fi
for prog in "$@"; do rm -f "$prog.sums"; done
[ "$#" -eq 0 ] || printf '%s\n' "$@" | xargs -n 1 -P "${TEST_JOBS:-$(nproc 2>/dev/null || echo 1)}" sh "$0" --one
passed=0 failed=0 skipped=0
for prog in "$@"; do
    sums=$(cat "$prog.sums" 2>/dev/null || echo 0 1 0)
    set_p=${sums%% *} rest=${sums#* }
    passed=$((passed + set_p)) failed=$((failed + ${rest%% *})) skipped=$((skipped + ${rest##* }))
done
if [ "$#" -eq 0 ]; then echo "no test programs"; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
