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
 * default 0. The last five are its bounds in float, which forward/envelopes.h describes; CMLP_EXACT stands for those of an
 * activation that only multiplies and compares, and of elu, of which they are a measurement. docs/recipes.md says how to add an activation.
 *
 * One worked expansion: with
 *   #define CASE(CODE, name, ...) case CMLP_ACTIVATION_##CODE: return name##_value(z, p);
 * CMLP_ACTIVATIONS(CASE) makes of the row of silu
 *   case CMLP_ACTIVATION_SILU: return silu_value(z, p); */
#ifndef CMLP_ACTIVATIONS_H
#define CMLP_ACTIVATIONS_H

#include "../../../../include/cmlp.h"

#define CMLP_HIDDEN 1 /* allowed in hidden layers */
#define CMLP_OUTPUT 2 /* allowed in the output layer */

#define CMLP_FROM_A 0
#define CMLP_FROM_Z 1 /* training keeps the weighted sums */

#define CMLP_NO_TURN (-3.4028234663852886e38f)
#define CMLP_NO_LIMIT INFINITY
#define CMLP_EXACT 0, 0, CMLP_NO_TURN, -CMLP_NO_LIMIT, CMLP_NO_LIMIT

#define CMLP_ACTIVATIONS(ROW)                                                                        \
    ROW(IDENTITY, identity, CMLP_FROM_A, 6, CMLP_HIDDEN | CMLP_OUTPUT, 0, CMLP_EXACT)                \
    ROW(LOGISTIC, logistic, CMLP_FROM_A, 2, CMLP_HIDDEN | CMLP_OUTPUT, 0, 1, 0, CMLP_NO_TURN, 0, 1)  \
    ROW(TANH, tanh, CMLP_FROM_A, 6, CMLP_HIDDEN | CMLP_OUTPUT, 0, 1, 0, CMLP_NO_TURN, -1, 1)         \
    ROW(RELU, relu, CMLP_FROM_A, 6, CMLP_HIDDEN, 0, CMLP_EXACT)                                      \
    ROW(EXP, exp, CMLP_FROM_A, 6, CMLP_OUTPUT, 0, 0, 0, CMLP_NO_TURN, 0, CMLP_NO_LIMIT)              \
    ROW(LEAKY_RELU, leaky_relu, CMLP_FROM_A, 6, CMLP_HIDDEN, 0.01, CMLP_EXACT)                       \
    ROW(ELU, elu, CMLP_FROM_A, 6, CMLP_HIDDEN, 1, CMLP_EXACT)                                        \
    ROW(SILU, silu, CMLP_FROM_Z, 6, CMLP_HIDDEN, 0, 3, 3, -1.2784645f, -0.278464586f, CMLP_NO_LIMIT) \
    ROW(GELU, gelu, CMLP_FROM_Z, 6, CMLP_HIDDEN, 0, 4, 4, -0.7517915f, -0.169971228f, CMLP_NO_LIMIT) \
    ROW(SOFTPLUS, softplus, CMLP_FROM_Z, 6, CMLP_HIDDEN, 0, 2, 0, CMLP_NO_TURN, 0, CMLP_NO_LIMIT)    \
    ROW(SOFTSIGN, softsign, CMLP_FROM_A, 6, CMLP_HIDDEN, 0, 2, 0, CMLP_NO_TURN, -1, 1)

/* Whether the slope of an activation is computed from z, and not from a. */
static inline int cmlpi_slope_is_from_z(cmlp_activation activation)
{
    switch (activation) {
#define CASE(CODE, name, from, ...) \
    case CMLP_ACTIVATION_##CODE: return from == CMLP_FROM_Z;
        CMLP_ACTIVATIONS(CASE)
#undef CASE
    default: return 0; /* softmax */
    }
}

#endif
