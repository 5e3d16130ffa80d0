/* The forward pass. */
#ifndef CMLP_FORWARD_H
#define CMLP_FORWARD_H

#include "../data/run.h"

/* Workspace of cmlp_forward and cmlp_activations, for CSR rows or dense ones; 0 if it cannot be addressed. */
size_t cmlp_forward_space(const cmlp_net *net, int sparse, int64_t n_rows, int32_t n_threads);

/* The outputs that the caller wants: of the last layer, or of all layers. */
typedef struct cmlp_outputs {
    void *const *list; /* one, or one per layer */
    int all, sums;     /* whether they are of all layers, and weighted sums */
} cmlp_outputs;

/* Computes the outputs of one row, the only one of the data, in an aligned workspace of net->row.forward bytes. */
cmlp_fault cmlp_forward_row(const cmlp_data *data, const void *params, const cmlp_outputs *outputs, char *workspace);

/* Sorts the predicted quantiles of n rows by insertion, which is fast because most rows are sorted already. */
void cmlp_sort_outputs(const cmlp_net *net, void *outputs, int64_t n);

#endif
