/* cmlp_model_answer: named cells, values and numbers give the same answers; arrays of many rows, workspaces, each refused
 * argument and its sentence. tests/tables/test_explain_in_c.py and others compare bits with those of Python. */
#include "../../src/cmlp/core/file/write/any_names.h"
#include "model_file.h"
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIZE, COLOUR, FLAG, DAY, N_IN, N_TARGETS = 2, N_ROWS = 5, N_HIDDEN = 3, N_BACKGROUND = 3, MOST_PARAMS = 64 };

static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static model_file file;
static cmlp_model_info info;
static const cmlp_model *model;

static cmlp_value text(const char *bytes) { return cmlp_text(bytes, -1); }
static cmlp_value number(double x) { return (cmlp_value){.number = x, .kind = CMLP_VALUE_DOUBLE}; }
static cmlp_value integer(int64_t i) { return (cmlp_value){.integer = i, .kind = CMLP_VALUE_INTEGER}; }
static cmlp_value boolean(int64_t i) { return (cmlp_value){.integer = i, .kind = CMLP_VALUE_BOOLEAN}; }

static const char *const names[N_IN] = {"size", "colour", "flag", "day"};
static const char *const texts[N_ROWS][N_IN] = {{"1.5", "red", "True", "1970-01-03"},
                                                {"", "", "False", ""},
                                                {"-999", "purple", "FALSE", "1970-01-01T12:00:00"},
                                                {"7", "blue", "1", "1970-01-11"},
                                                {"-3", "red", "", "NA"}};
/* The same rows as numbers. */
static const double numbers[N_ROWS][N_IN] = {
    {1.5, 0, 1, 2}, {NAN, 2, 0, NAN}, {NAN, -1, 0, 0.5}, {7, 1, 1, 10}, {-3, 0, NAN, NAN}};
static const cmlp_cell_state states[N_ROWS][N_IN] = {
    {CMLP_CELL_USUAL, CMLP_CELL_USUAL, CMLP_CELL_USUAL, CMLP_CELL_USUAL},
    {CMLP_CELL_MISSING, CMLP_CELL_MISSING, CMLP_CELL_USUAL, CMLP_CELL_MISSING},
    {CMLP_CELL_MISSING, CMLP_CELL_UNKNOWN, CMLP_CELL_USUAL, CMLP_CELL_USUAL},
    {CMLP_CELL_ABOVE, CMLP_CELL_USUAL, CMLP_CELL_USUAL, CMLP_CELL_ABOVE},
    {CMLP_CELL_BELOW, CMLP_CELL_USUAL, CMLP_CELL_MISSING, CMLP_CELL_MISSING}};
/* How far they are outside; a flag of 0 or 1 and a missing size are inside. */
static const double outside[N_ROWS][N_IN] = {
    {0, 0, 0, 0}, {0, 0, 0, NAN}, {0, NAN, 0, 0}, {5, 0, 0, 2}, {-3, 0, NAN, NAN}};

/* A network of a layer of tanh, with parameters. */
static cmlp_table_net make_net(int64_t n_in, int64_t n_out, cmlp_activation output, cmlp_loss loss)
{
    static float params[MOST_PARAMS];
    const int64_t sizes[] = {n_in, N_HIDDEN, n_out};
    const int32_t activations[] = {CMLP_ACTIVATION_TANH, output};
    const cmlp_net *net;
    uint64_t state = 3;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = loss;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int i = 0; i < MOST_PARAMS; i++) params[i] = (float)uniform(&state, -1, 1);
    return (cmlp_table_net){.net = net, .params = params, .n_params = cmlp_net_n_params(net)};
}

static void load(void)
{
    static unsigned char memory[1 << 14], workspace[1 << 16];
    info = CMLP_INIT(cmlp_model_info);
    CHECK(cmlp_model_describe(file.bytes, file.size, &info, NULL) == CMLP_OK);
    CHECK(cmlp_model_init(memory, sizeof memory, file.bytes, file.size, NULL, &model, SPACE(workspace, sizeof workspace)) ==
          CMLP_OK);
}

/* What a model has: targets, or three classes with labels; names, a calibration and a background. */
enum { CLASSES = 1, UNNAMED = 2, UNCALIBRATED = 4 };

