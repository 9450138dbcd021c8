/* Crashes of the whole store by enumeration. A device made of memory records every operation of a life (batches, updates,
 * deletes, forgetting, compaction, changes of keys, closing and opening again). Then every prefix of the record is a moment
 * of power loss, and what was not synced is there in part: each sector as before or as after any of the writes under way, or
 * torn inside; a file's length likewise. Flash is cut inside the program or erase under way. A state is counted once, by a
 * hash of its bytes. Each must open without alarm and hold exactly what was acknowledged, or that and the whole operation
 * under way; nothing that was forgotten may be in its bytes; opening may be cut again.
 * One assumption, as with every database on disks: a write that is cut leaves the bytes of its sector that it does not
 * write as they were. HEARTH_CRASH_STATES: distinct states wanted. */
#include "tests/t.h"
#include "memory/store.h"

enum { SEG = 4096, DISK_BYTES = 8192 + 20 * SEG, PIECE = 512, SLOTS = 20, ACTS = 40, MAX_OPS = 6000 };
enum { DO_PROGRAM, DO_ERASE, DO_SYNC, DO_CUT };
typedef struct disk_op { int what; uint64_t at, n; uint8_t *data; } disk_op;
typedef struct disk {
    uint8_t now[DISK_BYTES];
    uint64_t size;
    bool flash, misuse;
    long n_ops, fail_at, tried; /* fail_at: this one and all later ones fail; 0: none */
    disk_op *ops;      /* NULL: not recorded */
} disk;

static disk_op *disk_note(disk *d, int what, uint64_t at, uint64_t n) {
    if (!d->ops || d->n_ops == MAX_OPS) return NULL;
    disk_op *o = &d->ops[d->n_ops++];
    *o = (disk_op){what, at, n, NULL};
    return o;
}
static bool disk_fails(disk *d) { return ++d->tried >= d->fail_at && d->fail_at; }
static hr_status disk_read(void *ctx, uint64_t at, void *dst, size_t n, hr_error *err) {
    disk *d = ctx;
    if (disk_fails(d)) return hr_fail(err, HR_E_IO, at, "disk", "played");
    if (at + n > d->size) d->misuse = true;
    memcpy(dst, d->now + at, n);
    return HR_OK;
}
static hr_status disk_program(void *ctx, uint64_t at, const void *src, size_t n, hr_error *err) {
    disk *d = ctx;
    const uint8_t *p = src;
    if (disk_fails(d)) return hr_fail(err, HR_E_IO, at, "disk", "played");
    if (at + n > DISK_BYTES || at % 8 || n % 8) return d->misuse = true, HR_E_IO;
    for (size_t i = 0; d->flash && i < n; i++) d->misuse |= (p[i] & ~d->now[at + i]) != 0;
    disk_op *o = disk_note(d, DO_PROGRAM, at, n);
    if (o) o->data = malloc(n + 1), memcpy(o->data, p, n);
    memcpy(d->now + at, p, n);
    if (at + n > d->size) d->size = at + n;
    return HR_OK;
}
static hr_status disk_erase(void *ctx, uint64_t at, uint64_t n, hr_error *err) {
    disk *d = ctx;
    if (disk_fails(d)) return hr_fail(err, HR_E_IO, at, "disk", "played");
    if (at + n > DISK_BYTES) return hr_fail(err, HR_E_IO, at, "disk", "full");
    disk_note(d, DO_ERASE, at, n);
    memset(d->now + at, d->flash ? 0xff : 0, n);
    if (at + n > d->size) d->size = at + n;
    return HR_OK;
}
static hr_status disk_sync(void *ctx, hr_error *err) {
    disk *d = ctx;
    if (disk_fails(d)) return hr_fail(err, HR_E_IO, 0, "disk", "played");
    disk_note(d, DO_SYNC, 0, 0);
    return HR_OK;
}
static hr_status disk_cut(void *ctx, uint64_t size, hr_error *err) {
    disk *d = ctx;
    if (disk_fails(d)) return hr_fail(err, HR_E_IO, 0, "disk", "played");
    disk_note(d, DO_CUT, size, 0);
    memset(d->now + size, 0, DISK_BYTES - size);
    d->size = size;
    return HR_OK;
}
static void disk_init(disk *d, bool flash, disk_op *ops) {
    memset(d, 0, sizeof *d);
    d->flash = flash;
    d->ops = ops;
    if (flash) memset(d->now, 0xff, DISK_BYTES), d->size = DISK_BYTES;
}

