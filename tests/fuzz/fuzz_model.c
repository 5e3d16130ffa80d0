/* libFuzzer target: model files of any content. Each input is read as it is, and once more with its checksums repaired,
 * since a fuzzer hardly finds those. What is accepted must be usable. cmlp_file.h must give the same statuses. */
#define _GNU_SOURCE /* fmemopen */
#include <cmlp_file.h>
#include <cmlp_table.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../c/model_file.h"

static void require(int condition)
{
    if (!condition) abort();
}

/* What a program does with a model: each function that reads a part of the file is called, with arguments that are right
 * and with some that are wrong. test_fuzz_readers.py compares the calls with the headers. */
typedef struct used_model {
    const cmlp_model *model;
    const cmlp_model_info *info;
    const unsigned char *file;
    void *row, *output, *scratch; /* of exactly the needed sizes */
} used_model;

static void use_row(const used_model *u)
{
    const cmlp_model_info *info = u->info;
    int32_t label = -2;
    const int status = predict_row(u->model, u->row, info->n_in, &label, u->output, u->scratch, info->workspace_size);
    /* (0 - shift) * factor may overflow */
    require(status == CMLP_OK || status == CMLP_ERROR_INPUT);
    require(label >= -2 && label < (info->n_out > 1 ? info->n_out : 2));
    uint8_t *const bytes = calloc((size_t)info->n_in, 1);
    require(bytes != NULL);
    if (info->dtype == CMLP_FLOAT32) {
        const int of_bytes =
            predict_values(CMLP_UINT8, u->model, bytes, info->n_in, NULL, NULL, 0, u->scratch, info->workspace_size);
        require(of_bytes == status);
    }
    free(bytes);
}

/* The row twice; and as a program does that uses the network of the model. */
static void use_rows(const used_model *u)
{
    const cmlp_model_info *info = u->info;
    cmlp_rows rows = cmlp_dense_rows(u->row, info->dtype, 2, info->n_in);
    cmlp_run run = CMLP_INIT(cmlp_run);
    int32_t labels[2];
    rows.row_stride = CMLP_REPEAT;
    if (cmlp_model_workspace_size(u->model, &rows, &run.workspace_size, &run) || run.workspace_size > 1 << 26) return;
    void *const outputs = malloc(2 * (size_t)info->n_out * (info->dtype == CMLP_FLOAT32 ? 4 : 8));
    run.workspace = malloc(run.workspace_size);
    run.n_threads = 1;
    require(outputs && run.workspace);
    const cmlp_status status = predict_rows(u->model, &rows, labels, outputs, 2 * info->n_out, &run);
    require(status == CMLP_OK || status == CMLP_ERROR_INPUT);
    const cmlp_net *const net = cmlp_model_net(u->model);
    require(!net == (info->n_nets > 0));
    require((cmlp_model_prepare_rows(u->model, &rows, NULL) == CMLP_OK) == (net != NULL));
    if (net) require(call_forward(net, cmlp_model_params(u->model), &rows, outputs, &run) == status);
    free(outputs);
    free(run.workspace);
}

static void use_text(const used_model *u)
{
    static const char *const keys[] = {"cmlp", "activations", "loss", "kind", "note"};
    const char *text;
    int64_t length;
    cmlp_value label;
    for (int32_t i = -1; i < 4; i++)
        if (cmlp_model_find_label(u->model, i, &label, NULL) == CMLP_OK) require(label.n_text >= 0 && label.text);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const int found = cmlp_model_find_string(u->model, keys[i], &text, &length, NULL);
        require(i > 3 || !found);
        require(found || ((const unsigned char *)text > u->file && length >= 0 && (uint64_t)length < u->info->head_size));
    }
}

