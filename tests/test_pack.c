/* test_pack.c: files of packs, as `hearth pack` writes them: the same logits, bit for bit, by every way of opening and with
 * every instruction set; used in place; restored byte for byte; refused where they are wrong. Expected values: the file
 * that was packed, and the layout's definition in quant/formats.h. */
#include "tests/t.h"
#include "tests/model_file.h"
#include "tests/test_logits.h"
#include "engine/load.h"
#include <sys/wait.h>

static char said[1 << 16];

/* runs a shell line in which "hearth" stands for the command of this build */
__attribute__((format(printf, 1, 2))) static int run(const char *fmt, ...) {
    char line[3000], full[4000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    snprintf(full, sizeof full, "hearth() { %s \"$@\"; }; { %s\n} 2>&1", t_hearth(), line);
    FILE *p = popen(full, "r");
    size_t n = p ? fread(said, 1, sizeof said - 1, p) : 0;
    said[n] = 0;
    int s = p ? pclose(p) : -1;
    return WIFEXITED(s) ? WEXITSTATUS(s) : 128;
}
static bool exists(const char *path) { return access(path, F_OK) == 0; }
static bool same_files(const char *a, const char *b) {
    size_t n = 0, m = 0;
    char *x = (char *)logits_slurp(a, &n), *y = (char *)logits_slurp(b, &m);
    bool same = x && y && n == m && memcmp(x, y, n) == 0;
    free(x), free(y);
    return same;
}
static const char *save(gw *w, const char *name) {
    const char *path = t_tmp(name);
    T_CHECK(gw_save(w, path));
    gw_free(w);
    return path;
}

/* --- models --------------------------------------------------------------------------------------------------------- */
enum { PLAIN, TIED, EXPERTS, MODELS };
/* rows that are no multiple of 16 (the vocabulary has 40, experts 8), several formats, halves among them */
static void small_model(mf *f, int kind) {
    mf_llama(f, "llama");
    mf_find_tensor(f, "blk.0.attn_q.weight")->type = HR_TYPE_Q4_0;
    mf_find_tensor(f, "blk.1.attn_k.weight")->type = HR_TYPE_Q8_0;
    mf_find_tensor(f, "blk.1.ffn_up.weight")->type = HR_TYPE_F16;
    mf_find_tensor(f, "blk.0.ffn_gate.weight")->type = HR_TYPE_MXFP4;
    mf_find_tensor(f, "token_embd.weight")->type = kind == TIED ? HR_TYPE_Q5_1 : HR_TYPE_BF16;
    if (kind == TIED) mf_drop_tensor(f, "output.weight");
    if (kind != EXPERTS) return;
    mf_arch_u32(f, "llama", "expert_count", 4);
    mf_arch_u32(f, "llama", "expert_used_count", 2);
    mf_drop_layers(f, "ffn_gate.weight"), mf_drop_layers(f, "ffn_up.weight"), mf_drop_layers(f, "ffn_down.weight");
    for (int i = 0; i < MF_LAYERS; i++) {
        mf_layer_tensor(f, i, "ffn_gate_inp.weight", MF_D, 4, 0);
        mf_layer_tensor(f, i, "ffn_gate_exps.weight", MF_D, MF_FF, 4);
        mf_layer_tensor(f, i, "ffn_up_exps.weight", MF_D, MF_FF, 4);
        mf_layer_tensor(f, i, "ffn_down_exps.weight", MF_FF, MF_D, 4);
    }
}
/* mf_write's bytes are F32 values; other formats get small scales and any quants, so that no logit is infinite */
static void tame_weights(gw *w) {
    static hr_gguf g;
    static uint8_t room[1 << 18];
    const hr_gguf_source source = {.data = w->p, .size = w->n};
    hr_arena arena;
    uint32_t seed = 7;
    hr_arena_init(&arena, room, sizeof room);
    T_NEED(hr_gguf_open(&g, &source, NULL) == HR_OK && hr_gguf_index(&g, &arena, NULL) == HR_OK);
    for (uint32_t i = 0; i < g.n_tensors; i++) {
        const hr_gguf_tensor *t = &g.tensors[i];
        const hr_format_info *f = hr_format_of(t->type);
        uint8_t *p = w->p + t->offset, *end = p + t->bytes;
        while (t->type != HR_TYPE_F32 && p < end) {
            for (size_t k = 0; k < f->n_fields; p += f->field[k++].bytes) {
                for (size_t b = 0; b < f->field[k].bytes; b++) p[b] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
                if (f->field[k].unit == 2) p[1] = (uint8_t)((p[1] & 0x80) | (t->type == HR_TYPE_BF16 ? 0x3c : 0x24));
                if (f->field[k].unit == 1) p[0] = 120; /* MXFP4: 2^(120 - 128) */
            }
        }
    }
    hr_gguf_close(&g);
}
static const char *write_model(int kind, const char *name) {
    static mf f;
    small_model(&f, kind);
    gw w = mf_write(&f);
    tame_weights(&w);
    return save(&w, name);
}

/* hash of all logits of a few tokens; 0 when something fails */
static uint64_t hash_session(hearth_model *m) {
    static const int32_t ids[] = {1, 5, 9, 39, 12, 31, 3, 17};
    hearth_session_config c = HEARTH_SESSION_CONFIG_INIT;
    hearth_session *s = NULL;
    hearth_error e;
    hearth_model_info info;
    uint64_t h = 0;
    memset(&e, 0, sizeof e);
    hearth_model_get_info(m, &info);
    c.ctx_tokens = 32;
    c.logits_rows = 8;
    if (!T_CHECK(hearth_session_open(m, &c, &s, &e) == HEARTH_OK)) return 0;
    if (T_CHECK(hearth_feed(s, ids, 8, 8, &e) == HEARTH_OK)) {
        h = 1;
        for (size_t r = 0; r < 8; r++)
            h = hr_hash64(hearth_logits(s, r), (size_t)info.n_vocab * sizeof(float), h);
    }
    hearth_session_close(s);
    return h;
}
static uint64_t hash_path(const char *path, uint32_t flags, uint32_t isa, int threads) {
    hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
    hearth_model *m = NULL;
    hearth_error e;
    memset(&e, 0, sizeof e);
    c.flags = flags;
    c.isa = isa;
    c.threads = threads;
    if (!T_CHECK(hearth_model_open(path, &c, &m, &e) == HEARTH_OK)) return printf("    %s: %s\n", e.where, e.what), 0;
    uint64_t h = hash_session(m);
    hearth_model_close(m);
    return h;
}

/* --- the same model ------------------------------------------------------------------------------------------------- */
T_TEST(same_logits_by_every_way) {
    static const uint32_t flags[] = {0, HEARTH_MODEL_NO_MMAP, HEARTH_MODEL_GUARD};
    for (int kind = 0; kind < MODELS; kind++) {
        const char *in = strdup(write_model(kind, "in.gguf")), *out = strdup(t_tmp("out.gguf"));
        if (!T_CHECK(run("hearth pack %s %s", in, out) == 0)) printf("    %s\n", said);
        const uint64_t want = hash_path(in, 0, HEARTH_ISA_SCALAR, 1);
        T_CHECK(want != 0);
        for (size_t i = 0; i < HR_COUNT(flags); i++) {
            T_CHECK(hash_path(out, flags[i], HEARTH_ISA_ALL, 2) == want);
            T_CHECK(hash_path(out, flags[i], HEARTH_ISA_SCALAR, 3) == want);
        }
        for (uint32_t bit = 1; bit && bit < HEARTH_ISA_ALL; bit <<= 1) T_CHECK(hash_path(out, 0, bit * 2 - 1, 1) == want);
        size_t n = 0;
        char *data = (char *)logits_slurp(out, &n), *room = (char *)aligned_alloc(64, n / 64 * 64 + 256);
        for (size_t shift = 0; data && shift < 128; shift += 31) { /* the caller's memory, aligned or not */
            hearth_model_config c = HEARTH_MODEL_CONFIG_INIT;
            hearth_model *m = NULL;
            hearth_error e;
            memcpy(room + shift, data, n);
            if (!T_CHECK(hearth_model_open_memory(room + shift, n, &c, &m, &e) == HEARTH_OK)) continue;
            T_CHECK(hash_session(m) == want);
            hearth_model_close(m);
        }
        free(data), free(room), free((void *)in), free((void *)out);
    }
}

/* Every architecture and format that the data has: hashes of the command itself. */
T_TEST(models_at_hand) {
    static const char *const names[] = {"models/stories260K.gguf", "models/stories260K-Q6_K.gguf",
                                        "models/bitstories-3M-Q4_K_M.gguf",
                                        "models/bitstories-3M-Q8_0.gguf"};
    int done = 0;
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        const char *in = t_data(names[i]);
        if (!in) continue;
        char want[64];
        const char *out = t_tmp("hand.gguf");
        T_NEED(run("echo Once upon a time > %s.txt && hearth logits %s -f %s.txt -o %s.bin", out, in, out, out) == 0);
        snprintf(want, sizeof want, "%.30s", said);
        T_NEED(strncmp(want, "hash ", 5) == 0);
        T_CHECK(run("hearth pack %s %s", in, out) == 0);
        for (int way = 0; way < 3; way++) {
            T_CHECK(run("hearth logits %s -f %s.txt -o %s.bin %s", out, out, out,
                        way == 0 ? "" : way == 1 ? "--isa scalar" : "--no-mmap") == 0);
            T_CHECK(strncmp(said, want, 21) == 0); /* "hash " and 16 digits */
        }
        T_CHECK(run("hearth pack --unpack %s %s.back", out, out) == 0 && strstr(said, "byte for byte"));
        char back[400];
        snprintf(back, sizeof back, "%s.back", out);
        T_CHECK(same_files(back, in));
        done++;
    }
    if (!done) T_SKIP("no models");
}

