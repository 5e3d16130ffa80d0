#include "build.h"
#if CMLP_BUILDS_TRAINING

#include "backward.h"

#include "forward.h"
#include "sparse.h"
#include "weights.h"

/* Rows of a batch that are on the way at once: whole chunks, so that sums over rows do not depend on it; fewer where
 * a network is so large that two chunks would keep a caller waiting who wants to cancel. */
#define TILE_ROWS (2 * CMLP_CHUNK)
#define LARGE_NET 1000000 /* parameters */
#define LONG_TILE 10000000 /* rows times parameters: half a millisecond and more */
#define TARGET_ELEMENTS 4096 /* targets are made dense for so many elements at a time, or for one row */

cmlp_matrix cmlp_layer_input(const cmlp_batch_job *job, int32_t l, int64_t first)
{
    int64_t n_in = job->data.net->layers[l].n_in;
    return (cmlp_matrix){.base = cmlp_at(job->data.net, job->activations[l - 1], first * n_in), .ld = n_in};
}

/* ------------------------------------------------------------------------------------ workspace, checks */

static int64_t target_rows(const cmlp_net *net)
{
    int64_t rows = TARGET_ELEMENTS / cmlp_n_out(net);
    return rows > 0 ? rows : 1;
}

/* Rows whose deltas are turned at once: so many that W is read once for all, in whole vectors. */
static int64_t delta_block(const cmlp_net *net, int64_t rows)
{
    const int64_t step = 2 * net->kernels->lanes;
    return rows < CMLP_CHUNK ? (rows + step - 1) / step * step : CMLP_CHUNK;
}

static size_t scratch_size(const cmlp_net *net, int call, int64_t rows)
{
    cmlp_space targets = {0}, deltas = {0}, sparse = {0};
    int64_t widest = cmlp_n_in(net) > net->widest ? cmlp_n_in(net) : net->widest;
    cmlp_take(&targets, target_rows(net) * cmlp_n_out(net), net->element);
    cmlp_take(&targets, cmlp_n_in(net), net->element);
    cmlp_take(&deltas, 2 * delta_block(net, rows) * widest, net->element);
    if (call & CMLP_CALL_CSR) {
        if (rows > CMLP_CSR_ROWS) rows = CMLP_CSR_ROWS;
        cmlp_take(&sparse, cmlp_csr_block(rows, cmlp_n_in(net), (int64_t)net->element), 1);
    }
    if (targets.overflow || deltas.overflow || sparse.overflow) return 0;
    const size_t most = targets.used > deltas.used ? targets.used : deltas.used;
    return most > sparse.used ? most : sparse.used;
}

static void lay_out(cmlp_space *space, cmlp_batch_job *job, const cmlp_net *net, int call, int64_t batch_rows,
                    int32_t n_threads)
{
    const int64_t most = net->n_params < LARGE_NET ? TILE_ROWS : CMLP_CHUNK;
    const int64_t rows = batch_rows < most ? batch_rows : most;
    int64_t groups = 0;
    job->tile_rows = rows;
    const int csr = call & CMLP_CALL_CSR;
    cmlp_input_lay_out(space, net, csr, rows, n_threads, 1, &job->input);
    for (int32_t l = 0; l < net->n_layers; l++) {
        job->activations[l] = cmlp_take(space, rows * net->layers[l].n_out, net->element);
        job->deltas[l] = cmlp_take(space, rows * net->layers[l].n_out, net->element);
        job->slope_from[l] = cmlp_describe_activation(net->layers[l].activation)->needs_sums
                                 ? cmlp_take(space, rows * net->layers[l].n_out, net->element)
                                 : job->activations[l];
        groups += cmlp_square_groups(&net->layers[l]);
    }
    job->costs = cmlp_take(space, rows, sizeof(double));
    job->weights = cmlp_take(space, rows, sizeof(double));
    job->squares = cmlp_take(space, groups, sizeof(double));
    job->scratch_size = scratch_size(net, call, rows);
    if (!job->scratch_size) space->overflow = 1;
    job->scratch = cmlp_take(space, n_threads, job->scratch_size ? job->scratch_size : 1);
    job->gradient = (call & ~CMLP_CALL_CSR) == CMLP_CALL_TRAIN ? cmlp_take(space, net->n_params, net->element) : NULL;
}

