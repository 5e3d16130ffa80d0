/* Forward pass. Rows are independent: each thread takes the next microbatch until none is left, so that no thread waits
 * for one that is not scheduled. The threads synchronize only at the end. */
#include "forward.h"

#include "../base/atomic.h"
#include "input.h"
#include "layer.h"

/* Rows of a microbatch: their activations stay in the cache. 112 is a multiple of the kernels' 14 rows and of 16. */
#ifndef FORWARD_ROWS
#define FORWARD_ROWS 112
#endif

/* One thread's memory in the workspace. */
typedef struct thread_memory {
    cmlp_input_space input;
    void *activations[2]; /* of hidden layers, alternating */
} thread_memory;

typedef struct forward_job {
    cmlp_data data;
    const void *params;
    cmlp_outputs outputs;
    cmlp_run *run;
    thread_memory memory;         /* of the calling thread */
    size_t begin, memory_size;    /* where the threads' memory begins in the workspace, and the bytes of each */
    void *team;
    int64_t step;                 /* rows of a microbatch */
    cmlp_atomic next, stopped;    /* next microbatch to take; whether to stop */
    cmlp_fault *faults;           /* of each thread */
} forward_job;

static int64_t microbatch_rows(int64_t n_rows) { return n_rows < FORWARD_ROWS ? n_rows : FORWARD_ROWS; }

/* Each thread gets at least STEPS microbatches, so that all threads end at about the same time; but microbatches of
 * less than MIN_ROWS rows would read the weights too often. */
#define STEPS 4
#define MIN_ROWS 28

static int64_t rows_per_step(int64_t n_rows, int32_t threads)
{
    const int64_t step = (n_rows - 1) / (STEPS * threads) + 1;
    return threads == 1 ? microbatch_rows(n_rows) : microbatch_rows(step < MIN_ROWS ? MIN_ROWS : step);
}

static void lay_out_thread(cmlp_space *space, const cmlp_net *net, int sparse, int64_t rows, thread_memory *memory)
{
    int64_t hidden = 0;
    for (int32_t l = 0; l < net->depth - 1; l++)
        if (net->layers[l].n_out > hidden) hidden = net->layers[l].n_out;
    cmlp_input_lay_out(space, net, sparse, rows, 1, rows > 1, &memory->input);
    for (int i = 0; i < 2; i++) memory->activations[i] = cmlp_take(space, rows * hidden, net->element);
}

/* Divides the workspace, which begins at `base`, and returns its size; 0 if that does not fit in size_t. */
static size_t divide_forward(forward_job *job, char *base, const cmlp_net *net, int sparse, int64_t n_rows,
                             int32_t n_threads)
{
    cmlp_space space = {.base = base};
    job->faults = cmlp_take(&space, n_threads, sizeof(cmlp_fault));
    job->team = cmlp_take(&space, 1, cmlp_team_space(n_threads));
    job->begin = space.used;
    lay_out_thread(&space, net, sparse, microbatch_rows(n_rows), &job->memory);
    job->memory_size = space.used - job->begin;
    if (!cmlp_add_size(&space.used, (int64_t)job->memory_size, (size_t)n_threads - 1)) space.overflow = 1;
    return space.overflow ? 0 : space.used;
}

size_t cmlp_forward_space(const cmlp_net *net, int sparse, int64_t n_rows, int32_t n_threads)
{
    forward_job job;
    if (n_rows < 2) return net->row.forward;
    return divide_forward(&job, NULL, net, sparse, n_rows, n_threads);
}

/* Where to write layer l's activations of the rows from the selected row `first` on: to the caller's array if there is
 * one, or to `hidden`. */
static inline void *layer_output(const cmlp_net *net, const cmlp_outputs *outputs, int32_t l, int64_t first,
                                 void *hidden)
{
    void *all = outputs->all ? outputs->list[l] : l == net->depth - 1 ? outputs->list[0] : NULL;
    return all ? cmlp_at(net, all, first * net->layers[l].n_out) : hidden;
}

