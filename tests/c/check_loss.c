/* Check of the loss kernel: activations, costs of the rows, deltas. The deltas must follow bit for bit from the
 * kernel's own activations. Activations and costs have bounds derived from 2 ulp for each function. */
#include "check_kernels.h"

#include <math.h>
#include <stdio.h>

typedef long double real;

typedef struct loss_case {
    cmlpi_loss_values values;
    operand *z, *y, *d, *cost, *weights;
    int64_t rows, n;
    double quantiles[320];
} loss_case;

/* Returns the parameter of output j. */
static double parameter_at(const loss_case *c, int64_t j)
{
    return c->values.quantiles ? c->values.quantiles[j] : c->values.parameter;
}

static void call_loss(const cmlpi_kernels *table, void *context)
{
    const loss_case *c = context;
    cmlpi_loss_values values = c->values;
    values.row_weights = c->weights ? (const double *)(const void *)c->weights->place.data : NULL;
    table->loss(&values, c->z->place.data, c->y->place.data, c->d->place.data, c->rows, c->n,
                (double *)(void *)c->cost->place.data);
}

/* A number and the largest error it may have, in units of the type's epsilon. */
typedef struct estimate {
    real value, error;
} estimate;

/* Returns ln max(low, min(p, high)) for a p with the relative error `error`. */
static estimate log_clipped(real p, real error, real low, real high)
{
    real c = p < low ? low : p > high ? high : p;
    return (estimate){logl(c), error + 2 * fabsl(logl(c))};
}

/* Returns the activation of z; `most` and `sum` are the maximum and the sum of the softmax. */
static estimate output(const loss_case *c, real z, real most, real sum)
{
    const real softmax = expl(z - most) / sum;
    switch (c->values.activation) {
    case CMLP_ACTIVATION_SOFTMAX: return (estimate){softmax, softmax * ((real)c->n + 8 + fabsl(z - most))};
    case CMLP_ACTIVATION_LOGISTIC: return (estimate){1 / (1 + expl(-z)), 3 / (1 + expl(-z))};
    case CMLP_ACTIVATION_EXP: return (estimate){expl(z), 3 * expl(z)};
    case CMLP_ACTIVATION_TANH: return (estimate){tanhl(z), 3 * fabsl(tanhl(z))};
    default: return (estimate){z, 0};
    }
}

/* Returns a loss term whose slope in a is at most `steep`, which multiplies the error of a - y. */
static estimate distance_term(real value, real steep, const estimate *a, real y)
{
    return (estimate){value, steep * (a->error + fabsl(a->value - y)) + 3 * fabsl(value)};
}

/* Returns (1-a)^p times -ln a for an activation with the relative error `error`; rest = 1 - a. */
static estimate focal_of(real rest, real minus_log, real p, real error)
{
    const real power = powl(rest, p), value = power * minus_log;
    if (rest == 0) return (estimate){0, 4};
    return (estimate){value, value * (8 - 4 * p * logl(rest) + p * error / rest) + 4 * power};
}

/* Returns the target after label smoothing. */
static real target_of(const loss_case *c, real y)
{
    const real classes = c->values.activation == CMLP_ACTIVATION_SOFTMAX ? (real)c->n : 2,
        p = (real)c->values.parameter;
    return c->values.loss == CMLP_LOSS_LABEL_SMOOTHING ? (1 - p) * y + p / classes : y;
}

static estimate focal_term_of(const loss_case *c, real z, real y, real most, real sum)
{
    const estimate a = output(c, z, most, sum);
    const real p = (real)c->values.parameter, log_sum = log1pl(expl(-fabsl(z)));
    if (c->values.activation == CMLP_ACTIVATION_SOFTMAX) {
        const real t = z - most, relative = (real)c->n + 8 + fabsl(t);
        const estimate on = focal_of(1 - a.value, logl(sum) - t, p, relative);
        return (estimate){y * on.value, fabsl(y) * (on.error + powl(1 - a.value, p) * (relative + 2 * fabsl(t)))};
    }
    const estimate on = focal_of(1 / (1 + expl(z)), log_sum + (z < 0 ? -z : 0), p, 0);
    const estimate off = focal_of(a.value, log_sum + (z > 0 ? z : 0), p, 0);
    return (estimate){y * on.value + (1 - y) * off.value, fabsl(y) * on.error + fabsl(1 - y) * off.error +
                                                              4 * (fabsl(y * on.value) + fabsl((1 - y) * off.value))};
}

