/* The networks of a table predict a raw row: each sees the row's inputs, and the result is the mean of their outputs. */
#include "table.h"

#include "arguments.h"

#if CMLP_BUILDS_TABLES
cmlp_status cmlp_table_space(const cmlp_table_sizes *sizes, void *memory, size_t *size, cmlp_table_scratch *scratch)
{
    const cmlp_net *net = sizes->widest;
    size_t row;
    cmlp_space space = {memory ? cmlp_align_up(memory) : NULL, 0, 0};
    const cmlp_status status = cmlp_row_space(net, NULL, &row, &scratch->row);
    if (status) return status;
    scratch->raw = cmlp_take(&space, sizes->n_columns, sizeof(double));
    scratch->result = cmlp_take(&space, cmlp_n_out(net), sizeof(double));
    scratch->numbers = cmlp_take(&space, sizes->n_numbers, sizeof(double));
    scratch->inputs[0] = cmlp_take(&space, cmlp_n_in(net), net->element);
    void *const rest = cmlp_take(&space, 1, row);
    cmlp_take(&space, 1, CMLP_ALIGNMENT); /* for memory that is not aligned */
    *size = space.used;
    if (space.overflow) return CMLP_ERROR_OVERFLOW;
    if (memory) cmlp_row_space(net, rest, &row, &scratch->row);
    scratch->inputs[1] = scratch->row.row;
    return CMLP_OK;
}

const cmlp_net *cmlp_table_widest(const cmlp_table *table)
{
    const cmlp_net *widest = table->nets[0];
    for (int64_t i = 1; i < table->n_nets; i++)
        if (cmlp_n_in(table->nets[i]) > cmlp_n_in(widest)) widest = table->nets[i];
    return widest;
}

cmlp_status cmlp_check_table_columns(const cmlp_table *table)
{
    const double *t = table->target;
    const cmlp_status status = cmlp_check_columns(table->columns, table->n_columns);
    if (status || !t) return status;
    for (int i = 0; i < 4; i++)
        if (!cmlp_is_finite(t[i])) return CMLP_ERROR_OPTION;
    return t[1] > 0 && t[2] <= t[3] ? CMLP_OK : CMLP_ERROR_OPTION;
}

static double limited(double value, const double *target)
{
    return value < target[2] ? target[2] : value > target[3] ? target[3] : value;
}

/* Adds the outputs of a network to the result, or begins with them. */
static void add(const cmlp_table *table, const cmlp_net *net, const void *output, int is_first, double *result)
{
    for (int64_t j = 0; j < cmlp_n_out(net); j++) {
        double value = net->dtype == CMLP_FLOAT32 ? ((const float *)output)[j] : ((const double *)output)[j];
        if (table->target) value = limited(value, table->target);
        result[j] = is_first ? value : result[j] + value;
    }
}

static void finish(const cmlp_table *table, double *result)
{
    const double *target = table->target;
    for (int64_t j = 0; j < cmlp_n_out(table->nets[0]); j++) {
        result[j] = result[j] / (double)table->n_nets;
        if (target) result[j] = result[j] * target[1] + target[0];
    }
}

/* Computes the inputs that the networks need: without bins, with them, or both. */
static int encode(const cmlp_table *table, const double *raw, int64_t wide, void *const *inputs)
{
    cmlp_encoder encoder = {.columns = table->columns, .n_columns = table->n_columns, .dtype = table->nets[0]->dtype};
    int done[2] = {0, 0};
    for (int64_t i = 0; i < table->n_nets; i++) {
        const int bins = cmlp_n_in(table->nets[i]) == wide;
        encoder.has_bins = bins;
        if (!done[bins] && !cmlp_encode_row(&encoder, raw, inputs[bins])) return 0;
        done[bins] = 1;
    }
    return 1;
}

cmlp_status cmlp_table_row(const cmlp_table *table, const double *raw, int32_t *label, double *result,
                           const cmlp_table_scratch *scratch)
{
    const int64_t wide = cmlp_columns_width(table->columns, table->n_columns, 1);
    const cmlp_float_mode mode = cmlp_enter_mode();
    cmlp_status status = encode(table, raw, wide, scratch->inputs) ? CMLP_OK : CMLP_ERROR_INPUT;
    for (int64_t i = 0; i < table->n_nets && !status; i++) {
        const cmlp_net *net = table->nets[i];
        const cmlp_rows row = cmlp_one_row(net, scratch->inputs[cmlp_n_in(net) == wide], net->dtype, 1);
        status = cmlp_forward_row(net, table->params[i], &row, scratch->row.output, &scratch->row);
        if (!status) add(table, net, scratch->row.output, !i, result);
    }
    if (!status) finish(table, result);
    cmlp_leave_mode(mode);
    if (!status && label) *label = table->target ? -1 : cmlp_label_of(table->nets[0], result, CMLP_FLOAT64);
    return status;
}
#endif
