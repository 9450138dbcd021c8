/* gguf_write.c: the GGUF writer. What it accepts is what gguf.c accepts, so that a file that was written is one that opens. */
#include "engine/gguf_write.h"

enum { WRITER_EMPTY = 0, WRITER_DECLARES, WRITER_WRITES, WRITER_FAILED };
enum { WRITER_PIECE = 1 << 16, WRITER_MARK = 48 };
static const char writer_mark_magic[8] = {'H', 'R', 'P', 'A', 'R', 'T', '1', 0};

/* --- buffers ---------------------------------------------------------------------------------------------------------- */
static hr_status writer_fail(hr_gguf_writer *w, hr_status status) {
    w->state = WRITER_FAILED;
    return status;
}

static hr_status reserve_bytes(hr_gguf_writer *w, hr_gguf_buffer *b, size_t n, hr_error *err) {
    size_t need, cap = b->cap != 0 ? b->cap : 4096;
    if (!hr_add_size(b->used, n, &need) || need > HR_GGUF_MAX_HEADER) {
        return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "header", "more than %d bytes of keys or tensors", HR_GGUF_MAX_HEADER);
    }
    while (cap < need) cap *= 2;
    if (cap == b->cap) return HR_OK;
    uint8_t *p = (uint8_t *)w->allocator->alloc(w->allocator->ctx, cap, 16);
    if (p == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "header", "%zu bytes cannot be allocated", cap);
    if (b->used > 0) memcpy(p, b->data, b->used);
    if (b->data != NULL) w->allocator->free(w->allocator->ctx, b->data, b->cap);
    b->data = p;
    b->cap = cap;
    return HR_OK;
}

static void release_buffer(hr_gguf_writer *w, hr_gguf_buffer *b) {
    if (b->data != NULL) w->allocator->free(w->allocator->ctx, b->data, b->cap);
    memset(b, 0, sizeof *b);
}

static void add_le(hr_gguf_buffer *b, uint64_t v, size_t bytes) { /* reserved before */
    for (size_t i = 0; i < bytes; i++) b->data[b->used++] = (uint8_t)(v >> (8 * i));
}

static void add_bytes(hr_gguf_buffer *b, const void *data, size_t n) {
    if (n > 0) memcpy(b->data + b->used, data, n);
    b->used += n;
}

static void add_text(hr_gguf_buffer *b, hr_str s) {
    add_le(b, s.size, 8);
    add_bytes(b, s.data, s.size);
}

/* remembers a name; *twice when it was there. A set of 64-bit hashes, at most half full. */
static hr_status note_label(hr_gguf_writer *w, hr_gguf_buffer *set, hr_str s, uint32_t n, bool *twice, hr_error *err) {
    uint64_t hash = hr_hash64(s.data, s.size, 1) | 1, *slot = (uint64_t *)(void *)set->data;
    size_t cap = set->cap / 8;
    *twice = false;
    if ((size_t)n + 1 > cap / 2) {
        hr_gguf_buffer bigger = {NULL, 0, 0};
        HR_TRY(reserve_bytes(w, &bigger, cap == 0 ? 4096 : set->cap * 2, err));
        memset(bigger.data, 0, bigger.cap);
        uint64_t *to = (uint64_t *)(void *)bigger.data;
        size_t mask = bigger.cap / 8 - 1;
        for (size_t i = 0; i < cap; i++) {
            if (slot[i] == 0) continue;
            size_t at = (size_t)(slot[i] >> 1) & mask;
            while (to[at] != 0) at = (at + 1) & mask;
            to[at] = slot[i];
        }
        release_buffer(w, set);
        *set = bigger;
        slot = to;
        cap = mask + 1;
    }
    size_t at = (size_t)(hash >> 1) & (cap - 1);
    while (slot[at] != 0 && slot[at] != hash) at = (at + 1) & (cap - 1);
    *twice = slot[at] == hash;
    slot[at] = hash;
    return HR_OK;
}

