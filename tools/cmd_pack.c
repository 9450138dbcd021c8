/* cmd_pack.c: `hearth pack`: stores a model's matrices as the packs that kernels read (quant/formats.h), so that a file is
 * mapped and used in place. The result is a GGUF container whose packed tensors have type ids of their own (0x10000 + the
 * format's): a reader that does not know packs meets an unknown type and refuses the file, it cannot take packs for rows.
 * `hearth.pack.geometry` names the geometry, other hearth.pack.* keys say what the original looked like; --unpack puts it
 * back, byte for byte, and proves it by the original's hash. */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>
#if !defined(HEARTH_DROP_TOOLS)
#include "engine/gguf_write.h"

enum { PACK_FILE_ALIGN = 4096, PACK_PIECE_BYTES = 1 << 20 };
#define PACK_KEYS "hearth.pack."
#define PACK_KEY_GEOMETRY PACK_KEYS "geometry"
#define PACK_KEY_ALIGN PACK_KEYS "source_alignment" /* u32; 0: the original has no such key */
#define PACK_KEY_ORDER PACK_KEYS "source_order"     /* u32 [n_tensors]: place of each tensor in the original */
#define PACK_KEY_HASH PACK_KEYS "source_hash"       /* u64; absent when the original cannot be restored byte for byte */
#define ALIGN_KEY "general.alignment"

typedef struct pack_rank {
    uint64_t key;
    uint32_t index;
} pack_rank;

typedef struct pack_work {
    hr_gguf in;
    hr_gguf_writer out;
    void *index;           /* memory of in's index */
    pack_rank *order;      /* [n_tensors] */
    uint8_t *piece, *rows; /* what is written; one row */
    size_t piece_cap, rows_cap;
    uint64_t done, total;
    uint32_t n_packed;
    hr_error err;
} pack_work;

static int pack_report(const pack_work *w, const char *path) {
    hearth_error e;
    memcpy(&e, &w->err, sizeof e); /* the same layout (engine/api_model.c asserts it) */
    return cli_report(&e, path);
}
static hr_str key_of(const hr_gguf_kv *kv) { return (hr_str){(const char *)kv->key, kv->key_size}; }
static bool key_begins(const hr_gguf_kv *kv, const char *prefix) {
    const size_t n = strlen(prefix);
    return kv->key_size >= n && memcmp(kv->key, prefix, n) == 0;
}

/* --- which tensors, in which order -------------------------------------------------------------------------------- */
/* Matrices in the order in which a layer reads them. All architectures share the names; a tensor that is not here is read
 * as a vector, or by nobody, and stays as it is. */
static const char *const pack_names[] = {
    "attn_qkv", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate_inp", "ffn_gate_exps", "ffn_up_exps",
    "ffn_down_exps", "ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp", "ffn_gate", "ffn_up", "ffn_down"};

