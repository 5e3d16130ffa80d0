/* A caller whose header is older than the library. tests/core/test_older_callers.py compiles it with the current header
 * and links it with a library whose structs have more fields. Guard bytes follow each struct. */
#include "model_file.h"
#include "support.h"

#include "../../include/cmlp_explain.h"

#include <string.h>

#define GUARDED(type)               \
    struct {                        \
        type value;                 \
        unsigned char guard[64];    \
    }

static int intact(const unsigned char *guard)
{
    for (int i = 0; i < 64; i++)
        if (guard[i] != 0x5a) return 0;
    return 1;
}

#define PREPARE(variable, type) (memset(&variable, 0x5a, sizeof variable), variable.value = CMLP_INIT(type))

static void call_all(void)
{
    static int64_t memory[2 * CMLP_NET_SIZE(CMLP_MAX_LAYERS) / 8];
    static unsigned char workspace[1 << 16];
    static float params[64], gradient[64], output[8];
    static struct { cmlp_optimizer_state counters; float moments[128]; } state;
    static const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8] = {0, 1, 0, 1, 0, 1, 0, 1};
    const int64_t sizes[] = {2, 3, 2};
    const int32_t activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY};
    const cmlp_net *net;
    GUARDED(cmlp_net_config) config;
    GUARDED(cmlp_rows) rows;
    GUARDED(cmlp_targets) targets;
    GUARDED(cmlp_objective) objective;
    GUARDED(cmlp_optimizer) optimizer;
    GUARDED(cmlp_epoch) epoch;
    GUARDED(cmlp_epoch_result) result;
    GUARDED(cmlp_run) run;
    GUARDED(cmlp_layer_info) layer;
    PREPARE(config, cmlp_net_config);
    PREPARE(rows, cmlp_rows);
    PREPARE(targets, cmlp_targets);
    PREPARE(objective, cmlp_objective);
    PREPARE(optimizer, cmlp_optimizer);
    PREPARE(epoch, cmlp_epoch);
    PREPARE(result, cmlp_epoch_result);
    PREPARE(run, cmlp_run);
    PREPARE(layer, cmlp_layer_info);
    config.value.n_layers = 3;
    config.value.sizes = sizes;
    config.value.activations = activations;
    config.value.loss = CMLP_LOSS_SQUARED_ERROR;
    config.value.dtype = CMLP_FLOAT32;
    rows.value.kind = CMLP_ROWS_DENSE;
    targets.value.kind = CMLP_TARGETS_DENSE;
    rows.value.dtype = targets.value.dtype = CMLP_FLOAT32;
    rows.value.data = x;
    targets.value.data = y;
    targets.value.n_columns = 2;
    rows.value.n_rows = targets.value.n_rows = 4;
    rows.value.n_columns = 2;
    rows.value.row_stride = targets.value.row_stride = 2 * sizeof(float);
    rows.value.column_stride = targets.value.column_stride = sizeof(float);
    optimizer.value.solver = CMLP_SOLVER_ADAM;
    optimizer.value.learning_rate = 0.1;
    optimizer.value.beta_1 = 0.9;
    optimizer.value.beta_2 = 0.999;
    optimizer.value.state = &state;
    optimizer.value.state_size = sizeof state;
    run.value.workspace = workspace;
    run.value.workspace_size = sizeof workspace;
    CHECK(cmlp_net_init(memory, sizeof memory, &config.value, &net, NULL) == CMLP_OK);
    CHECK(cmlp_net_describe_layer(net, 1, &layer.value, NULL) == CMLP_OK && layer.value.n_out == 2 && intact(layer.guard));
    CHECK(call_forward(net, params, &rows.value, output, &run.value) == CMLP_OK);
    CHECK(call_gradient(net, params, &rows.value, &targets.value, &objective.value, gradient, NULL, &run.value) ==
          CMLP_OK);
    CHECK(cmlp_step(net, params, cmlp_net_n_params(net), gradient, cmlp_net_n_params(net), &optimizer.value, NULL) == CMLP_OK);
    CHECK(cmlp_train_epoch(net, params, cmlp_net_n_params(net), &rows.value, &targets.value, &objective.value,
                           &optimizer.value, &epoch.value, &result.value, &run.value) == CMLP_OK);
    CHECK(state.counters.n_steps == 2 && result.value.n_batches == 1);
    rows.value.n_columns = 3;
    CHECK(call_forward(net, params, &rows.value, output, &run.value) == CMLP_ERROR_ROWS);
    CHECK(run.value.refused && !strcmp(run.value.refused, "rows->n_columns"));
    CHECK(intact(config.guard) && intact(rows.guard) && intact(targets.guard) && intact(objective.guard));
    CHECK(intact(optimizer.guard) && intact(epoch.guard) && intact(result.guard) && intact(run.guard));
}