static void load_table(int options)
{
    static const double edges[] = {0, 1, 2, -999}, flag_edges[] = {0, 1}, day_edges[] = {0, 8};
    static const double scores[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2};
    static const double of_classes[] = {0, 0, 1, 1, 2, 2, 0.1, 0.9, 0.2, 0.3, 0.1, 0.7};
    static const double background[N_BACKGROUND][N_IN] = {{0.5, 1, 0, 3}, {2, 0, 1, NAN}, {NAN, 2, 1, 4}};
    static const double weights[N_BACKGROUND] = {1, 1, 2};
    static const cmlp_table_target targets[N_TARGETS] = {
        {.centre = 10, .scale = 2, .low = -3, .high = 3, .name = "price", .n_name = 5},
        {.scale = 1, .low = -2, .high = 2, .name = "rent", .n_name = 4}};
    static unsigned char workspace[1 << 16];
    const cmlp_value colours[] = {text("red"), text("blue"), {.kind = CMLP_VALUE_MISSING}};
    const cmlp_value labels[] = {text("high"), text("low"), text("middle")};
    const int is_of_classes = options & CLASSES;
    cmlp_table_column columns[N_IN] = {
        {.role = CMLP_TABLE_ROLE_NUMBER, .has_missing = 1, .scale = 1, .edges = edges, .n_edges = 3, .n_missing_values = 1},
        {.role = CMLP_TABLE_ROLE_CATEGORY, .has_missing = 3, .n_categories = 3, .categories = colours},
        {.role = CMLP_TABLE_ROLE_NUMBER, .scale = 1, .edges = flag_edges, .n_edges = 2, .kind = CMLP_TABLE_COLUMN_BOOLEAN},
        {.role = CMLP_TABLE_ROLE_NUMBER, .scale = 4, .edges = day_edges, .n_edges = 2, .kind = CMLP_TABLE_COLUMN_TIME}};
    for (int j = 0; j < N_IN && !(options & UNNAMED); j++) {
        columns[j].name = names[j];
        columns[j].n_name = (int64_t)strlen(names[j]);
    }
    const cmlp_table_encoder encoder = {.struct_size = sizeof encoder, .columns = columns, .n_columns = N_IN,
                                        .dtype = CMLP_FLOAT32};
    int64_t n_in = 0;
    CHECK(cmlp_table_encoder_width(&encoder, &n_in, NULL) == CMLP_OK);
    const cmlp_table_net net =
        is_of_classes ? make_net(n_in, 3, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG)
                      : make_net(n_in, N_TARGETS, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR);
    const cmlp_table_calibration calibration = {
        .struct_size = sizeof calibration, .scores = scores, .n_scores = is_of_classes ? 10 : 20,
        .n_targets = is_of_classes ? 1 : N_TARGETS,
        .kind = is_of_classes ? CMLP_TABLE_CALIBRATION_PROBABILITY : CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR};
    const cmlp_table table = {.struct_size = sizeof table, .columns = columns, .n_columns = N_IN, .nets = &net, .n_nets = 1,
                              .targets = is_of_classes ? NULL : targets, .n_targets = is_of_classes ? 0 : N_TARGETS,
                              .calibration = options & UNCALIBRATED ? NULL : &calibration};
    const cmlp_model_array arrays[] = {
        {.name = "background.rows", .data = background, .n_rows = N_BACKGROUND, .n_columns = N_IN, .dtype = CMLP_FLOAT64},
        {.name = "background.weights", .data = weights, .n_rows = N_BACKGROUND, .dtype = CMLP_FLOAT64},
        {.name = "calibration.classes", .data = of_classes, .n_rows = 2, .n_columns = 6, .dtype = CMLP_FLOAT64}};
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.labels = is_of_classes ? labels : NULL;
    content.n_labels = is_of_classes ? 3 : 0;
    content.arrays = options & UNCALIBRATED ? NULL : arrays;
    content.n_arrays = options & UNCALIBRATED ? 0 : is_of_classes ? 3 : 2;
    content.write = model_file_append;
    content.write_context = &file;
    file.size = 0;
    cmlp_run run = *SPACE(workspace, sizeof workspace);
    const cmlp_status status = cmlpi_table_write(&table, &content, &run);
    check_that(!status, "%s of %s", cmlp_status_name(status), run.refused ? run.refused : "nothing");
    load();
}

/* ---- answers */