/* Returns half the Tweedie deviance. The bound has the errors of the exponents, and of the difference t, for which
 * the slope is the difference of the powers. */
static estimate tweedie_term_of(real z, real y, real q, real r)
{
    const real of_output = expl(r * z);
    if (y == 0) return (estimate){of_output / r, (8 + fabsl(r * z)) * of_output / r};
    const real log_y = logl(y), t = z - log_y, of_target = powl(y, r), of_both = y * expl(q * z);
    const real by_r = expm1l(-fabsl(r * t)) / r, by_q = expm1l(-fabsl(q * t)) / q;
    const real terms = t > 0 ? of_output * fabsl(by_r) + of_target * by_q : of_target * fabsl(by_r) + of_both * by_q;
    return (estimate){of_target * (expm1l(r * t) / r - expm1l(q * t) / q),
                      (8 + fabsl(z) + 3 * fabsl(log_y)) * terms +
                          (fabsl(t) + 3 * fabsl(log_y)) * fabsl(of_output - of_both)};
}

/* Returns one output's term of the cost. */
static estimate term_of(const harness *h, const loss_case *c, int64_t j, real z, real y, real most, real sum)
{
    const estimate a = output(c, z, most, sum);
    const real p = (real)type_round(h->dtype, parameter_at(c, j)), d = a.value - y, size = fabsl(d);
    switch (c->values.loss) {
    case CMLP_LOSS_ABSOLUTE_ERROR: return distance_term(size, 1, &a, y);
    case CMLP_LOSS_HUBER: return distance_term(size <= p ? d * d / 2 : p * (size - p / 2), size < p ? size + 1 : p, &a,
                                               y);
    case CMLP_LOSS_QUANTILE: return distance_term(d > 0 ? (1 - p) * d : -p * d, 1, &a, y);
    case CMLP_LOSS_GAMMA: return (estimate){y / a.value + z, 6 * fabsl(y / a.value) + 2 * fabsl(z)};
    case CMLP_LOSS_FOCAL: return focal_term_of(c, z, y, most, sum);
    case CMLP_LOSS_TWEEDIE:
        return tweedie_term_of(z, y, (real)type_round(h->dtype, 1 - c->values.parameter),
                               (real)type_round(h->dtype, 2 - c->values.parameter));
    default: break;
    }
    const real low = type_round(h->dtype, c->values.clip), high = type_round(h->dtype, 1 - (double)low);
    if (c->values.loss == CMLP_LOSS_SQUARED_ERROR) {
        const real off = a.value - y, error = a.error + fabsl(off);
        return (estimate){off * off,
                          2 * fabsl(off) * error + error * error * (real)epsilon_of(h->dtype) + 2 * off * off};
    }
    if (c->values.loss == CMLP_LOSS_POISSON) {
        const real log_y = y > 0 ? logl(y) : 0;
        return (estimate){y * (log_y - z) - y + a.value,
                          4 * (fabsl(y * log_y) + fabsl(y * z) + fabsl(y) + a.value) + a.error};
    }
    if (c->values.activation == CMLP_ACTIVATION_SOFTMAX) {
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

static void verify_row(harness *h, const loss_case *c, int64_t i)
{
    const int64_t n = c->n;
    real most = -INFINITY, sum = 0, cost = 0, error = 0;
    for (int64_t j = 0; j < n; j++) {
        const double z = get(h->dtype, c->z->before, i * n + j), y = get(h->dtype, c->y->before, i * n + j);
        if (!isfinite(z) || !isfinite(y)) return; /* these are covered by the comparison of bits */
        if (z > most) most = z;
    }
    for (int64_t j = 0; j < n; j++) sum += expl(get(h->dtype, c->z->before, i * n + j) - most);
    for (int64_t j = 0; j < n; j++) {
        const double z = get(h->dtype, c->z->before, i * n + j), y = get(h->dtype, c->y->before, i * n + j);
        const estimate a = output(c, z, most, sum), term = term_of(h, c, j, z, (double)target_of(c, y), most, sum);
        if (c->values.wants_delta) expect(h, c->z, i * n + j, (double)a.value,
                                  epsilon_of(h->dtype) * (double)a.error + 2 * tiny_of(h->dtype));
        cost += term.value;
        error += term.error + (real)n * fabsl(term.value) * (real)epsilon_of(CMLP_FLOAT64);
    }
    expect(h, c->cost, i, (double)cost, epsilon_of(h->dtype) * (double)error + (double)n * tiny_of(h->dtype));
}

/* Returns act'(a) as the header defines it. */
static double slope(int32_t dtype, int32_t activation, double a)
{
    if (activation == CMLP_ACTIVATION_LOGISTIC) return type_fma(dtype, -a, a, a);
    if (activation == CMLP_ACTIVATION_TANH) return type_fma(dtype, -a, a, 1);
    return activation == CMLP_ACTIVATION_EXP ? a : 1;
}

static int by_distance(int32_t loss)
{
    return loss == CMLP_LOSS_SQUARED_ERROR || (loss >= CMLP_LOSS_ABSOLUTE_ERROR && loss <= CMLP_LOSS_QUANTILE);
}

/* Returns the loss's slope as the header defines it, before scaling. */
static double slope_of_loss(int32_t t, const loss_case *c, int64_t j, double a, double y)
{
    const double p = type_round(t, parameter_at(c, j)), rest = type_round(t, 1 - parameter_at(c, j));
    const double classes = c->values.activation == CMLP_ACTIVATION_SOFTMAX ? (double)c->n : 2;
    switch (c->values.loss) {
    case CMLP_LOSS_ABSOLUTE_ERROR: return (a > y) - (a < y);
    case CMLP_LOSS_HUBER: return a - y < -p ? -p : a - y > p ? p : type_round(t, a - y);
    case CMLP_LOSS_QUANTILE: return a > y ? rest : a < y ? -p : 0;
    case CMLP_LOSS_GAMMA: return type_round(t, 1 - type_round(t, y / a));
    case CMLP_LOSS_LABEL_SMOOTHING:
        return type_round(t, a - type_fma(t, y, rest, type_round(t, c->values.parameter / classes)));
    default: return type_round(t, a - y);
    }
}

/* Checks the focal loss's delta within a bound, because it needs logarithms and powers. */
static void verify_focal(harness *h, const loss_case *c, int64_t i)
{
    const int softmax_output = c->values.activation == CMLP_ACTIVATION_SOFTMAX;
    const double scale = c->values.scale, weight = c->weights ? get(CMLP_FLOAT64, c->weights->before, i) : 1;
    real most = -INFINITY, sum = 0, q = 0, u[320], a[320], p = (real)c->values.parameter, wide = 16;
    for (int64_t j = 0; j < c->n; j++) most = fmaxl(most, (real)get(h->dtype, c->z->before, i * c->n + j));
    for (int64_t j = 0; j < c->n; j++) sum += expl(get(h->dtype, c->z->before, i * c->n + j) - most);
    for (int64_t j = 0; j < c->n; j++) {
        const real z = get(h->dtype, c->z->before, i * c->n + j), y = get(h->dtype, c->y->before, i * c->n + j);
        if (!isfinite((double)z) || !isfinite((double)y)) return;
        a[j] = softmax_output ? expl(z - most) / sum : 1 / (1 + expl(-z));
        const real b = softmax_output ? 1 - a[j] : 1 / (1 + expl(z)), on = powl(b, p), off = powl(a[j], p);
        u[j] = b > 0 ? y * on * (1 - p * a[j] * logl(a[j] > 0 ? a[j] : 1) / b) : 0;
        if (!softmax_output) u[j] = (1 - y) * off * (a[j] - p * b * logl(b > 0 ? b : 1)) - u[j] * b;
        q += u[j];
        wide += fabsl(u[j]) + (softmax_output ? fabsl(z - most) * 0.1L : fabsl(z));
    }
    for (int64_t j = 0; j < c->n; j++) {
        const real d = (softmax_output ? a[j] * q - u[j] : u[j]) * scale * weight;
        const real bound = (8 + (real)c->n) * wide * (1 + p) * (real)epsilon_of(h->dtype);
        expect(h, c->d, i * c->n + j, (double)d, (double)bound * scale * weight);
    }
}

/* The same of the Tweedie deviance. */
static void verify_tweedie(harness *h, const loss_case *c, int64_t i)
{
    const double weight = c->weights ? get(CMLP_FLOAT64, c->weights->before, i) : 1;
    const real p = (real)c->values.parameter, scale = (real)(c->values.scale * weight);
    for (int64_t j = 0; j < c->n; j++) {
        const real z = get(h->dtype, c->z->before, i * c->n + j), y = get(h->dtype, c->y->before, i * c->n + j);
        const real of_output = expl((2 - p) * z), of_target = y * expl((1 - p) * z);
        if (!isfinite((double)z) || !isfinite((double)y)) continue;
        const real bound = (8 + 2 * fabsl(z)) * (of_output + fabsl(of_target)) * (real)epsilon_of(h->dtype);
        expect(h, c->d, i * c->n + j, (double)((of_output - of_target) * scale), (double)(bound * scale));
    }
}

static void verify_deltas(harness *h, const loss_case *c, int64_t i)
{
    const int32_t t = h->dtype;
    const int squared = c->values.loss == CMLP_LOSS_SQUARED_ERROR, by_a = by_distance(c->values.loss);
    const double scale = type_round(t, squared ? 2 * c->values.scale : c->values.scale);
    const double weight = c->weights ? type_round(t, get(CMLP_FLOAT64, c->weights->before, i)) : 1;
    double g[320], a[320], q = 0, chunk = 0;
    for (int64_t j = 0; j < c->n; j++) {
        a[j] = get(t, c->z->after[0], i * c->n + j);
        g[j] = type_round(t, slope_of_loss(t, c, j, a[j], get(t, c->y->before, i * c->n + j)) * scale);
    }
    for (int64_t j = 0; j < c->n; j++) {
        chunk = type_fma(t, g[j], a[j], chunk);
        if (j % CMLPI_CHUNK == CMLPI_CHUNK - 1 || j == c->n - 1) q = type_round(t, q + chunk);
        if (j % CMLPI_CHUNK == CMLPI_CHUNK - 1) chunk = 0;
    }
    for (int64_t j = 0; j < c->n; j++) {
        double d = g[j];
        if (squared && c->values.activation == CMLP_ACTIVATION_SOFTMAX)
            d = type_round(t, a[j] * type_round(t, g[j] - q));
        else if (by_a && c->values.activation != CMLP_ACTIVATION_IDENTITY)
            d = type_round(t, g[j] * slope(t, c->values.activation, a[j]));
        expect_exactly(h, c->d, i * c->n + j, c->weights ? type_round(t, d * weight) : d);
    }
}

/* Makes targets that suit the loss: one-hot, probabilities, counts, or any numbers. */
static void make_targets(harness *h, const loss_case *c)
{
    const int kind = (int)random_below(&h->random, 3);
    for (int64_t i = 0; i < c->rows; i++) {
        const int64_t hot = random_below(&h->random, c->n);
        for (int64_t j = 0; j < c->n; j++) {
            double y = j == hot;
            if (c->values.loss == CMLP_LOSS_POISSON && kind) y = (double)random_below(&h->random, 5);
            else if (c->values.loss == CMLP_LOSS_TWEEDIE) y = kind ? uniform(&h->random, 0, 5) : 0;
            else if (c->values.loss == CMLP_LOSS_GAMMA) y = uniform(&h->random, 0.1, 5);
            else if (kind == 1) y = uniform(&h->random, 0, 1);
            else if (kind == 2 && by_distance(c->values.loss)) y = uniform(&h->random, -3, 3);
            put(h->dtype, c->y->before, i * c->n + j, y);
        }
    }
}

void check_loss(harness *h)
{
    int32_t pairs[64][2], n_pairs = 0;
    for (int32_t loss = 1; cmlp_loss_describe(loss); loss++)
        for (int32_t a = 1; cmlp_activation_describe(a); a++)
            if (cmlp_loss_allows(loss, a)) {
                pairs[n_pairs][0] = a;
                pairs[n_pairs++][1] = loss;
            }
    const int32_t *pair = pairs[h->number % n_pairs];
    const cmlp_loss_info *info = cmlp_loss_describe(pair[1]);
    loss_case c = {.values = {.activation = pair[0], .loss = pair[1]}, .rows = random_below(&h->random, 6)};
    c.n = random_below(&h->random, 12) ? pick_width(h) : PICK(h, 127, 128, 129, 257);
    if (c.n == 0) c.n = 1;
    c.values.wants_delta = random_below(&h->random, 4) != 0;
    const double over = info->parameter - info->lower_limit;
    c.values.parameter = info->lower_limit + over * (random_below(&h->random, 2) ? 1 : uniform(&h->random, 0.2, 1.8));
    if (pair[1] == CMLP_LOSS_TWEEDIE && random_below(&h->random, 2)) {
        const double distance = 1 / (double)PICK(h, 1000, 10000, 1000000); /* from a limit, where terms nearly cancel */
        c.values.parameter = random_below(&h->random, 2) ? info->lower_limit + distance : info->limit - distance;
    }
    for (int64_t j = 0; j < c.n; j++) c.quantiles[j] = uniform(&h->random, 0, 1);
    if (pair[1] == CMLP_LOSS_QUANTILE && random_below(&h->random, 2)) c.values.quantiles = c.quantiles;
    c.values.scale = random_below(&h->random, 2) ? 1 : 0.5;
    c.values.clip = random_below(&h->random, 3) ? 0 : epsilon_of(h->dtype);
    c.z = new_operand(h, "z", h->dtype, c.rows * c.n, c.values.wants_delta ? OUTPUT : SCRATCH);
    c.y = new_operand(h, "y", h->dtype, c.rows * c.n, INPUT);
    c.d = new_operand(h, "d", h->dtype, c.rows * c.n, c.values.wants_delta ? OUTPUT : SCRATCH);
    c.cost = new_operand(h, "cost", CMLP_FLOAT64, c.rows, OUTPUT);
    if (random_below(&h->random, 2)) c.weights = new_operand(h, "weights", CMLP_FLOAT64, c.rows, INPUT);
    for (int64_t i = 0; c.weights && i < c.rows; i++)
        put(CMLP_FLOAT64, c.weights->before, i, (double)random_below(&h->random, 3) * 0.7);
    const double stretch = (double)PICK(h, 1, 1, 4, 30);
    for (int64_t i = 0; i < c.z->n && pair[0] != CMLP_ACTIVATION_EXP; i++) /* keep e^z far below overflow */
        put(h->dtype, c.z->before, i, stretch * get(h->dtype, c.z->before, i));
    make_targets(h, &c);
    fill(c.d, NAN);
    fill(c.cost, NAN);
    snprintf(h->shape, sizeof h->shape, "activation %d, loss %d, %s, rows %d, n %d, scale %g, clip %g, %s weights, %s",
             (int)pair[0], (int)pair[1], c.values.quantiles ? "quantiles" : "one parameter", (int)c.rows, (int)c.n,
             c.values.scale, c.values.clip, c.weights ? "with" : "no", c.values.wants_delta ? "with deltas" : "no deltas");
    run_tables(h, call_loss, &c);
    same_outputs(h);
    for (int64_t i = 0; i < c.rows; i++) {
        verify_row(h, &c, i);
        if (c.values.wants_delta && pair[1] == CMLP_LOSS_FOCAL) verify_focal(h, &c, i);
        else if (c.values.wants_delta && pair[1] == CMLP_LOSS_TWEEDIE) verify_tweedie(h, &c, i);
        else if (c.values.wants_delta) verify_deltas(h, &c, i);
    }
}
