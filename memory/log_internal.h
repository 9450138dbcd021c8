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
HR_PRIVATE hr_status hr_log_recover(hr_wal *log, hr_log_visit *visit, void *ctx, hr_error *err);

HR_PRIVATE void hr_log_seg_encode(const hr_wal *log, const hr_log_seg *s, uint8_t out[HR_LOG_SEG_HEADER]);
HR_PRIVATE void hr_log_rec_encode(const hr_log_seg *s, const hr_log_rec *r, uint8_t out[HR_LOG_REC_HEADER]);
/* a header that is whole, of this segment, with a payload that ends in it; fills rec but data */
HR_PRIVATE bool hr_log_header_ok(const hr_wal *log, uint32_t seg, uint32_t at, const uint8_t *head, hr_log_rec *rec);
#endif
