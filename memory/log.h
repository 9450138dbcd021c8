/* log.h: the one file below everything the store remembers: batches of records appended over fixed-size segments of a
 * block device. memory/FORMAT.md has every byte. Acknowledged means durable: hr_log_commit returns after the sync.
 *
 * A batch lies in one segment, and a new segment begins only after the sync of the last batch in the old one: whatever is
 * broken behind the last whole batch of the newest segment was never acknowledged (a torn tail, dropped); whatever is broken
 * with a later batch behind it was (corruption: skipped, counted, and the log is read-only until it is repaired). */
#ifndef HR_LOG_H
#define HR_LOG_H
#include "engine/base/base.h"
#include "engine/base/crypto.h"
#include "engine/base/sys_block.h"
#include "kernels/kernel.h"

enum {
    HR_LOG_SLOT_BYTES = 4096,  /* each of the two superblock slots: one erase unit */
    HR_LOG_SEG_HEADER = 64,
    HR_LOG_SEALED_HEADER = 128, /* of a segment of an encrypted log */
    HR_LOG_REC_HEADER = 32,
    HR_LOG_SEAL = 24,          /* bytes that encryption adds to a payload */
    HR_LOG_CRITICAL = 1 << 0,  /* record flag: who does not know the type must refuse the store */
    HR_LOG_LAST = 1 << 1,      /* closes its batch */
    HR_LOG_FIRST = 1 << 2      /* opens its batch */
};

typedef struct hr_log_loc {
    uint32_t seg;  /* index of the segment on the device */
    uint32_t at;   /* of the record's header in it */
} hr_log_loc;

typedef struct hr_log_rec {
    uint16_t type, flags;
    uint32_t n;          /* payload bytes */
    const void *data;    /* [n]; commit: given; visit: payload, valid during the call */
    uint64_t lsn;        /* set by commit and visit */
    hr_log_loc loc;      /* set by commit and visit */
} hr_log_rec;

typedef struct hr_log_seg {
    uint64_t seq;        /* 0: free */
    uint64_t salt, first_lsn;
    uint32_t end;        /* bytes up to the end of the last whole batch */
    bool dirty;          /* free, but not erased yet; or ends in debris of a torn batch */
    bool damaged;        /* something acknowledged in it cannot be read */
    uint8_t key[32];     /* of an encrypted log: its own, random */
} hr_log_seg;

/* Hears every record of every whole batch, oldest first. An error stops and is returned. */
typedef hr_status hr_log_visit(void *ctx, const hr_log_rec *rec, hr_error *err);

typedef struct hr_log_damage {
    uint64_t records;    /* acknowledged records that are lost, as far as their numbers tell */
    uint64_t places;     /* spans that could not be read */
    uint64_t first_at;   /* offset of the first of them */
    uint64_t torn_bytes; /* never acknowledged, dropped */
} hr_log_damage;

typedef struct hr_log_mark { /* written when a log is closed */
    uint64_t next_lsn;   /* every record with a lower number was acknowledged; 0: no mark */
    uint64_t next_seq;   /* and every segment with a lower one was begun */
    uint64_t sum;        /* over the segments */
    bool whole;          /* sum counts, as long as nothing was written since */
    uint32_t erasing;    /* 1 + place of the segment whose erase may have been cut; 0: none */
} hr_log_mark;

typedef struct hr_wal {
    hr_block block;
    const hr_allocator *memory;
    hr_crc_fn *crc;      /* the fastest hr_crc32c of this machine */
    hr_log_seg *segs;    /* [cap_segs], n_segs in use, by place on the device */
    uint32_t n_segs, cap_segs, seg_bytes;
    uint8_t uuid[16];
    uint8_t *buf;        /* [buf_bytes]: reads while visiting and verifying, writes while committing */
    uint32_t buf_bytes, align;
    uint32_t win_seg, win_at, win_n; /* what of the device buf holds; win_n 0: nothing */
    uint64_t win_loads;  /* how often it was filled */
    uint64_t next_lsn, next_seq;
    uint32_t head;       /* segment being written, UINT32_MAX: none yet */
    bool head_closed;    /* debris behind its end: the next commit opens another */
    bool latched;        /* a write or sync failed: nothing more is written through this handle */
    bool read_only;
    bool sealed;         /* encrypted */
    bool marked;         /* mark says all: nothing has changed since */
    bool open;           /* hr_log_open went through */
    bool cut_off;        /* the file is shorter than it was made */
    hr_log_mark mark;
    uint32_t mark_place; /* of the next one */
    uint32_t seg_head;   /* bytes of a segment's header */
    uint64_t generation; /* of the superblock that holds */
    uint32_t super_slot; /* where it is */
    uint8_t store_key[32];   /* wraps the keys of segments */
    uint8_t session[8];  /* random, of this handle: no nonce comes twice, whatever a crash took back */
    uint8_t *plain;      /* [buf_bytes]: the payload that visit sees */
    hr_log_damage damage;
    /* Asked at open, when the headers of segments are read: whoever knows the log up to a place sets head, next_lsn there, and
     * the end of every segment up to head, and is visited with what follows. false: nothing set. NULL: not asked. */
    bool (*resume)(void *ctx, struct hr_wal *log);
} hr_wal;

