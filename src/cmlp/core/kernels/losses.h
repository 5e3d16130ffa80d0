/* The losses: one row each.
 *
 *   ROW(CODE, name, slope, factor, outputs, targets, parameter, lower_limit, limit, plain)
 *
 * CODE is the enumerator of cmlp_loss without its prefix. `name` is what programs call the loss, and the prefix of
 * its two functions in loss_tmpl.h, which see one output of a row: z the weighted sum, a the activation, y the
 * target, and c the constants of the call:
 *
 *   V name_term(V z, V a, V y, const loss_constants *c)     the output's term of the row's cost
 *   V name_slope(V x, V y, const loss_constants *c)         its slope, without `factor`
 *
 * The slope is the derivative for a (CMLPI_BY_A: the output layer's act' then multiplies it), for z with x = a
 * (CMLPI_BY_Z), or for z with x = z (CMLPI_BY_Z_FROM_Z). By z it depends on the activation: it is that of logistic
 * outputs if the row allows them, else of exp. Softmax outputs have loops of their own. `outputs` is the mask of
 * activations allowed, `targets` the targets allowed, `parameter` the default of the loss's parameter (0: it has none),
 * which is above `lower_limit` and below `limit`. `plain` is the loss without what it adds for training: usually itself.
 * docs/recipes.md says how to add a loss.
 *
 * One worked expansion: with
 *   #define CASE(CODE, name, ...) case CMLP_LOSS_##CODE: return name##_term(z, a, y, c);
 * CMLPI_LOSSES(CASE) makes of the row of huber
 *   case CMLP_LOSS_HUBER: return huber_term(z, a, y, c); */
#ifndef CMLPI_LOSSES_H
#define CMLPI_LOSSES_H

#include <float.h>

#define CMLPI_BY_A 0
#define CMLPI_BY_Z 1
#define CMLPI_BY_Z_FROM_Z 2

/* Targets that a loss allows; all are finite. */
#define CMLPI_ANY 0
#define CMLPI_NOT_NEGATIVE 1
#define CMLPI_POSITIVE 2
#define CMLPI_PROBABILITY 3 /* from 0 to 1 */

/* Whether a finite target is allowed, by what the loss allows. */
static inline int cmlpi_allows_target(int32_t targets, double y)
{
    if (targets == CMLPI_POSITIVE) return y > 0;
    return targets == CMLPI_ANY || (y >= 0 && (targets == CMLPI_NOT_NEGATIVE || y <= 1));
}

#define CMLPI_BIT(activation) (UINT64_C(1) << CMLP_ACTIVATION_##activation)
#define CMLPI_CLASSIFIERS (CMLPI_BIT(SOFTMAX) | CMLPI_BIT(LOGISTIC))
#define CMLPI_REGRESSORS (CMLPI_BIT(IDENTITY) | CMLPI_BIT(LOGISTIC) | CMLPI_BIT(TANH) | CMLPI_BIT(EXP))

#define CMLPI_LOSSES(ROW)                                                                                                      \
    ROW(LOG, log_loss, CMLPI_BY_Z, 1, CMLPI_CLASSIFIERS, CMLPI_PROBABILITY, 0, 0, 0, LOG)                                      \
    ROW(SQUARED_ERROR, squared_error, CMLPI_BY_A, 2, CMLPI_REGRESSORS | CMLPI_BIT(SOFTMAX), CMLPI_ANY, 0, 0, 0, SQUARED_ERROR) \
    ROW(POISSON, poisson, CMLPI_BY_Z, 1, CMLPI_BIT(EXP), CMLPI_NOT_NEGATIVE, 0, 0, 0, POISSON)                                 \
    ROW(ABSOLUTE_ERROR, absolute_error, CMLPI_BY_A, 1, CMLPI_REGRESSORS, CMLPI_ANY, 0, 0, 0, ABSOLUTE_ERROR)                   \
    ROW(HUBER, huber, CMLPI_BY_A, 1, CMLPI_REGRESSORS, CMLPI_ANY, 1, 0, DBL_MAX, HUBER)                                        \
    ROW(QUANTILE, quantile, CMLPI_BY_A, 1, CMLPI_REGRESSORS, CMLPI_ANY, 0.5, 0, 1, QUANTILE)                                   \
    ROW(GAMMA, gamma, CMLPI_BY_Z, 1, CMLPI_BIT(EXP), CMLPI_POSITIVE, 0, 0, 0, GAMMA)                                           \
    ROW(FOCAL, focal, CMLPI_BY_Z_FROM_Z, 1, CMLPI_CLASSIFIERS, CMLPI_PROBABILITY, 2, 0, DBL_MAX, LOG)                          \
    ROW(LABEL_SMOOTHING, label_smoothing, CMLPI_BY_Z, 1, CMLPI_CLASSIFIERS, CMLPI_PROBABILITY, 0.1, 0, 1, LOG)                 \
    ROW(TWEEDIE, tweedie, CMLPI_BY_Z_FROM_Z, 1, CMLPI_BIT(EXP), CMLPI_NOT_NEGATIVE, 1.5, 1, 2, TWEEDIE)

/* The targets that a loss allows. */
static inline int32_t cmlpi_targets_of_loss(cmlp_loss loss)
{
    switch (loss) {
#define CASE(CODE, name, slope, factor, outputs, targets, ...) \
    case CMLP_LOSS_##CODE: return targets;
        CMLPI_LOSSES(CASE)
#undef CASE
    default: return CMLPI_ANY;
    }
}

#endif
