#include "input.h"

#include <string.h>

#include "layer.h"
#include "../data/sparse.h"

/* Single zeros are skipped if at most 5/8 of a sample's elements are nonzero and the layer has at least WIDE_OUTPUTS
 * outputs. In narrower layers, building the mask would take longer than it saves. */
#define MAX_NONZERO(elements) ((elements) * 5 / 8)
#define WIDE_OUTPUTS 48

#define SKIPPED_SCANS 16 /* microbatches without a scan for zeros after one that found too few */

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
static int64_t n_words(const cmlp_net *net) { return (cmlpi_n_in(net) + CMLPI_MASK_BITS - 1) / CMLPI_MASK_BITS; }

void cmlpi_input_lay_out(cmlpi_arena *arena, const cmlp_net *net, int sparse, int64_t rows, int32_t n_threads,
                         int prefetches, cmlpi_input_memory *input)
{
    const int wide = !sparse && is_wide(net) && (rows > 1 || prefetches); /* the kernel masks a single row */
    const int narrow = !sparse && !is_wide(net) && cmlpi_n_in(net) >= CMLPI_CHUNK;
    input->list = cmlpi_arena_alloc(arena, sparse ? 0 : rows, sizeof(void *));
    input->prefetch = prefetches && !sparse ? cmlpi_arena_alloc(arena, rows, sizeof(void *)) : NULL;
    input->sparse = sparse ? cmlpi_arena_alloc(arena, rows, sizeof(cmlpi_csr_row)) : NULL;
    input->converted = cmlpi_arena_alloc(arena, (sparse ? 1 : rows) * cmlpi_n_in(net), net->element);
    input->mask = wide ? cmlpi_arena_alloc(arena, rows * n_words(net), sizeof(uint64_t)) : NULL;
    input->column_masks = narrow ? cmlpi_arena_alloc(arena, n_threads * 2 * n_words(net), sizeof(uint64_t)) : NULL;
    input->skipped = cmlpi_arena_alloc(arena, n_threads, sizeof(int64_t));
    input->n_threads = n_threads;
    const int copies = rows > 1 && cmlpi_longest_row(net) * (int64_t)net->element >= LONG_ROW;
    input->copies = copies ? cmlpi_arena_alloc(arena, n_threads, CMLPI_COPY_BYTES) : NULL;
}

void cmlpi_input_begin(const cmlp_net *net, const cmlpi_input_memory *input)
{
    if (input->column_masks)
        memset(input->column_masks, 0, (size_t)(input->n_threads * 2 * n_words(net)) * sizeof(uint64_t));
    memset(input->skipped, 0, (size_t)input->n_threads * sizeof(int64_t));
}

/* Whether a thread does not scan this microbatch for zeros. Counts down those that it skips. */
static int skips_scan(const cmlpi_input_memory *input, int32_t index)
{
    return input->skipped[index] && --input->skipped[index];
}

/* Builds the nonzero masks of a range's rows [i, end). Returns the number of nonzero elements. */
static int64_t mask_rows(const cmlp_net *net, const cmlpi_input_memory *input, const cmlpi_row_range *range, int64_t i,
                         int64_t end)
{
    int64_t masked = 0;
    for (int64_t row = range->at + i; row < range->at + end; row++)
        masked += net->kernels->nonzero_mask(input->list[row], cmlpi_n_in(net), input->mask + row * n_words(net));
    return masked;
}

/* Builds the nonzero masks of a range's first n rows as a sample. Returns 0, and skips the next scans, if too few elements are
 * zero for the masked kernels to be faster. */
