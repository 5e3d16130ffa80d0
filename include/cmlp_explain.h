/* cmlp_explain.h: what explains the predictions of a network or a table, on top of cmlp.h.
 *
 * Bounds of the activations of a network for all inputs in a box, and its predictions of the rows between two others, from
 * which Shapley values are computed; the Shapley values of the columns of a table's row.
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

/* How a row of a table is explained, and where the result is written.
 *
 * The errors of an explanation: OPTION (n_evaluations, is_exact, a scale of the background), OVERFLOW (n_evaluations);
 * of the background NOT_FOUND (the file has none), FILE_TENSOR and FILE_VALUE (that of the file breaks a rule of the format),
 * and for rows of the caller NULL, STRUCT_SIZE, ALIGNMENT, DTYPE, ROWS (also for none or more than 64) and ORDER. */
typedef struct cmlp_explanation {
    size_t struct_size;
    const cmlp_rows *background; /* 1 to 64 rows with which the row is compared, as cmlp_model_predict reads rows of a table;
                                  * all have the same weight. NULL: the rows in the file, with their weights: those that an
                                  * estimator of Python keeps because of its parameter keep_background */
    int64_t n_evaluations; /* the largest number of predictions, at least twice the number of columns. A pair of permutations
                            * takes 2 (n_in - 1). 0: at least 192 pairs, and 2 for each row of the background. If there are
                            * fewer than 2 for each, the pairs are those of rows drawn at random. If all sets of at most 12
                            * columns need no more predictions, they are enumerated, and the values are exact */
    double *values;        /* receives (n_in, n_out) numbers: how far each column moves each output */
    int64_t n_values;
    double *errors;        /* NULL, or receives their standard errors, (n_in, n_out): 0 if the values are exact, NaN if there
                            * is one pair of permutations */
    int64_t n_errors;      /* 0 if errors is NULL; likewise below */
    double *base_values;   /* NULL, or receives n_out numbers: the mean outputs over the background */
    int64_t n_base_values;
    uint32_t seed;         /* of the permutations, as random_state of Python */
    int32_t is_exact;      /* nonzero: enumerates the 2^n_in sets of at most 12 columns, whatever n_evaluations is */
} cmlp_explanation;

/* Computes how far each column of a table's row moves the outputs away from the mean outputs: Shapley values, with the bits
 * of `explain` in Python. For each output the values of the columns add up to the output of cmlp_model_predict minus the base
 * value, to rounding. docs/guide/explanations.md says what they mean. The same arguments give the same bits on every
 * machine, for any number of threads.
 * row: the n_in values of a row (cmlp_model_info), as cmlp_model_predict reads them.
 * run: its workspace has the bytes of cmlp_model_explain_workspace_size. The threads are those of cmlp_forward_paths; an
 *     enumeration takes one. The run's poll function is called between at most 256 predictions.
 * Returns MODEL_KIND for the model of a network; INPUT if a value is infinite. After INPUT and CMLP_CANCELLED the results are
 * unspecified.
 * Statuses: CANCELLED, NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, NOT_FOUND, MODEL,
 * ROWS, THREADS, MODEL_KIND, INPUT, ORDER, FILE_TENSOR, FILE_VALUE. Parts: TABLES, EXPLAIN. */
CMLP_CHECKED cmlp_status cmlp_model_explain(const cmlp_model *model, const double *row, int64_t n_row,
                                            const cmlp_explanation *explanation, cmlp_run *run);

/* Computes the bytes of workspace for cmlp_model_explain with these options, this number of rows of the background and
 * run->n_threads. Data, orders and the arrays of results need not be set. Of permutations, the size grows with
 * n_evaluations, by some 24 bytes for each evaluation and output; of an enumeration with the number of sets.
 * Returns OVERFLOW, and the errors of the same arguments.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OVERFLOW, OPTION, NOT_FOUND, MODEL, ROWS, THREADS, MODEL_KIND, FILE_TENSOR.
 * Parts: TABLES, EXPLAIN. */
CMLP_CHECKED cmlp_status cmlp_model_explain_workspace_size(const cmlp_model *model, const cmlp_explanation *explanation,
                                                           size_t *bytes, cmlp_run *run);

#ifdef __cplusplus
}
#endif
#endif
