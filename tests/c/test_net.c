/* cmlp_net: invalid configurations, offsets of the tensors, size overflow, instruction sets, status codes. */
#include "fixture.h"
#include "workspace.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static _Alignas(64) unsigned char memory[8192];
static const cmlp_net *net;

static int64_t sizes[CMLP_MAX_LAYERS + 1];
static int32_t activations[CMLP_MAX_LAYERS];
static cmlp_net_config config;

static void reset(void)
{
    for (int i = 0; i <= CMLP_MAX_LAYERS; i++) sizes[i] = 3 + i;
    for (int i = 0; i < CMLP_MAX_LAYERS; i++) activations[i] = CMLP_ACTIVATION_RELU;
    activations[2] = CMLP_ACTIVATION_SOFTMAX;
    config = (cmlp_net_config){.struct_size = sizeof config,
                               .sizes = sizes,
                               .activations = activations,
                               .n_layers = 4,
                               .loss = CMLP_LOSS_LOG,
                               .dtype = CMLP_FLOAT32};
}

/* The configuration is rejected, and the memory is unchanged. */
#define INVALID(expected, change)                                                         \
    do {                                                                                  \
        reset();                                                                          \
        change;                                                                           \
        memset(memory, 0x77, sizeof memory);                                              \
        const int status = cmlp_net_init(memory, sizeof memory, &config, &net, NULL);                  \
        int untouched = 1;                                                                \
        for (size_t b = 0; b < sizeof memory; b++) untouched = untouched && memory[b] == 0x77; \
        check_that(status == (expected) && untouched && !net, "%s: %s", #change, cmlp_status_name(status)); \
    } while (0)

/* The run names the array and the layer of a width that is refused. */
static void test_refused_width(void)
{
    reset();
    sizes[2] = 0;
    cmlp_run run = CMLP_INIT(cmlp_run);
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, &run) == CMLP_ERROR_WIDTH);
    CHECK(run.refused && !strcmp(run.refused, "config->sizes") && run.bad_element == 2);
}

