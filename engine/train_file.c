/* train_file.c: what training leaves on disk: checkpoints, adapters, models. Each is written under another name, synced and
 * renamed: a crash at any moment leaves the old file or the new one. */
#if !defined(HR_NO_TRAIN)
#include "engine/base/crypto.h"
#include "engine/gguf_write.h"
#include "engine/adapter.h"
#include "engine/train.h"

HR_SMALL_BEGIN
enum { CHECKPOINT_HEAD = 128, CHECKPOINT_PIECE = 1024, TRAIN_PATH = 4096 };
static const char checkpoint_magic[] = "HRTRAIN1";

/* --- checkpoints: magic, key[32], step, stale, n, first and best loss; param, m1, m2; BLAKE2b-256 of all before ----------- */
static void put_f64(uint8_t *p, double v) {
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    hr_put64(p, u);
}
static double get_f64(const uint8_t *p) {
    uint64_t u = hr_le64(p);
    double v;
    memcpy(&v, &u, sizeof v);
    return v;
}
static void checkpoint_head(const hr_train *t, uint8_t head[CHECKPOINT_HEAD]) {
    memset(head, 0, CHECKPOINT_HEAD);
    memcpy(head, checkpoint_magic, 8);
    memcpy(head + 8, t->key, 32);
    hr_put64(head + 40, t->step), hr_put64(head + 48, t->stale), hr_put64(head + 56, t->n_params);
    put_f64(head + 64, t->first_loss), put_f64(head + 72, t->best_loss);
}

typedef struct checkpoint_file {
    const hr_out_ops *ops;
    void *handle;
    uint64_t at;
    hr_blake2b hash;
} checkpoint_file;

static hr_status put_checkpoint(checkpoint_file *f, const void *data, size_t n, hr_error *err) {
    hr_blake2b_add(&f->hash, data, n);
    HR_TRY(f->ops->write(f->ops->ctx, f->handle, f->at, data, n, err));
    f->at += n;
    return HR_OK;
}
static hr_status put_checkpoint_floats(checkpoint_file *f, const float *x, size_t n, hr_error *err) {
    uint8_t piece[CHECKPOINT_PIECE * 4];
    for (size_t i = 0; x != NULL && i < n;) {
        size_t m = hr_min_size(n - i, CHECKPOINT_PIECE);
        for (size_t e = 0; e < m; e++) hr_put32(piece + 4 * e, hr_f32_bits(x[i + e]));
        HR_TRY(put_checkpoint(f, piece, 4 * m, err));
        i += m;
    }
    return HR_OK;
}

static hr_status put_whole_checkpoint(const hr_train *t, checkpoint_file *f, hr_error *err) {
    uint8_t head[CHECKPOINT_HEAD], sum[32];
    checkpoint_head(t, head);
    HR_TRY(put_checkpoint(f, head, sizeof head, err));
    HR_TRY(put_checkpoint_floats(f, t->param, t->n_params, err));
    HR_TRY(put_checkpoint_floats(f, t->m1, t->n_params, err));
    HR_TRY(put_checkpoint_floats(f, t->m2, t->n_params, err));
    hr_blake2b_end(&f->hash, sum);
    HR_TRY(f->ops->write(f->ops->ctx, f->handle, f->at, sum, sizeof sum, err));
    return f->ops->sync(f->ops->ctx, f->handle, err);
}

hr_status hr_train_save(const hr_train *t, const char *path, const hr_out_ops *ops, hr_error *err) {
    char part[TRAIN_PATH];
    uint64_t size = 0;
    checkpoint_file f;
    memset(&f, 0, sizeof f);
    f.ops = ops != NULL ? ops : hr_out_ops_default();
    if (f.ops == NULL || strlen(path) + 6 > sizeof part) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, path,
        "is no path to write to");
    (void)hr_format(part, sizeof part, "%s.part", path);
    HR_TRY(f.ops->open(f.ops->ctx, part, false, &f.handle, &size, err));
    hr_blake2b_init(&f.hash, 32, NULL, 0);
    hr_status status = put_whole_checkpoint(t, &f, err);
    f.ops->close(f.ops->ctx, f.handle);
    if (status == HR_OK) status = f.ops->rename(f.ops->ctx, part, path, err);
    if (status != HR_OK) f.ops->remove(f.ops->ctx, part);
    return status;
}

