/* The forward pass. */
#ifndef CMLP_FORWARD_H
#define CMLP_FORWARD_H

#include "../net/net.h"

/* Workspace of cmlp_forward and cmlp_activations, for CSR rows or dense ones; 0 if it cannot be addressed. */
size_t cmlp_forward_space(const cmlp_net *net, int sparse, int64_t n_rows, int32_t n_threads);

#endif
