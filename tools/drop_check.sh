#!/bin/sh
# drop_check.sh DROP: takes hearth.c and hearth.h to an empty folder and, with every compiler at hand, compiles them with
# warnings as errors and no other flag (at most 30 s of processor time), links tests/test_api.c to the result and runs it (the AArch64
# build under emulation). Ends with status 1 when anything differs from that.
drop=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
W="-std=c11 -Wall -Wextra -Wpedantic -Werror"
status=0
limit=${DROP_SECONDS:-30}
export HEARTH_DATA="${HEARTH_DATA:-$(cd ../shared/data 2>/dev/null && pwd)}"
cp "$drop/hearth.c" "$drop/hearth.h" "$dir"
mkdir -p "$dir/inc/engine" "$dir/inc/tests"
cp "$drop/hearth.h" "$dir/inc/engine/hearth.h"
cp tests/t.h "$dir/inc/tests/t.h"
[ -f tests/test_api.c ] && cp tests/test_api.c "$dir/inc/test_api.c"
cd "$dir" || exit 1
fails() { echo "drop: FAILED: $*"; status=1; }

# cpu: seconds of processor time of all that has run so far; other work on the machine does not count
cpu_seconds() {
    times >"$dir/times"
    cpu=$(awk 'NR == 2 { gsub(/s/, ""); split($0, p, /[m ]/); print int(60 * (p[1] + p[3]) + p[2] + p[4]) }' "$dir/times")
}
# All that the library may ask of its host, whatever the compiler: memory, files, threads, a clock, signals for the guard.
# No socket, no name service, no TLS; no stdio, no exit, no environment. (syscall: sched_getaffinity, in engine/base.)
allowed="
_GLOBAL_OFFSET_TABLE_ __errno_location __sigsetjmp aligned_alloc clock_gettime close fcntl64 fdatasync flock free
fstat64 fsync ftruncate64 getauxval madvise malloc memchr memcmp memcpy memmove memset mmap64 munmap open64 pread64
pthread_cond_broadcast pthread_cond_destroy pthread_cond_init pthread_cond_wait pthread_create pthread_join
pthread_kill pthread_mutex_destroy pthread_mutex_init pthread_mutex_lock pthread_mutex_unlock pthread_self
pthread_sigmask pwrite64 read rename sched_yield sigaction sigaddset sigdelset sigemptyset sigfillset siglongjmp sqrt
sqrtf strchr strcmp strlen strstr syscall sysconf unlink
open pread pwrite fstat ftruncate fcntl mmap bcmp __memcpy_chk __memset_chk __stack_chk_fail
"
imports() { # name
    nm -u "$1.o" 2>/dev/null | awk '{ print $NF }' | while read -r symbol; do
        case $symbol in __aarch64_*) continue ;; esac # atomics of the compiler's own library
        # shellcheck disable=SC2086
        case " $(echo $allowed) " in *" $symbol "*) ;; *) echo "$symbol" ;; esac
    done >"$1.imports"
    [ ! -s "$1.imports" ] || fails "$1: imports what a private library has no use for: $(tr '\n' ' ' <"$1.imports")"
}
build() { # name, compiler, flags
    name=$1 cc=$2
    shift 2
    cpu_seconds
    start=$cpu
    # shellcheck disable=SC2086
    if ! $cc "$@" -c hearth.c -o "$name.o" >"$name.txt" 2>&1; then
        head -n 20 "$name.txt"
        fails "$name: $cc $*"
        return 1
    fi
    cpu_seconds
    took=$((cpu - start))
    case " $* " in *" -O3 "*) most=$((3 * limit)) ;; *) most=$limit ;; esac # the promise is about a build with no flags
    if [ "$took" -gt "$most" ]; then fails "$name: $took s to compile, the limit is $most"; fi
    imports "$name"
    echo "drop: $name: compiles in $took s ($*)"
}
api() { # name, compiler, runner, link flags
    [ -f inc/test_api.c ] || return 0
    # shellcheck disable=SC2086
    if ! $2 -std=c11 -Wall -Wextra -I inc -I . $4 inc/test_api.c "$1.o" -o "$1.api" -lpthread -lm >"$1.txt" 2>&1; then
        head -n 20 "$1.txt"
        fails "$1: test_api does not link"
        return 1
    fi
    # shellcheck disable=SC2086
    if ! $3 "./$1.api" >"$1.txt" 2>&1; then
        tail -n 20 "$1.txt"
        fails "$1: test_api"
        return 1
    fi
    echo "drop: $1: $(tail -n 1 "$1.txt")"
}
found=0
for cc in ${DROP_CC:-gcc clang-14 clang-19}; do
    command -v "$cc" >/dev/null || continue
    found=1
    # shellcheck disable=SC2086
    build "$cc" "$cc" $W && api "$cc" "$cc" "" ""
    # a compiler's own dialect contracts a*b+c unless told otherwise, and the optimiser warns about more
    # shellcheck disable=SC2086
    build "$cc-gnu17-O3" "$cc" -std=gnu17 -O3 -Wall -Wextra -Werror && api "$cc-gnu17-O3" "$cc" "" ""
done
if [ $found = 0 ]; then
    # shellcheck disable=SC2086
    build cc "${CC:-cc}" $W && api cc "${CC:-cc}" "" ""
fi
cross=aarch64-linux-gnu-gcc
if command -v $cross >/dev/null; then
    # shellcheck disable=SC2086
    if build aarch64 $cross $W && command -v qemu-aarch64 >/dev/null; then api aarch64 $cross qemu-aarch64 -static; fi
fi
# the header alone, twice, as C and as C++
printf '#include "hearth.h"\n#include "hearth.h"\nint main(void) { return 0; }\n' >only.c
cp only.c only.cc
for cc in gcc clang; do
    command -v $cc >/dev/null || continue
    # shellcheck disable=SC2086
    $cc $W -fsyntax-only only.c || fails "hearth.h alone in C with $cc"
done
for cc in g++ clang++; do
    command -v $cc >/dev/null || continue
    echo 'int main() {}' >cxx.cc # some machines have the driver without the C++ compiler
    $cc -fsyntax-only cxx.cc 2>/dev/null || continue
    $cc -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only only.cc || fails "hearth.h alone in C++ with $cc"
done
[ $status -eq 0 ] && echo "drop: every compiler at hand takes it"
exit $status
