/* Numbers near the limits of the element type: clips, epsilons, row weights and dropout rows that would overflow or
 * round to zero, and the NaNs of a diverged training. */
#include "fixture.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double clips[] = {1e-7, 1e-8, 1e-15, 1e-17, 1e-50, 1e-310};
static unsigned char workspace[1 << 22];
static const int32_t dtypes[] = {CMLP_FLOAT32, CMLP_FLOAT64};

/* One input and one logistic output, or two softmax outputs, of z and -z. */
static shape one_neuron(int32_t dtype, int32_t output)
{
    return (shape){.n_layers = 2, .sizes = {1, output == CMLP_ACTIVATION_SOFTMAX ? 2 : 1}, .output = output,
                   .loss = CMLP_LOSS_LOG, .dtype = dtype, .solver = CMLP_SOLVER_ADAM, .rows = 2, .batch = 2};
}

/* One row of dense targets. */
static void set_targets(fixture *f, const double *y)
{
    f->targets = cmlp_dense_targets(y, CMLP_FLOAT64, 1, f->n_out);
}

/* A classifier with hidden relu units. */
static shape classifier(int64_t n_in, int64_t hidden, int64_t n_out, int64_t rows, int64_t batch)
{
    return (shape){.n_layers = 3, .sizes = {n_in, hidden, n_out}, .hidden = CMLP_ACTIVATION_RELU,
                   .output = CMLP_ACTIVATION_SOFTMAX, .loss = CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32,
                   .solver = CMLP_SOLVER_SGD, .rows = rows, .batch = batch};
}

/* The clipped cost is finite for every clip, right or wrong, however certain the output is. */
static void test_clipped_cost_is_finite(int32_t dtype, int32_t output)
{
    static fixture f;
    const shape s = one_neuron(dtype, output);
    const double sums[] = {30, -30, 800, -800};
    double y[2];
    fixture_make(&f, &s);
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++)
        for (size_t j = 0; j < 8; j++) {
            fixture_reset(&f, COST);
            for (int64_t k = 0; k < 2 * f.n_out; k++) put(dtype, f.params, k, k ? 0 : 1);
            put(dtype, f.x, 0, sums[j / 2]);
            f.objective.log_loss_clip = clips[i];
            set_targets(&f, y);
            f.rows.n_rows = 1;
            y[0] = (double)(j % 2);
            y[1] = 1 - y[0];
            const int status = fixture_call(&f, COST), right = (sums[j / 2] > 0) == (y[0] > 0);
            check_that(status == CMLP_OK && isfinite(f.cost) && f.cost >= 0 && (right ? f.cost < 1e-6 : f.cost > 15),
                       "clip %g, z %g, y %g, dtype %d: %s, cost %g", clips[i], sums[j / 2], y[0], (int)dtype,
                       cmlp_status_name(status), f.cost);
        }
    fixture_free(&f);
}

/* An epsilon below the smallest normal number counts as that number, also if the gradient is 0. */
static void test_tiny_epsilon(int32_t dtype, int32_t solver)
{
    static fixture f;
    shape s = classifier(4, 5, 3, 2, 2);
    const double tiny[] = {dtype == CMLP_FLOAT32 ? FLT_MIN : DBL_MIN, 1e-50, 1e-310, 5e-324};
    uint64_t expected = 0;
    s.dtype = dtype;
    s.solver = solver;
    fixture_make(&f, &s);
    for (size_t i = dtype == CMLP_FLOAT32 ? 0 : 2; i < 4; i++) {
        fixture_reset(&f, STEP);
        memset(f.gradient, 0, (size_t)(f.n_params / 2) * size_of(dtype));
        f.optimizer.epsilon = i == 2 && dtype == CMLP_FLOAT64 ? tiny[0] : tiny[i];
        CHECK(fixture_call(&f, STEP) == CMLP_OK);
        for (int64_t k = 0; k < f.n_params; k++)
            if (!isfinite(get(dtype, f.params, k))) check_that(0, "epsilon %g: not finite", f.optimizer.epsilon);
        if (!expected) expected = fixture_trained(&f);
        CHECK(fixture_trained(&f) == expected);
    }
    fixture_free(&f);
}

