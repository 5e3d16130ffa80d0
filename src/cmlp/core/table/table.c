/* The networks of a table predict a raw row: each sees the row's inputs, and the result is the mean of their outputs. */
#include <float.h>

#include "table.h"

#include "../base/arguments.h"
#include "../forward/forward.h"

#if CMLP_BUILD_TABLES
cmlp_status cmlpi_table_scratch_lay_out(const cmlpi_table_sizes *sizes, void *memory, size_t *size,
                                        cmlpi_table_scratch *scratch)
{
    const cmlp_net *net = sizes->widest;
    const size_t workspace_size = cmlpi_forward_bytes(net, 0, sizes->n_rows, 1);
    cmlpi_arena arena = {memory ? cmlpi_aligned(memory) : NULL, 0, 0};
    if (!workspace_size) return CMLP_ERROR_OVERFLOW;
    scratch->raw = cmlpi_arena_alloc(&arena, sizes->n_columns, sizeof(double));
    scratch->result = cmlpi_arena_alloc(&arena, sizes->n_rows * cmlpi_n_out(net), sizeof(double));
    scratch->numbers = cmlpi_arena_alloc(&arena, sizes->n_numbers, sizeof(double));
    scratch->statistics = cmlpi_arena_alloc(&arena, sizes->n_statistics, sizeof(float));
    scratch->order = cmlpi_arena_alloc(&arena, sizes->n_categories, sizeof(int32_t));
    for (int i = 0; i < 2; i++)
        scratch->inputs[i] = cmlpi_arena_alloc(&arena, sizes->n_rows * cmlpi_n_in(net), net->element);
    scratch->row.output = cmlpi_arena_alloc(&arena, sizes->n_rows * cmlpi_n_out(net), net->element);
    scratch->row.workspace_size = cmlpi_with_slack(workspace_size);
    scratch->row.workspace = cmlpi_arena_alloc(&arena, 1, scratch->row.workspace_size);
    cmlpi_arena_alloc(&arena, 1, CMLPI_ALIGNMENT); /* for memory that is not aligned */
    *size = arena.used;
    return arena.overflow ? CMLP_ERROR_OVERFLOW : CMLP_OK;
}

const cmlp_net *cmlpi_table_widest(const cmlp_table *table)
{
    const cmlp_net *widest = table->nets[0].net;
    for (int64_t i = 1; i < table->n_nets; i++)
        if (cmlpi_n_in(table->nets[i].net) > cmlpi_n_in(widest)) widest = table->nets[i].net;
    return widest;
}

#define MAX_THRESHOLD (1 + DBL_EPSILON) /* above all probabilities: the label is 0 */

cmlp_status cmlpi_check_targets(const cmlp_table *table)
{
    if (!(table->threshold >= 0 && table->threshold <= MAX_THRESHOLD)) return CMLP_ERROR_OPTION;
    for (int64_t j = 0; j < table->n_targets; j++) {
        const cmlp_table_target *t = &table->targets[j];
        const int finite =
            cmlpi_is_finite(t->centre) && cmlpi_is_finite(t->scale) && cmlpi_is_finite(t->low) && cmlpi_is_finite(t->high);
        if (!finite || !(t->scale > 0) || t->low > t->high) return CMLP_ERROR_OPTION;
    }
    return CMLP_OK;
}

static double limited(double value, const cmlp_table_target *target)
{
    return value < target->low ? target->low : value > target->high ? target->high : value;
}

void cmlpi_table_add(const cmlp_table *table, int64_t i, const void *outputs, int64_t n, double *result)
{
    const cmlp_net *net = table->nets[i].net;
    for (int64_t j = 0; j < n * cmlpi_n_out(net); j++) {
        double value = cmlpi_get(net, outputs, j);
        if (table->targets) value = limited(value, cmlpi_target_of(table, j));
        result[j] = i ? result[j] + value : value;
    }
}

static void take_mean(const cmlp_table *table, int64_t n, double *result)
{
    for (int64_t j = 0; j < n; j++) {
        const cmlp_table_target *target = cmlpi_target_of(table, j);
        result[j] = result[j] / (double)table->n_nets;
        if (target) result[j] = result[j] * target->scale + target->centre;
    }
}

/* Divides the probabilities of each row by their sum: it is 1 only up to the rounding of the networks' outputs. */
static void normalize(int64_t n, int64_t n_out, double *result)
{
    for (double *row = result; n-- > 0; row += n_out) {
        double sum = row[0];
        for (int64_t j = 1; j < n_out; j++) sum += row[j];
        for (int64_t j = 0; j < n_out; j++) row[j] = row[j] / sum;
    }
}

