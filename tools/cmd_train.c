/* cmd_train.c: `hearth train adapter|model`: text or labelled examples to rows of tokens, a run with its curve in the
 * terminal, and the file at its end. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if !defined(HEARTH_DROP_TOOLS)
#include "engine/train.h"
#endif

#if !defined(HEARTH_DROP_TOOLS) && !defined(HR_NO_TRAIN)
/* Tokens in rows of at most `ctx`: contiguous, documents marked by flags. The last rows are held out. */
typedef struct train_set {
    int32_t *ids;
    uint8_t *flags;
    size_t n, cap;
    size_t *rows;          /* [n_rows + 1] */
    size_t n_rows, n_held; /* rows in all; of them held out, the last ones */
    uint64_t seed;
} train_set;

static size_t copy_row(const train_set *s, size_t row, int32_t *ids, uint8_t *flags, size_t cap) {
    size_t at = s->rows[row], n = s->rows[row + 1] - at;
    if (n > cap) n = cap;
    memcpy(ids, s->ids + at, n * sizeof *ids);
    memcpy(flags, s->flags + at, n);
    return n;
}
static size_t learn_row(void *ctx, uint64_t index, int32_t *ids, uint8_t *flags, size_t cap) {
    const train_set *s = (const train_set *)ctx;
    uint64_t n = s->n_rows - s->n_held;
    return copy_row(s, (size_t)hr_train_shuffle(s->seed, index / n, n, index % n), ids, flags, cap);
}
static size_t held_row(void *ctx, uint64_t index, int32_t *ids, uint8_t *flags, size_t cap) {
    const train_set *s = (const train_set *)ctx;
    return copy_row(s, s->n_rows - s->n_held + (size_t)index, ids, flags, cap);
}

static bool push_tokens(train_set *s, const int32_t *ids, size_t n, uint8_t flags) {
    if (s->n + n > s->cap) {
        size_t cap = 2 * (s->n + n) + 1024;
        int32_t *p = (int32_t *)realloc(s->ids, cap * sizeof *p);
        if (p) s->ids = p;
        uint8_t *q = (uint8_t *)realloc(s->flags, cap);
        if (q) s->flags = q;
        if (!p || !q) return false;
        s->cap = cap;
    }
    memcpy(s->ids + s->n, ids, n * sizeof *ids);
    memset(s->flags + s->n, flags, n);
    s->n += n;
    return true;
}
static int push_text(train_set *s, const hearth_model *m, const char *text, size_t n, uint32_t how, uint8_t flags) {
    int32_t *ids = NULL;
    size_t count = 0;
    int code = cli_tokenize(m, text, n, how, &ids, &count);
    if (code == CLI_OK && !push_tokens(s, ids, count, flags)) code = cli_fail("train", "no memory for the tokens");
    free(ids);
    return code;
}

/* in place: \n is a line feed, \t a tab, \\ a backslash; any other stays as it is */
static size_t unescape_field(char *p, size_t n) {
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        const char next = p[i] == '\\' && i + 1 < n ? p[i + 1] : 0;
        const bool known = next == 'n' || next == 't' || next == '\\';
        p[to++] = next == 'n' ? '\n' : next == 't' ? '\t' : p[i];
        i += known;
    }
    return to;
}
/* one example a line: what is given, a tab, what is to be learned, which ends with the end token */
static int push_pairs(train_set *s, const hearth_model *m, const hearth_model_info *info, const char *path, char *text) {
    int code = CLI_OK;
    size_t line = 1;
    for (char *p = text; *p && code == CLI_OK; line++) {
        char *end = p + strcspn(p, "\n"), *tab = (char *)memchr(p, '\t', (size_t)(end - p));
        size_t first = s->n;
        int32_t eos = (int32_t)info->eos;
        if (end > p && !tab) return cli_fail(path, "line %zu has no tab between what is given and what is learned", line);
        if (tab) code = push_text(s, m, p, unescape_field(p, (size_t)(tab - p)), HEARTH_TOK_SPECIAL | HEARTH_TOK_PARSE, 0);
        if (tab && code == CLI_OK) code = push_text(s, m, tab + 1, unescape_field(tab + 1, (size_t)(end - tab - 1)), 0,
                                                     HR_TRAIN_LEARN);
        if (tab && eos >= 0 && !push_tokens(s, &eos, 1, HR_TRAIN_LEARN)) code = cli_fail("train", "no memory for the tokens");
        if (s->n > first) s->flags[first] |= HR_TRAIN_FIRST;
        p = *end ? end + 1 : end;
    }
    return code;
}

