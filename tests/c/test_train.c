/* Training epochs: steps, learning rates, weights, resuming, cancellation, invalid data, and the state after an early
 * end. "The same" means the same bits. */
#include "calls.h"
#include "fixture.h"

#include <math.h>
#include <string.h>

static const int32_t solvers[] = {CMLP_SOLVER_SGD, CMLP_SOLVER_MOMENTUM, CMLP_SOLVER_NESTEROV, CMLP_SOLVER_ADAM,
                                  CMLP_SOLVER_ADAMW};

static shape make_shape(int i)
{
    return (shape){.n_layers = 3, .sizes = {6, 17, 4}, .hidden = CMLP_ACTIVATION_TANH,
                   .output = CMLP_ACTIVATION_SOFTMAX,
                   .loss = CMLP_LOSS_LOG, .dtype = i & 1 ? CMLP_FLOAT64 : CMLP_FLOAT32, .solver = solvers[i / 2],
                   .rows = 70, .batch = 16, .alpha = 0.01, .with_order = 1, .max_norm = i < 8 ? 0 : 0.3};
}

/* Trains on the batches [first, end) of the epoch in a separate call and checks that it succeeds. */
static void train_batches(fixture *f, int64_t first, int64_t end)
{
    f->rows.order = f->order;
    f->rows.n_order = end * f->shape.batch < f->n ? end * f->shape.batch : f->n;
    f->epoch.first_batch = first;
    const int status = fixture_call(f, TRAIN);
    check_that(status == CMLP_OK, "batches %d to %d: %s", (int)first, (int)end, cmlp_status_name(status));
    CHECK(f->result.next_batch == end);
    f->rows.n_order = f->n;
    f->epoch.first_batch = 0;
}

/* An epoch equals gradient and step for each batch: separate or fused, with or without the norm. */
static void test_step_by_step(fixture *f)
{
    fixture_outcome(f, TRAIN);
    const uint64_t whole = fixture_trained(f);
    fixture_reset(f, TRAIN);
    f->epoch.wants_norm = 1;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK && fixture_trained(f) == whole);
    const double norm = f->result.gradient_norm;
    const int64_t batches = f->result.n_batches;

    double cost = 0, penalty = 0, squares = 0;
    fixture_reset(f, GRADIENT);
    for (int64_t b = 0; b < batches; b++) {
        const int64_t left = f->n - b * f->shape.batch, n = left < f->shape.batch ? left : f->shape.batch;
        double with = 0, without = 0;
        f->rows.order = f->order + b * f->shape.batch;
        f->rows.n_order = n;
        f->objective.alpha = 0;
        CHECK(call_cost(f->net, f->params, &f->rows, &f->targets, &f->objective, &without, NULL, &f->run) == CMLP_OK);
        f->objective.alpha = f->shape.alpha;
        CHECK(call_gradient(f->net, f->params, &f->rows, &f->targets, &f->objective, f->gradient, &with, &f->run) ==
              CMLP_OK);
        CHECK(cmlp_step(f->net, f->params, cmlp_net_n_params(f->net), f->gradient, cmlp_net_n_params(f->net),
                        &f->optimizer, NULL) == CMLP_OK);
        cost += without * (double)n;
        penalty += (with - without) * (double)n;
    }
    CHECK(fixture_trained(f) == whole);
    for (int64_t i = 0; i < f->n_params; i++) {
        const double g = get(f->shape.dtype, f->gradient, i);
        squares += g * g;
    }
    CHECK(fabs(norm - sqrt(squares)) < 1e-12 * norm);
    fixture_outcome(f, TRAIN);
    CHECK(f->result.n_batches == 5 && isnan(f->result.gradient_norm));
    CHECK(fabs(f->result.cost - cost / (double)f->n) < 1e-13 * f->result.cost);
    CHECK(fabs(f->result.penalty - penalty / (double)f->n) < 1e-9 * f->result.penalty);
}

/* With signs, each batch is a step without them after which parameters of the wrong sign become 0; signs of 0 change
 * nothing. */
