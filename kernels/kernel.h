/* kernel.h: every hot loop's contract, and the registry.
 *
 * A kernel is one function for one operation, one instruction set. The portable ones in kernels/ref are the
 * specification; every other equals them bit for bit (DESIGN 5) and is checked with memcmp. A kernel file ends in rows
 *     HR_KERNEL(op, fn, isa, rank, nr, kr)
 * and that is all there is to add: declaration, dispatch, test and bench follow from the row.
 *
 * Letters, everywhere: k = reduction length, rows = outputs of a matrix, m = tokens (activation rows).
 */
#ifndef HR_KERNEL_H
#define HR_KERNEL_H
#include "engine/base/base.h"
#include "engine/base/cpu.h"
#include "quant/formats.h"

/* --- activations ---------------------------------------------------------------------------------------------------
 * A8: int8 with one f32 scale per 32 elements; how a row is quantized depends on that row alone.
 *   block b of 32 elements (a short last block is filled with zeros):
 *     a    = largest |x| as an integer maximum of the bits without sign (so NaN > Inf > numbers on every machine)
 *     if a is not finite:        d = NaN 0x7fc00000, q = 0      (the logits become NaN, and the session reports it)
 *     else if a < 2^-100:        d = 0, q = 0
 *     else                       of L = 127, 126.4, ... 120.4 the first with the least
 *                                    (lanes of fma(r, r, .), r = y - rint(y), y = x * (L / a)) * (1 / (L * L))
 *                                q = round-to-nearest-even(x * (L / a));
 *                                d = lanes of fma(x, (float)q, .) / (float)(exact sum of q * q)      (least squares)
 *                                Loses a fifth less than a / 127 on Gaussian rows, for a price that the products hide
 *   ds  = d * (float)(sum of the block's q)         one rounding (the sum is exact)
 *   s16 = sums of the q of 16 elements
 *   lanes: the 16 virtual lanes and their tree, as for the norms below
 * Weights F32, F16, BF16 take the f32 row itself. Either half may be absent (NULL) when nobody needs it. */
typedef struct hr_act {
    size_t m, k;
    const float *f;       /* [m][f_stride] */
    size_t f_stride;
    const int8_t *q;      /* [m][kq]      kq = hr_act_kq(k) */
    const float *d;       /* [m][kq/32] */
    const float *ds;      /* [m][kq/32] */
    const int16_t *s16;   /* [m][kq/16] */
} hr_act;
enum { HR_A8_TRIES = 12 };
HR_INLINE size_t hr_act_kq(size_t k) { return (k + 31) / 32 * 32; }

typedef void hr_quant_fn(const float *x /* [k] */, size_t k, int8_t *q /* [kq] */, float *d /* [kq/32] */,
                         float *ds /* [kq/32] */, int16_t *s16 /* [kq/16] */);

/* --- matmul: y[t][r] = sum over k of W[r][k] * x[t][k] ---------------------------------------------------------------
 * One chain of fused multiply-adds per output, ascending k, starting from +0:
 *   F32 F16 BF16   acc = fma(w[k], x[k], acc)                                        for every k
 *   quantized      for every 32 elements j (isum = exact integer dot of weight integers and q; sc = sub-scale):
 *     Q4_0 (q-8)  Q5_0 (q-16)  Q8_0  IQ4_NL (table)      acc = fma((float)isum, d * da, acc)
 *     MXFP4 (table; d = 2^(e-128))  TQ1_0 TQ2_0 (t-1)     the same
 *     Q4_1 Q5_1                                           acc = fma((float)isum, d * da, acc);  acc = fma(m, dsa, acc)
 *     Q4_K Q5_K      w = d * (float)sc (exact)            acc = fma((float)isum, w * da, acc);
 *                                                         acc = fma(-(dmin * (float)mn), dsa, acc)
 *     IQ4_XS         w = d * (float)(ls - 32) (exact)     acc = fma((float)isum, w * da, acc)
 *     Q3_K Q6_K      t = sc0*isum0 + sc1*isum1 over the two 16-element halves, in integers (|t| < 2^24)
 *                                                         acc = fma((float)t, d * da, acc)
 *     Q2_K           t as above; u = mn0*s16[0] + mn1*s16[1]
 *                                                         acc = fma((float)t, d * da, acc);
 *                                                         acc = fma(-(float)u, dmin * da, acc)
 *   where d, m, dmin, sc, mn are the block's (formats.md 4), da = x.d[j], dsa = x.ds[j], products as written round once.
 * A kernel with nr == 1 reads row-major blocks; nr == 16 reads packs (formats.h). It computes groups [g0, g1) of nr rows
 * for all m tokens and stores only rows that exist. Nothing is read outside W's bytes and the rows of x, nothing written
 * outside y's. */
