/* Forward pass. Rows are independent: the threads take microbatches from a queue, and synchronize only at the end. */
#include "forward.h"

#include "input.h"
#include "layer.h"

#include <string.h>

/* One thread's memory in the workspace. */
typedef struct thread_memory {
    cmlpi_input_memory input;
    void *activations[2]; /* of layers, alternating */
} thread_memory;

typedef struct forward_job {
    cmlpi_data data;
    const void *params;
    cmlp_prediction wanted;
    int64_t most_rows; /* of a microbatch */
    char *memory; /* the threads' memory, and the bytes of each */
    size_t memory_size;
    void *team;
    cmlpi_queue queue;
    cmlpi_fault *faults; /* of each thread */
} forward_job;

/* Each thread gets at least MIN_MICROBATCHES microbatches, so that all threads end at about the same time, and its converted
 * rows take at most MAX_CONVERTED bytes; but microbatches of less than MIN_ROWS rows would read the weights too often. */
#define MIN_MICROBATCHES 4
#define MAX_CONVERTED ((int64_t)1 << 22)
#define MIN_ROWS 28

/* The most rows of a microbatch. Of CSR data, one row at a time is converted. */
static int64_t most_rows(const cmlp_net *net, int sparse, int64_t n_rows)
{
    const int64_t row_bytes = sparse ? 0 : cmlpi_n_in(net) * (int64_t)net->element;
    int64_t most = CMLPI_PREDICTED_ROWS;
    while (most > MIN_ROWS && most * row_bytes > MAX_CONVERTED) most /= 2;
    return n_rows < most ? n_rows : most;
}

static int64_t rows_per_microbatch(const forward_job *job, int32_t threads)
{
    if (threads == 1) return job->most_rows;
    int64_t rows = (job->data.n - 1) / (MIN_MICROBATCHES * threads) + 1;
    if (rows < MIN_ROWS) rows = MIN_ROWS;
    return rows < job->most_rows ? rows : job->most_rows;
}

static void lay_out_thread(cmlpi_arena *arena, const cmlp_net *net, int sparse, int64_t rows, thread_memory *memory)
{
    cmlpi_input_lay_out(arena, net, sparse, rows, 1, rows > 1, &memory->input);
    for (int i = 0; i < 2; i++)
        memory->activations[i] = cmlpi_arena_alloc(arena, rows * cmlpi_widest(net), net->element);
}

/* Divides the workspace, which begins at `base`, and returns its size; 0 if that does not fit in size_t. */
static size_t lay_out_forward(forward_job *job, char *base, const cmlp_net *net, int sparse, int64_t n_rows,
                              int32_t n_threads)
{
    cmlpi_arena arena = {.base = base}, of_one = {0};
    thread_memory memory;
    job->most_rows = most_rows(net, sparse, n_rows);
    lay_out_thread(&of_one, net, sparse, job->most_rows, &memory);
    job->faults = cmlpi_arena_alloc(&arena, n_threads, sizeof(cmlpi_fault));
    job->team = cmlpi_arena_alloc(&arena, 1, cmlpi_team_bytes(n_threads));
    job->memory_size = of_one.used;
    job->memory = cmlpi_arena_alloc(&arena, (int64_t)of_one.used, (size_t)n_threads);
    return of_one.overflow || arena.overflow ? 0 : arena.used;
}

size_t cmlpi_forward_bytes(const cmlp_net *net, int sparse, int64_t n_rows, int32_t n_threads)
{
    forward_job job;
    if (n_rows < 2 || !CMLP_BUILD_ROWS) return net->row.forward;
    return lay_out_forward(&job, NULL, net, sparse, n_rows, n_threads);
}

/* Where layer l's activations or sums of row `first` of n rows, and of those that follow it, go to: the caller's array if
 * there is one, or `other`. */
static void *layer_output(const cmlp_net *net, void *block, int32_t l, int64_t first, int64_t n, void *other)
{
    return block ? cmlpi_at(net, cmlpi_layer_block(net, block, l, n), first * net->layers[l].n_out) : other;
}

