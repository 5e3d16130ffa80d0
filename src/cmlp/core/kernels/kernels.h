/* The table of kernels: all arithmetic on elements, compiled once per instruction set and element type.
 *
 * docs/arithmetic.md defines the equations and roundings. Element pointers are void * and point to the
 * table's type T. Unless stated otherwise, matrices are row-major, inputs and outputs do not overlap, no alignment
 * beyond T's is needed, nothing outside the named elements is read or written, and counts may be 0. */
#ifndef CMLPI_KERNELS_H
#define CMLPI_KERNELS_H

#include <stdint.h>

#include "tunings.h"

#define CMLPI_CHUNK 128 /* terms of one partial sum */

#define CMLPI_TRANSPOSED_OUTPUTS 32 /* classifiers with at most this many outputs: transposed into vectors */

/* The left factor x (n_rows, n_in) of a dense product x W, whose rows are contiguous. Row i starts at list[i], or at
 * base + i * ld elements if `list` is NULL. The gradient, x' d, has a list of at most CMLPI_CHUNK rows, and of the fields
 * behind it reads the masks and `copy` only. */
typedef struct cmlpi_dense_input {
    int64_t n_rows, n_in;
    const void *const *list;
    const void *base;
    int64_t ld;
    double byte_scale; /* 0; else `list` has rows of uint8, which are multiplied by byte_scale: then `copy` is not NULL
                          and cmlpi_scales_in_floats(byte_scale) holds */
    const void *const *prefetch; /* NULL, or for each row a later row to prefetch */
    uint64_t *column_mask; /* NULL, or an output: the bits of columns that are nonzero in some row are set. Once nearly
                              all columns are nonzero, scanning stops, and the bits of the remaining columns are set
                              too. Other bits stay as they are. Columns that are zero in all rows of a tile are
                              skipped. The gradient reads it, and skips groups of CMLPI_GROUP columns without a bit */
    const uint64_t *mask;  /* NULL, or one bit per element: 0 if the element is 0. Such elements are skipped. Row i
                              starts at word i * ld_mask. In the gradient a group of columns skips the rows in which
                              it has no bit */
    int64_t ld_mask;
    void *copy; /* CMLPI_COPY_BYTES of scratch memory, aligned as T, for adjacent copies of rows; NULL: no copies */
} cmlpi_dense_input;

/* z = bias + x W:  w (n_in, n_out) with leading dimension ldw, z (rows, n_out) with ldz. bias may be NULL. */
typedef struct cmlpi_product {
    const void *w, *bias;
    int64_t ldw, n_out;
    void *z;
    int64_t ldz;
    const cmlpi_tuning *tuning; /* of the dense products */
} cmlpi_product;

/* Size of the largest tile of rows that a kernel copies next to each other. */
#define CMLPI_COPY_BYTES 24576

/* Whether uint8 values b can be scaled in float32 arithmetic with the same result as in double. This holds if the
 * scale is 2 / q, rounded, for an integer q <= 2^20, for example 1, 1/255, 1/256 or 2/255. Proof: let hi + lo be the
 * scale split into two floats. b hi + (b lo, rounded) and the product in double both have a relative error of at
 * most 2^-46 from 2 b / q. A midpoint between two floats is m 2^k with m odd and 2^24 < m < 2^25. It cannot equal 2
 * b / q, because m would then divide b < 256. So it differs from 2 b / q by at least 1 part in m q, more than 2^-45,
 * and both results round to the same float. No result is near the limits of the type, and 0 stays +0 because the
 * scale is positive. */
static inline int cmlpi_scales_in_floats(double scale)
{
    const double q = 2 / scale;
    return q >= 1 && q <= 1 << 20 && q == (double)(int32_t)q;
}

#define CMLPI_MASK_BITS 64 /* columns per word of a mask */
#define CMLPI_GROUP 4  /* adjacent weight rows, skipped together if all their inputs are 0 */

/* Rows of a CSR matrix in the caller's memory: each has n <= n_in values (of type `dtype`, multiplied by scale, or by
 * the factor of their column if `factors` is not NULL) at ascending columns below n_in, which are int64 if `has_int64_columns`,
 * else int32. If another thread changes values or columns during the call, the results are unspecified, but the kernels stay
 * within their buffers. */
typedef struct cmlpi_csr_row {
    const void *values, *columns;
    int64_t n;
} cmlpi_csr_row;

