/* Optimizers and their state. The arithmetic of a step is a kernel. */
#ifndef CMLPI_OPTIMIZER_H
#define CMLPI_OPTIMIZER_H

#include "../net/net.h"

/* Reads the caller's optimizer to `copy` and the counters of its state to `counters`, with defaults filled in; if it is
 * refused, run->refused names the field. `rates` are those of the batches, or NULL. */
cmlp_status cmlpi_read_optimizer(cmlp_optimizer *copy, cmlp_optimizer_state *counters, const cmlp_net *net,
                                 const cmlp_optimizer *given, const double *rates, cmlp_run *run);

/* The moments in the state of an optimizer, whose solver has cmlpi_n_moments() elements for each parameter. */
static inline void *cmlpi_moments(const cmlp_optimizer *optimizer)
{
    return (char *)optimizer->state + sizeof(cmlp_optimizer_state);
}

/* Returns -1 for an unknown solver. */
int cmlpi_n_moments(cmlp_solver solver);

/* When the weights of a batch are updated. */
typedef enum cmlpi_step_time {
    CMLPI_NO_STEP,             /* only the gradient is computed */
    CMLPI_STEP_IN_KERNEL,      /* by the gradient's kernel: plain SGD */
    CMLPI_STEP_AFTER_GRADIENT, /* by each thread, when it has the gradient of its weights */
    CMLPI_STEP_AFTER_NORM      /* after the norm of the whole gradient, which may be clipped */
} cmlpi_step_time;

/* The step of a batch. */
typedef struct cmlpi_batch_step {
    cmlpi_step kernel; /* what the kernel does */
    cmlpi_step_time when;
    double max_norm; /* the norm to which longer gradients are clipped, for CMLPI_STEP_AFTER_NORM */
    double shrink;   /* clipping factor: 1 unless the norm exceeds max_norm */
    const cmlp_sign *signs; /* that all parameters keep, or NULL */
    void *moments;
    int keeps_gradient; /* whether the gradient is needed after the step */
} cmlpi_batch_step;

/* Counts a step with this learning rate, and describes it. */
cmlpi_batch_step cmlpi_begin_step(const cmlp_optimizer *optimizer, cmlp_optimizer_state *counters, double learning_rate,
                                  int keeps_gradient);

/* Returns the norm of a gradient. cmlpi_clip_gradient() sets step->shrink to the factor that clips it to step->max_norm. */
double cmlpi_gradient_norm(const cmlp_net *net, const void *gradient);
void cmlpi_clip_gradient(const cmlp_net *net, const void *gradient, cmlpi_batch_step *step);

/* One step on the elements [first, first + n) of the array of parameters, weights or biases of one layer. `gradient`
 * points to their gradient. */
void cmlpi_step_elements(const cmlp_net *net, const cmlpi_batch_step *step, void *params, const void *gradient, int64_t first,
                         int64_t n, int biases);

#endif