/* --- a life: what the store should hold after each act --------------------------------------------------------------- */
typedef struct thing { uint64_t id; uint16_t version; bool vec; } thing; /* version 0: not there */
typedef struct scene {           /* after an act */
    thing at[SLOTS];
    int key;                     /* of an encrypted store: which */
    long ops;                    /* recorded operations so far */
    uint8_t gone[SLOTS][128];    /* versions whose bytes may be nowhere: 1 */
} scene;
typedef struct life {
    bool sealed, flash;
    uint32_t seed, rng;
    int n;                       /* acts */
    scene s[ACTS + 1];
    disk_op ops[MAX_OPS];
    long n_ops;
} life;
static uint32_t life_random(uint32_t *r) { return *r ^= *r << 13, *r ^= *r >> 17, *r ^= *r << 5; }
static int thing_text(uint32_t seed, int slot, int version, char out[700]) {
    int n = sprintf(out, "<%02d.%04d>", slot, version);
    int more = (int)((uint32_t)(slot * 7919 + version * 104729 + (int)(seed % 1000)) * 2654435761u >> 20) % 300;
    if ((slot + version) % 11 == 0) more += 350;
    for (int i = 0; i < more; i++) out[n++] = (char)('a' + (i * 7 + slot + version * 3) % 26);
    return n;
}
static void thing_vector(int slot, int version, float v[6]) {
    for (int i = 0; i < 6; i++) v[i] = (float)((slot * 31 + version * 17 + i * 7) % 23) - 11.0f;
}
static const char crash_keys[2][33] = {"the first key, of 32 bytes......", "the second key, of 32 bytes....."};
static hr_status life_open(hr_store *s, disk *d, bool sealed, int key) {
    hr_block b = {disk_read, disk_program, disk_erase, disk_sync, d->flash ? NULL : disk_cut, NULL, d, d->size, DISK_BYTES,
                  8, 4096, d->flash ? 0xff : 0, false};
    hr_store_config c = {SEG, true, false, NULL, {sealed ? crash_keys[key] : NULL, sealed ? 32 : 0, false, 0, 0}};
    return hr_store_open(s, &b, &c, NULL);
}
static void mark_gone(scene *c, const uint16_t newest[SLOTS]) { /* every version that is not the living one */
    for (int k = 0; k < SLOTS; k++)
        for (int v = 1; v <= newest[k]; v++) c->gone[k][v] = c->at[k].version != v;
}
static hr_status act(life *l, hr_store *s, disk *d, scene *c, uint16_t newest[SLOTS]) {
    uint32_t what = life_random(&l->rng) % 100;
    static char text[8][700];
    float vec[8][6];
    hr_item it[8];
    uint64_t ids[4], n = 0;
    if (what < 62) { /* a batch: new ones and updates */
        uint32_t m = 1 + (what % 3 ? 0 : life_random(&l->rng) % 7);
        memset(it, 0, sizeof it);
        for (uint32_t i = 0; i < m; i++) {
            int k = (int)((life_random(&l->rng) % (SLOTS / 8) * 8 + i) % SLOTS);
            for (uint32_t j = 0; j < i; j++) if (it[j].count == (uint32_t)k + 1) k = (k + 8) % SLOTS, j = (uint32_t)-1;
            it[i].count = (uint32_t)k + 1;
            it[i].id = c->at[k].version ? c->at[k].id : 0;
            int v = ++newest[k];
            it[i].text = (hr_str){text[i], (size_t)thing_text(l->seed, k, v, text[i])};
            it[i].scope = (hr_str){"s", 1};
            c->at[k].vec = (k + v) % 3 == 0;
            if (c->at[k].vec) thing_vector(k, v, vec[i]), it[i].vector = vec[i], it[i].dim = 6, it[i].space = "six";
            c->at[k].version = (uint16_t)v;
        }
        HR_TRY(hr_store_put(s, it, m, NULL));
        for (uint32_t i = 0; i < m; i++) c->at[it[i].count - 1].id = it[i].id;
        return HR_OK;
    }
    for (int k = 0; k < SLOTS && n < 3; k++) {
        int at = (k + (int)(what * 7)) % SLOTS;
        if (c->at[at].version && (what >= 75 || life_random(&l->rng) % 2)) ids[n++] = c->at[at].id, c->at[at].version = 0;
        if (what >= 75 && n == 1) break;
    }
    if (what < 75) return n ? hr_store_delete(s, ids, n, NULL) : HR_OK;
    if (what < 84) {
        hr_filter f = HR_FILTER_ANY;
        f.id = n ? ids[0] : 999999;
        HR_TRY(hr_store_forget(s, &f, &n, NULL));
        mark_gone(c, newest);
        return HR_OK;
    }
    *c = l->s[l->n - 1]; /* the others change nothing */
    if (what < 90) {
        HR_TRY(hr_store_compact(s, NULL));
        mark_gone(c, newest);
        return HR_OK;
    }
    if (what < 95 && l->sealed) {
        c->key = 1 - c->key;
        hr_log_secret secret = {crash_keys[c->key], 32, false, 0, 0};
        return hr_log_rekey(&s->log, &secret, NULL);
    }
    hr_store_close(s);
    return life_open(s, d, l->sealed, c->key);
}
static bool live(life *l, disk *d, uint32_t seed, bool sealed, bool flash) {
    uint16_t newest[SLOTS] = {0};
    hr_store s;
    for (long i = 0; i < l->n_ops; i++) free(l->ops[i].data);
    memset(l, 0, sizeof *l);
    l->seed = seed;
    l->rng = seed * 2654435761u | 1;
    l->sealed = sealed;
    l->flash = flash;
    disk_init(d, flash, l->ops);
    bool ok = T_EQ_I(life_open(&s, d, sealed, 0), HR_OK);
    l->s[0].ops = d->n_ops;
    for (l->n = 1; l->n <= ACTS && ok; l->n++) {
        scene *c = &l->s[l->n];
        *c = l->s[l->n - 1];
        ok = T_EQ_I(act(l, &s, d, c, newest), HR_OK);
        c->ops = d->n_ops;
    }
    l->n = ACTS;
    hr_store_close(&s);
    l->n_ops = d->n_ops;
    return ok && T_CHECK(!d->misuse && l->n_ops < MAX_OPS);
}

