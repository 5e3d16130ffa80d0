#include "layer.h"

/* A long product is computed in pieces of some outputs and, if the layer is very wide, of some rows. */
#define PIECE_OUTPUTS 512
#define PIECE_ROWS 28

/* Number of multiply-adds of a product. Writing an output counts as 64. A double, because it cannot overflow. */
static double product_cost(int64_t n, int64_t n_in, int64_t n_out)
{
    return (double)n * (double)n_out * (double)(n_in + 64);
}

/* At most n rows from row i on. */
static cmlp_dense_input rows_from(const cmlp_net *net, const cmlp_dense_input *x, int64_t i, int64_t n)
{
    cmlp_dense_input rows = *x;
    rows.rows = x->rows - i < n ? x->rows - i : n;
    if (x->list) rows.list += i;
    if (x->prefetch) rows.prefetch += i;
    if (x->mask) rows.mask += i * x->ld_mask;
    if (x->base) rows.base = cmlp_at(net, x->base, i * x->ld);
    return rows;
}

static void long_layer_sums(const cmlp_net *net, const cmlp_dense_input *x, const cmlp_product *to, cmlp_poller *poller)
{
    const int64_t columns = to->n_out > PIECE_OUTPUTS ? PIECE_OUTPUTS : to->n_out;
    const int64_t rows = product_cost(x->rows, x->n_in, columns) > 4.0 * CMLP_PIECE_PRODUCTS ? PIECE_ROWS : x->rows;
    for (int64_t i = 0; i < x->rows; i += rows) {
        const cmlp_dense_input part = rows_from(net, x, i, rows);
        for (int64_t j = 0; j < to->n_out; j += columns) {
            cmlp_product piece = *to;
            if (i + j && cmlp_poll_piece(poller)) return;
            piece.w = cmlp_at(net, to->w, j);
            piece.bias = cmlp_at(net, to->bias, j);
            piece.n_out = to->n_out - j < columns ? to->n_out - j : columns;
            piece.z = cmlp_at(net, to->z, i * to->ldz + j);
            net->kernels->dense(&part, &piece);
        }
    }
}

void cmlp_layer_sums(const cmlp_net *net, const void *params, int32_t layer, const cmlp_dense_input *x, void *z,
                     cmlp_poller *poller)
{
    const cmlp_product to = cmlp_layer_product(net, params, layer, z);
    if (product_cost(x->rows, x->n_in, to.n_out) > CMLP_PIECE_PRODUCTS)
        long_layer_sums(net, x, &to, poller);
    else
        net->kernels->dense(x, &to);
}

void cmlp_activate_rows(const cmlp_net *net, int32_t layer, void *z, void *a, int64_t n, cmlp_poller *poller)
{
    const cmlp_layer *at = &net->layers[layer];
    const int64_t n_out = at->n_out;
    if (n * n_out <= CMLP_PIECE_ELEMENTS) {
        net->kernels->activate(at->activation, at->parameter, z, a, n, n_out);
        return;
    }
    const int64_t most = CMLP_PIECE_ELEMENTS / n_out + 1;
    for (int64_t i = 0; i < n; i += most) {
        if (i && cmlp_poll_piece(poller)) return;
        net->kernels->activate(at->activation, at->parameter, cmlp_at(net, z, i * n_out), cmlp_at(net, a, i * n_out),
                               n - i < most ? n - i : most, n_out);
    }
}
