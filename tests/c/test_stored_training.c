/* Training state in a model file: its arrays, and refused ones. */
#include "../../src/cmlp/core/file/write/any_names.h"
#include "model_file.h"
#include "support.h"

#include <math.h>
#include <string.h>

enum { N_ROWS = 4, N_PARAMS = 2 * 2 + 2 };

static _Alignas(8) unsigned char net_memory[8192], scratch[4096];
static const cmlp_net *net;
static float params[N_PARAMS];
static struct {
    cmlp_optimizer_state counters;
    float moments[2 * N_PARAMS];
} state;
static int64_t order[N_ROWS + 2] = {2, 0, 3, 1, 0, N_ROWS}; /* the last one is not read */
static double losses[3] = {3, 2, 1};
static cmlp_random generator;
static cmlp_optimizer optimizer;
static model_file file;

static void make_net(void)
{
    const int64_t sizes[] = {2, 2};
    const int32_t activations[] = {CMLP_ACTIVATION_SOFTMAX};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 2;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    cmlp_random_seed(&generator, 1);
    CHECK(cmlp_net_init_params(net, &generator, params, cmlp_net_n_params(net), NULL) == CMLP_OK);
}

static cmlp_training good_training(void)
{
    cmlp_training training = CMLP_INIT(cmlp_training);
    optimizer = cmlp_default_optimizer(CMLP_SOLVER_ADAM);
    memset(&state, 0, sizeof state);
    optimizer.state = &state;
    optimizer.state_size = sizeof state;
    training.optimizer = &optimizer;
    training.random = &generator;
    training.order = order;
    training.n_rows = N_ROWS;
    training.n_epochs = 3;
    training.objectives = losses;
    training.alpha = 0.5;
    return training;
}

static int write_with(const cmlp_training *training, const char *array)
{
    const cmlp_model_array arrays[] = {{.name = array, .data = losses, .n_rows = 3, .dtype = CMLP_FLOAT64}};
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.training = training;
    content.arrays = arrays;
    content.n_arrays = array != NULL;
    content.write = model_file_append;
    content.write_context = &file;
    file.size = 0;
    const int status = cmlpi_model_write(net, params, cmlp_net_n_params(net), &content, SPACE(scratch, sizeof scratch));
    CHECK(status == CMLP_OK || file.size == 0);
    return status;
}

static int contains(const char *text)
{
    const size_t n = strlen(text);
    for (size_t i = 0; i + n <= file.size; i++)
        if (!memcmp(file.bytes + i, text, n)) return 1;
    return 0;
}

static void test_arrays(void)
{
    cmlp_training training = good_training();
    CHECK(write_with(&training, "user.more") == CMLP_OK);
    CHECK(contains("\"training.generator\":{\"dtype\":\"I32\",\"shape\":[624]"));
    CHECK(contains("\"training.loss_curve\":{\"dtype\":\"F64\",\"shape\":[3]"));
    CHECK(contains("\"training.numbers\":{\"dtype\":\"F64\",\"shape\":[16]"));
    CHECK(contains("\"training.optimizer\":{\"dtype\":\"F32\",\"shape\":[12]"));
    CHECK(contains("\"training.order\":{\"dtype\":\"I64\",\"shape\":[4]"));
    training.random = NULL;
    training.order = NULL;
    training.objectives = NULL;
    optimizer.solver = CMLP_SOLVER_SGD;
    CHECK(write_with(&training, NULL) == CMLP_OK);
    CHECK(contains("training.numbers") && !contains("training.o") && !contains("training.generator"));
    CHECK(write_with(NULL, "training.numbers") == CMLP_OK); /* another program's */
}

/* Hyperparameters that the solver does not read may be any numbers; the file has their defaults, which Python reads. */
static void test_unused_numbers(void)
{
    static model_file expected;
    for (int32_t solver = CMLP_SOLVER_SGD; solver <= CMLP_SOLVER_ADAMW; solver++) {
        const int is_adam = solver >= CMLP_SOLVER_ADAM, has_momentum = !is_adam && solver != CMLP_SOLVER_SGD;
        const cmlp_training training = good_training();
        optimizer.solver = solver;
        CHECK(write_with(&training, NULL) == CMLP_OK);
        memcpy(&expected, &file, sizeof file);
        if (!has_momentum) optimizer.momentum = NAN;
        if (solver != CMLP_SOLVER_ADAMW) optimizer.weight_decay = -INFINITY;
        if (!is_adam) optimizer.beta_1 = optimizer.beta_2 = optimizer.epsilon = state.counters.beta_1_power = NAN;
        if (!is_adam) state.counters.beta_2_power = 7;
        CHECK(write_with(&training, NULL) == CMLP_OK && file.size == expected.size);
        CHECK(!memcmp(file.bytes, expected.bytes, file.size));
    }
}

