/* fuzz_redact: any bytes, whole and cut: the same goes out, and what was found lies in the text and in order of its
 * emission. The first byte chooses the operator, the second the pieces. */
#include <stdlib.h>
#include "policy/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
typedef struct fuzz_heard {
    uint64_t hash, n, findings;
    size_t size;
} fuzz_heard;
static bool hear_text(void *ctx, const void *text, size_t n) {
    fuzz_heard *h = (fuzz_heard *)ctx;
    if (n == 0) abort();
    for (size_t i = 0; i < n; i++)
        h->hash = (h->hash ^ ((const uint8_t *)text)[i]) * 0x100000001b3u; /* bytes, however parted */
    h->n += n;
    return true;
}
static void hear_finding(void *ctx, const hr_finding *f, const char *text, size_t n, const char *put, size_t n_put) {
    fuzz_heard *h = (fuzz_heard *)ctx;
    if (f->length == 0 || f->offset + f->length > h->size || f->entity == 0 || f->entity >= HR_N_ENTITIES ||
        f->score > 100 || f->check >= HR_N_CHECKS || n > f->length || n_put > HR_REDACT_PUT + n)
        abort();
    (void)hr_entity_scheme_name(f->entity, f->scheme);
    for (size_t i = 0; i < n; i++) h->hash += (uint8_t)text[i];
    for (size_t i = 0; i < n_put; i++) h->hash += (uint8_t)put[i];
    h->findings++;
}
static fuzz_heard redact_in_pieces(const hr_redact_config *config, const uint8_t *p, size_t n, size_t piece) {
    static uint8_t room[1 << 18] __attribute__((aligned(64)));
    fuzz_heard h = {0, 0, 0, n};
    hr_redact_config c = *config;
    hr_arena a;
    hr_redactor *r = NULL;
    hr_arena_init(&a, room, sizeof room);
    c.ctx = &h;
    if (hr_redactor_init(&c, &a, &r, NULL) != HR_OK) abort();
    for (size_t i = 0; i < n; i += piece) {
        if (hr_redact_feed(r, p + i, hr_min_size(piece, n - i), NULL) != HR_OK) abort();
    }
    if (hr_redact_finish(r, NULL) != HR_OK) abort();
    return h;
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t key[32] = {1, 2, 3};
    static const hr_str people[] = {{"Zo\xc3\xab Okonkwo", 12}}, words[] = {{"EMP-####", 8}, {"x*y", 3}};
    hr_redact_config c;
    if (size < 2) return 0;
    hr_redact_config_init(&c);
    for (size_t i = 0; i < HR_N_ENTITIES; i++)
        c.op[i] = (uint8_t)((data[0] & 16 ? data[0] + i : data[0]) % HR_N_REDACT_OPS);
    if (data[0] & 32) c.key = key;
    if (data[0] & 64) c.people = people, c.n_people = 1, c.words = words, c.n_words = 2;
    c.emit = hear_text, c.found = hear_finding;
    const fuzz_heard whole = redact_in_pieces(&c, data + 2, size - 2, size);
    const fuzz_heard cut = redact_in_pieces(&c, data + 2, size - 2, 1u + data[1] % 97);
    if (whole.hash != cut.hash || whole.n != cut.n || whole.findings != cut.findings) abort();
    return 0;
}
