/* The prediction of a single row, in a workspace of any alignment. */
#ifndef CMLP_PREDICT_H
#define CMLP_PREDICT_H

#include "../data/run.h"

/* The workspace of a call: rows, their outputs, and the workspace of cmlp_forward. */
typedef struct cmlp_row_memory {
    void *row, *output, *workspace;
    size_t workspace_size;
} cmlp_row_memory;

/* Divides a workspace of any alignment into its buffers for n_rows rows. If `memory` is NULL, only computes *size. */
cmlp_status cmlp_row_space(const cmlp_net *net, int64_t n_rows, void *memory, size_t *size, cmlp_row_memory *divided);

/* The same for one row and the caller's workspace; returns an error if it is NULL or too small. */
cmlp_status cmlp_check_row_space(const cmlp_net *net, void *memory, size_t size, cmlp_row_memory *divided);

/* Describes one row of the net's width. */
static inline cmlp_rows cmlp_one_row(const cmlp_net *net, const void *row, int32_t dtype, double scale)
{
    cmlp_rows rows = cmlp_dense_rows(row, dtype, 1, cmlp_n_in(net));
    rows.scale = scale;
    return rows;
}

/* Computes the outputs of the rows, of which there are at most as many as the workspace is for. */
cmlp_status cmlp_forward_row(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *output,
                             const cmlp_row_memory *divided);

/* The class index of a row of outputs of a type, or -1 if the outputs are no probabilities. NaN counts as the largest
 * output, as in NumPy. */
int32_t cmlp_label_of(const cmlp_net *net, const void *output, int32_t dtype);

#endif