/* rows of whole documents where they fit; a longer document is cut */
static int cut_rows(train_set *s, size_t ctx, float held) {
    s->rows = (size_t *)malloc((s->n / 2 + 3) * sizeof *s->rows);
    if (!s->rows) return cli_fail("train", "no memory for the rows");
    size_t begin = 0, n = 0, last = 0; /* last: where the last document of the row begins */
    s->rows[n++] = 0;
    for (size_t i = 1; i <= s->n; i++) {
        bool document = i == s->n || (s->flags[i] & HR_TRAIN_FIRST);
        if (i - begin > ctx || (i - begin == ctx && !document)) {
            size_t cut = last > begin ? last : begin + ctx;
            s->rows[n++] = begin = cut;
            s->flags[cut] |= HR_TRAIN_FIRST;
            last = begin;
            i = cut;
            continue;
        }
        if (document) last = i;
    }
    if (s->n > begin) s->rows[n++] = s->n;
    s->n_rows = n - 1;
    s->n_held = held > 0 && s->n_rows > 1 ? (size_t)(held * (float)s->n_rows + 0.999f) : 0;
    if (s->n_held >= s->n_rows && s->n_rows > 0) s->n_held = s->n_rows - 1;
    return s->n_rows - s->n_held > 0 ? CLI_OK : cli_fail("train", "the text holds no row of tokens");
}

typedef struct train_options {
    cli_setup setup;
    const char *text, *pairs, *out, *checkpoint;
    hr_train_config c;
    hr_train_shape shape;
    int ctx, batch, steps, warmup, rank, eval_every, save_every, patience, seconds, embd, layers, heads, kv_heads, ff;
    bool constant, untied;
    float held, max_rise;
    const char *targets;
} train_options;

static int read_set(const train_options *o, const hearth_model *m, train_set *s) {
    hearth_model_info info;
    char *text = NULL;
    size_t n = 0;
    const char *path = o->text ? o->text : o->pairs;
    hearth_model_get_info(m, &info);
    int code = cli_read_file(path, &text, &n);
    if (code == CLI_OK && o->text) code = push_text(s, m, text, n, HEARTH_TOK_SPECIAL, HR_TRAIN_LEARN);
    if (code == CLI_OK && o->pairs) code = push_pairs(s, m, &info, path, text);
    if (code == CLI_OK && s->n < 2) code = cli_fail(path, "holds no tokens to learn");
    free(text);
    if (code == CLI_OK) s->flags[0] |= HR_TRAIN_FIRST;
    return code == CLI_OK ? cut_rows(s, (size_t)o->ctx, o->held) : code;
}

/* --- the curve ------------------------------------------------------------------------------------------------------------ */
typedef struct train_curve {
    bool json;
    uint32_t every;
    double top;
} train_curve;
static int on_step(void *ctx, const hr_train_progress *p) {
    train_curve *c = (train_curve *)ctx;
    char bar[41];
    bool held = p->held_out - p->held_out == 0.0;
    if (p->loss > c->top) c->top = p->loss;
    int n = c->top > 0 ? (int)(40.0 * p->loss / c->top) : 0;
    memset(bar, '#', sizeof bar);
    bar[n < 0 ? 0 : n > 40 ? 40 : n] = 0;
    if (!c->json && (held || p->step % c->every == 0 || p->step == 1)) {
        cli_progress_end();
        printf("step %6llu  loss %.6f  rate %.2e", (unsigned long long)p->step, p->loss, (double)p->rate);
        if (held) printf("  held-out %.6f", p->held_out);
        printf("  %s\n", bar);
    }
    cli_progress("step", p->step, p->steps);
    return cli_interrupted();
}

