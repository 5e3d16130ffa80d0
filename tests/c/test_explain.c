/* The reasons of cmlp_model_answer: values against the definition, sums, errors, backgrounds, workspaces, threads, and each status.
 * tests/tables/test_explain_in_c.py compares its bits with those of Python's `explain`. */
#include "../../src/cmlp/core/file/write/any_names.h"
#include "model_file.h"
#include "support.h"

#include <math.h>
#include <string.h>

enum { N_COLUMNS = 4, MANY = 13, N_OUT = 2, N_ROWS = 7, N_NETS = 2, N_HIDDEN = 3, MOST_PARAMS = 64 };

static const double edges[] = {-1, 0.25, 2};
static unsigned char net_memory[2][CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static float params[N_NETS][MOST_PARAMS];
static model_file good, changed;
static double background[N_ROWS * MANY], row[MANY], weights[N_ROWS];
static double values[MANY * N_OUT], errors[MANY * N_OUT], base_values[N_OUT];

static cmlp_table_column column_of(int64_t j)
{
    const cmlp_table_column number = {.role = CMLP_TABLE_ROLE_NUMBER, .scale = 1};
    if (j == 0)
        return (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .has_missing = 1, .centre = 0.5, .scale = 2, .edges = edges,
                                   .n_edges = 3};
    if (j == 1) return (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 3};
    return j == 2 ? (cmlp_table_column){.role = CMLP_TABLE_ROLE_UNUSED} : number;
}

/* Makes a network without bins or with them. Without a hidden layer the outputs are sums over the columns. */
static cmlp_table_net make_net(int bins, int64_t n_in, int is_sum)
{
    const int64_t sizes[] = {n_in, N_HIDDEN, N_OUT}, of_sum[] = {n_in, N_OUT};
    const int32_t activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY};
    const cmlp_net *net;
    uint64_t state = (uint64_t)bins;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = is_sum ? of_sum : sizes;
    config.activations = is_sum ? activations + 1 : activations;
    config.n_layers = is_sum ? 2 : 3;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(net_memory[bins], sizeof net_memory[bins], &config, &net, NULL) == CMLP_OK);
    for (int i = 0; i < MOST_PARAMS; i++) params[bins][i] = (float)uniform(&state, -1, 1);
    return (cmlp_table_net){.net = net, .params = params[bins], .n_params = cmlp_net_n_params(net)};
}

/* Writes a table's model to `good`. It has strings that look like parts of the head, and a key like the name of a tensor. */
static void write_model(int64_t n_columns, int is_sum, const cmlp_model_array *arrays, int32_t n_arrays)
{
    static unsigned char workspace[1 << 16];
    static const char text[] = "\"background.rows\":{\"dtype\":\"F64\",\"shape\":[64,4]";
    const cmlp_model_string likenesses[] = {{.key = "background.weights", .value = "background.rows", .n_value = 15},
                                            {.key = "looks_like", .value = text, .n_value = sizeof text - 1}};
    const cmlp_table_target targets[N_OUT] = {{.centre = 100, .scale = 7, .low = -1e6, .high = 1e6},
                                              {.scale = 1, .low = -1e6, .high = 1e6}};
    cmlp_table_column columns[MANY];
    cmlp_table_net nets[N_NETS];
    cmlp_table table = CMLP_INIT(cmlp_table);
    cmlp_table_encoder encoder = CMLP_INIT(cmlp_table_encoder);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    for (int64_t j = 0; j < n_columns; j++) columns[j] = column_of(j);
    encoder.columns = table.columns = columns;
    encoder.n_columns = table.n_columns = n_columns;
    encoder.dtype = CMLP_FLOAT32;
    for (encoder.has_bins = 0; encoder.has_bins < N_NETS; encoder.has_bins++) {
        int64_t n_in = 0;
        CHECK(cmlp_table_encoder_width(&encoder, &n_in, NULL) == CMLP_OK);
        nets[encoder.has_bins] = make_net(encoder.has_bins, n_in, is_sum);
    }
    table.nets = nets;
    table.n_nets = N_NETS;
    table.targets = targets;
    table.n_targets = N_OUT;
    good.size = 0;
    content.strings = likenesses;
    content.n_strings = 2;
    content.arrays = arrays;
    content.n_arrays = n_arrays;
    content.write = model_file_append;
    content.write_context = &good;
    CHECK(cmlpi_table_write(&table, &content, SPACE(workspace, sizeof workspace)) == CMLP_OK);
}

