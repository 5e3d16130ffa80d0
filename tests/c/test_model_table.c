/* Model files of tables: the networks and columns of a table, which predict a raw row. */
#include "../../src/cmlp/core/file/read/model.h"
#include "../../src/cmlp/core/file/write/any_names.h"
#include "model_file.h"
#include "row_ways.h"
#include "support.h"
#include "workspace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_COLUMNS = 5, N_OUT = 3, N_HIDDEN = 5, WIDE = 1 + 2 + 1 + 4 + 2 + 3 + 1 + (2 + 3), NARROW = WIDE - 2 - 2, N_NETS = 3,
       MOST = WIDE * N_HIDDEN + N_HIDDEN + N_HIDDEN * N_OUT + N_OUT };

static const double edges[] = {-1, 0.25, 2, 0, 0.25, 0.75}; /* the last three are those of the time of day */
static const cmlp_table_date_part date_parts[2] = {
    {.edges = edges + 3, .n_edges = 3, .kind = CMLP_TABLE_DATE_PART_DAY}, {.kind = CMLP_TABLE_DATE_PART_YEAR}};
static const float statistics[4 * 3] = {0.5f, -1, 2, 3, 1e-30f, -0.0f, 7, 8, -9, 0.1f, 11, 12};
static const cmlp_table_column columns[N_COLUMNS] = {
    {.role = CMLP_TABLE_ROLE_NUMBER, .has_missing = 1, .centre = 0.5, .scale = 2, .edges = edges, .n_edges = 3,
     .parts = date_parts, .n_parts = 2},
    {.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 3},
    {.role = CMLP_TABLE_ROLE_UNUSED},
    {.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 2},
    {.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 4, .statistics = statistics, .n_statistics = 12, .n_one_hot = 2}};
static const cmlp_table_target target = {100, 7, -0.25, 0.5, NULL, 0, {0}};
static unsigned char net_memory[2][CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *nets[2]; /* without and with bins, in the memory */
static int are_classes; /* whether their outputs are softmax */
static double blocks[N_NETS][MOST]; /* large enough, and aligned, for both types */
static cmlp_table_net net_list[N_NETS];
static const cmlp_model_string strings[2] = {{"first", "x", 1, {0}}, {"second", "y", 1, {0}}};
static cmlp_model_array arrays[2];
static int32_t n_arrays;
/* The kind of the scores in `arrays`, or 0 for none, and of their rows. The writer makes both only of a
 * cmlp_table_calibration, whose shapes are right. */
static int32_t score_kind[2] = {0, 1};
static int n_outputs = N_OUT, n_nets = N_NETS; /* of the file */
static const cmlp_value *its_labels;
static int64_t n_its_labels;
static cmlp_model_kind its_kind;
static model_file good, changed;

static const double quantiles[2][N_OUT] = {{0.1, 0.5, 0.9}, {0.1, 0.5, 0.8}};

/* The network for rows without bins or with them; its loss is that of the quantiles, unless they are NULL. */
static void make_net(int bins, int32_t dtype, int32_t output, const double *its_quantiles)
{
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, output};
    const int64_t sizes[] = {bins ? WIDE : NARROW, N_HIDDEN, N_OUT};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = its_quantiles ? CMLP_LOSS_QUANTILE : CMLP_LOSS_SQUARED_ERROR;
    config.dtype = dtype;
    config.quantiles = its_quantiles;
    config.n_quantiles = its_quantiles ? N_OUT : 0;
    are_classes = output == CMLP_ACTIVATION_SOFTMAX;
    CHECK(cmlp_net_init(net_memory[bins], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &nets[bins], NULL) == CMLP_OK);
}

/* Networks with a quantile for each output: those without bins, and those with them. */
static void make_quantile_nets(const double *narrow, const double *wide)
{
    make_net(0, CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY, narrow);
    make_net(1, CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY, wide);
}

static void make_nets(int32_t dtype, int32_t output)
{
    uint64_t state = 5;
    for (int bins = 0; bins < 2; bins++) make_net(bins, dtype, output, NULL);
    for (int i = 0; i < N_NETS; i++)
        for (int k = 0; k < MOST; k++) put(dtype, blocks[i], k, uniform(&state, -1, 1));
}

static cmlp_table_net network_of(const cmlp_net *net, const void *params)
{
    return (cmlp_table_net){.net = net, .params = params, .n_params = cmlp_net_n_params(net)};
}

static cmlp_table table_of(const cmlp_table_target *numbers)
{
    cmlp_table table = CMLP_INIT(cmlp_table);
    table.columns = columns;
    table.n_columns = N_COLUMNS;
    for (int i = 0; i < N_NETS; i++) net_list[i] = network_of(nets[i != 1], blocks[i]);
    table.nets = net_list;
    table.n_nets = N_NETS;
    table.targets = numbers;
    table.n_targets = numbers != NULL;
    return table;
}

/* Lists the arrays, with the kind of the scores under another name. */
static int32_t list_arrays(cmlp_model_array all[3])
{
    const cmlp_model_array kind = {.name = "calibration.kinc", .data = score_kind, .n_rows = 2, .dtype = CMLP_INT32};
    int32_t n = 0;
    for (int32_t i = 0; i <= n_arrays; i++) {
        const int is_behind = i == n_arrays || strcmp(arrays[i].name, kind.name) > 0;
        if (score_kind[0] && n == i && is_behind) all[n++] = kind;
        if (i < n_arrays) all[n++] = arrays[i];
    }
    return n;
}

static cmlp_status write_table(const cmlp_table *table, int n_strings)
{
    cmlp_model_array all[3];
    static slot scratch;
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    size_t size = 0;
    if (!scratch.base) slot_make(&scratch, 1 << 18);
    good.size = 0;
    for (int i = 0; i < N_NETS; i++) net_list[i].n_params = cmlp_net_n_params(net_list[i].net); /* of new networks */
    content.labels = its_labels;
    content.n_labels = n_its_labels;
    content.kind = its_kind;
    content.strings = strings;
    content.n_strings = n_strings;
    content.arrays = all;
    content.n_arrays = list_arrays(all);
    content.write = model_file_append;
    content.write_context = &good;
    const cmlp_status status = cmlp_table_write_workspace_size(table, &size, NULL);
    if (status) {
        CHECK(cmlpi_table_write(table, &content, SPACE(&scratch, sizeof scratch)) == status);
        return status;
    }
    void *memory = slot_place(&scratch, size, AT_END, 0);
    CHECK(cmlpi_table_write(table, &content, SPACE(memory, size - 1)) == CMLP_ERROR_BUFFER_SIZE && !good.size);
    const cmlp_status written = cmlpi_table_write(table, &content, SPACE(memory, size));
    if (!written && score_kind[0]) CHECK(model_file_replace(&good, "calibration.kinc", "calibration.kind"));
    return written;
}

/* Checks what the head says of the outputs. */
static void check_kind(cmlp_model_kind kind, int64_t n_targets)
{
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    CHECK(cmlp_model_describe(good.bytes, good.size, &info, NULL) == CMLP_OK);
    CHECK(info.kind == kind && info.n_targets == n_targets);
}

/* Loads the file, which ends at a guard page, into memory of exactly the required size at an odd address. */
static int load(const model_file *file, int verify, void (*use)(const cmlp_model *, void *, size_t))
{
    static slot file_slot, model_slot, scratch_slot;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    if (!file_slot.base) {
        slot_make(&file_slot, MODEL_FILE_CAPACITY);
        slot_make(&model_slot, 1 << 16);
        slot_make(&scratch_slot, 1 << 18);
    }
    unsigned char *const copy = slot_place(&file_slot, file->size, AT_END, (8 - file->size % 8) % 8);
    memcpy(copy, file->bytes, file->size);
    int status = cmlp_model_describe(copy, file->size, &info, NULL);
    if (status) return status;
    CHECK(info.n_in == N_COLUMNS && info.n_out == n_outputs && info.dtype == CMLP_FLOAT64);
    CHECK(info.n_nets == n_nets);
    const cmlp_model *model = NULL;
    void *memory = slot_place(&model_slot, info.model_size, AT_END, 0);
    void *scratch = slot_place(&scratch_slot, info.workspace_size, AT_END, 0);
    const int too_small =
        cmlp_model_init(memory, info.model_size - 1, copy, file->size, OPTIONS(.is_trusted = 1), &model, NULL);
    CHECK(too_small == (file->size < info.file_size ? CMLP_ERROR_FILE_SHORT : CMLP_ERROR_BUFFER_SIZE));
    status = cmlp_model_init(memory, info.model_size, copy, file->size, OPTIONS(.is_trusted = !verify), &model,
                             SPACE(scratch, info.workspace_size));
    if (!status && use) use(model, scratch, info.workspace_size);
    CHECK(slot_intact(&file_slot) && slot_intact(&model_slot) && slot_intact(&scratch_slot));
    return status;
}

