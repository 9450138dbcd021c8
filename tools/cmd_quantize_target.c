/* cmd_quantize_target.c: `hearth quantize --target-bytes N`. A few hundred rows of each matrix are quantized to every
 * candidate type; the relative error (weighted by importances if there are any) is what a type costs, its bytes what it
 * takes. One price of a byte for all tensors (a Lagrange multiplier) is raised until the file fits; what then is left over
 * goes to the upgrades that gain most a byte. Matrices count the same whatever their size: each adds its relative error to the
 * residual stream once a layer; the head, attn_v and ffn_down, which nothing averages out, count double. */
#include "tools/cmd_quantize.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdlib.h>
#include <string.h>

enum { TARGET_TYPES = 8, TARGET_ROWS = 48 };
static const uint32_t target_types[TARGET_TYPES] = {HR_TYPE_Q2_K, HR_TYPE_Q3_K,   HR_TYPE_IQ4_XS, HR_TYPE_Q4_K,
                                                    HR_TYPE_Q5_K, HR_TYPE_Q6_K, HR_TYPE_Q8_0,   HR_TYPE_F16};
typedef struct target_choice {
    uint64_t bytes[TARGET_TYPES];
    double cost[TARGET_TYPES];
    uint32_t type[TARGET_TYPES];
    uint32_t tensor;
    int chosen;
} target_choice;
typedef struct target_work {
    quantize_job *j;
    target_choice *list;
    size_t n;
    volatile size_t next;
    volatile uint32_t failed;
} target_work;

static bool measure_tensor_costs(quantize_job *j, target_choice *c) {
    const hr_gguf_tensor *t = &j->g.tensors[c->tensor];
    const hr_format_info *from = hr_format_of(t->type);
    size_t k = t->dims[0], row_bytes = (size_t)(t->bytes / quantize_rows(t));
    uint64_t rows = quantize_rows(t), n = rows < TARGET_ROWS ? rows : TARGET_ROWS;
    float *x = (float *)malloc(k * sizeof *x), *y = (float *)malloc(k * sizeof *y), *im = (float *)malloc(k * sizeof *im);
    uint8_t *q = (uint8_t *)malloc(k * 4), *raw = (uint8_t *)malloc(row_bytes);
    double energy = 0;
    bool ok = x && y && im && q && raw;
    for (uint64_t r = 0; r < n && ok; r++) {
        uint64_t row = r * rows / n;
        ok = hr_gguf_tensor_read(&j->g, t, row * row_bytes, raw, row_bytes, NULL) == HR_OK;
        if (!ok) break;
        const float *importance = quantize_importance(j, t, (size_t)(row / t->dims[1]), im) ? im : NULL;
        hr_quantize_source_row(from, raw, k, x);
        for (size_t i = 0; i < k; i++) energy += (importance ? (double)importance[i] : 1.0) * (double)x[i] * (double)x[i];
        for (int a = 0; a < TARGET_TYPES && ok; a++) {
            const hr_format_info *f = hr_format_of(c->type[a]);
            ok = hr_quantize_row(f, x, k, importance, q, j->isa);
            if (ok) c->cost[a] += hr_quantize_error(f, q, x, k, importance, y);
        }
    }
    hr_str name = j->tensors[c->tensor].name;
    double weight = hr_mix_match("attn_v", name) || hr_mix_match("ffn_down", name) || hr_mix_match("output.weight", name) ||
                            hr_mix_match("token_embd", name) ? 2.0 : 1.0;
    for (int a = 0; a < TARGET_TYPES; a++) c->cost[a] = energy > 0 ? weight * c->cost[a] / energy : 0;
    hr_gguf_tensor_drop(&j->g, t, 0, t->bytes);
    free(x), free(y), free(im), free(q), free(raw);
    return ok;
}
static void measure_task(void *arg, int index, int count) {
    target_work *w = (target_work *)arg;
    (void)index, (void)count;
    for (size_t i; (i = hr_atomic_next(&w->next, 1)) < w->n && !cli_interrupted();) {
        if (!measure_tensor_costs(w->j, &w->list[i])) hr_atomic_store_u32(&w->failed, 1 + w->list[i].tensor);
    }
}
/* the cheapest type of each tensor at this price of a byte; the sum of the bytes */
static uint64_t choose_at_price(target_work *w, double price) {
    uint64_t sum = 0;
    for (size_t i = 0; i < w->n; i++) {
        target_choice *c = &w->list[i];
        c->chosen = 0;
        for (int a = 1; a < TARGET_TYPES; a++) {
            double now = c->cost[c->chosen] + price * (double)c->bytes[c->chosen];
            double then = c->cost[a] + price * (double)c->bytes[a];
            if (then < now) c->chosen = a;
        }
        sum += c->bytes[c->chosen];
    }
    return sum;
}
static void spend_rest(target_work *w, uint64_t left) {
    for (;;) {
        double best = 0;
        size_t at = 0;
        int to = -1;
        for (size_t i = 0; i < w->n; i++) {
            const target_choice *c = &w->list[i];
            for (int a = 0; a < TARGET_TYPES; a++) {
                uint64_t more = c->bytes[a] > c->bytes[c->chosen] ? c->bytes[a] - c->bytes[c->chosen] : 0;
                double gain = c->cost[c->chosen] - c->cost[a];
                if (more == 0 || more > left || gain <= 0 || gain / (double)more <= best) continue;
                best = gain / (double)more;
                at = i;
                to = a;
            }
        }
        if (to < 0) return;
        left -= w->list[at].bytes[to] - w->list[at].bytes[w->list[at].chosen];
        w->list[at].chosen = to;
    }
}
static uint64_t padded(const quantize_job *j, uint64_t bytes) {
    uint64_t a = j->g.alignment;
    return (bytes + a - 1) / a * a;
}