void cmlp_sort_outputs(const cmlp_net *net, void *outputs, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        void *row = cmlp_at(net, outputs, i * net->n_quantiles);
        for (int64_t j = 1; j < net->n_quantiles; j++) {
            const double value = cmlp_get(net, row, j);
            int64_t k = j;
            for (; k > 0 && cmlp_get(net, row, k - 1) > value; k--) cmlp_set(net, row, k, cmlp_get(net, row, k - 1));
            if (k < j) cmlp_set(net, row, k, value);
        }
    }
}

/* Computes n rows from the selected row `first` on. One row has kernels of its own, without masks of other rows. */
static cmlp_fault predict_rows(const cmlp_data *data, const void *params, const cmlp_outputs *outputs,
                               const thread_memory *memory, int64_t first, int64_t n)
{
    const cmlp_net *net = data->net;
    void *const scratch = memory->input.converted;
    const void *x = scratch;
    for (int32_t l = 0; l < net->depth; l++) {
        const int64_t n_in = net->layers[l].n_in;
        void *const hidden = memory->activations[l & 1], *z = layer_output(net, outputs, l, first, hidden);
        void *const a = outputs->sums ? hidden : z;
        if (!l && (n > 1 || cmlp_is_sparse(data))) {
            const cmlp_row_range range = {.selected = first, .n = n, .microbatch = n, .once = 1};
            cmlp_first_layer(data, params, &range, &memory->input, z, scratch);
        } else if (n > 1) {
            const cmlp_dense_input rows = {.rows = n, .n_in = n_in, .base = x, .ld = n_in,
                                           .copy = cmlp_copy_space(&memory->input, 0)};
            cmlp_layer_sums(net, params, l, &rows, z);
        } else {
            const cmlp_product to = cmlp_layer_product(net, params, l, z);
            if (!l) cmlp_gather_rows(data, first, 1, &x, scratch);
            net->kernels->dense_row(x, n_in, &to);
        }
        if (!l) {
            const cmlp_fault fault = cmlp_check_sums(data, z, first, n, scratch, 0);
            if (fault.status) return fault;
        }
        if (!outputs->sums || l < net->depth - 1) cmlp_activate_rows(net, l, z, a, n);
        x = a;
    }
    if (net->n_quantiles && !outputs->all)
        cmlp_sort_outputs(net, cmlp_at(net, *outputs->list, first * net->n_quantiles), n);
    return (cmlp_fault){CMLP_OK, -1, -1};
}

cmlp_fault cmlp_forward_row(const cmlp_data *data, const void *params, const cmlp_outputs *outputs, char *workspace)
{
    const size_t *hidden = data->net->row.hidden;
    cmlp_csr_row sparse;
    thread_memory memory; /* one row needs no other fields */
    memory.input.converted = workspace;
    memory.input.sparse = &sparse;
    memory.activations[0] = workspace + hidden[0];
    memory.activations[1] = workspace + hidden[1];
    return predict_rows(data, params, outputs, &memory, 0, 1);
}

static void forward_thread(void *context, cmlp_thread self)
{
    forward_job *job = context;
    cmlp_fault *fault = &job->faults[self.index];
    thread_memory memory = job->memory;
    if (self.index) {
        cmlp_space space = {.base = job->run->workspace, .used = job->begin + (size_t)self.index * job->memory_size};
        lay_out_thread(&space, job->data.net, cmlp_is_sparse(&job->data), microbatch_rows(job->data.n), &memory);
    }
    cmlp_input_begin(job->data.net, &memory.input);
    for (;;) {
        if (!self.index && cmlp_polls_cancel(job->run)) cmlp_atomic_store(&job->stopped, 1);
        if (cmlp_atomic_load(&job->stopped)) return;
        const int64_t first = cmlp_atomic_add(&job->next, 1) * job->step, left = job->data.n - first;
        if (left <= 0) return;
        const int64_t n = left < job->step ? left : job->step;
        *fault = predict_rows(&job->data, job->params, &job->outputs, &memory, first, n);
        if (fault->status) cmlp_atomic_store(&job->stopped, 1);
    }
}

