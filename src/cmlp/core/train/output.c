#include "output.h"

#include <string.h>

#include "../kernels/losses.h"
#include "../forward/layer.h"

#if CMLP_BUILD_TRAINING

#ifndef TARGET_ELEMENTS
#define TARGET_ELEMENTS 4096 /* converted at once; at least one row */
#endif

static int64_t target_rows(const cmlp_net *net, int64_t rows)
{
    const int64_t max_rows = TARGET_ELEMENTS / cmlpi_n_out(net);
    return rows < max_rows ? rows : max_rows > 0 ? max_rows : 1;
}

static int32_t plain_loss(int32_t loss)
{
    switch (loss) {
#define CASE(CODE, name, slope, factor, outputs, targets, parameter, lower_limit, limit, plain) \
    case CMLP_LOSS_##CODE: return CMLP_LOSS_##plain;
        CMLPI_LOSSES(CASE)
#undef CASE
    default: return loss;
    }
}

int cmlpi_has_plain_loss(const cmlp_net *net) { return plain_loss(net->loss) != net->loss; }

void cmlpi_output_lay_out(cmlpi_arena *arena, const cmlp_net *net, int64_t rows, int has_plain)
{
    const int64_t elements = target_rows(net, rows) * cmlpi_n_out(net);
    cmlpi_arena_alloc(arena, elements, net->element > sizeof(int32_t) ? net->element : sizeof(int32_t));
    if (has_plain && cmlpi_has_plain_loss(net)) cmlpi_arena_alloc(arena, elements, net->element);
}

/* Whether the loss kernel reads class indices directly. */
static int reads_class_indices(const cmlpi_data *data, int32_t loss)
{
    return data->targets.kind == CMLP_TARGETS_CLASSES && loss == CMLP_LOSS_LOG &&
           cmlpi_output_activation(data->net) == CMLP_ACTIVATION_SOFTMAX &&
           cmlpi_n_out(data->net) <= CMLPI_TRANSPOSED_OUTPUTS;
}

/* Computes the activations `a` of the output layer from the weighted sums z of the rows of a call, and calls the caller's
 * loss. It sets *call->of_sums if its slopes are derivatives with respect to z. Returns 0 if the loss ends the call. */
static int call_loss(const cmlpi_batch_job *job, int64_t selected, void *z, void *a, cmlp_loss_call *call)
{
    const cmlp_net *net = job->data.net;
    call->struct_size = sizeof *call;
    call->rows = job->memory.indices;
    call->n_out = cmlpi_n_out(net);
    call->dtype = net->dtype;
    call->outputs = a;
    call->sums = z;
    *call->of_sums = 0;
    for (int64_t i = 0; i < call->n_rows; i++) job->memory.indices[i] = cmlpi_row_index(&job->data, selected + i);
    cmlpi_activate_rows(net, net->depth - 1, z, a, call->n_rows);
    return !job->objective.loss(job->objective.loss_context, call);
}

/* The plain costs of n rows, before the net's loss. The kernel overwrites the weighted sums z unless it reads class
 * indices: otherwise it gets a copy, behind the targets in the scratch memory. */
static void compute_plain_costs(const cmlpi_batch_job *job, cmlpi_loss_values plain_values, int64_t selected, int64_t n,
                                void *z, void *deltas, void *targets, double *costs)
{
    const cmlp_net *net = job->data.net;
    const int64_t n_out = cmlpi_n_out(net);
    void *copy = cmlpi_at(net, targets, n * n_out);
    plain_values.loss = plain_loss(net->loss);
    plain_values.wants_delta = 0;
    if (reads_class_indices(&job->data, plain_values.loss)) {
        cmlpi_gather_class_indices(&job->data, selected, n, copy);
        plain_values.class_indices = copy;
    } else {
        memcpy(copy, z, (size_t)(n * n_out) * net->element);
        z = copy;
    }
    net->kernels->loss(&plain_values, z, targets, deltas, n, n_out, costs);
}