int quantize_choose_target(quantize_job *j) {
    uint64_t head = 4096, fixed = 0, least;
    target_work w;
    memset(&w, 0, sizeof w);
    w.j = j;
    w.list = (target_choice *)calloc((size_t)j->g.n_tensors + 1, sizeof *w.list);
    if (!w.list) return cli_fail("--target-bytes", "out of memory");
    for (uint32_t i = 0; i < j->g.n_shards; i++) head += j->g.shards[i].data_offset;
    for (uint32_t i = 0; i < j->g.n_tensors; i++) {
        const hr_gguf_tensor *t = &j->g.tensors[i];
        if (!j->tensors[i].quantizable || j->tensors[i].fixed) {
            fixed += padded(j, quantize_bytes(t, j->tensors[i].target));
            continue;
        }
        target_choice *c = &w.list[w.n++];
        c->tensor = i;
        for (int a = 0; a < TARGET_TYPES; a++) {
            c->type[a] = hr_mix_fallback(target_types[a], t->dims[0]);
            c->bytes[a] = padded(j, quantize_bytes(t, c->type[a]));
        }
    }
    hr_pool_run(j->pool, measure_task, &w);
    int code = CLI_OK;
    if (cli_interrupted()) code = cli_fail(j->in, "interrupted");
    else if (w.failed) code = cli_fail(j->in, "tensor %u holds values that cannot be quantized", w.failed - 1);
    least = head + fixed + choose_at_price(&w, 1e6);
    if (code == CLI_OK && least > j->target_bytes) {
        code = cli_fail("--target-bytes", "the smallest file is about %llu bytes", (unsigned long long)least);
    }
    if (code == CLI_OK) {
        double price = 1e-20; /* rises by an eighth until the file is small enough */
        while (price < 1e6 && head + fixed + choose_at_price(&w, price) > j->target_bytes) price *= 1.125;
        uint64_t used = head + fixed + choose_at_price(&w, price);
        if (used <= j->target_bytes) spend_rest(&w, j->target_bytes - used);
        for (size_t i = 0; i < w.n; i++) j->tensors[w.list[i].tensor].target = w.list[i].type[w.list[i].chosen];
    }
    free(w.list);
    return code;
}
#endif