/* The outputs of a network for a raw row, by the public functions. */
static void outputs_of(int i, const double *raw, double *outputs)
{
    static double inputs[WIDE], found[N_OUT];
    static _Alignas(64) unsigned char scratch[1 << 16];
    const int bins = net_list[i].net == nets[1];
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    cmlp_table_encoder encoder = CMLP_INIT(cmlp_table_encoder);
    CHECK(cmlp_net_describe_layer(net_list[i].net, 0, &layer, NULL) == CMLP_OK);
    encoder.columns = columns;
    encoder.n_columns = N_COLUMNS;
    encoder.has_bins = bins;
    encoder.dtype = CMLP_FLOAT32;
    cmlp_rows rows = cmlp_dense_rows(inputs, encoder.dtype, 1, layer.n_in);
    CHECK(encode_rows(&encoder, raw, 1, 0, inputs) == CMLP_OK);
    CHECK(predict_one(net_list[i].net, blocks[i], &rows, NULL, found, scratch, sizeof scratch) == CMLP_OK);
    for (int j = 0; j < N_OUT; j++) outputs[j] = get(CMLP_FLOAT32, found, j);
}

static const cmlp_table_target *targets[N_OUT]; /* of each output, or NULL */

/* Predictions are bit-identical to the mean of the networks' outputs; those of classes to the means divided by their sum. */
static void compare(const cmlp_model *model, void *scratch, size_t size)
{
    static const double rows[][N_COLUMNS] = {{0, 0, 9, 1, 0}, {NAN, 2, NAN, 0, 3}, {1e300, -1, 0, NAN, -1}, {0.25, 1, -3, 5, 2}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        double sums[N_OUT] = {0}, found[N_OUT];
        double total = 0;
        int32_t label = -7, largest = 0;
        for (int i = 0; i < N_NETS; i++) {
            double outputs[N_OUT];
            outputs_of(i, rows[r], outputs);
            for (int j = 0; j < N_OUT; j++) {
                const cmlp_table_target *t = targets[j];
                const double limited = t ? fmin(fmax(outputs[j], t->low), t->high) : outputs[j];
                sums[j] = i ? sums[j] + limited : limited;
            }
        }
        for (int j = 0; j < N_OUT; j++) {
            sums[j] /= N_NETS;
            total += sums[j];
            const double scaled = targets[j] ? sums[j] * targets[j]->scale : 0;
            if (targets[j]) sums[j] = scaled + targets[j]->centre;
        }
        for (int j = 0; j < N_OUT; j++) {
            if (are_classes) sums[j] /= total;
            if (sums[j] > sums[largest]) largest = j;
        }
        CHECK(!are_classes || fabs(sums[0] + sums[1] + sums[2] - 1) < 1e-15);
        CHECK(predict_row(model, rows[r], N_COLUMNS, &label, found, scratch, size) == CMLP_OK);
        CHECK(same_bits(CMLP_FLOAT64, found, sums, N_OUT) && label == (targets[0] ? -1 : largest));
        CHECK(predict_row(model, rows[r], N_COLUMNS, NULL, NULL, scratch, size) == CMLP_OK);
    }
}

/* Quantiles ascend in every row. */
static void check_quantiles(const cmlp_model *model, void *scratch, size_t size)
{
    uint64_t state = 8;
    compare(model, scratch, size);
    for (int r = 0; r < 1000; r++) {
        const double row[N_COLUMNS] = {uniform(&state, -5, 5), (double)(r % 4), 0, (double)(r % 3)};
        double found[N_OUT];
        CHECK(predict_row(model, row, N_COLUMNS, NULL, found, scratch, size) == CMLP_OK);
        for (int j = 1; j < N_OUT; j++) CHECK(found[j - 1] <= found[j]);
    }
}

static void check_calls(const cmlp_model *model, void *scratch, size_t size)
{
    const uint8_t bytes[N_COLUMNS] = {0};
    double row[N_COLUMNS] = {0}, output[N_OUT];
    int32_t label = -7, pair[2];
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    float floats[N_OUT] = {0};
    CHECK(predict_values(CMLP_UINT8, model, bytes, N_COLUMNS, &label, output, N_OUT, scratch, size) == CMLP_ERROR_DTYPE);
    CHECK(predict_values(CMLP_FLOAT32, model, floats, N_COLUMNS, &label, output, N_OUT, scratch, size) == CMLP_ERROR_DTYPE);
    CHECK(predict_row(model, NULL, N_COLUMNS, &label, output, scratch, size) == CMLP_ERROR_NULL);
    for (int64_t n = 0; n < N_COLUMNS; n++)
        CHECK(predict_row(model, row, n, &label, output, scratch, size) == CMLP_ERROR_ROWS);
    CHECK(predict_values(CMLP_FLOAT64, model, row, N_COLUMNS, &label, output, N_OUT - 1, scratch, size) == CMLP_ERROR_LENGTH);
    CHECK(predict_row(model, (char *)row + 4, N_COLUMNS, &label, output, scratch, size) == CMLP_ERROR_ALIGNMENT);
    CHECK(predict_row(model, row, N_COLUMNS, &label, (char *)output + 4, scratch, size) == CMLP_ERROR_ALIGNMENT);
    CHECK(predict_row(model, row, N_COLUMNS, (void *)((char *)pair + 1), output, scratch, size) == CMLP_ERROR_ALIGNMENT);
    CHECK(predict_row(model, row, N_COLUMNS, &label, output, scratch, size - 1) == CMLP_ERROR_BUFFER_SIZE);
    CHECK(predict_row(model, row, N_COLUMNS, &label, output, NULL, size) == CMLP_ERROR_NULL);
    row[2] = INFINITY;
    CHECK(predict_row(model, row, N_COLUMNS, &label, output, scratch, size) == CMLP_ERROR_INPUT && label == -7);
    CHECK(!cmlp_model_net(model) && !cmlp_model_params(model) && cmlp_model_prepare_rows(model, &rows, NULL) == CMLP_ERROR_MODEL_KIND);
}

enum { MANY = 300 };

/* Many rows are predicted like single rows, for any number of threads, strides and an order; faults have a position. */
static void check_rows(const cmlp_model *model, void *scratch, size_t size)
{
    static double raw[MANY][N_COLUMNS], columns_first[N_COLUMNS][MANY], expected[MANY][N_OUT], found[MANY][N_OUT];
    static int64_t order[MANY];
    static unsigned char workspace[1 << 20];
    int32_t labels[MANY], label = -7;
    size_t bytes, most;
    uint64_t state = 3;
    cmlp_run run = CMLP_INIT(cmlp_run);
    for (int i = 0; i < MANY; i++) {
        const double row[N_COLUMNS] = {i % 7 ? uniform(&state, -3, 3) : NAN, (double)(i % 4), 0, (double)(i % 3),
                                       (double)(i % 6) - 1};
        memcpy(raw[i], row, sizeof row);
        for (int j = 0; j < N_COLUMNS; j++) columns_first[j][i] = row[j];
        order[i] = MANY - 1 - i;
    }
    check_one_row(model, raw[1], N_COLUMNS, N_OUT, scratch, size);
    run.workspace = workspace;
    for (int k = 0; k < 8; k++) {
        cmlp_rows rows = cmlp_dense_rows(raw, CMLP_FLOAT64, MANY, N_COLUMNS);
        if (k & 1) {
            rows.data = columns_first;
            rows.column_stride = sizeof columns_first[0];
            rows.row_stride = sizeof(double);
        }
        if (k & 2) rows.order = order, rows.n_order = MANY;
        run.n_threads = k & 4 ? 3 : 1;
        CHECK(cmlp_model_workspace_size(model, &rows, &run.workspace_size, THREADS(run.n_threads)) == CMLP_OK);
        CHECK(run.workspace_size <= sizeof workspace);
        memset(found, 0, sizeof found);
        CHECK(predict_rows(model, &rows, labels, found[0], MANY * N_OUT, &run) == CMLP_OK);
        for (int i = 0; i < MANY; i++) {
            const int at = k & 2 ? MANY - 1 - i : i;
            CHECK(predict_values(CMLP_FLOAT64, model, raw[i], N_COLUMNS, &label, expected[i], N_OUT, scratch, size) == CMLP_OK);
            CHECK(label == labels[at] && same_bits(CMLP_FLOAT64, found[at], expected[i], N_OUT));
        }
        run.workspace_size--;
        CHECK(predict_rows(model, &rows, NULL, found[0], MANY * N_OUT, &run) == CMLP_ERROR_BUFFER_SIZE);
    }
    cmlp_rows rows = cmlp_dense_rows(raw, CMLP_FLOAT64, MANY, N_COLUMNS), r;
    run.workspace_size = sizeof workspace;
    raw[200][2] = INFINITY;
    raw[290][0] = INFINITY;
    CHECK(predict_rows(model, &rows, labels, found[0], MANY * N_OUT, &run) == CMLP_ERROR_INPUT);
    CHECK(run.bad_row == 200 && run.bad_column == 2 && !strcmp(run.refused, "rows->data"));
    CHECK((r = rows, r.dtype = CMLP_FLOAT32, predict_rows(model, &r, NULL, found[0], MANY * N_OUT, &run)) ==
          CMLP_ERROR_DTYPE && !strcmp(run.refused, "rows->dtype"));
    CHECK((r = rows, r.n_rows = -1, cmlp_model_workspace_size(model, &r, &bytes, NULL)) == CMLP_ERROR_ROWS);
    CHECK((r = rows, r.kind = CMLP_ROWS_CSR, cmlp_model_workspace_size(model, &r, &bytes, NULL)) == CMLP_ERROR_ROWS);
    CHECK(cmlp_model_workspace_size(model, &rows, &bytes, THREADS(-1)) == CMLP_ERROR_THREADS);
    CHECK(cmlp_model_workspace_size(model, &rows, &most, THREADS(CMLP_MAX_THREADS)) == CMLP_OK);
    CHECK(cmlp_model_workspace_size(model, &rows, &bytes, THREADS(INT32_MAX)) == CMLP_OK && bytes == most);
    CHECK((r = rows, r.n_columns--, predict_rows(model, &r, NULL, found[0], MANY * N_OUT, &run)) == CMLP_ERROR_ROWS);
    CHECK((r = rows, r.scale = 2, predict_rows(model, &r, NULL, found[0], MANY * N_OUT, &run)) == CMLP_ERROR_OPTION &&
          !strcmp(run.refused, "rows->scale"));
    CHECK(predict_rows(model, &rows, NULL, NULL, 1, &run) == CMLP_ERROR_NULL);
    raw[200][2] = raw[290][0] = 1;
    int32_t again[MANY]; /* labels alone are those with outputs */
    CHECK(predict_rows(model, &rows, labels, found[0], MANY * N_OUT, &run) == CMLP_OK);
    CHECK(predict_rows(model, &rows, again, NULL, 0, &run) == CMLP_OK && !memcmp(again, labels, sizeof again));
    CHECK((r = rows, r.n_rows = 0, r.data = NULL, predict_rows(model, &r, NULL, NULL, 0, &run)) == CMLP_OK);
}

