/* Forward: rows are independent. Threads take tiles as they come, so that nobody waits for one that has lost its
 * processor, and meet only at the end. */
#include "forward.h"

#include "atomic.h"
#include "input.h"
#include "sparse.h"

/* A tile's activations stay in the cache, its rows fill the kernels' tiles of 14 rows and blocks of 16. */
#define TILE_ROWS 112

/* What one thread works in. */
typedef struct tile_space {
    cmlp_input_space input;
    void *activations[2]; /* of hidden layers, in turns */
} tile_space;

typedef struct forward_job {
    cmlp_data data;
    const void *params;
    void *const *outputs; /* per layer, or NULL; the last is given */
    void *last_output;
    cmlp_run *run;
    int64_t step;             /* rows of a tile */
    cmlp_atomic next, stopped; /* the tile that nobody has taken yet; whether none is to be taken any more */
    cmlp_fault faults[CMLP_MAX_THREADS];
} forward_job;

static int64_t tile_rows(int64_t n_rows) { return n_rows < TILE_ROWS ? n_rows : TILE_ROWS; }

#define STEPS 4 /* for each thread at least, so that all end at about the same time */

static int64_t step_rows(int64_t n_rows, int32_t threads)
{
    return threads == 1 ? tile_rows(n_rows) : tile_rows((n_rows + STEPS * threads - 1) / (STEPS * threads));
}

static void lay_out(cmlp_space *space, const cmlp_net *net, int sparse, int64_t rows, tile_space *tile)
{
    int64_t hidden = 0;
    for (int32_t l = 0; l < net->n_layers - 1; l++)
        if (net->layers[l].n_out > hidden) hidden = net->layers[l].n_out;
    cmlp_input_lay_out(space, net, sparse, rows, 1, rows > 1, &tile->input);
    for (int i = 0; i < 2; i++) tile->activations[i] = cmlp_take(space, rows * hidden, net->element);
}

size_t cmlp_forward_space(const cmlp_net *net, int sparse, int64_t n_rows, int32_t n_threads)
{
    cmlp_space space = {0};
    tile_space tile;
    for (int32_t i = 0; i < n_threads; i++) lay_out(&space, net, sparse, tile_rows(n_rows), &tile);
    return space.overflow ? 0 : space.used;
}

void cmlp_weighted_sums(const cmlp_net *net, const void *params, int32_t layer, const cmlp_matrix *x, int64_t n, void *z)
{
    const cmlp_layer *at = &net->layers[layer];
    net->kernels->dense(x, n, at->n_in, cmlp_at(net, params, at->weights), at->n_out, cmlp_at(net, params, at->biases),
                        at->n_out, z, at->n_out);
}

/* Where layer l's activations of the tile go that starts at the selected row `first`. */
static void *layer_output(const forward_job *job, const tile_space *tile, int32_t l, int64_t first)
{
    const cmlp_net *net = job->data.net;
    void *all = l == net->n_layers - 1 ? job->last_output : job->outputs ? job->outputs[l] : NULL;
    return all ? cmlp_at(net, all, first * net->layers[l].n_out) : tile->activations[l & 1];
}

static cmlp_fault forward_tile(const forward_job *job, const tile_space *tile, int64_t first, int64_t n)
{
    const cmlp_net *net = job->data.net;
    const cmlp_rows_share share = {.selected = first, .n = n, .tile = n, .once = 1};
    cmlp_matrix x = {0};
    for (int32_t l = 0; l < net->n_layers; l++) {
        const cmlp_layer *layer = &net->layers[l];
        void *a = layer_output(job, tile, l, first);
        if (l) {
            cmlp_weighted_sums(net, job->params, l, &x, n, a);
        } else {
            cmlp_first_layer(&job->data, job->params, &share, &tile->input, a, tile->input.converted);
            cmlp_fault fault = cmlp_check_sums(&job->data, a, first, n, tile->input.converted, 0);
            if (fault.status) return fault;
        }
        net->kernels->activate(layer->activation, layer->parameter, a, a, n, layer->n_out);
        x = (cmlp_matrix){.base = a, .ld = layer->n_out};
    }
    return (cmlp_fault){CMLP_OK, -1, -1};
}

