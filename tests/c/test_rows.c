/* Equal rows and targets give the same bits in any representation: strides, orders, element types, split calls. */
#include "calls.h"
#include "fixture.h"

#include <string.h>

enum { ROWS = 45, COLUMNS = 11, OUTPUTS = 5 };

static fixture f;

static void *element(const void *block, int64_t i)
{
    return (char *)(uintptr_t)block + i * (int64_t)size_of(f.shape.dtype);
}

/* Checks that the call with the fixture's current fields has the expected hash. */
static void same_outcome(call c, const char *what, uint64_t expected)
{
    const int status = fixture_call(&f, c);
    check_that(status == CMLP_OK && fixture_hash(&f) == expected, "%s with %s, dtype %d: %s", call_names[c], what,
               (int)f.shape.dtype, status ? cmlp_status_name(status) : "bits differ");
}

/* Element (i, j) is at base + i * row + j * column elements. */
static void test_strides(call c, int64_t row, int64_t column, const char *what)
{
    static double memory[20000];
    const int64_t size = (int64_t)size_of(f.shape.dtype);
    const int64_t base = (row < 0 ? -row * (ROWS - 1) : 0) + (column < 0 ? -column * (COLUMNS - 1) : 0);
    const uint64_t expected = fixture_outcome(&f, c);
    fixture_reset(&f, c);
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0; j < COLUMNS; j++)
            put(f.shape.dtype, memory, base + i * row + j * column, get(f.shape.dtype, f.x, i * COLUMNS + j));
    f.rows.data = element(memory, base);
    f.rows.row_stride = row * size;
    f.rows.column_stride = column * size;
    same_outcome(c, what, expected);
}

/* The stride of a single column does not matter, of rows and of targets. */
static void test_one_column(int32_t dtype)
{
    static const int64_t strides[] = {INT64_MIN + 8, INT64_MAX - 7, -8, CMLP_REPEAT};
    static const double shift = 0.5, factor = 2;
    static double y[ROWS];
    const shape s = {3, {1, 4, 1}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR, .dtype = dtype,
                     .solver = CMLP_SOLVER_SGD, .rows = ROWS, .batch = 20};
    fixture_make(&f, &s);
    for (int i = 0; i < ROWS; i++) put(dtype, y, i, (i % 7) / 4.0);
    for (int k = 0; k < 8; k++)
        for (call c = 0; c < CALLS; c++) {
            uint64_t expected = 0;
            for (int has_stride = 0; has_stride < 2 && c != INIT_PARAMS && c != STEP; has_stride++) {
                fixture_reset(&f, c);
                f.targets = cmlp_dense_targets(y, dtype, ROWS, f.n_out);
                f.rows.row_stride = f.targets.row_stride = (int64_t)size_of(dtype);
                if (k & 4) f.rows.shifts = &shift, f.rows.factors = &factor;
                if (has_stride) f.rows.column_stride = f.targets.column_stride = strides[k & 3];
                if (has_stride)
                    same_outcome(c, "a stride of one column", expected);
                else
                    CHECK(fixture_call(&f, c) == CMLP_OK);
                expected = fixture_hash(&f);
            }
        }
    fixture_free(&f);
}

/* An order is bit-identical to rows copied in that order. */
static void test_order(call c)
{
    static double x[ROWS * COLUMNS];
    int32_t labels[ROWS];
    double weights[ROWS];
    for (int64_t i = 0; i < ROWS; i++) {
        memcpy(element(x, i * COLUMNS), element(f.x, f.order[i] * COLUMNS), COLUMNS * size_of(f.shape.dtype));
        labels[i] = f.labels[f.order[i]];
        weights[i] = f.weights[f.order[i]];
    }
    fixture_reset(&f, c);
    f.rows.order = f.order;
    f.rows.n_order = f.n;
    f.objective.row_weights = f.weights;
    CHECK(fixture_call(&f, c) == CMLP_OK);
    const uint64_t expected = fixture_hash(&f);
    fixture_reset(&f, c);
    f.rows.data = x;
    f.targets.data = labels;
    f.objective.row_weights = weights;
    same_outcome(c, "rows copied in order", expected);
}

/* The network's input is x times scale, rounded once. x may have any type. */
static void test_types(call c, int32_t dtype, double scale, double unit)
{
    static double source[ROWS * COLUMNS], seen[ROWS * COLUMNS];
    uint64_t state = 3;
    for (int64_t i = 0; i < ROWS * COLUMNS; i++) {
        put(dtype, source, i, (double)random_below(&state, 256) * unit);
        put(f.shape.dtype, seen, i, get(dtype, source, i) * scale);
    }
    fixture_reset(&f, c);
    f.rows.data = seen;
    CHECK(fixture_call(&f, c) == CMLP_OK);
    const uint64_t expected = fixture_hash(&f);
    fixture_reset(&f, c);
    f.rows.data = source;
    f.rows.dtype = dtype;
    f.rows.scale = scale;
    f.rows.column_stride = (int64_t)size_of(dtype);
    f.rows.row_stride = COLUMNS * f.rows.column_stride;
    if (c == INPUT_GRADIENT && scale != 1) return; /* the gradient for unscaled x differs by the factor scale */
    same_outcome(c, "x of another type or scale", expected);
}