static int report_train(const hr_error *err, const char *where) {
    hearth_error e;
    memcpy(&e, err, sizeof e); /* the same layout (engine/api_model.c asserts it) */
    return cli_report(&e, where);
}

static void print_train(const train_options *o, const hr_train *t, const train_set *s, const hr_train_result *r) {
    static const char *const ends[] = {"done", "stopped early", "out of time", "cancelled"};
    static const char *const verdicts[] = {"accepted", "not held out", "refused: the held-out loss rose"};
    if (o->setup.json) {
        cli_json_open(NULL, '{');
        cli_json_str("end", ends[r->end]);
        cli_json_str("verdict", verdicts[r->verdict]);
        cli_json_u64("steps", r->step);
        cli_json_num("loss", r->loss);
        cli_json_num("held_out_before", r->first_held_out);
        cli_json_num("held_out_after", r->last_held_out);
        cli_json_u64("bytes", t->bytes);
        cli_json_u64("parameters", t->n_params);
        cli_json_u64("rows", s->n_rows);
        cli_json_close('}');
        return;
    }
    printf("%s after %llu steps: held-out %.6f -> %.6f, %s; %zu parameters, %zu bytes beside the model\n", ends[r->end],
           (unsigned long long)r->step, r->first_held_out, r->last_held_out, verdicts[r->verdict], t->n_params, t->bytes);
}

static int run_training(const train_options *o, hr_train *t, train_set *s, const hr_gguf *vocab) {
    hr_error err;
    hr_train_result r;
    train_curve curve = {o->setup.json, o->steps > 40 ? (uint32_t)o->steps / 20 : 1, 0};
    hr_train_plan p = {learn_row, s->n_held > 0 ? held_row : NULL, s, s->n_held, (uint32_t)o->eval_every, (uint32_t)o->save_every,
                       (uint32_t)o->patience, (uint64_t)o->seconds, (double)o->max_rise, o->checkpoint, NULL, on_step, &curve};
    hr_error_clear(&err);
    hr_status status = hr_train_run(t, &p, &r, &err);
    cli_progress_end();
    if (status != HR_OK) return report_train(&err, "train");
    print_train(o, t, s, &r);
    if (r.end == HR_TRAIN_CANCELLED) {
        return cli_fail("train", "interrupted%s", o->checkpoint ? "; the checkpoint goes on from here" : "");
    }
    if (r.verdict == HR_TRAIN_LOSS_ROSE) {
        return cli_fail(o->out, "not written: the held-out loss rose from %.6f to %.6f, more than %g", r.first_held_out,
            r.last_held_out,
                        (double)o->max_rise);
    }
    status = vocab ? hr_train_write_model(t, o->out, vocab, "hearth", NULL, &err) : hr_train_write_adapter(t, o->out, NULL, &err);
    return status == HR_OK ? CLI_OK : report_train(&err, o->out);
}

static int take_targets(const char *list, uint32_t *targets) {
    static const char *const names[] = {"q", "k", "v", "o", "gate", "up", "down"};
    if (!list) return CLI_OK;
    *targets = 0;
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ","), i = 0;
        while (i < CLI_COUNT(names) && (strlen(names[i]) != n || memcmp(names[i], p, n) != 0)) i++;
        if (i == CLI_COUNT(names)) return cli_misuse("train", "--targets", "knows q, k, v, o, gate, up, down");
        *targets |= 1u << i;
        p += n + (p[n] == ',');
    }
    return CLI_OK;
}

