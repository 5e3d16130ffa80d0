/* Backpropagation of a batch of rows: cost, deltas, gradient, and the optimiser's step. One engine serves cost,
 * gradient, input gradient and training. */
#ifndef CMLP_BACKWARD_H
#define CMLP_BACKWARD_H

#include "input.h"
#include "optimizer.h"
#include "sums.h"

typedef struct cmlp_batch_job {
    cmlp_data data;
    cmlp_objective objective;
    cmlp_run *run;
    const void *params;
    void *gradient;       /* sums of the batch, then its gradient; NULL: no parameter gradient is wanted */
    void *input_gradient; /* NULL: not wanted */
    void *const *all_deltas; /* of each layer; NULL: not wanted */
    int penalized;        /* whether any alpha is above 0 */

    /* of one tile of rows, in the workspace */
    int64_t tile_rows;
    cmlp_input_space input;
    int *masked;                  /* of each thread: whether its share of the input is */
    void *activations[CMLP_MAX_LAYERS - 1], *deltas[CMLP_MAX_LAYERS - 1];
    void *slope_from[CMLP_MAX_LAYERS - 1]; /* what act' is computed from: weighted sums, or activations[l] itself */
    double *costs, *weights;
    double *squares; /* sum of w^2 of each group of 16 weight rows */
    char *scratch;   /* scratch_size bytes per thread */
    size_t scratch_size;
    void *team;      /* memory of cmlp_team_run */
    cmlp_fault *faults; /* of each thread */
    cmlp_poller poller;
} cmlp_batch_job;

/* What is done with a batch's finished gradient. */
typedef struct cmlp_batch_end {
    cmlp_finish_mode mode; /* CMLP_GRADIENT, or CMLP_UPDATE for plain SGD */
    cmlp_step_values *step;       /* NULL: no step */
    int keep;                     /* whether the gradient is wanted after its step */
    void *params, *state;
} cmlp_batch_end;

static inline int cmlp_clips(const cmlp_batch_end *end) { return end->step && end->step->max_norm > 0; }

/* Checks all that cost, gradient and training have in common and lays out the workspace for batches of at most
 * batch_rows rows. For CMLP_CALL_TRAIN job->gradient is a block of the workspace. */
int cmlp_batch_prepare(cmlp_batch_job *job, const cmlp_net *net, const void *params, const cmlp_rows *rows,
                       const cmlp_targets *targets, const cmlp_objective *objective, cmlp_run *run, int call,
                       int64_t batch_rows);

/* The selected rows [first, first + n) as one batch, by a member of a team. Member 0 adds to `cost` the sum of the
 * rows' costs times their weights. Returns whether the batch was done; if not, a fault stands in job->faults. Members
 * must wait for each other before they use what became of it. */
int cmlp_batch_member(cmlp_batch_job *job, int64_t first, int64_t n, const cmlp_batch_end *end, cmlp_sum *cost,
                      cmlp_team *team, int32_t index, int32_t size);

/* Activations that a hidden or the last layer takes, from row `first` of the tile on, for thread `index`. */
cmlp_matrix cmlp_layer_input(const cmlp_batch_job *job, int32_t l, int64_t first, int32_t index);

/* Half the sum of the squared weights times alpha, or times the layers' alphas: from job->squares, which the second
 * function computes anew. */
double cmlp_penalty(const cmlp_batch_job *job);
void cmlp_squares_renew(cmlp_batch_job *job);

/* Workspace of a CMLP_CALL_GRADIENT or _TRAIN, CMLP_CALL_CSR and _DROPOUT added or not, for batches of at most batch_rows rows; 0 if
 * it cannot be addressed. */
size_t cmlp_batch_space(const cmlp_net *net, int call, int64_t batch_rows, int32_t n_threads);

#endif
