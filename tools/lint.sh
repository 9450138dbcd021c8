#!/bin/sh
# lint.sh: every rule of tools/lint.awk over every file of the project, then the objects themselves: a library object
# outside engine/base may need nothing from libc but memory and string functions (and sqrt: the inline instruction's path
# for negative numbers; IEEE rounds it the same everywhere). Arguments: release objects.
files=$(git ls-files --cached --others --exclude-standard 2>/dev/null)
[ -n "$files" ] || files=$(find . -path ./build -prune -o -path ./.git -prune -o -type f -print | sed 's|^\./||')
# shellcheck disable=SC2086
LC_ALL=C awk -f "$(dirname "$0")/lint.awk" $(for f in $files; do
    case $f in
    LICENSE | tests/seeds/* | tests/golden/*) ;;
    *.c | *.h | *.awk | *.sh | *.md | *.py | Makefile | .ci/run) [ -f "$f" ] && echo "$f" ;;
    esac
done)
status=$?
for o in "$@"; do
    case $o in */engine/base/*) continue ;; esac
    alien=$(${NM:-nm} -u "$o" | awk '{ print $NF }' | grep -v -E \
        -e '^_?(hr|hearth)_' -e '^_?(memcpy|memmove|memset|memcmp|memchr|strlen|strcmp|strncmp|strchr|strstr|sqrtf?)$' \
        -e '^(__|_GLOBAL_OFFSET_TABLE_|_Unwind)')
    if [ -n "$alien" ]; then
        echo "$o: foreign symbol: $(echo "$alien" | tr '\n' ' ')"
        status=1
    fi
done
for f in $(find . -maxdepth 1 -mindepth 1 ! -name '.*' | sed 's|^\./||'); do
    case $f in
    engine | kernels | quant | tokenizer | memory | policy | tools | tests | bench | build | Makefile | README.md | LICENSE) ;;
    *) echo "$f: top level: nothing but the folders of DESIGN section 2"; status=1 ;;
    esac
done
[ $status -eq 0 ] && echo "lint: clean"
exit $status