/* What a target is: a name within the file, and levels between 0 and 1. */
static void use_target(const used_model *u, int64_t target)
{
    cmlp_table_target_info info = CMLP_INIT(cmlp_table_target_info);
    const cmlp_status status = cmlp_model_describe_target(u->model, target, &info, NULL);
    require((status == CMLP_ERROR_INDEX) == (target < 0 || target >= (u->info->n_targets ? u->info->n_targets : 1)));
    if (status) return;
    require(info.n_name >= 0 && (!info.n_name || (const unsigned char *)info.name > u->file));
    for (int64_t i = 0; i < info.n_quantiles; i++) require(info.quantiles[i] > 0 && info.quantiles[i] < 1);
    require(info.n_scores >= 0);
}

/* The categories of a column, and some that it may not have. */
static void use_categories(const used_model *u, int64_t column)
{
    cmlp_table_column_info info = CMLP_INIT(cmlp_table_column_info);
    cmlp_value value;
    if (cmlp_model_describe_column(u->model, column, &info, NULL)) return;
    for (int64_t i = -1; i < 8; i++) {
        const cmlp_status status = cmlp_model_find_category(u->model, column, i, &value, NULL);
        double code = -9;
        if (info.n_categories) require((status == CMLP_ERROR_INDEX) == (i < 0 || i >= info.n_categories));
        if (status) continue;
        require(value.n_text >= 0 && (!value.n_text || (const unsigned char *)value.text > u->file));
        require(cmlp_model_find_code(u->model, column, &value, &code, NULL) == CMLP_OK && code == (double)i);
    }
}

/* Cells of each form, in every column. */
static void use_cells(const used_model *u, int64_t column)
{
    if (column < 0 || column >= u->info->n_in || u->info->n_in > 64) return;
    static const char *const cells[] = {"", " NA", "-1,234.5e-3", "9007199254740993", "1.7976931348623159e308", "true", "a",
                                        "2020-02-29", "2020-02-29T12:00:30.5+02:00", "\xe2\x80\xaf", "\xf0\x9f"};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        const size_t n = strlen(cells[i]);
        char *const cell = malloc(n + !n);
        double number = -9;
        require(cell != NULL);
        memcpy(cell, cells[i], n);
        const cmlp_status status = read_cell(u->model, column, cell, (int64_t)n, &number, NULL);
        require(status || number != number || (number >= -1e308 && number <= 1e308));
        require(!status || number == -9);
        free(cell);
    }
}

/* Everything that a model says of one row: of cells of text by name or in order, or of numbers. The workspace is exactly as large
 * as it must be. */
static void use_answers(const used_model *u)
{
    static const char *const texts[] = {"", "1", "True", "2020-02-29", "\xf0\x9f", "-1e300"};
    const cmlp_model_info *info = u->info;
    const int64_t n = info->n_in, n_out = info->n_out;
    if (n > 64 || n_out > 64) return;
    cmlp_value cells[64], names[64], label;
    int32_t sets[128], class_index;
    cmlp_cell_state states[64];
    double outputs[64], ends[128], outside[64], numbers[64];
    for (int64_t j = 0; j < n; j++) {
        cmlp_table_column_info column = CMLP_INIT(cmlp_table_column_info);
        require(!cmlp_model_describe_column(u->model, j, &column, NULL));
        names[j] = cmlp_text(column.name, column.n_name);
        numbers[j] = 1;
    }
    cmlp_answer answer = {.struct_size = sizeof answer, .outputs = outputs, .n_outputs = n_out, .class_indices = &class_index,
                          .n_class_indices = 1};
    if (info->n_labels) answer.labels = &label, answer.n_labels = 1;
    if (info->n_nets) answer.outside = outside, answer.states = states, answer.n_outside = answer.n_states = n;
    for (size_t k = 0; k < 4 * sizeof texts / sizeof *texts; k++) {
        const int has_names = k % 4 == 1, is_dense = k % 4 == 2, is_covered = k % 4 == 3;
        for (int64_t j = 0; j < n; j++) cells[j] = cmlp_text(texts[(k / 4 + (size_t)j * (k % 2)) % 6], -1);
        const cmlp_rows rows = is_dense ? cmlp_dense_rows(numbers, CMLP_FLOAT64, 1, n)
                                        : cmlp_cell_rows(cells, 1, n, has_names ? names : NULL);
        answer.coverage = is_covered && (info->n_ends || info->n_set) ? 0.9 : 0;
        answer.intervals = answer.coverage > 0 && info->n_ends ? ends : NULL;
        answer.n_intervals = answer.intervals ? info->n_ends : 0;
        answer.sets = answer.coverage > 0 && info->n_set ? sets : NULL;
        answer.n_sets = answer.sets ? info->n_set : 0;
        answer.by_class = answer.sets && k % 8 == 7;
        char text[100];
        cmlp_run run = CMLP_INIT(cmlp_run);
        cmlp_status status = cmlp_model_answer_size(u->model, &rows, &answer, &run.workspace_size, &run);
        require(!status && run.workspace_size <= info->answer_size);
        run.workspace = malloc(run.workspace_size);
        require(run.workspace != NULL);
        status = cmlp_model_answer(u->model, &rows, &answer, &run);
        require(cmlp_model_say(u->model, &rows, &answer, status, &run, text, sizeof text) > 0);
        free(run.workspace);
    }
}

