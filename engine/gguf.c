/* gguf.c: opening and validating. One pass over the header checks every record and allocates nothing; the index is
 * built by a second pass that can no longer meet anything unexpected but duplicates. */
#include "engine/gguf.h"

HR_SMALL_BEGIN

enum { GGUF_FIRST_WINDOW = 1 << 20, GGUF_KV_MIN = 8 + 1 + 4 + 1, GGUF_TENSOR_MIN = 8 + 1 + 4 + 8 + 4 + 8 };

static uint64_t gguf_scalar_bytes(uint32_t type) {
    static const uint8_t bytes[HR_GGUF_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < HR_GGUF_TYPES ? bytes[type] : 0;
}

/* --- records ---------------------------------------------------------------------------------------------------------- */
static hr_str read_text(hr_cur *c, uint64_t cap, const char *kind) {
    hr_str s = {"", 0};
    uint64_t n = hr_cur_u64(c);
    if (!hr_cur_ok(c)) return s;
    if (n > cap) {
        hr_cur_fail(c, HR_E_LIMIT, "%s of %llu bytes; at most %llu are accepted", kind, (unsigned long long)n,
                    (unsigned long long)cap);
        return s;
    }
    s.data = (const char *)hr_cur_bytes(c, n);
    s.size = (size_t)n;
    return s;
}

static bool check_label(hr_cur *c, hr_str s, const char *kind) {
    if (!hr_cur_ok(c)) return false;
    if (s.size == 0) return hr_cur_fail(c, HR_E_FORMAT, "empty %s", kind), false;
    if (memchr(s.data, 0, s.size) != NULL) return hr_cur_fail(c, HR_E_FORMAT, "%s holds a NUL", kind), false;
    if (!hr_utf8_valid(s.data, s.size)) return hr_cur_fail(c, HR_E_FORMAT, "%s is not UTF-8", kind), false;
    return true;
}

static void read_array(hr_cur *c, hr_gguf_kv *kv) {
    uint32_t elem = hr_cur_u32(c);
    kv->count = hr_cur_u64(c);
    if (!hr_cur_ok(c)) return;
    if (elem >= HR_GGUF_TYPES || elem == HR_GGUF_ARRAY) {
        hr_cur_fail(c, HR_E_FORMAT, elem == HR_GGUF_ARRAY ? "array of arrays (type %u)" : "array of unknown type %u", elem);
        return;
    }
    kv->elem = (uint8_t)elem;
    uint64_t unit = elem == HR_GGUF_STRING ? 8 : gguf_scalar_bytes(elem);
    if (!hr_cur_expect(c, kv->count, unit)) return;
    size_t begin = c->pos;
    if (elem == HR_GGUF_STRING) {
        kv->data = hr_cur_bytes(c, 0);
        if (hr_cur_skip_strings(c, kv->count, HR_GGUF_MAX_STRING) < kv->count) {
            read_text(c, HR_GGUF_MAX_STRING, "array string"); /* fails, and says why */
        }
    } else {
        kv->data = hr_cur_bytes(c, kv->count * unit);
    }
    kv->bytes = c->pos - begin;
}

static void read_kv(hr_cur *c, hr_gguf_kv *kv, char *label, size_t label_cap) {
    memset(kv, 0, sizeof *kv);
    c->field = "key";
    hr_str key = read_text(c, HR_GGUF_MAX_KEY, "key");
    if (!check_label(c, key, "key")) return;
    hr_format(label, label_cap, "%.*s", (int)key.size, key.data);
    c->field = label;
    kv->key = (const uint8_t *)key.data;
    kv->key_size = (uint32_t)key.size;
    uint32_t type = hr_cur_u32(c);
    if (!hr_cur_ok(c)) return;
    if (type >= HR_GGUF_TYPES) {
        hr_cur_fail(c, HR_E_FORMAT, "unknown value type %u", type);
        return;
    }
    kv->type = kv->elem = (uint8_t)type;
    kv->count = 1;
    if (type == HR_GGUF_ARRAY) {
        read_array(c, kv);
    } else if (type == HR_GGUF_STRING) {
        hr_str s = read_text(c, HR_GGUF_MAX_STRING, "string");
        kv->data = (const uint8_t *)s.data;
        kv->bytes = s.size;
    } else {
        kv->bytes = gguf_scalar_bytes(type);
        kv->data = hr_cur_bytes(c, kv->bytes);
    }
}

static void read_tensor(hr_cur *c, hr_gguf_tensor *t, char *label, size_t label_cap) {
    memset(t, 0, sizeof *t);
    c->field = "tensor name";
    hr_str name = read_text(c, HR_GGUF_MAX_NAME, "tensor name");
    if (!check_label(c, name, "tensor name")) return;
    hr_format(label, label_cap, "%.*s", (int)name.size, name.data);
    c->field = label;
    t->name = (const uint8_t *)name.data;
    t->name_size = (uint32_t)name.size;
    uint32_t n_dims = hr_cur_u32(c);
    if (!hr_cur_ok(c)) return;
    if (n_dims < 1 || n_dims > HR_GGUF_MAX_DIMS) {
        hr_cur_fail(c, HR_E_FORMAT, "%u dimensions; 1 to 4 are possible", n_dims);
        return;
    }
    t->n_dims = (uint16_t)n_dims;
    uint64_t rows = 1;
    for (uint32_t i = 0; i < HR_GGUF_MAX_DIMS; i++) {
        uint64_t ne = i < n_dims ? hr_cur_u64(c) : 1;
        if (!hr_cur_ok(c)) return;
        if (ne < 1 || ne > (uint64_t)1 << 31 || (i > 0 && !hr_mul_u64(rows, ne, &rows))) {
            hr_cur_fail(c, HR_E_FORMAT, "dimension %u is %llu; 1 to 2^31 are possible", i, (unsigned long long)ne);
            return;
        }
        t->dims[i] = (uint32_t)ne;
    }
    t->type = hr_cur_u32(c);
    t->offset = hr_cur_u64(c);
    if (!hr_cur_ok(c)) return;
    const hr_format_info *f = hr_format_of(t->type);
    if (f == NULL) {
        hr_cur_fail(c, HR_E_FORMAT, "unknown or removed tensor type %u", t->type);
        return;
    }
    uint64_t row_bytes, mats = (uint64_t)t->dims[2] * t->dims[3]; /* at most 2^62 */
    if (!hr_format_row_bytes(f, t->dims[0], &row_bytes)) {
        hr_cur_fail(c, HR_E_FORMAT, "rows of %u elements; %s needs a multiple of %u", t->dims[0], f->name,
                    (unsigned)f->block);
    } else if (!hr_format_tensor_bytes(f, t->dims[0], t->dims[1], mats, &t->bytes) || t->bytes > (uint64_t)1 << 62) {
        hr_cur_fail(c, HR_E_FORMAT, "the size of this tensor overflows");
    }
}

/* --- one header --------------------------------------------------------------------------------------------------------- */
static void read_counts(hr_cur *c, hr_gguf *g, hr_gguf_shard *s) {
    c->field = "magic";
    const uint8_t *magic = hr_cur_bytes(c, 4);
    if (magic != NULL && memcmp(magic, "GGUF", 4) != 0) {
        hr_cur_fail(c, HR_E_FORMAT, "this is not a GGUF file");
        return;
    }
    c->field = "version";
    uint32_t version = hr_cur_u32(c);
    if (!hr_cur_ok(c)) return;
    if (version > 65535) {
        hr_cur_fail(c, HR_E_UNSUPPORTED, "a big-endian GGUF file; convert it to little-endian");
        return;
    }
    if (version != 2 && version != 3) {
        hr_cur_fail(c, HR_E_UNSUPPORTED, "version %u; 2 and 3 are read", version);
        return;
    }
    if (s == g->shards) g->version = version;
    c->field = "n_tensors";
    uint64_t n_tensors = hr_cur_u64(c);
    c->field = "n_kv";
    uint64_t n_kv = hr_cur_u64(c);
    if (!hr_cur_ok(c)) return;
    if (n_tensors > HR_GGUF_MAX_TENSORS || n_kv > HR_GGUF_MAX_KV) {
        c->field = n_kv > HR_GGUF_MAX_KV ? "n_kv" : "n_tensors";
        hr_cur_fail(c, HR_E_LIMIT, "%llu tensors and %llu keys; at most 65536 of each are accepted",
                    (unsigned long long)n_tensors, (unsigned long long)n_kv);
        return;
    }
    if (!hr_cur_expect(c, n_kv, GGUF_KV_MIN)) return;
    c->field = "n_tensors";
    if (!hr_cur_expect(c, n_tensors, GGUF_TENSOR_MIN)) return;
    s->n_kv = (uint32_t)n_kv;
    s->n_tensors = (uint32_t)n_tensors;
}

static void take_alignment(hr_cur *c, hr_gguf_shard *s, const hr_gguf_kv *kv) {
    uint32_t a = kv->type == HR_GGUF_U32 ? hr_le32(kv->data) : 0;
    if (kv->type != HR_GGUF_U32 || a < 1 || a > 65536 || (a & (a - 1)) != 0) {
        hr_cur_fail(c, HR_E_FORMAT, "alignment must be a u32 power of two up to 65536");
        return;
    }
    s->alignment = a;
}

/* u16, i16, u32 or i32; gguf-split writes u16 and i32 */
static bool split_number(const hr_gguf_kv *kv, uint64_t *out) {
    switch (kv->type) {
    case HR_GGUF_U16: *out = hr_le16(kv->data); return true;
    case HR_GGUF_I16: *out = hr_le16(kv->data); return *out <= INT16_MAX;
    case HR_GGUF_U32: *out = hr_le32(kv->data); return true;
    case HR_GGUF_I32: *out = hr_le32(kv->data); return *out <= INT32_MAX;
    default: return false;
    }
}

static void take_split(hr_cur *c, hr_gguf_shard *s, const hr_gguf_kv *kv) {
    hr_str key = {(const char *)kv->key, kv->key_size};
    uint64_t *out = hr_str_is(key, "split.no")              ? &s->split_no
                    : hr_str_is(key, "split.count")         ? &s->split_count
                    : hr_str_is(key, "split.tensors.count") ? &s->split_tensors
                                                            : NULL;
    if (out != NULL && !split_number(kv, out)) {
        hr_cur_fail(c, HR_E_FORMAT, "must be a 16 or 32-bit integer, not negative");
    }
}

/* Validates one file's header in memory. With tensor_out (and kv_out) it also stores what it reads; the counts must then
 * be those that the arrays were made for, because a mapped file may have been written to since. */
static hr_status walk_header(hr_gguf *g, hr_gguf_shard *s, uint32_t shard, hr_cur *c, hr_gguf_kv *kv_out,
                             hr_gguf_tensor *tensor_out) {
    char label[64];
    uint32_t n_kv = s->n_kv, n_tensors = s->n_tensors;
    read_counts(c, g, s);
    if (tensor_out != NULL && (n_kv != s->n_kv || n_tensors != s->n_tensors)) {
        hr_cur_fail(c, HR_E_IO, "the file was changed while it was being read");
    }
    bool aligned = false;
    s->split_no = s->split_tensors = 0;
    s->split_count = 1;
    s->alignment = 32;
    for (uint32_t i = 0; i < s->n_kv && hr_cur_ok(c); i++) {
        hr_gguf_kv kv;
        read_kv(c, &kv, label, sizeof label);
        if (!hr_cur_ok(c)) break;
        hr_str key = {(const char *)kv.key, kv.key_size};
        if (hr_str_is(key, "general.alignment")) { /* twice: refused here, offsets depend on it */
            if (aligned) hr_cur_fail(c, HR_E_FORMAT, "the key is there twice");
            take_alignment(c, s, &kv);
            aligned = true;
        }
        take_split(c, s, &kv);
        if (kv_out != NULL) kv_out[i] = kv;
    }
    uint64_t expected = 0;
    for (uint32_t i = 0; i < s->n_tensors && hr_cur_ok(c); i++) {
        hr_gguf_tensor t;
        read_tensor(c, &t, label, sizeof label);
        if (!hr_cur_ok(c)) break;
        /* tensors follow each other, padded: no overlap and no gap can hide anything */
        if (t.offset != expected) {
            hr_cur_fail(c, HR_E_FORMAT, "data offset %llu, where %llu was due (alignment %u)", (unsigned long long)t.offset,
                        (unsigned long long)expected, s->alignment);
            break;
        }
        uint64_t end;
        if (!hr_add_u64(expected, t.bytes, &end) || !hr_align_u64(end, s->alignment, &expected) ||
            expected > (uint64_t)1 << 62) {
            hr_cur_fail(c, HR_E_FORMAT, "the sum of the tensors' sizes overflows");
            break;
        }
        t.shard = (uint16_t)shard;
        if (tensor_out != NULL) tensor_out[i] = t;
    }
    if (!hr_cur_ok(c)) return c->status;
    if (shard == 0) g->alignment = s->alignment;
    s->header_bytes = c->pos;
    hr_align_u64(c->pos, s->alignment, &s->data_offset); /* a position in memory plus 2^16: no overflow */
    return HR_OK;
}

/* In windows: the header is read into a buffer that doubles until the walk fits. */
static hr_status walk_windows(hr_gguf *g, hr_gguf_shard *s, uint32_t shard, const hr_allocator *al, hr_error *err) {
    for (uint64_t window = GGUF_FIRST_WINDOW;; window *= 2) {
        size_t n = (size_t)(window < s->file.size ? window : s->file.size);
        uint8_t *buf = (uint8_t *)al->alloc(al->ctx, n + 1, HR_ARENA_ALIGN);
        if (buf == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "header", "%zu bytes cannot be allocated", n + 1);
        hr_error walk_err;
        hr_error_clear(&walk_err);
        hr_status status = hr_file_read(&s->file, 0, buf, n, err);
        uint64_t wanted = 0;
        if (status == HR_OK) {
            hr_cur c = hr_cur_make(buf, n, 0, &walk_err);
            status = walk_header(g, s, shard, &c, NULL, NULL);
            wanted = c.wanted;
        }
        al->free(al->ctx, buf, n + 1);
        bool longer_helps = status != HR_OK && wanted != 0 && wanted <= s->file.size && n < s->file.size;
        if (longer_helps && wanted > HR_GGUF_MAX_HEADER) {
            return hr_fail(err, HR_E_LIMIT, n, "header", "a header of %llu bytes or more; at most %d are accepted",
                           (unsigned long long)wanted, (int)HR_GGUF_MAX_HEADER);
        }
        if (!longer_helps) {
            if (status != HR_OK && err != NULL && err->status == HR_OK) *err = walk_err;
            return status;
        }
        while (window < wanted / 2) window *= 2;
    }
}

static hr_status open_shard(hr_gguf *g, uint32_t shard, const hr_gguf_source *src, const char *path, hr_error *err) {
    hr_gguf_shard *s = &g->shards[shard];
    if (path != NULL) {
        HR_TRY(hr_file_open(&s->file, path, src->ops, src->want_map, err));
    } else {
        hr_file_open_memory(&s->file, src->data, src->size);
    }
    g->n_shards = shard + 1;
    if (!hr_add_u64(g->file_bytes, s->file.size, &g->file_bytes) || s->file.size > (uint64_t)1 << 62) {
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "file", "the file is too large");
    }
    if (s->file.map == NULL && path != NULL && s->file.size > 0) {
        const hr_allocator *al = src->allocator != NULL ? src->allocator : hr_allocator_default();
        return walk_windows(g, s, shard, al, err);
    }
    if (s->file.size > SIZE_MAX) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "file", "the file is too large");
    s->header = s->file.map;
    hr_cur c = hr_cur_make(s->file.map, (size_t)s->file.size, 0, err);
    return walk_header(g, s, shard, &c, NULL, NULL);
}