/* --- in place --------------------------------------------------------------------------------------------------------- */
static bool lies_in_map(const hr_model *m, const hr_matrix *a) {
    const hr_file *f = &m->gguf.shards[0].file;
    return a->data >= f->map && a->data < f->map + f->size;
}
T_TEST(used_in_place) {
    for (int kind = PLAIN; kind <= TIED; kind++) {
        const char *in = write_model(kind, "place.gguf"), *out = t_tmp("placed.gguf");
        hr_model *m = NULL;
        hearth_plan plan;
        hr_error e;
        const hr_model_source source = {.path = out};
        T_NEED(run("hearth pack %s %s", in, out) == 0);
        hr_error_clear(&e);
        T_NEED(hr_model_load(&source, NULL, &plan, &m, &e) == HR_OK);
        T_CHECK(m->memory_bytes == plan.total_bytes && plan.mapped_bytes == plan.file_bytes);
        T_CHECK(lies_in_map(m, &m->token_embd) && m->token_embd.nr == 16);
        const hr_matrix *mats[] = {&m->layers[0].q, &m->layers[1].k, &m->layers[1].up, &m->layers[0].gate, &m->output};
        for (size_t i = 0; i < HR_COUNT(mats); i++) {
            const bool packs = m->kernels.chosen[mats[i]->op]->nr == HR_PACK_ROWS;
            T_CHECK(lies_in_map(m, mats[i]) == packs && mats[i]->nr == (packs ? 16 : 1));
            if (packs) T_CHECK(((uintptr_t)mats[i]->data & 63) == 0);
        }
        if (kind == TIED && m->output.nr == 16) T_CHECK(m->output.data == m->token_embd.data);
        hr_model_free(m);
    }
}

