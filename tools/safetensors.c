/* safetensors.c: the reader. Nothing is allocated that trusts a number of the file before it was compared with its size. */
#include "tools/safetensors.h"
#include "tools/json.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdio.h>
#include <stdlib.h>

static const struct st_dtype_row {
    const char *name;
    st_dtype dtype;
    uint8_t bytes;
} st_dtypes[] = {
    {"F32", ST_F32, 4}, {"F16", ST_F16, 2}, {"BF16", ST_BF16, 2}, {"F64", ST_F64, 8}, {"I64", ST_I64, 8},
    {"I32", ST_I32, 4}, {"I16", ST_I16, 2}, {"I8", ST_I8, 1}, {"U8", ST_U8, 1}, {"BOOL", ST_BOOL, 1},
    {"U16", ST_OTHER, 2}, {"U32", ST_OTHER, 4}, {"U64", ST_OTHER, 8}, {"F8_E4M3", ST_OTHER, 1},
    {"F8_E5M2", ST_OTHER, 1}, {"F8_E8M0", ST_OTHER, 1},
};
size_t st_dtype_bytes(st_dtype d) {
    for (size_t i = 0; i < HR_COUNT(st_dtypes); i++)
        if (st_dtypes[i].dtype == d) return st_dtypes[i].bytes;
    return 1;
}

/* name as the place of an error */
static const char *place_of(const st_tensor *t, char *buffer, size_t cap) {
    hr_format(buffer, cap, "%.*s", (int)hr_min_size(t->name.size, 60), t->name.data);
    return buffer;
}

static hr_status read_entry(st_tensor *t, const json_node *n, uint64_t data_at, uint64_t data_bytes, hr_error *err) {
    const json_node *shape = json_get(n, "shape"), *range = json_get(n, "data_offsets");
    hr_str dtype = {"", 0};
    int64_t begin = -1, end = -1, v = 0;
    char place[64];
    size_t i = 0;
    t->name = n->key;
    t->elements = 1;
    place_of(t, place, sizeof place);
    if (!json_str(json_get(n, "dtype"), &dtype) || !json_is(shape, JSON_ARRAY) || !json_is(range, JSON_ARRAY))
        return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, place, "has no dtype, shape or data_offsets");
    while (i < HR_COUNT(st_dtypes) && !hr_str_is(dtype, st_dtypes[i].name)) i++;
    if (i == HR_COUNT(st_dtypes))
        return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, place, "dtype '%.*s' is not known",
                       (int)hr_min_size(dtype.size, 20), dtype.data);
    t->dtype = st_dtypes[i].dtype;
    t->dtype_name = st_dtypes[i].name;
    if (shape->count > ST_MAX_DIMS)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, place, "has %u dimensions", (unsigned)shape->count);
    for (const json_node *d = json_first(shape); d; d = json_next(shape, d)) {
        if (!json_int(d, &v) || v < 0 || !hr_mul_u64(t->elements, (uint64_t)v, &t->elements))
            return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, place, "its shape is no list of sizes");
        t->shape[t->n_dims++] = (uint64_t)v;
    }
    if (range->count != 2 || !json_int(json_first(range), &begin) ||
        !json_int(json_next(range, json_first(range)), &end) || begin < 0 || end < begin || (uint64_t)end > data_bytes)
        return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, place, "its data_offsets %lld to %lld leave the %llu bytes of data",
                       (long long)begin, (long long)end, (unsigned long long)data_bytes);
    if (!hr_mul_u64(t->elements, st_dtypes[i].bytes, &t->bytes) || t->bytes != (uint64_t)(end - begin))
        return hr_fail(err, HR_E_FORMAT, data_at + (uint64_t)begin, place, "has %lld bytes, its shape needs %llu",
                       (long long)(end - begin), (unsigned long long)t->bytes);
    t->offset = data_at + (uint64_t)begin;
    return HR_OK;
}

static int compare_offsets(const void *a, const void *b) {
    const st_tensor *x = (const st_tensor *)a, *y = (const st_tensor *)b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}
static int compare_text(hr_str a, hr_str b) {
    const size_t n = hr_min_size(a.size, b.size);
    const int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : a.size < b.size ? -1 : a.size > b.size;
}
static int compare_names(const void *a, const void *b) {
    return compare_text(((const st_tensor *)a)->name, ((const st_tensor *)b)->name);
}

