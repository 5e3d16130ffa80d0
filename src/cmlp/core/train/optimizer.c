#include "optimizer.h"

#include <string.h>

#include "../base/arguments.h"
#include "../base/root.h"

#if CMLP_BUILD_TRAINING

int cmlpi_n_moments(cmlp_solver solver)
{
    switch (solver) {
    case CMLP_SOLVER_SGD: return 0;
    case CMLP_SOLVER_MOMENTUM:
    case CMLP_SOLVER_NESTEROV: return 1;
    case CMLP_SOLVER_ADAM:
    case CMLP_SOLVER_ADAMW: return 2;
    default: return -1;
    }
}

static cmlp_status read_struct(cmlp_optimizer *o, const cmlp_optimizer *given, const char **refused)
{
    const cmlp_status status = CMLPI_READ(o, given, cmlp_optimizer, reserved);
    if (status) return cmlpi_refuse(refused, status, "optimizer");
    return o->reserved ? cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->reserved") : CMLP_OK;
}

/* The bytes of the state for a solver. */
static cmlp_status measure_state(const cmlp_net *net, cmlp_solver solver, size_t *bytes, const char **refused)
{
    const int moments = cmlpi_n_moments(solver);
    const cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(refused, status, "net");
    if (moments < 0) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->solver");
    if ((size_t)net->n_params > ((size_t)PTRDIFF_MAX - sizeof(cmlp_optimizer_state)) / net->element / 2)
        return cmlpi_refuse(refused, CMLP_ERROR_OVERFLOW, "net");
    *bytes = sizeof(cmlp_optimizer_state) + (size_t)moments * (size_t)net->n_params * net->element;
    return CMLP_OK;
}

cmlp_status cmlp_optimizer_state_size(const cmlp_net *net, const cmlp_optimizer *optimizer, size_t *bytes, cmlp_run *run)
{
    cmlpi_call call;
    cmlp_optimizer o;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = cmlpi_check_pointer(bytes, sizeof *bytes, "bytes", &call.run);
    if (!status) status = read_struct(&o, optimizer, &call.run.refused);
    if (!status) status = measure_state(net, o.solver, bytes, &call.run.refused);
    return cmlpi_end_call(&call, status);
}

void cmlp_optimizer_init(cmlp_optimizer *optimizer, size_t struct_size, cmlp_solver solver)
{
    const cmlp_optimizer usual = cmlp_default_optimizer(solver);
    cmlpi_init_struct(optimizer, struct_size, &usual, sizeof usual);
}

static int is_adam(int32_t solver) { return solver == CMLP_SOLVER_ADAM || solver == CMLP_SOLVER_ADAMW; }

/* Fills in Adam's defaults and checks its fields. */
static cmlp_status read_adam(cmlp_optimizer *o, cmlp_optimizer_state *s, const char **refused)
{
    if (o->epsilon == 0) o->epsilon = 1e-8;
    if (!s->n_steps) s->beta_1_power = s->beta_2_power = 1;
    if (!cmlpi_is_within(o->beta_1, 0, 1) || o->beta_1 == 1)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->beta_1");
    if (!cmlpi_is_within(o->beta_2, 0, 1) || o->beta_2 == 1)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->beta_2");
    if (!cmlpi_is_within(o->epsilon, 0, DBL_MAX)) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->epsilon");
    if (!cmlpi_is_within(s->beta_1_power, 0, 1))
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->state->beta_1_power");
    if (!cmlpi_is_within(s->beta_2_power, 0, 1))
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->state->beta_2_power");
    return CMLP_OK;
}

/* Reads the counters of a state that has at least `needed` bytes. */
static cmlp_status read_counters(cmlp_optimizer_state *s, const cmlp_optimizer *o, size_t needed, const char **refused)
{
    if (!o->state) return cmlpi_refuse(refused, CMLP_ERROR_NULL, "optimizer->state");
    if (o->state_size < needed) return cmlpi_refuse(refused, CMLP_ERROR_BUFFER_SIZE, "optimizer->state_size");
    if (cmlpi_misaligned(o->state, sizeof(double)))
        return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "optimizer->state");
    memcpy(s, o->state, sizeof *s);
    if (s->n_steps < 0 || s->n_steps == INT64_MAX)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->state->n_steps");
    if (s->reserved[0] | s->reserved[1] | s->reserved[2] | s->reserved[3])
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->state->reserved");
    return CMLP_OK;
}