static hr_status check_name(hr_gguf_writer *w, int set, hr_str s, size_t cap, uint32_t n, hr_error *err) {
    char where[64];
    bool twice = false;
    hr_format(where, sizeof where, "%.*s", (int)hr_min_size(s.size, 200), s.data);
    if (s.size == 0 || s.size > cap || memchr(s.data, 0, s.size) != NULL || !hr_utf8_valid(s.data, s.size)) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "a name must be UTF-8 of 1 to %zu bytes, without NUL", cap);
    }
    HR_TRY(note_label(w, &w->seen[set], s, n, &twice, err));
    return twice ? hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "is there twice") : HR_OK;
}

/* --- keys --------------------------------------------------------------------------------------------------------------- */
hr_status hr_gguf_write_begin(hr_gguf_writer *w, const char *path, const hr_allocator *allocator, const hr_out_ops *ops,
                              hr_error *err) {
    memset(w, 0, sizeof *w);
    w->allocator = allocator != NULL ? allocator : hr_allocator_default();
    w->ops = ops != NULL ? ops : hr_out_ops_default();
    w->alignment = 32;
    if (path == NULL || path[0] == 0) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "path", "no path given");
    if (w->ops == NULL) return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, path, "built without files (HR_NO_FILES)");
    size_t n = strlen(path);
    if (n >= sizeof w->path) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, path, "the path is too long");
    memcpy(w->path, path, n + 1);
    memcpy(w->part, path, n);
    memcpy(w->part + n, ".part", sizeof ".part");
    w->state = WRITER_DECLARES;
    return HR_OK;
}

static size_t value_bytes(uint8_t type) {
    static const uint8_t bytes[HR_GGUF_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < HR_GGUF_TYPES ? bytes[type] : 0;
}

/* key and type, with room for `more` bytes after them */
static hr_status begin_key(hr_gguf_writer *w, hr_str key, uint8_t type, uint64_t more, hr_error *err) {
    if (w->state != WRITER_DECLARES || w->strings_left != 0) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "gguf writer", "a key is put at the wrong time");
    }
    if (w->n_kv >= HR_GGUF_MAX_KV || more > HR_GGUF_MAX_HEADER) {
        return writer_fail(w, hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, "keys", "too many keys, or too large a value"));
    }
    hr_status status = check_name(w, 0, key, HR_GGUF_MAX_KEY, w->n_kv, err);
    if (status == HR_OK) status = reserve_bytes(w, &w->kv, 8 + key.size + 4 + (size_t)more, err);
    if (status != HR_OK) return writer_fail(w, status);
    add_text(&w->kv, key);
    add_le(&w->kv, type, 4);
    w->n_kv++;
    return HR_OK;
}

static bool integer_fits(uint8_t type, uint64_t bits) {
    static const uint64_t most[HR_GGUF_TYPES] = {UINT8_MAX, INT8_MAX, UINT16_MAX, INT16_MAX, UINT32_MAX, INT32_MAX, 0, 1,
                                                 0,         0,        UINT64_MAX, INT64_MAX};
    bool is_signed = type == HR_GGUF_I8 || type == HR_GGUF_I16 || type == HR_GGUF_I32 || type == HR_GGUF_I64;
    return bits <= most[type] || (is_signed && ~bits <= most[type]);
}

hr_status hr_gguf_put_int(hr_gguf_writer *w, const char *key, uint8_t type, uint64_t bits, hr_error *err) {
    if (value_bytes(type) == 0 || type == HR_GGUF_F32 || type == HR_GGUF_F64 || !integer_fits(type, bits)) {
        return writer_fail(w, hr_fail(err, HR_E_ARG, HR_NO_OFFSET, key, "the number does not fit its type"));
    }
    if (strcmp(key, "general.alignment") == 0) {
        if (type != HR_GGUF_U32 || bits < 1 || bits > 65536 || (bits & (bits - 1)) != 0 || w->n_tensors != 0) {
            return writer_fail(w, hr_fail(err, HR_E_ARG, HR_NO_OFFSET, key,
                                          "a u32 power of two up to 65536, put before the first tensor"));
        }
        w->alignment = (uint32_t)bits;
    }
    HR_TRY(begin_key(w, hr_str_of(key), type, 8, err));
    add_le(&w->kv, bits, value_bytes(type));
    return HR_OK;
}

