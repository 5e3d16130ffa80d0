#include "weights.h"

#include "../data/sparse.h"
#include "../base/sums.h"

#if CMLP_BUILD_TRAINING

#define SQUARE_ROWS 16 /* weight rows per sum of squares */

/* In batches of up to STEP_ROWS rows the step is most of the work. The gradient is then computed in blocks of
 * STEP_BYTES bytes, each followed by its step. All blocks reuse the same memory, so that weights and moments stay in
 * the L2 cache. */
#ifndef STEP_BYTES
#define STEP_BYTES 65536
#endif
#define STEP_ROWS 64

/* What a thread does for a layer and a microbatch: weight rows [k0, k1), with the biases if `biases` is 1. */
typedef struct weight_part {
    int32_t layer;
    int64_t k0, k1;
    int biases;
    void *sums;    /* address of weight row 0's sums; may be before the memory of the part */
    int64_t n;     /* rows of the microbatch */
    int is_first, is_last; /* whether it is the first or the last one of the batch */
    uint64_t *column_mask; /* column mask of the first layer's input, or NULL */
    int masked;    /* whether the rows of that input have nonzero masks */
    int32_t index; /* of the thread */
} weight_part;

/* ------------------------------------------------------------------------------------------------- squares */

int64_t cmlpi_n_squares(const cmlpi_layer *layer) { return (layer->n_in + SQUARE_ROWS - 1) / SQUARE_ROWS; }

static void squares_of(cmlpi_batch_job *job, int32_t l, int64_t k0, int64_t k1)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_layer *layer = &net->layers[l];
    double *squares = job->memory.squares;
    for (int32_t i = 0; i < l; i++) squares += cmlpi_n_squares(&net->layers[i]);
    for (int64_t k = k0; k < k1; k += SQUARE_ROWS) {
        const int64_t rows = k1 - k < SQUARE_ROWS ? k1 - k : SQUARE_ROWS;
        const void *w = cmlpi_at(net, job->params, layer->weights + k * layer->n_out);
        squares[k / SQUARE_ROWS] = net->kernels->square_sum(w, rows, layer->n_out);
    }
}

double cmlpi_penalty(const cmlpi_batch_job *job)
{
    const double *alphas = job->objective.alphas;
    const cmlp_net *net = job->data.net;
    const double *squares = job->memory.squares;
    cmlpi_sum sum = {0};
    for (int32_t l = 0; l < net->depth; l++)
        for (int64_t g = cmlpi_n_squares(&net->layers[l]); g > 0; g--, squares++)
            cmlpi_sum_add(&sum, alphas ? alphas[l] * *squares : *squares);
    return 0.5 * (alphas ? 1 : job->objective.alpha) * cmlpi_sum_total(&sum);
}

void cmlpi_compute_squares(cmlpi_batch_job *job)
{
    for (int32_t l = 0; l < job->data.net->depth; l++)
        squares_of(job, l, 0, job->data.net->layers[l].n_in);
}

/* ------------------------------------------------------------------------------------------------ gradient */

/* What the gradient kernel does with the microbatch's rows [i, end). */
static cmlpi_gradient_output rows_output(const cmlpi_batch_job *job, const weight_part *part, int64_t i, int64_t end)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_layer *layer = &net->layers[part->layer];
    const double *alphas = job->objective.alphas;
    return (cmlpi_gradient_output){.d = cmlpi_at(net, job->memory.layers[part->layer].deltas, i * layer->n_out),
                                   .k0 = part->k0, .k1 = part->k1, .n_out = layer->n_out,
                                   .is_first = part->is_first && !i,
                                   .sums = part->sums, .w = cmlpi_at(net, job->params, layer->weights),
                                   .mode = !part->is_last || end < part->n ? CMLPI_KEEP_SUM
                                           : job->step.when == CMLPI_STEP_IN_KERNEL ? CMLPI_UPDATE : CMLPI_GRADIENT,
                                   .alpha = alphas ? alphas[part->layer] : job->objective.alpha,
                                   .inverse = 1 / job->row_weight_sum,
                                   .rate = job->step.kernel.rate,
                                   .tuning = net->tuning};
}

