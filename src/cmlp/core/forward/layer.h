/* The two steps of a layer: weighted sums and activations. */
#ifndef CMLPI_LAYER_H
#define CMLPI_LAYER_H

#include "../net/net.h"

/* The product of a layer's inputs with its weights, to z. */
static inline cmlpi_product cmlpi_layer_product(const cmlp_net *net, const void *params, int32_t layer, void *z)
{
    const cmlpi_layer *at = &net->layers[layer];
    return (cmlpi_product){.w = cmlpi_at(net, params, at->weights), .bias = cmlpi_at(net, params, at->biases),
                           .ldw = at->n_out, .n_out = at->n_out, .z = z, .ldz = at->n_out, .tuning = net->tuning};
}

/* z = b + x W of one layer; z (rows of x, n_out). */
void cmlpi_layer_sums(const cmlp_net *net, const void *params, int32_t layer, const cmlpi_dense_input *x, void *z);

/* a = act(z) of one layer and n rows; a may be z. */
static inline void cmlpi_activate_rows(const cmlp_net *net, int32_t layer, void *z, void *a, int64_t n)
{
    const cmlpi_layer *at = &net->layers[layer];
    net->kernels->activate(at->activation, at->parameter, z, a, n, at->n_out);
}

#endif