static void *layer_activations(const cmlp_net *net, const cmlp_prediction *wanted, int32_t l, int64_t first, int64_t n,
                               void *other)
{
    if (l == net->depth - 1 && wanted->outputs && !wanted->activations)
        return cmlpi_at(net, wanted->outputs, first * net->layers[l].n_out);
    return layer_output(net, wanted->activations, l, first, n, other);
}

void cmlpi_sort_outputs(const cmlp_net *net, void *outputs, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        void *row = cmlpi_at(net, outputs, i * net->n_quantiles);
        for (int64_t j = 1; j < net->n_quantiles; j++) {
            const double value = cmlpi_get(net, row, j);
            int64_t k = j;
            for (; k > 0 && cmlpi_get(net, row, k - 1) > value; k--) cmlpi_set(net, row, k, cmlpi_get(net, row, k - 1));
            if (k < j) cmlpi_set(net, row, k, value);
        }
    }
}

int32_t cmlpi_class_of(const cmlp_net *net, const void *output, int32_t dtype)
{
    const int is_float = !CMLPI_HAS_DOUBLE_OUTPUTS || dtype == CMLP_FLOAT32;
    const int32_t activation = cmlpi_output_activation(net);
    const float *f = output;
    const double *d = output;
    double best = is_float ? f[0] : d[0];
    int32_t found = 0;
    if (activation != CMLP_ACTIVATION_SOFTMAX && activation != CMLP_ACTIVATION_LOGISTIC) return -1;
    if (cmlpi_n_out(net) == 1) return activation == CMLP_ACTIVATION_LOGISTIC && best > 0.5;
    for (int32_t i = 1; i < cmlpi_n_out(net) && best == best; i++) {
        const double value = is_float ? f[i] : d[i];
        if (value <= best) continue;
        best = value;
        found = i;
    }
    return found;
}

static void row_sums(const cmlp_net *net, const void *params, int32_t l, const void *x, void *z)
{
    const cmlpi_product to = cmlpi_layer_product(net, params, l, z);
    net->kernels->dense_row(x, net->layers[l].n_in, &to);
}

/* Whether the caller wants weighted sums only: then the last activations are not needed. */
static int wants_sums_only(const cmlp_prediction *wanted)
{
    return wanted->sums && !wanted->activations && !wanted->outputs && !wanted->class_indices;
}

static void activate_layer(const cmlp_net *net, const cmlp_prediction *wanted, int32_t l, void *z, void *a, int64_t n)
{
    if (l < net->depth - 1 || !wants_sums_only(wanted)) cmlpi_activate_rows(net, l, z, a, n);
}

/* Makes the outputs and the class indices of n rows from row `first` on from the last layer's activations a, which are the
 * outputs already unless the caller wants all activations, too. */
static void finish_outputs(const cmlp_net *net, const cmlp_prediction *wanted, const void *a, int64_t first, int64_t n)
{
    const int64_t n_out = cmlpi_n_out(net);
    if (wanted->outputs) {
        void *const outputs = cmlpi_at(net, wanted->outputs, first * n_out);
        if (outputs != a) memcpy(outputs, a, (size_t)(n * n_out) * net->element);
        if (net->n_quantiles) cmlpi_sort_outputs(net, outputs, n);
    }
    for (int64_t i = 0; wanted->class_indices && i < n; i++)
        wanted->class_indices[first + i] = cmlpi_class_of(net, cmlpi_at(net, a, i * n_out), net->dtype);
}

/* Computes row `first` of the outputs for n rows, from its inputs x in the net's type. A row alone has kernels of its own,
 * without masks of other rows. */
static cmlpi_fault forward_dense_row(const cmlp_net *net, const void *params, const void *x, const cmlp_prediction *wanted,
                                      void *const activations[2], int64_t first, int64_t n)
{
    for (int32_t l = 0; l < net->depth; l++) {
        const int64_t n_in = net->layers[l].n_in, n_out = net->layers[l].n_out;
        void *const a = layer_activations(net, wanted, l, first, n, activations[l & 1]);
        void *const z = layer_output(net, wanted->sums, l, first, n, a);
        row_sums(net, params, l, x, z);
        if (!l && net->kernels->find_nonfinite(z, n_out, 1) == 0) {
            const int64_t column = net->kernels->find_nonfinite(x, 1, n_in);
            if (column < n_in) return (cmlpi_fault){CMLP_ERROR_INPUT, first, column};
        }
        activate_layer(net, wanted, l, z, a, 1);
        x = a;
    }
    finish_outputs(net, wanted, x, first, 1);
    return cmlpi_fault_of(CMLP_OK);
}

