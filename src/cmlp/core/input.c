#include "input.h"

#include <string.h>

#include "forward.h"
#include "sparse.h"

/* Zeros are left out where at most one element in SKIP_SHARE is not 0: then the sparse kernels, which load a weight for
 * every multiplication, are the faster ones, if the layer is so wide that finding the zeros costs little beside. */
#define SKIP_SHARE 3
#define SKIP_OUTPUTS 48

int cmlp_may_skip(const cmlp_net *net) { return net->layers[0].n_out >= SKIP_OUTPUTS; }

/* Whether to look for inputs that are dark in several rows. */
static int looks(const cmlp_net *net) { return !cmlp_may_skip(net) && cmlp_n_in(net) >= CMLP_CHUNK; }

static int64_t n_words(const cmlp_net *net) { return (cmlp_n_in(net) + CMLP_MARKS - 1) / CMLP_MARKS; }

static int64_t marks_size(const cmlp_net *net) { return 2 * n_words(net) + 1; }

/* Elements that so many rows may have left. A thread goes on to the next row while its rows are within what one more
 * may have, and that row may be full. */
static int64_t allowed(const cmlp_net *net, int64_t rows) { return rows * (cmlp_n_in(net) / SKIP_SHARE); }

static int64_t full_row(const cmlp_net *net) { return cmlp_n_in(net) + net->kernels->lanes; }

void cmlp_input_lay_out(cmlp_space *space, const cmlp_net *net, int csr, int64_t rows, int32_t n_threads, int ahead,
                        cmlp_input_space *input)
{
    const int skip = !csr && cmlp_may_skip(net) && (rows > 1 || ahead); /* of a lone row, the dense kernel does it */
    const int64_t room = skip ? allowed(net, rows) + n_threads * full_row(net) : 0;
    input->list = cmlp_take(space, csr ? 0 : rows, sizeof(void *));
    input->ahead = ahead && !csr ? cmlp_take(space, rows, sizeof(void *)) : NULL;
    input->sparse = csr || skip ? cmlp_take(space, rows, sizeof(cmlp_csr_row)) : NULL;
    input->converted = cmlp_take(space, (csr ? 1 : rows) * cmlp_n_in(net), net->element);
    input->values = cmlp_take(space, room, net->element);
    input->columns = cmlp_take(space, room, sizeof(int32_t));
    input->lit = !csr && looks(net) ? cmlp_take(space, n_threads * marks_size(net), sizeof(uint64_t)) : NULL;
    input->n_threads = n_threads;
}

/* Rows [a, a + n) of the tile without their zeros; 0 if there are too few of them. */
static int skip_zeros(const cmlp_data *data, int64_t selected, int64_t n, const cmlp_input_space *space, int64_t a,
                      int32_t index)
{
    const cmlp_net *net = data->net;
    const int64_t start = allowed(net, a) + index * full_row(net);
    int64_t used = 0;
    for (int64_t i = 0; i < n; i++) {
        if (used > allowed(net, i + 1)) return 0;
        if (data->in_place) cmlp_fetch_ahead(data, selected + i);
        void *values = cmlp_at(net, space->values, start + used);
        int32_t *columns = space->columns + start + used;
        const int64_t kept = net->kernels->keep_nonzero(space->list[a + i], cmlp_n_in(net), values, columns);
        space->sparse[a + i] = (cmlp_csr_row){.values = values, .columns = columns, .n = kept};
        used += kept;
    }
    return used <= allowed(net, n);
}

void cmlp_input_begin(const cmlp_net *net, const cmlp_input_space *space)
{
    if (space->lit) memset(space->lit, 0, (size_t)(space->n_threads * marks_size(net)) * sizeof(uint64_t));
}

/* As it is where a kernel gave up looking. */
static int mostly_lit(const uint64_t *marks, int64_t words)
{
    int64_t full = 0;
    for (int64_t word = 0; word < words; word++) full += marks[word] == ~UINT64_C(0);
    return full * 4 >= words * 3;
}

#define LOOK_AGAIN 16 /* tiles later */

/* A thread's marks for its next rows, all unset; NULL, and all set, where it is not worth looking for what is dark. */
static uint64_t *begin_marks(const cmlp_net *net, const cmlp_input_space *space, int32_t index)
{
    const int64_t words = n_words(net);
    uint64_t *marks = space->lit + index * marks_size(net), *rest = marks + 2 * words;
    if (*rest)
        --*rest;
    else if (mostly_lit(marks, words))
        *rest = LOOK_AGAIN;
    memset(marks, *rest ? 0xff : 0, (size_t)words * sizeof *marks);
    return *rest ? NULL : marks;
}

cmlp_input cmlp_gather_input(const cmlp_data *data, int64_t selected, int64_t n, const cmlp_input_space *space,
                             int64_t a, int64_t tile, int32_t index)
{
    const cmlp_net *net = data->net;
    if (cmlp_is_sparse(data)) {
        cmlp_gather_sparse(data, selected, n, space->sparse + a);
        return cmlp_input_at(data, space, a, 1);
    }
    cmlp_gather_rows(data, selected, n, space->list + a, cmlp_at(net, space->converted, a * cmlp_n_in(net)));
    if (space->sparse && skip_zeros(data, selected, n, space, a, index)) return cmlp_input_at(data, space, a, 1);
    cmlp_input input = cmlp_input_at(data, space, a, 0);
    if (space->lit) input.rows.lit = begin_marks(net, space, index);
    if (space->ahead && cmlp_look_ahead(data, selected + tile, n, space->ahead + a))
        input.rows.ahead = space->ahead + a;
    return input;
}

uint64_t *cmlp_join_lit(const cmlp_net *net, const cmlp_input_space *space, int32_t index, int32_t size)
{
    if (!space->lit) return NULL;
    const int64_t words = n_words(net), each = marks_size(net);
    uint64_t *joined = space->lit + index * each + words;
    memset(joined, 0, (size_t)words * sizeof *joined);
    for (int32_t i = 0; i < size; i++)
        for (int64_t word = 0; word < words; word++) joined[word] |= space->lit[i * each + word];
    return mostly_lit(joined, words) ? NULL : joined;
}

cmlp_input cmlp_input_at(const cmlp_data *data, const cmlp_input_space *space, int64_t a, int sparse)
{
    if (!sparse) return (cmlp_input){.rows = {.list = space->list + a}};
    if (cmlp_is_sparse(data)) return (cmlp_input){.sparse = 1, .csr = cmlp_sparse_matrix(data, space->sparse + a)};
    const cmlp_csr own = {.rows = space->sparse + a, .scale = 1, .dtype = data->net->dtype};
    return (cmlp_input){.sparse = 1, .csr = own};
}

void cmlp_first_sums(const cmlp_net *net, const void *params, const cmlp_input *x, int64_t n, void *z, void *scratch)
{
    const cmlp_layer *layer = &net->layers[0];
    if (!x->sparse)
        cmlp_weighted_sums(net, params, 0, &x->rows, n, z);
    else
        net->kernels->csr(&x->csr, n, cmlp_at(net, params, layer->weights), cmlp_at(net, params, layer->biases),
                          layer->n_out, z, scratch);
}
