/* The half of backpropagation that a team shares out by weights: the gradient of a tile of rows, whose deltas are there,
 * the optimiser's step along it, and the sums of squared weights. */
#ifndef CMLP_WEIGHTS_H
#define CMLP_WEIGHTS_H

#include "backward.h"

/* Rows of a batch that are on the way at once. */
typedef struct cmlp_batch_tile {
    int64_t n;
    int first, last; /* whether none of the batch's rows came before, or none follow */
    double weight_sum; /* of the batch's rows */
    const cmlp_batch_end *end;
} cmlp_batch_tile;

/* The share of member `index` of `size` in the weights of all layers. */
void cmlp_weights_share(cmlp_batch_job *job, const cmlp_batch_tile *tile, int32_t index, int32_t size);

/* The same for the step along a finished gradient, which waited for its length. */
void cmlp_weights_step(cmlp_batch_job *job, const cmlp_batch_end *end, int32_t index, int32_t size);

/* Numbers that a layer takes in job->squares. */
int64_t cmlp_square_groups(const cmlp_layer *layer);

#endif