cmlpi_fault cmlpi_forward_row(const cmlp_net *net, const void *params, const void *x, const cmlp_prediction *wanted,
                              char *workspace)
{
    void *const activations[2] = {workspace + net->row.hidden[0], workspace + net->row.hidden[1]};
    return forward_dense_row(net, params, x, wanted, activations, 0, 1);
}

/* Computes n rows, or one CSR row, from the selected row `first` on. */
static cmlpi_fault forward_microbatch(const cmlpi_data *data, const void *params, const cmlp_prediction *wanted,
                                const thread_memory *memory, int64_t first, int64_t n)
{
    const cmlp_net *net = data->net;
    void *const scratch = memory->input.converted;
    const void *x = NULL;
    for (int32_t l = 0; l < net->depth; l++) {
        const int64_t n_in = net->layers[l].n_in;
        void *const a = layer_activations(net, wanted, l, first, data->n, memory->activations[l & 1]);
        void *const z = layer_output(net, wanted->sums, l, first, data->n, a);
        if (!l) {
            const cmlpi_row_range range = {.selected = first, .n = n, .microbatch = n, .once = 1};
            cmlpi_first_layer(data, params, &range, &memory->input, z, scratch);
            const cmlpi_fault fault = cmlpi_check_sums(data, z, first, n, scratch, 0);
            if (fault.status) return fault;
        } else if (n > 1) {
            const cmlpi_dense_input rows = {.n_rows = n, .n_in = n_in, .base = x, .ld = n_in,
                                            .copy = cmlpi_copy_buffer(&memory->input, 0)};
            cmlpi_layer_sums(net, params, l, &rows, z);
        } else {
            row_sums(net, params, l, x, z);
        }
        activate_layer(net, wanted, l, z, a, n);
        x = a;
    }
    finish_outputs(net, wanted, x, first, n);
    return cmlpi_fault_of(CMLP_OK);
}

/* Computes the selected row `first`. */
static cmlpi_fault forward_selected(const cmlpi_data *data, const void *params, const cmlp_prediction *wanted,
                                    const thread_memory *memory, int64_t first)
{
    const void *x;
    if (cmlpi_is_sparse(data)) return forward_microbatch(data, params, wanted, memory, first, 1);
    cmlpi_gather_rows(data, first, 1, &x, memory->input.converted);
    return forward_dense_row(data->net, params, x, wanted, memory->activations, first, data->n);
}

static void forward_thread(void *context, cmlpi_thread self)
{
    forward_job *job = context;
    cmlpi_fault *fault = &job->faults[self.index];
    cmlpi_arena arena = {.base = job->memory + (size_t)self.index * job->memory_size};
    thread_memory memory;
    lay_out_thread(&arena, job->data.net, cmlpi_is_sparse(&job->data), job->most_rows, &memory);
    cmlpi_input_begin(job->data.net, &memory.input);
    int64_t first, n;
    while ((n = cmlpi_queue_take(&job->queue, self.index, &first)) > 0) {
        if (n > 1)
            *fault = forward_microbatch(&job->data, job->params, &job->wanted, &memory, first, n);
        else
            *fault = forward_selected(&job->data, job->params, &job->wanted, &memory, first);
        if (fault->status) cmlpi_queue_stop(&job->queue);
    }
}

