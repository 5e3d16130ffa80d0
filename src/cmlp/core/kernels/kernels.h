/* The table of kernels: everything that does arithmetic on elements, once per instruction set and element type.
 *
 * Equations and roundings stand in cmlp.h, "The arithmetic". Element pointers are void *, of the table's type T.
 * Unless said otherwise: matrices are row-major, inputs and outputs do not overlap, no alignment beyond T's is
 * needed, nothing outside the named elements is read or written, and counts may be 0. */
#ifndef CMLP_KERNELS_H
#define CMLP_KERNELS_H

#include <stdint.h>

#define CMLP_CHUNK 128 /* summed indices per chain */

#define CMLP_TRANSPOSED_OUTPUTS 32 /* outputs of a classifier whose rows are turned into vectors */

/* A matrix whose rows are contiguous: row i is list[i], or base + i * ld elements where list is NULL. */
typedef struct cmlp_matrix {
    const void *const *list;
    const void *base;
    int64_t ld;
    const void *const *prefetch; /* NULL, or for each row (of bytes, if they are given) one that is soon to be read */
    uint64_t *column_mask;            /* NULL, or a bit for each column: 0 if it is dark, that is, 0 in all rows */
    const uint64_t *mask;    /* NULL, or a bit for each element: 0 if that is 0. Row i's begin in word i * ld_mask */
    int64_t ld_mask;
    const void *const *bytes; /* NULL, or rows of bytes, each taken times `scale`, in place of list and base; */
    double scale;             /* cmlp_scales_in_floats(scale) */
    void *copy;               /* CMLP_COPY_BYTES of scratch memory, aligned as T, or NULL: then no rows are copied together
                                 and `bytes` must be NULL */
} cmlp_matrix;

/* A tile of rows that is copied together, the largest of all kernels'. */
#define CMLP_COPY_BYTES 15360

/* Products with bytes b come out right in floats alone where the scale is 2 / q, rounded, for an integer q up to 2^20:
 * 1, 1/255, 1/256, 2/255. With hi + lo the scale cut into two floats, b hi + (b lo, rounded) and the product in double
 * are within 2^-46 of 2 b / q, relatively. Halfway between floats lies m 2^k, m odd and 2^24 < m < 2^25. It is not
 * 2 b / q, or m would divide b < 256; so it is off by at least a part in m q, more than 2^-45, and both round to the
 * same float. Nothing gets near the ends of the type, and 0 stays +0, for the scale is positive. */
static inline int cmlp_scales_in_floats(double scale)
{
    const double q = 2 / scale;
    return q >= 1 && q <= 1 << 20 && q == (double)(int32_t)q;
}

#define CMLP_MASK_BITS 64 /* columns that have their bits in one word */
#define CMLP_GROUP 4  /* neighbouring weight rows that are left out together where all of their inputs are 0 */

/* Rows of a CSR matrix in the caller's memory: each has n <= n_in values (of type `dtype`, multiplied by scale) at
 * ascending columns below n_in, which are int64 if `wide`, else int32. If another thread changes values or columns during
 * the call, the results are unspecified, but the kernels stay within their buffers. */
typedef struct cmlp_csr_row {
    const void *values, *columns;
    int64_t n;
} cmlp_csr_row;

typedef struct cmlp_csr {
    const cmlp_csr_row *rows;
    int64_t n_in;
    double scale;
    int32_t dtype;
    int wide;
} cmlp_csr;

/* The gradient turns the values of so many columns at a time, of at most so many rows; of fewer columns where they hold
 * more values than CMLP_CSR_FULL columns without zeros, or than numbers of two bytes count. */
#define CMLP_CSR_COLUMNS 4096
#define CMLP_CSR_FULL 512
#define CMLP_CSR_ROWS (2 * CMLP_CHUNK)

/* Values that it has room for: at least those of one column. */
static inline int64_t cmlp_csr_capacity(int64_t rows, int64_t columns)
{
    const int64_t capacity = rows * (columns < CMLP_CSR_FULL ? columns : CMLP_CSR_FULL);
    return capacity < UINT16_MAX ? capacity : UINT16_MAX;
}

/* Bytes of its scratch memory: values with row numbers as long, a row's converted values, and, all of two bytes, for each
 * column two counters and six list entries, and the column of each value. Two entries are written beyond the last. Before
 * them, for each row two positions and a column. */
static inline int64_t cmlp_csr_block(int64_t rows, int64_t columns, int64_t element)
{
    const int64_t width = columns < CMLP_CSR_COLUMNS ? columns : CMLP_CSR_COLUMNS;
    return cmlp_csr_capacity(rows, columns) * (2 * element + 2) + width * (element + 16) + 4 + rows * 20;
}

/* What happens to a finished sum s over the batch's rows, for weight w:  g = fma(alpha, w, s) * inverse. */
typedef enum cmlp_finish_mode {
    CMLP_KEEP_SUM, /* sums[...] = s: more rows are to come */
    CMLP_GRADIENT, /* sums[...] = g */
    CMLP_UPDATE    /* w = fma(-rate, g, w): plain SGD; sums is not written */
} cmlp_finish_mode;

typedef struct cmlp_finish {
    cmlp_finish_mode mode;
    double alpha, inverse, rate;
} cmlp_finish;

/* A step's values, as in cmlp.h: rate is lr (adam: r). */
typedef struct cmlp_step_values {
    int32_t solver;
    int shared; /* whether other threads have read the weights */
    double rate, momentum, beta_1, beta_2, epsilon;
    double decay;    /* AdamW: lr wd; 0 for biases */
    double max_norm; /* 0, or the length to which longer gradients are scaled */
    double shrink;   /* by this factor, 1 unless the gradient is longer */
} cmlp_step_values;

