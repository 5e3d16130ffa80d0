/* A batch of rows during backpropagation: its arguments, and the workspace for one tile of its rows. */
#ifndef CMLP_BATCH_H
#define CMLP_BATCH_H

#include "input.h"
#include "optimizer.h"

/* A layer's memory for the rows of a tile. */
typedef struct cmlp_layer_space {
    void *activations, *deltas;
    void *slope_from; /* what act' is computed from: weighted sums, or the activations themselves */
} cmlp_layer_space;

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
    cmlp_layer_space *layers;
    double *costs, *weights;
    double *squares; /* sum of w^2 of each group of 16 weight rows */
    const void **pointers; /* CMLP_CHUNK row pointers per thread, or fewer if the tile has fewer rows */
    char *scratch;   /* scratch_size bytes per thread */
    size_t scratch_size;
    void *team;      /* memory of cmlp_team_run */
    cmlp_fault *faults; /* of each thread */
} cmlp_batch_job;

/* What to do with the complete gradient of a batch. */
typedef struct cmlp_batch_end {
    cmlp_finish_mode mode; /* CMLP_GRADIENT, or CMLP_UPDATE for plain SGD */
    cmlp_step_values *step;       /* NULL: no step */
    int keep;                     /* whether the gradient is needed after the step */
    void *params, *state;
} cmlp_batch_end;

static inline int cmlp_clips(const cmlp_batch_end *end) { return end->step && end->step->max_norm > 0; }

/* A tile: rows of a batch that are processed at once. */
typedef struct cmlp_batch_tile {
    int64_t n;
    int first, last; /* whether this is the batch's first or last tile */
    double weight_sum; /* of the batch's rows */
    const cmlp_batch_end *end;
} cmlp_batch_tile;

#endif