typedef struct hr_matmul_args {
    const void *w;      /* row-major [rows][row bytes], or the pack */
    size_t rows, k;
    const hr_act *x;
    float *y;           /* [m][y_stride], y_stride >= rows */
    size_t y_stride;
} hr_matmul_args;
typedef void hr_matmul_fn(const hr_matmul_args *a, size_t g0, size_t g1);

/* --- fast products (DESIGN 5.8: opt-in, prompts only) -----------------------------------------------------------------------
 * Weights and activations as int8 with one scale for 256 elements of a row; a short last block is as long as it is.
 *   block of values v:  a = largest |v|, by its bits;  not finite: d = NaN, q = 0;  below 2^-100: d = 0, q = 0;
 *                       else q = rint(v * (127 / a)), the product exact (one fma onto 1.5 * 2^23);  d = a / 127
 *   activations         v = x[k]; sum = exact sum of the block's q
 *   weights             v = fma(d * sc, w, c) of hr_slice; c = m, -(dmin * mn) or 0
 *   y[t][r] = chain over blocks, ascending, of fma((float)isum, d * da, .) from +0; |isum| <= 256 * 127 * 127 < 2^22
 * Activations lie in tiles of HR_FAST_TILE tokens, four elements of each side by side; a short last tile has its room. */
enum { HR_FAST_BLOCK = 256, HR_FAST_TILE = 12 };
typedef struct hr_fast_act {
    size_t m, k;          /* k: a multiple of 32 */
    const int8_t *q;      /* [tiles][k/4][HR_FAST_TILE][4] */
    const float *d;       /* [tiles][blocks][HR_FAST_TILE] */
    const int32_t *sum;   /* [tiles][blocks][HR_FAST_TILE] */
} hr_fast_act;
/* one token's place in its tile: q, d, sum point at its lane */
typedef void hr_quant_fast_fn(const float *x /* [k] */, size_t k, int8_t *q, float *d, int32_t *sum);
typedef struct hr_fast_args {
    const void *w;        /* as in hr_matmul_args; the reference reads rows and packs, others packs only */
    uint32_t type;
    int nr;
    size_t rows, k;
    const hr_fast_act *x;
    float *y;             /* [m][y_stride] */
    size_t y_stride;
} hr_fast_args;
typedef void hr_fast_fn(const hr_fast_args *a, size_t g0, size_t g1); /* groups of nr rows */

/* --- sums over a vector: 16 virtual lanes (lane j takes elements j, j+16, ...), then lanes j and j+8, j+4, j+2, j+1 ----
 * rmsnorm    ss = lanes of fma(x, x, .);  r = 1 / sqrt(ss / n + eps);  y = (x * r) * w          (w NULL: y = x * r)
 * layernorm  mu = lanes of (x + .) / n;  c = x - mu;  ss = lanes of fma(c, c, .);  r as above
 *            y = (c * r) * w, or with b: fma(c * r, w, b)                     (w NULL: 1; b NULL: none).  x may be y. */
typedef void hr_norm_fn(const float *x /* [n] */, const float *w, const float *b, float eps, size_t n, float *y);