/* --- what a crash left --------------------------------------------------------------------------------------------------- */
static bool scene_is(hr_store *s, const life *l, const scene *c) {
    char want[700];
    float v[6], x[6];
    uint32_t n = 0;
    for (int k = 0; k < SLOTS; k++) {
        hr_item got;
        const thing *t = &c->at[k];
        if (!t->version) continue;
        hr_entry *e = hr_store_find(s, t->id);
        n++;
        if (!e || hr_store_read(s, e, &got, NULL) != HR_OK) return false;
        size_t m = (size_t)thing_text(l->seed, k, t->version, want);
        if (got.text.size != m || memcmp(got.text.data, want, m) || (e->vec_space != 0) != t->vec) return false;
        if (!t->vec) continue;
        thing_vector(k, t->version, v);
        if (hr_store_vector(s, e, x, 6, NULL) != HR_OK || memcmp(v, x, sizeof v)) return false;
    }
    return s->n_live == n;
}
static const char *bytes_left(const disk *d, const life *l, const scene *c) { /* forgotten and acknowledged: nowhere */
    const uint8_t *p = d->now, *end = p + d->size;
    while ((p = memchr(p, '<', (size_t)(end - p))) != NULL && end - p >= 9) {
        bool form = p[3] == '.' && p[8] == '>';
        for (int i = 1; i < 8 && form; i++) form = i == 3 || (p[i] >= '0' && p[i] <= '9');
        if (form) {
            int k = (p[1] - '0') * 10 + p[2] - '0', v = (p[4] - '0') * 1000 + (p[5] - '0') * 100 + (p[6] - '0') * 10 + p[7] - '0';
            char text[700]; /* a cut erase of flash makes another digit of a living one's: 8 more bytes tell */
            bool gone = k < SLOTS && v < 128 && c->gone[k][v];
            size_t n = gone ? hr_min_size((size_t)thing_text(l->seed, k, v, text), 17) : 0;
            if (gone && (size_t)(end - p) >= n && memcmp(p, text, n) == 0) return "forgotten bytes are there";
        }
        p++;
    }
    return NULL;
}
/* acts up to a are acknowledged. NULL: all is well. d is changed. ops: records what opening does, or NULL. */
static const char *judge(const life *l, disk *d, int a, bool more, disk_op *ops) {
    hr_store s;
    const scene *c = &l->s[a], *next = a < ACTS ? c + 1 : c;
    const char *bad = l->sealed ? NULL : bytes_left(d, l, c);
    if (bad) return bad;
    d->ops = ops;
    d->n_ops = 0;
    hr_status status = life_open(&s, d, l->sealed, c->key);
    int key = c->key;
    if (status == HR_E_KEY && next->key != c->key) status = life_open(&s, d, l->sealed, key = next->key);
    if (status != HR_OK) return "does not open";
    if (s.log.damage.places || s.log.read_only) bad = "a false alarm";
    else if (!scene_is(&s, l, c) && !scene_is(&s, l, next)) bad = "not what was acknowledged";
    else if (more) {
        hr_item it;
        memset(&it, 0, sizeof it);
        it.text = (hr_str){"after the crash", 15};
        uint32_t n = s.n_live;
        if (hr_store_put(&s, &it, 1, NULL) != HR_OK) bad = "does not go on";
        hr_store_close(&s);
        if (bad || life_open(&s, d, l->sealed, key) != HR_OK) return "does not open again";
        if (s.n_live != n + 1 || s.log.damage.places || !hr_store_find(&s, it.id)) bad = "the next record is lost";
    }
    d->ops = NULL;
    hr_store_close(&s);
    return bad ? bad : d->misuse ? "misuse of the device" : NULL;
}

