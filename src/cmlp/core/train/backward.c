#include "backward.h"

#include <string.h>

#include "dropout.h"
#include "../forward/layer.h"
#include "../kernels/activations.h"
#include "../kernels/losses.h"
#include "output.h"
#include "weights.h"

#if CMLP_BUILD_TRAINING

/* No result depends on the sizes that are defined inside #ifndef, here and in other files: tests compile them with tiny
 * values, so that small networks take the paths of large ones.
 *
 * Rows of a microbatch. A multiple of CMLPI_CHUNK, so that sums over rows do not depend on it; one chunk if the network
 * is so large that two would delay cancellation. */
#ifndef MICROBATCH_ROWS
#define MICROBATCH_ROWS (2 * CMLPI_CHUNK)
#endif
#ifndef LARGE_NET
#define LARGE_NET 1000000 /* parameters */
#endif
#ifndef DELTA_WEIGHTS
#define DELTA_WEIGHTS 1024 /* weight rows per block of delta_product(): bounds its scratch memory */
#endif
#ifndef SMALL_WEIGHTS
#define SMALL_WEIGHTS 4096 /* of a layer that stays in the L1 cache */
#endif
#ifndef MAX_TRANSPOSED
#define MAX_TRANSPOSED (1 << 20) /* weights of the first layer that an input gradient transposes, in each thread */
#endif
_Static_assert(MICROBATCH_ROWS > 0 && MICROBATCH_ROWS % CMLPI_CHUNK == 0, "whole chunks");

/* ------------------------------------------------------------------------------------ workspace, checks */

/* Rows whose deltas are transposed at once, in whole vectors. W is read once per block of rows. */
static int64_t delta_block(const cmlp_net *net, int64_t rows)
{
    const int64_t step = 2 * net->kernels->lanes;
    return rows < CMLPI_CHUNK ? (rows + step - 1) / step * step : CMLPI_CHUNK;
}

/* Whether to transpose W instead of the deltas of n rows: the smaller of the two, and W if it is small. Few rows would leave
 * lanes of their deltas' vectors empty. In the first layer W may be so large that only input gradients would need its copies,
 * in a workspace that serves training too. */
static int transposes_weights(const cmlp_net *net, const cmlpi_layer *layer, int64_t n)
{
    const int64_t block = delta_block(net, n), n_weights = layer->n_in * layer->n_out;
    if (layer == net->layers && n_weights > MAX_TRANSPOSED) return 0;
    return n_weights <= SMALL_WEIGHTS || n_weights <= (n < block ? n : block) * (layer->n_in + layer->n_out);
}

/* Elements of scratch memory of delta_product() for up to `rows` rows. */
static int64_t delta_elements(const cmlp_net *net, const cmlpi_layer *layer, int64_t rows)
{
    const int64_t block_weights = layer->n_in < DELTA_WEIGHTS ? layer->n_in : DELTA_WEIGHTS;
    const int64_t deltas = delta_block(net, rows) * (layer->n_out + block_weights);
    const int64_t n_weights = layer->n_in * layer->n_out;
    return transposes_weights(net, layer, rows) && n_weights > deltas ? n_weights : deltas;
}

static size_t scratch_size(const cmlp_net *net, int sparse, int trains, int64_t rows)
{
    cmlpi_arena output = {0}, deltas = {0}, sorted = {0};
    int64_t max_deltas = 0;
    for (int32_t l = trains; l < net->depth; l++) { /* training needs no input gradient */
        const int64_t elements = delta_elements(net, &net->layers[l], rows);
        if (elements > max_deltas) max_deltas = elements;
    }
    cmlpi_output_lay_out(&output, net, rows, !trains);
    cmlpi_arena_alloc(&output, cmlpi_n_in(net), net->element);
    cmlpi_arena_alloc(&deltas, max_deltas, net->element);
    if (sparse) {
        if (rows > CMLPI_CSR_ROWS) rows = CMLPI_CSR_ROWS;
        cmlpi_arena_alloc(&sorted, cmlpi_csr_bytes(rows, cmlpi_n_in(net), (int64_t)net->element), 1);
    }
    if (output.overflow || deltas.overflow || sorted.overflow) return 0;
    const size_t dense = output.used > deltas.used ? output.used : deltas.used;
    return dense > sorted.used ? dense : sorted.used;
}