static void test_invalid_config(void)
{
    INVALID(CMLP_ERROR_STRUCT_SIZE, config.struct_size = offsetof(cmlp_net_config, n_quantiles));
    INVALID(CMLP_ERROR_NULL, config.sizes = NULL);
    INVALID(CMLP_ERROR_NULL, config.activations = NULL);
    INVALID(CMLP_ERROR_LENGTH, config.n_quantiles = 2);
    INVALID(CMLP_ERROR_LAYERS, config.n_layers = 1);
    INVALID(CMLP_ERROR_LAYERS, config.n_layers = -1);
    INVALID(CMLP_ERROR_LAYERS, config.n_layers = CMLP_MAX_LAYERS + 1);
    INVALID(CMLP_ERROR_WIDTH, sizes[0] = 0);
    INVALID(CMLP_ERROR_WIDTH, sizes[3] = -5);
    INVALID(CMLP_ERROR_WIDTH, sizes[1] = INT64_C(2147483648));
    INVALID(CMLP_ERROR_WIDTH, sizes[2] = INT64_MAX);
    INVALID(CMLP_ERROR_ACTIVATION, activations[0] = 0);
    INVALID(CMLP_ERROR_ACTIVATION, activations[0] = CMLP_ACTIVATION_SOFTMAX);
    INVALID(CMLP_ERROR_ACTIVATION, activations[1] = CMLP_ACTIVATION_EXP);
    INVALID(CMLP_ERROR_ACTIVATION, activations[2] = CMLP_ACTIVATION_RELU);
    INVALID(CMLP_ERROR_ACTIVATION, activations[2] = CMLP_ACTIVATION_GELU);
    INVALID(CMLP_ERROR_ACTIVATION, activations[2] = -1);
    INVALID(CMLP_ERROR_ACTIVATION, activations[1] = 13);
    INVALID(CMLP_ERROR_LOSS, activations[2] = CMLP_ACTIVATION_TANH);
    INVALID(CMLP_ERROR_LOSS, config.loss = 0);
    INVALID(CMLP_ERROR_LOSS, config.loss = CMLP_LOSS_TWEEDIE + 1);
    INVALID(CMLP_ERROR_LOSS, config.loss = CMLP_LOSS_POISSON);
    INVALID(CMLP_ERROR_LOSS, activations[2] = CMLP_ACTIVATION_IDENTITY);
    INVALID(CMLP_ERROR_LOSS, activations[2] = CMLP_ACTIVATION_EXP);
    INVALID(CMLP_ERROR_DTYPE, config.dtype = 0);
    INVALID(CMLP_ERROR_DTYPE, config.dtype = CMLP_UINT8);
    INVALID(CMLP_ERROR_OPTION, config.isa_mask = INT32_MIN);
    INVALID(CMLP_ERROR_OPTION, config.isa_mask = -1);
    INVALID(CMLP_ERROR_ISA, config.isa_mask = 16);
    INVALID(CMLP_ERROR_ISA, config.isa_mask = ~cmlp_cpu_isa_mask() & INT32_MAX);
    reset();
    CHECK(cmlp_net_init(NULL, sizeof memory, &config, &net, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_net_init(memory, sizeof memory, &config, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_net_init(memory, sizeof memory, NULL, &net, NULL) == CMLP_ERROR_NULL);
}

/* A net takes memory by its layers and quantiles, and no more than the bound of the header. */
static void test_net_size(void)
{
    static const double quantiles[3] = {0.1, 0.5, 0.9};
    size_t bytes = 5, three, with_quantiles;
    reset();
    CHECK(cmlp_net_size(&config, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_net_size(NULL, &bytes, NULL) == CMLP_ERROR_NULL);
    config.loss = 0;
    CHECK(cmlp_net_size(&config, &bytes, NULL) == CMLP_ERROR_LOSS && bytes == 5);
    reset();
    CHECK(cmlp_net_size(&config, &bytes, NULL) == CMLP_OK && bytes <= CMLP_NET_SIZE(4));
    CHECK(cmlp_net_init(memory, bytes - 1, &config, &net, NULL) == CMLP_ERROR_BUFFER_SIZE);
    CHECK(cmlp_net_init(memory, bytes, &config, &net, NULL) == CMLP_OK);
    config.n_layers = 3;
    sizes[2] = 3;
    activations[1] = CMLP_ACTIVATION_IDENTITY;
    config.loss = CMLP_LOSS_QUANTILE;
    CHECK(cmlp_net_size(&config, &three, NULL) == CMLP_OK && three < bytes);
    config.quantiles = quantiles;
    config.n_quantiles = sizeof quantiles / sizeof(double);
    CHECK(cmlp_net_size(&config, &with_quantiles, NULL) == CMLP_OK && with_quantiles == three + sizeof quantiles);
    CHECK(cmlp_net_init(memory, with_quantiles - 1, &config, &net, NULL) == CMLP_ERROR_BUFFER_SIZE);
    CHECK(cmlp_net_init(memory, with_quantiles, &config, &net, NULL) == CMLP_OK);
    reset();
}

/* Each output activation with each loss: only the pairs that the header lists are accepted. */
static void test_pairs(void)
{
    static const int allowed[13][10] = {[CMLP_ACTIVATION_IDENTITY] = {0, 0, 1, 0, 1, 1, 1},
                                        [CMLP_ACTIVATION_LOGISTIC] = {0, 1, 1, 0, 1, 1, 1, 0, 1, 1},
                                        [CMLP_ACTIVATION_TANH] = {0, 0, 1, 0, 1, 1, 1},
                                        [CMLP_ACTIVATION_SOFTMAX] = {0, 1, 1, 0, 0, 0, 0, 0, 1, 1},
                                        [CMLP_ACTIVATION_EXP] = {0, 0, 1, 1, 1, 1, 1, 1}};
    for (int32_t output = CMLP_ACTIVATION_IDENTITY; output <= CMLP_ACTIVATION_SOFTSIGN; output++)
        for (int32_t loss = CMLP_LOSS_LOG; loss <= CMLP_LOSS_LABEL_SMOOTHING; loss++) {
            reset();
            activations[2] = output;
            config.loss = loss;
            check_that((cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK) == allowed[output][loss],
                       "output %d with loss %d", (int)output, (int)loss);
        }
}

/* Parameters of activations and losses: 0 selects the default; other values must be in range and need a parameter. */
static void test_parameters(void)
{
    double parameters[CMLP_MAX_LAYERS - 1] = {0, 0.25};
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    reset();
    config.activation_parameters = parameters;
    activations[0] = activations[1] = CMLP_ACTIVATION_LEAKY_RELU;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    CHECK(cmlp_net_describe_layer(net, 0, &layer, NULL) == CMLP_OK && layer.parameter == 0.01);
    CHECK(cmlp_net_describe_layer(net, 1, &layer, NULL) == CMLP_OK && layer.parameter == 0.25);
    INVALID(CMLP_ERROR_OPTION, config.activation_parameters = parameters); /* tanh has none */
    const double bad[] = {-1, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        parameters[1] = bad[i];
        INVALID(CMLP_ERROR_OPTION, (config.activation_parameters = parameters, activations[1] = CMLP_ACTIVATION_ELU));
        INVALID(CMLP_ERROR_OPTION, (config.loss = CMLP_LOSS_FOCAL, config.loss_parameter = bad[i]));
    }
    INVALID(CMLP_ERROR_OPTION, config.loss_parameter = 1); /* the log loss has none */
    for (int p = -1; p <= 2; p++) {
        if (!p) continue; /* the default */
        INVALID(CMLP_ERROR_OPTION, (config.loss = CMLP_LOSS_TWEEDIE, activations[2] = CMLP_ACTIVATION_EXP,
                                    config.loss_parameter = p));
    }
    reset();
    config.loss = CMLP_LOSS_TWEEDIE, activations[2] = CMLP_ACTIVATION_EXP, config.loss_parameter = 1.001;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    INVALID(CMLP_ERROR_OPTION, (config.loss = CMLP_LOSS_LABEL_SMOOTHING, config.loss_parameter = 1));
}

/* The tables count from 1 without gaps, and their names differ. */
static void test_descriptions(void)
{
    CHECK(!cmlp_activation_describe(0) && !cmlp_activation_describe(13) && !cmlp_activation_describe(-1));
    CHECK(!cmlp_loss_describe(0) && !cmlp_loss_describe(CMLP_LOSS_TWEEDIE + 1) && !cmlp_loss_describe(INT32_MIN));
    for (int32_t i = CMLP_ACTIVATION_IDENTITY; i <= CMLP_ACTIVATION_SOFTSIGN; i++) {
        const cmlp_activation_info *info = cmlp_activation_describe(i);
        CHECK(info && info->name && (info->allows_hidden || info->allows_output) && info->init_factor > 0);
        for (int32_t j = 1; j < i; j++) CHECK(strcmp(info->name, cmlp_activation_describe(j)->name) != 0);
    }
    for (int32_t i = CMLP_LOSS_LOG; i <= CMLP_LOSS_TWEEDIE; i++)
        CHECK(cmlp_loss_describe(i) && cmlp_loss_describe(i)->name);
    CHECK(cmlp_loss_allows(CMLP_LOSS_POISSON, CMLP_ACTIVATION_EXP) == 1);
    CHECK(cmlp_loss_allows(CMLP_LOSS_POISSON, CMLP_ACTIVATION_LOGISTIC) == 0);
    CHECK(!cmlp_loss_allows(0, CMLP_ACTIVATION_EXP) && !cmlp_loss_allows(CMLP_LOSS_TWEEDIE + 1, CMLP_ACTIVATION_EXP));
    CHECK(!cmlp_loss_allows(CMLP_LOSS_POISSON, 0) && !cmlp_loss_allows(CMLP_LOSS_POISSON, 38));
    CHECK(!cmlp_loss_allows(-1, -1));
}

static void test_layout(void)
{
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    int64_t at = 0;
    reset();
    config.n_layers = CMLP_MAX_LAYERS;
    activations[2] = CMLP_ACTIVATION_RELU;
    activations[CMLP_MAX_LAYERS - 2] = CMLP_ACTIVATION_SOFTMAX;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    for (int32_t l = 0; l < CMLP_MAX_LAYERS - 1; l++) {
        CHECK(cmlp_net_describe_layer(net, l, &layer, NULL) == CMLP_OK);
        CHECK(layer.n_in == sizes[l] && layer.n_out == sizes[l + 1] && layer.activation == activations[l]);
        CHECK(layer.first_weight == at && layer.first_bias == at + layer.n_in * layer.n_out);
        at = layer.first_bias + layer.n_out;
    }
    CHECK(cmlp_net_n_params(net) == at);
    CHECK(cmlp_net_describe_layer(net, CMLP_MAX_LAYERS - 1, &layer, NULL) == CMLP_ERROR_INDEX);
    CHECK(cmlp_net_describe_layer(net, -1, &layer, NULL) == CMLP_ERROR_INDEX);
    CHECK(cmlp_net_describe_layer(net, 0, NULL, NULL) == CMLP_ERROR_NULL);
    layer.struct_size = 0;
    CHECK(cmlp_net_describe_layer(net, 0, &layer, NULL) == CMLP_ERROR_STRUCT_SIZE);
    layer.struct_size = sizeof layer;
    reset(); /* the net must not keep pointers to the caller's memory */
    memset(sizes, 0, sizeof sizes);
    CHECK(cmlp_net_describe_layer(net, 1, &layer, NULL) == CMLP_OK && layer.n_in == 4);
}

static void describe(int64_t a, int64_t b, int64_t c)
{
    reset();
    sizes[0] = a;
    sizes[1] = b;
    sizes[2] = c;
    config.n_layers = c ? 3 : 2;
    activations[config.n_layers - 2] = CMLP_ACTIVATION_SOFTMAX;
}

/* Sizes near the limits of 64-bit offsets. */
static void test_overflow(void)
{
    const int64_t most = INT64_C(2147483647);
    size_t bytes = 5;
    describe(most, most, most);
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_ERROR_OVERFLOW);
    config.dtype = CMLP_FLOAT64;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_ERROR_OVERFLOW);
    describe(most, most, 0);
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_ERROR_OVERFLOW);
    if (sizeof(size_t) < 8) return;

    describe(most, (INT64_C(1) << 30) - 1, 0); /* the block just fits, and nothing else does */
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    CHECK(cmlp_net_n_params(net) == (INT64_C(1) << 61) - (INT64_C(1) << 31));
    CHECK(call_workspace(net, CALL_TRAIN, 256, 1, &bytes) == CMLP_ERROR_OVERFLOW);
    CHECK(cmlp_optimizer_state_size(net, SOLVER(CMLP_SOLVER_ADAM), &bytes, NULL) == CMLP_ERROR_OVERFLOW);
    CHECK(bytes == 5);
    CHECK(call_workspace(net, CALL_FORWARD, INT64_MAX, CMLP_MAX_THREADS, &bytes) == CMLP_OK && bytes > 5);

    describe(most, INT64_C(1) << 29, 0);
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    CHECK(cmlp_optimizer_state_size(net, SOLVER(CMLP_SOLVER_ADAM), &bytes, NULL) == CMLP_ERROR_OVERFLOW);
    config.dtype = CMLP_FLOAT64;
    describe(most, INT64_C(1) << 28, 0);
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    CHECK(cmlp_optimizer_state_size(net, SOLVER(CMLP_SOLVER_ADAM), &bytes, NULL) == CMLP_OK);
    CHECK(bytes == sizeof(cmlp_optimizer_state) + (size_t)(UINT64_C(1) << 62));
}