static hr_status check_ranges(st_tensor *list, size_t n, uint64_t data_at, uint64_t size, hr_error *err) {
    uint64_t at = data_at;
    char place[64];
    if (n > 1) qsort(list, n, sizeof *list, compare_offsets);
    for (size_t i = 0; i < n; i++) {
        if (list[i].offset != at)
            return hr_fail(err, HR_E_FORMAT, list[i].offset, place_of(&list[i], place, sizeof place),
                           "%s: the tensor before it ends at %llu", list[i].offset < at ? "overlaps" : "leaves a gap",
                           (unsigned long long)at);
        at += list[i].bytes;
    }
    if (at == size) return HR_OK;
    return hr_fail(err, HR_E_FORMAT, at, "data", "%llu bytes behind the last tensor", (unsigned long long)(size - at));
}

static hr_status read_header(st_set *s, hr_file *f, char *text, uint64_t n, hr_error *err) {
    json_doc d;
    hr_status status = json_parse(&d, "safetensors header", text, (size_t)n, err);
    const json_node *root = json_root(&d);
    const size_t first = s->n_tensors;
    if (status == HR_OK && !json_is(root, JSON_OBJECT))
        status = hr_fail(err, HR_E_FORMAT, 8, "safetensors header", "is no object");
    if (status == HR_OK && s->n_tensors + root->count > ST_MAX_TENSORS)
        status = hr_fail(err, HR_E_LIMIT, 8, "safetensors header", "more than %d tensors", ST_MAX_TENSORS);
    for (const json_node *e = status == HR_OK ? json_first(root) : NULL; e && status == HR_OK; e = json_next(root, e)) {
        if (hr_str_is(e->key, "__metadata__")) continue;
        if (s->n_tensors == s->cap_tensors) {
            const size_t cap = s->cap_tensors ? s->cap_tensors * 2 : 256;
            st_tensor *bigger = (st_tensor *)realloc(s->tensors, cap * sizeof *bigger);
            if (!bigger) status = hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "tensors", "no memory for %zu tensors", cap);
            if (!bigger) break;
            s->tensors = bigger;
            s->cap_tensors = cap;
        }
        st_tensor *t = &s->tensors[s->n_tensors];
        memset(t, 0, sizeof *t);
        t->shard = (uint32_t)s->n_files;
        status = read_entry(t, e, 8 + n, f->size - 8 - n, err);
        if (status != HR_OK) break;
        s->total_bytes += t->bytes;
        s->n_tensors++;
    }
    if (status == HR_OK)
        status = check_ranges(s->tensors ? s->tensors + first : NULL, s->n_tensors - first, 8 + n, f->size, err);
    d.data = NULL; /* the names live in it */
    json_free(&d);
    return status;
}

static hr_status read_file(st_set *s, hr_file *f, hr_error *err) {
    uint8_t head[8];
    if (f->size < 8) return hr_fail(err, HR_E_FORMAT, 0, "safetensors", "%llu bytes: too short for a header",
                                    (unsigned long long)f->size);
    HR_TRY(hr_file_read(f, 0, head, 8, err));
    const uint64_t n = hr_le64(head);
    if (n > f->size - 8 || n > ST_MAX_HEADER)
        return hr_fail(err, n > f->size - 8 ? HR_E_FORMAT : HR_E_LIMIT, 0, "safetensors",
                       "a header of %llu bytes in a file of %llu", (unsigned long long)n, (unsigned long long)f->size);
    char *text = (char *)malloc((size_t)n + 1);
    if (!text) return hr_fail(err, HR_E_MEMORY, 0, "safetensors", "no memory for a header of %llu bytes",
                              (unsigned long long)n);
    s->headers[s->n_files] = text;
    HR_TRY(hr_file_read(f, 8, text, (size_t)n, err));
    return read_header(s, f, text, n, err);
}

hr_status st_add(st_set *s, const char *path, const hr_file_ops *ops, hr_error *err) {
    if (!s->files) {
        s->files = (hr_file *)calloc(ST_MAX_SHARDS, sizeof *s->files);
        s->headers = (char **)calloc(ST_MAX_SHARDS, sizeof *s->headers);
        if (!s->files || !s->headers) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, path, "no memory for the shards");
    }
    if (s->n_files == ST_MAX_SHARDS)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, path, "more than %d files", ST_MAX_SHARDS);
    hr_file *f = &s->files[s->n_files];
    HR_TRY(hr_file_open(f, path, ops, false, err));
    const hr_status status = read_file(s, f, err);
    s->n_files++;
    return status;
}

