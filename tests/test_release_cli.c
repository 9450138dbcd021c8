/* `hearth release` as a publisher and a device use it, and the public calls below it. The attacks themselves are judged in
 * test_release.c; here each must come out of the command as failure, with the folder's state as it was. */
#include "tests/t.h"
#include <sys/wait.h>
#include "engine/hearth.h"
#include "policy/policy.h"

static char out[8000];
static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...) {
    char args[4000], cmd[5000];
    va_list a;
    va_start(a, fmt);
    vsnprintf(args, sizeof args, fmt, a);
    va_end(a);
    snprintf(cmd, sizeof cmd, "%s release %s 2>&1", t_hearth(), args);
    FILE *f = popen(cmd, "r");
    size_t n = f ? fread(out, 1, sizeof out - 1, f) : 0;
    out[n] = 0;
    const int s = f ? pclose(f) : -1;
    return WIFEXITED(s) ? WEXITSTATUS(s) : -1;
}
static char dir[600], key[4][80];
static void put(const char *name, const void *data, size_t n) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (T_CHECK(f != NULL)) fwrite(data, 1, n, f), fclose(f);
}
static size_t get(const char *name, void *data, size_t cap) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    const size_t n = f ? fread(data, 1, cap, f) : 0;
    if (f) fclose(f);
    return n;
}
/* an empty folder and four keys; their public lines come from keygen itself */
static void start(void) {
    char cmd[1500];
    snprintf(dir, sizeof dir, "%s", t_tmp("rel"));
    snprintf(cmd, sizeof cmd, "rm -rf '%s' && mkdir -p '%s'", dir, dir);
    T_EQ_I(system(cmd), 0);
    for (int i = 0; i < 4; i++) {
        T_EQ_I(sh("keygen %s/k%d", dir, i), 0);
        snprintf(key[i], sizeof key[i], "%.68s\n", out);
    }
}
static void put_root(const char *name, int version, unsigned expires, int first, const char *by) {
    char t[2000], path[700];
    snprintf(t, sizeof t, "hearth-root 1\nversion %d\nexpires %u\nroot 1\n%srelease 2\n%s%s", version, expires, key[first],
             key[1], key[2]);
    put(name, t, strlen(t));
    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (; *by; by++) T_EQ_I(sh("sign %s/k%c %s", dir, *by, path), 0);
}
/* sha256("abc"), FIPS 180-2 appendix B.1 */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
static void put_release(const char *name, int root, int version, unsigned expires, int floor, const char *by) {
    char t[2000];
    snprintf(t, sizeof t, "hearth-release 1\nroot %d\nkind model\nname assistant/small\nversion %d\nexpires %u\nfloor %d\n"
             "class laptop\nrollout 10000\nfile 3 " ABC "\n", root, version, expires, floor);
    put(name, t, strlen(t));
    for (; *by; by++) T_EQ_I(sh("sign %s/k%c %s/%s", dir, *by, dir, name), 0);
}
static int apply(const char *name, const char *more) { return sh("apply %s/d %s/%s --time 100 %s", dir, dir, name, more); }