/* Loads a file that ends at a guard page. The model is valid until the next call. */
static const cmlp_model *load(const model_file *file)
{
    static slot file_slot;
    static unsigned char memory[1 << 14], workspace[1 << 16];
    const cmlp_model *model = NULL;
    if (!file_slot.base) slot_make(&file_slot, MODEL_FILE_CAPACITY);
    unsigned char *const copy = slot_place(&file_slot, file->size, AT_END, (8 - file->size % 8) % 8);
    memcpy(copy, file->bytes, file->size);
    CHECK(cmlp_model_init(memory, sizeof memory, copy, file->size, NULL, &model, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    return model;
}

static void make_rows(int64_t n_columns)
{
    uint64_t state = 9;
    for (int i = 0; i < N_ROWS; i++) weights[i] = uniform(&state, 0.5, 2);
    for (int64_t i = 0; i < N_ROWS * n_columns; i++) background[i] = uniform(&state, -2, 2);
    for (int64_t j = 0; j < n_columns; j++) row[j] = uniform(&state, -2, 2);
    for (int64_t i = 0; i < N_ROWS; i++) background[i * n_columns + 1] = (double)(i % 4); /* 3: an unknown category */
    background[2 * n_columns] = NAN;
    row[1] = 2;
}

static const cmlp_model *stored_model(int64_t n_columns, int is_sum)
{
    make_rows(n_columns);
    const cmlp_model_array arrays[] = {
        {.name = "background.rows", .data = background, .n_rows = N_ROWS, .n_columns = n_columns, .dtype = CMLP_FLOAT64},
        {.name = "background.weights", .data = weights, .n_rows = N_ROWS, .dtype = CMLP_FLOAT64}};
    write_model(n_columns, is_sum, arrays, 2);
    return load(&good);
}

static cmlp_answer answer_of(int64_t n_columns)
{
    cmlp_answer answer = CMLP_INIT(cmlp_answer);
    answer.reasons = values;
    answer.n_reasons = n_columns * N_OUT;
    answer.reason_errors = errors;
    answer.n_reason_errors = n_columns * N_OUT;
    answer.base_values = base_values;
    answer.n_base_values = N_OUT;
    return answer;
}

/* Calls the function with a workspace of exactly the size that it asks for. */
static cmlp_status explain_with(const cmlp_model *model, int64_t n_columns, const cmlp_answer *answer, cmlp_run *run)
{
    static const double unset = -7;
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT64, 1, n_columns);
    size_t size = 0;
    slot workspace;
    for (int64_t j = 0; j < n_columns * N_OUT; j++) values[j] = errors[j] = unset;
    CHECK(cmlp_model_answer_size(model, &rows, answer, &size, THREADS(run->n_threads)) == CMLP_OK);
    slot_make(&workspace, size);
    run->workspace = slot_place(&workspace, size, AT_END, 0);
    run->workspace_size = size - 1;
    memset(run->workspace, 0xff, size);
    CHECK(cmlp_model_answer(model, &rows, answer, run) == CMLP_ERROR_BUFFER_SIZE && values[0] == unset);
    run->workspace_size = size;
    const cmlp_status status = cmlp_model_answer(model, &rows, answer, run);
    CHECK(slot_intact(&workspace));
    slot_free(&workspace);
    return status;
}

static cmlp_status explain(const cmlp_model *model, int64_t n_columns, const cmlp_answer *answer)
{
    return explain_with(model, n_columns, answer, THREADS(1));
}

static void predict(const cmlp_model *model, int64_t n_columns, const double *x, double *outputs)
{
    static unsigned char workspace[1 << 16];
    int32_t label;
    CHECK(predict_row(model, x, n_columns, &label, outputs, workspace, sizeof workspace) == CMLP_OK);
}

/* The values add up to the output minus the base value, which is the weighted mean of the outputs of the background. */
static void check_sums(const cmlp_model *model, int64_t n_columns)
{
    double output[N_OUT], mean[N_OUT] = {0}, total = 0, sums[N_OUT];
    for (int64_t i = 0; i < N_ROWS; i++) {
        predict(model, n_columns, background + i * n_columns, output);
        total += weights[i];
        for (int k = 0; k < N_OUT; k++) mean[k] += output[k] * weights[i];
    }
    predict(model, n_columns, row, output);
    for (int k = 0; k < N_OUT; k++) {
        CHECK(fabs(base_values[k] - mean[k] / total) < 1e-12 * fabs(mean[k] / total));
        sums[k] = base_values[k];
        for (int64_t j = 0; j < n_columns; j++) sums[k] += values[j * N_OUT + k];
        CHECK(fabs(sums[k] - output[k]) < 1e-11);
    }
    CHECK(values[2 * N_OUT] == 0 && values[2 * N_OUT + 1] == 0); /* the unused column */
}

/* Computes the value of a set of columns by its definition. */
static void value_of_set(const cmlp_model *model, int set, double *mean)
{
    double mixed[N_COLUMNS], output[N_OUT], total = 0;
    for (int k = 0; k < N_OUT; k++) mean[k] = 0;
    for (int64_t i = 0; i < N_ROWS; i++) {
        for (int j = 0; j < N_COLUMNS; j++) mixed[j] = set >> j & 1 ? row[j] : background[i * N_COLUMNS + j];
        predict(model, N_COLUMNS, mixed, output);
        total += weights[i];
        for (int k = 0; k < N_OUT; k++) mean[k] += output[k] * weights[i];
    }
    for (int k = 0; k < N_OUT; k++) mean[k] /= total;
}

/* Compares the values with the mean changes over all orders of the columns. */
static void check_definition(const cmlp_model *model)
{
    static const int factorials[] = {1, 1, 2, 6, 24};
    double sets[1 << N_COLUMNS][N_OUT], found[N_COLUMNS][N_OUT] = {{0}};
    for (int set = 0; set < 1 << N_COLUMNS; set++) value_of_set(model, set, sets[set]);
    for (int j = 0; j < N_COLUMNS; j++)
        for (int set = 0; set < 1 << N_COLUMNS; set++) {
            int size = 0;
            for (int i = 0; i < N_COLUMNS; i++) size += set >> i & 1;
            if (set >> j & 1) continue;
            for (int k = 0; k < N_OUT; k++)
                found[j][k] += (sets[set | 1 << j][k] - sets[set][k]) * factorials[size] * factorials[N_COLUMNS - 1 - size] / 24;
        }
    for (int j = 0; j < N_COLUMNS; j++)
        for (int k = 0; k < N_OUT; k++) CHECK(fabs(found[j][k] - values[j * N_OUT + k]) < 1e-12);
}

static void test_enumeration(void)
{
    const cmlp_model *model = stored_model(N_COLUMNS, 0);
    cmlp_answer answer = answer_of(N_COLUMNS);
    for (answer.is_exact = 0; answer.is_exact < 2; answer.is_exact++) { /* 98 evaluations: exact anyway */
        CHECK(explain(model, N_COLUMNS, &answer) == CMLP_OK);
        check_sums(model, N_COLUMNS);
        check_definition(model);
        for (int64_t j = 0; j < N_COLUMNS * N_OUT; j++) CHECK(errors[j] == 0);
    }
}

/* Of an additive model, every order gives the right values, so that the errors are 0 up to rounding. */
static void test_additive(void)
{
    static const int64_t budgets[] = {0, 2 * N_COLUMNS, 60, 1000};
    const cmlp_model *model = stored_model(N_COLUMNS, 1);
    cmlp_answer answer = answer_of(N_COLUMNS);
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        double total = 0, expected[N_COLUMNS] = {0}, mixed[N_COLUMNS], before[N_OUT], after[N_OUT];
        answer.n_evaluations = budgets[i];
        CHECK(explain(model, N_COLUMNS, &answer) == CMLP_OK);
        check_sums(model, N_COLUMNS);
        if (budgets[i] && budgets[i] < 14 * 6) continue; /* a sample of the background */
        for (int64_t r = 0; r < N_ROWS; r++) {
            predict(model, N_COLUMNS, background + r * N_COLUMNS, before);
            total += weights[r];
            for (int64_t j = 0; j < N_COLUMNS; j++) {
                memcpy(mixed, background + r * N_COLUMNS, sizeof mixed);
                mixed[j] = row[j];
                predict(model, N_COLUMNS, mixed, after);
                expected[j] += (after[0] - before[0]) * weights[r];
            }
        }
        for (int64_t j = 0; j < N_COLUMNS; j++) {
            CHECK(fabs(values[j * N_OUT] - expected[j] / total) < 1e-5);
            CHECK(errors[j * N_OUT] >= 0 && errors[j * N_OUT] < 1e-5);
        }
    }
}