/* --- split files ------------------------------------------------------------------------------------------------------------ */
/* "name-00001-of-00003.gguf": writes the name of part i (from 0) over path; false when the name has another form */
static bool part_name(char *path, size_t n, uint32_t i, uint32_t count) {
    static const char tail[] = "-00001-of-00003.gguf";
    if (n < sizeof tail - 1) return false;
    char *p = path + n - (sizeof tail - 1);
    for (size_t k = 0; k < sizeof tail - 1; k++) {
        bool digit = tail[k] >= '0' && tail[k] <= '9';
        if (digit ? p[k] < '0' || p[k] > '9' : p[k] != tail[k]) return false;
    }
    for (size_t k = 0, a = i + 1, b = count; k < 5; k++, a /= 10, b /= 10) {
        p[5 - k] = (char)('0' + a % 10);
        p[14 - k] = (char)('0' + b % 10);
    }
    return true;
}

static hr_status refuse_later_part(const char *path, uint64_t no, uint64_t count, hr_error *err) {
    char first[HR_GGUF_PATH];
    size_t n = path != NULL ? strlen(path) : sizeof first, base = 0;
    if (n < sizeof first) {
        memcpy(first, path, n + 1);
        for (size_t i = 0; i < n; i++) base = first[i] == '/' ? i + 1 : base;
    }
    bool named = n < sizeof first && count <= 99999 && part_name(first, n, 0, (uint32_t)count);
    return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "split.no", "this is part %llu of %llu; open the first part%s%s",
                   (unsigned long long)no + 1, (unsigned long long)count, named ? ": " : "", named ? first + base : "");
}

