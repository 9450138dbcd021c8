/* The hearth command as a shell sees it: words, options, exit codes, messages, JSON, files. Figures are checked against
 * sums made here from other outputs of the command or from what llama.cpp gave (../shared/data). */
#include "tests/t.h"
#include <sys/wait.h>

static char out[1 << 20]; /* stdout and stderr of the last command */

/* runs a shell line in which "hearth" stands for the command of this build */
__attribute__((format(printf, 1, 2))) static int sh(const char *fmt, ...) {
    char line[4000], full[6000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    snprintf(full, sizeof full, "hearth() { %s \"$@\"; }; { %s\n} 2>&1", t_hearth(), line);
    FILE *p = popen(full, "r");
    size_t n = p ? fread(out, 1, sizeof out - 1, p) : 0;
    out[n] = 0;
    int s = p ? pclose(p) : -1;
    return WIFEXITED(s) ? WEXITSTATUS(s) : 128;
}
static bool says(const char *text) {
    if (strstr(out, text)) return true;
    printf("    no '%s' in: %.300s\n", text, out);
    return false;
}
static double figure(const char *name) { /* the number after a name */
    const char *p = strstr(out, name);
    return p ? strtod(p + strlen(name), NULL) : NAN;
}
static bool write_file(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(data, 1, n, f) == n;
    return f && fclose(f) == 0 && ok;
}
static char *read_file(const char *path, size_t *n) {
    static char data[4][1 << 21];
    static unsigned next;
    char *p = data[next++ % 4];
    FILE *f = fopen(path, "rb");
    *n = f ? fread(p, 1, sizeof data[0], f) : 0;
    if (f) fclose(f);
    return p;
}

/* --- JSON, strictly (RFC 8259, UTF-8 included) ------------------------------------------------------------------- */
static const unsigned char *value(const unsigned char *p, int depth);
static const unsigned char *space(const unsigned char *p) {
    while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r') p++;
    return p;
}
static const unsigned char *string(const unsigned char *p) {
    if (*p++ != '"') return NULL;
    while (*p != '"') {
        if (*p < 0x20) return NULL;
        if (*p == '\\') {
            if (p[1] == 'u') {
                for (int i = 2; i < 6; i++) if (!strchr("0123456789abcdefABCDEF", p[i]) || !p[i]) return NULL;
                p += 6;
            } else if (p[1] && strchr("\"\\/bfnrt", p[1])) p += 2;
            else return NULL;
            continue;
        }
        int more = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : -1;
        if (more < 0 || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f)) return NULL;
        for (p++; more > 0; more--, p++) if ((*p & 0xc0) != 0x80) return NULL;
    }
    return p + 1;
}
static const unsigned char *members(const unsigned char *p, char close, int depth) {
    p = space(p + 1);
    if (*p == close) return p + 1;
    for (;;) {
        if (close == '}') {
            if (!(p = string(space(p))) || *(p = space(p)) != ':') return NULL;
            p++;
        }
        if (!(p = value(p, depth + 1))) return NULL;
        p = space(p);
        if (*p == close) return p + 1;
        if (*p++ != ',') return NULL;
    }
}
static const unsigned char *value(const unsigned char *p, int depth) {
    p = space(p);
    if (depth > 20) return NULL;
    if (*p == '{') return members(p, '}', depth);
    if (*p == '[') return members(p, ']', depth);
    if (*p == '"') return string(p);
    if (strncmp((const char *)p, "true", 4) == 0 || strncmp((const char *)p, "null", 4) == 0) return p + 4;
    if (strncmp((const char *)p, "false", 5) == 0) return p + 5;
    const unsigned char *begin = p;
    if (*p == '-') p++;
    if (!(*p >= '0' && *p <= '9') || (*p == '0' && p[1] >= '0' && p[1] <= '9')) return NULL;
    while (*p && strchr("0123456789.eE+-", *p)) p++;
    return p > begin ? p : NULL;
}
static bool is_json(void) {
    const unsigned char *p = value((const unsigned char *)out, 0);
    bool ok = p && *space(p) == 0;
    if (!ok) printf("    not JSON: %.300s\n", out);
    return ok;
}

