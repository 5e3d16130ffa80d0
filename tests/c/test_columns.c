/* A shift and a factor for each column: bit-identical to inputs that were scaled before; invalid vectors. */
#include "fixture.h"
#include "workspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 45, MOST_COLUMNS = 620, OUTPUTS = 5, MOST = ROWS * MOST_COLUMNS };

static fixture f;
static double source[MOST], scaled[MOST];
static double shifts[MOST_COLUMNS], factors[MOST_COLUMNS];

static int with_rows(call c) { return c == TRAIN || (c >= FORWARD && c <= DELTAS); }

/* Fills the source with numbers of a type, about half of them 0, and `scaled` with what the network should see. */
static void make_source(int32_t dtype, int with_shifts)
{
    uint64_t state = 3;
    for (int64_t j = 0; j < f.n_in; j++) {
        shifts[j] = with_shifts ? uniform(&state, -100, 100) : 0;
        factors[j] = uniform(&state, 0.5, 1.5) / (j % 3 ? 100 : -100);
    }
    shifts[0] = 0; /* zeros stay zeros in this column */
    for (int64_t i = 0; i < ROWS * f.n_in; i++) {
        const double value = random_below(&state, 2) ? (double)random_below(&state, 256) : 0;
        put(dtype, source, i, dtype == CMLP_UINT8 ? value : 0.7 * value - 0.4 * (value > 0));
        const double difference = get(dtype, source, i) - shifts[i % f.n_in];
        put(f.shape.dtype, scaled, i, difference * factors[i % f.n_in]);
    }
}

/* The hash of the call with inputs that the test has scaled. */
static uint64_t expected_hash(call c)
{
    fixture_reset(&f, c);
    f.rows.data = scaled;
    CHECK(fixture_call(&f, c) == CMLP_OK);
    if (c == INPUT_GRADIENT) /* with respect to the values before shift and factor */
        for (int64_t i = 0; i < f.n * f.n_in; i++) {
            const double factor = factors[i % f.n_in], slope = get(f.shape.dtype, f.input_gradient, i);
            const double rounded = f.shape.dtype == CMLP_FLOAT32 ? (double)(float)factor : factor;
            put(f.shape.dtype, f.input_gradient, i, slope * rounded);
        }
    return fixture_hash(&f);
}

static void set_columns(int32_t dtype)
{
    f.rows.dtype = dtype;
    f.rows.data = source;
    f.rows.column_stride = (int64_t)size_of(dtype);
    f.rows.row_stride = f.n_in * f.rows.column_stride;
    f.rows.scale = dtype == CMLP_UINT8 ? 0 : 1; /* either has no effect */
    f.rows.shifts = shifts;
    f.rows.factors = factors;
}

static void same_outcome(call c, const char *what, int32_t dtype, uint64_t expected)
{
    const int status = fixture_call(&f, c);
    check_that(status == CMLP_OK && fixture_hash(&f) == expected, "%s of %s with dtype %d, net %d, %d columns: %s",
               call_names[c], what, (int)dtype, (int)f.shape.dtype, (int)f.n_in,
               status ? cmlp_status_name(status) : "bits differ");
}

static void test_dense(call c, int32_t dtype)
{
    static double columns[MOST];
    make_source(dtype, 1);
    const uint64_t expected = expected_hash(c);
    fixture_reset(&f, c);
    set_columns(dtype);
    same_outcome(c, "rows", dtype, expected);
    for (int64_t i = 0; i < ROWS * f.n_in; i++)
        put(dtype, columns, i % f.n_in * ROWS + i / f.n_in, get(dtype, source, i));
    fixture_reset(&f, c);
    set_columns(dtype);
    f.rows.data = columns;
    f.rows.row_stride = (int64_t)size_of(dtype);
    f.rows.column_stride = ROWS * f.rows.row_stride;
    same_outcome(c, "columns", dtype, expected);
}

/* ---- CSR */

static double values[MOST];
static int64_t indices[MOST], indptr[ROWS + 1];
static void *workspace;

static void set_sparse(call c, int32_t dtype)
{
    int64_t p = 0;
    size_t bytes = 0;
    set_columns(dtype);
    f.rows.row_stride = f.rows.column_stride = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        indptr[i] = p;
        for (int64_t j = 0; j < f.n_in; j++) {
            const double value = get(dtype, source, i * f.n_in + j);
            if (value == 0) continue;
            put(dtype, values, p, value);
            indices[p++] = j;
        }
    }
    indptr[ROWS] = p;
    f.rows.kind = CMLP_ROWS_CSR;
    f.rows.data = values;
    f.rows.indices = indices;
    f.rows.indptr = indptr;
    f.rows.n_values = p;
    f.rows.index_dtype = CMLP_INT64;
    const int kind = c <= WEIGHTED_SUMS ? CALL_FORWARD : c == TRAIN ? CALL_TRAIN : CALL_GRADIENT;
    const int64_t rows = c == TRAIN ? f.shape.batch : f.n;
    CHECK(call_workspace(f.net, kind | CALL_CSR, rows, f.shape.n_threads, &bytes) == CMLP_OK);
    free(workspace);
    f.run.workspace = workspace = malloc(bytes);
    f.run.workspace_size = bytes;
}