/* --- rope: rotates `heads` heads in place; pairs (2i, 2i+1) for rope_norm, (i, i + n_rot/2) for rope_neox -----------------
 *   y0 = fma(x0, c, -(x1 * s));  y1 = fma(x0, s, x1 * c).  Elements from n_rot on stay. */
typedef void hr_rope_fn(float *x, size_t heads, size_t head_stride, size_t n_rot, const float *cosv /* [n_rot/2] */,
                        const float *sinv /* [n_rot/2] */);

/* --- gated activations: y = act(gate) * up, or act(gate) when up is NULL; y may be gate or up ---------------------------
 * silu  g * sigmoid(g)      gelu_tanh, gelu_erf  exact forms      relu2  max(g,0)^2
 * swiglu_oai  g = min(g, 7), u = clamp(up, -7, 7): (g * sigmoid(1.702 g)) * (u + 1)  (gpt-oss)
 * the exact order of operations is kernels/ref/act.c over engine/base/fmath.h */
typedef void hr_act_fn(const float *gate, const float *up, size_t n, float *y);

/* --- training: y[i] = hr_expf(x[i] - shift); returns their sum in 16 lanes.  y may be x ------------------------------------- */
typedef float hr_exp_fn(const float *x /* [n] */, size_t n, float shift, float *y);

/* --- attention over one page of 64 positions of one kv head ---------------------------------------------------------------
 * For each of n query rows (heads that share the kv head, times tokens), positions [lo[i], hi[i]) of the page visible
 * (lo < hi):
 *   f32:  s_t = chain over d ascending of fma(q[d], K[d][t], .) from +0
 *   i8:   s_t = chain over 32-blocks j ascending of fma((float)isum_j, qd[j] * kd[t], .)  (q as A8, K int8, scale kd[t])
 *   s_t *= scale;  with softcap > 0: s_t = softcap * hr_tanhf(s_t / softcap)
 *   m = max s_t;  p_t = hr_expf(s_t - m), 0 where not visible;  l = 16-lane sum of p_t
 *   o[d] = chain over visible t ascending of fma(p_t, V[t][d], .) from +0     (i8: fma(p_t * vd[t], (float)V[t][d], .))
 * Pages are merged in ascending order by attn_merge; a page's results do not depend on how rows are batched.
 * Caches of halves and of 4 bits are unpacked, page by page, into what these two read:
 *   f16:  every element to f32, exactly
 *   q4:   integers out of HR_KV_LEVELS, two in a byte, then as i8. K, V and q were turned by hr_kv_rotate, o is turned back */
#define HR_KV_PAGE 64
typedef struct hr_attn_args {
    size_t n, dk, dv;
    const float *q;       /* f32: [n][q_stride] */
    size_t q_stride;
    const int8_t *q8;     /* i8: [n][kq(dk)] */
    const float *qd;      /* i8: [n][kq(dk)/32] */
    const int16_t *s16;   /* i8: [n][kq(dk)/16], as in hr_act */
    const void *k;        /* f32: float [dk][64]      i8: int8 [kq(dk)/4][64][4] */
    const void *v;        /* f32: float [64][dv]      i8: int8 [64][dv] */
    const float *kd, *vd; /* i8: [64] scales */
    float scale, softcap;
    const uint8_t *lo, *hi; /* [n] */
    float *o;             /* [n][dv] */
    float *m, *l;         /* [n] */
    const void *ahead;    /* i8: where the next page begins, to fetch it early; NULL: not known */
} hr_attn_args;
typedef void hr_attn_page_fn(const hr_attn_args *a);
/* q[r * stride + i] = level of the low nibble of b[r * half + i], q[r * stride + half + i] of the high one, i < half; rows
 * in ascending order, so that a stride of 2 * half - 1 leaves the last of them out (and needs room for one byte more). */