/* 0: not packed. Else the place in the order of execution. */
static uint64_t rank_tensor(const hr_gguf *g, const hr_gguf_tensor *t) {
    const hr_str name = {(const char *)t->name, t->name_size};
    const hr_format_info *f = hr_format_of(t->type);
    if (!f->runs || t->n_dims < 2) return 0;
    if (hr_str_is(name, "output.weight")) return UINT64_MAX;
    if (hr_str_is(name, "token_embd.weight")) return hr_gguf_tensor_find(g, "output.weight") ? 1 : UINT64_MAX;
    uint64_t layer = 0;
    size_t at = 4;
    if (name.size < 6 || memcmp(name.data, "blk.", 4) != 0) return 0;
    while (at < name.size && at < 9 && name.data[at] >= '0' && name.data[at] <= '9')
        layer = layer * 10 + (uint64_t)(name.data[at++] - '0');
    char want[64];
    for (size_t i = 0; i < CLI_COUNT(pack_names); i++) {
        hr_format(want, sizeof want, ".%s.weight", pack_names[i]);
        if (hr_str_is((hr_str){name.data + at, name.size - at}, want)) return (layer + 1) << 8 | i;
    }
    return 0;
}
static int compare_ranks(const void *a, const void *b) {
    const pack_rank *x = (const pack_rank *)a, *y = (const pack_rank *)b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* --- input ---------------------------------------------------------------------------------------------------------- */
static hr_status open_input(pack_work *w, const char *path, bool mapped) {
    const hr_gguf_source source = {.path = path, .want_map = mapped};
    hr_arena arena;
    HR_TRY(hr_gguf_open(&w->in, &source, &w->err));
    hr_arena_init_count(&arena);
    HR_TRY(hr_gguf_index(&w->in, &arena, &w->err));
    const size_t bytes = arena.used + HR_ARENA_ALIGN, n = w->in.n_tensors;
    w->index = malloc(bytes);
    w->order = (pack_rank *)calloc(n + 1, sizeof *w->order);
    if (!w->index || !w->order)
        return hr_fail(&w->err, HR_E_MEMORY, HR_NO_OFFSET, path, "no memory for the index");
    hr_arena_init(&arena, w->index, bytes);
    HR_TRY(hr_gguf_index(&w->in, &arena, &w->err));
    HR_TRY(hr_gguf_check_data(&w->in, &w->err));
    for (size_t i = 0; i < n; i++) w->total += w->in.tensors[i].bytes;
    return HR_OK;
}
static void close_work(pack_work *w, bool keep) {
    hr_gguf_write_abandon(&w->out, keep);
    hr_gguf_close(&w->in);
    free(w->index);
    free(w->order);
    free(w->piece);
    free(w->rows);
    free(w);
}
static hr_status need_buffer(pack_work *w, uint8_t **p, size_t *cap, uint64_t bytes) {
    if (bytes <= *cap) return HR_OK;
    free(*p);
    *cap = 0;
    *p = bytes <= SIZE_MAX ? (uint8_t *)malloc((size_t)bytes) : NULL;
    if (!*p) return hr_fail(&w->err, HR_E_MEMORY, HR_NO_OFFSET, "pack", "%llu bytes for 16 rows cannot be allocated",
                            (unsigned long long)bytes);
    *cap = (size_t)bytes;
    return HR_OK;
}

/* the whole file in pieces; 0 never stands for a hash */
static hr_status hash_file(pack_work *w, hr_file *f, uint64_t *hash) {
    uint64_t h = 1;
    HR_TRY(need_buffer(w, &w->piece, &w->piece_cap, PACK_PIECE_BYTES));
    for (uint64_t at = 0; at < f->size; at += PACK_PIECE_BYTES) {
        const size_t n = f->size - at < PACK_PIECE_BYTES ? (size_t)(f->size - at) : PACK_PIECE_BYTES;
        if (!f->map) HR_TRY(hr_file_read(f, at, w->piece, n, &w->err));
        h = hr_hash64(f->map ? f->map + at : w->piece, n, h);
        hr_file_drop(f, at, n);
    }
    *hash = h ? h : 1;
    return HR_OK;
}

/* What the writer writes is version 3, one file, zeros between tensors. */
static hr_status can_restore(pack_work *w, bool *can) {
    uint8_t pad[65536];
    hr_gguf *g = &w->in;
    *can = g->version == 3 && g->n_shards == 1;
    uint64_t at = g->shards[0].header_bytes;
    for (uint32_t i = 0; i <= g->n_tensors && *can; i++) {
        const uint64_t next = i < g->n_tensors ? g->tensors[i].offset : g->shards[0].file.size;
        const size_t n = (size_t)(next - at); /* below the alignment: the reader checked it */
        if (n >= sizeof pad) return hr_fail(&w->err, HR_E_FORMAT, at, "padding", "is too long");
        HR_TRY(hr_file_read(&g->shards[0].file, at, pad, n, &w->err));
        for (size_t k = 0; k < n; k++) *can = *can && pad[k] == 0;
        if (i < g->n_tensors) at = next + g->tensors[i].bytes;
    }
    return HR_OK;
}

/* --- data --------------------------------------------------------------------------------------------------------- */
static hr_status tick(pack_work *w, const char *what, uint64_t n) {
    w->done += n;
    cli_progress(what, w->done, w->total);
    if (!cli_interrupted()) return HR_OK;
    return hr_fail(&w->err, HR_E_CANCELLED, HR_NO_OFFSET, what, "was interrupted");
}

static hr_status copy_tensor(pack_work *w, const hr_gguf_tensor *t, const char *what) {
    HR_TRY(need_buffer(w, &w->piece, &w->piece_cap, PACK_PIECE_BYTES));
    for (uint64_t at = 0; at < t->bytes; at += PACK_PIECE_BYTES) {
        const size_t n = t->bytes - at < PACK_PIECE_BYTES ? (size_t)(t->bytes - at) : PACK_PIECE_BYTES;
        HR_TRY(hr_gguf_tensor_read(&w->in, t, at, w->piece, n, &w->err));
        HR_TRY(hr_gguf_write_append(&w->out, w->piece, n, &w->err));
        hr_gguf_tensor_drop(&w->in, t, at, n);
        HR_TRY(tick(w, what, n));
    }
    return HR_OK;
}

/* Matrix by matrix, some groups of 16 rows at a time: rows to packs, or packs to rows. */
static hr_status convert_groups(pack_work *w, const hr_gguf_tensor *t, const hr_format_info *f, bool unpacks) {
    const char *what = unpacks ? "unpack" : "pack";
    const size_t k = t->dims[0], rows = t->dims[1], row_bytes = k / f->block * f->bytes;
    const size_t groups = hr_max_size(1, PACK_PIECE_BYTES / (row_bytes * HR_PACK_ROWS)), step = groups * HR_PACK_ROWS;
    HR_TRY(need_buffer(w, &w->rows, &w->rows_cap, (uint64_t)step * row_bytes));
    HR_TRY(need_buffer(w, &w->piece, &w->piece_cap, (uint64_t)step * row_bytes));
    uint64_t at = 0;
    for (uint64_t mat = 0; mat < (uint64_t)t->dims[2] * t->dims[3]; mat++) {
        for (size_t r = 0; r < rows; r += step) {
            const size_t n = hr_min_size(step, rows - r), padded = hr_div_up(n, HR_PACK_ROWS) * HR_PACK_ROWS;
            const size_t from = (unpacks ? padded : n) * row_bytes, to = (unpacks ? n : padded) * row_bytes;
            HR_TRY(hr_gguf_tensor_read(&w->in, t, at, w->rows, from, &w->err));
            if (!unpacks) hr_pack_rows(f, w->rows, 0, n, k, w->piece);
            for (size_t i = 0; unpacks && i < n; i++) hr_unpack_row(f, w->rows, i, k, w->piece + i * row_bytes);
            HR_TRY(hr_gguf_write_append(&w->out, w->piece, to, &w->err));
            hr_gguf_tensor_drop(&w->in, t, at, from);
            at += from;
            HR_TRY(tick(w, what, from));
        }
    }
    return HR_OK;
}

static hr_status write_tensors(pack_work *w, bool unpacks) {
    const char *what = unpacks ? "unpack" : "pack";
    HR_TRY(hr_gguf_write_head(&w->out, 0, NULL, &w->err));
    for (uint32_t i = 0; i < w->in.n_tensors; i++) {
        const hr_gguf_tensor *t = &w->in.tensors[w->order[i].index];
        const hr_format_info *f = hr_format_of(t->type);
        const bool convert = unpacks ? f->packed : w->order[i].key != 0;
        HR_TRY(convert ? convert_groups(w, t, f, unpacks) : copy_tensor(w, t, what));
    }
    HR_TRY(hr_gguf_unchanged(&w->in, &w->err));
    return hr_gguf_write_finish(&w->out, &w->err);
}

static hr_status declare_tensor(pack_work *w, const hr_gguf_tensor *t, uint32_t type) {
    const uint64_t dims[HR_GGUF_MAX_DIMS] = {t->dims[0], t->dims[1], t->dims[2], t->dims[3]};
    return hr_gguf_put_tensor(&w->out, (hr_str){(const char *)t->name, t->name_size}, t->n_dims, dims, type, NULL, &w->err);
}

/* --- pack ----------------------------------------------------------------------------------------------------------- */
static hr_status put_pack_keys(pack_work *w, uint32_t source_align) {
    const uint32_t n = w->in.n_tensors;
    uint64_t hash = 0;
    bool restores = false;
    uint8_t *order = (uint8_t *)malloc((size_t)n * 4 + 1);
    if (!order) return hr_fail(&w->err, HR_E_MEMORY, HR_NO_OFFSET, "pack", "no memory for the order of %u tensors", n);
    for (uint32_t i = 0; i < n; i++)
        for (int b = 0; b < 4; b++) order[4 * i + b] = (uint8_t)(w->order[i].index >> 8 * b);
    hr_status s = hr_gguf_put_str(&w->out, PACK_KEY_GEOMETRY, hr_str_of(HR_PACK_GEOMETRY), &w->err);
    if (s == HR_OK) s = hr_gguf_put_u32(&w->out, PACK_KEY_ALIGN, source_align, &w->err);
    if (s == HR_OK) s = hr_gguf_put_array(&w->out, PACK_KEY_ORDER, HR_GGUF_U32, order, n, &w->err);
    free(order);
    HR_TRY(s);
    HR_TRY(can_restore(w, &restores));
    if (!restores) return HR_OK;
    HR_TRY(hash_file(w, &w->in.shards[0].file, &hash));
    return hr_gguf_put_int(&w->out, PACK_KEY_HASH, HR_GGUF_U64, hash, &w->err);
}

static hr_status pack_file(pack_work *w, const char *in, const char *out) {
    const hr_gguf *g = &w->in;
    uint32_t source_align = 0;
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        if (hr_format_of(g->tensors[i].type)->packed)
            return hr_fail(&w->err, HR_E_ARG, HR_NO_OFFSET, in, "is packed already");
        w->order[i] = (pack_rank){rank_tensor(g, &g->tensors[i]), i};
        w->n_packed += w->order[i].key != 0;
    }
    if (!w->n_packed) return hr_fail(&w->err, HR_E_ARG, HR_NO_OFFSET, in, "has no matrix that Hearth would pack");
    qsort(w->order, g->n_tensors, sizeof *w->order, compare_ranks);
    HR_TRY(hr_gguf_write_begin(&w->out, out, NULL, NULL, &w->err));
    for (uint32_t i = 0; i < g->n_kv; i++) {
        if (key_begins(&g->kv[i], "split.")) continue; /* the parts become one file */
        if (key_begins(&g->kv[i], PACK_KEYS))
            return hr_fail(&w->err, HR_E_ARG, HR_NO_OFFSET, in, "has " PACK_KEYS "* keys, but no packs");
        if (hr_str_is(key_of(&g->kv[i]), ALIGN_KEY)) {
            source_align = g->alignment;
            HR_TRY(hr_gguf_put_u32(&w->out, ALIGN_KEY, PACK_FILE_ALIGN, &w->err));
        } else {
            HR_TRY(hr_gguf_put_kv(&w->out, &g->kv[i], &w->err));
        }
    }
    if (!source_align) HR_TRY(hr_gguf_put_u32(&w->out, ALIGN_KEY, PACK_FILE_ALIGN, &w->err));
    HR_TRY(put_pack_keys(w, source_align));
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const hr_gguf_tensor *t = &g->tensors[w->order[i].index];
        HR_TRY(declare_tensor(w, t, t->type + (w->order[i].key ? HR_TYPE_PACKED : 0)));
    }
    return write_tensors(w, false);
}

