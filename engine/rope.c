/* rope.c: angles of rotary position embedding. Frequencies are made once, in double, with the contract's own pow, sin and
 * cos; a table of cos and sin is filled once for the tokens of a batch and serves all layers and heads.
 * Source: Su et al. 2021 (RoPE); Peng et al. 2023 (YaRN); reference/formats.md section 11. */
#include "engine/base/fmath.h"
#include "engine/session.h"

#define ROPE_2PI 6.283185307179586

/* how far along i is between the dimensions that turn beta_fast and beta_slow times within the original context */
static double yarn_ramp(const hr_rope_config *c, double i) {
    double width = 2.0 * hr_log(c->base), n_rot = (double)c->n_rot;
    double low = n_rot * hr_log(c->orig_ctx / (c->beta_fast * ROPE_2PI)) / width;
    double high = n_rot * hr_log(c->orig_ctx / (c->beta_slow * ROPE_2PI)) / width;
    low = low > 0.0 ? low < n_rot ? low : n_rot : 0.0; /* also from NaN: a base of 1 turns all alike */
    high = high > -1.0 ? high < n_rot - 1.0 ? high : n_rot - 1.0 : -1.0;
    double floor_low = (double)(int64_t)low, ceil_high = (double)(int64_t)high;
    if (ceil_high < high) ceil_high += 1.0;
    double span = ceil_high - floor_low > 0.001 ? ceil_high - floor_low : 0.001;
    double y = (i - floor_low) / span;
    return y < 0.0 ? 0.0 : y > 1.0 ? 1.0 : y;
}

void hr_rope_init(hr_rope_table *t, hr_arena *arena, const hr_rope_config *c, size_t ctx, size_t batch) {
    t->half = c->kind == HR_ROPE_NONE ? 0 : c->n_rot / 2;
    t->freq = HR_NEW(arena, double, t->half);
    t->cosv = HR_NEW(arena, float, batch * t->half);
    t->sinv = HR_NEW(arena, float, batch * t->half);
    t->mscale = c->attn_factor;
    if (t->freq == NULL) return;
    bool yarn = c->scaling == HR_SCALING_YARN && c->ext_factor != 0.0;
    const float *factors = c->factors;
    if (c->scaling == HR_SCALING_LONGROPE && c->factors_long != NULL && (double)ctx > c->orig_ctx) {
        factors = c->factors_long;
    }
    if (yarn && c->factor > 1.0) t->mscale *= 1.0 + 0.1 * hr_log(c->factor);
    for (size_t i = 0; i < t->half; i++) {
        double own = hr_pow(c->base, -2.0 * (double)i / (double)c->n_rot);
        if (factors != NULL) own /= (double)factors[i];
        double stretched = own / c->factor;
        double keep = yarn ? (1.0 - yarn_ramp(c, (double)i)) * c->ext_factor : 0.0;
        t->freq[i] = stretched * (1.0 - keep) + own * keep;
    }
}

void hr_rope_fill(hr_rope_table *t, size_t row, size_t position) {
    float *c = t->cosv + row * t->half, *s = t->sinv + row * t->half;
    for (size_t i = 0; i < t->half; i++) {
        double angle = (double)position * t->freq[i];
        c[i] = (float)(hr_cos(angle) * t->mscale);
        s[i] = (float)(hr_sin(angle) * t->mscale);
    }
}
#undef ROPE_2PI
