/* The workspace of the kinds of calls, for any number of rows. */
#ifndef WORKSPACE_H
#define WORKSPACE_H

#include "../../include/cmlp.h"

/* CSR rows and dropout rates are added to a kind. */
enum { CALL_FORWARD = 1, CALL_GRADIENT = 2, CALL_TRAIN = 3, CALL_CSR = 16, CALL_DROPOUT = 32 };

static inline cmlp_status call_workspace(const cmlp_net *net, int kind, int64_t n_rows, int32_t n_threads,
                                         size_t *bytes)
{
    const cmlp_dropout dropout = CMLP_INIT(cmlp_dropout);
    const int plain = kind & 3;
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    const cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    rows.kind = kind & CALL_CSR ? CMLP_ROWS_CSR : CMLP_ROWS_DENSE;
    rows.n_rows = n_rows;
    objective.dropout = kind & CALL_DROPOUT ? &dropout : NULL;
    return cmlp_workspace_size(net, &rows, plain == CALL_FORWARD ? NULL : &objective,
                               plain == CALL_TRAIN ? &epoch : NULL, n_threads, bytes);
}

#endif