size_t cmlp_batch_space(const cmlp_net *net, int call, int64_t batch_rows, int32_t n_threads)
{
    cmlp_batch_job job;
    cmlp_space space = {0};
    lay_out(&space, &job, net, call, batch_rows, n_threads);
    return space.overflow ? 0 : space.used;
}

static int read_objective(cmlp_objective *objective, const cmlp_objective *given, const char **refused)
{
    const int status = CMLP_READ(objective, given, cmlp_objective, log_loss_clip);
    if (status) return cmlp_refuse(refused, status, "objective");
    if (objective->loss_scale == 0) objective->loss_scale = 1;
    const double alpha = objective->alpha, scale = objective->loss_scale, clip = objective->log_loss_clip;
    if (!(alpha >= 0 && alpha <= DBL_MAX)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->alpha");
    if (!(scale > 0 && scale <= DBL_MAX)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->loss_scale");
    if (!(clip >= 0 && clip < 0.5)) return cmlp_refuse(refused, CMLP_ERROR_OPTION, "objective->log_loss_clip");
    return CMLP_OK;
}

int cmlp_batch_prepare(cmlp_batch_job *job, const cmlp_net *net, const void *params, const cmlp_rows *rows,
                       const cmlp_targets *targets, const cmlp_objective *objective, cmlp_run *run, int call,
                       int64_t batch_rows)
{
    int status = read_objective(&job->objective, objective, &run->refused);
    if (status) return status;
    if (!targets) return cmlp_refuse(&run->refused, CMLP_ERROR_NULL, "targets");
    status = cmlp_check_data(&job->data, net, rows, targets, job->objective.row_weights, &run->refused);
    if (status) return status;
    if (!job->data.n) return cmlp_refuse(&run->refused, CMLP_ERROR_ROWS, rows->order ? "rows->n_order" : "rows->n_rows");
    status = cmlp_check_block(net, params, "params", run);
    if (status) return status;
    if (!batch_rows || batch_rows > job->data.n) batch_rows = job->data.n;
    if (cmlp_is_sparse(&job->data)) call |= CMLP_CALL_CSR;
    status = cmlp_check_workspace(run, cmlp_batch_space(net, call, batch_rows, run->n_threads));
    if (status) return status;
    cmlp_space space = {.base = run->workspace};
    lay_out(&space, job, net, call, batch_rows, run->n_threads);
    cmlp_input_begin(net, &job->input);
    job->run = run;
    job->params = params;
    job->input_gradient = NULL;
    for (int32_t i = 0; i < run->n_threads; i++) job->faults[i] = (cmlp_fault){CMLP_OK, -1, -1};
    return CMLP_OK;
}

/* -------------------------------------------------------------------- a share of rows: forward, cost, deltas */

static cmlp_fault forward_rows(cmlp_batch_job *job, int64_t selected, int64_t a, int64_t n, void *scratch,
                               int32_t index)
{
    const cmlp_net *net = job->data.net;
    const cmlp_rows_share share = {.selected = selected, .n = n, .a = a, .tile = job->tile_rows, .index = index};
    for (int32_t l = 0; l < net->n_layers; l++) {
        const cmlp_layer *layer = &net->layers[l];
        void *z = cmlp_at(net, job->slope_from[l], a * layer->n_out);
        if (l) {
            const cmlp_matrix x = cmlp_layer_input(job, l, a);
            cmlp_weighted_sums(net, job->params, l, &x, n, z);
        } else {
            job->marked[index] = cmlp_first_layer(&job->data, job->params, &share, &job->input, z, scratch);
            cmlp_fault fault = cmlp_check_sums(&job->data, z, selected, n, scratch, 1);
            if (fault.status) return fault;
        }
        if (l < net->n_layers - 1)
            net->kernels->activate(layer->activation, layer->parameter, z,
                                   cmlp_at(net, job->activations[l], a * layer->n_out), n, layer->n_out);
    }
    return (cmlp_fault){CMLP_OK, -1, -1};
}

/* Whether the loss reads class indices as they are. */
static int takes_labels(const cmlp_data *data)
{
    return data->targets->kind == CMLP_CLASSES && data->net->loss == CMLP_LOG_LOSS &&
           cmlp_output_activation(data->net) == CMLP_SOFTMAX && cmlp_n_out(data->net) <= CMLP_TURNED_OUTPUTS;
}

/* The output layer's activations, costs and deltas; its weighted sums stand in the activations. */
static cmlp_fault output_rows(cmlp_batch_job *job, int64_t selected, int64_t a, int64_t n, int want_delta,
                              void *scratch)
{
    const cmlp_net *net = job->data.net;
    const int32_t last = net->n_layers - 1;
    const int64_t n_out = cmlp_n_out(net), most = target_rows(net);
    cmlp_loss_values values = {.activation = cmlp_output_activation(net),
                               .loss = net->loss,
                               .parameter = net->loss_parameter,
                               .scale = job->objective.loss_scale,
                               .clip = job->objective.log_loss_clip};
    cmlp_gather_weights(&job->data, selected, n, job->weights + a);
    const int labelled = takes_labels(&job->data);
    for (int64_t i = 0, m; i < n; i += m) {
        m = n - i < most ? n - i : most;
        if (labelled)
            cmlp_gather_labels(&job->data, selected + i, m, scratch);
        else
            cmlp_gather_targets(&job->data, selected + i, m, scratch);
        values.labels = labelled ? scratch : NULL;
        values.weights = job->data.weights ? job->weights + a + i : NULL;
        net->kernels->loss(&values, cmlp_at(net, job->activations[last], (a + i) * n_out), scratch,
                           cmlp_at(net, job->deltas[last], (a + i) * n_out), m, n_out, want_delta,
                           job->costs + a + i);
    }
    for (int64_t i = 0; i < n; i++)
        if (!cmlp_is_finite(job->costs[a + i])) {
            int64_t column = cmlp_bad_target(&job->data, selected + i, scratch);
            return (cmlp_fault){column < 0 ? CMLP_ERROR_DIVERGED : CMLP_ERROR_TARGET, selected + i, column};
        }
    return (cmlp_fault){CMLP_OK, -1, -1};
}

/* previous[i, k] = sum_j delta[i, j] w[k, j]. What is less is turned: W, or the deltas. If these, W is read as it
 * stands, and the vectors run across rows. */
static void delta_product(const cmlp_net *net, const void *params, int32_t l, const void *delta, int64_t n,
                          void *previous, void *scratch)
{
    const cmlp_kernels *kernels = net->kernels;
    const cmlp_layer *layer = &net->layers[l];
    const int64_t block = delta_block(net, n), n_in = layer->n_in, n_out = layer->n_out;
    const cmlp_matrix w = {.base = cmlp_at(net, params, layer->weights), .ld = n_out};
    const cmlp_matrix deltas = {.base = delta, .ld = n_out};
    void *turned = scratch, *product = cmlp_at(net, scratch, block * n_out);
    if (n_in * n_out <= (n < block ? n : block) * (n_in + n_out)) {
        kernels->transpose(w.base, n_out, n_in, n_out, turned, n_in);
        kernels->dense(&deltas, n, n_out, turned, n_in, NULL, n_in, previous, n_in);
        return;
    }
    for (int64_t i = 0, m; i < n; i += m) {
        m = n - i < block ? n - i : block;
        kernels->transpose(cmlp_at(net, delta, i * n_out), n_out, m, n_out, turned, block);
        kernels->dense(&w, n_in, n_out, turned, block, NULL, m, product, block);
        kernels->transpose(product, block, n_in, m, cmlp_at(net, previous, i * n_in), n_in);
    }
}

static void backward_rows(cmlp_batch_job *job, int64_t selected, int64_t a, int64_t n, void *scratch)
{
    const cmlp_net *net = job->data.net;
    for (int32_t l = net->n_layers - 1; l > 0; l--) {
        const cmlp_layer *layer = &net->layers[l];
        void *previous = cmlp_at(net, job->deltas[l - 1], a * layer->n_in);
        delta_product(net, job->params, l, cmlp_at(net, job->deltas[l], a * layer->n_out), n, previous, scratch);
        net->kernels->derivative(net->layers[l - 1].activation, net->layers[l - 1].parameter,
                                 cmlp_at(net, job->slope_from[l - 1], a * layer->n_in), previous, n * layer->n_in);
    }
    if (!job->input_gradient) return;
    const int64_t n_in = cmlp_n_in(net);
    void *out = cmlp_at(net, job->input_gradient, selected * n_in);
    delta_product(net, job->params, 0, cmlp_at(net, job->deltas[0], a * net->layers[0].n_out), n, out, scratch);
    net->kernels->multiply(out, n * n_in, job->data.rows->scale);
}

/* Computes rows [a, end) of the tile that starts at the selected row `first`. The calling thread polls between passes:
 * a poll that reads the clock takes 1 % of a small batch. */
static cmlp_fault tile_rows_share(cmlp_batch_job *job, int64_t first, int64_t a, int64_t end, void *scratch,
                                  int32_t index)
{
    const int want_delta = job->gradient || job->input_gradient;
    const int64_t n = end - a, selected = first + a;
    const int polls = index == 0, again = polls && want_delta && n * job->data.net->n_params > LONG_TILE;
    cmlp_fault fault = forward_rows(job, selected, a, n, scratch, index);
    if (!fault.status) fault = output_rows(job, selected, a, n, want_delta, scratch);
    if (!fault.status && polls && cmlp_poll(job->run)) fault.status = CMLP_CANCELLED;
    if (!fault.status && want_delta) backward_rows(job, selected, a, n, scratch);
    if (!fault.status && again && cmlp_poll(job->run)) fault.status = CMLP_CANCELLED;
    return fault;
}

/* ------------------------------------------------------------------------------------------------- the batch */

static void add_costs(const cmlp_batch_job *job, int64_t n, cmlp_sum *cost)
{
    for (int64_t i = 0; i < n; i++)
        cmlp_sum_add(cost, job->data.weights ? job->costs[i] * job->weights[i] : job->costs[i]);
}

int cmlp_batch_member(cmlp_batch_job *job, int64_t first, int64_t n, const cmlp_batch_end *end, cmlp_sum *cost,
                      cmlp_team *team, int32_t index, int32_t size)
{
    const double weight_sum = cmlp_weight_sum(&job->data, first, n);
    void *scratch = job->scratch + (size_t)index * job->scratch_size;
    for (int64_t t = 0, m; t < n; t += m) {
        int64_t a, b;
        if (t) cmlp_team_wait(team, index);
        m = n - t < job->tile_rows ? n - t : job->tile_rows;
        cmlp_team_share(m, 1, index, size, &a, &b);
        job->faults[index] = tile_rows_share(job, first + t, a, b, scratch, index);
        cmlp_team_wait(team, index);
        if (cmlp_first_fault(job->faults, size).status) return 0;
        if (index == 0) add_costs(job, m, cost);
        const cmlp_batch_tile tile = {.n = m, .first = t == 0, .last = t + m == n, .weight_sum = weight_sum,
                                      .end = end};
        if (job->gradient) cmlp_weights_share(job, &tile, index, size);
    }
    return 1;
}

#else
typedef int cmlp_not_empty_backward;
#endif
