/* Errors and their formatter, checked arithmetic, the cursor, the arena, UTF-8, hashing and the names of instruction
 * sets. Expected text comes from libc's snprintf where both know the conversion; UTF-8 from a decoder written from
 * RFC 3629's grammar by value; CPU bits from /proc/cpuinfo. */
#include "tests/t.h"
#include "engine/base/base.h"
#include "engine/base/cpu.h"

/* --- formatter ---------------------------------------------------------------------------------------------------- */
#define SAME_AS_LIBC(...)                          \
    do {                                           \
        char mine[200], libc[200];                 \
        size_t n = hr_format(mine, sizeof mine, __VA_ARGS__); \
        snprintf(libc, sizeof libc, __VA_ARGS__);  \
        T_EQ_STR(mine, libc);                      \
        T_EQ_U(n, strlen(libc));                   \
    } while (0)

T_TEST(format_agrees_with_libc) {
    SAME_AS_LIBC("%s|%d|%u|%x|%c|%%", "text", -5, 7u, 0xbeefu, 'q');
    SAME_AS_LIBC("%d %d %d", 0, INT32_MAX, INT32_MIN);
    SAME_AS_LIBC("%ld %lu %lx", -1L, 4000000000UL, 0xffUL);
    SAME_AS_LIBC("%lld %lld %llu %llx", (long long)INT64_MIN, (long long)INT64_MAX, (unsigned long long)UINT64_MAX,
                 (unsigned long long)UINT64_MAX);
    SAME_AS_LIBC("%zu %zx %zd", (size_t)SIZE_MAX, (size_t)4096, (ptrdiff_t)-9);
    SAME_AS_LIBC("%.*s|%.*s|%.*s", 3, "abcdef", 0, "abc", 10, "abc");
    SAME_AS_LIBC("%s", "");
    SAME_AS_LIBC("plain");
}

T_TEST(format_cuts_and_escapes) {
    char b[8];
    memset(b, 'z', sizeof b);
    T_EQ_U(hr_format(b, sizeof b, "%s", "0123456789"), 7);
    T_EQ_STR(b, "0123456");
    T_EQ_U(hr_format(b, 1, "%d", 12345), 0);
    T_EQ_STR(b, "");
    memset(b, 'z', sizeof b);
    T_EQ_U(hr_format(b, 0, "%d", 12345), 0);
    T_EQ_I(b[0], 'z'); /* no room, not even for the NUL */
    char t[40];
    hr_format(t, sizeof t, "%s", "a\n\x7f\xff\x1b[m\\");
    T_EQ_STR(t, "a\\x0a\\x7f\\xff\\x1b[m\\");
    hr_format(t, sizeof t, "%c", '\t');
    T_EQ_STR(t, "\\x09");
    T_EQ_U(hr_format(b, sizeof b, "abcd\x01%s", "\x02"), 5); /* an escape is whole or not there */
    hr_format(t, sizeof t, "%.*s|", -1, "abc"); /* a negative precision takes nothing: sizes come from files */
    T_EQ_STR(t, "|");
    const char *volatile none = NULL;
    hr_format(t, sizeof t, "%s", none);
    T_EQ_STR(t, "(null)");
    const char not_ended[3] = {'x', 'y', 'z'}; /* the precision bounds the reading, as ASan would see */
    hr_format(t, sizeof t, "%.*s", 3, not_ended);
    T_EQ_STR(t, "xyz");
}

