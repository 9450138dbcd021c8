/* convert_dir.h: model folders written by a test as Hugging Face tools write them: config.json, tokenizer.json of 64 one-byte
 * tokens, safetensors. Needs t.h. */
#ifndef HEARTH_CONVERT_DIR_H
#define HEARTH_CONVERT_DIR_H
#include "tests/convert_tables.h"
#include "tests/t.h"

static char cd_out[1 << 16]; /* what the last command said */

__attribute__((format(printf, 1, 2))) static inline int cd_run(const char *fmt, ...) {
    char line[4000], full[5000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    snprintf(full, sizeof full, "%s convert %s 2>&1", t_hearth(), line);
    FILE *p = popen(full, "r");
    size_t n = p ? fread(cd_out, 1, sizeof cd_out - 1, p) : 0;
    cd_out[n] = 0;
    int s = p ? pclose(p) : -1;
    return s < 0 || (s & 127) ? 128 : s >> 8 & 255;
}
static inline bool cd_says(const char *text) {
    if (strstr(cd_out, text)) return true;
    printf("    no '%s' in: %.400s\n", text, cd_out);
    return false;
}
static inline const char *cd_path(const char *dir, const char *file) {
    static char path[8][700];
    static unsigned next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", dir, file);
    return p;
}
static inline void cd_write(const char *dir, const char *file, const void *data, size_t n) {
    FILE *f = fopen(cd_path(dir, file), "wb");
    T_CHECK(f && fwrite(data, 1, n, f) == n);
    if (f) fclose(f);
}
static inline void cd_text(const char *dir, const char *file, const char *text) { cd_write(dir, file, text, strlen(text)); }
static inline char *cd_slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    *n = 0;
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *p = (char *)malloc(*n + 1);
    if (fread(p, 1, *n, f) != *n) *n = 0;
    fclose(f);
    return p;
}
/* as weights() of gen_convert.py */
static inline float cd_weight(const char *name, size_t i, int exponent, int offset) {
    uint32_t h = 2166136261u;
    for (const char *p = name; *p; p++) h = (h ^ (uint8_t)*p) * 16777619u;
    uint32_t x = h + (uint32_t)i * 2654435761u;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    float u = (float)(x >> 8) * 0x1p-24f - 0.5f;
    return (float)offset + ldexpf(u, exponent);
}
static inline size_t cd_count(const convert_tensor *t) {
    size_t n = 1;
    for (int d = 0; d < t->n_dims; d++) n *= (size_t)t->dims[d];
    return n;
}

