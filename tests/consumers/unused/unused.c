/* Sets each field of each struct that a call takes to 1, or a pointer to ones, one after the other, and prints what the call
 * returns then: "function:variant struct.field STATUS", or instead of CMLP_OK "same" if the outputs are the same as before,
 * "other" if they are not, and "crash" if a pointer was followed. fields.h has the structs. The arguments are the files of a
 * table, whose columns are a number and a category, and of a network. */
#include <cmlp_explain.h>
#include <cmlp_file.h>
#include <cmlp_table.h>
#include <fields.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                 \
        }                                                                            \
    } while (0)
#define OK(call) CHECK((call) == CMLP_OK)

enum { N_IN = 2, N_HIDDEN = 3, N_OUT = 2, N_PARAMS = (N_IN + 1) * N_HIDDEN + (N_HIDDEN + 1) * N_OUT, N_ROWS = 4, SPACE = 1 << 20 };

static unsigned char ones[SPACE];
static int left = -1; /* fields before the one that this process sets */
static const char *call_name;
static int n_seen;

/* Sets the field at the place `left` of all that are offered, or only counts. A 1 becomes 2. */
static void offer(const char *type, const char *name, void *object)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].owner, type)) continue;
        for (size_t k = 0; k < fields[i].count; k++, n_seen++) {
            if (left < 0 || left-- > 0) continue;
            left = -1;
            printf("%s %s.%s ", call_name, name, fields[i].name);
            fflush(stdout);
            char *const at = (char *)object + fields[i].at + k * fields[i].size;
            const double one = 1;
            const void *const pointer = ones;
            if (fields[i].kind == 'd') memcpy(at, &one, sizeof one);
            if (fields[i].kind == 'p') memcpy(at, &pointer, sizeof pointer);
            if (fields[i].kind != 'i') continue;
            const int64_t number = *(const signed char *)at == 1 ? 2 : 1; /* little-endian */
            memcpy(at, &number, fields[i].size);
        }
    }
}
#define OFFER(type, object) offer(#type, #type, object)

/* What the outputs of a call are. */
static uint64_t hash;
static void add(const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static int append(void *context, const void *bytes, size_t n)
{
    (void)context;
    add(bytes, n);
    return 0;
}

static char net_memory[CMLP_NET_SIZE(3)], encoder_memory[CMLP_NET_SIZE(3)], workspace[SPACE];
static const cmlp_net *net;
static cmlp_file table_file, net_file;
static float params[N_PARAMS], x[N_ROWS * N_IN] = {1, 0, 0, 1, 1, 1, 0, 0}, outputs[N_ROWS * 64];
static double raw[N_ROWS * 2] = {1, 0, 0, 1, 1, 1, 0, 0};
static const int32_t labels[N_ROWS] = {0, 1, 0, 1}, columns_of_csr[N_ROWS] = {0, 1, 0, 1}, ends[N_ROWS + 1] = {0, 1, 2, 4, 4};
static cmlp_run run;

static void begin_run(void)
{
    const cmlp_run empty = CMLP_INIT(cmlp_run);
    run = empty;
    run.workspace = workspace;
    run.workspace_size = SPACE;
    OFFER(cmlp_run, &run);
}

static cmlp_net_config config_of(void)
{
    static const int64_t sizes[] = {N_IN, N_HIDDEN, N_OUT};
    static const cmlp_activation activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    return config;
}

static cmlp_status net_init(void)
{
    cmlp_net_config config = config_of();
    const cmlp_net *made;
    begin_run();
    OFFER(cmlp_net_config, &config);
    const cmlp_status status = cmlp_net_init(net_memory, sizeof net_memory, &config, &made, &run);
    if (!status) add(net_memory, sizeof net_memory);
    return status;
}

static cmlp_status predict_rows(cmlp_rows rows, int of_model)
{
    int32_t indices[N_ROWS] = {-2, -2, -2, -2}; /* no class */
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.outputs = outputs;
    prediction.n_outputs = N_ROWS * N_OUT;
    prediction.class_indices = indices;
    prediction.n_class_indices = N_ROWS;
    begin_run();
    OFFER(cmlp_rows, &rows);
    OFFER(cmlp_prediction, &prediction);
    const cmlp_status status = of_model ? cmlp_model_predict(net_file.model, &rows, &prediction, &run)
                                        : cmlp_forward(net, params, N_PARAMS, &rows, &prediction, &run);
    add(outputs, sizeof outputs);
    add(indices, sizeof indices);
    return status;
}

static cmlp_status forward(void) { return predict_rows(cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN), 0); }

