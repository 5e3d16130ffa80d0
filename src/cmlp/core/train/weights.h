/* The steps of backpropagation that threads share by weights: the gradient over a microbatch from its deltas, the
 * optimizer's step, and the sums of squared weights. */
#ifndef CMLP_WEIGHTS_H
#define CMLP_WEIGHTS_H

#include "batch.h"

/* Gradient, and step if due, of the weights that belong to a thread, in all layers. */
void cmlpi_weights_microbatch(cmlpi_batch_job *job, const cmlpi_microbatch *microbatch, cmlpi_thread self);

/* Adds the gradients of the n rows in the workspace to the sums in job->out.gradient, for those
 * parameters of [begin, end) that belong to a thread. The bounds are ends of layers, or multiples
 * of CMLP_BUCKET_ROWS rows. */
void cmlpi_weights_accumulate(cmlpi_batch_job *job, int64_t n, int64_t begin, int64_t end, cmlpi_thread self);
#define CMLP_BUCKET_ROWS 16 /* a multiple of CMLP_GROUP */

/* Gradient from the sums of all rows, and step if due: as cmlpi_weights_microbatch() after the last
 * row. */
void cmlpi_weights_finish(cmlpi_batch_job *job, double weight_sum, cmlpi_thread self);

/* The step alone, when clipping has to wait for the norm of the whole gradient. */
void cmlpi_weights_step(cmlpi_batch_job *job, cmlpi_thread self);

/* Half the sum of the squared weights times alpha, or times the layers' alphas: from job->memory.squares, which the
 * second function computes anew. */
double cmlpi_penalty(const cmlpi_batch_job *job);
void cmlpi_compute_squares(cmlpi_batch_job *job);

/* Number of entries of a layer in job->memory.squares. */
int64_t cmlpi_n_squares(const cmlpi_dense_layer *layer);

#endif
