/* Backpropagation of a batch of rows: cost, deltas, gradient, and the optimizer's step. The same code computes cost,
 * gradient, input gradient and training. */
#ifndef CMLPI_BACKWARD_H
#define CMLPI_BACKWARD_H

#include "batch.h"

/* Reads and checks the arguments that gradients and training have in common. job->data.net, run and derivatives are set
 * before. */
cmlp_status cmlpi_batch_read(cmlpi_batch_job *job, const void *params, int64_t n_params, const cmlp_rows *rows,
                             const cmlp_targets *targets, const cmlp_objective *objective);

/* Divides the workspace for the batches of an epoch, whose workers are a checked copy; or, if `epoch` is NULL, for one
 * batch of all selected rows, without memory for the gradient. */
cmlp_status cmlpi_batch_lay_out(cmlpi_batch_job *job, const cmlp_epoch *epoch);

/* Bytes of that workspace; 0 if it cannot be addressed. */
size_t cmlpi_batch_bytes(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                         const cmlp_epoch *epoch, int32_t n_threads);

/* Processes the job's batch; each thread of the team calls it. Thread 0 adds to job->cost_sum, and to job->plain_cost_sum. Returns 1 on
 * success; otherwise job->memory.faults holds a fault. The threads must synchronize before they use the result. */
int cmlpi_process_batch(cmlpi_batch_job *job, cmlpi_thread self);

/* The passes of a microbatch: activations, costs and deltas of the n selected rows from `first` on. Then waits for the
 * other threads. Faults are in job->memory.faults. */
void cmlpi_process_rows(cmlpi_batch_job *job, int64_t first, int64_t n, cmlpi_thread self);

/* If the gradient is clipped: waits until the whole gradient is there, and takes the step. */
void cmlpi_batch_clipped_step(cmlpi_batch_job *job, cmlpi_thread self);

#endif