/* Computes the inputs that the networks need: without bins, with them, or both. */
int cmlpi_table_inputs(const cmlp_table *table, const double *raw, int64_t index, const cmlpi_table_scratch *scratch)
{
    cmlp_table_encoder encoder = {.columns = table->columns, .n_columns = table->n_columns, .dtype = table->nets[0].net->dtype};
    int done[2] = {0, 0};
    const int64_t wide = cmlpi_columns_width(table->columns, table->n_columns, 1);
    for (int64_t i = 0; i < table->n_nets && !(done[0] && done[1]); i++) {
        const cmlp_net *net = table->nets[i].net;
        const int bins = cmlpi_n_in(net) == wide;
        encoder.has_bins = bins;
        void *const inputs = cmlpi_at(net, scratch->inputs[bins], index * cmlpi_n_in(net));
        if (!done[bins] && !cmlpi_encode_row(&encoder, raw, inputs)) return 0;
        done[bins] = 1;
    }
    return 1;
}

/* Computes the outputs of n encoded rows. A single one has no need of the checks of cmlp_forward. */
static cmlp_status forward_microbatch_of_table(const cmlp_net *net, const void *params, const void *inputs, int64_t n,
                                const cmlpi_row_memory *memory)
{
    const cmlp_rows rows = cmlp_dense_rows(inputs, net->dtype, n, cmlpi_n_in(net));
    cmlp_run run = {.struct_size = sizeof run, .workspace = memory->workspace,
                    .workspace_size = memory->workspace_size, .n_threads = 1};
    const cmlp_prediction outputs = {.struct_size = sizeof outputs, .outputs = memory->output,
                                     .n_outputs = n * cmlpi_n_out(net)};
    if (n != 1) return cmlp_forward(net, params, net->n_params, &rows, &outputs, &run);
    if (memory->workspace_size < cmlpi_with_slack(net->row.forward)) return CMLP_ERROR_BUFFER_SIZE;
    return cmlpi_forward_row(net, params, inputs, &outputs, memory->workspace).status;
}

/* Adapts the outputs for n rows to ordered labels. Each is the probability of the labels above one of them, so none may be
 * larger than the one before it. The label of a row is the last one that has, with those above it, more than half. */
static void adapt_to_order(int64_t n_out, int64_t n, int32_t *class_indices, double *outputs)
{
    for (int64_t i = 0; i < n; i++, outputs += n_out) {
        int64_t class_index = n_out;
        for (int64_t k = 1; k < n_out; k++)
            if (outputs[k] > outputs[k - 1]) outputs[k] = outputs[k - 1];
        double sum = outputs[n_out - 1]; /* of the probabilities of this label and those above it */
        while (class_index > 0 && !(sum > 0.5)) {
            class_index--;
            if (class_index > 0) sum += outputs[class_index - 1] - outputs[class_index];
        }
        if (class_indices) class_indices[i] = (int32_t)class_index;
    }
}

void cmlpi_table_combine(const cmlp_table *table, int is_ordered, int64_t n, int32_t *class_indices, double *result)
{
    const int64_t n_out = cmlpi_n_out(table->nets[0].net);
    take_mean(table, n * n_out, result);
    if (!table->targets && cmlpi_output_activation(table->nets[0].net) == CMLP_ACTIVATION_SOFTMAX) normalize(n, n_out, result);
    if (is_ordered) {
        adapt_to_order(n_out, n, class_indices, result);
        return;
    }
    for (int64_t i = 0; class_indices && i < n; i++)
        class_indices[i] = table->targets         ? -1
                           : table->has_threshold ? result[i] >= table->threshold
                                                  : cmlpi_class_of(table->nets[0].net, result + i * n_out, CMLP_FLOAT64);
}

cmlp_status cmlpi_table_outputs(const cmlp_table *table, int is_ordered, int64_t n, int32_t *class_indices, double *result,
                                const cmlpi_table_scratch *scratch)
{
    const int64_t wide = cmlpi_columns_width(table->columns, table->n_columns, 1);
    for (int64_t i = 0; i < table->n_nets; i++) {
        const cmlp_net *net = table->nets[i].net;
        const int64_t n_in = cmlpi_n_in(net);
        const cmlp_status status =
            forward_microbatch_of_table(net, table->nets[i].params, scratch->inputs[n_in == wide], n, &scratch->row);
        if (status) return status;
        cmlpi_table_add(table, i, scratch->row.output, n, result);
    }
    cmlpi_table_combine(table, is_ordered, n, class_indices, result);
    return CMLP_OK;
}

cmlp_status cmlpi_table_row(const cmlp_table *table, int is_ordered, const double *raw, int32_t *class_index,
                            double *result, const cmlpi_table_scratch *scratch)
{
    const cmlpi_float_mode mode = cmlpi_enter_mode();
    cmlp_status status = cmlpi_table_inputs(table, raw, 0, scratch) ? CMLP_OK : CMLP_ERROR_INPUT;
    if (!status) status = cmlpi_table_outputs(table, is_ordered, 1, class_index, result, scratch);
    cmlpi_leave_mode(mode);
    return status;
}
#endif
