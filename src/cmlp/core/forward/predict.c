/* The prediction of a single row, and the class indices of outputs. */
#include "predict.h"

#include "forward.h"

cmlp_status cmlp_row_space(const cmlp_net *net, int64_t n_rows, void *memory, size_t *size, cmlp_row_memory *divided)
{
    const size_t dense = cmlp_forward_space(net, 0, n_rows, 1), sparse = cmlp_forward_space(net, 1, n_rows, 1);
    cmlp_space space = {memory ? cmlp_aligned(memory) : NULL, 0, 0};
    if (!dense || !sparse) return CMLP_ERROR_OVERFLOW;
    divided->workspace_size = cmlp_with_slack(dense > sparse ? dense : sparse);
    divided->row = cmlp_take(&space, n_rows * cmlp_n_in(net), net->element);
    divided->output = cmlp_take(&space, n_rows * cmlp_n_out(net), net->element);
    divided->workspace = cmlp_take(&space, 1, divided->workspace_size);
    cmlp_take(&space, 1, CMLP_ALIGNMENT); /* for memory that is not aligned */
    *size = space.used;
    return space.overflow ? CMLP_ERROR_OVERFLOW : CMLP_OK;
}

cmlp_status cmlp_check_row_space(const cmlp_net *net, void *memory, size_t size, cmlp_row_memory *divided)
{
    size_t needed;
    const cmlp_status status = cmlp_row_space(net, 1, memory, &needed, divided);
    if (status) return status;
    if (!memory) return CMLP_ERROR_NULL;
    return size < needed ? CMLP_ERROR_BUFFER_SIZE : CMLP_OK;
}

cmlp_status cmlp_forward_row(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *output,
                             const cmlp_row_memory *divided)
{
    cmlp_run run = {.struct_size = sizeof run, .workspace = divided->workspace,
                    .workspace_size = divided->workspace_size, .n_threads = 1};
    return cmlp_forward(net, params, rows, output, &run);
}

int32_t cmlp_label_of(const cmlp_net *net, const void *output, int32_t dtype)
{
    const int is_float = dtype == CMLP_FLOAT32;
    const int32_t activation = cmlp_output_activation(net);
    const float *f = output;
    const double *d = output;
    double best = is_float ? f[0] : d[0];
    int32_t label = 0;
    if (activation != CMLP_ACTIVATION_SOFTMAX && activation != CMLP_ACTIVATION_LOGISTIC) return -1;
    if (cmlp_n_out(net) == 1) return activation == CMLP_ACTIVATION_LOGISTIC && best > 0.5;
    for (int32_t i = 1; i < cmlp_n_out(net) && best == best; i++) {
        const double value = is_float ? f[i] : d[i];
        if (value <= best) continue;
        best = value;
        label = i;
    }
    return label;
}

static cmlp_status find_labels(const cmlp_net *net, const void *output, int64_t n_rows, int32_t *labels)
{
    const cmlp_status status = cmlp_check_net(net);
    if (status) return status;
    if (n_rows < 0) return CMLP_ERROR_ROWS;
    if (n_rows && (!output || !labels)) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(output, net->element) || cmlp_misaligned(labels, sizeof *labels)) return CMLP_ERROR_ALIGNMENT;
    for (int64_t i = 0; i < n_rows; i++)
        labels[i] = cmlp_label_of(net, cmlp_at(net, output, i * cmlp_n_out(net)), net->dtype);
    return CMLP_OK;
}

cmlp_status cmlp_labels(const cmlp_net *net, const void *output, int64_t n_rows, int32_t *labels)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = find_labels(net, output, n_rows, labels);
    cmlp_leave_mode(mode);
    return status;
}

static cmlp_status predict(const cmlp_net *net, const void *params, const cmlp_rows *rows, int32_t *label, void *output,
                         void *workspace, size_t workspace_size)
{
    cmlp_row_memory divided;
    cmlp_rows copy;
    cmlp_status status = cmlp_check_net(net);
    if (!status) status = CMLP_READ(&copy, rows, cmlp_rows, factors);
    if (!status && (copy.order ? copy.n_order : copy.n_rows) != 1) status = CMLP_ERROR_ROWS;
    if (!status && cmlp_misaligned(label, sizeof *label)) status = CMLP_ERROR_ALIGNMENT;
    if (!status) status = cmlp_check_row_space(net, workspace, workspace_size, &divided);
    if (status) return status;
    if (!output) output = divided.output;
    status = cmlp_forward_row(net, params, &copy, output, &divided);
    if (!status && label) *label = cmlp_label_of(net, output, net->dtype);
    return status;
}

cmlp_status cmlp_predict(const cmlp_net *net, const void *params, const cmlp_rows *rows, int32_t *label, void *output,
                         void *workspace, size_t workspace_size)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = predict(net, params, rows, label, output, workspace, workspace_size);
    cmlp_leave_mode(mode);
    return status;
}