static void test_sizes(void)
{
    size_t bytes = 5, other;
    reset();
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    CHECK(cmlp_net_workspace_size(net, &rows, NULL, NULL, &bytes, NULL) == CMLP_ERROR_ROWS); /* no kind */
    rows.kind = CMLP_ROWS_DENSE;
    CHECK(cmlp_net_workspace_size(net, NULL, &objective, NULL, &bytes, NULL) == CMLP_ERROR_NULL); /* one row needs none */
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, &bytes, THREADS(-1)) == CMLP_ERROR_THREADS);
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_net_workspace_size(net, &rows, NULL, &epoch, &bytes, NULL) == CMLP_ERROR_NULL); /* no objective */
    epoch.batch_size = -1;
    CHECK(cmlp_net_workspace_size(net, &rows, &objective, &epoch, &bytes, NULL) == CMLP_ERROR_BATCH);
    rows.struct_size = 0;
    CHECK(cmlp_net_workspace_size(net, &rows, NULL, NULL, &bytes, NULL) == CMLP_ERROR_STRUCT_SIZE);
    CHECK(call_workspace(net, CALL_TRAIN, -1, 1, &bytes) == CMLP_ERROR_ROWS);
    CHECK(call_workspace(net, CALL_TRAIN, 1, -1, &bytes) == CMLP_ERROR_THREADS);
    CHECK(call_workspace(net, CALL_TRAIN, 1, INT32_MIN, &bytes) == CMLP_ERROR_THREADS);
    CHECK(call_workspace(net, CALL_TRAIN, 1, 1, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_optimizer_state_size(net, SOLVER(0), &bytes, NULL) == CMLP_ERROR_OPTION);
    CHECK(cmlp_optimizer_state_size(net, SOLVER(6), &bytes, NULL) == CMLP_ERROR_OPTION);
    CHECK(cmlp_optimizer_state_size(net, SOLVER(CMLP_SOLVER_SGD), NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(bytes == 5);
    for (int32_t solver = CMLP_SOLVER_SGD; solver <= CMLP_SOLVER_ADAMW; solver++) {
        const size_t blocks = solver == CMLP_SOLVER_SGD ? 0 : solver >= CMLP_SOLVER_ADAM ? 2 : 1;
        CHECK(cmlp_optimizer_state_size(net, SOLVER(solver), &bytes, NULL) == CMLP_OK);
        CHECK(bytes == sizeof(cmlp_optimizer_state) + blocks * sizeof(float) * (size_t)cmlp_net_n_params(net));
    }
    for (int kind = CALL_FORWARD; kind <= CALL_TRAIN; kind++) { /* bounded for any number of rows */
        CHECK(call_workspace(net, kind, 1000, 2, &bytes) == CMLP_OK);
        CHECK(call_workspace(net, kind, INT64_MAX, 2, &other) == CMLP_OK && other == bytes);
    }
}

/* The net uses the best allowed instruction set, or the only one. */
static void test_instruction_sets(void)
{
    cmlp_isa isas[8], all = cmlp_cpu_isa_mask();
    const int n = available_isas(isas);
    CHECK(all & CMLP_ISA_GENERIC);
    for (int i = 0; i < n; i++) {
        reset();
        config.isa_mask = isas[i];
        CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK && cmlp_net_isa(net) == isas[i]);
        config.isa_mask = isas[i] | (isas[i] - 1) | 1 << 30; /* one that the library does not know */
        CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK && cmlp_net_isa(net) == isas[i]);
    }
    config.isa_mask = 0;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK && cmlp_net_isa(net) == isas[n - 1]);
}

