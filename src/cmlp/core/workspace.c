/* Computes the workspace size of a call. */
#include "backward.h"
#include "forward.h"

static size_t space(const cmlp_net *net, int kind, int added, int64_t n_rows, int32_t n_threads)
{
    if (kind == CMLP_CALL_FORWARD) return cmlp_forward_space(net, added & CMLP_CALL_CSR, n_rows, n_threads);
#if CMLP_BUILDS_TRAINING
    return cmlp_batch_space(net, kind | added, n_rows, n_threads);
#else
    return 0;
#endif
}

cmlp_status cmlp_workspace_size(const cmlp_net *net, int call, int64_t n_rows, int32_t n_threads, size_t *bytes)
{
    cmlp_status status = cmlp_check_net(net);
    if (status) return status;
    if (!bytes) return CMLP_ERROR_NULL;
    if (n_rows < 0) return CMLP_ERROR_ROWS;
    if (!n_threads) n_threads = 1;
    if (n_threads < 1 || n_threads > CMLP_MAX_THREADS) return CMLP_ERROR_THREADS;
    const int csr = call & CMLP_CALL_CSR, dropout = call & CMLP_CALL_DROPOUT, kind = call - csr - dropout;
    const int trains = kind == CMLP_CALL_GRADIENT || kind == CMLP_CALL_TRAIN;
    if (kind == CMLP_CALL_FORWARD ? dropout : !(CMLP_BUILDS_TRAINING && trains)) return CMLP_ERROR_OPTION;
    const size_t needed = space(net, kind, csr | dropout, n_rows ? n_rows : 1, n_threads);
    if (!needed) return CMLP_ERROR_OVERFLOW;
    *bytes = cmlp_with_slack(needed);
    return CMLP_OK;
}