/* --- errors ------------------------------------------------------------------------------------------------------- */
T_TEST(first_error_stays) {
    hr_error e;
    hr_error_clear(&e);
    T_EQ_I(e.status, HR_OK);
    T_CHECK(e.offset == HR_NO_OFFSET && e.where[0] == 0 && e.what[0] == 0);
    T_EQ_I(hr_fail(&e, HR_E_FORMAT, 77, "field", "value %d", 3), HR_E_FORMAT);
    T_EQ_I(hr_fail(&e, HR_E_IO, 1, "other", "second"), HR_E_IO);
    T_EQ_I(e.status, HR_E_FORMAT);
    T_EQ_U(e.offset, 77);
    T_EQ_STR(e.where, "field");
    T_EQ_STR(e.what, "value 3");
    T_EQ_I(hr_fail(NULL, HR_E_ARG, 0, NULL, "nobody listens"), HR_E_ARG);
    hr_error_clear(NULL);
    hr_error_clear(&e);
    T_EQ_I(hr_fail(&e, HR_E_ARG, 0, NULL, "%s", "no place"), HR_E_ARG);
    T_EQ_STR(e.where, "");
    char longer[400];
    memset(longer, 'w', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    hr_error_clear(&e);
    hr_fail(&e, HR_E_ARG, 0, longer, "%s", longer);
    T_EQ_U(strlen(e.where), sizeof e.where - 1);
    T_EQ_U(strlen(e.what), sizeof e.what - 1);
}

T_TEST(every_status_has_a_name_of_its_own) {
    for (int a = HR_OK; a >= HR_E_DENIED; a--) {
        T_CHECK(strcmp(hr_status_name(a), "unknown status") != 0 && hr_status_name(a)[0] != 0);
        for (int b = a - 1; b >= HR_E_DENIED; b--) T_CHECK(strcmp(hr_status_name(a), hr_status_name(b)) != 0);
    }
    T_EQ_STR(hr_status_name(HR_E_MEMORY), "out of memory");
    T_EQ_STR(hr_status_name(HR_E_CANCELLED), "cancelled");
    T_EQ_STR(hr_status_name(1), "unknown status");
    T_EQ_STR(hr_status_name(HR_E_DENIED - 1), "unknown status");
    T_EQ_STR(hr_status_name(INT32_MIN), "unknown status");
}

/* --- arithmetic and loads ----------------------------------------------------------------------------------------- */
T_TEST(checked_arithmetic_at_the_edges) {
    static const uint64_t v[] = {0, 1, 2, 3, 63, 64, 0xffffffffu, 0x100000000u, 0x100000001u, UINT64_MAX / 2,
                                 UINT64_MAX / 2 + 1, UINT64_MAX - 1, UINT64_MAX};
    for (size_t i = 0; i < HR_COUNT(v); i++) {
        for (size_t j = 0; j < HR_COUNT(v); j++) {
            uint64_t mine = 42, theirs, a = v[i], b = v[j];
            bool over = __builtin_add_overflow(a, b, &theirs);
            T_EQ_I(hr_add_u64(a, b, &mine), !over);
            T_EQ_U(mine, over ? 42 : theirs);
            mine = 42;
            over = __builtin_mul_overflow(a, b, &theirs);
            T_EQ_I(hr_mul_u64(a, b, &mine), !over);
            T_EQ_U(mine, over ? 42 : theirs);
            size_t s = 42, st;
            over = __builtin_add_overflow((size_t)a, (size_t)b, &st);
            T_EQ_I(hr_add_size((size_t)a, (size_t)b, &s), !over);
            T_EQ_U(s, over ? 42 : st);
            s = 42;
            over = __builtin_mul_overflow((size_t)a, (size_t)b, &st);
            T_EQ_I(hr_mul_size((size_t)a, (size_t)b, &s), !over);
            T_EQ_U(s, over ? 42 : st);
        }
    }
    uint64_t u = 42;
    T_CHECK(hr_align_u64(0, 64, &u) && u == 0);
    T_CHECK(hr_align_u64(1, 64, &u) && u == 64);
    T_CHECK(hr_align_u64(64, 64, &u) && u == 64);
    T_CHECK(hr_align_u64(UINT64_MAX - 63, 64, &u) && u == UINT64_MAX - 63);
    u = 42;
    T_CHECK(!hr_align_u64(UINT64_MAX - 62, 64, &u) && u == 42);
    T_CHECK(hr_align_u64(7, 1, &u) && u == 7);
    T_CHECK(hr_min_size(2, 3) == 2 && hr_max_size(2, 3) == 3 && hr_min_size(3, 2) == 2 && hr_max_size(3, 2) == 3);
    T_CHECK(hr_div_up(0, 4) == 0 && hr_div_up(1, 4) == 1 && hr_div_up(4, 4) == 1);
    T_CHECK(hr_div_up(SIZE_MAX, 2) == SIZE_MAX / 2 + 1);
}

T_TEST(loads_are_little_endian) {
    const uint8_t b[9] = {0xee, 0x01, 0x82, 0x03, 0x84, 0x05, 0x86, 0x07, 0x88};
    T_EQ_U(hr_le16(b + 1), 0x8201);
    T_EQ_U(hr_le32(b + 1), 0x84038201u);
    T_EQ_U(hr_le64(b + 1), 0x8807860584038201u);
    T_EQ_U(hr_f32_bits(1.5f), 0x3fc00000u);
    T_CHECK(hr_f32_from_bits(0xc0400000u) == -3.0f);
}

/* --- cursor ------------------------------------------------------------------------------------------------------- */
T_TEST(cursor_reads_every_type_in_turn) {
    static const uint8_t b[] = {7, 0x34, 0x12, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0x80, 0x3f,
                                0, 0, 0, 0, 0, 0, 0xf8, 0xbf, 'a', 'b', 'c', 9};
    hr_error e;
    hr_error_clear(&e);
    hr_cur c = hr_cur_make(b, sizeof b, 1000, &e);
    T_EQ_U(hr_cur_u8(&c), 7);
    T_EQ_U(hr_cur_u16(&c), 0x1234);
    T_EQ_U(hr_cur_u32(&c), 0x01020304u);
    T_EQ_U(hr_cur_u64(&c), 0x0102030405060708u);
    T_CHECK(hr_cur_f32(&c) == 1.0f);
    T_CHECK(hr_cur_f64(&c) == -1.5);
    T_CHECK(hr_cur_expect(&c, 2, 2));
    const uint8_t *p = hr_cur_bytes(&c, 3);
    T_CHECK(p == b + 27);
    T_EQ_U(hr_cur_left(&c), 1);
    T_CHECK(hr_cur_bytes(&c, 0) == b + 30);
    T_CHECK(hr_cur_skip(&c, 1));
    T_CHECK(hr_cur_bytes(&c, 0) != NULL);
    T_CHECK(hr_cur_ok(&c) && hr_cur_left(&c) == 0 && e.status == HR_OK);
}

T_TEST(cursor_failure_is_sticky) {
    static const uint8_t b[6] = {1, 2, 3, 4, 5, 6};
    hr_error e;
    hr_error_clear(&e);
    hr_cur c = hr_cur_make(b, sizeof b, 500, &e);
    c.field = "the field";
    hr_cur_u32(&c);
    T_EQ_U(hr_cur_u32(&c), 0);
    T_CHECK(!hr_cur_ok(&c));
    T_EQ_U(c.wanted, 8);
    T_EQ_U(c.pos, 4);
    T_EQ_I(e.status, HR_E_FORMAT);
    T_EQ_U(e.offset, 504);
    T_EQ_STR(e.where, "the field");
    T_CHECK(strstr(e.what, "4 bytes") && strstr(e.what, "2 are left"));
    T_EQ_U(hr_cur_left(&c), 0);
    T_CHECK(hr_cur_u8(&c) == 0 && hr_cur_u16(&c) == 0 && hr_cur_u64(&c) == 0 && hr_cur_f32(&c) == 0.0f &&
            hr_cur_f64(&c) == 0.0);
    T_CHECK(hr_cur_bytes(&c, 0) == NULL && !hr_cur_skip(&c, 0) && !hr_cur_expect(&c, 0, 0));
    T_EQ_I(hr_cur_fail(&c, HR_E_LIMIT, "later"), HR_E_FORMAT);
    T_EQ_U(c.wanted, 8);
}

T_TEST(cursor_takes_any_count) {
    static const uint8_t b[6];
    static const uint64_t big[] = {7, UINT64_MAX, UINT64_MAX - 3, (uint64_t)1 << 63, 0x100000000u};
    for (size_t i = 0; i < HR_COUNT(big); i++) {
        hr_cur c = hr_cur_make(b, sizeof b, UINT64_MAX - 2, NULL);
        hr_cur_u16(&c);
        T_CHECK(hr_cur_bytes(&c, big[i]) == NULL && c.status == HR_E_FORMAT && c.pos == 2);
        T_EQ_U(c.wanted, big[i] > UINT64_MAX - 2 ? UINT64_MAX : big[i] + 2);
    }
    hr_cur c = hr_cur_make(b, sizeof b, 0, NULL);
    T_CHECK(hr_cur_expect(&c, 6, 1) && hr_cur_expect(&c, 2, 3) && hr_cur_expect(&c, UINT64_MAX, 0));
    T_CHECK(!hr_cur_expect(&c, (uint64_t)1 << 62, 8)); /* the product overflows */
    T_EQ_U(c.wanted, UINT64_MAX);
    c = hr_cur_make(b, sizeof b, 0, NULL);
    hr_cur_u8(&c);
    T_CHECK(!hr_cur_expect(&c, 3, 2));
    T_EQ_U(c.wanted, 7);
    c = hr_cur_make(b, sizeof b, 0, NULL);
    hr_cur_u8(&c);
    T_CHECK(!hr_cur_expect(&c, UINT64_MAX, 1) && c.wanted == UINT64_MAX);
    c = hr_cur_make(NULL, 0, 0, NULL);
    T_CHECK(hr_cur_bytes(&c, 0) != NULL && hr_cur_left(&c) == 0 && hr_cur_bytes(&c, 1) == NULL);
    hr_error e;
    hr_error_clear(&e);
    c = hr_cur_make(b, sizeof b, 10, &e);
    c.field = "f";
    hr_cur_u16(&c);
    T_EQ_I(hr_cur_fail(&c, HR_E_LIMIT, "too many: %d", 9), HR_E_LIMIT);
    T_EQ_U(c.wanted, 0); /* more bytes would not help */
    T_EQ_U(e.offset, 12);
    T_EQ_STR(e.what, "too many: 9");
}

/* --- arena -------------------------------------------------------------------------------------------------------- */
static void lay_out(hr_arena *a, void **out) {
    out[0] = HR_NEW(a, uint8_t, 3);
    out[1] = HR_NEW(a, uint64_t, 5);
    out[2] = hr_arena_alloc(a, 7, 11, 64);
    size_t mark = hr_arena_mark(a);
    out[3] = hr_arena_alloc(a, 1, 1000, 1);
    hr_arena_rewind(a, mark);
    out[4] = HR_NEW(a, uint16_t, 1);
}

T_TEST(a_counted_plan_is_exact) {
    void *p[5];
    hr_arena count, a;
    hr_arena_init_count(&count);
    lay_out(&count, p);
    for (size_t i = 0; i < 5; i++) T_CHECK(p[i] == NULL);
    T_CHECK(!count.failed);
    T_EQ_U(count.high, 64 + 77 + 1000); /* 3, 40 at 8; 77 at 64; 1000 behind them; then back */
    T_EQ_U(count.used, 64 + 77 + 1 + 2);
    static _Alignas(64) uint8_t block[2048];
    memset(block, 0xaa, sizeof block);
    hr_arena_init(&a, block, count.high);
    lay_out(&a, p);
    T_CHECK(!a.failed && a.used == count.used && a.high == count.high);
    T_CHECK(p[0] == block && p[1] == block + 8 && p[2] == block + 64 && p[3] == block + 141 && p[4] == block + 142);
    for (size_t i = 0; i < 1000; i++) T_CHECK(block[141 + i] == 0);
    T_EQ_U(block[141 + 1000], 0xaa);
    hr_arena_init(&a, block, count.high - 1); /* one byte less does not do */
    lay_out(&a, p);
    T_CHECK(a.failed && p[3] == NULL && p[4] != NULL);
}

T_TEST(arena_refuses_what_does_not_fit) {
    static _Alignas(64) uint8_t block[256];
    hr_arena a;
    hr_arena_init(&a, block + 1, 255);
    T_CHECK(a.base == block + 64 && a.cap == 192);
    T_CHECK(hr_arena_alloc(&a, SIZE_MAX, 2, 1) == NULL && a.failed && a.used == 0);
    T_CHECK(hr_arena_alloc(&a, SIZE_MAX / 2 + 1, 2, 8) == NULL);
    T_CHECK(hr_arena_alloc(&a, 1, 193, 1) == NULL && hr_arena_alloc(&a, 1, 192, 1) != NULL);
    T_CHECK(hr_arena_alloc(&a, 0, 8, 8) != NULL && hr_arena_alloc(&a, 1, 1, 1) == NULL);
    T_CHECK(hr_arena_alloc(&a, 1, SIZE_MAX - 100, 1) == NULL && a.used == 192 && a.high == 192);
    hr_arena_init(&a, block + 1, 62); /* shorter than the way to the first aligned byte */
    T_CHECK(a.cap == 0 && hr_arena_alloc(&a, 1, 1, 1) == NULL && a.failed);
    hr_arena_init(&a, NULL, 100);
    T_CHECK(a.base != NULL && hr_arena_alloc(&a, 1, 1, 1) == NULL && a.failed);
    hr_arena_init_count(&a);
    hr_arena_alloc(&a, 1, SIZE_MAX - 2, 1);
    T_CHECK(!a.failed && hr_arena_alloc_raw(&a, 1, 1, 64) == NULL && a.failed); /* a plan may be too large as well */
    hr_arena_init(&a, block, sizeof block);
    memset(block, 0x55, sizeof block);
    uint8_t *raw = hr_arena_alloc_raw(&a, 4, 4, 4);
    T_CHECK(raw == block && raw[0] == 0x55 && raw[15] == 0x55);
}

/* --- text and hash ------------------------------------------------------------------------------------------------ */
T_TEST(strings_compare_whole) {
    hr_str s = hr_str_of("name"), none = {NULL, 0};
    T_CHECK(s.size == 4 && hr_str_is(s, "name"));
    T_CHECK(!hr_str_is(s, "nam") && !hr_str_is(s, "names") && !hr_str_is(s, "nbme") && !hr_str_is(s, ""));
    T_CHECK(hr_str_is(none, "") && !hr_str_is(none, "a"));
}

/* RFC 3629: shortest form, no surrogates, up to 10FFFF; by value, not by table 3-7 */
static bool rfc3629(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n;) {
        size_t len = p[i] < 0x80 ? 1
                     : (p[i] & 0xe0) == 0xc0 ? 2
                     : (p[i] & 0xf0) == 0xe0 ? 3 : (p[i] & 0xf8) == 0xf0 ? 4 : 0;
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (len == 0 || n - i < len) return false;
        uint32_t v = len == 1 ? p[i] : p[i] & (0xffu >> (len + 1));
        for (size_t k = 1; k < len; k++) {
            if (p[i + k] >> 6 != 2) return false;
            v = v << 6 | (p[i + k] & 63u);
        }
        if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) return false;
        i += len;
    }
    return true;
}

