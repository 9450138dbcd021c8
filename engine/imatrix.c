/* imatrix.c: importance matrices in both common forms. */
#include "engine/imatrix.h"

static bool add_entry(hr_imatrix *im, const hr_imatrix_entry *e) {
    if (im->n == im->cap) {
        size_t cap = im->cap == 0 ? 256 : im->cap * 2, bytes = cap * sizeof *e;
        hr_imatrix_entry *p = (hr_imatrix_entry *)im->allocator->alloc(im->allocator->ctx, bytes, 16);
        if (p == NULL) return false;
        if (im->n > 0) memcpy(p, im->entries, im->n * sizeof *e);
        if (im->entries != NULL) im->allocator->free(im->allocator->ctx, im->entries, im->cap * sizeof *e);
        im->entries = p;
        im->cap = cap;
    }
    im->entries[im->n++] = *e;
    return true;
}

/* --- the old form ------------------------------------------------------------------------------------------------------- */
static uint64_t read_count(hr_cur *c, const char *what, uint32_t most) {
    uint32_t n = hr_cur_u32(c);
    if (hr_cur_ok(c) && (n == 0 || n > most)) hr_cur_fail(c, HR_E_FORMAT, "%s is %u; 1 to %u are possible", what, n, most);
    return hr_cur_ok(c) ? n : 0;
}

static hr_status parse_dat(hr_imatrix *im, const void *data, size_t size, hr_error *err) {
    hr_cur c = hr_cur_make(data, size, 0, err);
    c.field = "imatrix";
    uint64_t n = read_count(&c, "the number of entries", HR_IMATRIX_MAX_ENTRIES);
    hr_cur_expect(&c, n, 16);
    for (uint64_t i = 0; i < n && hr_cur_ok(&c); i++) {
        hr_imatrix_entry e;
        memset(&e, 0, sizeof e);
        c.field = "imatrix entry";
        e.name.size = (size_t)read_count(&c, "the length of a name", HR_GGUF_MAX_KEY);
        e.name.data = (const char *)hr_cur_bytes(&c, e.name.size);
        if (hr_cur_ok(&c) && !hr_utf8_valid(e.name.data, e.name.size)) hr_cur_fail(&c, HR_E_FORMAT, "a name is not UTF-8");
        uint32_t calls = hr_cur_u32(&c);
        e.n = (size_t)read_count(&c, "the number of values", INT32_MAX);
        e.sums = hr_cur_bytes(&c, (uint64_t)e.n * 4);
        e.n_mats = 1;
        e.divide = calls > 0 && calls <= INT32_MAX ? (float)calls : 1.0f;
        if (hr_cur_ok(&c) && !add_entry(im, &e)) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "imatrix", "out of memory");
    }
    if (!hr_cur_ok(&c)) return c.status;
    if (hr_cur_left(&c) >= 8) { /* newer files tell chunks and data set */
        im->chunks = hr_cur_u32(&c);
        uint32_t text = hr_cur_u32(&c);
        if (im->chunks > INT32_MAX || text > HR_GGUF_MAX_STRING) hr_cur_fail(&c, HR_E_FORMAT, "a bad tail");
        hr_cur_skip(&c, text);
    }
    if (hr_cur_ok(&c) && hr_cur_left(&c) != 0) hr_cur_fail(&c, HR_E_FORMAT, "%zu bytes too many", hr_cur_left(&c));
    return hr_cur_ok(&c) ? HR_OK : c.status;
}

/* --- GGUF --------------------------------------------------------------------------------------------------------------- */
static bool name_ends(const hr_gguf_tensor *t, const char *tail, hr_str *stem) {
    size_t n = strlen(tail);
    if (t->name_size <= n || memcmp(t->name + t->name_size - n, tail, n) != 0) return false;
    stem->data = (const char *)t->name;
    stem->size = t->name_size - n;
    return true;
}

static hr_status bad_tensor(const hr_gguf_tensor *t, const char *why, hr_error *err) {
    char where[64];
    hr_format(where, sizeof where, "%.*s", (int)t->name_size, (const char *)t->name);
    return hr_fail(err, HR_E_FORMAT, t->offset, where, "%s", why);
}

