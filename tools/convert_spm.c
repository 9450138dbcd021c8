/* convert_spm.c: tokenizer.model, a protobuf message (github.com/google/sentencepiece sentencepiece_model.proto):
 * 1 pieces {1 piece, 2 score, 3 type}, 2 trainer {3 model_type}, 3 normalizer {2 charsmap, 3 add_dummy_prefix,
 * 4 remove_extra_whitespaces}. A charsmap cannot be said in a GGUF file for such a model: it is refused. */
#include "tools/convert.h"
#if !defined(HEARTH_DROP_TOOLS)

typedef struct pb_field {
    uint32_t number, wire;
    uint64_t value;     /* varint, or the bits of a fixed one */
    const uint8_t *data; /* of length `value` */
} pb_field;

static uint64_t read_varint(hr_cur *c) {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const uint8_t b = hr_cur_u8(c);
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) return v;
    }
    hr_cur_fail(c, HR_E_FORMAT, "a number of more than ten bytes");
    return 0;
}
static bool next_field(hr_cur *c, pb_field *f) {
    if (!hr_cur_ok(c) || hr_cur_left(c) == 0) return false;
    const uint64_t tag = read_varint(c);
    f->number = (uint32_t)(tag >> 3), f->wire = tag & 7;
    f->value = 0;
    f->data = NULL;
    if (f->wire == 0) f->value = read_varint(c);
    else if (f->wire == 1) f->value = hr_cur_u64(c);
    else if (f->wire == 5) f->value = hr_cur_u32(c);
    else if (f->wire == 2) f->value = read_varint(c), f->data = hr_cur_bytes(c, f->value);
    else hr_cur_fail(c, HR_E_FORMAT, "wire type %u", (unsigned)f->wire);
    return hr_cur_ok(c);
}
static hr_status read_piece(cv_job *j, const pb_field *f, size_t id, uint64_t base) {
    hr_cur c = hr_cur_make(f->data, (size_t)f->value, base, j->err);
    pb_field p;
    cv_vocab *v = &j->vocab;
    c.field = "tokenizer.model";
    v->types[id] = 1;
    while (next_field(&c, &p)) {
        if (p.number == 1 && p.data) v->tokens[id] = (hr_str){(const char *)p.data, (size_t)p.value};
        if (p.number == 2 && p.wire == 5) v->scores[id] = hr_f32_from_bits((uint32_t)p.value);
        if (p.number == 3 && p.wire == 0) v->types[id] = p.value >= 1 && p.value <= 6 ? (int32_t)p.value : 1;
    }
    if (c.status != HR_OK) return c.status;
    if (v->tokens[id].size == 0 || !hr_utf8_valid(v->tokens[id].data, v->tokens[id].size))
        return hr_fail(j->err, HR_E_FORMAT, base, "tokenizer.model", "piece %zu has no text, or one that is not UTF-8", id);
    return HR_OK;
}
static hr_status read_specs(cv_job *j, const pb_field *f, bool *unigram) {
    cv_vocab *v = &j->vocab;
    hr_cur c = hr_cur_make(f->data, (size_t)f->value, 0, j->err);
    pb_field p;
    c.field = "tokenizer.model";
    while (next_field(&c, &p)) {
        if (f->number == 2 && p.number == 3) *unigram = p.value == 1;
        if (f->number != 3) continue;
        if (p.number == 2 && p.data && p.value > 0)
            return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "tokenizer.model",
                           "normalizes characters by a table (precompiled_charsmap)");
        if (p.number == 3) v->add_space_prefix = p.value != 0;
        if (p.number == 4) v->remove_extra = p.value != 0;
    }
    return c.status;
}
hr_status cv_read_spm(cv_job *j) {
    hr_cur c = hr_cur_make(j->spm, j->n_spm, 0, j->err);
    pb_field f;
    size_t n = 0, id = 0;
    bool unigram = true; /* the proto's defaults */
    j->vocab.set_space_prefix = j->vocab.add_space_prefix = j->vocab.remove_extra = true;
    c.field = "tokenizer.model";
    while (next_field(&c, &f)) {
        n += f.number == 1 && f.data;
        if ((f.number == 2 || f.number == 3) && f.data) HR_TRY(read_specs(j, &f, &unigram));
    }
    if (c.status != HR_OK) return c.status;
    if (unigram)
        return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "tokenizer.model", "a unigram model: Hearth runs BPE models");
    if (j->n_vocab && n > j->n_vocab)
        return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, "vocab_size", "is %llu, tokenizer.model has %zu pieces",
                       (unsigned long long)j->n_vocab, n);
    HR_TRY(cv_vocab_alloc(j, j->n_vocab ? (size_t)j->n_vocab : n));
    c = hr_cur_make(j->spm, j->n_spm, 0, j->err);
    c.field = "tokenizer.model";
    while (next_field(&c, &f))
        if (f.number == 1 && f.data) HR_TRY(read_piece(j, &f, id++, c.pos - f.value));
    return c.status;
}
#endif
