/* The output layer of a batch: costs, plain costs and deltas of its rows. */
#ifndef CMLPI_OUTPUT_H
#define CMLPI_OUTPUT_H

#include "batch.h"

/* Scratch memory of cmlpi_output_rows() for up to `rows` rows. `has_plain`: plain costs may be requested. */
void cmlpi_output_lay_out(cmlpi_arena *arena, const cmlp_net *net, int64_t rows, int has_plain);

/* Whether the plain cost differs from the net's, so that it has an array of its own. */
int cmlpi_has_plain_loss(const cmlp_net *net);

/* Computes activations, costs and deltas of a range of the microbatch's rows. Their weighted sums are in `activations`
 * before. */
cmlpi_fault cmlpi_output_rows(cmlpi_batch_job *job, const cmlpi_row_range *range, int wants_delta);

/* Adds the costs or plain costs of the n rows of a microbatch, times their weights, to a sum. */
void cmlpi_add_costs(const cmlpi_batch_job *job, const double *costs, int64_t n, cmlpi_sum *sum);

#endif