static void check_damage(void)
{
    for (size_t i = 0; i < 8 * good.size; i++) {
        memcpy(&changed, &good, sizeof good);
        changed.bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        const int status = load(&changed, 1, NULL);
        check_that(status >= CMLP_ERROR_FILE_SHORT && status <= CMLP_ERROR_FILE_SYNTAX, "bit %d: %s", (int)i,
                   cmlp_status_name(status));
    }
    memcpy(&changed, &good, sizeof good);
    for (changed.size = 0; changed.size < good.size; changed.size++)
        CHECK(load(&changed, 1, NULL) == CMLP_ERROR_FILE_SHORT);
}

/* Eight networks, whose lists fill blocks of 64 bytes, predict what one of them predicts if all are the same. */
static void check_eight_nets(void)
{
    static const double row[N_COLUMNS] = {0.3, 1, 0, 1};
    static _Alignas(64) unsigned char memory[1 << 15], scratch[1 << 17];
    cmlp_table_net eight[8];
    const cmlp_model *model = NULL;
    double found[N_OUT], wanted[N_OUT];
    static const cmlp_table_target wide = {.scale = 1, .low = -1e9, .high = 1e9};
    cmlp_table table = table_of(&wide);
    for (int i = 0; i < 8; i++) eight[i] = net_list[0];
    table.nets = eight;
    table.n_nets = 8;
    outputs_of(0, row, wanted);
    CHECK(write_table(&table, 0) == CMLP_OK);
    CHECK(cmlp_model_init(memory, sizeof memory, good.bytes, good.size, NULL, &model, SPACE(scratch, sizeof scratch)) == CMLP_OK);
    CHECK(predict_row(model, row, N_COLUMNS, NULL, found, scratch, sizeof scratch) == CMLP_OK);
    CHECK(same_bits(CMLP_FLOAT64, found, wanted, N_OUT));
}

/* Edges that do not ascend are refused, in a table and in a file with valid checksums. The columns end at a guard page. */
static void check_edges(void)
{
    static const double numbers[] = {0.5, 2, -1, 0.25, 2}, wrong = 5;
    static slot place;
    cmlp_table table = table_of(&target);
    slot_make(&place, sizeof columns);
    table.columns = memcpy(slot_place(&place, sizeof columns, AT_END, 0), columns, sizeof columns);
    CHECK(write_table(&table, 0) == CMLP_OK);
    size_t head = 8, at;
    for (int i = 0; i < 8; i++) head += (size_t)good.bytes[i] << 8 * i;
    for (at = head; at < good.size - sizeof numbers && memcmp(good.bytes + at, numbers, sizeof numbers);) at++;
    CHECK(!memcmp(good.bytes + at, numbers, sizeof numbers));
    memcpy(good.bytes + at + 3 * sizeof wrong, &wrong, sizeof wrong);
    model_file_repair(&good, head);
    CHECK(load(&good, 1, NULL) == CMLP_ERROR_FILE_VALUE);
    slot_free(&place);
}

static void refuse_words(const char *words, cmlp_status status)
{
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "category:4/one_hot:2/statistics:3", words));
    const cmlp_status found = load(&changed, 1, NULL);
    check_that(found == status, "%s: %s", words, cmlp_status_name(found));
}

/* Statistics that are not finite, or do not fit the words, are refused. */
static void check_statistics(void)
{
    static const float wrong[] = {NAN, INFINITY};
    const cmlp_table table = table_of(&target);
    CHECK(write_table(&table, 0) == CMLP_OK);
    refuse_words("category:4/one_hot:3/statistics:3", CMLP_ERROR_FILE_TENSOR); /* another width */
    refuse_words("category:3/one_hot:2/statistics:3", CMLP_ERROR_FILE_TENSOR); /* another tensor */
    refuse_words("category:4/one_hot:1/statistics:4", CMLP_ERROR_FILE_TENSOR);
    refuse_words("category:4/one_hot:2/statistics:0", CMLP_ERROR_FILE_SYNTAX);
    refuse_words("category:4/one_hot:5/statistics:0", CMLP_ERROR_FILE_SYNTAX);
    refuse_words("category:4/statistics:3/one_hot:2", CMLP_ERROR_FILE_SYNTAX);
    refuse_words("category:4/one_hot:02/statistic:3", CMLP_ERROR_FILE_SYNTAX);
    refuse_words("number:40/one_hot:20/statistics:3", CMLP_ERROR_FILE_SYNTAX);
    refuse_words("category:4/one_hot:000000002,", CMLP_ERROR_FILE_SYNTAX);
    refuse_words("category:5", CMLP_ERROR_FILE_TENSOR);
    refuse_words("category:0/one_hot:0/statistics:3", CMLP_ERROR_FILE_SYNTAX);
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "table.statistics", "table.statisticz") && load(&changed, 1, NULL) == CMLP_ERROR_FILE_NAME);
    size_t head = 8, at;
    for (int i = 0; i < 8; i++) head += (size_t)good.bytes[i] << 8 * i;
    for (at = head; at < good.size - sizeof statistics && memcmp(good.bytes + at, statistics, sizeof statistics);) at++;
    CHECK(!memcmp(good.bytes + at, statistics, sizeof statistics));
    for (int i = 0; i < 2; i++) {
        memcpy(good.bytes + at + 11 * sizeof *wrong, &wrong[i], sizeof *wrong);
        model_file_repair(&good, head);
        CHECK(load(&good, 1, NULL) == CMLP_ERROR_FILE_NONFINITE && load(&good, 0, NULL) == CMLP_ERROR_FILE_NONFINITE);
    }
    static float changed_statistics[4 * 3];
    cmlp_table_column changed_columns[N_COLUMNS];
    cmlp_table t = table;
    memcpy(changed_statistics, statistics, sizeof statistics);
    memcpy(changed_columns, columns, sizeof columns);
    changed_columns[4].statistics = changed_statistics;
    changed_statistics[7] = INFINITY;
    t.columns = changed_columns;
    CHECK(write_table(&t, 0) == CMLP_ERROR_VALUE && !good.size);
}

static cmlp_status refused(cmlp_table table) { return write_table(&table, 0); }