/* Byte by byte by the definition: F32 is pack[group][k][16], rows beyond the last are zeros; 3-D tensors matrix by matrix. */
static void check_f32_pack(const hr_gguf *a, const hr_gguf *b, const char *name) {
    const hr_gguf_tensor *t = hr_gguf_tensor_find(a, name), *p = hr_gguf_tensor_find(b, name);
    T_NEED(t && p && t->type == HR_TYPE_F32 && p->type == 0x10000);
    const size_t k = t->dims[0], rows = t->dims[1], padded = (rows + 15) / 16 * 16;
    T_EQ_U(p->bytes, (uint64_t)padded * k * t->dims[2] * 4);
    T_EQ_U(p->offset % 4096, 0);
    const uint8_t *x = hr_gguf_tensor_data(a, t), *y = hr_gguf_tensor_data(b, p);
    for (size_t e = 0; e < t->dims[2]; e++)
        for (size_t r = 0; r < padded; r++)
            for (size_t i = 0; i < k; i++) {
                const uint8_t *at = y + 4 * (e * padded * k + (r / 16 * k + i) * 16 + r % 16);
                const uint8_t zero[4] = {0, 0, 0, 0};
                if (!T_EQ_MEM(at, r < rows ? x + 4 * ((e * rows + r) * k + i) : zero, 4)) return;
            }
}
T_TEST(layout_in_the_file) {
    const char *paths[2] = {write_model(EXPERTS, "lay.gguf"), t_tmp("laid.gguf")};
    static hr_gguf g[2];
    static uint8_t room[2][1 << 20];
    hr_arena arena;
    hr_error e;
    hr_error_clear(&e);
    T_NEED(run("hearth pack %s %s", paths[0], paths[1]) == 0);
    for (int i = 0; i < 2; i++) {
        const hr_gguf_source source = {.path = paths[i], .want_map = true};
        T_NEED(hr_gguf_open(&g[i], &source, &e) == HR_OK);
        hr_arena_init(&arena, room[i], sizeof room[i]);
        T_NEED(hr_gguf_index(&g[i], &arena, &e) == HR_OK && hr_gguf_check_data(&g[i], &e) == HR_OK);
    }
    check_f32_pack(&g[0], &g[1], "output.weight");
    check_f32_pack(&g[0], &g[1], "blk.0.ffn_gate_inp.weight");
    check_f32_pack(&g[0], &g[1], "blk.1.ffn_down_exps.weight");
    T_EQ_U(hr_gguf_tensor_find(&g[1], "blk.1.attn_norm.weight")->type, HR_TYPE_F32); /* vectors stay */
    uint64_t last = 0; /* matrices in the order of execution */
    static const char *const order[] = {"token_embd.weight", "blk.0.attn_q.weight", "blk.0.attn_output.weight",
                                        "blk.0.ffn_gate_inp.weight", "blk.0.ffn_down_exps.weight", "blk.1.attn_q.weight",
                                        "blk.1.ffn_up_exps.weight", "output.weight"};
    for (size_t i = 0; i < HR_COUNT(order); i++) {
        const uint64_t at = hr_gguf_tensor_find(&g[1], order[i])->offset;
        T_CHECK(at > last);
        last = at;
    }
    hr_gguf_close(&g[0]), hr_gguf_close(&g[1]);
}