static void forward_share(void *context, cmlp_team *team, int32_t index, int32_t size)
{
    forward_job *job = context;
    cmlp_fault *fault = &job->faults[index];
    cmlp_space space = {.base = job->run->workspace};
    tile_space tile;
    const int64_t rows = tile_rows(job->data.n);
    const int sparse = cmlp_is_sparse(&job->data);
    (void)team;
    (void)size;
    lay_out(&space, job->data.net, sparse, rows, &tile);
    for (int32_t i = 0; i < index; i++) lay_out(&space, job->data.net, sparse, rows, &tile);
    cmlp_input_begin(job->data.net, &tile.input);
    for (;;) {
        if (index == 0 && cmlp_poll(job->run)) cmlp_atomic_store(&job->stopped, 1);
        if (cmlp_atomic_load(&job->stopped)) return;
        const int64_t first = cmlp_atomic_add(&job->next, 1) * job->step, left = job->data.n - first;
        if (left <= 0) return;
        *fault = forward_tile(job, &tile, first, left < job->step ? left : job->step);
        if (fault->status) cmlp_atomic_store(&job->stopped, 1);
    }
}

static int forward(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *const *outputs,
                   void *last_output, cmlp_run *run)
{
    forward_job job;
    int status = cmlp_check_data(&job.data, net, rows, NULL, NULL, &run->refused);
    if (!status) status = cmlp_check_block(net, params, "params", run);
    if (!status) status = cmlp_check_block(net, last_output, outputs ? "outputs" : "output", run);
    if (status) return status;
    int32_t threads = cmlp_worthwhile_threads(&job.data, job.data.n, 1, run->n_threads);
    const int64_t n = job.data.n > 0 ? job.data.n : 1;
    status = cmlp_check_workspace(run, cmlp_forward_space(net, cmlp_is_sparse(&job.data), n, run->n_threads));
    if (status) return status;
    job.params = params;
    job.outputs = outputs;
    job.last_output = last_output;
    job.run = run;
    job.step = step_rows(job.data.n, threads);
    cmlp_atomic_init(&job.next, 0);
    cmlp_atomic_init(&job.stopped, 0);
    for (int32_t i = 0; i < threads; i++) job.faults[i] = (cmlp_fault){CMLP_OK, -1, -1};
    cmlp_team_run(threads, forward_share, &job);
    cmlp_fault fault = cmlp_first_fault(job.faults, threads);
    if (!fault.status && cmlp_atomic_load(&job.stopped)) fault.status = CMLP_CANCELLED;
    return cmlp_report(run, &job.data, fault);
}

int cmlp_forward(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *output, cmlp_run *run)
{
    cmlp_frame frame;
    int status = cmlp_begin_call(&frame, run);
    if (!status) status = forward(net, params, rows, NULL, output, &frame.run);
    return cmlp_end_call(&frame, status);
}

static int check_outputs(const cmlp_net *net, void *const *outputs, cmlp_run *run)
{
    int status = cmlp_check_net(net);
    if (status) return cmlp_refuse(&run->refused, status, "net");
    if (!outputs) return cmlp_refuse(&run->refused, CMLP_ERROR_NULL, "outputs");
    for (int32_t l = 0; l < net->n_layers && !status; l++) status = cmlp_check_block(net, outputs[l], "outputs", run);
    return status;
}

int cmlp_activations(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *const *outputs,
                     cmlp_run *run)
{
    cmlp_frame frame;
    int status = cmlp_begin_call(&frame, run);
    if (!status) status = check_outputs(net, outputs, &frame.run);
    if (!status) status = forward(net, params, rows, outputs, outputs[net->n_layers - 1], &frame.run);
    return cmlp_end_call(&frame, status);
}