typedef struct cmlp_loss_values {
    int32_t activation, loss;
    double parameter;       /* of the loss */
    double scale;           /* of the delta */
    double clip;            /* of the cost; 0: exact */
    const double *weights;  /* of the rows, or NULL */
    const int32_t *labels;  /* class indices instead of y: for softmax with log loss, at most CMLP_TRANSPOSED_OUTPUTS wide */
} cmlp_loss_values;

typedef struct cmlp_kernels {
    uint32_t isa;  /* cmlp_isa */
    int32_t pairs; /* whether made for processors that shuffle beside multiply-adds: see pairs_tmpl.h */
    int32_t dtype; /* cmlp_dtype of T */
    int32_t lanes; /* elements in a vector */

    /* Whether this unit was compiled with the arithmetic that it is written in. */
    int (*exact)(void);

    /* z[i, j] = bias[j] + sum_k x[i, k] w[k, j];  x (rows, n_in), w (n_in, n_out) with leading dimension ldw,
     * z (rows, n_out) with ldz. bias may be NULL. Several rows of x may be bytes. Columns that are dark in several rows
     * are left out if x->lit is given, where the others are marked; elements that are 0 are if x->marks is given, and
     * always of a lone row. w must then be finite for the bits. */
    void (*dense)(const cmlp_matrix *x, int64_t rows, int64_t n_in, const void *w, int64_t ldw, const void *bias,
                  int64_t n_out, void *z, int64_t ldz);
    /* sums[k, j] += sum_i a[i, k] d[i, j] for k in [k0, k1), or = where `first`, then finished. rows <= CMLP_CHUNK;
     * a (rows, n_in), d (rows, n_out), sums and w (n_in, n_out). If a->lit is given, dark groups are left out, if
     * a->marks (and a->list), groups that are 0 in a row; k0 is then a multiple of CMLP_GROUP. */
    void (*gradient)(const cmlp_matrix *a, const void *d, int64_t rows, int64_t k0, int64_t k1, int64_t n_out,
                     void *sums, int first, void *w, const cmlp_finish *finish);
    /* The same two for a CSR matrix x, where zeros take no time. scratch: of csr a row of T as long as x is wide; of
     * csr_gradient cmlp_csr_block(rows, k1 - k0, element) bytes. rows <= CMLP_CSR_ROWS for the latter, z without gaps;
     * weight rows that a mere CMLP_UPDATE with zeros cannot change are not visited. */
    void (*csr)(const cmlp_csr *x, int64_t rows, const void *w, const void *bias, int64_t n_out, void *z,
                void *scratch);
    void (*csr_gradient)(const cmlp_csr *x, const void *d, int64_t rows, int64_t k0, int64_t k1, int64_t n_out,
                         void *sums, int first, void *w, const cmlp_finish *finish, void *scratch);
    /* t[j, i] = a[i, j];  a (rows, columns) with lda, t (columns, rows) with ldt. */
    void (*transpose)(const void *a, int64_t lda, int64_t rows, int64_t columns, void *t, int64_t ldt);

    /* a = act(z); z, a (rows, n). a may be z. */
    void (*activate)(int32_t activation, double parameter, const void *z, void *a, int64_t rows, int64_t n);
    /* d[i] *= act'(z[i]). x is a or z, as activations.h says. Not for softmax. */
    void (*derivative)(int32_t activation, double parameter, const void *x, void *d, int64_t n);
    /* z: weighted sums in, activations out; y targets; d: deltas out; cost[i] of each row, without scale and weight.
     * z, y, d (rows, n). If `want_delta` is 0, z and d are scratch; if there are labels, z is. */
    void (*loss)(const cmlp_loss_values *values, void *z, const void *y, void *d, int64_t rows, int64_t n,
                 int want_delta, double *cost);

    /* One step on n elements; m: velocity or first moment, v: second moment (each NULL where the solver has none). */
    void (*step)(const cmlp_step_values *values, void *w, const void *g, void *m, void *v, int64_t n);

    /* out[i] = value * scale; the source has type `dtype` and a stride in bytes. */
    void (*convert)(int32_t dtype, const void *source, int64_t stride, int64_t n, double scale, void *out);
    /* Sets a bit in `marks` for each of v's n elements that is not 0, in whole words; returns how many are set. */
    int64_t (*nonzero_mask)(const void *v, int64_t n, uint64_t *mask);
    /* v[i] *= factor, rounded to T. */
    void (*multiply)(void *v, int64_t n, double factor);
    /* Sum of the squares of v (rows, n), by the rule for sums to one number: column j goes to partial j mod 16. */
    double (*square_sum)(const void *v, int64_t rows, int64_t n);
    /* Index of the first element v[i * stride] (elements) that is NaN or infinite, or n. */
    int64_t (*find_nonfinite)(const void *v, int64_t stride, int64_t n);
} cmlp_kernels;

extern const cmlp_kernels cmlp_kernels_f32_generic, cmlp_kernels_f64_generic;
extern const cmlp_kernels cmlp_kernels_f32_avx2, cmlp_kernels_f64_avx2;
extern const cmlp_kernels cmlp_kernels_f32_avx512, cmlp_kernels_f32_avx512_pairs, cmlp_kernels_f64_avx512;
extern const cmlp_kernels cmlp_kernels_f32_neon, cmlp_kernels_f64_neon;

#endif
