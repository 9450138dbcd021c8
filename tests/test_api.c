/* The public header and nothing else, on a model that this file writes itself: also linked with the one-file library by
 * `make drop`, and run on AArch64. Logits are checked against a plain f64 forward pass written here, and their hash
 * against a golden one: the same bits from every compiler, machine, thread count and split. */
#include "tests/t.h"
#include "engine/hearth.h"

/* --- a tiny llama, written as the GGUF description says -------------------------------------------------- */
enum { EMBD = 64, LAYERS = 2, HEADS = 4, KV_HEADS = 2, DIM = 16, FF = 96, VOCAB = 291, TRAINED = 256,
      MAX_FILE = 1 << 20 };
enum { F32 = 0, Q4_0 = 2, Q8_0 = 8 };
typedef struct file {
    unsigned char *data;
    size_t n;
    uint64_t random;
} file;
static unsigned char file_bytes[2][MAX_FILE];
static file files[2]; /* F32, and a mix of Q8_0 and Q4_0 */

static void put(file *f, const void *p, size_t n) {
    if (f->n + n > MAX_FILE) abort();
    memcpy(f->data + f->n, p, n);
    f->n += n;
}
static void put_int(file *f, uint64_t v, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        unsigned char b = (unsigned char)(v >> (8 * i));
        put(f, &b, 1);
    }
}
static void put_f32(file *f, float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    put_int(f, u, 4);
}
static void put_text(file *f, const char *s) {
    put_int(f, strlen(s), 8);
    put(f, s, strlen(s));
}
static void put_u32(file *f, const char *key, uint32_t v) { put_text(f, key), put_int(f, 4, 4), put_int(f, v, 4); }
static void put_string(file *f, const char *key, const char *v) { put_text(f, key), put_int(f, 8, 4), put_text(f, v); }
static void put_array(file *f, const char *key, uint32_t type) {
    put_text(f, key), put_int(f, 9, 4), put_int(f, type, 4), put_int(f, VOCAB, 8);
}
static const char *token_text(int i) {
    static char text[16];
    static const char *const words[] = {"\xe2\x96\x81", "\xe2\x96\x81t", "he", "\xe2\x96\x81the", "<|end|>"};
    if (i < 3) return i == 0 ? "<unk>" : i == 1 ? "<s>" : "</s>";
    if (i < 259) snprintf(text, sizeof text, "<0x%02X>", (unsigned)(i - 3));
    else if (i < 285) snprintf(text, sizeof text, "%c", 'a' + i - 259);
    else if (i < 290) return words[i - 285];
    else return ".";
    return text;
}
static void put_vocabulary(file *f) {
    put_string(f, "tokenizer.ggml.model", "llama");
    put_array(f, "tokenizer.ggml.tokens", 8);
    for (int i = 0; i < VOCAB; i++) put_text(f, token_text(i));
    put_array(f, "tokenizer.ggml.scores", 6);
    for (int i = 0; i < VOCAB; i++) put_f32(f, i >= 286 && i < 289 ? (float)(i - 290) : -10.0f);
    put_array(f, "tokenizer.ggml.token_type", 5);
    for (int i = 0; i < VOCAB; i++) put_int(f, i == 0 ? 2 : i < 3 || i == 289 ? 3 : i < 259 ? 6 : 1, 4);
    put_u32(f, "tokenizer.ggml.bos_token_id", 1);
    put_u32(f, "tokenizer.ggml.eos_token_id", 2);
    put_u32(f, "tokenizer.ggml.unknown_token_id", 0);
}
typedef struct tensor {
    char name[40];
    int k, rows, type, norm;
} tensor;
static tensor tensors[40];
static int n_tensors;
static void add_tensor(const char *name, int layer, int k, int rows, int type) {
    tensor *t = &tensors[n_tensors++];
    if (layer < 0) snprintf(t->name, sizeof t->name, "%s.weight", name);
    else snprintf(t->name, sizeof t->name, "blk.%d.%s.weight", layer, name);
    t->k = k, t->rows = rows, t->type = type;
    t->norm = rows == 0;
}
static void add_tensors(int mixed) {
    int q8 = mixed ? Q8_0 : F32, q4 = mixed ? Q4_0 : F32;
    n_tensors = 0;
    add_tensor("token_embd", -1, EMBD, VOCAB, F32);
    for (int l = 0; l < LAYERS; l++) {
        add_tensor("attn_norm", l, EMBD, 0, F32);
        add_tensor("attn_q", l, EMBD, HEADS * DIM, q8);
        add_tensor("attn_k", l, EMBD, KV_HEADS * DIM, q8);
        add_tensor("attn_v", l, EMBD, KV_HEADS * DIM, q4);
        add_tensor("attn_output", l, HEADS * DIM, EMBD, q4);
        add_tensor("ffn_norm", l, EMBD, 0, F32);
        add_tensor("ffn_gate", l, EMBD, FF, q4);
        add_tensor("ffn_up", l, EMBD, FF, q8);
        add_tensor("ffn_down", l, FF, EMBD, q8);
    }
    add_tensor("output_norm", -1, EMBD, 0, F32);
    add_tensor("output", -1, EMBD, VOCAB, q8);
}
static size_t tensor_bytes(const tensor *t) {
    size_t n = (size_t)t->k * (size_t)(t->norm ? 1 : t->rows);
    return t->type == F32 ? n * 4 : t->type == Q8_0 ? n / 32 * 34 : n / 32 * 18;
}
static uint32_t next_random(file *f) {
    f->random = f->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(f->random >> 33);
}
static void put_tensor(file *f, const tensor *t) {
    size_t n = (size_t)t->k * (size_t)(t->norm ? 1 : t->rows);
    for (size_t i = 0; t->type == F32 && i < n; i++) {
        float x = (float)((int)(next_random(f) % 8192) - 4096); /* exact: the same file everywhere */
        put_f32(f, t->norm ? 1.0f + x / 32768.0f : x / 16384.0f);
    }
    for (size_t i = 0; t->type != F32 && i < n / 32; i++) {
        put_int(f, t->type == Q8_0 ? 0x1400 : 0x2800, 2); /* 2^-10, 2^-5 as halves */
        for (int j = 0; j < (t->type == Q8_0 ? 32 : 16); j++) put_int(f, next_random(f) & 255, 1);
    }
    while (f->n % 32) put_int(f, 0, 1);
}
static void write_model(file *f, int mixed) {
    uint64_t offset = 0;
    add_tensors(mixed);
    f->data = file_bytes[mixed];
    f->n = 0;
    f->random = 7;
    put(f, "GGUF", 4), put_int(f, 3, 4), put_int(f, (uint64_t)n_tensors, 8), put_int(f, 17, 8);
    put_string(f, "general.architecture", "llama");
    put_string(f, "general.name", "tiny \"quoted\"");
    put_u32(f, "llama.context_length", TRAINED), put_u32(f, "llama.embedding_length", EMBD);
    put_u32(f, "llama.block_count", LAYERS), put_u32(f, "llama.feed_forward_length", FF);
    put_u32(f, "llama.attention.head_count", HEADS), put_u32(f, "llama.attention.head_count_kv", KV_HEADS);
    put_u32(f, "llama.rope.dimension_count", DIM);
    put_text(f, "llama.attention.layer_norm_rms_epsilon"), put_int(f, 6, 4), put_f32(f, 1e-5f);
    put_vocabulary(f);
    for (int i = 0; i < n_tensors; i++) {
        const tensor *t = &tensors[i];
        put_text(f, t->name), put_int(f, t->norm ? 1 : 2, 4), put_int(f, (uint64_t)t->k, 8);
        if (!t->norm) put_int(f, (uint64_t)t->rows, 8);
        put_int(f, (uint64_t)t->type, 4), put_int(f, offset, 8);
        offset += (tensor_bytes(t) + 31) / 32 * 32;
    }
    while (f->n % 32) put_int(f, 0, 1);
    for (int i = 0; i < n_tensors; i++) put_tensor(f, &tensors[i]);
}

