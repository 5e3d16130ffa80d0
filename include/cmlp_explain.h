/* cmlp_explain.h: what explains the predictions of a network, on top of cmlp.h.
 *
 * Bounds of the activations of a network for all inputs in a box, and its predictions of the rows between two others, from
 * which Shapley values are computed. Those of the columns of a table are the reasons of cmlp_model_answer (cmlp_table.h).
 *
 * The rules of cmlp.h hold. A program that does not call these functions does not link them from a static library. */
#ifndef CMLP_EXPLAIN_H
#define CMLP_EXPLAIN_H

#include "cmlp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What cmlp_bounds writes, of the net's type: layer after layer (rows selected, n_out of the layer).
 *
 * The errors of bounds: NULL, LENGTH, ALIGNMENT. */
typedef struct cmlp_bounds_outputs {
    size_t struct_size;
    void *lower;
    int64_t n_lower;
    void *upper;
    int64_t n_upper;
} cmlp_bounds_outputs;

/* Bounds of the activations of every layer with weights, for all inputs between two corners: no activation that cmlp_forward
 * computes for such an input is outside, roundings included. They need not be reached, and a later version may compute
 * narrower ones. Of a net with quantiles, sorted outputs are between the sorted bounds of the last layer.
 * lower, upper: dense rows, as many of the one as of the other. The order of the ends of an input does not matter.
 * run: needs no workspace in any version of this CMLP_ABI; the call takes one thread.
 * They hold for finite parameters. If a bound of a weighted sum overflows, it is NaN, and so is all that depends on it.
 * Returns ROWS for sparse rows or another number of rows; ACTIVATION for a net of float64 with other activations than
 * identity, relu and leaky_relu.
 * Statuses: CANCELLED, NULL, STRUCT_SIZE, LENGTH, ALIGNMENT, DTYPE, OPTION, NET, ACTIVATION, ROWS, THREADS, INPUT,
 * ORDER, SPARSE. Parts: EXPLAIN. */
CMLP_CHECKED cmlp_status cmlp_bounds(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *lower,
                                     const cmlp_rows *upper, const cmlp_bounds_outputs *bounds, cmlp_run *run);

/* Paths from a row to another one: groups of inputs change, one after the other. */
typedef struct cmlp_paths {
    size_t struct_size;
    const int64_t *group_begins; /* n_groups + 1 numbers, ascending or equal; the first is 0 and the last the number of
                                  * inputs: those of group g are group_begins[g] to group_begins[g + 1] - 1 */
    int64_t n_groups;            /* at least 1 */
    const int64_t *start_rows;   /* n_paths numbers: the row in which each path begins, an index among the selected rows */
    const int64_t *orders;       /* (n_paths, n_groups): the groups of each path in the order in which they change, each
                                  * once */
    int64_t n_paths;
} cmlp_paths;

/* Predicts the rows on paths, as Shapley values from permutations need them: outputs[i, p, k, :] are the outputs for the
 * row start_rows[p] of `rows` with the inputs of the groups orders[p][0] to orders[p][k] from row i of `to`, for each k below
 * n_groups - 1. The last group would give row i itself. The first layer's weighted sums are continued from step to step,
 * so the outputs are those of cmlp_forward up to rounding errors (docs/arithmetic.md, "Paths"); they are the same for any
 * number of threads, and do not depend on other paths and rows. A step that changes no sum has the outputs of the step
 * before, bit for bit; after the last step that changes one, they are those of row i.
 * rows, to: dense rows, in which paths begin and end.
 * outputs: (rows of `to`, n_paths, n_groups - 1, n_out), contiguous, of the net's type and aligned for it.
 * run: its workspace has cmlp_paths_workspace_size() bytes.
 * Returns as cmlp_forward; ROWS for sparse rows; OPTION for groups; ORDER for start_rows and orders; OVERFLOW for outputs
 * that are too many. After INPUT and CMLP_CANCELLED `outputs` is unspecified.
 * Statuses: CANCELLED, NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, NET, ROWS,
 * THREADS, INPUT, ORDER, SPARSE. Parts: EXPLAIN. */
CMLP_CHECKED cmlp_status cmlp_forward_paths(const cmlp_net *net, const void *params, int64_t n_params,
                                            const cmlp_rows *rows, const cmlp_rows *to, const cmlp_paths *paths,
                                            void *outputs, int64_t n_outputs, cmlp_run *run);

/* Computes the bytes of workspace for cmlp_forward_paths with these numbers of rows and groups and run->n_threads. Data
 * and the arrays of `paths` need not be set. A workspace for more of each also serves fewer.
 * Returns OVERFLOW, and the errors of the same arguments.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OVERFLOW, OPTION, NET, ROWS, THREADS. Parts: EXPLAIN. */
CMLP_CHECKED cmlp_status cmlp_paths_workspace_size(const cmlp_net *net, const cmlp_rows *rows, const cmlp_rows *to,
                                                   const cmlp_paths *paths, size_t *bytes, cmlp_run *run);

#ifdef __cplusplus
}
#endif
#endif