/* What opens an encrypted log: 32 random bytes that the host keeps, or a passphrase. */
typedef struct hr_log_secret {
    const void *data;    /* NULL: none */
    size_t n;
    bool passphrase;
    uint32_t kib, passes; /* Argon2id, of a new wrap; 0: 64 MiB, 3 */
} hr_log_secret;

typedef struct hr_log_config {
    uint32_t segment_bytes;  /* of a new log; a multiple of 4096, at least 8192. 0: 1 MiB */
    uint32_t buffer_bytes;   /* at least 64; the largest payload that visit can hand out whole. 0: a segment */
    bool repair;             /* damage does not make it read-only: what is lost is given up */
    const hr_allocator *memory;
    hr_log_secret secret;    /* given: a new log is encrypted, and an old one must be */
} hr_log_config;

/* Opens the log on b (taken over also on failure: closed), or makes one where b is empty and not read-only. visit may be NULL.
 * Returns  HR_OK (look at damage) | HR_E_FORMAT no log, or both superblocks broken | HR_E_UNSUPPORTED a later version
 *          | HR_E_KEY none given, the wrong one, or one for a log that is not encrypted
 *          | HR_E_MEMORY | HR_E_IO | what visit returned */
HR_PRIVATE hr_status hr_log_open(hr_wal *log, hr_block *b, const hr_log_config *config, hr_log_visit *visit, void *ctx,
                                 hr_error *err);
HR_PRIVATE hr_status hr_log_open_from(hr_wal *log, hr_block *b, const hr_log_config *config, hr_log_visit *visit,
                                      bool (*resume)(void *ctx, hr_wal *log), void *ctx, hr_error *err);
HR_PRIVATE void hr_log_close(hr_wal *log); /* safe on a zeroed log */
/* Appends n records as one atomic batch; sync: and waits for the device. Fills lsn and loc of each.
 * Returns  HR_OK: durable | HR_E_LIMIT too large for a segment | HR_E_FULL the device is | HR_E_STATE read-only
 *          | HR_E_IO: unknown whether it is there, nothing more is written (open again and look) */
HR_PRIVATE hr_status hr_log_commit(hr_wal *log, hr_log_rec *recs, size_t n, hr_error *err);
HR_PRIVATE uint64_t hr_log_batch_limit(const hr_wal *log); /* sum over a batch of hr_log_space at most this */
HR_PRIVATE uint64_t hr_log_room(const hr_wal *log); /* what still fits the segment being written */
HR_PRIVATE uint64_t hr_log_space(const hr_wal *log, uint64_t payload_bytes);
/* Reads the payload at loc; checks that it is whole and of lsn (0: any). dst [cap]; *n: its bytes. HR_E_FORMAT: it is not. */
HR_PRIVATE hr_status hr_log_read(hr_wal *log, hr_log_loc loc, uint64_t lsn, void *dst, size_t cap, hr_log_rec *rec,
                                 hr_error *err);
/* every record of one segment, as hr_log_open visits them */
HR_PRIVATE hr_status hr_log_visit_segment(hr_wal *log, uint32_t seg, hr_log_visit *visit, void *ctx, hr_error *err);
HR_PRIVATE void hr_log_close_head(hr_wal *log); /* the next commit begins a new segment */
HR_PRIVATE hr_status hr_log_begin_segment(hr_wal *log, hr_error *err); /* now, where the head is closed */
/* The segment's bytes are gone from the device when it returns. Not the head. */
HR_PRIVATE hr_status hr_log_free_segment(hr_wal *log, uint32_t seg, hr_error *err);
/* Wraps the store's key with another secret; the old one opens nothing when it returns. */
HR_PRIVATE hr_status hr_log_rekey(hr_wal *log, const hr_log_secret *secret, hr_error *err);
HR_PRIVATE hr_status hr_log_cut(hr_wal *log, hr_error *err); /* gives free segments at the device's end back */
#endif
