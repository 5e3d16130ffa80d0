/* Class indices and labels: of outputs, of model files, and of rows that a network without a file predicts. */
#include "../../include/cmlp.h"
#include "model_file.h"
#include "support.h"
#include "workspace.h"

#include <stdlib.h>
#include <string.h>

enum { N_IN = 2, N_OUT = 3 };

static unsigned char net_memory[CMLP_NET_SIZE];
static const cmlp_net *net;
static const float params[N_IN * N_OUT + N_OUT] = {1, 2, 3, -1, 0, 1, 0, 0, 0};
static model_file file;

static void make_net(int32_t activation, int32_t loss, int64_t n_out)
{
    const int64_t sizes[] = {N_IN, n_out};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &activation,
                                    .n_layers = 2, .loss = loss, .dtype = CMLP_FLOAT32};
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net) == CMLP_OK);
}

static void test_labels_of_outputs(void)
{
    const float outputs[] = {0.5f, 0.1f, 0.4f, 0, 0.5f, 0.5f, 0.1f, 0.2f, 0.7f};
    int32_t labels[N_OUT] = {-7, -7, -7};
    make_net(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    CHECK(cmlp_labels(net, outputs, 9, labels, 3) == CMLP_OK && labels[0] == 0 && labels[1] == 1 && labels[2] == 2);
    CHECK(cmlp_labels(NULL, outputs, 9, labels, 3) == CMLP_ERROR_NULL);
    CHECK(cmlp_labels(net, NULL, 0, NULL, 0) == CMLP_OK);
    CHECK(cmlp_labels(net, NULL, 3, labels, 1) == CMLP_ERROR_NULL);
    CHECK(cmlp_labels(net, outputs, 3, NULL, 1) == CMLP_ERROR_NULL);
    CHECK(cmlp_labels(net, outputs, -3, labels, -1) == CMLP_ERROR_ROWS);
    CHECK(cmlp_labels(net, (const char *)outputs + 1, 3, labels, 1) == CMLP_ERROR_ALIGNMENT);
    for (int64_t n = 8; n <= 10; n += 2) CHECK(cmlp_labels(net, outputs, n, labels, 3) == CMLP_ERROR_LENGTH);
    CHECK(cmlp_labels(net, outputs, 9, labels, INT64_MAX) == CMLP_ERROR_LENGTH);
    int32_t *const misaligned = (int32_t *)(void *)((char *)labels + 2);
    CHECK(cmlp_labels(net, outputs, 3, misaligned, 1) == CMLP_ERROR_ALIGNMENT);
    make_net(CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, 1);
    CHECK(cmlp_labels(net, outputs + 6, 3, labels, 3) == CMLP_OK && !labels[0] && !labels[1] && labels[2] == 1);
    const int32_t regressors[] = {CMLP_ACTIVATION_IDENTITY, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_EXP};
    for (int i = 0; i < 3; i++) {
        make_net(regressors[i], CMLP_LOSS_SQUARED_ERROR, N_OUT);
        CHECK(cmlp_labels(net, outputs, 3, labels, 1) == CMLP_OK && labels[0] == -1);
    }
}

/* One row: of its own, of many by their order, and sparse, in the workspace of one row. */
static void test_one_row(void)
{
    static unsigned char scratch[1 << 14];
    const float values[] = {-2, -1, 2, 1};
    const int64_t second = 1, indptr[] = {0, 2}, columns[] = {0, 1};
    float output[N_OUT], again[N_OUT];
    int32_t label = -7;
    size_t bytes = 0;
    cmlp_rows row = cmlp_dense_rows(values + 2, CMLP_FLOAT32, 1, N_IN);
    make_net(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    CHECK(cmlp_workspace_size(net, NULL, NULL, NULL, 1, &bytes) == CMLP_OK && bytes <= sizeof scratch);
    CHECK(cmlp_workspace_size(NULL, NULL, NULL, NULL, 1, &bytes) == CMLP_ERROR_NULL);
    CHECK(cmlp_workspace_size(net, NULL, NULL, NULL, 1, NULL) == CMLP_ERROR_NULL);
    CHECK(predict_one(net, params, &row, &label, output, scratch + 1, bytes) == CMLP_OK && label == 2);
    row.scale = -1;
    CHECK(predict_one(net, params, &row, &label, again, scratch, bytes) == CMLP_OK && label == 0);
    cmlp_rows of_many = cmlp_dense_rows(values, CMLP_FLOAT32, 2, N_IN);
    of_many.order = &second;
    of_many.n_order = 1;
    CHECK(predict_one(net, params, &of_many, &label, again, scratch, bytes) == CMLP_OK && label == 2);
    CHECK(!memcmp(output, again, sizeof output));
    cmlp_rows sparse = {.struct_size = sizeof sparse, .kind = CMLP_ROWS_CSR, .dtype = CMLP_FLOAT32,
                        .data = values + 2, .indptr = indptr, .indices = columns, .index_dtype = CMLP_INT64,
                        .n_values = 2, .n_rows = 1, .n_cols = N_IN};
    label = -7;
    CHECK(predict_one(net, params, &sparse, &label, again, scratch, bytes) == CMLP_OK && label == 2);
    CHECK(!memcmp(output, again, sizeof output));
}

/* ---- labels of model files */

static _Alignas(64) unsigned char model_memory[1 << 14], scratch_memory[1 << 14];
static const cmlp_model *model;

/* Writes a model with these labels, of N_OUT classes; NULL for none. */
static cmlp_status write_labels(const char *classes)
{
    const cmlp_model_string string = {.key = "classes", .value = classes};
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.strings = &string;
    content.n_strings = classes != NULL;
    content.write = model_file_append;
    content.context = &file;
    file.size = 0;
    make_net(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    return cmlp_model_write(net, params, &content, scratch_memory, sizeof scratch_memory);
}

static cmlp_status load(void)
{
    return cmlp_model_init(model_memory, sizeof model_memory, file.bytes, file.size, 0, scratch_memory,
                           sizeof scratch_memory, &model);
}

static void expect(const char *classes, int32_t index, const char *label)
{
    char buffer[32];
    const size_t n = strlen(label);
    CHECK(write_labels(classes) == CMLP_OK && load() == CMLP_OK);
    size_t length = 99;
    const int status = cmlp_model_label(model, index, buffer, n + 1, &length);
    check_that(status == CMLP_OK && !strcmp(buffer, label) && length == n, "%s [%d]: %s", classes, (int)index,
               status ? cmlp_status_name(status) : buffer);
    memset(buffer, 'x', sizeof buffer);
    CHECK(cmlp_model_label(model, index, buffer, n, NULL) == CMLP_ERROR_BUFFER_SIZE && buffer[0] == 'x');
    CHECK((length = 99, cmlp_model_label(model, index, NULL, 0, &length)) == CMLP_ERROR_BUFFER_SIZE && length == n);
    CHECK((length = 99, cmlp_model_label(model, index, NULL, 1, &length)) == CMLP_ERROR_NULL && length == 99);
}

static void refuse_label(const char *classes, int32_t index, int expected)
{
    char buffer[32] = "x";
    CHECK(write_labels(classes) == CMLP_OK && load() == CMLP_OK);
    const int status = cmlp_model_label(model, index, buffer, sizeof buffer, NULL);
    check_that(status == expected && !strcmp(buffer, "x"), "%s [%d]: %s", classes ? classes : "no classes", (int)index,
               cmlp_status_name(status));
}

/* Both ways to predict a row with the model of a file give this label. */
static void expect_prediction(const char *classes, int32_t expected)
{
    const float row[N_IN] = {2, 1};
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT32, 1, N_IN);
    float outputs[N_OUT];
    int32_t one = -7, of_rows = -7;
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = scratch_memory;
    run.workspace_size = sizeof scratch_memory;
    CHECK(write_labels(classes) == CMLP_OK && load() == CMLP_OK);
    CHECK(cmlp_model_predict_f32(model, row, N_IN, &one, outputs, N_OUT, scratch_memory, sizeof scratch_memory) == CMLP_OK);
    CHECK(cmlp_model_predict_f32(model, row, N_IN, NULL, NULL, 0, scratch_memory, sizeof scratch_memory) == CMLP_OK);
    CHECK(cmlp_model_predict_rows_f32(model, &rows, &of_rows, outputs, N_OUT, &run) == CMLP_OK);
    CHECK(cmlp_model_predict_rows_f32(model, &rows, NULL, outputs, N_OUT, &run) == CMLP_OK);
    CHECK(one == expected && of_rows == expected);
}

#define LABELS(dtype, values) "{\"kind\":\"labels\",\"dtype\":\"" dtype "\",\"values\":[" values "]}"

static void test_labels_of_files(void)
{
    static const char texts[] = LABELS("U3", "\"a\\\"b\",\"caf\",\"\\u00e9\"");
    static const char escapes[] = LABELS("object", "\"\\n\",\"\\u4e2d\\\\\\/\",\"\\ud83d\\uDE00\"");
    static const char control[] = LABELS("object", "\"\\b\\f\",\"\\r\\t\",\"z\"");
    static const char unusual[] = LABELS("object", "\"a\\u0000b\",\"\\ud800\",\"\\udc00\"");
    static const char pairs[] = LABELS("object", "\"\\ud800\\udc00\",\"\\udbff\\udfff\",\"z\"");
    static const char unpaired[] = LABELS("object", "\"\\ud800\\ue000\",\"\\ud800\\udbff\",\"\\udfff\"");
    expect(pairs, 0, "\xf0\x90\x80\x80");
    expect(pairs, 1, "\xf4\x8f\xbf\xbf");
    expect(texts, 0, "a\"b");
    expect(texts, 1, "caf");
    expect(texts, 2, "\xc3\xa9");
    expect(control, 0, "\b\f");
    expect(control, 1, "\r\t");
    expect(escapes, 0, "\n");
    expect(escapes, 1, "\xe4\xb8\xad\\/");
    expect(escapes, 2, "\xf0\x9f\x98\x80");
    expect(LABELS("int16", "-3,0,7"), 0, "-3");
    expect(LABELS("int16", "-3,0,7"), 2, "7");
    expect(LABELS("float32", "-1.5,0.0,1e+10"), 2, "1e+10");
    expect(LABELS("float32", "0.0,1E-45,1.0"), 1, "1E-45");
    expect(LABELS("uint64", "\"0\",\"9007199254740993\",\"18446744073709551615\""), 2, "18446744073709551615");
    expect("{\"kind\":\"multilabel\",\"dtype\":\"int64\",\"values\":[0,1,2]}", 1, "1");
    expect(LABELS("U1", "\"\",\"a\",\"b\""), 0, "");
    expect_prediction(NULL, 2);
    expect_prediction(texts, 2);
    expect_prediction("{\"kind\":\"multilabel\",\"dtype\":\"int64\",\"values\":[0,1,2]}", -1);
    refuse_label(texts, 3, CMLP_ERROR_LABEL);
    refuse_label(texts, -1, CMLP_ERROR_LABEL);
    refuse_label(NULL, 0, CMLP_ERROR_FILE_KEY);
    for (int32_t i = 0; i < 3; i++) { /* UTF-8 has no such letters */
        refuse_label(unusual, i, CMLP_ERROR_FILE_SYNTAX);
        refuse_label(unpaired, i, CMLP_ERROR_FILE_SYNTAX);
    }
}

/* Writes `text` into a file in the place of its labels, with the escapes of the head. */
static void put_labels(const char *text)
{
    static const char good[] = "{\\\"kind\\\":\\\"labels\\\",\\\"dtype\\\":\\\"int64\\\",\\\"values\\\":[0,1,2]}";
    char escaped[1024];
    size_t n = 0;
    CHECK(write_labels(LABELS("int64", "0,1,2")) == CMLP_OK && load() == CMLP_OK);
    for (; *text; escaped[n++] = *text++)
        if (*text == '"' || *text == '\\') escaped[n++] = '\\';
    escaped[n] = '\0';
    CHECK(model_file_replace(&file, good, escaped));
}

/* Labels without the form of docs/model-file.md: neither written nor read, with the place of the error. */
static void test_hostile_labels(void)
{
    static const char *const hostile[] = {
        "", "[]", "{}", "[0,1,2]", LABELS("int64", ""), LABELS("int64", "0,1"), LABELS("int64", "0,1,2,3"),
        LABELS("int64", "0, 1,2"), LABELS("int64", "0,1,[2]"), LABELS("int64", "0,1,02"), LABELS("int64", "0,1,+2"),
        LABELS("int64", "0,1,"), LABELS("int64", ",0,1"), LABELS("float64", "0.0,1.0,NaN"),
        LABELS("float64", "0.0,1.0,2."), LABELS("float64", "0.0,1.0,2e"), LABELS("float64", "0.0,1.0,.5"),
        LABELS("object", "\"\\x\",\"b\",\"c\""), LABELS("object", "\"\\u00\",\"b\",\"c\""),
        LABELS("object", "\"a\",\"b\",\"\\ud83d\\u00\""), LABELS("object", "\"a\",\"b\",\"c"),
        LABELS("int64", "0,1,2") " ", "{\"kind\":\"others\",\"dtype\":\"int64\",\"values\":[0,1,2]}",
        "{\"kind\":\"labels\",\"dtype\":\"int64\",\"values\":null}",
        "{\"kind\":\"labels\",\"dtype\":[],\"values\":[0,1,2]}",
        "{\"dtype\":\"int64\",\"kind\":\"labels\",\"values\":[0,1,2]}",
        "{\"kind\":\"labels\",\"dtype\":\"int64\",\"values\":[0,1,2],\"more\":1}",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        cmlp_model_info info = CMLP_INIT(cmlp_model_info);
        const int written = write_labels(hostile[i]);
        check_that(written == CMLP_ERROR_FILE_SYNTAX && !file.size, "%s is written: %s", hostile[i],
                   cmlp_status_name(written));
        put_labels(hostile[i]);
        const int status = cmlp_model_size(file.bytes, file.size, &info);
        check_that(status == CMLP_ERROR_FILE_SYNTAX, "%s: %s", hostile[i], cmlp_status_name(status));
        const char *start = strstr((const char *)file.bytes + 8, "\"classes\":\"");
        const size_t at = start ? (size_t)(start - (const char *)file.bytes) + 11 : 0;
        CHECK(at && info.error_at >= at && info.error_at <= at + 2 * strlen(hostile[i]));
        CHECK(load() == CMLP_ERROR_FILE_SYNTAX);
    }
}

/* One logistic output has one label or two. */
static void test_labels_of_one_output(void)
{
    const char *const at_most_two[] = {LABELS("bool", "true"), LABELS("bool", "false,true")};
    const cmlp_model_string three = {"classes", LABELS("int64", "0,1,2"), {0}};
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.n_strings = 1;
    content.write = model_file_append;
    content.context = &file;
    make_net(CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, 1);
    for (int i = 0; i < 2; i++) {
        const cmlp_model_string string = {"classes", at_most_two[i], {0}};
        char buffer[8];
        content.strings = &string;
        file.size = 0;
        CHECK(cmlp_model_write(net, params, &content, scratch_memory, sizeof scratch_memory) == CMLP_OK);
        CHECK(load() == CMLP_OK && cmlp_model_label(model, i, buffer, sizeof buffer, NULL) == CMLP_OK);
        CHECK(!strcmp(buffer, "true"));
    }
    /* The model of two labels has two outputs, and its network one. */
    const float values[2 * N_IN] = {2, 1, -2, -1};
    const cmlp_rows rows = cmlp_dense_rows(values, CMLP_FLOAT32, 2, N_IN);
    float outputs[4];
    int32_t labels[4];
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = scratch_memory;
    run.workspace_size = sizeof scratch_memory;
    for (int64_t n = -1; n < 4; n++)
        CHECK(cmlp_model_predict_rows_f32(model, &rows, labels, outputs, n, &run) == CMLP_ERROR_BUFFER_SIZE &&
              !strcmp(run.refused, "n_outputs"));
    CHECK(cmlp_model_predict_rows_f32(model, &rows, labels, NULL, 0, &run) == CMLP_ERROR_NULL &&
          !strcmp(run.refused, "outputs"));
    CHECK(cmlp_model_predict_rows_f32(model, &rows, labels, (float *)(void *)((char *)outputs + 1), 4, &run) ==
          CMLP_ERROR_ALIGNMENT && !strcmp(run.refused, "outputs"));
    CHECK(cmlp_model_predict_rows_f32(model, &rows, labels, outputs, 4, &run) == CMLP_OK);
    CHECK(outputs[0] + outputs[1] == 1 && labels[0] == (outputs[1] > 0.5f));
    CHECK(cmlp_labels(cmlp_model_net(model), outputs, 4, labels, 2) == CMLP_ERROR_LENGTH);
    content.strings = &three;
    CHECK(cmlp_model_write(net, params, &content, scratch_memory, sizeof scratch_memory) == CMLP_ERROR_FILE_SYNTAX);
}

/* Each solver's name and its defaults, which a call accepts. */
static void test_solvers(void)
{
    static float own[9], gradient[9];
    static struct { cmlp_optimizer_state counters; float moments[18]; } state;
    make_net(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    for (int32_t solver = CMLP_SOLVER_SGD; solver <= CMLP_SOLVER_ADAMW; solver++) {
        cmlp_optimizer optimizer = cmlp_default_optimizer(solver);
        CHECK(optimizer.solver == solver && optimizer.beta_1 == 0.9 && optimizer.beta_2 == 0.999);
        memset(&state, 0, sizeof state);
        memset(own, 0, sizeof own);
        for (int i = 0; i < 9; i++) gradient[i] = 1;
        optimizer.state = &state;
        optimizer.state_size = sizeof state;
        CHECK(cmlp_step(net, own, gradient, &optimizer) == CMLP_OK && own[0] < 0 && state.counters.n_steps == 1);
        CHECK(cmlp_solver_name(solver) != NULL);
    }
    CHECK(!strcmp(cmlp_solver_name(CMLP_SOLVER_NESTEROV), "nesterov"));
    CHECK(!cmlp_solver_name(0) && !cmlp_solver_name(CMLP_SOLVER_ADAMW + 1));
    CHECK(cmlp_isa_name(cmlp_net_isa(net)) != NULL);
    for (uint32_t isa = CMLP_ISA_GENERIC; isa <= CMLP_ISA_NEON; isa *= 2) CHECK(cmlp_isa_name(isa) != NULL);
    CHECK(!strcmp(cmlp_isa_name(CMLP_ISA_AVX512), "avx512") && !cmlp_isa_name(3) && !cmlp_isa_name(0));
}

int main(void)
{
    test_labels_of_outputs();
    test_one_row();
    test_labels_of_files();
    test_hostile_labels();
    test_labels_of_one_output();
    test_solvers();
    return finish();
}
