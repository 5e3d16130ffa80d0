/* The workspace of a single row, and the class indices of outputs. */
#include "predict.h"

#include "../data/run.h"

cmlp_status cmlp_row_space(const cmlp_net *net, void *memory, size_t *size, cmlp_row_memory *divided)
{
    char *const base = cmlp_aligned(memory);
    if (!net->row.all) return CMLP_ERROR_OVERFLOW;
    *size = cmlp_with_slack(net->row.all);
    *divided = (cmlp_row_memory){.workspace = base, .workspace_size = net->row.all};
    if (base) divided->row = base + net->row.row;
    if (base) divided->output = base + net->row.output;
    return CMLP_OK;
}

cmlp_status cmlp_check_row_space(const cmlp_net *net, void *memory, size_t size, cmlp_row_memory *divided)
{
    size_t needed;
    const cmlp_status status = cmlp_row_space(net, memory, &needed, divided);
    if (status) return status;
    if (!memory) return CMLP_ERROR_NULL;
    return size < needed ? CMLP_ERROR_BUFFER_SIZE : CMLP_OK;
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

static cmlp_status find_labels(const cmlp_net *net, const void *outputs, int64_t n_outputs, int32_t *labels,
                               int64_t n_labels)
{
    const cmlp_status status = cmlp_check_net(net);
    if (status) return status;
    if (n_labels < 0) return CMLP_ERROR_ROWS;
    if (n_labels > INT64_MAX / cmlp_n_out(net) || n_outputs != n_labels * cmlp_n_out(net)) return CMLP_ERROR_LENGTH;
    if (n_labels && (!outputs || !labels)) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(outputs, net->element) || cmlp_misaligned(labels, sizeof *labels)) return CMLP_ERROR_ALIGNMENT;
    for (int64_t i = 0; i < n_labels; i++)
        labels[i] = cmlp_label_of(net, cmlp_at(net, outputs, i * cmlp_n_out(net)), net->dtype);
    return CMLP_OK;
}

cmlp_status cmlp_labels(const cmlp_net *net, const void *outputs, int64_t n_outputs, int32_t *labels,
                        int64_t n_labels)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = find_labels(net, outputs, n_outputs, labels, n_labels);
    cmlp_leave_mode(mode);
    return status;
}
