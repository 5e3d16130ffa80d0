#include "input.h"

#include <string.h>

#include "layer.h"
#include "../data/sparse.h"

/* Single zeros are skipped if at most 5/8 of a sample's elements are nonzero and the layer has at least WIDE_OUTPUTS
 * outputs. In narrower layers, building the mask would take longer than it saves. */
#define MAX_NONZERO(elements) ((elements) * 5 / 8)
#define WIDE_OUTPUTS 48

#define SCAN_PAUSE 16 /* microbatches without a scan for zeros after one that found too few */

/* Rows with masks are processed in blocks of this size, while the next block is prefetched: building the masks takes
 * less time than loading the rows from memory. */
#ifndef MASKED_ROWS
#define MASKED_ROWS 64
#endif

/* Prefetch distance of rows without masks. Computing with 16 rows takes several times as long as loading them from
 * memory, and they fit beside W in the L2 cache. A whole batch does not. */
#define PREFETCH_ROWS 16

/* Kernels copy rows next to each other only if the rows have at least this many bytes. Rows of this length can map
 * to so few sets of the L1 cache that they evict each other. */
#define LONG_ROW 2048

static int is_wide(const cmlp_net *net) { return net->layers[0].n_out >= WIDE_OUTPUTS; }

/* Words of the mask of a row. */
static int64_t n_words(const cmlp_net *net) { return (cmlp_n_in(net) + CMLP_MASK_BITS - 1) / CMLP_MASK_BITS; }

void cmlp_input_lay_out(cmlp_space *space, const cmlp_net *net, int csr, int64_t rows, int32_t n_threads,
                        int prefetches, cmlp_input_space *input)
{
    const int wide = !csr && is_wide(net) && (rows > 1 || prefetches); /* the kernel masks a single row */
    const int narrow = !csr && !is_wide(net) && cmlp_n_in(net) >= CMLP_CHUNK;
    input->list = cmlp_take(space, csr ? 0 : rows, sizeof(void *));
    input->prefetch = prefetches && !csr ? cmlp_take(space, rows, sizeof(void *)) : NULL;
    input->sparse = csr ? cmlp_take(space, rows, sizeof(cmlp_csr_row)) : NULL;
    input->converted = cmlp_take(space, (csr ? 1 : rows) * cmlp_n_in(net), net->element);
    input->mask = wide ? cmlp_take(space, rows * n_words(net), sizeof(uint64_t)) : NULL;
    input->column_masks = narrow ? cmlp_take(space, n_threads * 2 * n_words(net), sizeof(uint64_t)) : NULL;
    input->pause = cmlp_take(space, n_threads, sizeof(int64_t));
    input->n_threads = n_threads;
    const int64_t longest = cmlp_n_in(net) > net->widest ? cmlp_n_in(net) : net->widest;
    const int copies = rows > 1 && longest * (int64_t)net->element >= LONG_ROW;
    input->copies = copies ? cmlp_take(space, n_threads, CMLP_COPY_BYTES) : NULL;
}

void cmlp_input_begin(const cmlp_net *net, const cmlp_input_space *space)
{
    if (space->column_masks)
        memset(space->column_masks, 0, (size_t)(space->n_threads * 2 * n_words(net)) * sizeof(uint64_t));
    memset(space->pause, 0, (size_t)space->n_threads * sizeof(int64_t));
}

/* Whether a thread backs off for this microbatch and does not scan for zeros. Counts the pause down. */
static int skips_scan(const cmlp_input_space *space, int32_t index)
{
    return space->pause[index] && --space->pause[index];
}

/* Builds the nonzero masks of a range's rows [i, end). Returns the number of nonzero elements. */
static int64_t mask_rows(const cmlp_net *net, const cmlp_input_space *space, const cmlp_row_range *range, int64_t i,
                         int64_t end)
{
    int64_t masked = 0;
    for (int64_t row = range->a + i; row < range->a + end; row++)
        masked += net->kernels->nonzero_mask(space->list[row], cmlp_n_in(net), space->mask + row * n_words(net));
    return masked;
}

/* Builds the nonzero masks of a range's first n rows as a sample. Returns 0, and backs off, if too few elements are
 * zero for the masked kernels to be faster. */
static int sample_mask(const cmlp_net *net, const cmlp_input_space *space, const cmlp_row_range *range, int64_t n)
{
    if (!space->mask || skips_scan(space, range->index)) return 0;
    if (mask_rows(net, space, range, 0, n) <= MAX_NONZERO(n * cmlp_n_in(net))) return 1;
    space->pause[range->index] = SCAN_PAUSE;
    return 0;
}

/* Whether 3/4 of the words have all bits set. This is also so if a kernel has stopped scanning, because it then sets
 * all remaining bits. */
static int mostly_nonzero(const uint64_t *mask, int64_t words)
{
    int64_t full = 0;
    for (int64_t word = 0; word < words; word++) full += mask[word] == ~UINT64_C(0);
    return full * 4 >= words * 3;
}