/* ---- row weights */

static int status_of_weights(fixture *f, call c, double first, double others)
{
    fixture_reset(f, c);
    for (int64_t i = 0; i < f->n; i++) f->weights[i] = i ? others : first;
    f->objective.row_weights = f->weights;
    const uint64_t before = fixture_hash(f);
    const int status = fixture_call(f, c);
    if (status == CMLP_OK)
        CHECK(isfinite(c == TRAIN ? f->result.cost : f->cost));
    else
        CHECK(fixture_hash(f) != before || status == CMLP_ERROR_WEIGHT || status == CMLP_ERROR_DIVERGED);
    for (int64_t k = 0; status == CMLP_OK && k < f->n_params; k++)
        if (!isfinite(get(f->shape.dtype, c == TRAIN ? f->params : f->gradient, k)))
            return check_that(0, "weights %g and %g: not finite", first, others);
    return status;
}

/* Weights that are no normal numbers of the net's type are refused, and so are weights whose sum overflows. Weights
 * that are accepted give finite results. */
static void test_row_weights(int32_t dtype)
{
    static fixture f;
    shape s = classifier(4, 5, 3, 4, 1);
    const double least = dtype == CMLP_FLOAT32 ? FLT_MIN : DBL_MIN, most = dtype == CMLP_FLOAT32 ? FLT_MAX : DBL_MAX;
    const double refused[] = {least / 2, least / 1024, 5e-324, most / 2, most, 2 * most, INFINITY, NAN, -1, -least};
    s.dtype = dtype;
    fixture_make(&f, &s);
    for (call c = GRADIENT; c <= TRAIN; c += TRAIN - GRADIENT) {
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
            CHECK(status_of_weights(&f, c, refused[i], refused[i]) == CMLP_ERROR_WEIGHT);
            CHECK(f.run.refused && !strcmp(f.run.refused, "objective->row_weights"));
            if (i < 3) CHECK(status_of_weights(&f, c, refused[i], 1) == CMLP_ERROR_WEIGHT);
        }
        CHECK(status_of_weights(&f, c, 0, 0) == CMLP_ERROR_WEIGHT);
        /* The reciprocal of the sum of the four weights must be a normal number too. */
        CHECK(status_of_weights(&f, c, 0.251 / least, 0.25 / least) == CMLP_ERROR_WEIGHT);
        CHECK(status_of_weights(&f, c, 0.2 / least, 0.1 / least) == CMLP_OK);
        CHECK(status_of_weights(&f, c, least, least) == CMLP_OK);
        CHECK(status_of_weights(&f, c, least, 0) == CMLP_OK);
        CHECK(status_of_weights(&f, c, least, 1) == CMLP_OK);
        CHECK(status_of_weights(&f, c, 1e-6 * most, 1) == CMLP_OK);
    }
    fixture_free(&f);
}

/* A cost that overflows in the weighted sum of the rows is reported. */
static void test_infinite_cost(void)
{
    static fixture f;
    shape s = {.n_layers = 2, .sizes = {1, 1}, .output = CMLP_ACTIVATION_IDENTITY, .loss = CMLP_LOSS_SQUARED_ERROR,
               .dtype = CMLP_FLOAT64, .solver = CMLP_SOLVER_SGD, .rows = 1, .batch = 1};
    double y = 1e3;
    fixture_make(&f, &s);
    for (call c = COST; c <= GRADIENT; c++) {
        fixture_reset(&f, c);
        f.weights[0] = 1e305;
        f.objective.row_weights = f.weights;
        set_targets(&f, &y);
        CHECK(fixture_call(&f, c) == CMLP_ERROR_DIVERGED && f.cost == -7 && f.run.bad_row == -1);
    }
    fixture_free(&f);
}

/* ---- dropout */