/* The fault of the first of n rows whose cost is not finite. */
static cmlpi_fault check_costs(const cmlpi_batch_job *job, const double *costs, int64_t selected, int64_t n,
                               void *scratch)
{
    for (int64_t i = 0; i < n; i++)
        if (!cmlpi_is_finite(costs[i])) {
            int64_t column = cmlpi_bad_target(&job->data, selected + i, scratch);
            return (cmlpi_fault){column < 0 ? CMLP_ERROR_DIVERGED : CMLP_ERROR_TARGET, selected + i, column};
        }
    return cmlpi_fault_of(CMLP_OK);
}

cmlpi_fault cmlpi_output_rows(cmlpi_batch_job *job, const cmlpi_row_range *range, int wants_delta)
{
    const cmlp_net *net = job->data.net;
    const cmlpi_batch_memory *memory = &job->memory;
    const cmlpi_layer_memory *output = &memory->layers[net->depth - 1];
    const int64_t selected = range->selected, at = range->at, n = range->n;
    const int64_t n_out = cmlpi_n_out(net), max_rows = target_rows(net, n);
    void *const scratch = cmlpi_thread_scratch(job, range->index);
    cmlpi_loss_values values = {.activation = cmlpi_output_activation(net),
                                .loss = net->loss,
                                .parameter = net->loss_parameter,
                                .quantiles = cmlpi_quantiles(net),
                                .wants_delta = wants_delta,
                                .is_given = job->objective.loss != NULL,
                                .scale = job->objective.loss_scale,
                                .clip = job->objective.log_loss_clip};
    cmlpi_gather_row_weights(&job->data, selected, n, memory->row_weights + at);
    const int by_class_index = reads_class_indices(&job->data, net->loss) && !job->objective.loss;
    const int has_plain = job->derivatives && memory->plain_costs != memory->costs;
    for (int64_t i = 0, m; i < n; i += m) {
        m = n - i < max_rows ? n - i : max_rows;
        if (by_class_index)
            cmlpi_gather_class_indices(&job->data, selected + i, m, scratch);
        else
            cmlpi_gather_targets(&job->data, selected + i, m, scratch);
        values.class_indices = by_class_index ? scratch : NULL;
        values.row_weights = job->data.row_weights ? memory->row_weights + at + i : NULL;
        void *z = cmlpi_at(net, output->activations, (at + i) * n_out),
             *deltas = cmlpi_at(net, output->deltas, (at + i) * n_out);
        if (values.is_given) {
            void *const sums = cmlpi_at(net, output->slope_input, (at + i) * n_out);
            int32_t of_sums;
            cmlp_loss_call call = {.n_rows = m, .targets = scratch, .costs = memory->costs + at + i, .slopes = deltas,
                                   .of_sums = &of_sums};
            if (!call_loss(job, selected + i, sums, z, &call)) return cmlpi_fault_of(CMLP_CANCELLED);
            values.activation = of_sums ? CMLP_ACTIVATION_IDENTITY : cmlpi_output_activation(net);
        }
        if (has_plain) compute_plain_costs(job, values, selected + i, m, z, deltas, scratch, memory->plain_costs + at + i);
        if (wants_delta || !values.is_given)
            net->kernels->loss(&values, z, scratch, deltas, m, n_out, memory->costs + at + i);
    }
    const cmlpi_fault faults[2] = {check_costs(job, memory->costs + at, selected, n, scratch),
                                   check_costs(job, memory->plain_costs + at, selected, has_plain ? n : 0, scratch)};
    return cmlpi_first_fault(faults, 2);
}

void cmlpi_add_costs(const cmlpi_batch_job *job, const double *costs, int64_t n, cmlpi_sum *sum)
{
    cmlpi_sum total = *sum; /* written once, because other threads read what is beside it */
    for (int64_t i = 0; i < n; i++)
        cmlpi_sum_add(&total, job->data.row_weights ? costs[i] * job->memory.row_weights[i] : costs[i]);
    *sum = total;
}

#endif