typedef void hr_kv_q4_fn(const uint8_t *b, size_t rows, size_t half, size_t stride, int8_t *q);
typedef void hr_kv_f16_fn(const uint16_t *h, size_t n, float *x);
/* least squares for a Gaussian (Max 1960), times 127 / 2.733 */
#define HR_KV_LEVELS -127, -96, -75, -58, -44, -31, -18, -6, 6, 18, 31, 44, 58, 75, 96, 127
/* (m, l, o) <- merge with (pm, pl, po):  M = max(m, pm); a = hr_expf(m - M); b = hr_expf(pm - M);
 *   l = fma(l, a, pl * b);  o = fma(o, a, po * b);  m = M.      An empty state is m = -inf, l = 0, o = 0. */
typedef void hr_attn_merge_fn(float *m, float *l, float *o /* [dv] */, float pm, float pl, const float *po, size_t dv);

/* --- search: dots of int8 rows with one int8 query, exact -----------------------------------------------------------------
 *   dot[r] = sum over i of rows[r * stride + i] * q[i].  stride is a multiple of 64, at most 2^16; no element is -128. */
typedef void hr_scan_fn(const int8_t *rows /* [n][stride] */, size_t n, size_t stride, const int8_t *q /* [stride] */,
                        int32_t *dot /* [n] */);

/* sums of a query under the signs of rows, exact: 64 rows a block, byte j of row r (dimensions 8 j ...) at [j][r] of it.
 *   dot[b][r] = sum over j of table[j][x & 15] + table[j][16 + (x >> 4)], x = blocks[b][j][r].
 * Entries are at most 127, cols at most 2048. */
typedef void hr_signs_fn(const uint8_t *blocks /* [n][cols][64] */, size_t n, size_t cols,
                         const uint8_t *table /* [cols][32] */, int32_t *dot /* [n][64] */);

/* --- checksums: CRC-32C (RFC 3720) of n bytes; seed 0, or the sum of what comes before -------------------------------------- */
typedef uint32_t hr_crc_fn(const void *data /* [n] */, size_t n, uint32_t seed);
HR_PRIVATE uint32_t hr_crc32c(const void *data, size_t n, uint32_t seed); /* the portable one */
HR_PRIVATE hr_crc_fn *hr_crc32c_fastest(void);                            /* the best here that agrees with it */

/* --- operations: name, function type ----------------------------------------------------------------------------------- */
#define HR_OPS(X)                                                                                                  \
    X(matmul_f32, hr_matmul_fn) X(matmul_f16, hr_matmul_fn) X(matmul_bf16, hr_matmul_fn)                           \
    X(matmul_q4_0, hr_matmul_fn) X(matmul_q4_1, hr_matmul_fn) X(matmul_q5_0, hr_matmul_fn)                         \
    X(matmul_q5_1, hr_matmul_fn) X(matmul_q8_0, hr_matmul_fn) X(matmul_q2_k, hr_matmul_fn)                         \
    X(matmul_q3_k, hr_matmul_fn) X(matmul_q4_k, hr_matmul_fn) X(matmul_q5_k, hr_matmul_fn)                         \
    X(matmul_q6_k, hr_matmul_fn) X(matmul_iq4_nl, hr_matmul_fn) X(matmul_iq4_xs, hr_matmul_fn)                     \
    X(matmul_mxfp4, hr_matmul_fn) X(matmul_tq1_0, hr_matmul_fn) X(matmul_tq2_0, hr_matmul_fn)                      \
    X(quant_a8, hr_quant_fn) X(rmsnorm, hr_norm_fn) X(layernorm, hr_norm_fn)                                       \
    X(rope_norm, hr_rope_fn) X(rope_neox, hr_rope_fn)                                                              \
    X(silu, hr_act_fn) X(gelu_tanh, hr_act_fn) X(gelu_erf, hr_act_fn) X(relu2, hr_act_fn) X(swiglu_oai, hr_act_fn) \
    X(attn_page_f32, hr_attn_page_fn) X(attn_page_i8, hr_attn_page_fn) X(attn_merge, hr_attn_merge_fn) \
    X(kv_f16, hr_kv_f16_fn) X(kv_q4, hr_kv_q4_fn) X(scan_i8, hr_scan_fn) X(scan_signs, hr_signs_fn)               \
    X(crc32c, hr_crc_fn) X(exp_sum, hr_exp_fn)                                                                       \
    X(matmul_fast, hr_fast_fn) X(quant_fast, hr_quant_fast_fn)