static hr_status open_parts(hr_gguf *g, const hr_gguf_source *src, hr_error *err) {
    uint64_t no = g->shards[0].split_no, count = g->shards[0].split_count, tensors = g->shards[0].split_tensors;
    uint64_t total = g->shards[0].n_tensors;
    if (no != 0) return refuse_later_part(src->path, no, count, err);
    if (count <= 1) return HR_OK;
    if (src->path == NULL) return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "split.count", "a split model cannot be "
                                          "opened from memory");
    if (count > HR_GGUF_MAX_SHARDS) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "split.count", "%llu parts; at most %d "
                                                   "are accepted", (unsigned long long)count, (int)HR_GGUF_MAX_SHARDS);
    char path[HR_GGUF_PATH];
    size_t n = strlen(src->path);
    if (n >= sizeof path) return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "path", "longer than %zu bytes", sizeof path);
    for (uint32_t i = 1; i < count; i++) {
        memcpy(path, src->path, n + 1);
        if (!part_name(path, n, i, (uint32_t)count)) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, src->path, "the first of %llu parts must be named "
                           "NAME-00001-of-%llu.gguf, five digits each", (unsigned long long)count, (unsigned long long)count);
        }
        hr_error part_err;
        hr_error_clear(&part_err);
        hr_status status = open_shard(g, i, src, path, &part_err);
        if (status != HR_OK) {
            return hr_fail(err, status, part_err.offset, part_err.where, "part %u of %llu: %s", i + 1,
                           (unsigned long long)count, part_err.what);
        }
        total += g->shards[i].n_tensors;
        const hr_gguf_shard *s = &g->shards[i];
        if (s->split_no != i || s->split_count != count) {
            return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "split.no", "part %u of %llu says it is part %llu of %llu", i + 1,
                           (unsigned long long)count, (unsigned long long)s->split_no + 1,
                           (unsigned long long)s->split_count);
        }
    }
    if (tensors != 0 && tensors != total) {
        return hr_fail(err, HR_E_FORMAT, HR_NO_OFFSET, "split.tensors.count", "%llu tensors announced, %llu found",
                       (unsigned long long)tensors, (unsigned long long)total);
    }
    if (total > HR_GGUF_MAX_TENSORS) {
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "n_tensors", "%llu tensors in all parts", (unsigned long long)total);
    }
    g->n_tensors = (uint32_t)total;
    return HR_OK;
}

