#!/bin/sh
# check.sh STEP...: runs `make STEP` for each, all of them even after a failure, and prints one line a step. The output
# of a step is kept in build/check/STEP.log and shown when it fails. Status 1 when any step failed.
mkdir -p build/check
case "$MAKEFLAGS" in *jobserver*) jobs= ;; *) jobs=-j$(nproc 2>/dev/null || echo 2) ;; esac
failed=
for step in "$@"; do
    log=build/check/$step.log
    start=$(date +%s)
    # shellcheck disable=SC2086
    if ${MAKE:-make} --no-print-directory $jobs "$step" >"$log" 2>&1; then
        printf 'check: %-11s ok      %4d s  %s\n' "$step" $(($(date +%s) - start)) "$(tail -n 1 "$log" | cut -c 1-90)"
    else
        printf 'check: %-11s FAILED  %4d s\n' "$step" $(($(date +%s) - start))
        tail -n 80 "$log" | sed 's/^/    /'
        failed="$failed $step"
    fi
done
if [ -n "$failed" ]; then echo "check: FAILED:$failed"; exit 1; fi
echo "check: all of $# steps passed"
