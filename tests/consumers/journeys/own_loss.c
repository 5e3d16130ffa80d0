/* A loss of the caller: half the squared error, written again, has the gradient of the library's. */
#include "journey.h"

static int half_squared_error(void *context, const void *y, const void *a, int64_t n, double *costs, void *slopes)
{
    const float *const wanted = (const float *)y, *const given = (const float *)a;
    ++*(int *)context;
    for (int64_t i = 0; i < n; i++) {
        costs[i] = 0;
        for (int64_t k = i * N_OUT; k < (i + 1) * N_OUT; k++) {
            const double d = (double)given[k] - (double)wanted[k];
            costs[i] += d * d / 2;
            ((float *)slopes)[k] = (float)d;
        }
    }
    return 0;
}

int main(void)
{
    static learner l;
    static float x[N_ROWS * N_IN], y[N_ROWS * N_OUT], gradients[2][N_PARAMS];
    static int32_t labels[N_ROWS];
    double costs[2];
    int calls = 0;
    make_rows(x, labels, N_ROWS);
    for (int i = 0; i < N_ROWS; i++) y[i * N_OUT + labels[i]] = 1;
    begin(&l, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR);
    const cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    const cmlp_targets targets = cmlp_dense_targets(y, CMLP_FLOAT32, N_ROWS);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    objective.loss_scale = 0.5;
    cmlp_run run = CMLP_INIT(cmlp_run);
    workspace_of(&l, &rows, &objective, NULL, &run);
    OK(cmlp_gradient(net_of(&l), l.params, &rows, &targets, &objective, gradients[0], &costs[0], &run));
    free(run.workspace);
    objective.loss_scale = 1;
    objective.loss = half_squared_error;
    objective.loss_context = &calls;
    workspace_of(&l, &rows, &objective, NULL, &run);
    OK(cmlp_gradient(net_of(&l), l.params, &rows, &targets, &objective, gradients[1], &costs[1], &run));
    free(run.workspace);
    CHECK(calls > 0 && fabs(costs[0] - costs[1]) < 1e-6 * costs[0]);
    for (int i = 0; i < N_PARAMS; i++) CHECK(fabs((double)(gradients[0][i] - gradients[1][i])) < 1e-6);
    return 0;
}
