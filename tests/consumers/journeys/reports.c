/* Prints the report of calls that are refused, a line each: the function, the status, the name of the argument or NULL, the
 * row, the element and the column. The arguments are the file of a table, whose columns are a number, a text and a number,
 * and files of models that are not valid. */
#include "journey.h"

#include <cmlp_explain.h>
#include <cmlp_table.h>
#include <cmlp_workers.h>

static cmlp_run run;

#define REPORT(function, ...) print_report(#function, cmlp_##function(__VA_ARGS__, &run))
#define CHANGED(function, change, back, ...) \
    do {                                     \
        change;                              \
        REPORT(function, __VA_ARGS__);       \
        back;                                \
    } while (0)

static void print_report(const char *function, cmlp_status status)
{
    printf("%s %s %lld %lld %lld %s\n", function, cmlp_status_name(status), (long long)run.bad_row,
           (long long)run.bad_element, (long long)run.bad_column, run.refused ? run.refused : "NULL");
}

static int fail_to_write(void *context, const void *bytes, size_t n_bytes)
{
    return context || bytes || n_bytes;
}

static int fail_to_send(void *context, const void *bytes, size_t n_bytes, int32_t to, double seconds)
{
    return context || bytes || n_bytes || to || seconds > 0;
}

static int fail_to_receive(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds)
{
    return context || bytes || n_bytes || from || seconds > 0;
}

static int cancel(void *context) { return context == NULL; }

static learner l;
static float x[N_ROWS * N_IN], output[N_ROWS * N_OUT];
static int32_t labels[N_ROWS];

static void report_networks(void)
{
    int64_t sizes[] = {N_IN, N_HIDDEN, N_OUT};
    cmlp_activation activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX};
    char memory[CMLP_NET_SIZE(3)];
    const cmlp_net *net;
    size_t bytes;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    REPORT(net_init, NULL, sizeof memory, &config, &net);
    REPORT(net_init, memory, 8, &config, &net);
    CHANGED(net_init, config.struct_size = 1, config.struct_size = sizeof config, memory, sizeof memory, &config, &net);
    CHANGED(net_size, config.n_layers = 1, config.n_layers = 3, &config, &bytes);
    CHANGED(net_size, sizes[1] = 0, sizes[1] = N_HIDDEN, &config, &bytes);
    CHANGED(net_size, activations[0] = 99, activations[0] = CMLP_ACTIVATION_TANH, &config, &bytes);
    CHANGED(net_size, config.loss = 99, config.loss = CMLP_LOSS_LOG, &config, &bytes);
    CHANGED(net_size, config.dtype = 99, config.dtype = CMLP_FLOAT32, &config, &bytes);
    CHANGED(net_size, config.loss_parameter = -1, config.loss_parameter = 0, &config, &bytes);
    /* The library of the test has plain C only. */
    CHANGED(net_init, config.isa_mask = CMLP_ISA_AVX2, config.isa_mask = 0, memory, sizeof memory, &config, &net);
    sizes[0] = sizes[1] = INT32_MAX;
    REPORT(net_init, memory, sizeof memory, &config, &net);
    REPORT(net_describe_layer, net_of(&l), 2, &layer);
    memset(memory, 0, sizeof memory);
    REPORT(net_describe_layer, (const cmlp_net *)(const void *)memory, 0, &layer);
    CHANGED(net_describe_layer, run.n_threads = -1, run.n_threads = 0, net_of(&l), 0, &layer);
}

static void report_data(void)
{
    static const int32_t indptr[] = {0, 1, 0}, columns[] = {0};
    static const int64_t order[] = {0, N_ROWS};
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    const cmlp_rows sparse = cmlp_csr_rows(x, CMLP_FLOAT32, columns, indptr, CMLP_INT32, 1, 2, N_IN);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.outputs = output;
    prediction.n_outputs = N_ROWS * N_OUT;
    workspace_of(&l, &rows, NULL, NULL, &run);
    REPORT(forward, net_of(&l), l.params, N_PARAMS, &rows, &prediction);
    REPORT(forward, net_of(&l), l.params, N_PARAMS - 1, &rows, &prediction);
    REPORT(forward, net_of(&l), (const char *)l.params + 1, N_PARAMS, &rows, &prediction);
    CHANGED(forward, run.poll = cancel, run.poll = NULL, net_of(&l), l.params, N_PARAMS, &rows, &prediction);
    CHANGED(forward, rows.n_columns--, rows.n_columns++, net_of(&l), l.params, N_PARAMS, &rows, &prediction);
    CHANGED(forward, x[7 * N_IN + 2] = (float)NAN, x[7 * N_IN + 2] = 0, net_of(&l), l.params, N_PARAMS, &rows, &prediction);
    rows.order = order;
    rows.n_order = 2;
    REPORT(forward, net_of(&l), l.params, N_PARAMS, &rows, &prediction);
    REPORT(forward, net_of(&l), l.params, N_PARAMS, &sparse, &prediction);
    free(run.workspace);
    run.workspace = NULL;
}

