/* release_parse.c: canonical text to roots and manifests: one spelling for each meaning, the first stray byte is an error. */
#include "policy/release_parse.h"
#include "engine/base/crypto.h"
HR_SMALL_BEGIN

typedef struct release_reader {
    hr_cur cur;
    hr_error *err;
    uint32_t line;
    size_t line_at;
} release_reader;

static hr_status release_fail(release_reader *r, hr_status status, const char *what) {
    char where[64];
    hr_format(where, sizeof where, "line %u, column %u", r->line, (unsigned)(r->cur.pos - r->line_at + 1));
    return hr_fail(r->err, status, r->cur.pos, where, "%s", what);
}
static bool at_release_word(const release_reader *r, const char *word) {
    const size_t n = strlen(word);
    return hr_cur_left(&r->cur) > n && memcmp(r->cur.data + r->cur.pos, word, n) == 0 && r->cur.data[r->cur.pos + n] == ' ';
}
static hr_status take_release_byte(release_reader *r, char b) {
    if (hr_cur_left(&r->cur) == 0 || r->cur.data[r->cur.pos] != (uint8_t)b)
        return release_fail(r, HR_E_FORMAT, b == '\n' ? "expected the end of the line" : "expected one blank");
    hr_cur_u8(&r->cur);
    if (b == '\n') r->line++, r->line_at = r->cur.pos;
    return HR_OK;
}
static hr_status take_release_word(release_reader *r, const char *word) {
    char what[48];
    hr_format(what, sizeof what, "expected '%s'", word);
    if (!at_release_word(r, word)) return release_fail(r, HR_E_FORMAT, what);
    hr_cur_skip(&r->cur, strlen(word) + 1);
    return HR_OK;
}
static hr_status take_release_number(release_reader *r, uint64_t low, uint64_t high, uint64_t *out) {
    uint64_t v = 0;
    const size_t start = r->cur.pos;
    while (hr_cur_left(&r->cur) && r->cur.data[r->cur.pos] >= '0' && r->cur.data[r->cur.pos] <= '9') {
        if (r->cur.pos > start && v == 0) return release_fail(r, HR_E_FORMAT, "a leading zero");
        if (v > (UINT64_MAX - 9) / 10) return release_fail(r, HR_E_LIMIT, "the number is too large");
        v = v * 10 + (uint64_t)(hr_cur_u8(&r->cur) - '0');
    }
    if (r->cur.pos == start) return release_fail(r, HR_E_FORMAT, "expected a number");
    if (v < low || v > high) return release_fail(r, HR_E_LIMIT, "the number is out of range");
    *out = v;
    return HR_OK;
}
static hr_status read_release_number(release_reader *r, const char *word, uint64_t low, uint64_t high, uint64_t *out) {
    HR_TRY(take_release_word(r, word));
    HR_TRY(take_release_number(r, low, high, out));
    return take_release_byte(r, '\n');
}
static hr_status read_release_u32(release_reader *r, const char *word, uint32_t low, uint32_t high, uint32_t *out) {
    uint64_t v = 0;
    HR_TRY(read_release_number(r, word, low, high, &v));
    *out = (uint32_t)v;
    return HR_OK;
}
static hr_status take_release_hex(release_reader *r, uint8_t *out, size_t n) {
    for (size_t i = 0; i < 2 * n; i++) {
        const int b = hr_cur_left(&r->cur) ? r->cur.data[r->cur.pos] : 0;
        const int v = b >= '0' && b <= '9' ? b - '0' : b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
        if (v < 0) return release_fail(r, HR_E_FORMAT, "expected a lower-case hex digit");
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] << 4 | v : v);
        hr_cur_u8(&r->cur);
    }
    return HR_OK;
}
static int take_release_choice(release_reader *r, const char *const *words, int n) {
    for (int i = 0; i < n; i++) {
        const size_t len = strlen(words[i]);
        if (hr_cur_left(&r->cur) <= len || memcmp(r->cur.data + r->cur.pos, words[i], len) != 0 ||
            r->cur.data[r->cur.pos + len] != '\n')
            continue;
        hr_cur_skip(&r->cur, len);
        return i;
    }
    return -1;
}
static bool has_release_key(const uint8_t (*keys)[32], uint32_t n, const uint8_t *key) {
    for (uint32_t i = 0; i < n; i++)
        if (memcmp(keys[i], key, 32) == 0) return true;
    return false;
}
/* at least one; a key twice would count twice */
static hr_status read_release_signatures(release_reader *r, hr_release_signed *by) {
    by->n = 0;
    by->n_body = r->cur.pos;
    do {
        if (by->n == HR_RELEASE_KEYS) return release_fail(r, HR_E_LIMIT, "too many signatures");
        HR_TRY(take_release_word(r, "sign"));
        HR_TRY(take_release_hex(r, by->key[by->n], 32));
        if (has_release_key((const uint8_t (*)[32])by->key, by->n, by->key[by->n]))
            return release_fail(r, HR_E_FORMAT, "this key has signed above");
        HR_TRY(take_release_byte(r, ' '));
        HR_TRY(take_release_hex(r, by->signature[by->n], 64));
        HR_TRY(take_release_byte(r, '\n'));
        by->n++;
    } while (hr_cur_left(&r->cur));
    return HR_OK;
}
static hr_status start_release_text(release_reader *r, const void *text, size_t n, const char *kind, hr_error *err) {
    uint64_t format;
    *r = (release_reader){hr_cur_make(text, n, 0, err), err, 1, 0};
    if (n > HR_RELEASE_BYTES) return release_fail(r, HR_E_LIMIT, "the text is too large");
    return read_release_number(r, kind, 1, 1, &format);
}

