/* Computes the workspace size of a call. */
#include "../data/rows.h"
#include "../forward/forward.h"
#include "../forward/predict.h"
#include "epoch.h"

/* The larger of two workspaces; 0 if the size of one does not fit in size_t. */
static size_t larger(size_t a, size_t b) { return !a || !b ? 0 : a > b ? a : b; }

/* The workspace of all calls that take these arguments or some of them: predictions, with an objective also gradients, and
 * with an epoch also training in batches of `batch` rows. */
static size_t space(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                    const cmlp_epoch *epoch, int64_t n, int64_t batch, cmlpi_part part, int32_t n_threads)
{
    const int sparse = rows->kind == CMLP_ROWS_CSR;
    size_t bytes = larger(net->row.all, cmlpi_forward_bytes(net, sparse, n, n_threads));
#if CMLP_BUILDS_TRAINING
    if (!objective) return bytes;
    const int flags = cmlpi_batch_flags(sparse, objective);
    const cmlpi_batch_shape gradient = {CMLP_CALL_GRADIENT | flags, n, CMLP_ALL_ROWS, n_threads};
    bytes = larger(bytes, cmlpi_batch_bytes(net, gradient));
    if (!epoch) return bytes;
    return larger(bytes, cmlpi_batch_bytes(net, (cmlpi_batch_shape){CMLP_CALL_TRAIN | flags, batch, part, n_threads}));
#else
    (void)objective;
    (void)epoch;
    (void)batch;
    (void)part;
    return bytes;
#endif
}

static cmlp_status find_part(const cmlp_workers *workers, cmlpi_part *part, cmlp_run *run)
{
    *part = CMLP_ALL_ROWS;
    if (!workers) return CMLP_OK;
    const cmlp_status status = CMLP_BUILDS_WORKERS ? cmlpi_workers_part(workers, part) : CMLP_ERROR_LEFT_OUT;
    return status ? cmlpi_refuse(&run->refused, status, "epoch->workers") : CMLP_OK;
}

static cmlp_status measure_call(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                                const cmlp_epoch *epoch, size_t *bytes, cmlp_run *run)
{
    const char **const refused = &run->refused;
    cmlpi_part part = CMLP_ALL_ROWS;
    cmlp_rows rows_copy;
    cmlp_objective objective_copy;
    cmlp_epoch epoch_copy;
    cmlp_status status = CMLP_READ(&rows_copy, rows, cmlp_rows, factors);
    if (status) return cmlpi_refuse(refused, status, "rows");
    if ((objective || epoch) && !CMLP_BUILDS_TRAINING) return cmlpi_refuse(refused, CMLP_ERROR_LEFT_OUT, "objective");
    if (objective) status = CMLP_READ(&objective_copy, objective, cmlp_objective, loss_context);
    if (epoch && !objective) status = CMLP_ERROR_NULL;
    if (status) return cmlpi_refuse(refused, status, "objective");
    if (epoch) status = CMLP_READ(&epoch_copy, epoch, cmlp_epoch, reserved);
    if (status) return cmlpi_refuse(refused, status, "epoch");
    if (epoch) status = find_part(epoch_copy.workers, &part, run);
    if (status) return status;
    int64_t n = rows_copy.order ? rows_copy.n_order : rows_copy.n_rows;
    if (rows_copy.kind != CMLP_ROWS_DENSE && rows_copy.kind != CMLP_ROWS_CSR)
        return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->kind");
    if (cmlpi_are_left_out(rows_copy.kind, n)) return cmlpi_refuse(refused, CMLP_ERROR_LEFT_OUT, "rows");
    if (n < 0) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, rows_copy.order ? "rows->n_order" : "rows->n_rows");
    if (epoch && epoch_copy.batch_size < 0) return cmlpi_refuse(refused, CMLP_ERROR_BATCH, "epoch->batch_size");
    if (!n) n = 1;
    const int64_t batch = epoch && epoch_copy.batch_size && epoch_copy.batch_size < n ? epoch_copy.batch_size : n;
    const cmlp_objective *wanted = objective ? &objective_copy : NULL;
    const size_t needed = space(net, &rows_copy, wanted, epoch, n, batch, part, run->n_threads);
    if (!needed) return CMLP_ERROR_OVERFLOW;
    *bytes = cmlpi_with_slack(needed);
    return CMLP_OK;
}

static cmlp_status measure_training(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                                    const cmlp_epoch *epoch, size_t *bytes, cmlp_run *run)
{
    cmlpi_row_memory memory;
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(&run->refused, status, "net");
    status = cmlpi_check_pointer(bytes, sizeof *bytes, "bytes", run);
    if (status) return status;
    if (rows || objective || epoch) return measure_call(net, rows, objective, epoch, bytes, run);
    return cmlpi_row_lay_out(net, NULL, bytes, &memory);
}

cmlp_status cmlp_workspace_size(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                                const cmlp_epoch *epoch, size_t *bytes, cmlp_run *run)
{
    cmlpi_call frame;
    cmlp_status status = cmlpi_begin_call(&frame, run);
    if (!status) status = measure_training(net, rows, objective, epoch, bytes, &frame.run);
    return cmlpi_end_call(&frame, status);
}