static cmlp_status model_predict(void) { return predict_rows(cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN), 1); }

static cmlp_status forward_csr(void)
{
    return predict_rows(cmlp_csr_rows(x, CMLP_FLOAT32, columns_of_csr, ends, CMLP_INT32, 4, N_ROWS, N_IN), 0);
}

static cmlp_status predict_table(void)
{
    cmlp_rows rows = cmlp_dense_rows(raw, CMLP_FLOAT64, N_ROWS, 2);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.outputs = outputs;
    prediction.n_outputs = N_ROWS;
    begin_run();
    OFFER(cmlp_rows, &rows);
    OFFER(cmlp_prediction, &prediction);
    const cmlp_status status = cmlp_model_predict(table_file.model, &rows, &prediction, &run);
    add(outputs, sizeof outputs);
    return status;
}

static cmlp_status model_init(void)
{
    static double memory[1 << 14];
    const cmlp_model *made;
    cmlp_model_options options = CMLP_INIT(cmlp_model_options);
    begin_run();
    OFFER(cmlp_model_options, &options);
    return cmlp_model_init(memory, sizeof memory, net_file.memory, (size_t)net_file.info.file_size, &options, &made, &run);
}

static cmlp_status backpropagate(void)
{
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    cmlp_targets targets = cmlp_class_targets(labels, N_ROWS);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_derivatives wanted = CMLP_INIT(cmlp_derivatives);
    wanted.gradient = outputs;
    wanted.n_gradient = N_PARAMS;
    begin_run();
    OFFER(cmlp_rows, &rows);
    OFFER(cmlp_targets, &targets);
    OFFER(cmlp_objective, &objective);
    OFFER(cmlp_derivatives, &wanted);
    const cmlp_status status = cmlp_backpropagate(net, params, N_PARAMS, &rows, &targets, &objective, &wanted, &run);
    add(outputs, sizeof outputs);
    add(&wanted.objective, sizeof wanted.objective);
    return status;
}

/* A loss other than those that log_loss_clip is for, with dense targets. */
static cmlp_status squared_error(void)
{
    char memory[CMLP_NET_SIZE(3)];
    const cmlp_net *other;
    cmlp_net_config config = config_of();
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    cmlp_targets targets = cmlp_dense_targets(x, CMLP_FLOAT32, N_ROWS, N_OUT);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_derivatives wanted = CMLP_INIT(cmlp_derivatives);
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    OK(cmlp_net_init(memory, sizeof memory, &config, &other, NULL));
    wanted.gradient = outputs;
    wanted.n_gradient = N_PARAMS;
    begin_run();
    OFFER(cmlp_targets, &targets);
    OFFER(cmlp_objective, &objective);
    const cmlp_status status = cmlp_backpropagate(other, params, N_PARAMS, &rows, &targets, &objective, &wanted, &run);
    add(outputs, sizeof outputs);
    add(&wanted.objective, sizeof wanted.objective);
    return status;
}

static cmlp_status train_with(cmlp_solver solver, int is_step)
{
    static double state[16 + N_PARAMS];
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    cmlp_targets targets = cmlp_class_targets(labels, N_ROWS);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_optimizer optimizer = cmlp_default_optimizer(solver);
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    if (solver != CMLP_SOLVER_ADAM) optimizer.beta_1 = optimizer.beta_2 = optimizer.epsilon = optimizer.weight_decay = 0;
    optimizer.state = state;
    optimizer.state_size = sizeof state;
    epoch.batch_size = 3;
    begin_run();
    OFFER(cmlp_optimizer, &optimizer);
    OFFER(cmlp_optimizer_state, state);
    cmlp_status status;
    for (int i = 0; i < N_PARAMS; i++) outputs[i] = 1;
    if (is_step) {
        status = cmlp_step(net, params, N_PARAMS, outputs, N_PARAMS, &optimizer, &run);
        add(state, sizeof state);
    } else {
        OFFER(cmlp_rows, &rows);
        OFFER(cmlp_targets, &targets);
        OFFER(cmlp_objective, &objective);
        OFFER(cmlp_epoch, &epoch);
        OFFER(cmlp_epoch_result, &result);
        status = cmlp_train_epoch(net, params, N_PARAMS, &rows, &targets, &objective, &optimizer, &epoch, &result, &run);
        add(&result.cost, sizeof result - offsetof(cmlp_epoch_result, cost));
    }
    add(params, sizeof params);
    return status;
}

