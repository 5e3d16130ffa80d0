/* The size of the workspace: a small multiple of the parameters and the batch. */
#include "support.h"

#include "../../include/cmlp_workers.h"
#include "workspace.h"

static unsigned char memory[1 << 14];
static const cmlp_net *net; /* in the memory */

static size_t workspace_of(const int64_t *sizes, int call, int64_t rows, int32_t threads, int64_t *n_params)
{
    static const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    size_t bytes = 0;
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    CHECK(call_workspace(net, call, rows, threads, &bytes) == CMLP_OK);
    *n_params = cmlp_net_n_params(net);
    return bytes;
}

/* Each worker keeps all rows of its part: more rows than any memory holds are refused. */
static void test_rows_of_workers(void)
{
    static const int64_t sizes[] = {4, 4, 4};
    static const double rates[1];
    int64_t n_params;
    size_t bytes = 7;
    workspace_of(sizes, CALL_TRAIN, 1, 1, &n_params);
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_workers workers = CMLP_INIT(cmlp_workers);
    objective.dropout_rates = rates;
    rows.kind = CMLP_ROWS_DENSE;
    rows.n_rows = INT64_MAX;
    workers.n_workers = 2;
    epoch.workers = &workers;
    CHECK(cmlp_net_workspace_size(net, &rows, &objective, &epoch, &bytes, NULL) == CMLP_ERROR_OVERFLOW);
    CHECK(bytes == 7);
    rows.n_rows = 100;
    for (workers.n_workers = -1; workers.n_workers < 1; workers.n_workers++)
        CHECK(cmlp_net_workspace_size(net, &rows, &objective, &epoch, &bytes, NULL) == CMLP_ERROR_OPTION);
    CHECK(cmlp_net_workspace_size(net, &rows, &objective, &epoch, &bytes, NULL) == CMLP_OK);
    CHECK(bytes > 7);
}

/* Each thread of a prediction has memory for its rows alone: inputs, and two layers of activations. No rows need some, too. */
static void test_forward(void)
{
    static const int64_t sizes[] = {50, 1000, 2};
    int64_t n_params;
    const size_t none = workspace_of(sizes, CALL_FORWARD, 0, 1, &n_params);
    CHECK(none > 0 && none == workspace_of(sizes, CALL_FORWARD, 1, 1, &n_params));
    for (int32_t threads = 1; threads < 4; threads++) {
        const size_t bytes = workspace_of(sizes, CALL_FORWARD, 100000, threads, &n_params);
        const size_t each = 2 * 112 * 1000 * sizeof(float);
        CHECK(bytes >= (size_t)threads * each && bytes < (size_t)threads * (each + each / 8));
    }
}

/* The size grows with what the workspace is for: more rows, larger batches, more threads, dropout; predictions, gradients,
 * training. It serves cmlp_model_write too. */
static void test_larger_sizes(void)
{
    static const int64_t sizes[][3] = {{3, 2, 2}, {50, 70, 3}, {5, 300, 40}, {700, 2, 9}, {2000, 600, 2}};
    static const int64_t rows[] = {0, 1, 2, 9, 31, 32, 111, 112, 128, 200, 256, 300, 5000};
    const int n_rows = (int)(sizeof rows / sizeof *rows);
    for (int i = 0; i < 5 * 3 * 4; i++) {
        const int flags = (i & 1 ? CALL_CSR : 0) | (i & 2 ? CALL_DROPOUT : 0);
        const int32_t threads = 1 + i / 4 % 3;
        int64_t n_params;
        size_t before = 0, write = 0;
        for (int r = 0; r < n_rows; r++) {
            size_t of_kinds[4] = {0, 0, 0, 0};
            for (int kind = CALL_FORWARD; kind <= CALL_TRAIN; kind++) {
                of_kinds[kind] = workspace_of(sizes[i / 12], kind + flags, rows[r], threads, &n_params);
                CHECK(of_kinds[kind] >= of_kinds[kind - 1]);
                CHECK(of_kinds[kind] <= workspace_of(sizes[i / 12], kind + flags, rows[r], threads + 1, &n_params));
                CHECK(of_kinds[kind] >= workspace_of(sizes[i / 12], kind + (flags & CALL_CSR), rows[r], threads, &n_params));
            }
            CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, &write, THREADS(threads)) == CMLP_OK);
            CHECK(of_kinds[CALL_FORWARD] >= write && of_kinds[CALL_TRAIN] >= before);
            before = of_kinds[CALL_TRAIN];
        }
    }
}

int main(void)
{
    test_forward();
    test_larger_sizes();
    test_rows_of_workers();
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
