#include "backward.h"

#include <string.h>

#include "dropout.h"
#include "layer.h"
#include "output.h"
#include "weights.h"

#if CMLP_BUILDS_TRAINING

/* No result depends on the sizes that are defined inside #ifndef, here and in other files: tests compile them with tiny
 * values, so that small networks take the paths of large ones.
 *
 * Rows of a microbatch. A multiple of CMLP_CHUNK, so that sums over rows do not depend on it; one chunk if the network
 * is so large that two would delay cancellation. */
#ifndef MICROBATCH_ROWS
#define MICROBATCH_ROWS (2 * CMLP_CHUNK)
#endif
#ifndef LARGE_NET
#define LARGE_NET 1000000 /* parameters */
#endif
#ifndef DELTA_WEIGHTS
#define DELTA_WEIGHTS 1024 /* weight rows per block of delta_product(): bounds its scratch memory */
#endif
_Static_assert(MICROBATCH_ROWS > 0 && MICROBATCH_ROWS % CMLP_CHUNK == 0, "whole chunks");

/* ------------------------------------------------------------------------------------ workspace, checks */

/* Rows whose deltas are transposed at once, in whole vectors. W is read once per block of rows. */
static int64_t delta_block(const cmlp_net *net, int64_t rows)
{
    const int64_t step = 2 * net->kernels->lanes;
    return rows < CMLP_CHUNK ? (rows + step - 1) / step * step : CMLP_CHUNK;
}

/* Whether to transpose W instead of the deltas of n rows: the smaller of the two. */
static int transposes_weights(const cmlp_net *net, const cmlp_dense_layer *layer, int64_t n)
{
    const int64_t block = delta_block(net, n);
    return layer->n_in * layer->n_out <= (n < block ? n : block) * (layer->n_in + layer->n_out);
}

/* Elements of scratch memory of delta_product() for up to `rows` rows. */
static int64_t delta_elements(const cmlp_net *net, const cmlp_dense_layer *layer, int64_t rows)
{
    const int64_t block_weights = layer->n_in < DELTA_WEIGHTS ? layer->n_in : DELTA_WEIGHTS;
    const int64_t deltas = delta_block(net, rows) * (layer->n_out + block_weights);
    const int64_t weights = layer->n_in * layer->n_out;
    return transposes_weights(net, layer, rows) && weights > deltas ? weights : deltas;
}

static int trains(int call) { return (call & ~(CMLP_CALL_CSR | CMLP_CALL_DROPOUT)) == CMLP_CALL_TRAIN; }

static size_t scratch_size(const cmlp_net *net, int call, int64_t rows)
{
    cmlp_space output = {0}, deltas = {0}, sparse = {0};
    int64_t max_deltas = 0;
    for (int32_t l = trains(call); l < net->depth; l++) { /* training needs no input gradient */
        const int64_t elements = delta_elements(net, &net->layers[l], rows);
        if (elements > max_deltas) max_deltas = elements;
    }
    cmlp_output_lay_out(&output, net, rows, !trains(call));
    cmlp_take(&output, cmlp_n_in(net), net->element);
    cmlp_take(&deltas, max_deltas, net->element);
    if (call & CMLP_CALL_CSR) {
        if (rows > CMLP_CSR_ROWS) rows = CMLP_CSR_ROWS;
        cmlp_take(&sparse, cmlp_csr_block(rows, cmlp_n_in(net), (int64_t)net->element), 1);
    }
    if (output.overflow || deltas.overflow || sparse.overflow) return 0;
    const size_t dense = output.used > deltas.used ? output.used : deltas.used;
    return dense > sparse.used ? dense : sparse.used;
}

static int needs_sums(const cmlp_net *net, int32_t l)
{
    return cmlp_describe_activation(net->layers[l].activation)->needs_sums;
}

/* Rows whose activations are kept. With several workers these are all rows of a worker: their gradient waits for the
 * sums of the worker before. */
static int64_t most_rows(const cmlp_net *net, int64_t batch_rows, int32_t n_workers)
{
    const int64_t chunks = (batch_rows - 1) / CMLP_CHUNK + 1;
    if (n_workers > 1) return ((chunks - 1) / n_workers + 1) * CMLP_CHUNK;
    return net->n_params < LARGE_NET ? MICROBATCH_ROWS : CMLP_CHUNK;
}

