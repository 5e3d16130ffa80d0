/* CSR rows in the public calls: same bits as dense rows, buffers of the exact size, and invalid arguments. */
#include "fixture.h"
#include "workspace.h"

#include <math.h>
#include <string.h>

enum { ROWS = 45, COLUMNS = 300, OUTPUTS = 5, MOST = ROWS * COLUMNS };

static fixture f;

/* The CSR arrays, each with the exact size and before or after a guard page. */
typedef struct sparse_arrays {
    slot values, indices, indptr, workspace;
    int64_t n;
    int where; /* AT_END or AT_START */
} sparse_arrays;

static sparse_arrays s;

static int with_csr(call c) { return c == TRAIN || (c >= FORWARD && c <= DELTAS); }

static int core_call(call c)
{
    if (c == FORWARD || c == ACTIVATIONS || c == WEIGHTED_SUMS) return CALL_FORWARD;
    return c == TRAIN ? CALL_TRAIN : CALL_GRADIENT;
}

static size_t workspace_size(call c)
{
    size_t bytes = 0;
    CHECK(call_workspace(f.net, core_call(c) | CALL_CSR, c == TRAIN ? f.shape.batch : f.n,
                              f.shape.n_threads, &bytes) == CMLP_OK);
    return bytes;
}

/* Keeps about every third input and sets the others to 0, in the fixture's dense rows, too. */
static void make_sparse(void)
{
    uint64_t state = 7;
    for (int64_t i = 0; i < f.n * f.n_in; i++)
        if (random_below(&state, 3) || (i / f.n_in) % 9 == 4) put(f.shape.dtype, f.x, i, 0);
    size_t most = 0;
    for (call c = FORWARD; c < CALLS; c++)
        if (with_csr(c) && workspace_size(c) > most) most = workspace_size(c);
    slot_make(&s.workspace, most);
    slot_make(&s.values, MOST * sizeof(double));
    slot_make(&s.indices, MOST * sizeof(int64_t));
    slot_make(&s.indptr, (ROWS + 1) * sizeof(int64_t));
}

static void free_sparse(void)
{
    slot_free(&s.workspace);
    slot_free(&s.values);
    slot_free(&s.indices);
    slot_free(&s.indptr);
}

/* Refills the arrays from the dense rows, points the structs to them, and gives the workspace the exact size. */
static void reset(call c, int32_t index_dtype)
{
    const int32_t dtype = f.shape.dtype;
    fixture_reset(&f, c);
    s.n = 0;
    for (int64_t i = 0; i < f.n * f.n_in; i++) s.n += get(dtype, f.x, i) != 0;
    void *values = slot_place(&s.values, (size_t)s.n * size_of(dtype), s.where, 0);
    void *indices = slot_place(&s.indices, (size_t)s.n * size_of(index_dtype), s.where, 0);
    void *indptr = slot_place(&s.indptr, (size_t)(f.n + 1) * size_of(index_dtype), s.where, 0);
    int64_t p = 0;
    for (int64_t i = 0; i < f.n; i++) {
        put(index_dtype, indptr, i, (double)p);
        for (int64_t k = 0; k < f.n_in; k++) {
            const double value = get(dtype, f.x, i * f.n_in + k);
            if (value == 0) continue;
            put(dtype, values, p, value);
            put(index_dtype, indices, p++, (double)k);
        }
    }
    put(index_dtype, indptr, f.n, (double)p);
    f.rows.kind = CMLP_ROWS_CSR;
    f.rows.data = values;
    f.rows.indices = indices;
    f.rows.indptr = indptr;
    f.rows.n_values = s.n;
    f.rows.index_dtype = index_dtype;
    f.rows.row_stride = f.rows.column_stride = 0;
    const size_t bytes = workspace_size(c);
    f.run.workspace = slot_place(&s.workspace, bytes, AT_END, 0);
    f.run.workspace_size = bytes;
    memset(f.run.workspace, 0x5a, bytes);
}

/* ---- the same bits */

static void test_same_bits(call c, int32_t index_dtype)
{
    const uint64_t expected = fixture_outcome(&f, c);
    attempt a = {&f, c, -1};
    reset(c, index_dtype);
    const int alive = survives(fixture_attempt, &a);
    const int intact = slot_intact(&s.values) && slot_intact(&s.indices) && slot_intact(&s.indptr) &&
                       slot_intact(&s.workspace);
    check_that(alive && a.status == CMLP_OK && fixture_hash(&f) == expected && fixture_intact(&f) && intact,
               "%s, dtype %d, indices %d, %d threads, batch %d, alpha %g: %s", call_names[c], (int)f.shape.dtype,
               (int)index_dtype, (int)f.shape.n_threads, (int)f.shape.batch, f.shape.alpha,
               !alive ? "touched a guard page" : a.status ? cmlp_status_name(a.status) : "bits differ");
    reset(c, index_dtype);
    f.run.workspace_size--;
    CHECK(fixture_call(&f, c) == CMLP_ERROR_BUFFER_SIZE);
}

