/* kv.c: the key/value cache: pages of 64 positions, how a vector is stored in them, and which of them a session holds.
 * A layer with a sliding window keeps a ring: page p lies where page p - n lay, n the pages that a batch at the window's
 * far side can see. */
#include "engine/base/fmath.h"
#include "engine/session.h"

void hr_kv_init(hr_kv *kv, hr_arena *arena, const hr_model *m, size_t ctx, size_t batch, int type) {
    static const size_t units[] = {[HEARTH_KV_F32] = 4, [HEARTH_KV_I8] = 1, [HEARTH_KV_F16] = 2, [HEARTH_KV_Q4] = 1};
    kv->dk = m->hp.head_dim_k;
    kv->dv = m->hp.head_dim_v;
    kv->type = type;
    kv->ints = type == HEARTH_KV_I8 || type == HEARTH_KV_Q4;
    kv->n_pages = hr_div_up(ctx, HR_KV_PAGE);
    kv->window = m->hp.causal && m->hp.window > 0 && m->hp.window < ctx ? m->hp.window : ctx;
    kv->ring = hr_min_size(kv->n_pages, hr_div_up(kv->window + batch, HR_KV_PAGE) + 1);
    size_t k_width = kv->ints ? hr_act_kq(kv->dk) : kv->dk, v_width = kv->dv;
#if defined(HEARTH_MCU) /* only the reference kernel is there, and it does not read the padding to 32 */
    if (type == HEARTH_KV_I8) k_width = (kv->dk + 3) / 4 * 4;
#endif
    if (type == HEARTH_KV_Q4) k_width /= 2, v_width = hr_div_up(v_width, 2);
    kv->v_at = k_width * HR_KV_PAGE * units[type];
    kv->kd_at = kv->v_at + v_width * HR_KV_PAGE * units[type];
    kv->vd_at = kv->kd_at + (kv->ints ? HR_KV_PAGE * sizeof(float) : 0);
    kv->page_bytes = kv->vd_at + (kv->ints ? HR_KV_PAGE * sizeof(float) : 0);
    kv->layer_at = HR_NEW(arena, size_t, m->hp.n_layer);
    kv->layer_heads = HR_NEW(arena, size_t, m->hp.n_layer);
    kv->layer_pages = HR_NEW(arena, size_t, m->hp.n_layer);
    size_t at = 0, rings = 0;
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        size_t heads = m->layers[i].n_head_kv, pages = m->layers[i].sliding ? kv->ring : kv->n_pages;
        if (kv->layer_at != NULL) kv->layer_at[i] = at, kv->layer_heads[i] = heads, kv->layer_pages[i] = pages;
        at += heads * pages * kv->page_bytes;
        rings += pages < kv->n_pages;
    }
    if (rings == 0) kv->ring = kv->n_pages;
    kv->data = (uint8_t *)hr_arena_alloc(arena, at, 1, HR_ARENA_ALIGN);
}

/* whether the next token may stand at `position`: what it sees has not been written over */
bool hr_kv_holds(const hr_kv *kv, size_t position) {
    size_t first = position + 1 > kv->window ? position + 1 - kv->window : 0;
    if (position == 0 || kv->high == 0 || kv->ring == kv->n_pages) return true;
    return (kv->high - 1) / HR_KV_PAGE < first / HR_KV_PAGE + kv->ring;
}

uint8_t *hr_kv_page(const hr_kv *kv, size_t layer, size_t head, size_t page) {
    size_t n = kv->layer_pages[layer];
    return kv->data + kv->layer_at[layer] + (head * n + page % n) * kv->page_bytes;
}

void hr_kv_rotate(float *x, size_t n) {
    for (size_t size; n > 0; x += size, n -= size) {
        for (size = 1; 2 * size <= n;) size *= 2;
        for (size_t h = 1; h < size; h *= 2) {
            for (size_t i = 0; i < size; i += 2 * h) {
                for (size_t j = i; j < i + h; j++) {
                    float a = x[j], b = x[j + h];
                    x[j] = a + b, x[j + h] = a - b;
                }
            }
        }
        float scale = 1.0f / hr_sqrtf((float)size);
        for (size_t i = 0; i < size; i++) x[i] *= scale;
    }
}

/* largest |x|; NaN when one is not finite, 0 when all are below 2^-100 (as in A8, kernels/kernel.h) */
static float kv_largest(const float *x, size_t n) {
    uint32_t top = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t a = hr_f32_bits(x[i]) & 0x7fffffffu;
        if (a > top) top = a;
    }
    return hr_f32_from_bits(top >= 0x7f800000u ? HR_NAN_BITS : top < 0x0d800000u ? 0 : top);
}

/* one vector to int8 with one scale */
static float kv_quant_i8(const float *x, size_t n, int8_t *out, size_t out_step, size_t group) {
    float top = kv_largest(x, n), id = top > 0.0f ? 127.0f / top : 0.0f;
    for (size_t i = 0; i < n; i++) {
        out[i / group * out_step + i % group] = id > 0.0f ? (int8_t)(int32_t)hr_rintf(x[i] * id) : 0;
    }
    return top > 0.0f ? top / 127.0f : top;
}

static const int8_t kv_levels[16] = {HR_KV_LEVELS};
/* the level nearest to x * id */
static unsigned kv_nearest(float x, float id) {
    float y = (x < 0.0f ? -x : x) * id;
    unsigned n = (unsigned)((y > 12.0f) + (y > 24.5f) + (y > 37.5f) + (y > 51.0f) + (y > 66.5f) + (y > 85.5f) + (y > 111.5f));
    return x < 0.0f ? 7 - n : 8 + n;
}