static void lay_out(cmlp_space *space, cmlp_batch_job *job, const cmlp_net *net, int call, int64_t batch_rows,
                    int32_t n_workers, int32_t n_threads)
{
    const int64_t max_rows = most_rows(net, batch_rows, n_workers);
    const int64_t rows = batch_rows < max_rows ? batch_rows : max_rows;
    int64_t n_squares = 0;
    job->microbatch_rows = rows;
    const int csr = call & CMLP_CALL_CSR;
    cmlp_input_lay_out(space, net, csr, rows, n_threads, 1, &job->input);
    job->layers = cmlp_take(space, net->depth, sizeof *job->layers);
    for (int32_t l = 0; l < net->depth; l++) {
        const int64_t elements = rows * net->layers[l].n_out;
        const int keeps_sums = l < net->depth - 1 && (needs_sums(net, l) || call & CMLP_CALL_DROPOUT);
        cmlp_layer_space layer;
        layer.activations = cmlp_take(space, elements, net->element);
        layer.deltas = cmlp_take(space, elements, net->element);
        layer.slope_input = keeps_sums ? cmlp_take(space, elements, net->element) : layer.activations;
        if (space->base) job->layers[l] = layer;
        n_squares += cmlp_n_squares(&net->layers[l]);
    }
    job->faults = cmlp_take(space, n_threads, sizeof(cmlp_fault));
    job->masked = cmlp_take(space, n_threads, sizeof(int));
    job->team = cmlp_take(space, 1, cmlp_team_space(n_threads));
    job->costs = cmlp_take(space, rows, sizeof(double));
    job->plain_costs = job->costs;
    if (cmlp_has_plain_loss(net) && !trains(call)) job->plain_costs = cmlp_take(space, rows, sizeof(double));
    job->weights = cmlp_take(space, rows, sizeof(double));
    job->squares = cmlp_take(space, n_squares, sizeof(double));
    job->pointers = cmlp_take(space, n_threads * (rows < CMLP_CHUNK ? rows : CMLP_CHUNK), sizeof(void *));
    job->scratch_size = scratch_size(net, call, rows);
    if (!job->scratch_size) space->overflow = 1;
    job->scratch = cmlp_take(space, n_threads, job->scratch_size ? job->scratch_size : 1);
    job->message = cmlp_take(space, n_workers > 1, CMLP_MESSAGE_BYTES);
    job->gradient = trains(call) ? cmlp_take(space, net->n_params, net->element) : NULL;
}

size_t cmlp_batch_space(const cmlp_net *net, int call, int64_t batch_rows, int32_t n_workers, int32_t n_threads)
{
    cmlp_batch_job job;
    cmlp_space space = {0};
    lay_out(&space, &job, net, call, batch_rows, n_workers, n_threads);
    return space.overflow ? 0 : space.used;
}

static cmlp_status check_layers(const cmlp_net *net, const cmlp_objective *objective, const char **refused)
{
    for (int32_t l = 0; objective->alphas && l < net->depth; l++)
        if (!(objective->alphas[l] >= 0 && objective->alphas[l] <= DBL_MAX))
            return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->alphas");
    for (int32_t l = 0; objective->dropout && l < net->depth - 1; l++)
        if (!(objective->dropout[l] >= 0 && objective->dropout[l] < 1))
            return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->dropout");
    if (objective->dropout_row < 0) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->dropout_row");
    return CMLP_OK;
}

static int is_penalized(const cmlp_net *net, const cmlp_objective *objective)
{
    if (!objective->alphas) return objective->alpha > 0;
    for (int32_t l = 0; l < net->depth; l++)
        if (objective->alphas[l] > 0) return 1;
    return 0;
}

