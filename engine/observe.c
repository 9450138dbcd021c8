/* observe.c: the names of matrices by their place in the model, and the callback. */
#include "engine/observe.h"
#include "engine/session.h"

static const char *name_in_layer(const hr_layer *l, const hr_matrix *w) {
    const struct {
        const hr_matrix *at;
        const char *name;
    } list[] = {{&l->qkv, "attn_qkv"},           {&l->q, "attn_q"},           {&l->k, "attn_k"},
                {&l->v, "attn_v"},               {&l->o, "attn_output"},      {&l->gate, "ffn_gate"},
                {&l->up, "ffn_up"},              {&l->down, "ffn_down"},      {&l->router, "ffn_gate_inp"},
                {&l->gate_exps, "ffn_gate_exps"}, {&l->up_exps, "ffn_up_exps"}, {&l->down_exps, "ffn_down_exps"},
                {&l->gate_shexp, "ffn_gate_shexp"}, {&l->up_shexp, "ffn_up_shexp"}, {&l->down_shexp, "ffn_down_shexp"}};
    for (size_t i = 0; i < HR_COUNT(list); i++) {
        if (list[i].at == w) return list[i].name;
    }
    return NULL;
}

static bool name_matrix(const hr_model *m, const hr_matrix *w, char *dst, size_t cap) {
    for (size_t i = 0; i < m->hp.n_layer; i++) {
        const hr_layer *l = &m->layers[i];
        const char *name = (const char *)w >= (const char *)l && (const char *)w < (const char *)(l + 1) ? name_in_layer(l, w)
                                                                                                         : NULL;
        if (name == NULL) continue;
        hr_format(dst, cap, "blk.%zu.%s.weight", i, name);
        return true;
    }
    if (w != &m->output) return false;
    hr_format(dst, cap, "output.weight");
    return true;
}

void hr_observe_jobs(hr_session *s, const hr_job *jobs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const hr_job *j = &jobs[i];
        hr_observed seen;
        if (j->x.f == NULL || !name_matrix(s->model, j->w, seen.name, sizeof seen.name)) continue;
        seen.k = j->w->k;
        seen.mat = j->mat;
        seen.n_mats = j->w->n_mats;
        seen.x = j->x.f;
        seen.m = j->x.m;
        seen.stride = j->x.f_stride;
        s->observe(s->observe_ctx, &seen);
    }
}

void hr_observe(hearth_session *session, hr_observe_fn *fn, void *ctx) {
    hr_session *s = (hr_session *)(void *)session;
    s->observe = fn;
    s->observe_ctx = ctx;
}