/* --- unpack --------------------------------------------------------------------------------------------------------- */
/* order[i].index: which tensor of the packed file comes i-th in the original */
static hr_status read_order(pack_work *w, const char *in) {
    const hr_gguf *g = &w->in;
    const hr_gguf_kv *kv = NULL;
    hr_str geometry = {"", 0};
    HR_TRY(hr_gguf_string(g, PACK_KEY_GEOMETRY, &geometry, NULL, &w->err));
    if (!hr_str_is(geometry, HR_PACK_GEOMETRY))
        return hr_fail(&w->err, HR_E_ARG, HR_NO_OFFSET, in, "is not a packed file (" PACK_KEY_GEOMETRY ")");
    HR_TRY(hr_gguf_array(g, PACK_KEY_ORDER, HR_GGUF_U32, &kv, NULL, &w->err));
    bool right = kv && kv->count == g->n_tensors;
    for (uint32_t i = 0; right && i < g->n_tensors; i++) {
        const uint32_t at = hr_le32(kv->data + 4 * (size_t)i);
        right = at < g->n_tensors && w->order[at].key == 0;
        if (right) w->order[at] = (pack_rank){1, i};
    }
    if (right) return HR_OK;
    return hr_fail(&w->err, HR_E_FORMAT, kv ? hr_gguf_kv_offset(g, kv) : HR_NO_OFFSET, PACK_KEY_ORDER,
                   "does not name every tensor once");
}

