/* Check of the loss kernel: activations, costs of the rows, deltas. The deltas follow from the kernel's own activations
 * to the bit; activations and costs are held to bounds that follow from 2 ulp of each function. */
#include "check_kernels.h"

#include <math.h>
#include <stdio.h>

typedef long double real;

typedef struct loss_case {
    cmlp_loss_values values;
    operand *z, *y, *d, *cost, *weights;
    int64_t rows, n;
    int want_delta;
} loss_case;

static void call_loss(const cmlp_kernels *table, void *context)
{
    const loss_case *c = context;
    cmlp_loss_values values = c->values;
    values.weights = c->weights ? (const double *)(const void *)c->weights->place.data : NULL;
    table->loss(&values, c->z->place.data, c->y->place.data, c->d->place.data, c->rows, c->n, c->want_delta,
                (double *)(void *)c->cost->place.data);
}

/* A number and the largest error it may have, in units of the type's epsilon. */
typedef struct estimate {
    real value, error;
} estimate;

/* ln max(low, min(p, high)) where p has the relative error `error`. */
static estimate log_clipped(real p, real error, real low, real high)
{
    real c = p < low ? low : p > high ? high : p;
    return (estimate){logl(c), error + 2 * fabsl(logl(c))};
}

/* The activation of z, the softmax's terms given. */
static estimate output(const loss_case *c, real z, real most, real sum)
{
    const real softmax = expl(z - most) / sum;
    switch (c->values.activation) {
    case CMLP_SOFTMAX: return (estimate){softmax, softmax * ((real)c->n + 8 + fabsl(z - most))};
    case CMLP_LOGISTIC: return (estimate){1 / (1 + expl(-z)), 3 / (1 + expl(-z))};
    case CMLP_EXP: return (estimate){expl(z), 3 * expl(z)};
    default: return (estimate){z, 0};
    }
}

/* One output's part of the cost. */
static estimate term_of(const harness *h, const loss_case *c, real z, real y, real most, real sum)
{
    const estimate a = output(c, z, most, sum);
    const real low = type_round(h->dtype, c->values.clip), high = type_round(h->dtype, 1 - (double)low);
    if (c->values.loss == CMLP_SQUARED_ERROR) {
        const real off = a.value - y, error = a.error + fabsl(off);
        return (estimate){off * off,
                          2 * fabsl(off) * error + error * error * (real)epsilon_of(h->dtype) + 2 * off * off};
    }
    if (c->values.loss == CMLP_POISSON) {
        const real log_y = y > 0 ? logl(y) : 0;
        return (estimate){y * (log_y - z) - y + a.value,
                          4 * (fabsl(y * log_y) + fabsl(y * z) + fabsl(y) + a.value) + a.error};
    }
    if (c->values.activation == CMLP_SOFTMAX) {
        const real t = z - most, relative = (real)c->n + 8 + fabsl(t);
        const estimate l = c->values.clip > 0 ? log_clipped(a.value, relative, low, high)
                                              : (estimate){t - logl(sum), relative + 2 * fabsl(logl(sum)) + fabsl(t)};
        return (estimate){-y * l.value, fabsl(y) * (l.error + 2 * fabsl(l.value))};
    }
    if (c->values.clip > 0) {
        const estimate on = log_clipped(a.value, 3, low, high);
        const real q = 1 - (a.value < low ? low : a.value > high ? high : a.value);
        const estimate off = {logl(q), 4 / q + 2 * fabsl(logl(q))};
        return (estimate){-(y * on.value + (1 - y) * off.value),
                          fabsl(y) * on.error + fabsl(1 - y) * off.error + 4 * fabsl(on.value) + 4 * fabsl(off.value)};
    }
    return (estimate){(z > 0 ? z : 0) - y * z + log1pl(expl(-fabsl(z))), 4 * (fabsl(z) + fabsl(y * z) + 1)};
}

static void judge_row(harness *h, const loss_case *c, int64_t i)
{
    const int64_t n = c->n;
    real most = -INFINITY, sum = 0, cost = 0, error = 0;
    for (int64_t j = 0; j < n; j++) {
        const double z = get(h->dtype, c->z->before, i * n + j), y = get(h->dtype, c->y->before, i * n + j);
        if (!isfinite(z) || !isfinite(y)) return; /* only the bits say what comes of these */
        if (z > most) most = z;
    }
    for (int64_t j = 0; j < n; j++) sum += expl(get(h->dtype, c->z->before, i * n + j) - most);
    for (int64_t j = 0; j < n; j++) {
        const double z = get(h->dtype, c->z->before, i * n + j), y = get(h->dtype, c->y->before, i * n + j);
        const estimate a = output(c, z, most, sum), term = term_of(h, c, z, y, most, sum);
        expect(h, c->z, i * n + j, (double)a.value, epsilon_of(h->dtype) * (double)a.error + 2 * tiny_of(h->dtype));
        cost += term.value;
        error += term.error + (real)n * fabsl(term.value) * (real)epsilon_of(CMLP_FLOAT64);
    }
    expect(h, c->cost, i, (double)cost, epsilon_of(h->dtype) * (double)error + (double)n * tiny_of(h->dtype));
}

/* act'(a) by the rule. */
static double slope(int32_t dtype, int32_t activation, double a)
{
    if (activation == CMLP_LOGISTIC) return type_fma(dtype, -a, a, a);
    return activation == CMLP_EXP ? a : 1;
}

