/* cmd_quantize_run.c: the streaming part of `hearth quantize`: pieces of a few MB are read, quantized by all threads and
 * appended while the next piece is computed. An interrupted run leaves OUT.part, which the same command takes over. */
#include "tools/cmd_quantize.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RUN_PIECE_VALUES = 2 << 20, RUN_BATCH_VALUES = 1 << 15, RUN_JOINED_ROWS = 8, RUN_JOINED_VALUES = 1 << 14 };

typedef struct run_buffers {
    uint8_t *out[2];      /* quantized pieces: one is written while the other is filled */
    uint8_t **raw;        /* [threads] source rows when the file is not mapped */
    float **row;          /* [threads] */
    float *importance;    /* [k] of the matrix at hand */
    size_t out_bytes, row_values, raw_bytes;
} run_buffers;

typedef struct run_piece {
    quantize_job *j;
    hr_gguf_writer *w;
    const run_buffers *b;
    const hr_gguf_tensor *t;
    const hr_format_info *from, *to;
    const float *importance;
    uint64_t first, n;    /* rows of the tensor */
    size_t k, from_bytes, to_bytes, batch;
    uint8_t *dst;
    const uint8_t *pending;
    size_t pending_bytes;
    volatile size_t next;
    volatile uint32_t failed; /* 1 + row within the piece */
    hr_status write_status;
} run_piece;

/* n rows from `row` on, which lie side by side in dst as in the source */
static bool convert_rows(run_piece *p, uint64_t row, size_t n, int thread, uint8_t *dst) {
    uint64_t at = (p->first + row) * p->from_bytes;
    const uint8_t *src = hr_gguf_tensor_data(&p->j->g, p->t);
    if (src == NULL) {
        if (hr_gguf_tensor_read(&p->j->g, p->t, at, p->b->raw[thread], n * p->from_bytes, NULL) != HR_OK) return false;
        src = p->b->raw[thread];
    } else {
        src += at;
    }
    if (p->from == p->to) {
        memcpy(dst, src, n * p->to_bytes);
        return true;
    }
    hr_quantize_source_row(p->from, src, n * p->k, p->b->row[thread]);
    return hr_quantize_row(p->to, p->b->row[thread], n * p->k, p->importance, dst, p->j->isa);
}
/* Without importances rows of 32-blocks are nothing to the quantizer but blocks: eight at a time leave no ragged ends. */
static size_t rows_at_once(const run_piece *p) {
    return p->importance == NULL && p->k <= RUN_JOINED_VALUES ? RUN_JOINED_ROWS : 1;
}
static void quantize_task(void *arg, int index, int count) {
    run_piece *p = (run_piece *)arg;
    (void)count;
    if (index == 0 && p->pending_bytes > 0) {
        p->write_status = hr_gguf_write_append(p->w, p->pending, p->pending_bytes, &p->j->err);
        if (p->write_status == HR_OK) p->write_status = hr_gguf_write_mark(p->w, &p->j->err);
    }
    for (size_t r; (r = hr_atomic_next(&p->next, p->batch)) < p->n;) {
        size_t end = hr_min_size(r + p->batch, (size_t)p->n), step = rows_at_once(p);
        for (size_t i = r; i < end; i += step) {
            size_t n = hr_min_size(step, end - i);
            if (!convert_rows(p, i, n, index, p->dst + i * p->to_bytes)) hr_atomic_store_u32(&p->failed, (uint32_t)i + 1);
        }
    }
}

static void free_buffers(run_buffers *b, int threads) {
    for (int i = 0; i < threads; i++) {
        if (b->row) free(b->row[i]);
        if (b->raw) free(b->raw[i]);
    }
    free(b->row), free(b->raw), free(b->importance), free(b->out[0]), free(b->out[1]);
}
static bool get_buffers(quantize_job *j, run_buffers *b) {
    memset(b, 0, sizeof *b);
    for (uint32_t i = 0; i < j->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &j->g.tensors[i];
        uint64_t rows = quantize_rows(t), k = t->dims[0], from = t->bytes / rows;
        uint64_t to = quantize_bytes(t, j->tensors[i].target) / rows, piece = RUN_PIECE_VALUES / k > 0 ? RUN_PIECE_VALUES / k : 1;
        if (piece > rows) piece = rows;
        if (piece * to > b->out_bytes) b->out_bytes = (size_t)(piece * to);
        uint64_t joined = k <= RUN_JOINED_VALUES ? RUN_JOINED_ROWS : 1;
        if (joined * from > b->raw_bytes) b->raw_bytes = (size_t)(joined * from);
        if (joined * k > b->row_values) b->row_values = (size_t)(joined * k);
    }
    bool mapped = j->g.n_tensors == 0 || hr_gguf_tensor_data(&j->g, &j->g.tensors[0]) != NULL, ok = true;
    b->row = (float **)calloc((size_t)j->threads, sizeof *b->row);
    b->raw = (uint8_t **)calloc((size_t)j->threads, sizeof *b->raw);
    b->importance = (float *)malloc((b->row_values + 1) * sizeof(float));
    for (int i = 0; i < 2; i++) ok = (b->out[i] = (uint8_t *)malloc(b->out_bytes + 1)) != NULL && ok;
    for (int i = 0; i < j->threads && b->row && b->raw; i++) {
        b->row[i] = (float *)malloc((b->row_values + 1) * sizeof(float));
        b->raw[i] = (uint8_t *)malloc(mapped ? 1 : b->raw_bytes + 1);
        ok = ok && b->row[i] && b->raw[i];
    }
    return ok && b->row && b->raw && b->importance;
}