/* --- back -------------------------------------------------------------------------------------------------------------- */
T_TEST(restored_byte_for_byte) {
    for (int kind = 0; kind < 2 * MODELS; kind++) {
        static mf f;
        small_model(&f, kind % MODELS);
        if (kind >= MODELS) mf_u32(&f, "general.alignment", 32); /* a key that packing replaces */
        gw w = mf_write(&f);
        const char *in = save(&w, "there.gguf"), *out = t_tmp("packed.gguf"), *back = t_tmp("back.gguf");
        T_CHECK(run("hearth pack --json %s %s", in, out) == 0 && strstr(said, "\"packed\""));
        T_CHECK(run("hearth pack --unpack --json %s %s", out, back) == 0 && strstr(said, "\"proved_equal\": true"));
        T_CHECK(same_files(in, back));
        T_CHECK(!same_files(in, out));
        T_CHECK(run("hearth pack --unpack --no-mmap %s %s", out, back) == 0 && same_files(in, back));
    }
}
static void flip_byte(const char *path, long at) {
    FILE *f = fopen(path, "r+b");
    T_NEED(f);
    T_CHECK(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET) == 0);
    const int c = fgetc(f);
    T_CHECK(fseek(f, -1, SEEK_CUR) == 0 && fputc(c ^ 1, f) != EOF);
    fclose(f);
}
T_TEST(damage_is_seen) {
    const char *in = write_model(PLAIN, "d.gguf"), *out = t_tmp("dp.gguf"), *back = t_tmp("dback.gguf");
    T_NEED(run("hearth pack %s %s", in, out) == 0);
    flip_byte(out, -4096); /* output.weight: 48 rows of 32, the last 8 padding */
    T_CHECK(run("hearth pack --unpack %s %s", out, back) == 1 && strstr(said, "damaged"));
    T_CHECK(!exists(back));
    T_CHECK(run("hearth pack %s %s", out, back) == 1 && strstr(said, "packed already") && !exists(back));
    T_CHECK(run("hearth pack --unpack %s %s", in, back) == 1 && strstr(said, "not a packed file") && !exists(back));
    T_CHECK(run("hearth pack %s %s", in, in) == 1 && exists(in));
    T_CHECK(run("hearth pack %s", in) == 2);
    T_CHECK(run("hearth pack %s.no %s", in, back) == 1 && !exists(back));
    T_CHECK(run("hearth pack %s %s/no/x", in, in) == 1);
}

