/* cmd_release.c: `hearth release`: keys, signatures, and a folder that holds what a device remembers and its slots. The
 * library verifies and decides; files are written here, each synced before the state that names it. */
#include "policy/policy.h"
#include "tools/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct release_job {
    const char *folder, *root, *class_name;
    uint64_t now;
    bool json, fresh;
    uint8_t secret[32];
    hearth_releases s;
} release_job;
static const char *const kind_words[] = {"model", "prompt", "adapter", "policy", "kill"};
static const char *const verdict_words[] = {"wait", "have", "install"};

static void join_path(char out[4096], const char *a, const char *b) { snprintf(out, 4096, "%s/%s", a, b); }
static int write_synced(const char *path, const void *data, size_t n, off_t at) {
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    bool ok = fd >= 0 && pwrite(fd, data, n, at) == (ssize_t)n && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0) ok = false;
    return ok ? CLI_OK : cli_fail(path, "cannot be written: %s", strerror(errno));
}
static int sync_folder(const char *path) {
    const int fd = open(path, O_RDONLY);
    const bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return ok ? CLI_OK : cli_fail(path, "cannot be synced: %s", strerror(errno));
}
static int read_random(uint8_t out[32]) {
    FILE *f = fopen("/dev/urandom", "rb");
    const bool ok = f && fread(out, 1, 32, f) == 32;
    if (f) fclose(f);
    return ok ? CLI_OK : cli_fail("/dev/urandom", "cannot be read");
}
static void print_hex(char *out, const uint8_t *b, size_t n) {
    for (size_t i = 0; i < n; i++) snprintf(out + 2 * i, 3, "%02x", b[i]);
}

/* --- the publisher's side: not in a build on the one-file library, which only verifies -------------------- */
#if !defined(HEARTH_DROP_TOOLS)
static int make_key(const char *path) {
    uint8_t seed[32];
    char hex[66], line[HR_RELEASE_LINE + 1];
    if (read_random(seed) != CLI_OK) return CLI_FAILED;
    print_hex(hex, seed, 32);
    hex[64] = '\n';
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600); /* a key is never written over */
    bool ok = fd >= 0 && write(fd, hex, 65) == 65 && fsync(fd) == 0;
    const int why = errno;
    if (fd >= 0) close(fd);
    if (!ok) return cli_fail(path, "cannot be written: %s", strerror(why));
    hr_release_sign(seed, NULL, 0, line, NULL);
    printf("%s\n", line);
    return CLI_OK;
}
static int read_seed(const char *path, uint8_t seed[32]) {
    char *text = NULL;
    size_t n = 0;
    if (cli_read_file(path, &text, &n) != CLI_OK) return CLI_FAILED;
    bool ok = n == 65 && text[64] == '\n';
    for (size_t i = 0; ok && i < 64; i++) {
        const char *at = memchr("0123456789abcdef", text[i], 16);
        const int v = at ? (int)(strchr("0123456789abcdef", *at) - "0123456789abcdef") : -1;
        ok = v >= 0;
        if (ok && v >= 0) seed[i / 2] = (uint8_t)(i % 2 ? seed[i / 2] << 4 | v : v);
    }
    memset(text, 0, n);
    free(text);
    return ok ? CLI_OK : cli_fail(path, "64 hex digits and a new line are expected");
}
static int sign_text(const char *key, const char *path) {
    uint8_t seed[32];
    char *text = NULL, line[HR_RELEASE_LINE + 1];
    size_t n = 0;
    hearth_error err = {0}; /* hr_error has its layout */
    cli_out out;
    if (read_seed(key, seed) != CLI_OK || cli_read_file(path, &text, &n) != CLI_OK) return CLI_FAILED;
    int code = hr_release_sign(seed, text, n, line, (hr_error *)(void *)&err) == HEARTH_OK ? CLI_OK : cli_report(&err, path);
    memset(seed, 0, sizeof seed);
    if (code == CLI_OK) code = cli_out_open(&out, path);
    if (code == CLI_OK) {
        code = cli_out_write(&out, text, n) != CLI_OK ? CLI_FAILED : cli_out_write(&out, line, HR_RELEASE_LINE);
        if (code == CLI_OK) code = cli_out_commit(&out);
        else cli_out_abandon(&out);
    }
    free(text);
    return code;
}