hr_status hr_gguf_put_u32(hr_gguf_writer *w, const char *key, uint32_t v, hr_error *err) {
    return hr_gguf_put_int(w, key, HR_GGUF_U32, v, err);
}

hr_status hr_gguf_put_bool(hr_gguf_writer *w, const char *key, bool v, hr_error *err) {
    return hr_gguf_put_int(w, key, HR_GGUF_BOOL, v ? 1 : 0, err);
}

hr_status hr_gguf_put_f32(hr_gguf_writer *w, const char *key, float v, hr_error *err) {
    HR_TRY(begin_key(w, hr_str_of(key), HR_GGUF_F32, 4, err));
    add_le(&w->kv, hr_f32_bits(v), 4);
    return HR_OK;
}

hr_status hr_gguf_put_f64(hr_gguf_writer *w, const char *key, double v, hr_error *err) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    HR_TRY(begin_key(w, hr_str_of(key), HR_GGUF_F64, 8, err));
    add_le(&w->kv, bits, 8);
    return HR_OK;
}

static hr_status check_string(hr_gguf_writer *w, hr_str v, hr_error *err) {
    if (v.size <= HR_GGUF_MAX_STRING) return HR_OK;
    return writer_fail(w, hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "string", "%zu bytes; at most 1 MiB can be read back", v.size));
}

hr_status hr_gguf_put_str(hr_gguf_writer *w, const char *key, hr_str v, hr_error *err) {
    HR_TRY(check_string(w, v, err));
    HR_TRY(begin_key(w, hr_str_of(key), HR_GGUF_STRING, 8 + v.size, err));
    add_text(&w->kv, v);
    return HR_OK;
}

static hr_status begin_array(hr_gguf_writer *w, hr_str key, uint8_t elem, uint64_t count, uint64_t bytes, hr_error *err) {
    HR_TRY(begin_key(w, key, HR_GGUF_ARRAY, bytes < UINT64_MAX - 12 ? bytes + 12 : bytes, err));
    add_le(&w->kv, elem, 4);
    add_le(&w->kv, count, 8);
    return HR_OK;
}

hr_status hr_gguf_put_array(hr_gguf_writer *w, const char *key, uint8_t elem, const void *data, uint64_t count,
                            hr_error *err) {
    uint64_t bytes = 0;
    if (value_bytes(elem) == 0 || !hr_mul_u64(count, value_bytes(elem), &bytes)) {
        return writer_fail(w, hr_fail(err, HR_E_ARG, HR_NO_OFFSET, key, "an array of elements of a fixed size is wanted"));
    }
    HR_TRY(begin_array(w, hr_str_of(key), elem, count, bytes, err));
    add_bytes(&w->kv, data, (size_t)bytes);
    return HR_OK;
}

hr_status hr_gguf_put_strings_begin(hr_gguf_writer *w, const char *key, uint64_t count, hr_error *err) {
    uint64_t least;
    if (!hr_mul_u64(count, 8, &least)) least = UINT64_MAX;
    HR_TRY(begin_array(w, hr_str_of(key), HR_GGUF_STRING, count, least, err));
    w->strings_left = count;
    return HR_OK;
}

hr_status hr_gguf_put_strings_item(hr_gguf_writer *w, hr_str item, hr_error *err) {
    if (w->state != WRITER_DECLARES || w->strings_left == 0) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "gguf writer", "a string more than the array was opened for");
    }
    HR_TRY(check_string(w, item, err));
    hr_status status = reserve_bytes(w, &w->kv, 8 + item.size, err);
    if (status != HR_OK) return writer_fail(w, status);
    add_text(&w->kv, item);
    w->strings_left--;
    return HR_OK;
}