static void report_rows_of_two_sets(void)
{
    static float others[2 * N_IN], lowest[2 * (N_HIDDEN + N_OUT)], highest[2 * (N_HIDDEN + N_OUT)];
    static const int64_t begins[] = {0, 2, N_IN}, order[] = {1, 0};
    static int64_t starts[] = {0}, orders[] = {0, 1};
    const int64_t n = 2 * (N_HIDDEN + N_OUT);
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, 2, N_IN), to = cmlp_dense_rows(others, CMLP_FLOAT32, 2, N_IN);
    cmlp_bounds_outputs bounds = CMLP_INIT(cmlp_bounds_outputs);
    cmlp_paths paths = CMLP_INIT(cmlp_paths);
    bounds.lower = lowest;
    bounds.upper = highest;
    bounds.n_lower = bounds.n_upper = n;
    paths.group_begins = begins;
    paths.n_groups = 2;
    paths.start_rows = starts;
    paths.orders = orders;
    paths.n_paths = 1;
    OK(cmlp_paths_workspace_size(net_of(&l), &rows, &to, &paths, &run.workspace_size, &run));
    run.workspace = malloc(run.workspace_size);
    rows.order = to.order = order; /* rows are named by their positions in the data */
    rows.n_order = to.n_order = 2;
    for (int i = 0; i < 2; i++) {
        float *const bad = (i ? others : x) + N_IN + 3;
        *bad = (float)NAN;
        REPORT(bounds, net_of(&l), l.params, N_PARAMS, &rows, &to, &bounds);
        REPORT(forward_paths, net_of(&l), l.params, N_PARAMS, &rows, &to, &paths, output, N_OUT * 2);
        *bad = 0;
        cmlp_rows *const other = i ? &to : &rows;
        other->n_rows = 1;
        REPORT(bounds, net_of(&l), l.params, N_PARAMS, &rows, &to, &bounds);
        REPORT(forward_paths, net_of(&l), l.params, N_PARAMS, &rows, &to, &paths, output, N_OUT * 2);
        other->n_rows = 2;
    }
    CHANGED(forward_paths, starts[0] = 2, starts[0] = 0, net_of(&l), l.params, N_PARAMS, &rows, &to, &paths, output, N_OUT * 2);
    CHANGED(forward_paths, orders[1] = 0, orders[1] = 1, net_of(&l), l.params, N_PARAMS, &rows, &to, &paths, output, N_OUT * 2);
    REPORT(bounds, NULL, l.params, N_PARAMS, &rows, &to, &bounds);
    free(run.workspace);
    run.workspace = NULL;
}

static void report_training(void)
{
    static double weights[N_ROWS];
    static float values[N_ROWS * N_OUT];
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    cmlp_targets targets = cmlp_class_targets(labels, N_ROWS);
    const cmlp_targets dense = cmlp_dense_targets(values, CMLP_FLOAT32, N_ROWS, N_OUT);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_workers workers = CMLP_INIT(cmlp_workers);
#define TRAIN net_of(&l), l.params, N_PARAMS, &rows, &targets, &objective, &l.optimizer, &epoch, NULL
    workspace_of(&l, &rows, &objective, &epoch, &run);
    CHANGED(train_epoch, labels[9] = 3, labels[9] = 0, TRAIN);
    CHANGED(train_epoch, epoch.batch_size = -1, epoch.batch_size = 0, TRAIN);
    CHANGED(train_epoch, targets.n_rows--, targets.n_rows++, TRAIN);
    for (int i = 0; i < N_ROWS; i++) weights[i] = 1;
    objective.row_weights = weights;
    objective.n_row_weights = N_ROWS;
    CHANGED(train_epoch, weights[8] = -1, weights[8] = 1, TRAIN);
    for (int i = 0; i < N_ROWS; i++) weights[i] = 0;
    REPORT(train_epoch, TRAIN);
    objective.row_weights = NULL;
    objective.n_row_weights = 0;
    values[4 * N_OUT + 1] = 2;
    targets = dense;
    REPORT(train_epoch, TRAIN);
    values[4 * N_OUT + 1] = 0;
    CHANGED(train_epoch, l.params[N_PARAMS - 1] = (float)INFINITY, l.params[N_PARAMS - 1] = 0, TRAIN);
    CHANGED(train_epoch, l.optimizer.learning_rate = 1e300, begin(&l, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG), TRAIN);
    workers.n_workers = 2;
    workers.send = fail_to_send;
    workers.receive = workers.broadcast = fail_to_receive;
    epoch.workers = &workers;
    REPORT(train_epoch, TRAIN);
    epoch.workers = NULL;
    free(run.workspace);
    run.workspace = NULL;
}

