/* Checks of the kernels activate and derivative. Results that the header defines exactly are compared
 * bit by bit; functions are compared within their bound in ulp. */
#include "check_kernels.h"
#include "../../src/cmlp/core/kernels/activations.h"

#include <math.h>
#include <stdio.h>

typedef long double real;

#define N_ACTIVATIONS 12

/* Returns the default parameter or a random one. */
static double pick_parameter(harness *h, int32_t activation)
{
    const double standard = cmlp_activation_describe(activation)->parameter;
    return random_below(&h->random, 2) ? standard : standard * uniform(&h->random, 0.1, 3);
}

/* ---- activate */

typedef struct activate_case {
    operand *z, *a; /* the same operand in some cases */
    int32_t activation;
    double parameter;
    int64_t rows, n;
} activate_case;

static void call_activate(const cmlpi_kernels *table, void *context)
{
    const activate_case *c = context;
    table->activate(c->activation, c->parameter, c->z->place.data, c->a->place.data, c->rows, c->n);
}

static real activation_of(int32_t activation, real p, real z)
{
    switch (activation) {
    case CMLP_ACTIVATION_LOGISTIC: return 1 / (1 + expl(-z));
    case CMLP_ACTIVATION_TANH: return tanhl(z);
    case CMLP_ACTIVATION_EXP: return expl(z);
    case CMLP_ACTIVATION_ELU: return z < 0 ? p * expm1l(z) : z;
    case CMLP_ACTIVATION_SILU: return z == (real)-INFINITY ? 0 : z / (1 + expl(-z));
    case CMLP_ACTIVATION_GELU: return z == (real)-INFINITY ? 0 : z / 2 * erfcl(-z / sqrtl(2));
    case CMLP_ACTIVATION_SOFTPLUS: return (z > 0 ? z : 0) + log1pl(expl(-fabsl(z)));
    case CMLP_ACTIVATION_SOFTSIGN: return isinf(z) ? copysignl(1, z) : z / (1 + fabsl(z));
    default: return z;
    }
}

/* The bound is 2 ulp for single functions and 4 ulp for compositions. Rounding the reference adds another ulp. */
static double most_ulp(int32_t activation) { return activation <= CMLP_ACTIVATION_EXP ? 3 : 5; }

static void verify_activation(harness *h, const activate_case *c, int64_t i)
{
    const double tiny = tiny_of(h->dtype), z = get(h->dtype, c->z->before, i), p = type_round(h->dtype, c->parameter);
    if (c->activation == CMLP_ACTIVATION_IDENTITY || (c->activation == CMLP_ACTIVATION_ELU && !(z < 0))) {
        expect_exactly(h, c->a, i, z);
    } else if (c->activation == CMLP_ACTIVATION_RELU) {
        expect_exactly(h, c->a, i, isnan(z) || z > 0 ? z : 0);
    } else if (c->activation == CMLP_ACTIVATION_LEAKY_RELU) {
        expect_exactly(h, c->a, i, z < 0 ? type_round(h->dtype, p * z) : z);
    } else {
        const double a = type_round(h->dtype, (double)activation_of(c->activation, p, z));
        if (fabs(a) < tiny * 0.999)
            expect_exactly(h, c->a, i, 0);
        else
            expect(h, c->a, i, a,
                   most_ulp(c->activation) * epsilon_of(h->dtype) * fabs(a) + (fabs(a) < tiny * 1.001 ? tiny : 0));
    }
}

/* softmax: the error of e_j comes from the exponential and from rounding its argument z - max z. */
static void verify_softmax(harness *h, const activate_case *c, int64_t i)
{
    const int64_t n = c->n;
    real most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < n; j++) {
        const double z = get(h->dtype, c->z->before, i * n + j);
        if (isnan(z) || isinf(z)) return; /* NaN rules are covered by the comparison of bits */
        if (z > most) most = z;
    }
    for (int64_t j = 0; j < n; j++) sum += expl(get(h->dtype, c->z->before, i * n + j) - most);
    for (int64_t j = 0; j < n; j++) {
        const real t = get(h->dtype, c->z->before, i * n + j) - most, a = expl(t) / sum;
        const double relative = epsilon_of(h->dtype) * ((double)n + 8 + (double)fabsl(t));
        expect(h, c->a, i * n + j, (double)a, relative * (double)a + 2 * tiny_of(h->dtype));
    }
}