static cmlp_status train_epoch(void) { return train_with(CMLP_SOLVER_ADAM, 0); }

static cmlp_status step(void) { return train_with(CMLP_SOLVER_SGD, 1); }

static cmlp_value text_of(const char *text)
{
    cmlp_value value;
    memset(&value, 0, sizeof value);
    value.kind = CMLP_VALUE_TEXT;
    value.text = text;
    value.n_text = 1;
    return value;
}

static cmlp_status write_model(void)
{
    static int64_t order[N_ROWS] = {0, 1, 2, 3};
    static double state[16 + 2 * N_PARAMS];
    cmlp_value classes[N_OUT] = {text_of("a"), text_of("b")}, names[N_IN] = {text_of("c"), text_of("d")}, word = text_of("e");
    cmlp_model_string string = {"user.key", "f", 1, {0}};
    cmlp_model_array array = {"user.numbers", labels, 2, 0, CMLP_INT32, 0, {0}};
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    cmlp_cell_format cells = CMLP_INIT(cmlp_cell_format);
    cmlp_training training = CMLP_INIT(cmlp_training);
    cmlp_optimizer optimizer = cmlp_default_optimizer(CMLP_SOLVER_ADAM);
    cmlp_random random;
    cmlp_random_seed(&random, 1);
    ((cmlp_optimizer_state *)(void *)state)->n_steps = 1;
    ((cmlp_optimizer_state *)(void *)state)->beta_1_power = 0.9;
    ((cmlp_optimizer_state *)(void *)state)->beta_2_power = 0.999;
    optimizer.state = state;
    optimizer.state_size = sizeof state;
    training.optimizer = &optimizer;
    training.random = &random;
    training.order = order;
    training.n_rows = N_ROWS;
    training.n_epochs = 1;
    cells.missing = &word;
    cells.n_missing = 1;
    cells.decimal = '.';
    content.write = append;
    content.labels = classes;
    content.n_labels = N_OUT;
    content.names = names;
    content.n_names = N_IN;
    content.strings = &string;
    content.n_strings = 1;
    content.arrays = &array;
    content.n_arrays = 1;
    content.training = &training;
    content.cells = &cells;
    begin_run();
    OFFER(cmlp_model_content, &content);
    offer("cmlp_value", "label", &classes[1]);
    offer("cmlp_value", "name", &names[1]);
    offer("cmlp_value", "missing", &word);
    OFFER(cmlp_model_string, &string);
    OFFER(cmlp_model_array, &array);
    OFFER(cmlp_cell_format, &cells);
    OFFER(cmlp_training, &training);
    OFFER(cmlp_optimizer, &optimizer);
    OFFER(cmlp_optimizer_state, state);
    return cmlp_model_write(net, params, N_PARAMS, &content, &run);
}

static const char *const column_names[] = {"number_column", "category_column", "unused_column"};
static const double edges[] = {0, 1, 2, 1}; /* the last one could mean a missing value */
static cmlp_table_date_part part;

static void describe_columns(cmlp_table_column columns[3])
{
    memset(columns, 0, 3 * sizeof *columns);
    memset(&part, 0, sizeof part);
    part.kind = CMLP_TABLE_DATE_PART_WEEK;
    columns[0].role = CMLP_TABLE_ROLE_NUMBER;
    columns[0].scale = 2;
    columns[0].edges = edges;
    columns[0].n_edges = 3;
    columns[0].parts = &part;
    columns[0].n_parts = 1;
    columns[1].role = CMLP_TABLE_ROLE_CATEGORY;
    columns[1].n_categories = 3;
    columns[2].role = CMLP_TABLE_ROLE_UNUSED;
}

static cmlp_status table_encode(void)
{
    static const double rows_of_table[N_ROWS * 3] = {1, 0, 0, 2, 1, 0, 3, 2, 1, 4, 1, 1};
    cmlp_table_column columns[3];
    cmlp_rows rows = cmlp_dense_rows(rows_of_table, CMLP_FLOAT64, N_ROWS, 3);
    cmlp_table_encoder encoder = CMLP_INIT(cmlp_table_encoder);
    describe_columns(columns);
    encoder.columns = columns;
    encoder.n_columns = 3;
    encoder.has_bins = 1;
    encoder.dtype = CMLP_FLOAT32;
    begin_run();
    int64_t n;
    OK(cmlp_table_encoder_width(&encoder, &n, NULL));
    OFFER(cmlp_rows, &rows);
    OFFER(cmlp_table_encoder, &encoder);
    for (int i = 0; i < 3; i++) offer("cmlp_table_column", column_names[i], &columns[i]);
    OFFER(cmlp_table_date_part, &part);
    const cmlp_status status = cmlp_table_encode(&encoder, &rows, outputs, N_ROWS * n, &run);
    add(outputs, sizeof outputs);
    return status;
}

