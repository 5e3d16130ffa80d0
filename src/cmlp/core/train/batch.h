/* A batch of rows during backpropagation: its arguments, and the workspace for one microbatch. */
#ifndef CMLPI_BATCH_H
#define CMLPI_BATCH_H

#include "../../../../include/cmlp_workers.h"
#include "../forward/input.h"
#include "optimizer.h"
#include "../base/sums.h"

/* A layer's memory for the rows of a microbatch. */
typedef struct cmlpi_layer_memory {
    void *activations, *deltas;
    void *slope_input; /* z until the layer is activated, then the argument of act': z, or a (activations.h). Of
                        * the output layer: z, for a loss of the caller */
} cmlpi_layer_memory;

#define CMLPI_MESSAGE_BYTES (3 * CMLPI_ALIGNMENT)

/* The workspace, for one microbatch. */
typedef struct cmlpi_batch_memory {
    int64_t n_rows; /* of a microbatch */
    cmlpi_input_memory input;
    int *masked; /* for each thread: whether its rows have nonzero masks */
    cmlpi_layer_memory *layers;
    double *costs, *row_weights;
    int64_t *indices;      /* of the rows, for a loss of the caller */
    double *plain_costs;   /* the rows' plain costs; `costs` itself if they are the costs */
    double *squares;       /* sum of w^2 of each 16 weight rows */
    const void **pointers; /* cmlpi_chunk_rows() row pointers per thread */
    char *scratch;         /* scratch_size bytes per thread */
    size_t scratch_size;
    void *team;         /* memory of cmlpi_team_run */
    cmlpi_fault *faults; /* of each thread */
    void *message;      /* CMLPI_MESSAGE_BYTES directly before the gradient, if several workers share the batch */
    void *gradient;     /* sums over the batch, then its gradient; the caller's array or NULL for cmlp_backpropagate */
} cmlpi_batch_memory;

typedef struct cmlpi_batch_job {
    cmlpi_data data;
    cmlp_objective objective;
    cmlp_run *run;
    cmlp_derivatives *derivatives; /* of cmlp_backpropagate, which also computes plain costs; NULL in training */
    void *params;
    int penalized;                /* whether any alpha is above 0 */
    cmlp_workers *workers; /* NULL if this process trains alone */
    cmlpi_batch_memory memory;
    /* one batch: the selected rows [first, first + n) and the step. Written by thread 0 while the others wait */
    int64_t first, n;
    double row_weight_sum; /* of these rows */
    cmlpi_batch_step step;
    cmlpi_sum cost_sum, plain_cost_sum; /* sums over the rows of their costs and plain costs, times the weights */
    /* the exchange of its sums with other workers */
    int receives, sends; /* whether this worker receives further buckets, and sends them */
    int computes;        /* whether it adds its rows to them: no worker so far has a fault */
    int is_broken;       /* the transport has failed */
} cmlpi_batch_job;

/* Rows of a chunk of the microbatch, at most. */
static inline int64_t cmlpi_chunk_rows(const cmlpi_batch_memory *memory)
{
    return memory->n_rows < CMLPI_CHUNK ? memory->n_rows : CMLPI_CHUNK;
}

static inline int cmlpi_are_several(const cmlp_workers *workers) { return workers && workers->n_workers > 1; }

static inline void *cmlpi_thread_scratch(const cmlpi_batch_job *job, int32_t index)
{
    return job->memory.scratch + (size_t)index * job->memory.scratch_size;
}

#endif
