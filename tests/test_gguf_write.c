/* The GGUF writer: against the independent writer of tests/gguf_writer.h byte for byte, against the reader, with every file
 * operation and allocation failing in turn, and resumed after every interruption. */
#include "tests/t.h"
#include "engine/gguf_write.h"
#include "tests/gguf_io.h"
#include "tests/gguf_writer.h"
#include <sys/wait.h>

/* --- operations that fail when told to ------------------------------------------------------------------------------- */
static long op_calls, op_fail_at;
static long live_files;
static bool op_fails(void) { return ++op_calls == op_fail_at; }
static hr_status io_failed(hr_error *err) { return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "test", "told to fail"); }
#define REAL hr_out_ops_default()
static hr_status f_open(void *c, const char *path, bool keep, void **h, uint64_t *size, hr_error *err) {
    if (op_fails()) return io_failed(err);
    hr_status s = REAL->open(c, path, keep, h, size, err);
    if (s == HR_OK) live_files++;
    return s;
}
static hr_status f_write(void *c, void *h, uint64_t at, const void *p, size_t n, hr_error *err) {
    return op_fails() ? io_failed(err) : REAL->write(c, h, at, p, n, err);
}
static hr_status f_read(void *c, void *h, uint64_t at, void *p, size_t n, hr_error *err) {
    return op_fails() ? io_failed(err) : REAL->read(c, h, at, p, n, err);
}
static hr_status f_resize(void *c, void *h, uint64_t n, hr_error *err) {
    return op_fails() ? io_failed(err) : REAL->resize(c, h, n, err);
}
static hr_status f_sync(void *c, void *h, hr_error *err) { return op_fails() ? io_failed(err) : REAL->sync(c, h, err); }
static hr_status f_rename(void *c, const char *a, const char *b, hr_error *err) {
    return op_fails() ? io_failed(err) : REAL->rename(c, a, b, err);
}
static void f_remove(void *c, const char *path) { REAL->remove(c, path); }
static void f_close(void *c, void *h) {
    live_files--;
    REAL->close(c, h);
}
static const hr_out_ops failing_ops = {f_open, f_write, f_read, f_resize, f_sync, f_rename, f_remove, f_close, NULL};

static size_t live_bytes;
static void *count_alloc(void *ctx, size_t size, size_t align) {
    (void)ctx;
    if (op_fails()) return NULL;
    live_bytes += size;
    return aligned_alloc(align, (size + align - 1) / align * align);
}
static void count_free(void *ctx, void *p, size_t size) {
    (void)ctx;
    live_bytes -= size;
    free(p);
}
static const hr_allocator counting = {count_alloc, count_free, NULL};

static hr_error error_zero(void) {
    hr_error e;
    hr_error_clear(&e);
    return e;
}
static uint8_t *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    *n = 0;
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *p = (uint8_t *)malloc(*n + 1);
    if (fread(p, 1, *n, f) != *n) abort();
    fclose(f);
    return p;
}