static cmlp_status table_write(void)
{
    static double scores[] = {1, 2, 3};
    cmlp_table_column columns[3];
    cmlp_table table = CMLP_INIT(cmlp_table);
    cmlp_table_net nets[2]; /* the second one is none */
    cmlp_table_target target;
    cmlp_table_calibration calibration = CMLP_INIT(cmlp_table_calibration);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    cmlp_value categories[3] = {text_of("a"), text_of("b"), text_of("c")};
    cmlp_net_config config = config_of();
    const int64_t sizes[] = {8, N_HIDDEN, 1};
    const cmlp_activation activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY};
    static float other[9 * N_HIDDEN + N_HIDDEN + 1];
    describe_columns(columns);
    columns[1].categories = categories;
    columns[0].kind = CMLP_TABLE_COLUMN_TIME;
    config.sizes = sizes;
    config.activations = activations;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    memset(nets, 0, sizeof nets);
    memset(&target, 0, sizeof target);
    OK(cmlp_net_init(encoder_memory, sizeof encoder_memory, &config, &nets[0].net, NULL));
    nets[0].params = other;
    nets[0].n_params = sizeof other / sizeof *other;
    target.scale = target.high = 2;
    calibration.scores = scores;
    calibration.n_scores = 3;
    calibration.n_targets = 1;
    calibration.kind = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR;
    table.columns = columns;
    table.n_columns = 3;
    table.nets = nets;
    table.n_nets = 1;
    table.targets = &target;
    table.n_targets = 1;
    table.calibration = &calibration;
    content.write = append;
    begin_run();
    OFFER(cmlp_table, &table);
    for (int i = 0; i < 3; i++) offer("cmlp_table_column", column_names[i], &columns[i]);
    OFFER(cmlp_table_date_part, &part);
    OFFER(cmlp_table_net, &nets[0]);
    OFFER(cmlp_table_target, &target);
    OFFER(cmlp_table_calibration, &calibration);
    OFFER(cmlp_model_content, &content);
    OFFER(cmlp_value, &categories[2]);
    return cmlp_table_write(&table, &content, &run);
}

static cmlp_status find_code_of(cmlp_value value)
{
    double code = 0;
    begin_run();
    OFFER(cmlp_value, &value);
    const cmlp_status status = cmlp_model_find_code(table_file.model, 1, &value, &code, &run);
    add(&code, sizeof code);
    return status;
}

static cmlp_status find_code(void) { return find_code_of(text_of("a")); }

static cmlp_status find_integer(void)
{
    cmlp_value value;
    memset(&value, 0, sizeof value);
    value.kind = CMLP_VALUE_INTEGER;
    value.integer = 7;
    return find_code_of(value);
}

static cmlp_status answer_cells(void)
{
    cmlp_value cells[4] = {text_of("0.5"), text_of("a"), text_of("2"), text_of("")};
    cmlp_rows rows = cmlp_cell_rows(cells, 2, 2, NULL);
    double numbers[2 + 4] = {0};
    cmlp_answer answer = CMLP_INIT(cmlp_answer);
    answer.outputs = numbers;
    answer.n_outputs = 2;
    answer.coverage = 0.5;
    answer.intervals = numbers + 2;
    answer.n_intervals = 4;
    begin_run();
    OFFER(cmlp_rows, &rows);
    OFFER(cmlp_answer, &answer);
    const cmlp_status status = cmlp_model_answer(table_file.model, &rows, &answer, &run);
    add(numbers, sizeof numbers);
    return status;
}

static cmlp_status bounds(void)
{
    static float ends_of_all[2][N_ROWS * (N_HIDDEN + N_OUT)];
    cmlp_rows lower = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN), upper = lower;
    cmlp_bounds_outputs found = CMLP_INIT(cmlp_bounds_outputs);
    found.lower = ends_of_all[0];
    found.upper = ends_of_all[1];
    found.n_lower = found.n_upper = N_ROWS * (N_HIDDEN + N_OUT);
    begin_run();
    OFFER(cmlp_rows, &lower);
    OFFER(cmlp_rows, &upper);
    OFFER(cmlp_bounds_outputs, &found);
    const cmlp_status status = cmlp_bounds(net, params, N_PARAMS, &lower, &upper, &found, &run);
    add(ends_of_all, sizeof ends_of_all);
    return status;
}