/* How a vector of q4 is scaled: of four sizes of the largest level the one that loses least, each with its scale by least
 * squares. *id: what to multiply by before kv_nearest. */
static float kv_scale_q4(const float *x, size_t n, float *id) {
    static const float sizes[] = {1.0f, 1.15f, 0.87f, 0.75f};
    float top = kv_largest(x, n), best = -1.0f, d = top;
    *id = 0.0f;
    for (size_t s = 0; s < HR_COUNT(sizes) && top > 0.0f; s++) {
        float xq = 0.0f, try = 127.0f / (top * sizes[s]);
        int32_t qq = 0;
        for (size_t i = 0; i < n; i++) {
            int32_t q = kv_levels[kv_nearest(x[i], try)];
            xq = hr_fma(x[i], (float)q, xq);
            qq += q * q;
        }
        float scale = xq / (float)qq, gain = xq * scale;
        if (gain > best) best = gain, d = scale, *id = try;
    }
    return d;
}

static void kv_put_nibble(uint8_t *b, bool high, unsigned code) {
    *b = (uint8_t)(high ? (*b & 15u) | code << 4 : (*b & 0xf0u) | code);
}

/* keys: dims 8g .. 8g+3 low, 8g+4 .. 8g+7 high; values: the first half low. No byte belongs to two positions. */
static void kv_write_q4(const hr_kv *kv, uint8_t *page, size_t slot, float *k, float *v) {
    float id, *kd = (float *)(void *)(page + kv->kd_at), *vd = (float *)(void *)(page + kv->vd_at);
    size_t half = hr_div_up(kv->dv, 2);
    uint8_t *to = page + 4 * slot;
    hr_kv_rotate(k, kv->dk);
    hr_kv_rotate(v, kv->dv);
    kd[slot] = kv_scale_q4(k, kv->dk, &id);
    for (size_t d = 0; d < kv->dk; d++) {
        kv_put_nibble(to + d / 8 * (4 * HR_KV_PAGE) + d % 4, d / 4 % 2, kv_nearest(k[d], id));
    }
    to = page + kv->v_at + slot * half;
    vd[slot] = kv_scale_q4(v, kv->dv, &id);
    for (size_t d = 0; d < kv->dv; d++) kv_put_nibble(to + (d < half ? d : d - half), d >= half, kv_nearest(v[d], id));
}

void hr_kv_write(hr_session *s, size_t layer, size_t position, float *k, float *v) {
    const hr_kv *kv = &s->kv;
    size_t slot = position % HR_KV_PAGE;
    for (size_t h = 0; h < kv->layer_heads[layer]; h++, k += kv->dk, v += kv->dv) {
        uint8_t *page = hr_kv_page(kv, layer, h, position / HR_KV_PAGE), *values = page + kv->v_at;
        if (kv->type == HEARTH_KV_Q4) {
            kv_write_q4(kv, page, slot, k, v);
        } else if (kv->type == HEARTH_KV_I8) {
            float *kd = (float *)(void *)(page + kv->kd_at), *vd = (float *)(void *)(page + kv->vd_at);
            kd[slot] = kv_quant_i8(k, kv->dk, (int8_t *)page + 4 * slot, 4 * HR_KV_PAGE, 4);
            vd[slot] = kv_quant_i8(v, kv->dv, (int8_t *)values + slot * kv->dv, 0, kv->dv);
        } else if (kv->type == HEARTH_KV_F16) {
            uint16_t *kp = (uint16_t *)(void *)page, *vp = (uint16_t *)(void *)values + slot * kv->dv;
            for (size_t d = 0; d < kv->dk; d++) kp[d * HR_KV_PAGE + slot] = hr_f16_of_f32(k[d]);
            for (size_t d = 0; d < kv->dv; d++) vp[d] = hr_f16_of_f32(v[d]);
        } else {
            float *kp = (float *)(void *)page;
            for (size_t d = 0; d < kv->dk; d++) kp[d * HR_KV_PAGE + slot] = k[d];
            memcpy((float *)(void *)values + slot * kv->dv, v, kv->dv * sizeof(float));
        }
    }
}

size_t hr_kv_unpacked_bytes(const hr_kv *kv) {
    size_t kq = hr_act_kq(kv->dk);
    if (kv->type == HEARTH_KV_F16) return (kv->dk + kv->dv) * HR_KV_PAGE * sizeof(float);
    return kv->type == HEARTH_KV_Q4 ? (kq + kv->dv) * HR_KV_PAGE + 1 : 0;
}

const void *hr_kv_open_page(const hr_kv *kv, const hr_kernels *ks, const uint8_t *page, uint8_t *room, const void **v) {
    size_t kq = hr_act_kq(kv->dk), half = hr_div_up(kv->dv, 2);
    *v = page + kv->v_at;
    if (kv->type == HEARTH_KV_F16) {
        ks->kv_f16((const uint16_t *)(const void *)page, (kv->dk + kv->dv) * HR_KV_PAGE, (float *)(void *)room);
        *v = room + kv->dk * HR_KV_PAGE * sizeof(float);
        return room;
    }
    if (kv->type != HEARTH_KV_Q4) return page;
    ks->kv_q4(page, kq / 8, 4 * HR_KV_PAGE, 8 * HR_KV_PAGE, (int8_t *)room);
    ks->kv_q4(page + kv->v_at, HR_KV_PAGE, half, kv->dv, (int8_t *)room + kq * HR_KV_PAGE);
    *v = room + kq * HR_KV_PAGE;
    return room;
}