T_TEST(utf8_agrees_with_the_rfc_on_every_short_string) {
    uint8_t b[5];
    long wrong = 0, good = 0;
    T_CHECK(hr_utf8_valid(NULL, 0));
    for (uint32_t u = 0; u < 1u << 24; u++) {
        b[0] = (uint8_t)(u >> 16), b[1] = (uint8_t)(u >> 8), b[2] = (uint8_t)u;
        bool want = rfc3629(b, 3);
        wrong += hr_utf8_valid(b, 3) != want;
        good += want;
        if ((u & 0xffff) == 0) wrong += hr_utf8_valid(b, 1) != rfc3629(b, 1);
        if ((u & 0xff) == 0) wrong += hr_utf8_valid(b, 2) != rfc3629(b, 2);
    }
    for (uint32_t u = 0; u < 1u << 22; u++) { /* four bytes: all leads f0..ff, the edges of the others */
        static const uint8_t edge[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4,
                                       0xf5, 0xff};
        b[0] = (uint8_t)(0xf0 | (u & 15)), b[1] = (uint8_t)(u >> 4), b[2] = edge[u >> 12 & 15], b[3] = edge[u >> 16 & 15];
        b[4] = edge[u >> 20 & 3];
        wrong += hr_utf8_valid(b, 4) != rfc3629(b, 4);
        wrong += hr_utf8_valid(b, 5) != rfc3629(b, 5);
    }
    T_EQ_I(wrong, 0);
    T_CHECK(good > 2000000); /* 128^3 ASCII alone */
}

