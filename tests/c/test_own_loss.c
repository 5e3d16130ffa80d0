/* The caller's loss in an objective: the squared error is bit-identical to the built-in one, it gets the position of each
 * row and the weighted sums, and a nonzero result ends the call. */
#include "calls.h"
#include "../../include/cmlp.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_IN = 5, N_HIDDEN = 7, N_OUT = 3, N_ROWS = 700 };

static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *net;
static double x[N_ROWS * N_IN], y[N_ROWS * N_OUT], weights[N_ROWS], params[256], other[256], gradients[2][256];
static int32_t labels[N_ROWS];

typedef struct loss_context {
    const int64_t *order;  /* of all rows, or NULL */
    int64_t rows, stop_at; /* rows seen; the call that reaches stop_at ends, unless it is 0 */
} loss_context;

/* Twice the squared error's half, in the net's type. */
static int squared_error(void *context, const cmlp_loss_call *call)
{
    loss_context *c = context;
    CHECK(call->struct_size == sizeof *call && call->n_rows > 0 && call->n_out == N_OUT);
    for (int64_t i = 0; i < call->n_rows; i++) {
        const int64_t row = (c->rows + i) % N_ROWS;
        CHECK(call->rows[i] == (c->order ? c->order[row] : row));
        call->costs[i] = 1;
    }
    c->rows += call->n_rows;
    for (int64_t i = 0; i < call->n_rows * N_OUT; i++) {
        const double exact = get(call->dtype, call->outputs, i) - get(call->dtype, call->targets, i);
        volatile float narrow = (float)exact;
        put(call->dtype, call->slopes, i, 2 * (call->dtype == CMLP_FLOAT32 ? narrow : exact));
    }
    return c->stop_at && c->rows >= c->stop_at;
}

static cmlp_net_config config_of(const int64_t *sizes, const int32_t *activations, int32_t dtype)
{
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = dtype;
    return config;
}

static void compare(int32_t output, int32_t dtype, int classes, const int64_t *order)
{
    const int64_t sizes[] = {N_IN, N_HIDDEN, N_OUT};
    const int32_t activations[] = {CMLP_ACTIVATION_TANH, output};
    const cmlp_net_config config = config_of(sizes, activations, dtype);
    cmlp_rows rows = cmlp_dense_rows(x, dtype, N_ROWS, N_IN);
    const cmlp_targets targets = classes ? cmlp_class_targets(labels, N_ROWS) : cmlp_dense_targets(y, dtype, N_ROWS, N_OUT);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_optimizer sgd = cmlp_default_optimizer(CMLP_SOLVER_SGD);
    cmlp_optimizer_state state = {0};
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    cmlp_run run = CMLP_INIT(cmlp_run);
    loss_context context = {order, 0, 0};
    double cost = 0, plain_cost = 0;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    rows.order = order;
    rows.n_order = order ? N_ROWS : 0;
    sgd.state = &state;
    sgd.state_size = sizeof state;
    objective.row_weights = weights;
    objective.n_row_weights = N_ROWS;
    objective.loss_scale = 0.5;
    objective.alpha = 0.01;
    run.n_threads = 3;
    epoch.batch_size = 300;
    objective.loss = squared_error;
    objective.loss_context = &context;
    CHECK(cmlp_net_workspace_size(net, &rows, &objective, &epoch, &run.workspace_size, THREADS(3)) == CMLP_OK);
    objective.loss = NULL;
    run.workspace = malloc(run.workspace_size);
    memcpy(other, params, sizeof params);
    CHECK(call_gradient(net, params, &rows, &targets, &objective, gradients[0], NULL, &run) == CMLP_OK);
    CHECK(cmlp_train_epoch(net, params, cmlp_net_n_params(net), &rows, &targets, &objective, &sgd, &epoch, &result,
                           &run) == CMLP_OK);
    objective.loss = squared_error;
    CHECK(call_gradient(net, other, &rows, &targets, &objective, gradients[1], NULL, &run) == CMLP_OK);
    CHECK(context.rows == N_ROWS);
    CHECK(same_bits(dtype, gradients[0], gradients[1], cmlp_net_n_params(net)));
    objective.alpha = 0;
    CHECK(call_cost(net, other, &rows, &targets, &objective, &cost, &plain_cost, &run) == CMLP_OK);
    CHECK(cost > 0.5 - 1e-12 && cost < 0.5 + 1e-12);
    CHECK(plain_cost > 1 - 1e-12 && plain_cost < 1 + 1e-12); /* without the scale of 0.5 */
    objective.alpha = 0.01;
    CHECK(cmlp_train_epoch(net, other, cmlp_net_n_params(net), &rows, &targets, &objective, &sgd, &epoch, &result,
                           &run) == CMLP_OK);
    CHECK(same_bits(dtype, params, other, cmlp_net_n_params(net)));
    /* the second batch ends: the parameters are those after the first one */
    context = (loss_context){order, 0, 400};
    CHECK(cmlp_train_epoch(net, other, cmlp_net_n_params(net), &rows, &targets, &objective, &sgd, &epoch, &result,
                           &run) == CMLP_CANCELLED);
    CHECK(result.n_batches == 1 && state.n_steps == 7 && !same_bits(dtype, params, other, cmlp_net_n_params(net)));
    context = (loss_context){order, 0, 400};
    cost = plain_cost = -7;
    CHECK(call_cost(net, other, &rows, &targets, &objective, &cost, &plain_cost, &run) == CMLP_CANCELLED);
    CHECK(cost == -7 && plain_cost == -7 && run.bad_row == -1 && run.bad_column == -1);
    free(run.workspace);
}

