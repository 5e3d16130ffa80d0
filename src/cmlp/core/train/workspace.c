/* Computes the workspace size of a call. */
#include "../data/rows.h"
#include "../forward/forward.h"
#include "../forward/predict.h"
#include "epoch.h"

/* The larger of two workspaces; 0 if the size of one does not fit in size_t. */
static size_t larger(size_t a, size_t b) { return !a || !b ? 0 : a > b ? a : b; }

/* The workspace of all calls that take these arguments or some of them: predictions, with an objective also gradients, and
 * with an epoch also training. */
static size_t space(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                    const cmlp_epoch *epoch, int32_t n_threads)
{
    const int sparse = rows->kind == CMLP_ROWS_CSR;
    size_t bytes = larger(net->row.all, cmlpi_forward_bytes(net, sparse, cmlpi_n_selected(rows), n_threads));
#if CMLP_BUILD_TRAINING
    if (objective) bytes = larger(bytes, cmlpi_batch_bytes(net, rows, objective, NULL, n_threads));
    if (epoch) bytes = larger(bytes, cmlpi_batch_bytes(net, rows, objective, epoch, n_threads));
#else
    (void)objective;
    (void)epoch;
#endif
    return bytes;
}

static cmlp_status measure_call(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                                const cmlp_epoch *epoch, size_t *bytes, cmlp_run *run)
{
    const char **const refused = &run->refused;
    cmlp_rows rows_copy;
    cmlp_objective objective_copy;
    cmlp_epoch epoch_copy;
    cmlp_status status = CMLPI_READ(&rows_copy, rows, cmlp_rows, n_names);
    if (status) return cmlpi_refuse(refused, status, "rows");
    if ((objective || epoch) && !CMLP_BUILD_TRAINING) return cmlpi_refuse(refused, CMLP_ERROR_LEFT_OUT, "objective");
    if (objective) status = CMLPI_READ(&objective_copy, objective, cmlp_objective, loss_context);
    if (epoch && !objective) status = CMLP_ERROR_NULL;
    if (status) return cmlpi_refuse(refused, status, "objective");
    if (epoch) status = CMLPI_READ(&epoch_copy, epoch, cmlp_epoch, reserved);
    if (status) return cmlpi_refuse(refused, status, "epoch");
#if CMLP_BUILD_TRAINING
    cmlp_workers workers;
    if (epoch && epoch_copy.workers) {
        status = cmlpi_read_shards(&workers, epoch_copy.workers);
        if (status) return cmlpi_refuse(refused, status, "epoch->workers");
        epoch_copy.workers = &workers;
    }
#endif
    status = cmlpi_check_kind(&rows_copy, refused);
    if (status) return status;
    if (cmlpi_n_selected(&rows_copy) < 0)
        return cmlpi_refuse(refused, CMLP_ERROR_ROWS, rows_copy.order ? "rows->n_order" : "rows->n_rows");
    if (epoch && epoch_copy.batch_size < 0) return cmlpi_refuse(refused, CMLP_ERROR_BATCH, "epoch->batch_size");
    const size_t needed =
        space(net, &rows_copy, objective ? &objective_copy : NULL, epoch ? &epoch_copy : NULL, run->n_threads);
    if (!needed) return CMLP_ERROR_OVERFLOW;
    *bytes = cmlpi_with_slack(needed);
    return CMLP_OK;
}

CMLPI_CALL(cmlp_net_workspace_size,
           (const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective, const cmlp_epoch *epoch,
            size_t *bytes, cmlp_run *run),
           (net, rows, objective, epoch, bytes, &call.run))
{
    cmlpi_row_memory memory;
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(&run->refused, status, "net");
    status = cmlpi_check_pointer(bytes, sizeof *bytes, "bytes", run);
    if (status) return status;
    status = rows || objective || epoch ? measure_call(net, rows, objective, epoch, bytes, run)
                                        : cmlpi_place_row(net, NULL, bytes, &memory);
    return cmlpi_refuse_whole(run, status, "bytes");
}