T_TEST(hash_depends_on_every_byte_and_on_nothing_else) {
    uint8_t b[65], copy[80];
    for (size_t i = 0; i < sizeof b; i++) b[i] = (uint8_t)(i * 37 + 1);
    for (size_t n = 0; n <= sizeof b; n++) {
        uint64_t h = hr_hash64(b, n, 5);
        memset(copy, 0xcc, sizeof copy);
        for (size_t shift = 0; shift < 8; shift++) { /* the address does not matter, nor what lies behind */
            memcpy(copy + shift, b, n);
            T_EQ_U(hr_hash64(copy + shift, n, 5), h);
        }
        T_CHECK(hr_hash64(b, n, 6) != h);
        if (n > 0) T_CHECK(hr_hash64(b, n - 1, 5) != h);
        for (size_t i = 0; i < n; i++) {
            b[i] ^= 0x10;
            T_CHECK(hr_hash64(b, n, 5) != h);
            b[i] ^= 0x10;
        }
    }
    T_CHECK(hr_hash64(NULL, 0, 1) == hr_hash64(b, 0, 1));
    const uint8_t zeros[16] = {0};
    T_CHECK(hr_hash64(zeros, 8, 0) != hr_hash64(zeros, 9, 0) && hr_hash64(zeros, 8, 0) != hr_hash64(zeros, 16, 0));
    T_EQ_U(hr_hash64("hearth hashes", 13, 1), 0x20a5fb7b8474a4cfu); /* the same on every host; computed by a Python program */
}