/* The log loss of softmax from the sums, whose gradient has no quotient by a probability. */
static int log_loss(void *context, const cmlp_loss_call *call)
{
    int64_t *const n_tiny = context;
    CHECK(*call->of_sums == 0);
    *call->of_sums = 1;
    for (int64_t i = 0; i < call->n_rows; i++) {
        double largest = -INFINITY, sum = 0;
        call->costs[i] = 0;
        for (int64_t j = i * N_OUT; j < (i + 1) * N_OUT; j++) largest = fmax(largest, get(call->dtype, call->sums, j));
        for (int64_t j = i * N_OUT; j < (i + 1) * N_OUT; j++) sum += exp(get(call->dtype, call->sums, j) - largest);
        for (int64_t j = i * N_OUT; j < (i + 1) * N_OUT; j++) {
            const double z = get(call->dtype, call->sums, j) - largest, target = get(call->dtype, call->targets, j);
            const double output = get(call->dtype, call->outputs, j);
            CHECK(fabs(output - exp(z) / sum) < 1e-6);
            *n_tiny += target != 0 && output == 0;
            call->costs[i] += target * (log(sum) - z);
            put(call->dtype, call->slopes, j, output - target);
        }
    }
    return 0;
}

/* A classifier that is sure, and wrong: probabilities of the targets are rounded to 0. */
static void compare_log_loss(int32_t dtype)
{
    const int64_t sizes[] = {N_IN, N_HIDDEN, N_OUT};
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX};
    cmlp_net_config config = config_of(sizes, activations, dtype);
    const cmlp_rows rows = cmlp_dense_rows(x, dtype, N_ROWS, N_IN);
    const cmlp_targets targets = cmlp_class_targets(labels, N_ROWS);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_run run = CMLP_INIT(cmlp_run);
    double costs[2];
    size_t own_size;
    int64_t n_tiny = 0;
    config.loss = CMLP_LOSS_LOG;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int64_t j = 0; j < cmlp_net_n_params(net); j++) put(dtype, params, j, 40 * get(dtype, params, j));
    CHECK(cmlp_net_workspace_size(net, &rows, &objective, NULL, &run.workspace_size, THREADS(1)) == CMLP_OK);
    objective.loss = log_loss;
    CHECK(cmlp_net_workspace_size(net, &rows, &objective, NULL, &own_size, THREADS(1)) == CMLP_OK);
    CHECK(own_size > run.workspace_size);
    run.workspace_size = own_size;
    run.workspace = malloc(own_size);
    for (int own = 0; own < 2; own++) {
        objective.loss = own ? log_loss : NULL;
        objective.loss_context = own ? &n_tiny : NULL;
        CHECK(call_gradient(net, params, &rows, &targets, &objective, gradients[own], NULL, &run) == CMLP_OK);
        CHECK(call_cost(net, params, &rows, &targets, &objective, &costs[own], NULL, &run) == CMLP_OK);
    }
    CHECK(n_tiny > 0);
    CHECK(fabs(costs[1] - costs[0]) < (dtype == CMLP_FLOAT32 ? 1e-4 : 1e-10) * costs[0]);
    for (int64_t j = 0; j < cmlp_net_n_params(net); j++) {
        const double exact = get(dtype, gradients[0], j);
        CHECK(fabs(get(dtype, gradients[1], j) - exact) <= (dtype == CMLP_FLOAT32 ? 1e-4 : 1e-10) * (1 + fabs(exact)));
    }
    free(run.workspace);
}

int main(void)
{
    static const int32_t outputs[] = {CMLP_ACTIVATION_IDENTITY, CMLP_ACTIVATION_LOGISTIC, CMLP_ACTIVATION_TANH,
                                      CMLP_ACTIVATION_EXP, CMLP_ACTIVATION_SOFTMAX};
    static int64_t order[N_ROWS];
    for (int64_t i = 0; i < N_ROWS; i++) order[i] = (i * 3) % N_ROWS;
    for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++)
        for (size_t i = 0; i < 2 * sizeof outputs / sizeof *outputs; i++) {
            uint64_t state = 3;
            for (int64_t j = 0; j < N_ROWS * N_IN; j++) put(dtype, x, j, uniform(&state, -1, 1));
            for (int64_t j = 0; j < N_ROWS * N_OUT; j++) put(dtype, y, j, uniform(&state, -1, 1));
            for (int64_t j = 0; j < N_ROWS; j++) weights[j] = uniform(&state, 0.5, 2);
            for (int64_t j = 0; j < N_ROWS; j++) labels[j] = (int32_t)random_below(&state, N_OUT);
            for (int64_t j = 0; j < 256; j++) put(dtype, params, j, uniform(&state, -0.5, 0.5));
            compare(outputs[i / 2], dtype, (int)(i % 2), i % 4 < 2 ? NULL : order);
            if (i == 0) compare_log_loss(dtype);
        }
    return finish();
}