#else
static int make_key(const char *path) { return cli_fail(path, "this build has no signing: use build/hearth"); }
static int sign_text(const char *key, const char *path) { (void)path; return make_key(key); }
#endif

/* --- the device's side ----------------------------------------------------------------------------------------- */
static int read_class(const char *name) {
    static const char *const classes[] = {"micro", "phone", "laptop", "desktop", "server"};
    for (int i = 0; i < 5; i++)
        if (strcmp(name, classes[i]) == 0) return i + 1;
    return 0;
}
static void print_release(const release_job *j, const hearth_release *m) {
    char id[33];
    print_hex(id, m->id, 16);
    if (j->json) {
        cli_json_open(NULL, '{');
        cli_json_str("verdict", verdict_words[m->verdict]);
        cli_json_str("kind", kind_words[m->kind]);
        cli_json_str("name", m->name);
        cli_json_str("id", id);
        cli_json_u64("version", m->version);
        cli_json_u64("floor", m->floor);
        cli_json_u64("expires", m->expires);
        cli_json_u64("files", m->n_files);
        cli_json_int("slot", m->slot);
        cli_json_close('}');
        return;
    }
    printf("%s: %s %s version %u, %u files, id %s", verdict_words[m->verdict], kind_words[m->kind], m->name, m->version,
           m->n_files, id);
    if (m->slot >= 0) printf(", slot %c", 'A' + m->slot);
    printf("\n");
}
static int load_root(release_job *j, const char *path, int first) {
    char *text = NULL;
    size_t n = 0;
    hearth_error err;
    if (cli_read_file(path, &text, &n) != CLI_OK) return CLI_FAILED;
    const int code = hearth_release_root(&j->s, first, text, n, j->now, &err) == HEARTH_OK ? CLI_OK : cli_report(&err, path);
    free(text);
    return code;
}
/* the state of the folder, or with --root a new one; never a new one over one that is there */
static int load_state(release_job *j, bool may_start) {
    char path[4096];
    char *data = NULL;
    size_t n = 0;
    hearth_error err;
    join_path(path, j->folder, "state");
    if (access(path, F_OK) != 0) {
        if (!may_start || !j->root) return cli_fail(j->folder, "holds no state; apply with --root starts one");
        if (mkdir(j->folder, 0700) != 0 && errno != EEXIST) return cli_fail(j->folder, "%s", strerror(errno));
        if (load_root(j, j->root, 1) != CLI_OK || read_random(j->secret) != CLI_OK) return CLI_FAILED;
        join_path(path, j->folder, "secret");
        j->fresh = true;
        return write_synced(path, j->secret, 32, 0);
    }
    if (cli_read_file(path, &data, &n) != CLI_OK) return CLI_FAILED;
    int code = hearth_release_load(&j->s, data, n, &err) == HEARTH_OK ? CLI_OK : cli_report(&err, path);
    free(data);
    join_path(path, j->folder, "secret");
    if (code != CLI_OK || cli_read_file(path, &data, &n) != CLI_OK) return CLI_FAILED;
    if (n == 32) memcpy(j->secret, data, 32);
    else code = cli_fail(path, "32 bytes are expected");
    free(data);
    return code;
}
static int save_state(release_job *j) {
    uint8_t record[HEARTH_RELEASE_RECORD];
    uint64_t at;
    char path[4096];
    join_path(path, j->folder, "state");
    hearth_release_save(&j->s, record, &at);
    if (write_synced(path, record, sizeof record, (off_t)at) != CLI_OK) return CLI_FAILED;
    return j->fresh ? sync_folder(j->folder) : CLI_OK;
}
static long read_some(void *ctx, void *to, size_t n) {
    FILE *f = (FILE *)ctx;
    const size_t got = fread(to, 1, n, f);
    return ferror(f) ? -1 : (long)got;
}
/* copies into the slot and hashes what can be read back from there */
static int fill_slot_file(const char *from, const char *to, hearth_release_file *got) {
    char bytes[65536];
    size_t n;
    FILE *in = fopen(from, "rb");
    if (!in) return cli_fail(from, "cannot be opened: %s", strerror(errno));
    FILE *out = fopen(to, "wb");
    bool ok = out != NULL;
    while (ok && (n = fread(bytes, 1, sizeof bytes, in)) > 0) ok = fwrite(bytes, 1, n, out) == n && !cli_interrupted();
    if (ok) ok = !ferror(in) && fflush(out) == 0 && fsync(fileno(out)) == 0;
    if (out && fclose(out) != 0) ok = false;
    fclose(in);
    if (!ok) return cli_fail(to, "cannot be written: %s", strerror(errno));
    FILE *back = fopen(to, "rb");
    ok = back && hearth_release_digest(read_some, back, got) == HEARTH_OK;
    if (back) fclose(back);
    return ok ? CLI_OK : cli_fail(to, "cannot be read back");
}
static int fill_slot(const release_job *j, const hearth_release *m, const cli_list *files, hearth_release_file *got) {
    char id[33], path[4096], folder[4096];
    print_hex(id, m->id, 16);
    snprintf(folder, sizeof folder, "%.3900s/%s.%c", j->folder, id, 'A' + m->slot);
    if (files->n != m->n_files) return cli_fail("--file", "%zu given, the release has %u", files->n, m->n_files);
    if (m->n_files == 0) return CLI_OK;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return cli_fail(folder, "%s", strerror(errno));
    for (size_t i = 0; i < files->n; i++) {
        snprintf(path, sizeof path, "%.4000s/%zu", folder, i);
        if (fill_slot_file(files->item[i], path, &got[i]) != CLI_OK) return CLI_FAILED;
    }
    return sync_folder(folder) == CLI_OK ? sync_folder(j->folder) : CLI_FAILED;
}
static int apply_text(release_job *j, const char *path, const char *text, size_t n, const cli_list *files) {
    hearth_error err;
    hearth_release m;
    hearth_release_file got[16];
    if (hearth_release_accept(&j->s, text, n, read_class(j->class_name), j->secret, 32, j->now, &m, &err) != HEARTH_OK)
        return cli_report(&err, path);
    int code = save_state(j);
    if (code == CLI_OK && m.verdict == HEARTH_RELEASE_INSTALL) {
        code = fill_slot(j, &m, files, got);
        if (code == CLI_OK && hearth_release_switch(&j->s, text, n, got, m.n_files, &err) != HEARTH_OK)
            code = cli_report(&err, path);
        if (code == CLI_OK) code = save_state(j);
    }
    if (code == CLI_OK) print_release(j, &m);
    return code;
}
static int apply_release(release_job *j, const char *path, const cli_list *files) {
    char *text = NULL;
    size_t n = 0;
    if (read_class(j->class_name) == 0)
        return cli_misuse("release", "--class", "micro, phone, laptop, desktop or server");
    if (load_state(j, true) != CLI_OK) return CLI_FAILED;
    if (path == NULL) return j->fresh ? save_state(j) : cli_misuse("release", "apply", "which manifest or root?");
    if (cli_read_file(path, &text, &n) != CLI_OK) return CLI_FAILED;
    int code;
    if (n > 12 && memcmp(text, "hearth-root ", 12) == 0) {
        code = load_root(j, path, 0);
        if (code == CLI_OK) code = save_state(j);
    } else code = apply_text(j, path, text, n, files);
    free(text);
    return code;
}
static int verify_release(release_job *j, const char *root, const char *path) {
    char *text = NULL;
    size_t n = 0;
    hearth_error err;
    hearth_release m;
    if (load_root(j, root, 1) != CLI_OK) return CLI_FAILED;
    if (path == NULL) return printf("root: its own keys sign it\n"), CLI_OK;
    if (read_class(j->class_name) == 0)
        return cli_misuse("release", "--class", "micro, phone, laptop, desktop or server");
    if (cli_read_file(path, &text, &n) != CLI_OK) return CLI_FAILED;
    int code = hearth_release_accept(&j->s, text, n, read_class(j->class_name), j->secret, 32, j->now, &m, &err) == HEARTH_OK
        ? CLI_OK : cli_report(&err, path);
    if (code == CLI_OK) print_release(j, &m);
    free(text);
    return code;
}
static int show_status(release_job *j) {
    hearth_release_item item;
    char id[33];
    if (load_state(j, false) != CLI_OK) return CLI_FAILED;
    if (j->json) cli_json_open(NULL, '['); /* one object for each name */
    for (size_t i = 0; hearth_release_get(&j->s, i, &item); i++) {
        print_hex(id, item.id, 16);
        if (j->json) {
            cli_json_open(NULL, '{');
            cli_json_str("id", id);
            cli_json_int("active", item.active);
            cli_json_u64("a", item.version[0]);
            cli_json_u64("b", item.version[1]);
            cli_json_u64("highest", item.highest);
            cli_json_u64("floor", item.floor);
            cli_json_close('}');
            continue;
        }
        printf("%s  runs %s  A %u  B %u  seen %u  floor %u\n", id, item.active < 0 ? "-" : item.active ? "B" : "A",
               item.version[0], item.version[1], item.highest, item.floor);
    }
    if (j->json) cli_json_close(']');
    return CLI_OK;
}
static int go_back(release_job *j, const char *id) {
    hearth_release_item item;
    hearth_error err;
    char hex[33];
    if (load_state(j, false) != CLI_OK) return CLI_FAILED;
    for (size_t i = 0; hearth_release_get(&j->s, i, &item); i++) {
        print_hex(hex, item.id, 16);
        if (strcmp(hex, id) != 0) continue;
        if (hearth_release_back(&j->s, item.id, &err) != HEARTH_OK) return cli_report(&err, id);
        return save_state(j);
    }
    return cli_fail(id, "the state has no such id");
}