static cmlp_status forward_paths(void)
{
    static const int64_t begins[] = {0, 1, 2}, starts[] = {0}, orders[] = {1, 0};
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN), to = rows;
    cmlp_paths paths = CMLP_INIT(cmlp_paths);
    paths.group_begins = begins;
    paths.n_groups = 2;
    paths.start_rows = starts;
    paths.orders = orders;
    paths.n_paths = 1;
    begin_run();
    OFFER(cmlp_rows, &rows);
    OFFER(cmlp_rows, &to);
    OFFER(cmlp_paths, &paths);
    const cmlp_status status = cmlp_forward_paths(net, params, N_PARAMS, &rows, &to, &paths, outputs, N_ROWS * N_OUT, &run);
    add(outputs, sizeof outputs);
    return status;
}

static cmlp_status answer_reasons(void)
{
    static double explained[2][2 * 2];
    cmlp_rows row = cmlp_dense_rows(raw, CMLP_FLOAT64, 1, 2), background = cmlp_dense_rows(raw, CMLP_FLOAT64, N_ROWS, 2);
    cmlp_answer answer = CMLP_INIT(cmlp_answer);
    answer.background = &background;
    answer.reasons = explained[0];
    answer.reason_errors = explained[1];
    answer.n_reasons = answer.n_reason_errors = 4;
    answer.n_evaluations = 6; /* three pairs: a sample of the rows, which the seed decides */
    begin_run();
    OFFER(cmlp_rows, &background);
    OFFER(cmlp_answer, &answer);
    const cmlp_status status = cmlp_model_answer(table_file.model, &row, &answer, &run);
    add(explained, sizeof explained);
    return status;
}

/* Makes a call in a process of its own, and returns the hash of its outputs. */
static uint64_t try_call(cmlp_status (*call)(void), int place, uint64_t expected)
{
    int ends_of_pipe[2];
    uint64_t report[2] = {0, 0};
    fflush(stdout);
    CHECK(!pipe(ends_of_pipe));
    const pid_t child = fork();
    CHECK(child >= 0);
    if (!child) {
        left = place;
        const cmlp_status status = call();
        report[0] = (uint64_t)n_seen;
        report[1] = hash;
        if (place < 0) OK(status);
        if (place >= 0) printf("%s\n", status ? cmlp_status_name(status) : hash == expected ? "same" : "other");
        fflush(stdout);
        CHECK(write(ends_of_pipe[1], report, sizeof report) == sizeof report);
        _exit(0);
    }
    int end;
    close(ends_of_pipe[1]);
    const ssize_t got = read(ends_of_pipe[0], report, sizeof report);
    close(ends_of_pipe[0]);
    CHECK(waitpid(child, &end, 0) == child && (got == sizeof report || place >= 0));
    if (got != sizeof report) printf("crash\n");
    n_seen = place < 0 ? (int)report[0] : n_seen;
    return report[1];
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        cmlp_status (*call)(void);
    } calls[] = {
        {"net_init", net_init},
        {"forward", forward},
        {"forward:csr", forward_csr},
        {"model_init", model_init},
        {"model_predict", model_predict},
        {"model_predict:table", predict_table},
        {"backpropagate", backpropagate},
        {"backpropagate:squared_error", squared_error},
        {"train_epoch", train_epoch},
        {"step", step},
        {"model_write", write_model},
        {"table_encode", table_encode},
        {"table_write", table_write},
        {"model_find_code", find_code},
        {"model_find_code:integer", find_integer},
        {"model_answer", answer_cells},
        {"bounds", bounds},
        {"forward_paths", forward_paths},
        {"model_answer:reasons", answer_reasons},
    };
    cmlp_random random;
    const cmlp_net_config config = config_of();
    CHECK(argc == 3);
    memset(ones, 1, sizeof ones);
    OK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL));
    cmlp_random_seed(&random, 1);
    OK(cmlp_net_init_params(net, &random, params, N_PARAMS, NULL));
    OK(cmlp_file_load(&table_file, argv[1], NULL));
    OK(cmlp_file_load(&net_file, argv[2], NULL));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        call_name = calls[i].name;
        const uint64_t expected = try_call(calls[i].call, -1, 0);
        const int n = n_seen;
        n_seen = 0;
        for (int place = 0; place < n; place++) try_call(calls[i].call, place, expected);
    }
    return 0;
}