static void test_permutations(void)
{
    static double exact[N_COLUMNS * N_OUT];
    const cmlp_model *model = stored_model(N_COLUMNS, 0);
    cmlp_answer answer = answer_of(N_COLUMNS);
    CHECK(explain(model, N_COLUMNS, &answer) == CMLP_OK);
    memcpy(exact, values, sizeof exact);
    answer.n_evaluations = 97; /* one fewer than all sets take; 2 pairs for each row */
    CHECK(explain(model, N_COLUMNS, &answer) == CMLP_OK);
    check_sums(model, N_COLUMNS);
    double squares = 0, variances = 0;
    for (int64_t j = 0; j < N_COLUMNS * N_OUT; j++) {
        squares += (values[j] - exact[j]) * (values[j] - exact[j]);
        variances += errors[j] * errors[j];
    }
    CHECK(squares > 0.05 * variances && squares < 9 * variances);
    /* Samples with more pairs than rows, with fewer, and of one pair. */
    for (int64_t n_pairs = 13; n_pairs > 1; n_pairs -= 3) {
        answer.n_evaluations = 6 * n_pairs + 5;
        CHECK(explain(model, N_COLUMNS, &answer) == CMLP_OK);
        check_sums(model, N_COLUMNS);
        for (int64_t j = 0; j < N_COLUMNS * N_OUT; j++) CHECK(errors[j] >= 0);
    }
    answer.n_evaluations = 2 * N_COLUMNS;
    CHECK(explain(model, N_COLUMNS, &answer) == CMLP_OK);
    check_sums(model, N_COLUMNS);
    for (int64_t j = 0; j < N_COLUMNS * N_OUT; j++) CHECK(isnan(errors[j]));
}