static void test_sparse(call c, int32_t dtype)
{
    make_source(dtype, 0);
    const uint64_t expected = expected_hash(c);
    fixture_reset(&f, c);
    set_sparse(c, dtype);
    same_outcome(c, "CSR rows", dtype, expected);
}

/* ---- invalid vectors, and inputs that are too large only after the product */

#define REFUSED(expected, argument, change)                                                                  \
    do {                                                                                                     \
        fixture_reset(&f, c);                                                                                \
        set_columns(CMLP_FLOAT64);                                                                           \
        change;                                                                                              \
        const int status = fixture_call(&f, c);                                                              \
        check_that(status == (expected) && f.run.refused && !strcmp(f.run.refused, argument), "%s, %s: %s, %s", \
                   call_names[c], #change, cmlp_status_name(status), f.run.refused ? f.run.refused : "-");   \
    } while (0)

static void test_invalid(call c)
{
    make_source(CMLP_FLOAT64, 1);
    double *const misaligned = (double *)(void *)((char *)factors + 4);
    REFUSED(CMLP_ERROR_NULL, "rows->shifts", f.rows.shifts = NULL);
    REFUSED(CMLP_ERROR_NULL, "rows->factors", f.rows.factors = NULL);
    REFUSED(CMLP_ERROR_ALIGNMENT, "rows->shifts", f.rows.shifts = misaligned);
    REFUSED(CMLP_ERROR_ALIGNMENT, "rows->factors", f.rows.factors = misaligned);
    static const double bad[] = {NAN, INFINITY, -INFINITY, 0};
    const double shift = shifts[5], factor = factors[f.n_in - 1];
    for (int i = 0; i < 4; i++) {
        if (i < 3) {
            REFUSED(CMLP_ERROR_OPTION, "rows->shifts", shifts[5] = bad[i]);
            CHECK(f.run.bad_element == 5);
        }
        shifts[5] = shift;
        REFUSED(CMLP_ERROR_OPTION, "rows->factors", factors[f.n_in - 1] = bad[i]);
        CHECK(f.run.bad_element == f.n_in - 1);
        factors[f.n_in - 1] = factor;
    }
    make_source(CMLP_FLOAT64, 0);
    shifts[f.n_in - 1] = 1e-300;
    REFUSED(CMLP_ERROR_OPTION, "rows->shifts", set_sparse(c, CMLP_FLOAT64));
    CHECK(f.run.bad_element == f.n_in - 1);
}

/* A row that has a column twice is refused. */
static void test_repeated_column(call c)
{
    make_source(CMLP_FLOAT64, 0);
    fixture_reset(&f, c);
    set_sparse(c, CMLP_FLOAT64);
    indices[1] = indices[0];
    CHECK(indptr[1] > 1 && fixture_call(&f, c) == CMLP_ERROR_SPARSE);
}

static void test_overflow(call c, int sparse)
{
    make_source(CMLP_FLOAT64, 0);
    put(CMLP_FLOAT64, source, 7 * f.n_in + 3, 1e200);
    factors[3] = f.shape.dtype == CMLP_FLOAT32 ? 1e-150 : 1e150;
    fixture_reset(&f, c);
    if (sparse)
        set_sparse(c, CMLP_FLOAT64);
    else
        set_columns(CMLP_FLOAT64);
    const int status = fixture_call(&f, c);
    check_that(status == CMLP_ERROR_INPUT && f.run.bad_row == 7 && f.run.bad_column == 3, "%s: %s, row %d, column %d",
               call_names[c], cmlp_status_name(status), (int)f.run.bad_row, (int)f.run.bad_column);
}

int main(void)
{
    static const int64_t widths[][2] = {{11, 20}, {MOST_COLUMNS, 16}, {150, 64}};
    cmlp_isa isas[8];
    const int n = available_isas(isas);
    for (int i = 0; i < 6 * n; i++) {
        const int64_t *width = widths[i % 3];
        const shape s = {.n_layers = 3, .sizes = {width[0], width[1], OUTPUTS}, .hidden = CMLP_ACTIVATION_TANH,
                         .output = CMLP_ACTIVATION_SOFTMAX, .loss = CMLP_LOSS_LOG,
                         .dtype = i % 2 ? CMLP_FLOAT64 : CMLP_FLOAT32, .solver = CMLP_SOLVER_ADAM, .rows = ROWS,
                         .batch = 20, .isa = isas[i / 6], .n_threads = 1 + i % 2};
        fixture_make(&f, &s);
        for (call c = FORWARD; c < CALLS; c++) {
            if (!with_rows(c)) continue;
            for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_UINT8; dtype++) {
                test_dense(c, dtype);
                test_sparse(c, dtype);
            }
            test_invalid(c);
            test_repeated_column(c);
            test_overflow(c, 0);
            test_overflow(c, 1);
        }
        fixture_free(&f);
    }
    free(workspace);
    return finish();
}