/* Intervals or sets of each coverage. Only outputs that are NaN have none. */
static void use_coverages(const used_model *u)
{
    static const double coverages[] = {1e-12, 0.5, 0.9, 1 - 1e-12, 1};
    const cmlp_model_info *info = u->info;
    if (!info->n_nets || info->n_in > 64) return;
    const double zeros[64] = {0};
    const cmlp_rows row = cmlp_dense_rows(zeros, CMLP_FLOAT64, 1, info->n_in);
    cmlp_answer answer = {.struct_size = sizeof answer, .n_intervals = info->n_ends, .n_sets = info->n_set};
    double *const ends = malloc((size_t)info->n_ends * sizeof *ends);
    int32_t *const sets = malloc((size_t)info->n_set * sizeof *sets);
    cmlp_status known = CMLP_ERROR_NOT_FOUND;
    answer.intervals = info->n_ends ? ends : NULL;
    answer.sets = info->n_set ? sets : NULL;
    for (size_t i = 0; i < sizeof coverages / sizeof *coverages; i++) {
        answer.coverage = coverages[i];
        const cmlp_status status = call_answer(u->model, &row, &answer, NULL);
        if (!i) known = status;
        require(coverages[i] < 1 ? status == known : status == CMLP_ERROR_OPTION);
        require(status == CMLP_OK || status == CMLP_ERROR_OPTION || status == CMLP_ERROR_NOT_FOUND);
    }
    free(ends);
    free(sets);
}

/* Of a table: the distances of any row are 0, signed or NaN. */
static void use_distances(const used_model *u)
{
    static const double values[] = {0, -1, 1, 0.5, -1e300, 1e300, NAN};
    const int64_t n = u->info->n_in;
    double *const row = malloc((size_t)n * sizeof *row), *const distances = malloc((size_t)n * sizeof *row);
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT64, 1, n);
    require(row && distances);
    for (size_t i = 0; i < sizeof values / sizeof *values && u->info->n_nets; i++) {
        for (int64_t k = 0; k < n; k++) row[k] = values[i];
        require(call_answer(u->model, &rows, ANSWER(.outside = distances, .n_outside = n), NULL) == CMLP_OK);
    }
    free(row);
    free(distances);
}