/* A thread's column mask with all bits cleared. If the thread backs off, all bits are set and the result is NULL. */
static uint64_t *begin_column_mask(const cmlp_net *net, const cmlp_input_space *space, const cmlp_row_range *range)
{
    const int64_t words = n_words(net);
    uint64_t *mask = space->column_masks + range->index * 2 * words;
    if (!space->pause[range->index] && mostly_nonzero(mask, words)) space->pause[range->index] = SCAN_PAUSE;
    const int scans = !skips_scan(space, range->index);
    memset(mask, scans ? 0 : 0xff, (size_t)words * sizeof *mask);
    return scans ? mask : NULL;
}

#if CMLP_BUILDS_TRAINING
uint64_t *cmlp_merge_column_masks(const cmlp_net *net, const cmlp_input_space *space, cmlp_thread self)
{
    if (!space->column_masks) return NULL;
    const int64_t words = n_words(net), each = 2 * words;
    uint64_t *merged = space->column_masks + self.index * each + words;
    memset(merged, 0, (size_t)words * sizeof *merged);
    for (int32_t i = 0; i < self.size; i++)
        for (int64_t word = 0; word < words; word++) merged[word] |= space->column_masks[i * each + word];
    return mostly_nonzero(merged, words) ? NULL : merged;
}

cmlp_gradient_input cmlp_gathered_rows(const cmlp_net *net, const cmlp_input_space *space, int64_t a, int64_t n,
                                       int masked, int32_t index)
{
    return (cmlp_gradient_input){.rows = n,
                                 .list = space->list + a,
                                 .mask = masked ? space->mask + a * n_words(net) : NULL,
                                 .ld_mask = n_words(net),
                                 .copy = cmlp_copy_space(space, index)};
}
#endif

/* Whether the kernels convert uint8 rows themselves. */
static int stay_bytes(const cmlp_data *data, const cmlp_row_range *range, const cmlp_input_space *space)
{
    return range->once && space->copies && range->n > 1 && !is_wide(data->net) && cmlp_are_bytes(data);
}

static void gather(const cmlp_data *data, const cmlp_row_range *range, const cmlp_input_space *space)
{
    const int64_t n_in = cmlp_n_in(data->net), a = range->a;
    if (stay_bytes(data, range, space))
        cmlp_list_rows(data, range->selected, range->n, space->list + a);
    else
        cmlp_gather_rows(data, range->selected, range->n, space->list + a,
                         cmlp_at(data->net, space->converted, a * n_in));
}

/* A range's dense rows [i, i + n) in the form that the kernel reads. */
static cmlp_dense_input range_input(const cmlp_data *data, const cmlp_row_range *range, const cmlp_input_space *space,
                                    int64_t i, int64_t n, int masked)
{
    const int64_t a = range->a + i, next = i + n < range->n ? n : range->microbatch - i, words = n_words(data->net);
    const int64_t distance = masked || n < PREFETCH_ROWS ? n : PREFETCH_ROWS;
    const int bytes = stay_bytes(data, range, space);
    cmlp_dense_input x = {.rows = n, .n_in = cmlp_n_in(data->net), .list = space->list + a,
                          .copy = cmlp_copy_space(space, range->index)};
    if (masked) {
        x.mask = space->mask + a * words;
        x.ld_mask = words;
    }
    if (bytes)
        x.byte_scale = data->rows->scale;
    else if (space->column_masks)
        x.column_mask = begin_column_mask(data->net, space, range);
    if (space->prefetch && (data->in_place || bytes) &&
        cmlp_list_prefetch(data, range->selected + i, n, distance, next, space->prefetch + a))
        x.prefetch = space->prefetch + a;
    return x;
}

static void sparse_sums(const cmlp_data *data, const void *params, const cmlp_row_range *range,
                        const cmlp_input_space *space, void *z, void *scratch)
{
    const cmlp_product to = cmlp_layer_product(data->net, params, 0, z);
    cmlp_gather_sparse(data, range->selected, range->n, space->sparse + range->a);
    const cmlp_csr x = cmlp_sparse_matrix(data, space->sparse + range->a, range->n);
    data->net->kernels->csr(&x, &to, scratch);
}

int cmlp_first_layer(const cmlp_data *data, const void *params, const cmlp_row_range *range,
                     const cmlp_input_space *space, void *z, void *scratch)
{
    const cmlp_net *net = data->net;
    const int64_t n = range->n, blocks = n / MASKED_ROWS + 1;
    int64_t block = 0, i = 0, m;
    int masked = 0;
    if (cmlp_is_sparse(data)) {
        sparse_sums(data, params, range, space, z, scratch);
        return 0;
    }
    gather(data, range, space);
    do { /* runs once even without rows, to clear the column mask */
        m = n * ++block / blocks - i;
        if (i)
            mask_rows(net, space, range, i, i + m);
        else
            masked = sample_mask(net, space, range, m);
        if (!masked) m = n;
        const cmlp_dense_input x = range_input(data, range, space, i, m, masked);
        cmlp_layer_sums(net, params, 0, &x, cmlp_at(net, z, i * net->layers[0].n_out));
        i += m;
    } while (i < n);
    return masked;
}