static hr_status prove_restored(pack_work *w, const char *out, bool *proved) {
    uint64_t want = 0, have = 0;
    hr_file f;
    HR_TRY(hr_gguf_u64(&w->in, PACK_KEY_HASH, &want, proved, &w->err));
    if (!*proved) return HR_OK;
    HR_TRY(hr_file_open(&f, out, NULL, true, &w->err));
    hr_status s = hash_file(w, &f, &have);
    hr_file_close(&f);
    if (s != HR_OK || have == want) return s;
    remove(out);
    return hr_fail(&w->err, HR_E_FORMAT, HR_NO_OFFSET, PACK_KEY_HASH, "the restored file is not the one that was packed: the "
                   "packed file is damaged");
}

static hr_status unpack_file(pack_work *w, const char *in, const char *out, bool *proved) {
    const hr_gguf *g = &w->in;
    uint64_t align = 0;
    HR_TRY(read_order(w, in));
    HR_TRY(hr_gguf_u64(g, PACK_KEY_ALIGN, &align, NULL, &w->err));
    if (align > 65536)
        return hr_fail(&w->err, HR_E_FORMAT, HR_NO_OFFSET, PACK_KEY_ALIGN, "is not an alignment");
    HR_TRY(hr_gguf_write_begin(&w->out, out, NULL, NULL, &w->err));
    for (uint32_t i = 0; i < g->n_kv; i++) {
        if (key_begins(&g->kv[i], PACK_KEYS)) continue;
        if (!hr_str_is(key_of(&g->kv[i]), ALIGN_KEY)) HR_TRY(hr_gguf_put_kv(&w->out, &g->kv[i], &w->err));
        else if (align) HR_TRY(hr_gguf_put_u32(&w->out, ALIGN_KEY, (uint32_t)align, &w->err));
    }
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const hr_gguf_tensor *t = &g->tensors[w->order[i].index];
        const bool packed = hr_format_of(t->type)->packed;
        w->n_packed += packed;
        HR_TRY(declare_tensor(w, t, t->type - (packed ? HR_TYPE_PACKED : 0)));
    }
    HR_TRY(write_tensors(w, true));
    return prove_restored(w, out, proved);
}