static void test_refused_trainings(void)
{
    cmlp_training t = good_training();
    CHECK(write_with(&t, "training.zero") == CMLP_ERROR_NAME);
#define REFUSED(change, status) (t = good_training(), (change), CHECK(write_with(&t, NULL) == (status)))
    REFUSED(t.struct_size = 0, CMLP_ERROR_STRUCT_SIZE);
    REFUSED(t.optimizer = NULL, CMLP_ERROR_NULL);
    REFUSED(t.order = NULL, CMLP_ERROR_NULL);
    REFUSED(t.random = NULL, CMLP_ERROR_NULL);
    REFUSED(t.order = (const int64_t *)((const char *)order + 1), CMLP_ERROR_ALIGNMENT);
    REFUSED(t.objectives = (const double *)((const char *)losses + 1), CMLP_ERROR_ALIGNMENT);
    REFUSED(t.n_rows = 0, CMLP_ERROR_ROWS);
    REFUSED(t.n_rows = INT64_MAX, CMLP_ERROR_ROWS);
    REFUSED(t.batch_size = -1, CMLP_ERROR_BATCH);
    REFUSED(t.batch_size = INT64_MAX, CMLP_ERROR_BATCH);
    REFUSED(t.n_epochs = -1, CMLP_ERROR_OPTION);
    REFUSED(t.n_epochs = INT64_MAX, CMLP_ERROR_OPTION);
    REFUSED(t.alpha = -1, CMLP_ERROR_OPTION);
    REFUSED(t.alpha = NAN, CMLP_ERROR_OPTION);
    REFUSED(t.order = order + 1, CMLP_OK); /* an index may come twice */
    REFUSED(optimizer.state = NULL, CMLP_ERROR_NULL);
    REFUSED(optimizer.state_size = 1, CMLP_ERROR_BUFFER_SIZE);
    REFUSED(optimizer.solver = 99, CMLP_ERROR_OPTION);
    REFUSED(optimizer.beta_1 = NAN, CMLP_ERROR_OPTION);
    REFUSED(optimizer.learning_rate = 0, CMLP_ERROR_OPTION);
    REFUSED(state.counters.n_steps = INT64_MAX, CMLP_ERROR_OPTION);
    REFUSED(state.counters.n_steps = INT64_MAX - 1, CMLP_ERROR_OVERFLOW);
    REFUSED(state.counters.n_steps = INT64_C(1) << 53, CMLP_OK);
    REFUSED(state.counters.n_steps = (INT64_C(1) << 53) + 1, CMLP_ERROR_OVERFLOW);
    generator.position = 625;
    REFUSED(t.n_rows = N_ROWS, CMLP_ERROR_OPTION);
    generator.position = -1;
    REFUSED(t.n_rows = N_ROWS, CMLP_ERROR_OPTION);
    generator.position = 624;
    REFUSED(t.n_rows = N_ROWS, CMLP_OK);
    order[1] = N_ROWS;
    REFUSED(t.n_rows = N_ROWS, CMLP_ERROR_ORDER);
    order[1] = -1;
    REFUSED(t.n_rows = N_ROWS, CMLP_ERROR_ORDER);
    order[1] = 0;
    losses[2] = INFINITY;
    REFUSED(t.n_rows = N_ROWS, CMLP_ERROR_VALUE);
    losses[2] = 1;
}

/* The state of the optimizer has more elements than an array of a file; none of them is read. */
static void test_too_large_state(void)
{
    const int64_t sizes[] = {1, INT64_C(1) << 30};
    const int32_t activations[] = {CMLP_ACTIVATION_IDENTITY};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    cmlp_training training = good_training();
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 2;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    if (cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL)) return; /* 32 bits */
    optimizer.state_size = SIZE_MAX;
    CHECK(write_with(&training, NULL) == CMLP_ERROR_OVERFLOW);
}

int main(void)
{
    make_net();
    test_arrays();
    test_unused_numbers();
    test_refused_trainings();
    test_too_large_state();
    return finish();
}