static void report_writing(void)
{
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    cmlp_model_string string;
    cmlp_value names[N_IN];
    cmlp_table table = CMLP_INIT(cmlp_table);
    size_t bytes;
    memset(&string, 0, sizeof string);
    content.write = fail_to_write;
    OK(cmlp_net_workspace_size(net_of(&l), NULL, NULL, NULL, &run.workspace_size, &run));
    run.workspace = malloc(run.workspace_size);
    REPORT(model_write, net_of(&l), l.params, N_PARAMS, &content);
    content.strings = &string;
    content.n_strings = 1;
    string.key = "other.key";
    string.value = "\n";
    string.n_value = 1;
    REPORT(model_write, net_of(&l), l.params, N_PARAMS, &content);
    string.key = "user.key";
    REPORT(model_write, net_of(&l), l.params, N_PARAMS, &content);
    content.n_strings = 0;
    content.names = names;
    content.n_names = N_IN;
    for (int i = 0; i < N_IN; i++) names[i] = text_value("name");
    names[2].kind = CMLP_VALUE_MISSING;
    names[2].n_text = 0;
    REPORT(model_write, net_of(&l), l.params, N_PARAMS, &content);
    REPORT(table_write_workspace_size, &table, &bytes);
    free(run.workspace);
    run.workspace = NULL;
}

/* The reports of an answer, whose workspace has the size that it needs. */
static void report_answer(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer)
{
    OK(cmlp_model_answer_size(model, rows, answer, &run.workspace_size, &run));
    run.workspace = malloc(run.workspace_size);
    REPORT(model_answer, model, rows, answer);
    free(run.workspace);
    run.workspace = NULL;
}

static void report_cells(const cmlp_model *model)
{
    cmlp_value cells[3], names[3];
    double numbers[3];
    cmlp_answer answer = CMLP_INIT(cmlp_answer);
    for (int j = 0; j < 3; j++) cells[j] = names[j] = text_value(j ? "abc" : "1");
    answer.numbers = numbers;
    answer.n_numbers = 3;
    cmlp_rows row = cmlp_cell_rows(cells, 1, 3, NULL);
    report_answer(model, &row, &answer);
    row = cmlp_cell_rows(cells, 1, 3, names);
    report_answer(model, &row, &answer);
}

static void report_reasons(const cmlp_model *model)
{
    double values[3 * N_OUT];
    double infinite[3] = {0, 0, (double)INFINITY};
    const double some[2 * 3] = {0, 0, 0, (double)INFINITY, 0, 0};
    const cmlp_rows row = cmlp_dense_rows(some, CMLP_FLOAT64, 1, 3), far = cmlp_dense_rows(infinite, CMLP_FLOAT64, 1, 3);
    cmlp_rows background = cmlp_dense_rows(some, CMLP_FLOAT64, 2, 3);
    cmlp_answer answer = CMLP_INIT(cmlp_answer);
    answer.reasons = values;
    answer.n_reasons = 3 * N_OUT;
    REPORT(model_answer, model, &row, &answer);
    answer.background = &background;
    report_answer(model, &far, &answer);
    report_answer(model, &row, &answer);
    answer.n_evaluations = -1;
    REPORT(model_answer, model, &row, &answer);
}

static void report_table(const cmlp_model *model)
{
    double number;
    size_t bytes;
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT64, 1, 2);
    cmlp_value value = text_value("\xff");
    const char *text;
    int64_t n;
    REPORT(model_find_code, model, 1, &value, &number);
    REPORT(model_find_code, model, 0, &value, &number);
    report_cells(model);
    report_reasons(model);
    REPORT(model_prepare_rows, model, &rows);
    REPORT(model_find_string, model, "user.key", &text, &n);
    REPORT(model_workspace_size, (const cmlp_model *)(const void *)&run, &rows, &bytes);
}

int main(int argc, char **argv)
{
    cmlp_file file;
    CHECK(argc > 2);
    const cmlp_run given = CMLP_INIT(cmlp_run);
    run = given;
    make_rows(x, labels, N_ROWS);
    begin(&l, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG);
    report_networks();
    report_data();
    report_rows_of_two_sets();
    report_training();
    report_writing();
    OK(cmlp_file_load(&file, argv[1], NULL));
    report_table(file.model);
    cmlp_file_free(&file);
    for (int i = 2; i < argc; i++) {
        const cmlp_status status = cmlp_file_load(&file, argv[i], NULL);
        run = file.run;
        print_report("file_load", status);
    }
    return 0;
}
