#include "input.h"

#include <string.h>

#include "forward.h"
#include "sparse.h"

/* Zeros are left out one by one where the rest is at most so much of a tile's elements, if the layer is so wide that
 * finding them costs little beside. */
#define MOST_MARKED(elements) ((elements) * 5 / 8)
#define MARKED_OUTPUTS 48

#define LOOK_AGAIN 16 /* tiles later, where it was not worth while */

static int is_wide(const cmlp_net *net) { return net->layers[0].n_out >= MARKED_OUTPUTS; }

static int64_t n_words(const cmlp_net *net) { return (cmlp_n_in(net) + CMLP_MARKS - 1) / CMLP_MARKS; }

void cmlp_input_lay_out(cmlp_space *space, const cmlp_net *net, int csr, int64_t rows, int32_t n_threads, int ahead,
                        cmlp_input_space *input)
{
    const int wide = !csr && is_wide(net) && (rows > 1 || ahead); /* of a lone row, the kernel leaves zeros out */
    const int narrow = !csr && !is_wide(net) && cmlp_n_in(net) >= CMLP_CHUNK;
    input->list = cmlp_take(space, csr ? 0 : rows, sizeof(void *));
    input->ahead = ahead && !csr ? cmlp_take(space, rows, sizeof(void *)) : NULL;
    input->sparse = csr ? cmlp_take(space, rows, sizeof(cmlp_csr_row)) : NULL;
    input->converted = cmlp_take(space, (csr ? 1 : rows) * cmlp_n_in(net), net->element);
    input->marks = wide ? cmlp_take(space, rows * n_words(net), sizeof(uint64_t)) : NULL;
    input->lit = narrow ? cmlp_take(space, n_threads * 2 * n_words(net), sizeof(uint64_t)) : NULL;
    input->rest = cmlp_take(space, n_threads, sizeof(int64_t));
    input->n_threads = n_threads;
}

void cmlp_input_begin(const cmlp_net *net, const cmlp_input_space *space)
{
    if (space->lit) memset(space->lit, 0, (size_t)(space->n_threads * 2 * n_words(net)) * sizeof(uint64_t));
    memset(space->rest, 0, (size_t)space->n_threads * sizeof(int64_t));
}

/* Whether a thread does not look at this tile. */
static int rests(const cmlp_input_space *space, int32_t index)
{
    return space->rest[index] && --space->rest[index];
}

/* Marks rows [a, a + n) of the tile; 0 if too little of them is 0. */
static int mark_rows(const cmlp_data *data, int64_t selected, int64_t n, const cmlp_input_space *space, int64_t a,
                     int32_t index)
{
    const cmlp_net *net = data->net;
    int64_t marked = 0;
    if (rests(space, index)) return 0;
    for (int64_t i = 0; i < n; i++) {
        if (data->in_place) cmlp_fetch_ahead(data, selected + i);
        marked += net->kernels->mark(space->list[a + i], cmlp_n_in(net), space->marks + (a + i) * n_words(net));
    }
    if (marked <= MOST_MARKED(n * cmlp_n_in(net))) return 1;
    space->rest[index] = LOOK_AGAIN;
    return 0;
}

/* As it is where a kernel gave up looking. */
static int mostly_lit(const uint64_t *marks, int64_t words)
{
    int64_t full = 0;
    for (int64_t word = 0; word < words; word++) full += marks[word] == ~UINT64_C(0);
    return full * 4 >= words * 3;
}

/* A thread's marks for its next rows, all unset; NULL, and all set, where it is not worth looking for what is dark. */
static uint64_t *begin_lit(const cmlp_net *net, const cmlp_input_space *space, int32_t index)
{
    const int64_t words = n_words(net);
    uint64_t *lit = space->lit + index * 2 * words;
    if (!space->rest[index] && mostly_lit(lit, words)) space->rest[index] = LOOK_AGAIN;
    const int looks = !rests(space, index);
    memset(lit, looks ? 0 : 0xff, (size_t)words * sizeof *lit);
    return looks ? lit : NULL;
}

cmlp_input cmlp_gather_input(const cmlp_data *data, int64_t selected, int64_t n, const cmlp_input_space *space,
                             int64_t a, int64_t tile, int32_t index, int once)
{
    const cmlp_net *net = data->net;
    if (cmlp_is_sparse(data)) {
        cmlp_gather_sparse(data, selected, n, space->sparse + a);
        return cmlp_input_at(data, space, a, 0);
    }
    cmlp_input input;
    if (once && n > 1 && !is_wide(net) && cmlp_are_bytes(data)) {
        cmlp_list_rows(data, selected, n, space->list + a);
        input = (cmlp_input){.rows = {.bytes = space->list + a, .scale = data->rows->scale}};
    } else {
        cmlp_gather_rows(data, selected, n, space->list + a, cmlp_at(net, space->converted, a * cmlp_n_in(net)));
        input = cmlp_input_at(data, space, a, space->marks && mark_rows(data, selected, n, space, a, index));
        if (space->lit) input.rows.lit = begin_lit(net, space, index);
        if (!data->in_place) return input;
    }
    if (space->ahead && cmlp_look_ahead(data, selected, n, tile, space->ahead + a))
        input.rows.ahead = space->ahead + a;
    return input;
}

uint64_t *cmlp_join_lit(const cmlp_net *net, const cmlp_input_space *space, int32_t index, int32_t size)
{
    if (!space->lit) return NULL;
    const int64_t words = n_words(net), each = 2 * words;
    uint64_t *joined = space->lit + index * each + words;
    memset(joined, 0, (size_t)words * sizeof *joined);
    for (int32_t i = 0; i < size; i++)
        for (int64_t word = 0; word < words; word++) joined[word] |= space->lit[i * each + word];
    return mostly_lit(joined, words) ? NULL : joined;
}

cmlp_input cmlp_input_at(const cmlp_data *data, const cmlp_input_space *space, int64_t a, int marked)
{
    if (cmlp_is_sparse(data)) return (cmlp_input){.sparse = 1, .csr = cmlp_sparse_matrix(data, space->sparse + a)};
    cmlp_input input = {.rows = {.list = space->list + a}};
    if (marked) {
        input.rows.ld_marks = n_words(data->net);
        input.rows.marks = space->marks + a * input.rows.ld_marks;
    }
    return input;
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