int cmd_release(int argc, char **argv) {
    static release_job j;
    cli_list files = {{NULL}, 0};
    const char *words[3] = {NULL, NULL, NULL};
    j.class_name = "laptop";
    const cli_option options[] = {
        {"--root", NULL, CLI_TEXT, &j.root, 0, 0, "FILE", "apply: the first root, when FOLDER holds no state yet"},
        {"--file", NULL, CLI_LIST, &files, 0, 0, "FILE", "apply: the files of the release, in its order"},
        {"--class", NULL, CLI_TEXT, &j.class_name, 0, 0, "NAME", "micro, phone, laptop, desktop or server"},
        {"--time", NULL, CLI_U64, &j.now, 0, 1e18, "SECONDS", "Unix time to judge by; without: the clock"},
        {"--json", NULL, CLI_FLAG, &j.json, 0, 0, NULL, "report as JSON"},
    };
    const cli_command command = {
        "release", "keygen KEY | sign KEY TEXT | verify ROOT [TEXT] | apply FOLDER TEXT | status FOLDER | back FOLDER ID",
        "Signed releases, judged without a network. keygen makes a secret key and prints its public line;\n"
        "sign adds a signature to a root or manifest; verify judges one by a root; apply judges, puts the\n"
        "files into the slot that does not run, and switches; a power cut leaves the old or the new.\n"
        "back goes to the other slot. Roots and manifests, lines in this order:\n"
        "  hearth-root 1 | version N | expires T | root THRESHOLD | key HEX... | release THRESHOLD | key HEX...\n"
        "  hearth-release 1 | root N | kind model | name a/b | version N | expires T | floor N | class any\n"
        "  rollout N (of 10000) | file BYTES SHA256...",
        options, CLI_COUNT(options), 2, 3};
    const int code = cli_parse(&command, argc, argv, words);
    if (code != CLI_GO) return code;
    if (j.now == 0) j.now = (uint64_t)time(NULL);
    j.folder = words[1];
    if (strcmp(words[0], "keygen") == 0 && !words[2]) return make_key(words[1]);
    if (strcmp(words[0], "sign") == 0 && words[2]) return sign_text(words[1], words[2]);
    if (strcmp(words[0], "verify") == 0) return verify_release(&j, words[1], words[2]);
    if (strcmp(words[0], "apply") == 0) return apply_release(&j, words[2], &files);
    if (strcmp(words[0], "status") == 0 && !words[2]) return show_status(&j);
    if (strcmp(words[0], "back") == 0 && words[2]) return go_back(&j, words[2]);
    return cli_misuse("release", words[0], "keygen KEY, sign KEY TEXT, verify ROOT [TEXT], apply, status or back");
}
