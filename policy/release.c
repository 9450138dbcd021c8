/* release.c: whose signatures, which version, which device, which slot. */
#include "policy/release.h"
#include "engine/base/crypto.h"
#include "policy/release_parse.h"
HR_SMALL_BEGIN

static hr_status refuse_release(hr_error *err, const char *where, const char *what) {
    return hr_fail(err, HR_E_DENIED, HR_NO_OFFSET, where, "%s", what);
}
/* Keys are distinct in both lists (the parser), so that each counts once. Signatures of strangers count nothing. */
static hr_status count_release_signatures(const hr_release_keys *keys, const hr_release_signed *by, const void *text,
                                          const char *whose, hr_error *err) {
    uint32_t good = 0;
    for (uint32_t i = 0; i < by->n; i++)
        for (uint32_t k = 0; k < keys->n; k++)
            good += memcmp(by->key[i], keys->key[k], 32) == 0 &&
                    hr_ed25519_verify(keys->key[k], text, by->n_body, by->signature[i]);
    if (keys->threshold > 0 && good >= keys->threshold) return HR_OK;
    return hr_fail(err, HR_E_DENIED, HR_NO_OFFSET, whose, "%u valid signatures, %u are needed", good, keys->threshold);
}

hr_status hr_release_init(hr_release_state *s, const void *root, size_t n, uint64_t now, hr_error *err) {
    hr_release_signed by;
    hr_release_root next;
    memset(s, 0, sizeof *s);
    HR_TRY(hr_release_parse_root(root, n, &next, &by, err));
    HR_TRY(count_release_signatures(&next.role[0], &by, root, "root", err));
    if (now >= next.expires) return refuse_release(err, "root", "it has expired");
    s->root = next;
    s->now = now;
    return HR_OK;
}
/* The old root may have expired: its successor is the way out. */
hr_status hr_release_rotate(hr_release_state *s, const void *root, size_t n, uint64_t now, hr_error *err) {
    hr_release_signed by;
    hr_release_root next;
    HR_TRY(hr_release_parse_root(root, n, &next, &by, err));
    if (s->root.version == UINT32_MAX || next.version != s->root.version + 1)
        return hr_fail(err, HR_E_DENIED, HR_NO_OFFSET, "root", "version %u does not follow %u", next.version, s->root.version);
    HR_TRY(count_release_signatures(&s->root.role[0], &by, root, "old root", err));
    HR_TRY(count_release_signatures(&next.role[0], &by, root, "new root", err));
    if (now < s->now) now = s->now;
    if (now >= next.expires) return refuse_release(err, "root", "it has expired");
    s->root = next;
    s->now = now;
    for (uint32_t i = 0; i < s->n_items; i++) s->item[i].highest = 0; /* a thief's version 2^32 - 1 blocks nothing */
    return HR_OK;
}

static hr_release_item *find_release_item(hr_release_state *s, const uint8_t id[16]) {
    for (uint32_t i = 0; i < s->n_items; i++)
        if (memcmp(s->item[i].id, id, 16) == 0) return &s->item[i];
    return NULL;
}
void hr_release_id(uint32_t kind, hr_str name, uint8_t id[16]) {
    const uint8_t k = (uint8_t)kind;
    hr_blake2b b;
    hr_blake2b_init(&b, 16, NULL, 0);
    hr_blake2b_add(&b, &k, 1);
    hr_blake2b_add(&b, name.data, name.size);
    hr_blake2b_end(&b, id);
}
uint32_t hr_release_bucket(const hr_release_device *device, const uint8_t id[16]) {
    uint8_t out[8];
    hr_blake2b b;
    hr_blake2b_init(&b, 8, device->secret, device->n_secret);
    hr_blake2b_add(&b, id, 16);
    hr_blake2b_end(&b, out);
    return (uint32_t)(hr_le64(out) % HR_RELEASE_BUCKETS);
}