/* hash of everything, before anything is taken */
static hr_status check_checkpoint(hr_train *t, hr_file *f, const char *path, uint8_t head[CHECKPOINT_HEAD], hr_error *err) {
    uint8_t piece[CHECKPOINT_PIECE * 4], sum[32];
    uint64_t want = CHECKPOINT_HEAD + 32 + (uint64_t)t->n_params * 4 * (t->m1 != NULL ? 3 : 1);
    hr_blake2b hash;
    if (f->size < CHECKPOINT_HEAD + 32) return hr_fail(err, HR_E_FORMAT, f->size, path, "is too short for a checkpoint");
    HR_TRY(hr_file_read(f, 0, head, CHECKPOINT_HEAD, err));
    if (memcmp(head, checkpoint_magic, 8) != 0) return hr_fail(err, HR_E_FORMAT, 0, path, "is no checkpoint of a training");
    if (memcmp(head + 8, t->key, 32) != 0) return hr_fail(err, HR_E_STATE, 8, path,
        "is of a training with other settings or base");
    if (f->size != want || hr_le64(head + 56) != t->n_params) return hr_fail(err, HR_E_FORMAT, f->size, path,
        "has not its length");
    hr_blake2b_init(&hash, 32, NULL, 0);
    for (uint64_t at = 0; at < want - 32;) {
        size_t n = want - 32 - at < sizeof piece ? (size_t)(want - 32 - at) : sizeof piece;
        HR_TRY(hr_file_read(f, at, piece, n, err));
        hr_blake2b_add(&hash, piece, n);
        at += n;
    }
    hr_blake2b_end(&hash, sum);
    HR_TRY(hr_file_read(f, want - 32, piece, 32, err));
    return memcmp(sum, piece, 32) == 0 ? HR_OK : hr_fail(err, HR_E_FORMAT, want - 32, path, "is damaged: its hash differs");
}

/* the file was checked: an error here is the device's, and leaves what was read so far */
static hr_status take_floats_from(hr_file *f, uint64_t *at, float *x, size_t n, hr_error *err) {
    uint8_t piece[CHECKPOINT_PIECE * 4];
    for (size_t i = 0; x != NULL && i < n;) {
        size_t m = hr_min_size(n - i, CHECKPOINT_PIECE);
        HR_TRY(hr_file_read(f, *at, piece, 4 * m, err));
        for (size_t e = 0; e < m; e++) x[i + e] = hr_f32_from_bits(hr_le32(piece + 4 * e));
        i += m, *at += 4 * m;
    }
    return HR_OK;
}

hr_status hr_train_load(hr_train *t, const char *path, hr_error *err) {
    uint8_t head[CHECKPOINT_HEAD];
    hr_file f;
    uint64_t at = CHECKPOINT_HEAD;
    memset(&f, 0, sizeof f);
    HR_TRY(hr_file_open(&f, path, NULL, false, err));
    hr_status status = check_checkpoint(t, &f, path, head, err);
    if (status == HR_OK) status = take_floats_from(&f, &at, t->param, t->n_params, err);
    if (status == HR_OK) status = take_floats_from(&f, &at, t->m1, t->n_params, err);
    if (status == HR_OK) status = take_floats_from(&f, &at, t->m2, t->n_params, err);
    hr_file_close(&f);
    if (status != HR_OK) return status;
    t->step = hr_le64(head + 40), t->stale = hr_le64(head + 48);
    t->first_loss = get_f64(head + 64), t->best_loss = get_f64(head + 72);
    return HR_OK;
}

/* --- adapters and models --------------------------------------------------------------------------------------------------- */
static const char *const linear_names[] = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};