/* --- states ------------------------------------------------------------------------------------------------------------------ */
static struct { uint64_t *at; size_t cap, n; } known;
static bool known_add(uint64_t h) { /* false: seen before */
    if (known.n * 2 >= known.cap) {
        uint64_t *old = known.at;
        size_t n = known.cap;
        known.cap = n ? n * 2 : 1 << 16;
        known.at = calloc(known.cap, 8);
        known.n = 0;
        for (size_t i = 0; i < n; i++) if (old[i]) known_add(old[i]);
        free(old);
    }
    h += h == 0;
    size_t i = h & (known.cap - 1);
    while (known.at[i] && known.at[i] != h) i = (i + 1) & (known.cap - 1);
    if (known.at[i]) return false;
    known.at[i] = h;
    known.n++;
    return true;
}
static void apply_op(uint8_t *p, uint64_t *size, const disk_op *o, uint8_t erased) {
    if (o->what == DO_PROGRAM) memcpy(p + o->at, o->data, o->n);
    if (o->what == DO_ERASE) memset(p + o->at, erased, o->n);
    if (o->what == DO_CUT) memset(p + o->at, 0, DISK_BYTES - o->at), *size = o->at;
    else if (o->what != DO_SYNC && o->at + o->n > *size) *size = o->at + o->n;
}
static uint32_t exact_subsets(const disk_op *ops, long from, long t) { /* of the sectors under way, 64 at most */
    uint32_t n = 0;
    for (long i = from; i < t; i++)
        if (ops[i].what == DO_PROGRAM || ops[i].what == DO_ERASE)
            n += (uint32_t)((ops[i].at + ops[i].n + PIECE - 1) / PIECE - ops[i].at / PIECE);
    return n < 6 ? 1u << n : 64;
}
/* Power is lost after operation t - 1. from: the first not synced; base: as of then. Writes under way reached the device in
 * part, sector by sector: bits of `which` while they last, then by r. */
