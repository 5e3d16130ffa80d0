/* The workspace of the kinds of calls, for any number of rows; predictions of one row in a given workspace. */
#ifndef WORKSPACE_H
#define WORKSPACE_H

#include "calls.h"

/* CSR rows and dropout rates are added to a kind. */
enum { CALL_FORWARD = 1, CALL_GRADIENT = 2, CALL_TRAIN = 3, CALL_CSR = 16, CALL_DROPOUT = 32 };

static inline cmlp_status call_workspace(const cmlp_net *net, int kind, int64_t n_rows, int32_t n_threads,
                                         size_t *bytes)
{
    static const double rates[1];
    const int plain = kind & 3;
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    const cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    rows.kind = kind & CALL_CSR ? CMLP_ROWS_CSR : CMLP_ROWS_DENSE;
    rows.n_rows = n_rows;
    objective.dropout_rates = kind & CALL_DROPOUT ? rates : NULL;
    return cmlp_net_workspace_size(net, &rows, plain == CALL_FORWARD ? NULL : &objective,
                                   plain == CALL_TRAIN ? &epoch : NULL, bytes, THREADS(n_threads));
}

/* Computes the outputs of one row; its class index if `label` is not NULL. */
static inline cmlp_status predict_one(const cmlp_net *net, const void *params, const cmlp_rows *row, int32_t *label,
                                      void *output, void *workspace, size_t size)
{
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    run.workspace_size = size;
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = last_size(net),
                                        .class_indices = label, .n_class_indices = label != NULL};
    return cmlp_forward(net, params, cmlp_net_n_params(net), row, &prediction, &run);
}

#endif