/* Row numbers count modulo 2^48: the second row after the last number is that of the number 1. */
static void test_dropout_row_wraps(void)
{
    static fixture f;
    shape s = classifier(4, 50, 3, 9, 9);
    static const int64_t last = (INT64_C(1) << 48) - 1, from[] = {last, 0, 1};
    static float deltas[3][9 * 50];
    s.dropout = 0.5;
    fixture_make(&f, &s);
    for (int i = 0; i < 3; i++) {
        fixture_reset(&f, DELTAS);
        for (int64_t k = f.n_in; k < f.n * f.n_in; k++) put(CMLP_FLOAT32, f.x, k, get(CMLP_FLOAT32, f.x, k - f.n_in));
        f.objective.dropout_row = from[i];
        CHECK(fixture_call(&f, DELTAS) == CMLP_OK);
        memcpy(deltas[i], f.outputs[0], 9 * 50 * sizeof(float));
    }
    /* the rows 1 to 8 of the first call have the numbers of the rows 0 to 7 of the second one */
    int n_same = 0, n_dropped = 0;
    for (int k = 0; k < 8 * 50; k++) {
        n_same += (deltas[0][50 + k] == 0) == (deltas[1][k] == 0);
        n_dropped += deltas[1][k] == 0;
    }
    CHECK(n_same == 8 * 50 && n_dropped > 100);
    fixture_reset(&f, GRADIENT);
    f.objective.dropout_row = last + 1;
    CHECK(fixture_call(&f, GRADIENT) == CMLP_ERROR_OPTION && !strcmp(f.run.refused, "objective->dropout_row"));
    fixture_free(&f);
}

/* A unit is dropped if its random number, of 16 bits, is below the rate. With the smallest rate only the number 0 drops
 * a unit, and with the largest one only the number 65535 keeps it: of 300,000 units about five each. */
static void test_ends_of_dropout_rates(void)
{
    enum { UNITS = 500, ROWS = 600 };
    static fixture f;
    for (int is_largest = 0; is_largest < 2; is_largest++) {
        shape s = classifier(4, UNITS, 3, ROWS, ROWS);
        int64_t few = 0;
        s.hidden = CMLP_ACTIVATION_TANH;
        s.dropout = is_largest ? 65535 / 65536.0 : 1 / 65536.0;
        fixture_make(&f, &s);
        fixture_reset(&f, DELTAS);
        CHECK(fixture_call(&f, DELTAS) == CMLP_OK);
        for (int64_t i = 0; i < UNITS * ROWS; i++) few += (get(s.dtype, f.outputs[0], i) != 0) == is_largest;
        check_that(few > 0 && few < 20, "dropout %.6f: %d of 300,000 units are exceptions", s.dropout, (int)few);
        fixture_free(&f);
    }
}

/* ---- rows */

static int cancel(void *context) { return context != NULL; }

static int writes_rows(call c) { return c <= DELTAS || c == INPUT_GRADIENT; }

/* The most rows that a call can have: one that is repeated. The call is cancelled before its thread computes; others may
 * have begun, so that a call that writes a result per row, for which no buffer has space, gets no others. Sanitizers
 * report a product of sizes that overflows. */
static void test_most_rows(int32_t n_threads)
{
    static const int64_t most[] = {INT64_MAX, INT64_MAX - 127, INT64_C(1) << 47, (INT64_C(1) << 47) - 1};
    static const double y[3];
    static fixture f;
    const shape s = classifier(4, 50, 3, 300, 300);
    fixture_make(&f, &s);
    for (int i = 0; i < 4; i++)
        for (call c = FORWARD; c <= TRAIN; c++) {
            if (c == STEP || (n_threads > 1 && writes_rows(c))) continue;
            fixture_reset(&f, c);
            f.rows.n_rows = most[i];
            f.rows.row_stride = CMLP_REPEAT;
            f.targets = cmlp_dense_targets(y, CMLP_FLOAT64, most[i], f.n_out);
            f.targets.row_stride = CMLP_REPEAT;
            f.epoch.batch_size = i % 2 ? 0 : 100;
            f.run.n_threads = n_threads;
            f.run.workspace_size = sizeof workspace;
            f.run.workspace = workspace;
            f.run.poll = cancel;
            f.run.poll_context = &f;
            const int status = fixture_call(&f, c);
            /* no array has as many elements as the most rows need */
            const int writes = c <= WEIGHTED_SUMS || c == INPUT_GRADIENT || c == DELTAS;
            const int is_too_long = writes && most[i] > INT64_C(1) << 47;
            check_that(status == (is_too_long ? CMLP_ERROR_LENGTH : CMLP_CANCELLED), "%s of %lld rows: %s", call_names[c], (long long)most[i],
                       cmlp_status_name(status));
        }
    fixture_free(&f);
}