/* What else must not change a bit: threads, arrays that are left out, where the rows of the background are. */
static void test_same_bits(void)
{
    static const int64_t order[] = {5, 0, 3};
    static double expected[MANY * N_OUT], of_order[3 * MANY], spread[N_ROWS * MANY * 3];
    const cmlp_model *model = stored_model(MANY, 0);
    cmlp_answer answer = answer_of(MANY);
    cmlp_rows rows = cmlp_dense_rows(background, CMLP_FLOAT64, N_ROWS, MANY);
    CHECK(explain(model, MANY, &answer) == CMLP_OK);
    check_sums(model, MANY);
    memcpy(expected, values, sizeof expected);
    CHECK(explain_with(model, MANY, &answer, THREADS(3)) == CMLP_OK && same_bits(CMLP_FLOAT64, values, expected, MANY * N_OUT));
    answer.reason_errors = answer.base_values = NULL;
    answer.n_reason_errors = answer.n_base_values = 0;
    CHECK(explain(model, MANY, &answer) == CMLP_OK && same_bits(CMLP_FLOAT64, values, expected, MANY * N_OUT));
    CHECK(errors[0] == -7);
    answer.seed = 1;
    CHECK(explain(model, MANY, &answer) == CMLP_OK && !same_bits(CMLP_FLOAT64, values, expected, MANY * N_OUT));
    answer.seed = 0;
    answer.background = &rows; /* of equal weights */
    CHECK(explain(model, MANY, &answer) == CMLP_OK && !same_bits(CMLP_FLOAT64, values, expected, MANY * N_OUT));
    for (int64_t i = 0; i < N_ROWS * MANY; i++) spread[3 * i] = background[i];
    for (int64_t i = 0; i < 3; i++) memcpy(of_order + i * MANY, background + order[i] * MANY, sizeof *of_order * MANY);
    rows = cmlp_dense_rows(of_order, CMLP_FLOAT64, 3, MANY);
    CHECK(explain(model, MANY, &answer) == CMLP_OK);
    memcpy(expected, values, sizeof expected);
    rows = cmlp_dense_rows(spread, CMLP_FLOAT64, N_ROWS, MANY);
    rows.column_stride *= 3;
    rows.row_stride *= 3;
    rows.order = order;
    rows.n_order = 3;
    CHECK(explain(model, MANY, &answer) == CMLP_OK && same_bits(CMLP_FLOAT64, values, expected, MANY * N_OUT));
}