static hr_status take_pair(hr_imatrix *im, const hr_gguf_tensor *t, hr_str stem, hr_error *err) {
    char counts_name[HR_GGUF_MAX_NAME + 16];
    hr_imatrix_entry e;
    hr_format(counts_name, sizeof counts_name, "%.*s.counts", (int)stem.size, stem.data);
    const hr_gguf_tensor *counts = hr_gguf_tensor_find(im->gguf, counts_name);
    memset(&e, 0, sizeof e);
    e.name = stem;
    e.divide = 1.0f;
    e.n_mats = (size_t)t->dims[1] * t->dims[2] * t->dims[3];
    e.n = (size_t)t->dims[0] * e.n_mats;
    e.sums = hr_gguf_tensor_data(im->gguf, t);
    if (t->type != HR_TYPE_F32 || e.sums == NULL) return bad_tensor(t, "sums must be F32", err);
    if (counts == NULL) return bad_tensor(t, "there are no counts for these sums", err);
    if (counts->type != HR_TYPE_F32 || counts->bytes != 4 * (uint64_t)e.n_mats) {
        return bad_tensor(counts, "one F32 count for each matrix is due", err);
    }
    e.counts = hr_gguf_tensor_data(im->gguf, counts);
    return add_entry(im, &e) ? HR_OK : hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "imatrix", "out of memory");
}

static hr_status parse_gguf(hr_imatrix *im, const void *data, size_t size, hr_error *err) {
    hr_gguf_source src;
    hr_arena arena;
    uint64_t chunks = 0;
    memset(&src, 0, sizeof src);
    src.data = data;
    src.size = size;
    im->gguf = (hr_gguf *)im->allocator->alloc(im->allocator->ctx, sizeof *im->gguf, 64);
    if (im->gguf == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "imatrix", "out of memory");
    memset(im->gguf, 0, sizeof *im->gguf);
    HR_TRY(hr_gguf_open(im->gguf, &src, err));
    hr_arena_init_count(&arena);
    HR_TRY(hr_gguf_index(im->gguf, &arena, err));
    im->gguf_bytes = arena.used + HR_ARENA_ALIGN;
    im->gguf_memory = im->allocator->alloc(im->allocator->ctx, im->gguf_bytes, HR_ARENA_ALIGN);
    if (im->gguf_memory == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "imatrix", "out of memory");
    hr_arena_init(&arena, im->gguf_memory, im->gguf_bytes);
    HR_TRY(hr_gguf_index(im->gguf, &arena, err));
    HR_TRY(hr_gguf_check_data(im->gguf, err));
    HR_TRY(hr_gguf_u64(im->gguf, "imatrix.chunk_count", &chunks, NULL, err));
    im->chunks = (uint32_t)chunks;
    for (uint32_t i = 0; i < im->gguf->n_tensors; i++) {
        hr_str stem;
        if (name_ends(&im->gguf->tensors[i], ".in_sum2", &stem)) HR_TRY(take_pair(im, &im->gguf->tensors[i], stem, err));
    }
    if (im->n == 0) return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "imatrix", "this GGUF file holds no importances");
    return HR_OK;
}

/* --- opening ------------------------------------------------------------------------------------------------------------ */
static hr_status parse_any(hr_imatrix *im, const void *data, size_t size, hr_error *err) {
    if (size >= 4 && memcmp(data, "GGUF", 4) == 0) return parse_gguf(im, data, size, err);
    return parse_dat(im, data, size, err);
}

hr_status hr_imatrix_parse(hr_imatrix *im, const void *data, size_t size, const hr_allocator *allocator, hr_error *err) {
    memset(im, 0, sizeof *im);
    im->allocator = allocator != NULL ? allocator : hr_allocator_default();
    hr_status status = parse_any(im, data, size, err);
    if (status != HR_OK) hr_imatrix_close(im);
    return status;
}