static int sample_mask(const cmlp_net *net, const cmlpi_input_memory *input, const cmlpi_row_range *range, int64_t n)
{
    if (!input->mask || skips_scan(input, range->index)) return 0;
    if (mask_rows(net, input, range, 0, n) <= MAX_NONZERO(n * cmlpi_n_in(net))) return 1;
    input->skipped[range->index] = SKIPPED_SCANS;
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

/* A thread's column mask with all bits cleared. If the thread skips the scan, all bits are set and the result is NULL. */
static uint64_t *begin_column_mask(const cmlp_net *net, const cmlpi_input_memory *input, const cmlpi_row_range *range)
{
    const int64_t words = n_words(net);
    uint64_t *mask = input->column_masks + range->index * 2 * words;
    if (!input->skipped[range->index] && mostly_nonzero(mask, words)) input->skipped[range->index] = SKIPPED_SCANS;
    const int scans = !skips_scan(input, range->index);
    memset(mask, scans ? 0 : 0xff, (size_t)words * sizeof *mask);
    return scans ? mask : NULL;
}

#if CMLP_BUILD_TRAINING
uint64_t *cmlpi_merge_column_masks(const cmlp_net *net, const cmlpi_input_memory *input, cmlpi_thread self)
{
    if (!input->column_masks) return NULL;
    const int64_t words = n_words(net), each = 2 * words;
    uint64_t *merged = input->column_masks + self.index * each + words;
    memset(merged, 0, (size_t)words * sizeof *merged);
    for (int32_t i = 0; i < self.size; i++)
        for (int64_t word = 0; word < words; word++) merged[word] |= input->column_masks[i * each + word];
    return mostly_nonzero(merged, words) ? NULL : merged;
}

cmlpi_dense_input cmlpi_gathered_rows(const cmlp_net *net, const cmlpi_input_memory *input, int64_t at, int64_t n,
                                         int masked, int32_t index)
{
    return (cmlpi_dense_input){.n_rows = n,
                                  .list = input->list + at,
                                  .mask = masked ? input->mask + at * n_words(net) : NULL,
                                  .ld_mask = n_words(net),
                                  .copy = cmlpi_copy_buffer(input, index)};
}
#endif

/* Whether the kernels convert uint8 rows themselves. */
static int stay_bytes(const cmlpi_data *data, const cmlpi_row_range *range, const cmlpi_input_memory *input)
{
    return range->once && input->copies && range->n > 1 && !is_wide(data->net) && cmlpi_are_bytes(data);
}

static void gather(const cmlpi_data *data, const cmlpi_row_range *range, const cmlpi_input_memory *input)
{
    const int64_t n_in = cmlpi_n_in(data->net), at = range->at;
    if (stay_bytes(data, range, input))
        cmlpi_list_rows(data, range->selected, range->n, input->list + at);
    else
        cmlpi_gather_rows(data, range->selected, range->n, input->list + at,
                          cmlpi_at(data->net, input->converted, at * n_in));
}

/* A range's dense rows [i, i + n) in the form that the kernel reads. */
static cmlpi_dense_input range_input(const cmlpi_data *data, const cmlpi_row_range *range, const cmlpi_input_memory *input,
                                     int64_t i, int64_t n, int masked)
{
    const int64_t at = range->at + i, next = i + n < range->n ? n : range->microbatch - i, words = n_words(data->net);
    const int64_t distance = masked || n < PREFETCH_ROWS ? n : PREFETCH_ROWS;
    const int bytes = stay_bytes(data, range, input);
    cmlpi_dense_input x = {.n_rows = n, .n_in = cmlpi_n_in(data->net), .list = input->list + at,
                           .copy = cmlpi_copy_buffer(input, range->index)};
    if (masked) {
        x.mask = input->mask + at * words;
        x.ld_mask = words;
    }
    if (bytes)
        x.byte_scale = data->rows.scale;
    else if (input->column_masks)
        x.column_mask = begin_column_mask(data->net, input, range);
    if (input->prefetch && (data->in_place || bytes) &&
        cmlpi_list_prefetch(data, range->selected + i, n, distance, next, input->prefetch + at))
        x.prefetch = input->prefetch + at;
    return x;
}

static void sparse_sums(const cmlpi_data *data, const void *params, const cmlpi_row_range *range,
                        const cmlpi_input_memory *input, void *z, void *scratch)
{
    const cmlpi_product to = cmlpi_layer_product(data->net, params, 0, z);
    cmlpi_gather_sparse(data, range->selected, range->n, input->sparse + range->at);
    const cmlpi_csr x = cmlpi_sparse_matrix(data, input->sparse + range->at, range->n);
    data->net->kernels->csr(&x, &to, scratch);
}

int cmlpi_first_layer(const cmlpi_data *data, const void *params, const cmlpi_row_range *range,
                      const cmlpi_input_memory *input, void *z, void *scratch)
{
    const cmlp_net *net = data->net;
    const int64_t n = range->n, blocks = n / MASKED_ROWS + 1;
    int64_t block = 0, i = 0, m;
    int masked = 0;
    if (cmlpi_is_sparse(data)) {
        sparse_sums(data, params, range, input, z, scratch);
        return 0;
    }
    gather(data, range, input);
    do { /* runs once even without rows, to clear the column mask */
        m = n * ++block / blocks - i;
        if (i)
            mask_rows(net, input, range, i, i + m);
        else
            masked = sample_mask(net, input, range, m);
        if (!masked) m = n;
        const cmlpi_dense_input x = range_input(data, range, input, i, m, masked);
        cmlpi_layer_sums(net, params, 0, &x, cmlpi_at(net, z, i * net->layers[0].n_out));
        i += m;
    } while (i < n);
    return masked;
}