/* --- the header --------------------------------------------------------------------------------------------------- */
static bool key_is(const hr_gguf_kv *kv, const char *name) {
    return kv->key_size == strlen(name) && memcmp(kv->key, name, kv->key_size) == 0;
}
static hr_status declare(quantize_job *j, hr_gguf_writer *w) {
    static const char *const replaced[] = {"general.file_type", "general.quantization_version", "split.no", "split.count",
                                           "split.tensors.count"};
    for (uint32_t i = 0; i < j->g.n_kv; i++) {
        bool skip = false;
        for (size_t r = 0; r < CLI_COUNT(replaced); r++) skip = skip || key_is(&j->g.kv[i], replaced[r]);
        if (!skip) HR_TRY(hr_gguf_put_kv(w, &j->g.kv[i], &j->err));
    }
    HR_TRY(hr_gguf_put_u32(w, "general.quantization_version", 2, &j->err));
    HR_TRY(hr_gguf_put_u32(w, "general.file_type", j->mix->file_type, &j->err));
    if (j->has_imatrix && hr_gguf_find(&j->g, "quantize.imatrix.entries_count") == NULL) {
        HR_TRY(hr_gguf_put_int(w, "quantize.imatrix.entries_count", HR_GGUF_I32, j->imatrix.n & 0x7fffffff, &j->err));
    }
    for (uint32_t i = 0; i < j->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &j->g.tensors[i];
        uint64_t dims[4] = {t->dims[0], t->dims[1], t->dims[2], t->dims[3]};
        hr_str name = {(const char *)t->name, t->name_size};
        HR_TRY(hr_gguf_put_tensor(w, name, t->n_dims, dims, j->tensors[i].target, NULL, &j->err));
    }
    return HR_OK;
}
/* Everything the output depends on, as far as it can be told without reading the weights. */
static uint64_t hash_command(const quantize_job *j) {
    struct stat st;
    uint64_t h = 2; /* version of the quantizers: changes when their output does */
    for (uint32_t i = 0; i < j->g.n_shards; i++) {
        h = hr_hash64(&j->g.shards[i].file.size, sizeof(uint64_t), h);
        if (j->g.shards[i].header) h = hr_hash64(j->g.shards[i].header, (size_t)j->g.shards[i].header_bytes, h);
    }
    if (stat(j->in, &st) == 0) {
        int64_t when = (int64_t)st.st_mtime;
        h = hr_hash64(&when, sizeof when, h);
    }
    for (uint32_t i = 0; i < j->g.n_tensors; i++) h = hr_hash64(&j->tensors[i].target, sizeof(uint32_t), h);
    for (size_t i = 0; j->has_imatrix && i < j->imatrix.n; i++) {
        h = hr_hash64(j->imatrix.entries[i].sums, j->imatrix.entries[i].n * 4, h);
    }
    return h | 1;
}

/* --- tensors ------------------------------------------------------------------------------------------------------ */
typedef struct run_state {
    quantize_job *j;
    hr_gguf_writer w;
    run_buffers b;
    uint64_t skip;            /* data bytes that are there already */
    uint64_t at, done_in;     /* data bytes before this tensor; source bytes finished */
    const uint8_t *pending;
    size_t pending_bytes;
    int buffer;
} run_state;