/* Rows whose activations are kept, in batches of n rows. With several workers these are all rows of a worker: their
 * gradient waits for the sums of the worker before. */
static int64_t kept_rows(const cmlp_net *net, int64_t n, const cmlp_workers *workers)
{
    const int64_t chunks = (n - 1) / CMLPI_CHUNK + 1;
    int64_t most = net->n_params < LARGE_NET ? MICROBATCH_ROWS : CMLPI_CHUNK;
    if (cmlpi_are_several(workers)) {
        const int64_t shards = workers->n_shards, all = workers->n_all_shards;
        most = (chunks / all * shards + (chunks % all * shards + all - 1) / all) * CMLPI_CHUNK;
    }
    return n < most ? n : most;
}

/* Rows of the largest batch; 1 if there are none. */
static int64_t largest_batch(const cmlp_rows *rows, const cmlp_epoch *epoch)
{
    const int64_t n = cmlpi_n_selected(rows);
    if (epoch && epoch->batch_size && epoch->batch_size < n) return epoch->batch_size;
    return n ? n : 1;
}

static void lay_out_batch(cmlpi_arena *arena, cmlpi_batch_memory *memory, const cmlp_net *net, const cmlp_rows *rows,
                          const cmlp_objective *objective, const cmlp_epoch *epoch, int32_t n_threads)
{
    const cmlp_workers *workers = epoch ? epoch->workers : NULL;
    const int64_t n_rows = kept_rows(net, largest_batch(rows, epoch), workers);
    const int sparse = rows->kind == CMLP_ROWS_CSR, has_plain = !epoch && !objective->loss && cmlpi_has_plain_loss(net);
    int64_t n_squares = 0;
    memory->n_rows = n_rows;
    if (n_rows > INT64_MAX / 2 / cmlpi_longest_row(net)) {
        arena->overflow = 1;
        return;
    }
    cmlpi_input_lay_out(arena, net, sparse, n_rows, n_threads, 1, &memory->input);
    memory->layers = cmlpi_arena_alloc(arena, net->depth, sizeof *memory->layers);
    for (int32_t l = 0; l < net->depth; l++) {
        const cmlpi_layer *at = &net->layers[l];
        const int64_t elements = n_rows * at->n_out;
        const int is_output = l == net->depth - 1; /* whose sums a loss of the caller gets */
        const int keeps_sums = is_output ? objective->loss != NULL
                                         : cmlpi_slope_is_from_z(at->activation) || objective->dropout_rates;
        cmlpi_layer_memory layer;
        layer.activations = cmlpi_arena_alloc(arena, elements, net->element);
        layer.deltas = cmlpi_arena_alloc(arena, elements, net->element);
        layer.slope_input = keeps_sums ? cmlpi_arena_alloc(arena, elements, net->element) : layer.activations;
        if (arena->base) memory->layers[l] = layer;
        n_squares += cmlpi_n_squares(at);
    }
    memory->faults = cmlpi_arena_alloc(arena, n_threads, sizeof(cmlpi_fault));
    memory->masked = cmlpi_arena_alloc(arena, n_threads, sizeof(int));
    memory->team = cmlpi_arena_alloc(arena, 1, cmlpi_team_bytes(n_threads));
    memory->costs = cmlpi_arena_alloc(arena, n_rows, sizeof(double));
    memory->plain_costs = has_plain ? cmlpi_arena_alloc(arena, n_rows, sizeof(double)) : memory->costs;
    memory->row_weights = cmlpi_arena_alloc(arena, n_rows, sizeof(double));
    memory->indices = cmlpi_arena_alloc(arena, objective->loss ? n_rows : 0, sizeof(int64_t));
    memory->squares = cmlpi_arena_alloc(arena, n_squares, sizeof(double));
    memory->pointers = cmlpi_arena_alloc(arena, n_threads * cmlpi_chunk_rows(memory), sizeof(void *));
    memory->scratch_size = scratch_size(net, sparse, epoch != NULL, n_rows);
    if (!memory->scratch_size) arena->overflow = 1;
    memory->scratch = cmlpi_arena_alloc(arena, (int64_t)memory->scratch_size, (size_t)n_threads);
    memory->message = cmlpi_arena_alloc(arena, cmlpi_are_several(workers), CMLPI_MESSAGE_BYTES);
    memory->gradient = epoch ? cmlpi_arena_alloc(arena, net->n_params, net->element) : NULL;
}

