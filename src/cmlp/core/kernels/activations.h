/* The activation functions that act on each element alone: one row each. Softmax, which acts on whole rows, is the one
 * activation that is not in the table.
 *
 *   ROW(CODE, name, slope from, initialization factor, layers, default parameter, falls, rises, turn, least, most)
 *
 * CODE is the enumerator of cmlp_activation without its prefix. `name` is what programs call the activation, and the
 * prefix of its two functions in activation_tmpl.h:
 *
 *   V name_value(V z, V p)    a = act(z), where p is the parameter in every lane
 *   V name_slope(V x, V p)    act'(z), where x is a (FROM_A) or z (FROM_Z)
 *
 * The initialization factor c gives the bound sqrt(c / (n_in + n_out)). An activation without a parameter has the
 * default 0. The last five are its bounds in float, which forward/envelopes.h describes; CMLPI_MONOTONE stands for those of an
 * activation that only multiplies and compares, and of elu, of which they are a measurement. docs/recipes.md says how to add an activation.
 *
 * One worked expansion: with
 *   #define CASE(CODE, name, ...) case CMLP_ACTIVATION_##CODE: return name##_value(z, p);
 * CMLPI_ACTIVATIONS(CASE) makes of the row of silu
 *   case CMLP_ACTIVATION_SILU: return silu_value(z, p); */
#ifndef CMLPI_ACTIVATIONS_H
#define CMLPI_ACTIVATIONS_H

#include "../../../../include/cmlp.h"

#define CMLPI_HIDDEN 1 /* allowed in hidden layers */
#define CMLPI_OUTPUT 2 /* allowed in the output layer */

#define CMLPI_FROM_A 0
#define CMLPI_FROM_Z 1 /* training keeps the weighted sums */

#define CMLPI_NO_TURN (-3.4028234663852886e38f)
#define CMLPI_NO_LIMIT INFINITY
#define CMLPI_MONOTONE 0, 0, CMLPI_NO_TURN, -CMLPI_NO_LIMIT, CMLPI_NO_LIMIT

#define CMLPI_ACTIVATIONS(ROW)                                                                          \
    ROW(IDENTITY, identity, CMLPI_FROM_A, 6, CMLPI_HIDDEN | CMLPI_OUTPUT, 0, CMLPI_MONOTONE)               \
    ROW(LOGISTIC, logistic, CMLPI_FROM_A, 2, CMLPI_HIDDEN | CMLPI_OUTPUT, 0, 1, 0, CMLPI_NO_TURN, 0, 1) \
    ROW(TANH, tanh, CMLPI_FROM_A, 6, CMLPI_HIDDEN | CMLPI_OUTPUT, 0, 1, 0, CMLPI_NO_TURN, -1, 1)        \
    ROW(RELU, relu, CMLPI_FROM_A, 6, CMLPI_HIDDEN, 0, CMLPI_MONOTONE)                                      \
    ROW(EXP, exp, CMLPI_FROM_A, 6, CMLPI_OUTPUT, 0, 0, 0, CMLPI_NO_TURN, 0, CMLPI_NO_LIMIT)             \
    ROW(LEAKY_RELU, leaky_relu, CMLPI_FROM_A, 6, CMLPI_HIDDEN, 0.01, CMLPI_MONOTONE)                       \
    ROW(ELU, elu, CMLPI_FROM_A, 6, CMLPI_HIDDEN, 1, CMLPI_MONOTONE)                                        \
    ROW(SILU, silu, CMLPI_FROM_Z, 6, CMLPI_HIDDEN, 0, 3, 3, -1.2784645f, -0.278464586f, CMLPI_NO_LIMIT) \
    ROW(GELU, gelu, CMLPI_FROM_Z, 6, CMLPI_HIDDEN, 0, 4, 4, -0.7517915f, -0.169971228f, CMLPI_NO_LIMIT) \
    ROW(SOFTPLUS, softplus, CMLPI_FROM_Z, 6, CMLPI_HIDDEN, 0, 2, 0, CMLPI_NO_TURN, 0, CMLPI_NO_LIMIT)   \
    ROW(SOFTSIGN, softsign, CMLPI_FROM_A, 6, CMLPI_HIDDEN, 0, 2, 0, CMLPI_NO_TURN, -1, 1)

/* Whether the slope of an activation is computed from z, and not from a. */
static inline int cmlpi_slope_is_from_z(cmlp_activation activation)
{
    switch (activation) {
#define CASE(CODE, name, from, ...) \
    case CMLP_ACTIVATION_##CODE: return from == CMLPI_FROM_Z;
        CMLPI_ACTIVATIONS(CASE)
#undef CASE
    default: return 0; /* softmax */
    }
}

#endif
