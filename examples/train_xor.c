/* Trains a network of 2, 4 and 1 neurons on XOR, in static memory: the smallest complete training.
 *
 *   cc -O2 train_xor.c cmlp.c -pthread -o train_xor && ./train_xor */
#include <cmlp.h>

#include <stdio.h>

enum { N_PARAMS = 2 * 4 + 4 + 4 * 1 + 1, EPOCHS = 500 };

static char net_memory[CMLP_NET_SIZE(3)];
static unsigned char workspace[16384]; /* cmlp_net_workspace_size() gives the size that is needed */
static float params[N_PARAMS];
static struct {
    cmlp_optimizer_state counters;
    float moments[2 * N_PARAMS];
} state;

static const float inputs[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
static const float targets[4] = {0, 1, 1, 0};

int main(void)
{
    const int64_t sizes[] = {2, 4, 1};
    const int32_t activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_LOGISTIC};
    const cmlp_net_config config = {.struct_size = sizeof config, .n_layers = 3, .sizes = sizes,
                                    .activations = activations, .loss = CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32};
    const cmlp_net *net;
    const cmlp_rows x = cmlp_dense_rows(inputs, CMLP_FLOAT32, 4, 2);
    const cmlp_targets y = cmlp_dense_targets(targets, CMLP_FLOAT32, 4, 1);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_optimizer adam = cmlp_default_optimizer(CMLP_SOLVER_ADAM);
    adam.learning_rate = 0.05;
    adam.state = &state;
    adam.state_size = sizeof state;
    const cmlp_epoch epoch = CMLP_INIT(cmlp_epoch); /* batch_size 0: all rows are one batch */
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    cmlp_random random;
    cmlp_random_seed(&random, 0);
    cmlp_status status = cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL);
    if (!status) status = cmlp_net_init_params(net, &random, params, N_PARAMS, NULL);

    for (int i = 1; i <= EPOCHS && !status; i++) {
        status = cmlp_train_epoch(net, params, N_PARAMS, &x, &y, &objective, &adam, &epoch, &result, &run);
        if (i % 100 == 0) printf("epoch %d: cost %.4f\n", i, result.cost);
    }

    float output[4];
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = 4};
    if (!status) status = cmlp_forward(net, params, N_PARAMS, &x, &prediction, &run);
    for (int i = 0; i < 4 && !status; i++)
        printf("%g xor %g = %.3f\n", (double)inputs[i][0], (double)inputs[i][1], (double)output[i]);
    if (status) fprintf(stderr, "%s %s\n", cmlp_status_string(status), run.refused ? run.refused : "");
    return status != CMLP_OK;
}
