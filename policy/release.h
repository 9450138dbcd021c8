/* release.h: which model, prompt pack, adapter, policy or kill switch may run here: signed manifests, decided without a
 * network, clock or file. The host moves the bytes; nothing is believed before its signatures.
 *
 * Canonical text: one statement a line in this order, one blank between words, numbers without leading zeros:
 *
 *     hearth-root 1                    hearth-release 1
 *     version 3                        root 3                the root it was made under, exactly
 *     expires 1893456000               kind model            model prompt adapter policy kill
 *     root 2                           name assistant/small
 *     key HEX  (1...16, threshold 2)   version 12
 *     release 1                        expires 1830000000    Unix seconds
 *     key HEX  (1...16)                floor 9               versions below must not run, on any device
 *     sign KEY SIGNATURE  (1...16)     class phone           any micro phone laptop desktop server; 1...6, ascending
 *                                      rollout 500           of 10000 buckets
 *                                      file 123 SHA256       0...16: bytes, hash; none for a kill switch
 *                                      sign KEY SIGNATURE
 *
 * Signed is all before the first `sign`; its first word keeps the two kinds apart. One manifest names all its files, so that
 * none can be mixed from two. Versions only grow under one root; a new root (version + 1, signed by the old and the new
 * threshold) starts them afresh: that is the way out after a stolen key, and manifests of older roots are refused. */
#ifndef HR_POLICY_RELEASE_H
#define HR_POLICY_RELEASE_H
#include "engine/base/base.h"

enum { HR_RELEASE_KEYS = 16, HR_RELEASE_FILES = 16, HR_RELEASE_ITEMS = 32, HR_RELEASE_BYTES = 16384,
    HR_RELEASE_BUCKETS = 10000, HR_RELEASE_NAME_BYTES = 63 };

typedef struct hr_release_keys {
    uint32_t n, threshold;
    uint8_t key[HR_RELEASE_KEYS][32];
} hr_release_keys;
typedef struct hr_release_root {
    uint32_t version;
    uint64_t expires;                /* Unix seconds */
    hr_release_keys role[2];         /* root, release */
} hr_release_root;
typedef struct hr_release_file {
    uint64_t size;
    uint8_t sha256[32];
} hr_release_file;
typedef struct hr_release {
    uint32_t root, kind, version, floor, classes, rollout, n_files;
    uint64_t expires;
    char name[HR_RELEASE_NAME_BYTES + 1];
    hr_release_file file[HR_RELEASE_FILES];
    uint8_t id[16];                  /* of kind and name */
    uint8_t body[32], content[32];   /* SHA-256 of what is signed; of the files' sizes and hashes */
} hr_release;

/* What a device remembers: about 5 KB, without pointers. */
typedef struct hr_release_item {
    uint8_t id[16];
    uint32_t highest, floor, active; /* manifest seen; slot 0 A, 1 B */
    uint32_t version[2];             /* in the slot; 0: empty */
    uint8_t body[32], content[2][32];
} hr_release_item;
typedef struct hr_release_state {
    uint64_t sequence, now;          /* now: the latest time seen, so that a clock set back revives nothing */
    hr_release_root root;
    uint32_t n_items;
    hr_release_item item[HR_RELEASE_ITEMS];
} hr_release_state;

/* The first root: the one the app ships with, believed if its own keys sign it. */
HR_PRIVATE hr_status hr_release_init(hr_release_state *s, const void *root, size_t n, uint64_t now, hr_error *err);
HR_PRIVATE hr_status hr_release_rotate(hr_release_state *s, const void *root, size_t n, uint64_t now, hr_error *err);

typedef enum { HR_RELEASE_WAIT, HR_RELEASE_HAVE, HR_RELEASE_INSTALL } hr_release_verdict;
typedef struct hr_release_device {
    uint32_t classes;                /* one bit of 1 << (1 micro ... 5 server) */
    const void *secret;              /* of the device, 16...64 bytes: its bucket cannot be guessed or chosen */
    size_t n_secret;
} hr_release_device;
/* Verifies and decides: not for this device (yet), already there, or: save *s, put the files into slot *slot (no longer
 * one to go back to), switch, save. HR_E_FORMAT and HR_E_LIMIT with line and column; HR_E_DENIED: signatures, version, root,
 * expiry. *s changes only on success. */
HR_PRIVATE hr_status hr_release_accept(hr_release_state *s, const void *text, size_t n, const hr_release_device *device,
                                       uint64_t now, hr_release *m, hr_release_verdict *verdict, int *slot, hr_error *err);
/* got[n]: size and SHA-256 of what stands in the slot, by the caller's own reading. */
HR_PRIVATE hr_status hr_release_switch(hr_release_state *s, const hr_release *m, const hr_release_file *got, size_t n,
                                       hr_error *err);
/* to the other slot, if it holds what may run */
HR_PRIVATE hr_status hr_release_back(hr_release_state *s, const uint8_t id[16], hr_error *err);
HR_PRIVATE int hr_release_active(const hr_release_state *s, const uint8_t id[16]);               /* slot; -1: nothing may run */
HR_PRIVATE void hr_release_id(uint32_t kind, hr_str name, uint8_t id[16]);
HR_PRIVATE uint32_t hr_release_bucket(const hr_release_device *device, const uint8_t id[16]);

/* The line that signs `text` up to its first "sign" (a root or manifest, or it is refused); text NULL: "key HEX". */
enum { HR_RELEASE_LINE = 199 };
HR_PRIVATE hr_status hr_release_sign(const uint8_t seed[32], const void *text, size_t n, char line[HR_RELEASE_LINE + 1],
                                     hr_error *err);
HR_PRIVATE hr_status hr_release_read(const void *text, size_t n, hr_release *m, hr_error *err); /* for switch */

/* The state's file has two records; the older one is overwritten: write at *offset, then sync. A cut at any byte leaves the
 * other one whole. load takes the newest whole one. */
enum { HR_RELEASE_RECORD = 40 + 2 * (8 + 32 * HR_RELEASE_KEYS) + HR_RELEASE_ITEMS * 132 + 32 };
HR_PRIVATE void hr_release_save(hr_release_state *s, uint8_t record[HR_RELEASE_RECORD], uint64_t *offset);
HR_PRIVATE hr_status hr_release_load(hr_release_state *s, const void *file, size_t n, hr_error *err);
#endif
