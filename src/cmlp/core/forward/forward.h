/* The forward pass. */
#ifndef CMLPI_FORWARD_H
#define CMLPI_FORWARD_H

#include "../data/run.h"

/* Workspace of cmlp_forward, for CSR rows or dense ones; 0 if it cannot be addressed. */
size_t cmlpi_forward_bytes(const cmlp_net *net, int sparse, int64_t n_rows, int32_t n_threads);

/* How many elements the arrays of a prediction have for each row, of the last layer and of all layers, and their size. */
typedef struct cmlpi_output_sizes {
    int64_t last, all; /* all: 0 if the call has no arrays of all layers */
    size_t element;
} cmlpi_output_sizes;

/* Reads and checks a prediction of n rows. */
cmlp_status cmlpi_read_prediction(cmlp_prediction *copy, const cmlp_prediction *given, int64_t n,
                                  const cmlpi_output_sizes *sizes, cmlp_run *run);

/* Predicts rows, which it checks, as cmlp_forward, to arrays whose lengths have been checked. */
cmlp_status cmlpi_forward_rows(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_prediction *wanted,
                               cmlp_run *run);

/* Computes the outputs of one row of inputs x in the net's type, in an aligned workspace of net->row.forward bytes, at whose
 * beginning x may be. */
cmlpi_fault cmlpi_forward_row(const cmlp_net *net, const void *params, const void *x, const cmlp_prediction *wanted,
                              char *workspace);

/* Sorts the predicted quantiles of n rows by insertion, which is fast because most rows are sorted already. */
void cmlpi_sort_outputs(const cmlp_net *net, void *outputs, int64_t n);

/* The class index of a row of outputs of a type, or -1 if the outputs are no probabilities. NaN counts as the largest
 * output, as in NumPy. */
int32_t cmlpi_class_of(const cmlp_net *net, const void *output, int32_t dtype);

#endif
