/* log_internal.h: between log.c and log_scan.c. */
#ifndef HR_LOG_INTERNAL_H
#define HR_LOG_INTERNAL_H
#include "memory/log.h"

enum { HR_LOG_MAX_SEGMENT = 1 << 24, HR_LOG_MAX_SEGMENTS = 1 << 20 };

HR_PRIVATE uint64_t hr_log_offset(const hr_wal *log, uint32_t seg, uint32_t at);
HR_PRIVATE bool hr_log_blank(const hr_wal *log, const uint8_t *p, size_t n);
HR_PRIVATE hr_status hr_log_raw(hr_wal *log, uint64_t offset, void *dst, size_t n, hr_error *err);
HR_PRIVATE hr_status hr_log_more_segs(hr_wal *log, uint32_t n, hr_error *err);
HR_PRIVATE hr_status hr_log_erase_segment(hr_wal *log, uint32_t i, hr_error *err);
/* superblock slot `from` over slot `to`, with nothing behind it */
HR_PRIVATE hr_status hr_log_copy_super(hr_wal *log, uint32_t from, uint32_t to, hr_error *err);
/* --- log_mark.c ---------------------------------------------------------------------------------------------------- */
HR_PRIVATE hr_status hr_log_read_marks(hr_wal *log, hr_error *err);
HR_PRIVATE bool hr_log_mark_broken(hr_wal *log); /* something is missing of what the last mark says */
/* whole: nothing may be missing; else only that the numbers have come so far. erasing: as in hr_log_mark */
HR_PRIVATE hr_status hr_log_write_mark(hr_wal *log, bool whole, uint32_t erasing, hr_error *err);
/* --- log_scan.c ---------------------------------------------------------------------------------------------------- */
HR_PRIVATE hr_status hr_log_recover(hr_wal *log, hr_log_visit *visit, void *ctx, hr_error *err);

HR_PRIVATE void hr_log_seg_encode(const hr_wal *log, const hr_log_seg *s, uint8_t out[HR_LOG_SEALED_HEADER]);
HR_PRIVATE bool hr_log_seg_sum_ok(const hr_wal *log, const uint8_t *head);
/* --- log_seal.c ---------------------------------------------------------------------------------------------------- */
enum { HR_LOG_WRAP_AT = 128, HR_LOG_WRAP_BYTES = 128, HR_LOG_INCOMPAT_SEALED = 1 };
/* raw: a superblock slot; its first 128 bytes are authenticated with the wrapped key behind them */
HR_PRIVATE hr_status hr_log_wrap(hr_wal *log, const hr_log_secret *secret, uint8_t raw[256], hr_error *err);
HR_PRIVATE hr_status hr_log_unwrap(hr_wal *log, const hr_log_secret *secret, const uint8_t raw[256], hr_error *err);
HR_PRIVATE void hr_log_seg_wrap(const hr_wal *log, const hr_log_seg *s, uint8_t head[HR_LOG_SEALED_HEADER]);
HR_PRIVATE bool hr_log_seg_unwrap(const hr_wal *log, hr_log_seg *s, const uint8_t head[HR_LOG_SEALED_HEADER]);
/* the sealing of one record whose header is head; session: the 8 bytes before its sealed payload */
HR_PRIVATE void hr_log_seal_begin(const hr_log_seg *s, const uint8_t head[HR_LOG_REC_HEADER], const uint8_t session[8],
                                  hr_aead *a);
HR_INLINE uint32_t hr_log_sealed_bytes(const hr_wal *log) { return log->sealed ? HR_LOG_SEAL : 0; }

HR_PRIVATE void hr_log_rec_encode(const hr_wal *log, const hr_log_seg *s, const hr_log_rec *r, uint8_t out[HR_LOG_REC_HEADER]);
/* a header that is whole, of this segment, with a payload that ends in it; fills rec but data */
HR_PRIVATE bool hr_log_header_ok(const hr_wal *log, uint32_t seg, uint32_t at, const uint8_t *head, hr_log_rec *rec);
#endif
