/* Skipping zeros of dense rows changes no bit. Sparse rows alone, whose zeros are skipped, give the same results as
 * sparse rows mixed with full rows, where nothing is skipped because less than 3/8 of the elements are 0. The full
 * rows have weight 0 and do not contribute. A single row, whose zeros the kernel skips, gives the same result as in
 * a batch. */
#include "fixture.h"

#include <string.h>

enum { SPARSE = 150, FULL = 110, ROWS = SPARSE + FULL }; /* sparse rows exceed a chunk; both kinds share a tile */

static fixture f;

/* Hash of the call's results for the sparse rows, with or without the full rows. */
static uint64_t outcome(call c, int with_full)
{
    fixture_reset(&f, c);
    f.rows.order = f.order;
    f.rows.n_order = with_full ? ROWS : SPARSE;
    f.objective.row_weights = f.weights;
    CHECK(fixture_call(&f, c) == CMLP_OK && fixture_intact(&f));
    uint64_t hash = hash_elements(HASH_START, f.shape.dtype, f.params, f.n_params);
    hash = hash_elements(hash, f.shape.dtype, f.gradient, f.n_params);
    hash = hash_elements(hash, f.shape.dtype, f.output, SPARSE * f.n_out);
    hash = hash_elements(hash, f.shape.dtype, f.input_gradient, SPARSE * f.n_in);
    return hash_elements(hash, CMLP_FLOAT64, &f.cost, 1);
}

static void test_same_bits(cmlp_isa isa, int32_t dtype, int64_t hidden, int32_t solver, int32_t n_threads, double alpha)
{
    const int64_t n_in = 14000 / hidden; /* enough for several threads */
    static const call calls[] = {FORWARD, COST, GRADIENT, INPUT_GRADIENT, TRAIN};
    const shape s = {3, {n_in, hidden, 10}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = ROWS,
                     .batch = ROWS,
                     .dtype = dtype, .solver = solver, .isa = isa, .n_threads = n_threads, .alpha = alpha,
                     .n_sparse = SPARSE};
    fixture_make(&f, &s);
    for (int64_t i = 0; i < ROWS; i++) f.order[i] = i;
    for (int64_t i = SPARSE; i < ROWS; i++) f.weights[i] = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const uint64_t among_full = outcome(calls[i], 1), alone = outcome(calls[i], 0);
        check_that(alone == among_full, "%s, solver %d, %d threads: bits differ from those among full rows",
                   call_names[calls[i]], (int)solver, (int)n_threads);
    }
    fixture_free(&f);
}

/* A last row of zeros that has weight 0 changes no gradient, wherever the rows of a tile are divided. */
static void test_last_row_of_zeros(cmlp_isa isa, int32_t dtype, int64_t hidden)
{
    enum { MOST = 128 };
    static const int64_t counts[] = {1, 2, 3, 28, 56, 112, MOST};
    const shape s = {3, {200, hidden, 10}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG,
                     .rows = MOST + 1, .batch = MOST + 1, .dtype = dtype, .solver = CMLP_SOLVER_SGD, .isa = isa};
    fixture_make(&f, &s);
    for (int64_t k = 0; k < f.n_in; k++) put(dtype, f.x, MOST * f.n_in + k, 0);
    f.weights[MOST] = 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint64_t hashes[2];
        for (int with = 0; with < 2; with++) {
            for (int64_t k = 0; k <= MOST; k++) f.order[k] = k < counts[i] ? k : MOST;
            fixture_reset(&f, GRADIENT);
            f.rows.order = f.order;
            f.rows.n_order = counts[i] + with;
            f.objective.row_weights = f.weights;
            CHECK(fixture_call(&f, GRADIENT) == CMLP_OK && fixture_intact(&f));
            hashes[with] = hash_elements(HASH_START, dtype, f.gradient, f.n_params);
        }
        check_that(hashes[0] == hashes[1], "%d rows and a row of zeros, %d hidden units: other bits", (int)counts[i],
                   (int)hidden);
    }
    fixture_free(&f);
}

/* Single rows with some, only, or no zeros of both signs, in narrow and wide layers. */
static void test_alone(cmlp_isa isa, int32_t dtype, int64_t n_in, int64_t hidden)
{
    const shape s = {3, {n_in, hidden, 10}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 12,
                     .batch = 12,
                     .dtype = dtype, .solver = CMLP_SOLVER_SGD, .isa = isa, .n_sparse = 8};
    char among[12 * 10 * sizeof(double)];
    fixture_make(&f, &s);
    for (int64_t k = 0; k < n_in; k++) put(dtype, f.x, k, k % 2 ? 0 : -0.0);
    fixture_reset(&f, FORWARD);
    CHECK(fixture_call(&f, FORWARD) == CMLP_OK);
    const size_t row = (size_t)f.n_out * size_of(dtype);
    memcpy(among, f.output, row * (size_t)f.n);
    for (int64_t i = 0; i < f.n; i++) {
        fixture_reset(&f, FORWARD);
        f.rows.order = &i;
        f.rows.n_order = 1;
        CHECK(fixture_call(&f, FORWARD) == CMLP_OK && fixture_intact(&f));
        check_that(!memcmp(f.output, among + row * (size_t)i, row), "row %d of %d inputs alone: other bits", (int)i,
                   (int)n_in);
    }
    fixture_free(&f);
}

int main(void)
{
    cmlp_isa isas[8];
    const int n_isas = available_isas(isas);
    for (int isa = 0; isa < n_isas; isa++)
        for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++)
            for (int32_t n_threads = 1; n_threads <= 3; n_threads++) {
                static const int64_t hidden[] = {75, 12, 40}; /* the kernels skip single zeros or zero columns */
                if (n_threads < 3 && in_software(isas[isa], dtype)) continue;
                for (int i = 0; i < 3; i++) {
                    test_same_bits(isas[isa], dtype, hidden[i], CMLP_SOLVER_SGD, n_threads, 0);
                    test_same_bits(isas[isa], dtype, hidden[i], CMLP_SOLVER_SGD, n_threads, 0.1);
                    test_same_bits(isas[isa], dtype, hidden[i], CMLP_SOLVER_ADAM, n_threads, 0);
                }
            }
    for (int isa = 0; isa < n_isas; isa++)
        for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++)
            for (int64_t n_in = 120; n_in < 1400; n_in += 131) {
                test_alone(isas[isa], dtype, n_in, 12);
                test_alone(isas[isa], dtype, n_in, 75);
            }
    for (int isa = 0; isa < n_isas; isa++)
        for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++) {
            test_last_row_of_zeros(isas[isa], dtype, 12);
            test_last_row_of_zeros(isas[isa], dtype, 75);
        }
    return finish();
}
