/* store.h: items over the log: what an app learns about its user. The log is the truth; everything here but the log is
 * rebuilt from it at open. One caller per handle; one writer and any number of readers per file. */
#ifndef HR_STORE_H
#define HR_STORE_H
#include "memory/log.h"

enum { /* record types */
    HR_REC_ITEM = 1, HR_REC_VECTOR = 2, HR_REC_TOMB = 3, HR_REC_SPACE = 6
};
enum { HR_KIND_TEXT = 0, HR_KIND_TONE, HR_KIND_INTENT, HR_KIND_BLOCKED, HR_KIND_PERSON, HR_KIND_DEVICE, HR_KIND_VALUE,
       HR_KIND_COUNT };
enum { HR_STORE_NAME_MAX = 1024, HR_STORE_CERTAIN = 1000, HR_STORE_SPACES = 32, HR_STORE_DIM_MAX = 8192 };

typedef struct hr_item {
    uint64_t id;             /* 0: new */
    uint64_t time_ms, expires_ms; /* Unix; expires 0: never */
    uint32_t kind;           /* HR_KIND_* */
    uint32_t confidence;     /* 0 ... 1000; 1000: said by the user */
    uint32_t count;          /* how often it was put under its key */
    hr_str text, scope, source, tags /* joined by commas */, key;
    const float *vector;     /* [dim], or NULL */
    uint32_t dim;
    const char *space;       /* identity of the embedder */
    bool exact;              /* put: written as it is: no merging by key, and the id may be a new one that is still free */
} hr_item;

typedef struct hr_entry {    /* one version of an item; its text stays on the device */
    uint64_t id, lsn, time_ms, expires_ms, scope_hash, source_hash, key_hash;
    hr_log_loc loc;
    uint32_t n;              /* payload bytes */
    uint32_t n_words;        /* set by the lexical index */
    uint32_t next_key;       /* 1 + index of the entry before in the chain of its key's hash */
    uint8_t kind;
    bool live;
    uint8_t vec_space;       /* 1 + index, 0: none */
    uint64_t vec_lsn;
    hr_log_loc vec_loc;
} hr_entry;

typedef struct hr_space {
    char name[128];          /* the identity as the caller spells it */
    uint64_t hash;
    uint32_t dim;
    uint64_t lsn;
    hr_log_loc loc;
} hr_space;

typedef struct hr_filter {   /* all that are given must hold */
    hr_str scope, source, tag, term; /* data NULL: any. term: is in the text (bytes, ASCII letters in either case) */
    uint64_t id;             /* 0: any */
    uint64_t from_ms, to_ms; /* time in [from, to); to 0: open */
    int kind;                /* -1: any */
} hr_filter;
#define HR_FILTER_ANY {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0, 0, 0, -1}

typedef struct hr_store_stats {
    uint64_t items, file_bytes, live_bytes, vectors, spaces, segments, lost_records, lost_places, torn_bytes;
    bool read_only;
} hr_store_stats;

enum { /* hr_store.options: set after open, heeded from then on */
    HR_STORE_NEAR = 1 << 0,  /* large spaces are narrowed down by signs first: nearly always the exact best, much faster */
    HR_STORE_DOT = 1 << 1,   /* vectors are ranked by their product with the query, not by the cosine */
    HR_STORE_F16 = 1 << 2,   /* vectors that are put are kept in 16 bits a number */
    HR_STORE_STEMS = 1 << 3  /* words match without their light suffixes, too */
};
struct hr_lexical;
struct hr_columns;
typedef struct hr_store {
    hr_wal log;
    const hr_allocator *memory;
    hr_entry *entries;       /* [cap]; versions in the order of the log */
    uint32_t n, cap, n_live;
    uint32_t *table;         /* [table_cap] id -> 1 + index of its newest version */
    uint32_t table_cap, table_used;
    uint32_t *keys;          /* [keys_cap] hash of a key -> 1 + index of the newest entry of its chain */
    uint32_t keys_cap, n_keyed;
    hr_space spaces[HR_STORE_SPACES];
    uint32_t n_spaces, options;
    uint8_t *page;           /* [page_bytes] scratch for one payload */
    uint32_t page_bytes;
    struct hr_lexical *lexical; /* built at the first search */
    struct hr_columns *columns;
    struct hr_cache *cache;  /* the file beside it; NULL: no file */
} hr_store;

typedef struct hr_store_config {
    uint32_t segment_bytes;
    bool write, repair;
    const hr_allocator *memory;
    hr_log_secret secret;
} hr_store_config;