/* one tensor: declared when put, appended when not */
typedef struct train_writer {
    hr_gguf_writer w;
    bool puts;
    hr_error *err;
} train_writer;

static hr_status write_train_tensor(train_writer *o, const char *name, const float *x, size_t k, size_t rows) {
    uint8_t piece[CHECKPOINT_PIECE * 4];
    uint64_t dims[2] = {k, rows};
    if (o->puts) return hr_gguf_put_tensor(&o->w, hr_str_of(name), rows > 0 ? 2 : 1, dims, HR_TYPE_F32, NULL, o->err);
    size_t n = k * (rows > 0 ? rows : 1);
    for (size_t i = 0; i < n;) {
        size_t m = hr_min_size(n - i, CHECKPOINT_PIECE);
        for (size_t e = 0; e < m; e++) hr_put32(piece + 4 * e, hr_f32_bits(x[i + e]));
        HR_TRY(hr_gguf_write_append(&o->w, piece, 4 * m, o->err));
        i += m;
    }
    return HR_OK;
}

static hr_status write_pairs(const hr_train *t, train_writer *o) {
    char name[64];
    for (size_t i = 0; i < t->shape.n_layer; i++) {
        for (int j = 0; j < HR_TRAIN_LINEARS; j++) {
            const hr_train_linear *l = &t->layers[i].lin[j];
            if (l->a == NULL) continue;
            (void)hr_format(name, sizeof name, "blk.%zu.%s.weight.lora_a", i, linear_names[j]);
            HR_TRY(write_train_tensor(o, name, l->a, l->k, t->config.rank));
            (void)hr_format(name, sizeof name, "blk.%zu.%s.weight.lora_b", i, linear_names[j]);
            HR_TRY(write_train_tensor(o, name, l->b, t->config.rank, l->rows));
        }
    }
    return HR_OK;
}

static hr_status write_adapter_file(hr_train *t, train_writer *o) {
    hr_error *err = o->err;
    uint8_t digest[32];
    char hex[65];
    HR_TRY(hr_model_base_digest(t->model, digest, err));
    for (size_t i = 0; i < 32; i++) hex[2 * i] = "0123456789abcdef"[digest[i] >> 4], hex[2 * i + 1]
        = "0123456789abcdef"[digest[i] & 15];
    hex[64] = 0;
    HR_TRY(hr_gguf_put_str(&o->w, "general.type", hr_str_of("adapter"), err));
    HR_TRY(hr_gguf_put_str(&o->w, "general.architecture", hr_str_of(t->model->arch_name), err));
    HR_TRY(hr_gguf_put_str(&o->w, "adapter.type", hr_str_of("lora"), err));
    HR_TRY(hr_gguf_put_f32(&o->w, "adapter.lora.alpha", t->config.alpha, err));
    HR_TRY(hr_gguf_put_str(&o->w, HR_ADAPTER_BASE_KEY, hr_str_of(hex), err));
    HR_TRY(hr_gguf_put_int(&o->w, "training.steps", HR_GGUF_U64, t->step, err));
    HR_TRY(write_pairs(t, o));
    HR_TRY(hr_gguf_write_head(&o->w, 0, NULL, err));
    o->puts = false;
    HR_TRY(write_pairs(t, o));
    return hr_gguf_write_finish(&o->w, err);
}

static hr_status write_weights(const hr_train *t, train_writer *o) {
    const hr_train_shape *s = &t->shape;
    char name[64];
    HR_TRY(write_train_tensor(o, "token_embd.weight", t->embd.w, s->n_embd, s->n_vocab));
    for (size_t i = 0; i < s->n_layer; i++) {
        const hr_train_layer *l = &t->layers[i];
        (void)hr_format(name, sizeof name, "blk.%zu.attn_norm.weight", i);
        HR_TRY(write_train_tensor(o, name, l->attn.w, s->n_embd, 0));
        (void)hr_format(name, sizeof name, "blk.%zu.ffn_norm.weight", i);
        HR_TRY(write_train_tensor(o, name, l->ffn.w, s->n_embd, 0));
        for (int j = 0; j < HR_TRAIN_LINEARS; j++) {
            (void)hr_format(name, sizeof name, "blk.%zu.%s.weight", i, linear_names[j]);
            HR_TRY(write_train_tensor(o, name, l->lin[j].w, l->lin[j].k, l->lin[j].rows));
        }
    }
    HR_TRY(write_train_tensor(o, "output_norm.weight", t->out_norm.w, s->n_embd, 0));
    return s->tied ? HR_OK : write_train_tensor(o, "output.weight", t->head.w, s->n_embd, s->n_vocab);
}