size_t cmlpi_batch_bytes(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                         const cmlp_epoch *epoch, int32_t n_threads)
{
    cmlpi_batch_memory memory;
    cmlpi_arena arena = {0};
    lay_out_batch(&arena, &memory, net, rows, objective, epoch, n_threads);
    return arena.overflow ? 0 : arena.used;
}

cmlp_status cmlpi_batch_lay_out(cmlpi_batch_job *job, const cmlp_epoch *epoch)
{
    const cmlp_net *net = job->data.net;
    cmlp_run *run = job->run;
    const size_t bytes = cmlpi_batch_bytes(net, &job->data.rows, &job->objective, epoch, run->n_threads);
    const cmlp_status status = cmlpi_take_workspace(run, bytes);
    if (status) return status;
    cmlpi_arena arena = {.base = run->workspace};
    lay_out_batch(&arena, &job->memory, net, &job->data.rows, &job->objective, epoch, run->n_threads);
    cmlpi_input_begin(net, &job->memory.input);
    for (int32_t i = 0; i < run->n_threads; i++) job->memory.faults[i] = cmlpi_fault_of(CMLP_OK);
    return CMLP_OK;
}

static cmlp_status check_layers(const cmlp_net *net, const cmlp_objective *objective, cmlp_run *run)
{
    const char **const refused = &run->refused;
    if (cmlpi_misaligned(objective->alphas, sizeof(double)))
        return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "objective->alphas");
    if (objective->n_alphas != (objective->alphas ? net->depth : 0))
        return cmlpi_refuse(refused, CMLP_ERROR_LENGTH, "objective->alphas");
    for (int32_t l = 0; objective->alphas && l < net->depth; l++)
        if (!cmlpi_is_within(objective->alphas[l], 0, DBL_MAX))
            return cmlpi_refuse_element(run, CMLP_ERROR_OPTION, "objective->alphas", l);
    return CMLP_OK;
}

static cmlp_status check_dropout(const cmlp_objective *objective, const cmlp_net *net, int trains, cmlp_run *run)
{
    const char **const refused = &run->refused;
    const double *const rates = objective->dropout_rates;
    if (cmlpi_misaligned(rates, sizeof(double)))
        return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "objective->dropout_rates");
    if (objective->n_dropout_rates != (rates ? net->depth - 1 : 0))
        return cmlpi_refuse(refused, CMLP_ERROR_LENGTH, "objective->dropout_rates");
    for (int32_t l = 0; rates && l < net->depth - 1; l++)
        if (!(rates[l] >= 0 && rates[l] < 1))
            return cmlpi_refuse_element(run, CMLP_ERROR_OPTION, "objective->dropout_rates", l);
    if (rates ? objective->dropout_row < 0 || objective->dropout_row >> 48 : objective->dropout_row != 0)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "objective->dropout_row");
    if ((trains || !rates) && objective->dropout_step)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "objective->dropout_step");
    if (!rates && objective->dropout_seed) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "objective->dropout_seed");
    return objective->reserved ? cmlpi_refuse(refused, CMLP_ERROR_OPTION, "objective->reserved") : CMLP_OK;
}

static int is_penalized(const cmlp_net *net, const cmlp_objective *objective)
{
    if (!objective->alphas) return objective->alpha > 0;
    for (int32_t l = 0; l < net->depth; l++)
        if (objective->alphas[l] > 0) return 1;
    return 0;
}

/* Whether the loss has a cost that can be clipped: its own, or its plain cost. */
static int has_clip(const cmlp_net *net)
{
    return net->loss == CMLP_LOSS_LOG || net->loss == CMLP_LOSS_FOCAL || net->loss == CMLP_LOSS_LABEL_SMOOTHING;
}

