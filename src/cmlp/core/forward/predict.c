/* The workspace of a single row. */
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

cmlp_status cmlpi_check_row_workspace(const cmlp_net *net, cmlp_run *run, cmlpi_row_memory *divided)
{
    size_t needed;
    const cmlp_status status = cmlpi_row_lay_out(net, run->workspace, &needed, divided);
    return status ? status : cmlpi_require_workspace(run, needed);
}
