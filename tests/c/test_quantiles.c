/* Networks with a quantile for each output: sorted predictions, costs, and model files. */
#include "model_file.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { N_IN = 3, N_OUT = 4, N_PARAMS = N_IN * N_OUT + N_OUT, N_ROWS = 200 };

static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *net;
static double params[N_PARAMS], x[N_ROWS * N_IN]; /* large enough, and aligned, for both types */
static const double quantiles[N_OUT] = {0.1, 0.25, 0.5, 0.9};
static const int64_t sizes[] = {N_IN, N_OUT};
static const int32_t activations[] = {CMLP_ACTIVATION_IDENTITY};
static model_file good, changed;

static cmlp_net_config config_of(int32_t dtype)
{
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 2;
    config.loss = CMLP_LOSS_QUANTILE;
    config.dtype = dtype;
    config.quantiles = quantiles;
    config.n_quantiles = sizeof quantiles / sizeof(double);
    return config;
}

static void test_invalid(void)
{
    static const double bad[][N_OUT] = {
        {0, 0.25, 0.5, 0.9}, {0.1, 0.25, 0.5, 1}, {0.1, 0.1, 0.5, 0.9}, {0.5, 0.25, 0.6, 0.9}, {0.1, -0.2, 0.5, 0.9}};
    const double nan = 0 * (1e308 * 10), with_nan[N_OUT] = {0.1, nan, 0.5, 0.9};
    static double many[CMLP_MAX_QUANTILES + 1];
    int64_t wide[] = {N_IN, CMLP_MAX_QUANTILES};
    cmlp_net_config config = config_of(CMLP_FLOAT32);
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
#define REFUSED(change)                                                                         \
    (config = config_of(CMLP_FLOAT32), (void)(change),                                          \
     CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_ERROR_OPTION))
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) REFUSED(config.quantiles = bad[i]);
    REFUSED(config.quantiles = with_nan);
    REFUSED(config.loss = CMLP_LOSS_HUBER);
    REFUSED(config.loss_parameter = 0.5);
    for (int j = 0; j <= CMLP_MAX_QUANTILES; j++) many[j] = (j + 1) / (double)(CMLP_MAX_QUANTILES + 2);
    config = config_of(CMLP_FLOAT64);
    config.quantiles = many;
    config.sizes = wide;
    config.n_quantiles = wide[1];
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    config.n_quantiles = ++wide[1];
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_ERROR_OPTION);
    config.n_quantiles = wide[1] = 1;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_ERROR_OPTION);
}

static void write_good(int32_t dtype)
{
    const cmlp_net_config config = config_of(dtype);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    uint64_t state = 7;
    size_t size;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int64_t i = 0; i < N_PARAMS; i++) put(dtype, params, i, uniform(&state, -1, 1));
    for (int64_t i = 0; i < N_ROWS * N_IN; i++) put(dtype, x, i, uniform(&state, -1, 1));
    good.size = 0;
    content.input_scale = 0.25;
    content.write = model_file_append;
    content.write_context = &good;
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, &size, NULL) == CMLP_OK);
    void *scratch = malloc(size);
    CHECK(cmlp_model_write(net, params, cmlp_net_n_params(net), &content, SPACE(scratch, size)) == CMLP_OK);
    free(scratch);
}

static int load(const model_file *file, const cmlp_model **model, void **scratch, size_t *workspace_size)
{
    static _Alignas(64) unsigned char memory[1 << 15], space[1 << 15];
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    int status = cmlp_model_describe(file->bytes, file->size, &info, NULL);
    if (status) return status;
    CHECK(info.model_size <= sizeof memory && info.workspace_size <= sizeof space);
    *scratch = space;
    *workspace_size = info.workspace_size;
    return cmlp_model_init(memory, sizeof memory, file->bytes, file->size, NULL, model, SPACE(*scratch, *workspace_size));
}