hr_status hr_gguf_put_strings(hr_gguf_writer *w, const char *key, const hr_str *items, uint64_t count, hr_error *err) {
    HR_TRY(hr_gguf_put_strings_begin(w, key, count, err));
    for (uint64_t i = 0; i < count; i++) HR_TRY(hr_gguf_put_strings_item(w, items[i], err));
    return HR_OK;
}

hr_status hr_gguf_put_kv(hr_gguf_writer *w, const hr_gguf_kv *kv, hr_error *err) {
    hr_str key = {(const char *)kv->key, kv->key_size};
    if (hr_str_is(key, "general.alignment")) {
        if (kv->type != HR_GGUF_U32) return writer_fail(w, hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "general.alignment", "no u32"));
        return hr_gguf_put_u32(w, "general.alignment", hr_le32(kv->data), err);
    }
    if (kv->type == HR_GGUF_ARRAY) {
        HR_TRY(begin_array(w, key, kv->elem, kv->count, kv->bytes, err));
    } else {
        HR_TRY(begin_key(w, key, kv->type, 8 + kv->bytes, err));
        if (kv->type == HR_GGUF_STRING) add_le(&w->kv, kv->bytes, 8);
    }
    add_bytes(&w->kv, kv->data, (size_t)kv->bytes);
    return HR_OK;
}

/* --- tensors ------------------------------------------------------------------------------------------------------------ */
static hr_status measure_tensor(const char *where, uint32_t n_dims, const uint64_t *dims, uint32_t type, uint64_t *bytes,
                                hr_error *err) {
    const hr_format_info *f = hr_format_of(type);
    if (f == NULL) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "unknown tensor type %u", type);
    if (n_dims < 1 || n_dims > HR_GGUF_MAX_DIMS) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "%u dimensions; 1 to 4 are possible", n_dims);
    }
    for (uint32_t i = 0; i < n_dims; i++) {
        if (dims[i] < 1 || dims[i] > (uint64_t)1 << 31) {
            return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "dimension %u is %llu; 1 to 2^31 are possible", i,
                           (unsigned long long)dims[i]);
        }
    }
    if (!hr_format_row_bytes(f, dims[0], bytes)) {
        return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, where, "rows of %llu elements; %s needs a multiple of %u",
                       (unsigned long long)dims[0], f->name, (unsigned)f->block);
    }
    const uint64_t rows = n_dims > 1 ? dims[1] : 1, mats = (n_dims > 2 ? dims[2] : 1) * (n_dims > 3 ? dims[3] : 1);
    if (hr_format_tensor_bytes(f, dims[0], rows, mats, bytes) && *bytes <= (uint64_t)1 << 60) return HR_OK;
    return hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, where, "the size of this tensor overflows");
}

hr_status hr_gguf_put_tensor(hr_gguf_writer *w, hr_str name, uint32_t n_dims, const uint64_t *dims, uint32_t type,
                             uint32_t *index, hr_error *err) {
    char where[64];
    hr_gguf_slot slot = {w->data_bytes, 0, 0};
    if (w->state != WRITER_DECLARES || w->strings_left != 0) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "gguf writer", "a tensor is put at the wrong time");
    }
    hr_format(where, sizeof where, "%.*s", (int)hr_min_size(name.size, 200), name.data);
    hr_status status = HR_OK;
    if (w->n_tensors >= HR_GGUF_MAX_TENSORS) {
        status = hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, where, "more than %d tensors", HR_GGUF_MAX_TENSORS);
    }
    if (status == HR_OK) status = check_name(w, 1, name, HR_GGUF_MAX_NAME, w->n_tensors, err);
    if (status == HR_OK) status = measure_tensor(where, n_dims, dims, type, &slot.bytes, err);
    uint64_t end = 0;
    if (status == HR_OK && (!hr_add_u64(slot.at, slot.bytes, &end) || !hr_align_u64(end, w->alignment, &end) ||
                            end > (uint64_t)1 << 61)) {
        status = hr_fail(err, HR_E_LIMIT, HR_NO_OFFSET, where, "the sum of the tensors' sizes overflows");
    }
    if (status == HR_OK) status = reserve_bytes(w, &w->tensors, 8 + name.size + 4 + 8 * HR_GGUF_MAX_DIMS + 12, err);
    if (status == HR_OK) status = reserve_bytes(w, &w->slots, sizeof slot, err);
    if (status != HR_OK) return writer_fail(w, status);
    add_text(&w->tensors, name);
    add_le(&w->tensors, n_dims, 4);
    for (uint32_t i = 0; i < n_dims; i++) add_le(&w->tensors, dims[i], 8);
    add_le(&w->tensors, type, 4);
    add_le(&w->tensors, slot.at, 8);
    add_bytes(&w->slots, &slot, sizeof slot);
    w->data_bytes = end;
    if (index != NULL) *index = w->n_tensors;
    w->n_tensors++;
    return HR_OK;
}

