/* A table that is loaded: the check of its numbers, and the prediction of raw rows. */
#ifndef CMLPI_TABLE_H
#define CMLPI_TABLE_H

#include "encode.h"
#include "../forward/predict.h"

/* The workspace of a call: a raw row, and the results, inputs, outputs and workspace of one network for a microbatch. The
 * writer of model files alone has numbers, statistics and categories. */
typedef struct cmlpi_table_scratch {
    double *raw, *result;
    double *numbers;      /* of the columns */
    float *statistics;
    int32_t *order;       /* of the categories */
    void *inputs[2];      /* without and with bins */
    cmlpi_row_memory row; /* its row is not used */
} cmlpi_table_scratch;

/* Sizes of the workspace: those of the network with the most inputs, of the columns, and the rows of a microbatch. */
typedef struct cmlpi_table_sizes {
    const cmlp_net *widest;
    int64_t n_columns, n_numbers, n_statistics, n_categories, n_rows;
} cmlpi_table_sizes;

/* Divides a workspace of any alignment into its buffers. If `memory` is NULL, only computes *size. */
cmlp_status cmlpi_table_scratch_lay_out(const cmlpi_table_sizes *sizes, void *memory, size_t *size,
                                        cmlpi_table_scratch *scratch);

/* The network with the most inputs. */
const cmlp_net *cmlpi_table_widest(const cmlp_table *table);

/* The target of an output. */
static inline const cmlp_table_target *cmlpi_target_of(const cmlp_table *table, int64_t output)
{
    return table->n_targets < 2 ? table->targets : &table->targets[output % table->n_targets];
}

/* Checks the numbers of the targets and the threshold, if there are any. */
cmlp_status cmlpi_check_targets(const cmlp_table *table);

/* Encodes a raw row as row `index` of the microbatch, in the core's floating-point mode. Returns 0 if a value is infinite. */
int cmlpi_table_inputs(const cmlp_table *table, const double *raw, int64_t index, const cmlpi_table_scratch *scratch);

/* Predicts the n rows of a microbatch, in the core's floating-point mode: writes their outputs to `result` and, if not NULL,
 * the class indices to `class_indices`. If the labels are ordered, each output is the probability of those above one. */
cmlp_status cmlpi_table_outputs(const cmlp_table *table, int is_ordered, int64_t n, int32_t *class_indices, double *result,
                                const cmlpi_table_scratch *scratch);

/* The two halves of it. The first adds the outputs of network i for n rows to `result`, or begins with them; the second makes
 * predictions of these sums when all networks have been added. */
void cmlpi_table_add(const cmlp_table *table, int64_t i, const void *outputs, int64_t n, double *result);
void cmlpi_table_combine(const cmlp_table *table, int is_ordered, int64_t n, int32_t *class_indices, double *result);

/* The fault of a raw row with an infinite value. */
cmlpi_fault cmlpi_infinite_input(const double *raw, int64_t n_columns, int64_t selected);

/* Predicts one raw row. */
cmlp_status cmlpi_table_row(const cmlp_table *table, int is_ordered, const double *raw, int32_t *class_index,
                            double *result, const cmlpi_table_scratch *scratch);

/* Reads the caller's raw rows to `rows`; *n becomes the number of rows selected. */
cmlp_status cmlpi_read_raw_rows(cmlp_rows *rows, int64_t n_columns, const cmlp_rows *given, int64_t *n, cmlp_run *run);

/* Predicts rows that the caller describes; checks them first. What is NULL is not written. */
cmlp_status cmlpi_table_rows(const cmlp_table *table, int is_ordered, const cmlp_rows *rows, int32_t *class_indices,
                             double *outputs, cmlp_run *run);

/* Workspace of cmlpi_table_rows, of any alignment; 0 if it cannot be addressed. */
size_t cmlpi_table_rows_bytes(const cmlp_table *table, int64_t n_rows, int32_t n_threads);

#endif