typedef enum hr_op {
#define X(name, type) HR_OP_##name,
    HR_OPS(X)
#undef X
    HR_OP_COUNT
} hr_op;

typedef void hr_any_fn(void);
typedef struct hr_kernel {
    const char *name; /* = the function's name = the test's name: matmul_q4_0_avx2 */
    hr_op op;
    uint32_t isa;     /* every bit must be there */
    int rank;         /* the highest wins; 0 is the reference */
    int nr, kr;       /* weight geometry: 1,1 row-major; 16,4 packed. 1,1 for everything else */
    hr_any_fn *fn;
} hr_kernel;

/* The row. Checks at compile time that fn has exactly the operation's type; tools/kernel_list.awk collects the rows. */
#define HR_KERNEL(op_, fn_, isa_, rank_, nr_, kr_)                                                               \
    _Static_assert(_Generic(&fn_, hr_op_type_##op_ *: 1, default: 0), #fn_ " does not have the type of " #op_);   \
    HR_PRIVATE const hr_kernel hr_kernel_##fn_ = {#fn_, HR_OP_##op_, (isa_), (rank_), (nr_), (kr_), (hr_any_fn *)fn_};
#define X(name, type) typedef type hr_op_type_##name;
HR_OPS(X)
#undef X

/* Every kernel compiled in, the reference first within its operation. */
HR_PRIVATE size_t hr_kernel_count(void);
HR_PRIVATE const hr_kernel *hr_kernel_at(size_t i);
HR_PRIVATE const char *hr_op_name(hr_op op);
HR_PRIVATE hr_op hr_matmul_op(uint32_t type); /* HR_OP_COUNT when the type does not run */

/* The chosen kernel of every operation, as typed pointers: what hot code calls. */
typedef struct hr_kernels {
#define X(name, type) type *name;
    HR_OPS(X)
#undef X
    const hr_kernel *chosen[HR_OP_COUNT];
    uint32_t isa;    /* cpu & mask it was made for */
    uint32_t n_bad;  /* kernels that failed their check here and were passed over */
} hr_kernels;

/* Chooses, for each operation, the highest-ranked kernel whose isa is within (hr_cpu_isa() & mask). With check, each
 * chosen kernel first proves itself against the reference on small inputs (milliseconds in all); one that differs is
 * passed over for the next and counted. `report` (may be NULL) hears of every check. `scratch` needs
 * hr_kernels_scratch_bytes() bytes while choosing, aligned to 64. */
typedef void hr_kernel_report_fn(void *ctx, const hr_kernel *k, bool ok);
HR_PRIVATE size_t hr_kernels_scratch_bytes(void);
HR_PRIVATE hr_status hr_kernels_choose(hr_kernels *out, uint32_t mask, bool check, void *scratch,
                                       hr_kernel_report_fn *report, void *ctx, hr_error *err);
/* Runs k and the reference of the same operation on small fixed inputs and compares bit for bit; scratch as above. */
HR_PRIVATE bool hr_selfcheck_kernel(const hr_kernel *k, const hr_kernel *reference, void *scratch);
HR_INLINE hr_matmul_fn *hr_kernels_matmul(const hr_kernels *ks, hr_op op) {
    return (hr_matmul_fn *)ks->chosen[op]->fn;
}

/* ISA by function, so that the drop needs no flags. */
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define HR_T_SSE41 __attribute__((target("sse4.1")))
#define HR_T_AVX2 __attribute__((target("avx2,fma,f16c")))
#define HR_T_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")))
#endif
#endif