/* A net is made in memory of any alignment, and its address is inside it. */
static void test_any_alignment(void)
{
    static unsigned char block[2 * CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
    reset();
    for (size_t shift = 0; shift < 64; shift++) {
        const cmlp_net *made = NULL;
        CHECK(cmlp_net_init(block + shift, sizeof block / 2, &config, &made, NULL) == CMLP_OK);
        const unsigned char *const at = (const unsigned char *)made;
        CHECK(at >= block + shift && at < block + shift + 8 && cmlp_net_n_params(made) > 0);
    }
}

static void test_statuses(void)
{
    int named = 0;
    for (int status = -2; status < 128; status++) {
        const char *name = cmlp_status_name(status), *sentence = cmlp_status_string(status);
        CHECK(name && sentence && *name && *sentence);
        named += name && !strncmp(name, "CMLP_", 5);
    }
    CHECK(named == 55); /* number of statuses in the header */
    CHECK(!strcmp(cmlp_status_name(CMLP_OK), "CMLP_OK"));
    CHECK(!strcmp(cmlp_status_name(CMLP_ERROR_DIVERGED), "CMLP_ERROR_DIVERGED"));
    CHECK(!strcmp(cmlp_version(), CMLP_VERSION));
    int major = 0, minor = 0, patch = 0;
    CHECK(sscanf(CMLP_VERSION, "%d.%d.%d", &major, &minor, &patch) == 3);
    CHECK(major * 10000 + minor * 100 + patch == CMLP_VERSION_NUMBER);
}

int main(void)
{
    test_invalid_config();
    test_refused_width();
    test_net_size();
    test_pairs();
    test_parameters();
    test_descriptions();
    test_layout();
    test_overflow();
    test_sizes();
    test_instruction_sets();
    test_statuses();
    test_any_alignment();
    return finish();
}