/* --- words and options ------------------------------------------------------------------------------------------- */
static const char *const words[] = {"run", "tokenize", "logits", "perplexity", "inspect", "plan", "selfcheck"};
T_TEST(help_everywhere) {
    T_EQ_I(sh("hearth"), 2);
    T_EQ_I(sh("hearth --help"), 0);
    for (int i = 0; i < 7; i++) T_CHECK(says(words[i]));
    T_EQ_I(sh("hearth --version"), 0);
    for (int i = 0; i < 7; i++) {
        T_EQ_I(sh("hearth %s --help", words[i]), 0);
        T_CHECK(says("--json"));
        T_EQ_I(sh("hearth %s -h 2>/dev/null | head -n 1 | grep -c '^hearth %s '", words[i], words[i]), 0);
    }
}
T_TEST(misuse) {
    static const char *const later[] = {"chat", "ask", "embed",
                                        "adapter", "serve"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        T_EQ_I(sh("hearth %s x", later[i]), 2);
        T_CHECK(says("not built yet"));
    }
    T_EQ_I(sh("hearth rum"), 2), T_CHECK(says("hearth: rum: "));
    for (int i = 0; i < 6; i++) T_EQ_I(sh("hearth %s", words[i]), 2), T_CHECK(says("MODEL"));
    T_EQ_I(sh("hearth run m -p x --tempp 1"), 2), T_CHECK(says("--tempp") && says("--temp?"));
    T_EQ_I(sh("hearth run m -p x --bogus"), 2), T_CHECK(says("hearth: --bogus: unknown option"));
    T_EQ_I(sh("hearth run m"), 2), T_CHECK(says("-p"));
    T_EQ_I(sh("hearth run m -p x -f y"), 2);
    T_EQ_I(sh("hearth run m n -p x"), 2), T_CHECK(says("too many"));
    T_EQ_I(sh("hearth run m -p"), 2), T_CHECK(says("needs a value"));
    T_EQ_I(sh("hearth run m -p x --json=1"), 2);
    T_EQ_I(sh("hearth logits m"), 2);
    T_EQ_I(sh("hearth perplexity m"), 2);
    T_EQ_I(sh("hearth tokenize m --ids --text </dev/null"), 2);
}
T_TEST(numbers_are_strict) {
    static const char *const bad[] = {
        "-n 1x", "-n ''", "-n -1", "-n 1.5", "-n 0x10", "-n ' 1'", "-n 99999999999999999999", "--temp abc",
            "--temp nan",
        "--temp inf", "--temp -1", "--temp 1e99", "--temp 0x1p3", "--top-p 1.1", "--top-k -3", "--min-p 2", "--seed -1",
        "--seed 18446744073709551616", "--ctx 0", "--batch 0", "--threads -1", "--kv q8", "--isa avx9", "--budget 1T",
        "--budget 1KB", "--budget 99999999999999G", "--typical x", "--repeat 0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(bad[i], " "), bad[i]);
        if (!T_EQ_I(sh("hearth run no-such-model -p x %s", bad[i]), 2)) printf("    %s: %.200s\n", bad[i], out);
        T_CHECK(strncmp(out, "hearth: ", 8) == 0);
    }
    /* the same options with good values get as far as the file */
    T_EQ_I(sh("hearth run no-such-model -p x -n 1 --temp=0.5 --top-p 1 --top-k 3 --min-p .1 --seed 18446744073709551615 "
              "--ctx 9 --batch 1 --threads 2 --kv i8 --isa avx2,scalar --budget 1G --typical 1 --repeat 1.1"), 1);
    T_CHECK(says("hearth: no-such-model: "));
}
T_TEST(broken_files) {
    const char *path = t_tmp("bad.gguf");
    T_CHECK(write_file(path, "GGUF\3\0\0\0\377\377\377\377\377\377\377\377", 16));
    for (int i = 0; i < 6; i++) {
        const char *more = i == 0 ? "-p x" : i == 2 || i == 3 ? "-f /dev/null" : "";
        T_EQ_I(sh("hearth %s '%s' %s </dev/null", words[i], path, more), 1);
        T_CHECK(strncmp(out, "hearth: ", 8) == 0 && says("(offset "));
        T_EQ_I(sh("hearth %s '%s' %s </dev/null", words[i], t_tmp("none.gguf"), more), 1);
        T_CHECK(says("none.gguf"));
        T_EQ_I(sh("hearth %s '%s' %s </dev/null", words[i], t_tmp("."), more), 1);
    }
    T_EQ_I(sh("hearth selfcheck '%s'", path), 1);
}
T_TEST(selfcheck_of_the_kernels) {
    T_EQ_I(sh("hearth selfcheck"), 0);
    T_CHECK(says("ok   ") && says(" 0 wrong"));
    T_EQ_I(sh("hearth selfcheck --isa scalar --json"), 0);
    T_CHECK(is_json() && says("\"n_bad\": 0"));
}