/* Everything that an answer can have of some rows. */
typedef struct everything {
    cmlp_value labels[N_ROWS];
    int32_t class_indices[N_ROWS], sets[N_ROWS * 3];
    cmlp_cell_state states[N_ROWS * N_IN];
    double outputs[N_ROWS * 3], intervals[N_ROWS * 2 * N_TARGETS], outside[N_ROWS * N_IN], numbers[N_ROWS * N_IN];
    double reasons[N_ROWS * N_IN * 3], errors[N_ROWS * N_IN * 3], base_values[3];
} everything;

static cmlp_answer wanted(everything *e, int64_t n, int has_reasons)
{
    cmlp_answer answer = CMLP_INIT(cmlp_answer);
    memset(e, 0, sizeof *e);
    answer.outputs = e->outputs;
    answer.n_outputs = n * info.n_out;
    answer.class_indices = e->class_indices;
    answer.n_class_indices = n;
    answer.outside = e->outside;
    answer.states = e->states;
    answer.numbers = e->numbers;
    answer.n_outside = answer.n_states = answer.n_numbers = n * info.n_in;
    answer.coverage = 0.8;
    answer.intervals = info.n_ends ? e->intervals : NULL;
    answer.n_intervals = n * info.n_ends;
    answer.sets = info.n_set ? e->sets : NULL;
    answer.n_sets = n * info.n_set;
    answer.labels = info.n_labels ? e->labels : NULL;
    answer.n_labels = info.n_labels ? n : 0;
    if (!has_reasons) return answer;
    answer.reasons = e->reasons;
    answer.reason_errors = e->errors;
    answer.n_reasons = answer.n_reason_errors = n * info.n_in * info.n_out;
    answer.base_values = e->base_values;
    answer.n_base_values = info.n_out;
    answer.n_evaluations = has_reasons > 1 ? 12 : 0; /* permutations, or all sets */
    answer.seed = has_reasons > 1 ? 5 : 0;
    return answer;
}

/* Answers with a workspace of exactly the size that is asked for, at a guard page. */
static cmlp_status answer_with(const cmlp_rows *rows, const cmlp_answer *answer, cmlp_run *run)
{
    size_t size = 0;
    slot workspace;
    CHECK(cmlp_model_answer_size(model, rows, answer, &size, NULL) == CMLP_OK);
    if (rows->n_rows == 1 && !answer->n_reasons) CHECK(size <= info.answer_size);
    slot_make(&workspace, size);
    run->workspace = slot_place(&workspace, size, AT_END, 0);
    run->workspace_size = size - 1;
    memset(run->workspace, 0xff, size);
    CHECK(cmlp_model_answer(model, rows, answer, run) == CMLP_ERROR_BUFFER_SIZE);
    run->workspace_size = size;
    const cmlp_status status = cmlp_model_answer(model, rows, answer, run);
    CHECK(slot_intact(&workspace));
    slot_free(&workspace);
    return status;
}

static void same_answers(const everything *a, const everything *b, int64_t first, int64_t n)
{
    const int64_t n_in = info.n_in, n_out = info.n_out, n_ends = info.n_ends, n_set = info.n_set;
#define SAME(field, width) CHECK(same_bits(CMLP_FLOAT64, a->field, b->field + first * (width), n * (width)))
    SAME(outputs, n_out);
    SAME(intervals, n_ends);
    SAME(outside, n_in);
    SAME(numbers, n_in);
    SAME(reasons, n_in * n_out);
    SAME(errors, n_in * n_out);
#undef SAME
    CHECK(same_bits(CMLP_FLOAT64, a->base_values, b->base_values, n_out));
    CHECK(!memcmp(a->class_indices, b->class_indices + first, (size_t)n * sizeof(int32_t)));
    CHECK(!memcmp(a->states, b->states + first * n_in, (size_t)(n * n_in) * sizeof(int32_t)));
    CHECK(!memcmp(a->sets, b->sets + first * n_set, (size_t)(n * n_set) * sizeof(int32_t)));
    for (int64_t i = 0; i < n; i++) CHECK(a->labels[i].text == b->labels[first + i].text);
}

/* A cell as a value where it has one. */
static cmlp_value value_of(int64_t i, int64_t j)
{
    const double x = numbers[i][j];
    if (j == COLOUR) return *texts[i][j] ? text(texts[i][j]) : number(NAN);
    if (isnan(x)) return text(NULL);
    return j == FLAG ? boolean((int64_t)x) : x == (double)(int64_t)x ? integer((int64_t)x) : number(x);
}