static hr_status write_model_file(hr_train *t, train_writer *o, const hr_gguf *vocab, const char *name) {
    const hr_train_shape *s = &t->shape;
    hr_error *err = o->err;
    const struct { const char *key; size_t v; } sizes[] = {
        {"llama.context_length", t->config.ctx}, {"llama.embedding_length", s->n_embd}, {"llama.block_count", s->n_layer},
        {"llama.feed_forward_length", s->n_ff}, {"llama.attention.head_count", s->n_head},
        {"llama.attention.head_count_kv", s->n_head_kv}, {"llama.attention.key_length", s->head_dim},
        {"llama.attention.value_length", s->head_dim}, {"llama.rope.dimension_count", s->head_dim}, {"llama.vocab_size",
            s->n_vocab}};
    HR_TRY(hr_gguf_put_str(&o->w, "general.architecture", hr_str_of("llama"), err));
    HR_TRY(hr_gguf_put_str(&o->w, "general.name", hr_str_of(name), err));
    for (size_t i = 0; i < HR_COUNT(sizes); i++) HR_TRY(hr_gguf_put_u32(&o->w, sizes[i].key, (uint32_t)sizes[i].v, err));
    HR_TRY(hr_gguf_put_f32(&o->w, "llama.attention.layer_norm_rms_epsilon", s->norm_eps, err));
    HR_TRY(hr_gguf_put_f32(&o->w, "llama.rope.freq_base", (float)s->rope_base, err));
    for (uint32_t i = 0; vocab != NULL && i < vocab->n_kv; i++) {
        const hr_gguf_kv *kv = &vocab->kv[i];
        if (kv->key_size > 10 && memcmp(kv->key, "tokenizer.", 10) == 0) HR_TRY(hr_gguf_put_kv(&o->w, kv, err));
    }
    HR_TRY(write_weights(t, o));
    HR_TRY(hr_gguf_write_head(&o->w, 0, NULL, err));
    o->puts = false;
    HR_TRY(write_weights(t, o));
    return hr_gguf_write_finish(&o->w, err);
}

/* vocab and name: of a model; NULL, NULL: an adapter */
static hr_status write_trained(hr_train *t, const char *path, const hr_gguf *vocab, const char *name, const hr_out_ops *ops,
                               hr_error *err) {
    train_writer *o = (train_writer *)t->allocator.alloc(t->allocator.ctx, sizeof *o, HR_ARENA_ALIGN);
    if (o == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, path, "no memory to write it");
    memset(o, 0, sizeof *o);
    o->puts = true;
    o->err = err;
    hr_status status = hr_gguf_write_begin(&o->w, path, &t->allocator, ops, err);
    if (status == HR_OK) status = name != NULL ? write_model_file(t, o, vocab, name) : write_adapter_file(t, o);
    if (status != HR_OK) hr_gguf_write_abandon(&o->w, false);
    t->allocator.free(t->allocator.ctx, o, sizeof *o);
    return status;
}
hr_status hr_train_write_adapter(hr_train *t, const char *path, const hr_out_ops *ops, hr_error *err) {
    if (t->model == NULL) return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, path, "this training makes a whole model");
    return write_trained(t, path, NULL, NULL, ops, err);
}
hr_status hr_train_write_model(hr_train *t, const char *path, const hr_gguf *vocab, const char *name, const hr_out_ops *ops,
                               hr_error *err) {
    if (t->model != NULL || t->shape.neox) { /* the file's "llama" turns pairs */
        return hr_fail(err, HR_E_STATE, HR_NO_OFFSET, path, "this training makes no llama model");
    }
    return write_trained(t, path, vocab, name != NULL ? name : "hearth", ops, err);
}

