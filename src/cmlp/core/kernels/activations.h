/* The activation functions that act on each element alone: one row each. Softmax, which acts on whole rows, is the one
 * activation that is not in the table.
 *
 *   ROW(CODE, name, slope from, initialization factor, layers, default parameter)
 *
 * CODE is the enumerator of cmlp_activation without its prefix. `name` is what programs call the activation, and the
 * prefix of its two functions in activation_tmpl.h:
 *
 *   V name_value(V z, V p)    a = act(z), where p is the parameter in every lane
 *   V name_slope(V x, V p)    act'(z), where x is a (FROM_A) or z (FROM_Z)
 *
 * The initialization factor c gives the bound sqrt(c / (n_in + n_out)). An activation without a parameter has the
 * default 0. To add an activation: an enumerator in cmlp.h (and libcmlp.pxd), a row, its functions, and a test.
 *
 * One worked expansion: with
 *   #define CASE(CODE, name, ...) case CMLP_ACTIVATION_##CODE: return name##_value(z, p);
 * CMLP_ACTIVATIONS(CASE) makes of the row of silu
 *   case CMLP_ACTIVATION_SILU: return silu_value(z, p); */
#ifndef CMLP_ACTIVATIONS_H
#define CMLP_ACTIVATIONS_H

#define CMLP_HIDDEN 1 /* allowed in hidden layers */
#define CMLP_OUTPUT 2 /* allowed in the output layer */

#define CMLP_FROM_A 0
#define CMLP_FROM_Z 1 /* training keeps the weighted sums */

#define CMLP_ACTIVATIONS(ROW)                                                  \
    ROW(IDENTITY, identity, CMLP_FROM_A, 6, CMLP_HIDDEN | CMLP_OUTPUT, 0)      \
    ROW(LOGISTIC, logistic, CMLP_FROM_A, 2, CMLP_HIDDEN | CMLP_OUTPUT, 0)      \
    ROW(TANH, tanh, CMLP_FROM_A, 6, CMLP_HIDDEN | CMLP_OUTPUT, 0)              \
    ROW(RELU, relu, CMLP_FROM_A, 6, CMLP_HIDDEN, 0)                            \
    ROW(EXP, exp, CMLP_FROM_A, 6, CMLP_OUTPUT, 0)                              \
    ROW(LEAKY_RELU, leaky_relu, CMLP_FROM_A, 6, CMLP_HIDDEN, 0.01)             \
    ROW(ELU, elu, CMLP_FROM_A, 6, CMLP_HIDDEN, 1)                              \
    ROW(SILU, silu, CMLP_FROM_Z, 6, CMLP_HIDDEN, 0)                            \
    ROW(GELU, gelu, CMLP_FROM_Z, 6, CMLP_HIDDEN, 0)                            \
    ROW(SOFTPLUS, softplus, CMLP_FROM_Z, 6, CMLP_HIDDEN, 0)                    \
    ROW(SOFTSIGN, softsign, CMLP_FROM_A, 6, CMLP_HIDDEN, 0)

#endif