static void check_refusals(void)
{
    cmlp_table table = table_of(&target), t;
    const cmlp_table_net narrow = network_of(nets[0], blocks[0]), wide = network_of(nets[1], blocks[1]);
    const cmlp_table_net mixed[] = {narrow, wide}, no_second[] = {wide, {NULL, blocks[1], 0, {0}}};
    cmlp_table_net broken[] = {narrow, wide};
    static const double invalid[][4] = {{NAN, 1, 0, 1}, {0, 0, 0, 1}, {0, -1, 0, 1}, {0, 1, 2, 1}, {0, 1, 0, INFINITY}};
    for (int i = 0; i < 5; i++) {
        const double *v = invalid[i];
        const cmlp_table_target wrong = {v[0], v[1], v[2], v[3], NULL, 0, {0}};
        CHECK((t = table, t.targets = &wrong, refused(t)) == CMLP_ERROR_OPTION);
    }
    for (int k = 0; k < 4; k++) {
        cmlp_table_target later = {0, 1, 0, 1, NULL, 0, {0}};
        later.reserved[k] = 1;
        CHECK((t = table, t.targets = &later, refused(t)) == CMLP_ERROR_OPTION);
    }
    CHECK((t = table, t.targets = NULL, refused(t)) == CMLP_ERROR_NULL);
    CHECK(cmlp_table_write_workspace_size(&table, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK((t = table, t.n_targets = 0, refused(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.n_nets = 0, refused(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.n_nets = CMLP_TABLE_MAX_NETS + 1, refused(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.nets = NULL, refused(t)) == CMLP_ERROR_NULL && (t = table, t.columns = NULL, refused(t)) ==
                                                                           CMLP_ERROR_NULL);
    CHECK((t = table, t.n_nets = 2, t.nets = no_second, refused(t)) == CMLP_ERROR_NULL);
    CHECK((t = table, t.n_nets = 1, t.nets = &no_second[1], refused(t)) == CMLP_ERROR_NULL);
    t = table;
    t.n_nets = 2;
    t.nets = broken;
    CHECK((broken[1] = wide, broken[1].params = NULL, refused(t)) == CMLP_ERROR_NULL);
    CHECK((broken[1] = wide, broken[1].params = (const char *)blocks[1] + 1, refused(t)) == CMLP_ERROR_ALIGNMENT);
    CHECK((broken[1] = wide, broken[1].n_params--, refused(t)) == CMLP_ERROR_LENGTH);
    CHECK((broken[1] = wide, broken[1].n_params++, refused(t)) == CMLP_ERROR_LENGTH);
    for (int k = 0; k < 3; k++)
        CHECK((broken[1] = wide, broken[1].reserved[k] = 1, refused(t)) == CMLP_ERROR_OPTION);
    CHECK((broken[1] = wide, broken[0].params = NULL, refused(t)) == CMLP_ERROR_NULL);
    CHECK((t = table, t.n_columns = N_COLUMNS - 1, refused(t)) == CMLP_ERROR_WIDTH);
    CHECK((t = table, t.struct_size = 8, refused(t)) == CMLP_ERROR_STRUCT_SIZE);
    t = table;
    t.nets = mixed;
    t.n_nets = 2;
    const int64_t sizes[] = {WIDE, N_OUT};
    int32_t activation = CMLP_ACTIVATION_IDENTITY;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = &activation;
    config.n_layers = 2;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(net_memory[1], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &nets[1], NULL) == CMLP_OK);
    CHECK(refused(t) == CMLP_ERROR_LAYERS);
    config.dtype = CMLP_FLOAT64;
    CHECK(cmlp_net_init(net_memory[1], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &nets[1], NULL) == CMLP_OK);
    CHECK(refused(t) == CMLP_ERROR_DTYPE);
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    blocks[1][0] = NAN;
    put(CMLP_FLOAT32, blocks[1], 3, INFINITY);
    CHECK(refused(table) == CMLP_ERROR_VALUE && !good.size);
}

/* All networks of a table have the loss and the activations of the first one. */
static void check_different_nets(void)
{
    static const struct {
        int32_t loss;
        double loss_parameter;
        int32_t activation;
        double parameter;
        cmlp_status status;
    } others[] = {{CMLP_LOSS_HUBER, 0.5, CMLP_ACTIVATION_ELU, 2, CMLP_OK},
                  {CMLP_LOSS_SQUARED_ERROR, 0, CMLP_ACTIVATION_ELU, 2, CMLP_ERROR_LOSS},
                  {CMLP_LOSS_HUBER, 0.25, CMLP_ACTIVATION_ELU, 2, CMLP_ERROR_LOSS},
                  {CMLP_LOSS_HUBER, 0.5, CMLP_ACTIVATION_RELU, 0, CMLP_ERROR_ACTIVATION},
                  {CMLP_LOSS_HUBER, 0.5, CMLP_ACTIVATION_ELU, 1, CMLP_ERROR_ACTIVATION}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        for (int bins = 0; bins < 2; bins++) {
            const size_t k = bins ? 0 : i; /* net_list begins with the network with bins */
            const int64_t sizes[] = {bins ? WIDE : NARROW, N_HIDDEN, N_OUT};
            const int32_t activations[] = {others[k].activation, CMLP_ACTIVATION_IDENTITY};
            const double parameters[] = {others[k].parameter, 0};
            cmlp_net_config config = CMLP_INIT(cmlp_net_config);
            config.sizes = sizes;
            config.activations = activations;
            config.activation_parameters = parameters;
            config.n_layers = 3;
            config.loss = others[k].loss;
            config.loss_parameter = others[k].loss_parameter;
            config.dtype = CMLP_FLOAT32;
            CHECK(cmlp_net_init(net_memory[bins], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &nets[bins], NULL) == CMLP_OK);
        }
        CHECK(refused(table_of(&target)) == others[i].status);
    }
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
}

/* Two quantiles are a loss other than three, before the outputs are compared. */
static void check_different_quantiles(void)
{
    const int64_t sizes[] = {NARROW, N_HIDDEN, 2};
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_IDENTITY};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_QUANTILE;
    config.dtype = CMLP_FLOAT32;
    config.quantiles = quantiles[0];
    config.n_quantiles = 2;
    make_quantile_nets(quantiles[0], quantiles[0]);
    CHECK(cmlp_net_init(net_memory[0], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &nets[0], NULL) == CMLP_OK);
    CHECK(refused(table_of(&target)) == CMLP_ERROR_LOSS);
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
}

static void check_names(void)
{
    static const unsigned char byte = 1;
    static const char *const names[] = {"nets.0", "table.numbers", "table.x", "layers.0", "input.x", "example.x"};
    const cmlp_table table = table_of(&target);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    static unsigned char scratch[1 << 16];
    cmlp_model_string string = {"columns", "unused", 6, {0}};
    content.write = model_file_append;
    content.write_context = &changed;
    content.n_arrays = 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cmlp_model_array array = {names[i], &byte, 1, 0, CMLP_UINT8, 0, {0}};
        content.arrays = &array;
        CHECK(cmlpi_table_write(&table, &content, SPACE(scratch, sizeof scratch)) == CMLP_ERROR_NAME);
    }
    content.n_arrays = 0;
    CHECK(cmlpi_table_write(&table, &content, SPACE(NULL, sizeof scratch)) == CMLP_ERROR_NULL);
    content.write = NULL;
    CHECK(cmlpi_table_write(&table, &content, SPACE(scratch, sizeof scratch)) == CMLP_ERROR_NULL);
    content.write = model_file_append;
    content.input_scale = 1; /* for a table it has no meaning */
    CHECK(cmlpi_table_write(&table, &content, SPACE(scratch, sizeof scratch)) == CMLP_ERROR_OPTION);
    content.input_scale = 0;
    content.write = model_file_append;
    content.n_strings = 1;
    content.strings = &string;
    CHECK(cmlpi_table_write(&table, &content, SPACE(scratch, sizeof scratch)) == CMLP_ERROR_NAME);
}

static const double scores[] = {-0.5, 0.25, 0.25, 3, 4, 5, 6, 7, 8};
enum { N_SCORES = sizeof scores / sizeof *scores };

/* Whether outputs at a coverage have these ends of an interval. */
static int has_interval_of(const cmlp_model *model, int32_t k, double coverage, const double *outputs, double low, double high)
{
    const cmlpi_query query = {.outputs = outputs, .n_outputs = n_outputs, .target = k, .coverage = coverage};
    double ends[2] = {-7, -7};
    CHECK(cmlpi_find_interval(model, &query, ends, ends + 1) == CMLP_OK);
    return ends[0] == low && ends[1] == high;
}

static int has_interval(const cmlp_model *model, double coverage, const double *outputs, double low, double high)
{
    return has_interval_of(model, 0, coverage, outputs, low, high);
}

/* Whether outputs of 0 have a margin; one below 0 is none. */
static int has_margin(const cmlp_model *model, int32_t k, double coverage, double margin)
{
    static const double zeros[N_OUT];
    return has_interval_of(model, k, coverage, zeros, margin > 0 ? -margin : 0, margin > 0 ? margin : 0);
}

static void check_margins(const cmlp_model *model, void *scratch, size_t size)
{
    (void)scratch, (void)size;
    for (int k = 1; k <= N_SCORES; k++) {
        CHECK(has_margin(model, 0, k / (N_SCORES + 1.0), scores[k - 1]));
        CHECK(has_margin(model, 0, (k - 0.5) / (N_SCORES + 1), scores[k - 1]));
    }
    CHECK(has_margin(model, 0, 0.91, INFINITY));
}

static void check_no_margin(const cmlp_model *model, void *scratch, size_t size)
{
    (void)scratch, (void)size;
    CHECK(!cmlpi_is_calibrated(model, 0));
}

/* The status of the writer for an array that the reader refuses with a status. */
static cmlp_status writers(cmlp_status status)
{
    return status == CMLP_ERROR_FILE_TENSOR ? CMLP_ERROR_LENGTH : CMLP_ERROR_VALUE;
}

/* Scores that the writer refuses, and the reader if they are in a file nevertheless. */
static void check_refused_scores(const cmlp_table *table, int n_strings, cmlp_status status)
{
    static const char name[] = "calibration.scores", other[] = "calibration.scoret";
    CHECK(write_table(table, n_strings) == writers(status) && !good.size);
    const int32_t kind = score_kind[0];
    score_kind[0] = 0; /* there is none without scores */
    arrays[0].name = other;
    CHECK(write_table(table, n_strings) == CMLP_OK && load(&good, 1, NULL) == CMLP_OK);
    CHECK(model_file_replace(&good, other, name));
    CHECK(load(&good, 1, NULL) == status && load(&good, 0, NULL) == status);
    arrays[0].name = name;
    score_kind[0] = kind;
}

/* Scores of a kind that is known, of an unknown one, and of none; of another shape; in another order. */
static void check_calibration(const cmlp_table *table)
{
    static double values[N_SCORES];
    memcpy(values, scores, sizeof values);
    arrays[0] = (cmlp_model_array){.name = "calibration.scores", .data = values, .n_rows = 1, .n_columns = N_SCORES,
                                   .dtype = CMLP_FLOAT64};
    n_arrays = 1;
    CHECK(write_table(table, 0) == CMLP_OK && load(&good, 1, check_no_margin) == CMLP_OK);
    score_kind[0] = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, check_margins) == CMLP_OK);
    CHECK(load(&good, 0, check_margins) == CMLP_OK);
    score_kind[0] = 5;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, check_no_margin) == CMLP_OK);
    score_kind[0] = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR;
    for (int rows = 0; rows < 4; rows++) { /* 1: held out, 2: of calibration */
        score_kind[1] = rows;
        CHECK(write_table(table, 1) == CMLP_OK);
        CHECK(load(&good, 1, NULL) == (rows % 3 ? CMLP_OK : CMLP_ERROR_FILE_VALUE));
    }
    score_kind[1] = 1;
    values[4] = 2.5;
    check_refused_scores(table, 1, CMLP_ERROR_FILE_VALUE);
    for (int k = 0; k < N_SCORES; k += N_SCORES - 1) {
        values[4] = scores[4];
        values[k] = NAN;
        check_refused_scores(table, 1, CMLP_ERROR_FILE_VALUE);
        values[k] = scores[k];
    }
    values[0] = -INFINITY;
    values[N_SCORES - 1] = INFINITY;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, NULL) == CMLP_OK);
    arrays[0].n_columns = 0;
    check_refused_scores(table, 1, CMLP_ERROR_FILE_TENSOR); /* one dimension */
    arrays[0].n_columns = N_SCORES;
    arrays[0].dtype = CMLP_FLOAT32;
    check_refused_scores(table, 1, CMLP_ERROR_FILE_TENSOR);
    arrays[0].dtype = CMLP_FLOAT64;
    arrays[0].n_rows = 3;
    arrays[0].n_columns = 3;
    check_refused_scores(table, 1, CMLP_ERROR_FILE_TENSOR);
    n_arrays = 0;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, NULL) == CMLP_ERROR_FILE_NAME); /* a kind without scores */
    score_kind[0] = 0;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, check_no_margin) == CMLP_OK);
}

