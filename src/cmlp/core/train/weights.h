/* The steps of backpropagation that threads share by weights: the gradient over a microbatch from its deltas, the
 * optimizer's step, and the sums of squared weights. */
#ifndef CMLPI_WEIGHTS_H
#define CMLPI_WEIGHTS_H

#include "batch.h"

/* The gradient of the n rows of a microbatch, which follow the first t rows of the batch, for the weights that belong to a
 * thread, in all layers. At the end of the batch also the step, unless it is clipped. */
void cmlpi_weights_microbatch(cmlpi_batch_job *job, int64_t t, int64_t n, cmlpi_thread self);

/* Adds the gradients of the n rows in the workspace to the sums in job->memory.gradient, for those
 * parameters of [begin, end) that belong to a thread. The bounds are ends of layers, or multiples
 * of CMLPI_BUCKET_ROWS rows. */
void cmlpi_weights_accumulate(cmlpi_batch_job *job, int64_t n, int64_t begin, int64_t end, cmlpi_thread self);
#define CMLPI_BUCKET_ROWS 16 /* a multiple of CMLPI_GROUP */

/* The step alone, when clipping has to wait for the norm of the whole gradient. */
void cmlpi_weights_step(cmlpi_batch_job *job, cmlpi_thread self);

/* Half the sum of the squared weights times alpha, or times the layers' alphas: from job->memory.squares, which the
 * second function computes anew. */
double cmlpi_penalty(const cmlpi_batch_job *job);
void cmlpi_compute_squares(cmlpi_batch_job *job);

/* Number of entries of a layer in job->memory.squares. */
int64_t cmlpi_n_squares(const cmlpi_layer *layer);

#endif
