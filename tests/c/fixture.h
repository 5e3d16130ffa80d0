/* A network with data and all arguments of a call. Each block of memory has exactly the required size and is between
 * guard pages. Tests change fields, call, and compare the results. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "../../include/cmlp_workers.h"
#include "support.h"

typedef enum call {
    INIT_PARAMS,
    FORWARD,
    ACTIVATIONS,
    WEIGHTED_SUMS,
    COST,
    GRADIENT,
    INPUT_GRADIENT,
    DELTAS,
    STEP,
    TRAIN,
    CALLS
} call;

extern const char *const call_names[CALLS];

typedef struct shape {
    int32_t n_layers;
    int64_t sizes[CMLP_MAX_LAYERS];
    int32_t hidden, output, loss, dtype, solver;
    int64_t rows, batch;
    int32_t n_threads; /* 0: 1 */
    cmlp_isa isa;      /* 0: any */
    int32_t tuning;    /* 1 + its index; 0: that of the processor */
    int with_order, with_weights;
    double alpha;
    double dropout, max_norm; /* rate of all hidden layers */
    int64_t n_sparse; /* number of leading rows with 60 % zeros: single elements, or whole columns */
} shape;

enum { MAX_SLOTS = CMLP_MAX_LAYERS + 16 };

typedef struct fixture {
    shape shape;
    slot slots[MAX_SLOTS];
    int n_slots;
    slot workspace;
    int32_t activations[CMLP_MAX_LAYERS];
    cmlp_net_config config;
    const cmlp_net *net; /* in net_memory */
    void *net_memory;
    size_t net_bytes;
    int64_t n, n_in, n_out, n_params, n_outputs; /* n_outputs: of all layers, which are one array */
    int keeps_lengths; /* whether a test sets the lengths of the arrays in structs */
    size_t state_size;

    void *params, *initial, *gradient, *input_gradient, *output, *outputs[CMLP_MAX_LAYERS];
    void *x;
    cmlp_optimizer_state *state; /* with the moments behind it */
    int32_t *labels;
    float *positive; /* targets for gamma, which allows no class indices */
    double *weights, *rates;
    int64_t *order;
    double cost, plain_cost;

    cmlp_random random;
    cmlp_rows rows;
    cmlp_targets targets;
    cmlp_objective objective;
    cmlp_optimizer optimizer;
    cmlp_epoch epoch;
    cmlp_epoch_result result;
    cmlp_workers *workers; /* NULL: the call trains alone */
    cmlp_run run;

    /* arguments of the calls; tests may set them to NULL */
    const cmlp_net *p_net;
    cmlp_random *p_random;
    cmlp_rows *p_rows;
    cmlp_targets *p_targets;
    cmlp_objective *p_objective;
    cmlp_optimizer *p_optimizer;
    cmlp_epoch *p_epoch;
    cmlp_epoch_result *p_result;
    cmlp_run *p_run;
    double *p_cost, *p_plain_cost;
    void *p_outputs;
} fixture;

/* Inputs have the type of the net, targets are class indices (for gamma positive numbers); the shape selects order and
 * weights. */
void fixture_make(fixture *f, const shape *s);
void fixture_free(fixture *f);

/* Allocates a block that fixture_free releases. */
void *fixture_block(fixture *f, size_t bytes);

/* Restores the initial contents, fills the outputs with a pattern, and gives the workspace exactly the size that
 * this call needs. */
void fixture_reset(fixture *f, call c);

/* Makes the call with the current fields of the fixture. */
int fixture_call(fixture *f, call c);

/* A call as an argument of survives(): fixture_attempt(attempt) makes it and keeps its status. */
typedef struct attempt {
    fixture *f;
    call c;
    int status;
} attempt;
void fixture_attempt(void *context);

/* Returns the hash of everything that calls may write except the workspace. */
uint64_t fixture_hash(const fixture *f);

/* Returns whether nothing was written outside the blocks. */
int fixture_intact(const fixture *f);

/* Resets, calls, checks for CMLP_OK, and returns the hash. */
uint64_t fixture_outcome(fixture *f, call c);

/* Returns the hash of parameters, optimizer state and counters. */
uint64_t fixture_trained(const fixture *f);

/* Writes the available instruction sets, one bit each, to `list`. */
int available_isas(cmlp_isa list[8]);

/* Whether plain C computes fused multiply-adds of float64 in software, a hundred times slower than the other kernels
 * here. Tests give it fewer cases of what does not depend on the kernels. */
int in_software(cmlp_isa isa, int32_t dtype);

#endif
