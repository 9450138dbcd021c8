/* sys_block.h: what a log stands on: four functions over a row of bytes. A POSIX file and a NOR flash chip are both one. */
#ifndef HR_SYS_BLOCK_H
#define HR_SYS_BLOCK_H
#include "engine/base/base.h"

/* Offsets and lengths of program are multiples of prog_bytes, those of erase of erase_bytes. A byte is programmed at most
 * once between two erases, apart from programming zeros over it. */
typedef struct hr_block {
    /* exactly n bytes or an error; nobody reads beyond size */
    hr_status (*read)(void *ctx, uint64_t offset, void *dst, size_t n, hr_error *err);
    hr_status (*program)(void *ctx, uint64_t offset, const void *src, size_t n, hr_error *err);
    /* every byte becomes `erased`; a file grows for it */
    hr_status (*erase)(void *ctx, uint64_t offset, uint64_t n, hr_error *err);
    hr_status (*sync)(void *ctx, hr_error *err);                /* on the device when it returns */
    hr_status (*cut)(void *ctx, uint64_t size, hr_error *err);  /* gives the tail back; NULL: cannot */
    void (*close)(void *ctx);                                   /* may be NULL */
    void *ctx;
    uint64_t size;         /* bytes there now; whoever erases or cuts keeps it right */
    uint64_t limit;        /* bytes it can grow to */
    uint32_t prog_bytes;   /* 8 for files; a power of two */
    uint32_t erase_bytes;  /* 4096 */
    uint8_t erased;        /* 0x00 for files, 0xff for NOR flash */
    bool read_only;
} hr_block;

/* A file. write: made when it is not there, and locked: HR_E_BUSY while another writer, of this process or another, has it.
 * Not write: no lock; a missing file is HR_E_IO. */
HR_PRIVATE hr_status hr_block_open_file(hr_block *b, const char *path, bool write, hr_error *err);
HR_PRIVATE void hr_random_bytes(void *dst, size_t n); /* from the system; from the clock where it has none */
/* for keys: from the system, or HR_E_UNSUPPORTED */
HR_PRIVATE hr_status hr_random_key(void *dst, size_t n, hr_error *err);
HR_PRIVATE uint64_t hr_clock_unix_ms(void);
#endif