static void test_signs(fixture *f)
{
    cmlp_sign signs[256];
    int64_t n_cut = 0;
    CHECK(f->n_params <= 256);
    fixture_outcome(f, TRAIN);
    const uint64_t free_of_signs = fixture_trained(f);
    memset(signs, 0, sizeof signs);
    fixture_reset(f, TRAIN);
    f->optimizer.signs = signs;
    f->optimizer.n_signs = f->n_params;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK && fixture_trained(f) == free_of_signs);
    for (int64_t i = 0; i < f->n_params; i++) signs[i] = (cmlp_sign)(i % 4 - 1);
    fixture_reset(f, TRAIN);
    f->optimizer.signs = signs;
    f->optimizer.n_signs = f->n_params;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK);
    const uint64_t whole = fixture_trained(f);
    for (int64_t i = 0; i < f->n_params; i++) {
        const double w = get(f->shape.dtype, f->params, i);
        CHECK(signs[i] == CMLP_SIGN_ZERO ? w == 0 : w * signs[i] >= 0);
        n_cut += w == 0;
    }
    CHECK(n_cut > f->n_params / 4 && n_cut < f->n_params);
    fixture_reset(f, TRAIN);
    for (int64_t b = 0; b < 5; b++) {
        train_batches(f, b, b + 1);
        for (int64_t i = 0; i < f->n_params; i++)
            if (signs[i] == CMLP_SIGN_ZERO || get(f->shape.dtype, f->params, i) * signs[i] < 0)
                put(f->shape.dtype, f->params, i, 0);
    }
    CHECK(fixture_trained(f) == whole);
}

static void test_resume(fixture *f)
{
    fixture_outcome(f, TRAIN);
    const uint64_t whole = fixture_trained(f);
    for (int64_t at = 0; at <= 5; at++) {
        fixture_reset(f, TRAIN);
        train_batches(f, 0, at ? at : 1);
        if (!at) fixture_reset(f, TRAIN);
        if (at < 5) train_batches(f, at, 5);
        CHECK(fixture_trained(f) == whole);
    }
    fixture_reset(f, TRAIN); /* nothing is left to do */
    const uint64_t before = fixture_trained(f);
    train_batches(f, 5, 5);
    CHECK(fixture_trained(f) == before && f->result.n_batches == 0);
}

/* Learning rates per batch equal setting the learning rate before each batch. */
static void test_rates(fixture *f)
{
    const double rates[] = {0.3, 0.01, 0, 0.2, 0.07};
    fixture_reset(f, TRAIN);
    f->epoch.rates = rates;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK);
    const uint64_t by_rates = fixture_trained(f);
    fixture_reset(f, TRAIN);
    for (int64_t b = 0; b < 5; b++) {
        f->optimizer.learning_rate = rates[b];
        f->epoch.rates = rates[b] > 0 ? NULL : rates; /* 0 is a rate of batches alone */
        train_batches(f, b, b + 1);
    }
    CHECK(fixture_trained(f) == by_rates);
    fixture_reset(f, TRAIN); /* learning rates of skipped batches count, too */
    f->epoch.rates = rates;
    train_batches(f, 0, 2);
    train_batches(f, 2, 5);
    CHECK(fixture_trained(f) == by_rates);
}

/* Batches whose weights are all zero are skipped. Weights of 1 equal no weights. */
static void test_weights(fixture *f)
{
    int64_t order[70];
    memcpy(order, f->order, sizeof order);
    fixture_outcome(f, TRAIN);
    const uint64_t plain = fixture_trained(f);
    for (int64_t i = 0; i < f->n; i++) f->weights[i] = 1;
    fixture_reset(f, TRAIN);
    f->objective.row_weights = f->weights;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK && fixture_trained(f) == plain);

    for (int64_t i = 16; i < 48; i++) f->weights[order[i]] = 0; /* the second and third batch */
    for (int64_t i = 0; i < 16; i++) f->weights[order[i]] = 0.25 * (double)(i % 4);
    fixture_reset(f, TRAIN);
    f->objective.row_weights = f->weights;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK && f->result.n_batches == 3 && f->state->n_steps == 3);
    const uint64_t skipped = fixture_trained(f);
    const double cost = f->result.cost;
    memmove(f->order + 16, f->order + 48, 22 * sizeof *f->order);
    fixture_reset(f, TRAIN);
    f->objective.row_weights = f->weights;
    f->rows.n_order = 38;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK && fixture_trained(f) == skipped && f->result.cost == cost);
    memcpy(f->order, order, sizeof order);
}