typedef struct cmlpi_csr {
    const cmlpi_csr_row *list;
    int64_t n_rows, n_in;
    double scale;
    const double *factors;
    int32_t dtype;
    int has_int64_columns;
} cmlpi_csr;

/* The CSR gradient transposes the values of up to CMLPI_CSR_COLUMNS columns and CMLPI_CSR_ROWS rows at a time. It takes
 * fewer columns if they hold more values than CMLPI_CSR_FULL columns without zeros, or more than UINT16_MAX. */
#define CMLPI_CSR_COLUMNS 4096
#define CMLPI_CSR_FULL 512
#define CMLPI_CSR_ROWS (2 * CMLPI_CHUNK)

/* Capacity of such a block in values. It holds at least one full column. */
static inline int64_t cmlpi_csr_capacity(int64_t rows, int64_t columns)
{
    const int64_t capacity = rows * (columns < CMLPI_CSR_FULL ? columns : CMLPI_CSR_FULL);
    return capacity < UINT16_MAX ? capacity : UINT16_MAX;
}

/* Scratch memory of the CSR gradient in bytes. It holds two positions and a column number for each row, the values with
 * their row numbers, the converted values of one row, and arrays of two-byte numbers: two counters and six list entries
 * for each column, and the column of each value. Two entries are written past the end of the lists. */
static inline int64_t cmlpi_csr_bytes(int64_t rows, int64_t columns, int64_t element)
{
    const int64_t width = columns < CMLPI_CSR_COLUMNS ? columns : CMLPI_CSR_COLUMNS;
    return cmlpi_csr_capacity(rows, columns) * (2 * element + 2) + width * (element + 16) + 4 + rows * 20;
}

/* What the gradient kernel does with a sum s over rows, for weight w and g = fma(alpha, w, s) * inverse. */
typedef enum cmlpi_finish_mode {
    CMLPI_KEEP_SUM, /* sums[...] = s: more rows of the batch follow */
    CMLPI_GRADIENT, /* sums[...] = g */
    CMLPI_UPDATE    /* w = fma(-rate, g, w): plain SGD; sums is not written */
} cmlpi_finish_mode;

/* Weight rows [k0, k1) of a gradient: sums[k, j] += sum_i x[i, k] d[i, j], or = if `is_first`, followed by what `mode`
 * names. The deltas are d (rows of x, n_out); sums and w are (n_in, n_out). */
typedef struct cmlpi_gradient_output {
    const void *d;
    int64_t k0, k1, n_out;
    int is_first;
    void *sums, *w;
    cmlpi_finish_mode mode;
    double alpha, inverse, rate;
    const cmlpi_tuning *tuning;
} cmlpi_gradient_output;

/* An optimizer step. Its constants are named as in cmlp.h; `rate` is lr, or r for Adam. */
typedef struct cmlpi_step {
    int32_t solver;
    int shared; /* whether other threads have read the weights since the last step */
    double rate, momentum, beta_1, beta_2, epsilon;
    double decay; /* AdamW: lr wd; 0 for biases */
} cmlpi_step;

typedef struct cmlpi_loss_values {
    int32_t activation, loss;
    double parameter;       /* of the loss */
    const double *quantiles; /* the parameter of each output, or NULL */
    int wants_delta;
    int is_given;           /* z has the activations and d their slopes: only the deltas are computed */
    double scale;           /* of the delta */
    double clip;            /* of the cost; 0: exact */
    const double *row_weights; /* or NULL */
    const int32_t *class_indices; /* instead of y, for softmax with log loss and few outputs; or NULL */
} cmlpi_loss_values;

/* Which units of a row are dropped: those whose 16-bit random number is less than `below`. */
typedef struct cmlpi_dropout_rule {
    uint32_t key[2];
    uint32_t counter[3]; /* words 1 to 3 of the counter; word 0 comes from the unit */
    uint32_t below;      /* 0 to 65536 */
    double scale;        /* of the other units */
} cmlpi_dropout_rule;