static hr_status check_release(const hr_release_state *s, const hr_release *m, const hr_release_item *item, uint64_t now,
                               hr_error *err) {
    if (m->root != s->root.version) return refuse_release(err, "release", "it was made under another root");
    if (now >= s->root.expires) return refuse_release(err, "root", "it has expired");
    if (now >= m->expires) return refuse_release(err, "release", "it has expired");
    if (item == NULL) return HR_OK;
    if (m->version < item->highest)
        return hr_fail(err, HR_E_DENIED, HR_NO_OFFSET, "release", "version %u after %u", m->version, item->highest);
    if (m->version == item->highest && memcmp(m->body, item->body, 32) != 0)
        return refuse_release(err, "release", "another manifest has this version");
    return HR_OK;
}
hr_status hr_release_accept(hr_release_state *s, const void *text, size_t n, const hr_release_device *device, uint64_t now,
                            hr_release *m, hr_release_verdict *verdict, int *slot, hr_error *err) {
    hr_release_signed by;
    *verdict = HR_RELEASE_WAIT;
    *slot = -1;
    if (device->n_secret < 16 || device->n_secret > 64)
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "device", "a secret of 16 to 64 bytes");
    HR_TRY(hr_release_parse(text, n, m, &by, err));
    HR_TRY(count_release_signatures(&s->root.role[1], &by, text, "release", err));
    hr_release_item *item = find_release_item(s, m->id);
    if (now < s->now) now = s->now;
    HR_TRY(check_release(s, m, item, now, err));
    if (item == NULL) {
        if (s->n_items == HR_RELEASE_ITEMS) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "release", "too many names");
        item = &s->item[s->n_items++];
        memset(item, 0, sizeof *item);
        memcpy(item->id, m->id, 16);
    }
    s->now = now;
    item->highest = m->version;
    item->floor = m->floor;
    memcpy(item->body, m->body, 32);
    const uint32_t a = item->active;
    const bool chosen = ((m->classes & 1) || (m->classes & device->classes)) && hr_release_bucket(device, m->id) < m->rollout;
    if (!chosen || m->version < m->floor) return HR_OK;
    *verdict = item->version[a] && item->version[a] == m->version && memcmp(item->content[a], m->content, 32) == 0
                   ? HR_RELEASE_HAVE : HR_RELEASE_INSTALL;
    *slot = (int)(*verdict == HR_RELEASE_HAVE ? a : 1 - a);
    if (*verdict == HR_RELEASE_INSTALL) item->version[1 - a] = 0; /* it is about to be overwritten */
    return HR_OK;
}
hr_status hr_release_switch(hr_release_state *s, const hr_release *m, const hr_release_file *got, size_t n, hr_error *err) {
    hr_release_item *item = find_release_item(s, m->id);
    if (item == NULL || item->highest != m->version || memcmp(item->body, m->body, 32) != 0 || m->version < item->floor)
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "release", "it is not the one accepted last");
    if (item->version[item->active] == m->version && memcmp(item->content[item->active], m->content, 32) == 0) return HR_OK;
    for (size_t i = 0; i < n || i < m->n_files; i++)
        if (n != m->n_files || got[i].size != m->file[i].size || memcmp(got[i].sha256, m->file[i].sha256, 32) != 0)
            return hr_fail(err, HR_E_DENIED, HR_NO_OFFSET, "release", "file %zu is not the one that was signed", i);
    item->active = 1 - item->active;
    item->version[item->active] = m->version;
    memcpy(item->content[item->active], m->content, 32);
    return HR_OK;
}
hr_status hr_release_back(hr_release_state *s, const uint8_t id[16], hr_error *err) {
    hr_release_item *item = find_release_item(s, id);
    if (item == NULL || item->version[1 - item->active] == 0 || item->version[1 - item->active] < item->floor)
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "release", "the other slot holds nothing that may run");
    item->active = 1 - item->active;
    return HR_OK;
}
int hr_release_active(const hr_release_state *s, const uint8_t id[16]) {
    for (uint32_t i = 0; i < s->n_items; i++) {
        const hr_release_item *item = &s->item[i];
        const uint32_t v = item->version[item->active];
        if (memcmp(item->id, id, 16) == 0) return v && v >= item->floor ? (int)item->active : -1;
    }
    return -1;
}