/* --- the same forward pass in f64 ------------------------------------------------------------------------ */
static const float *find_weights(const char *name) { /* of the F32 file */
    static float copy[MAX_FILE / 4]; /* tensors begin at multiples of 32 */
    size_t at = files[0].n;
    if (copy[at / 4 - 1] == 0) memcpy(copy, files[0].data, at);
    add_tensors(0);
    for (int i = n_tensors; i-- > 0;) {
        at -= (tensor_bytes(&tensors[i]) + 31) / 32 * 32;
        if (strcmp(tensors[i].name, name) == 0) return copy + at / 4;
    }
    abort();
}
static const float *layer_weights(int layer, const char *what) {
    char name[40];
    snprintf(name, sizeof name, "blk.%d.%s.weight", layer, what);
    return find_weights(name);
}
static void rms_norm(const double *x, const float *w, double *y) {
    double ss = 0;
    for (int i = 0; i < EMBD; i++) ss += x[i] * x[i];
    for (int i = 0; i < EMBD; i++) y[i] = x[i] / sqrt(ss / EMBD + 1e-5) * w[i];
}
static void multiply(const float *w, int rows, int k, const double *x, double *y) {
    for (int r = 0; r < rows; r++) {
        y[r] = 0;
        for (int i = 0; i < k; i++) y[r] += (double)w[r * k + i] * x[i];
    }
}
static void rotate(double *x, int heads, int position) {
    for (int h = 0; h < heads; h++)
        for (int i = 0; i < DIM / 2; i++) {
            double angle = position * pow(10000.0, -2.0 * i / DIM), *p = x + h * DIM + 2 * i, a = p[0], b = p[1];
            p[0] = a * cos(angle) - b * sin(angle);
            p[1] = a * sin(angle) + b * cos(angle);
        }
}
static void oracle_logits(const int32_t *ids, int n, double *logits /* [n][VOCAB] */) {
    static double ks[LAYERS][64][KV_HEADS * DIM], vs[LAYERS][64][KV_HEADS * DIM];
    for (int t = 0; t < n; t++) {
        double x[EMBD], y[EMBD], q[EMBD], o[EMBD], gate[FF], up[FF];
        for (int i = 0; i < EMBD; i++) x[i] = find_weights("token_embd.weight")[ids[t] * EMBD + i];
        for (int l = 0; l < LAYERS; l++) {
            rms_norm(x, layer_weights(l, "attn_norm"), y);
            multiply(layer_weights(l, "attn_q"), EMBD, EMBD, y, q);
            multiply(layer_weights(l, "attn_k"), KV_HEADS * DIM, EMBD, y, ks[l][t]);
            multiply(layer_weights(l, "attn_v"), KV_HEADS * DIM, EMBD, y, vs[l][t]);
            rotate(q, HEADS, t);
            rotate(ks[l][t], KV_HEADS, t);
            for (int h = 0; h < HEADS; h++) {
                double p[64], sum = 0;
                int g = h / (HEADS / KV_HEADS) * DIM;
                for (int s = 0; s <= t; s++) {
                    p[s] = 0;
                    for (int i = 0; i < DIM; i++) p[s] += q[h * DIM + i] * ks[l][s][g + i];
                    sum += p[s] = exp(p[s] / 4);
                }
                for (int i = 0; i < DIM; i++) {
                    o[h * DIM + i] = 0;
                    for (int s = 0; s <= t; s++) o[h * DIM + i] += p[s] / sum * vs[l][s][g + i];
                }
            }
            multiply(layer_weights(l, "attn_output"), EMBD, EMBD, o, y);
            for (int i = 0; i < EMBD; i++) x[i] += y[i];
            rms_norm(x, layer_weights(l, "ffn_norm"), y);
            multiply(layer_weights(l, "ffn_gate"), FF, EMBD, y, gate);
            multiply(layer_weights(l, "ffn_up"), FF, EMBD, y, up);
            for (int i = 0; i < FF; i++) gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i];
            multiply(layer_weights(l, "ffn_down"), EMBD, FF, gate, y);
            for (int i = 0; i < EMBD; i++) x[i] += y[i];
        }
        rms_norm(x, find_weights("output_norm.weight"), y);
        multiply(find_weights("output.weight"), VOCAB, EMBD, y, logits + t * VOCAB);
    }
}

/* --- an allocator that counts, and fails when told to ---------------------------------------------------- */
typedef struct counter {
    long calls, live, fail_at; /* fail_at: the call that fails, -1: none */
    size_t live_bytes, peak_bytes;
    bool closed;               /* any call is an error */
    long calls_when_closed;
} counter;
static void *count_alloc(void *ctx, size_t size, size_t align) {
    counter *c = (counter *)ctx;
    void *p = NULL;
    if (c->closed) c->calls_when_closed++;
    if (c->calls++ == c->fail_at || c->closed) return NULL;
    if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size ? size : 1) != 0) return NULL;
    memset(p, 0xa5, size); /* nobody may rely on zeros */
    c->live++;
    c->live_bytes += size;
    if (c->live_bytes > c->peak_bytes) c->peak_bytes = c->live_bytes;
    return p;
}
static void count_free(void *ctx, void *ptr, size_t size) {
    counter *c = (counter *)ctx;
    c->live--;
    c->live_bytes -= size;
    free(ptr);
}
static hearth_allocator counting(counter *c) {
    hearth_allocator a = {count_alloc, count_free, c};
    memset(c, 0, sizeof *c);
    c->fail_at = -1;
    return a;
}

