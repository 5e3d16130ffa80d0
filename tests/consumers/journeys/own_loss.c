/* A loss of the caller: half the squared error, written again, has the gradient of the library's. With a number of
 * its own for each row, which the position of the row finds, it is a weighted error. */
#include "journey.h"

typedef struct exposures {
    const double *of_rows;
    int calls;
} exposures;

static int half_squared_error(void *context, const cmlp_loss_call *call)
{
    const float *const wanted = (const float *)call->targets, *const given = (const float *)call->outputs;
    exposures *const e = (exposures *)context;
    e->calls++;
    for (int64_t i = 0; i < call->n_rows; i++) {
        const double factor = e->of_rows[call->rows[i]];
        call->costs[i] = 0;
        for (int64_t k = i * call->n_out; k < (i + 1) * call->n_out; k++) {
            const double d = (double)given[k] - (double)wanted[k];
            call->costs[i] += factor * d * d / 2;
            ((float *)call->slopes)[k] = (float)(factor * d);
        }
    }
    return 0;
}

int main(void)
{
    static learner l;
    static float x[N_ROWS * N_IN], y[N_ROWS * N_OUT], gradients[2][N_PARAMS];
    static int32_t labels[N_ROWS];
    static double factors[N_ROWS];
    static int64_t order[N_ROWS];
    double costs[2], sum = 0;
    exposures e = {factors, 0};
    make_rows(x, labels, N_ROWS);
    for (int i = 0; i < N_ROWS; i++) y[i * N_OUT + labels[i]] = 1;
    begin(&l, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR);
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    const cmlp_targets targets = cmlp_dense_targets(y, CMLP_FLOAT32, N_ROWS, N_OUT);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    for (int i = 0; i < N_ROWS; i++) {
        order[i] = (i * 7) % N_ROWS;
        factors[i] = 0.5 + i % 3;
        sum += factors[i];
    }
    rows.order = order;
    rows.n_order = N_ROWS;
    objective.loss_scale = 0.5;
    objective.row_weights = factors;
    objective.n_row_weights = N_ROWS;
    cmlp_run run = CMLP_INIT(cmlp_run);
    workspace_of(&l, &rows, &objective, NULL, &run);
    cmlp_derivatives derivatives = CMLP_INIT(cmlp_derivatives);
    derivatives.gradient = gradients[0];
    derivatives.n_gradient = N_PARAMS;
    OK(cmlp_backpropagate(net_of(&l), l.params, N_PARAMS, &rows, &targets, &objective, &derivatives, &run));
    costs[0] = derivatives.objective;
    free(run.workspace);
    objective.loss_scale = N_ROWS / sum; /* the mean of the weighted costs, and not the weighted mean */
    objective.row_weights = NULL;
    objective.n_row_weights = 0;
    objective.loss = half_squared_error;
    objective.loss_context = &e;
    workspace_of(&l, &rows, &objective, NULL, &run);
    derivatives.gradient = gradients[1];
    OK(cmlp_backpropagate(net_of(&l), l.params, N_PARAMS, &rows, &targets, &objective, &derivatives, &run));
    costs[1] = derivatives.objective;
    free(run.workspace);
    CHECK(e.calls > 0 && fabs(costs[0] - costs[1]) < 1e-6 * costs[0]);
    for (int i = 0; i < N_PARAMS; i++) CHECK(fabs((double)(gradients[0][i] - gradients[1][i])) < 1e-6);
    return 0;
}
