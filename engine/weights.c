/* weights.c: the bytes of the tensors. What lies in the file as the kernel wants it, rows or packs, is used in place where
 * the file is mapped. The rest is packed (or unpacked) in pieces, all threads sharing each piece, the source pages dropped
 * behind. */
#include "engine/load.h"

enum { WEIGHTS_PIECE_BYTES = 4 << 20 }; /* source bytes packed or copied between two reports of progress */

static hr_status report_progress(hr_loader *l, uint64_t bytes) {
    l->done += bytes;
    if (l->progress && l->progress(l->progress_ctx, l->done, l->total) != 0)
        return hr_fail(l->err, HR_E_CANCELLED, HR_NO_OFFSET, l->name, "loading was stopped by the progress callback");
    return HR_OK;
}
static hr_status fail_full(hr_loader *l) {
    return hr_fail(l->err, HR_E_MEMORY, HR_NO_OFFSET, l->name, "does not fit into the memory that was planned");
}

hr_status hr_load_vector(hr_loader *l, const hr_gguf_tensor *t, size_t n, const float **out) {
    const size_t unit = t->type == HR_TYPE_F32 ? 4 : 2;
    if (t->type != HR_TYPE_F32 && t->type != HR_TYPE_F16 && t->type != HR_TYPE_BF16)
        return hr_fail(l->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, l->name, "is %s: vectors are read as F32, F16 or BF16",
                       hr_format_of(t->type)->name);
    float *dst = (float *)hr_arena_alloc_raw(l->arena, n, sizeof(float), HR_ARENA_ALIGN);
    *out = dst;
    if (l->counting) {
        l->total += (uint64_t)n * unit;
        return HR_OK;
    }
    if (!dst) return fail_full(l);
    uint8_t *raw = (uint8_t *)dst + n * (sizeof(float) - unit); /* halves wait in the upper half of their own room */
    HR_TRY(hr_gguf_tensor_read(&l->m->gguf, t, 0, raw, n * unit, l->err));
    for (size_t i = 0; i < n; i++) {
        float v = unit == 4 ? hr_f32_from_bits(hr_le32(raw + 4 * i))
                  : t->type == HR_TYPE_F16 ? hr_f32_of_f16(hr_le16(raw + 2 * i)) : hr_f32_of_bf16(hr_le16(raw + 2 * i));
        memcpy(&dst[i], &v, sizeof v);
    }
    return report_progress(l, (uint64_t)n * unit);
}

/* --- in place ----------------------------------------------------------------------------------------------------- */
/* In place when there is a mapping (or the caller's memory) that a kernel may read as it is, else copied. */
static hr_status place_bytes(hr_loader *l, const hr_gguf_tensor *t, size_t align, hr_matrix *out) {
    const uint8_t *data = hr_gguf_tensor_data(&l->m->gguf, t);
    if (data && ((uintptr_t)data & (align - 1)) == 0) {
        out->data = data;
        return HR_OK;
    }
    if (t->bytes > SIZE_MAX) return fail_full(l);
    const size_t bytes = (size_t)t->bytes;
    uint8_t *dst = (uint8_t *)hr_arena_alloc_raw(l->arena, bytes, 1, HR_ARENA_ALIGN);
    out->data = dst;
    if (l->counting) {
        l->total += bytes;
        return HR_OK;
    }
    if (!dst) return fail_full(l);
    for (size_t at = 0; at < bytes;) {
        size_t n = hr_min_size(bytes - at, WEIGHTS_PIECE_BYTES);
        HR_TRY(hr_gguf_tensor_read(&l->m->gguf, t, at, dst + at, n, l->err));
        hr_gguf_tensor_drop(&l->m->gguf, t, at, n);
        at += n;
        HR_TRY(report_progress(l, n));
    }
    return HR_OK;
}

/* --- packing, unpacking ------------------------------------------------------------------------------------------- */
/* One matrix of a tensor on its way from rows to a pack or back, in pieces of whole groups of 16 rows. */
typedef struct pack_job {
    const hr_format_info *format;
    const uint8_t *src; /* of rows [row0, row0 + n): row-major or their groups */
    uint8_t *dst;       /* the whole matrix */
    size_t row0, n, k, row_bytes, src_bytes;
    bool unpacks, guard;
    volatile uint32_t failed;
} pack_job;
typedef struct pack_share {
    const pack_job *job;
    size_t begin, end;
} pack_share;

