#!/bin/sh
# fuzz.sh BUILD SECONDS PROGRAM...: runs fuzz programs, FUZZ_JOBS (2) at a time, SECONDS each. Seeds of fuzz_NAME:
# tests/seeds/NAME/, what tests/gen_seeds_NAME writes when there is one, and what earlier runs found (BUILD/corpus).
# Status 1 on a crash, an input that takes over 25 s, or more than 1 GiB; the input is kept as BUILD/crash-NAME-*.
if [ "$1" = one ]; then
    build=$2 seconds=$3 prog=$4
    name=$(basename "$prog")
    name=${name#fuzz_}
    corpus=$build/corpus/$name
    log=$build/$name.log
    mkdir -p "$corpus"
    seeds=
    [ -d "tests/seeds/$name" ] && seeds=tests/seeds/$name
    if [ -x "$build/tests/gen_seeds_$name" ]; then
        mkdir -p "$build/seeds/$name"
        "$build/tests/gen_seeds_$name" "$build/seeds/$name" >/dev/null || exit 1
        seeds="$seeds $build/seeds/$name"
    fi
    dict=
    [ -f "tests/seeds/$name.dict" ] && dict=-dict=tests/seeds/$name.dict
    rm -f "$build/crash-$name-"*
    # shellcheck disable=SC2086
    ASAN_OPTIONS=hard_rss_limit_mb=2048:allocator_may_return_null=1:$ASAN_OPTIONS UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1 \
        "$prog" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=1024 -malloc_limit_mb=1024 -print_final_stats=1 \
        $dict -artifact_prefix="$build/crash-$name-" "$corpus" $seeds >"$log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    cover=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    if [ "$status" -ne 0 ]; then
        grep -v '^#' "$log" | tail -n 40
        echo "fuzz $name: FAILED with status $status after ${runs:-?} runs: see $log and $build/crash-$name-*"
        exit 1
    fi
    echo "fuzz $name: $seconds s, ${runs:-?} runs, ${cover:-?} edges, clean"
    exit 0
fi
build=$1 seconds=$2
shift 2
if [ "$#" -eq 0 ]; then echo "fuzz: no targets"; exit 0; fi
printf '%s\n' "$@" | xargs -n 1 -P "${FUZZ_JOBS:-2}" sh "$0" one "$build" "$seconds"