static const double widths[] = {-1, 2, 2, 6, 0.5, 1.5, 4, 3}; /* the predictions of four knots, and their factors */
enum { N_KNOTS = sizeof widths / sizeof *widths / 2 };

static void check_scaled_margins(const cmlp_model *model, void *scratch, size_t size)
{
    /* At the first of two knots with one prediction, the factor comes from below; at both, the last one holds. */
    static const double expected[][2] = {{-INFINITY, 0.5}, {-7, 0.5}, {-1, 0.5}, {0.5, 1}, {2, 4}, {3, 3.75}, {6, 3},
                                         {7, 3}, {INFINITY, 3}};
    double outputs[N_OUT] = {0, NAN, NAN};
    (void)scratch, (void)size;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        outputs[0] = expected[i][0];
        CHECK(has_interval(model, 0.9, outputs, outputs[0] - 8 * expected[i][1], outputs[0] + 8 * expected[i][1]));
    }
    outputs[0] = 3;
    CHECK(has_interval(model, 0.91, outputs, -INFINITY, INFINITY));
    outputs[0] = NAN;
    const cmlpi_query query = {.outputs = outputs, .n_outputs = N_OUT, .coverage = 0.9};
    CHECK(cmlpi_find_interval(model, &query, outputs + 1, outputs + 2) == CMLP_ERROR_OPTION);
}

/* All knots have the same prediction, or there is one knot: the last factor holds below it, at it and above it. */
static void check_equal_knots(const cmlp_model *model, void *scratch, size_t size)
{
    static const double below_to_above[] = {-INFINITY, -1e9, 3.5, 4, 4.5, INFINITY};
    double outputs[N_OUT] = {0};
    (void)scratch, (void)size;
    for (size_t i = 0; i < sizeof below_to_above / sizeof *below_to_above; i++) {
        outputs[0] = below_to_above[i];
        CHECK(has_interval(model, 0.9, outputs, outputs[0] - 24, outputs[0] + 24));
    }
}

/* Widths that the writer refuses, and the reader if they are in a file nevertheless. */
static void check_refused_widths(const cmlp_table *table, cmlp_status status)
{
    static const char name[] = "calibration.widths", other[] = "calibration.widtht";
    CHECK(write_table(table, 1) == writers(status) && !good.size);
    arrays[1].name = other;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, NULL) == CMLP_OK);
    CHECK(model_file_replace(&good, other, name));
    CHECK(load(&good, 1, NULL) == status && load(&good, 0, NULL) == status);
    arrays[1].name = name;
}

/* Widths that follow the rows; without them or without their kind; other shapes, and numbers that break a rule. */
static void check_widths(const cmlp_table *table)
{
    static double values[2 * N_KNOTS];
    static const double bad[][2] = {{1, -2}, {3, 1}, {0, NAN}, {0, -INFINITY}, {3, INFINITY}, {0, -1.7e308}, {4, 0},
                                    {5, -1}, {6, NAN}, {7, INFINITY}};
    memcpy(values, widths, sizeof values);
    arrays[0] = (cmlp_model_array){.name = "calibration.scores", .data = scores, .n_rows = 1, .n_columns = N_SCORES,
                                   .dtype = CMLP_FLOAT64};
    arrays[1] = (cmlp_model_array){.name = "calibration.widths", .data = values, .n_rows = 2, .n_columns = N_KNOTS,
                                   .dtype = CMLP_FLOAT64};
    n_arrays = 2;
    score_kind[0] = CMLP_TABLE_CALIBRATION_SCALED_ERROR;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, check_scaled_margins) == CMLP_OK);
    score_kind[0] = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, check_no_margin) == CMLP_OK);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const int at = (int)bad[k][0];
        values[at] = bad[k][1];
        if (k == 5) values[1] = values[2] = values[3] = 1.7e308; /* a step that is not finite */
        check_refused_widths(table, CMLP_ERROR_FILE_VALUE);
        memcpy(values, widths, sizeof values);
    }
    arrays[1].n_columns = 0;
    check_refused_widths(table, CMLP_ERROR_FILE_TENSOR);
    score_kind[0] = CMLP_TABLE_CALIBRATION_SCALED_ERROR;
    arrays[1].n_columns = 1;
    values[0] = 4;
    values[1] = 3;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, check_equal_knots) == CMLP_OK);
    arrays[1].n_columns = N_KNOTS;
    for (int k = 0; k < N_KNOTS; k++) values[k] = 4;
    memcpy(values + N_KNOTS, widths + N_KNOTS, N_KNOTS * sizeof *widths);
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, check_equal_knots) == CMLP_OK);
    memcpy(values, widths, sizeof values);
    arrays[1].dtype = CMLP_INT64;
    check_refused_widths(table, CMLP_ERROR_FILE_TENSOR);
    arrays[1].dtype = CMLP_FLOAT64;
    arrays[1].n_rows = 1;
    check_refused_widths(table, CMLP_ERROR_FILE_TENSOR);
    arrays[0] = arrays[1];
    arrays[0].n_rows = 2;
    n_arrays = 1;
    CHECK(write_table(table, 1) == CMLP_ERROR_LENGTH); /* without scores */
    arrays[0] = (cmlp_model_array){.name = "calibration.scores", .data = scores, .n_rows = 1, .n_columns = N_SCORES,
                                   .dtype = CMLP_FLOAT64};
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, check_no_margin) == CMLP_OK);
    n_arrays = 0;
    score_kind[0] = 0;
}

