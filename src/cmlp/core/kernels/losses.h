/* The losses: one row each.
 *
 *   ROW(CODE, name, slope, factor, outputs, targets, parameter, limit, plain)
 *
 * CODE is the enumerator of cmlp_loss without its prefix. `name` is what programs call the loss, and the prefix of
 * its two functions in loss_tmpl.h, which see one output of a row: z the weighted sum, a the activation, y the
 * target, and c the constants of the call:
 *
 *   V name_term(V z, V a, V y, const loss_constants *c)     the output's term of the row's cost
 *   V name_slope(V x, V y, const loss_constants *c)         its slope, without `factor`
 *
 * The slope is the derivative for a (CMLP_BY_A: the output layer's act' then multiplies it), for z with x = a
 * (CMLP_BY_Z), or for z with x = z (CMLP_BY_Z_FROM_Z). By z it depends on the activation: it is that of logistic
 * outputs if the row allows them, else of exp. Softmax outputs have loops of their own. `outputs` is the mask of
 * activations allowed, `targets` the targets allowed, `parameter` the default of the loss's parameter (0: it has none),
 * which is below `limit`. `plain` is the loss without what it adds for training: usually itself. docs/recipes.md says
 * how to add a loss.
 *
 * One worked expansion: with
 *   #define CASE(CODE, name, ...) case CMLP_LOSS_##CODE: return name##_term(z, a, y, c);
 * CMLP_LOSSES(CASE) makes of the row of huber
 *   case CMLP_LOSS_HUBER: return huber_term(z, a, y, c); */
#ifndef CMLP_LOSSES_H
#define CMLP_LOSSES_H

#include <float.h>

#define CMLP_BY_A 0
#define CMLP_BY_Z 1
#define CMLP_BY_Z_FROM_Z 2

/* Targets that a loss allows; all are finite. */
#define CMLP_ANY 0
#define CMLP_NOT_NEGATIVE 1
#define CMLP_POSITIVE 2
#define CMLP_PROBABILITY 3 /* from 0 to 1 */

/* Whether a finite target is allowed, by what the loss allows. */
static inline int cmlpi_allows_target(int32_t targets, double y)
{
    if (targets == CMLP_POSITIVE) return y > 0;
    return targets == CMLP_ANY || (y >= 0 && (targets == CMLP_NOT_NEGATIVE || y <= 1));
}

#define CMLP_BIT(activation) (UINT64_C(1) << CMLP_ACTIVATION_##activation)
#define CMLP_CLASSIFIERS (CMLP_BIT(SOFTMAX) | CMLP_BIT(LOGISTIC))
#define CMLP_REGRESSORS (CMLP_BIT(IDENTITY) | CMLP_BIT(LOGISTIC) | CMLP_BIT(TANH) | CMLP_BIT(EXP))

#define CMLP_LOSSES(ROW)                                                                                                \
    ROW(LOG, log_loss, CMLP_BY_Z, 1, CMLP_CLASSIFIERS, CMLP_PROBABILITY, 0, 0, LOG)                                     \
    ROW(SQUARED_ERROR, squared_error, CMLP_BY_A, 2, CMLP_REGRESSORS | CMLP_BIT(SOFTMAX), CMLP_ANY, 0, 0, SQUARED_ERROR) \
    ROW(POISSON, poisson, CMLP_BY_Z, 1, CMLP_BIT(EXP), CMLP_NOT_NEGATIVE, 0, 0, POISSON)                                \
    ROW(ABSOLUTE_ERROR, absolute_error, CMLP_BY_A, 1, CMLP_REGRESSORS, CMLP_ANY, 0, 0, ABSOLUTE_ERROR)                  \
    ROW(HUBER, huber, CMLP_BY_A, 1, CMLP_REGRESSORS, CMLP_ANY, 1, DBL_MAX, HUBER)                                       \
    ROW(QUANTILE, quantile, CMLP_BY_A, 1, CMLP_REGRESSORS, CMLP_ANY, 0.5, 1, QUANTILE)                                  \
    ROW(GAMMA, gamma, CMLP_BY_Z, 1, CMLP_BIT(EXP), CMLP_POSITIVE, 0, 0, GAMMA)                                          \
    ROW(FOCAL, focal, CMLP_BY_Z_FROM_Z, 1, CMLP_CLASSIFIERS, CMLP_PROBABILITY, 2, DBL_MAX, LOG)                         \
    ROW(LABEL_SMOOTHING, label_smoothing, CMLP_BY_Z, 1, CMLP_CLASSIFIERS, CMLP_PROBABILITY, 0.1, 1, LOG)

/* The targets that a loss allows. */
static inline int32_t cmlpi_targets_of_loss(cmlp_loss loss)
{
    switch (loss) {
#define CASE(CODE, name, slope, factor, outputs, targets, ...) \
    case CMLP_LOSS_##CODE: return targets;
        CMLP_LOSSES(CASE)
#undef CASE
    default: return CMLP_ANY;
    }
}

#endif
