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
    INPUT,  /* comes back unchanged */
    OUTPUT, /* the same bits by every table */
    SCRATCH /* may hold anything */
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
    const cmlp_kernels *tables[MAX_TABLES]; /* of one element type; the first is the one that others must equal */
    int n_tables;
    int32_t dtype;
    const char *kernel;
    uint64_t seed, random; /* of the run; of the case */
    int64_t number;        /* of the case */
    int quiet; /* nothing is printed, and the first failure is enough */
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

/* The tables are for the caller to set. */
void harness_make(harness *h, int32_t dtype, uint64_t seed);
void harness_free(harness *h);
const char *table_name(const cmlp_kernels *table);

/* ---- making a case */

/* Elements from the first to the last of so many rows. */
static inline int64_t elements(int64_t count, int64_t distance, int64_t of_last)
{
    return count && of_last ? (count - 1) * distance + of_last : 0;
}
/* An operand with elements of `dtype`, filled with the case's values. */
operand *new_operand(harness *h, const char *name, int32_t dtype, int64_t n, operand_role role);
/* Replaces all elements, or makes those NaN that stand between rows of length `row`. */
void fill(operand *o, double value);
void poison_gaps(operand *o, int64_t row, int64_t ld);
/* Makes elements 0 or -0, in stretches: about one in so many stays as it was, the number being drawn. */
void darken(harness *h, operand *o);
double random_value(harness *h);
/* A shape: small numbers, and those around multiples of the vector and the chunk. */
int64_t pick(harness *h, const int64_t *list, int64_t n);
#define PICK(h, ...) \
    pick((h), (const int64_t[]){__VA_ARGS__}, (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))
/* Elements that a row of so many has around vectors: 0, 1, VL - 1, VL, VL + 1, 2 VL - 1, ... of some table. */
int64_t pick_width(harness *h);

/* ---- running it */

/* Calls `call(table, context)` for each table on operands placed anew, and keeps what they became. */
void run_tables(harness *h, void (*call)(const cmlp_kernels *table, void *context), void *context);

/* ---- judging it */

/* What a sum of products must be: by the rule of chunks, and by a plain sum in double with its bound. */
typedef struct product_sum {
    int32_t dtype;
    int64_t n;
    double total, chunk;     /* the rule */
    double plain, magnitude; /* the sum, and that of the absolute values */
} product_sum;

product_sum start_product(int32_t dtype, double from);
void add_product(product_sum *p, double a, double b);
void end_chunk(product_sum *p);
double bound_of(const product_sum *p);

void fail(harness *h, int table, const char *format, ...);
/* The outputs of all tables have the first one's bits. */
void same_outputs(harness *h);
/* |x - expected| <= bound, equal infinities, NaN for NaN; false for NaN where none is expected. */
int within(double x, double expected, double bound);
/* Element i of an output is within the bound, by every table. */
void expect(harness *h, const operand *o, int64_t i, double expected, double bound);
/* Element i of an output is that, to the bit (of the type), by every table. */
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
void check_csr(harness *h);
void check_csr_gradient(harness *h);
void check_transpose(harness *h);
void check_activate(harness *h);
void check_derivative(harness *h);
void check_loss(harness *h);
void check_label_loss(harness *h);
void check_step(harness *h);
void check_convert(harness *h);
void check_nonzero_mask(harness *h);
void check_multiply(harness *h);
void check_square_sum(harness *h);
void check_find_nonfinite(harness *h);

/* All cases of one kernel's check. */
void run_check(harness *h, const kernel_check *check);

extern const kernel_check kernel_checks[];
extern const int n_kernel_checks;

/* Runs the checks on kernels that are each broken on purpose, and demands that they are caught. */
void selftest(const cmlp_kernels *plain, const cmlp_kernels *victim, uint64_t seed);

/* Prints the speed of each table's kernels. */
void bench(const cmlp_kernels *const *tables, int n);
void bench_sparse(const cmlp_kernels *const *tables, int n);

#endif