static void check_intervals(const cmlp_model *model, void *scratch, size_t size)
{
    const double crossed[] = {4, 4, 4.5}, few[] = {0, NAN, 1}, unknown[] = {0, 0, NAN};
    const cmlpi_query query = {.outputs = unknown, .n_outputs = N_OUT, .coverage = 0.9};
    double ends[2];
    (void)scratch, (void)size;
    CHECK(has_interval(model, 0.1, crossed, 4.25, 4.25) && has_interval(model, 0.4, crossed, 1, 7.5));
    CHECK(has_interval(model, 0.91, crossed, -INFINITY, INFINITY) && has_interval(model, 0.9, few, -8, 9));
    CHECK(cmlpi_find_interval(model, &query, ends, ends + 1) == CMLP_ERROR_OPTION);
}

static const double frequent[] = {0, 0.25, 10, 9.5}; /* the ends of the targets, each with a number near it */
static const double low_only[] = {0, 0.25, INFINITY, INFINITY}, high_only[] = {-INFINITY, -INFINITY, 10, 9.5};
static const double near_lowest[] = {0.25, 1, 5}, near_highest[] = {9, 9.25, 9.5}, both[] = {0.125, 5, 9.75};
static const double not_near[] = {0.375, 1, 9.375}, all_lowest[] = {0.125, 0.125, 0.25};

static void check_plain_intervals(const cmlp_model *model, void *scratch, size_t size)
{
    check_intervals(model, scratch, size);
    CHECK(has_interval(model, 0.1, near_lowest, 0.75, 4.5) && has_interval(model, 0.1, both, 0.625, 9.25));
}

static void check_frequent_ends(const cmlp_model *model, void *scratch, size_t size)
{
    (void)scratch, (void)size;
    CHECK(has_interval(model, 0.1, near_lowest, 0, 4.5) && has_interval(model, 0.1, near_highest, 9.5, 10));
    CHECK(has_interval(model, 0.1, both, 0, 10) && has_interval(model, 0.1, not_near, 0.875, 8.875));
    CHECK(has_interval(model, 0.1, all_lowest, 0, 0) && has_interval(model, 0.4, all_lowest, -2.875, 3.25));
    CHECK(has_interval(model, 0.3, near_lowest, 0, 5.25) && has_interval(model, 0.9, near_highest, 1, 17.5));
}

static void check_lowest_end(const cmlp_model *model, void *scratch, size_t size)
{
    check_intervals(model, scratch, size);
    CHECK(has_interval(model, 0.1, near_lowest, 0, 4.5) && has_interval(model, 0.1, near_highest, 9.25, 9.25));
}

static void check_highest_end(const cmlp_model *model, void *scratch, size_t size)
{
    check_intervals(model, scratch, size);
    CHECK(has_interval(model, 0.1, near_lowest, 0.75, 4.5) && has_interval(model, 0.1, near_highest, 9.5, 10));
}

/* Of one prediction no finite end is beyond a frequent target. */
static void check_limited_intervals(const cmlp_model *model, void *scratch, size_t size)
{
    const double low = 1, high = 9, below = -5, above = 12, middle = 4;
    (void)scratch, (void)size;
    CHECK(has_interval(model, 0.4, &low, 0, 4) && has_interval(model, 0.4, &high, 6, 10));
    CHECK(has_interval(model, 0.2, &below, 0, 0) && has_interval(model, 0.2, &above, 10, 10));
    CHECK(has_interval(model, 0.1, &middle, 4, 4) && has_interval(model, 0.9, &middle, 0, 10));
    CHECK(has_interval(model, 0.91, &middle, -INFINITY, INFINITY));
}

/* Ends that the writer refuses, and the reader if they are in a file nevertheless. */
static void check_refused_ends(const cmlp_table *table, cmlp_status status)
{
    static const char name[] = "calibration.limits", other[] = "calibration.limitt";
    CHECK(write_table(table, 1) == writers(status) && !good.size);
    arrays[0].name = other;
    CHECK(write_table(table, 1) == CMLP_OK && load(&good, 1, NULL) == CMLP_OK);
    CHECK(model_file_replace(&good, other, name));
    CHECK(load(&good, 1, NULL) == status && load(&good, 0, NULL) == status);
    arrays[0].name = name;
}

/* Intervals of quantiles, without frequent ends of the targets and with them. */
static void check_intervals_of_quantiles(void)
{
    static double ends[4];
    static const double bad[][2] = {{0, 0.5}, {0, NAN}, {1, NAN}, {2, NAN}, {3, NAN}, {3, 10.5}};
    make_quantile_nets(quantiles[0], quantiles[0]);
    const cmlp_table table = table_of(&target);
    score_kind[0] = CMLP_TABLE_CALIBRATION_QUANTILES;
    arrays[0] = arrays[1] = (cmlp_model_array){.name = "calibration.scores", .data = scores, .n_rows = 1,
                                               .n_columns = N_SCORES, .dtype = CMLP_FLOAT64};
    n_arrays = 1;
    CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 1, check_plain_intervals) == CMLP_OK);
    arrays[0] = (cmlp_model_array){.name = "calibration.limits", .data = ends, .n_rows = 2, .n_columns = 2,
                                   .dtype = CMLP_FLOAT64};
    n_arrays = 2;
    memcpy(ends, low_only, sizeof ends);
    CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 1, check_lowest_end) == CMLP_OK);
    memcpy(ends, high_only, sizeof ends);
    CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 0, check_highest_end) == CMLP_OK);
    memcpy(ends, frequent, sizeof ends);
    CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 1, check_frequent_ends) == CMLP_OK);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        ends[(int)bad[k][0]] = bad[k][1];
        check_refused_ends(&table, CMLP_ERROR_FILE_VALUE);
        memcpy(ends, frequent, sizeof ends);
    }
    arrays[0].n_rows = 1;
    check_refused_ends(&table, CMLP_ERROR_FILE_TENSOR);
    arrays[0].n_rows = 2;
    arrays[0].dtype = CMLP_INT64;
    check_refused_ends(&table, CMLP_ERROR_FILE_TENSOR);
    arrays[0].dtype = CMLP_FLOAT64;
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    score_kind[0] = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR;
    CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 1, check_limited_intervals) == CMLP_OK);
    score_kind[0] = CMLP_TABLE_CALIBRATION_PROBABILITY;
    CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 1, check_no_margin) == CMLP_OK); /* limits of another kind */
    n_arrays = 0;
    score_kind[0] = 0;
}

static void check_intervals_of_counts(const cmlp_model *model, void *scratch, size_t size)
{
    const double small = 3, large = 9, infinite = INFINITY;
    (void)scratch, (void)size;
    CHECK(has_interval(model, 0.9, &small, 0, 11) && has_interval(model, 0.9, &large, 1, 17));
    CHECK(has_interval(model, 0.91, &small, 0, INFINITY) && has_interval(model, 0.9, &infinite, INFINITY, INFINITY));
}

/* No target of these losses is below 0. */
static void check_positive_targets(void)
{
    static const int32_t losses[] = {CMLP_LOSS_POISSON, CMLP_LOSS_GAMMA, CMLP_LOSS_TWEEDIE};
    const int64_t sizes[] = {WIDE, 1};
    const int32_t activation = CMLP_ACTIVATION_EXP;
    score_kind[0] = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR;
    arrays[0] = (cmlp_model_array){.name = "calibration.scores", .data = scores, .n_rows = 1, .n_columns = N_SCORES,
                                   .dtype = CMLP_FLOAT64};
    n_arrays = n_outputs = n_nets = 1;
    for (int k = 0; k < 2; k++) {
        cmlp_net_config config = CMLP_INIT(cmlp_net_config);
        cmlp_table table = table_of(&target);
        config.sizes = sizes;
        config.activations = &activation;
        config.n_layers = 2;
        config.loss = losses[k];
        config.dtype = CMLP_FLOAT32;
        CHECK(cmlp_net_init(net_memory[1], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &nets[1], NULL) == CMLP_OK);
        table.n_nets = 1;
        CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 1, check_intervals_of_counts) == CMLP_OK);
    }
    n_arrays = 0;
    n_outputs = N_OUT;
    n_nets = N_NETS;
    score_kind[0] = 0;
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
}

static cmlp_status refused_targets(cmlp_table table) { return write_table(&table, 1); }

static void check_margins_of_targets(const cmlp_model *model, void *scratch, size_t size)
{
    (void)scratch, (void)size;
    for (int k = 0; k < N_OUT; k++) CHECK(has_margin(model, k, 0.5, scores[1] + 30 - 10 * k));
}

/* Each target has ends of its own, or none. */
static void check_ends_of_targets(const cmlp_model *model, void *scratch, size_t size)
{
    const double outputs[N_OUT] = {1, 1, 9};
    (void)scratch, (void)size;
    CHECK(has_interval_of(model, 0, 0.75, outputs, 0, 5));
    CHECK(has_interval_of(model, 1, 0.75, outputs, -3, 5));
    CHECK(has_interval_of(model, 2, 0.75, outputs, 5, 10));
}

