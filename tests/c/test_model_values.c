/* Labels, names and categories in model files: written from values, checked, described and searched. */
#include "../../src/cmlp/core/file/read/model.h"
#include "../../src/cmlp/core/file/write/any_names.h"
#include "model_file.h"
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OUT = 4, MOST_PARAMS = 64, N_COLUMNS = 4 };

static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *net;
static float params[MOST_PARAMS];
static model_file good, changed;

static cmlp_value text_of(const char *text)
{
    return (cmlp_value){.text = text, .n_text = (int64_t)strlen(text), .kind = CMLP_VALUE_TEXT};
}

static cmlp_value number(double x, const char *text)
{
    return (cmlp_value){.text = text, .n_text = (int64_t)strlen(text), .number = x, .kind = CMLP_VALUE_DOUBLE};
}

static cmlp_value integer(int64_t i) { return (cmlp_value){.integer = i, .kind = CMLP_VALUE_INTEGER}; }

/* `quantiles` is NULL, or has a quantile for each output. */
static void make_net_with_loss(int64_t n_in, int64_t n_out, int32_t output, cmlp_loss loss, const double *quantiles)
{
    const int64_t sizes[] = {n_in, n_out};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = &output;
    config.n_layers = 2;
    config.loss = loss;
    config.dtype = CMLP_FLOAT32;
    config.quantiles = quantiles;
    config.n_quantiles = quantiles ? n_out : 0;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int i = 0; i < MOST_PARAMS; i++) params[i] = (float)(i % 7) / 8 - 0.25f;
}

static void make_net(int64_t n_in, int64_t n_out, int32_t output)
{
    const cmlp_loss loss = output == CMLP_ACTIVATION_IDENTITY ? CMLP_LOSS_SQUARED_ERROR : CMLP_LOSS_LOG;
    make_net_with_loss(n_in, n_out, output, loss, NULL);
}

static cmlp_model_content content_of(const cmlp_value *labels, int64_t n)
{
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    good.size = 0;
    content.write = model_file_append;
    content.write_context = &good;
    content.labels = labels;
    content.n_labels = n;
    return content;
}

static cmlp_status write_network(const cmlp_model_content *content)
{
    static unsigned char workspace[1 << 16];
    return cmlp_model_write(net, params, cmlp_net_n_params(net), content, SPACE(workspace, sizeof workspace));
}

/* The same with any names, as the Python package writes them. */
static cmlp_status write_any_names(const cmlp_model_content *content)
{
    static unsigned char workspace[1 << 16];
    return cmlpi_model_write(net, params, cmlp_net_n_params(net), content, SPACE(workspace, sizeof workspace));
}

/* Loads a file that ends at a guard page. The model is valid until the next call. */
static cmlp_status load(const model_file *file, const cmlp_model **model, cmlp_model_info *info)
{
    static slot file_slot;
    static unsigned char memory[1 << 14], workspace[1 << 16];
    if (!file_slot.base) slot_make(&file_slot, MODEL_FILE_CAPACITY);
    unsigned char *const copy = slot_place(&file_slot, file->size, AT_END, (8 - file->size % 8) % 8);
    memcpy(copy, file->bytes, file->size);
    *info = CMLP_INIT(cmlp_model_info);
    const cmlp_status status = cmlp_model_describe(copy, file->size, info, NULL);
    if (status) return status;
    return cmlp_model_init(memory, sizeof memory, copy, file->size, NULL, model, SPACE(workspace, sizeof workspace));
}

/* ---- labels */

