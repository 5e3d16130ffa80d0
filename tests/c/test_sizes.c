/* The size of the workspace: a small multiple of the parameters and the batch. */
#include "support.h"

#include "../../include/cmlp.h"
#include "workspace.h"

static size_t workspace_of(const int64_t *sizes, int call, int64_t rows, int32_t threads, int64_t *n_params)
{
    static const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX};
    static _Alignas(64) unsigned char memory[1 << 14];
    cmlp_net *net = (cmlp_net *)(void *)memory;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    size_t bytes = 0;
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(net, sizeof memory, &config) == CMLP_OK);
    CHECK(call_workspace(net, call, rows, threads, &bytes) == CMLP_OK);
    *n_params = cmlp_net_n_params(net);
    return bytes;
}

int main(void)
{
    static const int64_t wide[] = {1000000, 2, 2}, tiny[] = {2, 3, 2}, hashed[] = {100000, 64, 2};
    int64_t n_params;
    size_t bytes = workspace_of(wide, CALL_TRAIN, 2, 1, &n_params);
    CHECK(bytes < 4 * sizeof(float) * (size_t)(n_params + 2 * wide[0]));
    bytes = workspace_of(wide, CALL_GRADIENT, 2, 1, &n_params);
    CHECK(bytes < 4 * sizeof(float) * (size_t)(n_params + 2 * wide[0]));
    bytes = workspace_of(tiny, CALL_TRAIN, 1, 1, &n_params);
    CHECK(n_params == 17 && bytes <= 4096);
    /* Sparse rows of many columns: with dropout only a few bytes per unit are added. */
    const size_t without = workspace_of(hashed, CALL_TRAIN | CALL_CSR, 256, 8, &n_params);
    bytes = workspace_of(hashed, CALL_TRAIN | CALL_CSR | CALL_DROPOUT, 256, 8, &n_params);
    CHECK(bytes < 33000000 && bytes - without <= 256 * 64 * sizeof(float));
    return finish();
}