hr_status st_finish(st_set *s, hr_error *err) {
    char place[64];
    if (s->n_tensors > 1) qsort(s->tensors, s->n_tensors, sizeof *s->tensors, compare_names);
    for (size_t i = 1; i < s->n_tensors; i++)
        if (compare_names(&s->tensors[i - 1], &s->tensors[i]) == 0)
            return hr_fail(err, HR_E_FORMAT, s->tensors[i].offset, place_of(&s->tensors[i], place, sizeof place),
                           "is there twice");
    return HR_OK;
}

/* the index maps every tensor to its file; the set of files is what is wanted of it */
static hr_status add_indexed(st_set *s, const char *folder, const json_node *map, hr_error *err) {
    const json_node **seen = (const json_node **)calloc(ST_MAX_SHARDS, sizeof *seen);
    hr_status status = seen ? HR_OK : hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "weight_map", "no memory");
    size_t n = 0;
    char path[4096];
    for (const json_node *e = json_first(map); e && status == HR_OK; e = json_next(map, e)) {
        size_t i = 0;
        hr_str file = {"", 0};
        if (!json_str(e, &file) || file.size == 0 || memchr(file.data, '/', file.size) || file.data[0] == '.' ||
            memchr(file.data, 0, file.size)) {
            status = hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "weight_map", "a file name that is none: '%.*s'",
                             (int)hr_min_size(file.size, 40), file.data);
            break;
        }
        while (i < n && compare_text(seen[i]->text, file) != 0) i++;
        if (i < n) continue;
        if (n == ST_MAX_SHARDS) status = hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "weight_map", "too many files");
        else if (snprintf(path, sizeof path, "%s/%.*s", folder, (int)hr_min_size(file.size, 512), file.data) >=
                 (int)sizeof path)
            status = hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "weight_map", "the path is too long");
        else {
            seen[n++] = e;
            status = st_add(s, path, NULL, err);
        }
    }
    free(seen);
    return status;
}

hr_status st_open_folder(st_set *s, const char *folder, hr_error *err) {
    char path[4096];
    memset(s, 0, sizeof *s);
    if (snprintf(path, sizeof path, "%s/model.safetensors.index.json", folder) >= (int)sizeof path)
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "folder", "the path is too long");
    hr_file f;
    hr_error missing;
    hr_error_clear(&missing);
    memset(&f, 0, sizeof f);
    if (hr_file_open(&f, path, NULL, false, &missing) != HR_OK) {
        snprintf(path, sizeof path, "%s/model.safetensors", folder);
        HR_TRY(st_add(s, path, NULL, err));
        return st_finish(s, err);
    }
    char *text = f.size <= ST_MAX_HEADER ? (char *)malloc((size_t)f.size + 1) : NULL;
    hr_status status = text ? hr_file_read(&f, 0, text, (size_t)f.size, err)
                            : hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, path, "no memory for the index");
    json_doc d;
    memset(&d, 0, sizeof d);
    if (status == HR_OK) status = json_parse(&d, "model.safetensors.index.json", text, (size_t)f.size, err);
    else free(text);
    hr_file_close(&f);
    const json_node *map = json_get(json_root(&d), "weight_map");
    if (status == HR_OK && (!json_is(map, JSON_OBJECT) || map->count == 0))
        status = hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "weight_map", "is missing in the index");
    if (status == HR_OK) status = add_indexed(s, folder, map, err);
    const uint32_t named = map ? map->count : 0;
    json_free(&d);
    if (status == HR_OK) status = st_finish(s, err);
    if (status == HR_OK && named > s->n_tensors)
        status = hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "weight_map", "names %u tensors, the files hold %zu", named,
                         s->n_tensors);
    return status;
}

void st_close(st_set *s) {
    for (size_t i = 0; s->files && i < s->n_files; i++) hr_file_close(&s->files[i]);
    for (size_t i = 0; s->headers && i < ST_MAX_SHARDS; i++) free(s->headers[i]);
    free(s->files);
    free(s->headers);
    free(s->tensors);
    memset(s, 0, sizeof *s);
}
const st_tensor *st_find(const st_set *s, const char *name) {
    st_tensor key;
    memset(&key, 0, sizeof key);
    key.name = hr_str_of(name);
    if (s->n_tensors == 0) return NULL;
    return (const st_tensor *)bsearch(&key, s->tensors, s->n_tensors, sizeof key, compare_names);
}
hr_status st_read(st_set *s, const st_tensor *t, uint64_t offset, void *dst, size_t n, hr_error *err) {
    if (offset > t->bytes || n > t->bytes - offset)
        return hr_fail(err, HR_E_ARG, offset, "tensor", "a read behind its end");
    return hr_file_read(&s->files[t->shard], t->offset + offset, dst, n, err);
}
#endif
