/* The forward pass. */
#ifndef CMLP_FORWARD_H
#define CMLP_FORWARD_H

#include "../data/run.h"

/* Workspace of cmlp_forward and cmlp_activations, for CSR rows or dense ones; 0 if it cannot be addressed. */
size_t cmlpi_forward_bytes(const cmlp_net *net, int sparse, int64_t n_rows, int32_t n_threads);

/* The requested outputs: those of the last layer; or activations, weighted sums or both of all layers, layer after
 * layer. */
typedef struct cmlpi_outputs {
    void *last, *activations, *sums;
    int32_t *labels; /* NULL, or the class indices of the rows */
} cmlpi_outputs;

/* Predicts rows, which it checks, as cmlp_forward. If outputs->last is NULL, the outputs are in the workspace. */
cmlp_status cmlpi_forward_rows(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlpi_outputs *outputs,
                               cmlp_run *run);

/* Computes the outputs of one row of inputs x in the net's type, in an aligned workspace of net->row.forward bytes, at whose
 * beginning x may be. */
cmlpi_fault cmlpi_forward_row(const cmlp_net *net, const void *params, const void *x, const cmlpi_outputs *outputs,
                              char *workspace);

/* Sorts the predicted quantiles of n rows by insertion, which is fast because most rows are sorted already. */
void cmlpi_sort_outputs(const cmlp_net *net, void *outputs, int64_t n);

/* The class index of a row of outputs of a type, or -1 if the outputs are no probabilities. NaN counts as the largest
 * output, as in NumPy. */
int32_t cmlpi_label_of(const cmlp_net *net, const void *output, int32_t dtype);

#endif
