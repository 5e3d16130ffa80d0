/* The networks of a table: their check, and the prediction of a raw row. */
#ifndef CMLP_TABLE_H
#define CMLP_TABLE_H

#include "encode.h"
#include "predict.h"

/* The scratch memory of a call: a raw row, its result, and the inputs, outputs and workspace of one network. */
typedef struct cmlp_table_scratch {
    double *raw, *result, *numbers; /* the numbers of the columns are for the writer of model files */
    void *inputs[2];                /* without and with bins */
    cmlp_row_scratch row;
} cmlp_table_scratch;

/* Sizes of the scratch memory: those of the network with the most inputs, and of the columns. */
typedef struct cmlp_table_sizes {
    const cmlp_net *widest;
    int64_t n_columns, n_numbers;
} cmlp_table_sizes;

/* Divides scratch memory of any alignment into its buffers. If `memory` is NULL, only computes *size. */
cmlp_status cmlp_table_space(const cmlp_table_sizes *sizes, void *memory, size_t *size, cmlp_table_scratch *scratch);

/* The network with the most inputs. */
const cmlp_net *cmlp_table_widest(const cmlp_table *table);

/* Checks everything but the networks: columns and target. */
cmlp_status cmlp_check_table_columns(const cmlp_table *table);

/* Predicts a row with a checked table: writes n_outputs doubles to `result` and, if not NULL, the class index to
 * *label. */
cmlp_status cmlp_table_row(const cmlp_table *table, const double *raw, int32_t *label, double *result,
                           const cmlp_table_scratch *scratch);

#endif