static int fail_row(const run_piece *p) {
    char name[80];
    hr_format(name, sizeof name, "%.*s", (int)p->t->name_size, (const char *)p->t->name);
    return cli_fail(name, "row %llu or one of the next 7 cannot be read or stored as %s: not finite, or too large",
                    (unsigned long long)(p->first + p->failed - 1), p->to->name);
}
/* rows [first, first + n) into the buffer that is free, while the other one is written */
static int run_rows(run_state *s, run_piece *p, uint64_t first, uint64_t n) {
    p->first = first;
    p->n = n;
    p->dst = s->b.out[s->buffer];
    p->pending = s->pending;
    p->pending_bytes = s->pending_bytes;
    p->next = 0;
    p->write_status = HR_OK;
    size_t batch = RUN_BATCH_VALUES / p->k;
    p->batch = batch > RUN_JOINED_ROWS ? batch / RUN_JOINED_ROWS * RUN_JOINED_ROWS : batch > 0 ? batch : 1;
    hr_pool_run(s->j->pool, quantize_task, p);
    s->pending_bytes = 0;
    if (p->write_status != HR_OK) return quantize_report(s->j);
    if (p->failed) return fail_row(p);
    s->pending = p->dst;
    s->pending_bytes = (size_t)n * p->to_bytes;
    s->buffer ^= 1;
    hr_gguf_tensor_drop(&s->j->g, p->t, first * p->from_bytes, n * p->from_bytes);
    s->done_in += n * p->from_bytes;
    cli_progress("quantizing, bytes", s->done_in, s->j->bytes_in);
    if (cli_interrupted()) return cli_fail(s->j->out, "interrupted: the same command goes on from here");
    return CLI_OK;
}
static int flush_pending(run_state *s) {
    if (s->pending_bytes == 0) return CLI_OK;
    hr_status status = hr_gguf_write_append(&s->w, s->pending, s->pending_bytes, &s->j->err);
    if (status == HR_OK) status = hr_gguf_write_mark(&s->w, &s->j->err);
    s->pending_bytes = 0;
    return status == HR_OK ? CLI_OK : quantize_report(s->j);
}
static int run_tensor(run_state *s, uint32_t i) {
    quantize_job *j = s->j;
    const hr_gguf_tensor *t = &j->g.tensors[i];
    uint64_t rows = quantize_rows(t), bytes = quantize_bytes(t, j->tensors[i].target), end = s->at + bytes;
    run_piece p;
    memset(&p, 0, sizeof p);
    p.j = j, p.w = &s->w, p.b = &s->b, p.t = t;
    p.from = hr_format_of(t->type);
    p.to = hr_format_of(j->tensors[i].target);
    p.k = t->dims[0];
    p.from_bytes = (size_t)(t->bytes / rows);
    p.to_bytes = (size_t)(bytes / rows);
    uint64_t row = s->skip > s->at ? (s->skip - s->at) / p.to_bytes : 0, per_mat = t->dims[1];
    if (row > rows) row = rows;
    s->done_in += row * p.from_bytes;
    uint64_t piece = RUN_PIECE_VALUES / p.k > 0 ? RUN_PIECE_VALUES / p.k : 1;
    bool wants = p.from != p.to && p.to->quantized && j->has_imatrix, counted = false;
    while (row < rows) {
        uint64_t n = rows - row < piece ? rows - row : piece, mat = row / per_mat;
        if (wants) { /* one matrix at a time: each expert has importances of its own */
            if (n > (mat + 1) * per_mat - row) n = (mat + 1) * per_mat - row;
            p.importance = quantize_importance(j, t, (size_t)mat, s->b.importance) ? s->b.importance : NULL;
            if (p.importance == NULL && !counted) j->without_importance++, counted = true;
        }
        int code = run_rows(s, &p, row, n);
        if (code != CLI_OK) return code;
        row += n;
    }
    uint64_t next = 0;
    hr_align_u64(end, s->w.alignment, &next);
    s->at = next;
    return CLI_OK;
}

int quantize_write(quantize_job *j) {
    run_state s;
    memset(&s, 0, sizeof s);
    s.j = j;
    hr_status status = hr_gguf_write_begin(&s.w, j->out, NULL, NULL, &j->err);
    if (status == HR_OK) status = declare(j, &s.w);
    if (status == HR_OK) status = hr_gguf_write_head(&s.w, hash_command(j), &s.skip, &j->err);
    j->resumed = s.skip;
    int code = status == HR_OK ? CLI_OK : quantize_report(j);
    if (code == CLI_OK && !get_buffers(j, &s.b)) code = cli_fail(j->out, "out of memory");
    for (uint32_t i = 0; i < j->g.n_tensors && code == CLI_OK; i++) code = run_tensor(&s, i);
    if (code == CLI_OK || cli_interrupted()) {
        int flushed = flush_pending(&s);
        if (code == CLI_OK) code = flushed;
    }
    if (code == CLI_OK && hr_gguf_unchanged(&j->g, &j->err) != HR_OK) code = quantize_report(j);
    if (code == CLI_OK && hr_gguf_write_finish(&s.w, &j->err) != HR_OK) code = quantize_report(j);
    cli_progress_end();
    if (code != CLI_OK) hr_gguf_write_abandon(&s.w, cli_interrupted());
    free_buffers(&s.b, j->threads);
    return code;
}
#endif