/* All predictions are the activations, sorted by value. */
static void test_sorted(int32_t dtype)
{
    static double all[N_ROWS * N_OUT], raw[N_ROWS * N_OUT];
    static unsigned char workspace[1 << 18];
    cmlp_rows rows = cmlp_dense_rows(x, dtype, N_ROWS, N_IN);
    cmlp_run run = CMLP_INIT(cmlp_run);
    void *outputs[1] = {raw}, *scratch = NULL;
    const cmlp_model *model = NULL;
    size_t workspace_size = 0;
    int64_t crossed = 0;
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    run.n_threads = 2;
    CHECK(load(&good, &model, &scratch, &workspace_size) == CMLP_OK);
    CHECK(cmlp_model_prepare_rows(model, &rows, NULL) == CMLP_OK);
    CHECK(call_forward(cmlp_model_net(model), cmlp_model_params(model), &rows, all, &run) == CMLP_OK);
    CHECK(list_activations(cmlp_model_net(model), cmlp_model_params(model), &rows, outputs, NULL, &run) == CMLP_OK);
    for (int64_t i = 0; i < N_ROWS; i++) {
        double one[N_OUT];
        int32_t label = 0;
        const void *row = (const char *)(const void *)x + (size_t)(i * N_IN) * size_of(dtype);
        CHECK(predict_row(model, row, N_IN, &label, one, scratch, workspace_size) == CMLP_OK && label == -1);
        for (int64_t j = 0; j < N_OUT; j++) {
            int64_t smaller = 0;
            const double value = get(dtype, raw, i * N_OUT + j);
            for (int64_t k = 0; k < N_OUT; k++) smaller += get(dtype, raw, i * N_OUT + k) < value;
            CHECK(get(dtype, all, i * N_OUT + smaller) == value && get(dtype, one, smaller) == value);
            crossed += smaller != j;
        }
    }
    CHECK(crossed > N_ROWS); /* the test has something to sort */
}

static const struct attack {
    const char *from, *to;
    int status;
} attacks[] = {
    {",3fd0000000000000", ",3fb0000000000000", CMLP_ERROR_FILE_VALUE}, /* does not ascend */
    {",3fd0000000000000", ",7ff8000000000000", CMLP_ERROR_FILE_VALUE}, /* NaN */
    {",3fd0000000000000", "", CMLP_ERROR_FILE_VALUE}, /* fewer than outputs */
    {",3fd0000000000000", ",3fd0000000000000,3fd8000000000000", CMLP_ERROR_FILE_VALUE},
    {",3fd0000000000000", ",3fd000000000000", CMLP_ERROR_FILE_SYNTAX},
    {",3fd0000000000000", ",", CMLP_ERROR_FILE_SYNTAX},
    {"\"quantile:", "\"huber:", CMLP_ERROR_FILE_SYNTAX},
};

static void test_attacks(void)
{
    const cmlp_model *model;
    void *scratch;
    size_t size;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        memcpy(&changed, &good, sizeof good);
        CHECK(model_file_replace(&changed, attacks[i].from, attacks[i].to));
        const int status = load(&changed, &model, &scratch, &size);
        check_that(status == attacks[i].status, "%s instead of %s: %s", attacks[i].to, attacks[i].from,
                   cmlp_status_name(status));
    }
    static char many[17 * CMLP_MAX_QUANTILES + 18];
    memcpy(&changed, &good, sizeof good);
    for (int i = 0; i <= CMLP_MAX_QUANTILES; i++) memcpy(many + 17 * i, ",3fd0000000000000", 18);
    CHECK(model_file_replace(&changed, ",3fd0000000000000", many));
    CHECK(load(&changed, &model, &scratch, &size) == CMLP_ERROR_FILE_VALUE);
}

int main(void)
{
    test_invalid();
    for (int32_t dtype = CMLP_FLOAT64; dtype >= CMLP_FLOAT32; dtype--) {
        write_good(dtype);
        test_sorted(dtype);
        test_attacks();
    }
    return finish();
}