static void check_scores_of_targets(const cmlp_table *table)
{
    static double values[N_OUT][3];
    static double ends[N_OUT][4] = {
        {0, 0.25, 10, 9.5}, {-INFINITY, -INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, 10, 9.5}};
    for (int k = 0; k < N_OUT; k++)
        for (int i = 0; i < 3; i++) values[k][i] = scores[i] + 30 - 10 * k; /* each row begins below the one before */
    arrays[0] = (cmlp_model_array){.name = "calibration.scores", .data = values, .n_rows = N_OUT, .n_columns = 3,
                                   .dtype = CMLP_FLOAT64};
    n_arrays = 1;
    score_kind[0] = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR;
    CHECK(write_table(table, 2) == CMLP_OK && load(&good, 1, check_margins_of_targets) == CMLP_OK);
    arrays[1] = arrays[0];
    for (int k = 0; k < N_OUT; k++)
        for (int i = 0; i < 3; i++) values[k][i] = i < 2 ? scores[i] - 10 * k : 4;
    arrays[0] = (cmlp_model_array){.name = "calibration.limits", .data = ends, .n_rows = 2 * N_OUT, .n_columns = 2,
                                   .dtype = CMLP_FLOAT64};
    n_arrays = 2;
    CHECK(write_table(table, 2) == CMLP_OK && load(&good, 1, check_ends_of_targets) == CMLP_OK);
    ends[N_OUT - 1][3] = 10.5; /* a number near the highest target that is outside of it */
    check_refused_ends(table, CMLP_ERROR_FILE_VALUE);
    ends[N_OUT - 1][3] = 9.5;
    arrays[0].n_rows = 2; /* of one target */
    check_refused_ends(table, CMLP_ERROR_FILE_TENSOR);
    arrays[0] = arrays[1];
    n_arrays = 1;
    values[1][0] = 1;
    check_refused_scores(table, 2, CMLP_ERROR_FILE_VALUE);
    arrays[0].n_rows = 1;
    check_refused_scores(table, 2, CMLP_ERROR_FILE_TENSOR);
    n_arrays = 0;
    score_kind[0] = 0;
}

static void check_targets(void)
{
    static cmlp_table_target several[N_OUT] = {
        {100, 7, -0.25, 0.5, NULL, 0, {0}}, {-3, 0.5, -0.125, 0.25, NULL, 0, {0}}, {0, 1e6, -2, 2, NULL, 0, {0}}};
    cmlp_table table = table_of(several), t;
    table.n_targets = N_OUT;
    for (int j = 0; j < N_OUT; j++) targets[j] = &several[j];
    CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 1, compare) == CMLP_OK && load(&good, 1, check_rows) == CMLP_OK);
    check_kind(CMLP_MODEL_REGRESSOR, N_OUT);
    check_scores_of_targets(&table);
    CHECK((t = table, t.n_targets = N_OUT - 1, refused_targets(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.n_targets = -1, refused_targets(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.targets = NULL, refused_targets(t)) == CMLP_ERROR_NULL);
    several[2].scale = -1;
    CHECK(refused_targets(table) == CMLP_ERROR_OPTION);
    several[2].scale = 1e6;
    several[1].reserved[0] = 1;
    CHECK(refused_targets(table) == CMLP_ERROR_OPTION);
    several[1].reserved[0] = 0;
    for (int j = 0; j < N_OUT; j++) {
        several[j].name = &"a\xc3\xa9"[j % 2];
        several[j].n_name = j + !j;
    }
    CHECK(write_table(&table, 1) == CMLP_ERROR_TEXT); /* half a letter */
    several[2].n_name = several[1].n_name = 2;
    several[0].n_name = 3;
    several[2].n_name = 0;
    CHECK(write_table(&table, 1) == CMLP_OK && load(&good, 1, compare) == CMLP_OK);
    several[2].name = NULL;
    CHECK(refused_targets(table) == CMLP_ERROR_OPTION);
    for (int j = 0; j < N_OUT; j++) several[j].name = NULL, several[j].n_name = 0;
    make_quantile_nets(quantiles[0], quantiles[0]);
    CHECK(refused_targets(table) == CMLP_ERROR_OPTION);
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    for (int j = 0; j < N_OUT; j++) targets[j] = &target;
}

/* Two targets are the fewest of a file that requires `targets`. */
static void check_two_targets(void)
{
    const int64_t sizes[] = {WIDE, 2};
    const int32_t activation = CMLP_ACTIVATION_IDENTITY;
    const cmlp_table_target two[] = {target, target};
    cmlp_table table = table_of(two);
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = &activation;
    config.n_layers = 2;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(net_memory[1], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &nets[1], NULL) == CMLP_OK);
    table.n_nets = 1;
    table.n_targets = 2;
    CHECK(write_table(&table, 1) == CMLP_OK && !memcmp(good.bytes + 53, "\",\"requires\":\"targets\"", 22));
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
}

static const double threshold_row[N_COLUMNS] = {0.25, 1, 0, 0};
static int32_t expected_label; /* -1: that of 0.5 */
static double threshold_output;

static void check_label(const cmlp_model *model, void *scratch, size_t size)
{
    int32_t label = -7, labels[2] = {-7, -7};
    double outputs[2], raw[2][N_COLUMNS];
    static unsigned char workspace[1 << 16];
    cmlp_run run = CMLP_INIT(cmlp_run);
    CHECK(predict_values(CMLP_FLOAT64, model, threshold_row, N_COLUMNS, &label, &threshold_output, 1, scratch, size) == CMLP_OK);
    if (expected_label < 0) expected_label = threshold_output > 0.5;
    CHECK(label == expected_label);
    for (int i = 0; i < 2; i++) memcpy(raw[i], threshold_row, sizeof threshold_row);
    const cmlp_rows rows = cmlp_dense_rows(raw, CMLP_FLOAT64, 2, N_COLUMNS);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    CHECK(predict_rows(model, &rows, labels, outputs, 2, &run) == CMLP_OK);
    CHECK(labels[0] == expected_label && labels[1] == expected_label && outputs[1] == threshold_output);
}

static void write_and_label(const cmlp_table *table, int32_t expected)
{
    expected_label = expected;
    CHECK(write_table(table, 0) == CMLP_OK && load(&good, 1, check_label) == CMLP_OK);
}