static cmlp_status check_signs(const cmlp_optimizer *o, const cmlp_net *net, cmlp_run *run)
{
    const char **const refused = &run->refused;
    if (!o->signs && !o->n_signs) return CMLP_OK;
    if (!o->signs) return cmlpi_refuse(refused, CMLP_ERROR_NULL, "optimizer->signs");
    if (o->n_signs != net->n_params) return cmlpi_refuse(refused, CMLP_ERROR_LENGTH, "optimizer->n_signs");
    for (int64_t i = 0; i < o->n_signs; i++)
        if (o->signs[i] < CMLP_SIGN_NEGATIVE || o->signs[i] > CMLP_SIGN_ZERO)
            return cmlpi_refuse_element(run, CMLP_ERROR_OPTION, "optimizer->signs", i);
    return CMLP_OK;
}

cmlp_status cmlpi_read_optimizer(cmlp_optimizer *o, cmlp_optimizer_state *counters, const cmlp_net *net,
                                 const cmlp_optimizer *given, const double *rates, cmlp_run *run)
{
    const char **const refused = &run->refused;
    size_t needed;
    cmlp_status status = read_struct(o, given, refused);
    if (!status) status = measure_state(net, o->solver, &needed, refused);
    if (status) return status;
    if (!cmlpi_is_within(o->learning_rate, 0, DBL_MAX) || (o->learning_rate == 0 && !rates))
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->learning_rate");
    if ((o->solver == CMLP_SOLVER_MOMENTUM || o->solver == CMLP_SOLVER_NESTEROV) && !cmlpi_is_within(o->momentum, 0, 1))
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->momentum");
    if (!cmlpi_is_within(o->max_norm, 0, DBL_MAX))
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->max_norm");
    if (o->solver == CMLP_SOLVER_ADAMW && !cmlpi_is_within(o->weight_decay, 0, DBL_MAX))
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->weight_decay");
    status = check_signs(o, net, run);
    if (!status) status = read_counters(counters, o, needed, refused);
    return !status && is_adam(o->solver) ? read_adam(o, counters, refused) : status;
}

static cmlpi_step_time step_time(const cmlp_optimizer *o, int keeps_gradient)
{
    if (o->max_norm > 0) return CMLPI_STEP_AFTER_NORM;
    return o->solver == CMLP_SOLVER_SGD && !o->signs && !keeps_gradient ? CMLPI_STEP_IN_KERNEL : CMLPI_STEP_AFTER_GRADIENT;
}

cmlpi_batch_step cmlpi_begin_step(const cmlp_optimizer *o, cmlp_optimizer_state *counters, double learning_rate,
                                  int keeps_gradient)
{
    cmlpi_batch_step step = {.kernel = {.solver = o->solver,
                                      .rate = learning_rate,
                                      .momentum = o->momentum,
                                      .beta_1 = o->beta_1,
                                      .beta_2 = o->beta_2,
                                      .epsilon = o->epsilon,
                                      .decay = o->solver == CMLP_SOLVER_ADAMW ? learning_rate * o->weight_decay : 0},
                             .when = step_time(o, keeps_gradient),
                             .max_norm = o->max_norm,
                             .shrink = 1,
                             .signs = o->signs,
                             .moments = cmlpi_moments(o),
                             .keeps_gradient = keeps_gradient};
    counters->n_steps++;
    if (is_adam(o->solver)) {
        counters->beta_1_power *= o->beta_1;
        counters->beta_2_power *= o->beta_2;
        step.kernel.rate = learning_rate * cmlpi_root(1 - counters->beta_2_power) / (1 - counters->beta_1_power);
    }
    return step;
}

double cmlpi_gradient_norm(const cmlp_net *net, const void *gradient)
{
    return cmlpi_root(net->kernels->square_sum(gradient, 1, net->n_params));
}

void cmlpi_clip_gradient(const cmlp_net *net, const void *gradient, cmlpi_batch_step *step)
{
    const double norm = cmlpi_gradient_norm(net, gradient);
    if (norm > step->max_norm) step->shrink = step->max_norm / norm;
}

/* Whether a weight that is below or above 0 must not be. Without branches, so that the loops below become vectors. */
static inline int is_wrong(int is_below, int is_above, cmlp_sign sign)
{
    return (sign == CMLP_SIGN_ZERO) | ((sign > 0) & is_below) | ((sign < 0) & is_above);
}

#define SIGNS_AT_ONCE 64