static void judge_deltas(harness *h, const loss_case *c, int64_t i)
{
    const int32_t t = h->dtype;
    const int squared = c->values.loss == CMLP_SQUARED_ERROR;
    const double scale = type_round(t, squared ? 2 * c->values.scale : c->values.scale);
    const double weight = c->weights ? type_round(t, get(CMLP_FLOAT64, c->weights->before, i)) : 1;
    double g[320], a[320], q = 0, chunk = 0;
    for (int64_t j = 0; j < c->n; j++) {
        a[j] = get(t, c->z->after[0], i * c->n + j);
        g[j] = type_round(t, type_round(t, a[j] - get(t, c->y->before, i * c->n + j)) * scale);
    }
    for (int64_t j = 0; j < c->n; j++) {
        chunk = type_fma(t, g[j], a[j], chunk);
        if (j % CMLP_CHUNK == CMLP_CHUNK - 1 || j == c->n - 1) q = type_round(t, q + chunk);
        if (j % CMLP_CHUNK == CMLP_CHUNK - 1) chunk = 0;
    }
    for (int64_t j = 0; j < c->n; j++) {
        double d = g[j];
        if (squared && c->values.activation == CMLP_SOFTMAX)
            d = type_round(t, a[j] * type_round(t, g[j] - q));
        else if (squared && c->values.activation != CMLP_IDENTITY)
            d = type_round(t, g[j] * slope(t, c->values.activation, a[j]));
        expect_exactly(h, c->d, i * c->n + j, c->weights ? type_round(t, d * weight) : d);
    }
}

/* Targets that go with the loss: one-hot, probabilities, counts, anything. */
static void make_targets(harness *h, const loss_case *c)
{
    const int kind = (int)random_below(&h->random, 3);
    for (int64_t i = 0; i < c->rows; i++) {
        const int64_t hot = random_below(&h->random, c->n);
        for (int64_t j = 0; j < c->n; j++) {
            double y = j == hot;
            if (c->values.loss == CMLP_POISSON && kind) y = (double)random_below(&h->random, 5);
            else if (kind == 1) y = uniform(&h->random, 0, 1);
            else if (kind == 2 && c->values.loss == CMLP_SQUARED_ERROR) y = uniform(&h->random, -3, 3);
            put(h->dtype, c->y->before, i * c->n + j, y);
        }
    }
}

void check_loss(harness *h)
{
    const int32_t pairs[][2] = {{CMLP_SOFTMAX, CMLP_LOG_LOSS},        {CMLP_LOGISTIC, CMLP_LOG_LOSS},
                                {CMLP_IDENTITY, CMLP_SQUARED_ERROR},  {CMLP_LOGISTIC, CMLP_SQUARED_ERROR},
                                {CMLP_SOFTMAX, CMLP_SQUARED_ERROR},   {CMLP_EXP, CMLP_SQUARED_ERROR},
                                {CMLP_EXP, CMLP_POISSON}};
    const int32_t *pair = pairs[h->number % 7];
    loss_case c = {.values = {.activation = pair[0], .loss = pair[1]}, .rows = random_below(&h->random, 6)};
    c.n = random_below(&h->random, 12) ? pick_width(h) : PICK(h, 127, 128, 129, 257);
    if (c.n == 0) c.n = 1;
    c.want_delta = random_below(&h->random, 4) != 0;
    c.values.scale = random_below(&h->random, 2) ? 1 : 0.5;
    c.values.clip = random_below(&h->random, 3) ? 0 : epsilon_of(h->dtype);
    c.z = new_operand(h, "z", h->dtype, c.rows * c.n, OUTPUT);
    c.y = new_operand(h, "y", h->dtype, c.rows * c.n, INPUT);
    c.d = new_operand(h, "d", h->dtype, c.rows * c.n, c.want_delta ? OUTPUT : SCRATCH);
    c.cost = new_operand(h, "cost", CMLP_FLOAT64, c.rows, OUTPUT);
    if (random_below(&h->random, 2)) c.weights = new_operand(h, "weights", CMLP_FLOAT64, c.rows, INPUT);
    for (int64_t i = 0; c.weights && i < c.rows; i++)
        put(CMLP_FLOAT64, c.weights->before, i, (double)random_below(&h->random, 3) * 0.7);
    const double stretch = (double)PICK(h, 1, 1, 4, 30);
    for (int64_t i = 0; i < c.z->n && pair[0] != CMLP_EXP; i++) /* e^z stays far from the largest number */
        put(h->dtype, c.z->before, i, stretch * get(h->dtype, c.z->before, i));
    make_targets(h, &c);
    fill(c.d, NAN);
    fill(c.cost, NAN);
    snprintf(h->shape, sizeof h->shape, "activation %d, loss %d, rows %d, n %d, scale %g, clip %g, %s weights, %s",
             (int)pair[0], (int)pair[1], (int)c.rows, (int)c.n, c.values.scale, c.values.clip,
             c.weights ? "with" : "no", c.want_delta ? "with deltas" : "no deltas");
    run_tables(h, call_loss, &c);
    same_outputs(h);
    for (int64_t i = 0; i < c.rows; i++) {
        judge_row(h, &c, i);
        if (c.want_delta) judge_deltas(h, &c, i);
    }
}
