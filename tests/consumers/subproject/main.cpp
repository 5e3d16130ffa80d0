// A network in static storage, one row, one prediction: what a C++ program needs.
#include <cmlp.h>

#include <cstdio>

static char net_memory[CMLP_NET_SIZE(2)];

int main()
{
    const cmlp_net *net;
    const int64_t sizes[] = {2, 1};
    const int32_t activations[] = {CMLP_ACTIVATION_IDENTITY};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.n_layers = 2;
    config.sizes = sizes;
    config.activations = activations;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    int status = cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL);
    const float params[] = {2, 3, 4}, row[] = {10, 100};
    float output = 0;
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT32, 1, 2);
    unsigned char workspace[2048];
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.outputs = &output;
    prediction.n_outputs = 1;
    if (!status) status = cmlp_forward(net, params, 3, &rows, &prediction, &run);
    std::printf("%s: %g\n", cmlp_status_name(status), static_cast<double>(output)); // CMLP_OK: 324
    return status != CMLP_OK || output != 324;
}