/* --- helpers --------------------------------------------------------------------------------------------- */
static hearth_error fresh(void) {
    hearth_error e;
    memset(&e, 0, sizeof e);
    e.offset = HEARTH_NO_OFFSET;
    return e;
}
static hearth_model *open_tiny(int mixed, int threads, uint32_t isa, hearth_parallel *parallel, void *ctx) {
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_model *m = NULL;
    hearth_error e = fresh();
    c.threads = threads, c.isa = isa, c.parallel = parallel, c.parallel_ctx = ctx;
    if (!T_EQ_I(hearth_model_open_memory(files[mixed].data, files[mixed].n, &c, &m, &e), HEARTH_OK))
        printf("    %s: %s\n", e.where, e.what);
    return m;
}
static hearth_session *open_session(hearth_model *m, int ctx, int batch, int kv, int rows) {
    hearth_session_config c = HEARTH_SESSION_CONFIG_INIT;
    hearth_session *s = NULL;
    hearth_error e = fresh();
    c.ctx_tokens = ctx, c.batch_tokens = batch, c.kv_type = kv, c.logits_rows = rows;
    if (!m) return NULL;
    if (!T_EQ_I(hearth_session_open(m, &c, &s, &e), HEARTH_OK)) printf("    %s: %s\n", e.where, e.what);
    return s;
}
static void close_both(hearth_session *s, hearth_model *m) {
    hearth_session_close(s);
    hearth_model_close(m);
}
enum { N_IDS = 40 };
static int32_t ids[N_IDS];
/* hash of all rows, fed `split` at a time */
static uint64_t hash_rows(hearth_session *s, size_t split) {
    uint64_t h = 0;
    hearth_error e = fresh();
    if (!s || hearth_rewind(s, 0) != HEARTH_OK) return 0;
    for (size_t i = 0; i < N_IDS; i += split) {
        size_t n = N_IDS - i < split ? N_IDS - i : split;
        if (!T_EQ_I(hearth_feed(s, ids + i, n, n, &e), HEARTH_OK)) return 0;
        for (size_t r = 0; r < n; r++) h = hearth_hash(hearth_logits(s, r), VOCAB, h);
    }
    return h;
}
typedef struct sink {
    char text[4096];
    size_t n;
    int pieces, stop_after, bad;
    int32_t tokens[300];
} sink;
static int on_piece(void *ctx, const hearth_piece *p) {
    sink *s = (sink *)ctx;
    if (s->n + p->n_text < sizeof s->text) memcpy(s->text + s->n, p->text, p->n_text), s->n += p->n_text;
    if (p->n_generated > 0 && p->n_generated <= 300) s->tokens[p->n_generated - 1] = p->token;
    s->bad += p->logprob > 0 || p->token < 0 || p->token >= VOCAB;
    s->pieces++;
    return s->stop_after && s->pieces >= s->stop_after;
}