static void test_labels(void)
{
    const cmlp_value texts[] = {text_of("cat"), text_of("cow"), text_of("dog")};
    const cmlp_value integers[] = {integer(INT64_MIN), integer(-7), integer(0), integer(INT64_MAX)};
    const cmlp_value numbers[] = {number(-0.5, "-0.5"), number(2.5, "2.5"), number(1e300, "1e+300")};
    const cmlp_value booleans[] = {{.kind = CMLP_VALUE_BOOLEAN}, {.integer = 1, .kind = CMLP_VALUE_BOOLEAN}};
    cmlp_value large[] = {integer(3), text_of("9223372036854775808"), text_of("18446744073709551615")};
    const cmlp_model *model;
    cmlp_model_info info;
    large[1].kind = large[2].kind = CMLP_VALUE_LARGE_INTEGER;
    const struct {
        const cmlp_value *labels;
        int n, n_out;
        int32_t output;
        const char *bytes; /* of the tensor of texts */
    } cases[] = {{texts, 3, 3, CMLP_ACTIVATION_SOFTMAX, "catcowdog"},
                 {integers, 4, 4, CMLP_ACTIVATION_SOFTMAX, "-9223372036854775808-709223372036854775807"},
                 {numbers, 3, 3, CMLP_ACTIVATION_LOGISTIC, "-0.52.51e+300"},
                 {booleans, 2, 1, CMLP_ACTIVATION_LOGISTIC, "FalseTrue"},
                 {large + 1, 2, 1, CMLP_ACTIVATION_LOGISTIC, "922337203685477580818446744073709551615"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_net(3, cases[i].n_out, cases[i].output);
        const cmlp_model_content content = content_of(cases[i].labels, cases[i].n);
        CHECK(write_network(&content) == CMLP_OK);
        const cmlp_status status = load(&good, &model, &info);
        check_that(status == CMLP_OK, "labels %d: %s", (int)i, cmlp_status_name(status));
        CHECK(info.n_out == cases[i].n && info.n_labels == cases[i].n);
        const size_t n = strlen(cases[i].bytes);
        int found = 0;
        for (size_t at = 0; at + n <= good.size; at++) found |= !memcmp(good.bytes + at, cases[i].bytes, n);
        check_that(found, "%s", cases[i].bytes);
    }
}

static void test_refused_labels(void)
{
    const cmlp_value descending[] = {text_of("b"), text_of("a")}, equal[] = {integer(1), integer(1)};
    const cmlp_value mixed[] = {integer(1), text_of("a")}, unprinted[] = {number(1, ""), number(2, "2.0")};
    const cmlp_value broken[] = {text_of("a"), text_of("\xff")}, missing[] = {{.kind = CMLP_VALUE_MISSING}, text_of("a")};
    const cmlp_value infinite[] = {number(1, "1.0"), number(INFINITY, "inf")}, sorted[] = {text_of("a"), text_of("b")};
    cmlp_value printed[] = {integer(1), integer(2)}, reserved[] = {integer(1), integer(2)};
    printed[1].text = "3";
    printed[1].n_text = 1;
    reserved[1].reserved = 1;
    const struct {
        const cmlp_value *labels;
        int n, n_out;
        int32_t output;
        cmlp_status status;
    } cases[] = {{descending, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {equal, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {mixed, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {unprinted, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {broken, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_TEXT},
                 {missing, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {infinite, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {printed, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {reserved, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_OPTION},
                 {sorted, 2, 3, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {sorted, 1, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_VALUE},
                 {sorted, 2, 2, CMLP_ACTIVATION_IDENTITY, CMLP_ERROR_VALUE},
                 {sorted, -1, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_OPTION},
                 {NULL, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_ERROR_NULL},
                 {sorted, 2, 2, CMLP_ACTIVATION_SOFTMAX, CMLP_OK},
                 {sorted, 1, 1, CMLP_ACTIVATION_LOGISTIC, CMLP_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_net(3, cases[i].n_out, cases[i].output);
        const cmlp_model_content content = content_of(cases[i].labels, cases[i].n);
        const cmlp_status status = write_network(&content);
        check_that(status == cases[i].status, "labels %d: %s", (int)i, cmlp_status_name(status));
        CHECK(!status || !good.size);
    }
    const cmlp_value outputs[] = {integer(0), integer(1)}, others[] = {integer(0), integer(2)};
    cmlp_model_content content = content_of(outputs, 2);
    content.kind = CMLP_MODEL_MULTILABEL;
    make_net(3, 1, CMLP_ACTIVATION_LOGISTIC);
    CHECK(write_network(&content) == CMLP_ERROR_OPTION);
    content.n_labels = 1;
    CHECK(write_network(&content) == CMLP_ERROR_OPTION);
    content.n_labels = 2;
    make_net(3, 2, CMLP_ACTIVATION_SOFTMAX);
    CHECK(write_network(&content) == CMLP_ERROR_OPTION);
    make_net(3, 2, CMLP_ACTIVATION_LOGISTIC);
    CHECK(write_network(&content) == CMLP_OK);
    content.labels = others;
    CHECK(write_network(&content) == CMLP_ERROR_VALUE);
    content.labels = sorted;
    CHECK(write_network(&content) == CMLP_ERROR_VALUE);
    content.n_labels = 0;
    CHECK(write_network(&content) == CMLP_ERROR_OPTION);
    const cmlp_model_array own = {.name = "labels.text", .data = "a", .n_rows = 1, .dtype = CMLP_UINT8};
    content = content_of(NULL, 0);
    content.arrays = &own;
    content.n_arrays = 1;
    CHECK(write_any_names(&content) == CMLP_ERROR_NAME);
}

/* A row can have any number of the labels: no class index is its answer. */
static void test_multilabel(void)
{
    const cmlp_value labels[] = {integer(0), integer(1)};
    static unsigned char workspace[1 << 16];
    const float row[3] = {1, 2, 3};
    const cmlp_model *model;
    cmlp_model_info info;
    for (int several = 0; several < 2; several++) {
        int32_t label = -7;
        make_net(3, 2, CMLP_ACTIVATION_LOGISTIC);
        cmlp_model_content content = content_of(labels, 2);
        content.kind = several ? CMLP_MODEL_MULTILABEL : 0;
        CHECK(write_network(&content) == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
        CHECK(predict_values(CMLP_FLOAT32, model, row, 3, &label, NULL, 0, workspace, sizeof workspace) == CMLP_OK);
        CHECK(several ? label == -1 : label >= 0);
    }
}

/* One logistic output is a probability of two classes unless the model is of numbers. */
static void test_one_logistic_output(void)
{
    static const cmlp_model_kind kinds[] = {CMLP_MODEL_NETWORK, CMLP_MODEL_REGRESSOR, CMLP_MODEL_CLASSIFIER};
    const cmlp_value labels[] = {integer(0), integer(1)};
    static unsigned char workspace[1 << 16];
    const float row[3] = {1, 2, 3};
    const cmlp_model *model;
    cmlp_model_info info;
    for (int i = 0; i < 3; i++) {
        int32_t label = -7;
        make_net_with_loss(3, 1, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_SQUARED_ERROR, NULL);
        cmlp_model_content content = kinds[i] == CMLP_MODEL_REGRESSOR ? content_of(NULL, 0) : content_of(labels, 2);
        content.kind = kinds[i];
        CHECK(write_network(&content) == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
        CHECK(info.n_out == (kinds[i] == CMLP_MODEL_CLASSIFIER ? 2 : 1));
        CHECK(predict_values(CMLP_FLOAT32, model, row, 3, &label, NULL, 0, workspace, sizeof workspace) == CMLP_OK);
        CHECK(kinds[i] == CMLP_MODEL_REGRESSOR ? label == -1 : label >= 0);
    }
}

/* ---- kinds and own names */

/* Writes the network, of kind 0 for the usual one, and compares the kind in the file; 0: it is refused. */
static void check_kind(cmlp_model_content content, cmlp_model_kind kind, cmlp_model_kind expected)
{
    const cmlp_model *model;
    cmlp_model_info info;
    good.size = 0;
    content.kind = kind;
    const cmlp_status status = write_network(&content);
    check_that(status == (expected ? CMLP_OK : CMLP_ERROR_OPTION), "kind %d: %s", (int)kind, cmlp_status_name(status));
    if (!status) CHECK(load(&good, &model, &info) == CMLP_OK && info.kind == expected);
}

static void test_kinds_of_models(void)
{
    const cmlp_value labels[] = {integer(0), integer(1), integer(2)};
    static const cmlp_loss losses[] = {CMLP_LOSS_LOG,   CMLP_LOSS_FOCAL,          CMLP_LOSS_LABEL_SMOOTHING,
                                       CMLP_LOSS_HUBER, CMLP_LOSS_ABSOLUTE_ERROR, CMLP_LOSS_SQUARED_ERROR};
    const cmlp_model_content none = content_of(NULL, 0), two = content_of(labels, 2), three = content_of(labels, 3);
    make_net(3, 2, CMLP_ACTIVATION_IDENTITY);
    check_kind(none, 0, CMLP_MODEL_NETWORK);
    check_kind(none, CMLP_MODEL_REGRESSOR, CMLP_MODEL_REGRESSOR);
    check_kind(none, CMLP_MODEL_CLASSIFIER, 0);
    check_kind(none, CMLP_MODEL_ORDERED, 0);
    check_kind(none, CMLP_MODEL_ORDERED + 1, 0);
    check_kind(none, -1, 0);
    make_net(3, 3, CMLP_ACTIVATION_SOFTMAX);
    check_kind(three, 0, CMLP_MODEL_CLASSIFIER);
    check_kind(three, CMLP_MODEL_NETWORK, CMLP_MODEL_NETWORK);
    check_kind(three, CMLP_MODEL_REGRESSOR, 0);
    check_kind(three, CMLP_MODEL_MULTILABEL, 0);
    check_kind(three, CMLP_MODEL_ORDERED, 0);
    make_net(3, 2, CMLP_ACTIVATION_SOFTMAX);
    check_kind(two, 0, CMLP_MODEL_CLASSIFIER);
    check_kind(two, CMLP_MODEL_NETWORK, CMLP_MODEL_NETWORK);
    make_net(3, 2, CMLP_ACTIVATION_LOGISTIC);
    check_kind(two, 0, CMLP_MODEL_NETWORK); /* a classifier has one output for them */
    check_kind(two, CMLP_MODEL_CLASSIFIER, 0);
    check_kind(two, CMLP_MODEL_MULTILABEL, CMLP_MODEL_MULTILABEL);
    check_kind(none, CMLP_MODEL_MULTILABEL, 0);
    for (int i = 0; i < 6; i++) { /* the loss decides, too */
        const int is_of_classes = i < 3, is_of_numbers = i > 2;
        make_net_with_loss(3, 1, CMLP_ACTIVATION_LOGISTIC, losses[i], NULL);
        check_kind(two, 0, is_of_classes || i == 5 ? CMLP_MODEL_CLASSIFIER : CMLP_MODEL_NETWORK);
        check_kind(none, CMLP_MODEL_REGRESSOR, is_of_numbers ? CMLP_MODEL_REGRESSOR : 0);
    }
}

static void test_own_names(void)
{
    static const char *const names[] = {"user.a", "user.", "user", "usea.a", "labels_dtype", "a"};
    for (int i = 0; i < 6; i++) {
        const cmlp_model_string string = {.key = names[i], .value = "x", .n_value = 1};
        const cmlp_model_array array = {.name = names[i], .data = "x", .n_rows = 1, .dtype = CMLP_UINT8};
        cmlp_model_content content = content_of(NULL, 0);
        make_net(3, 2, CMLP_ACTIVATION_SOFTMAX);
        content.strings = &string;
        content.n_strings = 1;
        CHECK(write_network(&content) == (i < 2 ? CMLP_OK : CMLP_ERROR_NAME));
        CHECK(write_any_names(&content) == CMLP_OK);
        content = content_of(NULL, 0);
        content.arrays = &array;
        content.n_arrays = 1;
        CHECK(write_network(&content) == (i < 2 ? CMLP_OK : CMLP_ERROR_NAME));
        CHECK(write_any_names(&content) == CMLP_OK);
    }
}

/* ---- names of inputs, and the format of cells */

static void test_names_of_inputs(void)
{
    const cmlp_value names[] = {text_of("height"), text_of(""), text_of("\xc3\xa4ge")};
    const cmlp_value broken[] = {text_of("a"), text_of("\xff"), text_of("b")}, numbers[] = {text_of("a"), integer(1), text_of("")};
    const cmlp_model *model;
    cmlp_model_info info;
    make_net(3, 2, CMLP_ACTIVATION_SOFTMAX);
    cmlp_model_content content = content_of(NULL, 0);
    content.names = names;
    content.n_names = 3;
    CHECK(write_network(&content) == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    int found = 0;
    for (size_t at = 0; at + 10 <= good.size; at++) found |= !memcmp(good.bytes + at, "height\xc3\xa4ge", 10);
    CHECK(found);
    cmlp_table_column_info column = CMLP_INIT(cmlp_table_column_info);
    for (int i = 0; i < 3; i++) {
        CHECK(cmlp_model_describe_column(model, i, &column, NULL) == CMLP_OK);
        CHECK(column.n_name == names[i].n_text && !memcmp(column.name, names[i].text, (size_t)names[i].n_text));
        CHECK(column.kind == CMLP_TABLE_COLUMN_NUMBER && column.role == CMLP_TABLE_ROLE_NUMBER && !column.n_categories);
        CHECK(isnan(column.unknown_code) && !*column.unit && !column.n_unit && !*column.format && !column.n_format);
    }
    CHECK(cmlp_model_describe_column(model, 3, &column, NULL) == CMLP_ERROR_INDEX);
    CHECK(cmlp_model_describe_column(model, -1, &column, NULL) == CMLP_ERROR_INDEX);
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "\"names.text\":{\"dtype\":\"U8\"", "\"names.text\":{\"dtype\":\"I8\""));
    CHECK(load(&changed, &model, &info) == CMLP_ERROR_FILE_TENSOR);
    content = content_of(NULL, 0);
    content.names = names;
    content.n_names = 2;
    CHECK(write_network(&content) == CMLP_ERROR_LENGTH);
    content.n_names = 0;
    CHECK(write_network(&content) == CMLP_ERROR_OPTION);
    content.n_names = 3;
    content.names = NULL;
    CHECK(write_network(&content) == CMLP_ERROR_NULL);
    content.names = broken;
    CHECK(write_network(&content) == CMLP_ERROR_TEXT);
    content.names = numbers;
    CHECK(write_network(&content) == CMLP_ERROR_VALUE);
}

static void test_cell_formats(void)
{
    enum { SIZE = sizeof(cmlp_cell_format) };
    const cmlp_value words[] = {text_of("unknown"), text_of("")}, broken[] = {text_of("\xff")}, numbers[] = {integer(1)};
    const cmlp_model *model;
    cmlp_model_info info;
    const struct {
        cmlp_cell_format cells;
        cmlp_status status;
    } cases[] = {{{SIZE, words, 2, ',', '.', 0, 0}, CMLP_OK},
                 {{SIZE, NULL, 0, '.', 0, 0, 0}, CMLP_OK},
                 {{SIZE, NULL, 0, '.', '\'', 0, 0}, CMLP_OK},
                 {{SIZE, NULL, 0, '.', ' ', 0, 0}, CMLP_OK},
                 {{SIZE, words, 2, '.', ',', 1, 0}, CMLP_OK},
                 {{SIZE, NULL, 0, '.', 0, 2, 0}, CMLP_ERROR_OPTION},
                 {{SIZE, NULL, 0, '.', 0, 0, 1}, CMLP_OK},
                 {{SIZE, words, 2, '.', 0, 1, 1}, CMLP_OK},
                 {{SIZE, NULL, 0, '.', 0, 1, 2}, CMLP_ERROR_OPTION},
                 {{SIZE, NULL, 0, '.', '.', 0, 0}, CMLP_ERROR_VALUE},
                 {{SIZE, NULL, 0, ';', 0, 0, 0}, CMLP_ERROR_VALUE},
                 {{SIZE, NULL, 0, 0, 0, 0, 0}, CMLP_ERROR_VALUE},
                 {{SIZE, NULL, 0, '.', '_', 0, 0}, CMLP_ERROR_VALUE},
                 {{SIZE, NULL, 0, '.' + 256, 0, 0, 0}, CMLP_ERROR_VALUE},
                 {{SIZE, words, 0, '.', 0, 0, 0}, CMLP_ERROR_OPTION},
                 {{SIZE, words, -1, '.', 0, 0, 0}, CMLP_ERROR_OPTION},
                 {{SIZE, NULL, 1, '.', 0, 0, 0}, CMLP_ERROR_NULL},
                 {{SIZE, broken, 1, '.', 0, 0, 0}, CMLP_ERROR_TEXT},
                 {{SIZE, numbers, 1, '.', 0, 0, 0}, CMLP_ERROR_VALUE},
                 {{SIZE - 1, NULL, 0, '.', 0, 0, 0}, CMLP_ERROR_STRUCT_SIZE},
                 {{0, NULL, 0, '.', 0, 0, 0}, CMLP_ERROR_STRUCT_SIZE}};
    make_net(3, 2, CMLP_ACTIVATION_SOFTMAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cmlp_model_content content = content_of(NULL, 0);
        content.cells = &cases[i].cells;
        const cmlp_status status = write_network(&content);
        check_that(status == cases[i].status, "cells %d: %s", (int)i, cmlp_status_name(status));
        if (status) continue;
        CHECK(load(&good, &model, &info) == CMLP_OK);
        const size_t head = (size_t)good.bytes[0] + ((size_t)good.bytes[1] << 8) + 8;
        const unsigned char form[2] = {(unsigned char)cases[i].cells.decimal, (unsigned char)cases[i].cells.thousands};
        size_t at = good.size - 2;
        while (at > head && memcmp(good.bytes + at, form, 2)) at--;
        CHECK(at > head);
        const int rules = cases[i].cells.has_own_words + 2 * cases[i].cells.of_spreadsheets;
        if (rules) {
            CHECK(good.bytes[at + 2] == rules);
            good.bytes[at + 2] = rules == 1 ? 0 : 4;
        } else {
            good.bytes[at] = ';';
        }
        model_file_repair(&good, head);
        CHECK(load(&good, &model, &info) == CMLP_ERROR_FILE_VALUE);
    }
}

/* ---- columns */

static cmlp_value first[3], ordered[2];
static cmlp_table_column columns[N_COLUMNS];
static cmlp_table table;
static cmlp_table_net network;

static void make_table(void)
{
    first[0] = text_of("b");
    first[1] = (cmlp_value){.kind = CMLP_VALUE_MISSING};
    first[2] = text_of("");
    ordered[0] = integer(1);
    ordered[1] = number(2.5, "");
    memset(columns, 0, sizeof columns);
    columns[0] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .has_missing = 2, .n_categories = 3, .categories = first};
    columns[1] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .scale = 1, .n_categories = 2, .categories = ordered};
    columns[2] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_UNUSED};
    columns[3] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .scale = 2};
    static const char *const names[N_COLUMNS] = {"colour", "size", "", "\xc3\xa4ge"};
    for (int i = 0; i < N_COLUMNS; i++) {
        columns[i].name = names[i];
        columns[i].n_name = (int64_t)strlen(names[i]);
    }
    make_net(5, 3, CMLP_ACTIVATION_SOFTMAX);
    table = CMLP_INIT(cmlp_table);
    table.columns = columns;
    table.n_columns = N_COLUMNS;
    network = (cmlp_table_net){.net = net, .params = params, .n_params = cmlp_net_n_params(net)};
    table.nets = &network;
    table.n_nets = 1;
}

static cmlp_status write_table_of(cmlp_model_kind kind)
{
    static slot scratch;
    size_t size = 0;
    const cmlp_value labels[] = {integer(1), integer(2), integer(3)};
    cmlp_model_content content = content_of(labels, table.targets || kind ? 0 : 3);
    content.kind = kind;
    if (!scratch.base) slot_make(&scratch, 1 << 16);
    const cmlp_status status = cmlp_table_write_workspace_size(&table, &size, NULL);
    if (status) return status;
    void *memory = slot_place(&scratch, size, AT_END, 0);
    const cmlp_status written = cmlpi_table_write(&table, &content, SPACE(memory, size));
    CHECK(slot_intact(&scratch));
    return written;
}

static cmlp_status write_table(void) { return write_table_of(0); }

static double code_of(const cmlp_model *model, int64_t column, cmlp_value value)
{
    double code = -9;
    CHECK(cmlp_model_find_code(model, column, &value, &code, NULL) == CMLP_OK);
    return code;
}

static void test_columns(void)
{
    const cmlp_model *model;
    cmlp_model_info info;
    cmlp_table_column_info column = CMLP_INIT(cmlp_table_column_info);
    make_table();
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(info.n_out == 3 && info.n_in == N_COLUMNS);
    CHECK(code_of(model, 0, first[0]) == 0 && code_of(model, 0, first[1]) == 1 && code_of(model, 0, first[2]) == 2);
    CHECK(code_of(model, 0, text_of("c")) == -1 && code_of(model, 0, integer(0)) == -1);
    CHECK(code_of(model, 0, number(NAN, "")) == 1); /* as the missing value */
    CHECK(code_of(model, 1, number(1, "")) == 0 && code_of(model, 1, number(2.5, "")) == 1);
    CHECK(isnan(code_of(model, 1, number(INFINITY, ""))) && isnan(code_of(model, 1, text_of("1"))));
    CHECK(cmlp_model_describe_column(model, 0, &column, NULL) == CMLP_OK);
    CHECK(column.n_categories == 3 && column.unknown_code == -1 && column.kind == CMLP_TABLE_COLUMN_CATEGORY && !column.n_unit);
    CHECK(column.n_name == 6 && !memcmp(column.name, "colour", 6) && column.role == CMLP_TABLE_ROLE_CATEGORY);
    CHECK(cmlp_model_describe_column(model, 1, &column, NULL) == CMLP_OK);
    CHECK(column.n_categories == 2 && isnan(column.unknown_code) && column.n_name == 4);
    CHECK(cmlp_model_describe_column(model, 3, &column, NULL) == CMLP_OK);
    CHECK(column.n_categories == 0 && column.kind == CMLP_TABLE_COLUMN_NUMBER && column.n_name == 4);
    CHECK(cmlp_model_describe_column(model, 4, &column, NULL) == CMLP_ERROR_INDEX);
    CHECK(cmlp_model_describe_column(model, -1, &column, NULL) == CMLP_ERROR_INDEX);
    CHECK(cmlp_model_describe_column(model, 0, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_describe_column(NULL, 0, &column, NULL) == CMLP_ERROR_NULL);
    const cmlp_value none = {.kind = 9}, broken = {.text = "\xff", .n_text = 1, .kind = CMLP_VALUE_TEXT};
    double code = -9;
    CHECK(cmlp_model_find_code(model, 2, &first[0], &code, NULL) == CMLP_ERROR_NOT_FOUND);
    CHECK(cmlp_model_find_code(model, 0, &none, &code, NULL) == CMLP_ERROR_OPTION);
    CHECK(cmlp_model_find_code(model, 0, &broken, &code, NULL) == CMLP_ERROR_TEXT);
    static const char *const ones[] = {"1", "0001", "00000000000000000000000000000000001"};
    static const char *const none_of[] = {"", "-", "1 ", "+1", "1.0", "0x1"};
    for (int i = 0; i < 3; i++) {
        const cmlp_value digits = {.text = ones[i], .n_text = (int64_t)strlen(ones[i]), .kind = CMLP_VALUE_LARGE_INTEGER};
        CHECK(code_of(model, 1, digits) == 0);
    }
    for (int i = 0; i < 6; i++) {
        const cmlp_value bad = {.text = none_of[i], .n_text = (int64_t)strlen(none_of[i]), .kind = CMLP_VALUE_LARGE_INTEGER};
        CHECK(cmlp_model_find_code(model, 1, &bad, &code, NULL) == CMLP_ERROR_TEXT);
    }
    CHECK(cmlp_model_find_code(model, 0, NULL, &code, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_find_code(model, 0, &first[0], NULL, NULL) == CMLP_ERROR_NULL && code == -9);
}

/* What columns hold, and categories without values. */
static void test_kinds(void)
{
    static const cmlp_table_column_kind kinds[N_COLUMNS] = {CMLP_TABLE_COLUMN_CATEGORY, CMLP_TABLE_COLUMN_ORDERED, CMLP_TABLE_COLUMN_NUMBER,
                                                     CMLP_TABLE_COLUMN_NUMBER};
    static const char *const units[] = {"", "", "0 or 1", "days since 1970-01-01", "days since 1970-01-01",
                                        "days since 1970-01-01", "days", "", ""};
    const cmlp_model *model;
    cmlp_model_info info;
    cmlp_table_column_info column = CMLP_INIT(cmlp_table_column_info);
    make_table();
    columns[0].categories = NULL;
    CHECK(write_table() == CMLP_ERROR_OPTION); /* the categories are their codes, none of which is missing */
    columns[0].has_missing = 0;
    columns[2].n_categories = 2;
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    for (int i = 0; i < N_COLUMNS; i++) {
        CHECK(cmlp_model_describe_column(model, i, &column, NULL) == CMLP_OK);
        CHECK(column.kind == (i == 2 ? CMLP_TABLE_COLUMN_CATEGORY : kinds[i]));
    }
    CHECK(code_of(model, 0, integer(2)) == 2 && code_of(model, 0, integer(3)) == -1 && code_of(model, 2, integer(1)) == 1);
    for (cmlp_table_column_kind kind = CMLP_TABLE_COLUMN_NUMBER; kind < CMLP_TABLE_COLUMN_CATEGORY; kind++) {
        make_table();
        columns[2].kind = columns[3].kind = kind;
        CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
        for (int i = 2; i < N_COLUMNS; i++) {
            CHECK(cmlp_model_describe_column(model, i, &column, NULL) == CMLP_OK);
            CHECK(column.kind == kind && !strcmp(column.unit, units[kind]));
            CHECK(column.n_unit == (int64_t)strlen(units[kind]));
        }
    }
}

static void test_refused_columns(void)
{
    make_table();
    columns[2].name = NULL;
    CHECK(write_table() == CMLP_ERROR_OPTION);
    make_table();
    columns[0].n_categories = 2;
    CHECK(write_table() == CMLP_ERROR_WIDTH); /* the network has an input for each of three */
    make_table();
    columns[3].kind = CMLP_TABLE_COLUMN_CATEGORY; /* without categories */
    CHECK(write_table() == CMLP_ERROR_OPTION);
    for (cmlp_table_column_kind kind = CMLP_TABLE_COLUMN_KIND_SIGNED; kind <= CMLP_TABLE_COLUMN_ORDERED + 1; kind++) {
        const int is_ordered = kind == CMLP_TABLE_COLUMN_ORDERED, is_known = kind > 0 && kind <= CMLP_TABLE_COLUMN_ORDERED;
        make_table();
        columns[0].kind = kind;
        CHECK(write_table() == (!kind || (is_known && !is_ordered) ? CMLP_OK : CMLP_ERROR_OPTION));
        make_table();
        columns[1].kind = kind;
        CHECK(write_table() == (!kind || is_ordered ? CMLP_OK : CMLP_ERROR_OPTION));
    }
    make_table();
    columns[3].reserved[11] = 1;
    CHECK(write_table() == CMLP_ERROR_OPTION);
    make_table();
    first[2] = text_of("b");
    CHECK(write_table() == CMLP_ERROR_VALUE);
    make_table();
    ordered[1] = number(1, "");
    CHECK(write_table() == CMLP_ERROR_VALUE); /* it equals the integer */
    make_table();
    ordered[1] = number(2.5, "2.5");
    CHECK(write_table() == CMLP_ERROR_VALUE); /* categories have no texts of numbers */
    make_table();
    columns[0].name = "\xc3";
    columns[0].n_name = 1;
    CHECK(write_table() == CMLP_ERROR_TEXT);
}

/* ---- values that mean a missing one */

/* The last value of a column of categories has the code of the missing value, or none. */
static void test_missing_values(void)
{
    const cmlp_model *model;
    cmlp_model_info info;
    cmlp_table_column_info column = CMLP_INIT(cmlp_table_column_info);
    static const cmlp_value values[] = {{.text = "a", .n_text = 1, .kind = CMLP_VALUE_TEXT},
                                        {.kind = CMLP_VALUE_MISSING},
                                        {.text = "b", .n_text = 1, .kind = CMLP_VALUE_TEXT},
                                        {.text = "unknown", .n_text = 7, .kind = CMLP_VALUE_TEXT}};
    cmlp_value category = {.kind = CMLP_VALUE_MISSING};
    double code = -9;
    make_table();
    const int64_t n = columns[0].n_categories;
    CHECK(n == 3 && columns[0].role == CMLP_TABLE_ROLE_CATEGORY);
    columns[0].categories = values;
    columns[0].n_missing_values = 1;
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(!memcmp(good.bytes + 53, "\",\"requires\":\"missing_values\"", 29));
    CHECK(cmlp_model_describe_column(model, 0, &column, NULL) == CMLP_OK && column.n_categories == 3);
    CHECK(cmlp_model_find_code(model, 0, &values[3], &code, NULL) == CMLP_OK && code == 1);
    CHECK(cmlp_model_find_code(model, 0, &values[2], &code, NULL) == CMLP_OK && code == 2);
    CHECK(read_cell(model, 0, "unknown", 7, &code, NULL) == CMLP_OK && code == 1);
    CHECK(cmlp_model_find_category(model, 0, 3, &category, NULL) == CMLP_ERROR_INDEX);
    columns[0].categories = NULL;
    CHECK(write_table() == CMLP_ERROR_NULL);
}

static double number_of(const cmlp_model *model, int64_t column, const char *cell)
{
    double found = -9;
    CHECK(read_cell(model, column, cell, (int64_t)strlen(cell), &found, NULL) == CMLP_OK);
    return found;
}

/* A cell that means a missing number or date is NaN, as in Python. */
static void test_missing_numbers(void)
{
    static const double numbers[] = {-999, 0.5}, days[] = {-25567};
    const cmlp_model *model;
    cmlp_model_info info;
    make_table();
    columns[3].edges = numbers;
    columns[3].n_missing_values = 2;
    columns[2].edges = days;
    columns[2].n_missing_values = 1;
    columns[2].kind = CMLP_TABLE_COLUMN_DATE;
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(isnan(number_of(model, 3, "-999")) && isnan(number_of(model, 3, "5e-1")) && number_of(model, 3, "-998") == -998);
    CHECK(isnan(number_of(model, 2, "1900-01-01")) && number_of(model, 2, "1900-01-02") == -25566);
    columns[3].kind = CMLP_TABLE_COLUMN_TIME;
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(isnan(number_of(model, 3, "1970-01-01 12:00")) && number_of(model, 3, "1970-01-01") == 0);
}

/* The bytes of a double in a file. */
static void to_little(unsigned char bytes[8], double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(bits >> 8 * i);
}

/* What means a missing value among ordered categories is behind them in their list: no category, and missing in a row. */
static void test_missing_ranks(void)
{
    static double ranks[] = {2};
    static const cmlp_value listed[] = {{.integer = 1, .kind = CMLP_VALUE_INTEGER}, {.integer = 7, .kind = CMLP_VALUE_INTEGER},
                                        {.integer = -9, .kind = CMLP_VALUE_INTEGER}};
    const cmlp_model *model;
    cmlp_model_info info;
    cmlp_table_column_info column = CMLP_INIT(cmlp_table_column_info);
    cmlp_value category;
    make_table();
    columns[1].categories = listed;
    columns[1].n_categories = 3;
    columns[1].edges = ranks;
    columns[1].n_missing_values = 1;
    columns[3].scale = 5; /* the only 2 is the rank */
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(cmlp_model_describe_column(model, 1, &column, NULL) == CMLP_OK && column.n_categories == 2);
    CHECK(isnan(number_of(model, 1, "-9")) && number_of(model, 1, "7") == 1 && isnan(number_of(model, 1, "8")));
    CHECK(isnan(code_of(model, 1, integer(-9))) && code_of(model, 1, integer(1)) == 0);
    CHECK(cmlp_model_find_category(model, 1, 2, &category, NULL) == CMLP_ERROR_INDEX);
    static const double others[] = {1, 3, -1, 1.5};
    const size_t head = (size_t)good.bytes[0] + ((size_t)good.bytes[1] << 8) + 8;
    for (int i = 0; i < 4; i++) {
        unsigned char old[8], other[8];
        int n = 0;
        to_little(old, 2);
        to_little(other, others[i]);
        memcpy(&changed, &good, sizeof good);
        for (size_t at = head; at + 8 <= changed.size; at++)
            if (!memcmp(changed.bytes + at, old, 8)) memcpy(changed.bytes + at, other, 8), n++;
        model_file_repair(&changed, head);
        CHECK(n == 1 && load(&changed, &model, &info) == CMLP_ERROR_FILE_VALUE);
    }
    for (int i = 0; i < 4; i++) {
        ranks[0] = others[i];
        CHECK(write_table() == CMLP_ERROR_OPTION);
    }
    ranks[0] = 2;
    columns[1].n_categories = 1; /* no category is left */
    CHECK((ranks[0] = 0, write_table()) == CMLP_ERROR_OPTION);
}

/* NaN in a row is the missing category, or an unknown one. */
static void test_missing_category(void)
{
    static unsigned char workspace[1 << 14];
    static const double codes[] = {NAN, 1, -1};
    const cmlp_model *model;
    cmlp_model_info info;
    for (int is_known = 0; is_known < 2; is_known++) {
        double outputs[3][3];
        int32_t label;
        make_table();
        if (!is_known) {
            first[1] = text_of("a");
            columns[0].has_missing = 0;
        }
        CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
        for (int i = 0; i < 3; i++) {
            const double row[N_COLUMNS] = {codes[i], 0.25, 0, 1};
            CHECK(predict_row(model, row, N_COLUMNS, &label, outputs[i], workspace, sizeof workspace) == CMLP_OK);
        }
        CHECK(!memcmp(outputs[0], outputs[is_known ? 1 : 2], sizeof *outputs));
        CHECK(memcmp(outputs[1], outputs[2], sizeof *outputs) != 0);
    }
    static const int32_t wrong[] = {0, 1, 3};
    for (int i = 0; i < 3; i++) {
        make_table();
        columns[0].has_missing = wrong[i];
        CHECK(write_table() == CMLP_ERROR_OPTION);
    }
    make_table(); /* behind the categories, it is none */
    columns[0].n_categories = 2;
    columns[0].n_missing_values = 1;
    first[1] = text_of("a");
    first[2] = (cmlp_value){.kind = CMLP_VALUE_MISSING};
    columns[0].has_missing = 0;
    make_net(3, 3, CMLP_ACTIVATION_SOFTMAX);
    network.n_params = cmlp_net_n_params(net);
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK && code_of(model, 0, first[2]) == -1);
}

/* ---- forms of dates */

static cmlp_status write_format(cmlp_table_column_kind kind, const char *format, int64_t n_format)
{
    make_table();
    columns[3].kind = kind;
    columns[3].format = format;
    columns[3].n_format = n_format;
    return write_table();
}

/* A form of dates is described, and cells of its column are read by it. */
static void test_formats(void)
{
    const cmlp_model *model;
    cmlp_model_info info;
    cmlp_table_column_info column = CMLP_INIT(cmlp_table_column_info);
    double days = -9;
    for (cmlp_table_column_kind kind = CMLP_TABLE_COLUMN_DATE; kind <= CMLP_TABLE_COLUMN_INSTANT; kind++) {
        CHECK(write_format(kind, "%d.%m.%Y, ignored", 8) == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
        CHECK(cmlp_model_describe_column(model, 3, &column, NULL) == CMLP_OK);
        CHECK(column.n_format == 8 && !memcmp(column.format, "%d.%m.%Y", 8) && column.kind == kind);
        CHECK(cmlp_model_describe_column(model, 0, &column, NULL) == CMLP_OK && column.format && !column.n_format);
        days = -9;
        CHECK(read_cell(model, 3, "1970-01-02", 10, &days, NULL) == CMLP_ERROR_CELL && days == -9);
        CHECK(read_cell(model, 3, "", 0, &days, NULL) == CMLP_OK && isnan(days));
        days = -9;
        const int has_offset = kind == CMLP_TABLE_COLUMN_INSTANT; /* which the form lacks */
        CHECK(read_cell(model, 3, "2.1.1970", 8, &days, NULL) == (has_offset ? CMLP_ERROR_CELL : CMLP_OK));
        CHECK(days == (has_offset ? -9 : 1));
    }
    CHECK(write_format(CMLP_TABLE_COLUMN_DATE, NULL, 0) == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(cmlp_model_describe_column(model, 3, &column, NULL) == CMLP_OK && column.format && !column.n_format);
    CHECK(read_cell(model, 3, "1970-01-02", 10, &days, NULL) == CMLP_OK && days == 1);
    CHECK(write_format(CMLP_TABLE_COLUMN_NUMBER, "%Y", 2) == CMLP_ERROR_OPTION);
    CHECK(write_format(CMLP_TABLE_COLUMN_DATE, "%Y", -1) == CMLP_ERROR_OPTION);
    CHECK(write_format(CMLP_TABLE_COLUMN_DATE, "%Y", 0) == CMLP_ERROR_OPTION);
    CHECK(write_format(CMLP_TABLE_COLUMN_DATE, NULL, 2) == CMLP_ERROR_NULL);
    CHECK(write_format(CMLP_TABLE_COLUMN_DATE, "\xc3", 1) == CMLP_ERROR_TEXT);
}

/* Forms, cells of each and their days; -1 for a cell that is no date of the form. Those of unknown directives are no forms. */
static const struct {
    const char *form, *cell;
    double days;
} dates[] = {
    {"%d.%m.%Y", "02.01.1970", 1}, {"%d.%m.%Y", " 2.1.1970\xc2\xa0", 1}, {"%d.%m.%Y", "002.1.1970", -1}, {"%d.%m.%Y", "2.1.70", -1},
    {"%d.%m.%Y", "31.2.2000", -1}, {"%d.%m.%Y", "0.1.2000", -1}, {"%d.%m.%Y", "1.0.2000", -1}, {"%d.%m.%Y", "1.13.2000", -1},
    {"%d.%m.%Y", "1.1.0000", -1}, {"%d.%m.%Y", "1.1.1970 ", 0}, {"%d.%m.%Y", "1.1.19701", -1}, {"%d.%m.%Y", "1.1.\xd9\xa1", -1},
    {"%Y%m%d", "19700203", 33}, {"%Y%m%d", "1970203", -1}, {"%y%m", "6912", -31}, {"%y%m", "6812", 36129}, {"%d1%Y %B", "0111970 mAY", 120},
    {"%d1%Y %B", "111970 May", -1}, {"%b  %Y", "Jan \t 1970", 0}, {"%b %Y", "Jan1970", -1}, {"%b %Y", "January 1970", 0},
    {"%B %Y", "jANUARY 1970", 0}, {"%B %Y", "Sept 1970", -1}, {"%B %Y", "September 1970", 243}, {"%B%Y", "December1970", 334},
    {"%YQ%q", "1970Q3", 181}, {"%YQ%q", "1970Q5", -1}, {"%YQ%q", "1970Q0", -1}, {"%Y%m", "19703", -1}, {"%YQ%q", "1970q3", -1}, {"%Y-%j", "1972-366", 1095}, {"%Y-%j", "1971-366", -1},
    {"%Y-%j", "1970-0", -1}, {"%Y-%j", "1970-32", 31}, {"%Y%j", "197032", -1}, {"%Y %H%p", "1970 12am", 0}, {"%Y %H%p", "1970 12PM", 0.5},
    {"%Y %H%p", "1970 6Pm", 0.75}, {"%Y %H%p", "1970 0am", -1}, {"%Y %H%p", "1970 13pm", -1}, {"%Y %H:%M:%S", "1970 1:30:0", 0.0625},
    {"%Y %H:%M:%S", "1970 24:0:0", -1}, {"%Y %H:%M:%S", "1970 0:60:0", -1}, {"%Y %H:%M:%S", "1970 0:0:60", -1},
    {"%% %Y%% %m", "% 1970% 3", 59}, {"%% %Y%% %m", "%% 1970% 3", -1}, {"%Y\xe5\xb9\xb4%m", "1970\xe5\xb9\xb4" "3", 59},
    {"%Y%z", "1970+06:00", -0.25}, {"%Y%z", "1970-06", 0.25}, {"%Y%z", "1970Z", 0}, {"%Y%z", "1970z", -1}, {"%Y%z", "1970+2400", -1},
    {"%Y%z", "1970+0060", -1}, {"%Y%z", "0001+01", -1}, {"%Y%z:%m", "1970+06:02", 30.75}, {"%Y%z:%m", "1970+06:00:02", 30.75},
    {"%z%m-%Y", "+06002-1970", 30.75}, {"%z%m-%Y", "+0602-1970", 30.75}, {"%z%m-%Y", "+06:2-1970", -1},
    {"%d. %B %Y", "3. M\xc3\x84rz 1970", 61}, {"%d. %B %Y", "3. Ma\xcc\x88rz 1970", 61}, {"%d. %b %Y", "3. f\xc3\xa9vr. 1970", 33},
    {"%d. %b %Y", "3. fevr 1970", 33}, {"%d. %b %Y", "3. jui 1970", -1}, {"%d. %b %Y", "3. ma 1970", -1}, {"%d. %b. %Y", "3. mrt 1970", -1},
    {"%d %B %Y", "3rd mars 1970", 61}, {"%d %B %Y", "1\xc2\xba maggio 1970", 120}, {"%d %B %Y", "3x mars 1970", -1}, {"%d-%b-%Y", "3rd-mar-1970", -1},
    {"%a, %d %b %Y", "Mo., 5 jan 1970", 4}, {"%A, %d %b %Y", "Segunda-Feira, 5 jan 1970", 4}, {"%a, %d %b %Y", "M, 5 jan 1970", -1},
    {"%a, %d %b %Y", "Golf, 5 jan 1970", -1}, {"%aT%Y", "MoT1970", -1}, {"%bT%Y", "JanT1970", 0}, {"%bT%Y", "GenT1970", -1},
    {"%G-W%V-%u", "1970-W01-1", -3}, {"%G-W%V", "1970-W2", 4}, {"%G-W%V-%u", "1970-W53-7", 367}, {"%G-W%V-%u", "1971-W53-1", -1},
    {"%G-W%V-%u", "1970-W00-1", -1}, {"%G-W%V-%u", "1970-W01-8", -1}, {"%G-W%V-%u", "0000-W01-1", -1}, {"%G-W%V-%u", "9999-W52-7", -1},
    {"%G", "1970", -1}, {"%Y-W%V", "1970-W01", -1}, {"%G-W%V-%d", "1970-W01-1", -1}, {"%G %m", "1970 1", -1}, {"%a %A %Y", "mo mo 1970", -1},
    {"%d.%m.%Y %f", "2.1.1970 0", -1}, {"%Y%", "1970%", -1}, {"%m", "1", -1}, {"%Y %y", "1970 70", -1}, {"%Y %d", "1970 1", -1},
    {"%Y %M", "1970 1", -1}, {"%Y %H %S", "1970 1 1", -1}, {"%Y %p", "1970 am", -1}, {"%Y %j %m", "1970 1 1", -1}, {"%Y %q %d", "1970 1 1", -1},
    {"%Y \xff", "1970 \xff", -1}, {"%Y %m %m", "1970 1 1", -1}, {"x", "x", -1}};

static void test_dates_of_forms(void)
{
    const cmlp_model *model;
    cmlp_model_info info;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        const int is_instant = strstr(dates[i].form, "%z") != NULL;
        const cmlp_table_column_kind kind = is_instant ? CMLP_TABLE_COLUMN_INSTANT : CMLP_TABLE_COLUMN_TIME;
        const cmlp_status written = write_format(kind, dates[i].form, (int64_t)strlen(dates[i].form));
        if (strchr(dates[i].form, '\xff')) { /* no text */
            CHECK(written == CMLP_ERROR_TEXT);
            continue;
        }
        CHECK(written == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
        double days = -9;
        cmlp_run run = CMLP_INIT(cmlp_run);
        const cmlp_status status = read_cell(model, 3, dates[i].cell, (int64_t)strlen(dates[i].cell), &days, &run);
        const int is_read = dates[i].days != -1;
        check_that(status == (is_read ? CMLP_OK : CMLP_ERROR_CELL) && days == (is_read ? dates[i].days : -9), "%s of %s: %s, %g",
                   dates[i].cell, dates[i].form, cmlp_status_name(status), days);
        CHECK(run.bad_column == (is_read ? -1 : 3));
        CHECK(read_cell(model, 3, "NA", 2, &days, NULL) == CMLP_OK && isnan(days));
    }
}

/* ---- calibration */

/* Makes a table whose answers have scores of this kind, or whose outputs are probabilities. */
static void make_table_of(cmlp_table_calibration_kind kind)
{
    static const double quantiles[3] = {0.1, 0.5, 0.9};
    static const cmlp_table_target target = {.scale = 1, .low = -9, .high = 9};
    make_table();
    if (kind < CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR || kind > CMLP_TABLE_CALIBRATION_QUANTILES) return;
    make_net(5, 3, CMLP_ACTIVATION_IDENTITY);
    table.targets = &target;
    table.n_targets = 1;
    if (kind == CMLP_TABLE_CALIBRATION_QUANTILES) make_net_with_loss(5, 3, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_QUANTILE, quantiles);
}

static void check_target(const cmlp_model *model, const cmlp_table_calibration *c)
{
    static const double none[4] = {-INFINITY, -INFINITY, INFINITY, INFINITY};
    cmlp_table_target_info info = CMLP_INIT(cmlp_table_target_info);
    const int is_of_quantiles = c->kind == CMLP_TABLE_CALIBRATION_QUANTILES;
    const int is_of_targets = c->kind != CMLP_TABLE_CALIBRATION_PROBABILITY;
    CHECK(cmlp_model_describe_target(model, 0, &info, NULL) == CMLP_OK && !info.name && !info.n_name);
    CHECK(info.n_quantiles == (is_of_quantiles ? 3 : 0) && !info.quantiles == !is_of_quantiles);
    CHECK(!is_of_quantiles || (info.quantiles[0] == 0.1 && info.quantiles[2] == 0.9));
    CHECK(info.lowest == (is_of_targets ? -9 : 0) && info.highest == (is_of_targets ? 9 : 1));
    CHECK(!memcmp(info.limits, c->limits ? c->limits : none, sizeof none));
    CHECK(info.n_scores == c->n_scores && info.kind == c->kind && !info.is_held_out == !c->is_held_out);
}

/* The interval of rank 3 of 4, from limits of 0 on: of quantiles if they are near it, of others not beyond it. */
static void check_interval(const cmlp_model *model, const cmlp_table_calibration *c, const double outputs[3])
{
    const cmlpi_query query = {.outputs = outputs, .n_outputs = 3, .coverage = 0.6};
    const int is_of_quantiles = c->kind == CMLP_TABLE_CALIBRATION_QUANTILES;
    const double margin = c->n_widths ? 0.4 * 1.5 : 0.4; /* the factor is in the middle of 1 and 2 */
    double low, high, lowest = outputs[0] - margin;
    if (c->n_limits && (is_of_quantiles || lowest < 0)) lowest = 0;
    CHECK(cmlpi_find_interval(model, &query, &low, &high) == CMLP_OK);
    CHECK(low == lowest && high == outputs[is_of_quantiles ? 2 : 0] + margin);
}

static void test_calibration(void)
{
    static const double scores[] = {0.1, 0.2, 0.4, 0.8}, widths[] = {0, 1, 1, 2}, limits[] = {0, 1, 5, 4};
    static const double descending[] = {0.2, 0.1}, equal[12] = {0};
    const cmlp_model *model;
    cmlp_model_info info;
    cmlp_table_calibration c = CMLP_INIT(cmlp_table_calibration);
    const struct {
        cmlp_table_calibration_kind kind;
        const double *scores, *widths, *limits;
        int n_scores, n_targets, n_widths, n_limits;
        cmlp_status status;
    } cases[] = {
        {CMLP_TABLE_CALIBRATION_PROBABILITY, scores, NULL, NULL, 4, 1, 0, 0, CMLP_OK},
        {CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR, scores, NULL, NULL, 4, 1, 0, 0, CMLP_OK},
        {CMLP_TABLE_CALIBRATION_SCALED_ERROR, scores, widths, NULL, 4, 1, 4, 0, CMLP_OK},
        {CMLP_TABLE_CALIBRATION_QUANTILES, scores, NULL, NULL, 4, 1, 0, 0, CMLP_OK},
        {CMLP_TABLE_CALIBRATION_QUANTILES, scores, NULL, limits, 4, 1, 0, 4, CMLP_OK},
        {CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR, scores, NULL, limits, 4, 1, 0, 4, CMLP_OK},
        {CMLP_TABLE_CALIBRATION_SCALED_ERROR, scores, widths, limits, 4, 1, 4, 4, CMLP_OK},
        {0, scores, NULL, NULL, 4, 1, 0, 0, CMLP_ERROR_OPTION},
        {5, scores, NULL, NULL, 4, 1, 0, 0, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR, scores, widths, NULL, 4, 1, 4, 0, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_SCALED_ERROR, scores, NULL, NULL, 4, 1, 0, 0, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_SCALED_ERROR, scores, widths, NULL, 4, 1, 3, 0, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR, scores, NULL, limits, 4, 1, 0, 3, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR, scores, NULL, limits, 4, 2, 0, 4, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR, scores, NULL, limits, 4, 1, 0, 8, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR, scores, NULL, limits, 4, 1, 0, -4, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_PROBABILITY, scores, NULL, limits, 4, 1, 0, 4, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_QUANTILES, scores, NULL, limits, 4, 1, 0, 3, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_QUANTILES, scores, NULL, limits, 4, 1, 0, 0, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_PROBABILITY, NULL, NULL, NULL, 4, 1, 0, 0, CMLP_ERROR_NULL},
        {CMLP_TABLE_CALIBRATION_PROBABILITY, scores, NULL, NULL, 0, 1, 0, 0, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_PROBABILITY, scores, NULL, NULL, 4, 0, 0, 0, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_PROBABILITY, scores, NULL, NULL, 4, 3, 0, 0, CMLP_ERROR_OPTION},
        {CMLP_TABLE_CALIBRATION_PROBABILITY, scores, NULL, NULL, 4, 2, 0, 0, CMLP_ERROR_LENGTH},
        {CMLP_TABLE_CALIBRATION_PROBABILITY, descending, NULL, NULL, 2, 1, 0, 0, CMLP_ERROR_VALUE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_table_of(cases[i].kind);
        table.calibration = &c;
        c.kind = cases[i].kind;
        c.scores = cases[i].scores;
        c.widths = cases[i].widths;
        c.limits = cases[i].limits;
        c.n_scores = cases[i].n_scores;
        c.n_targets = cases[i].n_targets;
        c.n_widths = cases[i].n_widths;
        c.n_limits = cases[i].n_limits;
        c.is_held_out = i % 2;
        const cmlp_status status = write_table();
        check_that(status == cases[i].status, "calibration %d: %s", (int)i, cmlp_status_name(status));
        if (status) continue;
        const double outputs[3] = {0.5, 0.25, 0.25};
        CHECK(load(&good, &model, &info) == CMLP_OK);
        check_target(model, &c);
        CHECK(cmlpi_is_calibrated(model, 0));
        if (c.kind != CMLP_TABLE_CALIBRATION_PROBABILITY) check_interval(model, &c, outputs);
        memcpy(&changed, &good, sizeof good);
        CHECK(model_file_replace(&changed, "\"calibration.kind\"", "\"calibration.kinds\""));
        CHECK(load(&changed, &model, &info) == CMLP_OK);
        CHECK(!cmlpi_is_calibrated(model, 0));
    }
    for (int n_targets = 1; n_targets <= 4; n_targets++) { /* each output has its row */
        make_table();
        make_net(5, 3, CMLP_ACTIVATION_LOGISTIC);
        c = CMLP_INIT(cmlp_table_calibration);
        table.calibration = &c;
        c.kind = CMLP_TABLE_CALIBRATION_PROBABILITY;
        c.scores = equal;
        c.n_scores = 12;
        c.n_targets = n_targets;
        CHECK(write_table_of(CMLP_MODEL_MULTILABEL) == (n_targets == 3 ? CMLP_OK : CMLP_ERROR_LENGTH));
    }
    for (cmlp_table_calibration_kind kind = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR; kind <= CMLP_TABLE_CALIBRATION_PROBABILITY; kind++) {
        const int is_scaled = kind == CMLP_TABLE_CALIBRATION_SCALED_ERROR;
        for (cmlp_table_calibration_kind of = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR; of <= CMLP_TABLE_CALIBRATION_PROBABILITY; of++) {
            const int are_errors = kind <= CMLP_TABLE_CALIBRATION_SCALED_ERROR && of <= CMLP_TABLE_CALIBRATION_SCALED_ERROR;
            c = CMLP_INIT(cmlp_table_calibration);
            make_table_of(of);
            table.calibration = &c;
            c.kind = kind;
            c.scores = scores;
            c.n_scores = 4;
            c.n_targets = 1;
            c.widths = is_scaled ? widths : NULL;
            c.n_widths = is_scaled ? 4 : 0;
            CHECK(write_table() == (kind == of || are_errors ? CMLP_OK : CMLP_ERROR_OPTION));
        }
    }
}

/* ---- sets */

static int has_set(const cmlp_model *model, const cmlpi_query *query, int n, const int32_t *expected)
{
    int32_t found[5] = {-7, -7, -7, -7, -7};
    CHECK(cmlpi_find_set(model, query, found) == CMLP_OK && found[n] == -7);
    return !memcmp(found, expected, (size_t)n * sizeof *found);
}
#define QUERY(its_target, its_coverage, its_outputs)                                                                   \
    (&(cmlpi_query){.outputs = (its_outputs), .n_outputs = (int64_t)(sizeof(its_outputs) / sizeof *(its_outputs)), \
                    .target = (its_target), .coverage = (its_coverage)})
#define HAS_SET(n, coverage, target, outputs, ...) has_set(model, QUERY(target, coverage, outputs), n, (int32_t[]){__VA_ARGS__})

/* The status of an answer with sets of three classes. */
static cmlp_status ask_sets(const cmlp_model *model, int32_t by_class)
{
    static const double zeros[N_COLUMNS];
    const cmlp_rows row = cmlp_dense_rows(zeros, CMLP_FLOAT64, 1, N_COLUMNS);
    int32_t found[3];
    return call_answer(model, &row, ANSWER(.coverage = 0.8, .sets = found, .n_sets = 3, .by_class = by_class), NULL);
}

/* Gives the table another network. */
static void use_net(int64_t n_in, int64_t n_out, int32_t output)
{
    make_net(n_in, n_out, output);
    network = (cmlp_table_net){.net = net, .params = params, .n_params = cmlp_net_n_params(net)};
}

static void test_sets(void)
{
    static const double scores[] = {-0.5, 0.25, 0.5, 0.75, 0.1, 0.5, 0.6, 0.9, 0, 0.1, 0.2, 0.3};
    static const double flat[3] = {0.25, 0.5, 0.25}, tied[3] = {0.4, 0.2, 0.4}, sure[3] = {0, 0, 1}, none[3] = {0, NAN, 0};
    static const double gap[4] = {0.25, 0.375, 0.125, 0.25}, high[4] = {0.125, 0, 0.125, 0.75}, half[4] = {0.5, 0.125, 0.125, 0.25}, labels[3] = {0.75, 0.5, 0.625};
    static const cmlp_value ranks[] = {{.text = "low", .n_text = 3, .kind = CMLP_VALUE_TEXT}, {.text = "b", .n_text = 1, .kind = CMLP_VALUE_TEXT},
                                       {.text = "c", .n_text = 1, .kind = CMLP_VALUE_TEXT}, {.text = "d", .n_text = 1, .kind = CMLP_VALUE_TEXT}};
    const cmlp_model *model;
    cmlp_model_info info;
    int32_t found[3] = {-7, -7, -7};
    cmlp_table_calibration c = CMLP_INIT(cmlp_table_calibration);
    c.kind = CMLP_TABLE_CALIBRATION_PROBABILITY;
    c.scores = scores;
    c.n_scores = 4;
    c.n_targets = 1;
    make_table();
    table.calibration = &c;
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(HAS_SET(3, 0.1, 0, flat, 0, 1, 0) && HAS_SET(3, 0.6, 0, flat, 0, 1, 0)); /* the margins -0.5 and 0.5 */
    CHECK(HAS_SET(3, 0.8, 0, flat, 1, 1, 1) && HAS_SET(3, 0.9, 0, sure, 1, 1, 1)); /* 0.75, and infinity */
    CHECK(HAS_SET(3, 0.6, 0, tied, 1, 0, 0) && HAS_SET(3, 0.8, 0, tied, 1, 0, 1) && HAS_SET(3, 0.8, 0, sure, 0, 0, 1));
    CHECK(cmlpi_find_set(model, QUERY(0, 0.8, none), found) == CMLP_ERROR_OPTION && found[0] == -7);
    CHECK(ask_sets(model, 0) == CMLP_OK && ask_sets(model, 1) == CMLP_ERROR_NOT_FOUND); /* the file has no scores by class */
    use_net(5, 3, CMLP_ACTIVATION_LOGISTIC); /* of several labels, each has its margin, and the outcomes no and yes */
    c.n_scores = 12;
    c.n_targets = 3;
    CHECK(write_table_of(CMLP_MODEL_MULTILABEL) == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(HAS_SET(2, 0.8, 0, labels, 1, 1) && HAS_SET(2, 0.6, 0, labels, 0, 1));
    CHECK(HAS_SET(2, 0.4, 1, labels, 1, 1) && HAS_SET(2, 0.2, 1, labels, 1, 0) && HAS_SET(2, 0.8, 2, labels, 0, 1));
    static slot scratch; /* a set of ordered labels has no gaps, and the predicted label */
    slot_make(&scratch, 1 << 16);
    c.n_scores = 4;
    c.n_targets = 1;
    cmlp_model_content content = content_of(ranks, 4);
    CHECK(cmlpi_table_write(&table, &content, SPACE(slot_place(&scratch, 1 << 15, AT_END, 0), 1 << 15)) == CMLP_OK);
    CHECK(load(&good, &model, &info) == CMLP_OK && info.kind == CMLP_MODEL_ORDERED);
    CHECK(HAS_SET(4, 0.6, 0, gap, 0, 1, 0, 0)); /* the last two labels have less than half */
    CHECK(HAS_SET(4, 0.8, 0, gap, 1, 1, 1, 1) && HAS_SET(4, 0.1, 0, gap, 0, 1, 0, 0) && HAS_SET(4, 0.8, 0, high, 0, 0, 0, 1));
    CHECK(HAS_SET(4, 0.1, 0, half, 1, 0, 0, 0)); /* half is not more than half */
    use_net(5, 1, CMLP_ACTIVATION_LOGISTIC); /* without labels, one output is the probability of yes */
    static const double yes[1] = {0.75};
    CHECK(write_table_of(CMLP_MODEL_CLASSIFIER) == CMLP_OK && load(&good, &model, &info) == CMLP_OK && info.n_out == 1);
    CHECK(HAS_SET(2, 0.6, 0, yes, 0, 1) && HAS_SET(2, 0.8, 0, yes, 1, 1));
    make_table_of(CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR);
    table.calibration = &c;
    c.kind = CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR;
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(ask_sets(model, 0) == CMLP_ERROR_MODEL_KIND);
    make_table();
    CHECK(write_table() == CMLP_OK && load(&good, &model, &info) == CMLP_OK);
    CHECK(ask_sets(model, 0) == CMLP_ERROR_NOT_FOUND);
}

/* ---- values outside of training */

/* Loads the table with what training had of the categories of each column: 8 numbers, or NULL. */
static cmlp_status load_seen(const double *seen, const cmlp_model **model)
{
    static slot scratch;
    cmlp_model_info info;
    cmlp_model_content content = content_of(NULL, 0);
    const cmlp_model_array array = {.name = "categories.seen", .data = seen, .n_rows = 2, .n_columns = N_COLUMNS, .dtype = CMLP_FLOAT64};
    if (!scratch.base) slot_make(&scratch, 1 << 16);
    content.arrays = &array;
    content.n_arrays = seen != NULL;
    CHECK(cmlpi_table_write(&table, &content, SPACE(slot_place(&scratch, 1 << 15, AT_END, 0), 1 << 15)) == CMLP_OK);
    return load(&good, model, &info);
}

static int are_equal(const double *a, const double *b)
{
    for (int i = 0; i < N_COLUMNS; i++)
        if (a[i] != b[i] && !(isnan(a[i]) && isnan(b[i]))) return 0;
    return 1;
}

static int is_outside(const cmlp_model *model, double a, double b, double c, double d, const double *expected)
{
    const double row[N_COLUMNS] = {a, b, c, d};
    double found[N_COLUMNS + 1] = {-7, -7, -7, -7, -7};
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT64, 1, N_COLUMNS);
    CHECK(call_answer(model, &rows, ANSWER(.outside = found, .n_outside = N_COLUMNS), NULL) == CMLP_OK && found[N_COLUMNS] == -7);
    return are_equal(found, expected);
}
#define OUTSIDE(a, b, c, d, ...) is_outside(model, a, b, c, d, (double[]){__VA_ARGS__})

static void test_outside(void)
{
    static const double edges[] = {-1, 0.25, 2}, more[] = {4, 0, 0, 0, 0.5, 0, 0, 0}, all[] = {3, 0, 0, 0, 0, 0, 0, 0};
    const cmlp_model *model;
    make_table();
    use_net(7, 3, CMLP_ACTIVATION_SOFTMAX);
    columns[1].centre = 0.5;
    columns[3].edges = edges;
    columns[3].n_edges = 3;
    CHECK(load_seen(NULL, &model) == CMLP_OK);
    CHECK(OUTSIDE(0, 0.5, 0, -1, 0, 0, 0, 0) && OUTSIDE(2, 1, 9, 2, 0, 0, 0, 0) && OUTSIDE(1, 0, NAN, 2.5, 0, 0, 0, 0.5));
    CHECK(OUTSIDE(-1, NAN, 0, -3, NAN, NAN, 0, -2) && OUTSIDE(3, NAN, 0, NAN, NAN, NAN, 0, NAN));
    CHECK(OUTSIDE(0.5, 0.5, 0, 0, NAN, 0, 0, 0) && OUTSIDE(NAN, 0.5, 0, 1e300, 0, 0, 0, 1e300 - 2));
    columns[1].has_missing = 1;
    use_net(8, 3, CMLP_ACTIVATION_SOFTMAX);
    CHECK(load_seen(all, &model) == CMLP_OK && OUTSIDE(-1, NAN, 0, NAN, NAN, 0, 0, NAN) && OUTSIDE(0, 9, 0, 0, 0, 0, 0, 0));
    CHECK(load_seen(more, &model) == CMLP_OK && OUTSIDE(-1, NAN, 0, NAN, 0, 0, 0, NAN));
    first[1] = text_of("a"); /* no missing category */
    columns[0].has_missing = 0;
    CHECK(load_seen(all, &model) == CMLP_OK && OUTSIDE(NAN, 0, 0, 0, NAN, 0, 0, 0));
    CHECK(load_seen(more, &model) == CMLP_OK && OUTSIDE(NAN, 0, 0, 0, 0, 0, 0, 0));
    memcpy(&changed, &good, sizeof good);
    CHECK(model_file_replace(&changed, "\"shape\":[2,4]", "\"shape\":[4,2]"));
    cmlp_model_info info;
    CHECK(load(&changed, &model, &info) == CMLP_ERROR_FILE_TENSOR);
}

/* Every flipped bit, and every byte of the tensors with a repaired checksum: no access outside, and some are refused. */
static void test_damage(void)
{
    const cmlp_model *model;
    cmlp_model_info info;
    make_table();
    CHECK(write_table() == CMLP_OK);
    const size_t head = (size_t)good.bytes[0] + ((size_t)good.bytes[1] << 8) + 8;
    int64_t refused = 0;
    for (size_t i = head; i < good.size; i++)
        for (int k = 0; k < 4; k++) {
            static const unsigned char masks[4] = {1, 2, 128, 255};
            memcpy(&changed, &good, sizeof good);
            changed.bytes[i] ^= masks[k];
            CHECK(load(&changed, &model, &info) == CMLP_ERROR_FILE_DATA_CRC);
            model_file_repair(&changed, head);
            refused += load(&changed, &model, &info) == CMLP_ERROR_FILE_VALUE;
        }
    check_that(refused > 600, "%d refused", (int)refused);
}

#define LABEL_ENDS "\"labels.ends\":{\"dtype\":\"I64\",\"shape\":[3]"
#define COUNTS "\"categories.counts\":{\"dtype\":\"I64\",\"shape\":[4]"
#define ORDER "\"categories.order\":{\"dtype\":\"I32\",\"shape\":[5]"

static const struct attack {
    const char *from, *to;
    cmlp_status status;
} attacks[] = {
    {"\"labels.type\"", "\"labels.typed\"", CMLP_ERROR_FILE_NAME},
    {"\"labels.ends\"", "\"labels.end\"", CMLP_ERROR_FILE_NAME},
    {"\"labels.integer\"", "\"labels.integers\"", CMLP_ERROR_FILE_NAME},
    {"\"names.ends\"", "\"names.endings\"", CMLP_ERROR_FILE_NAME},
    {"\"categories.order\"", "\"categories.ord\"", CMLP_ERROR_FILE_NAME},
    {"\"categories.type\"", "\"categories.typed\"", CMLP_ERROR_FILE_NAME},
    {LABEL_ENDS, "\"labels.ends\":{\"dtype\":\"F64\",\"shape\":[3]", CMLP_ERROR_FILE_TENSOR},
    {LABEL_ENDS, "\"labels.ends\":{\"dtype\":\"I64\",\"shape\":[3,1]", CMLP_ERROR_FILE_TENSOR},
    {COUNTS, "\"categories.counts\":{\"dtype\":\"I64\",\"shape\":[2,2]", CMLP_ERROR_FILE_TENSOR},
    {ORDER, "\"categories.order\":{\"dtype\":\"F32\",\"shape\":[5]", CMLP_ERROR_FILE_TENSOR},
};

static void test_attacks(void)
{
    const cmlp_model *model;
    cmlp_model_info info;
    make_table();
    CHECK(write_table() == CMLP_OK);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        memcpy(&changed, &good, sizeof good);
        CHECK(model_file_replace(&changed, attacks[i].from, attacks[i].to));
        const cmlp_status status = load(&changed, &model, &info);
        check_that(status == attacks[i].status, "%s: %s", attacks[i].to, cmlp_status_name(status));
    }
}

int main(void)
{
    test_labels();
    test_refused_labels();
    test_multilabel();
    test_one_logistic_output();
    test_kinds_of_models();
    test_own_names();
    test_names_of_inputs();
    test_cell_formats();
    test_columns();
    test_missing_values();
    test_missing_numbers();
    test_missing_ranks();
    test_missing_category();
    test_formats();
    test_dates_of_forms();
    test_kinds();
    test_refused_columns();
    test_calibration();
    test_sets();
    test_outside();
    test_damage();
    test_attacks();
    return finish();
}