static void test_forms_of_rows(int options, int has_reasons)
{
    static const int64_t shuffled[] = {DAY, SIZE, FLAG, COLOUR}, order[] = {2, 0, 4};
    static everything all, one;
    cmlp_value own[N_IN], cells[N_ROWS * N_IN];
    load_table(options);
    const cmlp_rows of_numbers = cmlp_dense_rows(numbers, CMLP_FLOAT64, N_ROWS, N_IN);
    cmlp_answer answer = wanted(&all, N_ROWS, has_reasons);
    cmlp_run run = CMLP_INIT(cmlp_run);
    CHECK(answer_with(&of_numbers, &answer, &run) == CMLP_OK);
    CHECK(same_bits(CMLP_FLOAT64, all.numbers, numbers, N_ROWS * N_IN));
    CHECK(same_bits(CMLP_FLOAT64, all.outside, outside, N_ROWS * N_IN));
    CHECK(!memcmp(all.states, states, sizeof states));
    for (int way = 0; way < 5; way++) /* texts in order, by name, values, column after column, each row of numbers */
        for (int64_t first = 0, n = 1; first + n <= N_ROWS; first += n, n = way % 2 ? 1 : 2) {
            for (int64_t i = 0; i < n; i++)
                for (int64_t k = 0; k < N_IN; k++) {
                    const int64_t j = way == 1 ? shuffled[k] : k;
                    own[k] = text(names[j]);
                    cells[way == 3 ? k * n + i : i * N_IN + k] = way == 2 ? value_of(first + i, j) : text(texts[first + i][j]);
                }
            cmlp_rows rows = way < 4 ? cmlp_cell_rows(cells, n, N_IN, way == 1 ? own : NULL)
                                     : cmlp_dense_rows(numbers[first], CMLP_FLOAT64, n, N_IN);
            if (way == 3) rows.row_stride = sizeof *cells, rows.column_stride = n * (int64_t)sizeof *cells;
            answer = wanted(&one, n, has_reasons);
            CHECK(answer_with(&rows, &answer, &run) == CMLP_OK);
            same_answers(&one, &all, first, n);
        }
    for (int64_t k = 0; k < N_ROWS * N_IN; k++) cells[k] = text(texts[k / N_IN][k % N_IN]);
    cmlp_rows rows = cmlp_cell_rows(cells, N_ROWS, N_IN, NULL);
    rows.order = order;
    rows.n_order = 3;
    answer = wanted(&one, 3, has_reasons);
    CHECK(answer_with(&rows, &answer, &run) == CMLP_OK);
    for (int64_t i = 0; i < 3; i++)
        CHECK(same_bits(CMLP_FLOAT64, one.outputs + i * info.n_out, all.outputs + order[i] * info.n_out, info.n_out));
    for (int64_t i = 0; has_reasons && i < N_ROWS; i++)
        for (int64_t k = 0; k < info.n_out; k++) {
            double sum = all.base_values[k];
            for (int64_t j = 0; j < N_IN; j++) sum += all.reasons[(i * N_IN + j) * info.n_out + k];
            CHECK(fabs(sum - all.outputs[i * info.n_out + k]) < 1e-6);
        }
}

/* The answers are those of the prediction, and of the rules of the calibration. */
static void test_rules(void)
{
    static everything all;
    double outputs[N_ROWS * 3];
    int32_t class_indices[N_ROWS];
    char workspace[1 << 14];
    for (int is_of_classes = 0; is_of_classes < 2; is_of_classes++) {
        load_table(is_of_classes ? CLASSES : 0);
        const cmlp_rows rows = cmlp_dense_rows(numbers, CMLP_FLOAT64, N_ROWS, N_IN);
        cmlp_answer answer = wanted(&all, N_ROWS, 0);
        cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
        prediction.outputs = outputs;
        prediction.n_outputs = N_ROWS * info.n_out;
        prediction.class_indices = class_indices;
        prediction.n_class_indices = N_ROWS;
        CHECK(cmlp_model_predict(model, &rows, &prediction, SPACE(workspace, sizeof workspace)) == CMLP_OK);
        for (answer.by_class = 0; answer.by_class <= is_of_classes; answer.by_class++) {
            CHECK(cmlp_model_answer(model, &rows, &answer, SPACE(workspace, sizeof workspace)) == CMLP_OK);
            CHECK(same_bits(CMLP_FLOAT64, all.outputs, outputs, N_ROWS * info.n_out));
            for (int64_t i = 0; i < N_ROWS * info.n_ends / 2; i++) { /* the ninth of ten scores */
                const double margin = i % 2 ? 1.8 : 0.9;
                CHECK(all.intervals[2 * i] == outputs[i] - margin && all.intervals[2 * i + 1] == outputs[i] + margin);
            }
            for (int64_t i = 0; i < N_ROWS * info.n_set; i++) { /* by class, the third of two scores: infinity */
                const int is_in = answer.by_class || 1 - outputs[i] <= 0.9 || i % 3 == class_indices[i / 3];
                CHECK(all.sets[i] == is_in);
            }
        }
        for (int64_t i = 0; i < N_ROWS && is_of_classes; i++)
            CHECK(all.labels[i].n_text == (class_indices[i] == 0 ? 4 : class_indices[i] == 1 ? 3 : 6));
    }
}