static cmlp_status read_objective(cmlp_objective *objective, const cmlp_objective *given, const char **refused)
{
    const cmlp_status status = CMLPI_READ(objective, given, cmlp_objective, loss_context);
    if (status) return cmlpi_refuse(refused, status, "objective");
    if (objective->loss_scale == 0) objective->loss_scale = 1;
    const double alpha = objective->alpha, scale = objective->loss_scale, clip = objective->log_loss_clip;
    if (!cmlpi_is_within(alpha, 0, DBL_MAX)) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "objective->alpha");
    if (!(scale > 0 && cmlpi_is_finite(scale))) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "objective->loss_scale");
    if (!(clip >= 0 && clip < 0.5)) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "objective->log_loss_clip");
    return objective->alphas && alpha != 0 ? cmlpi_refuse(refused, CMLP_ERROR_OPTION, "objective->alpha") : CMLP_OK;
}

cmlp_status cmlpi_batch_read(cmlpi_batch_job *job, const void *params, int64_t n_params, const cmlp_rows *rows,
                             const cmlp_targets *targets, const cmlp_objective *objective)
{
    const cmlp_net *net = job->data.net;
    cmlp_run *run = job->run;
    cmlp_status status = read_objective(&job->objective, objective, &run->refused);
    if (status) return status;
    if (job->objective.loss) run->n_threads = 1; /* the library's copy of the run */
    if (!targets) return cmlpi_refuse(&run->refused, CMLP_ERROR_NULL, "targets");
    status = cmlpi_read_data(&job->data, net, rows, targets, &job->objective, run);
    if (status) return status;
    if (job->objective.loss) job->data.allowed_targets = CMLPI_ANY; /* the caller's loss replaces the net's */
    if (job->objective.log_loss_clip != 0 && (job->objective.loss || !has_clip(net)))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "objective->log_loss_clip");
    status = check_layers(net, &job->objective, run);
    if (!status) status = check_dropout(&job->objective, net, !job->derivatives, run);
    if (status) return status;
    if (!job->data.n) return cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, rows->order ? "rows->n_order" : "rows->n_rows");
    job->params = (void *)(uintptr_t)params; /* written in training only, where the caller can */
    job->penalized = is_penalized(net, &job->objective);
    job->cost_sum = job->plain_cost_sum = (cmlpi_sum){0};
    return cmlpi_check_params(net, params, n_params, "params", run);
}

/* -------------------------------------------------------------------- a range of rows: forward, cost, deltas */

/* Activations of a hidden layer, from its weighted sums. The argument of its slope stays in slope_input, without
 * dropout. */
static void activate_rows(cmlpi_batch_job *job, int32_t l, const cmlpi_row_range *range)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_layer_memory *space = &job->memory.layers[l];
    const int64_t n_out = net->layers[l].n_out;
    void *z = cmlpi_at(net, space->slope_input, range->at * n_out),
         *out = cmlpi_at(net, space->activations, range->at * n_out);
    void *activations = cmlpi_slope_is_from_z(net->layers[l].activation) ? out : z;
    cmlpi_activate_rows(net, l, z, activations, range->n);
    if (activations != out) memcpy(out, activations, (size_t)(range->n * n_out) * net->element);
    cmlpi_apply_dropout(&job->data, &job->objective, l, range->selected, range->n, out);
}

/* Sets the first layer's sums z of rows of weight 0 to 0, because infinity times a weight of 0 would not be 0. */
static void clear_ignored(const cmlpi_data *data, void *z, int64_t selected, int64_t n)
{
    const int64_t n_out = data->net->layers[0].n_out;
    for (int64_t i = 0; data->row_weights && i < n; i++)
        if (cmlpi_is_ignored(data, selected + i))
            memset(cmlpi_at(data->net, z, i * n_out), 0, (size_t)n_out * data->net->element);
}

static cmlpi_fault forward_range(cmlpi_batch_job *job, const cmlpi_row_range *range)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_batch_memory *memory = &job->memory;
    const cmlpi_layer_memory *layers = memory->layers;
    for (int32_t l = 0; l < net->depth; l++) {
        const cmlpi_layer *layer = &net->layers[l];
        void *z = cmlpi_at(net, layers[l].slope_input, range->at * layer->n_out);
        if (l) {
            const cmlpi_dense_input x = {.n_rows = range->n, .n_in = layer->n_in, .ld = layer->n_in,
                                         .base = cmlpi_at(net, layers[l - 1].activations, range->at * layer->n_in),
                                         .copy = cmlpi_copy_buffer(&memory->input, range->index)};
            cmlpi_layer_sums(net, job->params, l, &x, z);
        } else {
            void *const scratch = cmlpi_thread_scratch(job, range->index);
            memory->masked[range->index] =
                cmlpi_first_layer(&job->data, job->params, range, &memory->input, z, scratch);
            const cmlpi_fault fault = cmlpi_check_sums(&job->data, z, range->selected, range->n, scratch, 1);
            if (fault.status) return fault;
            clear_ignored(&job->data, z, range->selected, range->n);
        }
        if (l < net->depth - 1) activate_rows(job, l, range);
    }
    return cmlpi_fault_of(CMLP_OK);
}

