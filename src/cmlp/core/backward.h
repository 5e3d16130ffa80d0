/* Backpropagation of a batch of rows: cost, deltas, gradient, and the optimizer's step. The same code computes cost,
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
    void *gradient;       /* sums over the batch, then its gradient; NULL if not requested */
    void *input_gradient; /* NULL if not requested */
    void *const *all_deltas; /* one per layer; NULL if not requested */
    int penalized;        /* whether any alpha is above 0 */

    /* workspace for one tile of rows */
    int64_t tile_rows;
    cmlp_input_space input;
    int *masked;                  /* for each thread: whether its rows have nonzero masks */
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

/* What to do with the complete gradient of a batch. */
typedef struct cmlp_batch_end {
    cmlp_finish_mode mode; /* CMLP_GRADIENT, or CMLP_UPDATE for plain SGD */
    cmlp_step_values *step;       /* NULL: no step */
    int keep;                     /* whether the gradient is needed after the step */
    void *params, *state;
} cmlp_batch_end;

static inline int cmlp_clips(const cmlp_batch_end *end) { return end->step && end->step->max_norm > 0; }

/* Checks the arguments that cost, gradient and training have in common and lays out the workspace for batches of at
 * most batch_rows rows. For CMLP_CALL_TRAIN job->gradient is a block of the workspace. */
int cmlp_batch_prepare(cmlp_batch_job *job, const cmlp_net *net, const void *params, const cmlp_rows *rows,
                       const cmlp_targets *targets, const cmlp_objective *objective, cmlp_run *run, int call,
                       int64_t batch_rows);

/* Processes the selected rows [first, first + n) as one batch; each thread of the team calls it. Thread 0 adds the
 * sum of the rows' costs times their weights to `cost`. Returns 1 on success; otherwise job->faults holds a fault.
 * The threads must synchronize before they use the result. */
int cmlp_batch_member(cmlp_batch_job *job, int64_t first, int64_t n, const cmlp_batch_end *end, cmlp_sum *cost,
                      cmlp_team *team, int32_t index, int32_t size);

/* Input of layer l >= 1: the activations of the layer before, from row `first` of the tile on, for thread `index`. */
cmlp_matrix cmlp_layer_input(const cmlp_batch_job *job, int32_t l, int64_t first, int32_t index);

/* Half the sum of the squared weights times alpha, or times the layers' alphas: from job->squares, which the second
 * function computes anew. */
double cmlp_penalty(const cmlp_batch_job *job);
void cmlp_squares_renew(cmlp_batch_job *job);

/* Workspace of a CMLP_CALL_GRADIENT or _TRAIN, CMLP_CALL_CSR and _DROPOUT added or not, for batches of at most
 * batch_rows rows; 0 if it cannot be addressed. */
size_t cmlp_batch_space(const cmlp_net *net, int call, int64_t batch_rows, int32_t n_threads);

#endif