static cmlp_status read_objective(cmlp_objective *objective, const cmlp_objective *given, const char **refused)
{
    const cmlp_status status = CMLP_READ(objective, given, cmlp_objective, dropout_seed);
    if (status) return cmlp_refuse(refused, status, "objective");
    if (objective->loss_scale == 0) objective->loss_scale = 1;
    const double alpha = objective->alpha, scale = objective->loss_scale, clip = objective->log_loss_clip;
    if (!(alpha >= 0 && alpha <= DBL_MAX)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->alpha");
    if (!(scale > 0 && scale <= DBL_MAX)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->loss_scale");
    if (!(clip >= 0 && clip < 0.5)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->log_loss_clip");
    return CMLP_OK;
}

cmlp_status cmlp_batch_prepare(cmlp_batch_job *job, const cmlp_batch_arguments *given, int call, int64_t batch_rows,
                               int32_t n_workers)
{
    const cmlp_net *net = given->net;
    cmlp_run *run = given->run;
    cmlp_status status = read_objective(&job->objective, given->objective, &run->refused);
    if (status) return status;
    if (job->objective.loss) run->n_threads = 1; /* the library's copy of the run */
    if (!given->targets) return cmlp_refuse(&run->refused, CMLP_ERROR_NULL, "targets");
    status = cmlp_check_data(&job->data, net, given->rows, given->targets, job->objective.row_weights, run);
    if (status) return status;
    status = check_layers(net, &job->objective, &run->refused);
    if (status) return status;
    if (!job->data.n)
        return cmlp_refuse(&run->refused, CMLP_ERROR_ROWS, given->rows->order ? "rows->n_order" : "rows->n_rows");
    status = cmlp_check_array(net, given->params, "params", run);
    if (status) return status;
    if (!batch_rows || batch_rows > job->data.n) batch_rows = job->data.n;
    if (cmlp_is_sparse(&job->data)) call |= CMLP_CALL_CSR;
    if (job->objective.dropout) call |= CMLP_CALL_DROPOUT;
    status = cmlp_check_workspace(run, cmlp_batch_space(net, call, batch_rows, n_workers, run->n_threads));
    if (status) return status;
    cmlp_space space = {.base = run->workspace};
    lay_out(&space, job, net, call, batch_rows, n_workers, run->n_threads);
    cmlp_input_begin(net, &job->input);
    job->run = run;
    job->params = given->params;
    job->input_gradient = NULL;
    job->all_deltas = NULL;
    job->plain_sum = NULL;
    if (job->objective.loss) job->plain_costs = job->costs;
    job->penalized = is_penalized(net, &job->objective);
    for (int32_t i = 0; i < run->n_threads; i++) job->faults[i] = (cmlp_fault){CMLP_OK, -1, -1};
    return CMLP_OK;
}

/* -------------------------------------------------------------------- a share of rows: forward, cost, deltas */

/* Activations of a hidden layer, from its weighted sums. The argument of its slope stays in slope_input, without
 * dropout. */
static void activate_rows(cmlp_batch_job *job, int32_t l, int64_t selected, int64_t a, int64_t n)
{
    const cmlp_net *net = job->data.net;
    const cmlp_dense_layer *layer = &net->layers[l];
    void *z = cmlp_at(net, job->layers[l].slope_input, a * layer->n_out),
         *out = cmlp_at(net, job->layers[l].activations, a * layer->n_out);
    void *activations = needs_sums(net, l) ? out : z;
    cmlp_activate_rows(net, l, z, activations, n);
    if (activations != out) memcpy(out, activations, (size_t)(n * layer->n_out) * net->element);
    cmlp_drop(&job->data, &job->objective, l, selected, n, out);
}

/* Sets the first layer's sums z of rows of weight 0 to 0, because infinity times a weight of 0 would not be 0. */
static void clear_ignored(const cmlp_data *data, void *z, int64_t selected, int64_t n)
{
    const int64_t n_out = data->net->layers[0].n_out;
    for (int64_t i = 0; data->weights && i < n; i++)
        if (cmlp_is_ignored(data, selected + i))
            memset(cmlp_at(data->net, z, i * n_out), 0, (size_t)n_out * data->net->element);
}

static cmlp_fault forward_rows(cmlp_batch_job *job, int64_t selected, int64_t a, int64_t n, void *scratch,
                               int32_t index)
{
    const cmlp_net *net = job->data.net;
    const cmlp_rows_share share = {
        .selected = selected, .n = n, .a = a, .microbatch = job->microbatch_rows, .index = index};
    for (int32_t l = 0; l < net->depth; l++) {
        const cmlp_dense_layer *layer = &net->layers[l];
        void *z = cmlp_at(net, job->layers[l].slope_input, a * layer->n_out);
        if (l) {
            const cmlp_dense_input x = {.rows = n, .n_in = layer->n_in, .ld = layer->n_in,
                                        .base = cmlp_at(net, job->layers[l - 1].activations, a * layer->n_in),
                                        .copy = cmlp_copy_space(&job->input, index)};
            cmlp_layer_sums(net, job->params, l, &x, z);
        } else {
            job->masked[index] = cmlp_first_layer(&job->data, job->params, &share, &job->input, z, scratch);
            cmlp_fault fault = cmlp_check_sums(&job->data, z, selected, n, scratch, 1);
            if (fault.status) return fault;
            clear_ignored(&job->data, z, selected, n);
        }
        if (l < net->depth - 1) activate_rows(job, l, selected, a, n);
    }
    return (cmlp_fault){CMLP_OK, -1, -1};
}

/* previous[i, k] = sum_j delta[i, j] w[k, j]. The smaller matrix is transposed: W or the deltas. With transposed
 * deltas, a vector holds one element of several rows, and W is read without a copy. */
static void delta_product(cmlp_batch_job *job, int32_t l, const void *delta, int64_t n, void *previous, void *scratch,
                          int32_t index)
{
    const cmlp_net *net = job->data.net;
    const cmlp_kernels *kernels = net->kernels;
    const cmlp_dense_layer *layer = &net->layers[l];
    const int64_t block = delta_block(net, n), n_in = layer->n_in, n_out = layer->n_out;
    const char *weights = cmlp_at(net, job->params, layer->weights);
    void *transposed = scratch, *product = cmlp_at(net, scratch, block * n_out),
         *copy = cmlp_copy_space(&job->input, index);
    if (transposes_weights(net, layer, n)) {
        const cmlp_dense_input deltas = {.rows = n, .n_in = n_out, .base = delta, .ld = n_out, .copy = copy};
        const cmlp_product to = {.w = transposed, .ldw = n_in, .n_out = n_in, .z = previous, .ldz = n_in,
                                 .tuning = net->tuning};
        kernels->transpose(weights, n_out, n_in, n_out, transposed, n_in);
        kernels->dense(&deltas, &to);
        return;
    }
    for (int64_t i = 0, m; i < n; i += m) {
        m = n - i < block ? n - i : block;
        kernels->transpose(cmlp_at(net, delta, i * n_out), n_out, m, n_out, transposed, block);
        for (int64_t k = 0; k < n_in; k += DELTA_WEIGHTS) {
            const int64_t rows = n_in - k < DELTA_WEIGHTS ? n_in - k : DELTA_WEIGHTS;
            const cmlp_dense_input w = {.rows = rows, .n_in = n_out, .base = cmlp_at(net, weights, k * n_out),
                                        .ld = n_out, .copy = copy};
            const cmlp_product to = {.w = transposed, .ldw = block, .n_out = m, .z = product, .ldz = block,
                                     .tuning = net->tuning};
            kernels->dense(&w, &to);
            kernels->transpose(product, block, rows, m, cmlp_at(net, previous, i * n_in + k), n_in);
        }
    }
}

/* From the gradient with respect to the scaled inputs to that with respect to the caller's values. */
static void scale_input_gradient(const cmlp_data *data, void *gradient, int64_t n)
{
    const double *factors = data->rows->factors;
    const int64_t n_in = cmlp_n_in(data->net);
    if (!factors) {
        data->net->kernels->multiply(gradient, n * n_in, data->rows->scale);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n_in; j++)
            if (data->net->dtype == CMLP_FLOAT32)
                ((float *)gradient)[i * n_in + j] *= (float)factors[j];
            else
                ((double *)gradient)[i * n_in + j] *= factors[j];
}

static void backward_rows(cmlp_batch_job *job, int64_t selected, int64_t a, int64_t n, void *scratch, int32_t index)
{
    const cmlp_net *net = job->data.net;
    for (int32_t l = net->depth - 1; l > 0; l--) {
        const cmlp_dense_layer *layer = &net->layers[l];
        void *previous = cmlp_at(net, job->layers[l - 1].deltas, a * layer->n_in);
        delta_product(job, l, cmlp_at(net, job->layers[l].deltas, a * layer->n_out), n, previous, scratch, index);
        cmlp_drop(&job->data, &job->objective, l - 1, selected, n, previous);
        net->kernels->derivative(net->layers[l - 1].activation, net->layers[l - 1].parameter,
                                 cmlp_at(net, job->layers[l - 1].slope_input, a * layer->n_in), previous,
                                 n * layer->n_in);
    }
    for (int32_t l = 0; job->all_deltas && l < net->depth; l++) {
        const int64_t n_out = net->layers[l].n_out;
        memcpy(cmlp_at(net, job->all_deltas[l], selected * n_out), cmlp_at(net, job->layers[l].deltas, a * n_out),
               (size_t)(n * n_out) * net->element);
    }
    if (!job->input_gradient) return;
    const int64_t n_in = cmlp_n_in(net);
    void *out = cmlp_at(net, job->input_gradient, selected * n_in);
    delta_product(job, 0, cmlp_at(net, job->layers[0].deltas, a * net->layers[0].n_out), n, out, scratch, index);
    scale_input_gradient(&job->data, out, n);
}

/* Computes rows [a, end) of the microbatch that starts at the selected row `first`. The calling thread polls before
 * each pass: forward, backward, and the gradient that follows. */
static cmlp_fault share_rows(cmlp_batch_job *job, int64_t first, int64_t a, int64_t end, void *scratch,
                                  int32_t index)
{
    const int want_delta = job->gradient || job->input_gradient || job->all_deltas;
    const int64_t n = end - a, selected = first + a;
    const cmlp_run *const polls = index ? NULL : job->run;
    const cmlp_fault cancelled = {CMLP_CANCELLED, -1, -1};
    if (polls && cmlp_polls_cancel(polls)) return cancelled;
    cmlp_fault fault = forward_rows(job, selected, a, n, scratch, index);
    if (!fault.status) fault = cmlp_output_rows(job, selected, a, n, want_delta, scratch);
    if (fault.status || !want_delta) return fault;
    if (polls && cmlp_polls_cancel(polls)) return cancelled;
    backward_rows(job, selected, a, n, scratch, index);
    return polls && cmlp_polls_cancel(polls) ? cancelled : fault;
}

/* ------------------------------------------------------------------------------------------------- the batch */

void cmlp_batch_rows(cmlp_batch_job *job, int64_t first, int64_t n, cmlp_team *team, int32_t index, int32_t size)
{
    int64_t a, b;
    cmlp_team_share(n, 1, index, size, &a, &b);
    job->faults[index] = share_rows(job, first, a, b, job->scratch + (size_t)index * job->scratch_size, index);
    cmlp_team_wait(team, index);
}

void cmlp_batch_clipped_step(cmlp_batch_job *job, const cmlp_batch_end *end, cmlp_team *team, int32_t index,
                             int32_t size)
{
    if (!cmlp_clips(end)) return;
    cmlp_team_wait(team, index); /* for the whole gradient */
    if (index == 0) cmlp_clip(job->data.net, job->gradient, end->step);
    cmlp_team_wait(team, index);
    cmlp_weights_step(job, end, index, size);
}

int cmlp_batch_member(cmlp_batch_job *job, int64_t first, int64_t n, const cmlp_batch_end *end, cmlp_sum *cost,
                      cmlp_team *team, int32_t index, int32_t size)
{
    const double weight_sum = cmlp_weight_sum(&job->data, first, n);
    for (int64_t t = 0, m; t < n; t += m) {
        if (t) cmlp_team_wait(team, index);
        m = n - t < job->microbatch_rows ? n - t : job->microbatch_rows;
        cmlp_batch_rows(job, first + t, m, team, index, size);
        if (cmlp_first_fault(job->faults, size).status) return 0;
        if (index == 0) cmlp_batch_costs(job, job->costs, m, cost);
        if (index == 0 && job->plain_sum) cmlp_batch_costs(job, job->plain_costs, m, job->plain_sum);
        const cmlp_microbatch microbatch = {.n = m, .first = t == 0, .last = t + m == n, .weight_sum = weight_sum,
                                      .end = end};
        if (job->gradient) cmlp_weights_share(job, &microbatch, index, size);
    }
    cmlp_batch_clipped_step(job, end, team, index, size);
    return 1;
}

#endif