static void power_loss(disk *out, const disk *base, const disk_op *ops, long from, long t, uint32_t which, uint32_t *r) {
    uint64_t size = base->size;
    bool some = which >= 64; /* else an exact subset */
    uint32_t bit = 0, odds = life_random(r) % 5;
    memcpy(out->now, base->now, DISK_BYTES);
    out->size = base->size;
    out->flash = base->flash;
    out->misuse = false;
    out->tried = out->fail_at = 0;
    for (long i = from; i < t; i++) {
        const disk_op *o = &ops[i];
        uint64_t end = o->what == DO_CUT ? DISK_BYTES : o->at + o->n;
        if (o->what == DO_SYNC) continue;
        for (uint64_t at = o->at; at < end;) {
            uint64_t stop = hr_min_size(end, (at / PIECE + 1) * PIECE), lo = at, hi = stop;
            bool there = some ? life_random(r) % 4 < odds : which >> (bit++ % 6) & 1;
            uint32_t tear = some ? life_random(r) % 4 : 0;
            uint64_t mid = at + life_random(r) % (stop - at + 1);
            if (tear == 1) there = true, hi = mid; /* half new, half old, either way round */
            if (tear == 2) there = true, lo = mid;
            for (uint64_t k = lo; k < hi && there; k++) {
                out->now[k] = o->what == DO_PROGRAM ? o->data[k - o->at] : 0;
                /* nothing but a write into erased bytes can leave noise: all others overwrite with zeros, where a cut leaves
                 * old or new bits */
                if (tear == 1 && which % 8 == 7 && o->what == DO_PROGRAM && k >= at + (mid - at) / 2 && o->data[k - o->at])
                    out->now[k] = (uint8_t)life_random(r);
            }
            at = stop;
        }
        uint64_t was = size;
        if (o->what == DO_CUT) size = o->at;
        else if (end > size) size = end;
        if (size != was && life_random(r) % 3 != 0) out->size = some && size > was && life_random(r) % 3 == 0 ?
            was + life_random(r) % (size - was + 1) : size;
    }
    memset(out->now + out->size, 0, DISK_BYTES - out->size);
}
/* flash does one thing after the other; the one under way is cut inside */
static void flash_cut(disk *out, const disk *base, const disk_op *o, uint32_t *r) {
    *out = *base;
    if (o->what == DO_PROGRAM) {
        uint64_t n = life_random(r) % (o->n + 1);
        memcpy(out->now + o->at, o->data, n);
        if (n < o->n) out->now[o->at + n] &= (uint8_t)(o->data[n] | life_random(r)); /* some of its bits */
    } else if (o->what == DO_ERASE) {
        uint32_t odds = life_random(r) % 9;
        bool bits = life_random(r) % 2;
        for (uint64_t i = 0; i < o->n; i++)
            if (life_random(r) % 8 < odds) out->now[o->at + i] |= bits ? (uint8_t)life_random(r) : 0xff;
    }
}
typedef struct tally {
    long distinct, judged, tried, nested, bad, want;
    uint32_t rng;
    const char *why;
    int depth;
    bool no_sync;
} tally;