/* --- copies gw_sample through the reader and the writer ----------------------------------------------------------------- */
typedef struct sample {
    gw file;
    hr_gguf g;
    uint8_t *memory;
} sample;
static void sample_open(sample *s) {
    hr_error err = error_zero();
    hr_arena arena;
    memset(s, 0, sizeof *s);
    gw_sample(&s->file);
    hr_gguf_source src;
    memset(&src, 0, sizeof src);
    src.data = s->file.p;
    src.size = s->file.n;
    T_EQ_I(hr_gguf_open(&s->g, &src, &err), HR_OK);
    s->memory = (uint8_t *)malloc(1 << 20);
    hr_arena_init(&arena, s->memory, 1 << 20);
    T_EQ_I(hr_gguf_index(&s->g, &arena, &err), HR_OK);
}
static void sample_close(sample *s) {
    hr_gguf_close(&s->g);
    gw_free(&s->file);
    free(s->memory);
}
/* appends in pieces of `piece` bytes up to `stop` data bytes without padding; marks after each piece */
static hr_status copy_sample(sample *s, hr_gguf_writer *w, uint64_t key, size_t piece, uint64_t stop, uint64_t *done,
                             hr_error *err) {
    for (uint32_t i = 0; i < s->g.n_kv; i++) HR_TRY(hr_gguf_put_kv(w, &s->g.kv[i], err));
    for (uint32_t i = 0; i < s->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &s->g.tensors[i];
        uint64_t dims[4] = {t->dims[0], t->dims[1], t->dims[2], t->dims[3]};
        HR_TRY(hr_gguf_put_tensor(w, (hr_str){(const char *)t->name, t->name_size}, t->n_dims, dims, t->type, NULL, err));
    }
    HR_TRY(hr_gguf_write_head(w, key, done, err));
    for (uint32_t i = 0; i < s->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &s->g.tensors[i];
        const uint8_t *p = hr_gguf_tensor_data(&s->g, t);
        uint64_t at = t->offset - s->g.shards[0].data_offset;
        for (uint64_t o = *done > at ? *done - at : 0; o < t->bytes && at + o < stop;) {
            uint64_t n = t->bytes - o < piece ? t->bytes - o : piece;
            if (n > stop - at - o) n = stop - at - o;
            HR_TRY(hr_gguf_write_append(w, p + o, (size_t)n, err));
            HR_TRY(hr_gguf_write_mark(w, err));
            o += n;
        }
    }
    return HR_OK;
}
/* gw_sample fills its padding with data; the writer's is zero */
static void zero_padding(sample *s) {
    for (uint32_t i = 0; i < s->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &s->g.tensors[i];
        uint64_t end = t->offset + t->bytes;
        while (end % 32 != 0 && end < s->file.n) s->file.p[end++] = 0;
    }
    while (s->file.n % 32 != 0) gw_u8(&s->file, 0);
}
static void same_as_sample(sample *s, const char *path) {
    size_t n;
    uint8_t *p = slurp(path, &n);
    T_CHECK(p != NULL);
    T_EQ_U(n, s->file.n);
    if (p != NULL && n == s->file.n) T_EQ_MEM(p, s->file.p, n);
    free(p);
}

T_TEST(equals_other_writer) {
    for (size_t piece = 1; piece < 1000; piece = piece * 3 + 1) {
        sample s;
        hr_error err = error_zero();
        hr_gguf_writer w;
        uint64_t done;
        const char *path = t_tmp("copy.gguf");
        sample_open(&s);
        T_EQ_I(hr_gguf_write_begin(&w, path, NULL, NULL, &err), HR_OK);
        T_EQ_I(copy_sample(&s, &w, 0, piece, UINT64_MAX, &done, &err), HR_OK);
        T_CHECK(access(path, F_OK) != 0);
        T_EQ_I(hr_gguf_write_finish(&w, &err), HR_OK);
        T_CHECK(access(t_tmp("copy.gguf.part"), F_OK) != 0);
        zero_padding(&s);
        same_as_sample(&s, path);
        sample_close(&s);
        unlink(path);
    }
}