/* previous[i, k] = sum_j delta[i, j] w[k, j], for the rows of a range. The smaller matrix is transposed: W or the
 * deltas. With transposed deltas, a vector holds one element of several rows, and W is read without a copy. */
static void delta_product(cmlpi_batch_job *job, int32_t l, const cmlpi_row_range *range, void *previous)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_kernels *kernels = net->kernels;
    const cmlpi_layer *layer = &net->layers[l];
    const int64_t n = range->n, block = delta_block(net, n), n_in = layer->n_in, n_out = layer->n_out;
    const char *weights = cmlpi_at(net, job->params, layer->weights),
               *delta = cmlpi_at(net, job->memory.layers[l].deltas, range->at * n_out);
    void *transposed = cmlpi_thread_scratch(job, range->index), *product = cmlpi_at(net, transposed, block * n_out),
         *copy = cmlpi_copy_buffer(&job->memory.input, range->index);
    if (transposes_weights(net, layer, n)) {
        const cmlpi_dense_input deltas = {.n_rows = n, .n_in = n_out, .base = delta, .ld = n_out, .copy = copy};
        const int is_vector = n_in == 1 || n_out == 1; /* in memory, its own transpose */
        const cmlpi_product to = {.w = is_vector ? weights : transposed, .ldw = n_in, .n_out = n_in, .z = previous,
                                  .ldz = n_in, .tuning = net->tuning};
        if (!is_vector) kernels->transpose(weights, n_out, n_in, n_out, transposed, n_in);
        kernels->dense(&deltas, &to);
        return;
    }
    for (int64_t i = 0, m; i < n; i += m) {
        m = n - i < block ? n - i : block;
        kernels->transpose(cmlpi_at(net, delta, i * n_out), n_out, m, n_out, transposed, block);
        for (int64_t k = 0; k < n_in; k += DELTA_WEIGHTS) {
            const int64_t rows = n_in - k < DELTA_WEIGHTS ? n_in - k : DELTA_WEIGHTS;
            const cmlpi_dense_input w = {.n_rows = rows, .n_in = n_out, .base = cmlpi_at(net, weights, k * n_out),
                                         .ld = n_out, .copy = copy};
            const cmlpi_product to = {.w = transposed, .ldw = block, .n_out = m, .z = product, .ldz = block,
                                      .tuning = net->tuning};
            kernels->dense(&w, &to);
            kernels->transpose(product, block, rows, m, cmlpi_at(net, previous, i * n_in + k), n_in);
        }
    }
}

/* From the gradient with respect to the scaled inputs to that with respect to the caller's values. */
static void scale_input_gradient(const cmlpi_data *data, void *gradient, int64_t n)
{
    const double *factors = data->rows.factors;
    const int64_t n_in = cmlpi_n_in(data->net);
    if (!factors) {
        data->net->kernels->multiply(gradient, n * n_in, data->rows.scale);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n_in; j++)
            if (data->net->dtype == CMLP_FLOAT32)
                ((float *)gradient)[i * n_in + j] *= (float)factors[j];
            else
                ((double *)gradient)[i * n_in + j] *= factors[j];
}

