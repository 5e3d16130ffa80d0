#include "optimizer.h"

#include "float_mode.h"
#include "sums.h"

/* Blocks of the parameters' size in the state; -1 for an unknown solver. */
static int state_blocks(int solver)
{
    switch (solver) {
    case CMLP_SGD: return 0;
    case CMLP_MOMENTUM:
    case CMLP_NESTEROV: return 1;
    case CMLP_ADAM: return 2;
    default: return -1;
    }
}

int cmlp_optimizer_state_size(const cmlp_net *net, int solver, size_t *bytes)
{
    int status = cmlp_check_net(net), blocks = state_blocks(solver);
    if (status) return status;
    if (!bytes) return CMLP_ERROR_NULL;
    if (blocks < 0) return CMLP_ERROR_OPTION;
    if ((size_t)net->n_params > (size_t)PTRDIFF_MAX / net->element / 2) return CMLP_ERROR_OVERFLOW;
    *bytes = (size_t)blocks * (size_t)net->n_params * net->element;
    return CMLP_OK;
}

static int within(double x, double low, double high) { return x >= low && x <= high; } /* false for NaN */

int cmlp_check_optimizer(const cmlp_net *net, const cmlp_optimizer *o)
{
    size_t needed;
    if (!o) return CMLP_ERROR_NULL;
    if (o->struct_size != sizeof *o) return CMLP_ERROR_STRUCT_SIZE;
    int status = cmlp_optimizer_state_size(net, o->solver, &needed);
    if (status) return status;
    if (!within(o->learning_rate, 0, DBL_MAX) || o->n_steps < 0) return CMLP_ERROR_OPTION;
    if ((o->solver == CMLP_MOMENTUM || o->solver == CMLP_NESTEROV) && !within(o->momentum, 0, 1))
        return CMLP_ERROR_OPTION;
    if (o->solver == CMLP_ADAM) {
        if (!within(o->beta_1, 0, 1) || o->beta_1 == 1 || !within(o->beta_2, 0, 1) || o->beta_2 == 1)
            return CMLP_ERROR_OPTION;
        if (!within(o->epsilon, 0, DBL_MAX) || o->epsilon == 0) return CMLP_ERROR_OPTION;
        if (!within(o->beta_1_power, 0, 1) || !within(o->beta_2_power, 0, 1)) return CMLP_ERROR_OPTION;
    }
    if (!needed) return CMLP_OK;
    if (!o->state) return CMLP_ERROR_NULL;
    if (o->state_size < needed) return CMLP_ERROR_BUFFER_SIZE;
    return cmlp_misaligned(o->state, net->element) ? CMLP_ERROR_ALIGNMENT : CMLP_OK;
}

cmlp_step_values cmlp_begin_step(cmlp_optimizer *o, double learning_rate)
{
    cmlp_step_values values = {.solver = o->solver,
                               .rate = learning_rate,
                               .momentum = o->momentum,
                               .beta_1 = o->beta_1,
                               .beta_2 = o->beta_2,
                               .epsilon = o->epsilon};
    o->n_steps++;
    if (o->solver == CMLP_ADAM) {
        o->beta_1_power *= o->beta_1;
        o->beta_2_power *= o->beta_2;
        values.rate = learning_rate * cmlp_root(1 - o->beta_2_power) / (1 - o->beta_1_power);
    }
    return values;
}

void cmlp_step_elements(const cmlp_net *net, const cmlp_step_values *values, void *state, void *params,
                        const void *gradient, int64_t first, int64_t n)
{
    int blocks = state_blocks(values->solver);
    void *m = blocks > 0 ? cmlp_at(net, state, first) : NULL;
    void *v = blocks > 1 ? cmlp_at(net, state, net->n_params + first) : NULL;
    net->kernels->step(values, cmlp_at(net, params, first), gradient, m, v, n);
}

static int take_step(const cmlp_net *net, void *params, const void *gradient, cmlp_optimizer *optimizer)
{
    int status = cmlp_check_net(net);
    if (!status) status = cmlp_check_optimizer(net, optimizer);
    if (status) return status;
    if (!params || !gradient) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(params, net->element) || cmlp_misaligned(gradient, net->element)) return CMLP_ERROR_ALIGNMENT;
    cmlp_step_values values = cmlp_begin_step(optimizer, optimizer->learning_rate);
    cmlp_step_elements(net, &values, optimizer->state, params, gradient, 0, net->n_params);
    return CMLP_OK;
}

int cmlp_step(const cmlp_net *net, void *params, const void *gradient, cmlp_optimizer *optimizer)
{
    cmlp_float_mode mode = cmlp_enter_mode();
    int status = take_step(net, params, gradient, optimizer);
    cmlp_leave_mode(mode);
    return status;
}