/* At -O2, gcc makes vectors only of loops of a constant length, whose results are no operands. */
static void keep_signs_f32(float *w, const cmlp_sign *signs, int64_t n)
{
    int64_t i = 0;
    for (; i + SIGNS_AT_ONCE <= n; i += SIGNS_AT_ONCE) {
        float kept[SIGNS_AT_ONCE];
        for (int k = 0; k < SIGNS_AT_ONCE; k++)
            kept[k] = is_wrong(w[i + k] < 0, w[i + k] > 0, signs[i + k]) ? 0 : w[i + k];
        memcpy(w + i, kept, sizeof kept);
    }
    for (; i < n; i++) w[i] = is_wrong(w[i] < 0, w[i] > 0, signs[i]) ? 0 : w[i];
}

/* Sets the weights to 0 that do not have the signs that they keep. NaN stays unless it must be 0: the epoch reports it. */
static void keep_signs(cmlp_dtype dtype, void *weights, const cmlp_sign *signs, int64_t n)
{
    double *const d = weights;
    if (dtype == CMLP_FLOAT32)
        keep_signs_f32(weights, signs, n);
    else
        for (int64_t i = 0; i < n; i++) d[i] = is_wrong(d[i] < 0, d[i] > 0, signs[i]) ? 0 : d[i];
}

static void step_array(const cmlp_net *net, const cmlpi_batch_step *step, const cmlpi_step *of_kernel, void *params,
                       const void *gradient, int64_t first, int64_t n)
{
    const int n_moments = cmlpi_n_moments(of_kernel->solver);
    void *m = n_moments > 0 ? cmlpi_at(net, step->moments, first) : NULL;
    void *v = n_moments > 1 ? cmlpi_at(net, step->moments, net->n_params + first) : NULL;
    net->kernels->step(of_kernel, cmlpi_at(net, params, first), gradient, m, v, n);
    if (step->signs) keep_signs(net->dtype, cmlpi_at(net, params, first), step->signs + first, n);
}

#define SHRUNK_ELEMENTS 256 /* clipped at once, in a copy: the caller's gradient must not change */

void cmlpi_step_elements(const cmlp_net *net, const cmlpi_batch_step *step, void *params, const void *gradient, int64_t first,
                         int64_t n, int biases)
{
    double shrunk[SHRUNK_ELEMENTS]; /* or floats */
    cmlpi_step of_kernel = step->kernel;
    if (biases) of_kernel.decay = 0;
    if (step->shrink == 1) {
        step_array(net, step, &of_kernel, params, gradient, first, n);
        return;
    }
    for (int64_t i = 0, m; i < n; i += m) {
        m = n - i < SHRUNK_ELEMENTS ? n - i : SHRUNK_ELEMENTS;
        memcpy(shrunk, cmlpi_at(net, gradient, i), (size_t)m * net->element);
        net->kernels->multiply(shrunk, m, step->shrink);
        step_array(net, step, &of_kernel, params, shrunk, first + i, m);
    }
}

CMLPI_CALL(cmlp_step,
           (const cmlp_net *net, void *params, int64_t n_params, const void *gradient, int64_t n_gradient,
            const cmlp_optimizer *optimizer, cmlp_run *run),
           (net, params, n_params, gradient, n_gradient, optimizer, &call.run))
{
    cmlp_optimizer copy;
    cmlp_optimizer_state counters;
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(&run->refused, status, "net");
    status = cmlpi_read_optimizer(&copy, &counters, net, optimizer, NULL, run);
    if (!status) status = cmlpi_check_params(net, params, n_params, "params", run);
    if (!status) status = cmlpi_check_params(net, gradient, n_gradient, "gradient", run);
    if (status) return status;
    cmlpi_batch_step step = cmlpi_begin_step(&copy, &counters, copy.learning_rate, 1);
    if (step.when == CMLPI_STEP_AFTER_NORM) cmlpi_clip_gradient(net, gradient, &step);
    for (int32_t l = 0; l < net->depth; l++) {
        const cmlpi_layer *layer = &net->layers[l];
        cmlpi_step_elements(net, &step, params, cmlpi_at(net, gradient, layer->weights), layer->weights,
                            layer->n_in * layer->n_out, 0);
        cmlpi_step_elements(net, &step, params, cmlpi_at(net, gradient, layer->biases), layer->biases,
                            layer->n_out, 1);
    }
    memcpy(copy.state, &counters, sizeof counters);
    return CMLP_OK;
}
#endif