/* Without a gradient, AdamW shrinks the weights and leaves the biases. */
static void test_decay_is_of_weights(fixture *f)
{
    fixture_reset(f, STEP);
    const double factor = 1 - f->optimizer.learning_rate * f->optimizer.weight_decay;
    memset(f->gradient, 0, (size_t)f->n_params * size_of(f->shape.dtype));
    CHECK(fixture_call(f, STEP) == CMLP_OK);
    for (int32_t l = 0; l < f->shape.n_layers - 1; l++) {
        cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
        CHECK(cmlp_net_describe_layer(f->net, l, &layer, NULL) == CMLP_OK);
        for (int64_t i = 0; i < (layer.n_in + 1) * layer.n_out; i++) {
            const int is_bias = i >= layer.n_in * layer.n_out;
            const int64_t k = is_bias ? layer.first_bias + i - layer.n_in * layer.n_out : layer.first_weight + i;
            const double before = get(f->shape.dtype, f->initial, k), after = get(f->shape.dtype, f->params, k);
            CHECK(before != 0 && (is_bias ? after == before : fabs(after / before - factor) < 1e-6));
        }
    }
}

/* ---- epochs that end early */

typedef struct stopper {
    int calls, stop_at;
} stopper;

static int poll(void *context)
{
    stopper *s = context;
    return ++s->calls == s->stop_at;
}

/* An epoch that is cancelled at any point has finished whole batches and can be resumed. */
static void test_cancel(fixture *f)
{
    fixture_outcome(f, TRAIN);
    const uint64_t whole = fixture_trained(f);
    stopper s = {0, 0};
    fixture_reset(f, TRAIN);
    f->run.poll = poll;
    f->run.poll_context = &s;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK && fixture_trained(f) == whole && s.calls >= 5);
    for (int stop = 1; stop <= s.calls; stop++) {
        stopper now = {0, stop};
        fixture_reset(f, TRAIN);
        f->run.poll = poll;
        f->run.poll_context = &now;
        CHECK(fixture_call(f, TRAIN) == CMLP_CANCELLED && now.calls == stop);
        const int64_t done = f->result.n_batches;
        const uint64_t stopped = fixture_trained(f);
        CHECK(done < 5 && done >= (stop - 1) / 5);
        f->run.poll = NULL;
        train_batches(f, done, 5);
        CHECK(fixture_trained(f) == whole);
        fixture_reset(f, TRAIN);
        if (done) train_batches(f, 0, done);
        CHECK(fixture_trained(f) == stopped);
    }
}

static void test_cancel_others(fixture *f)
{
    const call calls[] = {FORWARD, ACTIVATIONS, COST, GRADIENT, INPUT_GRADIENT};
    for (int i = 0; i < 5; i++) {
        stopper s = {0, 1};
        fixture_reset(f, calls[i]);
        f->run.poll = poll;
        f->run.poll_context = &s;
        check_that(fixture_call(f, calls[i]) == CMLP_CANCELLED, "%s is not cancelled", call_names[calls[i]]);
        CHECK(f->run.bad_row == -1 && f->run.bad_column == -1);
    }
}

/* Cancellation in layers that are wider than one piece of backpropagation: the parameters are those after the last
 * complete batch, which alone counts. */
static void test_cancel_in_wide_layers(void)
{
    static fixture f;
    shape s = make_shape(0);
    s.n_layers = 4;
    memcpy(s.sizes, (int64_t[]){20, 1500, 100, 5}, 4 * sizeof(int64_t));
    s.rows = 64;
    s.batch = 32;
    fixture_make(&f, &s);
    for (int stop = 1, status = -1; status != CMLP_OK; stop++) {
        stopper now = {0, stop};
        fixture_reset(&f, TRAIN);
        f.run.poll = poll;
        f.run.poll_context = &now;
        status = fixture_call(&f, TRAIN);
        const int64_t done = f.result.n_batches;
        const uint64_t stopped = fixture_trained(&f);
        fixture_reset(&f, TRAIN);
        if (done) train_batches(&f, 0, done);
        check_that(fixture_trained(&f) == stopped && done == (status == CMLP_OK ? 2 : (stop - 1) / 3),
                   "cancelled by poll %d: after %d batches, parameters are not those after a batch", stop, (int)done);
    }
    fixture_free(&f);
}