hr_status hr_imatrix_open(hr_imatrix *im, const char *path, const hr_allocator *allocator, hr_error *err) {
    memset(im, 0, sizeof *im);
    im->allocator = allocator != NULL ? allocator : hr_allocator_default();
    HR_TRY(hr_file_open(&im->file, path, NULL, true, err));
    hr_status status = HR_OK;
    const uint8_t *data = im->file.map;
    if (im->file.size > SIZE_MAX / 2) status = hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, path, "the file is too large");
    if (status == HR_OK && data == NULL) {
        im->copy = (uint8_t *)im->allocator->alloc(im->allocator->ctx, (size_t)im->file.size + 1, 64);
        status = im->copy == NULL ? hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, path, "out of memory")
                                  : hr_file_read(&im->file, 0, im->copy, (size_t)im->file.size, err);
        data = im->copy;
    }
    if (status == HR_OK) status = parse_any(im, data, (size_t)im->file.size, err);
    if (status != HR_OK) hr_imatrix_close(im);
    return status;
}

void hr_imatrix_close(hr_imatrix *im) {
    const hr_allocator *al = im->allocator;
    if (al != NULL) {
        if (im->gguf != NULL) {
            hr_gguf_close(im->gguf);
            al->free(al->ctx, im->gguf, sizeof *im->gguf);
        }
        if (im->gguf_memory != NULL) al->free(al->ctx, im->gguf_memory, im->gguf_bytes);
        if (im->entries != NULL) al->free(al->ctx, im->entries, im->cap * sizeof *im->entries);
        if (im->copy != NULL) al->free(al->ctx, im->copy, (size_t)im->file.size + 1);
    }
    hr_file_close(&im->file);
    memset(im, 0, sizeof *im);
}

const hr_imatrix_entry *hr_imatrix_find(const hr_imatrix *im, hr_str name) {
    for (size_t i = 0; i < im->n; i++) {
        const hr_imatrix_entry *e = &im->entries[i];
        if (e->name.size == name.size && memcmp(e->name.data, name.data, name.size) == 0) return e;
    }
    return NULL;
}

bool hr_imatrix_values(const hr_imatrix_entry *e, size_t k, size_t mat, size_t n_mats, float *dst) {
    if (k == 0 || mat >= n_mats || e->n / k != n_mats || e->n % k != 0) return false;
    if (e->counts != NULL && e->n_mats != n_mats) return false;
    float divide = e->counts != NULL ? hr_f32_from_bits(hr_le32(e->counts + 4 * mat)) : e->divide;
    double sum = 0;
    if (!(divide > 0.0f && divide < 3e38f)) return false;
    for (size_t i = 0; i < k; i++) {
        float v = hr_f32_from_bits(hr_le32(e->sums + 4 * (mat * k + i))) / divide;
        if (!(v >= 0.0f && v < 1e30f)) return false;
        dst[i] = v;
        sum += (double)v;
    }
    float floor = (float)(sum / (double)k * 1e-6);
    for (size_t i = 0; i < k; i++) dst[i] += floor;
    return sum > 0.0;
}

/* --- writing ------------------------------------------------------------------------------------------------------------ */
static hr_status write_gguf(hr_gguf_writer *w, const hr_imatrix_sums *list, size_t n, uint32_t chunks, uint32_t chunk_tokens,
                            const char *text, hr_error *err) {
    char name[HR_GGUF_MAX_NAME + 16];
    hr_str data_set = hr_str_of(text);
    HR_TRY(hr_gguf_put_str(w, "general.type", hr_str_of("imatrix"), err));
    HR_TRY(hr_gguf_put_strings(w, "imatrix.datasets", &data_set, 1, err));
    HR_TRY(hr_gguf_put_u32(w, "imatrix.chunk_count", chunks, err));
    HR_TRY(hr_gguf_put_u32(w, "imatrix.chunk_size", chunk_tokens, err));
    for (size_t i = 0; i < 2 * n; i++) {
        const hr_imatrix_sums *s = &list[i / 2];
        uint64_t dims[2] = {i % 2 == 0 ? s->k : 1, s->n_mats};
        hr_format(name, sizeof name, "%.*s.%s", (int)s->name.size, s->name.data, i % 2 == 0 ? "in_sum2" : "counts");
        HR_TRY(hr_gguf_put_tensor(w, hr_str_of(name), 2, dims, HR_TYPE_F32, NULL, err));
    }
    HR_TRY(hr_gguf_write_head(w, 0, NULL, err));
    for (size_t i = 0; i < n; i++) {
        HR_TRY(hr_gguf_write_append(w, list[i].sums, list[i].k * list[i].n_mats * sizeof(float), err));
        HR_TRY(hr_gguf_write_append(w, list[i].counts, list[i].n_mats * sizeof(float), err));
    }
    return hr_gguf_write_finish(w, err);
}