/* --- with a model ------------------------------------------------------------------------------------------------- */
#define MODEL t_data("models/stories260K.gguf")
static const char story[] = "Once upon a time, there was a little girl named Lily.";
T_TEST(runs) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    T_EQ_I(sh("hearth run '%s' -p '' --greedy -n 50", MODEL), 0);
    T_CHECK(strncmp(out, story, strlen(story)) == 0);
    static char first[4096];
    snprintf(first, sizeof first, "%.4000s", out);
    T_EQ_I(sh("hearth run '%s' -f /dev/null --temp 0 -n 50 --threads 1 --isa scalar --no-mmap --batch 1", MODEL), 0);
    T_EQ_STR(out, first);
    T_EQ_I(sh("printf 'Once upon' | hearth run '%s' -f - --greedy -n 5 --guard", MODEL), 0);
    T_CHECK(strncmp(out, " a time, there", 14) == 0);
    T_EQ_I(sh("hearth run '%s' -p '' --greedy -n 50 --stop girl --stop 'little girl'", MODEL), 0);
    T_EQ_STR(out, "Once upon a time, there was a \n");
    T_EQ_I(sh("hearth run '%s' -p 'The dog' --seed 7 --temp 1.2 -n 40", MODEL), 0);
    snprintf(first, sizeof first, "%.4000s", out);
    T_EQ_I(sh("hearth run '%s' -p 'The dog' --seed 7 --temp 1.2 -n 40 --threads 2 --ctx 77", MODEL), 0);
    T_EQ_STR(out, first);
    T_EQ_I(sh("hearth run '%s' -p 'The dog' --seed 8 --temp 1.2 -n 40", MODEL), 0);
    T_CHECK(strcmp(out, first) != 0);
    T_EQ_I(sh("hearth run '%s' -p '' --greedy -n 20 --json", MODEL), 0);
    T_CHECK(is_json() && says("\"text\": \"Once upon a time, there") && says("\"end\": \"limit\"") &&
            says("\"n_generated\": 20"));
    T_EQ_I(sh("hearth run '%s' -p '' --ctx 30 --ignore-end --json", MODEL), 0);
    T_CHECK(is_json() && says("\"end\": \"context full\"") && says("\"n_generated\": 30"));
}
T_TEST(refusals_with_a_model) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    T_EQ_I(sh("hearth run '%s' -p 'a long prompt that has more tokens than this' --ctx 4", MODEL), 1);
    T_CHECK(says("hearth: prompt: ") && says("of 4 has room for 4"));
    T_EQ_I(sh("hearth run '%s' -p x --budget 1000", MODEL), 1);
    T_EQ_I(sh("hearth run '%s' -p x --stop ''", MODEL), 1), T_CHECK(says("sampling.stop[0]"));
    T_EQ_I(sh("hearth run '%s' -f '%s'", MODEL, t_tmp("none")), 1), T_CHECK(says("none"));
    T_EQ_I(sh("hearth logits '%s' -f /dev/null --no-bos", MODEL), 1), T_CHECK(says("no tokens"));
    T_EQ_I(sh("hearth logits '%s' -p x -o /no/such/folder/out", MODEL), 1), T_CHECK(says("/no/such/folder/out"));
    T_EQ_I(sh("echo '1 5 x' | hearth tokenize '%s' --decode", MODEL), 1), T_CHECK(says("byte 4"));
    T_EQ_I(sh("echo '1 99999' | hearth tokenize '%s' --decode", MODEL), 1);
    T_EQ_I(sh("echo '99999999999' | hearth tokenize '%s' --decode", MODEL), 1);
}
T_TEST(output_that_cannot_be_written) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    if (access("/dev/full", W_OK) != 0) T_SKIP("no /dev/full");
    T_EQ_I(sh("hearth run '%s' -p '' -n 5 >/dev/full", MODEL), 1), T_CHECK(says("hearth: stdout: "));
    T_EQ_I(sh("hearth --help >/dev/full"), 1);
    T_EQ_I(sh("hearth inspect '%s' >/dev/full", MODEL), 1);
    T_EQ_I(sh("hearth plan '%s' --json >/dev/full", MODEL), 1);
    T_EQ_I(sh("hearth logits '%s' -p x -o /dev/full", MODEL), 1), T_CHECK(says("hearth: /dev/full: "));
    T_CHECK(access("/dev/full", W_OK) == 0);
    const char *code = t_tmp("code");
    sh("{ hearth run '%s' -p '' --ignore-end --ctx 400 2>/dev/null; echo $? >'%s'; } | head -c 1 >/dev/null", MODEL,
       code);
    usleep(100000);
    size_t n;
    const char *text = read_file(code, &n);
    T_CHECK(n == 2 && text[0] == '1');
}
T_TEST(output_takes_no_input_away) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    const char *copy = t_tmp("copy.gguf"), *text = t_tmp("text.txt"), *link = t_tmp("link.gguf");
    T_EQ_I(sh("cp '%s' '%s' && ln -sf '%s' '%s' && printf abc >'%s'", MODEL, copy, copy, link, text), 0);
    T_EQ_I(sh("hearth logits '%s' -p x -o '%s'", copy, copy), 2), T_CHECK(says("also read"));
    T_EQ_I(sh("hearth logits '%s' -p x -o '%s'", copy, link), 2), T_CHECK(says("also read"));
    T_EQ_I(sh("hearth logits '%s' -f '%s' -o '%s'", copy, text, text), 2), T_CHECK(says("also read"));
    T_EQ_I(sh("cmp '%s' '%s' && test $(cat '%s') = abc", MODEL, copy, text), 0);
}
T_TEST(output_above_the_size_limit) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    const char *big = t_tmp("big");
    T_EQ_I(sh("ulimit -f 1; hearth logits '%s' -p 'Once upon a time' -o '%s'", MODEL, big), 1);
    T_CHECK(says("cannot be written"));
    T_EQ_I(sh("ls '%s'*", big) != 0, 1);
}
T_TEST(interrupts) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    const char *text = t_tmp("text"), *err = t_tmp("err");
    /* runs for minutes unless it is stopped: waits for the first text, then interrupts */
    int code = sh("%s run '%s' -p '' --ignore-end --ctx 100000 -n 100000 >'%s' 2>'%s' & p=$!; "
                  "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do "
                  "[ -s '%s' ] && break; sleep 0.2; done; kill -INT $p; wait $p", t_hearth(), MODEL, text, err, text);
    size_t n;
    T_EQ_I(code, 1);
    const char *said = read_file(err, &n);
    T_CHECK(n > 0 && strstr(said, "interrupted") != NULL);
    const char *got = read_file(text, &n);
    T_CHECK(n > 5 && strncmp(got, "Once", n < 4 ? n : 0) == 0 && got[n - 1] == '\n');
}
T_TEST(tokens) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    T_EQ_I(sh("printf 'Once upon' | hearth tokenize '%s'", MODEL), 0);
    T_EQ_STR(out, "1\n403\n407\n"); /* llama.cpp's ids: shared/data/models/reference begins so */
    T_EQ_I(sh("printf 'Once upon' | hearth tokenize '%s' --ids --no-bos", MODEL), 0);
    T_EQ_STR(out, "403\n407\n");
    T_EQ_I(sh("printf 'Once upon' | hearth tokenize '%s' --text", MODEL), 0);
    T_EQ_STR(out, "1\t<s>\n403\t\xe2\x96\x81Once\n407\t\xe2\x96\x81upon\n");
    T_EQ_I(sh("printf 'a</s>b' | hearth tokenize '%s' | grep -cx 2", MODEL), 0);
    T_EQ_I(sh("printf 'a</s>b' | hearth tokenize '%s' --plain | grep -cx 2", MODEL), 1);
    T_EQ_I(sh("hearth tokenize '%s' --no-bos </dev/null", MODEL), 0);
    T_EQ_STR(out, "");
    T_EQ_I(sh("printf 'Tom said: \"caf\\303\\251\"\\n\\n ok' | hearth tokenize '%s' | hearth tokenize '%s' --decode",
              MODEL,
              MODEL), 0);
    T_EQ_STR(out, "Tom said: \"caf\xc3\xa9\"\n\n ok");
    T_EQ_I(sh("echo 1,403 | hearth tokenize '%s' --decode --text", MODEL), 0);
    T_CHECK(strncmp(out, "<s>", 3) == 0);
    /* every byte there is */
    T_EQ_I(sh("seq 3 258 | hearth tokenize '%s' --decode --json", MODEL), 0);
    T_CHECK(is_json());
    T_EQ_I(sh("printf '\\001\"\\\\ \\377\\n' | hearth tokenize '%s' --json", MODEL), 0);
    T_CHECK(is_json());
}
T_TEST(logits_and_their_hash) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    char hash[64] = "";
    const char *path = t_tmp("out.f32");
    size_t n;
    T_EQ_I(sh("hearth logits '%s' -p '%s' -o '%s'", MODEL, story, path), 0);
    size_t tokens = (size_t)figure("n_tokens ");
    T_CHECK(sscanf(out, "hash %63[0-9a-f]\n", hash) == 1 && strlen(hash) == 16);
    T_CHECK(tokens > 5 && figure("n_vocab ") == 512);
    static char first[1 << 21];
    memcpy(first, read_file(path, &n), sizeof first);
    T_EQ_U(n, tokens * 512 * 4);
    static const char *const ways[] = {"--batch 1", "--batch 7 --threads 3", "--isa scalar --batch 3",
                                       "--no-mmap --ctx 100"};
    for (int i = 0; i < 4; i++) {
        T_EQ_I(sh("hearth logits '%s' -p '%s' -o '%s' %s", MODEL, story, path, ways[i]), 0);
        T_CHECK(says(hash));
        T_EQ_MEM(read_file(path, &n), first, tokens * 512 * 4);
    }
    T_EQ_I(sh("hearth logits '%s' -p '%s' --kv i8", MODEL, story), 0), T_CHECK(strstr(out, hash) == NULL);
    T_EQ_I(sh("printf '%s' | hearth tokenize '%s' >'%s' && hearth logits '%s' -f '%s' --ids", story, MODEL,
              t_tmp("ids"),
              MODEL, t_tmp("ids")), 0);
    T_CHECK(says(hash));
    T_EQ_I(sh("hearth logits '%s' -p '%s' --json", MODEL, story), 0), T_CHECK(is_json() && says(hash));
    /* a failure leaves what was there, and nothing beside it */
    T_EQ_I(sh("hearth logits '%s' -p '%s' -o '%s' --ctx 5", MODEL, story, path), 1);
    T_EQ_MEM(read_file(path, &n), first, tokens * 512 * 4);
    T_EQ_I(sh("ls '%s' | grep -c part", t_tmp(".")), 1);
}
/* log-probability of token `id` in a row, f64 */
static double log_prob(const float *x, int id) {
    double best = x[0], sum = 0;
    for (int i = 1; i < 512; i++) best = x[i] > best ? x[i] : best;
    for (int i = 0; i < 512; i++) sum += exp(x[i] - best);
    return x[id] - best - log(sum);
}
static float rows[2][300][512];
static int load_rows(const char *model, const char *text, int which) {
    const char *path = t_tmp("rows.f32");
    size_t n;
    if (!T_EQ_I(sh("hearth logits '%s' -f '%s' -o '%s'", model, text, path), 0)) return 0;
    const char *data = read_file(path, &n);
    if (n > sizeof rows[0]) n = sizeof rows[0];
    memcpy(rows[which], data, n);
    return (int)(n / 2048);
}
T_TEST(perplexity_of_a_text) {
    const char *text = t_tmp("story.txt");
    int ids[300], n = 0;
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    T_CHECK(write_file(text, story, strlen(story)));
    T_EQ_I(sh("hearth tokenize '%s' <'%s'", MODEL, text), 0);
    for (char *p = out; *p && n < 300; p = strchr(p, '\n') + 1) ids[n++] = atoi(p);
    T_NEED(n > 8 && load_rows(MODEL, text, 0) == n);
    /* one window: the second half is scored, tokens n/2+1 to n-1; and the same with two windows of an even size, the
     * first of which is the beginning of the text */
    double sum = 0, squares = 0;
    int count = 0;
    for (int i = n / 2; i < n - 1; i++, count++) {
        double nll = -log_prob(rows[0][i], ids[i + 1]);
        sum += nll, squares += nll * nll;
    }
    double mean = sum / count, error = sqrt((squares / count - mean * mean) / (count - 1)) * exp(mean);
    T_EQ_I(sh("hearth perplexity '%s' -f '%s' --ctx %d", MODEL, text, n), 0);
    T_NEAR(figure("perplexity "), exp(mean), 1e-5 * exp(mean)); /* printed with 6 digits */
    T_NEAR(figure("+/- "), error, 6e-3 * error);                /* with 3 */
    T_EQ_I((int)figure("scored "), count);
    T_EQ_I(sh("hearth perplexity '%s' -f '%s' --ctx %d --json", MODEL, text, n), 0);
    T_CHECK(is_json());
    T_NEAR(figure("\"perplexity\": "), exp(mean), 1e-7 * exp(mean));
    T_EQ_I(sh("hearth perplexity '%s' -f '%s' --ctx 3", MODEL, text), 1), T_CHECK(says("at least 4"));
}
T_TEST(distance_between_models) {
    const char *other = t_data("models/stories260K-Q4_K.gguf"), *text = t_tmp("story.txt"), *base = t_tmp("base.f32");
    if (!MODEL || !other) T_SKIP("no models/stories260K-Q4_K.gguf");
    T_CHECK(write_file(text, story, strlen(story)));
    int n = load_rows(MODEL, text, 0), same = 0;
    T_NEED(n > 5 && load_rows(other, text, 1) == n);
    double sum = 0, largest = 0;
    for (int t = 0; t < n; t++) {
        double kl = 0;
        int a = 0, b = 0;
        for (int i = 0; i < 512; i++) {
            double p = log_prob(rows[0][t], i), q = log_prob(rows[1][t], i);
            kl += exp(p) * (p - q);
            if (rows[0][t][i] > rows[0][t][a]) a = i;
            if (rows[1][t][i] > rows[1][t][b]) b = i;
        }
        same += a == b;
        sum += kl;
        if (kl > largest) largest = kl;
    }
    T_EQ_I(sh("hearth logits '%s' -f '%s' -o '%s'", MODEL, text, base), 0);
    T_EQ_I(sh("hearth perplexity '%s' -f '%s' --base '%s'", other, text, base), 0);
    T_CHECK(sum > 0);
    T_NEAR(figure("kl_mean "), sum / n, 1e-5 * sum / n);
    T_NEAR(figure("kl_max "), largest, 1e-5 * largest);
    T_EQ_I((int)figure("top1 "), same);
    T_EQ_I((int)figure("scored "), n - 1);
    T_EQ_I(sh("hearth perplexity '%s' -f '%s' --base '%s' --json", other, text, base), 0), T_CHECK(is_json());
    T_CHECK(write_file(text, story, 20));
    T_EQ_I(sh("hearth perplexity '%s' -f '%s' --base '%s'", other, text, base), 1);
    T_EQ_I(sh("hearth perplexity '%s' -f '%s' --base /dev/null", other, text), 1);
    T_EQ_I(sh("hearth perplexity '%s' --base '%s'", other, base), 1), T_CHECK(says("-f"));
}
T_TEST(equals_llama_cpp) {
    const char *reference = t_data("models/reference/stories260K.logits"),
        *prompt = t_data("models/reference/prompt.txt");
    if (!MODEL || !reference || !prompt) T_SKIP("no models/reference");
    T_EQ_I(sh("hearth perplexity '%s' --base '%s'", MODEL, reference), 0);
    T_CHECK(figure("kl_max ") < 1e-8 && says("top1 128 of 128 (100.00 %)"));
    T_EQ_I(sh("hearth perplexity '%s' --base '%s' -f '%s'", MODEL, reference, prompt), 0); /* our ids equal its ids */
    T_CHECK(says("top1 128 of 128 (100.00 %)"));
}
T_TEST(plans) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    T_EQ_I(sh("hearth plan '%s' --ctx 64", MODEL), 0);
    T_CHECK(says("total"));
    T_EQ_I(sh("hearth plan '%s' --ctx 64 --json", MODEL), 0);
    T_CHECK(is_json());
    const char *last = strstr(out, "\"ctx_tokens\"");
    T_NEED(last != NULL);
    double total = strtod(strstr(last, "total_bytes\": ") + 14, NULL);
    T_EQ_I(sh("hearth plan '%s' --ctx 64 --budget %.0f", MODEL, total), 0);
    T_EQ_I(sh("hearth plan '%s' --ctx 64 --budget %.0f", MODEL, total - 1), 1), T_CHECK(says("--budget"));
    /* what the plan says is exactly what is enough */
    T_EQ_I(sh("hearth run '%s' -p x --ctx 64 -n 3 --budget %.0f", MODEL, total), 0);
    T_EQ_I(sh("hearth run '%s' -p x --ctx 64 -n 3 --budget %.0f", MODEL, total - 1), 1);
    T_EQ_I(sh("hearth plan '%s' --ctx 64 --kv i8 --json", MODEL), 0);
    T_CHECK(strtod(strstr(strstr(out, "\"ctx_tokens\""), "total_bytes\": ") + 14, NULL) < total);
}
T_TEST(inspects) {
    if (!MODEL) T_SKIP("no models/stories260K.gguf");
    T_EQ_I(sh("hearth inspect '%s'", MODEL), 0);
    T_CHECK(says("GGUF version") && says("general.architecture") && says("48 tensors") && !strstr(out, "blk.4.ffn_up"));
    T_EQ_I(sh("hearth inspect '%s' --tensors", MODEL), 0);
    T_CHECK(says("blk.4.ffn_up.weight") && says("64 x 172"));
    T_EQ_I(sh("hearth inspect '%s' --tensors --json", MODEL), 0);
    T_CHECK(is_json() && says("\"name\": \"blk.4.ffn_up.weight\""));
    T_EQ_I(sh("hearth selfcheck '%s'", MODEL), 0);
}
/* a container whose strings are made to break JSON and terminals */
T_TEST(hostile_strings) {
    static const unsigned char file[] = "GGUF\3\0\0\0" "\0\0\0\0\0\0\0\0" "\2\0\0\0\0\0\0\0"
        "\24\0\0\0\0\0\0\0general.architecture" "\10\0\0\0" "\6\0\0\0\0\0\0\0\"\\\n\033{}"
        "\14\0\0\0\0\0\0\0general.name" "\10\0\0\0" "\12\0\0\0\0\0\0\0\033[2J\377\300\257\",:";
    const char *path = t_tmp("hostile.gguf");
    T_CHECK(write_file(path, file, sizeof file - 1));
    int code = sh("hearth inspect '%s' --json", path);
    T_CHECK(code == 1 || is_json());
    T_CHECK(strchr(out, '\033') == NULL);
    code = sh("hearth inspect '%s'", path);
    T_CHECK(code == 0 || code == 1);
    T_CHECK(strchr(out, '\033') == NULL);
    T_EQ_I(sh("hearth run '%s' -p x", path), 1);
    T_CHECK(strchr(out, '\033') == NULL);
    T_EQ_I(sh("hearth run \"$(printf '\\033[2Jx')\" -p x"), 1);
    T_CHECK(strchr(out, '\033') == NULL);
}
T_MAIN(T_RUN(help_everywhere), T_RUN(misuse), T_RUN(numbers_are_strict), T_RUN(broken_files),
       T_RUN(selfcheck_of_the_kernels), T_RUN(runs), T_RUN(refusals_with_a_model), T_RUN(output_that_cannot_be_written),
       T_RUN(output_takes_no_input_away), T_RUN(output_above_the_size_limit),
       T_RUN(interrupts), T_RUN(tokens), T_RUN(logits_and_their_hash), T_RUN(perplexity_of_a_text),
       T_RUN(distance_between_models), T_RUN(equals_llama_cpp), T_RUN(plans), T_RUN(inspects), T_RUN(hostile_strings))
