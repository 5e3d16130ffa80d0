/* The library is bit-identical to plain.c: outputs, costs, and parameters after each batch, with every instruction set
 * and tuning. */
#include "plain.h"

#include <string.h>

#include "../../include/cmlp.h"
#include "../../src/cmlp/core/net/tuning_names.h"
#include "support.h"
#include "workspace.h"

enum { ROWS = 300, BATCH = 150, MAX_PARAMS = 1 << 17 };

static const plain_net nets[] = {
    {1, {5, 3}}, {2, {4, 8, 3}}, {2, {300, 40, 7}}, {3, {784, 16, 16, 10}}, {3, {30, 150, 60, 2}}, {4, {9, 20, 33, 17, 5}}};
static float x[ROWS * 784], params[MAX_PARAMS], ours[MAX_PARAMS], output[ROWS * 16];
static float a[ROWS][PLAIN_LAYERS][PLAIN_WIDEST], d[ROWS][PLAIN_LAYERS][PLAIN_WIDEST];
static float inputs[BATCH * 784], deltas[BATCH * PLAIN_WIDEST];
static int32_t labels[ROWS];
static int64_t memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS) / 8], workspace[1 << 20];

static void make_data(const plain_net *net, int64_t n_params)
{
    cmlp_random random;
    cmlp_random_seed(&random, 7);
    for (int64_t i = 0; i < n_params; i++) params[i] = (float)(cmlp_random_double(&random) - 0.5) / 4;
    for (int64_t i = 0; i < ROWS * net->sizes[0]; i++) { /* some of them 0 */
        const double value = cmlp_random_double(&random) - 0.4;
        x[i] = value > 0 ? (float)value : 0;
    }
    for (int64_t i = 0; i < ROWS; i++) labels[i] = (int32_t)(cmlp_random_double(&random) * (double)net->sizes[net->depth]);
    memcpy(ours, params, (size_t)n_params * sizeof *params);
}

/* Forward and backward for all rows; returns the mean cost in the library's order. */
static double pass(const plain_net *net)
{
    double partial[16] = {0};
    for (int64_t i = 0; i < ROWS; i++) {
        plain_forward(net, params, x + i * net->sizes[0], a[i]);
        partial[i % 16] += (double)plain_softmax(a[i][net->depth - 1], net->sizes[net->depth], labels[i]);
        plain_backward(net, params, (const float (*)[PLAIN_WIDEST])a[i], labels[i], d[i]);
    }
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++) partial[i] += partial[i + half];
    return partial[0] / ROWS;
}

/* One epoch of gradient descent. */
static void train(const plain_net *net, float rate)
{
    for (int64_t first = 0; first < ROWS; first += BATCH) {
        pass(net);
        for (int l = net->depth - 1; l >= 0; l--) {
            const int64_t n_in = net->sizes[l], n_out = net->sizes[l + 1];
            for (int64_t i = 0; i < BATCH; i++) {
                const float *input = l ? a[first + i][l - 1] : x + (first + i) * n_in;
                memcpy(inputs + i * n_in, input, (size_t)n_in * sizeof *inputs);
                memcpy(deltas + i * n_out, d[first + i][l], (size_t)n_out * sizeof *deltas);
            }
            plain_step(net, params, l, inputs, deltas, BATCH, rate);
        }
    }
}

static int same_outputs(const plain_net *net)
{
    const int64_t n = net->sizes[net->depth];
    int same = 1;
    for (int64_t i = 0; i < ROWS; i++)
        same = same && !memcmp(output + i * n, a[i][net->depth - 1], (size_t)n * sizeof *output);
    return same;
}

static void compare(const plain_net *plain, const cmlp_net *net, const char *name)
{
    const int64_t n_params = cmlp_net_n_params(net), n_in = plain->sizes[0], n_out = plain->sizes[plain->depth];
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, ROWS, n_in);
    cmlp_targets targets = CMLP_INIT(cmlp_targets);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_optimizer optimizer = CMLP_INIT(cmlp_optimizer);
    cmlp_optimizer_state state = {0};
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    cmlp_run run = CMLP_INIT(cmlp_run);
    double cost = 0;
    targets.kind = CMLP_TARGETS_CLASSES;
    targets.data = labels;
    targets.n_rows = ROWS;
    targets.row_stride = sizeof *labels;
    optimizer.solver = CMLP_SOLVER_SGD;
    optimizer.learning_rate = 0.25;
    optimizer.state = &state;
    optimizer.state_size = sizeof state;
    epoch.batch_size = BATCH;
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    make_data(plain, n_params);
    const double expected = pass(plain);
    CHECK(call_forward(net, ours, &rows, output, &run) == CMLP_OK);
    check_that(same_outputs(plain), "%s: the outputs of many rows differ", name);
    for (int64_t i = 0; i < ROWS; i++) {
        rows = cmlp_dense_rows(x + i * n_in, CMLP_FLOAT32, 1, n_in);
        CHECK(predict_one(net, ours, &rows, NULL, output + i * n_out, workspace, sizeof workspace) == CMLP_OK);
    }
    check_that(same_outputs(plain), "%s: the outputs of one row differ", name);
    rows = cmlp_dense_rows(x, CMLP_FLOAT32, ROWS, n_in);
    CHECK(call_cost(net, ours, &rows, &targets, &objective, &cost, NULL, &run) == CMLP_OK);
    check_that(cost == expected, "%s: the cost is %.17g, not %.17g", name, cost, expected);
    train(plain, 0.25F);
    CHECK(cmlp_train_epoch(net, ours, cmlp_net_n_params(net), &rows, &targets, &objective, &optimizer, &epoch,
                           &result, &run) == CMLP_OK);
    check_that(!memcmp(ours, params, (size_t)n_params * sizeof *params), "%s: the parameters differ", name);
}

int main(void)
{
    static const cmlp_activation activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_RELU,
                                                  CMLP_ACTIVATION_SOFTMAX};
    const cmlp_net *net;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        for (cmlp_isa isa = 1; isa <= CMLP_ISA_NEON; isa *= 2) {
            cmlp_net_config config = CMLP_INIT(cmlp_net_config);
            config.n_layers = nets[i].depth + 1;
            config.sizes = nets[i].sizes;
            config.activations = activations + 4 - nets[i].depth;
            config.loss = CMLP_LOSS_LOG;
            config.dtype = CMLP_FLOAT32;
            config.isa_mask = isa;
            const cmlp_status status = cmlp_net_init(memory, sizeof memory, &config, &net, NULL);
            if (status == CMLP_ERROR_ISA) continue;
            CHECK(status == CMLP_OK);
            for (int32_t tuning = 0; cmlpi_net_tune(net, tuning) == CMLP_OK; tuning++)
                compare(&nets[i], net, cmlpi_net_tuning(net));
        }
    return finish();
}