static void test_targets(void)
{
    cmlp_table_target_info target = CMLP_INIT(cmlp_table_target_info);
    load_table(0);
    CHECK(cmlp_model_describe_target(model, 1, &target, NULL) == CMLP_OK && target.n_name == 4);
    CHECK(!memcmp(target.name, "rent", 4) && target.lowest == -2 && target.highest == 2 && target.n_scores == 10);
    CHECK(cmlp_model_describe_target(model, 0, &target, NULL) == CMLP_OK && target.lowest == 4 && target.highest == 16);
    CHECK(cmlp_model_describe_target(model, 2, &target, NULL) == CMLP_ERROR_INDEX && target.n_name == 5);
    CHECK(cmlp_model_describe_target(model, -1, &target, NULL) == CMLP_ERROR_INDEX);
    load_table(CLASSES | UNCALIBRATED);
    CHECK(cmlp_model_describe_target(model, 0, &target, NULL) == CMLP_OK && !target.name && target.highest == 1);
    CHECK(!target.n_scores && !target.kind && !target.is_held_out);
    CHECK(cmlp_model_describe_target(model, 1, &target, NULL) == CMLP_ERROR_INDEX);
}

/* ---- networks */

static void test_networks(void)
{
    static const char *const inputs[] = {"a", "b"};
    static unsigned char workspace[1 << 16];
    const cmlp_table_net net = make_net(2, 1, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR);
    const cmlp_value own[] = {text(inputs[0]), text(inputs[1])}, by_name[] = {text("b"), text("a")};
    cmlp_value cells[] = {text("2.5"), integer(1)};
    double output = 0;
    float x[] = {1, 2.5}, narrow = 0;
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.names = own;
    content.n_names = 2;
    content.write = model_file_append;
    content.write_context = &file;
    file.size = 0;
    CHECK(cmlpi_model_write(net.net, net.params, net.n_params, &content, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    load();
    cmlp_answer answer = CMLP_INIT(cmlp_answer);
    answer.outputs = &output;
    answer.n_outputs = 1;
    const cmlp_rows row = cmlp_cell_rows(cells, 1, 2, by_name), dense = cmlp_dense_rows(x, CMLP_FLOAT32, 1, 2);
    cmlp_run run = CMLP_INIT(cmlp_run);
    CHECK(answer_with(&row, &answer, &run) == CMLP_OK);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.outputs = &narrow;
    prediction.n_outputs = 1;
    CHECK(cmlp_model_predict(model, &dense, &prediction, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    CHECK(output == narrow);
    double from_dense = 0;
    answer.outputs = &from_dense;
    CHECK(answer_with(&dense, &answer, &run) == CMLP_OK && from_dense == output);
    cells[0] = text("");
    CHECK(answer_with(&row, &answer, &run) == CMLP_ERROR_CELL && run.bad_column == 1 && run.bad_element == 0);
    cells[0] = number(1e300);
    CHECK(answer_with(&row, &answer, &run) == CMLP_ERROR_INPUT && run.bad_row == 0 && run.bad_column == 1 && run.bad_element == 0);
    cells[0] = (cmlp_value){.kind = CMLP_VALUE_LARGE_INTEGER, .text = "36893488147419103232", .n_text = 20};
    x[1] = 36893488147419103232.0f;
    CHECK(cmlp_model_predict(model, &dense, &prediction, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    CHECK(answer_with(&row, &answer, &run) == CMLP_OK && from_dense == narrow);
    cmlp_table_target_info target = CMLP_INIT(cmlp_table_target_info);
    CHECK(cmlp_model_describe_target(model, 0, &target, NULL) == CMLP_OK && !target.name && target.highest == INFINITY);
    CHECK(cmlp_model_describe_target(model, 1, &target, NULL) == CMLP_ERROR_INDEX);
    answer.coverage = 0.9;
    answer.intervals = &from_dense;
    answer.n_intervals = 2;
    CHECK(cmlp_model_answer(model, &row, &answer, SPACE(workspace, sizeof workspace)) == CMLP_ERROR_MODEL_KIND);
}

/* One output has two classes, and can have one label. */
static void test_class_without_label(void)
{
    static unsigned char workspace[1 << 16];
    const cmlp_table_net net = make_net(1, 1, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG);
    const cmlp_value own = text("no");
    const double x[] = {-9, 9};
    cmlp_value labels[2];
    int32_t class_indices[2];
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.labels = &own;
    content.n_labels = 1;
    content.write = model_file_append;
    content.write_context = &file;
    file.size = 0;
    CHECK(cmlpi_model_write(net.net, net.params, net.n_params, &content, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    load();
    const cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT64, 2, 1);
    const cmlp_answer answer = {.struct_size = sizeof answer, .labels = labels, .n_labels = 2, .class_indices = class_indices,
                                .n_class_indices = 2};
    CHECK(cmlp_model_answer(model, &rows, &answer, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    CHECK(class_indices[0] != class_indices[1]);
    for (int i = 0; i < 2; i++) {
        CHECK(labels[i].kind == (class_indices[i] ? CMLP_VALUE_MISSING : CMLP_VALUE_TEXT));
        CHECK(labels[i].n_text == (class_indices[i] ? 0 : 2) && !labels[i].text == !!class_indices[i]);
    }
}

/* ---- what is refused */

static cmlp_value cells[2][N_IN], own_names[N_IN];
static cmlp_rows rows;
static cmlp_answer answer;
static everything results;

static void prepare(void)
{
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < N_IN; j++) cells[i][j] = text(texts[3 * i][N_IN - 1 - j]);
    for (int j = 0; j < N_IN; j++) own_names[j] = text(names[N_IN - 1 - j]);
    rows = cmlp_cell_rows(cells[0], 2, N_IN, own_names);
    answer = wanted(&results, 2, 0);
}

/* Checks the status, the name of the argument, the row, the element, the column and the sentence; then prepares anew. */
static void refuses(cmlp_status expected, const char *refused, int64_t bad_row, int64_t bad_element, int64_t bad_column,
                    const char *sentence)
{
    static unsigned char workspace[1 << 18];
    char said[200], cut[8];
    cmlp_run run = *SPACE(workspace, sizeof workspace);
    const cmlp_status status = cmlp_model_answer(model, &rows, &answer, &run);
    const int64_t n = cmlp_model_say(model, &rows, &answer, status, &run, said, sizeof said);
    check_that(status == expected && run.refused && !strcmp(run.refused, refused), "%s of %s instead of %s",
               cmlp_status_name(status), run.refused ? run.refused : "nothing", refused);
    check_that(run.bad_row == bad_row && run.bad_element == bad_element && run.bad_column == bad_column,
               "%s: row %d, element %d, column %d", refused, (int)run.bad_row, (int)run.bad_element, (int)run.bad_column);
    if (sentence) check_that(!strcmp(said, sentence) && n == (int64_t)strlen(sentence), "\"%s\" instead of \"%s\"", said, sentence);
    CHECK(cmlp_model_say(model, &rows, &answer, status, &run, cut, sizeof cut) == n && !strncmp(cut, said, 7) && !cut[7]);
    prepare();
}

static void test_refused_cells(void)
{
    static const int64_t order[] = {1};
    load_table(0);
    prepare();
#define REFUSED_CELL(i, j, cell, status, sentence)                             \
    (cells[i][N_IN - 1 - (j)] = (cell),                                        \
     refuses(CMLP_ERROR_##status, "rows->data", (i), N_IN - 1 - (j), (j), (sentence)))
    REFUSED_CELL(1, SIZE, text("large"), CELL, "row 1: column \"size\" cannot hold \"large\": it has numbers");
    REFUSED_CELL(0, SIZE, text("\x01\n"), CELL, "row 0: column \"size\" cannot hold \"??\": it has numbers");
    REFUSED_CELL(0, FLAG, text("maybe"), CELL, "row 0: column \"flag\" cannot hold \"maybe\": it has true or false");
    REFUSED_CELL(0, DAY, text("soon"), CELL,
                 "row 0: column \"day\" cannot hold \"soon\": it has times such as 2026-11-24 12:00");
    REFUSED_CELL(0, DAY, boolean(1), CELL, "row 0: column \"day\" cannot hold 1: it has times such as 2026-11-24 12:00");
    REFUSED_CELL(0, SIZE, number(INFINITY), INPUT, "row 0: column \"size\" cannot hold infinity: it has numbers");
    REFUSED_CELL(1, COLOUR, number(-INFINITY), INPUT, "row 1: column \"colour\" cannot hold -infinity: it has categories");
    REFUSED_CELL(0, SIZE, ((cmlp_value){.kind = 9}), OPTION, NULL);
    REFUSED_CELL(0, SIZE, ((cmlp_value){.kind = CMLP_VALUE_DOUBLE, .integer = 1}), OPTION, NULL);
    REFUSED_CELL(0, SIZE, ((cmlp_value){.kind = CMLP_VALUE_INTEGER, .number = 1}), OPTION, NULL);
    REFUSED_CELL(0, SIZE, ((cmlp_value){.kind = CMLP_VALUE_TEXT, .text = "1", .n_text = 1, .number = 1}), OPTION, NULL);
    REFUSED_CELL(0, SIZE, ((cmlp_value){.kind = CMLP_VALUE_TEXT, .text = "1", .n_text = 1, .integer = 1}), OPTION, NULL);
    REFUSED_CELL(0, SIZE, ((cmlp_value){.kind = CMLP_VALUE_MISSING, .padding = 1}), OPTION, NULL);
    REFUSED_CELL(0, DAY, ((cmlp_value){.kind = CMLP_VALUE_TEXT, .reserved = 1}), OPTION, NULL);
    REFUSED_CELL(0, SIZE, ((cmlp_value){.kind = CMLP_VALUE_LARGE_INTEGER, .text = "12.5", .n_text = 4}), TEXT, NULL);
    REFUSED_CELL(0, SIZE, ((cmlp_value){.kind = CMLP_VALUE_TEXT, .n_text = 2}), OPTION, NULL);
    REFUSED_CELL(0, COLOUR, ((cmlp_value){.kind = CMLP_VALUE_LARGE_INTEGER, .text = "1x", .n_text = 2}), TEXT, NULL);
    cells[1][3] = text("large");
    rows.order = order;
    rows.n_order = 1;
    answer = wanted(&results, 1, 0);
    refuses(CMLP_ERROR_CELL, "rows->data", 1, 3, SIZE, "row 1: column \"size\" cannot hold \"large\": it has numbers");
    own_names[1] = text("weight");
    refuses(CMLP_ERROR_COLUMNS, "rows->names", -1, 1, -1, "the model has no column \"weight\"");
    own_names[1] = text("day");
    refuses(CMLP_ERROR_COLUMNS, "rows->names", -1, 1, -1, "the row has \"day\" twice");
    rows = cmlp_cell_rows(cells[0], 1, N_IN - 1, own_names);
    answer = wanted(&results, 1, 0);
    refuses(CMLP_ERROR_COLUMNS, "rows->names", -1, -1, SIZE, "the row has no column \"size\"");
    rows = cmlp_cell_rows(cells[0], 2, N_IN - 1, NULL);
    refuses(CMLP_ERROR_ROWS, "rows->n_columns", -1, -1, -1, "a row has 4 cells, got 3");
    own_names[2] = integer(1);
    refuses(CMLP_ERROR_OPTION, "rows->names", -1, 2, -1, NULL);
    load_table(UNNAMED);
    refuses(CMLP_ERROR_NOT_FOUND, "rows->names", -1, -1, -1, "the model has no names of columns: pass a row in order");
}

static void test_refused_arguments(void)
{
    static const int64_t order[] = {0, 2};
    static double shift;
    load_table(0);
    prepare();
#define REFUSED(change, status, refused) ((change), refuses(CMLP_ERROR_##status, (refused), -1, -1, -1, NULL))
    REFUSED(rows.struct_size = 8, STRUCT_SIZE, "rows");
    REFUSED(answer.struct_size = 8, STRUCT_SIZE, "answer");
    REFUSED(rows.kind = CMLP_ROWS_CSR, ROWS, "rows->kind");
    REFUSED(rows.n_rows = -1, ROWS, "rows->n_rows");
    REFUSED(rows.dtype = CMLP_FLOAT64, DTYPE, "rows->dtype");
    REFUSED(rows.indices = order, ROWS, "rows->indices");
    REFUSED(rows.scale = 2, OPTION, "rows->scale");
    REFUSED(rows.shifts = &shift, OPTION, "rows->scale");
    REFUSED(rows.reserved = 1, OPTION, "rows->reserved");
    REFUSED(rows.n_order = 1, ROWS, "rows->n_order");
    REFUSED(rows.n_names = 2, LENGTH, "rows->names");
    REFUSED(rows.data = NULL, NULL, "rows->data");
    REFUSED(rows.row_stride = 4, ALIGNMENT, "rows->data");
    REFUSED(answer.n_outputs = 3, LENGTH, "answer->outputs");
    REFUSED(answer.outputs = NULL, NULL, "answer->outputs");
    REFUSED(answer.states = NULL, NULL, "answer->states");
    REFUSED((answer.sets = results.sets, answer.n_sets = 2), MODEL_KIND, "answer->sets");
    REFUSED((answer.labels = results.labels, answer.n_labels = 2), NOT_FOUND, "answer->labels");
    REFUSED(answer.coverage = 0, OPTION, "answer->coverage");
    REFUSED(answer.coverage = 1, OPTION, "answer->coverage");
    REFUSED(answer.coverage = NAN, OPTION, "answer->coverage");
    REFUSED((answer.intervals = NULL, answer.n_intervals = 0), OPTION, "answer->coverage");
    REFUSED(answer.by_class = 1, OPTION, "answer->by_class");
    REFUSED(answer.sets = results.sets, LENGTH, "answer->sets");
    REFUSED(answer.reserved = 1, OPTION, "answer->reserved");
    REFUSED((answer.base_values = results.base_values, answer.n_base_values = 2), OPTION, "answer->base_values");
    REFUSED(answer.seed = 1, OPTION, "answer->seed");
    REFUSED(answer.is_exact = 1, OPTION, "answer->is_exact");
    REFUSED(answer.n_evaluations = 1, OPTION, "answer->n_evaluations");
    REFUSED(answer.background = &rows, OPTION, "answer->background");
    rows.order = order;
    rows.n_order = 2;
    refuses(CMLP_ERROR_ORDER, "rows->order", -1, 1, -1, NULL);
    rows = cmlp_dense_rows(numbers, CMLP_FLOAT64, 2, N_IN);
    REFUSED(rows.names = own_names, OPTION, "rows->names");
    rows = cmlp_dense_rows(numbers, CMLP_FLOAT64, 2, N_IN);
    REFUSED(rows.n_names = N_IN, OPTION, "rows->names");
    load_table(UNCALIBRATED);
    refuses(CMLP_ERROR_NOT_FOUND, "answer->coverage", -1, -1, -1, NULL);
    answer = wanted(&results, 2, 1);
    refuses(CMLP_ERROR_NOT_FOUND, "answer->background", -1, -1, -1,
            "the model has no rows to compare with: keep_background in Python keeps some of training");
    load_table(CLASSES);
    answer = wanted(&results, 2, 1);
    answer.n_evaluations = 7;
    refuses(CMLP_ERROR_OPTION, "answer->n_evaluations", -1, -1, -1, "n_evaluations must be 0 or at least 8, got 7");
    const cmlp_rows none = cmlp_dense_rows(numbers, CMLP_FLOAT64, 0, N_IN);
    answer = wanted(&results, 2, 1);
    answer.background = &none;
    refuses(CMLP_ERROR_ROWS, "answer->background->n_rows", -1, -1, -1, NULL);
    double row[N_IN] = {1, INFINITY, 0, 1};
    rows = cmlp_dense_rows(row, CMLP_FLOAT64, 1, N_IN);
    answer = wanted(&results, 1, 0);
    refuses(CMLP_ERROR_INPUT, "rows->data", 0, -1, COLOUR, "column \"colour\" cannot hold infinity: it has categories");
}

int main(void)
{
    test_forms_of_rows(0, 0);
    test_forms_of_rows(CLASSES, 0);
    test_forms_of_rows(0, 1);
    test_forms_of_rows(CLASSES, 2);
    test_rules();
    test_targets();
    test_networks();
    test_class_without_label();
    test_refused_cells();
    test_refused_arguments();
    return finish();
}