static const void **row_pointers(const cmlpi_batch_job *job, int32_t index)
{
    return job->memory.pointers + index * cmlpi_chunk_rows(&job->memory);
}

/* Inputs of a layer: n rows of the microbatch from row `first` on. */
static cmlpi_dense_input layer_input(const cmlpi_batch_job *job, const weight_part *part, int64_t first, int64_t n)
{
    const cmlp_net *net = job->data.net;
    const void **list = row_pointers(job, part->index);
    if (!part->layer && n) {
        cmlpi_dense_input a = cmlpi_gathered_rows(net, &job->memory.input, first, n, part->masked, part->index);
        a.column_mask = part->column_mask;
        return a;
    }
    const cmlpi_layer *layer = &net->layers[part->layer];
    for (int64_t i = 0; i < n; i++)
        list[i] = cmlpi_at(net, job->memory.layers[part->layer - 1].activations, (first + i) * layer->n_in);
    return (cmlpi_dense_input){.n_rows = n, .list = list, .copy = cmlpi_copy_buffer(&job->memory.input, part->index)};
}

/* Biases have no penalty. */
static void bias_gradient(const cmlpi_batch_job *job, const weight_part *part, int64_t n, cmlpi_gradient_output to)
{
    const cmlp_net *net = job->data.net;
    const int64_t biases = net->layers[part->layer].biases;
    to.sums = cmlpi_at(net, job->memory.gradient, biases);
    to.w = cmlpi_at(net, job->params, biases);
    to.alpha = 0;
    net->kernels->bias_gradient(n, &to);
}

/* The first layer's weights, for sparse rows: all rows of a microbatch are sorted by column at once. */
static void compute_sparse_gradient(cmlpi_batch_job *job, const weight_part *part)
{
    const cmlp_net *net = job->data.net;
    for (int64_t i = 0, m; i < part->n; i += m) {
        m = part->n - i < CMLPI_CSR_ROWS ? part->n - i : CMLPI_CSR_ROWS;
        const cmlpi_csr x = cmlpi_sparse_matrix(&job->data, job->memory.input.sparse + i, m);
        const cmlpi_gradient_output to = rows_output(job, part, i, i + m);
        net->kernels->csr_gradient(&x, &to, cmlpi_thread_scratch(job, part->index));
    }
}

static void compute_gradient(cmlpi_batch_job *job, const weight_part *part)
{
    const cmlp_net *net = job->data.net;
    const int sparse = !part->layer && part->n && cmlpi_is_sparse(&job->data);
    int64_t i = 0, m;
    if (sparse) compute_sparse_gradient(job, part);
    do { /* runs once even without rows, for the epilogue */
        m = part->n - i < CMLPI_CHUNK ? part->n - i : CMLPI_CHUNK;
        const cmlpi_gradient_output to = rows_output(job, part, i, i + m);
        if (!sparse) {
            const cmlpi_dense_input a = layer_input(job, part, i, m);
            net->kernels->gradient(&a, &to);
        }
        if (part->biases) bias_gradient(job, part, m, to);
        i += m;
    } while (i < part->n);
}

/* ---------------------------------------------------------------------------------------------------- step */

/* Optimizer step of a part of the weights. */
static void step_part(const cmlpi_batch_job *job, const weight_part *part)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_layer *layer = &net->layers[part->layer];
    const int64_t from = part->k0 * layer->n_out, n = (part->k1 - part->k0) * layer->n_out;
    cmlpi_step_elements(net, &job->step, job->params, cmlpi_at(net, part->sums, from), layer->weights + from, n, 0);
    if (part->biases)
        cmlpi_step_elements(net, &job->step, job->params, cmlpi_at(net, job->memory.gradient, layer->biases), layer->biases,
                            layer->n_out, 1);
}

/* Weight rows per block of gradient and step: a multiple of SQUARE_ROWS, whose sums of squares may follow. */
static int64_t block_rows(const cmlp_net *net, const cmlpi_layer *layer)
{
    const int64_t rows = STEP_BYTES / (layer->n_out * (int64_t)net->element);
    return rows < SQUARE_ROWS ? SQUARE_ROWS : rows / SQUARE_ROWS * SQUARE_ROWS;
}