HR_PRIVATE hr_status hr_store_open(hr_store *s, hr_block *b, const hr_store_config *config, hr_error *err);
HR_PRIVATE hr_status hr_store_open_file(hr_store *s, const char *path, const hr_store_config *config, hr_error *err);
/* The same with the side cache (FORMAT.md): read where it fits the log, written at close where it has fallen behind. With it,
 * damage to what is old is not found at open but when it is read. */
HR_PRIVATE hr_status hr_store_open_cached(hr_store *s, const char *path, const hr_store_config *config, hr_error *err);
HR_PRIVATE void hr_store_close(hr_store *s);
/* where in entries the newest version of id is, alive or not; UINT32_MAX: never heard of */
HR_PRIVATE uint32_t hr_store_index(const hr_store *s, uint64_t id);
/* One atomic, durable batch. New items get their id. An item with a key takes the place of the one with the same kind,
 * scope and key, unless that one is certain and this one is not: then nothing is written and item->id is 0. */
HR_PRIVATE hr_status hr_store_put(hr_store *s, hr_item *items, size_t n, hr_error *err);
/* *found: the living item of i's kind, scope and key, read into *old; NULL: none */
HR_PRIVATE hr_status hr_store_by_key(hr_store *s, const hr_item *i, hr_entry **found, hr_item *old, hr_error *err);
/* What is there under id, NULL when nothing. */
HR_PRIVATE hr_entry *hr_store_find(hr_store *s, uint64_t id);
/* Text and names point into the store until the next call. */
HR_PRIVATE hr_status hr_store_read(hr_store *s, const hr_entry *e, hr_item *item, hr_error *err);
HR_PRIVATE hr_status hr_store_vector(hr_store *s, const hr_entry *e, float *out, size_t cap, hr_error *err);
HR_PRIVATE hr_status hr_store_match(hr_store *s, const hr_entry *e, const hr_filter *f, uint64_t now_ms, bool *yes,
                                    hr_error *err);
/* When it returns HR_OK, no byte of what matched, in any of its versions, is in the file. *n: items forgotten. */
HR_PRIVATE hr_status hr_store_forget(hr_store *s, const hr_filter *f, uint64_t *n, hr_error *err);
HR_PRIVATE hr_status hr_store_delete(hr_store *s, const uint64_t *ids, size_t n, hr_error *err); /* bytes go at compaction */
HR_PRIVATE hr_status hr_store_compact(hr_store *s, hr_error *err);
HR_PRIVATE void hr_store_get_stats(const hr_store *s, hr_store_stats *out);
HR_PRIVATE uint64_t hr_store_now(void); /* Unix, ms */
HR_PRIVATE bool hr_store_has_tag(hr_str tags, hr_str tag);

/* grows an array: NULL and untouched when there is no memory */
HR_PRIVATE void *hr_store_grow(const hr_allocator *m, void *old, size_t used, size_t size, uint32_t *cap, uint32_t want);

/* --- search: lexical.c, vectors.c ------------------------------------------------------------------------------------- */
typedef struct hr_hit {
    uint32_t entry;          /* index into entries */
    uint32_t lex_rank, vec_rank; /* 1...; 0: not in that list */
    double score, lex_score, vec_score;
} hr_hit;
/* BM25 over words, case-folded; "a phrase" in quotes must be there word by word; wor* is a prefix. hits [k]; *n found. */
HR_PRIVATE hr_status hr_lexical_find(hr_store *s, hr_str query, const hr_filter *f, uint64_t now_ms, hr_hit *hits, size_t k,
                                     size_t *n, hr_error *err);
/* Exact cosine. HR_E_ARG when the query is of another space than the vectors, even if the dimension fits. */
HR_PRIVATE hr_status hr_vector_find(hr_store *s, const char *space, const float *query, uint32_t dim, const hr_filter *f,
                                    uint64_t now_ms, hr_hit *hits, size_t k, size_t *n, hr_error *err);
/* Both lists fused by reciprocal rank (Cormack et al. 2009, constant 60); either may be absent. */
HR_PRIVATE hr_status hr_store_search(hr_store *s, hr_str words, const char *space, const float *query, uint32_t dim,
                                     const hr_filter *f, uint64_t now_ms, hr_hit *hits, size_t k, size_t *n, hr_error *err);
HR_PRIVATE void hr_lexical_free(hr_store *s);
HR_PRIVATE void hr_columns_free(hr_store *s);
#endif