/* Without rows any pointers will do. */
static cmlp_status check_outputs(const cmlp_data *data, const cmlp_outputs *outputs, cmlp_run *run)
{
    cmlp_status status = CMLP_OK;
    if (!data->n) return CMLP_OK;
    if (!outputs->all) return cmlp_check_array(data->net, *outputs->list, "output", run);
    if (!outputs->list) return cmlp_refuse(&run->refused, CMLP_ERROR_NULL, "outputs");
    for (int32_t l = 0; l < data->net->depth && !status; l++)
        status = cmlp_check_array(data->net, outputs->list[l], "outputs", run);
    return status;
}

/* At most one row. */
static cmlp_status forward_row(const forward_job *job, cmlp_run *run)
{
    const cmlp_status status = cmlp_check_workspace(run, job->data.net->row.forward);
    if (status) return status;
    if (cmlp_polls_cancel(run)) return CMLP_CANCELLED;
    if (!job->data.n) return CMLP_OK;
    return cmlp_report(run, &job->data, cmlp_forward_row(&job->data, job->params, &job->outputs, run->workspace));
}

static cmlp_status forward(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_outputs *outputs,
                           cmlp_run *run)
{
    forward_job job;
    cmlp_status status = cmlp_check_data(&job.data, net, rows, NULL, NULL, run);
    if (!status) status = cmlp_check_array(net, params, "params", run);
    if (!status) status = check_outputs(&job.data, outputs, run);
    if (status) return status;
    job.params = params;
    job.outputs = *outputs;
    if (job.data.n < 2) return forward_row(&job, run);
    int32_t threads = cmlp_useful_threads(&job.data, job.data.n, 1, run->n_threads);
    const int sparse = cmlp_is_sparse(&job.data);
    status = cmlp_check_workspace(run, divide_forward(&job, cmlp_aligned(run->workspace), net, sparse, job.data.n,
                                                      run->n_threads));
    if (status) return status;
    job.run = run;
    job.step = rows_per_step(job.data.n, threads);
    cmlp_atomic_init(&job.next, 0);
    cmlp_atomic_init(&job.stopped, 0);
    for (int32_t i = 0; i < threads; i++) job.faults[i] = (cmlp_fault){CMLP_OK, -1, -1};
    cmlp_team_run(threads, job.team, forward_thread, &job);
    cmlp_fault fault = cmlp_first_fault(job.faults, threads);
    if (!fault.status && cmlp_atomic_load(&job.stopped)) fault.status = CMLP_CANCELLED;
    return cmlp_report(run, &job.data, fault);
}

static cmlp_status forward_call(const cmlp_net *net, const void *params, const cmlp_rows *rows, cmlp_outputs outputs,
                                cmlp_run *run)
{
    cmlp_frame frame;
    cmlp_status status = cmlp_begin_call(&frame, run);
    if (!status) status = forward(net, params, rows, &outputs, &frame.run);
    return cmlp_end_call(&frame, status);
}

cmlp_status cmlp_forward(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *output, cmlp_run *run)
{
    return forward_call(net, params, rows, (cmlp_outputs){&output, 0, 0}, run);
}

cmlp_status cmlp_activations(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *const *outputs,
                             cmlp_run *run)
{
    return forward_call(net, params, rows, (cmlp_outputs){outputs, 1, 0}, run);
}

cmlp_status cmlp_weighted_sums(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *const *outputs,
                               cmlp_run *run)
{
    return forward_call(net, params, rows, (cmlp_outputs){outputs, 1, 1}, run);
}
