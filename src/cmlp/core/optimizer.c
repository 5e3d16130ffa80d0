#include "build.h"
#if CMLP_BUILDS_TRAINING

#include "optimizer.h"

#include "arguments.h"
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

/* Fills in Adam's defaults and checks its fields. */
static int check_adam(cmlp_optimizer *o, const char **refused)
{
    if (o->epsilon == 0) o->epsilon = 1e-8;
    if (!o->n_steps) o->beta_1_power = o->beta_2_power = 1;
    if (!within(o->beta_1, 0, 1) || o->beta_1 == 1) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "optimizer->beta_1");
    if (!within(o->beta_2, 0, 1) || o->beta_2 == 1) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "optimizer->beta_2");
    if (!within(o->epsilon, 0, DBL_MAX)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "optimizer->epsilon");
    if (!within(o->beta_1_power, 0, 1)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "optimizer->beta_1_power");
    if (!within(o->beta_2_power, 0, 1)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "optimizer->beta_2_power");
    return CMLP_OK;
}

static int check_state(const cmlp_optimizer *o, size_t needed, size_t element, const char **refused)
{
    if (!needed) return CMLP_OK;
    if (!o->state) return cmlp_refuse(refused, CMLP_ERROR_NULL, "optimizer->state");
    if (o->state_size < needed) return cmlp_refuse(refused, CMLP_ERROR_BUFFER_SIZE, "optimizer->state_size");
    return cmlp_misaligned(o->state, element) ? cmlp_refuse(refused, CMLP_ERROR_ALIGNMENT, "optimizer->state") : CMLP_OK;
}

int cmlp_read_optimizer(cmlp_optimizer *o, const cmlp_net *net, const cmlp_optimizer *given, const char **refused)
{
    size_t needed;
    int status = CMLP_READ(o, given, cmlp_optimizer, solver);
    if (status) return cmlp_refuse(refused, status, "optimizer");
    status = cmlp_optimizer_state_size(net, o->solver, &needed);
    if (status) return cmlp_refuse(refused, status, status == CMLP_ERROR_OPTION ? "optimizer->solver" : "net");
    if (!within(o->learning_rate, 0, DBL_MAX))
        return cmlp_refuse(refused, CMLP_ERROR_OPTION, "optimizer->learning_rate");
    if (o->n_steps < 0) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "optimizer->n_steps");
    if ((o->solver == CMLP_MOMENTUM || o->solver == CMLP_NESTEROV) && !within(o->momentum, 0, 1))
        return cmlp_refuse(refused, CMLP_ERROR_OPTION, "optimizer->momentum");
    if (o->solver == CMLP_ADAM) status = check_adam(o, refused);
    return status ? status : check_state(o, needed, net->element, refused);
}

void cmlp_return_counters(cmlp_optimizer *given, const cmlp_optimizer *o)
{
    given->n_steps = o->n_steps;
    given->beta_1_power = o->beta_1_power;
    given->beta_2_power = o->beta_2_power;
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
    cmlp_optimizer own;
    const char *refused; /* this call has no run to report it in */
    int status = cmlp_check_net(net);
    if (!status) status = cmlp_read_optimizer(&own, net, optimizer, &refused);
    if (status) return status;
    if (!params || !gradient) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(params, net->element) || cmlp_misaligned(gradient, net->element)) return CMLP_ERROR_ALIGNMENT;
    cmlp_step_values values = cmlp_begin_step(&own, own.learning_rate);
    cmlp_step_elements(net, &values, own.state, params, gradient, 0, net->n_params);
    cmlp_return_counters(optimizer, &own);
    return CMLP_OK;
}

int cmlp_step(const cmlp_net *net, void *params, const void *gradient, cmlp_optimizer *optimizer)
{
    cmlp_float_mode mode = cmlp_enter_mode();
    int status = take_step(net, params, gradient, optimizer);
    cmlp_leave_mode(mode);
    return status;
}

#else
typedef int cmlp_not_empty_optimizer;
#endif