/* --- a whole run ------------------------------------------------------------------------------------------------------------ */
static hr_status evaluate_run(hr_train *t, const hr_train_plan *p, double *loss, hr_error *err) {
    if (p->held_out == NULL) return HR_OK;
    HR_TRY(hr_train_eval(t, p->held_out, p->ctx, p->n_held_out, loss, err));
    return HR_OK;
}
static bool run_is_over(const hr_train *t, const hr_train_plan *p, uint64_t began, hr_train_result *out) {
    if (p->patience > 0 && t->stale >= p->patience) out->end = HR_TRAIN_STOPPED_EARLY;
    else if (p->seconds > 0 && hr_clock_ns() - began >= p->seconds * 1000000000u) out->end = HR_TRAIN_OUT_OF_TIME;
    else return t->step >= t->config.steps;
    return true;
}
static void note_held_out(hr_train *t, double loss) {
    if (loss < t->best_loss) t->best_loss = loss, t->stale = 0;
    else t->stale++;
}

static hr_status begin_run(hr_train *t, const hr_train_plan *p, hr_error *err) {
    hr_error missing;
    hr_error_clear(&missing);
    if (p->checkpoint != NULL) {
        hr_status status = hr_train_load(t, p->checkpoint, &missing);
        if (status == HR_OK) return HR_OK;
        if (status != HR_E_IO) return hr_fail(err, status, missing.offset, missing.where, "%s", missing.what);
    }
    if (t->step == 0) HR_TRY(evaluate_run(t, p, &t->first_loss, err));
    t->best_loss = t->first_loss;
    return HR_OK;
}

hr_status hr_train_run(hr_train *t, const hr_train_plan *p, hr_train_result *out, hr_error *err) {
    uint64_t began = hr_clock_ns();
    hr_train_result r = {HR_TRAIN_DONE, HR_TRAIN_NOT_HELD_OUT, 0, 0, 0, 0};
    *out = r;
    HR_TRY(begin_run(t, p, err));
    r.last_held_out = t->first_loss;
    bool evaluated = t->step == 0;
    while (!run_is_over(t, p, began, &r)) {
        hr_train_progress now = {t->step + 1, t->config.steps, 0, hr_f32_from_bits(0x7fc00000u), hr_train_rate(&t->config,
            t->step)};
        HR_TRY(hr_train_step(t, p->rows, p->ctx, &r.loss, err));
        now.loss = r.loss;
        evaluated = p->eval_every > 0 && t->step % p->eval_every == 0;
        if (evaluated) {
            HR_TRY(evaluate_run(t, p, &r.last_held_out, err));
            note_held_out(t, r.last_held_out);
            if (p->held_out != NULL) now.held_out = r.last_held_out;
        }
        if (p->checkpoint != NULL && p->save_every > 0 && t->step % p->save_every == 0) HR_TRY(hr_train_save(t, p->checkpoint,
            p->ops, err));
        if (p->progress != NULL && p->progress(p->progress_ctx, &now) != 0) {
            r.end = HR_TRAIN_CANCELLED;
            break;
        }
    }
    if (!evaluated) HR_TRY(evaluate_run(t, p, &r.last_held_out, err));
    if (p->checkpoint != NULL) HR_TRY(hr_train_save(t, p->checkpoint, p->ops, err));
    r.step = t->step;
    r.first_held_out = t->first_loss;
    if (p->held_out != NULL) r.verdict = r.last_held_out <= r.first_held_out + p->max_rise ? HR_TRAIN_ACCEPTED
        : HR_TRAIN_LOSS_ROSE;
    *out = r;
    return HR_OK;
}
HR_SMALL_END
#else
typedef int hr_no_train_file; /* a file may not be empty */
#endif