hr_status hr_gguf_open(hr_gguf *g, const hr_gguf_source *src, hr_error *err) {
    memset(g, 0, sizeof *g);
    g->alignment = 32;
    g->copy_header = src->copy_header;
    hr_status status = src->path == NULL && src->data == NULL
                           ? hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "path", "neither path nor data given")
                           : open_shard(g, 0, src, src->path, err);
    if (status == HR_OK) {
        g->n_kv = g->shards[0].n_kv;
        g->n_tensors = g->shards[0].n_tensors;
        status = open_parts(g, src, err);
    }
    if (status != HR_OK) hr_gguf_close(g);
    return status;
}

hr_status hr_gguf_unchanged(hr_gguf *g, hr_error *err) {
    for (uint32_t i = 0; i < g->n_shards; i++) HR_TRY(hr_file_unchanged(&g->shards[i].file, err));
    return HR_OK;
}

void hr_gguf_close(hr_gguf *g) {
    for (uint32_t i = 0; i < g->n_shards; i++) hr_file_close(&g->shards[i].file);
    if (g->n_shards == 0) hr_file_close(&g->shards[0].file);
    memset(g, 0, sizeof *g);
}

/* --- index --------------------------------------------------------------------------------------------------------------------- */
static int compare_text(const uint8_t *a, uint32_t an, const uint8_t *b, uint32_t bn) {
    int d = memcmp(a, b, an < bn ? an : bn);
    return d != 0 ? d : (an > bn) - (an < bn);
}

