/* vectors.h: between vectors.c, which searches columns of int8 rows, and signs.c, which narrows large ones down first. */
#ifndef HR_VECTORS_H
#define HR_VECTORS_H
#include "memory/store.h"

/* of a vector of length 1: v ~ scale * row, |v - scale * row| <= lost; and the length that it had */
typedef struct hr_vec_norm { float scale, lost, length; } hr_vec_norm;

/* the vectors of one space */
typedef struct hr_vec_column {
    int8_t *rows;            /* [cap_rows][stride] */
    hr_vec_norm *norm;       /* [cap_norm] */
    uint32_t *entry;         /* [cap_entry] */
    uint32_t want;           /* rows to make room for at once */
    uint32_t n, cap_rows, cap_norm, cap_entry, stride;
    /* signs.c, made when first asked for: whether scale * row lies above or below the centre */
    uint8_t *signs;          /* [cap_blocks][stride / 8][64] */
    float *factor;           /* [cap_factor]: x . (row - centre) ~ factor * sum of x under the signs */
    float *centre;           /* [stride] */
    uint32_t n_signed, cap_blocks, cap_factor;
} hr_vec_column;

typedef struct hr_columns {
    hr_kernels kernels;
    hr_vec_column space[HR_STORE_SPACES];
    uint32_t n_done;         /* entries seen */
} hr_columns;

typedef struct hr_vec_query {
    const float *x;
    uint32_t dim;
    int8_t *q;               /* [stride] */
    hr_vec_norm norm;
    bool dot;                /* the score is the product, not the cosine */
    float *near;             /* [n_rows]: the score (of x of length 1), as far as int8 knows it */
    float *heap;             /* [k]: lower bounds */
    float *row;              /* [dim] */
    const uint32_t *pick;    /* [n_rows]: the rows to look at; NULL: all */
    uint32_t n_rows;
    int8_t *gathered;        /* picked rows, side by side */
} hr_vec_query;

enum { HR_SIGNS_MIN = 16384 }; /* below so many rows looking at all of them is as fast (measured) */
/* How many rows hr_signs_pick leaves of n. */
HR_PRIVATE uint32_t hr_signs_want(uint32_t n, size_t k);
/* pick [want]: the rows that match and whose signs promise most, ascending. v->q is set. */
HR_PRIVATE hr_status hr_signs_pick(hr_store *s, hr_vec_column *c, const hr_vec_query *v, const hr_filter *f, uint64_t now_ms,
                                   uint32_t want, uint32_t *pick, uint32_t *n, hr_error *err);
HR_PRIVATE void hr_signs_free(const hr_allocator *m, hr_vec_column *c);
#endif