/* --- the record: magic, fields little-endian, SHA-256 of all before ---------------------------------------------------- */
static uint8_t *put_release_number(uint8_t *p, uint64_t v, size_t n) {
    for (size_t i = 0; i < n; i++) *p++ = (uint8_t)(v >> 8 * i);
    return p;
}
static uint8_t *put_release_bytes(uint8_t *p, const void *bytes, size_t n) {
    memcpy(p, bytes, n);
    return p + n;
}
static void hash_release_record(const uint8_t *record, uint8_t out[32]) {
    hr_sha2 h;
    hr_sha2_init(&h, false);
    hr_sha2_add(&h, record, HR_RELEASE_RECORD - 32);
    hr_sha2_end(&h, out);
}
void hr_release_save(hr_release_state *s, uint8_t record[HR_RELEASE_RECORD], uint64_t *offset) {
    uint8_t *p = record;
    memset(record, 0, HR_RELEASE_RECORD);
    s->sequence++;
    p = put_release_bytes(p, "HRELEAS1", 8);
    p = put_release_number(p, s->sequence, 8);
    p = put_release_number(p, s->now, 8);
    p = put_release_number(p, s->n_items, 4);
    p = put_release_number(p, s->root.version, 4);
    p = put_release_number(p, s->root.expires, 8);
    for (int i = 0; i < 2; i++) {
        p = put_release_number(p, s->root.role[i].n, 4);
        p = put_release_number(p, s->root.role[i].threshold, 4);
        p = put_release_bytes(p, s->root.role[i].key, sizeof s->root.role[i].key);
    }
    for (uint32_t i = 0; i < s->n_items; i++) {
        const hr_release_item *t = &s->item[i];
        const uint32_t v[5] = {t->highest, t->floor, t->active, t->version[0], t->version[1]};
        p = put_release_bytes(p, t->id, 16);
        for (int j = 0; j < 5; j++) p = put_release_number(p, v[j], 4);
        p = put_release_bytes(p, t->body, 32);
        p = put_release_bytes(p, t->content, 64);
    }
    hash_release_record(record, record + HR_RELEASE_RECORD - 32);
    *offset = (s->sequence & 1) * HR_RELEASE_RECORD;
}
static void take_release_bytes(hr_cur *c, void *out, size_t n) {
    const uint8_t *p = hr_cur_bytes(c, n);
    if (p) memcpy(out, p, n);
}
static bool read_release_record(const uint8_t *record, hr_release_state *s) {
    uint8_t hash[32];
    hash_release_record(record, hash);
    if (memcmp(record, "HRELEAS1", 8) != 0 || memcmp(hash, record + HR_RELEASE_RECORD - 32, 32) != 0) return false;
    hr_cur c = hr_cur_make(record + 8, HR_RELEASE_RECORD - 40, 8, NULL);
    memset(s, 0, sizeof *s);
    s->sequence = hr_cur_u64(&c);
    s->now = hr_cur_u64(&c);
    s->n_items = hr_cur_u32(&c);
    s->root.version = hr_cur_u32(&c);
    s->root.expires = hr_cur_u64(&c);
    for (int i = 0; i < 2; i++) {
        hr_release_keys *k = &s->root.role[i];
        k->n = hr_cur_u32(&c);
        k->threshold = hr_cur_u32(&c);
        take_release_bytes(&c, k->key, sizeof k->key);
        if (k->n > HR_RELEASE_KEYS || k->threshold == 0 || k->threshold > k->n) return false;
    }
    if (s->n_items > HR_RELEASE_ITEMS) return false;
    for (uint32_t i = 0; i < s->n_items; i++) {
        hr_release_item *t = &s->item[i];
        take_release_bytes(&c, t->id, 16);
        t->highest = hr_cur_u32(&c);
        t->floor = hr_cur_u32(&c);
        t->active = hr_cur_u32(&c);
        t->version[0] = hr_cur_u32(&c);
        t->version[1] = hr_cur_u32(&c);
        take_release_bytes(&c, t->body, 32);
        take_release_bytes(&c, t->content, 64);
        if (t->active > 1) return false;
    }
    return hr_cur_ok(&c);
}
hr_status hr_release_load(hr_release_state *s, const void *file, size_t n, hr_error *err) {
    hr_release_state other;
    const uint8_t *bytes = (const uint8_t *)file;
    bool have = false;
    memset(s, 0, sizeof *s);
    for (size_t at = 0; at <= HR_RELEASE_RECORD && n >= at + HR_RELEASE_RECORD; at += HR_RELEASE_RECORD) {
        if (!read_release_record(bytes + at, &other) || (have && other.sequence <= s->sequence)) continue;
        *s = other;
        have = true;
    }
    if (!have) memset(s, 0, sizeof *s);
    return have ? HR_OK : hr_fail(err, HR_E_FORMAT, 0, "release state", "no whole record");
}
HR_SMALL_END