T_TEST(keys_and_signatures) {
    start();
    T_EQ_I(sh("keygen %s/k0", dir), 1); /* never written over */
    put_root("root", 1, 1000, 0, "0");
    T_EQ_I(sh("verify %s/root --time 100", dir), 0);
    T_EQ_I(sh("verify %s/root --time 1000", dir), 1);
    T_EQ_I(sh("sign %s/k0 %s/root", dir, dir), 1); /* twice by one key */
    put_release("m", 1, 1, 900, 0, "12");
    T_EQ_I(sh("verify %s/root %s/m --time 100 --json", dir, dir), 0);
    T_CHECK(strstr(out, "\"assistant/small\"") && strstr(out, "\"install\""));
    T_EQ_I(sh("verify %s/root %s/m --time 900", dir, dir), 1);
    T_CHECK(strstr(out, "expired") != NULL);
    T_EQ_I(sh("verify %s/root %s/m --time 100 --class phone", dir, dir), 0);
    T_CHECK(strstr(out, "wait: ") != NULL);
    T_EQ_I(sh("verify %s/root %s/m --time 100 --class moon", dir, dir), 2);
    put_release("few", 1, 1, 900, 0, "1"); /* below the threshold; a stranger's does not help */
    T_EQ_I(sh("verify %s/root %s/few --time 100", dir, dir), 1);
    T_CHECK(strstr(out, "1 valid signatures, 2 are needed") != NULL);
    T_EQ_I(sh("sign %s/k3 %s/few", dir, dir), 0);
    T_EQ_I(sh("verify %s/root %s/few --time 100", dir, dir), 1);
    put("note", "hearth-note 1\n", 14);
    T_EQ_I(sh("sign %s/k1 %s/note", dir, dir), 1); /* nothing but roots and manifests is signed */
    put("k9", "short\n", 6);
    T_EQ_I(sh("sign %s/k9 %s/m", dir, dir), 1);
    T_EQ_I(sh("guess %s", dir), 2);
    T_EQ_I(sh("--help"), 0);
    T_CHECK(strstr(out, "hearth-release 1") != NULL);
}
T_TEST(device_installs_goes_back_and_refuses) {
    char file[2100], id[40], state[2][2 * HEARTH_RELEASE_RECORD];
    start();
    put_root("root", 1, 1000, 0, "0");
    put("abc", "abc", 3);
    put("abd", "abd", 3);
    snprintf(file, sizeof file, "--root %s/root --file %s/abc", dir, dir);
    T_EQ_I(sh("status %s/d", dir), 1); /* nothing there, nothing made */
    put_release("m1", 1, 1, 900, 0, "12");
    T_EQ_I(apply("m1", file), 0);
    T_CHECK(strncmp(out, "install: model assistant/small version 1", 40) == 0 && strstr(out, "slot B"));
    const char *shown = strstr(out, "id ");
    T_NEED(shown != NULL && sscanf(shown, "id %32[0-9a-f]", id) == 1);
    T_EQ_I(apply("m1", file), 0);
    T_CHECK(strncmp(out, "have: ", 6) == 0);
    put_release("m2", 1, 2, 900, 0, "12");
    snprintf(file, sizeof file, "--file %s/abd", dir); /* not what was signed: the old one goes on running */
    T_EQ_I(apply("m2", file), 1);
    T_EQ_I(sh("status %s/d --json", dir), 0);
    T_CHECK(strstr(out, "\"active\": 1") || strstr(out, "\"active\":1"));
    snprintf(file, sizeof file, "--file %s/abc", dir);
    T_EQ_I(apply("m2", ""), 1);
    T_EQ_I(apply("m2", file), 0);
    T_CHECK(strstr(out, "slot A") != NULL);
    T_EQ_I(sh("back %s/d %s", dir, id), 0);
    T_EQ_I(sh("status %s/d", dir), 0);
    T_CHECK(strstr(out, "runs B  A 2  B 1") != NULL);
    T_EQ_I(sh("back %s/d nobody", dir), 1);
    const size_t n = get("d/state", state[0], sizeof state[0]);
    T_EQ_I(n, sizeof state[0]);
    put_release("m3", 1, 3, 900, 0, "10"); /* wrong key, rollback, expired: no byte of the state moves */
    T_EQ_I(apply("m3", file), 1);
    T_EQ_I(apply("m1", file), 1);
    T_CHECK(strstr(out, "version 1 after 2") != NULL);
    put_release("m4", 1, 4, 90, 0, "12");
    T_EQ_I(apply("m4", file), 1);
    T_EQ_I(get("d/state", state[1], sizeof state[1]), n);
    T_CHECK(memcmp(state[0], state[1], n) == 0);
    put_root("root2", 2, 2000, 3, "03"); /* a new root key, signed by old and new; then manifests of the old are refused */
    put_root("root3", 2, 2000, 3, "3");
    T_EQ_I(apply("root3", ""), 1);
    T_EQ_I(apply("root2", ""), 0);
    put_release("m5", 1, 5, 900, 0, "12");
    T_EQ_I(apply("m5", file), 1);
    put_release("m6", 2, 1, 900, 2, "12"); /* a floor stops what is below it */
    T_EQ_I(apply("m6", file), 0);
    T_EQ_I(sh("status %s/d", dir), 0);
    T_CHECK(strstr(out, "runs -") != NULL);
}
/* The state's file as a cut leaves it: some bytes of the new record, the rest as it was. The library reads every cut; the
 * command every 89th. */