/* Gradient and step of a part in blocks of some weight rows, which all use the same memory for the gradient. */
static void step_in_blocks(cmlpi_batch_job *job, const weight_part *part)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_layer *layer = &net->layers[part->layer];
    const int64_t rows = block_rows(net, layer);
    const size_t row = (size_t)layer->n_out * net->element;
    weight_part block = *part;
    do { /* runs once even without weight rows, for the biases */
        block.k1 = part->k1 - block.k0 < rows ? part->k1 : block.k0 + rows;
        block.biases = part->biases && block.k1 == part->k1;
        block.sums = (void *)((uintptr_t)part->sums - (size_t)(block.k0 - part->k0) * row);
        compute_gradient(job, &block);
        step_part(job, &block);
        block.k0 = block.k1;
    } while (block.k0 < part->k1);
}

/* Weight rows [k0, k1) of a layer: the part of a thread, in multiples of `unit` rows. */
static weight_part part_of(const cmlpi_batch_job *job, int32_t layer, int64_t k0, int64_t k1,
                           int64_t unit, cmlpi_thread self)
{
    const cmlp_net *net = job->data.net;
    weight_part part = {.layer = layer, .biases = !self.index, .masked = 1, .index = self.index};
    cmlpi_team_range(k1 - k0, unit, self.index, self.size, &part.k0, &part.k1);
    part.k0 += k0;
    part.k1 += k0;
    for (int32_t i = 0; i < self.size; i++) part.masked &= job->memory.masked[i];
    if (!layer) part.column_mask = cmlpi_merge_column_masks(net, &job->memory.input, self);
    part.sums = cmlpi_at(net, job->memory.gradient, net->layers[layer].weights);
    return part;
}

void cmlpi_weights_microbatch(cmlpi_batch_job *job, int64_t t, int64_t n, cmlpi_thread self)
{
    const cmlp_net *net = job->data.net;
    const int is_last = t + n == job->n;
    const int steps = is_last && job->step.when == CMLPI_STEP_AFTER_GRADIENT;
    const int updates = steps || (is_last && job->step.when == CMLPI_STEP_IN_KERNEL);
    const int in_blocks = steps && !t && n <= STEP_ROWS && !job->step.keeps_gradient;
    const int64_t unit = job->penalized ? SQUARE_ROWS : CMLPI_GROUP;
    for (int32_t l = 0; l < net->depth; l++) {
        weight_part part = part_of(job, l, 0, net->layers[l].n_in, unit, self);
        part.n = n;
        part.is_first = !t;
        part.is_last = is_last;
        if (in_blocks && (l || !cmlpi_is_sparse(&job->data))) {
            step_in_blocks(job, &part);
        } else {
            compute_gradient(job, &part);
            if (steps) step_part(job, &part);
        }
        if (updates && job->penalized) squares_of(job, l, part.k0, part.k1);
    }
}

void cmlpi_weights_accumulate(cmlpi_batch_job *job, int64_t n, int64_t begin, int64_t end, cmlpi_thread self)
{
    const cmlp_net *net = job->data.net;
    for (int32_t l = 0; n && l < net->depth; l++) {
        const cmlpi_layer *layer = &net->layers[l];
        if (end <= layer->weights || begin >= layer->biases + layer->n_out) continue;
        const int64_t k0 = begin > layer->weights ? (begin - layer->weights) / layer->n_out : 0;
        const int64_t k1 = end < layer->biases ? (end - layer->weights) / layer->n_out : layer->n_in;
        weight_part part = part_of(job, l, k0, k1, CMLPI_GROUP, self);
        part.n = n;
        part.biases &= end > layer->biases;
        compute_gradient(job, &part);
    }
}

void cmlpi_weights_step(cmlpi_batch_job *job, cmlpi_thread self)
{
    const cmlp_net *net = job->data.net;
    for (int32_t l = 0; l < net->depth; l++) {
        weight_part part = {.layer = l, .biases = !self.index};
        part.sums = cmlpi_at(net, job->memory.gradient, net->layers[l].weights);
        cmlpi_team_range(net->layers[l].n_in, SQUARE_ROWS, self.index, self.size, &part.k0, &part.k1);
        step_part(job, &part);
        if (job->penalized) squares_of(job, l, part.k0, part.k1);
    }
}

#endif