/* --- data --------------------------------------------------------------------------------------------------------------- */
static hr_gguf_slot *writer_slot(hr_gguf_writer *w, uint32_t i) { return (hr_gguf_slot *)(void *)w->slots.data + i; }

/* the whole header in w->kv: keys and tensors behind the counts, padded */
static hr_status build_header(hr_gguf_writer *w, hr_error *err) {
    uint64_t end = 0;
    hr_gguf_buffer head = {NULL, 0, 0};
    size_t n = 24 + w->kv.used + w->tensors.used;
    hr_align_u64(n, w->alignment, &end);
    HR_TRY(reserve_bytes(w, &head, (size_t)end, err));
    add_bytes(&head, "GGUF", 4);
    add_le(&head, 3, 4);
    add_le(&head, w->n_tensors, 8);
    add_le(&head, w->n_kv, 8);
    add_bytes(&head, w->kv.data, w->kv.used);
    add_bytes(&head, w->tensors.data, w->tensors.used);
    memset(head.data + n, 0, (size_t)end - n);
    head.used = (size_t)end;
    release_buffer(w, &w->kv);
    release_buffer(w, &w->tensors);
    w->kv = head;
    w->head_bytes = end;
    return HR_OK;
}

static void hash_appended(hr_gguf_writer *w, const uint8_t *p, size_t n) {
    while (n > 0) {
        if (w->piece_used == 0 && n >= WRITER_PIECE) {
            w->hash = hr_hash64(p, WRITER_PIECE, w->hash);
            p += WRITER_PIECE;
            n -= WRITER_PIECE;
            continue;
        }
        size_t take = hr_min_size(n, WRITER_PIECE - w->piece_used);
        memcpy(w->piece + w->piece_used, p, take);
        w->piece_used += take;
        if (w->piece_used == WRITER_PIECE) {
            w->hash = hr_hash64(w->piece, WRITER_PIECE, w->hash);
            w->piece_used = 0;
        }
        p += take;
        n -= take;
    }
}

/* the mark: magic, key, hash of the header, data bytes done, their hash, hash of the mark so far */
static void build_mark(hr_gguf_writer *w, uint8_t *mark) {
    hr_gguf_buffer b = {mark, 0, WRITER_MARK};
    add_bytes(&b, writer_mark_magic, 8);
    add_le(&b, w->key, 8);
    add_le(&b, hr_hash64(w->kv.data, w->kv.used, 0), 8);
    add_le(&b, w->done, 8);
    add_le(&b, hr_hash64(w->piece, w->piece_used, w->hash), 8);
    add_le(&b, hr_hash64(mark, b.used, 0), 8);
}

hr_status hr_gguf_write_mark(hr_gguf_writer *w, hr_error *err) {
    uint8_t mark[WRITER_MARK];
    if (w->state != WRITER_WRITES || w->key == 0 || w->writes_at) return HR_OK;
    build_mark(w, mark);
    hr_status status = w->ops->write(w->ops->ctx, w->handle, w->head_bytes + w->data_bytes, mark, sizeof mark, err);
    return status == HR_OK ? HR_OK : writer_fail(w, status);
}

static void skip_done(hr_gguf_writer *w, uint64_t done) {
    for (; w->current < w->n_tensors; w->current++) {
        hr_gguf_slot *s = writer_slot(w, w->current);
        uint64_t n = done > s->at ? done - s->at : 0;
        s->written = n < s->bytes ? n : s->bytes;
        if (s->written < s->bytes) return;
    }
}

