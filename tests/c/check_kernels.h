/* Test harness for all kernels. The check of a kernel makes one case (shape, values, memory layout) and runs every
 * table on it. Outputs must agree with a plain reference implementation and have the same bits for all tables.
 * Operands are surrounded by guard pages and canary bytes, and inputs must not change. */
#ifndef CHECK_KERNELS_H
#define CHECK_KERNELS_H

#include "../../include/cmlp.h"
#include "../../src/cmlp/core/kernels/kernels.h"
#include "support.h"

#define MAX_TABLES 4 /* of one type, on one processor */
#define MAX_OPERANDS 6
#define MAX_BYTES ((size_t)1 << 19) /* of an operand */

typedef enum value_class {
    PLAIN,   /* numbers of magnitude about 1, and zeros of both signs */
    SPECIAL /* also NaN, infinities and subnormal numbers */
} value_class;

typedef enum operand_role {
    INPUT,  /* must not change */
    OUTPUT, /* every table must produce the same bits */
    SCRATCH /* contents are not checked */
} operand_role;

typedef struct operand {
    const char *name;
    int32_t dtype;
    int64_t n;       /* elements */
    operand_role role;
    slot place;
    void *before;    /* contents before the call */
    void *after[MAX_TABLES];
} operand;

typedef struct harness {
    const cmlpi_kernels *tables[MAX_TABLES]; /* all of one element type; the first is the reference */
    int n_tables;
    int32_t dtype;
    const char *kernel;
    uint64_t seed, random; /* seed of the run; random state of the case */
    int64_t number;        /* index of the case */
    int silent; /* print nothing and stop at the first failure */
    int reports;
    int64_t last_report, failures;
    /* the case */
    value_class values;
    int where;
    int64_t offset; /* elements */
    char shape[160];
    operand operands[MAX_OPERANDS];
    int n_operands;
} harness;

/* The caller sets the tables. */
void harness_make(harness *h, int32_t dtype, uint64_t seed);
void harness_free(harness *h);
const char *table_name(const cmlpi_kernels *table);

/* ---- making a case */

/* Number of elements from the start of the first row to the end of the last row. */
static inline int64_t elements(int64_t count, int64_t distance, int64_t of_last)
{
    return count && of_last ? (count - 1) * distance + of_last : 0;
}
/* An operand with elements of `dtype`, filled with the case's values. */
operand *new_operand(harness *h, const char *name, int32_t dtype, int64_t n, operand_role role);
/* fill() replaces all elements. poison_gaps() sets the elements between rows of length `row` to NaN. */
void fill(operand *o, double value);
void poison_gaps(operand *o, int64_t row, int64_t ld);
/* Sets random runs of elements to 0 or -0. The fraction of elements that keep their value is random, too. */
void zero_runs(harness *h, operand *o);
double random_value(harness *h);
/* Returns a random element of the list. */
int64_t pick(harness *h, const int64_t *list, int64_t n);
#define PICK(h, ...) \
    pick((h), (const int64_t[]){__VA_ARGS__}, (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))
/* Returns a row length near a multiple of some table's vector length VL: 0, 1, VL - 1, VL, VL + 1, 2 VL - 1, ... */
int64_t pick_width(harness *h);

/* ---- running a case */

/* Calls `call(table, context)` for each table on a fresh copy of the operands and keeps their contents afterwards. */
void run_tables(harness *h, void (*call)(const cmlpi_kernels *table, void *context), void *context);

/* ---- checking the results */

/* The expected value of a sum of products: by the chunk rule, and as a plain sum in double with its error bound. */
typedef struct product_sum {
    int32_t dtype;
    int64_t n;
    double total, chunk;     /* sums by the chunk rule */
    double plain, magnitude; /* the plain sum, and the sum of absolute values */
} product_sum;

product_sum start_product(int32_t dtype, double from);
void add_product(product_sum *p, double a, double b);
void end_chunk(product_sum *p);
double bound_of(const product_sum *p);

void fail(harness *h, int table, const char *format, ...);
/* Fails unless the outputs of all tables are bit-identical to the first table's. */
void same_outputs(harness *h);
/* Returns whether |x - expected| <= bound. Equal infinities match; NaN matches only NaN. */
int within(double x, double expected, double bound);
/* Fails unless element i of an output is within the bound for every table. */
void expect(harness *h, const operand *o, int64_t i, double expected, double bound);
/* Fails unless element i of an output equals `expected`, rounded to the type, bit for bit for every table. */
void expect_exactly(harness *h, const operand *o, int64_t i, double expected);

static inline double epsilon_of(int32_t dtype) { return dtype == CMLP_FLOAT32 ? 0x1p-23 : 0x1p-52; }
static inline double tiny_of(int32_t dtype) { return dtype == CMLP_FLOAT32 ? 0x1p-126 : 0x1p-1022; }

/* Arithmetic rounded once to the type. */
double type_round(int32_t dtype, double x);
double type_fma(int32_t dtype, double a, double b, double c);

/* ---- the checks; `number` counts the cases */

typedef struct kernel_check {
    const char *kernel;
    void (*check)(harness *h);
    int64_t cases;
} kernel_check;

void check_dense(harness *h);
void check_gradient(harness *h);
void check_bias_gradient(harness *h);
void check_csr(harness *h);
void check_csr_gradient(harness *h);
void check_transpose(harness *h);
void check_activate(harness *h);
void check_derivative(harness *h);
void check_loss(harness *h);
void check_class_index_loss(harness *h);
void check_step(harness *h);
void check_convert(harness *h);
void check_convert_columns(harness *h);
void check_nonzero_mask(harness *h);
void check_drop(harness *h);
void check_multiply(harness *h);
void check_square_sum(harness *h);
void check_find_nonfinite(harness *h);

/* Runs all cases of one kernel's check. */
void run_check(harness *h, const kernel_check *check);

extern const kernel_check kernel_checks[];
extern const int n_kernel_checks;

/* Runs the checks on deliberately broken kernels and fails if a check misses one. */
void selftest(const cmlpi_kernels *plain, const cmlpi_kernels *victim, uint64_t seed);

/* Prints the speed of each table's kernels. */
void bench(const cmlpi_kernels *const *tables, int n);
void bench_sparse(const cmlpi_kernels *const *tables, int n);

#endif