/* every moment of a record that starts on `start`; depth > 0: of a recovery, with acts up to acked acknowledged before it */
static void every_moment(const life *l, const disk *start, const disk_op *ops, long n, int acked, tally *y, long per) {
    disk *base = malloc(sizeof *base), *solid = malloc(sizeof *solid), *out = malloc(sizeof *out);
    disk_op *inner = y->depth || y->no_sync ? NULL : malloc(MAX_OPS * sizeof *inner);
    long from = 0;
    int a = acked;
    *base = *solid = *start;
    for (long t = 0; t <= n && y->bad == 0 && y->distinct < y->want; t++) {
        if (y->depth == 0) while (a < ACTS && l->s[a + 1].ops <= t) a++;
        if (t > 0 && l->flash == false && ops[t - 1].what == DO_SYNC && !(y->no_sync && t % 7 == 3)) from = t, *solid = *base;
        if (t == n && l->flash) break;
        if (!(y->depth == 0 && t < l->s[0].ops && l->seed > 2)) { /* making a store is the same in every life */
            long dry = 0;
            uint32_t exact = exact_subsets(ops, from, t);
            uint64_t tail = (uint64_t)a; /* what must hold belongs to the state */
            for (uint32_t k = 0; k < per && dry < 12 && y->bad == 0 && y->distinct < y->want; k++) {
                if (l->flash) flash_cut(out, base, &ops[t], &y->rng);
                else power_loss(out, solid, ops, from, t, k < exact ? k : 64 + k, &y->rng);
                y->tried++;
                uint64_t h = hr_hash64(out->now, out->size, out->size);
                y->distinct += known_add(h);
                if (!known_add(hr_hash64(&tail, sizeof tail, h))) { dry++; continue; }
                y->judged++;
                disk *again = NULL;
                if (inner && life_random(&y->rng) % 16 == 0) again = malloc(sizeof *again), *again = *out;
                const char *why = judge(l, out, a, !again && k % 4 == 0, again ? inner : NULL);
                if (why) {
                    y->bad++, y->why = why;
                    if (!y->no_sync)
                        T_FAIL("%s: seed %u sealed %d flash %d, operation %ld of %ld, state %u, depth %d, act %d", why, l->seed,
                               l->sealed, l->flash, t, n, k, y->depth, a);
                }
                if (again && y->bad == 0) { /* power is lost once more while the store recovers */
                    long before = y->distinct, m = out->n_ops;
                    y->depth++;
                    every_moment(l, again, inner, m, a, y, 12);
                    y->depth--;
                    y->nested += y->distinct - before;
                    for (long i = 0; i < m; i++) free(inner[i].data);
                }
                free(again);
            }
        }
        if (t < n) apply_op(base->now, &base->size, &ops[t], l->flash ? 0xff : 0);
    }
    free(base), free(solid), free(out), free(inner);
}
static void enumerate(bool flash, long want, const char *name) {
    life *l = calloc(1, sizeof *l);
    disk *d = malloc(sizeof *d), *start = malloc(sizeof *start);
    tally y = {0, 0, 0, 0, 0, want, 2463534242u, NULL, 0, false};
    long shown = 0, per = want > 100000 ? 200 : flash ? 6 : 24, lives = 0;
    for (uint32_t seed = 1; y.distinct < want && y.bad == 0 && seed < 5000; seed++, lives++) {
        if (!live(l, d, seed, seed % 2 == 0, flash)) break;
        disk_init(start, flash, NULL);
        every_moment(l, start, l->ops, l->n_ops, 0, &y, per);
        if (y.distinct - shown >= 100000) printf("    %s: %ld distinct states\n", name, shown = y.distinct), fflush(stdout);
    }
    T_CHECK(y.distinct >= want);
    printf("    %s: %ld distinct crash states (of %ld made, %ld judged), %ld in the recovery of another, %ld lives\n", name,
           y.distinct, y.tried, y.judged, y.nested, lives);
    for (long i = 0; i < l->n_ops; i++) free(l->ops[i].data);
    free(l), free(d), free(start);
}
static long states_wanted(void) {
    const char *more = getenv("HEARTH_CRASH_STATES");
    return more ? atol(more) : 20000;
}
T_TEST(every_crash_of_a_disk) { enumerate(false, states_wanted(), "disk"); }
T_TEST(every_cut_of_a_flash) { enumerate(true, states_wanted() / 4, "flash"); }

/* the enumeration itself is tested: a device that forgets one sync in seven, and one that swaps writes, must be seen */
T_TEST(a_sync_left_out_is_seen) {
    life *l = calloc(1, sizeof *l);
    disk *d = malloc(sizeof *d), *start = malloc(sizeof *start);
    int seen = 0;
    for (uint32_t seed = 1; seed <= 6; seed++) {
        tally y = {0, 0, 0, 0, 0, 20000, seed * 77777u, NULL, 0, true};
        T_NEED(live(l, d, seed, seed % 2 == 0, false));
        disk_init(start, false, NULL);
        every_moment(l, start, l->ops, l->n_ops, 0, &y, 40);
        seen += y.bad != 0;
    }
    T_EQ_I(seen, 6);
    for (long i = 0; i < l->n_ops; i++) free(l->ops[i].data);
    free(l), free(d), free(start);
}

T_MAIN(T_RUN(every_crash_of_a_disk), T_RUN(every_cut_of_a_flash), T_RUN(a_sync_left_out_is_seen))