static int train_words(train_options *o, const char *path, bool adapter) {
    train_set s;
    hearth_model *model = NULL;
    hr_train *t = NULL;
    hr_error err;
    memset(&s, 0, sizeof s);
    hr_error_clear(&err);
    o->c.ctx = (size_t)o->ctx, o->c.batch = (size_t)o->batch, o->c.steps = (uint32_t)o->steps, o->c.warmup = (uint32_t)o->warmup;
    o->c.rank = (size_t)o->rank, o->c.schedule = o->constant ? HR_TRAIN_CONSTANT : HR_TRAIN_COSINE;
    o->c.budget_bytes = o->setup.budget, o->c.threads = o->setup.threads, o->c.isa = o->setup.isa;
    s.seed = o->c.seed;
    cli_setup setup = o->setup;
    setup.budget = 0;
    int code = cli_open_model(path, &setup, adapter ? 0 : HEARTH_MODEL_VOCAB_ONLY, &model);
    if (code == CLI_OK) code = read_set(o, model, &s);
    if (code == CLI_OK && adapter && hr_train_open_adapter(&t, (hr_model *)(void *)model, &o->c, &err) != HR_OK) code
        = report_train(&err, path);
    if (code == CLI_OK && !adapter) {
        hearth_model_info info;
        hearth_model_get_info(model, &info);
        const hr_train_shape shape = {(size_t)info.n_vocab, (size_t)o->embd, (size_t)o->layers, (size_t)o->heads,
            (size_t)o->kv_heads,
                                      (size_t)(o->embd / o->heads), (size_t)o->ff, 1e-5f, 10000, false, !o->untied};
        if (hr_train_open_model(&t, &shape, &o->c, NULL, &err) != HR_OK) code = report_train(&err, "train");
    }
    if (code == CLI_OK) code = run_training(o, t, &s, adapter ? NULL : &((hr_model *)(void *)model)->gguf);
    hr_train_close(t);
    hearth_model_close(model);
    free(s.ids), free(s.flags), free(s.rows);
    return code;
}
#endif

