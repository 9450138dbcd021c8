# amalgamate.awk: writes the library as one C file. Our headers first, each once, in the order of need and outside any
# guard; then the .c files in the order given, without their #include "..." lines. engine/hearth.h stays a file of its
# own and is included as "hearth.h". A generated .inc is put in place wherever it is named.
#   awk -v VERSION=... -v ID=... -v GEN=build/gen -f tools/amalgamate.awk FILES > build/drop/hearth.c
# The same input gives the same bytes.

function resolve(h, from,   dir) {
    if (h ~ /\//) return h
    dir = from
    sub(/\/[^\/]*$/, "", dir)
    return dir "/" h
}
function quoted(line) {
    if (line !~ /^[ \t]*#[ \t]*include[ \t]*"/) return ""
    sub(/^[^"]*"/, "", line)
    sub(/".*/, "", line)
    return line
}
function banner(file, n) {
    n = 100 - length(file)
    return sprintf("/* ---- %s %s */", file, substr(dashes, 1, n > 0 ? n : 0))
}
function fail(what) {
    print "amalgamate: " what > "/dev/stderr"
    failed = 1
    exit 1
}
# Lines of a file with the inclusions taken out; a .inc is copied in place.
function copy(file,   line, h, blank, status) {
    while ((status = (getline line < file)) > 0) {
        h = quoted(line)
        if (h ~ /\.inc$/) { copy(h ~ /\// ? h : GEN "/" h); continue }
        if (h != "") {
            if (resolve(h, file) == PUBLIC && !public_done) { print "#include \"hearth.h\""; public_done = 1 }
            continue
        }
        if (line ~ /^$/) { if (blank) continue; blank = 1 } else blank = 0
        print line
    }
    if (status < 0) fail("cannot read " file)
    close(file)
}
# Headers that a file needs, deepest first.
function headers(file,   line, h, status, list, n, i) {
    n = 0
    while ((status = (getline line < file)) > 0) {
        h = quoted(line)
        if (h != "" && h !~ /\.inc$/) list[++n] = resolve(h, file)
    }
    if (status < 0) fail("cannot read " file)
    close(file)
    for (i = 1; i <= n; i++) {
        h = list[i]
        if (h in seen) continue
        seen[h] = 1
        if (h == PUBLIC) { if (!public_done) { print "#include \"hearth.h\""; public_done = 1 } continue }
        if (h !~ /\.h$/) fail(file " includes " h)
        headers(h)
        print ""
        print banner(h)
        copy(h)
    }
}
BEGIN {
    PUBLIC = "engine/hearth.h"
    dashes = "----------------------------------------------------------------------------------------------------"
    print "/* Hearth " VERSION " (" ID ") in one file: a private, personal language model on the device it runs on."
    print " * Made by `make drop` from the tree named above; edit that, not this. Use it together with hearth.h:"
    print " *     cc app.c hearth.c -lpthread -lm"
    print " * MIT licence, below."
    print " *"
    while ((getline line < "LICENSE") > 0) print (line == "" ? " *" : " * " line)
    print " */"
    print "#define HR_DROP 1"
    print "#define HR_SOURCE_ID \"" ID "\""
    for (a = 1; a < ARGC; a++) # what is left out is still declared
        if (ARGV[a] ~ /^[A-Z]+:/ && !(substr(ARGV[a], 1, index(ARGV[a], ":")) in known)) {
            known[substr(ARGV[a], 1, index(ARGV[a], ":"))] = 1
            any = any (any == "" ? "#if " : " || ") "defined(HR_NO_" substr(ARGV[a], 1, index(ARGV[a], ":") - 1) ")"
        }
    seen["engine/base/base.h"] = 1 # first of all: it sets the feature macros
    print ""
    print banner("engine/base/base.h")
    copy("engine/base/base.h")
    if (any != "") print any "\n#pragma GCC diagnostic ignored \"-Wunused-function\"\n#endif"
    for (a = 1; a < ARGC; a++) { # NAME:file may be left out by -DHR_NO_NAME
        file[a] = ARGV[a]
        plane[a] = sub(/^[A-Z]*:/, "", file[a]) ? substr(ARGV[a], 1, index(ARGV[a], ":") - 1) : ""
        headers(file[a])
    }
    for (a = 1; a < ARGC; a++) {
        print ""
        if (plane[a] != plane[a - 1] && plane[a - 1] != "") print "#endif /* HR_NO_" plane[a - 1] " */\n"
        if (plane[a] != plane[a - 1] && plane[a] != "") print "#if !defined(HR_NO_" plane[a] ")"
        print banner(file[a])
        copy(file[a])
    }
    if (plane[ARGC - 1] != "") print "#endif"
    if (!public_done) print "#include \"hearth.h\""
    exit 0
}
END { if (failed) exit 1 }