/* ---- divergence */

static int is_canonical(int32_t dtype, const void *block, int64_t i)
{
    static const uint32_t nan_32 = UINT32_C(0x7fc00000);
    static const uint64_t nan_64 = UINT64_C(0x7ff8) << 48;
    const void *const nan = dtype == CMLP_FLOAT32 ? (const void *)&nan_32 : &nan_64;
    const size_t size = size_of(dtype);
    return !isnan(get(dtype, block, i)) || !memcmp((const char *)block + (size_t)i * size, nan, size);
}

/* After divergence every NaN in the parameters and in the optimizer's state has the same bits. */
static void test_canonical_nans(int32_t dtype, int32_t solver, cmlp_isa isa)
{
    static fixture f;
    shape s = classifier(6, 17, 4, 70, 16);
    int64_t nans = 0;
    s.dtype = dtype;
    s.solver = solver;
    s.isa = isa;
    s.alpha = 0.01;
    fixture_make(&f, &s);
    for (int i = 0; i < 3; i++) {
        fixture_reset(&f, TRAIN);
        f.optimizer.learning_rate = i == 2 ? 0.05 : 1e300;
        if (i == 1) { /* found at the end of the epoch, else in a batch */
            f.rows.n_rows = f.targets.n_rows = 16;
            f.objective.alpha = 1e20;
        }
        if (i == 2) put(dtype, f.params, 6 * 17 + 17 + 3, -NAN);
        CHECK(fixture_call(&f, TRAIN) == CMLP_ERROR_DIVERGED);
        for (int64_t k = 0; k < f.n_params; k++) {
            nans += isnan(get(dtype, f.params, k)) != 0;
            if (!is_canonical(dtype, f.params, k)) check_that(0, "parameter %d has another NaN", (int)k);
        }
        for (int64_t k = 0; k < (int64_t)((f.state_size - sizeof *f.state) / size_of(dtype)); k++)
            if (!is_canonical(dtype, f.state + 1, k)) check_that(0, "moment %d has another NaN", (int)k);
        CHECK(f.state->n_steps < 3 && f.state->pace == 0);
    }
    CHECK(nans > 0);
    fixture_free(&f);
}

int main(void)
{
    cmlp_isa isas[8];
    const int n_isas = available_isas(isas);
    for (int i = 0; i < 2; i++) {
        test_clipped_cost_is_finite(dtypes[i], CMLP_ACTIVATION_LOGISTIC);
        test_clipped_cost_is_finite(dtypes[i], CMLP_ACTIVATION_SOFTMAX);
        test_tiny_epsilon(dtypes[i], CMLP_SOLVER_ADAM);
        test_tiny_epsilon(dtypes[i], CMLP_SOLVER_ADAMW);
        test_row_weights(dtypes[i]);
        for (int32_t solver = CMLP_SOLVER_SGD; solver <= CMLP_SOLVER_ADAMW; solver++)
            for (int isa = 0; isa < n_isas; isa++) test_canonical_nans(dtypes[i], solver, isas[isa]);
    }
    test_infinite_cost();
    test_dropout_row_wraps();
    test_ends_of_dropout_rates();
    test_most_rows(1);
    test_most_rows(3);
    return finish();
}