typedef struct gguf_names { /* keys or tensor names, for sorting */
    const hr_gguf_kv *kv;
    const hr_gguf_tensor *tensors;
    uint64_t compared;
} gguf_names;

static int compare_at(gguf_names *s, uint32_t a, uint32_t b) {
    s->compared++;
    if (s->kv != NULL) return compare_text(s->kv[a].key, s->kv[a].key_size, s->kv[b].key, s->kv[b].key_size);
    return compare_text(s->tensors[a].name, s->tensors[a].name_size, s->tensors[b].name, s->tensors[b].name_size);
}

static void sift_down(gguf_names *s, uint32_t *order, uint32_t root, uint32_t n) {
    for (uint32_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && compare_at(s, order[child], order[child + 1]) < 0) child++;
        if (compare_at(s, order[root], order[child]) >= 0) return;
        uint32_t t = order[root];
        order[root] = order[child];
        order[child] = t;
    }
}

/* heap sort: n log n for any input, in place, so that no choice of names makes loading slow */
static void sort_names(gguf_names *s, uint32_t *order, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    for (uint32_t i = n / 2; i > 0; i--) sift_down(s, order, i - 1, n);
    for (uint32_t end = n; end > 1; end--) {
        uint32_t t = order[0];
        order[0] = order[end - 1];
        order[end - 1] = t;
        sift_down(s, order, 0, end - 1);
    }
}