/* At most one row. */
static cmlp_status forward_few(forward_job *job, cmlp_run *run)
{
    const cmlpi_row_layout *layout = &job->data.net->row;
    cmlp_prediction *const wanted = &job->wanted;
    const int is_kept = wanted->outputs || wanted->activations || wants_sums_only(wanted);
    const cmlp_status status = cmlpi_take_workspace(run, is_kept ? layout->forward : layout->all);
    if (status) return status;
    if (!is_kept) wanted->outputs = (char *)run->workspace + layout->output;
    if (cmlpi_polls_cancel(run)) return CMLP_CANCELLED;
    if (!job->data.n) return CMLP_OK;
    cmlpi_csr_row sparse;
    thread_memory memory; /* one row needs no other fields */
    memory.input.converted = run->workspace;
    memory.input.sparse = &sparse;
    for (int i = 0; i < 2; i++) memory.activations[i] = (char *)run->workspace + layout->hidden[i];
    return cmlpi_report(run, &job->data, forward_selected(&job->data, job->params, &job->wanted, &memory, 0));
}

cmlp_status cmlpi_read_prediction(cmlp_prediction *copy, const cmlp_prediction *given, int64_t n,
                                  const cmlpi_output_sizes *sizes, cmlp_run *run)
{
    const size_t element = sizes->element;
    cmlp_status status = CMLPI_READ(copy, given, cmlp_prediction, n_sums);
    if (status) return cmlpi_refuse(&run->refused, status, "prediction");
    status = cmlpi_check_wanted(copy->outputs, copy->n_outputs, n, sizes->last, element, "prediction->outputs", run);
    if (!status)
        status = cmlpi_check_wanted(copy->class_indices, copy->n_class_indices, n, 1, sizeof *copy->class_indices,
                                    "prediction->class_indices", run);
    if (status) return status;
    if (!sizes->all && (copy->activations || copy->n_activations))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "prediction->activations");
    if (!sizes->all && (copy->sums || copy->n_sums))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "prediction->sums");
    status = cmlpi_check_wanted(copy->activations, copy->n_activations, n, sizes->all, element, "prediction->activations",
                                run);
    return status ? status : cmlpi_check_wanted(copy->sums, copy->n_sums, n, sizes->all, element, "prediction->sums", run);
}

/* Predicts the checked rows of the job. */
static cmlp_status forward(forward_job *job, cmlp_run *run)
{
    const cmlpi_data *data = &job->data;
    if (data->n < 2 || !CMLP_BUILD_ROWS) return forward_few(job, run);
    const int32_t threads = cmlpi_prediction_threads(cmlpi_forward_products(data, data->n), run->n_threads);
    const cmlp_status status =
        cmlpi_take_workspace(run, lay_out_forward(job, cmlpi_aligned(run->workspace), data->net, cmlpi_is_sparse(data),
                                                   data->n, run->n_threads));
    if (status) return status;
    cmlpi_queue_begin(&job->queue, run, data->n, rows_per_microbatch(job, threads));
    for (int32_t i = 0; i < threads; i++) job->faults[i] = cmlpi_fault_of(CMLP_OK);
    cmlpi_team_run(threads, job->team, forward_thread, job);
    cmlpi_fault fault = cmlpi_first_fault(job->faults, threads);
    if (!fault.status) fault.status = cmlpi_queue_end(&job->queue);
    return cmlpi_report(run, data, fault);
}

cmlp_status cmlpi_forward_rows(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_prediction *wanted,
                               cmlp_run *run)
{
    forward_job job = {.params = params, .wanted = *wanted};
    const cmlp_status status = cmlpi_read_data(&job.data, net, rows, NULL, NULL, run);
    return status ? status : forward(&job, run);
}

cmlp_status cmlp_forward(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                         const cmlp_prediction *prediction, cmlp_run *run)
{
    cmlpi_call call;
    forward_job job = {.params = params};
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = cmlpi_read_data(&job.data, net, rows, NULL, NULL, &call.run);
    if (!status) status = cmlpi_check_params(net, params, n_params, "params", &call.run);
    if (!status) {
        const cmlpi_output_sizes sizes = {cmlpi_n_out(net), cmlpi_all_outputs(net), net->element};
        status = cmlpi_read_prediction(&job.wanted, prediction, job.data.n, &sizes, &call.run);
    }
    if (!status) status = forward(&job, &call.run);
    return cmlpi_end_call(&call, status);
}