/* --- refusals ---------------------------------------------------------------------------------------------------------- */
/* a packed model made by hand: `geometry` NULL leaves the key away; type of output_norm and of output */
static hr_status open_made(const char *geometry, uint32_t norm, uint32_t output, hearth_error *e) {
    static mf f;
    mf_llama(&f, "llama");
    if (geometry) mf_str(&f, "hearth.pack.geometry", geometry);
    mf_find_tensor(&f, "output_norm.weight")->type = norm;
    mf_tensor *t = mf_find_tensor(&f, "output.weight");
    t->dims[1] = 48; /* room for the padding that mf_write does not know; then it is 40 again */
    t->type = output;
    gw w = mf_write(&f);
    hearth_model *m = NULL;
    for (size_t i = 0; i + 40 < w.n; i++) {
        if (i > 7 && w.p[i - 8] == 13 && memcmp(w.p + i, "output.weight", 13) == 0) w.p[i + 13 + 4 + 8] = MF_VOCAB;
    }
    memset(e, 0, sizeof *e);
    hr_status s = hearth_model_open_memory(w.p, w.n, NULL, &m, e);
    if (s == HR_OK) T_CHECK(hash_session(m) != 0);
    hearth_model_close(m);
    gw_free(&w);
    return s;
}
T_TEST(wrong_files_are_refused) {
    hearth_error e;
    T_EQ_I(open_made("r16k4", HR_TYPE_F32, 0x10000, &e), HEARTH_OK);
    T_EQ_I(open_made(NULL, HR_TYPE_F32, 0x10000, &e), HEARTH_E_FORMAT);
    T_CHECK(strstr(e.where, "hearth.pack.geometry") != NULL);
    T_EQ_I(open_made("r8k8", HR_TYPE_F32, 0x10000, &e), HEARTH_E_UNSUPPORTED);
    T_CHECK(strstr(e.what, "r8k8") != NULL);
    T_EQ_I(open_made("r16k4", HR_TYPE_F32, 0x10000 + 9, &e), HEARTH_E_FORMAT); /* Q8_1 is not run, so not packed */
    T_CHECK(strstr(e.what, "65545") != NULL);
    T_EQ_I(open_made("r16k4", HR_TYPE_F32, 0x20000, &e), HEARTH_E_FORMAT);
}
/* A vector is read as rows: packs there are refused. Its one row takes 16 in the file. */
T_TEST(packed_vectors_are_refused) {
    static mf f;
    mf_llama(&f, "llama");
    mf_str(&f, "hearth.pack.geometry", "r16k4");
    mf_tensor_add(&f, "output_norm.weight", 0x10000, 16 * MF_D, 0, 0);
    gw w = mf_write(&f);
    hearth_model *m = NULL;
    hearth_error e;
    memset(&e, 0, sizeof e);
    for (size_t i = 0; i + 40 < w.n; i++) {
        if (memcmp(w.p + i, "output_norm.weight", 18) == 0) w.p[i + 18 + 4] = MF_D, w.p[i + 18 + 5] = 0;
    }
    T_EQ_I(hearth_model_open_memory(w.p, w.n, NULL, &m, &e), HEARTH_E_UNSUPPORTED);
    T_CHECK(strcmp(e.where, "output_norm.weight") == 0 && strstr(e.what, "F32_R16K4") != NULL);
    gw_free(&w);
}

/* A name and an id of its own for every format that runs; whoever asks `runs` first never takes packs for rows. */
T_TEST(types_of_their_own) {
    int n = 0;
    for (uint32_t id = 0; id < 64; id++) {
        const hr_format_info *f = hr_format_of(id), *p = hr_format_of(HR_TYPE_PACKED + id);
        T_EQ_I(p != NULL, f != NULL && f->runs);
        if (!p) continue;
        char name[32];
        uint64_t rows = 0, packs = 0;
        snprintf(name, sizeof name, "%s_R16K4", f->name);
        T_EQ_STR(p->name, name);
        T_CHECK(p->packed && !p->runs && !f->packed && p->block == f->block && p->bytes == f->bytes);
        T_CHECK(hr_format_tensor_bytes(f, 256, 17, 3, &rows) && hr_format_tensor_bytes(p, 256, 17, 3, &packs));
        T_EQ_U(rows * 32, packs * 17);
        T_CHECK(!hr_format_tensor_bytes(p, 256, UINT64_MAX - 3, 1, &packs));
        T_CHECK(!hr_format_tensor_bytes(p, 256, 1ull << 40, 1ull << 40, &packs));
        n++;
    }
    T_EQ_I(n, 18);
}

T_MAIN(T_RUN(same_logits_by_every_way), T_RUN(models_at_hand), T_RUN(used_in_place), T_RUN(layout_in_the_file),
       T_RUN(restored_byte_for_byte), T_RUN(damage_is_seen), T_RUN(wrong_files_are_refused),
       T_RUN(packed_vectors_are_refused), T_RUN(types_of_their_own))