/* Takes over what an earlier run left when all of it is what this run would have written; else *kept stays false. */
static hr_status try_resume(hr_gguf_writer *w, uint64_t size, bool *kept, hr_error *err) {
    uint8_t mark[WRITER_MARK], ours[WRITER_MARK];
    const hr_out_ops *ops = w->ops;
    *kept = false;
    if (size != w->head_bytes + w->data_bytes + WRITER_MARK) return HR_OK;
    HR_TRY(ops->read(ops->ctx, w->handle, w->head_bytes + w->data_bytes, mark, sizeof mark, err));
    build_mark(w, ours);
    uint64_t done = hr_le64(mark + 24);
    if (memcmp(mark, ours, 24) != 0 || hr_le64(mark + 40) != hr_hash64(mark, 40, 0) || done > w->data_bytes) return HR_OK;
    uint8_t *buf = w->piece;
    for (uint64_t at = 0; at < w->head_bytes; at += WRITER_PIECE) {
        size_t n = (size_t)(w->head_bytes - at < WRITER_PIECE ? w->head_bytes - at : WRITER_PIECE);
        HR_TRY(ops->read(ops->ctx, w->handle, at, buf, n, err));
        if (memcmp(buf, w->kv.data + at, n) != 0) return HR_OK;
    }
    uint64_t hash = 0, at = 0;
    size_t n = 0;
    for (; done - at >= WRITER_PIECE; at += WRITER_PIECE) {
        HR_TRY(ops->read(ops->ctx, w->handle, w->head_bytes + at, buf, WRITER_PIECE, err));
        hash = hr_hash64(buf, WRITER_PIECE, hash);
    }
    n = (size_t)(done - at);
    HR_TRY(ops->read(ops->ctx, w->handle, w->head_bytes + at, buf, n, err));
    if (hr_hash64(buf, n, hash) != hr_le64(mark + 32)) return HR_OK;
    w->hash = hash;
    w->piece_used = n;
    w->done = done;
    skip_done(w, done);
    *kept = true;
    return HR_OK;
}

static hr_status open_part(hr_gguf_writer *w, hr_error *err) {
    uint64_t size = 0;
    bool kept = false;
    const hr_out_ops *ops = w->ops;
    w->piece = (uint8_t *)w->allocator->alloc(w->allocator->ctx, WRITER_PIECE, 64);
    if (w->piece == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "gguf writer", "out of memory");
    HR_TRY(ops->open(ops->ctx, w->part, w->key != 0, &w->handle, &size, err));
    if (w->key != 0) HR_TRY(try_resume(w, size, &kept, err));
    if (kept) return HR_OK;
    HR_TRY(ops->resize(ops->ctx, w->handle, 0, err));
    HR_TRY(ops->write(ops->ctx, w->handle, 0, w->kv.data, w->kv.used, err));
    return ops->resize(ops->ctx, w->handle, w->head_bytes + w->data_bytes, err);
}

hr_status hr_gguf_write_head(hr_gguf_writer *w, uint64_t key, uint64_t *done, hr_error *err) {
    if (done != NULL) *done = 0;
    if (w->state != WRITER_DECLARES || w->strings_left != 0) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "gguf writer", "the header is written at the wrong time");
    }
    w->key = key;
    hr_status status = build_header(w, err);
    if (status == HR_OK) status = open_part(w, err);
    if (status != HR_OK) return writer_fail(w, status);
    w->state = WRITER_WRITES;
    w->appends = w->done > 0;
    if (done != NULL) *done = w->done;
    return HR_OK;
}