static hr_status refuse_twins(const hr_gguf *g, gguf_names *s, const uint32_t *order, uint32_t n, hr_error *err) {
    char label[64];
    for (uint32_t i = 1; i < n; i++) {
        if (compare_at(s, order[i - 1], order[i]) != 0) continue;
        uint32_t later = order[i - 1] > order[i] ? order[i - 1] : order[i];
        if (s->kv != NULL) {
            const hr_gguf_kv *kv = &s->kv[later];
            hr_format(label, sizeof label, "%.*s", (int)kv->key_size, (const char *)kv->key);
            return hr_fail(err, HR_E_FORMAT, hr_gguf_kv_offset(g, kv), label, "the key is there twice");
        }
        const hr_gguf_tensor *t = &s->tensors[later];
        hr_format(label, sizeof label, "%.*s", (int)t->name_size, (const char *)t->name);
        return hr_fail(err, HR_E_FORMAT, (uint64_t)(t->name - g->shards[t->shard].header), label, "the tensor is there "
                       "twice");
    }
    return HR_OK;
}

hr_status hr_gguf_index(hr_gguf *g, hr_arena *arena, hr_error *err) {
    bool counting = arena->base == NULL;
    hr_gguf_kv *kv = HR_NEW(arena, hr_gguf_kv, g->n_kv);
    hr_gguf_tensor *tensors = HR_NEW(arena, hr_gguf_tensor, g->n_tensors);
    uint32_t *by_key = HR_NEW(arena, uint32_t, g->n_kv);
    uint32_t *by_name = HR_NEW(arena, uint32_t, g->n_tensors);
    uint32_t first = 0;
    for (uint32_t i = 0; i < g->n_shards; i++) {
        hr_gguf_shard *s = &g->shards[i];
        const uint8_t *header = s->file.map;
        if (header == NULL || (g->copy_header && s->file.ops != NULL)) {
            uint8_t *copy = HR_NEW(arena, uint8_t, (size_t)s->header_bytes + 1);
            if (copy != NULL) HR_TRY(hr_file_read(&s->file, 0, copy, (size_t)s->header_bytes, err));
            header = copy;
        }
        if (counting || arena->failed) continue;
        uint64_t size = s->header_bytes, data_offset = s->data_offset;
        hr_cur c = hr_cur_make(header, (size_t)size, 0, err);
        s->header = header;
        HR_TRY(walk_header(g, s, i, &c, i == 0 ? kv : NULL, tensors + first));
        if (size != s->header_bytes || data_offset != s->data_offset) {
            return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "file", "the file was changed while it was being read");
        }
        for (uint32_t k = 0; k < s->n_tensors; k++) {
            hr_gguf_tensor *t = &tensors[first + k];
            t->order = first + k;
            t->offset += s->data_offset;
        }
        first += s->n_tensors;
    }
    if (arena->failed) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "index", "the index of %u keys and %u tensors does "
                                      "not fit", g->n_kv, g->n_tensors);
    if (counting) return HR_OK;
    gguf_names keys = {kv, NULL, 0}, names = {NULL, tensors, 0};
    sort_names(&keys, by_key, g->n_kv);
    sort_names(&names, by_name, g->n_tensors);
    g->compared = keys.compared + names.compared;
    g->kv = kv;
    g->tensors = tensors;
    g->kv_by_key = by_key;
    g->tensor_by_name = by_name;
    HR_TRY(refuse_twins(g, &keys, by_key, g->n_kv, err));
    HR_TRY(refuse_twins(g, &names, by_name, g->n_tensors, err));
    return hr_gguf_unchanged(g, err);
}

HR_SMALL_END