/* --- the tests ------------------------------------------------------------------------------------------- */
T_TEST(version_and_names) {
    T_EQ_STR(hearth_version(), HEARTH_VERSION);
    for (int s = -20; s <= 5; s++) T_CHECK(hearth_status_name(s) != NULL && hearth_status_name(s)[0] != 0);
    T_CHECK(strcmp(hearth_status_name(HEARTH_E_FULL), hearth_status_name(HEARTH_E_IO)) != 0);
}
T_TEST(isa_words) {
    uint32_t bits = 5;
    hearth_error e = fresh();
    T_EQ_I(hearth_isa_parse("scalar", &bits, &e), HEARTH_OK), T_EQ_U(bits, HEARTH_ISA_SCALAR);
    T_EQ_I(hearth_isa_parse("all", &bits, &e), HEARTH_OK), T_EQ_U(bits, HEARTH_ISA_ALL);
    T_EQ_I(hearth_isa_parse("avx2", &bits, &e), HEARTH_OK), T_CHECK(bits != 0 && bits != HEARTH_ISA_ALL);
    T_EQ_I(hearth_isa_parse("avx2,nonsense", &bits, &e), HEARTH_E_ARG);
    T_CHECK(strstr(e.what, "nonsense") || strstr(e.where, "nonsense"));
}
T_TEST(equals_f64_forward_pass) {
    static double want[N_IDS * VOCAB];
    hearth_model *m = open_tiny(0, 1, HEARTH_ISA_ALL, NULL, NULL);
    hearth_session *s = open_session(m, 64, 0, HEARTH_KV_F32, N_IDS);
    T_NEED(s != NULL);
    hearth_error e = fresh();
    T_EQ_I(hearth_feed(s, ids, N_IDS, N_IDS, &e), HEARTH_OK);
    oracle_logits(ids, N_IDS, want);
    double worst = 0, largest = 0;
    for (int t = 0; t < N_IDS; t++)
        for (int i = 0; i < VOCAB; i++) {
            double d = fabs((double)hearth_logits(s, (size_t)t)[i] - want[t * VOCAB + i]);
            if (d > worst) worst = d;
            if (fabs(want[t * VOCAB + i]) > largest) largest = fabs(want[t * VOCAB + i]);
        }
    /* about 10 chains of at most 96 products a logit goes through, each off by at most 96 * 2^-24 of sums of terms that
     * are not much larger than the largest logit: 10 * 96 * 2^-24 = 6e-5 of it; in practice a tenth */
    T_CHECK(largest > 0.5), T_NEAR(worst, 0, 6e-5 * largest);
    close_both(s, m);
}
static void serial_backwards(void *ctx, int count, hearth_task *task, void *arg) {
    for (int i = count; i-- > 0;) task(arg, i, count);
    ++*(int *)ctx;
}
/* every batch size and split gives the golden hash */
static bool hashes_are(hearth_model *m, int kv, uint64_t golden) {
    bool same = true;
    for (int batch = 0; batch < 40; batch += 13) {
        hearth_session *s = open_session(m, 64, batch, kv, N_IDS);
        same &= T_EQ_U(hash_rows(s, 1), golden) && T_EQ_U(hash_rows(s, 7), golden) && T_EQ_U(hash_rows(s, N_IDS), golden);
        hearth_session_close(s);
    }
    return same;
}
T_TEST(one_answer) {
    static const uint64_t golden[2][2] = {{0x67f557a9c3412349, 0x9af269b169321e40}, /* [mixed][kv]; */
                                          {0x250fb36ee0a3f57a, 0xeb4b47a35e21f781}}; /* x86-64, gcc 12 */
    static const int threads[] = {1, 2, 3, 5};
    for (int i = 0; i < 2 * 2 * 4 * 2; i++) {
        int mixed = i & 1, kv = i >> 1 & 1, t = i >> 3, runs = 0;
        hearth_model *m = open_tiny(mixed, threads[t], i & 4 ? HEARTH_ISA_ALL : HEARTH_ISA_SCALAR,
                                    t == 3 ? serial_backwards : NULL, &runs);
        if (!hashes_are(m, kv, golden[mixed][kv])) printf("    mixed %d kv %d threads %d\n", mixed, kv, threads[t]);
        if (t == 3) T_CHECK(runs > 0);
        hearth_model_close(m);
    }
}
T_TEST(plan_is_exact) {
    for (int mixed = 0; mixed < 2; mixed++) {
        counter mc, sc;
        hearth_allocator ma = counting(&mc), sa = counting(&sc);
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        hearth_session_config k = HEARTH_SESSION_CONFIG_INIT;
        hearth_plan p, q;
        hearth_model *m = NULL;
        hearth_session *s = NULL;
        hearth_error e = fresh();
        c.allocator = &ma, c.threads = 2, k.allocator = &sa, k.ctx_tokens = 100, k.logits_rows = 3;
        T_EQ_I(hearth_model_plan_memory(files[mixed].data, files[mixed].n, &c, &p, &e), HEARTH_OK);
        T_EQ_I(mc.live, 0), T_EQ_U(p.file_bytes, files[mixed].n);
        T_EQ_U(p.total_bytes, p.index_bytes + p.tokenizer_bytes + p.weight_bytes + p.kv_bytes + p.work_bytes);
        T_EQ_I(hearth_model_open_memory(files[mixed].data, files[mixed].n, &c, &m, &e), HEARTH_OK);
        T_NEED(m != NULL);
        T_EQ_I(mc.live, 1), T_EQ_U(mc.live_bytes, p.total_bytes);
        T_EQ_I(hearth_session_plan(m, &k, &q, &e), HEARTH_OK);
        T_EQ_U(q.total_bytes, q.index_bytes + q.tokenizer_bytes + q.weight_bytes + q.kv_bytes + q.work_bytes);
        T_EQ_I(hearth_session_open(m, &k, &s, &e), HEARTH_OK), T_EQ_I(sc.live, 1);
        T_EQ_U(sc.live_bytes, q.total_bytes);
        hearth_session_close(s);
        k.budget_bytes = (size_t)q.total_bytes - 1;
        T_EQ_I(hearth_session_open(m, &k, &s, &e), HEARTH_E_MEMORY), T_CHECK(s == NULL);
        k.budget_bytes++;
        T_EQ_I(hearth_session_open(m, &k, &s, NULL), HEARTH_OK);
        close_both(s, m);
        c.budget_bytes = (size_t)p.total_bytes - 1;
        T_EQ_I(hearth_model_open_memory(files[mixed].data, files[mixed].n, &c, &m, NULL), HEARTH_E_MEMORY);
        T_CHECK(m == NULL), T_EQ_I(mc.live + sc.live, 0);
    }
}
T_TEST(callers_buffer) {
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_session_config k = HEARTH_SESSION_CONFIG_INIT;
    hearth_plan p, q;
    hearth_model *m = NULL;
    hearth_session *s = NULL;
    hearth_error e = fresh();
    c.threads = 2, k.ctx_tokens = 64, k.logits_rows = N_IDS;
    T_EQ_I(hearth_model_plan_memory(files[1].data, files[1].n, &c, &p, &e), HEARTH_OK);
    void *memory = aligned_alloc(64, ((size_t)p.total_bytes + 63) / 64 * 64);
    T_NEED(memory != NULL);
    c.memory = memory;
    c.memory_bytes = (size_t)p.total_bytes - 1;
    T_EQ_I(hearth_model_open_memory(files[1].data, files[1].n, &c, &m, &e), HEARTH_E_MEMORY);
    c.memory_bytes++;
    T_EQ_I(hearth_model_open_memory(files[1].data, files[1].n, &c, &m, &e), HEARTH_OK);
    T_NEED(m != NULL);
    T_EQ_I(hearth_session_plan(m, &k, &q, &e), HEARTH_OK);
    void *more = aligned_alloc(64, ((size_t)q.total_bytes + 63) / 64 * 64);
    T_NEED(more != NULL);
    k.memory = more, k.memory_bytes = (size_t)q.total_bytes - 1;
    T_EQ_I(hearth_session_open(m, &k, &s, &e), HEARTH_E_MEMORY);
    k.memory_bytes++;
    T_EQ_I(hearth_session_open(m, &k, &s, &e), HEARTH_OK);
    hearth_session *plain = open_session(m, 64, 0, HEARTH_KV_F32, N_IDS);
    T_EQ_U(hash_rows(s, 9), hash_rows(plain, 9));
    hearth_session_close(plain);
    close_both(s, m);
    free(more);
    free(memory);
}
T_TEST(every_allocation_fails_in_turn) {
    bool opened = false;
    for (long at = 0; at < 50 && !opened; at++) {
        counter mc;
        hearth_allocator ma = counting(&mc);
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        hearth_session_config k = HEARTH_SESSION_CONFIG_INIT;
        hearth_model *m = NULL;
        hearth_session *s = NULL;
        hearth_error e = fresh();
        c.allocator = &ma, k.allocator = &ma;
        mc.fail_at = at;
        hearth_status status = hearth_model_open_memory(files[1].data, files[1].n, &c, &m, &e);
        if (status == HEARTH_OK) status = hearth_session_open(m, &k, &s, &e);
        if (status == HEARTH_OK) opened = true;
        else {
            T_EQ_I(status, HEARTH_E_MEMORY), T_EQ_I(e.status, HEARTH_E_MEMORY);
            T_CHECK(e.what[0] != 0 && s == NULL);
        }
        close_both(s, m);
        T_EQ_I(mc.live, 0);
        if (opened) T_CHECK(at >= 2);
    }
    T_CHECK(opened);
}
T_TEST(nothing_allocates_after_open) {
    counter mc, sc;
    hearth_allocator ma = counting(&mc), sa = counting(&sc);
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_session_config k = HEARTH_SESSION_CONFIG_INIT;
    hearth_sampling g = HEARTH_SAMPLING_INIT;
    hearth_model *m = NULL;
    hearth_session *s = NULL;
    hearth_error e = fresh();
    static float row[EMBD];
    float lp[5];
    int32_t top[5];
    c.allocator = &ma, k.allocator = &sa, k.ctx_tokens = 64;
    T_EQ_I(hearth_model_open_memory(files[1].data, files[1].n, &c, &m, &e), HEARTH_OK);
    T_NEED(m != NULL);
    T_EQ_I(hearth_session_open(m, &k, &s, &e), HEARTH_OK);
    T_NEED(s != NULL);
    mc.closed = sc.closed = true;
    g.max_tokens = 20, g.repetition = 1.1f, g.typical = 0.9f;
    sink out = {.n = 0};
    T_EQ_I(hearth_generate(s, "the cat.", 8, &g, on_piece, &out, NULL, &e), HEARTH_OK), T_EQ_I(out.bad, 0);
    T_EQ_I(hearth_feed(s, ids, 5, 1, &e), HEARTH_OK), T_EQ_I(hearth_top(s, 0, 5, top, lp, &e), HEARTH_OK);
    T_EQ_I(hearth_sample(s, 0, &g, top, lp, &e), HEARTH_OK);
    hearth_embed(s, ids, 5, HEARTH_POOL_MEAN, 1, row, EMBD, &e);
    T_EQ_I(mc.calls_when_closed, 0), T_EQ_I(sc.calls_when_closed, 0);
    mc.closed = true; /* tokenizing takes scratch, and says so when there is none */
    size_t n;
    e = fresh();
    hearth_status status = hearth_tokenize(m, "the", 3, 0, top, 5, &n, &e);
    T_CHECK(status == HEARTH_E_MEMORY || (status == HEARTH_OK && mc.calls_when_closed == 0));
    close_both(s, m);
    T_EQ_I(mc.live + sc.live, 0);
}
T_TEST(model_says_what_it_is) {
    hearth_model_info i;
    hearth_model *m = open_tiny(0, 2, HEARTH_ISA_SCALAR, NULL, NULL);
    char text[64];
    T_NEED(m != NULL);
    hearth_model_get_info(m, &i);
    T_EQ_STR(i.architecture, "llama"), T_EQ_STR(i.name, "tiny \"quoted\"");
    T_CHECK(strstr(i.tokenizer, "llama") != NULL && i.isa != NULL);
    T_EQ_I(i.n_vocab, VOCAB), T_EQ_I(i.n_ctx_train, TRAINED), T_EQ_I(i.n_embd, EMBD), T_EQ_I(i.n_layer, LAYERS);
    T_EQ_I(i.n_head, HEADS), T_EQ_I(i.n_head_kv, KV_HEADS), T_EQ_I(i.n_expert, 0), T_EQ_I(i.bos, 1);
    T_EQ_I(i.eos, 2), T_EQ_I(i.is_encoder, 0), T_EQ_I(i.threads, 2), T_EQ_I(i.n_bad_kernels, 0);
    T_EQ_U(i.file_bytes, files[0].n);
    /* embeddings and head; per layer q and o, k and v, three FFN matrices, two norms; the last norm */
    T_EQ_U(i.n_params,
           2u * VOCAB * EMBD + LAYERS * (2 * EMBD * EMBD + 2 * EMBD * KV_HEADS * DIM + 3 * EMBD * FF + 2 * EMBD) +
                           EMBD);
    T_EQ_I(hearth_model_meta(m, "llama.block_count", text, sizeof text), HEARTH_OK), T_EQ_STR(text, "2");
    T_EQ_I(hearth_model_meta(m, "general.architecture", text, 4), HEARTH_E_FULL);
    T_EQ_I(hearth_model_meta(m, "no.such.key", text, sizeof text), HEARTH_E_ARG);
    hearth_model_close(m);
    hearth_model_close(NULL);
    hearth_session_close(NULL);
}
T_TEST(text_and_tokens) {
    hearth_model *m = open_tiny(0, 1, HEARTH_ISA_ALL, NULL, NULL);
    int32_t t[64];
    size_t n = 99;
    char out[64];
    hearth_error e = fresh();
    T_NEED(m != NULL);
    T_EQ_I(hearth_tokenize(m, "the", 3, HEARTH_TOK_SPECIAL, t, 64, &n, &e), HEARTH_OK);
    T_EQ_U(n, 2); /* <s>, and with the space prefix one token: "_t" + "he" */
    T_EQ_I(t[0], 1), T_EQ_I(t[1], 288);
    T_EQ_I(hearth_tokenize(m, "the", 3, 0, t, 64, &n, &e), HEARTH_OK), T_EQ_U(n, 1);
    T_EQ_I(hearth_tokenize(m, "\xe2\x82\xac", 3, 0, t, 64, &n, &e), HEARTH_OK); /* unknown: "_" and three bytes */
    T_EQ_U(n, 4), T_EQ_I(t[1], 3 + 0xe2);
    T_EQ_I(hearth_detokenize(m, t, n, 0, out, sizeof out, &n, &e), HEARTH_OK), T_EQ_U(n, 3);
    T_EQ_MEM(out, "\xe2\x82\xac", 3);
    T_EQ_I(hearth_tokenize(m, "a</s>b", 6, HEARTH_TOK_PARSE, t, 64, &n, &e), HEARTH_OK);
    bool control = false;
    for (size_t i = 0; i < n; i++) control |= t[i] == 2;
    T_CHECK(control), T_EQ_I(hearth_tokenize(m, "a</s>b", 6, 0, t, 64, &n, &e), HEARTH_OK);
    for (size_t i = 0; i < n; i++) T_CHECK(t[i] != 2);
    size_t need = n;
    T_EQ_I(hearth_tokenize(m, "a</s>b", 6, 0, t, 1, &n, &e), HEARTH_E_FULL), T_EQ_U(n, need);
    T_EQ_I(hearth_tokenize(m, "", 0, 0, t, 1, &n, NULL), HEARTH_OK), T_EQ_U(n, 0);
    T_EQ_I(hearth_tokenize(m, NULL, 3, 0, t, 1, &n, NULL), HEARTH_E_ARG);
    const int32_t bad[] = {5, VOCAB}, fine[] = {1, 288, 289};
    T_EQ_I(hearth_detokenize(m, bad, 2, 0, out, sizeof out, &n, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_detokenize(m, fine, 3, 0, out, 1, &n, NULL), HEARTH_E_FULL), T_EQ_U(n, 3);
    T_EQ_I(hearth_detokenize(m, fine, 3, HEARTH_TOK_SHOW, out, sizeof out, &n, NULL), HEARTH_OK);
    T_CHECK(n > 10 && memcmp(out + n - 7, "<|end|>", 7) == 0);
    const char *text = hearth_token_text(m, 2, &n);
    T_CHECK(text != NULL && n == 4 && memcmp(text, "</s>", 4) == 0);
    T_CHECK(hearth_token_text(m, VOCAB, &n) == NULL && hearth_token_text(m, -1, &n) == NULL);
    T_EQ_I(hearth_token_ends(m, 2), 1), T_EQ_I(hearth_token_ends(m, 288), 0), T_EQ_I(hearth_token_ends(m, -1), 0);
    hearth_model_close(m);
}
T_TEST(opening_refuses) {
    hearth_model *m = (hearth_model *)files;
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_plan p;
    hearth_error e = fresh();
    T_EQ_I(hearth_model_open("/no/such/file.gguf", NULL, &m, &e), HEARTH_E_IO);
    T_CHECK(m == NULL && e.status == HEARTH_E_IO && e.what[0] != 0);
    T_EQ_I(hearth_model_plan("/no/such/file.gguf", NULL, &p, NULL), HEARTH_E_IO);
    T_EQ_I(hearth_model_open(NULL, NULL, &m, NULL), HEARTH_E_ARG);
    T_EQ_I(hearth_model_open_memory(NULL, 5, NULL, &m, NULL), HEARTH_E_ARG);
    T_EQ_I(hearth_model_open_memory("GGUX....", 8, NULL, &m, NULL), HEARTH_E_FORMAT);
    T_EQ_I(hearth_model_open_memory(files[0].data, files[0].n - 64, NULL, &m, &e), HEARTH_E_FORMAT);
    T_EQ_I(hearth_model_plan_memory(files[0].data, 100, NULL, &p, NULL), HEARTH_E_FORMAT);
    c.struct_bytes = 3;
    T_EQ_I(hearth_model_open_memory(files[0].data, files[0].n, &c, &m, NULL), HEARTH_E_ARG);
    c.struct_bytes = sizeof c, c.threads = -1;
    T_EQ_I(hearth_model_open_memory(files[0].data, files[0].n, &c, &m, NULL), HEARTH_E_ARG), T_CHECK(m == NULL);
    c.threads = 1, c.flags = HEARTH_MODEL_VOCAB_ONLY;
    T_EQ_I(hearth_model_open_memory(files[0].data, files[0].n, &c, &m, NULL), HEARTH_OK);
    hearth_session *s = (hearth_session *)files;
    T_EQ_I(hearth_session_open(m, NULL, &s, NULL), HEARTH_E_STATE), T_CHECK(s == NULL);
    hearth_model_close(m);
}
T_TEST(file_and_memory_are_one) {
    const char *path = t_tmp("tiny.gguf");
    FILE *f = fopen(path, "wb");
    T_NEED(f != NULL);
    T_CHECK(fwrite(files[1].data, 1, files[1].n, f) == files[1].n);
    fclose(f);
    hearth_model *m = open_tiny(1, 2, HEARTH_ISA_ALL, NULL, NULL);
    hearth_session *s = open_session(m, 64, 0, HEARTH_KV_F32, N_IDS);
    uint64_t want = hash_rows(s, N_IDS);
    close_both(s, m);
    static const uint32_t flags[] = {0, HEARTH_MODEL_NO_MMAP, HEARTH_MODEL_GUARD, HEARTH_MODEL_NO_SELFCHECK};
    for (int i = 0; i < 4; i++) {
        hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
        hearth_error e = fresh();
        hearth_plan p;
        counter mc;
        hearth_allocator ma = counting(&mc);
        c.flags = flags[i], c.allocator = &ma;
        T_EQ_I(hearth_model_plan(path, &c, &p, &e), HEARTH_OK);
        if (!T_EQ_I(hearth_model_open(path, &c, &m, &e), HEARTH_OK)) continue;
        T_EQ_U(mc.live_bytes, p.total_bytes);
        if (flags[i] == HEARTH_MODEL_NO_MMAP) T_EQ_U(p.mapped_bytes, 0);
        s = open_session(m, 64, 0, HEARTH_KV_F32, N_IDS);
        T_EQ_U(hash_rows(s, N_IDS), want);
        close_both(s, m);
    }
}
T_TEST(feeding) {
    hearth_model *m = open_tiny(0, 1, HEARTH_ISA_ALL, NULL, NULL);
    hearth_session *s = open_session(m, 48, 16, HEARTH_KV_F32, 4);
    hearth_error e = fresh();
    const int32_t bad[] = {5, 6, VOCAB}, negative[] = {-1};
    T_NEED(s != NULL);
    T_EQ_I(hearth_context(s), 48), T_EQ_I(hearth_position(s), 0), T_CHECK(hearth_logits(s, 0) == NULL);
    T_EQ_I(hearth_feed(s, ids, 10, 2, &e), HEARTH_OK), T_EQ_I(hearth_position(s), 10);
    T_CHECK(hearth_logits(s, 0) && hearth_logits(s, 1) && !hearth_logits(s, 2));
    uint64_t last = hearth_hash(hearth_logits(s, 1), VOCAB, 0);
    T_EQ_I(hearth_feed(s, bad, 3, 1, &e), HEARTH_E_ARG), T_CHECK(strstr(e.what, "291") != NULL);
    T_EQ_I(hearth_feed(s, negative, 1, 1, NULL), HEARTH_E_ARG);
    T_EQ_I(hearth_feed(s, ids, 3, 4, NULL), HEARTH_E_ARG);  /* more rows than tokens */
    T_EQ_I(hearth_feed(s, ids, 10, 5, NULL), HEARTH_E_ARG); /* more rows than the session has */
    T_EQ_I(hearth_feed(s, NULL, 3, 0, NULL), HEARTH_E_ARG);
    e = fresh();
    T_EQ_I(hearth_feed(s, ids, 39, 1, &e), HEARTH_E_FULL), T_CHECK(strstr(e.what, "48") != NULL);
    T_EQ_I(hearth_position(s), 10), T_EQ_I(hearth_rewind(s, 11), HEARTH_E_ARG);
    T_EQ_I(hearth_rewind(s, -1), HEARTH_E_ARG), T_EQ_I(hearth_rewind(s, 4), HEARTH_OK), T_EQ_I(hearth_position(s), 4);
    T_EQ_I(hearth_feed(s, ids + 4, 6, 1, &e), HEARTH_OK); /* the same context again: the same bits */
    T_EQ_U(hearth_hash(hearth_logits(s, 0), VOCAB, 0), last), T_EQ_I(hearth_feed(s, ids, 38, 0, &e), HEARTH_OK);
    T_EQ_I(hearth_position(s), 48), T_CHECK(hearth_logits(s, 0) == NULL);
    T_EQ_I(hearth_feed(s, ids, 1, 1, &e), HEARTH_E_FULL);
    hearth_session_close(s);
    hearth_session_config k = HEARTH_SESSION_CONFIG_INIT;
    k.ctx_tokens = -1;
    T_EQ_I(hearth_session_open(m, &k, &s, NULL), HEARTH_E_ARG);
    k.ctx_tokens = 16, k.kv_type = 9;
    T_EQ_I(hearth_session_open(m, &k, &s, NULL), HEARTH_E_ARG);
    k.kv_type = 0, k.struct_bytes = 0;
    T_EQ_I(hearth_session_open(m, &k, &s, NULL), HEARTH_E_ARG), T_CHECK(s == NULL);
    hearth_model_close(m);
}
T_TEST(sampling) {
    hearth_model *m = open_tiny(0, 1, HEARTH_ISA_ALL, NULL, NULL);
    hearth_session *s = open_session(m, 64, 0, HEARTH_KV_F32, 4);
    hearth_sampling g = HEARTH_SAMPLING_GREEDY, p = HEARTH_SAMPLING_INIT;
    hearth_error e = fresh();
    int32_t top[3], token = -1, again = -1, other = -1;
    float lp[3], l = 1;
    T_NEED(s != NULL);
    T_EQ_I(hearth_sample(s, 0, &g, &token, &l, &e), HEARTH_E_STATE); /* nothing fed yet */
    T_EQ_I(hearth_feed(s, ids, 10, 4, &e), HEARTH_OK);
    for (size_t row = 0; row < 4; row++) {
        const float *x = hearth_logits(s, row);
        int32_t best = 0;
        double sum = 0;
        for (int32_t i = 1; i < VOCAB; i++) if (x[i] > x[best]) best = i;
        for (int32_t i = 0; i < VOCAB; i++) sum += exp((double)x[i] - x[best]);
        T_EQ_I(hearth_sample(s, row, &g, &token, &l, &e), HEARTH_OK), T_EQ_I(token, best);
        T_NEAR(l, -log(sum), 4e-6), T_EQ_I(hearth_top(s, row, 3, top, lp, &e), HEARTH_OK);
        T_EQ_I(top[0], best), T_CHECK(lp[0] == l && lp[0] >= lp[1] && lp[1] >= lp[2]);
    }
    p.temperature = 3, p.top_k = 0, p.top_p = 1, p.min_p = 0;
    int changed = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        p.seed = seed;
        T_EQ_I(hearth_sample(s, 3, &p, &token, NULL, &e), HEARTH_OK);
        T_EQ_I(hearth_sample(s, 3, &p, &again, NULL, &e), HEARTH_OK), T_EQ_I(token, again);
        changed += seed > 0 && token != other;
        other = token;
    }
    T_CHECK(changed > 5), T_EQ_I(hearth_sample(s, 4, &g, &token, NULL, &e), HEARTH_E_STATE);
    T_EQ_I(hearth_top(s, 4, 1, top, lp, NULL), HEARTH_E_STATE);
    T_EQ_I(hearth_top(s, 0, VOCAB + 1, top, lp, NULL), HEARTH_E_ARG);
    T_EQ_I(hearth_top(s, 0, 1, NULL, lp, NULL), HEARTH_E_ARG);
    T_EQ_I(hearth_sample(NULL, 0, &g, &token, NULL, NULL), HEARTH_E_ARG);
    T_EQ_I(hearth_sample(s, 0, &g, NULL, NULL, NULL), HEARTH_E_ARG);
    e = fresh();
    p.top_p = -1;
    T_EQ_I(hearth_sample(s, 0, &p, &token, NULL, &e), HEARTH_E_ARG), T_EQ_STR(e.where, "sampling.top_p");
    close_both(s, m);
}
T_TEST(generating) {
    hearth_model *m = open_tiny(0, 1, HEARTH_ISA_ALL, NULL, NULL);
    hearth_session *s = open_session(m, 64, 0, HEARTH_KV_F32, 1);
    hearth_sampling p = HEARTH_SAMPLING_INIT;
    hearth_result r;
    hearth_error e = fresh();
    static sink whole, part;
    T_NEED(s != NULL);
    p.ignore_end = 1, p.max_tokens = 24, p.seed = 3;
    memset(&whole, 0, sizeof whole);
    T_EQ_I(hearth_generate(s, "the", 3, &p, on_piece, &whole, &r, &e), HEARTH_OK), T_EQ_I(r.end, HEARTH_END_LIMIT);
    T_EQ_I(r.n_prompt, 2), T_EQ_I(r.n_generated, 24), T_EQ_I(hearth_position(s), 26), T_EQ_I(whole.bad, 0);
    T_CHECK(whole.pieces >= 24 && r.first_ns >= r.prompt_ns && r.prompt_ns > 0);
    /* in two goes, the second without a prompt: the same tokens */
    T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
    memset(&part, 0, sizeof part);
    p.max_tokens = 9;
    T_EQ_I(hearth_generate(s, "the", 3, &p, on_piece, &part, &r, &e), HEARTH_OK);
    T_EQ_MEM(part.tokens, whole.tokens, 9 * sizeof(int32_t));
    p.max_tokens = 15;
    memset(&part, 0, sizeof part);
    T_EQ_I(hearth_generate(s, NULL, 0, &p, on_piece, &part, &r, &e), HEARTH_OK), T_EQ_I(r.n_prompt, 0);
    T_EQ_MEM(part.tokens, whole.tokens + 9, 15 * sizeof(int32_t));
    /* by hand: feed and sample */
    T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
    const int32_t prompt[] = {1, 288};
    T_EQ_I(hearth_feed(s, prompt, 2, 1, &e), HEARTH_OK);
    for (int i = 0; i < 24; i++) {
        int32_t token = -1;
        T_EQ_I(hearth_sample(s, 0, &p, &token, NULL, &e), HEARTH_OK), T_EQ_I(token, whole.tokens[i]);
        T_EQ_I(hearth_feed(s, &token, 1, 1, &e), HEARTH_OK);
    }
    /* until the context is full */
    T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
    p.max_tokens = 0;
    memset(&part, 0, sizeof part);
    T_EQ_I(hearth_generate(s, "the", 3, &p, on_piece, &part, &r, &e), HEARTH_OK), T_EQ_I(r.end, HEARTH_END_CONTEXT);
    T_EQ_I(r.n_generated, 63); /* 62 fit; the last one is known, but cannot be fed */
    T_EQ_I(hearth_position(s), 64), T_EQ_I(hearth_generate(s, "the", 3, &p, on_piece, &part, &r, &e), HEARTH_E_FULL);
    T_EQ_I(hearth_position(s), 64);
    /* the callback ends it */
    T_EQ_I(hearth_rewind(s, 0), HEARTH_OK);
    memset(&part, 0, sizeof part);
    part.stop_after = 3;
    T_EQ_I(hearth_generate(s, "the", 3, &p, on_piece, &part, &r, &e), HEARTH_OK), T_EQ_I(r.end, HEARTH_END_CALLBACK);
    T_EQ_I(part.pieces, 3), T_EQ_I(r.n_generated, 3);
    close_both(s, m);
}
/* a new text after "x": how it ended */
static int generate_again(hearth_session *s, const hearth_sampling *g, sink *out, hearth_result *r) {
    memset(out, 0, sizeof *out);
    T_EQ_I(hearth_rewind(s, 0), HEARTH_OK), T_EQ_I(hearth_generate(s, "x", 1, g, on_piece, out, r, NULL), HEARTH_OK);
    return r->end;
}
T_TEST(ends_of_text) {
    hearth_model *m = open_tiny(0, 1, HEARTH_ISA_ALL, NULL, NULL);
    hearth_session *s = open_session(m, 64, 0, HEARTH_KV_F32, 1);
    hearth_sampling g = HEARTH_SAMPLING_GREEDY;
    hearth_result r;
    hearth_error e = fresh();
    static sink out;
    T_NEED(s != NULL);
    /* a bias writes the script: always "a" (259), then "b" (260), then the end token */
    hearth_bias bias[] = {{259, 1000}, {2, -1e6f}};
    g.bias = bias, g.n_bias = 2, g.max_tokens = 6;
    T_EQ_I(generate_again(s, &g, &out, &r), HEARTH_END_LIMIT), T_EQ_U(out.n, 6), T_EQ_MEM(out.text, "aaaaaa", 6);
    static const char *const stop[] = {"aaab", "aaaa"};
    g.stop = stop, g.n_stop = 2;
    T_EQ_I(generate_again(s, &g, &out, &r), HEARTH_END_STOP), T_EQ_I(r.n_generated, 4), T_EQ_U(out.n, 0);
    g.max_tokens = 3; /* undecided at the end: handed out */
    T_EQ_I(generate_again(s, &g, &out, &r), HEARTH_END_LIMIT), T_EQ_U(out.n, 3);
    bias[1].bias = 2000; /* the end token at once */
    T_EQ_I(generate_again(s, &g, &out, &r), HEARTH_END_TOKEN), T_EQ_I(r.n_generated, 0), T_EQ_U(out.n, 0);
    g.ignore_end = 1;
    T_EQ_I(generate_again(s, &g, &out, &r), HEARTH_END_LIMIT), T_EQ_I(r.n_generated, 3);
    /* half a character at the end becomes U+FFFD */
    bias[0].token = 3 + 0xe2, bias[0].bias = 5000, g.max_tokens = 1;
    T_EQ_I(generate_again(s, &g, &out, &r), HEARTH_END_LIMIT), T_EQ_U(out.n, 3);
    T_EQ_MEM(out.text, "\xef\xbf\xbd", 3);
    /* arguments */
    e = fresh();
    T_EQ_I(hearth_generate(s, NULL, 3, &g, NULL, NULL, NULL, &e), HEARTH_E_ARG);
    T_EQ_I(hearth_generate(NULL, "x", 1, &g, NULL, NULL, NULL, NULL), HEARTH_E_ARG);
    g.n_stop = 17;
    T_EQ_I(hearth_generate(s, "x", 1, &g, NULL, NULL, NULL, &e), HEARTH_E_ARG);
    close_both(s, m);
}
static void *cancel_soon(void *arg) {
    usleep(3000);
    hearth_cancel((hearth_session *)arg);
    return NULL;
}
static int cancel_at_third(void *ctx, const hearth_piece *p) {
    if (p->n_generated == 3) hearth_cancel((hearth_session *)ctx);
    return 0;
}
T_TEST(cancelling) {
    hearth_model *m = open_tiny(0, 2, HEARTH_ISA_SCALAR, NULL, NULL);
    hearth_session *s = open_session(m, 4096, 0, HEARTH_KV_F32, 1);
    hearth_error e = fresh();
    static int32_t many[4000];
    T_NEED(s != NULL);
    for (int i = 0; i < 4000; i++) many[i] = 3 + i % 200;
    hearth_cancel(s);
    T_EQ_I(hearth_feed(s, ids, 5, 1, &e), HEARTH_E_CANCELLED), T_EQ_I(hearth_position(s), 0);
    T_EQ_I(hearth_generate(s, "the", 3, NULL, NULL, NULL, NULL, NULL), HEARTH_E_CANCELLED);
    hearth_cancel_clear(s);
    T_EQ_I(hearth_feed(s, ids, 5, 1, &e), HEARTH_OK);
    hearth_result r;
    T_EQ_I(hearth_generate(s, "the", 3, NULL, cancel_at_third, s, &r, &e), HEARTH_E_CANCELLED);
    T_EQ_I(r.n_generated, 3), T_EQ_I(r.end, 0), T_EQ_I(hearth_position(s), 5); /* as before the call */
    hearth_cancel_clear(s);
    hearth_status status = HEARTH_OK;
    pthread_t t;
    T_NEED(pthread_create(&t, NULL, cancel_soon, s) == 0);
    for (int tries = 0; tries < 1000 && status == HEARTH_OK; tries++) {
        hearth_rewind(s, 5);
        status = hearth_feed(s, many, 4000, 1, &e);
    }
    pthread_join(t, NULL);
    T_EQ_I(status, HEARTH_E_CANCELLED), T_EQ_I(hearth_position(s), 5);
    hearth_cancel_clear(s);
    T_EQ_I(hearth_feed(s, ids + 5, 5, 1, &e), HEARTH_OK);
    hearth_session *fresh_one = open_session(m, 64, 0, HEARTH_KV_F32, 1); /* nothing of the cancelled part is left */
    T_EQ_I(hearth_feed(fresh_one, ids, 10, 1, &e), HEARTH_OK);
    T_EQ_U(hearth_hash(hearth_logits(s, 0), VOCAB, 0), hearth_hash(hearth_logits(fresh_one, 0), VOCAB, 0));
    hearth_session_close(fresh_one);
    close_both(s, m);
}
typedef struct worker {
    hearth_model *model;
    uint64_t hash;
} worker;
static void *hash_often(void *arg) {
    worker *w = (worker *)arg;
    hearth_session_config k = HEARTH_SESSION_CONFIG_INIT;
    hearth_session *s = NULL;
    k.ctx_tokens = 64, k.logits_rows = N_IDS;
    if (hearth_session_open(w->model, &k, &s, NULL) != HEARTH_OK) return NULL;
    for (int i = 0; i < 5; i++) {
        uint64_t h = hash_rows(s, (size_t)i * 8 + 1);
        if (i > 0 && h != w->hash) h = 1;
        w->hash = h;
    }
    hearth_session_close(s);
    return NULL;
}
T_TEST(sessions_at_the_same_time) {
    hearth_model *m = open_tiny(1, 2, HEARTH_ISA_ALL, NULL, NULL);
    hearth_session *s = open_session(m, 64, 0, HEARTH_KV_F32, N_IDS);
    uint64_t want = hash_rows(s, N_IDS);
    pthread_t t[4];
    worker w[4];
    for (int i = 0; i < 4; i++) {
        w[i].model = m, w[i].hash = 0;
        T_CHECK(pthread_create(&t[i], NULL, hash_often, &w[i]) == 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        T_EQ_U(w[i].hash, want);
    }
    close_both(s, m);
}
T_TEST(hashing) {
    static const float a[] = {1, 2, 3}, b[] = {1, 2, -3}, zeros[] = {0.0f}, minus[] = {-0.0f};
    T_CHECK(hearth_hash(a, 3, 0) == hearth_hash(a, 3, 0)), T_CHECK(hearth_hash(a, 3, 0) != hearth_hash(b, 3, 0));
    T_CHECK(hearth_hash(a, 3, 0) != hearth_hash(a, 3, 1));
    T_CHECK(hearth_hash(zeros, 1, 0) != hearth_hash(minus, 1, 0)); /* bits, not values */
}
static void on_kernel(void *ctx, const char *name, int ok) {
    int *n = (int *)ctx;
    n[0]++;
    n[1] += !ok || !name || !name[0];
}
T_TEST(selfcheck) {
    int n[2] = {0, 0};
    hearth_error e = fresh();
    T_EQ_I(hearth_selfcheck(HEARTH_ISA_ALL, on_kernel, n, &e), HEARTH_OK), T_CHECK(n[0] > 0);
    T_EQ_I(n[1], 0), T_EQ_I(hearth_selfcheck(HEARTH_ISA_SCALAR, NULL, NULL, NULL), HEARTH_OK);
}
T_TEST(embedding_refuses) {
    hearth_model *m = open_tiny(0, 1, HEARTH_ISA_ALL, NULL, NULL);
    hearth_session *s = open_session(m, 64, 0, HEARTH_KV_F32, 1);
    float out[EMBD];
    const int32_t bad[] = {VOCAB};
    T_NEED(s != NULL);
    T_CHECK(hearth_embed(s, ids, 5, HEARTH_POOL_MEAN, 1, out, EMBD - 1, NULL) != HEARTH_OK);
    T_EQ_I(hearth_embed(s, bad, 1, HEARTH_POOL_MEAN, 1, out, EMBD, NULL), HEARTH_E_ARG);
    T_EQ_I(hearth_embed(s, ids, 5, 77, 1, out, EMBD, NULL), HEARTH_E_ARG), T_EQ_I(hearth_position(s), 0);
    close_both(s, m);
}
/* the ten lines at the head of hearth.h, on a real model where there is one */
T_TEST(the_known_story) {
    const char *path = t_data("models/stories260K.gguf");
    if (!path) T_SKIP("no models/stories260K.gguf");
    static sink out;
    hearth_model *model = NULL;
    hearth_session *session = NULL;
    hearth_error err = fresh();
    hearth_sampling greedy = HEARTH_SAMPLING_GREEDY;
    greedy.max_tokens = 50;
    T_EQ_I(hearth_model_open(path, NULL, &model, &err), HEARTH_OK);
    T_EQ_I(hearth_session_open(model, NULL, &session, &err), HEARTH_OK);
    T_EQ_I(hearth_generate(session, "", 0, &greedy, on_piece, &out, NULL, &err), HEARTH_OK);
    const char *want = "Once upon a time, there was a little girl named Lily.";
    if (!T_CHECK(out.n > strlen(want) && memcmp(out.text, want, strlen(want)) == 0))
        printf("    '%.*s'\n", (int)out.n, out.text);
    hearth_session_close(session);
    hearth_model_close(model);
}

int main(int argc, char **argv) {
    static const t_entry list[] = {
        T_RUN(version_and_names), T_RUN(isa_words), T_RUN(equals_f64_forward_pass), T_RUN(one_answer),
        T_RUN(plan_is_exact), T_RUN(callers_buffer), T_RUN(every_allocation_fails_in_turn),
        T_RUN(nothing_allocates_after_open), T_RUN(model_says_what_it_is), T_RUN(text_and_tokens),
            T_RUN(opening_refuses),
        T_RUN(file_and_memory_are_one), T_RUN(feeding), T_RUN(sampling), T_RUN(generating), T_RUN(ends_of_text),
        T_RUN(cancelling), T_RUN(sessions_at_the_same_time), T_RUN(hashing), T_RUN(selfcheck), T_RUN(embedding_refuses),
        T_RUN(the_known_story)};
    write_model(&files[0], 0);
    write_model(&files[1], 1);
    ids[0] = 1;
    for (int i = 1; i < N_IDS; i++) ids[i] = 3 + (i * 37) % (VOCAB - 3);
    return t_main(__FILE__, list, sizeof list / sizeof list[0], argc, argv);
}