static int cancels(void *context) { return --*(int *)context < 0; }

static void test_cancel(void)
{
    const cmlp_model *model = stored_model(MANY, 0);
    cmlp_answer answer = answer_of(MANY);
    int left = 3;
    CHECK(explain_with(model, MANY, &answer, RUN(.poll = cancels, .poll_context = &left)) == CMLP_CANCELLED);
    model = stored_model(N_COLUMNS, 0);
    left = 3;
    answer.is_exact = 1;
    CHECK(explain_with(model, N_COLUMNS, &answer, RUN(.poll = cancels, .poll_context = &left)) == CMLP_CANCELLED);
}

static int refuses(const cmlp_model *model, const cmlp_answer *answer, cmlp_status expected, const char *argument)
{
    static unsigned char workspace[1 << 20];
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT64, 1, MANY);
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    const cmlp_status status = cmlp_model_answer(model, &rows, answer, &run);
    return check_that(status == expected && run.refused && !strcmp(run.refused, argument), "%s of %s, expected %s",
                      cmlp_status_name(status), run.refused ? run.refused : "nothing", argument);
}
/* Calls the function with one field changed. */
#define REFUSES(change, status, argument)                                                                                  \
    do {                                                                                                                   \
        cmlp_rows rows = cmlp_dense_rows(background, CMLP_FLOAT64, N_ROWS, MANY);                                          \
        cmlp_answer e = answer_of(MANY);                                                                                    \
        e.background = &rows;                                                                                              \
        change;                                                                                                            \
        refuses(model, &e, status, argument);                                                                              \
    } while (0)

