/* The two steps of a layer: weighted sums and activations. */
#ifndef CMLP_LAYER_H
#define CMLP_LAYER_H

#include "../net/net.h"

/* The product of a layer's inputs with its weights, to z. */
static inline cmlp_product cmlp_layer_product(const cmlp_net *net, const void *params, int32_t layer, void *z)
{
    const cmlp_dense_layer *at = &net->layers[layer];
    return (cmlp_product){.w = cmlp_at(net, params, at->weights), .bias = cmlp_at(net, params, at->biases),
                          .ldw = at->n_out, .n_out = at->n_out, .z = z, .ldz = at->n_out, .tuning = net->tuning};
}

/* The weights of a wide layer are used in blocks of columns that stay in the L2 cache, a chunk of inputs at a time, for
 * all rows. Without blocks, a layer of 9,500 outputs takes twice as long. Few rows do not use a block often enough. */
#ifndef BLOCK_OUTPUTS
#define BLOCK_OUTPUTS 512
#endif
#define BLOCK_ROWS 16

/* z = b + x W of one layer; z (rows of x, n_out). */
static inline void cmlp_layer_sums(const cmlp_net *net, const void *params, int32_t layer, const cmlp_dense_input *x,
                                   void *z)
{
    const cmlp_product to = cmlp_layer_product(net, params, layer, z);
    const int64_t columns = x->rows > BLOCK_ROWS && to.n_out > 2 * BLOCK_OUTPUTS ? BLOCK_OUTPUTS : to.n_out;
    cmlp_dense_input rows = *x;
    for (int64_t j = 0; j < to.n_out; j += columns) {
        cmlp_product block = to;
        block.w = cmlp_at(net, to.w, j);
        block.bias = cmlp_at(net, to.bias, j);
        block.n_out = to.n_out - j < columns ? to.n_out - j : columns;
        block.z = cmlp_at(net, z, j);
        net->kernels->dense(&rows, &block);
        rows.prefetch = NULL; /* the first block has prefetched the rows */
    }
}

/* a = act(z) of one layer and n rows; a may be z. */
static inline void cmlp_activate_rows(const cmlp_net *net, int32_t layer, void *z, void *a, int64_t n)
{
    const cmlp_dense_layer *at = &net->layers[layer];
    net->kernels->activate(at->activation, at->parameter, z, a, n, at->n_out);
}

#endif
