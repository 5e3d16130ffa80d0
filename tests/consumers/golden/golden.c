/* An external program: it trains three networks on random numbers, and prints "cmlp golden" and a hash of all results.
 * The line is the same on every platform: expected.txt, in this folder, holds it. The program needs cmlp and the C
 * library, nothing else. */
#include <cmlp.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 400, INPUTS = 70, OUTPUTS = 5, EPOCHS = 2, LAYERS = 4, THREADS = 3 };
static const int64_t sizes[LAYERS] = {INPUTS, 53, 17, OUTPUTS};

typedef struct recipe {
    int32_t activations[LAYERS - 1];
    int32_t loss, dtype, solver;
    double learning_rate;
} recipe;

static const recipe recipes[] = {
    {{CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX}, CMLP_LOSS_LOG, CMLP_FLOAT32,
     CMLP_SOLVER_ADAM, 0.01},
    {{CMLP_ACTIVATION_LOGISTIC, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_LOGISTIC}, CMLP_LOSS_SQUARED_ERROR, CMLP_FLOAT64,
     CMLP_SOLVER_NESTEROV, 0.1},
    {{CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_LOGISTIC, CMLP_ACTIVATION_EXP}, CMLP_LOSS_POISSON, CMLP_FLOAT32,
     CMLP_SOLVER_MOMENTUM, 0.05},
};

static void demand(int status, const char *what)
{
    if (status == CMLP_OK) return;
    fprintf(stderr, "%s: %s\n", what, cmlp_status_string(status));
    exit(1);
}

/* The library allocates nothing, and neither does this program: its memory blocks are consecutive parts of an array. */
static _Alignas(64) unsigned char arena[1 << 21];
static size_t used;

static void *memory(size_t bytes)
{
    void *block = arena + used;
    used += (bytes + 63) / 64 * 64;
    demand(used <= sizeof arena ? CMLP_OK : CMLP_ERROR_BUFFER_SIZE, "arena");
    return block;
}

/* Adds values to a hash. Their bit patterns are hashed as numbers, so that the byte order does not matter. */
static uint64_t hashed(uint64_t hash, int32_t dtype, const void *block, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const double x = dtype == CMLP_FLOAT32 ? ((const float *)block)[i] : ((const double *)block)[i];
        uint64_t bits;
        memcpy(&bits, &x, sizeof bits);
        hash = (hash ^ bits) * UINT64_C(0x100000001b3);
        hash ^= hash >> 32;
    }
    return hash;
}

static const cmlp_net *make_net(const recipe *r, cmlp_isa isa)
{
    const cmlp_net *net = NULL;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = r->activations;
    config.n_layers = LAYERS;
    config.loss = r->loss;
    config.dtype = r->dtype;
    config.isa_mask = isa;
    size_t bytes = 0;
    demand(cmlp_net_size(&config, &bytes, NULL), "net size");
    demand(cmlp_net_init(memory(bytes), bytes, &config, &net, NULL), "net");
    return net;
}

static cmlp_optimizer make_optimizer(const recipe *r, const cmlp_net *net)
{
    cmlp_optimizer optimizer = cmlp_default_optimizer(r->solver);
    demand(cmlp_optimizer_state_size(net, &optimizer, &optimizer.state_size, NULL), "optimizer");
    optimizer.state = memory(optimizer.state_size);
    optimizer.learning_rate = r->learning_rate;
    return optimizer;
}

static cmlp_run make_run(const cmlp_net *net, int32_t n_threads)
{
    const cmlp_rows rows = cmlp_dense_rows(NULL, CMLP_FLOAT64, ROWS, INPUTS);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    const cmlp_epoch epoch = CMLP_INIT(cmlp_epoch); /* all rows are one batch: enough for smaller batches */
    size_t forward;
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.n_threads = n_threads;
    demand(cmlp_net_workspace_size(net, &rows, &objective, &epoch, &run.workspace_size, &run), "workspace");
    demand(cmlp_net_workspace_size(net, &rows, NULL, NULL, &forward, &run), "workspace");
    if (forward > run.workspace_size) run.workspace_size = forward;
    run.workspace = memory(run.workspace_size);
    return run;
}

static uint64_t train(const recipe *r, cmlp_isa isa, int32_t n_threads)
{
    static double x[ROWS * INPUTS];
    static int32_t labels[ROWS];
    static int64_t order[ROWS];
    memset(arena, 0, sizeof arena);
    used = 0;
    const cmlp_net *net = make_net(r, isa);
    cmlp_optimizer optimizer = make_optimizer(r, net);
    cmlp_run run = make_run(net, n_threads);
    const int64_t n_params = cmlp_net_n_params(net);
    double *params = memory((size_t)n_params * sizeof(double)), *output = memory(sizeof(double[ROWS * OUTPUTS]));

    cmlp_random random;
    cmlp_random_seed(&random, 12345);
    for (int i = 0; i < ROWS * INPUTS; i++) x[i] = 4 * cmlp_random_double(&random) - 2;
    for (int i = 0; i < ROWS; i++) labels[i] = (int32_t)(OUTPUTS * cmlp_random_double(&random));
    for (int i = 0; i < ROWS; i++) order[i] = i;
    demand(cmlp_net_init_params(net, &random, params, n_params, NULL), "parameters");

    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    rows.data = x;
    rows.n_rows = ROWS;
    rows.n_columns = INPUTS;
    rows.row_stride = INPUTS * (int64_t)sizeof(double);
    rows.column_stride = sizeof(double);
    rows.scale = 0.5;
    rows.order = order;
    rows.n_order = ROWS;
    rows.kind = CMLP_ROWS_DENSE;
    rows.dtype = CMLP_FLOAT64;
    cmlp_targets targets = CMLP_INIT(cmlp_targets);
    targets.data = labels;
    targets.n_rows = ROWS;
    targets.row_stride = sizeof(int32_t);
    targets.kind = CMLP_TARGETS_CLASSES;
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    objective.alpha = 1e-4;
    objective.loss_scale = 1;
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    epoch.batch_size = 300;
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);

    uint64_t hash = 0;
    for (int i = 0; i < EPOCHS; i++) {
        cmlp_random_shuffle(&random, order, ROWS);
        demand(cmlp_train_epoch(net, params, cmlp_net_n_params(net), &rows, &targets, &objective, &optimizer, &epoch,
                                &result, &run), "epoch");
        hash = hashed(hash, CMLP_FLOAT64, &result.cost, 1);
    }
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = ROWS * OUTPUTS};
    demand(cmlp_forward(net, params, n_params, &rows, &prediction, &run), "forward");
    return hashed(hashed(hash, r->dtype, params, n_params), r->dtype, output, ROWS * OUTPUTS);
}

/* Trains with the fastest instruction set, then with each available one, with and without threads. */
static uint64_t same_everywhere(const recipe *r)
{
    const uint64_t hash = train(r, 0, 1);
    const cmlp_isa available = cmlp_cpu_isa_mask();
    for (cmlp_isa isa = 1; isa && isa <= available; isa *= 2) {
        if (!(available & isa)) continue;
        if (train(r, isa, 1) == hash && train(r, isa, THREADS) == hash) continue;
        fprintf(stderr, "instruction set %d gives other bits\n", (int)isa);
        exit(1);
    }
    return hash;
}

int main(void)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) hash = hash * 31 + same_everywhere(&recipes[i]);
    printf("cmlp golden %016" PRIx64 "\n", hash);
    return 0;
}