static hr_status pack_rows_of_share(void *arg) {
    const pack_share *s = (const pack_share *)arg;
    const pack_job *j = s->job;
    if (!j->unpacks)
        hr_pack_rows(j->format, j->src + s->begin * j->row_bytes, j->row0 + s->begin, s->end - s->begin, j->k, j->dst);
    for (size_t r = s->begin; j->unpacks && r < s->end; r++)
        hr_unpack_row(j->format, j->src, r, j->k, j->dst + (j->row0 + r) * j->row_bytes);
    return HR_OK;
}
static void pack_task(void *arg, int index, int count) {
    pack_job *j = (pack_job *)arg;
    pack_share s = {j, 0, 0};
    hr_pool_share(j->n, HR_PACK_ROWS, index, count, &s.begin, &s.end);
    if (s.begin >= s.end) return;
    if (!j->guard) (void)pack_rows_of_share(&s);
    else if (hr_guard_run(j->src, j->src_bytes, pack_rows_of_share, &s, NULL) != HR_OK)
        hr_atomic_store_u32(&j->failed, 1);
}

/* source bytes of n rows from a multiple of 16 on */
static size_t piece_bytes(const pack_job *j, size_t n) {
    return (j->unpacks ? hr_div_up(n, HR_PACK_ROWS) * HR_PACK_ROWS : n) * j->row_bytes;
}

/* One matrix, source bytes from `offset` on. staging: room for `piece` rows when nothing is mapped. */
static hr_status pack_matrix(hr_loader *l, const hr_gguf_tensor *t, pack_job *j, size_t rows, uint64_t offset,
                             size_t piece, uint8_t *staging) {
    const uint8_t *data = hr_gguf_tensor_data(&l->m->gguf, t);
    j->guard = l->m->guard && data;
    for (size_t row = 0; row < rows; row += j->n) {
        const uint64_t at = offset + (uint64_t)row * j->row_bytes;
        j->row0 = row;
        j->n = hr_min_size(piece, rows - row);
        j->src_bytes = piece_bytes(j, j->n);
        j->src = data ? data + at : staging;
        if (!data) HR_TRY(hr_gguf_tensor_read(&l->m->gguf, t, at, staging, j->src_bytes, l->err));
        hr_pool_run(l->m->pool, pack_task, j);
        if (hr_atomic_load_u32(&j->failed))
            return hr_fail(l->err, HR_E_IO, t->offset + at, l->name, "the file was cut short while it was mapped");
        hr_gguf_tensor_drop(&l->m->gguf, t, at, j->src_bytes);
        HR_TRY(report_progress(l, j->src_bytes));
    }
    return HR_OK;
}

/* Rows of the file to packs, or packs of the file to rows. */
static hr_status convert_tensor(hr_loader *l, const hr_gguf_tensor *t, bool unpacks, hr_matrix *out) {
    pack_job job = {.format = out->format, .k = out->k, .unpacks = unpacks};
    job.row_bytes = out->k / out->format->block * out->format->bytes;
    uint64_t pack = 0, bytes = 0, all = 0;
    if (!hr_pack_bytes(out->format, out->rows, out->k, &pack) || !hr_mul_u64(pack, out->n_mats, &all) || all > SIZE_MAX)
        return hr_fail(l->err, HR_E_LIMIT, HR_NO_OFFSET, l->name, "is too large to pack");
    bytes = unpacks ? out->rows * job.row_bytes : pack; /* not above pack */
    const size_t from_bytes = unpacks ? (size_t)pack : out->rows * job.row_bytes;
    const size_t fit = hr_max_size(WEIGHTS_PIECE_BYTES / job.row_bytes / HR_PACK_ROWS, 1) * HR_PACK_ROWS;
    const size_t piece = hr_min_size(fit, out->rows);
    out->mat_bytes = (size_t)bytes;
    uint8_t *dst = (uint8_t *)hr_arena_alloc_raw(l->arena, out->mat_bytes * out->n_mats, 1, HR_ARENA_ALIGN);
    uint8_t *staging = NULL;
    out->data = dst;
    const size_t mark = hr_arena_mark(l->arena);
    const bool mapped = hr_gguf_tensor_data(&l->m->gguf, t);
    if (!mapped) staging = (uint8_t *)hr_arena_alloc_raw(l->arena, piece_bytes(&job, piece), 1, HR_ARENA_ALIGN);
    hr_arena_rewind(l->arena, mark);
    if (l->counting) {
        l->total += t->bytes;
        return HR_OK;
    }
    if (!dst || (!mapped && !staging)) return fail_full(l);
    for (size_t i = 0; i < out->n_mats; i++) {
        job.dst = dst + i * out->mat_bytes;
        HR_TRY(pack_matrix(l, t, &job, out->rows, (uint64_t)i * from_bytes, piece, staging));
    }
    return HR_OK;
}

