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

cmlp_status cmlp_require_workspace(cmlp_run *run, size_t needed)
{
    if (!run->workspace) return cmlp_refuse(&run->refused, CMLP_ERROR_NULL, "run->workspace");
    if (run->workspace_size >= needed) return CMLP_OK;
    return cmlp_refuse(&run->refused, CMLP_ERROR_BUFFER_SIZE, "run->workspace_size");
}

cmlp_status cmlp_check_row_space(const cmlp_net *net, cmlp_run *run, cmlp_row_memory *divided)
{
    size_t needed;
    const cmlp_status status = cmlp_row_space(net, run->workspace, &needed, divided);
    return status ? status : cmlp_require_workspace(run, needed);
}

static cmlp_status find_labels(const cmlp_net *net, const void *outputs, int64_t n_outputs, int32_t *labels,
                               int64_t n_labels, cmlp_run *run)
{
    cmlp_status status = cmlp_check_net(net);
    if (status) return cmlp_refuse(&run->refused, status, "net");
    if (n_labels < 0) return cmlp_refuse(&run->refused, CMLP_ERROR_ROWS, "n_labels");
    if (n_labels > INT64_MAX / cmlp_n_out(net) || n_outputs != n_labels * cmlp_n_out(net))
        return cmlp_refuse(&run->refused, CMLP_ERROR_LENGTH, "outputs");
    if (n_labels || outputs) status = cmlp_require(outputs, net->element, "outputs", run);
    if (!status && (n_labels || labels)) status = cmlp_require(labels, sizeof *labels, "labels", run);
    if (status) return status;
    for (int64_t i = 0; i < n_labels; i++)
        labels[i] = cmlp_label_of(net, cmlp_at(net, outputs, i * cmlp_n_out(net)), net->dtype);
    return CMLP_OK;
}

cmlp_status cmlp_labels(const cmlp_net *net, const void *outputs, int64_t n_outputs, int32_t *labels,
                        int64_t n_labels, cmlp_run *run)
{
    cmlp_frame frame;
    cmlp_status status = cmlp_begin_call(&frame, run);
    if (!status) status = find_labels(net, outputs, n_outputs, labels, n_labels, &frame.run);
    return cmlp_end_call(&frame, status);
}
