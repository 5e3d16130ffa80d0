/* The output layer of a batch: costs, plain losses and deltas of its rows. */
#ifndef CMLP_OUTPUT_H
#define CMLP_OUTPUT_H

#include "batch.h"

/* Scratch memory of cmlp_output_rows() for up to `rows` rows. `plain`: plain losses may be requested. */
void cmlp_output_lay_out(cmlp_space *space, const cmlp_net *net, int64_t rows, int plain);

/* Whether the plain loss differs from the net's, so that it has an array of its own. */
int cmlp_has_plain_loss(const cmlp_net *net);

/* Computes activations, costs and deltas of a range of the microbatch's rows. Their weighted sums are in `activations`
 * before. */
cmlp_fault cmlp_output_rows(cmlp_batch_job *job, const cmlp_row_range *range, int want_delta);

/* Adds the costs or plain losses of the n rows of a microbatch, times their weights, to a sum. */
void cmlp_batch_costs(const cmlp_batch_job *job, const double *costs, int64_t n, cmlp_sum *sum);

#endif