static int convert_file(const char *in, const char *out, const cli_setup *setup, bool unpacks) {
    pack_work *w = (pack_work *)calloc(1, sizeof *w);
    bool proved = false;
    if (!w) return cli_fail(in, "out of memory");
    w->err.offset = HR_NO_OFFSET;
    hr_status s = open_input(w, in, !setup->no_mmap);
    if (s == HR_OK && cli_same_file(in, out))
        s = hr_fail(&w->err, HR_E_ARG, HR_NO_OFFSET, out, "is the file that is read");
    if (s == HR_OK) s = unpacks ? unpack_file(w, in, out, &proved) : pack_file(w, in, out);
    cli_progress_end();
    int code = s == HR_OK ? CLI_OK : pack_report(w, in);
    if (s == HR_OK && setup->json) {
        cli_json_open(NULL, '{');
        cli_json_str("geometry", HR_PACK_GEOMETRY);
        cli_json_u64("tensors", w->in.n_tensors);
        cli_json_u64(unpacks ? "unpacked" : "packed", w->n_packed);
        cli_json_u64("bytes_in", w->in.file_bytes);
        cli_json_u64("tensor_bytes", w->total);
        if (unpacks) cli_json_bool("proved_equal", proved);
        cli_json_close('}');
    } else if (s == HR_OK) {
        printf("%s %u of %u tensors, %llu bytes", unpacks ? "unpacked" : "packed", w->n_packed, w->in.n_tensors,
               (unsigned long long)w->total);
        puts(!unpacks ? "" : proved ? "; byte for byte the original" : "; the original had no form of its own to restore");
    }
    close_work(w, false);
    return code;
}
#endif

int cmd_pack(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    bool unpacks = false;
    const char *paths[2] = {NULL, NULL};
    const cli_option options[] = {
        {"--unpack", NULL, CLI_FLAG, &unpacks, 0, 0, NULL, "restore the file that was packed, byte for byte"},
        {"--no-mmap", NULL, CLI_FLAG, &setup.no_mmap, 0, 0, NULL, "read the file instead of mapping it"},
        CLI_OPTION_JSON(setup),
    };
    const cli_command command = {
        "pack", "IN OUT",
        "Stores the matrices of a GGUF file as the kernels read them (16 rows x 4 bytes), in the order in\n"
        "which they are used. Such a file opens at once: it is mapped and used in place, its pages stay\n"
        "clean, and no copy is made. It names a geometry, never an instruction set, and gives the same\n"
        "results everywhere; kernels that read rows unpack it while loading. Only Hearth reads it: its\n"
        "tensors have types of their own, which others refuse. Nothing is lost: --unpack goes back.",
        options, CLI_COUNT(options), 2, 2};
    int code = cli_parse(&command, argc, argv, paths);
    if (code != CLI_GO) return code;
#if !defined(HEARTH_DROP_TOOLS)
    return convert_file(paths[0], paths[1], &setup, unpacks);
#else
    return cli_fail("pack", "this build, on the one-file library, has no writer");
#endif
}
