/* The workspace of a single row. */
#include "predict.h"

#include "../data/run.h"

cmlp_status cmlpi_place_row(const cmlp_net *net, void *memory, size_t *size, cmlpi_row_memory *placed)
{
    char *const base = cmlpi_aligned(memory);
    if (!net->row.all) return CMLP_ERROR_OVERFLOW;
    *size = cmlpi_with_slack(net->row.all);
    *placed = (cmlpi_row_memory){.workspace = base, .workspace_size = net->row.all};
    if (base) placed->row = base + net->row.row;
    if (base) placed->output = base + net->row.output;
    return CMLP_OK;
}

cmlp_status cmlpi_take_row_workspace(const cmlp_net *net, cmlp_run *run, cmlpi_row_memory *placed)
{
    size_t needed;
    const cmlp_status status = cmlpi_place_row(net, run->workspace, &needed, placed);
    return status ? cmlpi_refuse(&run->refused, status, "run->workspace_size") : cmlpi_check_workspace(run, needed);
}