/* every key by its own call, the sample's keys and values (tests/gguf_writer.h) */
T_TEST(every_call) {
    sample s;
    hr_error err = error_zero();
    hr_gguf_writer w;
    const char *path = t_tmp("calls.gguf");
    static const uint8_t heads[12] = {8, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0}, flags[2] = {1, 0};
    const hr_str words[3] = {hr_str_of("one"), hr_str_of(""), hr_str_of("th\xc3\xa9")};
    sample_open(&s);
    T_EQ_I(hr_gguf_write_begin(&w, path, NULL, NULL, &err), HR_OK);
    T_EQ_I(hr_gguf_put_str(&w, "general.architecture", hr_str_of("none"), &err), HR_OK);
    T_EQ_I(hr_gguf_put_u32(&w, "general.alignment", 32, &err), HR_OK);
    T_EQ_I(hr_gguf_put_int(&w, "t.u8", HR_GGUF_U8, 200, &err), HR_OK);
    T_EQ_I(hr_gguf_put_int(&w, "t.i8", HR_GGUF_I8, (uint64_t)-1, &err), HR_OK);
    T_EQ_I(hr_gguf_put_int(&w, "t.u16", HR_GGUF_U16, 60000, &err), HR_OK);
    T_EQ_I(hr_gguf_put_int(&w, "t.i16", HR_GGUF_I16, (uint64_t)-2, &err), HR_OK);
    T_EQ_I(hr_gguf_put_int(&w, "t.u32", HR_GGUF_U32, 4000000000u, &err), HR_OK);
    T_EQ_I(hr_gguf_put_int(&w, "t.i32", HR_GGUF_I32, (uint64_t)-3, &err), HR_OK);
    T_EQ_I(hr_gguf_put_f32(&w, "t.f32", 1.5f, &err), HR_OK);
    T_EQ_I(hr_gguf_put_bool(&w, "t.bool", true, &err), HR_OK);
    T_EQ_I(hr_gguf_put_int(&w, "t.u64", HR_GGUF_U64, UINT64_MAX, &err), HR_OK);
    T_EQ_I(hr_gguf_put_int(&w, "t.i64", HR_GGUF_I64, (uint64_t)-4, &err), HR_OK);
    T_EQ_I(hr_gguf_put_f64(&w, "t.f64", -0.25, &err), HR_OK);
    T_EQ_I(hr_gguf_put_strings(&w, "t.words", words, 3, &err), HR_OK);
    T_EQ_I(hr_gguf_put_array(&w, "t.heads", HR_GGUF_I32, heads, 3, &err), HR_OK);
    T_EQ_I(hr_gguf_put_array(&w, "t.flags", HR_GGUF_BOOL, flags, 2, &err), HR_OK);
    T_EQ_I(hr_gguf_put_array(&w, "t.empty", HR_GGUF_F32, NULL, 0, &err), HR_OK);
    uint32_t index = 9;
    T_EQ_I(hr_gguf_put_tensor(&w, hr_str_of("b.weight"), 2, (const uint64_t[]){32, 3}, 8, &index, &err), HR_OK);
    T_EQ_U(index, 0);
    T_EQ_I(hr_gguf_put_tensor(&w, hr_str_of("a.weight"), 1, (const uint64_t[]){5}, 0, &index, &err), HR_OK);
    T_EQ_I(hr_gguf_put_tensor(&w, hr_str_of("c.weight"), 4, (const uint64_t[]){2, 1, 2, 1}, 0, &index, &err), HR_OK);
    T_EQ_U(index, 2);
    T_EQ_I(hr_gguf_write_head(&w, 0, NULL, &err), HR_OK);
    for (uint32_t i = 3; i-- > 0;) { /* backwards, in two halves */
        const hr_gguf_tensor *t = &s.g.tensors[i];
        const uint8_t *p = hr_gguf_tensor_data(&s.g, t);
        size_t half = (size_t)t->bytes / 2;
        T_EQ_I(hr_gguf_write_at(&w, i, half, p + half, (size_t)t->bytes - half, &err), HR_OK);
        T_EQ_I(hr_gguf_write_at(&w, i, 0, p, half, &err), HR_OK);
    }
    T_EQ_I(hr_gguf_write_finish(&w, &err), HR_OK);
    zero_padding(&s);
    same_as_sample(&s, path);
    sample_close(&s);
}

T_TEST(every_failure) {
    const char *path = t_tmp("fail.gguf");
    char part[600];
    snprintf(part, sizeof part, "%s.part", path);
    bool done_at_last = false;
    for (long at = 1; at < 200 && !done_at_last; at++) {
        sample s;
        hr_error err = error_zero();
        hr_gguf_writer w;
        uint64_t done;
        sample_open(&s);
        op_calls = 0;
        op_fail_at = at;
        hr_status status = hr_gguf_write_begin(&w, path, &counting, &failing_ops, &err);
        if (status == HR_OK) status = copy_sample(&s, &w, 7, 40, UINT64_MAX, &done, &err);
        if (status == HR_OK) status = hr_gguf_write_finish(&w, &err);
        if (status != HR_OK) {
            T_CHECK(status == HR_E_IO || status == HR_E_MEMORY);
            T_EQ_I(err.status, status);
            T_CHECK(access(path, F_OK) != 0); /* nothing under the name */
            hr_gguf_write_abandon(&w, false);
            T_CHECK(access(part, F_OK) != 0);
        }
        T_EQ_U(live_bytes, 0);
        T_EQ_I(live_files, 0);
        done_at_last = status == HR_OK;
        sample_close(&s);
        unlink(path);
    }
    T_CHECK(done_at_last);
    T_CHECK(op_calls > 15);
    op_fail_at = 0;
}

