/* Model files: writing, reading, prediction, truncated and damaged files, and malicious files with valid checksums. */
#include "../../src/cmlp/core/file/write/any_names.h"
#include "model_file.h"
#include "row_ways.h"
#include "support.h"
#include "workspace.h"

#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_IN = 4, N_HIDDEN = 3, N_OUT = 2, N_PARAMS = 4 * 3 + 3 + 3 * 2 + 2 };

static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *net;
static double params[N_PARAMS]; /* large enough, and aligned, for both types */
static model_file good, changed;

static const cmlp_model_string strings[] = {{"letters", "[\"a\",\"\\u00e9\"]", 14, {0}}, {"note", "x", 1, {0}}};
static const unsigned char bytes[3] = {1, 2, 3};
static const int64_t wide[2][2] = {{1, -2}, {INT64_MAX, INT64_MIN}};
static const cmlp_model_array arrays[] = {{"aa", bytes, 3, 0, CMLP_UINT8, 0, {0}}, {"training.x", wide, 2, 2, CMLP_INT64, 0, {0}}};

static void make_net(int32_t dtype, int32_t output, int32_t loss, int64_t n_out)
{
    const int64_t sizes[] = {N_IN, N_HIDDEN, n_out};
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, output};
    const cmlp_net_config config = {
        .struct_size = sizeof config, .sizes = sizes, .activations = activations, .n_layers = 3, .loss = loss,
        .dtype = dtype};
    uint64_t state = 7;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int64_t i = 0; i < N_PARAMS; i++) put(dtype, params, i, uniform(&state, -1, 1));
}

static cmlp_model_content content_for(model_file *f)
{
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    f->size = 0;
    content.input_scale = 0.5;
    content.strings = strings;
    content.arrays = arrays;
    content.n_strings = content.n_arrays = 2;
    content.write = model_file_append;
    content.write_context = f;
    return content;
}

static int write_with(const cmlp_model_content *content)
{
    size_t size;
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, &size, NULL) == CMLP_OK);
    void *scratch = malloc(size);
    const int status = cmlpi_model_write(net, params, cmlp_net_n_params(net), content, SPACE(scratch, size));
    free(scratch);
    return status;
}

static void write_good(void)
{
    const cmlp_model_content content = content_for(&good);
    CHECK(write_with(&content) == CMLP_OK);
}

/* Loads the n bytes, which end at a guard page, into memory of exactly the required size. */
static int load(const unsigned char *file, size_t n, int verify, void (*use)(const cmlp_model *, void *, size_t))
{
    static slot file_slot, model_slot, scratch_slot;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    if (!file_slot.base) {
        slot_make(&file_slot, MODEL_FILE_CAPACITY);
        slot_make(&model_slot, 1 << 16);
        slot_make(&scratch_slot, 1 << 18);
    }
    unsigned char *const copy = slot_place(&file_slot, n, AT_END, (8 - n % 8) % 8);
    memcpy(copy, file, n);
    int status = cmlp_model_describe(copy, n, &info, NULL);
    if (status) return status;
    CHECK(info.model_size < 1 << 16 && info.workspace_size < 1 << 18);
    const cmlp_model *model = NULL;
    void *memory = slot_place(&model_slot, info.model_size, AT_END, 0);
    void *scratch = slot_place(&scratch_slot, info.workspace_size, AT_END, 0);
    status = cmlp_model_init(memory, info.model_size, copy, n, OPTIONS(.is_trusted = !verify), &model,
                             SPACE(scratch, info.workspace_size));
    CHECK(!status == (model != NULL));
    if (!status && use) use(model, scratch, info.workspace_size);
    CHECK(slot_intact(&file_slot) && slot_intact(&model_slot) && slot_intact(&scratch_slot));
    CHECK(!memcmp(copy, file, n));
    return status;
}

/* ---- round trips */

static void compare_with_forward(const cmlp_model *model, void *scratch, size_t size)
{
    const uint8_t row[N_IN] = {3, 0, 255, 7};
    double output[N_OUT], again[N_OUT], from_bytes[N_OUT], floats[N_IN];
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    CHECK(cmlp_net_describe_layer(cmlp_model_net(model), 1, &layer, NULL) == CMLP_OK);
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    CHECK(cmlp_model_describe(good.bytes, good.size, &info, NULL) == CMLP_OK);
    CHECK(info.n_in == N_IN && info.n_out == layer.n_out && !info.n_labels);
    CHECK(info.file_size == good.size && info.head_size % 64 == 0);
    for (int i = 0; i < N_IN; i++) put(info.dtype, floats, i, row[i]);
    int32_t label = -2, other = -2;
    CHECK(predict_row(model, floats, N_IN, &label, output, scratch, size) == CMLP_OK);
    CHECK(predict_values(CMLP_UINT8, model, row, N_IN, &other, from_bytes, N_OUT, scratch, size) == CMLP_OK);
    CHECK(other == label);
    CHECK(predict_row(model, floats, N_IN, &other, NULL, scratch, size) == CMLP_OK && other == label);
    CHECK(predict_row(model, floats, N_IN, NULL, NULL, scratch, size) == CMLP_OK);
    check_one_row(model, floats, N_IN, layer.n_out, scratch, size);
    CHECK(same_bits(info.dtype, output, from_bytes, layer.n_out));
    static _Alignas(64) unsigned char workspace[1 << 16];
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    cmlp_run run = CMLP_INIT(cmlp_run);
    CHECK(cmlp_model_prepare_rows(model, &rows, NULL) == CMLP_OK);
    CHECK(rows.kind == CMLP_ROWS_DENSE && !rows.dtype && rows.n_columns == N_IN && rows.scale == 0.5);
    CHECK(!rows.row_stride && !rows.column_stride);
    rows.dtype = info.dtype;
    CHECK(cmlp_model_prepare_rows(model, &rows, NULL) == CMLP_OK);
    CHECK(rows.column_stride == (int64_t)size_of(info.dtype) && rows.row_stride == N_IN * rows.column_stride);
    CHECK(cmlp_model_prepare_rows(model, &rows, NULL) == CMLP_OK && rows.row_stride == N_IN * rows.column_stride);
    rows.data = row;
    rows.n_rows = rows.column_stride = 1;
    rows.dtype = CMLP_UINT8;
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    CHECK(call_forward(net, params, &rows, again, &run) == CMLP_OK);
    CHECK(same_bits(info.dtype, output, again, layer.n_out));
    static const int32_t columns[N_IN] = {0, 1, 2, 3}, ends[2] = {0, N_IN};
    rows = cmlp_csr_rows(row, CMLP_UINT8, columns, ends, CMLP_INT32, N_IN, 1, N_IN);
    CHECK(cmlp_model_prepare_rows(model, &rows, NULL) == CMLP_OK && rows.kind == CMLP_ROWS_CSR);
    CHECK(call_forward(net, params, &rows, again, &run) == CMLP_OK);
    CHECK(same_bits(info.dtype, output, again, layer.n_out));
    rows.n_columns--;
    CHECK(cmlp_model_prepare_rows(model, &rows, &run) == CMLP_ERROR_ROWS && !strcmp(run.refused, "rows->n_columns"));
    rows.n_columns++;
    CHECK(same_bits(info.dtype, params, cmlp_model_params(model), cmlp_net_n_params(net)));
    int64_t best = 0;
    for (int64_t j = 1; j < layer.n_out; j++)
        if (get(info.dtype, output, j) > get(info.dtype, output, best)) best = j;
    const int is_classifier =
        layer.activation == CMLP_ACTIVATION_SOFTMAX || layer.activation == CMLP_ACTIVATION_LOGISTIC;
    if (layer.n_out == 1) best = layer.activation == CMLP_ACTIVATION_LOGISTIC && get(info.dtype, output, 0) > 0.5;
    CHECK(label == (is_classifier ? best : -1));
    size_t needed = 0;
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, &needed, NULL) == CMLP_OK && needed == size);
    CHECK(predict_one(net, params, &rows, &other, again, scratch, size) == CMLP_OK && other == label);
    CHECK(same_bits(info.dtype, output, again, layer.n_out));
}

