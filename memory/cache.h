/* cache.h: the file beside a store that spares reading the whole log at open: entries, vector columns, words. It may be
 * deleted at any time and is believed only where it fits the log. memory/FORMAT.md has the bytes. */
#ifndef HR_CACHE_H
#define HR_CACHE_H
#include "memory/store.h"

typedef struct hr_cache hr_cache;
typedef struct hr_cache_out hr_cache_out;
enum { HR_CACHE_SEGS = 1, HR_CACHE_ENTRIES, HR_CACHE_IDS, HR_CACHE_KEYS, HR_CACHE_SPACES, /* read at open */
       HR_CACHE_ROWS, HR_CACHE_NORM, HR_CACHE_ENTRY,                                        /* part: the space */
       HR_CACHE_POOL, HR_CACHE_TERMS, HR_CACHE_POSTINGS, HR_CACHE_WORDS };

HR_PRIVATE bool hr_cache_make(hr_store *s, const char *path, bool use); /* false: no memory */
HR_PRIVATE void hr_cache_free(hr_store *s);
HR_PRIVATE bool hr_cache_resume(void *ctx, hr_wal *log); /* ctx: the store; see hr_log_open_from */
HR_PRIVATE void hr_cache_save(hr_store *s); /* where it is worth it; failing is no harm */
/* The cache's bytes are gone when it returns, of a half-made one, too. Before anything is forgotten. */
HR_PRIVATE hr_status hr_cache_erase(hr_store *s, hr_error *err);
/* Something that the cache said was whole is broken: the next open reads the log itself. Returns status. */
HR_PRIVATE hr_status hr_cache_distrust(hr_store *s, hr_status status);
/* What is wrong with the file as it is on the device, NULL: nothing that is known. */
HR_PRIVATE const char *hr_cache_verify(hr_store *s);
/* vectors.c, lexical.c: what is used is held against the log: an entry where it differs, UINT32_MAX: none */
HR_PRIVATE hr_status hr_columns_verify(hr_store *s, uint32_t *entry, hr_error *err);
HR_PRIVATE hr_status hr_lexical_verify(hr_store *s, uint32_t *entry, hr_error *err);
/* How many entries from the front the section knows; 0: it is not there. */
HR_PRIVATE uint32_t hr_cache_reach(const hr_store *s, uint32_t kind);
/* A section, whole and checked: *count elements of `size` bytes from the store's allocator; NULL: use the log. */
HR_PRIVATE void *hr_cache_load(hr_store *s, uint32_t kind, uint32_t part, size_t size, uint32_t *count);
HR_PRIVATE hr_status hr_cache_put(hr_cache_out *o, uint32_t kind, uint32_t part, const void *data, size_t size, uint32_t count);
/* vectors.c, lexical.c: what they have, up to date, and how far it reaches */
HR_PRIVATE hr_status hr_columns_save(hr_store *s, hr_cache_out *o, uint32_t *reach, hr_error *err);
HR_PRIVATE hr_status hr_lexical_save(hr_store *s, hr_cache_out *o, uint32_t *reach, hr_error *err);
#endif