T_TEST(resumes) {
    const char *path = t_tmp("resume.gguf");
    char part[600];
    snprintf(part, sizeof part, "%s.part", path);
    for (uint64_t stop = 0; stop <= 176; stop += 8) { /* the last tensor ends at 176 */
        for (int damage = 0; damage < 3; damage++) {
            sample s;
            hr_error err = error_zero();
            hr_gguf_writer w;
            uint64_t done = 1;
            sample_open(&s);
            T_EQ_I(hr_gguf_write_begin(&w, path, NULL, NULL, &err), HR_OK);
            T_EQ_I(copy_sample(&s, &w, 7, 40, stop, &done, &err), HR_OK);
            T_EQ_U(done, 0);
            hr_gguf_write_abandon(&w, true);
            T_CHECK(access(path, F_OK) != 0);
            if (damage == 1 && stop > 0) { /* a byte of the data that is there */
                FILE *f = fopen(part, "r+b");
                fseek(f, (long)s.g.shards[0].data_offset + 3, SEEK_SET);
                fputc(0x77, f);
                fclose(f);
            }
            T_EQ_I(hr_gguf_write_begin(&w, path, NULL, NULL, &err), HR_OK);
            T_EQ_I(copy_sample(&s, &w, damage == 2 ? 8 : 7, 40, UINT64_MAX, &done, &err), HR_OK);
            if (damage == 0 && stop > 0) T_CHECK(done >= stop);
            else T_EQ_U(done, 0);
            T_EQ_I(hr_gguf_write_finish(&w, &err), HR_OK);
            zero_padding(&s);
            same_as_sample(&s, path);
            sample_close(&s);
            unlink(path);
        }
    }
}

