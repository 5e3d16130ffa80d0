/* Backpropagation of a batch of rows: cost, deltas, gradient, and the optimizer's step. The same code computes cost,
 * gradient, input gradient and training. */
#ifndef CMLP_BACKWARD_H
#define CMLP_BACKWARD_H

#include "batch.h"

/* The calls that process batches. The flags are added to one of the first two. */
enum {
    CMLP_CALL_GRADIENT = 1, /* cmlp_backpropagate */
    CMLP_CALL_TRAIN = 2,    /* cmlp_train_epoch */
    CMLP_CALL_CSR = 16,     /* the rows are CSR */
    CMLP_CALL_DROPOUT = 32, /* the objective has dropout rates */
    CMLP_CALL_LOSS = 64     /* the objective has a loss of the caller */
};

/* The arguments that cost, gradient and training have in common. */
typedef struct cmlpi_batch_arguments {
    const cmlp_net *net;
    const void *params;
    int64_t n_params;
    const cmlp_rows *rows;
    const cmlp_targets *targets;
    const cmlp_objective *objective;
    cmlp_run *run;
} cmlpi_batch_arguments;

/* The part of a batch that one of several processes computes: n_shards of n_all_shards shards. */
typedef struct cmlpi_part {
    int32_t n_workers, n_shards, n_all_shards;
} cmlpi_part;

#define CMLP_ALL_ROWS ((cmlpi_part){1, 1, 1}) /* of a process that computes alone */

/* What the workspace depends on, beside the network. */
typedef struct cmlpi_batch_shape {
    int call;     /* CMLP_CALL_GRADIENT or _TRAIN, CMLP_CALL_CSR, _DROPOUT and _LOSS added or not */
    int64_t rows; /* of the largest batch */
    cmlpi_part part;
    int32_t n_threads;
} cmlpi_batch_shape;

/* The flags of a call with these arguments. */
int cmlpi_batch_flags(int sparse, const cmlp_objective *objective);

/* Checks the arguments and divides the workspace. Of the shape, the flags of cmlpi_batch_flags, the number of threads, and a
 * number of rows of 0 are replaced by those of the arguments. For CMLP_CALL_TRAIN job->out.gradient is in the workspace. */
cmlp_status cmlpi_batch_prepare(cmlpi_batch_job *job, const cmlpi_batch_arguments *given, cmlpi_batch_shape shape);

/* Processes the job's batch; each thread of the team calls it. Thread 0 adds to job->cost, and to job->plain. Returns 1 on
 * success; otherwise job->memory.faults holds a fault. The threads must synchronize before they use the result. */
int cmlpi_process_batch(cmlpi_batch_job *job, cmlpi_thread self);

/* The passes of a microbatch: activations, costs and deltas of the n selected rows from `first` on. Then waits for the
 * other threads. Faults are in job->memory.faults. */
void cmlpi_batch_rows(cmlpi_batch_job *job, int64_t first, int64_t n, cmlpi_thread self);

/* If the gradient is clipped: waits until the whole gradient is there, and takes the step. */
void cmlpi_batch_clipped_step(cmlpi_batch_job *job, cmlpi_thread self);

/* Bytes of the workspace; 0 if it cannot be addressed. */
size_t cmlpi_batch_bytes(const cmlp_net *net, cmlpi_batch_shape shape);

#endif