/* The label is 1 from the threshold on. Without one, it is 1 above 0.5. */
static void check_threshold(void)
{
    const int64_t sizes[] = {WIDE, 1};
    const int32_t activation = CMLP_ACTIVATION_LOGISTIC;
    cmlp_table table = table_of(NULL), t;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    t = table;
    t.has_threshold = 1;
    t.threshold = 0.5;
    CHECK(refused(t) == CMLP_ERROR_OPTION); /* several outputs */
    config.sizes = sizes;
    config.activations = &activation;
    config.n_layers = 2;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(net_memory[1], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &nets[1], NULL) == CMLP_OK);
    table.n_nets = 1;
    n_outputs = n_nets = 1;
    write_and_label(&table, -1);
    CHECK(!memcmp(good.bytes + 53, "\",\"data_crc32\"", 14));
    const double output = threshold_output;
    CHECK(output > 0 && output < 1);
    table.has_threshold = 1;
    table.threshold = output;
    write_and_label(&table, 1);
    CHECK(!memcmp(good.bytes + 53, "\",\"requires\":\"threshold\",\"data_crc32\"", 37));
    table.threshold = nextafter(output, 1);
    write_and_label(&table, 0);
    table.threshold = 0;
    write_and_label(&table, 1);
    table.threshold = 1;
    write_and_label(&table, 0);
    table.threshold = nextafter(1, 2);
    write_and_label(&table, 0);
    const double wrong[] = {-1e-9, 1.0000001, NAN, INFINITY};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        table.threshold = wrong[k];
        CHECK(refused(table) == CMLP_ERROR_OPTION);
    }
    table.threshold = 0.5;
    CHECK((t = table, t.targets = &target, t.n_targets = 1, refused(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.has_threshold = 0, refused(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.reserved = 1, refused(t)) == CMLP_ERROR_OPTION);
    n_outputs = N_OUT;
    n_nets = N_NETS;
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
}

static const double order_rows[][N_COLUMNS] = {{0, 0, 9, 1, 0}, {NAN, 2, NAN, 0, 3}, {1e300, -1, 0, NAN, -1},
                                               {0.25, 1, -3, 5, 2}, {-4, 1, 0, 1, 1}};
enum { N_ORDERED = sizeof order_rows / sizeof *order_rows };
static double answers[N_ORDERED][N_OUT]; /* of the same table without labels */

static void find_answers(const cmlp_model *model, void *scratch, size_t size)
{
    for (int i = 0; i < N_ORDERED; i++)
        CHECK(predict_row(model, order_rows[i], N_COLUMNS, NULL, answers[i], scratch, size) == CMLP_OK);
}

/* The definition: the smallest answer up to each label, their differences, and the last label with more than half. */
static int32_t ordered_answers(const double *above, double *probabilities)
{
    double least[N_OUT + 2] = {1}, sum = 0;
    int32_t label = N_OUT + 1;
    for (int k = 0; k < N_OUT; k++) least[k + 1] = fmin(least[k], above[k]);
    for (int k = 0; k <= N_OUT; k++) probabilities[k] = least[k] - least[k + 1];
    do sum += probabilities[--label];
    while (label > 0 && !(sum > 0.5));
    return label;
}

static void check_ordered(const cmlp_model *model, void *scratch, size_t size)
{
    static unsigned char workspace[1 << 18];
    double found[N_ORDERED][N_OUT + 1];
    int32_t found_labels[N_ORDERED], has_order = 0;
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    const cmlp_rows rows = cmlp_dense_rows(order_rows, CMLP_FLOAT64, N_ORDERED, N_COLUMNS);
    CHECK(predict_rows(model, &rows, found_labels, found[0], N_ORDERED * (N_OUT + 1), &run) == CMLP_OK);
    int32_t alone_of_all[N_ORDERED];
    CHECK(predict_rows(model, &rows, alone_of_all, NULL, 0, &run) == CMLP_OK);
    CHECK(!memcmp(alone_of_all, found_labels, sizeof found_labels));
    for (int i = 0; i < N_ORDERED; i++) {
        double one[N_OUT + 1], probabilities[N_OUT + 1];
        int32_t label = -7, alone = -7;
        const int32_t expected = ordered_answers(answers[i], probabilities);
        CHECK(predict_values(CMLP_FLOAT64, model, order_rows[i], N_COLUMNS, &label, one, N_OUT + 1, scratch, size) == CMLP_OK);
        CHECK(predict_values(CMLP_FLOAT64, model, order_rows[i], N_COLUMNS, &alone, NULL, 0, scratch, size) == CMLP_OK);
        CHECK(predict_values(CMLP_FLOAT64, model, order_rows[i], N_COLUMNS, NULL, one, N_OUT, scratch, size) ==
              CMLP_ERROR_LENGTH);
        CHECK(label == expected && alone == expected && found_labels[i] == expected);
        CHECK(!memcmp(one, probabilities, sizeof one) && !memcmp(found[i], probabilities, sizeof one));
        has_order |= answers[i][1] > answers[i][0] || answers[i][2] > answers[i][1];
    }
    CHECK(has_order); /* some answers must be changed */
    cmlp_value label = {0};
    CHECK(cmlp_model_find_label(model, 0, &label, NULL) == CMLP_OK && label.n_text == 3 && !memcmp(label.text, "low", 3));
    CHECK(cmlp_model_find_label(model, 4, &label, NULL) == CMLP_ERROR_INDEX);
    CHECK(cmlpi_is_calibrated(model, 0) == n_arrays);
    const cmlp_answer answer = {.struct_size = sizeof answer, .coverage = 0.5, .intervals = found[0], .n_intervals = 2};
    CHECK(call_answer(model, &rows, &answer, NULL) == CMLP_ERROR_MODEL_KIND);
}

/* All answers are 0.5: half is not more than half, so the label is the first one. */
static void check_half(const cmlp_model *model, void *scratch, size_t size)
{
    static const double halves[N_OUT + 1] = {0.5, 0, 0, 0.5};
    static unsigned char workspace[1 << 18];
    const cmlp_rows rows = cmlp_dense_rows(order_rows, CMLP_FLOAT64, N_ORDERED, N_COLUMNS);
    int32_t label = -7, labels[N_ORDERED];
    double one[N_OUT + 1];
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    CHECK(predict_values(CMLP_FLOAT64, model, order_rows[0], N_COLUMNS, &label, one, N_OUT + 1, scratch, size) == CMLP_OK);
    CHECK(label == 0 && !memcmp(one, halves, sizeof one));
    CHECK(predict_rows(model, &rows, labels, NULL, 0, &run) == CMLP_OK);
    for (int i = 0; i < N_ORDERED; i++) CHECK(labels[i] == 0);
}

/* Ordered labels are one more than the outputs, and need not ascend. */
static void check_order(void)
{
    static const cmlp_value ranks[] = {{.text = "low", .n_text = 3, .kind = CMLP_VALUE_TEXT},
                                       {.text = "middle", .n_text = 6, .kind = CMLP_VALUE_TEXT},
                                       {.text = "high", .n_text = 4, .kind = CMLP_VALUE_TEXT},
                                       {.text = "top", .n_text = 3, .kind = CMLP_VALUE_TEXT},
                                       {.text = "low", .n_text = 3, .kind = CMLP_VALUE_TEXT}};
    static const double nine[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const cmlp_model_array one_row = {.name = "calibration.scores", .data = nine, .n_rows = 1, .n_columns = 9, .dtype = CMLP_FLOAT64};
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_LOGISTIC);
    cmlp_table table = table_of(NULL);
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, find_answers) == CMLP_OK);
    check_kind(CMLP_MODEL_CLASSIFIER, 1);
    its_kind = CMLP_MODEL_MULTILABEL;
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, NULL) == CMLP_OK);
    check_kind(CMLP_MODEL_MULTILABEL, N_OUT);
    its_kind = CMLP_MODEL_NETWORK;
    CHECK(refused(table) == CMLP_ERROR_OPTION);
    its_kind = 0;
    its_labels = ranks;
    n_its_labels = n_outputs = N_OUT + 1;
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, check_ordered) == CMLP_OK);
    check_kind(CMLP_MODEL_ORDERED, 1);
    score_kind[0] = CMLP_TABLE_CALIBRATION_PROBABILITY;
    arrays[0] = one_row;
    n_arrays = 1;
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, check_ordered) == CMLP_OK);
    arrays[0].n_rows = N_OUT; /* as of several labels */
    arrays[0].n_columns = 3;
    CHECK(refused(table) == CMLP_ERROR_LENGTH);
    n_arrays = score_kind[0] = 0;
    CHECK(write_table(&table, 0) == CMLP_OK);
    const char *const edits[][3] = {{"\"kind\":\"ordered", "\"kind\":\"classifier", "T"},
                                    {"\"kind\":\"ordered", "\"kind\":\"multilabel", "T"},
                                    {"labels.ends", "labels.enda", "N"}, {"logistic", "identity", "V"}};
    for (size_t k = 0; k < sizeof edits / sizeof *edits; k++) {
        changed = good;
        CHECK(model_file_replace(&changed, edits[k][0], edits[k][1]));
        const int status = load(&changed, 1, NULL);
        const int expected = *edits[k][2] == 'T'   ? CMLP_ERROR_FILE_TENSOR
                             : *edits[k][2] == 'N' ? CMLP_ERROR_FILE_NAME
                                                   : CMLP_ERROR_FILE_VALUE;
        check_that(status == expected, "%s: %s", edits[k][1], cmlp_status_name(status));
    }
    memset(blocks, 0, sizeof blocks);
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, check_half) == CMLP_OK);
    its_labels = ranks + 1; /* "low" is last, so these are still different */
    CHECK(write_table(&table, 0) == CMLP_OK);
    n_its_labels = N_OUT + 2;
    its_labels = ranks;
    CHECK(refused(table) == CMLP_ERROR_VALUE);
    static cmlp_value repeated[N_OUT + 1];
    memcpy(repeated, ranks, sizeof repeated);
    repeated[3] = ranks[0];
    its_labels = repeated;
    n_its_labels = N_OUT + 1;
    CHECK(refused(table) == CMLP_ERROR_VALUE);
    its_labels = ranks;
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_SOFTMAX);
    CHECK(refused(table) == CMLP_ERROR_VALUE);
    its_labels = NULL;
    n_its_labels = 0;
    n_outputs = N_OUT;
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
}

int main(void)
{
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_SOFTMAX);
    cmlp_table table = table_of(NULL);
    CHECK(write_table(&table, 2) == CMLP_OK && load(&good, 1, compare) == CMLP_OK && load(&good, 0, compare) == CMLP_OK);
    check_kind(CMLP_MODEL_CLASSIFIER, 1);
    CHECK(load(&good, 1, check_calls) == CMLP_OK);
    CHECK(load(&good, 1, check_rows) == CMLP_OK);
    check_damage();
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    table = table_of(&target);
    for (int j = 0; j < N_OUT; j++) targets[j] = &target;
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, compare) == CMLP_OK && load(&good, 1, check_rows) == CMLP_OK);
    check_calibration(&table);
    check_widths(&table);
    check_intervals_of_quantiles();
    check_positive_targets();
    check_targets();
    table = table_of(&target);
    make_quantile_nets(quantiles[0], quantiles[0]);
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, check_quantiles) == CMLP_OK);
    make_quantile_nets(quantiles[0], quantiles[1]);
    CHECK(refused(table) == CMLP_ERROR_LOSS);
    make_nets(CMLP_FLOAT64, CMLP_ACTIVATION_TANH);
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, NULL) == CMLP_OK);
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    check_eight_nets();
    check_two_targets();
    check_threshold();
    check_order();
    check_edges();
    check_statistics();
    check_names();
    check_different_nets();
    check_different_quantiles();
    check_refusals();
    return finish();
}
