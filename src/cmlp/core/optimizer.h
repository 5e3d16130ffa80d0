/* The optimiser's side of a step; its arithmetic is a kernel. */
#ifndef CMLP_OPTIMIZER_H
#define CMLP_OPTIMIZER_H

#include "net.h"

/* Reads the caller's optimizer to `own`, with defaults filled in; if it is refused, *refused names the field. */
int cmlp_read_optimizer(cmlp_optimizer *own, const cmlp_net *net, const cmlp_optimizer *given, const char **refused);

/* Writes the counters back to the caller's struct. */
void cmlp_return_counters(cmlp_optimizer *given, const cmlp_optimizer *own);

/* Counts a step at this learning rate and returns the values that it takes. */
cmlp_step_values cmlp_begin_step(cmlp_optimizer *optimizer, double learning_rate);

/* The length of a gradient, and the factor in values->shrink that makes it at most values->max_norm long. */
double cmlp_gradient_norm(const cmlp_net *net, const void *gradient);
void cmlp_clip(const cmlp_net *net, const void *gradient, cmlp_step_values *values);

/* Steps the elements [first, first + n) of the parameter block, whose gradient that is: weights or biases of one
 * layer. */
void cmlp_step_elements(const cmlp_net *net, const cmlp_step_values *values, void *state, void *params,
                        const void *gradient, int64_t first, int64_t n, int biases);

#endif
