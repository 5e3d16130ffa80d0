/* The networks of a table: their check, and the prediction of a raw row. */
#ifndef CMLP_TABLE_NETS_H
#define CMLP_TABLE_NETS_H

#include "encode.h"
#include "../forward/predict.h"

/* The workspace of a call: a raw row, results, and the inputs, outputs and workspace of one network for a tile
 * of rows. */
typedef struct cmlp_table_scratch {
    double *raw, *result, *numbers; /* the results are of the rows of a tile. The numbers of the columns are for the writer of model files, and so are their */
    float *levels;                  /* levels and the */
    int32_t *order;                 /* order of the categories */
    void *inputs[2];                /* without and with bins */
    cmlp_row_memory row;            /* its row is not used */
} cmlp_table_scratch;

/* Sizes of the workspace: those of the network with the most inputs, of the columns, and the rows of a tile. */
typedef struct cmlp_table_sizes {
    const cmlp_net *widest;
    int64_t n_columns, n_numbers, n_levels, n_categories, n_rows;
} cmlp_table_sizes;

/* Divides a workspace of any alignment into its buffers. If `memory` is NULL, only computes *size. */
cmlp_status cmlp_table_space(const cmlp_table_sizes *sizes, void *memory, size_t *size, cmlp_table_scratch *scratch);

/* The network with the most inputs. */
const cmlp_net *cmlp_table_widest(const cmlp_table *table);

/* The target of an output. */
static inline const cmlp_table_target *cmlp_target_of(const cmlp_table *table, int64_t output)
{
    return table->n_targets < 2 ? table->target : &table->target[output % table->n_targets];
}

/* Checks the numbers of the targets and the threshold, if there are any. */
cmlp_status cmlp_check_answer(const cmlp_table *table);

/* Encodes a raw row as row `index` of the tile, in the core's floating-point mode. Returns 0 if a value is infinite. */
int cmlp_table_inputs(const cmlp_table *table, const double *raw, int64_t index, const cmlp_table_scratch *scratch);

/* Predicts the n rows of the tile, in the core's floating-point mode: writes their outputs to `result` and, if not NULL,
 * the class indices to `labels`. If the labels are ordered, each output is the probability of those above one of them. */
cmlp_status cmlp_table_outputs(const cmlp_table *table, int is_ordered, int64_t n, int32_t *labels, double *result,
                               const cmlp_table_scratch *scratch);

/* The fault of a raw row with an infinite value. */
cmlp_fault cmlp_infinite_input(const double *raw, int64_t n_columns, int64_t selected);

/* Predicts one raw row. */
cmlp_status cmlp_table_row(const cmlp_table *table, int is_ordered, const double *raw, int32_t *label, double *result,
                           const cmlp_table_scratch *scratch);

/* Predicts rows that the caller describes; checks them first. What is NULL is not written. */
cmlp_status cmlp_table_rows(const cmlp_table *table, int is_ordered, const cmlp_rows *rows, int32_t *labels,
                            double *outputs, cmlp_run *run);

/* Workspace of cmlp_table_rows; 0 if it cannot be addressed. */
size_t cmlp_table_rows_space(const cmlp_table *table, int64_t n_rows, int32_t n_threads);

#endif
