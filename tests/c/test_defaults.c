/* A field that is zero selects the default: the call is bit-identical to one with the explicit default. */
#include "fixture.h"
#include "workspace.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BIT(c) (1u << (c))
#define ALL_TARGETS (BIT(COST) | BIT(GRADIENT) | BIT(INPUT_GRADIENT) | BIT(TRAIN))
#define ALL_ROWS (BIT(FORWARD) | BIT(ACTIVATIONS) | ALL_TARGETS)
#define ALL_STEPS (BIT(STEP) | BIT(TRAIN))

static fixture f;

static uint64_t outcome(call c, const char *change)
{
    const int status = fixture_call(&f, c);
    check_that(status == CMLP_OK && fixture_intact(&f), "%s with %s: %s (%s)", call_names[c], change,
               cmlp_status_name(status), f.run.refused ? f.run.refused : "");
    return fixture_hash(&f);
}

/* Two changes give the same bits. */
#define SAME(calls, written, forgotten)                                                             \
    do {                                                                                            \
        for (call c = 0; c < CALLS; c++)                                                            \
            if ((calls) & BIT(c)) {                                                                 \
                fixture_reset(&f, c);                                                               \
                written;                                                                            \
                const uint64_t expected = outcome(c, #written);                                     \
                fixture_reset(&f, c);                                                               \
                forgotten;                                                                          \
                check_that(outcome(c, #forgotten) == expected, "%s: %s differs from %s", call_names[c], #forgotten, \
                           #written);                                                               \
            }                                                                                       \
    } while (0)

static float targets[64 * 8];

/* Dense targets of the fixture's rows, the first of them with this value. */
static void use_dense_targets(float first)
{
    for (int64_t i = 0; i < f.n * f.n_out; i++) targets[i] = (float)(i % 5) / 4;
    targets[0] = first;
    f.targets = cmlp_dense_targets(targets, CMLP_FLOAT32, f.n, f.n_out);
}

static void test_strides(void)
{
    SAME(ALL_ROWS, (void)0, f.rows = cmlp_dense_rows(f.x, f.shape.dtype, f.n, f.n_in));
    SAME(ALL_ROWS, (void)0, cmlp_rows_init(&f.rows, sizeof f.rows, f.x, f.shape.dtype, f.n, f.n_in));
    SAME(ALL_TARGETS, (void)0, f.targets = cmlp_class_targets(f.labels, f.n));
    SAME(ALL_TARGETS, (void)0, cmlp_targets_init(&f.targets, sizeof f.targets, f.labels, CMLP_INT32, f.n, 0));
    SAME(ALL_TARGETS, (use_dense_targets(0), f.targets.row_stride = 12, f.targets.column_stride = 4), use_dense_targets(0));
}

static void expect_stride(cmlp_status status, const char *refused)
{
    CHECK(fixture_call(&f, GRADIENT) == status && (!refused || !strcmp(f.run.refused, refused)));
    fixture_reset(&f, GRADIENT);
}

/* NumPy writes a stride of 0 for a repeated row: read as a missing one, it would lead beyond the array. */
static void test_stride_0_of_several_is_refused(void)
{
    fixture_reset(&f, GRADIENT);
    f.rows.row_stride = 0;
    expect_stride(CMLP_ERROR_ROWS, "rows->row_stride");
    f.rows.column_stride = 0;
    expect_stride(CMLP_ERROR_ROWS, "rows->column_stride");
    f.targets.row_stride = 0;
    expect_stride(CMLP_ERROR_TARGETS, "targets->row_stride");
    use_dense_targets(0);
    f.targets.column_stride = 0;
    expect_stride(CMLP_ERROR_TARGETS, "targets->column_stride");
    f.rows.n_rows = f.targets.n_rows = 1;
    f.rows.row_stride = f.targets.row_stride = 0;
    expect_stride(CMLP_OK, NULL);
}

/* A layer's own penalty is the same as one for all layers; penalties of 0 are none. */
static void test_penalties(void)
{
    double alphas[CMLP_MAX_LAYERS] = {0};
    SAME(ALL_TARGETS, f.objective.alpha = 0, f.objective.alphas = alphas);
    for (int l = 0; l < CMLP_MAX_LAYERS; l++) alphas[l] = 0.25;
    SAME(ALL_TARGETS, f.objective.alpha = 0.25, f.objective.alphas = alphas);
}

/* A row of weight 0 may have any target that the loss allows. */
static void test_targets_of_ignored_rows(void)
{
    const double weight = f.weights[0];
    f.weights[0] = 0;
    SAME(BIT(COST) | BIT(GRADIENT) | BIT(TRAIN), (use_dense_targets(0), f.objective.row_weights = f.weights),
         (use_dense_targets(0.75f), f.objective.row_weights = f.weights));
    f.weights[0] = weight;
}

/* With the squared error, a finite target of a row of weight 0, in any column, changes nothing, even if its cost would
 * overflow. */
static void test_large_targets_of_ignored_rows(void)
{
    const shape s = {3, {4, 5, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR,
                     .dtype = CMLP_FLOAT32, .solver = CMLP_SOLVER_ADAM, .rows = 12, .batch = 12};
    fixture_make(&f, &s);
    f.weights[1] = 0;
    for (call c = COST; c <= TRAIN; c++) {
        uint64_t expected = 0;
        for (int64_t j = -1; j < f.n_out && BIT(c) & ALL_TARGETS; j++) {
            fixture_reset(&f, c);
            for (int64_t i = 0; i < f.n * f.n_out; i++) targets[i] = 0.5f;
            if (j >= 0) targets[f.n_out + j] = FLT_MAX;
            f.targets = cmlp_dense_targets(targets, CMLP_FLOAT32, f.n, f.n_out);
            f.objective.row_weights = f.weights;
            const uint64_t hash = outcome(c, "a large target");
            if (j < 0) expected = hash;
            CHECK(hash == expected);
        }
    }
    fixture_free(&f);
}

/* Inputs of a row of weight 0 change nothing, even if all weighted sums of the first layer overflow. */
static void test_large_inputs_of_ignored_rows(void)
{
    float *const x = (float *)f.x + f.n_in;
    const double weight = f.weights[1];
    float kept[8];
    memcpy(kept, x, (size_t)f.n_in * sizeof *x);
    f.weights[1] = 0;
    for (call c = COST; c <= TRAIN; c++) {
        uint64_t expected = 0;
        for (int large = 0; large < 2 && BIT(c) & ALL_TARGETS && c != INPUT_GRADIENT; large++) {
            fixture_reset(&f, c);
            for (int64_t k = 0; k < f.n_in; k++) x[k] = large ? FLT_MAX : kept[k];
            for (int64_t k = 0; k < f.n_in; k++) /* weights of the first layer */
                for (int64_t j = 0; j < 5; j++) ((float *)f.params)[k * 5 + j] = j % 2 ? 2 : -2;
            f.objective.row_weights = f.weights;
            const uint64_t hash = outcome(c, "large inputs");
            if (!large) expected = hash;
            CHECK(hash == expected);
        }
    }
    memcpy(x, kept, (size_t)f.n_in * sizeof *x);
    f.weights[1] = weight;
}

/* The target of a row of weight 0 must be finite, in each column. */
static void test_bad_targets_of_ignored_rows(void)
{
    const double weight = f.weights[0];
    f.weights[0] = 0;
    for (int64_t j = 0; j < f.n_out; j++)
        for (call c = COST; c <= GRADIENT; c++) {
            fixture_reset(&f, c);
            for (int64_t i = 0; i < f.n * f.n_out; i++) targets[i] = i == j ? NAN : 0.5f;
            f.targets = cmlp_dense_targets(targets, CMLP_FLOAT32, f.n, f.n_out);
            f.objective.row_weights = f.weights;
            CHECK(fixture_call(&f, c) == CMLP_ERROR_TARGET && f.run.bad_row == 0 && f.run.bad_column == j);
        }
    f.weights[0] = weight;
}

static void test_repeat(void)
{
    static float repeated[64 * 8];
    fixture_reset(&f, FORWARD);
    for (int64_t i = 0; i < f.n * f.n_in; i++) repeated[i] = ((const float *)f.x)[i % f.n_in];
    SAME(ALL_ROWS, f.rows.data = repeated, f.rows.row_stride = CMLP_REPEAT);
    for (int64_t i = 0; i < f.n * f.n_in; i++) repeated[i] = ((const float *)f.x)[i / f.n_in * f.n_in];
    SAME(ALL_ROWS, f.rows.data = repeated, f.rows.column_stride = CMLP_REPEAT);
    static int32_t labels[64];
    for (int64_t i = 0; i < f.n; i++) labels[i] = f.labels[0];
    SAME(ALL_TARGETS, f.targets.data = labels, f.targets.row_stride = CMLP_REPEAT);
}

static void test_numbers(void)
{
    SAME(ALL_ROWS, f.rows.scale = 1, f.rows.scale = 0);
    SAME(ALL_ROWS, f.run.n_threads = 1, f.run.n_threads = 0);
    SAME(ALL_TARGETS, f.objective.loss_scale = 1, f.objective.loss_scale = 0);
    SAME(ALL_STEPS, f.optimizer.epsilon = 1e-8, f.optimizer.epsilon = 0);
    SAME(ALL_STEPS, (void)0, f.state->beta_1_power = f.state->beta_2_power = 0.5);
    SAME(ALL_STEPS, (void)0, f.state->beta_1_power = NAN);
    SAME(BIT(TRAIN), f.epoch.batch_size = f.n, f.epoch.batch_size = 0);
}

static void *large; /* a workspace for CMLP_MAX_THREADS threads, and its size */
static size_t large_size;

static void use_threads(int32_t n_threads)
{
    f.run.n_threads = n_threads;
    f.run.workspace = large;
    f.run.workspace_size = large_size;
}

/* The number of threads is a maximum: a machine may have more processors than a call uses. */
static void test_more_threads_than_the_most(void)
{
    size_t bytes = 0;
    CHECK(call_workspace(f.net, CALL_TRAIN, f.n, CMLP_MAX_THREADS, &large_size) == CMLP_OK);
    CHECK(call_workspace(f.net, CALL_TRAIN, f.n, INT32_MAX, &bytes) == CMLP_OK && bytes == large_size);
    CHECK(cmlp_net_workspace_size(f.net, NULL, NULL, NULL, &bytes, THREADS(CMLP_MAX_THREADS + 1)) == CMLP_OK);
    large = malloc(large_size);
    SAME(ALL_ROWS, use_threads(1), use_threads(CMLP_MAX_THREADS + 1));
    SAME(ALL_ROWS, use_threads(1), use_threads(INT32_MAX));
    free(large);
}

/* A rate of zero is a value among those of the batches: no parameter changes. The optimizer then needs no rate, and without
 * one it is refused by this name. */
static void test_zero_rates_stay_zero(void)
{
    const double rate = 0;
    fixture_reset(&f, TRAIN);
    f.optimizer.learning_rate = 0;
    CHECK(fixture_call(&f, TRAIN) == CMLP_ERROR_OPTION && !strcmp(f.run.refused, "optimizer->learning_rate"));
    CHECK(!f.state->n_steps);
    f.epoch.rates = &rate;
    CHECK(fixture_call(&f, TRAIN) == CMLP_OK);
    CHECK(!memcmp(f.params, f.initial, (size_t)f.n_params * sizeof(float)));
    CHECK(f.state->n_steps == 1 && f.state->beta_1_power == 0.9);
}

/* After thousands of steps 0.9^t is 0. It must not be reset to 1. */
static void test_powers_underflow(void)
{
    fixture_reset(&f, STEP);
    f.state->n_steps = 10000;
    f.state->beta_1_power = f.state->beta_2_power = 0;
    CHECK(fixture_call(&f, STEP) == CMLP_OK);
    CHECK(f.state->n_steps == 10001 && f.state->beta_1_power == 0 && f.state->beta_2_power == 0);
}

static void test_workspace(void)
{
    size_t one, none;
    CHECK(call_workspace(f.net, CALL_TRAIN, f.n, 1, &one) == CMLP_OK);
    CHECK(call_workspace(f.net, CALL_TRAIN, f.n, 0, &none) == CMLP_OK);
    CHECK(one == none);
}

int main(void)
{
    const shape s = {3, {4, 5, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32,
                     .solver = CMLP_SOLVER_ADAM, .rows = 12, .batch = 12};
    fixture_make(&f, &s);
    test_strides();
    test_penalties();
    test_targets_of_ignored_rows();
    test_large_inputs_of_ignored_rows();
    test_bad_targets_of_ignored_rows();
    test_stride_0_of_several_is_refused();
    test_repeat();
    test_numbers();
    test_more_threads_than_the_most();
    test_zero_rates_stay_zero();
    test_powers_underflow();
    test_workspace();
    fixture_free(&f);
    test_large_targets_of_ignored_rows();
    return finish();
}