/* --- processor ---------------------------------------------------------------------------------------------------- */
T_TEST(isa_lists) {
    uint32_t bits = 1;
    hr_error e;
    hr_error_clear(&e);
    T_CHECK(hr_isa_parse("scalar", &bits, &e) == HR_OK && bits == 0);
    T_CHECK(hr_isa_parse("c", &bits, &e) == HR_OK && bits == 0);
    T_CHECK(hr_isa_parse("all", &bits, &e) == HR_OK && bits == (uint32_t)HR_ISA_ALL);
    T_CHECK(hr_isa_parse("avx2", &bits, &e) == HR_OK && bits == (HR_ISA_AVX2 | HR_ISA_SSE41));
    T_CHECK(hr_isa_parse("avx512vnni", &bits, &e) == HR_OK &&
            bits == (HR_ISA_AVX512VNNI | HR_ISA_AVX512 | HR_ISA_AVX2 | HR_ISA_SSE41));
    T_CHECK(hr_isa_parse("sse41,neon", &bits, &e) == HR_OK && bits == (HR_ISA_SSE41 | HR_ISA_NEON));
    T_CHECK(hr_isa_parse("sme2", &bits, &e) == HR_OK &&
            bits == (HR_ISA_SME2 | HR_ISA_SME | HR_ISA_DOTPROD | HR_ISA_NEON));
    T_EQ_I(e.status, HR_OK);
    static const char *const bad[] = {"", "avx", "avx2,", ",avx2", "AVX2", "avx2 ", "all,what"};
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        hr_error_clear(&e);
        bits = 9;
        T_EQ_I(hr_isa_parse(bad[i], &bits, &e), HR_E_ARG);
        T_CHECK(bits == 0 && e.status == HR_E_ARG && e.what[0] != 0);
    }
    T_EQ_I(hr_isa_parse(NULL, &bits, NULL), HR_E_ARG);
    T_CHECK(strstr(e.what, "'what'") != NULL);
    for (unsigned b = 0; b < 32; b++) { /* a name is read back as its own bit */
        const char *name = hr_isa_name(1u << b);
        if (strcmp(name, "?") == 0) continue;
        T_CHECK(hr_isa_parse(name, &bits, NULL) == HR_OK && (bits & 1u << b));
    }
    T_EQ_STR(hr_isa_name(0), "scalar");
    T_EQ_STR(hr_isa_name(HR_ISA_I8MM), "i8mm");
    T_EQ_STR(hr_isa_name(1u << 30), "?");
}

