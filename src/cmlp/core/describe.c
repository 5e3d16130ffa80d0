/* Public access to the tables of activations and losses. */
#include <float.h>

#include "../../../include/cmlp.h"
#include "kernels/activations.h"
#include "kernels/losses.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Indexed by enumerator. Softmax is not in the table, because it acts on whole rows. */
static const cmlp_activation_info activations[] = {
#define ROW(CODE, name, from, factor, layers, parameter)                               \
    [CMLP_ACTIVATION_##CODE] = {#name, factor, parameter, ((layers)&CMLP_HIDDEN) != 0, \
                                ((layers)&CMLP_OUTPUT) != 0, from},
    CMLP_ACTIVATIONS(ROW)
#undef ROW
    [CMLP_ACTIVATION_SOFTMAX] = {"softmax", 6, 0, 0, 1, CMLP_FROM_A},
};

static const cmlp_loss_info losses[] = {
#define ROW(CODE, name, slope, factor, outputs, parameter, most) [CMLP_LOSS_##CODE] = {#name, parameter, most, outputs},
    CMLP_LOSSES(ROW)
#undef ROW
};

const cmlp_activation_info *cmlp_describe_activation(int32_t activation)
{
    return activation < 1 || (size_t)activation >= COUNT(activations) ? NULL : &activations[activation];
}

const cmlp_loss_info *cmlp_describe_loss(int32_t loss)
{
    return loss < 1 || (size_t)loss >= COUNT(losses) ? NULL : &losses[loss];
}