/* --- matrices ----------------------------------------------------------------------------------------------------- */
/* *packed: as it lies in the file */
static hr_status describe_matrix(hr_loader *l, const hr_gguf_tensor *t, size_t k, size_t rows, size_t n_mats,
                                 bool *packed, hr_matrix *out) {
    memset(out, 0, sizeof *out);
    *packed = hr_format_of(t->type)->packed; /* the reader let no unknown type in */
    const uint32_t type = *packed ? t->type - HR_TYPE_PACKED : t->type;
    out->format = hr_format_of(type);
    out->op = hr_matmul_op(type);
    if (!out->format || !out->format->runs || out->op == HR_OP_COUNT)
        return hr_fail(l->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, l->name,
                       "tensor type %s (%u) is not run; quantize to another",
                       out->format ? out->format->name : "?", (unsigned)t->type);
    out->rows = rows;
    out->k = k;
    out->n_mats = n_mats;
    out->mat_bytes = k / out->format->block * out->format->bytes * (*packed ? hr_div_up(rows, HR_PACK_ROWS) * HR_PACK_ROWS
                                                                            : rows);
    out->nr = *packed ? HR_PACK_ROWS : 1;
    out->scale = 1;
    return HR_OK;
}

hr_status hr_load_rows(hr_loader *l, const hr_gguf_tensor *t, size_t k, size_t rows, hr_matrix *out) {
    bool packed = false;
    HR_TRY(describe_matrix(l, t, k, rows, 1, &packed, out));
    return place_bytes(l, t, 4, out);
}

hr_status hr_load_matrix(hr_loader *l, const hr_gguf_tensor *t, size_t k, size_t rows, size_t n_mats, hr_matrix *out) {
    bool packed = false;
    HR_TRY(describe_matrix(l, t, k, rows, n_mats, &packed, out));
    const hr_kernel *kernel = l->m->kernels.chosen[out->op];
    hr_assert(kernel && (kernel->nr == 1 || kernel->nr == HR_PACK_ROWS));
    if (out->nr == kernel->nr) return place_bytes(l, t, packed ? HR_PACK_ALIGN : 4, out);
    out->nr = kernel->nr;
    return convert_tensor(l, t, packed, out);
}

/* --- rows for the embedding --------------------------------------------------------------------------------------- */
static size_t embed_row_bytes(const hr_matrix *e) { return e->k / e->format->block * e->format->bytes; }

size_t hr_model_row_scratch_bytes(const hr_model *m) {
    const hr_matrix *e = &m->token_embd;
    if (!e->format || e->nr == 1) return HR_ARENA_ALIGN;
    return hr_div_up(embed_row_bytes(e), HR_ARENA_ALIGN) * HR_ARENA_ALIGN;
}
void hr_model_embed_row(const hr_model *m, size_t token, float *dst, uint8_t *row_scratch) {
    const hr_matrix *e = &m->token_embd;
    const uint8_t *row = row_scratch;
    hr_assert(token < e->rows);
    if (e->nr == 1) row = e->data + token * embed_row_bytes(e);
    else hr_unpack_row(e->format, e->data, token, e->k, row_scratch);
    hr_dequant_row(e->format, row, e->k, dst);
}
