/* generate.c: a firmware's use of the engine: model in flash by address, everything else in two static buffers whose sizes are
 * those of the plans. Prints the text, the hash of all logits and the bytes. MODEL_RAM, SESSION_RAM, CONTEXT, TOKENS: -D. */
#include "hearth.h"
#include "mcu.h"
#include <string.h>

#ifndef CONTEXT
#define CONTEXT 256
#endif
#ifndef TOKENS
#define TOKENS 32
#endif
#ifndef RAM_BYTES
#define RAM_BYTES (176 * 1024)
#endif
static uint8_t ram[RAM_BYTES] __attribute__((aligned(64)));
static size_t ram_used;

/* what tokenizing borrows: the top of the same buffer, given back at once */
static void *borrow(void *ctx, size_t size, size_t align) {
    (void)ctx;
    size_t at = (ram_used + align - 1) & ~(align - 1);
    return at + size <= sizeof ram ? ram + at : NULL;
}
static void give_back(void *ctx, void *p, size_t size) { (void)ctx, (void)p, (void)size; }

static void print_number(const char *what, uint64_t v, unsigned base) {
    char text[24];
    size_t i = sizeof text;
    text[--i] = 0;
    do text[--i] = "0123456789abcdef"[v % base];
    while ((v /= base) != 0);
    mcu_print(what);
    mcu_print(text + i);
    mcu_print("\n");
}
static int fails(const hearth_error *e) {
    mcu_print("error: ");
    mcu_print(e->where);
    mcu_print(": ");
    mcu_print(e->what);
    mcu_print("\n");
    return 1;
}

static hearth_session *open_all(hearth_model **model, hearth_error *err) {
    const size_t size = (size_t)(mcu_model_end - mcu_model);
    const hearth_allocator top = {borrow, give_back, NULL};
    hearth_model_config mc = HEARTH_MODEL_CONFIG_INIT;
    hearth_session_config sc = HEARTH_SESSION_CONFIG_INIT;
    hearth_session *session;
    hearth_plan plan;
    mc.threads = 1;
    mc.memory = ram; /* for the first look at the header, too */
    mc.memory_bytes = sizeof ram;
    mc.allocator = &top;
    if (hearth_model_plan_memory(mcu_model, size, &mc, &plan, err) != HEARTH_OK) return NULL;
    print_number("model_bytes ", plan.total_bytes, 10);
    print_number("weight_bytes ", plan.weight_bytes, 10);
    mc.memory_bytes = (size_t)plan.total_bytes; /* to the byte */
    ram_used = mc.memory_bytes;
    if (hearth_model_open_memory(mcu_model, size, &mc, model, err) != HEARTH_OK) return NULL;
    sc.ctx_tokens = CONTEXT;
    sc.batch_tokens = 1;
    sc.kv_type = HEARTH_KV_I8;
    if (hearth_session_plan(*model, &sc, &plan, err) != HEARTH_OK) return NULL;
    print_number("session_bytes ", plan.total_bytes, 10);
    print_number("kv_bytes ", plan.kv_bytes, 10);
    ram_used = (ram_used + 63) / 64 * 64;
    sc.memory = ram + ram_used;
    sc.memory_bytes = (size_t)plan.total_bytes;
    if (ram_used + sc.memory_bytes > sizeof ram) {
        strcpy(err->where, "ram");
        strcpy(err->what, "the session does not fit");
        return NULL;
    }
    if (hearth_session_open(*model, &sc, &session, err) != HEARTH_OK) return NULL;
    ram_used += sc.memory_bytes;
    print_number("ram_bytes ", ram_used, 10);
    return session;
}

int main(void) {
    static hearth_error err;
    static const char prompt[] = "Once upon a time";
    hearth_model *model;
    hearth_model_info info;
    int32_t tokens[64];
    char text[64];
    size_t n;
    uint64_t hash = 0;
    hearth_session *s = open_all(&model, &err);
    if (s == NULL) return fails(&err);
    hearth_model_get_info(model, &info);
    if (hearth_tokenize(model, prompt, sizeof prompt - 1, HEARTH_TOK_SPECIAL, tokens, 64, &n, &err) != HEARTH_OK)
        return fails(&err);
    mcu_print(prompt);
    for (int i = 0; i < TOKENS; i++) {
        if (hearth_feed(s, tokens, n, 1, &err) != HEARTH_OK) return fails(&err);
        const float *logits = hearth_logits(s, 0);
        hash = hearth_hash(logits, (size_t)info.n_vocab, hash);
        tokens[0] = 0;
        for (int v = 1; v < info.n_vocab; v++)
            if (logits[v] > logits[tokens[0]]) tokens[0] = v;
        n = 1;
        const char *piece = hearth_token_text(model, tokens[0], &n);
        if (n > 60) n = 60;
        memcpy(text, piece, n);
        text[n] = 0;
        if ((uint8_t)text[0] == 0xe2 && (uint8_t)text[1] == 0x96) { /* U+2581 stands for a blank */
            mcu_print(" ");
            mcu_print(text + 3);
        } else {
            mcu_print(text);
        }
        n = 1;
    }
    print_number("\nlogit_hash ", hash, 16);
    print_number("stack_bytes ", mcu_stack_used(), 10);
    hearth_session_close(s);
    hearth_model_close(model);
    return 0;
}