static void test_refusals(void)
{
    static const int64_t beyond[] = {0, N_ROWS};
    const cmlp_model *const model = stored_model(MANY, 0);
    cmlp_answer answer = answer_of(MANY);
    cmlp_run run = CMLP_INIT(cmlp_run);
    size_t size = 0;
    const double kept = row[3];
    REFUSES(e.struct_size = 3, CMLP_ERROR_STRUCT_SIZE, "answer");
    REFUSES(e.n_evaluations = -1, CMLP_ERROR_OPTION, "answer->n_evaluations");
    REFUSES(e.n_evaluations = 2 * MANY - 1, CMLP_ERROR_OPTION, "answer->n_evaluations");
    REFUSES(e.n_evaluations = INT64_MAX, CMLP_ERROR_OVERFLOW, "answer->n_evaluations");
    REFUSES(e.is_exact = 1, CMLP_ERROR_OPTION, "answer->is_exact");
    REFUSES(e.reasons = NULL, CMLP_ERROR_NULL, "answer->reasons");
    REFUSES(e.n_reasons--, CMLP_ERROR_LENGTH, "answer->reasons");
    REFUSES(e.n_reason_errors--, CMLP_ERROR_LENGTH, "answer->reason_errors");
    REFUSES(e.reason_errors = NULL, CMLP_ERROR_NULL, "answer->reason_errors");
    REFUSES(e.n_base_values--, CMLP_ERROR_LENGTH, "answer->base_values");
    REFUSES(e.reasons = (double *)((char *)values + 4), CMLP_ERROR_ALIGNMENT, "answer->reasons");
    REFUSES(rows.struct_size = 1, CMLP_ERROR_STRUCT_SIZE, "answer->background");
    REFUSES(rows.data = NULL, CMLP_ERROR_NULL, "answer->background->data");
    REFUSES(rows.n_rows = 0, CMLP_ERROR_ROWS, "answer->background->n_rows");
    REFUSES(rows.n_rows = 65, CMLP_ERROR_ROWS, "answer->background->n_rows");
    REFUSES(rows.n_columns = 2, CMLP_ERROR_ROWS, "answer->background->n_columns");
    REFUSES(rows.scale = 2, CMLP_ERROR_OPTION, "answer->background->scale");
    REFUSES((rows.order = beyond, rows.n_order = 2), CMLP_ERROR_ORDER, "answer->background->order");
    REFUSES((rows.dtype = CMLP_FLOAT32, rows.column_stride = 4), CMLP_ERROR_DTYPE, "answer->background->dtype");
    refuses(NULL, &answer, CMLP_ERROR_NULL, "model");
    refuses(model, NULL, CMLP_ERROR_NULL, "answer");
    const cmlp_rows explained = cmlp_dense_rows(row, CMLP_FLOAT64, 1, MANY);
    CHECK(cmlp_model_answer(model, &explained, &answer, &run) == CMLP_ERROR_NULL && !strcmp(run.refused, "run->workspace"));
    CHECK(cmlp_model_answer_size(model, &explained, &answer, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_answer_size(NULL, &explained, &answer, &size, NULL) == CMLP_ERROR_NULL);
    row[3] = INFINITY;
    CHECK(explain_with(model, MANY, &answer, &run) == CMLP_ERROR_INPUT);
    CHECK(!strcmp(run.refused, "rows->data") && run.bad_row == 0 && run.bad_column == 3);
    row[3] = kept;
    background[4 * MANY + 5] = -INFINITY;
    const cmlp_rows rows = cmlp_dense_rows(background, CMLP_FLOAT64, N_ROWS, MANY);
    answer.background = &rows;
    CHECK(explain_with(model, MANY, &answer, &run) == CMLP_ERROR_INPUT);
    CHECK(!strcmp(run.refused, "answer->background->data") && run.bad_row == 4 && run.bad_column == 5);
}

/* A background in the file that is missing, or breaks a rule of the format. */
static void test_stored_background(void)
{
    const cmlp_model *model = stored_model(MANY, 0);
    cmlp_answer answer = answer_of(MANY);
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT64, 1, MANY);
    size_t size = 0;
    CHECK(cmlp_model_answer_size(model, &rows, &answer, &size, NULL) == CMLP_OK);
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "\"background.rows\":{\"dtype\":\"F64\",\"shape\":[7,13]",
                             "\"background.rows\":{\"dtype\":\"F64\",\"shape\":[13,7]"));
    refuses(load(&changed), &answer, CMLP_ERROR_FILE_TENSOR, "answer->background");
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "\"background.rows\":{\"dtype\":\"F64\"", "\"background.rows\":{\"dtype\":\"I64\""));
    refuses(load(&changed), &answer, CMLP_ERROR_FILE_TENSOR, "answer->background");
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "\"background.weights\":{", "\"background.weighty\":{"));
    refuses(load(&changed), &answer, CMLP_ERROR_NOT_FOUND, "answer->background");
    CHECK(cmlp_model_answer_size(load(&changed), &rows, &answer, &size, NULL) == CMLP_ERROR_NOT_FOUND);
    write_model(MANY, 0, NULL, 0);
    refuses(load(&good), &answer, CMLP_ERROR_NOT_FOUND, "answer->background");
    const cmlp_model_array fewer_weights[] = {
        {.name = "background.rows", .data = background, .n_rows = N_ROWS, .n_columns = MANY, .dtype = CMLP_FLOAT64},
        {.name = "background.weights", .data = weights, .n_rows = N_ROWS - 1, .dtype = CMLP_FLOAT64}};
    write_model(MANY, 0, fewer_weights, 2);
    refuses(load(&good), &answer, CMLP_ERROR_FILE_TENSOR, "answer->background");
    const double bad[] = {0, -1, NAN, INFINITY};
    for (int i = 0; i < 5; i++) {
        make_rows(MANY);
        if (i < 4) weights[6] = bad[i];
        else background[N_ROWS * MANY - 1] = INFINITY;
        const cmlp_model_array arrays[] = {
            {.name = "background.rows", .data = background, .n_rows = N_ROWS, .n_columns = MANY, .dtype = CMLP_FLOAT64},
            {.name = "background.weights", .data = weights, .n_rows = N_ROWS, .dtype = CMLP_FLOAT64}};
        write_model(MANY, 0, arrays, 2);
        refuses(load(&good), &answer, CMLP_ERROR_FILE_VALUE, "answer->background");
    }
}

static void test_networks_are_refused(void)
{
    static unsigned char workspace[1 << 14];
    const cmlp_table_net net = make_net(0, MANY, 0);
    const cmlp_answer answer = answer_of(MANY);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    good.size = 0;
    content.write = model_file_append;
    content.write_context = &good;
    CHECK(cmlp_model_write(net.net, net.params, net.n_params, &content, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    refuses(load(&good), &answer, CMLP_ERROR_MODEL_KIND, "answer->reasons");
}

int main(void)
{
    test_enumeration();
    test_additive();
    test_permutations();
    test_same_bits();
    test_cancel();
    test_refusals();
    test_stored_background();
    test_networks_are_refused();
    return finish();
}