/* a safetensors file in the making */
typedef struct cd_file {
    char head[1 << 16];
    uint8_t *data;
    size_t n_head, n_data;
} cd_file;
static inline void cd_begin(cd_file *f) {
    f->n_head = (size_t)snprintf(f->head, sizeof f->head, "{\"__metadata__\":{\"format\":\"pt\"}");
    f->n_data = 0;
    f->data = (uint8_t *)malloc(1 << 20);
}
static inline void cd_add(cd_file *f, const char *name, const char *dtype, int n_dims, const int *dims, const void *data,
                          size_t bytes) {
    f->n_head += (size_t)snprintf(f->head + f->n_head, sizeof f->head - f->n_head, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[",
                                  name, dtype);
    for (int d = 0; d < n_dims; d++)
        f->n_head += (size_t)snprintf(f->head + f->n_head, sizeof f->head - f->n_head, d ? ",%d" : "%d", dims[d]);
    f->n_head += (size_t)snprintf(f->head + f->n_head, sizeof f->head - f->n_head, "],\"data_offsets\":[%zu,%zu]}", f->n_data,
                                  f->n_data + bytes);
    if (bytes) memcpy(f->data + f->n_data, data, bytes);
    f->n_data += bytes;
}
static inline void cd_end(cd_file *f, const char *dir, const char *file) {
    f->n_head += (size_t)snprintf(f->head + f->n_head, sizeof f->head - f->n_head, "}");
    uint8_t *all = (uint8_t *)malloc(8 + f->n_head + f->n_data);
    for (int i = 0; i < 8; i++) all[i] = (uint8_t)((uint64_t)f->n_head >> 8 * i);
    memcpy(all + 8, f->head, f->n_head);
    memcpy(all + 8 + f->n_head, f->data, f->n_data);
    cd_write(dir, file, all, 8 + f->n_head + f->n_data);
    free(all);
    free(f->data);
}
static inline void cd_weights(cd_file *f, const convert_tensor *t, const char *dtype) {
    const size_t n = cd_count(t), unit = strcmp(dtype, "F32") == 0 ? 4 : 2;
    uint8_t *p = (uint8_t *)malloc(4 * n);
    for (size_t i = 0; i < n; i++) {
        const float v = cd_weight(t->name, i, t->exponent, t->offset);
        uint32_t u;
        memcpy(&u, &v, 4);
        if (unit == 2) u >>= 16; /* bf16, cut */
        memcpy(p + unit * i, &u, unit); /* little-endian hosts, as all of the test machines */
    }
    cd_add(f, t->name, dtype, t->n_dims, t->dims, p, n * unit);
    free(p);
}
static inline void cd_tokenizer(const char *dir, bool words) {
    char text[8000];
    size_t n = 0;
    if (words) { /* vocab.txt */
        for (int i = 0; i < 64; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%c\n", i < 5 ? "" : i < 35 ? "" : "##", 'A' + i % 30);
        const char *special = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"; /* over the first five lines */
        char all[8100];
        snprintf(all, sizeof all, "%s%s", special, text + 10);
        cd_text(dir, "vocab.txt", all);
        return;
    }
    n = (size_t)snprintf(text, sizeof text, "{\"added_tokens\":[{\"id\":63,\"content\":\"<|end|>\",\"special\":true}],"
                         "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"use_regex\":true},\"decoder\":{\"type\":\"ByteLevel\"},"
                         "\"model\":{\"type\":\"BPE\",\"vocab\":{");
    for (int i = 0; i < 62; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\"%s%c\":%d", i ? "," : "",
                              i + 33 == '"' || i + 33 == '\\' ? "\\" : "", i + 33, i);
    snprintf(text + n, sizeof text - n, ",\"AB\":62},\"merges\":[[\"A\",\"B\"]]}}");
    cd_text(dir, "tokenizer.json", text);
    cd_text(dir, "tokenizer_config.json", "{\"eos_token\":\"<|end|>\",\"chat_template\":\"{{ x }}\"}");
}
static inline const convert_model *cd_model(const char *name) {
    for (size_t i = 0; i < sizeof convert_models / sizeof convert_models[0]; i++)
        if (strcmp(convert_models[i].name, name) == 0) return &convert_models[i];
    return NULL;
}
/* the folder of a model, in `shards` files */
static inline const char *cd_folder(const convert_model *m, const char *dtype, int shards, const char *config) {
    static cd_file f;
    static char name[4][600];
    static unsigned next;
    char *dir = name[next++ % 4], file[80], index[1 << 15];
    snprintf(dir, sizeof name[0], "%s", t_tmp(m->name));
    (void)mkdir(dir, 0777);
    const char *stale[] = {"model.safetensors.index.json", "model.safetensors", "tokenizer.json", "vocab.txt",
                           "tokenizer_config.json", "generation_config.json", "tokenizer.model", "chat_template.jinja"};
    for (size_t i = 0; i < sizeof stale / sizeof stale[0]; i++) (void)remove(cd_path(dir, stale[i]));
    cd_text(dir, "config.json", config ? config : m->config);
    cd_tokenizer(dir, strcmp(m->name, "bert") == 0);
    int n = snprintf(index, sizeof index, "{\"metadata\":{},\"weight_map\":{");
    for (int s = 0; s < shards; s++) {
        if (shards == 1) snprintf(file, sizeof file, "model.safetensors");
        else snprintf(file, sizeof file, "model-%05d-of-%05d.safetensors", s + 1, shards);
        cd_begin(&f);
        for (int i = s; i < m->n_tensors; i += shards) {
            cd_weights(&f, &m->tensors[i], dtype);
            n += snprintf(index + n, sizeof index - (size_t)n, "%s\"%s\":\"%s\"", i + s ? "," : "", m->tensors[i].name, file);
        }
        cd_end(&f, dir, file);
    }
    snprintf(index + n, sizeof index - (size_t)n, "}}");
    if (shards > 1) cd_text(dir, "model.safetensors.index.json", index);
    return dir;
}
#endif