typedef struct cmlpi_kernels {
    int32_t isa;   /* cmlp_isa */
    int32_t dtype; /* cmlp_dtype of T */
    int32_t lanes; /* elements in a vector */

    /* Returns whether the compiler kept the arithmetic of the source (no contraction, no reordering). */
    int (*exact)(void);

    /* z[i, j] = bias[j] + sum_k x[i, k] w[k, j]. Zeros are skipped in a single row, in columns and elements that the masks of
     * x allow, and, where multiply-adds are software, in the rows of most products. This gives the same bits if w is
     * finite. */
    void (*dense)(const cmlpi_dense_input *x, const cmlpi_product *to);
    /* The same for one row x of n_in elements. */
    void (*dense_row)(const void *x, int64_t n_in, const cmlpi_product *to);
    /* Weight rows of the gradient. If x->column_mask or x->mask is not NULL, to->k0 is a multiple of CMLPI_GROUP. */
    void (*gradient)(const cmlpi_dense_input *x, const cmlpi_gradient_output *to);
    /* The gradient of biases: that of one weight row whose inputs are all 1. */
    void (*bias_gradient)(int64_t n_rows, const cmlpi_gradient_output *to);
    /* The same two products for a CSR matrix x; only stored values take time. w and z have no gaps. The scratch memory
     * of csr is a row of x->n_in elements. The scratch memory of csr_gradient is cmlpi_csr_bytes(rows, k1 - k0, element)
     * bytes, aligned as int64_t. csr_gradient takes n_rows <= CMLPI_CSR_ROWS and skips weight rows that an update with a
     * zero gradient cannot change. */
    void (*csr)(const cmlpi_csr *x, const cmlpi_product *to, void *scratch);
    void (*csr_gradient)(const cmlpi_csr *x, const cmlpi_gradient_output *to, void *scratch);
    /* t[j, i] = a[i, j];  a (rows, columns) with lda, t (columns, rows) with ldt. */
    void (*transpose)(const void *a, int64_t lda, int64_t rows, int64_t columns, void *t, int64_t ldt);

    /* a = act(z); z, a (rows, n). a may be z. */
    void (*activate)(int32_t activation, double parameter, const void *z, void *a, int64_t rows, int64_t n);
    /* d[i] *= act'(z[i]). x is a or z, as activations.h says. Not for softmax. */
    void (*derivative)(int32_t activation, double parameter, const void *x, void *d, int64_t n);
    /* z: weighted sums in, activations out; y: targets; d: deltas out; cost[i]: cost of row i, without scale and
     * weight, NaN if the loss does not allow a target of the row. z, y, d (rows, n). If no delta
     * is wanted, z and d become scratch. If there are class indices, z is unchanged. */
    void (*loss)(const cmlpi_loss_values *values, void *z, const void *y, void *d, int64_t rows, int64_t n,
                 double *cost);

    /* One optimizer step on n elements. m: velocity or first moment, v: second moment, each NULL if the solver has
     * none. */
    void (*step)(const cmlpi_step *step, void *w, const void *g, void *m, void *v, int64_t n);

    /* out[i] = value * scale; the source has type `dtype` and a stride in bytes. */
    void (*convert)(int32_t dtype, const void *source, int64_t stride, int64_t n, double scale, void *out);
    /* out[i] = (value - shifts[i]) * factors[i], likewise. */
    void (*convert_columns)(int32_t dtype, const void *source, int64_t stride, int64_t n, const double *shifts,
                            const double *factors, void *out);
    /* Sets bit i of `mask` if v[i] is not 0, and writes whole words. Returns the number of bits set. */
    int64_t (*nonzero_mask)(const void *v, int64_t n, uint64_t *mask);
    /* Drops or scales the n units of a row: see "Dropout" in the description of the arithmetic. */
    void (*drop)(const cmlpi_dropout_rule *rule, void *values, int64_t n);
    /* v[i] *= factor, rounded to T. */
    void (*multiply)(void *v, int64_t n, double factor);
    /* Sum of the squares of v (rows, n) in 16 partial sums: column j is added to partial sum j mod 16. */
    double (*square_sum)(const void *v, int64_t rows, int64_t n);
    /* Index of the first element v[i * stride] (elements) that is NaN or infinite, or n. */
    int64_t (*find_nonfinite)(const void *v, int64_t stride, int64_t n);
} cmlpi_kernels;

extern const cmlpi_kernels cmlpi_kernels_f32_generic, cmlpi_kernels_f64_generic;
extern const cmlpi_kernels cmlpi_kernels_f32_avx2, cmlpi_kernels_f64_avx2;
extern const cmlpi_kernels cmlpi_kernels_f32_avx512, cmlpi_kernels_f64_avx512;
extern const cmlpi_kernels cmlpi_kernels_f32_neon, cmlpi_kernels_f64_neon;

#endif