typedef struct dat_out {
    const hr_out_ops *ops;
    void *handle;
    uint64_t at;
    hr_error *err;
} dat_out;

static hr_status put_dat(dat_out *o, const void *data, size_t n) {
    HR_TRY(o->ops->write(o->ops->ctx, o->handle, o->at, data, n, o->err));
    o->at += n;
    return HR_OK;
}

static hr_status put_dat_u32(dat_out *o, uint32_t v) {
    uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    return put_dat(o, b, 4);
}

/* one number of calls for an entry: values are means times the calls, as readers of this form divide */
static hr_status put_dat_entry(dat_out *o, const hr_imatrix_sums *s, uint32_t calls) {
    HR_TRY(put_dat_u32(o, (uint32_t)s->name.size));
    HR_TRY(put_dat(o, s->name.data, s->name.size));
    HR_TRY(put_dat_u32(o, calls));
    HR_TRY(put_dat_u32(o, (uint32_t)(s->k * s->n_mats)));
    for (size_t i = 0; i < s->k * s->n_mats; i++) {
        float count = s->counts[i / s->k], v = count > 0.0f ? s->sums[i] / count * (float)calls : 0.0f;
        HR_TRY(put_dat_u32(o, hr_f32_bits(v)));
    }
    return HR_OK;
}

static hr_status write_dat(const char *path, const hr_imatrix_sums *list, size_t n, uint32_t chunks, const char *text,
                           hr_error *err) {
    char part[4104];
    uint64_t size;
    dat_out o = {hr_out_ops_default(), NULL, 0, err};
    if (o.ops == NULL || strlen(path) + 6 > sizeof part) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, path, "cannot be written");
    hr_format(part, sizeof part, "%s.part", path);
    HR_TRY(o.ops->open(o.ops->ctx, part, false, &o.handle, &size, err));
    hr_status status = put_dat_u32(&o, (uint32_t)n);
    for (size_t i = 0; i < n && status == HR_OK; i++) status = put_dat_entry(&o, &list[i], chunks > 0 ? chunks : 1);
    if (status == HR_OK) status = put_dat_u32(&o, chunks);
    if (status == HR_OK) status = put_dat_u32(&o, (uint32_t)strlen(text));
    if (status == HR_OK) status = put_dat(&o, text, strlen(text));
    if (status == HR_OK) status = o.ops->sync(o.ops->ctx, o.handle, err);
    if (status == HR_OK) status = o.ops->rename(o.ops->ctx, part, path, err);
    else o.ops->remove(o.ops->ctx, part);
    o.ops->close(o.ops->ctx, o.handle);
    return status;
}

hr_status hr_imatrix_write(const char *path, const hr_imatrix_sums *list, size_t n, uint32_t chunks, uint32_t chunk_tokens,
                           const char *text, const hr_allocator *allocator, hr_error *err) {
    size_t length = path != NULL ? strlen(path) : 0;
    if (length > 4 && strcmp(path + length - 4, ".dat") == 0) return write_dat(path, list, n, chunks, text, err);
    hr_gguf_writer w;
    hr_status status = hr_gguf_write_begin(&w, path, allocator, NULL, err);
    if (status == HR_OK) status = write_gguf(&w, list, n, chunks, chunk_tokens, text, err);
    if (status != HR_OK) hr_gguf_write_abandon(&w, false);
    return status;
}