T_TEST(power_cut_leaves_old_or_new) {
    static uint8_t old[2 * HEARTH_RELEASE_RECORD], next[2 * HEARTH_RELEASE_RECORD], cut[2 * HEARTH_RELEASE_RECORD];
    hearth_releases s;
    hearth_release_item item;
    hearth_error err;
    char more[1400];
    start();
    put_root("root", 1, 1000, 0, "0");
    put("abc", "abc", 3);
    snprintf(more, sizeof more, "--root %s/root --file %s/abc", dir, dir);
    put_release("m1", 1, 1, 900, 0, "12");
    T_EQ_I(apply("m1", more), 0);
    T_EQ_I(get("d/state", old, sizeof old), sizeof old);
    T_EQ_I(hearth_release_load(&s, old, sizeof old, &err), HEARTH_OK);
    T_CHECK(hearth_release_get(&s, 0, &item) && item.active == 1 && !hearth_release_get(&s, 1, &item));
    T_EQ_I(hearth_release_back(&s, item.id, &err), HEARTH_E_STATE);
    put_release("m2", 1, 2, 900, 2, "12"); /* the floor makes old and new differ in what may run */
    T_EQ_I(apply("m2", ""), 1);            /* accepted and saved, then no files: 1 is below the floor */
    T_EQ_I(get("d/state", next, sizeof next), sizeof next);
    int seen[2] = {0, 0};
    const size_t at = memcmp(old, next, HEARTH_RELEASE_RECORD) == 0 ? HEARTH_RELEASE_RECORD : 0;
    for (size_t k = 0; k <= HEARTH_RELEASE_RECORD; k++) {
        memcpy(cut, old, sizeof cut);
        memcpy(cut + at, next + at, k);
        T_EQ_I(hearth_release_load(&s, cut, sizeof cut, &err), HEARTH_OK);
        T_CHECK(hearth_release_get(&s, 0, &item));
        const bool is_new = item.highest == 2;
        T_CHECK(is_new ? item.floor == 2 && item.active == -1 : item.highest == 1 && item.floor == 0 && item.active == 1);
        if (k < HEARTH_RELEASE_RECORD - 32) T_CHECK(!is_new);
        seen[is_new]++;
        if (k % 89) continue;
        put("d/state", cut, sizeof cut);
        T_EQ_I(sh("status %s/d", dir), 0);
        T_CHECK(strstr(out, is_new ? "runs -" : "runs B") != NULL);
    }
    T_CHECK(seen[0] > 5000 && seen[1] >= 1);
    snprintf(more, sizeof more, "--file %s/abc", dir);
    put("d/state", next, sizeof next); /* after the cut the same command finishes the work */
    T_EQ_I(apply("m2", more), 0);
    T_EQ_I(sh("status %s/d", dir), 0);
    T_CHECK(strstr(out, "runs A  A 2") != NULL);
    put("d/state", next, 100);
    T_EQ_I(sh("status %s/d", dir), 1);
}
static long read_abc(void *ctx, void *to, size_t n) {
    int *left = (int *)ctx;
    if (*left < 0) return -1;
    if (n == 0 || *left == 0) return 0;
    memcpy(to, &"abc"[3 - (*left)--], 1);
    return 1;
}
T_TEST(public_calls_check_their_arguments) {
    hearth_releases s = {{0}};
    hearth_release m;
    hearth_release_file f;
    hearth_error err;
    char line[HR_RELEASE_LINE + 1], hex[65] = "";
    int left = 3;
    T_EQ_I(hearth_release_digest(read_abc, &left, &f), HEARTH_OK);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", f.sha256[i]);
    T_EQ_STR(hex, ABC);
    T_EQ_I(f.size, 3);
    left = -1;
    T_EQ_I(hearth_release_digest(read_abc, &left, &f), HEARTH_E_IO);
    T_EQ_I(hearth_release_digest(NULL, NULL, &f), HEARTH_E_ARG);
    T_EQ_I(hearth_release_root(NULL, 1, "x", 1, 1, &err), HEARTH_E_ARG);
    T_EQ_I(hearth_release_root(&s, 1, "x", 1, 1, NULL), HEARTH_E_FORMAT);
    T_EQ_I(hearth_release_accept(&s, "x", 1, 6, "0123456789abcdef", 16, 1, &m, &err), HEARTH_E_ARG);
    T_EQ_I(hearth_release_accept(&s, "x", 1, 1, "short", 5, 1, &m, &err), HEARTH_E_ARG);
    T_EQ_I(hearth_release_switch(&s, "x", 1, &f, 17, &err), HEARTH_E_ARG);
    T_EQ_I(hearth_release_switch(&s, "x", 1, &f, 1, &err), HEARTH_E_FORMAT);
    T_EQ_I(hearth_release_back(&s, NULL, &err), HEARTH_E_ARG);
    T_EQ_I(hearth_release_load(&s, NULL, 1, &err), HEARTH_E_ARG);
    T_EQ_I(hearth_release_load(&s, "", 0, &err), HEARTH_E_FORMAT);
    T_CHECK(hr_release_sign(f.sha256, "x", 1, line, NULL) == HR_E_FORMAT && line[0] == 0);
    T_CHECK(hr_release_sign(f.sha256, line, 20000, line, NULL) == HR_E_LIMIT);
}
T_MAIN(T_RUN(keys_and_signatures), T_RUN(device_installs_goes_back_and_refuses), T_RUN(power_cut_leaves_old_or_new),
       T_RUN(public_calls_check_their_arguments))