/* Of a small table with a background: finite outputs have finite values, of an enumeration and of permutations. */
static void use_reasons(const used_model *u)
{
    const int64_t n = u->info->n_in, n_reasons = n * u->info->n_out;
    if (n > 12 || n_reasons > 256) return;
    const double zeros[12] = {0};
    double *const reasons = malloc((size_t)n_reasons * sizeof *reasons);
    const cmlp_rows row = cmlp_dense_rows(zeros, CMLP_FLOAT64, 1, n);
    cmlp_answer answer = {.struct_size = sizeof answer, .reasons = reasons, .n_reasons = n_reasons};
    cmlp_run run = CMLP_INIT(cmlp_run);
    require(reasons != NULL);
    for (; answer.n_evaluations <= 2 * n; answer.n_evaluations += 2 * n) {
        const cmlp_status status = cmlp_model_answer_size(u->model, &row, &answer, &run.workspace_size, &run);
        require(u->info->n_nets || status == CMLP_ERROR_MODEL_KIND || status == CMLP_ERROR_DTYPE);
        if (status || run.workspace_size > 1 << 22) continue;
        const cmlp_status of_values = call_answer(u->model, &row, &answer, NULL);
        require(of_values == CMLP_OK || of_values == CMLP_ERROR_FILE_VALUE);
    }
    free(reasons);
}

static void use(const unsigned char *file, const cmlp_model *model, const cmlp_model_info *info, void *scratch)
{
    const size_t element = info->dtype == CMLP_FLOAT32 ? 4 : 8;
    const used_model u = {model, info, file, calloc((size_t)info->n_in, element),
                          malloc((size_t)info->n_out * element), scratch};
    require(u.row && u.output);
    use_row(&u);
    use_rows(&u);
    use_text(&u);
    use_distances(&u);
    use_reasons(&u);
    use_answers(&u);
    for (int64_t target = -1; target < 4; target++) use_target(&u, target);
    for (int64_t column = -1; column <= info->n_in && column < 8; column++) {
        use_categories(&u, column);
        use_cells(&u, column);
    }
    use_coverages(&u);
    free(u.row);
    free(u.output);
}

/* Reads the bytes as cmlp_file_load reads a file. */
static cmlp_status load_stream(const uint8_t *data, size_t size)
{
    cmlp_file file = {.info = CMLP_INIT(cmlp_model_info)};
    uint8_t nothing = 0;
    FILE *stream = fmemopen(size ? (void *)(uintptr_t)data : &nothing, size, "rb");
    require(stream != NULL);
    const cmlp_status status = cmlp_file_load_stream(&file, stream, NULL);
    fclose(stream);
    cmlp_file_free(&file);
    return status;
}

/* The memory is exactly as large as it must be, so that the address sanitizer sees any access beyond it. */
static void load(const uint8_t *data, size_t size, int verify)
{
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    unsigned char *file = malloc(size + !size);
    require(file != NULL);
    memcpy(file, data, size);
    cmlp_status status = cmlp_model_describe(file, size, &info, NULL);
    if (!status && info.model_size + info.workspace_size < 1 << 26) {
        const cmlp_model *model = NULL;
        void *memory = malloc(info.model_size), *scratch = malloc(info.workspace_size);
        require(memory && scratch);
        status = cmlp_model_init(memory, info.model_size, file, size, OPTIONS(.is_trusted = !verify), &model,
                                 SPACE(scratch, info.workspace_size));
        if (!status && info.n_in < 1 << 20) use(file, model, &info, scratch);
        free(memory);
        free(scratch);
        if (verify) require(load_stream(data, size) == status);
    } else if (status) {
        require(load_stream(data, size) == status);
    }
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static model_file repaired;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    load(data, size, 1);
    if (size > sizeof repaired.bytes || size < 64) return 0;
    if (cmlp_model_describe(data, size, &info, NULL) == CMLP_ERROR_STRUCT_SIZE) return 0;
    if (!info.head_size || info.head_size > size) return 0;
    memcpy(repaired.bytes, data, size);
    repaired.size = size;
    model_file_repair(&repaired, (size_t)info.head_size);
    load(repaired.bytes, size, 0);
    load(repaired.bytes, size, 1);
    return 0;
}