hr_status hr_release_parse_root(const void *text, size_t n, hr_release_root *root, hr_release_signed *by, hr_error *err) {
    static const char *const roles[] = {"root", "release"};
    release_reader r;
    memset(root, 0, sizeof *root);
    HR_TRY(start_release_text(&r, text, n, "hearth-root", err));
    HR_TRY(read_release_u32(&r, "version", 1, UINT32_MAX, &root->version));
    HR_TRY(read_release_number(&r, "expires", 1, UINT64_MAX, &root->expires));
    for (int i = 0; i < 2; i++) {
        hr_release_keys *k = &root->role[i];
        HR_TRY(read_release_u32(&r, roles[i], 1, HR_RELEASE_KEYS, &k->threshold));
        while (at_release_word(&r, "key")) {
            if (k->n == HR_RELEASE_KEYS) return release_fail(&r, HR_E_LIMIT, "too many keys");
            HR_TRY(take_release_word(&r, "key"));
            HR_TRY(take_release_hex(&r, k->key[k->n], 32));
            for (int j = 0; j <= i; j++)
                if (has_release_key((const uint8_t (*)[32])root->role[j].key, root->role[j].n, k->key[k->n]))
                    return release_fail(&r, HR_E_FORMAT, "this key stands above");
            HR_TRY(take_release_byte(&r, '\n'));
            k->n++;
        }
        if (k->n < k->threshold) return release_fail(&r, HR_E_FORMAT, "fewer keys than the threshold");
    }
    return read_release_signatures(&r, by);
}

static hr_status read_release_name(release_reader *r, char *name) {
    size_t n = 0;
    HR_TRY(take_release_word(r, "name"));
    while (hr_cur_left(&r->cur)) {
        const uint8_t b = r->cur.data[r->cur.pos];
        const bool plain = (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9');
        /* parts begin with a letter or digit: no "..", no leading or doubled slash, wherever a host uses it as a path */
        if (!plain && (n == 0 || name[n - 1] == '/' || (b != '-' && b != '_' && b != '.' && b != '/'))) break;
        if (n == HR_RELEASE_NAME_BYTES) return release_fail(r, HR_E_LIMIT, "the name is too long");
        name[n++] = (char)hr_cur_u8(&r->cur);
    }
    name[n] = 0;
    if (n == 0 || name[n - 1] == '/') return release_fail(r, HR_E_FORMAT, "expected a name");
    return take_release_byte(r, '\n');
}
static hr_status read_release_files(release_reader *r, hr_release *m) {
    const size_t at = r->cur.pos;
    while (at_release_word(r, "file")) {
        if (m->n_files == HR_RELEASE_FILES) return release_fail(r, HR_E_LIMIT, "too many files");
        hr_release_file *f = &m->file[m->n_files++];
        HR_TRY(take_release_word(r, "file"));
        HR_TRY(take_release_number(r, 0, UINT64_MAX, &f->size));
        HR_TRY(take_release_byte(r, ' '));
        HR_TRY(take_release_hex(r, f->sha256, 32));
        HR_TRY(take_release_byte(r, '\n'));
    }
    if ((m->kind == 4) != (m->n_files == 0)) return release_fail(r, HR_E_FORMAT, "a kill switch has no files, all else has");
    hr_sha2 h;
    hr_sha2_init(&h, false);
    hr_sha2_add(&h, r->cur.data + at, r->cur.pos - at);
    hr_sha2_end(&h, m->content);
    return HR_OK;
}

hr_status hr_release_parse(const void *text, size_t n, hr_release *m, hr_release_signed *by, hr_error *err) {
    static const char *const kinds[] = {"model", "prompt", "adapter", "policy", "kill"};
    static const char *const classes[] = {"any", "micro", "phone", "laptop", "desktop", "server"};
    release_reader r;
    memset(m, 0, sizeof *m);
    HR_TRY(start_release_text(&r, text, n, "hearth-release", err));
    HR_TRY(read_release_u32(&r, "root", 1, UINT32_MAX, &m->root));
    HR_TRY(take_release_word(&r, "kind"));
    const int kind = take_release_choice(&r, kinds, (int)HR_COUNT(kinds));
    if (kind < 0) return release_fail(&r, HR_E_FORMAT, "expected model, prompt, adapter, policy or kill");
    m->kind = (uint32_t)kind;
    HR_TRY(take_release_byte(&r, '\n'));
    HR_TRY(read_release_name(&r, m->name));
    HR_TRY(read_release_u32(&r, "version", 1, UINT32_MAX, &m->version));
    HR_TRY(read_release_number(&r, "expires", 1, UINT64_MAX, &m->expires));
    HR_TRY(read_release_u32(&r, "floor", 0, UINT32_MAX, &m->floor));
    do {
        HR_TRY(take_release_word(&r, "class"));
        const int c = take_release_choice(&r, classes, (int)HR_COUNT(classes));
        if (c < 0) return release_fail(&r, HR_E_FORMAT, "expected any, micro, phone, laptop, desktop or server");
        if (m->classes >> c) return release_fail(&r, HR_E_FORMAT, "classes must ascend");
        m->classes |= 1u << c;
        HR_TRY(take_release_byte(&r, '\n'));
    } while (at_release_word(&r, "class"));
    HR_TRY(read_release_u32(&r, "rollout", 0, HR_RELEASE_BUCKETS, &m->rollout));
    HR_TRY(read_release_files(&r, m));
    HR_TRY(read_release_signatures(&r, by));
    hr_release_id(m->kind, hr_str_of(m->name), m->id);
    hr_sha2 h;
    hr_sha2_init(&h, false);
    hr_sha2_add(&h, text, by->n_body);
    hr_sha2_end(&h, m->body);
    return HR_OK;
}
HR_SMALL_END