int cmd_train(int argc, char **argv) {
#if defined(HEARTH_DROP_TOOLS) || defined(HR_NO_TRAIN)
    (void)argc, (void)argv;
    return cli_fail("train", "not in this build");
#else
    train_options o = {.setup = CLI_SETUP_INIT, .held = 0.1f, .eval_every = 10, .save_every = 50, .rank = 8, .ctx = 256,
                       .embd = 256, .layers = 6, .heads = 8, .kv_heads = 4, .ff = 704};
    const char *words[2];
    bool adapter = argc > 1 && strcmp(argv[1], "model") != 0;
    hr_train_defaults(&o.c, adapter);
    o.batch = (int)o.c.batch, o.steps = (int)o.c.steps, o.warmup = (int)o.c.warmup;
    const cli_option options[] = {
        {"--file", "-f", CLI_TEXT, &o.text, 0, 0, "FILE", "a text to learn; - is stdin"},
        {"--pairs", NULL, CLI_TEXT, &o.pairs, 0, 0, "FILE",
         "examples instead, one a line: given, tab, learned (\\n, \\t, \\\\)"},
        {"--output", "-o", CLI_TEXT, &o.out, 0, 0, "OUT", "the adapter or model, GGUF"},
        {"--steps", "-n", CLI_INT, &o.steps, 0, 1 << 30, "N", "updates (100; a model 1000)"},
        {"--ctx", "-c", CLI_INT, &o.ctx, 2, 1 << 20, "N", "tokens of a row (256)"},
        {"--batch", "-b", CLI_INT, &o.batch, 1, 1 << 20, "N", "rows of an update (4; a model 16)"},
        {"--rate", NULL, CLI_FLOAT, &o.c.rate, 0, 10, "R", "learning rate (0.001; a model 0.002)"},
        {"--warmup", NULL, CLI_INT, &o.warmup, 0, 1 << 30, "N", "updates until the full rate (5; a model 50)"},
        {"--constant", NULL, CLI_FLAG, &o.constant, 0, 0, NULL, "the rate does not fall along a cosine"},
        {"--decay", NULL, CLI_FLOAT, &o.c.decay, 0, 10, "D", "weight decay (0; a model 0.1)"},
        {"--clip", NULL, CLI_FLOAT, &o.c.clip, 0, 1e9, "C", "longest gradient (1); 0: any"},
        {"--seed", NULL, CLI_U64, &o.c.seed, 0, 0, "S", "order of the rows and first values (1)"},
        {"--rank", NULL, CLI_INT, &o.rank, 1, 1024, "R", "adapter: rank (8)"},
        {"--alpha", NULL, CLI_FLOAT, &o.c.alpha, 0, 1e6, "A", "adapter: its products count alpha / rank (16)"},
        {"--targets", NULL, CLI_TEXT, &o.targets, 0, 0, "LIST", "adapter: of q,k,v,o,gate,up,down (all)"},
        {"--zeroth", NULL, CLI_FLOAT, &o.c.zeroth, 0, 1, "W", "adapter: no backward pass; differences of this width"},
        {"--embd", NULL, CLI_INT, &o.embd, 2, 1 << 16, "N", "model: width (256)"},
        {"--layers", NULL, CLI_INT, &o.layers, 1, 512, "N", "model: layers (6)"},
        {"--heads", NULL, CLI_INT, &o.heads, 1, 1024, "N", "model: heads (8)"},
        {"--kv-heads", NULL, CLI_INT, &o.kv_heads, 1, 1024, "N", "model: key and value heads (4)"},
        {"--ff", NULL, CLI_INT, &o.ff, 1, 1 << 20, "N", "model: width of the gate (704)"},
        {"--untied", NULL, CLI_FLAG, &o.untied, 0, 0, NULL, "model: the head has weights of its own"},
        {"--held-out", NULL, CLI_FLOAT, &o.held, 0, 0.9, "P", "part of the rows that is not learned from (0.1)"},
        {"--eval-every", NULL, CLI_INT, &o.eval_every, 0, 1 << 30, "N", "updates between evaluations (10)"},
        {"--patience", NULL, CLI_INT, &o.patience, 0, 1 << 30, "N", "stop after N evaluations without gain; 0: never"},
        {"--max-rise", NULL, CLI_FLOAT, &o.max_rise, 0, 100, "X", "nothing is written when the held-out loss rises more (0)"},
        {"--seconds", NULL, CLI_INT, &o.seconds, 0, 1 << 30, "N", "stop after so long; 0: never"},
        {"--checkpoint", NULL, CLI_TEXT, &o.checkpoint, 0, 0, "FILE", "go on from FILE when it is there, and keep it"},
        {"--save-every", NULL, CLI_INT, &o.save_every, 0, 1 << 30, "N", "updates between checkpoints (50)"},
        CLI_OPTIONS_MODEL(o.setup),
        CLI_OPTION_JSON(o.setup),
    };
    const cli_command c = {"train", "adapter|model MODEL -f TEXT -o OUT",
                           "adapter: learns a small addition (LoRA) to MODEL, which may be quantized and stays as it is.\n"
                           "model: trains a llama from nothing; MODEL gives the vocabulary only.",
                           options, CLI_COUNT(options), 2, 2};
    int code = cli_parse(&c, argc, argv, words);
    if (code != CLI_GO) return code;
    if (strcmp(words[0], "adapter") != 0 && strcmp(words[0], "model") != 0) return cli_misuse("train", words[0],
        "is neither adapter nor model");
    if (!o.text == !o.pairs) return cli_misuse("train", "-f", "one of -f and --pairs is wanted");
    if (!o.out) return cli_misuse("train", "-o", "is wanted");
    code = take_targets(o.targets, &o.c.targets);
    return code == CLI_OK ? train_words(&o, words[1], strcmp(words[0], "adapter") == 0) : code;
#endif
}