static int count_polls(fixture *f, call c)
{
    stopper count = {0, 0};
    fixture_reset(f, c);
    f->run.poll = poll;
    f->run.poll_context = &count;
    CHECK(fixture_call(f, c) == CMLP_OK);
    return count.calls;
}

/* Calls poll between the passes of a tile: forward, backward, gradient. Within a pass there are no polls, however large
 * the net. */
static void test_polls_are_between_passes(void)
{
    static fixture small, large;
    shape s = make_shape(0);
    s.rows = s.batch = 100;
    fixture_make(&small, &s);
    memcpy(s.sizes, (int64_t[]){2200, 3000, 5}, 3 * sizeof(int64_t));
    fixture_make(&large, &s);
    for (call c = FORWARD; c < CALLS; c++) {
        if (c == STEP) continue;
        const int polls = count_polls(&small, c);
        CHECK(polls == count_polls(&large, c) && (c == COST ? polls == 1 : c < COST || polls == 3));
    }
    fixture_free(&small);
    fixture_free(&large);
}

/* Cancellation in the middle of a batch of several tiles. */
static void test_cancel_in_a_batch(void)
{
    static fixture f;
    shape s = make_shape(6);
    s.rows = 1500;
    s.batch = 700;
    fixture_make(&f, &s);
    int cancelled = 0;
    for (int stop = 1; stop < 12; stop++) {
        stopper now = {0, stop};
        fixture_reset(&f, TRAIN);
        f.run.poll = poll;
        f.run.poll_context = &now;
        const int status = fixture_call(&f, TRAIN);
        const int64_t done = f.result.n_batches;
        const uint64_t stopped = fixture_trained(&f);
        if (status == CMLP_OK) break;
        cancelled++;
        fixture_reset(&f, TRAIN);
        if (done) train_batches(&f, 0, done);
        CHECK(status == CMLP_CANCELLED && fixture_trained(&f) == stopped);
    }
    CHECK(cancelled >= 6);
    fixture_free(&f);
}

/* A bad input in the fourth batch is detected and reported, and the three batches before it are finished. */
static void test_bad_input(fixture *f)
{
    const double bad[] = {NAN, INFINITY, -INFINITY};
    const int64_t row = f->order[3 * f->shape.batch + 5];
    for (int i = 0; i < 3; i++) {
        const double kept = get(f->shape.dtype, f->x, row * f->n_in + 2);
        fixture_reset(f, TRAIN);
        train_batches(f, 0, 3);
        const uint64_t before = fixture_trained(f);
        put(f->shape.dtype, f->x, row * f->n_in + 2, bad[i]);
        for (call c = FORWARD; c < CALLS; c++) {
            if (c == STEP) continue;
            fixture_reset(f, c);
            CHECK(fixture_call(f, c) == CMLP_ERROR_INPUT);
            CHECK(f->run.bad_row == row && f->run.bad_column == 2);
        }
        CHECK(fixture_trained(f) == before && f->result.n_batches == 3);
        put(f->shape.dtype, f->x, row * f->n_in + 2, kept);
    }
}

/* float64 inputs that overflow float32 are rejected like infinities, but accepted if the scaled value fits. */
static void test_too_large_input(fixture *f)
{
    double x[70 * 6];
    for (int i = 0; i < 70 * 6; i++) x[i] = 0.5;
    x[9 * 6 + 5] = 1e300;
    for (int scaled = 0; scaled < 2; scaled++) {
        fixture_reset(f, FORWARD);
        f->rows.dtype = CMLP_FLOAT64;
        f->rows.data = x;
        f->rows.row_stride = sizeof(double) * 6;
        f->rows.column_stride = sizeof(double);
        f->rows.scale = scaled ? 1e-300 : 1;
        const int status = fixture_call(f, FORWARD);
        if (scaled || f->shape.dtype == CMLP_FLOAT64)
            CHECK(status == CMLP_OK);
        else
            CHECK(status == CMLP_ERROR_INPUT && f->run.bad_row == 9 && f->run.bad_column == 5);
    }
}