hr_status hr_gguf_write_append(hr_gguf_writer *w, const void *data, size_t n, hr_error *err) {
    static const uint8_t zeros[64] = {0};
    const uint8_t *p = (const uint8_t *)data;
    if (w->state != WRITER_WRITES || w->writes_at) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "gguf writer", "data is appended at the wrong time");
    }
    w->appends = true;
    while (n > 0) {
        if (w->current >= w->n_tensors) {
            return writer_fail(w, hr_fail(err, HR_E_ARG, w->done, "gguf writer", "%zu bytes more than all tensors have", n));
        }
        hr_gguf_slot *s = writer_slot(w, w->current);
        size_t take = s->bytes - s->written < n ? (size_t)(s->bytes - s->written) : n;
        hr_status status = w->ops->write(w->ops->ctx, w->handle, w->head_bytes + w->done, p, take, err);
        if (status != HR_OK) return writer_fail(w, status);
        if (w->key != 0) hash_appended(w, p, take);
        w->done += take;
        s->written += take;
        p += take;
        n -= take;
        if (s->written < s->bytes) continue;
        w->current++;
        uint64_t next = w->current < w->n_tensors ? writer_slot(w, w->current)->at : w->data_bytes;
        for (; w->done < next; w->done += take) { /* the padding is in the file, as zeros */
            take = next - w->done < sizeof zeros ? (size_t)(next - w->done) : sizeof zeros;
            if (w->key != 0) hash_appended(w, zeros, take);
        }
    }
    return HR_OK;
}

hr_status hr_gguf_write_at(hr_gguf_writer *w, uint32_t index, uint64_t offset, const void *data, size_t n, hr_error *err) {
    if (w->state != WRITER_WRITES || w->appends) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "gguf writer", "data is written at the wrong time");
    }
    w->writes_at = true;
    hr_gguf_slot *s = index < w->n_tensors ? writer_slot(w, index) : NULL;
    if (s == NULL || offset > s->bytes || n > s->bytes - offset || n > s->bytes - s->written) {
        return writer_fail(w, hr_fail(err, HR_E_ARG, offset, "gguf writer", "%zu bytes do not fit into tensor %u", n, index));
    }
    hr_status status = w->ops->write(w->ops->ctx, w->handle, w->head_bytes + s->at + offset, data, n, err);
    if (status != HR_OK) return writer_fail(w, status);
    s->written += n;
    return HR_OK;
}

/* --- the end ------------------------------------------------------------------------------------------------------------ */
static void release_writer(hr_gguf_writer *w) {
    if (w->handle != NULL) w->ops->close(w->ops->ctx, w->handle);
    w->handle = NULL;
    if (w->allocator != NULL) {
        release_buffer(w, &w->kv);
        release_buffer(w, &w->tensors);
        release_buffer(w, &w->seen[0]);
        release_buffer(w, &w->seen[1]);
        release_buffer(w, &w->slots);
        if (w->piece != NULL) w->allocator->free(w->allocator->ctx, w->piece, WRITER_PIECE);
    }
    w->piece = NULL;
    w->state = WRITER_EMPTY;
}

hr_status hr_gguf_write_finish(hr_gguf_writer *w, hr_error *err) {
    const hr_out_ops *ops = w->ops;
    if (w->state != WRITER_WRITES) {
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "gguf writer", "finished at the wrong time");
    }
    for (uint32_t i = 0; i < w->n_tensors; i++) {
        const hr_gguf_slot *s = writer_slot(w, i);
        if (s->written == s->bytes) continue;
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, "gguf writer", "%llu of %llu bytes of tensor %u were written",
                       (unsigned long long)s->written, (unsigned long long)s->bytes, i);
    }
    hr_status status = ops->resize(ops->ctx, w->handle, w->head_bytes + w->data_bytes, err);
    if (status == HR_OK) status = ops->sync(ops->ctx, w->handle, err);
    if (status == HR_OK) status = ops->rename(ops->ctx, w->part, w->path, err);
    if (status != HR_OK) return writer_fail(w, status);
    release_writer(w);
    return HR_OK;
}

void hr_gguf_write_abandon(hr_gguf_writer *w, bool keep) {
    if (w->state == WRITER_EMPTY) return;
    if (w->handle != NULL && !keep) w->ops->remove(w->ops->ctx, w->part); /* only a file that is ours: it is locked */
    release_writer(w);
}
