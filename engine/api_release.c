/* api_release.c: the releases half of hearth.h; the work is in policy/. */
#include "engine/base/crypto.h"
#include "engine/hearth.h"
#include "policy/policy.h"
HR_SMALL_BEGIN

_Static_assert(sizeof(hr_release_state) <= sizeof(hearth_releases), "release_state_fits");
_Static_assert((int)HR_RELEASE_RECORD == (int) HEARTH_RELEASE_RECORD, "release_record_bytes");
_Static_assert(sizeof(hr_release_file) == sizeof(hearth_release_file), "release_file_bytes");

static hr_release_state *release_state(hearth_releases *s) { return (hr_release_state *)(void *)s->state; }

hearth_status hearth_release_root(hearth_releases *s, int fresh, const void *root, size_t n, uint64_t now, hearth_error *err) {
    hr_release_state t;
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    if (s == NULL || root == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "release", "NULL");
    if (!fresh) return hr_release_rotate(release_state(s), root, n, now, e);
    HR_TRY(hr_release_init(&t, root, n, now, e));
    memset(s, 0, sizeof *s);
    memcpy(s, &t, sizeof t);
    return HR_OK;
}
hearth_status hearth_release_accept(hearth_releases *s, const void *text, size_t n, int device_class, const void *secret,
                                    size_t n_secret, uint64_t now, hearth_release *out, hearth_error *err) {
    hr_release m;
    hr_release_verdict verdict;
    int slot;
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    if (s == NULL || text == NULL || secret == NULL || out == NULL || device_class < 1 || device_class > 5)
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "release", "NULL, or a class that is not 1 to 5");
    memset(out, 0, sizeof *out);
    const hr_release_device device = {1u << device_class, secret, n_secret};
    HR_TRY(hr_release_accept(release_state(s), text, n, &device, now, &m, &verdict, &slot, e));
    memcpy(out->id, m.id, 16);
    memcpy(out->name, m.name, sizeof m.name);
    out->kind = m.kind, out->version = m.version, out->floor = m.floor, out->n_files = m.n_files;
    out->expires = m.expires, out->verdict = (int)verdict, out->slot = slot;
    memcpy(out->file, m.file, sizeof m.file);
    return HR_OK;
}
hearth_status hearth_release_switch(hearth_releases *s, const void *text, size_t n, const hearth_release_file *got,
                                    size_t n_got, hearth_error *err) {
    hr_release m;
    hr_release_file files[HR_RELEASE_FILES];
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    if (s == NULL || text == NULL || (got == NULL && n_got > 0) || n_got > HR_RELEASE_FILES)
        return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "release", "NULL, or more than %d files", HR_RELEASE_FILES);
    HR_TRY(hr_release_read(text, n, &m, e));
    if (n_got > 0) memcpy(files, got, n_got * sizeof files[0]);
    return hr_release_switch(release_state(s), &m, files, n_got, e);
}
hearth_status hearth_release_back(hearth_releases *s, const uint8_t id[16], hearth_error *err) {
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    if (s == NULL || id == NULL) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "release", "NULL");
    return hr_release_back(release_state(s), id, e);
}
int hearth_release_get(const hearth_releases *s, size_t i, hearth_release_item *out) {
    const hr_release_state *t = s ? (const hr_release_state *)(const void *)s->state : NULL;
    if (t == NULL || out == NULL || i >= t->n_items) return 0;
    const hr_release_item *item = &t->item[i];
    memcpy(out->id, item->id, 16);
    out->highest = item->highest, out->floor = item->floor;
    out->version[0] = item->version[0], out->version[1] = item->version[1];
    out->active = hr_release_active(t, item->id);
    return 1;
}
void hearth_release_save(hearth_releases *s, uint8_t record[HEARTH_RELEASE_RECORD], uint64_t *offset) {
    hr_release_save(release_state(s), record, offset);
}
hearth_status hearth_release_load(hearth_releases *s, const void *file, size_t n, hearth_error *err) {
    hr_release_state t;
    hr_error *e = (hr_error *)err;
    if (e) hr_error_clear(e);
    if (s == NULL || (file == NULL && n > 0)) return hr_fail(e, HR_E_ARG, HR_NO_OFFSET, "release", "NULL");
    HR_TRY(hr_release_load(&t, file, n, e));
    memset(s, 0, sizeof *s);
    memcpy(s, &t, sizeof t);
    return HR_OK;
}
hearth_status hearth_release_digest(long (*read)(void *ctx, void *to, size_t n), void *ctx, hearth_release_file *file) {
    uint8_t bytes[4096];
    hr_sha2 h;
    long n;
    if (read == NULL || file == NULL) return HR_E_ARG;
    memset(file, 0, sizeof *file);
    hr_sha2_init(&h, false);
    while ((n = read(ctx, bytes, sizeof bytes)) > 0 && n <= (long)sizeof bytes) {
        hr_sha2_add(&h, bytes, (size_t)n);
        file->size += (uint64_t)n;
    }
    hr_sha2_end(&h, file->sha256);
    return n == 0 ? HR_OK : HR_E_IO;
}
HR_SMALL_END