/* Class indices are one-hot targets. */
static void test_targets(call c, int32_t dtype, int64_t gap)
{
    static double y[ROWS * (OUTPUTS + 3) * 2];
    const int64_t step = 1 + gap, row = OUTPUTS * step + gap;
    const uint64_t expected = fixture_outcome(&f, c);
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0; j < OUTPUTS; j++) put(dtype, y, i * row + j * step, f.labels[i] == j);
    fixture_reset(&f, c);
    f.targets.kind = CMLP_TARGETS_DENSE;
    f.targets.dtype = dtype;
    f.targets.n_columns = OUTPUTS;
    f.targets.data = y;
    f.targets.row_stride = row * (int64_t)size_of(dtype);
    f.targets.column_stride = step * (int64_t)size_of(dtype);
    same_outcome(c, "one-hot targets", expected);

    int32_t wide[ROWS * 3];
    for (int64_t i = 0; i < ROWS; i++) wide[i * 3] = f.labels[i];
    fixture_reset(&f, c);
    f.targets.data = wide;
    f.targets.row_stride = 3 * sizeof(int32_t);
    same_outcome(c, "class indices with gaps", expected);
}

/* The output for a row does not depend on the other rows of the call. */
static void test_splits(void)
{
    static double whole[ROWS * OUTPUTS];
    fixture_outcome(&f, FORWARD);
    memcpy(whole, f.output, ROWS * OUTPUTS * size_of(f.shape.dtype));
    for (int64_t at = 0; at <= ROWS; at++) {
        fixture_reset(&f, FORWARD);
        f.rows.n_rows = at;
        CHECK(call_forward(f.net, f.params, &f.rows, f.output, &f.run) == CMLP_OK);
        f.rows.n_rows = ROWS - at;
        f.rows.data = element(f.x, at * COLUMNS);
        CHECK(call_forward(f.net, f.params, &f.rows, element(f.output, at * OUTPUTS), &f.run) == CMLP_OK);
        CHECK(same_bits(f.shape.dtype, f.output, whole, ROWS * OUTPUTS));
    }
}

/* cmlp_forward gives the same outputs alone and among all activations; cmlp_cost and cmlp_gradient give the same cost. */
static void test_calls_agree(void)
{
    double cost;
    static double last[ROWS * OUTPUTS];
    fixture_outcome(&f, FORWARD);
    memcpy(last, f.output, ROWS * OUTPUTS * size_of(f.shape.dtype));
    fixture_outcome(&f, ACTIVATIONS);
    CHECK(same_bits(f.shape.dtype, f.output, last, ROWS * OUTPUTS));
    fixture_outcome(&f, COST);
    cost = f.cost;
    fixture_outcome(&f, GRADIENT);
    CHECK(f.cost == cost);
    fixture_reset(&f, GRADIENT);
    f.p_cost = NULL;
    CHECK(fixture_call(&f, GRADIENT) == CMLP_OK && f.cost == -7);
}

static void test_no_rows(void)
{
    fixture_reset(&f, FORWARD);
    const uint64_t before = fixture_hash(&f);
    f.rows.n_rows = 0;
    f.rows.data = NULL;
    CHECK(fixture_call(&f, FORWARD) == CMLP_OK);
    f.rows.order = f.order;
    f.rows.n_order = 0;
    CHECK(fixture_call(&f, ACTIVATIONS) == CMLP_OK);
    f.run.bad_row = f.run.bad_column = -7;
    CHECK(fixture_hash(&f) == before);
}

int main(void)
{
    cmlp_isa isas[8];
    const int n = available_isas(isas);
    for (int i = 0; i < 2 * n; i++) {
        const shape s = {.n_layers = 3, .sizes = {COLUMNS, 20, OUTPUTS}, .hidden = CMLP_ACTIVATION_TANH,
                         .output = CMLP_ACTIVATION_SOFTMAX,
                         .loss = CMLP_LOSS_LOG, .dtype = i % 2 ? CMLP_FLOAT64 : CMLP_FLOAT32,
                             .solver = CMLP_SOLVER_ADAM,
                         .rows = ROWS, .batch = 20, .isa = isas[i / 2], .alpha = 0.01};
        fixture_make(&f, &s);
        for (call c = FORWARD; c < CALLS; c++) {
            if (c == STEP) continue;
            test_strides(c, COLUMNS + 3, 1, "gaps between the rows");
            test_strides(c, 3 * COLUMNS, 3, "gaps between the columns");
            test_strides(c, -COLUMNS, 1, "rows backwards");
            test_strides(c, COLUMNS, -1, "columns backwards");
            test_strides(c, 1, ROWS, "column by column");
            test_order(c);
            test_types(c, CMLP_UINT8, 1 / 255.0, 1);
            test_types(c, CMLP_UINT8, 1, 1);
            test_types(c, CMLP_FLOAT32, -0.3, 0.1);
            test_types(c, CMLP_FLOAT64, 1, 0.01);
            test_types(c, CMLP_FLOAT64, 1e-3, 0.7);
            if (c < COST) continue;
            test_targets(c, CMLP_UINT8, 0);
            test_targets(c, CMLP_FLOAT32, 0);
            test_targets(c, CMLP_FLOAT64, 1);
        }
        test_splits();
        test_calls_agree();
        test_no_rows();
        CHECK(fixture_intact(&f));
        fixture_free(&f);
    }
    test_one_column(CMLP_FLOAT32);
    test_one_column(CMLP_FLOAT64);
    return finish();
}
