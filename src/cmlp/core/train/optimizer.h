/* Optimizer settings and counters. The arithmetic of a step is a kernel. */
#ifndef CMLP_OPTIMIZER_H
#define CMLP_OPTIMIZER_H

#include "../net/net.h"

/* Reads the caller's optimizer to `copy`, with defaults filled in; if it is refused, *refused names the field. */
cmlp_status cmlp_read_optimizer(cmlp_optimizer *copy, const cmlp_net *net, const cmlp_optimizer *given,
                                const char **refused);

/* Writes the counters back to the caller's struct. */
void cmlp_return_counters(cmlp_optimizer *given, const cmlp_optimizer *copy);

/* Counts a step with this learning rate and returns its constants. */
cmlp_step_values cmlp_begin_step(cmlp_optimizer *optimizer, double learning_rate);

/* Returns the norm of a gradient. cmlp_clip() sets values->shrink to the factor that clips it to values->max_norm. */
double cmlp_gradient_norm(const cmlp_net *net, const void *gradient);
void cmlp_clip(const cmlp_net *net, const void *gradient, cmlp_step_values *values);

/* One step on the elements [first, first + n) of the array of parameters, weights or biases of one layer. `gradient`
 * points to their gradient. */
void cmlp_step_elements(const cmlp_net *net, const cmlp_step_values *values, void *state, void *params,
                        const void *gradient, int64_t first, int64_t n, int biases);

#endif