void check_activate(harness *h)
{
    activate_case c = {.activation = 1 + (int32_t)(h->number % N_ACTIVATIONS), .rows = random_below(&h->random, 6)};
    const int in_place = random_below(&h->random, 2) == 0;
    c.parameter = pick_parameter(h, c.activation);
    c.n = c.activation == CMLP_ACTIVATION_SOFTMAX && !random_below(&h->random, 8) ? PICK(h, 127, 128, 129,
                                                                                         257) : pick_width(h);
    if (c.activation == CMLP_ACTIVATION_SOFTMAX && c.n == 0) c.n = 1; /* softmax needs at least one element */
    c.z = new_operand(h, "z", h->dtype, c.rows * c.n, in_place ? OUTPUT : INPUT);
    c.a = in_place ? c.z : new_operand(h, "a", h->dtype, c.rows * c.n, OUTPUT);
    const double stretch = (double)PICK(h, 1, 1, 10, 100, 400);
    for (int64_t i = 0; i < c.z->n; i++) put(h->dtype, c.z->before, i, stretch * get(h->dtype, c.z->before, i));
    snprintf(h->shape, sizeof h->shape, "activation %d, parameter %g, rows %d, n %d, %s", (int)c.activation,
             c.parameter,
             (int)c.rows, (int)c.n, in_place ? "in place" : "not in place");
    run_tables(h, call_activate, &c);
    same_outputs(h);
    if (c.activation == CMLP_ACTIVATION_SOFTMAX)
        for (int64_t i = 0; i < c.rows; i++) verify_softmax(h, &c, i);
    else
        for (int64_t i = 0; i < c.z->n; i++) verify_activation(h, &c, i);
}

/* ---- derivative */

typedef struct derivative_case {
    operand *x, *d;
    int32_t activation;
    double parameter;
} derivative_case;

static void call_derivative(const cmlpi_kernels *table, void *context)
{
    const derivative_case *c = context;
    table->derivative(c->activation, c->parameter, c->x->place.data, c->d->place.data, c->x->n);
}

/* The slope from the activation, as the header defines it. */
static double slope_from_a(int32_t t, int32_t activation, double p, double a)
{
    switch (activation) {
    case CMLP_ACTIVATION_LOGISTIC: return type_fma(t, -a, a, a);
    case CMLP_ACTIVATION_TANH: return type_fma(t, -a, a, 1);
    case CMLP_ACTIVATION_RELU: return a > 0;
    case CMLP_ACTIVATION_EXP: return a;
    case CMLP_ACTIVATION_LEAKY_RELU: return a > 0 ? 1 : type_round(t, p);
    case CMLP_ACTIVATION_ELU: return a < 0 ? type_round(t, a + type_round(t, p)) : 1;
    case CMLP_ACTIVATION_SOFTSIGN: {
        const double r = type_round(t, 1 - fabs(a));
        return type_round(t, r * r);
    }
    default: return 1;
    }
}

static real slope_from_z(int32_t activation, real z)
{
    const real s = 1 / (1 + expl(-z));
    switch (activation) {
    case CMLP_ACTIVATION_SILU: return s * (1 + z * (1 - s));
    case CMLP_ACTIVATION_GELU: return erfcl(-z / sqrtl(2)) / 2 + z * expl(-z * z / 2) * 0.39894228040143267794L;
    default: return s;
    }
}

void check_derivative(harness *h)
{
    derivative_case c = {.activation = 1 + (int32_t)(h->number % N_ACTIVATIONS)};
    if (c.activation == CMLP_ACTIVATION_SOFTMAX) c.activation = CMLP_ACTIVATION_GELU;
    const int64_t n = pick_width(h) * (1 + random_below(&h->random, 5));
    c.parameter = pick_parameter(h, c.activation);
    c.x = new_operand(h, "x", h->dtype, n, INPUT);
    c.d = new_operand(h, "d", h->dtype, n, OUTPUT);
    snprintf(h->shape, sizeof h->shape, "activation %d, parameter %g, n %d", (int)c.activation, c.parameter, (int)n);
    run_tables(h, call_derivative, &c);
    same_outputs(h);
    for (int64_t i = 0; i < n; i++) {
        const double x = get(h->dtype, c.x->before, i), d = get(h->dtype, c.d->before, i);
        if (!cmlpi_slope_is_from_z(c.activation))
            expect_exactly(h, c.d, i, type_round(h->dtype, d * slope_from_a(h->dtype, c.activation, c.parameter, x)));
        else if (isfinite(x) && isfinite(d))
            expect(h, c.d, i, (double)(d * slope_from_z(c.activation, x)),
                   6 * epsilon_of(h->dtype) * fabs(d) + tiny_of(h->dtype));
    }
}