/* The first column can be the bad one, in each call that reads rows. */
static void test_bad_first_column(fixture *f)
{
    const int64_t row = f->order[2 * f->shape.batch + 1];
    for (call c = FORWARD; c < CALLS; c++) {
        if (c == STEP) continue;
        fixture_reset(f, c);
        const double kept = get(f->shape.dtype, f->x, row * f->n_in);
        put(f->shape.dtype, f->x, row * f->n_in, NAN);
        CHECK(fixture_call(f, c) == CMLP_ERROR_INPUT && f->run.bad_row == row && f->run.bad_column == 0);
        put(f->shape.dtype, f->x, row * f->n_in, kept);
    }
}

static void test_bad_target(fixture *f, int column)
{
    double y[70 * 4];
    const int64_t row = f->order[2 * f->shape.batch + 1];
    for (int i = 0; i < 70 * 4; i++) y[i] = i % 4 == 0;
    y[row * 4 + column] = NAN;
    for (call c = COST; c < CALLS; c++) {
        if (c == STEP) continue;
        fixture_reset(f, c);
        f->targets.kind = CMLP_TARGETS_DENSE;
        f->targets.dtype = CMLP_FLOAT64;
        f->targets.n_columns = 4;
        f->targets.data = y;
        f->targets.row_stride = sizeof(double) * 4;
        f->targets.column_stride = sizeof(double);
        CHECK(fixture_call(f, c) == CMLP_ERROR_TARGET);
        CHECK(f->run.bad_row == row && f->run.bad_column == column);
    }
    CHECK(f->result.n_batches == 2);
}

static void test_divergence(fixture *f)
{
    fixture_reset(f, TRAIN);
    f->optimizer.learning_rate = 1e300;
    CHECK(fixture_call(f, TRAIN) == CMLP_ERROR_DIVERGED);
    CHECK(f->run.bad_column == -1);
    for (call c = COST; c <= INPUT_GRADIENT; c++) { /* with parameters that are no longer finite */
        fixture_reset(f, c);
        put(f->shape.dtype, f->params, 3, NAN);
        CHECK(fixture_call(f, c) == CMLP_ERROR_DIVERGED);
    }
    fixture_reset(f, FORWARD); /* cmlp_forward accepts such parameters */
    put(f->shape.dtype, f->params, 3, NAN);
    CHECK(fixture_call(f, FORWARD) == CMLP_OK && isnan(get(f->shape.dtype, f->output, 0)));
    fixture_reset(f, FORWARD);
    CHECK(fixture_call(f, FORWARD) == CMLP_OK && f->run.bad_row == -1 && f->run.bad_column == -1);
}

/* Fused updates in several parts: of dense rows, of sparse rows, and divided among threads. */
static void test_in_parts(fixture *f, int i)
{
    shape s = make_shape(i);
    s.sizes[0] = 700;
    for (s.sizes[1] = 9; s.sizes[1] < 100; s.sizes[1] += 44)
        for (s.n_sparse = 0; s.n_sparse <= s.rows; s.n_sparse += s.rows)
            for (s.n_threads = 1; s.n_threads <= 3; s.n_threads += 2) {
                fixture_make(f, &s);
                test_step_by_step(f);
                fixture_reset(f, GRADIENT);
                for (int64_t k = 0; k < f->n_params; k++) put(s.dtype, f->params, k, NAN);
                CHECK(fixture_call(f, GRADIENT) == CMLP_ERROR_DIVERGED && f->run.bad_column == -1);
                CHECK(fixture_intact(f));
                fixture_free(f);
            }
}

int main(void)
{
    static fixture f;
    for (int i = 0; i < 10; i++) {
        const shape s = make_shape(i);
        test_in_parts(&f, i);
        fixture_make(&f, &s);
        test_step_by_step(&f);
        test_signs(&f);
        test_resume(&f);
        test_rates(&f);
        test_weights(&f);
        if (s.solver == CMLP_SOLVER_ADAMW) test_decay_is_of_weights(&f);
        test_cancel(&f);
        test_cancel_others(&f);
        test_bad_input(&f);
        test_too_large_input(&f);
        test_bad_first_column(&f);
        test_bad_target(&f, 0);
        test_bad_target(&f, 3);
        test_divergence(&f);
        CHECK(fixture_intact(&f));
        fixture_free(&f);
    }
    test_cancel_in_a_batch();
    test_cancel_in_wide_layers();
    test_polls_are_between_passes();
    return finish();
}