#if defined(__linux__) && defined(__x86_64__)
static bool has_word(const char *line, const char *word) {
    size_t n = strlen(word);
    for (const char *p = line; (p = strstr(p, word)) != NULL; p += n) {
        if (p > line && p[-1] == ' ' && (p[n] == ' ' || p[n] == '\n')) return true;
    }
    return false;
}
#endif

T_TEST(isa_is_what_the_kernel_says) {
    uint32_t isa = hr_cpu_isa();
    T_EQ_U(isa, hr_cpu_isa());
#if defined(__linux__) && defined(__x86_64__)
    static char line[8192];
    FILE *f = fopen("/proc/cpuinfo", "r");
    if (f == NULL) T_SKIP("no /proc/cpuinfo");
    bool found = false;
    while (!found && fgets(line, sizeof line, f) != NULL) found = strncmp(line, "flags", 5) == 0;
    fclose(f);
    if (!found) T_SKIP("no flags in /proc/cpuinfo");
    bool avx2 = has_word(line, "avx2") && has_word(line, "fma") && has_word(line, "f16c");
    bool avx512 = avx2 && has_word(line, "avx512f") && has_word(line, "avx512bw") && has_word(line, "avx512dq") &&
                  has_word(line, "avx512vl");
    T_EQ_I((isa & HR_ISA_SSE41) != 0, has_word(line, "sse4_1"));
    T_EQ_I((isa & HR_ISA_AVX2) != 0, avx2);
    T_EQ_I((isa & HR_ISA_AVXVNNI) != 0, avx2 && has_word(line, "avx_vnni"));
    T_EQ_I((isa & HR_ISA_AVX512) != 0, avx512);
    T_EQ_I((isa & HR_ISA_AVX512VNNI) != 0, avx512 && has_word(line, "avx512_vnni"));
    T_CHECK((isa & (HR_ISA_NEON | HR_ISA_MVE | HR_ISA_RVV)) == 0);
#elif defined(__aarch64__)
    T_CHECK((isa & HR_ISA_NEON) != 0 && (isa & (HR_ISA_SSE41 | HR_ISA_AVX2)) == 0);
#endif
}

T_MAIN(T_RUN(format_agrees_with_libc), T_RUN(format_cuts_and_escapes), T_RUN(first_error_stays),
       T_RUN(every_status_has_a_name_of_its_own), T_RUN(checked_arithmetic_at_the_edges), T_RUN(loads_are_little_endian),
       T_RUN(cursor_reads_every_type_in_turn), T_RUN(cursor_failure_is_sticky), T_RUN(cursor_takes_any_count),
       T_RUN(a_counted_plan_is_exact), T_RUN(arena_refuses_what_does_not_fit), T_RUN(strings_compare_whole),
       T_RUN(utf8_agrees_with_the_rfc_on_every_short_string), T_RUN(hash_depends_on_every_byte_and_on_nothing_else),
       T_RUN(isa_lists), T_RUN(isa_is_what_the_kernel_says))
