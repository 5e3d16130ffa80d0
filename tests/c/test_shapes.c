/* Networks of many shapes: outputs and costs compared with a plain implementation in double, gradients compared with
 * finite differences, and equal bits with every instruction set. */
#include "calls.h"
#include "fixture.h"

#include <math.h>
#include <string.h>

#define WIDEST 4100

static const shape shapes[] = {
    {2, {5, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 9, .batch = 4},
    {2, {1, 1}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, .rows = 2, .batch = 1},
    {2, {1, 1}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 2, .batch = 1},
    {3, {4, 1, 2}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR, .rows = 6, .batch = 6},
    {20, {6, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX,
     CMLP_LOSS_LOG,
     .rows = 7, .batch = 3},
    {CMLP_MAX_LAYERS, {2}, CMLP_ACTIVATION_IDENTITY, CMLP_ACTIVATION_EXP, CMLP_LOSS_POISSON, .rows = 5,
     .batch = 2}, /* sizes below */
    {3, {3, 4097, 2}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_SQUARED_ERROR, .rows = 3, .batch = 2},
    {3, {4097, 2, 3}, CMLP_ACTIVATION_LOGISTIC, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 3, .batch = 2},
    {3, {2, 3, 4097}, CMLP_ACTIVATION_LOGISTIC, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 3, .batch = 2},
    {4, {129, 128, 127, 17}, CMLP_ACTIVATION_LOGISTIC, CMLP_ACTIVATION_EXP, CMLP_LOSS_SQUARED_ERROR, .rows = 20,
     .batch = 10},
    {3, {15, 16, 17}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_SQUARED_ERROR, .rows = 300,
     .batch = 129, .alpha = 0.1},
    {3, {31, 32, 33}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, .rows = 257, .batch = 256,
     .with_weights = 1},
};

static shape make_shape(size_t i)
{
    shape s = shapes[i];
    for (int32_t l = 0; s.n_layers == CMLP_MAX_LAYERS && l < s.n_layers; l++) s.sizes[l] = 1 + l % 3;
    s.solver = CMLP_SOLVER_ADAM;
    return s;
}

static double activation_of(int32_t activation, double z)
{
    switch (activation) {
    case CMLP_ACTIVATION_LOGISTIC: return 1 / (1 + exp(-z));
    case CMLP_ACTIVATION_TANH: return tanh(z);
    case CMLP_ACTIVATION_RELU: return z > 0 ? z : 0;
    case CMLP_ACTIVATION_EXP: return exp(z);
    default: return z;
    }
}

/* Computes the outputs for a row with the textbook formula. */
static void plain_forward(const fixture *f, int64_t row, double *out)
{
    static double before[WIDEST], a[WIDEST];
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    for (int64_t k = 0; k < f->n_in; k++) a[k] = get(f->shape.dtype, f->x, row * f->n_in + k);
    for (int32_t l = 0; l < f->shape.n_layers - 1; l++) {
        double sum = 0;
        CHECK(cmlp_net_describe_layer(f->net, l, &layer, NULL) == CMLP_OK);
        memcpy(before, a, sizeof before);
        for (int64_t j = 0; j < layer.n_out; j++) {
            double z = get(f->shape.dtype, f->params, layer.first_bias + j);
            for (int64_t k = 0; k < layer.n_in; k++)
                z += before[k] * get(f->shape.dtype, f->params, layer.first_weight + k * layer.n_out + j);
            a[j] = layer.activation == CMLP_ACTIVATION_SOFTMAX ? exp(z) : activation_of(layer.activation, z);
            sum += a[j];
        }
        if (layer.activation == CMLP_ACTIVATION_SOFTMAX)
            for (int64_t j = 0; j < layer.n_out; j++) a[j] /= sum;
    }
    memcpy(out, a, (size_t)f->n_out * sizeof *out);
}

static double plain_cost(const fixture *f, int64_t row, const double *a)
{
    double cost = 0;
    for (int64_t j = 0; j < f->n_out; j++) {
        const double y = f->labels[row] == j;
        if (f->shape.loss == CMLP_LOSS_SQUARED_ERROR) cost += (a[j] - y) * (a[j] - y);
        if (f->shape.loss == CMLP_LOSS_POISSON) cost += a[j] - y - y * log(a[j]);
        if (f->shape.loss != CMLP_LOSS_LOG) continue;
        if (y > 0) cost -= log(a[j]);
        else if (f->shape.output == CMLP_ACTIVATION_LOGISTIC) cost -= log(1 - a[j]);
    }
    return cost;
}

static double plain_penalty(const fixture *f)
{
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    double squares = 0;
    for (int32_t l = 0; l < f->shape.n_layers - 1; l++) {
        CHECK(cmlp_net_describe_layer(f->net, l, &layer, NULL) == CMLP_OK);
        for (int64_t i = layer.first_weight; i < layer.first_bias; i++) {
            const double w = get(f->shape.dtype, f->params, i);
            squares += w * w;
        }
    }
    return 0.5 * f->shape.alpha * squares;
}

static void test_against_plain(fixture *f)
{
    const double bound = f->shape.dtype == CMLP_FLOAT32 ? 2e-5 : 1e-13;
    static double expected[WIDEST];
    int good = 1;
    fixture_outcome(f, FORWARD);
    double cost = plain_penalty(f), weights = 0;
    for (int64_t i = 0; i < f->n; i++) {
        const double weight = f->shape.with_weights ? f->weights[i] : 1;
        plain_forward(f, i, expected);
        for (int64_t j = 0; j < f->n_out; j++) {
            const double a = get(f->shape.dtype, f->output, i * f->n_out + j);
            good = good && fabs(a - expected[j]) <= bound * (1 + fabs(expected[j]));
        }
        cost += weight * plain_cost(f, i, expected);
        weights += weight;
    }
    check_that(good, "forward of %d layers, %d-%d, dtype %d", (int)f->shape.n_layers, (int)f->n_in, (int)f->n_out,
               (int)f->shape.dtype);
    fixture_outcome(f, COST);
    check_that(fabs(f->cost - cost / weights) <= 10 * bound * fabs(f->cost), "cost of %d layers, %d-%d: %g, not %g",
               (int)f->shape.n_layers, (int)f->n_in, (int)f->n_out, f->cost, cost / weights);
}

static double cost_at(fixture *f, double step)
{
    double cost = 0;
    for (int64_t i = 0; i < f->n_params; i++)
        put(CMLP_FLOAT64, f->params, i, get(CMLP_FLOAT64, f->initial, i) + step * (double)(i % 7 - 3));
    CHECK(call_cost(f->net, f->params, &f->rows, &f->targets, &f->objective, &cost, NULL, &f->run) == CMLP_OK);
    return cost;
}

/* Finite differences along one direction with components in all axes; float64 only. */
static void test_gradient(fixture *f)
{
    const double h = 1e-6;
    double along = 0, length = 0;
    if (f->shape.dtype != CMLP_FLOAT64) return;
    fixture_outcome(f, GRADIENT);
    for (int64_t i = 0; i < f->n_params; i++) {
        const double term = get(CMLP_FLOAT64, f->gradient, i) * (double)(i % 7 - 3);
        along += term;
        length += fabs(term);
    }
    fixture_reset(f, COST);
    const double difference = (cost_at(f, h) - cost_at(f, -h)) / (2 * h);
    check_that(fabs(along - difference) <= 1e-6 * length + 1e-8, "gradient of %d layers, %d-%d: %.9g, not %.9g",
               (int)f->shape.n_layers, (int)f->n_in, (int)f->n_out, along, difference);
}

/* The sum of the rows' deltas, by the sum of their weights, is the gradient of the bias; biases have no penalty. */
static void test_deltas(fixture *f)
{
    const double bound = f->shape.dtype == CMLP_FLOAT32 ? 1e-5 : 1e-13;
    int64_t at = 0;
    double weights = 0;
    fixture_outcome(f, GRADIENT);
    CHECK(call_deltas(f->net, f->params, &f->rows, &f->targets, &f->objective, f->outputs[0], &f->run) == CMLP_OK);
    for (int64_t i = 0; i < f->n; i++) weights += f->shape.with_weights ? f->weights[i] : 1;
    for (int32_t l = 1; l < f->shape.n_layers; l++) {
        const int64_t n_in = f->shape.sizes[l - 1], n_out = f->shape.sizes[l];
        at += n_in * n_out; /* the biases are behind the weights */
        for (int64_t j = 0; j < n_out; j++) {
            double sum = 0, length = 1;
            for (int64_t i = 0; i < f->n; i++) {
                const double delta = get(f->shape.dtype, f->outputs[l - 1], i * n_out + j);
                sum += delta;
                length += fabs(delta);
            }
            const double mean = get(f->shape.dtype, f->gradient, at + j);
            check_that(fabs(sum / weights - mean) <= bound * length, "delta %d of layer %d: %g, not %g", (int)j, (int)l,
                       sum / weights, mean);
        }
        at += n_out;
    }
}

int main(void)
{
    static fixture f;
    cmlp_isa isas[8];
    const int n = available_isas(isas);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++) {
            uint64_t expected[CALLS];
            for (int isa = 0; isa < n; isa++) {
                shape s = make_shape(i);
                s.dtype = dtype;
                s.isa = isas[isa];
                fixture_make(&f, &s);
                for (call c = 0; c < CALLS; c++) {
                    const uint64_t hash = fixture_outcome(&f, c);
                    if (!isa) expected[c] = hash;
                    check_that(hash == expected[c], "%s of shape %d, dtype %d: bits with isa %d differ from isa %d",
                               call_names[c], (int)i, (int)dtype, (int)isas[isa], (int)isas[0]);
                }
                if (isa == n - 1) {
                    test_against_plain(&f);
                    test_gradient(&f);
                    test_deltas(&f);
                }
                CHECK(fixture_intact(&f));
                fixture_free(&f);
            }
        }
    return finish();
}
