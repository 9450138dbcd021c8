# lint.awk: the rules of DESIGN section 2 and the house style, over the files given (paths relative to the top).
#   awk -f tools/lint.awk FILES       prints "file:line: rule: what", exit status 1 when there is any
# Text rules hold for every file; code rules for .c and .h. tests/test_lint.c shows each rule a bad snippet.

function bad(rule, what) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, what
    failures++
}

# --- where a file belongs ----------------------------------------------------------------------------------------
function in_library(f) { return f ~ /^(engine|kernels|quant|tokenizer|memory|policy)\// }
function in_base(f) { return f ~ /^engine\/base\// }

# May file f include our header h? DESIGN section 2, the table of levels.
function may_include(f, h) {
    if (f ~ /^(tests|bench)\//) {
        if (f == "tests/test_api.c") return h == "engine/hearth.h" || h == "tests/t.h"
        return 1
    }
    if (f == "engine/hearth.h") return 0
    if (in_base(h) && in_library(f)) return 1
    if (in_base(f)) return 0
    if (f == "quant/formats.h") return 0
    if (f ~ /^tokenizer\//) return h ~ /^tokenizer\//
    if (f ~ /^policy\//) return h ~ /^policy\//
    if (f ~ /^kernels\//) {
        if (h == "quant/formats.h" || h == "kernels/kernel.h") return 1
        if (h ~ /^kernels\/[^\/]*\.h$/) return 1
        if (f ~ /^kernels\/x86\// && h ~ /^kernels\/x86\/[^\/]*\.h$/) return 1
        if (f ~ /^kernels\/arm\// && h ~ /^kernels\/arm\/[^\/]*\.h$/) return 1
        if (f == "kernels/vec4.h") return h ~ /^kernels\/(x86|arm)\/vec4_[a-z0-9]*\.h$/
        return f == "kernels/registry.c" && h ~ /\.inc$/
    }
    if (f ~ /^quant\//) return h ~ /^quant\// || h == "kernels/kernel.h"
    if (f ~ /^memory\//) return h ~ /^memory\// || h == "kernels/kernel.h" || h == "tokenizer/unicode.h"
    if (f ~ /^engine\//) {
        if (h ~ /^engine\/[^\/]*\.h$/) return 1
        return h ~ /^(kernels\/kernel|quant\/formats|quant\/quant|quant\/pack|tokenizer\/tokenizer|memory\/memory|memory\/store|policy\/policy)\.h$/
    }
    if (f ~ /^tools\//) {
        if (h == "engine/hearth.h" || h ~ /^tools\//) return 1
        if (f ~ /^tools\/cmd_train[a-z_]*\.c$/) return h ~ /^engine\/(train|adapter|gguf|load)\.h$/
        if (f ~ /^tools\/bpe_train\.[ch]$/) return h == "tokenizer/pretok.h" || h == "engine/gguf_write.h" || h ~ /^engine\/base\//
        if (f == "tools/default/banking.c") return h == "engine/head.h"
        if (f ~ /^tools\/cmd_(metrics|fleet|release)[a-z_]*\.c$/) return h == "policy/policy.h" || h ~ /^engine\/base\//
        return f ~ /^tools\/.*(pack|quantize|inspect|imatrix|convert|json|safetensors)[a-z_]*\.[ch]$/ && (h ~ /^(quant|engine\/base)\// || h ~ /^engine\/(gguf(_write)?|imatrix|observe|json)\.h$/)
    }
    return 0
}

function resolve(h,   dir) {
    if (h ~ /\//) return h
    if (h ~ /\.inc$/) return h
    dir = FILENAME
    sub(/\/[^\/]*$/, "", dir)
    return dir "/" h
}

function check_system_header(h) {
    if (!in_library(FILENAME)) return
    if (h ~ /^(x86intrin|cpuid|arm_[a-z0-9_]*|riscv_vector|wasm_simd128|[a-z]*mmintrin|immintrin)\.h$/) {
        if (FILENAME ~ /^kernels\/[a-z0-9]+\// && FILENAME !~ /^kernels\/ref\//) return
        if (FILENAME == "engine/base/cpu.c") return
        bad("simd header", "<" h "> belongs in kernels/<arch>/")
        return
    }
    if (h ~ /^(stdbool|stddef|stdint|stdarg|string|limits|float)\.h$/) return
    if (FILENAME ~ /^engine\/base\/sys[a-z_]*\.c$/) return
    if (in_base(FILENAME)) {
        if (h ~ /^(stdio|stdlib|assert|locale)\.h$/) bad("system header", "<" h "> outside engine/base/sys*.c")
        if (h == "math.h" && FILENAME !~ /^engine\/base\/fmath\.[ch]$/) bad("system header", "<math.h> outside fmath")
        return
    }
    bad("system header", "<" h "> outside engine/base")
}

function check_include(line,   h) {
    if (line ~ /<[^>]*>/) {
        h = line
        sub(/^[^<]*</, "", h)
        sub(/>.*/, "", h)
        check_system_header(h)
        return
    }
    if (line !~ /"[^"]*"/) return
    h = line
    sub(/^[^"]*"/, "", h)
    sub(/".*/, "", h)
    if (h !~ /\.inc$/ && code_seen && FILENAME !~ /^(tests|bench|tools)\//)
        bad("include place", "\"" h "\" after the first line of code")
    h = resolve(h)
    if (!may_include(FILENAME, h)) bad("include level", FILENAME " may not include " h)
}

# --- calls that the library may not make --------------------------------------------------------------------------
function forbid(list, why,   n, i, w) {
    n = split(list, w, " ")
    for (i = 1; i <= n; i++) forbidden[w[i]] = why
}
BEGIN {
    forbid("malloc calloc realloc free aligned_alloc posix_memalign alloca strdup strndup valloc", "memory comes from the caller")
    forbid("printf fprintf vprintf vfprintf sprintf snprintf vsprintf vsnprintf puts putchar putc fputs fputc getc " \
           "getchar fgets gets fopen fdopen fclose fread fwrite fseek ftell fflush perror scanf fscanf sscanf", "no stdio in the library")
    forbid("exit abort _Exit quick_exit atexit assert raise kill system", "the library never ends the host")
    forbid("getenv setenv putenv setlocale localeconv", "no environment, no locale")
    forbid("strtod strtof strtold atof atoi atol strtol strtoul strtoull strtoll", "depends on the locale or has no bounds: parse by cursor")
    forbid("strcpy strcat strncpy strncat strtok sprintf gets", "no bounds")
    forbid("qsort bsearch rand srand random time clock localtime gmtime", "hidden memory, state or clock")
    nm = split("exp exp2 exp10 expm1 log log2 log10 log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh " \
               "atanh pow sqrt cbrt hypot fma erf erfc tgamma lgamma round rint nearbyint lrint llrint lround llround " \
               "trunc floor ceil fabs fmod remainder ldexp frexp scalbn modf fmin fmax copysign", m, " ")
    for (k = 1; k <= nm; k++) { libm[m[k]] = 1; libm[m[k] "f"] = 1; libm[m[k] "l"] = 1 }
}
function check_calls(line,   rest, name, before, at) {
    if (!in_library(FILENAME) || FILENAME ~ /^engine\/base\/sys[a-z_]*\.c$/) return
    rest = line
    before = ""
    while (match(rest, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
        at = before substr(rest, 1, RSTART - 1)
        name = substr(rest, RSTART, RLENGTH - 1)
        sub(/[ \t]+$/, "", name)
        before = substr(at name "(", length(at name "(") - 3)
        rest = substr(rest, RSTART + RLENGTH)
        if (at ~ /(\.|->)[ \t]*$/) continue
        if (name in forbidden) bad("forbidden call", name ": " forbidden[name])
        else if ((name in libm) && FILENAME !~ /^engine\/base\/fmath\.[ch]$/) bad("forbidden call", name ": libm only through fmath.h")
    }
}

# --- code without comments and literals ---------------------------------------------------------------------------
function strip(line,   out, p) {
    out = ""
    for (;;) {
        if (in_comment) {
            p = index(line, "*/")
            if (p == 0) return out
            line = substr(line, p + 2)
            in_comment = 0
            out = out " "
        }
        if (!match(line, /\/\*|\/\/|"|'/)) return out line
        out = out substr(line, 1, RSTART - 1)
        if (substr(line, RSTART, 2) == "/*") { in_comment = 1; line = substr(line, RSTART + 2); continue }
        if (substr(line, RSTART, 2) == "//") return out
        line = substr(line, RSTART)
        if (substr(line, 1, 1) == "\"") {
            if (!match(line, /^"([^"\\]|\\.)*"/)) return out
            out = out "\"\""
        } else {
            if (!match(line, /^'([^'\\]|\\.)*'/)) return out
            out = out "0"
        }
        line = substr(line, RLENGTH + 1)
    }
}

# --- functions and file-level names -------------------------------------------------------------------------------
# head: text at brace depth 0 since the last ; or }. A '{' after a head with '(' and no '=' opens a function.
function function_name(h,   name) {
    gsub(/__attribute__[ \t]*\(\([^)]*(\([^)]*\))?[^)]*\)\)/, "", h)
    gsub(/HR_(KERNEL|T_[A-Z0-9]*)[ \t]*(\([^)]*\))?/, "", h)
    sub(/^.*HR_TARGET[A-Z_]*\([^)]*\)/, "", h)
    if (!match(h, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) return ""
    name = substr(h, RSTART, RLENGTH - 1)
    sub(/[ \t]+$/, "", name)
    return name
}
function note_name(name, kind) {
    if (!in_library(FILENAME) || FILENAME !~ /\.c$/ || name == "") return
    if ((name in owner) && owner[name] != FILENAME) bad("duplicate name", kind " " name " is also in " owner[name])
    else owner[name] = FILENAME
}
function close_function(   limit, n) {
    n = FNR - fn_line + 1
    limit = FILENAME ~ /^kernels\// ? 120 : 70
    if (fn_name != "" && n > limit) bad("function length", fn_name " has " n " lines, the limit is " limit)
}
function check_static(h,   name) {
    if (!in_library(FILENAME)) return
    if (h !~ /^[ \t]*static[ \t]/) return
    if (h ~ /(^|[^A-Za-z0-9_])const([^A-Za-z0-9_]|$)/) {
        name = h
        sub(/[ \t]*(\[|=).*/, "", name)
        sub(/.*[^A-Za-z0-9_]/, "", name)
        if (depth == 0) note_name(name, "static")
        return
    }
    if (h ~ /\(/ && h !~ /=/) return
    if (h ~ /\(/ && index(h, "(") < index(h, "=")) return
    if (FILENAME ~ /^engine\/base\/(cpu|guard|sys[a-z_]*)\.c$/) return
    bad("mutable static", "the library has no state of its own")
}
function walk(line,   i, c, n) {
    while (match(line, /[{};]/)) {
        c = substr(line, RSTART, 1)
        head = head substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + 1)
        if (c == "{") {
            if (depth == 0 && head ~ /\(/ && head !~ /=/ && head !~ /^[ \t]*(typedef|struct|enum|union)[ \t][^(]*$/) {
                fn_name = function_name(head)
                fn_line = head_line ? head_line : FNR
                if (head ~ /(static|HR_PRIVATE|HR_INLINE)/) note_name(fn_name, "function")
            } else if (head ~ /=/) check_static(head)
            if (head ~ /=/) was_init = depth + 1
            depth++
        } else if (c == "}") {
            depth--
            if (depth == 0) { close_function(); fn_name = "" }
            if (depth < 0) depth = 0
        } else check_static(head)
        head = ""
        head_line = 0
    }
    if (line ~ /[^ \t]/ && head !~ /[^ \t]/) head_line = FNR
    head = head line " "
}

# --- per file ---------------------------------------------------------------------------------------------------
function begin_file() {
    end_file()
    current = FILENAME
    is_code = FILENAME ~ /\.[ch]$/
    generated = FILENAME ~ /_tab[a-z_]*\.[ch]$/
    in_comment = 0; depth = 0; head = ""; head_line = 0; fn_name = ""; code_seen = 0; level = 0; in_directive = 0
    split("", macro_line)
    split("", saved)
}
function end_file(   m) {
    if (current == "") return
    for (m in macro_line) {
        printf "%s:%d: macro left: %s is not undefined at the end of the file\n", current, macro_line[m], m
        failures++
    }
    if (is_code && !generated && lines > 900) {
        printf "%s:%d: file length: %d lines, the limit is 900\n", current, lines, lines
        failures++
    }
    if (current == "engine/hearth.h" && lines > 500) {
        printf "%s:%d: file length: %d lines, the limit of the public header is 500\n", current, lines, lines
        failures++
    }
}
function directive(line,   name) {
    if (line ~ /^[ \t]*#[ \t]*include/) check_include(line)
    else if (line ~ /^[ \t]*#[ \t]*if/) saved[++level] = depth
    else if (line ~ /^[ \t]*#[ \t]*el/) { if (level) depth = saved[level] }
    else if (line ~ /^[ \t]*#[ \t]*endif/) { if (level) level-- }
    else if (line ~ /^[ \t]*#[ \t]*(define|undef)[ \t]/ && in_library(FILENAME) && FILENAME ~ /\.c$/) {
        name = line
        sub(/^[ \t]*#[ \t]*(define|undef)[ \t]+/, "", name)
        sub(/[^A-Za-z0-9_].*/, "", name)
        if (line ~ /#[ \t]*undef/) delete macro_line[name]
        else macro_line[name] = FNR
    }
}

FNR == 1 { begin_file() }
{ lines = FNR }
/\r$/ { bad("line end", "carriage return") }
/[ \t]$/ { if (FILENAME !~ /^tests\/seeds\//) bad("white space", "at the end of the line") }
/\t/ { if (is_code) bad("white space", "tab") }
length($0) > 130 { if (is_code && !generated && $0 !~ /-----/) bad("line length", length($0) " columns, the limit is 130") } # aim at 120
/[^\t -~\r]/ { if (!generated && FILENAME !~ /^tests\//) bad("not ascii", "a byte outside ASCII") }
/(^|[^A-Za-z0-9_.])\/(home|root|work|Users|mnt)\/[A-Za-z0-9._]/ { bad("machine path", "a path of one machine") }
is_code {
    if (in_directive) { in_directive = ($0 ~ /\\$/); next }
    if (!in_comment && $0 ~ /^[ \t]*#/) { directive($0); in_directive = ($0 ~ /\\$/); strip($0); next }
    code = strip($0)
    if (code !~ /[^ \t]/) next
    if (code !~ /^[ \t]*HR_TARGET_BEGIN/) code_seen = 1
    check_calls(code)
    walk(code)
}
END {
    end_file()
    if (failures) exit 1
}
