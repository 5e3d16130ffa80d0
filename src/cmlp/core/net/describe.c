/* Public access to the tables of activations and losses, and the names of solvers and instruction sets. */
#include <float.h>

#include "../../../../include/cmlp.h"
#include "../base/build.h"
#include "../kernels/activations.h"
#include "../kernels/losses.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Indexed by enumerator. Softmax is not in the table, because it acts on whole rows. */
static const cmlp_activation_info activation_table[] = {
#define ROW(CODE, name, from, factor, layers, parameter, ...)                           \
    [CMLP_ACTIVATION_##CODE] = {sizeof(cmlp_activation_info), #name, factor, parameter, \
                                ((layers)&CMLPI_HIDDEN) != 0, ((layers)&CMLPI_OUTPUT) != 0},
    CMLPI_ACTIVATIONS(ROW)
#undef ROW
    [CMLP_ACTIVATION_SOFTMAX] = {sizeof(cmlp_activation_info), "softmax", 6, 0, 0, 1},
};

static const cmlp_loss_info losses[] = {
#define ROW(CODE, name, slope, factor, outputs, targets, parameter, lower_limit, limit, plain) \
    [CMLP_LOSS_##CODE] = {sizeof(cmlp_loss_info), #name, parameter, limit, lower_limit},
    CMLPI_LOSSES(ROW)
#undef ROW
};

/* Masks of the output activations that each loss allows. */
static const uint32_t allowed_outputs[] = {
#define ROW(CODE, name, slope, factor, outputs, ...) [CMLP_LOSS_##CODE] = (uint32_t)(outputs),
    CMLPI_LOSSES(ROW)
#undef ROW
};

const cmlp_activation_info *cmlp_activation_describe(cmlp_activation activation)
{
    return activation < 1 || (size_t)activation >= COUNT(activation_table) ? NULL : &activation_table[activation];
}

const cmlp_loss_info *cmlp_loss_describe(cmlp_loss loss)
{
    return loss < 1 || (size_t)loss >= COUNT(losses) ? NULL : &losses[loss];
}

int32_t cmlp_loss_allows(cmlp_loss loss, cmlp_activation output)
{
    if (!cmlp_loss_describe(loss) || !cmlp_activation_describe(output)) return 0;
    return (int32_t)(allowed_outputs[loss] >> output & 1);
}

#if CMLP_BUILD_TRAINING
const char *cmlp_solver_name(cmlp_solver solver)
{
    switch (solver) {
    case CMLP_SOLVER_SGD: return "sgd";
    case CMLP_SOLVER_MOMENTUM: return "momentum";
    case CMLP_SOLVER_NESTEROV: return "nesterov";
    case CMLP_SOLVER_ADAM: return "adam";
    case CMLP_SOLVER_ADAMW: return "adamw";
    default: return NULL;
    }
}
#endif

const char *cmlp_isa_name(cmlp_isa isa)
{
    switch (isa) {
    case CMLP_ISA_GENERIC: return "generic";
    case CMLP_ISA_AVX2: return "avx2";
    case CMLP_ISA_AVX512: return "avx512";
    case CMLP_ISA_NEON: return "neon";
    default: return NULL;
    }
}
