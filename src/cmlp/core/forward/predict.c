/* The workspace of a single row, and the class indices of outputs. */
#include "predict.h"

#include "../data/run.h"

cmlp_status cmlpi_row_lay_out(const cmlp_net *net, void *memory, size_t *size, cmlpi_row_memory *divided)
{
    char *const base = cmlpi_aligned(memory);
    if (!net->row.all) return CMLP_ERROR_OVERFLOW;
    *size = cmlpi_with_slack(net->row.all);
    *divided = (cmlpi_row_memory){.workspace = base, .workspace_size = net->row.all};
    if (base) divided->row = base + net->row.row;
    if (base) divided->output = base + net->row.output;
    return CMLP_OK;
}

cmlp_status cmlpi_require_workspace(cmlp_run *run, size_t needed)
{
    if (!run->workspace) return cmlpi_refuse(&run->refused, CMLP_ERROR_NULL, "run->workspace");
    if (run->workspace_size >= needed) return CMLP_OK;
    return cmlpi_refuse(&run->refused, CMLP_ERROR_BUFFER_SIZE, "run->workspace_size");
}

cmlp_status cmlpi_check_row_workspace(const cmlp_net *net, cmlp_run *run, cmlpi_row_memory *divided)
{
    size_t needed;
    const cmlp_status status = cmlpi_row_lay_out(net, run->workspace, &needed, divided);
    return status ? status : cmlpi_require_workspace(run, needed);
}

static cmlp_status find_labels(const cmlp_net *net, const void *outputs, int64_t n_outputs, int32_t *labels,
                               int64_t n_labels, cmlp_run *run)
{
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(&run->refused, status, "net");
    if (n_labels < 0) return cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "n_labels");
    if (n_labels > INT64_MAX / cmlpi_n_out(net) || n_outputs != n_labels * cmlpi_n_out(net))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_LENGTH, "outputs");
    if (n_labels || outputs) status = cmlpi_check_pointer(outputs, net->element, "outputs", run);
    if (!status && (n_labels || labels)) status = cmlpi_check_pointer(labels, sizeof *labels, "labels", run);
    if (status) return status;
    for (int64_t i = 0; i < n_labels; i++)
        labels[i] = cmlpi_label_of(net, cmlpi_at(net, outputs, i * cmlpi_n_out(net)), net->dtype);
    return CMLP_OK;
}

cmlp_status cmlp_labels(const cmlp_net *net, const void *outputs, int64_t n_outputs, int32_t *labels,
                        int64_t n_labels, cmlp_run *run)
{
    cmlpi_call frame;
    cmlp_status status = cmlpi_begin_call(&frame, run);
    if (!status) status = find_labels(net, outputs, n_outputs, labels, n_labels, &frame.run);
    return cmlpi_end_call(&frame, status);
}