T_TEST(busy_part) {
    const char *path = t_tmp("busy.gguf");
    hr_gguf_writer w;
    hr_error err = error_zero();
    T_EQ_I(hr_gguf_write_begin(&w, path, NULL, NULL, &err), HR_OK);
    T_EQ_I(hr_gguf_write_head(&w, 0, NULL, &err), HR_OK);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        hr_gguf_writer other;
        hr_error e = error_zero();
        hr_gguf_write_begin(&other, path, NULL, NULL, &e);
        _exit(hr_gguf_write_head(&other, 0, NULL, &e) == HR_E_BUSY ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    T_EQ_I(status, 0);
    T_EQ_I(hr_gguf_write_finish(&w, &err), HR_OK);
}

/* what a reader would refuse is refused when it is declared */
T_TEST(refuses) {
    const char *path = t_tmp("refuse.gguf");
    static const uint64_t d33[2] = {33, 1}, d0[1] = {0}, d5[4] = {1u << 31, 1u << 31, 1u << 31, 2};
    char long_name[70];
    memset(long_name, 'x', sizeof long_name);
    for (int which = 0; which < 14; which++) {
        hr_gguf_writer w;
        hr_error err = error_zero();
        hr_status s = HR_OK, want = HR_E_ARG;
        T_EQ_I(hr_gguf_write_begin(&w, path, NULL, NULL, &err), HR_OK);
        T_EQ_I(hr_gguf_put_u32(&w, "a", 1, &err), HR_OK);
        T_EQ_I(hr_gguf_put_tensor(&w, hr_str_of("t"), 1, (const uint64_t[]){4}, 0, NULL, &err), HR_OK);
        switch (which) {
        case 0: s = hr_gguf_put_u32(&w, "a", 2, &err); break;
        case 1: s = hr_gguf_put_u32(&w, "", 2, &err); break;
        case 2: s = hr_gguf_put_u32(&w, "\xff", 2, &err); break;
        case 3: s = hr_gguf_put_int(&w, "b", HR_GGUF_U8, 256, &err); break;
        case 4: s = hr_gguf_put_int(&w, "b", HR_GGUF_I8, 128, &err); break;
        case 5: s = hr_gguf_put_int(&w, "b", HR_GGUF_F32, 0, &err); break;
        case 6: s = hr_gguf_put_u32(&w, "general.alignment", 64, &err); break; /* after a tensor */
        case 7: s = hr_gguf_put_tensor(&w, hr_str_of("t"), 1, (const uint64_t[]){4}, 0, NULL, &err); break;
        case 8: s = hr_gguf_put_tensor(&w, hr_str_of("u"), 2, d33, HR_TYPE_Q8_0, NULL, &err); break;
        case 9: s = hr_gguf_put_tensor(&w, hr_str_of("u"), 1, d0, 0, NULL, &err); break;
        case 10: s = hr_gguf_put_tensor(&w, hr_str_of("u"), 4, d5, 0, NULL, &err), want = HR_E_LIMIT; break;
        case 11: s = hr_gguf_put_tensor(&w, (hr_str){long_name, 64}, 1, d33, 0, NULL, &err); break;
        case 12: s = hr_gguf_put_tensor(&w, hr_str_of("u"), 1, d33, 4, NULL, &err); break;
        default: s = hr_gguf_put_tensor(&w, hr_str_of("u"), 5, d5, 0, NULL, &err); break;
        }
        t_check(s == want, __FILE__, __LINE__, "refused", "case %d gave %d", which, s);
        T_EQ_I(hr_gguf_write_head(&w, 0, NULL, &err), HR_E_STATE);
        hr_gguf_write_abandon(&w, false);
    }
}

T_TEST(wrong_order) {
    const char *path = t_tmp("order.gguf");
    static const float x[4] = {1, 2, 3, 4};
    hr_gguf_writer w;
    hr_error err = error_zero();
    memset(&w, 0, sizeof w);
    hr_gguf_write_abandon(&w, false);
    T_EQ_I(hr_gguf_write_begin(&w, "", NULL, NULL, &err), HR_E_ARG);
    hr_gguf_write_abandon(&w, false);
    hr_error_clear(&err);
    T_EQ_I(hr_gguf_write_begin(&w, path, NULL, NULL, &err), HR_OK);
    T_EQ_I(hr_gguf_write_append(&w, x, 4, &err), HR_E_STATE);
    T_EQ_I(hr_gguf_put_strings_begin(&w, "s", 1, &err), HR_OK);
    T_EQ_I(hr_gguf_put_u32(&w, "b", 1, &err), HR_E_STATE); /* a string is due */
    T_EQ_I(hr_gguf_put_strings_item(&w, hr_str_of("x"), &err), HR_OK);
    T_EQ_I(hr_gguf_put_strings_item(&w, hr_str_of("x"), &err), HR_E_STATE);
    T_EQ_I(hr_gguf_put_tensor(&w, hr_str_of("t"), 1, (const uint64_t[]){4}, 0, NULL, &err), HR_OK);
    T_EQ_I(hr_gguf_write_head(&w, 0, NULL, &err), HR_OK);
    T_EQ_I(hr_gguf_put_u32(&w, "b", 1, &err), HR_E_STATE);
    T_EQ_I(hr_gguf_write_append(&w, x, 12, &err), HR_OK);
    T_EQ_I(hr_gguf_write_at(&w, 0, 0, x, 4, &err), HR_E_STATE);
    T_EQ_I(hr_gguf_write_finish(&w, &err), HR_E_STATE); /* four bytes are missing */
    T_EQ_I(hr_gguf_write_append(&w, x, 8, &err), HR_E_ARG); /* four too many */
    hr_gguf_write_abandon(&w, false);
    T_CHECK(access(path, F_OK) != 0);
    hr_error_clear(&err);
    T_EQ_I(hr_gguf_write_begin(&w, "/nowhere/at/all.gguf", NULL, NULL, &err), HR_OK);
    T_EQ_I(hr_gguf_write_head(&w, 0, NULL, &err), HR_E_IO);
    hr_gguf_write_abandon(&w, false);
}

/* many names: the set of hashes grows, and finds the one that comes twice */
T_TEST(many_names) {
    hr_gguf_writer w;
    hr_error err = error_zero();
    char name[32];
    T_EQ_I(hr_gguf_write_begin(&w, t_tmp("many.gguf"), NULL, NULL, &err), HR_OK);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "blk.%u.w", i);
        T_CHECK(hr_gguf_put_tensor(&w, hr_str_of(name), 1, (const uint64_t[]){8}, 0, NULL, &err) == HR_OK);
    }
    T_EQ_I(hr_gguf_put_tensor(&w, hr_str_of("blk.77.w"), 1, (const uint64_t[]){8}, 0, NULL, &err), HR_E_ARG);
    hr_gguf_write_abandon(&w, false);
}

T_MAIN(T_RUN(equals_other_writer), T_RUN(every_call), T_RUN(every_failure), T_RUN(resumes), T_RUN(busy_part), T_RUN(refuses),
       T_RUN(wrong_order), T_RUN(many_names))
