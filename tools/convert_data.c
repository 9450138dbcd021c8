/* convert_data.c: the tensors' bytes, a megabyte at a time: rows taken as the part says, numbers exact between formats or
 * rounded once, to nearest even. */
#include "tools/convert.h"
#if !defined(HEARTH_DROP_TOOLS)
#include "quant/formats.h"
#include <stdlib.h>

enum { DATA_CHUNK = 1 << 18 }; /* elements */
typedef struct data_stream {
    cv_job *j;
    const cv_tensor *t;
    uint8_t *in, *out;    /* [4 * DATA_CHUNK] each */
    const st_tensor *held; /* whole in `in` */
    uint64_t done, total;
    int (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
} data_stream;

static hr_status append(data_stream *s, const void *data, size_t n) {
    HR_TRY(hr_gguf_write_append(&s->j->w, data, n, s->j->err));
    s->done += n;
    if (s->progress && s->progress(s->ctx, s->done, s->total) != 0)
        return hr_fail(s->j->err, HR_E_CANCELLED, HR_NO_OFFSET, s->t->name, "cancelled");
    return HR_OK;
}
static float read_float(const uint8_t *p, st_dtype dtype, size_t i) {
    if (dtype == ST_F32) return hr_f32_from_bits(hr_le32(p + 4 * i));
    return dtype == ST_F16 ? hr_f32_of_f16(hr_le16(p + 2 * i)) : hr_f32_of_bf16(hr_le16(p + 2 * i));
}
static uint16_t round_bf16(float f) {
    const uint32_t u = hr_f32_bits(f);
    if ((u & 0x7fffffff) > 0x7f800000) return (uint16_t)(u >> 16 | 64); /* NaN stays one */
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}
static void store_le(uint8_t *p, uint32_t v, size_t n) {
    for (size_t i = 0; i < n; i++) p[i] = (uint8_t)(v >> 8 * i);
}
/* n numbers at src to the tensor's type, and into the file */
static hr_status convert_run(data_stream *s, const uint8_t *src, st_dtype dtype, size_t n) {
    const uint32_t type = s->t->type;
    const bool same = (type == HR_TYPE_F32 && dtype == ST_F32) || (type == HR_TYPE_F16 && dtype == ST_F16) ||
                      (type == HR_TYPE_BF16 && dtype == ST_BF16);
    if (same && !s->t->plus_one) return append(s, src, n * st_dtype_bytes(dtype));
    const size_t unit = type == HR_TYPE_F32 ? 4 : 2;
    for (size_t i = 0; i < n; i++) {
        float f = read_float(src, dtype, i);
        if (s->t->plus_one) f += 1.0f;
        uint32_t bits = hr_f32_bits(f);
        if (type == HR_TYPE_BF16) bits = round_bf16(f);
        if (type == HR_TYPE_F16) {
            bits = hr_f16_of_f32(f);
            if ((bits & 0x7fff) == 0x7c00 && (hr_f32_bits(f) & 0x7fffffff) < 0x7f800000)
                return hr_fail(s->j->err, HR_E_NUMERIC, HR_NO_OFFSET, s->t->name,
                               "a value does not fit into f16 (above 65504): use --type bf16 or f32");
        }
        store_le(s->out + unit * i, bits, unit);
    }
    return append(s, s->out, n * unit);
}
/* elements [first, first + n) of a source that lie together */
static hr_status copy_run(data_stream *s, const st_tensor *src, uint64_t first, uint64_t n) {
    const size_t unit = st_dtype_bytes(src->dtype);
    while (n > 0) {
        const size_t m = (size_t)(n < DATA_CHUNK ? n : DATA_CHUNK);
        if (s->held == src) {
            HR_TRY(convert_run(s, s->in + first * unit, src->dtype, m));
        } else {
            HR_TRY(st_read(&s->j->st, src, first * unit, s->in, m * unit, s->j->err));
            HR_TRY(convert_run(s, s->in, src->dtype, m));
        }
        first += m;
        n -= m;
    }
    return HR_OK;
}
static uint64_t source_row(const cv_part *p, uint64_t i) {
    if (p->kind == CV_HALVES) { /* rows 2k and 2k + 1 of a head are rows k and k + take / 2 of the source */
        const uint64_t in_head = i % p->take;
        return i - in_head + in_head / 2 + (in_head % 2) * (p->take / 2);
    }
    return i / p->take * p->src_rows + p->first + i % p->take * p->step;
}
static hr_status write_mxfp4_row(data_stream *s, const cv_part *p, uint64_t row, size_t blocks) {
    uint8_t *q = s->in, *e = s->in + 16 * blocks, *out = s->out;
    HR_TRY(st_read(&s->j->st, p->src, row * blocks * 16, q, blocks * 16, s->j->err));
    HR_TRY(st_read(&s->j->st, p->scales, row * blocks, e, blocks, s->j->err));
    for (size_t b = 0; b < blocks; b++, q += 16, out += 17) {
        out[0] = e[b];
        for (size_t k = 0; k < 16; k++) { /* there: neighbours share a byte; here: elements 16 apart */
            const uint8_t low = (uint8_t)(q[k / 2] >> 4 * (k % 2) & 15);
            const uint8_t high = (uint8_t)(q[8 + k / 2] >> 4 * (k % 2) & 15);
            out[1 + k] = (uint8_t)(low | high << 4);
        }
    }
    return append(s, s->out, blocks * 17);
}
static hr_status write_part(data_stream *s, const cv_part *p) {
    const uint64_t matrices = p->kind == CV_HALVES ? 1 : p->rows / p->take;
    const uint64_t cols = p->src->elements / (matrices * p->src_rows);
    s->held = NULL;
    if (p->kind == CV_MXFP4) {
        const uint64_t blocks = cols / 16;
        if (blocks * 17 > 4 * (uint64_t)DATA_CHUNK)
            return hr_fail(s->j->err, HR_E_LIMIT, HR_NO_OFFSET, s->t->name, "rows of %llu blocks",
                           (unsigned long long)blocks);
        for (uint64_t i = 0; i < p->rows; i++) HR_TRY(write_mxfp4_row(s, p, source_row(p, i), (size_t)blocks));
        return HR_OK;
    }
    const bool together = p->kind == CV_ROWS && p->step == 1;
    if (!together && p->src->bytes <= 4 * (uint64_t)DATA_CHUNK) { /* small rows: read once */
        HR_TRY(st_read(&s->j->st, p->src, 0, s->in, (size_t)p->src->bytes, s->j->err));
        s->held = p->src;
    }
    for (uint64_t i = 0; i < p->rows;) {
        const uint64_t n = together ? p->take - i % p->take : 1;
        HR_TRY(copy_run(s, p->src, source_row(p, i) * cols, n * cols));
        i += n;
    }
    return HR_OK;
}
static hr_status write_values(data_stream *s) {
    for (uint64_t i = 0; i < s->t->dims[0]; i++) {
        uint8_t bytes[4];
        store_le(bytes, hr_f32_bits(s->t->values[i]), 4);
        HR_TRY(append(s, bytes, 4));
    }
    return HR_OK;
}
hr_status cv_write_data(cv_job *j, int (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx) {
    data_stream s = {.j = j, .progress = progress, .ctx = ctx, .total = j->w.data_bytes};
    hr_status status = HR_OK;
    s.in = (uint8_t *)malloc(4 * (size_t)DATA_CHUNK);
    s.out = (uint8_t *)malloc(4 * (size_t)DATA_CHUNK);
    if (!s.in || !s.out) status = hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, "buffers", "no memory");
    for (size_t i = 0; i < j->n_tensors && status == HR_OK; i++) {
        s.t = &j->tensors[i];
        if (s.t->values) status = write_values(&s);
        for (size_t k = 0; k < s.t->n_parts && status == HR_OK; k++) status = write_part(&s, &j->parts[s.t->part + k]);
    }
    free(s.in);
    free(s.out);
    return status;
}
#endif