/* Many rows at once: each as alone, with labels or without, by the scale of the model only. */
static void compare_many_rows(const cmlp_model *model, void *scratch, size_t size)
{
    static _Alignas(64) unsigned char workspace[1 << 16];
    const float x[3][N_IN] = {{3, 0, 255, 7}, {0, 0, 0, 0}, {-1, 2, 5, 9}};
    float many[3][N_OUT], one[N_OUT];
    int32_t labels[3] = {-2, -2, -2}, label = -2;
    const int64_t order[] = {2, 0};
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, 3, N_IN), r;
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    CHECK(cmlp_model_workspace_size(model, &rows, &run.workspace_size, NULL) == CMLP_OK &&
          run.workspace_size <= sizeof workspace);
    CHECK((r = rows, r.scale = 1, predict_rows(model, &r, labels, many[0], 3 * N_OUT, &run)) == CMLP_OK);
    for (int i = 0; i < 3; i++) {
        CHECK(predict_values(CMLP_FLOAT32, model, x[i], N_IN, &label, one, N_OUT, scratch, size) == CMLP_OK && label == labels[i]);
        CHECK(same_bits(CMLP_FLOAT32, many[i], one, N_OUT));
    }
    CHECK((r = rows, r.order = order, r.n_order = 2, predict_rows(model, &r, labels, many[0], 3 * N_OUT, &run)) ==
          CMLP_OK && label == labels[0] && same_bits(CMLP_FLOAT32, many[0], one, N_OUT));
    CHECK(predict_rows(model, &rows, NULL, many[0], 3 * N_OUT, &run) == CMLP_OK);
    CHECK(predict_rows(model, &rows, (int32_t *)(void *)((char *)labels + 1), many[0], 3 * N_OUT, &run) ==
          CMLP_ERROR_ALIGNMENT && !strcmp(run.refused, "prediction->class_indices"));
    CHECK((r = rows, r.scale = 2, predict_rows(model, &r, labels, many[0], 3 * N_OUT, &run)) == CMLP_ERROR_OPTION);
    labels[0] = -2;
    CHECK((r = rows, r.n_columns = 3, predict_rows(model, &r, labels, many[0], 3 * N_OUT, &run)) != CMLP_OK &&
          labels[0] == -2);
}

static void test_round_trips(void)
{
    static const int32_t pairs[][2] = {{CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG},
                                       {CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG},
                                       {CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR},
                                       {CMLP_ACTIVATION_EXP, CMLP_LOSS_POISSON},
                                       {CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_SQUARED_ERROR}};
    for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++)
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
            for (int64_t n_out = 1; n_out <= N_OUT; n_out++) {
                make_net(dtype, pairs[i][0], pairs[i][1], n_out);
                write_good();
                CHECK(load(good.bytes, good.size, 1, compare_with_forward) == CMLP_OK);
                CHECK(load(good.bytes, good.size, 0, compare_with_forward) == CMLP_OK);
            }
}