static void backward_rows(cmlpi_batch_job *job, const cmlpi_row_range *range)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_layer_memory *layers = job->memory.layers;
    const int64_t at = range->at, n = range->n, n_in = cmlpi_n_in(net);
    for (int32_t l = net->depth - 1; l > 0; l--) {
        const cmlpi_layer *before = &net->layers[l - 1];
        void *previous = cmlpi_at(net, layers[l - 1].deltas, at * before->n_out);
        delta_product(job, l, range, previous);
        cmlpi_apply_dropout(&job->data, &job->objective, l - 1, range->selected, n, previous);
        net->kernels->derivative(before->activation, before->parameter,
                                 cmlpi_at(net, layers[l - 1].slope_input, at * before->n_out), previous,
                                 n * before->n_out);
    }
    const cmlp_derivatives *wanted = job->derivatives;
    for (int32_t l = 0; wanted && wanted->deltas && l < net->depth; l++) {
        const int64_t n_out = net->layers[l].n_out;
        void *block = cmlpi_layer_block(net, wanted->deltas, l, job->data.n);
        memcpy(cmlpi_at(net, block, range->selected * n_out), cmlpi_at(net, layers[l].deltas, at * n_out),
               (size_t)(n * n_out) * net->element);
    }
    if (!wanted || !wanted->input_gradient) return;
    void *out = cmlpi_at(net, wanted->input_gradient, range->selected * n_in);
    delta_product(job, 0, range, out);
    scale_input_gradient(&job->data, out, n);
}

/* The first fault of some rows of which `input` is a fault in the inputs or sums. The rows before it are computed to the
 * end, because one of them may have a fault of its own, in its targets or costs. */
static cmlpi_fault earlier_fault(cmlpi_batch_job *job, const cmlpi_row_range *range, cmlpi_fault input)
{
    cmlpi_row_range before = *range;
    before.n = input.selected - range->selected;
    if (!before.n) return input;
    forward_range(job, &before);
    const cmlpi_fault earlier = cmlpi_output_rows(job, &before, 0);
    return earlier.status ? earlier : input;
}

/* ------------------------------------------------------------------------------------------------- the batch */

/* The calling thread polls before each pass: forward, backward, and the gradient that follows. */
static cmlpi_fault polled(const cmlpi_batch_job *job, cmlpi_thread self)
{
    const int cancelled = !self.index && cmlpi_polls_cancel(job->run);
    return cmlpi_fault_of(cancelled ? CMLP_CANCELLED : CMLP_OK);
}

void cmlpi_process_rows(cmlpi_batch_job *job, int64_t first, int64_t n, cmlpi_thread self)
{
    int64_t a, b;
    cmlpi_team_range(n, 1, self.index, self.size, &a, &b);
    const cmlpi_row_range range = {
        .selected = first + a, .n = b - a, .at = a, .microbatch = job->memory.n_rows, .index = self.index};
    const cmlp_derivatives *wanted = job->derivatives;
    const int wants_delta = job->memory.gradient || (wanted && (wanted->input_gradient || wanted->deltas));
    cmlpi_fault fault = polled(job, self);
    if (!fault.status) {
        fault = forward_range(job, &range);
        fault = fault.status ? earlier_fault(job, &range, fault) : cmlpi_output_rows(job, &range, wants_delta);
    }
    if (!fault.status && wants_delta) fault = polled(job, self);
    if (!fault.status && wants_delta) {
        backward_rows(job, &range);
        fault = polled(job, self);
    }
    job->memory.faults[self.index] = fault;
    cmlpi_team_barrier(self);
}

void cmlpi_batch_clipped_step(cmlpi_batch_job *job, cmlpi_thread self)
{
    if (job->step.when != CMLPI_STEP_AFTER_NORM) return;
    cmlpi_team_barrier(self); /* for the whole gradient */
    if (!self.index) cmlpi_clip_gradient(job->data.net, job->memory.gradient, &job->step);
    cmlpi_team_barrier(self);
    cmlpi_weights_step(job, self);
}

int cmlpi_process_batch(cmlpi_batch_job *job, cmlpi_thread self)
{
    for (int64_t t = 0, n; t < job->n; t += n) {
        if (t) cmlpi_team_barrier(self);
        n = job->n - t < job->memory.n_rows ? job->n - t : job->memory.n_rows;
        cmlpi_process_rows(job, job->first + t, n, self);
        if (cmlpi_first_fault(job->memory.faults, self.size).status) return 0;
        if (!self.index) cmlpi_add_costs(job, job->memory.costs, n, &job->cost_sum);
        if (!self.index && job->derivatives) cmlpi_add_costs(job, job->memory.plain_costs, n, &job->plain_cost_sum);
        if (job->memory.gradient) cmlpi_weights_microbatch(job, t, n, self);
    }
    cmlpi_batch_clipped_step(job, self);
    return 1;
}

#endif