/* ---- invalid arguments */

static void check_invalid(call c, int expected, const char *change, uint64_t before)
{
    attempt a = {&f, c, -1};
    const int alive = survives(fixture_attempt, &a);
    check_that(alive && a.status == expected && fixture_hash(&f) == before && fixture_intact(&f), "%s with %s: %s%s",
               call_names[c], change, alive ? cmlp_status_name(a.status) : "touched a guard page",
               fixture_hash(&f) == before ? "" : ", an output changed");
}

/* Each call with each index type returns this status after this change. */
#define INVALID(expected, change)                                                     \
    do {                                                                              \
        for (call c = 0; c < CALLS; c++)                                              \
            for (int32_t type = CMLP_INT32; with_csr(c) && type <= CMLP_INT64; type++) { \
                reset(c, type);                                                       \
                change;                                                               \
                check_invalid(c, expected, #change, fixture_hash(&f));                \
            }                                                                         \
    } while (0)

static void set_index(int64_t p, double value) { put(f.rows.index_dtype, s.indices.data, p, value); }

static void set_indptr(int64_t i, double value) { put(f.rows.index_dtype, s.indptr.data, i, value); }

static double index_of(int64_t p) { return get(f.rows.index_dtype, s.indices.data, p); }

static double indptr_of(int64_t i) { return get(f.rows.index_dtype, s.indptr.data, i); }

static void test_invalid(void)
{
    INVALID(CMLP_ERROR_SPARSE, set_index(0, -1));
    INVALID(CMLP_ERROR_SPARSE, set_index(0, INT32_MIN));
    INVALID(CMLP_ERROR_SPARSE, set_index(s.n - 1, COLUMNS));
    INVALID(CMLP_ERROR_SPARSE, set_index(s.n - 1, INT32_MAX));
    INVALID(CMLP_ERROR_SPARSE, set_index(1, COLUMNS + 7));           /* in the middle of a row */
    INVALID(CMLP_ERROR_SPARSE, set_index(2, index_of(1)));           /* twice */
    INVALID(CMLP_ERROR_SPARSE, set_index(2, index_of(0)));           /* unsorted */
    INVALID(CMLP_ERROR_SPARSE, set_index((int64_t)indptr_of(3) - 1, 0)); /* the end of a row */
    INVALID(CMLP_ERROR_SPARSE, set_indptr(0, -1));
    INVALID(CMLP_ERROR_SPARSE, set_indptr(7, indptr_of(6) - 1)); /* decreases */
    INVALID(CMLP_ERROR_SPARSE, set_indptr(7, INT32_MAX));
    INVALID(CMLP_ERROR_SPARSE, set_indptr(ROWS, (double)s.n + 1));
    INVALID(CMLP_ERROR_SPARSE, f.rows.n_values--);
    INVALID(CMLP_ERROR_SPARSE, set_indptr(ROWS, INT32_MIN));
    INVALID(CMLP_ERROR_ROWS, f.rows.n_values = -1);
    INVALID(CMLP_ERROR_ROWS, f.rows.n_columns--);
    INVALID(CMLP_ERROR_ROWS, f.rows.n_rows = -1);
    INVALID(CMLP_ERROR_DTYPE, f.rows.index_dtype = 0);
    INVALID(CMLP_ERROR_DTYPE, f.rows.index_dtype = CMLP_FLOAT64);
    INVALID(CMLP_ERROR_DTYPE, f.rows.dtype = CMLP_INT32);
    INVALID(CMLP_ERROR_DTYPE, f.rows.dtype = 0);
    INVALID(CMLP_ERROR_NULL, f.rows.data = NULL);
    INVALID(CMLP_ERROR_NULL, f.rows.indices = NULL);
    INVALID(CMLP_ERROR_NULL, f.rows.indptr = NULL);
    INVALID(CMLP_ERROR_ALIGNMENT, f.rows.data = (const char *)f.rows.data - 2);
    INVALID(CMLP_ERROR_ALIGNMENT, f.rows.indices = (const char *)f.rows.indices - 2);
    INVALID(CMLP_ERROR_ALIGNMENT, f.rows.indptr = (const char *)f.rows.indptr - 2);
    INVALID(CMLP_ERROR_OPTION, f.rows.scale = NAN);
    f.order[0] = f.n;
    INVALID(CMLP_ERROR_ORDER, (f.rows.order = f.order, f.rows.n_order = f.n));
    INVALID(CMLP_ERROR_ROWS, f.rows.row_stride = 8);
    INVALID(CMLP_ERROR_ROWS, f.rows.column_stride = 8);
    f.order[0] = 0;
}

/* Rows that the order leaves out are not checked. */
static void test_order(void)
{
    f.order[0] = 2;
    f.order[1] = 5;
    f.order[2] = 2;
    for (call c = FORWARD; c < CALLS; c++) {
        if (!with_csr(c)) continue;
        reset(c, CMLP_INT32);
        set_index((int64_t)indptr_of(3), -5);
        f.rows.order = f.order;
        f.rows.n_order = 3;
        CHECK(fixture_call(&f, c) == CMLP_OK);
        const uint64_t outcome = fixture_hash(&f);
        fixture_reset(&f, c);
        f.rows.order = f.order;
        f.rows.n_order = 3;
        CHECK(fixture_call(&f, c) == CMLP_OK && fixture_hash(&f) == outcome);
    }
}

static void test_nonfinite(double value)
{
    for (call c = FORWARD; c < CALLS; c++) {
        if (!with_csr(c)) continue;
        reset(c, CMLP_INT64);
        const int64_t p = (int64_t)indptr_of(7) + 2;
        put(f.shape.dtype, s.values.data, p, value);
        const int status = fixture_call(&f, c);
        check_that(status == CMLP_ERROR_INPUT && f.run.bad_row == 7 && f.run.bad_column == (int64_t)index_of(p),
                   "%s with %g stored in row 7: %s, row %d, column %d", call_names[c], value, cmlp_status_name(status),
                   (int)f.run.bad_row, (int)f.run.bad_column);
    }
}

/* Values may have any type, and all rows may be empty. */
static void test_values(void)
{
    for (call c = FORWARD; c < CALLS; c++) {
        if (!with_csr(c)) continue;
        for (int64_t i = 0; i < f.n * f.n_in; i++) put(f.shape.dtype, f.x, i, get(f.shape.dtype, f.x, i) != 0);
        const double scale = c == INPUT_GRADIENT ? 1 : 1 / 255.0;
        fixture_reset(&f, c);
        f.rows.scale = scale;
        CHECK(fixture_call(&f, c) == CMLP_OK);
        const uint64_t outcome = fixture_hash(&f);
        reset(c, CMLP_INT32);
        static uint8_t ones[MOST];
        memset(ones, 1, sizeof ones);
        f.rows.data = ones;
        f.rows.dtype = CMLP_UINT8;
        f.rows.scale = scale;
        CHECK(fixture_call(&f, c) == CMLP_OK && fixture_hash(&f) == outcome);

        reset(c, CMLP_INT32);
        for (int64_t i = 0; i <= f.n; i++) set_indptr(i, 0);
        f.rows.data = f.rows.indices = NULL;
        f.rows.n_values = 0;
        CHECK(fixture_call(&f, c) == CMLP_OK);
    }
}

int main(void)
{
    static const int32_t solvers[] = {CMLP_SOLVER_SGD, CMLP_SOLVER_SGD, CMLP_SOLVER_ADAM, CMLP_SOLVER_NESTEROV};
    cmlp_isa isas[8];
    const int n = available_isas(isas);
    for (int i = 0; i < 12 * n; i++) {
        const shape one = {.n_layers = 3, .sizes = {COLUMNS, 33, OUTPUTS}, .hidden = CMLP_ACTIVATION_TANH,
                             .output = CMLP_ACTIVATION_SOFTMAX, .loss = CMLP_LOSS_LOG,
                             .dtype = i % 2 ? CMLP_FLOAT64 : CMLP_FLOAT32,
                             .solver = solvers[i % 4], .rows = ROWS, .batch = i % 3 ? 20 : ROWS, .isa = isas[i / 12],
                             .alpha = i % 4 == 1 ? 0.01 : 0, .n_threads = 1 + i % 5, .with_order = i % 5 == 2};
        fixture_make(&f, &one);
        make_sparse();
        for (call c = FORWARD; c < CALLS; c++)
            for (int32_t type = CMLP_INT32; with_csr(c) && type <= CMLP_INT64; type++)
                for (s.where = 0; s.where < 2; s.where++) test_same_bits(c, type);
        s.where = AT_END;
        if (i % 12 < 2) {
            test_invalid();
            test_nonfinite(NAN);
            test_nonfinite(-INFINITY);
            test_order();
            test_values();
        }
        free_sparse();
        fixture_free(&f);
    }
    return finish();
}
