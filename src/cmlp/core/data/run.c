#include "run.h"

#include "sparse.h"

cmlp_status cmlpi_check_workspace(cmlp_run *run, size_t needed)
{
    if (!run->workspace) return cmlpi_refuse(&run->refused, CMLP_ERROR_NULL, "run->workspace");
    if (run->workspace_size >= needed) return CMLP_OK;
    return cmlpi_refuse(&run->refused, CMLP_ERROR_BUFFER_SIZE, "run->workspace_size");
}

cmlp_status cmlpi_take_workspace(cmlp_run *run, size_t needed)
{
    if (!needed) return cmlpi_refuse(&run->refused, CMLP_ERROR_OVERFLOW, "run->workspace_size");
    const cmlp_status status = cmlpi_check_workspace(run, cmlpi_with_slack(needed));
    if (!status) run->workspace = cmlpi_aligned(run->workspace);
    return status;
}

cmlp_status cmlpi_check_output(const void *array, int64_t length, int64_t n_rows, int64_t width, size_t element,
                               const char *name, cmlp_run *run)
{
    if (n_rows < 1) return CMLP_OK;
    const cmlp_status status = cmlpi_check_pointer(array, element, name, run);
    if (status) return status;
    return length / width < n_rows ? cmlpi_refuse(&run->refused, CMLP_ERROR_LENGTH, name) : CMLP_OK;
}

cmlp_status cmlpi_check_wanted(const void *array, int64_t length, int64_t n_rows, int64_t width, size_t element,
                               const char *name, cmlp_run *run)
{
    return array || length ? cmlpi_check_output(array, length, n_rows, width, element, name, run) : CMLP_OK;
}

int64_t cmlpi_all_outputs(const cmlp_net *net)
{
    int64_t width = 0;
    for (int32_t l = 0; l < net->depth; l++) width += net->layers[l].n_out;
    return width;
}

/* Minimum multiply-adds per thread between two barriers of a batch: 4 to 20 microseconds. In prediction the minimum
 * per thread is higher, because creating one takes up to 150 microseconds on a processor that sleeps, and the whole
 * call must have PRODUCTS_PER_TEAM, about half a millisecond, so that a thread that starts late does not delay it. */
#define PRODUCTS_PER_BARRIER 500000.0
#define PRODUCTS_PER_THREAD 25e6
#define PRODUCTS_PER_TEAM 8e7

/* Minimum rows per thread in training. Each thread updates its part of the weights, and the other threads then load
 * that part from its cache, which takes as long as computing with it for several rows. Batches of 10 rows are
 * slower with two threads than with one. */
#define ROWS_PER_THREAD 16

#define PASSES 3 /* of training: forward, backward and gradient */

double cmlpi_forward_products(const cmlpi_data *data, int64_t rows)
{
    const cmlpi_layer *layer = &data->net->layers[0];
    const double zeros =
        cmlpi_is_sparse(data) && data->n ? (double)layer->n_in - (double)data->n_values / (double)data->n : 0;
    return (double)rows * ((double)data->net->n_params - zeros * (double)layer->n_out);
}

static int32_t whole_threads(double threads, int32_t max_threads)
{
    if (threads < 2) return 1;
    return threads < max_threads ? (int32_t)threads : max_threads;
}

int32_t cmlpi_prediction_threads(double products, int32_t max_threads)
{
    if (!CMLP_BUILD_THREADS) return 1;
    return products < PRODUCTS_PER_TEAM ? 1 : whole_threads(products / PRODUCTS_PER_THREAD, max_threads);
}

int32_t cmlpi_training_threads(const cmlpi_data *data, int64_t rows, int32_t max_threads)
{
    if (!CMLP_BUILD_THREADS) return 1;
    const double threads = cmlpi_forward_products(data, rows) * PASSES / PRODUCTS_PER_BARRIER;
    const double limit = 1 + (double)rows / ROWS_PER_THREAD;
    return whole_threads(threads < limit ? threads : limit, max_threads);
}

cmlpi_fault cmlpi_first_fault(const cmlpi_fault *faults, int32_t size)
{
    cmlpi_fault first = cmlpi_fault_of(CMLP_OK);
    for (int32_t i = 0; i < size; i++)
        if (faults[i].status && (!first.status || faults[i].selected < first.selected)) first = faults[i];
    return first;
}

cmlp_status cmlpi_report(cmlp_run *run, const cmlpi_data *data, cmlpi_fault fault)
{
    return cmlpi_report_row(run, &fault, fault.selected < 0 ? -1 : cmlpi_row_index(data, fault.selected));
}

cmlp_status cmlpi_report_row(cmlp_run *run, const cmlpi_fault *fault, int64_t row)
{
    run->bad_row = row;
    run->bad_column = fault->column;
    if (fault->status == CMLP_ERROR_INPUT) run->refused = CMLPI_ROWS_DATA;
    if (CMLP_BUILD_TRAINING && fault->status == CMLP_ERROR_TARGET) run->refused = "targets->data";
    if (CMLP_BUILD_TRAINING && fault->status == CMLP_ERROR_MESSAGE) run->refused = "epoch->workers";
    return fault->status;
}

cmlpi_fault cmlpi_check_sums(const cmlpi_data *data, const void *z, int64_t selected, int64_t n, void *scratch,
                             int training)
{
    const cmlp_net *net = data->net;
    const int64_t n_out = net->layers[0].n_out;
    for (int64_t i = 0; i < n; i++) {
        i += net->kernels->find_nonfinite(cmlpi_at(net, z, i * n_out), n_out, n - i);
        if (i == n) break;
        int64_t column = cmlpi_bad_input(data, selected + i, scratch);
        if (column >= 0) return (cmlpi_fault){CMLP_ERROR_INPUT, selected + i, column};
        if (CMLP_BUILD_TRAINING && training && !cmlpi_is_ignored(data, selected + i))
            return (cmlpi_fault){CMLP_ERROR_DIVERGED, selected + i, -1};
    }
    return cmlpi_fault_of(CMLP_OK);
}

void cmlpi_canonicalize_nans(int32_t dtype, void *values, int64_t n)
{
    const uint32_t nan_32 = UINT32_C(0x7fc00000);
    const uint64_t nan_64 = UINT64_C(0x7ff8000000000000);
    float *f = values;
    double *d = values;
    for (int64_t i = 0; i < n; i++) {
        if (dtype == CMLP_FLOAT32 && f[i] != f[i]) memcpy(&f[i], &nan_32, sizeof nan_32);
        if (CMLPI_HAS_DOUBLE_OUTPUTS && dtype == CMLP_FLOAT64 && d[i] != d[i]) memcpy(&d[i], &nan_64, sizeof nan_64);
    }
}

void *cmlpi_arena_alloc(cmlpi_arena *arena, int64_t count, size_t size)
{
    void *taken = arena->base ? arena->base + arena->used : NULL;
    if (!cmlpi_add_size(&arena->used, count, size)) arena->overflow = 1;
    return taken;
}