/* Writes the file of a table with a column of numbers and one of two categories, whose only network has a logistic output. */
static void write_table(model_file *file)
{
    static int64_t memory[CMLP_NET_SIZE(2) / 8 + 1];
    static unsigned char workspace[1 << 16];
    static const float params[] = {0.5f, -2, 0.25f};
    static const double scores[] = {0.1, 0.2, 0.3, 0.4};
    const int64_t sizes[] = {2, 1};
    const int32_t activations[] = {CMLP_ACTIVATION_LOGISTIC};
    const cmlp_table_column columns[] = {{.role = CMLP_TABLE_ROLE_NUMBER, .scale = 1},
                                         {.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 2}};
    cmlp_table_net network = {.params = params, .n_params = 3};
    GUARDED(cmlp_net_config) config;
    GUARDED(cmlp_table) table;
    GUARDED(cmlp_table_calibration) calibration;
    GUARDED(cmlp_model_content) content;
    PREPARE(config, cmlp_net_config);
    PREPARE(table, cmlp_table);
    PREPARE(calibration, cmlp_table_calibration);
    PREPARE(content, cmlp_model_content);
    config.value.n_layers = 2;
    config.value.sizes = sizes;
    config.value.activations = activations;
    config.value.loss = CMLP_LOSS_LOG;
    config.value.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(memory, sizeof memory, &config.value, &network.net, NULL) == CMLP_OK);
    calibration.value.kind = CMLP_TABLE_CALIBRATION_PROBABILITY;
    calibration.value.scores = scores;
    calibration.value.n_scores = 4;
    calibration.value.n_targets = 1;
    table.value.columns = columns;
    table.value.n_columns = 2;
    table.value.nets = &network;
    table.value.n_nets = 1;
    table.value.calibration = &calibration.value;
    content.value.write = model_file_append;
    content.value.write_context = file;
    CHECK(cmlp_table_write(&table.value, &content.value, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    CHECK(intact(config.guard) && intact(table.guard) && intact(calibration.guard) && intact(content.guard));
}

/* One row of a table takes the workspace of cmlp_model_info, although its structs are smaller than the library's. */
static void call_table(void)
{
    static model_file file;
    static int64_t memory[1 << 10];
    static unsigned char workspace[1 << 12];
    static const double row[] = {0.75, 1};
    const cmlp_model *model;
    double output;
    int32_t index, set[2];
    GUARDED(cmlp_model_info) info;
    GUARDED(cmlp_model_options) options;
    GUARDED(cmlp_table_column_info) column;
    GUARDED(cmlp_rows) rows;
    GUARDED(cmlp_prediction) prediction;
    GUARDED(cmlp_answer) answer;
    GUARDED(cmlp_run) run;
    PREPARE(info, cmlp_model_info);
    PREPARE(options, cmlp_model_options);
    PREPARE(column, cmlp_table_column_info);
    PREPARE(rows, cmlp_rows);
    PREPARE(prediction, cmlp_prediction);
    PREPARE(answer, cmlp_answer);
    PREPARE(run, cmlp_run);
    write_table(&file);
    CHECK(cmlp_model_describe(file.bytes, file.size, &info.value, NULL) == CMLP_OK && info.value.n_in == 2);
    CHECK(info.value.model_size <= sizeof memory && info.value.workspace_size <= sizeof workspace);
    run.value.workspace = workspace;
    run.value.workspace_size = info.value.workspace_size;
    CHECK(cmlp_model_init(memory, sizeof memory, file.bytes, file.size, &options.value, &model, &run.value) == CMLP_OK);
    CHECK(cmlp_model_describe_column(model, 1, &column.value, NULL) == CMLP_OK && column.value.n_categories == 2);
    rows.value = cmlp_dense_rows(row, CMLP_FLOAT64, 1, 2);
    prediction.value.outputs = &output;
    prediction.value.n_outputs = 1;
    prediction.value.class_indices = &index;
    prediction.value.n_class_indices = 1;
    CHECK(cmlp_model_predict(model, &rows.value, &prediction.value, &run.value) == CMLP_OK);
    CHECK(output > 0 && output < 1 && index == (output > 0.5));
    answer.value.coverage = 0.5;
    answer.value.sets = set;
    answer.value.n_sets = 2;
    CHECK(call_answer(model, &rows.value, &answer.value, &run.value) == CMLP_OK); /* the margin is 0.3 */
    CHECK(set[0] == (output <= 0.3 || index == 0) && set[1] == (1 - output <= 0.3 || index == 1));
    CHECK(intact(info.guard) && intact(options.guard) && intact(column.guard) && intact(rows.guard));
    CHECK(intact(prediction.guard) && intact(answer.guard) && intact(run.guard));
}

/* Half the squared error of two outputs, from a struct that is larger than this caller knows. */
static int squared_error(void *context, const cmlp_loss_call *call)
{
    const float *const outputs = call->outputs, *const targets = call->targets;
    float *const slopes = call->slopes;
    CHECK(call->struct_size > sizeof *call && call->dtype == CMLP_FLOAT32 && call->n_out == 2 && !context);
    CHECK(!memcmp(call->sums, outputs, (size_t)call->n_rows * 2 * sizeof *outputs) && !*call->of_sums); /* identity */
    for (int64_t i = 0; i < call->n_rows; i++) call->costs[i] = 1;
    for (int64_t j = 0; j < 2 * call->n_rows; j++) slopes[j] = outputs[j] - targets[j];
    return 0;
}

static void call_explain(void)
{
    static int64_t memory[CMLP_NET_SIZE(3) / 8 + 1];
    static unsigned char workspace[1 << 16];
    static const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static float params[17], gradient[17], lowest[10], highest[10], output[8];
    static const int64_t begins[] = {0, 1, 2}, starts[] = {0}, orders[] = {1, 0};
    const int64_t sizes[] = {2, 3, 2};
    const int32_t activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY};
    const cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, 2, 2);
    const cmlp_targets targets = cmlp_dense_targets(x, CMLP_FLOAT32, 2, 2);
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_run run = CMLP_INIT(cmlp_run);
    const cmlp_net *net;
    GUARDED(cmlp_bounds_outputs) bounds;
    GUARDED(cmlp_paths) paths;
    GUARDED(cmlp_derivatives) derivatives;
    PREPARE(bounds, cmlp_bounds_outputs);
    PREPARE(paths, cmlp_paths);
    PREPARE(derivatives, cmlp_derivatives);
    config.n_layers = 3;
    config.sizes = sizes;
    config.activations = activations;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK && cmlp_net_n_params(net) == 17);
    bounds.value.lower = lowest;
    bounds.value.upper = highest;
    bounds.value.n_lower = bounds.value.n_upper = 10;
    CHECK(cmlp_bounds(net, params, 17, &rows, &rows, &bounds.value, NULL) == CMLP_OK && lowest[4] <= highest[4]);
    paths.value.group_begins = begins;
    paths.value.n_groups = 2;
    paths.value.start_rows = starts;
    paths.value.orders = orders;
    paths.value.n_paths = 1;
    CHECK(cmlp_forward_paths(net, params, 17, &rows, &rows, &paths.value, output, 4, &run) == CMLP_OK);
    objective.loss = squared_error;
    derivatives.value.gradient = gradient;
    derivatives.value.n_gradient = 17;
    CHECK(cmlp_backpropagate(net, params, 17, &rows, &targets, &objective, &derivatives.value, &run) == CMLP_OK);
    CHECK(gradient[15] == -2 && derivatives.value.objective == 1); /* the mean slopes: the outputs are 0 */
    CHECK(intact(bounds.guard) && intact(paths.guard) && intact(derivatives.guard));
}

/* The library rejects structs from before the first release and from a newer header. */
static void test_other_versions(void)
{
    static int64_t memory[2 * CMLP_NET_SIZE(CMLP_MAX_LAYERS) / 8];
    const cmlp_net *net;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.struct_size = 8;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_ERROR_STRUCT_SIZE);
    config.struct_size = 1 << 20;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_ERROR_STRUCT_SIZE);
}

int main(void)
{
    call_all();
    call_table();
    call_explain();
    test_other_versions();
    return finish();
}
