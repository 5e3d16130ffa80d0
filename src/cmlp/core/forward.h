/* The forward pass. */
#ifndef CMLP_FORWARD_H
#define CMLP_FORWARD_H

#include "run.h"

/* z = b + x W of one layer; x (n, n_in), z (n, n_out). z is incomplete if the caller cancels. */
void cmlp_layer_sums(const cmlp_net *net, const void *params, int32_t layer, const cmlp_matrix *x, int64_t n, void *z,
                        cmlp_poller *poller);

/* a = act(z) of one layer; a may be z. */
void cmlp_activate_rows(const cmlp_net *net, int32_t layer, void *z, void *a, int64_t n, cmlp_poller *poller);

/* Workspace of cmlp_forward and cmlp_activations, for CSR rows or dense ones; 0 if it cannot be addressed. */
size_t cmlp_forward_space(const cmlp_net *net, int sparse, int64_t n_rows, int32_t n_threads);

#endif