/* Parameters of activations and losses, each next to its default. */
static void test_parameters(void)
{
    const int64_t sizes[] = {N_IN, N_HIDDEN, N_OUT};
    const int32_t activations[] = {CMLP_ACTIVATION_ELU, CMLP_ACTIVATION_SOFTMAX};
    const double parameters[] = {0.3, 0};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.activation_parameters = parameters;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_FOCAL;
    config.dtype = CMLP_FLOAT32;
    make_net(CMLP_FLOAT32, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    for (int i = 0; i < N_HIDDEN; i++) put(CMLP_FLOAT32, params, N_IN * N_HIDDEN + i, -2); /* negative sums */
    for (int i = 0; i < 2; i++) {
        config.loss_parameter = i ? 1.5 : 0;
        CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
        write_good();
        CHECK(load(good.bytes, good.size, 1, compare_with_forward) == CMLP_OK);
        memcpy(&changed, &good, sizeof good);
        CHECK(model_file_replace(&changed, "elu:3fd3333333333333,softmax", "elu:3fe3333333333333,softmax"));
        CHECK(load(changed.bytes, changed.size, 1, NULL) == CMLP_ERROR_FILE_EXAMPLE);
        CHECK(model_file_replace(&changed, i ? "focal:3ff8000000000000" : "focal:4000000000000000", "log_loss"));
    }
}

/* Files have the same bytes on every platform. */
static void test_bytes(void)
{
    make_net(CMLP_FLOAT32, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    write_good();
    check_that(crc_of(0, good.bytes, good.size) == UINT32_C(0xaa05e4f6), "the file's checksum is %08x",
               (unsigned)crc_of(0, good.bytes, good.size));
}

static void find_string(const cmlp_model *model, void *scratch, size_t size)
{
    static const char letters[] = "[\\\"a\\\",\\\"\\\\u00e9\\\"]";
    const char *text = NULL;
    int64_t length = 0;
    (void)scratch;
    (void)size;
    CHECK(cmlp_model_find_string(model, "letters", &text, &length, NULL) == CMLP_OK);
    CHECK(length == (int64_t)sizeof letters - 1 && !memcmp(text, letters, sizeof letters - 1));
    CHECK(cmlp_model_find_string(model, "note", &text, &length, NULL) == CMLP_OK && length == 1 && *text == 'x');
    CHECK(cmlp_model_find_string(model, "loss", &text, &length, NULL) == CMLP_OK && length == 8);
    CHECK(cmlp_model_find_string(model, "kind", &text, &length, NULL) == CMLP_OK && length == 7);
    CHECK(cmlp_model_find_string(model, "class", &text, &length, NULL) == CMLP_ERROR_NOT_FOUND);
    CHECK(cmlp_model_find_string(model, "", &text, &length, NULL) == CMLP_ERROR_NOT_FOUND);
    double numbers[2];
    int32_t is_in_set;
    cmlp_value cells[N_IN];
    for (int j = 0; j < N_IN; j++) cells[j] = cmlp_text("0", 1);
    const cmlp_rows row = cmlp_cell_rows(cells, 1, N_IN, NULL);
    cmlp_table_column_info column = CMLP_INIT(cmlp_table_column_info);
    CHECK(cmlp_model_describe_column(model, 0, &column, NULL) == CMLP_OK && !column.name && !column.n_name);
    CHECK(call_answer(model, &row, ANSWER(.outside = numbers, .n_outside = 1), NULL) == CMLP_ERROR_MODEL_KIND);
    CHECK(call_answer(model, &row, ANSWER(.coverage = 0.9, .sets = &is_in_set, .n_sets = 1), NULL) == CMLP_ERROR_MODEL_KIND);
    CHECK(call_answer(model, &row, ANSWER(.coverage = 0.9, .intervals = numbers, .n_intervals = 2), NULL) == CMLP_ERROR_MODEL_KIND);
    CHECK(cmlp_model_find_string(NULL, "note", &text, &length, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_find_string(model, NULL, &text, &length, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_find_string(model, "note", NULL, &length, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_find_string(model, "note", &text, NULL, NULL) == CMLP_ERROR_NULL);
}

/* ---- damaged files: every change is detected */

static void test_damage(void)
{
    for (size_t n = 0; n < good.size; n++) {
        const int status = load(good.bytes, n, 1, NULL);
        check_that(status == CMLP_ERROR_FILE_SHORT, "%d bytes: %s", (int)n, cmlp_status_name(status));
    }
    for (size_t i = 0; i < 8 * good.size; i++) {
        memcpy(&changed, &good, sizeof good);
        changed.bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        const int status = load(changed.bytes, changed.size, 1, NULL);
        check_that(status >= CMLP_ERROR_FILE_SHORT && status <= CMLP_ERROR_FILE_SYNTAX, "bit %d: %s", (int)i,
                   cmlp_status_name(status));
    }
    memcpy(&changed, &good, sizeof good);
    memset(changed.bytes + good.size, 0, 64);
    for (size_t more = 1; more <= 64; more++)
        CHECK(load(changed.bytes, good.size + more, 1, NULL) == CMLP_ERROR_FILE_LONG);
}

/* Without verification only the header and the size are checked. */
static void test_without_verification(void)
{
    memcpy(&changed, &good, sizeof good);
    changed.bytes[good.size - 1] ^= 1;
    CHECK(load(changed.bytes, changed.size, 1, NULL) == CMLP_ERROR_FILE_DATA_CRC);
    CHECK(load(changed.bytes, changed.size, 0, NULL) == CMLP_OK);
    CHECK(load(changed.bytes, changed.size - 1, 0, NULL) == CMLP_ERROR_FILE_SHORT);
}

/* ---- malicious files with valid checksums */

#define W0 "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[4,3],\"data_offsets\":[0,48]}"
#define B0 "\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[48,60]}"
#define LAST "{\"dtype\":\"I64\",\"shape\":[2,2],\"data_offsets\":[119,151]}"

static const struct attack {
    const char *from, *to;
    int status;
} attacks[] = {
    {"{\"__metadata__\"", "{ \"__metadata__\"", CMLP_ERROR_FILE_MAGIC},
    {"\"cmlp\":\"1\"", "\"cmlp\":\"5\"", CMLP_ERROR_FILE_VERSION},
    {"\"cmlp\":\"1\"", "\"cmlp\":\"2\"", CMLP_ERROR_FILE_VERSION},
    {"\"data_crc32\"", "\"data_crc64\"", CMLP_ERROR_FILE_SYNTAX},
    /* metadata */
    {"\"note\":\"x\"", "\"note\":\"x\",\"note\":\"y\"", CMLP_ERROR_FILE_NAME},
    {"\"note\":\"x\"", "\"aote\":\"x\"", CMLP_ERROR_FILE_NAME},
    {"\"note\":\"x\"", "\"Note\":\"x\"", CMLP_ERROR_FILE_NAME},
    {"\"note\":\"x\"", "\"loss\":\"x\"", CMLP_ERROR_FILE_NAME},
    {"\"note\":\"x\"", "\"\":\"x\"", CMLP_ERROR_FILE_NAME},
    {"\"note\":\"x\"", "\"note\":1", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"", "\"note\":null", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"", "\"note\":\"\\u0041\"", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"", "\"note\":\"\\n\"", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"", "\"note\":\"x\\\"", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"", "\"note\":\"\x01\"", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"", "\"note\":\"\xc3\xa9\"", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"", "\"note\":\"\xff\"", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"", "\"note\": \"x\"", CMLP_ERROR_FILE_SYNTAX},
    {"\"note\":\"x\"}", "\"note\":\"x", CMLP_ERROR_FILE_SYNTAX},
    {"3fe0000000000000", "7ff8000000000001", CMLP_ERROR_FILE_VALUE},
    {"3fe0000000000000", "fff0000000000000", CMLP_ERROR_FILE_VALUE},
    {"3fe0000000000000", "8000000000000000", CMLP_ERROR_FILE_VALUE},
    {"3fe0000000000000", "3FE0000000000000", CMLP_ERROR_FILE_SYNTAX},
    {"relu,softmax", "relu,hardswish", CMLP_ERROR_FILE_VALUE},
    {"relu,softmax", "relu,softmaxx", CMLP_ERROR_FILE_VALUE},
    {"relu,softmax", "softmax,softmax", CMLP_ERROR_FILE_VALUE},
    {"relu,softmax", "relu,", CMLP_ERROR_FILE_VALUE},
    {"relu,softmax", "", CMLP_ERROR_FILE_VALUE},
    {"relu,softmax", "relu:3ff0000000000000,softmax", CMLP_ERROR_FILE_SYNTAX},
    {"relu,softmax", "elu,softmax", CMLP_ERROR_FILE_SYNTAX},
    {"relu,softmax", "elu:0000000000000000,softmax", CMLP_ERROR_FILE_VALUE},
    {"relu,softmax", "elu:bff0000000000000,softmax", CMLP_ERROR_FILE_VALUE},
    {"relu,softmax", "elu:7ff0000000000000,softmax", CMLP_ERROR_FILE_VALUE},
    {"relu,softmax", "elu:3ff000000000000,softmax", CMLP_ERROR_FILE_SYNTAX},
    {"log_loss", "focal", CMLP_ERROR_FILE_SYNTAX},
    {"log_loss", "label_smoothing:3ff0000000000000", CMLP_ERROR_FILE_VALUE},
    {"log_loss", "log_loss:3fe0000000000000", CMLP_ERROR_FILE_SYNTAX},
    {"relu,softmax", "relu,relu,softmax", CMLP_ERROR_FILE_NAME},
    {"log_loss", "hinge", CMLP_ERROR_FILE_VALUE},
    {"log_loss", "poisson", CMLP_ERROR_FILE_VALUE},
    /* layers */
    {W0 "," B0, B0 "," W0, CMLP_ERROR_FILE_NAME},
    {"layers.1.weight", "layers.2.weight", CMLP_ERROR_FILE_NAME},
    {"layers.0.weight", "layers.00.weight", CMLP_ERROR_FILE_NAME},
    {B0, "\"layers.0.bias\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[48,72]}", CMLP_ERROR_FILE_TENSOR},
    {"\"F32\"", "\"F16\"", CMLP_ERROR_FILE_TENSOR},
    {"\"F32\"", "\"I32\"", CMLP_ERROR_FILE_TENSOR},
    {"[4,3]", "[04,3]", CMLP_ERROR_FILE_SYNTAX},
    {"[4,3]", "[4.0,3]", CMLP_ERROR_FILE_SYNTAX},
    {"[4,3]", "[-4,3]", CMLP_ERROR_FILE_SYNTAX},
    {"[4,3]", "[4e0,3]", CMLP_ERROR_FILE_SYNTAX},
    {"[4,3]", "[true,3]", CMLP_ERROR_FILE_SYNTAX},
    {"[4,3]", "[]", CMLP_ERROR_FILE_SYNTAX},
    {"[4,3]", "[18446744073709551620,3]", CMLP_ERROR_FILE_SYNTAX},
    {"[4,3]", "[0,3]", CMLP_ERROR_FILE_TENSOR},
    {"[4,3]", "[2147483648,3]", CMLP_ERROR_FILE_TENSOR},
    {"[4,3]", "[2147483647,2147483647]", CMLP_ERROR_FILE_TENSOR},
    {"[4,3]", "[4,3,1]", CMLP_ERROR_FILE_TENSOR},
    {"[2,2]", "[2,2,1]", CMLP_ERROR_FILE_TENSOR},
    {"[4,3]", "[3,4]", CMLP_ERROR_FILE_TENSOR},
    {"[4,3]", "[12]", CMLP_ERROR_FILE_TENSOR},
    {"[3,2]", "[2,3]", CMLP_ERROR_FILE_TENSOR},
    {"\"shape\":[3]", "\"shape\":[3,1]", CMLP_ERROR_FILE_TENSOR},
    {"[48,60]", "[52,64]", CMLP_ERROR_FILE_TENSOR},
    {"[48,60]", "[44,56]", CMLP_ERROR_FILE_TENSOR},
    {"[48,60]", "[60,48]", CMLP_ERROR_FILE_TENSOR},
    {"[0,48]", "[0,18446744073709551615]", CMLP_ERROR_FILE_SYNTAX},
    {"[0,48]}", "[0,48],\"x\":1}", CMLP_ERROR_FILE_SYNTAX},
    {"{\"dtype\":\"F32\",\"shape\":[4,3]", "{\"shape\":[4,3],\"dtype\":\"F32\"", CMLP_ERROR_FILE_SYNTAX},
    /* other tensors */
    {"\"example.output\"", "\"example.input\"", CMLP_ERROR_FILE_NAME},
    {"\"example.output\"", "\"example.output2\"", CMLP_ERROR_FILE_NAME},
    {"\"example.output\":{\"dtype\":\"F32\",\"shape\":[2]", "\"example.output\":{\"dtype\":\"U8\",\"shape\":[8]",
     CMLP_ERROR_FILE_TENSOR},
    {"\"training.x\"", "\"layers.9.weight\"", CMLP_ERROR_FILE_NAME},
    {"\"training.x\"", "\"../../x\"", CMLP_ERROR_FILE_NAME},
    {"\"training.x\"", "\"input.factor\"", CMLP_ERROR_FILE_TENSOR},
    {"\"training.x\":" LAST, "\"input.factor\":{\"dtype\":\"F64\",\"shape\":[4],\"data_offsets\":[119,151]}",
     CMLP_ERROR_FILE_NAME},
    {"\"training.x\":" LAST, "\"input.shift\":{\"dtype\":\"F64\",\"shape\":[4],\"data_offsets\":[119,151]}",
     CMLP_ERROR_FILE_NAME},
    {"\"training.x\"", "\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"", CMLP_ERROR_FILE_NAME},
    {LAST, LAST ",\"z\":{\"dtype\":\"F64\",\"shape\":[2147483647,2147483647],\"data_offsets\":[151,9]}",
     CMLP_ERROR_FILE_TENSOR},
    {LAST, "{\"dtype\":\"U8\",\"shape\":[2000000000,4503599],\"data_offsets\":[119,9007198000000119]}",
     CMLP_ERROR_FILE_SHORT},
    {LAST "}", LAST "}{}", CMLP_ERROR_FILE_SYNTAX},
    {LAST "}", LAST "}\t", CMLP_ERROR_FILE_SYNTAX},
    {LAST "}", LAST, CMLP_ERROR_FILE_SYNTAX},
};

static void test_attacks(void)
{
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        memcpy(&changed, &good, sizeof good);
        CHECK(model_file_replace(&changed, attacks[i].from, attacks[i].to));
        const int status = load(changed.bytes, changed.size, 1, NULL);
        check_that(status == attacks[i].status, "%s instead of %s: %s", attacks[i].to, attacks[i].from,
                   cmlp_status_name(status));
    }
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "\"x\"", "\"y\""));
    CHECK(load(changed.bytes, changed.size, 1, NULL) == CMLP_OK); /* the repaired checksums are valid */
}

static void length_field(uint64_t length, int status)
{
    memcpy(&changed, &good, sizeof good);
    for (int i = 0; i < 8; i++) changed.bytes[i] = (unsigned char)(length >> 8 * i);
    CHECK(load(changed.bytes, changed.size, 1, NULL) == status);
}

static void test_length_fields(void)
{
    length_field(UINT64_MAX, CMLP_ERROR_FILE_MAGIC);
    length_field(UINT64_C(1) << 63, CMLP_ERROR_FILE_MAGIC);
    length_field(100000024, CMLP_ERROR_FILE_MAGIC);
    length_field(0, CMLP_ERROR_FILE_MAGIC);
    length_field(56, CMLP_ERROR_FILE_MAGIC);
    length_field(100000000 / 64 * 64 - 8, CMLP_ERROR_FILE_SHORT);
    length_field(129, CMLP_ERROR_FILE_MAGIC);
}

/* 64 activations mean 65 layers, one too many. */
static void test_too_many_layers(void)
{
    char names[64 * 5 + 1] = "";
    for (int i = 0; i < 64; i++) strcat(names, i < 63 ? "relu," : "relu");
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "relu,softmax", names));
    CHECK(load(changed.bytes, changed.size, 1, NULL) == CMLP_ERROR_FILE_VALUE);
}

/* Weights that are not finite and an example output that the model does not reproduce, with valid checksums. */
static void test_data(void)
{
    const size_t head = (size_t)good.bytes[0] + ((size_t)good.bytes[1] << 8) + 8;
    static const unsigned char bad[][4] = {{0, 0, 0xc0, 0x7f}, {0, 0, 0x80, 0x7f}, {0, 0, 0x80, 0xff},
                                           {1, 0, 0x80, 0x7f}};
    for (size_t i = 0; i < 4; i++)
        for (size_t p = 0; p < N_PARAMS; p++) {
            memcpy(&changed, &good, sizeof good);
            memcpy(changed.bytes + head + 4 * p, bad[i], 4);
            model_file_repair(&changed, head);
            CHECK(load(changed.bytes, changed.size, 1, NULL) == CMLP_ERROR_FILE_NONFINITE);
            CHECK(load(changed.bytes, changed.size, 0, NULL) == CMLP_OK);
        }
    memcpy(&changed, &good, sizeof good);
    changed.bytes[head + 111] ^= 1;
    model_file_repair(&changed, head);
    CHECK(load(changed.bytes, changed.size, 1, NULL) == CMLP_ERROR_FILE_EXAMPLE);
    CHECK(load(changed.bytes, changed.size, 0, NULL) == CMLP_OK);
    memcpy(&changed, &good, sizeof good);
    memcpy(changed.bytes + head + 95, bad[0], 4);
    model_file_repair(&changed, head);
    CHECK(load(changed.bytes, changed.size, 1, NULL) == CMLP_ERROR_FILE_EXAMPLE);
}

/* ---- invalid arguments */

/* One row in structs of this version and in larger ones, which takes another way: both say what is wrong and where. */
static void check_reports(const cmlp_model *model, void *scratch, size_t s)
{
    const cmlp_dtype dtype = dtype_of_model(model);
    double row[N_IN], output[N_OUT];
    struct {
        cmlp_prediction prediction;
        uint64_t later;
    } larger = {{.struct_size = sizeof larger, .outputs = output, .n_outputs = N_OUT}, 0};
    cmlp_prediction own = larger.prediction;
    own.struct_size = sizeof own;
    for (int i = 0; i < 2; i++) {
        cmlp_run run = {.struct_size = sizeof run, .workspace = scratch, .workspace_size = s, .bad_row = 7};
        const cmlp_prediction *const p = i ? &larger.prediction : &own;
        for (int k = 0; k < N_IN; k++) put(dtype, row, k, k == 2 ? HUGE_VAL : 1);
        const cmlp_rows rows = cmlp_dense_rows(row, dtype, 1, N_IN);
        CHECK(cmlp_model_predict(model, &rows, p, &run) == CMLP_ERROR_INPUT);
        CHECK(!strcmp(run.refused, "rows->data") && run.bad_row == 0 && run.bad_element == -1 && run.bad_column == 2);
        put(dtype, row, 2, 1);
        CHECK(cmlp_model_predict(model, &rows, p, &run) == CMLP_OK);
        CHECK(!run.refused && run.bad_row == -1 && run.bad_element == -1 && run.bad_column == -1);
        run.workspace_size = 1;
        CHECK(cmlp_model_predict(model, &rows, p, &run) == CMLP_ERROR_BUFFER_SIZE);
        CHECK(run.refused && !strcmp(run.refused, "run->workspace_size"));
    }
    CHECK(cmlp_model_predict(model, NULL, &own, NULL) == CMLP_ERROR_NULL);
}

static void check_options(void *memory, size_t size, void *scratch, size_t n_scratch)
{
    const cmlp_model *model = NULL;
    cmlp_run run = {.struct_size = sizeof run, .workspace = scratch, .workspace_size = n_scratch};
    cmlp_model_options options = {.struct_size = sizeof options - 1};
    CHECK(cmlp_model_init(memory, size, good.bytes, good.size, &options, &model, &run) == CMLP_ERROR_STRUCT_SIZE && !model);
    CHECK(run.refused && !strcmp(run.refused, "options"));
    options.struct_size = sizeof options;
    for (cmlp_isa isa = 1; isa <= CMLP_ISA_NEON; isa *= 2) {
        options.isa_mask = isa;
        const cmlp_status status = cmlp_model_init(memory, size, good.bytes, good.size, &options, &model, &run);
        CHECK(status == (cmlp_cpu_isa_mask() & isa ? CMLP_OK : CMLP_ERROR_ISA));
        CHECK(status ? !model && !strcmp(run.refused, "options->isa_mask") : cmlp_net_isa(cmlp_model_net(model)) == isa);
    }
    options.isa_mask = INT32_MIN;
    CHECK(cmlp_model_init(memory, size, good.bytes, good.size, &options, &model, &run) == CMLP_ERROR_OPTION && !model);
    options.isa_mask = 1 << 30 | CMLP_ISA_GENERIC;
    CHECK(cmlp_model_init(memory, size, good.bytes, good.size, &options, &model, &run) ==
          (cmlp_cpu_isa_mask() & CMLP_ISA_GENERIC ? CMLP_OK : CMLP_ERROR_ISA));
    options.isa_mask = 1 << 30;
    CHECK(cmlp_model_init(memory, size, good.bytes, good.size, &options, &model, &run) == CMLP_ERROR_ISA && !model);
}


static void test_invalid_load(void)
{
    static _Alignas(64) unsigned char memory[1 << 14], scratch[1 << 17];
    unsigned char *const odd = memory + 1; /* any alignment */
    const cmlp_model *model = (const cmlp_model *)(void *)(memory + 64), *none = NULL;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    CHECK(cmlp_model_describe(NULL, 0, &info, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_describe(good.bytes, good.size, NULL, NULL) == CMLP_ERROR_NULL);
    info.struct_size = 8;
    CHECK(cmlp_model_describe(good.bytes, good.size, &info, NULL) == CMLP_ERROR_STRUCT_SIZE);
    info.struct_size = sizeof info;
    CHECK(cmlp_model_describe(good.bytes, 8, &info, NULL) == CMLP_ERROR_FILE_SHORT);
    CHECK(info.head_size && !info.model_size);
    CHECK(cmlp_model_describe(good.bytes, (size_t)info.head_size, &info, NULL) == CMLP_OK);
    CHECK(info.file_size == good.size);
    const size_t m = info.model_size, s = info.workspace_size;
    none = (const cmlp_model *)odd;
    CHECK(cmlp_model_init(odd, m, good.bytes, 8, NULL, &none, SPACE(scratch, s)) != CMLP_OK && !none);
    none = (const cmlp_model *)odd;
    CHECK(cmlp_model_init(NULL, m, good.bytes, good.size, NULL, &none, SPACE(scratch, s)) == CMLP_ERROR_NULL && !none);
    CHECK(cmlp_model_init(NULL, m, good.bytes, good.size, NULL, &none, SPACE(scratch, s)) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_init(odd, m, NULL, good.size, NULL, &none, SPACE(scratch, s)) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_init(odd, m, good.bytes, good.size, NULL, &none, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_init(odd, m - 1, good.bytes, good.size, NULL, &none, SPACE(scratch, s)) == CMLP_ERROR_BUFFER_SIZE);
    CHECK(cmlp_model_init(odd, 0, good.bytes, good.size, NULL, &none, SPACE(scratch, s)) == CMLP_ERROR_BUFFER_SIZE);
    CHECK(cmlp_model_init(odd, m, good.bytes, good.size, NULL, &none, SPACE(scratch, s - 1)) == CMLP_ERROR_BUFFER_SIZE);
    memcpy(changed.bytes + 4, good.bytes, good.size);
    CHECK(cmlp_model_init(odd, m, changed.bytes + 4, good.size, NULL, &none, SPACE(scratch, s)) == CMLP_ERROR_ALIGNMENT);
    double row[N_IN] = {0}, output[N_OUT];
    int32_t pair[2], label = -2;
    CHECK(predict_row(model, row, N_IN, &label, output, scratch, s) == CMLP_ERROR_MODEL);
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    cmlp_value value;
    CHECK(cmlp_model_prepare_rows(model, &rows, NULL) == CMLP_ERROR_MODEL && cmlp_model_prepare_rows(NULL, &rows,
                                                                                                     NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_find_label(model, 0, &value, NULL) == CMLP_ERROR_MODEL);
    CHECK(!cmlp_model_net(model) && !cmlp_model_params(model) && !cmlp_model_net(NULL));
    CHECK(cmlp_model_init(odd, m, good.bytes, good.size, NULL, NULL, SPACE(scratch, s)) == CMLP_ERROR_NULL);
    check_options(odd, m, scratch, s);
    CHECK(cmlp_model_init(odd, m, good.bytes, good.size, OPTIONS(.is_trusted = 1), &model, NULL) == CMLP_OK);
    CHECK((const unsigned char *)model >= odd && (const unsigned char *)model < odd + m);
    for (size_t right = 0; right < 8; right++) { /* bytes of a model, then zeros */
        static _Alignas(64) unsigned char block[1 << 14];
        const cmlp_model *const copied = (const cmlp_model *)block;
        memcpy(block, model, right);
        CHECK(!cmlp_model_net(copied) && !cmlp_model_params(copied) && cmlp_model_prepare_rows(copied, &rows, NULL) == CMLP_ERROR_MODEL);
    }
    const cmlp_model *misplaced = (const cmlp_model *)(const void *)((const unsigned char *)model + 4);
    CHECK(predict_row(misplaced, row, N_IN, &label, output, scratch, s) == CMLP_ERROR_MODEL);
    CHECK(predict_row(NULL, row, N_IN, &label, output, scratch, s) == CMLP_ERROR_NULL);
    CHECK(predict_row(model, NULL, N_IN, &label, output, scratch, s) == CMLP_ERROR_NULL);
    CHECK(predict_row(model, row, N_IN, &label, output, NULL, s) == CMLP_ERROR_NULL);
    CHECK(predict_row(model, row, N_IN, &label, output, scratch, s - 1) == CMLP_ERROR_BUFFER_SIZE);
    for (int64_t n = -1; n < 2 * N_IN; n++)
        CHECK(predict_row(model, row, n, &label, output, scratch, s) == (n == N_IN ? CMLP_OK : CMLP_ERROR_ROWS));
    label = -2;
    float *const floats = (float *)(void *)row, *const narrow = (float *)(void *)output;
    CHECK(predict_values(CMLP_FLOAT32, model, floats, N_IN, &label, narrow, N_OUT - 1, scratch, s) == CMLP_ERROR_LENGTH);
    CHECK(predict_values(CMLP_FLOAT32, model, floats, N_IN, &label, NULL, N_OUT, scratch, s) == CMLP_ERROR_NULL);
    CHECK(predict_row(model, (char *)row + 1, N_IN, &label, output, scratch, s) == CMLP_ERROR_ALIGNMENT);
    CHECK(predict_row(model, row, N_IN, (void *)((char *)pair + 1), output, scratch, s) == CMLP_ERROR_ALIGNMENT);
    CHECK(label == -2);
    CHECK(predict_row(model, row, N_IN, &label, output, scratch + 1, s) == CMLP_OK && label >= -1);
    memset(row, 0xff, sizeof row);
    CHECK(predict_row(model, row, N_IN, &label, output, scratch, s) == CMLP_ERROR_INPUT);
    check_reports(model, scratch, s);
}

/* What the writer refuses has a name and an index. */
static void check_refused_content(void)
{
    cmlp_model_string s[2] = {strings[0], strings[1]};
    cmlp_model_content content = content_for(&changed);
    static _Alignas(64) unsigned char workspace[1 << 16];
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    content.strings = s;
    s[0] = strings[1]; /* not ascending */
    s[1] = strings[0];
    CHECK(cmlpi_model_write(net, params, cmlp_net_n_params(net), &content, &run) == CMLP_ERROR_NAME);
    CHECK(run.refused && !strcmp(run.refused, "content->strings") && run.bad_element == 1);
    s[0].key = "User";
    CHECK(cmlpi_model_write(net, params, cmlp_net_n_params(net), &content, &run) == CMLP_ERROR_NAME);
    CHECK(run.refused && !strcmp(run.refused, "content->strings") && run.bad_element == 0);
    CHECK(cmlpi_model_write(net, params, cmlp_net_n_params(net) - 1, &content, &run) == CMLP_ERROR_LENGTH);
    CHECK(run.refused && !strcmp(run.refused, "params") && run.bad_element == -1);
}

static int refuse(void *context, const void *piece, size_t n)
{
    (void)piece;
    (void)n;
    return --*(int *)context < 0;
}

#define WRITE_REFUSED(expected, change)                                                                         \
    do {                                                                                                        \
        cmlp_model_string s[2] = {strings[0], strings[1]};                                                      \
        cmlp_model_array a[2] = {arrays[0], arrays[1]};                                                         \
        cmlp_model_content content = content_for(&changed);                                                     \
        content.strings = s;                                                                                    \
        content.arrays = a;                                                                                     \
        change;                                                                                                 \
        const int status = write_with(&content);                                                                \
        check_that(status == (expected) && !changed.size, "%s: %s", #change, cmlp_status_name(status));         \
    } while (0)

static int accept(void *context, const void *piece, size_t n) { return (void)context, (void)piece, n == 0; }

/* A head is at most as long as other readers of the format allow. Its texts are one text here, which is measured and not
 * written. */
static void test_longest_head(void)
{
    enum { TEXTS = 101, LENGTH = 1000000 };
    static char text[LENGTH], keys[TEXTS][16];
    static cmlp_model_string all[TEXTS];
    memset(text, 'x', LENGTH);
    for (int i = 0; i < TEXTS; i++) {
        snprintf(keys[i], sizeof keys[i], "k%03d", i);
        all[i] = (cmlp_model_string){keys[i], text, LENGTH, {0}};
    }
    WRITE_REFUSED(CMLP_ERROR_OVERFLOW, (content.strings = all, content.n_strings = TEXTS));
}

static void test_invalid_content(void)
{
    static unsigned char scratch[1 << 14];
    static const char long_name[] = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"; /* 65 n */
    static const double vectors[N_IN + 1] = {1, 2, 3, 4, 5}, with_zero[N_IN] = {1, 2, 0, 4};
    static const double far_away[N_IN] = {1e300, 1e300, 1e300, 1e300};
    const double *const misaligned = (const double *)(const void *)((const char *)vectors + 4);
    WRITE_REFUSED(CMLP_ERROR_STRUCT_SIZE, content.struct_size = offsetof(cmlp_model_content, input_scale));
    WRITE_REFUSED(CMLP_ERROR_NULL, content.write = NULL);
    WRITE_REFUSED(CMLP_ERROR_NULL, content.strings = NULL);
    WRITE_REFUSED(CMLP_ERROR_NULL, content.arrays = NULL);
    WRITE_REFUSED(CMLP_ERROR_NULL, s[1].key = NULL);
    WRITE_REFUSED(CMLP_ERROR_NULL, s[1].value = NULL);
    WRITE_REFUSED(CMLP_ERROR_NULL, a[1].name = NULL);
    WRITE_REFUSED(CMLP_ERROR_NULL, a[1].data = NULL);
    WRITE_REFUSED(CMLP_ERROR_OPTION, content.n_strings = -1);
    WRITE_REFUSED(CMLP_ERROR_OPTION, content.n_arrays = -1);
    WRITE_REFUSED(CMLP_ERROR_OPTION, content.input_scale = 1e308 * 10);
    WRITE_REFUSED(CMLP_ERROR_NAME, s[1].key = "letters");
    WRITE_REFUSED(CMLP_ERROR_NAME, s[1].key = "a");
    WRITE_REFUSED(CMLP_ERROR_NAME, s[1].key = "loss");
    WRITE_REFUSED(CMLP_ERROR_NAME, s[0].key = "Letters");
    WRITE_REFUSED(CMLP_ERROR_NAME, s[0].key = "9");
    for (int i = 0; i < 2; i++) WRITE_REFUSED(CMLP_ERROR_OPTION, s[1].reserved[i] = 1);
    for (int i = 0; i < 4; i++) WRITE_REFUSED(CMLP_ERROR_OPTION, a[1].reserved[i] = 1);
    WRITE_REFUSED(CMLP_ERROR_OPTION, a[1].padding = 1);
    WRITE_REFUSED(CMLP_ERROR_OPTION, content.reserved = 1);
    WRITE_REFUSED(CMLP_ERROR_NAME, s[1].key = "n{te");
    WRITE_REFUSED(CMLP_ERROR_NAME, s[1].key = long_name);
    WRITE_REFUSED(CMLP_OK, (s[1].key = long_name + 1, content.write = accept));
    WRITE_REFUSED(CMLP_ERROR_NAME, s[1].key = "");
    WRITE_REFUSED(CMLP_ERROR_TEXT, s[1].value = "\n");
    WRITE_REFUSED(CMLP_ERROR_TEXT, (s[1].value = "\xc3\xa9", s[1].n_value = 2));
    WRITE_REFUSED(CMLP_ERROR_TEXT, s[1].n_value = 2); /* the NUL behind "x" */
    WRITE_REFUSED(CMLP_ERROR_OPTION, s[1].n_value = -1);
    WRITE_REFUSED(CMLP_OK, (s[1].n_value = 0, content.write = accept));
    WRITE_REFUSED(CMLP_ERROR_NAME, a[0].name = "training.x");
    WRITE_REFUSED(CMLP_ERROR_NAME, a[0].name = "layers.3.bias");
    WRITE_REFUSED(CMLP_ERROR_NAME, a[0].name = "example.input");
    WRITE_REFUSED(CMLP_ERROR_NAME, a[0].name = "input.x");
    WRITE_REFUSED(CMLP_ERROR_NULL, content.shifts = vectors);
    WRITE_REFUSED(CMLP_ERROR_NULL, content.factors = vectors);
    WRITE_REFUSED(CMLP_ERROR_ALIGNMENT, (content.shifts = vectors, content.factors = misaligned));
    WRITE_REFUSED(CMLP_ERROR_ALIGNMENT, (content.factors = vectors, content.shifts = misaligned));
    WRITE_REFUSED(CMLP_ERROR_OPTION, (content.input_scale = 0, content.shifts = vectors, content.factors = with_zero));
    WRITE_REFUSED(CMLP_ERROR_OPTION, (content.input_scale = 0.5, content.shifts = content.factors = vectors));
    WRITE_REFUSED(CMLP_ERROR_VALUE, (content.input_scale = 0, content.shifts = far_away, content.factors = vectors));
    WRITE_REFUSED(CMLP_ERROR_OPTION, a[0].n_rows = 0);
    WRITE_REFUSED(CMLP_ERROR_OPTION, a[0].n_rows = INT64_C(2147483648));
    WRITE_REFUSED(CMLP_ERROR_OPTION, a[0].n_columns = -1);
    WRITE_REFUSED(CMLP_ERROR_OPTION, a[0].n_columns = INT64_C(2147483648));
    WRITE_REFUSED(CMLP_ERROR_OVERFLOW, (a[0].n_rows = 2147483647, a[0].n_columns = 2147483647));
    /* both sizes are below 2^53, and their sum is not; nothing of the arrays is read */
    const cmlp_model_array large = {"aa", wide, 2147483647, 524288, CMLP_INT64, 0, {0}};
    WRITE_REFUSED(CMLP_ERROR_OVERFLOW, (a[0] = a[1] = large, a[1].name = "b"));
    WRITE_REFUSED(CMLP_ERROR_DTYPE, a[0].dtype = 9);
    WRITE_REFUSED(CMLP_ERROR_ALIGNMENT, a[1].data = (const char *)wide + 1);
    WRITE_REFUSED(CMLP_ERROR_VALUE, put(CMLP_FLOAT32, params, 5, 1e39));
    make_net(CMLP_FLOAT32, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    const cmlp_model_content valid = content_for(&changed);
    size_t size;
    CHECK(cmlpi_model_write(net, NULL, cmlp_net_n_params(net), &valid, SPACE(scratch, sizeof scratch)) == CMLP_ERROR_NULL);
    CHECK(cmlpi_model_write(net, (char *)params + 1, cmlp_net_n_params(net), &valid, SPACE(scratch, sizeof scratch)) == CMLP_ERROR_ALIGNMENT);
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_net_workspace_size(NULL, NULL, NULL, NULL, &size, NULL) == CMLP_ERROR_NULL);
    for (int pieces = 0; pieces < 6; pieces++) {
        int left = pieces;
        cmlp_model_content content = content_for(&changed);
        content.write = refuse;
        content.write_context = &left;
        CHECK(write_with(&content) == CMLP_ERROR_WRITE);
        CHECK(left == -1); /* not called again */
    }
}

int main(void)
{
    test_round_trips();
    test_parameters();
    test_bytes();
    CHECK(load(good.bytes, good.size, 1, compare_many_rows) == CMLP_OK);
    CHECK(load(good.bytes, good.size, 1, find_string) == CMLP_OK);
    test_damage();
    test_without_verification();
    test_attacks();
    test_length_fields();
    test_too_many_layers();
    test_data();
    test_invalid_load();
    test_invalid_content();
    check_refused_content();
    test_longest_head();
    return finish();
}
